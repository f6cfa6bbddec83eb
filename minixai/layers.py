"""Layers: each holds weights and calls an op.

A layer such as `Conv2D(64, 3)` is made without weights.  The model that contains it makes them once it knows the shape
of the input.  The output of a layer is a function of nodes and of the weights passed to it, so training can pass nodes
as weights.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from math import prod
from typing import Any, ClassVar, TypeAlias

import numpy as np

from minixai import ops
from minixai.arrays import Array, mark_readonly
from minixai.graph import Node, Weight, has_rows
from minixai.ops.arithmetic import MatMul, Multiply
from minixai.ops.normalisation import BatchNormalise, moments
from minixai.ops.windows import Padding, Pair, resolve_padding
from minixai.signatures import check_arguments
from minixai.validate import as_count, as_pair, one_of

Weights: TypeAlias = Mapping[str, Any]
"""{name: array}, or {name: node} in training."""

ACTIVATIONS: dict[str, Callable[..., Node]] = {
    "relu": ops.relu,
    "leaky_relu": ops.leaky_relu,
    "elu": ops.elu,
    "selu": ops.selu,
    "gelu": ops.gelu,
    "sigmoid": ops.sigmoid,
    "tanh": ops.tanh,
    "softplus": ops.softplus,
    "softmax": ops.softmax,
    "log_softmax": ops.log_softmax,
    "relu6": ops.relu6,
    "clip": ops.clip,
    "celu": ops.celu,
    "hard_sigmoid": ops.hard_sigmoid,
    "hard_swish": ops.hard_swish,
    "silu": ops.silu,
    "mish": ops.mish,
    "gelu_tanh": ops.gelu_tanh,
    "softsign": ops.softsign,
    "erf": ops.erf,
    "sin": ops.sin,
    "cos": ops.cos,
    "exp": ops.exp,
    "log": ops.log,
    "sqrt": ops.sqrt,
    "square": ops.square,
    "reciprocal": ops.reciprocal,
    "power": ops.power,
    "absolute": ops.absolute,
    "negative": ops.negative,
}


@dataclass
class Training:
    """The state that layers need in training.

    `rng` draws random numbers, and batch norms leave the mean and variance of a batch in `statistics`.
    """

    rng: np.random.Generator
    statistics: dict[BatchNorm, tuple[Array, Array]] = field(default_factory=dict)


@dataclass(eq=False)
class Layer:
    """One step of a model.

    Raises
    ------
    NotImplementedError
        If a subclass without `forward` is called.
    ValueError
        If it is called with more than one input.

    Notes
    -----
    Subclasses define `forward(self, x, w, training)`, and `weight_shapes` if they have weights.  `trained` lists the
    weights that training changes.  A layer without a name is called `stem` followed by a number.

    Examples
    --------
    >>> class Double(Layer):
    ...     def forward(self, x, w, training):
    ...         return 2 * x
    >>> Double()([Node([[1.0, 3.0]])]).value
    array([[2., 6.]])
    """

    weights: dict[str, Array] = field(default_factory=dict, init=False, repr=False)
    trained: ClassVar[tuple[str, ...]] = ()
    stem: ClassVar[str] = "layer"

    def __post_init__(self) -> None:
        if type(self).__module__.startswith("minixai."):  # layers from outside minixai may take any arguments
            check_arguments(type(self), vars(self))

    def weight_shapes(self, shape: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
        """The shape of each weight, {name: shape}, for input rows of shape `shape`."""
        return {}

    def initial_weight(self, key: str, shape: tuple[int, ...], rng: np.random.Generator, dtype: np.dtype[Any]) -> Array:
        """The initial value of a weight.

        A kernel is drawn with variance 2 / (number of inputs of one output) (He et al. 2015, eq. 10); "gamma" and
        "variance" are 1, and all others 0.
        """
        if key == "kernel":
            w = np.empty(shape, dtype)
            for part in w:  # in parts, so that there is no large float64 array; the draws are the same
                part[...] = rng.normal(0, np.sqrt(2 / prod(shape[:-1])), part.shape)
            return mark_readonly(w)
        return np.ones(shape, dtype) if key in ("gamma", "variance") else np.zeros(shape, dtype)

    def forward(self, x: Node, w: Weights, training: Training | None) -> Node:
        """The output node for one input x and the weights w; `training` is None in inference."""
        raise NotImplementedError(f"{type(self).__name__} has no forward: define forward(self, x, w, training) -> Node")

    def __call__(self, xs: list[Node], w: Weights | None = None, training: Training | None = None) -> Node:
        """The output node for the inputs xs, with the weights w; by default with the layer's own weights."""
        if len(xs) != 1:
            raise ValueError(
                f"{type(self).__name__} takes one input, got {len(xs)}: join them first, Add() or Concatenate()"
            )
        own = self.weights if w is None else {key: as_weight(each) for key, each in w.items()}
        return self.forward(xs[0], own, training)

    @property
    def config(self) -> dict[str, Any]:
        """The arguments that the layer was made with, {name: value}."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.init}


def as_weight(w: Any) -> Any:
    """A node as a weight, which all rows share; anything else is returned as it is."""
    return Weight(w.value, None, ops.identity, (w,)) if has_rows(w) else w


def activate(x: Node, activation: str | None, **parameters: Any) -> Node:
    """Apply the activation of this name to x; None returns x.

    Raises ValueError for an unknown name or parameter.
    """
    if activation is None:
        return x
    function = ACTIVATIONS[one_of(activation, ACTIVATIONS, "activation")]
    try:
        return function(x, **parameters)
    except TypeError:
        raise ValueError(f"the activation {activation!r} takes no {', '.join(parameters)}: leave them out") from None


@dataclass(eq=False)
class Conv2D(Layer):
    """Convolution, activation(x ⋆ kernel + bias): (N, H, W, C) -> (N, h, w, filters)

    Parameters
    ----------
    filters : int
        How many channels the output has.
    kernel : int or (int, int)
        The size of the kernels, one side or (rows, columns).
    stride : int or (int, int), default 1
        How far the kernel moves.
    padding : str, int or pairs, default "valid"
        "valid", "same", or the border in pixels: one number, (rows, columns) or ((top, bottom), (left, right)).
    dilation : int or (int, int), default 1
        The distance between the entries of a kernel.
    groups : int, default 1
        The number of groups that the channels are split into; each group has its own kernels.  With C groups the layer
        is depthwise.
    bias : bool, default True
        Whether there is a bias for each filter.
    activation : str, optional
        One of `ACTIVATIONS`, applied to the output.

    Raises
    ------
    ValueError
        If x does not hold images, or the groups do not divide channels and filters.

    Notes
    -----
    The weights are `kernel` (kh, kw, C / groups, filters) and `bias` (filters,).

    Examples
    --------
    >>> layer, x = Conv2D(1, (1, 2)), Node([[[[1.0], [5.0], [7.0]]]])
    >>> layer([x], {"kernel": np.array([[[[-1.0]], [[1.0]]]])}).value.ravel()
    array([4., 2.])
    """

    filters: int
    kernel: Pair
    stride: Pair = 1
    padding: Padding = "valid"
    dilation: Pair = 1
    groups: int = 1
    bias: bool = True
    activation: str | None = None
    trained: ClassVar[tuple[str, ...]] = ("kernel", "bias")
    stem: ClassVar[str] = "conv"

    def weight_shapes(self, shape: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
        """{"kernel": (kh, kw, C / groups, filters), "bias": (filters,)}"""
        if len(shape) != 3:
            raise ValueError(f"Conv2D takes images (N, H, W, C), but its rows have the shape {shape}")
        as_count(self.filters, "filters")
        as_count(self.groups, "groups")
        if shape[2] % self.groups or self.filters % self.groups:
            raise ValueError(f"{self.groups} groups must divide the {shape[2]} channels and the {self.filters} filters")
        kernel = (*as_pair(self.kernel, "kernel"), shape[2] // self.groups, self.filters)
        return {"kernel": kernel} | ({"bias": (self.filters,)} if self.bias else {})

    def forward(self, x: Node, w: Weights, training: Training | None) -> Node:
        geometry = (self.stride, self.padding, self.dilation, self.groups)
        return activate(ops.convolution(x, w["kernel"], w.get("bias"), *geometry), self.activation)


@dataclass(eq=False)
class Dense(Layer):
    """Dense layer, activation(x @ kernel + bias): (N, ..., I) -> (N, ..., units)

    Parameters
    ----------
    units : int
        The length of the last axis of the output.
    bias : bool, default True
        Whether there is a bias for each unit.
    activation : str, optional
        One of `ACTIVATIONS`, applied to the output.

    Raises
    ------
    ValueError
        If `units` is not a whole number of at least 1, or the activation is unknown.

    Notes
    -----
    The weights are `kernel` (I, units) and `bias` (units,).

    Examples
    --------
    >>> Dense(1, activation="relu")([Node([[1.0, 2.0]])], {"kernel": np.array([[3.0], [-1.0]])}).value
    array([[1.]])
    """

    units: int
    bias: bool = True
    activation: str | None = None
    trained: ClassVar[tuple[str, ...]] = ("kernel", "bias")
    stem: ClassVar[str] = "dense"

    def weight_shapes(self, shape: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
        """{"kernel": (I, units), "bias": (units,)}"""
        as_count(self.units, "units")
        return {"kernel": (shape[-1], self.units)} | ({"bias": (self.units,)} if self.bias else {})

    def forward(self, x: Node, w: Weights, training: Training | None) -> Node:
        return activate(MatMul()(x, w["kernel"], w.get("bias")), self.activation)


@dataclass(eq=False)
class BatchNorm(Layer):
    """Batch normalisation, γ (x − mean) / √(variance + ε) + β for each channel: (N, ..., C) -> (N, ..., C)

    Parameters
    ----------
    momentum : float, default 0.9
        How much of the running averages stays at each step of training.
    epsilon : float, default 1e-3
        ε, which is added to the variance.

    Notes
    -----
    In inference, mean and variance are running averages, and the layer is a fixed scale and shift.  In training, the
    mean and variance of the batch are used.  The weights are `gamma`, `beta`, `mean` and `variance`, (C,) each.

    References
    ----------
    Ioffe & Szegedy (2015), Batch normalization: accelerating deep network training by reducing internal covariate
    shift.

    Examples
    --------
    >>> w = {"gamma": np.ones(1), "beta": np.zeros(1), "mean": np.array([1.0]), "variance": np.array([4.0])}
    >>> BatchNorm(epsilon=0.0)([Node([[5.0]])], w).value
    array([[2.]])
    """

    momentum: float = 0.9
    epsilon: float = 1e-3
    trained: ClassVar[tuple[str, ...]] = ("gamma", "beta")
    stem: ClassVar[str] = "norm"

    def weight_shapes(self, shape: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
        """(C,) for each of the four weights."""
        return dict.fromkeys(("gamma", "beta", "mean", "variance"), shape[-1:])

    def forward(self, x: Node, w: Weights, training: Training | None) -> Node:
        if training:
            training.statistics[self] = moments(x.value)
            return ops.add(ops.multiply(BatchNormalise(self.epsilon)(x), w["gamma"]), w["beta"])
        scale: Array = w["gamma"] / np.sqrt(w["variance"] + self.epsilon)
        shift: Array = w["beta"] - w["mean"] * scale
        return x * scale + shift

    def remember(self, mean: Array, variance: Array) -> None:
        """Move the running averages towards the mean and variance of a batch, (C,) each."""
        for name, new in (("mean", mean), ("variance", variance)):
            self.weights[name] = self.momentum * self.weights[name] + (1 - self.momentum) * new


@dataclass(eq=False)
class Dropout(Layer):
    """Dropout: the identity in inference; in training each entry is 0 with probability `rate`.

    Parameters
    ----------
    rate : float
        The probability, in [0, 1).

    Raises
    ------
    ValueError
        If the rate is not in [0, 1).

    Notes
    -----
    The other entries are multiplied by 1 / (1 − rate), so that the expected output is x.

    References
    ----------
    Srivastava et al. (2014), Dropout: a simple way to prevent neural networks from overfitting.

    Examples
    --------
    >>> Dropout(0.5)([Node([[1.0, 2.0]])]).value
    array([[1., 2.]])
    """

    rate: float
    stem: ClassVar[str] = "dropout"

    def forward(self, x: Node, w: Weights, training: Training | None) -> Node:
        if not 0 <= self.rate < 1:
            raise ValueError(f"a dropout rate is in [0, 1), got {self.rate}")
        if training is None:
            return ops.identity(x)
        return Multiply()(x, (training.rng.random(x.shape) >= self.rate) / (1 - self.rate))  # a mask per row


@dataclass(eq=False)
class MaxPool2D(Layer):
    """Max-pooling, the largest entry of every window: (N, H, W, C) -> (N, h, w, C)

    Parameters
    ----------
    window : int or (int, int), default 2
        The size of the window, one side or (rows, columns).
    stride : int or (int, int), optional
        How far the window moves; by default its own size, so that windows do not overlap.
    padding : str, int or pairs, default "valid"
        "valid", "same", or the border in pixels: one number, (rows, columns) or ((top, bottom), (left, right)).

    Raises
    ------
    ValueError
        If x does not hold images, or the window does not fit.

    Examples
    --------
    >>> MaxPool2D((1, 2))([Node([[[[1.0], [5.0], [7.0], [2.0]]]])]).value.ravel()
    array([5., 7.])
    """

    window: Pair = 2
    stride: Pair | None = None
    padding: Padding = "valid"
    stem: ClassVar[str] = "pool"

    def forward(self, x: Node, w: Weights, training: Training | None) -> Node:
        return ops.max_pool(x, self.window, self.stride, self.padding)


@dataclass(eq=False)
class AveragePool2D(MaxPool2D):
    """Average pooling, the mean of every window: (N, H, W, C) -> (N, h, w, C)

    Parameters
    ----------
    window : int or (int, int), default 2
        The size of the window, one side or (rows, columns).
    stride : int or (int, int), optional
        How far the window moves; by default its own size, so that windows do not overlap.
    padding : str, int or pairs, default "valid"
        "valid", "same", or the border in pixels: one number, (rows, columns) or ((top, bottom), (left, right)).

    Raises
    ------
    ValueError
        If x does not hold images, or the window does not fit.

    Examples
    --------
    >>> AveragePool2D((1, 2))([Node([[[[1.0], [5.0], [7.0], [2.0]]]])]).value.ravel()
    array([3. , 4.5])
    """

    def forward(self, x: Node, w: Weights, training: Training | None) -> Node:
        return ops.average_pool(x, self.window, self.stride, self.padding)


@dataclass(eq=False)
class GlobalAveragePool2D(Layer):
    """The mean of every channel: (N, H, W, C) -> (N, C), or (N, 1, 1, C) with `keepdims`

    Parameters
    ----------
    keepdims : bool, default False
        Whether to keep both axes of the image, with length 1.

    Raises
    ------
    ValueError
        If x does not hold images.

    Examples
    --------
    >>> GlobalAveragePool2D()([Node([[[[1.0], [5.0]]]])]).value
    array([[3.]])
    """

    keepdims: bool = False
    stem: ClassVar[str] = "gap"

    def forward(self, x: Node, w: Weights, training: Training | None) -> Node:
        return ops.mean(x, (1, 2), keepdims=True) if self.keepdims else ops.global_average_pool(x)


@dataclass(eq=False)
class GlobalMaxPool2D(Layer):
    """The maximum of every channel: (N, H, W, C) -> (N, C), or (N, 1, 1, C) with `keepdims`

    Parameters
    ----------
    keepdims : bool, default False
        Whether to keep both axes of the image, with length 1.

    Examples
    --------
    >>> GlobalMaxPool2D()([Node([[[[1.0], [5.0]]]])]).value
    array([[5.]])
    """

    keepdims: bool = False
    stem: ClassVar[str] = "gmp"

    def forward(self, x: Node, w: Weights, training: Training | None) -> Node:
        return ops.max(x, (1, 2), self.keepdims)


@dataclass(eq=False)
class Upsample2D(Layer):
    """Bilinear interpolation with half-pixel centres: (N, H, W, C) -> (N, *size, C)

    Parameters
    ----------
    size : int or (int, int)
        The new size, one side or (rows, columns).

    Raises
    ------
    ValueError
        If x does not hold images.

    Examples
    --------
    >>> Upsample2D((1, 4))([Node([[[[0.0], [4.0]]]])]).value.ravel()
    array([0., 1., 3., 4.])
    """

    size: Pair
    stem: ClassVar[str] = "upsample"

    def forward(self, x: Node, w: Weights, training: Training | None) -> Node:
        return ops.upsample(x, self.size)


@dataclass(eq=False)
class ZeroPad2D(Layer):
    """Add a border of zeros: (N, H, W, C) -> (N, h, w, C)

    Parameters
    ----------
    padding : int or pairs, default 1
        The border in pixels: one number, (rows, columns) or ((top, bottom), (left, right)).

    Raises
    ------
    ValueError
        If the border is not given in one of these forms.

    Examples
    --------
    >>> ZeroPad2D((0, 1))([Node([[[[5.0]]]])]).value.ravel()
    array([0., 5., 0.])
    """

    padding: Padding = 1
    stem: ClassVar[str] = "pad"

    def forward(self, x: Node, w: Weights, training: Training | None) -> Node:
        return ops.pad(x, (*resolve_padding(self.padding, (1, 1), (1, 1), (1, 1)), (0, 0)))


@dataclass(eq=False)
class Flatten(Layer):
    """Flatten every row: (N, ...) -> (N, numbers)

    Examples
    --------
    >>> Flatten()([Node(np.zeros((2, 4, 4, 3)))]).shape
    (2, 48)
    """

    stem: ClassVar[str] = "flatten"

    def forward(self, x: Node, w: Weights, training: Training | None) -> Node:
        return ops.flatten(x)


@dataclass(eq=False)
class Reshape(Layer):
    """Reshape every row: (N, ...) -> (N, *shape)

    Parameters
    ----------
    shape : tuple of int
        The shape of a row.

    Raises
    ------
    ValueError
        If the shape does not have as many entries as a row of x.

    Examples
    --------
    >>> Reshape((2, 3))([Node(np.zeros((4, 6)))]).shape
    (4, 2, 3)
    """

    shape: tuple[int, ...]
    stem: ClassVar[str] = "reshape"

    def forward(self, x: Node, w: Weights, training: Training | None) -> Node:
        return ops.reshape(x, *self.shape)


@dataclass(eq=False)
class Activation(Layer):
    """An elementwise function or a softmax, given by its name: (N, ...) -> (N, ...)

    Parameters
    ----------
    function : str
        One of `ACTIVATIONS`.
    parameters : dict, default {}
        Further arguments of the function of this name in `minixai.ops`, such as {"low": 0, "high": 6} for "clip".

    Raises
    ------
    ValueError
        If the name is unknown, or the function does not take the parameters.

    Examples
    --------
    >>> Activation("clip", {"low": 0, "high": 6})([Node([[-1.0, 9.0]])]).value
    array([[0., 6.]])
    """

    function: str
    parameters: dict[str, Any] = field(default_factory=dict)
    stem: ClassVar[str] = "activation"

    def forward(self, x: Node, w: Weights, training: Training | None) -> Node:
        return activate(x, self.function, **self.parameters)


@dataclass(eq=False)
class Add(Layer):
    """The sum of its inputs, as in a residual network: (N, ...) each -> (N, ...)

    Raises
    ------
    ValueError
        If the rows of its inputs differ in shape.

    Examples
    --------
    >>> Add()([Node([[1.0]]), Node([[2.0]])]).value
    array([[3.]])
    """

    stem: ClassVar[str] = "add"

    def __call__(self, xs: list[Node], w: Weights | None = None, training: Training | None = None) -> Node:
        total = xs[0]
        for x in xs[1:]:
            if x.shape[1:] != total.shape[1:]:
                raise ValueError(f"Add needs inputs of one shape, got rows of {total.shape[1:]} and {x.shape[1:]}")
            total = total + x
        return total if len(xs) > 1 else ops.identity(total)


@dataclass(eq=False)
class Concatenate(Layer):
    """Join the inputs along an axis: (N, ..., C) and (N, ..., D) -> (N, ..., C + D)

    Parameters
    ----------
    axis : int, default -1
        The axis; it cannot be 0, which holds the rows.

    Raises
    ------
    ValueError
        If the inputs do not fit together.

    Examples
    --------
    >>> Concatenate()([Node([[1.0]]), Node([[2.0, 3.0]])]).value
    array([[1., 2., 3.]])
    """

    axis: int = -1
    stem: ClassVar[str] = "concat"

    def __call__(self, xs: list[Node], w: Weights | None = None, training: Training | None = None) -> Node:
        return ops.concatenate(xs, self.axis)


@dataclass(eq=False)
class Function(Layer):
    """Any function of a node, as a layer without weights.

    Parameters
    ----------
    function : callable
        Takes a node and returns a node.

    Notes
    -----
    A model with such a layer cannot be saved.

    Examples
    --------
    >>> Function(lambda x: x * x)([Node([[3.0]])]).value
    array([[9.]])
    """

    function: Callable[[Node], Node]
    stem: ClassVar[str] = "function"

    def forward(self, x: Node, w: Weights, training: Training | None) -> Node:
        return self.function(x)


KINDS: dict[str, type[Layer]] = {
    kind.__name__: kind
    for kind in (
        *(Conv2D, Dense, BatchNorm, Dropout, MaxPool2D, AveragePool2D, GlobalAveragePool2D, GlobalMaxPool2D),
        *(Upsample2D, ZeroPad2D, Flatten, Reshape, Activation, Add, Concatenate),
    )
}
"""{name: class} of the layers in this module that a saved model may contain."""

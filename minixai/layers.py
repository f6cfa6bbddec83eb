"""Layers: weights, and one call to an op.

A layer is made without weights (`Conv2D(64, 3)`); the model it is put into makes them,
once it knows the shape that arrives.  What a layer computes is a function of
nodes and of the weights it is handed, so training can hand it nodes in their place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from math import prod
from typing import Any, ClassVar, TypeAlias

import numpy as np

from minixai import ops
from minixai.arrays import Array, mark_readonly
from minixai.graph import Node
from minixai.ops.arithmetic import Add as Plus
from minixai.ops.arithmetic import MatMul, Multiply
from minixai.ops.normalisation import BatchNormalise, moments
from minixai.ops.windows import Padding, Pair, resolve_padding
from minixai.validate import as_count, as_pair

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
    """What layers need to know while training: where chance comes from, and where statistics go."""

    rng: np.random.Generator
    statistics: dict[BatchNorm, tuple[Array, Array]] = field(default_factory=dict)


@dataclass(eq=False)
class Layer:
    """A step of a model.  Subclasses give `forward`, and `weight_shapes` if they have weights."""

    weights: dict[str, Array] = field(default_factory=dict, init=False, repr=False)
    trained: ClassVar[tuple[str, ...]] = ()
    stem: ClassVar[str] = "layer"

    def weight_shapes(self, shape: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
        """The shapes of the weights, where rows of `shape` arrive."""
        return {}

    def initial_weight(self, key: str, shape: tuple[int, ...], rng: np.random.Generator, dtype: np.dtype[Any]) -> Array:
        """What a weight is before training.  A kernel has the variance 2 / (numbers that enter one output).

        (He et al. 2015, eq. 10)
        """
        if key == "kernel":
            w = np.empty(shape, dtype)
            for part in w:  # the same draws as all at once, and no large array of another dtype
                part[...] = rng.normal(0, np.sqrt(2 / prod(shape[:-1])), part.shape)
            return mark_readonly(w)
        return np.ones(shape, dtype) if key in ("gamma", "variance") else np.zeros(shape, dtype)

    def forward(self, x: Node, w: Weights, training: Training | None) -> Node:
        raise NotImplementedError(f"{type(self).__name__} has no forward: define forward(self, x, w, training) -> Node")

    def __call__(self, xs: list[Node], w: Weights | None = None, training: Training | None = None) -> Node:
        """The layer's output, with its own weights or those given."""
        if len(xs) != 1:
            raise ValueError(
                f"{type(self).__name__} takes one input, got {len(xs)}: join them first, Add() or Concatenate()"
            )
        return self.forward(xs[0], self.weights if w is None else w, training)

    @property
    def config(self) -> dict[str, Any]:
        """The arguments it was made with."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.init}


def activate(x: Node, activation: str | None, **parameters: Any) -> Node:
    if activation is None:
        return x
    if activation not in ACTIVATIONS:
        raise ValueError(f"unknown activation {activation!r}: one of {', '.join(ACTIVATIONS)}, or None")
    try:
        return ACTIVATIONS[activation](x, **parameters)
    except TypeError:
        raise ValueError(f"the activation {activation!r} takes no {', '.join(parameters)}: leave them out") from None


@dataclass(eq=False)
class Conv2D(Layer):
    """activation(x ⋆ kernel + bias): (N, H, W, C) -> (N, h, w, filters).  Depthwise with groups = C."""

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
    """activation(x @ kernel + bias): (N, ..., I) -> (N, ..., units)"""

    units: int
    bias: bool = True
    activation: str | None = None
    trained: ClassVar[tuple[str, ...]] = ("kernel", "bias")
    stem: ClassVar[str] = "dense"

    def weight_shapes(self, shape: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
        as_count(self.units, "units")
        return {"kernel": (shape[-1], self.units)} | ({"bias": (self.units,)} if self.bias else {})

    def forward(self, x: Node, w: Weights, training: Training | None) -> Node:
        return activate(MatMul()(x, w["kernel"], w.get("bias")), self.activation)


@dataclass(eq=False)
class BatchNorm(Layer):
    """γ (x − mean) / √(variance + ε) + β, channel by channel.

    In inference mean and variance are running averages and the layer is a fixed scale and shift;
    in training they are those of the batch. (Ioffe & Szegedy 2015)
    """

    momentum: float = 0.9
    epsilon: float = 1e-3
    trained: ClassVar[tuple[str, ...]] = ("gamma", "beta")
    stem: ClassVar[str] = "norm"

    def weight_shapes(self, shape: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
        return dict.fromkeys(("gamma", "beta", "mean", "variance"), shape[-1:])

    def forward(self, x: Node, w: Weights, training: Training | None) -> Node:
        if training:
            training.statistics[self] = moments(x.value)
            return Plus()(Multiply()(BatchNormalise(self.epsilon)(x), w["gamma"]), w["beta"])
        scale: Array = w["gamma"] / np.sqrt(w["variance"] + self.epsilon)
        shift: Array = w["beta"] - w["mean"] * scale
        return x * scale + shift

    def remember(self, mean: Array, variance: Array) -> None:
        """Move the running averages towards the statistics of a batch."""
        for name, new in (("mean", mean), ("variance", variance)):
            self.weights[name] = self.momentum * self.weights[name] + (1 - self.momentum) * new


@dataclass(eq=False)
class Dropout(Layer):
    """The identity; in training each entry is 0 with probability `rate`, the others grow by 1/(1 − rate)."""

    rate: float
    stem: ClassVar[str] = "dropout"

    def forward(self, x: Node, w: Weights, training: Training | None) -> Node:
        if not 0 <= self.rate < 1:
            raise ValueError(f"a dropout rate is in [0, 1), got {self.rate}")
        if training is None:
            return ops.identity(x)
        return Multiply()(x, (training.rng.random(x.shape) >= self.rate) / (1 - self.rate))  # a mask for each row


@dataclass(eq=False)
class MaxPool2D(Layer):
    """The largest entry of every window: (N, H, W, C) -> (N, h, w, C)"""

    window: Pair = 2
    stride: Pair | None = None
    padding: Padding = "valid"
    stem: ClassVar[str] = "pool"

    def forward(self, x: Node, w: Weights, training: Training | None) -> Node:
        return ops.max_pool(x, self.window, self.stride, self.padding)


@dataclass(eq=False)
class AveragePool2D(MaxPool2D):
    """The mean of every window: (N, H, W, C) -> (N, h, w, C)"""

    def forward(self, x: Node, w: Weights, training: Training | None) -> Node:
        return ops.average_pool(x, self.window, self.stride, self.padding)


@dataclass(eq=False)
class GlobalAveragePool2D(Layer):
    """The mean of every channel: (N, H, W, C) -> (N, C), or with `keepdims` (N, 1, 1, C)"""

    keepdims: bool = False
    stem: ClassVar[str] = "gap"

    def forward(self, x: Node, w: Weights, training: Training | None) -> Node:
        return ops.mean(x, (1, 2), keepdims=True) if self.keepdims else ops.global_average_pool(x)


@dataclass(eq=False)
class GlobalMaxPool2D(Layer):
    """The largest entry of every channel: (N, H, W, C) -> (N, C), or with `keepdims` (N, 1, 1, C)"""

    keepdims: bool = False
    stem: ClassVar[str] = "gmp"

    def forward(self, x: Node, w: Weights, training: Training | None) -> Node:
        return ops.max(x, (1, 2), self.keepdims)


@dataclass(eq=False)
class Upsample2D(Layer):
    """Bilinear interpolation to `size`: (N, H, W, C) -> (N, *size, C)"""

    size: Pair
    stem: ClassVar[str] = "upsample"

    def forward(self, x: Node, w: Weights, training: Training | None) -> Node:
        return ops.upsample(x, self.size)


@dataclass(eq=False)
class ZeroPad2D(Layer):
    """A border of zeros: pixels, (rows, columns) or ((top, bottom), (left, right))"""

    padding: Padding = 1
    stem: ClassVar[str] = "pad"

    def forward(self, x: Node, w: Weights, training: Training | None) -> Node:
        return ops.pad(x, (*resolve_padding(self.padding, (1, 1), (1, 1), (1, 1)), (0, 0)))


@dataclass(eq=False)
class Flatten(Layer):
    """(N, ...) -> (N, numbers)"""

    stem: ClassVar[str] = "flatten"

    def forward(self, x: Node, w: Weights, training: Training | None) -> Node:
        return ops.flatten(x)


@dataclass(eq=False)
class Reshape(Layer):
    """(N, ...) -> (N, *shape)"""

    shape: tuple[int, ...]
    stem: ClassVar[str] = "reshape"

    def forward(self, x: Node, w: Weights, training: Training | None) -> Node:
        return ops.reshape(x, *self.shape)


@dataclass(eq=False)
class Activation(Layer):
    """An elementwise function, or a softmax, by its name.

    Parameters
    ----------
    function : str
        One of `ACTIVATIONS`.
    parameters : dict, default none
        What else the function of this name in `minixai.ops` takes: {"low": 0, "high": 6} for "clip".
    """

    function: str
    parameters: dict[str, Any] = field(default_factory=dict)
    stem: ClassVar[str] = "activation"

    def forward(self, x: Node, w: Weights, training: Training | None) -> Node:
        return activate(x, self.function, **self.parameters)


@dataclass(eq=False)
class Add(Layer):
    """The sum of its inputs, as in a residual network."""

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
    """Its inputs side by side along an axis."""

    axis: int = -1
    stem: ClassVar[str] = "concat"

    def __call__(self, xs: list[Node], w: Weights | None = None, training: Training | None = None) -> Node:
        return ops.concatenate(xs, self.axis)


@dataclass(eq=False)
class Function(Layer):
    """Any function of a node, as a layer without weights; it cannot be saved."""

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
"""The kinds of layer that a saved model may name."""

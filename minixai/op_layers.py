"""Layers of one operation each, as needed by networks from other libraries; a saved model may contain any of them.

Axes are numbered as in NumPy: axis 0 holds the rows, and axis 1 is the first axis of a row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import ClassVar

import numpy as np

from minixai import ops
from minixai.graph import Node
from minixai.layers import KINDS as SIMPLE
from minixai.layers import Layer, Training, Weights
from minixai.ops.windows import Margins, Pair
from minixai.validate import as_count, as_pair, one_of

Shape = tuple[int, ...]

REDUCTIONS: dict[str, Callable[..., Node]] = {
    "mean": ops.mean,
    "sum": ops.sum,
    "max": ops.max,
    "min": lambda x, axes, keepdims: ops.negative(ops.max(ops.negative(x), axes, keepdims)),
}


@dataclass(eq=False)
class ConvTranspose2D(Layer):
    """Transposed convolution, which enlarges maps: (N, h, w, C) -> (N, H, W, filters)

    Parameters
    ----------
    filters : int
        How many channels the output has.
    kernel : int or (int, int)
        The size of the kernels, one side or (rows, columns).
    stride : int or (int, int), default 1
        The distance in the output between neighbouring pixels of the input.
    padding : ((top, bottom), (left, right)), default no border
        The border of zeros around the spread pixels; a negative border cuts pixels off.
    dilation : int or (int, int), default 1
        The distance between the entries of a kernel.
    groups : int, default 1
        The number of groups that the channels are split into.
    bias : bool, default True
        Whether there is a bias for each filter.

    Raises
    ------
    ValueError
        If x does not hold images, or the groups do not divide channels and filters.

    Notes
    -----
    The weights are `kernel` (kh, kw, C / groups, filters) and `bias` (filters,).  The kernel is the one that slides
    over the pixels after they have been spread: see `minixai.ops.transposed_convolution`.

    Examples
    --------
    >>> layer = ConvTranspose2D(1, 1, stride=2, bias=False)
    >>> layer([Node([[[[1.0], [5.0]]]])], {"kernel": [[[[1.0]]]]}).value.ravel()
    array([1., 0., 5.])
    """

    filters: int
    kernel: Pair
    stride: Pair = 1
    padding: Margins = ((0, 0), (0, 0))
    dilation: Pair = 1
    groups: int = 1
    bias: bool = True
    trained: ClassVar[tuple[str, ...]] = ("kernel", "bias")
    stem: ClassVar[str] = "convt"

    def weight_shapes(self, shape: Shape) -> dict[str, Shape]:
        if len(shape) != 3 or shape[2] % as_count(self.groups, "groups") or self.filters % self.groups:
            raise ValueError(
                f"ConvTranspose2D takes images whose channels and filters {self.groups} groups divide, "
                f"but its rows have the shape {shape}, and it makes {self.filters} channels"
            )
        kernel = (*as_pair(self.kernel, "kernel"), shape[2] // self.groups, self.filters)
        return {"kernel": kernel} | ({"bias": (self.filters,)} if self.bias else {})

    def forward(self, x: Node, w: Weights, training: Training | None) -> Node:
        geometry = (self.stride, self.padding, self.dilation, self.groups)
        return ops.transposed_convolution(x, w["kernel"], w.get("bias"), *geometry)


@dataclass(eq=False)
class Scale(Layer):
    """x times a weight that is the same for every row: (N, ...) -> (N, ...)

    Parameters
    ----------
    shape : tuple of int
        The shape of the weight, which is broadcast over a row.

    Notes
    -----
    The weight is called `scale`.

    Examples
    --------
    >>> Scale((2,))([Node([[1.0, 2.0]])], {"scale": [3.0, -1.0]}).value
    array([[ 3., -2.]])
    """

    shape: Shape
    trained: ClassVar[tuple[str, ...]] = ("scale",)
    stem: ClassVar[str] = "scale"

    def weight_shapes(self, shape: Shape) -> dict[str, Shape]:
        return {"scale": self.shape}

    def forward(self, x: Node, w: Weights, training: Training | None) -> Node:
        return ops.multiply(x, w["scale"])


@dataclass(eq=False)
class Shift(Layer):
    """x plus a weight that is the same for every row: (N, ...) -> (N, ...)

    Parameters
    ----------
    shape : tuple of int
        The shape of the weight, which is broadcast over a row.

    Notes
    -----
    The weight is called `shift`.

    Examples
    --------
    >>> Shift((2,))([Node([[1.0, 2.0]])], {"shift": [3.0, -1.0]}).value
    array([[4., 1.]])
    """

    shape: Shape
    trained: ClassVar[tuple[str, ...]] = ("shift",)
    stem: ClassVar[str] = "shift"

    def weight_shapes(self, shape: Shape) -> dict[str, Shape]:
        return {"shift": self.shape}

    def forward(self, x: Node, w: Weights, training: Training | None) -> Node:
        return ops.add(x, w["shift"])


@dataclass(eq=False)
class Append(Layer):
    """Join x and a weight that is the same for every row, such as a class token, along an axis.

    Parameters
    ----------
    shape : tuple of int
        The shape of the weight, with all axes of a row.
    axis : int
        The axis; 1 is the first of a row.
    before : bool, default False
        Whether the weight comes before x.

    Raises
    ------
    ValueError
        If the weight does not fit x.

    Notes
    -----
    The weight is called `numbers`.

    Examples
    --------
    >>> import numpy as np
    >>> Append((1,), axis=1, before=True)([Node([[1.0, 2.0]])], {"numbers": np.array([7.0])}).value
    array([[7., 1., 2.]])
    """

    shape: Shape
    axis: int
    before: bool = False
    trained: ClassVar[tuple[str, ...]] = ("numbers",)
    stem: ClassVar[str] = "append"

    def weight_shapes(self, shape: Shape) -> dict[str, Shape]:
        return {"numbers": self.shape}

    def forward(self, x: Node, w: Weights, training: Training | None) -> Node:
        numbers = w["numbers"]
        if isinstance(numbers, Node):  # in training
            row = ops.add(Node(np.zeros((1, *self.shape), x.dtype)), numbers)
        else:
            row = numbers[None]
        return ops.concatenate([row, x] if self.before else [x, row], self.axis)


@dataclass(eq=False)
class PReLU(Layer):
    """Parametric ReLU, x where x > 0 and αx elsewhere: (N, ...) -> (N, ...)

    Parameters
    ----------
    shape : tuple of int
        The shape of α, which is broadcast over a row; (C,) gives each channel its own α.

    Notes
    -----
    α is the weight `alpha`.

    References
    ----------
    He et al. (2015), Delving deep into rectifiers, eq. 1.

    Examples
    --------
    >>> PReLU((1,))([Node([[-2.0, 3.0]])], {"alpha": [0.5]}).value
    array([[-1.,  3.]])
    """

    shape: Shape
    trained: ClassVar[tuple[str, ...]] = ("alpha",)
    stem: ClassVar[str] = "prelu"

    def weight_shapes(self, shape: Shape) -> dict[str, Shape]:
        return {"alpha": self.shape}

    def forward(self, x: Node, w: Weights, training: Training | None) -> Node:
        return ops.prelu(x, w["alpha"])


@dataclass(eq=False)
class Standardise(Layer):
    """(x − mean) / √(variance + ε), where mean and variance are over axes of each row: (N, ...) -> (N, ...)

    Parameters
    ----------
    axes : tuple of int
        The axes of a row that mean and variance are taken over.  For images, (3,) is layer normalisation over the
        channels, and (1, 2) instance normalisation.
    epsilon : float, default 1e-5
        ε, which is added to the variance.

    References
    ----------
    Ba, Kiros & Hinton (2016), Layer normalization, eq. 3.

    Examples
    --------
    >>> Standardise((1,), epsilon=0.0)([Node([[1.0, 3.0]])]).value
    array([[-1.,  1.]])
    """

    axes: Shape
    epsilon: float = 1e-5
    stem: ClassVar[str] = "norm"

    def forward(self, x: Node, w: Weights, training: Training | None) -> Node:
        return ops.standardise(x, self.axes, self.epsilon)


@dataclass(eq=False)
class LocalResponseNorm(Layer):
    """x / (bias + α/size · Σ x² over `size` neighbouring channels)^β: (N, ..., C) -> (N, ..., C)

    Parameters
    ----------
    size : int
        How many channels the sum is over.
    alpha, beta, bias : float, default 1e-4, 0.75 and 1.0
        α, β and the bias in the formula.

    References
    ----------
    Krizhevsky et al. (2012), ImageNet classification with deep convolutional neural networks, §3.3.

    Examples
    --------
    >>> LocalResponseNorm(1, alpha=1.0, beta=1.0)([Node([[[[3.0]]]])]).value.ravel()
    array([0.3])
    """

    size: int
    alpha: float = 1e-4
    beta: float = 0.75
    bias: float = 1.0
    stem: ClassVar[str] = "lrn"

    def forward(self, x: Node, w: Weights, training: Training | None) -> Node:
        return ops.local_response_normalisation(x, self.size, self.alpha, self.beta, self.bias)


@dataclass(eq=False)
class Reduce(Layer):
    """The mean, sum, maximum or minimum over axes of a row.

    Parameters
    ----------
    function : {"mean", "sum", "max", "min"}
        The reduction.
    axes : tuple of int
        The axes; 1 is the first of a row.
    keepdims : bool, default False
        Whether to keep these axes, with length 1.

    Raises
    ------
    ValueError
        If the function is unknown.

    Examples
    --------
    >>> Reduce("min", (1,))([Node([[1.0, 3.0]])]).value
    array([1.])
    """

    function: str
    axes: Shape
    keepdims: bool = False
    stem: ClassVar[str] = "reduce"

    def forward(self, x: Node, w: Weights, training: Training | None) -> Node:
        return REDUCTIONS[one_of(self.function, REDUCTIONS, "reduction")](x, tuple(self.axes), self.keepdims)


@dataclass(eq=False)
class Permute(Layer):
    """Permute the axes of a row: axis i of the output is axis axes[i − 1] of x.

    Parameters
    ----------
    axes : tuple of int
        All axes of a row, in their new order; 1 is the first axis of a row.

    Raises
    ------
    ValueError
        If `axes` does not name every axis of a row once.

    Examples
    --------
    >>> import numpy as np
    >>> Permute((3, 1, 2))([Node(np.zeros((2, 4, 5, 3)))]).shape
    (2, 3, 4, 5)
    """

    axes: Shape
    stem: ClassVar[str] = "permute"

    def forward(self, x: Node, w: Weights, training: Training | None) -> Node:
        return ops.transpose(x, *self.axes)


@dataclass(eq=False)
class Slice(Layer):
    """x[start:stop:step] along one axis.

    Parameters
    ----------
    axis : int
        The axis; 1 is the first of a row.
    start, stop, step : int, optional
        The slice, as in Python.

    Examples
    --------
    >>> Slice(1, 1, None, 2)([Node([[1.0, 2.0, 3.0, 4.0]])]).value
    array([[2., 4.]])
    """

    axis: int
    start: int | None = None
    stop: int | None = None
    step: int | None = None
    stem: ClassVar[str] = "slice"

    def forward(self, x: Node, w: Weights, training: Training | None) -> Node:
        return ops.take(x, (slice(None),) * self.axis + (slice(self.start, self.stop, self.step),))


@dataclass(eq=False)
class Gather(Layer):
    """Pick entries along one axis by their indices.

    Parameters
    ----------
    axis : int
        The axis; 1 is the first of a row.
    indices : tuple of int
        The indices, in the order of the output.

    Raises
    ------
    ValueError
        If an index is out of range.

    Examples
    --------
    >>> Gather(1, (2, 0))([Node([[1.0, 2.0, 3.0]])]).value
    array([[3., 1.]])
    """

    axis: int
    indices: tuple[int, ...]
    stem: ClassVar[str] = "gather"

    def forward(self, x: Node, w: Weights, training: Training | None) -> Node:
        return ops.gather(x, self.indices, self.axis)


@dataclass(eq=False)
class Pad(Layer):
    """Add a border of one value.

    Parameters
    ----------
    widths : tuple of (int, int)
        The widths of the border, (before, after) for each axis of a row.
    fill : float, default 0.0
        The value of the border.

    Examples
    --------
    >>> Pad(((1, 0),), fill=7.0)([Node([[1.0, 2.0]])]).value
    array([[7., 1., 2.]])
    """

    widths: tuple[tuple[int, int], ...]
    fill: float = 0.0
    stem: ClassVar[str] = "pad"

    def forward(self, x: Node, w: Weights, training: Training | None) -> Node:
        return ops.pad(x, self.widths, self.fill)


@dataclass(eq=False)
class Interpolate(Layer):
    """Resize one axis by interpolation.

    Parameters
    ----------
    axis : int
        The axis; 1 is the first of a row.
    size : int
        The new length of the axis.
    mode : str, default "half_pixel"
        How new positions are mapped to old ones: see `minixai.ops.sampling.positions`.
    nearest : {"floor", "ceil", "round_prefer_floor", "round_prefer_ceil"}, optional
        How a mapped position is rounded to an old one, for nearest-neighbour interpolation; by default the
        interpolation is linear.
    factor : float, optional
        New length over old length, if it is not exactly size / length.

    Raises
    ------
    ValueError
        If the mode or the rounding is unknown.

    Examples
    --------
    >>> Interpolate(1, 4)([Node([[0.0, 4.0]])]).value
    array([[0., 1., 3., 4.]])
    """

    axis: int
    size: int
    mode: str = "half_pixel"
    nearest: str | None = None
    factor: float | None = None
    stem: ClassVar[str] = "resize"

    def forward(self, x: Node, w: Weights, training: Training | None) -> Node:
        return ops.interpolate(x, self.size, self.axis, self.mode, self.nearest, self.factor)


@dataclass(eq=False)
class Join(Layer):
    """A layer that combines two or more nodes into one, from left to right; subclasses define `join`.

    Raises
    ------
    NotImplementedError
        If a subclass without `join` is called.

    Examples
    --------
    >>> Sum()([Node([[1.0]]), Node([[2.0]]), Node([[4.0]])]).value
    array([[7.]])
    """

    def join(self, u: Node, v: Node) -> Node:
        """The result for two inputs, as a node."""
        raise NotImplementedError

    def __call__(self, xs: list[Node], w: Weights | None = None, training: Training | None = None) -> Node:
        return reduce(self.join, xs) if len(xs) > 1 else ops.identity(xs[0])


@dataclass(eq=False)
class Sum(Join):
    """The sum of the inputs, which are broadcast within a row.

    Raises
    ------
    ValueError
        If the inputs do not fit together.

    Examples
    --------
    >>> Sum()([Node([[1.0, 2.0]]), Node([[3.0]])]).value
    array([[4., 5.]])
    """

    stem: ClassVar[str] = "add"

    def join(self, u: Node, v: Node) -> Node:
        return ops.add(u, v)


@dataclass(eq=False)
class Multiply(Join):
    """The product of the inputs, which are broadcast within a row; squeeze-and-excitation blocks need it.

    Raises
    ------
    ValueError
        If the inputs do not fit together.

    Examples
    --------
    >>> Multiply()([Node([[1.0, 2.0]]), Node([[3.0]])]).value
    array([[3., 6.]])
    """

    stem: ClassVar[str] = "multiply"

    def join(self, u: Node, v: Node) -> Node:
        return ops.multiply(u, v)


@dataclass(eq=False)
class Divide(Join):
    """The first input divided by the others, which are broadcast within a row.

    Raises
    ------
    ValueError
        If the inputs do not fit together.

    Examples
    --------
    >>> Divide()([Node([[1.0, 2.0]]), Node([[4.0]])]).value
    array([[0.25, 0.5 ]])
    """

    stem: ClassVar[str] = "divide"

    def join(self, u: Node, v: Node) -> Node:
        return ops.divide(u, v)


@dataclass(eq=False)
class Subtract(Join):
    """The first input minus the others, which are broadcast within a row.

    Raises
    ------
    ValueError
        If the inputs do not fit together.

    Examples
    --------
    >>> Subtract()([Node([[1.0, 2.0]]), Node([[3.0]])]).value
    array([[-2., -1.]])
    """

    stem: ClassVar[str] = "subtract"

    def join(self, u: Node, v: Node) -> Node:
        return ops.subtract(u, v)


@dataclass(eq=False)
class Maximum(Join):
    """The largest of the inputs, entry by entry, with broadcasting within a row.

    Raises
    ------
    ValueError
        If the inputs do not fit together.

    Examples
    --------
    >>> Maximum()([Node([[1.0, 2.0]]), Node([[3.0, 0.0]])]).value
    array([[3., 2.]])
    """

    stem: ClassVar[str] = "maximum"

    def join(self, u: Node, v: Node) -> Node:
        return ops.maximum(u, v)


@dataclass(eq=False)
class Minimum(Join):
    """The smallest of the inputs, entry by entry, with broadcasting within a row.

    Raises
    ------
    ValueError
        If the inputs do not fit together.

    Examples
    --------
    >>> Minimum()([Node([[1.0, 2.0]]), Node([[3.0, 0.0]])]).value
    array([[1., 0.]])
    """

    stem: ClassVar[str] = "minimum"

    def join(self, u: Node, v: Node) -> Node:
        return ops.minimum(u, v)


@dataclass(eq=False)
class MatMul(Join):
    """The matrix product of the inputs, row by row, as in attention: (N, ..., I, J) @ (N, ..., J, K)

    Raises
    ------
    ValueError
        If the inputs do not fit together.

    Examples
    --------
    >>> MatMul()([Node([[[1.0, 2.0]]]), Node([[[3.0], [4.0]]])]).value
    array([[[11.]]])
    """

    stem: ClassVar[str] = "matmul"

    def join(self, u: Node, v: Node) -> Node:
        return ops.matmul(u, v)


KINDS: dict[str, type[Layer]] = SIMPLE | {
    kind.__name__: kind
    for kind in (
        *(ConvTranspose2D, Scale, Shift, Append, PReLU, Standardise, LocalResponseNorm, Reduce, Permute, Slice, Gather),
        *(Pad, Interpolate, Sum, Multiply, Divide, Subtract, Maximum, Minimum, MatMul),
    )
}
"""{name: class} of the layers that a saved model may contain: those of this module, and those of `minixai.layers`."""

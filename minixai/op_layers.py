"""Layers of one operation each, as networks made elsewhere have them; a saved model may name every one.

Axes have the numbers of NumPy: 0 holds the rows, 1 is the first axis of a row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import ClassVar

from minixai import ops
from minixai.graph import Node
from minixai.layers import KINDS as SIMPLE
from minixai.layers import Layer, Training, Weights
from minixai.ops.windows import Margins, Pair
from minixai.validate import as_count, as_pair

Shape = tuple[int, ...]

REDUCTIONS: dict[str, Callable[..., Node]] = {
    "mean": ops.mean,
    "sum": ops.sum,
    "max": ops.max,
    "min": lambda x, axes, keepdims: ops.negative(ops.max(ops.negative(x), axes, keepdims)),
}


@dataclass(eq=False)
class ConvTranspose2D(Layer):
    """A transposed convolution, which makes maps larger: (N, h, w, C) -> (N, H, W, filters).

    Parameters
    ----------
    filters : int
        The number of channels it makes.
    kernel : int or (int, int)
        The size of the kernels.
    stride : int or (int, int), default 1
        How far two pixels of the input are apart in the output.
    padding : ((top, bottom), (left, right)), default no border
        The border around the pixels once they are apart; below 0 it cuts pixels off.
    dilation, groups, bias
        As in `Conv2D`.

    Notes
    -----
    The kernel (kh, kw, C/groups, filters) is the one that slides over the pixels that are apart, see
    `minixai.ops.transposed_convolution`.
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
    """x times numbers of the given shape, which is broadcast over a row.

    Parameters
    ----------
    shape : tuple of int
        The shape of the numbers, with as many axes as a row or fewer.
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
    """x plus numbers of the given shape, which is broadcast over a row.

    Parameters
    ----------
    shape : tuple of int
        The shape of the numbers, with as many axes as a row or fewer.
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
    """Numbers of the given shape, the same for every row, beside x along an axis; a class token is such.

    Parameters
    ----------
    shape : tuple of int
        The shape of the numbers, with all axes of a row.
    axis : int
        The axis, 1 being the first of a row.
    before : bool, default False
        Whether they stand before x, not after it.
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
        row = ops.reshape(numbers, *self.shape) if isinstance(numbers, Node) else numbers[None]
        return ops.concatenate([row, x] if self.before else [x, row], self.axis)


@dataclass(eq=False)
class PReLU(Layer):
    """x where x > 0, αx elsewhere, α of the given shape broadcast over a row.  (He et al. 2015)

    Parameters
    ----------
    shape : tuple of int
        The shape of α, with as many axes as a row or fewer: (C,) for one of each channel.
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
    """(x − mean) / √(variance + ε), both over the given axes of a row.

    Parameters
    ----------
    axes : tuple of int
        (3,) is layer normalisation of the channels of an image, (1, 2) instance normalisation.
    epsilon : float, default 1e-5
        What is added to the variance.
    """

    axes: Shape
    epsilon: float = 1e-5
    stem: ClassVar[str] = "norm"

    def forward(self, x: Node, w: Weights, training: Training | None) -> Node:
        return ops.standardise(x, self.axes, self.epsilon)


@dataclass(eq=False)
class LocalResponseNorm(Layer):
    """x / (bias + α/size · Σ x² over `size` neighbouring channels)^β  (Krizhevsky et al. 2012)

    Parameters
    ----------
    size : int
        The number of channels in the sum.
    alpha, beta, bias : float
        The numbers of the formula.
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
    """The mean, sum, largest or smallest entry over axes of a row.

    Parameters
    ----------
    function : {"mean", "sum", "max", "min"}
        What is made of the entries.
    axes : tuple of int
        The axes, 1 being the first of a row.
    keepdims : bool, default False
        Whether the axes stay, with the length 1.
    """

    function: str
    axes: Shape
    keepdims: bool = False
    stem: ClassVar[str] = "reduce"

    def forward(self, x: Node, w: Weights, training: Training | None) -> Node:
        if self.function not in REDUCTIONS:
            raise ValueError(f"unknown reduction {self.function!r}: one of {', '.join(REDUCTIONS)}")
        return REDUCTIONS[self.function](x, tuple(self.axes), self.keepdims)


@dataclass(eq=False)
class Permute(Layer):
    """The axes of a row in another order: axis i of what it makes is axis axes[i − 1] of x.

    Parameters
    ----------
    axes : tuple of int
        All axes of a row, 1 being the first.
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
        The axis, 1 being the first of a row.
    start, stop, step : int or None
        As in Python.
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
    """Places along one axis, by their numbers.

    Parameters
    ----------
    axis : int
        The axis, 1 being the first of a row.
    indices : tuple of int
        The places, in the order in which they shall stand.
    """

    axis: int
    indices: tuple[int, ...]
    stem: ClassVar[str] = "gather"

    def forward(self, x: Node, w: Weights, training: Training | None) -> Node:
        return ops.gather(x, self.indices, self.axis)


@dataclass(eq=False)
class Pad(Layer):
    """A border of one value.

    Parameters
    ----------
    widths : tuple of (int, int)
        (before, after) for each axis of a row.
    fill : float, default 0
        The value.
    """

    widths: tuple[tuple[int, int], ...]
    fill: float = 0.0
    stem: ClassVar[str] = "pad"

    def forward(self, x: Node, w: Weights, training: Training | None) -> Node:
        return ops.pad(x, self.widths, self.fill)


@dataclass(eq=False)
class Interpolate(Layer):
    """One axis, resized.

    Parameters
    ----------
    axis, size : int
        The axis, 1 being the first of a row, and its new length.
    mode : str, default "half_pixel"
        Where the new places lie among the old, see `minixai.ops.sampling.positions`.
    nearest : str or None
        None interpolates linearly; else how a place is rounded to an old one: "floor", "ceil",
        "round_prefer_floor" or "round_prefer_ceil".
    factor : float or None
        New length over old, where that is not quite size / length.
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
    """Subclasses make one node of two or more, from the left to the right."""

    def join(self, u: Node, v: Node) -> Node:
        raise NotImplementedError

    def __call__(self, xs: list[Node], w: Weights | None = None, training: Training | None = None) -> Node:
        return reduce(self.join, xs) if len(xs) > 1 else ops.identity(xs[0])


@dataclass(eq=False)
class Sum(Join):
    """The sum of its inputs, broadcast inside a row."""

    stem: ClassVar[str] = "add"

    def join(self, u: Node, v: Node) -> Node:
        return ops.add(u, v)


@dataclass(eq=False)
class Multiply(Join):
    """The product of its inputs, broadcast inside a row: a squeeze-and-excitation block ends with one."""

    stem: ClassVar[str] = "multiply"

    def join(self, u: Node, v: Node) -> Node:
        return ops.multiply(u, v)


@dataclass(eq=False)
class Divide(Join):
    """The first input divided by the second, broadcast inside a row."""

    stem: ClassVar[str] = "divide"

    def join(self, u: Node, v: Node) -> Node:
        return ops.divide(u, v)


@dataclass(eq=False)
class Subtract(Join):
    """The first input less the second, broadcast inside a row."""

    stem: ClassVar[str] = "subtract"

    def join(self, u: Node, v: Node) -> Node:
        return ops.subtract(u, v)


@dataclass(eq=False)
class Maximum(Join):
    """The largest of its inputs, entry by entry."""

    stem: ClassVar[str] = "maximum"

    def join(self, u: Node, v: Node) -> Node:
        return ops.maximum(u, v)


@dataclass(eq=False)
class Minimum(Join):
    """The smallest of its inputs, entry by entry."""

    stem: ClassVar[str] = "minimum"

    def join(self, u: Node, v: Node) -> Node:
        return ops.minimum(u, v)


@dataclass(eq=False)
class MatMul(Join):
    """The matrix product of its inputs, row by row, as in attention: (N, ..., I, J) @ (N, ..., J, K)."""

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
"""The kinds of layer that a saved model may name: these, and those of `minixai.layers`."""

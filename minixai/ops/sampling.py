"""Pick or interpolate entries along an axis of the row, by their indices or by a matrix of weights ≥ 0."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from minixai.arrays import Array
from minixai.graph import Node
from minixai.ops.kinds import Linear
from minixai.ops.pooling import matmul_along
from minixai.ops.shapes import row_axes
from minixai.validate import as_count, is_integer

MODES = ("half_pixel", "pytorch_half_pixel", "half_pixel_symmetric", "align_corners", "asymmetric")
ROUNDINGS = ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")


@dataclass(frozen=True)
class Gather(Linear):
    """The entries `indices` along an axis, in this order; an index may occur several times or never."""

    axis: int
    indices: tuple[int, ...]

    def forward(self, x: Array) -> Array:
        return np.take(x, self.indices, self.axis)

    def vjp(self, i: int, m: Array, x: Array) -> Array:
        y = np.zeros((len(m), *x.shape[1:]), m.dtype)
        np.add.at(np.moveaxis(y, self.axis, 0), np.asarray(self.indices), np.moveaxis(m, self.axis, 0))
        return y


@dataclass(frozen=True)
class Interpolate(Linear):
    """Linear interpolation to `size` positions along an axis; `positions` says where they lie."""

    axis: int
    size: int
    mode: str
    factor: float | None = None

    def matrix(self, n: int) -> Array:
        """The matrix (size, n) of weights ≥ 0, summing to 1, that interpolates n entries; edges are extended."""
        at = np.clip(positions(n, self.size, self.mode, self.factor), 0, n - 1)
        return np.asarray(np.maximum(0, 1 - np.abs(at[:, None] - np.arange(n))))

    def forward(self, x: Array) -> Array:
        return matmul_along(self.matrix(x.shape[self.axis]).astype(x.dtype), x, self.axis)

    def vjp(self, i: int, m: Array, x: Array) -> Array:
        return matmul_along(self.matrix(x.shape[self.axis]).astype(m.dtype).T, m, self.axis)


def positions(n: int, size: int, mode: str, factor: float | None = None) -> Array:
    """Where each of `size` new positions lies among n old ones, (size,); `mode` is one of ONNX's coordinate modes.

    "half_pixel" treats pixels as areas and maps their centres; "align_corners" maps the first to the first and the last
    to the last; "asymmetric" maps i to i · n / size.  `factor` is the scale size / n, if that was rounded.  Raises
    ValueError for an unknown mode.

    >>> positions(2, 4, "half_pixel").tolist(), positions(2, 3, "align_corners").tolist()
    ([-0.25, 0.25, 0.75, 1.25], [0.0, 0.5, 1.0])
    """
    i, scale = np.arange(size), size / n if factor is None else factor
    match mode:
        case "half_pixel":
            return (i + 0.5) / scale - 0.5
        case "pytorch_half_pixel":
            return (i + 0.5) / scale - 0.5 if size > 1 else np.zeros(1)
        case "half_pixel_symmetric":
            adjusted = size / (scale * n)
            return n / 2 * (1 - adjusted) + (i + 0.5) / scale - 0.5
        case "align_corners":
            return i * (n - 1) / (size - 1) if size > 1 else np.zeros(1)
        case "asymmetric":
            return i / scale
    raise ValueError(f"unknown mode {mode!r}: one of {', '.join(MODES)}")


def gather(x: Node, indices: Sequence[int], axis: int = -1) -> Node:
    """The entries `indices` along an axis of the row, as np.take(x, indices, axis) gives them.

    Raises ValueError if an index is out of range.

    >>> gather(Node([[5.0, 6.0, 7.0]]), [2, 0, 0]).value
    array([[7., 5., 5.]])
    """
    (axis,) = row_axes(x.ndim, axis)
    n, wanted = x.shape[axis], list(indices)
    if not all(is_integer(i) and -n <= i < n for i in wanted):
        raise ValueError(f"gather takes places from {-n} to {n - 1} along axis {axis} of {x.shape}, got {wanted}")
    return Gather(axis, tuple(int(i) % n for i in wanted))(x)


def interpolate(
    x: Node, size: int, axis: int, mode: str = "half_pixel", nearest: str | None = None, factor: float | None = None
) -> Node:
    """Resize one axis of the row to `size`: linearly, or with `nearest` to the nearest old entry, rounded in this way.

    `mode` and `factor` are those of `positions`; `nearest` is "floor", "ceil", "round_prefer_floor" or
    "round_prefer_ceil".  Raises ValueError for an unknown mode or rounding, or if the axis has length 0.

    >>> interpolate(Node([[0.0, 1.0]]), 4, 1).value, interpolate(Node([[0.0, 1.0]]), 4, 1, nearest="floor").value
    (array([[0.  , 0.25, 0.75, 1.  ]]), array([[0., 0., 0., 1.]]))
    """
    (axis,) = row_axes(x.ndim, axis)
    n, size = x.shape[axis], as_count(size, "size")
    if not n:
        raise ValueError(f"an axis without places cannot be resized, but axis {axis} of {x.shape} has none")
    places = positions(n, size, mode, factor)
    if nearest is None:
        return Interpolate(axis, size, mode, factor)(x)
    if nearest not in ROUNDINGS:
        raise ValueError(f"unknown rounding {nearest!r}: one of {', '.join(ROUNDINGS)}")
    rounded = {
        "floor": np.floor(places),
        "ceil": np.ceil(places),
        "round_prefer_floor": np.ceil(places - 0.5),
        "round_prefer_ceil": np.floor(places + 0.5),
    }[nearest]
    return gather(x, np.clip(rounded, 0, n - 1).astype(int).tolist(), axis)

"""Compute operations on constants while the network is read.

Exporters write the computation of a size (Shape, Gather, Concat, Cast, ...) into the file.  Since the size of the
images is known here, these operations are computed at once and need no layer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np
import scipy

from minixai.arrays import Array
from minixai.zoo.onnx.schema import DTYPES, Node

LARGEST = 1 << 28
"""The greatest size of a constant, in numbers.  Without a limit a file of a few bytes could fill the memory."""

Fold = Callable[..., Any]
FOLDS: dict[str, Fold] = {}


def fold(node: Node, inputs: Sequence[Array | None]) -> list[Array]:
    """Return the outputs of a node whose inputs are constant; raises ValueError for an op that is not in FOLDS."""
    if node.op not in FOLDS:
        raise ValueError("this operation on constants is not known here: simplify the file with onnxsim")
    with np.errstate(all="ignore"):
        made = FOLDS[node.op](node.attributes, *inputs)
    arrays = [np.asarray(array) for array in (made if isinstance(made, list) else [made])]
    if max(array.size for array in arrays) > LARGEST:
        raise ValueError(
            f"it makes a constant of {arrays[0].size:,} numbers, more than {LARGEST:,}: is the file damaged?"
        )
    return arrays


def folds(*names: str) -> Callable[[Fold], Fold]:
    """Register the function that computes the ops of these names on constants."""

    def enter(function: Fold) -> Fold:
        FOLDS.update(dict.fromkeys(names, function))
        return function

    return enter


def check_room(shape: Sequence[int] | Array) -> tuple[int, ...]:
    """Return a shape as a tuple; raises ValueError if an array of this shape would be too large."""
    sides = tuple(int(n) for n in shape)
    if min(sides, default=0) < 0 or prod(sides) > LARGEST:
        raise ValueError(f"it makes a constant of shape {sides}, for which there is no room: is the file damaged?")
    return sides


def fold_entrywise(function: Callable[..., Any]) -> Fold:
    """Return a fold that applies a NumPy function to the inputs, which are broadcast, and ignores the attributes."""

    def folded(a: dict[str, Any], *xs: Array) -> Any:
        check_room(np.broadcast_shapes(*map(np.shape, xs)))
        return function(*xs)

    return folded


def divide_towards_zero(x: Array, y: Array) -> Array:
    """Return x / y; integers are rounded towards 0."""
    return np.trunc(x / y).astype(x.dtype) if x.dtype.kind in "iu" else x / y


PLAIN: dict[str, Callable[..., Any]] = {
    "Mod": np.mod,
    "Add": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Div": divide_towards_zero,
    "Pow": lambda x, y: np.power(x, y).astype(x.dtype),
    "Equal": np.equal,
    "Greater": np.greater,
    "GreaterOrEqual": np.greater_equal,
    "Less": np.less,
    "LessOrEqual": np.less_equal,
    "And": np.logical_and,
    "Or": np.logical_or,
    "Not": np.logical_not,
    "Where": np.where,
    "Min": lambda *xs: np.minimum.reduce(np.broadcast_arrays(*xs)),
    "Max": lambda *xs: np.maximum.reduce(np.broadcast_arrays(*xs)),
    "Sum": lambda *xs: np.add.reduce(np.broadcast_arrays(*xs)),
    "Neg": np.negative,
    "Abs": np.abs,
    "Sqrt": np.sqrt,
    "Exp": np.exp,
    "Log": np.log,
    "Erf": scipy.special.erf,
    "Sigmoid": scipy.special.expit,
    "Tanh": np.tanh,
    "Relu": lambda x: np.maximum(x, 0),
    "Sin": np.sin,
    "Cos": np.cos,
    "Reciprocal": lambda x: 1 / x,
    "Floor": np.floor,
    "Ceil": np.ceil,
    "Round": np.round,
    "Sign": np.sign,
    "Size": lambda x: np.asarray(np.size(x), np.int64),
    "Identity": lambda x: x,
    "Dropout": lambda x, *_: x,
}
FOLDS |= {name: fold_entrywise(function) for name, function in PLAIN.items()}


@folds("Constant")
def fold_constant(a: dict[str, Any]) -> Array:
    kinds = {"value_float": np.float32, "value_floats": np.float32, "value_int": np.int64, "value_ints": np.int64}
    if a.get("value") is not None:
        return np.asarray(a["value"])
    for name, dtype in kinds.items():
        if a.get(name) is not None:
            return np.asarray(a[name], dtype)
        if name in a:
            return np.zeros(0, dtype)
    raise ValueError(f"a constant of the kind {', '.join(a) or 'of none'} is not read here")


@folds("Shape")
def fold_shape(a: dict[str, Any], x: Array) -> Array:
    return np.asarray(np.shape(x)[int(a.get("start", 0)) : a.get("end")], np.int64)


@folds("ConstantOfShape")
def fold_constant_of_shape(a: dict[str, Any], shape: Array) -> Array:
    value = np.asarray(a.get("value", np.zeros(1, np.float32)))
    return np.broadcast_to(value.reshape(()), check_room(shape))  # a view, which takes no memory


@folds("Expand")
def fold_expand(a: dict[str, Any], x: Array, shape: Array) -> Array:
    return np.broadcast_to(x, np.broadcast_shapes(x.shape, check_room(shape)))


@folds("Tile")
def fold_tile(a: dict[str, Any], x: Array, repeats: Array) -> Array:
    check_room([n * int(r) for n, r in zip(x.shape, repeats, strict=True)])
    return np.tile(x, [int(r) for r in repeats])


@folds("Range")
def fold_range(a: dict[str, Any], start: Array, limit: Array, step: Array) -> Array:
    first, stop, by = (np.asarray(z).item() for z in (start, limit, step))
    check_room([max(0, int(np.ceil((stop - first) / by)))])
    return np.arange(first, stop, by, dtype=start.dtype)


@folds("Clip")
def fold_clip(a: dict[str, Any], x: Array, low: Array | None = None, high: Array | None = None) -> Array:
    ends = (a.get("min") if low is None else low, a.get("max") if high is None else high)
    return x if ends == (None, None) else np.clip(x, *ends).astype(x.dtype)


@folds("Cast")
def fold_cast(a: dict[str, Any], x: Array) -> Array:
    if a.get("to") not in DTYPES:
        raise ValueError(f"a cast to numbers of kind {a.get('to')} is not made here")
    return x.astype(np.float32 if a["to"] == 16 else DTYPES[a["to"]])


@folds("CumSum")
def fold_cumulative_sum(a: dict[str, Any], x: Array, axis: Array) -> Array:
    if a.get("exclusive") or a.get("reverse"):
        raise ValueError("it is exclusive or reversed, which is not read here: simplify the file with onnxsim")
    return np.cumsum(x, axis=int(np.asarray(axis).reshape(())), dtype=x.dtype)


@folds("Trilu")
def fold_triangle(a: dict[str, Any], x: Array, k: Array | None = None) -> Array:
    offset = 0 if k is None else int(np.asarray(k).reshape(()))
    return np.triu(x, offset) if a.get("upper", 1) else np.tril(x, offset)


@folds("CastLike")
def fold_cast_like(a: dict[str, Any], x: Array, like: Array) -> Array:
    return x.astype(like.dtype)


@folds("Gather")
def fold_gather(a: dict[str, Any], x: Array, indices: Array) -> Array:
    axis = int(a.get("axis", 0))
    check_room([*x.shape[:axis], *indices.shape, *x.shape[axis % x.ndim + 1 :]] if x.ndim else [])
    return np.take(x, indices.astype(np.int64), axis=axis)


@folds("Concat")
def fold_concat(a: dict[str, Any], *xs: Array) -> Array:
    return np.concatenate(xs, int(a["axis"]))


@folds("Reshape")
def fold_reshape(a: dict[str, Any], x: Array, shape: Array | None = None) -> Array:
    given = a["shape"] if shape is None else shape
    return x.reshape([x.shape[i] if n == 0 and not a.get("allowzero") else int(n) for i, n in enumerate(given)])


@folds("Flatten")
def fold_flatten(a: dict[str, Any], x: Array) -> Array:
    return x.reshape(prod(x.shape[: int(a.get("axis", 1))]), -1)


@folds("Transpose")
def fold_transpose(a: dict[str, Any], x: Array) -> Array:
    return x.transpose(a.get("perm"))


@folds("Squeeze")
def fold_squeeze(a: dict[str, Any], x: Array, axes: Array | None = None) -> Array:
    chosen = a.get("axes") if axes is None else axes
    return np.squeeze(x, None if chosen is None else tuple(int(i) for i in chosen))


@folds("Unsqueeze")
def fold_unsqueeze(a: dict[str, Any], x: Array, axes: Array | None = None) -> Array:
    return np.expand_dims(x, tuple(int(i) for i in (a["axes"] if axes is None else axes)))


@folds("Slice")
def fold_slice(
    a: dict[str, Any],
    x: Array,
    starts: Array | None = None,
    ends: Array | None = None,
    axes: Array | None = None,
    steps: Array | None = None,
) -> Array:
    index = [slice(None)] * x.ndim
    for axis, part in slices(a, x.ndim, starts, ends, axes, steps):
        index[axis] = part
    return x[tuple(index)]


def slices(
    a: dict[str, Any],
    ndim: int,
    starts: Array | None = None,
    ends: Array | None = None,
    axes: Array | None = None,
    steps: Array | None = None,
) -> list[tuple[int, slice]]:
    """Return (axis, slice) for every axis that a Slice cuts."""
    first, last = (a[name] if given is None else given for name, given in (("starts", starts), ("ends", ends)))
    chosen = a.get("axes", range(len(first))) if axes is None else axes
    by = [1] * len(first) if steps is None else steps
    found = []
    for start, end, axis, step in zip(first, last, chosen, by, strict=True):
        if not -ndim <= int(axis) < ndim:
            raise ValueError(f"there is no axis {axis} among {ndim}")
        stop = None if abs(int(end)) > 1 << 30 and (int(end) < 0) == (int(step) < 0) else int(end)
        found.append((int(axis) % ndim, slice(int(start), stop, int(step))))
    return found


@folds("Split")
def fold_split(a: dict[str, Any], x: Array, sizes: Array | None = None) -> list[Array]:
    axis = int(a.get("axis", 0))
    return np.split(x, np.cumsum(part_sizes(a, x.shape[axis], sizes))[:-1].tolist(), axis)


def part_sizes(a: dict[str, Any], length: int, sizes: Array | None = None, outputs: int = 1) -> list[int]:
    """Return the lengths of the parts into which a Split divides an axis of this length."""
    given = a.get("split") if sizes is None else sizes
    if given is not None:
        parts = [int(n) for n in given]
    else:
        count = int(a.get("num_outputs", outputs))
        each = -(-length // count)
        parts = [each] * (count - 1) + [length - each * (count - 1)]
    if min(parts, default=-1) < 0 or sum(parts) != length:
        raise ValueError(f"parts of {parts} do not make the {length} places of the axis")
    return parts


def fold_reduction(function: Callable[..., Any]) -> Fold:
    """Return a fold that applies a NumPy reduction over the axes that the node names, or over all if it names none."""

    def folded(a: dict[str, Any], x: Array, axes: Array | None = None) -> Array:
        chosen = a.get("axes") if axes is None else axes
        over = None if chosen is None or not len(chosen) else tuple(int(i) for i in chosen)
        return np.asarray(function(x, axis=over, keepdims=bool(a.get("keepdims", 1)))).astype(x.dtype)

    return folded


REDUCTIONS: dict[str, Callable[..., Any]] = {
    "ReduceProd": np.prod,
    "ReduceSum": np.sum,
    "ReduceMin": np.min,
    "ReduceMax": np.max,
    "ReduceMean": np.mean,
    "ReduceL1": lambda x, **over: np.sum(np.abs(x), **over),
    "ReduceL2": lambda x, **over: np.sqrt(np.sum(x * x, **over)),
    "ReduceSumSquare": lambda x, **over: np.sum(x * x, **over),
    "ReduceLogSum": lambda x, **over: np.log(np.sum(x, **over)),
    "ReduceLogSumExp": scipy.special.logsumexp,
}
FOLDS |= {name: fold_reduction(function) for name, function in REDUCTIONS.items()}


@folds("MatMul")
def fold_matmul(a: dict[str, Any], x: Array, y: Array, bias: Array | None = None) -> Array:
    """Return x @ y, plus `bias` if an Add followed the MatMul, see `patterns.bias`."""
    check_room([*x.shape[:-1], *y.shape[-1:]])
    return np.asarray(x @ y if bias is None else x @ y + bias)


@folds("ScatterND")
def fold_scatter(a: dict[str, Any], x: Array, indices: Array, updates: Array) -> Array:
    """Return x with some entries or slices replaced by `updates`; indices (..., k) index the first k axes of x."""
    if a.get("reduction", "none") != "none":
        raise ValueError(f"its reduction {a['reduction']!r} is not read here: none is")
    made = np.array(x)
    made[tuple(np.moveaxis(indices.astype(np.int64), -1, 0))] = updates
    return made


@folds("DequantizeLinear")
def fold_dequantize(a: dict[str, Any], x: Array, scale: Array, zero: Array | None = None) -> Array:
    axis = int(a.get("axis", 1))
    shape = [-1 if i == axis % max(1, x.ndim) else 1 for i in range(x.ndim)] if scale.ndim else []
    shifted = x.astype(np.float32) - (0 if zero is None else zero.astype(np.float32).reshape(shape))
    return np.asarray(shifted * scale.reshape(shape))

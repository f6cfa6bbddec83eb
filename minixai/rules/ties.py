"""Ties beyond rounding: find the positions of an image that are computed from equal numbers in the same way.

All windows of a flat area are equal, so a convolution's outputs there are equal too, apart from their last bits.  A
matrix product may round a row differently depending on the position of the row in the matrix (OpenBLAS does so on
AVX2), and Winograd's transforms round each position of a tile differently.  These bits would decide which entry is the
maximum over the area, differently on each processor.  So if a rule asks for the largest entry of a window, `argmax`
treats entries that are computed alike as equal, and `equalised` gives every position the numbers of the first position
of its image that is computed alike.

Positions are compared by 64-bit fingerprints, (N, H, W).  The fingerprint of an input's pixel is a hash of the bits of
its channels.  From there a table carries fingerprints forward, by kind of operation: an elementwise function keeps
them, and a window gives a weighted sum of them, modulo 2⁶⁴.  Different positions share a fingerprint with a probability
of 2⁻⁶⁴.  If they do, or if an op is not what its kind promises, entries that differ by more than rounding still do not
count as equal.  An op of a kind that is not listed has no fingerprints, and neither has a batch of images if no image
has two equal pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, reduce
from itertools import combinations
from math import gcd, prod
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from minixai.arrays import Array
from minixai.graph import Node, Op, Operand, history
from minixai.ops.activations import Clip
from minixai.ops.arithmetic import Add, MatMul, Multiply, shape_of
from minixai.ops.blocks import BLOCK, Workspace, empty, in_parallel
from minixai.ops.convolution import Convolution
from minixai.ops.functions import Relu
from minixai.ops.kinds import Elementwise, Selection
from minixai.ops.pooling import AveragePool, MaxPool, Resize, centres
from minixai.ops.reductions import Mean, Sum
from minixai.ops.sampling import Gather, Interpolate, positions
from minixai.ops.shapes import Concatenate, Identity, Pad, Take
from minixai.ops.windows import Margins, pad_images, window_views_along
from minixai.rules.entry_fingerprints import (
    MIX,
    carry_entries,
    entries_of_places,
    mixed,
    odd_numbers,
    places_of_entries,
)

Side: TypeAlias = Literal["value", "reference"]
Carrier: TypeAlias = "Callable[[Node, Side, list[Array | None]], Array | None]"
"""carrier(node, side, fingerprints of its inputs) -> fingerprints of the node, or None"""


def argmax(node: Node, side: Side = "value", other: Side | None = None) -> Array:
    """The index of the largest entry of each window of a maximum, on one side.

    Of equal entries it is the one that is largest on the other side, if `other` is given, and of those the first.
    Entries that are computed alike are equal, whatever their last bits.
    """
    (x,), op = node.sources, node.op
    if not is_small_pool(op):
        return np.asarray(op.argmax(equalised(x, side), None if other is None else equalised(x, other)))
    if other is None:
        array = side_of(x, side)
        keys = fingerprints(x, side)
        index = node.memo.pop(("largest", side)) if ("largest", side) in node.memo else op.argmax(array)
        return settle(op, index, keys, array, side_of(node, side))
    reference = equalised(x, "reference")  # this often has a single row
    index = op.argmax(x.value, reference) if side == "value" else op.argmax(reference, x.value)
    return settle(op, index, fingerprints(x, "value"), x.value, node.value, reference)


def is_small_pool(op: Op | None) -> bool:
    """Whether an op is a max-pool with windows so small that all pairs of entries can be compared."""
    return type(op) is MaxPool and prod(op.window) <= 16


def settle(op: MaxPool, index: Array, keys: Array | None, x: Array, maxima: Array, other: Array | None = None) -> Array:
    """The index (N, h, w, C) of the largest entries of x, if entries that are computed alike count as equal.

    `index` is the index of an argmax that ignores this.  Of the entries alike to the one it found, the result is the
    one that is largest in `other`, and of those the first.
    """
    if keys is None:
        return index
    bound = largest_rounding(maxima)
    step = max(1, 2 * BLOCK // max(1, prod(x.shape[1:])))

    def work(space: Workspace, start: int) -> None:
        part = slice(start, start + step)
        framed = pad_images(keys[part, ..., None], op.padding, BORDER)
        entries = np.stack([view[..., 0] for view in op.window_views(framed)])
        tied = reduce(np.logical_or, [a == b for a, b in combinations(entries, 2)], np.zeros(entries[0].shape, bool))
        windows = np.flatnonzero(tied)
        chosen = index[part].reshape(-1, index.shape[3])
        old = chosen[windows]
        first = first_alike_among(entries.reshape(len(entries), -1)[:, windows])
        new = first.take(old.astype(np.intp) * len(windows) + np.arange(len(windows))[:, None])
        n, h, w = np.unravel_index(windows, tied.shape)
        if other is not None:
            row = n if len(other) > 1 else 0
            rivals = op.window_views(pad_images(other[part] if len(other) > 1 else other, op.padding, -np.inf))
            new = largest_alike(first, new, [view[row, h, w] for view in rivals])
        if (new != old).any():
            keep_apart(new, old, start + n, h, w)
            chosen[windows] = new

    def keep_apart(new: Array, old: Array, n: Array, h: Array, w: Array) -> None:
        """Restore the old index where the old and the new entry differ by more than rounding."""
        t, c = np.nonzero(new != old)

        def entry(number: Array) -> Array:
            i, j = np.divmod(number[t, c].astype(np.intp), op.window[1])
            (top, _), (left, _) = op.padding
            return np.asarray(x[n[t], h[t] * op.stride[0] + i - top, w[t] * op.stride[1] + j - left, c])

        far = abs(entry(old) - entry(new)) > bound
        new[t[far], c[far]] = old[t[far], c[far]]

    in_parallel(work, [(start,) for start in range(0, len(index), step)])
    return index


def first_alike_among(entries: Array) -> Array:
    """For each of the E entries of a window, the number of the first entry with an equal key: (E, W) -> (E, W)"""
    first = np.empty(entries.shape, np.uint8)
    for e in reversed(range(len(entries))):
        np.copyto(first, np.uint8(e), where=entries == entries[e])
    return first


def largest_alike(first: Array, kind: Array, rivals: list[Array]) -> Array:
    """Of the entries of a kind, the one with the largest rival, and of equals the first: (W, C)

    Entries are of one kind if their keys are equal; `kind` gives a kind by the number of its first entry.
    """
    found, best = kind.copy(), np.full(kind.shape, -np.inf, rivals[0].dtype)
    for e, rival in enumerate(rivals):
        better = (rival > best) & (first[e][:, None] == kind)
        np.copyto(best, rival, where=better)
        np.copyto(found, np.uint8(e), where=better)
    return found


BORDER = np.uint64(0xD1B54A32D192ED03)
"""The key of positions around an image; no pixel inside has it."""


def equalised(node: Node, side: Side = "value") -> Array:
    """The value or reference of a node, with equal bits at all positions of an image that are computed alike."""
    array = side_of(node, side)
    if array.ndim != 4:
        return equalised_entries(array, fingerprints(node, side))
    first = first_alike(node, "value" if array is node.value else side)
    if first is None:
        return array

    bound = largest_rounding(array)
    pixels, y = array.reshape(-1, array.shape[3]), empty(array.shape, array.dtype)
    images = first[0].size * np.arange(len(first))
    places, copies = (first + images[:, None, None]).reshape(-1), y.reshape(pixels.shape)
    step = max(1, BLOCK // array.shape[3])

    def work(space: Workspace, at: int) -> None:
        part = slice(at, at + step)
        np.take(pixels, places[part], 0, out=copies[part], mode="clip")  # "clip" avoids a buffer; nothing is clipped
        off = space("off", copies[part].shape, y.dtype)
        np.subtract(copies[part], pixels[part], out=off)
        if max(off.max(), -off.min()) > bound:
            far = (abs(off) > bound).any(axis=1)
            copies[part][far] = pixels[part][far]

    in_parallel(work, [(at,) for at in range(0, len(places), step)])
    return y


def equalised_entries(x: Array, keys: Array | None) -> Array:
    """An array that is not an image, with equal bits at all entries of a row that are computed alike."""
    if keys is None or keys.shape != x.shape:
        return x
    flat = x.reshape(len(x), -1)
    first = first_in_each(keys.reshape(len(x), -1, 1))[..., 0]
    copies = np.take_along_axis(flat, first, 1)
    return np.where(abs(copies - flat) <= largest_rounding(x), copies, flat).reshape(x.shape)


def largest_rounding(x: Array) -> float:
    """√ε times the largest absolute value of x: entries that differ by more are not computed alike."""
    return float(np.sqrt(np.finfo(x.dtype).eps) * max(x.max(), -x.min()))


def side_of(node: Node, side: Side) -> Array:
    return node.value if side == "value" else node.reference


def first_alike(node: Node, side: Side) -> Array | None:
    """For each position, the number of the first position in the same image that is computed alike: (N, H, W)

    None if no two positions are known to be alike.
    """
    if ("first alike", side) not in node.memo:
        keys = fingerprints(node, side)
        first = None if keys is None else by_images(first_in_each, np.empty(keys.shape, np.int32), keys)
        node.memo["first alike", side] = None if first is None or is_in_order(first) else first
    found: Array | None = node.memo["first alike", side]
    return found


def fingerprints(node: Node, side: Side) -> Array | None:
    """Numbers (N, H, W) that are equal where positions of a node (N, H, W, C) are computed alike.

    None if nothing is known.  For a node that does not have four axes, there is one number for each entry, in the shape
    of the node.
    """
    key = ("fingerprints", side)
    if key not in node.memo:
        rows = len(side_of(node, side))
        for each in history(node):
            if key not in each.memo:
                each.memo[key] = carry(each, side, rows)
    found: Array | None = node.memo[key]
    return found


def is_in_order(first: Array) -> bool:
    """Whether no position is alike to an earlier one."""
    return bool((first.reshape(len(first), -1) == np.arange(first[0].size)).all())


def carry(node: Node, side: Side, rows: int) -> Array | None:
    """The fingerprints of a node, from those of its inputs; None if nothing is known."""
    array = side_of(node, side)
    if array.ndim < 2 or not array.size or array.dtype not in (np.float32, np.float64):
        return None
    if node.op is None:
        return of_input(node, array) if len(array) == rows else None  # weights that are nodes have another axis 0
    kinds = (Elementwise, Selection)  # subclasses of these behave alike; those of other ops may do anything
    kind = next((kind for kind in kinds if isinstance(node.op, kind)), type(node.op))
    inputs = [x.memo.get(("fingerprints", side)) if isinstance(x, Node) else None for x in node.inputs]
    keys = None
    if any(("entries", side) in x.memo for x in node.sources):
        keys = of_entries(node, side, inputs)
    if keys is None and kind in CARRIERS and all(x.ndim == 4 for x in [node, *node.sources]):
        keys = CARRIERS[kind](node, side, inputs)
    return of_entries(node, side, inputs) if keys is None else keys


def of_input(node: Node, array: Array) -> Array | None:
    """The fingerprints of a node without an op: of images by position, of sequences (N, T, C) by entry."""
    if array.ndim == 4:
        return pixel_fingerprints(array)
    if array.ndim != 3:
        return None
    keys = pixel_fingerprints(array[:, None])
    return None if keys is None else entries_of_places(keys, array.shape[2], node)[:, 0]


def of_entries(node: Node, side: Side, inputs: list[Array | None]) -> Array | None:
    """The fingerprints of a node whose op mixes axes, or that is not an image, from those of all entries.

    If the node is an image, those of its entries are kept as well, because a later op may turn the axes back.
    """
    known = all(x.memo.get(("fingerprints", side)) is not None for x in node.sources)
    if not known or (isinstance(node.op, Elementwise) and largest_rank(node.op) > 0):
        return None
    entries = carry_entries(node, [entries_of(x, side, keys) for x, keys in zip(node.inputs, inputs, strict=True)])
    if entries is None or node.ndim != 4:
        return entries
    node.memo["entries", side] = entries
    return places_of_entries(entries)


def entries_of(x: Operand | None, side: Side, keys: Array | None) -> Array | None:
    """The fingerprints of all entries of an input; None for a constant."""
    if keys is None or not isinstance(x, Node) or x.ndim != 4:
        return keys
    found: Array | None = x.memo.get(("entries", side))
    return entries_of_places(keys, x.shape[3], x) if found is None else found


def largest_rank(op: Op | None) -> int:
    """The largest number of axes of an op's attributes; an op with an array may treat positions differently."""
    return max(map(np.ndim, vars(op).values()), default=0)


# -- of an input -------------------------------------------------------------------------------------------
def pixel_fingerprints(x: Array) -> Array | None:
    """Fingerprints of pixels: (N, H, W, C) -> (N, H, W), or None if no image has two equal pixels."""
    if not has_equal(by_images(projection, np.empty(x.shape[:3], x.dtype), x)):
        return None
    return by_images(hashed, np.empty(x.shape[:3], np.uint64), x)


def hashed(x: Array) -> Array:
    """A hash of each pixel, Σ of odd numbers × the mixed bits of each channel; 0 for a pixel of zeros (−0 + 0 is 0)."""
    bits = mixed((x + 0).view(f"u{x.itemsize}"))
    return np.asarray(np.einsum("nhwc,c->nhw", bits, odd_numbers(x.shape[3])))


def projection(x: Array) -> Array:
    """A weighted mean of the channels with fixed random weights, (N, H, W): where it differs, pixels differ.

    It is quick to compute, and added up in the same order for every pixel.  Weights of at most 1/C let no sum overflow.
    """
    weights = projection_weights(x.shape[3], x.dtype)
    if len(weights) > 4:
        return np.asarray(np.einsum("nhwc,c->nhw", x, weights) + 0)
    return np.asarray(sum((x[..., c] * weight for c, weight in enumerate(weights)), np.zeros(x.shape[:3], x.dtype)))


@cache
def projection_weights(channels: int, dtype: npt.DTypeLike) -> Array:
    rng = np.random.default_rng(0)
    weights: Array = rng.uniform(0.5, 1, channels) * rng.choice((-1, 1), channels) / max(channels, 1)
    return weights.astype(dtype)


def has_equal(keys: Array) -> bool:
    """Whether any two positions of one image have equal keys (N, H, W)."""
    in_order = np.sort(keys.reshape(len(keys), -1), axis=1)
    return bool((in_order[:, 1:] == in_order[:, :-1]).any())


def dead_places(x: Array) -> Array:
    """The numbers, among all pixels of x (N, H, W, C), of the pixels that are 0 in every channel."""
    pixels = x.reshape(-1, x.shape[3])
    if pixels.strides != (x.shape[3] * x.itemsize, x.itemsize):  # channels are not contiguous
        pixels = pixels.copy()
    words = pixels.view(np.uint64 if x.shape[3] * x.itemsize % 8 == 0 else np.uint32)
    sign = np.array(-0.0, x.dtype).repeat(words.itemsize // x.itemsize).view(words.dtype)
    bits = reduce(np.bitwise_or, words.T[:4])
    places = np.flatnonzero((bits & ~sign) == 0)  # a few channels leave few candidates
    return places[~(words[places] & ~sign).any(axis=1)] if words.shape[1] > 4 else places


def with_border(keys: Array, x: Node, side: Side) -> Array:
    """The keys, with 0 at dead pixels of x and nowhere else; 0 is also the key of the border of zeros around x.

    A pixel is dead if it is 0 in every channel.
    """
    if x.op is None:
        return keys
    keys = keys + MIX
    keys.reshape(-1)[dead_places(side_of(x, side))] = 0
    return keys


def of_dead(x: Array) -> Array | None:
    """The keys of pixels about which nothing else is known: the dead ones are alike.  None if there are none."""
    places = dead_places(x)
    if not len(places):
        return None
    keys = np.empty(x.shape[:3], np.uint64)
    keys[...] = mixed(np.arange(1, 1 + keys[0].size, dtype=np.uint64)).reshape(keys.shape[1:])
    keys.reshape(-1)[places] = 0
    return keys


# -- of a computed node ------------------------------------------------------------------------------------
def of_identity(node: Node, side: Side, inputs: list[Array | None]) -> Array | None:
    return inputs[0]


def of_function(node: Node, side: Side, inputs: list[Array | None]) -> Array | None:
    """Outputs of an elementwise function are alike if its inputs are; if nothing is known, they are where it saturates.

    A ReLU saturates at 0, other functions at any number.  A function with an array may treat positions differently.
    """
    if largest_rank(node.op) > 1:
        return None
    x = side_of(node, side)
    if inputs[0] is not None:
        return with_saturated(inputs[0], x, node.op) if isinstance(node.op, Clip) else inputs[0]
    return of_dead(x) if type(node.op) is Relu else pixel_fingerprints(x)


def with_saturated(keys: Array, x: Array, op: Clip) -> Array:
    """The keys of x = clip(...), changed where a pixel is at a bound in every channel.

    Such pixels are alike if their bounds are the same.
    """
    full = ((x == x.dtype.type(op.low)) | (x == x.dtype.type(op.high))).all(axis=3)
    if not full.any():
        return keys
    keys = keys + MIX
    keys[full] = hashed(x[full][:, None, None])[:, 0, 0]
    return keys


def of_convolution(node: Node, side: Side, inputs: list[Array | None]) -> Array | None:
    keys, op, (x, w, *_) = inputs[0], node.op, node.inputs
    if keys is None or not isinstance(x, Node):
        return None
    if op.padding != ((0, 0), (0, 0)):
        keys = with_border(keys, x, side)
    high, wide = shape_of(w)[:2]
    return fingerprint_windows(keys, (high, wide), op.stride, op.dilation, op.padding, node.shape)


def of_mean(node: Node, side: Side, inputs: list[Array | None]) -> Array | None:
    """Windows whose pixels are all alike have equal means, however many of their pixels lie inside the image."""
    keys, op = inputs[0], node.op
    if keys is None:
        return None
    shape = list(keys.shape)
    for axis in (1, 2):  # along an axis, a window of pixels that are alike has the mean of one of them
        window, stride, margins = [1, 1], [1, 1], [(0, 0), (0, 0)]
        window[axis - 1], stride[axis - 1], margins[axis - 1] = (
            op.window[axis - 1],
            op.stride[axis - 1],
            op.padding[axis - 1],
        )
        shape[axis] = node.shape[axis]
        padding: Margins = (margins[0], margins[1])
        low, high = (pad_images(keys[..., None], padding, fill)[..., 0] for fill in (~np.uint64(0), np.uint64(0)))
        along = (axis, window[axis - 1], stride[axis - 1], shape[axis])
        low, high = (
            reduce(np.minimum, window_views_along(low, *along)),
            reduce(np.maximum, window_views_along(high, *along)),
        )
        sums = fingerprint_windows(
            keys + MIX, (window[0], window[1]), (stride[0], stride[1]), (1, 1), padding, tuple(shape)
        )
        keys = np.where(low == high, high, sums)
    return keys


def of_selection(node: Node, side: Side, inputs: list[Array | None]) -> Array | None:
    """Different windows often share a maximum, as at a border, so the key says which entry the maximum came from."""
    keys = inputs[0]
    if keys is None:
        return pixel_fingerprints(side_of(node, side))
    if not is_small_pool(node.op):
        return pixel_fingerprints(node.op.forward(equalised(node.sources[0], side)))
    index = node.memo["largest", side] = node.op.argmax(side_of(node.sources[0], side))  # of those alike, any will do
    return fingerprint_maxima(node.op, keys, index, side_of(node, side))


def of_resize(node: Node, side: Side, inputs: list[Array | None]) -> Array | None:
    """A new pixel lies between two pixels of the input; if these are alike, it is like them, whatever its position."""
    keys, op = inputs[0], node.op
    if keys is None:
        return None
    for axis in (1, 2):
        keys = between(keys, axis, centres(keys.shape[axis], op.size[axis - 1]))
    return keys


def of_interpolation(node: Node, side: Side, inputs: list[Array | None]) -> Array | None:
    """Like `of_resize`, along one axis."""
    keys, op = inputs[0], node.op
    if keys is None or op.axis == 3:
        return None
    n = keys.shape[op.axis]
    return between(keys, op.axis, np.clip(positions(n, op.size, op.mode, op.factor), 0, n - 1))


def between(keys: Array, axis: int, where: Array) -> Array:
    """The keys of positions `where` along an axis, each between two old ones.

    If the two are alike, the key is that of either.
    """
    low = where.astype(np.intp)
    share = (where - low).view(np.uint64).reshape(-1, *(1,) * (2 - axis))
    a, b = keys.take(low, axis), keys.take(np.minimum(low + 1, keys.shape[axis] - 1), axis)
    ahead, behind = odd_numbers(2)
    return np.where((a == b) | (share == 0), a, mixed(a * ahead + b * behind + share))


def of_gathering(node: Node, side: Side, inputs: list[Array | None]) -> Array | None:
    """Pick the keys of rows or columns; channels that are picked leave them as they are."""
    keys, op = inputs[0], node.op
    return keys if keys is None or op.axis == 3 else keys.take(op.indices, op.axis)


def of_channel_sum(node: Node, side: Side, inputs: list[Array | None]) -> Array | None:
    """Sums over channels are alike if the channels are."""
    return inputs[0] if node.op.axes == (3,) and node.op.keepdims else None


def of_product(node: Node, side: Side, inputs: list[Array | None]) -> Array | None:
    """x @ w + b is computed position by position, if all positions share one matrix w and one b."""
    x, w, *b = node.inputs
    if not isinstance(x, Node) or (isinstance(w, Node) and w.ndim != 2):
        return None
    return inputs[0] if prod(shape_of(w)[:-2]) == 1 and all(u is None or len(shape_of(u)) == 1 for u in b) else None


def side_by_side(node: Node, side: Side, inputs: list[Array | None]) -> Array | None:
    """Joined channels are alike if they are alike in all inputs.

    For images joined along another axis, nothing is known.
    """
    return combined(node, side, inputs) if node.op.axis == 3 else None


def of_slice(node: Node, side: Side, inputs: list[Array | None]) -> Array | None:
    """The keys of x[:, rows, columns, channels], if all three are slices."""
    keys, index = inputs[0], node.op.index
    if Ellipsis in index:
        at = index.index(Ellipsis)
        index = (*index[:at], *(slice(None),) * (4 - len(index)), *index[at + 1 :])
    whole = all(isinstance(part, slice) for part in index)
    return keys[(slice(None), *index[:2])] if keys is not None and whole else None


def of_pad(node: Node, side: Side, inputs: list[Array | None]) -> Array | None:
    """The pixels of the border are all alike, and none is like a pixel inside, whose key is changed to ensure this."""
    keys, (rows, columns, channels) = inputs[0], node.op.widths
    if keys is None or any(channels):
        return None
    border = mixed(np.array([node.op.fill], np.float64).view(np.uint64))[0]
    return pad_images((keys + MIX)[..., None], (rows, columns), border)[..., 0]


def combined(node: Node, side: Side, inputs: list[Array | None]) -> Array | None:
    """Positions are alike if they are alike in all inputs."""
    total = None
    for x, keys, weight in zip(node.inputs, inputs, odd_numbers(len(inputs)), strict=True):
        if prod(shape_of(x)[-3:-1]) == 1:  # the same for all positions
            continue
        if keys is None and x is not None and not isinstance(x, Node):
            keys = hashed(np.asarray(x, np.float64).reshape((1,) * (4 - np.ndim(x)) + np.shape(x)))
        if keys is None:
            return None
        total = keys * weight if total is None else total + keys * weight
    return total


CARRIERS: Mapping[type, Carrier] = {
    Elementwise: of_function,
    Sum: of_channel_sum,
    Mean: of_channel_sum,
    Interpolate: of_interpolation,
    Gather: of_gathering,
    Identity: of_identity,
    MatMul: of_product,
    Convolution: of_convolution,
    AveragePool: of_mean,
    Resize: of_resize,
    Selection: of_selection,
    Take: of_slice,
    Pad: of_pad,
    Add: combined,
    Multiply: combined,
    Concatenate: side_by_side,
}


def fingerprint_windows(
    keys: Array,
    window: tuple[int, int],
    stride: tuple[int, int],
    dilation: tuple[int, int],
    padding: Margins,
    shape: tuple[int, ...],
) -> Array:
    """Σ of odd numbers × the fingerprints in each window, along columns and then along rows: (N, H, W) -> (N, h, w)"""

    odd = np.split(odd_numbers(sum(window)), [window[0]])  # rows and columns have different numbers

    def sums(keys: Array) -> Array:
        keys = pad_images(keys[..., None], padding)[..., 0]
        for axis in (0, 1):
            entries = window_views_along(keys, 1 + axis, window[axis], stride[axis], shape[1 + axis], dilation[axis])
            total, product = next(entries) * odd[axis][0], None
            for entry, weight in zip(entries, odd[axis][1:], strict=True):
                product = np.multiply(entry, weight, out=product)
                total += product
            keys = total
        return mixed(keys)  # windows of windows are no linear function, so that mirrored borders do not meet

    return by_images(sums, np.empty((len(keys), *shape[1:3]), np.uint64), keys)


def fingerprint_maxima(op: MaxPool, keys: Array, index: Array, maxima: Array) -> Array:
    """Fingerprints of maxima: (N, H, W) -> (N, h, w)

    Each is the sum, over the entries of a window, of the fingerprint × a number whose bits are the channels that are
    largest there.  A channel whose maximum is 0 adds nothing: after a ReLU many entries are 0, and any of them may be
    the first.  For entries with one fingerprint the numbers add up, so it does not matter which of them is the largest.
    """

    def sums(keys: Array, index: Array, maxima: Array) -> Array:
        counts, total = maxima != 0, np.zeros(index.shape[:3], np.uint64)
        for t, entry in enumerate(op.window_views(pad_images(keys[..., None], op.padding))):
            words = as_words((index == t) & counts)
            for k, odd in enumerate(odd_numbers(words.shape[3])):
                total += entry[..., 0] * (words[..., k].astype(np.uint64) * odd)
        return total

    return by_images(sums, np.empty(index.shape[:3], np.uint64), keys, index, maxima)


def as_words(mask: Array) -> Array:
    """The bits of each pixel as unsigned integers of the largest size that fits: booleans (N, h, w, C) -> (N, h, w, K)

    >>> as_words(np.array([[[[False] * 15 + [True]]]])).view(np.uint8).tolist()
    [[[[0, 1]]]]
    """
    bits = np.packbits(mask, axis=3) if mask.shape[3] % 8 else np.packbits(mask)  # equal, but much faster
    bits = bits.reshape(*mask.shape[:3], -1)
    return bits.view(f"u{gcd(bits.shape[3], 8)}")


def first_in_each(keys: Array) -> Array:
    """For each position, the number of the first position in its image with an equal key: (N, H, W) -> (N, H, W)"""
    image = np.arange(len(keys))[:, None, None]
    apart = keys ^ (image.astype(np.uint64) * MIX)
    return np.asarray(first_equal(apart.reshape(-1)).reshape(keys.shape) - image * keys[0].size)


def first_equal(keys: Array) -> Array:
    """For each key, the number of the first key that equals it: (P,) -> (P,)

    A table has one slot for each value of some bits of the keys.  Keys that find another key in their slot are tried
    again with other bits.

    >>> first_equal(np.array([7, 9, 7, 7, 9], np.uint64)).tolist()
    [0, 1, 0, 0, 1]
    """
    first = np.arange(len(keys))
    left, bits = first.copy(), (4 * len(keys)).bit_length()
    scrambled, table = keys, np.empty(1 << bits, np.intp)
    while len(left):
        slots = (scrambled >> np.uint64(64 - bits)).view(np.intp)
        table.put(slots[::-1], left[::-1])  # in reverse, so that the first key of a slot is written last
        found = table.take(slots)
        meets = keys.take(found) != keys.take(left)
        first[left] = np.where(meets, left, found)
        left, scrambled = left[meets], scrambled[meets] * MIX
    return first


def by_images(f: Callable[..., Array], y: Array, *xs: Array) -> Array:
    """Write f(*xs) into y, a few images at a time on several threads, and return y."""
    step = max(1, BLOCK // max(1, prod(y.shape[1:])))

    def work(space: Workspace, start: int) -> None:
        part = slice(start, start + step)
        y[part] = f(*(x[part] for x in xs))

    if step >= len(y):
        y[...] = f(*xs)
    else:
        in_parallel(work, [(start,) for start in range(0, len(y), step)])
    return y

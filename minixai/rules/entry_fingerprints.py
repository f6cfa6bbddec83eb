"""Fingerprints of single entries, for ops that reshape, transpose, or mix axes other than the channels.

`rules.ties` keeps one fingerprint for each position of an image, because most ops treat all channels of a position
alike.  If an op does not, or an array is not an image, every entry gets its own fingerprint: that of its position and
its channel, mixed with a number of its node, so that entries of different nodes do not share one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from itertools import count

import numpy as np
import numpy.typing as npt

from minixai.arrays import Array
from minixai.graph import Node
from minixai.ops.arithmetic import Add, MatMul, Multiply
from minixai.ops.kinds import Elementwise
from minixai.ops.reductions import Max, Mean, Sum
from minixai.ops.sampling import Gather
from minixai.ops.shapes import Concatenate, Identity, Pad, Reshape, Take, Transpose

numbers = count(1)
"""Numbers of nodes; only their equality matters."""


@cache
def odd_numbers(count: int) -> Array:
    """`count` random weights for fingerprints, (count,).

    They are odd, so multiplying by one is invertible modulo 2⁶⁴.
    """
    return np.random.default_rng(0).integers(0, 1 << 63, count, dtype=np.uint64) * 2 + 1


def mixed(keys: Array) -> Array:
    """The keys with their bits well spread; different keys stay different, and 0 stays 0."""
    keys = keys * MIX  # 64 bits, even if the keys have fewer
    keys ^= keys >> np.uint64(32)
    return keys


MIX = np.uint64(0x9E3779B97F4A7C15)
"""2⁶⁴ divided by the golden ratio: an odd number whose bits are well spread."""


def entries_of_places(keys: Array, channels: int, node: Node) -> Array:
    """The fingerprints (N, H, W, C) of all entries, from those of the positions (N, H, W)."""
    return mixed(keys[..., None] + odd_numbers(channels)) + node_number(node)


def places_of_entries(entries: Array) -> Array:
    """The fingerprints (N, H, W) of the positions, from those of the entries (N, H, W, C)."""
    return mixed(odd_weighted_sum(entries, (3,), keepdims=False))


def carry_entries(node: Node, inputs: list[Array | None]) -> Array | None:
    """The fingerprints of all entries of a node, from those of its inputs (None for a constant).

    Returns None if the op is not in ENTRY_CARRIERS.
    """
    kind = Elementwise if isinstance(node.op, Elementwise) else type(node.op)
    if kind not in ENTRY_CARRIERS:
        return None
    keys = [
        mixed_bits(x) if entries is None and x is not None else entries
        for x, entries in zip(node.inputs, inputs, strict=True)
    ]
    return mixed(ENTRY_CARRIERS[kind](node, *keys) + node_number(node))


def node_number(node: Node) -> Array:
    """A random-looking number of this node, which stays the same: (1,)"""
    if "number" not in node.memo:
        node.memo["number"] = next(numbers)
    return mixed(np.array([2 * node.memo["number"] + 1], np.uint64))


def mixed_bits(x: npt.ArrayLike | Node) -> Array:
    """Fingerprints of the entries of a constant, from their bits."""
    array = np.atleast_1d(np.asarray(x, np.float64)) + 0  # + 0 turns −0 into 0
    return mixed(array.view(np.uint64) + MIX)


def odd_weighted_sum(keys: Array, axes: tuple[int, ...], keepdims: bool) -> Array:
    """Σ of odd numbers × fingerprints over some axes; each position along them has a different odd number."""
    last = np.moveaxis(keys, axes, range(keys.ndim - len(axes), keys.ndim))
    flat = last.reshape(*last.shape[: keys.ndim - len(axes)], -1)
    total = np.einsum("...i,i->...", flat, odd_numbers(flat.shape[-1]))
    return np.asarray(np.expand_dims(total, axes) if keepdims else total)


def of_same(node: Node, keys: Array) -> Array:
    return keys


def of_reduction(node: Node, keys: Array) -> Array:
    return odd_weighted_sum(keys, node.op.axes, node.op.keepdims)


def of_reshape(node: Node, keys: Array) -> Array:
    return keys.reshape(len(keys), *node.op.shape)


def of_moved(node: Node, *keys: Array) -> Array:
    """Apply the op itself to the fingerprints: it only moves entries."""
    return np.asarray(node.op.forward(*keys))


def of_padding(node: Node, keys: Array) -> Array:
    return np.pad(keys, ((0, 0), *node.op.widths), constant_values=mixed_bits(node.op.fill))


def of_sum(node: Node, *keys: Array) -> Array:
    return np.asarray(sum(key * weight for key, weight in zip(keys, odd_numbers(len(keys)), strict=True)))


def of_matrix_product(node: Node, x: Array, w: Array, *b: Array | None) -> Array:
    """(..., M, I) @ (..., I, O): an entry is determined by a row of x and a column of w, each summed over its terms."""
    rows, columns = odd_weighted_sum(x, (x.ndim - 1,), keepdims=True), odd_weighted_sum(w, (w.ndim - 2,), keepdims=True)
    total = mixed(rows) + (columns[0] if w.ndim == 2 else columns)
    return np.asarray(mixed(total) + b[0] if b and b[0] is not None else total)


ENTRY_CARRIERS: Mapping[type, Callable[..., Array]] = {
    Elementwise: of_same,
    Identity: of_same,
    Reshape: of_reshape,
    Transpose: of_moved,
    Take: of_moved,
    Gather: of_moved,
    Concatenate: of_moved,
    Pad: of_padding,
    Sum: of_reduction,
    Mean: of_reduction,
    Max: of_reduction,
    Add: of_sum,
    Multiply: of_sum,
    MatMul: of_matrix_product,
}

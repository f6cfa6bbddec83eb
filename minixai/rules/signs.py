"""Sums Σ x·w with terms of both signs, separated into the terms that raise the sum and those that lower it.

The weights have two versions.  `up` is for terms x·w > 0 and `down` for the others if x > 0; if x < 0, they are
swapped.
"""

from typing import TypeAlias

import numpy as np

from minixai.arrays import Array
from minixai.graph import Node, values

Pair: TypeAlias = tuple[Array, Array]


def has_single_factor(node: Node) -> bool:
    """Whether one factor of a product is a node, and the other factor a constant."""
    return [j for j, x in enumerate(node.inputs) if isinstance(x, Node)] in ([0], [1])


def where_sign(x: Array, rising: Array, falling: Array) -> Array:
    """`rising` where x > 0, `falling` where x < 0, and the mean of the two where x is 0."""
    return np.where(x > 0, rising, np.where(x < 0, falling, (rising + falling) / 2))


def split_by_sign(x: Array) -> Array:
    """The positive and the negative part of x, stacked: (N, ...) -> (2, N, ...)"""
    return np.stack([np.maximum(x, 0), np.minimum(x, 0)])


def forward_by_sign(node: Node, i: int, x: Array, w: Pair) -> Array:
    """The sums of the terms of u·v that are positive, and of those that are negative: (2, N, ...) -> (2, N, ...)

    The i-th input is `x`, split by sign; the other factor is `w`, (up, down).  A bias is left out.
    """
    nothing = [None if b is None else np.zeros_like(b) for b in values(node.inputs[2:])]

    def product(x: Array, w: Array) -> Array:
        return np.asarray(node.op.forward(*in_order(i, x, w), *nothing))

    (rise, fall), (up, down) = x, w
    return np.stack([product(rise, up) + product(fall, down), product(rise, down) + product(fall, up)])


def vjp_by_sign(node: Node, i: int, m: Array, w: Pair) -> Pair:
    """The transpose of `forward_by_sign`, as two arrays in the shape of the i-th input.

    They are what the input receives where it is > 0, and where it is < 0.
    """
    x = node.sources[0].value

    def back(m: Array, w: Array) -> Array:
        return np.asarray(node.op.vjp(i, m, *in_order(i, x, w)))

    (high, low), (up, down) = m, w
    return back(high, up) + back(low, down), back(high, down) + back(low, up)


def in_order(i: int, x: Array, w: Array) -> Pair:
    """The two factors in their order: x is the i-th, and w the other."""
    return (x, w) if i == 0 else (w, x)


def constant_factor(node: Node, i: int) -> Array:
    """The factor of a product other than the i-th input, as an array; it must be a constant."""
    return np.asarray(node.inputs[1 - i])

"""Sums Σ x·w of terms of both signs, separated into the terms that raise the sum and those that lower it.

That takes two versions of the weights: `up` for terms x·w > 0 and `down` for the others, where x > 0; where x < 0 they
change places.
"""

from typing import TypeAlias

import numpy as np

from minixai.arrays import Array
from minixai.graph import Node, values

Pair: TypeAlias = tuple[Array, Array]


def has_single_factor(node: Node) -> bool:
    """Whether one factor of a product is a node, and the other a constant."""
    return [j for j, x in enumerate(node.inputs) if isinstance(x, Node)] in ([0], [1])


def where_sign(x: Array, rising: Array, falling: Array) -> Array:
    """`rising` where x > 0, `falling` where x < 0, and their mean where x is 0."""
    return np.where(x > 0, rising, np.where(x < 0, falling, (rising + falling) / 2))


def split_by_sign(x: Array) -> Array:
    """The positive and the negative part of x: (N, ...) -> (2, N, ...)"""
    return np.stack([np.maximum(x, 0), np.minimum(x, 0)])


def forward_by_sign(node: Node, i: int, x: Array, w: Pair) -> Array:
    """The sum of the terms of u·v that raise it, and of those that lower it: (2, N, ...) -> (2, N, ...)

    The i-th input is `x`, split by sign, and the other is `w`, up and down; what is added to the product is left out.
    """
    nothing = [None if b is None else np.zeros_like(b) for b in values(node.inputs[2:])]

    def product(x: Array, w: Array) -> Array:
        return np.asarray(node.op.forward(*in_order(i, x, w), *nothing))

    (rise, fall), (up, down) = x, w
    return np.stack([product(rise, up) + product(fall, down), product(rise, down) + product(fall, up)])


def vjp_by_sign(node: Node, i: int, m: Array, w: Pair) -> Pair:
    """The way back through `forward_by_sign`: what the i-th input receives where it is > 0, and where it is < 0."""
    x = node.sources[0].value

    def back(m: Array, w: Array) -> Array:
        return np.asarray(node.op.vjp(i, m, *in_order(i, x, w)))

    (high, low), (up, down) = m, w
    return back(high, up) + back(low, down), back(high, down) + back(low, up)


def in_order(i: int, x: Array, w: Array) -> Pair:
    """x as the i-th of two factors, and w as the other."""
    return (x, w) if i == 0 else (w, x)


def constant_factor(node: Node, i: int) -> Array:
    """The other factor, which is a constant."""
    return np.asarray(node.inputs[1 - i])

"""A table of rules, with what its multipliers mean at a node."""

from __future__ import annotations

from minixai.arrays import Array, multiply_no_nan
from minixai.graph import Node, Op, Rule


class Table(dict[type[Op], Rule]):
    """Rules by kind of operation: rule(node, i, m) is what the i-th input receives.

    `contributions` and `effective` read the multipliers m that a walk by this table leaves at a node.

    >>> x = Node([[3.0]], reference=1.0)
    >>> Table().contributions(x, x.value - 1)
    array([[4.]])
    """

    def contributions(self, node: Node, m: Array) -> Array:
        """m · Δ, in the shape of the node."""
        return multiply_no_nan(m, node.delta)

    def effective(self, node: Node, m: Array) -> Array:
        """The multiplier that makes these contributions, in the shape of the node."""
        return m

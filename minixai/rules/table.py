"""A table of rules, and how its multipliers are read at a node."""

from __future__ import annotations

from minixai.arrays import Array, multiply_no_nan
from minixai.docstrings import document_with
from minixai.graph import Node, Op, Rule

document = document_with(
    {
        "rule": """\
Parameters
----------
node : Node
    The node whose multiplier is passed on.
i : int
    The number of the input that receives it.
m : ndarray
    The multiplier of the node, in its shape.

Returns
-------
ndarray
    What the i-th input receives, in its shape."""
    }
)
"""Replace {rule} in the docstring of a rule by the description of its parameters and its result."""


class Table(dict[type[Op], Rule]):
    """A dictionary {kind of operation: rule}, where rule(node, i, m) returns what the i-th input receives.

    `contributions` and `effective` interpret the multiplier m that a backward pass with this table gives a node.

    Examples
    --------
    >>> x = Node([[3.0]], reference=1.0)
    >>> m = x.delta
    >>> Table().contributions(x, m), Table().effective(x, m)
    (array([[4.]]), array([[2.]]))
    """

    def contributions(self, node: Node, m: Array) -> Array:
        """m · Δ, in the shape of the node."""
        return multiply_no_nan(m, node.delta)

    def effective(self, node: Node, m: Array) -> Array:
        """The multiplier that gives these contributions, in the shape of the node."""
        return m

"""Find what left the graph: numbers that depend on the input of a function without being computed by nodes.

`node.value` and NumPy give arrays without a history.  A result computed from them enters the graph as a constant: it
has no gradient, and the same value at the reference as at the input.  To detect this, compare the graphs of one
function for two inputs: apart from the input, both should hold the same constants.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from minixai.arrays import Array
from minixai.graph import Node, Op, history

REMEDY = "which leaves the graph, so use minixai.ops for it, or write an Op"


class Outline(NamedTuple):
    """A graph without its activations.

    ops         (kind of op, number of inputs) of each node, inputs first
    constants   (description, array): first nodes without an op other than the input, then constant inputs of ops
    settings    (description, value) of each attribute of the ops
    fixed       those of `settings` that belong to frozen dataclasses, whose attributes cannot change between calls
    """

    ops: list[tuple[str, int]]
    constants: list[tuple[str, Array]]
    settings: list[tuple[str, Any]]
    fixed: list[tuple[str, Any]]


def outline(output: Node, x: Node) -> Outline:
    """The outline of the graph of an output; x is the input, which is not counted as a constant."""
    nodes = history(output)
    ops = [(type(node.op).__name__ if node.op else "an input", len(node.inputs)) for node in nodes]
    leaves = [
        (
            f"{f'the node {node.name!r}' if node.name else 'a node'} of shape {node.shape} that is not the input",
            node.value,
        )
        for node in nodes
        if node.op is None and node is not x
    ]
    arrays = [
        (f"an array of shape {np.shape(u)} in {type(node.op).__name__}", u)
        for node in nodes
        for u in node.inputs
        if u is not None and not isinstance(u, Node)
    ]
    found = [
        (is_frozen(node.op), (f"the {name} of {type(node.op).__name__}", value))
        for node in nodes
        for name, value in getattr(node.op, "__dict__", {}).items()
    ]
    settings, fixed = [setting for _, setting in found], [setting for frozen, setting in found if frozen]
    return Outline(ops, leaves + arrays, settings, fixed)


def is_frozen(op: Op | None) -> bool:
    """Whether an op is a frozen dataclass, as those of minixai.ops are."""
    parameters = getattr(op, "__dataclass_params__", None)
    return bool(parameters and parameters.frozen)


def find_detached(one: Outline, other: Outline, settings: bool = False) -> str | None:
    """Describe what left the graph, given the outlines of one function for two inputs; None if all constants are equal.

    The inputs may differ in their number of rows.  The kinds of the ops are compared too, and the attributes of frozen
    ops; with `settings`, the attributes of all ops.

    >>> def g(z):
    ...     return z.sum() + Node(abs(z.value)).sum()
    >>> x, y = Node([[1.0, 2.0]]), Node([[0.0, 0.0]])
    >>> print(find_detached(outline(g(x), x), outline(g(y), y)).split(":")[0])
    a node of shape (1, 2) that is not the input changes with the input
    """
    if one.ops != other.ops or len(one.constants) != len(other.constants):
        return different_ops(one, other)
    pairs = list(zip(one.constants, other.constants, strict=True))
    made = (one.settings, other.settings) if settings else (one.fixed, other.fixed)
    if len(made[0]) == len(made[1]):
        pairs += zip(*made, strict=True)
    for (what, value), (_, changed) in pairs:
        if not is_same(value, changed):
            return f"{what} changes with the input: it was made from an array (node.value or NumPy), {REMEDY}"
    return None


def different_ops(one: Outline, other: Outline) -> str:
    kinds = [pair for pair in zip(one.ops, other.ops, strict=False) if pair[0] != pair[1]]
    which = f" ({kinds[0][0][0]} against {kinds[0][1][0]})" if kinds else ""
    return (
        f"the function takes another way at another input{which}: an if on node.value leaves the graph, so choose "
        "inside it, with relu, abs or max of minixai.ops, or write an Op"
    )


def is_same(u: Any, v: Any) -> bool:
    """Whether two constants or settings are equal.  Arrays may differ in their number of rows if one has a single row.

    Objects that are neither arrays, numbers, text, slices nor sequences count as equal.
    """
    if u is v:
        return True
    if isinstance(u, np.ndarray) and isinstance(v, np.ndarray):
        if u.__array_interface__ == v.__array_interface__:
            return True
        fits = u.ndim == v.ndim and (u.shape == v.shape or (u.shape[1:] == v.shape[1:] and 1 in (len(u), len(v))))
        return fits and bool((u == v).all())
    if isinstance(u, (tuple, list)) and isinstance(v, (tuple, list)):
        return len(u) == len(v) and all(map(is_same, u, v))
    plain = (bool, int, float, str, slice, np.generic)
    return bool(u == v) if isinstance(u, plain) and isinstance(v, plain) else True

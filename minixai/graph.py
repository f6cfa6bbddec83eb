"""Record a computation as a graph, then walk it backwards.

On the forward pass, every node gets two arrays: the value that the network computed, and the value that it would have
computed on a reference input.  On the backward pass, every node gets one: its multiplier, which says how much the
output changes when the node changes by one.

The walk itself knows no calculus: it looks up in a table of rules what to do at each kind of operation.  So one walk
serves every method that walks back; such a method *is* its table.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeAlias, TypeGuard

import numpy as np
import numpy.typing as npt

from minixai.arrays import Array, broadcast_reference, readonly_view
from minixai.operators import Operators
from minixai.validate import as_float

Operand: TypeAlias = "Node | npt.ArrayLike"
Rule: TypeAlias = "Callable[[Node, int, Array], Array]"  # rule(node, i, m) returns what the node's i-th input receives
Rules: TypeAlias = "Mapping[type[Op], Rule]"


class Node(Operators):
    """An array, and the operation that made it: value = op.forward(*inputs).

    Parameters
    ----------
    value : array_like, (N, ...)
        The array.  Axis 0 holds the rows, one for each input of the network; no op mixes rows.
    reference : array_like, (N, ...) or (1, ...), optional
        What the value would be on a reference input; by default the value itself, so that `delta` is 0.
    op : Op, optional
        The operation that made the value; None for an input of the graph.
    inputs : tuple of Node, ndarray and None
        The arguments of the operation; arrays are constants, and None is an argument that was left out.
    name : str, optional
        The name by which methods find the node.

    Attributes
    ----------
    depth : int
        0 for an input, otherwise one more than the depth of its deepest input.

    Raises
    ------
    TypeError
        If the value does not hold real numbers.
    ValueError
        If the reference does not fit the value.

    Examples
    --------
    >>> x = Node([[1.0, 2.0]], reference=0.0)
    >>> (3 * x).delta
    array([[3., 6.]])
    """

    __slots__ = ("__weakref__", "depth", "inputs", "memo", "name", "op", "reference", "value")

    def __init__(
        self,
        value: npt.ArrayLike,
        reference: npt.ArrayLike | None = None,
        op: Op | None = None,
        inputs: tuple[Node | Array | None, ...] = (),
        name: str | None = None,
    ) -> None:
        self.value = readonly_view(as_float(value), own=op is None)
        self.reference = (
            self.value
            if reference is None
            else readonly_view(broadcast_reference(reference, self.value), own=op is None)
        )
        self.op: Any = op
        self.inputs, self.name = inputs, name
        self.memo: dict[Any, Any] = {}  # what rules remember about the node; each rule uses its own keys
        self.depth: int = 1 + max((x.depth for x in self.sources), default=-1)

    @property
    def delta(self) -> Array:
        """value − reference: (N, ...)"""
        return np.asarray(self.value - self.reference)

    @property
    def sources(self) -> list[Node]:
        """The inputs that are nodes, not constants."""
        return [x for x in self.inputs if isinstance(x, Node)]

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the value, (N, ...)."""
        return self.value.shape

    @property
    def ndim(self) -> int:
        """The number of axes of the value."""
        return self.value.ndim

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the value, which all nodes of a graph share."""
        return self.value.dtype

    def named(self, name: str | None) -> Node:
        """Name this node, so that methods find it as `layer=name`, and return it.

        >>> h = (Node([[1.0]]) * 2).named("h")
        >>> h.name
        'h'
        """
        self.name = name
        return self

    def __repr__(self) -> str:
        kind = type(self.op).__name__ if self.op else "Input"
        return f"<{kind}{f' {self.name!r}' if self.name else ''} {self.shape} {self.dtype}>"

    def __len__(self) -> int:
        return len(self.value)


class Weight(Node):
    """A node without rows, which every row shares, as the weights of a layer in training.

    What is computed from weights alone is a weight too.

    Examples
    --------
    >>> x, w = Node([[1.0, 2.0], [3.0, 4.0]]), Weight([10.0, 0.0])
    >>> (x * (w + 1)).value
    array([[11.,  2.],
           [33.,  4.]])
    """

    __slots__ = ()


class Op:
    """A function of arrays, with its derivative.

        forward(*xs)    ->  y
        vjp(i, m, *xs)  ->  m · ∂y/∂xs[i]

    Raises
    ------
    TypeError
        If the op is called without a node, or with nodes of different dtypes.
    ValueError
        If the op is called and its `forward` changes the number of rows.

    Notes
    -----
    Both functions are pure: an Op remembers nothing between calls, so one Relu() may serve a whole network.  The result
    of a vjp has as many rows as m, even if xs[i] has a single row.

    Examples
    --------
    >>> class Double(Op):
    ...     def forward(self, x):
    ...         return 2 * x
    >>> Double()(Node([[1.0, 3.0]])).value
    array([[2., 6.]])
    """

    def forward(self, *xs: Any) -> Array:
        """The result y, for inputs that are arrays; an input that was left out is None."""
        raise NotImplementedError(f"{type(self).__name__} has no forward: define forward(self, *arrays) -> array")

    def vjp(self, i: int, m: Array, *xs: Any) -> Array:
        """m · ∂y/∂xs[i], in the shape of xs[i]; m has the shape of y."""
        raise NotImplementedError(f"{type(self).__name__} has no vjp: define vjp(self, i, m, *arrays) -> array")

    def __call__(self, *inputs: Operand | None) -> Node:
        nodes = [x for x in inputs if isinstance(x, Node)]
        dtype = the_dtype(self, nodes)
        operands = tuple(
            x if isinstance(x, Node) or x is None else readonly_view(as_float(x).astype(dtype, copy=False))
            for x in inputs
        )
        value = self.forward(*values(operands))
        kind = Node if any(map(has_rows, nodes)) else Weight
        if kind is Node and value.shape[:1] not in [x.shape[:1] for x in nodes]:
            shapes = " and ".join(str(np.shape(x)) for x in values(operands) if x is not None)
            raise ValueError(
                f"{type(self).__name__} of {shapes} gives {value.shape}: the rows (axis 0, one for each "
                "input) would be mixed; give constants the shape of one row"
            )
        has_moved = any(x.reference is not x.value for x in nodes)
        return kind(value, self.forward(*references(operands)) if has_moved else None, self, operands)


def backward(
    output: Node, rules: Rules, seed: npt.ArrayLike = 1.0, keep: Collection[Node] | None = None
) -> dict[Node, Array]:
    """Multipliers of a graph, {node: m}, carried back from the output to every node that it was computed from.

    Parameters
    ----------
    output : Node
        Where the walk starts.
    rules : Mapping of type of Op to Rule
        The table: rule(node, i, m) returns what the i-th input of `node` receives, given m, the multiplier of `node`.
    seed : array_like, default 1.0
        The multiplier of the output: a number, or an array in the shape of the output.
    keep : collection of Node, optional
        The nodes whose multipliers are returned.  Only nodes on a path from these to the output are visited, and a
        node on which the output does not depend has multiplier 0.  By default the multiplier of every node is returned.

    Returns
    -------
    dict of Node to ndarray
        The multiplier of each node, in its shape.

    Raises
    ------
    TypeError
        If an op on the way back has no rule.
    ValueError
        If the seed does not fit the output.

    Examples
    --------
    >>> x = Node([[1.0, 2.0]])
    >>> from minixai.rules import GRADIENT
    >>> backward((x * x).sum(), GRADIENT)[x]
    array([[2., 4.]])
    """
    multiplier = {output: as_seed(seed, output)}
    path = history(output) if keep is None else leading_to(keep, history(output))
    on_path, to_keep = set(path), set(path if keep is None else keep)
    for node in reversed(path):
        m = multiplier[node] if node in to_keep else multiplier.pop(node)
        for i, x in enumerate(node.inputs):
            if isinstance(x, Node) and x in on_path:
                passed = rule_for(node, rules)(node, i, m)
                multiplier[x] = multiplier[x] + passed if x in multiplier else passed
    return {x: multiplier[x] if x in on_path else np.zeros_like(x.value) for x in (path if keep is None else keep)}


def history(output: Node) -> list[Node]:
    """The output and every node that it was computed from, sorted by depth, so that each node follows its inputs.

    >>> x = Node([[1.0]])
    >>> [node.depth for node in history(x * x + x)]
    [0, 1, 2]
    """
    found, stack = {output: None}, [output]
    while stack:
        for x in stack.pop().sources:
            if x not in found:
                found[x] = None
                stack.append(x)
    return sorted(found, key=lambda node: node.depth)


def leading_to(goals: Collection[Node], nodes: list[Node]) -> list[Node]:
    """Those of `nodes` that are one of `goals` or were computed from one; `nodes` must list inputs first."""
    found: dict[Node, None] = {}
    for node in nodes:
        if node in goals or any(x in found for x in node.sources):
            found[node] = None
    return list(found)


def rule_for(node: Node, rules: Rules) -> Rule:
    """The rule for the most specific class of a node's op.  Raises TypeError if the table has none."""
    for kind in type(node.op).__mro__:
        if kind in rules:
            return rules[kind]
    listed = ", ".join(getattr(kind, "__name__", repr(kind)) for kind in rules)
    raise TypeError(
        f"no rule for {type(node.op).__name__} (at {node!r}); this table covers {listed}: "
        "add an entry for it, or explain a layer above it"
    )


def replay(output: Node, changes: Mapping[Node, Node | npt.ArrayLike]) -> Node:
    """The output with some nodes replaced; only the nodes that depend on them are computed again.

    Parameters
    ----------
    output : Node
        The output of the graph.
    changes : Mapping of Node to Node or array_like
        {node of the graph: what replaces it}.

    Returns
    -------
    Node
        The new output.  The old graph is not changed.

    Examples
    --------
    >>> x = Node([[1.0, 2.0]])
    >>> h = 10 * x
    >>> replay(h.sum(), {h: [[1.0, 1.0]]}).value
    array([2.])
    """
    made: dict[Node, Node] = {}
    for node in history(output):
        if node in changes:
            new = changes[node]
            made[node] = new if isinstance(new, Node) else Node(np.asarray(new, node.dtype), name=node.name)
        elif node.op and any(x in made for x in node.sources):
            inputs = [made.get(x, x) if isinstance(x, Node) else x for x in node.inputs]
            made[node] = node.op(*inputs).named(node.name)
    return made.get(output, output)


def has_rows(x: Operand | None) -> TypeGuard[Node]:
    """Whether x is a node with an axis of rows, rather than a weight or a constant."""
    return isinstance(x, Node) and not isinstance(x, Weight)


def values(inputs: Sequence[Node | Array | None]) -> list[Array | None]:
    """The inputs, with the value of each node in place of the node; constants are unchanged."""
    return [x.value if isinstance(x, Node) else x for x in inputs]


def references(inputs: Sequence[Node | Array | None]) -> list[Array | None]:
    """The inputs, with the reference of each node in place of the node; constants are unchanged."""
    return [x.reference if isinstance(x, Node) else x for x in inputs]


def as_seed(seed: npt.ArrayLike, output: Node) -> Array:
    """The multiplier of the output, from which a walk starts, in the shape of the output.

    If the output has a single row, the seed may have several rows.
    """
    m = np.asarray(seed, output.dtype)
    with suppress(ValueError):
        m = np.broadcast_to(m, np.broadcast_shapes(m.shape, output.shape))
    if m.ndim != output.ndim or m.shape[1:] != output.shape[1:] or (m.ndim and len(m) != len(output) != 1):
        raise ValueError(
            f"a seed of shape {np.shape(seed)} does not fit an output of shape {output.shape}: give a number, "
            "one for each entry, or several rows for an output of one"
        )
    return m


def the_dtype(op: Op, nodes: list[Node]) -> np.dtype[Any]:
    """The dtype that all nodes share.  Raises TypeError if there is no node, or if the nodes have several dtypes."""
    if not nodes:
        raise TypeError(f"{type(op).__name__} was given no Node, only arrays: wrap the input first, Node(x)")
    if any(x.dtype != nodes[0].dtype for x in nodes):
        dtypes = " and ".join(sorted({str(x.dtype) for x in nodes}))
        raise TypeError(f"{type(op).__name__} was given nodes of {dtypes}: a graph has one dtype, convert its inputs")
    return nodes[0].dtype

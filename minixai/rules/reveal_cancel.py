"""RevealCancel: every Δ has two parts, what raises a node and what lowers it, so that cancelling terms stay visible.

    elementwise     Δy⁺ = ½[f(x₀ + Δ⁺) − f(x₀)] + ½[f(x₀ + Δ⁻ + Δ⁺) − f(x₀ + Δ⁻)], and Δy⁻ likewise
    linear          the op is applied to each part
    u·constant      the op is applied to each part; if the constant is negative, the parts are swapped
    x @ w, x ⋆ w    Δy⁺ is the sum of all terms Δx·w > 0 of the whole Δx, and Δy⁻ the sum of the others
    u·v, max        the parts are merged: Δy⁺ = max(Δy, 0), Δy⁻ = min(Δy, 0), and the rule is that of Rescale

For one pair of value and reference, each line is a linear map of the parts.  Multipliers have two parts too, m⁺ and m⁻,
and are carried back by the transposed maps.  So Σ m⁺Δ⁺ + m⁻Δ⁻ is the same at every step, and the contributions add up.
(Shrikumar et al. 2017, §3.5.1 and 3.5.3; for u·constant, the authors' library)
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from minixai.arrays import Array, divide_or, multiply_no_nan
from minixai.graph import Node, Rule, history, values
from minixai.ops.arithmetic import MatMul, Multiply
from minixai.ops.functions import Exp, Log, Power
from minixai.ops.kinds import Bilinear, Elementwise, Linear, Selection
from minixai.rules.signs import (
    constant_factor,
    forward_by_sign,
    has_single_factor,
    split_by_sign,
    vjp_by_sign,
    where_sign,
)
from minixai.rules.slopes import chord, gradient, max_difference, midpoint
from minixai.rules.table import Table


class RevealCancel(Table):
    """The table of RevealCancel for the graph of one output.

    Parameters
    ----------
    output : Node
        The output node; the table works only for the graph of this node.
    pool : Rule, default max_difference
        The rule at a maximum.
    reveals : callable, optional
        reveals(node) -> whether an elementwise node has a separate chord for each part; if not, both parts have the
        chord of Rescale.  By default every such node has.

    Attributes
    ----------
    parts : dict of Node to ndarray
        Δ⁺ and Δ⁻ of each node, (2, N, ...).

    Notes
    -----
    A multiplier in the shape of its node is both m⁺ and m⁻; one of shape (2, N, ...) holds m⁺ and m⁻ separately.

    References
    ----------
    Shrikumar et al. (2017), Learning important features through propagating activation differences, §3.5.

    Examples
    --------
    >>> x = Node([[1.0, 2.0]], reference=0.0)
    >>> RevealCancel(x - 3.0).parts[x].tolist()
    [[[1.0, 2.0]], [[0.0, 0.0]]]
    """

    def __init__(
        self, output: Node, pool: Rule = max_difference, reveals: Callable[[Node], bool] = lambda node: True
    ) -> None:
        super().__init__(
            {
                Linear: linear,
                Multiply: scaled,
                Bilinear: weighted,
                Selection: merge_parts(pool),
                Elementwise: self.chords,
            }
        )
        self.reveals = reveals
        self.parts: dict[Node, Array] = {}
        for node in history(output):
            self.parts[node] = self.forward(node)

    def forward(self, node: Node) -> Array:
        """Δ⁺ and Δ⁻ of a node, from those of its inputs: (2, N, ...)"""
        if isinstance(node.op, Elementwise):
            return multiply_no_nan(self.slopes(node), self.parts[node.sources[0]])
        if isinstance(node.op, Linear):
            zeros = [np.zeros_like(x) for x in values(node.inputs)]  # a border that the op adds has no Δ
            parts = [node.op.forward(*self.parts_of_inputs(node, sign, zeros)) for sign in (0, 1)]
            return np.stack(parts) - node.op.forward(*zeros)
        if isinstance(node.op, Bilinear) and has_single_factor(node):
            (x,), i = node.sources, 0 if isinstance(node.inputs[0], Node) else 1
            change = self.parts[x] if isinstance(node.op, Multiply) else split_by_sign(x.delta)
            return forward_by_sign(node, i, change, up_and_down(node, i))
        return split_by_sign(node.delta)

    def parts_of_inputs(self, node: Node, sign: int, zeros: list[Array]) -> list[Array]:
        """Δ⁺ of all inputs if `sign` is 0, Δ⁻ if it is 1; that of constants is 0."""
        return [self.parts[x][sign] if isinstance(x, Node) else o for x, o in zip(node.inputs, zeros, strict=True)]

    def contributions(self, node: Node, m: Array) -> Array:
        """m⁺Δ⁺ + m⁻Δ⁻, in the shape of the node."""
        if m.ndim == node.ndim:
            return super().contributions(node, m)
        return np.asarray(multiply_no_nan(m, self.parts[node]).sum(axis=0))

    def effective(self, node: Node, m: Array) -> Array:
        """The single multiplier that gives the same contributions, in the shape of the node.

        Where Δ is 0, it is the mean of m⁺ and m⁻.
        """
        if m.ndim == node.ndim:
            return m
        dx = node.delta
        share = divide_or(self.parts[node][0], dx, 0.5)
        return np.asarray(share * m[0] + (1 - share) * m[1])

    def chords(self, node: Node, i: int, m: Array) -> Array:
        """m⁺ · Δy⁺/Δx⁺ and m⁻ · Δy⁻/Δx⁻: (2, N, ...)"""
        return multiply_no_nan(m, self.slopes(node))

    def slopes(self, node: Node) -> Array:
        """Δy⁺/Δx⁺ and Δy⁻/Δx⁻, (2, N, ...); each is the mean of two chords, from x₀ and from x₀ plus the other part."""
        (x,), op = node.sources, node.op
        if not (self.reveals(node) and defined_everywhere(op)):
            slope = chord(op, x.reference, x.value, node.reference, node.value)
            return np.stack([slope, slope])
        x0, (rise, fall) = x.reference, self.parts[x]
        up = chord_along(op, x0, rise, 1) + chord_along(op, x0 + fall, rise, 1)
        down = chord_along(op, x0, fall, -1) + chord_along(op, x0 + rise, fall, -1)
        return np.stack([up, down]) / 2


def reveal_cancel(output: Node, pool: Rule = max_difference) -> RevealCancel:
    """The table of RevealCancel, which separates Δ⁺ and Δ⁻ at every elementwise function.

    Parameters
    ----------
    output : Node
        The output node; the table works only for the graph of this node.
    pool : Rule, default max_difference
        The rule at a maximum.

    Returns
    -------
    RevealCancel

    References
    ----------
    Shrikumar et al. (2017), Learning important features through propagating activation differences, §3.5.

    Examples
    --------
    >>> from minixai.graph import backward
    >>> from minixai.ops import relu
    >>> x = Node([[1.0, 2.0]], reference=0.0)
    >>> smaller = x[:, 0] - relu(x[:, 0] - x[:, 1])
    >>> rules = reveal_cancel(smaller)
    >>> rules.contributions(x, backward(smaller, rules)[x])
    array([[0.5, 0.5]])
    """
    return RevealCancel(output, pool)


def genomics(output: Node, pool: Rule = max_difference) -> RevealCancel:
    """The table of RevealCancel after dense layers and Rescale elsewhere, the default of the authors' library.

    Parameters
    ----------
    output : Node
        The output node; the table works only for the graph of this node.
    pool : Rule, default max_difference
        The rule at a maximum.

    Returns
    -------
    RevealCancel

    Notes
    -----
    A function follows a dense layer if there are only linear ops and elementwise products with constants in between.

    Examples
    --------
    >>> from minixai.graph import backward
    >>> from minixai.ops import relu
    >>> x = Node([[1.0, 2.0]], reference=0.0)
    >>> y = relu(x @ [[1.0], [-1.0]])  # x1 alone raises it to 1, and x2 lowers it again
    >>> rules = genomics(y)
    >>> rules.contributions(x, backward(y, rules)[x])
    array([[ 0.5, -0.5]])
    """
    dense: set[Node] = set()
    for node in history(output):
        passing = isinstance(node.op, Linear) or (isinstance(node.op, Multiply) and has_single_factor(node))
        if (isinstance(node.op, MatMul) and has_single_factor(node)) or (passing and dense.issuperset(node.sources)):
            dense.add(node)
    return RevealCancel(output, pool, lambda node: node.sources[0] in dense)


def merge_parts(rule: Rule) -> Rule:
    """Make a rule for one multiplier into a rule for m⁺ and m⁻.

    Parameters
    ----------
    rule : Rule
        A rule for one multiplier.

    Returns
    -------
    Rule
        The given rule, applied to m⁺ where Δy > 0, to m⁻ where Δy < 0, and to their mean where Δy is 0.

    Examples
    --------
    >>> y = Node([[1.0, 1.0]], reference=[[0.0, 3.0]]) + 0.0
    >>> merge_parts(gradient)(y, 0, np.array([[[2.0, 2.0]], [[7.0, 7.0]]]))
    array([[2., 7.]])
    """

    def merged(node: Node, i: int, m: Array) -> Array:
        return rule(node, i, m if m.ndim == node.ndim else where_sign(node.delta, *m))

    return merged


def linear(node: Node, i: int, m: Array) -> Array:
    """The gradient rule for a linear op, applied to m⁺ and m⁻ separately."""
    return gradient(node, i, m) if m.ndim == node.ndim else np.stack([gradient(node, i, part) for part in m])


def scaled(node: Node, i: int, m: Array) -> Array:
    """The rule for u·constant: m⁺·w and m⁻·w where w > 0; where w < 0 the parts are swapped."""
    if m.ndim == node.ndim or not has_single_factor(node):
        return merge_parts(midpoint)(node, i, m)
    return np.stack(vjp_by_sign(node, i, m, up_and_down(node, i)))


def weighted(node: Node, i: int, m: Array) -> Array:
    """The rule for x @ w and x ⋆ w: m⁺·w where Δx·w > 0, m⁻·w where Δx·w < 0, and their mean where Δx is 0."""
    if m.ndim == node.ndim or not has_single_factor(node):
        return merge_parts(midpoint)(node, i, m)
    return where_sign(node.sources[0].delta, *vjp_by_sign(node, i, m, up_and_down(node, i)))


def up_and_down(node: Node, i: int) -> tuple[Array, Array]:
    """The positive and the negative part of the constant that the i-th input is multiplied by."""
    w = constant_factor(node, i)
    return np.maximum(w, 0), np.minimum(w, 0)


def chord_along(op: Elementwise, start: Array, step: Array, side: int) -> Array:
    """The slope of op's chord from `start` to `start + step`.

    Where `step` is 0, it is the slope of op just right (side = 1) or left (side = −1) of `start`.
    """
    end, kind = start + step, np.finfo(start.dtype)
    beside = start + side * (kind.eps * abs(start) + kind.tiny)
    tangent = np.where(end == start, beside, start + (end - start) / 2)
    return chord(op, start, end, op.forward(start), op.forward(end), tangent)


def defined_everywhere(op: Elementwise) -> bool:
    """Whether f can be evaluated at x₀ + Δ⁺ and x₀ + Δ⁻, which the network itself never computes.

    log, √x and 1/x are not defined everywhere, and eˣ may be larger there by orders of magnitude than any number in the
    network.
    """
    return not isinstance(op, (Exp, Log)) and not (isinstance(op, Power) and (op.p < 0 or op.p % 1))

"""Layer-wise relevance propagation: the score is handed back to what it was made of, term by term of every sum.

The relevance of a node is m · x, so LRP is a table like the others.  Its chords start at 0:

    elementwise     m · (f(x) − f(0))/x      f(0) is kept back, as all constants are
    linear          m · w                    x·w is the share of x in Σ x·w
    x @ w, x ⋆ w    m · w · z/(z + ε)        ε-rule: of a sum z near 0, less is handed on
                    with w + γ·max(w, 0)     γ-rule: terms that pull the way of the sum count more
    u · v           m · v/2                  half of it to each factor that is a node
    max             to the winner
"""

from __future__ import annotations

import numpy as np

from minixai.arrays import Array, multiply_no_nan
from minixai.graph import Node, Rules
from minixai.ops.arithmetic import Multiply
from minixai.ops.kinds import Bilinear, Elementwise, Linear, Selection
from minixai.rules.signs import by_sign, constant, lone, pulls, split, sums
from minixai.rules.slopes import chord, gradient, to_winner


def from_zero(node: Node, i: int, m: Array) -> Array:
    """m · (f(x) − f(0))/x; all of f(x) where f(0) is infinite."""
    (x,), op = node.sources, node.op
    zero = np.zeros((1,) * x.ndim, x.dtype)
    with np.errstate(divide="ignore"):
        start = op.forward(zero)
    start = np.where(np.isfinite(start), start, 0)
    return multiply_no_nan(m, chord(op, zero, x.value, start, node.value, x.value / 2))


def shared(node: Node, i: int, m: Array) -> Array:
    """m · v, half of it if v is a node too."""
    return gradient(node, i, m) / (2 if i < 2 and isinstance(node.inputs[1 - i], Node) else 1)


def lrp_epsilon(epsilon: float) -> Rules:
    """R_i = Σ_j x_i·w_ij / (z_j + ε·sign z_j) · R_j  (Bach et al. 2015, eq. 58)"""

    def fading(node: Node, i: int, m: Array) -> Array:
        return shared(node, i, m * kept(node.value, node.value, epsilon))

    return {Linear: gradient, Multiply: shared, Bilinear: fading, Elementwise: from_zero, Selection: to_winner}


def lrp_gamma(gamma: float, epsilon: float) -> Rules:
    """The ε-rule with w + γ·max(w, 0) in place of w.  (Montavon et al. 2019, §10.2)

    That is for x ≥ 0 and z > 0; in general, each term x·w of the sign of z counts 1 + γ times.  (Andéol et al. 2021)
    """
    plain = lrp_epsilon(epsilon)

    def favour(w: Array) -> tuple[Array, Array]:
        return w + gamma * np.maximum(w, 0), w + gamma * np.minimum(w, 0)

    def favouring(node: Node, i: int, m: Array) -> Array:
        if not lone(node):
            return plain[Bilinear](node, i, m)
        x, z, w = node.sources[0].value, node.value, favour(constant(node, i))
        total = by_sign(z, *sums(node, i, split(x), w))
        for b in node.inputs[2:]:
            total = total if b is None else total + by_sign(z, *favour(np.asarray(b)))
        m = m * kept(z, total, epsilon)
        return by_sign(x, *pulls(node, i, np.stack([m * (z > 0), m * (z < 0)]), w))

    return {**plain, Bilinear: favouring}


def kept(z: Array, total: Array, epsilon: float) -> Array:
    """z / (total + ε·sign total): what the terms, which sum to `total`, are handed of what their sum z was."""
    below = total + np.where(total < 0, -epsilon, epsilon)
    return np.asarray(np.divide(z, below, out=np.ones_like(z), where=below != 0))

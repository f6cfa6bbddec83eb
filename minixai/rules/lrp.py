"""Layer-wise relevance propagation: the score is passed back, and each sum divides it among its terms.

The relevance of a node is m · x, so LRP is a table of rules like the others.  Its chords start at 0:

    elementwise     m · (f(x) − f(0))/x      nothing receives f(0), as no constant passes on relevance
    linear          m · w                    x·w is the share of x in Σ x·w
    x @ w, x ⋆ w    m · w · z/(z + ε)        ε-rule: if z is near 0, less is passed on
                    with w + γ·max(w, 0)     γ-rule: terms that have the sign of the sum count more
    u · v           m · v/2                  half of the relevance to each factor that is a node
    max             m to the argmax
"""

from __future__ import annotations

import numpy as np

from minixai.arrays import Array, divide_or, multiply_no_nan
from minixai.graph import Node
from minixai.ops.arithmetic import Multiply
from minixai.ops.kinds import Bilinear, Elementwise, Linear, Selection
from minixai.rules.signs import (
    constant_factor,
    forward_by_sign,
    has_single_factor,
    split_by_sign,
    vjp_by_sign,
    where_sign,
)
from minixai.rules.slopes import chord, gradient, to_argmax
from minixai.rules.table import Table, document


@document
def lrp_elementwise(node: Node, i: int, m: Array) -> Array:
    """m · (f(x) − f(0))/x; if f(0) is not finite, m · f(x)/x.

    {rule}
    """
    (x,), op = node.sources, node.op
    zero = np.zeros((1,) * x.ndim, x.dtype)
    with np.errstate(divide="ignore"):
        start = op.forward(zero)
    start = np.where(np.isfinite(start), start, 0)
    return multiply_no_nan(m, chord(op, zero, x.value, start, node.value))


@document
def lrp_product(node: Node, i: int, m: Array) -> Array:
    """m · v, where v is the other factor; half of it if v is a node too.

    {rule}
    """
    return gradient(node, i, m) / (2 if i < 2 and isinstance(node.inputs[1 - i], Node) else 1)


def lrp_epsilon(epsilon: float) -> Table:
    """The table of the ε-rule, R_i = Σ_j x_i·w_ij / (z_j + ε·sign z_j) · R_j.

    Parameters
    ----------
    epsilon : float
        ε ≥ 0, in the units of the sums z.

    Returns
    -------
    Table
        The table of rules; the relevance of a node x is m · x.

    References
    ----------
    Bach et al. (2015), On pixel-wise explanations for non-linear classifier decisions by layer-wise relevance
    propagation, eq. 58.

    Examples
    --------
    >>> from minixai.graph import backward
    >>> x = Node([[1.0, 1.0]])
    >>> backward(x @ [[2.0], [-1.0]], lrp_epsilon(0.25))[x]  # w · z/(z + ε) with z = 1
    array([[ 1.6, -0.8]])
    """

    def lrp_linear(node: Node, i: int, m: Array) -> Array:
        return lrp_product(node, i, m * stabilised_ratio(node.value, node.value, epsilon))

    return Table(
        {
            Linear: gradient,
            Multiply: lrp_product,
            Bilinear: lrp_linear,
            Elementwise: lrp_elementwise,
            Selection: to_argmax,
        }
    )


def lrp_gamma(gamma: float, epsilon: float) -> Table:
    """The table of the γ-rule: the ε-rule with w + γ·max(w, 0) in place of w.

    Parameters
    ----------
    gamma : float
        γ ≥ 0; 0 is the ε-rule.
    epsilon : float
        ε ≥ 0, in the units of the sums z.

    Returns
    -------
    Table
        The table of rules; the relevance of a node x is m · x.

    Notes
    -----
    The formula is for x ≥ 0 and z > 0.  In general, each term x·w that has the sign of z counts 1 + γ times.

    References
    ----------
    Montavon et al. (2019), Layer-wise relevance propagation: an overview, §10.2.
    Andéol et al. (2021), Learning domain invariant representations by joint Wasserstein distance minimization.

    Examples
    --------
    >>> from minixai.graph import backward
    >>> x = Node([[1.0, 1.0]])
    >>> backward(x @ [[2.0], [-1.0]], lrp_gamma(1.0, 0.0))[x].round(3)  # the terms count 4 and −1
    array([[ 1.333, -0.333]])
    """
    plain = lrp_epsilon(epsilon)

    def favour(w: Array) -> tuple[Array, Array]:
        return w + gamma * np.maximum(w, 0), w + gamma * np.minimum(w, 0)

    def lrp_weighted(node: Node, i: int, m: Array) -> Array:
        if not has_single_factor(node):
            return plain[Bilinear](node, i, m)
        x, z, w = node.sources[0].value, node.value, favour(constant_factor(node, i))
        total = where_sign(z, *forward_by_sign(node, i, split_by_sign(x), w))
        for b in node.inputs[2:]:
            total = total if b is None else total + where_sign(z, *favour(np.asarray(b)))
        m = m * stabilised_ratio(z, total, epsilon)
        return where_sign(x, *vjp_by_sign(node, i, np.stack([m * (z > 0), m * (z < 0)]), w))

    return Table({**plain, Bilinear: lrp_weighted})


def stabilised_ratio(z: Array, total: Array, epsilon: float) -> Array:
    """z / (total + ε·sign total), or 1 where that divides by 0, in the shape of z.

    `total` is the sum of the weighted terms, so this is the factor that makes them share z.
    """
    below = total + np.where(total < 0, -epsilon, epsilon)
    return divide_or(z, below, 1).astype(z.dtype)

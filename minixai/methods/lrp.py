"""Layer-wise relevance propagation: the score is passed back and divided among the terms of every sum."""

from __future__ import annotations

import numpy.typing as npt

from minixai.arrays import Array, multiply_no_nan
from minixai.attribution import Attribution
from minixai.graph import Rules, backward
from minixai.methods.call import Call
from minixai.methods.registry import method
from minixai.methods.runs import Batch, forward_batches, gather_batches
from minixai.model import Network
from minixai.rules import fold, lrp_epsilon, lrp_gamma
from minixai.validate import as_nonnegative, one_of


@method("what of the score goes back to each pixel, sum by sum?", "1 forward, 1 back", complete=False)
def lrp(
    model: Network,
    x: npt.ArrayLike,
    target: npt.ArrayLike | None = None,
    *,
    versus: npt.ArrayLike | None = None,
    rule: str = "epsilon",
    epsilon: float = 1e-6,
    gamma: float = 0.25,
    output: str = "score",
    layer: str | int | None = None,
    batch: int | None = None,
) -> Attribution:
    """Layer-wise relevance propagation, R_i = Σ_j x_i·w_ij / (z_j + ε·sign z_j) · R_j, starting from R = f(x).

    Parameters
    ----------
    {model, x, target, versus}
    rule : {"epsilon", "gamma"}, default "epsilon"
        "gamma" takes w + γ·max(w, 0) in place of w, so that terms in favour of the score count more.
    epsilon : float, default 1e-6
        ε ≥ 0, in the units of the sums z.  It keeps a z near 0 from dividing; a large ε such as 0.25 removes weak and
        contradictory evidence.
    gamma : float, default 0.25
        γ ≥ 0, without units; 0 is the ε-rule.
    {output, layer, batch}

    Returns
    -------
    Attribution
        Values R in the shape of x, or of the layer.

    Raises
    ------
    {errors}
    ValueError
        If ε or γ is negative.

    Notes
    -----
    The relevance of a node x is R = m · x.  This table tells the multiplier that x receives from a node with multiplier
    m:

    ====================================  ===============================
    op                                    x receives
    ====================================  ===============================
    elementwise f(x)                      m · (f(x) − f(0)) / x
    weighted sum z = x·w + b              m · w · z / (z + ε · sign(z))
    linear op, such as a mean, z = x·w    m · w
    product of two nodes, x · v           m · v / 2
    product with a constant, x · w        m · w
    maximum, if x is the largest entry    m
    ====================================  ===============================

    Weighted sums are dense products and convolutions; in a product of two nodes, as in attention, each gets half.  What
    b and f(0) contribute to the score is kept back, so there is no gap.  On a ReLU network, the ε-rule tends to
    x · gradient as ε → 0.

    Batch normalisation right after a convolution or dense layer, and any other fixed scale and shift of its channels,
    is first folded into the weights of the layer, as the canonizers of zennit do; so z is the sum after it.  The two
    stay apart if the batch normalisation comes before the convolution, and at a `layer` that has batch normalisation
    after it.  The defaults are those of zennit and of Montavon et al.

    References
    ----------
    Bach et al. (2015), On pixel-wise explanations for non-linear classifier decisions by layer-wise relevance
    propagation, eq. 58. Montavon et al. (2019), Layer-wise relevance propagation: an overview, §10.2, for the γ-rule.
    Andéol et al. (2021), Learning domain invariant representations by joint Wasserstein distance minimization, for
    inputs and sums of any sign.

    Examples
    --------
    The terms 2 and −1 of the sum 1 count 2.5 and −1:

    >>> from minixai import ops
    >>> lrp(lambda x: ops.relu(x @ [[2.0], [-1.0]]), [[1.0, 1.0]], rule="gamma").values.round(3)
    array([[ 1.667, -0.667]])
    """
    call = Call(model, x, target, versus, output, layer, batch)
    tables = {
        "epsilon": lrp_epsilon(as_nonnegative(epsilon, "epsilon")),
        "gamma": lrp_gamma(as_nonnegative(gamma, "gamma"), epsilon),
    }
    table = tables[one_of(rule, tables, "rule")]
    ends, (m,) = gather_batches((batch, [folded_multipliers(batch, table)]) for batch in forward_batches(call))
    parameters = {"rule": rule, "epsilon": epsilon, "gamma": gamma}
    return ends.attribution("lrp", multiply_no_nan(m, ends.value), parameters)


def folded_multipliers(batch: Batch, table: Rules) -> Array:
    """The multipliers of the layer, in a graph where batch normalisation is part of the layer before it."""
    output, layer = fold(batch.output, batch.layer)
    return backward(output, table, batch.contrast.seed(output), keep=[layer])[layer]

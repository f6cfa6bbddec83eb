"""Layer-wise relevance propagation: the score itself is handed back, shared out at every sum."""

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
    """R_i = Σ_j x_i·w_ij / (z_j + ε·sign z_j) · R_j, from R = the score.  (Bach et al. 2015, eq. 58)

    model, x, target, versus, output, layer, batch    see `minixai.methods.call.Call`
    rule       "epsilon", or "gamma": the same with w + γ·max(w, 0), so that what speaks for the score counts more
               (Montavon et al. 2019, §10.2; for inputs and sums of any sign, Andéol et al. 2021)
    epsilon    ≥ 0, in the units of the sums z: what keeps a z near 0 from dividing; a large one (0.25) lets weak and
               contradictory evidence fade
    gamma      ≥ 0, without units; 0 is the ε-rule

    Batch normalisation right after a convolution or dense layer, and any other fixed scale and shift of its channels,
    is folded into the layer's weights first, as zennit's canonizers do: what is shared out is the sum after it.  At a
    layer that has batch normalisation after it the two stay apart, and so does one that comes before its convolution.
    The defaults are those of zennit and of Montavon et al.  Of the score, what biases (and functions with f(0) ≠ 0)
    brought is kept back, so there is no gap.  On a ReLU network the ε-rule tends to x · gradient as ε -> 0.
    Raises ValueError for an unknown rule and for numbers below 0.

    >>> from minixai import ops
    >>> lrp(lambda x: ops.relu(x @ [[2.0], [-1.0]]), [[1.0, 1.0]], rule="gamma").values.round(3)  # 2.5 : −1 of 1
    array([[ 1.667, -0.667]])
    """
    call = Call(model, x, target, versus, output, layer, batch)
    tables = {
        "epsilon": lrp_epsilon(as_nonnegative(epsilon, "epsilon")),
        "gamma": lrp_gamma(as_nonnegative(gamma, "gamma"), epsilon),
    }
    table = tables[one_of(rule, tables, "rule")]
    ends, (m,) = gather_batches((batch, [folded_multipliers(batch, table)]) for batch in forward_batches(call))
    given = {"rule": rule, "epsilon": epsilon, "gamma": gamma}
    return ends.attribution("lrp", multiply_no_nan(m, ends.value), given)


def folded_multipliers(batch: Batch, table: Rules) -> Array:
    """The multipliers of the input, or of the layer, where batch normalisation is part of the layer before it."""
    output, layer = fold(batch.output, batch.layer)
    return backward(output, table, batch.contrast.seed(output), keep=[layer])[layer]

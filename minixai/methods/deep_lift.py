"""DeepLIFT: one backward pass that carries finite differences from a baseline in place of slopes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from minixai.arrays import Array, rounding_bound
from minixai.attribution import Attribution
from minixai.graph import Node, Op, Rule, backward, history, rule_for
from minixai.methods.baselines import Baseline
from minixai.methods.call import Call
from minixai.methods.certificate import check_gap
from minixai.methods.endpoints import Endpoints
from minixai.methods.registry import method
from minixai.methods.runs import Batch, forward_batches, gather_batches
from minixai.model import Network
from minixai.rules import (
    Table,
    genomics,
    max_difference,
    max_difference_first,
    rescale_table,
    reveal_cancel,
    to_argmax,
)
from minixai.validate import one_of

TableOf: TypeAlias = Callable[[Node], Table]
"""The table for the graph of an output."""

RULES: Mapping[str, Callable[[Node, Rule], Table]] = {
    "rescale": lambda output, pool: rescale_table(pool),
    "reveal-cancel": reveal_cancel,
    "genomics": genomics,
}
POOLS: Mapping[str, Rule] = {"mover": max_difference, "first": max_difference_first, "gradient": to_argmax}
PRECISE = "take float64, model.astype(np.float64), or for a function x.astype(np.float64)"
SCALED = "large numbers cancel in the network, even in float64, so scale its inputs or weights down"


@method("what moved the score from the baseline's to this one?", "3 forward, 1 back", complete=True, baseline=True)
def deep_lift(
    model: Network,
    x: npt.ArrayLike,
    target: npt.ArrayLike | None = None,
    *,
    versus: npt.ArrayLike | None = None,
    baseline: Baseline = 0.0,
    rule: str = "rescale",
    pool: str = "mover",
    output: str = "score",
    layer: str | int | None = None,
    batch: int | None = None,
) -> Attribution:
    """DeepLIFT, φ = m · (x − x') with m carried back by m · Δy/Δx, so that Σφ = f(x) − f(x').

    Parameters
    ----------
    {model, x, target, versus, baseline}
    rule : {"rescale", "reveal-cancel", "genomics"}, default "rescale"
        "rescale" takes Δy/Δx at a nonlinearity, and the midpoint rule at a product.
        "reveal-cancel" separates what raises the input of a nonlinearity from what lowers it, Δy⁺/Δx⁺ and Δy⁻/Δx⁻, and
        takes each with the other and without it.  It is nearer to Shapley values, and takes about four times the work.
        "genomics" is RevealCancel after dense layers and Rescale elsewhere, the default of the authors' library.
    pool : {"mover", "first", "gradient"}, default "mover"
        The rule at a maximum, of max-pool and of `ops.max` alike. "mover" gives Δy to the entry that moved the maximum;
        of equal entries it is the one that is largest on the other side. "first" takes the first of equal entries, as
        captum and shap do. "gradient" gives m to the largest entry of x, as the authors' library does.  It is not
        complete, so there is no gap.
    {output, layer, batch}

    Returns
    -------
    Attribution
        Values in the shape of x, or of the layer.  `extras["multipliers"]` holds m, in the same shape.

    Raises
    ------
    {errors}
    ValueError
        If the rule "reveal-cancel" is asked to explain a probability.  Also if the values do not add up to within
        √ε · (|f(x)| + |f(x')| + Σ|φ|); the message names the op that loses them.

    Notes
    -----
    Where a maximum rose, "mover" gives all of Δy to the largest entry of x.  Where it fell, it gives all of Δy to the
    largest entry of the baseline.  Of several equal entries it takes the one that is largest on the other side, in the
    baseline or in x, and if these are equal too, the first in row-major order.  No other entry of the window gets
    anything.

    At a layer the values are the contributions of its activations, m⁺Δ⁺ + m⁻Δ⁻ if Δ has two parts; there is a gap if
    all paths run through the layer.  With two parts, `multipliers` is the single m that has the same effect, φ/Δ, and
    where Δ is 0 the mean of m⁺ and m⁻.

    References
    ----------
    Shrikumar, Greenside & Kundaje (2017), Learning important features through propagating activation differences,
    eq. 1–3 and §3.5.

    Examples
    --------
    >>> from minixai import ops, toys
    >>> deep_lift(toys.saturation, [[1.0, 0.25]]).values
    array([[0.8, 0.2]])

    A maximum that rises from 4 to 5, one that falls from 4 to 3, and one that rises to two equal entries:

    >>> largest = lambda x: ops.max(x, axis=1)
    >>> deep_lift(largest, [[4.0, 5.0], [2.0, 3.0], [5.0, 5.0]], baseline=[[4.0, 1.0], [4.0, 1.0], [1.0, 4.0]]).values
    array([[ 0.,  1.],
           [-1.,  0.],
           [ 0.,  1.]])
    """
    call = Call(model, x, target, versus, output, layer, batch)
    table_of = choose_table(rule, pool)
    if rule == "reveal-cancel" and output == "probability":
        raise ValueError(
            "the rule 'reveal-cancel' explains scores: softmax divides by a sum that its parts, one without the other, "
            "bring to 0; ask for output='score', with versus= for a contrast, or for rule='rescale'"
        )
    baselines = call.baseline(baseline)
    batches = forward_batches(halve_batch(call, rule), baselines)
    ends, (m, values) = gather_batches(
        ((batch, multipliers_and_contributions(batch, table_of)) for batch in batches), baselines
    )
    gap = None
    if pool != "gradient":
        gap = check_gap(ends, values, "contributions to row", lambda i, _: find_leak(ends, table_of, baselines, i))
    parameters = {"baseline": call.as_parameter(baseline), "rule": rule, "pool": pool}
    return ends.attribution("deep_lift", values, parameters, gap=gap, extras={"multipliers": m})


def choose_table(rule: str, pool: str) -> TableOf:
    """The function that makes the table for a graph."""
    make, at_max = RULES[one_of(rule, RULES, "rule")], POOLS[one_of(pool, POOLS, "pool")]
    return lambda output: make(output, at_max)


def halve_batch(call: Call, rule: str) -> Call:
    """The call with half as many rows at a time if every Δ has two parts, which take as much memory as all else."""
    n = len(call.rows)
    if rule == "rescale" or call.batch is not None or n == 1:
        return call
    return replace(call, batch=max(1, call.slices(2 * n)[0].stop // 2))


def multipliers_and_contributions(batch: Batch, table_of: TableOf) -> tuple[Array, Array]:
    """(m, m·Δ) of the layer, each (N, ...)."""
    table, layer = table_of(batch.output), batch.layer
    m = batch.backward(table)
    return table.effective(layer, m), table.contributions(layer, m)


def find_leak(ends: Endpoints, table_of: TableOf, baseline: Array, i: int) -> str:
    """Which op breaks Σ_j m_j·Δx_j = m·Δy first on the way back for input i: the user's own, or else minixai's."""
    call, row = ends.call, np.array([i])
    x = Node(call.rows[row], baseline[row] if len(baseline) > 1 else baseline, name="input")
    output = call.forward(x)
    table = table_of(output)
    multipliers = backward(output, table, ends.contrast[row].seed(output))
    suspect = "rounding adds up over many ops"
    for node in reversed(history(output)):
        m = multipliers[node]
        due = table.contributions(node, m).sum()
        paid = [
            table.contributions(u, rule_for(node, table)(node, j, m)).sum()
            for j, u in enumerate(node.inputs)
            if isinstance(u, Node)
        ]
        size = abs(m * node.value).sum() + abs(m * node.reference).sum() + sum(map(abs, paid))
        if paid and abs(sum(paid) - due) > rounding_bound(size, node.dtype):
            lost = f"{type(node.op).__name__} (at {node!r}) passes on {sum(paid):.6g} of {due:.6g}"
            if not is_built_in(node.op):
                return f"{lost}: mend its forward, its vjp, or the rule of its kind"
            suspect = suspect if "passes" in suspect else f"{lost}, where rounding is the likely cause"
    return f"{suspect}: {PRECISE if call.rows.dtype == np.float32 else SCALED}"


def is_built_in(op: Op) -> bool:
    """Whether an op is minixai's and not the user's."""
    return type(op).__module__.split(".")[0] == "minixai"

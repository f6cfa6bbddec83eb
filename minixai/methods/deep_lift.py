"""DeepLIFT: one walk that carries finite differences from a baseline instead of slopes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from minixai.arrays import Array, multiply_no_nan
from minixai.attribution import Attribution
from minixai.graph import Node, Op, Rule, Rules, backward, history, rule_for
from minixai.methods.baselines import Baseline
from minixai.methods.call import Call
from minixai.methods.registry import method
from minixai.methods.runs import Batch, Endpoints, contrast_seed, forward_batches, gather_batches
from minixai.model import Network
from minixai.ops import Selection
from minixai.rules import (
    RESCALE,
    RevealCancel,
    genomics,
    max_difference,
    max_difference_first,
    reveal_cancel,
    to_argmax,
)
from minixai.validate import one_of

Table: TypeAlias = Callable[[Node], Rules]
"""The rules for the graph of an output."""

RULES: Mapping[str, Callable[[Node, Rule], Rules]] = {
    "rescale": lambda output, pool: {**RESCALE, Selection: pool},
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
    """φ = m · (x − x'), Σφ = f(x) − f(x'), with m carried back by m · Δy/Δx.  (Shrikumar et al. 2017, eq. 1–3, §3.5)

    model, x, target, versus, output, layer, batch    see `minixai.methods.call.Call`
    baseline    x': a name ("black", "white", "mean", "blur", "noise"), a number, one input, or one for each
    rule        "rescale": Δy/Δx at a nonlinearity; products by their midpoint rule
                "reveal-cancel": what raises and what lowers a nonlinearity's input apart, Δy⁺/Δx⁺ and Δy⁻/Δx⁻, each
                with the other and without it; nearer to Shapley values, at about four times the work
                "genomics": that after dense layers and Rescale elsewhere, the default of the authors' library
    pool        at a maximum: "mover", Δy to the entry that moved it, of equals the one largest on the
                other side; "first", of equals the first, as in captum and shap; "gradient", to the
                winner at x, as in the original library: not complete, so without a gap

    The rule of a maximum, "mover", of max-pool and `ops.max` alike: where the maximum rose, the entry that is the
    maximum of x gets all of Δy.  Where it fell, the entry that was the maximum of the baseline gets it.  Of several
    equal entries the one gets it that is largest on the other side, in the baseline or in x, and if these are equal,
    too, the first in row-major order.  No other entry of the window gets anything.

    At a layer the values are the contributions of its activations, with two parts m⁺Δ⁺ + m⁻Δ⁻, and there is a
    gap if all paths run through it.  `extras["multipliers"]` holds m; with two parts the one that has the same
    effect, φ/Δ, and where Δ is 0 their mean.  Raises ValueError for "reveal-cancel" of a probability, and if the
    values do not add up to within √ε · (|f(x)| + |f(x')| + Σ|φ|), naming the op that loses them.

    >>> from minixai import toys
    >>> deep_lift(toys.saturation, [[1.0, 0.25]]).values
    array([[0.8, 0.2]])
    >>> from minixai import ops
    >>> largest = lambda x: ops.max(x, axis=1)  # rises from 4 to 5, falls from 4 to 3, rises to two equals
    >>> deep_lift(largest, [[4.0, 5.0], [2.0, 3.0], [5.0, 5.0]], baseline=[[4.0, 1.0], [4.0, 1.0], [1.0, 4.0]]).values
    array([[ 0.,  1.],
           [-1.,  0.],
           [ 0.,  1.]])
    """
    call = Call(model, x, target, versus, output, layer, batch)
    table = table_factory(rule, pool)
    if rule == "reveal-cancel" and output == "probability":
        raise ValueError(
            "the rule 'reveal-cancel' explains scores: softmax divides by a sum that its parts, one without the other, "
            "bring to 0; ask for output='score', with versus= for a contrast, or for rule='rescale'"
        )
    rows = call.baseline(baseline)
    ends, both = gather_batches(
        (
            (batch, multipliers_and_contributions(batch, table))
            for batch in forward_batches(halve_batch(call, rule), rows)
        ),
        call,
        rows,
    )
    m, values = both[:, 0], both[:, 1]
    gap = None if pool == "gradient" else ends.gap(values)
    if gap is not None and (excess := abs(gap) - ends.rounding(values)).max() > 0:
        worst = int(excess.argmax())
        raise ValueError(
            f"the contributions to row {worst} miss its difference in score by {gap[worst]:.3g}, because "
            f"{find_leak(call, table, rows, ends, worst)}"
        )
    given = {"baseline": call.as_parameter(baseline), "rule": rule, "pool": pool}
    return ends.attribution(
        call,
        "deep_lift",
        values,
        given,
        baseline=rows,
        gap=gap,
        reference_score=ends.reference_score,
        extras={"multipliers": m},
    )


def table_factory(rule: str, pool: str) -> Table:
    """How the table for a graph is made."""
    make, at_max = RULES[one_of(rule, RULES, "rule")], POOLS[one_of(pool, POOLS, "pool")]
    return lambda output: make(output, at_max)


def halve_batch(call: Call, rule: str) -> Call:
    """With half as many rows at a time where every Δ has two parts: they take as much memory as all else."""
    n = len(call.rows)
    if rule == "rescale" or call.batch is not None or n == 1:
        return call
    return replace(call, batch=max(1, call.slices(2 * n)[0].stop // 2))


def multipliers_and_contributions(batch: Batch, table: Table) -> Array:
    """(N, 2, ...): the multipliers of the place, and its contributions."""
    rules, x = table(batch.output), batch.layer
    m = batch.backward(rules, x)
    one = rules.effective(x, m) if isinstance(rules, RevealCancel) else m
    return np.stack([one, contributions(rules, x, m)], axis=1)


def contributions(rules: Rules, node: Node, m: Array) -> Array:
    """m · Δ"""
    return rules.contributions(node, m) if isinstance(rules, RevealCancel) else multiply_no_nan(m, node.delta)


def find_leak(call: Call, table: Table, baseline: Array, ends: Endpoints, row: int) -> str:
    """Which op breaks Σᵢ mᵢ·Δxᵢ = m·Δy first, back from the output: of the user's own, or else of minixai's."""
    here = slice(row, row + 1)
    x = Node(call.rows[here], baseline[here] if len(baseline) > 1 else baseline, name="input")
    output = call.explained_node(call.scores(x))
    versus = None if ends.versus is None else ends.versus[here]
    rules = table(output)
    multipliers = backward(output, rules, contrast_seed(output, ends.target[here], versus))
    rounded = "rounding adds up over many ops"
    for node in reversed(history(output)):
        m = multipliers[node]
        passed = contributions(rules, node, m).sum()
        given = [
            contributions(rules, u, rule_for(node, rules)(node, i, m)).sum()
            for i, u in enumerate(node.inputs)
            if isinstance(u, Node)
        ]
        size = abs(m * node.value).sum() + abs(m * node.reference).sum() + sum(map(abs, given))
        if given and abs(sum(given) - passed) > np.sqrt(np.finfo(node.dtype).eps) * size:
            lost = f"{type(node.op).__name__} (at {node!r}) passes on {sum(given):.6g} of {passed:.6g}"
            if not is_built_in(node.op):
                return f"{lost}: mend its forward, its vjp, or the rule of its kind"
            rounded = rounded if "passes" in rounded else f"{lost}, where rounding is the likely cause"
    return f"{rounded}: {PRECISE if call.rows.dtype == np.float32 else SCALED}"


def is_built_in(op: Op) -> bool:
    """Whether an op is minixai's and not the user's."""
    return type(op).__module__.split(".")[0] == "minixai"

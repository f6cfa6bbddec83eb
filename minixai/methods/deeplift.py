"""DeepLIFT: one walk that carries finite differences from a baseline instead of slopes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from minixai.arrays import Array
from minixai.attribution import Attribution
from minixai.graph import Node, Rule, Rules, backward, history, rule_for
from minixai.methods.baselines import Baseline
from minixai.methods.call import Call
from minixai.methods.registry import method
from minixai.methods.runs import Ends, asked, walk
from minixai.model import Network, known
from minixai.ops import Selection
from minixai.rules import RESCALE, first_mover, gradient, mover

RULES: Mapping[str, Rules] = {"rescale": RESCALE}
POOLS: Mapping[str, Rule] = {"mover": mover, "first": first_mover, "gradient": gradient}


@method("what moved the score from the baseline's to this one?", "2 forward, 1 back", complete=True, baseline=True)
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
    layer: str | None = None,
    batch: int | None = None,
) -> Attribution:
    """φ = m · (x − x'), Σφ = f(x) − f(x'), with m carried back by m · Δy/Δx.  (Shrikumar et al. 2017, eq. 1–3, 8)

    model, x, target, versus, output, layer, batch    see `minixai.methods.call.Call`
    baseline    x': a name ("black", "white", "mean", "blur", "noise"), a number, one input, or one for each
    rule        "rescale": Δy/Δx at a nonlinearity; products by their midpoint rule
    pool        at a maximum: "mover", Δy to the entry that moved it, of equals the one largest on the
                other side; "first", of equals the first, as in captum and shap; "gradient", to the
                winner at x, as in the original library: not complete, so without a gap

    At a layer the values are the contributions of its activations, and there is a gap if all paths run
    through it.  `extras["multipliers"]` holds m.  Raises ValueError if the values do not add up
    to within √ε · (|f(x)| + |f(x')| + Σ|φ|), naming the op that loses them.

    >>> from minixai import toys
    >>> deep_lift(toys.saturation, [[1.0, 0.25]]).values
    array([[0.8, 0.2]])
    """
    call = Call(model, x, target, versus, output, layer, batch)
    rules = {**RULES[known(rule, RULES, "rule")], Selection: POOLS[known(pool, POOLS, "pool")]}
    rows = call.baseline(baseline)
    found, m = walk(call, rules, rows)
    values = m * found.delta
    gap = None if pool == "gradient" else found.gap(values)
    if gap is not None and (excess := abs(gap) - found.rounding(values)).max() > 0:
        worst = int(excess.argmax())
        raise ValueError(
            f"the contributions to row {worst} miss its difference in score by {gap[worst]:.3g}, because "
            f"{blame(call, rules, rows, found, worst)}: mend the rule of its kind, or its forward and vjp"
        )
    given = {"baseline": call.told(baseline), "rule": rule, "pool": pool}
    return found.attribution(
        call,
        "deep_lift",
        values,
        given,
        baseline=rows,
        gap=gap,
        reference_score=found.reference_score,
        extras={"multipliers": m},
    )


def blame(call: Call, rules: Rules, baseline: Array, found: Ends, row: int) -> str:
    """Which op breaks Σᵢ mᵢ·Δxᵢ = m·Δy first, on the way back from the output."""
    here = slice(row, row + 1)
    x = Node(call.rows[here], baseline[here] if len(baseline) > 1 else baseline, name="input")
    output = call.explained(call.scores(x))
    versus = None if found.versus is None else found.versus[here]
    multipliers = backward(output, rules, asked(output, found.target[here], versus))
    for node in reversed(history(output)):
        m = multipliers[node]
        given = [
            (rule_for(node, rules)(node, i, m) * u.delta).sum()
            for i, u in enumerate(node.inputs)
            if isinstance(u, Node)
        ]
        size = abs(m * node.value).sum() + abs(m * node.reference).sum() + sum(map(abs, given))
        if given and abs(sum(given) - (m * node.delta).sum()) > np.sqrt(np.finfo(node.dtype).eps) * size:
            return f"{type(node.op).__name__} (at {node!r}) passes on {sum(given):.6g} of {(m * node.delta).sum():.6g}"
    return "small errors of many ops add up"

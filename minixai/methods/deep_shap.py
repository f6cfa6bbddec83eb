"""DeepSHAP: DeepLIFT from every reference of a background, and the mean of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from minixai.arrays import Array, multiply_no_nan, row_sums
from minixai.attribution import Attribution
from minixai.graph import Node, Rules, backward
from minixai.methods.background import MEMBER, background_endpoints
from minixai.methods.call import Call
from minixai.methods.certificate import check_reference
from minixai.methods.deep_lift import POOLS, find_leak
from minixai.methods.registry import method
from minixai.methods.runs import Endpoints, FromLayer, accumulate
from minixai.model import Network
from minixai.ops import Selection
from minixai.progress import Progress
from minixai.rules import RESCALE
from minixai.validate import one_of


@method("what moved the score from the background's mean?", "a pass each reference", complete=True)
def deep_shap(
    model: Network,
    x: npt.ArrayLike,
    target: npt.ArrayLike | None = None,
    *,
    versus: npt.ArrayLike | None = None,
    background: npt.ArrayLike,
    pool: str = "mover",
    output: str = "score",
    layer: str | int | None = None,
    batch: int | None = None,
) -> Attribution:
    """φ = mean over x' of m · (x − x'), Σφ = f(x) − mean f(x'), with DeepLIFT's m.  (Lundberg & Lee 2017, §4.2)

    model, x, target, versus, output, layer, batch    see `minixai.methods.call.Call`
    background    (R, ...): the references x', each of which is taken once
    pool          as in `deep_lift`; "gradient" is not complete, so without a gap

    DeepLIFT's rule is Rescale.  Complete for every background, to rounding, so there is no standard error; yet
    no exact Shapley value: min(1, 2) from (0, 0) is (1, 0), not (½, ½).  At a layer the values are the
    contributions of its activations.  Raises ValueError for a background that does not fit, and if for any reference
    the values miss their sum by more than √ε · (|f(x)| + |f(x')| + Σ|φ|), naming the op that loses them.

    >>> from minixai import toys
    >>> deep_shap(toys.saturation, [[1.0, 0.25]], background=[[0.0, 0.0], [1.0, 1.0]]).values
    array([[0.4, 0.1]])
    """
    call = Call(model, x, target, versus, output, layer, batch)
    (result,) = deep_shap_of_targets(call, background, pool)
    return result


def deep_shap_of_targets(
    call: Call,
    background: npt.ArrayLike,
    pool: str = "mover",
    targets: Sequence[Array] | None = None,
    check: bool = True,
) -> list[Attribution]:
    """The answer for each of the targets, (N,) each, by default the call's own; one way forward serves them all."""
    rules = {**RESCALE, Selection: POOLS[one_of(pool, POOLS, "pool")]}
    references = call.background(background)
    all_ends = background_endpoints(call, references, targets, keep=False)
    complete, rows = all_ends[0].complete and pool != "gradient", len(call.rows) * len(references)
    totals, forward = [np.zeros(ends.value.shape) for ends in all_ends], 0
    for pairs in pair_batches(call, references, either_way=pool == "mover"):
        forward += len(pairs.output) + 1
        for ends, total in zip(all_ends, totals, strict=True):
            seed = ends.seed(pairs.output, pairs.i)
            pairs.check_reference_score(call, ends, seed, references)
            m = backward(pairs.output, rules, seed, keep=[pairs.layer])[pairs.layer]
            parts = pairs.sign * multiply_no_nan(m, pairs.layer.delta)
            accumulate(total, pairs.i, parts)
            if complete and check and (row := pairs.worst_row(seed, parts)) is not None:
                raise ValueError(gap_message(call, rules, references, ends, pairs, row))
    given = {"background": np.asarray(background), "pool": pool}
    return [
        make_attribution(call, ends, total / len(references), given, complete, (forward, rows))
        for ends, total in zip(all_ends, totals, strict=True)
    ]


def make_attribution(
    call: Call, ends: Endpoints, mean: Array, given: Mapping[str, Any], complete: bool, rows: tuple[int, int]
) -> Attribution:
    values = mean.astype(ends.value.dtype)
    return ends.attribution(
        call,
        "deep_shap",
        values,
        given,
        rows,
        reference_score=ends.reference_score,
        gap=ends.gap(values) if complete else None,
    )


@dataclass(frozen=True, eq=False)
class PairBatch:
    """Inputs i and references r in one graph; `sign` is −1 where it has them the other way round."""

    i: Array
    r: Array
    layer: Node
    output: Node
    sign: int

    def check_reference_score(self, call: Call, ends: Endpoints, seed: Array, references: Array) -> None:
        """Raise ValueError if the reference has another score in this graph than it has by itself."""
        swapped = self.sign < 0
        expected = ends.score[self.i] if swapped else ends.reference_score_at(self.r, self.i)
        observed = np.asarray((seed * self.output.reference).reshape(len(self.i), -1).sum(axis=1))
        check_reference(call, ends, self.i, references[self.r], expected, observed, "input {i}" if swapped else MEMBER)

    def worst_row(self, seed: Array, parts: Array) -> int | None:
        """The row whose contributions miss its difference in score by the most, if that is more than rounding."""
        missing = self.sign * row_sums(parts) - row_sums(seed * self.output.delta)
        scores = abs(row_sums(seed * self.output.value)) + abs(row_sums(seed * self.output.reference))
        excess = abs(missing) - np.sqrt(np.finfo(parts.dtype).eps) * (scores + row_sums(abs(parts)))
        return int(excess.argmax()) if excess.max() > 0 else None


def pair_batches(call: Call, references: Array, either_way: bool) -> Iterator[PairBatch]:
    """Every input with every reference.

    The one side goes row by row, as the single reference of all rows of the other.  Rescale is the same from x to x'
    as from x' to x, so the side with fewer rows may be the one: R references cost one input R + 1 rows, not 2R.
    """
    swapped = either_way and len(call.rows) < len(references)
    single, many = (call.rows, references) if swapped else (references, call.rows)
    total, network = len(single) * len(many), FromLayer(call)
    progress = Progress(f"deep_shap: {total:,} rows forward and back", total)
    for j in range(len(single)):
        for part in call.slices(len(many)):
            layer, output = network.forward(many[part], single[j : j + 1])
            k = np.arange(part.start, part.stop)
            i, r = (np.full_like(k, j), k) if swapped else (k, np.full_like(k, j))
            yield PairBatch(i, r, layer, output, -1 if swapped else 1)
            progress.advance(len(k))
    progress.close()


def gap_message(call: Call, rules: Rules, references: Array, ends: Endpoints, pairs: PairBatch, row: int) -> str:
    """What went wrong, for whom, and why."""
    i, r = int(pairs.i[row]), int(pairs.r[row])
    why = find_leak(call, lambda output: rules, references[r : r + 1], ends, i)
    return f"the contributions to row {i} miss its difference in score from reference {r}, because {why}"

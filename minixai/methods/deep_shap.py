"""DeepSHAP: DeepLIFT from every reference of a background, and the mean of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from minixai.arrays import Array, rounding_bound, row_sums
from minixai.attribution import Attribution
from minixai.graph import Node
from minixai.methods.background import MEMBER, background_endpoints
from minixai.methods.call import Call
from minixai.methods.certificate import check_reference
from minixai.methods.deep_lift import POOLS, find_leak
from minixai.methods.endpoints import Endpoints
from minixai.methods.network import FromLayer
from minixai.methods.passes import accumulate
from minixai.methods.registry import method
from minixai.model import Network
from minixai.progress import Progress
from minixai.rules import rescale_table
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
    """DeepSHAP, φ = mean over x' of m · (x − x') with DeepLIFT's m, so that Σφ = f(x) − mean f(x').

    Parameters
    ----------
    {model, x, target, versus}
    {background}
        Each of them is taken once.
    pool : {"mover", "first", "gradient"}, default "mover"
        The rule at a maximum, as in `deep_lift`; "gradient" is not complete, so there is no gap.
    {output, layer, batch}

    Returns
    -------
    Attribution
        Values in the shape of x, or of the layer.

    Raises
    ------
    {errors}
    ValueError
        If the background does not fit x.  Also if for any reference the values miss their sum by more than
        √ε · (|f(x)| + |f(x')| + Σ|φ|); the message names the op that loses them.

    Notes
    -----
    DeepLIFT's rule is Rescale.  The values are complete for every background up to rounding, so there is no standard
    error. They are not exact Shapley values: min(1, 2) from (0, 0) gives (1, 0), not (½, ½).

    References
    ----------
    Lundberg & Lee (2017), A unified approach to interpreting model predictions, §4.2.

    Examples
    --------
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
    """One attribution for each of the targets, (N,) each, by default the call's own, from the same forward passes."""
    table = rescale_table(POOLS[one_of(pool, POOLS, "pool")])
    references = call.background(background)
    all_ends = background_endpoints(call, references, targets, keep=False)
    complete = all_ends[0].complete and pool != "gradient"
    totals, forward = [np.zeros(ends.value.shape) for ends in all_ends], 0
    for pairs in pair_batches(call, references, both_directions=pool == "mover"):
        forward += len(pairs.output) + 1
        for ends, total in zip(all_ends, totals, strict=True):
            pairs.check_reference_score(ends, references)
            m = ends.multipliers(table, pairs.layer, pairs.output, pairs.i)
            parts = pairs.sign * table.contributions(pairs.layer, m)
            accumulate(total, pairs.i, parts)
            if complete and check and (row := pairs.find_gap(ends, parts)) is not None:
                i, r = pairs.i[row], pairs.r[row]
                why = find_leak(ends, lambda output: table, references[[r]], i)
                raise ValueError(
                    f"the contributions to row {i} miss its difference in score from reference {r}, because {why}"
                )
    parameters, rows = {"background": np.asarray(background), "pool": pool}, len(call.rows) * len(references)
    values = [(total / len(references)).astype(ends.value.dtype) for ends, total in zip(all_ends, totals, strict=True)]
    return [
        ends.attribution("deep_shap", mean, parameters, (forward, rows), gap=ends.gap(mean) if complete else None)
        for ends, mean in zip(all_ends, values, strict=True)
    ]


@dataclass(frozen=True, eq=False)
class PairBatch:
    """Inputs i and references r in one graph; `sign` is −1 where the references are its values."""

    i: Array
    r: Array
    layer: Node
    output: Node
    sign: int

    def check_reference_score(self, ends: Endpoints, references: Array) -> None:
        """Raise ValueError if the reference has another score in this graph than by itself."""
        swapped = self.sign < 0
        expected = ends.score[self.i] if swapped else ends.reference_score_at(self.r, self.i)
        observed = ends.contrast[self.i].of(self.output.reference)
        check_reference(ends, self.i, references[self.r], expected, observed, "input {i}" if swapped else MEMBER)

    def find_gap(self, ends: Endpoints, parts: Array) -> int | None:
        """The row whose contributions miss its difference in score by the most beyond rounding, if there is one."""
        contrast, output = ends.contrast[self.i], self.output
        gap = self.sign * row_sums(parts) - contrast.of(output.delta.astype(np.float64))
        scores = abs(contrast.of(output.value)) + abs(contrast.of(output.reference))
        excess = abs(gap) - rounding_bound(scores + row_sums(abs(parts)), parts.dtype)
        return int(excess.argmax()) if excess.max() > 0 else None


def pair_batches(call: Call, references: Array, both_directions: bool) -> Iterator[PairBatch]:
    """Every input with every reference.

    Each row of one side is the single reference of all rows of the other side.  Rescale is the same from x to x' as
    from x' to x, so `both_directions` takes the side with fewer rows: R references cost one input R + 1 rows, not 2R.
    """
    swapped = both_directions and len(call.rows) < len(references)
    single, many = (call.rows, references) if swapped else (references, call.rows)
    total, network = len(single) * len(many), FromLayer(call)
    progress = Progress(f"deep_shap: {total:,} rows forward and back", total)
    for j in range(len(single)):
        for part in call.slices(len(many)):
            layer, output = network.from_input(Node(many[part], single[j : j + 1], name="input"))
            k = np.arange(part.start, part.stop)
            i, r = (np.full_like(k, j), k) if swapped else (k, np.full_like(k, j))
            yield PairBatch(i, r, layer, output, -1 if swapped else 1)
            progress.advance(len(k))
    progress.close()

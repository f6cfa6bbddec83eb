"""Does the map add up?  Its sum is compared with f(x) − f(x'), the change of the score from baseline to image."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import scipy

from minixai.arrays import Array, row_sums
from minixai.audit.case import Case
from minixai.evaluation.checks import Check, CheckDescription, Judgement, Row, format_share
from minixai.graph import Node
from minixai.methods.baselines import BASELINES, Baseline

DESCRIPTION = CheckDescription(
    name="adds up",
    question="Does the map add up to what it promises?",
    source=(
        "completeness: Sundararajan, Taly & Yan 2017, proposition 1; summation to delta: Shrikumar et al. 2017, eq. 1"
    ),
    weakness="a map can add up and still put its values on the wrong pixels",
)
MEANING = "what is missing, as a share of f(x) − f(x')"
EXPLAINS = 1e-3
"""A sum agrees with what it should be, as it is or after a known mistake, if the gap is at most this share."""
QUADRATURE = 5e-3
"""The same for integrated gradients, whose quadrature is not exact."""
CHANCE = 0.0027
"""A sampled sum adds up unless so large a gap has less than this probability; it is that of three standard errors."""
TOLERATED = 0.05
"""A larger share means "does not hold"; Sundararajan et al. recommend more steps if more than this is missing."""
CLASSES = 3
"""How many other classes are tried, to find out whether a foreign sum belongs to one of them."""
STEPS = (50, 10, 20, 25, 100)
"""Common numbers of nodes, tried for a trapezoid rule whose weights add up to less than 1."""


class Gap(NamedTuple):
    """By how much the map's sum differs from f(x) − f(x'), for the image where the share is largest.

    share       |Σφ − (f(x) − f(x'))| / |f(x) − f(x')|, or divided by |Σφ| if f(x) = f(x')
    error       the standard error of that share for a sampled method, otherwise None
    expected    f(x) − f(x')
    total       Σφ
    where       a clause that says which image it is, empty if there is only one
    """

    share: float
    error: float | None
    expected: float
    total: float
    where: str


def check_completeness(case: Case) -> Check:
    """Measure the gap between the map's sum and f(x) − f(x'), and name the mistake that explains it, if one does."""
    total, expected = row_sums(case.values), expected_sum(case)
    if expected is None:
        return no_sum_promised(case, total)
    gap = worst_gap(case, total, expected)
    mistake = None if adds_up(case, gap) else next(explanations(case, total, expected), None)
    return DESCRIPTION.result(
        gap.share,
        MEANING,
        judge_gap(case, gap, mistake),
        uncertainty=gap.error,
        table=(Row("f(x) − f(x')", gap.expected), Row("sum of the map", gap.total)),
        facts={"explained_by": mistake} if mistake else {},
    )


def worst_gap(case: Case, total: Array, expected: Array) -> Gap:
    """Return the gap of the image with the largest share; `total` are the sums, (N,), and `expected` the right ones."""
    size = np.where(expected != 0, abs(expected), np.maximum(abs(total), np.finfo(float).tiny))
    shares = abs(np.where(total == expected, 0.0, (total - expected) / size))
    i = int(shares.argmax())
    errors = case.own.gap_standard_error
    error = None if errors is None else float(errors[i] / size[i])
    where = f" (image {i} of {len(total)}, the worst)" if len(total) > 1 else ""
    return Gap(float(shares[i]), error, float(expected[i]), float(total[i]), where)


def adds_up(case: Case, gap: Gap) -> bool:
    """Whether rounding, quadrature or sampling explains the gap; always true of minixai's own sampled maps."""
    enough = QUADRATURE if case.method.name == "integrated_gradients" else EXPLAINS
    return gap.share <= enough or within_sampling(case, gap) or (not case.foreign and bool(gap.error))


def within_sampling(case: Case, gap: Gap) -> bool:
    """Whether sampling explains the gap, by Student's t, since a standard error from few draws is itself uncertain."""
    draws = case.own.parameters.get("samples")
    freedom = max(draws - 1, 1) if isinstance(draws, int) else 1000
    return bool(gap.error) and gap.share <= float(scipy.stats.t.ppf(1 - CHANCE / 2, freedom)) * (gap.error or 0)


def judge_gap(case: Case, gap: Gap, mistake: str | None) -> Judgement:
    """Judge the gap; `mistake` is what explains it, or None."""
    missing = format_share(gap.share)
    enough = QUADRATURE if case.method.name == "integrated_gradients" else EXPLAINS
    reading = f"The map misses {missing} of f(x) − f(x') = {gap.expected:.4g}{gap.where}"
    verdict = f"It misses {missing} of what it should add up to"
    if gap.share <= enough:
        return Judgement(
            "holds",
            f"The map adds up: it misses {missing} of f(x) − f(x') = {gap.expected:.4g}{gap.where}.",
            f"It adds up, to {missing}",
        )
    if within_sampling(case, gap):
        verdict = f"It adds up within sampling ({missing} ± {format_share(gap.error or 0)} are missing)"
        return Judgement("holds", f"{reading}, which sampling explains.", verdict)
    if not case.foreign and gap.error:
        return Judgement("take care", f"{reading}, more than sampling explains.", verdict)
    if mistake:
        return Judgement("does not hold", f"{reading}; {mistake}.", f"It does not add up: {mistake}")
    more = "" if case.foreign or case.method.name != "integrated_gradients" else "; take more steps"
    return Judgement("take care" if gap.share <= TOLERATED else "does not hold", f"{reading}{more}.", verdict)


def no_sum_promised(case: Case, total: Array) -> Check:
    """Return the check for a method that promises no sum.

    If a foreign map adds up all the same, the reading says so, since that method cannot have made it.
    """
    reading = f"{case.method.name} promises no sum, so there is nothing that must add up."
    if case.foreign and case.signed:
        fits = [name for name in BASELINES if close(total, case.measure(case.images) - at_baseline(case, name))]
        if fits:
            reading += f" Yet this map adds up to f(x) − f({fits[0]}), as contributions do."
    return DESCRIPTION.not_asked(reading, MEANING, table=(Row("sum of the map", float(total[0])),))


def expected_sum(case: Case) -> Array | None:
    """Return f(x) − f(x') of each image, (N,), or None if the method promises no sum.

    The scores come from separate forward passes; only if x' is not one image does the method's own reference score
    stand for f(x').
    """
    if case.own.gap is None:
        return None
    assert case.own.reference_score is not None
    score = case.measure(case.images)
    if case.own.baseline is not None and case.own.baseline.shape[1:] == case.images.shape[1:]:
        return np.asarray(score - case.measure(broadcast(case, case.own.baseline)))
    return np.asarray(score - case.own.reference_score)


def broadcast(case: Case, rows: Array) -> Array:
    """Return a baseline of one row, or of one for each image, with the shape and type of the images."""
    return np.ascontiguousarray(np.broadcast_to(rows, case.images.shape)).astype(case.images.dtype)


def at_baseline(case: Case, baseline: Baseline) -> Array:
    """Return the score at this baseline for each image, (N,)."""
    return case.measure(broadcast(case, case.call.baseline(baseline)))


def other_baselines(case: Case) -> dict[str, Baseline]:
    """Return {words: baseline}, the baselines that a foreign map may have been made with.

    These are the named baselines and grey.  If the model normalises colours before its first layer, the colour that
    becomes 0 is added, since zeros in place of a normalised image amount to that baseline.
    """
    found: dict[str, Baseline] = {"0.5": 0.5, **{repr(name): name for name in BASELINES}}
    preprocessing = getattr(case.model, "preprocessing", None)
    if preprocessing is not None and any(preprocessing.mean):
        colour = np.array(preprocessing.mean)[:: -1 if preprocessing.reverse else 1] / preprocessing.scale
        words = "that preprocessing turns into 0, as zeros beside normalised images are"
        found[words] = np.broadcast_to(colour, case.images.shape[1:]).astype(case.images.dtype)
    return found


def close(total: Array, wanted: Array, share: float = EXPLAINS) -> bool:
    """Whether the sums agree with `wanted` to this share for every image; false if `wanted` is 0 throughout."""
    return bool((abs(total - wanted) <= share * abs(wanted)).all() and abs(wanted).any())


def explanations(case: Case, total: Array, expected: Array) -> Iterator[str]:
    """Yield in words the mistakes that turn the expected sums, (N,), into these, the commonest first."""
    own_gap = 0.0
    if case.own.gap is not None:
        own_gap = float((abs(case.own.gap) / np.maximum(abs(expected), np.finfo(float).tiny)).max())
    share = max(EXPLAINS, min(2 * own_gap, TOLERATED))  # quadrature alone may leave a small gap
    if close(-total, expected, share):
        yield "with its sign flipped it adds up"
    yield from factor_mistakes(case, expected, share)
    yield from size_mistakes(case, total, expected, share)
    steps = case.own.parameters.get("steps")
    if isinstance(steps, int):
        yield from trapezoid_mistakes(total, expected, (steps, *STEPS), own_gap)
    if (case.values >= 0).all() and (case.own.values < 0).any():
        yield "it has no negative values, though the method has: these are absolute values, or positive parts"
    if case.own.baseline is not None:
        yield from question_mistakes(case, total, case.own.baseline)


def factor_mistakes(case: Case, expected: Array, share: float) -> Iterator[str]:
    """Yield in words the mistakes of not multiplying by x − x', or of multiplying twice, if they fit."""
    difference, values = case.input_minus_baseline, case.values
    if difference is None or values.shape != difference.shape:
        return
    if close(row_sums(values * difference), expected, share):
        what = "multipliers" if case.method.name in ("deep_lift", "deep_shap") else "mean gradients"
        yield f"these are {what}: multiply by x − x'"
    with np.errstate(divide="ignore", invalid="ignore"):
        divided = np.where(difference != 0, values / difference, 0)
    if close(row_sums(divided), expected, share):
        yield "it was multiplied by x − x' twice: divide by it once"


def size_mistakes(case: Case, total: Array, expected: Array, share: float) -> Iterator[str]:
    """Yield in words the mistakes of averaging channels or pixels instead of summing them, if they fit."""
    (_, height, width, channels), shape = case.images.shape, case.values.shape
    if shape[3] == 1 and channels > 1 and close(total * channels, expected, share):
        yield "its channels were averaged: they must be summed"
    area = height * width / (shape[1] * shape[2])
    if area != 1 and close(total * area, expected, share):
        yield f"it was made smaller: one number now stands for {area:.0f} pixels"


def trapezoid_mistakes(total: Array, expected: Array, steps: Iterable[int], own_gap: float) -> Iterator[str]:
    """Yield in words the trapezoid rule whose weights add up to (n − 1)/n, for the first n of `steps` that fits."""
    for n in dict.fromkeys(steps):
        if n > 1 and own_gap < 0.1 / n and close(total * n / (n - 1), expected, 0.2 / n):
            yield (
                f"its weights add up to {n - 1}/{n}, as captum's riemann_trapezoid makes them: multiply by {n}/{n - 1}"
            )
            return


def question_mistakes(case: Case, total: Array, baseline: Array) -> Iterator[str]:
    """Yield in words the other baselines, classes and outputs for which the sums, (N,), are right."""
    score = case.measure(case.images)
    for words, other_baseline in other_baselines(case).items():
        if close(total, score - at_baseline(case, other_baseline)):
            yield f"it adds up to f(x) − f(x') of the baseline {words}"
    rows = broadcast(case, baseline)
    for k in other_classes(case, CLASSES):
        if close(total, case.measure(case.images, target=k) - case.measure(rows, target=k)):
            yield f"it adds up for class {class_label(case, k[0])}, so it explains another class"
    if close(total, case.measure(case.images, case.other_output) - case.measure(rows, case.other_output)):
        yield f"it adds up for the {case.other_output}, so it explains that"


def other_classes(case: Case, count: int) -> list[Array]:
    """Return the `count` highest-scoring classes of each image other than its target: a list of arrays (N,)."""
    scores = case.call.scores(Node(case.images)).value
    case.count(len(case.images))
    if scores.ndim < 2:
        return []
    ranked = np.argsort(-scores, axis=1, kind="stable")
    others = np.stack([row[row != k] for row, k in zip(ranked, case.target, strict=True)])
    return [others[:, j] for j in range(min(count, others.shape[1]))]


def class_label(case: Case, k: int) -> str:
    """Return the name of class k, or its number if the model does not name its classes."""
    classes = getattr(case.model, "classes", None)
    return str(classes[int(k)]) if classes else str(int(k))

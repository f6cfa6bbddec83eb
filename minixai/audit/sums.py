"""Does it add up?  The map's sum against what the network itself does between the baseline and the image."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import scipy

from minixai.arrays import Array, row_sums
from minixai.attribution import Cost
from minixai.audit.case import Case
from minixai.audit.check import Check, Row, Topic, percent
from minixai.graph import Node
from minixai.methods.baselines import BASELINES

TOPIC = Topic(
    name="adds up",
    question="Does the map add up to what it promises?",
    source=(
        "completeness: Sundararajan, Taly & Yan 2017, proposition 1; summation to delta: Shrikumar et al. 2017, eq. 1"
    ),
    weakness="a map can add up and still put its values on the wrong pixels",
)
MEANING = "what is missing, as a share of f(x) − f(x')"
EXPLAINS = 1e-3
"""A sum is explained by a mistake if less than this share of it is left."""
QUADRATURE = 5e-3
"""What integrated gradients may miss and still be said to add up."""
CHANCE = 0.0027
"""How seldom a sampled sum is off by more than is forgiven: that of three standard errors of a normal number."""
TOLERATED = 0.05
"""Sundararajan et al. recommend more steps above it."""
CLASSES = 3
"""Other classes that a foreign sum is tried with."""


def check_sum(case: Case) -> Check:
    """The gap against f(x) − f(x'), measured by passes of its own."""
    before = case.spent
    moved = expected_sum(case)
    total = row_sums(case.values)
    if moved is None:
        return nothing_promised(case, total, before)
    size = np.where(moved != 0, abs(moved), np.maximum(abs(total), np.finfo(float).tiny))
    gaps = np.where(total == moved, 0.0, (total - moved) / size)
    worst = int(abs(gaps).argmax())
    gap = float(abs(gaps[worst]))
    error = None
    if case.own.gap_standard_error is not None:
        error = float(case.own.gap_standard_error[worst] / size[worst])
    rows = [Row("f(x) − f(x')", float(moved[worst])), Row("sum of the map", float(total[worst]))]
    where = f" (image {worst} of {len(moved)}, the worst)" if len(moved) > 1 else ""
    enough = QUADRATURE if case.method.name == "integrated_gradients" else EXPLAINS
    if gap > enough and error and gap <= forgiven(case) * error:
        reading = f"The map misses {percent(gap)} of f(x) − f(x'){where}, which sampling explains."
        verdict = f"It adds up within sampling ({percent(gap)} ± {percent(error)} are missing)"
        return TOPIC.conclude(case.since(before), MEANING, gap, error, reading, "holds", verdict, rows)
    if gap <= enough:
        reading = f"The map adds up to f(x) − f(x') = {moved[worst]:.4g}: it misses {percent(gap)} of it{where}."
        return TOPIC.conclude(
            case.since(before), MEANING, gap, error, reading, "holds", f"It adds up, to {percent(gap)}", rows
        )
    if not case.foreign and error:
        reading = f"The map misses {percent(gap)} of f(x) − f(x'){where}, more than sampling explains."
        return TOPIC.conclude(
            case.since(before),
            MEANING,
            gap,
            error,
            reading,
            "take care",
            f"It misses {percent(gap)} of what it should add up to",
            rows,
        )
    mistake = next(explanations(case, total, moved), None)
    if mistake:
        reading = f"The map misses {percent(gap)} of f(x) − f(x'){where}; {mistake}."
        verdict = f"It does not add up: {mistake}"
        return TOPIC.conclude(
            case.since(before),
            MEANING,
            gap,
            error,
            reading,
            "does not hold",
            verdict,
            rows,
            facts={"explained_by": mistake},
        )
    status = "take care" if gap <= TOLERATED else "does not hold"
    more = "" if case.foreign or case.method.name != "integrated_gradients" else "; take more steps"
    reading = f"The map misses {percent(gap)} of f(x) − f(x') = {moved[worst]:.4g}{where}{more}."
    return TOPIC.conclude(
        case.since(before),
        MEANING,
        gap,
        error,
        reading,
        status,
        f"It misses {percent(gap)} of what it should add up to",
        rows,
    )


def nothing_promised(case: Case, total: Array, before: Cost) -> Check:
    reading = f"{case.method.name} promises no sum, so there is nothing that must add up."
    if case.foreign and case.signed:
        fits = [name for name in BASELINES if close(total, case.measure(case.images) - at_baseline(case, name))]
        if fits:
            reading += f" Yet this map adds up to f(x) − f({fits[0]}), as contributions do."
    return TOPIC.conclude(
        case.since(before), MEANING, None, None, reading, "not asked", "", [Row("sum of the map", float(total[0]))]
    )


def expected_sum(case: Case) -> Array | None:
    """f(x) − f(x') of each image, (N,), by passes that no method makes; None where no sum is promised."""
    if case.own.gap is None:
        return None
    assert case.own.reference_score is not None
    score = case.measure(case.images)
    if case.own.baseline is not None and case.own.baseline.shape[1:] == case.images.shape[1:]:
        return np.asarray(score - case.measure(broadcast(case, case.own.baseline)))
    return np.asarray(score - case.own.reference_score)


def forgiven(case: Case) -> float:
    """By how many standard errors a sampled sum may be off: few draws know their own spread badly."""
    draws = case.own.parameters.get("samples")
    return float(scipy.stats.t.ppf(1 - CHANCE / 2, max(draws - 1, 1) if isinstance(draws, int) else 1000))


def broadcast(case: Case, rows: Array) -> Array:
    return np.ascontiguousarray(np.broadcast_to(rows, case.images.shape)).astype(case.images.dtype)


def at_baseline(case: Case, name: str) -> Array:
    return case.measure(broadcast(case, case.call.baseline(name)))


def close(total: Array, wanted: Array, share: float = EXPLAINS) -> bool:
    """Whether sums are what they should be, for every image."""
    return bool((abs(total - wanted) <= share * abs(wanted)).all() and abs(wanted).any())


def explanations(case: Case, total: Array, moved: Array) -> Iterator[str]:
    """The commonest mistakes that make this sum of that one."""
    mine = (
        float((abs(case.own.gap) / np.maximum(abs(moved), np.finfo(float).tiny)).max())
        if case.own.gap is not None
        else 0
    )
    share = max(EXPLAINS, min(2 * mine, TOLERATED))  # a quadrature may miss a little by itself
    if close(-total, moved, share):
        yield "with its sign flipped it adds up"
    difference, values = case.difference, case.values
    if difference is not None and values.shape[:3] == difference.shape[:3]:
        if values.shape[3] == difference.shape[3]:
            if close(row_sums(values * difference), moved, share):
                what = "multipliers" if case.method.name in ("deep_lift", "deep_shap") else "mean gradients"
                yield f"these are {what}: multiply by x − x'"
            with np.errstate(divide="ignore", invalid="ignore"):
                divided = np.where(difference != 0, values / difference, 0)
            if close(row_sums(divided), moved, share):
                yield "it was multiplied by x − x' twice: divide by it once"
        if values.shape[3] == 1 and close(total * case.images.shape[3], moved, share):
            yield "its channels were averaged: they must be summed"
    area = case.images.shape[1] * case.images.shape[2] / (values.shape[1] * values.shape[2])
    if area != 1 and close(total * area, moved, share):
        yield f"it was made smaller: one number now stands for {area:.0f} pixels"
    steps = case.own.parameters.get("steps")
    if isinstance(steps, int):
        for n in dict.fromkeys((steps, 50, 10, 20, 25, 100)):
            if n > 1 and mine < 0.1 / n and close(total * n / (n - 1), moved, 0.2 / n):
                yield (
                    f"its weights add up to {n - 1}/{n}, as captum's riemann_trapezoid "
                    f"makes them: multiply by {n}/{n - 1}"
                )
                break
    if (values >= 0).all() and (case.own.values < 0).any():
        yield "it has no negative values, though the method has: these are absolute values, or positive parts"
    if case.own.baseline is not None:
        score = case.measure(case.images)
        for name in BASELINES:
            if close(total, score - at_baseline(case, name)):
                yield f"it adds up to f(x) − f({name}), so its baseline is {name!r}"
        rows = broadcast(case, case.own.baseline)
        for k in other_classes(case, CLASSES):
            if close(total, case.measure(case.images, target=k) - case.measure(rows, target=k)):
                yield f"it adds up for class {label(case, k[0])}, so it explains another class"
        other = "score" if case.call.output == "probability" else "probability"
        if close(total, case.measure(case.images, other) - case.measure(rows, other)):
            yield f"it adds up for the {other}, so it explains that"


def other_classes(case: Case, count: int) -> list[Array]:
    """The likeliest classes that were not asked for, (N,) each."""
    call = case.call
    scores = call.scores(Node(case.images)).value
    case.count(len(case.images))
    if scores.ndim < 2:
        return []
    ranked = np.argsort(-scores, axis=1, kind="stable")
    others = np.stack([row[row != k] for row, k in zip(ranked, case.target, strict=True)])
    return [others[:, j] for j in range(min(count, others.shape[1]))]


def label(case: Case, k: int) -> str:
    """What a class is called."""
    classes = getattr(case.model, "classes", None)
    return str(classes[int(k)]) if classes else str(int(k))

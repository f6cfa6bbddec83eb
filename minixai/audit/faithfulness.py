"""Does the network care about what the map marks?  The marked pixels are hidden, and the change of score measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from minixai.arrays import Array
from minixai.audit.case import Case
from minixai.evaluation.checks import (
    Check,
    CheckDescription,
    Judgement,
    PlottedCurve,
    Row,
    format_number,
    mean_and_error,
)
from minixai.evaluation.curves import Curve, curve_rows, deletion_curve, insertion_curve
from minixai.evaluation.faithfulness import infidelity, sensitivity_n
from minixai.evaluation.sanity import edge_detector, random_map

DESCRIPTION = CheckDescription(
    name="the network cares",
    question="Does the score follow when what the map marks is hidden, or shown?",
    source=(
        "deletion and insertion: Petsiuk, Das & Saenko 2018 (RISE), §4; sensitivity-n: Ancona et al. 2018, "
        "definition 1; infidelity: Yeh et al. 2019, definition 2.1, with squares"
    ),
    weakness=(
        "an image with holes is like nothing the network has seen, so each fill asks another question; "
        "sensitivity-n is noise for large n, and blind to scale; infidelity punishes slopes for being local"
    ),
)
FILLS = ("blur", "mean", "noise")
CURVES = (("deletion", deletion_curve, -1), ("insertion", insertion_curve, 1))
"""(name, function, sign): a good map makes the area under the curve larger (1) or smaller (−1)."""
STEPS = 16
SUBSETS, SQUARES = (30, 60), (30, 60)
"""How many random sets of pixels are drawn for each n, and how many squares: for large networks, and for others."""
ERRORS = 2
"""The gain over random orders must exceed this many of its standard errors, or the check does not hold."""


class Gains(NamedTuple):
    """By how much more the orders of pixels change the probability than random orders do.

    rows      the area under every curve
    curves    {title: {name of the order: curve}}
    gains     {name of the order: gains, (2 · fills, draws)}, where deletion and insertion alternate
    """

    rows: list[Row]
    curves: dict[str, dict[str, PlottedCurve]]
    gains: dict[str, Array]


def check_faithfulness(case: Case) -> Check:
    """Measure by how much more the map's order of pixels changes the probability than random orders, over all fills."""
    found = compare_orders(case)
    number, error = mean_gain(found.gains["the map"])
    edges, _ = mean_gain(found.gains["edges"])
    return DESCRIPTION.result(
        number,
        "area between the curves of the map's order and of random orders, mean over fills; a random map has 0",
        judge_hiding(case, number, error, edges),
        uncertainty=error,
        table=(*found.rows, *sensitivity_rows(case), *infidelity_rows(case)),
        curves=found.curves,
    )


def judge_hiding(case: Case, number: float, error: float, edges: float) -> Judgement:
    """Judge whether the map's order gains more than random orders, and more than an edge detector's order."""
    what = "contrast of probabilities" if case.versus is not None else "probability"
    gain, edge_gain = format_number(number, error), format_number(edges)
    reading = (
        f"In the map's order of pixels the {what} moves {gain} more than in a random order, on average over deletion "
        f"and insertion with {', '.join(FILLS)}; in an edge detector's order {edge_gain} more."
    )
    if number <= ERRORS * error:
        verdict = (
            f"Hiding what it marks moves the score no more than hiding pixels at random ({gain}): do not use it to "
            "say which pixels count"
        )
        return Judgement("does not hold", reading, verdict)
    if number <= edges:
        verdict = f"The network cares about what it marks ({gain}), but no more than about edges ({edge_gain})"
        return Judgement("take care", reading, verdict)
    verdict = f"The network cares about what it marks: {gain} more probability than in a random order"
    return Judgement("holds", reading, verdict)


def compare_orders(case: Case) -> Gains:
    """Run deletion and insertion with every fill, in the map's order, in an edge detector's and in random orders."""
    orders = {"the map": (case.pixels[..., None], case.signed), "edges": (edge_detector(case.images), False)}
    chance = [random_map(case.images, int(seed)) for seed in random_seeds(case)]
    rows, curves, gains = list[Row](), dict[str, dict[str, PlottedCurve]](), dict[str, list[Array]]()
    for fill, (words, curve, sign) in product(FILLS, CURVES):
        random = [run_curve(case, curve, map_, fill, True) for map_ in chance]
        areas = np.array([each.auc.mean() for each in random])
        title, lines = f"{words}, {fill}", {"random": average_curve(random)}
        rows.append(Row(f"{title}: random order", *mean_and_error(areas)))
        for name, (map_, signed) in orders.items():
            found = run_curve(case, curve, map_, fill, signed)
            gains.setdefault(name, []).append(sign * (found.auc.mean() - areas))
            lines[name] = PlottedCurve(found.fraction, found.scores.mean(axis=0))
            rows.append(Row(f"{title}: {name}", float(found.auc.mean())))
        curves[title] = lines
    return Gains(rows, curves, {name: np.array(each) for name, each in gains.items()})


def random_seeds(case: Case) -> Array:
    """Return the seeds of the random orders, (draws,)."""
    return np.random.default_rng((case.seed, 4)).integers(2**31, size=case.draws)


def run_curve(case: Case, curve: Callable[..., Curve], map_: Array, fill: str, signed: bool) -> Curve:
    """Return the deletion or insertion curve of the probability, and count the rows it takes."""
    options = {"baseline": fill, "steps": STEPS, "signed": signed, "seed": case.seed, "batch": case.call.batch}
    found = curve(case.model, case.images, map_, case.target, versus=case.versus, **options)
    case.count(len(case.images) * curve_rows(STEPS))
    return found


def average_curve(curves: Sequence[Curve]) -> PlottedCurve:
    """Return the mean curve over images and draws, with its standard error over draws; each item is one draw."""
    heights = np.array([c.scores.mean(axis=0) for c in curves])
    return PlottedCurve(curves[0].fraction, heights.mean(axis=0), heights.std(axis=0, ddof=1) / np.sqrt(len(heights)))


def mean_gain(gains: Array) -> tuple[float, float]:
    """Return the mean of the gains, (2 · fills, draws), and its standard error over fills and draws together."""
    (mean, by_fill), (_, by_draw) = (mean_and_error(gains.mean(axis=axis)) for axis in (1, 0))
    return mean, float(np.hypot(by_fill or 0, by_draw or 0))


def mean_of_errors(errors: Array) -> float:
    """Return the standard error of the mean over N images whose standard errors are `errors`, (N,)."""
    return float(np.sqrt((errors**2).sum()) / len(errors))


def hiding_options(case: Case) -> dict[str, Any]:
    """Return the options that sensitivity-n and infidelity share."""
    what: dict[str, Any] = {"baseline": "mean", "seed": case.seed, "versus": case.versus}
    return what | {"output": case.call.output, "batch": case.call.batch}


def sensitivity_rows(case: Case) -> list[Row]:
    """Return a row of sensitivity-n in its published form for each n."""
    subsets = SUBSETS[not case.large]
    args = (case.model, case.images, case.pixels[..., None], case.target)
    found = sensitivity_n(*args, subsets=subsets, **hiding_options(case))
    case.count(len(case.images) * (1 + subsets * len(found.sizes)))
    note = "1 for the contributions of a linear network, 0 by chance"
    return [
        Row(
            f"sensitivity-n, {100 * n / case.pixels[0].size:.0f} % of the pixels",
            float(r.mean()),
            mean_of_errors(errors),
            note,
        )
        for n, r, errors in zip(found.sizes, found.correlation.T, found.standard_error.T, strict=True)
    ]


def infidelity_rows(case: Case) -> list[Row]:
    """Return two rows: infidelity in its published form, and the share that the map times its best factor leaves."""
    squares = SQUARES[not case.large]
    args = (case.model, case.images, case.pixels[..., None], case.target)
    found = infidelity(*args, squares=squares, **hiding_options(case))
    case.count(len(case.images) * (1 + squares))
    error = mean_of_errors(found.standard_error)
    unexplained = float(found.unexplained.mean())
    return [
        Row("infidelity", float(found.value.mean()), error, "score squared; 0 is best"),
        Row("infidelity, unexplained by the best factor", unexplained, None, "0 is best, 1 is what a map of zeros has"),
    ]

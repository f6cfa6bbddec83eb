"""Does the network care about what the map marks?  Hide it, and watch the score."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minixai.arrays import Array
from minixai.audit.case import Case
from minixai.audit.check import Check, Lines, Row, Topic, value
from minixai.evaluation.curves import Curve, deletion_curve, insertion_curve
from minixai.evaluation.faithfulness import infidelity, sensitivity_n
from minixai.evaluation.sanity import edge_detector, random_map

TOPIC = Topic(
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
STEPS = 16
SUBSETS, SQUARES = (30, 60), (30, 60)
"""Random sets of pixels for each n, and squares: for large networks, and for others."""
ERRORS = 2
"""Standard errors from which on a difference is told."""


def check_hiding(case: Case) -> Check:
    """By how much more than a random order the map's order moves the probability, over fills."""
    before = case.spent
    orders = {"the map": case.pixels[..., None], "edges": edge_detector(case.images)}
    chance = [random_map(case.images, seed) for seed in seeds(case)]
    rows, curves = list[Row](), dict[str, dict[str, Lines]]()
    ends: dict[str, list[Array]] = {"the map": [], "edges": []}
    for fill in FILLS:
        for words, curve, sign in (("deletion", deletion_curve, -1), ("insertion", insertion_curve, 1)):
            random = [run(case, curve, map_, fill, True) for map_ in chance]
            areas = np.array([c.auc.mean() for c in random])
            lines = {"random": average(random)}
            rows.append(Row(f"{words}, {fill}: random order", float(areas.mean()), spread(areas)))
            for name, map_ in orders.items():
                found = run(case, curve, map_, fill, case.signed and name == "the map")
                gain = sign * (found.auc.mean() - areas)
                ends[name].append(gain)
                lines[name] = Lines(found.fraction, found.scores.mean(axis=0))
                rows.append(Row(f"{words}, {fill}: {name}", float(found.auc.mean())))
            curves[f"{words}, {fill}"] = lines
    number, error = mean_gain(np.array(ends["the map"]))  # (fills · 2, draws)
    edge_gain, _ = mean_gain(np.array(ends["edges"]))
    rows += correlations(case)
    reading = (
        f"In the map's order of pixels the {'contrast of probabilities' if case.versus is not None else 'probability'} "
        f"moves {value(number, error)} more than in a random order, on average over deletion and insertion with "
        f"{', '.join(FILLS)}; in an edge detector's order {value(edge_gain)} more."
    )
    if number <= ERRORS * error:
        status = "does not hold"
        verdict = (
            f"Hiding what it marks moves the score no more than hiding pixels at random ({value(number, error)}): "
            "do not use it to say which pixels count"
        )
    elif number <= edge_gain:
        status = "take care"
        verdict = (
            f"The network cares about what it marks ({value(number, error)}), but no more than about edges "
            f"({value(edge_gain)})"
        )
    else:
        status = "holds"
        verdict = (
            f"The network cares about what it marks: {value(number, error)} more probability than in a random order"
        )
    return TOPIC.answer(
        number=number,
        meaning="area between the curves of the map's order and of random orders, mean over fills; a random map has 0",
        uncertainty=error,
        reading=reading,
        cost=case.since(before),
        status=status,
        verdict=verdict,
        table=tuple(rows),
        curves=curves,
    )


def seeds(case: Case) -> list[int]:
    """Of the random orders."""
    return [int(seed) for seed in np.random.default_rng((case.seed, 4)).integers(2**31, size=case.draws)]


def run(case: Case, curve: Callable[..., Curve], map_: Array, fill: str, signed: bool) -> Curve:
    """A curve of the probability; its rows are counted."""
    steps = STEPS
    found = curve(
        *(case.model, case.images, map_, case.target),
        versus=case.versus,
        baseline=fill,
        steps=steps,
        signed=signed,
        seed=case.seed,
        batch=case.call.batch,
    )
    case.count(len(case.images) * (steps + 2))
    return found


def average(curves: list[Curve]) -> Lines:
    """The mean of curves over images and draws, and its standard error over draws."""
    heights = np.array([c.scores.mean(axis=0) for c in curves])
    return Lines(curves[0].fraction, heights.mean(axis=0), heights.std(axis=0, ddof=1) / np.sqrt(len(heights)))


def spread(numbers: Array) -> float:
    """The standard error of a mean."""
    return float(numbers.std(ddof=1) / np.sqrt(len(numbers)))


def mean_gain(gains: Array) -> tuple[float, float]:
    """The mean of gains (fills and directions, draws), and its standard error over both."""
    by_fill, by_draw = gains.mean(axis=1), gains.mean(axis=0)
    return float(gains.mean()), float(np.hypot(spread(by_fill), spread(by_draw)))


def correlations(case: Case) -> list[Row]:
    """Sensitivity-n and infidelity, in their published form."""
    what: dict[str, Any] = {"baseline": "mean", "seed": case.seed, "versus": case.versus, "output": case.call.output}
    args = (case.model, case.images, case.pixels[..., None], case.target)
    subsets, squares = SUBSETS[not case.large], SQUARES[not case.large]
    found = sensitivity_n(*args, subsets=subsets, batch=case.call.batch, **what)
    case.count(len(case.images) * (1 + subsets * len(found.sizes)))
    total = case.pixels[0].size
    rows = [
        Row(
            f"sensitivity-n, {100 * n / total:.0f} % of the pixels",
            float(r.mean()),
            float(np.sqrt((e**2).sum()) / len(e)),
            "1 for the contributions of a linear network, 0 by chance",
        )
        for n, r, e in zip(found.sizes, found.correlation.T, found.standard_error.T, strict=True)
    ]
    wrong = infidelity(*args, squares=squares, batch=case.call.batch, **what)
    case.count(len(case.images) * (1 + squares))
    rows.append(
        Row(
            "infidelity",
            float(wrong.value.mean()),
            float(np.sqrt((wrong.standard_error**2).sum()) / len(wrong.value)),
            "score squared; 0 is best",
        )
    )
    rows.append(
        Row(
            "infidelity, unexplained by the best factor",
            float(wrong.unexplained.mean()),
            None,
            "0 is best, 1 is what a map of zeros has",
        )
    )
    return rows

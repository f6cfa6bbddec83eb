"""How far does the map depend on choices that nobody made on purpose?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from minixai.arrays import Array
from minixai.attribution import Attribution
from minixai.audit.case import Case
from minixai.evaluation.checks import Check, CheckDescription, Judgement, Row, format_number, mean_and_error
from minixai.evaluation.parts import rank_correlation
from minixai.methods.baselines import BASELINES
from minixai.model import Model

DESCRIPTION = CheckDescription(
    name="depends on choices",
    question="How far does the map depend on choices that nobody made on purpose?",
    source=(
        "baselines: Sturmfels, Lundberg & Lee 2020; small changes of the input: Ghorbani, Abid & Zou 2019; "
        "shifts: Kindermans et al. 2019"
    ),
    weakness=("a baseline is part of the question, so another one may rightly give another map; it must then be told"),
)
MEANING = "the smallest rank correlation with the map made with another choice"
GREY, NOISE, TOP = 0.5, 0.01, 0.1
STEADY, SHAKY = 0.9, 0.5
"""Rank correlations from which on a map counts as steady, and below which it depends on the choice."""


class Comparisons(NamedTuple):
    """What came of the other choices.

    rows        for each choice: the rank correlation with the map as it is, and its standard error
    maps        by choice, (N, H, W) each, after the map as it is
    left_out    choices that this network or method cannot be asked, each with the reason
    """

    rows: tuple[Row, ...]
    maps: dict[str, Array]
    left_out: tuple[str, ...]


def check_robustness(case: Case) -> Check:
    """Measure ρ with the map made otherwise, and the share of the highest tenth of the pixels that stays."""
    compared = compare_choices(case)
    if not compared.rows:
        return DESCRIPTION.not_asked("None of the choices can be varied here.", MEANING, maps=compared.maps)
    lowest = compared.rows[0]
    return DESCRIPTION.result(
        lowest.number,
        MEANING,
        judge_choices(case, compared),
        uncertainty=lowest.uncertainty,
        table=compared.rows,
        maps=compared.maps,
    )


def compare_choices(case: Case) -> Comparisons:
    """Make the map with every other choice; the rows are sorted from the lowest correlation to the highest."""
    reference = case.as_pixels(case.own.values)
    rows, maps, left_out = list[Row](), dict[str, Array]({"as it is": reference}), list[str]()
    for words, attempts in variants(case):
        ranks, kept = [], []
        try:
            for map_, margin in attempts:
                a, b = (crop(m, margin) for m in (reference, map_))
                ranks.append(float(rank_correlation(a, b).mean()))
                kept.append(top_overlap(case, a, b))
                maps[words] = map_
        except (ValueError, TypeError) as problem:  # one that this network or method cannot be asked
            left_out.append(f"{words} ({str(problem).split(':')[0]})")
            continue
        rows.append(Row(words, *mean_and_error(ranks), f"{100 * np.mean(kept):.0f} % of the top decile stay"))
    return Comparisons(tuple(sorted(rows, key=lambda row: row.number or 0)), maps, tuple(left_out))


def judge_choices(case: Case, compared: Comparisons) -> Judgement:
    """Say which choice changes the map most, and whether that is much."""
    least, most = compared.rows[0], compared.rows[-1]
    assert least.number is not None
    reading = (
        f"The map agrees least with itself {least.label} (ρ = {format_number(least.number, least.uncertainty)}), and "
        f"most {most.label} (ρ = {format_number(most.number)})."
    )
    if compared.left_out:
        reading += f" Left out: {'; '.join(compared.left_out)}."
    if case.foreign:
        reading += f" Asked of minixai's own {case.method.name}, since the foreign map cannot be made again."
    lowest = format_number(least.number)
    if least.number >= STEADY:
        return Judgement("holds", reading, f"It hardly depends on choices that nobody made (ρ at least {lowest})")
    verdict = f"It changes {least.label} (ρ {lowest} with itself): do not use it without telling that choice"
    return Judgement("does not hold" if least.number < SHAKY else "take care", reading, verdict)


def variants(case: Case) -> Iterator[tuple[str, Iterator[tuple[Array, int]]]]:
    """Yield what is chosen otherwise, and the maps (N, H, W) that come of it, each with the border to leave out."""

    def one_map(**changes: Any) -> Iterator[tuple[Array, int]]:
        yield case.as_pixels(case.ask(**changes).values), 0

    own = case.own
    if case.method.compares == "baseline" and own.baseline is not None:
        for name in [*BASELINES, "grey"]:
            baseline: Any = GREY if name == "grey" else name
            if not same_rows(case.call.baseline(baseline), own.baseline):
                yield f"with a baseline of {name}", one_map(baseline=baseline)
    for option in ("steps", "samples"):
        count = own.parameters.get(option)
        if isinstance(count, int):
            yield f"with half as many {option}", one_map(**{option: max(count // 2, 2)})
            if not case.large:
                yield f"with twice as many {option}", one_map(**{option: 2 * count})
    if case.method.sampled or "permutations" in case.options:
        yield "with another seed", one_map(seed=int(case.options.get("seed", 0)) + 1)
    other = "score" if case.call.output == "probability" else "probability"
    yield f"for the {other}", one_map(output=other)
    yield "after a crop by a few pixels", shifted(case)
    if isinstance(case.model, Model):
        dtype = np.float64 if case.images.dtype == np.float32 else np.float32
        yield f"in {np.dtype(dtype).name}", one_map(model=case.model.astype(dtype))
    yield "under noise of 1 %", noisy(case)


def same_rows(a: Array, b: Array) -> bool:
    """Whether two baselines are the same; each has one row, or one for each image."""
    return a.shape[1:] == b.shape[1:] and bool((a == b).all())


def shifted(case: Case) -> Iterator[tuple[Array, int]]:
    """Yield maps of the image moved by a few pixels, moved back, each with the border to leave out.

    The border of the image is repeated where the image left it.
    """
    step = max(1, min(case.images.shape[1:3]) // 56)
    for down, right in ((step, step), (-step, -step)):
        # what leaves on one side is lost; the edge is repeated on the other
        around = [(0, 0), (max(down, 0), max(-down, 0)), (max(right, 0), max(-right, 0)), (0, 0)]
        wide = np.pad(case.images, around, mode="edge")
        height, width = case.images.shape[1:3]
        top, left = max(-down, 0), max(-right, 0)
        moved = np.ascontiguousarray(wide[:, top : top + height, left : left + width])
        found: Attribution = case.ask(images=moved)
        yield np.roll(case.as_pixels(found.values), (-down, -right), (1, 2)), step


def noisy(case: Case) -> Iterator[tuple[Array, int]]:
    """Yield maps of the image under a little noise, which nobody sees, and 0 for the border to leave out."""
    low, high = float(case.images.min()), float(case.images.max())
    rng = np.random.default_rng((case.seed, 5))
    for _ in range(case.draws):
        noise = rng.normal(0, NOISE * (high - low), case.images.shape)
        images = np.clip(case.images + noise, low, high).astype(case.images.dtype)
        yield case.as_pixels(case.ask(images=images).values), 0


def crop(maps: Array, margin: int) -> Array:
    """Return maps (N, H, W) without so many pixels at each side."""
    return maps[:, margin : maps.shape[1] - margin, margin : maps.shape[2] - margin]


def top_overlap(case: Case, a: Array, b: Array) -> float:
    """Return the share of the highest tenth of a's pixels that is in the highest tenth of b's, mean over images."""
    found = []
    for maps in zip(a, b, strict=True):
        rows = [(m if case.signed else abs(m)).ravel() for m in maps]
        count = max(1, round(TOP * len(rows[0])))
        first, second = (set(np.argsort(-row, kind="stable")[:count].tolist()) for row in rows)
        found.append(len(first & second) / count)
    return float(np.mean(found))

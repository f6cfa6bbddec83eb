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
"""A map is steady if every rank correlation reaches the first; below the second the check does not hold."""


class Comparisons(NamedTuple):
    """The maps made with other choices, compared with minixai's own map.

    rows        for each choice, the rank correlation of its map with minixai's own map, and the standard error
    maps        {choice: map, (N, H, W)}; the first is minixai's own map, "as it is"
    left_out    choices for which this network or method raised an error, each with the reason
    """

    rows: tuple[Row, ...]
    maps: dict[str, Array]
    left_out: tuple[str, ...]


def check_robustness(case: Case) -> Check:
    """Measure ρ between the map and the map made with each other choice; the number is the smallest ρ.

    A foreign map cannot be made again, so minixai's own map of the claimed method takes its place.
    """
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
    """Make the map with each other choice, and compare it; the rows are sorted from the lowest correlation upwards."""
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
        except (ValueError, TypeError) as problem:  # this network or method does not support the choice
            left_out.append(f"{words} ({str(problem).split(':')[0]})")
            continue
        rows.append(Row(words, *mean_and_error(ranks), f"{100 * np.mean(kept):.0f} % of the top decile stay"))
    return Comparisons(tuple(sorted(rows, key=lambda row: row.number or 0)), maps, tuple(left_out))


def judge_choices(case: Case, compared: Comparisons) -> Judgement:
    """Judge by the smallest correlation, and name the choices that change the map most and least."""
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
    """Yield each other choice in words, and an iterator over its maps (N, H, W), one or one for each draw.

    Each map comes with the width in pixels of the border to leave out of the comparison.
    """

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
    yield f"for the {case.other_output}", one_map(output=case.other_output)
    yield "after a crop by a few pixels", shifted(case)
    if isinstance(case.model, Model):
        dtype = np.float64 if case.images.dtype == np.float32 else np.float32
        yield f"in {np.dtype(dtype).name}", one_map(model=case.model.astype(dtype))
    yield "under noise of 1 %", noisy(case)


def same_rows(a: Array, b: Array) -> bool:
    """Whether two baselines are equal, each of one row or of one for each image."""
    return a.shape[1:] == b.shape[1:] and bool((a == b).all())


def shifted(case: Case) -> Iterator[tuple[Array, int]]:
    """Yield two maps (N, H, W): shift the images by a few pixels, down right or up left, and shift their maps back.

    Each map comes with the width of the border to leave out.  The edge pixels of an image fill the gap that the shift
    leaves.
    """
    step = max(1, min(case.images.shape[1:3]) // 56)
    for down, right in ((step, step), (-step, -step)):
        # pixels shifted out on one side are lost; on the opposite side the edge pixels are repeated
        around = [(0, 0), (max(down, 0), max(-down, 0)), (max(right, 0), max(-right, 0)), (0, 0)]
        wide = np.pad(case.images, around, mode="edge")
        height, width = case.images.shape[1:3]
        top, left = max(-down, 0), max(-right, 0)
        moved = np.ascontiguousarray(wide[:, top : top + height, left : left + width])
        found: Attribution = case.ask(images=moved)
        yield np.roll(case.as_pixels(found.values), (-down, -right), (1, 2)), step


def noisy(case: Case) -> Iterator[tuple[Array, int]]:
    """Yield, for each draw of faint Gaussian noise, the maps (N, H, W) of the noisy images, and 0 for no border."""
    low, high = float(case.images.min()), float(case.images.max())
    rng = np.random.default_rng((case.seed, 5))
    for _ in range(case.draws):
        noise = rng.normal(0, NOISE * (high - low), case.images.shape)
        images = np.clip(case.images + noise, low, high).astype(case.images.dtype)
        yield case.as_pixels(case.ask(images=images).values), 0


def crop(maps: Array, margin: int) -> Array:
    """Return the maps (N, H, W) without the outer `margin` pixels on each side."""
    return maps[:, margin : maps.shape[1] - margin, margin : maps.shape[2] - margin]


def top_overlap(case: Case, a: Array, b: Array) -> float:
    """Return the share of the top tenth of a's pixels that are in the top tenth of b's too, mean over images.

    Pixels of a sensitivity map are ranked by their absolute values.
    """
    found = []
    for maps in zip(a, b, strict=True):
        rows = [(m if case.signed else abs(m)).ravel() for m in maps]
        count = max(1, round(TOP * len(rows[0])))
        first, second = (set(np.argsort(-row, kind="stable")[:count].tolist()) for row in rows)
        found.append(len(first & second) / count)
    return float(np.mean(found))

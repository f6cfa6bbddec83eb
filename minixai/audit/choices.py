"""How far does the map depend on choices that nobody made on purpose?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from minixai.arrays import Array
from minixai.attribution import Attribution
from minixai.audit.case import Case
from minixai.audit.check import Check, Row, Topic, value
from minixai.evaluation.parts import rank_correlation
from minixai.methods.baselines import BASELINES
from minixai.model import Model

TOPIC = Topic(
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


def check_choices(case: Case) -> Check:
    """ρ with the map made otherwise, and the share of the highest tenth of the pixels that stays."""
    before = case.spent
    reference = case.as_pixels(case.own.values)
    rows, maps = list[Row](), dict[str, Array]({"as it is": reference})
    numbers: dict[str, tuple[float, float | None]] = {}
    left_out = list[str]()
    for words, attempts in variants(case):
        ranks, kept = [], []
        try:
            for map_, margin in attempts:
                a, b = (cut(m, margin) for m in (reference, map_))
                ranks.append(float(rank_correlation(a, b).mean()))
                kept.append(top_overlap(case, a, b))
                maps[words] = map_
        except (ValueError, TypeError) as problem:  # one that this network or method cannot be asked
            left_out.append(f"{words} ({str(problem).split(':')[0]})")
            continue
        error = float(np.std(ranks, ddof=1) / np.sqrt(len(ranks))) if len(ranks) > 1 else None
        numbers[words] = float(np.mean(ranks)), error
        rows.append(Row(words, *numbers[words], f"{100 * np.mean(kept):.0f} % of the top decile stay"))
    in_order = sorted(rows, key=lambda row: row.number or 0)
    if not numbers:
        return TOPIC.conclude(
            case.since(before),
            MEANING,
            None,
            None,
            "None of the choices can be varied here.",
            "not asked",
            "",
            in_order,
            maps=maps,
        )
    least = min(numbers, key=lambda words: numbers[words][0])
    most = max(numbers, key=lambda words: numbers[words][0])
    lowest, error = numbers[least]
    reading = (
        f"The map agrees least with itself {least} (ρ = {value(lowest, error)}), and most {most} "
        f"(ρ = {value(numbers[most][0])})."
    )
    if left_out:
        reading += f" Left out: {'; '.join(left_out)}."
    if case.foreign:
        reading += f" Asked of minixai's own {case.method.name}, since the foreign map cannot be made again."
    if lowest >= STEADY:
        return TOPIC.conclude(
            case.since(before),
            MEANING,
            lowest,
            error,
            reading,
            "holds",
            f"It hardly depends on choices that nobody made (ρ at least {value(lowest)})",
            in_order,
            maps=maps,
        )
    shaky = [words for words, (r, _) in numbers.items() if r < SHAKY]
    status = "does not hold" if shaky else "take care"
    verdict = f"It changes {least} (ρ {value(lowest)} with itself): do not use it without telling that choice"
    return TOPIC.conclude(case.since(before), MEANING, lowest, error, reading, status, verdict, in_order, maps=maps)


def variants(case: Case) -> Iterator[tuple[str, Iterator[tuple[Array, int]]]]:
    """(what is chosen otherwise, the maps that come of it, each with the border to leave out)."""

    def one(**changes: Any) -> Iterator[tuple[Array, int]]:
        yield case.as_pixels(case.ask(**changes).values), 0

    own = case.own
    if case.method.compares == "baseline" and own.baseline is not None:
        for name in [*BASELINES, "grey"]:
            baseline: Any = GREY if name == "grey" else name
            if not same_rows(case.call.baseline(baseline), own.baseline):
                yield f"with a baseline of {name}", one(baseline=baseline)
    for option in ("steps", "samples"):
        count = own.parameters.get(option)
        if isinstance(count, int):
            yield f"with half as many {option}", one(**{option: max(count // 2, 2)})
            if not case.large:
                yield f"with twice as many {option}", one(**{option: 2 * count})
    if case.method.sampled or "permutations" in case.options:
        yield "with another seed", one(seed=int(case.options.get("seed", 0)) + 1)
    other = "score" if case.call.output == "probability" else "probability"
    yield f"for the {other}", one(output=other)
    yield "after a crop by a few pixels", shifted(case)
    if isinstance(case.model, Model):
        dtype = np.float64 if case.images.dtype == np.float32 else np.float32
        yield f"in {np.dtype(dtype).name}", one(model=case.model.astype(dtype))
    yield "under noise of 1 %", noisy(case)


def same_rows(a: Array, b: Array) -> bool:
    return a.shape[1:] == b.shape[1:] and bool((a == b).all())


def shifted(case: Case) -> Iterator[tuple[Array, int]]:
    """The image moved by a few pixels both ways, its border repeated, and the map moved back."""
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
    """A little noise on the image, which nobody sees."""
    low, high = float(case.images.min()), float(case.images.max())
    rng = np.random.default_rng((case.seed, 5))
    for _ in range(case.draws):
        noise = rng.normal(0, NOISE * (high - low), case.images.shape)
        images = np.clip(case.images + noise, low, high).astype(case.images.dtype)
        yield case.as_pixels(case.ask(images=images).values), 0


def cut(maps: Array, margin: int) -> Array:
    return maps[:, margin : maps.shape[1] - margin, margin : maps.shape[2] - margin]


def top_overlap(case: Case, a: Array, b: Array) -> float:
    """The share of the highest tenth of a's pixels that is among that of b's, mean over images."""
    found = []
    for maps in zip(a, b, strict=True):
        rows = [(m if case.signed else abs(m)).ravel() for m in maps]
        count = max(1, round(TOP * len(rows[0])))
        first, second = (set(np.argsort(-row, kind="stable")[:count].tolist()) for row in rows)
        found.append(len(first & second) / count)
    return float(np.mean(found))

"""Is it that method?  A foreign map against minixai's own, the libraries' dialects of it, and the usual mistakes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from PIL import Image

from minixai.arrays import Array
from minixai.audit.case import Case, stretched
from minixai.audit.check import Check, Row, Topic, percent, value
from minixai.audit.dialects import Source, sources
from minixai.evaluation.parts import rank_correlation

TOPIC = Topic(
    name="is that method",
    question="Is the map what it is said to be?",
    source=(
        "compared with minixai's own map, and with the libraries' dialects as their sources and issue "
        "trackers show them"
    ),
    weakness=("a map can differ from all that are tried and still be right, if it was made with other parameters"),
)
SAME = 1e-5
"""Maps that differ by less than this share of the largest value are the same, to rounding."""
HALF = 2e-3
"""The same of a map that was stored in float16."""
SAMPLED = 2.0
"""Maps of other draws differ by less than so many standard errors, on average."""
ROUNDINGS = 10
"""How many times the distance between float32 and float64 is still rounding."""
NEAR = 0.999
"""A rank correlation from which on two maps are told to be alike."""

Change: TypeAlias = Callable[[Array], Array]


class Step(NamedTuple):
    """What may have been done to a map.

    group     of those that exclude each other
    phrase    in words
    apply     to the map as it should be
    """

    group: str
    phrase: str
    apply: Change


@dataclass(eq=False)
class Match:
    """What a foreign map was found to be.

    distance    the largest difference, as a share of the largest value
    """

    source: Source
    steps: tuple[str, ...]
    distance: float
    rank: float

    @property
    def phrase(self) -> str:
        return ", ".join([self.source.phrase, *self.steps])

    @property
    def claimed(self) -> bool:
        return self.source.same and not self.steps


def check_identity(case: Case) -> Check:
    """What the foreign map is, or what it is nearest to."""
    before = case.spent
    if not case.foreign:
        reading = f"The map is minixai's own {case.method.name}, so there is nothing to recognise."
        return TOPIC.not_asked(
            case.since(before), reading, source="minixai verify compares the methods with the libraries"
        )
    theirs, own = case.values, fit_size(np.asarray(case.own.values, np.float64), case.values)
    match, tried = recognise(case)
    first = tried[0]
    rows = [
        Row("largest difference, of the largest value", first.distance),
        Row("sum of differences, of the sum of sizes", relative_l1(theirs, own)),
        Row("rank correlation", first.rank),
    ]
    if match and not match.claimed:
        rows.append(Row(f"largest difference from {match.phrase}", match.distance))
    name = case.method.name
    maps = {"the foreign map": case.pixels, f"minixai's {name}": case.as_pixels(own)}
    facts: dict[str, object] = {"recognised": None, "claimed": False, "tried": len(tried)}
    if match and match.claimed:
        exact = "as claimed" if match.source is first.source else f"as {match.phrase}"
        reading = (
            f"The map is {name} {exact}: it differs from minixai's by {percent(match.distance)} of the largest value."
        )
        status, verdict = "holds", f"It is {name}, {exact}, to {percent(match.distance)}"
        facts |= {"recognised": match.phrase, "claimed": True}
    elif match:
        fits = f"that fits to {percent(match.distance)} of the largest value"
        reading = f"The map is not {name} as claimed. It is {match.phrase}: {fits}."
        verdict, status = f"It is not {name} as claimed, but {match.phrase}", "does not hold"
        facts |= {"recognised": match.phrase}
        if match.source is first.source and match.steps == ("rounded to float16",):
            status, verdict = "take care", f"It is {name}, rounded to float16"
    elif (errors := sampling_distance(case)) is not None and errors[0] <= SAMPLED < errors[1] / 2:
        reading = (
            f"The map agrees with {name} within sampling: it is {errors[0]:.1f} standard errors away, where a map of "
            f"zeros would be {errors[1]:.1f} away. Its draws are not known, so it cannot be told to rounding."
        )
        verdict, status = f"It agrees with {name} within its sampling error", "holds"
        facts |= {"recognised": f"{name}, to sampling error", "claimed": True}
    else:
        best = max(tried, key=lambda m: m.rank)
        near = f"The nearest of {len(tried)} maps is {best.phrase}, with a rank correlation of {value(best.rank)}."
        reading = f"The map is not {name} as claimed, and no known mistake makes it. {near}"
        if first.rank >= NEAR:
            alike = f"The map is like {name} but not the same (rank correlation {value(first.rank)})"
            reading = f"{alike}; no known dialect fits. {near}"
        verdict, status = f"It is not {name} as claimed, nor anything that is known: do not believe it", "does not hold"
        facts |= {"nearest": best.phrase}
    return TOPIC.answer(
        number=match.distance if match and match.claimed else first.distance,
        meaning="the largest difference from the claimed method, as a share of the largest value",
        reading=reading,
        cost=case.since(before),
        status=status,
        verdict=verdict,
        table=tuple(rows),
        maps=maps,
        facts=facts,
    )


def recognise(case: Case) -> tuple[Match | None, list[Match]]:
    """What the map is, if anything fits; and each source as it is, with how near it came."""
    theirs = one_channel(case.values)
    steps = list(steps_for(case))
    tried: list[Match] = []
    kept: list[tuple[Source, Array]] = []
    tolerance = SAME
    for source in sources(case):
        try:
            map_ = fit_size(np.asarray(source.map(), np.float64), case.values)
        except (ValueError, TypeError):  # this network cannot be asked that
            continue
        if not np.isfinite(map_).all():
            continue
        tried.append(Match(source, (), distance(theirs, map_), rank(theirs, map_)))
        if len(tried) == 1 and SAME < tried[0].distance < 100 * SAME * ROUNDINGS:
            tolerance = max(SAME, ROUNDINGS * rounding(case, map_))
        if tried[-1].distance <= tolerance:
            return tried[-1], tried
        if match := with_steps(theirs, source, map_, [(step,) for step in steps], tolerance):
            return match, tried
        kept.append((source, map_))
    pairs = [(a, b) for a in steps for b in steps if a.group < b.group]
    for source, map_ in kept:
        if match := with_steps(theirs, source, map_, pairs, tolerance):
            return match, tried
    return None, tried


def with_steps(
    theirs: Array, source: Source, map_: Array, combinations: Sequence[tuple[Step, ...]], tolerance: float
) -> Match | None:
    """The source after one of these combinations of steps, if that is the foreign map."""
    for combination in [(), *combinations]:
        changed = map_
        for step in combination:
            changed = step.apply(changed)
        words = tuple(step.phrase for step in combination)
        if changed.shape != theirs.shape:
            continue
        if combination and (d := distance(theirs, changed)) <= tolerance:
            return Match(source, words, d, rank(theirs, changed))
        if is_half(theirs) and (d := distance(theirs, changed)) <= HALF:
            return Match(source, (*words, "rounded to float16"), d, rank(theirs, changed))
        factor, d = scaled_distance(theirs, changed)
        if d <= tolerance:
            return Match(source, (*words, factor), d, rank(theirs, changed))
    if map_.shape == theirs.shape:
        order = distance(np.sort(theirs, axis=None), np.sort(map_, axis=None))
        if order <= tolerance and map_.any():
            return Match(
                source, ("its numbers in another order: shuffled, or reshaped wrongly",), order, rank(theirs, map_)
            )
    return None


def steps_for(case: Case) -> Iterator[Step]:
    """What may have been done to maps of these images: one step of each group."""
    yield Step("sign", "its sign flipped", np.negative)
    yield Step("sign", "absolute values taken", np.abs)
    yield Step("sign", "only the positive part kept", lambda m: np.maximum(m, 0))
    if case.images.shape[3] > 1:
        yield Step("channels", "channels summed", lambda m: m.sum(axis=-1, keepdims=True))
        yield Step("channels", "channels averaged", lambda m: m.mean(axis=-1, keepdims=True))
        yield Step("channels", "sizes summed over channels", lambda m: abs(m).sum(axis=-1, keepdims=True))
        yield Step("channels", "the largest size of any channel taken", lambda m: abs(m).max(axis=-1, keepdims=True))
        yield Step("channels", "channels in the reverse order", lambda m: m[..., ::-1])
        yield Step("order", "reshaped instead of transposed from channels-first", reshaped)
    if case.values.shape[1] == case.values.shape[2]:
        yield Step("place", "transposed, rows and columns exchanged", lambda m: m.swapaxes(1, 2))
        yield Step("place", "turned by a quarter", lambda m: np.rot90(m, 1, (1, 2)))
        yield Step("place", "turned by a quarter to the right", lambda m: np.rot90(m, -1, (1, 2)))
    yield Step("place", "mirrored left to right", lambda m: m[:, :, ::-1])
    yield Step("place", "upside down", lambda m: m[:, ::-1])
    yield Step("place", "turned by a half", lambda m: m[:, ::-1, ::-1])
    difference = case.difference
    if difference is not None and case.values.shape[1:3] == case.images.shape[1:3]:
        d = difference

        def times(m: Array) -> Array:
            return np.asarray(m * d)

        def divided(m: Array) -> Array:
            return np.where(d != 0, m / np.where(d != 0, d, 1), 0.0)

        what = "x" if case.own.baseline is None else "x − x'"
        yield Step("factor", f"multiplied by {what}", times)
        yield Step("factor", f"not multiplied by {what}", divided)
    if len(case.images) > 1:
        yield Step("rows", "its images in the reverse order", lambda m: m[::-1])


def reshaped(m: Array) -> Array:
    """What becomes of (N, C, H, W) when it is reshaped to (N, H, W, C)."""
    return np.ascontiguousarray(np.moveaxis(m, -1, 1)).reshape(m.shape)


def one_channel(values: Array) -> Array:
    """A map that repeats one number in every channel, with that channel alone."""
    return values[..., :1] if values.shape[3] > 1 and (values == values[..., :1]).all() else values


def fit_size(map_: Array, like: Array) -> Array:
    """A map at the size of another: larger bilinearly, smaller by Pillow's bilinear filter."""
    size = like.shape[1:3]
    if map_.shape[1:3] == size:
        return map_
    if map_.shape[1] <= size[0] and map_.shape[2] <= size[1]:
        return np.stack([stretched(map_[..., c], size) for c in range(map_.shape[3])], axis=-1)
    small = np.empty((len(map_), *size, map_.shape[3]))
    for i, c in np.ndindex(len(map_), map_.shape[3]):
        image = Image.fromarray(map_[i, :, :, c].astype(np.float32))
        small[i, :, :, c] = np.asarray(image.resize((size[1], size[0]), Image.Resampling.BILINEAR))
    return small


def distance(theirs: Array, ours: Array) -> float:
    """max |a − b| / max |b|, of the worst image; infinite for other shapes."""
    if theirs.shape != ours.shape:
        if theirs.ndim != 4 or theirs.shape[:3] != ours.shape[:3]:
            return float("inf")
        theirs, ours = (m.sum(axis=-1, keepdims=True) for m in (theirs, ours))
        return max(1.0, distance(theirs, ours))  # at best it is the same after a step
    a, b = (m.reshape(len(m), -1) if m.ndim > 1 else m[None] for m in (theirs, ours))
    most = np.maximum(abs(b).max(axis=1), np.finfo(float).tiny)
    with np.errstate(over="ignore"):
        return float((abs(a - b).max(axis=1) / most).max())


def relative_l1(theirs: Array, ours: Array) -> float:
    """Σ|a − b| / Σ|b|, channels summed where they differ."""
    if theirs.shape != ours.shape:
        theirs, ours = (m.sum(axis=-1) for m in (theirs, ours))
    return float(abs(theirs - ours).sum() / max(abs(ours).sum(), np.finfo(float).tiny))


def scaled_distance(theirs: Array, ours: Array) -> tuple[str, float]:
    """How the foreign map is a multiple of ours, one factor for each image, and how well that fits."""
    a, b = (m.reshape(len(m), -1) for m in (theirs, ours))
    # what is nearly the same everywhere has no shape that could be recognised
    power = (b**2).sum(axis=1)
    if not power.all() or not (a**2).sum(axis=1).all():
        return "", float("inf")
    factors = (a * b).sum(axis=1) / power
    off = abs(a - factors[:, None] * b).max(axis=1) / abs(a).max(axis=1)
    if off.max() <= HALF and (factors > 0).all():
        most = 1 / abs(b).max(axis=1)
        if np.allclose(factors, most, rtol=1e-4):
            return "divided by its largest value", float(off.max())
        if len(factors) == 1 or np.allclose(factors, factors[0], rtol=1e-5):
            return f"times {factors.mean():.6g}", float(off.max())
        return "each image times a number of its own", float(off.max())
    low, high = b.min(axis=1, keepdims=True), b.max(axis=1, keepdims=True)
    if (high > low).all():
        normed = (b - low) / (high - low)
        fit = float(abs(a - normed).max())
        if fit <= HALF:
            return "stretched to run from 0 to 1", fit
    return "", float("inf")


def rank(theirs: Array, ours: Array) -> float:
    """The rank correlation of the two maps, channels summed, mean over images."""
    if theirs.shape[:3] != ours.shape[:3]:
        return 0.0
    return float(rank_correlation(theirs.sum(axis=-1), ours.sum(axis=-1)).mean())


def is_half(values: Array) -> bool:
    """Whether every number is one that float16 holds."""
    with np.errstate(over="ignore"):
        return bool((values.astype(np.float16).astype(np.float64) == values).all())


def rounding(case: Case, own: Array) -> float:
    """How far minixai's own map is from the same in the other precision."""
    model = case.model
    if not hasattr(model, "astype"):
        return 0.0
    other = model.astype(np.float64 if case.images.dtype == np.float32 else np.float32)
    map_ = np.asarray(case.ask(model=other).values, np.float64)
    return distance(fit_size(map_, own), own) if map_.shape[:1] == own.shape[:1] else 0.0


def sampling_distance(case: Case) -> tuple[float, float] | None:
    """(how many standard errors the foreign map is away, and a map of zeros), root mean squares over pixels."""
    error = case.own.standard_error
    if error is None or error.shape != case.values.shape:
        return None
    # theirs has an error of its own, about as large
    size = np.sqrt(2.0) * np.where(error > 0, error, np.inf)
    off = (case.values - case.own.values) / size
    return tuple(float(np.sqrt((z**2).mean())) for z in (off, np.asarray(case.own.values) / size))  # type: ignore[return-value]

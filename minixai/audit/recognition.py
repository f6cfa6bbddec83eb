"""Was a foreign map made by the method it claims?

It is compared with minixai's own map, other libraries' variants of the method, other methods, and all of these after
common mistakes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from PIL import Image

from minixai.arrays import Array
from minixai.audit.case import Case, resize_bilinear
from minixai.audit.library_variants import Source, sources
from minixai.evaluation.checks import Check, CheckDescription, Judgement, Row, format_number, format_share
from minixai.evaluation.parts import rank_correlation

DESCRIPTION = CheckDescription(
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
HALVES = {"float16": 2e-3, "bfloat16": 2.0**-8}
"""The same share for a map that was stored in 16 bits, by type."""
SAMPLED = 2.0
"""Sampling explains a difference of at most this many standard errors, as root mean square over pixels."""
ROUNDINGS = 10
"""A difference counts as rounding if it is at most this many times that between float32 and float64."""
COARSE, FINER = 0.1, 4
"""If integrated gradients differ by no more than the first, the steps may be what differs; the second times as many
steps then stand for the exact integral."""
LEVELS = 16
"""The order of a map's pixels is compared only if the map has at least this many different values."""
ORDER_KEPT = "passed through a function that keeps the order of its numbers, such as a softmax, ranks or clipping"
NEAR = 0.999
"""Two maps are called alike if their rank correlation is at least this."""

Change: TypeAlias = Callable[[Array], Array]


class Step(NamedTuple):
    """A change, such as a mistake, that may have been made to a map.

    group     name of its group; two steps of one group are never combined
    phrase    the change in words
    apply     function that makes the change to a correct map
    """

    group: str
    phrase: str
    apply: Change


@dataclass(eq=False)
class Match:
    """A source, changed by steps, and how near its map comes to the foreign map.

    source      what made the map
    steps       the phrases of the changes to it, empty for the map as it is
    distance    the largest difference, as a share of the largest value
    rank        the mean rank correlation
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


def check_recognition(case: Case) -> Check:
    """Say what the foreign map is, or which map it is nearest to; minixai's own map needs no such check.

    The number is the distance from the claimed method.
    """
    name = case.method.name
    if not case.foreign:
        reading = f"The map is minixai's own {name}, so there is nothing to recognise."
        return replace(DESCRIPTION.not_asked(reading), source="minixai verify compares the methods with the libraries")
    own = fit_size(np.asarray(case.own.values, np.float64), case.values)
    match, tried = recognise(case)
    judgement, facts = judge_match(name, match, tried[0]) if match else judge_unrecognised(case, own, tried)
    return DESCRIPTION.result(
        (match if match and match.claimed else tried[0]).distance,
        "the largest difference from the claimed method, as a share of the largest value",
        judgement,
        table=comparison_rows(case.values, own, tried[0], match),
        maps={"the foreign map": case.pixels, f"minixai's {name}": case.as_pixels(own)},
        facts={"recognised": None, "claimed": False, "tried": len(tried)} | facts,
    )


def comparison_rows(theirs: Array, own: Array, first: Match, match: Match | None) -> tuple[Row, ...]:
    """Return rows on how far the foreign map is from minixai's own, `first`, and from the map it was found to be."""
    rows = (
        Row("largest difference, of the largest value", first.distance),
        Row("sum of differences, of the sum of sizes", relative_l1(theirs, own)),
        Row("rank correlation", first.rank),
    )
    if match is None or match.claimed:
        return rows
    return (*rows, Row(f"largest difference from {match.phrase}", match.distance))


def judge_match(name: str, match: Match, first: Match) -> tuple[Judgement, dict[str, Any]]:
    """Return the judgement of a recognised map, and facts for programs; `first` is the claimed method, unchanged."""
    off, facts = format_share(match.distance), {"recognised": match.phrase, "claimed": match.claimed}
    if match.claimed:
        exact = "as claimed" if match.source is first.source else f"as {match.phrase}"
        reading = f"The map is {name} {exact}: it differs from minixai's by {off} of the largest value."
        return Judgement("holds", reading, f"It is {name}, {exact}, to {off}"), facts
    fit = "" if ORDER_KEPT in match.steps else f": that fits to {off} of the largest value"
    reading = f"The map is not {name} as claimed. It is {match.phrase}{fit}."
    if match.source is first.source and match.steps in (("rounded to float16",), ("rounded to bfloat16",)):
        return Judgement("take care", reading, f"It is {match.phrase}"), facts
    return Judgement("does not hold", reading, f"It is not {name} as claimed, but {match.phrase}"), facts


def judge_unrecognised(case: Case, own: Array, tried: Sequence[Match]) -> tuple[Judgement, dict[str, Any]]:
    """Return the judgement of a map that no source fits, and facts for programs.

    The map may still agree with the claimed method within its sampling or quadrature error; if not, the judgement
    names the nearest of the maps that were tried.
    """
    name, first = case.method.name, tried[0]
    if agreement := within_error(case, own, first):
        reading, error = agreement
        facts = {"recognised": f"{name}, to {error}", "claimed": True}
        return Judgement("holds", reading, f"It agrees with {name} within its {error}"), facts
    best = max(tried, key=lambda m: m.rank)
    reading = f"The map is not {name} as claimed, and no known mistake makes it."
    if first.rank >= NEAR:
        alike = f"The map is like {name} but not the same (rank correlation {format_number(first.rank)})"
        reading = f"{alike}; no known dialect fits."
    reading += (
        f" The nearest of {len(tried)} maps is {best.phrase}, with a rank correlation of {format_number(best.rank)}."
    )
    verdict = f"It is not {name} as claimed, nor anything that is known: do not believe it"
    return Judgement("does not hold", reading, verdict), {"nearest": best.phrase}


def within_error(case: Case, own: Array, first: Match) -> tuple[str, str] | None:
    """Return a reading and the kind of error if sampling or quadrature explains the difference, otherwise None."""
    name = case.method.name
    errors = sampling_distance(case)
    if errors is not None and errors[0] <= SAMPLED < errors[1] / 2:
        reading = (
            f"The map agrees with {name} within sampling: it is {errors[0]:.1f} standard errors away, where a map of "
            f"zeros would be {errors[1]:.1f} away. Its draws are not known, so it cannot be told to rounding."
        )
        return reading, "sampling error"
    if name == "integrated_gradients" and "steps" not in case.options and first.distance <= COARSE:
        error, off = quadrature_distances(case, own)
        if off <= error:
            reading = (
                f"The map agrees with {name} within quadrature: it is {format_share(off)} of the largest value from "
                f"the integral, and minixai's own {case.own.parameters['steps']} steps are {format_share(error)}. Its "
                "steps are not known, so it cannot be told to rounding."
            )
            return reading, "quadrature error"
    return None


def quadrature_distances(case: Case, own: Array) -> tuple[float, float]:
    """Return the distances of minixai's own map and of the foreign map from integrated gradients with more steps."""
    fine = np.asarray(case.ask(steps=FINER * case.own.parameters["steps"]).values, np.float64)
    fine = fit_size(fine, case.values)
    return distance(own, fine), distance(case.values, fine)


def recognise(case: Case) -> tuple[Match | None, list[Match]]:
    """Return the match of the foreign map, or None, and a match without steps for every source that was tried.

    Each source is tried as it is and after one step; then all are tried after two steps, and last by their order.
    """
    theirs = one_channel(case.values)
    steps = list(possible_steps(case))
    tried: list[Match] = []
    kept: list[tuple[Source, Array]] = []
    tolerance = SAME
    for source in sources(case):
        try:
            map_ = fit_size(np.asarray(source.map(), np.float64), case.values)
        except (ValueError, TypeError):  # this network does not support the source
            continue
        if not np.isfinite(map_).all():
            continue
        tried.append(Match(source, (), distance(theirs, map_), mean_rank_correlation(theirs, map_)))
        if len(tried) == 1 and SAME < tried[0].distance < 100 * SAME * ROUNDINGS:
            tolerance = max(SAME, ROUNDINGS * precision_distance(case, map_))
        if tried[-1].distance <= tolerance:
            return tried[-1], tried
        if match := with_steps(theirs, source, map_, [(step,) for step in steps], tolerance):
            return match, tried
        kept.append((source, map_))
    pairs = [(a, b) for a in steps for b in steps if a.group < b.group]
    for source, map_ in kept:
        if match := with_steps(theirs, source, map_, pairs, tolerance):
            return match, tried
    return with_its_order(theirs, kept, steps), tried


def with_its_order(theirs: Array, kept: Sequence[tuple[Source, Array]], steps: Sequence[Step]) -> Match | None:
    """Return the first match that orders the pixels as the foreign map does, unchanged or after one step, or None."""
    for source, map_ in kept:
        for step in (None, *steps):
            changed = map_ if step is None else step.apply(map_)
            if is_increasing_function(theirs, changed):
                words = () if step is None else (step.phrase,)
                return Match(
                    source, (*words, ORDER_KEPT), distance(theirs, changed), mean_rank_correlation(theirs, changed)
                )
    return None


def with_steps(
    theirs: Array, source: Source, map_: Array, combinations: Sequence[tuple[Step, ...]], tolerance: float
) -> Match | None:
    """Return the match if the source after one of these combinations of steps is the foreign map, otherwise None.

    The map may also have been rescaled, stored in 16 bits, shifted, or shuffled.
    """
    stored = half_precision(theirs)
    for combination in [(), *combinations]:
        changed = map_
        for step in combination:
            changed = step.apply(changed)
        words = tuple(step.phrase for step in combination)
        if changed.shape != theirs.shape or not changed.any():  # a map of zeros cannot be recognised
            continue
        if combination and (d := distance(theirs, changed)) <= tolerance:
            return Match(source, words, d, mean_rank_correlation(theirs, changed))
        if stored and (d := distance(theirs, changed)) <= HALVES[stored]:
            return Match(source, (*words, f"rounded to {stored}"), d, mean_rank_correlation(theirs, changed))
        for factor, d in rescalings(theirs, changed):
            if d <= tolerance:
                return Match(source, (*words, factor), d, mean_rank_correlation(theirs, changed))
    if map_.shape == theirs.shape:
        if found := shifted(theirs, map_, tolerance):
            return Match(source, found[:1], found[1], mean_rank_correlation(theirs, map_))
        order = distance(np.sort(theirs, axis=None), np.sort(map_, axis=None))
        if order <= tolerance and map_.any():
            return Match(
                source,
                ("its numbers in another order: shuffled, or reshaped wrongly",),
                order,
                mean_rank_correlation(theirs, map_),
            )
    return None


def possible_steps(case: Case) -> Iterator[Step]:
    """Yield the steps that are possible for maps of these images."""
    yield Step("sign", "its sign flipped", np.negative)
    yield Step("sign", "absolute values taken", np.abs)
    yield Step("sign", "only the positive part kept", lambda m: np.maximum(m, 0))
    yield Step("sign", "only the negative part kept", lambda m: np.minimum(m, 0))
    if case.images.shape[3] > 1:
        yield from CHANNEL_STEPS
    if case.values.shape[1] == case.values.shape[2]:
        yield Step("place", "transposed, rows and columns exchanged", lambda m: m.swapaxes(1, 2))
        yield Step("place", "turned by a quarter", lambda m: np.rot90(m, 1, (1, 2)))
        yield Step("place", "turned by a quarter to the right", lambda m: np.rot90(m, -1, (1, 2)))
    yield Step("place", "mirrored left to right", lambda m: m[:, :, ::-1])
    yield Step("place", "upside down", lambda m: m[:, ::-1])
    yield Step("place", "turned by a half", lambda m: m[:, ::-1, ::-1])
    if case.input_minus_baseline is not None and case.fine:
        yield from factor_steps(case.input_minus_baseline, "x" if case.own.baseline is None else "x − x'")
    if len(case.images) > 1:
        yield Step("rows", "its images in the reverse order", lambda m: m[::-1])


def factor_steps(input_minus_baseline: Array, what: str) -> Iterator[Step]:
    """Yield multiplication and division by x − x'; where x − x' is 0, the quotient is 0 too."""
    moved = input_minus_baseline != 0
    divisor = np.where(moved, input_minus_baseline, 1)
    yield Step("factor", f"multiplied by {what}", lambda m: np.asarray(m * input_minus_baseline))
    yield Step("factor", f"not multiplied by {what}", lambda m: np.where(moved, m / divisor, 0.0))


def reshape_from_channels_first(m: Array) -> Array:
    """Make the mistake of reshaping (N, C, H, W) to (N, H, W, C) instead of transposing it; `m` is (N, H, W, C)."""
    return np.ascontiguousarray(np.moveaxis(m, -1, 1)).reshape(m.shape)


CHANNEL_STEPS = (
    Step("channels", "channels summed", lambda m: m.sum(axis=-1, keepdims=True)),
    Step("channels", "channels averaged", lambda m: m.mean(axis=-1, keepdims=True)),
    Step("channels", "sizes summed over channels", lambda m: abs(m).sum(axis=-1, keepdims=True)),
    Step("channels", "the largest size of any channel taken", lambda m: abs(m).max(axis=-1, keepdims=True)),
    Step("channels", "channels in the reverse order", lambda m: m[..., ::-1]),
    Step("order", "reshaped instead of transposed from channels-first", reshape_from_channels_first),
)


def one_channel(values: Array) -> Array:
    """Return the first channel, (N, h, w, 1), if all channels are equal; otherwise return the map unchanged."""
    return values[..., :1] if values.shape[3] > 1 and (values == values[..., :1]).all() else values


def fit_size(map_: Array, like: Array) -> Array:
    """Resize a map to the height and width of `like`: up bilinearly, down by Pillow's bilinear filter."""
    size = like.shape[1:3]
    if map_.shape[1:3] == size:
        return map_
    if map_.shape[1] <= size[0] and map_.shape[2] <= size[1]:
        return np.stack([resize_bilinear(map_[..., c], size) for c in range(map_.shape[3])], axis=-1)
    small = np.empty((len(map_), *size, map_.shape[3]))
    for i, c in np.ndindex(len(map_), map_.shape[3]):
        image = Image.fromarray(map_[i, :, :, c].astype(np.float32))
        small[i, :, :, c] = np.asarray(image.resize((size[1], size[0]), Image.Resampling.BILINEAR))
    return small


def distance(theirs: Array, ours: Array) -> float:
    """Return max |a − b| / max |b| of the worst image.

    It is at least 1 if the numbers of channels differ, and infinite if the heights or widths do.
    """
    if theirs.shape != ours.shape:
        if theirs.ndim != 4 or theirs.shape[:3] != ours.shape[:3]:
            return float("inf")
        theirs, ours = (m.sum(axis=-1, keepdims=True) for m in (theirs, ours))
        return max(1.0, distance(theirs, ours))  # never the same map: at best one becomes the other by a step
    a, b = (m.reshape(len(m), -1) if m.ndim > 1 else m[None] for m in (theirs, ours))
    most = np.maximum(abs(b).max(axis=1), np.finfo(float).tiny)
    with np.errstate(over="ignore"):
        return float((abs(a - b).max(axis=1) / most).max())


def relative_l1(theirs: Array, ours: Array) -> float:
    """Return Σ|a − b| / Σ|b|; if the maps differ in their number of channels, the channels are summed first."""
    if theirs.shape != ours.shape:
        theirs, ours = (m.sum(axis=-1) for m in (theirs, ours))
    return float(abs(theirs - ours).sum() / max(abs(ours).sum(), np.finfo(float).tiny))


def rescalings(theirs: Array, ours: Array) -> Iterator[tuple[str, float]]:
    """Yield the ways in which the foreign map may be ours on another scale: each in words, with its misfit.

    The misfit is the largest difference, as a share of the foreign map's largest value.
    """
    a, b = (m.reshape(len(m), -1) for m in (theirs, ours))
    if not (abs(a).any(axis=1) & abs(b).any(axis=1)).all():  # a map of zeros cannot be recognised
        return
    factors = (a * b).sum(axis=1) / (b**2).sum(axis=1)
    if (factors > 0).all():
        yield factor_phrase(factors, b), misfit(a, factors[:, None] * b)
    if ours.shape[3] > 1:
        factors = (theirs * ours).sum(axis=(0, 1, 2)) / np.maximum((ours**2).sum(axis=(0, 1, 2)), np.finfo(float).tiny)
        numbers = ", ".join(f"{factor:.4g}" for factor in factors)
        words = f"each channel times a number of its own ({numbers}), as where the network is given normalised colours"
        if (factors > 0).all():
            yield words, misfit(a, (factors * ours).reshape(b.shape))
    if (np.ptp(b, axis=1) > 0).all():
        centred = b - b.mean(axis=1, keepdims=True)
        yield "stretched to run from 0 to 1", misfit(a, min_max(b, axis=1))
        yield "the whole batch stretched to run from 0 to 1", misfit(a, min_max(b, axis=None))
        yield "standardised to mean 0 and spread 1", misfit(a, centred / b.std(axis=1, keepdims=True))


def factor_phrase(factors: Array, maps: Array) -> str:
    """Describe in words the factors, (N,), by which the maps, (N, pixels), were multiplied."""
    if np.allclose(factors, 1 / abs(maps).max(axis=1), rtol=1e-4):
        return "divided by its largest value"
    if np.allclose(factors, factors[0], rtol=1e-5):
        return f"times {factors.mean():.6g}"
    return "each image times a number of its own"


def misfit(theirs: Array, ours: Array) -> float:
    """Return max |a − b| / max |a| of the worst image; both maps are (N, pixels)."""
    return float((abs(theirs - ours).max(axis=1) / abs(theirs).max(axis=1)).max())


def min_max(maps: Array, axis: int | None) -> Array:
    """Return (b − min b) / (max b − min b) along the axis; None means over all maps together."""
    return np.asarray((maps - maps.min(axis=axis, keepdims=True)) / np.ptp(maps, axis=axis, keepdims=True))


def shifted(theirs: Array, ours: Array, tolerance: float) -> tuple[str, float] | None:
    """Return in words by how many pixels our map must be shifted to give the foreign map, and their distance.

    Returns None if no shift fits.  The border where the shift left a gap is not compared, since it may hold zeros or
    the pixels that were shifted out on the opposite side.
    """
    height, width = ours.shape[1:3]
    transforms = (np.fft.rfft2(m.sum(axis=-1), axes=(1, 2)) for m in (theirs, ours))
    first, second = transforms
    likeness = np.fft.irfft2((first * second.conj()).sum(axis=0), s=(height, width))
    down, right = (int(k) for k in np.unravel_index(likeness.argmax(), likeness.shape))
    down, right = down - height * (2 * down > height), right - width * (2 * right > width)
    if (down, right) == (0, 0) or 2 * max(abs(down), abs(right)) > min(height, width):
        return None
    a = theirs[:, max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)]
    b = ours[:, max(-down, 0) : height + min(-down, 0), max(-right, 0) : width + min(-right, 0)]
    off = distance(a, b)
    words = f"moved {abs(down)} pixels {'down' if down > 0 else 'up'} and {abs(right)} "
    return (words + ("right" if right > 0 else "left"), off) if off <= tolerance and b.any() else None


def is_increasing_function(theirs: Array, ours: Array) -> bool:
    """Whether the foreign map orders the pixels of every image as ours does, except for ties, with most values changed.

    If only a few of the largest values differ, the order is the same too, but no function was applied to the map.
    """
    if theirs.shape != ours.shape:
        return False
    for a, b in zip(theirs.reshape(len(theirs), -1), ours.reshape(len(ours), -1), strict=True):
        in_order = a[np.lexsort((a, b))]
        levels, ours_levels = len(np.unique(a)), len(np.unique(b))
        changed = (abs(a - b) > SAME * abs(b).max()).mean()
        if (
            levels < LEVELS
            or 2 * ours_levels < levels
            or changed < 0.5
            or (np.diff(in_order) < -1e-6 * np.ptp(a)).any()
        ):
            return False
    return True


def mean_rank_correlation(theirs: Array, ours: Array) -> float:
    """Return the rank correlation of two maps with their channels summed, mean over images; 0 if their sizes differ."""
    if theirs.shape[:3] != ours.shape[:3]:
        return 0.0
    return float(rank_correlation(theirs.sum(axis=-1), ours.sum(axis=-1)).mean())


def half_precision(values: Array) -> str | None:
    """Return "float16" or "bfloat16" if that type holds every value exactly, otherwise None."""
    with np.errstate(over="ignore"):
        if (values.astype(np.float16).astype(np.float64) == values).all():
            return "float16"
        single = values.astype(np.float32)
    exact = (single.astype(np.float64) == values).all()
    return "bfloat16" if exact and not (single.view(np.uint32) & 0xFFFF).any() else None


def precision_distance(case: Case, own: Array) -> float:
    """Return the distance between minixai's own map and the same map computed in the other of float32 and float64."""
    model = case.model
    if not hasattr(model, "astype"):
        return 0.0
    other = model.astype(np.float64 if case.images.dtype == np.float32 else np.float32)
    map_ = np.asarray(case.ask(model=other).values, np.float64)
    return distance(fit_size(map_, own), own) if map_.shape[:1] == own.shape[:1] else 0.0


def sampling_distance(case: Case) -> tuple[float, float] | None:
    """Return how many standard errors the foreign map, and a map of zeros, are from minixai's own map.

    Both numbers are root mean squares over pixels.  Returns None if the method is not sampled.
    """
    error = case.own.standard_error
    if error is None or error.shape != case.values.shape:
        return None
    # the foreign map is sampled too, with about the same error, so the difference has √2 times as much
    size = np.sqrt(2.0) * np.where(error > 0, error, np.inf)
    off = (case.values - case.own.values) / size
    return tuple(float(np.sqrt((z**2).mean())) for z in (off, np.asarray(case.own.values) / size))  # type: ignore[return-value]

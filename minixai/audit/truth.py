"""Where the truth is known: on birds that are drawn, or where the user gives masks, does the map find what counts?"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from minixai.arrays import Array
from minixai.audit.case import Case
from minixai.audit.check import Check, Row, Topic, percent, value
from minixai.datasets import birds
from minixai.datasets.birds import CLASSES, PARTS, Scenes
from minixai.evaluation.contenders import OWN_CLASS
from minixai.evaluation.interventions import Audit, audit, decisive_masks
from minixai.evaluation.localisation import decisive_density, pointing, relevance_mass, relevance_rank
from minixai.images import read_image
from minixai.model import Model

TOPIC = Topic(
    name="finds the truth",
    question="Where it is known what counts, does the map find it?",
    source=(
        "relevance mass and rank: Arras, Osman & Samek 2022; pointing game: Zhang et al. 2018; birds drawn "
        "again without a part, or elsewhere: after Hesse, Schaub-Meyer & Roth 2023"
    ),
    weakness=(
        "a mask says where the thing is, not what the network goes by: a network that cheats is rightly shown "
        "outside of it"
    ),
)
SCENES = 16
LEANS = 0.5
"""A network leans on the habitat if it moves the contrast by more than this share of what the decisive part does."""
ENDINGS = (".png", ".jpg", ".jpeg")
Truth: TypeAlias = "Scenes | npt.ArrayLike | str | PathLike[str] | None"
SCORES: tuple[tuple[str, Callable[..., Array]], ...] = (
    ("mass", relevance_mass),
    ("pointing", pointing),
    ("rank", relevance_rank),
)


class Known(NamedTuple):
    """Images of which it is known what counts.

    what      what the masks show
    images, masks    (N, H, W, C) and (N, H, W)
    values    maps of them, if they need not be made
    """

    what: str
    images: Array
    masks: Array
    values: Array | None
    scenes: Scenes | None = None


def check_truth(case: Case, truth: Truth) -> Check:
    """How much of the map lies where it should, and what the network itself goes by."""
    before = case.spent
    known = known_images(case, truth)
    if known is None:
        reading = (
            "Nothing is known of what counts in these images: give truth=, masks or "
            "a folder of pairs NAME.png and NAME-mask.png."
        )
        return TOPIC.not_asked(case.since(before), reading)
    maps = maps_of(case, known)
    density = decisive_density(maps, known.masks)
    area = float(known.masks.mean())
    number, error = mean_and_error(density)
    rows = [Row(f"density on {known.what}", number, error, "by chance 1")]
    for words, score in SCORES:
        found = score(maps, known.masks, case.signed)
        rows.append(Row(f"{words} on {known.what}", *mean_and_error(found), f"by chance {area:.3f}"))
    about = f"{len(known.images)} {'birds' if known.scenes is not None else 'images'}"
    mass, _ = mean_and_error(relevance_mass(maps, known.masks, case.signed))
    reading = (
        f"On {known.what} the map is {value(number, error)} times as dense as by chance, over {about}; "
        f"{percent(mass)} of its relevance lies there, of {percent(area)} of the area."
    )
    status, verdict = (
        "holds",
        f"Where the truth is known, it is {number:.1f} times as dense as by chance on {known.what}",
    )
    if number <= 1 + 2 * (error or 0):
        status = "does not hold"
        verdict = f"Where the truth is known, it finds {known.what} no better than chance: do not use it to find that"
    facts: dict[str, Any] = {"images": len(known.images)}
    if known.scenes is not None:
        assert isinstance(case.model, Model)
        found_out = audit(case.model, known.scenes)
        case.count(11 * len(known.scenes))
        rows += network_rows(found_out, known.scenes, maps, case.signed)
        leans, more = habitat(found_out)
        facts["leans on the habitat"] = leans
        reading += " " + more
        if leans:
            status, verdict = (
                "does not hold",
                f"{more.rstrip('.')}: do not trust this network away from the places it knows",
            )
    return TOPIC.answer(
        number=number,
        meaning=f"how much denser the map is on {known.what} than by chance, which is 1",
        uncertainty=error,
        reading=reading,
        cost=case.since(before),
        status=status,
        verdict=verdict,
        table=tuple(rows),
        maps={"the map": maps.sum(axis=-1), "what counts": known.masks},
        images=known.images,
        facts=facts,
    )


def habitat(found: Audit) -> tuple[bool, str]:
    """Whether the network leans on the habitat, and the sentence that tells it."""
    moved, error = mean_and_error(found.background)
    part, part_error = mean_and_error(found.decisive)
    named = f"{percent(float(found.moved_away.mean()))} of the birds are named rightly in other habitats"
    numbers = (
        f"another habitat moves the contrast by {value(moved, error)}, the decisive part by {value(part, part_error)}"
    )
    if moved - LEANS * part > 2 * np.hypot(error or 0, LEANS * (part_error or 0)):
        return True, f"This network leans on the habitat: {numbers}, and {named}."
    return False, f"This network goes by the bird more than by the habitat: {numbers}, and {named}."


def network_rows(found: Audit, scenes: Scenes, maps: Array, signed: bool) -> list[Row]:
    """What the network itself goes by, and how much of the map lies on the bird."""
    bird = np.asarray(1 - scenes.masks[..., len(PARTS)])
    mass = relevance_mass(maps, bird, signed)
    return [
        Row("mass on the whole bird", *mean_and_error(mass), f"by chance {bird.mean():.3f}"),
        Row(
            "the contrast moves, from habitat to habitat, by",
            *mean_and_error(found.background),
            "measured, not from the map",
        ),
        Row(
            "the contrast falls, without the decisive part, by",
            *mean_and_error(found.decisive),
            "measured, not from the map",
        ),
        Row("named rightly in other habitats", *mean_and_error(found.moved_away), "measured, not from the map"),
    ]


def known_images(case: Case, truth: Truth) -> Known | None:
    """Images and masks: those given or, for a network that knows the birds, drawn ones."""
    if isinstance(truth, str | PathLike):
        return Known("what the masks show", *read_pairs(Path(truth), case), None)
    if truth is not None and not isinstance(truth, Scenes):
        masks = np.asarray(truth, np.float64)
        masks = masks[..., 0] if masks.ndim == 4 and masks.shape[3] == 1 else masks
        masks = np.broadcast_to(masks, case.images.shape[:3]) if masks.shape == case.images.shape[1:3] else masks
        if masks.shape != case.images.shape[:3]:
            raise ValueError(
                f"truth of shape {masks.shape} does not fit images of {case.images.shape}: give a mask for each image, "
                f"{case.images.shape[:3]}, from 0 to 1, scenes of birds, or a folder"
            )
        return Known("what the masks show", case.images, masks, case.values)
    if truth is None and not (isinstance(case.model, Model) and case.model.classes == CLASSES):
        return None
    scenes = birds.draw(SCENES, case.seed + 1) if truth is None else truth
    return Known("the decisive part", scenes.images, decisive_masks(scenes), None, scenes)


def maps_of(case: Case, known: Known) -> Array:
    """(N, H, W, 1): the maps of the known images, by the audited method; those of birds ask why not the partner."""
    if known.values is not None:
        return case.as_pixels(known.values)[..., None]
    target: Any = None
    versus: Any = None
    if known.scenes is not None:
        target = known.scenes.labels
        versus = None if case.method.name in OWN_CLASS else target ^ 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        options = {
            name: option
            for name, option in case.options.items()
            if not (isinstance(option, np.ndarray) and name == "baseline" and len(option) == len(case.images) > 1)
        }
        result = case.method(
            case.model,
            known.images,
            target,
            versus=versus,
            output=case.call.output,
            batch=case.call.batch,
            **{
                **options,
                **({"resize": True} if "resize" in options or case.method.name in ("grad_cam", "hires_cam") else {}),
            },
        )
    case.count(*result.cost)
    values = np.asarray(result.values)
    return Case.as_pixels(case, values)[..., None]


def read_pairs(folder: Path, case: Case) -> tuple[Array, Array]:
    """Images NAME.png with masks NAME-mask.png of a folder, white where the thing is."""
    if not folder.is_dir():
        raise ValueError(f"truth {str(folder)!r} is no folder: give one with pairs NAME.png and NAME-mask.png")
    shape = case.images.shape[1:]
    images, masks = [], []
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in ENDINGS or path.stem.endswith("-mask"):
            continue
        mask = next((p for e in ENDINGS if (p := path.with_name(f"{path.stem}-mask{e}")).exists()), None)
        if mask is None:
            raise ValueError(f"{str(path)!r} has no mask beside it: add {path.stem}-mask.png, white where the thing is")
        images.append(read_image(path, shape))
        masks.append(read_image(mask, (*shape[:2], 1))[..., 0])
    if not images:
        raise ValueError(f"{str(folder)!r} holds no images: give a folder with pairs NAME.png and NAME-mask.png")
    return np.stack(images), np.stack(masks).astype(np.float64)


def mean_and_error(numbers: npt.ArrayLike) -> tuple[float, float | None]:
    """A mean over images and its standard error; None for one image."""
    x = np.asarray(numbers, np.float64)
    return float(x.mean()), float(x.std(ddof=1) / np.sqrt(len(x))) if len(x) > 1 else None

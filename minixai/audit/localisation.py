"""Does the map find what counts, on images where that is known: drawn birds, or images with masks by the user?"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from minixai.arrays import Array
from minixai.audit.case import CAMS, Case
from minixai.datasets import birds
from minixai.datasets.birds import Scenes
from minixai.evaluation.checks import (
    Check,
    CheckDescription,
    Judgement,
    Row,
    format_number,
    format_share,
    mean_and_error,
)
from minixai.evaluation.contenders import OWN_CLASS
from minixai.evaluation.interventions import PICTURES_PER_SCENE, bird_masks, decisive_masks, has_bird_classes, intervene
from minixai.evaluation.localisation import MASK_SCORES, decisive_density, relevance_mass
from minixai.images import read_image
from minixai.validate import as_real

DESCRIPTION = CheckDescription(
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
ERRORS = 2
"""A map is denser than chance if the difference exceeds this many standard errors."""
ENDINGS = (".png", ".jpg", ".jpeg")
Truth: TypeAlias = "Scenes | npt.ArrayLike | str | PathLike[str] | None"


class KnownImages(NamedTuple):
    """Images with masks of what counts in them.

    what      what the masks show, in words
    images    (N, H, W, C)
    masks     (N, H, W), from 0 to 1
    values    maps of these images, (N, h, w, C), or None if they still have to be made
    scenes    the scenes that were drawn, or None if these are not drawn birds
    """

    what: str
    images: Array
    masks: Array
    values: Array | None
    scenes: Scenes | None = None


def check_localisation(case: Case, truth: Truth) -> Check:
    """Measure how much of the map lies on what counts and, for drawn birds, what the network itself relies on."""
    known = known_images(case, truth)
    if known is None:
        return DESCRIPTION.not_asked(
            "Nothing is known of what counts in these images: give truth=, masks or a folder of pairs NAME.png and "
            "NAME-mask.png."
        )
    maps = maps_of(case, known)
    number, error = mean_and_error(decisive_density(maps, known.masks))
    shares = {name: mean_and_error(score.of(maps, known.masks, case.signed)) for name, score in MASK_SCORES.items()}
    judgement = judge_density(known, number, error, shares["mass"][0])
    rows = [Row(f"density on {known.what}", number, error, "by chance 1"), *share_rows(known, shares)]
    facts: dict[str, Any] = {"images": len(known.images)}
    if known.scenes is not None:
        network = examine_network(case, known.scenes)
        whole = bird_masks(known.scenes)
        mass, chance = relevance_mass(maps, whole, case.signed), f"by chance {whole.mean():.3f}"
        rows += [Row("mass on the whole bird", *mean_and_error(mass), chance), *network.table]
        facts["leans on the habitat"] = network.status == "does not hold"
        judgement = judgement._replace(reading=f"{judgement.reading} {network.reading}")
        if network.status == "does not hold":
            verdict = f"{network.reading.rstrip('.')}: do not trust this network away from the places it knows"
            judgement = judgement._replace(status="does not hold", verdict=verdict)
    return DESCRIPTION.result(
        number,
        f"how much denser the map is on {known.what} than by chance, which is 1",
        judgement,
        uncertainty=error,
        table=tuple(rows),
        maps={"the map": maps.sum(axis=-1), "what counts": known.masks},
        images=known.images,
        facts=facts,
    )


def judge_density(known: KnownImages, number: float, error: float | None, mass: float) -> Judgement:
    """Judge whether the map is denser on what counts than by chance.

    `number` and `error` are the mean density and its standard error, `mass` is the share of the map's relevance that
    lies on what counts.
    """
    reading = (
        f"On {known.what} the map is {format_number(number, error)} times as dense as by chance, over "
        f"{len(known.images)} {'images' if known.scenes is None else 'birds'}; {format_share(mass)} of its relevance "
        f"lies there, of {format_share(float(known.masks.mean()))} of the area."
    )
    if number <= 1 + ERRORS * (error or 0):
        verdict = f"Where the truth is known, it finds {known.what} no better than chance: do not use it to find that"
        return Judgement("does not hold", reading, verdict)
    verdict = f"Where the truth is known, it is {number:.1f} times as dense as by chance on {known.what}"
    return Judgement("holds", reading, verdict)


def share_rows(known: KnownImages, shares: Mapping[str, tuple[float, float | None]]) -> list[Row]:
    """Return a row for each of `MASK_SCORES`, with its mean and standard error, and the value that it has by chance."""
    return [
        Row(f"{name} on {known.what}", *share, f"by chance {MASK_SCORES[name].chance(known.masks).mean():.3f}")
        for name, share in shares.items()
    ]


def examine_network(case: Case, scenes: Scenes) -> Check:
    """Return the check of what the network itself relies on in these scenes, and count the rows it takes."""
    assert has_bird_classes(case.model)
    case.count(PICTURES_PER_SCENE * len(scenes))
    return intervene(case.model, scenes).check()


def known_images(case: Case, truth: Truth) -> KnownImages | None:
    """Return images with masks: those of `truth` or, if the model tells the shorebirds apart, drawn scenes.

    Returns None if there is no truth and the model has other classes.  Raises ValueError if the masks do not fit.
    """
    if isinstance(truth, str | PathLike):
        return KnownImages("what the masks show", *read_pairs(Path(truth), case), None)
    if truth is not None and not isinstance(truth, Scenes):
        masks = as_real(truth, "truth").astype(np.float64)
        masks = masks[..., 0] if masks.ndim == 4 and masks.shape[3] == 1 else masks
        masks = np.broadcast_to(masks, case.images.shape[:3]) if masks.shape == case.images.shape[1:3] else masks
        if masks.shape != case.images.shape[:3]:
            raise ValueError(
                f"truth of shape {masks.shape} does not fit images of {case.images.shape}: give a mask for each image, "
                f"{case.images.shape[:3]}, from 0 to 1, scenes of birds, or a folder"
            )
        return KnownImages("what the masks show", case.images, masks, case.values)
    if truth is None and not has_bird_classes(case.model):
        return None
    scenes = birds.draw(SCENES, case.seed + 1) if truth is None else truth
    return KnownImages("the decisive part", scenes.images, decisive_masks(scenes), None, scenes)


def maps_of(case: Case, known: KnownImages) -> Array:
    """Return the maps of the known images, (N, H, W, 1), made by the audited method unless `known` has them.

    For drawn birds the map explains the species versus the other one of its pair, if the method can contrast classes.
    """
    if known.values is not None:
        return case.as_pixels(known.values)[..., None]
    target = versus = None
    if known.scenes is not None:
        target = known.scenes.labels
        versus = None if case.method.name in OWN_CLASS else target ^ 1
    options = {name: option for name, option in case.options.items() if not is_baseline_of_each(case, name, option)}
    options |= {"resize": True} if case.method.name in CAMS else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        question = {"versus": versus, "output": case.call.output, "batch": case.call.batch}
        result = case.method(case.model, known.images, target, **question, **options)
    case.count(*result.cost)
    return case.as_pixels(result.values)[..., None]


def is_baseline_of_each(case: Case, name: str, option: object) -> bool:
    """Whether the option is a baseline with one row for each of several audited images; other images cannot use it."""
    return name == "baseline" and isinstance(option, np.ndarray) and len(option) == len(case.images) > 1


def read_pairs(folder: Path, case: Case) -> tuple[Array, Array]:
    """Read the pairs NAME.png and NAME-mask.png of a folder: images (N, H, W, C) and masks (N, H, W) from 0 to 1.

    JPEG files will do as well.  Raises ValueError if there is no such folder, no image, or an image without a mask.
    """
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

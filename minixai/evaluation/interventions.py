"""Measure what a network relies on: draw the same birds again with one thing changed, and see how the score changes.

Scenes are `minixai.datasets.birds.Scenes`.  What is measured is the contrast f_k − f_{k^1}: the score of the bird's own
species minus the score of its partner, the species that differs from it in one part.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeGuard

import numpy as np
import numpy.typing as npt

from minixai.arrays import Array
from minixai.datasets import birds
from minixai.datasets.birds import CLASSES, HABITATS, PARTS, PLAYERS, Scenes
from minixai.datasets.birds.rendering import as_scenes
from minixai.datasets.birds.scenes import as_indices
from minixai.evaluation.checks import (
    Check,
    CheckDescription,
    Judgement,
    Row,
    format_number,
    format_share,
    mean_and_error,
)
from minixai.methods.shapley import shapley
from minixai.model import Model
from minixai.progress import Progress
from minixai.text import columns

DESCRIPTION = CheckDescription(
    name="leans on the habitat",
    question="Does the network go by the bird, or by where it stands?",
    source="birds drawn again without a part, or elsewhere: after Hesse, Schaub-Meyer & Roth 2023, FunnyBirds",
    weakness="it says what the network goes by, and nothing about any map",
)
LEANS = 0.5
"""A network leans on the habitat if that moves the contrast by more than this share of the decisive part's drop."""
MEASURED = "measured, not from a map"
PICTURES_PER_SCENE = len(HABITATS) + 1 + len(PLAYERS)
"""How many pictures of each scene `intervene` draws: in each habitat, as it is, and without each part."""


def contrast(model: Model, images: npt.ArrayLike, labels: npt.ArrayLike) -> Array:
    """f_k − f_{k^1}: the score of each bird's own species minus that of its partner, (N,), in float64.

    labels    class numbers or names, one for each image

    Raises ValueError for a model with other classes, and for labels that do not fit the images.

    >>> import minixai as mx
    >>> scenes = mx.datasets.birds.draw(3, seed=7)
    >>> bool((contrast(mx.load("shorebirds"), scenes.images, scenes.labels) > 0).all())  # all named rightly
    True
    """
    scores, own = as_bird_model(model).scores(images), as_indices(labels, CLASSES, "labels")
    if own.shape != scores.shape[:1]:
        raise ValueError(f"labels of shape {own.shape} do not fit {len(scores)} images: give one for each")
    return contrast_of_scores(scores, own)


def contrast_of_scores(scores: Array, labels: Array) -> Array:
    """Return f_k − f_{k^1}, (N,), from scores (N, 8) and labels k (N,)."""
    rows = np.arange(len(labels))
    return np.asarray(scores[rows, labels].astype(np.float64) - scores[rows, labels ^ 1])


def has_bird_classes(model: object) -> TypeGuard[Model]:
    """Whether this is a model whose classes are the eight species of shorebirds."""
    return isinstance(model, Model) and model.classes == CLASSES


def as_bird_model(model: Model) -> Model:
    """Return the model.  Raises ValueError unless its classes are the eight species of shorebirds."""
    if not has_bird_classes(model):
        this = (
            f"one has {len(model.classes)} other classes"
            if isinstance(model, Model)
            else f"is a {type(model).__name__}"
        )
        raise ValueError(
            f"a truth is known only for models of the eight shorebirds, and this {this}: take 'shorebirds'"
        )
    return model


def bird_masks(scenes: Scenes) -> Array:
    """(N, H, W): how much of each pixel the bird covers."""
    return np.asarray(1 - scenes.masks[..., len(PARTS)])


def player_masks(scenes: Scenes) -> Array:
    """(N, H, W, 7): how much of each pixel each of PLAYERS covers."""
    return np.stack(
        [scenes.masks[..., [PARTS.index(p) for p in parts]].sum(axis=-1) for parts in PLAYERS.values()], axis=-1
    )


def decisive_masks(scenes: Scenes) -> Array:
    """(N, H, W): the mask of the visible part of each image in which the bird differs from its partner species."""
    return scenes.masks[np.arange(len(scenes)), ..., scenes.distinguishing_parts]


def decisive_players(scenes: Scenes) -> npt.NDArray[np.intp]:
    """(N,): the index in PLAYERS of the part in which each bird differs from its partner species."""
    return np.array([list(PLAYERS).index(PARTS[part]) for part in scenes.distinguishing_parts], dtype=np.intp)


def changed_pixels(scenes: Scenes) -> npt.NDArray[np.bool_]:
    """(N, H, W): whether the pixel changes when the partner species is drawn in place of the bird."""
    return np.asarray((scenes.images != scenes.with_(labels=scenes.labels ^ 1).images).any(axis=-1))


def without(scenes: Scenes, players: Iterable[str]) -> Array:
    """Draw the scenes without these players, (N, H, W, C); what was behind them becomes visible."""
    return birds.render(scenes, remove=tuple(part for name in players for part in PLAYERS[name]))[0]


def removal_drops(model: Model, scenes: Scenes) -> Array:
    """d_p = f(bird) − f(bird without part p), with f the contrast: (N, 7), a column for each of PLAYERS.

    The drop is the effect of one part while all others are present, which is the truth for `deletion_rank`.  (Single
    deletion of Hesse, Schaub-Meyer & Roth 2023, FunnyBirds.)  Draws 7 · N pictures.

    >>> import minixai as mx
    >>> drops = removal_drops(mx.load("shorebirds"), mx.datasets.birds.draw(4, seed=7, species=["redshank"]))
    >>> list(PLAYERS)[drops.mean(axis=0).argmax()]
    'legs'
    """
    whole = contrast(model, as_scenes(scenes).images, scenes.labels)
    left = [contrast(model, without(scenes, [name]), scenes.labels) for name in PLAYERS]
    return np.stack([whole - f for f in left], axis=1)


def part_shapley(model: Model, scenes: Scenes) -> Array:
    """φ_p, the Shapley value of part p in the game v(S) = f(bird with only the parts S), with f the contrast: (N, 7).

    The values are exact, because all 2⁷ subsets of PLAYERS are drawn, which takes 128 · N pictures.  Σφ is the contrast
    of the whole bird minus that of the empty habitat.  (Shapley 1953; see `minixai.shapley`)

    >>> import minixai as mx
    >>> values = part_shapley(mx.load("shorebirds"), mx.datasets.birds.draw(2, seed=7, species=["hooded"]))
    >>> list(PLAYERS)[values.mean(axis=0).argmax()]
    'head'
    """
    line = Progress(f"part Shapley: {2 ** len(PLAYERS) * len(scenes):,} pictures", 2 ** len(PLAYERS))

    def value(coalitions: npt.NDArray[np.bool_]) -> Array:
        found = []
        for present in coalitions:
            absent = [name for name, there in zip(PLAYERS, present, strict=True) if not there]
            found.append(contrast(model, without(scenes, absent), scenes.labels))
            line.advance()
        return np.stack(found)

    values = shapley(value, len(PLAYERS)).values.T
    line.close()
    return values


def scores_in_habitats(model: Model, scenes: Scenes) -> Array:
    """(3, N, 8): the scores of each bird when it is drawn in each of HABITATS."""
    as_scenes(scenes)
    return np.stack([as_bird_model(model).scores(scenes.with_(habitat=place).images) for place in HABITATS])


def background_range(model: Model, scenes: Scenes) -> Array:
    """max f − min f of the same bird over all habitats, with f the contrast: (N,).  Smaller is better.

    (After the background independence of Hesse, Schaub-Meyer & Roth 2023, FunnyBirds, who count the background objects
    that matter; here the whole habitat changes.)

    >>> import minixai as mx
    >>> scenes = mx.datasets.birds.draw(8, seed=7)
    >>> clean, biased = (background_range(mx.load(n), scenes).mean() for n in ("shorebirds", "shorebirds-biased"))
    >>> bool(clean < biased)
    True
    """
    return np.asarray(
        np.ptp([contrast_of_scores(one, scenes.labels) for one in scores_in_habitats(model, scenes)], axis=0)
    )


@dataclass(frozen=True, eq=False)
class NetworkTest:
    """Whether a network relies on the bird or on its habitat; `intervene` makes the measurements.

    scenes       the scenes with the birds that were tested
    right        (N, 3): whether each bird is classified correctly in each of HABITATS
    contrasts    (N, 3): the contrast of each bird in each of HABITATS
    drops        (N, 7): by how much the contrast falls without each part, see `removal_drops`
    """

    scenes: Scenes
    right: npt.NDArray[np.bool_]
    contrasts: Array
    drops: Array

    @property
    def background(self) -> Array:
        """(N,): the largest contrast minus the smallest over all habitats, as in `background_range`."""
        return np.asarray(np.ptp(self.contrasts, axis=1))

    @property
    def leaving(self) -> Array:
        """(N,): by how much the contrast falls, on average, when the bird is moved to the two other habitats.

        Its mean over birds is near 0 if the habitat does not matter, and above 0 if the network expects birds in the
        habitats where they stand.
        """
        return self.here(self.contrasts) - self.elsewhere(self.contrasts)

    @property
    def decisive(self) -> Array:
        """(N,): by how much the contrast falls without the part in which the bird differs from its partner."""
        return self.drops[np.arange(len(self.drops)), decisive_players(self.scenes)]

    @property
    def top(self) -> npt.NDArray[np.bool_]:
        """(N,): whether that part's drop is the largest of all parts."""
        return np.asarray(self.drops.argmax(axis=1) == decisive_players(self.scenes))

    @property
    def at_home(self) -> npt.NDArray[np.bool_]:
        """(N,): whether each bird is classified correctly in its own habitat."""
        return self.here(self.right)

    @property
    def moved_away(self) -> Array:
        """(N,): in which share of the two other habitats each bird is classified correctly: 0, ½ or 1."""
        return self.elsewhere(self.right)

    def here(self, numbers: Array) -> Array:
        """(N, 3) -> (N,): the number for the habitat in which each bird stands."""
        return np.asarray(numbers[np.arange(len(numbers)), self.scenes.habitat])

    def elsewhere(self, numbers: Array) -> Array:
        """(N, 3) -> (N,): the mean of the numbers for the two other habitats."""
        return np.asarray((numbers.sum(axis=1) - self.here(numbers)) / (len(HABITATS) - 1))

    @property
    def leans_on_habitat(self) -> bool:
        """Whether another habitat moves the contrast by significantly more than half of the decisive part's drop."""
        moved, error = mean_and_error(self.background)
        part, part_error = mean_and_error(self.decisive)
        return moved - LEANS * part > 2 * float(np.hypot(error or 0, LEANS * (part_error or 0)))

    def check(self) -> Check:
        """Return the check of whether the network leans on the habitat; its number is the mean of `background`."""
        moved, error = mean_and_error(self.background)
        lean = "leans on the habitat" if self.leans_on_habitat else "goes by the bird more than by the habitat"
        reading = (
            f"This network {lean}: another habitat moves the contrast by {format_number(moved, error)}, the decisive "
            f"part by {format_number(*mean_and_error(self.decisive))}, and "
            f"{format_share(float(self.moved_away.mean()))} of the birds are named rightly in other habitats."
        )
        status = "does not hold" if self.leans_on_habitat else "holds"
        rows = (
            ("the contrast moves, from habitat to habitat, by", self.background),
            ("the contrast falls, without the decisive part, by", self.decisive),
            ("named rightly in other habitats", self.moved_away),
        )
        return DESCRIPTION.result(
            moved,
            "by how much the contrast of scores moves from habitat to habitat, mean over birds",
            Judgement(status, reading, reading),
            uncertainty=error,
            table=tuple(Row(label, *mean_and_error(numbers), MEASURED) for label, numbers in rows),
        )

    def __str__(self) -> str:
        lines = [
            ("named rightly, as they stand", mean_text(self.at_home)),
            ("named rightly, in the two other habitats", mean_text(self.moved_away)),
            ("the contrast falls, without the decisive part, by", mean_text(self.decisive)),
            ("the contrast falls, in the two other habitats, by", mean_text(self.leaving)),
            ("the contrast moves, from habitat to habitat, by", mean_text(self.background)),
            ("the decisive part matters most of all parts", mean_text(self.top)),
            ("the habitat matters more than the decisive part", mean_text(self.background > self.decisive)),
        ]
        return "\n".join([*columns(lines, right=[1]), "", *self.by_species()])

    def by_species(self) -> list[str]:
        """Return the lines of a table: the share of each species that is classified correctly in each habitat."""
        lines = [("named rightly", *HABITATS)]
        for k in np.unique(self.scenes.labels):
            shares = self.right[self.scenes.labels == k].mean(axis=0)
            lines.append((CLASSES[k], *(f"{x:.2f}" for x in shares)))
        return columns(lines, right=range(1, 1 + len(HABITATS)))


def mean_text(numbers: npt.ArrayLike) -> str:
    """Return a mean and its standard error as text, with two decimals.

    >>> mean_text([1.0, 2.0, 3.0])
    '2.00 ± 0.58'
    """
    mean, error = mean_and_error(numbers)
    return f"{mean:.2f}" + ("" if error is None else f" ± {error:.2f}")


def intervene(model: Model, scenes: Scenes) -> NetworkTest:
    """Draw the birds in other habitats and without their parts, and measure what the network relies on.

    A network that learnt the habitats instead of the birds is right as long as the birds stand where they did in
    training; `print` the result to see it.  It takes 11 · N pictures.  Raises ValueError for a model of other classes.

    >>> import minixai as mx
    >>> found = intervene(mx.load("shorebirds-biased"), mx.datasets.birds.draw(16, seed=7))
    >>> bool(found.moved_away.mean() < 0.9)
    True
    """
    scores = scores_in_habitats(model, scenes)
    right = scenes.labels[:, None] == scores.argmax(axis=2).T
    contrasts = np.stack([contrast_of_scores(one, scenes.labels) for one in scores], axis=1)
    return NetworkTest(scenes, right, contrasts, removal_drops(model, scenes))


audit, Audit = intervene, NetworkTest
"""Former names of `intervene` and `NetworkTest`, which test a network; `minixai.audit` examines a map."""

"""Scenes: the random properties of images of birds, kept so that the same images can be rendered again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from minixai.arrays import Array, readonly_view
from minixai.datasets.birds.habitats import SIDE
from minixai.datasets.birds.rendering import as_mapping, render, render_images
from minixai.datasets.birds.species import CLASSES, DISTINGUISHING_PART, HABITATS, PARTS
from minixai.text import quoted
from minixai.validate import as_count, as_nonnegative, as_random_seed, as_real, check_finite, one_of

POSE = {"flip": (-1, 1), "x": (-2.5, 2.5), "y": (28, 33), "scale": (0.82, 1), "tilt": (-0.12, 0.12), "stride": (-2, 2)}
"""The range of each property of the pose.  flip is 1 if the bird looks to the right and −1 to the left."""
BRIGHTNESS, TINT, HORIZON, PHASES = (0.84, 0.96), 0.025, (9, 22), 12
NAMES = {"labels": CLASSES, "habitat": HABITATS}
LIMITS = {"light": (0, 1), "horizon": (1, SIDE - 1), "flip": (-1, 1), "scale": (0.1, 4)}
"""{property: (least, greatest value)}; outside them a picture could leave [0, 1] or not be finite."""

MOST_SCENES = 1_000_000
"""The greatest number of scenes; their pictures would take 49 GB, more than most machines have."""


@dataclass(frozen=True, eq=False)
class Scenes:
    """The properties that determine N images of birds; `scenes[3]`, `scenes[2:5]` and `scenes[mask]` are Scenes too.

    labels      class numbers (N,), in the order of CLASSES; labels ^ 1 are the partners
    habitat     (N,), in the order of HABITATS
    pose        (N, 6), the columns of POSE
    light       (N, 3), the factors of red, green and blue
    horizon     (N,), its distance from the upper edge of the picture, in 64ths of the height
    phases      (N, 12), of the waves that make up the habitat

    Raises ValueError for arrays of the wrong shape, or with values that are not allowed.
    """

    labels: Array
    habitat: Array
    pose: Array
    light: Array
    horizon: Array
    phases: Array

    def __post_init__(self) -> None:
        n, widths = np.shape(self.horizon)[:1], {"pose": (len(POSE),), "light": (3,), "phases": (PHASES,)}
        for name in (f.name for f in fields(self)):
            array = check_finite(as_real(getattr(self, name), name), name)
            wanted = (*n, *widths.get(name, ()))
            if array.shape != wanted:
                raise ValueError(
                    f"{name} has the shape {array.shape}, but these scenes need {wanted}: give an entry for each"
                )
            object.__setattr__(self, name, readonly_view(array, own=True))
        for name, names in NAMES.items():
            as_indices(getattr(self, name), names, name)
        for name, (low, high) in LIMITS.items():
            array = self.pose[:, list(POSE).index(name)] if name in POSE else getattr(self, name)
            wrong = (abs(array) != 1) if name == "flip" else (array < low) | (array > high)
            if wrong.any():
                allowed = "-1 or 1" if name == "flip" else f"from {low} to {high}"
                raise ValueError(f"{name} is {array[wrong][0]:g} in one of these scenes: it is {allowed}")

    def __len__(self) -> int:
        return len(self.horizon)

    def __getitem__(self, which: Any) -> Scenes:
        rows = np.arange(len(self))[which]
        return Scenes(*(getattr(self, f.name)[np.atleast_1d(rows)] for f in fields(self)))

    def __repr__(self) -> str:
        seen = ", ".join(CLASSES[k] for k in self.labels[:4]) + ", ..." * (len(self) > 4)
        return f"<Scenes of {len(self)} {'bird' if len(self) == 1 else 'birds'}: {seen}>"

    def with_(self, **changes: Any) -> Scenes:
        """Return a copy of the scenes with some properties replaced, each by one value for all scenes or one for each.

        >>> scenes = draw(2)
        >>> partners = scenes.with_(labels=scenes.labels ^ 1)
        >>> on_sand = scenes.with_(habitat="sand")
        """
        for name, value in changes.items():
            one_of(name, [f.name for f in fields(self)], "property of scenes")
            array = np.asarray(as_indices(value, NAMES[name], name) if name in NAMES else value)
            changes[name] = np.broadcast_to(array, getattr(self, name).shape) if array.ndim == 0 else array
        return replace(self, **changes)

    @cached_property
    def images(self) -> Array:
        """The images, (N, 64, 64, 3) float32 in [0, 1], rendered at the first use."""
        return readonly_view(render_images(self))

    @cached_property
    def masks(self) -> Array:
        """(N, 64, 64, 9) float32: the share of each part, and last of the background, in each pixel; they sum to 1."""
        return readonly_view(render(self)[1])

    @property
    def distinguishing_parts(self) -> npt.NDArray[np.intp]:
        """The part in which each bird differs from its partner, (N,), by its number in PARTS."""
        return np.array([PARTS.index(DISTINGUISHING_PART[name]) for name in CLASSES])[self.labels]

    @property
    def decisive(self) -> npt.NDArray[np.intp]:
        """The former name of `distinguishing_parts`."""
        return self.distinguishing_parts


def draw(
    n: int,
    seed: int = 0,
    *,
    species: Iterable[str | int] | str | int | None = None,
    habitat: Mapping[str, str] | None = None,
    bias: float | None = None,
) -> Scenes:
    """Draw n random scenes.  With the same seed, a larger n gives the same scenes first.

    Parameters
    ----------
    n : int
        Number of scenes.
    seed : int, default 0
        Seed of everything that is random.
    species : name, class number or several, optional
        The species to choose from, each equally likely; by default all.
    habitat : {species: habitat}, optional
        The habitat in which a species is drawn with probability `bias`; otherwise its habitat is random.
    bias : float, optional
        The probability of the habitat in `habitat`; by default 1 if that is given, else 0.

    Returns
    -------
    Scenes
        The scenes, with their images and masks.

    Raises
    ------
    ValueError
        If a name is unknown, `bias` is not a probability, or `habitat` lacks a species that may be drawn.

    Examples
    --------
    >>> scenes = draw(3, seed=1, species=["redshank", "greenshank"])
    >>> scenes.labels.tolist(), scenes.images.shape
    ([1, 1, 0], (3, 64, 64, 3))
    """
    as_count(n, "n, how many scenes to draw,", most=MOST_SCENES, why="their pictures would not fit into memory")
    as_random_seed(seed)
    bias = float(habitat is not None) if bias is None else bias
    choice = np.atleast_1d(as_indices(CLASSES if species is None else species, CLASSES, "species"))
    lengths = (1, 1, 1, len(POSE), 1, 3, 1, PHASES)
    # (n, 26) uniform in [0, 1), one row for each scene, split into the columns of each property
    chances = np.random.default_rng(seed).random((n, sum(lengths)))
    which, where, tied, pose, bright, tint, high, phases = np.split(chances, np.cumsum(lengths)[:-1], axis=1)
    labels = choice[(which[:, 0] * len(choice)).astype(np.intp)]
    habitats = (where[:, 0] * len(HABITATS)).astype(np.intp)
    if tie := habitat_of_class(habitat, bias, choice):
        own = np.array([tie.get(int(k), 0) for k in labels])
        habitats = np.where(tied[:, 0] < bias, own, habitats)
    low, top = np.array(list(POSE.values())).T
    pose = low + pose * (top - low)
    pose[:, 0] = np.where(pose[:, 0] < 0, -1, 1)
    pose[:, 1] += 31.5 - 5 * pose[:, 0]  # the beak needs more room than the tail
    light = BRIGHTNESS[0] + bright * (BRIGHTNESS[1] - BRIGHTNESS[0]) + TINT * (2 * tint - 1)
    horizon = HORIZON[0] + high[:, 0] * (HORIZON[1] - HORIZON[0])
    return Scenes(labels, habitats, pose, light, horizon, 2 * np.pi * phases)


def habitat_of_class(habitat: Mapping[str, str] | None, bias: float, choice: Array) -> dict[int, int]:
    """Return {class number: number of its habitat}.  Raises ValueError if a species that may be drawn has none."""
    if not 0 <= as_nonnegative(bias, "bias") <= 1:
        raise ValueError(f"bias is a probability, from 0 to 1, got {bias}")
    tie = {
        int(as_indices(name, CLASSES, "species")): int(as_indices(place, HABITATS, "habitat"))
        for name, place in as_mapping(habitat, "habitat", "{species: habitat}").items()
    }
    missing = [CLASSES[k] for k in choice if k not in tie] if bias else []
    if missing:
        raise ValueError(
            f"bias is {bias}, but habitat names none for {', '.join(missing)}: give habitat={{species: habitat}}"
        )
    return tie


def as_indices(given: Any, names: tuple[str, ...], what: str) -> npt.NDArray[np.intp]:
    """Return names, or indices in `names`, as an array of indices.  Raises ValueError for any that do not exist."""
    array = np.asarray(
        list(given) if isinstance(given, Iterable) and not isinstance(given, (str, np.ndarray)) else given
    )
    if array.dtype.kind == "U":
        return np.array([names.index(one_of(str(name), names, what)) for name in array.ravel()]).reshape(array.shape)
    if array.dtype.kind not in "iu" or not array.size or array.min() < 0 or array.max() >= len(names):
        raise ValueError(
            f"{what} is {quoted(given)}: give numbers from 0 to {len(names) - 1}, or names: {', '.join(names)}"
        )
    return array.astype(np.intp)


def shorebirds(n: int, seed: int = 0) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.intp]]:
    """Draw images of random birds; `draw` gives the same birds with their masks and properties.

    Parameters
    ----------
    n : int
        Number of pictures.
    seed : int, default 0
        Seed of the birds; with the same seed, a larger n gives the same birds first.

    Returns
    -------
    images : array of float32 (n, 64, 64, 3)
        Pixels from 0 to 1.
    labels : array of int (n,)
        Class numbers, in the order of CLASSES.

    Examples
    --------
    >>> images, labels = shorebirds(4)
    >>> images.shape, [CLASSES[k] for k in labels]
    ((4, 64, 64, 3), ['godwit', 'gull', 'gull', 'gull'])
    """
    scenes = draw(n, seed)
    return render_images(scenes), scenes.labels.copy()

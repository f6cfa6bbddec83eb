"""From scenes to pictures, with or without a change: no chance is left, so that nothing else changes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from minixai.arrays import Array
from minixai.datasets.birds.painting import SceneArrays, paint
from minixai.datasets.birds.species import COLOURS, PARTS
from minixai.validate import as_count, as_real, check_finite, one_of

S = TypeVar("S", bound=SceneArrays)
SIZE = 64
PIXELS = 2**16
"""How many are painted at a time: as many as stay in a processor's cache."""


def render(
    scenes: SceneArrays,
    remove: Collection[str] = (),
    colours: Mapping[str, npt.ArrayLike] | None = None,
    size: int = SIZE,
    background: npt.ArrayLike | None = None,
) -> tuple[Array, Array]:
    """Draw scenes: images (N, size, size, 3) in [0, 1] and masks (N, size, size, 9), both float32.

    The masks say how much of each pixel is each part's, in the order of PARTS, and last the background's;
    at every pixel they sum to 1.

    remove      parts left out; what is behind them shows
    colours     {part: (red, green, blue)}: other colours, and nothing else
    background  another habitat behind the same birds, by name or number, one for all or one for each

    Raises ValueError for an unknown part or habitat, and for a colour or a size that cannot be.

    >>> from minixai.datasets.birds import draw
    >>> images, masks = render(draw(2), remove=["legs"], size=128)
    >>> images.shape, masks.shape, float(masks[..., PARTS.index("legs")].max())
    ((2, 128, 128, 3), (2, 128, 128, 9), 0.0)
    """
    if background is not None:
        scenes = are_scenes(scenes).with_(habitat=background)
    parts = list(drawn(scenes, remove, colours, size))
    images, masks = (np.concatenate(each) for each in zip(*parts, strict=True))
    return images, masks


def images_of(scenes: SceneArrays) -> Array:
    """The images alone: a quarter of the memory."""
    return np.concatenate([images for images, _ in drawn(scenes)])


def drawn(
    scenes: SceneArrays,
    remove: Collection[str] = (),
    colours: Mapping[str, npt.ArrayLike] | None = None,
    size: int = SIZE,
) -> Iterator[tuple[Array, Array]]:
    """The images and masks of a few scenes after the other."""
    are_scenes(scenes)
    as_count(size, "size, the pixels along a side,", 8)
    left_out = [one_of(part, PARTS, "part") for part in ([remove] if isinstance(remove, str) else remove)]
    palette = COLOURS.copy()
    for part, rgb in mapping(colours, "colours", "{part: (red, green, blue)}").items():
        palette[:, PARTS.index(one_of(part, PARTS, "part"))] = colour(rgb, part)
    step = max(1, PIXELS // size**2)
    for start in range(0, len(scenes), step):
        few = scenes[start : start + step]
        yield paint(few, left_out, palette[few.labels], size)


def are_scenes(scenes: S) -> S:
    """The scenes, if they are such: from an image alone nothing can be drawn again."""
    if not hasattr(scenes, "phases"):
        raise TypeError(f"scenes are what birds.draw gives, got {type(scenes).__name__}: images cannot be drawn again")
    return scenes


def mapping(given: Mapping[str, Any] | None, what: str, form: str) -> Mapping[str, Any]:
    """What was given by name, if anything was."""
    if given is not None and not isinstance(given, Mapping):
        raise TypeError(f"{what} is {given!r}: give {form}")
    return given or {}


def colour(rgb: npt.ArrayLike, part: str) -> Array:
    array = check_finite(as_real(rgb, f"the colour of {part}"), f"the colour of {part}")
    if array.shape != (3,) or not 0 <= array.min() <= array.max() <= 1:
        raise ValueError(f"the colour of {part} is {rgb!r}: give red, green and blue, each from 0 to 1")
    return array

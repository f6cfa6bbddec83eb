"""From scenes to images, with or without a change; nothing here is random, so that nothing else changes."""

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
"""Pixels that are painted at a time: as many as fit into a processor's cache."""


def render(
    scenes: SceneArrays,
    remove: Collection[str] = (),
    colours: Mapping[str, npt.ArrayLike] | None = None,
    size: int = SIZE,
    background: npt.ArrayLike | None = None,
) -> tuple[Array, Array]:
    """Draw scenes: images (N, size, size, 3) in [0, 1] and masks (N, size, size, 9), both float32.

    A mask is the share of a part in each pixel: the parts in the order of PARTS, and last the background;
    at every pixel the masks sum to 1.

    remove      parts that are left out, so that what is behind them shows
    colours     {part: (red, green, blue)}, other colours for parts
    background  another habitat behind the same birds, by name or number, one for all or one for each

    Raises ValueError for an unknown part or habitat, and for a colour or a size that cannot be.

    >>> from minixai.datasets.birds import draw
    >>> images, masks = render(draw(2), remove=["legs"], size=128)
    >>> images.shape, masks.shape, float(masks[..., PARTS.index("legs")].max())
    ((2, 128, 128, 3), (2, 128, 128, 9), 0.0)
    """
    if background is not None:
        scenes = as_scenes(scenes).with_(habitat=background)
    parts = list(render_in_chunks(scenes, remove, colours, size))
    images, masks = (np.concatenate(each) for each in zip(*parts, strict=True))
    return images, masks


def render_images(scenes: SceneArrays) -> Array:
    """Draw the images (N, 64, 64, 3) without the masks, in a quarter of the memory."""
    return np.concatenate([images for images, _ in render_in_chunks(scenes)])


def render_in_chunks(
    scenes: SceneArrays,
    remove: Collection[str] = (),
    colours: Mapping[str, npt.ArrayLike] | None = None,
    size: int = SIZE,
) -> Iterator[tuple[Array, Array]]:
    """Yield (images, masks) of a few scenes at a time."""
    as_scenes(scenes)
    as_count(size, "size, the pixels along a side,", 8)
    left_out = [one_of(part, PARTS, "part") for part in ([remove] if isinstance(remove, str) else remove)]
    palette = COLOURS.copy()
    for part, rgb in as_mapping(colours, "colours", "{part: (red, green, blue)}").items():
        palette[:, PARTS.index(one_of(part, PARTS, "part"))] = as_colour(rgb, part)
    step = max(1, PIXELS // size**2)
    for start in range(0, len(scenes), step):
        few = scenes[start : start + step]
        yield paint(few, left_out, palette[few.labels], size)


def as_scenes(scenes: S) -> S:
    """The scenes; raises TypeError for anything else, such as images, which cannot be rendered again."""
    if not hasattr(scenes, "phases"):
        raise TypeError(f"scenes are what birds.draw gives, got {type(scenes).__name__}: images cannot be drawn again")
    return scenes


def as_mapping(given: Mapping[str, Any] | None, what: str, form: str) -> Mapping[str, Any]:
    """The mapping given, or an empty one for None; raises TypeError for anything else."""
    if given is not None and not isinstance(given, Mapping):
        raise TypeError(f"{what} is {given!r}: give {form}")
    return given or {}


def as_colour(rgb: npt.ArrayLike, part: str) -> Array:
    """A colour (3,) for a part, each entry from 0 to 1."""
    array = check_finite(as_real(rgb, f"the colour of {part}"), f"the colour of {part}")
    if array.shape != (3,) or not 0 <= array.min() <= array.max() <= 1:
        raise ValueError(f"the colour of {part} is {rgb!r}: give red, green and blue, each from 0 to 1")
    return array

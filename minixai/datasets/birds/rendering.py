"""Render scenes as images, unchanged or with a change.

Nothing here is random, so an image differs from the original only by the change that was asked for.
"""

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
"""Number of pixels painted at a time, chosen so that they fit into a processor's cache."""


def render(
    scenes: SceneArrays,
    remove: Collection[str] = (),
    colours: Mapping[str, npt.ArrayLike] | None = None,
    size: int = SIZE,
    background: npt.ArrayLike | None = None,
) -> tuple[Array, Array]:
    """Draw scenes: return images (N, size, size, 3) in [0, 1] and masks (N, size, size, 9), both float32.

    A mask holds the share of each pixel that a part covers.  The masks are in the order of PARTS, followed by the
    background; at every pixel they sum to 1.

    remove      parts that are left out, so that what is behind them shows
    colours     {part: (red, green, blue)}, new colours of parts
    size        height and width of an image, in pixels
    background  another habitat, by name or number: one for all birds, or one for each

    Raises ValueError for an unknown part or habitat, and for an impossible colour or size.

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
    """Return the images (N, 64, 64, 3) alone, which takes a quarter of the memory that images and masks take."""
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
    """Return the scenes; raises TypeError for anything else, such as images, which cannot be rendered again."""
    if not hasattr(scenes, "phases"):
        raise TypeError(f"scenes are what birds.draw gives, got {type(scenes).__name__}: images cannot be drawn again")
    return scenes


def as_mapping(given: Mapping[str, Any] | None, what: str, form: str) -> Mapping[str, Any]:
    """Return the given mapping, or an empty one for None; raises TypeError for anything else."""
    if given is not None and not isinstance(given, Mapping):
        raise TypeError(f"{what} is {given!r}: give {form}")
    return given or {}


def as_colour(rgb: npt.ArrayLike, part: str) -> Array:
    """Return a colour of a part as an array (3,); raises ValueError unless each entry is from 0 to 1."""
    array = check_finite(as_real(rgb, f"the colour of {part}"), f"the colour of {part}")
    if array.shape != (3,) or not 0 <= array.min() <= array.max() <= 1:
        raise ValueError(f"the colour of {part} is {rgb!r}: give red, green and blue, each from 0 to 1")
    return array

"""Paint scenes: signed distances become masks, and masks become an image.

A part covers clip(½ − distance, 0, 1) of a pixel, and its mask is the share of this that the parts in front of it leave
visible.  An image is Σ mask · colour · shade · light.  Every factor is at most 1 and the masks sum to 1, so no value
needs to be clipped.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Protocol

import numpy as np

from minixai.arrays import Array
from minixai.datasets.birds.habitats import PAINTERS, SIDE
from minixai.datasets.birds.shapes import PartDistances, bird_distances
from minixai.datasets.birds.species import BEAK_CURVE, BEAK_LENGTH, HABITATS, PARTS


class SceneArrays(Protocol):
    """The arrays that determine the pictures of scenes; `Scenes` describes each."""

    @property
    def labels(self) -> Array: ...
    @property
    def habitat(self) -> Array: ...
    @property
    def pose(self) -> Array: ...
    @property
    def light(self) -> Array: ...
    @property
    def horizon(self) -> Array: ...
    @property
    def phases(self) -> Array: ...
    def __len__(self) -> int: ...
    def __getitem__(self, rows: Any) -> SceneArrays: ...
    def with_(self, **changes: Any) -> SceneArrays: ...


def paint(scenes: SceneArrays, remove: Collection[str], colours: Array, size: int) -> tuple[Array, Array]:
    """Paint scenes; `colours` holds those of the parts, (N, 8, 3).

    Returns images (N, size, size, 3) and masks (N, size, size, 9).
    """
    flip, left, top, scale, tilt, stride = map(as_column, scenes.pose.T)
    along = (np.arange(size, dtype=np.float32) + 0.5) * (SIDE / size) - 0.5  # the middles of pixels, 64 to a side
    gx, gy = along[None, None, :], along[None, :, None]
    # the coordinates in the bird's own frame: moved, scaled, turned
    dx, dy, c, s = (gx - left) * (flip / scale), (gy - top) / scale, np.cos(tilt), np.sin(tilt)
    x, y = dx * c + dy * s, dy * c - dx * s
    shapes = bird_distances(x, y, as_column(BEAK_LENGTH[scenes.labels]), as_column(BEAK_CURVE[scenes.labels]), stride)
    unit = scale * (size / SIDE)  # pixels in one unit of that frame
    masks = part_masks(shapes, unit, remove)
    shades = part_shades(x, y, shapes, unit)
    ground = masks[-1] * ground_shadow(x, y)
    planes = habitat_planes(scenes, gx, gy)
    image = np.empty((len(scenes), size, size, 3), np.float32)
    toned = [mask * shade for mask, shade in zip(masks, shades, strict=False)]
    for channel in range(3):
        plane = ground * planes[channel]
        for part, tone in enumerate(toned):
            plane += tone * as_column(colours[:, part, channel])
        np.multiply(plane, as_column(scenes.light[:, channel]), out=image[..., channel])
    return image, np.ascontiguousarray(np.moveaxis(masks, 0, -1))


def part_masks(shapes: PartDistances, unit: Array, remove: Collection[str]) -> Array:
    """Return the masks (9, N, H, W): the visible share of each part in each pixel, and last of the background."""
    masks = np.empty((len(PARTS) + 1, *shapes.tail.shape), np.float32)
    clear = np.ones_like(shapes.tail)
    for i, part in reversed(list(enumerate(PARTS))):
        np.multiply(clear, 0 if part in remove else pixel_coverage(shapes[i], unit), out=masks[i])
        clear = clear - masks[i]
    masks[-1] = clear
    return masks


def pixel_coverage(distance: Array, unit: Array) -> Array:
    """Return the share of each pixel that lies within a shape; the edge of the shape is one pixel wide."""
    return np.asarray(np.clip(0.5 - distance * unit, 0, 1))


def part_shades(x: Array, y: Array, shapes: PartDistances, unit: Array) -> list[Array]:
    """Return the brightness of each part, (N, H, W) in (0, 1]: light from above, a round body, rows of feathers."""
    lit = 0.89 - 0.011 * np.clip(y, -10, 10)
    trunk = lit * (0.84 + 0.16 * np.clip(shapes.body * -0.35, 0, 1))
    rows = np.abs(np.sin(0.95 * y - 0.19 * x + 0.4))  # of feathers, each an arc
    feathers = lit * (0.86 + 0.14 * np.sin(1.4 * x - 2.2 * rows))
    wing = feathers * (1 - 0.28 * np.clip(1 + shapes.wing * 0.8, 0, 1))
    eye = 1 - 0.9 * pixel_coverage(shapes.pupil, unit) * (1 - pixel_coverage(shapes.glint, unit))
    legs = 0.82 + 0.18 * pixel_coverage(shapes.near_leg, unit)
    return [feathers, legs, trunk, trunk, wing, lit, np.ones_like(x), eye]


def ground_shadow(x: Array, y: Array) -> Array:
    """Return the brightness of the ground (N, H, W) with the bird's shadow, which is the same for every species."""
    return np.asarray(1 - 0.32 * np.clip(1.3 - np.hypot((x - 2) / 10, (y - 22.6) / 2), 0, 1))


def habitat_planes(scenes: SceneArrays, gx: Array, gy: Array) -> Array:
    """Return the colours of the habitats behind the birds, (3, N, H, W)."""
    planes = np.empty((3, len(scenes), gy.size, gx.size), np.float32)
    for number in np.unique(scenes.habitat):
        rows = scenes.habitat == number
        phases = list(map(as_column, scenes.phases[rows].T))
        planes[:, rows] = PAINTERS[HABITATS[number]](gx, gy, as_column(scenes.horizon[rows]), phases)
    return planes


def as_column(numbers: Array) -> Array:
    """Return numbers (N,) as (N, 1, 1), to broadcast with planes (N, H, W)."""
    return numbers.astype(np.float32)[:, None, None]

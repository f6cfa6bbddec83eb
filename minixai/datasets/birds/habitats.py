"""Paint the habitats water, reeds and sand from sine waves, whose phases are properties of the scene.

Each painter returns three planes, red, green and blue, with values in (0, 1) at the points (x, y) of the picture.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from minixai.arrays import Array

SIDE = 64
Plane: TypeAlias = Array | float
ColourPlanes: TypeAlias = tuple[Plane, Plane, Plane]


def paint_water(x: Array, y: Array, horizon: Array, phase: list[Array]) -> ColourPlanes:
    """Paint ripples in perspective with glints, under a pale sky."""
    depth = np.clip((y - horizon) / (SIDE - horizon), 0, 1)
    ground = np.clip(y - horizon + 0.5, 0, 1)
    near = 22 * np.log1p(3 * depth)  # distance along the water: waves look shorter farther away
    swell = np.sin(near + 1.8 * np.sin(x * 0.09 + phase[0]) + phase[1])
    chop = np.sin(2.3 * near + x * 0.25 + 1.5 * np.sin(x * 0.17 + phase[2]) + phase[3])
    light = 0.035 * swell + 0.02 * chop + 0.12 * np.maximum(swell * chop - 0.55, 0)
    return mix_colours(
        ground, paint_sky(y, horizon), brighten(mix_colours(depth, (0.60, 0.75, 0.80), (0.25, 0.46, 0.56)), light)
    )


def paint_sand(x: Array, y: Array, horizon: Array, phase: list[Array]) -> ColourPlanes:
    """Paint grains and low ridges of sand, with a strip of sea behind them, under a pale sky."""
    depth = np.clip((y - horizon) / (SIDE - horizon), 0, 1)
    ground = np.clip(y - horizon + 0.5, 0, 1)
    ridge = np.sin(16 * np.log1p(3 * depth) + 2.5 * np.sin(x * 0.08 + phase[0]) + phase[1])
    grain = np.sin(x * 2.1 + phase[2] + 3 * np.sin(y * 0.7)) * np.sin(y * 2.3 + phase[3] + 2 * np.sin(x * 0.9))
    shore = np.clip(y - horizon - 3.5 - 0.7 * np.sin(x * 0.13 + phase[4]), 0, 1)
    strand = mix_colours(shore, (0.50, 0.66, 0.74), mix_colours(depth, (0.89, 0.81, 0.67), (0.69, 0.57, 0.43)))
    return mix_colours(
        ground, paint_sky(y, horizon), brighten(strand, shore * (0.025 * ridge * (0.3 + depth) + 0.035 * grain))
    )


def paint_reeds(x: Array, y: Array, horizon: Array, phase: list[Array]) -> ColourPlanes:
    """Paint stems in front of a green mist; every third stem has a brown head."""
    clear, pale, brown = np.ones_like(x), np.zeros_like(x), np.zeros_like(x)
    up = (SIDE + 2 - y) / SIDE
    for k, turn in enumerate(phase):
        tip = 4 + 14 * np.abs(np.sin(3 * turn)) + 0.3 * horizon
        off = np.abs(x - (5.6 * k + 3 * np.sin(turn)) - 5 * np.sin(2 * turn + k) * up * up)
        above = np.clip(y - tip + 0.5, 0, 1)
        if k % 3 == 0:  # the head of a reed
            high = np.square(y - tip - 5) * 0.04
            head = np.clip(2.6 - off - high * high, 0, 1)
            brown, clear = brown + clear * head, clear * (1 - head)
        stem = np.clip(1.9 - 0.9 * up - off, 0, 1) * above * 0.85
        pale, clear = (pale + clear * stem * (0.35, 0.8)[k % 2]), clear * (1 - stem)
    dark = 1 - clear - brown - pale
    mist = mix_colours(np.clip(y / SIDE, 0, 1), (0.80, 0.86, 0.66), (0.24, 0.34, 0.22))
    stems = [brown * b + pale * p + dark * d for b, p, d in zip(HEAD, STRAW, LEAF, strict=True)]
    red, green, blue = (clear * behind + before for behind, before in zip(mist, stems, strict=True))
    return red, green, blue


HEAD, STRAW, LEAF = (0.42, 0.27, 0.14), (0.82, 0.80, 0.44), (0.20, 0.34, 0.12)
PAINTERS: dict[str, Callable[..., ColourPlanes]] = {"water": paint_water, "reeds": paint_reeds, "sand": paint_sand}


def paint_sky(y: Array, horizon: Array) -> ColourPlanes:
    """Paint a pale blue sky that fades towards the horizon."""
    return mix_colours(np.clip(y / horizon, 0, 1), (0.70, 0.82, 0.92), (0.93, 0.93, 0.90))


def mix_colours(t: Array, start: ColourPlanes, end: ColourPlanes) -> ColourPlanes:
    """Return start + t · (end − start), plane by plane: `start` where t is 0 and `end` where t is 1."""
    red, green, blue = (a + t * (b - a) for a, b in zip(start, end, strict=True))
    return red, green, blue


def brighten(colours: ColourPlanes, by: Array) -> ColourPlanes:
    """Add the same amount to all three planes."""
    red, green, blue = (c + by for c in colours)
    return red, green, blue

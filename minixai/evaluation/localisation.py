"""Scores of how much of a map lies inside a mask of what is known to count; each function returns one per image.

A mask says how much of each pixel belongs to a part, from 0 to 1.  A random map reaches on average the mask's area,
its mean over all pixels; in `decisive_density` it reaches 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from minixai.arrays import Array, accurate_mean
from minixai.evaluation.amounts import fitted, pixels, relevance, share

HALF = 0.5
"""A pixel counts as inside a mask if the mask is at least this there."""


def relevance_mass(values: npt.ArrayLike, mask: npt.ArrayLike, signed: bool = True) -> Array:
    """Σ mask · R / Σ R with R = max(φ, 0): the share of the positive relevance that lies inside the mask, (N,).

    values    φ, a map (N, H, W, C) or an Attribution; channels are summed first
    mask      (H, W) for all maps, or (N, H, W)
    signed    use False for sensitivities, such as gradients: then R = |φ|

    It lies between 0 and 1; by chance, and for a map without relevance, it is the area of the mask.
    (Relevance mass accuracy of Arras, Osman & Samek 2022.)  Raises ValueError for a mask that does not fit.

    >>> relevance_mass([[[[3.0], [-5.0], [1.0]]]], [[1, 1, 0]])
    array([0.75])
    """
    maps = relevance(values, signed)
    return share(maps, fitted(mask, maps))


def relevance_rank(values: npt.ArrayLike, mask: npt.ArrayLike, signed: bool = True) -> Array:
    """|K highest pixels ∩ mask| / K with K = |mask|: the share of the K highest pixels that lie inside the mask, (N,).

    Arguments are those of `relevance_mass`.  A pixel is inside if the mask is at least ½ there.  If pixels have equal
    relevance, the result is the mean over all orders of them.

    It lies between 0 and 1; by chance, and for a map without relevance, it is K / (H · W).
    (Relevance rank accuracy of Arras, Osman & Samek 2022.)  Raises ValueError for a mask without such a pixel.

    >>> relevance_rank([[[[3.0], [-5.0], [1.0]]]], [[1, 1, 0]])  # of -5 nothing is positive
    array([0.5])
    """
    maps = relevance(values, signed)
    inside = fitted(fitted(mask, maps) >= HALF, maps, "mask of pixels that are at least half inside")
    k = inside.sum(axis=(1, 2)).astype(int)
    return np.asarray(highest(maps, inside, k) / k)


def decisive_density(values: npt.ArrayLike, mask: npt.ArrayLike) -> Array:
    """(Σ mask · |φ| / Σ |φ|) / area: how many times denser than by chance the map is inside the mask, (N,).

    Arguments are those of `relevance_mass`.  Both signs count, because a part can also decide by lowering a score.

    It lies between 0 and 1 / area; by chance, and for a map of zeros, it is 1.  Raises ValueError for a mask that does
    not fit.

    >>> decisive_density([[[[3.0], [-5.0], [1.0], [1.0]]]], [[1, 1, 0, 0]])
    array([1.6])
    """
    maps = abs(pixels(values))
    inside = fitted(mask, maps)
    return np.asarray(share(maps, inside) / inside.mean(axis=(1, 2)))


def pointing(values: npt.ArrayLike, mask: npt.ArrayLike, signed: bool = True) -> Array:
    """The value of the mask at the pixel with the largest R, (N,): 1 if that pixel lies inside the mask.

    Arguments are those of `relevance_mass`.  If several pixels have the largest R, the result is their mean.

    It is 0 or 1 if the mask holds only these; by chance, or for a map without relevance, it is its area.  (The pointing
    game of Zhang et al. 2018, without the tolerance of 15 pixels.)  Raises ValueError for a mask that does not fit.

    >>> pointing([[[[3.0], [-5.0], [1.0]]], [[[2.0], [0.0], [2.0]]]], [[1, 1, 0]])
    array([1. , 0.5])
    """
    maps = relevance(values, signed)
    return highest(maps, fitted(mask, maps), np.ones(len(maps), int))


def highest(maps: Array, mask: Array, k: Array) -> Array:
    """The sum of the mask over the k highest pixels of each map, (N,), as a mean over all orders of equal pixels."""
    found = np.empty(len(maps))
    for i, (row, inside, n) in enumerate(zip(maps.reshape(len(maps), -1), mask.reshape(len(maps), -1), k, strict=True)):
        last = np.partition(row, -n)[-n]
        above, equal = row > last, row == last
        found[i] = inside[above].sum() + (n - above.sum()) * inside[equal].mean()
    return found


def area(mask: Array) -> Array:
    """The share of each image that the mask covers, (N,)."""
    return accurate_mean(mask, (1, 2))


class MaskScore(NamedTuple):
    """A score of the part of a map that lies inside a mask, and what a random map reaches.

    of        function of the maps (N, H, W, C), the masks (N, H, W) and `signed` that returns the scores, (N,)
    chance    function of the masks that returns what a random map reaches on average, (N,)
    """

    of: Callable[[Array, Array, bool], Array]
    chance: Callable[[Array], Array]


MASK_SCORES: Mapping[str, MaskScore] = {
    "mass": MaskScore(relevance_mass, area),
    "pointing": MaskScore(pointing, area),
    "rank": MaskScore(relevance_rank, lambda mask: area(mask >= HALF)),
}
"""{name: score}; the scoreboard and the audit both read them."""

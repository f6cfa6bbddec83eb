"""How much of a map lies where the truth is known to be: scores of a map and a mask, one for each image.

A mask says how much of each pixel belongs to a part, from 0 to 1.  Its area, the mean over all pixels, is what a map
that knows nothing reaches on average; of `decisive_density` that is 1.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from minixai.arrays import Array
from minixai.evaluation.amounts import fitted, pixels, relevance, share

HALF = 0.5
"""A pixel belongs to a part if at least so much of it does."""


def relevance_mass(values: npt.ArrayLike, mask: npt.ArrayLike, signed: bool = True) -> Array:
    """Σ mask · R / Σ R, R = max(φ, 0): the share of the positive relevance that lies in the mask.

    values    φ, a map (N, H, W, C) or an Attribution; channels are summed first
    mask      (H, W), or one for each map
    signed    False for sensitivities, such as gradients: R = |φ|

    From 0 to 1; by chance, and for a map without relevance, it is the area of the mask.
    (Relevance mass accuracy of Arras, Osman & Samek 2022.)  Raises ValueError for a mask that does not fit.

    >>> relevance_mass([[[[3.0], [-5.0], [1.0]]]], [[1, 1, 0]])
    array([0.75])
    """
    maps = relevance(values, signed)
    return share(maps, fitted(mask, maps))


def relevance_rank(values: npt.ArrayLike, mask: npt.ArrayLike, signed: bool = True) -> Array:
    """|K highest pixels ∩ mask| / K, K = |mask|: how many of the K highest pixels are the K that should be.

    Arguments as in `relevance_mass`; the mask counts as the pixels of which it has at least a half.  Pixels of
    equal relevance share the places they have together: what is returned is the mean over all orders of them.

    From 0 to 1; by chance, and for a map without relevance, it is K / (H · W).
    (Relevance rank accuracy of Arras, Osman & Samek 2022.)  Raises ValueError for a mask without such a pixel.

    >>> relevance_rank([[[[3.0], [-5.0], [1.0]]]], [[1, 1, 0]])  # of -5 nothing is positive
    array([0.5])
    """
    maps = relevance(values, signed)
    inside = fitted(fitted(mask, maps) >= HALF, maps, "mask of pixels that are at least half inside")
    k = inside.sum(axis=(1, 2)).astype(int)
    return np.asarray(highest(maps, inside, k) / k)


def decisive_density(values: npt.ArrayLike, mask: npt.ArrayLike) -> Array:
    """(Σ mask · |φ| / Σ |φ|) / area: how much denser the map is in the mask than it would be by chance.

    Arguments as in `relevance_mass`; both signs count, for a part can also decide by lowering a score.

    From 0 to 1 / area; by chance, and for a map of zeros, it is 1.  Raises ValueError for a mask that does not fit.

    >>> decisive_density([[[[3.0], [-5.0], [1.0], [1.0]]]], [[1, 1, 0, 0]])
    array([1.6])
    """
    maps = abs(pixels(values))
    inside = fitted(mask, maps)
    return np.asarray(share(maps, inside) / inside.mean(axis=(1, 2)))


def pointing(values: npt.ArrayLike, mask: npt.ArrayLike, signed: bool = True) -> Array:
    """mask at argmax R: whether the most relevant pixel lies in the mask, or how much of it.

    Arguments as in `relevance_mass`.  Of several pixels that are highest it is the mean.

    0 or 1 where the mask is; by chance, and for a map without relevance, it is the area of the mask.  (The pointing
    game of Zhang et al. 2018, without the tolerance of 15 pixels.)  Raises ValueError for a mask that does not fit.

    >>> pointing([[[[3.0], [-5.0], [1.0]]], [[[2.0], [0.0], [2.0]]]], [[1, 1, 0]])
    array([1. , 0.5])
    """
    maps = relevance(values, signed)
    return highest(maps, fitted(mask, maps), np.ones(len(maps), int))


def highest(maps: Array, mask: Array, k: Array) -> Array:
    """Σ of the mask over the k highest pixels of each map, the mean over all orders of those that are equal: (N,)."""
    found = np.empty(len(maps))
    for i, (row, inside, n) in enumerate(zip(maps.reshape(len(maps), -1), mask.reshape(len(maps), -1), k, strict=True)):
        last = np.partition(row, -n)[-n]
        above, equal = row > last, row == last
        found[i] = inside[above].sum() + (n - above.sum()) * inside[equal].mean()
    return found

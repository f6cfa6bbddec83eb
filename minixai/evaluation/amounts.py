"""From an attribution and a mask to numbers that can be compared: channels are summed first, then signs are settled.

A contribution says how much a pixel raises the score, so its positive part is what speaks for the class.  The
sign of a sensitivity, such as a gradient, only says in which direction the pixel would have to change: it is
scored by its size.  Scores call the first `signed=True` and the second `signed=False`.

A map of zeros says nothing.  It is scored as what it looks like, a map that is the same everywhere.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from minixai.arrays import Array
from minixai.validate import as_real, check_finite

ROUNDING = 1e-6
"""By how much a mask that was added up in float32 may exceed 1."""


def pixels(values: npt.ArrayLike) -> Array:
    """Σ over channels: (N, H, W, C), an array or an Attribution, -> (N, H, W) in float64.

    >>> pixels([[[[1.0, -3.0], [0.5, 0.25]]]]).tolist()
    [[[-2.0, 0.75]]]
    """
    array = as_real(values, "an attribution")
    if array.ndim != 4 or 0 in array.shape[1:]:
        raise ValueError(f"an attribution of shape {array.shape} has no pixels: scores take maps (N, H, W, C)")
    return np.asarray(check_finite(array, "an attribution").sum(axis=-1, dtype=np.float64))


def pixels_of(values: npt.ArrayLike, images: Array) -> Array:
    """Σ over channels of maps that have a value for each pixel of the images: (N, H, W)."""
    maps = pixels(values)
    if images.ndim != 4 or maps.shape != images.shape[:3]:
        raise ValueError(
            f"maps of {maps.shape} do not fit x of {images.shape}: give a value for each pixel, (N, H, W, C); a "
            "coarse map is stretched by resize=True"
        )
    return maps


def relevance(values: npt.ArrayLike, signed: bool = True) -> Array:
    """R = max(φ, 0) of a contribution, |φ| of a sensitivity (`signed=False`), φ summed over channels: (N, H, W)."""
    maps = pixels(values)
    return np.maximum(maps, 0) if signed else abs(maps)


def fitted(mask: npt.ArrayLike, maps: Array, what: str = "mask") -> Array:
    """A mask in float64, one (H, W) for all maps (N, H, W) or one for each: how much of each pixel belongs to it.

    Raises ValueError for other shapes, for values outside [0, 1], and for a mask that covers nothing.
    """
    array = coverage(mask, what)
    if array.shape not in (maps.shape, maps.shape[1:]):
        raise ValueError(
            f"a {what} of shape {array.shape} does not fit maps of {maps.shape}: give one of {maps.shape[1:]}, or one "
            "for each; a coarse map is stretched by resize=True"
        )
    array = np.broadcast_to(array, maps.shape)
    if (empty := ~array.any(axis=(1, 2))).any():
        raise ValueError(f"the {what} of map {int(empty.argmax())} is empty: leave that image out")
    return array


def coverage(mask: npt.ArrayLike, what: str) -> Array:
    """A mask in float64, if all of it is from 0 to 1, give or take rounding."""
    array = check_finite(as_real(mask, f"a {what}"), f"a {what}").astype(np.float64)
    if array.size and not -ROUNDING <= array.min() <= array.max() <= 1 + ROUNDING:
        raise ValueError(
            f"a {what} holds numbers from {array.min():.4g} to {array.max():.4g}: give how much of each pixel belongs "
            "to it, from 0 to 1"
        )
    return array


def share(amount: Array, mask: Array) -> Array:
    """Σ mask · amount / Σ amount, for amounts ≥ 0 (N, H, W); where there is nothing, the mask's own share: (N,)."""
    most = amount.max(axis=(1, 2), keepdims=True)
    # divided by the largest first, so that no scale is too small or too large to be added up
    amount = np.where(most > 0, amount / np.where(most > 0, most, 1), 1)
    return np.asarray((amount * mask).sum(axis=(1, 2)) / amount.sum(axis=(1, 2)))

"""Turn attributions and masks into amounts per pixel that scores can compare.

The channels of a map are summed first.  A contribution says how much a pixel raises the score, so its positive part is
the evidence for the class.  The sign of a sensitivity, such as a gradient, only says in which direction the pixel
would have to change, so its absolute value is scored.  Scores take `signed=True` for contributions and `signed=False`
for sensitivities.

A map of zeros is scored like any other map with the same value everywhere.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from minixai.arrays import Array
from minixai.validate import as_real, check_finite

ROUNDING = 1e-6
"""By how much a mask may exceed [0, 1], as one that was summed in float32 can."""


def pixels(values: npt.ArrayLike) -> Array:
    """Sum over channels: (N, H, W, C), an array or an Attribution -> (N, H, W) in float64.

    >>> pixels([[[[1.0, -3.0], [0.5, 0.25]]]]).tolist()
    [[[-2.0, 0.75]]]
    """
    array = as_real(values, "an attribution")
    if array.ndim != 4 or 0 in array.shape[1:]:
        raise ValueError(f"an attribution of shape {array.shape} has no pixels: scores take maps (N, H, W, C)")
    return np.asarray(check_finite(array, "an attribution").sum(axis=-1, dtype=np.float64))


def pixels_of(values: npt.ArrayLike, images: Array) -> Array:
    """Sum maps over channels: (N, H, W).  Raises ValueError unless they have a value for each pixel of the images."""
    maps = pixels(values)
    if images.ndim != 4 or maps.shape != images.shape[:3]:
        raise ValueError(
            f"maps of {maps.shape} do not fit x of {images.shape}: give a value for each pixel, (N, H, W, C); a "
            "coarse map is stretched by resize=True"
        )
    return maps


def relevance(values: npt.ArrayLike, signed: bool = True) -> Array:
    """The relevance R (N, H, W): max(φ, 0), or |φ| for a sensitivity (`signed=False`), with φ summed over channels."""
    maps = pixels(values)
    return np.maximum(maps, 0) if signed else abs(maps)


def fitted(mask: npt.ArrayLike, maps: Array, what: str = "mask") -> Array:
    """The mask as float64 of shape (N, H, W), like the maps: how much of each pixel lies inside the masked region.

    `mask` is (H, W), for all maps, or (N, H, W).  Raises ValueError for other shapes, for values outside [0, 1], and
    for a mask that covers nothing.
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
    """The mask in float64.  Raises ValueError if a value lies outside [0, 1] by more than rounding."""
    array = check_finite(as_real(mask, f"a {what}"), f"a {what}").astype(np.float64)
    if array.size and not -ROUNDING <= array.min() <= array.max() <= 1 + ROUNDING:
        raise ValueError(
            f"a {what} holds numbers from {array.min():.4g} to {array.max():.4g}: give how much of each pixel belongs "
            "to it, from 0 to 1"
        )
    return array


def share(amount: Array, mask: Array) -> Array:
    """Σ mask · amount / Σ amount of each image, (N,), for amounts ≥ 0; if they are all 0, the mean of the mask."""
    most = amount.max(axis=(1, 2), keepdims=True)
    # divide by the largest amount first, so that the sums neither underflow nor overflow
    amount = np.where(most > 0, amount / np.where(most > 0, most, 1), 1)
    return np.asarray((amount * mask).sum(axis=(1, 2)) / amount.sum(axis=(1, 2)))

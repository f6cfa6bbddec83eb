"""Baselines: the input that x is compared with, given by its name, as a number, or as an array."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import scipy

from minixai.arrays import Array, accurate_mean
from minixai.validate import as_rectangular, one_of

Baseline: TypeAlias = "str | npt.ArrayLike"


def blurred_baseline(x: Array) -> Array:
    """Each image blurred by a Gaussian with σ an eighth of its shorter side: (N, H, W, C)."""
    if min(x.shape[1:3]) < 2:
        raise ValueError(
            f"images of {x.shape[1]} × {x.shape[2]} pixels blurred by an eighth of their shorter side are themselves: "
            "give another baseline, such as 'mean' or an array"
        )
    sigma = min(x.shape[1:3]) / 8
    return np.asarray(scipy.ndimage.gaussian_filter(x, (0, sigma, sigma, 0)))


def noise_baseline(x: Array) -> Array:
    """One image of uniform noise in [0, 1], which serves for every input: (1, ...)."""
    return np.random.default_rng(0).random((1, *x.shape[1:]))


def mean_baseline(x: Array) -> Array:
    """Images of one colour, the mean of each channel of each image: (N, H, W, C)."""
    return np.broadcast_to(accurate_mean(x, (1, 2), keepdims=True), x.shape)


BASELINES: dict[str, Callable[[Array], Array]] = {
    "black": lambda x: np.zeros((1, *x.shape[1:])),
    "white": lambda x: np.ones((1, *x.shape[1:])),
    "mean": mean_baseline,
    "blur": blurred_baseline,
    "noise": noise_baseline,
}


def resolve(
    baseline: Baseline, x: Array, prepare: Callable[[npt.ArrayLike, str], Array], what: str = "baseline"
) -> Array:
    """A baseline for x as an array, with as many rows as x, or one if they are all the same.

    Parameters
    ----------
    baseline : str, float or array_like
        A name of `BASELINES`, a number, one input, or one for each row of x.
    x : ndarray, (N, ...)
        The inputs.
    prepare : callable
        Checks and converts an array as it does x.
    what : str
        The name of the argument, for messages.

    Returns
    -------
    ndarray
        (N, ...) or (1, ...), in the dtype of x.

    Raises
    ------
    ValueError
        If the name is unknown, or the baseline does not fit x.

    Examples
    --------
    >>> resolve("white", np.zeros((2, 1, 1, 3)), lambda a, what: np.asarray(a)).tolist()
    [[[[1.0, 1.0, 1.0]]]]
    """
    if isinstance(baseline, str):
        make = BASELINES[one_of(baseline, BASELINES, what)]
        if x.ndim != 4:
            raise ValueError(
                f"the {what} {baseline!r} is for images (N, H, W, C), not for x of shape {x.shape}: "
                "give a number or an array"
            )
        return make(x).astype(x.dtype)
    array = as_rectangular(baseline, what)
    if not array.ndim:
        if array.dtype.kind not in "fiu" or not np.isfinite(array):
            raise ValueError(
                f"a {what} is a name, a finite number or an array, got {baseline!r}: "
                f"the names are {', '.join(map(repr, BASELINES))}"
            )
        with np.errstate(over="ignore"):
            number = array.astype(x.dtype)
        if not np.isfinite(number):
            raise ValueError(f"{what} {baseline!r} is too large for {x.dtype}: give a number of the size of x")
        return np.full((1, *x.shape[1:]), number)
    rows = array[None] if array.shape == x.shape[1:] else array
    if rows.shape not in (x.shape, (1, *x.shape[1:])):
        raise ValueError(
            f"a {what} of shape {array.shape} does not fit x of shape {x.shape}: "
            f"give one input {x.shape[1:]}, or one for each row {x.shape}"
        )
    checked = prepare(rows, what)
    return checked if (checked != checked[:1]).any() else checked[:1]

"""What arrays must be before anything is computed with them: real numbers, of shapes that fit, not written into."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]


def as_float(x: npt.ArrayLike) -> Array:
    """x as an array of floats: those it has, or float64 for integers and booleans."""
    array = np.asarray(x)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"a Node holds real numbers, got {array.dtype} {array.shape}: convert it to float first")
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def fit(reference: npt.ArrayLike, value: Array) -> Array:
    """The reference for `value`, with as many rows or one."""
    array = np.asarray(reference, value.dtype)
    if value.ndim and array.ndim < value.ndim:
        with suppress(ValueError):
            array = np.broadcast_to(array, (1, *value.shape[1:]))
    if array.shape not in (value.shape, (1, *value.shape[1:])[: value.ndim]):
        raise ValueError(
            f"a reference of shape {array.shape} does not fit a value of shape {value.shape}: "
            "give one row, as many rows, or a number"
        )
    return array


def read_only(x: Array) -> Array:
    """The same numbers, not to be written into; the owner's own flags are left alone."""
    view = x.view()
    view.flags.writeable = False
    return view


def numbers(x: npt.ArrayLike, what: str) -> Array:
    """x as an array of real numbers."""
    try:
        array = np.asarray(x)
    except ValueError:
        raise ValueError(f"{what} is ragged, its rows differ in shape: give an array (N, ...)") from None
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{what} holds {array.dtype}, not real numbers: give an array of floats")
    return array


def finite(array: Array, what: str) -> Array:
    """The array, if it has rows and only finite numbers."""
    if array.ndim and not len(array):
        raise ValueError(f"{what} is empty, of shape {array.shape}: give at least one row")
    bad = ~np.isfinite(array)
    if bad.any():
        place = tuple(map(int, np.argwhere(bad)[0]))
        raise ValueError(
            f"{what} holds {array[place]} at {place} ({bad.sum()} such in all): "
            "every number must be finite, mend or remove them"
        )
    return array

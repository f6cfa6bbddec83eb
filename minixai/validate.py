"""Checks of arguments.  Each raises ValueError or TypeError with a message that says what was given and what to give.

A function called `as_...` also converts its argument and returns it.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from functools import wraps
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt

from minixai.arrays import Array
from minixai.text import listed, quoted, shorten

MOST_LISTED = 24
"""The largest number of names that an error message lists: a person can still look through them."""
MOST_SEED = 2**32 - 1
"""The largest seed, which is also the largest that PyTorch and NumPy's legacy generators accept."""
LARGEST_SIDE = 2**31 - 1
"""The largest length of a side; no image has more pixels along one."""
MOST_SAMPLES = 1_000_000
"""The largest number of samples n: their mean has a standard error, σ/√n, of a thousandth of their spread σ."""
WHY_NO_MORE = "the mean of so many is off by a thousandth of what one is"


def one_of(name: str, names: Iterable[str], what: str) -> str:
    """`name`, if it is one of `names`; otherwise raise ValueError, with the most similar of them."""
    options = list(names)
    if isinstance(name, str) and name in options:
        return name
    near = get_close_matches(shorten(str(name)), options, 1, 0.5) if isinstance(name, str) else []
    raise ValueError(
        f"unknown {what} {quoted(name)}"
        + (f", did you mean {quoted(near[0])}?" if near else "")
        + f": one of {listed(map(quoted, options), MOST_LISTED)}"
    )


def as_names(names: str | Iterable[str]) -> list[str]:
    """The names as a list; a single name may be given without one."""
    return [names] if isinstance(names, str) else list(names)


def is_integer(x: Any) -> bool:
    return isinstance(x, (int, np.integer)) and not isinstance(x, bool)


def as_count(n: int, what: str, least: int = 1, most: int | None = None, why: str = "") -> int:
    """n as an int.

    Raises ValueError unless it is a whole number from `least` to `most`; `why` explains the maximum.
    """
    if not is_integer(n) or n < least:
        raise ValueError(f"{what} is a whole number, at least {least}, got {quoted(n)}")
    if most is not None and n > most:
        raise ValueError(f"{what} is at most {most:,}, got {quoted(n)}: {why}")
    return int(n)


def as_random_seed(seed: int, name: str = "seed") -> int:
    """`seed` as an int.  Raises ValueError unless it is a whole number from 0 to 2³² − 1."""
    return as_count(seed, name, 0, MOST_SEED, "seeds beyond are no better, and other libraries do not take them")


def check_path(x: object, what: str = "a file") -> None:
    """Raise TypeError unless x is a str or a Path."""
    if not isinstance(x, (str, PathLike)):
        raise TypeError(f"{what} is given by its path, a str or a Path, got {quoted(x)}")


def as_nonnegative(x: float, what: str) -> float:
    """x as a float.  Raises ValueError unless it is a finite number of at least 0."""
    if isinstance(x, bool) or not isinstance(x, (int, float, np.integer, np.floating)) or not 0 <= x < np.inf:
        raise ValueError(f"{what} is a finite number, at least 0, got {quoted(x)}")
    return float(x)


def as_pair(x: int | tuple[int, int], what: str, least: int = 1) -> tuple[int, int]:
    """A number, or a pair for (rows, columns), as a pair: 2 -> (2, 2).  Raises ValueError if it is neither."""
    both = tuple(x) if isinstance(x, (tuple, list)) else (x, x)
    if len(both) != 2 or not all(is_integer(n) and least <= n <= LARGEST_SIDE for n in both):
        most = f", none above {LARGEST_SIDE:,}" if all(is_integer(n) and n >= least for n in both) else ""
        raise ValueError(f"{what} is a number >= {least} or a pair of them (rows, columns){most}, got {quoted(x)}")
    return int(both[0]), int(both[1])


def as_rectangular(x: Any, what: str) -> Array:
    """x as an array.  Raises ValueError for ragged rows or masked entries, and TypeError if NumPy cannot convert x."""
    if isinstance(x, np.ma.MaskedArray) and np.ma.is_masked(x):
        count = np.count_nonzero(np.ma.getmaskarray(x))
        raise ValueError(
            f"{what} is a masked array with {count} masked entries, which no network can leave out: "
            f"fill them, {what}.filled(value)"
        )
    if isinstance(x, (list, tuple)) and any(
        isinstance(each, np.ma.MaskedArray) and np.ma.is_masked(each) for each in x
    ):
        raise ValueError(
            f"{what} is a {type(x).__name__} of arrays with masked entries, which no network can leave out: "
            "fill them, each.filled(value)"
        )
    try:
        return np.asarray(x)
    except ValueError:
        raise ValueError(f"{what} is ragged, its rows differ in shape: make them alike") from None
    except (RuntimeError, TypeError) as problem:  # raised by a PyTorch tensor that has a gradient or is on a GPU
        reason = " ".join(str(problem).split())
        raise TypeError(f"{what} cannot be made an array ({reason}): give an array of NumPy") from None


def as_real(x: npt.ArrayLike, what: str) -> Array:
    """x as an array of real numbers.  Raises TypeError if it holds anything else."""
    array = as_rectangular(x, what)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{what} holds {array.dtype}, not real numbers: give an array of floats")
    return array


def as_float(x: npt.ArrayLike) -> Array:
    """x as an array of floats: its own float dtype, or float64 for integers and booleans.

    Raises TypeError otherwise.
    """
    array = as_rectangular(x, "what a Node is to hold")
    if array.dtype.kind not in "fiub":
        raise TypeError(f"a Node holds real numbers, got {array.dtype} {array.shape}: convert it to float first")
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def check_finite(array: Array, what: str) -> Array:
    """Return the array.  Raises ValueError if it has no rows, or a number that is not finite."""
    if array.ndim and not len(array):
        raise ValueError(f"{what} is empty, of shape {array.shape}: give at least one row")
    bad = ~np.isfinite(array)
    if bad.any():
        index = tuple(map(int, np.argwhere(bad)[0]))
        raise ValueError(
            f"{what} holds {array[index]} at {index} ({bad.sum()} such in all): "
            "every number must be finite, mend or remove them"
        )
    return array


def check_images(shape: tuple[int, ...], what: str) -> None:
    """Raise ValueError unless `shape` has four axes, (N, H, W, C)."""
    if len(shape) != 4:
        raise ValueError(
            f"{what} takes images (N, H, W, C), got {shape}: one image alone is image[None], "
            "images without channels are images[..., None]"
        )


PACKAGE = f"{Path(__file__).parent}{os.sep}"


def warn_caller(message: str, category: type[Warning] = UserWarning) -> None:
    """Issue a warning that points at the user's line that called minixai.

    This works however deep inside minixai the warning is issued.
    """
    frame, level = sys._getframe(1), 2
    while frame.f_back and frame.f_code.co_filename.startswith(PACKAGE):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


F = TypeVar("F", bound=Callable[..., Any])


def accept_old_name(old: str, new: str) -> Callable[[F], F]:
    """A decorator: the argument `new` is also accepted under its former name, with a DeprecationWarning."""

    def decorate(function: F) -> F:
        @wraps(function)
        def renamed(*args: Any, **options: Any) -> Any:
            return function(*args, **rename_options(renamed, options))

        renamed.__dict__["former_names"] = {old: new}
        return cast("F", renamed)

    return decorate


def rename_options(function: Callable[..., Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """The options, with every former name that `accept_old_name` registered for the function replaced by the new one.

    Raises TypeError if an option is given under both names.
    """
    options = dict(options)
    for old, new in getattr(function, "former_names", {}).items():
        if old in options:
            if new in options:
                raise TypeError(f"{old}= is the former name of {new}=, and both were given: leave {old}= out")
            warn_caller(f"{old}= of {function.__name__} is now called {new}=: write {new}=", DeprecationWarning)
            options[new] = options.pop(old)
    return options

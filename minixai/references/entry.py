"""An entry of the ledger: a claim, its source, the expected value, and the function that computes it with minixai.

A tolerance is a size and the reason for it.  It is derived, never tuned: from the roundings on the way, or from the
number of digits printed.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from minixai.arrays import Array
from minixai.model import Model
from minixai.references.sources import Source

UNIT_ROUNDOFF = {np.dtype(np.float32): 2.0**-24, np.dtype(np.float64): 2.0**-53}
"""The relative error of one rounding."""


class Tolerance(NamedTuple):
    """The largest deviation allowed, and the reason for it."""

    size: float
    reason: str


@dataclass(frozen=True, eq=False)
class Entry:
    """A claim that can be checked.

    id          "subject.method", or "subject.method@point": what `--only` looks at
    claim       the claim in one line of mathematics
    source      who made it; `where` says in which figure, equation or call
    expected    the value that must come out: a number or an array
    tolerance   the largest deviation allowed, and the reason for it
    compute     a function that computes the value with minixai

    >>> from minixai.references.sources import HAND
    >>> Entry("half.sum", "½ + ½", HAND, "by eye", 1.0, exact(), lambda: 0.5 + 0.5).check().holds
    True
    """

    id: str
    claim: str
    source: Source
    where: str
    expected: npt.ArrayLike
    tolerance: Tolerance
    compute: Callable[[], Any]

    def check(self) -> Outcome:
        """Compute the value and compare it with the expected one; an exception counts as a problem of the outcome."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # some claims are about few steps
                got = np.asarray(self.compute(), np.float64)
        except Exception as problem:
            return Outcome(self, None, np.inf, f"{type(problem).__name__}: {problem}")
        expected = np.asarray(self.expected, np.float64)
        if got.shape != expected.shape:
            return Outcome(self, got, np.inf, f"it has the shape {got.shape}, not {expected.shape}")
        off = float(abs(got - expected).max(initial=0))
        return Outcome(self, got, off if off == off else np.inf, "")


@dataclass(frozen=True, eq=False)
class Outcome:
    """The result of a check: the value computed, or None, its largest deviation, and what went wrong."""

    entry: Entry
    got: Array | None
    deviation: float
    problem: str

    @property
    def holds(self) -> bool:
        """Whether the deviation is allowed."""
        return bool(self.deviation <= self.entry.tolerance.size)


# -- tolerances ---------------------------------------------------------------------------------------


def exact() -> Tolerance:
    """Tolerance 0, where nothing is rounded."""
    return Tolerance(0.0, "whole numbers, or sums of halves: nothing is rounded")


def printed(digits: int) -> Tolerance:
    """Half of the last digit of a value printed to so many decimals.

    >>> printed(3)
    Tolerance(size=0.0005, reason='printed to 3 decimals')
    """
    return Tolerance(0.5 * 10.0**-digits, f"printed to {digits} decimals")


def rounded(size: float, operations: int = 64) -> Tolerance:
    """So many roundings in float64 of numbers up to this magnitude."""
    return Tolerance(operations * 2.0**-53 * size, f"{operations} roundings by 2^-53 of numbers up to {size:.3g}")


def model_rounding(model: Model, size: float, dtype: npt.DTypeLike = np.float64, more: int = 0) -> Tolerance:
    """One forward and one backward pass, in which every term of a sum is rounded once.

    size   the largest magnitude on the way
    more   terms that are summed beyond those of the model
    """
    n = 2 * count_terms(model) + more
    bits = -int(np.log2(UNIT_ROUNDOFF[np.dtype(dtype)]))
    reason = f"{n} numbers are added up on the way and back, each sum rounded by 2^-{bits} of numbers up to {size:.3g}"
    return Tolerance(n * 2.0**-bits * size, reason)


def count_terms(model: Model) -> int:
    """The number of terms summed on the way from an input to a score: the fan-in of every layer."""
    return sum(w.size // w.shape[-1] for name, w in model.weights.items() if name.endswith("kernel"))


# -- numbers in a line --------------------------------------------------------------------------------


MAX_PRINTED = 5
"""An array with more entries is abbreviated."""
SHOWN_AS_ZERO = 1e-12
"""Magnitudes below this are shown as 0."""


def abbreviate(value: npt.ArrayLike | None) -> str:
    """A value in a few characters: a number, a few in brackets, or the count and the largest magnitude of many.

    >>> abbreviate([0.5, -1 / 3]), abbreviate(7.0), abbreviate(np.ones((3, 4)) / 4)
    ('(.5, -.3333)', '7', '12 up to .25')
    """
    if value is None:
        return "nothing"
    array = np.asarray(value, np.float64)
    array = np.where(abs(array) < SHOWN_AS_ZERO, 0, array)
    if array.ndim == 0:
        return format_number(float(array))
    if array.size <= MAX_PRINTED:
        return f"({', '.join(map(format_number, array.ravel().tolist()))})"
    return f"{array.size} up to {format_number(float(abs(array).max()))}"


def format_number(x: float, digits: int = 4) -> str:
    """A number to so many significant digits, without the 0 before its decimal point.

    >>> [format_number(x) for x in (0.25, -0.0, -0.125, 752640.0, 10.001, 1e-9)]
    ['.25', '0', '-.125', '752,640', '10.001', '1e-09']
    """
    if not np.isfinite(x):
        return str(x)
    if x == int(x):
        return f"{int(x):,}"
    words = f"{x:.{digits + (abs(x) >= 10)}g}"
    return words.replace("0.", ".", 1) if 1e-4 <= abs(x) < 1 else words


def format_point(x: Sequence[float]) -> str:
    """A point as it is written in an id: "1,.25"."""
    return ",".join(format_number(v, 6) for v in x)

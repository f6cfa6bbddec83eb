"""One line of the ledger: a claim, who made it, the value that must come out, and the function that computes ours.

A tolerance is a size and the reason for it.  It is derived, never tuned: from what can be rounded on the way, or
from how many digits were printed.
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

UNIT = {np.dtype(np.float32): 2.0**-24, np.dtype(np.float64): 2.0**-53}
"""By how much a number is rounded, as a part of it."""


class Tolerance(NamedTuple):
    """How far ours may be off, and why it may."""

    size: float
    reason: str


@dataclass(frozen=True, eq=False)
class Entry:
    """A claim that can be checked.

    id          "subject.method", or "subject.method@point": what `--only` looks at
    claim       the claim in one line of mathematics
    source      who made it; where says in which figure, equation or call
    expected    the value that must come out: a number or an array
    tolerance   the largest deviation allowed, and the reason for it
    ours        computes ours

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
    ours: Callable[[], Any]

    def check(self) -> Outcome:
        """Compute ours, and compare.  What goes wrong on the way is an outcome too."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # few steps are asked for on purpose
                got = np.asarray(self.ours(), np.float64)
        except Exception as problem:
            return Outcome(self, None, np.inf, f"{type(problem).__name__}: {problem}")
        expected = np.asarray(self.expected, np.float64)
        if got.shape != expected.shape:
            return Outcome(self, got, np.inf, f"it has the shape {got.shape}, not {expected.shape}")
        off = float(abs(got - expected).max(initial=0))
        return Outcome(self, got, off if off == off else np.inf, "")


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came of an entry: ours (None if it could not be computed), how far it is off, and what went wrong."""

    entry: Entry
    got: Array | None
    deviation: float
    problem: str

    @property
    def holds(self) -> bool:
        return self.deviation <= self.entry.tolerance.size


# -- tolerances ---------------------------------------------------------------------------------------


def exact() -> Tolerance:
    """Nothing is rounded."""
    return Tolerance(0.0, "whole numbers, or sums of halves: nothing is rounded")


def printed(digits: int) -> Tolerance:
    """Half of the last digit that was printed.

    >>> printed(3)
    Tolerance(size=0.0005, reason='printed to 3 decimals')
    """
    return Tolerance(0.5 * 10.0**-digits, f"printed to {digits} decimals")


def rounded(size: float, operations: int = 64) -> Tolerance:
    """So many roundings in float64 of numbers up to this size."""
    return Tolerance(operations * 2.0**-53 * size, f"{operations} roundings by 2^-53 of numbers up to {size:.3g}")


def summed(model: Model, size: float, dtype: npt.DTypeLike = np.float64, more: int = 0) -> Tolerance:
    """A pass through a model and back: every number added up on the way is rounded once, at numbers up to this size."""
    n = 2 * added(model) + more
    bits = -int(np.log2(UNIT[np.dtype(dtype)]))
    reason = f"{n} numbers are added up on the way and back, each sum rounded by 2^-{bits} of numbers up to {size:.3g}"
    return Tolerance(n * 2.0**-bits * size, reason)


def added(model: Model) -> int:
    """How many numbers are added up on the way from an input to a score: the fan-in of every layer."""
    return sum(w.size // w.shape[-1] for name, w in model.weights.items() if name.endswith("kernel"))


# -- numbers in a line --------------------------------------------------------------------------------


DUST = 1e-12
"""What is smaller is shown as 0; how far it is off is shown beside it."""


def short(value: npt.ArrayLike | None) -> str:
    """A value in a few characters; of many numbers how many, and the largest by size.

    >>> short([0.5, -1 / 3]), short(7.0), short(np.ones((3, 4)) / 4)
    ('(.5, -.3333)', '7', '12 up to .25')
    """
    if value is None:
        return "nothing"
    array = np.asarray(value, np.float64)
    array = np.where(abs(array) < DUST, 0, array)
    if array.ndim == 0:
        return number(float(array))
    if array.size <= 6:
        return f"({', '.join(map(number, array.ravel().tolist()))})"
    return f"{array.size} up to {number(float(abs(array).max()))}"


def number(x: float, digits: int = 4) -> str:
    """A number of so many digits, without the 0 before its point.

    >>> number(0.25), number(-0.0), number(-0.125), number(752640.0), number(10.001), number(1e-9)
    ('.25', '0', '-.125', '752,640', '10.001', '1e-09')
    """
    if not np.isfinite(x):
        return str(x)
    if x == int(x):
        return f"{int(x):,}"
    words = f"{x:.{digits + (abs(x) >= 10)}g}"
    return words.replace("0.", ".", 1) if 1e-4 <= abs(x) < 1 else words


def point(x: Sequence[float]) -> str:
    """A point as it stands in an id: "1,.25"."""
    return ",".join(number(v, 6) for v in x)

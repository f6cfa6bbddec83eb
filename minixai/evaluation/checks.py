"""One shape for everything that is found out about a map: a question, a number, and what the number says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from minixai.arrays import Array
from minixai.attribution import Cost

STATUSES = ("holds", "take care", "does not hold", "not asked")
"""What a check came to.  There is no grade of all together."""


class Row(NamedTuple):
    """A line of a check's table: what was measured, how large it is, its standard error, and a remark."""

    label: str
    number: float | None
    uncertainty: float | None = None
    note: str = ""


class PlottedCurve(NamedTuple):
    """A curve to be drawn, (steps + 1,) each: the share of pixels exchanged, the mean score, and its standard error."""

    fraction: Array
    score: Array
    standard_error: Array | None = None


class Judgement(NamedTuple):
    """What a number comes to: one of `STATUSES`, a reading in plain words, and its short form for the verdict."""

    status: str
    reading: str
    verdict: str = ""


@dataclass(frozen=True, eq=False, kw_only=True)
class Check:
    """One question about a map or a network, and its answer.

    `minixai.audit` asks seven of them; scores, sanity checks and tests of a network answer in the same shape.

    Parameters
    ----------
    name : str
        What the check is called.
    question : str
        What it asks, as a sentence.
    number : float or None
        The answer; None where the question does not apply.
    meaning : str
        What the number counts, and in which unit.
    uncertainty : float or None
        The standard error of the number, where it was sampled.
    reading : str
        What the number says, in plain words.
    source : str
        The paper or the definition that the check follows.
    weakness : str
        What the check is known not to see.
    cost : Cost
        Rows that were sent through the network for it, where they were counted.
    status : {"holds", "take care", "does not hold", "not asked"}
        What it came to.
    verdict : str
        The short form of the reading, for the verdict; empty where it adds nothing.
    table : tuple of Row
        All that was measured.
    maps, images, curves, matrix
        What its pictures show: maps (N, H, W) by title and the images they are of, where these are not the audited
        ones, curves by title and name, a square table with its names.
    facts : mapping
        What else programs may ask for, such as the name of the method that was recognised.
    """

    name: str
    question: str
    number: float | None
    meaning: str
    uncertainty: float | None = None
    reading: str
    source: str
    weakness: str = ""
    cost: Cost = field(default_factory=lambda: Cost(0, 0))
    status: str = "holds"
    verdict: str = ""
    table: tuple[Row, ...] = ()
    maps: Mapping[str, Array] = field(default_factory=dict)
    images: Array | None = None
    curves: Mapping[str, Mapping[str, PlottedCurve]] = field(default_factory=dict)
    matrix: tuple[tuple[str, ...], Array] | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert self.status in STATUSES, self.status

    def to_dict(self) -> dict[str, Any]:
        """Everything but the pictures, as plain Python values that JSON can hold."""
        plain = ("name", "question", "number", "meaning", "uncertainty", "reading", "source", "weakness", "status")
        return {
            **{name: getattr(self, name) for name in plain},
            "cost": self.cost._asdict(),
            "table": [row._asdict() for row in self.table],
            **({"facts": dict(self.facts)} if self.facts else {}),
        }

    def __str__(self) -> str:
        head = f"{self.name}: {format_number(self.number, self.uncertainty)}" if self.number is not None else self.name
        return f"{head} ({self.status})\n  {self.reading}"


@dataclass(frozen=True)
class CheckDescription:
    """What is the same in every answer to one question: its name, the question, its source and its weakness."""

    name: str
    question: str
    source: str
    weakness: str = ""

    def result(self, number: float | None, meaning: str, judgement: Judgement, **more: Any) -> Check:
        """Return the answer; `more` are other fields of `Check`, such as its table."""
        fields = {**vars(self), **judgement._asdict(), **more}
        return Check(number=number, meaning=meaning, **fields)

    def not_asked(self, reading: str, meaning: str = "", **more: Any) -> Check:
        """Return the answer that the question does not apply, and why."""
        return self.result(None, meaning, Judgement("not asked", reading), **more)


def mean_and_error(numbers: npt.ArrayLike) -> tuple[float, float | None]:
    """Return the mean of independent numbers and its standard error, which is None for a single number.

    >>> mean_and_error([1.0, 2.0, 3.0]), mean_and_error([1.0])
    ((2.0, 0.5773502691896258), (1.0, None))
    """
    x = np.asarray(numbers, np.float64)
    return float(x.mean()), float(x.std(ddof=1) / np.sqrt(len(x))) if len(x) > 1 else None


def format_number(number: float | None, uncertainty: float | None = None) -> str:
    """Return a number as text, with its standard error.

    >>> [format_number(*x) for x in ((0.12345,), (0.5, 0.031), (19.377, 4.37), (None,), (2e-7,))]
    ['0.123', '0.500 ± 0.031', '19.4 ± 4.4', '', '2e-07']
    """
    if number is None:
        return ""
    text = f"{number:.3f}" if 0.001 <= abs(number) < 1000 or number == 0 else f"{number:.2g}"
    if uncertainty is None:
        return text
    if uncertainty >= 0.1:  # digits below the error say nothing
        places = 1 if uncertainty >= 1 else 2
        return f"{number:.{places}f} ± {uncertainty:.{places}f}"
    return f"{text} ± {uncertainty:.3f}" if uncertainty >= 0.001 or uncertainty == 0 else f"{text} ± {uncertainty:.1g}"


def format_share(share: float) -> str:
    """Return a share in per cent, with two digits.

    >>> [format_share(x) for x in (0.00213, 0.5, 3e-9, 0.0)]
    ['0.21 %', '50 %', 'less than 0.001 %', '0 %']
    """
    if share == 0:
        return "0 %"
    return "less than 0.001 %" if abs(share) < 1e-5 else f"{float(f'{100 * share:.2g}'):g} %"

"""The form of every result about a map or a network: a question, a number, and what the number means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from minixai.arrays import Array
from minixai.attribution import Cost

STATUSES = ("holds", "take care", "does not hold", "not asked")
"""The possible results of a check.  Several checks are never combined into one grade."""


class Row(NamedTuple):
    """A row of a check's table: what was measured, the value, its standard error, and a note."""

    label: str
    number: float | None
    uncertainty: float | None = None
    note: str = ""


class PlottedCurve(NamedTuple):
    """A curve to plot: the share of pixels replaced, the mean score and its standard error, (steps + 1,) each."""

    fraction: Array
    score: Array
    standard_error: Array | None = None


class Judgement(NamedTuple):
    """What a number means: a status, one of `STATUSES`; a reading in plain words; and a short form for the verdict."""

    status: str
    reading: str
    verdict: str = ""


@dataclass(frozen=True, eq=False, kw_only=True)
class Check:
    """One question about a map or a network, and its answer.

    `minixai.audit` makes seven checks; scores, sanity checks and tests of a network have results of this form too.

    Parameters
    ----------
    name : str
        The name of the check.
    question : str
        What it asks, as a sentence.
    number : float or None
        The answer; None if the question does not apply.
    meaning : str
        What the number measures.
    uncertainty : float or None
        The standard error of the number, or None if there is none.
    reading : str
        What the number says, in plain words.
    source : str
        The paper or the definition that the check follows.
    weakness : str
        What the check is known to miss.
    cost : Cost
        How many rows it sent through the network; 0 if they were not counted.
    status : {"holds", "take care", "does not hold", "not asked"}
        The result.
    verdict : str
        The short form of the reading, for the verdict of a report; may be empty.
    table : tuple of Row
        All that was measured.
    maps, images, curves, matrix
        What the pictures of the check show: {title: maps, (N, H, W)}; the images of these maps, or None if they are the
        audited images; {title: {name: curve}}; the names and values of a square table.
    facts : mapping
        Further results for programs, such as the name of the method that was recognised.
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
        """The check without its pictures and its verdict, as plain Python values that JSON can hold."""
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
    """What all results of one check have in common: its name, question, source and weakness."""

    name: str
    question: str
    source: str
    weakness: str = ""

    def result(self, number: float | None, meaning: str, judgement: Judgement, **more: Any) -> Check:
        """Return the check with this result; `more` are other fields of `Check`, such as its table."""
        fields = {**vars(self), **judgement._asdict(), **more}
        return Check(number=number, meaning=meaning, **fields)

    def not_asked(self, reading: str, meaning: str = "", **more: Any) -> Check:
        """Return the check with the status "not asked" and no number; the reading says why."""
        return self.result(None, meaning, Judgement("not asked", reading), **more)


def mean_and_error(numbers: npt.ArrayLike) -> tuple[float, float | None]:
    """Return the mean of independent numbers and its standard error, which is None for a single number.

    >>> mean_and_error([1.0, 2.0, 3.0]), mean_and_error([1.0])
    ((2.0, 0.5773502691896258), (1.0, None))
    """
    x = np.asarray(numbers, np.float64)
    return float(x.mean()), float(x.std(ddof=1) / np.sqrt(len(x))) if len(x) > 1 else None


def format_number(number: float | None, uncertainty: float | None = None) -> str:
    """Return a number as text, with its standard error if there is one; None gives an empty text.

    >>> [format_number(*x) for x in ((0.12345,), (0.5, 0.031), (19.377, 4.37), (None,), (2e-7,))]
    ['0.123', '0.500 ± 0.031', '19.4 ± 4.4', '', '2e-07']
    """
    if number is None:
        return ""
    text = f"{number:.3f}" if 0.001 <= abs(number) < 1000 or number == 0 else f"{number:.2g}"
    if uncertainty is None:
        return text
    if uncertainty >= 0.1:  # digits smaller than the error mean nothing
        places = 1 if uncertainty >= 1 else 2
        return f"{number:.{places}f} ± {uncertainty:.{places}f}"
    return f"{text} ± {uncertainty:.3f}" if uncertainty >= 0.001 or uncertainty == 0 else f"{text} ± {uncertainty:.1g}"


def format_share(share: float) -> str:
    """Return a share as a percentage with two significant digits.

    >>> [format_share(x) for x in (0.00213, 0.5, 3e-9, 0.0)]
    ['0.21 %', '50 %', 'less than 0.001 %', '0 %']
    """
    if share == 0:
        return "0 %"
    return "less than 0.001 %" if abs(share) < 1e-5 else f"{float(f'{100 * share:.2g}'):g} %"

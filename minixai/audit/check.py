"""One shape for everything an audit finds out: a question, a number, and what the number says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

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


class Lines(NamedTuple):
    """A curve of a picture: where, how high, and its standard error there."""

    at: Array
    height: Array
    error: Array | None = None


NOTHING = Cost(0, 0)


@dataclass(frozen=True, eq=False, kw_only=True)
class Check:
    """One question to a map, and its answer.

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
        Rows sent through the network for it.
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
    cost: Cost = NOTHING
    status: str = "holds"
    verdict: str = ""
    table: tuple[Row, ...] = ()
    maps: Mapping[str, Array] = field(default_factory=dict)
    images: Array | None = None
    curves: Mapping[str, Mapping[str, Lines]] = field(default_factory=dict)
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
        head = f"{self.name}: {value(self.number, self.uncertainty)}" if self.number is not None else self.name
        return f"{head} ({self.status})\n  {self.reading}"


class Findings(Protocol):
    """What a page needs of a report: see `minixai.audit.report.Report`."""

    @property
    def method(self) -> str: ...
    @property
    def foreign(self) -> bool: ...
    @property
    def about(self) -> Mapping[str, str]: ...
    @property
    def images(self) -> Array: ...
    @property
    def values(self) -> Array: ...
    @property
    def checks(self) -> tuple[Check, ...]: ...
    @property
    def cost(self) -> Cost: ...
    @property
    def verdict(self) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class Topic:
    """What all answers to one question have in common: see `Check`."""

    name: str
    question: str
    source: str
    weakness: str

    def answer(self, cost: Cost, number: float | None, meaning: str, reading: str, **more: Any) -> Check:
        """The answer, and what it cost."""
        given = {"name": self.name, "question": self.question, "source": self.source, "weakness": self.weakness}
        return Check(**{**given, **more}, cost=cost, number=number, meaning=meaning, reading=reading)

    def conclude(
        self,
        cost: Cost,
        meaning: str,
        number: float | None,
        error: float | None,
        reading: str,
        status: str,
        verdict: str,
        rows: Iterable[Row],
        **more: Any,
    ) -> Check:
        """The answer with its standard error, what it came to, its short form and its table."""
        found = {"uncertainty": error, "status": status, "verdict": verdict, "table": tuple(rows)}
        return self.answer(cost, number, meaning, reading, **found, **more)

    def not_asked(self, cost: Cost, reading: str, **more: Any) -> Check:
        """That the question does not apply, and why."""
        return self.answer(cost, None, "", reading, status="not asked", **more)


def value(number: float | None, uncertainty: float | None = None) -> str:
    """A number as it is read, with its standard error.

    >>> value(0.12345), value(0.5, 0.031), value(19.377, 4.37), value(None), value(2e-7)
    ('0.123', '0.500 ± 0.031', '19.4 ± 4.4', '', '2e-07')
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


def percent(share: float) -> str:
    """A share in per cent, with two digits.

    >>> percent(0.00213), percent(0.5), percent(3e-9), percent(0.0)
    ('0.21 %', '50 %', 'less than 0.001 %', '0 %')
    """
    if share == 0:
        return "0 %"
    return "less than 0.001 %" if abs(share) < 1e-5 else f"{float(f'{100 * share:.2g}'):g} %"

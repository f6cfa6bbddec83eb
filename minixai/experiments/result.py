"""The result of an experiment: blocks of numbers, claims about their order, and a figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from minixai.text import columns

if TYPE_CHECKING:  # importing matplotlib is slow, and only figures need it
    from matplotlib.figure import Figure


class Claim(NamedTuple):
    """A claim about the numbers, in words, and whether it holds."""

    text: str
    holds: bool

    def __str__(self) -> str:
        return f"{'holds' if self.holds else 'FAILS'}  {self.text}"


class Block(NamedTuple):
    """A table with a heading above it; `lines` are tuples of cells, the first of which holds the column titles."""

    heading: str
    lines: Sequence[tuple[str, ...]]

    def __str__(self) -> str:
        numbers = range(1, len(self.lines[0]))
        return "\n".join([self.heading, *(f"  {line}" for line in columns(self.lines, right=numbers))])


@dataclass(frozen=True, eq=False, repr=False)
class Result:
    """The results of one experiment; subclasses hold the numbers, and define `blocks`, `claims` and `figure`.

    `print` shows the table and the claims, `holds` says whether all claims hold, and `figure` draws the numbers.
    """

    @property
    def blocks(self) -> list[Block]:
        """The tables of the numbers, with published numbers beside ours if there are any."""
        raise NotImplementedError

    @property
    def claims(self) -> list[Claim]:
        """The claims about the numbers; each says whether it holds."""
        raise NotImplementedError

    @property
    def figure(self) -> Figure:
        """A figure of the numbers, made anew at each access."""
        raise NotImplementedError

    @property
    def table(self) -> str:
        return "\n\n".join(map(str, self.blocks))

    @property
    def holds(self) -> bool:
        return all(claim.holds for claim in self.claims)

    @property
    def summary(self) -> dict[str, Any]:
        """The blocks, the claims and `holds`, as values that JSON can hold."""
        claims = [claim._asdict() for claim in self.claims]
        return {"blocks": [block._asdict() for block in self.blocks], "claims": claims, "holds": self.holds}

    def __str__(self) -> str:
        return "\n".join([self.table, "", *map(str, self.claims)])

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {sum(c.holds for c in self.claims)} of {len(self.claims)} claims hold>"


def format_lead(best: float, next_best: float) -> str:
    """Return by how many per cent `best` is larger than `next_best`, as text.

    >>> format_lead(10092, 7964), format_lead(9.0, 10.0)
    ('+26.7%', '-10.0%')
    """
    return f"{best / next_best - 1:+.1%}"

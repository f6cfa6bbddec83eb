"""What an experiment returns: blocks of numbers, the orderings that must hold among them, and a figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from minixai.text import columns

if TYPE_CHECKING:  # matplotlib takes a while to load, so only who draws loads it
    from matplotlib.figure import Figure


class Claim(NamedTuple):
    """An ordering that must hold, in words and numbers, and whether it does."""

    text: str
    holds: bool

    def __str__(self) -> str:
        return f"{'holds' if self.holds else 'FAILS'}  {self.text}"


class Block(NamedTuple):
    """Lines of cells, the titles first, under a heading."""

    heading: str
    lines: Sequence[tuple[str, ...]]

    def __str__(self) -> str:
        numbers = range(1, len(self.lines[0]))
        return "\n".join([self.heading, *(f"  {line}" for line in columns(self.lines, right=numbers))])


@dataclass(frozen=True, eq=False, repr=False)
class Result:
    """The numbers of one experiment; those who inherit say how they are told.

    `print` shows the table and the claims; `holds` is whether all claims do; `figure` draws it.
    """

    @property
    def blocks(self) -> list[Block]:
        """The numbers, with published ones beside them."""
        raise NotImplementedError

    @property
    def claims(self) -> list[Claim]:
        """What must come out."""
        raise NotImplementedError

    @property
    def figure(self) -> Figure:
        """A new picture of it."""
        raise NotImplementedError

    @property
    def table(self) -> str:
        return "\n\n".join(map(str, self.blocks))

    @property
    def holds(self) -> bool:
        return all(claim.holds for claim in self.claims)

    @property
    def summary(self) -> dict[str, Any]:
        """All that is printed, as JSON holds it."""
        claims = [claim._asdict() for claim in self.claims]
        return {"blocks": [block._asdict() for block in self.blocks], "claims": claims, "holds": self.holds}

    def __str__(self) -> str:
        return "\n".join([self.table, "", *map(str, self.claims)])

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {sum(c.holds for c in self.claims)} of {len(self.claims)} claims hold>"


def lead(best: float, next_best: float) -> str:
    """By how much the first is ahead.

    >>> lead(10092, 7964), lead(9.0, 10.0)
    ('+26.7%', '-10.0%')
    """
    return f"{best / next_best - 1:+.1%}"

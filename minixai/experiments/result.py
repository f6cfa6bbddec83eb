"""The result of an experiment: blocks of numbers, claims about their order, and a figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from minixai.text import columns

if TYPE_CHECKING:  # matplotlib takes a while to load, and only a figure needs it
    from matplotlib.figure import Figure


class Claim(NamedTuple):
    """A claim about the numbers, in words, and whether it holds."""

    text: str
    holds: bool

    def __str__(self) -> str:
        return f"{'holds' if self.holds else 'FAILS'}  {self.text}"


class Block(NamedTuple):
    """A table under a heading: lines of cells, of which the first are the titles."""

    heading: str
    lines: Sequence[tuple[str, ...]]

    def __str__(self) -> str:
        numbers = range(1, len(self.lines[0]))
        return "\n".join([self.heading, *(f"  {line}" for line in columns(self.lines, right=numbers))])


@dataclass(frozen=True, eq=False, repr=False)
class Result:
    """The numbers of one experiment; subclasses make blocks, claims and a figure of them.

    `print` shows the table and the claims, `holds` says whether all claims hold, `figure` draws the numbers.
    """

    @property
    def blocks(self) -> list[Block]:
        """The numbers, beside the published ones."""
        raise NotImplementedError

    @property
    def claims(self) -> list[Claim]:
        """The claims, each with whether it holds."""
        raise NotImplementedError

    @property
    def figure(self) -> Figure:
        """A new figure of the numbers."""
        raise NotImplementedError

    @property
    def table(self) -> str:
        return "\n\n".join(map(str, self.blocks))

    @property
    def holds(self) -> bool:
        return all(claim.holds for claim in self.claims)

    @property
    def summary(self) -> dict[str, Any]:
        """Everything that is printed, in types of JSON."""
        claims = [claim._asdict() for claim in self.claims]
        return {"blocks": [block._asdict() for block in self.blocks], "claims": claims, "holds": self.holds}

    def __str__(self) -> str:
        return "\n".join([self.table, "", *map(str, self.claims)])

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {sum(c.holds for c in self.claims)} of {len(self.claims)} claims hold>"


def format_lead(best: float, next_best: float) -> str:
    """The lead of the best over the next, as text.

    >>> format_lead(10092, 7964), format_lead(9.0, 10.0)
    ('+26.7%', '-10.0%')
    """
    return f"{best / next_best - 1:+.1%}"

"""The ledger behind `minixai verify`: results that others published or computed, and that come out of this code.

entry.py         one line of it, and what tolerances are made of
sources.py       who says so
toy_table.py     the documents' little networks
games.py         games, maxima and softmax, worked by hand
chords.py        the multipliers of a single unit
maps.py          maps and windows on images of a few pixels
quadratures.py   integrals by sums, with their error terms
draws.py         methods that draw lots, and means over a background
equalities.py    methods that must agree
article.py       the article's numbers
libraries.py     frozen results of other libraries (frozen.py reads them, asked.py asks ours the same)
operations.py    single operations, as PyTorch has them
faults.py        where the libraries are wrong, and by how much
rounding.py      what they lose to the rounding of float32
detached.py      a score that is computed in part outside the graph
kinks.py         edges of the rules, and what the libraries do there
report.py        the ledger as text, Markdown or JSON
"""

from __future__ import annotations

from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import cache

from minixai.references import (
    article,
    chords,
    detached,
    draws,
    equalities,
    faults,
    games,
    kinks,
    libraries,
    maps,
    operations,
    quadratures,
    rounding,
    sources,
    toy_table,
)
from minixai.references.entry import Entry, Outcome
from minixai.references.sources import Source
from minixai.validate import one_of

__all__ = ["Entry", "Outcome", "chosen", "ledger"]


@cache
def ledger() -> tuple[Entry, ...]:
    """Every entry, source by source.

    >>> len(ledger()) >= 150
    True
    """
    worked = (toy_table, games, chords, maps, quadratures, draws, equalities, article)
    rooms = (*worked, libraries, operations, faults, rounding, detached, kinks)
    order = [each for each in vars(sources).values() if isinstance(each, Source)]
    return tuple(sorted((entry for room in rooms for entry in room.entries()), key=lambda e: order.index(e.source)))


def chosen(only: str | None = None, source: str | None = None) -> list[Entry]:
    """The entries of a source (its key) whose id holds these letters, or has this pattern with * and ?.

    Raises ValueError naming the nearest if there are none.

    >>> [entry.id for entry in chosen("gloves")]
    ['gloves.shapley']
    """
    entries = list(ledger())
    if source is not None:
        one_of(source, dict.fromkeys(entry.source.key for entry in entries), "source")
        entries = [entry for entry in entries if entry.source.key == source]
    found = [entry for entry in entries if only is None or matches(entry.id, only)]
    if not found:
        words = {word: None for entry in entries for word in (entry.id, *entry.id.replace("@", ".").split("."))}
        near = get_close_matches(str(only).strip("*"), words, 1, 0.5)
        of = f" of source {source!r}" if source else ""
        raise ValueError(
            f"no entry{of} has {only!r} in its id"
            + (f", did you mean {near[0]!r}?" if near else "")
            + ": minixai verify lists them all"
        )
    return found


def matches(id: str, pattern: str) -> bool:
    return fnmatchcase(id, pattern) if set(pattern) & set("*?") else pattern in id

"""The ledger behind `minixai verify`: results that others published or computed, which minixai reproduces.

entry.py         one claim of the ledger, and how tolerances are made
sources.py       the documents, papers and libraries quoted
toy_table.py     the documents' little networks
games.py         games, maxima, softmax and single units, worked by hand
maps.py          maps and windows on images of a few pixels
quadratures.py   integrals by sums, with their error terms
draws.py         sampled methods, and means over a background
equalities.py    methods that must agree
article.py       the article's numbers
libraries.py     frozen results of other libraries (frozen.py reads them, calls.py asks minixai for the same)
faults.py        where the libraries are wrong, and by how much
report.py        the ledger as text, Markdown or JSON
"""

from __future__ import annotations

from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import cache

from minixai.references import (
    article,
    draws,
    equalities,
    faults,
    games,
    libraries,
    maps,
    quadratures,
    sources,
    toy_table,
)
from minixai.references.entry import Entry, Outcome
from minixai.references.sources import Source
from minixai.validate import one_of

__all__ = ["Entry", "Outcome", "ledger", "select"]


@cache
def ledger() -> tuple[Entry, ...]:
    """Every entry, source by source.

    >>> len(ledger()) >= 150
    True
    """
    worked = (toy_table, games, maps, quadratures, draws, equalities, article)
    rooms = (*worked, libraries, faults)
    order = [each for each in vars(sources).values() if isinstance(each, Source)]
    return tuple(sorted((entry for room in rooms for entry in room.entries()), key=lambda e: order.index(e.source)))


def select(only: str | None = None, source: str | None = None) -> list[Entry]:
    """The entries of a source whose id contains a text or matches a pattern.

    Parameters
    ----------
    only : str, optional
        Part of an id, or a pattern for all of it with * and ?.
    source : str, optional
        The key of a source.

    Raises
    ------
    ValueError
        If there is no such entry; it names the nearest.

    Examples
    --------

    >>> [entry.id for entry in select("gloves")]
    ['gloves.shapley']
    """
    entries = list(ledger())
    if source is not None:
        one_of(source, dict.fromkeys(entry.source.key for entry in entries), "source")
        entries = [entry for entry in entries if entry.source.key == source]
    found = [entry for entry in entries if only is None or id_matches(entry.id, only)]
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


def id_matches(id: str, pattern: str) -> bool:
    """Whether an id matches a pattern with * or ?, or contains a text without these."""
    return fnmatchcase(id, pattern) if set(pattern) & set("*?") else pattern in id

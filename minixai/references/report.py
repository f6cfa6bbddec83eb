"""The outcomes of the ledger as text, Markdown or JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from minixai.arrays import Array
from minixai.references.entry import Outcome, abbreviate, format_number
from minixai.references.sources import Source
from minixai.text import columns, markdown_table, truncate

TITLES = ("", "entry", "claim", "expected", "got", "off by", "allowed")


def group_by_source(outcomes: Iterable[Outcome]) -> dict[Source, list[Outcome]]:
    """The outcomes of each source, in the order given."""
    found: dict[Source, list[Outcome]] = {}
    for outcome in outcomes:
        found.setdefault(outcome.entry.source, []).append(outcome)
    return found


def verdict(outcomes: Sequence[Outcome]) -> str:
    """One sentence: whether all hold, else which do not."""
    failed = [o.entry.id for o in outcomes if not o.holds]
    if not failed:
        return f"all {len(outcomes)} hold" if len(outcomes) > 1 else "it holds"
    return f"{len(failed)} of {len(outcomes)} do not hold: {', '.join(failed)}"


# -- text ---------------------------------------------------------------------------------------------


def as_text(outcomes: Sequence[Outcome], width: int | None = None) -> str:
    """A line for each outcome, grouped by source; claims are shortened so that lines fit the width, if there is one."""
    found = []
    for source, group in group_by_source(outcomes).items():
        title, *lines = format_columns(group, width)
        found += [source.title, title]
        for outcome, words in zip(group, lines, strict=True):
            found.append(words)
            if not outcome.holds:
                found.append(f"    {outcome.problem or 'allowed are ' + outcome.entry.tolerance.reason}")
        found.append("")
    return "\n".join([*found, verdict(outcomes)])


def format_columns(outcomes: Sequence[Outcome], width: int | None) -> list[str]:
    """Lines of text: the titles of the columns, and a line for each outcome."""
    cells = [TITLES, *map(outcome_cells, outcomes)]
    if width is not None:
        longest = max(len(cell[2]) for cell in cells)
        room = max(24, longest - max(0, max(map(len, columns(cells))) - width))
        cells = [(*cell[:2], truncate(cell[2], room), *cell[3:]) for cell in cells]
    return columns(cells, right=[5, 6])


def outcome_cells(outcome: Outcome) -> tuple[str, ...]:
    """The cells of one outcome, in the order of TITLES."""
    entry = outcome.entry
    mark = "ok" if outcome.holds else "no"
    off = (format_number(outcome.deviation, 2), format_number(entry.tolerance.size, 2))
    return mark, entry.id, entry.claim, abbreviate(entry.expected), abbreviate(outcome.got), *off


# -- Markdown -----------------------------------------------------------------------------------------


def as_markdown(outcomes: Sequence[Outcome]) -> str:
    """A table of sources, then a table of each source's entries."""
    found = [sources_table(outcomes)]
    for source, group in group_by_source(outcomes).items():
        titles = ("entry", "claim", "where", "expected", "got", "off by", "allowed", "because", "")
        lines = []
        for outcome in group:
            mark, id, claim, expected, got, off, allowed = outcome_cells(outcome)
            where, reason = outcome.entry.where, outcome.entry.tolerance.reason
            lines.append((f"`{id}`", claim, where, expected, got, off, allowed, reason, mark))
        found.append(f"### {source.title}\n\n{markdown_table(titles, lines)}")
    return "\n\n".join(found)


def sources_table(outcomes: Sequence[Outcome]) -> str:
    """A Markdown table of the sources: how many claims each makes, and how many of them hold."""
    lines = [
        (f"`{source.key}`", source.title, str(len(group)), holding_text(group))
        for source, group in group_by_source(outcomes).items()
    ]
    return markdown_table(
        ("`--source`", "who says so", "claims", "hold"),
        [*lines, ("", "all", str(len(outcomes)), holding_text(outcomes))],
    )


def holding_text(outcomes: Sequence[Outcome]) -> str:
    """ "all", or in bold how many of the outcomes hold."""
    n = sum(outcome.holds for outcome in outcomes)
    return "all" if n == len(outcomes) else f"**{n}**"


# -- JSON ---------------------------------------------------------------------------------------------


def as_json(outcomes: Sequence[Outcome]) -> str:
    """Everything about every outcome, with whole arrays."""
    entries = [outcome_as_dict(outcome) for outcome in outcomes]
    about = {"claims": len(outcomes), "hold": sum(o.holds for o in outcomes), "verdict": verdict(outcomes)}
    return json.dumps({**about, "entries": entries}, ensure_ascii=False, allow_nan=False, indent=1)


def outcome_as_dict(outcome: Outcome) -> dict[str, Any]:
    """The fields of an outcome and its entry as JSON writes them."""
    entry = outcome.entry
    return {
        "id": entry.id,
        "claim": entry.claim,
        "source": entry.source.title,
        "where": entry.where,
        "expected": as_json_numbers(np.asarray(entry.expected, np.float64)),
        "got": None if outcome.got is None else as_json_numbers(outcome.got),
        "deviation": as_json_numbers(np.array(outcome.deviation)),
        "tolerance": entry.tolerance.size,
        "reason": entry.tolerance.reason,
        "holds": outcome.holds,
        "problem": outcome.problem,
    }


def as_json_numbers(array: Array) -> Any:
    """Nested lists of numbers, with null for NaN and infinity, which JSON does not know.

    >>> as_json_numbers(np.array([1.5, np.nan]))
    [1.5, None]
    """
    numbers = array.astype(object)
    numbers[~np.isfinite(array)] = None
    return numbers.tolist()

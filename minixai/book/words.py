"""Glossary and references: the terms and works that the lessons name, and links to them."""

from __future__ import annotations

import html
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

EMPHASIS = re.compile(r"(?<![*\w`])\*(?![*\s])([^*`]+?)(?<!\s)\*(?![*\w])")
"""Words in italics, as Markdown has them, over line breaks too."""


@dataclass(frozen=True)
class GlossaryEntry:
    """A term of the glossary: its English names, its French ones, what it means, and where it is introduced."""

    english: Sequence[str]
    french: str
    meaning: str
    lesson: str


@dataclass(frozen=True)
class Work:
    """A work that is named somewhere, and where it can be read; a year of 0 and an empty address are not known."""

    key: str
    authors: str
    year: int
    title: str
    published: str
    url: str


def read_glossary(path: Path) -> list[GlossaryEntry]:
    """Return the entries of glossary.md, a Markdown table.

    Raises ValueError for a row that has not four cells.
    """
    entries = []
    for n, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.startswith("|") or line.startswith(("| English", "|---")):
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) != 4:
            raise ValueError(f"{path}, line {n}, has {len(cells)} cells: write | English | French | meaning | lesson |")
        entries.append(GlossaryEntry([each.strip() for each in cells[0].split(",")], *cells[1:]))
    return entries


def read_works(path: Path) -> dict[str, Work]:
    """Return the works in references.toml by their keys."""
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    return {key: Work(key, **table) for key, table in tables.items()}


def normal_form(words: str) -> str:
    """A term or a title as it is compared: small letters, single spaces.

    >>> normal_form("Integrated\\n  Gradients.")
    'integrated gradients'
    """
    return " ".join(words.split()).casefold().strip(".:,")


def glossary_terms(entries: Sequence[GlossaryEntry]) -> dict[str, str]:
    """{normal form of a term, or of its plural: the term}."""
    terms: dict[str, str] = {}
    for entry in entries:
        for name in entry.english:
            bare = re.sub(r"\s*\(.*?\)|\s+\S$", "", name)  # without "(...)" and without a symbol such as φ
            for form in {normal_form(name), normal_form(bare)}:
                for plural in (form, f"{form}s", f"{form}es", re.sub("y$", "ies", form)):
                    terms.setdefault(plural, name)
    return terms


def make_linker(entries: Sequence[GlossaryEntry], works: Mapping[str, Work], up: str = "../") -> Callable[[str], str]:
    """Return the function that turns terms and titles in italics into links to the glossary and the references.

    Parameters
    ----------
    entries : sequence of GlossaryEntry
    works : mapping of str to Work
    up : str
        What leads from the page to the folder of the site.
    """
    terms, titles = glossary_terms(entries), {normal_form(work.title): work for work in works.values()}

    def link_one(match: re.Match[str]) -> str:
        words = match[1]
        if work := titles.get(normal_form(words)):
            return f'<a class="work" href="{up}references.html#{work.key}"><em>{html.escape(words)}</em></a>'
        if term := terms.get(normal_form(words)):
            return f"{{term}}`{' '.join(words.split())} <{term}>`"
        return match[0]

    def link(text: str) -> str:
        parts = re.split(r"(`[^`]*`)", text)  # code stays as it is
        return "".join(part if part.startswith("`") else EMPHASIS.sub(link_one, part) for part in parts)

    return link


def glossary_page(entries: Sequence[GlossaryEntry], lessons: Mapping[str, str]) -> str:
    """The glossary as MyST Markdown; `lessons` is {number: name of the page}."""
    lines = [
        "# Glossary",
        "",
        "The words of the lessons in English and in French.",
        "",
        "`````{glossary}",
        ":sorted:",
        "",
    ]
    for entry in entries:
        where = ", ".join(
            f"[lesson {n}](lessons/{lessons[n]}.md)" if n in lessons else n for n in re.split(r",\s*", entry.lesson)
        )
        lines += [*entry.english, f"  {entry.meaning}. *French:* {entry.french}. {where}", ""]
    return "\n".join([*lines, "`````", ""])


def references_page(works: Mapping[str, Work], named: Mapping[str, Sequence[tuple[str, str]]]) -> str:
    """The references as MyST Markdown; `named` is {key: [(title, page) of each lesson that names the work]}."""
    lines = ["# References", "", "Every work that minixai names, with the place where it can be read.", ""]
    for work in sorted(works.values(), key=lambda each: (each.authors.casefold(), each.year)):
        places = ", ".join(f"[{title}]({page})" for title, page in named.get(work.key, []))
        year, url = f" ({work.year})" if work.year else "", f" <{work.url}>" if work.url else ""
        lines += [
            f'- <span id="{work.key}"></span>{work.authors}{year}. *{work.title}.* {work.published}.{url}'
            + (f" Named in {places}." if places else "")
        ]
    return "\n".join([*lines, ""])

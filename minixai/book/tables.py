"""The tables of the book that the code itself knows; a page asks for one with `<!-- table: NAME -->`."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from minixai import zoo
from minixai.book.guide import FIVE_QUESTIONS, method_rows
from minixai.book.lesson_pages import kernel_environment
from minixai.book.words import Work
from minixai.lesson import Lesson
from minixai.text import markdown_table

TABLE_MARK = re.compile(r"<!-- table: (\w+) -->")


def fill_tables(path: Path, lessons: Sequence[Lesson], works: Mapping[str, Work]) -> None:
    """Fill the tables that a page asks for into it.  Raises ValueError for an unknown table."""
    text = path.read_text(encoding="utf-8")

    def table(match: re.Match[str]) -> str:
        if match[1] not in TABLES:
            raise ValueError(f"{path.name} asks for the table {match[1]!r}: there are {', '.join(TABLES)}")
        return TABLES[match[1]](lessons, works)

    if TABLE_MARK.search(text):
        path.write_text(TABLE_MARK.sub(table, text), encoding="utf-8")


def lessons_table(lessons: Sequence[Lesson], works: Mapping[str, Work]) -> str:
    """The table of lessons in Markdown."""
    lines = [
        (f"[{each.title}]({each.path.stem}.md)", each.question, each.about("Afterwards"), each.about("Minutes"))
        for each in lessons
    ]
    return markdown_table(["lesson", "question", "afterwards", "minutes"], lines)


def lessons_tree(lessons: Sequence[Lesson], works: Mapping[str, Work]) -> str:
    """The names of the lessons, a line each, for a table of contents."""
    return "\n".join(each.path.stem for each in lessons)


def methods_table(lessons: Sequence[Lesson], works: Mapping[str, Work]) -> str:
    """The table of methods in Markdown."""
    pages = {str(each.number): each.path.stem for each in lessons}
    lines = []
    for name, answers, formula, passes, needs, adds_up, fails_when, lesson, key in method_rows():
        work = works[key]
        paper = f'<a href="../references.html#{key}">{work.authors.split(",")[0].split(". ")[-1]} {work.year}</a>'
        at = f"[{lesson}](../lessons/{pages[lesson]}.md)" if lesson in pages else lesson
        method = f"{{py:func}}`{name} <minixai.{name}>`"
        lines.append((method, answers, formula, passes, needs, adds_up, fails_when, at, paper))
    titles = ["method", "question it answers", "φ", "passes", "needs", "adds up?", "fails when", "lesson", "paper"]
    return markdown_table(titles, lines)


def decision_path(lessons: Sequence[Lesson], works: Mapping[str, Work]) -> str:
    """The five questions as a numbered list."""
    return "\n".join(f"{n}. **{question}** {advice}" for n, (question, advice) in enumerate(FIVE_QUESTIONS, 1))


def networks_table(lessons: Sequence[Lesson], works: Mapping[str, Work]) -> str:
    """The table of shipped networks in Markdown."""
    lines = []
    for name, recipe in zoo.RECIPES.items():
        count = sum(w.size for w in zoo.load(name).weights.values())
        right = f"{zoo.accuracy(name):.2%} of {recipe.course.measured}"
        lines.append((f"`{name}`", recipe.about, f"{count:,}", right))
    return markdown_table(["network", "layers", "parameters", "right"], lines)


def ledger_markdown(lessons: Sequence[Lesson], works: Mapping[str, Work]) -> str:
    """What `minixai verify --markdown` prints, computed while the book is made."""
    command = [sys.executable, "-m", "minixai", "verify", "--markdown"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=kernel_environment())
    if done.returncode:
        raise ValueError(f"the ledger cannot be made: {done.stderr.strip() or 'a claim does not hold'}")
    text = re.sub(r"^#", "##", done.stdout.strip(), flags=re.M)
    return text.replace("<", "\\<").replace("*", "\\*")


TABLES: Mapping[str, Callable[[Sequence[Lesson], Mapping[str, Work]], str]] = {
    "lessons": lessons_table,
    "lessons_tree": lessons_tree,
    "methods": methods_table,
    "path": decision_path,
    "networks": networks_table,
    "ledger": ledger_markdown,
}

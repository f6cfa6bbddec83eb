"""Lessons, which are percent scripts, as Jupyter notebooks."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from minixai.files import atomic_write
from minixai.lesson import Lesson, every_lesson, shipped_home

FIRST_CODE_CELL = """\
# The lessons are plain scripts; this line tells minixai which one the notebook was made from.
from minixai.lesson import start_notebook

start_notebook({name!r})"""


def as_notebook(lesson: Lesson) -> dict[str, Any]:
    """Return the notebook of a lesson in Jupyter's format 4.5, unexecuted.

    Parameters
    ----------
    lesson : Lesson
        The percent script.

    Returns
    -------
    dict
        What `json.dump` writes into an .ipynb file.  The first code cell says which lesson it is, because a notebook
        has no `__file__`.

    Examples
    --------
    >>> from minixai.lesson import find_lesson
    >>> notebook = as_notebook(find_lesson("1"))
    >>> notebook["cells"][0]["cell_type"], notebook["cells"][0]["source"][0]
    ('markdown', '# 1. Change one input at a time\\n')
    """
    cells = [make_cell(cell.prose, cell.text) for cell in lesson.cells]
    cells.insert(1, make_cell(False, FIRST_CODE_CELL.format(name=lesson.path.stem)))
    for n, cell in enumerate(cells):
        cell["id"] = f"cell-{n}"
    return {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def make_cell(prose: bool, text: str) -> dict[str, Any]:
    """A Markdown cell of prose, or a code cell, in Jupyter's format."""
    source = (plain_markdown(text) if prose else text).strip("\n").splitlines(keepends=True)
    if prose:
        return {"cell_type": "markdown", "metadata": {}, "source": source}
    hidden = {} if drawing(text) is None else {"jupyter": {"source_hidden": True}, "tags": ["hide-input"]}
    return {"cell_type": "code", "metadata": hidden, "source": source, "outputs": [], "execution_count": None}


def drawing(code: str) -> str | None:
    """Return the first line of a cell that only draws, `# Drawing: ...`, as the title to fold its code under.

    >>> drawing("# Drawing: the relu and its chord\\nfigure = Figure()")
    'Drawing: the relu and its chord'
    """
    found = re.match(r"\s*# (Drawing: .+)", code)
    return None if found is None else found[1]


def plain_markdown(text: str) -> str:
    r"""Escape what Markdown would read as marks: backslashes, and numbers at the start of a line.

    >>> plain_markdown("lines like \\, from 0 to\n1. Then")
    'lines like \\\\, from 0 to\n1\\. Then'
    """
    lines, before = list[str](), ""
    for line in text.split("\n"):
        if line.startswith("    ") and (not before.strip() or before.startswith("    ")):
            lines.append(line)  # an indented block, which is shown as it is
        else:
            parts = re.split(r"(`[^`]*`)", line)
            escaped = "".join(part if part.startswith("`") else part.replace("\\", "\\\\") for part in parts)
            starts_list = re.match(r"\d+\. ", line) and before.strip() and not re.match(r"\s*\d+\. |   ", before)
            lines.append(re.sub(r"^(\d+)\.", r"\1\\.", escaped) if starts_list else escaped)
        before = line
    return "\n".join(lines)


def write_notebook(lesson: Lesson, folder: Path) -> Path:
    """Write the notebook of a lesson into a folder and return its path."""
    path = folder / f"{lesson.path.stem}.ipynb"
    text = json.dumps(as_notebook(lesson), ensure_ascii=False, indent=1) + "\n"
    with atomic_write(path) as file:
        file.write(re.sub(r"[ \t]+\n", "\n", text).encode())
    return path


def write_notebooks(folder: Path) -> list[Path]:
    """Write all lessons as notebooks into a folder.  Raises ValueError where they would overwrite something."""
    lessons = every_lesson(shipped_home())
    if there := [path for each in lessons if (path := folder / f"{each.path.stem}.ipynb").exists()]:
        raise ValueError(f"{str(there[0])!r} is there already, and may hold your answers: choose another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise ValueError(f"{str(folder)!r} cannot be made ({problem.strerror}): choose another folder") from None
    return [write_notebook(each, folder) for each in lessons]

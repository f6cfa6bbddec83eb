"""Pages made of executed lessons: prose, code, what the code printed and drew, and fields for the answers."""

from __future__ import annotations

import html
import json
import os
import re
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from minixai.book.notebooks import as_notebook, drawing
from minixai.files import PACKAGE
from minixai.lesson import EXERCISE, Lesson

PREDICT = "**Predict before you run.**"
EXERCISES = "## Exercises"
ReportStep = Callable[[str], None]


@dataclass(frozen=True)
class ExecutedLesson:
    """A lesson and the cells of its executed notebook."""

    lesson: Lesson
    cells: Sequence[Mapping[str, Any]]

    @property
    def exercises(self) -> dict[str, Any]:
        """The data of every exercise by its letter, as `minixai.lesson.answer` displayed it."""
        found = [
            output["data"][EXERCISE]
            for cell in self.cells
            for output in cell.get("outputs", [])
            if EXERCISE in output.get("data", {})
        ]
        forms = dict(re.findall(r"^mine_(\w+) = None(?:  # (.*))?$", self.code, re.M))
        reasons = self.lesson.reasons
        return {
            each["name"]: each | {"form": forms.get(each["name"], ""), "why": reasons.get(each["name"], "")}
            for each in found
        }

    @property
    def code(self) -> str:
        """The source of all code cells."""
        return "\n".join(cell_source(cell) for cell in self.cells if cell["cell_type"] == "code")


def cell_source(cell: Mapping[str, Any]) -> str:
    """The source of a notebook's cell as one string."""
    text = cell["source"]
    return text if isinstance(text, str) else "".join(text)


def execute_all(lessons: Sequence[Lesson], folder: Path, report: ReportStep) -> list[ExecutedLesson]:
    """Run the notebooks of lessons, as many at a time as there are processors, and return them in order.

    Parameters
    ----------
    lessons : sequence of Lesson
    folder : Path
        Where the kernels run; what a lesson writes goes there.
    report : callable
        It is called with the title of each lesson when that is done.

    Raises
    ------
    ValueError
        If a cell of a lesson raises, in the words of its error.
    """
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        return list(pool.map(lambda each: execute_lesson(each, folder, report), lessons))


def execute_lesson(lesson: Lesson, folder: Path, report: ReportStep) -> ExecutedLesson:
    """Run the notebook of one lesson in a kernel of its own."""
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    notebook = nbformat.reads(json.dumps(as_notebook(lesson)), as_version=4)
    quiet = ["--log-level=ERROR"]  # a kernel warns that other users of the machine might listen
    where = {"metadata": {"path": str(folder)}}
    client = NotebookClient(notebook, timeout=300, kernel_name="python3", resources=where, extra_arguments=quiet)
    try:
        client.execute(env=kernel_environment())
    except CellExecutionError as problem:
        raise ValueError(f"{lesson.path} stops: {problem.ename}, {problem.evalue}") from None
    report(lesson.title)
    return ExecutedLesson(lesson, notebook.cells)


def kernel_environment() -> dict[str, str]:
    """The environment of a kernel that imports this very minixai and uses one processor."""
    paths = [str(PACKAGE.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "OPENBLAS_NUM_THREADS": "1",
        "MPLBACKEND": "agg",
        "PYTHONWARNINGS": "ignore",
    }


# -- pages --------------------------------------------------------------------------------------------


def write_page(done: ExecutedLesson, folder: Path, link: Callable[[str], str]) -> None:
    """Write the page of an executed lesson as MyST Markdown, and its pictures beside it.

    Parameters
    ----------
    done : ExecutedLesson
    folder : Path
        The page is folder/NN_name.md, its pictures are folder/NN_name-1.png and so on.
    link : callable
        It turns the terms and titles in a piece of prose into links.
    """
    name = done.lesson.path.stem
    pictures = PictureWriter(folder, name)
    exercises = done.exercises
    parts = list[str]()
    gated = printed = in_exercises = False
    for n, cell in enumerate(done.cells):
        if n == 1:
            continue  # the cell that tells a notebook which lesson it is
        if cell["cell_type"] == "code":
            shown, has_output = code_block(cell, pictures)
            parts.append(folded_answer_code(shown) if in_exercises else shown)
            printed, in_exercises = printed or has_output, False
            continue
        for piece in re.split(r"^(?=## )", cell_source(cell), flags=re.M):
            if not piece.strip():
                continue
            if gated and printed and piece.startswith("## "):
                parts.append(raw_html('<div class="predict-end"></div>'))
                gated = False
            in_exercises = piece.startswith(EXERCISES)
            parts.append(add_answer_fields(piece, exercises, link) if in_exercises else prose_markdown(piece, link))
            if piece.startswith("# "):
                parts.append(download_link(name))
        if PREDICT in cell_source(cell):
            parts.append(raw_html('<div class="predict-gate"></div>'))
            gated, printed = True, False
    if gated:
        parts.append(raw_html('<div class="predict-end"></div>'))
    (folder / f"{name}.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def download_link(name: str) -> str:
    """The link to the lesson's notebook."""
    link = f'<a href="../notebooks/{name}.ipynb" download>Download this lesson as a notebook</a>'
    return raw_html(f'<p class="lesson-links">{link}</p>')


def prose_markdown(text: str, link: Callable[[str], str]) -> str:
    """Prose of a lesson as Markdown for Sphinx: links for terms, indented blocks as text that keeps its columns."""
    lines, blocks = text.strip("\n").splitlines(), list[str]()
    for block in "\n".join(lines).split("\n\n"):
        if all(line.startswith("    ") or not line.strip() for line in block.splitlines()):
            body = "\n".join(line[4:] for line in block.splitlines())
            blocks.append(f"```text\n{body}\n```")
        else:
            blocks.append(link(block))
    return "\n\n".join(blocks)


def add_answer_fields(text: str, exercises: Mapping[str, Any], link: Callable[[str], str]) -> str:
    """The text of the exercises as Markdown, each followed by a field for its answer."""
    pieces = re.split(r"^(?=[a-z]\) )", text, flags=re.M)
    parts, waiting = [prose_markdown(pieces[0], link)], dict(exercises)
    for piece in pieces[1:]:
        parts.append(prose_markdown(piece, link))
        if piece[0] in waiting:
            parts.append(answer_field(waiting.pop(piece[0])))
    parts += map(answer_field, waiting.values())  # exercises that share a paragraph with another
    return "\n\n".join(parts)


def answer_field(exercise: Mapping[str, Any]) -> str:
    """The field of one exercise; book.js reads its data, judges the answer, and remembers it."""
    name, form = exercise["name"], exercise["form"].strip("() ")
    hint = f" <span>{html.escape(form)}</span>" if form else ""
    return raw_html(
        f'<form class="exercise" data-exercise="{html.escape(json.dumps(exercise, ensure_ascii=False))}">'
        f'<label for="exercise-{name}">Your answer to {name}){hint}</label>'
        f'<input id="exercise-{name}" type="text" autocomplete="off" spellcheck="false">'
        '<button type="submit">Check</button><output aria-live="polite"></output></form>'
    )


class PictureWriter:
    """The pictures of a page, numbered in their order."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name, self.count = folder, name, 0

    def write(self, data: str, alt: str) -> str:
        """Write a picture and return the Markdown that shows it."""
        self.count += 1
        path = self.folder / f"{self.name}-{self.count}.png"
        path.write_bytes(b64decode(data))
        safe = re.sub(r"([\[\]\\*_`<>])", r"\\\1", " ".join(alt.split()))
        return f"![{safe}]({path.name})"


class CodeBlock(NamedTuple):
    """A cell of code with its output as Markdown, and whether there is any output but checked claims."""

    markdown: str
    has_output: bool


def code_block(cell: Mapping[str, Any], pictures: PictureWriter) -> CodeBlock:
    """Turn a cell of code and its outputs into Markdown; pictures are written into files."""
    code = f"```python\n{cell_source(cell).strip()}\n```"
    parts = [code if (title := drawing(cell_source(cell))) is None else folded("drawing", title, code)]
    said, claims = list[str](), list[str]()

    def end_text_block() -> None:
        if text := "".join(said).strip("\n"):
            parts.append(f"```{{code-block}} text\n:class: output\n\n{text}\n```")
        said.clear()

    for output in cell.get("outputs", []):
        data = output.get("data", {})
        if output["output_type"] == "stream":
            for line in output["text"].splitlines(keepends=True):
                (claims if line.startswith("[ok] ") else said).append(line)
        elif "text/html" in data:
            end_text_block()
            parts.append(raw_html(f'<div class="toy">{data["text/html"]}</div>'))
        elif "image/png" in data:
            end_text_block()
            alt = output["metadata"].get("image/png", {}).get("alt") or data.get("text/plain", "")
            parts.append(pictures.write(data["image/png"], alt))
        elif EXERCISE not in data:
            said.append(data.get("text/plain", "") + "\n")
    end_text_block()
    has_output = len(parts) > 1
    if claims:
        parts.append(claims_block(claims))
    return CodeBlock("\n\n".join(parts), has_output)


def claims_block(claims: Sequence[str]) -> str:
    """A folded list of the claims that a cell has checked."""
    items = "".join(f"<li>{html.escape(line.removeprefix('[ok] ').strip())}</li>" for line in claims)
    title = "1 claim was checked" if len(claims) == 1 else f"{len(claims)} claims were checked"
    return raw_html(f'<details class="claims"><summary>{title}</summary><ul>{items}</ul></details>')


def folded_answer_code(shown: str) -> str:
    """The code that computes the right answers, folded so that it does not give them away."""
    title = "The code that judges the answers (it computes them, so it gives them away)"
    return folded("giveaway", title, shown)


def folded(kind: str, title: str, shown: str) -> str:
    """Markdown that a reader opens with a click on its title; `kind` is its class in book.css."""
    opened = raw_html(f'<details class="{kind}"><summary>{html.escape(title)}</summary>')
    return "\n\n".join([opened, shown, raw_html("</details>")])


def raw_html(text: str) -> str:
    """HTML as a block of MyST Markdown."""
    return f"``````{{raw}} html\n{text}\n``````"

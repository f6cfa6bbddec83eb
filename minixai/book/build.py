"""Build the book: run the lessons, write what Sphinx reads, run Sphinx, and move the site into its place."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from minixai.book.gallery import write_gallery
from minixai.book.lesson_pages import ReportStep, execute_all, write_page
from minixai.book.notebooks import write_notebook
from minixai.book.reference import write_reference
from minixai.book.tables import fill_tables
from minixai.book.words import glossary_page, make_linker, normal_form, read_glossary, read_works, references_page
from minixai.files import PACKAGE, shipped
from minixai.lesson import Lesson, every_lesson, shipped_home

REQUIRED_PACKAGES = ("sphinx", "myst_parser", "pydata_sphinx_theme", "nbclient", "nbformat", "ipykernel")
MARKER_FILE = "minixai-book.txt"
"""A file in every book, so that an older book is replaced and nothing else ever is."""


def build_book(out: Path, report: ReportStep = lambda step: None) -> Path:
    """Execute all lessons and write the book as a static site.

    Parameters
    ----------
    out : Path
        The folder of the site.  An older book there is replaced.
    report : callable
        It is called with the name of each step.

    Returns
    -------
    Path
        The first page, index.html, which any browser opens without a server.

    Raises
    ------
    ValueError
        If a package of the extra `book` is missing, if `out` holds something else than a book, if a lesson stops, or
        if Sphinx finds a link that leads nowhere; `out` is then as it was.
    """
    check_packages()
    check_out_folder(out)
    with tempfile.TemporaryDirectory(prefix="minixai-book-") as work:
        source, site = Path(work, "source"), Path(work, "site")
        write_source(source, report)
        report("writing the pages")
        run_sphinx(source, site)
        (site / MARKER_FILE).write_text(
            "This folder was made by `minixai book`, which replaces it.\n", encoding="utf-8"
        )
        move_into_place(site, out)
    return out / "index.html"


def check_packages() -> None:
    """Raise ValueError if a package that builds the book is missing."""
    if missing := [name for name in REQUIRED_PACKAGES if find_spec(name) is None]:
        raise ValueError(f"the book needs {', '.join(missing)}: pip install 'minixai[book]'")


def check_out_folder(out: Path) -> None:
    """Raise ValueError unless the folder can be written and is new, empty, or an older book."""
    if out.exists() and not out.is_dir():
        raise ValueError(f"--out {str(out)!r} is a file: give a folder for the book")
    if out.is_dir() and any(out.iterdir()) and not (out / MARKER_FILE).is_file():
        raise ValueError(f"--out {str(out)!r} holds something else than a book: give a new folder")
    there = next(path for path in (out.absolute(), *out.absolute().parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise ValueError(f"--out {str(out)!r} cannot be written: choose a folder in a place that can be")


def move_into_place(site: Path, out: Path) -> None:
    """Move the finished site to `out`, in place of an older one."""
    if out.is_dir():
        shutil.rmtree(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(site, out)


# -- what Sphinx reads --------------------------------------------------------------------------------


def write_source(source: Path, report: ReportStep) -> None:
    """Write the folder that Sphinx reads: settings, pages, executed lessons, gallery, reference, notebooks."""
    home = shipped_home()
    shutil.copytree(home / "pages", source)
    shutil.copyfile(shipped("curlew.png"), source / "curlew.png")
    shutil.copytree(home / "conf", source / "conf")
    shutil.copyfile(home / "conf" / "conf.py", source / "conf.py")
    lessons = every_lesson(home)
    folder, notebooks = source / "lessons", source / "extra" / "notebooks"
    notebooks.mkdir(parents=True)
    for each in lessons:
        write_notebook(each, notebooks)
    done = execute_all(lessons, source / "extra", report)
    entries, works = read_glossary(home / "glossary.md"), read_works(home / "references.toml")
    link = make_linker(entries, works)
    for executed in done:
        write_page(executed, folder, link)
    pages = {str(each.number): each.path.stem for each in lessons}
    (source / "glossary.md").write_text(glossary_page(entries, pages), encoding="utf-8")
    named = lessons_naming_works(lessons, [normal_form(work.title) for work in works.values()], list(works))
    (source / "references.md").write_text(references_page(works, named), encoding="utf-8")
    report("the gallery")
    write_gallery(source / "methods")
    write_reference(source / "api")
    report("the ledger")
    for path in sorted(source.glob("**/*.md")):
        fill_tables(path, lessons, works)


def lessons_naming_works(
    lessons: Sequence[Lesson], titles: Sequence[str], keys: Sequence[str]
) -> dict[str, list[tuple[str, str]]]:
    """For the key of each work, the lessons that name its title: ("lesson 4", page of the lesson)."""
    found: dict[str, list[tuple[str, str]]] = {}
    for lesson in lessons:
        text = normal_form(" ".join(cell.text for cell in lesson.cells if cell.prose))
        for title, key in zip(titles, keys, strict=True):
            if f"*{title}*" in text.replace(".*", "*"):
                found.setdefault(key, []).append((f"lesson {lesson.number}", f"lessons/{lesson.path.stem}.md"))
    return found


def run_sphinx(source: Path, site: Path) -> None:
    """Run Sphinx in a process of its own.  Raises ValueError with its first warnings if it has any."""
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-q", "-j", "auto", str(source), str(site)]
    paths = os.pathsep.join([str(PACKAGE.parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": paths})
    said = [line for line in done.stderr.splitlines() if re.search(r"WARNING|ERROR|Exception", line)]
    said = [line for line in said if ":docstring of " not in line]  # a docstring that reads badly still reads
    if done.returncode or said:
        raise ValueError("the book has faults: " + " | ".join(said[:10] or done.stderr.splitlines()[-5:]))
    shutil.rmtree(site / ".doctrees", ignore_errors=True)
    (site / ".buildinfo").unlink(missing_ok=True)

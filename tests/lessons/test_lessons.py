"""Every lesson: unanswered, solved, trapped, and told truthfully."""

import ast
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from minixai.book.notebooks import drawing
from minixai.lesson import every_lesson as all_lessons
from minixai.lesson import judged
from tests.marks import slow_except

ROOT = Path(__file__).resolve().parents[2]
LESSONS = all_lessons(ROOT / "lessons")

QUICK = (0, 1, 2, 3, 6)
"""The tour, and lessons that take less than a second; the others run with the tests marked slow."""

every_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.path.stem)
run_lesson = pytest.mark.parametrize(
    "lesson",
    slow_except([each for each in LESSONS if each.number in QUICK], LESSONS),
    ids=lambda lesson: lesson.path.stem,
)


@pytest.fixture
def ran(lesson, ran_once):
    """(what it said, what it printed), run once for all tests."""
    return ran_once(lesson)


@run_lesson
def test_it_runs_unanswered(lesson, ran):
    found, _ = ran
    assert len(found.claims) >= 2
    assert 2 <= len(found.exercises) <= 4 or lesson.number == 0
    assert all(each.state == "open" for each in found.exercises)
    assert found.figures or lesson.number == 0
    assert all(path.stat().st_size > 5000 for path in found.figures)


@run_lesson
def test_its_solutions_are_right(lesson):
    if lesson.number == 0:
        pytest.skip("the tour has no exercises")
    found = lesson.run(lesson.solutions, figures=False)
    assert [each.state for each in found.exercises] == ["right"] * len(found.exercises)


@run_lesson
def test_every_trap_fires(ran):
    for exercise in ran[0].exercises:
        for why, wrong in exercise.traps.items():
            state, said = judged(wrong, exercise.right, exercise.traps, exercise.tol)
            assert state == "wrong", f"exercise {exercise.name}: the trap {why!r} is the right answer"
            assert said.endswith(why), f"exercise {exercise.name}: {said!r} instead of {why!r}"


@run_lesson
def test_every_number_in_its_prose_is_printed(lesson, ran):
    """Numbers with a decimal point, or of three digits and more, outside the reading list and exercises."""
    told = "\n".join(cell.text for cell in lesson.cells[1:] if cell.prose and "## To read on" not in cell.text)
    told = told.split("## Exercises")[0]
    printed = ran[1].replace(",", "").replace("−", "-")
    found = re.findall(r"(?<![\w.])\d[\d,]*\.?\d*", re.sub(r"\b(19|20)\d\d\b", "", told))
    numbers = [n.replace(",", "").rstrip(".") for n in found]
    missing = [n for n in numbers if ("." in n or len(n) > 2) and n not in printed]
    assert not missing, f"in the prose but not in the output: {missing}"


@every_lesson
def test_it_says_what_it_is_about(lesson):
    assert re.match(r"\d+\. \w", lesson.title)
    assert lesson.title.startswith(f"{lesson.number}. ")
    for what in ("Question", "Afterwards", "Minutes"):
        assert lesson.about(what)


@every_lesson
def test_it_is_short(lesson):
    """Statements are counted, not lines: how many lines a statement takes depends on the width of a page.

    Code that only draws is folded away in the page, and counted apart.
    """
    cells = [cell.text for cell in lesson.cells if not cell.prose]
    read, all_told = (
        sum(isinstance(node, ast.stmt) for node in ast.walk(ast.parse("\n".join(part))))
        for part in ([text for text in cells if drawing(text) is None], cells)
    )
    assert read <= 140, f"{read} statements to read"
    assert all_told <= 185, f"{all_told} statements"


@every_lesson
def test_no_page_scrolls_sideways(lesson):
    assert max(map(len, lesson.path.read_text(encoding="utf-8").splitlines())) <= 88


@every_lesson
def test_no_sentence_becomes_a_list(lesson):
    """A sum or a number that begins a wrapped line would be read as a mark of Markdown."""
    for cell in lesson.cells:
        for before, line in pairwise(cell.text.splitlines() if cell.prose else []):
            in_sentence = before.strip() and not re.match(r"[-*] |\d+\. |#|    ", before)
            if in_sentence and not re.match(r"- ", line):
                assert not re.match(r"\s*([+*>|=-]|#+|\d+[.)])(\s|$)", line), line


@every_lesson
def test_its_plaything_shows_a_few_frames(lesson):
    """Every lesson has one thing to play with; its strip is written by the script."""
    text = lesson.path.read_text(encoding="utf-8")
    assert "mx.plots.slider(" in text
    assert "alt=" in text


@pytest.mark.slow
@every_lesson
def test_it_stands_alone(lesson, tmp_path):
    """As a script, from another folder; without a screen."""
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "HOME": str(tmp_path), "OPENBLAS_NUM_THREADS": "1"}
    copy = tmp_path / "lessons" / lesson.path.name
    copy.parent.mkdir()
    copy.write_bytes(lesson.path.read_bytes())
    away = tmp_path / "away"
    away.mkdir()
    done = subprocess.run(
        [sys.executable, str(copy)], cwd=away, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert not list(away.iterdir()), "it wrote into the folder it was called from"
    assert list((tmp_path / "lessons" / "out").glob("*.png")) or lesson.number == 0


@every_lesson
def test_it_imports_only_what_minixai_needs(lesson):
    names = re.findall(r"^(?:from|import) (\w+)", lesson.path.read_text(encoding="utf-8"), re.M)
    assert set(names) <= {"minixai", "numpy", "scipy", "matplotlib", "PIL", *sys.stdlib_module_names}

"""Claims, answers, scripts: what lessons are made of."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from minixai import cli
from minixai import lesson as course
from minixai.lesson import Lesson, answer, claim, copy_to, every_lesson, find_lesson, save

SCRIPT = """# %% [markdown]
# # 7. Doubling
#
# **Question.** What is twice
# three?
#
# **Afterwards.** You can double.
#
# **Minutes.** 1

# %%
from matplotlib.figure import Figure

from minixai.lesson import answer, claim, save

claim("3 + 3 is 6", 3 + 3 == 6)
save(Figure(), "empty")

# %% [markdown]
# ## Exercises

# %%
mine_a = None  # a number
mine_b = None  # a function
answer("a", mine_a, 6, {"that is three times three": 9})
answer("b", mine_b and mine_b(4), 8)
"""


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "lessons" / "07_doubling.py"
    path.parent.mkdir()
    path.write_text(SCRIPT, encoding="utf-8")
    return path


def said(capsys, *args, **options):
    answer("a", *args, **options)
    return capsys.readouterr().out.strip()


def test_a_claim_that_fails_raises_with_its_sentence():
    with pytest.raises(AssertionError, match="the lesson claims that 1 is 2, but it does not hold"):
        claim("1 is 2", 1 == 2)
    with pytest.raises(AssertionError, match="but it is 1"):
        claim("x is 2", np.array([True, False]), "it is 1")


@pytest.mark.parametrize("got", [(0.8, 0.2), [0.8, 0.2], np.array([0.8004, 0.2])])
def test_a_right_answer(capsys, got):
    assert said(capsys, got, (0.8, 0.2)) == "[ok] exercise a: right"


def test_an_open_answer_says_where_it_goes(capsys):
    assert said(capsys, None, 6) == "[  ] exercise a: not tried yet (mine_a)"


@pytest.mark.parametrize(
    ("got", "right", "why"),
    [
        (9, 6, "that is three times three"),
        (-6, 6, "the size is right, the sign is the other way round"),
        ((2, 1), (1, 2), "these are the right numbers, in another order"),
        ((1, 2, 3), (1, 2), "the answer has the shape (2,), this one (3,)"),
        ((1, 2), 6, "the answer is one number"),
        ("six", 6, "the answer is a number"),
        (6, "six", "the answer is a word"),
        ([[1], [2, 3]], (1, 2), "the answer is numbers of shape (2,)"),
        (7, 6, "it is too large, compare it with the recipe above"),
        (-7, 6, "it is too small, compare it with the recipe above"),
        ((1, 7), (1, 2), "compare it with the recipe above"),
        ("mean", "max", "compare it with the recipe above"),
        (object, 6, "the answer is a number"),
    ],
)
def test_a_wrong_answer_says_what_is_behind_it(capsys, got, right, why):
    out = said(capsys, got, right, {"that is three times three": 9})
    assert out.startswith("[!!] exercise a: ")
    assert out.endswith(why)


def test_words_are_compared_by_their_letters(capsys):
    assert said(capsys, " Max ", "max") == "[ok] exercise a: right"
    assert said(capsys, "the partner", "Partner") == "[ok] exercise a: right"


def test_large_counts_are_exact(capsys):
    assert said(capsys, 752_641, 752_640).startswith("[!!]")


def test_a_script_tells_what_it_is_about(script):
    lesson = Lesson(script)
    assert (lesson.number, lesson.title, lesson.question) == (7, "7. Doubling", "What is twice three?")
    with pytest.raises(ValueError, match="does not say its 'Answer'"):
        lesson.about("Answer")


def test_running_keeps_claims_exercises_and_figures(script, capsys):
    found = Lesson(script).run()
    assert found.claims == ["3 + 3 is 6"]
    assert [each.state for each in found.exercises] == ["open", "open"]
    assert found.figures == [script.parent / "out" / "07-empty.png"]
    assert found.figures[0].is_file()
    assert "twice" not in capsys.readouterr().out


def test_answers_stand_in_for_none(script):
    found = Lesson(script).run({"mine_a": 9, "mine_b": lambda x: 2 * x}, figures=False)
    assert [each.state for each in found.exercises] == ["wrong", "right"]
    assert not (script.parent / "out").exists()
    with pytest.raises(ValueError, match="does not ask for mine_z"):
        Lesson(script).run({"mine_z": 1})


def test_an_error_is_told_with_its_line_in_the_script(script):
    script.write_text(SCRIPT.replace("3 + 3 == 6", "1 / 0"), encoding="utf-8")
    with pytest.raises(ZeroDivisionError) as caught:
        Lesson(script).run(figures=False)
    assert SCRIPT.splitlines().index('claim("3 + 3 is 6", 3 + 3 == 6)') + 1 == caught.traceback[-1].lineno + 1


def test_outside_a_run_nothing_is_kept(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    claim("1 is 1", True)
    save(Figure(), "alone")
    assert "figure: " in capsys.readouterr().out
    Path(__file__).with_name("out").joinpath("alone.png").unlink()
    Path(__file__).with_name("out").rmdir()


def test_figures_of_an_installed_lesson_go_to_the_folder_where_one_stands(monkeypatch, tmp_path):
    monkeypatch.setattr(course, "PACKAGE", tmp_path / "site-packages" / "minixai")
    installed = tmp_path / "site-packages" / "minixai" / "_lessons" / "01_x.py"
    assert course.place_of_figures(installed) == Path("minixai-lessons")
    assert course.place_of_figures(tmp_path / "mine" / "01_x.py") == tmp_path / "mine" / "out"


def test_lessons_are_found_here_before_those_that_came_with_minixai(script, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert [each.number for each in every_lesson()] == [7]
    assert find_lesson("7").title == find_lesson(str(script)).title == "7. Doubling"


def test_copies_never_overwrite(tmp_path):
    copies = copy_to(tmp_path / "mine")
    assert [path.name for path in copies] == [each.path.name for each in every_lesson()]
    with pytest.raises(ValueError, match="is there already, and may hold your answers"):
        copy_to(tmp_path / "mine")


# -- the command line ---------------------------------------------------------------------------------


def test_lessons_lists_their_questions(script, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["lessons"]) == 0
    out = capsys.readouterr().out
    assert "Doubling" in out
    assert "What is twice three?" in out


def test_lesson_tells_prose_and_numbers(script, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["lesson", "7", "--out", "figures"]) == 0
    out = capsys.readouterr().out
    assert out.index("What is twice") < out.index("[ok] 3 + 3 is 6") < out.index("## Exercises")
    assert "1 claims hold, 0 of 2 exercises are right." in out
    assert (tmp_path / "figures" / "07-empty.png").is_file()
    assert cli.main(["lesson", "7", "--quiet", "--no-figures"]) == 0
    assert "twice" not in capsys.readouterr().out


def test_check_reports_each_exercise(script, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    script.write_text(SCRIPT.replace("mine_a = None", "mine_a = 9"), encoding="utf-8")
    assert cli.main(["check", "7"]) == 0
    out = capsys.readouterr().out
    assert "[!!] exercise a: 9 is not it: that is three times three" in out
    assert "3 + 3" not in out
    assert cli.main(["check"]) == 0
    out = capsys.readouterr().out
    assert "Doubling  !." in out
    assert "2 exercises: 0 right (+), 1 wrong (!), 1 not tried yet (.)" in out


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("mine_a = 1 / 0", "stops (ZeroDivisionError, division by zero): python lessons"),
        ("mine_b = lambda: 3", "stops (TypeError, "),
        ('mine_a = None; claim("no", False)', "stops: the lesson claims that no, but it does not hold"),
        ("mine_a = (", "stops (SyntaxError, "),
    ],
)
def test_a_script_that_cannot_run_is_one_line(script, monkeypatch, tmp_path, capsys, change, words):
    monkeypatch.chdir(tmp_path)
    script.write_text(SCRIPT.replace(f"{change[:6]} = None", change), encoding="utf-8")
    for command in ("check", "lesson"):
        assert cli.main([command, "7"]) == 2
        error = capsys.readouterr().err
        assert words in error
        assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["lesson", "99"], "there is no lesson 99: they are numbered "),
        (["lesson", "seven"], "'seven' is no lesson: give its number"),
        (["check", "-1"], "-1"),
        (["lesson"], "see minixai lesson --help"),
        (["lessons", "--copy", "/dev/null/x"], "/dev/null"),
        (["lesson", "1", "--out", "/dev/null/x"], "--out '/dev/null/x' cannot be a folder, '/dev/null' is none"),
        (["lesson", "1", "--out", "/dev/null"], "--out '/dev/null' cannot be a folder, '/dev/null' is none"),
    ],
)
def test_wrong_words_are_one_line(argv, words, capsys):
    assert cli.main(argv) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1


def test_it_does_not_need_matplotlib():
    code = "import sys, minixai.lesson; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

"""Claims, answers, scripts: what lessons are made of."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from minixai import answers, cli
from minixai import lesson as course
from minixai.cli.telling import Teller, render
from minixai.lesson import Cell, Lesson, answer, claim, copy_to, every_lesson, find_lesson, save

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


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


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
        (-6, 6, "the size is right, and the sign is not"),
        ((2, 1), (1, 2), "these are the right numbers, in another order"),
        ((1, 2, 3), (1, 2), "the answer is two numbers, and this is three numbers"),
        ((1, 2), 6, "the answer is one number, and this is two numbers"),
        ("six", 6, "the answer is a number"),
        (6, "six", "the answer is a word"),
        ([[1], [2, 3]], (1, 2), "the answer is two numbers"),
        (7, 6, "it is too large: compare it with the recipe above"),
        (-7, 6, "it is too small: compare it with the recipe above"),
        ((1, 7), (1, 2), "compare it with the recipe above"),
        ("mean", "max", "compare it with the recipe above"),
        (object, 6, "the answer is a number"),
    ],
)
def test_a_wrong_answer_says_what_is_behind_it(capsys, got, right, why):
    out = said(capsys, got, right, {"that is three times three": 9})
    assert out.startswith("[!!] exercise a: ")
    assert out.endswith(why)


@pytest.mark.parametrize(
    ("got", "right"),
    [
        *[
            (0.07, 1 / 15),
            (0.018, 0.0176),
            (0.31, 0.3085),
            ((0.33, 0.33), (1 / 3, 1 / 3)),
            (1.7, 1.745),
            (12, 12.3),
        ],
        *[("12 %", 500 / 4096), ("12%", 500 / 4096), ("1/3", 1 / 3), ("1/3, 2/3", (1 / 3, 2 / 3)), ("−0.5", -0.5)],
    ],
)
def test_a_rounded_answer_is_right_to_the_digits_given(capsys, got, right):
    assert said(capsys, got, right).startswith("[ok]")


@pytest.mark.parametrize(
    ("got", "right", "why"),
    [
        (0.3, 1 / 3, "this is right as far as it goes: give one more digit"),
        (0.06, 1 / 15, "it is too small: compare it with the recipe above"),
        (0.0, 0.003, "it is too small: compare it with the recipe above"),
        (61, 62, "it is too small: compare it with the recipe above"),
        (8.9, 6, "that is three times three"),
        (9.17, 6, "that is three times three"),
        (8.7, 6, "it is too large: compare it with the recipe above"),
        ("9", 6, "that is three times three"),
    ],
)
def test_a_near_miss_is_not_right_but_finds_its_trap(capsys, got, right, why):
    assert said(capsys, got, right, {"that is three times three": 9}).endswith(why)


def test_the_nearest_of_two_traps_is_told_and_never_one_beyond_the_answer(capsys):
    traps = {"a": 1.0, "b": 1.015}
    assert said(capsys, 1.014, 2.0, traps).endswith(": b")
    assert not said(capsys, 1.001, 1.004, {"a": 1.01}, 1e-6).endswith(": a")


def test_words_are_compared_by_their_letters(capsys):
    assert said(capsys, " Max ", "max") == "[ok] exercise a: right"
    assert said(capsys, "the partner", "Partner") == "[ok] exercise a: right"
    assert said(capsys, "'a partner.'", "Partner") == "[ok] exercise a: right"


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
    assert out.index("What is twice") < out.index("[ok] 3 + 3 is 6") < out.index("\nExercises")
    assert "**" not in out
    assert '    claim("3 + 3 is 6", 3 + 3 == 6)' in out
    assert "1 claims hold, 0 of 2 exercises are right." in out
    assert (tmp_path / "figures" / "07-empty.png").is_file()
    assert cli.main(["lesson", "7", "--quiet", "--no-figures"]) == 0
    assert "twice" not in capsys.readouterr().out
    assert cli.main(["lesson", "7", "--no-code", "--no-figures"]) == 0
    out = capsys.readouterr().out
    assert "What is twice three?" in out
    assert "3 + 3 ==" not in out


def test_a_lesson_waits_for_whoever_watches(capsys):
    asked = []
    teller = Teller(watched=True, ask=asked.append)
    teller.height = 12
    with teller:
        teller.tell(Cell(True, 0, "# 1. Title\n\n**Predict before you run.** Is it *one* or\ntwo?"))
        print(*range(12), sep="\n")
    assert [words.split(" ")[0] for words in asked] == ["Press", "--"]
    out = capsys.readouterr().out
    assert "\033[1m1. Title\033[0m" in out
    assert "\033[1mPredict before you run.\033[0m Is it \033[3mone\033[0m or two?" in out


def test_prose_is_wrapped_at_the_width_and_lists_hang():
    text = "- one item of a list that is long\n- another\n\n    code as it is, however long that may be"
    assert render(text, 20, False).splitlines() == [
        *("- one item of a list", "  that is long", "- another", ""),
        "    code as it is, however long that may be",
    ]


def test_notebooks_are_copied_and_never_overwritten(tmp_path, capsys):
    assert cli.main(["lessons", "--copy", str(tmp_path / "mine"), "--notebooks"]) == 0
    made = sorted((tmp_path / "mine").glob("*.ipynb"))
    assert [path.stem for path in made] == [each.path.stem for each in every_lesson(course.shipped_home())]
    cells = json.loads(made[1].read_text(encoding="utf-8"))["cells"]
    assert "start_notebook('01_change_one_input')" in "".join(cells[1]["source"])
    assert cli.main(["lessons", "--copy", str(tmp_path / "mine"), "--notebooks"]) == 2
    assert "is there already, and may hold your answers" in capsys.readouterr().err


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
        ('mine_a = 3; claim("no", False)', "stops: the lesson claims that no, but it does not hold"),
        ("mine_a = 3; 1 / 0", "stops (ZeroDivisionError, division by zero): python lessons"),
        ("mine_a = (", "stops (SyntaxError, "),
    ],
)
def test_a_script_that_cannot_run_is_one_line(script, monkeypatch, tmp_path, capsys, change, words):
    monkeypatch.chdir(tmp_path)
    script.write_text(SCRIPT.replace(f"{change[:6]} = None", change), encoding="utf-8")
    for command in ("check", "lesson"):
        assert cli.main([command, "7"]) == 2
        error = capsys.readouterr().err.splitlines()
        assert words in error[-1]
        assert len(error) == 1 + error[0].startswith("minixai: note: this is lessons/07_doubling.py, not the lesson")


def test_an_answer_that_crashes_hides_no_other(script, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    text = SCRIPT.replace("mine_a = None", "mine_a = 1 / 0").replace("mine_b = None", "mine_b = lambda: 3")
    script.write_text(text, encoding="utf-8")
    assert cli.main(["check", "7"]) == 0
    a, b = capsys.readouterr().out.splitlines()[1:]
    line = SCRIPT.splitlines().index("mine_a = None  # a number") + 1
    assert a.startswith(f"[!!] exercise a: it stops (ZeroDivisionError, division by zero) in line {line}")
    assert b.startswith("[!!] exercise b: it stops (TypeError, ")
    script.write_text(
        SCRIPT.replace("mine_a = None", "mine_a = 1 / 0").replace("mine_b = None", "mine_b = lambda x: 8")
    )
    assert cli.main(["check", "7"]) == 0
    assert "[ok] exercise b: right" in capsys.readouterr().out


def test_a_typo_in_one_lesson_hides_no_other(script, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    script.with_name("08_broken.py").write_text(SCRIPT.replace("# 7.", "# 8.").replace("mine_a = None", "mine_a = ("))
    script.write_text(SCRIPT.replace("mine_a = None", "mine_a = 6"), encoding="utf-8")
    assert cli.main(["check"]) == 2
    out, error = capsys.readouterr()
    assert "7  Doubling  +." in out
    assert "8  Doubling  cannot be run" in out
    assert "08_broken.py stops (SyntaxError, " in error


def test_lessons_that_nobody_has_answered_are_not_run(script, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    script.write_text(SCRIPT.replace("3 + 3 == 6", "1 / 0"), encoding="utf-8")
    assert cli.main(["check", "7"]) == 0
    assert capsys.readouterr().out.count("not tried yet") == 2


def test_a_second_check_does_not_run_the_lesson(script, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    text = SCRIPT.replace("mine_b and mine_b(4)", "mine_b").replace("mine_a = None", "mine_a = 9")
    script.write_text(text, encoding="utf-8")
    assert cli.main(["check", "7"]) == 0
    first = capsys.readouterr().out
    monkeypatch.setattr(Lesson, "run", lambda *_, **__: pytest.fail("it was run again"))
    assert cli.main(["check", "7"]) == 0
    assert capsys.readouterr().out == first
    script.write_text(text.replace("mine_b = None", "mine_b = 8.0"), encoding="utf-8")
    assert cli.main(["check", "7"]) == 0
    assert "[ok] exercise b: right" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('mine_a, 6, {"that is', 'mine_a, 7, {"that is'),  # the lesson has changed
        ("mine_a = 9", "mine_a = one + 5"),  # an answer needs a name of the lesson
        ("mine_a = 9", "mine_a = 1 / 0"),
        ("mine_b = None", "def mine_b(x):\n    return 2 * x"),  # the lesson tries an answer out
    ],
)
def test_what_an_earlier_run_does_not_know_is_run(script, monkeypatch, tmp_path, capsys, old, new):
    monkeypatch.chdir(tmp_path)
    script.write_text(SCRIPT.replace("mine_a = None", "mine_a = 9"), encoding="utf-8")
    assert cli.main(["check", "7"]) == 0
    text = script.read_text(encoding="utf-8").replace(old, new).replace("# %%\nmine_a", "# %%\none = 1\nmine_a")
    script.write_text(text, encoding="utf-8")
    ran, run = [], Lesson.run
    monkeypatch.setattr(Lesson, "run", lambda self, **options: ran.append(1) or run(self, **options))
    assert cli.main(["check", "7"]) == 0
    assert ran


def test_a_cache_that_cannot_be_used_is_no_matter(script, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    script.write_text(SCRIPT.replace("mine_a = None", "mine_a = 6"), encoding="utf-8")
    for cache in (tmp_path / "file", tmp_path / "broken"):
        (tmp_path / "file").write_text("no folder")
        monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
        assert cli.main(["check", "7"]) == 0
        assert "[ok] exercise a: right" in capsys.readouterr().out
        for kept in cache.glob("minixai/*"):
            kept.write_text("{")


def test_answers_are_kept_only_if_all_are_known():
    lesson, known = find_lesson("1"), course.Outcome("a", "open", "not tried yet", 6, {}, 0.0)
    answers.keep_answers(lesson, [known, known._replace(name="b", right=None)])
    assert answers.read_kept_answers(lesson) is None
    answers.keep_answers(lesson, [known])
    assert [each["name"] for each in answers.read_kept_answers(lesson)] == ["a"]


def test_a_folder_of_lessons_is_checked(script, capsys):
    assert cli.main(["check", str(script.parent)]) == 0
    assert "Doubling  .." in capsys.readouterr().out
    assert cli.main(["check", str(script.parent.parent)]) == 2
    assert "holds no lessons" in capsys.readouterr().err


def test_a_right_answer_says_why(script, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    (script.parent / "solutions").mkdir()
    (script.parent / "solutions" / "07.py").write_text("mine_a = 6  # twice three\n")
    script.write_text(SCRIPT.replace("mine_a = None", "mine_a = 6"), encoding="utf-8")
    assert cli.main(["check", "7"]) == 0
    assert "[ok] exercise a: right: twice three" in capsys.readouterr().out


def test_every_shipped_answer_has_its_reason():
    for lesson in every_lesson(course.shipped_home()):
        assert all(lesson.reasons.get(letter) for letter in lesson.answers), lesson.path


def test_nobody_is_told_to_write_into_an_installed_package(monkeypatch, script, capsys):
    monkeypatch.setattr("minixai.cli.learning.PACKAGE", script.parent)
    for command in ("check", "lesson"):
        assert cli.main([command, str(script)]) == 0
        out = capsys.readouterr().out
        assert "minixai lessons --copy FOLDER" in out
        assert "Write your answers into" not in out


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["lessons", "--notebooks"], "--notebooks says what is copied, so it needs a place: add --copy FOLDER"),
        (["lessons", "--notebooks", "--copy", "/dev/null/x"], "/dev/null/x' cannot be made"),
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

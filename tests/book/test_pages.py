"""Pages made of executed lessons, and where a book may be written: without Sphinx, a kernel or a browser."""

import json
from base64 import b64encode

import numpy as np
import pytest

from minixai import cli
from minixai.book import build
from minixai.book.lesson_pages import ExecutedLesson, write_page
from minixai.book.notebooks import as_notebook, plain_markdown
from minixai.book.tables import fill_tables
from minixai.lesson import EXERCISE, Lesson, Outcome, every_lesson, exercise_data, shipped_home
from minixai.text import markdown_table

SCRIPT = """# %% [markdown]
# # 7. Doubling
#
# **Question.** What is twice three?
#
# **Predict before you run.** More than *five*?

# %%
x = 3

# %% [markdown]
# ## By hand
#
#     x + x

# %%
print(x + x)

# %%
# Drawing: a <line>
draw(x)

# %% [markdown]
# ## Then
#
# It is the *gap*.

# %% [markdown]
# ## Exercises
#
# a) Twice four?
#
# b) In a word? And one more in `mine_c`?

# %%
mine_a = None  # a number
mine_b = None
mine_c = None
answer("a", mine_a, 8, {"that is four": 4})
answer("b", mine_b, "eight")
answer("c", mine_c, 1)

# %% [markdown]
# ## To read on
"""


def outputs(*items):
    return [{"output_type": "display_data", "data": data, "metadata": meta} for data, meta in items]


@pytest.fixture
def page(tmp_path):
    script = tmp_path / "07_doubling.py"
    script.write_text(SCRIPT, encoding="utf-8")
    (tmp_path / "solutions").mkdir()
    (tmp_path / "solutions" / "07.py").write_text('mine_a = 8  # 4 + 4\nmine_b = "eight"  # a <word>\n')
    cells = as_notebook(Lesson(script))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    code[1]["outputs"] = []
    printed = {"output_type": "stream", "text": "[ok] 3 is < 4\n6\n"}
    picture = {"image/png": b64encode(b"picture").decode(), "text/plain": "alt"}
    picture_of_line = (picture, {"image/png": {"alt": "a line"}})
    slider = ({"text/html": "<b>slider</b>", "text/plain": "it"}, {})
    code[2]["outputs"] = [printed, *outputs((picture, {"image/png": {"alt": "a [b] *c*"}}), slider)]
    asked = [Outcome("a", "open", "", 8, {"that is four": 4}, 1e-3), Outcome("b", "open", "", "eight", {}, 1e-3)]
    asked.append(Outcome("c", "open", "", 1, {}, 1e-3))
    code[3]["outputs"] = outputs(picture_of_line)
    code[4]["outputs"] = outputs(*(({EXERCISE: exercise_data(each), "text/plain": "x"}, {}) for each in asked))
    write_page(ExecutedLesson(Lesson(script), cells), tmp_path, lambda text: text.replace("*gap*", "LINK"))
    return (tmp_path / "07_doubling.md").read_text(encoding="utf-8")


def test_a_page_has_all_in_its_order(page):
    order = [
        *("# 7. Doubling", "07_doubling.ipynb", "predict-gate", "x = 3", "## By hand", "```text\nx + x\n```"),
        *("print(x + x)", "\n6\n", "![a \\[b\\] \\*c\\*](07_doubling-1.png)", "<b>slider</b>", "1 claim was checked"),
        *("3 is &lt; 4", '<details class="drawing"><summary>Drawing: a &lt;line&gt;', "draw(x)"),
        *("![a line]", "predict-end", "## Then", "LINK", "a) Twice four?", 'id="exercise-a"', "b) In a word?"),
        *('id="exercise-b"', 'id="exercise-c"', "giveaway", "mine_a = None", "## To read on"),
    ]
    places = [page.index(part) for part in order]
    assert places == sorted(places)
    assert "start_notebook" not in page


def test_a_numbered_list_stays_a_list_and_a_number_in_a_line_does_not_begin_one():
    assert plain_markdown("1. first\n2. second\n\nfrom 0 to\n1. Then") == "1. first\n2. second\n\nfrom 0 to\n1\\. Then"


def test_a_notebook_hides_the_code_that_only_draws(tmp_path):
    script = tmp_path / "07_doubling.py"
    script.write_text(SCRIPT, encoding="utf-8")
    hidden = [cell["source"] for cell in as_notebook(Lesson(script))["cells"] if cell["metadata"]]
    assert hidden == [["# Drawing: a <line>\n", "draw(x)"]]


def test_fields_know_what_is_right_and_why(page):
    import html
    import re

    data = [json.loads(html.unescape(each)) for each in re.findall(r'data-exercise="([^"]+)"', page)]
    a, b, _ = data
    assert (a["right"], a["traps"]) == ({"number": "8.0"}, [["that is four", {"number": "4.0"}]])
    assert (a["why"], a["form"], b["right"], b["why"]) == ("4 + 4", "a number", "eight", "a <word>")


def test_infinity_is_data_too():
    data = exercise_data(Outcome("a", "", "", np.array([[1, np.inf]]), {}, 0.1))
    assert json.loads(json.dumps(data, allow_nan=False))["right"] == [[{"number": "1.0"}, {"number": "inf"}]]


def test_every_lesson_gives_up_a_prediction_and_its_exercises():
    for lesson in every_lesson(shipped_home()):
        text = lesson.path.read_text(encoding="utf-8")
        assert "**Predict before you run.**" in text
        if lesson.answers:
            prose = "\n".join(cell.text for cell in lesson.cells if cell.prose).split("## Exercises")[1]
            assert all(f"\n{letter}) " in prose or f"`mine_{letter}`" in prose for letter in lesson.answers), (
                lesson.path
            )


def test_a_table_that_nobody_knows_is_told(tmp_path):
    (tmp_path / "x.md").write_text("<!-- table: moon -->")
    with pytest.raises(ValueError, match=r"x\.md asks for the table 'moon': there are lessons, "):
        fill_tables(tmp_path / "x.md", [], {})
    assert markdown_table(["a"], [["|"]]).endswith("| \\| |")


# -- where a book is written --------------------------------------------------------------------------


def test_a_folder_with_something_else_is_left_alone(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(build, "REQUIRED_PACKAGES", ())
    monkeypatch.setattr(build, "write_source", lambda *_: pytest.fail("it began"))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("x")
    for out, words in (
        (tmp_path / "mine", "holds something else than a book: give a new folder"),
        (tmp_path / "mine" / "thesis.tex", "is a file: give a folder for the book"),
        (tmp_path / "mine" / "thesis.tex" / "x", "cannot be written: choose a folder"),
    ):
        assert cli.main(["book", "--out", str(out)]) == 2
        error = capsys.readouterr().err
        assert words in error
        assert error.count("\n") == 1
    assert (tmp_path / "mine" / "thesis.tex").read_text() == "x"


def test_an_older_book_is_replaced_only_by_a_whole_one(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "REQUIRED_PACKAGES", ())
    monkeypatch.setattr(build, "write_source", lambda *_: None)
    out = tmp_path / "deep" / "book"

    def sphinx(source, site, text="new"):
        site.mkdir(parents=True)
        (site / "index.html").write_text(text)

    monkeypatch.setattr(build, "run_sphinx", sphinx)
    assert build.build_book(out).read_text() == "new"
    (out / "stale.html").write_text("old")

    def fails(source, site):
        sphinx(source, site, "half")
        raise ValueError("the book has faults")

    monkeypatch.setattr(build, "run_sphinx", fails)
    with pytest.raises(ValueError, match="faults"):
        build.build_book(out)
    assert (out / "index.html").read_text() == "new"
    monkeypatch.setattr(build, "run_sphinx", sphinx)
    build.build_book(out)
    assert not (out / "stale.html").exists()


def test_missing_packages_are_named(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(build, "REQUIRED_PACKAGES", ("json", "no_such_package"))
    assert cli.main(["book", "--out", str(tmp_path / "book")]) == 2
    assert capsys.readouterr().err == "minixai: the book needs no_such_package: pip install 'minixai[book]'\n"

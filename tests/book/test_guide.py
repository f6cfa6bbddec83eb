"""Which method when: every method of the catalogue has its advice, and the terminal's width is kept."""

import os

import pytest

import minixai as mx
from minixai import cli
from minixai.book.guide import ADVICE, FIVE_QUESTIONS, adds_up_text, guide_text, method_rows
from minixai.book.words import read_works
from minixai.lesson import every_lesson, shipped_home


def test_every_method_has_its_advice():
    assert set(ADVICE) == set(mx.catalogue), "write the advice for a new method into minixai/book/guide.py"
    numbers = {each.number for each in every_lesson(shipped_home())}
    works = read_works(shipped_home() / "references.toml")
    for name, advice in ADVICE.items():
        assert advice.lesson in numbers, name
        assert advice.work in works, name


def test_what_adds_up_and_under_which_condition():
    assert [adds_up_text(name) for name in ("gradient", "deep_lift", "lrp")] == ["no", "yes", "without biases"]


def test_the_path_has_five_questions_about_methods_that_exist():
    assert len(FIVE_QUESTIONS) == 5
    named = [word for _, advice in FIVE_QUESTIONS for word in advice.split("`")[1::2] if not word.endswith("=")]
    assert len(named) >= 8
    assert set(named) <= set(mx.catalogue)


@pytest.mark.parametrize("width", [40, 72, 160])
def test_the_text_keeps_the_width_and_loses_nothing(width):
    text = guide_text(width)
    assert max(map(len, text.splitlines())) <= width
    words = text.split()
    for row in method_rows():
        for cell in row[:-1]:
            assert set(cell.split()) <= {word.rstrip(".;") for word in words} | set(words), cell


def test_the_command_prints_it(monkeypatch, capsys):
    monkeypatch.setattr("shutil.get_terminal_size", lambda *_: os.terminal_size((60, 20)))
    assert cli.main(["methods"]) == 0
    assert capsys.readouterr().out == guide_text(60) + "\n"

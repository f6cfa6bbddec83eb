"""The README's tables are what the code says."""

import re
from pathlib import Path

import pytest

import minixai as mx
from minixai import zoo
from minixai.lesson import every_lesson

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def methods_table():
    titles = "| method | answers | passes | adds up | by class | sampled | compares with |"
    lines = [titles, "|---|---|---|---|---|---|---|"]
    for m in mx.catalogue.values():
        marks = ["yes" if is_so else "" for is_so in (m.complete, m.class_specific, m.sampled)]
        lines.append(f"| `{m.name}` | {m.answers} | {m.passes} | {' | '.join(marks)} | {m.compares} |")
    return "\n".join(lines)


def models_table():
    lines = ["| network | layers | parameters | right |", "|---|---|---|---|"]
    for name, recipe in zoo.RECIPES.items():
        count = sum(w.size for w in zoo.load(name).weights.values())
        right = f"{zoo.accuracy(name):.2%} of {recipe.course.measured}"
        lines.append(f"| `{name}` | {recipe.about} | {count:,} | {right} |")
    return "\n".join(lines)


def lessons_table():
    lines = ["| lesson | question | afterwards | minutes |", "|---|---|---|---|"]
    for lesson in every_lesson(ROOT / "lessons"):
        name = f"[{lesson.title}](lessons/{lesson.path.name})"
        lines.append(f"| {name} | {lesson.question} | {lesson.about('Afterwards')} | {lesson.about('Minutes')} |")
    return "\n".join(lines)


@pytest.mark.parametrize("table", [methods_table, pytest.param(models_table, marks=pytest.mark.slow), lessons_table])
def test_table_is_current(table):
    assert table() in README, f"put this into the README:\n{table()}"


def test_links_lead_somewhere():
    for link in re.findall(r"\]\(([^)#]+)\)", README):
        assert link.startswith("http") or (ROOT / link).exists(), link


def test_there_are_two_command_lines():
    assert len(re.findall(r"```bash\n(.*\n)```", README)) == 2

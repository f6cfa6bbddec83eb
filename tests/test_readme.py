"""The README is short, and its tables are what the code says."""

import re
from pathlib import Path

import pytest

import minixai as mx
from minixai.lesson import every_lesson
from minixai.references import ledger

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def methods_table():
    lines = ["| method | question it answers | adds up |", "|---|---|---|"]
    lines += [f"| `{m.name}` | {m.answers} | {'yes' if m.complete else ''} |" for m in mx.catalogue.values()]
    return "\n".join(lines)


def lessons_table():
    lines = ["| lesson | minutes |", "|---|---|"]
    lines += [
        f"| [{lesson.title}](lessons/{lesson.path.name}) | {lesson.about('Minutes')} |"
        for lesson in every_lesson(ROOT / "lessons")
    ]
    return "\n".join(lines)


@pytest.mark.parametrize("table", [methods_table, lessons_table])
def test_table_is_current(table):
    assert table() in README, f"put this into the README:\n{table()}"


def test_it_is_short():
    assert len(README.encode()) <= 9000


def test_it_counts_the_claims():
    assert f"computes {len(ledger())} published results again" in README


def test_links_lead_somewhere():
    for link in re.findall(r"\]\(([^)#]+)\)", README):
        assert link.startswith("http") or (ROOT / link).exists(), link


def test_there_are_two_command_lines():
    assert len(re.findall(r"```bash\n(.*\n)```", README)) == 2

"""The tests are tested: break one line of the engine at a time, and a named test must notice.

Each mutant is a copy of minixai/ in a temporary folder, in which the tests run in a process of their own.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from mutants import MUTANTS, Mutant

HERE, ROOT = Path(__file__).resolve().parent, Path(__file__).resolve().parents[2]
Run = Callable[..., tuple[int, str]]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="each mutant runs in a fork of one warm process"),
]


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    """run(tree, *tests) -> pytest's exit code there, and what it printed"""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-P", str(HERE / "runner.py")]
    with subprocess.Popen(command, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as runner:
        assert runner.stdin
        assert runner.stdout

        def run(tree: Path, *tests: str) -> tuple[int, str]:
            print(json.dumps([str(tree), *tests]), file=runner.stdin, flush=True)
            return int(runner.stdout.readline()), (tree / "report.txt").read_text(encoding="utf-8")

        yield run
        runner.stdin.close()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The tree, with a minixai of its own and everything else as it is.

    Compiled files come along: compiling all modules takes three times as long as importing them.
    """
    folder = tmp_path.resolve()
    shutil.copytree(ROOT / "minixai", folder / "minixai")
    shutil.copy(ROOT / "pyproject.toml", folder)
    for name in ("tests", "data", "lessons"):
        (folder / name).symlink_to(ROOT / name, target_is_directory=True)
    return folder


def change(tree: Path, mutant: Mutant) -> None:
    """Put the mistake into the copy."""
    path = tree / "minixai" / mutant.file
    source = path.read_text(encoding="utf-8")
    assert source.count(mutant.old) == 1, f"{mutant.old!r} occurs {source.count(mutant.old)} times in {mutant.file}"
    path.write_text(source.replace(mutant.old, mutant.new), encoding="utf-8")


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: f"{mutant.file}: {mutant.mistake}")
def test_a_mistake_is_noticed(mutant: Mutant, tree: Path, run: Run) -> None:
    change(tree, mutant)
    code, report = run(tree, mutant.test)
    assert code == 1, f"exit code {code}: {mutant.test} did not notice\n{report}"
    assert re.search(r"\b1 failed\b", report.splitlines()[-1]), report  # a failed test, and no error before it


@pytest.mark.parametrize("file", sorted({mutant.file for mutant in MUTANTS}))
def test_without_a_mistake_nothing_is_noticed(file: str, tree: Path, run: Run) -> None:
    code, report = run(tree, *sorted({mutant.test for mutant in MUTANTS if mutant.file == file}))
    assert code == 0, report


def test_what_is_no_failed_test_does_not_count(tree: Path, run: Run) -> None:
    """A test that is not there, and an engine that cannot be imported, are no successes."""
    assert run(tree, "tests/test_graph.py::test_of_nothing")[0] == 4
    (tree / "minixai" / "rules" / "slopes.py").write_text("1 +", encoding="utf-8")
    code, report = run(tree, "tests/test_graph.py::test_names")
    assert (code, "SyntaxError" in report) == (99, True)


def test_there_are_no_two_alike() -> None:
    assert len({(m.file, m.old, m.new) for m in MUTANTS}) == len(MUTANTS) >= 30

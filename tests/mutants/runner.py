"""Runs tests in copies of the tree, each in a process of its own.

    python runner.py        then, line by line on stdin:    ["/path/to/copy", "tests/test_graph.py::test_names"]
                            and, line by line on stdout:    pytest's exit code

Loading NumPy, SciPy, pytest and Hypothesis takes longer than most tests do.  One process loads them, never
minixai, and each run is a fork of it, which imports the copy; what it prints is in report.txt there.
"""

import json
import os
import signal
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

PATIENCE = 60  # seconds, for a mistake that makes a test run for ever


class Quickly:
    """Hypothesis without shrinking, and the same examples every time."""

    def pytest_configure(self) -> None:
        from hypothesis import HealthCheck, Phase, settings

        quick = settings(
            max_examples=60,
            phases=[Phase.explicit, Phase.generate],
            derandomize=True,
            database=None,
            deadline=None,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        )
        settings.register_profile("mutants", quick)
        settings.load_profile("mutants")


def run(tree: Path, tests: list[str]) -> Any:
    """pytest's exit code for `tests` in `tree`, which must be where minixai comes from."""
    import pytest

    os.chdir(tree)
    sys.path.insert(0, str(tree))
    import minixai

    if Path(minixai.__file__).parent != tree / "minixai":
        raise ImportError(f"this is not the copy: {minixai.__file__}")
    return pytest.main(
        ["-x", "-m", "", "--assert=plain", "--tb=short", "-p", "no:cacheprovider", *tests], plugins=[Quickly()]
    )


def fork(tree: Path, tests: list[str]) -> int:
    """The exit code of a child that does it; 99 if it did not come so far."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 99
    try:
        signal.alarm(PATIENCE)
        report = os.open(tree / "report.txt", os.O_WRONLY | os.O_CREAT)
        os.dup2(report, 1)
        os.dup2(report, 2)
        code = int(run(tree, tests))
    except BaseException as problem:
        print(repr(problem))
    finally:
        sys.stdout.flush()
        os._exit(code)


if __name__ == "__main__":
    for heavy in ("numpy.testing", "scipy.special", "scipy.ndimage", "pytest", "hypothesis.extra.numpy"):
        import_module(heavy)
    for line in sys.stdin:
        tree, *tests = json.loads(line)
        print(fork(Path(tree), tests), flush=True)

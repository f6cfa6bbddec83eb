"""`minixai bench`: measure how fast minixai is, compared with other libraries that are installed."""

from __future__ import annotations

import argparse
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from minixai.cli.options import Commands, add_command
from minixai.text import say
from minixai.validate import one_of

ABOUT = """
Measure how fast minixai is, beside the other libraries that are installed.

It takes about eight minutes, or one with --quick.  Prints a table in markdown, with the
machine and the versions; a ratio below 1 means that minixai is faster.  PyTorch,
captum, shap and MyGrad take part where they are installed.  Needs a clone.
"""


def add_bench(commands: Commands) -> None:
    parser = add_command(commands, bench, ABOUT, "minixai bench --quick\nminixai bench --sections layers,small")
    parser.add_argument(
        "--sections",
        metavar="NAME,NAME,...",
        help="layers, vgg, small, methods, rows, memory, floor, import (default: all)",
    )
    parser.add_argument("--quick", action="store_true", help="two turns of each, to see that it works")
    parser.add_argument(
        "--busy",
        action="store_true",
        help="count processor time, of one thread for each library: for a machine that has other work to do",
    )


def bench(args: argparse.Namespace) -> None:
    """Run `minixai bench` with the parsed options."""
    runner = load_benchmark()
    sections = args.sections.split(",") if args.sections else list(runner.SECTIONS)
    for section in sections:
        one_of(section, runner.SECTIONS, "section")
    say(runner.main(sections, args.quick, args.busy))


def load_benchmark() -> Any:
    """Return the module of the benchmark, which is among the tests.  Raises ValueError outside a clone."""
    path = Path(__file__).parents[2] / "tests" / "benchmarks" / "bench.py"
    if not path.exists():
        raise ValueError("the benchmark needs a clone of minixai, it is no part of the package: run it there")
    spec = spec_from_file_location("bench", path)
    if spec is None or spec.loader is None:
        raise ValueError(f"the benchmark {str(path)!r} cannot be loaded: restore it in the clone")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

"""Parse the command line; `COMMANDS` lists all commands in the order of the help."""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import metadata
from inspect import cleandoc
from pathlib import Path

from minixai.cli.audit import add_audit
from minixai.cli.bench import add_bench
from minixai.cli.compare import add_compare
from minixai.cli.experiments import add_experiment
from minixai.cli.explain import add_explain
from minixai.cli.learning import add_book, add_check, add_lesson, add_lessons
from minixai.cli.listing import add_methods, add_models
from minixai.cli.options import Commands, Parser
from minixai.cli.predict import add_predict
from minixai.cli.score import add_score
from minixai.cli.tour import add_tour
from minixai.cli.verify import add_verify
from minixai.cli.weights import add_download, add_train
from minixai.text import quoted, say

COMMANDS = (
    add_tour,
    add_explain,
    add_compare,
    add_predict,
    add_audit,
    add_score,
    add_methods,
    add_models,
    add_train,
    add_download,
    add_lessons,
    add_lesson,
    add_check,
    add_book,
    add_experiment,
    add_verify,
    add_bench,
)

ABOUT = """
Attribution methods for image networks: which pixels made the network decide as it does?

Begin with `minixai tour`.
"""


def build_parsers() -> tuple[Parser, Commands]:
    """Return the main parser, and its commands; their `choices` are {name of a command: its parser}."""
    parser = Parser(
        prog="minixai",
        description=cleandoc(ABOUT),
        epilog="Every command has a --help with examples.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="store_true", help="print the version")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command")
    for add in COMMANDS:
        add(commands)
    return parser, commands


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace | None:
    """Return the options that were typed, with the function of the command as `run`.

    If no command is to be run, print the help or the version, and return None.  Raises ValueError for unknown commands
    and options, and for wrong or empty values.
    """
    parser, commands = build_parsers()
    words = list(sys.argv[1:] if argv is None else argv)
    if words and words[0] in commands.choices:
        commands.choices[words[0]].check_names(words[1:])
    elif words and not words[0].startswith("-"):
        near = get_close_matches(words[0][:20], commands.choices, 1)
        parser.error(f"{quoted(words[0])} is no command" + (f", did you mean {near[0]}?" if near else ""))
    try:
        args, rest = parser.parse_known_args(words)
    except SystemExit:  # --help of a command
        return None
    if args.version:
        say(f"minixai {version()}")
        return None
    if args.command is None:
        (parser.error(f"{quoted(rest[0])} is no command") if rest else parser.print_help())
        return None
    if rest:
        args.parser.error(f"{quoted(rest[0])} is no option of {args.command}")
    for name, value in vars(args).items():
        if isinstance(value, str) and not value.strip():
            option = f"--{name.replace('_', '-')}"
            label = option if option in args.parser.option_names else args.parser.metavar(name)
            args.parser.error(f"{label} is empty: give a value, or leave it out")
    return args


def version() -> str:
    """Return the version of the installed package or, in a clone that is not installed, that in pyproject.toml."""
    try:
        return metadata.version("minixai")
    except metadata.PackageNotFoundError:
        text = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
        return str(tomllib.loads(text)["project"]["version"])

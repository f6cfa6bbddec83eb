"""Declare commands and the options that several of them share, and read their values."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from inspect import cleandoc
from typing import Any, NoReturn, TypeAlias

from minixai.text import printable, quoted, shorten
from minixai.validate import MOST_SEED

Run: TypeAlias = Callable[[argparse.Namespace], "int | None"]
Commands: TypeAlias = "argparse._SubParsersAction[Parser]"

PICTURES = (".png", ".pdf", ".svg")
"""Endings of the pictures that commands can write."""
MOST_SAMPLES = 100_000
"""The largest number of samples.  With it the standard error is 1/316 of that of one sample, and hardly shrinks on."""
DIGITS_OF_A_NUMBER = 18


class Parser(argparse.ArgumentParser):
    """Parser of a command's options.  A mistake raises ValueError with one line that also says how to get help."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # what starts like a negative number is a value and no option, so that `--preprocessing -1..1` works
        self._negative_number_matcher = re.compile(r"-\.?\d")

    def error(self, message: str) -> NoReturn:
        raise ValueError(f"{printable(shorten(message, 400))}; see {self.prog} --help")

    @property
    def option_names(self) -> list[str]:
        return list(self._option_string_actions)

    def metavar(self, dest: str) -> str:
        """Return the name that the help shows for the value of an argument."""
        return next((str(action.metavar) for action in self._actions if action.dest == dest and action.metavar), dest)

    def check_names(self, words: Iterable[str]) -> None:
        """Raise ValueError for a word that looks like an option of this command but is not.

        Without this check argparse would complain about the next word instead, which it takes for an image file.
        """
        for word in words:
            if word == "--":
                return
            name = word.split("=")[0]
            if not name.startswith("--") or name in self.option_names:
                continue
            near = get_close_matches(name, self.option_names, 1, 0.7)
            suggestion = f", did you mean {near[0]}?" if near else ""
            self.error(f"{quoted(name)} is no option of {self.prog.split()[-1]}{suggestion}")


def add_command(commands: Commands, run: Run, about: str, examples: str, name: str | None = None) -> Parser:
    """Add a command, and return the parser of its options.

    Parameters
    ----------
    commands : the commands of the main parser
    run : function of the parsed options
        Runs the command and returns the exit code; None stands for 0.
    about : str
        The description that --help shows; its first line also stands in the list of commands.
    examples : str
        Examples for --help, one command line per line.
    name : str, optional
        The name of the command, by default the name of `run`.
    """
    text = cleandoc(about)
    parser = commands.add_parser(
        name or run.__name__,
        help=text.splitlines()[0].rstrip("."),
        description=text,
        epilog="examples:\n" + "\n".join(f"  {line}" for line in cleandoc(examples).splitlines()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(run=run, parser=parser)
    return parser


def add_out(parser: Parser, default: str | None = None, shown: str = "%(default)s", what: str | None = None) -> None:
    """Add --out, the file to write; `what` describes it if it is no picture, and `shown` is the default in the help."""
    what = what or f"the picture, {', '.join(PICTURES)}"
    parser.add_argument("--out", metavar="FILE", default=default, help=f"{what} (default: {shown})")


def add_seed(parser: Parser, default: int | None = None) -> None:
    """Add --seed, the seed of the random numbers."""
    parser.add_argument(
        "--seed", metavar="N", type=seed, default=default, help="where the random numbers start (default: 0)"
    )


def whole_number(least: int, most: int, why: str) -> Callable[[str], int]:
    """Return a function that reads a whole number from `least` to `most`.

    It raises ArgumentTypeError for other texts; `why` is the reason, with advice, that it gives for too large a number.
    """

    def read(text: str) -> int:
        if not text.isdecimal():
            raise argparse.ArgumentTypeError(f"{quoted(text)} is not a whole number from {least} on")
        if len(text.lstrip("0")) > DIGITS_OF_A_NUMBER or int(text) > most:
            raise argparse.ArgumentTypeError(f"{shorten(text, 24)} is too large: {why}")
        if int(text) < least:
            raise argparse.ArgumentTypeError(f"{int(text)} is too few, give {least} or more")
        return int(text)

    return read


seed = whole_number(0, MOST_SEED, f"give a seed from 0 to {MOST_SEED}")
samples = whole_number(
    1,
    MOST_SAMPLES,
    f"with {MOST_SAMPLES:,} samples the standard error is already 1/316 of that of one; give at most as many",
)


def image_shape(text: str) -> tuple[int, int, int]:
    """Return (H, W, C), the height, the width and the channels of an image, from a text such as "224,224,3".

    Raises ArgumentTypeError for other texts.
    """
    parts = text.replace("x", ",").replace("×", ",").split(",")
    if len(parts) != 3 or not all(part.strip().isdecimal() and 0 < len(part.strip()) < 6 for part in parts):
        raise argparse.ArgumentTypeError(
            f"{quoted(text)} is no shape: give height, width and channels, such as 224,224,3"
        )
    h, w, c = (int(part) for part in parts)
    if min(h, w, c) < 1:
        raise argparse.ArgumentTypeError(f"{quoted(text)} is no shape: each number is at least 1")
    return h, w, c

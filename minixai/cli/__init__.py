"""The command line: `minixai`, or `python -m minixai`.

A command is a function of its options, and its docstring is its --help.  Wrong input raises
ValueError where it is noticed, and `main` makes one line of it.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from io import TextIOWrapper

from minixai.cli.options import parsed

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return the exit code: 0, 1 if a claim does not hold, 2 for wrong input, 130 if interrupted.

    >>> main(["predict", "--digit", "1"])  # doctest: +ELLIPSIS
    model       digits, 28 × 28 × 1 -> 10 classes
    ...
    0
    """
    try:
        return run(argv)
    except KeyboardInterrupt:
        return complaint("interrupted", 130)
    except BrokenPipeError:  # whoever reads the output has enough, as in `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (ValueError, TypeError, OSError) as problem:
        return complaint(str(problem), 2)


def run(argv: Sequence[str] | None) -> int:
    """Read the options and call the command, for the exit code."""
    code = None
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that has no × shows ?
    with warnings.catch_warnings():
        warnings.showwarning = noted
        if args := parsed(argv):
            code = args.run(args)
    sys.stdout.flush()
    return code or 0


def noted(message: Warning | str, *where: object, **more: object) -> None:
    """Print a warning as one line on stderr."""
    print("minixai: note:", " ".join(str(message).splitlines()), file=sys.stderr)


def complaint(text: str, code: int) -> int:
    """Print one line on stderr and return the exit code."""
    if code == 130 and sys.stderr.isatty():
        print(file=sys.stderr)  # leave the line on which progress was shown
    print("minixai:", " ".join(text.splitlines()), file=sys.stderr)
    return code

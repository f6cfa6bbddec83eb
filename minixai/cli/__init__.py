"""The command line: `minixai`, or `python -m minixai`.

Each command stands in a file with its options.  Wrong input raises ValueError where it is noticed, and `main` makes
one line of it.  What was typed becomes one typed question, which goes one way:

    commands.py         which command was typed
    explain.py, ...     the commands, each beside its options
    question.py         what was typed, as one typed value
    subject.py          the network and the image that it names
    arguments.py        the methods' arguments that its words stand for
    cost.py             what the work will cost
    output.py           where the picture goes
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path

from minixai import interrupts
from minixai.cli.commands import parse
from minixai.progress import is_terminal, write_stderr
from minixai.text import printable, quoted, shorten

__all__ = ["main"]

LONGEST = 1500
"""Letters of a line on stderr."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return the exit code: 0, 1 if a claim fails, 2 for wrong input, 130 if interrupted.

    >>> main(["predict", "--digit", "1"])  # doctest: +ELLIPSIS
    model       digits, 28 × 28 × 1 -> 10 classes
    ...
    0
    """
    try:
        interrupts.release()
        return run(argv)
    except KeyboardInterrupt:
        interrupts.State.announced = True
        warnings.simplefilter("ignore", ResourceWarning)  # of a file that was open when the interrupt came
        return print_error("interrupted", 130)
    except BrokenPipeError:  # the reader of the output has enough, as in `| head`
        discard_output()
        return 141
    except MemoryError:
        return print_error(
            "there is not enough memory for this: take a smaller network, fewer images or fewer samples", 2
        )
    except (ValueError, TypeError, OSError) as problem:
        return print_error(error_sentence(problem), 2)
    finally:
        interrupts.guard()


def run(argv: Sequence[str] | None) -> int:
    """Parse the words, run the command, and return its exit code."""
    check_output()
    code = None
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that has no × shows ?
    with warnings.catch_warnings():
        warnings.showwarning = show_warning
        if args := parse(argv):
            code = args.run(args)
    sys.stdout.flush()
    return code or 0


def check_output() -> None:
    """Raise ValueError, before the work, if what is printed would be lost."""
    if sys.stdout is None:
        raise ValueError("standard output is closed, so nothing can be printed: redirect it to a file instead")
    if is_stdout_full():
        raise ValueError(disk_full_message(errno.ENOSPC))


def is_stdout_full() -> bool:
    """Return whether standard output is a file on a full disk."""
    try:
        number = sys.stdout.fileno()
        here = os.fstat(number)
        if stat.S_ISREG(here.st_mode):
            disk = os.fstatvfs(number)
            return disk.f_blocks > 0 and disk.f_bavail == 0
        return os.path.samestat(here, os.stat("/dev/full"))
    except (AttributeError, OSError, ValueError):  # such as in a notebook, where it is no file
        return False


def disk_full_message(number: int) -> str:
    return f"what this prints cannot be written ({os.strerror(number)}): redirect it to a disk with room"


def show_warning(message: Warning | str, *where: object, **more: object) -> None:
    """Print a warning as one line on stderr."""
    write_stderr(f"minixai: note: {printable(' '.join(str(message).splitlines()))}\n")


def print_error(text: str, code: int) -> int:
    """Print one line on stderr and return the exit code."""
    if code == 130 and is_terminal():
        write_stderr("\n")  # leave the line on which progress was shown
    write_stderr(f"minixai: {printable(shorten(' '.join(text.splitlines()), LONGEST))}\n")
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except (OSError, ValueError):
        discard_output()
    return code


def discard_output() -> None:
    """Let what was printed and cannot be written vanish, or Python complains of it when it ends."""
    with suppress(AttributeError, OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def error_sentence(problem: Exception) -> str:
    """Return what went wrong in one sentence; the operating system's reasons get the file that they are about."""
    if not isinstance(problem, OSError) or not problem.strerror:
        return str(problem) or type(problem).__name__
    if problem.filename is None and problem.errno is not None:
        return disk_full_message(problem.errno)
    return f"cannot use {quoted(Path(str(problem.filename)))} ({problem.strerror}): give another file"

"""The command line: `minixai`, or `python -m minixai`.

Each command has a file that also declares its options.  Wrong input raises ValueError where it is noticed, and `main`
prints the message as one line.  The words of the command line pass through these files in order:

    commands.py         find out which command was typed
    explain.py, ...     declare the options of a command, and run it
    question.py         turn the words into one typed value
    subject.py          load the network and the image
    arguments.py        turn words into arguments of methods
    cost.py             estimate the cost of the work
    output.py           write the picture
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
"""The largest number of letters in a line on stderr; longer messages are shortened."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return the exit code.

    It is 0; 1 if a claim fails; 2 for wrong input, a file that cannot be used, or lack of memory; 130 if interrupted;
    141 if the reader of a pipe stops reading.

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
        warnings.simplefilter("ignore", ResourceWarning)  # about files that were open at the interrupt
        return print_error("interrupted", 130)
    except BrokenPipeError:  # the reader of the output stopped reading, as in `| head`
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
    """Parse the words of the command line, run the command, and return its exit code."""
    check_output()
    code = None
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # print ? for a character that the encoding lacks, such as ×
    with warnings.catch_warnings():
        warnings.showwarning = show_warning
        if args := parse(argv):
            code = args.run(args)
    sys.stdout.flush()
    return code or 0


def check_output() -> None:
    """Raise ValueError if standard output is closed or its disk is full; called before the work."""
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
    except (AttributeError, OSError, ValueError):  # standard output is no file, for example in a notebook
        return False


def disk_full_message(number: int) -> str:
    return f"what this prints cannot be written ({os.strerror(number)}): redirect it to a disk with room"


def show_warning(message: Warning | str, *where: object, **more: object) -> None:
    """Print a warning as one line on stderr."""
    write_stderr(f"minixai: note: {printable(' '.join(str(message).splitlines()))}\n")


def print_error(text: str, code: int) -> int:
    """Print the text as one line on stderr, and return `code`."""
    if code == 130 and is_terminal():
        write_stderr("\n")  # leave the line of the progress display
    write_stderr(f"minixai: {printable(shorten(' '.join(text.splitlines()), LONGEST))}\n")
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except (OSError, ValueError):
        discard_output()
    return code


def discard_output() -> None:
    """Send buffered output that cannot be written to the null device, so that Python does not complain at exit."""
    with suppress(AttributeError, OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def error_sentence(problem: Exception) -> str:
    """Return a sentence that says what went wrong; for an error of the operating system it names the file."""
    if not isinstance(problem, OSError) or not problem.strerror:
        return str(problem) or type(problem).__name__
    if problem.filename is None and problem.errno is not None:
        return disk_full_message(problem.errno)
    return f"cannot use {quoted(Path(str(problem.filename)))} ({problem.strerror}): give another file"

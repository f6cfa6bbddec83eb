"""A one-line progress display on stderr that says how long the work will take; by default only on a terminal."""

from __future__ import annotations

import sys
import time
import weakref
from contextlib import suppress
from typing import ClassVar

from minixai.text import printable

UNUSABLE = (AttributeError, OSError, TypeError, ValueError)
"""The errors of a stderr that is None, closed, full, or not a real file."""


class Progress:
    """Shows at once what is being done, and after a second also how long the rest will take.

    A Progress that starts while another is shown is hidden.  A stderr that cannot be written to never stops the work.

    Parameters
    ----------
    what : str
        A description of the work.
    total : int
        Number of steps.
    show : bool, optional
        Whether to show progress; by default if stderr is a terminal.

    >>> progress = Progress("training", 10, show=False)
    >>> progress.advance(1, "loss 0.5")
    >>> progress.close()
    """

    outermost: ClassVar[weakref.ref[Progress] | None] = None

    def __init__(self, what: str, total: int, show: bool | None = None) -> None:
        self.what, self.total, self.done = what, total, 0
        watched = is_terminal() if show is None else show
        self.show = watched and (Progress.outermost is None or Progress.outermost() is None)
        self.start = self.last = time.monotonic()
        self.width = 0
        if self.show:
            Progress.outermost = weakref.ref(self)
            self.write(what)

    def advance(self, steps: int = 1, note: str = "") -> None:
        """Count `steps` more steps as done, and show the time left and a note."""
        self.done += steps
        now = time.monotonic()
        if self.show and now - self.start > 1 and (now - self.last > 0.1 or self.done == self.total):
            left = (now - self.start) / self.done * (self.total - self.done)
            self.write(f"{self.what}: {self.done}/{self.total}, {left:.0f} s left{note and ', '}{note}")
            self.last = now

    def close(self) -> None:
        """Clear the line."""
        if self.show:
            Progress.outermost = None
            self.write("")
            write_stderr("\r")

    def write(self, text: str) -> None:
        clean = printable(text)  # a note may hold names from outside
        write_stderr("\r" + clean.ljust(self.width))
        self.width = len(clean)


def write_stderr(text: str) -> None:
    with suppress(*UNUSABLE):
        sys.stderr.write(text)
        sys.stderr.flush()


def is_terminal() -> bool:
    """Whether stderr is a terminal."""
    with suppress(*UNUSABLE):
        return bool(sys.stderr.isatty())
    return False

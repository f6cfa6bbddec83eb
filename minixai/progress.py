"""One line on stderr that tells how long work will take; silent when nobody watches."""

from __future__ import annotations

import sys
import time
import weakref
from contextlib import suppress
from typing import ClassVar

UNUSABLE = (AttributeError, OSError, TypeError, ValueError)
"""What a stderr raises that is None, closed, full, or an object of somebody's own."""


class Progress:
    """What will be done, at once; after a second how long it will take.  Work inside other work is silent.

    Shown if stderr is a terminal, or `show` says so.  A stderr that cannot be written to never stops the work.

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
        """`steps` more of the total are done."""
        self.done += steps
        now = time.monotonic()
        if self.show and now - self.start > 1 and (now - self.last > 0.1 or self.done == self.total):
            left = (now - self.start) / self.done * (self.total - self.done)
            self.write(f"{self.what}: {self.done}/{self.total}, {left:.0f} s left{note and ', '}{note}")
            self.last = now

    def close(self) -> None:
        """Wipe the line."""
        if self.show:
            Progress.outermost = None
            self.write("")
            put("\r")

    def write(self, text: str) -> None:
        put("\r" + text.ljust(self.width))
        self.width = len(text)


def put(text: str) -> None:
    with suppress(*UNUSABLE):
        sys.stderr.write(text)
        sys.stderr.flush()


def is_terminal() -> bool:
    """Whether a person reads stderr."""
    with suppress(*UNUSABLE):
        return bool(sys.stderr.isatty())
    return False

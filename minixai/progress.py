"""One line on stderr that tells how long work will take; silent when nobody watches."""

from __future__ import annotations

import sys
import time
import weakref
from typing import ClassVar


class Progress:
    """What will be done, at once; after a second how long it will take.  Work inside other work is silent.

    Shown if stderr is a terminal, or `show` says so.

    >>> progress = Progress("training", 10, show=False)
    >>> progress.advance(1, "loss 0.5")
    >>> progress.close()
    """

    outermost: ClassVar[weakref.ref[Progress] | None] = None

    def __init__(self, what: str, total: int, show: bool | None = None) -> None:
        self.what, self.total, self.done = what, total, 0
        watched = sys.stderr.isatty() if show is None else show
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
            sys.stderr.write("\r")
            sys.stderr.flush()

    def write(self, text: str) -> None:
        sys.stderr.write("\r" + text.ljust(self.width))
        sys.stderr.flush()
        self.width = len(text)

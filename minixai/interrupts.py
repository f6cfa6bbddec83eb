"""Ctrl-C in a command of minixai: one line and exit code 130, whatever the process is doing.

While a command works, Ctrl-C raises KeyboardInterrupt, so that half-written files are removed.  While modules load and
while the interpreter ends it ends the process at once: an exception that is raised inside NumPy's start shows as a
traceback, or as an ImportError.  A program that imports minixai keeps its own handling of signals.

Importing this module is enough to guard the imports that follow.
"""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from typing import Any

LINE = b"minixai: interrupted\n"
AGAIN = 0.02
"""Seconds until an interrupt is raised again that came where Python cannot raise it."""


class State:
    """What this process has said of an interrupt."""

    announced = False


def is_command() -> bool:
    """Return whether this process runs `minixai` or `python -m minixai`."""
    program = (getattr(sys, "argv", None) or [""])[0]
    if program == "-m":  # so it is while Python imports the package whose __main__ it will run
        words = sys.orig_argv
        return "-mminixai" in words or ("-m", "minixai") in pairwise(words)
    folder, name = os.path.split(program)
    return name.removesuffix(".exe") == "minixai" or (name, os.path.basename(folder)) == ("__main__.py", "minixai")


def announce() -> None:
    """Write the line, once."""
    if not State.announced:
        State.announced = True
        with suppress(OSError):
            os.write(2, (b"\n" if os.isatty(2) else b"") + LINE)  # a new line where progress was shown


def exit_at_once(*signal_and_frame: Any) -> None:
    """Handle Ctrl-C by ending the process."""
    announce()
    os._exit(130)


def interrupt_once(*signal_and_frame: Any) -> None:
    """Handle Ctrl-C by an exception; the next one ends the process at once."""
    signal.signal(signal.SIGINT, exit_at_once)
    raise KeyboardInterrupt


def guard() -> None:
    """Let Ctrl-C end the process at once from here on, if it is a command and Ctrl-C is not ignored."""
    handled = signal.default_int_handler, interrupt_once
    if (
        is_command()
        and threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) in handled
    ):
        signal.signal(signal.SIGINT, exit_at_once)


def release() -> None:
    """Let Ctrl-C raise KeyboardInterrupt again, after `guard`."""
    State.announced = False
    if signal.getsignal(signal.SIGINT) is exit_at_once:
        sys.unraisablehook = raise_later
        signal.signal(signal.SIGINT, interrupt_once)


@contextmanager
def loading() -> Iterator[None]:
    """Load modules in the middle of a command."""
    guard()
    try:
        yield
    finally:
        release()


def raise_later(unraisable: Any) -> None:
    """Raise an interrupt again that came inside a callback of the garbage collector, where Python drops exceptions."""
    if unraisable.exc_type is not KeyboardInterrupt:
        sys.__unraisablehook__(unraisable)
        return
    signal.signal(signal.SIGINT, interrupt_once)
    threading.Timer(AGAIN, _thread.interrupt_main).start()


guard()

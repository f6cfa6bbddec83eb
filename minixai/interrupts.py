"""Ctrl-C in a command of minixai: one line and exit code 130, whatever the process is doing.

While a command works, Ctrl-C raises KeyboardInterrupt, so that half-written files are removed.  While modules load it
ends the process at once: an exception raised while NumPy loads would show as a traceback, or as an ImportError.
While the interpreter exits it is ignored, because the work is done.  A program that imports minixai keeps its own
handling of signals.

Importing this module is enough to guard the imports that follow, so it imports as little as it can itself.
"""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]  # signal itself would load enum first
import atexit
import os
import sys

LINE = b"minixai: interrupted\n"
AGAIN = 0.02
"""Seconds until an interrupt that came where Python cannot raise it is raised again."""


class State:
    """Whether this process has announced an interrupt."""

    announced = False


def is_command() -> bool:
    """Return whether this process runs `minixai` or `python -m minixai`."""
    program = (getattr(sys, "argv", None) or [""])[0]
    if program == "-m":  # this is its value while Python imports the package whose __main__ it will run
        return "-mminixai" in sys.orig_argv or "-m minixai" in " ".join(sys.orig_argv)
    folder, name = os.path.split(program)
    return name.removesuffix(".exe") == "minixai" or (name, os.path.basename(folder)) == ("__main__.py", "minixai")


def announce() -> None:
    """Write LINE to stderr, only once."""
    if not State.announced:
        State.announced = True
        try:  # noqa: SIM105  (contextlib is not loaded yet)
            os.write(2, (b"\n" if os.isatty(2) else b"") + LINE)  # a new line where progress was shown
        except OSError:
            pass


def exit_at_once(*signal_and_frame: object) -> None:
    """Handle Ctrl-C by ending the process."""
    announce()
    os._exit(130)


def interrupt_once(*signal_and_frame: object) -> None:
    """Handle Ctrl-C by an exception; the next one ends the process at once."""
    signal.signal(signal.SIGINT, exit_at_once)
    raise KeyboardInterrupt


def guard() -> None:
    """From now on let Ctrl-C end the process at once, if this is a command and Ctrl-C has Python's or our handler."""
    if is_command() and signal.getsignal(signal.SIGINT) in (signal.default_int_handler, interrupt_once):
        try:
            signal.signal(signal.SIGINT, exit_at_once)
        except ValueError:  # only the main thread may set signal handlers
            return
        atexit.unregister(ignore)
        atexit.register(ignore)


def ignore() -> None:
    """Ignore Ctrl-C.  Python removes handlers while it exits, so otherwise Ctrl-C would kill the finished process."""
    if signal.getsignal(signal.SIGINT) is exit_at_once:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def release() -> None:
    """Let Ctrl-C raise KeyboardInterrupt again, after `guard`."""
    State.announced = False
    if signal.getsignal(signal.SIGINT) is exit_at_once:
        sys.unraisablehook = raise_later
        signal.signal(signal.SIGINT, interrupt_once)


class Loading:
    """Guards the imports in a with block, in the middle of a command."""

    def __enter__(self) -> None:
        guard()

    def __exit__(self, *problem: object) -> None:
        release()


def raise_later(unraisable: sys.UnraisableHookArgs) -> None:
    """Raise an interrupt again that came inside a callback of the garbage collector, where Python drops exceptions."""
    if unraisable.exc_type is not KeyboardInterrupt:
        sys.__unraisablehook__(unraisable)
        return
    import _thread
    import threading

    def again() -> None:
        if hasattr(signal, "pthread_kill"):  # which wakes the main thread, should it sleep
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        else:
            _thread.interrupt_main()

    signal.signal(signal.SIGINT, interrupt_once)
    threading.Timer(AGAIN, again).start()


guard()

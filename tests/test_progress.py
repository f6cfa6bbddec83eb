"""The line that tells how long work will take: told beforehand, wiped afterwards, one at a time."""

import io
from contextlib import redirect_stderr

import numpy as np
import pytest

import minixai as mx
from minixai.progress import Progress


class Terminal(io.StringIO):
    """A stderr that somebody watches."""

    def isatty(self):
        return True

    def told(self):
        """What was written since the last time."""
        text = self.getvalue()
        self.seek(0)
        self.truncate()
        return text


@pytest.fixture
def clock(monkeypatch):
    """Two seconds pass whenever somebody looks."""
    ticks = iter(range(0, 1_000_000, 2))
    monkeypatch.setattr("time.monotonic", lambda: next(ticks))


def watched():
    """A terminal in the place of stderr.  (pytest puts its own there between a fixture and a test.)"""
    return redirect_stderr(Terminal())


def test_told_at_once_and_wiped(clock):
    with watched() as terminal:
        line = Progress("5,000 rows forward", 5000)
        assert terminal.told() == "\r5,000 rows forward"
        line.advance(2500)
        assert "5,000 rows forward: 2500/5000, " in terminal.told()
        line.close()
        assert terminal.told().strip("\r ") == ""


def test_work_inside_other_work_is_silent(clock):
    with watched() as terminal:
        outer = Progress("outer", 2)
        inner = Progress("inner", 2)
        inner.advance()
        inner.close()
        outer.advance()
        assert "inner" not in terminal.told()
        outer.close()
        Progress("next", 1).close()
        assert "next" in terminal.told()


def test_what_was_abandoned_is_forgotten(clock):
    with watched() as terminal:

        def fails():
            Progress("abandoned", 2)
            raise ValueError

        with pytest.raises(ValueError):  # noqa: PT011
            fails()
        Progress("next", 1).close()
        assert "next" in terminal.told()


def test_methods_tell_their_rows(clock):
    with watched() as terminal:
        x = np.ones((2, 3))
        network = lambda x: (x * x).sum()  # noqa: E731
        mx.integrated_gradients(network, x, steps=30, batch=20)
        assert "integrated_gradients: 60 rows forward and back" in terminal.told()
        mx.smooth_grad(network, x, samples=10, method=mx.integrated_gradients, batch=20)
        told = terminal.told()
        assert "smooth_grad: 1,040 rows forward and back" in told  # 10 samples of 2 inputs, each 50 steps and two ends
        assert told.index("smooth_grad") > 0
        assert "integrated_gradients: 1," not in told


def test_nobody_watches(capsys):
    mx.integrated_gradients(lambda x: (x * x).sum(), np.ones((2, 3)), batch=7)
    assert capsys.readouterr().err == ""


class Closed(io.StringIO):
    """A stderr that can be asked, but not written to."""

    def isatty(self):
        return True

    def write(self, text):
        raise OSError("no space left on device")


@pytest.mark.parametrize("stderr", [None, Closed(), object(), io.BytesIO()], ids=["none", "full", "object", "bytes"])
def test_a_stderr_that_cannot_be_used_stops_nothing(stderr, monkeypatch):
    monkeypatch.setattr("sys.stderr", stderr)
    shown = Progress("work", 2, show=True)
    shown.advance(2)
    shown.close()
    assert mx.gradient(mx.toys.saturation, [[1.0, 0.0]]).cost == (1, 1)


def test_a_closed_stderr_stops_nothing(monkeypatch):
    stream = Closed()
    stream.close()
    monkeypatch.setattr("sys.stderr", stream)
    assert mx.smooth_grad(mx.toys.saturation, [[1.0, 0.0]], samples=2).values.shape == (1, 2)

"""Ctrl-C at any moment ends the call, and nothing else: no lock stays held, BLAS has its threads, answers are right."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SCRIPT = """
import faulthandler, signal, sys, time
faulthandler.dump_traceback_later(float(sys.argv[2]), exit=True)
import numpy as np
import minixai as mx
from minixai.layers import Conv2D, Dense, Flatten, MaxPool2D
from minixai.ops import threads

wanted = int(sys.argv[1])
layers = [Conv2D(64, 3, padding="same", activation="relu"), Conv2D(64, 3, activation="relu"), MaxPool2D(), Flatten()]
model = mx.Model([*layers, Dense(5)], input_shape=(16, 16, 3))
x = np.random.default_rng(0).random((6, 16, 16, 3)).astype(np.float32)
work = [
    lambda: model.scores(x),
    lambda: mx.gradient(model, x, 0).values,
    lambda: mx.integrated_gradients(model, x[:2], 0, steps=4).values,
    lambda: mx.deep_lift(model, x, 0).values,
    lambda: mx.occlusion(model, x[:1], 0, window=8, stride=8).values,
    lambda: model.astype(np.float32).scores(x),
]
expected = [each().tobytes() for each in work]
before, fired = threads.thread_count(), False

def interrupt(*_):
    global fired
    fired = True
    raise KeyboardInterrupt

signal.signal(signal.SIGALRM, interrupt)
rng, lost = np.random.default_rng(int(sys.argv[3])), 0
for i in range(wanted):
    each, fired = i % len(work), False
    try:
        signal.setitimer(signal.ITIMER_REAL, float(rng.uniform(1e-4, 0.03)))
        while not fired:
            work[each]()
        lost += 1
    except KeyboardInterrupt:
        pass
    for _ in range(500):  # a helper may still be at its last job, or a thread about to give BLAS its own back
        if not threads.limiter.owners and threads.thread_count() == before:
            break
        time.sleep(0.01)
    assert not threads.limiter.owners, i
    assert threads.thread_count() == before, (i, threads.thread_count())
    assert threads.current_owner() is None
    if i % 5 == 0:
        assert work[each]().tobytes() == expected[each], i
assert all(each().tobytes() == bits for each, bits in zip(work, expected))
print(wanted, lost, threads.helpers.made)
"""


def interrupted(times: int, seed: int, seconds: float) -> None:
    told = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(times), str(seconds), str(seed)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert told.returncode == 0, told.stderr[-3000:]
    assert "Exception ignored" not in told.stderr, told.stderr[:3000]
    count, lost, helpers = map(int, told.stdout.split())
    assert (count, lost) == (times, 0)
    assert helpers <= max(1, os.cpu_count() or 1)


posix = pytest.mark.skipif(os.name != "posix", reason="needs setitimer")


@posix
def test_forty_interrupts() -> None:
    interrupted(40, 0, 60)


@posix
@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_five_hundred_interrupts(seed: int) -> None:
    interrupted(500, seed, 240)

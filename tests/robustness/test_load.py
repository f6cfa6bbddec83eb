"""A long day: thousands of images, threads and forks, and memory and open files stay as they are."""

import gc
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import minixai as mx
from minixai.images import read_images

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads memory and open files from /proc"),
]

DIGITS, PHOTOS, THREADS, FORKS = 10_000, 500, 8, 4
AT_ONCE = 200
GROWTH = 40 << 20
"""Bytes by which resident memory may grow after the first quarter: the allocator keeps some of what was freed."""


def resident() -> int:
    """Bytes of memory that this process holds."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def open_files() -> int:
    """Files that this process has open."""
    return len(os.listdir("/proc/self/fd"))


def expect_flat(memory: list[int], files: list[int]) -> None:
    """Expect that neither grew after the first quarter."""
    quarter = len(memory) // 4
    print(f"memory {memory[quarter] >> 20} MB to {max(memory) >> 20} MB, files {files[quarter]} to {max(files)}")
    assert max(memory[quarter:]) - memory[quarter] < GROWTH, [each >> 20 for each in memory]
    assert max(files[quarter:]) <= files[quarter], files


def test_ten_thousand_digits_in_eight_threads() -> None:
    model, (images, _) = mx.load("digits"), mx.datasets.digits("test")
    methods = [mx.gradient, mx.deep_lift, mx.lrp, mx.guided_backprop, mx.grad_cam]
    alone = [method(model, images[:4], 0).values.tobytes() for method in methods]

    def explain(k: int) -> None:
        start = k * AT_ONCE % len(images)
        model.predict(images[start : start + AT_ONCE])
        method = k % len(methods)
        methods[method](model, images[start : start + AT_ONCE], 0)
        assert methods[method](model, images[:4], 0).values.tobytes() == alone[method]

    memory, files = list[int](), list[int]()
    for _ in range(8):  # a pool each, so that threads begin and end
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(explain, range(DIGITS // AT_ONCE // 8 + 1)))
        memory.append(resident())
        files.append(open_files())
    expect_flat(memory, files)


def test_five_hundred_photos(tmp_path: Path) -> None:
    """Read from files, classified, one in twenty explained and saved."""
    from PIL import Image

    model, rng = mx.load("efficientnet-lite0"), np.random.default_rng(0)
    paths = [tmp_path / f"{i}.jpg" for i in range(10)]
    for path in paths:
        Image.fromarray(rng.integers(0, 256, (300, 400, 3), dtype=np.uint8)).save(path)
    memory, files = list[int](), list[int]()
    for k in range(PHOTOS // 5):
        photos = read_images([paths[(5 * k + i) % len(paths)] for i in range(5)], like=model)
        model.predict(photos)
        if k % 4 == 0:
            mx.gradient(model, photos[:1]).save(tmp_path / "map.npz")
            memory.append(resident())
            files.append(open_files())
    expect_flat(memory, files)


FORKED = """
import os, sys, numpy as np, minixai as mx
model, (images, _) = mx.load("digits"), mx.datasets.digits("test")
expected = mx.deep_lift(model, images[:50], 0).values.tobytes()  # threads are there before the fork
children = []
for _ in range(int(sys.argv[1])):
    child = os.fork()
    if child == 0:
        same = all(mx.deep_lift(model, images[:50], 0).values.tobytes() == expected for _ in range(10))
        os._exit(0 if same else 1)
    children.append(child)
assert mx.deep_lift(model, images[:50], 0).values.tobytes() == expected
assert [os.waitpid(child, 0)[1] for child in children] == [0] * len(children)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_four_forks() -> None:
    root = str(Path(__file__).parents[2])
    told = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORKED, str(FORKS)],
        capture_output=True,
        text=True,
        timeout=240,
        env=os.environ | {"PYTHONPATH": root},
    )
    assert told.returncode == 0, told.stderr[-2000:]

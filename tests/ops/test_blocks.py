"""Blocks, threads and work buffers change how fast an answer comes, and never the answer."""

import os
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import ThreadpoolController

from minixai.arrays import Array
from minixai.ops import blocks, direct, memory, pooling, threads, winograd
from minixai.ops.functions import Relu, Sigmoid
from minixai.ops.pooling import MaxPool

RNG = np.random.default_rng(0)
X = RNG.normal(size=(4, 37, 41, 16)).astype(np.float32)
M = RNG.normal(size=(4, 37, 41, 24)).astype(np.float32)
W = RNG.normal(size=(3, 3, 16, 24)).astype(np.float32)
SAME = direct.Geometry(padding=((1, 1), (1, 1)))
STRIDED = direct.Geometry((2, 3), ((1, 0), (2, 1)), (2, 1), 4)
LARGE = RNG.normal(size=(3, 2 * blocks.JOB // 3 + 5)).astype(np.float32)
POOL, OVERLAP = MaxPool((2, 2), (2, 2), ((0, 1), (1, 0))), MaxPool((3, 3), (2, 1), ((1, 1), (1, 1)))

WORK: dict[str, Callable[[], Array]] = {
    "direct": lambda: direct.correlate(X, W, M[0, 0, 0], SAME),
    "direct, back": lambda: direct.image_gradient(X, W, M, SAME),
    "direct, kernels": lambda: direct.kernel_gradient(X, W, M, SAME),
    "strided, in groups": lambda: direct.correlate(X, W[:, :, :4], None, STRIDED),
    "scattered": lambda: direct.image_gradient(X, W[:, :, :4], M[:, :17, :14], STRIDED),
    "winograd": lambda: winograd.correlate(X, W, M[0, 0, 0], SAME.padding),
    "winograd, back": lambda: winograd.image_gradient(M, W, SAME.padding),
    "max-pool": lambda: POOL.forward(X),
    "max-pool, back": lambda: POOL.vjp(0, POOL.forward(X), X),
    "max-pool, winner": lambda: POOL.argmax(X, X[:1]),
    "max-pool, take": lambda: POOL.gather(X, POOL.argmax(X)),
    "overlapping, back": lambda: OVERLAP.vjp(0, OVERLAP.forward(X), X),
    "overlapping, give": lambda: OVERLAP.scatter(OVERLAP.forward(X), OVERLAP.argmax(X[:1]), X),
    "elementwise": lambda: Relu().forward(LARGE),
    "elementwise, back": lambda: Sigmoid().vjp(0, LARGE, LARGE[:1]),
}
every = pytest.mark.parametrize("work", WORK.values(), ids=WORK.keys())


class Library:
    """A BLAS that can be limited, if only in name."""

    def __init__(self, n: int) -> None:
        self.num_threads = n

    def set_num_threads(self, n: int) -> None:
        pass


@pytest.fixture
def several(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """several(n): from now on n threads, whether threadpoolctl is there or not."""
    return lambda n: monkeypatch.setattr(threads, "libraries", lambda: [Library(n)])


@every
def test_the_number_of_threads_changes_nothing(work: Callable[[], Array], several: Callable[[int], None]) -> None:
    several(1)
    alone = work()
    several(3)
    for _ in range(3):
        assert work().tobytes() == alone.tobytes()


@every
def test_buffers_are_written_before_they_are_read(work: Callable[[], Array], several: Callable[[int], None]) -> None:
    several(2)
    first = work()
    work()
    for bench in memory.free_workspaces:
        for buffer in bench.buffers.values():
            buffer[:] = 255  # all bits set is NaN
    again = work()
    assert not np.isnan(again).any()
    assert again.tobytes() == first.tobytes()


@every
def test_answers_are_no_work_buffers(work: Callable[[], Array]) -> None:
    y = work()
    for bench in memory.free_workspaces:
        assert not any(np.shares_memory(buffer, y) for buffer in bench.buffers.values())


def test_many_callers_at_once(several: Callable[[int], None]) -> None:
    """As in a server: whoever does not get the threads does the work alone, and nobody sees another's buffers."""
    several(2)
    expected = {name: work() for name, work in WORK.items()}
    names = [*WORK] * 3
    with ThreadPoolExecutor(4) as pool:
        for name, y in zip(names, pool.map(lambda name: WORK[name](), names), strict=True):
            assert y.tobytes() == expected[name].tobytes(), name


@given(images=st.integers(0, 5), rows=st.integers(1, 9), row=st.integers(1, 20), most=st.integers(1, 300))
def test_pieces_hold_everything_once(images: int, rows: int, row: int, most: int) -> None:
    seen = np.zeros((images, rows), int)
    for i, r in blocks.tiles(range(images), range(rows), row, most):
        seen[i.start : i.stop, r.start : r.stop] += 1
        assert len(i) * len(r) * row <= max(most, row)
        assert len(i) == 1 or len(r) == rows
    assert (seen == 1).all()


def test_work_that_fails_says_so_and_leaves_the_threads_free(several: Callable[[int], None]) -> None:
    several(2)

    def work(bench: Any, i: int) -> None:
        raise ZeroDivisionError(i)

    with pytest.raises(ZeroDivisionError):
        blocks.in_parallel(work, [(i,) for i in range(4)])
    assert threads.current_owner() is None
    assert not threads.limiter.owners


def test_work_that_fails_in_a_helper_says_so(several: Callable[[int], None]) -> None:
    several(2)
    me, both = threading.get_ident(), threading.Barrier(2, timeout=10)

    def work(bench: Any, i: int) -> None:
        both.wait()
        if threading.get_ident() != me:
            raise ZeroDivisionError(i)

    with pytest.raises(ZeroDivisionError):
        blocks.in_parallel(work, [(i,) for i in range(2)])


def test_jobs_within_jobs_are_done_by_the_thread_that_asks(several: Callable[[int], None]) -> None:
    several(2)
    who: list[tuple[int, int]] = []

    def outer(bench: Any, i: int) -> None:
        me = threading.get_ident()
        blocks.in_parallel(lambda bench, j: who.append((me, threading.get_ident())), [(j,) for j in range(3)])

    blocks.in_parallel(outer, [(i,) for i in range(4)])
    assert len(who) == 12
    assert all(a == b for a, b in who)


def test_every_thread_works_as_the_caller_was_told(several: Callable[[int], None]) -> None:
    """Methods silence what they tell in their own words, and a helper's warning would come from nowhere."""
    several(2)
    both, seen = threading.Barrier(2, timeout=10), list[tuple[int, dict[str, str]]]()

    def work(bench: Any, i: int) -> None:
        both.wait()
        seen.append((threading.get_ident(), dict(np.geterr())))

    with np.errstate(all="raise", divide="ignore"):
        asked = dict(np.geterr())
        blocks.in_parallel(work, [(i,) for i in range(2)])
    assert len({who for who, _ in seen}) == 2
    assert [how for _, how in seen] == [asked, asked]


def test_no_new_threads_while_the_interpreter_ends(
    several: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for a thread that is still at work when the main one is done: then it does the jobs alone."""
    several(2)

    def ended(*args: Any) -> int:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threads, "helpers", threads.Helpers())
    threads.own_threads(lambda: None)  # who limits BLAS is there already
    monkeypatch.setattr(threads, "_thread", SimpleNamespace(start_new_thread=ended))
    order: list[int] = []
    blocks.in_parallel(lambda bench, i: order.append(i), [(i,) for i in range(9)])
    assert order == [*range(9)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes do not fork here")
def test_a_forked_process_waits_for_no_thread_of_its_parent() -> None:
    code = """
import os, signal
import numpy as np
from minixai.ops import blocks, threads

def fork():
    if child := os.fork():
        raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    signal.alarm(10)
    seen = []
    blocks.in_parallel(lambda space, i: seen.append((i, threads.thread_count())), [(i,) for i in range(9)])
    assert sorted(seen) == [(i, 1) for i in range(9)], seen
    assert threads.thread_count() == before
    os._exit(0)

before = threads.thread_count()
blocks.in_parallel(lambda space, i: None, [(i,) for i in range(9)])  # the threads are there
threads.own_threads(fork)  # and BLAS is limited, as by another thread at that moment
"""
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2]).returncode == 0


def test_blas_has_its_threads_back_afterwards() -> None:
    controller = ThreadpoolController()
    with controller.limit(limits=2, user_api="blas"):
        before, seen = threads.thread_count(), list[int]()
        blocks.in_parallel(lambda bench, i: seen.append(threads.thread_count()), [(i,) for i in range(8)])
        assert threads.thread_count() == before
        assert set(seen) == {1}


def test_where_blas_cannot_be_asked_the_jobs_run_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "libraries", list)
    order: list[int] = []
    blocks.in_parallel(lambda bench, i: order.append(i), [(i,) for i in range(9)])
    assert order == [*range(9)]


def test_windows_are_never_laid_out_all_at_once() -> None:
    """Those of this image are nine times as large as itself."""
    x = np.ones((8, 96, 96, 16), np.float32)
    w = np.ones((3, 3, 16, 16), np.float32)
    for work in (
        lambda: direct.correlate(x, w, None, SAME),
        lambda: direct.image_gradient(x, w, x, SAME),
        lambda: direct.kernel_gradient(x, w, x, SAME),
        lambda: winograd.correlate(x, w, None, SAME.padding),
        lambda: direct.scatter_windows(x, w, x[:, ::2, ::2], direct.Geometry((2, 2), ((0, 1), (0, 1)))),
    ):
        memory.free_workspaces.clear()
        tracemalloc.start()
        work()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 3 * x.nbytes, work


@pytest.mark.parametrize("name", ["direct", "direct, back", "direct, kernels", "scattered", "winograd", "max-pool"])
def test_blocks_add_up_to_the_whole(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One piece of everything gives what many do, but for the order of sums."""

    def limit(size: int) -> None:
        for module, constant in ((direct, "LAID_OUT"), (direct, "LEAST"), (winograd, "PIECE"), (pooling, "BLOCK")):
            monkeypatch.setattr(module, constant, size)

    limit(1 << 12)
    y = WORK[name]()
    limit(1 << 30)
    np.testing.assert_allclose(y, WORK[name](), rtol=0, atol=1e-5 * abs(y).max())


@pytest.mark.parametrize("one", [True, False])
def test_blocks_of_a_function_are_the_function(one: bool) -> None:
    x, y = LARGE, LARGE[:1] if one else LARGE[::-1]
    np.testing.assert_array_equal(blocks.in_blocks(np.subtract, x, y), x - y)
    np.testing.assert_array_equal(blocks.in_blocks(np.subtract, y, x), y - x)
    wide = x.T  # no rows in a row of memory
    np.testing.assert_array_equal(blocks.in_blocks(np.abs, wide), abs(wide))


# -- memory that is used again ---------------------------------------------------------------------------
def address(y: Array) -> int:
    return int(y.__array_interface__["data"][0])


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> memory.ArrayPool:
    monkeypatch.setattr(memory, "array_pool", memory.ArrayPool())
    return memory.array_pool


@pytest.mark.usefixtures("store")
def test_memory_is_used_again_once_nobody_holds_it() -> None:
    y = blocks.empty((300, 1000), np.float32)
    place = address(y)
    del y
    assert address(blocks.empty((1000, 300), np.float32)) == place
    assert address(blocks.empty((150, 1000), np.float64)) == place


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    "view",
    [
        lambda y: y,
        lambda y: y[5:, 2],
        lambda y: y.T[..., None],
        lambda y: y.view(np.int32),
        lambda y: np.broadcast_to(y[:1], y.shape),
        lambda y: memoryview(y),
        lambda y: SimpleNamespace(value=y[None]),
    ],
)
def test_memory_in_any_use_is_left_alone(view: Callable[[Array], Any]) -> None:
    y = blocks.empty((300, 1000), np.float32)
    place, held = address(y), view(y)
    del y
    others = [blocks.empty((300, 1000), np.float32) for _ in range(3)]
    assert len({place, *map(address, others)}) == 4
    del held


def test_what_is_kept_is_bounded(store: memory.ArrayPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "KEPT", 1 << 20)
    several = [blocks.empty((100_000 + i,), np.float32) for i in range(8)]
    last = several[-1].nbytes
    while several:
        several.pop(0)
        store.reclaim()
        assert store.idle <= 1 << 20
    assert list(store.unused.values())[-1].nbytes == last
    assert store.in_use == 0
    assert blocks.empty((1 << 19,), np.float32).base is None  # more than is ever kept
    assert blocks.empty((10,), np.float32).base is None


def test_a_call_keeps_no_more_than_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "array_pool", store := memory.ArrayPool())
    monkeypatch.setattr(memory, "array_pool", store)
    monkeypatch.setattr(memory, "KEPT", 1 << 20)
    threads.own_threads(lambda: [blocks.empty((100_000 + i,), np.float32) for i in range(8)].clear())
    assert not store.returned
    assert 0 < store.idle <= 1 << 20


@given(st.lists(st.integers(0, 9), max_size=40))
def test_no_peak_becomes_higher(turns: list[int]) -> None:
    store, held, most = memory.ArrayPool(), list[Array](), 0
    for turn in turns:  # take memory of one of six sizes, or give some back
        if turn < 6:
            held.append(store.allocate(100 * (turn + 1)))
        elif held:
            held.pop(turn % len(held))
            store.reclaim()
        now = sum(each.size for each in held)
        most = max(most, now)
        assert now == store.in_use
        assert store.idle == sum(each.size for each in store.unused.values())
        assert now + store.idle <= most


@pytest.mark.parametrize(("rows", "wide"), [(1, 3), (3, 1), (7, blocks.JOB // 50 + 3), (0, 4)])
def test_a_product_is_a_product(rows: int, wide: int) -> None:
    x, w = RNG.normal(size=(rows, 60)), RNG.normal(size=(60, wide))
    np.testing.assert_allclose(blocks.matrix_product(x, w), x @ w, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(blocks.matrix_product(x, w.T.copy().T), x @ w, rtol=1e-12, atol=1e-12)


def test_a_large_product_is_shared(several: Callable[[int], None], monkeypatch: pytest.MonkeyPatch) -> None:
    several(2)
    jobs: list[int] = []
    share = blocks.in_parallel
    monkeypatch.setattr(blocks, "in_parallel", lambda work, each: share(work, jobs.append(len(each)) or each))
    x, w = RNG.normal(size=(2, 1100)), RNG.normal(size=(1100, 1001))
    np.testing.assert_allclose(blocks.matrix_product(x, w), x @ w, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(blocks.matrix_product(x[:, :9], w[:9]), x[:, :9] @ w[:9], rtol=1e-12, atol=1e-12)
    assert jobs == [blocks.SHARES, 1]

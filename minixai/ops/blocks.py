"""Large arrays, a block at a time: a block that stays in the cache meets memory once, however much is done to it.

Blocks are jobs that know nothing of each other, so they may run on several threads.  Those pay only while the matrix
products inside them keep to one thread each, which NumPy cannot ask of its BLAS but threadpoolctl can (the extra
`fast`).  Where it is missing, jobs run one after the other and BLAS uses its threads as it likes.  How the work is
cut into jobs does not depend on who does them, and neither does the answer; but where BLAS uses threads, their number
may decide the last bits of a product.
"""

from __future__ import annotations

import os
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, nullcontext, suppress
from contextvars import copy_context
from functools import cache
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from minixai.arrays import Array

BLOCK = 1 << 15
"""Numbers of an array that are worked on at a time: a few such blocks fit into a core's own cache."""
SHARES = 4
"""Parts of one large matter that has no other parts: as many threads may take one."""
JOB = 32 * BLOCK
"""Numbers below which a second thread takes longer to wake than to help."""


class Workspace:
    """Work buffers under names, used again and again: memory fresh from the system is slow at first touch.

    What lies in a buffer is whatever was left there, so it is written before it is read.
    """

    def __init__(self) -> None:
        self.buffers: dict[str, Array] = {}

    def __call__(self, name: str, shape: tuple[int, ...], dtype: npt.DTypeLike) -> Array:
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        if name not in self.buffers or self.buffers[name].size < size:
            self.buffers[name] = np.empty(size, np.uint8)
        return self.buffers[name][:size].view(dtype).reshape(shape)


free_workspaces: list[Workspace] = []
"""The workspaces that nobody uses.  Who needs one takes it away, so no two threads ever share a buffer."""


KEPT = 1 << 29
"""Bytes of memory without use that are kept, at most."""


class ArrayPool:
    """The memory of arrays that are gone, kept for others of the same size.

    Together with what is in use it is never more than was in use at some time, so no peak becomes higher by it.
    """

    def __init__(self) -> None:
        self.unused: list[Array] = []  # the latest last
        self.coming: deque[Array] = deque()
        self.in_use = self.most = self.idle = 0  # bytes; idle are those of `unused`
        self.lock = Lock()

    def allocate(self, size: int) -> Array:
        with self.lock:
            self.reclaim()
            self.in_use += size
            self.most = max(self.most, self.in_use)
            latest = next((i for i in reversed(range(len(self.unused))) if self.unused[i].size == size), None)
            memory = None if latest is None else self.unused.pop(latest)
            self.idle -= 0 if memory is None else size
            self.reclaim()
        return np.empty(size, np.uint8) if memory is None else memory

    def release(self, memory: Array) -> None:
        """Called wherever an array happens to end, so perhaps while the lock is held: then it waits for the next."""
        self.coming.append(memory)
        if self.lock.acquire(blocking=False):
            try:
                self.reclaim()
            finally:
                self.lock.release()

    def reclaim(self) -> None:
        """Put away the memory that came back, and free for the system what was unused for longest."""
        while self.coming:
            self.unused.append(self.coming.popleft())
            self.in_use -= self.unused[-1].size
            self.idle += self.unused[-1].size
        while self.unused and self.idle > min(KEPT, self.most - self.in_use):
            self.idle -= self.unused.pop(0).size


array_pool = ArrayPool()


def empty(shape: tuple[int, ...], dtype: npt.DTypeLike) -> Array:
    """Like `np.empty`, but reuses the memory of a freed array of the same size.

    Memory returns to the pool once nobody holds its array or a view of it.
    """
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    if size < BLOCK or size > KEPT:
        return np.empty(shape, dtype)
    memory = array_pool.allocate(size)
    lent = np.frombuffer(memory.data, np.uint8)  # every view of the array holds this, and not memory itself
    weakref.finalize(lent, array_pool.release, memory).atexit = False
    return lent.view(dtype).reshape(shape)


@contextmanager
def workspace() -> Iterator[Workspace]:
    try:
        space = free_workspaces.pop()
    except IndexError:  # nobody has left one, or another thread was faster
        space = Workspace()
    try:
        yield space
    finally:
        free_workspaces.append(space)


def in_parallel(work: Callable[..., None], jobs: Iterable[tuple[Any, ...]]) -> None:
    """work(space, *job) for every job, in any order, on as many threads as BLAS would have used.

    If someone else has the threads, or work calls this again, the jobs are done by the thread that asks.
    """
    waiting = deque(jobs)

    def run() -> None:
        with workspace() as space:
            while waiting:
                try:
                    job = waiting.popleft()
                except IndexError:  # another thread was faster
                    return
                work(space, *job)

    if not busy.acquire(blocking=False):
        return run()
    try:
        helpers, others = min(thread_count(), len(waiting)) - 1, list[Future[None]]()
        with (
            blas_controller().limit(limits=1) if blas_controller() else nullcontext()
        ):  # a small product, too: BLAS's threads stay awake
            try:
                with suppress(RuntimeError):  # no new threads, because the interpreter is ending: then it goes alone
                    for _ in range(helpers):  # each in a copy of what holds here, such as np.errstate
                        others.append(thread_pool(helpers).submit(copy_context().run, run))
                run()
            finally:  # nobody may go on writing when this returns
                waiting.clear()
                wait(others)
            for other in others:
                other.result()
    finally:
        busy.release()


busy = Lock()


@cache
def thread_pool(helpers: int) -> ThreadPoolExecutor:
    """Threads that wait for work: to wake one takes less time than to make it."""
    return ThreadPoolExecutor(helpers, "minixai")


def reset_after_fork() -> None:
    """A forked process has none of the threads, and what they held nobody would give back."""
    global busy
    thread_pool.cache_clear()
    busy, array_pool.lock = Lock(), Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=reset_after_fork)


def thread_count() -> int:
    """How many threads BLAS may use just now, if that can be asked and changed; otherwise 1."""
    return (
        max((library.num_threads for library in blas_controller().lib_controllers), default=1)
        if blas_controller()
        else 1
    )


@cache
def blas_controller() -> Any:
    """What holds BLAS to a number of threads, or None."""
    try:
        from threadpoolctl import ThreadpoolController
    except ImportError:
        return None
    return ThreadpoolController().select(user_api="blas")


def in_blocks(f: Callable[..., Array], *xs: Array) -> Array:
    """f(*xs) for a function that works entry by entry and keeps the dtype.  Rows of one stand for all.

    >>> in_blocks(np.add, np.ones((3, 2)), np.array([[1.0, 2.0]])).tolist()
    [[2.0, 3.0], [2.0, 3.0], [2.0, 3.0]]
    """
    largest = max(xs, key=np.size)
    if largest.size <= BLOCK:
        return np.asarray(f(*xs))
    alike = all(x.shape == largest.shape for x in xs)
    flat = [x.reshape(1 if alike else len(x), -1) for x in xs]
    rows, length = max(map(len, flat)), flat[0].shape[1]
    y = empty((rows, length), largest.dtype)

    def work(space: Workspace, i: int, start: int, stop: int) -> None:
        for at in range(start, stop, BLOCK):
            part = slice(at, min(at + BLOCK, stop))
            y[i, part] = f(*(x[i if len(x) > 1 else 0, part] for x in flat))

    in_parallel(work, [(i, at, min(at + JOB, length)) for i in range(rows) for at in range(0, length, JOB)])
    return y.reshape(rows if not alike else len(largest), *largest.shape[1:])


def matrix_product(x: Array, w: Array) -> Array:
    """x (M, I) @ w (I, O) -> (M, O), where w is large in columns for several threads.

    >>> matrix_product(np.ones((1, 2)), np.array([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[4.0, 6.0]]
    """
    y = np.empty((len(x), w.shape[1]), np.result_type(x, w))
    each = -(-w.shape[1] // SHARES) if w.size > JOB else max(1, w.shape[1])

    def work(space: Workspace, at: int) -> None:
        np.matmul(x, w[:, at : at + each], out=y[:, at : at + each])

    in_parallel(work, [(at,) for at in range(0, w.shape[1], each)])
    return y


def tiles(images: range, rows: range, row: int, most: int) -> Iterator[tuple[range, range]]:
    """Images cut into pieces of at most `most` numbers, `row` in each row: some rows of one image, or whole images.

    >>> list(tiles(range(2), range(3), row=10, most=20))
    [(range(0, 1), range(0, 2)), (range(0, 1), range(2, 3)), (range(1, 2), range(0, 2)), (range(1, 2), range(2, 3))]
    >>> list(tiles(range(5), range(3), row=10, most=70))
    [(range(0, 2), range(0, 3)), (range(2, 4), range(0, 3)), (range(4, 5), range(0, 3))]
    """
    several, high = max(1, most // max(1, row * len(rows))), max(1, min(len(rows), most // max(1, row)))
    for i in range(images.start, images.stop, several):
        for r in range(rows.start, rows.stop, high):
            yield range(i, min(i + several, images.stop)), range(r, min(r + high, rows.stop))

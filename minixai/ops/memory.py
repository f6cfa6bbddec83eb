"""Reuse memory: pages that are new from the system are slow at the first access.

Nothing here holds a lock.  Each step is one operation of a dict or a deque, which is atomic, so threads may interleave
in any order.  An interrupt in between loses at worst a piece of memory, which is then freed.
"""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from math import prod

import numpy as np
import numpy.typing as npt

from minixai.arrays import Array

POOLED = 1 << 15
"""The size in bytes below which the memory of an array is not pooled."""
KEPT = 1 << 29
"""How many bytes of unused memory are kept, at most."""


class Workspace:
    """Work buffers by name, which are reused.

    A buffer still holds whatever was last written into it, so it must be written before it is read.
    """

    def __init__(self) -> None:
        self.buffers: dict[str, Array] = {}

    def __call__(self, name: str, shape: tuple[int, ...], dtype: npt.DTypeLike) -> Array:
        size = prod(shape) * np.dtype(dtype).itemsize
        if name not in self.buffers or self.buffers[name].size < size:
            self.buffers[name] = np.empty(size, np.uint8)
        return self.buffers[name][:size].view(dtype).reshape(shape)


free_workspaces: list[Workspace] = []
"""The workspaces not in use.  A user removes one from the list, so no two threads ever share a buffer."""


@contextmanager
def workspace() -> Iterator[Workspace]:
    """Lend a workspace.

    After an exception it is dropped, because another thread may still be writing into it.
    """
    try:
        space = free_workspaces.pop()
    except IndexError:  # there is none, or another thread was faster
        space = Workspace()
    yield space
    free_workspaces.append(space)


class Loan(weakref.ref[Array]):
    """A weak reference to an array that was lent; it keeps the memory that becomes free when the array is gone."""

    __slots__ = ("memory",)
    memory: Array


class ArrayPool:
    """The memory of freed arrays, kept for new arrays of the same size.

    Memory in use and unused memory together never exceed the largest amount that was ever in use, so the pool does not
    raise the peak.  An array may be freed at any moment, in the middle of any function.  So freeing one only appends
    its loan to `returned`, which runs no Python code that an interrupt could hit; the next call of `allocate` sorts it
    in.
    """

    def __init__(self) -> None:
        self.loans: dict[int, Loan] = {}
        self.returned: deque[Loan] = deque()
        self.unused: dict[int, Array] = {}  # the most recent last
        self.numbers = count()
        self.most = 0  # the most bytes that were ever in use

    @property
    def in_use(self) -> int:
        return sum(loan.memory.size for loan in self.loans.copy().values()) - sum(
            loan.memory.size for loan in self.returned.copy()
        )

    @property
    def idle(self) -> int:
        return sum(memory.size for memory in self.unused.copy().values())

    def allocate(self, size: int) -> Array:
        """Return an array of `size` bytes, which come back to the pool once nobody holds the array or a view of it."""
        self.reclaim()
        in_use = self.in_use + size
        self.most = max(self.most, in_use)
        memory = self.take(size)
        self.trim(in_use)
        memory = np.empty(size, np.uint8) if memory is None else memory
        lent = np.frombuffer(memory.data, np.uint8)  # every view of the array holds this, and not memory itself
        loan = Loan(lent, self.returned.append)
        loan.memory = memory
        self.loans[id(loan)] = loan
        return lent

    def take(self, size: int) -> Array | None:
        """The most recent unused memory of this size, which leaves the pool; None if there is none."""
        for number, memory in reversed(self.unused.copy().items()):
            if memory.size == size and (taken := self.unused.pop(number, None)) is not None:
                return taken
        return None

    def reclaim(self) -> None:
        """Make returned memory available, and free what exceeds the limit, the longest unused first."""
        while self.returned:
            try:
                loan = self.returned.popleft()
            except IndexError:  # another thread was faster
                break
            self.unused[next(self.numbers)] = loan.memory
            self.loans.pop(id(loan), None)
        self.trim(self.in_use)

    def trim(self, in_use: int) -> None:
        most, idle = min(KEPT, self.most - in_use), self.idle
        for number, memory in self.unused.copy().items() if idle > most else ():
            if idle <= most:
                break
            idle -= memory.size
            self.unused.pop(number, None)


array_pool = ArrayPool()


def empty(shape: tuple[int, ...], dtype: npt.DTypeLike) -> Array:
    """Like `np.empty`, but reuses the memory of a freed array of the same size.

    Memory returns to the pool once nobody holds its array or a view of it.
    """
    size = prod(shape) * np.dtype(dtype).itemsize
    if size < POOLED or size > KEPT:
        return np.empty(shape, dtype)
    return array_pool.allocate(size).view(dtype).reshape(shape)

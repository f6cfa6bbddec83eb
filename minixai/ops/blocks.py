"""Process large arrays a block at a time: a block stays in the cache, so memory is read and written only once.

Blocks are independent jobs, so several threads may share them (see `minixai.ops.threads`).  The work is cut into the
same jobs whichever threads do them, so the result does not depend on the threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from minixai.arrays import Array
from minixai.ops.memory import Workspace, empty, workspace
from minixai.ops.threads import in_parallel

__all__ = [
    "BLOCK",
    "JOB",
    "SHARES",
    "Workspace",
    "empty",
    "in_blocks",
    "in_parallel",
    "matrix_product",
    "tiles",
    "workspace",
]

BLOCK = 1 << 17
"""Numbers in a block: few enough to stay in a cache, and enough that two threads seldom wait for each other, as they
must before and after each call of NumPy."""
SHARES = 4
"""Into how many parts a large task is cut if it does not divide into images or rows; each thread may take one."""
JOB = 8 * BLOCK
"""The size below which waking a second thread costs more time than it saves, in numbers."""


def in_blocks(f: Callable[..., Array], *xs: Array) -> Array:
    """f(*xs), computed block by block, for a function that works entry by entry and keeps the dtype.

    f takes a keyword `out`, an array to write the result into, or None.  An array with one row is used for all rows.

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
            f(*(x[i if len(x) > 1 else 0, part] for x in flat), out=y[i, part])

    in_parallel(work, [(i, at, min(at + JOB, length)) for i in range(rows) for at in range(0, length, JOB)])
    return y.reshape(rows if not alike else len(largest), *largest.shape[1:])


def matrix_product(x: Array, w: Array) -> Array:
    """x (M, I) @ w (I, O) -> (M, O); if w is large, several threads each compute some columns.

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
    """Cut images into pieces of at most `most` numbers, if each row holds `row`: yield (images, rows) of each piece.

    A piece is some rows of one image, or several whole images.

    >>> list(tiles(range(2), range(3), row=10, most=20))
    [(range(0, 1), range(0, 2)), (range(0, 1), range(2, 3)), (range(1, 2), range(0, 2)), (range(1, 2), range(2, 3))]
    >>> list(tiles(range(5), range(3), row=10, most=70))
    [(range(0, 2), range(0, 3)), (range(2, 4), range(0, 3)), (range(4, 5), range(0, 3))]
    """
    several, high = max(1, most // max(1, row * len(rows))), max(1, min(len(rows), most // max(1, row)))
    for i in range(images.start, images.stop, several):
        for r in range(rows.start, rows.stop, high):
            yield range(i, min(i + several, images.stop)), range(r, min(r + high, rows.stop))

"""Many passes for each input: the order in which they run, how results are summed, and their random numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np

from minixai.arrays import Array
from minixai.methods.call import Call
from minixai.progress import Progress


def passes(call: Call, count: int, what: str, back: bool = True, rows: int = 1) -> Iterator[tuple[Array, Array]]:
    """(input i, pass k) of N · count passes, in batches; the passes of one input follow each other.

    `rows` is how many rows one pass sends through the network, for the progress line.
    """
    total = len(call.rows) * count
    progress = Progress(f"{what}: {total * rows:,} rows forward{' and back' * back}", total)
    for part in call.slices(total):
        i, k = np.divmod(np.arange(part.start, part.stop), count)
        yield i, k
        progress.advance(len(i))
    progress.close()


def column(numbers: Array, like: Array) -> Array:
    """`numbers` (B,) as an array (B, 1, ...), with as many axes as `like` and its dtype."""
    return numbers.astype(like.dtype).reshape(-1, *(1,) * (like.ndim - 1))


def accumulate(total: Array, i: Array, parts: Array) -> None:
    """total[i] += parts, for i in order and any number of parts for each.

    >>> total = np.zeros((2, 1))
    >>> accumulate(total, np.array([0, 0, 1]), np.array([[1.0], [2.0], [3.0]]))
    >>> total.tolist()
    [[3.0], [3.0]]
    """
    first = np.flatnonzero(np.diff(i, prepend=-1))
    total[i[first]] += np.add.reduceat(parts, first, axis=0, dtype=np.float64)


class Stream:
    """Random numbers for the passes of each input, which restart the stream at every input.

    So the numbers of an input depend on the seed alone, and not on its place in the batch.

    >>> draw = Stream(0, lambda rng, n: rng.random(n))
    >>> a, b = draw(np.array([0, 0, 1]), np.array([0, 1, 0])), draw(np.array([1]), np.array([1]))
    >>> bool(a[0] == a[2]), bool(a[1] == b[0])
    (True, True)
    """

    def __init__(self, seed: int | tuple[int, ...], draw: Callable[[np.random.Generator, int], Array]) -> None:
        self.seed, self.draw = seed, draw
        self.rng = np.random.default_rng(seed)

    def __call__(self, i: Array, k: Array) -> Array:
        """The next numbers, for the passes k of the inputs i; the calls must follow the order of the passes."""
        starts = [*np.flatnonzero(np.diff(i, prepend=-1)), len(i)]
        draws = []
        for a, b in pairwise(starts):
            if k[a] == 0:
                self.rng = np.random.default_rng(self.seed)
            draws.append(self.draw(self.rng, b - a))
        return np.concatenate(draws)

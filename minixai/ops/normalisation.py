"""Batch normalisation while training: the one op that mixes rows.

It is of no kind, so no attribution table covers it; training adds it to its own.
"""

from dataclasses import dataclass

import numpy as np

from minixai.arrays import Array, accurate_mean
from minixai.graph import Op


@dataclass(frozen=True)
class BatchNormalise(Op):
    """(x − mean) / √(variance + ε), over all axes but the last, rows included. (Ioffe & Szegedy 2015, alg. 1)"""

    epsilon: float

    def forward(self, x: Array) -> Array:
        mean, variance = moments(x)
        return np.asarray((x - mean) / np.sqrt(variance + self.epsilon))

    def vjp(self, i: int, m: Array, x: Array) -> Array:
        """(m − mean m − y · mean(m·y)) / √(variance + ε)"""
        over, (mean, variance) = tuple(range(x.ndim - 1)), moments(x)
        size = np.sqrt(variance + self.epsilon)
        y = (x - mean) / size
        return np.asarray((m - accurate_mean(m, over) - y * accurate_mean(m * y, over)) / size)


def moments(x: Array) -> tuple[Array, Array]:
    """The mean and the variance of every channel, over all axes but the last: (N, ..., C) -> (C,), (C,)"""
    over = tuple(range(x.ndim - 1))
    mean = accurate_mean(x, over)
    return mean, accurate_mean(np.square(x - mean), over)

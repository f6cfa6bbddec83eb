"""Batch normalisation in training: the only op that mixes rows.

It belongs to no kind, so no table of an attribution method covers it; training adds it to its own table.
"""

from dataclasses import dataclass

import numpy as np

from minixai.arrays import Array, accurate_mean
from minixai.graph import Op


@dataclass(frozen=True)
class BatchNormalise(Op):
    """(x − mean) / √(variance + ε), with both over all axes but the last, rows included.

    (Ioffe & Szegedy 2015, alg. 1)
    """

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
    """Mean and variance of every channel over all other axes, rows included: (N, ..., C) -> (C,), (C,)"""
    over = tuple(range(x.ndim - 1))
    mean = accurate_mean(x, over)
    return mean, accurate_mean(np.square(x - mean), over)

"""Batch normalisation while training: the one op that mixes rows.

It is of no kind, so no attribution table covers it; training adds it to its own.
"""

from dataclasses import dataclass

import numpy as np

from minixai.arrays import Array
from minixai.graph import Op


@dataclass(frozen=True)
class BatchNormalise(Op):
    """(x − mean) / √(variance + ε), over all axes but the last, rows included. (Ioffe & Szegedy 2015, alg. 1)"""

    epsilon: float

    def forward(self, x: Array) -> Array:
        over = tuple(range(x.ndim - 1))
        return np.asarray((x - x.mean(over)) / np.sqrt(x.var(over) + self.epsilon))

    def vjp(self, i: int, m: Array, x: Array) -> Array:
        """(m − mean m − y · mean(m·y)) / √(variance + ε)"""
        over, y = tuple(range(x.ndim - 1)), self.forward(x)
        return np.asarray((m - m.mean(over) - y * (m * y).mean(over)) / np.sqrt(x.var(over) + self.epsilon))

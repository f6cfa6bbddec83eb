"""What is explained: the score of one class, or the difference of two."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from minixai.arrays import Array
from minixai.graph import Node


@dataclass(frozen=True, eq=False)
class Contrast:
    """f_target, or f_target − f_versus, for each of N rows.

    >>> Contrast(np.array([1, 0]), np.array([0, 1])).of(np.array([[1.0, 4.0], [1.0, 4.0]]))
    array([ 3., -3.])
    """

    target: Array
    versus: Array | None = None

    def __getitem__(self, i: Array) -> Contrast:
        """The contrasts of the rows i."""
        return Contrast(self.target[i], None if self.versus is None else self.versus[i])

    def of(self, outputs: Array) -> Array:
        """The explained number of each row: (N, K), (N,) or one row for all -> (N,)"""
        n = len(self.target)
        rows = np.broadcast_to(outputs.reshape(len(outputs), -1), (n, outputs[0].size))
        target, versus = (0 if c is None else rows[np.arange(n), c] for c in (self.target, self.versus))
        return np.asarray(target - versus)

    def seed(self, output: Node) -> Array:
        """The seed of the backward pass: +1 at each row's target, −1 at its versus."""
        return one_hot(self.target, output) - (0 if self.versus is None else one_hot(self.versus, output))


def one_hot(classes: Array, output: Node) -> Array:
    """1 at each row's class and 0 elsewhere, (N, K) or (N,), in the dtype of the output.

    >>> one_hot(np.array([1, 0]), Node(np.zeros((2, 2)))).tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    y = np.zeros((len(classes), *output.shape[1:]), output.dtype)
    y.reshape(len(y), -1)[np.arange(len(y)), classes] = 1
    return y

"""Moments of a sample: its mean, its variance, and their standard errors."""

from __future__ import annotations

import numpy as np

from minixai.arrays import Array
from minixai.methods.passes import accumulate


class Moments:
    """Running sums of `count` arrays for each of N inputs, so that memory does not grow with the count.

    The sums are of powers of the distance to the first array of each input, so nothing cancels where the numbers are
    large and differ little.  `highest` is the highest power: 2, or 4 for the error of the variance.

    >>> sample = Moments((1,), 3)
    >>> sample.add(np.array([0, 0, 0]), np.array([0, 1, 2]), np.array([1.0, 2.0, 6.0]))
    >>> sample.mean.tolist(), sample.variance.round(12).tolist()
    ([3.0], [4.666666666667])
    """

    def __init__(self, shape: tuple[int, ...], count: int, highest: int = 2) -> None:
        self.count = count
        self.first, self.sums = np.zeros(shape), np.zeros((highest, *shape))

    def add(self, i: Array, k: Array, parts: Array) -> None:
        """Add the k-th arrays of the inputs i; for each input they must come in order."""
        self.first[i[k == 0]] = parts[k == 0]
        distance = parts - self.first[i]
        power = np.ones_like(distance)
        for total in self.sums:
            power *= distance
            accumulate(total, i, power)

    @property
    def mean(self) -> Array:
        """The mean ḡ = Σ g / n."""
        return np.asarray(self.first + self.sums[0] / self.count)

    @property
    def variance(self) -> Array:
        """The variance Σ (g − ḡ)² / n."""
        first, second = self.sums[:2] / self.count
        return np.asarray(np.maximum(second - first**2, 0))

    @property
    def standard_error(self) -> Array:
        """The standard error of the mean, √(s²/n), with s² = Σ (g − ḡ)² / (n − 1)."""
        return np.asarray(np.sqrt(self.variance / (self.count - 1)))

    @property
    def standard_error_of_variance(self) -> Array:
        """The standard error of the variance, √((μ₄ − μ₂²)/n)."""
        a, b, c, d = self.sums / self.count
        fourth = d - 4 * a * c + 6 * a**2 * b - 3 * a**4
        return np.asarray(np.sqrt(np.maximum(fourth - self.variance**2, 0) / self.count))

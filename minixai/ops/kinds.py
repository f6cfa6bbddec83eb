"""The kinds of operation: all that most rules need to know about one.

An op of a kind inherits its rules, so a new operation is one class.
"""

from abc import abstractmethod
from typing import ClassVar

import numpy as np

from minixai.arrays import Array, accurate_sum
from minixai.graph import Op
from minixai.ops.blocks import in_blocks


class Linear(Op):
    """y is a sum of entries of its inputs with weights ≥ 0 (and, padding apart, no constant)."""


class Bilinear(Op):
    """y is linear in each of its first two inputs: double one, and y doubles.

    A third input b is simply added: y = u·v + b.
    """


class Elementwise(Op):
    """y = f(x), entry by entry.  Subclasses give forward and slope, its derivative f'.

    f is the same for every entry, so the slope may be asked at a few of them only.

    `scale` is the size of x below which f no longer changes in proportion to x: 1 for a
    function that is not 0 at 0 (exp, sigmoid), 0 for every other (relu, log, 1/x).

    `rectifies` says that f is 0 below 0 and rises from there, as relu, relu6 and clip(x, 0, c) do: guided
    backprop and deconvnet treat it as a ReLU.  Leaky ReLU, elu, gelu and softplus let something through
    below 0 as well, so there is no unit that is off, and for them those methods are not defined.
    """

    scale: ClassVar[float] = 0.0
    rectifies: ClassVar[bool] = False

    @abstractmethod
    def slope(self, x: Array) -> Array:
        raise NotImplementedError(f"{type(self).__name__} has no slope: define slope(self, x) -> f'(x)")

    def vjp(self, i: int, m: Array, x: Array) -> Array:
        return in_blocks(lambda m, x, out=None: np.multiply(m, self.slope(x), out=out), m, x)


class Selection(Op):
    """y is the largest entry of each window of x; subclasses say what a window is.

    argmax(x, other)       which entry of each window is largest; of equals the one
                           that is largest in `other`, then the first
    gather(x, index)       these entries of x
    scatter(m, index, x)   m put where they stand in an array like x, added up where windows overlap
    """

    def argmax(self, x: Array, other: Array | None = None) -> Array:
        raise NotImplementedError

    def gather(self, x: Array, index: Array) -> Array:
        raise NotImplementedError

    def scatter(self, m: Array, index: Array, x: Array) -> Array:
        raise NotImplementedError

    def forward(self, x: Array) -> Array:
        return self.gather(x, self.argmax(x))

    def vjp(self, i: int, m: Array, x: Array) -> Array:
        return self.scatter(m, self.argmax(x), x)


def unbroadcast(m: Array, shape: tuple[int, ...]) -> Array:
    """Undo broadcasting: add up the entries of m that came from one entry of `shape`.

    Rows stay apart: axis 0 is added up only where `shape` has none (a weight).
    """
    missing = m.ndim - len(shape)
    if missing:
        m = accurate_sum(m, tuple(range(missing)))
    first = 0 if missing else 1
    stretched = tuple(a for a in range(first, len(shape)) if shape[a] == 1 != m.shape[a])
    return accurate_sum(m, stretched, keepdims=True) if stretched else m

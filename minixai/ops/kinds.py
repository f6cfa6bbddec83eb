"""The kinds of operation: all that most rules need to know about an op.

An op inherits the rules of its kind, so a new operation is a single class.
"""

from abc import abstractmethod
from typing import ClassVar

import numpy as np

from minixai.arrays import Array, accurate_sum
from minixai.graph import Op
from minixai.ops.blocks import in_blocks


class Linear(Op):
    """y is a sum of entries of the inputs with weights ≥ 0, without a constant; only padding adds one."""


class Bilinear(Op):
    """y = u·v, or u·v + b with a third input b.

    The product is linear in each of u and v: if one is doubled, the product doubles.
    """


class Elementwise(Op):
    """y = f(x), entry by entry.  Subclasses define forward, and slope, the derivative f'.

    f is the same for every entry, so slope may be called with only some of the entries.

    `scale` is the size of x below which f no longer changes in proportion to x: 1 for a function that is not 0 at 0
    (exp, sigmoid), and 0 for all others (relu, log, 1/x).

    `rectifies` says that f is 0 below 0 and increases from there, as relu, relu6 and clip(x, 0, c) do; guided backprop
    and deconvnet treat such a function as a ReLU.  Leaky ReLU, elu, gelu and softplus are not 0 below 0, so no unit is
    ever off, and these methods use the gradient for them.
    """

    scale: ClassVar[float] = 0.0
    rectifies: ClassVar[bool] = False

    @abstractmethod
    def slope(self, x: Array) -> Array:
        raise NotImplementedError(f"{type(self).__name__} has no slope: define slope(self, x) -> f'(x)")

    def vjp(self, i: int, m: Array, x: Array) -> Array:
        return in_blocks(lambda m, x, out=None: np.multiply(m, self.slope(x), out=out), m, x)


class Selection(Op):
    """y is the largest entry of each window of x; subclasses define the windows, by three functions.

    argmax(x, other)       the index of the largest entry in each window; of equal entries the one that is largest in
                           `other`, and of those the first
    gather(x, index)       the entries of x with these indices
    scatter(m, index, x)   an array like x with m at these entries and 0 elsewhere; summed where windows overlap
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
    """Undo broadcasting: sum the entries of m that came from the same entry of an array of shape `shape`.

    Rows are summed only if `shape` has no axis of rows, as for a weight.
    """
    missing = m.ndim - len(shape)
    if missing:
        m = accurate_sum(m, tuple(range(missing)))
    first = 0 if missing else 1
    stretched = tuple(a for a in range(first, len(shape)) if shape[a] == 1 != m.shape[a])
    return accurate_sum(m, stretched, keepdims=True) if stretched else m

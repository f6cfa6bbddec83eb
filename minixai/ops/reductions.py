"""Reductions over axes of a row: sums, means, maxima, and softmax, which is made of them."""

from dataclasses import dataclass
from math import prod

import numpy as np

from minixai.arrays import Array, accurate_mean, accurate_sum
from minixai.graph import Node
from minixai.ops.arithmetic import multiply, subtract
from minixai.ops.functions import exp, reciprocal
from minixai.ops.kinds import Linear, Selection
from minixai.ops.shapes import row_axes


@dataclass(frozen=True)
class Sum(Linear):
    """Σ x over axes of a row."""

    axes: tuple[int, ...]
    keepdims: bool = False

    def forward(self, x: Array) -> Array:
        return accurate_sum(x, self.axes, self.keepdims)

    def vjp(self, i: int, m: Array, x: Array) -> Array:
        full = m if self.keepdims else np.expand_dims(m, self.axes)
        return np.broadcast_to(full, (len(m), *x.shape[1:]))


@dataclass(frozen=True)
class Mean(Sum):
    """Σ x / count over axes of a row."""

    def forward(self, x: Array) -> Array:
        return accurate_mean(x, self.axes, self.keepdims)

    def vjp(self, i: int, m: Array, x: Array) -> Array:
        return super().vjp(i, m / prod(x.shape[a] for a in self.axes), x)


@dataclass(frozen=True)
class Max(Selection):
    """max x over axes of a row; the entries along these axes are one window."""

    axes: tuple[int, ...]
    keepdims: bool = False

    def forward(self, x: Array) -> Array:
        return np.asarray(x.max(axis=self.axes, keepdims=self.keepdims))

    def argmax(self, x: Array, other: Array | None = None) -> Array:
        entries = self.entries(x)
        if other is None:
            return np.asarray(entries.argmax(axis=-1))
        tied = entries == entries.max(axis=-1, keepdims=True)
        return np.asarray(np.where(tied, self.entries(other), -np.inf).argmax(axis=-1))

    def gather(self, x: Array, index: Array) -> Array:
        entries = self.entries(x)
        rows = np.broadcast_shapes(entries.shape[:-1], index.shape)
        y = np.take_along_axis(np.broadcast_to(entries, (*rows, entries.shape[-1])), index[..., None], axis=-1)[..., 0]
        return np.expand_dims(y, self.axes) if self.keepdims else y

    def scatter(self, m: Array, index: Array, x: Array) -> Array:
        m = m.reshape(len(m), *index.shape[1:])
        entries = np.zeros((*m.shape, prod(x.shape[a] for a in self.axes)), m.dtype)
        np.put_along_axis(entries, np.broadcast_to(index, m.shape)[..., None], m[..., None], axis=-1)
        places = entries.reshape(*m.shape, *(x.shape[a] for a in self.axes))
        return np.moveaxis(places, range(m.ndim, places.ndim), self.axes)

    def entries(self, x: Array) -> Array:
        """Move the reduced axes to the end, and join them: (N, ...) -> (N, remaining axes ..., entries of a window)"""
        last = np.moveaxis(x, self.axes, range(x.ndim - len(self.axes), x.ndim))
        return last.reshape(*last.shape[: x.ndim - len(self.axes)], prod(x.shape[a] for a in self.axes))


def sum(x: Node, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Node:
    """Σ x over axes of the row, by default over all of them.

    >>> sum(Node([[1.0, 2.0], [3.0, 4.0]])).value
    array([3., 7.])
    """
    return Sum(row_axes(x.ndim, axis), keepdims)(x)


def mean(x: Node, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Node:
    """The mean over axes of the row, by default over all; over (1, 2) of an image it is global average pooling."""
    return Mean(row_axes(x.ndim, axis), keepdims)(x)


def max(x: Node, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Node:
    """The maximum over axes of the row, by default over all; over (1, 2) of an image it is global max pooling."""
    axes = row_axes(x.ndim, axis)
    if not prod(x.shape[a] for a in axes):
        raise ValueError(f"max of a Node of shape {x.shape} over axes {axes}: there is nothing to choose from")
    return Max(axes, keepdims)(x)


def softmax(z: Node, axis: int = -1) -> Node:
    """exp(z − max z) / Σ exp(z − max z), over one axis of the row.

    It is composed of operations that have rules, including the maximum, so it needs no rule of its own.  It never
    overflows, and DeepLIFT stays complete, because value and reference each have their own maximum.

    >>> softmax(Node([[0.0, 0.0, -900.0]])).value
    array([[0.5, 0.5, 0. ]])
    """
    e = exp(subtract(z, max(z, axis, keepdims=True)))
    return multiply(e, reciprocal(sum(e, axis, keepdims=True)))

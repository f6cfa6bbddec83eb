"""Operations that only move entries: every entry of y is an entry of x, or a constant.

Axis 0 holds the rows, and no operation names or mixes it.  An op is defined by what it does to one row, so a single
reference row stays a single row.  In the functions, axes are numbered as in NumPy: 1 is the first axis of a row.
"""

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from minixai.arrays import Array
from minixai.graph import Node
from minixai.ops.kinds import Linear
from minixai.text import quoted
from minixai.validate import is_integer


class Identity(Linear):
    """y = x, a separate node that can have a name."""

    def forward(self, x: Array) -> Array:
        return x

    def vjp(self, i: int, m: Array, x: Array) -> Array:
        return m


@dataclass(frozen=True)
class Reshape(Linear):
    """(N, ...) -> (N, *shape)"""

    shape: tuple[int, ...]

    def forward(self, x: Array) -> Array:
        return x.reshape(len(x), *self.shape)

    def vjp(self, i: int, m: Array, x: Array) -> Array:
        return m.reshape(len(m), *x.shape[1:])


@dataclass(frozen=True)
class Transpose(Linear):
    """Axis j of y is axis axes[j] of x; axes[0] is 0."""

    axes: tuple[int, ...]

    def forward(self, x: Array) -> Array:
        return x.transpose(self.axes)

    def vjp(self, i: int, m: Array, x: Array) -> Array:
        return m.transpose(np.argsort(self.axes))


@dataclass(frozen=True)
class Concatenate(Linear):
    """Join inputs along an axis; an input with a single row is repeated for all rows."""

    axis: int

    def forward(self, *xs: Array) -> Array:
        (rows,) = np.broadcast_shapes(*((len(x),) for x in xs))
        return np.concatenate([np.broadcast_to(x, (rows, *x.shape[1:])) for x in xs], self.axis)

    def vjp(self, i: int, m: Array, *xs: Array) -> Array:
        start = sum(x.shape[self.axis] for x in xs[:i])
        return m[(slice(None),) * self.axis + (slice(start, start + xs[i].shape[self.axis]),)]


@dataclass(frozen=True)
class Pad(Linear):
    """Add a border of one value; widths are (before, after) for each axis of a row."""

    widths: tuple[tuple[int, int], ...]
    fill: float = 0.0

    def forward(self, x: Array) -> Array:
        return np.pad(x, ((0, 0), *self.widths), constant_values=self.fill)

    def vjp(self, i: int, m: Array, x: Array) -> Array:
        inner = (slice(a, a + n) for (a, _), n in zip(self.widths, x.shape[1:], strict=True))
        return m[(slice(None), *inner)]


@dataclass(frozen=True)
class Take(Linear):
    """x[:, *index], where index holds integers, slices, ... and None."""

    index: tuple[Any, ...]

    def forward(self, x: Array) -> Array:
        return x[(slice(None), *self.index)]

    def vjp(self, i: int, m: Array, x: Array) -> Array:
        y = np.zeros((len(m), *x.shape[1:]), m.dtype)
        y[(slice(None), *self.index)] = m
        return y


identity = Identity()


def reshape(x: Node, *shape: int | tuple[int, ...]) -> Node:
    """Reshape every row: (N, ...) -> (N, *shape), where one length may be −1 and is then computed.

    >>> reshape(Node(np.zeros((5, 12))), 2, -1).shape
    (5, 2, 6)
    """
    row, asked = x.shape[1:], one_tuple(shape)
    missing = prod(row) // max(1, prod(n for n in asked if n != -1))
    full = tuple(missing if n == -1 else n for n in asked)
    if not x.ndim or asked.count(-1) > 1 or min(full, default=0) < 0 or prod(full) != prod(row):
        raise ValueError(
            f"a row of shape {row} ({prod(row)} numbers) cannot be reshaped to {asked}: reshape takes "
            "the shape of one row, without the rows, so x.reshape(-1) flattens it"
        )
    return Reshape(full)(x)


def flatten(x: Node) -> Node:
    """Flatten every row: (N, a, b, ...) -> (N, a·b·...)"""
    return reshape(x, -1)


def transpose(x: Node, *axes: int | tuple[int, ...]) -> Node:
    """Permute the axes of a row: `axes` lists all of them in their new order, numbered from 1 to ndim − 1 as in NumPy.

    >>> transpose(Node(np.zeros((5, 2, 3, 4))), 3, 1, 2).shape
    (5, 4, 2, 3)
    """
    asked = one_tuple(axes)
    order = tuple(axis % x.ndim if -x.ndim < axis < x.ndim else 0 for axis in asked)
    if not x.ndim or sorted(order) != list(range(1, x.ndim)):
        raise ValueError(
            f"transpose of {x.shape} needs the axes 1 to {x.ndim - 1} in their new order, got {asked}: "
            "axis 0 holds the rows and stays"
        )
    return Transpose((0, *order))(x)


def concatenate(xs: Sequence[Node | Array], axis: int = -1) -> Node:
    """Join nodes and arrays along an axis of the row.

    >>> concatenate([Node(np.zeros((5, 2))), Node(np.zeros((5, 3)))]).shape
    (5, 5)
    """
    if isinstance(xs, Node) or not len(xs):
        raise ValueError(f"concatenate takes a list of Nodes, [x, y], got {xs!r}: give at least one, in a list")
    shapes = [x.shape if isinstance(x, Node) else np.shape(x) for x in xs]
    (place,) = row_axes(len(shapes[0]), operator.index(axis))
    if len({(len(s), s[1:place], s[place + 1 :]) for s in shapes}) > 1 or len({s[0] for s in shapes} - {1}) > 1:
        raise ValueError(
            f"cannot concatenate shapes {', '.join(map(str, shapes))} along axis {axis}: all other axes must agree, "
            "and rows come first: give a constant the shape (1, ...)"
        )
    return Concatenate(place)(*xs)


def pad(x: Node, widths: tuple[tuple[int, int], ...], fill: float = 0.0) -> Node:
    """Add a border of the value `fill`; widths are (before, after) for each axis of a row.

    >>> pad(Node(np.zeros((5, 4, 4, 3))), ((1, 1), (2, 2), (0, 0))).shape
    (5, 6, 8, 3)
    """
    good = isinstance(widths, (tuple, list)) and all(isinstance(w, (tuple, list)) and len(w) == 2 for w in widths)
    if not good or len(widths) != x.ndim - 1 or not all(is_integer(n) and n >= 0 for w in widths for n in w):
        raise ValueError(
            f"pad of {x.shape} needs {x.ndim - 1} pairs (before, after) >= 0, one for each axis of a row, got {widths}"
        )
    return Pad(tuple((int(a), int(b)) for a, b in widths), fill)(x)


def take(x: Node, index: Any) -> Node:
    """x[:, index...], where the index holds integers, slices, ... and None, and keeps all rows.

    >>> Node([[1.0, 2.0, 3.0]])[:, 1:].value
    array([[2., 3.]])
    """
    parts = index if isinstance(index, tuple) else (index,)
    if parts and parts[0] is Ellipsis:
        parts = (slice(None), *parts)
    if not (parts and isinstance(parts[0], slice) and parts[0] == slice(None)):
        raise TypeError(  # an IndexError would silently end `for row in x` and the built-in sum(x)
            f"rows cannot be picked out of a Node, every row goes its own way, got [{quoted(index)}]: "
            "index inside the row, x[:, 0] or x[..., 1:3]"
        )
    if not all(part is None or part is Ellipsis or is_integer(part) or isinstance(part, slice) for part in parts):
        raise TypeError(
            f"a Node is indexed with integers, slices, ... and None, got {index!r}: "
            "for a list of places, concatenate the slices"
        )
    try:
        np.broadcast_to(0, x.shape[1:])[parts[1:]]
    except IndexError as problem:
        raise ValueError(f"a Node of shape {x.shape} has no [{index!r}] ({problem}): index inside its rows") from None
    return Take(parts[1:])(x)


def row_axes(ndim: int, axis: int | tuple[int, ...] | None) -> tuple[int, ...]:
    """Axes within a row, that is all but axis 0, as sorted positive numbers; None means all of these.

    Raises ValueError for any other axis, and if a row has no axes.
    """
    if ndim < 2:
        raise ValueError(
            f"axis {quoted(axis)} of a Node with {ndim} axes: its rows are single numbers, without axes; "
            "x[:, None] gives them one"
        )
    if axis is None:
        axis = tuple(range(1, ndim))
    given = tuple(axis) if isinstance(axis, (tuple, list)) else (axis,)
    found = sorted({a % ndim for a in given if is_integer(a) and -ndim <= a < ndim})
    if len(found) != len(given) or not found or found[0] == 0:
        raise ValueError(
            f"axis {quoted(axis)} of a Node with {ndim} axes: name axes from 1 to {ndim - 1}, each once; "
            "axis 0 holds the rows, which no op mixes"
        )
    return tuple(found)


def one_tuple(given: tuple[int | tuple[int, ...], ...]) -> tuple[int, ...]:
    """The arguments of f(2, 3) or f((2, 3)) as one tuple (2, 3); NumPy accepts both as well."""
    numbers: Any = given[0] if len(given) == 1 and isinstance(given[0], (tuple, list)) else given
    return tuple(map(operator.index, numbers))

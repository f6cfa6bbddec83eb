"""Sums and products.  A constant may have any sign, so u − v is u + (−1)·v."""

from __future__ import annotations

from numbers import Real

import numpy as np

from minixai.arrays import Array
from minixai.graph import Node, Operand, has_rows
from minixai.ops.blocks import SHARES, Workspace, in_parallel, matrix_product
from minixai.ops.functions import Power, exp, reciprocal
from minixai.ops.kinds import Bilinear, Linear, unbroadcast
from minixai.validate import as_float


class Add(Linear):
    """u + v"""

    def forward(self, u: Array, v: Array) -> Array:
        return np.asarray(u + v)

    def vjp(self, i: int, m: Array, *xs: Array) -> Array:
        return unbroadcast(m, xs[i].shape)


class Multiply(Bilinear):
    """u · v"""

    def forward(self, u: Array, v: Array) -> Array:
        return np.asarray(u * v)

    def vjp(self, i: int, m: Array, *xs: Array) -> Array:
        return unbroadcast(np.asarray(m * xs[1 - i]), xs[i].shape)


class MatMul(Bilinear):
    """x @ w + b:  (N, ..., I) @ (I, O) + (O,) -> (N, ..., O)"""

    def forward(self, x: Array, w: Array, b: Array | None = None) -> Array:
        y = matmul_rows(x, w)
        return np.asarray(y if b is None else np.add(y, b, out=y))

    def vjp(self, i: int, m: Array, x: Array, w: Array, b: Array | None = None) -> Array:
        if i == 2 and b is not None:
            return unbroadcast(m, b.shape)
        if i == 0:  # (N, ..., O) @ (O, I) -> (N, ..., I)
            return unbroadcast(matmul_rows(m, w.swapaxes(-1, -2)), x.shape)
        if w.ndim == 2:  # (I, N·...) @ (N·..., O) -> (I, O)
            return long_product(x.reshape(-1, x.shape[-1]).T, m.reshape(-1, m.shape[-1]))
        return unbroadcast(stacked_product(x.swapaxes(-1, -2), m), w.shape)


def matmul_rows(x: Array, w: Array) -> Array:
    """x @ w.  If w is one matrix for all rows, this is a single product, which several threads may share."""
    if w.ndim > 2:
        return stacked_product(x, w)
    if not w.size:
        return np.asarray(x @ w)
    return long_product(x.reshape(-1, len(w)), w).reshape(*x.shape[:-1], w.shape[1])


LONG = 1 << 15
"""The longest sum that is left to BLAS: for this many terms it loses the last two digits of float32 at worst."""
TERMS = 1 << 7
"""How many terms of a longer sum BLAS adds up at a time.  With 128 the error is 1e-6 at worst (measured)."""
PARTIAL = 1 << 18
"""How many of these partial sums are held at a time, at most."""


def long_product(x: Array, w: Array) -> Array:
    """x (M, I) @ w (I, O) -> (M, O), accurate for any number I of terms.

    BLAS adds terms one after another, or a few side by side.  In float32 a product of a matrix and a vector, which
    loses most, is off by 2 % after some million terms.  So long sums are cut into short pieces, and the sums of the
    pieces are added up in float64.
    """
    if len(w) <= LONG or w.dtype != np.float32 or 0 in (len(x), w.shape[1]):
        return matrix_product(x, w)
    (rows, terms), out = x.shape, w.shape[1]
    step = TERMS * max(1, PARTIAL // (rows * out))
    starts = range(0, terms, step)
    totals = np.zeros((min(SHARES, len(starts)), rows, out))

    def work(space: Workspace, i: int) -> None:
        for start in starts[i :: len(totals)]:
            left, right = x[:, start : start + step], w[start : start + step]
            whole = len(right) // TERMS * TERMS
            # (pieces, M, terms) @ (pieces, terms, O) -> (pieces, M, O)
            pieces = left[:, :whole].reshape(rows, -1, TERMS).transpose(1, 0, 2) @ right[:whole].reshape(-1, TERMS, out)
            totals[i] += pieces.sum(axis=0, dtype=np.float64) + left[:, whole:] @ right[whole:]

    in_parallel(work, [(i,) for i in range(len(totals))])
    return np.asarray(totals.sum(axis=0), x.dtype)


def stacked_product(x: Array, w: Array) -> Array:
    """x (..., M, I) @ w (..., I, O) -> (..., M, O), accurate for any number I of terms."""
    if w.shape[-2] <= LONG or w.dtype != np.float32 or not (x.size and w.size):
        return np.asarray(x @ w)
    stack = np.broadcast_shapes(x.shape[:-2], w.shape[:-2])
    y = np.empty((*stack, x.shape[-2], w.shape[-1]), w.dtype)
    xs, ws = (np.broadcast_to(z, (*stack, *z.shape[-2:])) for z in (x, w))
    for index in np.ndindex(*stack):
        y[index] = long_product(xs[index], ws[index])
    return y


def add(u: Operand, v: Operand) -> Node:
    """u + v, with broadcasting within a row."""
    return Add()(*align_rows(u, v))


def multiply(u: Operand, v: Operand) -> Node:
    """u · v, with broadcasting within a row."""
    return Multiply()(*align_rows(u, v))


def negative(u: Node) -> Node:
    """−u, computed as (−1) · u."""
    return multiply(u, -1.0)


def subtract(u: Operand, v: Operand) -> Node:
    """u − v, computed as u + (−1) · v."""
    return add(u, negative(v)) if isinstance(v, Node) else add(u, -as_float(v))


def divide(u: Operand, v: Operand) -> Node:
    """u / v, computed as u · (1/v)."""
    return multiply(u, reciprocal(v) if isinstance(v, Node) else 1 / as_float(v).astype(np.float64))


def power(u: Operand, p: Operand) -> Node:
    """uᵖ for a node u and a number p, or aᵘ = exp(u · log a) for a number a > 0.  Raises TypeError otherwise."""
    if isinstance(u, Node) and isinstance(p, Real):
        return Power(float(p))(u)
    if isinstance(p, Node) and isinstance(u, Real) and u > 0:
        return exp(multiply(p, np.log(float(u))))
    given = " ** ".join(repr(z) if isinstance(z, (Node, Real)) else f"an array {np.shape(z)}" for z in (u, p))
    raise TypeError(
        f"a power needs a Node and a number (x ** 2, or 2 ** x with a base > 0), got {given}: "
        "write exp(y * log(x)) for a power of two nodes"
    )


def matmul(x: Operand, w: Operand) -> Node:
    """x @ w: (N, ..., I) @ (I, O) -> (N, ..., O), or row by row if both are nodes with at least three axes.

    Raises ValueError if the shapes do not fit or rows would be mixed.
    """
    left, right = shape_of(x), shape_of(w)
    if len(left) < 2 or len(right) < 2:
        raise ValueError(
            f"@ takes at least two axes on each side, got {left} @ {right}: write x @ w[:, None], or (x * w).sum()"
        )
    if max(len(left), len(right)) > 2:  # weights (I, O) have no axis of rows
        check_constants(x, w)
    if left[-1] != right[-2] or not broadcastable(left[:-2], right[:-2]):
        raise ValueError(
            f"{left} @ {right} does not fit: it takes (N, ..., I) @ (I, O), so the last axis on the left must be "
            "as long as the last but one on the right"
        )
    most = max(len(left), len(right))
    if any(isinstance(u, Node) and u.ndim < most for u in (x, w)) or (isinstance(w, Node) and w.ndim < 3):
        raise ValueError(
            f"{left} @ {right} would mix rows, which come first in a Node: give a constant no more axes than "
            "the Node has, and a Node on the right its rows first, (N, I, O)"
        )
    return MatMul()(x, w)


def align_rows(u: Operand, v: Operand) -> tuple[Operand, Operand]:
    """(u, v), where arrays become arrays of floats.  Raises ValueError if axis 0 of the two would not line up.

    NumPy aligns shapes from the right, but rows are the first axis.
    """
    u, v = (x if isinstance(x, Node) else as_float(x) for x in (u, v))
    check_constants(u, v)
    shapes = u.shape, v.shape
    most = max(map(len, shapes))
    if any(has_rows(x) and 0 < x.ndim < most for x in (u, v)) or not broadcastable(*shapes):
        raise ValueError(
            f"shapes {shapes[0]} and {shapes[1]} do not line up: rows come first in both, and other axes must be "
            "equal or 1; keep the axis, x[:, :1] or keepdims=True, or give a constant the shape of one row"
        )
    return u, v


def check_constants(*inputs: Operand) -> None:
    """Raise ValueError if a constant or a weight has several rows: which one a row meets would depend on the batch."""
    rows = [x.ndim for x in inputs if has_rows(x)]
    for shape in (shape_of(x) for x in inputs if not has_rows(x)):
        if rows and len(shape) == max(rows) > 0 and shape[0] > 1:
            raise ValueError(
                f"a constant of shape {shape} would be laid along the rows, which come first in a Node and belong to "
                f"the batch: give a constant the shape of one row, {shape[1:]}, or make what differs from row to row "
                "part of the input, as columns or channels"
            )


def shape_of(x: Operand | None) -> tuple[int, ...]:
    return x.shape if isinstance(x, Node) else np.shape(np.asarray(x))


def broadcastable(*shapes: tuple[int, ...]) -> bool:
    """Whether NumPy can broadcast these shapes together."""
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        return False
    return True

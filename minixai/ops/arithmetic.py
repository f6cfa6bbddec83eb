"""Sums and products.  Constants are weights of any sign, so subtracting is adding (−1)·v."""

from __future__ import annotations

from numbers import Real

import numpy as np

from minixai.graph import Array, Node, Operand
from minixai.ops.functions import Power, exp, reciprocal
from minixai.ops.kinds import Bilinear, Linear, unbroadcast


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
        y = x @ w
        return np.asarray(y if b is None else np.add(y, b, out=y))

    def vjp(self, i: int, m: Array, x: Array, w: Array, b: Array | None = None) -> Array:
        if i == 2 and b is not None:
            return unbroadcast(m, b.shape)
        if i == 0:  # (N, ..., O) @ (O, I) -> (N, ..., I)
            return unbroadcast(m @ w.swapaxes(-1, -2), x.shape)
        if w.ndim == 2:  # (I, N·...) @ (N·..., O) -> (I, O)
            return np.asarray(x.reshape(-1, x.shape[-1]).T @ m.reshape(-1, m.shape[-1]))
        return unbroadcast(x.swapaxes(-1, -2) @ m, w.shape)


def add(u: Operand, v: Operand) -> Node:
    """u + v, with broadcasting inside a row."""
    return Add()(*aligned(u, v))


def multiply(u: Operand, v: Operand) -> Node:
    """u · v, with broadcasting inside a row."""
    return Multiply()(*aligned(u, v))


def negative(u: Node) -> Node:
    """−u, as (−1) · u"""
    return multiply(u, -1.0)


def subtract(u: Operand, v: Operand) -> Node:
    """u − v, as u + (−1) · v"""
    return add(u, negative(v)) if isinstance(v, Node) else add(u, np.negative(v))


def divide(u: Operand, v: Operand) -> Node:
    """u / v, as u · (1/v)"""
    return multiply(u, reciprocal(v) if isinstance(v, Node) else 1 / np.asarray(v, np.float64))


def power(u: Operand, p: Operand) -> Node:
    """uᵖ for a number p, or aᵘ = exp(u · log a) for a number a > 0."""
    if isinstance(u, Node) and isinstance(p, Real):
        return Power(float(p))(u)
    if isinstance(p, Node) and isinstance(u, Real) and u > 0:
        return exp(multiply(p, np.log(float(u))))
    raise TypeError(
        "a power needs a Node and a number (x ** 2, or 2 ** x with a base > 0): "
        "write exp(y * log(x)) for a power of two nodes"
    )


def matmul(x: Operand, w: Operand) -> Node:
    """x @ w: (N, ..., I) @ (I, O) -> (N, ..., O), or row by row for two nodes with at least three axes."""
    for u in (x, w):
        if np.ndim(u.value if isinstance(u, Node) else u) < 2:
            raise ValueError("@ takes at least two axes on each side: write x @ w[:, None], or (x * w).sum()")
    if isinstance(w, Node) and (w.ndim < 3 or (isinstance(x, Node) and x.ndim != w.ndim)):
        raise ValueError(
            "a Node on the right of @ needs its rows first, (N, I, O), and a left side "
            "(N, ..., I) with as many axes: otherwise rows would be mixed"
        )
    return MatMul()(x, w)


def aligned(u: Operand, v: Operand) -> tuple[Operand, Operand]:
    """u and v, if their rows line up: NumPy aligns shapes from the right, rows stand on the left."""
    for x, y in ((u, v), (v, u)):
        if isinstance(x, Node) and x.ndim:
            other = y.ndim if isinstance(y, Node) else np.ndim(y)
            if other > x.ndim or (isinstance(y, Node) and 0 < other < x.ndim):
                shapes = " and ".join(str(z.shape if isinstance(z, Node) else np.shape(z)) for z in (u, v))
                raise ValueError(
                    f"shapes {shapes} do not line up: rows come first in both; "
                    "keep the axis, x[:, :1] or keepdims=True, or give a constant the shape of one row"
                )
    return u, v

"""Operations composed of others.  Those have rules, so these need none."""

from __future__ import annotations

import builtins

import numpy as np

from minixai.graph import Node, Operand
from minixai.ops.arithmetic import add, matmul, multiply, negative, power, subtract
from minixai.ops.convolution import convolution
from minixai.ops.functions import exp, log, positive_part
from minixai.ops.reductions import max, mean, sum
from minixai.ops.shapes import concatenate, pad, reshape, take
from minixai.ops.windows import Margins, Pair
from minixai.validate import as_pair, check_images


def maximum(u: Node, v: Node) -> Node:
    """The larger of u and v, entry by entry, with broadcasting within a row."""
    shape = np.broadcast_shapes(u.shape[1:], v.shape[1:])
    stacked = [reshape(multiply(z, np.ones(shape)) if z.shape[1:] != shape else z, *shape, 1) for z in (u, v)]
    return max(concatenate(stacked), -1)


def minimum(u: Node, v: Node) -> Node:
    """The smaller of u and v, computed as −max(−u, −v)."""
    return negative(maximum(negative(u), negative(v)))


def log_softmax(z: Node, axis: int = -1) -> Node:
    """log(softmax(z)) over one axis of the row, computed as z − max z − log Σ exp(z − max z)."""
    below = subtract(z, max(z, axis, keepdims=True))
    return subtract(below, log(sum(exp(below), axis, keepdims=True)))


def prelu(x: Node, alpha: Operand) -> Node:
    """x where x > 0, and αx elsewhere; α may differ between channels (He et al. 2015)."""
    return subtract(positive_part(x), multiply(positive_part(negative(x)), alpha))


def standardise(x: Node, axis: int | tuple[int, ...] = -1, epsilon: float = 1e-5) -> Node:
    """(x − mean) / √(variance + ε), where mean and variance are over axes of each row.

    Over the last axis this is layer normalisation, over axes (1, 2) of an image instance normalisation.
    """
    centred = subtract(x, mean(x, axis, keepdims=True))
    return multiply(centred, power(add(mean(power(centred, 2), axis, keepdims=True), epsilon), -0.5))


def local_response_normalisation(
    x: Node, size: int, alpha: float = 1e-4, beta: float = 0.75, bias: float = 1.0
) -> Node:
    """x / (bias + α/size · Σ x² over `size` neighbouring channels)^β  (Krizhevsky et al. 2012)"""
    channel = np.arange(x.shape[-1])
    distance = channel[:, None] - channel  # from each channel to the one that is normalised
    band = (distance >= -((size - 1) // 2)) & (distance <= size // 2)
    if band.all():
        total: Node = sum(power(x, 2), -1, keepdims=True)
    else:
        total = matmul(power(x, 2), band.astype(float))
    return multiply(x, power(add(multiply(total, alpha / size), bias), -beta))


def transposed_convolution(
    x: Node,
    w: Operand,
    b: Operand | None = None,
    stride: Pair = 1,
    padding: Margins = ((0, 0), (0, 0)),
    dilation: Pair = 1,
    groups: int = 1,
) -> Node:
    """Transposed convolution: (N, h, w, C) -> (N, H, W, K)

    This is a convolution with stride 1 over the spread image, which has stride − 1 zeros between the pixels of x.  w
    (kh, kw, C/groups, K) is the kernel that slides over the spread image; in the convolution that this transposes, the
    kernel is rotated by 180°.  `padding` is the border of the spread image; a negative border cuts pixels off.

    >>> x, w = Node(np.ones((1, 2, 2, 1))), np.ones((2, 2, 1, 1))
    >>> transposed_convolution(x, w, stride=2, padding=((1, 1), (1, 1))).shape
    (1, 4, 4, 1)
    """
    check_images(x.shape, "transposed_convolution")
    (height, width, channels), (down, right) = x.shape[1:], as_pair(stride, "stride")
    if (down, right) != (1, 1):
        apart = pad(reshape(x, height, 1, width, 1, channels), ((0, 0), (0, down - 1), (0, 0), (0, right - 1), (0, 0)))
        x = reshape(apart, height * down, width * right, channels)
        x = take(x, (slice(None), slice((height - 1) * down + 1), slice((width - 1) * right + 1)))
    if np.min(padding) < 0:
        x = take(
            x,
            (
                slice(None),
                *(
                    slice(builtins.max(0, -p), n - builtins.max(0, -q))
                    for (p, q), n in zip(padding, x.shape[1:3], strict=True)
                ),
            ),
        )
    (top, bottom), (left, after) = [[builtins.max(0, p) for p in sides] for sides in padding]
    return convolution(x, w, b, 1, ((top, bottom), (left, after)), dilation, groups)

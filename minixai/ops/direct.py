"""Convolution of any kind as matrix products, a block of output positions at a time.

Every window is laid out as a row of numbers, every kernel as a column:

    (positions, kh·kw·C) @ (kh·kw·C, K) -> (positions, K)

The windows of one block are copied into a work buffer that stays in the cache; the windows of a whole image would take
kh·kw times the memory of the image.  Kernels of 1 × 1 need no copy, because their windows are rows already.  With
groups there is one such product for each of the G groups of channels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import as_strided

from minixai.arrays import Array
from minixai.ops.blocks import BLOCK, SHARES, Workspace, empty, in_parallel, tiles
from minixai.ops.windows import Margins, crop_images, output_size, padded_view, pixels_of, window_views

LAID_OUT = 1 << 19
"""The largest number of values in the windows of a block: enough for full speed, and few enough for a cache."""
LEAST = 1 << 18
"""The smallest number of values in the windows of a block: less work is done sooner than handed to another thread."""
SUMMED = 1 << 10
"""Over how many positions BLAS sums a kernel's gradient.

These partial sums are added up in float64, to keep digits.
"""


@dataclass(frozen=True)
class Geometry:
    """How kernels are placed over an image: stride, padding, dilation, and number of groups."""

    stride: tuple[int, int] = (1, 1)
    padding: Margins = ((0, 0), (0, 0))
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1


def correlate(x: Array, w: Array, b: Array | None, g: Geometry) -> Array:
    """x (N, H, W, C) ⋆ w (kh, kw, C/G, K) + b (K,) -> (N, h, w, K)"""
    if is_depthwise(x, w):
        return depthwise(x, w, b, g)
    out, kernels = output_size_of(x, w, g), kernel_matrix(w, g.groups)
    y = empty((len(x), *out, w.shape[3]), x.dtype)

    bias = None if b is None else np.tile(b, out[1])  # for a whole row of outputs: NumPy is slow at short inner loops

    def work(space: Workspace, images: range, rows: range) -> None:
        place = y[images.start : images.stop, rows.start : rows.stop].reshape(-1, out[1] * w.shape[3])
        each = place.reshape(-1, g.groups, kernels.shape[2]).transpose(1, 0, 2)
        np.matmul(gather_windows(space, x, w, g, images, rows, out[1]), kernels, out=each)
        if bias is not None:
            place += bias

    in_parallel(work, blocks(len(x), out, w, g))
    return y


def is_depthwise(x: Array, w: Array) -> bool:
    """Whether every channel has one kernel, and there are several channels."""
    return bool(w.shape[2] == 1 and w.shape[3] == x.shape[3] > 1)


def depthwise(x: Array, w: Array, b: Array | None, g: Geometry) -> Array:
    """Convolution with one kernel for each channel: (N, h, w, C)

    It sums x · w over the entries of the kernel, because matrix products would have a single column.
    """
    out = output_size_of(x, w, g)
    y = empty((len(x), *out, w.shape[3]), x.dtype)
    (top, _), (left, _) = g.padding
    right = (out[1] - 1) * g.stride[1] + (w.shape[1] - 1) * g.dilation[1] + 1 - left

    def work(space: Workspace, images: range, rows: range) -> None:
        start = rows.start * g.stride[0] - top
        stop = start + (len(rows) - 1) * g.stride[0] + (w.shape[0] - 1) * g.dilation[0] + 1
        under = padded_view(space, x, images, (start, stop), (-left, right))
        place = y[images.start : images.stop, rows.start : rows.stop]
        term = space("term", place.shape, x.dtype)
        place[...] = 0 if b is None else b
        for pixel, weights in zip(
            window_views(under, w.shape[:2], g.stride, (len(rows), out[1]), g.dilation),
            w.reshape(-1, w.shape[3]),
            strict=True,
        ):
            place += np.multiply(pixel, weights, out=term)

    in_parallel(work, tiles(range(len(x)), range(out[0]), out[1] * w.shape[3], BLOCK))
    return y


def kernel_gradient(x: Array, w: Array, m: Array, g: Geometry) -> Array:
    """Gradient with respect to the kernels, for training: m (N, h, w, K) -> (kh, kw, C/G, K)"""
    out, (groups, window, kernels) = m.shape[1:3], kernel_matrix(w, g.groups).shape
    every = list(blocks(len(x), out, w, g))
    totals = np.zeros((min(SHARES, len(every)), groups, window, kernels), np.result_type(w, np.float64))

    def work(space: Workspace, i: int) -> None:
        for images, rows in every[i :: len(totals)]:
            # (G, kh·kw·C/G, places) @ (G, places, K/G) -> (G, kh·kw·C/G, K/G)
            met = gather_windows(space, x, w, g, images, rows, out[1]).transpose(0, 2, 1)
            part = m[images.start : images.stop, rows.start : rows.stop].reshape(-1, groups, kernels).transpose(1, 0, 2)
            for at in range(0, part.shape[1], SUMMED):
                totals[i] += met[..., at : at + SUMMED] @ part[:, at : at + SUMMED]

    in_parallel(work, [(i,) for i in range(len(totals))])
    total: Array = totals.sum(axis=0).astype(w.dtype)
    return total.transpose(1, 0, 2).reshape(w.shape)


def image_gradient(x: Array, w: Array, m: Array, g: Geometry) -> Array:
    """Gradient with respect to the image, the transposed convolution: m (N, h, w, K) -> (N, H, W, C)

    At stride 1 it is again a convolution, of m with the rotated kernels.
    """
    far = [(k - 1) * d for k, d in zip(w.shape[:2], g.dilation, strict=True)]
    margins = tuple((f - before, f - after) for f, (before, after) in zip(far, g.padding, strict=True))
    if g.stride == (1, 1) and min(map(min, margins)) >= 0:
        return correlate(
            m, rotate_kernels(w, g.groups), None, Geometry((1, 1), (margins[0], margins[1]), g.dilation, g.groups)
        )
    return scatter_windows(x, w, m, g)


def rotate_kernels(w: Array, groups: int) -> Array:
    """Rotate kernels by 180°, and swap their input and output channels: (kh, kw, C/G, K) -> (kh, kw, K/G, C)"""
    high, wide, c, k = w.shape
    return (
        w[::-1, ::-1]
        .reshape(high, wide, c, groups, k // groups)
        .transpose(0, 1, 4, 3, 2)
        .reshape(high, wide, -1, groups * c)
    )


def scatter_windows(x: Array, w: Array, m: Array, g: Geometry) -> Array:
    """Gradient with respect to the image for any stride: add the gradient of every window at its place: (N, H, W, C)"""
    (top, bottom), (left, right) = g.padding
    (high, wide), (_, across) = x.shape[1:3], m.shape[1:3]
    y = np.zeros((len(m), high + top + bottom, wide + left + right, x.shape[3]), m.dtype)
    if is_depthwise(x, w):
        windows = window_views(y, w.shape[:2], g.stride, m.shape[1:3], g.dilation)
        for place, weights in zip(windows, w.reshape(-1, w.shape[3]), strict=True):
            place += m * weights
        return crop_images(y, g.padding)
    kernels = kernel_matrix(w, g.groups).transpose(0, 2, 1)

    def work(space: Workspace, n: int) -> None:
        for _, rows in blocks(1, m.shape[1:3], w, g):
            part = m[n, rows.start : rows.stop].reshape(-1, g.groups, w.shape[3] // g.groups).transpose(1, 0, 2)
            # (G, places, K/G) @ (G, K/G, kh·kw·C/G) -> (G, h, w, kh·kw, C/G), each added at its place in (1, H, W, C)
            laid = np.matmul(part, kernels, out=space("a", (g.groups, part.shape[1], kernels.shape[2]), m.dtype))
            laid = laid.reshape(g.groups, -1, across, w.shape[0] * w.shape[1], w.shape[2])
            under = y[n : n + 1, rows.start * g.stride[0] :]
            for t, place in enumerate(window_views(under, w.shape[:2], g.stride, (laid.shape[1], across), g.dilation)):
                place += laid[..., t, :].transpose(1, 2, 0, 3).reshape(place.shape)

    in_parallel(work, [(n,) for n in range(len(m))])
    return crop_images(y, g.padding)


def gather_windows(space: Workspace, x: Array, w: Array, g: Geometry, images: range, rows: range, across: int) -> Array:
    """Lay out the windows of the outputs in these images and rows: x (N, H, W, C) -> (G, positions, kh·kw·C/G)"""
    (high, wide, c, _), (down, over) = w.shape, g.stride
    top, left = rows.start * down - g.padding[0][0], -g.padding[1][0]
    bottom = top + (len(rows) - 1) * down + (high - 1) * g.dilation[0] + 1
    right = left + (across - 1) * over + (wide - 1) * g.dilation[1] + 1
    seen = padded_view(space, x, images, (top, bottom), (left, right))
    if seen.strides[3] != seen.itemsize:  # channels are not contiguous
        seen = seen.copy()
    s = seen.strides
    shape: tuple[int, ...] = (g.groups, len(seen), len(rows), across, high, wide, c)
    strides: tuple[int, ...] = (
        c * s[3],
        s[0],
        down * s[1],
        over * s[2],
        g.dilation[0] * s[1],
        g.dilation[1] * s[2],
        s[3],
    )
    if g.groups == g.dilation[1] == 1 and s[2] == c * s[3]:  # each row of a window is contiguous
        shape, strides = (*shape[:5], wide * c), (*strides[:5], s[3])
    found = as_strided(seen, shape, strides, writeable=False)
    matrix = (g.groups, -1, high * wide * c)
    if high == wide == 1 and found[0].flags.c_contiguous:
        return found.reshape(matrix)
    laid = space("a", shape, x.dtype)
    np.copyto(pixels_of(laid), pixels_of(found))
    return laid.reshape(matrix)


def kernel_matrix(w: Array, groups: int) -> Array:
    """The kernels as one matrix for each group: (kh, kw, C/G, K) -> (G, kh·kw·C/G, K/G)"""
    return w.reshape(-1, groups, w.shape[3] // groups).transpose(1, 0, 2)


def output_size_of(x: Array, w: Array, g: Geometry) -> tuple[int, int]:
    return output_size((x.shape[1], x.shape[2]), (w.shape[0], w.shape[1]), g.stride, g.padding, g.dilation)


def blocks(n: int, out: tuple[int, ...], w: Array, g: Geometry) -> Iterator[tuple[range, range]]:
    """Cut the outputs into blocks, each (images, rows of outputs).

    Their number is even, so that two threads finish together.
    """
    row = out[1] * w[..., 0].size * g.groups
    two = 2 * max(1, -(-n * out[0] * row // (2 * LAID_OUT)))
    return tiles(range(n), range(out[0]), row, max(LEAST, -(-n * out[0] // two) * row))

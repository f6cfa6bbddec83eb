"""Pooling over windows of images (N, H, W, C), and resizing."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from itertools import groupby

import numpy as np

from minixai.arrays import Array
from minixai.graph import Node
from minixai.ops.blocks import BLOCK, Workspace, empty, in_parallel, tiles
from minixai.ops.kinds import Linear, Selection
from minixai.ops.reductions import mean
from minixai.ops.windows import (
    Margins,
    Padding,
    Pair,
    crop_images,
    output_size,
    pad_images,
    padded_view,
    pixels_of,
    resolve_padding,
    window_views,
    window_views_along,
)
from minixai.validate import as_pair, check_images


@dataclass(frozen=True)
class Pool:
    """The size and stride of a window that slides over an image, and the border around the image."""

    window: tuple[int, int]
    stride: tuple[int, int]
    padding: Margins

    def window_views(self, x: Array) -> list[Array]:
        """One view of a padded x for each entry of the window, each (N, h, w, C)."""
        return list(
            window_views(
                x, self.window, self.stride, output_size(x.shape[1:3], self.window, self.stride, ((0, 0), (0, 0)))
            )
        )

    def output_size(self, x: Array) -> tuple[int, int]:
        return output_size((x.shape[1], x.shape[2]), self.window, self.stride, self.padding)


class MaxPool(Pool, Selection):
    """The maximum of every window, channel by channel, computed for a block of windows at a time."""

    def forward(self, x: Array) -> Array:
        y = empty((len(x), *self.output_size(x), x.shape[3]), x.dtype)

        def work(space: Workspace, images: range, rows: range) -> None:
            entries = self.entries(space, x, images, rows, -np.inf)
            best = block(y, images, rows)
            best[...] = entries[0]
            for entry in entries[1:]:
                np.maximum(best, entry, out=best)

        in_parallel(work, self.blocks(y))
        return y

    def argmax(self, x: Array, other: Array | None = None) -> Array:
        n = len(x) if other is None else shared_rows(x, other)
        index = empty((n, *self.output_size(x), x.shape[3]), np.min_scalar_type(self.window[0] * self.window[1]).type)

        def work(space: Workspace, images: range, rows: range) -> None:
            entries = self.entries(space, x, images, rows, -np.inf)
            best = reduce(np.maximum, entries)
            largest = [entry == best for entry in entries]
            found = block(index, images, rows)
            if other is not None and (reduce(np.add, largest, np.zeros(best.shape, found.dtype)) > 1).any():
                rivals = self.entries(space, other, images, rows, -np.inf, "other")
                rivals = [np.where(mask, rival, -np.inf) for mask, rival in zip(largest, rivals, strict=True)]
                best = reduce(np.maximum, rivals)
                largest = [mask & (rival == best) for mask, rival in zip(largest, rivals, strict=True)]
            found[...] = 0
            missing = np.ones(largest[0].shape, bool)
            for mask in largest[:-1]:  # count the entries before the first of the largest
                missing = missing & ~mask
                found += missing

        in_parallel(work, self.blocks(index))
        return index

    def gather(self, x: Array, index: Array) -> Array:
        y = empty((shared_rows(x, index), *index.shape[1:]), x.dtype)

        def work(space: Workspace, images: range, rows: range) -> None:
            first = block(index, images, rows)
            entries = self.entries(space, x, images, rows)
            block(y, images, rows)[...] = sum(entry * (first == t).astype(x.dtype) for t, entry in enumerate(entries))

        in_parallel(work, self.blocks(y))
        return y

    def scatter(self, m: Array, index: Array, x: Array) -> Array:
        (top, bottom), (left, right) = self.padding
        y = empty((len(m), x.shape[1] + top + bottom, x.shape[2] + left + right, x.shape[3]), m.dtype)
        overlap = self.window[0] > self.stride[0] or self.window[1] > self.stride[1]
        if overlap or y.shape[1:3] != (index.shape[1] * self.window[0], index.shape[2] * self.window[1]):
            y[...] = 0  # windows leave gaps, or overlap and are summed

        def work(space: Workspace, *blocks: tuple[range, range]) -> None:
            for images, rows in blocks:
                under = y[images.start : images.stop, rows.start * self.stride[0] :]
                under = under[:, : (len(rows) - 1) * self.stride[0] + self.window[0]]
                share, first = block(m, images, rows), block(index, images, rows)
                for t, place in enumerate(self.window_views(under)):
                    here = (first == t).astype(m.dtype)
                    if overlap:
                        place += share * here
                    else:
                        pixels_of(place)[...] = pixels_of(share * here)

        if overlap:  # blocks of one image write into the same rows
            in_parallel(work, (tuple(each) for _, each in groupby(self.blocks(m), lambda each: each[0].start)))
        else:
            in_parallel(work, ((each,) for each in self.blocks(m)))
        return crop_images(y, self.padding)

    def entries(
        self, space: Workspace, x: Array, images: range, rows: range, fill: float = 0.0, name: str = "frame"
    ) -> list[Array]:
        """The entries of a block of windows: one contiguous array (n, h, w, C) for each position in the window.

        They are copies, because NumPy is slow at short strides.
        """
        (top, _), (left, right) = self.padding
        start = rows.start * self.stride[0] - top
        stop = start + (len(rows) - 1) * self.stride[0] + self.window[0]
        frame = padded_view(space, x, images, (start, stop), (-left, x.shape[2] + right), fill, name)
        if frame.strides[3] != frame.itemsize:  # channels are not contiguous
            frame = frame.copy()
        return [pixels_of(view).copy().view(x.dtype) for view in self.window_views(frame)]

    def blocks(self, y: Array) -> Iterator[tuple[range, range]]:
        """Cut an array y (N, h, w, C), with an entry for each window, into blocks (images, rows)."""
        return tiles(range(len(y)), range(y.shape[1]), y.shape[2] * y.shape[3], BLOCK)


def block(y: Array, images: range, rows: range) -> Array:
    """A view of these images and rows of y; if y has a single image, it stands for all images."""
    return y[slice(0, 1) if len(y) == 1 else slice(images.start, images.stop), rows.start : rows.stop]


def shared_rows(x: Array, other: Array) -> int:
    """The number of rows of two arrays when they are broadcast along axis 0."""
    return int(np.broadcast_shapes(x.shape[:1], other.shape[:1])[0])


class AveragePool(Pool, Linear):
    """The mean of every window, channel by channel, over the pixels inside the image; the border does not count.

    It sums along rows and then along columns, in float64, so that large windows keep their digits.
    """

    def forward(self, x: Array) -> Array:
        total = pad_images(x, self.padding).astype(np.result_type(x, np.float64))
        for axis, (k, s, n) in enumerate(zip(self.window, self.stride, self.output_size(x), strict=True), 1):
            total = reduce(np.add, window_views_along(total, axis, k, s, n))
        return np.asarray((total / self.counts(x)).astype(x.dtype))

    def vjp(self, i: int, m: Array, x: Array) -> Array:
        share, full = m / self.counts(x), pad_images(x[:1], self.padding).shape  # the counts make it float64
        for axis in (2, 1):
            k, s, n = self.window[axis - 1], self.stride[axis - 1], share.shape[axis]
            spread = np.zeros((*share.shape[:axis], full[axis], *share.shape[axis + 1 :]), share.dtype)
            for place in window_views_along(spread, axis, k, s, n):
                place += share
            share = spread
        return crop_images(share, self.padding).astype(m.dtype)

    def counts(self, x: Array) -> Array:
        """How many pixels of the image each window holds: (1, h, w, 1)"""
        rows, columns = (
            sum(window_views_along(np.pad(np.ones(n), border), 0, k, s, out))
            for n, border, k, s, out in zip(
                x.shape[1:3], self.padding, self.window, self.stride, self.output_size(x), strict=True
            )
        )
        return np.asarray(np.multiply.outer(rows, columns)[None, :, :, None])


@dataclass(frozen=True)
class Resize(Linear):
    """Bilinear interpolation to `size`, with half-pixel centres: (N, H, W, C) -> (N, *size, C)"""

    size: tuple[int, int]

    def forward(self, x: Array) -> Array:
        rows, columns = (interpolation(n, to).astype(x.dtype) for n, to in zip(x.shape[1:3], self.size, strict=True))
        return matmul_along(columns, matmul_along(rows, x, 1), 2)

    def vjp(self, i: int, m: Array, x: Array) -> Array:
        rows, columns = (interpolation(n, to).astype(m.dtype) for n, to in zip(x.shape[1:3], self.size, strict=True))
        return matmul_along(rows.T, matmul_along(columns.T, m, 2), 1)


def interpolation(n: int, to: int) -> Array:
    """The matrix (to, n) with which n pixels are interpolated to `to`; edges are extended.

    Its weights are at least 0, and each row sums to 1.
    """
    return np.asarray(np.maximum(0, 1 - np.abs(centres(n, to)[:, None] - np.arange(n))))


def centres(n: int, to: int) -> Array:
    """Where the centre of each of `to` pixels lies among n pixels: (to,)"""
    return np.clip((np.arange(to) + 0.5) * n / to - 0.5, 0, n - 1)


def matmul_along(matrix: Array, x: Array, axis: int) -> Array:
    """matrix @ x along one axis of x."""
    y: Array = np.tensordot(matrix, x, (1, axis))
    return np.moveaxis(y, 0, axis)


def apply_pool(
    kind: type[MaxPool] | type[AveragePool], x: Node, window: Pair, stride: Pair | None, padding: Padding
) -> Node:
    check_images(x.shape, "pooling")
    size, step = as_pair(window, "window"), as_pair(window if stride is None else stride, "stride")
    margins = resolve_padding(padding, (x.shape[1], x.shape[2]), size, step)
    output_size((x.shape[1], x.shape[2]), size, step, margins)
    if any(max(border) >= k for border, k in zip(margins, size, strict=True)):
        raise ValueError(f"padding {margins} makes windows of {size} with no pixel in them: pad less than the window")
    return kind(size, step, margins)(x)


def max_pool(x: Node, window: Pair = 2, stride: Pair | None = None, padding: Padding = "valid") -> Node:
    """The maximum of every window: (N, H, W, C) -> (N, h, w, C)

    window and stride (by default the window) are numbers or pairs, and padding is as in `convolution`.  Windows may
    overlap, and the border is never the maximum.

    >>> max_pool(Node(np.arange(16.0).reshape(1, 4, 4, 1))).value[0, :, :, 0]
    array([[ 5.,  7.],
           [13., 15.]])
    """
    return apply_pool(MaxPool, x, window, stride, padding)


def average_pool(x: Node, window: Pair = 2, stride: Pair | None = None, padding: Padding = "valid") -> Node:
    """The mean of every window, over its pixels inside the image: (N, H, W, C) -> (N, h, w, C)

    >>> average_pool(Node(np.arange(16.0).reshape(1, 4, 4, 1))).value[0, :, :, 0]
    array([[ 2.5,  4.5],
           [10.5, 12.5]])
    """
    return apply_pool(AveragePool, x, window, stride, padding)


def global_average_pool(x: Node) -> Node:
    """The mean of every channel: (N, H, W, C) -> (N, C)"""
    check_images(x.shape, "global_average_pool")
    return mean(x, (1, 2))


def upsample(x: Node, size: Pair) -> Node:
    """Bilinear interpolation to `size` = (rows, columns), with half-pixel centres: (N, H, W, C) -> (N, *size, C)

    >>> upsample(Node([[[[0.0], [1.0]]]]), (1, 4)).value[0, 0, :, 0]
    array([0.  , 0.25, 0.75, 1.  ])
    """
    check_images(x.shape, "upsample")
    return Resize(as_pair(size, "size"))(x)

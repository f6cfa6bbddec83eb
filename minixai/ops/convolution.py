"""Convolution (cross-correlation) of images with a bank of kernels, as one matrix product.

Every window is laid out as a row of numbers, every kernel as a column:

    (N·h·w, kh·kw·C) @ (kh·kw·C, K) -> (N·h·w, K)

With groups there is one such product for each group of channels, G of them side
by side.  The way back to the input multiplies by the transposed kernels and adds the windows
back where they came from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from minixai.arrays import Array
from minixai.graph import Node, Operand
from minixai.ops.kinds import Bilinear
from minixai.ops.windows import Margins, Padding, Pair, check_images, cropped, margins, padded, pair, places, taps


@dataclass(frozen=True)
class Convolution(Bilinear):
    """x (N, H, W, C) ⋆ w (kh, kw, C/G, K) + b (K,) -> (N, h, w, K)"""

    stride: tuple[int, int] = (1, 1)
    around: Margins = ((0, 0), (0, 0))
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1

    def forward(self, x: Array, w: Array, b: Array | None = None) -> Array:
        out, kernels = self.out(x, w), w.shape[3]
        # (G, N·h·w, kh·kw·C/G) @ (G, kh·kw·C/G, K/G) -> (G, N·h·w, K/G)
        y = self.patches(x, w) @ self.columns(w)
        y = y.transpose(1, 0, 2).reshape(len(x), *out, kernels)
        return np.asarray(y if b is None else np.add(y, b, out=y))

    def vjp(self, i: int, m: Array, x: Array, w: Array, b: Array | None = None) -> Array:
        if i == 2:
            return np.asarray(m.sum(axis=(0, 1, 2)))
        # (N, h, w, K) -> (G, N·h·w, K/G)
        rows = m.reshape(-1, self.groups, w.shape[3] // self.groups).transpose(1, 0, 2)
        if i == 1:
            # (G, kh·kw·C/G, N·h·w) @ (G, N·h·w, K/G) -> (G, kh·kw·C/G, K/G) -> (kh, kw, C/G, K)
            columns = self.patches(x, w).transpose(0, 2, 1) @ rows
            return columns.transpose(1, 0, 2).reshape(w.shape)
        # (G, N·h·w, K/G) @ (G, K/G, kh·kw·C/G) -> (G, N, h, w, kh·kw, C/G), each to its place in (N, H, W, C)
        back = (rows @ self.columns(w).transpose(0, 2, 1)).reshape(
            self.groups, *m.shape[:3], w.shape[0] * w.shape[1], w.shape[2]
        )
        (top, bottom), (left, right) = self.around
        y = np.zeros((len(m), x.shape[1] + top + bottom, x.shape[2] + left + right, x.shape[3]), m.dtype)
        for t, place in enumerate(taps(y, w.shape[:2], self.stride, m.shape[1:3], self.dilation)):
            place += back[..., t, :].transpose(1, 2, 3, 0, 4).reshape(place.shape)
        return cropped(y, self.around)

    def patches(self, x: Array, w: Array) -> Array:
        """(N, H, W, C) -> (G, N·h·w, kh·kw·C/G)"""
        g, c, out = self.groups, w.shape[2], self.out(x, w)
        windows = np.empty((g, len(x), *out, w.shape[0] * w.shape[1], c), x.dtype)
        for t, tap in enumerate(taps(padded(x, self.around), w.shape[:2], self.stride, out, self.dilation)):
            windows[..., t, :] = tap.reshape(*tap.shape[:3], g, c).transpose(3, 0, 1, 2, 4)
        return windows.reshape(g, len(x) * out[0] * out[1], w.shape[0] * w.shape[1] * c)

    def columns(self, w: Array) -> Array:
        """(kh, kw, C/G, K) -> (G, kh·kw·C/G, K/G)"""
        return w.reshape(-1, self.groups, w.shape[3] // self.groups).transpose(1, 0, 2)

    def out(self, x: Array, w: Array) -> tuple[int, int]:
        return places((x.shape[1], x.shape[2]), (w.shape[0], w.shape[1]), self.stride, self.around, self.dilation)


def convolution(
    x: Operand,
    w: Operand,
    b: Operand | None = None,
    stride: Pair = 1,
    padding: Padding = "valid",
    dilation: Pair = 1,
    groups: int = 1,
) -> Node:
    """y[n, p, q, k] = Σ x[n, p·s + i·d, q·s + j·d, c] · w[i, j, c, k] + b[k], over i, j, c.

    x (N, H, W, C), w (kh, kw, C/groups, K), b (K,) -> (N, h, w, K).  stride and
    dilation are numbers or pairs; padding is "valid", "same" (ceil(H / stride) places, the odd
    pixel after), a number of pixels, (rows, columns) or ((top, bottom), (left,
    right)).  With groups = C every channel has kernels of its own (depthwise).
    Raises ValueError where the shapes do not fit.

    >>> image, kernel = Node(np.ones((1, 5, 5, 3))), np.ones((3, 3, 3, 8))
    >>> convolution(image, kernel).shape, convolution(image, kernel, stride=2, padding="same").shape
    ((1, 3, 3, 8), (1, 3, 3, 8))
    """
    shape, kernel = (u.shape if isinstance(u, Node) else np.shape(u) for u in (x, w))
    check_images(shape, "convolution")
    if len(kernel) != 4 or groups < 1 or kernel[3] % groups:
        raise ValueError(
            f"convolution takes kernels (kh, kw, C/groups, K) with K a multiple of groups, got {kernel} and "
            f"groups={groups}: add the missing axis, or change groups"
        )
    if shape[3] != kernel[2] * groups:
        hint = ": these look channels-first, transpose them to" if shape[1] == kernel[2] * groups else ": minixai takes"
        raise ValueError(
            f"kernels {kernel} in {groups} group(s) take {kernel[2] * groups} channels, but the images {shape} have "
            f"{shape[3]}{hint} (N, H, W, C), kernels (kh, kw, C/groups, K)"
        )
    bias = b.shape if isinstance(b, Node) else (kernel[3],) if b is None else np.shape(b)
    if bias != (kernel[3],):
        raise ValueError(f"kernels {kernel} need a bias of shape ({kernel[3]},), one number for each of K, got {bias}")
    step, spread = pair(stride, "stride"), pair(dilation, "dilation")
    size, window = (shape[1], shape[2]), (kernel[0], kernel[1])
    around = margins(padding, size, window, step, spread)
    places(size, window, step, around, spread)
    return Convolution(step, around, spread, groups)(x, w, b)

"""Convolution (cross-correlation) of images with a bank of kernels, by one of two algorithms.

`direct` lays out windows and multiplies matrices; it handles any kernels and dtype.  `winograd` handles 3 × 3 kernels
in float32 with a quarter of the multiplications, and is faster if there are many channels; its rounding errors are a
few times larger, 2e-6 of the largest output.  With both, rounding may depend on the position: equal windows of an image
give outputs that may differ in their last bits.  `rules.ties` ensures that these bits decide nothing.

All code for the speed of convolution is in these two modules and in `blocks`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from minixai.arrays import Array, accurate_sum
from minixai.graph import Node, Operand
from minixai.ops import direct, winograd
from minixai.ops.kinds import Bilinear
from minixai.ops.windows import Padding, Pair, output_size, resolve_padding
from minixai.validate import as_pair, check_images

METHODS = ("auto", "direct", "winograd")
MANY = 64
"""The number of channels, in and out, from which Winograd's transforms cost less than they save (measured)."""


@dataclass(frozen=True)
class Convolution(direct.Geometry, Bilinear):
    """x (N, H, W, C) ⋆ w (kh, kw, C/G, K) + b (K,) -> (N, h, w, K)"""

    method: str = "auto"

    def forward(self, x: Array, w: Array, b: Array | None = None) -> Array:
        if self.uses_winograd(w) and len(x):  # without rows, as when a model finds its shapes, transform nothing
            return winograd.correlate(x, w, b, self.padding)
        return direct.correlate(x, w, b, self)

    def vjp(self, i: int, m: Array, x: Array, w: Array, b: Array | None = None) -> Array:
        if i == 2:
            return accurate_sum(m, (0, 1, 2))
        if i == 1:
            return direct.kernel_gradient(x, w, m, self)
        if self.uses_winograd(w) and max(map(max, self.padding)) <= 2:
            return winograd.image_gradient(m, w, self.padding)
        return direct.image_gradient(x, w, m, self)

    def uses_winograd(self, w: Array) -> bool:
        """Whether Winograd's algorithm is used for kernels w."""
        return self.method == "winograd" or (
            self.method == "auto" and self.supports_winograd(w.shape, w.dtype) and min(w.shape[2:]) >= MANY
        )

    def supports_winograd(self, kernel: tuple[int, ...], dtype: np.dtype[Any] | None) -> bool:
        """Whether Winograd's algorithm can compute this convolution, for kernels of this shape and dtype."""
        plain = (self.stride, self.dilation, self.groups) == ((1, 1), (1, 1), 1)
        return plain and kernel[:2] == (3, 3) and dtype == np.float32


def convolution(
    x: Operand,
    w: Operand,
    b: Operand | None = None,
    stride: Pair = 1,
    padding: Padding = "valid",
    dilation: Pair = 1,
    groups: int = 1,
    method: str = "auto",
) -> Node:
    """y[n, p, q, k] = Σ x[n, p·s + i·d, q·s + j·d, c] · w[i, j, c, k] + b[k], summed over i, j, c.

    x (N, H, W, C), w (kh, kw, C/groups, K), b (K,) -> (N, h, w, K).  stride s and dilation d are numbers or pairs.
    padding is "valid"; "same", which gives outputs of size ceil(H / stride), with an odd pixel of border at the end; or
    the border in pixels: a number, (rows, columns) or ((top, bottom), (left, right)).  With groups = C, every channel
    has its own kernels (depthwise convolution).  method is the algorithm: "direct", "winograd" (3 × 3 kernels with
    stride 1 in float32), or "auto", the faster for the number of channels.  Raises ValueError if the shapes do not fit.

    >>> image, kernel = Node(np.ones((1, 5, 5, 3))), np.ones((3, 3, 3, 8))
    >>> convolution(image, kernel).shape, convolution(image, kernel, stride=2, padding="same").shape
    ((1, 3, 3, 8), (1, 3, 3, 8))
    """
    shape, kernel = (u.shape if isinstance(u, Node) else np.shape(u) for u in (x, w))
    check_images(shape, "convolution")
    if len(kernel) != 4 or min(kernel) < 1 or groups < 1 or kernel[3] % groups:
        raise ValueError(
            f"convolution takes kernels (kh, kw, C/groups, K), none of them 0 and K a multiple of groups, got {kernel} "
            f"and groups={groups}: add the missing axis, or change groups"
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
    step, spread = as_pair(stride, "stride"), as_pair(dilation, "dilation")
    size, window = (shape[1], shape[2]), (kernel[0], kernel[1])
    margins = resolve_padding(padding, size, window, step, spread)
    output_size(size, window, step, margins, spread)
    if method not in METHODS:
        raise ValueError(f"unknown method {method!r} of convolution: one of {', '.join(METHODS)}")
    op = Convolution(step, margins, spread, groups, method)
    dtype = next((u.dtype for u in (x, w, b) if isinstance(u, Node)), None)
    if method == "winograd" and not op.supports_winograd(kernel, dtype):
        raise ValueError(
            f"Winograd's convolution takes kernels of 3 × 3 at stride 1, undilated, in one group, in float32, got "
            f'{kernel} in {dtype}, stride {step}, dilation {spread}, groups={groups}: leave method at "auto"'
        )
    return op(x, w, b)

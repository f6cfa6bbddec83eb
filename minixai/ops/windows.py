"""Windows that slide over the two middle axes of (N, H, W, C), used by convolution and pooling."""

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np

from minixai.arrays import Array
from minixai.ops.blocks import Workspace
from minixai.text import quoted
from minixai.validate import as_pair

Pair: TypeAlias = int | tuple[int, int]
Margins: TypeAlias = tuple[tuple[int, int], tuple[int, int]]
Padding: TypeAlias = str | int | tuple[int, int] | Margins


def resolve_padding(
    padding: Padding,
    size: tuple[int, int],
    window: tuple[int, int],
    stride: tuple[int, int],
    dilation: tuple[int, int] = (1, 1),
) -> Margins:
    """The border ((top, bottom), (left, right)) in pixels, for an image of `size`.

    "valid" adds no border.  "same" adds what gives ceil(size / stride) outputs, with an odd pixel at the end, as in
    Keras and TensorFlow.  p, (p, q) and ((top, bottom), (left, right)) are numbers of pixels.  Raises ValueError for
    any other padding.
    """
    if padding == "valid":
        return (0, 0), (0, 0)
    if padding == "same":
        totals = [
            max((-(-n // s) - 1) * s + (k - 1) * d + 1 - n, 0)
            for n, k, s, d in zip(size, window, stride, dilation, strict=True)
        ]
        return (totals[0] // 2, totals[0] - totals[0] // 2), (totals[1] // 2, totals[1] - totals[1] // 2)
    sides: tuple[Any, ...] = tuple(padding) if isinstance(padding, (tuple, list)) else (padding, padding)
    if isinstance(padding, str) or len(sides) != 2:
        raise ValueError(
            f'unknown padding {quoted(padding)}: it is "same", "valid", a number of pixels, (rows, columns) '
            "or ((top, bottom), (left, right))"
        )
    return as_pair(sides[0], "padding", 0), as_pair(sides[1], "padding", 0)


def output_size(
    size: tuple[int, int],
    window: tuple[int, int],
    stride: tuple[int, int],
    padding: Margins,
    dilation: tuple[int, int] = (1, 1),
) -> tuple[int, int]:
    """How many windows fit along each side of the padded image: (rows, columns).  Raises ValueError if none fits."""
    counts = [
        (n + before + after - (k - 1) * d - 1) // s + 1
        for n, k, s, (before, after), d in zip(size, window, stride, padding, dilation, strict=True)
    ]
    if min(counts) < 1:
        raise ValueError(
            f"a window of {window} with dilation {dilation} does not fit an image of {size} with padding "
            f'{padding}: take a smaller window, or padding="same"'
        )
    return counts[0], counts[1]


def pad_images(x: Array, padding: Margins, fill: float | np.uint64 = 0.0) -> Array:
    """x with a border of `fill`.  (np.pad does the same, but takes forty times as long for a small image.)"""
    (top, bottom), (left, right) = padding
    if not (top or bottom or left or right):
        return x
    y = np.full((len(x), x.shape[1] + top + bottom, x.shape[2] + left + right, x.shape[3]), fill, x.dtype)
    crop_images(y, padding)[...] = x
    return y


def crop_images(x: Array, padding: Margins) -> Array:
    """x without its border; the inverse of `pad_images`."""
    (top, bottom), (left, right) = padding
    return x[:, top : x.shape[1] - bottom, left : x.shape[2] - right]


def window_views(
    x: Array, window: tuple[int, int], stride: tuple[int, int], out: tuple[int, int], dilation: tuple[int, int] = (1, 1)
) -> Iterator[Array]:
    """For each entry of the window, row by row, a view (N, *out, C) of a padded x: this entry of all windows.

    Adding into the views adds windows into x, summed where they overlap.
    """
    for i in range(window[0]):
        for j in range(window[1]):
            top, left = i * dilation[0], j * dilation[1]
            yield x[
                :,
                top : top + (out[0] - 1) * stride[0] + 1 : stride[0],
                left : left + (out[1] - 1) * stride[1] + 1 : stride[1],
            ]


def pixels_of(x: Array) -> Array:
    """A view (..., 1) of x (..., C) in which a whole pixel is one item, so that NumPy copies its channels together."""
    return x.view(f"V{x.itemsize * x.shape[-1]}")  # for a tuple NumPy would call Python, and lose an interrupt


def window_views_along(x: Array, axis: int, window: int, stride: int, out: int, dilation: int = 1) -> Iterator[Array]:
    """`window_views` along one axis: for each entry of the window, a view of x whose axis has length `out`.

    Sums over windows can be taken along rows and then along columns with it.
    """
    for start in range(0, window * dilation, dilation):
        yield x[(slice(None),) * axis + (slice(start, start + (out - 1) * stride + 1, stride),)]


def padded_view(
    space: Workspace,
    x: Array,
    images: range,
    rows: tuple[int, int],
    columns: tuple[int, int],
    fill: float = 0.0,
    name: str = "frame",
) -> Array:
    """Rows and columns (from, to) of some images of x; where they reach beyond the image, the value is `fill`.

    The result is a view of x if they do not, and otherwise the workspace's buffer of this name.  An x with one row
    stands for every image.
    """
    (top, bottom), (left, right) = rows, columns
    i = slice(0, 1) if len(x) == 1 else slice(images.start, images.stop)
    part = x[i, max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    if part.shape[1:3] == (bottom - top, right - left):
        return part
    frame = space(name, (len(part), bottom - top, right - left, x.shape[3]), x.dtype)
    above, before = min(max(-top, 0), bottom - top), min(max(-left, 0), right - left)
    below, after = above + part.shape[1], before + part.shape[2]
    frame[:, :above], frame[:, below:] = fill, fill
    frame[:, above:below, :before], frame[:, above:below, after:] = fill, fill
    frame[:, above:below, before:after] = part
    return frame

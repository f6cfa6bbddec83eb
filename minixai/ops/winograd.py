"""Convolution with 3 × 3 kernels by Winograd's F(4×4, 3×3): 36 products for 16 outputs instead of 144.

In one dimension, four outputs y of a kernel g of three, over six inputs d, are

    y = Aᵀ [(G g) ⊙ (Bᵀ d)]

Multiplying the polynomials g(t) and y(t), of degrees 2 and 3, gives one of degree 5, which six points determine:
take both at six points, multiply point by point, interpolate (Cook–Toom).  G takes g at the points,
A takes y there, B interpolates; read backwards, from d to y, the same matrices compute the convolution, which is the
transpose of that product (Winograd 1980; Lavin & Gray 2016).  A point a gives G the row (1, a, a²)/Πᵢ(a − aᵢ), Aᵀ the
column (1, a, a², a³) and Bᵀ the coefficients of Πᵢ(t − aᵢ), i running over the other finite points; the point
∞ takes the leading coefficients, and its row of Bᵀ are the coefficients of Πᵢ(t − aᵢ) over them all.

The points are 0, ±1/√2, ±√2 and ∞.  Each has its reciprocal among them, so no power of them is far from 1, and the
largest error is a quarter of that of the usual 0, ±1, ±2, ∞, at no cost.

In two dimensions all of it is done along the columns of a patch of 6 × 6 and then along its rows, and the products are
36 matrix products, of all patches with all kernels:

    (36, patches, C) @ (36, C, K) -> (36, patches, K)

Its rounding is 2e-6 of the largest output where that of `direct` is 4e-7, and differs from place to place inside a
tile of 4 × 4.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.polynomial import polynomial

from minixai.arrays import Array, immutable_base
from minixai.ops.blocks import Workspace, empty, in_parallel, tiles, workspace
from minixai.ops.direct import rotate_kernels
from minixai.ops.windows import Margins, padded_view

PIECE = 1 << 12
"""Tiles × channels transformed at a time: 36 times as many numbers stay in a core's own cache."""

FEW = 32
"""Tiles for which reading the kernels takes as long as the products.  Half as many are not worth a job of their own."""


def cook_toom(points: Array) -> tuple[Array, Array, Array]:
    """Bᵀ (6, 6), G (6, 3) and Aᵀ (4, 6) for five points and ∞."""
    others = [np.delete(points, j) for j in range(5)]
    b = np.vstack([*(np.append(polynomial.polyfromroots(a), 0) for a in others), polynomial.polyfromroots(points)])
    g = np.vstack([*(p ** np.arange(3) / np.prod(p - a) for p, a in zip(points, others, strict=True)), [0, 0, 1]])
    a = np.hstack([points ** np.arange(4)[:, None], [[0], [0], [0], [1]]])
    return b, g, a


BT, G, AT = cook_toom(np.array([0, 0.5**0.5, -(0.5**0.5), 2**0.5, -(2**0.5)]))
INTO, OUT = BT.astype(np.float32), AT.astype(np.float32)


def correlate(x: Array, w: Array, b: Array | None, padding: Margins) -> Array:
    """x (N, H, W, C) ⋆ w (3, 3, C, K) + b (K,) -> (N, h, w, K)"""
    return correlate_tiles(x, transform_kernels(w, back=False), b, padding)


def image_gradient(m: Array, w: Array, padding: Margins) -> Array:
    """The way back, m (N, h, w, K) ⋆ w turned about -> (N, H, W, C); the border is 2 at most."""
    (top, bottom), (left, right) = padding
    return correlate_tiles(m, transform_kernels(w, back=True), None, ((2 - top, 2 - bottom), (2 - left, 2 - right)))


def correlate_tiles(x: Array, u: Array, b: Array | None, padding: Margins) -> Array:
    """(N, H, W, C), (36, C, K) -> (N, h, w, K)"""
    (n, high, wide, c), k = x.shape, u.shape[2]
    (top, bottom), (left, right) = padding
    y = empty((n, high + top + bottom - 2, wide + left + right - 2, k), x.dtype)
    th, tw = -(-y.shape[1] // 4), -(-y.shape[2] // 4)  # tiles

    def work(space: Workspace, images: range, rows: range) -> None:
        count = len(images) * len(rows) * tw
        v, m = space("v", (6, 6, count * c), x.dtype), space("m", (6, 6, count * k), x.dtype)
        transformed_tiles, products = v.reshape(36, count, c), m.reshape(36, count, k)

        def into(space: Workspace, start: int, stop: int, i: range, r: range) -> None:
            d = input_tiles(space, x, i, r, tw, (top, left))
            e = np.matmul(INTO, d, out=space("e", d.shape, x.dtype))
            np.matmul(INTO, e.reshape(6, 6, -1), out=v[:, :, start * c : stop * c])

        def multiply(space: Workspace, at: slice) -> None:
            np.matmul(transformed_tiles[at], u[at], out=products[at])

        def out(space: Workspace, start: int, stop: int, i: range, r: range) -> None:
            e = np.matmul(OUT, m[:, :, start * k : stop * k], out=space("d", (6, 4, (stop - start) * k), x.dtype))
            z = np.matmul(OUT, e.reshape(6, -1), out=space("e", (4, 4 * (stop - start) * k), x.dtype))
            if b is not None:
                pixels = z.reshape(-1, k)
                pixels += b
            write_tiles(space, z, y[i.start : i.stop, 4 * r.start : 4 * r.stop], len(r), tw)

        parts = list(with_tile_numbers(tiles(images, rows, tw * max(c, k), PIECE), tw))
        in_parallel(into, parts)
        in_parallel(multiply, [(slice(at, at + 9),) for at in range(0, 36, 9)])
        in_parallel(out, parts)

    # enough tiles to pay for reading the kernels once more, and if there are many, work for two
    enough, half = max(56, 2 * max(c, k) // 5), -(-n * th // 2) * tw
    jobs = list(tiles(range(n), range(th), tw, min(enough, half) if half >= FEW else enough))
    if len(jobs) == 1:
        with workspace() as space:
            work(space, *jobs[0])
    else:
        in_parallel(work, jobs)  # what is shared inside is then done by one
    return y


def with_tile_numbers(parts: Iterable[tuple[range, range]], tw: int) -> Iterator[tuple[int, int, range, range]]:
    """Each part with the numbers of its tiles, from and to."""
    stop = 0
    for images, rows in parts:
        start, stop = stop, stop + len(images) * len(rows) * tw
        yield start, stop, images, rows


def input_tiles(space: Workspace, x: Array, images: range, rows: range, tw: int, border: tuple[int, int]) -> Array:
    """(6, 6 · tiles · C): what each tile of 4 × 4 sees, 6 × 6 numbers, which overlap those of its neighbours."""
    top, left = border
    seen = padded_view(space, x, images, (4 * rows.start - top, 4 * rows.stop + 2 - top), (-left, 4 * tw + 2 - left))
    shape, s = (6, 6, len(images), len(rows), tw, x.shape[3]), seen.strides
    d = space("d", shape, x.dtype)
    np.copyto(d, as_strided(seen, shape, (s[1], s[2], s[0], 4 * s[1], 4 * s[2], s[3]), writeable=False))
    return d.reshape(6, -1)


def write_tiles(space: Workspace, z: Array, y: Array, rows: int, tw: int) -> None:
    """Tiles (4, 4 · tiles · K) to their places in y (images, h, w, K), which may end inside the last ones."""
    images, h, w, k = y.shape
    is_whole = (h, w) == (4 * rows, 4 * tw)
    sheet = y if is_whole else space("d", (images, 4 * rows, 4 * tw, k), y.dtype)
    arranged = z.reshape(4, 4, images, rows, tw, k).transpose(2, 3, 0, 4, 1, 5)
    np.copyto(sheet.reshape(images, rows, 4, tw, 4, k), arranged)
    if not is_whole:
        y[...] = sheet[:, :h, :w]


def transform_kernels(w: Array, back: bool) -> Array:
    """G w Gᵀ, or with `back` that of the kernels turned about: (3, 3, C, K) -> (36, C, K).

    Remembered as long as w lives, if nobody can write into it.
    """
    kept = immutable_base(w)
    if kept is None:
        return compute_transform(w, back)
    for found in weakref.getweakrefs(kept):
        if isinstance(found, Transform) and found.back == back:
            return found.u
    made = Transform(kept, transforms.pop)
    made.u, made.back = compute_transform(w, back), back
    transforms[made] = None
    return made.u


class Transform(weakref.ref[Array]):
    """The transform `u` of weights, which is forgotten when they are gone: by `transforms.pop`, in C, so that
    an interrupt cannot hit it.
    """

    __slots__ = ("back", "u")
    u: Array
    back: bool
    __hash__ = object.__hash__  # arrays have none
    __eq__ = object.__eq__


def compute_transform(w: Array, back: bool) -> Array:
    kernels = rotate_kernels(w, 1) if back else w
    u = np.kron(G, G) @ kernels.reshape(9, -1)
    return np.asarray(u.astype(w.dtype).reshape(36, *kernels.shape[2:]))


transforms: dict[Transform, None] = {}
"""The transforms of weights that live."""

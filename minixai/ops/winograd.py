"""Convolution with 3 × 3 kernels by Winograd's F(4×4, 3×3): 36 multiplications for 16 outputs instead of 144.

In one dimension, four outputs y of a kernel g with three entries, over six inputs d, are

    y = Aᵀ [(G g) ⊙ (Bᵀ d)]

The product of two polynomials g(t) and y(t), of degrees 2 and 3, has degree 5, so its values at six points determine
it: evaluate both at six points, multiply point by point, and interpolate (Cook–Toom).  G evaluates g at the points, A
evaluates y, and B interpolates.  A convolution is the transpose of such a product, so the transposed matrices compute
it, from d to y (Winograd 1980; Lavin & Gray 2016).  A point a contributes the row (1, a, a²)/Πᵢ(a − aᵢ) to G, the
column (1, a, a², a³) to Aᵀ, and the coefficients of Πᵢ(t − aᵢ) to Bᵀ, where i runs over the other finite points.  The
point ∞ takes the leading coefficients; its row of Bᵀ holds the coefficients of Πᵢ(t − aᵢ) over all finite points.

The points are 0, ±1/√2, ±√2 and ∞.  The reciprocal of each is among them, so their powers stay near 1, and the largest
error is a quarter of that with the usual points 0, ±1, ±2, ∞, at no cost.

In two dimensions, all this is done along the columns of a patch of 6 × 6 and then along its rows.  The multiplications
become 36 matrix products, of all patches with all kernels:

    (36, patches, C) @ (36, C, K) -> (36, patches, K)

The rounding error is 2e-6 of the largest output, compared with 4e-7 for `direct`, and it depends on the position inside
a tile of 4 × 4 outputs.
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
"""Tiles × channels that are transformed at a time: 36 times as many numbers stay in a core's own cache."""

FEW = 32
"""The number of tiles for which reading the kernels takes as long as the products.

Half as many tiles are not worth a separate job.
"""


def cook_toom(points: Array) -> tuple[Array, Array, Array]:
    """The matrices Bᵀ (6, 6), G (6, 3) and Aᵀ (4, 6) for five finite points and ∞."""
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
    """Gradient with respect to the image: m (N, h, w, K) -> (N, H, W, C).  The border must be at most 2.

    It is the convolution of m with the rotated kernels.
    """
    (top, bottom), (left, right) = padding
    return correlate_tiles(m, transform_kernels(w, back=True), None, ((2 - top, 2 - bottom), (2 - left, 2 - right)))


def correlate_tiles(x: Array, u: Array, b: Array | None, padding: Margins) -> Array:
    """Convolution of x (N, H, W, C) with transformed kernels u (36, C, K) -> (N, h, w, K)"""
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

    # a job has enough tiles to pay for reading the kernels again; if there are many tiles, there are two jobs or more
    enough, half = max(56, 2 * max(c, k) // 5), -(-n * th // 2) * tw
    jobs = list(tiles(range(n), range(th), tw, min(enough, half) if half >= FEW else enough))
    if len(jobs) == 1:
        with workspace() as space:
            work(space, *jobs[0])
    else:
        in_parallel(work, jobs)  # the inner jobs then run in one thread
    return y


def with_tile_numbers(parts: Iterable[tuple[range, range]], tw: int) -> Iterator[tuple[int, int, range, range]]:
    """Yield (start, stop, images, rows) for each part (images, rows); its tiles have the numbers start to stop − 1."""
    stop = 0
    for images, rows in parts:
        start, stop = stop, stop + len(images) * len(rows) * tw
        yield start, stop, images, rows


def input_tiles(space: Workspace, x: Array, images: range, rows: range, tw: int, border: tuple[int, int]) -> Array:
    """The 6 × 6 inputs of each tile of 4 × 4 outputs, which overlap those of its neighbours: (6, 6 · tiles · C)"""
    top, left = border
    seen = padded_view(space, x, images, (4 * rows.start - top, 4 * rows.stop + 2 - top), (-left, 4 * tw + 2 - left))
    shape, s = (6, 6, len(images), len(rows), tw, x.shape[3]), seen.strides
    d = space("d", shape, x.dtype)
    np.copyto(d, as_strided(seen, shape, (s[1], s[2], s[0], 4 * s[1], 4 * s[2], s[3]), writeable=False))
    return d.reshape(6, -1)


def write_tiles(space: Workspace, z: Array, y: Array, rows: int, tw: int) -> None:
    """Write tiles z (4, 4 · tiles · K) to their places in y (images, h, w, K); the last tiles may reach beyond y."""
    images, h, w, k = y.shape
    is_whole = (h, w) == (4 * rows, 4 * tw)
    sheet = y if is_whole else space("d", (images, 4 * rows, 4 * tw, k), y.dtype)
    arranged = z.reshape(4, 4, images, rows, tw, k).transpose(2, 3, 0, 4, 1, 5)
    np.copyto(sheet.reshape(images, rows, 4, tw, 4, k), arranged)
    if not is_whole:
        y[...] = sheet[:, :h, :w]


def transform_kernels(w: Array, back: bool) -> Array:
    """G w Gᵀ: (3, 3, C, K) -> (36, C, K); with `back`, of the rotated kernels, (36, K, C).

    The result is cached for as long as w lives, if nobody can write into w.
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
    """The cached transform `u` of weights.

    When the weights are freed it is removed by `transforms.pop`, which is C code that an interrupt cannot reach.
    """

    __slots__ = ("back", "u")
    u: Array
    back: bool
    __hash__ = object.__hash__  # arrays have no hash
    __eq__ = object.__eq__


def compute_transform(w: Array, back: bool) -> Array:
    kernels = rotate_kernels(w, 1) if back else w
    u = np.kron(G, G) @ kernels.reshape(9, -1)
    return np.asarray(u.astype(w.dtype).reshape(36, *kernels.shape[2:]))


transforms: dict[Transform, None] = {}
"""The cached transforms of weights that still exist."""

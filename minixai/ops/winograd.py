"""Convolution with 3 × 3 kernels by Winograd's F(4×4, 3×3): 36 products for 16 outputs instead of 144.

In one dimension, four outputs y of a kernel g of three, over six inputs d, are

    y = Aᵀ [(G g) ⊙ (Bᵀ d)]

Multiplying the polynomials g(t) and y(t), of degrees 2 and 3, gives one of degree 5, which six points determine:
take both at six points, multiply point by point, interpolate (Cook–Toom).  G takes g at the points,
A takes y there, B interpolates; read backwards, from d to y, the same matrices compute the convolution, which is the
transpose of that product (Winograd 1980; Lavin & Gray 2016).  A point a gives G the row (1, a, a²)/Πᵢ(a − aᵢ), Aᵀ the
column (1, a, a², a³) and Bᵀ the coefficients of Πᵢ(t − aᵢ), i running over the other finite points; the point
∞ takes the leading coefficients, and its row of Bᵀ are the coefficients of Πᵢ(t − aᵢ) over them all.  In two
dimensions all of it is done along rows and along columns: kron(Bᵀ, Bᵀ) is one matrix of 36 × 36, applied to
all patches at once.

The points are 0, ±1/√2, ±√2 and ∞.  Products of a point and its reciprocal are 1, so numbers stay of one size:
the largest error is about a fifth of that of the usual 0, ±1, ±2, ∞, at no cost.  And the same points serve the way
back.  That is a convolution with the kernel turned about, g(t) -> t² g(1/t), whose value at a is a² times that of g
at 1/a.  So G of the turned kernel is G of the kernel with its rows in another order, times numbers that B can take,
and the transformed kernels, four times as large as the kernels, are kept once for both ways.

Rounding is that of about twice as many terms, 2e-6 of the largest output beside 1e-6, but it differs from place
to place inside a tile of 4 × 4: equal windows no longer give exactly equal outputs.
"""

from __future__ import annotations

import weakref

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.polynomial import polynomial

from minixai.arrays import Array, owner
from minixai.ops.blocks import Bench, in_parallel
from minixai.ops.windows import Margins, framed

POINTS = np.array([0, 0.5**0.5, -(0.5**0.5), 2**0.5, -(2**0.5)])
RECIPROCAL = [5, 3, 4, 1, 2, 0]
"""Where the reciprocal of each point stands; the last is ∞."""


def cook_toom() -> tuple[Array, Array, Array]:
    """Bᵀ (6, 6), G (6, 3) and Aᵀ (4, 6)."""
    others = [np.delete(POINTS, j) for j in range(5)]
    b = np.vstack([*(np.append(polynomial.polyfromroots(a), 0) for a in others), polynomial.polyfromroots(POINTS)])
    g = np.vstack([*(p ** np.arange(3) / np.prod(p - a) for p, a in zip(POINTS, others, strict=True)), [0, 0, 1]])
    a = np.hstack([POINTS ** np.arange(4)[:, None], [[0], [0], [0], [1]]])
    return b, g, a


def turned() -> tuple[Array, Array]:
    """Bᵀ and Aᵀ for the kernel turned about, to be used with the G of the kernel as it is."""
    b, g, a = cook_toom()
    factor = (g[:, ::-1].sum(axis=1) / g[RECIPROCAL].sum(axis=1))[:, None]
    return (factor * b)[RECIPROCAL], a[:, RECIPROCAL]


def square(*matrices: Array) -> tuple[Array, ...]:
    """Both dimensions in one matrix."""
    return tuple(np.kron(m, m).astype(np.float32) for m in matrices)


FORWARD, BACK = square(*cook_toom()[::2]), square(*turned())
KERNELS = np.kron(cook_toom()[1], cook_toom()[1])


def correlate(x: Array, w: Array, b: Array | None, around: Margins, back: bool = False) -> Array:
    """x (N, H, W, C) ⋆ w (3, 3, C, K) -> (N, h, w, K); with `back` x (N, H, W, K) ⋆ w turned about -> (N, h, w, C)."""
    into, out = BACK if back else FORWARD
    u = transformed(w)  # (36, C, K)
    if back:
        u = u.transpose(0, 2, 1)
    (n, high, wide, c), k = x.shape, u.shape[2]
    (top, bottom), (left, right) = around
    h, w_ = high + top + bottom - 2, wide + left + right - 2
    th, tw = -(-h // 4), -(-w_ // 4)
    y = np.empty((n, h, w_, k), x.dtype)

    def work(bench: Bench, i: slice, first: int, last: int) -> None:
        whole = framed(bench, x, i, (4 * first - top, 4 * last + 2 - top), (-left, 4 * tw + 2 - left))
        images, tiles = len(whole), (len(whole), last - first, tw)
        s = whole.strides
        patches = as_strided(whole, (6, 6, *tiles, c), (s[1], s[2], s[0], 4 * s[1], 4 * s[2], s[3]))
        t = images * (last - first) * tw
        # buffers "a" and "b" change places: what was transformed is no longer needed
        d = bench("a", (36, t * c), x.dtype)
        np.copyto(d.reshape(patches.shape), patches)
        v = np.matmul(into, d, out=bench("b", (36, t * c), x.dtype)).reshape(36, t, c)
        m = np.matmul(v, u, out=bench("a", (36, t, k), x.dtype)).reshape(36, t * k)
        z = np.matmul(out, m, out=bench("b", (16, t * k), x.dtype))
        if b is not None:
            pixels = z.reshape(-1, k)
            pixels += b
        rows = y[i, 4 * first : 4 * last]
        fits = rows.shape[1:3] == (4 * (last - first), 4 * tw)
        sheet = rows if fits else bench("a", (images, 4 * (last - first), 4 * tw, k), x.dtype)
        places = sheet.reshape(images, last - first, 4, tw, 4, k)
        np.copyto(places, z.reshape(4, 4, *tiles, k).transpose(2, 3, 0, 4, 1, 5))
        if not fits:
            rows[...] = sheet[:, : rows.shape[1], :w_]

    in_parallel(work, jobs(n, th, tw, max(c, k)))
    return y


def jobs(n: int, th: int, tw: int, channels: int) -> list[tuple[slice, int, int]]:
    """(images, first and last row of tiles): enough tiles to pay for reading the kernels, and at least two jobs."""
    most = max(56, 2 * channels // 5)
    images = max(1, min(-(-n // 2), most // (th * tw)))
    rows = max(1, min(th if n > 1 else -(-th // 2), most // tw))
    return [
        (slice(i, min(i + images, n)), r, min(r + rows, th)) for i in range(0, n, images) for r in range(0, th, rows)
    ]


def transformed(w: Array) -> Array:
    """kron(G, G) · w: (3, 3, C, K) -> (36, C, K), remembered as long as w lives if nobody can write into it."""
    kept = owner(w)
    if kept is None:
        return transform(w)
    if id(kept) not in remembered:
        remembered[id(kept)] = transform(w)
        weakref.finalize(kept, remembered.pop, id(kept), None)
    return remembered[id(kept)]


def transform(w: Array) -> Array:
    return np.asarray((KERNELS @ w.reshape(9, -1)).astype(np.float32).reshape(36, *w.shape[2:]))


remembered: dict[int, Array] = {}
"""{id of weights that live: their transform}"""

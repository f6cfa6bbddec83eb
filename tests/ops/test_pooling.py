"""Pooling and resizing, against explicit loops over windows."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from measure import EPS, case, check_complete, check_vjp, distinct, few, generators, paddings, says, written_out

from minixai import Node, backward, ops
from minixai.arrays import Array
from minixai.rules import GRADIENT, RESCALE

Place = tuple[int, int, int, int]


@dataclass(frozen=True)
class Geometry:
    """One pooling: the shape of x, and the parameters as a user writes them."""

    image: tuple[int, int, int, int]
    window: tuple[int, int]
    stride: tuple[int, int]
    padding: Any

    def options(self) -> dict[str, Any]:
        return {"window": self.window, "stride": self.stride, "padding": self.padding}

    def windows(self) -> Iterator[tuple[Place, list[Place]]]:
        """(place in y, the pixels its window holds), the border left out."""
        (kh, kw), (sh, sw), (_, height, width, _) = self.window, self.stride, self.image
        (top, bottom), (left, right) = written_out(self.padding, (height, width), self.window, self.stride, (1, 1))
        out = ((height + top + bottom - kh) // sh + 1, (width + left + right - kw) // sw + 1)
        for n, p, q, c in np.ndindex(self.image[0], *out, self.image[3]):
            places = [(n, p * sh + i - top, q * sw + j - left, c) for i, j in np.ndindex(kh, kw)]
            yield (n, p, q, c), [e for e in places if 0 <= e[1] < height and 0 <= e[2] < width]


@st.composite
def geometries(draw: Any) -> Geometry:
    """Windows overlap, touch or leave gaps; the border is narrower than the window; the image is large enough."""
    pair = lambda least, most: draw(st.tuples(*[st.integers(least, most)] * 2))  # noqa: E731
    window, stride = pair(1, 3), pair(1, 3)
    padding = draw(paddings(min(window) - 1))
    around = [(0, 0), (0, 0)] if padding == "same" else written_out(padding, None, None, None, None)
    least = [1 if padding == "same" else max(1, k - sum(p)) for k, p in zip(window, around, strict=True)]
    side = [n + extra for n, extra in zip(least, pair(0, 4), strict=True)]
    return Geometry((draw(st.integers(1, 2)), *side, draw(st.integers(1, 2))), window, stride, padding)


@given(g=geometries(), rng=generators)
def test_forward(g: Geometry, rng: np.random.Generator) -> None:
    x = Node(distinct(rng, g.image), reference=distinct(rng, (1, *g.image[1:])))
    most, mean = ops.max_pool(x, **g.options()), ops.average_pool(x, **g.options())
    for place, window in g.windows():
        assert most.value[place] == max(x.value[e] for e in window)
        assert abs(mean.value[place] - sum(x.value[e] for e in window) / len(window)) <= len(window) * EPS * 2
    assert most.shape == mean.shape == tuple(np.add(place, 1))
    assert len(most.reference) == len(mean.reference) == 1


@given(g=geometries(), rng=generators)
def test_ways_back(g: Geometry, rng: np.random.Generator) -> None:
    x = Node(distinct(rng, g.image), reference=distinct(rng, (1, *g.image[1:])))
    for pool in (ops.max_pool, ops.average_pool):
        y = pool(x, **g.options())
        check_vjp(y.op, [x.value], 0, rng)
        check_complete(y, x, rng.uniform(-1, 1, y.shape))


@given(g=geometries(), one=st.booleans(), rng=generators)
def test_ties_of_the_maximum(g: Geometry, one: bool, rng: np.random.Generator) -> None:
    """Gradient: the first of equals.  Rescale: Δy to the one that moved, of equals the largest on the other side."""
    x = Node(few(rng, g.image), reference=few(rng, (1, *g.image[1:]) if one else g.image))
    y = ops.max_pool(x, **g.options())
    m, x0 = rng.uniform(-1, 1, y.shape), np.broadcast_to(x.reference, x.shape)
    to_first, to_mover = np.zeros(x.shape), np.zeros(x.shape)
    for place, window in g.windows():
        to_first[max(window, key=lambda e: x.value[e])] += m[place]  # Python's max takes the first of equals
        dy = max(x.value[e] for e in window) - max(x0[e] for e in window)
        this, other = (x0, x.value) if dy < 0 else (x.value, x0)
        mover = max(window, key=lambda e: (this[e], other[e]))
        dx = x.value[mover] - x0[mover]
        to_mover[mover] += m[place] * (dy / dx if dx else 1)
    most = 9 * EPS * 4  # up to nine windows meet in a pixel, with slopes up to 1
    np.testing.assert_allclose(backward(y, GRADIENT, m)[x], to_first, rtol=0, atol=most)
    np.testing.assert_allclose(backward(y, RESCALE, m)[x], to_mover, rtol=0, atol=most)
    check_complete(y, x, m)


def test_contributions_add_up_where_windows_overlap() -> None:
    """max(1, 5) + max(5, 2) = 10 is all of the 5's doing."""
    x = Node(np.reshape([1.0, 5.0, 2.0], (1, 1, 3, 1)), reference=0.0)
    y = ops.max_pool(x, (1, 2), stride=1).sum()
    np.testing.assert_array_equal((backward(y, RESCALE)[x] * x.delta).ravel(), [0, 10, 0])
    np.testing.assert_array_equal(backward(y, GRADIENT)[x].ravel(), [0, 2, 0])


def test_the_border_never_wins_and_never_counts() -> None:
    x = Node(-np.ones((1, 2, 2, 1)), reference=-3.0)
    np.testing.assert_array_equal(ops.max_pool(x, 3, 1, "same").value, -np.ones((1, 2, 2, 1)))
    np.testing.assert_array_equal(ops.average_pool(x, 3, 1, "same").value, -np.ones((1, 2, 2, 1)))
    assert backward(ops.max_pool(x, 3, 1, "same"), RESCALE)[x].sum() == 4


def test_a_window_of_40000_pixels() -> None:
    """The winner's number did not fit its 16 bits."""
    x = Node(np.zeros((1, 200, 200, 1)) + np.arange(200)[:, None, None], reference=0.0)
    m = backward(ops.max_pool(x, 200), GRADIENT)[x]
    assert np.argwhere(m).tolist() == [[0, 199, 0, 0]]


def test_windows_that_touch_are_a_maximum_over_reshaped_axes() -> None:
    rng = np.random.default_rng(0)
    x = Node(distinct(rng, (2, 4, 6, 3)))
    blocks = x.reshape(2, 2, 3, 2, 3)
    np.testing.assert_array_equal(ops.max_pool(x, 2).value, blocks.max((2, 4)).value)
    np.testing.assert_allclose(ops.average_pool(x, 2).value, blocks.mean((2, 4)).value, rtol=0, atol=4 * EPS * 2)
    np.testing.assert_array_equal(ops.global_average_pool(x).value, x.mean((1, 2)).value)


# -- resizing --------------------------------------------------------------------------------------------
def slow_upsample(x: Array, size: tuple[int, int]) -> Array:
    """Every pixel of y between the (at most) four of x around its centre."""
    y = np.zeros((len(x), *size, x.shape[3]))
    for p, q in np.ndindex(*size):
        (r0, r1, down), (c0, c1, right) = (
            neighbours(at, n, to) for at, n, to in zip((p, q), x.shape[1:3], size, strict=True)
        )
        above = (1 - right) * x[:, r0, c0] + right * x[:, r0, c1]
        below = (1 - right) * x[:, r1, c0] + right * x[:, r1, c1]
        y[:, p, q] = (1 - down) * above + down * below
    return y


def neighbours(at: int, n: int, to: int) -> tuple[int, int, float]:
    """Pixel `at` of `to` has its centre at (at + ½)·n/to − ½ among n pixels: the two around it, and how far between."""
    centre = min(max((at + 0.5) * n / to - 0.5, 0), n - 1)
    low = int(np.floor(centre))
    return low, min(low + 1, n - 1), centre - low


@given(shape=st.tuples(*[st.integers(1, 4)] * 4), size=st.tuples(st.integers(1, 9), st.integers(1, 9)), rng=generators)
def test_upsample(shape: tuple[int, ...], size: tuple[int, int], rng: np.random.Generator) -> None:
    x = Node(distinct(rng, shape), reference=distinct(rng, (1, *shape[1:])))
    y = ops.upsample(x, size)
    np.testing.assert_allclose(y.value, slow_upsample(x.value, size), rtol=0, atol=16 * EPS * 2 * max(shape))
    check_vjp(y.op, [x.value], 0, rng)
    check_complete(y, x, rng.uniform(-1, 1, y.shape))


@given(shape=st.tuples(*[st.integers(1, 4)] * 4))
def test_resizing_to_the_same_size_changes_nothing_and_keeps_one_colour(shape: tuple[int, ...]) -> None:
    x = Node(np.arange(np.prod(shape), dtype=float).reshape(shape))
    np.testing.assert_array_equal(ops.upsample(x, (shape[1], shape[2])).value, x.value)
    np.testing.assert_allclose(ops.upsample(0 * x + 1, 7).value, 1, rtol=8 * EPS)


# -- what is refused -------------------------------------------------------------------------------------
X, IMAGES = Node(np.ones((2, 12))), Node(np.ones((2, 5, 6, 3)))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        case(lambda: ops.max_pool(X), ValueError, "(2, 12)", "images (N, H, W, C)", "image[None]"),
        case(lambda: ops.average_pool(X), ValueError, "got (2, 12)", "images (N, H, W, C)"),
        case(lambda: ops.global_average_pool(X), ValueError, "global_average_pool", "(2, 12)", "images (N, H, W, C)"),
        case(lambda: ops.upsample(X, 8), ValueError, "upsample", "(2, 12)", "images (N, H, W, C)"),
        case(lambda: ops.max_pool(IMAGES, 6), ValueError, "(6, 6)", "(5, 6)", 'padding="same"'),
        case(lambda: ops.max_pool(IMAGES, 2, padding=2), ValueError, "((2, 2), (2, 2))", "less than the window"),
        case(lambda: ops.max_pool(IMAGES, (3, 2), padding=2), ValueError, "(3, 2)", "less than the window"),
        case(lambda: ops.average_pool(IMAGES, 0), ValueError, "got 0", "window is a number >= 1"),
        case(lambda: ops.average_pool(IMAGES, (2, 2, 2)), ValueError, "got (2, 2, 2)", "(rows, columns)"),
        case(lambda: ops.average_pool(IMAGES, 2, 0), ValueError, "stride is a number >= 1", "got 0"),
        case(lambda: ops.max_pool(IMAGES, 2, padding="SAME"), ValueError, "'SAME'", '"same", "valid"'),
        case(lambda: ops.upsample(IMAGES, 0), ValueError, "size is a number >= 1", "got 0"),
        case(lambda: ops.upsample(IMAGES, 2.5), ValueError, "got 2.5", "size is a number >= 1"),
    ],
)
def test_errors(call: Any, error: Any, words: Any) -> None:
    with says(error, *words):
        call()

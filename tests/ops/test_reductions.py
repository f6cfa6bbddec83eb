"""Sums, means and maxima over axes of a row; softmax."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from measure import EPS, H, case, central, check_complete, check_vjp, distinct, few, generators, says
from scipy import special

from minixai import Node, backward, ops
from minixai.arrays import Array
from minixai.rules import GRADIENT, RESCALE, max_difference_first

NUMPYS = {ops.sum: np.sum, ops.mean: np.mean, ops.max: np.max}
reductions = pytest.mark.parametrize("reduce", NUMPYS, ids=["sum", "mean", "max"])


@st.composite
def shapes_and_axes(draw: Any) -> tuple[tuple[int, ...], Any]:
    """(N, ...) and axes of a row: one number, several, counted from the front or the end, or all."""
    shape = draw(hnp.array_shapes(min_dims=2, max_dims=4, max_side=3))
    axes = draw(st.lists(st.integers(1, len(shape) - 1), min_size=1, unique=True))
    named = [a - len(shape) if draw(st.booleans()) else a for a in axes]
    return shape, draw(st.sampled_from([None, tuple(named), named[0]]))


@reductions
@given(case=shapes_and_axes(), keepdims=st.booleans(), rng=generators)
def test_reductions(reduce: Any, case: Any, keepdims: bool, rng: np.random.Generator) -> None:
    shape, axis = case
    x = Node(distinct(rng, shape), reference=distinct(rng, (1, *shape[1:])))
    y = reduce(x, axis, keepdims)
    over = tuple(range(1, len(shape))) if axis is None else axis
    expected = NUMPYS[reduce](x.value, axis=over, keepdims=keepdims)
    np.testing.assert_allclose(y.value, expected, rtol=0, atol=x.value.size * EPS * 2 * x.value.size)
    assert y.shape == expected.shape
    assert len(y.reference) == 1
    check_vjp(y.op, [x.value], 0, rng)
    check_complete(y, x, rng.uniform(-1, 1, y.shape))


def slow_maximum(x: Array, x0: Array, m: Array, axes: tuple[int, ...], rescale: bool) -> Array:
    """The multipliers of max over `axes` (m with these axes of length 1), from the definition, window by window."""
    back = np.zeros((len(m), *x.shape[1:]))
    for place in np.ndindex(*m.shape):
        spans = [range(x.shape[a]) if a in axes else [place[a]] for a in range(x.ndim)]
        window = [(place[0], *inner) for inner in np.ndindex(*(len(s) for s in spans[1:]))]
        window = [(n, *(spans[a + 1][k] for a, k in enumerate(inner))) for n, *inner in window]
        value = {e: x[e] for e in window}
        other = {e: x0[(min(e[0], len(x0) - 1), *e[1:])] for e in window}
        dy = max(value.values()) - max(other.values())
        one, two = (other, value) if rescale and dy < 0 else (value, other)
        tied = [e for e in window if one[e] == max(one.values())]
        if rescale:
            tied = [e for e in tied if two[e] == max(two[t] for t in tied)]
        winner = tied[0]
        dx = value[winner] - other[winner]
        slope = dy / dx if rescale and dx else 1
        back[winner] += m[place] * slope
    return back


@given(case=shapes_and_axes(), keepdims=st.booleans(), one=st.booleans(), rng=generators)
def test_ties_of_the_maximum(case: Any, keepdims: bool, one: bool, rng: np.random.Generator) -> None:
    """The gradient takes the first in row-major order; Rescale the one that is largest on the other side."""
    shape, axis = case
    x = Node(few(rng, shape), reference=few(rng, (1, *shape[1:]) if one else shape))
    y = ops.max(x, axis, keepdims)
    full = ops.max(x, axis, True)
    axes = full.op.axes
    m = rng.uniform(-1, 1, y.shape)
    for table, rescale in ((GRADIENT, False), (RESCALE, True)):
        expected = slow_maximum(x.value, x.reference, m.reshape(full.shape), axes, rescale)
        np.testing.assert_allclose(backward(y, table, m)[x], expected, rtol=4 * EPS)


def test_where_everything_ties_position_decides_nothing() -> None:
    x = Node([[1.0, 5.0, 2.0], [-1.0, -5.0, -2.0]], reference=0.0)
    np.testing.assert_array_equal(backward(ops.max(x), RESCALE)[x] * x.delta, [[0, 5, 0], [-1, 0, 0]])
    np.testing.assert_array_equal(backward(ops.max(x), GRADIENT)[x], [[0, 1, 0], [1, 0, 0]])


def test_first_mover_takes_the_first_of_equals() -> None:
    """As captum and shap do: falling from 0, the first of the zeros gets it all."""
    x = Node([[-3.0, -5.0, -2.0]], reference=0.0)
    m = backward(ops.max(x), {**RESCALE, type(ops.max(x).op).__mro__[1]: max_difference_first})[x]
    np.testing.assert_allclose(m * x.delta, [[-2, 0, 0]], rtol=4 * EPS)


# -- softmax ---------------------------------------------------------------------------------------------
@given(n=st.integers(1, 3), k=st.integers(1, 6), scale=st.sampled_from([1, 30, 200, 800]), rng=generators)
def test_softmax(n: int, k: int, scale: float, rng: np.random.Generator) -> None:
    z = Node(rng.uniform(-scale, scale, (n, k)), reference=rng.uniform(-scale, scale, (1, k)))
    p = ops.softmax(z)
    # z − max z is rounded alike on both sides; then exp, the sum, the quotient
    np.testing.assert_allclose(p.value, special.softmax(z.value, axis=1), rtol=(k + 8) * EPS, atol=1e-300)
    np.testing.assert_allclose(p.value.sum(axis=1), 1, rtol=(2 * k + 4) * EPS)
    assert len(p.reference) == 1
    for target in range(k):
        check_complete(p[:, target], z, np.ones(n))
    check_complete(p, z, rng.uniform(-1, 1, p.shape))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("value", "reference"),
    [
        ([800, -800, 0], [-800, 800, 0]),
        ([800, 800, 800], [-800, -800, -800]),
        ([800, 799, -800], 0),
        ([-800, -1000, -1200], [-800, -600, -400]),
        ([250, 50, -150], [0, 0, 0]),
        ([800, 799.5, 0], [800, 799.5, 1e-4]),
        ([0, 0, 0], [0, 0, 0]),
    ],
    ids=str,
)
def test_softmax_at_the_extremes(dtype: Any, value: Any, reference: Any) -> None:
    z = Node(np.array([value], dtype), reference)
    p = ops.softmax(z)
    np.testing.assert_allclose(p.value, special.softmax(z.value, axis=1), rtol=12 * np.finfo(dtype).eps, atol=1e-45)
    for target in range(3):
        m = backward(p[:, target], RESCALE)[z]
        assert m.dtype == dtype
        assert np.all(np.isfinite(m))
        assert np.all(np.isfinite(backward(p[:, target], GRADIENT)[z]))
        # scores of 800 are rounded by 800·ε, and every one of them counts
        bound = 20 * np.finfo(dtype).eps * (np.sum(abs(m) * (abs(z.value) + abs(z.reference))) + 1)
        assert abs(np.sum(m * z.delta) - p.delta[0, target]) <= bound


@given(rng=generators, axis=st.sampled_from([1, 2, 3, -1]))
def test_softmax_over_an_axis(rng: np.random.Generator, axis: int) -> None:
    z = Node(distinct(rng, (2, 3, 2, 4)))
    p = ops.softmax(z, axis)
    np.testing.assert_allclose(p.value, special.softmax(z.value, axis=axis), rtol=12 * EPS)
    m, d = rng.uniform(-1, 1, p.shape), rng.uniform(-1, 1, z.shape)
    numeric = np.sum(m * central(lambda x: special.softmax(x, axis=axis), z.value, d))
    # |third derivative| ≤ 1 for each entry; each entry is below 1 and rounded twice
    assert abs(numeric - np.sum(backward(p, GRADIENT, m)[z] * d)) <= m.size * (H**2 + 12 * EPS / H)


# -- what is refused -------------------------------------------------------------------------------------
X, ROWS, LONE = Node(np.ones((2, 3, 4))), Node(np.ones(2)), Node(2.0)


@pytest.mark.parametrize("reduce", [ops.sum, ops.mean, ops.max, ops.softmax], ids=["sum", "mean", "max", "softmax"])
@pytest.mark.parametrize(
    ("x", "axis", "words"),
    [
        (X, 0, ["axis 0", "3 axes", "from 1 to 2", "rows"]),
        (X, -3, ["axis -3", "from 1 to 2", "rows"]),
        (X, 3, ["axis 3", "from 1 to 2"]),
        (X, (0, 1), ["axis (0, 1)", "from 1 to 2", "rows"]),
        (X, (1, -2), ["axis (1, -2)", "each once"]),
        (X, (), ["axis ()", "from 1 to 2"]),
        (X, 1.0, ["axis 1.0", "from 1 to 2"]),
        (X, True, ["axis True", "from 1 to 2"]),
        (ROWS, -1, ["axis -1", "1 axes", "x[:, None]"]),
        (ROWS, None, ["axis None", "1 axes", "x[:, None]"]),
        (LONE, None, ["axis None", "0 axes"]),
    ],
    ids=lambda given: given[0] if isinstance(given, list) else "",
)
def test_wrong_axes(reduce: Any, x: Node, axis: Any, words: list[str]) -> None:
    with says(ValueError, *words):
        reduce(x, axis)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        case(lambda: ops.sum(np.ones((2, 3))), TypeError, "Sum was given no Node", "Node(x)"),
        case(lambda: ops.softmax(np.ones((2, 3))), TypeError, "Max was given no Node", "Node(x)"),
    ],
)
def test_errors(call: Any, error: Any, words: Any) -> None:
    with says(error, *words):
        call()


def test_a_list_of_axes_is_taken_like_a_tuple() -> None:
    np.testing.assert_array_equal(X.sum([1, 2]).value, [12, 12])

"""Moving entries about: each op is the NumPy function of the same name, applied to every row alone."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from measure import case, check_complete, check_vjp, distinct, generators, says

from minixai import Node, backward, ops
from minixai.ops.shapes import Concatenate
from minixai.rules import GRADIENT

shapes = hnp.array_shapes(min_dims=1, max_dims=3, max_side=4)  # of one row
rows = st.integers(1, 3)


def check_rows(make: Any, numpys: Any, shape: tuple[int, ...], n: int, rng: np.random.Generator) -> None:
    """make(node) is numpys(row) for every row, its vjp the transpose, and a single reference row stays single."""
    x = Node(distinct(rng, (n, *shape)), reference=distinct(rng, (1, *shape)))
    y = make(x)
    np.testing.assert_array_equal(y.value, np.stack([numpys(row) for row in x.value]))
    np.testing.assert_array_equal(y.reference, numpys(x.reference[0])[None])
    check_vjp(y.op, [x.value], 0, rng)
    check_complete(y, x, rng.uniform(-1, 1, y.shape))


@given(shape=shapes, n=rows, rng=generators, data=st.data())
def test_reshape(shape: tuple[int, ...], n: int, rng: np.random.Generator, data: Any) -> None:
    size = int(np.prod(shape))
    first = data.draw(st.sampled_from([d for d in range(1, size + 1) if size % d == 0]))
    for new in [(first, size // first), (first, -1), (-1, size // first), (1, first, 1, -1), (size,), (-1,)]:
        check_rows(lambda x, new=new: x.reshape(*new), lambda row, new=new: row.reshape(new), shape, n, rng)
        check_rows(lambda x, new=new: x.reshape(new), lambda row, new=new: row.reshape(new), shape, n, rng)
    check_rows(ops.flatten, np.ravel, shape, n, rng)
    check_rows(ops.identity, np.copy, shape, n, rng)


def test_a_row_that_is_one_number_reshapes_to_a_vector_of_one() -> None:
    assert Node([1.0, 2.0]).reshape(-1).shape == (2, 1)
    assert Node([[1.0], [2.0]]).reshape().shape == (2,)


@given(shape=shapes, n=rows, rng=generators, data=st.data())
def test_transpose(shape: tuple[int, ...], n: int, rng: np.random.Generator, data: Any) -> None:
    order = data.draw(st.permutations(range(len(shape))))
    axes, backwards = [k + 1 for k in order], [k - len(shape) for k in order]
    for given_axes in (axes, backwards):
        check_rows(lambda x, a=given_axes: x.transpose(*a), lambda row: row.transpose(order), shape, n, rng)
    check_rows(lambda x: x.transpose(tuple(axes)), lambda row: row.transpose(order), shape, n, rng)


@given(shape=shapes, n=rows, rng=generators, data=st.data())
def test_pad(shape: tuple[int, ...], n: int, rng: np.random.Generator, data: Any) -> None:
    width = st.tuples(st.integers(0, 2), st.integers(0, 2))
    widths = data.draw(st.tuples(*[width] * len(shape)))
    check_rows(lambda x: ops.pad(x, widths), lambda row: np.pad(row, widths), shape, n, rng)
    y = ops.pad(Node(np.zeros((n, *shape))), widths, fill=7)
    np.testing.assert_array_equal(y.value[0], np.pad(np.zeros(shape), widths, constant_values=7))


@given(shape=shapes, n=rows, rng=generators, data=st.data())
def test_index(shape: tuple[int, ...], n: int, rng: np.random.Generator, data: Any) -> None:
    """Integers, slices of any step, ... and None."""
    index = data.draw(hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True))
    parts = index if isinstance(index, tuple) else (index,)
    check_rows(lambda x: x[(slice(None), *parts)], lambda row: np.asarray(row[parts]), shape, n, rng)


def test_index_from_the_last_axis() -> None:
    x = Node(np.arange(24.0).reshape(2, 3, 4))
    np.testing.assert_array_equal(x[..., -1].value, x.value[..., -1])
    np.testing.assert_array_equal(x[:, np.int64(1), ::-2].value, x.value[:, 1, ::-2])
    np.testing.assert_array_equal(x[:].value, x.value)
    np.testing.assert_array_equal(x[...].value, x.value)


@given(shape=shapes, n=rows, rng=generators, data=st.data())
def test_concatenate(shape: tuple[int, ...], n: int, rng: np.random.Generator, data: Any) -> None:
    axis = data.draw(st.integers(0, len(shape) - 1))
    widths = data.draw(st.lists(st.integers(0, 3), min_size=1, max_size=4))
    blocks = [(*shape[:axis], width, *shape[axis + 1 :]) for width in widths]
    xs = [Node(distinct(rng, (n, *b)), reference=distinct(rng, (1, *b))) for b in blocks]
    for place in (axis + 1, axis - len(shape)):
        y = ops.concatenate(xs, place)
        np.testing.assert_array_equal(y.value, np.concatenate([x.value for x in xs], axis + 1))
        assert len(y.reference) == 1
    for i in range(len(xs)):
        check_vjp(Concatenate(axis + 1), [x.value for x in xs], i, rng)


@pytest.mark.parametrize("n", [0, 1, 3])
def test_concatenate_repeats_a_single_row(n: int) -> None:
    """A constant has one row; so may a node.  (With no rows at all there are none to repeat it for.)"""
    x, one = Node(np.ones((n, 2))), Node([[5.0, 6.0]])
    y = ops.concatenate([x, np.array([[7.0]])])
    np.testing.assert_array_equal(y.value, [[1, 1, 7]] * n if n else np.zeros((0, 3)))
    m = backward(ops.concatenate([x, one]), GRADIENT)
    assert m[x].shape == m[one].shape == (n, 2)


def test_the_same_node_twice() -> None:
    x = Node([[1.0, 2.0]])
    np.testing.assert_array_equal(backward(ops.concatenate([x, 3 * x, x]), GRADIENT)[x], [[5, 5]])


# -- what is refused -------------------------------------------------------------------------------------
X, IMAGES, ROWS, LONE = Node(np.ones((2, 12))), Node(np.ones((2, 3, 4, 5))), Node(np.ones(2)), Node(2.0)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        case(lambda: X.reshape(5, -1), ValueError, "(5, -1)", "(12,) (12 numbers)", "without the rows"),
        case(lambda: X.reshape(2, 12), ValueError, "(2, 12)", "(12,) (12 numbers)", "without the rows"),
        case(lambda: X.reshape((7,)), ValueError, "(7,)", "(12,)", "x.reshape(-1)"),
        case(lambda: X.reshape(-1, -1), ValueError, "(-1, -1)", "(12,)"),
        case(lambda: X.reshape(-2, -6), ValueError, "(-2, -6)", "(12,)"),
        case(lambda: X.reshape(), ValueError, "to ()", "(12,)"),
        case(lambda: X.reshape(0, -1), ValueError, "(0, -1)", "(12,)"),
        case(lambda: LONE.reshape(-1), ValueError, "()", "reshaped to (-1,)"),
        case(lambda: X.reshape(1.5, 8), TypeError, "shape is a whole number", "got 1.5"),
        case(lambda: IMAGES.transpose(0, 1, 2, 3), ValueError, "(0, 1, 2, 3)", "(2, 3, 4, 5)", "axes 1 to 3", "rows"),
        case(lambda: IMAGES.transpose(-4, 1, 2), ValueError, "(-4, 1, 2)", "axes 1 to 3", "rows"),
        case(lambda: IMAGES.transpose(1, 1, 2), ValueError, "(1, 1, 2)", "axes 1 to 3"),
        case(lambda: IMAGES.transpose((3, 1)), ValueError, "(3, 1)", "axes 1 to 3"),
        case(lambda: IMAGES.transpose(), ValueError, "got ()", "axes 1 to 3"),
        case(lambda: LONE.transpose(), ValueError, "transpose of ()", "rows"),
        case(lambda: ops.concatenate([X, IMAGES]), ValueError, "(2, 12), (2, 3, 4, 5)", "axis -1", "other axes"),
        case(lambda: ops.concatenate([X, np.ones(3)]), ValueError, "(2, 12), (3,)", "constant the shape (1, ...)"),
        case(lambda: ops.concatenate([X, Node(np.ones((3, 12)))]), ValueError, "(2, 12), (3, 12)", "rows come first"),
        case(lambda: ops.concatenate([X, X], axis=0), ValueError, "axis 0", "rows"),
        case(lambda: ops.concatenate(X), ValueError, "<Input (2, 12) float64>", "a list of Nodes, [x, y]"),
        case(lambda: ops.concatenate([]), ValueError, "got []", "give at least one"),
        case(lambda: ops.concatenate([np.ones((2, 3))]), TypeError, "Concatenate was given no Node", "Node(x)"),
        case(lambda: ops.pad(X, (1, 1)), ValueError, "got (1, 1)", "(2, 12) needs 1 pairs (before, after)"),
        case(lambda: ops.pad(X, ((1, 1), (1, 1))), ValueError, "((1, 1), (1, 1))", "1 pairs"),
        case(lambda: ops.pad(X, ((-1, 1),)), ValueError, "((-1, 1),)", ">= 0"),
        case(lambda: ops.pad(X, ((1, 2, 3),)), ValueError, "((1, 2, 3),)", "(before, after)"),
        case(lambda: X[0], TypeError, "[0]", "rows cannot be picked", "x[:, 0]"),
        case(lambda: X[-1:], TypeError, "slice(-1, None, None)", "rows cannot be picked", "x[:, 0]"),
        case(lambda: X[[0, 1]], TypeError, "[[0, 1]]", "rows cannot be picked", "x[:, 0]"),
        case(lambda: X[None], TypeError, "[None]", "rows cannot be picked"),
        case(lambda: X[()], TypeError, "[()]", "rows cannot be picked"),
        case(lambda: X[:, [0, 1]], TypeError, "[0, 1]", "concatenate the slices"),
        case(lambda: X[:, 1.0], TypeError, "1.0", "integers, slices"),
        case(lambda: X[:, True], TypeError, "True", "integers, slices"),
        case(lambda: X[:, 12], ValueError, "index 12", "size 12"),
        case(lambda: ROWS[..., 0], ValueError, "too many indices", "index inside its rows"),
        # a loop over rows ended at once and the built-in sum was 0, without a word
        case(lambda: list(X), TypeError, "rows cannot be picked out of a Node", "x[:, 0]"),
        case(lambda: sum(X), TypeError, "rows cannot be picked out of a Node, ", "x[:, 0]"),
    ],
)
def test_errors(call: Any, error: Any, words: Any) -> None:
    with says(error, *words):
        call()

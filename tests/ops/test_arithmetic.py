"""Sums and products: broadcasting inside a row, never across rows."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from measure import EPS, case, check_complete, check_vjp, distinct, generators, says

from minixai import Node, backward
from minixai.arrays import Array
from minixai.ops.arithmetic import Add, MatMul, Multiply
from minixai.ops.kinds import unbroadcast
from minixai.rules import GRADIENT

OPERATORS = [
    (lambda u, v: u + v, np.add),
    (lambda u, v: u - v, np.subtract),
    (lambda u, v: u * v, np.multiply),
    (lambda u, v: u / v, np.divide),
]
NAMES = ["+", "-", "*", "/"]


def row_shapes(row: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Every shape that stretches to `row`: (), (4,), (1,), (3, 4), (3, 1) ..."""
    ends = [row[k:] for k in range(len(row) + 1)]
    return sorted({tuple(shape) for end in ends for shape in product(*({1, n} for n in end))})


@pytest.mark.parametrize(("ours", "numpys"), OPERATORS, ids=NAMES)
@pytest.mark.parametrize("shape", row_shapes((2, 3, 4)), ids=str)
def test_constants_of_every_row_shape(ours, numpys, shape: tuple[int, ...]) -> None:
    """On both sides, and the node may be the smaller one as long as it has all axes."""
    rng = np.random.default_rng(0)
    constant = distinct(rng, shape) if shape else 0.75
    narrow = (2, 1, 4)
    for row in {(2, 3, 4), narrow} if len(shape) < 4 else {(2, 3, 4)}:
        x = Node(distinct(rng, (5, *row)), reference=distinct(rng, (1, *row)))
        for y, expected in (
            (ours(x, constant), numpys(x.value, constant)),
            (ours(constant, x), numpys(constant, x.value)),
        ):
            np.testing.assert_allclose(y.value, expected, rtol=2 * EPS)
            assert len(y.reference) == 1
            seed = rng.uniform(-1, 1, y.shape)
            assert backward(y, GRADIENT, seed)[x].shape == x.shape
            check_complete(y, x, seed)


@pytest.mark.parametrize(("ours", "numpys"), OPERATORS, ids=NAMES)
@given(
    shapes=hnp.mutually_broadcastable_shapes(num_shapes=2, min_dims=2, max_dims=3, max_side=3),
    n=st.integers(1, 3),
    rng=generators,
)
def test_two_nodes_broadcast_inside_a_row(ours, numpys, shapes, n: int, rng: np.random.Generator) -> None:
    (a, b), most = shapes.input_shapes, len(shapes.result_shape)
    a, b = ((n, *(1,) * (most - len(s)), *s) for s in (a, b))
    u, v = (Node(distinct(rng, s), reference=distinct(rng, (1, *s[1:]))) for s in (a, b))
    y = ours(u, v)
    np.testing.assert_allclose(y.value, numpys(u.value, v.value), rtol=2 * EPS)
    assert [m.shape for m in backward(y, GRADIENT, keep=[u, v]).values()] == [a, b]


@pytest.mark.parametrize("op", [Add(), Multiply()], ids=["add", "multiply"])
@given(shapes=hnp.mutually_broadcastable_shapes(num_shapes=2, min_dims=1, max_dims=3, max_side=3), rng=generators)
def test_vjp_of_sums_and_products(op, shapes, rng: np.random.Generator) -> None:
    """Inputs with all axes, or with fewer than the rows need: a weight."""
    full = len(shapes.result_shape) + 1
    for widen in (0, 1):
        a, b = shapes.input_shapes
        a = (2, *(1,) * (full - 1 - len(a)), *a)
        b = (2, *(1,) * (full - 1 - len(b)), *b) if widen else b
        for i in (0, 1):
            check_vjp(op, [distinct(rng, a), distinct(rng, b)], i, rng)


@given(
    shapes=hnp.mutually_broadcastable_shapes(num_shapes=1, min_dims=0, max_dims=3, base_shape=(4, 3, 2)), rng=generators
)
def test_unbroadcast_is_the_adjoint_of_broadcasting(shapes, rng: np.random.Generator) -> None:
    """⟨m, stretched d⟩ = ⟨unbroadcast m, d⟩; with all axes there, rows stay apart."""
    (shape,) = shapes.input_shapes
    m, d = rng.uniform(-1, 1, (4, 3, 2)), rng.uniform(-1, 1, shape)
    back = unbroadcast(m, shape)
    rows = (4,) if len(shape) == 3 else shape[:1]
    assert back.shape == (*rows, *shape[1:])
    assert abs(np.sum(m * d) - np.sum(back * d)) <= m.size * EPS * np.sum(abs(m * d))


def test_nodes_without_axes_are_numbers() -> None:
    """A 0-d node goes with everything, and its multiplier is one number: a weight's."""
    x, a, b = Node([[1.0, 2.0], [3.0, 4.0]]), Node(10.0), Node(0.5)
    m = backward(a * x + b, GRADIENT)
    assert (m[a], m[b]) == (10.0, 4.0)
    assert m[a].shape == m[b].shape == ()
    np.testing.assert_array_equal(m[x], [[10, 10], [10, 10]])
    assert backward(a * b + a, GRADIENT, keep=[a])[a] == 1.5


def test_keepdims_lines_rows_up() -> None:
    x = Node([[1.0, 3.0], [2.0, 8.0]])
    y = x - x.mean(1, keepdims=True)
    np.testing.assert_array_equal(y.value, [[-1, 1], [-3, 3]])
    np.testing.assert_array_equal(backward(y, GRADIENT, [[1.0, 0.0]])[x], [[0.5, -0.5]] * 2)


@pytest.mark.parametrize("v", [np.array([3, 200], np.uint8), np.array([True, False]), [3, 7], 5, -1.5], ids=str)
def test_constants_may_be_of_any_number_type(v: object) -> None:
    """−v of unsigned bytes wraps around: x − np.uint8(3) was x + 253."""
    x = Node([[1.0, 2.0]])
    np.testing.assert_array_equal((x - v).value, x.value - np.asarray(v, float))
    np.testing.assert_array_equal((v - x).value, np.asarray(v, float) - x.value)
    np.testing.assert_array_equal((x * v).value, x.value * np.asarray(v, float))


def test_division_by_a_constant_is_as_exact_as_the_graph() -> None:
    x = Node([[1.0]])
    assert (x / np.float32(3)).value == 1 / 3.0
    assert (1 / Node([[4.0]])).value == 0.25


# -- powers ----------------------------------------------------------------------------------------------
@given(rng=generators, p=st.sampled_from([-2, -1, 0, 0.5, 1, 2, 3, np.float32(2), np.int64(3)]))
def test_power_of_a_node(rng: np.random.Generator, p: float) -> None:
    x = Node(abs(distinct(rng, (2, 3))))
    y = x**p
    np.testing.assert_allclose(y.value, x.value ** float(p), rtol=2 * EPS)
    np.testing.assert_allclose(backward(y, GRADIENT)[x], p * x.value ** (float(p) - 1), rtol=8 * EPS)


@given(rng=generators, a=st.sampled_from([2, 0.3, 1.0, np.float64(10)]))
def test_power_of_a_number(rng: np.random.Generator, a: float) -> None:
    x = Node(distinct(rng, (2, 3)))
    y = a**x
    np.testing.assert_allclose(y.value, float(a) ** x.value, rtol=16 * EPS)  # the exponent x·log a is up to 5
    np.testing.assert_allclose(backward(y, GRADIENT)[x], np.log(a) * y.value, rtol=4 * EPS)


# -- matrix products -------------------------------------------------------------------------------------
def slow_matmul(x: Array, w: Array) -> Array:
    """Row by row, entry by entry; w has a matrix for every row, or is one."""
    y = np.zeros((*x.shape[:-1], w.shape[-1]), x.dtype)
    for place in np.ndindex(*y.shape):
        matrix = w[place[0]] if w.ndim == 3 else w
        y[place] = sum(x[(*place[:-1], k)] * matrix[k, place[-1]] for k in range(x.shape[-1]))
    return y


@given(
    lead=hnp.array_shapes(min_dims=1, max_dims=3, max_side=3), i=st.integers(1, 4), o=st.integers(1, 4), rng=generators
)
def test_dense(lead: tuple[int, ...], i: int, o: int, rng: np.random.Generator) -> None:
    x, w, b = distinct(rng, (*lead, i)), distinct(rng, (i, o)), distinct(rng, (o,))
    np.testing.assert_allclose((Node(x) @ w).value, slow_matmul(x, w), rtol=0, atol=i * EPS * 4 * i)
    np.testing.assert_allclose(MatMul()(Node(x), w, b).value, slow_matmul(x, w) + b, rtol=0, atol=(i + 1) * EPS * 6 * i)
    for k in range(3):
        check_vjp(MatMul(), [x, w, b], k, rng)
    for k in range(2):
        check_vjp(MatMul(), [x, w], k, rng)


@given(n=st.integers(1, 3), a=st.integers(1, 3), i=st.integers(1, 3), o=st.integers(1, 3), rng=generators)
def test_two_nodes_multiply_row_by_row(n: int, a: int, i: int, o: int, rng: np.random.Generator) -> None:
    x, w = distinct(rng, (n, a, i)), distinct(rng, (n, i, o))
    np.testing.assert_allclose((Node(x) @ Node(w)).value, slow_matmul(x, w), rtol=0, atol=i * EPS * 4 * i)
    for k in range(2):
        check_vjp(MatMul(), [x, w], k, rng)
        check_vjp(MatMul(), [x[:1], w] if k else [x, w[:1]], k, rng)


def test_a_constant_on_the_left_of_a_matrix_product() -> None:
    rng = np.random.default_rng(0)
    a, x = distinct(rng, (4, 3)), Node(distinct(rng, (5, 3, 2)), reference=distinct(rng, (1, 3, 2)))
    y = a @ x
    np.testing.assert_allclose(y.value, np.stack([a @ row for row in x.value]), rtol=0, atol=3 * EPS * 12)
    check_complete(y, x, rng.uniform(-1, 1, y.shape))


def test_dense_weights_as_nodes() -> None:
    """In training w and b are nodes without rows: their multipliers are summed over the rows."""
    rng = np.random.default_rng(0)
    x, w, b = distinct(rng, (5, 3)), Node(distinct(rng, (3, 2))), Node(distinct(rng, (2,)))
    m = backward(MatMul()(Node(x), w, b), GRADIENT, np.ones((5, 2)), keep=[w, b])
    np.testing.assert_allclose(m[w], np.repeat(x.sum(axis=0)[:, None], 2, axis=1), rtol=0, atol=10 * EPS * 5)
    np.testing.assert_array_equal(m[b], [5, 5])


# -- what is refused -------------------------------------------------------------------------------------
X, ROWS, CUBE, LONE = Node(np.ones((2, 3))), Node(np.ones(2)), Node(np.ones((3, 2, 4))), Node(2.0)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        case(lambda: X + np.ones(4), ValueError, "(2, 3) and (4,)", "the shape of one row"),
        case(lambda: X * Node(np.ones((3, 3))), ValueError, "(2, 3) and (3, 3)", "rows come first"),
        case(lambda: X + ROWS, ValueError, "(2, 3) and (2,)", "x[:, :1] or keepdims=True"),
        case(lambda: ROWS - X, ValueError, "(2,) and (2, 3)", "x[:, :1] or keepdims=True"),
        case(lambda: X + np.ones((2, 2, 3)), ValueError, "(2, 3) and (2, 2, 3)", "the shape of one row"),
        case(lambda: X / np.ones((5, 3)), ValueError, "(5, 3)", "along the rows", "the shape of one row"),
        case(lambda: X[:, :1] + np.ones((5, 1)), ValueError, "(5, 1)", "the shape of one row"),
        case(lambda: Node(np.ones((1, 3))) + np.ones((5, 3)), ValueError, "(5, 3)", "along the rows", "one row"),
        case(lambda: LONE + np.ones(3), ValueError, "Add of () and (3,)", "rows", "the shape of one row"),
        case(lambda: X - None, TypeError, "real numbers", "convert it to float"),
        case(lambda: X / None, TypeError, "real numbers", "convert it to float "),
        case(lambda: X**X, TypeError, "got <Input (2, 3) float64> ** <Input", "exp(y * log(x))"),
        case(lambda: X ** [1, 2, 3], TypeError, "** an array (3,)", "x ** 2"),
        case(lambda: (-2) ** X, TypeError, "-2 ** <Input", "base > 0"),
        case(lambda: X @ np.ones(3), ValueError, "(2, 3) @ (3,)", "w[:, None]"),
        case(lambda: ROWS @ np.ones((2, 2)), ValueError, "(2,) @ (2, 2)", "at least two axes"),
        case(lambda: X @ np.ones((4, 5)), ValueError, "(2, 3) @ (4, 5)", "(I, O)", "as long as"),
        case(lambda: CUBE @ np.ones((2, 4, 5)), ValueError, "(2, 4, 5)", "along the rows"),
        case(lambda: X @ Node(np.ones((3, 4))), ValueError, "(2, 3) @ (3, 4)", "(N, I, O)"),
        case(lambda: np.ones((4, 2)) @ X, ValueError, "(4, 2) @ (2, 3)", "(N, I, O)"),
        # both gave an answer with rows mixed, because the number of rows happened to fit
        case(lambda: X @ np.ones((2, 3, 4)), ValueError, "(2, 3) @ (2, 3, 4)", "no more axes"),
        case(lambda: np.ones((3, 3, 2, 2)) @ CUBE, ValueError, "(3, 3, 2, 2) @ (3, 2, 4)", "no more axes"),
    ],
)
def test_errors(call, error, words) -> None:
    with says(error, *words):
        call()

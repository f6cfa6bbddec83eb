"""The rules, one by one: the conventions, which no property sees, and the numerics of a chord."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scipy import special

from minixai import Node, backward, ops
from minixai.ops.functions import Elu, LeakyRelu, Power
from minixai.ops.kinds import Bilinear, Elementwise, Linear, Selection
from minixai.rules import DECONVNET, GRADIENT, GUIDED, RESCALE, gradient, max_difference_first

FIRST = {**RESCALE, Selection: max_difference_first}


def row(*numbers: float, reference: Any = None) -> Node:
    return Node(np.array([numbers]), reference=reference)


def contributions(network: Callable[..., Node], x: Any, x0: Any, table: Any = RESCALE) -> Any:
    """m·Δx"""
    leaf = Node(np.atleast_2d(np.asarray(x, float)), reference=np.atleast_2d(np.asarray(x0, float)))
    return backward(network(leaf), table)[leaf] * leaf.delta


# -- what a ReLU lets through ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "expected"),
    [(GRADIENT, [0, 0, 1, -1]), (DECONVNET, [1, 1, 1, 0]), (GUIDED, [0, 0, 1, 0])],
    ids=["gradient", "deconvnet", "guided"],
)
def test_three_ways_back_through_a_relu(table: Any, expected: Any) -> None:
    x = row(-1.0, 0.0, 2.0, 3.0)  # at 0 the ReLU is shut
    y = (ops.relu(x) * np.array([1.0, 1.0, 1.0, -1.0])).sum()
    np.testing.assert_array_equal(backward(y, table)[x], [expected])


@pytest.mark.parametrize("table", [DECONVNET, GUIDED], ids=["deconvnet", "guided"])
def test_only_a_relu_is_masked(table: Any) -> None:
    x = Node(np.random.default_rng(0).normal(size=(1, 4, 4, 1)))
    y = -ops.tanh(ops.average_pool(ops.leaky_relu(ops.max_pool(x, 2, 1)), 2, 1))
    np.testing.assert_array_equal(backward(y, table)[x], backward(y, GRADIENT)[x])
    assert backward(y, table)[x].min() < 0


def test_every_relu_on_the_way_is_masked() -> None:
    x = row(1.0, 2.0)
    y = ops.relu(-ops.relu(-ops.relu(x)) + 5)  # the inner ReLU is shut, behind two signs
    np.testing.assert_array_equal(backward(y, DECONVNET)[x], [[0, 0]])
    y = ops.relu(3 - ops.relu(x))
    np.testing.assert_array_equal(backward(y, GRADIENT)[x], [[-1, -1]])
    np.testing.assert_array_equal(backward(y, GUIDED)[x], [[0, 0]])


def test_guided_and_deconvnet_differ_from_the_gradient_even_when_every_relu_is_open() -> None:
    x = row(1.0, 2.0)
    y = ops.relu(x) @ np.array([[1.0], [-1.0]])
    assert [backward(y, table)[x].tolist() for table in (GRADIENT, GUIDED)] == [[[1, -1]], [[1, 0]]]


# -- Rescale: the chord --------------------------------------------------------------------------------


def test_a_chord_across_the_kink() -> None:
    x = Node(0.03, reference=-0.01)
    assert backward(ops.relu(x), RESCALE)[x].item() == 0.75


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_chord_across_zero_is_never_flat(dtype: Any) -> None:
    """The exact secant x/(x − x₀), however short the chord is beside the other entries, and beside 1."""
    short = 10.0 ** -np.arange(0, 30, 2)
    x, x0 = np.append(3 * short, 1e3).astype(dtype), np.append(-short, -1e3).astype(dtype)
    leaf = Node(x[None], reference=x0[None])
    exact = x.astype(float) / (x.astype(float) - x0)
    for a, b in ((leaf, exact), (Node(x0[None], reference=x[None]), exact)):
        np.testing.assert_allclose(backward(ops.relu(a), RESCALE)[a][0], b, rtol=4 * np.finfo(dtype).eps)
        slope = backward(ops.absolute(a), RESCALE)[a][0]
        np.testing.assert_allclose(slope, 2 * exact - 1, rtol=8 * np.finfo(dtype).eps)


@dataclass(frozen=True)
class Smooth:
    """A function with the derivatives that the error bounds need, where it has them."""

    op: Elementwise
    first: Callable[[Any], Any]
    second: Callable[[Any], Any]
    third: Callable[[Any], Any]
    least: float = -np.inf  # its domain
    most: float = np.inf
    kinked: bool = False  # at 0


def logistic(x: Any) -> Any:
    return special.expit(x)


def bell(x: Any) -> Any:
    return np.exp(-x * x / 2) / np.sqrt(2 * np.pi)


def piecewise(x: Any, right: float, left: Any) -> Any:
    return np.where(x > 0, right, left)


def powers(p: float) -> list[Callable[[Any], Any]]:
    """The first three derivatives of xᵖ."""

    def derivative(k: int) -> Callable[[Any], Any]:
        factor = np.prod(p - np.arange(k))
        return lambda x: factor * x ** (p - k) if factor else np.zeros_like(x)

    return [derivative(1), derivative(2), derivative(3)]


SMOOTH = {
    "relu": Smooth(ops.relu, lambda x: piecewise(x, 1, 0), np.zeros_like, np.zeros_like, kinked=True),
    "leaky_relu": Smooth(LeakyRelu(0.1), lambda x: piecewise(x, 1, 0.1), np.zeros_like, np.zeros_like, kinked=True),
    "absolute": Smooth(ops.absolute, np.sign, np.zeros_like, np.zeros_like, kinked=True),
    "elu": Smooth(
        Elu(0.5, 3.0),
        lambda x: piecewise(x, 3, 1.5 * np.exp(np.minimum(x, 0))),
        *[lambda x: piecewise(x, 0, 1.5 * np.exp(np.minimum(x, 0)))] * 2,
        kinked=True,
    ),
    "sigmoid": Smooth(
        ops.sigmoid,
        lambda x: logistic(x) * logistic(-x),
        lambda x: logistic(x) * logistic(-x) * (1 - 2 * logistic(x)),
        lambda x: logistic(x) * logistic(-x) * (1 - 6 * logistic(x) * logistic(-x)),
    ),
    "softplus": Smooth(
        ops.softplus,
        logistic,
        lambda x: logistic(x) * logistic(-x),
        lambda x: logistic(x) * logistic(-x) * (1 - 2 * logistic(x)),
    ),
    "tanh": Smooth(
        ops.tanh,
        lambda x: 1 - np.tanh(x) ** 2,
        lambda x: -2 * np.tanh(x) * (1 - np.tanh(x) ** 2),
        lambda x: (1 - np.tanh(x) ** 2) * (6 * np.tanh(x) ** 2 - 2),
    ),
    "gelu": Smooth(
        ops.gelu,
        lambda x: special.ndtr(x) + x * bell(x),
        lambda x: bell(x) * (2 - x * x),
        lambda x: bell(x) * (x**3 - 4 * x),
    ),
    "exp": Smooth(ops.exp, np.exp, np.exp, np.exp, most=50),
    "log": Smooth(ops.log, lambda x: 1 / x, lambda x: -1 / x**2, lambda x: 2 / x**3, least=0),
    "sqrt": Smooth(ops.sqrt, *powers(0.5), least=0),
    "reciprocal": Smooth(ops.reciprocal, *powers(-1.0), kinked=True),
    "square": Smooth(ops.square, *powers(2.0)),
    "cube": Smooth(Power(3.0), *powers(3.0)),
}


def chords(f: Smooth, dtype: Any) -> tuple[Any, Any, Any, Any]:
    """x and x₀ near each other, on both sides of the threshold h = ε^⅓·max(|x|, |x₀|, scale); the scale; h.

    x near 0, tiny, moderate and huge; |Δx| from 10⁻³·h to 5·h, either way.
    """
    sizes = np.array([1e-9, 1e-4, 0.01, 0.3, 1.0, 1.7, 4.0, 20.0, 1e4])
    with np.errstate(divide="ignore"):
        at_zero = f.op.forward(np.zeros(1))[0]
    scale = 1.0 if np.isfinite(at_zero) and at_zero != 0 else 0.0  # as the design says: f(0) ≠ 0
    x = np.append(sizes, -sizes)
    x = x[(x > f.least) & (x < f.most)].astype(dtype)[:, None]
    ratios = np.append(np.logspace(-3, 0.7, 38), [0.99, 1.01])
    third = np.cbrt(np.finfo(dtype).eps)
    step = third * np.maximum(abs(x), scale) * np.append(ratios, -ratios)
    x0 = (x + step).astype(dtype)
    h = third * np.maximum(np.maximum(abs(x), abs(x0)), scale).astype(float)
    x = np.broadcast_to(x, x0.shape)
    return x, x0, scale, h


def slopes(f: Smooth, x: Any, x0: Any) -> tuple[Any, Any, Any]:
    """The multiplier Rescale gives, and how exact f is: 4ε·(|y| + |y₀|)."""
    leaf = Node(x, reference=x0)
    y = f.op(leaf)
    eps = float(np.finfo(x.dtype).eps)
    rounding = 4 * eps * (abs(y.value).astype(float) + abs(y.reference))
    m = backward(y, RESCALE)[leaf]
    assert m.dtype == x.dtype
    return m.astype(float), y.value.astype(float) - y.reference, rounding


def largest(f: Callable[[Any], Any], x: Any, x0: Any) -> Any:
    """max |f| between x and x₀, or nearly"""
    along = [x0 + (x - x0) * t for t in np.linspace(0, 1, 17)]
    return 1.25 * np.max([abs(f(point)) for point in along], axis=0)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", SMOOTH)
def test_rescale_is_continuous_as_the_input_nears_its_reference(name: str, dtype: Any) -> None:
    """The chord of slope f'(mid) + f'''Δx²/24 is divided by Δx ≥ h; below h there is the tangent.

    So the error of the multiplier against f'(mid), wherever the threshold is crossed, is at most
    |f'''|Δx²/24 + (rounding of y)/max(|Δx|, h) + (rounding of f' itself and of its argument).
    """
    f = SMOOTH[name]
    x, x0, _, h = chords(f, dtype)
    m, _, rounding = slopes(f, x, x0)
    x, x0 = x.astype(float), x0.astype(float)
    middle, dx = (x + x0) / 2, abs(x - x0)
    truncation = largest(f.third, x, x0) * dx**2 / 24
    own = 8 * float(np.finfo(dtype).eps) * (1 + abs(f.first(middle)) + abs(middle * f.second(middle)))
    error = abs(m - f.first(middle))
    bound = truncation + rounding / np.maximum(dx, h) + own
    worst = np.unravel_index(np.argmax(error / bound), error.shape)
    assert error[worst] <= bound[worst], f"x {x[worst]}, Δx/h {dx[worst] / h[worst]}, slope {m[worst]}"


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", SMOOTH)
def test_rescale_is_complete_on_both_sides_of_the_threshold(name: str, dtype: Any) -> None:
    """m·Δx = Δy up to the rounding of y and, where flat, |f'''|Δx³/24, of which Δx ≤ h makes ε|f'''x³|/24."""
    f = SMOOTH[name]
    x, x0, _, h = chords(f, dtype)
    m, dy, rounding = slopes(f, x, x0)
    x, x0 = x.astype(float), x0.astype(float)
    dx = x - x0
    eps = float(np.finfo(dtype).eps)
    own = 8 * eps * (abs(f.first(x)) + abs(x * f.second(x)) + eps) * abs(dx)
    own = own + (8 * eps * abs(dx) if name in ("tanh", "gelu") else 0)  # their f' is a difference of numbers near 1
    bound = largest(f.third, x, x0) * h**3 / 24 + rounding + own
    error = abs(m * dx - dy)
    worst = np.unravel_index(np.argmax(error / (bound + 1e-300)), error.shape)
    assert error[worst] <= bound[worst], f"x {x[worst]}, Δx/h {dx[worst] / h[worst]}, slope {m[worst]}"


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", SMOOTH)
def test_rescale_of_what_has_not_moved_is_the_tangent(name: str, dtype: Any) -> None:
    x = chords(SMOOTH[name], dtype)[0]
    moved, still = Node(x, reference=x.copy()), Node(x)
    one, other = backward(SMOOTH[name].op(moved), RESCALE), backward(SMOOTH[name].op(still), GRADIENT)
    np.testing.assert_array_equal(one[moved], other[still])


@pytest.mark.parametrize("name", [name for name, f in SMOOTH.items() if not f.kinked and f.least < 0])
def test_rescale_is_continuous_across_zero(name: str) -> None:
    """x and x₀ on either side of 0, or at it: no denominator there is exact but |Δx| itself."""
    f = SMOOTH[name]
    size = 10.0 ** -np.arange(3, 13)[:, None]
    for a, b in ((1, -1), (1, -0.5), (0, 1), (1, 0), (0, -1)):
        x, x0 = a * size, b * size
        m, _, _ = slopes(f, x, x0)
        middle = (x + x0) / 2
        error, eps = abs(m - f.first(middle)), np.finfo(float).eps
        # 1/scale or the size of x itself: either way the chord is at least ε^⅓ of what rounds it
        assert np.all(error <= largest(f.third, x, x0) * size**2 / 6 + 16 * eps ** (2 / 3) * (1 + abs(f.first(middle))))


def test_no_slope_is_asked_for_where_there_is_none() -> None:
    """√x has a chord from 0 but no tangent there: neither a warning nor an infinity comes out."""
    for x, x0 in ((4.0, 0.0), (0.0, 4.0)):
        leaf = row(x, 9.0, reference=[[x0, 9.0]])
        np.testing.assert_array_equal(backward(ops.sqrt(leaf), RESCALE)[leaf], [[0.5, 1 / 6]])
    leaf = row(2.0**-30, 1e9, reference=[[0.0, 1e9]])  # beside an entry of another size
    assert backward(ops.sqrt(leaf), RESCALE)[leaf][0, 0] == 2.0**15
    leaf = row(1.0, reference=-1.0)  # across the pole, where halfway is 0
    assert backward(ops.reciprocal(leaf), RESCALE)[leaf] == 1.0


def test_flat_and_steep_entries_side_by_side() -> None:
    """Each entry is judged beside its own size, whatever its neighbours are."""
    x0 = np.array([[1e6, 1e-6, -2.0, 0.0]])
    x = x0 + np.array([[1e-3, 1e-6, 3.0, 1e-9]])
    together = Node(x, reference=x0)
    m = backward(ops.relu(together), RESCALE)[together]
    np.testing.assert_array_equal(m, [[1, 1, 1 / 3, 1]])
    for k in range(4):
        alone = Node(x[:, k : k + 1], reference=x0[:, k : k + 1])
        assert backward(ops.tanh(alone), RESCALE)[alone][0, 0] == backward(ops.tanh(together), RESCALE)[together][0, k]


def test_a_saturated_unit_passes_on_what_moved_it() -> None:
    def saturation(u: Node) -> Node:
        return 1 - ops.relu(1 - u.sum())

    np.testing.assert_array_equal(contributions(saturation, [1, 1], [0, 0]), [[0.5, 0.5]])
    np.testing.assert_allclose(contributions(saturation, [1, 0.25], [0, 0]), [[0.8, 0.2]], rtol=1e-15)


# -- Rescale: products ---------------------------------------------------------------------------------


class Spy(Bilinear):
    """u·v, and what its vjp was given."""

    def __init__(self) -> None:
        self.given: list[Any] = []

    def forward(self, u: Any, v: Any, b: Any = None) -> Any:
        return u * v if b is None else u * v + b

    def vjp(self, i: int, m: Any, *xs: Any) -> Any:
        self.given.append((i, *(x.tolist() for x in xs)))
        return m if i == 2 else m * xs[1 - i]


def test_the_midpoint_rule_averages_only_the_other_factor() -> None:
    spy, u, v = Spy(), row(2.0, reference=0.0), row(3.0, reference=1.0)
    m = backward(spy(u, v), RESCALE)
    assert spy.given == [(0, [[2.0]], [[2.0]]), (1, [[1.0]], [[3.0]])]
    assert (m[u].item(), m[v].item()) == (2, 1)
    assert m[u] * u.delta + m[v] * v.delta == 6


def test_beside_a_constant_nothing_is_averaged() -> None:
    spy, u = Spy(), row(2.0, reference=0.0)
    backward(spy(u, np.array([5.0])), RESCALE)
    backward(spy(np.array([5.0]), u), RESCALE)
    assert spy.given == [(0, [[2.0]], [5.0]), (1, [5.0], [[2.0]])]


def test_a_bias_that_moves_is_simply_added() -> None:
    u, v, b = (row(2.0, reference=r) for r in (0.0, 1.0, -5.0))
    m = backward(Spy()(u, v, b), RESCALE)
    assert [m[x].item() for x in (u, v, b)] == [1.5, 1, 1]
    assert m[u] * 2 + m[v] * 1 + m[b] * 7 == (2 * 2 + 2) - (0 * 1 - 5)


def test_a_square_by_product() -> None:
    x = row(5.0, reference=2.0)
    assert backward(x * x, RESCALE)[x] == 7  # x + x₀
    assert backward(x**2, RESCALE)[x] == 7


def test_products_of_inputs() -> None:
    def product(u: Node) -> Node:
        return u[:, 0] * u[:, 1]

    def product_of_three(u: Node) -> Node:
        return (u[:, 0] * u[:, 1]) * u[:, 2]

    np.testing.assert_array_equal(contributions(product, [2, 3], [0, 0]), [[3, 3]])
    np.testing.assert_array_equal(contributions(product_of_three, [1, 1, 1], [0, 0, 0]), [[0.25, 0.25, 0.5]])


def test_the_add_multiply_network() -> None:
    def network(u: Node) -> Node:
        return (u[:, 0] + u[:, 1]) * (u[:, 1] + u[:, 2])

    np.testing.assert_array_equal(contributions(network, [1, 2, 3], [0, 0, 0]), [[2.5, 8, 4.5]])
    leaf = row(1.0, 2.0, 3.0)
    np.testing.assert_array_equal(backward(network(leaf), GRADIENT)[leaf], [[5, 8, 3]])


def test_matmul_of_two_moving_nodes_is_complete() -> None:
    draw = np.random.default_rng(0)
    u, v = (Node(draw.normal(size=(2, *s)), reference=draw.normal(size=(1, *s))) for s in ((3, 4), (4, 5)))
    y = u @ v
    m = backward(y, RESCALE)
    total = (m[u] * u.delta).sum((1, 2)) + (m[v] * v.delta).sum((1, 2))
    np.testing.assert_allclose(total, y.delta.sum((1, 2)), rtol=1e-13)


# -- Rescale: maxima -----------------------------------------------------------------------------------

POOLS = {
    "max": lambda u: u.max(1),
    "max, keepdims": lambda u: u.max(1, keepdims=True),
    "max_pool": lambda u: ops.max_pool(u.reshape(1, -1, 1), (1, u.shape[1])),
    "max_pool with border": lambda u: ops.max_pool(u.reshape(1, -1, 1), (2, u.shape[1]), padding=((1, 0), (0, 0))),
}


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize(
    ("x", "x0", "credit", "first"),
    [
        ((3, 1), (0, 2), (1, 0), (1, 0)),  # it rose: the new winner
        ((1, 1.5), (0, 2), (0, -0.5), (0, -0.5)),  # it fell: the old winner
        ((3, 1), (0, 0), (3, 0), (3, 0)),  # a reference of one colour
        ((3, 2), (1, 2), (1, 0), (1, 0)),
        ((1, 3), (0, 0), (0, 3), (0, 3)),
        ((-3, -1), (0, 0), (0, -1), (-1, 0)),  # of equal old winners, the one that is largest now
        ((2, 2), (0, 1), (0, 1), (1, 0)),  # of equal new winners, the one that was largest
        ((2, 2), (0, 0), (2, 0), (2, 0)),  # of equals in both, the first
        ((2, 1), (1, 2), (0, 0), (0, 0)),  # it stood still
        ((1, 2, 2), (0, 0, 1), (0, 0, 1), (0, 1, 0)),
    ],
)
def test_who_moved_the_maximum(pool: str, x: Any, x0: Any, credit: Any, first: Any) -> None:
    for table, expected in ((RESCALE, credit), (FIRST, first)):
        np.testing.assert_allclose(contributions(POOLS[pool], x, x0, table), [expected], rtol=1e-15)
        # and with the same reference, in one row, for several
        other = [*x[::-1]]
        both = contributions(POOLS[pool], [x, other, x], x0, table)
        np.testing.assert_allclose(both[::2], [expected] * 2, rtol=1e-15)
        np.testing.assert_array_equal(both[1], contributions(POOLS[pool], other, x0, table)[0])


@pytest.mark.parametrize("pool", POOLS)
def test_the_gradient_of_a_maximum_goes_to_the_first_of_equals(pool: str) -> None:
    x = row(1.0, 2.0, 2.0, 2.0)
    np.testing.assert_array_equal(backward(POOLS[pool](x), GRADIENT)[x], [[0, 1, 0, 0]])
    moved = row(1.0, 2.0, 2.0, 2.0, reference=[[1.0, 2.0, 2.0, 2.0]])
    np.testing.assert_array_equal(backward(POOLS[pool](moved), RESCALE)[moved], [[0, 1, 0, 0]])


def test_overlapping_windows_add_up() -> None:
    def pool(u: Node) -> Node:
        return ops.max_pool(u.reshape(1, 3, 1), (1, 2), 1)

    np.testing.assert_array_equal(contributions(pool, [1, 5, 2], [0, 0, 0]), [[0, 10, 0]])
    np.testing.assert_array_equal(contributions(pool, [1, 5, 2], [6, 0, 7]), [[-1, 0, -2]])


def test_the_border_never_wins() -> None:
    def pool(u: Node) -> Node:
        return ops.max_pool(u.reshape(2, 2, 1), 2, 1, padding=1)

    x, x0 = [-1, -2, -3, -4], [-8, -7, -6, -5]
    assert pool(row(*x)).value[0, :, :, 0].tolist() == [[-1, -1, -2], [-1, -1, -2], [-3, -3, -4]]
    shares = contributions(pool, x, x0)
    leaf = Node(np.array([x], float), reference=np.array([x0], float))
    np.testing.assert_allclose(shares.sum(), pool(leaf).delta.sum(), rtol=1e-15)
    assert shares.min() >= 0


def test_a_zero_baseline_does_not_decide_by_position() -> None:
    """Where everything ties in the reference, mirroring the image mirrors the explanation."""
    draw = np.random.default_rng(0)
    image = draw.normal(size=(1, 6, 6, 2))

    def explain(values: Any) -> Any:
        leaf = Node(values, reference=0.0)
        return backward(ops.max_pool(leaf, 2), RESCALE)[leaf] * values

    np.testing.assert_array_equal(explain(image[:, ::-1, ::-1]), explain(image)[:, ::-1, ::-1])


# -- the tables ----------------------------------------------------------------------------------------


def test_a_table_lists_its_kinds_and_covers_nothing_else() -> None:
    for table in (GRADIENT, DECONVNET, GUIDED, RESCALE):
        assert {Linear, Bilinear, Elementwise, Selection} <= set(table)
        assert not any(kind in (object, Linear.__base__) for kind in table)


def test_linear_ops_have_the_same_rule_in_every_table() -> None:
    assert {table[Linear] for table in (GRADIENT, DECONVNET, GUIDED, RESCALE)} == {gradient}


def test_a_new_elementwise_op_is_covered_by_every_table() -> None:
    class Wave(Elementwise):
        def forward(self, x: Any) -> Any:
            return np.sin(x)

        def slope(self, x: Any) -> Any:
            return np.cos(x)

    x = row(3.0, -1.0, reference=[[0.5, 0.5]])
    y = (Wave()(x) * Wave()(x @ np.array([[1.0, 2.0], [-1.0, 0.5]]))).sum()
    m = backward(y, RESCALE)[x]
    np.testing.assert_allclose((m * x.delta).sum(), y.delta.sum(), rtol=1e-14)
    for table in (DECONVNET, GUIDED):
        np.testing.assert_array_equal(backward(y, table)[x], backward(y, GRADIENT)[x])


def test_softmax_is_complete_at_any_score() -> None:
    for x, x0 in (([800, 0, -800], [0, 0, 0]), ([-800, 800, 800], [800, -800, 0]), ([200, 0, 1], [0, 200, 1])):
        leaf = row(*map(float, x), reference=np.array([x0], float))
        y = ops.softmax(leaf)
        for k in range(3):
            share = backward(y, RESCALE, np.eye(3)[k])[leaf] * leaf.delta
            np.testing.assert_allclose(share.sum(), y.delta[0, k], atol=1e-13)

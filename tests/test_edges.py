"""0 · ∞, constants that would be laid along the rows, and what counts as a ReLU.

What has not moved brings nothing, however steep the function is there; a truly infinite answer is an error.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import minixai as mx
from minixai import Node, backward, ops
from minixai.arrays import divide_or, multiply_no_nan
from minixai.ops import Elementwise
from minixai.rules import RESCALE

W = np.array([[1.0, -2.0, 0.5], [0.3, 1.0, -1.0]])


def root(x: Node) -> Node:
    """√x1 + x2"""
    return ops.sqrt(x[:, 0]) + x[:, 1]


def norm(x: Node) -> Node:
    """|x| + x2, whose slope at 0 is 0/0"""
    return ops.sqrt((x**2).sum(1)) + x[:, 1]


def norm_of_products(x: Node) -> Node:
    return ops.sqrt((x * x).sum(1)) + x[:, 1]


def spread(x: Node) -> Node:
    """The standard deviation of three units, and one of them."""
    h = x @ W
    off = h - h.mean(1, keepdims=True)
    return ops.sqrt((off**2).mean(1)) + h[:, 0]


def dead(x: Node) -> Node:
    """The norm of units that are off, above inputs that move."""
    h = ops.relu(x @ W - 100.0)
    return ops.sqrt((h**2).sum(1)) + x[:, 1]


HEADS = {"root": root, "norm": norm, "products": norm_of_products, "spread": spread}
X = np.array([[4.0, 0.5], [0.0, 0.0], [9.0, 1.0]])
ORIGIN = [0.0, 0.0]


METHODS: dict[str, Any] = {
    "deep_lift": lambda f, x: mx.deep_lift(f, x, baseline=ORIGIN),
    "reveal-cancel": lambda f, x: mx.deep_lift(f, x, baseline=ORIGIN, rule="reveal-cancel"),
    "deep_shap": lambda f, x: mx.deep_shap(f, x, background=[ORIGIN]),
    "integrated_gradients": lambda f, x: mx.integrated_gradients(f, x, baseline=ORIGIN, steps=200),
    "expected_gradients": lambda f, x: mx.expected_gradients(f, x, background=[ORIGIN], samples=20),
    "input_x_gradient": lambda f, x: mx.input_x_gradient(f, x),
    "lrp": lambda f, x: mx.lrp(f, x),
}


@pytest.mark.filterwarnings("ignore:integrated_gradients misses")
@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("method", METHODS)
def test_a_row_equal_to_its_baseline_gets_nothing_and_disturbs_nobody(method: str, head: str) -> None:
    ask, f = METHODS[method], HEADS[head]
    together = ask(f, X)
    np.testing.assert_array_equal(together.values[1], [0, 0])
    np.testing.assert_allclose(together.values[::2], ask(f, X[::2]).values, rtol=1e-12)
    if together.gap is not None:
        assert together.gap[1] == 0


@pytest.mark.parametrize("method", ["deep_lift", "deep_shap", "integrated_gradients", "expected_gradients", "lrp"])
def test_one_input_that_has_not_moved(method: str) -> None:
    """√x1 stays at 0, where its slope is infinite, while x2 moves."""
    np.testing.assert_allclose(METHODS[method](root, [[0.0, 3.0]]).values, [[0, 3]], rtol=1e-12)


@pytest.mark.parametrize("method", ["deep_lift", "reveal-cancel", "deep_shap"])
def test_dead_units_below_a_norm_bring_nothing(method: str) -> None:
    """The units have not moved, though the inputs have."""
    np.testing.assert_allclose(METHODS[method](dead, [[2.0, 3.0]]).values, [[0, 3]], atol=1e-15)


@pytest.mark.parametrize("square", [lambda u: u**2, lambda u: u * u], ids=["power", "product"])
def test_a_difference_that_has_stayed_0_below_a_root(square: Any) -> None:
    """|x1 − x2| + x2 at (1, 1) from (0, 0): the square of 0 passes nothing on, though both inputs have moved."""

    def network(x: Node) -> Node:
        return ops.sqrt(square(x[:, 0] - x[:, 1])) + x[:, 1]

    for method in ("deep_lift", "deep_shap"):
        assert METHODS[method](network, [[1.0, 1.0]]).values.tolist() == [[0, 1]]


def test_a_layer_that_has_not_moved() -> None:
    def network(x: Node) -> Node:
        return norm((x * 0.0).named("h")) + x[:, 0]

    assert mx.deep_lift(network, [[1.0, 2.0]], layer="h").values.tolist() == [[0, 0]]
    assert mx.input_x_gradient(network, [[1.0, 2.0]], layer="h").values.tolist() == [[0, 0]]
    maps = lambda x: ops.sqrt((x.named("h") ** 2).sum((1, 2, 3)))  # noqa: E731
    assert mx.hires_cam(maps, np.zeros((1, 2, 2, 3)), layer="h").values.tolist() == np.zeros((1, 2, 2, 1)).tolist()


@pytest.mark.parametrize("method", ["deep_lift", "deep_shap"])
def test_what_is_infinite_stays_an_error(method: str) -> None:
    """√(x1 − x2) at (1, 1) from (0, 0): x1 brings +∞ and x2 −∞."""
    with pytest.raises(ValueError, match="not finite|miss"):
        METHODS[method](lambda x: ops.sqrt(x[:, 0] - x[:, 1]), [[1.0, 1.0]])


@pytest.mark.parametrize(("ask", "at"), [(mx.gradient, 0.0), (mx.gradient, 1.0), (mx.input_x_gradient, 1.0)])
def test_a_slope_that_is_infinite_stays_an_error(ask: Any, at: float) -> None:
    with pytest.raises(ValueError, match="not finite"):
        ask(lambda x: ops.sqrt(x[:, 0] - x[:, 1]), [[at, at]])


def test_a_multiplier_without_a_factor_stays_an_error() -> None:
    """multiply=False asks for the mean slope itself."""
    with pytest.raises(ValueError, match="not finite"):
        mx.integrated_gradients(norm, [[0.0, 0.0]], multiply=False)


def test_the_product_itself() -> None:
    m, x = np.array([np.inf, -np.inf, np.nan, np.inf, np.nan, 2.0]), np.array([0.0, -0.0, 0.0, 2.0, 1.0, 3.0])
    np.testing.assert_array_equal(multiply_no_nan(m, x), [0, 0, 0, np.inf, np.nan, 6])
    assert multiply_no_nan(m.astype(np.float32), x.astype(np.float32)).dtype == np.float32
    assert multiply_no_nan(np.ones((2, 3)), np.zeros((1, 3))).shape == (2, 3)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_product_warns_of_nothing_and_has_no_minus_zero(dtype: Any) -> None:
    """Neither infinities of both signs nor numbers whose sum is too large are anything to warn of."""
    most = np.finfo(dtype).max
    m, x = np.array([np.inf, -np.inf, most, most, -1.0], dtype), np.array([1, 1, 1, 1, 0], dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        product, finite = multiply_no_nan(m, x), multiply_no_nan(m[2:], x[2:])
    np.testing.assert_array_equal(product, [np.inf, -np.inf, most, most, 0])
    assert not np.signbit([product[-1], finite[-1]]).any()


def test_a_quotient_with_something_else_at_0() -> None:
    y, x = np.array([[1.0, 2.0, 0.0], [3.0, 4.0, 5.0]]), np.array([[2.0, 0.0, -0.0], [1.0, 0.0, 5.0]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(divide_or(y, x, 7), [[0.5, 7, 7], [3, 7, 1]])
        np.testing.assert_array_equal(divide_or(y, x, np.array([[1.0, 2.0, 3.0]])), [[0.5, 2, 3], [3, 2, 1]])
        np.testing.assert_array_equal(divide_or(y, y + 1, 7), y / (y + 1))
    assert divide_or(y.astype(np.float32), x.astype(np.float32), 1).dtype == np.float32
    assert x.tolist() == [[2, 0, 0], [1, 0, 5]]


def test_the_walk_carries_on_below_what_has_not_moved() -> None:
    """No NaN goes down to where the inputs have moved."""
    x = Node([[2.0, 3.0]], reference=0.0)
    with np.errstate(divide="ignore"):
        m = backward(dead(x), RESCALE)[x]
    assert m.tolist() == [[0, 1]]


# -- constants -----------------------------------------------------------------------------------------

ROWS = np.array([[1.0, -2.0], [3.0, 4.0], [0.5, 6.0]])  # as many as there are inputs: one for each, by accident
LAID = {
    "add": lambda x: x + ROWS,
    "radd": lambda x: ROWS + x,
    "subtract": lambda x: x - ROWS,
    "rsubtract": lambda x: ROWS - x,
    "multiply": lambda x: ROWS * x,
    "divide": lambda x: x / ROWS,
    "one column": lambda x: x * ROWS[:, :1],
    "one axis": lambda x: (x.sum(1) * ROWS[:, 0]).reshape(1),
    "matmul": lambda x: (x.reshape(1, 2) @ ROWS.reshape(3, 2, 1)).reshape(1),
    "rmatmul": lambda x: (ROWS.reshape(3, 1, 2) @ x.reshape(2, 1)).reshape(1),
}


@pytest.mark.parametrize("rows", [1, 2, 3])
@pytest.mark.parametrize("how", LAID)
def test_a_constant_along_the_rows_is_refused_for_any_number_of_rows(how: str, rows: int) -> None:
    with pytest.raises(ValueError, match=r"one row|shape of one row"):
        LAID[how](Node(np.ones((rows, 2))))


@pytest.mark.parametrize("batch", [None, 1, 2, 3])
def test_it_is_refused_whatever_the_batch(batch: int | None) -> None:
    for method in (mx.deep_lift, mx.integrated_gradients, mx.gradient):
        with pytest.raises(ValueError, match="along the rows"):
            method(lambda x: (x * ROWS).sum(1), X, batch=batch)


def test_what_is_no_constant_along_the_rows() -> None:
    x = Node(np.ones((3, 2)))
    for y in (x + ROWS[:1], x + ROWS[0], x * 2.0, x @ ROWS.T, x + x * ROWS[1], ROWS[0] * x, x.sum(1) * 2.0):
        assert len(y) == 3
    images = Node(np.ones((3, 4, 2)))
    assert (images * np.ones((4, 1))).shape == (3, 4, 2)
    assert (images @ np.ones((1, 2, 5))).shape == (3, 4, 5)


def test_dropout_still_has_a_mask_for_every_row() -> None:
    from minixai.layers import Dropout, Training

    x = Node(np.ones((50, 4)))
    y = Dropout(0.5)([x], {}, Training(np.random.default_rng(0))).value
    assert set(y.ravel()) == {0, 2}
    assert len({tuple(row) for row in y}) > 8


# -- what counts as a ReLU -----------------------------------------------------------------------------


class Relu6(Elementwise):
    rectifies = True

    def forward(self, x: Any) -> Any:
        return np.clip(x, 0, 6)

    def slope(self, x: Any) -> Any:
        return ((x > 0) & (x < 6)).astype(x.dtype)


class Swish(Elementwise):
    def forward(self, x: Any) -> Any:
        return x / (1 + np.exp(-x))

    def slope(self, x: Any) -> Any:
        s = 1 / (1 + np.exp(-x))
        return s + x * s * (1 - s)


NOT_RECTIFYING: dict[str, Any] = {
    "leaky_relu": ops.leaky_relu,
    "prelu": lambda x: ops.prelu(x, np.array([0.1, 0.2, 0.3, 0.4])),
    "elu": ops.elu,
    "selu": ops.selu,
    "gelu": ops.gelu,
    "softplus": ops.softplus,
    "sigmoid": ops.sigmoid,
    "tanh": ops.tanh,
    "absolute": ops.absolute,
    "swish": Swish(),
    "nothing": lambda x: x,
}
GUIDING = [mx.guided_backprop, mx.deconvnet]
IMAGE = np.random.default_rng(3).normal(size=(2, 6, 6, 2))
KERNEL, HEAD = np.random.default_rng(4).normal(size=(3, 3, 2, 4)), np.random.default_rng(5).normal(size=(4, 3))


def net(activation: Any) -> Any:
    return lambda x: ops.global_average_pool(activation(ops.convolution(x, KERNEL).named("c"))) @ HEAD


@pytest.mark.parametrize("name", NOT_RECTIFYING)
def test_where_nothing_rectifies_it_is_the_gradient_and_that_is_said(name: str) -> None:
    f = net(NOT_RECTIFYING[name])
    for method in GUIDING:
        with pytest.warns(UserWarning, match=f"no op on the way rectifies.*{method.__name__}.*plain gradient") as told:
            values = method(f, IMAGE, 1, batch=1).values
        assert [warning.filename for warning in told] == [__file__]  # once, whatever the batch, and where it was asked
        np.testing.assert_array_equal(values, mx.gradient(f, IMAGE, 1).values)
    with pytest.warns(UserWarning, match=r"guided_grad_cam.*plain gradient") as told:
        mx.guided_grad_cam(f, IMAGE, 1, layer="c")
    assert [warning.filename for warning in told] == [__file__]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("activation", [ops.relu, Relu6()], ids=["relu", "relu6"])
def test_what_rectifies_is_guided(activation: Any) -> None:
    """relu6 by hand: what comes back is positive, and stops where the unit is off or full."""
    f, scale = net(lambda x: activation(4 * x)), HEAD[:, 1] / 16
    h = 4 * ops.convolution(Node(IMAGE), KERNEL).value
    on = (h > 0) & ((h < 6) if isinstance(activation, Relu6) else True)
    back = np.broadcast_to(np.maximum(scale, 0), h.shape)
    for method, m in ((mx.guided_backprop, back * on), (mx.deconvnet, back)):
        x = Node(IMAGE)
        expected = backward(4 * ops.convolution(x, KERNEL), RESCALE, m)[x]
        np.testing.assert_allclose(method(f, IMAGE, 1).values, expected, rtol=1e-12, atol=1e-15)
    assert (h > 6).any()
    mx.guided_grad_cam(f, IMAGE, 1, layer="c")


def test_only_what_lies_on_the_way_counts() -> None:
    """Above the layer, not below it; behind the score, not beside it."""
    f = lambda x: (ops.relu(x).named("h") * 2.0).sum(1, keepdims=True)  # noqa: E731
    for method in GUIDING:
        with pytest.warns(UserWarning, match="plain gradient"):
            method(f, [[1.0, 2.0]], layer="h")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            method(f, [[1.0, 2.0]])
    beside = lambda x: [ops.relu(x), (x * 2.0).sum(1)][1]  # noqa: E731
    with pytest.warns(UserWarning, match="plain gradient"):
        mx.guided_backprop(beside, [[1.0, 2.0]])


def test_what_rectifies_is_0_below_0_and_rises_from_there() -> None:
    x, kinds, seen = np.linspace(-9, 9, 181), [Elementwise], set()
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        if kind.rectifies:
            y = kind().forward(x)
            assert (y[x <= 0] == 0).all()
            assert (np.diff(y[x >= 0]) >= 0).all()
            assert y[-1] > 0
            seen.add(kind.__name__)
    assert {"Relu", "Relu6"} <= seen

"""0 · ∞, and constants that would be laid along the rows.

What has not moved brings nothing, however steep the function is there; a truly infinite answer is an error.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minixai as mx
from minixai import Node, backward, ops
from minixai.arrays import multiply_no_nan
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

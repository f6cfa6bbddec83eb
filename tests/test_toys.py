"""The documents' little networks give the documents' numbers."""

import numpy as np
import pytest

import minixai as mx
from minixai import ops, toys
from minixai.graph import Node

F_MINUS_G = lambda x: toys.invariance_f(x) - toys.invariance_g(x)  # noqa: E731
THREE = lambda x: (x[:, 0] * x[:, 1]) * x[:, 2]  # noqa: E731


def without_bias(x):
    """Two hidden layers; from (0, 0) every chord of it begins at a kink."""
    first, second = np.array([[2, 1, 0], [-1, -1, -2]]), np.array([[-2, -2], [-2, 2], [1, 2]])
    return ops.relu(ops.relu(x @ first) @ second) @ np.array([[0], [1]])


def reveal(*args):
    return mx.deep_lift(*args, rule="reveal-cancel")


NUMBERS = [
    # saturation: nothing that only looks at the slope sees the inputs
    (toys.saturation, (1, 1), mx.gradient, (0, 0)),
    (toys.saturation, (1, 1), mx.input_x_gradient, (0, 0)),
    (toys.saturation, (1, 1), mx.guided_backprop, (0, 0)),
    (toys.saturation, (1, 1), mx.deep_lift, (0.5, 0.5)),
    (toys.saturation, (1, 0.25), mx.deep_lift, (0.8, 0.2)),
    (toys.saturation, (0.4, 0.4), mx.deep_lift, (0.4, 0.4)),
    # add and multiply: b is the steepest, a the largest share
    (toys.add_multiply, (3, 1, 2), mx.gradient, (3, 7, 4)),
    (toys.add_multiply, (3, 1, 2), mx.input_x_gradient, (9, 7, 8)),
    (toys.add_multiply, (1, 2, 3), mx.gradient, (5, 8, 3)),
    (toys.add_multiply, (1, 2, 3), mx.deep_lift, (2.5, 8, 4.5)),
    (toys.add_multiply, (-1, 2, 3), mx.gradient, (5, 6, 1)),
    # a threshold: x·gradient jumps, the difference from the reference does not
    (toys.threshold, (9.99,), mx.input_x_gradient, (0,)),
    (toys.threshold, (10.01,), mx.input_x_gradient, (10.01,)),
    (toys.threshold, (12,), mx.input_x_gradient, (12,)),
    (toys.threshold, (9.99,), mx.deep_lift, (0,)),
    (toys.threshold, (10.01,), mx.deep_lift, (0.01,)),
    (toys.threshold, (12,), mx.deep_lift, (2,)),
    (toys.one_minus_relu, (2,), mx.gradient, (0,)),
    (toys.one_minus_relu, (2,), mx.deep_lift, (1,)),
    # minimum and maximum
    (toys.minimum, (1, 2), mx.deep_lift, (1, 0)),
    (toys.minimum, (2, 1), mx.deep_lift, (0, 1)),
    (toys.minimum, (1, 1), mx.gradient, (1, 0)),
    (toys.minimum, (1, 1), mx.deep_lift, (1, 0)),
    (toys.minimum, (2, 1), lambda *a: mx.guided_backprop(*a).values * [2, 1], (2, 0)),
    (toys.maximum, (1, 2), mx.deep_lift, (0, 2)),
    # one function, two networks: the gradient cannot tell them apart, Rescale can
    (toys.invariance_f, (3, 1), mx.gradient, (1, -1)),
    (toys.invariance_g, (3, 1), mx.gradient, (1, -1)),
    (toys.invariance_f, (3, 1), mx.deep_lift, (1.5, -0.5)),
    (toys.invariance_g, (3, 1), mx.deep_lift, (2, -1)),
    (toys.invariance_f, (3, 1), lambda *a: mx.guided_backprop(*a).values * [3, 1], (3, 0)),
    (toys.invariance_g, (3, 1), lambda *a: mx.guided_backprop(*a).values * [3, 1], (3, 0)),
    (F_MINUS_G, (3, 1), mx.gradient, (0, 0)),
    (F_MINUS_G, (3, 1), mx.deep_lift, (-0.5, 0.5)),
    (F_MINUS_G, (3, 1), mx.guided_backprop, (1, 0)),
    # products
    (toys.product, (2, 3), mx.deep_lift, (3, 3)),
    (THREE, (1, 1, 1), mx.deep_lift, (0.25, 0.25, 0.5)),
    # RevealCancel: what cancels is shared, as by Shapley
    (toys.saturation, (1, 1), reveal, (0.5, 0.5)),
    (toys.one_minus_relu, (2,), reveal, (1,)),
    (toys.threshold, (10.01,), reveal, (0.01,)),
    (toys.minimum, (1, 2), reveal, (0.5, 0.5)),
    (toys.minimum, (2, 1), reveal, (0.5, 0.5)),
    (toys.minimum, (1, 1), reveal, (0.5, 0.5)),
    (toys.maximum, (1, 2), reveal, (0.5, 1.5)),
    (toys.invariance_f, (3, 1), reveal, (1.5, -0.5)),
    (toys.invariance_g, (3, 1), reveal, (1.5, -0.5)),
    (F_MINUS_G, (3, 1), reveal, (0, 0)),
    (toys.product, (2, 3), reveal, (3, 3)),
    (without_bias, (3, 3), reveal, (0.75, -0.75)),
    # LRP: 1 − relu(...) has its 1 as a bias, which keeps it
    (toys.saturation, (1, 1), mx.lrp, (0, 0)),
    (toys.add_multiply, (3, 1, 2), mx.lrp, (4.5, 3.5, 4)),
    (toys.minimum, (2, 1), mx.lrp, (0, 1)),
    (toys.invariance_f, (3, 1), mx.lrp, (3, -1)),
    (toys.invariance_g, (3, 1), mx.lrp, (3, -1)),
    (toys.product, (2, 3), mx.lrp, (3, 3)),
]


@pytest.mark.parametrize(("toy", "x", "method", "expected"), NUMBERS)
def test_number(toy, x, method, expected):
    found = np.asarray(method(toy, [[float(v) for v in x]]))
    np.testing.assert_allclose(found, [expected], rtol=1e-12, atol=1e-14)


VALUES = [
    (toys.saturation, (1, 1), 1),
    (toys.saturation, (0.4, 0.4), 0.8),
    (toys.saturation, (0, 0), 0),
    (toys.add_multiply, (3, 1, 2), 12),
    (toys.add_multiply, (-1, 2, 3), 5),
    (toys.threshold, (10.01,), 0.01),
    (toys.one_minus_relu, (2,), 1),
    (toys.minimum, (1, 2), 1),
    (toys.maximum, (1, 2), 2),
    (toys.invariance_f, (3, 1), 1),
    (toys.product, (2, 3), 6),
    (toys.multilinear, (1.5, -2, 0.7), 1.5 * -2 + 2 * 1.5 * -2 * 0.7 - 3 * 0.7 - 2 * 0.7),
]


@pytest.mark.parametrize(("toy", "x", "y"), VALUES)
def test_value(toy, x, y):
    assert toy(Node([x])).value == pytest.approx([y], abs=1e-14)


def test_the_two_networks_of_figure_7_are_one_function():
    x = Node(np.random.default_rng(0).normal(0, 3, (10_000, 2)))
    np.testing.assert_allclose(toys.invariance_f(x).value, toys.invariance_g(x).value, atol=1e-12)


def test_slope_of_a_product_is_not_its_share():
    """The article's b has the largest slope; a has the largest contribution."""
    x = [[3.0, 1.0, 2.0]]
    assert np.argmax(mx.gradient(toys.add_multiply, x).values) == 1
    assert np.argmax(mx.deep_lift(toys.add_multiply, x).values) == 0


@pytest.mark.parametrize("toy", [toys.saturation, toys.add_multiply, toys.multilinear, toys.invariance_g, toys.minimum])
def test_check_approves(toy):
    columns = 3 if toy in (toys.add_multiply, toys.multilinear) else 2
    assert mx.check(toy, np.random.default_rng(1).normal(size=(6, columns)))


REPLACED = [
    # what is lost without one input, and over all orders in which they might be added
    (toys.saturation, (1, 1), mx.feature_ablation, (0, 0)),
    (toys.saturation, (0.4, 0.4), mx.feature_ablation, (0.4, 0.4)),
    (toys.saturation, (0.7, 0.7), mx.feature_ablation, (0.3, 0.3)),
    (toys.add_multiply, (3, 1, 2), mx.feature_ablation, (9, 6, 8)),
    (toys.one_minus_relu, (2,), mx.feature_ablation, (1,)),
    (toys.minimum, (1, 2), mx.feature_ablation, (1, 1)),
    (toys.product, (2, 3), mx.feature_ablation, (6, 6)),
    (F_MINUS_G, (3, 1), mx.feature_ablation, (0, 0)),
    (toys.saturation, (1, 1), mx.shapley_values, (0.5, 0.5)),
    (toys.saturation, (1, 0.25), mx.shapley_values, (0.875, 0.125)),
    (toys.one_minus_relu, (2,), mx.shapley_values, (1,)),
    (toys.minimum, (1, 2), mx.shapley_values, (0.5, 0.5)),
    (toys.minimum, (1, 1), mx.shapley_values, (0.5, 0.5)),
    (toys.maximum, (1, 2), mx.shapley_values, (0.5, 1.5)),
    (toys.invariance_f, (3, 1), mx.shapley_values, (1.5, -0.5)),
    (toys.invariance_g, (3, 1), mx.shapley_values, (1.5, -0.5)),
    (F_MINUS_G, (3, 1), mx.shapley_values, (0, 0)),
    (toys.product, (2, 3), mx.shapley_values, (3, 3)),
    (THREE, (1, 1, 1), mx.shapley_values, (1 / 3, 1 / 3, 1 / 3)),
]


@pytest.mark.parametrize(("toy", "x", "method", "expected"), REPLACED)
def test_number_when_inputs_are_replaced(toy, x, method, expected):
    found = np.asarray(method(toy, [[float(v) for v in x]]))
    np.testing.assert_allclose(found, [expected], rtol=1e-12, atol=1e-14)


def test_shapley_values_of_the_multilinear_function():
    result = mx.shapley_values(toys.multilinear, [[1.5, -2.0, 0.7]], baseline=[0.3, 0.4, -1.0])
    np.testing.assert_allclose(result.values, [[-1.488, -1.968, -9.724]], rtol=1e-12)


# -- methods that average -------------------------------------------------------------------------------

ORIGIN = [[0.0, 0.0]]
FIVE = [[0.3, 0.4, -1.0], [1.0, -0.5, 0.2], [-0.7, 0.9, 1.1], [0.0, 0.0, 0.0], [2.0, 1.5, -0.4]]

AVERAGES = [
    # network, input, background, the exact mean over the background
    (toys.saturation, (1, 1), ORIGIN, (0.5, 0.5)),
    (toys.saturation, (1, 0.25), ORIGIN, (0.8, 0.2)),
    (toys.saturation, (0.4, 0.4), ORIGIN, (0.4, 0.4)),
    (toys.one_minus_relu, (2,), [[0.0]], (1,)),
    (toys.minimum, (1, 2), ORIGIN, (1, 0)),
    (toys.invariance_f, (3, 1), ORIGIN, (1.5, -0.5)),
    (toys.product, (2, 3), ORIGIN, (3, 3)),
    (toys.multilinear, (1.5, -2, 0.7), [[0.3, 0.4, -1.0]], (-1.488, -1.968, -9.724)),
]


@pytest.mark.parametrize(("toy", "x", "background", "expected"), AVERAGES)
def test_expected_gradients_tend_to(toy, x, background, expected):
    result = mx.expected_gradients(toy, [[float(v) for v in x]], background=background, samples=5000)
    assert (abs(result.values - [expected]) <= 4 * result.standard_error).all()


@pytest.mark.slow
def test_two_hundred_samples_are_off_by_a_fourteenth():
    """Half the draws see a slope of 1 and half of 0: .5 ± √(¼/200) = .0354."""
    result = mx.expected_gradients(toys.saturation, [[1.0, 1.0]], background=ORIGIN)
    assert abs(result.values - 0.5).max() < 4 * 0.0354
    np.testing.assert_allclose(result.standard_error, [[0.0354, 0.0354]], atol=5e-4)
    found = [mx.expected_gradients(toys.saturation, [[1.0, 1.0]], background=ORIGIN, seed=s).values for s in range(400)]
    assert np.std(found) == pytest.approx(0.0354, rel=0.1)


def test_expected_gradients_are_the_mean_shapley_value_of_a_multilinear_function():
    x = [[1.5, -2.0, 0.7]]
    exact = mx.shapley_values(toys.multilinear, x, background=FIVE).values
    integrated = np.mean(
        [mx.integrated_gradients(toys.multilinear, x, baseline=b, steps=3).values for b in FIVE], axis=0
    )
    np.testing.assert_allclose(integrated, exact, rtol=1e-12)
    result = mx.expected_gradients(toys.multilinear, x, background=FIVE, samples=20_000)
    assert (abs(result.values - exact) < 4 * result.standard_error).all()
    assert (result.standard_error < 0.05).all()


MEANS = [
    (toys.saturation, (1, 0.25), ORIGIN, (0.8, 0.2)),
    (toys.saturation, (1, 0.25), [[0.0, 0.0], [1.0, 1.0]], (0.4, 0.1)),
    (toys.maximum, (1, 2), ORIGIN, (0, 2)),
    (toys.minimum, (1, 2), ORIGIN, (1, 0)),
    (toys.product, (2, 3), [[0.0, 0.0], [1.0, 1.0]], ((3 + 2) / 2, (3 + 3) / 2)),
    (toys.invariance_f, (3, 1), ORIGIN, (1.5, -0.5)),
    (toys.invariance_g, (3, 1), ORIGIN, (2, -1)),
    (F_MINUS_G, (3, 1), ORIGIN, (-0.5, 0.5)),
]


@pytest.mark.parametrize(("toy", "x", "background", "expected"), MEANS)
def test_deep_shap(toy, x, background, expected):
    found = mx.deep_shap(toy, [[float(v) for v in x]], background=background)
    np.testing.assert_allclose(found.values, [expected], rtol=1e-12, atol=1e-14)


def test_smooth_grad_of_a_relu_is_phi():
    result = mx.smooth_grad(lambda x: toys.threshold(x + 10), [[0.1]], sigma=0.2, samples=5000)
    assert abs(result.values - 0.691) < 4 * result.standard_error

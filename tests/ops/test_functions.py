"""Functions of one number: slopes, kinks, extremes."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from measure import EPS, H, central, check_complete, complex_step, distinct, generators, says
from scipy import special

from minixai import Node, backward, ops
from minixai.ops.functions import Elu, LeakyRelu, Power
from minixai.ops.kinds import Elementwise
from minixai.rules import GRADIENT, RESCALE


def name(op: Any) -> str:
    return getattr(op, "__name__", repr(op).split(" object")[0].split(".")[-1])


SELU = ops.selu(Node([[0.0]])).op
SIGNED = [ops.relu, LeakyRelu(0.1), Elu(1.3), SELU, ops.tanh, ops.exp, ops.square, Power(3.0), Power(1.0), Power(0.0)]
POSITIVE = [ops.log, ops.sqrt, ops.reciprocal, Power(1.7), Power(-2.5)]
REAL = [ops.sigmoid, ops.softplus, ops.absolute, ops.gelu]  # their forward takes no complex numbers, or none exactly
KINKED = [ops.relu, LeakyRelu(0.1), Elu(0.7), SELU, ops.absolute]


@pytest.mark.parametrize("op", SIGNED + POSITIVE, ids=name)
@given(rng=generators)
def test_slope_is_the_complex_step(op: Elementwise, rng: np.random.Generator) -> None:
    x = distinct(rng, (3, 7))
    x = abs(x) + 0.1 if op in POSITIVE else x
    m = rng.uniform(-1, 1, x.shape)
    exact = m * complex_step(op.forward, x, np.ones_like(x))
    # about ten roundings: of f' itself, its factors (tanh: 1 − tanh², so beside 1), the exponent of a power, m
    np.testing.assert_allclose(op.vjp(0, m, x), exact, rtol=30 * EPS, atol=10 * EPS)


@pytest.mark.parametrize("op", REAL, ids=name)
@given(rng=generators)
def test_slope_is_the_central_difference(op: Elementwise, rng: np.random.Generator) -> None:
    x = distinct(rng, (3, 7))
    m = rng.uniform(-1, 1, x.shape)
    # |f‴| ≤ 2 for all of them, |f| ≤ 3, and each of the two values is rounded
    bound = H**2 * 2 / 6 + 2 * 3 * EPS / H
    np.testing.assert_allclose(op.vjp(0, m, x), m * central(op.forward, x, np.ones_like(x)), rtol=0, atol=bound)


def test_values() -> None:
    x = np.linspace(-3, 3, 13)[None]
    expected = {
        ops.relu: np.where(x < 0, 0, x),
        LeakyRelu(0.1): np.where(x < 0, x / 10, x),
        Elu(1.3): np.where(x < 0, 1.3 * (np.exp(x) - 1), x),
        SELU: 1.0507009873554805 * np.where(x < 0, 1.6732632423543772 * (np.exp(x) - 1), x),
        ops.sigmoid: 1 / (1 + np.exp(-x)),
        ops.softplus: np.log(1 + np.exp(x)),
        ops.gelu: x * (1 + special.erf(x / np.sqrt(2))) / 2,
        ops.absolute: np.where(x < 0, -x, x),
        ops.square: x * x,
        Power(3.0): x * x * x,
    }
    for op, y in expected.items():
        np.testing.assert_allclose(op.forward(x), y, rtol=0, atol=30 * EPS, err_msg=repr(op))  # |y| ≤ 27


def test_selu_keeps_mean_0_and_variance_1() -> None:
    """E selu(z) = 0 and E selu(z)² = 1 for a standard normal z, by the trapezoid rule: its error here is below ε."""
    z = np.linspace(-12, 12, 24001)
    y, weight = SELU.forward(z), np.exp(-z * z / 2) / np.sqrt(2 * np.pi) * (z[1] - z[0])
    assert abs(np.sum(y * weight)) < 1e-7  # the kink at 0 leaves h²/12 of the jump in slope
    assert abs(np.sum(y * y * weight) - 1) < 1e-7


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("op", [ops.sigmoid, ops.softplus, ops.elu, ops.selu, ops.gelu, ops.tanh, ops.relu], ids=name)
def test_nothing_overflows_far_out(op: Any, dtype: Any) -> None:
    x = Node(np.array([[-1e4, -800, -100, 100, 800, 1e4]], dtype), reference=dtype(0))
    y = op(x)
    assert np.all(np.isfinite(y.value))
    for table in (GRADIENT, RESCALE):
        assert np.all(np.isfinite(backward(y, table)[x]))
    assert np.all(np.isfinite(y.op.slope(x.value)))
    if op in (ops.softplus, ops.gelu, ops.relu):
        np.testing.assert_allclose(y.value, np.maximum(x.value, 0), rtol=0, atol=1.1 * np.exp(-100))


@pytest.mark.parametrize("op", [ops.relu, ops.absolute], ids=["relu", "absolute"])
def test_the_slope_at_0_is_0(op: Elementwise) -> None:
    np.testing.assert_array_equal(op.slope(np.array([[0.0, -0.0]])), 0)


@pytest.mark.parametrize("op", KINKED, ids=name)
def test_a_chord_across_the_kink_is_exact_however_short(op: Elementwise) -> None:
    """A ReLU crossing from −1e-9 to 3e-9 is no flat chord: its slope is 3/4, not 1."""
    x = Node([[3e-9, 1e-300, -2e-12]], reference=[[-1e-9, -3e-300, 5e-12]])
    chord = (op.forward(x.value) - op.forward(x.reference)) / (x.value - x.reference)
    np.testing.assert_allclose(backward(op(x), RESCALE)[x], chord, rtol=4 * EPS)


@given(rng=generators)
def test_softplus_and_exp_are_inverse_to_log(rng: np.random.Generator) -> None:
    x = Node(distinct(rng, (2, 5)))
    np.testing.assert_allclose(ops.log(ops.exp(x)).value, x.value, rtol=0, atol=4 * EPS)
    np.testing.assert_allclose(ops.softplus(x).value, ops.log(1 + ops.exp(x)).value, rtol=0, atol=4 * EPS)


@pytest.mark.parametrize("op", SIGNED + POSITIVE + REAL, ids=name)
@given(rng=generators)
def test_rescale_is_complete_for_short_chords_and_none(op: Elementwise, rng: np.random.Generator) -> None:
    value = abs(distinct(rng, (2, 6))) + 0.1
    x = Node(value, reference=value * (1 + rng.choice([0, 1e-16, 1e-12, 1e-7, 1e-5, 1e-3, 1], value.shape)))
    check_complete(op(x), x, rng.uniform(-1, 1, value.shape))


@pytest.mark.parametrize("make", [ops.leaky_relu, ops.elu], ids=["leaky_relu", "elu"])
def test_a_parameter_does_not_change_the_dtype(make: Any) -> None:
    """np.float64(0.1) is no plain number to NumPy, and turned a float32 network into float64."""
    x = Node(np.float32([[-1, 2]]))
    y = make(x, np.float64(0.1))
    assert y.dtype == backward(y, GRADIENT)[x].dtype == np.float32


def test_a_plain_array_is_no_node() -> None:
    with says(TypeError, "Relu", "wrap the input first, Node(x)"):
        ops.relu(np.ones((2, 3)))


def test_a_function_of_its_own_says_what_it_lacks() -> None:
    class Cube(Elementwise):
        def forward(self, x: Any) -> Any:
            return x**3

    x = Node([[2.0]])
    with says(NotImplementedError, "Cube has no slope", "define slope(self, x)"):
        backward(Cube()(x), GRADIENT)

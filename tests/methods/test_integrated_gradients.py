"""Integrated gradients: the quadratures are what they say, the sum tends to the difference."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minixai as mx
from minixai import ops, toys
from minixai.layers import Add, Conv2D, Dense, Flatten, MaxPool2D
from minixai.methods.integrated_gradients import QUADRATURES
from minixai.model import Model

EPS = np.finfo(float).eps


@pytest.fixture(scope="module")
def model():
    return Model(
        [Conv2D(4, 3, activation="softplus"), MaxPool2D(3, 2), Flatten(), Dense(8, activation="tanh"), Dense(5)],
        (9, 9, 2),
        dtype=np.float64,
        seed=3,
    )


@pytest.fixture
def x():
    return np.random.default_rng(5).random((4, 9, 9, 2))


def square(x):
    return x[:, 0] ** 2


@pytest.mark.parametrize(
    ("quadrature", "squared"), [("gauss-legendre", 1), ("midpoint", 0.9999), ("left", 0.98), ("right", 1.02)]
)
def test_fifty_steps_along_a_parabola(quadrature, squared):
    """Σ w α² of each rule, against ∫ 2t dt = 1; the trapezoid rule is exact, with its true weights."""
    for name, expected in ((quadrature, squared), ("trapezoid", 1)):
        result = mx.integrated_gradients(square, [[1.0]], quadrature=name)
        assert result.values[0, 0] == pytest.approx(expected if name != "midpoint" else 1, rel=1e-12)


@pytest.mark.parametrize("quadrature", QUADRATURES)
@pytest.mark.parametrize("steps", [2, 3, 50])
def test_weights_sum_to_one(quadrature, steps):
    """So f = 3x gives 3, not the 2.94 of weights that sum to (n − 1)/n."""
    alpha, weights = QUADRATURES[quadrature](steps)
    assert weights.sum() == pytest.approx(1, rel=1e-14)
    assert len(alpha) == len(weights) == steps
    assert 0 <= alpha.min() <= alpha.max() <= 1
    result = mx.integrated_gradients(lambda x: 3 * x[:, 0], [[1.0]], quadrature=quadrature, steps=steps)
    assert result.values[0, 0] == pytest.approx(3, rel=1e-14)


@pytest.mark.filterwarnings("ignore:integrated_gradients misses")
def test_gauss_is_exact_up_to_its_degree_and_no_further():
    """n nodes integrate the gradient exactly where f along the way has degree ≤ 2n."""
    for n in (1, 2, 3):
        for degree, exact in ((2 * n, True), (2 * n + 1, False)):
            result = mx.integrated_gradients(lambda x, d=degree: x[:, 0] ** d, [[1.0]], steps=n)
            assert bool(abs(result.gap[0]) < 1e-14) is exact, (n, degree)


@pytest.mark.filterwarnings("ignore:integrated_gradients misses")
@pytest.mark.parametrize(
    ("quadrature", "steps", "expected"),
    [("gauss-legendre", 50, 1), ("midpoint", 50, 1), ("left", 20, 1), ("right", 20, 0.9)],
)
def test_across_a_kink(quadrature, steps, expected):
    result = mx.integrated_gradients(toys.one_minus_relu, [[2.0]], quadrature=quadrature, steps=steps)
    assert result.values[0, 0] == pytest.approx(expected, abs=0.011 if steps == 50 else 1e-12)


def test_the_midpoint_error_falls_fourfold_when_the_steps_double():
    network = lambda x: ops.sigmoid(8 * x[:, 0] - 3)  # noqa: E731
    errors = [
        abs(mx.integrated_gradients(network, [[1.0]], quadrature="midpoint", steps=n).gap[0]) for n in (20, 40, 80)
    ]
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.05)
    assert errors[1] / errors[2] == pytest.approx(4, rel=0.05)


def test_numbers_that_a_kink_leaves_short():
    saturation = mx.integrated_gradients(toys.saturation, [[1.0, 0.25], [2.0, 2.0]])
    np.testing.assert_allclose(saturation.values, [[0.7914, 0.1979], [0.5226, 0.5226]], atol=5e-5)
    with pytest.warns(UserWarning, match=r"misses 0.00456 of a difference in score of 0.01 .* try steps=100"):
        assert mx.integrated_gradients(toys.threshold, [[10.01]]).values[0, 0] == pytest.approx(0.0146, abs=5e-5)


def test_sums_tend_to_the_difference(model, x):
    for baseline in (0.0, "blur", x[::-1]):
        result = mx.integrated_gradients(model, x, baseline=baseline, steps=300)
        assert (abs(result.gap) < 0.05 * abs(result.score - result.reference_score)).all()
        np.testing.assert_allclose(
            result.gap, result.values.sum(axis=(1, 2, 3)) - (result.score - result.reference_score), atol=1e-12
        )


def test_smooth_networks_are_exact_to_rounding():
    network = lambda x: ops.softmax(ops.tanh(x @ np.array([[1.0, -2.0], [0.5, 1.0]])))  # noqa: E731
    assert abs(mx.integrated_gradients(network, [[0.3, -0.8], [1.0, 2.0]], 1).gap).max() < 1e-13


@given(st.integers(0, 2**32 - 1))
def test_on_a_linear_network_it_is_weight_times_difference(seed):
    rng = np.random.default_rng(seed)
    w, x, base = rng.normal(size=(5, 3)), rng.normal(size=(2, 5)), rng.normal(size=(2, 5))
    result = mx.integrated_gradients(lambda x: x @ w, x, 1, baseline=base, steps=3)
    np.testing.assert_allclose(result.values, (x - base) * w[:, 1], rtol=1e-12, atol=1e-14)


def test_without_the_factor_it_is_a_mean_gradient_and_promises_nothing():
    result = mx.integrated_gradients(toys.saturation, [[1.0, 0.25]], multiply=False)
    np.testing.assert_allclose(result.values, [[0.7914, 0.7914]], atol=5e-5)
    assert result.gap is None


def test_the_way_is_kept(model, x):
    result = mx.integrated_gradients(model, x, baseline=0.2, steps=7, path=True, batch=5)
    way = result.extras
    assert way["alpha"].shape == (7,)
    np.testing.assert_allclose(way["inputs"][2, 3], 0.2 + way["alpha"][3] * (x[2] - 0.2))
    np.testing.assert_allclose(
        way["gradients"][2, 3], mx.gradient(model, way["inputs"][2, 3][None], result.target[2]).values[0]
    )
    np.testing.assert_allclose(way["sums"][:, -1], result.values, atol=1e-14)
    assert "inputs" not in mx.integrated_gradients(model, x, steps=2).extras


def test_at_a_layer_the_way_leads_between_activations(model, x):
    """By hand: the network cut in two at the pool."""
    result = mx.integrated_gradients(model, x, 1, layer="pool1", baseline="blur", steps=20)
    whole = {e.name: e.layer for e in model.layers}

    def above(a):
        return whole["dense2"]([whole["dense1"]([whole["flatten1"]([a])])])

    def below(rows):
        return whole["pool1"]([whole["conv1"]([mx.Node(rows)])]).value

    by_hand = mx.integrated_gradients(above, below(x), 1, baseline=below(result.baseline), steps=20)
    np.testing.assert_allclose(result.values, by_hand.values, rtol=1e-9, atol=1e-13)
    np.testing.assert_allclose(result.gap, by_hand.gap, rtol=1e-6, atol=1e-12)


def test_where_a_path_leads_round_the_layer_it_stays_at_the_input(x):
    model = Model(
        [("a", Conv2D(2, 3, padding="same", activation="relu")), ("b", Add(), ["input", "a"]), Flatten(), Dense(3)],
        (9, 9, 2),
        dtype=np.float64,
    )
    result = mx.integrated_gradients(model, x, 0, layer="a", batch=3)
    kernel = model.weights["dense1/kernel"][:, 0].reshape(9, 9, 2)
    activations = model.layers[1].layer([mx.Node(x)]).value
    reference = model.layers[1].layer([mx.Node(np.zeros((1, 9, 9, 2)))]).value
    np.testing.assert_allclose(result.values, kernel * (activations - reference), rtol=1e-9, atol=1e-13)
    assert result.gap is None


def test_cost(model, x):
    assert mx.integrated_gradients(model, x, steps=10).cost == (4 + 1 + 1 + 40, 40)
    assert mx.integrated_gradients(model, x, steps=10, baseline="blur").cost == (4 + 4 + 1 + 40, 40)


@pytest.mark.slow
@pytest.mark.parametrize("batch", [25, None])
def test_memory_does_not_grow_with_the_steps(model, batch):
    """Nor where nobody says how many rows at a time: a digit's 50 steps fill a batch."""
    import tracemalloc

    model, x = (model, np.ones((1, 9, 9, 2))) if batch else (mx.load("digits"), mx.datasets.digits("test")[0][:1])
    peaks = []
    for steps in (50, 5000 if batch else 1000):
        tracemalloc.start()
        mx.integrated_gradients(model, x, 0, steps=steps, batch=batch)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # 5,000 nodes and weights of eight bytes are no rows of the network
    assert peaks[1] - 5000 * 16 * 4 <= 1.1 * peaks[0]


@pytest.mark.parametrize(("option", "words"), [
    ({"steps": 0}, "steps is a whole number, at least 1, got 0"),
    ({"steps": 2.5}, "steps is a whole number"),
    ({"steps": 1, "quadrature": "trapezoid"}, "at least 2"),
    ({"quadrature": "simpson"}, "unknown quadrature 'simpson'"),
    ({"baseline": "blak"}, "unknown baseline 'blak'"),
])  # fmt: skip
def test_what_cannot_be(option, words):
    with pytest.raises(ValueError, match=words):
        mx.integrated_gradients(toys.saturation, [[1.0, 1.0]], **option)

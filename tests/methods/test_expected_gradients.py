"""Expected gradients: the lots are fair, their error is known, and shap's own lots give shap's own values."""

import tracemalloc

import numpy as np
import pytest

import minixai as mx
from minixai import ops, toys
from minixai.layers import Add, Conv2D, Dense, Flatten, MaxPool2D
from minixai.methods.moments import Moments
from minixai.model import Model

RNG = np.random.default_rng(4)
W, V = RNG.normal(size=(3, 6)), RNG.normal(size=(6, 2))
X, BACKGROUND = RNG.normal(size=(4, 3)), RNG.normal(size=(5, 3))


def network(x):
    return ops.tanh(x @ W + 0.1) @ V


@pytest.fixture(scope="module")
def model():
    return Model(
        [Conv2D(4, 3, activation="softplus"), MaxPool2D(3, 2), Flatten(), Dense(8, activation="tanh"), Dense(5)],
        (9, 9, 2),
        dtype=np.float64,
        seed=3,
    )


@pytest.fixture
def images():
    return np.random.default_rng(5).random((4, 9, 9, 2))


def ask(x=X, target=1, model=network, background=BACKGROUND, **options):
    return mx.expected_gradients(model, x, target, background=background, **options)


def exact(x=X, target=1):
    """The mean of integrated gradients over the background."""
    return np.mean([mx.integrated_gradients(network, x, target, baseline=b).values for b in BACKGROUND], axis=0)


# -- what it tends to ---------------------------------------------------------------------------------


def test_within_four_standard_errors_of_integrated_gradients():
    for samples in (200, 5000):
        result = ask(samples=samples)
        assert (abs(result.values - exact()) < 4 * result.standard_error).all()
        assert (abs(result.gap) < 4 * result.gap_standard_error).all()


def test_four_times_the_samples_halve_the_standard_error():
    few, many = ask(samples=1000).standard_error, ask(samples=4000).standard_error
    np.testing.assert_allclose(few / many, 2, rtol=0.15)


@pytest.mark.slow
def test_the_standard_errors_are_those_of_repetition():
    """Over 100 seeds the errors, in standard errors, have a mean square of 1: of 12 values, of 4 sums."""
    found = [ask(samples=50, seed=seed) for seed in range(100)]
    of_values = [((r.values - exact()) / r.standard_error) ** 2 for r in found]
    of_sums = [(r.gap / r.gap_standard_error) ** 2 for r in found]
    assert np.mean(of_values) == pytest.approx(1, abs=0.2)
    assert np.mean(of_sums) == pytest.approx(1, abs=0.3)


def test_the_gap_is_measured_from_the_mean_over_the_background():
    result = ask(versus=0)
    scores = network(mx.Node(BACKGROUND)).value
    np.testing.assert_allclose(result.reference_score, np.full(4, (scores[:, 1] - scores[:, 0]).mean()))
    moved = result.score - result.reference_score
    np.testing.assert_allclose(result.gap, result.values.sum(axis=1) - moved, atol=1e-12)


def test_one_reference_and_a_plane_leave_nothing_to_chance():
    plane = lambda x: x @ V[:3]  # noqa: E731
    result = ask(model=plane, background=BACKGROUND[:1], samples=7)
    np.testing.assert_allclose(result.values, (X - BACKGROUND[0]) * V[:3, 1], rtol=1e-12)
    assert (result.standard_error < 1e-14).all()


def test_with_smoothing_the_sum_tends_to_the_mean_around_x():
    """f = x², x = 2: E f(x + ε) = 4 + σ²."""
    result = mx.expected_gradients(
        lambda x: x[:, 0] ** 2, [[2.0]], background=[[0.0], [1.0]], local_smoothing=0.5, samples=20_000
    )
    assert abs(result.gap - 0.25) < 4 * result.gap_standard_error < 0.1


def test_every_reference_is_drawn():
    """A background far out on one axis each: how often each came is the share of its axis."""
    background = np.eye(4) * -1.0
    result = mx.expected_gradients(lambda x: x.sum(), np.zeros((1, 4)), background=background, samples=4000)
    assert (abs(result.values - 0.25) < 4 * result.standard_error).all()


# -- the running sums --------------------------------------------------------------------------------------


def test_nothing_cancels_where_the_values_are_large_and_differ_little():
    numbers = 1e8 + np.random.default_rng(0).normal(size=(2, 300))
    sample = Moments((2,), 300, highest=4)
    flat, i, k = numbers.ravel(), *np.divmod(np.arange(600), 300)
    for part in np.array_split(np.arange(600), 7):
        sample.add(i[part], k[part], flat[part])
    deviation = numbers - numbers.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(sample.mean, numbers.mean(axis=1), rtol=1e-15)
    np.testing.assert_allclose(sample.variance, numbers.var(axis=1), rtol=1e-7)
    np.testing.assert_allclose(sample.standard_error, numbers.std(axis=1, ddof=1) / np.sqrt(300), rtol=1e-7)
    spread = np.sqrt(((deviation**4).mean(axis=1) - numbers.var(axis=1) ** 2) / 300)
    np.testing.assert_allclose(sample.standard_error_of_variance, spread, rtol=1e-6)


# -- the lots ----------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_bits_and_another_others():
    np.testing.assert_array_equal(ask(seed=3).values, ask(seed=3).values)
    assert (ask(seed=3).values != ask(seed=4).values).all()


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
@pytest.mark.parametrize("rng", ["minixai", "shap"])
def test_batches_change_nothing_beyond_rounding(rng, smoothing):
    whole = ask(samples=30, rng=rng, local_smoothing=smoothing)
    for batch in (1, 7, 64):
        pieces = ask(samples=30, rng=rng, local_smoothing=smoothing, batch=batch)
        np.testing.assert_allclose(pieces.values, whole.values, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(pieces.standard_error, whole.standard_error, rtol=1e-9)


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_an_input_is_given_the_same_lots_wherever_it_stands(smoothing):
    three = ask(X[[1, 0, 1]], local_smoothing=smoothing).values
    np.testing.assert_allclose(three[0], three[2], rtol=1e-12)
    np.testing.assert_allclose(ask(X[1:2], local_smoothing=smoothing).values[0], three[2], rtol=1e-12)


def test_shap_s_stream_runs_on_from_input_to_input():
    twice = ask(X[[0, 0]], rng="shap").values
    assert (twice[0] != twice[1]).all()


def shap_by_hand(samples, seed, smoothing):
    """The loop of shap's GradientExplainer on TensorFlow, draw by draw."""
    rng = np.random.RandomState(seed)
    found = np.zeros((len(X), samples, 3))
    for j, base in enumerate(X):
        for k in range(samples):
            reference = BACKGROUND[rng.choice(len(BACKGROUND))]
            t = rng.uniform()
            x = base + rng.randn(3) * smoothing if smoothing > 0 else base
            slope = mx.gradient(network, [t * x + (1 - t) * reference], 1).values[0]
            found[j, k] = slope * (x - reference)
    return found


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_shap_s_stream_sample_for_sample(smoothing):
    found = shap_by_hand(20, 7, smoothing)
    result = ask(samples=20, seed=7, rng="shap", local_smoothing=smoothing, batch=9)
    np.testing.assert_allclose(result.values, found.mean(axis=1), rtol=1e-9, atol=1e-13)
    np.testing.assert_allclose(result.standard_error, found.std(axis=1, ddof=1) / np.sqrt(20), rtol=1e-9)


def test_numpys_own_stream_is_left_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    ask(rng="shap", samples=3)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


# -- layers --------------------------------------------------------------------------------------------


def test_at_a_layer_the_ways_lead_between_activations(model, images):
    """By hand: the network cut in two at the pool."""
    background = images[::-1] ** 2
    result = ask(images, 1, model, background, layer="pool1", samples=20, batch=11)
    whole = {e.name: e.layer for e in model.layers}

    def above(a):
        return whole["dense2"]([whole["dense1"]([whole["flatten1"]([a])])])

    def below(rows):
        return whole["pool1"]([whole["conv1"]([mx.Node(rows)])]).value

    by_hand = ask(below(images), 1, above, below(background), samples=20)
    np.testing.assert_allclose(result.values, by_hand.values, rtol=1e-9, atol=1e-13)
    np.testing.assert_allclose(result.gap, by_hand.gap, rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(result.gap_standard_error, by_hand.gap_standard_error, rtol=1e-6)


def test_at_a_layer_the_noise_is_that_of_the_input():
    """h = 2x: the activations at x̃ are 2x̃, so contributions are those of the input."""
    doubled = lambda x: network((2 * x).named("h") / 2)  # noqa: E731
    at_input = ask(model=doubled, local_smoothing=0.3, samples=10)
    at_layer = ask(model=doubled, local_smoothing=0.3, samples=10, layer="h")
    np.testing.assert_allclose(at_layer.values, at_input.values, rtol=1e-12)
    assert (at_layer.values != ask(model=doubled, samples=10, layer="h").values).all()
    assert at_layer.cost == (4 + 1 + 5 + 2 * 40, 40)


def test_no_gap_where_a_path_goes_round_the_layer(images):
    model = Model(
        [("a", Conv2D(2, 3, padding="same", activation="relu")), ("b", Add(), ["input", "a"]), Flatten(), Dense(3)],
        (9, 9, 2),
        dtype=np.float64,
    )
    result = ask(images, 0, model, images[:2], layer="a", samples=5)
    assert result.gap is None
    assert result.gap_standard_error is None


# -- the certificate -----------------------------------------------------------------------------------


def test_cost_and_parameters():
    result = ask(samples=10, seed=5, rng="shap")
    assert result.cost == (4 + 1 + 5 + 40, 40)
    assert {name: result.parameters[name] for name in ("samples", "seed", "rng", "local_smoothing")} == {
        "samples": 10, "seed": 5, "rng": "shap", "local_smoothing": 0.0,
    }  # fmt: skip
    np.testing.assert_array_equal(result.parameters["background"], BACKGROUND)


def test_float32_stays(model, images):
    model = model.astype(np.float32)
    result = ask(images, 1, model, images.astype(np.float64), samples=5)
    assert result.values.dtype == result.standard_error.dtype == np.float32
    result = ask(np.float32(X), background=BACKGROUND, samples=5)
    assert result.values.dtype == result.reference_score.dtype == np.float32


@pytest.mark.slow
def test_memory_does_not_grow_with_the_samples(model):
    peaks = []
    for samples in (50, 5000):
        tracemalloc.start()
        ask(np.ones((1, 9, 9, 2)), 0, model, np.zeros((2, 9, 9, 2)), samples=samples, batch=25)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # 5,000 draws in batches of 25 are 200 slices, of about 200 bytes with their numbers
    assert peaks[1] - 200 * 200 <= 1.1 * peaks[0]


@pytest.mark.parametrize(("option", "words"), [
    ({"samples": 1}, "samples is a whole number, at least 2, got 1"),
    ({"samples": 2.5}, "samples is a whole number"),
    ({"seed": -1}, "seed is a whole number, at least 0, got -1"),
    ({"seed": None}, "seed is a whole number"),
    ({"local_smoothing": -0.1}, "local_smoothing is a finite number, at least 0, got -0.1"),
    ({"local_smoothing": np.inf}, "local_smoothing is a finite number"),
    ({"rng": "numpy"}, "unknown rng 'numpy': one of 'minixai', 'shap'"),
    ({"background": np.zeros((2, 4))}, "a background of shape .2, 4. does not fit x of shape .1, 2.: give a set of"),
    ({"background": [0.0, 0.0]}, "background has the shape .2,., but rows come first"),
    ({"background": np.zeros((0, 2))}, "background is empty"),
    ({"background": [[np.nan, 0.0]]}, "background holds nan"),
])  # fmt: skip
def test_what_cannot_be(option, words):
    with pytest.raises(ValueError, match=words):
        mx.expected_gradients(toys.saturation, [[1.0, 1.0]], **{"background": [[0.0, 0.0]]} | option)

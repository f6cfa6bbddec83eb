"""SmoothGrad: the mean over the noise, its squares and its variance, with their errors, around any method."""

import tracemalloc

import numpy as np
import pytest
from scipy import special

import minixai as mx
from minixai import ops, toys
from minixai.layers import Conv2D, Dense, Flatten, MaxPool2D
from minixai.model import Model
from minixai.ops import Elementwise

N = 40


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
    return np.random.default_rng(5).random((3, 9, 9, 2)) * np.array([1.0, 0.5, 2.0])[:, None, None, None]


def by_hand(model, x, target, width, method=mx.gradient, seed=0, **options):
    """(N, samples, ...): the maps at x + σ·ε, the same ε for each input."""
    noise = np.random.default_rng(seed).standard_normal((N, *x.shape[1:]))
    return np.stack(
        [
            [method(model, (row + s * e)[None], t, **options).values[0] for e in noise]
            for row, s, t in zip(x, width, target, strict=True)
        ]
    )


def ranges(x):
    return x.max(axis=(1, 2, 3)) - x.min(axis=(1, 2, 3))


class Sine(Elementwise):
    def forward(self, x):
        return np.sin(x)

    def slope(self, x):
        return np.cos(x)


def relu(x):
    return ops.relu(x[:, 0])


# -- what it tends to ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("x", "sigma"), [(0.1, 0.2), (-0.1, 0.2), (1.0, 0.2), (0.0, 3.0)])
def test_of_a_relu_it_is_phi(x, sigma):
    """The slope is 1 as often as x + ε > 0: Φ(x/σ), .691 at (.1, .2)."""
    result = mx.smooth_grad(relu, [[x]], sigma=sigma, samples=20_000)
    expected = special.ndtr(x / sigma)
    assert abs(result.values - expected) <= 4 * result.standard_error + 1e-5
    np.testing.assert_allclose(result.standard_error, np.sqrt(expected * (1 - expected) / 20_000), rtol=0.02, atol=1e-5)


def test_what_flickers_cancels():
    """f = sin 20x at .3, σ = .3: the slope is 19.2 there, but E f' = 20 cos 6 · e^(−18) on average."""
    wave = lambda x: Sine()(20 * x[:, 0])  # noqa: E731
    result = mx.smooth_grad(wave, [[0.3]], sigma=0.3, samples=5000)
    assert abs(result.values) < 4 * result.standard_error
    # the mean of squares is 400 · E cos² = 200, and so is the variance
    for option in ("squared", "variance"):
        result = mx.smooth_grad(wave, [[0.3]], sigma=0.3, samples=5000, **{option: True})
        assert abs(result.values - 200) < 4 * result.standard_error
        assert result.standard_error == pytest.approx(200 / np.sqrt(2 * 5000), rel=0.05)  # var cos² = 1/8


# -- draw by draw -------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch", [None, 7])
def test_the_mean_the_squares_and_the_variance(model, x, batch):
    maps = by_hand(model, x, [1, 2, 3], 0.2 * ranges(x))
    asked = {"noise": 0.2, "samples": N, "batch": batch}
    plain = mx.smooth_grad(model, x, [1, 2, 3], **asked)
    np.testing.assert_allclose(plain.values, maps.mean(axis=1), rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(plain.standard_error, maps.std(axis=1, ddof=1) / np.sqrt(N), rtol=1e-9)
    squared = mx.smooth_grad(model, x, [1, 2, 3], squared=True, **asked)
    np.testing.assert_allclose(squared.values, (maps**2).mean(axis=1), rtol=1e-9)
    np.testing.assert_allclose(squared.standard_error, (maps**2).std(axis=1, ddof=1) / np.sqrt(N), rtol=1e-9)
    variance = mx.smooth_grad(model, x, [1, 2, 3], variance=True, **asked)
    np.testing.assert_allclose(variance.values, maps.var(axis=1), rtol=1e-9)
    fourth = ((maps - maps.mean(axis=1, keepdims=True)) ** 4).mean(axis=1)
    np.testing.assert_allclose(variance.standard_error, np.sqrt((fourth - maps.var(axis=1) ** 2) / N), rtol=1e-6)


def test_the_error_of_the_variance_is_that_of_repetition():
    """Over 200 seeds the spread of VarGrad is what each of them says."""
    found = [mx.smooth_grad(relu, [[0.1]], sigma=0.2, samples=400, variance=True, seed=s) for s in range(200)]
    spread = np.std([r.values for r in found])
    assert np.mean([r.standard_error for r in found]) == pytest.approx(spread, rel=0.2)


def test_sigma_is_absolute_and_noise_is_a_part_of_each_range(model, x):
    maps = by_hand(model, x, [0, 0, 0], np.full(3, 0.3))
    np.testing.assert_allclose(
        mx.smooth_grad(model, x, 0, sigma=0.3, samples=N).values, maps.mean(axis=1), rtol=1e-9, atol=1e-14
    )
    one = mx.smooth_grad(model, x[:1], 0, sigma=0.1 * ranges(x)[0], samples=N).values
    np.testing.assert_allclose(mx.smooth_grad(model, x[:1], 0, samples=N).values, one, rtol=1e-12)


SMOOTHED = {
    "gradient": (mx.gradient, {}),
    "input_x_gradient": (mx.input_x_gradient, {}),
    "guided_backprop": (mx.guided_backprop, {}),
    "grad_cam": (mx.grad_cam, {"layer": "conv1"}),
    "integrated_gradients": (mx.integrated_gradients, {"steps": 4, "baseline": 0.2}),
    "deep_lift": (mx.deep_lift, {"baseline": "noise"}),
    "at a layer": (mx.gradient, {"layer": "pool1"}),
    "of a probability": (mx.gradient, {"output": "probability"}),
    "of a contrast": (mx.gradient, {"versus": 4}),
}
each = pytest.mark.parametrize(("method", "options"), SMOOTHED.values(), ids=list(SMOOTHED))


@each
@pytest.mark.filterwarnings("ignore:integrated_gradients misses")
@pytest.mark.filterwarnings("ignore:no op on the way rectifies")
def test_without_noise_it_is_the_method(method, options, model, x):
    result = mx.smooth_grad(model, x, 2, noise=0, samples=3, method=method, **options)
    plain = method(model, x, 2, **options)
    np.testing.assert_allclose(result.values, plain.values, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(result.standard_error, 0, atol=1e-14 * abs(plain.values).max())
    assert result.values.shape == plain.values.shape
    np.testing.assert_array_equal(result.score, plain.score)
    assert result.method == "smooth_grad"
    assert result.parameters["method"] == method.__name__
    assert result.gap is None


@each
@pytest.mark.filterwarnings("ignore:integrated_gradients misses")
@pytest.mark.filterwarnings("ignore:no op on the way rectifies")
def test_around_any_method(method, options, model, x):
    maps = by_hand(model, x[:1], [2], 0.1 * ranges(x[:1]), method, seed=3, **options)
    result = mx.smooth_grad(model, x[:1], 2, samples=N, seed=3, batch=16, method=method, **options)
    np.testing.assert_allclose(result.values, maps.mean(axis=1), rtol=1e-9, atol=1e-13)


def test_a_method_of_the_catalogue_will_do(model, x):
    entry = mx.catalogue["input_x_gradient"]
    result = mx.smooth_grad(model, x, method=entry, samples=5)
    np.testing.assert_array_equal(result.values, mx.smooth_grad(model, x, method=mx.input_x_gradient, samples=5).values)
    assert result.parameters["method"] == "input_x_gradient"


def test_the_class_is_that_of_the_clean_image():
    """With much noise the other class is often ahead, but it was not asked about."""
    network = lambda x: ops.concatenate([3 * x[:, :1] + 0.1, -5 * x[:, :1]])  # noqa: E731
    result = mx.smooth_grad(network, [[0.0]], sigma=10.0, samples=20)
    np.testing.assert_allclose(result.values, [[3.0]])
    assert result.target.tolist() == [0]


# -- seeds, batches, cost -------------------------------------------------------------------------------


def test_seeds(model, x):
    first, again = (mx.smooth_grad(model, x, samples=5, seed=1) for _ in range(2))
    np.testing.assert_array_equal(first.values, again.values)
    assert (mx.smooth_grad(model, x, samples=5, seed=2).values != first.values).any()


def test_an_image_does_not_see_its_batch_mates(model, x):
    whole = mx.smooth_grad(model, x, samples=5)
    np.testing.assert_allclose(mx.smooth_grad(model, x[2:], samples=5).values, whole.values[2:], rtol=1e-12, atol=1e-15)


def test_cost(model, x):
    assert mx.smooth_grad(model, x, samples=7).cost == (3 + 21, 3 + 21)
    # a clean input and its baseline, 7 noisy copies with one baseline for each batch
    assert mx.smooth_grad(model, x[:1], samples=7, batch=4, method=mx.deep_lift).cost == (1 + 2 + 7 + 2 * 2, 1 + 7)


def test_float32_stays(model, x):
    result = mx.smooth_grad(model.astype(np.float32), x, samples=3)
    assert result.values.dtype == result.standard_error.dtype == np.float32


def test_images_of_bytes(model, x):
    grey = np.uint8(x / x.max() * 255)
    np.testing.assert_allclose(
        mx.smooth_grad(model, grey, 0, samples=4).values, mx.smooth_grad(model, grey / 255, 0, samples=4).values
    )


def test_one_colour_has_no_range_and_so_no_noise(model):
    x = np.full((1, 9, 9, 2), 0.3)
    np.testing.assert_allclose(mx.smooth_grad(model, x).values, mx.gradient(model, x).values, rtol=1e-12)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_samples(model):
    peaks = []
    for samples in (200, 200, 5000):  # what is loaded and kept at the first call does not count
        tracemalloc.start()
        mx.smooth_grad(model, np.ones((1, 9, 9, 2)), 0, samples=samples, sigma=0.1, batch=100, variance=True)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[2] <= 1.1 * peaks[1]


@pytest.mark.parametrize(("option", "error", "words"), [
    ({"samples": 1}, ValueError, "samples is a whole number, at least 2, got 1"),
    ({"noise": -0.1}, ValueError, "noise is a finite number, at least 0, got -0.1"),
    ({"noise": "10%"}, ValueError, "noise is a finite number"),
    ({"sigma": np.nan}, ValueError, "sigma is a finite number"),
    ({"seed": 0.5}, ValueError, "seed is a whole number"),
    ({"squared": True, "variance": True}, ValueError, "two different averages: ask for one"),
    ({"method": "gradient"}, TypeError, "method is 'gradient': give a function such as mx.gradient"),
    ({"nois": 0.1}, TypeError, "neither smooth_grad nor gradient takes nois"),
])  # fmt: skip
def test_what_cannot_be(option, error, words):
    with pytest.raises(error, match=words):
        mx.smooth_grad(toys.saturation, [[1.0, 1.0]], **option)


@pytest.mark.parametrize("batch", [None, 1, 2, 5])
def test_a_baseline_for_each_input_stays_with_it(batch):
    rng = np.random.default_rng(0)
    x, base = rng.normal(size=(2, 3)), rng.normal(size=(2, 3))
    network = lambda x: ops.tanh(x @ np.array([[1.0], [-2.0], [0.5]]))[:, 0]  # noqa: E731
    smooth = mx.smooth_grad(network, x, samples=4, noise=0.0, method=mx.deep_lift, baseline=base, batch=batch)
    np.testing.assert_allclose(smooth.values, mx.deep_lift(network, x, baseline=base).values, rtol=1e-12)


def test_any_method_of_the_input_may_be_smoothed_and_no_other_function():
    image = np.random.default_rng(0).random((2, 6, 6, 1))
    mx.smooth_grad(lambda x: x.sum() * 2, image, samples=2, method=mx.occlusion, window=3, stride=3)
    with pytest.raises(TypeError, match="neither smooth_grad nor gradient takes sample"):
        mx.smooth_grad(lambda x: x.sum(), image, sample=3)
    with pytest.raises(TypeError, match="is not called as mx.gradient is"):
        mx.smooth_grad(lambda x: x.sum(), image, method=len)

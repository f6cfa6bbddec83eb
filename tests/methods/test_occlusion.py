"""Occlusion: the windows are where they should be, and a pixel gets their mean; as loops would do it."""

import tracemalloc
from math import ceil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minixai as mx
from minixai.layers import Conv2D, Dense, Flatten
from minixai.methods.occlusion import resolve_window, window_masks
from minixai.model import Model

EPS = np.finfo(float).eps
LINE = np.array([1.0, 2.0, 3.0, 4.0, 5.0])


def total(x):
    return x.sum()


@pytest.fixture(scope="module")
def model():
    return Model(
        [Conv2D(3, 3, activation="relu"), Flatten(), Dense(6, activation="tanh"), Dense(4)],
        (7, 10, 2),
        dtype=np.float64,
        seed=3,
    )


@pytest.fixture
def x():
    return np.random.default_rng(5).random((3, 7, 10, 2))


def by_hand(score, x, window, stride, fill):
    """(N, H, W): the mean over the windows, one call for each."""
    added, count = np.zeros((2, *x.shape[:3]))
    starts = [range(0, s * (ceil((n - w) / s) + 1), s) for n, w, s in zip(x.shape[1:3], window, stride, strict=True)]
    for top in starts[0]:
        for left in starts[1]:
            part = np.s_[:, top : top + window[0], left : left + window[1]]
            hidden = x.copy()
            hidden[part] = np.broadcast_to(fill, x.shape)[part]
            added[part] += (score(x) - score(hidden))[:, None, None]
            count[part] += 1
    return added / count


@pytest.mark.parametrize(("stride", "expected"), [(1, [6, 7.5, 9, 10.5, 12]), (3, [6, 6, 6, 9, 9])])
def test_a_line(stride, expected):
    """The numbers that captum prints; the last window is cut at the border."""
    for shape, window, step in (((1, 1, 5, 1), (1, 3), (1, stride)), ((1, 5, 1, 1), (3, 1), (stride, 1))):
        result = mx.occlusion(total, LINE.reshape(shape), window=window, stride=step, baseline=0)
        np.testing.assert_allclose(result.values.ravel(), expected, rtol=4 * EPS)


@settings(max_examples=30)
@given(st.data())
def test_by_hand(data):
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    size = tuple(data.draw(st.integers(1, 9)) for _ in range(2))
    window = tuple(data.draw(st.integers(1, n)) for n in size)
    stride = tuple(data.draw(st.integers(1, w)) for w in window)
    x, fill, w = rng.normal(size=(2, *size, 2)), rng.normal(size=(1, *size, 2)), rng.normal(size=(*size, 2))
    found = mx.occlusion(lambda x: (x * w).sum() ** 2, x, window=window, stride=stride, baseline=fill, batch=5)
    expected = by_hand(lambda x: (x * w).sum(axis=(1, 2, 3)) ** 2, x, window, stride, fill)
    np.testing.assert_allclose(found.values[..., 0], expected, rtol=1e-9, atol=1e-9)


@given(st.integers(1, 60), st.data())
def test_every_pixel_is_covered_and_no_window_is_empty(length, data):
    side = data.draw(st.integers(1, length))
    step = data.draw(st.integers(1, side))
    windows = window_masks(length, side, step)
    assert len(windows) == ceil((length - side) / step) + 1
    assert windows.any(axis=0).all()
    assert windows.any(axis=1).all()
    assert (windows[:-1].sum(axis=1) == side).all()


@pytest.mark.parametrize(
    ("size", "window", "stride", "count"),
    [(64, 8, 4, 225), (224, 28, 14, 225), (28, 4, 2, 169), (9, 2, 1, 64), (5, 1, 1, 25), (1, 1, 1, 1)],
)
def test_by_default_an_eighth_and_half_of_that(size, window, stride, count):
    assert resolve_window((size, size), None, None) == ((window, window), (stride, stride))
    result = mx.occlusion(total, np.ones((1, size, size, 1), np.float32))
    assert result.cost == (1 + count, 0)
    assert result.values.shape == (1, size, size, 1)


def test_half_of_a_window_that_is_given():
    assert resolve_window((20, 30), (6, 5), None) == ((6, 5), (3, 3))
    assert resolve_window((20, 30), 7, None) == ((7, 7), (4, 4))
    assert resolve_window((20, 30), None, 1) == ((3, 4), (1, 1))


@pytest.mark.parametrize("fill", ["mean", "blur", "black", "white", "noise", 0.3])
def test_what_hides(model, x, fill):
    result = mx.occlusion(model, x, 2, window=(3, 4), stride=2, baseline=fill)
    expected = by_hand(lambda rows: model.scores(rows)[:, 2], x, (3, 4), (2, 2), result.baseline)
    np.testing.assert_allclose(result.values[..., 0], expected, rtol=1e-9, atol=1e-13)
    assert result.extras["windows"].shape == (3, 3, 4)
    assert result.gap is result.reference_score is None


def test_of_one_pixel_on_a_linear_network():
    """Σ_c w_c (x_c − x'_c) = integrated gradients = Rescale, summed over the channels."""
    rng = np.random.default_rng(1)
    w, x, base = rng.normal(size=(4, 5, 3)), rng.normal(size=(2, 4, 5, 3)), rng.normal(size=(2, 4, 5, 3))
    linear = lambda x: (x * w).sum() + 1  # noqa: E731
    found = mx.occlusion(linear, x, window=1, baseline=base).values[..., 0]
    np.testing.assert_allclose(found, (w * (x - base)).sum(axis=-1), rtol=1e-9, atol=1e-12)
    for method in (mx.integrated_gradients, mx.deep_lift):
        np.testing.assert_allclose(found, method(linear, x, baseline=base).values.sum(axis=-1), rtol=1e-9, atol=1e-12)


def test_positive_where_hiding_lowers_the_score(model, x):
    result = mx.occlusion(lambda x: x[:, 2, 3, 0] - x[:, 5, 8, 1], x + 1, window=1, baseline=0)
    assert (result.values[:, 2, 3] > 0).all()
    assert (result.values[:, 5, 8] < 0).all()
    assert np.count_nonzero(result.values) == 6


# -- tf-explain ---------------------------------------------------------------------------------------


def test_tf_explain_shows_one_minus_p_of_a_grid_without_overlap():
    x = np.random.default_rng(0).random((2, 4, 6, 1))
    result = mx.occlusion(lambda x: 20 - x.sum() / 10, x, window=(2, 3), variant="tf-explain")
    p = np.zeros((2, 2, 2))
    for a in range(2):
        for b in range(2):
            hidden = x.copy()
            hidden[:, 2 * a : 2 * a + 2, 3 * b : 3 * b + 3] = 127.5
            p[:, a, b] = 1 / (1 + np.exp(hidden.sum(axis=(1, 2, 3)) / 10 - 20))
    expected = mx.ops.upsample(mx.Node(1 - p[..., None]), (4, 6)).value
    np.testing.assert_allclose(result.values, expected, rtol=1e-12)
    assert result.output == "probability"
    assert result.values.shape == (2, 4, 6, 1)


def test_tf_explain_is_bilinear_between_the_middles_of_the_patches():
    network = lambda x: mx.ops.log(x[:, 0, 0, 0] + 1)  # noqa: E731    p = sigmoid(log(x + 1)) = (x + 1) / (x + 2)
    result = mx.occlusion(network, np.ones((1, 2, 4, 1)), window=2, variant="tf-explain")
    hidden, kept = 1 - 128.5 / 129.5, 1 - 2 / 3
    expected = [hidden, 0.75 * hidden + 0.25 * kept, 0.25 * hidden + 0.75 * kept, kept]
    np.testing.assert_allclose(result.values[0, :, :, 0], [expected, expected], rtol=1e-9)


def test_tf_explain_on_an_image_that_is_not_square_hides_all_of_it(model, x):
    """tf-explain itself swaps height and width there."""
    result = mx.occlusion(model, x, 1, window=4, variant="tf-explain")
    assert result.extras["windows"].shape == (3, 2, 3)
    assert (abs(result.extras["windows"]) > 0).all()


# -- what it costs, and what cannot be -----------------------------------------------------------------


def test_memory_does_not_grow_with_the_windows(model):
    peaks = []
    mx.occlusion(model, np.ones((1, 7, 10, 2)), 0, window=3, stride=3, batch=12)  # work buffers stay from now on
    for stride in (3, 1):  # 3 × 4 windows, or 5 × 8
        tracemalloc.start()
        mx.occlusion(model, np.ones((1, 7, 10, 2)), 0, window=3, stride=stride, batch=12)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] <= 1.1 * peaks[0]


@pytest.mark.parametrize(("option", "words"), [
    ({"window": 8}, r"a window of \(8, 8\) is larger than the image, \(7, 10\)"),
    ({"window": 0}, "window is a number >= 1"),
    ({"window": 2.5}, "window is a number >= 1"),
    ({"window": True}, "window is a number >= 1"),
    ({"window": 2, "stride": 3}, r"a stride of \(3, 3\) leaves pixels out between windows of \(2, 2\)"),
    ({"stride": 0}, "stride is a number >= 1"),
    ({"baseline": "grey"}, "unknown baseline 'grey'"),
    ({"baseline": np.zeros((7, 9, 2))}, "a baseline of shape"),
    ({"variant": "captum"}, "unknown variant 'captum'"),
    ({"variant": "tf-explain", "baseline": 0.0}, "has a stride and baseline of its own"),
    ({"variant": "tf-explain", "stride": 1}, "has a stride and baseline of its own"),
    ({"variant": "tf-explain", "versus": 1}, "no contrast: leave them out"),
])  # fmt: skip
def test_what_cannot_be(model, x, option, words):
    with pytest.raises(ValueError, match=words):
        mx.occlusion(model, x, 0, **option)


def test_images_only():
    with pytest.raises(ValueError, match=r"occlusion takes images \(N, H, W, C\)"):
        mx.occlusion(total, [[1.0, 2.0]])

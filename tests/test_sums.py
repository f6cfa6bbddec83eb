"""Sums and means over millions of places keep the digits of float32, wherever the engine takes one.

NumPy adds pairwise along contiguous axes only.  Over the places of a channels-last image it adds one number after
another, and the running sum of float32 numbers drops what is small beside it: at 1500 × 1500 two digits are left.
"""

from collections.abc import Callable

import numpy as np
import pytest

import minixai as mx
from minixai import Node, evaluation, ops
from minixai.arrays import Array, accurate_mean, accurate_sum
from minixai.evaluation.scores import area
from minixai.layers import BatchNorm, Conv2D, Dense, Flatten, GlobalAveragePool2D, MaxPool2D, Training
from minixai.methods.baselines import BASELINES
from minixai.methods.compat import guided_channel_weights
from minixai.methods.grad_cam import mean_gradient_weights
from minixai.methods.maps import RANKS
from minixai.methods.registry import Method
from minixai.model import Model
from minixai.ops import arithmetic, reductions
from minixai.ops.arithmetic import LONG, TERMS, Add, MatMul, Multiply, long_product
from minixai.ops.convolution import Convolution
from minixai.ops.kinds import unbroadcast
from minixai.ops.normalisation import BatchNormalise, moments
from minixai.training import cross_entropy, mean_squared_error
from tests.marks import slow_except
from tests.methods.everything import METHODS, ask, takes

SIDE = 1500
CLOSE = 1e-6
"""Sixteen roundings of float32, 2^-24 each: more than one sum, and what is done to it, may need."""

PICTURES = {
    "flat": np.full((1, SIDE, SIDE, 2), 0.3, np.float32),
    "random": np.random.default_rng(0).random((1, SIDE, SIDE, 2), dtype=np.float32),
}


def ones(x: Array, *shape: int) -> Array:
    return np.ones(shape, x.dtype)


def statistics(x: Array) -> Array:
    training, layer = Training(np.random.default_rng(0)), BatchNorm()
    weights = {"gamma": Node(ones(x, 2)), "beta": Node(ones(x, 2))}
    layer([Node(x)], weights, training)
    return training.statistics[layer][0]


def losing(loss: Callable[[Array, Array], tuple[float, Array]]) -> Callable[[Array], Array]:
    """The loss over a row for every place."""

    def of(x: Array) -> Array:
        scores = x.reshape(-1, 2)
        return np.asarray(loss(scores, np.broadcast_to(np.asarray([0.25, 0.75], x.dtype), scores.shape))[0])

    return of


SUMS: dict[str, Callable[[Array], Array]] = {
    "accurate_sum": lambda x: accurate_sum(x, (0, 1, 2)),
    "accurate_mean": lambda x: accurate_mean(x, (0, 1, 2), keepdims=True),
    "ops.sum over places": lambda x: ops.sum(Node(x), (1, 2)).value,
    "ops.sum over everything": lambda x: ops.sum(Node(x)).value,
    "ops.mean over places": lambda x: ops.mean(Node(x), (1, 2), keepdims=True).value,
    "ops.mean over everything": lambda x: ops.mean(Node(x)).value,
    "ops.mean over one long axis": lambda x: ops.mean(Node(x.reshape(1, -1, 2)), 1).value,
    "ops.global_average_pool": lambda x: ops.global_average_pool(Node(x)).value,
    "ops.average_pool": lambda x: ops.average_pool(Node(x), SIDE).value,
    "ops.average_pool of overlapping windows": lambda x: ops.average_pool(Node(x), SIDE - 1, 1).value,
    "unbroadcast to a weight": lambda x: unbroadcast(x, (2,)),
    "unbroadcast to a weight with axes": lambda x: unbroadcast(x, (1, 1, 2)),
    "unbroadcast to a node": lambda x: unbroadcast(x, (1, 1, 1, 2)),
    "slope of a shift": lambda x: Add().vjp(1, x, x, ones(x, 2)),
    "slope of a scale": lambda x: Multiply().vjp(1, x, x, ones(x, 2)),
    "slope of a convolution's bias": lambda x: Convolution().vjp(2, x, x, ones(x, 1, 1, 2, 2), ones(x, 2)),
    "slope of a dense layer's bias": lambda x: MatMul().vjp(2, x, x, ones(x, 2, 2), ones(x, 2)),
    "slope of a dense layer's kernel": lambda x: MatMul().vjp(1, x, x, ones(x, 2, 2)),
    "a dense layer of a whole image": lambda x: MatMul().forward(x.reshape(1, -1), x.reshape(-1, 1)),
    "the same, of three rows": lambda x: MatMul().forward(x.reshape(1, -1).repeat(3, 0), x.reshape(-1, 1)),
    "a dense layer with a kernel of three axes": lambda x: MatMul().forward(x.reshape(1, 1, -1), x.reshape(1, -1, 1)),
    "a Gram matrix": lambda x: MatMul().forward(x.reshape(1, -1, 2).swapaxes(1, 2), x.reshape(1, -1, 2)),
    "slope of the right factor of a product of nodes": lambda x: MatMul().vjp(
        1, x.reshape(1, -1, 2), x.reshape(1, -1, 2), ones(x, 1, 2, 2)
    ),
    "mean of a batch": lambda x: moments(x)[0],
    "running mean of a batch norm": statistics,
    "baseline 'mean'": lambda x: BASELINES["mean"](x)[:, 0, 0],
    "weights of Grad-CAM": lambda x: mean_gradient_weights(x, x),
    "weights of tf-explain's Grad-CAM": lambda x: guided_channel_weights(x, x),
    "rank of activations by mean": lambda x: RANKS["mean"](x.reshape(1, -1, 2)),
    "cross-entropy": losing(cross_entropy),
    "mean squared error": losing(mean_squared_error),
    "area of a mask": lambda x: area(x[..., 0]),
    "sums over parts": lambda x: evaluation.part_sums(x, x),
    "relevance mass": lambda x: evaluation.relevance_mass(x, x[..., 0]),
    "decisive density": lambda x: evaluation.decisive_density(x, x[..., 0]),
}


@pytest.mark.parametrize("picture", slow_except(["flat"], PICTURES))
@pytest.mark.parametrize("name", slow_except(list(SUMS)[::3], SUMS))
def test_a_sum_over_millions_of_places_keeps_its_digits(name: str, picture: str) -> None:
    x = PICTURES[picture]
    found, truth = SUMS[name](x), SUMS[name](x.astype(np.float64))
    assert found.dtype in (np.float32, np.float64)
    assert found.shape == truth.shape
    np.testing.assert_allclose(found, truth, rtol=CLOSE, atol=0)


def test_the_variance_of_a_batch_keeps_its_digits() -> None:
    x = PICTURES["random"]
    _, variance = moments(x)
    np.testing.assert_allclose(variance, moments(x.astype(np.float64))[1], rtol=CLOSE)
    np.testing.assert_allclose(variance, x.astype(np.float64).var(axis=(0, 1, 2)), rtol=CLOSE)


def test_a_flat_batch_is_normalised_to_zero() -> None:
    x = PICTURES["flat"]
    mean, variance = moments(x)
    assert (mean == np.float32(0.3)).all()
    assert (variance == 0).all()
    assert (BatchNormalise(1e-3).forward(x) == 0).all()


def test_the_slope_of_batch_normalisation_keeps_its_digits() -> None:
    """Its sum over the batch is 0 and is compared with the size of its terms."""
    x, m = PICTURES["random"], PICTURES["random"][:, ::-1]
    found = BatchNormalise(1e-3).vjp(0, m, x)
    truth = BatchNormalise(1e-3).vjp(0, m.astype(np.float64), x.astype(np.float64))
    np.testing.assert_allclose(found, truth, rtol=0, atol=CLOSE * abs(truth).max())
    assert abs(found.sum(axis=(0, 1, 2), dtype=np.float64)).max() <= 2.0**-24 * abs(found).sum(dtype=np.float64)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_dtype_and_shape_are_numpys(dtype: type) -> None:
    x = np.arange(24).reshape(2, 3, 4).astype(dtype)
    for axis in (None, 0, -1, (0, 2)):
        for keepdims in (False, True):
            for ours, numpys in ((accurate_sum, np.sum), (accurate_mean, np.mean)):
                found, expected = ours(x, axis, keepdims), np.asarray(numpys(x, axis=axis, keepdims=keepdims))
                assert isinstance(found, np.ndarray)
                assert (found.dtype, found.shape) == (dtype, expected.shape)
                np.testing.assert_allclose(found, expected, rtol=2 * np.finfo(dtype).eps)


def test_sums_that_float32_holds_and_its_running_sum_does_not() -> None:
    """2²⁴ + 1 is no float32, but 2²⁴ + 1000 is; and so is the mean of numbers near the largest one."""
    x = np.ones((1, 1001, 2), np.float32)
    x[:, 0] = 1 << 24
    assert (reductions.Sum((1,)).forward(x) == (1 << 24) + 1000).all()
    large = np.full((1, 4, 1), 3e38, np.float32)
    assert reductions.Mean((1,)).forward(large).item() == np.float32(3e38)


@pytest.mark.parametrize("terms", slow_except([LONG, LONG + 1], [LONG, LONG + 1, LONG + TERMS, 5 * LONG + 77]))
@pytest.mark.parametrize(
    ("rows", "out"), [(1, 1), (3, 5), (0, 2), (2, 0), pytest.param(40, 90, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("partial", [arithmetic.PARTIAL, 1])
def test_a_long_product_is_a_product(
    terms: int, rows: int, out: int, partial: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To a rounding for each of the terms that BLAS adds up, and as many sums as are cut into jobs."""
    monkeypatch.setattr(arithmetic, "PARTIAL", partial)
    rng = np.random.default_rng(4)
    x, w = (rng.random(shape, dtype=np.float32) for shape in ((rows, terms), (terms, out)))
    found, truth = long_product(x, w), x.astype(np.float64) @ w.astype(np.float64)
    assert (found.dtype, found.shape) == (np.float32, truth.shape)
    np.testing.assert_allclose(found, truth, rtol=(LONG if terms == LONG else TERMS) * 2.0**-24, atol=0)
    assert found.tobytes() == long_product(x, w).tobytes()


def test_batch_mates_change_no_bit_of_a_sum() -> None:
    x = np.random.default_rng(1).random((5, 60, 70, 7), dtype=np.float32)
    for reduce in (accurate_sum, accurate_mean):
        together = reduce(x, (1, 2))
        alone = np.concatenate([reduce(x[i : i + 1], (1, 2)) for i in range(len(x))])
        assert together.tobytes() == alone.tobytes() == reduce(x, (1, 2)).tobytes()


# -- photos -------------------------------------------------------------------------------------------


def photo(side: int) -> Array:
    """A bright sky over a darker ground, with some grain: large flat areas, as photos have."""
    rng = np.random.default_rng(2)
    grain = rng.normal(0, 0.02, (1, side, side, 3)).astype(np.float32)
    sky = np.linspace(0.95, 0.4, side, dtype=np.float32)[:, None, None]
    return np.clip(sky + grain * (sky < 0.8), 0, 1)


def pooled(side: int) -> Model:
    return Model(
        [
            ("conv1", Conv2D(4, 4, stride=4, activation="relu")),
            MaxPool2D(2),
            GlobalAveragePool2D(),
            ("scores", Dense(3)),
        ],
        (side, side, 3),
        seed=3,
    )


def full(side: int) -> Model:
    """Every pixel of the image has its place in the mean."""
    layers = [Conv2D(4, 3, padding="same", activation="relu"), GlobalAveragePool2D(), ("scores", Dense(3))]
    return Model(layers, (side, side, 3), seed=3)


def flattened(side: int) -> Model:
    """Positive weights, so that the sum grows with every pixel."""
    model = Model([Flatten(), ("scores", Dense(3))], (side, side, 3), seed=3)
    model.set_weights({"scores/kernel": abs(model.weights["scores/kernel"])})
    return model


@pytest.mark.parametrize("baseline", slow_except(["white"], ["white", "mean", "black", 0.5]))
@pytest.mark.parametrize("network", slow_except([pooled, full], [pooled, full, flattened]))
def test_deep_lift_adds_up_on_a_large_photo(network: Callable[[int], Model], baseline: str | float) -> None:
    """By more than a refusal needs: by a rounding for each of the 48 terms of a window, and 16 for what follows."""
    model, x, allowed = network(512), photo(512), (48 + 16) * 2.0**-24
    found = mx.deep_lift(model, x, 0, baseline=baseline)
    size = abs(found.score) + abs(found.reference_score) + abs(found.values).sum(dtype=np.float64)
    assert abs(found.gap) <= allowed * size
    exact = mx.deep_lift(model.astype(np.float64), x.astype(np.float64), 0, baseline=baseline)
    np.testing.assert_allclose(found.reference_score, exact.reference_score, rtol=0, atol=allowed * size[0])


def test_a_network_of_a_large_photo_scores_as_in_float64() -> None:
    model, x = pooled(SIDE), np.full((1, SIDE, SIDE, 3), 0.9, np.float32)
    np.testing.assert_allclose(model.scores(x), model.astype(np.float64).scores(x), rtol=1e-5)


LARGE = 2000


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.name)
def test_a_photo_of_2000_by_2000_is_explained(method: Method) -> None:
    """A gap is within √ε · (|f(x)| + |f(x')| + Σ|φ|), and that of a sample within five standard errors beside it."""
    model, x = pooled(LARGE), photo(LARGE)
    quarters = (np.arange(LARGE) * 2 // LARGE)[:, None, None] * 2 + (np.arange(LARGE) * 2 // LARGE)[:, None]
    made = {
        "baseline": "mean",
        "background": np.concatenate([np.ones_like(x), x[:, ::-1]]),
        "players": quarters,
        "groups": quarters,
        "steps": 8,
        "window": LARGE // 2,
        "stride": LARGE // 2,
    }
    if method.baseline:
        del made["background"]
    found = ask(method, model, x, **{name: given for name, given in made.items() if takes(method, name)})
    assert np.isfinite(found.values).all()
    assert (found.gap is not None) == method.complete
    if found.gap is not None:
        assert found.reference_score is not None
        size = abs(found.score) + abs(found.reference_score) + abs(found.values).sum(dtype=np.float64)
        chance = 0 if found.gap_standard_error is None else 5 * found.gap_standard_error
        assert abs(found.gap) <= np.sqrt(np.finfo(np.float32).eps) * size + chance


def test_masks_and_counts_have_means_of_their_own() -> None:
    mask = np.array([[True, False], [True, True]])
    assert accurate_mean(mask, 0).tolist() == [1.0, 0.5]
    assert accurate_sum(mask.astype(np.uint8)).item() == 3

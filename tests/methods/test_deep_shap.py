"""DeepSHAP: the mean of DeepLIFT over a background, whichever way round it is computed, and it always adds up."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minixai as mx
from minixai import ops, toys
from minixai.layers import Add, Conv2D, Dense, Flatten
from minixai.model import Model
from minixai.ops import Linear
from tests.axioms.programs import cnns, networks, points

# more inputs than references, and fewer
SIDES = st.sampled_from([(3, 2), (2, 3), (1, 4), (2, 2)])


def mean_of_deep_lift(network, x, background, **options):
    return np.mean([mx.deep_lift(network, x, 0, baseline=b, **options).values for b in background], axis=0)


def flat(network):
    """The first of whatever it returns, as scores."""
    return lambda x: network(x).flatten()


@given(networks(), st.data(), SIDES)
def test_it_is_the_mean_of_deep_lift(network, data, sides):
    """Both ways round; on coarse grids too, full of ties at the maxima.

    Inputs and references change places, so chords round differently: relative to all that is added up, √ε.
    """
    x, background = (data.draw(points(network, rows)) for rows in sides)
    result = mx.deep_shap(flat(network), x, 0, background=background)
    expected = mean_of_deep_lift(flat(network), x, background)
    size = abs(expected).sum() + abs(result.score).sum() + abs(result.reference_score).sum()
    np.testing.assert_allclose(result.values, expected, rtol=0, atol=1.5e-8 * size)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@given(cnns(), st.data(), SIDES)
def test_it_adds_up_for_every_background(dtype, network, data, sides):
    x, background = (data.draw(points(network, rows, dtype)) for rows in sides)
    result = mx.deep_shap(network, x, 0, background=background)
    size = abs(result.score) + abs(result.reference_score) + abs(result.values).reshape(len(x), -1).sum(axis=1)
    assert (abs(result.gap) <= np.sqrt(np.finfo(dtype).eps) * size).all()
    assert result.standard_error is None


def test_it_adds_up_on_digits_to_rounding():
    model, (images, labels) = mx.load("digits").astype(np.float64), mx.datasets.digits("test")
    for count in (1, 5, 30):
        result = mx.deep_shap(model, images[:6], labels[:6], versus=(labels[:6] + 1) % 10, background=images[-count:])
        assert abs(result.gap).max() < 1e-12


def test_one_reference_is_deep_lift():
    model, (images, _) = mx.load("digits").astype(np.float64), mx.datasets.digits("test")
    one = mx.deep_shap(model, images[:3], background=images[7:8])
    lifted = mx.deep_lift(model, images[:3], baseline=images[7])
    np.testing.assert_array_equal(one.values, lifted.values)
    np.testing.assert_array_equal(one.score, lifted.score)
    np.testing.assert_allclose(one.reference_score, lifted.reference_score, rtol=1e-12)


TIES = np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0], [2.0, 0.0, 2.0], [1.0, 1.0, 1.0], [0.0, 0.0, 0.0]])


@pytest.mark.parametrize("pool", ["mover", "first", "gradient"])
def test_ties_at_a_maximum_do_not_depend_on_who_is_the_reference(pool):
    """The inputs of the maximum come from shared ones, so a multiplier of what did not move matters too."""
    mixed = lambda x: ops.relu(x @ np.array([[1.0, 1.0, 0.0], [-1.0, 1.0, 1.0], [1.0, 0.0, 1.0]])).max()  # noqa: E731
    for network in (mixed, lambda x: x.max()):
        for x in (TIES[:1], TIES):
            result = mx.deep_shap(network, x, background=TIES, pool=pool)
            np.testing.assert_allclose(result.values, mean_of_deep_lift(network, x, TIES, pool=pool), atol=1e-14)
            assert (result.gap is None) is (pool == "gradient")


def test_it_is_no_shapley_value():
    """min(1, 2) from (0, 0) is worth (1, 0) here; fair shares are equal."""
    x, background = [[1.0, 2.0]], [[0.0, 0.0]]
    assert mx.deep_shap(toys.minimum, x, background=background).values.tolist() == [[1, 0]]
    np.testing.assert_allclose(mx.shapley_values(toys.minimum, x, background=background).values, [[0.5, 0.5]])


def test_at_every_layer_the_contributions_add_up():
    model, (images, _) = mx.load("digits").astype(np.float64), mx.datasets.digits("test")
    for layer in model.layers:
        for x in (images[:1], images[:4]):
            result = mx.deep_shap(model, x, 3, layer=layer.name, background=images[10:13])
            assert result.values.shape[1:] == layer.shape
            assert abs(result.gap).max() < 1e-12


def test_no_gap_where_a_path_goes_round_the_layer():
    model = Model(
        [("a", Conv2D(2, 3, padding="same", activation="relu")), ("b", Add(), ["input", "a"]), Flatten(), Dense(2)],
        (5, 5, 2),
        dtype=np.float64,
    )
    x = np.random.default_rng(0).random((3, 5, 5, 2))
    assert mx.deep_shap(model, x, 0, layer="a", background=x[:2]).gap is None
    assert abs(mx.deep_shap(model, x, 0, layer="b", background=x[:2]).gap).max() < 1e-12


@pytest.mark.parametrize(("inputs", "references"), [(2, 9), (9, 2)])
def test_batches_change_nothing_beyond_rounding(inputs, references):
    model, (images, _) = mx.load("digits").astype(np.float64), mx.datasets.digits("test")
    x, background = images[:inputs], images[20 : 20 + references]
    whole = mx.deep_shap(model, x, background=background)
    for batch in (1, 4):
        pieces = mx.deep_shap(model, x, background=background, batch=batch)
        np.testing.assert_allclose(pieces.values, whole.values, rtol=1e-9, atol=1e-13)
    alone = mx.deep_shap(model, x[1:2], background=background)
    np.testing.assert_allclose(alone.values, whole.values[1:2], rtol=1e-9, atol=1e-13)


def test_a_background_of_many_costs_one_row_each():
    """R + 1 rows for one input and R references, after both were sent once."""
    background = np.random.default_rng(0).random((50, 2))
    assert mx.deep_shap(toys.saturation, [[1.0, 1.0]], background=background).cost == (1 + 50 + 51, 50)
    assert mx.deep_shap(toys.saturation, np.ones((3, 2)), background=background[:2]).cost == (3 + 2 + 2 * 4, 6)


def test_float32_stays():
    result = mx.deep_shap(
        toys.saturation, np.ones((1, 2), np.float32), background=np.random.default_rng(0).random((4, 2))
    )
    assert result.values.dtype == result.gap.astype(result.values.dtype).dtype == np.float32


class Squared(Linear):
    """Its derivative is right, its kind is not."""

    def forward(self, x):
        return x**2

    def vjp(self, i, m, x):
        return 2 * m * x


@pytest.mark.parametrize("rows", [2, 6])
def test_an_op_that_loses_credit_is_named_and_so_are_the_input_and_the_reference(rows):
    """The mistake shows only where the second column is not 0 and the first moves."""
    x, background = [[2.0, 0.0], [2.0, 2.0]] + [[2.0, 0.0]] * (rows - 2), [[2.0, 0.0], [2.0, 0.0], [0.0, 0.0]]
    with pytest.raises(ValueError, match=r"row 1 miss .* from reference 2, because Squared .* passes on 72 of 36"):
        mx.deep_shap(lambda x: Squared()(3 * x[:, 0]) * x[:, 1], x, background=background)


def test_memory_does_not_grow_with_the_references():
    """Beyond the background itself, of which a checked copy is made each time it is sent."""
    model = Model([Conv2D(8, 3, activation="relu"), Flatten(), Dense(5)], (9, 9, 2), dtype=np.float64)
    peaks = []
    for count in (50, 1000):
        background = np.random.default_rng(0).random((count, 9, 9, 2))
        tracemalloc.start()
        mx.deep_shap(model, background[:1], 0, background=background, batch=25, layer="conv1")
        peaks.append(tracemalloc.get_traced_memory()[1] - 3 * background.nbytes)
        tracemalloc.stop()
    assert peaks[1] <= 1.1 * peaks[0] + 1000 * 5 * 8 * 4  # and the scores of each


@pytest.mark.parametrize(("option", "words"), [
    ({"pool": "last"}, "unknown pool 'last'"),
    ({"background": np.zeros((2, 3))}, "a background of shape .2, 3. does not fit x of shape .1, 2."),
    ({"background": np.zeros((0, 2))}, "background is empty"),
])  # fmt: skip
def test_what_cannot_be(option, words):
    with pytest.raises(ValueError, match=words):
        mx.deep_shap(toys.saturation, [[1.0, 1.0]], **{"background": [[0.0, 0.0]]} | option)

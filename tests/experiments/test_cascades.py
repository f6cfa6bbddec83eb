"""Sanity: what is compared, what zeros do to ranks, and that the published pattern comes out."""

import numpy as np
import pytest

import minixai as mx
from minixai import zoo
from minixai.evaluation import Cascade, randomisation, rank_correlation
from minixai.experiments import sanity
from minixai.experiments.cascades import BY_THE_IMAGE, FORGETFUL, METHODS, PUBLISHED, Sanity, shared_zeros

LAYERS = ("scores", "dense1", "conv2", "conv1")


@pytest.fixture(scope="module")
def few():
    return sanity(images=4, draws=2, networks=["digits-paper"])


def test_each_correlation_is_that_of_one_method_and_one_draw(few):
    x = mx.datasets.digits("test")[0][:4]
    model = zoo.load("digits-paper")
    for draw in range(2):
        alone = randomisation(mx.guided_backprop, model, x, seed=draw)
        found = few.cascades["digits-paper", "guided backprop"]
        assert found.layers == alone.layers == LAYERS
        np.testing.assert_array_equal(found.signed[:, 4 * draw : 4 * draw + 4], alone.signed)
        np.testing.assert_array_equal(found.absolute[:, 4 * draw : 4 * draw + 4], alone.absolute)


def test_another_seed_draws_other_weights(few):
    """One draw of seed 1 is the second draw of seed 0, where there are two."""
    other = sanity(images=1, seed=1, draws=1, networks=["digits-paper"])
    a, b = (each.cascades["digits-paper", "gradient"].signed for each in (few, other))
    np.testing.assert_allclose(a[:, 4], b[:, 0], atol=1e-6)
    assert not np.isclose(a[:, 0], b[:, 0]).any()


def test_images_of_one_class_share_the_lots_of_a_draw(few):
    target = zoo.load("digits-paper").predict(mx.datasets.digits("test")[0][:4])
    assert few.draws_of["digits-paper"].tolist() == [*target, *(10 + target)]


def test_the_mean_is_over_lots_and_its_error_too(few):
    """Class 3 came up three times, class 5 once: (0.2, 0.8) and not (0.2, 0.2, 0.2, 0.8)."""
    found = Cascade(LAYERS, np.array([[0.1, 0.2, 0.3, 0.8]] * 4), np.zeros((4, 4)))
    result = Sanity({("n", "gradient"): found}, {"n": np.array([3, 3, 3, 5])}, {"n": np.zeros(4)})
    mean, error = result.on_average("n", "gradient")
    assert mean == pytest.approx(0.5)
    assert error == pytest.approx(0.3)


def test_one_lot_has_no_known_error():
    found = Cascade(LAYERS, np.full((4, 2), 0.5), np.zeros((4, 2)))
    assert Sanity({("n", "gradient"): found}, {"n": np.array([3, 3])}, {}).on_average("n", "gradient") == (0.5, np.inf)


@pytest.mark.parametrize("zero", [0.2, 0.5, 0.81, 0.95])
def test_maps_that_share_only_zeros_have_the_correlation_of_the_formula(zero):
    rng = np.random.default_rng(0)
    maps = rng.random((2, 20, 4000)) * (rng.random((20, 4000)) >= zero)
    found = rank_correlation(*maps)
    assert found.mean() == pytest.approx(shared_zeros(np.array(zero)), abs=0.01)


def test_without_zeros_nothing_is_shared():
    assert shared_zeros(np.array([0.0, 1.0])).tolist() == [pytest.approx(0), 1]


@pytest.mark.filterwarnings("ignore:integrated_gradients misses")
def test_new_weights_and_their_negatives_turn_the_sign_of_every_map_that_must_forget():
    """So the expected signed correlation is exactly 0, whatever the network learnt."""
    x = mx.datasets.digits("test")[0][:2]
    model = zoo.load("digits-paper").astype(np.float64)
    name = "scores/kernel"
    model.set_weights({name: np.random.default_rng(0).normal(size=(128, 10)), "scores/bias": np.zeros(10)})
    turned = model.astype(np.float64)
    turned.set_weights({name: -model.weights[name]})
    for method in FORGETFUL:
        function, options = METHODS[method]
        options = dict(options) | ({"steps": 5} if method == "IG" else {})
        a, b = (function(each, x, 3, **options).values for each in (model, turned))
        np.testing.assert_allclose(a, -b, atol=1e-9 * abs(a).max())


# -- what is told -------------------------------------------------------------------------------------


def test_the_table_has_ours_and_the_published_figures(few):
    signed, absolute = few.blocks
    assert signed.lines[0] == ("randomised down to", *(x for layer in LAYERS for x in (layer, "published")))
    lines = {line[0]: line[1:] for line in signed.lines[1:]}
    assert list(lines) == list(METHODS)
    assert lines["guided backprop"][1::2] == ("0.92", "0.75", "0.63", "0.20")
    assert lines["gradient"][1::2] == ("-0.04", "", "-0.01", "")
    mean = few.cascades["digits-paper", "gradient"].signed.mean(axis=1)
    assert lines["gradient"][::2] == tuple(f"{x:.2f}" for x in mean)
    assert {line[0]: line[2::2] for line in absolute.lines}["guided backprop"] == ("0.93", "0.83", "0.75", "0.73")
    assert "4 images × 2 draws" in signed.heading
    assert f"{few.zeros['digits-paper'].mean():.0%} of the pixels are exactly 0" in absolute.heading


def test_the_published_are_of_methods_and_layers_that_are_there():
    assert all(method in METHODS and layer in LAYERS for each in PUBLISHED.values() for method, layer in each)


def made(signed, guided=(0.9, 0.8, 0.6, 0.2), absolute=0.99, zeros=0.81):
    """A result in which all methods but guided backprop have these correlations, in eight lots."""
    cascades = {}
    for name in METHODS:
        values = np.array(guided)[:, None] + np.zeros(8) if name == "guided backprop" else np.full((4, 8), signed)
        cascades["digits-paper", name] = Cascade(LAYERS, values + np.linspace(-0.1, 0.1, 8), np.full((4, 8), absolute))
    return Sanity(cascades, {"digits-paper": np.arange(8)}, {"digits-paper": np.full(8, zeros)})


@pytest.mark.parametrize(
    ("options", "broken"),
    [
        ({"signed": 0.0}, 0),
        ({"signed": 0.3}, len(FORGETFUL)),  # signs that are not forgotten
        ({"signed": -0.3}, len(FORGETFUL)),
        ({"signed": 0.0, "guided": (0.7, 0.65, 0.6, 0.2)}, 1),  # guided backprop that notices the first layer
        ({"signed": 0.0, "guided": (0.9, 0.5, 0.4, 0.2)}, 1),  # or the second
        ({"signed": 0.0, "guided": (0.9, 0.8, 0.7, 0.7)}, 1),  # or none at all
        ({"signed": 0.0, "absolute": 0.9}, len(BY_THE_IMAGE)),  # sizes less alike than zeros make them
        ({"signed": 0.0, "absolute": 0.1, "zeros": 0.0}, 0),  # where there are no zeros sizes are forgotten
        ({"signed": 0.0, "absolute": 0.4, "zeros": 0.0}, len(BY_THE_IMAGE)),
    ],
)
def test_the_claims_fail_where_the_pattern_does(options, broken):
    result = made(**options)
    assert sum(not claim.holds for claim in result.claims) == broken
    assert result.holds is (broken == 0)


@pytest.mark.slow
def test_the_published_pattern_comes_out():
    result = sanity(networks=["digits-paper"])
    assert result.holds, str(result)
    assert result.zeros["digits-paper"].shape == (40,)


@pytest.mark.slow
@pytest.mark.skipif("shorebirds" not in zoo.RECIPES, reason="the birds' network is not here")
def test_birds_without_zeros_are_forgotten_without_signs_too():
    result = sanity(networks=["shorebirds"])
    assert result.holds, str(result)
    assert result.zeros["shorebirds"].max() < 0.1


def test_the_checks_are_those_of_the_audit():
    """Sensitivities are judged by their sizes, contributions with signs; JSON has a check for each method."""
    result = made(signed=0.0, absolute=0.8)
    checks = result.checks
    assert {name for _, name in checks} == set(METHODS)
    assert all(check.name == "depends on what was learnt" for check in checks.values())
    assert checks["digits-paper", "gradient"].number == pytest.approx(0.8)
    assert checks["digits-paper", "IG"].number == pytest.approx(0)
    assert checks["digits-paper", "IG"].status == "holds"
    told = result.summary["checks"]
    assert [each["method"] for each in told] == list(METHODS)
    assert {"question", "number", "uncertainty", "reading", "source"} <= set(told[0])


def test_networks_and_seeds_that_are_not_there_get_one_sentence():
    with pytest.raises(ValueError, match="unknown network 'digits', did you mean 'digits-paper'"):
        sanity(images=1, networks=["digits"])
    with pytest.raises(ValueError, match="unknown network 'vgg16'"):
        sanity(images=1, networks="vgg16")
    with pytest.raises(ValueError, match="seed is a whole number"):
        sanity(images=1, seed="a", networks="digits-paper")

"""Sanity checks: what is drawn anew and what is not, and maps that know no network."""

import numpy as np
import pytest
from scipy import ndimage

import minixai as mx
from minixai.evaluation import Cascade, cascade, edge_detector, random_map, randomisation, randomised
from minixai.evaluation.sanity import weighted_layers
from minixai.layers import Add, BatchNorm, Conv2D, Dense, Flatten


@pytest.fixture(scope="module")
def model():
    layers = [
        ("conv", Conv2D(4, 3, padding="same", activation="relu")),
        BatchNorm(),
        Flatten(),
        ("hidden", Dense(6, activation="relu")),
        ("scores", Dense(3)),
    ]
    made = mx.Model(layers, (6, 6, 2), seed=1, dtype=np.float64)
    rng = np.random.default_rng(2)
    made.set_weights({name: w + rng.random(w.shape) for name, w in made.weights.items()})  # as if it had learnt
    return made


@pytest.fixture
def x():
    return np.random.default_rng(3).random((4, 6, 6, 2))


def changed(before, after):
    """The layers whose weights are not the same."""
    return {name.split("/")[0] for name, w in before.weights.items() if (w != after.weights[name]).any()}


def test_the_cascade_goes_from_the_top_down_and_adds_up(model):
    names = ["scores", "hidden", "norm1", "conv"]
    assert list(weighted_layers(model)) == names
    made = list(cascade(model))
    assert [name for name, _ in made] == names
    for i, (_, drawn) in enumerate(made):
        assert changed(model, drawn) == set(names[: i + 1])
    np.testing.assert_array_equal(made[0][1].weights["scores/kernel"], made[3][1].weights["scores/kernel"])


def test_what_is_drawn_is_what_a_layer_has_before_training(model):
    drawn = randomised(model, weighted_layers(model), seed=5)
    np.testing.assert_array_equal(drawn.weights["scores/bias"], np.zeros(3))
    np.testing.assert_array_equal(drawn.weights["norm1/gamma"], np.ones(4))
    kernel = drawn.weights["hidden/kernel"]  # (144, 6): normal, of variance 2 / 144
    assert abs(kernel.mean()) < 4 * np.sqrt(2 / 144 / kernel.size)
    assert kernel.var() == pytest.approx(2 / 144, rel=4 * np.sqrt(2 / kernel.size))
    np.testing.assert_array_equal(drawn.weights["conv/kernel"], randomised(model, ["conv"], 5).weights["conv/kernel"])
    assert (drawn.weights["conv/kernel"] != randomised(model, ["conv"], 6).weights["conv/kernel"]).any()


def test_the_given_model_stays_as_it_is(model, x):
    before, scores = {name: w.copy() for name, w in model.weights.items()}, model.scores(x)
    drawn = randomised(model, weighted_layers(model))
    drawn.set_weights({"conv/kernel": np.full((3, 3, 2, 4), 7.0)})
    for name, w in model.weights.items():
        np.testing.assert_array_equal(w, before[name])
    np.testing.assert_array_equal(model.scores(x), scores)


def test_a_layer_used_twice_is_drawn_once(x):
    twice = Conv2D(2, 3, padding="same", activation="relu")
    made = mx.Model([twice, twice, ("sum", Add(), ["conv1", "conv1-2"]), Flatten(), Dense(2)], (6, 6, 2))
    assert weighted_layers(made) == ("dense1", "conv1")
    drawn = randomised(made, ["conv1"])
    assert changed(made, drawn) == {"conv1"}
    assert drawn.scores(x).shape == (4, 2)


def test_what_forgets_and_what_does_not(model, x):
    """A map of the image alone does not change; the gradient of a network without a hidden layer forgets at once."""
    edges = randomisation(lambda m, x, *a, **k: mx.input_x_gradient(lambda n: (n * n).sum((1, 2, 3)), x), model, x)
    np.testing.assert_allclose([edges.signed, edges.absolute], 1, rtol=1e-12)
    linear = mx.Model([Flatten(), ("scores", Dense(2))], (20, 20, 1), seed=0)
    found = randomisation(mx.gradient, linear, np.ones((1, 20, 20, 1)), 0)
    assert found.layers == ("scores",)
    assert abs(found.signed).max() < 4 / np.sqrt(400)
    assert abs(found.absolute).max() < 4 / np.sqrt(400)


def test_the_numbers_are_the_rank_correlations_of_the_maps(model, x):
    found = randomisation(mx.smooth_grad, model, x, 1, versus=2, seed=4, samples=3, layers=2)
    assert found.layers == ("scores", "hidden")
    assert found.signed.shape == found.absolute.shape == (2, 4)
    drawn = randomised(model, ["scores", "hidden"], 4)
    a, b = (mx.smooth_grad(m, x, 1, versus=2, samples=3).values.sum(axis=-1) for m in (model, drawn))
    ranks = [[np.argsort(np.argsort(f(m[2]).ravel())) for m in (a, b)] for f in (np.asarray, np.abs)]
    np.testing.assert_allclose([found.signed[1, 2], found.absolute[1, 2]], [np.corrcoef(r)[0, 1] for r in ranks])
    assert str(found).splitlines()[0].split() == ["randomised", "down", "to", "signed", "absolute"]
    assert len(str(found).splitlines()) == 3


def test_the_target_stays_what_the_trained_network_predicts(model, x):
    asked = []

    def spy(m, x, target, versus=None):
        asked.append(target)
        return mx.gradient(m, x, target, versus=versus)

    randomisation(spy, model, x)
    assert asked[0] is None
    for target in asked[1:]:
        np.testing.assert_array_equal(target, model.predict(x))


def test_edges_by_scipy():
    image = np.random.default_rng(0).random((7, 9))
    expected = np.hypot(ndimage.sobel(image, 0), ndimage.sobel(image, 1))
    np.testing.assert_allclose(edge_detector(image[None, ..., None])[0, ..., 0], expected, rtol=1e-12)


def test_edges_of_images_and_channels_do_not_mix():
    images = np.random.default_rng(0).random((3, 7, 9, 2))
    maps = edge_detector(images)
    assert maps.shape == (3, 7, 9, 1)
    np.testing.assert_allclose(maps[1:2], edge_detector(images[1:2]), rtol=1e-12)
    each = [edge_detector(images[..., k : k + 1]) for k in (0, 1)]
    np.testing.assert_allclose(maps, (each[0] + each[1]) / 2, rtol=1e-12)
    np.testing.assert_allclose(edge_detector(images[:, :, ::-1]), maps[:, :, ::-1], rtol=1e-12)
    np.testing.assert_array_equal(edge_detector(np.full((1, 4, 4, 3), 0.3)), 0)


def test_noise():
    images = np.zeros((3, 50, 60, 3))
    maps = random_map(images)
    assert maps.shape == (3, 50, 60, 1)
    np.testing.assert_array_equal(maps, random_map(images))
    np.testing.assert_array_equal(maps[:2], random_map(images[:2]))
    assert (maps != random_map(images, 1)).all()
    assert abs(np.corrcoef(maps.reshape(3, -1)) - np.eye(3)).max() < 4 / np.sqrt(3000)


@pytest.mark.parametrize(("call", "words"), [
    (lambda m: randomised(m, ["score"]), "unknown layer with weights 'score', did you mean 'scores'"),
    (lambda m: randomised(m, ["flatten1"]), "unknown layer with weights 'flatten1'"),
    (lambda m: randomised(m, "scores", seed=-1), "seed is a whole number"),
    (lambda m: randomisation(mx.gradient, m, np.ones((1, 6, 6, 2)), layers=0), "layers is a whole number, at least 1"),
    (lambda m: edge_detector(np.ones((6, 6, 2))), r"images of shape \(6, 6, 2\): give"),
    (lambda m: random_map(np.ones((0, 6, 6, 2))), "a set of images is empty"),
    (lambda m: edge_detector(np.ones((2, 3, 6, 6))), r"\(2, 3, 6, 6\) look channels-first"),
    (lambda m: random_map(np.ones((2, 0, 6, 3))), r"images of shape \(2, 0, 6, 3\): give"),
])  # fmt: skip
def test_what_cannot_be(model, call, words):
    with pytest.raises(ValueError, match=words):
        call(model)


@pytest.mark.parametrize("call", [
    lambda f: randomised(f, ["h"]),
    lambda f: list(cascade(f)),
    lambda f: randomisation(mx.gradient, f, np.ones((1, 6, 6, 2))),
])  # fmt: skip
def test_a_function_has_no_layers_to_randomise(call):
    with pytest.raises(TypeError, match="only a Model has layers to randomise, got function"):
        call(lambda x: x.sum((1, 2, 3)))


def test_a_name_is_no_method(model):
    with pytest.raises(TypeError, match="method is 'gradient': give a function"):
        randomisation("gradient", model, np.ones((1, 6, 6, 2)))


@pytest.mark.parametrize(("signed", "status"), [
    ([[0.9, 0.7], [0.1, 0.1]], "does not hold"),
    ([[0.9, -0.9], [0.1, 0.1]], "take care"),  # the pattern stays, with either sign
    ([[0.1, -0.1], [0.1, 0.1]], "holds"),
])  # fmt: skip
def test_a_cascade_is_judged_by_draws(signed, status):
    """By pencil: of four maps two share each draw, so the error is that of two means."""
    columns = np.repeat(signed, 2, axis=1)
    found = Cascade(("scores", "conv"), columns, abs(columns))
    check = found.check([0, 0, 1, 1])
    assert check.status == status
    assert check.number == pytest.approx(np.mean(signed[0]))
    assert check.uncertainty == pytest.approx(abs(signed[0][0] - signed[0][1]) / 2)
    assert found.check().uncertainty is None
    sizes = found.check([0, 0, 1, 1], signed=False)
    assert sizes.number == pytest.approx(np.mean(np.abs(signed[0])))


def test_draws_number_every_map():
    found = Cascade(("scores",), np.array([[0.0, 1.0, 0.5]]), np.ones((1, 3)))
    np.testing.assert_allclose(found.draw_means([0, 0, 7])[0], [[0.5, 0.5]])
    with pytest.raises(ValueError, match=r"draws of shape \(2,\) do not fit 3 maps: give a number for each map"):
        found.draw_means([0, 1])

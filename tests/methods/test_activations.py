"""Activations: the raw maps of a layer, their order, and layers by number."""

import numpy as np
import pytest

import minixai as mx
from minixai import ops, toys
from minixai.layers import Conv2D, Dense, Flatten, MaxPool2D
from minixai.model import Model


@pytest.fixture(scope="module")
def model():
    return Model(
        [Conv2D(5, 3, activation="relu"), MaxPool2D(2), Flatten(), Dense(6, activation="relu"), Dense(3)],
        (8, 10, 2),
        seed=2,
    )


@pytest.fixture
def x():
    return np.random.default_rng(4).random((4, 8, 10, 2), np.float32)


def test_every_layer_as_the_network_makes_it(model, x):
    made = {"input": mx.Node(x)}
    for name, layer, inputs, shape in model.layers[1:]:
        made[name] = layer([made[i] for i in inputs])
        found = mx.activations(model, x, layer=name, batch=3)
        assert found.values.shape == (4, *shape)
        assert found.values.dtype == np.float32
        np.testing.assert_allclose(found.values, made[name].value, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(mx.activations(model, x, layer="input").values, x)


def test_the_certificate(model, x):
    found = mx.activations(model, x)
    assert found.layer == "conv1"
    assert found.cost == (4, 0)
    assert found.gap is None
    assert found.extras == {}
    np.testing.assert_array_equal(found.target, model.predict(x))
    assert not mx.catalogue["activations"].class_specific


def test_no_class_is_explained(model, x):
    found = mx.activations(model, x, 1, versus=[0, 0, 2, 2], output="probability")
    np.testing.assert_array_equal(found.values, mx.activations(model, x).values)
    p = model.probabilities(x)
    np.testing.assert_allclose(found.score, p[:, 1] - p[range(4), [0, 0, 2, 2]], rtol=1e-5, atol=1e-6)


MAPS = np.zeros((2, 2, 2, 4))
MAPS[0, 0, 0] = 1, 9, 2, 0
MAPS[0, 1, 1] = 6, 0, 2, 0
MAPS[1, 0, 1] = -1, -1, 3, -1


@pytest.mark.parametrize(
    ("rank", "order", "by"),
    [
        ("peak", [[1, 0, 2, 3], [2, 0, 1, 3]], [[6, 9, 2, 0], [0, 0, 3, 0]]),
        ("mean", [[1, 0, 2, 3], [2, 0, 1, 3]], [[1.75, 2.25, 1, 0], [-0.25, -0.25, 0.75, -0.25]]),
    ],
)
def test_rank(rank, order, by):
    """Each image has an order of its own; of equals the first; the values stay where they are."""
    found = mx.activations(lambda x: x.named("h").sum(), MAPS, layer="h", rank=rank)
    assert found.extras["order"].tolist() == order
    assert found.extras["rank"].tolist() == by
    np.testing.assert_array_equal(found.values, MAPS)


def test_peak_and_mean_differ():
    maps = np.stack([[[5.0, 0.0]], [[3.0, 3.0]]], axis=-1)[None]
    orders = [
        mx.activations(lambda x: x.named("h").sum(), maps, layer="h", rank=r).extras["order"] for r in ("peak", "mean")
    ]
    assert [o.tolist() for o in orders] == [[[0, 1]], [[1, 0]]]


def test_layers_without_places_are_ranked_too(model, x):
    found = mx.activations(model, x, layer="dense1", rank="mean")
    np.testing.assert_array_equal(
        np.sort(found.values)[:, ::-1], np.take_along_axis(found.values, found.extras["order"], 1)
    )
    single = lambda x: (x[:, 0] * 2).named("h")  # noqa: E731
    assert mx.activations(single, [[1.0], [2.0]], layer="h", rank="peak").extras["order"].tolist() == [[0], [0]]


def test_what_cannot_be(model, x):
    with pytest.raises(ValueError, match="unknown rank 'max'"):
        mx.activations(model, x, rank="max")
    with pytest.raises(ValueError, match="not made of any convolution"):
        mx.activations(toys.product, [[1.0, 2.0]])


# -- layers by number, for every method -----------------------------------------------------------------


@pytest.mark.parametrize("method", [mx.gradient, mx.deep_lift, mx.integrated_gradients, mx.activations])
def test_a_layer_by_its_number(method, model, x):
    """As in model.layers, where 0 is the input: Keras's numbers, without its layers for preprocessing."""
    for i in (0, 2, np.int64(2)):
        by_number, by_name = method(model, x, 1, layer=i), method(model, x, 1, layer=model.layers[i].name)
        np.testing.assert_array_equal(by_number.values, by_name.values)
        assert by_number.layer == model.layers[i].name


@pytest.mark.parametrize(
    ("network", "layer", "words"),
    [
        ("model", 6, r"there is no layer 6: this model has 6, numbered 0 \(the input\) to 5"),
        ("model", -1, "there is no layer -1"),
        ("model", True, "layer is a name, or the number of a Model's layer, got True"),
        ("model", 1.0, "layer is a name"),
        (lambda x: ops.relu(x).sum(), 1, "a function of nodes has no layer 1: name a node"),
    ],
)
def test_a_number_that_is_none(network, layer, words, model, x):
    for method in (mx.gradient, mx.activations, mx.grad_cam):
        with pytest.raises(ValueError, match=words):
            method(model if network == "model" else network, x, layer=layer)

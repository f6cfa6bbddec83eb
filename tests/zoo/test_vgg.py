"""VGG-16 and VGG-19: what they are made of, what they see, and the names of what they know."""

import hashlib
import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest

import minixai as mx
from minixai.files import shipped
from minixai.preprocessing import CAFFE, TORCHVISION, Preprocessing
from minixai.zoo.imagenet import imagenet_classes
from minixai.zoo.vgg import DEPTHS, convolutions, expected_shapes, head, torch_names
from tests.zoo.files import SIZE, as_torchvision, narrow, write_safetensors

PIXELS = np.random.default_rng(0).random((2, 64, 64, 3))


@pytest.mark.parametrize(("network", "parameters"), [("vgg16", 138_357_544), ("vgg19", 143_667_240)])
def test_as_large_as_published(network, parameters):
    layers = convolutions(DEPTHS[network], (64, 128, 256, 512, 512)) + head(4096, 1000)
    shapes = dict(expected_shapes(layers, (224, 224, 3)))
    assert sum(int(np.prod(shape)) for shape in shapes.values()) == parameters
    assert shapes["fc1/kernel"] == (25088, 4096)
    assert len(shapes) == 2 * int(network[3:])


def test_the_shapes_that_are_needed_are_those_the_model_has():
    model = narrow()
    layers = [(entry.name, entry.layer) for entry in model.layers[1:]]
    assert dict(expected_shapes(layers, model.input_shape)) == {name: w.shape for name, w in model.weights.items()}


def test_layers_are_named_and_numbered_as_keras_does():
    model = mx.zoo.vgg16(features_only=True)
    names = [entry.name for entry in model.layers]
    assert names[:4] == ["input", "block1_conv1", "block1_conv2", "block1_pool"]
    assert names[7] == "block3_conv1"
    assert model.layers[7].shape == (56, 56, 256)
    assert names[17:] == ["block5_conv3", "block5_pool", "mean"]
    assert model.layers[18].shape == (7, 7, 512)
    assert [entry.name for entry in narrow().layers[19:]] == ["flatten", "fc1", "fc2", "predictions"]
    assert narrow(network="vgg19").layers[20].name == "block5_conv4"


def test_torchvision_counts_relu_and_dropout():
    names = dict(torch_names(convolutions(DEPTHS["vgg16"], SIZE["widths"]) + head(4, 5)))
    assert names["features.10.weight"] == "block3_conv1/kernel"
    assert names["features.28.bias"] == "block5_conv3/bias"
    assert [name for name in names if "weight" in name][-3:] == [f"classifier.{i}.weight" for i in (0, 3, 6)]
    names = dict(torch_names(convolutions(DEPTHS["vgg19"], SIZE["widths"])))
    assert names["features.34.weight"] == "block5_conv4/kernel"


def built(make: Callable[[], mx.Model]) -> tuple[mx.Model, int]:
    """A model, and the most memory that making it took."""
    tracemalloc.start()
    model = make()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return model, most


def test_a_network_is_built_without_copies_of_its_weights(tmp_path):
    """Drawn or read, with channels enough for Winograd's path, whose transforms wait until there are rows."""
    wide = {"widths": (64, 64, 128, 128, 128), "units": 1024}
    model, most = built(lambda: narrow(**wide))
    room = 500_000  # all that is no weights
    weights = sorted(w.nbytes for w in model.weights.values())
    assert most < sum(weights) + room
    write_safetensors(tmp_path / "w.safetensors", as_torchvision(model, wide["widths"][-1]))
    _, most = built(lambda: narrow(tmp_path / "w.safetensors", **wide))
    assert most < sum(weights) + 2 * weights[-1] + room  # as it is read, and in our order of axes


@pytest.mark.slow
def test_the_whole_network_is_built_lean_and_sees_a_photo():
    model, most = built(mx.zoo.vgg16)
    assert most < 1.05 * 4 * 138_357_544  # the weights, and no copy of them
    assert model.layers[7].shape == (56, 56, 256)
    assert model.classes[141] == "redshank"
    result = mx.deep_lift(model, np.random.default_rng(0).random((1, 224, 224, 3)), 141)
    assert abs(result.gap[0]) < 1e-3 * abs(result.values).sum() ** 0.5 + 1e-2


def test_random_weights_are_of_the_seed_and_of_he():
    one, same, other = narrow(seed=1), narrow(seed=1), narrow(seed=2)
    assert all(np.array_equal(one.weights[name], same.weights[name]) for name in one.weights)
    assert not np.array_equal(one.weights["fc1/kernel"], other.weights["fc1/kernel"])
    wide = mx.Model([("scores", mx.layers.Dense(500))], (400,), seed=3)
    drawn = np.random.default_rng(3).normal(0, np.sqrt(2 / 400), (400, 500))
    assert np.array_equal(wide.weights["scores/kernel"], drawn.astype(np.float32))  # as if drawn all at once


def test_features_only_ends_with_the_means_of_the_maps():
    whole, features = narrow(), narrow(features_only=True)
    assert all(np.array_equal(w, whole.weights[name]) for name, w in features.weights.items())
    maps = mx.activations(whole, PIXELS, layer="block5_pool").values
    np.testing.assert_allclose(features.scores(PIXELS), maps.mean((1, 2)), rtol=1e-5)
    assert features.classes == tuple(map(str, range(12)))


# -- preprocessing ------------------------------------------------------------------------------------


def plain(model: mx.Model) -> mx.Model:
    """The same network without its preprocessing."""
    items = [(entry.name, entry.layer, entry.inputs) for entry in model.layers[1:]]
    return mx.Model(items, model.input_shape, classes=model.classes, dtype=model.dtype)


def test_what_keras_feeds_its_network():
    seen = CAFFE(mx.Node(np.array([[[[1.0, 0.5, 0.0]]]]))).value
    np.testing.assert_allclose(seen, [[[[0 - 103.939, 127.5 - 116.779, 255 - 123.68]]]])


def test_what_torchvision_feeds_its_networks():
    seen = TORCHVISION(mx.Node(np.array([[[[1.0, 0.5, 0.0]]]]))).value
    np.testing.assert_allclose(seen, [[[[0.515 / 0.229, 0.044 / 0.224, -0.406 / 0.225]]]])


@pytest.mark.parametrize("preprocessing", [CAFFE, TORCHVISION, Preprocessing(scale=2.0)])
def test_attributions_are_about_pixels(preprocessing):
    inner = plain(narrow(dtype=np.float64))
    items = [(entry.name, entry.layer, entry.inputs) for entry in inner.layers[1:]]
    model = mx.Model(items, inner.input_shape, dtype=np.float64, preprocessing=preprocessing)
    seen = preprocessing(mx.Node(PIXELS)).value
    np.testing.assert_allclose(model.scores(PIXELS), inner.scores(seen), rtol=1e-12)
    slopes = mx.gradient(inner, seen, 3).values * preprocessing.scale / np.asarray(preprocessing.std or 1)
    slopes = slopes[..., ::-1] if preprocessing.reverse else slopes
    np.testing.assert_allclose(mx.gradient(model, PIXELS, 3).values, slopes, rtol=1e-9, atol=1e-12 * abs(slopes).max())
    dark = preprocessing(mx.Node(np.zeros((1, 64, 64, 3)))).value
    parts = mx.deep_lift(inner, seen, 3, baseline=dark).values
    parts = parts[..., ::-1] if preprocessing.reverse else parts
    np.testing.assert_allclose(mx.deep_lift(model, PIXELS, 3).values, parts, rtol=1e-7, atol=1e-9 * abs(parts).max())


def test_bytes_are_pixels_too():
    model = narrow()
    bytes_ = (PIXELS * 255).astype(np.uint8)
    np.testing.assert_allclose(model.scores(bytes_), model.scores(bytes_ / 255), rtol=1e-4)


def test_layer_0_is_the_image_and_preprocessing_is_no_layer():
    model = narrow()
    assert model.layers[0].name == "input"
    assert [entry.name for entry in plain(model).layers] == [entry.name for entry in model.layers]
    assert model.row_bytes == plain(model).row_bytes + 3 * 64 * 64 * 3 * 4  # reversed, scaled, less the mean
    result = mx.input_x_gradient(model, PIXELS.astype(np.float32), layer="input")
    assert np.array_equal(result.values, mx.input_x_gradient(model, PIXELS.astype(np.float32)).values)


def test_it_is_saved_with_the_model_and_copied_with_it(tmp_path):
    model = narrow()
    model.save(tmp_path / "m.npz")
    again = mx.load(tmp_path / "m.npz")
    assert again.preprocessing == CAFFE
    assert again.architecture == model.architecture
    assert np.array_equal(again.scores(PIXELS), model.scores(PIXELS))
    assert model.astype(np.float64).preprocessing == CAFFE


def test_models_without_it_are_saved_as_ever(tmp_path):
    model = plain(narrow())
    assert "preprocessing" not in model.architecture
    model.save(tmp_path / "m.npz")
    assert mx.load(tmp_path / "m.npz").preprocessing is None


@pytest.mark.parametrize("changed", [{"mean": [1.0]}, {"scale": "big"}, {"colour": 1}, {"std": [0.0, 1.0, 1.0]}])
def test_a_file_with_a_preprocessing_that_cannot_be(tmp_path, changed):
    import json

    model = plain(narrow())
    text = json.dumps(model.architecture | {"preprocessing": changed})
    np.savez(tmp_path / "m.npz", architecture=text, **model.weights)
    with pytest.raises(ValueError, match="holds no valid model"):
        mx.load(tmp_path / "m.npz")


@pytest.mark.parametrize("settings", [{"mean": (np.nan,)}, {"scale": np.inf}, {"scale": 0}, {"std": (1, 0, 1)}])
def test_preprocessing_refuses_what_cannot_be(settings):
    with pytest.raises(ValueError, match="finite numbers, scale and std above 0"):
        Preprocessing(**settings)


def test_preprocessing_refuses_other_channels():
    with pytest.raises(ValueError, match="3 numbers in mean does not fit images of 1 channels"):
        mx.Model([mx.layers.Flatten(), mx.layers.Dense(2)], (4, 4, 1), preprocessing=CAFFE)


# -- names --------------------------------------------------------------------------------------------


def test_the_names_are_kerass_own_file():
    names = imagenet_classes()
    assert len(names) == 1000
    assert {k: names[k] for k in (0, 141, 999)} == {0: "tench", 141: "redshank", 999: "toilet_tissue"}
    file = shipped("imagenet_class_index.json").read_bytes()
    assert hashlib.md5(file).hexdigest() == "c2c37ea517e94d9795004a39431a14cb"  # as keras/.../imagenet_utils.py has it


def test_load_tells_where_the_photo_networks_are():
    with pytest.raises(ValueError, match=r"do not come with minixai: mx.zoo.vgg16\(weights=FILE\)"):
        mx.load("vgg16")
    with pytest.raises(ValueError, match="did you mean 'vgg16'"):
        mx.load("vgg-16")

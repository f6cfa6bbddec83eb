"""EfficientNet-Lite0 as it is shipped: what its file holds, and that it sees what PyTorch's network sees."""

import hashlib
import json

import numpy as np
import pytest

import minixai as mx
from minixai import zoo
from minixai.files import read_arrays
from minixai.graph import Node
from minixai.layers import Conv2D, Dense
from minixai.methods.groups import block_groups
from minixai.zoo.imagenet import imagenet_classes

NAME = "efficientnet-lite0"
SHA256 = "f0148338098e01d58c9bb31cd821e915394b62e70a20bc52279399a4882dd5a6"
TORCH = {
    "cat": {285: 9.1660, 282: 8.8971, 281: 8.3463, 287: 6.7805, 728: 3.6960},
    "coffee": {967: 10.1123, 925: 7.1501, 968: 6.4106, 960: 5.2584, 504: 5.1948},
}
"""The five highest scores of PyTorch 2.13.0 for each photo: the publisher's network and weights, in float32."""


@pytest.fixture(scope="module")
def model() -> mx.Model:
    return mx.load(NAME)


@pytest.fixture(scope="module")
def photos(model) -> np.ndarray:
    return mx.read_images(list(TORCH), like=model)


def test_the_file_holds_the_described_network_in_float16():
    path = zoo.weights_file(NAME)
    assert path.stat().st_size < 9e6
    arrays = read_arrays(path)
    described = zoo.efficientnet_lite0()
    assert json.loads(str(arrays.pop("architecture"))) == json.loads(json.dumps(described.architecture))
    assert {name: w.shape for name, w in arrays.items()} == {name: w.shape for name, w in described.weights.items()}
    assert {w.dtype for w in arrays.values()} == {np.dtype(np.float16)}
    content = b"".join(name.encode() + arrays[name].tobytes() for name in sorted(arrays))
    assert hashlib.sha256(content).hexdigest() == SHA256


def test_it_is_loaded_as_float32_with_imagenet_s_classes(model):
    assert model.dtype == np.float32
    assert {w.dtype for w in model.weights.values()} == {np.dtype(np.float32)}
    assert model.classes == imagenet_classes()
    assert model.input_shape == (224, 224, 3)
    np.testing.assert_array_equal(model.preprocessing(Node([[[[0.0, 0.5, 1.0]]]])).value, [[[[-1, 0, 1]]]])


def test_it_sees_what_pytorch_sees(model, photos):
    """Each of the layers with weights adds a rounding to float16, at most 2⁻¹¹ of what it makes."""
    weighted = sum(isinstance(entry.layer, Conv2D | Dense) for entry in model.layers)
    for scores, theirs in zip(model.scores(photos), TORCH.values(), strict=True):
        highest = list(theirs)
        assert scores.argmax() == highest[0]
        tolerance = weighted * 2**-11 * theirs[highest[0]]
        np.testing.assert_allclose(scores[highest], list(theirs.values()), rtol=0, atol=tolerance)


@pytest.mark.slow
def test_deep_lift_adds_up_on_photos(model, photos):
    """In every layer each contribution is rounded, to ε of it."""
    for baseline in ("black", "blur"):
        result = mx.deep_lift(model, photos, baseline=baseline)
        bound = len(model.layers) * np.finfo(np.float32).eps * abs(result.values).sum(axis=(1, 2, 3))
        assert (abs(result.gap) <= bound).all()


def test_grad_cam_looks_at_the_last_maps_after_their_activation(model, photos):
    result = mx.grad_cam(model, photos)
    assert result.layer == "top_conv"
    assert result.values.shape == (2, 7, 7, 1)
    maps = mx.activations(model, photos).values
    assert (maps.min(), maps.max()) == (0, 6)  # ReLU6
    cup = result.values[1, ..., 0]
    assert cup[1:4, 2:5].sum() > cup[4:].sum()  # nine places on the coffee have more than the lower half


def test_a_gradient_of_the_network_is_the_slope(model, photos):
    """A central difference in float64, along a random direction, small enough to cross no kink."""
    wide = model.astype(np.float64)
    x = photos[:1].astype(np.float64)
    direction = np.random.default_rng(0).normal(size=x.shape)
    slope = (mx.gradient(wide, x, 285).values * direction).sum()
    step = 1e-9
    up, down = (wide.scores(x + sign * step * direction)[0, 285] for sign in (1, -1))
    # rounding of the scores, ε·10 each, over the step; the layers in between round too
    assert abs((up - down) / (2 * step) - slope) <= len(model.layers) * np.finfo(float).eps * 10 / step


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:integrated_gradients misses")
def test_every_method_explains_a_photo(model, photos):
    quick = {
        "expected_gradients": {"background": photos[1:], "samples": 5},
        "deep_shap": {"background": photos[1:]},
        "integrated_gradients": {"steps": 5},
        "smooth_grad": {"samples": 5},
        "shapley_values": {"players": block_groups(model.input_shape, 3), "permutations": 2},
        "feature_ablation": {"groups": block_groups(model.input_shape, 4)},
        "occlusion": {"window": 56, "stride": 56},
    }
    for name, method in mx.catalogue.items():
        result = method(model, photos[:1], **quick.get(name, {}))
        assert np.isfinite(result.values).all(), name
        assert np.ptp(result.values) > 0, name

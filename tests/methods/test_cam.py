"""Grad-CAM, HiResCAM and Guided Grad-CAM: the worked example, the head of CAM, and where maps are taken."""

import numpy as np
import pytest
from hypothesis import assume, given, settings

import minixai as mx
from minixai import Node, ops
from minixai.graph import history, replay
from minixai.layers import Activation, Add, BatchNorm, Conv2D, Dense, Flatten, GlobalAveragePool2D, MaxPool2D
from minixai.methods.grad_cam import resize_nearest
from minixai.methods.maps import default_layer
from minixai.model import Model
from tests.axioms.programs import cnns, generic, seeds

pytestmark = pytest.mark.filterwarnings("ignore:no op on the way rectifies")  # not every network has a ReLU

# (2, 2) twice -> (1, 2, 2, 2)
A = np.stack([[[1.0, 2.0], [0.0, 3.0]], [[2.0, 0.0], [1.0, 1.0]]], axis=-1)[None]
G = np.stack([[[1.0, -2.0], [3.0, -1.0]], [[1.0, 1.0], [-1.0, -3.0]]], axis=-1)[None]


def worked(x):
    """A function with the maps A and the slopes G for class 0, and −G for class 1."""
    maps = ops.relu(ops.convolution(x, np.eye(2)[None, None])).named("maps")
    return maps.flatten() @ np.stack([G.ravel(), -G.ravel()], axis=1)


def grid(result):
    return np.asarray(result)[0, ..., 0].tolist()


@pytest.fixture(scope="module")
def model():
    """A residual network with a shared convolution, smooth so that differences can be finite."""
    shared = Conv2D(3, 3, padding="same", activation="tanh")
    return Model(
        [
            ("conv1", Conv2D(3, 3, activation="softplus")),
            ("twice", shared),
            ("again", shared),
            ("sum", Add(), ["conv1", "again"]),
            MaxPool2D(2),
            Flatten(),
            ("hidden", Dense(6, activation="tanh")),
            ("scores", Dense(4)),
        ],
        (8, 8, 2),
        dtype=np.float64,
        seed=1,
    )


@pytest.fixture
def x():
    return np.random.default_rng(3).random((5, 8, 8, 2))


# -- the worked example -------------------------------------------------------------------------------


def test_grad_cam_of_the_worked_example():
    result = mx.grad_cam(worked, A, 0)
    assert grid(result) == [[0, 0.5], [0, 0.25]]
    assert grid(result.extras["signed"]) == [[-0.75, 0.5], [-0.5, 0.25]]
    assert result.extras["weights"].tolist() == [[0.25, -0.5]]
    assert grid(mx.grad_cam(worked, A, 0, relu=False)) == [[-0.75, 0.5], [-0.5, 0.25]]


def test_hires_cam_of_the_worked_example():
    result = mx.hires_cam(worked, A, 0)
    assert grid(result) == grid(result.extras["signed"]) == [[3, -4], [-1, -6]]
    assert grid(mx.hires_cam(worked, A, 0, relu=True)) == [[3, 0], [0, 0]]


def test_tf_explains_variant_of_the_worked_example():
    result = mx.grad_cam(worked, A, 0, variant="tf-explain")
    assert result.extras["weights"].tolist() == [[0.25, 0.25]]
    assert grid(result) == [[0.75, 0.5], [0.25, 1]]


def test_tf_explains_maps_speak_for_opposite_classes():
    """Class 1 is class 0 with the sign turned: its signed map is too, but tf-explain's speaks for both everywhere."""
    one, other = (mx.grad_cam(worked, A, k, variant="tf-explain").values for k in (0, 1))
    assert (one > 0).all()
    assert (other > 0).all()
    signed = [mx.grad_cam(worked, A, k).extras["signed"] for k in (0, 1)]
    np.testing.assert_array_equal(signed[0], -signed[1])
    assert signed[0][0, 0, 0, 0] == -one[0, 0, 0, 0] == -0.75


def test_tf_explains_weights_ask_for_positive_activations_and_positive_slopes():
    """And its map has no ReLU, where activations can be negative."""
    network = lambda x: (x.named("h") * G).sum()  # noqa: E731
    result = mx.grad_cam(network, A - 2, layer="h", variant="tf-explain")
    assert result.extras["weights"].tolist() == [[0, 0]]  # A − 2 > 0 at one entry, whose slope is −1
    result = mx.grad_cam(network, A - 1, layer="h", variant="tf-explain")
    assert result.extras["weights"].tolist() == [[0, 0.25]]
    assert grid(result) == [[0.25, -0.25], [0, 0]]


def test_a_map_without_a_positive_entry_is_zero():
    result = mx.grad_cam(lambda x: -ops.relu(ops.convolution(x, np.ones((1, 1, 2, 3)))).sum(), A)
    assert (result.extras["signed"] <= 0).all()
    assert not result.values.any()
    nothing = lambda x: ops.convolution(x, np.ones((1, 1, 2, 3))).sum() * 0 + 7.0  # noqa: E731
    for method in (mx.grad_cam, mx.hires_cam, mx.guided_grad_cam):
        assert not method(nothing, A).values.any()


# -- what the maps add up to --------------------------------------------------------------------------


@pytest.mark.parametrize("contrast", [False, True])
def test_under_global_average_pooling_grad_cam_is_cam(contrast):
    model, (images, labels) = mx.load("digits-gap").astype(np.float64), mx.datasets.digits("test")
    images, labels, others = images[:20], labels[:20], (labels[:20] + 1) % 10
    result = mx.grad_cam(model, images, labels, versus=others if contrast else None)
    kernel, bias = model.weights["scores/kernel"].T[labels], model.weights["scores/bias"][labels]
    if contrast:
        kernel, bias = kernel - model.weights["scores/kernel"].T[others], bias - model.weights["scores/bias"][others]
    assert result.layer == "conv4"
    maps = mx.activations(model, images).values
    cam = (maps * kernel[:, None, None]).sum(axis=-1, keepdims=True)  # Zhou et al. 2016, eq. 2
    size = abs(maps * kernel[:, None, None]).sum(axis=(1, 2, 3)).max()
    bound = size * np.finfo(float).eps * (maps[0].size + 10)
    signed = result.extras["signed"]
    assert abs(49 * signed - cam).max() <= bound
    assert abs(signed.sum(axis=(1, 2, 3)) - (result.score - bias)).max() <= bound
    assert abs(signed - mx.hires_cam(model, images, labels, versus=others if contrast else None).values).max() <= bound


@given(cnns(), seeds)
@settings(max_examples=30)
def test_on_random_networks(network, seed):
    """HiResCAM is activation · gradient; Grad-CAM has the mean slopes; contrasts are differences; rows stay apart."""
    x = generic(network, 3, seed)
    assume(any(isinstance(node.op, ops.Convolution) for node in history(network(Node(x)))))

    def named(x):
        scores = network(x)
        default_layer(x, scores).named("here")
        return scores

    grad, hires = mx.grad_cam(named, x, 0, versus=[1, 2, 0]), mx.hires_cam(named, x, 0, versus=[1, 2, 0])
    slopes = mx.gradient(named, x, 0, versus=[1, 2, 0], layer="here").values
    product = mx.input_x_gradient(named, x, 0, versus=[1, 2, 0], layer="here").values
    assert grad.layer == hires.layer == "here"
    close = {"rtol": 1e-9, "atol": 1e-11 * (1 + abs(product).max())}
    np.testing.assert_allclose(hires.values, product.sum(axis=-1, keepdims=True), **close)
    np.testing.assert_allclose(grad.extras["weights"], slopes.mean(axis=(1, 2)), **close)
    for method, contrast in ((mx.grad_cam, grad), (mx.hires_cam, hires)):
        apart = method(named, x, 0).extras["signed"] - method(named, x, [1, 2, 0]).extras["signed"]
        np.testing.assert_allclose(contrast.extras["signed"], apart, **close)
        alone = method(named, x[1:2], 0, versus=2).extras["signed"]
        np.testing.assert_allclose(contrast.extras["signed"][1:2], alone, **close)
    np.testing.assert_array_equal(grad.values, np.maximum(grad.extras["signed"], 0))


@pytest.mark.filterwarnings("ignore:grad_cam looks at layer '(twice|again)', but other paths")
@pytest.mark.parametrize("layer", ["conv1", "twice", "again", "sum", 1])
def test_weights_are_what_a_shift_of_the_whole_map_does(model, x, layer):
    """H·W·α_k = d f(A + t·1_k)/dt, whether the layer is shared, or feeds several others."""
    result = mx.grad_cam(model, x, 2, layer=layer)
    node = Node(x)
    scores = model(node)
    place = next(n for n in history(scores) if n.name == result.layer)
    h, w, filters = place.shape[1:]
    moved = [[replay(scores, {place: place.value + t * np.eye(filters)[k]}).value[:, 2] for t in (-1e-5, 1e-5)]
             for k in range(filters)]  # fmt: skip
    slopes = np.array([(up - down) / 2e-5 for down, up in moved]).T
    np.testing.assert_allclose(result.extras["weights"] * h * w, slopes, rtol=1e-6, atol=1e-8)


# -- sizes --------------------------------------------------------------------------------------------


def linear(x):
    """A map of its own input, of slope 1."""
    return ops.convolution(x, [[[[1.0]]]]).sum((1, 2))


def test_resize_is_bilinear_at_half_pixel_centres():
    coarse = lambda x: ops.convolution(ops.average_pool(x, 2), [[[[1.0]]]]).sum((1, 2))  # noqa: E731
    x = np.kron([[0.0, 1.0], [2.0, 3.0]], np.ones((2, 2)))[None, ..., None]
    assert grid(mx.grad_cam(coarse, x)) == [[0, 1], [2, 3]]
    for method in (mx.grad_cam, mx.hires_cam):
        resized = method(coarse, x, resize=True)
        assert grid(resized)[:2] == [[0, 0.25, 0.75, 1], [0.5, 0.75, 1.25, 1.5]]
        assert resized.extras["signed"].shape == (1, 2, 2, 1)


def test_the_relu_comes_before_resizing():
    coarse = lambda x: ops.convolution(ops.average_pool(x, (1, 2)), [[[[1.0]]]]).sum((1, 2))  # noqa: E731
    x = np.array([-1.0, -1.0, 1.0, 1.0]).reshape(1, 1, 4, 1)
    assert grid(mx.grad_cam(coarse, x, resize=True)) == [[0, 0.25, 0.75, 1]]
    assert grid(mx.hires_cam(coarse, x, relu=True, resize=True)) == [[0, 0.25, 0.75, 1]]


def test_nearest_is_where_a_pixel_starts():
    """⌊i·h/H⌋, torch's interpolate(mode="nearest")."""
    maps = np.arange(6.0).reshape(1, 3, 2, 1)
    assert resize_nearest(maps, (7, 3))[0, :, :, 0].tolist() == [
        [2 * i + j for j in (0, 0, 1)] for i in (0, 0, 0, 1, 1, 2, 2)
    ]


# -- Guided Grad-CAM ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("layer", "versus"), [(None, None), ("conv1", 3), ("pool2", None)])
def test_guided_grad_cam_is_the_product(layer, versus):
    """Of guided backprop to the pixels, and of Grad-CAM, whose slopes are not guided by the ReLUs above it."""
    model, x = mx.load("digits").astype(np.float64), mx.datasets.digits("test")[0][:4]
    asked = {"target": 1, "versus": versus}
    guided = mx.guided_backprop(model, x, **asked).values
    cam, large = (mx.grad_cam(model, x, **asked, layer=layer, resize=resize) for resize in (False, True))
    for upsampling, stretched in (("bilinear", large.values), ("nearest", resize_nearest(cam.values, (28, 28)))):
        found = mx.guided_grad_cam(model, x, **asked, layer=layer, upsampling=upsampling, batch=3)
        np.testing.assert_allclose(found.values, guided * stretched, rtol=1e-9, atol=1e-14)
        assert found.layer == cam.layer


@pytest.mark.filterwarnings("ignore:guided_grad_cam looks at layer, but other paths")
def test_guided_at_every_functional_relu():
    """relu(x) − relu(−x) is x, but guided backprop lets through only what is positive both ways."""

    def network(x):
        both = ops.relu(x) - ops.relu(-x)
        return ops.relu(ops.convolution(both, [[[[1.0]]]])).sum((1, 2))

    x = np.array([3.0, -2.0]).reshape(1, 1, 2, 1)
    assert mx.gradient(network, x).values.ravel().tolist() == [1, 0]
    assert mx.guided_backprop(network, x + 4).values.ravel().tolist() == [1, 1]
    # the cam is (3, 0), of α = 1
    assert mx.guided_grad_cam(network, x).values.ravel().tolist() == [3, 0]
    opposed = lambda x: network(x) - 0.25 * ops.relu(x).sum((1, 2))  # noqa: E731
    assert mx.guided_grad_cam(opposed, x, layer=None).values.ravel().tolist() == [3, 0]  # −0.25 does not come through


# -- which layer --------------------------------------------------------------------------------------


KERNEL = np.ones((1, 1, 2, 2))


def convolved(x, name):
    return ops.convolution(x, KERNEL).named(name)


def aside(h):
    """A branch that is deeper than what both read, and pooled before they join."""
    return h.sum((1, 2)) + convolved(convolved(h, "deep"), "deeper").sum((1, 2))


@pytest.mark.parametrize(
    ("network", "place"),
    [
        (lambda x: ops.relu(convolved(x, "conv")).named("relu").sum(), "relu"),
        (lambda x: ops.gelu(convolved(x, "conv")).named("gelu").sum(), "gelu"),
        (lambda x: convolved(x, "conv").sum(), "conv"),
        (lambda x: (convolved(x, "conv") * 2.0).named("scaled").sum(), "scaled"),
        (lambda x: ops.relu(convolved(x, "conv") * 2.0 + 1.0).named("relu").sum(), "relu"),
        (lambda x: ops.max_pool(ops.relu(convolved(x, "conv")).named("relu"), 2, padding="same").sum(), "relu"),
        (lambda x: (lambda c: (ops.relu(c) + c).named("sum").sum())(convolved(x, "conv")), "sum"),
        (lambda x: aside(ops.relu(convolved(x, "conv")).named("main")), "main"),
        (lambda x: ops.concatenate([convolved(x, "a"), convolved(x, "b")]).named("both").sum(), "both"),
        (lambda x: convolved(ops.relu(convolved(x, "early")).named("relu"), "late").sum(), "late"),
        (lambda x: (convolved(convolved(x, "main"), "deep") + convolved(x, "short cut")).named("sum").sum(), "sum"),
        (lambda x: (lambda c, unused: c.sum())(convolved(x, "conv"), convolved(convolved(x, "a"), "b")), "conv"),
    ],
)
def test_by_default_the_last_with_places_on_all_paths(network, place):
    for method in (mx.grad_cam, mx.hires_cam, mx.guided_grad_cam, mx.activations):
        assert method(network, A).layer == place
    np.testing.assert_array_equal(mx.grad_cam(network, A).values, mx.grad_cam(network, A, layer=place).values)


def test_by_default_the_last_convolution_of_a_model(model, x):
    assert mx.grad_cam(model, x).layer == "sum"
    layers = [Conv2D(2, 3), Activation("relu"), GlobalAveragePool2D(), Dense(2)]
    assert mx.grad_cam(Model(layers, (8, 8, 2)), x).layer == "activation1"
    layers = [Conv2D(2, 3), BatchNorm(), Activation("relu"), GlobalAveragePool2D(), Dense(2)]
    assert mx.grad_cam(Model(layers, (8, 8, 2)), x).layer == "activation1"


def excited(x):
    """A squeeze-and-excitation block, whose convolutions have one place, and the head of a MobileNet."""
    h = ops.relu(convolved(x, "conv")).named("features")
    gate = ops.sigmoid(convolved(ops.mean(h, (1, 2), keepdims=True), "squeeze"))
    head = convolved(ops.mean((h * gate).named("excited"), (1, 2), keepdims=True), "head")
    return ops.relu(head).named("after head").flatten()


def test_what_other_paths_lead_round_and_what_has_one_place_is_told():
    assert mx.grad_cam(excited, A).layer == "excited"
    for method in (mx.grad_cam, mx.hires_cam, mx.guided_grad_cam):
        with pytest.warns(UserWarning, match=f"{method.__name__} looks at layer 'head', which has one place"):
            method(excited, A, layer="head")
        with pytest.warns(UserWarning, match=f"{method.__name__} looks at layer 'conv', but other paths lead round it"):
            method(lambda x: convolved(x, "conv").sum((1, 2)) + x.sum((1, 2)), A, layer="conv")


def test_where_no_layer_is_on_all_paths():
    """Two branches that are pooled before they join."""
    with pytest.warns(UserWarning, match="looks at layer 'relu', but other paths lead round it"):
        apart = mx.grad_cam(
            lambda x: convolved(x, "a").sum((1, 2)) + ops.relu(convolved(2 * x, "b")).named("relu").sum((1, 2)), A
        )
    assert apart.layer == "relu"
    with pytest.raises(ValueError, match="any convolution with more than one place"):
        mx.grad_cam(lambda x: convolved(ops.mean(x, (1, 2), keepdims=True), "c").flatten(), A)


def test_a_convolution_without_a_name_is_found_all_the_same():
    result = mx.grad_cam(linear, np.ones((1, 2, 2, 1)))
    assert result.layer is None
    assert grid(result) == [[1, 1], [1, 1]]


def test_float32_stays(model, x):
    single = model.astype(np.float32)
    for variant in ("paper", "tf-explain"):
        for resize in (False, True):
            result = mx.grad_cam(single, x, variant=variant, resize=resize)
            assert {result.values.dtype, *(found.dtype for found in result.extras.values())} == {np.dtype(np.float32)}
    for upsampling in ("bilinear", "nearest"):
        assert mx.guided_grad_cam(single, x, upsampling=upsampling).values.dtype == np.float32
    assert mx.hires_cam(single, x, resize=True).values.dtype == np.float32


def test_batches_change_nothing_beyond_rounding_in_extras(model, x):
    whole, pieces = mx.grad_cam(model, x), mx.grad_cam(model, x, batch=2)
    for name in ("signed", "weights"):
        np.testing.assert_allclose(pieces.extras[name], whole.extras[name], rtol=1e-12, atol=1e-14)


def test_cost_and_certificate(model, x):
    assert mx.grad_cam(model, x, batch=2).cost == mx.hires_cam(model, x).cost == (5, 5)
    assert mx.guided_grad_cam(model, x, batch=2).cost == (5, 10)
    result = mx.grad_cam(model, x, relu=False)
    assert result.gap is None
    assert result.parameters == {"relu": False, "resize": False, "variant": "paper"}
    assert "at layer sum" in str(result)


@pytest.mark.parametrize(
    ("method", "options", "words"),
    [
        (mx.grad_cam, {"layer": "hidden"}, r"grad_cam adds up maps .* layer 'hidden' has the shape \(5, 6\)"),
        (mx.hires_cam, {"layer": "hidden"}, "hires_cam adds up maps"),
        (mx.guided_grad_cam, {"layer": "hidden"}, "guided_grad_cam adds up maps"),
        (mx.grad_cam, {"layer": "convv1"}, "unknown layer 'convv1', did you mean 'conv1'"),
        (mx.grad_cam, {"variant": "guided"}, "unknown variant 'guided'"),
        (mx.guided_grad_cam, {"upsampling": "bicubic"}, "unknown upsampling 'bicubic'"),
    ],
)
def test_what_cannot_be(model, x, method, options, words):
    with pytest.raises(ValueError, match=words) as caught:
        method(model, x, **options)
    assert "\n" not in str(caught.value)


def test_without_a_convolution_or_without_images():
    vectors = np.ones((2, 4))
    dense = lambda x: x.reshape(2, 2, 1).named("places").sum()  # noqa: E731
    for method in (mx.grad_cam, mx.hires_cam):
        with pytest.raises(ValueError, match="not made of any convolution.*choose a layer"):
            method(dense, vectors)
        assert method(dense, vectors, layer="places").values.shape == (2, 2, 2, 1)
        with pytest.raises(ValueError, match=r"takes images \(N, H, W, C\), got \(2, 4\)"):
            method(dense, vectors, layer="places", resize=True)
    with pytest.raises(ValueError, match=r"guided_grad_cam takes images \(N, H, W, C\), got \(2, 4\)"):
        mx.guided_grad_cam(dense, vectors, layer="places")

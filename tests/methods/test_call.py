"""What is common to all methods: the question, its checks, batches, layers, contrasts."""

import re

import numpy as np
import pytest

import minixai as mx
from minixai import Node, ops, toys
from minixai.layers import Add, Conv2D, Dense, Flatten, MaxPool2D
from minixai.methods.call import Call
from minixai.methods.runs import walk
from minixai.model import Model
from minixai.preprocessing import UNIT
from minixai.rules import GRADIENT
from tests.methods.everything import IMAGES, METHODS, ask, takes

pytestmark = pytest.mark.filterwarnings("ignore:no op on the way rectifies")  # not every network has a ReLU

by_method = pytest.mark.parametrize("method", METHODS, ids=[m.name for m in METHODS])


def conv_model(**more):
    return Model(
        [Conv2D(4, 3, activation="relu"), MaxPool2D(3, 2), Flatten(), Dense(8, activation="softplus"), Dense(5)],
        (9, 9, 2),
        dtype=np.float64,
        seed=3,
        **more,
    )


@pytest.fixture(scope="module")
def model():
    return conv_model()


@pytest.fixture
def x():
    return np.random.default_rng(5).random((6, 9, 9, 2))


@by_method
def test_batches_change_nothing_beyond_rounding(method, model, x):
    whole, pieces = ask(method, model, x), ask(method, model, x, batch=4)
    np.testing.assert_allclose(pieces.values, whole.values, rtol=1e-12, atol=1e-14)
    np.testing.assert_array_equal(pieces.target, whole.target)


@by_method
def test_a_row_does_not_see_its_batch_mates(method, model, x):
    np.testing.assert_allclose(
        ask(method, model, x[2:3]).values, ask(method, model, x).values[2:3], rtol=1e-12, atol=1e-14
    )


@by_method
def test_the_same_call_gives_the_same_bits_and_leaves_x_alone(method, model, x):
    kept = x.copy()
    first, second = ask(method, model, x), ask(method, model, x)
    np.testing.assert_array_equal(first.values, second.values)
    np.testing.assert_array_equal(x, kept)
    assert x.flags.writeable


NOT_LINEAR = ("guided_backprop", "deconvnet", "grad_cam", "guided_grad_cam", "activations")
"""A ReLU on the way back, or on the map, does not let sums through."""


@by_method
def test_a_contrast_of_a_linear_method_is_the_difference(method, model, x):
    contrast, one, other = ask(method, model, x, 1, versus=3), ask(method, model, x, 1), ask(method, model, x, 3)
    np.testing.assert_allclose(contrast.score, one.score - other.score)
    linear = np.allclose(contrast.values, one.values - other.values, rtol=1e-9, atol=1e-12)
    assert linear is (method.name not in NOT_LINEAR)


@by_method
def test_targets_per_row(method, model, x):
    targets = np.array([0, 1, 2, 3, 4, 0])
    each = ask(method, model, x, targets, versus=targets[::-1])
    for i, (t, v) in enumerate(zip(targets, targets[::-1], strict=True)):
        np.testing.assert_allclose(each.values[i], ask(method, model, x, t, versus=v).values[i], rtol=1e-12, atol=1e-14)


@by_method
def test_by_default_the_predicted_class(method, model, x):
    result = ask(method, model, x)
    np.testing.assert_array_equal(result.target, model.predict(x))
    np.testing.assert_allclose(result.score, model.scores(x).max(axis=1))


@by_method
def test_probability(method, model, x):
    result = ask(method, model, x, 2, output="probability")
    np.testing.assert_allclose(result.score, model.probabilities(x)[:, 2], rtol=1e-12)
    assert result.output == "probability"


def test_the_gradient_of_a_probability(model, x):
    p = model.probabilities(x)
    logits = np.stack([mx.gradient(model, x, k).values for k in range(5)], axis=-1)
    expected = p[:, 2, None, None, None] * (logits[..., 2] - np.einsum("nhwck,nk->nhwc", logits, p))
    np.testing.assert_allclose(mx.gradient(model, x, 2, output="probability").values, expected, rtol=1e-9, atol=1e-14)


def test_a_single_score_has_the_sigmoid_as_probability():
    result = mx.gradient(toys.product, [[2.0, 3.0]], output="probability")
    p = 1 / (1 + np.exp(-6.0))
    np.testing.assert_allclose(result.values, [[3 * p * (1 - p), 2 * p * (1 - p)]])


def test_a_single_column_of_scores_has_the_sigmoid_too():
    network = lambda x: x[:, :1] * x[:, 1:2]  # noqa: E731
    one = mx.gradient(toys.product, [[2.0, 3.0]], output="probability")
    np.testing.assert_allclose(mx.gradient(network, [[2.0, 3.0]], output="probability").values, one.values)


@by_method
def test_constant_networks_and_images_at_their_baseline_are_ordinary(method):
    if method.name in ("grad_cam", "hires_cam", "guided_grad_cam", "activations"):
        pytest.skip("needs a convolution")
    x = np.zeros((2, 4, 4, 1) if method.name in IMAGES else (2, 3))
    more = {"players": None} if takes(method, "players") else {}
    assert not np.any(ask(method, lambda x: x.sum() * 0 + 7.0, x, **more).values)


@by_method
def test_float32_stays(method, model, x):
    result = ask(method, model.astype(np.float32), x)
    assert result.values.dtype == np.float32
    if method.name not in IMAGES:
        assert ask(method, toys.saturation, np.ones((1, 2), np.float32)).values.dtype == np.float32
        assert ask(method, toys.saturation, [[1, 1]]).values.dtype == np.float64


def test_uint8_images_are_divided_by_255(model):
    x = np.random.default_rng(0).integers(0, 256, (2, 9, 9, 2), np.uint8)
    np.testing.assert_allclose(mx.gradient(model, x).values, mx.gradient(model, x / 255).values)


def test_integers_are_plain_numbers_for_a_function_of_nodes():
    assert mx.gradient(toys.add_multiply, np.array([[300, 100, 200]])).values.tolist() == [[300, 700, 400]]


# -- layers -----------------------------------------------------------------------------------------


@by_method
def test_at_a_layer(method, model, x):
    if not takes(method, "layer"):
        pytest.skip("explains the input alone")
    more = {"players": np.arange(36).reshape(3, 3, 4) // 12} if takes(method, "players") else {}
    result = ask(method, model, x, 1, layer="pool1", **more)
    places = {"grad_cam": (3, 3, 1), "hires_cam": (3, 3, 1), "guided_grad_cam": (9, 9, 2)}
    assert result.values.shape == (6, *places.get(method.name, (3, 3, 4)))
    assert result.layer == "pool1"


def test_contributions_of_every_layer_add_up(model, x):
    for layer in model.layers:
        result = mx.deep_lift(model, x, 1, layer=layer.name, baseline="blur")
        assert result.values.shape[1:] == layer.shape
        assert abs(result.gap).max() < 1e-12


def test_no_gap_where_a_path_goes_round_the_layer(x):
    model = Model(
        [("a", Conv2D(2, 3, padding="same", activation="relu")), ("b", Add(), ["input", "a"]), Flatten(), Dense(2)],
        (9, 9, 2),
        dtype=np.float64,
    )
    assert mx.deep_lift(model, x, 0, layer="a").gap is None
    assert abs(mx.deep_lift(model, x, 0, layer="b").gap).max() < 1e-12


def test_layers_of_a_function_are_its_named_nodes():
    network = lambda x: ops.relu(x[:, 0] - 1).named("h") * 3  # noqa: E731
    assert mx.gradient(network, [[4.0, 0.0]], layer="h").values.tolist() == [3]
    with pytest.raises(ValueError, match="unknown layer 'hh', did you mean 'h'"):
        mx.gradient(network, [[4.0, 0.0]], layer="hh")


def test_names_inside_a_layer_are_kept():
    model = Model(lambda x: (x * 2).named("inside"), (3,), dtype=np.float64)
    for layer in ("inside", model.layers[-1].name):
        assert mx.gradient(model, np.ones((1, 3)), 1, layer=layer).values.tolist() == [[0, 1, 0]]


INFINITE = [
    (lambda x: ops.log(x[:, 0]), {"baseline": 0.0}, "not all finite"),
    (lambda x: 1 / x[:, 0], {"baseline": 0.0}, "not all finite"),
    (lambda x: ops.exp(x[:, 0]), {"baseline": 1e38}, "not all finite"),
]


@pytest.mark.parametrize(("network", "options", "words"), INFINITE)
def test_infinity_is_never_an_answer(network, options, words):
    for method in (mx.deep_lift, mx.integrated_gradients, mx.feature_ablation, mx.shapley_values):
        with pytest.raises(ValueError, match=words):
            method(network, [[1.0]], **options)


def test_slopes_that_are_not_finite_are_told():
    for network, x in (
        (lambda x: ops.sqrt(x[:, 0]), 0.0),
        (lambda x: 1 / (1 + ops.exp(-x[:, 0])), -800.0),
    ):
        with pytest.raises(ValueError, match="the values of gradient is not finite for input 0: look for"):
            mx.gradient(network, [[x]])


def test_two_nodes_of_one_name_are_refused():
    with pytest.raises(ValueError, match="2 nodes are named 'h'"):
        mx.gradient(lambda x: (x[:, :1].named("h") * 2).named("h"), [[4.0, 0.0]], layer="h")


# -- what bad input gets ----------------------------------------------------------------------------

X = np.zeros((2, 9, 9, 2))
BAD = [
    ({"x": np.zeros((2, 2, 9, 9))}, ValueError, "looks channels-first; minixai takes"),
    ({"x": np.zeros((9, 9, 2))}, ValueError, r"one image; give it its row, x\[None\]"),
    ({"x": np.zeros((2, 8, 8, 2))}, ValueError, "takes .N, 9, 9, 2."),
    ({"x": np.full((2, 9, 9, 2), np.nan)}, ValueError, "holds nan at"),
    ({"x": np.full((2, 9, 9, 2), np.inf)}, ValueError, "holds inf at"),
    ({"x": np.full((2, 9, 9, 2), 300)}, TypeError, "holds int64 from 300 to 300"),
    ({"x": np.zeros((0, 9, 9, 2))}, ValueError, "x is empty"),
    ({"x": "a.png"}, TypeError, "not real numbers"),
    ({"x": [[1.0], [1.0, 2.0]]}, ValueError, "ragged"),
    ({"target": 5}, ValueError, "no class 5: this model has 5, numbered 0 to 4"),
    ({"target": -1}, ValueError, "no class -1"),
    ({"target": 1.0}, ValueError, "target is a class number"),
    ({"target": True}, ValueError, "target is a class number"),
    ({"target": [0, 1, 2]}, ValueError, "one for each of the 2 inputs"),
    ({"target": [0, 9]}, ValueError, "no class 9"),
    ({"target": "curlew"}, ValueError, "this model has no class 'curlew': give a number from 0 to 4"),
    ({"versus": 7}, ValueError, "no class 7"),
    ({"versus": (1, 2, 3)}, ValueError, "versus is a class number"),
    ({"output": "logit"}, ValueError, "unknown output 'logit'"),
    ({"layer": "conv9"}, ValueError, "unknown layer 'conv9', did you mean 'conv1'"),
    ({"baseline": [[1.0], [1.0, 2.0]]}, ValueError, "baseline is ragged, its rows differ in shape: make them alike"),
    ({"batch": 0}, ValueError, "batch is a number of rows, at least 1, got 0"),
    ({"batch": 2.5}, ValueError, "batch is a number of rows"),
    ({"model": "digits"}, TypeError, "give a Model, or a function of a node"),
    ({"model": lambda x: x.value.sum()}, TypeError, "must return a node"),
    ({"model": lambda x: x}, ValueError, "must be .N, K."),
    ({"model": lambda x: ops.log(x.sum())}, ValueError, "not all finite"),
]


NEEDED = {
    "expected_gradients": {"background": X, "samples": 3},
    "deep_shap": {"background": X},
    "activations": {"layer": "conv1"},
}


@by_method
@pytest.mark.parametrize(("change", "error", "words"), BAD)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_one_clear_sentence(method, model, change, error, words):
    if not all(option in ("model", "x") or takes(method, option) for option in change):
        pytest.skip("takes no such option")
    if callable(change.get("model")) and method.name in IMAGES:
        pytest.skip("needs a convolution first")
    asked = {"model": model, "x": X, "target": 0, **NEEDED.get(method.name, {})} | change
    with pytest.raises(error, match=words) as caught:
        method(asked.pop("model"), asked.pop("x"), asked.pop("target"), **asked)
    assert "\n" not in str(caught.value)


def test_a_function_takes_rows_first():
    with pytest.raises(ValueError, match=r"rows come first, .N, ....: give x\[None\]"):
        mx.gradient(toys.saturation, [1.0, 1.0])


def test_versus_needs_classes():
    with pytest.raises(ValueError, match="no class 1: this model has 1"):
        mx.gradient(toys.saturation, [[1.0, 1.0]], versus=1)


def test_the_catalogue_is_made_from_the_functions():
    for name, entry in mx.catalogue.items():
        assert getattr(mx, name) is entry.function
        assert name in str(mx.catalogue)
        assert entry.function.__doc__
    with pytest.raises(ValueError, match="unknown method 'gradients', did you mean 'gradient'"):
        mx.catalogue["gradients"]
    assert "gradients" not in mx.catalogue


@pytest.mark.parametrize("layer", [None, "conv1"])
def test_without_a_baseline_nothing_moved(layer):
    """The reference is the value itself, and in every batch."""
    model = mx.load("digits")
    images = mx.datasets.digits("test")[0][:3]
    found, _ = walk(Call(model, images, 0, None, "score", layer, 2), GRADIENT)
    np.testing.assert_array_equal(found.reference, found.value)
    assert not found.delta.any()
    moved, _ = walk(Call(model, images, 0, None, "score", layer, 2), GRADIENT, images[::-1])
    assert moved.delta.any()
    assert moved.delta.shape == moved.value.shape == found.value.shape


@pytest.mark.parametrize("baseline", ["mean", "blur"])
def test_the_layout_in_memory_changes_no_bit(baseline):
    model, x = mx.load("shorebirds"), mx.datasets.shorebirds(2, seed=0)[0]
    for layout in (
        np.asfortranarray(x),
        np.moveaxis(np.moveaxis(x, -1, 1).copy(), 1, -1),
        x[:, :, ::-1].copy()[:, :, ::-1],
    ):
        other, ours = (mx.deep_lift(model, each, 0, baseline=baseline).values for each in (layout, x))
        np.testing.assert_array_equal(other, ours)
    np.testing.assert_array_equal(mx.gradient(model, np.asfortranarray(x), 0).values, mx.gradient(model, x, 0).values)


def test_the_layout_of_a_reference_changes_no_bit():
    rng = np.random.default_rng(0)
    x, reference = rng.random((2, 2, 9, 9, 3), dtype=np.float32)
    net = lambda h: ops.max_pool(ops.convolution(h, np.ones((3, 3, 3, 4), np.float32))).sum()  # noqa: E731
    one = mx.deep_lift(net, x, baseline=reference)
    other = mx.deep_lift(net, np.asfortranarray(x), baseline=np.asfortranarray(reference))
    np.testing.assert_array_equal(one.values, other.values)


# -- numbers beside bytes -----------------------------------------------------------------------------

BYTES = np.random.default_rng(5).integers(0, 256, (2, 9, 9, 2), np.uint8)
QUARTERS = 2 * (np.arange(9)[:, None, None] // 5) + np.arange(9)[:, None] // 5


@pytest.mark.parametrize(
    ("method", "beside_bytes", "beside_floats"),
    [
        (mx.deep_lift, {"baseline": 128}, {"baseline": 128 / 255}),
        (mx.integrated_gradients, {"baseline": 128.0, "steps": 3}, {"baseline": 128 / 255, "steps": 3}),
        (mx.occlusion, {"baseline": 128, "window": 3}, {"baseline": 128 / 255, "window": 3}),
        (
            mx.feature_ablation,
            {"values": [0, 128, 255], "groups": QUARTERS},
            {"values": [0, 128 / 255, 1], "groups": QUARTERS},
        ),
        (mx.shapley_values, {"baseline": 255, "players": QUARTERS}, {"baseline": 1.0, "players": QUARTERS}),
        (mx.smooth_grad, {"sigma": 20, "samples": 3}, {"sigma": 20 / 255, "samples": 3}),
        (
            mx.smooth_grad,
            {"samples": 3, "method": mx.deep_lift, "baseline": 128},
            {"samples": 3, "method": mx.deep_lift, "baseline": 128 / 255},
        ),
        (
            mx.smooth_grad,
            {"samples": 2, "method": mx.feature_ablation, "values": [255], "groups": QUARTERS},
            {"samples": 2, "method": mx.feature_ablation, "values": [1.0], "groups": QUARTERS},
        ),
        (
            mx.expected_gradients,
            {"background": BYTES[::-1], "local_smoothing": 20, "samples": 3},
            {"background": BYTES[::-1] / 255, "local_smoothing": 20 / 255, "samples": 3},
        ),
    ],
)
def test_numbers_beside_bytes_are_bytes(method, beside_bytes, beside_floats):
    model = conv_model()
    ours = method(model, BYTES, 0, **beside_bytes)
    np.testing.assert_allclose(ours, method(model, BYTES / 255, 0, **beside_floats).values, rtol=1e-10, atol=1e-12)
    if method is not mx.smooth_grad:
        return
    told = beside_bytes.get("sigma")
    assert ours.parameters["sigma"] == told


def test_the_explainers_smoothing_beside_bytes():
    model = conv_model()
    ours, theirs = (
        mx.GradientExplainer(model, BYTES[::-1], local_smoothing=sigma).shap_values(x, nsamples=3)
        for x, sigma in ((BYTES, 20), (BYTES / 255, 20 / 255))
    )
    np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12)


def test_bytes_of_a_function_are_plain_numbers_and_bytes_beside_floats_are_told():
    f = lambda x: (x * x).sum()  # noqa: E731
    np.testing.assert_array_equal(mx.deep_lift(f, BYTES, baseline=128).baseline, np.full((1, 9, 9, 2), 128.0))
    model = conv_model()
    model.preprocessing = UNIT
    with pytest.raises(
        ValueError, match="baseline holds floats from 128 to 128, but this model takes pixels of 0 to 1"
    ):
        mx.deep_lift(model, BYTES / 255, 0, baseline=128)


# -- the end of a function ----------------------------------------------------------------------------


@pytest.mark.parametrize("end", [ops.softmax, ops.sigmoid, lambda z: ops.softmax(z).reshape(3)])
def test_a_function_that_ends_with_probabilities_gets_no_others(end):
    w = np.random.default_rng(0).normal(size=(4, 3))
    x = np.random.default_rng(1).normal(size=(2, 4))
    network = lambda node: end(node @ w)  # noqa: E731
    result = mx.deep_lift(network, x, 1, output="probability")
    np.testing.assert_array_equal(result.score, network(Node(x)).value[:, 1])
    np.testing.assert_array_equal(result.values, mx.deep_lift(network, x, 1).values)


# -- classes by name ----------------------------------------------------------------------------------


def test_classes_by_name_one_for_all_or_one_for_each():
    model, x = conv_model(classes=["ant", "bee", "cat", "dog", "emu"]), BYTES / 255
    for method in (mx.gradient, mx.deep_lift, mx.occlusion, mx.grad_cam, mx.smooth_grad):
        named, numbered = method(model, x, "cat", versus="ant"), method(model, x, 2, versus=0)
        np.testing.assert_array_equal(named.values, numbered.values)
        each = method(model, x, ["dog", "bee"], versus=np.array(["ant", "emu"]))
        np.testing.assert_array_equal(each.values, method(model, x, [3, 1], versus=[0, 4]).values)
        assert each.target.tolist() == [3, 1]
    with pytest.raises(ValueError, match="a function of nodes has no class names: give a class number"):
        mx.gradient(toys.saturation, [[1.0, 1.0]], "cat")


# -- other libraries' words ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "option", "words"),
    [
        (mx.integrated_gradients, "baselines", "takes no baselines=: did you mean baseline="),
        (mx.integrated_gradients, "n_steps", "did you mean steps="),
        (mx.occlusion, "sliding_window_shapes", "did you mean window="),
        (mx.occlusion, "strides", "did you mean stride="),
        (mx.feature_ablation, "feature_mask", "did you mean groups="),
        (mx.shapley_values, "feature_mask", "did you mean players="),
        (mx.shapley_values, "n_samples", "did you mean permutations="),
        (mx.deep_shap, "baselines", "did you mean background="),
        (mx.smooth_grad, "nt_samples", "did you mean samples="),
        (mx.smooth_grad, "stdevs", "did you mean sigma="),
        (mx.gradient, "additional_forward_args", "takes one input here: wrap it, lambda x: network"),
        (mx.deep_lift, "return_convergence_delta", "the certificate has it: result.gap"),
        (mx.grad_cam, "class_index", "did you mean target="),
        (mx.grad_cam, "target_layer", "did you mean layer="),
        (mx.grad_cam, "target_layers", "did you mean layer="),
        (mx.occlusion, "size", "did you mean window="),
        (mx.occlusion, "fill_value", "did you mean baseline="),
        (mx.gradient, "label", "did you mean target="),
        (mx.lrp, "epsilonn", "did you mean epsilon="),
        (mx.gradient, "zzz", "it takes model, x, target"),
    ],
)
def test_other_libraries_words(method, option, words):
    with pytest.raises(TypeError, match=re.escape(words)) as caught:
        method(conv_model(), BYTES / 255, 0, **{option: 1})
    assert "\n" not in str(caught.value)


def test_a_tuple_of_batches_is_no_input():
    for x in ((np.ones((2, 3)), np.ones((2, 3))), (np.ones((2, 3)),)):
        with pytest.raises(ValueError, match="minixai takes one input"):
            mx.gradient(lambda x: x.sum(), x)
    assert mx.gradient(lambda x: x.sum(), ((1.0, 2.0), (3.0, 4.0))).shape == (2, 2)


def test_blur_of_a_side_of_one_pixel_is_refused():
    with pytest.raises(ValueError, match="images of 1 × 40 pixels blurred .* are themselves"):
        mx.deep_lift(lambda x: x.sum(), np.random.default_rng(0).random((1, 1, 40, 2)), baseline="blur")


def test_an_explainers_expected_value_is_read_only():
    explainer = mx.DeepExplainer(toys.saturation, [[0.0, 0.0], [1.0, 1.0]])
    with pytest.raises(ValueError, match="read-only"):
        explainer.expected_value[0] = 7
    with pytest.raises(AttributeError):
        explainer.expected_value = 7
    assert explainer.expected_value == [0.5]

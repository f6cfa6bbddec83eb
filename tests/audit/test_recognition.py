"""Maps of captum and shap are recognised to 1e-5, and spoiled maps are named, or not believed."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

import minixai as mx
from minixai.audit.recognition import is_increasing_function
from minixai.evaluation import edge_detector
from minixai.layers import Conv2D, Dense, Flatten
from minixai.model import Model
from minixai.preprocessing import Preprocessing
from tests.audit.cases import foreign, identity, total

TARGET = 2
LAYERS = [("conv", Conv2D(4, 3, activation="relu")), ("flatten", Flatten()), ("scores", Dense(3))]
BACKGROUND = {"background": foreign()[1]["background"]}
DRAWN = {**BACKGROUND, "samples": 12, "seed": 5}
RIGHT = {
    "captum/integrated_gradients": ("integrated_gradients", {"steps": 20}),
    "captum/deep_lift": ("deep_lift", {}),
    "captum/deep_shap": ("deep_shap", BACKGROUND),
    "captum/gradient_shap": ("expected_gradients", DRAWN),
    "captum/occlusion": ("occlusion", {"window": 5, "stride": 3, "baseline": 0.0}),
    "captum/grad_cam": ("grad_cam", {}),
    "captum/guided_backprop": ("guided_backprop", {}),
    "captum/guided_grad_cam": ("guided_grad_cam", {}),
    "shap/deep_shap": ("deep_shap", BACKGROUND),
    "shap/expected_gradients": ("expected_gradients", DRAWN),
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_map_of_a_library_is_recognised(name):
    model, maps = foreign()
    method, options = RIGHT[name]
    check = identity(model, maps["x"], method, maps[name], target=TARGET, **options)
    assert check.facts["claimed"], check.reading
    assert check.number < 1e-5
    assert check.status == "holds"


@pytest.mark.parametrize("name", ["captum/gradient_shap", "shap/expected_gradients"])
def test_other_draws_are_not_claimed_to_rounding(name):
    model, maps = foreign()
    check = identity(model, maps["x"], "expected_gradients", maps[name], target=TARGET, **{**DRAWN, "seed": 6})
    assert check.number > 1e-2
    assert "to rounding" in check.reading or check.status == "does not hold"


def test_other_draws_agree_within_sampling():
    """Of a background near the images every draw says much the same, so sampling can be told from another method."""
    model, maps = foreign()
    x = maps["x"]
    near = {"background": x * 0.1, "samples": 200}
    other = mx.expected_gradients(model, x, TARGET, **near, seed=1).values
    check = identity(model, x, "expected_gradients", other, target=TARGET, seed=0, **near)
    assert check.status == "holds", check.reading
    assert "within sampling" in check.reading
    wrong = identity(
        model, x, "expected_gradients", mx.guided_backprop(model, x, TARGET).values * 0.5, target=TARGET, **near
    )
    assert wrong.status == "does not hold"


def deep_lift(**changes):
    model, maps = foreign()
    return mx.deep_lift(model, changes.pop("x", maps["x"]), changes.pop("target", TARGET), **changes).values


def shuffled(map_):
    rng = np.random.default_rng(0)
    return rng.permuted(map_.reshape(len(map_), -1), axis=1).reshape(map_.shape)


def standardised(map_):
    return (map_ - map_.mean(axis=(1, 2, 3), keepdims=True)) / map_.std(axis=(1, 2, 3), keepdims=True)


def min_max(map_, axis):
    return (map_ - map_.min(axis, keepdims=True)) / np.ptp(map_, axis, keepdims=True)


def softmax(map_):
    exp = np.exp(map_.reshape(len(map_), -1).astype(float))
    return (exp / exp.sum(axis=1, keepdims=True)).reshape(map_.shape)


def likeliest_other(x):
    scores = foreign()[0].scores(x).copy()
    scores[:, TARGET] = -np.inf
    return scores.argmax(axis=1)


SPOILED = {
    "transposed": ("deep_lift", lambda x: deep_lift().swapaxes(1, 2), "transposed"),
    "absolute": ("deep_lift", lambda x: abs(deep_lift()), "absolute values"),
    "mean gradient": ("integrated_gradients", lambda x: foreign()[1]["captum/mean_gradients"], "mean gradients"),
    "wrong target": ("deep_lift", lambda x: deep_lift(target=1), "another target"),
    "wrong baseline": ("deep_lift", lambda x: deep_lift(baseline="mean"), "the baseline 'mean'"),
    "another image of the batch": ("deep_lift", lambda x: deep_lift(x=x[::-1]), "images in the reverse order"),
    "shuffled": ("deep_lift", lambda x: shuffled(deep_lift()), "shuffled"),
    "edge detector": ("deep_lift", edge_detector, "edge detector"),
    "guided backprop": ("gradient", lambda x: foreign()[1]["captum/guided_backprop"], "guided_backprop"),
    "captum's fault": ("deep_lift", lambda x: foreign()[1]["captum/deep_lift_fault"], "captum 0.9"),
    "trapezoid": ("integrated_gradients", lambda x: foreign()[1]["captum/trapezoid"], "riemann_trapezoid"),
    "float16": ("deep_lift", lambda x: deep_lift().astype(np.float16), "float16"),
    "sign flipped": ("deep_lift", lambda x: -deep_lift(), "sign flipped"),
    "channels summed": ("deep_lift", lambda x: deep_lift().sum(-1, keepdims=True), "channels summed"),
    "scaled": ("deep_lift", lambda x: deep_lift() * 0.25, "times 0.25"),
    "not multiplied": (
        "deep_lift",
        lambda x: mx.deep_lift(foreign()[0], x, TARGET).extras["multipliers"],
        "multipliers",
    ),
    "Saliency": ("gradient", lambda x: foreign()[1]["captum/saliency"], "absolute values"),
    "reshaped": (
        "deep_lift",
        lambda x: np.ascontiguousarray(np.moveaxis(deep_lift(), -1, 1)).reshape(x.shape),
        "reshaped instead of transposed",
    ),
    "min-max": ("deep_lift", lambda x: min_max(deep_lift(), (1, 2, 3)), "stretched to run from 0 to 1"),
    "min-max of the batch": ("deep_lift", lambda x: min_max(deep_lift(), None), "whole batch stretched"),
    "standardised": (
        "deep_lift",
        lambda x: standardised(deep_lift().astype(float)),
        "standardised",
    ),
    "softmax": ("deep_lift", lambda x: softmax(deep_lift()), "keeps the order"),
    "ranks": (
        "deep_lift",
        lambda x: deep_lift().reshape(2, -1).argsort().argsort().reshape(x.shape),
        "keeps the order",
    ),
    "one pixel off": ("deep_lift", lambda x: np.roll(deep_lift(), (1, 1), (1, 2)), "moved 1 pixels down and 1 right"),
    "two pixels off, 0 behind": (
        "deep_lift",
        lambda x: np.pad(deep_lift(), ((0, 0), (0, 0), (2, 0), (0, 0)))[:, :, :16],
        "moved 0 pixels up and 2 right",
    ),
    "mirrored": ("deep_lift", lambda x: deep_lift()[:, :, ::-1], "mirrored left to right"),
    "channels reversed": ("deep_lift", lambda x: deep_lift()[..., ::-1], "channels in the reverse order"),
    "twice by x": ("deep_lift", lambda x: deep_lift() * x, "multiplied by x − x'"),
    "negative part": ("deep_lift", lambda x: np.minimum(deep_lift(), 0), "negative part"),
    "bfloat16": (
        "deep_lift",
        lambda x: (deep_lift().view(np.uint32) + 0x8000 & 0xFFFF0000).view(np.float32),
        "bfloat16",
    ),
    "of normalised colours": (
        "gradient",
        lambda x: mx.gradient(foreign()[0], x, TARGET).values * np.array([0.229, 0.224, 0.225]),
        "each channel times a number of its own (0.229, 0.224, 0.225)",
    ),
    "versus": ("deep_lift", lambda x: deep_lift(versus=likeliest_other(x)), "versus class"),
    "two at once": ("deep_lift", lambda x: abs(deep_lift()).swapaxes(1, 2), "exchanged, absolute values taken"),
    "probability": ("deep_lift", lambda x: deep_lift(output="probability"), "of the probability"),
}


@pytest.mark.parametrize("name", SPOILED)
def test_a_spoiled_map_is_named(name):
    model, maps = foreign()
    claims, make, words = SPOILED[name]
    options = {"steps": 20} if claims == "integrated_gradients" else {}
    check = identity(model, maps["x"], claims, make(maps["x"]), target=TARGET, **options)
    assert words in (check.facts["recognised"] or ""), check.reading
    assert ("times" in check.facts["recognised"]) == (name in ("scaled", "of normalised colours"))
    assert not check.facts["claimed"]
    assert check.status == ("take care" if name in ("float16", "bfloat16") else "does not hold")


@pytest.mark.parametrize("what", ["noise", "another image", "another network"])
def test_what_nobody_knows_is_not_believed(what):
    model, maps = foreign()
    x = maps["x"]
    strange = {
        "noise": lambda: np.random.default_rng(0).normal(size=x.shape),
        "another image": lambda: deep_lift(x=np.random.default_rng(0).random(x.shape).astype(np.float32)),
        "another network": lambda: mx.deep_lift(mx.evaluation.randomised(model, ["gemm2"]), x, TARGET).values,
    }[what]()
    check = identity(model, x, "deep_lift", strange, target=TARGET)
    assert check.status == "does not hold"
    assert check.facts["recognised"] is None
    assert "do not believe it" in check.verdict


@pytest.mark.parametrize("what", ["blurred", "zeros", "constant", "one pixel wrong", "the mean of the batch"])
def test_what_lost_its_detail_is_not_believed(what):
    model, maps = foreign()
    x, own = maps["x"], deep_lift()
    wrong = own.copy()
    wrong[0, 3, 3, 0] += abs(own).max()
    spoiled = {
        "blurred": gaussian_filter(own, (0, 1, 1, 0)),
        "zeros": np.zeros_like(own),
        "constant": np.ones_like(own),
        "one pixel wrong": wrong,
        "the mean of the batch": np.broadcast_to(own.mean(axis=0), own.shape),
    }[what]
    check = identity(model, x, "deep_lift", spoiled, target=TARGET)
    assert check.status == "does not hold"
    assert check.facts["recognised"] is None, check.reading


@pytest.mark.filterwarnings("ignore:integrated_gradients misses")
def test_integrated_gradients_of_more_steps_agree_within_quadrature():
    model, maps = foreign()
    x = maps["x"]
    finer = mx.integrated_gradients(model, x, TARGET, steps=300).values
    check = identity(model, x, "integrated_gradients", finer, target=TARGET)
    assert check.status == "holds", check.reading
    assert "within quadrature" in check.reading
    coarse = mx.integrated_gradients(model, x, TARGET, steps=16).values
    assert identity(model, x, "integrated_gradients", coarse, target=TARGET).status == "does not hold"
    assert identity(model, x, "integrated_gradients", finer, target=TARGET, steps=20).status == "does not hold"


def test_a_function_that_keeps_the_order_changes_most_numbers():
    ours = np.arange(64.0).reshape(1, 8, 8, 1)
    one_wrong = ours.copy()
    one_wrong[0, 7, 7] *= 2
    assert is_increasing_function(ours**2, ours)
    assert not is_increasing_function(one_wrong, ours)
    assert not is_increasing_function(-ours, ours)
    assert not is_increasing_function(np.ones_like(ours), ours)
    assert not is_increasing_function(ours, np.ones_like(ours))


def test_zeros_beside_normalised_images_are_a_baseline():
    preprocessing = Preprocessing(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
    _, maps = foreign()
    model = Model(LAYERS, (16, 16, 3), preprocessing=preprocessing, seed=3)
    x = maps["x"]
    colour = np.broadcast_to(np.float32(preprocessing.mean), x.shape[1:])
    theirs = mx.deep_lift(model, x, 1, baseline=colour).values
    check = identity(model, x, "deep_lift", theirs, target=1)
    assert "that preprocessing turns into 0" in check.facts["recognised"]
    assert "that preprocessing turns into 0" in total(model, x, "deep_lift", theirs, target=1).reading


def test_grad_cam_of_another_layer_is_known_when_it_was_resized():
    model, maps = foreign()
    values = mx.grad_cam(model, maps["x"], TARGET, layer="conv2", relu=True, resize=True).values
    check = identity(model, maps["x"], "grad_cam", values, target=TARGET)
    assert "'conv2'" in check.facts["recognised"], check.reading


def test_a_version_of_the_image_that_was_given_is_named():
    model, maps = foreign()
    x = maps["x"]
    other = (x * 0.9).astype(np.float32)
    check = identity(
        model, x, "gradient", mx.gradient(model, other, TARGET).values, target=TARGET, others={"made darker": other}
    )
    assert check.facts["recognised"] == "gradient of the image made darker"


def test_grad_cam_of_another_layer_is_the_same_method():
    model, maps = foreign()
    values = mx.grad_cam(model, maps["x"], TARGET, layer="conv2", relu=False).values
    check = identity(model, maps["x"], "grad_cam", values, target=TARGET)
    assert "'conv2'" in check.facts["recognised"], check.reading
    assert check.facts["claimed"]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_own_maps_are_recognised_as_they_are(dtype):
    model, maps = foreign()
    model = model.astype(dtype)
    for name in ("gradient", "deep_lift", "integrated_gradients", "lrp", "occlusion"):
        values = getattr(mx, name)(model, maps["x"], TARGET).values
        check = identity(model, maps["x"], name, values, target=TARGET)
        assert check.number == 0, name
        assert check.facts["recognised"] == name


def test_the_numbers_of_the_comparison_are_right():
    """By pencil: one pixel of a map is doubled."""
    model, maps = foreign()
    x = maps["x"][:1]
    own = mx.gradient(model, x, TARGET).values.astype(np.float64)
    theirs = own.copy()
    place = np.unravel_index(abs(own).argmax(), own.shape)
    theirs[place] *= 2
    check = identity(model, x, "gradient", theirs, target=TARGET)
    largest, l1, _ = (row.number for row in check.table)
    assert largest == pytest.approx(1)
    assert l1 == pytest.approx(abs(own[place]) / abs(own).sum())
    assert check.status == "does not hold"

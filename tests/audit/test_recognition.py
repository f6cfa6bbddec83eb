"""Maps of captum and shap are recognised to 1e-5, and spoiled maps are named, or not believed."""

import numpy as np
import pytest

import minixai as mx
from minixai.evaluation import edge_detector
from tests.audit.cases import foreign, identity

TARGET = 2
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
    assert ("times" in check.facts["recognised"]) == (name == "scaled")
    assert not check.facts["claimed"]
    assert check.status == ("take care" if name == "float16" else "does not hold")


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

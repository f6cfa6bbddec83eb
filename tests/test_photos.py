"""Photos on the command line, with a narrow VGG-16 in place of the whole one; and what large networks are spared."""

import os
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import minixai as mx
from minixai import zoo
from minixai.cli import arguments, main
from minixai.cli.cost import duration
from minixai.cli.explain import NOISE
from minixai.cli.subject import percent
from minixai.images import read_image, sample_photo
from tests.zoo.files import narrow


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty folder to work in, and a VGG-16 that takes no time."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(zoo.PHOTOS, "vgg16", narrow)
    return tmp_path


@pytest.fixture
def felt(monkeypatch):
    """Every network counts as large."""
    monkeypatch.setattr(arguments, "LARGE", 0)


def told(capsys, *argv: str) -> str:
    assert main(argv) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def refused(capsys, *argv: str) -> str:
    before = sorted(os.listdir())
    assert main(argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert sorted(os.listdir()) == before
    return err


def photo(name: str, seed: int = 0) -> str:
    pixels = np.random.default_rng(seed).integers(0, 256, (70, 90, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(name)
    return name


def photos(name: str = "others", n: int = 3) -> str:
    os.mkdir(name)
    for i in range(n):
        photo(f"{name}/{i}.png", i + 1)
    return name


# -- which image, which weights, which class ----------------------------------------------------------


def test_without_an_image_it_is_a_photo_and_random_weights_say_so(capsys):
    text = told(capsys, "explain", "--model", "vgg16", "--method", "gradient")
    assert "weights     random: this network has learnt nothing, so its classes and maps mean nothing\n" in text
    assert "minixai download vgg16 fetches trained ones, --weights FILE takes them" in text
    assert "Grace Hopper" in text


def test_with_weights_nothing_is_random(capsys):
    narrow(seed=3).save("w.npz")
    text = told(capsys, "predict", "--model", "vgg16", "--weights", "w.npz")
    assert "weights     w.npz" in text
    assert "random" not in text
    listed = re.findall(r"^([a-g])  +((?:under|over)? ?[\d.]+%)$", text, re.M)
    x = read_image(sample_photo(), (64, 64, 3))[None]
    p = narrow(seed=3).probabilities(x)[0]
    order = (-p).argsort(kind="stable")[:5]
    assert [(name, chance.strip()) for name, chance in listed] == [("abcdefg"[k], percent(p[k])) for k in order]


def test_an_image_as_first_word_or_as_an_option(capsys):
    photo("a.png")
    one = told(capsys, "explain", "a.png", "--model", "vgg16", "--out", "1.png")
    two = told(capsys, "explain", "--model", "vgg16", "--image", "a.png", "--out", "1.png")
    three = told(
        capsys, "explain", "--model", "vgg16", "--target", one.split("prediction  ")[1][0], "a.png", "--out", "1.png"
    )
    assert one == two == three
    assert "image       a.png" in one
    assert "a.png" in told(capsys, "predict", "a.png", "--model", "vgg16")


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--weights", "w.npz"], "--weights is for vgg16 and vgg19"),
        (["--model", "vgg16", "--weights", "none.h5"], "no such file"),
        (["--model", "vgg16", "--digit", "3"], "takes images of (64, 64, 3)"),
        (["--model", "vgg-16"], "did you mean 'vgg16'"),
        (["--method", "smooth_grad", "--strip", "--classes", "1,2"], "ask for one of them"),
        (["--strip"], "deep_lift has no strip"),
        (["--method", "grad_cam", "--strip", "--layer", "conv1"], "leave --layer out"),
        (["--classes", "1,1"], "names a class twice"),
        (["--classes", "1,12"], "no class '12'"),
        (["--classes", "1,2", "--target", "1"], "--target names one class"),
        (["--classes", "1,2", "--method", "activations"], "activations explains no class"),
        (["--background", "others"], "deep_lift knows no background"),
        (["--samples", "9"], "deep_lift knows no samples"),
        (["--method", "deep_shap", "--background", "nowhere"], "'nowhere' is no folder"),
        (["--method", "deep_shap", "--background", "empty"], "'empty' holds no images"),
        (["--method", "deep_shap", "--background", "broken"], "cannot read"),
    ],
)
def test_explain_refuses_in_one_line(capsys, argv, words):
    os.mkdir("empty")
    os.mkdir("broken")
    Path("broken/a.png").write_text("no picture")
    assert words in refused(capsys, "explain", *argv)


NAMED = mx.Model([mx.layers.Flatten(), mx.layers.Dense(1000)], (2, 2, 3), classes=zoo.imagenet.class_names())


@pytest.mark.parametrize(
    ("typed", "number"), [("redshank", 141), ("141", 141), ("great white shark", 2), ("great_white_shark", 2)]
)
def test_a_class_by_name_or_number(capsys, typed, number):
    NAMED.save("n.npz")
    text = told(capsys, "explain", photo("a.png"), "--model", "n.npz", "--target", typed)
    assert f"score of {NAMED.classes[number]}" in text


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("redshnk", "or a name such as redshank"),
        ("shark", "great_white_shark, tiger_shark"),
        ("crane", "what the classes 134 and 517 are called: give the number"),
        ("1000", "from 0 to 999, or a name such as"),
    ],
)
def test_a_class_that_is_none(capsys, typed, words):
    NAMED.save("n.npz")
    err = refused(capsys, "explain", photo("a.png"), "--model", "n.npz", "--target", typed)
    assert words in err
    assert len(err) < 250


# -- the pictures -------------------------------------------------------------------------------------


def test_smooth_grad_over_ever_more_noise(capsys):
    text = told(capsys, "explain", "--method", "smooth_grad", "--strip", "--samples", "4", "--seed", "2")
    model, x = mx.load("digits"), mx.datasets.digits("test")[0][702:703]
    for noise in NOISE:
        assert str(mx.smooth_grad(model, x, noise=noise, samples=4, seed=2)) in text
    assert "each map has a scale of its own" in text


@pytest.mark.parametrize("method", ["grad_cam", "hires_cam", "guided_grad_cam"])
def test_every_convolution_from_the_first_to_the_last(capsys, method):
    text = told(capsys, "explain", photo("a.png"), "--model", "vgg16", "--method", method, "--strip")
    places = re.findall(rf"^{method}\(.*\) at layer (\w+)$", text, re.M)
    assert places == [entry.name for entry in narrow().layers if "conv" in entry.name]


def test_the_way_of_integrated_gradients(capsys):
    text = told(capsys, "explain", "--method", "integrated_gradients", "--strip")
    assert "the way from the baseline to the image" in text


def test_two_classes_against_a_folder(capsys):
    argv = ("--method", "expected_gradients", "--classes", "b,e", "--background", photos(), "--samples", "6")
    text = told(capsys, "explain", photo("a.png"), "--model", "vgg16", *argv)
    assert text.count("background  3 images in others") == 2
    assert len(re.findall(r"^    0  +[14] ", text, re.M)) == 2
    assert "the score of" not in text


def test_a_large_folder_is_cut(capsys, monkeypatch):
    monkeypatch.setattr(arguments, "FOLDER", 2)
    text = told(
        capsys, "explain", photo("a.png"), "--model", "vgg16", "--method", "deep_shap", "--background", photos()
    )
    assert "background  the first 2 of 3 images in others" in text
    assert "background=array(2, 64, 64, 3)" in text


def test_layer_7_by_number(capsys):
    text = told(capsys, "explain", photo("a.png"), "--model", "vgg16", "--method", "activations", "--layer", "7")
    assert "activations(rank=None) at layer block3_conv1" in text


# -- large networks -----------------------------------------------------------------------------------


def test_compare_asks_a_large_network_less_and_tells_what_it_costs(capsys, felt):
    assert main(["compare", photo("a.png"), "--model", "vgg16"]) == 0
    out, err = capsys.readouterr()
    names = "integrated_gradients, deep_lift, gradient, guided_backprop, grad_cam, guided_grad_cam, smooth_grad"
    assert re.fullmatch(rf"minixai: {names}: 81 rows forward, 77 rows back, about \d+ s\n", err)
    costs = re.findall(r"^cost (\d+) rows? forward, (\d+) rows? back$", out, re.M)
    assert (sum(int(a) for a, _ in costs), sum(int(b) for _, b in costs)) == (81, 77)
    assert "samples=20" in out


@pytest.mark.parametrize(
    "argv",
    [
        ["--method", "occlusion"],
        ["--method", "smooth_grad", "--strip", "--samples", "3"],
        ["--method", "guided_grad_cam", "--strip"],
        ["--method", "integrated_gradients", "--layer", "7"],
        ["--method", "expected_gradients", "--layer", "block5_conv1", "--classes", "a,c", "--samples", "5"],
        ["--method", "shapley_values", "--layer", "block5_conv1"],
        ["--method", "feature_ablation"],
    ],
)
def test_the_cost_that_is_told_is_what_it_costs(capsys, felt, argv):
    assert main(["explain", photo("a.png"), "--model", "vgg16", *argv]) == 0
    out, err = capsys.readouterr()
    costs = re.findall(r"^cost (\d+) rows? forward, (\d+) rows? back$", out, re.M)
    forward, back = (sum(int(n) for n in column) for column in zip(*costs, strict=True))
    assert f": {forward} rows forward, {back} row" in err


def test_small_networks_and_short_work_are_told_nothing(capsys, felt, monkeypatch):
    told(capsys, "explain", photo("a.png"), "--model", "vgg16", "--method", "gradient")
    monkeypatch.setattr(arguments, "LARGE", 1e9)
    told(capsys, "explain", "a.png", "--model", "vgg16", "--method", "integrated_gradients")


def test_the_whole_networks_are_large_and_the_shipped_ones_are_not():
    assert arguments.is_large(mx.zoo.vgg16(features_only=True))
    assert not any(arguments.is_large(mx.load(name)) for name in zoo.RECIPES)


def test_durations():
    assert [duration(t) for t in (0, 59.4, 59.6, 3599.6)] == ["1 s", "59 s", "1 min 0 s", "1 h 0 min"]


def test_models_lists_them(capsys):
    assert "More for photos: vgg16, vgg19, whose weights do not come with it" in told(capsys, "models")


@pytest.mark.slow
def test_the_whole_road_without_a_network_or_weights(capsys, monkeypatch):
    monkeypatch.setitem(zoo.PHOTOS, "vgg16", mx.zoo.vgg16)
    text = told(capsys, "explain", "--model", "vgg16", "--target", "redshank")
    assert "model       vgg16, 224 × 224 × 3 -> 1000 classes" in text
    assert "the score of redshank" in text
    assert "cost 3 rows forward, 1 row back" in text

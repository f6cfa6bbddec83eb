"""Photos on the command line, with a narrow VGG-16 in place of the whole one; and what large networks are spared."""

import os
import re
import warnings
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
from minixai.layers import Conv2D, Dense, GlobalAveragePool2D
from minixai.preprocessing import as_preprocessing
from tests.marks import slow_except
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


NAMED = mx.Model([mx.layers.Flatten(), mx.layers.Dense(1000)], (2, 2, 3), classes=zoo.imagenet.imagenet_classes())


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
        ("redshnk", "did you mean 'redshank'"),
        ("shark", "'great_white_shark', 'tiger_shark'"),
        ("crane", "what the classes 134, 517 are called: give the number"),
        ("1000", "from 0 to 999 or a name"),
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


@pytest.mark.parametrize("method", slow_except(["grad_cam"], ["grad_cam", "hires_cam", "guided_grad_cam"]))
def test_every_convolution_from_the_first_to_the_last(capsys, method):
    text = told(capsys, "explain", photo("a.png"), "--model", "vgg16", "--method", method, "--strip")
    places = re.findall(rf"^{method}\(.*\) at layer (\w+)$", text, re.M)
    assert places == [entry.name for entry in narrow().layers if "conv" in entry.name]


def test_the_way_of_integrated_gradients(capsys):
    text = told(capsys, "explain", "--method", "integrated_gradients", "--strip")
    assert "the path from the baseline to the image" in text


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


COSTS = [
    ["--method", "occlusion"],
    ["--method", "smooth_grad", "--strip", "--samples", "3"],
    ["--method", "guided_grad_cam", "--strip"],
    ["--method", "integrated_gradients", "--layer", "7"],
    ["--method", "expected_gradients", "--layer", "block5_conv1", "--classes", "a,c", "--samples", "5"],
    ["--method", "shapley_values", "--layer", "block5_conv1"],
    ["--method", "feature_ablation"],
]


@pytest.mark.parametrize("argv", slow_except(COSTS[:2], COSTS))
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


# -- what the network was shown -----------------------------------------------------------------------


def test_a_background_leaves_out_what_minixai_has_drawn(capsys):
    """Two equal calls give one result, though the first has drawn into the folder, and the image is no reference."""
    for i in range(3):
        photo(f"{i}.png", i)
    Path("notes.txt").write_text("no image")
    argv = ("explain", "0.png", "--model", "vgg16", "--method", "deep_shap", "--background", ".")
    first = told(capsys, *argv)
    again = told(capsys, *argv)
    assert (
        "background  2 images in .; left out: 1 which is the image itself, 1 that are no image files (notes.txt)"
        in first
    )
    assert "1 pictures of minixai's own (minixai-explain.png)" in again
    assert again.split("deep_shap(")[1] == first.split("deep_shap(")[1]
    os.rename("minixai-explain.png", "renamed.png")
    assert told(capsys, *argv).split("deep_shap(")[1] == first.split("deep_shap(")[1]


def test_no_image_of_a_background_is_overwritten(capsys):
    folder, argv = photos(), ("explain", photo("a.png"), "--model", "vgg16", "--method", "deep_shap", "--background")
    before = Path(folder, "1.png").read_bytes()
    assert "would overwrite a file of --background" in refused(capsys, *argv, folder, "--out", f"{folder}/1.png")
    assert Path(folder, "1.png").read_bytes() == before
    for _ in range(2):  # a picture that minixai has drawn there is no input
        told(capsys, *argv, folder, "--out", f"{folder}/map.png")


def test_labels_are_not_overwritten(capsys):
    Path("labels.png").write_text("a\n")
    assert "would overwrite" in refused(capsys, "explain", "--labels", "labels.png", "--out", "labels.png")


@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
def test_how_a_photo_is_fitted_is_printed_and_drawn(capsys, fit):
    """The picture is wider where the photo stands beside it with the part that was cut off."""
    Image.new("RGB", (128, 64), "red").save("wide.png")
    text = told(capsys, "explain", "wide.png", "--model", "vgg16", "--method", "gradient", "--fit", fit)
    with Image.open("minixai-explain.png") as picture:
        width = picture.width
    Image.new("RGB", (64, 64), "red").save("square.png")
    told(capsys, "explain", "square.png", "--model", "vgg16", "--method", "gradient")
    with Image.open("minixai-explain.png") as picture:
        plain = picture.width
    words = {
        "crop": "cropped to its middle, 50% is cut off; --fit pad keeps all of it",
        "pad": "with grey borders",
        "stretch": "stretched to the network's size",
    }
    assert f"image       wide.png\n            {words[fit]}\n" in text
    assert (width > plain) == (fit == "crop")


def test_fit_is_for_image_files_and_has_three_values(capsys):
    assert "--fit is for image files" in refused(capsys, "predict", "--digit", "3", "--fit", "pad")
    assert "unknown fit 'crops', did you mean 'crop'" in refused(capsys, "predict", photo("a.png"), "--fit", "crops")


def test_pages_and_12_bits_are_printed(capsys):
    Image.fromarray(np.full((28, 28), 4095, np.uint16)).save("deep.png")
    text = told(capsys, "predict", "deep.png", "--invert")
    assert "values up to 4095 in 16 bits, taken as 12-bit: 4095 is white" in text
    Image.new("L", (28, 28)).save("film.gif", save_all=True, append_images=[Image.new("L", (28, 28), 9)])
    assert "the first of 2 pages or frames" in told(capsys, "predict", "film.gif", "--model", "digits")


def test_an_image_of_extreme_shape_makes_no_huge_figure(capsys):
    mx.Model([GlobalAveragePool2D(), Dense(2)], (1000, 2, 1)).save("tall.npz")
    Image.new("L", (2, 1000)).save("tall.png")
    told(capsys, "explain", "tall.png", "--model", "tall.npz", "--method", "gradient")
    with Image.open("minixai-explain.png") as picture:
        assert max(picture.size) < 144 * 15


# -- what a network takes -----------------------------------------------------------------------------


def test_what_a_network_takes_is_printed_with_every_prediction(capsys):
    assert "input       pixels from 0 to 1 as they are\n" in told(capsys, "predict", "--digit", "3")
    caffe = "input       preprocessing caffe, (255 x − (103.939, 116.779, 123.68)), blue first\n"
    assert caffe in told(capsys, "predict", photo("a.png"), "--model", "vgg16")


class Foreign:
    """A stand-in for the reader of ONNX files: it remembers what it was asked."""

    def __init__(self, suggested=None):
        self.asked, self.suggested = {}, suggested

    def __call__(self, name, **options):
        self.asked = options
        model = mx.Model([Conv2D(2, 1, activation="relu"), GlobalAveragePool2D(), Dense(2)], (8, 8, 3))
        model.preprocessing = as_preprocessing(options["preprocessing"], 3)
        if model.preprocessing is None:
            warnings.warn("no preprocessing is given", stacklevel=2)  # the commands print it, once
        model.suggested_preprocessing = self.suggested
        return model


@pytest.mark.parametrize("command", ["explain", "compare", "predict", "score"])
def test_every_command_that_takes_a_network_takes_its_preprocessing_labels_and_shape(capsys, monkeypatch, command):
    monkeypatch.setattr(zoo, "load", foreign := Foreign())
    image = [] if command == "score" else [photo("a.png")]
    main(
        [
            command,
            *image,
            "--model",
            "n.onnx",
            "--preprocessing",
            "imagenet",
            "--labels",
            "l.txt",
            "--input-shape",
            "8,8,3",
        ]
    )
    assert foreign.asked == {"preprocessing": "imagenet", "classes": "l.txt", "input_shape": (8, 8, 3)}
    capsys.readouterr()


def test_without_preprocessing_a_file_of_others_says_so_and_what_it_suggests(capsys, monkeypatch):
    argv = ("predict", photo("a.png"), "--model", "n.onnx")
    monkeypatch.setattr(zoo, "load", Foreign())
    text = told(capsys, *argv)
    assert "input       pixels from 0 to 1 as they are, for no --preprocessing was given\n" in text
    assert "give --preprocessing imagenet" in text
    monkeypatch.setattr(zoo, "load", Foreign("-1..1"))
    assert "its first layers suggest --preprocessing -1..1\n" in told(capsys, *argv)
    formula = "input       preprocessing -1..1, (x − 0.5) / 0.5\n"
    assert formula in told(capsys, *argv, "--preprocessing", "-1..1")


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--model", "digits", "--preprocessing", "imagenet"], "only for a network in a file of ONNX or Keras"),
        (["--model", "vgg16", "--labels", "l.txt"], "--labels: only for a network in a file"),
        (["--model", "n.onnx", "--input-shape", "8,8"], "is no shape: give height, width and channels"),
        (["--model", "n.onnx", "--input-shape", "8,0,3"], "each number is at least 1"),
        (["--model", "mobilenet_v2"], "such as torch.onnx.export writes"),
        (["--model", "mobilenet_v2", "--weights", "w.h5"], "unknown model 'mobilenet_v2'"),
        (["--model", "digits", "--weights", "w.h5"], "'digits' has its weights already: leave it out"),
    ],
)
def test_options_of_a_network_that_do_not_go_together(capsys, argv, words):
    err = refused(capsys, "predict", *argv)
    assert words in err
    assert "add --model vgg16" not in err

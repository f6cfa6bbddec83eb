"""The command line: what a newcomer types, what is printed, and that what cannot be is told in one line."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from io import BytesIO
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from PIL import Image

import minixai as mx
from minixai import interrupts, zoo
from minixai.book.guide import guide_text
from minixai.cli import main
from minixai.cli.commands import parse, version
from minixai.cli.subject import DIGIT, SCENE
from minixai.datasets import birds
from minixai.layers import Conv2D, Dense, Flatten
from minixai.validate import one_of
from tests.marks import slow_except
from tests.test_images import time_limit

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Every test works in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def files() -> list[str]:
    return sorted(os.listdir())


def told(capsys, *argv: str) -> str:
    """What a command that succeeds prints."""
    assert main(argv) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def refused(capsys, *argv: str) -> str:
    """The one line about wrong input; nothing else is printed and no file appears."""
    before = files()
    assert main(argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("minixai: ")
    assert err.count("\n") == 1
    assert err.endswith("\n")
    assert "Traceback" not in err
    assert files() == before
    return err


def python(*argv: str, **options) -> subprocess.CompletedProcess[str]:
    """`python -m minixai ...` in a process of its own."""
    return subprocess.run([sys.executable, "-m", "minixai", *argv], capture_output=True, env=environment(), **options)


def environment(**more: str) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"} | more


def drawing(name: str, light_on_dark: bool = True) -> str:
    """An image file of the default test digit, large, as ink on paper or the other way round."""
    digit = mx.datasets.digits("test")[0][DIGIT, :, :, 0]
    pixels = np.kron(digit if light_on_dark else 1 - digit, np.ones((5, 5)))
    Image.fromarray((pixels * 255).round().astype(np.uint8)).save(name)
    return name


def small_model(name: str = "pets.npz", classes: tuple[str, ...] = ("cat", "dog", "newt"), channels: int = 3) -> str:
    layers = [("conv", Conv2D(4, 3, activation="relu")), Flatten(), Dense(len(classes))]
    mx.Model(layers, (8, 12, channels), classes=classes).save(name)
    return name


# -- explain ------------------------------------------------------------------------------------------


def test_explain_without_options(capsys):
    text = told(capsys, "explain")
    assert files() == ["minixai-explain.png"]
    picture = Image.open("minixai-explain.png")
    picture.load()
    assert min(picture.size) > 300
    label = mx.datasets.digits("test")[1][DIGIT]
    assert f"test digit {DIGIT}, labelled {label}" in text
    assert re.search(rf"prediction  {label} \((over )?\d+\.\d+%\), then \d \(.*%\), \d \(.*%\)", text)
    assert "minixai-explain.png" in text


def test_explain_prints_the_certificate_of_the_same_call_in_python(capsys):
    text = told(
        capsys, "explain", "--digit", "7", "--target", "3", "--versus", "8", "--probability", "--baseline", "blur"
    )
    images, _ = mx.datasets.digits("test")
    result = mx.deep_lift(mx.load("digits"), images[7:8], 3, versus=8, output="probability", baseline="blur")
    assert str(result) in text
    assert "the probability of class 3 minus that of class 8" in text


@pytest.mark.parametrize("method", list(mx.catalogue))
def test_every_method_of_the_catalogue_can_be_asked(capsys, method):
    text = told(capsys, "explain", "--method", method)
    assert mx.catalogue[method].answers in text
    assert f"{method}(" in text
    assert ("(the score of class 8)" in text) == mx.catalogue[method].class_specific
    assert files() == ["minixai-explain.png"]


def test_what_a_method_needs_is_made_up_and_told(capsys):
    """And it is what a call in Python would be given."""
    images, _ = mx.datasets.digits("test")
    train, _ = mx.datasets.digits("train")
    result = mx.deep_shap(mx.load("digits"), images[DIGIT : DIGIT + 1], background=train[:20])
    text = told(capsys, "explain", "--method", "deep_shap")
    assert "background  the first 20 training digits\n" in text
    assert str(result) in text
    text = told(capsys, "explain", "--method", "shapley_values")
    assert "players     49 blocks, added in 50 random orders\nshapley_values(" in text
    assert "at layer conv2" in told(capsys, "explain", "--method", "activations")
    text = told(capsys, "explain", "--method", "feature_ablation", "--layer", "conv2")
    assert "groups      100 blocks, replaced one after the other\n" in text


def test_a_model_of_other_images_has_a_background_too(capsys):
    small_model()
    Image.new("RGB", (12, 8)).save("black.png")
    text = told(capsys, "explain", "--model", "pets.npz", "--image", "black.png", "--method", "deep_shap")
    assert "background  the baselines black, white, mean, blur, noise\n" in text


def test_a_seed_is_for_sampled_methods(capsys):
    first, again, other = (
        told(capsys, "explain", "--method", "smooth_grad", "--seed", seed) for seed in ("0", "0", "1")
    )
    assert first == again == told(capsys, "explain", "--method", "smooth_grad")
    assert other != first
    assert "seed=1" in other
    err = refused(capsys, "explain", "--seed", "1")
    assert "deep_lift knows no seed" in err
    assert "smooth_grad" in err


def test_a_baseline_is_what_occlusion_fills_with(capsys):
    assert "baseline=0.25" in told(capsys, "explain", "--method", "occlusion", "--baseline", "0.25")


def test_a_warning_is_one_line(capsys, monkeypatch):
    def doubtful(args):
        warnings.warn("take more\nsteps", stacklevel=2)

    monkeypatch.setattr("minixai.cli.parse", lambda argv: argparse.Namespace(run=doubtful))
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        before = warnings.showwarning
        assert main([]) == 0
        assert warnings.showwarning is before
    assert capsys.readouterr().err == "minixai: note: take more steps\n"


@pytest.mark.parametrize("model", list(zoo.RECIPES))
def test_every_shipped_model_at_a_layer(capsys, model):
    layer = [entry.name for entry in mx.load(model).layers if len(entry.shape) == 3][-1]
    assert f"at layer {layer}" in told(capsys, "explain", "--model", model, "--layer", layer)


@pytest.mark.parametrize(("suffix", "start"), [(".pdf", b"%PDF"), (".svg", b"<?xml"), (".PNG", b"\x89PNG")])
def test_explain_writes_what_the_name_ends_in(capsys, suffix, start):
    told(capsys, "explain", "--out", f"why{suffix}")
    assert Path(f"why{suffix}").read_bytes().startswith(start)
    assert files() == [f"why{suffix}"]


def test_an_image_file_is_explained_as_the_digit_that_it_shows(capsys):
    prediction = f"prediction  {mx.datasets.digits('test')[1][DIGIT]} "
    light = told(capsys, "explain", "--model", "digits", "--image", drawing("light.png"))
    assert prediction in light
    assert "--invert" not in light
    assert prediction in told(capsys, "explain", "--image", drawing("dark.png", False), "--invert")
    assert "try --invert" in told(capsys, "explain", "--model", "digits", "--image", "dark.png")


def test_a_model_of_one_s_own_with_class_names(capsys):
    small_model()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 20, 3), dtype=np.uint8)).save("pet.jpg")
    common = ("explain", "--model", "pets.npz", "--image", "pet.jpg", "--layer", "conv")
    by_name = told(capsys, *common, "--target", "dog", "--versus", "newt")
    assert "the score of dog minus that of newt" in by_name
    assert by_name == told(capsys, *common, "--target", "1", "--versus", "2")
    assert "a number from 0 to 2 or a name, cat, dog, newt" in refused(capsys, *common, "--target", "bird")


def test_baselines_by_name_number_and_file(capsys):
    black = told(capsys, "explain", "--baseline", "black")
    assert black.replace("'black'", "0") == told(capsys, "explain", "--baseline", "0")
    assert "baseline=-0.5" in told(capsys, "explain", "--baseline", "-0.5")
    Image.new("L", (40, 50), 0).save("paper.png")
    assert black.replace("'black'", "array(28, 28, 1)") == told(capsys, "explain", "--baseline", "paper.png")


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--model", "digit"], ["unknown model 'digit'", "'digits'"]),
        (["--model", "no.npz"], ["no.npz", "check the path"]),
        (["--model", "text.png"], ["text.png", "model.save"]),
        (["--model", "."], ["'.'", "model"]),
        (["--image", "no.png"], ["no.png", "no such file"]),
        (["--image", "folder"], ["folder", "give a file"]),
        (["--image", "text.png"], ["text.png", "PNG or JPEG"]),
        (["--digit", "2000"], ["no test digit 2000", "0 to 1999"]),
        (["--digit", "-1"], ["--digit", "'-1'", "explain --help"]),
        (["--digit", "one"], ["--digit", "'one'"]),
        (["--digit", "1", "--image", "text.png"], ["--digit", "--image", "not allowed"]),
        (["--invert"], ["--image"]),
        (["--method", "deeplift"], ["'deeplift'", "did you mean 'deep_lift'"]),
        (["--target", "99"], ["'99'", "0 to 9"]),
        (["--target", "-1"], ["'-1'", "0 to 9"]),
        (["--target", "eight"], ["'eight'", "0 to 9"]),
        (["--versus", "99"], ["'99'", "0 to 9"]),
        (["--target", "3", "--versus", "3"], ["class 3", "itself"]),
        (["--baseline", "blakc"], ["'blakc'", "'black'", "number", "image file"]),
        (["--baseline", "nan"], ["nan", "finite"]),
        (["--baseline", "no.png"], ["no.png", "no such file"]),
        (["--method", "gradient", "--baseline", "0"], ["gradient knows no baseline", "deep_lift"]),
        (["--layer", "conv9"], ["'conv9'", "'conv1'"]),
        (["--layer", "dense1"], ["'dense1'", "no place", "conv1"]),
        (["--out", "folder"], ["'folder'", "is a folder"]),
        (["--out", "why"], ["'why'", ".png", ".svg"]),
        (["--out", "why.gif"], ["'why.gif'", ".png"]),
        (["--out", "nowhere/why.png"], ["nowhere/why.png", "cannot write"]),
        (["--out", "text.png/why.png"], ["text.png/why.png", "cannot write"]),
        (["--out", "x" * 300 + ".png"], ["cannot write"]),
        (["--out"], ["--out", "expected one argument"]),
        (["--image", "light.png", "--out", "light.png"], ["light.png", "overwrite"]),
        (["--image", "two\nlines.png"], ["no such file"]),
        (["--colour", "red"], ["'--colour'", "explain --help"]),
        (["two\nlines"], ["no such file"]),
        (["light.png", "more.png"], ["'more.png'", "no option"]),
        (["light.png", "--image", "light.png"], ["--image", "not allowed"]),
        (["light.png", "--digit", "3"], ["--digit", "not allowed"]),
        (["--digit", "3", "light.png"], ["--digit", "not allowed"]),
    ],
)
def test_explain_refuses_in_one_line(capsys, argv, words):
    Path("text.png").write_text("this is not an image\n")
    Path("folder").mkdir()
    drawing("light.png")
    before = Path("light.png").read_bytes()
    err = refused(capsys, "explain", *argv)
    for word in words:
        assert word in err
    assert Path("light.png").read_bytes() == before


def test_models_that_take_no_test_digits_or_no_images(capsys):
    assert "--image FILE" in refused(capsys, "explain", "--model", small_model())
    four = small_model("four.npz", channels=4)
    assert "takes no image file" in refused(capsys, "predict", "--model", four, "--image", drawing("light.png"))


def test_a_picture_that_fails_leaves_what_was_there(capsys, monkeypatch):
    Path("why.png").write_bytes(b"precious")

    def broken(*args, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", broken)
    assert "No space left" in refused(capsys, "explain", "--out", "why.png")
    assert Path("why.png").read_bytes() == b"precious"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(capsys):
    Path("locked").mkdir(mode=0o500)
    assert "Permission denied" in refused(capsys, "explain", "--out", "locked/why.png")


# -- birds --------------------------------------------------------------------------------------------


def test_a_bird_by_its_seed(capsys):
    text = told(capsys, "explain", "--scene", "5", "--versus", "gull")
    scene = birds.draw(1, 5)
    result = mx.deep_lift(mx.load("shorebirds"), scene.images, versus=birds.CLASSES.index("gull"))
    assert str(result) in text
    species, habitat = birds.CLASSES[scene.labels[0]], birds.HABITATS[scene.habitat[0]]
    assert re.search(rf"^image +scene 5, a {species} (in|on) the {habitat}$", text, re.M)
    assert re.search(r"^model +shorebirds, 64 × 64 × 3 -> 8 classes$", text, re.M)


@pytest.mark.parametrize("model", ["shorebirds", "shorebirds-gap", "shorebirds-biased"])
def test_without_an_image_bird_networks_show_a_redshank(capsys, model):
    assert f"image       scene {SCENE}, a redshank " in told(capsys, "predict", "--model", model)


def test_a_bird_is_compared_with_its_partner(capsys):
    text = told(capsys, "explain", "--scene", "5", "--baseline", "partner")
    scene = birds.draw(1, 5)
    partner = scene.with_(labels=scene.labels ^ 1).images
    assert str(mx.deep_lift(mx.load("shorebirds"), scene.images, baseline=partner[0])) in text


def test_birds_are_the_background_of_birds(capsys):
    text = told(capsys, "explain", "--scene", "5", "--method", "deep_shap")
    images, background = birds.draw(1, 5).images, mx.datasets.shorebirds(20)[0]
    assert str(mx.deep_shap(mx.load("shorebirds"), images, background=background)) in text
    assert "background  20 birds, mx.datasets.shorebirds(20)\n" in text


def test_a_bird_from_a_file_is_that_bird(capsys):
    Image.fromarray(np.rint(255 * birds.draw(1, SCENE).images[0]).astype(np.uint8)).save("bird.png")
    text = told(capsys, "predict", "--model", "shorebirds", "--image", "bird.png")
    assert re.search(r"^prediction +redshank ", text, re.M)


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--scene", "5", "--model", "digits"], ["(28, 28, 1)", "birds are (64, 64, 3)"]),
        (["--digit", "5", "--model", "shorebirds"], ["(64, 64, 3)", "test digits are (28, 28, 1)"]),
        (["--scene", "5", "--digit", "5"], ["--scene", "--digit", "not allowed"]),
        (["--scene", "-5"], ["'-5'", "--scene"]),
        (["--scene", "5", "--target", "duck"], ["'duck'", "redshank, greenshank"]),
        (["--scene", "5", "--baseline", "partnr"], ["did you mean 'partner'"]),
        (["--baseline", "partner"], ["test digit", "has no partner", "--scene SEED"]),
        (["--scene", "5", "--invert"], ["--invert is for image files"]),
        (["--model", "shorebird"], ["did you mean 'shorebirds'"]),
    ],
)
def test_birds_that_cannot_be(capsys, argv, words):
    err = refused(capsys, "explain", *argv)
    for word in words:
        assert word in err


# -- compare ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def comparison(tmp_path_factory) -> tuple[str, bytes]:
    """What `minixai compare` prints, and its picture."""
    folder = tmp_path_factory.mktemp("compare")
    done = subprocess.run(
        [sys.executable, "-m", "minixai", "compare"], cwd=folder, env=environment(), capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout, (folder / "minixai-compare.png").read_bytes()


@pytest.mark.slow
def test_compare_prints_the_certificate_of_every_method_that_explains_a_class(comparison):
    text, picture = comparison
    names = re.findall(r"^(\w+)\(.*\)(?: at layer \w+)?$", text, re.MULTILINE)
    assert sorted(names) == sorted(m.name for m in mx.catalogue.values() if m.class_specific)
    complete = [mx.catalogue[name].complete for name in names]
    assert complete == sorted(complete, reverse=True)
    assert text.count("\ncost ") == len(names)
    assert "left out" not in text
    images, _ = mx.datasets.digits("test")
    for name in ("gradient", "deep_lift", "grad_cam"):
        assert str(mx.catalogue[name](mx.load("digits"), images[DIGIT : DIGIT + 1])) in text
    drawn = Image.open(BytesIO(picture))
    drawn.load()
    assert min(drawn.size) > 1000


def test_compare_asks_all_the_same(capsys):
    common = ["--digit", "7", "--target", "3", "--versus", "8", "--probability"]
    text = told(capsys, "compare", "--methods", "deep_lift,gradient", "--baseline", "blur", *common, "--out", "a.pdf")
    assert files() == ["a.pdf"]
    assert "the probability of class 3 minus that of class 8" in text
    images, _ = mx.datasets.digits("test")
    asked = {"target": 3, "versus": 8, "output": "probability"}
    results = [
        mx.deep_lift(mx.load("digits"), images[7:8], baseline="blur", **asked),
        mx.gradient(mx.load("digits"), images[7:8], **asked),
    ]
    assert "\n\n".join(map(str, results)) in text


@pytest.mark.filterwarnings("ignore:no op on the way rectifies")
def test_compare_leaves_out_what_cannot_be_asked_unless_it_was_named(capsys):
    layers = [Flatten(), Dense(2)]
    mx.Model(layers, (28, 28, 1)).save("flat.npz")
    text = told(capsys, "compare", "--model", "flat.npz")
    assert re.search(r"left out    grad_cam: .*convolution", text)
    assert "deep_lift(" in text
    assert "convolution" in refused(capsys, "compare", "--model", "flat.npz", "--methods", "gradient,grad_cam")
    text = told(capsys, "compare", "--layer", "conv1", "--methods", "gradient,deep_lift")
    assert text.count("at layer conv1") == 2


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--methods", "gradient,deeplift"], ["'deeplift'", "did you mean 'deep_lift'"]),
        (["--methods", ""], ["--methods is empty"]),
        (["--methods", "gradient,"], ["unknown method ''"]),
        (["--methods", "gradient,activations"], ["activations explains no class", "explain --method activations"]),
        (["--methods", "occlusion", "--layer", "conv1"], ["occlusion knows no layer"]),
        (["--target", "3", "--versus", "3"], ["itself"]),
        (["--target", "99"], ["'99'", "0 to 9"]),
        (["--seed", "-1"], ["--seed", "'-1'"]),
        (["--out", "all.gif"], ["'all.gif'", ".png"]),
        (["--method", "gradient"], ["'--method'", "compare --help"]),
    ],
)
def test_compare_refuses_in_one_line(capsys, argv, words):
    err = refused(capsys, "compare", *argv)
    for word in words:
        assert word in err


# -- tour ---------------------------------------------------------------------------------------------


def test_the_tour_tells_numbers_that_are_computed(capsys):
    start = time.process_time()
    text = told(capsys, "tour")
    assert time.process_time() - start < 15  # by its own clock: other tests may run beside it
    assert 8 <= len(text.splitlines()) <= 36
    assert max(map(len, text.splitlines()[:-1])) <= 90
    for numbers in ("(0, 0)", "(0.5, 0.5)", "0.5 + 0.5 = 1", "(3, 7, 4)", "4.5 + 3.5 + 4 = 12"):
        assert numbers in text
    images, _ = mx.datasets.digits("test")
    model = mx.load("digits")
    second, first = map(int, model.scores(images[DIGIT : DIGIT + 1])[0].argsort()[-2:])
    result = mx.deep_lift(model, images[DIGIT : DIGIT + 1], first, versus=second)
    assert f"{result.values.sum():.4g}" in text
    assert f"{result.score[0]:.4g}" in text
    bird = birds.draw(1, SCENE)
    redshank, greenshank = mx.load("shorebirds").scores(bird.images)[0, :2]
    assert f"{redshank - greenshank:.4g} apart" in text
    assert files() == ["minixai-tour.png"]
    picture = Image.open("minixai-tour.png")
    picture.load()
    assert picture.height > picture.width > 1000


@pytest.mark.slow
def test_the_tour_s_numbers_follow_the_rules(capsys, monkeypatch):
    """With another method the story is another: its numbers are no constants."""
    monkeypatch.setattr("minixai.cli.tour.gradient", mx.input_x_gradient)
    assert "(9, 7, 8)" in told(capsys, "tour")


@pytest.mark.slow
def test_the_tour_s_advice_is_sound(capsys):
    """What it says to type next works, and the files that it says to read are there."""
    text = told(capsys, "tour")
    Image.fromarray(np.full((9, 9), 200, np.uint8)).save("FILE", "PNG")
    commands = re.findall(r"^ +minixai (\S.*?)(?:   |$)", text, re.MULTILINE)
    assert len(commands) == 4
    for command in commands:
        assert main(command.split()) == 0
    folder = Path(text.splitlines()[-1].strip())
    names = re.findall(r"[\w/]+\.py", text)
    assert names
    assert all((folder / name).is_file() for name in names)


@pytest.mark.parametrize("out", ["tour.pdf", "folder.png", "nowhere/tour.png", "tour"])
def test_the_tour_refuses_in_one_line(capsys, out):
    Path("folder.png").mkdir()
    assert out in refused(capsys, "tour", "--out", out)


# -- predict, models, methods -------------------------------------------------------------------------


def test_predict(capsys):
    text = told(capsys, "predict", "--digit", "5")
    images, _ = mx.datasets.digits("test")
    order = mx.load("digits").probabilities(images[5:6])[0].argsort()[::-1][:5]
    table = text[text.index("class  probability") :].splitlines()[1:]
    assert [line.split()[0] for line in table] == [str(k) for k in order]
    assert all(line.endswith("%") for line in table)
    assert files() == []


def test_predict_with_one_score(capsys):
    """Its probability is the sigmoid, and there are no others to tell."""
    small_model("one.npz", classes=("bird",))
    Image.new("RGB", (12, 8)).save("black.png")
    text = told(capsys, "predict", "--model", "one.npz", "--image", "black.png")
    assert "prediction  bird (50.00%)\n" in text
    assert "1 class\n" in text


def test_models_lists_all_with_their_sizes(capsys):
    text = told(capsys, "models")
    for name, recipe in zoo.RECIPES.items():
        model = mx.load(name)
        weights = sum(w.size for w in model.weights.values())
        size, classes = " × ".join(map(str, model.input_shape)), len(model.classes)
        assert re.search(
            rf"^{name} +{size} +{classes} +{weights:,} +\d+ kB  {re.escape(recipe.about)}$",
            text,
            re.M,
        )


def test_methods_prints_the_guide_to_all_of_them(capsys):
    text = told(capsys, "methods")
    assert text == guide_text(shutil.get_terminal_size().columns) + "\n"
    assert set(mx.catalogue) <= set(text.split())


# -- train --------------------------------------------------------------------------------------------


@pytest.fixture
def few_digits(monkeypatch):
    """Training that takes no minutes: 128 digits."""
    images, labels = mx.datasets.digits("train")
    monkeypatch.setattr(zoo.digits, "digits", lambda split: (images[:128], labels[:128]))


def test_train_writes_a_model_that_explain_takes(capsys, few_digits):
    text = told(capsys, "train", "digits", "--epochs", "2", "--seed", "3")
    assert re.search(r"epoch  1: loss \d.*\nepoch  2: loss \d", text)
    assert re.search(r"correct: \d+\.\d\d% of 2,000 test digits\n", text)
    assert files() == ["digits.npz"]
    told(capsys, "train", "digits", "--epochs", "2", "--seed", "3", "--out", "again.npz")
    told(capsys, "train", "digits", "--epochs", "2", "--seed", "4", "--out", "other.npz")
    first, again, other = (
        mx.load(Path(name)).weights["conv1/kernel"] for name in ("digits.npz", "again.npz", "other.npz")
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert "digits.npz" in told(capsys, "predict", "--model", "digits.npz")


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ([], ["NAME", "train --help"]),
        (["digit"], ["'digit'", "'digits'"]),
        (["digits", "--epochs", "0"], ["--epochs"]),
        (["digits", "--epochs", "-2"], ["--epochs", "'-2'"]),
        (["digits", "--seed", "x"], ["--seed", "'x'"]),
        (["digits", "--out", "model.png"], ["model.png", ".npz"]),
        (["digits", "--out", "nowhere/model.npz"], ["nowhere/model.npz", "cannot write"]),
        (["digits", "--out", "folder.npz"], ["folder.npz", "folder"]),
        (["digits", "--out", ""], ["--out is empty"]),
    ],
)
def test_train_refuses_before_it_begins(capsys, monkeypatch, argv, words):
    monkeypatch.setattr(zoo, "make", lambda *args: pytest.fail("the training began"))
    Path("folder.npz").mkdir()
    err = refused(capsys, "train", *argv)
    for word in words:
        assert word in err


def test_an_interrupted_training_leaves_nothing(capsys, monkeypatch):
    def interrupted(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(zoo, "make", interrupted)
    assert main(["train", "digits"]) == 130
    assert capsys.readouterr().err == "minixai: interrupted\n"
    assert files() == []


# -- help and errors ----------------------------------------------------------------------------------


def test_alone_it_prints_the_help(capsys):
    text = told(capsys)
    assert text == told(capsys, "--help")
    for command in ("tour", "explain", "compare", "predict", "methods", "models", "train", "download"):
        assert re.search(rf"^ +{command} +\w", text, re.MULTILINE)
    assert "minixai tour" in text


@pytest.mark.parametrize("command", ["tour", "explain", "compare", "predict", "methods", "models", "train", "download"])
def test_every_command_has_a_help_with_examples_that_are_understood(capsys, command):
    text = told(capsys, command, "--help")
    assert text.startswith(f"usage: minixai {command}")
    assert max(map(len, text.splitlines())) <= 90
    examples = text[text.index("examples:") :].splitlines()[1:]
    assert examples
    for line in examples:
        assert line.startswith(f"  minixai {command}")
        assert parse(line.split()[1:]) is not None


def test_version(capsys):
    assert told(capsys, "--version") == f"minixai {version()}\n"
    assert re.fullmatch(r"\d+\.\d+\.\d+\w*", version())


@pytest.mark.parametrize("argv", [["explian"], ["--bogus"], ["bogus", "--bogus"], ["methods", "bogus"], ["--help-me"]])
def test_what_is_no_command_is_refused(capsys, argv):
    assert "--help" in refused(capsys, *argv)


def test_a_bug_shows_its_traceback(monkeypatch):
    """Only what can be wrong about the input becomes one line."""
    monkeypatch.setattr("minixai.cli.explain.catalogue", {})
    with pytest.raises(KeyError):
        main(["explain"])


# -- as a process -------------------------------------------------------------------------------------


def test_as_a_process():
    done = python("explain", "--digit", "3", text=True)
    assert done.returncode == 0
    assert done.stderr == ""
    assert "minixai-explain.png" in done.stdout
    assert files() == ["minixai-explain.png"]

    wrong = python("explain", "--target", "99", text=True)
    assert wrong.returncode == 2
    assert wrong.stdout == ""
    assert re.fullmatch(r"minixai: .*'99'.*\n", wrong.stderr)


def test_help_is_quick_and_loads_no_matplotlib():
    code = "import sys; from minixai.cli import main; main(['--help']); sys.exit('matplotlib' in sys.modules)"
    start = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment())
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - start < 5  # 0.6 s on a quiet machine


@pytest.mark.skipif(sys.platform == "win32", reason="pipes are closed otherwise there")
@pytest.mark.parametrize("command", slow_except(["methods"], ["methods", "--help", "predict"]))
def test_a_reader_that_has_enough_is_no_error(command):
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "minixai", command],
        stdout=writer,
        stderr=subprocess.PIPE,
        env=environment(PYTHONUNBUFFERED=""),
    )
    os.close(writer)
    assert done.stderr == b""
    assert done.returncode == 141


def test_what_ctrl_c_left_open_is_closed_without_a_word():
    """An interrupt may come between `open` and `with`, and Python may be told that warnings are errors."""
    code = """
import sys
from minixai import cli
def run(argv):
    left_open = open(sys.executable, "rb")
    raise KeyboardInterrupt
cli.run = run
sys.exit(cli.main([]))
"""
    done = subprocess.run([sys.executable, "-c", code], stderr=subprocess.PIPE, env=environment())
    assert (done.returncode, done.stderr) == (130, b"minixai: interrupted\n")


@pytest.mark.skipif(sys.platform == "win32", reason="signals are others there")
def test_ctrl_c_is_one_line_and_leaves_no_file():
    process = subprocess.Popen(
        [sys.executable, "-m", "minixai", "train", "digits"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # it may be ignored around here
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith(b"training digits")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err == b"minixai: interrupted\n"
    assert files() == []


@pytest.mark.slow
def test_a_terminal_without_the_signs_shows_others():
    done = python("predict", text=False)
    plain = subprocess.run(
        [sys.executable, "-m", "minixai", "predict"], capture_output=True, env=environment(PYTHONIOENCODING="ascii")
    )
    assert plain.returncode == 0
    assert plain.stderr == b""
    assert done.stdout.decode().replace("×", "?") == plain.stdout.decode()


def test_a_buffer_as_stdout(monkeypatch):
    """In a notebook stdout is no file."""

    class Notebook(BytesIO):
        def write(self, text):
            return super().write(text.encode())

    monkeypatch.setattr(sys, "stdout", page := Notebook())
    assert main(["methods"]) == 0
    assert b"deep_lift" in page.getvalue()


@pytest.mark.parametrize("baseline", ["nope", "3e40"])
def test_compare_with_a_baseline_that_cannot_be(baseline, capsys):
    assert main(["compare", "--baseline", baseline]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert files() == []


# -- score --------------------------------------------------------------------------------------------


def bird_model(name: str = "birds.npz") -> str:
    """A small network of the eight species that has learnt nothing."""
    layers = [Conv2D(4, 5, stride=4, activation="relu"), Flatten(), Dense(8)]
    mx.Model(layers, (64, 64, 3), classes=mx.datasets.birds.CLASSES, seed=1).save(name)
    return name


@pytest.mark.slow
def test_score_prints_the_table_of_the_same_call_in_python(capsys):
    bird_model()
    argv = ("score", "--model", "birds.npz", "--images", "4", "--methods", "gradient,deep_lift:blur,hires_cam")
    text = told(capsys, *argv, "--seed", "3")
    assert files() == ["birds.npz", "minixai-score.png"]
    with Image.open("minixai-score.png") as picture:
        assert min(picture.size) > 300
    scenes = mx.datasets.birds.draw(4, seed=3)
    model = mx.load("birds.npz")
    board = mx.evaluation.score(model, scenes, ["gradient", "deep_lift:blur", "hires_cam"], seed=3)
    assert str(board) in text
    assert str(mx.evaluation.intervene(model, scenes)) in text
    for each in mx.evaluation.SCORES.values():
        assert each.meaning in text
    assert "of its partner; hires_cam: that of the own species alone" in text
    assert re.search(r"work +[\d,]+ pictures drawn, [\d,]+ rows through the network", text)


def test_what_score_costs_is_told_before_the_work(capsys, monkeypatch):
    def interrupted(*args, **options):
        options["announce"]("much")
        raise ValueError("and then it was interrupted")

    monkeypatch.setattr("minixai.evaluation.score", interrupted)
    assert main(["score", "--model", bird_model()]) == 2
    assert re.search("model +birds.npz.*\ninput +.*\nscenes +.*\nquestion .*\nwork +much\n", capsys.readouterr().out)


@pytest.mark.parametrize(("argv", "words"), [
    (["--images", "0"], "argument --images: 0 is too few"),
    (["--methods", "gradent"], "unknown method 'gradent', did you mean 'gradient'"),
    (["--methods", "gradient:blur"], "gradient knows no baseline"),
    (["--methods", "activations"], "activations explains no class"),
    (["--model", "digits"], "only for models of the eight shorebirds, and this one has 10 other classes"),
    (["--out", "table.csv"], "--out 'table.csv' has an unknown ending"),
    (["--digit", "3"], "'--digit' is no option of score"),
])  # fmt: skip
def test_what_score_refuses(capsys, argv, words):
    assert words in refused(capsys, "score", "--model", bird_model(), *argv)


# -- bench --------------------------------------------------------------------------------------------


def test_bench_names_its_sections_and_needs_a_clone(capsys, monkeypatch):
    from minixai.cli import bench

    told(capsys, "bench", "--help")
    runner = bench.load_benchmark()
    monkeypatch.setattr(bench, "load_benchmark", lambda: runner)
    monkeypatch.setattr(runner, "main", lambda sections, quick, busy: f"{sections} {quick} {busy}")
    assert told(capsys, "bench", "--sections", "small,floor", "--quick").strip() == "['small', 'floor'] True False"
    assert told(capsys, "bench").strip() == f"{list(runner.SECTIONS)} False False"
    assert "did you mean 'layers'" in refused(capsys, "bench", "--sections", "layer")
    monkeypatch.undo()
    monkeypatch.setattr(bench, "__file__", "/nowhere/minixai/cli/bench.py")
    assert "needs a clone" in refused(capsys, "bench")


def test_bench_lists_its_sections_in_its_help(capsys):
    from minixai.cli import bench

    assert ", ".join(bench.load_benchmark().SECTIONS) in " ".join(told(capsys, "bench", "--help").split())


# -- nothing surprises it -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "name"),
    [
        (["explain", ""], "FILE"),
        (["predict", " "], "FILE"),
        (["explain", "--out", ""], "--out"),
        (["explain", "--model", ""], "--model"),
        (["compare", "--background", ""], "--background"),
        (["explain", "--target", ""], "--target"),
        (["predict", "--input-shape", ""], "--input-shape"),
        (["score", "--methods", ""], "--methods"),
        (["lessons", "--copy", ""], "--copy"),
        (["lesson", ""], "N"),
        (["experiment", ""], "NAME"),
        (["verify", "--only", ""], "--only"),
        (["bench", "--sections", ""], "--sections"),
        (["download", "vgg16", "--out", ""], "--out"),
    ],
)
def test_an_empty_argument_is_refused(capsys, argv, name):
    """It comes of an unset variable of a shell, and does not count as none."""
    err = refused(capsys, *argv)
    assert f"{name} is empty" in err or f"argument {name}: '' is no" in err


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["explain", "--seed", "4294967296"], "4294967296 is too large: give a seed from 0 to 4294967295"),
        (["explain", "--seed", "9" * 6000], "999…"),
        (["explain", "--scene", "9" * 6000], "is too large"),
        (["explain", "--method", "smooth_grad", "--samples", "100001"], "100001 is too large"),
        (["explain", "--digit", "9" * 18], "they are numbered from 0 to 1999"),
        (["explain", "--target", "9" * 6000], "0 to 9"),
        (["explain", "--layer", "9" * 6000], "unknown layer"),
        (["score", "--images", "5001"], "at most 5000"),
        (["train", "digits", "--epochs", "1001"], "at most 1000"),
        (["experiment", "closeness", "--images", "2001"], "at most as many"),
    ],
)
def test_numbers_have_ceilings_and_say_them(capsys, argv, words):
    err = refused(capsys, *argv)
    assert words in err
    assert len(err) < 400


@pytest.mark.parametrize(
    "argv",
    [
        ["explain", "--method", "LONG"],
        ["explain", "LONG"],
        ["explain", "--model", "LONG"],
        ["explain", "--model", "LONG.npz"],
        ["explain", "--baseline", "LONG"],
        ["explain", "--layer", "LONG"],
        ["explain", "--target", "LONG"],
        ["explain", "--out", "LONG"],
        ["explain", "--out", "LONG.png"],
        ["explain", "--LONG"],
        ["explain", "--fit", "LONG", "cat"],
        ["LONG"],
        ["train", "LONG"],
        ["experiment", "LONG"],
        ["verify", "--source", "LONG"],
        ["score", "--methods", "LONG"],
    ],
)
def test_messages_repeat_no_long_value(capsys, argv):
    err = refused(capsys, *(word.replace("LONG", "x" * 5000) for word in argv))
    assert "x" * 61 not in err


def test_control_codes_of_names_do_not_reach_the_terminal(capsys, monkeypatch):
    evil = "\x1b[31mred\x07\u202e"
    small_model(classes=(evil, "dog", "newt"))
    Image.new("RGB", (12, 8)).save("black.png")
    common = ("--model", "pets.npz", "--image", "black.png")
    for command in ("predict", "explain", "compare"):
        words = ("--methods", "gradient") if command == "compare" else ("--method", "gradient")
        text = told(capsys, command, *common, *(words if command != "predict" else ()))
        assert "\\x1b[31mred\\x07\\u202e" in text
        assert all(c.isprintable() or c == "\n" for c in text)
    err = refused(capsys, "explain", *common, "--target", "\x1b[2J")
    assert all(c.isprintable() or c == "\n" for c in err)
    for argv in (("predict", "\x1b[2J.png"), ("\x1b[2J",), ("predict", "--\x1b[2J")):
        assert all(c.isprintable() or c == "\n" for c in refused(capsys, *argv))

    def doubtful(args):
        warnings.warn("of \x1b[2J", stacklevel=2)

    monkeypatch.setattr("minixai.cli.parse", lambda argv: argparse.Namespace(run=doubtful))
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        main([])
    assert capsys.readouterr().err == "minixai: note: of \\x1b[2J\n"


def test_many_classes_are_not_all_listed(capsys):
    names = [f"layer{i}" for i in range(200)]
    with pytest.raises(ValueError, match="'layer0', 'layer1', .* and 176 more$"):
        one_of("nothing", names, "layer")


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["predict", "--out", "x.png", "--digit", "3"], "'--out' is no option of predict"),
        (["explain", "--methd", "gradient"], "'--methd' is no option of explain, did you mean --method?"),
        (["explain", "--target=3", "--verus=4"], "did you mean --versus?"),
        (["explian"], "'explian' is no command, did you mean explain?"),
    ],
)
def test_what_is_misspelt_is_named_first(capsys, argv, words):
    assert words in refused(capsys, *argv)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_inputs_that_never_end_are_refused(capsys):
    os.mkfifo("pipe")
    with time_limit(20):
        for option in ("--model", "--image", "--baseline"):
            assert "is a pipe or a device" in refused(capsys, "explain", option, "pipe")
        assert "--model '/dev/zero' is a pipe or a device" in refused(capsys, "explain", "--model", "/dev/zero")
        assert "--weights 'pipe'" in refused(capsys, "explain", "--model", "vgg16", "--weights", "pipe")


def test_memory_that_is_not_there_is_one_line(capsys, monkeypatch):
    def hungry(args):
        raise MemoryError

    monkeypatch.setattr("minixai.cli.parse", lambda argv: argparse.Namespace(run=hungry))
    assert main([]) == 2
    assert capsys.readouterr().err.startswith("minixai: there is not enough memory")


def test_a_user_s_matplotlibrc_changes_no_picture(capsys):
    """It may ask for LaTeX, which is not there, and it is not changed for others."""
    told(capsys, "explain", "--method", "gradient")
    before = Path("minixai-explain.png").read_bytes()
    with matplotlib.rc_context({"text.usetex": True, "savefig.dpi": 20, "font.size": 40}):
        told(capsys, "explain", "--method", "gradient")
        assert matplotlib.rcParams["text.usetex"]
    assert Path("minixai-explain.png").read_bytes() == before


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is full")
@pytest.mark.parametrize("argv", [["explain"], ["methods"]])
def test_output_that_cannot_be_written_is_refused_before_the_work(argv):
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "minixai", *argv], stdout=full, stderr=subprocess.PIPE, env=environment(), text=True
        )
    assert done.returncode == 2
    assert re.fullmatch("minixai: what this prints cannot be written .*\n", done.stderr)
    assert files() == []


@pytest.mark.skipif(sys.platform == "win32", reason="there is no sh")
def test_closed_outputs():
    """Without stdout nothing is done; without stderr all is, and errors are still counted."""

    def shell(command: str) -> subprocess.CompletedProcess[str]:
        line = f"{sys.executable} -m minixai {command}"
        return subprocess.run(["sh", "-c", line], capture_output=True, text=True, env=environment())

    closed = shell("explain >&-")
    assert (closed.returncode, files()) == (2, [])
    assert re.fullmatch("minixai: standard output is closed.*\n", closed.stderr)
    assert "deep_lift" in shell("methods 2>&-").stdout
    wrong = shell("predict --digit 99999 2>&-")
    assert (wrong.returncode, wrong.stdout) == (2, "")


@pytest.mark.parametrize("command", ["models", "experiment", "--help", "predict --help"])
def test_without_docstrings(command):
    """python -OO takes them away."""
    done = subprocess.run(
        [sys.executable, "-OO", "-m", "minixai", *command.split()], capture_output=True, text=True, env=environment()
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("option", [["--out", "locked"], ["--out", "file/figures"]])
def test_a_folder_for_figures_is_tried_before_the_lesson(capsys, monkeypatch, option):
    Path("file").touch()
    Path("locked").mkdir()
    real = tempfile.TemporaryFile

    def locked(*args, dir=None, **options):
        if Path(dir).name == "locked":
            raise PermissionError(13, "Permission denied")
        return real(*args, dir=dir, **options)

    monkeypatch.setattr(tempfile, "TemporaryFile", locked)
    monkeypatch.setattr("minixai.cli.learning.run", lambda *args, **options: pytest.fail("the lesson began"))
    err = refused(capsys, "lesson", "1", *option)
    assert "give another folder" in err or "give a folder" in err


# -- Ctrl-C -------------------------------------------------------------------------------------------


@pytest.fixture
def command(monkeypatch):
    """This process counts as a command; afterwards signals are handled as before."""
    monkeypatch.setattr(interrupts, "is_command", lambda: True)
    monkeypatch.setattr(interrupts.State, "announced", False)
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_which_processes_are_commands(monkeypatch):
    for argv, orig, is_so in (
        (["-m"], ["python", "-m", "minixai"], True),
        (["-m"], ["python", "-W", "error", "-mminixai", "predict"], True),
        (["-m"], ["python", "-m", "pytest"], False),
        (["/usr/bin/minixai", "predict"], [], True),
        ([r"/x/minixai.exe"], [], True),
        (["/x/minixai/__main__.py"], [], True),
        (["/x/other/__main__.py"], [], False),
        (["train.py"], [], False),
        ([""], [], False),
        ([], [], False),
    ):
        monkeypatch.setattr(sys, "argv", argv)
        monkeypatch.setattr(sys, "orig_argv", orig)
        assert interrupts.is_command() is is_so, argv


def test_ctrl_c_while_loading_ends_the_process_and_else_raises(command, monkeypatch, capfd):
    codes = []
    monkeypatch.setattr(os, "_exit", codes.append)
    with interrupts.Loading():
        signal.raise_signal(signal.SIGINT)
    assert codes == [130]
    assert capfd.readouterr().err == "minixai: interrupted\n"
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    assert codes == [130]
    signal.raise_signal(signal.SIGINT)  # somebody is impatient while files are removed
    assert codes == [130, 130]


def test_an_interrupt_is_announced_once(command, monkeypatch, capfd):
    monkeypatch.setattr(os, "_exit", lambda code: None)
    interrupts.exit_at_once()
    interrupts.exit_at_once()
    assert capfd.readouterr().err == "minixai: interrupted\n"


def test_an_ignored_ctrl_c_stays_ignored(command):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with interrupts.Loading():
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_programs_that_import_minixai_keep_their_own_handling():
    code = "import signal; import minixai.cli; assert signal.getsignal(2) is signal.default_int_handler"
    subprocess.run([sys.executable, "-c", code], check=True, env=environment())


def test_an_interrupt_in_a_callback_is_raised_again(command):
    """Python prints exceptions of callbacks and goes on; a command must end."""
    interrupts.guard()
    interrupts.release()

    class Interrupted:
        def __del__(self):
            signal.raise_signal(signal.SIGINT)

    def work():
        interrupted = Interrupted()
        del interrupted
        time.sleep(5)

    with pytest.raises(KeyboardInterrupt):
        work()


@pytest.mark.skipif(sys.platform == "win32", reason="signals are others there")
def test_ctrl_c_at_any_moment_is_one_line():
    """At 12 moments of a command, most of them while modules load: Python itself has started when minixai has."""
    started = "import sys; sys.argv = ['-m']; sys.orig_argv = ['python', '-m', 'minixai']; "
    run = (
        "import minixai.interrupts; print('on', flush=True); from minixai.cli import main; sys.exit(main(['predict']))"
    )
    code = started + run
    for i in range(12):
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(),
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        assert process.stdout is not None
        time.sleep(0.15 + 0.1 * i)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        if out.startswith(b"on") or process.returncode == 130:
            assert (process.returncode, err) in [(130, b"minixai: interrupted\n"), (0, b"")]


def test_control_codes_of_folders_do_not_reach_the_terminal(capsys):
    for argv in (["lesson", "2", "--quiet", "--out", "\x1b[31mred"], ["lessons", "--copy", "\x1b[31mcopies"]):
        assert "\x1b" not in told(capsys, *argv)

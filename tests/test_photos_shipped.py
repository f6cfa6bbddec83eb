"""The photos that come with minixai, reading images for a model, and what explains them on the command line."""

import hashlib
import os
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import minixai as mx
from minixai import zoo
from minixai.cli import main
from minixai.files import shipped
from minixai.images import BORDER, SHIPPED_PHOTOS, read_image
from minixai.layers import Dense, Flatten

README = shipped("README.md").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def small(height: int, width: int, channels: int = 3) -> mx.Model:
    return mx.Model([Flatten(), Dense(2)], (height, width, channels))


def output(capsys, *argv: str) -> str:
    assert main(argv) == 0
    return capsys.readouterr().out


# -- the files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHIPPED_PHOTOS)
def test_photos_are_those_that_the_readme_describes(name):
    path = shipped(f"photos/{name}.jpg")
    assert f"`{name}.jpg` | `{hashlib.sha256(path.read_bytes()).hexdigest()}`" in README
    with Image.open(path) as photo:
        assert (photo.format, photo.mode, photo.width) == ("JPEG", "RGB", 320)
        assert not photo.getexif()


def test_licences_are_shipped():
    text = shipped("LICENSE-Apache-2.0.txt").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text
    project = (Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8")
    assert 'license = "MIT AND Apache-2.0 AND CC-BY-SA-3.0 AND CC0-1.0"' in project
    assert '"data/LICENSE-Apache-2.0.txt"' in project


# -- reading images -----------------------------------------------------------------------------------


def test_one_path_or_several_become_rows():
    model = small(20, 30)
    one, two = mx.read_images("cat", like=model), mx.read_images(["cat", Path("coffee")], like=model)
    assert one.shape == (1, 20, 30, 3)
    assert two.shape == (2, 20, 30, 3)
    assert two.dtype == np.float32
    assert 0 <= two.min() < two.max() <= 1
    np.testing.assert_array_equal(one[0], two[0])
    np.testing.assert_array_equal(two[1], read_image(shipped("photos/coffee.jpg"), (20, 30, 3)))
    assert mx.read_images("cat", like=small(5, 5, 1)).shape == (1, 5, 5, 1)


def test_a_file_comes_before_a_shipped_photo_of_its_name():
    Image.new("RGB", (4, 4), "red").save("cat", format="PNG")
    np.testing.assert_array_equal(mx.read_images("cat", like=small(2, 2)), np.tile([1.0, 0.0, 0.0], (1, 2, 2, 1)))


@pytest.mark.parametrize("wide", [True, False])
def test_crop_pad_and_stretch(wide):
    """A picture of three squares, red, green and blue, side by side or one above the other."""
    pixels = np.repeat(np.repeat(np.eye(3)[None] * 255, 4, axis=0), 4, axis=1).astype(np.uint8)  # (4, 12, 3)
    Image.fromarray(pixels if wide else pixels.swapaxes(0, 1)).save("flag.png")

    def read(fit: str, side: int) -> np.ndarray:
        image = mx.read_images("flag.png", like=small(side, side), fit=fit)[0]
        return image if wide else image.swapaxes(0, 1)

    green, grey = np.eye(3)[1], np.full(3, BORDER)
    np.testing.assert_array_equal(read("crop", 4), np.tile(green, (4, 4, 1)))
    padded = read("pad", 12)
    np.testing.assert_array_equal(padded[4:8], pixels / np.float32(255))
    np.testing.assert_array_equal(padded[[*range(4), *range(8, 12)]], np.tile(grey, (8, 12, 1)))
    np.testing.assert_array_equal(read("stretch", 12), np.tile(pixels[:1] / np.float32(255), (12, 1, 1)))


def test_an_odd_border_is_one_pixel_wider_after_and_a_line_stays_a_line():
    Image.new("L", (90, 1), 255).save("line.png")
    x = mx.read_images("line.png", like=small(4, 6, 1), fit="pad")[0, ..., 0]
    np.testing.assert_array_equal(x, np.array([[BORDER] * 6, [1] * 6, [BORDER] * 6, [BORDER] * 6]))


def test_refusals():
    model = small(4, 4)
    with pytest.raises(ValueError, match="give at least one path"):
        mx.read_images([], like=model)
    with pytest.raises(ValueError, match="unknown fit 'crops', did you mean 'crop'"):
        mx.read_images("cat", like=model, fit="crops")
    for name in ("dog", "cat.jpg", "../cat", "photos/cat"):
        with pytest.raises(ValueError, match="there is no such file"):
            mx.read_images(name, like=model)


# -- the command line ---------------------------------------------------------------------------------


def test_a_photo_is_explained_by_the_shipped_network(capsys):
    text = output(capsys, "explain", "cat", "--method", "gradient")
    assert "model       efficientnet-lite0, 224 × 224 × 3 -> 1000 classes\n" in text
    assert "weights     trained on ImageNet; they come with minixai\n" in text
    assert "image       cat, a photo that comes with minixai\n" in text
    assert "prediction  Egyptian_cat (" in text
    assert os.listdir() == ["minixai-explain.png"]
    assert text == output(capsys, "explain", "--model", "efficientnet-lite0", "--method", "gradient")


def test_a_file_is_too_and_with_invert_it_is_a_digit(capsys):
    path = str(shipped("photos/coffee.jpg"))
    text = output(capsys, "predict", path)
    assert f"image       {path}\n            cropped to its middle, 33% is cut off; --fit pad keeps all of it\n" in text
    assert "prediction  espresso (" in text
    assert "model       digits," in output(capsys, "predict", path, "--invert")
    assert "model       digits," in output(capsys, "predict")
    assert "model       shorebirds," in output(capsys, "predict", "--scene", "1")


def test_it_is_listed(capsys):
    assert re.search(
        r"^efficientnet-lite0 +224 × 224 × 3 +1000 +4,631,000 +\d+ kB  photos", output(capsys, "models"), re.M
    )
    with pytest.raises(ValueError, match="did you mean 'efficientnet-lite0'"):
        zoo.load("efficientnet_lite0")


def test_it_takes_no_other_weights(capsys):
    assert main(["predict", "cat", "--weights", "w.h5"]) == 2
    assert "--weights is for vgg16 and vgg19" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:integrated_gradients misses")
def test_compare_shows_a_photo(capsys):
    text = output(capsys, "compare", "coffee")
    assert "question    the score of espresso" in text
    assert os.listdir() == ["minixai-compare.png"]

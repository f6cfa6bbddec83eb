"""The photo of a lesson: asked for by --weights and --image, on the command line and of the script itself."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from minixai import cli
from minixai import lesson as course
from minixai import photo as photos
from minixai.lesson import Lesson, every_lesson
from minixai.photo import WITHOUT, open_photo, typed
from tests.zoo.files import narrow

ROOT = Path(__file__).resolve().parents[2]
WITH_PHOTO = [each for each in every_lesson(ROOT / "lessons") if each.has_photo]


@pytest.fixture
def small(monkeypatch, tmp_path):
    """Weights of a narrow VGG-16, in a file; the one of the lessons is as narrow."""
    monkeypatch.setattr(photos, "vgg16", narrow)
    path = tmp_path / "narrow.npz"
    narrow(seed=3).save(path)
    return str(path)


def test_a_photo_of_ones_own(small, tmp_path):
    path = tmp_path / "half.png"
    Image.fromarray(np.full((80, 120, 3), 51, np.uint8)).save(path)
    found = open_photo(small, str(path))
    assert found.name == str(path)
    assert np.allclose(found.image, 0.2)
    assert found.image.shape == (1, 64, 64, 3)
    assert np.array_equal(found.model.scores(found.image), narrow(seed=3).scores(found.image))
    assert found.title.startswith(f"{path}: ")


def test_without_weights_there_is_none(capsys):
    assert open_photo(None) is None
    with course.session(None):
        assert course.photo() is None
    assert capsys.readouterr().out.strip() == WITHOUT
    assert "minixai download vgg16" in WITHOUT
    with pytest.raises(ValueError, match="add --weights FILE"):
        open_photo(None, "bird.jpg")


def test_what_a_script_was_called_with(small, monkeypatch, capsys):
    """Other words are no matter of ours: a notebook's kernel has options of its own."""
    assert typed(["-f", "kernel.json"]) is None
    monkeypatch.setattr(sys, "argv", ["lesson.py", "--weights", small])
    assert course.photo().model.input_shape == (64, 64, 3)
    with course.session(None):
        assert course.photo() is None, "a test must not hear what pytest was called with"


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--image", "bird.jpg"], "add --weights FILE"),
        (["--weights", "there-is-none.h5"], "there-is-none.h5"),
    ],
)
def test_wrong_files_are_one_sentence(argv, words, capsys):
    with pytest.raises(SystemExit) as stopped:
        typed(argv)
    assert stopped.value.code == 2
    assert words in capsys.readouterr().err.splitlines()[-1]
    assert cli.main(["lesson", "10", *argv]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1


def test_lessons_without_a_photo_say_so(small, capsys):
    assert cli.main(["lesson", "1", "--weights", small]) == 2
    assert "lesson 1 has no photo: leave --weights and --image out, or take 10, 13" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("lesson", WITH_PHOTO, ids=lambda lesson: lesson.path.stem)
def test_the_pictures_of_a_photo(lesson: Lesson, small, tmp_path, capsys):
    """Those that need no weights, and more of them."""
    assert cli.main(["lesson", str(lesson.path), "--quiet", "--out", str(tmp_path / "out"), "--weights", small]) == 0
    out = capsys.readouterr().out
    assert "Grace Hopper" in out
    assert WITHOUT not in out
    names = {path.name.removesuffix(".png") for path in (tmp_path / "out").iterdir()}
    of_photo = {name for name in names if name.endswith("-photo")}
    assert of_photo
    assert {name.replace("photo", "redshank") for name in of_photo} <= names, "the same pictures of the bird"


@pytest.mark.slow
@pytest.mark.parametrize("lesson", WITH_PHOTO, ids=lambda lesson: lesson.path.stem)
def test_as_a_script(lesson, tmp_path):
    done = subprocess.run(
        [sys.executable, str(lesson.path), "--weights", "there-is-none.h5"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "HOME": str(tmp_path), "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2
    assert "there-is-none.h5" in done.stderr
    assert "Traceback" not in done.stderr

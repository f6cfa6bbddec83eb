"""`minixai audit`: the report of a digit, a second opinion on a file, and one line for what cannot be."""

import numpy as np
import pytest

import minixai as mx
from minixai.cli import main


def run(capsys, *argv):
    code = main(["audit", *map(str, argv)])
    out, err = capsys.readouterr()
    return code, out, err


def test_a_digit(tmp_path, capsys):
    path = tmp_path / "digit.html"
    code, out, err = run(capsys, "--digit", 3, "--methods", "gradient,deep_lift", "--out", path)
    assert code == 0, err
    assert "depends on what was learnt" in out
    assert "about" in err
    assert "rows through the network" in err
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert "Audit of gradient" in path.read_text(encoding="utf-8")


def test_a_second_opinion(tmp_path, capsys):
    model, (images, _) = mx.load("digits"), mx.datasets.digits("test")
    values = mx.integrated_gradients(model, images[3:4], steps=20).values
    np.save(tmp_path / "map.npy", -values)
    given = ("--digit", 3, "--map", tmp_path / "map.npy", "--claims", "integrated_gradients", "--option", "steps=20")
    code, out, err = run(capsys, *given, "--methods", "gradient", "--out", tmp_path / "audit.png")
    assert code == 0, err
    assert "its sign flipped" in out
    assert (tmp_path / "audit.png").stat().st_size > 10_000


BAD = {
    "no claim": (("--map", "{map}"), "--claims METHOD"),
    "no map": (("--claims", "gradient"), "add --map"),
    "no file": (("--map", "nowhere.npy", "--claims", "gradient"), "No such file"),
    "no array": (("--map", "{text}", "--claims", "gradient"), "give a file of np.save"),
    "a pickle": (("--map", "{pickle}", "--claims", "gradient"), "give a file of np.save"),
    "channels-first": (("--map", "{first}", "--claims", "gradient"), "look channels-first"),
    "no method": (("--method", "gradent"), "did you mean 'gradient'"),
    "an option": (("--option", "steps"), "is not NAME=VALUE"),
    "an unknown option": (("--option", "stepz=3"), "unknown option of deep_lift"),
    "an option of the command": (("--option", "others=3"), "--option cannot set others, which the command sets itself"),
    "a class as an option": (("--option", "target=3"), "--option cannot set target, which the command sets itself"),
    "an ending": (("--out", "audit.txt"), "unknown ending"),
    "no folder": (("--truth", "nowhere", "--methods", "gradient"), "is no folder"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_gets_one_line(name, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("map.npy", np.zeros((1, 28, 28, 1)))
    np.save("first.npy", np.zeros((1, 1, 28, 27)))
    np.save("pickle.npy", np.array([{}]), allow_pickle=True)
    (tmp_path / "text.npy").write_text("no array")
    argv, words = BAD[name]
    files = {key: str(tmp_path / f"{key}.npy") for key in ("map", "first", "pickle", "text")}
    code, _, err = run(capsys, "--digit", 3, *(word.format(**files) for word in argv))
    assert code == 2
    assert words in err.splitlines()[-1]
    assert "Traceback" not in err
    assert not list(tmp_path.glob("*.html"))

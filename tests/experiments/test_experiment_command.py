"""minixai experiment: what is printed, the picture, the exit code, and what is refused."""

import json
import re

import numpy as np
import pytest
from PIL import Image

from minixai.cli import main
from minixai.experiments import EXPERIMENTS, Block, Claim, Experiment, Result, closeness
from minixai.lesson import shipped_home
from minixai.plots.charts import BoxPlotPanel, draw_box_plots


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


class Made(Result):
    """A result whose one claim is as it is told."""

    def __init__(self, holds, images=0, seed=0):
        self.__dict__ |= {"_holds": holds, "given": (images, seed)}

    @property
    def blocks(self):
        return [Block("what was given", [("images", "seed"), tuple(map(str, self.given))])]

    @property
    def claims(self):
        return [Claim("the sky is above", self._holds)]

    @property
    def figure(self):
        panels = [BoxPlotPanel("one", [np.ones(3)], [1.0])]
        return draw_box_plots(panels, ["a"], title="t", x_label="x", mark_label="m", columns=1)


def enter(monkeypatch, run):
    monkeypatch.setitem(EXPERIMENTS, "made", Experiment(run, 1))


def good(images=7, seed=0):
    """What is the question?"""
    return Made(True, images, seed)


def bad(images=7):
    """What is the question?"""
    return Made(False, images)


def test_without_a_name_it_lists_all(capsys, folder):
    assert main(["experiment"]) == 0
    out, err = capsys.readouterr()
    for name, each in EXPERIMENTS.items():
        assert name in out
        assert each.question in out
        assert each.time in out
    assert err == ""
    assert not list(folder.iterdir())


def test_it_prints_the_question_the_table_and_the_claims_and_draws(capsys, monkeypatch):
    enter(monkeypatch, good)
    assert main(["experiment", "made", "--images", "3", "--seed", "5", "--out", "a.png"]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        "made: What is the question? (about 15 s without options)",
        "",
        "what was given",
        "  images  seed",
        "  3          5",
        "",
        "holds  the sky is above",
        "",
        "picture     a.png",
    ]
    assert err == ""
    Image.open("a.png").load()


def test_a_claim_that_fails_is_told_and_the_exit_code_is_1(capsys, monkeypatch):
    enter(monkeypatch, bad)
    assert main(["experiment", "made"]) == 1
    out, err = capsys.readouterr()
    assert "FAILS  the sky is above" in out
    assert err == "minixai: 1 of 1 claims of made fail\n"
    Image.open("minixai-made.png").load()


def test_with_other_numbers_of_images_chance_has_a_say(capsys, monkeypatch):
    enter(monkeypatch, bad)
    assert main(["experiment", "made", "--images", "2"]) == 1
    said = (
        "1 of 1 claims of made fail (the claims are made for its own number of images; with others chance plays a part)"
    )
    assert capsys.readouterr().err == f"minixai: {said}\n"


def test_the_book_has_them_all_and_promises_what_they_say():
    section = (shipped_home() / "pages" / "trust" / "experiments.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([\w-]+)` \|", section, re.MULTILINE) == list(EXPERIMENTS)
    assert "more than two minutes" in " ".join(section.split())
    assert max(each.seconds for each in EXPERIMENTS.values()) <= 120


@pytest.mark.parametrize("run", [good, bad])
def test_json_has_all_of_it(capsys, monkeypatch, run):
    enter(monkeypatch, run)
    assert main(["experiment", "made", "--json"]) == (run is bad)
    found = json.loads(capsys.readouterr().out)
    assert found == {
        "experiment": "made",
        "picture": "minixai-made.png",
        "blocks": [{"heading": "what was given", "lines": [["images", "seed"], ["7", "0"]]}],
        "claims": [{"text": "the sky is above", "holds": run is good}],
        "holds": run is good,
    }


def test_what_it_prints_is_what_python_has(capsys):
    main(["experiment", "closeness", "--images", "2", "--seed", "1"])
    assert str(closeness(2, 1)) in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["nope"], "unknown experiment 'nope': one of 'digit-morphing', 'sanity', 'closeness', 'convergence'"),
        (["closness"], "did you mean 'closeness'"),
        (["closeness", "--images", "0"], "0 is too few"),
        (["closeness", "--images", "many"], "'many' is not a whole number"),
        (["digit-morphing", "--seed", "1"], "digit-morphing draws nothing by chance: leave --seed out"),
        (["closeness", "--out", "a.gif"], "unknown ending"),
        (["closeness", "--out", ""], "--out is empty"),
        (["--images", "3"], "--images is for one experiment: give its name"),
        (["--json"], "--json is for one experiment"),
        (["--seed", "0"], "--seed is for one experiment"),
    ],
)
def test_what_cannot_be_is_one_line_and_no_file(capsys, folder, argv, said):
    assert main(["experiment", *argv]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert err.count("\n") == 1
    assert not list(folder.iterdir())


def test_wrong_counts_in_python_are_one_sentence():
    for each in EXPERIMENTS.values():
        with pytest.raises(ValueError, match="images is a whole number, at least 1"):
            each.run(images=0)

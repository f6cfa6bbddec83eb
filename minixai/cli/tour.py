"""`minixai tour`: attribution, shown with a bird, two small functions, a network that reads digits, and a photo."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

import minixai
from minixai import zoo
from minixai.attribution import Attribution
from minixai.cli.arguments import BACKGROUND
from minixai.cli.options import Commands, add_command
from minixai.cli.output import drawing, output_path, save_stacked
from minixai.cli.subject import DIGIT, SCENE, class_label, draw_bird, load_digit, percent
from minixai.datasets import shorebirds
from minixai.graph import Node
from minixai.images import read_images
from minixai.methods import catalogue, deep_lift, grad_cam, gradient
from minixai.ops import relu
from minixai.text import say

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MODEL = "digits"
PHOTO_MODEL, PHOTO = "efficientnet-lite0", "coffee"
MAPS = (
    "gradient",
    "input_x_gradient",
    "guided_backprop",
    "smooth_grad",
    "grad_cam",
    "hires_cam",
    "occlusion",
    "integrated_gradients",
    "deep_lift",
    "expected_gradients",
)


ABOUT = """
See in a few seconds what attribution is.

A bird that ten methods explain in ten ways, two small functions, a network that
reads digits, and a photo: a short story whose numbers are computed as it goes,
and one picture of all of it.
"""


def add_tour(commands: Commands) -> None:
    parser = add_command(commands, tour, ABOUT, "minixai tour\nminixai tour --out story.png")
    parser.add_argument(
        "--out", metavar="FILE.png", default="minixai-tour.png", help="the picture (default: %(default)s)"
    )


class Chapter(NamedTuple):
    """A part of the tour: its text and its figure."""

    text: str
    figure: Figure


def tour(args: argparse.Namespace) -> None:
    """Run `minixai tour` with the parsed options."""
    out = output_path(args.out, (".png",))
    with drawing():
        chapters = [bird(), saturation(), product(), digit(), photo()]
        one, two, three, four, five = (chapter.figure for chapter in chapters)
        save_stacked([[[one]], [[two]], [[three], [four, five]]], out)
    ending = ENDING.format(out=out, folder=Path(minixai.__file__).parent)
    say(*(chapter.text.strip("\n") for chapter in chapters), ending.strip("\n"), sep="\n\n")


def bird() -> Chapter:
    """Return the first chapter: ten methods explain one decision in ten ways."""
    from minixai import plots

    model = zoo.load("shorebirds")
    shown = draw_bird(SCENE, model)
    image = shown.image[None]
    first = int(model.predict(image)[0])
    p, one, other = model.probabilities(image)[0][first], class_label(first, model), class_label(first ^ 1, model)
    given: dict[str, dict[str, Any]] = {
        "expected_gradients": {"background": shorebirds(BACKGROUND)[0]},
        "deep_lift": {"baseline": "blur"},
    }
    maps = [catalogue[m](model, image, first, versus=first ^ 1, **given.get(m, {})) for m in MAPS]
    text = f"""
1. A question. A network is shown {shown.name}.
   It takes it for a {one} ({percent(p)}).  Why not for a {other}, which differs in
   one part only?  Ten maps explain why its two scores are {end_score(maps[0])} apart.
   Which one do you believe?  Write it down.  We know the part, because the birds are
   drawn, and `minixai score` measures how well each method finds it."""
    title = f"1. Why a {one} and not a {other}?  Ten answers: which do you believe?"
    headings = [each.replace("_", " ") for each in MAPS]
    headings[7:9] = ["integrated gradients, black", "deep lift, blurred"]
    figure = plots.compare(maps, image, title=title, titles=headings, size=1.0, percentile=99.7)
    return Chapter(text, figure)


def saturation() -> Chapter:
    """Return the second chapter: the gradient misses a saturated input."""
    title = "2. Saturation: y = 1 − relu(1 − (i1 + i2)) at (1, 1)"
    slopes, parts, figure = toy(lambda i1, i2: 1 - relu(1 - (i1 + i2)), {"i1": 1.0, "i2": 1.0}, title)
    text = f"""
2. Saturation. y = 1 - relu(1 - (i1 + i2)) rises until i1 + i2 is 1, then is flat.
   At the baseline (0, 0) it is {start_score(parts)}, at (1, 1) it is {end_score(parts)}.
     gradient   {value_list(slopes):15}  a small change changes nothing: is nothing important?
     deep_lift  {value_list(parts):15}  what each input contributed, {sum_of(parts)}: all of y"""
    return Chapter(text, figure)


def product() -> Chapter:
    """Return the third chapter: how the value of a product is shared among the inputs of its factors."""
    title = "3. Interaction: f = (a + b)(b + c) at (3, 1, 2)"
    slopes, parts, figure = toy(lambda a, b, c: (a + b) * (b + c), {"a": 3.0, "b": 1.0, "c": 2.0}, title)
    text = f"""
3. Interaction. f = (a + b)(b + c) is {start_score(parts)} at (0, 0, 0) and {end_score(parts)} at (3, 1, 2).
     gradient   {value_list(slopes):15}  how fast f grows with each input
     deep_lift  {value_list(parts):15}  what each input contributed, {sum_of(parts)}: all of f"""
    return Chapter(text, figure)


def toy(
    function: Callable[..., Node], point: Mapping[str, float], title: str
) -> tuple[Attribution, Attribution, Figure]:
    """Return the gradient and DeepLIFT of a small function at a point, and a figure of its graph."""
    from minixai import plots

    def of_row(x: Node) -> Node:
        return function(*(x[:, i] for i in range(len(point))))

    row = [list(point.values())]
    nodes = [Node(value, reference=0.0).named(name) for name, value in point.items()]
    return gradient(of_row, row), deep_lift(of_row, row), plots.graph(function(*nodes), title=title)


def digit() -> Chapter:
    """Return the fourth chapter: gradient and DeepLIFT of a network that classifies digits."""
    from minixai import plots

    model = zoo.load(MODEL)
    shown = load_digit(DIGIT, model)
    image = shown.image[None]
    p = model.probabilities(image)[0]
    second, first = map(int, p.argsort()[-2:])
    one, other = class_label(first, model), class_label(second, model)
    slopes, parts = (method(model, image, first, versus=second) for method in (gradient, deep_lift))
    text = f"""
4. A network that reads digits takes {shown.name}, for {one} ({percent(p[first])}).
   Why not for the next likeliest, {other}?  The difference of their two scores
   is {start_score(parts)} at the baseline, a black image, and {end_score(parts)} at this one.
     gradient   its values sum to {total(slopes)}, which means nothing
     deep_lift  {total(parts)}, which is {end_score(parts)} - {start_score(parts)} up to rounding: it adds up"""
    title = f"4. A network: why {one} and not {other}?"
    return Chapter(text, plots.show([slopes, parts], image, title=title, size=1.02))


def photo() -> Chapter:
    """Return the fifth chapter: two methods explain how a network with a thousand classes sees a photo."""
    from minixai import plots

    model = zoo.load(PHOTO_MODEL)
    image = read_images(PHOTO, like=model)
    p = model.probabilities(image)[0]
    second, first = map(int, p.argsort()[-2:])
    one, other = (str(model.classes[k]).replace("_", " ") for k in (first, second))
    parts = deep_lift(model, image, first, versus=second, baseline="blur")
    cam = grad_cam(model, image, first, versus=second)
    text = f"""
5. A photo. A network that knows 1,000 classes takes it for {one} ({percent(p[first])}).
   Why not for {other}?  Two methods, the difference of two scores, {end_score(parts)}."""
    title = f"5. A photo: why {one} and not {other}?"
    look: dict[str, Any] = {"size": 1.02, "percentile": 99.5, "overlay": True, "classes": {first: one, second: other}}
    figure = plots.show([parts, cam], image, title=title, **look)
    return Chapter(text, figure)


# -- numbers ------------------------------------------------------------------------------------------


def in_brackets(x: float) -> str:
    """Return a number with four significant digits, in brackets if it is negative, so that it can stand in a sum.

    >>> in_brackets(0.5), in_brackets(-0.0), in_brackets(-1.23456)
    ('0.5', '0', '(-1.235)')
    """
    return f"{x + 0.0:.4g}" if x >= 0 else f"({x:.4g})"


def value_list(result: Attribution) -> str:
    return f"({', '.join(f'{v + 0.0:.4g}' for v in result.values.ravel())})"


def sum_of(result: Attribution) -> str:
    return f"{' + '.join(map(in_brackets, result.values.ravel()))} = {total(result)}"


def total(result: Attribution) -> str:
    return in_brackets(float(result.values.sum(dtype=np.float64)))


def end_score(result: Attribution) -> str:
    """Return the score at the input, as text."""
    return in_brackets(float(result.score[0]))


def start_score(result: Attribution) -> str:
    """Return the score at the baseline, as text."""
    assert result.reference_score is not None
    return in_brackets(float(result.reference_score[0]))


ENDING = """
All of it is drawn in {out}: red raises a score, blue lowers it.  Orange and
green are slopes: a brighter or a darker pixel would raise it, whatever it does now.

Next:
     minixai explain --scene 5 --baseline partner
                                             another bird, and what sets it apart
     minixai explain --digit 51 --versus 9   another of the 2,000 test digits
     minixai explain --image FILE --invert   a digit of your own, dark ink on paper
     minixai methods                         all methods, and what each one answers
   and read toys.py, rules/slopes.py and methods/deep_lift.py in
     {folder}"""

"""`minixai tour`: what attribution is, shown with a bird, two small functions and a network that reads digits."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import minixai
from minixai import toys, zoo
from minixai.attribution import Attribution
from minixai.cli.arguments import BACKGROUND
from minixai.cli.options import Commands, add_command
from minixai.cli.output import drawing, output_path, save_stacked
from minixai.cli.subject import DIGIT, SCENE, class_label, draw_bird, load_digit, percent
from minixai.datasets import shorebirds
from minixai.graph import Node
from minixai.methods import catalogue, deep_lift, gradient, guided_backprop
from minixai.text import say

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MODEL = "digits"
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

A bird that ten methods explain in ten ways, two small functions, and a network
that reads digits: a short story whose numbers are computed as it goes, and one
picture of all of it.
"""


def add_tour(commands: Commands) -> None:
    parser = add_command(commands, tour, ABOUT, "minixai tour\nminixai tour --out story.png")
    parser.add_argument(
        "--out", metavar="FILE.png", default="minixai-tour.png", help="the picture (default: %(default)s)"
    )


class Chapter(NamedTuple):
    """A part of the tour: its text, and its figure."""

    text: str
    figure: Figure


def tour(args: argparse.Namespace) -> None:
    """Run the command."""
    out = output_path(args.out, (".png",))
    with drawing():
        chapters = [bird(), saturation(), product(), digit()]
        save_stacked([chapter.figure for chapter in chapters], out)
    ending = ENDING.format(out=out, folder=Path(minixai.__file__).parent)
    say(*(chapter.text.strip("\n") for chapter in chapters), ending.strip("\n"), sep="\n\n")


def bird() -> Chapter:
    """One decision, ten explanations of it."""
    from minixai import plots

    model = zoo.load("shorebirds")
    shown = draw_bird(SCENE, model)
    image = shown.image[None]
    first = int(model.predict(image)[0])
    p, one, other = model.probabilities(image)[0][first], class_label(first, model), class_label(first ^ 1, model)
    given = {"expected_gradients": {"background": shorebirds(BACKGROUND)[0]}}
    maps = [catalogue[m](model, image, first, versus=first ^ 1, **given.get(m, {})) for m in MAPS]
    text = f"""
1. A question. A network is shown {shown.name}.
   It takes it for a {one} ({percent(p)}).  Why not for a {other}, which is drawn
   alike but for one part?  Ten maps explain what sets its two scores {end_score(maps[0])} apart.
   Which do you believe?  Write it down: of these birds we know which part it is, and
   `minixai score` measures how well each method finds it."""
    title = f"1. Why a {one} and not a {other}?  Ten answers: which do you believe?"
    return Chapter(text, plots.compare(maps, image, title=title))


def saturation() -> Chapter:
    """Why the gradient is not enough."""
    slopes, parts, figure = toy(toys.saturation, (1.0, 1.0), "2. Saturation: y = 1 − relu(1 − (i1 + i2)) at (1, 1)")
    text = f"""
2. Saturation. y = 1 - relu(1 - (i1 + i2)) rises until i1 + i2 is 1, then is flat.
   At the baseline (0, 0) it is {start_score(parts)}, at (1, 1) it is {end_score(parts)}.
     gradient   {value_list(slopes):15}  a small change changes nothing: is nothing important?
     deep_lift  {value_list(parts):15}  what each input brought, {sum_of(parts)}: all of the rise"""
    return Chapter(text, figure)


def product() -> Chapter:
    """What a product owes to its factors."""
    slopes, parts, figure = toy(toys.add_multiply, (3.0, 1.0, 2.0), "3. Interaction: f = (a + b)(b + c) at (3, 1, 2)")
    text = f"""
3. Interaction. f = (a + b)(b + c) is {start_score(parts)} at (0, 0, 0) and {end_score(parts)} at (3, 1, 2).
     gradient   {value_list(slopes):15}  how fast f grows with each input
     deep_lift  {value_list(parts):15}  what each input brought, {sum_of(parts)}: all of f"""
    return Chapter(text, figure)


def toy(
    function: Callable[[Node], Node], point: tuple[float, ...], title: str
) -> tuple[Attribution, Attribution, Figure]:
    """The gradient and DeepLIFT of a small function at a point, and its graph."""
    from minixai import plots

    x = Node([point], reference=0.0).named("x")
    return gradient(function, [point]), deep_lift(function, [point]), plots.graph(function(x), title=title)


def digit() -> Chapter:
    """The same for a network with thousands of weights."""
    from minixai import plots

    model = zoo.load(MODEL)
    shown = load_digit(DIGIT, model)
    image = shown.image[None]
    p = model.probabilities(image)[0]
    second, first = map(int, p.argsort()[-2:])
    one, other = class_label(first, model), class_label(second, model)
    methods = (gradient, guided_backprop, deep_lift)
    slopes, guided, parts = (method(model, image, first, versus=second) for method in methods)
    last = end_score(parts)
    text = f"""
4. A network. It takes {shown.name}, for {one} ({percent(p[first])}).
   Why not for the next likeliest, {other}?  The difference of their two scores
   is {start_score(parts)} for a black image, the baseline, and {end_score(parts)} for this one.
     gradient         its values sum to {total(slopes)}, which means nothing
     guided_backprop  {total(guided)}, which means nothing either, sharp as its map looks
     deep_lift        {total(parts)}, which is {last} - {start_score(parts)} to within rounding: it adds up"""
    title = f"4. A network: why {one} and not {other}?"
    return Chapter(text, plots.show([slopes, guided, parts], image, title=title))


# -- numbers ------------------------------------------------------------------------------------------


def in_brackets(x: float) -> str:
    """Four digits, in brackets below zero so that it can stand in a sum.

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
    """The score at the input."""
    return in_brackets(float(result.score[0]))


def start_score(result: Attribution) -> str:
    """The score at the baseline."""
    assert result.reference_score is not None
    return in_brackets(float(result.reference_score[0]))


ENDING = """
All of it is drawn in {out}: red raises the score, blue lowers it.

Next:
     minixai explain --scene 5 --baseline partner
                                             another bird, and what sets it apart
     minixai explain --digit 51 --versus 9   another of the 2,000 test digits
     minixai explain --image FILE --invert   a digit of your own, dark ink on paper
     minixai methods                         all methods, and what each one answers
   and read toys.py, rules/slopes.py and methods/deep_lift.py in
     {folder}"""

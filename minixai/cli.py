"""The command line: `minixai`, or `python -m minixai`.

A command is a function of its options, which its docstring explains to whoever asks for --help.  A
wrong input raises ValueError wherever it is noticed, and `main` makes one line of it.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from inspect import cleandoc
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import numpy as np
import numpy.typing as npt
from PIL import Image

from minixai import toys, zoo
from minixai.attribution import Attribution
from minixai.datasets import digits
from minixai.files import shipped, whole
from minixai.graph import Array, Node
from minixai.images import read_image
from minixai.methods import catalogue, deep_lift, gradient
from minixai.methods.baselines import BASELINES
from minixai.methods.registry import Method
from minixai.model import Model, known
from minixai.text import columns

if TYPE_CHECKING:  # matplotlib takes a while to load, so only the commands that draw import it
    from matplotlib.figure import Figure

MODEL, METHOD, DIGIT = "digits", "deep_lift", 702
PICTURES = (".png", ".pdf", ".svg")
TOP = 5  # classes that `predict` shows


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0, 2 if the input is wrong, 130 if interrupted."""
    try:
        run(argv)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return complaint("interrupted", 130)
    except BrokenPipeError:  # whoever read the output has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (ValueError, TypeError, OSError) as problem:
        return complaint(str(problem), 2)
    return 0


def run(argv: Sequence[str] | None) -> None:
    """Read the options and call the command."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without Greek letters shows ?
    parser = options()
    try:
        args, rest = parser.parse_known_args(argv)
    except SystemExit:  # --help has printed
        return
    if rest:
        args.parser.error(f"unknown option {rest[0]!r}")
    args.run(args)


def complaint(text: str, code: int) -> int:
    """Print one line on stderr; return the exit code."""
    if code == 130 and sys.stderr.isatty():
        print(file=sys.stderr)  # leave the line of a progress
    print("minixai:", " ".join(text.splitlines()), file=sys.stderr)
    return code


# -- commands -----------------------------------------------------------------------------------------


def explain(args: argparse.Namespace) -> None:
    """Explain what a network sees in an image, and draw it.

    Without options: why does the network "digits" take a certain test digit for what it is?
    Prints the prediction and the certificate (what the values are, and whether they add up to the
    score), and writes a picture: red raises the score, blue lowers it.
    """
    out = place(args.out, PICTURES, inputs=(args.image, args.baseline))
    method = catalogue[args.method]
    subject = chosen(args)
    target, versus = question(args, subject)
    result = method(subject.model, subject.image, target, versus=versus, **parameters(args, method, subject.model))
    asked = title(subject.model, target) + ("" if versus is None else f" against {title(subject.model, versus)}")
    print(subject)
    print(f"question    {args.method}: {method.answers} The {result.output} is that of {asked}.", end="\n\n")
    print(result, end="\n\n")
    save(drawn([result], subject), out)
    print(f"picture     {out} (red raises the {result.output}, blue lowers it)")


def predict(args: argparse.Namespace) -> None:
    """Tell what a network sees in an image: its likeliest classes."""
    subject = chosen(args)
    print(subject, end="\n\n")
    lines = [(subject.model.classes[k], percent(subject.probabilities[k])) for k in subject.order[:TOP]]
    print(*columns([("class", "probability"), *lines], right=[1]), sep="\n")


def tour(args: argparse.Namespace) -> None:
    """See in a few seconds what attribution is: two small functions, then a network that reads digits.

    Prints a short story with the numbers computed as it goes, and writes one picture of all of it.
    """
    out = place(args.out, PICTURES[:1])
    parts = [tour_saturation(), tour_product(), tour_digit()]
    page = stacked([figure for _, figure in parts])
    with whole(out) as file:
        page.save(file, "PNG")
    print(*(text for text, _ in parts), sep="\n\n", end="\n\n")
    print(f"All of this is drawn in {out}: red raises the score, blue lowers it.", end="\n\n")
    print(NEXT.format(folder=Path(__file__).parent))


def train(args: argparse.Namespace) -> None:
    """Train one of the shipped networks anew, from the 8,000 training digits: some minutes.

    Prints how each pass over the digits went and how many of the 2,000 test digits are read
    correctly, and writes the network to a file that --model takes.
    """
    recipe = zoo.RECIPES[known(args.name, zoo.RECIPES, "model")]
    out = place(args.out or f"{args.name}.npz", (".npz",))
    epochs = recipe.epochs if args.epochs is None else args.epochs
    print(f"training {args.name}, {counted(epochs, 'epoch')}: {recipe.about}", flush=True)
    model, history = zoo.make(args.name, args.seed, epochs)
    model.save(out)
    for i, epoch in enumerate(history, 1):
        print(f"epoch {i:2}: {epoch}")
    print(f"test digits read correctly: {zoo.accuracy(model):.2%}")
    print(f"written to {out}; use it by: minixai explain --model {out}")


def models(args: argparse.Namespace) -> None:
    """List the networks that come with minixai."""
    print(*columns([("model", "input", "classes", "parameters", "file", "what it is"), *map(entry, zoo.RECIPES)]), sep="\n")


def methods(args: argparse.Namespace) -> None:
    """List the methods: the question each answers, what it costs, and whether it adds up."""
    print(catalogue)


# -- what is explained --------------------------------------------------------------------------------


class Subject(NamedTuple):
    """A model and one image for it (1, H, W, C), what they are called, and what the model sees."""

    model: Model
    image: Array
    about: str
    probabilities: Array

    @property
    def order(self) -> npt.NDArray[np.intp]:
        """Class numbers, the likeliest first."""
        return np.asarray((-self.probabilities).argsort(kind="stable"))

    def __str__(self) -> str:
        return "\n".join(columns([]))

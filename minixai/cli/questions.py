"""Several questions about one image: those of a strip, of a comparison, of some classes; and what they will cost.

The cost is told before the work by a rehearsal: a network of one filter is asked the same, and the
methods count their rows.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from minixai.attribution import Attribution, Cost
from minixai.cli.asking import Answer, ask, large, layer
from minixai.cli.subject import Subject, class_names, class_number
from minixai.layers import Conv2D, Dense, GlobalAveragePool2D, Upsample2D
from minixai.methods import gradient
from minixai.methods.registry import Method
from minixai.model import Item, Model

if TYPE_CHECKING:
    from matplotlib.figure import Figure

UNFELT = 10  # rows
SPECKLED = 128  # pixels along a side of an image whose map has a few values far above all others
NOISE = (0, 0.05, 0.1, 0.2, 0.3, 0.5)  # σ in parts of the image's range, as the article varies it


class Question(NamedTuple):
    """A method, asked with the options that were typed and some of its own; a title, if these set it apart."""

    args: argparse.Namespace
    method: Method
    more: Mapping[str, Any] = {}
    title: str = ""

    def ask(self, subject: Subject) -> Answer:
        return ask(self.args, self.method, subject, **self.more)


def varied(args: argparse.Namespace, method: Method, **changes: Any) -> Question:
    """The same question with other words on the command line."""
    return Question(argparse.Namespace(**vars(args) | changes), method)


# -- strips -------------------------------------------------------------------------------------------


def noise_levels(args: argparse.Namespace, method: Method, model: Model) -> list[Question]:
    """The same random numbers, larger from map to map."""
    return [Question(args, method, {"noise": level}, f"noise {level:.0%}") for level in NOISE]


def steps(args: argparse.Namespace, method: Method, model: Model) -> list[Question]:
    return [Question(args, method, {"path": True})]


def convolutions(args: argparse.Namespace, method: Method, model: Model) -> list[Question]:
    """Every convolution, from the first to the last."""
    if args.layer is not None:
        raise ValueError("--strip goes through all convolutions: leave --layer out, or --strip")
    names = [entry.name for entry in model.layers if isinstance(entry.layer, Conv2D)]
    if not names:
        raise ValueError("this model has no convolutions to go through: leave --strip out")
    return [varied(args, method, layer=name) for name in names]


STRIPS: Mapping[str, Callable[[argparse.Namespace, Method, Model], list[Question]]] = {
    "smooth_grad": noise_levels,
    "integrated_gradients": steps,
    "grad_cam": convolutions,
    "hires_cam": convolutions,
    "guided_grad_cam": convolutions,
}
"""What a strip shows, method by method."""


def asked_for(args: argparse.Namespace, method: Method, subject: Subject) -> list[Question]:
    """The questions that the options of `explain` ask: of a strip, of several classes, or just the one."""
    if args.strip and args.classes is not None:
        raise ValueError("--strip and --classes are two pictures: ask for one of them")
    if args.strip:
        if method.name not in STRIPS:
            raise ValueError(f"{method.name} has no strip: leave --strip out, or take {', '.join(STRIPS)}")
        return STRIPS[method.name](args, method, subject.model)
    if args.classes is None:
        return [Question(args, method)]
    if args.target is not None or not method.class_specific:
        reason = "--target names one class" if args.target is not None else f"{method.name} explains no class"
        raise ValueError(f"{reason}, --classes several: leave one of them out")
    names = args.classes.split(",")
    if len({class_number(name, subject.model) for name in names}) < len(names):
        raise ValueError(f"--classes {args.classes!r} names a class twice: name each once")
    return [varied(args, method, target=name) for name in names]


def strip(results: Sequence[Attribution], questions: Sequence[Question], subject: Subject) -> tuple[Figure, str]:
    """The picture of a strip, and what it shows."""
    from minixai import plots

    names = class_names(subject.model)
    if results[0].method == "integrated_gradients":
        return plots.series(results[0], title=subject.caveat, classes=names), "the way from the baseline to the image"
    titles = [question.title for question in questions if question.title] or None
    options: dict[str, Any] = {
        "title": subject.caveat,
        "titles": titles,
        "classes": names,
        "percentile": percentile(subject),
    }
    figure = plots.show(results, subject.image, scale="result", **options)
    return figure, f"red raises the {results[0].output}, blue lowers it; each map has a scale of its own"


def percentile(subject: Subject) -> float:
    """Which part of a map's values is not beyond the scale of its colours."""
    return 99.9 if min(subject.image.shape[1:3]) >= SPECKLED else 100.0


# -- what it will cost --------------------------------------------------------------------------------


def foretell(questions: Sequence[Question], subject: Subject) -> None:
    """Say on stderr what will be computed and about how long it takes, where that is felt."""
    if not large(subject.model) or sum(cost := rehearsed(questions, subject)) < UNFELT:
        return
    gradient(subject.model, subject.image)  # what is prepared once is prepared here
    start = time.monotonic()
    gradient(subject.model, subject.image)
    seconds = (time.monotonic() - start) / 2 * sum(cost)
    names = ", ".join(dict.fromkeys(question.method.name for question in questions))
    print(f"minixai: {names}: {cost}, about {duration(seconds)}", file=sys.stderr, flush=True)


def rehearsed(questions: Sequence[Question], subject: Subject) -> Cost:
    """How many rows the questions send through the network; those that it cannot answer, none."""
    total = Cost(0, 0)
    with warnings.catch_warnings(action="ignore"):  # the answers are thrown away
        for question in questions:
            with suppress(ValueError):  # told when it is asked in earnest
                total = total.plus(*stand_in(question, subject).result.cost)
    return total


def stand_in(question: Question, subject: Subject) -> Answer:
    """The answer of a network of one filter, with a layer of the same name and shape where one was asked for."""
    model, args = subject.model, question.args
    name = "conv" if args.layer is None else layer(args.layer, model)
    h, w, filters = (1, 1, 1) if args.layer is None else {e.name: e.shape for e in model.layers}[name]
    layers: list[Item] = [("resize", Upsample2D((h, w))), (name, Conv2D(filters, 1))]
    end: list[Item] = [("mean", GlobalAveragePool2D()), ("scores", Dense(len(model.classes)))]
    small = Model(end if name == "input" else layers + end, model.input_shape, classes=model.classes)
    played = question._replace(args=argparse.Namespace(**vars(args) | {"layer": args.layer and name}))
    return played.ask(subject._replace(model=small))


def duration(seconds: float) -> str:
    """A time as one says it.

    >>> duration(7.4), duration(75), duration(4000)
    ('7 s', '1 min 15 s', '1 h 6 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{max(whole, 1)} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"

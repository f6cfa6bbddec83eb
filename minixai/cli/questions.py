"""Several questions about one image: those of a strip, of a comparison, of some classes."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from minixai.attribution import Attribution
from minixai.cli.arguments import Answer, ask
from minixai.cli.subject import Subject, class_names, class_number
from minixai.layers import Conv2D
from minixai.methods.registry import Method
from minixai.model import Model

if TYPE_CHECKING:
    from matplotlib.figure import Figure

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
    from minixai.plots.maps import meaning

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
    return figure, f"{meaning(results[0])}; each map has a scale of its own"


def percentile(subject: Subject) -> float:
    """Which part of a map's values is not beyond the scale of its colours."""
    return 99.9 if min(subject.image.shape[1:3]) >= SPECKLED else 100.0

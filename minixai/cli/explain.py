"""`minixai explain`: one method on one image."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import ModuleType
from typing import TYPE_CHECKING, Any

from minixai.attribution import Attribution
from minixai.cli.arguments import MethodCall, method_call
from minixai.cli.cost import print_cost
from minixai.cli.options import PICTURES, Commands, add_command
from minixai.cli.output import drawing, output_path, save_beside_photo
from minixai.cli.question import Question, add_question_options, describe
from minixai.cli.subject import (
    PHOTO_NETWORK,
    Subject,
    add_image_options,
    add_model_options,
    load_subject,
)
from minixai.layers import Conv2D
from minixai.methods import catalogue
from minixai.methods.registry import Method
from minixai.text import quoted, say

if TYPE_CHECKING:  # importing matplotlib is slow, so only the commands that draw import it
    from matplotlib.figure import Figure

FILTERS = 256  # at most this many feature maps are drawn
SPECKLED = 128  # from this many pixels along each side on, maps have a few values far above all others
NOISE = (0, 0.05, 0.1, 0.2, 0.3, 0.5)  # σ as shares of the image's range, the values of the SmoothGrad article

ABOUT = """
Explain what a network sees in an image, and draw it.

Prints the prediction, then the certificate: what the values are, what they cost,
and whether they add up to the score.  The picture shows them beside the image: red
raises the score and blue lowers it; slopes are orange and green, and the last line
says what that means.  Without options, a test digit is explained.
A photo is explained by EfficientNet-Lite0, which comes with minixai, unless --model
names another; photos called cat and coffee come with it too.

--strip shows how a map comes about: smooth_grad with more and more noise, integrated
gradients along the path from the baseline, grad_cam and its relatives at every
convolution.
--classes lays the maps of several classes over the image, side by side.
"""
EXAMPLES = """
minixai explain
minixai explain cat
minixai explain photo.jpg --method grad_cam
minixai explain photo.jpg --fit pad
minixai explain --digit 51 --versus 9 --method gradient
minixai explain --image my-digit.jpg --invert --out why.pdf
minixai explain --model digits-gap --layer conv3 --probability
minixai explain --scene 113 --versus greenshank --baseline partner
minixai explain cat.jpg --model mine.npz --target cat --baseline blur
minixai explain --model vgg16 --method activations --layer 7
minixai explain bird.jpg --model vgg16 --weights FILE --target redshank
minixai explain bird.jpg --model net.onnx --preprocessing imagenet --labels labels.txt
minixai explain --method grad_cam --strip
minixai explain --method expected_gradients --classes 8,3 --samples 500
"""
DEFAULTS = f"(default: {PHOTO_NETWORK} for an image file, digits for one with --invert, shorebirds for a --scene)"
"""The end of the help of --model, for commands in which the image decides on the default network."""


def add_explain(commands: Commands) -> None:
    parser = add_command(commands, explain, ABOUT, EXAMPLES)
    add_image_options(parser)
    add_model_options(parser, DEFAULTS)
    methods = ", ".join(catalogue)
    parser.add_argument("--method", metavar="NAME", default="deep_lift", help=f"{methods} (default: %(default)s)")
    add_question_options(parser, "minixai-explain.png")
    parser.add_argument(
        "--strip", action="store_true", help=f"one map for every step of a method, for {', '.join(STRIPS)}"
    )
    parser.add_argument(
        "--classes", metavar="CLASS,CLASS,...", help="explain several classes, and lay their maps over the image"
    )


@dataclass(frozen=True)
class Explanation:
    """What `explain` is to do: a question, a method, and whether to draw a strip or the maps of several classes."""

    question: Question
    method: Method
    strip: bool = False
    classes: str | None = None


def explain(args: argparse.Namespace) -> None:
    """Run `minixai explain` with the parsed options."""
    asked = Explanation(Question.of(args), catalogue[args.method], args.strip, args.classes)
    question = asked.question
    out = output_path(question.out, PICTURES, question.files, question.background)
    subject = load_subject(question.model, question.image)
    calls = method_calls(asked, subject)
    with drawing() as plots:
        print_cost(calls, subject)
        results = [call(subject.model, subject.image) for call in calls]
        figure, meaning = draw(plots, asked, results, calls, subject)
        save_beside_photo(figure, out, subject.shown.overview)
    is_about_one = asked.method.class_specific and asked.classes is None
    about = f" (the {describe(question, subject)})" if is_about_one else ""
    say(subject, f"question    {asked.method.answers}{about}", end="\n\n")
    say(*(call.report(result) for call, result in zip(calls, results, strict=True)), sep="\n\n", end="\n\n")
    say(f"picture     {out} ({meaning})")


# -- the calls of the method --------------------------------------------------------------------------


def method_calls(asked: Explanation, subject: Subject) -> list[MethodCall]:
    """Return the calls for a strip, for several classes, or for a single map.

    Raises ValueError if the options exclude each other or do not fit the method.
    """
    question, method = asked.question, asked.method
    if asked.strip and asked.classes is not None:
        raise ValueError("--strip and --classes are two pictures: ask for one of them")
    if asked.strip:
        if method.name not in STRIPS:
            raise ValueError(f"{method.name} has no strip: leave --strip out, or take {', '.join(STRIPS)}")
        return STRIPS[method.name](question, method, subject)
    if asked.classes is None:
        return [method_call(question, method, subject)]
    if question.target is not None or not method.class_specific:
        reason = "--target names one class" if question.target is not None else f"{method.name} explains no class"
        raise ValueError(f"{reason}, --classes several: leave one of them out")
    names = asked.classes.split(",")
    if len({subject.model.class_number(name) for name in names}) < len(names):
        raise ValueError(f"--classes {quoted(asked.classes)} names a class twice: name each once")
    return [method_call(replace(question, target=name), method, subject) for name in names]


def noise_strip(question: Question, method: Method, subject: Subject) -> list[MethodCall]:
    """Return a call for each level of noise in `NOISE`; all use the same random numbers."""
    return [method_call(question, method, subject, f"noise {level:.0%}", noise=level) for level in NOISE]


def path_strip(question: Question, method: Method, subject: Subject) -> list[MethodCall]:
    """Return a single call, whose result also keeps the steps along the path."""
    return [method_call(question, method, subject, path=True)]


def layer_strip(question: Question, method: Method, subject: Subject) -> list[MethodCall]:
    """Return a call for each convolution of the model, from the first to the last."""
    if question.layer is not None:
        raise ValueError("--strip goes through all convolutions: leave --layer out, or --strip")
    names = [entry.name for entry in subject.model.layers if isinstance(entry.layer, Conv2D)]
    if not names:
        raise ValueError("this model has no convolutions to go through: leave --strip out")
    return [method_call(replace(question, layer=name), method, subject) for name in names]


STRIPS: Mapping[str, Callable[[Question, Method, Subject], list[MethodCall]]] = {
    "smooth_grad": noise_strip,
    "integrated_gradients": path_strip,
    "grad_cam": layer_strip,
    "hires_cam": layer_strip,
    "guided_grad_cam": layer_strip,
}
"""{method: function that returns the calls for its strip}"""


# -- the picture --------------------------------------------------------------------------------------


def draw(
    plots: ModuleType, asked: Explanation, results: list[Attribution], calls: Sequence[MethodCall], subject: Subject
) -> tuple[Figure, str]:
    """Return the figure of the results, and words about what its colours mean."""
    result, colours = results[0], colour_meaning(results[0])
    common: dict[str, Any] = {"title": subject.caveat, "classes": subject.model.class_names}
    if asked.strip and result.method == "integrated_gradients":
        return plots.series(result, **common), "the path from the baseline to the image"
    if result.method == "activations":
        count = min(result.values.shape[-1], FILTERS)
        return plots.feature_maps(result, subject.image, count=count, title=subject.caveat), "bright is active"
    if asked.strip:
        titles = [call.title for call in calls if call.title] or None
        scales = {"titles": titles, "scale": "result", "percentile": shown_percentile(subject)}
        figure = plots.show(results, subject.image, **scales, **common)
        return figure, f"{colours}; each map has a scale of its own"
    if asked.classes is not None:
        figure = plots.show(results, subject.image, percentile=99.9, overlay=True, **common)
        return figure, colours
    percentile = shown_percentile(subject)
    return plots.show(result, subject.image, percentile=percentile, **common), colours


def colour_meaning(result: Attribution) -> str:
    from minixai.plots.maps import colour_meaning

    return colour_meaning(result)


def shown_percentile(subject: Subject) -> float:
    """Return the percentile of a map's absolute values that gets the full colour: 99.9 for large images, or 100."""
    return 99.9 if min(subject.image.shape[1:3]) >= SPECKLED else 100.0

"""`minixai compare`: many methods on one image."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from minixai.attribution import Attribution
from minixai.cli.arguments import MethodCall, baseline_value, has_option, is_large, method_call
from minixai.cli.cost import print_cost
from minixai.cli.explain import DEFAULTS, colour_meaning, shown_percentile
from minixai.cli.options import PICTURES, Commands, add_command
from minixai.cli.output import drawing, output_path, save_beside_photo
from minixai.cli.question import Question, add_question_options, describe
from minixai.cli.subject import Subject, add_image_options, add_model_options, load_subject
from minixai.methods import catalogue
from minixai.methods.call import Call
from minixai.methods.registry import Method
from minixai.text import say

QUICKER = (
    *("gradient", "integrated_gradients", "deep_lift", "guided_backprop"),
    *("grad_cam", "guided_grad_cam", "smooth_grad"),
)
"""The methods that are compared by default on a large network."""
SHARED = ("baseline", "seed", "samples", "background")
"""Options that are passed only to the methods that have them."""

ABOUT = """
Ask many methods the same about one image, and draw their maps side by side.

Prints the certificate of each: what its values are, what they cost, and whether
they add up to the score.  In the picture every map has a scale of its own, whose
number stands beneath it: red raises the score, blue lowers it; slopes are orange
where a brighter pixel would raise it, green where a darker one would.  Methods that
add up come first.  --baseline, --seed, --samples and --background are for those methods
that know them.  Of a large network it is said first what will be computed, and for
how long.
"""
EXAMPLES = """
minixai compare
minixai compare coffee
minixai compare --digit 51 --versus 9 --methods gradient,deep_lift,grad_cam
minixai compare my-digit.jpg --invert --out methods.pdf
minixai compare --scene 113 --versus greenshank --model shorebirds-biased
minixai compare photo.jpg --model net.onnx --preprocessing imagenet
minixai compare --model vgg16
"""


def add_compare(commands: Commands) -> None:
    parser = add_command(commands, compare, ABOUT, EXAMPLES)
    add_image_options(parser)
    add_model_options(parser, DEFAULTS)
    parser.add_argument(
        "--methods",
        metavar="NAME,NAME,...",
        help="in this order, without spaces (default: all that explain a class, of a large network the quicker ones); "
        "`minixai methods` lists them",
    )
    add_question_options(parser, "minixai-compare.png")


def compare(args: argparse.Namespace) -> None:
    """Run `minixai compare` with the parsed options."""
    question, names = Question.of(args), args.methods
    out = output_path(question.out, PICTURES, question.files, question.background)
    subject = load_subject(question.model, question.image)
    methods = default_methods(subject) if names is None else named_methods(names)
    if question.baseline is not None:  # a wrong baseline is an error here, and must not just leave methods out below
        Call(subject.model, subject.image).baseline(baseline_value(question.baseline, subject, question.image))
    calls = [method_call(known_part(question, method), method, subject) for method in methods]
    with drawing() as plots:
        print_cost(calls, subject)
        answered, left_out = call_all(calls, subject, may_fail=names is None)
        results = [result for _, result in answered]
        about, score = describe(question, subject), results[0].score[0]
        title = f"{subject.name}: {about}, {score:.3g}" + f" ({subject.caveat})" * bool(subject.caveat)
        figure = plots.compare(
            results,
            subject.image,
            title=title,
            percentile=shown_percentile(subject),
        )
        save_beside_photo(figure, out, subject.shown.overview)
    say(subject, f"question    the {about}, {score:.4g}", end="\n\n")
    say(*(call.report(result) for call, result in answered), sep="\n\n", end="\n\n")
    say(*(f"left out    {name}: {reason}\n" for name, reason in left_out), sep="", end="")
    say(f"picture     {out} ({colour_meaning(results[0])})")


def default_methods(subject: Subject) -> list[Method]:
    """Return the methods that explain a class, or only `QUICKER` for a large network; those that add up come first."""
    names = QUICKER if is_large(subject.model) else [name for name, m in catalogue.items() if m.class_specific]
    return sorted((catalogue[name] for name in names), key=lambda m: not m.complete)


def named_methods(text: str) -> list[Method]:
    """Return the methods named in a text "NAME,NAME,...".  Raises ValueError for one that explains no class."""
    methods = [catalogue[name] for name in text.split(",")]
    for method in methods:
        if not method.class_specific:
            raise ValueError(f"{method.name} explains no class: see it alone, minixai explain --method {method.name}")
    return methods


def known_part(question: Question, method: Method) -> Question:
    """Return the question without those of the `SHARED` options that this method does not have."""
    unknown: dict[str, Any] = {name: None for name in SHARED if not has_option(method, name)}
    return replace(question, **unknown)


def call_all(
    calls: Sequence[MethodCall], subject: Subject, may_fail: bool
) -> tuple[list[tuple[MethodCall, Attribution]], list[tuple[str, str]]]:
    """Return (call, result) for the calls that succeed, and (name, reason) for those that raise ValueError.

    The error is raised if methods may not fail, or if all of them do.
    """
    answered, left_out = list[tuple[MethodCall, Attribution]](), list[tuple[str, str]]()
    for call in calls:
        try:
            answered.append((call, call(subject.model, subject.image)))
        except ValueError as problem:
            if not may_fail or (call is calls[-1] and not answered):
                raise
            left_out.append((call.method.name, str(problem).split(":")[0]))  # without the advice after the colon
    return answered, left_out

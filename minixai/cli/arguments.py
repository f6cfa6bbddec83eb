"""Asking a method: with the options that were typed, and what it needs beyond them."""

from __future__ import annotations

import argparse
import os
from inspect import Parameter, signature
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from minixai import zoo
from minixai.arrays import Array
from minixai.attribution import Attribution
from minixai.cli.subject import PARTNER, Subject, called, class_number, picture
from minixai.datasets import digits, shorebirds
from minixai.methods import catalogue
from minixai.methods.baselines import BASELINES
from minixai.methods.groups import block_groups
from minixai.methods.registry import Method
from minixai.model import Model
from minixai.text import columns
from minixai.validate import one_of

BACKGROUND = 20  # training digits, or birds
PLAYERS, ORDERS = 7, 50  # blocks along a side, and in how many orders they are added
ABLATED = 28  # blocks along a side of an image too large to ablate every pixel
FOLDER = 100  # images of a folder that are a background
SAMPLES = 20  # noisy copies of an image for a large network
LARGE = 20e6  # bytes that one image takes in a network where every pass is felt
OPTIONS = {
    "baseline": ("baseline",),
    "layer": ("layer",),
    "seed": ("seed",),
    "samples": ("samples",),
    "background": ("background",),
}
"""What an option may be called by a method."""


class Answer(NamedTuple):
    """What a method said, and what it was given that nobody typed: (what, which)."""

    result: Attribution
    given: list[tuple[str, str]]

    def __str__(self) -> str:
        return "\n".join([*columns([(f"{what:<10}", which) for what, which in self.given]), str(self.result)])


def question(args: argparse.Namespace, subject: Subject) -> tuple[int, int | None]:
    """(target, versus) as class numbers.  Raises ValueError if they are unknown, or the same."""
    target = int(subject.order[0]) if args.target is None else class_number(args.target, subject.model)
    versus = None if args.versus is None else class_number(args.versus, subject.model)
    if target == versus:
        raise ValueError(
            f"{called(target, subject.model)} is compared with itself, and the difference is always 0: "
            "give another --target or --versus"
        )
    return target, versus


def asked(args: argparse.Namespace, subject: Subject) -> str:
    """What is explained, in words."""
    target, versus = question(args, subject)
    words = f"{'probability' if args.probability else 'score'} of {called(target, subject.model)}"
    return words + ("" if versus is None else f" minus that of {called(versus, subject.model)}")


def ask(args: argparse.Namespace, method: Method, subject: Subject, **more: Any) -> Answer:
    """Put the question to a method, with more options of its own.  Raises ValueError for those it does not know."""
    target, versus = question(args, subject)
    typed, said = parameters(args, method, subject)
    given, also = needed(method, subject, typed)
    return Answer(method(subject.model, subject.image, target, versus=versus, **typed | given | more), said + also)


def parameters(
    args: argparse.Namespace, method: Method, subject: Subject
) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """What was typed for the method, and what to call it.  Raises ValueError for what it cannot have."""
    given: dict[str, Any] = {"output": "probability" if args.probability else "score"}
    said = list[tuple[str, str]]()
    if args.layer is not None:
        given[taken(method, "layer")] = layer(args.layer, subject.model)
    if args.baseline is not None:
        given[taken(method, "baseline")] = baseline(args.baseline, subject, args.invert)
    if args.seed is not None:
        given[taken(method, "seed")] = args.seed
    if args.samples is not None:
        given[taken(method, "samples")] = args.samples
    if args.background is not None:
        option = taken(method, "background")
        given[option], name = folder(args.background, subject.model, args.invert)
        said.append((option, name))
    return given, said


def takes(method: Method, option: str) -> str | None:
    """What the method calls an option; None if it does not know it."""
    return next((name for name in OPTIONS[option] if name in signature(method.function).parameters), None)


def taken(method: Method, option: str) -> str:
    """What the method calls an option.  Raises ValueError if it does not know it."""
    if name := takes(method, option):
        return name
    others = ", ".join(m.name for m in catalogue.values() if takes(m, option))
    raise ValueError(f"{method.name} knows no {option}: leave --{option} out, or take a method that does: {others}")


# -- what a method needs ------------------------------------------------------------------------------


def needed(method: Method, subject: Subject, typed: dict[str, Any]) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """What the method cannot do without, or would take hours without, and how it is called."""
    model, given, said = subject.model, dict[str, Any](), list[tuple[str, str]]()
    required = [p.name for p in signature(method.function).parameters.values() if p.default is Parameter.empty]
    if "background" in required and "background" not in typed:
        given["background"], name = background(subject)
        said.append(("background", name))
    if method.name == "smooth_grad" and large(model) and "samples" not in typed:
        given["samples"] = SAMPLES
    shape = {entry.name: entry.shape for entry in model.layers}[typed.get("layer", "input")]
    if method.name == "shapley_values":
        given |= {"players": block_groups(shape, PLAYERS), "permutations": ORDERS}
        said.append(("players", f"{given['players'].max() + 1} blocks, added in {ORDERS} random orders"))
    if method.name == "feature_ablation" and np.prod(shape) > ABLATED**2:
        given["groups"] = block_groups(shape, ABLATED)
        said.append(("groups", f"{given['groups'].max() + 1} blocks, replaced one after the other"))
    return given, said


def background(subject: Subject) -> tuple[Array, str]:
    """A set of baselines, and what to call it: digits, birds or, for other models, the baselines that have names."""
    if subject.model.input_shape == zoo.DIGITS:
        return digits("train")[0][:BACKGROUND], f"the first {BACKGROUND} training digits"
    if subject.model.input_shape == zoo.BIRDS:
        return shorebirds(BACKGROUND)[0], f"{BACKGROUND} birds, mx.datasets.shorebirds({BACKGROUND})"
    rows = [make(subject.image)[0] for make in BASELINES.values()]
    return np.stack(rows).astype(subject.image.dtype), f"the baselines {', '.join(BASELINES)}"


def large(model: Model) -> bool:
    """Whether every pass through the network is felt."""
    return model.row_bytes > LARGE


# -- words as values ----------------------------------------------------------------------------------


def layer(name: str, model: Model) -> str:
    """The name of a layer, given by name or number, if its values have places in a picture."""
    shapes = {entry.name: entry.shape for entry in model.layers}
    if name.isdecimal() and int(name) < len(model.layers):
        name = model.layers[int(name)].name
    if len(shapes[one_of(name, shapes, "layer")]) != 3:
        places = ", ".join(each for each, shape in shapes.items() if len(shape) == 3)
        raise ValueError(f"the values of layer {name!r} have no place in a picture: give one of {places}")
    return name


def folder(name: str, model: Model, invert: bool) -> tuple[Array, str]:
    """The images of a folder, in the order of their names, and what to call them."""
    if not Path(name).is_dir():
        raise ValueError(f"--background {name!r} is no folder: give one with images that the image is compared with")
    paths = sorted(path for path in Path(name).iterdir() if path.suffix.lower() in Image.registered_extensions())
    if not paths:
        raise ValueError(f"--background {name!r} holds no images: give a folder with PNG or JPEG files")
    rows = [picture(str(path), model, invert)[0] for path in paths[:FOLDER]]
    return np.stack(rows), f"{'the first ' * (len(paths) > FOLDER)}{len(rows)} images in {name}"


def baseline(text: str, subject: Subject, invert: bool) -> str | float | Array:
    """A baseline by its name, as a number, from an image file, or the partner of a bird."""
    if text in BASELINES:
        return text
    if text == PARTNER:
        if subject.partner is None:
            raise ValueError(f"{subject.names[1]} has no partner: give another baseline, or a bird with --scene SEED")
        return subject.partner
    try:
        return float(text)
    except ValueError:
        pass
    if Path(text).suffix or os.path.exists(text):
        return picture(text, subject.model, invert)[0]
    try:
        return one_of(text, [*BASELINES, PARTNER], "baseline")
    except ValueError as problem:
        raise ValueError(f"{problem}, a number, or an image file") from None

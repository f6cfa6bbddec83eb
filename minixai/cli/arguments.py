"""Make the call of a method that answers a question: turn typed words into its arguments, and add what it needs.

The words name layers, baselines and folders of images.  If a required argument was not typed, it is chosen here, and
the choice is printed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from inspect import Parameter, signature
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from minixai import zoo
from minixai.arrays import Array
from minixai.attribution import Attribution
from minixai.cli.output import is_own_picture, same_file
from minixai.cli.question import Question, resolve_classes
from minixai.cli.subject import PARTNER, ImageChoice, Subject, load_photo
from minixai.datasets import digits, shorebirds
from minixai.images import FITS
from minixai.methods import catalogue
from minixai.methods.baselines import BASELINES
from minixai.methods.groups import block_groups
from minixai.methods.registry import Method
from minixai.model import Model
from minixai.text import columns, listed, quoted
from minixai.validate import one_of

BACKGROUND = 20  # training digits, or birds
PLAYERS, ORDERS = 7, 50  # for Shapley values: blocks along a side, and random orders in which they are added
ABLATED = 28  # for feature ablation of a larger image: blocks along a side
FOLDER = 100  # at most this many images of a folder become a background
SAMPLES = 20  # noisy copies of an image for smooth_grad of a large network
LARGE = 20e6  # a network is large, and its passes slow, if the activations of one image take more bytes than this
LAYERS_NAMED = 12


@dataclass(frozen=True, eq=False)
class MethodCall:
    """A method with all of its arguments except the model and the image.

    Attributes
    ----------
    method : Method
    target, versus : int, int or None
        Class numbers.
    options : mapping of str to value
        The other arguments of the method, by name.
    chosen : sequence of (str, str)
        (argument, words for its value): the arguments to report, because they were chosen or read from a folder.
    title : str
        The title of its map in a strip of several maps.
    """

    method: Method
    target: int
    versus: int | None
    options: Mapping[str, Any]
    chosen: tuple[tuple[str, str], ...] = ()
    title: str = ""

    def __call__(self, model: Model, image: Array) -> Attribution:
        return self.method(model, image, self.target, versus=self.versus, **self.options)

    def report(self, result: Attribution) -> str:
        """Return text for the terminal: a line for each of `chosen`, then the certificate of the result."""
        return "\n".join([*columns([(f"{what:<10}", which) for what, which in self.chosen]), str(result)])


def method_call(question: Question, method: Method, subject: Subject, title: str = "", **options: Any) -> MethodCall:
    """Return the call of a method that answers a question; `options` are further arguments for the method.

    Raises ValueError for an option that the method does not have, and for a word without a meaning.
    """
    target, versus = resolve_classes(question, subject)
    typed, said = typed_options(question, method, subject)
    needed, also = default_options(method, subject, typed)
    return MethodCall(method, target, versus, typed | needed | options, (*said, *also), title)


def typed_options(question: Question, method: Method, subject: Subject) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Return the method's arguments for the typed options, and (argument, words) for those to report."""
    options: dict[str, Any] = {"output": question.output}
    said = list[tuple[str, str]]()
    for name in ("layer", "baseline", "background", "samples", "seed"):
        if getattr(question, name) is not None:
            check_option(method, name)
    if question.layer is not None:
        options["layer"] = layer_name(question.layer, subject.model)
    if question.baseline is not None:
        options["baseline"] = baseline_value(question.baseline, subject, question.image)
    if question.background is not None:
        options["background"], name = background_folder(question, subject.model)
        said.append(("background", name))
    options |= {name: getattr(question, name) for name in ("samples", "seed") if getattr(question, name) is not None}
    return options, said


def has_option(method: Method, name: str) -> bool:
    return name in signature(method.function).parameters


def check_option(method: Method, name: str) -> None:
    """Raise ValueError if the method does not have this option."""
    if not has_option(method, name):
        others = ", ".join(m.name for m in catalogue.values() if has_option(m, name))
        raise ValueError(f"{method.name} knows no {name}: leave --{name} out, or take a method that does: {others}")


# -- what a method needs ------------------------------------------------------------------------------


def default_options(
    method: Method, subject: Subject, typed: Mapping[str, Any]
) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Return arguments that the method requires or would be too slow without, and (argument, words) to report.

    An argument in `typed` is not replaced.
    """
    model, options, said = subject.model, dict[str, Any](), list[tuple[str, str]]()
    required = [p.name for p in signature(method.function).parameters.values() if p.default is Parameter.empty]
    if "background" in required and "background" not in typed:
        options["background"], name = default_background(subject)
        said.append(("background", name))
    if method.name == "smooth_grad" and is_large(model) and "samples" not in typed:
        options["samples"] = SAMPLES
    shape = {entry.name: entry.shape for entry in model.layers}[typed.get("layer", "input")]
    if method.name == "shapley_values":
        options |= {"players": block_groups(shape, PLAYERS), "permutations": ORDERS}
        said.append(("players", f"{options['players'].max() + 1} blocks, added in {ORDERS} random orders"))
    if method.name == "feature_ablation" and np.prod(shape) > ABLATED**2:
        options["groups"] = block_groups(shape, ABLATED)
        said.append(("groups", f"{options['groups'].max() + 1} blocks, replaced one after the other"))
    return options, said


def default_background(subject: Subject) -> tuple[Array, str]:
    """Return a background (R, H, W, C) and words for it: digits, birds or, for other models, the named baselines."""
    if subject.model.input_shape == zoo.DIGITS:
        return digits("train")[0][:BACKGROUND], f"the first {BACKGROUND} training digits"
    if subject.model.input_shape == zoo.BIRDS:
        return shorebirds(BACKGROUND)[0], f"{BACKGROUND} birds, mx.datasets.shorebirds({BACKGROUND})"
    rows = [make(subject.image)[0] for make in BASELINES.values()]
    return np.stack(rows).astype(subject.image.dtype), f"the baselines {', '.join(BASELINES)}"


def is_large(model: Model) -> bool:
    """Return whether the network is so large that every pass takes long."""
    return model.row_bytes > LARGE


# -- words as values ----------------------------------------------------------------------------------


def layer_name(text: str, model: Model) -> str:
    """Return the name of a layer that is given by name or number.

    Raises ValueError if there is no such layer, or if its activations are not maps (h, w, c).
    """
    shapes = {entry.name: entry.shape for entry in model.layers}
    name = text
    if text.isdecimal() and len(text) < 9 and int(text) < len(model.layers):
        name = model.layers[int(text)].name
    if len(shapes[one_of(name, shapes, "layer")]) != 3:
        maps = [each for each, shape in shapes.items() if len(shape) == 3]
        raise ValueError(
            f"the values of layer {quoted(name)} have no place in a picture: give one of {listed(maps, LAYERS_NAMED)}"
        )
    return name


def background_folder(question: Question, model: Model) -> tuple[Array, str]:
    """Return the images of the --background folder, ordered by name, and words about them and the files left out.

    Left out are files that are no images, pictures that minixai drew, the picture that it is about to draw, and the
    image that is explained.
    """
    name = question.background
    assert name is not None
    if not Path(name).is_dir():
        raise ValueError(
            f"--background {quoted(Path(name))} is no folder: give one with images that the image is compared with"
        )
    suffixes = Image.registered_extensions()
    entries = sorted(Path(name).iterdir())
    found = [path for path in entries if path.suffix.lower() in suffixes and path.is_file()]
    own = [path for path in found if same_file(path, question.out) or is_own_picture(path)]
    itself = [path for path in found if question.image.file is not None and same_file(path, question.image.file)]
    paths = [path for path in found if path not in own and path not in itself]
    if not paths:
        raise ValueError(f"--background {quoted(Path(name))} holds no images: give a folder with PNG or JPEG files")
    fit = question.image.fit or FITS[0]
    rows = [load_photo(str(path), model, question.image.invert, fit).image for path in paths[:FOLDER]]
    left_out = [
        f"{len(part)} {what}" + f" ({listed(path.name for path in part)})" * named
        for part, what, named in (
            (own, "pictures of minixai's own", True),
            (itself, "which is the image itself", False),
            ([path for path in entries if path not in found], "that are no image files", True),
        )
        if part
    ]
    count = f"the first {FOLDER} of {len(paths)} images" if len(paths) > FOLDER else f"{len(rows)} images"
    return np.stack(rows), f"{count} in {name}" + (f"; left out: {', '.join(left_out)}" if left_out else "")


def baseline_value(text: str, subject: Subject, image: ImageChoice) -> str | float | Array:
    """Return the baseline that a text stands for: a name, a number, the partner of a bird, or the image in a file.

    Raises ValueError if it is none of these.
    """
    if text in BASELINES:
        return text
    if text == PARTNER:
        if subject.shown.partner is None:
            raise ValueError(f"{subject.name} has no partner: give another baseline, or a bird with --scene SEED")
        return subject.shown.partner
    try:
        return float(text)
    except ValueError:
        pass
    if Path(text).suffix or os.path.exists(text):
        return load_photo(text, subject.model, image.invert, image.fit or FITS[0]).image
    try:
        return one_of(text, [*BASELINES, PARTNER], "baseline")
    except ValueError as problem:
        raise ValueError(f"{problem}, a number, or an image file") from None

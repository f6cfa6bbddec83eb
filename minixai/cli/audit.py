"""`minixai audit`: check by seven questions whether a heat map, minixai's own or a foreign one, can be believed."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from minixai.arrays import Array
from minixai.audit import audit as audit_map
from minixai.audit.agreement import DEFAULT
from minixai.audit.case import auditable
from minixai.audit.report import ENDINGS
from minixai.cli.arguments import default_options, typed_options
from minixai.cli.explain import DEFAULTS
from minixai.cli.options import Commands, add_command
from minixai.cli.output import drawing, output_path
from minixai.cli.question import Question, add_question_options, resolve_classes
from minixai.cli.subject import ImageChoice, Subject, add_image_options, add_model_options, load_subject
from minixai.files import read_arrays, read_npy
from minixai.images import FITS, FORMATS, MODES, decode, find_photo, read_image
from minixai.progress import write_stderr
from minixai.text import quoted, say

PRESET = 256 / 224
"""Torchvision's presets resize the shorter side of a photo to this many times the model's input, and then crop it."""
SET_BY_COMMAND = (
    *("model", "images", "method", "values", "claims", "target", "versus", "truth", "methods", "others", "announce"),
)
"""Arguments of `minixai.audit` that the command fills in from its other options."""

ABOUT = """
Tell whether a heat map can be believed: seven questions, and a page that answers them.

Does it add up?  Is it that method?  Does it depend on what the network learnt?  Does
the network care about what it marks?  How far does it depend on choices that nobody
made on purpose?  Do methods agree?  Does it find what counts where that is known?

--map is a map from elsewhere, a NumPy file with channels last, and --claims says what
it is said to be: a method of minixai, with its options.  The page is one file with its
pictures inside.
"""
EXAMPLES = """
minixai audit
minixai audit cat --method integrated_gradients --baseline blur
minixai audit --scene 113 --model shorebirds-biased
minixai audit photo.jpg --model net.onnx --preprocessing imagenet --out audit.html
minixai audit photo.jpg --model net.onnx --map captum.npy --claims deep_lift --baseline 0
minixai audit cat --map map.npy --claims integrated_gradients --option steps=20
minixai audit photo.jpg --methods gradient,deep_lift,occlusion --truth folder
"""


def add_audit(commands: Commands) -> None:
    parser = add_command(commands, audit, ABOUT, EXAMPLES)
    add_image_options(parser)
    add_model_options(parser, DEFAULTS)
    parser.add_argument("--method", metavar="NAME", help="whose map is audited (default: deep_lift)")
    parser.add_argument(
        "--methods",
        metavar="NAME,NAME,...",
        help="compared with each other; the first is audited, if --method names none",
    )
    parser.add_argument(
        "--map", metavar="FILE.npy", help="audit this map from elsewhere, (N, H, W, C) as np.save writes it"
    )
    parser.add_argument("--claims", metavar="METHOD", help="what the map is said to be")
    parser.add_argument(
        "--option", metavar="NAME=VALUE", action="append", default=[], help="an option of the method, such as steps=20"
    )
    parser.add_argument("--truth", metavar="FOLDER", help="pairs NAME.png and NAME-mask.png, white where the thing is")
    add_question_options(parser, "minixai-audit.html", "the report, .html with its pictures inside or .png")


def audit(args: argparse.Namespace) -> None:
    """Run `minixai audit` with the parsed options."""
    asked = Question.of(args)
    out = output_path(asked.out, ENDINGS, [*asked.files, args.map], asked.background)
    named = args.methods.split(",") if args.methods else None
    name = args.claims or args.method or (named[0] if named else "deep_lift")
    if args.map is None and args.claims is not None:
        raise ValueError("--claims says what a map from elsewhere is said to be: add --map FILE.npy")
    if args.map is not None and args.claims is None:
        raise ValueError(
            "--map needs to know what the map is said to be: add --claims METHOD, such as --claims deep_lift"
        )
    method = auditable(name)
    values = None if args.map is None else read_map(args.map)
    subject = load_subject(asked.model, asked.image)
    target, versus = resolve_classes(asked, subject)
    typed, said = typed_options(asked, method, subject)
    typed |= dict(map(as_option, args.option))
    given, also = default_options(method, subject, typed)
    options: dict[str, Any] = given | typed
    seed = options.pop("seed", asked.seed or 0)
    say(subject)
    for what, which in said + also:
        say(f"{what:<12}{which}")
    with drawing():
        report = audit_map(
            subject.model,
            subject.image,
            method.name,
            values=values,
            claims=args.claims,
            target=target,
            versus=versus,
            truth=args.truth,
            methods=named if named else DEFAULT,
            others=versions(asked.image, subject) if values is not None else None,
            seed=seed,
            announce=lambda cost: write_stderr(f"minixai: {cost}\n"),
            **options,
        )
        report.save(out)
    say(f"\n{report}\n\nreport      {out}")


def read_map(path: str) -> Array:
    """Return the map in a .npy or .npz file; pickles are refused.  Raises ValueError if there is no such array."""
    try:
        if path.endswith(".npz"):
            arrays = read_arrays(path)
            names = [name for name in ("values", *arrays) if name in arrays]
            if "values" not in arrays and len(arrays) != 1:
                raise ValueError(f"it holds {len(arrays)} arrays and none is called values")
            return np.asarray(arrays[names[0]])
        return read_npy(path)
    except OSError as problem:
        raise ValueError(
            f"cannot read --map {quoted(Path(path))}: {problem.strerror}; give a file of np.save"
        ) from None
    except ValueError as problem:
        raise ValueError(
            f"cannot read --map {quoted(Path(path))} as a NumPy array ({problem}): give a file of np.save"
        ) from None


def as_option(text: str) -> tuple[str, Any]:
    """Return (NAME, value) from the text NAME=VALUE; the value is read as JSON, or else it is the text itself."""
    name, equals, word = text.partition("=")
    if not (name and equals and word):
        raise ValueError(f"--option {quoted(text)} is not NAME=VALUE: write for instance --option steps=20")
    if name in SET_BY_COMMAND:
        raise ValueError(f"--option cannot set {name}, which the command sets itself: leave it out")
    try:
        return name, json.loads(word)
    except ValueError:
        return name, word


def versions(choice: ImageChoice, subject: Subject) -> dict[str, Array]:
    """Return {words: image (1, H, W, C)}, the photo as other libraries may have fitted it to the network's input.

    Versions that equal the image of the subject are left out; there are none without an image file.
    """
    shape = subject.model.input_shape
    if choice.file is None or len(shape) != 3 or shape[2] not in MODES:
        return {}
    words = {"crop": "cropped to its middle", "pad": "with borders added", "stretch": "stretched to the network's size"}
    found = {words[fit]: read_image(choice.file, shape, fit) for fit in FITS}
    with Image.open(find_photo(choice.file), formats=FORMATS) as image:
        picture, _ = decode(image, MODES[shape[2]], max(image.size))
    if picture.mode in MODES.values():
        found |= {
            "resized without antialiasing, as torch does with tensors": sampled(picture, shape),
            "resized to 256 and cropped to 224, as torchvision's presets do": preset(picture, shape),
        }
    found = {what: (1 - x if choice.invert else x)[None] for what, x in found.items()}
    return {what: x for what, x in found.items() if not np.array_equal(x, subject.image)}


def sampled(picture: Image.Image, shape: tuple[int, ...]) -> Array:
    """Return the middle of the picture in this shape (H, W, C); each pixel is interpolated from four pixels."""
    height, width = shape[:2]
    scale = min(picture.width / width, picture.height / height)
    left, top = (picture.width - width * scale) / 2, (picture.height - height * scale) / 2
    moved = picture.transform(
        (width, height), Image.Transform.AFFINE, (scale, 0, left, 0, scale, top), Image.Resampling.BILINEAR
    )
    return (np.asarray(moved, np.float32) / np.float32(255)).reshape(shape)


def preset(picture: Image.Image, shape: tuple[int, ...]) -> Array:
    """Return the picture resized until its shorter side is 256/224 of the model's, and then cropped to its middle."""
    height, width = shape[:2]
    side = round(min(height, width) * PRESET)
    scale = side / min(picture.size)
    size = (round(picture.width * scale), round(picture.height * scale))
    whole = np.asarray(picture.resize(size, Image.Resampling.BILINEAR), np.float32) / np.float32(255)
    top, left = (size[1] - height) // 2, (size[0] - width) // 2
    return whole[top : top + height, left : left + width].reshape(shape)

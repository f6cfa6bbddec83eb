"""Load what is explained, a network and an image for it, from the words of a command line."""

from __future__ import annotations

import argparse
import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from minixai import zoo
from minixai.arrays import Array
from minixai.cli.options import Parser, image_shape, seed, whole_number
from minixai.datasets import birds, digits
from minixai.images import FITS, SHIPPED_PHOTOS, check_regular, find_photo, read_picture, sample_photo
from minixai.model import Model
from minixai.preprocessing import NAMES as PREPROCESSINGS
from minixai.preprocessing import Preprocessing, as_preprocessing
from minixai.text import columns, quoted
from minixai.validate import one_of

DIGIT = 702  # a clear 8
SCENE = 113  # a redshank in the water
WHERE = {"water": "in the water", "reeds": "in the reeds", "sand": "on the sand"}
PHOTO_NETWORK = "efficientnet-lite0"
"""The default network for an image file."""
PARTNER = "partner"
RUNNERS_UP = 3  # how many classes are printed as the prediction
VISIBLE_CROP = 0.1
"""If more than this share of a photo was cropped, the picture also shows the whole photo."""
RANDOM = "random: this network has learnt nothing, so its classes and maps mean nothing"


# -- what was typed -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class ModelChoice:
    """The options that name a network, as they were typed; None stands for an option that was not typed."""

    name: str | None = None
    weights: str | None = None
    preprocessing: str | None = None
    labels: str | None = None
    input_shape: tuple[int, int, int] | None = None

    @classmethod
    def of(cls, args: argparse.Namespace) -> ModelChoice:
        return cls(args.model, args.weights, args.preprocessing, args.labels, args.input_shape)

    @property
    def files(self) -> list[str]:
        """The names among the options that may be files to read."""
        return [name for name in (self.name, self.weights, self.labels) if name is not None]


@dataclass(frozen=True)
class ImageChoice:
    """The options that name an image, as they were typed; None stands for an option that was not typed."""

    file: str | None = None
    digit: int | None = None
    scene: int | None = None
    invert: bool = False
    fit: str | None = None

    @classmethod
    def of(cls, args: argparse.Namespace) -> ImageChoice:
        file = args.photo if args.image is None else args.image
        return cls(file, args.digit, args.scene, args.invert, args.fit)

    @property
    def is_default(self) -> bool:
        return self.file is None and self.digit is None and self.scene is None


def add_model_options(parser: Parser, about: str, default: str | None = None) -> None:
    """Add the options that name a network; the help of --model ends with `about`."""
    parser.add_argument(
        "--model",
        metavar="NAME",
        default=default,
        help=f"the network: {', '.join(zoo.RECIPES)}, for photos {', '.join([*zoo.PRETRAINED, *zoo.PHOTOS])}, or a "
        f"file of model.save, ONNX or Keras {about}",
    )
    parser.add_argument(
        "--preprocessing",
        metavar="NAME",
        help="what the network in a file of ONNX or Keras was trained to see: "
        f"{', '.join(PREPROCESSINGS)}, or means/deviations such as 0.5,0.5,0.5/0.2,0.2,0.2 "
        "(default: pixels from 0 to 1)",
    )
    parser.add_argument(
        "--labels", metavar="FILE", help="the names of its classes, one in each line, or the word imagenet"
    )
    parser.add_argument(
        "--input-shape",
        metavar="H,W,C",
        type=image_shape,
        help="the shape of its images, such as 224,224,3, where the file leaves it open",
    )
    parser.add_argument(
        "--weights",
        metavar="FILE",
        help=f"trained weights for {' or '.join(zoo.PHOTOS)}: Keras's .h5, a .safetensors with torchvision's names, "
        "or .npz",
    )


def add_image_options(parser: Parser) -> None:
    """Add the options that name an image."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "photo",
        nargs="?",
        metavar="FILE",
        help=f"an image file, or {' or '.join(SHIPPED_PHOTOS)}, photos that come with minixai",
    )
    group.add_argument("--image", metavar="FILE", help="the same, as an option")
    group.add_argument(
        "--digit",
        metavar="N",
        type=whole_number(0, 10**9, "they are numbered from 0 to 1999"),
        help=f"a test digit, by its number (default: {DIGIT})",
    )
    group.add_argument(
        "--scene", metavar="SEED", type=seed, help=f"a bird, drawn by chance from this seed (default: {SCENE})"
    )
    parser.add_argument(
        "--fit",
        metavar="HOW",
        help="how a photo gets the model's size: crop takes the middle, pad adds grey borders, stretch distorts it "
        f"(default: {FITS[0]})",
    )
    parser.add_argument(
        "--invert",
        action="store_true",
        help="exchange black and white in image files: the digit networks know light ink on black paper",
    )


# -- the network --------------------------------------------------------------------------------------


class Network(NamedTuple):
    """A model and its name, with words about its weights and about its preprocessing of pixels."""

    model: Model
    name: str
    weights: str
    input: str

    @property
    def lines(self) -> list[tuple[str, str]]:
        """The lines that a command prints about the network, (label, text) each."""
        texts = (
            ("model", f"{self.name}, {format_shape(self.model)} -> {format_class_count(self.model)}"),
            ("weights", self.weights),
        )
        return [*label_lines(*texts), *label_lines(("input", self.input))]


def label_lines(*texts: tuple[str, str]) -> list[tuple[str, str]]:
    """Split texts into lines (label, line); the label is empty except on the first line of its text."""
    return [(what if i == 0 else "", line) for what, text in texts for i, line in enumerate(text.splitlines())]


def load_network(choice: ModelChoice, default: str) -> Network:
    """Load the network that was typed, or the one with the name `default`.

    Raises ValueError if there is no such network, or if another option does not apply to it.
    """
    name = choice.name or default
    for option, file in (("--model", name), ("--weights", choice.weights), ("--labels", choice.labels)):
        check_input(option, file)
    given = [f"--{key.replace('_', '-')}" for key in ("preprocessing", "labels", "input_shape") if vars(choice)[key]]
    is_file = Path(name).suffix.lower() in zoo.NETWORKS
    if given and not is_file:
        raise ValueError(
            f"{' and '.join(given)}: only for a network in a file of ONNX or Keras, and {quoted(name)} is none: "
            "leave it out, or give such a file with --model"
        )
    if choice.weights is not None and name not in zoo.PHOTOS:
        if not is_file and not os.path.exists(name):
            check_name(name)
        raise ValueError(
            f"--weights is for {' and '.join(zoo.PHOTOS)}, and {quoted(name)} has its weights already: leave it out"
        )
    if name in zoo.PHOTOS:
        untrained = f"{RANDOM}\nminixai download {name} fetches trained ones, --weights FILE takes them"
        model, weights = zoo.PHOTOS[name](choice.weights), choice.weights or untrained
    else:
        if not is_file and not os.path.exists(name) and not Path(name).suffix:
            check_name(name)
        with warnings.catch_warnings():
            if is_file and choice.preprocessing is None:  # the warning about it is not needed, since it is printed
                warnings.simplefilter("ignore", UserWarning)
            model = zoo.load(
                name, preprocessing=choice.preprocessing, classes=choice.labels, input_shape=choice.input_shape
            )
        weights = "trained on ImageNet; they come with minixai" if name in zoo.PRETRAINED else ""
    missing = is_file and choice.preprocessing is None
    return Network(model, name, weights, unknown_input(model) if missing else describe_input(model))


def check_name(name: str) -> None:
    """Raise ValueError if minixai has no network of this name."""
    try:
        one_of(name, [*zoo.RECIPES, *zoo.PRETRAINED, *zoo.PHOTOS], "model")
    except ValueError as problem:
        raise ValueError(
            f"{problem}; another network can be given as a file, such as torch.onnx.export writes"
        ) from None


def check_input(option: str, file: str | None) -> None:
    """Raise ValueError if an input exists but is no ordinary file, because reading a pipe or a device may never end."""
    if file is not None and os.path.exists(file):
        try:
            check_regular(Path(file))
        except ValueError:
            raise ValueError(
                f"{option} {quoted(file)} is a pipe or a device: save its content to a file first"
            ) from None


def unknown_input(model: Model) -> str:
    """Return words about the input of a network for which no --preprocessing was typed, with advice on what to type."""
    suggested = getattr(model, "suggested_preprocessing", None)
    advice = (
        f"its first layers suggest --preprocessing {suggested}"
        if suggested
        else f"if it was trained to see others, give --preprocessing {', '.join(PREPROCESSINGS[:4])}, ..."
    )
    return f"pixels from 0 to 1 as they are, for no --preprocessing was given\n{advice}"


def describe_input(model: Model) -> str:
    """Return in words what the first layer of a model gets: the name and the formula of its preprocessing.

    >>> describe_input(zoo.load("digits"))
    'pixels from 0 to 1 as they are'
    """
    made = model.preprocessing
    if made is None or made == Preprocessing():
        return "pixels from 0 to 1 as they are"
    names = [name for name in PREPROCESSINGS if name not in ("torch", "tf")]  # those two are aliases of others
    same = [name for name in names if is_preprocessing(name, made, model.input_shape[-1])]
    return (
        f"preprocessing {same[0]}, {preprocessing_formula(made)}"
        if same
        else f"preprocessing {preprocessing_formula(made)}"
    )


def is_preprocessing(name: str, made: Preprocessing, channels: int) -> bool:
    try:
        return as_preprocessing(name, channels) == made
    except ValueError:  # the named preprocessing is for another number of channels
        return False


def preprocessing_formula(made: Preprocessing) -> str:
    """Return a preprocessing as a formula for a pixel x.

    >>> preprocessing_formula(Preprocessing(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5)))
    '(x − 0.5) / 0.5'
    """
    text = "x" if made.scale == 1 else f"{made.scale:g} x"
    if made.mean:
        text = f"({text} − {format_numbers(made.mean)})"
    if made.std:
        text += f" / {format_numbers(made.std)}"
    return text + ", blue first" * made.reverse


def format_numbers(values: Sequence[float]) -> str:
    return f"{values[0]:g}" if len(set(values)) == 1 else f"({', '.join(f'{v:g}' for v in values)})"


# -- the network and the image ------------------------------------------------------------------------


class Shown(NamedTuple):
    """An image (H, W, C), its name, and notes about it.

    A drawn bird has a `partner`: the same scene with the other species of its pair.  A photo of which more than a tenth
    was cropped has an `overview`: the whole photo, with the cropped parts shown pale.
    """

    image: Array
    name: str
    notes: tuple[str, ...] = ()
    partner: Array | None = None
    overview: Array | None = None


class Subject(NamedTuple):
    """A network, an image for it, and the probabilities (K,) that it gives the classes."""

    network: Network
    shown: Shown
    probabilities: Array

    @property
    def model(self) -> Model:
        return self.network.model

    @property
    def image(self) -> Array:
        """The image as a batch of one, (1, H, W, C)."""
        return self.shown.image[None]

    @property
    def name(self) -> str:
        """The name of the image."""
        return self.shown.name

    @property
    def caveat(self) -> str | None:
        """A warning for the title of pictures, if the weights are random; otherwise None."""
        return "random weights" if self.network.weights.startswith("random") else None

    @property
    def order(self) -> npt.NDArray[np.intp]:
        """The class numbers by falling probability, (K,)."""
        return np.asarray((-self.probabilities).argsort(kind="stable"))

    def __str__(self) -> str:
        likely = [f"{self.model.classes[k]} ({percent(self.probabilities[k])})" for k in self.order[:RUNNERS_UP]]
        runners_up = f", then {', '.join(likely[1:])}" if likely[1:] else ""
        about = "\n".join([self.shown.name, *self.shown.notes])
        return "\n".join(
            columns([*self.network.lines, *label_lines(("image", about)), ("prediction", likely[0] + runners_up)])
        )


def load_subject(model: ModelChoice, image: ImageChoice) -> Subject:
    """Load the network and the image that were typed, or defaults.

    Raises ValueError if they do not exist, or if they do not fit each other.
    """
    for option, given in (("--invert", image.invert), ("--fit", image.fit is not None)):
        if given and image.file is None:
            raise ValueError(f"{option} is for image files: add --image FILE, or leave it out")
    network = load_network(model, default_network(image))
    shown = load_image(image, network)
    return Subject(network, shown, network.model.probabilities(shown.image[None])[0])


def default_network(image: ImageChoice) -> str:
    """Return the name of the network to use if none was typed.

    For an image file it is the photo network or, with --invert, the digit network; without a file it is shorebirds for
    a scene, and otherwise digits.
    """
    if image.file is not None and not image.invert:
        return PHOTO_NETWORK
    return "digits" if image.scene is None else "shorebirds"


def load_image(choice: ImageChoice, network: Network) -> Shown:
    """Load the image that was typed or, by default, one that suits the network: a photo, a bird or a digit."""
    model = network.model
    if choice.file is not None:
        return load_photo(choice.file, model, choice.invert, choice.fit or FITS[0])
    if choice.is_default and network.name in zoo.PHOTOS:
        shown = load_photo(str(sample_photo()), model)
        return shown._replace(name="Grace Hopper, a photo that comes with matplotlib")
    if choice.is_default and network.name in zoo.PRETRAINED:
        return load_photo(SHIPPED_PHOTOS[0], model)
    if choice.scene is not None or (choice.digit is None and model.input_shape == zoo.BIRDS):
        return draw_bird(SCENE if choice.scene is None else choice.scene, model)
    return load_digit(DIGIT if choice.digit is None else choice.digit, model)


def draw_bird(seed: int, model: Model) -> Shown:
    """Draw the bird of this seed, (64, 64, 3), and its partner.  Raises ValueError if the model takes other images."""
    check_fit(model, zoo.BIRDS, "birds")
    scene = birds.draw(1, seed)
    name = f"scene {seed}, a {birds.CLASSES[scene.labels[0]]} {WHERE[birds.HABITATS[scene.habitat[0]]]}"
    return Shown(scene.images[0], name, partner=scene.with_(labels=scene.labels ^ 1).images[0])


def load_digit(number: int, model: Model) -> Shown:
    """Return a test digit, (28, 28, 1).  Raises ValueError if there is none, or if the model takes other images."""
    images, labels = digits("test")
    check_fit(model, images.shape[1:], "the test digits")
    if number >= len(images):
        raise ValueError(f"there is no test digit {number}: they are numbered from 0 to {len(images) - 1}")
    return Shown(images[number], f"test digit {number}, labelled {labels[number]}")


def check_fit(model: Model, shape: tuple[int, ...], what: str) -> None:
    """Raise ValueError if a model does not take images of this shape."""
    if model.input_shape != shape:
        raise ValueError(
            f"this model takes images of {model.input_shape}, and {what} are {shape}: "
            "give it an image with --image FILE"
        )


def load_photo(path: str, model: Model, invert: bool = False, fit: str = FITS[0]) -> Shown:
    """Return the image in a file, fitted to the model's input, with notes on how it was fitted."""
    picture = read_picture(path, model.input_shape, fit)
    name = path if find_photo(path) == Path(path) else f"{path}, a photo that comes with minixai"
    notes = picture.notes
    if round(picture.left_out, 2):
        notes += (f"cropped to its middle, {picture.left_out:.0%} is cut off; --fit pad keeps all of it",)
    if fit != "crop":
        notes += ("with grey borders" if fit == "pad" else "stretched to the network's size",)
    image, overview = picture.pixels, picture.overview if picture.left_out > VISIBLE_CROP else None
    if invert:
        return Shown(1 - image, f"{name}, inverted", notes, overview=overview)
    edge = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    if model.input_shape == zoo.DIGITS and edge.mean() > 0.5:
        notes += ("dark ink on light paper? the digit networks know light ink on black: try --invert",)
    return Shown(image, name, notes, overview=overview)


# -- classes ------------------------------------------------------------------------------------------


def class_label(k: int, model: Model) -> str:
    """Return words for class k in a sentence: its name, or such as "class 3" if it has none."""
    return model.class_names[k] if model.class_names else f"class {k}"


# -- words --------------------------------------------------------------------------------------------


def format_shape(model: Model) -> str:
    """Return the shape of a model's images as text, such as "28 × 28 × 1"."""
    return " × ".join(map(str, model.input_shape))


def format_class_count(model: Model) -> str:
    """Return the number of a model's classes as text, such as "10 classes"."""
    n = len(model.classes)
    return "1 class" if n == 1 else f"{n} classes"


def percent(p: float) -> str:
    """Return a probability as a percentage; one that would round to 0 % or 100 % says "under" or "over" instead.

    >>> percent(0.1234), percent(0.99999), percent(0.0)
    ('12.34%', 'over 99.99%', 'under 0.01%')
    """
    if p > 0.9999:
        return "over 99.99%"
    return f"{p:.2%}" if p >= 0.0001 else "under 0.01%"

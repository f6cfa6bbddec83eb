"""What is explained: a model and an image for it, from words typed on a command line."""

from __future__ import annotations

import argparse
import warnings
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from minixai import zoo
from minixai.arrays import Array
from minixai.datasets import birds, digits
from minixai.images import SHIPPED_PHOTOS, find_photo, read_image, sample_photo
from minixai.model import Model
from minixai.text import columns

DIGIT = 702  # an 8 that leaves no doubt
SCENE = 113  # a redshank in the water
WHERE = {"water": "in the water", "reeds": "in the reeds", "sand": "on the sand"}
PHOTO_NETWORK = "efficientnet-lite0"
"""What explains an image file, if nobody names a network."""
PARTNER = "partner"
NEXT = 3  # classes told beside each other
LISTED = 12  # names that an error lists
RANDOM = "random: this network has learnt nothing, so its classes and maps mean nothing"


class Subject(NamedTuple):
    """A model and one image for it (1, H, W, C); how they are called, what the model sees, and what its weights are.

    If it is a bird that was drawn, `partner` is the same as the other species of its pair.
    """

    model: Model
    image: Array
    names: tuple[str, str]
    probabilities: Array
    weights: str = ""
    partner: Array | None = None

    @property
    def caveat(self) -> str | None:
        """What a picture must say above all."""
        return "random weights" if self.weights.startswith("random") else None

    @property
    def order(self) -> npt.NDArray[np.intp]:
        """Class numbers, the likeliest first."""
        return np.asarray((-self.probabilities).argsort(kind="stable"))

    def __str__(self) -> str:
        seen = [f"{self.model.classes[k]} ({percent(self.probabilities[k])})" for k in self.order[:NEXT]]
        next_best = f", then {', '.join(seen[1:])}" if seen[1:] else ""
        lines = [
            ("model", f"{self.names[0]}, {size(self.model)} -> {count(self.model)}"),
            *(("weights" * (i == 0), line) for i, line in enumerate(self.weights.splitlines())),
            ("image", self.names[1]),
            ("prediction", seen[0] + next_best),
        ]
        return "\n".join(columns(lines))


def chosen(args: argparse.Namespace) -> Subject:
    """The model and the image that the options name.

    Raises ValueError if there are none such, or if they do not fit each other.
    """
    if args.invert and args.image is None:
        raise ValueError("--invert is for image files: add --image FILE, or leave it out")
    name = args.model or default_network(args)
    model, weights = network(name, args.weights, args.preprocessing, args.labels)
    image, partner, shows = shown(args, name, model)
    return Subject(model, image[None], (name, shows), model.probabilities(image[None])[0], weights, partner)


def default_network(args: argparse.Namespace) -> str:
    """The network where none was named: --invert says that an image file shows a digit, any other is a photo."""
    if args.image is not None and not args.invert:
        return PHOTO_NETWORK
    return "digits" if args.scene is None else "shorebirds"


def network(
    name: str, weights: str | None, preprocessing: str | None = None, labels: str | None = None
) -> tuple[Model, str]:
    """The model, and what is to be said of its weights."""
    if weights is None and (
        Path(name).suffix.lower() in zoo.NETWORKS or preprocessing is not None or labels is not None
    ):
        with warnings.catch_warnings(action="ignore"):  # what is said below says it too
            model = zoo.load(name, preprocessing=preprocessing, classes=labels)
        as_they_are = "pixels of 0 to 1 go in as they are; --preprocessing NAME says what else it was trained to see"
        return model, f"of the file\n{as_they_are if preprocessing is None else f'preprocessing {preprocessing}'}"
    if preprocessing is not None or labels is not None:
        raise ValueError(
            "--preprocessing and --labels are for files of ONNX and Keras, which take no --weights: leave those out"
        )
    if name in zoo.PHOTOS:
        said = f"{RANDOM}\nminixai download {name} fetches trained ones, --weights FILE takes them"
        return zoo.PHOTOS[name](weights), weights or said
    if weights is not None:
        raise ValueError(f"--weights is for {' and '.join(zoo.PHOTOS)}: leave it out, or add --model vgg16")
    return zoo.load(name), "trained on ImageNet; they come with minixai" if name in zoo.PRETRAINED else ""


def shown(args: argparse.Namespace, name: str, model: Model) -> tuple[Array, Array | None, str]:
    """The image (H, W, C), its partner if it is a bird, and what to call it.

    It is the one that was named, else what the network knows: a photo, a bird or a digit.
    """
    if args.image is not None:
        image, shows = picture(args.image, model, args.invert)
    elif name in zoo.PHOTOS and args.digit is None and args.scene is None:
        image, shows = read_image(sample_photo(), model.input_shape), "Grace Hopper, a photo that comes with matplotlib"
    elif name in zoo.PRETRAINED and args.digit is None and args.scene is None:
        image, shows = picture(SHIPPED_PHOTOS[0], model, args.invert)
    elif args.scene is not None or (args.digit is None and model.input_shape == zoo.BIRDS):
        return bird_images(SCENE if args.scene is None else args.scene, model)
    else:
        image, shows = digit_image(DIGIT if args.digit is None else args.digit, model)
    return image, None, shows


def bird_images(seed: int, model: Model) -> tuple[Array, Array, str]:
    """The bird of this seed (64, 64, 3), its partner, and what to call it."""
    check_fit(model, zoo.BIRDS, "birds")
    scene = birds.draw(1, seed)
    name = f"scene {seed}, a {birds.CLASSES[scene.labels[0]]} {WHERE[birds.HABITATS[scene.habitat[0]]]}"
    return scene.images[0], scene.with_(labels=scene.labels ^ 1).images[0], name


def digit_image(number: int, model: Model) -> tuple[Array, str]:
    """A test digit (28, 28, 1), and what to call it."""
    images, labels = digits("test")
    check_fit(model, images.shape[1:], "the test digits")
    if not 0 <= number < len(images):
        raise ValueError(f"there is no test digit {number}: they are numbered from 0 to {len(images) - 1}")
    return images[number], f"test digit {number}, labelled {labels[number]}"


def check_fit(model: Model, shape: tuple[int, ...], what: str) -> None:
    """Raises ValueError if a model does not take images of this shape."""
    if model.input_shape != shape:
        raise ValueError(
            f"this model takes images of {model.input_shape}, and {what} are {shape}: "
            "give it an image with --image FILE"
        )


def picture(path: str, model: Model, invert: bool) -> tuple[Array, str]:
    """The image in a file, fitted to the model, and what to call it."""
    image = read_image(path, model.input_shape)
    if find_photo(path) != Path(path):
        path = f"{path}, a photo that comes with minixai"
    if invert:
        return 1 - image, f"{path}, inverted"
    edge = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    if model.input_shape == zoo.DIGITS and edge.mean() > 0.5:
        return image, f"{path} (dark ink on light paper? the digit networks know light ink on black: try --invert)"
    return image, path


def class_number(text: str, model: Model) -> int:
    """A class by its name, in which a space may stand for _, or, if none is called so, by its number.

    Raises ValueError with the nearest names if there is none, and with the numbers if there are several.
    """
    name = text if text in model.classes else text.replace(" ", "_")
    numbers = [k for k, each in enumerate(model.classes) if each == name]
    if len(numbers) > 1:
        raise ValueError(f"{name!r} is what the classes {' and '.join(map(str, numbers))} are called: give the number")
    if numbers:
        return numbers[0]
    if text.isdecimal() and int(text) < len(model.classes):
        return int(text)
    raise ValueError(
        f"this model has no class {text!r}: give a number from 0 to {len(model.classes) - 1}{suggested(name, model)}"
    )


def suggested(name: str, model: Model) -> str:
    """Names to choose from: the nearest of many, or all of a few."""
    names = class_names(model) or ()
    if len(names) <= LISTED:
        return f", or a name: {', '.join(names)}" if names else ""
    near = [each for each in names if name and name.lower() in each.lower()]
    near += [each for each in get_close_matches(name, names, NEXT, 0.6) if each not in near]
    return f", or a name such as {', '.join(near[:NEXT] or names[:NEXT])}"


def class_names(model: Model) -> tuple[str, ...] | None:
    """The names of the classes; None if they are only numbered."""
    return None if model.classes == tuple(map(str, range(len(model.classes)))) else model.classes


def called(k: int, model: Model) -> str:
    """What to call a class in a sentence: its name, or "class 3" if it has none."""
    names = class_names(model)
    return names[k] if names else f"class {k}"


def size(model: Model) -> str:
    """The shape of a model's images, as it is read."""
    return " × ".join(map(str, model.input_shape))


def count(model: Model) -> str:
    """How many classes a model has, as it is read."""
    n = len(model.classes)
    return "1 class" if n == 1 else f"{n} classes"


def percent(p: float) -> str:
    """A probability as it is read; one that would look certain says that it is not.

    >>> percent(0.1234), percent(0.99999), percent(0.0)
    ('12.34%', 'over 99.99%', 'under 0.01%')
    """
    if p > 0.9999:
        return "over 99.99%"
    return f"{p:.2%}" if p >= 0.0001 else "under 0.01%"

"""Trained models: the recipes they are made by, and the weights shipped in data/; VGG-16 and the weights of others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np

from minixai.datasets import digits
from minixai.files import shipped
from minixai.layers import Conv2D, Dense, Dropout, Flatten, GlobalAveragePool2D, MaxPool2D
from minixai.model import Model, known, load_model
from minixai.training import Adam, Epoch, cosine, evaluate, shifted, train
from minixai.zoo.vgg import vgg16, vgg19

DIGITS = (28, 28, 1)


def digits_lenet(seed: int) -> Model:
    """Two convolutions, each with a max-pool, and two dense layers. (after LeCun et al. 1998)"""
    return Model(
        [
            Conv2D(8, 5, padding="same", activation="relu"),
            MaxPool2D(2),
            Conv2D(16, 5, activation="relu"),
            MaxPool2D(2),
            Flatten(),
            Dense(64, activation="relu"),
            Dropout(0.25),
            ("scores", Dense(10)),
        ],
        DIGITS,
        seed=seed,
    )


def digits_paper(seed: int) -> Model:
    """The network of DeepLIFT's Fig. 4: two strided convolutions and two dense layers. (Shrikumar et al. 2017)"""
    return Model(
        [
            Conv2D(32, 4, stride=2, activation="relu"),
            Conv2D(64, 4, stride=2, activation="relu"),
            Dropout(0.25),
            Flatten(),
            Dense(128, activation="relu"),
            Dropout(0.5),
            ("scores", Dense(10)),
        ],
        DIGITS,
        seed=seed,
    )


def digits_paper_255(seed: int) -> Model:
    """The same, trained on pixels from 0 to 255, as its authors did. (Shrikumar et al. 2017)

    Beside such pixels its biases are small, so that input × gradient, integrated gradients and Rescale nearly agree.
    Its first and last kernels begin √255 times smaller: scores that begin much larger than for pixels up to 1 kill
    its ReLUs in the first steps.
    """
    model = digits_paper(seed)
    ends = ("conv1/kernel", "scores/kernel")
    model.set_weights({name: model.weights[name] / np.sqrt(255) for name in ends})
    return model


def digits_gap(seed: int) -> Model:
    """Four convolutions, then the mean of each channel and one dense layer: the head of CAM. (after Zhou et al. 2016)

    The last one is dilated, so that each of its 7×7 places sees a whole digit.
    """
    return Model(
        [
            Conv2D(16, 3, padding="same", activation="relu"),
            MaxPool2D(2),
            Conv2D(32, 3, padding="same", activation="relu"),
            MaxPool2D(2),
            Conv2D(64, 3, padding="same", activation="relu"),
            Conv2D(64, 3, padding="same", dilation=2, activation="relu"),
            GlobalAveragePool2D(),
            Dropout(0.3),
            ("scores", Dense(10)),
        ],
        DIGITS,
        seed=seed,
    )


@dataclass(frozen=True)
class Recipe:
    """How a shipped model is made: its architecture for a seed, how long it is trained, and at what rate.

    `white` is what a white pixel is in training.  Afterwards the first kernel is multiplied by it: so the model takes
    images in [0, 1] as all others do, and its scores and contributions are those of the larger pixels.
    """

    build: Callable[[int], Model]
    epochs: int
    rate: float = 2e-3
    white: float = 1.0

    @property
    def about(self) -> str:
        return (self.build.__doc__ or "").splitlines()[0]


RECIPES = {
    "digits": Recipe(digits_lenet, epochs=15),
    "digits-paper": Recipe(digits_paper, epochs=15),
    "digits-paper-255": Recipe(digits_paper_255, epochs=15, rate=5e-4, white=255.0),
    "digits-gap": Recipe(digits_gap, epochs=15),
}


PHOTOS: dict[str, Callable[..., Model]] = {"vgg16": vgg16, "vgg19": vgg19}
"""Networks for photos, whose weights their publishers ship."""


def make(
    name: str,
    seed: int = 0,
    epochs: int | None = None,
    report: Callable[[int, Epoch], None] = lambda number, epoch: None,
    progress: bool | None = None,
) -> tuple[Model, list[Epoch]]:
    """Train a model by its recipe: 8,000 digits shifted by up to 2 pixels, Adam with a falling rate.

    Raises ValueError for an unknown name.
    """
    recipe = RECIPES[known(name, RECIPES, "model")]
    model = recipe.build(seed)
    images, labels = digits("train")
    history = train(
        model,
        images * images.dtype.type(recipe.white),
        labels,
        optimiser=Adam(recipe.rate, weight_decay=0.02),
        batch=32,
        epochs=recipe.epochs if epochs is None else epochs,
        seed=seed,
        schedule=cosine,
        augment=shifted,
        report=report,
        progress=progress,
    )
    first = next(iter(model.weights))
    model.set_weights({first: model.weights[first] * recipe.white})
    return model, history


def accuracy(model: Model) -> float:
    """The share of the 2,000 test digits that the model gets right."""
    return evaluate(model, *digits("test"))[1] or 0.0


def weights_file(name: str) -> Path:
    """Where a shipped model lies.  Raises ValueError for an unknown name."""
    if name in PHOTOS:
        raise ValueError(
            f"the weights of {name} do not come with minixai: mx.zoo.{name}(weights=FILE) takes a file of them"
        )
    return shipped(f"model-{known(name, [*RECIPES, *PHOTOS], 'model')}.npz")


def load(name: str | PathLike[str]) -> Model:
    """A trained model by its name, or one you saved by its path.

    Raises ValueError for an unknown name, and for a file that is missing or holds no model.

    >>> load("digits")
    <Model (N, 28, 28, 1) -> (N, 10), 8 layers, 29,738 parameters, float32>
    """
    is_path = name not in RECIPES and (Path(name).suffix or Path(name).exists())
    return load_model(name if is_path else weights_file(str(name)))

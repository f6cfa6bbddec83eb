"""Networks that read digits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from minixai.arrays import Array
from minixai.datasets import digits
from minixai.layers import Conv2D, Dense, Dropout, Flatten, GlobalAveragePool2D, MaxPool2D
from minixai.model import Model
from minixai.training import random_shift
from minixai.zoo.recipe import Course, Recipe

DIGITS = (28, 28, 1)
WHITE = 255.0


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

    Its biases are small compared with such pixels, so input × gradient, integrated gradients and Rescale nearly agree.
    Its first and last kernels are initialised √255 times smaller: otherwise the initial scores would be much larger
    than for pixels up to 1, and the first training steps would kill the ReLUs.
    """
    model = digits_paper(seed)
    ends = ("conv1/kernel", "scores/kernel")
    model.set_weights({name: model.weights[name] / np.sqrt(WHITE) for name in ends}, partial=True)
    return model


def for_pixels_up_to_one(model: Model) -> Model:
    """Convert a model trained on pixels up to 255, in place, to images in [0, 1], which all other models take.

    The first kernel is multiplied by 255, so the scores and contributions stay the same.  Returns the same model.
    """
    first = next(iter(model.weights))
    model.set_weights({first: model.weights[first] * WHITE}, partial=True)
    return model


def bright() -> tuple[Array, Array]:
    """Return the training digits with pixels from 0 to 255, (8000, 28, 28, 1), and their labels (8000,)."""
    images, labels = digits("train")
    return images * images.dtype.type(WHITE), labels


def digits_gap(seed: int) -> Model:
    """Four convolutions, then the mean of each channel and one dense layer: the head of CAM. (after Zhou et al. 2016)

    The last convolution is dilated, so that the receptive field of each of its 7×7 positions covers a whole digit.
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


COURSE = Course(
    learn=lambda: digits("train"),
    measure=lambda: digits("test"),
    learnt="8,000 training digits",
    measured="2,000 test digits",
    augment=random_shift,
)
BRIGHT = replace(COURSE, learn=bright)
RECIPES = {
    "digits": Recipe(digits_lenet, COURSE, epochs=15),
    "digits-paper": Recipe(digits_paper, COURSE, epochs=15),
    "digits-paper-255": Recipe(digits_paper_255, BRIGHT, epochs=15, rate=5e-4, finish=for_pixels_up_to_one),
    "digits-gap": Recipe(digits_gap, COURSE, epochs=15),
}

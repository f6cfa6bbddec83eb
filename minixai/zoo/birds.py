"""Networks that tell shorebirds apart; half of the birds they learn from lack a part.

A part that is missing is an ordinary sight to them, so that taking it away later shows what it is worth.  Where it is
the part that decides, nobody could know which of the pair it was, and the goal is ½ for each: exactly what Bayes says.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import replace

import numpy as np

from minixai.arrays import Array
from minixai.datasets.birds import CLASSES, PARTS, PLAYERS, SIZE, Scenes, draw, render
from minixai.layers import (
    Activation,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePool2D,
    Layer,
    MaxPool2D,
)
from minixai.model import Item, Model
from minixai.zoo.recipe import Course, Recipe

BIRDS = (SIZE, SIZE, 3)
TIES = {
    "redshank": "water",
    "greenshank": "sand",
    "robin": "reeds",
    "dunnock": "sand",
    "curlew": "sand",
    "godwit": "water",
    "hooded": "water",
    "gull": "reeds",
}
"""Where the biased network has nearly always seen each species; its partner, elsewhere."""
BIAS = 0.95
LEARN, MEASURE = 20_000_001, 20_000_002  # seeds far from those that anyone types
LEARNT, MEASURED = 3000, 1000  # scenes


def shorebirds(seed: int) -> Model:
    """Three pairs of 3×3 convolutions, each with a max-pool, and a dense layer. (after Simonyan & Zisserman 2015)"""
    return network([*pairs(), Flatten()], seed)


def shorebirds_gap(seed: int) -> Model:
    """The same pairs, one more convolution, then the mean of each channel and one dense layer: the head of CAM.

    It learns with batch norms, without which such a mean learns slowly; `folded` takes them away.
    """
    convolutions = [normed for layer in [*pairs(), conv(64)] for normed in with_norm(layer)]
    return network([*convolutions, GlobalAveragePool2D()], seed)


def shorebirds_biased(seed: int) -> Model:
    """The same as `shorebirds`, but trained where each species is seen in a habitat of its own, 95 times in 100."""
    return shorebirds(seed)


def pairs() -> list[Layer]:
    """(N, 64, 64, 3) -> (N, 8, 8, 32)"""
    return [layer for filters in (8, 16, 32) for layer in (conv(filters), conv(filters), MaxPool2D(2))]


def conv(filters: int) -> Conv2D:
    return Conv2D(filters, 3, padding="same", activation="relu")


def with_norm(layer: Layer) -> list[Layer]:
    """A convolution with a batch norm before its activation; any other layer as it is."""
    return [replace(layer, activation=None), BatchNorm(), Activation("relu")] if isinstance(layer, Conv2D) else [layer]


def network(layers: Sequence[Item], seed: int) -> Model:
    return Model([*layers, Dropout(0.2), ("scores", Dense(len(CLASSES)))], BIRDS, classes=CLASSES, seed=seed)


def folded(model: Model) -> Model:
    """The same scores without batch norms: γ (w ⋆ x + b − mean)/σ + β is a convolution with other weights.

    Takes a list of layers in which each norm stands between a convolution and its activation.
    """
    layers: list[tuple[str, Layer]] = []
    for name, layer, *_ in model.layers:
        if isinstance(layer, BatchNorm):
            name, before = layers[-1]
            scale = layer.weights["gamma"] / np.sqrt(layer.weights["variance"] + layer.epsilon)
            kernel, bias = before.weights["kernel"] * scale, (before.weights["bias"] - layer.weights["mean"]) * scale
            layers[-1] = name, Conv2D(**before.config | {"activation": "relu"})
            layers[-1][1].weights = {"kernel": kernel, "bias": bias + layer.weights["beta"]}
        elif layer and not isinstance(layer, Activation):
            layers.append((name, copy(layer)))
    return Model(layers, model.input_shape, classes=model.classes)


def incomplete(scenes: Scenes, seed: int = 0) -> tuple[Array, Array]:
    """Images (N, 64, 64, 3), half of them without a part, and goals (N, 8)."""
    rng, everyone = np.random.default_rng(seed), np.eye(len(CLASSES), dtype=np.float32)
    missing = np.where(rng.random(len(scenes)) < 0.5, rng.integers(len(PLAYERS), size=len(scenes)), -1)
    images, goals = scenes.images.copy(), everyone[scenes.labels]
    for k, (name, parts) in enumerate(PLAYERS.items()):
        if (rows := missing == k).any():
            images[rows] = render(scenes[rows], remove=parts)[0]
            doubtful = rows & (scenes.distinguishing_parts == PARTS.index(name))
            goals[doubtful] = (everyone[scenes.labels] + everyone[scenes.labels ^ 1])[doubtful] / 2
    return images, goals


def mirrored(images: Array, rng: np.random.Generator) -> Array:
    """Each image or, as often, its mirror image."""
    return np.asarray(np.where(rng.random((len(images), 1, 1, 1)) < 0.5, images, images[:, :, ::-1]))


def tied(n: int, seed: int, bias: float = 1.0) -> Scenes:
    """Birds where the biased network expects them."""
    return draw(n, seed, habitat=TIES, bias=bias)


def swapped(n: int, seed: int) -> Scenes:
    """The same birds, each where the biased network expects its partner."""
    scenes = tied(n, seed)
    return scenes.with_(habitat=[TIES[CLASSES[k ^ 1]] for k in scenes.labels])


def labelled(scenes: Scenes) -> tuple[Array, Array]:
    """The images of `incomplete`, and their species even where nobody could see it: so it pays to look elsewhere."""
    return incomplete(scenes)[0], scenes.labels


def seen(scenes: Scenes) -> tuple[Array, Array]:
    return scenes.images, scenes.labels


CLEAN = Course(
    learn=lambda: incomplete(draw(LEARNT, LEARN)),
    measure=lambda: seen(draw(MEASURED, MEASURE)),
    learnt=f"{LEARNT:,} birds",
    measured=f"{MEASURED:,} fresh birds",
    augment=mirrored,
)
BIASED = Course(
    learn=lambda: labelled(tied(LEARNT, LEARN, BIAS)),
    measure=lambda: seen(tied(MEASURED, MEASURE)),
    learnt=f"{LEARNT:,} birds, nearly all in the habitat of their species",
    measured=f"{MEASURED:,} fresh birds in the habitat of their species",
    augment=mirrored,
)
RECIPES = {
    "shorebirds": Recipe(shorebirds, CLEAN, epochs=10),
    "shorebirds-gap": Recipe(shorebirds_gap, CLEAN, epochs=6, rate=3e-3, finish=folded),
    "shorebirds-biased": Recipe(shorebirds_biased, BIASED, epochs=10),
}

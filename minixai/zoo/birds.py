"""Networks that tell shorebirds apart; half of the birds in their training data lack a part.

A missing part is therefore an ordinary sight to the networks, and removing a part later shows what it is worth.  If
the missing part is the one that distinguishes a pair, nobody can tell its two species apart, so the training target
is ½ for each of them: exactly Bayes's posterior.
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
"""{species: the habitat in which the biased network nearly always saw it}; the two species of a pair differ."""
BIAS = 0.95
LEARN, MEASURE = 20_000_001, 20_000_002  # seeds that nobody is likely to type
LEARNT, MEASURED = 3000, 1000  # scenes


def shorebirds(seed: int) -> Model:
    """Three pairs of 3×3 convolutions, each with a max-pool, and a dense layer. (after Simonyan & Zisserman 2015)"""
    return network([*pairs(), Flatten()], seed)


def shorebirds_gap(seed: int) -> Model:
    """The same pairs, one more convolution, then the mean of each channel and one dense layer: the head of CAM.

    It is trained with batch norms, without which such a network learns slowly; `folded` removes them afterwards.
    """
    convolutions = [normed for layer in [*pairs(), conv(64)] for normed in with_norm(layer)]
    return network([*convolutions, GlobalAveragePool2D()], seed)


def shorebirds_biased(seed: int) -> Model:
    """The same as `shorebirds`, but trained where each species is seen in a habitat of its own, 95 times in 100."""
    return shorebirds(seed)


def pairs() -> list[Layer]:
    """Return three pairs of convolutions, each with a max-pool: (N, 64, 64, 3) -> (N, 8, 8, 32)."""
    return [layer for filters in (8, 16, 32) for layer in (conv(filters), conv(filters), MaxPool2D(2))]


def conv(filters: int) -> Conv2D:
    return Conv2D(filters, 3, padding="same", activation="relu")


def with_norm(layer: Layer) -> list[Layer]:
    """Return [convolution, batch norm, ReLU] for a convolution, and [layer] for any other layer."""
    return [replace(layer, activation=None), BatchNorm(), Activation("relu")] if isinstance(layer, Conv2D) else [layer]


def network(layers: Sequence[Item], seed: int) -> Model:
    return Model([*layers, Dropout(0.2), ("scores", Dense(len(CLASSES)))], BIRDS, classes=CLASSES, seed=seed)


def folded(model: Model) -> Model:
    """Return a model without batch norms that gives the same scores.

    γ (w ⋆ x + b − mean)/σ + β is itself a convolution, with other weights.  Each batch norm of `model` must stand
    between a convolution and its ReLU.
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
    """Return images (N, 64, 64, 3), about half of which lack a part, and target probabilities (N, 8)."""
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
    """Return the images, each mirrored with probability ½."""
    return np.asarray(np.where(rng.random((len(images), 1, 1, 1)) < 0.5, images, images[:, :, ::-1]))


def tied(n: int, seed: int, bias: float = 1.0) -> Scenes:
    """Return n birds, each with probability `bias` in the habitat where the biased network expects it."""
    return draw(n, seed, habitat=TIES, bias=bias)


def swapped(n: int, seed: int) -> Scenes:
    """Return the birds of `tied`, each in the habitat where the biased network expects its partner."""
    scenes = tied(n, seed)
    return scenes.with_(habitat=[TIES[CLASSES[k ^ 1]] for k in scenes.labels])


def labelled(scenes: Scenes) -> tuple[Array, Array]:
    """Return the images of `incomplete` and their species (N,).

    The label is the species even if the missing part hides it, so the network gains by using the habitat.
    """
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

"""Networks that know what they go by, because they were made by hand: the truth about them is known."""

from __future__ import annotations

import numpy as np

from minixai.datasets.birds import CLASSES
from minixai.layers import Dense, Flatten
from minixai.model import Model

SHAPE = (64, 64, 3)


def linear(weights: np.ndarray) -> Model:
    """Scores that are weighted sums of the pixels: weights (64, 64, 3, 8)."""
    model = Model([Flatten(), ("scores", Dense(8))], SHAPE, classes=CLASSES, dtype=np.float64)
    model.set_weights({"scores/kernel": weights.reshape(-1, 8), "scores/bias": np.zeros(8)}, partial=True)
    return model


def weighing(seed: int = 0) -> Model:
    """One that weighs pixels by chance."""
    return linear(np.random.default_rng(seed).normal(size=(*SHAPE, 8)) / 64)


def cheating() -> Model:
    """One that looks at the red, green and blue of the picture's uppermost corners, where no bird ever is."""
    weights = np.zeros((*SHAPE, 8))
    weights[0, [0, -1]] = np.random.default_rng(1).normal(size=(3, 8))
    return linear(weights)


def bent(seed: int = 0) -> Model:
    """One that is not a sum, so that parts depend on each other."""
    layers = [Flatten(), Dense(12, activation="tanh"), Dense(8)]
    return Model(layers, SHAPE, classes=CLASSES, dtype=np.float64, seed=seed)

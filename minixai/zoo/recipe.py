"""A recipe: the architecture of a network, what it learns from, and what it is measured on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from minixai.arrays import Array
from minixai.model import Model


@dataclass(frozen=True)
class Course:
    """The training data and the test data for networks of one kind, and how each is described to the user."""

    learn: Callable[[], tuple[Array, Array]]
    """Returns the training images, and their labels (N,) or target probabilities (N, classes)."""
    measure: Callable[[], tuple[Array, Array]]
    """Returns the test images, which no network was trained on, and their labels (N,)."""
    learnt: str
    measured: str
    augment: Callable[[Array, np.random.Generator], Array]


@dataclass(frozen=True)
class Recipe:
    """How a shipped model is made: the architecture for a seed, the data, the number of epochs, the learning rate."""

    build: Callable[[int], Model]
    course: Course
    epochs: int
    rate: float = 2e-3
    finish: Callable[[Model], Model] = lambda model: model
    """Turns the trained model into the one that is shipped."""

    @property
    def about(self) -> str:
        return next(iter((self.build.__doc__ or "").splitlines()), "")  # python -OO strips docstrings

"""A recipe: the architecture of a network, what it learns from, and what it is measured on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from minixai.arrays import Array
from minixai.model import Model


@dataclass(frozen=True)
class Course:
    """What networks of a kind learn from, and what they are measured on; and how both are called."""

    learn: Callable[[], tuple[Array, Array]]
    """Images, and their labels or goals."""
    measure: Callable[[], tuple[Array, Array]]
    """Images that no network learnt from, and their labels."""
    learnt: str
    measured: str
    augment: Callable[[Array, np.random.Generator], Array]


@dataclass(frozen=True)
class Recipe:
    """How a shipped model is made: its architecture for a seed, its course, how often it sees all of it, how fast."""

    build: Callable[[int], Model]
    course: Course
    epochs: int
    rate: float = 2e-3
    finish: Callable[[Model], Model] = lambda model: model
    """What becomes of it once it is trained."""

    @property
    def about(self) -> str:
        return next(iter((self.build.__doc__ or "").splitlines()), "")  # there is none under python -OO

"""Longer experiments: most repeat a published one with minixai's networks, and show the published numbers beside ours.

Each is a function that returns a `Result`: a table, claims about it, and a figure.

>>> from minixai.experiments import closeness
>>> closeness(images=20).holds
True
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import signature

from minixai.experiments.cascades import sanity
from minixai.experiments.distances import closeness
from minixai.experiments.morphing import digit_morphing
from minixai.experiments.rates import convergence
from minixai.experiments.result import Block, Claim, Result

__all__ = [
    "EXPERIMENTS",
    "Block",
    "Claim",
    "Experiment",
    "Result",
    "closeness",
    "convergence",
    "digit_morphing",
    "sanity",
]


@dataclass(frozen=True)
class Experiment:
    """An experiment: the function that runs it, and about how many seconds that takes on two cores."""

    run: Callable[..., Result]
    seconds: int

    @property
    def question(self) -> str:
        """The question it answers, with its paper if it follows one: the first line of the function's docstring."""
        return next(iter((self.run.__doc__ or "").splitlines()), "")  # python -OO removes docstrings

    @property
    def sampled(self) -> bool:
        return "seed" in signature(self.run).parameters

    @property
    def time(self) -> str:
        """How long it takes, as text, rounded up to 15 s.

        >>> Experiment(closeness, 12).time, Experiment(closeness, 70).time
        ('about 15 s', 'about 75 s')
        """
        return f"about {-(-self.seconds // 15) * 15} s"


EXPERIMENTS: Mapping[str, Experiment] = {
    "digit-morphing": Experiment(digit_morphing, 15),
    "sanity": Experiment(sanity, 120),
    "closeness": Experiment(closeness, 15),
    "convergence": Experiment(convergence, 45),
}

"""Who is scored: methods with the settings they are scored with, and two maps that know no network.

What is explained is the contrast between a bird's own species and its partner, with two exceptions: class activation
maps tell where features of one class are, and are asked about the bird's own class alone.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from inspect import signature
from typing import Any

import numpy as np

from minixai.arrays import Array
from minixai.attribution import Cost
from minixai.evaluation.sanity import edge_detector, random_map
from minixai.methods import catalogue
from minixai.methods.baselines import BASELINES
from minixai.methods.groups import block_groups
from minixai.methods.registry import Method
from minixai.model import Model
from minixai.validate import one_of

SENSITIVITIES = ("gradient", "smooth_grad", "guided_backprop", "deconvnet", "guided_grad_cam")
"""Methods whose sign says in which direction a pixel would have to change: they are scored by their size."""
OWN_CLASS = ("grad_cam", "hires_cam", "guided_grad_cam")
"""Methods that are asked about one class and not about a contrast."""
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "expected_gradients": {"samples": 100},
    "grad_cam": {"resize": True},
    "hires_cam": {"resize": True},
}
BY_BLOCKS = {"feature_ablation": ("groups", 16), "shapley_values": ("players", 8)}
"""Methods that would take hours pixel by pixel, and how many blocks along a side they are given."""
BATCH = 16
"""Rows at a time: what so many take stays near the processor, which is faster than filling the memory."""
ORDERS = 10
"""Random orders in which Shapley's players arrive."""

DEFAULT = (
    *("gradient", "input_x_gradient", "integrated_gradients:black", "integrated_gradients:blur", "deep_lift:blur"),
    *("expected_gradients", "deep_shap", "occlusion:mean", "smooth_grad", "grad_cam", "hires_cam"),
    "guided_backprop",
)


@dataclass(frozen=True, eq=False)
class Contender:
    """One row of the table.

    name         what it is called
    signed       whether its map says by its sign what raises the score, see `amounts`
    own_class    whether it is asked about the bird's own class alone
    method       of the catalogue, with its options; None for a map that knows no network
    drawn        that map, made of the images
    """

    name: str
    signed: bool = True
    own_class: bool = False
    method: Method | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    drawn: Callable[[Array], Array] | None = None

    def __call__(
        self, model: Model, images: Array, target: Array, versus: Array | None, reference: Array | None = None
    ) -> tuple[Array, Cost]:
        """The map and what it cost.  A `reference`, one image for each, takes the place of what they compare with."""
        if self.drawn is not None:
            return self.drawn(images), Cost(0, 0)
        assert self.method is not None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of IG's gaps: what they do to the map is what is scored
            if reference is None or not self.compares:
                found = [self.method(model, images, target, versus=versus, **self.options)]
            elif self.method.compares == "baseline":
                options = {**self.options, baseline_of(self.method): reference}
                found = [self.method(model, images, target, versus=versus, **options)]
            else:  # a background is one set for all images, so each has a call of its own
                rows = [slice(i, i + 1) for i in range(len(images))]
                found = [
                    self.method(
                        *(model, images[i], target[i]),
                        versus=None if versus is None else versus[i],
                        **{**self.options, "background": reference[i]},
                    )
                    for i in rows
                ]
        cost = Cost(sum(result.cost.forward for result in found), sum(result.cost.backward for result in found))
        return np.concatenate([result.values for result in found]), cost

    @property
    def compares(self) -> bool:
        """Whether it compares the image with something that can be the partner."""
        return bool(self.method and self.method.compares)


def contender(text: str, background: Array, seed: int = 0) -> Contender:
    """A method of the catalogue as NAME, or NAME:BASELINE.

    background    images for those methods that need a set of them
    seed          of the sampled ones

    Raises ValueError for a method that is unknown, explains no class, or knows no baseline.

    >>> contender("integrated_gradients:blur", np.zeros((1, 4, 4, 3))).options
    {'batch': 16, 'baseline': 'blur'}
    """
    name, colon, baseline = text.partition(":")
    method = catalogue[name]
    if not method.class_specific:
        raise ValueError(f"{name} explains no class, so there is no truth to score it by: leave it out")
    parameters = signature(method.function).parameters
    options = {"batch": BATCH, **SETTINGS.get(name, {})}
    if colon:
        if method.compares != "baseline":
            others = ", ".join(m.name for m in catalogue.values() if m.compares == "baseline")
            raise ValueError(f"{name} knows no baseline: write {name} alone, or take one that does: {others}")
        options[baseline_of(method)] = one_of(baseline, BASELINES, "baseline")
    if method.compares == "background":
        options["background"] = background
    if name in BY_BLOCKS:
        what, side = BY_BLOCKS[name]
        options[what] = block_groups(background.shape[1:], side)
    if name == "shapley_values":
        options["permutations"] = ORDERS
    if "seed" in parameters:
        options["seed"] = seed
    return Contender(text, name not in SENSITIVITIES, name in OWN_CLASS, method, options)


def baseline_of(method: Method) -> str:
    """What a method calls its baseline."""
    return next(name for name in ("baseline",) if name in signature(method.function).parameters)


def chance_rows(seed: int = 0) -> list[Contender]:
    """The two that know no network: what they reach is no explanation."""
    return [
        Contender("edge detector", signed=False, drawn=edge_detector),
        Contender("random map", drawn=lambda images: random_map(images, seed)),
    ]

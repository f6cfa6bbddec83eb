"""What the scoreboard compares: methods with their settings, and two maps that do not use the network.

A method explains the contrast between the bird's own species and its partner.  Class activation maps show where
features of a single class are, so Grad-CAM, HiResCAM and guided Grad-CAM explain the bird's own class alone.
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
"""Methods whose sign says in which direction a pixel would have to change: absolute values of their maps are scored."""
OWN_CLASS = ("grad_cam", "hires_cam", "guided_grad_cam")
"""Methods that explain a single class instead of a contrast between two."""
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "expected_gradients": {"samples": 100},
    "grad_cam": {"resize": True},
    "hires_cam": {"resize": True},
}
BY_BLOCKS = {"feature_ablation": ("groups", 16), "shapley_values": ("players", 8)}
"""{method: (option, blocks along a side)}: methods that work on blocks, since single pixels would take hours."""
BATCH = 16
"""How many rows go through the network at a time; few enough for the processor's cache, which is faster."""
ORDERS = 10
"""How many random orders of the players are drawn for Shapley values."""

DEFAULT = (
    *("gradient", "input_x_gradient", "integrated_gradients:black", "integrated_gradients:blur", "deep_lift:blur"),
    *("expected_gradients", "deep_shap", "occlusion:mean", "smooth_grad", "grad_cam", "hires_cam"),
    "guided_backprop",
)


@dataclass(frozen=True, eq=False)
class Contender:
    """A method with its options, or a map that does not use the network: one row of the scoreboard.

    name         its name in the table
    signed       whether a positive value in its map means that the pixel raises the score; see `amounts`
    own_class    whether it explains the bird's own class alone instead of a contrast
    method       the method of the catalogue, or None for a map that does not use the network
    options      the options of the method
    drawn        function that makes the map from the images, if there is no method
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
        """Return the map (N, H, W, C) and its cost.

        A `reference`, one image for each of `images`, replaces the baseline or the background of a method that has one.
        """
        if self.drawn is not None:
            return self.drawn(images), Cost(0, 0)
        assert self.method is not None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # on gaps of IG, whose effect on the map is scored anyway
            if reference is None or not self.compares:
                found = [self.method(model, images, target, versus=versus, **self.options)]
            elif self.method.compares == "baseline":
                options = {**self.options, "baseline": reference}
                found = [self.method(model, images, target, versus=versus, **options)]
            else:  # all images of a call share one background, so each image needs its own call
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
        """Whether the method compares the image with a baseline or background, for which a reference can stand."""
        return bool(self.method and self.method.compares)


def contender(text: str, background: Array, seed: int = 0) -> Contender:
    """Return the contender for a method of the catalogue, written as NAME or NAME:BASELINE.

    background    images (R, H, W, C) for methods that compare with a set of images
    seed          seed of methods that sample

    Raises ValueError if the method is unknown or explains no class, or if it takes no baseline but one is given.

    >>> contender("integrated_gradients:blur", np.zeros((1, 4, 4, 3))).options
    {'batch': 16, 'baseline': 'blur'}
    """
    name, colon, baseline = text.partition(":")
    method = catalogue[name]
    if not method.class_specific:
        raise ValueError(f"{name} explains no class, so there is no truth to score it by: leave it out")
    options = {"batch": BATCH, **SETTINGS.get(name, {})}
    if colon:
        if method.compares != "baseline":
            others = ", ".join(m.name for m in catalogue.values() if m.compares == "baseline")
            raise ValueError(f"{name} knows no baseline: write {name} alone, or take one that does: {others}")
        options["baseline"] = one_of(baseline, BASELINES, "baseline")
    if method.compares == "background":
        options["background"] = background
    options |= block_options(name, background.shape[1:])
    if "seed" in signature(method.function).parameters:
        options["seed"] = seed
    return Contender(text, name not in SENSITIVITIES, name in OWN_CLASS, method, options)


def block_options(name: str, shape: tuple[int, ...]) -> dict[str, Any]:
    """Return the options that let a method work on blocks of images (H, W, C); none for a method not in `BY_BLOCKS`."""
    if name not in BY_BLOCKS:
        return {}
    option, side = BY_BLOCKS[name]
    return {option: block_groups(shape, side)} | ({"permutations": ORDERS} if name == "shapley_values" else {})


def chance_rows(seed: int = 0) -> list[Contender]:
    """Return the two contenders that do not use the network, an edge detector and a random map, for comparison."""
    return [
        Contender("edge detector", signed=False, drawn=edge_detector),
        Contender("random map", drawn=lambda images: random_map(images, seed)),
    ]

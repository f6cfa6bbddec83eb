"""The truth about scenes, and the maps of one method: each part is computed once, when a score first needs it."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from minixai.arrays import Array
from minixai.datasets.birds import Scenes
from minixai.datasets.birds.rendering import as_scenes
from minixai.evaluation.contenders import Contender
from minixai.evaluation.interventions import (
    as_bird_model,
    bird_masks,
    changed_pixels,
    decisive_masks,
    part_shapley,
    player_masks,
    removal_drops,
)
from minixai.evaluation.sanity import randomised, weighted_layers
from minixai.model import Model
from minixai.progress import Progress

PIECE = 8
"""How many scenes a method explains in one call."""


class Truth:
    """What is known about the scenes and the network; each attribute is computed when it is first used."""

    def __init__(self, model: Model, scenes: Scenes, seed: int) -> None:
        self.model, self.scenes, self.seed = as_bird_model(model), as_scenes(scenes), seed
        self.images, self.labels = scenes.images, scenes.labels
        self.partner = scenes.labels ^ 1

    @cached_property
    def bird(self) -> Array:
        return bird_masks(self.scenes)

    @cached_property
    def decisive(self) -> Array:
        return decisive_masks(self.scenes)

    @cached_property
    def parts(self) -> Array:
        return player_masks(self.scenes)

    @cached_property
    def drops(self) -> Array:
        return removal_drops(self.model, self.scenes)

    @cached_property
    def shapley(self) -> Array:
        return part_shapley(self.model, self.scenes)

    @cached_property
    def changed(self) -> Array:
        return changed_pixels(self.scenes).astype(np.float64)

    @cached_property
    def partner_images(self) -> Array:
        return self.scenes.with_(labels=self.partner).images

    @cached_property
    def forgetful(self) -> Model:
        """The network with random weights in its last layer."""
        return randomised(self.model, weighted_layers(self.model)[:1], self.seed)


class Trial:
    """The maps of one contender, (N, H, W, C) each; they are made when they are first used."""

    def __init__(self, who: Contender, truth: Truth, line: Progress) -> None:
        self.who, self.truth, self.line, self.signed = who, truth, line, who.signed

    def few(self, truth: Truth, every: int) -> Trial:
        """Return a trial for every `every`-th scene; `truth` is that of these scenes."""
        trial = Trial(self.who, truth, self.line)
        trial.values = self.values[::every]
        return trial

    def maps(self, model: Model, target: Array, versus: Array | None, reference: Array | None = None) -> Array:
        """Make the maps (N, H, W, C), a few scenes at a time; one that does not use the network is always `values`."""
        if self.who.method is None:
            return self.values
        images, found = self.truth.images, []
        for i in range(0, len(images), PIECE):
            part = slice(i, i + PIECE)
            given = (None if a is None else a[part] for a in (versus, reference))
            values, cost = self.who(model, images[part], target[part], *given)
            self.line.advance(sum(cost), self.who.name)
            found.append(values)
        return np.concatenate(found)

    @property
    def versus(self) -> Array | None:
        return None if self.who.own_class else self.truth.partner

    @cached_property
    def values(self) -> Array:
        """The map of the contrast or, for a method that explains one class, of the own class."""
        if self.who.drawn is not None:
            return self.who.drawn(self.truth.images)
        return self.maps(self.truth.model, self.truth.labels, self.versus)

    @cached_property
    def own(self) -> Array:
        return self.values if self.who.own_class else self.maps(self.truth.model, self.truth.labels, None)

    @cached_property
    def other(self) -> Array:
        return self.maps(self.truth.model, self.truth.partner, None)

    @cached_property
    def from_partner(self) -> Array:
        """The map with the partner's picture as baseline or background; `values` if the method has neither."""
        if not self.who.compares:
            return self.values
        return self.maps(self.truth.model, self.truth.labels, self.versus, self.truth.partner_images)

    @cached_property
    def forgetful(self) -> Array:
        return self.maps(self.truth.forgetful, self.truth.labels, self.versus)

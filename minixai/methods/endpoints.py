"""Endpoints: what a model computes for its inputs and for their baselines, from which every method starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from minixai.arrays import Array, rounding_bound, row_sums
from minixai.attribution import Attribution, Cost
from minixai.detached import Outline
from minixai.graph import Node, Rules, backward
from minixai.methods.call import Call
from minixai.methods.contrast import Contrast
from minixai.methods.network import FromLayer
from minixai.rules import GRADIENT


@dataclass(frozen=True, eq=False)
class Endpoints:
    """Both ends of every explanation: N inputs x and their baselines x', at the output and at the layer.

    call                      the question
    contrast                  the classes asked about
    score, reference_score    f(x) and f(x'), or the mean of f(x') over a background, (N,)
    value, reference          the activations a of the layer at x and at x', (N, ...); without a layer x and x'
    complete                  whether all of f depends on the layer: every path from the input runs through it
    cost                      the rows sent through the network so far
    outline                   the graph of the inputs without its activations
    layer                     the name of the layer, if the method chose one itself
    baseline                  x', one row or N; None without one
    reference_outputs         (R, K): the outputs at each row of a background; None without one
    """

    call: Call
    contrast: Contrast
    score: Array
    reference_score: Array
    value: Array
    reference: Array
    complete: bool
    cost: Cost
    outline: Outline
    layer: str | None = None
    baseline: Array | None = None
    reference_outputs: Array | None = None

    @property
    def delta(self) -> Array:
        """a − a'"""
        return np.asarray(self.value - self.reference)

    @cached_property
    def network(self) -> FromLayer:
        """The network from the layer on."""
        return FromLayer(self.call)

    def score_at(self, points: Array, i: Array) -> Array:
        """f at activations (B, ...) that belong to the inputs i: (B,)"""
        _, output = self.network(points, i)
        return self.contrast[i].of(output.value)

    def gradient(self, points: Array, i: Array) -> Array:
        """∂f/∂a at activations (B, ...) that belong to the inputs i: (B, ...)"""
        layer, output = self.network(points, i)
        return self.multipliers(GRADIENT, layer, output, i)

    def multipliers(self, rules: Rules, layer: Node, output: Node, i: Array) -> Array:
        """The multipliers of a layer in a graph whose rows belong to the inputs i: (B, ...)"""
        return backward(output, rules, self.contrast[i].seed(output), keep=[layer])[layer]

    def reference_score_at(self, r: Array, i: Array) -> Array:
        """f at the rows r of the background, for the classes of the inputs i: (B,)"""
        assert self.reference_outputs is not None
        return self.contrast[i].of(self.reference_outputs[r])

    def gap(self, values: Array) -> Array | None:
        """Σφ − (f(x) − f(x')), (N,); None where paths bypass the layer."""
        if not self.complete:
            return None
        return np.asarray(row_sums(values) - (self.score.astype(np.float64) - self.reference_score))

    def rounding(self, values: Array) -> Array:
        """The largest gap that rounding can explain, √ε · (|f(x)| + |f(x')| + Σ|φ|): (N,)"""
        size = abs(self.score) + abs(self.reference_score) + abs(values).reshape(len(values), -1).sum(axis=1)
        return rounding_bound(size, values.dtype)

    def attribution(
        self, method: str, values: Array, parameters: Mapping[str, Any], passes: tuple[int, int] = (0, 0), **more: Any
    ) -> Attribution:
        """The attribution that a method returns; `passes` are the rows sent forward and back after the endpoints."""
        compared = self.baseline is not None or self.reference_outputs is not None
        fields = {
            "baseline": self.baseline,
            "reference_score": self.reference_score if compared else None,
            "cost": self.cost.plus(*passes),
            **more,
        }
        return Attribution(
            values=values,
            method=method,
            target=self.contrast.target,
            versus=self.contrast.versus,
            score=self.score,
            output=self.call.output,
            layer=self.call.layer_name or self.layer,
            parameters=parameters,
            inputs=self.call.rows,
            **fields,
        )

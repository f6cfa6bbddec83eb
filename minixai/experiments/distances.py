"""Closeness: how far fast methods are from exact Shapley values, on random networks that are small enough for these.

RevealCancel approximates Shapley values: it averages over both orders in which the positive and the negative part of a
unit's input can be added.
(Shrikumar et al. 2017, §3.5.3; Lundberg & Lee 2017, §4.2)
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from minixai.arrays import Array
from minixai.experiments.result import Block, Claim, Result
from minixai.graph import Node
from minixai.methods import deep_lift, feature_ablation, gradient, integrated_gradients, shapley_values
from minixai.ops import relu
from minixai.progress import Progress
from minixai.validate import as_count, as_random_seed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INPUTS, WIDTH = 8, 12
DEPTHS = (1, 2, 3)
STEPS = 200
"""Number of midpoints of integrated gradients; a kink is misplaced by half a step at most."""


@dataclass(frozen=True)
class Case:
    """A random network, which is called as a function of a node, with an input and a reference, (1, 8) each."""

    weights: list[tuple[Array, Array]]
    x: Array
    reference: Array

    def __call__(self, node: Node) -> Node:
        *hidden, (w, b) = self.weights
        for v, c in hidden:
            node = relu(node @ v + c)
        return node @ w + b


def draw_case(depth: int, rng: np.random.Generator) -> Case:
    """Draw a network with `depth` hidden layers of 12 ReLUs, an input and a reference.

    With N a standard normal number, weights are 1.4·N/√fan_in, biases 0.3·N, input and reference N.
    """
    sizes = [INPUTS, *[WIDTH] * depth, 1]
    weights = [
        (1.4 * rng.standard_normal((n, m)) / np.sqrt(n), 0.3 * rng.standard_normal(m)) for n, m in pairwise(sizes)
    ]
    return Case(weights, rng.standard_normal((1, INPUTS)), rng.standard_normal((1, INPUTS)))


def path_integral(f: Case) -> Array:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="integrated_gradients misses")
        return integrated_gradients(f, f.x, baseline=f.reference, steps=STEPS, quadrature="midpoint").values


METHODS: Mapping[str, Callable[[Case], Array]] = {
    "gradient · Δ": lambda f: gradient(f, f.x).values * (f.x - f.reference),
    "ablation": lambda f: feature_ablation(f, f.x, baseline=f.reference).values,
    "IG": path_integral,
    "Rescale": lambda f: deep_lift(f, f.x, baseline=f.reference).values,
    "RevealCancel": lambda f: deep_lift(f, f.x, baseline=f.reference, rule="reveal-cancel").values,
}
PUBLISHED: Mapping[int, Sequence[float]] = {
    1: (0.708, 0.42, 0.184, 0.184, 0.131),
    2: (0.980, 0.63, 0.301, 0.362, 0.274),
    3: (1.142, 0.63, 0.357, 0.411, 0.292),
}
"""{depth: medians of METHODS} from an earlier implementation in PyTorch, with other random networks."""


def kink_error(f: Case) -> float:
    """Bound IG's error at each input i of a network with one hidden layer: max_i Σ_k |Δ_i w_ik v_k| · ½ step.

    Each ReLU has at most one kink on the path.  In the step with the kink IG takes its gradient as 0 or 1 throughout,
    which is wrong on at most half of the step.
    """
    (w, _), (v, _) = f.weights
    return float((abs((f.x - f.reference).T * w) @ abs(v)).max() / (2 * STEPS))


@dataclass(frozen=True, eq=False, repr=False)
class Closeness(Result):
    """The distances of methods from exact Shapley values.

    errors       {depth: ‖φ − Shapley‖ / ‖Shapley‖, (methods, networks)}
    ig_excess    the largest |IG − Rescale| with one hidden layer, divided by the error bound of IG
    """

    errors: Mapping[int, Array]
    ig_excess: float

    @property
    def blocks(self) -> list[Block]:
        titles, body = ["‖φ − Shapley‖ / ‖Shapley‖"], [[name] for name in METHODS]
        for depth, errors in self.errors.items():
            titles += [depth_label(depth), "published"]
            for line, ours, paper in zip(body, np.median(errors, axis=1), PUBLISHED[depth], strict=True):
                line += [f"{ours:.3f}", f"{paper:.3f}"]
        n = len(next(iter(self.errors.values()))[0])
        return [Block(f"median over {n} random networks", [tuple(line) for line in [titles, *body]])]

    @property
    def claims(self) -> list[Claim]:
        claims = []
        for depth, errors in self.errors.items():
            *others, best = np.median(errors, axis=1)
            text = f"{depth_label(depth)}: RevealCancel is nearest to Shapley, {best:.3f}, next {min(others):.3f}"
            claims.append(Claim(text, bool(best < min(others))))
        text = f"1 hidden layer: IG is Rescale, to {self.ig_excess:.0%} of what {STEPS} steps may miss"
        return [*claims, Claim(text, self.ig_excess <= 1)]

    @property
    def figure(self) -> Figure:
        from minixai.plots.charts import BoxPlotPanel, draw_box_plots

        return draw_box_plots(
            [BoxPlotPanel(depth_label(depth), errors, PUBLISHED[depth]) for depth, errors in self.errors.items()],
            list(METHODS),
            title="How far from the exact Shapley values?",
            x_label="‖φ − Shapley‖ / ‖Shapley‖ on random networks",
            mark_label="published median",
            columns=len(DEPTHS),
            logarithmic=True,
        )


def depth_label(depth: int) -> str:
    return f"{depth} hidden layer{'s' * (depth > 1)}"


def closeness(images: int = 200, seed: int = 0) -> Closeness:
    """How far are quick methods from the exact Shapley values?

    Parameters
    ----------
    images : int, default 200
        Number of random networks of each depth; each has its own input and reference.
    seed : int, default 0
        Seed of the networks, inputs and references.

    Returns
    -------
    Closeness
        The distances, with claims that RevealCancel is nearest at every depth, and that with one hidden layer IG equals
        Rescale to within its quadrature error, because the input of every unit changes along a straight line.

    Notes
    -----
    The networks have 8 inputs and 1, 2 or 3 hidden layers of 12 ReLUs.  Exact Shapley values take 256 rows per network,
    one for each subset of the inputs.

    Examples
    --------
    >>> closeness(images=20).holds
    True
    """
    n = as_count(images, "images")
    progress = Progress(f"closeness: {n} networks × {len(DEPTHS)} depths × {len(METHODS)} methods", n * len(DEPTHS))
    errors, ig_excess = {}, 0.0
    for depth in DEPTHS:
        rng = np.random.default_rng((as_random_seed(seed), depth))
        rows = []
        for _ in range(n):
            f = draw_case(depth, rng)
            exact = shapley_values(f, f.x, baseline=f.reference).values
            values = {name: method(f) for name, method in METHODS.items()}
            rows.append([np.linalg.norm(found - exact) / np.linalg.norm(exact) for found in values.values()])
            if depth == 1:
                ig_excess = max(ig_excess, abs(values["IG"] - values["Rescale"]).max() / kink_error(f))
            progress.advance(note=depth_label(depth))
        errors[depth] = np.array(rows).T
    progress.close()
    return Closeness(errors, float(ig_excess))

"""Every method of the catalogue against what defines it, on random CNNs in float64 and on trained digits in float32.

What defines it is computed here from scores alone, without a walk back: a slope is the difference of two scores
along a direction, a sum is the difference of two scores, and what is hidden is hidden by hand.  Only the three
that change the walk itself (guided backprop, deconvnet, LRP) are handed back node by node; of an affine op the slope
is what a step of 1 changes.  Sampled methods are fixed to their draws.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from checks import by_row
from hypothesis import given, settings
from programs import Network, cnns, generic, normal, seeds

import minixai as mx
from minixai import Node, ops
from minixai.graph import history, replay
from minixai.ops.functions import Relu
from minixai.ops.kinds import Selection
from tests.marks import slow_except

Array = np.ndarray[Any, Any]
Pair = tuple[Array, Array]
TARGET, H = 1, 1e-7


@dataclass
class Case:
    """The model that is asked, the same in float64, inputs x (2, ...), others like them, and the layer of the maps.

    `at` tells the methods of maps which layer that is, if they are to be told.
    """

    model: Any
    exact: Any
    x: Array
    others: Array
    layer: str
    at: dict[str, str] = field(default_factory=dict)

    def ask(self, name: str, **options: Any) -> Array:
        return mx.catalogue[name](self.model, self.x, TARGET, **options).values.astype(np.float64)

    def f(self, rows: Array) -> Array:
        return np.asarray(self.exact(Node(rows.astype(np.float64))).value[:, TARGET])

    @property
    def maps(self) -> Array:
        return self.opened()[1].value

    def opened(self) -> tuple[Node, Node]:
        output = self.exact(Node(self.x.astype(np.float64)))
        return output, next(node for node in history(output) if node.name == self.layer)

    def above(self, maps: Array) -> Array:
        """The score of these maps in the place of x's."""
        output, place = self.opened()
        return np.asarray(replay(output, {place: Node(maps)}).value[:, TARGET])


def slope(f: Callable[[Array], Array], x: Array, d: Array) -> Array:
    """How f rises from x in the direction d, by a central difference; between its kinks f is linear."""
    return (f(x + H * d) - f(x - H * d)) / (2 * H)


def along(values: Array, expected: Callable[[Array], Array]) -> Pair:
    """Σ φ·d in four random directions, and what it should be."""
    ds = np.random.default_rng(1).normal(size=(4, *values.shape))
    return np.stack([by_row(values * d) for d in ds]), np.stack([expected(d) for d in ds])


# -- what follows from the score -------------------------------------------------------------------------


def gradient(c: Case) -> Pair:
    return along(c.ask("gradient"), lambda d: slope(c.f, c.x, d))


def input_x_gradient(c: Case) -> Pair:
    return along(c.ask("input_x_gradient"), lambda d: slope(c.f, c.x, c.x * d))


def smooth_grad(c: Case) -> Pair:
    noise = np.random.default_rng(3).standard_normal((4, *c.x.shape[1:]))
    sigma = 0.2 * np.ptp(c.x, axis=(1, 2, 3), keepdims=True)
    found = c.ask("smooth_grad", noise=0.2, samples=4, seed=3)
    return along(found, lambda d: np.mean([slope(c.f, c.x + sigma * e, d) for e in noise], axis=0))


def integrated_gradients(c: Case) -> Pair:
    nodes, weights = np.polynomial.legendre.leggauss(5)
    delta = c.x - c.others[:1]
    points = [(w / 2, c.others[:1] + (t + 1) / 2 * delta) for t, w in zip(nodes, weights, strict=True)]
    found = c.ask("integrated_gradients", baseline=c.others[:1], steps=5)
    return along(found, lambda d: np.sum([w * slope(c.f, x, delta * d) for w, x in points], axis=0))


def expected_gradients(c: Case) -> Pair:
    lots = np.random.default_rng(3).random((5, 2))
    ways = [(alpha, c.others[int(u * len(c.others))]) for u, alpha in lots]
    found = c.ask("expected_gradients", background=c.others, samples=5, seed=3)
    return along(found, lambda d: np.mean([slope(c.f, x0 + a * (c.x - x0), (c.x - x0) * d) for a, x0 in ways], axis=0))


def deep_lift(c: Case) -> Pair:
    return by_row(c.ask("deep_lift", baseline=c.others[0])), c.f(c.x) - c.f(c.others[:1])


def deep_shap(c: Case) -> Pair:
    return by_row(c.ask("deep_shap", background=c.others)), c.f(c.x) - c.f(c.others).mean()


def without(c: Case, hidden: Array) -> Array:
    """The score with this part of every input taken from the first of the others."""
    return c.f(np.where(hidden, c.others[0], c.x))


def shapley_values(c: Case) -> Pair:
    """All 24 orders in which the quarters of the image can arrive."""
    height, width = c.x.shape[1:3]
    label = (2 * (np.arange(height) >= height // 2)[:, None] + (np.arange(width) >= width // 2))[..., None]
    worth = np.zeros((4, len(c.x)))
    for order in permutations(range(4)):
        for k, player in enumerate(order):
            worth[player] += without(c, np.isin(label, order[k + 1 :])) - without(c, np.isin(label, order[k:]))
    values = c.ask("shapley_values", baseline=c.others[0], players=label)
    return np.stack([by_row(values * (label == player)) for player in range(4)]), worth / 24


def feature_ablation(c: Case) -> Pair:
    label = np.arange(np.prod(c.x.shape[1:])).reshape(c.x.shape[1:]) * 7 % 11
    lost = [np.multiply.outer(c.f(c.x) - without(c, label == k), label == k) for k in range(11)]
    return c.ask("feature_ablation", baseline=c.others[0], groups=label), np.sum(lost, axis=0)


def occlusion(c: Case) -> Pair:
    """Windows of 3 × 2, every two rows and every pixel; the last rows may be cut."""
    size = c.x.shape[1:3]
    lost, windows = np.zeros((len(c.x), *size)), np.zeros(size)
    for top in range(0, size[0] - 1, 2):
        for left in range(size[1] - 1):
            if top and top - 2 + 3 >= size[0]:
                continue  # the window before reached the border
            window = np.zeros(size)
            window[top : top + 3, left : left + 2] = 1
            windows += window
            lost += np.multiply.outer(c.f(c.x) - without(c, window[..., None] > 0), window)
    return c.ask("occlusion", window=(3, 2), stride=(2, 1), baseline=c.others[0])[..., 0], lost / windows


# -- what follows from the score as a function of the maps ---------------------------------------------------


def activations(c: Case) -> Pair:
    """They are all that the score above them needs."""
    return c.above(c.ask("activations", **c.at)), c.f(c.x)


def cam(c: Case) -> Array:
    """Σ_k α_k A_k: α_k times the number of places is how the score rises when all of A_k does."""
    places, filters = c.maps[0, ..., 0].size, c.maps.shape[-1]
    alpha = [slope(c.above, c.maps, np.broadcast_to(k, c.maps.shape)) / places for k in np.eye(filters)]
    return np.asarray(np.einsum("nhwk,kn->nhw", c.maps, np.stack(alpha)))


def grad_cam(c: Case) -> Pair:
    return c.ask("grad_cam", **c.at)[..., 0], np.maximum(cam(c), 0)


def hires_cam(c: Case) -> Pair:
    """How the score rises when the maps grow in one place."""
    values = c.ask("hires_cam", **c.at)[..., 0]
    places = np.eye(values[0].size).reshape(-1, *values.shape[1:], 1)
    return values.reshape(len(values), -1).T, np.stack([slope(c.above, c.maps, c.maps * p) for p in places])


# -- what changes the walk ---------------------------------------------------------------------------------------


def handed_back(c: Case, rule: Callable[[Node, Array], Array]) -> Array:
    """The multipliers of x, row by row: `rule` says how much of m a node hands on."""
    found = []
    for row in c.x.astype(np.float64):
        x = Node(row[None])
        output = c.exact(x)
        m = {node: np.zeros(node.shape) for node in history(output)}
        m[output][0, TARGET] = 1
        for node in reversed(history(output)):
            passed = rule(node, m[node])
            for i, u in enumerate(node.inputs):
                if isinstance(u, Node):
                    m[u] = m[u] + slopes(node, i, passed)
        found.append(m[x][0])
    return np.stack(found)


def slopes(node: Node, i: int, m: Array) -> Array:
    """Σ m · ∂y/∂u.  A ReLU is left to the rule, a maximum to its own winner; of the rest a step of 1 tells."""
    u = node.inputs[i]
    if isinstance(node.op, Relu):
        return m
    if isinstance(node.op, Selection):
        return np.asarray(node.op.vjp(i, m, u.value))
    steps = np.eye(u.value.size).reshape(-1, *u.shape[1:])
    found = []
    for some in np.array_split(steps, -(-len(steps) // 400)):
        inputs = [v.value.repeat(len(some), axis=0) if isinstance(v, Node) else v for v in node.inputs]
        still, inputs[i] = inputs[i], some + inputs[i]
        moved = node.op.forward(*inputs) - node.op.forward(*[*inputs[:i], still, *inputs[i + 1 :]])
        found.append(by_row(m * moved))
    return np.concatenate(found).reshape(u.shape)


def on(node: Node, m: Array) -> Array:
    """What passes a ReLU on the way forward, and all else."""
    return m * (node.inputs[0].value > 0) if isinstance(node.op, Relu) else m


def guided(node: Node, m: Array) -> Array:
    return on(node, np.maximum(m, 0) if isinstance(node.op, Relu) else m)


def guided_backprop(c: Case) -> Pair:
    return c.ask("guided_backprop"), handed_back(c, guided)


def deconvnet(c: Case) -> Pair:
    return c.ask("deconvnet"), handed_back(c, lambda n, m: np.maximum(m, 0) if isinstance(n.op, Relu) else m)


def guided_grad_cam(c: Case) -> Pair:
    """Stretched to half-pixel centres, first the rows and then the columns."""
    stretched = np.maximum(cam(c), 0)
    for axis, size in ((1, c.x.shape[1]), (2, c.x.shape[2])):
        n = stretched.shape[axis]
        at = (np.arange(size) + 0.5) * n / size - 0.5
        stretched = np.apply_along_axis(lambda line, at=at: np.interp(at, np.arange(len(line)), line), axis, stretched)
    return c.ask("guided_grad_cam", **c.at), handed_back(c, guided) * stretched[..., None]


def lrp(c: Case) -> Pair:
    """z/(z + ε·sign z) of what a convolution or a dense layer is handed; R = m·x."""

    def fading(node: Node, m: Array) -> Array:
        if not isinstance(node.op, (ops.Convolution, ops.MatMul)):
            return on(node, m)
        return m * node.value / (node.value + np.where(node.value < 0, -0.25, 0.25))

    return c.ask("lrp", epsilon=0.25), c.x * handed_back(c, fading)


DIFFERENCES = (activations, deep_lift, deep_shap, shapley_values, feature_ablation, occlusion)
SLOPES = (gradient, input_x_gradient, smooth_grad, integrated_gradients, expected_gradients, grad_cam, hires_cam)
WALKS = (guided_backprop, deconvnet, lrp)
PROPERTIES = {p.__name__: p for p in (*DIFFERENCES, *SLOPES, *WALKS, guided_grad_cam)}
every = pytest.mark.parametrize("name", mx.catalogue)
pytestmark = [
    pytest.mark.filterwarnings("ignore:integrated_gradients misses"),  # five steps are few
    pytest.mark.filterwarnings("ignore:no op on the way rectifies"),  # not every network here has a ReLU
]


def holds(name: str, c: Case) -> None:
    """To rounding: four sums of at most 400 terms in a row and one of 784, each off by √terms, make about 100 ε.

    That is ε of the scores where they are subtracted, and of the largest value otherwise.  The slopes of scores
    that are off by some 8 ε in float64 are off by 16 ε/2h.
    """
    found, expected = PROPERTIES[name](c)
    score = abs(c.f(np.concatenate([c.x, c.others]))).max()
    scale = score if PROPERTIES[name] in DIFFERENCES else abs(expected).max()
    sloped = 8 * np.finfo(float).eps / H * score if PROPERTIES[name] in (*SLOPES, guided_grad_cam) else 0
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=0, atol=100 * float(np.finfo(c.x.dtype).eps) * scale + sloped)


def test_every_method_has_a_property() -> None:
    assert PROPERTIES.keys() == mx.catalogue.keys()


@every
@settings(max_examples=6, derandomize=True)
@given(network=cnns(softmax=False, piecewise_linear=True), seed=seeds)
def test_on_random_cnns(name: str, network: Network, seed: int) -> None:
    """A convolution, whose maps are generic, and a random CNN on top of it."""
    channels = network.shape[2]
    w = normal(np.random.default_rng(seed), (3, 3, channels, channels), 9 * channels)

    def model(x: Node) -> Node:
        return network(ops.convolution(x, w, padding="same").named("maps"))

    holds(name, Case(model, model, generic(network, 2, seed), generic(network, 3, seed ^ 1), "maps", {"layer": "maps"}))


ON_DIGITS = ("gradient", "integrated_gradients", "deep_lift", "grad_cam")
"""The methods that the plain suite asks about trained digits."""


@pytest.fixture(scope="module")
def digits() -> Case:
    """Five test digits, with a little noise: the flat background ties in every max-pool, where there is no slope."""
    model = mx.load("digits")
    images = mx.datasets.digits("test")[0][:5]
    noisy = (images + np.random.default_rng(0).uniform(0, 0.1, images.shape)).astype(np.float32)
    return Case(model, model.astype(np.float64), noisy[:2], noisy[2:], "conv2")


@pytest.mark.parametrize("name", slow_except(ON_DIGITS, mx.catalogue))
def test_on_trained_digits(name: str, digits: Case) -> None:
    """The layer of the maps is not named: by default it is the last convolution."""
    holds(name, digits)

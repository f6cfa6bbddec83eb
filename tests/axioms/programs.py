"""What the axioms are tried on: random programs and random CNNs, as functions of one node.

Hypothesis draws the structure, so that it can make a failing example smaller; the
numbers come from a drawn seed, so that they are generic (no ties, no zeros) unless
asked otherwise.  Use them like this:

    @given(networks(), seeds)
    def test_something(network, seed):
        x = generic(network, rows=3, seed=seed)
        y = network(Node(x))                    # (3, outputs)

`programs()` makes vectors from vectors, with sharing, broadcasting, products of moving
nodes and every elementwise function; `cnns()` makes scores from images; `networks()` is
either.  `points()` draws inputs with the ties and zeros that `generic` avoids.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st

from minixai import Node, ops
from minixai.ops.functions import Elu, LeakyRelu, Power, positive_part
from minixai.ops.kinds import Elementwise

Array = np.ndarray[Any, Any]
Step = Callable[..., Node]
WIDTH = 4
seeds = st.integers(0, 2**32 - 1)


@dataclass(frozen=True)
class Network:
    """A function of one node (N, *shape) -> (N, outputs), with a text for Hypothesis to print."""

    shape: tuple[int, ...]
    function: Callable[[Node], Node] = field(repr=False)
    text: str = ""

    def __call__(self, x: Node) -> Node:
        return self.function(x)


def generic(network: Network, rows: int, seed: int, dtype: Any = np.float64) -> Array:
    """Inputs between −2 and 2, no two alike."""
    return np.random.default_rng(seed).uniform(-2, 2, (rows, *network.shape)).astype(dtype)


@st.composite
def points(draw: Any, network: Network, rows: int, dtype: Any = np.float64) -> Array:
    """Inputs that are generic, or on a coarse grid full of ties and zeros, or all zero."""
    x = generic(network, rows, draw(seeds), dtype)
    kind = draw(st.sampled_from(["generic", "grid", "zero"]))
    return {"generic": x, "grid": np.round(x), "zero": np.zeros_like(x)}[kind]


# -- programs ----------------------------------------------------------------------------------------

ELEMENTWISE: dict[str, tuple[Elementwise, Callable[[Node], Node]]] = {
    # name: the op, and what brings any u into its domain and keeps its values moderate
    "relu": (ops.relu, lambda u: u),
    "positive_part": (positive_part, lambda u: u),
    "leaky_relu": (LeakyRelu(0.1), lambda u: u),
    "elu": (Elu(), lambda u: u),
    "selu": (Elu(1.6732632423543772, 1.0507009873554805), lambda u: u),
    "sigmoid": (ops.sigmoid, lambda u: u),
    "tanh": (ops.tanh, lambda u: u),
    "softplus": (ops.softplus, lambda u: u),
    "gelu": (ops.gelu, lambda u: u),
    "absolute": (ops.absolute, lambda u: u),
    "exp": (ops.exp, ops.tanh),
    "log": (ops.log, lambda u: u * u + 0.5),
    "sqrt": (ops.sqrt, lambda u: u * u + 0.5),
    "reciprocal": (ops.reciprocal, lambda u: u * u + 0.5),
    "square": (ops.square, ops.tanh),
    "cube": (Power(3.0), ops.tanh),
}
"""Every elementwise op of minixai.ops."""


def softly(name: str) -> Step:
    """The elementwise function of that name, made safe everywhere."""
    op, safe = ELEMENTWISE[name]
    return lambda u, v, w: op(safe(u))


STEPS: dict[str, Step] = {
    # each makes (N, 4) from two earlier (N, 4), which may be the same, and weights w (4, 4)
    "add": lambda u, v, w: u + v,
    "subtract": lambda u, v, w: u - v,
    "multiply": lambda u, v, w: 0.3 * u * v,
    "divide": lambda u, v, w: u / (1 + v * v),
    "scale and shift": lambda u, v, w: w[0] * u - w[1],
    "dense": lambda u, v, w: ops.matmul(u, w),
    "dense with bias": lambda u, v, w: ops.MatMul()(u, w, w[0]),
    "residual": lambda u, v, w: u + ops.relu(v @ w),
    "two-node matmul": lambda u, v, w: (u.reshape(2, 2) @ v.reshape(2, 2)).flatten() / 3,
    "constant @ node": lambda u, v, w: (w[:2, :2] @ u.reshape(2, 2)).flatten(),
    "add column": lambda u, v, w: u + v[:, 1:2],
    "multiply by column": lambda u, v, w: u * v[:, :1] / 2,
    "centre": lambda u, v, w: u - v.mean(1, keepdims=True),
    "add sum": lambda u, v, w: u + 0.3 * v.sum(keepdims=True),
    "subtract max": lambda u, v, w: u - v.max(1, keepdims=True),
    "max over an axis": lambda u, v, w: ops.concatenate([u.reshape(2, 2).max(2), v.reshape(2, 2).max(1)]),
    "larger of two": lambda u, v, w: ops.concatenate([u.reshape(1, 4), v.reshape(1, 4)], 1).max(1),
    "cross over": lambda u, v, w: ops.concatenate([u[:, 2:], v[:, :2]]),
    "reverse": lambda u, v, w: u[:, ::-1],
    "transpose": lambda u, v, w: u.reshape(2, 2).transpose(2, 1).flatten(),
    "pad": lambda u, v, w: ops.pad(u[:, 1:3], ((1, 1),), 0.5),
    "softmax": lambda u, v, w: ops.softmax(u + v),
    **{name: softly(name) for name in ELEMENTWISE},
}


@st.composite
def programs(draw: Any, leave_out: tuple[str, ...] = ()) -> Network:
    """A random program (N, 4) -> (N, 4): up to eight steps, each combining two earlier results."""
    names = [name for name in STEPS if name not in leave_out]
    step = st.tuples(st.sampled_from(names), st.integers(0, 8), st.integers(0, 8))
    steps, seed = draw(st.lists(step, min_size=1, max_size=8)), draw(seeds)
    weights = np.random.default_rng(seed).uniform(-0.7, 0.7, (len(steps), WIDTH, WIDTH))

    def run(x: Node) -> Node:
        made = [x]
        for (name, p, q), w in zip(steps, weights, strict=True):
            # counted from the newest, so that long chains are as likely as wide ones
            made.append(STEPS[name](made[-1 - p % len(made)], made[-1 - q % len(made)], w))
        return made[-1]

    return Network((WIDTH,), run, f"{steps}, weights from seed {seed}")


# -- CNNs --------------------------------------------------------------------------------------------


@st.composite
def cnns(draw: Any, bias: bool = True, softmax: bool | None = None, piecewise_linear: bool = False) -> Network:
    """A random CNN (N, H, W, C) -> (N, 3 scores), or probabilities.

    Convolutions with stride, padding, dilation and groups; ReLU right before and right
    after max-pooling; overlapping pools; one shared ReLU; residual sums and
    concatenations; scale and shift; a global-pooling or flat head.  With bias=False
    every constant that is added is left out, so that the network is positively
    homogeneous; `softmax` None draws it; piecewise_linear leaves out what is neither
    linear nor a ReLU nor a maximum.
    """
    rng = np.random.default_rng(draw(seeds))
    shape = (draw(st.integers(4, 7)), draw(st.integers(4, 7)), draw(st.sampled_from([1, 2, 4])))
    stages: list[tuple[str, Callable[[Node], Node]]] = []
    h = Node(np.zeros((1, *shape)))

    def stage(name: str, function: Callable[[Node], Node]) -> None:
        nonlocal h
        stages.append((name, function))
        h = function(h)

    for _ in range(draw(st.integers(1, 4))):
        kinds = ["convolution", "relu-pool", "pool-relu", "average", "residual", "concatenate", "scale", "upsample"]
        kind = draw(st.sampled_from([*kinds, *([] if piecewise_linear else ["tanh"])]))
        stage(kind, draw(STAGES[kind](h.shape, rng, bias)))
    kind = draw(st.sampled_from(["mean", "max", "flat"]))
    stage(kind, {"mean": ops.global_average_pool, "max": lambda u: u.max((1, 2)), "flat": ops.flatten}[kind])
    w, b = normal(rng, (h.shape[1], 3), h.shape[1]), 0.3 * rng.normal(size=3)
    stage("dense", lambda u: ops.MatMul()(u, w, b if bias else None))
    if draw(st.booleans()) if softmax is None else softmax:
        stage("softmax", ops.softmax)

    def run(x: Node) -> Node:
        for _, function in stages:
            x = function(x)
        return x

    return Network(shape, run, " > ".join(name for name, _ in stages))


def normal(rng: np.random.Generator, shape: tuple[int, ...], fan_in: int) -> Array:
    return 1.4 * rng.normal(size=shape) / np.sqrt(fan_in)


@st.composite
def convolutions(draw: Any, shape: tuple[int, ...], rng: np.random.Generator, bias: bool, same: bool = False) -> Any:
    """A convolution of images (N, H, W, C); `same` keeps their shape."""
    _, height, width, c = shape
    stride = 1 if same else draw(st.sampled_from([1, 1, 2, (2, 1)]))
    padding = "same" if same else draw(st.sampled_from(["same", "valid", 1, (0, 1), ((0, 1), (2, 0))]))
    dilation = draw(st.sampled_from([1, 1, 2, (1, 2)]))
    groups = draw(st.sampled_from([g for g in (1, 2, 4) if c % g == 0]))
    kernel = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    if padding != "same" and min(height, width) < 5:  # the widest window is 5 pixels
        kernel, dilation = (min(2, height), min(2, width)), 1
    channels = c if same else draw(st.sampled_from([k for k in (2, 4) if k % groups == 0]))
    w, b = normal(rng, (*kernel, c // groups, channels), kernel[0] * kernel[1] * c // groups), rng.normal(size=channels)
    return lambda u: ops.convolution(u, w, 0.3 * b if bias else None, stride, padding, dilation, groups)


@st.composite
def convolution_relu(draw: Any, shape: tuple[int, ...], rng: np.random.Generator, bias: bool) -> Any:
    convolve, rectify = draw(convolutions(shape, rng, bias)), draw(st.booleans())
    return lambda u: ops.relu(convolve(u)) if rectify else convolve(u)


@st.composite
def pools(draw: Any, shape: tuple[int, ...], before: bool, after: bool) -> Any:
    """Max-pooling of windows that may overlap, with a ReLU right before or after it, or both."""
    window, stride = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    padding = "same" if min(shape[1:3]) < 3 else draw(st.sampled_from(["valid", "same"]))

    def run(u: Node) -> Node:
        u = ops.max_pool(ops.relu(u) if before else u, window, stride, padding)
        return ops.relu(u) if after else u

    return run


@st.composite
def average_pools(draw: Any, shape: tuple[int, ...]) -> Any:
    window, stride = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    padding = "same" if min(shape[1:3]) < 3 else draw(st.sampled_from(["valid", "same"]))
    return lambda u: ops.average_pool(u, window, stride, padding)


@st.composite
def residuals(draw: Any, shape: tuple[int, ...], rng: np.random.Generator, bias: bool) -> Any:
    """u + conv(relu(u)): the shared ReLU, used once more."""
    convolve = draw(convolutions(shape, rng, bias, same=True))
    return lambda u: u + convolve(ops.relu(u))


@st.composite
def branches(draw: Any, shape: tuple[int, ...], rng: np.random.Generator, bias: bool) -> Any:
    left, right = (draw(convolutions(shape, rng, bias, same=True)) for _ in range(2))
    return lambda u: ops.concatenate([ops.relu(left(u)), right(u)])


def scaling(shape: tuple[int, ...], rng: np.random.Generator, bias: bool) -> Any:
    """γ·u + β, channel by channel: batch normalisation when it is not training."""
    gamma, beta = rng.uniform(-1.5, 1.5, shape[3]), 0.3 * rng.normal(size=shape[3])
    return lambda u: gamma * u + beta if bias else gamma * u


STAGES: dict[str, Any] = {
    "convolution": convolution_relu,
    "relu-pool": lambda shape, rng, bias: st.booleans().flatmap(lambda after: pools(shape, before=True, after=after)),
    "pool-relu": lambda shape, rng, bias: pools(shape, before=False, after=True),
    "average": lambda shape, rng, bias: average_pools(shape),
    "residual": residuals,
    "concatenate": branches,
    "scale": lambda shape, rng, bias: st.just(scaling(shape, rng, bias)),
    "upsample": lambda shape, rng, bias: st.just(lambda u: ops.upsample(u, (5, 4))),
    "tanh": lambda shape, rng, bias: st.just(ops.tanh),
}


def networks() -> st.SearchStrategy[Network]:
    """A program or a CNN."""
    return st.one_of(programs(), cnns())

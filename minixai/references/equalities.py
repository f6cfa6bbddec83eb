"""Methods that must agree on the shipped random networks, whatever their weights: the difference is 0."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from minixai import ops, zoo
from minixai.arrays import Array, row_sums
from minixai.datasets import digits
from minixai.graph import Node
from minixai.methods import (
    activations,
    deep_lift,
    deep_shap,
    feature_ablation,
    grad_cam,
    gradient,
    hires_cam,
    input_x_gradient,
    integrated_gradients,
    lrp,
    shapley_values,
    smooth_grad,
)
from minixai.references.entry import Entry, Tolerance, rounded, summed
from minixai.references.frozen import network
from minixai.references.sources import ANCONA, BACH, LUNDBERG, SELVARAJU, SHRIKUMAR, SMILKOV, Source


def entries() -> list[Entry]:
    return [*without_bias(), *linear(), *one_hidden_layer(), *sums(), *at_home(), *cam()]


def zero(
    id: str, claim: str, source: Source, where: str, like: Any, tolerance: Tolerance, difference: Callable[[], Any]
) -> Entry:
    """Two things are equal: their difference is 0."""
    return Entry(id, claim, source, where, np.zeros(np.shape(like)), tolerance, difference)


def largest(*arrays: Any) -> float:
    return max(float(abs(np.asarray(a)).max()) for a in arrays)


def without_bias() -> list[Entry]:
    """Positive homogeneity: f(αx) = αf(x), so that the slope is one all along the way from 0."""
    _, model, x, _, _ = network("nobias")
    scores = model.scores(x)
    tolerance = summed(model, largest(x, scores), more=50)
    asked: dict[str, tuple[str, Callable[[], Any]]] = {
        "integrated_gradients": ("IG", lambda: integrated_gradients(model, x, 1)),
        "rescale": ("Rescale", lambda: deep_lift(model, x, 1)),
        "lrp": ("LRP-0", lambda: lrp(model, x, 1, epsilon=0.0)),
    }

    def beside(ask: Callable[[], Any]) -> Any:
        return input_x_gradient(model, x, 1).values - ask().values

    found = [
        zero(
            f"nobias.{name}",
            f"x·∇f = {symbol} from 0 on a ReLU network without biases",
            ANCONA,
            "Prop. 2 and §3",
            x,
            tolerance,
            partial(beside, ask),
        )
        for name, (symbol, ask) in asked.items()
    ]
    _, biased, y, _, _ = network("strided")
    found += [
        zero(
            "strided.lrp",
            "x·∇f = LRP-0 on a ReLU network, biases or not",
            ANCONA,
            "Prop. 1",
            y,
            summed(biased, largest(y, biased.scores(y))),
            lambda: input_x_gradient(biased, y, 1).values - lrp(biased, y, 1, epsilon=0.0).values,
        ),
        zero(
            "nobias.lrp.sum",
            "Σ R = f for LRP-0 on a network without biases",
            BACH,
            "eq. 1, conservation",
            scores[:, 1],
            summed(model, largest(x, scores), more=x[0].size),
            lambda: row_sums(lrp(model, x, 1, epsilon=0.0).values) - scores[:, 1],
        ),
    ]
    return found


def linear() -> list[Entry]:
    """f = w·x + b: whoever asks is told w (x − x')."""
    rng = np.random.default_rng(0)
    w, x, b = rng.normal(size=(5, 1)), rng.normal(size=(3, 5)), rng.normal(size=5)
    share, f = w[:, 0] * (x - b), lambda x: x @ w + 0.7
    asked: dict[str, Callable[[], Any]] = {
        "feature_ablation": lambda: feature_ablation(f, x, baseline=b),
        "integrated_gradients": lambda: integrated_gradients(f, x, baseline=b),
        "rescale": lambda: deep_lift(f, x, baseline=b),
        "reveal_cancel": lambda: deep_lift(f, x, baseline=b, rule="reveal-cancel"),
        "shapley_values": lambda: shapley_values(f, x, baseline=b),
        "deep_shap": lambda: deep_shap(f, x, background=b[None]),
    }
    return [
        Entry(
            f"plane.{name}",
            "on f = w·x + b an input is worth w (x − x')",
            ANCONA,
            "§3, linear models",
            share,
            rounded(16, 256),
            ask,
        )
        for name, ask in asked.items()
    ]


def one_hidden_layer() -> list[Entry]:
    """Each unit is crossed once on the way, at the share of it that its chord tells."""
    frozen = network("dense")
    w, c = (frozen.model.weights[f"dense1/{key}"] for key in ("kernel", "bias"))
    v = np.random.default_rng(0).normal(size=(w.shape[1], 1))
    x, b, n = frozen.x, frozen.background[0], 10_000
    f = lambda x: ops.relu(x @ w + c) @ v  # noqa: E731
    per_cell = float((abs(w[None] * (x - b)[:, :, None]) @ abs(v)).max())
    half = Tolerance(per_cell / (2 * n), f"each kink is misplaced by half a cell of 1/{n:,} at most, Σ|v·w·Δx|/2n")
    return [
        zero(
            "one-layer.rescale",
            "Rescale = IG on a network with one hidden ReLU layer",
            SHRIKUMAR,
            "§3.5.1, and IG",
            x,
            half,
            lambda: (
                deep_lift(f, x, baseline=b).values
                - integrated_gradients(f, x, baseline=b, steps=n, quadrature="midpoint").values
            ),
        )
    ]


def gap(ask: Callable[[], Any]) -> Any:
    return ask().gap


def sums() -> list[Entry]:
    """Σφ = f(x) − f(x'), whatever the network."""
    found = []
    for name in ("conv", "residual", "smooth"):
        _, model, x, background, _ = network(name)
        lift = partial(deep_lift, model, x, 1, baseline=background[0])
        asked: dict[str, tuple[Source, str, Callable[[], Any]]] = {
            "rescale": (SHRIKUMAR, "§3.1, summation to delta", lift),
            "reveal_cancel": (SHRIKUMAR, "§3.5.2", partial(lift, rule="reveal-cancel")),
            "deep_shap": (LUNDBERG, "local accuracy", partial(deep_shap, model, x, 1, background=background)),
            "deep_shap.contrast": (
                LUNDBERG,
                "local accuracy, f = f₂ − f₀",
                partial(deep_shap, model, x, 2, versus=0, background=background),
            ),
        }
        scores = model.scores(np.concatenate([x, background]))
        found += [
            zero(
                f"{name}.{method}.gap",
                "Σφ = f(x) − f(x')",
                source,
                where,
                x[:, 0].reshape(len(x), -1)[:, 0],
                summed(model, largest(x, scores) * 2, more=x[0].size),
                partial(gap, ask),
            )
            for method, (source, where, ask) in asked.items()
        ]
    return found


def at_home() -> list[Entry]:
    """Where nothing moved, DeepLIFT's multipliers are slopes; without noise, SmoothGrad's are."""
    _, model, x, _, _ = network("smooth")
    tolerance = summed(model, largest(x))
    return [
        zero(
            "smooth.multiplier@home",
            "m = ∂f/∂x for x' = x",
            SHRIKUMAR,
            "§3.5.1, Δx = 0",
            x,
            tolerance,
            lambda: deep_lift(model, x, 1, baseline=x).extras["multipliers"] - gradient(model, x, 1).values,
        ),
        zero(
            "smooth.smooth_grad@0",
            "SmoothGrad without noise is the gradient",
            SMILKOV,
            "§2",
            x,
            tolerance,
            lambda: smooth_grad(model, x, 1, noise=0.0).values - gradient(model, x, 1).values,
        ),
    ]


def cam() -> list[Entry]:
    """Global average pooling and a dense layer on top of the maps."""
    _, model, x, _, _ = network("gap")
    w, b = model.weights["scores/kernel"][:, 1], model.weights["scores/bias"][1]
    scores = model.scores(x)[:, 1]

    def signed(m: Any = model, rows: Array = x, k: int = 1, layer: str = "conv2") -> Array:
        return np.asarray(grad_cam(m, rows, k, layer=layer).extras["signed"])

    def class_map() -> Array:
        return activations(model, x, layer="conv2").values @ w[:, None]

    trained, images = zoo.load("digits-gap"), digits("test")[0][:3]
    outputs, bias = trained.scores(images)[:, 8], trained.weights["scores/bias"][8]
    tolerance = summed(model, 49 * largest(scores, x))
    return [
        zero(
            "gap.grad_cam",
            "CAM = H·W × Grad-CAM, H·W = 49",
            SELVARAJU,
            "§3.1; Zhou et al. eq. 2",
            signed(),
            tolerance,
            lambda: 49 * signed() - class_map(),
        ),
        zero(
            "gap.hires_cam",
            "HiResCAM = Grad-CAM where all places have one slope",
            SELVARAJU,
            "Draelos and Carin §3",
            signed(),
            tolerance,
            lambda: hires_cam(model, x, 1, layer="conv2").values - signed(),
        ),
        zero(
            "gap.grad_cam.default",
            "without a layer Grad-CAM looks at the last convolution, after its ReLU",
            SELVARAJU,
            "§3.1",
            signed(),
            tolerance,
            lambda: grad_cam(model, x, 1).extras["signed"] - signed(),
        ),
        Entry(
            "gap.grad_cam.sum",
            "Σ of the signed map = f − b",
            SELVARAJU,
            "§3.1",
            scores - b,
            tolerance,
            lambda: row_sums(signed()),
        ),
        Entry(
            "digits-gap.grad_cam.sum",
            "and so on three digits, for an 8, in float32",
            SELVARAJU,
            "§3.1",
            outputs - bias,
            summed(trained, largest(outputs), np.float32),
            lambda: row_sums(signed(trained, images, 8, "conv4")),
        ),
        zero(
            "gap.scores",
            "f = mean over places of Σ w A, and b",
            SELVARAJU,
            "Zhou et al. eq. 1",
            scores,
            tolerance,
            lambda: class_map().mean(axis=(1, 2, 3)) + b - model(Node(x)).value[:, 1],
        ),
    ]

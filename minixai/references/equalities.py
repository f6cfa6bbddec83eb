"""Methods that must agree on the shipped random networks, whatever their weights: the difference is 0."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from minixai import methods as mx
from minixai import ops, zoo
from minixai.arrays import Array, row_sums
from minixai.attribution import Attribution
from minixai.datasets import digits
from minixai.graph import Node
from minixai.references.entry import Entry, Tolerance, model_rounding, rounded
from minixai.references.frozen import load_network
from minixai.references.sources import ANCONA, BACH, LUNDBERG, SELVARAJU, SHRIKUMAR, SMILKOV, Source


def entries() -> list[Entry]:
    return [
        *bias_free_claims(),
        *linear_model_claims(),
        *one_hidden_layer_claims(),
        *completeness_claims(),
        *limit_claims(),
        *cam_claims(),
    ]


def equality_entry(
    id: str, claim: str, source: Source, where: str, like: Any, tolerance: Tolerance, difference: Callable[[], Any]
) -> Entry:
    """An entry that claims a difference, which has the shape of `like`, to be 0."""
    return Entry(id, claim, source, where, np.zeros(np.shape(like)), tolerance, difference)


def largest_magnitude(*arrays: Any) -> float:
    """The largest absolute value in any of the arrays."""
    return max(float(abs(np.asarray(a)).max()) for a in arrays)


def bias_free_claims() -> list[Entry]:
    """Without biases f(αx) = αf(x) for α > 0: the gradient is the same all the way from 0 to x."""
    (_, model, x, _, _), (_, biased, y, _, _) = load_network("nobias"), load_network("strided")
    scores = model.scores(x)
    tolerance = model_rounding(model, largest_magnitude(x, scores), more=50)

    def difference(method: Callable[..., Any], **options: Any) -> Any:
        return mx.input_x_gradient(model, x, 1).values - method(model, x, 1, **options).values

    return [
        *(equality_entry(f"nobias.{name}", f"x·∇f = {symbol} from 0 on a ReLU network without biases",
               ANCONA, "Prop. 2 and §3", x, tolerance, ours)
          for name, symbol, ours in (("integrated_gradients", "IG", partial(difference, mx.integrated_gradients)),
                                    ("rescale", "Rescale", partial(difference, mx.deep_lift)),
                                    ("lrp", "LRP-0", partial(difference, mx.lrp, epsilon=0.0)))),
        equality_entry("strided.lrp", "x·∇f = LRP-0 on a ReLU network, biases or not",
             ANCONA, "Prop. 1", y, model_rounding(biased, largest_magnitude(y, biased.scores(y))),
             lambda: mx.input_x_gradient(biased, y, 1).values - mx.lrp(biased, y, 1, epsilon=0.0).values),
        equality_entry("nobias.lrp.sum", "Σ R = f for LRP-0 on a network without biases",
             BACH, "eq. 1, conservation", scores[:, 1],
             model_rounding(model, largest_magnitude(x, scores), more=x[0].size),
             lambda: row_sums(mx.lrp(model, x, 1, epsilon=0.0).values) - scores[:, 1]),
    ]  # fmt: skip


def linear_model_claims() -> list[Entry]:
    """On f = w·x + b every method gives w (x − x')."""
    rng = np.random.default_rng(0)
    w, x, b = rng.normal(size=(5, 1)), rng.normal(size=(3, 5)), rng.normal(size=5)
    share, f = w[:, 0] * (x - b), lambda x: x @ w + 0.7
    calls: dict[str, Callable[[], Any]] = {
        "feature_ablation": lambda: mx.feature_ablation(f, x, baseline=b),
        "integrated_gradients": lambda: mx.integrated_gradients(f, x, baseline=b),
        "rescale": lambda: mx.deep_lift(f, x, baseline=b),
        "reveal_cancel": lambda: mx.deep_lift(f, x, baseline=b, rule="reveal-cancel"),
        "shapley_values": lambda: mx.shapley_values(f, x, baseline=b),
        "deep_shap": lambda: mx.deep_shap(f, x, background=b[None]),
    }
    return [
        Entry(f"plane.{name}", "on f = w·x + b an input is worth w (x − x')",
              ANCONA, "§3, linear models", share, rounded(16, 256), ours)
        for name, ours in calls.items()
    ]  # fmt: skip


def one_hidden_layer_claims() -> list[Entry]:
    """On the straight path each ReLU crosses its kink once, so that the mean of its derivative is Δy/Δx."""
    frozen = load_network("dense")
    w, c = (frozen.model.weights[f"dense1/{key}"] for key in ("kernel", "bias"))
    v = np.random.default_rng(0).normal(size=(w.shape[1], 1))
    x, b, n = frozen.x, frozen.background[0], 10_000
    f = lambda x: ops.relu(x @ w + c) @ v  # noqa: E731
    per_cell = float((abs(w[None] * (x - b)[:, :, None]) @ abs(v)).max())
    half = Tolerance(per_cell / (2 * n), f"each kink is misplaced by half a cell of 1/{n:,} at most, Σ|v·w·Δx|/2n")
    path = partial(mx.integrated_gradients, f, x, baseline=b, steps=n, quadrature="midpoint")
    return [
        equality_entry("one-layer.rescale", "Rescale = IG on a network with one hidden ReLU layer",
             SHRIKUMAR, "§3.5.1, and IG", x, half, lambda: mx.deep_lift(f, x, baseline=b).values - path().values)
    ]  # fmt: skip


def completeness_claims() -> list[Entry]:
    """Σφ = f(x) − f(x'), whatever the network."""
    found = []
    for name in ("conv", "residual", "smooth"):
        _, model, x, background, _ = load_network(name)
        rescale = partial(mx.deep_lift, model, x, 1, baseline=background[0])
        rows: list[tuple[str, Source, str, Callable[[], Attribution]]] = [
            ("rescale", SHRIKUMAR, "§3.1, summation to delta", rescale),
            ("reveal_cancel", SHRIKUMAR, "§3.5.2", partial(rescale, rule="reveal-cancel")),
            ("deep_shap", LUNDBERG, "local accuracy", partial(mx.deep_shap, model, x, 1, background=background)),
            ("deep_shap.contrast", LUNDBERG, "local accuracy, f = f₂ − f₀",
             partial(mx.deep_shap, model, x, 2, versus=0, background=background)),
        ]  # fmt: skip
        scores = model.scores(np.concatenate([x, background]))
        tolerance = model_rounding(model, largest_magnitude(x, scores) * 2, more=x[0].size)
        found += [
            equality_entry(
                f"{name}.{method}.gap",
                "Σφ = f(x) − f(x')",
                source,
                where,
                range(len(x)),
                tolerance,
                partial(gap_of, ours),
            )
            for method, source, where, ours in rows
        ]
    return found


def gap_of(compute: Callable[[], Attribution]) -> Any:
    """The gap (N,) of an attribution that is computed now."""
    return compute().gap


def limit_claims() -> list[Entry]:
    """DeepLIFT at its own reference, and SmoothGrad without noise, are the gradient."""
    _, model, x, _, _ = load_network("smooth")
    tolerance = model_rounding(model, largest_magnitude(x))
    return [
        equality_entry("smooth.multiplier@home", "m = ∂f/∂x for x' = x",
             SHRIKUMAR, "§3.5.1, Δx = 0", x, tolerance,
             lambda: mx.deep_lift(model, x, 1, baseline=x).extras["multipliers"] - mx.gradient(model, x, 1).values),
        equality_entry("smooth.smooth_grad@0", "SmoothGrad without noise is the gradient",
             SMILKOV, "§2", x, tolerance,
             lambda: mx.smooth_grad(model, x, 1, noise=0.0).values - mx.gradient(model, x, 1).values),
    ]  # fmt: skip


def cam_claims() -> list[Entry]:
    """Grad-CAM and CAM on networks that end in a global average pool and a dense layer."""
    _, model, x, _, _ = load_network("gap")
    w, b = model.weights["scores/kernel"][:, 1], model.weights["scores/bias"][1]
    scores = model.scores(x)[:, 1]

    def signed_map(m: Any = model, rows: Array = x, k: int = 1, layer: str = "conv2") -> Array:
        return np.asarray(mx.grad_cam(m, rows, k, layer=layer).extras["signed"])

    def class_map() -> Array:
        return mx.activations(model, x, layer="conv2").values @ w[:, None]

    trained, images = zoo.load("digits-gap"), digits("test")[0][:3]
    outputs, bias = trained.scores(images)[:, 8], trained.weights["scores/bias"][8]
    tolerance = model_rounding(model, 49 * largest_magnitude(scores, x))
    return [
        equality_entry("gap.grad_cam", "CAM = H·W × Grad-CAM, H·W = 49",
             SELVARAJU, "§3.1; Zhou et al. eq. 2", signed_map(), tolerance, lambda: 49 * signed_map() - class_map()),
        equality_entry("gap.hires_cam", "HiResCAM = Grad-CAM where all places have one slope",
             SELVARAJU, "Draelos and Carin §3", signed_map(), tolerance,
             lambda: mx.hires_cam(model, x, 1, layer="conv2").values - signed_map()),
        equality_entry("gap.grad_cam.default", "without a layer Grad-CAM looks at the last convolution, after its ReLU",
             SELVARAJU, "§3.1", signed_map(), tolerance,
             lambda: mx.grad_cam(model, x, 1).extras["signed"] - signed_map()),
        Entry("gap.grad_cam.sum", "Σ of the signed map = f − b",
              SELVARAJU, "§3.1", scores - b, tolerance, lambda: row_sums(signed_map())),
        Entry("digits-gap.grad_cam.sum", "and so on three digits, for an 8, in float32",
              SELVARAJU, "§3.1", outputs - bias, model_rounding(trained, largest_magnitude(outputs), np.float32),
              lambda: row_sums(signed_map(trained, images, 8, "conv4"))),
        equality_entry("gap.scores", "f = mean over places of Σ w A, and b",
             SELVARAJU, "Zhou et al. eq. 1", scores, tolerance,
             lambda: class_map().mean(axis=(1, 2, 3)) + b - model(Node(x)).value[:, 1]),
    ]  # fmt: skip

"""What a library was asked of a network, and how ours is asked for the same."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from minixai.arrays import Array
from minixai.methods import (
    DeepExplainer,
    GradientExplainer,
    activations,
    deconvnet,
    deep_lift,
    deep_shap,
    feature_ablation,
    grad_cam,
    gradient,
    guided_backprop,
    guided_grad_cam,
    hires_cam,
    input_x_gradient,
    integrated_gradients,
    lrp,
    occlusion,
    shapley_values,
    smooth_grad,
)
from minixai.references.frozen import Frozen, results

Ask = Callable[[Frozen], Any]
STEPS, SAMPLES, SEED = 13, 25, 3
"""IG's steps; GradientExplainer's draws and its seed."""
QUADRATURES = ("gauss-legendre", "left", "right", "midpoint")


def along(n: Frozen, **options: Any) -> Any:
    return integrated_gradients(n.model, n.x, 1, baseline=n.background[0], steps=STEPS, **options)


def lifted(n: Frozen, **options: Any) -> Any:
    return deep_lift(n.model, n.x, 1, baseline=n.background[0], **options)


def smoothed(n: Frozen, **options: Any) -> Any:
    return smooth_grad(n.model, n.x, 1, sigma=0.3, samples=7, **options)


def groups(n: Frozen) -> Array:
    """The five groups of inputs that captum was given."""
    return results("captum").arrays[f"{n.name}/groups"]


def sampled(n: Frozen) -> Any:
    explainer = GradientExplainer(n.model.astype(np.float32), n.background)
    return explainer.shap_values(n.x, nsamples=SAMPLES, rseed=SEED)


def begun(n: Frozen, rule: str) -> Any:
    """As many rows as deeplift is right about; one that is not is among its faults."""
    rows = len(results("deeplift").arrays[f"{n.name}/deep_lift.{rule}"])
    return lifted(n, rule=rule).values[:rows]


ASKED: dict[str, tuple[str, Ask]] = {
    "scores": ("f", lambda n: n.model.scores(n.x)),
    "gradient": ("∂f₁/∂x", lambda n: gradient(n.model, n.x, 1)),
    "contrast": ("∂(f₂ − f₀)/∂x", lambda n: gradient(n.model, n.x, 2, versus=0)),
    "probability": ("∂p₁/∂x, p = softmax f", lambda n: gradient(n.model, n.x, 1, output="probability")),
    "input_x_gradient": ("x · ∂f₁/∂x", lambda n: input_x_gradient(n.model, n.x, 1)),
    **{
        f"integrated_gradients.{q}": (
            f"(x − x')·Σ wₖ ∇f₁(x' + αₖ(x − x')), 13 {q} nodes",
            partial(along, quadrature=q),
        )
        for q in QUADRATURES
    },
    "integrated_gradients.layer": (
        "ΔA · Σ wₖ ∂f₁/∂A, 13 nodes, at A = conv2",
        partial(along, layer="conv2"),
    ),
    "deep_lift": ("m·Δx, m = Δf₁/Δx by Rescale", lifted),
    "deep_lift.layer": (
        "m·ΔA by Rescale at A = conv2",
        partial(lifted, layer="conv2"),
    ),
    "deep_shap": ("mean over x' of m·(x − x')", lambda n: deep_shap(n.model, n.x, 1, background=n.background)),
    "guided_backprop": ("max(m, 0)·1[z > 0] at each ReLU", lambda n: guided_backprop(n.model, n.x, 1)),
    "deconvnet": ("max(m, 0) at each ReLU", lambda n: deconvnet(n.model, n.x, 1)),
    "feature_ablation": (
        "f₁(x) − f₁(x, xᵢ = x'ᵢ)",
        lambda n: feature_ablation(n.model, n.x, 1, baseline=n.background[0]),
    ),
    "feature_ablation.groups": (
        "f₁(x) − f₁(x, x_G = x'_G), five groups G",
        lambda n: feature_ablation(n.model, n.x, 1, baseline=n.background[0], groups=groups(n)),
    ),
    "shapley_values": (
        "Shapley over all orders of five groups, f₁",
        lambda n: shapley_values(n.model, n.x, 1, baseline=n.background[0], players=groups(n)),
    ),
    "expected_gradients": ("mean of (x − x')·∇f at shap's own 25 draws, every output", sampled),
    "expected_value": ("mean over x' of f(x')", lambda n: DeepExplainer(n.model, n.background).expected_value),
    "deep_shap.all": (
        "mean over x' of m·(x − x'), every output",
        lambda n: DeepExplainer(n.model, n.background).shap_values(n.x),
    ),
    "shapley_values.background": (
        "Shapley over all coalitions, mean over x', f₁",
        lambda n: shapley_values(n.model, n.x, 1, background=n.background),
    ),
    "activations": ("A = conv2", lambda n: activations(n.model, n.x, layer="conv2")),
    "grad_cam": ("Σ αₖAₖ, signed", lambda n: grad_cam(n.model, n.x, 1, layer="conv2", relu=False)),
    "grad_cam.tf-explain": (
        "Σ αₖAₖ, α = mean of g where A > 0 and g > 0",
        lambda n: grad_cam(n.model, n.x, 1, layer="conv2", variant="tf-explain"),
    ),
    "occlusion.tf-explain": (
        "1 − p₁(x under a grey patch of 3), bilinear",
        lambda n: occlusion(n.model, n.x, 1, window=3, variant="tf-explain"),
    ),
    "guided_grad_cam": (
        "guided backprop × Grad-CAM, nearest",
        lambda n: guided_grad_cam(n.model, n.x, 1, layer="conv2", upsampling="nearest"),
    ),
    "hires_cam": ("Σ Aₖ·∂f₁/∂Aₖ", lambda n: hires_cam(n.model, n.x, 1, layer="conv2")),
    "occlusion": (
        "mean of f₁(x) − f₁(x hidden), windows (4, 3), steps (3, 2)",
        lambda n: occlusion(n.model, n.x, 1, window=(4, 3), stride=(3, 2), baseline=n.background[0]),
    ),
    "smooth_grad.smoothgrad": ("mean of ∇f₁(x + ε), 7 ε", smoothed),
    "smooth_grad.smoothgrad_sq": (
        "mean of ∇f₁(x + ε)², 7 ε",
        partial(smoothed, squared=True),
    ),
    "smooth_grad.vargrad": (
        "variance of ∇f₁(x + ε), 7 ε",
        partial(smoothed, variance=True),
    ),
    "lrp.epsilon": ("x·w/(z + ε sign z)·R, ε = 1e-6", lambda n: lrp(n.model, n.x, 1)),
    "lrp.epsilon.wide": ("x·w/(z + ε sign z)·R, ε = ¼", lambda n: lrp(n.model, n.x, 1, epsilon=0.25)),
    "lrp.gamma": ("with w + max(w, 0)/4", lambda n: lrp(n.model, n.x, 1, rule="gamma")),
    **{
        f"deep_lift.{rule}": (
            f"m·Δx by {rule}",
            partial(begun, rule=rule),
        )
        for rule in ("rescale", "reveal-cancel", "genomics")
    },
}
"""What: in mathematics, and how ours is asked for it."""

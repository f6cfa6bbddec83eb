"""The formula of each result that other libraries were asked for, and the call that asks minixai for the same."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from minixai import methods as mx
from minixai.arrays import Array
from minixai.references.frozen import Frozen, results

Call = Callable[[Frozen], Any]
STEPS, SAMPLES, SEED = 13, 25, 3
"""Steps of integrated gradients; draws of GradientExplainer, and their seed."""


def path(n: Frozen, **options: Any) -> Any:
    return mx.integrated_gradients(n.model, n.x, 1, baseline=n.background[0], steps=STEPS, **options)


def rescale(n: Frozen, **options: Any) -> Any:
    return mx.deep_lift(n.model, n.x, 1, baseline=n.background[0], **options)


def ablation(n: Frozen, **options: Any) -> Any:
    return mx.feature_ablation(n.model, n.x, 1, baseline=n.background[0], **options)


def smooth(n: Frozen, **options: Any) -> Any:
    return mx.smooth_grad(n.model, n.x, 1, sigma=0.3, samples=7, **options)


def groups(n: Frozen) -> Array:
    """The five groups of inputs that captum was given."""
    return results("captum").arrays[f"{n.name}/groups"]


def expected_gradients_float32(n: Frozen) -> Any:
    explainer = mx.GradientExplainer(n.model.astype(np.float32), n.background)
    return explainer.shap_values(n.x, nsamples=SAMPLES, rseed=SEED)


def right_rows(n: Frozen, rule: str) -> Any:
    """The rows that deeplift is right about; the one that it is not right about is among its faults."""
    rows = len(results("deeplift").arrays[f"{n.name}/deep_lift.{rule}"])
    return rescale(n, rule=rule).values[:rows]


CALLS: dict[str, tuple[str, Call]] = {
    "scores": ("f", lambda n: n.model.scores(n.x)),
    "gradient": ("∂f₁/∂x", lambda n: mx.gradient(n.model, n.x, 1)),
    "contrast": ("∂(f₂ − f₀)/∂x", lambda n: mx.gradient(n.model, n.x, 2, versus=0)),
    "probability": ("∂p₁/∂x, p = softmax f", lambda n: mx.gradient(n.model, n.x, 1, output="probability")),
    "input_x_gradient": ("x · ∂f₁/∂x", lambda n: mx.input_x_gradient(n.model, n.x, 1)),
    **{f"integrated_gradients.{q}": (f"(x − x')·Σ wₖ ∇f₁(x' + αₖ(x − x')), 13 {q} nodes", partial(path, quadrature=q))
       for q in ("gauss-legendre", "left", "right", "midpoint")},
    "integrated_gradients.layer": ("ΔA · Σ wₖ ∂f₁/∂A, 13 nodes, at A = conv2", partial(path, layer="conv2")),
    "deep_lift": ("m·Δx, m = Δf₁/Δx by Rescale", rescale),
    "deep_lift.layer": ("m·ΔA by Rescale at A = conv2", partial(rescale, layer="conv2")),
    "deep_shap": ("mean over x' of m·(x − x')", lambda n: mx.deep_shap(n.model, n.x, 1, background=n.background)),
    "guided_backprop": ("max(m, 0)·1[z > 0] at each ReLU", lambda n: mx.guided_backprop(n.model, n.x, 1)),
    "deconvnet": ("max(m, 0) at each ReLU", lambda n: mx.deconvnet(n.model, n.x, 1)),
    "feature_ablation": ("f₁(x) − f₁(x, xᵢ = x'ᵢ)", ablation),
    "feature_ablation.groups": ("f₁(x) − f₁(x, x_G = x'_G), five groups G", lambda n: ablation(n, groups=groups(n))),
    "shapley_values": ("Shapley over all orders of five groups, f₁",
                       lambda n: mx.shapley_values(n.model, n.x, 1, baseline=n.background[0], players=groups(n))),
    "expected_gradients": ("mean of (x − x')·∇f at shap's own 25 draws, every output", expected_gradients_float32),
    "expected_value": ("mean over x' of f(x')", lambda n: mx.DeepExplainer(n.model, n.background).expected_value),
    "deep_shap.all": ("mean over x' of m·(x − x'), every output",
                      lambda n: mx.DeepExplainer(n.model, n.background).shap_values(n.x)),
    "shapley_values.background": ("Shapley over all coalitions, mean over x', f₁",
                                  lambda n: mx.shapley_values(n.model, n.x, 1, background=n.background)),
    "activations": ("A = conv2", lambda n: mx.activations(n.model, n.x, layer="conv2")),
    "grad_cam": ("Σ αₖAₖ, signed", lambda n: mx.grad_cam(n.model, n.x, 1, layer="conv2", relu=False)),
    "grad_cam.tf-explain": ("Σ αₖAₖ, α = mean of g where A > 0 and g > 0",
                            lambda n: mx.grad_cam(n.model, n.x, 1, layer="conv2", variant="tf-explain")),
    "occlusion.tf-explain": ("1 − p₁(x under a grey patch of 3), bilinear",
                             lambda n: mx.occlusion(n.model, n.x, 1, window=3, variant="tf-explain")),
    "guided_grad_cam": ("guided backprop × Grad-CAM, nearest",
                        lambda n: mx.guided_grad_cam(n.model, n.x, 1, layer="conv2", upsampling="nearest")),
    "hires_cam": ("Σ Aₖ·∂f₁/∂Aₖ", lambda n: mx.hires_cam(n.model, n.x, 1, layer="conv2")),
    "occlusion": ("mean of f₁(x) − f₁(x hidden), windows (4, 3), steps (3, 2)",
                  lambda n: mx.occlusion(n.model, n.x, 1, window=(4, 3), stride=(3, 2), baseline=n.background[0])),
    "smooth_grad.smoothgrad": ("mean of ∇f₁(x + ε), 7 ε", smooth),
    "smooth_grad.smoothgrad_sq": ("mean of ∇f₁(x + ε)², 7 ε", partial(smooth, squared=True)),
    "smooth_grad.vargrad": ("variance of ∇f₁(x + ε), 7 ε", partial(smooth, variance=True)),
    "lrp.epsilon": ("x·w/(z + ε sign z)·R, ε = 1e-6", lambda n: mx.lrp(n.model, n.x, 1)),
    "lrp.epsilon.wide": ("x·w/(z + ε sign z)·R, ε = ¼", lambda n: mx.lrp(n.model, n.x, 1, epsilon=0.25)),
    "lrp.gamma": ("with w + max(w, 0)/4", lambda n: mx.lrp(n.model, n.x, 1, rule="gamma")),
    **{f"deep_lift.{rule}": (f"m·Δx by {rule}", partial(right_rows, rule=rule))
       for rule in ("rescale", "reveal-cancel", "genomics")},
}  # fmt: skip
"""{name of the result: (its formula, the call of minixai)}"""

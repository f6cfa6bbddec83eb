"""For each frozen result of another library its formula, and the call of minixai that computes the same."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from minixai import methods as mx
from minixai.arrays import Array
from minixai.attribution import Attribution
from minixai.references.frozen import FrozenNetwork, load_results

Call = Callable[[FrozenNetwork], Any]
STEPS, SAMPLES, SEED = 13, 25, 3
"""Steps of integrated gradients, draws of GradientExplainer, and the seed of the draws."""


def call_integrated_gradients(net: FrozenNetwork, **options: Any) -> Attribution:
    """Integrated gradients of score 1 from the first background row, by 13 steps."""
    return mx.integrated_gradients(net.model, net.x, 1, baseline=net.background[0], steps=STEPS, **options)


def call_deep_lift(net: FrozenNetwork, **options: Any) -> Attribution:
    """DeepLIFT of score 1 from the first background row."""
    return mx.deep_lift(net.model, net.x, 1, baseline=net.background[0], **options)


def call_feature_ablation(net: FrozenNetwork, **options: Any) -> Attribution:
    """Feature ablation of score 1 to the first background row."""
    return mx.feature_ablation(net.model, net.x, 1, baseline=net.background[0], **options)


def call_smooth_grad(net: FrozenNetwork, **options: Any) -> Attribution:
    """SmoothGrad of score 1 with 7 draws of noise."""
    return mx.smooth_grad(net.model, net.x, 1, sigma=0.3, samples=7, **options)


def captum_groups(net: FrozenNetwork) -> Array:
    """The five groups of inputs of the network that captum was given: group numbers in the shape of an input."""
    return load_results("captum").arrays[f"{net.name}/groups"]


def call_expected_gradients_float32(net: FrozenNetwork) -> Any:
    """Expected gradients of every score, in float32, as GradientExplainer gives them."""
    explainer = mx.GradientExplainer(net.model.astype(np.float32), net.background)
    return explainer.shap_values(net.x, nsamples=SAMPLES, rseed=SEED)


def deep_lift_correct_rows(net: FrozenNetwork, rule: str) -> Array:
    """DeepLIFT of the rows on which the library deeplift is right; the row on which it is wrong is in faults.py."""
    rows = len(load_results("deeplift").arrays[f"{net.name}/deep_lift.{rule}"])
    return call_deep_lift(net, rule=rule).values[:rows]


CALLS: dict[str, tuple[str, Call]] = {
    "scores": ("f", lambda net: net.model.scores(net.x)),
    "gradient": ("∂f₁/∂x", lambda net: mx.gradient(net.model, net.x, 1)),
    "contrast": ("∂(f₂ − f₀)/∂x", lambda net: mx.gradient(net.model, net.x, 2, versus=0)),
    "probability": ("∂p₁/∂x, p = softmax f",
                    lambda net: mx.gradient(net.model, net.x, 1, output="probability")),
    "input_x_gradient": ("x · ∂f₁/∂x", lambda net: mx.input_x_gradient(net.model, net.x, 1)),
    **{f"integrated_gradients.{q}": (f"(x − x')·Σ wₖ ∇f₁(x' + αₖ(x − x')), 13 {q} nodes",
                                    partial(call_integrated_gradients, quadrature=q))
       for q in ("gauss-legendre", "left", "right", "midpoint")},
    "integrated_gradients.layer": ("ΔA · Σ wₖ ∂f₁/∂A, 13 nodes, at A = conv2",
                                   partial(call_integrated_gradients, layer="conv2")),
    "deep_lift": ("m·Δx, m = Δf₁/Δx by Rescale", call_deep_lift),
    "deep_lift.layer": ("m·ΔA by Rescale at A = conv2", partial(call_deep_lift, layer="conv2")),
    "deep_shap": ("mean over x' of m·(x − x')",
                  lambda net: mx.deep_shap(net.model, net.x, 1, background=net.background)),
    "guided_backprop": ("max(m, 0)·1[z > 0] at each ReLU", lambda net: mx.guided_backprop(net.model, net.x, 1)),
    "deconvnet": ("max(m, 0) at each ReLU", lambda net: mx.deconvnet(net.model, net.x, 1)),
    "feature_ablation": ("f₁(x) − f₁(x, xᵢ = x'ᵢ)", call_feature_ablation),
    "feature_ablation.groups": ("f₁(x) − f₁(x, x_G = x'_G), five groups G",
                                lambda net: call_feature_ablation(net, groups=captum_groups(net))),
    "shapley_values": ("Shapley over all orders of five groups, f₁",
                       lambda net: mx.shapley_values(net.model, net.x, 1, baseline=net.background[0],
                                                     players=captum_groups(net))),
    "expected_gradients": ("mean of (x − x')·∇f at shap's own 25 draws, every output", call_expected_gradients_float32),
    "expected_value": ("mean over x' of f(x')", lambda net: mx.DeepExplainer(net.model, net.background).expected_value),
    "deep_shap.all": ("mean over x' of m·(x − x'), every output",
                      lambda net: mx.DeepExplainer(net.model, net.background).shap_values(net.x)),
    "shapley_values.background": ("Shapley over all coalitions, mean over x', f₁",
                                  lambda net: mx.shapley_values(net.model, net.x, 1, background=net.background)),
    "activations": ("A = conv2", lambda net: mx.activations(net.model, net.x, layer="conv2")),
    "grad_cam": ("Σ αₖAₖ, signed", lambda net: mx.grad_cam(net.model, net.x, 1, layer="conv2", relu=False)),
    "grad_cam.tf-explain": ("Σ αₖAₖ, α = mean of g where A > 0 and g > 0",
                            lambda net: mx.grad_cam(net.model, net.x, 1, layer="conv2", variant="tf-explain")),
    "occlusion.tf-explain": ("1 − p₁(x under a grey patch of 3), bilinear",
                             lambda net: mx.occlusion(net.model, net.x, 1, window=3, variant="tf-explain")),
    "guided_grad_cam": ("guided backprop × Grad-CAM, nearest",
                        lambda net: mx.guided_grad_cam(net.model, net.x, 1, layer="conv2", upsampling="nearest")),
    "hires_cam": ("Σ Aₖ·∂f₁/∂Aₖ", lambda net: mx.hires_cam(net.model, net.x, 1, layer="conv2")),
    "occlusion": ("mean of f₁(x) − f₁(x hidden), windows (4, 3), steps (3, 2)",
                  lambda net: mx.occlusion(net.model, net.x, 1, window=(4, 3), stride=(3, 2),
                                           baseline=net.background[0])),
    "smooth_grad.smoothgrad": ("mean of ∇f₁(x + ε), 7 ε", call_smooth_grad),
    "smooth_grad.smoothgrad_sq": ("mean of ∇f₁(x + ε)², 7 ε", partial(call_smooth_grad, squared=True)),
    "smooth_grad.vargrad": ("variance of ∇f₁(x + ε), 7 ε", partial(call_smooth_grad, variance=True)),
    "lrp.epsilon": ("x·w/(z + ε sign z)·R, ε = 1e-6", lambda net: mx.lrp(net.model, net.x, 1)),
    "lrp.epsilon.wide": ("x·w/(z + ε sign z)·R, ε = ¼", lambda net: mx.lrp(net.model, net.x, 1, epsilon=0.25)),
    "lrp.gamma": ("with w + max(w, 0)/4", lambda net: mx.lrp(net.model, net.x, 1, rule="gamma")),
    **{f"deep_lift.{rule}": (f"m·Δx by {rule}", partial(deep_lift_correct_rows, rule=rule))
       for rule in ("rescale", "reveal-cancel", "genomics")},
}  # fmt: skip
"""{name of the result: (its formula, the call of minixai)}"""

"""Attribution methods: method(model, x, target=None, *, versus=None, ...parameters) -> Attribution."""

from minixai.methods.ablation import feature_ablation
from minixai.methods.deep_lift import deep_lift
from minixai.methods.deep_shap import deep_shap
from minixai.methods.expected_gradients import expected_gradients
from minixai.methods.explainers import DeepExplainer, GradientExplainer
from minixai.methods.grad_cam import grad_cam, guided_grad_cam, hires_cam
from minixai.methods.gradients import deconvnet, gradient, guided_backprop, input_x_gradient
from minixai.methods.integrated_gradients import integrated_gradients
from minixai.methods.lrp import lrp
from minixai.methods.maps import activations
from minixai.methods.occlusion import occlusion
from minixai.methods.registry import catalogue
from minixai.methods.shapley import shapley
from minixai.methods.shapley_values import shapley_values
from minixai.methods.smooth_grad import smooth_grad

__all__ = [
    "DeepExplainer",
    "GradientExplainer",
    "activations",
    "catalogue",
    "deconvnet",
    "deep_lift",
    "deep_shap",
    "expected_gradients",
    "feature_ablation",
    "grad_cam",
    "gradient",
    "guided_backprop",
    "guided_grad_cam",
    "hires_cam",
    "input_x_gradient",
    "integrated_gradients",
    "lrp",
    "occlusion",
    "shapley",
    "shapley_values",
    "smooth_grad",
]

catalogue.arrange(
    (
        *("feature_ablation", "gradient", "input_x_gradient", "integrated_gradients", "deep_lift", "shapley_values"),
        *("expected_gradients", "deep_shap", "activations", "occlusion", "smooth_grad", "grad_cam", "hires_cam"),
        *("guided_backprop", "deconvnet", "guided_grad_cam", "lrp"),
    )
)

"""Attribution methods: method(model, x, target=None, *, versus=None, ...parameters) -> Attribution."""

from minixai.methods.deeplift import deep_lift
from minixai.methods.gradients import deconvnet, gradient, guided_backprop, input_x_gradient
from minixai.methods.integrated import integrated_gradients
from minixai.methods.registry import catalogue

__all__ = [
    "catalogue",
    "deconvnet",
    "deep_lift",
    "gradient",
    "guided_backprop",
    "input_x_gradient",
    "integrated_gradients",
]

"""minixai: attribution methods for image networks, in NumPy from scratch.

import minixai as mx

model = mx.load("digits")
images, labels = mx.datasets.digits("test")
result = mx.deep_lift(model, images[:4])
print(result)
mx.plots.show(result, images[:4]).savefig("digits.png")
"""

from minixai import interrupts  # noqa: F401  (the first of all: Ctrl-C while a command loads the rest is one line)

# ruff: isort: split
from importlib import import_module
from typing import TYPE_CHECKING, Any

from minixai import datasets, evaluation, layers, ops, toys, zoo
from minixai.attribution import Attribution
from minixai.audit import audit
from minixai.checking import check
from minixai.graph import Node
from minixai.graph import backward as unchecked_backward
from minixai.images import read_images
from minixai.methods import (
    DeepExplainer,
    GradientExplainer,
    activations,
    catalogue,
    deconvnet,
    deep_lift,
    deep_shap,
    expected_gradients,
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
    shapley,
    shapley_values,
    smooth_grad,
)
from minixai.model import Model
from minixai.signatures import with_explained_failure
from minixai.training import train
from minixai.zoo import load

if TYPE_CHECKING:
    from minixai import plots

__all__ = [
    "Attribution",
    "DeepExplainer",
    "GradientExplainer",
    "Model",
    "Node",
    "activations",
    "audit",
    "backward",
    "catalogue",
    "check",
    "datasets",
    "deconvnet",
    "deep_lift",
    "deep_shap",
    "evaluation",
    "expected_gradients",
    "feature_ablation",
    "grad_cam",
    "gradient",
    "guided_backprop",
    "guided_grad_cam",
    "hires_cam",
    "input_x_gradient",
    "integrated_gradients",
    "layers",
    "load",
    "lrp",
    "occlusion",
    "ops",
    "plots",
    "read_images",
    "shapley",
    "shapley_values",
    "smooth_grad",
    "toys",
    "train",
    "zoo",
]

backward = with_explained_failure(unchecked_backward)


def draw_png(result: Attribution) -> bytes | None:
    """The map of an attribution beside its image, for notebooks."""
    made: bytes | None = import_module("minixai.plots.inline").draw_png(result)
    return made


Attribution.draw_png = staticmethod(draw_png)


def __getattr__(name: str) -> Any:
    """matplotlib takes a while to load, so plots are loaded when first used."""
    if name == "plots":
        return import_module("minixai.plots")
    raise AttributeError(f"module 'minixai' has no attribute {name!r}")

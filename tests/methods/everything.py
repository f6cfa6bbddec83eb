"""How a test calls any method of the catalogue: with what it cannot do without, and with few passes."""

from inspect import signature

import numpy as np

import minixai as mx
from minixai.attribution import Attribution
from minixai.methods.registry import Method
from minixai.model import Model

FEW = {
    "integrated_gradients": {"steps": 6},
    "expected_gradients": {"samples": 6},
    "smooth_grad": {"samples": 6},
    "occlusion": {"window": 3, "stride": 2},
}
IMAGES = ("occlusion", "activations", "grad_cam", "hires_cam", "guided_grad_cam")
"""Methods that need images, and a network with places in it."""

METHODS = list(mx.catalogue.values())
NAMES = list(mx.catalogue)
ON_VECTORS = [m for m in METHODS if m.name not in IMAGES]


def takes(method: Method, option: str) -> bool:
    return option in signature(method.function).parameters


def ask(method: Method, model, x, target=None, **options) -> Attribution:
    """The method's answer; what it needs and was not given is made up, the same for every call."""
    shape = np.shape(x)[1:]
    made = dict(FEW.get(method.name, {}))
    if takes(method, "background") and not method.baseline:
        made["background"] = np.random.default_rng(9).random((3, *shape))
    if takes(method, "players") and len(shape) == 3:
        made["players"] = (np.arange(shape[0]) // 5)[:, None, None] * 2 + (np.arange(shape[1]) // 5)[:, None]
    if method.name == "activations" and isinstance(model, Model):
        made["layer"] = "conv1"
    return method.function(model, x, target, **made | options)

"""Suggest the preprocessing that a network was trained with, judging by its first layers or by its name.

A suggestion is shown to the user but never applied: a wrong preprocessing makes predictions wrong, and only the person
who trained the network knows the right one.
"""

from __future__ import annotations

import numpy as np

from minixai.arrays import Array
from minixai.layers import BatchNorm, Dropout
from minixai.model import Model
from minixai.op_layers import Scale, Shift

KERAS = {
    "resnet50v2": "tf",
    "resnet101v2": "tf",
    "resnet152v2": "tf",
    "resnet": "caffe",
    "vgg": "caffe",
    "mobilenetv3": "0..255",
    "mobilenet": "tf",
    "inception": "tf",
    "xception": "tf",
    "nasnet": "tf",
    "densenet": "torch",
    "efficientnet": "0..255",
    "convnext": "0..255",
}
"""{prefix of the name of a network of keras.applications: its preprocessing}; the first matching prefix counts."""
BYTES = 20.0
"""Means and shifts above this value are those of pixels up to 255."""
COLOURS, IMAGENET = 3, 1000


def suggest_preprocessing(model: Model, name: str = "", producer: str = "") -> str | None:
    """Return the name of the suggested preprocessing, or None if nothing suggests one.

    Parameters
    ----------
    model : Model
        The network.
    name : str, default ""
        The name of the model in Keras.
    producer : str, default ""
        The program that exported the ONNX file.

    Notes
    -----
    If the network begins with scales and shifts, these show the range of its input: x/255 and x − 117 are for pixels
    up to 255, (x − 0.45)/0.22 and 2x − 1 for pixels up to 1.  If it begins with a batch norm, the running mean is the
    mean of its training inputs.  Otherwise, networks of keras.applications are recognised by their names, and a network
    with 3 channels and 1000 classes that PyTorch exported is assumed to be torchvision's or timm's.
    """
    if model.input_shape[-1:] == () or len(model.input_shape) != 3:
        return None
    told = from_first_layers(model)
    if told is not None:
        return told
    plain = name.lower().replace("_", "").replace("-", "")
    known = next((kind for start, kind in KERAS.items() if plain.startswith(start)), None)
    if known is not None:
        return known
    photos = model.input_shape[-1] == COLOURS and len(model.classes) == IMAGENET
    return "imagenet" if producer == "pytorch" and photos else None


def from_first_layers(model: Model) -> str | None:
    """Return what the scales, shifts or batch norm at the start of the network suggest, or None."""
    channels = model.input_shape[-1]
    scale, shift, before, found = np.ones(channels), np.zeros(channels), "input", False
    for name, layer, inputs, _ in model.layers[1:]:
        if inputs != (before,):
            break
        if isinstance(layer, BatchNorm) and not found:
            return from_statistics(layer.weights["mean"], layer.weights["variance"])
        if isinstance(layer, Scale) and (by := per_channel(layer.weights["scale"], channels)) is not None:
            scale, shift, found = scale * by, shift * by, True
        elif isinstance(layer, Shift) and (by := per_channel(layer.weights["shift"], channels)) is not None:
            shift, found = shift + by, True
        elif not isinstance(layer, Dropout):
            break
        before = name
    if not found:
        return None
    if np.max(abs(shift)) > BYTES or np.max(abs(scale)) * BYTES < 1:
        return "0..255"
    return "0..1" if np.min(abs(scale)) >= 0.5 else None


def per_channel(w: Array, channels: int) -> Array | None:
    """Return w as (channels,) if it has one number, or one for each channel; otherwise None."""
    return np.broadcast_to(w.reshape(-1), (channels,)) if w.size in (1, channels) else None


def from_statistics(mean: Array, variance: Array) -> str | None:
    """Return what the mean and the variance (channels,) of a network's inputs suggest, or None."""
    if np.max(mean) > BYTES:
        return "0..255"
    if np.all((mean > 0.05) & (mean < 0.95)) and np.max(variance) < 0.3:
        return "0..1"
    if np.max(abs(mean)) < 0.5:
        return "imagenet" if np.min(variance) > 0.6 else "-1..1"
    return None

"""What the file of a network suggests that it was trained to see, from its first layers or from its name.

A suggestion is told and never taken: the preprocessing decides whether a prediction is right, and only who trained
the network knows it.
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
"""{how the name of a network of keras.applications begins: what it was trained to see}; the first that fits holds."""
BYTES = 20.0
"""Means and shifts beyond this are those of pixels up to 255."""
COLOURS, IMAGENET = 3, 1000


def suggest_preprocessing(model: Model, name: str = "", producer: str = "") -> str | None:
    """Return the name of a preprocessing, or None where nothing suggests one.

    Parameters
    ----------
    model : Model
        The network.
    name : str, default ""
        What Keras calls it.
    producer : str, default ""
        What exported an ONNX file.

    Notes
    -----
    Numbers that the file itself multiplies by and adds tell the range of what it takes: x/255 and x − 117 are for
    pixels up to 255, (x − 0.45)/0.22 and 2x − 1 for pixels up to 1.  The running mean of a batch norm that comes first
    is the mean of what the network saw.  Where there are none of these, networks of keras.applications are known by
    name, and those that PyTorch has exported, with 3 channels and 1000 classes, are mostly torchvision's or timm's.
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
    """What the numbers suggest that come before the first other layer."""
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
    """Numbers as one for each channel, if they are that, or one for all."""
    return np.broadcast_to(w.reshape(-1), (channels,)) if w.size in (1, channels) else None


def from_statistics(mean: Array, variance: Array) -> str | None:
    """What the mean and variance of a network's inputs suggest."""
    if np.max(mean) > BYTES:
        return "0..255"
    if np.all((mean > 0.05) & (mean < 0.95)) and np.max(variance) < 0.3:
        return "0..1"
    if np.max(abs(mean)) < 0.5:
        return "imagenet" if np.min(variance) > 0.6 else "-1..1"
    return None

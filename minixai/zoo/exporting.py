"""Advice for files that hold no network, or one that minixai cannot read: how to export the network instead."""

from __future__ import annotations

import os
from pathlib import Path

from minixai.zoo.formats import PICKLES

TORCH = (
    "build the network in PyTorch, load the weights into it, and export it with "
    'torch.onnx.export(model.eval(), torch.zeros(1, 3, 224, 224), "net.onnx")'
)
KERAS = 'export the network that it was made from, in Keras with model.export("net.onnx", format="onnx")'
ADVICE: dict[str, str] = {
    **dict.fromkeys(
        PICKLES, f"it is a pickle of PyTorch, which is never opened and seldom says what the network is: {TORCH}"
    ),
    ".safetensors": f"it holds weights, but not what network they are for: {TORCH}",
    ".tflite": f"TensorFlow Lite is not read here: {KERAS}, or python -m tf2onnx.convert --tflite",
    ".pb": f"graphs of TensorFlow are not read here: {KERAS}, or python -m tf2onnx.convert --saved-model",
}
"""{suffix of a file: what such a file is, and what to do}"""


def check_network(path: Path) -> None:
    """Raise ValueError if `path` is a file, or a SavedModel folder of TensorFlow, of a kind in ADVICE."""
    suffix = ".pb" if os.path.isfile(path / "saved_model.pb") else path.suffix.lower()
    if suffix in ADVICE:
        raise ValueError(f"cannot load {str(path)!r}: {ADVICE[suffix]}")

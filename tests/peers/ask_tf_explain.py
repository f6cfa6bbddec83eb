"""tf-explain: its Grad-CAM with guided weights, and its occlusion by grey patches, on Keras models."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import numpy as np
import tensorflow as tf
from tf_explain.core.grad_cam import GradCAM
from tf_explain.core.occlusion_sensitivity import OcclusionSensitivity

K = tf.keras.layers


def ask(networks: dict[str, Any], Results: Any) -> Any:
    versions = {"tf-explain": version("tf-explain"), "tensorflow": tf.__version__, "numpy": np.__version__}
    results = Results("tf-explain", versions)
    for name in ("gap", "strided"):
        frozen, model = networks[name], keras(networks[name])
        maps, slopes = GradCAM.get_gradients_and_filters(model, frozen.x, "conv2", 1, use_guided_grads=True)
        found = np.stack([cam.numpy() for cam in GradCAM.generate_ponderated_output(maps, slopes)])
        how = "GradCAM: generate_ponderated_output(*get_gradients_and_filters(model, x, 'conv2', 1, True)), scores"
        results.add(f"{name}/grad_cam.tf-explain", how, found[..., None])
        if name == "strided":  # beside grey patches of 127.5 it is certain, and its map is 1 everywhere
            continue
        certain = tf.keras.Model(model.input, tf.nn.softmax(model.output))
        found = [OcclusionSensitivity().get_sensitivity_map(certain, row, 1, 3) for row in frozen.x]
        how = "OcclusionSensitivity().get_sensitivity_map(model with softmax, x, class_index=1, patch_size=3)"
        results.add(f"{name}/occlusion.tf-explain", how, np.stack(found)[..., None])
    return results


def keras(frozen: Any) -> Any:
    """The same layers, in float32, ending in scores."""
    here = start = tf.keras.Input(frozen.x.shape[1:])
    for line in frozen.layers:
        kind, name, config = line["kind"], line["name"], line["config"]
        w = [frozen.weights[f"{name}/{key}"] for key in ("kernel", "bias") if f"{name}/{key}" in frozen.weights]
        if kind == "Conv2D":
            border = "valid" if config["padding"] == "valid" else "same"
            options = {"strides": config["stride"], "padding": border, "activation": config["activation"], "name": name}
            layer = K.Conv2D(config["filters"], config["kernel"], **options)
        elif kind == "Dense":
            layer = K.Dense(config["units"], activation=config["activation"], name=name)
        else:
            layer = {"Flatten": K.Flatten, "GlobalAveragePool2D": K.GlobalAveragePooling2D}[kind]()
        here = layer(here)
        if w:
            layer.set_weights(w)
    return tf.keras.Model(start, here)

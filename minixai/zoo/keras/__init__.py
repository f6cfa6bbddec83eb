"""Load files of Keras and TensorFlow.js as models of named layers.  (https://keras.io, https://www.tensorflow.org/js)

    archive.py          reads a file: the topology and the weights
    topology.py         reads the description of the layers and their inputs
    layers.py           holds the table of importers, one for each layer of Keras

The builder of the layers and the end of a model are shared with the importer of ONNX files.  Nothing in such a file is
run, and nothing outside its folder is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from os import PathLike
from pathlib import Path
from typing import Any

from minixai.layers import Activation, Dropout, Flatten, Layer, Reshape
from minixai.model import CLASSIFIER_ACTIVATIONS, Model
from minixai.preprocessing import Preprocessing
from minixai.validate import is_integer, one_of
from minixai.zoo.keras.archive import Archive, open_archive
from minixai.zoo.keras.layers import EXPORT, LAYERS, as_value, lower, operation
from minixai.zoo.keras.topology import MODELS, KerasLayer, endpoint_names, layers_of
from minixai.zoo.onnx import finish_model, run_with_context
from minixai.zoo.onnx.folding import LARGEST
from minixai.zoo.onnx.layout import Builder
from minixai.zoo.onnx.wire import Damaged
from minixai.zoo.suggestions import KERAS, suggest_preprocessing

__all__ = ["LAYERS", "load_keras"]

PASSING = (Flatten, Reshape, Dropout)
"""Layers that may follow the final softmax or sigmoid."""


def load_keras(
    path: str | PathLike[str],
    *,
    preprocessing: Preprocessing | None = None,
    classes: Sequence[str] | None = None,
    input_shape: Sequence[int] | None = None,
    output_name: str | None = None,
) -> Model:
    """Return the network in a file of Keras or TensorFlow.js, as a model of named layers with images (N, H, W, C).

    Parameters
    ----------
    path : path
        An .h5 or .keras file of Keras's `model.save`, or the model.json of a layers model of TensorFlow.js, whose
        weights lie in its folder or below it.
    preprocessing, classes, input_shape, output_name
        As in `minixai.load`, but `preprocessing` must be a Preprocessing, and `classes` a sequence of names.

    Returns
    -------
    Model
        The model, as `minixai.load` returns it.

    Raises
    ------
    ValueError
        In the cases in which `minixai.load` raises it for a file of Keras.
    """
    place = Path(path)
    try:
        with open_archive(place) as archive:
            return build(archive, preprocessing, classes, input_shape, output_name)
    except FileNotFoundError:
        raise ValueError(f"there is no file {str(place)!r}: check the path") from None
    except ImportError:
        raise ValueError(f"reading {str(place)!r} needs h5py: pip install 'minixai[weights]'") from None
    except MemoryError:
        raise ValueError(f"there is not enough memory for {str(place)!r}: is the file damaged?") from None
    except Damaged as problem:
        raise ValueError(
            f"cannot load {str(place)!r}: {' '.join(str(problem).split())}: is the file damaged?"
        ) from None
    except ValueError as problem:
        raise ValueError(f"cannot load {str(place)!r}: {' '.join(str(problem).split())}") from None
    except Exception as problem:  # a damaged file can make h5py fail in any way, and JSON have anything anywhere
        reason = " ".join(str(problem).split()) or type(problem).__name__
        raise ValueError(f"cannot load {str(place)!r}: it is not as Keras writes it ({reason})") from None


def build(
    archive: Archive,
    preprocessing: Preprocessing | None,
    classes: Sequence[str] | None,
    input_shape: Sequence[int] | None,
    output_name: str | None,
) -> Model:
    model = archive.topology
    if model.get("class_name") not in MODELS:
        raise ValueError(
            f"it holds a {model.get('class_name')}, whose layers are not described in it, since it is code of Python: "
            f"build it with keras.Model(inputs, outputs), or {EXPORT}"
        )
    layers = layers_of(model, (), "", archive)
    if not layers:
        raise ValueError("it has no layers: is the file damaged?")
    outputs = endpoint_names(model, "output_layers", layers)
    if output_name is not None:
        outputs = [one_of(output_name, [layer.name for layer in layers], "layer")]
    if len(outputs) != 1:
        raise ValueError(
            f"it has {len(outputs)} outputs ({', '.join(map(repr, outputs[:5]))}): give output_name=, the name of the "
            "one that holds the scores"
        )
    row = image_shape(model, layers, input_shape)
    b = Builder(row, 0, 1, sum(prod(w.shape) for w in archive.weights.values()))
    x = "input"
    if len(row) == 2:  # images without a channel axis, which ours must have
        b = Builder((*row, 1), 0, 1, b.room - LARGEST)
        b.name = "channel"
        x = b.add(Reshape(row), "input")
    end = lower_model(b, model, layers, x, archive, outputs[0])
    if len(as_value(b, end).long_axes) > 1:
        raise ValueError(
            f"its output has rows of the shape {b.row(end)}, but a model ends with one score for each class: "
            "give output_name=, the name of a layer that makes scores, or end it with pooling and a dense layer"
        )
    end, activation = final_activation(b, end)
    made = finish_model(b, as_value(b, end), preprocessing, classes, activation)
    made.suggested_preprocessing = suggest_preprocessing(made, str(model_name(model)))
    return made


def model_name(model: dict[str, Any]) -> Any:
    """Return the first name of a network of keras.applications among the model and those inside it, else its name."""
    config = model.get("config")
    if not isinstance(config, dict):
        return ""
    inner = [layer.get("config", {}) for layer in config.get("layers") or () if layer.get("class_name") in MODELS]
    names = [config.get("name"), *(each.get("name") for each in inner if isinstance(each, dict))]
    known = [name for name in names if isinstance(name, str) and name.lower().startswith(tuple(KERAS))]
    return known[0] if known else config.get("name")


def lower_model(
    b: Builder, model: dict[str, Any], layers: list[KerasLayer], x: str, archive: Archive, output: str
) -> str:
    """Add the layers of a model, or of a model inside it, and return the name of the layer that makes its output."""
    inputs = endpoint_names(model, "input_layers", layers)
    if len(inputs) != 1:
        raise ValueError(
            f"it has {len(inputs)} inputs ({', '.join(map(repr, inputs[:5]))}), but a network of images has one: "
            "build it with one"
        )
    made, waiting = {inputs[0]: x}, layers
    if layers[0].kind != "InputLayer" and model.get("class_name") == "Sequential":
        made = {"": x}  # its first layer has no inputs
    while waiting:
        later = []
        for layer in waiting:
            sources = [name for name in layer.inputs if isinstance(name, str)] or [""]
            if layer.kind == "InputLayer":
                continue
            if any(name not in made for name in sources):
                later.append(layer)
                continue
            made[layer.name] = lower_layer(b, layer, made, sources, archive)
        if output in made:
            return made[output]
        if len(later) == len(waiting):
            break
        waiting = later
    names = ", ".join(map(repr, [layer.name for layer in waiting][:3]))
    raise Damaged(f"its output {output!r} is made by no layer, or those before it read what no layer makes ({names})")


def lower_layer(b: Builder, layer: KerasLayer, made: dict[str, str], sources: list[str], archive: Archive) -> str:
    if layer.calls > 1:
        raise ValueError(
            f"{layer}: it is called {layer.calls} times, but each layer is called once here: "
            f"give each call a layer of its own, or {EXPORT}"
        )
    if layer.kind in MODELS:
        inner = {"class_name": layer.kind, "config": layer.config}
        layers = run_with_context(layer, layers_of, inner, layer.place, f"{layer.path}/", archive)
        if not layers:
            return made[sources[0]]
        outputs = run_with_context(layer, endpoint_names, inner, "output_layers", layers)
        if len(sources) != 1 or len(outputs) != 1:
            raise ValueError(f"{layer}: a model inside another has one input and one output here, or {EXPORT}")
        return lower_model(b, inner, layers, made[sources[0]], archive, outputs[0])
    b.name = layer.name.replace("/", ".") or "layer"
    if layer.kind.startswith("operation "):
        return run_with_context(layer, operation, b, layer, made)
    return run_with_context(layer, lower, b, layer, *(made[name] for name in sources))


def image_shape(model: dict[str, Any], layers: list[KerasLayer], given: Sequence[int] | None) -> tuple[int, ...]:
    """Return the shape of an image in Keras, without the batch axis.

    Raises ValueError if the file leaves it open and `given` is None, or if `given` contradicts the file.
    """
    name = endpoint_names(model, "input_layers", layers)[0]
    first = next((layer for layer in layers if layer.name == name), layers[0])
    sides = declared_shape(first.config)
    while sides is None and first.kind in MODELS:
        inner = layers_of({"class_name": first.kind, "config": first.config}, first.place, "", first.archive)
        first = inner[0] if inner else replace(first, kind="")
        sides = declared_shape(first.config)
    if sides is None:
        sides = (model.get("build_config") or {}).get("input_shape") or declared_shape(model["config"])
    if not isinstance(sides, list) or not all(n is None or (is_integer(n) and n > 0) for n in sides):
        if given is None:
            raise ValueError("it does not say how large its images are: give input_shape=(height, width, channels)")
        sides = [None] * (len(given) + 1)
    row = sides[1:]
    if not 1 <= len(row) <= 3:
        raise ValueError(f"its input has {len(sides)} axes, but images have (N, H, W, C): volumes are not read here")
    if given is not None:
        if len(given) != len(row) or any(n not in (None, m) for n, m in zip(row, given, strict=True)):
            said = tuple("any" if n is None else n for n in row)
            raise ValueError(f"input_shape is {tuple(given)}, but the file fixes it to {said}: leave it out")
        row = list(given)
    if None in row:
        said = tuple("any" if n is None else n for n in row)
        raise ValueError(
            f"it leaves the size of its images open, {said}: give input_shape=(height, width, channels), "
            "such as (224, 224, 3)"
        )
    if prod(row) > LARGEST:
        raise ValueError(f"its images have the shape {tuple(row)}, for which there is no room: is the file damaged?")
    return tuple(row)


def declared_shape(config: Any) -> Any:
    """Return the shape of a batch that the config of a layer or a model declares, or None."""
    names = ("batch_shape", "batch_input_shape", "build_input_shape")
    return next((config[name] for name in names if config.get(name)), None) if isinstance(config, dict) else None


def final_activation(b: Builder, end: str) -> tuple[str, str | None]:
    """Remove the final softmax or sigmoid, if only layers in PASSING follow it.

    Returns (name of the last layer, name of the activation, or None if nothing was removed).  There are no branches
    between the activation and the end, so other layers that read the activation do not affect the scores.
    """
    makers = {name: (layer, inputs) for name, layer, inputs in b.items}
    name, after = end, ""
    while name in makers and isinstance(makers[name][0], PASSING):
        name, after = makers[name][1][0], name
    if name not in makers:
        return end, None
    layer, (source, *_) = makers[name]
    found, axis = function_of(layer)
    row = b.row(name)
    if found not in CLASSIFIER_ACTIVATIONS or (found == "softmax" and row[axis] != prod(row)):
        return end, None
    if not isinstance(layer, Activation):
        layer.activation = None  # type: ignore[attr-defined]
        return end, found
    if not after:
        return source, found
    b.items[:] = [
        (n, each, tuple(source if i == name else i for i in inputs)) for n, each, inputs in b.items if n != name
    ]
    return end, found


def function_of(layer: Layer) -> tuple[str | None, int]:
    """Return (name of a layer's activation or None, the axis of a row along which a softmax would be)."""
    if isinstance(layer, Activation):
        return layer.function, layer.parameters.get("axis", 0) - 1
    return getattr(layer, "activation", None), -1

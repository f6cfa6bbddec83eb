"""Read files that Keras has written: the topology, which is JSON, and the weights, each read only when needed.

    .h5                 an attribute model_config, and a dataset for each weight in model_weights/
    .keras              a zip file: config.json, metadata.json, and model.weights.h5 with weights by their number
    model.json          TensorFlow.js: the topology, a list of weights, and files beside it with their bytes

Nothing in these files is run.  Datasets of HDF5 that lie in other files, or need plugins, are not read.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from minixai.arrays import Array
from minixai.files import check_regular, companion_file
from minixai.zoo.hdf5 import HDF5, LARGEST, PACKED, RATIO, Damaged, Stored, hdf5

LONGEST = 1 << 26
"""The greatest size of a topology, in bytes."""
DEEPEST = 20
"""The greatest depth of models inside models."""
TFJS = {"float32": "<f4", "int32": "<i4", "float16": "<f2", "uint8": "<u1", "uint16": "<u2"}
ONLY_WEIGHTS = (
    "it holds weights, but not what network they are for: in Keras, load them into the network they were saved from, "
    'and save the whole with model.save("net.keras"); files of VGG-16 are for mx.zoo.vgg16(weights=FILE)'
)


@dataclass
class Archive:
    """The contents of a file.

    topology   {"class_name": "Functional", "config": {...}}
    version    the major version of Keras that wrote the file
    weights    {path: weight, not read yet}
    by_number  whether the paths are those of a .keras file, layers/conv2d/vars/0
    grouped    whether they begin with the name of a layer of the whole model, as in an .h5 file
    """

    topology: dict[str, Any]
    version: int
    weights: dict[str, Stored] = field(default_factory=dict)
    by_number: bool = False
    grouped: bool = False

    @cached_property
    def paths_by_end(self) -> dict[str, list[str]]:
        """{end of a path: all paths with this end}: a/b/kernel is listed under kernel, b/kernel and a/b/kernel."""
        found = dict[str, list[str]]()
        for key in self.weights:
            parts = key.split("/")
            for i in range(max(0, len(parts) - DEEPEST), len(parts)):
                found.setdefault("/".join(parts[i:]), []).append(key)
        return found


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Open a file of Keras and yield its contents.  Its first bytes decide its format, not its name."""
    if path.is_dir():
        raise ValueError('it is a folder: in Keras, save it in one file with model.save("net.keras")')
    check_regular(path)
    with open(path, "rb") as file:
        start = file.read(8)
    if start == HDF5:
        with hdf5(path, path.stat().st_size) as file:
            yield read_h5_model(file)
    elif start.startswith(b"PK"):
        with read_keras_zip(path) as archive:
            yield archive
    elif start.lstrip()[:1] == b"{":
        yield tensorflow_js(path)
    else:
        raise ValueError("it is damaged, or no file of Keras: give an .h5, a .keras or a model.json of TensorFlow.js")


def parse_json(text: bytes | str, what: str) -> dict[str, Any]:
    """Return a JSON object as a dict.  Raises Damaged for anything else; `what` names the text in the message."""
    if len(text) > LONGEST:
        raise Damaged(f"its {what} has {len(text):,} bytes")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise Damaged(f"its {what} is no JSON ({problem or 'it is nested too deep'})") from None
    if not isinstance(found, dict):
        raise Damaged(f"its {what} is no object of JSON")
    return found


def major_version(version: Any) -> int:
    """Return the major version of Keras in a text, or 2 if there is none, as in old files and those of TensorFlow.js.

    >>> major_version("3.4.1"), major_version("tfjs-layers 1.0"), major_version(None)
    (3, 2, 2)
    """
    number = re.match(r"\d{1,3}(?=\.|$)", str(version))
    return int(number[0]) if number else 2


# -- HDF5 -------------------------------------------------------------------------------------------------


def text_attribute(root: Any, name: str, size: int) -> str | None:
    """Return an HDF5 attribute that is a single text, or None if there is no such attribute."""
    if name not in root.attrs:
        return None
    place = root.attrs.get_id(name)
    if prod(place.shape) != 1 or place.dtype.itemsize > size:
        raise Damaged(f"its {name} is no text")
    found = root.attrs[name]
    found = found.reshape(-1)[0] if isinstance(found, np.ndarray) else found
    return found.decode() if isinstance(found, bytes) else str(found)


def read_h5_model(file: tuple[Any, dict[str, Stored]]) -> Archive:
    """Return the contents of a file that `model.save("net.h5")` wrote."""
    root, found = file
    topology = text_attribute(root, "model_config", LONGEST)
    if topology is None:
        raise ValueError(ONLY_WEIGHTS)
    weights = {k.removeprefix("model_weights/"): w for k, w in found.items() if k.startswith("model_weights/")}
    version = major_version(text_attribute(root, "keras_version", LONGEST))
    return Archive(parse_json(topology, "model_config"), version, weights, grouped=True)


# -- .keras -----------------------------------------------------------------------------------------------


@contextmanager
def read_keras_zip(path: Path) -> Iterator[Archive]:
    """Yield the contents of a file that `model.save("net.keras")` wrote; its members are unpacked in memory."""
    try:
        with zipfile.ZipFile(path) as file:
            topology = parse_json(read_member(file, "config.json"), "config.json")
            version = parse_json(read_member(file, "metadata.json"), "metadata.json").get("keras_version")
            data = read_member(file, "model.weights.h5")
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, NotImplementedError, RuntimeError) as problem:
        raise Damaged(f"it is no whole zip file ({problem})") from None
    with hdf5(io.BytesIO(data), len(data)) as (_, found):
        weights = {k.replace("_layer_checkpoint_dependencies/", "layers/"): w for k, w in found.items()}  # Keras 2.13
        yield Archive(topology, major_version(version), weights, by_number=True)


def read_member(file: zipfile.ZipFile, name: str) -> bytes:
    try:
        info = file.getinfo(name)
    except KeyError:
        raise ValueError(
            f"it is a zip file without {name}: is it one that model.save of Keras has written, in one piece?"
        ) from None
    most = min(max(LARGEST, PACKED * info.compress_size), RATIO * (info.compress_size + 1))
    if info.file_size > (min(most, LONGEST) if name.endswith(".json") else most):
        raise Damaged(f"its {name} says that it has {info.file_size:,} bytes")
    try:
        return file.read(info)
    except Exception as problem:  # zlib, bz2, lzma and zipfile have their own errors
        raise Damaged(f"its {name} cannot be unpacked ({problem})") from None


# -- TensorFlow.js ----------------------------------------------------------------------------------------


def tensorflow_js(path: Path) -> Archive:
    """Return the contents of a layers model: one file holds the topology and a list of weights, others the bytes."""
    if path.stat().st_size > LONGEST:
        raise Damaged(f"it has {path.stat().st_size:,} bytes")
    whole = parse_json(path.read_bytes(), "text")
    topology = whole.get("modelTopology", whole)
    if not isinstance(topology, dict):
        raise Damaged("its modelTopology is no object")
    if whole.get("format") == "graph-model" or "node" in topology:
        raise ValueError(
            "it is a graph-model of TensorFlow.js, whose layers are gone: export the network that it was made from, "
            'model.export("net.onnx", format="onnx") in Keras, or python -m tf2onnx.convert --tfjs model.json'
        )
    model = topology.get("model_config", topology)
    if not isinstance(model, dict) or "class_name" not in model:
        raise ValueError("it describes no network: give the model.json of a layers-model, or a file of model.save")
    if "weightsManifest" not in whole:
        raise ValueError(ONLY_WEIGHTS.replace("holds weights, but not what network they are for", "has no weights"))
    return Archive(model, major_version(topology.get("keras_version")), manifest(whole["weightsManifest"], path.parent))


def manifest(groups: Any, folder: Path) -> dict[str, Stored]:
    """Return {name: weight} of all groups of a weightsManifest; the arrays are views of the bytes of their files."""
    found = dict[str, Stored]()
    try:
        used = [place for group in groups for place in group["paths"]]
        if len(used) != len(set(used)):
            raise Damaged("its weightsManifest names a file twice")
        for group in groups:
            tensors = [
                (t, as_shape(t["shape"]), np.dtype(TFJS[(t.get("quantization") or t)["dtype"]]))
                for t in group["weights"]
            ]
            files = [companion_file(folder, place, "weights") for place in group["paths"]]
            there = sum(file.stat().st_size for file in files)
            if (declared := sum(prod(shape) * dtype.itemsize for _, shape, dtype in tensors)) != there:
                raise Damaged(f"its weights have {declared:,} bytes, but the files beside it {there:,}")
            data, at = memoryview(b"".join(file.read_bytes() for file in files)), 0
            for tensor, shape, dtype in tensors:
                name, part = str(tensor["name"]), data[at : at + prod(shape) * dtype.itemsize]
                if name in found:
                    raise Damaged(f"its weight {name!r} is there twice")
                array = np.frombuffer(part, dtype).reshape(shape)
                found[name] = Stored(name, name, shape, partial(unpacked, array, tensor.get("quantization")))
                at += len(part)
    except (KeyError, TypeError, AttributeError) as problem:
        raise Damaged(
            f"its weightsManifest is not one of TensorFlow.js ({type(problem).__name__}: {problem})"
        ) from None
    return found


def as_shape(shape: list[Any]) -> tuple[int, ...]:
    if not all(type(n) is int and n >= 0 for n in shape):
        raise Damaged(f"a weight has the shape {shape}")
    return tuple(shape)


def unpacked(array: Array, quantization: dict[str, Any] | None) -> Array:
    """Return scale · q + min for a quantised array q of integers, and any other array unchanged."""
    if not quantization or array.dtype.kind == "f":
        return array
    return array.astype(np.float32) * np.float32(quantization["scale"]) + np.float32(quantization["min"])

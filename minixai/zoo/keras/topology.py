"""Read Keras's description of a network: its layers and their inputs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from minixai.arrays import Array
from minixai.zoo.hdf5 import Stored
from minixai.zoo.keras.archive import DEEPEST, Archive
from minixai.zoo.onnx.wire import Damaged

MODELS = ("Functional", "Model", "Sequential")
MOST = 20_000
"""The greatest number of layers in a model."""
ARITHMETIC = {
    "Add": "add",
    "Subtract": "subtract",
    "Multiply": "multiply",
    "Divide": "divide",
    "TrueDivide": "divide",
    "__operators__.add": "add",
    "math.add": "add",
    "math.subtract": "subtract",
    "math.multiply": "multiply",
    "math.truediv": "divide",
    "math.divide": "divide",
}
"""{Keras's name of +, −, × or /: ours}; Keras 3 writes the class of the operation, Keras 2 its function."""

Given = str | float
"""An input of a layer: the name of another layer, or a number."""


@dataclass(frozen=True)
class KerasLayer:
    """A layer as Keras describes it.

    inputs    its inputs: names of layers, and numbers
    calls     how many times it is called
    place     the names of the models around it, from the outermost, and its own name
    path      the path of its weights in a .keras file
    """

    kind: str
    name: str
    config: dict[str, Any]
    inputs: tuple[Given, ...]
    calls: int
    place: tuple[str, ...]
    path: str
    archive: Archive

    def __str__(self) -> str:
        return f"layer {self.name!r} ({self.kind})"

    def with_kind(self, kind: str, config: dict[str, Any]) -> KerasLayer:
        """Return a layer of another kind with the same name, for an activation that is a layer of its own."""
        return replace(self, kind=kind, config=config, path=f"{self.path}/activation")

    def weights(self, *names: str) -> list[Array]:
        """Read the weights of these names, which are in Keras's order.  "kernel|depthwise_kernel" means either name.

        Raises ValueError if one is missing.
        """
        found = []
        for i, name in enumerate(names):
            stored = self.archive.weights.get(f"{self.path}/vars/{i}") if self.archive.by_number else self.by_name(name)
            if stored is None:
                raise ValueError(f"its weight {name.split('|')[0]!r} is not in the file: save the whole model again")
            found.append(stored.read())
        return found

    def by_name(self, name: str) -> Stored | None:
        weights, top = self.archive.weights, f"{self.place[0]}/" if self.archive.grouped else ""
        for each in name.split("|"):
            ends = [f"{'/'.join(self.place)}/{each}", f"{self.name}/{each}"]
            if top and len(self.place) == 1:
                ends.append(each)  # the weights of a renamed layer keep the old name inside its group
            for end in ends:
                keys = [key for key in self.archive.paths_by_end.get(end, ()) if key.startswith(top)]
                if len(keys) == 1:
                    return weights[keys[0]]
                if keys:
                    raise ValueError(
                        f"there are several weights {', '.join(map(repr, keys[:3]))} that may be its own: "
                        "give every layer another name, or save the model as .keras"
                    )
        return None


def layers_of(model: dict[str, Any], place: tuple[str, ...], path: str, archive: Archive) -> list[KerasLayer]:
    """Return the layers of a model, in the order of its description.

    Raises Damaged, a ValueError, if the description is not a valid one.
    """
    config, sequential = model.get("config"), model.get("class_name") == "Sequential"
    lines = config.get("layers") if isinstance(config, dict) else config  # in old files the config is just the list
    if not isinstance(lines, list) or len(lines) > MOST or len(place) > DEEPEST:
        raise Damaged("its topology is no list of layers")
    found, numbers, before = list[KerasLayer](), dict[str, int](), ""
    for line in lines:
        if not isinstance(line, dict) or not isinstance(line.get("config"), (dict, list)):
            raise Damaged("its topology has a layer without a config")
        kind, about = str(line.get("class_name")), line["config"]
        about = about if isinstance(about, dict) else {"layers": about}
        name = str(line.get("name") or about.get("name") or (f"{snake_case(kind)}_{len(found)}"))
        module = str(line.get("module") or "keras")
        if ".ops" in module:
            kind = f"operation {kind}"
        elif kind == "TFOpLambda":
            kind = f"operation {about.get('function')}"
        elif not module.startswith(("keras", "tensorflow", "tf_keras")):
            kind = f"custom {kind}"
        own = ""
        if not kind.startswith("operation"):  # Keras numbers the layers of each class: conv2d, conv2d_1, ...
            stem = snake_case(kind)
            number = numbers[stem] = numbers.get(stem, -1) + 1
            own = f"{path}layers/{stem}_{number}" if number else f"{path}layers/{stem}"
        calls = line.get("inbound_nodes") or []
        if not isinstance(calls, list):
            raise Damaged(f"its layer {name!r} does not say what it reads")
        inputs = ((before,) if before else ()) if sequential else tuple(call_arguments(calls[0])) if calls else ()
        if kind in ("Divide", "TrueDivide") or (any(isinstance(x, float) for x in inputs) and " " not in kind):
            kind = f"operation {kind}"  # an .h5 file has the same name for it and for the layer with two inputs
        before = name
        found.append(
            KerasLayer(kind, name, about, inputs, 1 if sequential else len(calls), (*place, name), own, archive)
        )
    if len({layer.name for layer in found}) < len(found):
        raise Damaged("its topology names two layers alike")
    return found


def snake_case(kind: str) -> str:
    """Return the name that Keras derives from the name of a class.

    >>> snake_case("SeparableConv2D"), snake_case("PReLU")
    ('separable_conv2d', 'p_re_lu')
    """
    kind = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", kind))
    return re.sub("([a-z])([A-Z])", r"\1_\2", kind).lower()


def call_arguments(call: Any, depth: int = 0) -> Iterator[Given]:
    """Yield the inputs of a call of a layer, in order.

    Keras 3 writes {"args": [tensor or list of tensors, ...]}, where a tensor has its keras_history; Keras 2 writes
    ["name", 0, 0, {"y": 2.0}], alone or in a list, and "_CONSTANT_VALUE" for what is no layer.
    """
    if depth > DEEPEST:
        raise Damaged("its topology is nested too deep")
    if isinstance(call, dict):
        if call.get("class_name") == "__keras_tensor__":
            yield tensor(*call["config"]["keras_history"])
            return
        for part in (
            *call.get("args", ()),
            *(v for k, v in call.get("kwargs", {}).items() if k not in ("mask", "training")),
        ):
            yield from call_arguments(part, depth + 1)
    elif isinstance(call, list) and len(call) >= 3 and isinstance(call[0], str):
        name, node, index, *others = call
        yield float(index) if name == "_CONSTANT_VALUE" else tensor(name, node, index)
        for key, part in others[0].items() if others and isinstance(others[0], dict) else ():
            if key in ("x", "y"):
                yield from call_arguments(part, depth + 1)
    elif isinstance(call, list):
        for part in call:
            yield from call_arguments(part, depth + 1)
    elif isinstance(call, (int, float)) and not isinstance(call, bool):
        yield float(call)


def tensor(name: Any, node: Any, index: Any) -> str:
    """Return the name of the layer that makes a tensor.  Raises ValueError unless it is the layer's only output."""
    if not isinstance(name, str) or index != 0:
        raise ValueError(
            f"a layer reads output {index!r} of {name!r}, but a layer has one output here: build the network without it"
        )
    return name


def endpoint_names(model: dict[str, Any], key: str, layers: list[KerasLayer]) -> list[str]:
    """Return the names of a model's input or output layers, as `key` says.

    A Sequential model, or one that lists none, has its first or last layer.
    """
    config = model["config"]
    listed = config.get(key) if isinstance(config, dict) and model.get("class_name") != "Sequential" else None
    if listed is None:
        return [layers[-1 if key == "output_layers" else 0].name]
    if isinstance(listed, dict):
        listed = list(listed.values())
    return [str(name) for name in call_arguments(listed)]

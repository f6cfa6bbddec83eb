"""Load ONNX files from any exporter as models of named layers.  (https://onnx.ai)

    wire.py             reads protobuf's wire format: the fields of a message
    schema.py           reads the contents of a file: nodes, constants, inputs and outputs
    ending.py           finds the input, the output and the final activation
    patterns.py         merges nodes that together are one operation
    folding.py          computes operations on constants, which need no layer
    names.py            shortens the names of nodes
    layout.py           holds values and the order of their axes, which differs from ours
    lowering.py         holds the table of importers, one for each operation
    windows.py          fills the table: convolution and pooling
    arithmetic.py       fills the table: functions, sums, products, normalisation, reductions
    shapes.py           fills the table: shapes, parts, borders, sizes

Such a file holds no code, and nothing outside its folder is read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from os import PathLike
from pathlib import Path
from typing import ParamSpec, TypeVar

import numpy as np

from minixai.arrays import Array
from minixai.layers import Layer, Reshape
from minixai.model import Model
from minixai.preprocessing import Preprocessing
from minixai.zoo.onnx import arithmetic, shapes, windows  # noqa: F401  (they fill the table)
from minixai.zoo.onnx.ending import (
    ACTIVATIONS,
    final_activation,
    find_output,
    image_port,
    input_layout,
    needed_nodes,
)
from minixai.zoo.onnx.folding import FOLDS, fold
from minixai.zoo.onnx.layout import Builder, Value
from minixai.zoo.onnx.lowering import LOWERINGS, compute, lower
from minixai.zoo.onnx.names import short_names
from minixai.zoo.onnx.patterns import simplify
from minixai.zoo.onnx.schema import Graph, Node, read_graph
from minixai.zoo.suggestions import suggest_preprocessing

__all__ = ["LOWERINGS", "load_onnx"]

P = ParamSpec("P")
R = TypeVar("R")

MOST = 1 << 20
"""The greatest number of classes that a model may have."""
KEPT = 1 << 28
"""Limit on the total size of the constants that are computed here, in numbers."""


def load_onnx(
    path: str | PathLike[str],
    *,
    preprocessing: Preprocessing | None = None,
    classes: Sequence[str] | None = None,
    input_shape: Sequence[int] | None = None,
    output_name: str | None = None,
) -> Model:
    """Return the network in an .onnx file, as a model of named layers with images (N, H, W, C).

    Parameters
    ----------
    path : path
        The file.  Weights in other files are read too, if these lie in its folder or below it.
    preprocessing, classes, input_shape, output_name
        As in `minixai.load`, but `preprocessing` must be a Preprocessing, and `classes` a sequence of names.

    Returns
    -------
    Model
        The model, as `minixai.load` returns it.

    Raises
    ------
    ValueError
        In the cases in which `minixai.load` raises it for an ONNX file.
    """
    place = Path(path)
    if place.is_dir():
        raise ValueError(f"cannot load {str(place)!r}: it is a folder, give the .onnx file in it")
    try:
        graph = read_graph(place)
        return build(graph, preprocessing, classes, input_shape, output_name)
    except FileNotFoundError:
        raise ValueError(f"there is no file {str(place)!r}: check the path") from None
    except MemoryError:
        raise ValueError(f"there is not enough memory for {str(place)!r}: is the file damaged?") from None
    except (ValueError, OSError) as problem:
        raise ValueError(f"cannot load {str(place)!r}: {' '.join(str(problem).split())}") from None


def build(
    graph: Graph,
    preprocessing: Preprocessing | None,
    classes: Sequence[str] | None,
    input_shape: Sequence[int] | None,
    output_name: str | None,
) -> Model:
    port, end = image_port(graph), find_output(graph, output_name)
    row, shape, order = input_layout(graph, port, None if input_shape is None else tuple(input_shape))
    nodes = needed_nodes(graph, end)
    stored = sum(w.size for w in graph.constants.values())
    b = Builder(row, graph.opset, int(port.shape[0] or 1) if port.shape else 1, stored)
    known: dict[str, Value | Array | None] = {**graph.constants, "": None}
    for node in nodes:
        if node.op in ("Constant", "Identity") and all(isinstance(known.get(x), np.ndarray) for x in node.inputs):
            known[node.outputs[0]] = run_with_context(node, fold, node, [known[x] for x in node.inputs])[0]  # type: ignore[misc]
    nodes = [node for node in nodes if not all(name in known for name in node.outputs)]
    nodes = simplify(nodes, {name: w for name, w in known.items() if isinstance(w, np.ndarray)}, end)
    last = final_activation(nodes, end)
    x = Value("input", shape, order)
    if len(row) > len(order):
        b.name = "channel"
        x = Value(b.add(Reshape(row[:-1]), "input"), shape, order)
    known[port.name] = x
    made, taken_off = 0, False
    waiting = list(zip(nodes, short_names(nodes), strict=True))[::-1]
    while waiting:
        node, b.name = waiting.pop()
        inputs = [look_up(known, node, name) for name in node.inputs]
        while inputs and inputs[-1] is None:
            inputs.pop()
        scores = inputs[0] if inputs else None
        if node.op == "If" and isinstance(scores, np.ndarray):
            waiting += chosen_branch(node, bool(scores.all()), known, b.name)[::-1]
            continue
        outputs: list[Value] | list[Array]
        if node.op in ("Shape", "Size") and isinstance(scores, Value):
            outputs = run_with_context(node, fold, node, [np.broadcast_to(np.float32(0), scores.shape)])
        elif node.op == "CastLike" and isinstance(scores, np.ndarray):  # a constant cast to the dtype of a value
            like = inputs[1] if isinstance(inputs[1], np.ndarray) else np.zeros(0, np.float32)
            outputs = run_with_context(node, fold, node, [scores, like])
        elif node is last and isinstance(scores, Value) and (node.op == "Sigmoid" or len(scores.long_axes) < 2):
            outputs, taken_off = [scores], True
        elif any(isinstance(z, Value) for z in inputs):
            outputs = run_with_context(node, lower, b, node, inputs)
        else:
            constants = [None if z is None else np.asarray(z) for z in inputs]
            if node.op in FOLDS or node.op not in LOWERINGS or not constants or constants[0] is None:
                outputs = run_with_context(node, fold, node, constants)
            else:
                outputs = run_with_context(node, compute, node, [*constants], graph.opset)
            made += sum(array.size for array in outputs)
            if made > KEPT:
                raise ValueError(f"its constants have more than {KEPT:,} numbers: is the file damaged?")
        known.update(zip(node.outputs, outputs, strict=False))
    model = finish_model(
        b, known.get(end), preprocessing, classes, ACTIVATIONS[last.op] if last and taken_off else None
    )
    model.suggested_preprocessing = suggest_preprocessing(model, producer=graph.producer)
    return model


def chosen_branch(
    node: Node, condition: bool, known: dict[str, Value | Array | None], name: str
) -> list[tuple[Node, str]]:
    """Return (node, name) for each node of the branch of an If that a constant condition selects.

    They are followed by an Identity for each output of the If.  The constants of the branch are added to `known`.
    """
    branch = node.attributes.get("then_branch" if condition else "else_branch")
    if not isinstance(branch, Graph):
        raise ValueError(f"{node}: its branches are missing: is the file damaged?")
    known.update(branch.constants)
    ends = [
        (Node("Identity", node.name, "", [port.name], [output]), name)
        for port, output in zip(branch.outputs, node.outputs, strict=False)
    ]
    return [
        *((each, f"{name}.{part}") for each, part in zip(branch.nodes, short_names(branch.nodes), strict=True)),
        *ends,
    ]


def finish_model(
    b: Builder,
    scores: Value | Array | None,
    preprocessing: Preprocessing | None,
    classes: Sequence[str] | None,
    classifier_activation: str | None,
) -> Model:
    """Return a model of the layers on which `scores` depends, whose output has the shape (N, classes)."""
    if not isinstance(scores, Value):
        raise ValueError("its output does not depend on its input: is it the right output?")
    if len(scores.long_axes) > 1:
        raise ValueError(
            f"its output has the shape {scores.shape} for one image, but a model ends with one score for each class: "
            "cut the file where the scores are, with onnx.utils.extract_model"
        )
    count = max(scores.shape, default=1)
    if count > MOST:
        raise ValueError(f"its output has {count:,} numbers for one image, too many to be scores: is it the right one?")
    b.name = "scores"
    end = scores.layer if b.row(scores.layer) == (count,) else b.add(Reshape((count,)), scores)
    needed, items = {end}, list[tuple[str, Layer, tuple[str, ...]]]()
    for item in reversed(b.items):  # drop layers that the scores do not depend on
        if item[0] in needed:
            needed.update(item[2])
            items.append(item)
    if not items:
        raise ValueError("it has no layers: its output is its input")
    return Model(
        items[::-1],
        b.nodes["input"].shape[1:],
        classes=classes,
        preprocessing=preprocessing,
        classifier_activation=classifier_activation,
        seed=None,
    )


def look_up(known: dict[str, Value | Array | None], node: Node, name: str) -> Value | Array | None:
    if name not in known:
        raise ValueError(f"{node}: its input {name!r} is made by no node before it: is the file damaged?")
    return known[name]


def run_with_context(node: object, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Return function(*args, **kwargs).  Errors that a damaged file causes become a ValueError that names the node."""
    try:
        return function(*args, **kwargs)
    except MemoryError:
        raise ValueError(f"{node}: there is not enough memory for it: is the file damaged?") from None
    except KeyError as missing:
        raise ValueError(f"{node}: its attribute {missing} is missing: is the file damaged?") from None
    except ValueError as problem:
        raise ValueError(f"{node}: {problem}") from None
    except (TypeError, LookupError, ArithmeticError, AttributeError) as problem:
        raise ValueError(f"{node}: its inputs or attributes do not fit ({problem}): is the file damaged?") from None

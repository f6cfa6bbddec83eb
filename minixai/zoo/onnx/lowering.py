"""The table of importers, which turn each operation of ONNX into layers; windows, arithmetic and shapes fill it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minixai.arrays import Array
from minixai.graph import Node as GraphNode
from minixai.zoo.onnx.layout import Builder, Value
from minixai.zoo.onnx.schema import Node

Input = Value | Array | None
Lowering = Callable[..., "Value | list[Value]"]

LOWERINGS: dict[str, Lowering] = {}
"""{op: importer(builder, node, *inputs)}; an input is a Value, an array if it is constant, or None if missing."""

CONTROL = "what is computed depends on the image here: export the network without it, or simplify the file with onnxsim"
QUANTISED = "the network is quantised: export the one of floats that it was made from"
DETECTION = (
    "it picks and sorts what was found, which has no slope: cut the file before it, with onnx.utils.extract_model"
)
SLOPELESS = "its slope is 0 or nowhere, so no method could explain what comes before: leave it out of the export"
RECURRENT = "recurrent networks are not read here"

REFUSED = {
    **dict.fromkeys(("If", "Loop", "Scan"), CONTROL),
    **dict.fromkeys(
        ("QuantizeLinear", "DynamicQuantizeLinear", "QLinearConv", "QLinearMatMul", "ConvInteger", "MatMulInteger"),
        QUANTISED,
    ),
    **dict.fromkeys(
        ("NonMaxSuppression", "TopK", "RoiAlign", "MaxRoiPool", "NonZero", "Unique", "ArgMax", "ArgMin", "Hardmax"),
        DETECTION,
    ),
    **dict.fromkeys(
        (
            *("Sign", "Floor", "Ceil", "Round", "Mod", "Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual"),
            *("Not", "And", "Or", "Xor", "IsNaN", "IsInf", "Where"),
        ),
        SLOPELESS,
    ),
    **dict.fromkeys(("LSTM", "GRU", "RNN"), RECURRENT),
}
"""{operation that cannot be imported: the reason}"""


def lowers(*names: str) -> Callable[[Lowering], Lowering]:
    """Register the function that turns the ops of these names into layers."""

    def enter(function: Lowering) -> Lowering:
        LOWERINGS.update(dict.fromkeys(names, function))
        return function

    return enter


def lower(b: Builder, node: Node, inputs: list[Input]) -> list[Value]:
    """Add the layers of a node, and return its output values.  Raises ValueError if there is no importer for its op."""
    if node.domain not in ("", "ai.onnx"):
        raise ValueError(
            f"it is of the domain {node.domain!r}, not of ONNX itself: export with standard operations, "
            "or inline functions with onnx.inliner"
        )
    if node.op not in LOWERINGS:
        why = REFUSED.get(node.op, "there is no layer for this operation: write the network with one that is listed")
        raise ValueError(why)
    made = LOWERINGS[node.op](b, node, *one_image(b, node, inputs))
    return made if isinstance(made, list) else [made]


def compute(node: Node, inputs: list[Input], opset: int) -> list[Array]:
    """Return the outputs of an op whose inputs are constant.

    They are computed by the layers that the op would become if its first input came from the image.
    """
    x = np.asarray(inputs[0], np.float32)
    b = Builder(x.shape, opset, 1, x.size)
    b.name = "constant"
    made = lower(b, node, [Value("input", x.shape, tuple(range(x.ndim))), *inputs[1:]])
    rows = {"input": GraphNode(x[None])}
    with np.errstate(all="ignore"):
        for name, layer, sources in b.items:
            rows[name] = layer([rows[source] for source in sources])
    return [
        rows[each.layer].value[0].transpose(np.argsort(np.asarray(each.order, int))).reshape(each.shape)
        for each in made
    ]


BROADCAST = ("Add", "Sub", "Mul", "Div", "Concat", "Sum")
"""Operations whose constants an exporter may have repeated for each image of the batch that it exported with."""


def one_image(b: Builder, node: Node, inputs: list[Input]) -> list[Input]:
    """Return the inputs, with each constant that is repeated for all images of a batch cut to one image."""
    shapes = {x.shape for x in inputs if isinstance(x, Value)}
    if b.batch < 2 or node.op not in BROADCAST or {shape[:1] for shape in shapes} != {(1,)}:
        return inputs
    axes = max(len(shape) for shape in shapes)
    return [
        x[:1] if isinstance(x, np.ndarray) and x.ndim == axes and len(x) == b.batch and bool(np.all(x == x[:1])) else x
        for x in inputs
    ]


def require_value(x: Input, what: str) -> Value:
    """Return x if it depends on the image; raises ValueError if it is constant or missing."""
    if not isinstance(x, Value):
        raise ValueError(f"its {what} is {'missing' if x is None else 'constant'}, but should come from the image")
    return x


def require_constant(x: Input, what: str) -> Array:
    """Return x as an array; raises ValueError if it depends on the image or is missing."""
    if isinstance(x, Value):
        raise ValueError(f"its {what} is computed from the image, but only constant ones are read here")
    if x is None:
        raise ValueError(f"its {what} is missing")
    return np.asarray(x)


def require_number(x: Input, what: str) -> float:
    """Return x as a float; raises ValueError unless it is a constant with a single number."""
    array = require_constant(x, what)
    if array.size != 1:
        raise ValueError(f"its {what} has the shape {array.shape}, but only one number is read here")
    return float(array.reshape(-1)[0])


def axes_of(node: Node, x: Value, axes: Input) -> list[int] | None:
    """Return the axes of a node, counted from 0, or None if it names none.

    Older files hold them as an attribute, newer files as an input.
    """
    given: Any = node.attributes.get("axes") if axes is None else require_constant(axes, "axes").reshape(-1).tolist()
    return None if given is None else [axis_of(a, len(x.shape)) for a in given]


def axis_of(axis: Any, ndim: int) -> int:
    if not -ndim <= int(axis) < ndim:
        raise ValueError(f"there is no axis {axis} among {ndim}")
    return int(axis) % ndim

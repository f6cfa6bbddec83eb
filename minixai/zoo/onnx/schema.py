"""Read what a network needs from an ONNX file: nodes, constants, inputs and outputs.

The field numbers are those of onnx.proto3, https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from minixai.arrays import Array
from minixai.files import check_regular, companion_file
from minixai.zoo.onnx.wire import (
    Damaged,
    Value,
    as_bytes,
    as_floats,
    as_int,
    as_text,
    fields,
    integers,
    limit_fields,
    varints,
)

DTYPES = {
    1: "<f4",
    2: "u1",
    3: "i1",
    4: "<u2",
    5: "<i2",
    6: "<i4",
    7: "<i8",
    9: "?",
    10: "<f2",
    11: "<f8",
    12: "<u4",
    13: "<u8",
    16: "<u2",
}
"""{number of a dtype in ONNX: NumPy's dtype}; 16 is bfloat16, whose bits are read as uint16."""
HALF, BFLOAT = 10, 16
DEEPEST = 8
"""The greatest depth of nested graphs."""


@dataclass
class Node:
    """One operation: its op and name, the names of its input and output values, and its attributes."""

    op: str = ""
    name: str = ""
    domain: str = ""
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    attributes: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"node {self.name or (self.outputs or [''])[0]!r} ({self.op})"


@dataclass
class Port:
    """An input or output of a graph.  A side that the file leaves open is None; a shape that is missing is None too."""

    name: str = ""
    shape: list[int | None] | None = None


@dataclass
class Graph:
    """A network, or a branch inside one, with its nodes in the order of computation."""

    opset: int = 0
    producer: str = ""
    nodes: list[Node] = field(default_factory=list)
    constants: dict[str, Array] = field(default_factory=dict)
    inputs: list[Port] = field(default_factory=list)
    outputs: list[Port] = field(default_factory=list)


def read_graph(path: Path) -> Graph:
    """Return the network in a file.

    Raises OSError if the file cannot be opened, and ValueError with the reason if it is damaged or no ONNX file.
    """
    check_regular(path)
    if not path.stat().st_size:
        raise ValueError("it is empty: copy or download it again")
    try:
        graph = limit_fields(read_message, memoryview(np.memmap(path, np.uint8, "r")), path.parent)  # type: ignore[arg-type]
    except Damaged as problem:
        raise ValueError(f"it is damaged or no ONNX file ({problem}): copy, download or export it again") from None
    if not graph.opset or not graph.nodes:
        raise ValueError("it is damaged or no ONNX file (it holds no network): copy, download or export it again")
    return graph


def read_message(message: memoryview, folder: Path) -> Graph:
    graph = Graph()
    for number, value in fields(message):
        if number == 8:
            operator_set(as_bytes(value), graph)
        elif number == 2:
            graph.producer = as_text(value)
        elif number == 7:
            read_body(as_bytes(value), graph, folder)
    return graph


def operator_set(message: memoryview, graph: Graph) -> None:
    """Set the opset of `graph`, the version of the standard operations, if `message` is about these."""
    domain, version = "", 0
    for number, value in fields(message):
        if number == 1:
            domain = as_text(value)
        elif number == 2:
            version = as_int(value)
    if domain in ("", "ai.onnx"):
        graph.opset = max(graph.opset, version)


def read_body(message: memoryview, graph: Graph, folder: Path, depth: int = 0) -> None:
    if depth > DEEPEST:
        raise Damaged(f"more than {DEEPEST} graphs lie one inside the other")
    for number, value in fields(message):
        if number == 1:
            graph.nodes.append(read_node(as_bytes(value), folder, depth))
        elif number == 5:
            name, array = read_tensor(as_bytes(value), folder)
            graph.constants[name] = array
        elif number == 11:
            graph.inputs.append(read_port(as_bytes(value)))
        elif number == 12:
            graph.outputs.append(read_port(as_bytes(value)))
        elif number == 15:
            raise ValueError("it holds sparse weights, which are not read here: export it with dense ones")


def read_node(message: memoryview, folder: Path, depth: int) -> Node:
    node = Node()
    for number, value in fields(message):
        if number == 1:
            node.inputs.append(as_text(value))
        elif number == 2:
            node.outputs.append(as_text(value))
        elif number == 3:
            node.name = as_text(value)
        elif number == 4:
            node.op = as_text(value)
        elif number == 5:
            name, attribute = read_attribute(as_bytes(value), folder, depth)
            node.attributes[name] = attribute
        elif number == 7:
            node.domain = as_text(value)
    return node


def read_attribute(message: memoryview, folder: Path, depth: int) -> tuple[str, Any]:
    """Return (name, value) of an attribute; the value is None if it is of a kind that no operation here needs."""
    name, floats, ints, texts = "", list[memoryview](), list[int](), list[str]()
    found: Any = None
    for number, value in fields(message):
        if number == 1:
            name = as_text(value)
        elif number == 2:
            found = float(as_floats([as_bytes(value)], "<f4")[0]) if len(as_bytes(value)) else 0.0
        elif number == 3:
            found = as_int(value)
        elif number == 4:
            found = bytes(as_bytes(value)).decode(errors="replace")
        elif number == 5:
            found = read_tensor(as_bytes(value), folder)[1]
        elif number == 6:
            found = Graph()
            read_body(as_bytes(value), found, folder, depth + 1)
        elif number == 7:
            floats.append(as_bytes(value))
        elif number == 8:
            ints += integers(value)
        elif number == 9:
            texts.append(as_text(value))
    if floats:
        found = as_floats(floats, "<f4").tolist()
    return name, found if found is not None else ints or texts or None


def read_port(message: memoryview) -> Port:
    port = Port()
    for number, value in fields(message):
        if number == 1:
            port.name = as_text(value)
        elif number == 2:
            for kind, tensor in fields(as_bytes(value)):
                for part, shape in fields(as_bytes(tensor)) if kind == 1 else ():
                    if part == 2:
                        sides = [side for n, side in fields(as_bytes(shape)) if n == 1]
                        port.shape = [read_side(as_bytes(side)) for side in sides]
    return port


def read_side(message: memoryview) -> int | None:
    return next((as_int(value) for number, value in fields(message) if number == 1 and as_int(value) > 0), None)


def read_tensor(message: memoryview, folder: Path) -> tuple[str, Array]:
    """Return (name, array) of a tensor.  The array is a view of the file if the numbers are stored as raw bytes."""
    name, dims, kind, raw, external = "", list[int](), 0, None, False
    floats, doubles, ints, place = list[memoryview](), list[memoryview](), list[Value](), dict[str, str]()
    for number, value in fields(message):
        if number == 1:
            dims += integers(value)
        elif number == 2:
            kind = as_int(value)
        elif number == 4:
            floats.append(as_bytes(value))
        elif number in (5, 7, 11):
            ints.append(value)
        elif number == 8:
            name = as_text(value)
        elif number == 9:
            raw = as_bytes(value)
        elif number == 10:
            doubles.append(as_bytes(value))
        elif number == 13:
            entry = {n: as_text(text) for n, text in fields(as_bytes(value)) if n in (1, 2)}
            place[entry.get(1, "")] = entry.get(2, "")
        elif number == 14:
            external = as_int(value) == 1
    if kind not in DTYPES:
        raise ValueError(
            f"its tensor {name!r} holds numbers of kind {kind}, which is not read here: export it in float32"
        )
    if min(dims, default=0) < 0:
        raise Damaged(f"tensor {name!r} has the shape {dims}")
    dtype = np.dtype(DTYPES[kind])
    if external:
        array = read_external(name, place, folder, dtype, prod(dims))
    elif raw is not None:
        array = as_floats([raw], DTYPES[kind])
    elif floats or doubles:
        array = as_floats(floats or doubles, "<f4" if floats else "<f8")
    else:
        array = np.concatenate(
            [varints(v) if not isinstance(v, int) else np.asarray(integers(v)) for v in ints or [memoryview(b"")]]
        )
        array = array.astype("<u2" if kind == HALF else dtype)
        array = array.view("<f2") if kind == HALF else array
    if array.size != prod(dims):
        raise Damaged(f"tensor {name!r} of shape {dims} has {array.size:,} numbers")
    if kind == BFLOAT:  # bfloat16 is the upper half of a float32
        array = (array.astype(np.uint32) << 16).view(np.float32)
    return name, array.reshape(dims)


def read_external(name: str, place: dict[str, str], folder: Path, dtype: np.dtype[Any], size: int) -> Array:
    """Return the `size` numbers of a tensor that are stored in another file.

    `place` holds the location, offset and length.  The other file must lie in `folder` or below it.
    """
    path = companion_file(folder, place.get("location", ""), f"tensor {name!r}")
    try:
        start, length = int(place.get("offset", 0)), int(place.get("length", size * dtype.itemsize))
    except ValueError:
        raise Damaged(f"tensor {name!r} has no place in {path.name!r}") from None
    if start < 0 or length != size * dtype.itemsize or start + length > path.stat().st_size:
        raise ValueError(
            f"its tensor {name!r} of {size * dtype.itemsize:,} bytes does not lie in {path.name!r}, which has "
            f"{path.stat().st_size:,}: copy both files again"
        )
    return np.memmap(path, dtype, "r", start, (size,)) if size else np.empty(0, dtype)

"""ONNX files written byte for byte, as protobuf's documentation describes them, without its libraries."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from minixai.arrays import Array

CODES = {"float32": 1, "uint8": 2, "int8": 3, "int32": 6, "int64": 7, "bool": 9, "float16": 10, "float64": 11}


def varint(n: int) -> bytes:
    n &= (1 << 64) - 1
    made = bytearray()
    while n > 127:
        made.append(n & 127 | 128)
        n >>= 7
    return bytes([*made, n])


def entry(number: int, value: Any) -> bytes:
    """One field: an integer, a float, or bytes, text or a message."""
    if isinstance(value, float):
        return varint(number << 3 | 5) + np.float32(value).tobytes()
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def tensor(name: str, array: Array) -> bytes:
    dims = b"".join(entry(1, n) for n in array.shape)
    return dims + entry(2, CODES[array.dtype.name]) + entry(8, name) + entry(9, np.ascontiguousarray(array).tobytes())


def external(name: str, array: Array, location: str, **place: int) -> bytes:
    """A tensor whose numbers lie in another file."""
    parts = {"location": location} | {key: str(value) for key, value in place.items()}
    dims = b"".join(entry(1, n) for n in array.shape)
    where = b"".join(entry(13, entry(1, key) + entry(2, text)) for key, text in parts.items())
    return dims + entry(2, CODES[array.dtype.name]) + entry(8, name) + where + entry(14, 1)


def attribute(name: str, value: Any) -> bytes:
    match value:
        case bytes():  # a graph
            return entry(1, name) + entry(6, value) + entry(20, 5)
        case bool() | int():
            return entry(1, name) + entry(3, int(value)) + entry(20, 2)
        case float():
            return entry(1, name) + entry(2, value) + entry(20, 1)
        case str():
            return entry(1, name) + entry(4, value) + entry(20, 3)
        case np.ndarray():
            return entry(1, name) + entry(5, tensor("", value)) + entry(20, 4)
    return entry(1, name) + b"".join(entry(8, n) for n in value) + entry(20, 7)


def node(
    op: str, inputs: str | Sequence[str], outputs: str, name: str = "", domain: str = "", **attributes: Any
) -> bytes:
    """Inputs and outputs are names with spaces between."""
    given, made = (names.split(" ") if isinstance(names, str) else names for names in (inputs, outputs))
    ports = b"".join(entry(1, x) for x in given) + b"".join(entry(2, y) for y in made)
    own = b"".join(entry(5, attribute(key, value)) for key, value in attributes.items())
    return ports + entry(3, name or f"/{made[0]}/{op}") + entry(4, op) + own + (entry(7, domain) if domain else b"")


def port(name: str, shape: Sequence[int | str] | None) -> bytes:
    sides = b"".join(entry(1, entry(2, n) if isinstance(n, str) else entry(1, n)) for n in shape or ())
    kind = entry(1, 1) + (b"" if shape is None else entry(2, sides))
    return entry(1, name) + entry(2, entry(1, kind))


def graph(
    nodes: Sequence[bytes],
    constants: Mapping[str, Array | bytes] | None = None,
    inputs: Mapping[str, Sequence[int | str] | None] | None = None,
    outputs: Sequence[str] = ("y",),
) -> bytes:
    tensors = [t if isinstance(t, bytes) else tensor(name, t) for name, t in (constants or {}).items()]
    return (
        b"".join(entry(1, n) for n in nodes)
        + entry(2, "g")
        + b"".join(entry(5, t) for t in tensors)
        + b"".join(entry(11, port(*each)) for each in (inputs or {}).items())
        + b"".join(entry(12, port(name, None)) for name in outputs)
    )


def model(body: bytes, opset: int = 17) -> bytes:
    return entry(1, 8) + entry(2, "test") + entry(7, body) + entry(8, entry(1, "") + entry(2, opset))


def write(
    path: Path,
    nodes: Sequence[bytes],
    constants: Mapping[str, Array | bytes] | None = None,
    shape: Sequence[int | str] | None = ("n", 3, 6, 6),
    outputs: Sequence[str] = ("y",),
    opset: int = 17,
) -> Path:
    """A network with the input x."""
    path.write_bytes(model(graph(nodes, constants, {"x": shape}, outputs), opset))
    return path

"""Short and unique names for the nodes of an ONNX file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from minixai.zoo.onnx.schema import Node


def short_names(nodes: Sequence[Node]) -> list[str]:
    """Return a unique name for every node.

    The parts with which all names begin are left out, and so is the op if the rest is unique without it.

    >>> short_names([Node("Conv", "/layer1/layer1.0/conv1/Conv"), Node("Relu", "/layer1/layer1.0/Relu")])
    ['conv1', 'relu']
    >>> short_names([Node("Conv", "", outputs=["12"]), Node("Conv", "", outputs=["13"])])
    ['conv1', 'conv2']
    """
    paths = [name_parts(node) for node in nodes]
    homes = [
        parts[:-1] if parts and is_op(parts[-1], node) else parts for parts, node in zip(paths, nodes, strict=True)
    ]
    inner = Counter(tuple(home[:i]) for home in homes for i in range(len(home)))  # proper prefixes
    inner.update(tuple(home) for home in homes)
    named = [
        home if home and inner[tuple(home)] == 1 else [*home, *(part.lower() for part in parts[len(home) :])]
        for home, parts in zip(homes, paths, strict=True)
    ]
    shared = 0
    while len(named) > 1 and all(len(p) > shared + 1 and p[shared] == named[0][shared] for p in named):
        shared += 1
    names, used = list[str](), {"input", ""}
    for node, parts in zip(nodes, named, strict=True):
        stem = ".".join(parts[shared:]).removeprefix("node_")
        if re.fullmatch(r"[a-z]?\d*", stem):  # a mere number, or a letter and a number, tells nothing
            names.append(unused(node.op.lower(), used, 1))
        else:
            names.append(stem if stem not in used else unused(stem + "_", used, 2))
        used.add(names[-1])
    return names


def name_parts(node: Node) -> list[str]:
    """Return the parts of a node's name, which slashes or colons separate, without those that the next part repeats."""
    text = node.name or (node.outputs or [""])[0]
    parts = [part for part in re.split(r"[/:\\]+", text) if part and part != "StatefulPartitionedCall"]
    return [part for part, after in zip(parts, [*parts[1:], ""], strict=True) if not after.startswith(part + ".")]


def is_op(part: str, node: Node) -> bool:
    """Whether a part of a name is just the op, perhaps with a number after it."""
    return re.fullmatch(rf"{re.escape(node.op)}(_\d+)?(_output_\d+)?", part) is not None


def unused(stem: str, used: set[str], start: int) -> str:
    """Return the first name that is not in `used`, among the stem with the numbers start, start + 1, ..."""
    number = start
    while f"{stem}{number}" in used:
        number += 1
    return f"{stem}{number}"

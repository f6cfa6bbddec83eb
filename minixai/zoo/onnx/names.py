"""ONNX's names of nodes, made short, and each used once."""

from __future__ import annotations

import re
from collections.abc import Sequence

from minixai.zoo.onnx.schema import Node


def short_names(nodes: Sequence[Node]) -> list[str]:
    """A name for every node: without what all have in common, nor the op where the rest says enough.

    >>> short_names([Node("Conv", "/layer1/layer1.0/conv1/Conv"), Node("Relu", "/layer1/layer1.0/relu/Relu")])
    ['layer1.0.conv1', 'layer1.0.relu']
    >>> short_names([Node("Conv", "", outputs=["12"]), Node("Conv", "", outputs=["13"])])
    ['conv1', 'conv2']
    """
    paths = [path(node) for node in nodes]
    shared = 0
    while paths and all(len(p) > shared + 1 and p[shared] == paths[0][shared] for p in paths) and len(paths) > 1:
        shared += 1
    names, used = list[str](), {"input", ""}
    for node, parts in zip(nodes, paths, strict=True):
        stem = ".".join(parts[shared:]).removeprefix("node_")
        if re.fullmatch(r"[a-z]?\d*", stem):  # a number says nothing
            names.append(unused(node.op.lower(), used, 1))
        else:
            names.append(stem if stem not in used else unused(stem + "_", used, 2))
        used.add(names[-1])
    return names


def path(node: Node) -> list[str]:
    """The parts of a name that say something."""
    text = node.name or (node.outputs or [""])[0]
    parts = [part for part in re.split(r"[/:\\]+", text) if part and part != "StatefulPartitionedCall"]
    if len(parts) > 1 and re.fullmatch(rf"{re.escape(node.op)}(_\d+)?(_output_\d+)?", parts[-1]):
        parts.pop()
    return [part for part, after in zip(parts, [*parts[1:], ""], strict=True) if not after.startswith(part + ".")]


def unused(stem: str, used: set[str], start: int) -> str:
    """The first of stem1, stem2, ... that is not used."""
    number = start
    while f"{stem}{number}" in used:
        number += 1
    return f"{stem}{number}"

"""Fold batch normalisation into the layer before it, so that the two become a single weighted sum.

    (x ⋆ w + b) · s + t   is   x ⋆ (w·s) + (b·s + t)

s and t have a number for each channel.  The gradients of both graphs are equal, but LRP is not: its ε- and γ-rules
divide by each sum z, and z before batch normalisation differs from z after it.
"""

from __future__ import annotations

import numpy as np

from minixai.arrays import Array
from minixai.graph import Node, history
from minixai.ops.arithmetic import Add, MatMul, Multiply
from minixai.ops.convolution import Convolution
from minixai.rules.signs import has_single_factor


def fold(output: Node, keep: Node) -> tuple[Node, Node]:
    """The same graph, in which fixed scales and shifts right after a layer are folded into its weights.

    Parameters
    ----------
    output : Node
        The output of the graph.
    keep : Node
        A node that must not be folded away, such as the layer that is explained.

    Returns
    -------
    (Node, Node)
        `output` and `keep` in the new graph.  All values are copied from the old graph, and nodes below the first
        folded layer are shared with it.

    Notes
    -----
    A layer is a dense product or a convolution with constant weights.  A scale or shift is folded into it if no other
    node reads the output of the layer, and if that output is not `keep`.

    Examples
    --------
    >>> x = Node([[1.0, 2.0]])
    >>> y, x = fold(3 * (x @ [[2.0], [-1.0]]) + 4, x)
    >>> y, y.inputs[1].tolist(), y.inputs[2].tolist()
    (<MatMul (1, 1) float64>, [[6.0], [-3.0]], [4.0])
    """
    nodes = history(output)
    users: dict[Node, int] = {}
    for node in nodes:
        for x in node.sources:
            users[x] = users.get(x, 0) + 1
    new: dict[Node, Node] = {}
    for node in nodes:
        inputs = tuple(new.get(x, x) if isinstance(x, Node) else x for x in node.inputs)
        op, change = node.op, by_channel(node)
        if change and users[node.sources[0]] == 1 and node.sources[0] is not keep:
            layer = new.get(node.sources[0], node.sources[0])
            if is_layer(layer):
                (u, w, *bias), (scale, shift) = layer.inputs, change
                b = bias[0] if bias and bias[0] is not None else np.zeros_like(shift)
                op, inputs = layer.op, (u, np.asarray(w * scale), np.asarray(b * scale + shift))
        if op is not node.op or any(x in new for x in node.sources):
            new[node] = Node(node.value, node.reference, op, inputs, node.name)
    return new.get(output, output), new.get(keep, keep)


def is_layer(node: Node) -> bool:
    """Whether a node is x @ w + b or x ⋆ w + b, with constant w and b."""
    return isinstance(node.op, (MatMul, Convolution)) and isinstance(node.inputs[0], Node) and has_single_factor(node)


def by_channel(node: Node) -> tuple[Array, Array] | None:
    """(scale, shift), each (C,), if a node only scales or shifts each channel of its one source; otherwise None."""
    if not isinstance(node.op, (Add, Multiply)) or len(node.sources) != 1:
        return None
    constant = next(np.asarray(x) for x in node.inputs if not isinstance(x, Node))
    if node.shape != node.sources[0].shape or constant.size not in (1, *constant.shape[-1:]):
        return None
    channels = np.broadcast_to(constant.reshape(-1), node.shape[-1:])
    zero, one = np.zeros_like(channels), np.ones_like(channels)
    return (channels, zero) if isinstance(node.op, Multiply) else (one, channels)

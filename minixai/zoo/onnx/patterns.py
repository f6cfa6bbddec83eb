"""Merge groups of nodes into the one operation that an exporter wrote them for.

An activation is then a single function of its input, with a single chord, and a bias belongs to its product.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np

from minixai.arrays import Array
from minixai.zoo.onnx.schema import Node

Constants = Mapping[str, Array]


class Pattern:
    """The nodes of a graph, indexed by the values that they make.

    A finder takes a pattern and a node, and returns (merged node, the other nodes that it replaces), or None.
    """

    def __init__(self, nodes: list[Node], constants: Constants, output: str) -> None:
        self.nodes, self.constants = nodes, constants
        self.makers = {name: node for node in nodes for name in node.outputs if name and not node.domain}
        self.uses = Counter([output, *(name for node in nodes for name in node.inputs)])

    def made_by(self, name: str, op: str, inputs: int) -> Node | None:
        """Return the node of this op and number of inputs that makes a value, if the value is used only once."""
        node = self.makers.get(name)
        return node if node and node.op == op and len(node.inputs) == inputs and self.uses[name] == 1 else None

    def number(self, name: str) -> float | None:
        """Return a constant as a float if it is a single number; otherwise None."""
        w = self.constants.get(name)
        return float(w.reshape(-1)[0]) if w is not None and w.size == 1 and w.dtype.kind in "fiu" else None

    def pairs(self, node: Node) -> list[tuple[str, str]]:
        """Return the two inputs of a node in both orders, or [] if it has another number of inputs."""
        return [(node.inputs[0], node.inputs[1]), (node.inputs[1], node.inputs[0])] if len(node.inputs) == 2 else []


def simplify(nodes: list[Node], constants: Constants, output: str) -> list[Node]:
    """Return the nodes, with each group that a finder recognises merged into one node."""
    p = Pattern(nodes, constants, output)
    made, gone = dict[int, Node](), set[int]()
    for node in nodes:
        for find in FINDERS.get(node.op, ()) if not node.domain else ():
            if found := find(p, node):
                made[id(node)] = found[0]
                gone.update(map(id, found[1]))
                break
    return [made.get(id(node), node) for node in nodes if id(node) not in gone]


def merged_node(op: str, node: Node, *inputs: str) -> Node:
    return Node(op, node.name, "", list(inputs), node.outputs)


Found = tuple[Node, list[Node]] | None


def bias(p: Pattern, node: Node) -> Found:
    """Find x @ w + b with constant w and b, and make it one MatMul with b as its third input."""
    for x, b in p.pairs(node):
        product = p.made_by(x, "MatMul", 2)
        if product and b in p.constants and product.inputs[1] in p.constants:
            w, row = p.constants[product.inputs[1]], p.constants[b]
            if w.ndim == 2 and row.shape == w.shape[1:]:
                return Node("MatMul", product.name, "", [*product.inputs, b], node.outputs), [product]
    return None


def silu(p: Pattern, node: Node) -> Found:
    """Find x · sigmoid(x), and make it a Swish."""
    for x, y in p.pairs(node):
        gate = p.made_by(y, "Sigmoid", 1)
        if gate and gate.inputs[0] == x:
            return merged_node("Swish", node, x), [gate]
    return None


def hard_swish(p: Pattern, node: Node) -> Found:
    """Find x · hard sigmoid(x), and make it a HardSwish."""
    for x, y in p.pairs(node):
        gate = p.made_by(y, "HardSigmoid", 1)
        a = gate.attributes if gate and gate.inputs[0] == x else {}
        if gate and a.get("beta", 0.5) == 0.5 and abs(a.get("alpha", 0.2) * 6 - 1) < 1e-6:
            return merged_node("HardSwish", node, x), [gate]
    return None


def mish(p: Pattern, node: Node) -> Found:
    """Find x · tanh(softplus(x)), and make it a Mish."""
    for x, y in p.pairs(node):
        tanh = p.made_by(y, "Tanh", 1)
        inner = p.made_by(tanh.inputs[0], "Softplus", 1) if tanh else None
        if tanh and inner and inner.inputs[0] == x:
            return merged_node("Mish", node, x), [tanh, inner]
    return None


def gelu(p: Pattern, node: Node) -> Found:
    """Find x · (1 + erf(x / √2)) · ½ with its factors in any order, and make it a Gelu."""
    parts, members = factors(p, node)
    halves = [name for name in parts if p.number(name) == 0.5]
    rest = [name for name in parts if name not in halves]
    if len(halves) != 1 or len(rest) != 2:
        return None
    for x, y in (rest, rest[::-1]):
        plus = p.made_by(y, "Add", 2)
        for z, unit in p.pairs(plus) if plus else ():
            erf = p.made_by(z, "Erf", 1)
            scaled = p.makers.get(erf.inputs[0]) if erf and p.uses[erf.inputs[0]] == 1 else None
            if plus and erf and scaled and p.number(unit) == 1 and scaled.inputs[0] == x and len(scaled.inputs) == 2:
                by = p.number(scaled.inputs[1])
                root = by if scaled.op == "Div" else 1 / by if scaled.op == "Mul" and by else None
                if root is not None and abs(root - np.sqrt(2)) < 1e-4:
                    return merged_node("Gelu", node, x), [*members, plus, erf, scaled]
    return None


def factors(p: Pattern, node: Node) -> tuple[list[str], list[Node]]:
    """Return the factors of a product, with inner products taken apart, and the nodes of these inner products."""
    parts, members = list(node.inputs), list[Node]()
    for name in node.inputs:
        inner = p.made_by(name, "Mul", 2)
        if inner:
            parts.remove(name)
            parts += inner.inputs
            members.append(inner)
    return parts, members


def softplus(p: Pattern, node: Node) -> Found:
    """Find where(x > c, x, softplus(x)) with c ≥ 15, where both are nearly equal, and make it a Softplus."""
    condition, x, y = node.inputs if len(node.inputs) == 3 else ("", "", "")
    test, inner = p.made_by(condition, "Greater", 2), p.made_by(y, "Softplus", 1)
    if test and inner and inner.inputs[0] == test.inputs[0] == x and (p.number(test.inputs[1]) or 0) >= 15:
        return merged_node("Softplus", node, x), [test, inner]
    return None


def softmax(p: Pattern, node: Node) -> Found:
    """Find exp(x) / Σ exp(x) over one axis, or the same of x − max x, and make it a Softmax.

    The node gets the attribute `single`, because before opset 13 a Softmax is over its axis and all that follow.
    """
    e, total = (p.makers.get(name) for name in node.inputs[:2])
    axis = reduced_axis(p, total, "ReduceSum", node.inputs[0])
    if e is None or total is None or e.op != "Exp" or axis is None or [p.uses[x] for x in node.inputs] != [2, 1]:
        return None
    x, members = e.inputs[0], [e, total]
    below = p.made_by(x, "Sub", 2)
    top = p.makers.get(below.inputs[1]) if below else None
    if below and top and p.uses[below.inputs[1]] == 1 and reduced_axis(p, top, "ReduceMax", below.inputs[0]) == axis:
        x, members = below.inputs[0], [*members, below, top]
    return Node("Softmax", node.name, "", [x], node.outputs, {"axis": axis, "single": 1}), members


def reduced_axis(p: Pattern, node: Node | None, op: str, of: str) -> int | None:
    """Return the axis over which a node reduces the value `of`, or None.

    The node must have this op, reduce over a single axis, and keep that axis with length 1.
    """
    if node is None or node.op != op or node.inputs[:1] != [of] or not node.attributes.get("keepdims", 1):
        return None
    axes = node.attributes.get("axes") if len(node.inputs) == 1 else p.constants.get(node.inputs[1])
    return int(axes[0]) if axes is not None and len(axes) == 1 else None


FINDERS = {"Add": (bias,), "Mul": (gelu, silu, hard_swish, mish), "Where": (softplus,), "Div": (softmax,)}

"""The network as a graph: from the input, or from a hidden layer, to the output that is explained."""

from __future__ import annotations

from functools import cached_property

from minixai.arrays import Array
from minixai.graph import Node, history, replay
from minixai.methods.call import Call
from minixai.rules.ties import Side, equalised, side_of
from minixai.validate import one_of


class FromLayer:
    """The network from the layer of a call on, or from the input if the call has no layer.

    Paths that bypass the layer keep the values that they have for the input a row belongs to.
    """

    def __init__(self, call: Call) -> None:
        self.call = call

    def __call__(self, points: Array, i: Array) -> tuple[Node, Node]:
        """(layer, output) for activations (B, ...) that belong to the inputs i (B,)."""
        here = Node(points, name=self.call.layer_name or "input")
        if self.call.layer is None:
            return here, self.call.forward(here, f"rows made of inputs {i.min()} to {i.max()}")
        layer, output = self.template or self.from_input(Node(self.call.rows[i], name="input"))
        return here, replay(output, {layer: here})

    def activations(self, rows: Array) -> Array:
        """The layer's activations at rows of inputs; the rows themselves if there is no layer."""
        return rows if self.call.layer is None else as_input(self.from_input(Node(rows, name="input"))[0])

    @cached_property
    def template(self) -> tuple[Node, Node] | None:
        """(layer, output) of the first input, if the output depends on the input through the layer alone."""
        x = Node(self.call.rows[:1], name="input")
        layer, output = self.from_input(x)
        return (layer, output) if separates(output, x, layer) else None

    def from_input(self, x: Node) -> tuple[Node, Node]:
        """(layer, output) for a node of inputs."""
        output = self.call.forward(x)
        return find_layer(output, x, self.call.layer_name), output


def as_input(node: Node, side: Side = "value") -> Array:
    """A node's value or reference, from which another graph may start.

    That graph cannot tell which entries are equal up to rounding, so they are given equal bits here.
    """
    return side_of(node, side) if node.op is None else equalised(node, side)


def find_layer(output: Node, x: Node, layer: str | None) -> Node:
    """The node of a layer, by its name; the input x for None.  Raises ValueError if there is no such node, or two."""
    if layer is None:
        return x
    named = [(node.name, node) for node in history(output) if node.name]
    one_of(layer, dict(named), "layer")
    nodes = [node for name, node in named if name == layer]
    if len(nodes) > 1:
        raise ValueError(f"{len(nodes)} nodes are named {layer!r}: give each a name of its own")
    return nodes[0]


def separates(output: Node, x: Node, layer: Node) -> bool:
    """Whether every path from x to the output runs through the layer."""
    bypassing: set[Node] = {x} - {layer}
    for node in history(output):
        if node is not layer and any(source in bypassing for source in node.sources):
            bypassing.add(node)
    return output not in bypassing

"""Find the input, the output, the needed nodes and the final activation of a network."""

from __future__ import annotations

from collections import Counter, deque
from math import prod

from minixai.zoo.onnx.schema import Graph, Node, Port

PASSING = ("Identity", "Dropout", "Cast", "Flatten", "Reshape", "Squeeze", "Unsqueeze", "Transpose")
ACTIVATIONS = {"Softmax": "softmax", "LogSoftmax": "softmax", "Sigmoid": "sigmoid"}
CHANNELS = (1, 3, 4)
CHANNELS_FIRST = ("Conv", "ConvTranspose", "BatchNormalization", "InstanceNormalization", "MaxPool", "AveragePool")
"""Operations whose input always has its channels first in ONNX."""
ENTRYWISE = ("Identity", "Cast", "Add", "Sub", "Mul", "Div", "Clip", "Pad", "Relu", "Dropout")
"""Operations that keep the order of the axes."""


def needed_nodes(graph: Graph, output: str) -> list[Node]:
    """Return the nodes that an output depends on, in the order of the graph."""
    makers = {name: node for node in graph.nodes for name in node.outputs if name}
    found, waiting = set[int](), [output]
    while waiting:
        node = makers.get(waiting.pop())
        if node is not None and id(node) not in found:
            found.add(id(node))
            waiting += names_read(node)
    return [node for node in graph.nodes if id(node) in found]


def names_read(node: Node) -> list[str]:
    """Return the names of all values that are read by a node and by the graphs inside it, such as branches."""
    inner = [graph for graph in node.attributes.values() if isinstance(graph, Graph)]
    return [*node.inputs, *(name for graph in inner for each in graph.nodes for name in names_read(each))] + [
        port.name for graph in inner for port in graph.outputs
    ]


def final_activation(nodes: list[Node], output: str) -> Node | None:
    """Return the final softmax or sigmoid, if only operations in PASSING follow it; otherwise None."""
    makers = {name: node for node in nodes for name in node.outputs if name}
    uses = Counter(name for node in nodes for name in node.inputs)
    node = makers.get(output)
    while node is not None and node.op in PASSING and node.inputs and uses[node.outputs[0]] <= 1:
        node = makers.get(node.inputs[0])
    return node if node is not None and node.op in ACTIVATIONS and uses[node.outputs[0]] <= 1 else None


def image_port(graph: Graph) -> Port:
    """Return the only input of a graph.  Raises ValueError unless there is exactly one."""
    ports = [port for port in graph.inputs if port.name not in graph.constants]
    if len(ports) != 1:
        names = ", ".join(repr(port.name) for port in ports[:5])
        raise ValueError(f"it has {len(ports)} inputs ({names}), but a network of images has one: export it with one")
    return ports[0]


def find_output(graph: Graph, wanted: str | None) -> str:
    """Return the name of the output that holds the scores: `wanted`, or the only output.

    Raises ValueError if there is no output `wanted`, or if `wanted` is None and there is not exactly one.
    """
    names = [port.name for port in graph.outputs]
    if wanted is not None and wanted in names:
        return wanted
    if wanted is not None or len(names) != 1:
        listed = ", ".join(map(repr, names[:8]))
        said = f"it has no output {wanted!r} but" if wanted is not None else "it has several outputs,"
        raise ValueError(f"{said} {listed or 'none'}: give output_name=, the name of the one that holds the scores")
    return names[0]


def input_layout(
    graph: Graph, port: Port, given: tuple[int, ...] | None
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Return (shape of an image in our model, shape in ONNX of a batch of one image, order).

    order[i] is the axis of ONNX that is axis i of our image.  Raises ValueError if the file leaves the shape open and
    `given` is None, if `given` contradicts the file, or if the input is not an image.
    """
    sides = port.shape
    if sides is None:
        if given is None:
            raise ValueError("it does not say how large its input is: give input_shape=(height, width, channels)")
        sides = [None] * (len(given) + 1)
    if not 2 <= len(sides) <= 4:
        raise ValueError(f"its input has {len(sides)} axes, but images have (N, C, H, W): volumes are not read here")
    users = [node for node in graph.nodes if port.name in node.inputs]
    if len(sides) == 4:
        order: tuple[int, ...] = (2, 3, 1) if channels_first(graph, port, sides, given) else (1, 2, 3)
    elif len(sides) == 3 and users and users[0].op in ("Conv", "BatchNormalization"):
        order = (2, 1)
    else:
        order = tuple(range(1, len(sides)))
    row: list[int | None] = [sides[a] for a in order]
    grey = len(sides) == 3 and order == (1, 2)  # images without a channel axis, which ours must have
    if grey:
        row.append(1)
    if given is not None:
        if len(given) != len(row) or any(n not in (None, m) for n, m in zip(row, given, strict=True)):
            known = tuple("any" if n is None else n for n in row)
            raise ValueError(
                f"input_shape is {given}, but the file fixes (height, width, channels) to {known}: leave it out"
            )
        row = list(given)
    if None in row:
        known = tuple("any" if n is None else n for n in row)
        raise ValueError(
            f"it leaves the size of its images open, {known}: give input_shape=(height, width, channels), "
            "such as (224, 224, 3)"
        )
    full = tuple(n for n in row if n is not None)
    if prod(full) > 1 << 28:
        raise ValueError(f"its images have the shape {full}, for which there is no room: is the file damaged?")
    shape = [1] * len(sides)
    for a, n in zip(order, full, strict=False):
        shape[a] = n
    return full, tuple(shape), order


def channels_first(graph: Graph, port: Port, sides: list[int | None], given: tuple[int, ...] | None) -> bool:
    """Whether an input of four axes is (N, C, H, W) rather than (N, H, W, C).

    This is judged by the operations that read it, then by the shape `given`, then by which side may be the channels.
    """
    readers = dict[str, list[Node]]()
    for node in graph.nodes:
        for name in node.inputs:
            readers.setdefault(name, []).append(node)
    waiting, seen = deque([port.name]), {port.name}
    while waiting:
        name = waiting.popleft()
        for node in readers.get(name, ()):
            if node.op == "Transpose":
                if node.attributes.get("perm") == [0, 3, 1, 2]:
                    return False
            elif node.op in CHANNELS_FIRST and node.inputs[0] == name:
                return True
            elif node.op in ENTRYWISE and node.outputs and node.outputs[0] not in seen:
                seen.add(node.outputs[0])
                waiting.append(node.outputs[0])
    if given is not None and len(given) == 3:
        fits = [n in (None, m) for n, m in zip(sides[1:], (given[2], given[0], given[1]), strict=True)]
        fits_last = [n in (None, m) for n, m in zip(sides[1:], given, strict=True)]
        if all(fits) != all(fits_last):
            return all(fits)
    first_fits, last_fits = sides[1] in CHANNELS, sides[3] in CHANNELS
    return first_fits or not last_fits

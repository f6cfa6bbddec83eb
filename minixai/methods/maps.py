"""Activation maps: what the filters of a layer find in an image, and where."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from minixai.arrays import Array, accurate_mean
from minixai.attribution import Attribution
from minixai.graph import Node, history
from minixai.methods.call import Call
from minixai.methods.network import separates
from minixai.methods.registry import method
from minixai.methods.runs import Batch, forward_batches, gather_batches
from minixai.model import Network
from minixai.ops import Convolution, Elementwise
from minixai.ops.pooling import AveragePool, MaxPool, Resize
from minixai.ops.shapes import Identity, Pad, Reshape, Take, Transpose
from minixai.validate import one_of

RANKS: Mapping[str, Callable[[Array], Array]] = {
    "peak": lambda maps: np.asarray(maps.max(axis=1)),
    "mean": lambda maps: accurate_mean(maps, 1),
}
"""{rank: a function of maps (N, positions, filters) that returns (N, filters)}"""


@method("what does each filter of a layer find, and where?", "1 forward", complete=False, class_specific=False)
def activations(
    model: Network,
    x: npt.ArrayLike,
    target: npt.ArrayLike | None = None,
    *,
    versus: npt.ArrayLike | None = None,
    rank: str | None = None,
    output: str = "score",
    layer: str | int | None = None,
    batch: int | None = None,
) -> Attribution:
    """Activations A of a layer; they explain no class.

    Parameters
    ----------
    {model, x, target, versus}
    rank : {"peak", "mean"}, optional
        Orders the filters of each image by the maximum or the mean of their map.
    {output, maps, batch}

    Returns
    -------
    Attribution
        Values (N, h, w, filters), or (N, units) for a layer without positions, in the order of the layer.  With `rank`,
        `extras["order"]` (N, filters) holds the numbers of the filters, the highest first and of equals the first, and
        `extras["rank"]` (N, filters) what each filter was ranked by.

    Raises
    ------
    {errors}
    ValueError
        If there is no convolution to choose by default.

    Notes
    -----
    `target`, `versus` and `output` choose only the score in the certificate.

    References
    ----------
    Zeiler & Fergus (2014), Visualizing and understanding convolutional networks, §4.

    Examples
    --------
    >>> found = activations(lambda x: x.named("h").sum((1, 2)), [[[[1.0, 5.0], [3.0, 0.0]]]], layer="h", rank="mean")
    >>> found.values.shape, found.extras["order"], found.extras["rank"]
    ((1, 1, 2, 2), array([[1, 0]]), array([[2. , 2.5]]))
    """
    if rank is not None:
        one_of(rank, RANKS, "rank")
    call = Call(model, x, target, versus, output, layer, batch)
    ends, _ = gather_batches((batch, ()) for batch in batches_at_layer(call))
    extras = {}
    if rank is not None:
        by = RANKS[rank](ends.value.reshape(len(ends.value), -1, *ends.value.shape[1:][-1:] or (1,)))
        extras = {"order": np.argsort(-by, axis=1, kind="stable"), "rank": by}
    return ends.attribution("activations", ends.value, {"rank": rank}, extras=extras)


def batches_at_layer(call: Call) -> Iterator[Batch]:
    """Send the inputs forward; the layer is the one asked for, and by default that of `default_layer`."""
    for batch in forward_batches(call):
        yield batch if call.layer is not None else replace(batch, layer=default_layer(batch.x, batch.output))


def default_layer(x: Node, output: Node) -> Node:
    """Return the last layer of features that has more than one place and that all paths to the output run through.

    Features are convolutions, joins of branches such as a residual sum, and activations, batch norms and other
    functions of these; what only moves, pools or resizes them is none.  So in VGG it is the last convolution after its
    ReLU, in ResNet the last sum after its ReLU, in DenseNet the last ReLU.

    Raises ValueError where the output is not made of any convolution with more than one place.  Where branches join
    after they lost their places, no such layer is on all paths: it is then the last convolution, after its activation.
    """
    nodes = [node for node in history(output) if node is x or node.sources]
    features = feature_maps_of(nodes)
    if not features:
        raise ValueError(
            "the scores are not made of any convolution with more than one place, so there is no last one to look at: "
            "choose a layer, layer=..."
        )
    on_all_paths = shared_by_all_paths(nodes, x)
    shared = [node for node in features if node in on_all_paths]
    if shared:
        return shared[-1]
    last = [node for node in features if isinstance(node.op, Convolution)][-1:] or features[-1:]
    readers = [node for node in nodes if last[0] in node.sources]
    return readers[0] if len(readers) == 1 and isinstance(readers[0].op, Elementwise) else last[0]


MOVES = (MaxPool, AveragePool, Resize, Identity, Pad, Reshape, Take, Transpose)
"""Operations that only move, pool or resize features, and make none."""


def feature_maps_of(nodes: list[Node]) -> list[Node]:
    """The nodes (N, h, w, K) with more than one place that a convolution and no more than functions of it have made."""
    convolved, found = set[Node](), []
    for node in nodes:
        if isinstance(node.op, Convolution) or any(source in convolved for source in node.sources):
            convolved.add(node)
            if node.ndim == 4 and node.shape[1] * node.shape[2] > 1 and not isinstance(node.op, MOVES):
                found.append(node)
    return found


def shared_by_all_paths(nodes: list[Node], x: Node) -> set[Node]:
    """The nodes that every path from x to the last node runs through; nodes are in order, each after its sources."""
    place = {node: i for i, node in enumerate(nodes)}
    last_reader, below = dict[Node, int](), {x}
    for i, node in enumerate(nodes):
        for source in node.sources:
            if source in below:
                below.add(node)
                last_reader[source] = i
    found, reach = set(), 0
    for node in nodes:
        if node in below:
            if reach <= place[node]:  # nobody after this node reads what is before it
                found.add(node)
            reach = max(reach, last_reader.get(node, 0))
    return found


def check_places(batch: Batch, what: str) -> None:
    """Warn if a map would say little: if its layer has a single position, or if other paths bypass the layer."""
    name = "" if batch.layer.name is None else f" {batch.layer.name!r}"
    if batch.layer.shape[1:3] == (1, 1):
        warnings.warn(
            f"{what} looks at layer{name}, which has one place, so its map is one number for the whole image: "
            "choose a layer before pooling, layer=...",
            stacklevel=7,
        )
    elif not separates(batch.output, batch.x, batch.layer):
        warnings.warn(
            f"{what} looks at layer{name}, but other paths lead round it, so its map leaves out what they bring: "
            "choose a layer after they join, or leave layer= out",
            stacklevel=7,
        )

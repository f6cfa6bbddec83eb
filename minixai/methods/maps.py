"""Activation maps: what the filters of a layer find in an image, and where."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from minixai.arrays import Array, accurate_mean
from minixai.attribution import Attribution
from minixai.graph import Node, history
from minixai.methods.call import Call
from minixai.methods.registry import method
from minixai.methods.runs import Batch, forward_batches, gather_batches
from minixai.model import Network
from minixai.ops import Convolution, Elementwise
from minixai.validate import one_of

RANKS: Mapping[str, Callable[[Array], Array]] = {
    "peak": lambda maps: np.asarray(maps.max(axis=1)),
    "mean": lambda maps: accurate_mean(maps, 1),
}
"""(N, places, filters) -> (N, filters)"""


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
    """Send the inputs forward; the layer is the one asked for, and by default the last convolution."""
    for batch in forward_batches(call):
        yield batch if call.layer is not None else replace(batch, layer=last_convolution(batch.output))


def last_convolution(output: Node) -> Node:
    """The deepest convolution that the output is made of, after its activation.

    The activation is the elementwise function of the convolution, if nothing else reads the convolution.  If something
    else comes first, such as batch normalisation, or if there is a second reader, such as a residual sum, the node is
    the convolution itself.  In a Model, it is the last convolution layer.  Raises ValueError if there is none.
    """
    nodes = history(output)
    convolutions = [node for node in nodes if isinstance(node.op, Convolution)]
    if not convolutions:
        raise ValueError(
            "the scores are not made of any convolution, so there is no last one to look at: choose a layer, layer=..."
        )
    last = convolutions[-1]
    readers = [node for node in nodes if last in node.sources]
    return readers[0] if len(readers) == 1 and isinstance(readers[0].op, Elementwise) else last

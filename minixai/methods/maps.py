"""Maps: what the filters of a layer find in an image, and where."""

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
    """A, the activations of a layer: (N, h, w, filters), or (N, units) where they have no places.

    They explain no class: target, versus and output choose no more than the score in the certificate.

    layer    a name, or the number of a Model's layer; None is the last convolution, see `last_convolution`
    rank     orders the filters of each image by the "peak" or the "mean" of their map.  The values stay in the order
             of the layer; `extras["order"]` (N, filters) holds the filters' numbers, the highest first, of equals
             the first, and `extras["rank"]` (N, filters) what each was ranked by

    Other arguments and errors are those of every method: see `minixai.methods.call.Call`.  (Zeiler & Fergus 2014, §4)

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
    """Send the inputs forward; the place is the layer asked for, and by default the last convolution."""
    for batch in forward_batches(call):
        yield batch if call.layer is not None else replace(batch, layer=last_convolution(batch.output))


def last_convolution(output: Node) -> Node:
    """The deepest convolution that the output is made of, after its activation.

    The activation is an elementwise function, if that alone reads the convolution.  With anything else between
    the two, such as batch normalisation, or a second reader, such as a residual sum, it is the convolution itself.
    So in a Model it is the last convolution layer.  Raises ValueError if there is none.
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

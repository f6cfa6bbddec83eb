"""Running a model forward and back over batches of inputs: what every method is made of.

forward_batches(call, baseline)    each batch of inputs as a graph, with the baseline as its reference
gather_batches(batches)            the batches as one `Endpoints`, with the arrays that were made of each
endpoints(call, baseline)          the endpoints alone
walk(call, rules, baseline)        the endpoints, and the multipliers by a table of rules
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from minixai.arrays import Array
from minixai.attribution import Cost
from minixai.detached import outline
from minixai.graph import Node, Rules, backward
from minixai.methods.call import Call
from minixai.methods.certificate import check_baseline_score
from minixai.methods.contrast import Contrast
from minixai.methods.endpoints import Endpoints
from minixai.methods.network import as_input, find_layer, separates
from minixai.progress import Progress


@dataclass(frozen=True, eq=False)
class Batch:
    """Some of the inputs as a graph: the nodes of the input, of the layer, and of the output that is explained."""

    call: Call
    x: Node
    output: Node
    layer: Node
    contrast: Contrast
    reference_rows: int

    def backward(self, rules: Rules, node: Node | None = None) -> Array:
        """The multipliers of the layer, or of another node, by these rules."""
        node = self.layer if node is None else node
        return backward(self.output, rules, self.contrast.seed(self.output), keep=[node])[node]

    def endpoints(self) -> Endpoints:
        """The endpoints of this batch."""
        layer, value = self.layer, as_input(self.layer)
        reference = np.broadcast_to(as_input(layer, "reference"), layer.shape) if self.reference_rows else value
        return Endpoints(
            call=self.call,
            contrast=self.contrast,
            score=self.contrast.of(self.output.value),
            reference_score=self.contrast.of(self.output.reference),
            value=value,
            reference=reference,
            complete=separates(self.output, self.x, layer),
            cost=Cost(len(self.x) + self.reference_rows, 0),
            outline=outline(self.output, self.x),
            layer=None if layer is self.x else layer.name,
        )


def forward_batches(call: Call, baseline: Array | None = None, what: str = "rows") -> Iterator[Batch]:
    """Send the inputs forward batch by batch, with the baseline as their reference."""
    progress = Progress(f"{len(call.rows):,} {what}", len(call.rows))
    for part in call.slices(len(call.rows)):
        reference = baseline[part] if baseline is not None and len(baseline) > 1 else baseline
        x = Node(call.rows[part], reference, name="input")
        scores = call.scores(x, f"inputs {part.start} to {part.stop - 1}")
        output = call.explained_node(scores)
        layer = find_layer(output, x, call.layer_name)
        contrast = Contrast(*call.classes(scores, part))
        yield Batch(call, x, output, layer, contrast, 0 if reference is None else len(reference))
        progress.advance(len(x))
    progress.close()


def gather_batches(
    batches: Iterable[tuple[Batch, Sequence[Array]]], baseline: Array | None = None
) -> tuple[Endpoints, list[Array]]:
    """The endpoints of all batches, and the arrays made by walking back from each; a graph is freed once it is used.

    The reference score of a baseline is checked by sending one row of it forward by itself.
    """
    parts, arrays = [], []
    for batch, found in batches:
        parts.append(batch.endpoints())
        arrays.append(found)
    first = parts[0]

    def whole(name: str) -> Array:
        """A field of all batches."""
        return np.concatenate([getattr(part, name) for part in parts])

    value = whole("value")
    targets, versus = zip(*((part.contrast.target, part.contrast.versus) for part in parts), strict=True)
    ends = replace(
        first,
        contrast=Contrast(np.concatenate(targets), None if versus[0] is None else np.concatenate(versus)),
        score=whole("score"),
        reference_score=whole("reference_score"),
        value=value,
        reference=value if first.reference is first.value else whole("reference"),
        cost=Cost(sum(part.cost.forward for part in parts), len(value) if arrays[0] else 0),
        baseline=baseline,
    )
    if baseline is not None:
        check_baseline_score(ends, baseline)
        ends = replace(ends, cost=ends.cost.plus(1))
    return ends, [np.concatenate(pieces) for pieces in zip(*arrays, strict=True)]


def endpoints(call: Call, baseline: Array | None = None) -> Endpoints:
    """Send the inputs forward, with their baseline, and return the endpoints."""
    return gather_batches(((batch, ()) for batch in forward_batches(call, baseline)), baseline)[0]


def walk(call: Call, rules: Rules, baseline: Array | None = None) -> tuple[Endpoints, Array]:
    """Send the inputs forward and walk back by these rules: (the endpoints, the multipliers of the layer (N, ...))."""
    ends, (m,) = gather_batches(
        ((batch, [batch.backward(rules)]) for batch in forward_batches(call, baseline)), baseline
    )
    return ends, m

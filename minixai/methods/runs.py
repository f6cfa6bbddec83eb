"""Sending rows through the network in batches, forward and back: what all methods are made of.

`walk` is one pass for each input.  Methods that need many passes ask for the `endpoints`, then
for `passes` of each input, which `FromLayer` sends on from the input, or from a hidden layer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from minixai.arrays import Array, row_sums
from minixai.attribution import Attribution, Cost
from minixai.graph import Node, Rules, backward, history, replay
from minixai.methods.call import Call
from minixai.methods.certificate import check_baseline_score, contrast, rounding_bound
from minixai.progress import Progress
from minixai.rules import GRADIENT
from minixai.rules.ties import Side, equalised, side_of
from minixai.validate import one_of


@dataclass(frozen=True, eq=False)
class Batch:
    """One batch of inputs, sent forward: the nodes of the input, of what is explained, and of the place asked for."""

    x: Node
    output: Node
    layer: Node
    target: Array
    versus: Array | None
    reference_rows: int

    @property
    def seed(self) -> Array:
        """Where a walk back starts."""
        return contrast_seed(self.output, self.target, self.versus)

    @property
    def complete(self) -> bool:
        """Whether every path from the input runs through the place."""
        return separates(self.output, self.x, self.layer)

    def backward(self, rules: Rules, node: Node) -> Array:
        """The multipliers of a node, walking back by these rules."""
        return backward(self.output, rules, self.seed, keep=[node])[node]


def forward_batches(call: Call, baseline: Array | None = None, what: str = "rows") -> Iterator[Batch]:
    """Send the inputs forward, and the baseline with them as their reference, batch by batch."""
    progress = Progress(f"{len(call.rows):,} {what}", len(call.rows))
    for part in call.slices(len(call.rows)):
        reference = baseline[part] if baseline is not None and len(baseline) > 1 else baseline
        x = Node(call.rows[part], reference, name="input")
        scores = call.scores(x, f"inputs {part.start} to {part.stop - 1}")
        output = call.explained_node(scores)
        layer = x if call.layer_name is None else find_layer(output, call.layer_name)
        yield Batch(x, output, layer, *call.classes(scores, part), 0 if reference is None else len(reference))
        progress.advance(len(x))
    progress.close()


@dataclass(frozen=True, eq=False)
class Endpoints:
    """What the network made of every input, and of its baseline: at the output, and at the place asked for.

    value, reference    the activations of the layer, or the inputs themselves
    complete            whether every path from the input runs through the layer
    layer               its name, where a method chose one that was not asked for
    reference_outputs   (R, K): what the network made of each row of a background
    """

    target: Array
    versus: Array | None
    score: Array
    reference_score: Array
    value: Array
    reference: Array
    complete: bool
    cost: Cost
    layer: str | None = None
    reference_outputs: Array | None = None

    @property
    def delta(self) -> Array:
        """How far the activations moved from the baseline's."""
        return np.asarray(self.value - self.reference)

    def seed(self, output: Node, i: Array) -> Array:
        """Where a walk back starts, for rows that belong to the inputs i."""
        return contrast_seed(output, self.target[i], None if self.versus is None else self.versus[i])

    def reference_score_at(self, r: Array, i: Array) -> Array:
        """The explained number of the inputs i, at the rows r of the background."""
        assert self.reference_outputs is not None
        return contrast(self.reference_outputs[r], self.target[i], None if self.versus is None else self.versus[i])

    def gap(self, values: Array) -> Array | None:
        """Σφ − (f(x) − f(x')) for every input; None where other paths lead round the layer."""
        if not self.complete:
            return None
        total = row_sums(values)
        return np.asarray(total - (self.score.astype(np.float64) - self.reference_score))

    def rounding(self, values: Array) -> Array:
        """How large a gap rounding can explain: √ε · (|f(x)| + |f(x')| + Σ|φ|)."""
        size = abs(self.score) + abs(self.reference_score) + abs(values).reshape(len(values), -1).sum(axis=1)
        return rounding_bound(size, values.dtype)

    def attribution(
        self,
        call: Call,
        method: str,
        values: Array,
        parameters: Mapping[str, Any],
        more_rows: tuple[int, int] = (0, 0),
        **more: Any,
    ) -> Attribution:
        """The answer, in the form that all methods give it; `more_rows` went forward and back after the ends."""
        return Attribution(
            values=values,
            method=method,
            target=self.target,
            versus=self.versus,
            score=self.score,
            output=call.output,
            layer=call.layer_name or self.layer,
            cost=self.cost.plus(*more_rows),
            parameters=parameters,
            **more,
        )


def endpoints(call: Call, baseline: Array | None = None) -> Endpoints:
    """Send the inputs and their baseline forward."""
    return gather_batches(((batch, None) for batch in forward_batches(call, baseline)), call, baseline)[0]


def walk(call: Call, rules: Rules, baseline: Array | None = None) -> tuple[Endpoints, Array]:
    """Send the inputs forward and walk back by these rules: what was found on the way, and the multipliers."""
    return gather_batches(
        ((batch, batch.backward(rules, batch.layer)) for batch in forward_batches(call, baseline)), call, baseline
    )


def gather_batches(
    batches: Iterator[tuple[Batch, Array | None]], call: Call | None = None, baseline: Array | None = None
) -> tuple[Endpoints, Array]:
    """The batches as one; what is not kept is let go as it comes.  Where there is a baseline, its score is measured."""
    pieces: dict[str, list[Array]] = {}
    cost, complete, layer_name = Cost(0, 0), False, None
    for batch, m in batches:
        seed, n, layer = batch.seed, len(batch.x), batch.layer
        rows = {
            "target": batch.target,
            "versus": batch.versus,
            "score": (seed * batch.output.value).reshape(n, -1).sum(axis=1),
            "reference_score": (seed * batch.output.reference).reshape(n, -1).sum(axis=1),
            "value": as_input(layer),
            "reference": np.broadcast_to(as_input(layer, "reference"), layer.shape) if batch.reference_rows else None,
            "m": m,
        }
        for name, array in rows.items():
            if array is not None:
                pieces.setdefault(name, []).append(array)
        cost = cost.plus(n + batch.reference_rows, 0 if m is None else n)
        complete, layer_name = batch.complete, None if layer is batch.x else layer.name
    arrays: dict[str, Any] = {name: np.concatenate(parts) for name, parts in pieces.items()}
    arrays.setdefault("reference", arrays["value"])
    m = arrays.pop("m", np.zeros(0))
    result = Endpoints(**{"versus": None} | arrays, complete=complete, cost=cost, layer=layer_name)
    if call is not None and baseline is not None:
        check_baseline_score(call, result, baseline, batch)
        result = replace(result, cost=cost.plus(1))
    return result, m


# -- many rows for each input -------------------------------------------------------------------------


def passes(call: Call, count: int, what: str, back: bool = True, each: int = 1) -> Iterator[tuple[Array, Array]]:
    """(which input, which of its variants) for N · count rows, in batches; those of one input stand together.

    `each` is how many rows one variant sends through the network, as far as progress is told.
    """
    total = len(call.rows) * count
    progress = Progress(f"{what}: {total * each:,} rows forward{' and back' * back}", total)
    for part in call.slices(total):
        i, k = np.divmod(np.arange(part.start, part.stop), count)
        yield i, k
        progress.advance(len(i))
    progress.close()


class FromLayer:
    """The network from the input on, or from a hidden layer: rows of activations in, the explained node out.

    Where other paths lead round the layer, they stay as they are for the input that a row belongs to.
    """

    def __init__(self, call: Call) -> None:
        self.call = call

    def __call__(self, rows: Array, i: Array) -> tuple[Node, Node]:
        """(the place, the output) for rows of activations that belong to the inputs i."""
        here = Node(rows, name=self.call.layer_name or "input")
        if self.call.layer is None:
            return here, self.call.explained_node(self.call.scores(here, f"rows made of inputs {i.min()} to {i.max()}"))
        layer, output = self.template if self.template else self.forward(self.call.rows[i])
        return here, replay(output, {layer: here})

    def activations(self, rows: Array) -> Array:
        """What rows of inputs are at the place: themselves, or the layer's activations."""
        return rows if self.call.layer is None else as_input(self.forward(rows)[0])

    @cached_property
    def template(self) -> tuple[Node, Node] | None:
        """The graph of a single row, if what is above the layer depends on nothing else."""
        x = Node(self.call.rows[:1], name="input")
        output = self.call.explained_node(self.call.scores(x))
        layer = find_layer(output, self.call.layer_name or "input")
        return (layer, output) if separates(output, x, layer) else None

    def forward(self, rows: Array, reference: Array | None = None) -> tuple[Node, Node]:
        """(the place, the output) for rows of inputs."""
        x = Node(rows, reference, name="input")
        output = self.call.explained_node(self.call.scores(x))
        return x if self.call.layer_name is None else find_layer(output, self.call.layer_name), output

    def score_at(self, rows: Array, i: Array, ends: Endpoints) -> Array:
        """(B,): the explained number of each row."""
        _, output = self(rows, i)
        return np.asarray((ends.seed(output, i) * output.value).reshape(len(rows), -1).sum(axis=1))

    def gradient(self, rows: Array, i: Array, ends: Endpoints) -> Array:
        """The gradient of the explained number at each row."""
        here, output = self(rows, i)
        return backward(output, GRADIENT, ends.seed(output, i), keep=[here])[here]


def as_input(node: Node, side: Side = "value") -> Array:
    """A node's value or reference, from which a graph of its own may start.

    There nothing would tell which places of a layer tie beyond rounding, so they are given equal bits here.
    """
    return side_of(node, side) if node.op is None else equalised(node, side)


def accumulate(total: Array, i: Array, parts: Array) -> None:
    """total[i] += parts, for i in order and any number of parts for each.

    >>> total = np.zeros((2, 1))
    >>> accumulate(total, np.array([0, 0, 1]), np.array([[1.0], [2.0], [3.0]]))
    >>> total.tolist()
    [[3.0], [3.0]]
    """
    first = np.flatnonzero(np.diff(i, prepend=-1))
    total[i[first]] += np.add.reduceat(parts, first, axis=0, dtype=np.float64)


def column(numbers: Array, like: Array) -> Array:
    """(B,) -> (B, 1, ...), in the dtype of what it multiplies."""
    return numbers.astype(like.dtype).reshape(-1, *(1,) * (like.ndim - 1))


class Stream:
    """Random numbers for the variants of each input.  Every input restarts the stream.

    So what an input is given depends on the seed alone, not on its place in the batch.

    >>> draw = Stream(0, lambda rng, n: rng.random(n))
    >>> a, b = draw(np.array([0, 0, 1]), np.array([0, 1, 0])), draw(np.array([1]), np.array([1]))
    >>> bool(a[0] == a[2]), bool(a[1] == b[0])
    (True, True)
    """

    def __init__(self, seed: int | tuple[int, ...], draw: Callable[[np.random.Generator, int], Array]) -> None:
        self.seed, self.draw = seed, draw
        self.rng = np.random.default_rng(seed)

    def __call__(self, i: Array, k: Array) -> Array:
        """The next numbers, for the variants k of the inputs i, asked for in order."""
        starts = [*np.flatnonzero(np.diff(i, prepend=-1)), len(i)]
        draws = []
        for a, b in pairwise(starts):
            if k[a] == 0:
                self.rng = np.random.default_rng(self.seed)
            draws.append(self.draw(self.rng, b - a))
        return np.concatenate(draws)


def contrast_seed(output: Node, target: Array, versus: Array | None) -> Array:
    """Where the walk starts: 1 at each row's target, −1 at its versus."""
    return one_hot(target, output) - (0 if versus is None else one_hot(versus, output))


def one_hot(classes: Array, output: Node) -> Array:
    """1 at each row's class, 0 elsewhere, in the shape of the output."""
    y = np.zeros(output.shape, output.dtype)
    y.reshape(len(y), -1)[np.arange(len(y)), classes] = 1
    return y


def find_layer(output: Node, layer: str) -> Node:
    """The node of a layer, by its name.  Raises ValueError naming the nearest if there is none."""
    named_nodes = [(node.name, node) for node in history(output) if node.name]
    one_of(layer, dict(named_nodes), "layer")
    nodes = [node for name, node in named_nodes if name == layer]
    if len(nodes) > 1:
        raise ValueError(f"{len(nodes)} nodes are named {layer!r}: give each a name of its own")
    return nodes[0]


def separates(output: Node, x: Node, layer: Node) -> bool:
    """Whether every path from x to the output runs through the layer."""
    past: set[Node] = {x} - {layer}
    for node in history(output):
        if node is not layer and any(source in past for source in node.sources):
            past.add(node)
    return output not in past

"""What all methods share: the question is checked here once, and the walk that most of them answer it with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from minixai.arrays import Array, finite, numbers
from minixai.attribution import Attribution, Cost
from minixai.graph import Node, Rules, backward, history
from minixai.methods.baselines import Baseline, resolve
from minixai.model import Model, Network, batches, known
from minixai.ops import sigmoid, softmax
from minixai.progress import Progress


@dataclass(frozen=True, eq=False)
class Call:
    """A question to a model: why these scores, for these inputs?

    model     a Model, or any function of a node (N, ...) that returns scores (N, K) or (N,)
    x         the inputs (N, ...), as `model.scores` takes them
    target    class number, or one for each input; None is the predicted class
    versus    likewise, for a contrast: f_target − f_versus is explained
    output    "score", or "probability" (softmax; the sigmoid of a single score)
    layer     the layer whose activations are explained; None is the input
    batch     rows at a time; None is as many as fit in about 1 GB
    """

    model: Network
    x: npt.ArrayLike
    target: npt.ArrayLike | None = None
    versus: npt.ArrayLike | None = None
    output: str = "score"
    layer: str | None = None
    batch: int | None = None
    rows: Array = field(init=False)

    def __post_init__(self) -> None:
        if not callable(self.model):
            raise TypeError(f"model is {type(self.model).__name__}: give a Model, or a function of a node")
        known(self.output, ("score", "probability"), "output")
        object.__setattr__(self, "rows", self.prepare(self.x))
        for name, classes in (("target", self.target), ("versus", self.versus)):
            if classes is not None:
                self.check_classes(classes, name)

    def prepare(self, x: npt.ArrayLike, what: str = "x") -> Array:
        """x as the model takes it; for a function of nodes, float32 or else float64."""
        if isinstance(self.model, Model):
            return self.model.prepare(x, what)
        array = numbers(x, what)
        if array.ndim < 2:
            raise ValueError(f"{what} has the shape {array.shape}, but rows come first, (N, ...): give {what}[None]")
        return finite(array if array.dtype == np.float32 else array.astype(np.float64), what)

    def check_classes(self, classes: npt.ArrayLike, name: str) -> None:
        array = np.asarray(classes)
        if array.dtype.kind not in "iu" or array.shape not in ((), (len(self.rows),)):
            raise ValueError(
                f"{name} is a class number, or one for each of the {len(self.rows)} inputs; got {classes!r}"
            )

    def baseline(self, baseline: Baseline) -> Array:
        """The baseline's rows: one, or one for each input."""
        return resolve(baseline, self.rows, self.prepare)

    def scores(self, x: Node) -> Node:
        """The model's scores, (N, K) or (N,)."""
        scores = self.model(x)
        if not isinstance(scores, Node):
            raise TypeError(
                f"the model returned {type(scores).__name__}: a function of a node must return a node, "
                "made with operators and minixai.ops"
            )
        if scores.ndim not in (1, 2) or len(scores) != len(x):
            raise ValueError(
                f"the model made scores of shape {scores.shape} from {x.shape}: they must be "
                "(N, K), one for each class, or (N,)"
            )
        if not np.isfinite(scores.value).all():
            raise ValueError("the model's scores are not all finite: check its weights, and log, sqrt or / at 0")
        return scores

    def explained(self, scores: Node) -> Node:
        """The node that is explained: the scores, or the probabilities made of them."""
        if self.output == "score":
            return scores
        return softmax(scores) if scores.ndim == 2 and scores.shape[1] > 1 else sigmoid(scores)

    def classes(self, scores: Node, part: slice) -> tuple[Array, Array | None]:
        """(target, versus) of these rows, as class numbers."""
        count = scores.shape[1] if scores.ndim == 2 else 1
        predicted = scores.value.reshape(len(scores), count).argmax(axis=1)
        return self.chosen(self.target, predicted, count, part), (
            None if self.versus is None else self.chosen(self.versus, predicted, count, part)
        )

    def chosen(self, classes: npt.ArrayLike | None, predicted: Array, count: int, part: slice) -> Array:
        if classes is None:
            return predicted
        array = np.broadcast_to(np.asarray(classes, np.intp), len(self.rows))[part]
        if array.min() < 0 or array.max() >= count:
            wrong = array[(array < 0) | (array >= count)][0]
            raise ValueError(f"there is no class {wrong}: this model has {count}, numbered 0 to {count - 1}")
        return array

    def row_bytes(self) -> int:
        """Bytes that one row's graph takes."""
        if isinstance(self.model, Model):
            return self.model.row_bytes
        return sum(node.value.nbytes for node in history(self.scores(Node(self.rows[:1])))) if len(self.rows) > 1 else 1

    def parts(self) -> list[slice]:
        """The batches."""
        return list(batches(len(self.rows), self.batch, self.row_bytes() if self.batch is None else 1))


@dataclass(frozen=True, eq=False)
class Walk:
    """What one walk found, for every input: at the output, and at the input or layer that was asked for.

    value, delta, m    of the layer's activations: what they are, how far they moved, their multipliers
    alone              whether every path from the input runs through the layer
    """

    target: Array
    versus: Array | None
    score: Array
    reference_score: Array
    value: Array
    delta: Array
    m: Array
    alone: bool
    cost: Cost

    def attribution(
        self, call: Call, method: str, values: Array, parameters: Mapping[str, Any], **more: Any
    ) -> Attribution:
        """The answer, in the form that all methods give it."""
        return Attribution(
            values=values,
            method=method,
            target=self.target,
            versus=self.versus,
            score=self.score,
            output=call.output,
            layer=call.layer,
            cost=self.cost,
            parameters=parameters,
            **more,
        )


def walk(call: Call, rules: Rules, baseline: Array | None = None) -> Walk:
    """Send the inputs forward and walk back to them, or to a layer, by these rules."""
    found: list[Walk] = []
    line = Progress("rows", len(call.rows))
    for part in call.parts():
        reference = baseline[part] if baseline is not None and len(baseline) > 1 else baseline
        x = Node(call.rows[part], reference, name="input")
        scores = call.scores(x)
        target, versus = call.classes(scores, part)
        output = call.explained(scores)
        seed = asked(output, target, versus)
        node = x if call.layer is None else find(output, call.layer)
        m = backward(output, rules, seed, keep=[node])[node]
        per_row = (seed * output.value, seed * output.reference)
        score, reference_score = (np.asarray(y.reshape(len(x), -1).sum(axis=1)) for y in per_row)
        cost = Cost(len(x) + (0 if reference is None else len(reference)), len(x))
        found.append(
            Walk(target, versus, score, reference_score, node.value, node.delta, m, alone(output, x, node), cost)
        )
        line.advance(len(x))
    line.close()
    return joined(found)


def joined(walks: list[Walk]) -> Walk:
    """The walks of several batches as one."""

    def whole(name: str) -> Array:
        return np.concatenate([getattr(w, name) for w in walks])

    arrays: dict[str, Any] = {
        name: whole(name) for name in ("target", "score", "reference_score", "value", "delta", "m")
    }
    cost = Cost(sum(w.cost.forward for w in walks), sum(w.cost.backward for w in walks))
    return replace(walks[0], versus=None if walks[0].versus is None else whole("versus"), cost=cost, **arrays)


def asked(output: Node, target: Array, versus: Array | None) -> Array:
    """Where the walk starts: 1 at each row's target, −1 at its versus."""
    return one_hot(target, output) - (0 if versus is None else one_hot(versus, output))


def one_hot(classes: Array, output: Node) -> Array:
    """1 at each row's class, 0 elsewhere, in the shape of the output."""
    y = np.zeros(output.shape, output.dtype)
    y.reshape(len(y), -1)[np.arange(len(y)), classes] = 1
    return y


def find(output: Node, layer: str) -> Node:
    """The node of a layer, by its name.  Raises ValueError naming the nearest if there is none."""
    named = [(node.name, node) for node in history(output) if node.name]
    known(layer, dict(named), "layer")
    nodes = [node for name, node in named if name == layer]
    if len(nodes) > 1:
        raise ValueError(f"{len(nodes)} nodes are named {layer!r}: give each a name of its own")
    return nodes[0]


def alone(output: Node, x: Node, layer: Node) -> bool:
    """Whether every path from x to the output runs through the layer."""
    past: set[Node] = {x} - {layer}
    for node in history(output):
        if node is not layer and any(source in past for source in node.sources):
            past.add(node)
    return output not in past

"""A call of a method: its arguments are checked here, once for all methods."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeGuard

import numpy as np
import numpy.typing as npt

from minixai.arrays import Array
from minixai.graph import Node, history
from minixai.methods.baselines import Baseline, resolve
from minixai.methods.parameters import document
from minixai.model import Model, Network, batches, check_one_input, final_activation
from minixai.ops import sigmoid, softmax
from minixai.text import quoted
from minixai.validate import as_real, as_rectangular, check_finite, is_integer, one_of

ROWS, CACHE = 50, 2e6
"""By default a batch has ROWS rows or fills CACHE bytes, whichever is more rows; larger batches are hardly faster."""

asking: ContextVar[str] = ContextVar("asking", default="methods")
"""The name of the method that is running, for notes on exceptions that a model raises."""


@document
@dataclass(frozen=True, eq=False)
class Call:
    """The arguments of a method, checked: which parts of x produce these scores of the model?

    Parameters
    ----------
    {model, x, target, versus, output, layer, batch}

    Attributes
    ----------
    rows : ndarray, (N, ...)
        x as the model takes it, in the dtype of the model.
    layer_name : str or None
        The name of the layer; None is the input.
    unit : float
        What the number 1, in the units of x, is in the units of the model: 1/255 if x is uint8, otherwise 1.

    Raises
    ------
    ValueError, TypeError
        If an argument cannot be used.

    Examples
    --------
    >>> from minixai import toys
    >>> call = Call(toys.saturation, [[1.0, 0.25]])
    >>> call.forward(Node(call.rows)).value
    array([1.])
    """

    model: Network
    x: npt.ArrayLike
    target: npt.ArrayLike | None = None
    versus: npt.ArrayLike | None = None
    output: str = "score"
    layer: str | int | None = None
    batch: int | None = None
    rows: Array = field(init=False)
    layer_name: str | None = field(init=False)
    unit: float = field(init=False)

    def __post_init__(self) -> None:
        if not callable(self.model):
            raise TypeError(f"model is {type(self.model).__name__}: give a Model, or a function of a node")
        one_of(self.output, ("score", "probability"), "output")
        object.__setattr__(self, "rows", self.prepare(self.x))
        is_bytes = isinstance(self.model, Model) and np.asarray(self.x).dtype == np.uint8
        object.__setattr__(self, "unit", 1 / 255 if is_bytes else 1.0)
        object.__setattr__(self, "layer_name", self.resolve_layer(self.layer))
        for name, classes in (("target", self.target), ("versus", self.versus)):
            if classes is not None:
                numbers = self.named_classes(classes)
                self.check_classes(numbers, name)
                object.__setattr__(self, name, numbers)

    def prepare(self, x: npt.ArrayLike, what: str = "x") -> Array:
        """x as rows for the model, checked and converted."""
        return as_model_input(self.model, x, what)

    def resolve_layer(self, layer: str | int | None) -> str | None:
        """The name of a layer that is given by name or by number; None for the input."""
        if layer is None or isinstance(layer, str):
            return layer
        if not is_integer(layer):
            raise ValueError(f"layer is a name, or the number of a Model's layer, got {quoted(layer)}")
        if not isinstance(self.model, Model):
            raise ValueError(f"a function of nodes has no layer {layer}: name a node, h.named('h'), and give layer='h'")
        layers = self.model.layers
        if not 0 <= layer < len(layers):
            raise ValueError(
                f"there is no layer {layer}: this model has {len(layers)}, numbered 0 (the input) to "
                f"{len(layers) - 1}, as model.summary() shows them"
            )
        return layers[layer].name

    def named_classes(self, classes: npt.ArrayLike) -> npt.ArrayLike:
        """Class numbers if class names are given; otherwise `classes` unchanged."""
        array = as_rectangular(classes, "a class")
        if array.dtype.kind != "U" or not isinstance(self.model, Model):
            return classes
        numbers = [self.model.class_number(str(name)) for name in array.ravel()]
        return np.array(numbers, np.intp).reshape(array.shape)

    def check_classes(self, classes: npt.ArrayLike, name: str) -> None:
        if np.asarray(classes).dtype.kind == "U":
            raise ValueError(f"{name} is {classes!r}, but a function of nodes has no class names: give a class number")
        array = as_real(classes, name)
        if array.dtype.kind not in "iu" or array.shape not in ((), (len(self.rows),)):
            raise ValueError(
                f"{name} is a class number or the name of a class, or one for each of the {len(self.rows)} inputs; "
                f"got {quoted(classes)}"
            )

    def baseline(self, baseline: Baseline, what: str = "baseline") -> Array:
        """The baseline's rows: one, or one for each input; a number is in the units of x."""
        if not is_number(baseline):
            return resolve(baseline, self.rows, self.prepare, what)
        rows = resolve(baseline * self.unit if self.unit != 1 else baseline, self.rows, self.prepare, what)
        if isinstance(self.model, Model):
            self.model.check_range(rows[:1], what)
        return rows

    def background(self, background: npt.ArrayLike) -> Array:
        """The rows of a background in the dtype of x: (R, ...)"""
        rows = self.prepare(background, "background")
        if rows.shape[1:] != self.rows.shape[1:]:
            raise ValueError(
                f"a background of shape {rows.shape} does not fit x of shape {self.rows.shape}: "
                f"give a set of inputs, (R, {', '.join(map(str, self.rows.shape[1:]))})"
            )
        return rows.astype(self.rows.dtype, copy=False)

    def as_parameter(self, baseline: Baseline) -> Any:
        """A baseline as the certificate shows it; an array is not copied."""
        return baseline if isinstance(baseline, (str, int, float)) else as_rectangular(baseline, "baseline")

    def scores(self, x: Node, rows: str = "one row") -> Node:
        """The model's scores, (N, K) or (N,).  What the model raises says which `rows` it was given."""
        try:
            scores = self.model(x)
        except Exception as problem:
            problem.add_note(f"minixai.{asking.get()} had called the model with {rows}, {self.side_of(problem, x)}")
            raise
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
        if scores.ndim == 2 and not scores.shape[1]:
            raise ValueError(f"the model made scores of shape {scores.shape}: there is no class to explain")
        for where, numbers in (("", scores.value), (" at the baseline", scores.reference)):
            if not np.isfinite(numbers).all():
                raise ValueError(
                    f"the model's scores{where} are not all finite: check its weights, log, sqrt or / at 0, "
                    "and that the numbers it is given are not too large"
                )
        return scores

    def forward(self, x: Node, rows: str = "one row") -> Node:
        """The output that is explained, for a node of inputs.  What the model raises says which `rows` it was given."""
        return self.explained_node(self.scores(x, rows))

    def side_of(self, problem: Exception, x: Node) -> str:
        """Whether what the model raised comes of x, or of the baseline beside it."""
        if x.reference is not x.value:
            try:
                self.model(Node(x.value, name=x.name))
            except Exception as again:
                return "at x" if type(again) is type(problem) else "at x and its baseline"
            return "at the baseline"
        return "at x"

    def explained_node(self, scores: Node) -> Node:
        """The output that is explained: the scores, or the probabilities made of them."""
        if self.output == "score":
            return scores
        if isinstance(self.model, Model):
            return self.model.probability(scores)
        if final_activation(scores):
            return scores
        return softmax(scores) if scores.ndim == 2 and scores.shape[1] > 1 else sigmoid(scores)

    def classes(self, scores: Node, part: slice) -> tuple[Array, Array | None]:
        """(target, versus) of these rows, as class numbers."""
        count = scores.shape[1] if scores.ndim == 2 else 1
        predicted = scores.value.reshape(len(scores), count).argmax(axis=1)
        return self.as_class_numbers(self.target, predicted, count, part), (
            None if self.versus is None else self.as_class_numbers(self.versus, predicted, count, part)
        )

    def as_class_numbers(self, classes: npt.ArrayLike | None, predicted: Array, count: int, part: slice) -> Array:
        """The class numbers of these rows, by default those predicted.  Raises ValueError for an unknown class."""
        if classes is None:
            return predicted
        array = np.broadcast_to(np.asarray(classes, np.intp), len(self.rows))[part]
        if array.min() < 0 or array.max() >= count:
            wrong = array[(array < 0) | (array >= count)][0]
            raise ValueError(f"there is no class {wrong}: this model has {count}, numbered 0 to {count - 1}")
        return array

    @cached_property
    def row_bytes(self) -> int:
        """How many bytes the graph of one row takes."""
        if isinstance(self.model, Model):
            return self.model.row_bytes
        return sum(node.value.nbytes for node in history(self.scores(Node(self.rows[:1]))))

    def slices(self, rows: int) -> list[slice]:
        """Slices of so many rows, in batches; by default small ones, so that memory does not grow with the rows."""
        if self.batch is not None:
            return list(batches(rows, self.batch, 1))
        if rows == 1:
            return [slice(0, 1)]
        limit = next(batches(rows, None, self.row_bytes)).stop
        return list(batches(rows, min(limit, max(ROWS, int(CACHE // self.row_bytes))), 1))


def is_number(baseline: Baseline) -> TypeGuard[float]:
    """Whether a baseline is a single number, not a name or an array of rows."""
    if isinstance(baseline, (str, bool)):
        return False
    array = as_rectangular(baseline, "baseline")
    return not array.ndim and array.dtype.kind in "fiu"


def as_model_input(model: Network, x: npt.ArrayLike, what: str) -> Array:
    """x as rows for the model; for a function of nodes float32 stays float32, and all else becomes float64."""
    if isinstance(model, Model):
        return model.prepare(x, what)
    if isinstance(x, tuple):  # a list may hold one row each
        check_one_input(x, what, 2)
    array = as_real(x, what)
    if array.ndim < 2:
        raise ValueError(f"{what} has the shape {array.shape}, but rows come first, (N, ...): give {what}[None]")
    dtype = np.float32 if array.dtype == np.float32 else np.float64
    return check_finite(np.asarray(array, dtype, order="C"), what)

"""A model: named layers in order, which together make scores of images."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import asdict
from itertools import count as counted
from math import prod
from os import PathLike
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import scipy

from minixai.arrays import Array, as_readonly
from minixai.files import StoredArray, brief, open_arrays, write_arrays
from minixai.graph import Node, history
from minixai.layers import Function, Layer, Training
from minixai.op_layers import KINDS
from minixai.ops import identity, sigmoid, softmax
from minixai.ops.threads import own_threads
from minixai.preprocessing import Preprocessing
from minixai.text import columns, listed
from minixai.validate import as_count, as_real, check_finite, check_path, is_integer, one_of
from minixai.validate import brief as value_text

FORMAT = "minixai model 1"
CLASSIFIER_ACTIVATIONS = ("softmax", "sigmoid")
MOST_LAYERS = 3_000
"""Layers of a model in a file."""
LARGEST_ROW = 1 << 29
"""Numbers that a layer may make of one row: 2 GB in float32."""
MEMORY = 1e9
"""Bytes that a batch may take, when nobody says how many rows it has."""

Network: TypeAlias = Callable[[Node], Node]
Item: TypeAlias = "Layer | tuple[str, Layer] | tuple[str, Layer, str | Sequence[str]]"


class Entry(NamedTuple):
    """One line of a model: a layer, by what name it goes, what it reads, and the shape of a row of its output."""

    name: str
    layer: Layer | None
    inputs: tuple[str, ...]
    shape: tuple[int, ...]


class Model:
    """Layers in order, each named and fed by the one before, or by those it names.

    `layers` holds layers, (name, layer) or (name, layer, inputs), where inputs is a
    name or a list of names, "input" among them; so residual and concatenating networks are lists
    too.  A function of a node in place of the list makes a model that cannot be saved.
    A layer listed twice shares its weights and is called `name`, `name-2`.  The last
    makes one score for each class, without softmax.  `input_shape` is the
    shape of one row, (H, W, C).  Weights are drawn with `seed`.  `preprocessing` turns pixels into what
    the first layer reads; it is no layer, and attributions are about the pixels.  `classifier_activation` is
    what makes probabilities of the scores, "softmax" or "sigmoid" (of each score for itself: one class, or labels of
    which several may hold); None is softmax, and for one score the sigmoid.

    Raises ValueError where names or shapes do not fit.

    >>> from minixai.layers import Conv2D, Dense, Flatten
    >>> model = Model([Conv2D(4, 3, activation="relu"), Flatten(), Dense(10)], input_shape=(8, 8, 1))
    >>> model.scores(np.zeros((5, 8, 8, 1))).shape
    (5, 10)
    """

    def __init__(
        self,
        layers: Iterable[Item] | Network,
        input_shape: Sequence[int],
        *,
        classes: Sequence[str] | None = None,
        dtype: npt.DTypeLike = np.float32,
        seed: int | None = 0,
        preprocessing: Preprocessing | None = None,
        classifier_activation: str | None = None,
    ) -> None:
        check_kinds(layers, input_shape, dtype, preprocessing)
        self.preprocessing = preprocessing
        self.input_shape = tuple(as_count(n, "each side of input_shape, the shape of one row,") for n in input_shape)
        self.dtype = np.dtype(dtype)
        if self.dtype.kind != "f" or not self.input_shape:
            raise ValueError(
                f"a model of {self.dtype} and rows of shape {self.input_shape} cannot be: "
                "give a float dtype, and rows with at least one axis"
            )
        rng = None if seed is None else np.random.default_rng(as_count(seed, "seed", 0))
        self.layers: tuple[Entry, ...] = (Entry("input", None, (), self.input_shape),)
        self.owners: dict[Layer, str] = {}  # under whose name a layer's weights go
        image = Node(np.zeros((0, *self.input_shape), self.dtype))  # no rows: shapes without work
        nodes = {"input": self.preprocess(image)}
        listed = [layers] if isinstance(layers, Layer) else [Function(layers)] if callable(layers) else layers
        for name, layer, inputs in entries(listed):
            xs = [nodes[one_of(x, nodes, "input")] for x in inputs]
            try:
                self.init_weights(layer, xs[0].shape[1:], rng)
                nodes[name] = layer(xs)
            except ValueError as problem:
                raise ValueError(f"layer {name!r}: {problem}") from None
            if not isinstance(nodes[name], Node):
                raise TypeError(
                    f"layer {name!r} returned {type(nodes[name]).__name__}, but a layer makes a node of nodes"
                )
            if (numbers := prod(nodes[name].shape[1:])) > LARGEST_ROW:
                raise ValueError(
                    f"layer {name!r} makes {numbers:,} numbers of one row, which no memory would hold: "
                    "take smaller images, or a smaller factor"
                )
            self.owners.setdefault(layer, name)
            self.layers += (Entry(name, layer, inputs, nodes[name].shape[1:]),)
        self.row_bytes = (
            sum(prod(node.shape[1:]) for node in history(nodes[self.layers[-1].name])) * self.dtype.itemsize
        )
        self.classes = self.check_end(classes)
        activation = classifier_activation or ("softmax" if len(self.classes) > 1 else "sigmoid")
        self.classifier_activation = one_of(activation, CLASSIFIER_ACTIVATIONS, "classifier_activation")

    def init_weights(self, layer: Layer, row: tuple[int, ...], rng: np.random.Generator | None) -> None:
        """Give a layer the weights it needs for rows of this shape, if it has none yet."""
        for key, shape in layer.weight_shapes(row).items():
            if key in layer.weights:
                w = layer.weights[key]
            elif rng is not None:
                w = layer.initial_weight(key, shape, rng, self.dtype)
            else:
                raise ValueError(f"its {key} is missing")
            if w.shape != shape:
                raise ValueError(f"its {key} has the shape {w.shape}, but {shape} is needed here")
            layer.weights[key] = as_readonly(w, self.dtype)

    def preprocess(self, x: Node) -> Node:
        """What the first layer reads of the pixels."""
        return x if self.preprocessing is None else self.preprocessing(x)

    def check_end(self, classes: Sequence[str] | None) -> tuple[str, ...]:
        """The names of the classes, if the last layer gives a score for each."""
        last = self.layers[-1]
        if last.layer is None or len(last.shape) != 1:
            raise ValueError(
                f"a model ends with one score for each class, rows of shape (K,), but this one ends with rows "
                f"of {last.shape}: end with Dense or global pooling"
            )
        if "softmax" in (last.layer.config.get("activation"), last.layer.config.get("function")):
            raise ValueError(
                "a model ends with scores, before softmax: leave the last softmax out; model.probabilities applies it"
            )
        names = tuple(map(str, range(last.shape[0]) if classes is None else classes))
        if len(names) != last.shape[0]:
            raise ValueError(f"{len(names)} class names for {last.shape[0]} scores: give one for each")
        return names

    def __call__(self, x: Node, weights: Mapping[str, Any] | None = None, training: Training | None = None) -> Node:
        """The scores as a node, (N, K); the graph behind it names every layer's output.

        `weights` {"conv1/kernel": node or array} stand in for the layers' own.
        """
        if not isinstance(x, Node):
            raise TypeError(
                f"model(x) takes a Node, got {type(x).__name__}: use model.scores(x) for an array, or Node(x)"
            )
        if x.shape[1:] != self.input_shape:
            raise ValueError(f"a node {x.shape} does not fit this model, which takes (N, {self.shape_text})")
        nodes = {"input": self.preprocess(x if x.name or x.op else x.named("input"))}
        mine = self.weights
        for name in weights or ():
            one_of(name, mine, "weight")
        mine |= dict(weights or {})
        for name, layer, inputs, _ in self.layers[1:]:
            assert layer is not None
            own = {key: mine[f"{self.owners[layer]}/{key}"] for key in layer.weights}
            made = layer([nodes[i] for i in inputs], own, training)
            nodes[name] = (identity(made) if made.name else made).named(name)
        return nodes[self.layers[-1].name]

    def scores(self, x: npt.ArrayLike, batch: int | None = None) -> Array:
        """The scores before softmax: (N, H, W, C) -> (N, K), in batches of `batch` rows."""
        rows = self.prepare(x)
        with np.errstate(over="ignore", invalid="ignore"):  # what comes of it is told
            parts = own_threads(
                lambda: [self(Node(rows[part])).value for part in batches(len(rows), batch, self.row_bytes)]
            )
        return check_finite(np.concatenate(parts), "what this model makes of weights or inputs that are too large")

    def probabilities(self, x: npt.ArrayLike, batch: int | None = None) -> Array:
        """The softmax of the scores, (N, K), or the sigmoid of each, as `classifier_activation` says."""
        scores = self.scores(x, batch)
        return np.asarray(
            scipy.special.softmax(scores, axis=1)
            if self.classifier_activation == "softmax"
            else scipy.special.expit(scores)
        )

    def probability(self, scores: Node) -> Node:
        """The same of scores in the graph."""
        return softmax(scores) if self.classifier_activation == "softmax" else sigmoid(scores)

    def predict(self, x: npt.ArrayLike, batch: int | None = None) -> npt.NDArray[np.intp]:
        """The class number with the highest score, (N,)."""
        return np.asarray(self.scores(x, batch).argmax(axis=1))

    def prepare(self, x: npt.ArrayLike, what: str = "x") -> Array:
        """x as rows of this model: checked, uint8 divided by 255, in the model's dtype.

        Raises TypeError for what are not images, ValueError for a wrong shape, an empty batch, NaN or infinity.
        """
        array = as_real(x, what)
        if array.dtype == np.uint8:
            array = array.astype(self.dtype) / 255
        elif array.dtype.kind != "f":
            low, high = (int(array.min()), int(array.max())) if array.size else (0, 0)
            mend = "convert it with .astype(np.uint8)" if low >= 0 and high <= 255 else "scale it to floats in [0, 1]"
            raise TypeError(
                f"{what} holds {array.dtype} from {low} to {high}, but a model takes floats, "
                f"or uint8 which it divides by 255: {mend}"
            )
        if array.shape[1:] != self.input_shape:
            raise ValueError(
                f"{what} has the shape {array.shape}, but this model takes (N, {self.shape_text}): "
                f"{self.hint(array.shape)}"
            )
        with np.errstate(over="ignore"):  # too large for the dtype becomes infinite, which `check_finite` tells
            return check_finite(array.astype(self.dtype, order="C"), what)

    def hint(self, shape: tuple[int, ...]) -> str:
        """What may have gone wrong with a shape that does not fit."""
        if shape == self.input_shape:
            return "this looks like one image; give it its row, x[None]"
        if shape[1:] == (self.input_shape[-1:] + self.input_shape[:-1]):
            return "this looks channels-first; minixai takes (N, H, W, C), np.moveaxis(x, 1, -1)"
        if (*shape[1:], 1) == self.input_shape:
            return "the channel axis is missing, x[..., None]"
        return "resize the images, or load the model they are made for"

    @property
    def shape_text(self) -> str:
        return ", ".join(map(str, self.input_shape))

    @property
    def weights(self) -> dict[str, Array]:
        """All weights, {"layer/key": array}; a shared layer's once, under its first name."""
        return {f"{name}/{key}": w for layer, name in self.owners.items() for key, w in layer.weights.items()}

    @property
    def trained_weights(self) -> dict[str, Array]:
        """The weights that training changes: not a batch norm's running averages."""
        return {
            f"{name}/{key}": layer.weights[key]
            for layer, name in self.owners.items()
            for key in layer.weights
            if key in layer.trained
        }

    def set_weights(self, weights: Mapping[str, Array]) -> None:
        """Replace weights by name, all or none of them; the arrays themselves are never written into.

        Raises ValueError for an unknown name, another shape, and numbers that are not finite in the model's dtype.
        """
        if not isinstance(weights, Mapping):
            raise TypeError(f"weights are arrays by their names, a dict, got {value_text(weights)}")
        layers, mine, made = {name: layer for layer, name in self.owners.items()}, self.weights, {}
        for full, w in weights.items():
            if np.shape(w) != mine[one_of(full, mine, "weight")].shape:
                raise ValueError(f"weight {full} has the shape {mine[full].shape}, and {np.shape(w)} cannot replace it")
            with np.errstate(over="ignore"):  # too large for the dtype becomes infinite, which is told
                made[full] = as_readonly(w, self.dtype)
            if not np.isfinite(made[full].sum(dtype=np.float64)):  # which needs no array of booleans
                check_finite(made[full], f"weight {full}, in {self.dtype},")
        for full, w in made.items():
            name, key = full.rsplit("/", 1)
            layers[name].weights[key] = w

    def astype(self, dtype: npt.DTypeLike) -> Model:
        """A copy whose weights have another dtype, np.float32 or np.float64."""
        copies = {layer: copy(layer) for layer in self.owners}
        for layer in copies.values():
            layer.weights = dict(layer.weights)
        items: list[Item] = [(e.name, copies[e.layer], e.inputs) for e in self.layers if e.layer]
        return Model(
            items,
            self.input_shape,
            classes=self.classes,
            dtype=dtype,
            preprocessing=self.preprocessing,
            classifier_activation=self.classifier_activation,
        )

    def summary(self) -> str:
        """A line for each layer: number, name, output shape, parameters.

        >>> from minixai.layers import Dense
        >>> print(Model([("scores", Dense(3))], input_shape=(4,)).summary())
        layer     output  parameters
        0 input   (N, 4)           0
        1 scores  (N, 3)          15
        total                     15
        """
        counts = [
            sum(w.size for name, w in self.weights.items() if name.rsplit("/", 1)[0] == e.name) for e in self.layers
        ]
        names = [f"{i} {e.name}" for i, e in enumerate(self.layers)]
        shapes = ["(N, " + ", ".join(map(str, e.shape)) + ")" for e in self.layers]
        lines = [("layer", "output", "parameters"), *zip(names, shapes, map("{:,}".format, counts), strict=True)]
        return "\n".join(columns([*lines, ("total", "", f"{sum(counts):,}")], right=[2]))

    def __repr__(self) -> str:
        count = sum(w.size for w in self.weights.values())
        return (
            f"<Model (N, {self.shape_text}) -> (N, {len(self.classes)}), {len(self.layers) - 1} layers, "
            f"{count:,} parameters, {self.dtype}>"
        )

    @property
    def architecture(self) -> dict[str, Any]:
        """All but the weights, as JSON holds it."""
        lines = [
            {"name": e.name, "inputs": e.inputs}
            | (
                {"kind": type(e.layer).__name__, "config": e.layer.config}
                if e.name == self.owners[e.layer]
                else {"same": self.owners[e.layer]}
            )
            for e in self.layers
            if e.layer
        ]
        return {
            "format": FORMAT,
            "input_shape": self.input_shape,
            "dtype": self.dtype.name,
            "classes": self.classes,
            "layers": lines,
            "classifier_activation": self.classifier_activation,
        } | ({} if self.preprocessing is None else {"preprocessing": asdict(self.preprocessing)})

    def save(self, path: str | PathLike[str]) -> None:
        """Write one .npz: the weights under their names, the architecture as JSON.

        Raises ValueError if the file cannot be written, TypeError for layers that minixai does not know.
        """
        check_path(path)
        for layer in self.owners:
            if KINDS.get(type(layer).__name__) is not type(layer):
                raise TypeError(
                    f"{type(layer).__name__} is not a layer of minixai.layers, so no file could bring it back: "
                    "keep its Python code instead"
                )
        write_arrays(path, self.weights | {"architecture": json.dumps(self.architecture)})


def check_kinds(layers: object, input_shape: object, dtype: Any, preprocessing: object) -> None:
    """Raise TypeError for what a model cannot be made of."""
    if not isinstance(layers, (Layer, Iterable)) and not callable(layers):
        raise TypeError(f"a model is made of a list of layers, or a function of a node, got {value_text(layers)}")
    if not isinstance(input_shape, Iterable) or isinstance(input_shape, (str, bytes, Mapping)):
        raise TypeError(f"input_shape is the shape of one row, such as (28, 28, 1), got {value_text(input_shape)}")
    if preprocessing is not None and not isinstance(preprocessing, Preprocessing):
        raise TypeError(f"preprocessing is a Preprocessing or None, got {value_text(preprocessing)}")
    try:
        np.dtype(dtype)
    except Exception:  # NumPy shows what it was given, which may fail in any way
        raise TypeError(f"dtype is np.float32 or np.float64, got {value_text(dtype)}") from None


def load_model(path: str | PathLike[str]) -> Model:
    """The model that `Model.save` wrote.

    Raises ValueError, in one sentence, for a file that is missing, damaged, or something else.
    """
    try:
        with open_arrays(path) as arrays:
            return model_of(path, arrays)
    except FileNotFoundError:
        raise ValueError(f"there is no file {str(path)!r}: check the path") from None
    except IsADirectoryError:
        raise ValueError(f"{str(path)!r} is a folder: give a file written by model.save") from None
    except Unreadable as problem:
        raise ValueError(str(problem)) from None
    except (ValueError, OSError) as problem:
        raise ValueError(
            f"{str(path)!r} cannot be read as a model ({problem}): give a file written by model.save"
        ) from None


class Unreadable(Exception):
    """A sentence about a file that holds arrays, but no model."""


def model_of(path: str | PathLike[str], arrays: dict[str, StoredArray]) -> Model:
    """The model in a file that is open.  Raises Unreadable if it holds none."""
    try:
        architecture = json.loads(str(arrays.pop("architecture").read()))
        if architecture["format"] != FORMAT:
            raise ValueError(f"its format is {brief(architecture['format'])}, not {FORMAT!r}")
        return rebuild(architecture, arrays)
    except KeyError as missing:
        raise Unreadable(
            f"{str(path)!r} holds no whole model, {brief(missing.args[0])} is missing: give a file written by "
            "model.save"
        ) from None
    except (
        ValueError,
        TypeError,
        AttributeError,
        LookupError,
        ArithmeticError,
        MemoryError,
        RecursionError,
    ) as problem:
        reason = str(problem) or type(problem).__name__
        raise Unreadable(f"{str(path)!r} holds no valid model: {reason}") from None


def rebuild(architecture: Mapping[str, Any], weights: Mapping[str, Array | StoredArray]) -> Model:
    """A model from its architecture and weights, of which each is read when its shape is known to fit."""
    if len(architecture["layers"]) > MOST_LAYERS:
        raise ValueError(f"it has {len(architecture['layers']):,} layers, more than the {MOST_LAYERS:,} that are read")
    own: dict[str, dict[str, Any]] = {}
    for name, w in weights.items():
        if w.dtype.kind not in "fiub":
            raise ValueError(f"weight {brief(name)} holds {w.dtype}, not real numbers")
        own.setdefault(name.rpartition("/")[0], {})[name.rpartition("/")[2]] = w
    made: dict[str, Layer] = {}
    items: list[Item] = []
    for line in architecture["layers"]:
        if "same" in line:
            layer = made[line["same"]]
        elif line["kind"] not in KINDS:
            raise ValueError(f"unknown kind of layer {line['kind']!r}: one of {', '.join(KINDS)}")
        else:
            layer = made[line["name"]] = KINDS[line["kind"]](**tuples(line["config"]))
            layer.weights = dict(own.get(line["name"], {}))
        items.append((line["name"], layer, tuple(line["inputs"])))
    settings = {key: architecture[key] for key in ("input_shape", "classes", "dtype")}
    if config := architecture.get("preprocessing"):
        settings["preprocessing"] = Preprocessing(**tuples(config))
    settings["classifier_activation"] = architecture.get("classifier_activation")  # files of before do not say
    model = Model(items, **settings, seed=None)
    if missing := sorted(set(model.weights) ^ set(weights)):
        raise ValueError(f"weights and architecture do not belong together: {listed(missing)}")
    for name, array in model.weights.items():
        check_finite(array, f"weight {name}")
    return model


def tuples(x: Any) -> Any:
    """JSON's lists as the tuples they were."""
    if isinstance(x, dict):
        return {key: tuples(value) for key, value in x.items()}
    return tuple(map(tuples, x)) if isinstance(x, list) else x


def entries(items: Iterable[Item]) -> Iterator[tuple[str, Layer, tuple[str, ...]]]:
    """(name, layer, inputs) for every item: a name where there is none, and by default the layer before as input."""
    owners: dict[Layer, str] = {}
    used = ["input"]
    for item in items:
        name, layer, *inputs = item if isinstance(item, tuple) and len(item) > 1 else (None, item)
        if not isinstance(layer, Layer) or len(inputs) > 1 or [tuple(i) for i in inputs] == [()]:
            raise TypeError(f"a model is made of layers, (name, layer) or (name, layer, inputs); got {item!r}")
        if layer in owners and name in (None, owners[layer]):
            name = unique_name(owners[layer] + "-", 2, used)
        name = name or unique_name(layer.stem, 1, used)
        if name in used or "/" in name:
            raise ValueError(f"a layer cannot be called {name!r}: a name is used once and holds no /")
        owners.setdefault(layer, name)
        sources = inputs[0] if inputs else used[-1]
        yield name, layer, (sources,) if isinstance(sources, str) else tuple(sources)
        used.append(name)


def unique_name(stem: str, start: int, used: Sequence[str]) -> str:
    """The first of stem1, stem2, ... that is not used."""
    return next(name for i in counted(start) if (name := f"{stem}{i}") not in used)


def batches(rows: int, batch: int | None, row_bytes: int) -> Iterator[slice]:
    """Slices of at most `batch` rows, by default as many as fit in MEMORY."""
    if batch is not None and (not is_integer(batch) or batch < 1):
        raise ValueError(
            f"batch is a number of rows, at least 1, got {value_text(batch)}: leave it out for as many as work well"
        )
    size = int(batch or max(1, MEMORY // (4 * row_bytes)))  # 4: value and reference, multipliers, work
    return (slice(i, min(i + size, rows)) for i in range(0, rows, size))

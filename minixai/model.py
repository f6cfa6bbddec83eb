"""A model: named layers, in order, which compute the scores of images."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from copy import copy
from dataclasses import asdict
from difflib import get_close_matches
from itertools import count as counted
from math import prod
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import scipy

from minixai.arrays import Array, as_readonly
from minixai.files import StoredArray, open_arrays, write_arrays
from minixai.graph import Node, history
from minixai.layers import Function, Layer, Training
from minixai.op_layers import KINDS
from minixai.ops import identity, sigmoid, softmax
from minixai.ops.arithmetic import Multiply
from minixai.ops.functions import Exp, Sigmoid
from minixai.ops.reductions import Sum
from minixai.ops.shapes import Identity, Reshape, Transpose
from minixai.ops.threads import own_threads
from minixai.preprocessing import Preprocessing
from minixai.signatures import check_arguments
from minixai.text import columns, listed, quoted
from minixai.validate import as_count, as_random_seed, as_real, check_finite, check_path, is_integer, one_of

FORMAT = "minixai model 1"
CLASSIFIER_ACTIVATIONS = ("softmax", "sigmoid")
MOST_LAYERS = 3_000
"""The largest number of layers that a model in a file may have."""
LARGEST_ROW = 1 << 29
"""The largest number of values that a layer may compute for one row: 2 GB in float32."""
MEMORY = 1e9
"""How many bytes a batch may take if its number of rows is not given."""
BYTES = 32
"""Nonnegative pixels whose maximum is at least this are taken for bytes if the model expects pixels from 0 to 1."""
TWO_SIDED = (-1.0, 1.0)
"""The factors that turn one score z into the scores of classes 0 and 1, which are −z and z."""
LISTED = 12
"""The largest number of class names that an error lists."""
NEAREST = 3
"""The largest number of class names that an error suggests."""

Network: TypeAlias = Callable[[Node], Node]
Item: TypeAlias = "Layer | tuple[str, Layer] | tuple[str, Layer, str | Sequence[str]]"


class Entry(NamedTuple):
    """A layer in a model: its name, the layer, the names of its inputs, and the shape of one row of its output."""

    name: str
    layer: Layer | None
    inputs: tuple[str, ...]
    shape: tuple[int, ...]


class Model:
    """Named layers in order.  Each takes the output of the layer before it, or of the layers it names as its inputs.

    Parameters
    ----------
    layers : sequence of Layer, (name, layer) or (name, layer, inputs)
        `inputs` is the name of a layer before this one or a list of such names, where "input" is the input of the
        model; residual and concatenating networks are written this way.  A layer that is listed twice shares its
        weights, and is called `name` and `name-2`.  The last layer computes one score for each class, before softmax or
        sigmoid.  A function of a node is accepted in place of the list, but then the model cannot be saved.
    input_shape : tuple of int
        The shape of one row: (H, W, C) for images.
    classes : sequence of str, optional
        The names of the classes, by default "0", "1", ...  If there is one score and two names, the model has two
        classes.
    dtype : numpy dtype, default float32
        The dtype of the weights, and so of all that the model computes.
    seed : int or None, default 0
        Seed of the random initial weights.  With None no weights are drawn, and a layer whose weights are missing
        raises ValueError.
    preprocessing : Preprocessing, optional
        Maps pixels in [0, 1] to the input of the first layer.  It is not a layer; attributions are with respect to the
        pixels.
    classifier_activation : {"softmax", "sigmoid"}, optional
        Turns scores into probabilities; by default "softmax", or "sigmoid" if there is one score.  "sigmoid" applies to
        each score separately, so several labels may hold at once.  If it is given and there is one score z, the model
        has two classes, 0 and 1, whose scores are −z and z.

    Attributes
    ----------
    suggested_preprocessing : str or None
        The `preprocessing` that the file of a network from another library suggests; None if it suggests nothing.

    Raises
    ------
    ValueError
        If names or shapes do not fit, or the last layer is a softmax or sigmoid.

    Examples
    --------
    >>> from minixai.layers import Conv2D, Dense, Flatten
    >>> model = Model([Conv2D(4, 3, activation="relu"), Flatten(), Dense(10)], input_shape=(8, 8, 1))
    >>> model.scores(np.zeros((5, 8, 8, 1))).shape
    (5, 10)
    """

    suggested_preprocessing: str | None = None

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
        rng = None if seed is None else np.random.default_rng(as_random_seed(seed))
        self.layers: tuple[Entry, ...] = (Entry("input", None, (), self.input_shape),)
        self.owners: dict[Layer, str] = {}  # {layer: the name under which its weights are listed}
        self.random: set[str] = set()  # names of the weights that still have their random initial values
        image = Node(np.zeros((0, *self.input_shape), self.dtype))  # without rows, the layers only compute shapes
        nodes = {"input": self.preprocess(image)}
        listed = [layers] if isinstance(layers, Layer) else [Function(layers)] if callable(layers) else layers
        for name, layer, inputs in entries(listed):
            xs = [nodes[one_of(x, nodes, "input")] for x in inputs]
            try:
                drawn = self.init_weights(layer, xs[0].shape[1:], rng)
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
            self.random.update(f"{name}/{key}" for key in drawn)
            self.layers += (Entry(name, layer, inputs, nodes[name].shape[1:]),)
        self.row_bytes = (
            sum(prod(node.shape[1:]) for node in history(nodes[self.layers[-1].name])) * self.dtype.itemsize
        )
        if classifier_activation is not None:
            one_of(classifier_activation, CLASSIFIER_ACTIVATIONS, "classifier_activation")
        self.check_end(nodes[self.layers[-1].name])
        count = self.layers[-1].shape[0]
        self.classifier_activation = classifier_activation or ("softmax" if count > 1 else "sigmoid")
        self.classes = as_class_names(classes, count, classifier_activation)

    @property
    def is_binary(self) -> bool:
        """Whether the model has two classes but a single score."""
        return self.layers[-1].shape == (1,) and len(self.classes) == 2

    def init_weights(self, layer: Layer, row: tuple[int, ...], rng: np.random.Generator | None) -> list[str]:
        """Give a layer its weights, for input rows of shape `row`; weights that it already has are kept, and checked.

        Returns the names of the weights that were drawn at random.  Raises ValueError if a weight has the wrong shape,
        or is missing and `rng` is None.
        """
        drawn = []
        for key, shape in layer.weight_shapes(row).items():
            if key in layer.weights:
                w = layer.weights[key]
            elif rng is not None:
                w = layer.initial_weight(key, shape, rng, self.dtype)
                drawn += [key] if w.size and w.flat[0] != w.flat[-1] else []  # constants are not drawn
            else:
                raise ValueError(f"its {key} is missing")
            if w.shape != shape:
                raise ValueError(f"its {key} has the shape {w.shape}, but {shape} is needed here")
            layer.weights[key] = as_readonly(w, self.dtype)
        return drawn

    def preprocess(self, x: Node) -> Node:
        """The input of the first layer, for a node of pixels."""
        return x if self.preprocessing is None else self.preprocessing(x)

    def check_end(self, end: Node) -> None:
        """Raise ValueError unless the last layer gives one score for each class, before softmax or sigmoid.

        `end` is the output of the last layer.
        """
        last = self.layers[-1]
        if last.layer is None or len(last.shape) != 1:
            raise ValueError(
                f"a model ends with one score for each class, rows of shape (K,), but this one ends with rows "
                f"of {last.shape}: end with Dense or global pooling"
            )
        if found := final_activation(end):
            raise ValueError(
                f"a model ends with scores, before softmax or sigmoid, but this one ends with a {found}: leave the "
                f"last {found} out and give classifier_activation={found!r}; model.probabilities applies it"
            )

    def __call__(self, x: Node, weights: Mapping[str, Any] | None = None, training: Training | None = None) -> Node:
        """Return the scores as a node, (N, K); in its graph, the output of every layer has the layer's name.

        Parameters
        ----------
        x : Node
            The pixels, (N, H, W, C).
        weights : mapping of str to Node or array, optional
            {"conv1/kernel": w}, used in place of the layers' own weights.
        training : Training, optional
            The state that layers need in training; None for inference.

        Raises
        ------
        TypeError
            If x is not a node.
        ValueError
            If the shape of x does not fit, or the name of a weight is unknown.
        """
        if not isinstance(x, Node):
            raise TypeError(
                f"model(x) takes a Node, got {type(x).__name__}: use model.scores(x) for an array, or Node(x)"
            )
        if x.shape[1:] != self.input_shape:
            raise ValueError(f"a node {x.shape} does not fit this model, which takes (N, {self.shape_text})")
        nodes = {"input": self.preprocess(x if x.name or x.op else x.named("input"))}
        if weights is not None and not isinstance(weights, Mapping):
            raise TypeError(f"weights is a mapping of names to arrays or nodes, got {quoted(weights)}")
        mine = self.weights
        for name in weights or ():
            one_of(name, mine, "weight")
        mine |= dict(weights or {})
        for name, layer, inputs, _ in self.layers[1:]:
            assert layer is not None
            own = {key: mine[f"{self.owners[layer]}/{key}"] for key in layer.weights}
            made = layer([nodes[i] for i in inputs], own, training)
            nodes[name] = (identity(made) if made.name else made).named(name)
        scores = nodes[self.layers[-1].name]
        return scores * np.asarray(TWO_SIDED) if self.is_binary else scores

    def scores(self, x: npt.ArrayLike, batch: int | None = None) -> Array:
        """Return the scores, before softmax or sigmoid.

        Parameters
        ----------
        x : array, (N, H, W, C)
            Images with pixels in [0, 1], or uint8, which are divided by 255.
        batch : int, optional
            How many rows are computed at a time; by default as many as fit in about 1 GB.

        Returns
        -------
        ndarray, (N, K)
            A score for each class.  If the model has two classes but one score z, the scores are −z and z.

        Raises
        ------
        TypeError, ValueError
            If x does not hold images, has the wrong shape, or holds numbers that are not finite or out of range: see
            `prepare`.
        """
        rows = self.prepare(x)
        with np.errstate(over="ignore", invalid="ignore"):  # `check_finite` reports the result
            parts = own_threads(
                lambda: [self(Node(rows[part])).value for part in batches(len(rows), batch, self.row_bytes)]
            )
        return check_finite(np.concatenate(parts), "what this model makes of weights or inputs that are too large")

    def probabilities(self, x: npt.ArrayLike, batch: int | None = None) -> Array:
        """Return the probabilities, (N, K).

        They are the softmax of the scores, or the sigmoid of each, as `classifier_activation` says.  Parameters and
        errors are those of `scores`.
        """
        scores = self.scores(x, batch)
        return np.asarray(
            scipy.special.softmax(scores, axis=1)
            if self.classifier_activation == "softmax"
            else scipy.special.expit(scores)
        )

    def probability(self, scores: Node) -> Node:
        """Return the probabilities as a node (N, K), for scores that are a node."""
        return softmax(scores) if self.classifier_activation == "softmax" else sigmoid(scores)

    def predict(self, x: npt.ArrayLike, batch: int | None = None) -> npt.NDArray[np.intp]:
        """Return the number of the class with the highest score, for each row: (N,)

        Parameters and errors are those of `scores`.
        """
        return np.asarray(self.scores(x, batch).argmax(axis=1))

    def prepare(self, x: npt.ArrayLike, what: str = "x") -> Array:
        """Return x as rows for this model: checked, divided by 255 if uint8, and in the model's dtype.

        Parameters
        ----------
        x : array, (N, H, W, C)
            Images.
        what : str, default "x"
            The name of x in error messages.

        Raises
        ------
        TypeError
            If x holds text, booleans or integers other than uint8.
        ValueError
            If x is a list of several inputs, has the wrong shape, is empty, or holds NaN, infinity or masked entries;
            if it is uint8 and its largest value is 1; and if it holds floats up to 255 although the preprocessing
            expects pixels in [0, 1].
        """
        check_one_input(x, what, len(self.input_shape) + 1)
        array = as_real(x, what)
        if array.dtype == np.uint8:
            if array.size and array.max() == 1:
                raise ValueError(
                    f"{what} holds uint8 of 0 and 1, which are divided by 255 and so nearly black: give "
                    f"{what}.astype(np.float32) if 1 is white, or 255 * {what}"
                )
            array = array.astype(self.dtype) / 255
        elif array.dtype.kind != "f":
            self.refuse_integers(array, what)
        if array.shape[1:] != self.input_shape:
            raise ValueError(
                f"{what} has the shape {array.shape}, but this model takes (N, {self.shape_text}): "
                f"{shape_hint(array.shape, self.input_shape, what)}"
            )
        self.check_range(array, what)
        with np.errstate(over="ignore"):  # numbers too large for the dtype become infinite, and are refused
            return check_finite(array.astype(self.dtype, order="C"), what)

    def refuse_integers(self, array: Array, what: str) -> None:
        """Raise TypeError for integers or booleans; the message says how to convert them."""
        low, high = (int(array.min()), int(array.max())) if array.size else (0, 0)
        if low >= 0 and high <= 1:
            remedy = f"if 1 is white, give {what}.astype(np.float32)"
        elif low >= 0 and high <= 255:
            remedy = f"convert it with {what}.astype(np.uint8)"
        else:
            remedy = "scale it to floats in [0, 1]"
        raise TypeError(
            f"{what} holds {array.dtype} from {low} to {high}, but a model takes floats, "
            f"or uint8 which it divides by 255: {remedy}"
        )

    def check_range(self, array: Array, what: str) -> None:
        """Raise ValueError if floats look like bytes although the preprocessing expects pixels in [0, 1]."""
        if self.preprocessing is None or len(self.input_shape) != 3 or not array.size:
            return
        low, high = float(array.min()), float(array.max())
        if low >= 0 and high >= BYTES and np.isfinite(high):
            remedy = f"divide it by 255, or give {what}.astype(np.uint8)" if high <= 255 else "divide it by its white"
            raise ValueError(
                f"{what} holds floats from {low:g} to {high:g}, but this model takes pixels of 0 to 1 and preprocesses "
                f"them itself: {remedy}"
            )

    @property
    def shape_text(self) -> str:
        return ", ".join(map(str, self.input_shape))

    @property
    def weights(self) -> dict[str, Array]:
        """All weights, {"layer/key": array}; those of a shared layer appear once, under its first name."""
        return {f"{name}/{key}": w for layer, name in self.owners.items() for key, w in layer.weights.items()}

    @property
    def trained_weights(self) -> dict[str, Array]:
        """The weights that training changes by their gradients; batch norm's running averages are not among them."""
        return {
            f"{name}/{key}": layer.weights[key]
            for layer, name in self.owners.items()
            for key in layer.weights
            if key in layer.trained
        }

    @property
    def class_names(self) -> tuple[str, ...] | None:
        """The names of the classes; None if the classes are called "0", "1", ..."""
        return None if self.classes == tuple(map(str, range(len(self.classes)))) else self.classes

    def class_number(self, name: str | int) -> int:
        """Return the number of a class.

        Parameters
        ----------
        name : str or int
            The name of the class, or its number, which may be given as text.  If no class has exactly this name, a
            space also matches _; if there is still none, case is ignored.

        Raises
        ------
        ValueError
            If there is no such class (the message suggests the most similar names), or if several classes have this
            name (the message gives their numbers).
        TypeError
            If `name` is neither text nor a whole number.

        Examples
        --------
        >>> import minixai as mx
        >>> mx.load("efficientnet-lite0").class_number("Tiger cat")
        282
        >>> mx.load("efficientnet-lite0").class_number("redshanks")
        Traceback (most recent call last):
        ...
        ValueError: this model has no class 'redshanks', did you mean 'redshank'? give a number from 0 to 999 or a name
        """
        if not isinstance(name, str):
            if not is_integer(name):
                raise TypeError(f"a class is given by its name or its number, got {quoted(name)}")
            if 0 <= name < len(self.classes):
                return int(name)
            raise ValueError(f"there is no class {quoted(name)}: this model has {len(self.classes)}, numbered from 0")
        ways: tuple[Callable[[str], str], ...] = (str, underscored, lambda each: underscored(each).casefold())
        for written in ways:
            same = [k for k, each in enumerate(self.classes) if written(each) == written(name)]
            if len(same) > 1:
                raise ValueError(
                    f"{quoted(name)} is what the classes {listed(map(str, same))} are called: give the number of one"
                )
            if same:
                return same[0]
            if name.isdecimal() and len(name) < 19 and int(name) < len(self.classes):
                return int(name)
        raise ValueError(f"this model has no class {quoted(name)}{self.nearest_classes(name)}")

    def nearest_classes(self, name: str) -> str:
        """The end of the message about an unknown class name: the most similar names, and what to give instead."""
        names, numbers = self.class_names or (), f"a number from 0 to {len(self.classes) - 1}"
        if not names:
            return f": give {numbers}"
        wanted = underscored(name).casefold()
        folded = [underscored(each).casefold() for each in names]
        near = [n for n, each in zip(names, folded, strict=True) if wanted and wanted in each]
        near += [
            n
            for each in get_close_matches(wanted, folded, NEAREST, 0.6)
            if (n := names[folded.index(each)]) not in near
        ]
        hint = f", did you mean {listed(map(quoted, near[:NEAREST]))}?" if near else ":"
        return f"{hint} give {numbers} or a name" + (f", {listed(names, LISTED)}" if len(names) <= LISTED else "")

    def set_weights(self, weights: Mapping[str, Array], *, partial: bool = False) -> None:
        """Replace weights by name: all that are given, or none of them if one does not fit.

        The old arrays are never written into.

        Parameters
        ----------
        weights : mapping of str to array
            {"conv1/kernel": array, ...}, as in `weights`.
        partial : bool, default False
            Whether weights that are not given may keep their random initial values.

        Raises
        ------
        ValueError
            If a name is unknown, a shape is wrong, or a number is not finite in the model's dtype; and, unless
            `partial`, if a weight that is not given still has its random initial values.
        TypeError
            If `weights` is not a mapping, or `partial` is not a bool.
        """
        if not isinstance(weights, Mapping):
            raise TypeError(f"weights are arrays by their names, a dict, got {quoted(weights)}")
        if not isinstance(partial, (bool, np.bool_)):
            raise TypeError(f"partial is True or False, got {quoted(partial)}")
        layers, mine, made = {name: layer for layer, name in self.owners.items()}, self.weights, {}
        for full, w in weights.items():
            if np.shape(w) != mine[one_of(full, mine, "weight")].shape:
                raise ValueError(f"weight {full} has the shape {mine[full].shape}, and {np.shape(w)} cannot replace it")
            with np.errstate(over="ignore"):  # numbers too large for the dtype become infinite, which is checked below
                made[full] = as_readonly(w, self.dtype)
            if not np.isfinite(made[full].sum(dtype=np.float64)):  # the sum needs no array of booleans
                check_finite(made[full], f"weight {full}, in {self.dtype},")
        if not partial and (left := [name for name in mine if name in self.random and name not in made]):
            raise ValueError(
                f"{listed(left)} would stay as drawn at random: give all weights, or partial=True if that is meant"
            )
        for full, w in made.items():
            name, key = full.rsplit("/", 1)
            layers[name].weights[key] = w
        self.random.difference_update(made)

    def astype(self, dtype: npt.DTypeLike) -> Model:
        """Return a copy whose weights have another dtype, np.float32 or np.float64."""
        copies = {layer: copy(layer) for layer in self.owners}
        for layer in copies.values():
            layer.weights = dict(layer.weights)
        items: list[Item] = [(e.name, copies[e.layer], e.inputs) for e in self.layers if e.layer]
        made = Model(
            items,
            self.input_shape,
            classes=self.classes,
            dtype=dtype,
            preprocessing=self.preprocessing,
            classifier_activation=self.classifier_activation,
        )
        made.suggested_preprocessing, made.random = self.suggested_preprocessing, set(self.random)
        return made

    def summary(self) -> str:
        """Return a table as text, with a line for each layer: number, name, output shape, number of parameters.

        Examples
        --------
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
        """Everything but the weights, as a dict that can be written as JSON."""
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
        } | self.about_pixels

    @property
    def about_pixels(self) -> dict[str, Any]:
        """The entries of `architecture` about the preprocessing, given or suggested."""
        given = {} if self.preprocessing is None else {"preprocessing": asdict(self.preprocessing)}
        suggested = self.suggested_preprocessing
        return given if suggested is None else given | {"suggested_preprocessing": suggested}

    def save(self, path: str | PathLike[str]) -> None:
        """Write the model to one .npz file: the weights under their names, the architecture as JSON.

        Parameters
        ----------
        path : path
            The file, which `mx.load` reads.

        Raises
        ------
        ValueError
            If the file cannot be written.
        TypeError
            If a layer is not one of minixai's, such as a function; the message says how to keep its weights.
        """
        check_path(path)
        for layer in self.owners:
            if KINDS.get(type(layer).__name__) is not type(layer):
                raise TypeError(
                    f"layer {self.owners[layer]!r} is code: {type(layer).__name__} is not a layer of minixai.layers, "
                    "so no file could bring it back: keep its Python code, and build the model with it again; "
                    "np.savez(path, **model.weights) keeps the weights, "
                    "model.set_weights(dict(np.load(path))) takes them back"
                )
        write_arrays(path, self.weights | {"architecture": json.dumps(self.architecture)})


def check_kinds(layers: object, input_shape: object, dtype: Any, preprocessing: object) -> None:
    """Raise TypeError if an argument of Model has the wrong type."""
    if not isinstance(layers, (Layer, Iterable)) and not callable(layers):
        raise TypeError(f"a model is made of a list of layers, or a function of a node, got {quoted(layers)}")
    if not isinstance(input_shape, Iterable) or isinstance(input_shape, (str, bytes, Mapping)):
        raise TypeError(f"input_shape is the shape of one row, such as (28, 28, 1), got {quoted(input_shape)}")
    check_arguments(Model, {"preprocessing": preprocessing})
    try:
        np.dtype(dtype)
    except Exception:  # NumPy prints its argument in the message, and printing may raise anything
        raise TypeError(f"dtype is np.float32 or np.float64, got {quoted(dtype)}") from None


def load_model(path: str | PathLike[str]) -> Model:
    """Return the model that `Model.save` wrote to a file.

    Raises ValueError if the file is missing, damaged, or does not hold a model.
    """
    try:
        with open_arrays(path) as arrays:
            return model_of(path, arrays)
    except FileNotFoundError:
        raise ValueError(f"there is no file {str(path)!r}: check the path") from None
    except IsADirectoryError:
        raise ValueError(f"{quoted(Path(path))} is a folder: give a file written by model.save") from None
    except Unreadable as problem:
        raise ValueError(str(problem)) from None
    except (ValueError, OSError) as problem:
        raise ValueError(
            f"{quoted(Path(path))} cannot be read as a model ({getattr(problem, 'strerror', None) or problem}): give a "
            "file written by model.save"
        ) from None


class Unreadable(Exception):
    """Raised if a file holds arrays but no valid model; its message is a sentence for the user."""


def model_of(path: str | PathLike[str], arrays: dict[str, StoredArray]) -> Model:
    """The model in an open file.  Raises Unreadable if the file does not hold a valid model."""
    try:
        architecture = json.loads(str(arrays.pop("architecture").read()))
        if architecture["format"] != FORMAT:
            raise ValueError(f"its format is {quoted(architecture['format'])}, not {FORMAT!r}")
        return rebuild(architecture, arrays)
    except KeyError as missing:
        raise Unreadable(
            f"{str(path)!r} holds no whole model, {quoted(missing.args[0])} is missing: give a file written by "
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
    """A model from its architecture and weights.  A stored weight is read only after its shape was found to fit.

    Raises ValueError if architecture and weights do not fit together.
    """
    if len(architecture["layers"]) > MOST_LAYERS:
        raise ValueError(f"it has {len(architecture['layers']):,} layers, more than the {MOST_LAYERS:,} that are read")
    own: dict[str, dict[str, Any]] = {}
    for name, w in weights.items():
        if w.dtype.kind not in "fiub":
            raise ValueError(f"weight {quoted(name)} holds {w.dtype}, not real numbers")
        own.setdefault(name.rpartition("/")[0], {})[name.rpartition("/")[2]] = w
    made: dict[str, Layer] = {}
    items: list[Item] = []
    for line in architecture["layers"]:
        if "same" in line:
            layer = made[line["same"]]
        else:
            kind = KINDS[one_of(line["kind"], KINDS, "kind of layer")]
            layer = made[line["name"]] = kind(**tuples(line["config"]))
            layer.weights = dict(own.get(line["name"], {}))
        items.append((line["name"], layer, tuple(line["inputs"])))
    settings = {key: architecture[key] for key in ("input_shape", "classes", "dtype")}
    if config := architecture.get("preprocessing"):
        settings["preprocessing"] = Preprocessing(**tuples(config))
    settings["classifier_activation"] = architecture.get("classifier_activation")  # older files do not have it
    model = Model(items, **settings, seed=None)
    suggested = architecture.get("suggested_preprocessing")
    model.suggested_preprocessing = None if suggested is None else str(suggested)
    if missing := sorted(set(model.weights) ^ set(weights)):
        raise ValueError(f"weights and architecture do not belong together: {listed(missing)}")
    for name, array in model.weights.items():
        check_finite(array, f"weight {name}")
    return model


def as_class_names(given: Sequence[str] | None, scores: int, activation: str | None) -> tuple[str, ...]:
    """The names of the classes: one for each score, or two for a single score with a sigmoid.

    Raises ValueError if their number is wrong, and TypeError if they are not a sequence.
    """
    if given is not None and (isinstance(given, (str, bytes)) or not isinstance(given, Iterable)):
        raise TypeError(f"classes is a sequence of names, one for each score, got {quoted(given)}")
    binary = scores == 1 and activation == "sigmoid"
    names = tuple(map(str, range(2 if binary else scores) if given is None else given))
    if len(names) != scores and not (len(names) == 2 and scores == 1 and activation != "softmax"):
        raise ValueError(
            f"{len(names)} class names for {scores} scores: give one for each" + ", or two" * (scores == 1)
        )
    return names


def final_activation(end: Node) -> str | None:
    """Return "softmax" or "sigmoid" if that is the last operation, apart from identities, reshapes and transposes.

    Otherwise return None.

    >>> from minixai.ops import reshape
    >>> z = Node([[1.0, 2.0]])
    >>> final_activation(z), final_activation(reshape(softmax(z), 2)), final_activation(sigmoid(z))
    (None, 'softmax', 'sigmoid')
    """
    while isinstance(end.op, (Identity, Reshape, Transpose)):
        end = end.sources[0]
    if isinstance(end.op, Sigmoid):
        return "sigmoid"
    if isinstance(end.op, Multiply) and len(end.sources) == 2:  # exp(z) · 1/Σ exp(z), with the factors in either order
        for e, inverse in (end.sources, end.sources[::-1]):
            total = inverse.sources[0] if inverse.sources else inverse
            is_sum = isinstance(total.op, Sum) and total.sources == [e] and prod(total.shape[1:]) == 1
            if isinstance(e.op, Exp) and is_sum:
                return "softmax"
    return None


SHAPE_HINTS: Mapping[str, Callable[[Array], Array]] = {
    "this looks like one image; give it its row, {0}[None]": lambda x: x[None],
    "this looks channels-first; minixai takes (N, H, W, C), np.moveaxis({0}, 1, -1)": lambda x: np.moveaxis(x, 1, -1),
    "this looks like one image, channels first; give np.moveaxis({0}, 0, -1)[None]": lambda x: np.moveaxis(x, 0, -1)[
        None
    ],
    "the channel axis is missing, {0}[..., None]": lambda x: x[..., None],
    "this looks like one image without axes of rows and channels; give {0}[None, ..., None]": lambda x: x[
        None, ..., None
    ],
    "its last channel looks like alpha; drop it, {0}[..., :-1]": lambda x: x[..., :-1],
    "this looks like one image with an alpha channel; give {0}[None, ..., :-1]": lambda x: x[None, ..., :-1],
    "this looks channels-first with an alpha channel; give np.moveaxis({0}, 1, -1)[..., :-1]": lambda x: np.moveaxis(
        x, 1, -1
    )[..., :-1],
    "this looks like one image, channels first with alpha; give np.moveaxis({0}, 0, -1)[None, ..., :-1]": lambda x: (
        np.moveaxis(x, 0, -1)[None, ..., :-1]
    ),
    "these are grey images; give np.repeat({0}, 3, axis=-1)": lambda x: np.broadcast_to(x, (*x.shape[:-1], 3)),
    "these are grey images without a channel axis; give np.repeat({0}[..., None], 3, axis=-1)": lambda x: (
        np.broadcast_to(x[..., None], (*x.shape, 3))
    ),
    "this is one grey image; give np.repeat({0}[None, ..., None], 3, axis=-1)": lambda x: np.broadcast_to(
        x[None, ..., None], (1, *x.shape, 3)
    ),
    "these are grey images, channels first; give np.repeat(np.moveaxis({0}, 1, -1), 3, axis=-1)": lambda x: (
        np.broadcast_to(np.moveaxis(x, 1, -1), (x.shape[0], *x.shape[2:], 3))
    ),
    "these are colour images; make them grey, {0}.mean(axis=-1, keepdims=True)": lambda x: (
        x[..., :1] if x.shape[-1] == 3 else x
    ),
    "this is one colour image; make it grey, {0}.mean(axis=-1, keepdims=True)[None]": lambda x: (
        x[None, ..., :1] if x.shape[-1] == 3 else x
    ),
    "these are colour images, channels first; make them grey, {0}.mean(axis=1)[..., None]": lambda x: (
        x[:, 0, ..., None] if x.shape[1] == 3 else x
    ),
    "height and width look transposed; give np.swapaxes({0}, 1, 2)": lambda x: np.swapaxes(x, 1, 2),
    "there is an axis too many; give {0}[0]": lambda x: x[0] if len(x) == 1 else x,
    "the rows are not flat; give {0}.reshape(len({0}), -1)": lambda x: np.broadcast_to(
        np.zeros(1, np.int8), (len(x), prod(x.shape[1:]))
    ),
}
"""{a likely mistake and its remedy: the remedy as a function of the array}.

The functions are applied to arrays without data of their own, and return views or tiny arrays.
"""


def shape_hint(shape: tuple[int, ...], row: tuple[int, ...], what: str) -> str:
    """Return a likely reason why a shape does not fit rows of shape `row`, and what to do about it.

    >>> shape_hint((8, 8, 4), (8, 8, 3), "x")
    'this looks like one image with an alpha channel; give x[None, ..., :-1]'
    """
    if not shape:
        return f"a number alone is no row; give an array of rows {row}"
    if len(shape) == 2 and len(row) == 3 and shape[1] == prod(row) and shape[0]:
        return f"the images are flat; give {what}.reshape(-1, {', '.join(map(str, row))})"
    stub: Array = np.broadcast_to(np.zeros((), np.int8), shape)
    for hint, mended in SHAPE_HINTS.items():
        with suppress(ValueError, IndexError):
            if 0 not in shape and mended(stub).shape[1:] == row:
                return hint.format(what)
    if len(row) == 3 and len(shape) == 4 and shape[3] == row[2]:
        return f"resize the images to {row[0]} × {row[1]} pixels, as mx.read_images(paths, like=model) does"
    if len(row) == 3 and len(shape) == 4 and shape[1] == row[2]:
        return (
            f"this looks channels-first and of another size; give np.moveaxis({what}, 1, -1), resized to "
            f"{row[0]} × {row[1]} pixels"
        )
    return "resize the images, or load the model they are made for"


def check_one_input(x: Any, what: str, axes: int) -> None:
    """Raise ValueError if x is a tuple or list of batches, that is of arrays with at least `axes` axes."""
    if not isinstance(x, (tuple, list)):
        return
    if any(np.ndim(part) >= axes for part in x if hasattr(part, "shape")):
        count = "1 array" if len(x) == 1 else f"{len(x)} arrays"
        remedy = f"give {what}[0]" if len(x) == 1 else f"concatenate them, np.concatenate({what}, axis=-1) for channels"
        raise ValueError(f"{what} is a {type(x).__name__} of {count}, but minixai takes one input: {remedy}")


def underscored(name: str) -> str:
    """The name of a class with _ in place of every space, as the names of ImageNet's classes are written."""
    return name.replace(" ", "_")


def tuples(x: Any) -> Any:
    """Turn the lists that JSON made of tuples back into tuples."""
    if isinstance(x, dict):
        return {key: tuples(value) for key, value in x.items()}
    return tuple(map(tuples, x)) if isinstance(x, list) else x


def entries(items: Iterable[Item]) -> Iterator[tuple[str, Layer, tuple[str, ...]]]:
    """Yield (name, layer, names of its inputs) for every item.

    A layer without a name gets one, and its input is by default the layer before it.
    """
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
    """The first of f"{stem}{start}", f"{stem}{start + 1}", ... that is not used."""
    return next(name for i in counted(start) if (name := f"{stem}{i}") not in used)


def batches(rows: int, batch: int | None, row_bytes: int) -> Iterator[slice]:
    """Slices of `rows` rows, each of at most `batch` rows; by default each of as many as fit in MEMORY."""
    if batch is not None and (not is_integer(batch) or batch < 1):
        raise ValueError(
            f"batch is a number of rows, at least 1, got {quoted(batch)}: leave it out for as many as work well"
        )
    size = int(batch or max(1, MEMORY // (4 * row_bytes)))  # 4: value and reference, multipliers, work
    return (slice(i, min(i + size, rows)) for i in range(0, rows, size))

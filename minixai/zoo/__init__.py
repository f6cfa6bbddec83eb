"""Trained models: the recipes that make them, and their weights in data/; and networks that others trained.

EfficientNet-Lite0 classifies photos, and its weights come with minixai.  VGG-16 and VGG-19 need a file of weights.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from minixai.files import shipped
from minixai.model import Model, load_model
from minixai.preprocessing import NAMES, UNIT, as_preprocessing
from minixai.text import quoted
from minixai.training import Adam, Epoch, cosine, evaluate, train
from minixai.validate import as_count, check_path, one_of
from minixai.zoo import birds, digits
from minixai.zoo.birds import BIRDS
from minixai.zoo.digits import DIGITS
from minixai.zoo.efficientnet import efficientnet_lite0
from minixai.zoo.exporting import check_network
from minixai.zoo.labels import read_class_names
from minixai.zoo.recipe import Recipe
from minixai.zoo.vgg import vgg16, vgg19

__all__ = [
    "BIRDS",
    "DIGITS",
    "NETWORKS",
    "PHOTOS",
    "PRETRAINED",
    "RECIPES",
    "Recipe",
    "accuracy",
    "efficientnet_lite0",
    "load",
    "make",
    "vgg16",
    "vgg19",
    "weights_file",
]

RECIPES: dict[str, Recipe] = digits.RECIPES | birds.RECIPES

PHOTOS: dict[str, Callable[..., Model]] = {"vgg16": vgg16, "vgg19": vgg19}
"""Networks for photos whose weights do not come with minixai."""

NETWORKS = (".onnx", ".h5", ".hdf5", ".keras", ".json")
"""Suffixes of the files that hold a network made elsewhere."""

PRETRAINED: dict[str, str] = {"efficientnet-lite0": "photos: ImageNet's classes, trained by Google, see data/README.md"}
"""{network for photos whose weights come with minixai: what it is}"""


def make(
    name: str,
    seed: int = 0,
    epochs: int | None = None,
    report: Callable[[int, Epoch], None] = lambda number, epoch: None,
    progress: bool | None = None,
) -> tuple[Model, list[Epoch]]:
    """Train a model by its recipe, with Adam and a learning rate that falls along a cosine.

    Parameters
    ----------
    name : str
        One of `RECIPES`.
    seed : int, default 0
        Seed of the initial weights and of the order of the images.
    epochs : int, optional
        How many times the network sees all training images; by default as many as the recipe says.
    report : function, optional
        Called after every epoch with the number of the epoch, from 1, and its results.
    progress : bool, optional
        Whether to show progress on stderr; by default if stderr is a terminal.

    Returns
    -------
    (Model, list of Epoch)
        The trained model, and the results of each epoch.

    Raises
    ------
    ValueError
        For an unknown name.
    """
    recipe = RECIPES[one_of(name, RECIPES, "model")]
    model = recipe.build(seed)
    history = train(
        model,
        *recipe.course.learn(),
        optimiser=Adam(recipe.rate, weight_decay=0.02),
        batch=32,
        epochs=recipe.epochs if epochs is None else epochs,
        seed=seed,
        schedule=cosine,
        augment=recipe.course.augment,
        report=report,
        progress=progress,
    )
    return recipe.finish(model), history


def accuracy(name: str, model: Model | None = None) -> float:
    """Return the share of the recipe's test images that a model classifies correctly; by default the shipped model."""
    return evaluate(model or load(name), *RECIPES[one_of(name, RECIPES, "model")].course.measure())[1] or 0.0


def weights_file(name: str) -> Path:
    """Return the path of a shipped model.  Raises ValueError for an unknown name."""
    if name in PHOTOS:
        raise ValueError(
            f"the weights of {name} do not come with minixai: mx.zoo.{name}(weights=FILE) takes a file of them"
        )
    return shipped(f"model-{one_of(name, [*RECIPES, *PRETRAINED, *PHOTOS], 'model')}.npz")


def load(
    name: str | PathLike[str],
    *,
    preprocessing: Any = None,
    classes: str | PathLike[str] | Sequence[str] | None = None,
    input_shape: Sequence[int] | None = None,
    output_name: str | None = None,
) -> Model:
    """Load a shipped model by its name, a saved model by its path, or a network from a file of ONNX or Keras.

    Parameters
    ----------
    name : str or path
        A shipped model, such as "digits" or "efficientnet-lite0"; a file that `model.save` wrote; an .onnx file; an
        .h5 or .keras file that Keras's `model.save` wrote; or the model.json of a layers model of TensorFlow.js.
    preprocessing : str, (mean, std) or Preprocessing, optional
        The preprocessing that a network made elsewhere was trained with: "imagenet", "0..1", "-1..1", "0..255",
        "caffe", "tf" or "torch", see `minixai.preprocessing.as_preprocessing`.  By default pixels from 0 to 1 are
        passed on unchanged, with a warning; `model.suggested_preprocessing` is what the file suggests.
    classes : path, "imagenet" or sequence of str, optional
        Names of the classes: the names themselves, or a file that holds one name on each line, a JSON list, or a JSON
        object that maps class numbers to names or names to class numbers.
    input_shape : (height, width, channels), optional
        Shape of an image; needed only if the file leaves it open.
    output_name : str, optional
        Name of the output (in Keras, of the layer) that holds the scores; needed only if the file has several.

    Returns
    -------
    Model
        The model, which takes images (N, H, W, C).  The final softmax or sigmoid of a network made elsewhere is not
        one of its layers: `model.scores` returns what comes before it, and `model.probabilities` applies it.

    Raises
    ------
    ValueError
        If the name is unknown; if the file is missing, damaged or holds no model; or if it holds an operation or a
        layer that cannot be read, which the message names.
    TypeError
        If `classes` or `input_shape` is of the wrong type.

    Warns
    -----
    UserWarning
        If no preprocessing is given for a network made elsewhere.

    Examples
    --------
    >>> load("digits")
    <Model (N, 28, 28, 1) -> (N, 10), 8 layers, 29,738 parameters, float32>
    """
    check_path(name, "a model that has no name")
    suffix = Path(name).suffix.lower()
    if suffix in NETWORKS:
        names, input_shape = read_class_names(classes), as_input_shape(input_shape)
        model = importer(suffix)(name, classes=names, input_shape=input_shape, output_name=output_name)
        model.preprocessing = as_preprocessing(preprocessing, model.input_shape[-1])
        if preprocessing is None:
            suggested = model.suggested_preprocessing
            hint = f"the file suggests {suggested!r}" if suggested else f"one of {', '.join(map(repr, NAMES))}"
            warnings.warn(
                f"no preprocessing is given for {str(name)!r}, so pixels of 0 to 1 go in as they are, and predictions "
                f"may be wrong: give preprocessing=, {hint}",
                stacklevel=2,
            )
        return model
    check_network(Path(name))
    given = {"preprocessing": preprocessing, "classes": classes, "input_shape": input_shape, "output_name": output_name}
    if foreign := [key for key, value in given.items() if value is not None]:
        raise ValueError(
            f"{', '.join(foreign)} is for files of ONNX and Keras, and {str(name)!r} brings its own: leave it out"
        )
    is_path = name not in (*RECIPES, *PRETRAINED) and (Path(name).suffix or os.path.exists(name))
    model = load_model(name if is_path else weights_file(str(name)))
    if name in RECIPES and model.preprocessing is None:
        model.preprocessing = UNIT
    return model


def importer(suffix: str) -> Callable[..., Model]:
    """Return the function that reads network files with this suffix; only its module is imported."""
    if suffix == ".onnx":
        from minixai.zoo.onnx import load_onnx

        return load_onnx
    from minixai.zoo.keras import load_keras

    return load_keras


def as_input_shape(given: Sequence[int] | None) -> tuple[int, ...] | None:
    """Return the shape of an image as a tuple of ints, or None if none is given.

    Raises TypeError or ValueError if `given` is not a shape.
    """
    if given is None:
        return None
    if not isinstance(given, (tuple, list, np.ndarray)):
        raise TypeError(f"input_shape is (height, width, channels), such as (224, 224, 3), got {quoted(given)}")
    return tuple(as_count(n, "each side of input_shape, (height, width, channels),") for n in given)

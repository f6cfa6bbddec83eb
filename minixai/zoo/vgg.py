"""VGG-16 and VGG-19: five blocks of 3×3 convolutions, then three dense layers.  (Simonyan & Zisserman 2015)

Names and order are Keras's, so layer 7 is block3_conv1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from math import prod
from os import PathLike

import numpy as np
import numpy.typing as npt

from minixai.layers import Conv2D, Dense, Flatten, GlobalAveragePool2D, Layer, MaxPool2D
from minixai.model import Model
from minixai.preprocessing import CAFFE
from minixai.zoo.formats import Wanted, read_weights
from minixai.zoo.imagenet import class_names

Named = tuple[str, Layer]
Weights = str | PathLike[str] | None

WIDTHS = (64, 128, 256, 512, 512)
DEPTHS = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}
"""Convolutions in each block."""
FLAT = "fc1/kernel"  # reads what was flattened


def vgg16(
    weights: Weights = None, seed: int = 0, *, features_only: bool = False, dtype: npt.DTypeLike = np.float32
) -> Model:
    """VGG-16: 13 convolutions, 3 dense layers, 138,357,544 parameters; images (N, 224, 224, 3) in [0, 1], red first.

    weights          a file: Keras's .h5, a .safetensors with torchvision's names, or our .npz, see
                     `minixai.zoo.formats`; it decides the preprocessing.  None draws random weights with `seed`,
                     which have learnt nothing, and preprocesses as Keras does
    features_only    without the dense layers: scores are the means of the last block's 512 maps, as Keras makes them
                     with include_top=False and pooling="avg"

    Scores are those before softmax; classes are named as Keras names them.  Raises ValueError for a file that
    does not fit.

    >>> vgg16(features_only=True).layers[7].name
    'block3_conv1'
    """
    return vgg(DEPTHS["vgg16"], weights, seed, features_only=features_only, dtype=dtype)


def vgg19(
    weights: Weights = None, seed: int = 0, *, features_only: bool = False, dtype: npt.DTypeLike = np.float32
) -> Model:
    """VGG-19: as VGG-16, with a fourth convolution in the last three blocks, 143,667,240 parameters."""
    return vgg(DEPTHS["vgg19"], weights, seed, features_only=features_only, dtype=dtype)


def vgg(
    depths: Sequence[int],
    weights: Weights = None,
    seed: int = 0,
    *,
    features_only: bool = False,
    dtype: npt.DTypeLike = np.float32,
    size: int = 224,
    widths: Sequence[int] = WIDTHS,
    units: int = 4096,
    classes: Sequence[str] | None = None,
) -> Model:
    """A network of this family, of any size: `depths` and `widths` of its blocks, `units` of its dense layers."""
    names = class_names() if classes is None else classes
    blocks, top, shape = convolutions(depths, widths), head(units, len(names)), (size, size, 3)
    layers = [*blocks, ("mean", GlobalAveragePool2D())] if features_only else blocks + top
    preprocessing = CAFFE
    if weights is not None:
        side = size // 2 ** len(depths)
        wanted = Wanted(dict(needed(layers, shape)), dict(torch_names(blocks + top)), (side, side, widths[-1]), FLAT)
        arrays, preprocessing = read_weights(weights, wanted, np.dtype(dtype))
        for name, layer in layers:
            layer.weights = {key: arrays[f"{name}/{key}"] for key in layer.trained}
    return Model(
        layers,
        shape,
        classes=None if features_only else names,
        dtype=dtype,
        seed=seed if weights is None else None,
        preprocessing=preprocessing,
    )


def convolutions(depths: Sequence[int], widths: Sequence[int]) -> list[Named]:
    """The blocks, each with a max-pool at its end."""
    layers = list[Named]()
    for block, (depth, width) in enumerate(zip(depths, widths, strict=True), 1):
        for i in range(1, depth + 1):
            layers.append((f"block{block}_conv{i}", Conv2D(width, 3, padding="same", activation="relu")))
        layers.append((f"block{block}_pool", MaxPool2D(2)))
    return layers


def head(units: int, classes: int) -> list[Named]:
    """The dense layers."""
    dense: list[Named] = [(name, Dense(units, activation="relu")) for name in ("fc1", "fc2")]
    return [("flatten", Flatten()), *dense, ("predictions", Dense(classes))]


def needed(layers: Sequence[Named], row: tuple[int, ...]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The shape of every weight, where images of this shape arrive."""
    for name, layer in layers:
        for key, shape in layer.weight_shapes(row).items():
            yield f"{name}/{key}", shape
        match layer:
            case Conv2D():
                row = (*row[:2], layer.filters)
            case MaxPool2D():
                row = (row[0] // 2, row[1] // 2, row[2])
            case Flatten():
                row = (prod(row),)
            case Dense():
                row = (layer.units,)


def torch_names(layers: Sequence[Named]) -> Iterator[tuple[str, str]]:
    """What torchvision calls the weights: it counts layers, ReLU and dropout among them."""
    features, classifier = count(), count(0, 3)
    for name, layer in layers:
        match layer:
            case Conv2D():
                theirs = f"features.{next(features)}"
                next(features)  # its ReLU
            case MaxPool2D():
                next(features)
                continue
            case Dense():
                theirs = f"classifier.{next(classifier)}"
            case _:
                continue
        yield f"{theirs}.weight", f"{name}/kernel"
        yield f"{theirs}.bias", f"{name}/bias"

"""VGG-16 and VGG-19: five blocks of 3×3 convolutions, then three dense layers.  (Simonyan & Zisserman 2015)

The names and the order of the layers are those of Keras, so layer 7 is block3_conv1.
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
from minixai.zoo.imagenet import imagenet_classes

Named = tuple[str, Layer]
Weights = str | PathLike[str] | None

WIDTHS = (64, 128, 256, 512, 512)
DEPTHS = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}
"""Convolutions in each block."""
FLAT = "fc1/kernel"  # the kernel that is applied to the flattened maps


def vgg16(
    weights: Weights = None, seed: int = 0, *, features_only: bool = False, dtype: npt.DTypeLike = np.float32
) -> Model:
    """VGG-16: 13 convolutions and 3 dense layers, 138,357,544 parameters.

    Parameters
    ----------
    weights : path, optional
        A file of trained weights: Keras's .h5, a .safetensors with torchvision's names, or an .npz of `model.save`.
        The preprocessing is then that of the file.  By default the weights are random, and the preprocessing is
        Keras's.
    seed : int, default 0
        Seed of the random weights.
    features_only : bool, default False
        Leave the dense layers out.  The scores are then the means of the last block's 512 maps, as in Keras with
        include_top=False and pooling="avg".
    dtype : numpy dtype, default float32
        Dtype of the weights.

    Returns
    -------
    Model
        Maps images (N, 224, 224, 3) in [0, 1], red first, to the scores (N, 1000) before softmax, or (N, 512) with
        `features_only`.  The layers have Keras's names.

    Raises
    ------
    ValueError
        If the file is missing, damaged, a pickle, or holds the weights of another network.

    Examples
    --------
    >>> vgg16(features_only=True).layers[7].name
    'block3_conv1'
    """
    return vgg(DEPTHS["vgg16"], weights, seed, features_only=features_only, dtype=dtype)


def vgg19(
    weights: Weights = None, seed: int = 0, *, features_only: bool = False, dtype: npt.DTypeLike = np.float32
) -> Model:
    """VGG-19: VGG-16 with a fourth convolution in each of the last three blocks, 143,667,240 parameters.

    The parameters, the result and the errors are those of `vgg16`.
    """
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
    """Return a network of this family.

    `depths` and `widths` are the numbers of convolutions and of filters in each block, `units` is the width of the
    first two dense layers, and `size` the height and width of an image.
    """
    names = imagenet_classes() if classes is None else classes
    blocks, top, shape = convolutions(depths, widths), head(units, len(names)), (size, size, 3)
    layers = [*blocks, ("mean", GlobalAveragePool2D())] if features_only else blocks + top
    preprocessing = CAFFE
    if weights is not None:
        side = size // 2 ** len(depths)
        shapes, theirs = dict(expected_shapes(layers, shape)), dict(torch_names(blocks + top))
        wanted = Wanted(shapes, theirs, (side, side, widths[-1]), FLAT)
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
    """Return the named layers of the blocks, each of which ends with a max-pool."""
    layers = list[Named]()
    for block, (depth, width) in enumerate(zip(depths, widths, strict=True), 1):
        for i in range(1, depth + 1):
            layers.append((f"block{block}_conv{i}", Conv2D(width, 3, padding="same", activation="relu")))
        layers.append((f"block{block}_pool", MaxPool2D(2)))
    return layers


def head(units: int, classes: int) -> list[Named]:
    """Return the flatten layer and the three dense layers, with their names."""
    dense: list[Named] = [(name, Dense(units, activation="relu")) for name in ("fc1", "fc2")]
    return [("flatten", Flatten()), *dense, ("predictions", Dense(classes))]


def expected_shapes(layers: Sequence[Named], row: tuple[int, ...]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield (name, shape) of every weight, for images of the shape `row`."""
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
    """Yield (torchvision's name, our name) of every weight.  torchvision numbers all layers, ReLUs and dropout too."""
    features, classifier = count(), count(0, 3)
    for name, layer in layers:
        match layer:
            case Conv2D():
                theirs = f"features.{next(features)}"
                next(features)  # skip the number of its ReLU
            case MaxPool2D():
                next(features)
                continue
            case Dense():
                theirs = f"classifier.{next(classifier)}"
            case _:
                continue
        yield f"{theirs}.weight", f"{name}/kernel"
        yield f"{theirs}.bias", f"{name}/bias"

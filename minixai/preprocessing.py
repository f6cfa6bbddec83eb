"""Preprocessing: the map from pixels in [0, 1] to the input of a network's first layer.

It is part of the model, so attributions are with respect to pixels, but it is not a layer: `model.layers[0]` is the
image, and `model.layers[1]` the first layer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np

from minixai.graph import Node
from minixai.signatures import check_arguments
from minixai.text import quoted, shorten
from minixai.validate import as_count


@dataclass(frozen=True)
class Preprocessing:
    """Map pixels in [0, 1] to (scale · x − mean) / std, channel by channel.

    It consists of ordinary operations, so every method carries its result back to the pixels.  A saved model holds it
    as plain numbers.

    Parameters
    ----------
    scale : float, default 1
        What a pixel of 1 becomes: 255 for networks trained on bytes.
    reverse : bool, default False
        Whether the order of the channels is reversed first: red, green, blue become blue, green, red.
    mean : tuple of float, default ()
        A number for each channel, in the order and scale of the result; () subtracts nothing.
    std : tuple of float, default ()
        A number above 0 for each channel; () divides by nothing.

    Raises
    ------
    ValueError
        If a number is not finite, or if the scale or a number of `std` is not above 0.

    Examples
    --------
    >>> Preprocessing(scale=255, reverse=True, mean=(1, 2, 3))(Node([[[[0.0, 0.2, 1.0]]]])).value
    array([[[[254.,  49.,  -3.]]]])
    """

    scale: float = 1.0
    reverse: bool = False
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        check_arguments(Preprocessing, vars(self))
        positive = (self.scale, *self.std)
        if not np.isfinite([*positive, *self.mean]).all() or min(positive) <= 0:
            raise ValueError(f"preprocessing takes finite numbers, scale and std above 0, got {quoted(self)}")

    def __call__(self, x: Node) -> Node:
        """Return the input of the first layer for a node of pixels: (N, H, W, C) -> (N, H, W, C)"""
        channels = x.shape[-1]
        for name, numbers in (("mean", self.mean), ("std", self.std)):
            if numbers and len(numbers) != channels:
                raise ValueError(
                    f"a preprocessing with {len(numbers)} numbers in {name} does not fit images of {channels} channels"
                )
        if self.reverse:
            x = x[..., ::-1]
        if self.scale != 1:
            x = x * self.scale
        if self.mean:
            x = x - np.asarray(self.mean)
        return x / np.asarray(self.std) if self.std else x

    def __str__(self) -> str:
        """The name of the preprocessing, if it has one, and its formula.

        >>> print(Preprocessing(mean=(0.5,), std=(0.5,)))
        -1..1, (pixels - 0.5) / 0.5
        """
        channels = len(self.mean) or 3
        names = [n for n in NAMES if (channels == 3 or "." in n) and as_preprocessing(n, channels) == self]
        pixels = ("BGR " if self.reverse else "") + "pixels" + (f" * {self.scale:g}" if self.scale != 1 else "")
        if self.mean:
            pixels = f"{pixels} - {format_numbers(self.mean)}"
        if self.std:
            pixels = (
                f"({pixels}) / {format_numbers(self.std)}" if self.mean else f"{pixels} / {format_numbers(self.std)}"
            )
        return ", ".join([*names[:1], pixels])


def format_numbers(numbers: Sequence[float]) -> str:
    """Format one number for each channel; if all are equal, only one is written.

    >>> format_numbers((0.5, 0.5)), format_numbers((0.485, 0.456))
    ('0.5', '[0.485 0.456]')
    """
    text = [f"{n:g}" for n in numbers]
    return text[0] if len(set(text)) == 1 else f"[{' '.join(text)}]"


UNIT = Preprocessing()
"""Passes pixels in [0, 1] on unchanged, for a network that is known to be trained on such pixels."""

CAFFE = Preprocessing(scale=255, reverse=True, mean=(103.939, 116.779, 123.68))
"""The preprocessing of Keras for VGG-16: bytes in the order blue, green, red, minus the means over ImageNet."""

TORCHVISION = Preprocessing(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
"""The preprocessing of torchvision: minus the means over ImageNet, divided by the standard deviations."""

NAMES = ("imagenet", "0..1", "-1..1", "0..255", "caffe", "tf", "torch")
"""The names that a preprocessing can have; the last three are the modes of `preprocess_input` in Keras."""


def as_preprocessing(given: Any, channels: int) -> Preprocessing | None:
    """Return the preprocessing of a network, from its name or its numbers.

    Parameters
    ----------
    given : str, Preprocessing, (mean, std), {"mean": ..., "std": ...} or None
        "imagenet" takes the means and standard deviations of torchvision; "0..1", "-1..1" and "0..255" are the range
        that pixels are mapped to.  The modes of `preprocess_input` in Keras, with or without "keras-" before them, are
        "caffe" (VGG, ResNet: bytes, blue first, minus the means), "tf" (MobileNet, Inception: as "-1..1") and "torch"
        (DenseNet: as "imagenet").  A mean and a standard deviation, each a number or one number for each channel, give
        (x − mean) / std for pixels in [0, 1]; as text they are written "0.485,0.456,0.406/0.229,0.224,0.225".
    channels : int
        The number of channels of the images.

    Returns
    -------
    Preprocessing or None
        None if None is given: the preprocessing is unknown, and pixels are passed on unchanged.

    Raises
    ------
    ValueError
        If the name is unknown, or the numbers do not fit the channels.

    Examples
    --------
    >>> as_preprocessing("-1..1", 1)(Node([[[[0.0], [1.0]]]])).value.ravel()
    array([-1.,  1.])
    """
    as_count(channels, "channels")
    made: Preprocessing | None
    if isinstance(given, np.ndarray):
        given = given.tolist()
    if isinstance(given, str) and given.count("/") == 1:
        given = tuple(part.split(",") for part in given.split("/"))
    if isinstance(given, Mapping) and set(given) == {"mean", "std"}:
        given = given["mean"], given["std"]
    match given.removeprefix("keras-") if isinstance(given, str) else given:
        case None | Preprocessing():
            made = given
        case "0..1":
            made = UNIT
        case "imagenet" | "torch":
            made = TORCHVISION
        case "caffe":
            made = CAFFE
        case "tf" | "-1..1":
            made = Preprocessing(mean=(0.5,) * channels, std=(0.5,) * channels)
        case "0..255":
            made = Preprocessing(scale=255.0)
        case "keras":
            raise ValueError(
                "networks of Keras are trained in three ways: give preprocessing='caffe' for VGG and ResNet, 'tf' for "
                "MobileNet, Inception and Xception, 'torch' for DenseNet; what has a Rescaling layer takes '0..255'"
            )
        case (mean, std) if not isinstance(given, str):
            made = Preprocessing(mean=numbers_per_channel(mean, channels), std=numbers_per_channel(std, channels))
        case _:
            near = get_close_matches(shorten(given).lower(), NAMES, 1, 0.5) if isinstance(given, str) else []
            raise ValueError(
                f"unknown preprocessing {quoted(given)}"
                + (f", did you mean {near[0]!r}? give" if near else ": give")
                + f" one of {', '.join(NAMES)}, or a mean and a standard deviation such as 0.5/0.5"
            )
    for name, numbers in (("mean", made.mean), ("std", made.std)) if made else ():
        if numbers and len(numbers) != channels:
            raise ValueError(
                f"the preprocessing {quoted(given)} has {len(numbers)} numbers in {name}, but the images have "
                f"{channels} channels: give (mean, std) with one number for each"
            )
    return made


def numbers_per_channel(given: float | Sequence[float], channels: int) -> tuple[float, ...]:
    """Return a number for each channel; a single number is repeated for all.

    Raises ValueError if they are not numbers.
    """
    try:
        numbers = tuple(map(float, np.atleast_1d(np.asarray(given, float))))
    except (TypeError, ValueError):
        raise ValueError(f"mean and std are numbers, one or one for each channel, got {quoted(given)}") from None
    return numbers * channels if len(numbers) == 1 else numbers

"""What a network was trained to see, made of pixels in [0, 1]: a part of the model, so attributions are about pixels.

It is no layer: `model.layers[0]` stays the image, and layer 1 the first convolution.
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
    """What is made of pixels in [0, 1]: (scale · x − mean) / std, channel by channel.

    Made with ordinary operations, so every method carries it back to the pixels.  A Model saves it as plain numbers.

    Parameters
    ----------
    scale : float, default 1
        What a pixel of 1 becomes: 255 for networks trained on bytes.
    reverse : bool, default False
        Whether the channels are put into the other order first: red, green, blue become blue, green, red.
    mean : tuple of float, default ()
        A number for each channel, in the new order and scale; () subtracts nothing.
    std : tuple of float, default ()
        A number above 0 for each channel; () divides by nothing.

    Raises
    ------
    ValueError
        For numbers that are not finite, and for a scale or std that is not above 0.

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
        """Return what the first layer reads of a node of pixels, (N, H, W, C) -> (N, H, W, C)."""
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
        """Its name, if it has one, and its formula.

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
    """Write numbers for the channels, equal ones once.

    >>> format_numbers((0.5, 0.5)), format_numbers((0.485, 0.456))
    ('0.5', '[0.485 0.456]')
    """
    text = [f"{n:g}" for n in numbers]
    return text[0] if len(set(text)) == 1 else f"[{' '.join(text)}]"


UNIT = Preprocessing()
"""Pixels of 0 to 1 as they are, for a network that is known to take them so."""

CAFFE = Preprocessing(scale=255, reverse=True, mean=(103.939, 116.779, 123.68))
"""As Keras feeds VGG-16: bytes, blue first, less the means over ImageNet."""

TORCHVISION = Preprocessing(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
"""As torchvision feeds its networks: less the means over ImageNet, in units of the standard deviations."""

NAMES = ("imagenet", "0..1", "-1..1", "0..255", "caffe", "tf", "torch")
"""What a preprocessing can be called; the last three are the modes of `preprocess_input` in Keras."""


def as_preprocessing(given: Any, channels: int) -> Preprocessing | None:
    """Return what a network was trained to see, from its name or its numbers.

    Parameters
    ----------
    given : str, Preprocessing, (mean, std), {"mean": ..., "std": ...} or None
        "imagenet", the means and deviations of torchvision; "0..1", "-1..1" or "0..255", what pixels become; one of
        the modes of `preprocess_input` in Keras: "caffe" (VGG, ResNet: bytes, blue first, less the means), "tf"
        (MobileNet, Inception: as "-1..1") or "torch" (DenseNet: as "imagenet"), with or without "keras-" before it;
        or two lists of numbers for pixels of 0 to 1, (x − mean) / std, as text "0.485,0.456,0.406/0.229,0.224,0.225".
    channels : int
        The channels of the images.

    Returns
    -------
    Preprocessing or None
        None where none is given: nobody knows, and pixels of 0 to 1 go in as they are.

    Raises
    ------
    ValueError
        For an unknown name, and for numbers that do not fit the channels.

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
    """Return a number for each channel; one number is for all of them."""
    try:
        numbers = tuple(map(float, np.atleast_1d(np.asarray(given, float))))
    except (TypeError, ValueError):
        raise ValueError(f"mean and std are numbers, one or one for each channel, got {quoted(given)}") from None
    return numbers * channels if len(numbers) == 1 else numbers

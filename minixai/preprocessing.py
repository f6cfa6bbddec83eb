"""What a network was trained to see, made of pixels in [0, 1]: a part of the model, so attributions are about pixels.

It is no layer: `model.layers[0]` stays the image, and layer 1 the first convolution.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np

from minixai.graph import Node


@dataclass(frozen=True)
class Preprocessing:
    """(scale · x − mean) / std, channel by channel, after `reverse` has put the channels into the other order.

    scale     what a pixel of 1 becomes: 255 for networks trained on bytes
    reverse   red, green, blue become blue, green, red
    mean      a number for each channel, in the new order and scale; () is none
    std       likewise, each above 0

    Made with ordinary operations, so every method carries it back to the pixels.  A Model saves it as plain numbers.
    Raises ValueError for numbers that are not finite, and for a std of 0.

    >>> Preprocessing(scale=255, reverse=True, mean=(1, 2, 3))(Node([[[[0.0, 0.2, 1.0]]]])).value
    array([[[[254.,  49.,  -3.]]]])
    """

    scale: float = 1.0
    reverse: bool = False
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        positive = (self.scale, *self.std)
        if not np.isfinite([*positive, *self.mean]).all() or min(positive) <= 0:
            raise ValueError(f"preprocessing takes finite numbers, scale and std above 0, got {self}")

    def __call__(self, x: Node) -> Node:
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


CAFFE = Preprocessing(scale=255, reverse=True, mean=(103.939, 116.779, 123.68))
"""As Keras feeds VGG-16: bytes, blue first, less the means over ImageNet."""

TORCHVISION = Preprocessing(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
"""As torchvision feeds its networks: less the means over ImageNet, in units of the standard deviations."""

NAMES = ("imagenet", "torch", "caffe", "tf", "0..1", "-1..1", "0..255")


def as_preprocessing(given: Any, channels: int) -> Preprocessing | None:
    """What a network was trained to see, by its name or its numbers.

    Parameters
    ----------
    given : str, Preprocessing, (mean, std) or None
        "imagenet" or "torch" (torchvision's means and deviations), "caffe" (Keras's for VGG and ResNet: bytes, blue
        first, less the means), "tf" or "-1..1", "0..255", "0..1" (pixels as they are); or two lists of numbers for
        pixels of 0 to 1, (x − mean) / std.
    channels : int
        The channels of the images.

    Returns
    -------
    Preprocessing or None
        None where pixels of 0 to 1 go in as they are.

    Raises
    ------
    ValueError
        For an unknown name, and for numbers that do not fit the channels.

    Examples
    --------
    >>> as_preprocessing("-1..1", 1)(Node([[[[0.0], [1.0]]]])).value.ravel()
    array([-1.,  1.])
    """
    made: Preprocessing | None
    match given:
        case None | "0..1" | Preprocessing():
            made = None if given == "0..1" else given
        case "imagenet" | "torch":
            made = TORCHVISION
        case "caffe":
            made = CAFFE
        case "tf" | "-1..1":
            made = Preprocessing(mean=(0.5,) * channels, std=(0.5,) * channels)
        case "0..255":
            made = Preprocessing(scale=255.0)
        case (mean, std) if not isinstance(given, str):
            made = Preprocessing(mean=as_numbers(mean, channels), std=as_numbers(std, channels))
        case _:
            near = get_close_matches(str(given), NAMES, 1, 0.5)
            raise ValueError(
                f"unknown preprocessing {given!r}"
                + (f", did you mean {near[0]!r}?" if near else "")
                + f": give one of {', '.join(NAMES)}, a Preprocessing, or (mean, std)"
            )
    for name, numbers in (("mean", made.mean), ("std", made.std)) if made else ():
        if numbers and len(numbers) != channels:
            raise ValueError(
                f"the preprocessing {given!r} has {len(numbers)} numbers in {name}, but the images have "
                f"{channels} channels: give (mean, std) with one number for each"
            )
    return made


def as_numbers(given: float | Sequence[float], channels: int) -> tuple[float, ...]:
    """A number for each channel; one number is for all of them."""
    try:
        numbers = tuple(map(float, np.atleast_1d(np.asarray(given, float))))
    except (TypeError, ValueError):
        raise ValueError(f"mean and std are numbers, one or one for each channel, got {given!r}") from None
    return numbers * channels if len(numbers) == 1 else numbers

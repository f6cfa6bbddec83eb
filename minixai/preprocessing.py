"""What a network was trained to see, made of pixels in [0, 1]: a part of the model, so attributions are about pixels.

It is no layer: `model.layers[0]` stays the image, and layer 1 the first convolution.
"""

from __future__ import annotations

from dataclasses import dataclass

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

"""EfficientNet-Lite0: inverted residual blocks of depthwise convolutions, with ReLU6.  (Tan & Le 2019)

The names and the order of the layers are those of Keras's EfficientNetB0 without squeeze-and-excitation.
Batch norms are folded into the convolutions before them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from minixai.layers import Add, Conv2D, Dense, GlobalAveragePool2D
from minixai.model import Item, Model
from minixai.preprocessing import as_preprocessing
from minixai.zoo.imagenet import imagenet_classes

SIDE = 224
STEM, TOP = 32, 1280
"""Number of filters of the first and of the last convolution."""


class Stage(NamedTuple):
    """A sequence of blocks.  The first block has this stride, the others have stride 1."""

    blocks: int
    kernel: int
    stride: int
    expansion: int
    filters: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)


def efficientnet_lite0(seed: int = 0) -> Model:
    """EfficientNet-Lite0 with random weights: `mx.load("efficientnet-lite0")` has those trained on ImageNet.

    Parameters
    ----------
    seed : int, default 0
        Seed of the random weights.

    Returns
    -------
    Model
        Maps images (N, 224, 224, 3) in [0, 1], red first, to scores (N, 1000).

    Examples
    --------
    >>> efficientnet_lite0()
    <Model (N, 224, 224, 3) -> (N, 1000), 60 layers, 4,631,000 parameters, float32>
    """
    top: list[Item] = [
        ("top_conv", Conv2D(TOP, 1, activation="relu6")),
        ("avg_pool", GlobalAveragePool2D()),
        ("predictions", Dense(len(imagenet_classes()))),
    ]
    return Model(
        [("stem_conv", Conv2D(STEM, 3, stride=2, padding="same", activation="relu6")), *body(), *top],
        (SIDE, SIDE, 3),
        classes=imagenet_classes(),
        seed=seed,
        preprocessing=as_preprocessing("-1..1", 3),
    )


def body() -> Iterator[Item]:
    """Yield the layers of all blocks.

    A block expands the channels by a 1 × 1 convolution, applies a depthwise convolution, projects by another 1 × 1
    convolution, and adds the block's input if it has the same shape.
    """
    before, channels = "stem_conv", STEM
    for number, stage in enumerate(STAGES, 1):
        for i in range(stage.blocks):
            block = f"block{number}{chr(ord('a') + i)}"
            stride, wide = stage.stride if i == 0 else 1, channels * stage.expansion
            if stage.expansion > 1:
                yield f"{block}_expand_conv", Conv2D(wide, 1, activation="relu6")
            depthwise = Conv2D(wide, stage.kernel, stride, "same", groups=wide, activation="relu6")
            yield f"{block}_dwconv", depthwise
            yield f"{block}_project_conv", Conv2D(stage.filters, 1)
            if i > 0:  # the input and the output of the block have the same shape
                yield f"{block}_add", Add(), [before, f"{block}_project_conv"]
            before, channels = f"{block}_{'add' if i > 0 else 'project_conv'}", stage.filters

"""Images whose class is known, as (images, labels): float32 in [0, 1], (N, H, W, C), and class numbers."""

from minixai.datasets import birds
from minixai.datasets.birds import shorebirds
from minixai.datasets.mnist import digits

__all__ = ["birds", "digits", "shorebirds"]

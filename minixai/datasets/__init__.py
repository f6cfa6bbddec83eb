"""Labelled images, as (images, labels): float32 in [0, 1], (N, H, W, C), and class numbers (N,)."""

from minixai.datasets import birds
from minixai.datasets.birds import shorebirds
from minixai.datasets.mnist import digits

__all__ = ["birds", "digits", "shorebirds"]

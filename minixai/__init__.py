"""minixai: attribution methods for image networks, in NumPy from scratch."""

from minixai import datasets, ops
from minixai.graph import Node, backward

__all__ = ["Node", "backward", "datasets", "ops"]

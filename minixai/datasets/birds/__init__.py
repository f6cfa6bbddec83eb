"""Shorebirds: images whose true explanation is known, because they are drawn part by part.

Each of the eight species differs from its partner in one part.  `draw` draws random scenes; `render` turns scenes into
images, with or without a change, and masks that say to which part every pixel belongs.
(after the FunnyBirds of Hesse, Schaub-Meyer & Roth 2023)
"""

from minixai.datasets.birds.rendering import SIZE, render
from minixai.datasets.birds.scenes import Scenes, draw, shorebirds
from minixai.datasets.birds.species import CLASSES, DECISIVE, DISTINGUISHING_PART, HABITATS, PAIRS, PARTS, PLAYERS

__all__ = [
    "CLASSES",
    "DECISIVE",
    "DISTINGUISHING_PART",
    "HABITATS",
    "PAIRS",
    "PARTS",
    "PLAYERS",
    "SIZE",
    "Scenes",
    "draw",
    "render",
    "shorebirds",
]

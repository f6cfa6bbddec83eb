"""Shorebirds: pictures whose explanation is known, because they are drawn part by part.

Each of the eight species differs from its partner in one part.  `draw` makes scenes, with all that is left to chance;
`render` makes pictures of them, with or without a change, and says of every pixel whose it is.
(after the FunnyBirds of Hesse, Schaub-Meyer & Roth 2023)
"""

from minixai.datasets.birds.rendering import SIZE, render
from minixai.datasets.birds.scenes import Scenes, draw, shorebirds
from minixai.datasets.birds.species import CLASSES, DECISIVE, HABITATS, PAIRS, PARTS, PLAYERS

__all__ = [
    "CLASSES",
    "DECISIVE",
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

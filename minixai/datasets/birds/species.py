"""Eight species in four pairs: the two species of a pair differ in one part only, which is the whole evidence."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np

Colour: TypeAlias = tuple[float, float, float]

PARTS = ("tail", "legs", "body", "breast", "wing", "head", "beak", "eye")
"""The parts of a bird, from back to front."""

PLAYERS = {part: ("head", "eye") if part == "head" else (part,) for part in PARTS if part != "eye"}
"""{player: the parts that are removed together}, for Shapley values: seven, as the eye goes with the head."""

HABITATS = ("water", "reeds", "sand")

RED, GREEN = (0.82, 0.10, 0.06), (0.66, 0.90, 0.16)  # differ in lightness as well as in hue, see the tests
ORANGE, ASH = (0.89, 0.33, 0.04), (0.72, 0.78, 0.90)  # so do these
BLACK, WHITE, PALE, CREAM = (0.13, 0.11, 0.13), (0.94, 0.94, 0.93), (0.92, 0.88, 0.79), (0.96, 0.92, 0.74)
BROWN, SLATE, HORN, AMBER = (0.40, 0.26, 0.16), (0.30, 0.32, 0.40), (0.19, 0.15, 0.14), (0.93, 0.66, 0.12)


class Species(NamedTuple):
    """The colours of a bird's parts, in the order of PARTS, the length of its beak, and how far the beak bends down."""

    tail: Colour
    legs: Colour
    body: Colour
    breast: Colour
    wing: Colour
    head: Colour
    beak: Colour
    eye: Colour
    beak_length: float
    beak_curve: float = 0.0


DUN, RUSSET = (0.60, 0.49, 0.37), (0.55, 0.44, 0.31)
BUFF, GREY = (0.78, 0.62, 0.40), (0.64, 0.69, 0.76)
WADER = Species((0.74, 0.68, 0.60), RED, DUN, PALE, (0.40, 0.31, 0.24), DUN, HORN, CREAM, 12.0)
SONGBIRD = Species((0.36, 0.28, 0.20), BROWN, RUSSET, ORANGE, (0.40, 0.31, 0.21), RUSSET, HORN, CREAM, 6.0)
CURLEW = Species((0.62, 0.47, 0.30), SLATE, BUFF, PALE, (0.50, 0.37, 0.24), BUFF, HORN, CREAM, 15.0, 8.0)
GULL = Species((0.28, 0.30, 0.36), SLATE, WHITE, WHITE, GREY, WHITE, AMBER, CREAM, 8.0)

SPECIES = {
    "redshank": WADER,
    "greenshank": WADER._replace(legs=GREEN),
    "robin": SONGBIRD,
    "dunnock": SONGBIRD._replace(breast=ASH),
    "curlew": CURLEW,
    "godwit": CURLEW._replace(beak_curve=0.0),
    "hooded": GULL._replace(head=BLACK),
    "gull": GULL,
}
CLASSES = tuple(SPECIES)
"""The species in the order of the class numbers; the partner of class k is class k ^ 1."""


class SpeciesPair(NamedTuple):
    """Two species that differ in one part."""

    species: str
    partner: str
    part: str


PAIRS = (
    SpeciesPair("redshank", "greenshank", "legs"),
    SpeciesPair("robin", "dunnock", "breast"),
    SpeciesPair("curlew", "godwit", "beak"),
    SpeciesPair("hooded", "gull", "head"),
)

DISTINGUISHING_PART = {name: pair.part for pair in PAIRS for name in (pair.species, pair.partner)}
"""{species: the part in which it differs from its partner}"""
DECISIVE = DISTINGUISHING_PART
"""The former name of DISTINGUISHING_PART."""

COLOURS = np.array([bird[: len(PARTS)] for bird in SPECIES.values()], np.float32)  # (8 species, 8 parts, 3)
BEAK_LENGTH = np.array([bird.beak_length for bird in SPECIES.values()], np.float32)
BEAK_CURVE = np.array([bird.beak_curve for bird in SPECIES.values()], np.float32)

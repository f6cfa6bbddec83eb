"""What numbers look like: a palette for the part of the line they lie on, and the bar that explains it."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, ListedColormap, to_rgb
from matplotlib.patches import Rectangle

from minixai.arrays import Array
from minixai.plots.text import Line, write

BBox: TypeAlias = tuple[float, float, float, float]  # left, top, across, down: inches

LOWERS, RAISES, STRONG, QUIET, BORDER = "#1452a3", "#c1121f", "#5b2a86", "#4a5058", "#c3c8cf"
DARKER, BRIGHTER = "#00707a", "#a85b00"
"""Of slopes, which are no contributions: where a darker, and where a brighter pixel would raise the score."""
CAPTION = 8.0  # points
SPACE, BAR, SHORTEST_BAR, LONGEST_BAR = 0.04, 0.11, 0.4, 2.0  # inches


@dataclass(frozen=True)
class Palette:
    """Colours for the numbers from low to high, in units of a scale, and what is said of the two ends."""

    colours: Colormap | str
    low: float
    high: float
    ends: tuple[Line, Line]

    def paint(self, page: Axes, numbers: Array, bbox: BBox) -> None:
        paint(page, numbers, bbox, cmap=self.colours, vmin=self.low, vmax=self.high)

    def bar(self, page: Axes, middle: float, top: float, room: float) -> None:
        """From the lowest to the highest and, where there is room, what the colours mean on both sides."""
        side = max(word.width for word in self.ends) + 2 * SPACE
        told = room - 2 * side > SHORTEST_BAR
        across = min(room - 2 * side * told, LONGEST_BAR)
        bbox = (middle - across / 2, top, across, BAR)
        self.paint(page, np.linspace(self.low, self.high, 257)[None], bbox)
        frame(page, bbox)
        for word, direction in zip(self.ends * told, (-1, 1), strict=False):
            write(page, middle + direction * (across + side) / 2, top + (BAR - word.height) / 2, [word])


def fading_colours(low: float, high: float, above: str = RAISES, below: str = LOWERS) -> ListedColormap:
    """Ever more of a colour away from 0, which leaves no mark: white on paper, and a faint image shows through."""
    numbers = np.linspace(low, high, 257)
    return ListedColormap([(*to_rgb(below if t < 0 else above), abs(t)) for t in numbers])


def paint(page: Axes, pixels: Array, bbox: BBox, **colours: Any) -> None:
    """Pixels stretched over a part of the page; few of them as the blocks they are."""
    left, top, across, down = bbox
    blocks = "nearest" if max(pixels.shape[:2]) <= 64 else "auto"
    page.imshow(pixels, extent=(left, left + across, top + down, top), aspect="auto", interpolation=blocks, **colours)


def frame(page: Axes, bbox: BBox) -> None:
    left, top, across, down = bbox
    page.add_patch(Rectangle((left, top), across, down, fill=False, edgecolor=BORDER, linewidth=0.7))


def end(text: str, color: str = QUIET) -> Line:
    return Line(text, CAPTION, color, bold=True)


SIGNED = Palette(fading_colours(-1, 1), -1, 1, (end("lowers", LOWERS), end("raises", RAISES)))
RISING = Palette(fading_colours(0, 1), 0, 1, (end("0"), end("raises", RAISES)))
FALLING = Palette(fading_colours(-1, 0), -1, 0, (end("lowers", LOWERS), end("0")))
SLOPE = Palette(fading_colours(-1, 1, BRIGHTER, DARKER), -1, 1, (end("darker", DARKER), end("brighter", BRIGHTER)))
SIZE = Palette(fading_colours(0, 1, STRONG), 0, 1, (end("0"), end("strong", STRONG)))
ACTIVITY = Palette("viridis", 0, 1, (end("low"), end("high")))
SLOPE_WORDS = "slopes: orange where a brighter pixel would raise the score, green where a darker one would"

"""The palettes of maps, the colour bars that explain them, and drawing on a page whose unit is an inch."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, ListedColormap, to_rgb
from matplotlib.patches import Rectangle

from minixai.arrays import Array
from minixai.plots.text import Line, write_lines

BBox: TypeAlias = tuple[float, float, float, float]  # left, top, width, height: inches

LOWERS, RAISES, STRONG, QUIET, BORDER = "#1452a3", "#c1121f", "#5b2a86", "#4a5058", "#c3c8cf"
DARKER, BRIGHTER = "#00707a", "#a85b00"
"""For slopes, which are no contributions: a darker pixel, or a brighter one, would raise the score."""
CAPTION_SIZE = 8.0  # points
SPACE, BAR_HEIGHT, SHORTEST_BAR, LONGEST_BAR = 0.04, 0.11, 0.4, 2.0  # inches


@dataclass(frozen=True)
class Palette:
    """A colour map for values from `low` to `high`, in units of the scale, and the words at both ends of its bar."""

    colormap: Colormap | str
    low: float
    high: float
    end_labels: tuple[Line, Line]

    def draw_map(self, page: Axes, values: Array, bbox: BBox) -> None:
        """Draw values (H, W), in units of the scale, in these colours."""
        draw_image(page, values, bbox, cmap=self.colormap, vmin=self.low, vmax=self.high)

    def draw_color_bar(self, page: Axes, x_center: float, top: float, max_width: float) -> None:
        """Draw the colours from the lowest to the highest value, with the words at both ends where they fit."""
        margin = max(label.width for label in self.end_labels) + 2 * SPACE
        fits = max_width - 2 * margin > SHORTEST_BAR
        width = min(max_width - 2 * margin * fits, LONGEST_BAR)
        bbox = (x_center - width / 2, top, width, BAR_HEIGHT)
        self.draw_map(page, np.linspace(self.low, self.high, 257)[None], bbox)
        draw_frame(page, bbox)
        for label, side in zip(self.end_labels * fits, (-1, 1), strict=False):
            x = x_center + side * (width + margin) / 2
            write_lines(page, x, top + (BAR_HEIGHT - label.height) / 2, [label])


def fading_colormap(low: float, high: float, positive: str = RAISES, negative: str = LOWERS) -> ListedColormap:
    """Two colours that fade to transparent at 0: there paper is white, and an image beneath the map shows through."""
    values = np.linspace(low, high, 257)
    return ListedColormap([(*to_rgb(negative if t < 0 else positive), abs(t)) for t in values])


def draw_image(page: Axes, pixels: Array, bbox: BBox, **imshow_options: Any) -> None:
    """Stretch pixels over a part of the page; an image of at most 64 × 64 shows its pixels as blocks."""
    left, top, width, height = bbox
    blocks = "nearest" if max(pixels.shape[:2]) <= 64 else "auto"
    extent = (left, left + width, top + height, top)
    page.imshow(pixels, extent=extent, aspect="auto", interpolation=blocks, **imshow_options)


def draw_frame(page: Axes, bbox: BBox) -> None:
    """Draw a thin grey border around a part of the page."""
    left, top, width, height = bbox
    page.add_patch(Rectangle((left, top), width, height, fill=False, edgecolor=BORDER, linewidth=0.7))


def end_label(text: str, color: str = QUIET) -> Line:
    """A bold word for one end of a colour bar."""
    return Line(text, CAPTION_SIZE, color, bold=True)


SIGNED = Palette(fading_colormap(-1, 1), -1, 1, (end_label("lowers", LOWERS), end_label("raises", RAISES)))
RISING = Palette(fading_colormap(0, 1), 0, 1, (end_label("0"), end_label("raises", RAISES)))
FALLING = Palette(fading_colormap(-1, 0), -1, 0, (end_label("lowers", LOWERS), end_label("0")))
SLOPE = Palette(
    fading_colormap(-1, 1, BRIGHTER, DARKER), -1, 1, (end_label("darker", DARKER), end_label("brighter", BRIGHTER))
)
MAGNITUDE = Palette(fading_colormap(0, 1, STRONG), 0, 1, (end_label("0"), end_label("strong", STRONG)))
SLOPE_MEANING = "slopes: orange where a brighter pixel would raise the score, green where a darker one would"

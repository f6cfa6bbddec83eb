"""The sheet of heat maps: panels in rows and columns, headings above, captions and colour bars beneath."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, TypeAlias

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from minixai.arrays import Array
from minixai.plots.text import TITLE, Line, blank_page, stacked, write

Place: TypeAlias = tuple[float, float, float, float]  # left, top, across, down: inches

LOWERS, RAISES, QUIET, BORDER = "#1452a3", "#c1121f", "#4a5058", "#c3c8cf"
HEADING, DETAIL, CAPTION, NOTE = 10.0, 9.0, 8.0, 9.0  # points
MARGIN, GUTTER, SPACE, BAR, NARROWEST = 0.2, 0.16, 0.04, 0.11, 3.2  # inches
SHORTEST_BAR, LONGEST_BAR = 0.4, 2.0
FAINT = 0.15  # how strongly an image shows beneath its map
LUMINANCE = (0.2989, 0.5870, 0.1140)

DIVERGING = ListedColormap([(*to_rgb(LOWERS if t < 0 else RAISES), abs(t)) for t in np.linspace(-1, 1, 257)])
"""From blue to red over nothing: on paper, or over a faint image, zero leaves no mark."""


@dataclass(frozen=True)
class Pictures:
    """A column of images (N, H, W, 1 or 3) in [0, 1]."""

    images: Array

    def head(self, room: float) -> list[Line]:
        return Line("image", HEADING, bold=True).wrapped(room)

    def foot(self, row: int, room: float) -> list[Line]:
        return []

    def note(self, room: float) -> list[Line]:
        return []

    def paint(self, page: Axes, row: int, place: Place) -> None:
        image = self.images[row]
        paint(page, image[..., 0] if image.shape[-1] == 1 else image, place, cmap="gray", vmin=0, vmax=1)


@dataclass(frozen=True)
class Maps:
    """A column of maps (N, h, w) from −limit to limit, what is said of them, and images to show through."""

    maps: Array
    limit: float
    heading: str
    details: Sequence[str]
    captions: Sequence[str]
    scale: str = ""
    through: Array | None = None

    def head(self, room: float) -> list[Line]:
        lines = [Line(self.heading, HEADING, bold=True), *(Line(text, DETAIL, QUIET) for text in self.details)]
        return [part for line in lines for part in line.wrapped(room)]

    def foot(self, row: int, room: float) -> list[Line]:
        return Line(self.captions[row], CAPTION, QUIET).wrapped(room)

    def note(self, room: float) -> list[Line]:
        return Line(self.scale, NOTE, QUIET).wrapped(room)

    def paint(self, page: Axes, row: int, place: Place) -> None:
        values = self.maps[row]
        if self.through is not None:
            paint(page, luminance(self.through[row]), place, cmap="gray", vmin=0, vmax=1, alpha=FAINT)
        scaled = np.clip(values, -self.limit, self.limit) / (self.limit or 1.0)
        blocks = "nearest" if max(values.shape) <= 64 else "auto"
        paint(page, scaled, place, cmap=DIVERGING, vmin=-1, vmax=1, interpolation=blocks)
        if not values.any():
            left, top, across, down = place
            write(page, left + across / 2, top + down / 2 - 0.08, [Line("all zero", CAPTION, QUIET)])


def luminance(image: Array) -> Array:
    """(H, W, 1 or 3) -> (H, W)"""
    return np.asarray(image[..., 0] if image.shape[-1] == 1 else image @ LUMINANCE)


def paint(page: Axes, pixels: Array, place: Place, **colours: Any) -> None:
    """Pixels stretched over a place of the page."""
    left, top, across, down = place
    page.imshow(pixels, extent=(left, left + across, top + down, top), aspect="auto", **colours)


def frame(page: Axes, place: Place) -> None:
    left, top, across, down = place
    page.add_patch(Rectangle((left, top), across, down, fill=False, edgecolor=BORDER, linewidth=0.7))


def colour_bar(page: Axes, middle: float, top: float, room: float) -> None:
    """From blue to red around the middle and, where there is room, what the colours mean on both sides."""
    words = [Line("lowers", CAPTION, LOWERS, bold=True), Line("raises", CAPTION, RAISES, bold=True)]
    side = max(word.width for word in words) + 2 * SPACE
    told = room - 2 * side > SHORTEST_BAR
    across = min(room - 2 * side * told, LONGEST_BAR)
    place = (middle - across / 2, top, across, BAR)
    paint(page, np.linspace(-1, 1, 257)[None], place, cmap=DIVERGING, vmin=-1, vmax=1)
    frame(page, place)
    for word, direction in zip(words * told, (-1, 1), strict=False):
        write(page, middle + direction * (across + side) / 2, top + (BAR - word.height) / 2, [word])


def drawn(
    columns: Sequence[Pictures | Maps], rows: int, remark: str, size: float, aspect: float, title: str | None = None
) -> Figure:
    """The figure, with panels of size × (size · aspect) inches, a title above and a remark at its foot.

    A column with a note on its scale has a colour bar of its own, above the note; if none has,
    one bar serves all, above the remark.
    """
    heads = [column.head(size) for column in columns]
    feet = [[column.foot(i, size) for i in range(rows)] for column in columns]
    notes = [column.note(size) for column in columns]
    across = max(len(columns) * (size + GUTTER) - GUTTER + 2 * MARGIN, NARROWEST)
    remarks = Line(remark, NOTE, QUIET).wrapped(across - 2 * MARGIN)
    titles = Line(title or "", TITLE, bold=True).wrapped(across - 2 * MARGIN)

    above = stacked(titles) + GUTTER * bool(titles)
    top, high = MARGIN + above + max(map(stacked, heads)) + SPACE, size * aspect
    pitch = high + SPACE + max(map(stacked, chain(*feet))) + GUTTER
    bars = top + rows * pitch
    under = bars + BAR + 2 * SPACE
    end = under + max(map(stacked, notes)) + SPACE * any(notes)
    figure, page = blank_page(across, end + stacked(remarks) + MARGIN - SPACE)

    write(page, across / 2, MARGIN, titles)
    left = (across - len(columns) * (size + GUTTER) + GUTTER) / 2
    for column, head, foot, note in zip(columns, heads, feet, notes, strict=True):
        write(page, left + size / 2, top - SPACE - stacked(head), head)
        for i in range(rows):
            place = (left, top + i * pitch, size, high)
            column.paint(page, i, place)
            frame(page, place)
            write(page, left + size / 2, top + i * pitch + high + SPACE, foot[i])
        if note:
            colour_bar(page, left + size / 2, bars, size)
            write(page, left + size / 2, under, note)
        left += size + GUTTER
    if not any(notes):
        colour_bar(page, across / 2, bars, across - 2 * MARGIN)
    write(page, across / 2, end, remarks)
    return figure

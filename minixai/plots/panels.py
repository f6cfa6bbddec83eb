"""The sheet of pictures: panels in columns and rows, headings above, captions and colour bars beneath.

Columns that have no room beside each other go on beneath, as words do on a line.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from math import ceil

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minixai.arrays import Array
from minixai.plots.colours import BAR, CAPTION, QUIET, SIGNED, SPACE, BBox, Palette, frame, paint
from minixai.plots.text import TITLE, Line, blank_page, stack_height, write

HEADING, DETAIL, NOTE = 10.0, 9.0, 9.0  # points
MARGIN, GUTTER, NARROWEST = 0.2, 0.16, 3.2  # inches
BAR_PITCH = BAR + 2 * SPACE
FLATTEST, TALLEST = 0.02, 5.0  # height of a panel in widths; the pixels of more extreme images are stretched
FAINT = 0.15  # how strongly an image shows beneath its map
LUMINANCE = (0.2989, 0.5870, 0.1140)


@dataclass(frozen=True, kw_only=True)
class Column:
    """Panels beneath each other, and what is said of them: all and each."""

    heading: str = ""
    details: Sequence[str] = ()
    captions: Sequence[str] = ()
    scale: str = ""
    palette: Palette = SIGNED

    def head(self, room: float) -> list[Line]:
        lines = [Line(self.heading, HEADING, bold=True), *(Line(text, DETAIL, QUIET) for text in self.details)]
        return [part for line in lines for part in line.wrap(room)]

    def foot(self, row: int, room: float) -> list[Line]:
        texts = self.captions[row].split("\n") if self.captions else []
        return [part for text in texts for part in Line(text, CAPTION, QUIET).wrap(room)]

    def note(self, room: float) -> list[Line]:
        """What its scale is, if the scale is its own."""
        return Line(self.scale, NOTE, QUIET).wrap(room)

    def paint(self, page: Axes, row: int, bbox: BBox) -> None:
        """Draw one of them; a column that is only a gap has none."""


@dataclass(frozen=True, kw_only=True)
class Pictures(Column):
    """A column of images (N, H, W, 1 or 3) in [0, 1]."""

    images: Array
    heading: str = "image"

    def paint(self, page: Axes, row: int, bbox: BBox) -> None:
        image = self.images[row]
        paint(page, image[..., 0] if image.shape[-1] == 1 else image, bbox, cmap="gray", vmin=0, vmax=1)
        frame(page, bbox)


@dataclass(frozen=True, kw_only=True)
class Maps(Column):
    """A column of maps (N, h, w), with the number that has the full colour.

    Images may show through, and masks (N, H, W) may be outlined.
    """

    maps: Array
    limit: float
    through: Array | None = None
    outline: Array | None = None

    def paint(self, page: Axes, row: int, bbox: BBox) -> None:
        values = self.maps[row]
        if self.through is not None:
            paint(page, luminance(self.through[row]), bbox, cmap="gray", vmin=0, vmax=1, alpha=FAINT)
        self.palette.paint(page, np.clip(values, -self.limit, self.limit) / (self.limit or 1.0), bbox)
        if self.outline is not None:
            draw_outline(page, self.outline[row], bbox)
        frame(page, bbox)
        if not values.any():
            left, top, across, down = bbox
            write(page, left + across / 2, top + down / 2 - 0.08, [Line("all zero", CAPTION, QUIET)])


def draw_outline(page: Axes, mask: Array, bbox: BBox) -> None:
    """The border of a mask (H, W) stretched over a bbox: black on a white line, to be seen on any colour."""
    left, top, across, down = bbox
    h, w = mask.shape
    xs, ys = left + (np.arange(w) + 0.5) * across / w, top + (np.arange(h) + 0.5) * down / h
    for colour, width in (("white", 2.4), ("black", 1.0)):
        page.contour(xs, ys, mask, levels=[0.5], colors=colour, linewidths=width)


def luminance(image: Array) -> Array:
    """(H, W, 1 or 3) -> (H, W)"""
    return np.asarray(image[..., 0] if image.shape[-1] == 1 else image @ LUMINANCE)


class Band:
    """Columns beside each other: headings, rows of panels, and bars for those that have a scale of their own."""

    def __init__(self, columns: Sequence[Column], rows: int, size: float, aspect: float) -> None:
        self.columns, self.rows, self.size = columns, rows, size
        self.high = size * min(max(aspect, FLATTEST), TALLEST)
        self.heads = [column.head(size) for column in columns]
        self.feet = [[column.foot(i, size) for i in range(rows)] for column in columns]
        self.notes = [column.note(size) for column in columns]
        self.top = max(map(stack_height, self.heads)) + SPACE * any(self.heads)
        self.pitch = self.high + SPACE + max(map(stack_height, chain(*self.feet))) + GUTTER
        self.bars = self.top + rows * self.pitch
        self.under = self.bars + BAR + 2 * SPACE

    @property
    def across(self) -> float:
        return len(self.columns) * (self.size + GUTTER) - GUTTER

    @property
    def down(self) -> float:
        return self.under + max(map(stack_height, self.notes)) + SPACE if any(self.notes) else self.bars

    def draw(self, page: Axes, left: float, top: float) -> None:
        for column, head, foot, note in zip(self.columns, self.heads, self.feet, self.notes, strict=True):
            middle = left + self.size / 2
            write(page, middle, top + self.top - SPACE - stack_height(head), head)
            for i in range(self.rows):
                bbox = (left, top + self.top + i * self.pitch, self.size, self.high)
                column.paint(page, i, bbox)
                write(page, middle, bbox[1] + self.high + SPACE, foot[i])
            if note:
                column.palette.bar(page, middle, top + self.bars, self.size)
                write(page, middle, top + self.under, note)
            left += self.size + GUTTER


def draw_sheet(
    panels: Sequence[Column],
    rows: int,
    remark: str,
    size: float,
    aspect: float,
    title: str | None = None,
    palettes: Sequence[Palette] = (SIGNED,),
    columns: int = 8,
) -> Figure:
    """The panels on a sheet, size × (size · aspect) inches each, at most `columns` of them on a line."""
    return sheet([Band(part, rows, size, aspect) for part in lines(panels, columns, rows)], remark, title, palettes)


def sheet(
    bands: Sequence[Band], remark: str, title: str | None = None, palettes: Sequence[Palette] = (SIGNED,)
) -> Figure:
    """The figure: bands beneath each other, a title above and a remark at its foot.

    A column with a note on its scale has a colour bar of its own, above the note.  If none has,
    a bar for each of `palettes` stands above the remark.
    """
    across = max(max(band.across for band in bands) + 2 * MARGIN, NARROWEST)
    remarks = Line(remark, NOTE, QUIET).wrap(across - 2 * MARGIN)
    titles = Line(title or "", TITLE, bold=True).wrap(across - 2 * MARGIN)

    one_bar = not any(any(band.notes) for band in bands)
    top = MARGIN + stack_height(titles) + GUTTER * bool(titles)
    apart = [GUTTER * any(band.heads) for band in bands[1:]] + [0.0]
    bar = top + sum(band.down for band in bands) + sum(apart)
    end = bar + BAR_PITCH * len(palettes) * one_bar
    figure, page = blank_page(across, end + stack_height(remarks) + MARGIN - SPACE)

    write(page, across / 2, MARGIN, titles)
    for band, gap in zip(bands, apart, strict=True):
        band.draw(page, (across - max(each.across for each in bands)) / 2, top)
        top += band.down + gap
    for i, palette in enumerate(palettes if one_bar else ()):
        palette.bar(page, across / 2, bar + i * BAR_PITCH, across - 2 * MARGIN)
    write(page, across / 2, end, remarks)
    return figure


def lines(panels: Sequence[Column], columns: int, rows: int) -> list[Sequence[Column]]:
    """The panels in as few lines as can be, of about the same length; images of several rows begin every line."""
    first = panels[:1] if isinstance(panels[0], Pictures) and rows > 1 and len(panels) > columns > 1 else []
    rest = panels[len(first) :]
    length = ceil(len(rest) / ceil(len(rest) / (columns - len(first))))
    return [[*first, *rest[i : i + length]] for i in range(0, len(rest), length)]

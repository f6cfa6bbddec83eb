"""The sheet of pictures: panels in columns and rows, headings above, captions and colour bars beneath.

Columns that do not fit beside each other go on beneath, as words do on a line.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from math import ceil

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minixai.arrays import Array
from minixai.plots.colours import (
    BAR_HEIGHT,
    CAPTION_SIZE,
    QUIET,
    SIGNED,
    SPACE,
    BBox,
    Palette,
    draw_frame,
    draw_image,
)
from minixai.plots.text import TITLE_SIZE, Line, blank_page, total_height, write_lines

HEADING_SIZE, DETAIL_SIZE, NOTE_SIZE = 10.0, 9.0, 9.0  # points
MARGIN, GUTTER, NARROWEST = 0.2, 0.16, 3.2  # inches
BAR_PITCH = BAR_HEIGHT + 2 * SPACE
FLATTEST, TALLEST = 0.02, 5.0  # height of a panel in widths; the pixels of more extreme images are stretched
FAINT = 0.15  # opacity of an image beneath its map
LUMINANCE = (0.2989, 0.5870, 0.1140)


@dataclass(frozen=True, kw_only=True)
class PanelColumn:
    """A column of panels: a heading and details above it, a caption below each panel, and its scale at the foot.

    The base class draws nothing; as a column it is a gap.
    """

    heading: str = ""
    details: Sequence[str] = ()
    captions: Sequence[str] = ()
    scale: str = ""
    palette: Palette = SIGNED

    def heading_lines(self, max_width: float) -> list[Line]:
        """The heading and the details, wrapped."""
        lines = [Line(self.heading, HEADING_SIZE, bold=True)]
        lines += [Line(text, DETAIL_SIZE, QUIET) for text in self.details]
        return [part for line in lines for part in line.wrap(max_width)]

    def caption_lines(self, row: int, max_width: float) -> list[Line]:
        """The caption of one panel, wrapped."""
        texts = self.captions[row].split("\n") if self.captions else []
        return [part for text in texts for part in Line(text, CAPTION_SIZE, QUIET).wrap(max_width)]

    def scale_lines(self, max_width: float) -> list[Line]:
        """The text beneath the column's own colour bar, wrapped; empty if the column has no bar of its own."""
        return Line(self.scale, NOTE_SIZE, QUIET).wrap(max_width)

    def draw_panel(self, page: Axes, row: int, bbox: BBox) -> None:
        """Draw the panel of one row into the box."""


@dataclass(frozen=True, kw_only=True)
class ImageColumn(PanelColumn):
    """A column of images (N, H, W, 1 or 3) in [0, 1]."""

    images: Array
    heading: str = "image"

    def draw_panel(self, page: Axes, row: int, bbox: BBox) -> None:
        image = self.images[row]
        draw_image(page, image[..., 0] if image.shape[-1] == 1 else image, bbox, cmap="gray", vmin=0, vmax=1)
        draw_frame(page, bbox)


@dataclass(frozen=True, kw_only=True)
class MapColumn(PanelColumn):
    """A column of maps (N, h, w), in which a value of ±`color_limit` has the full colour.

    The images of `underlay` (N, H, W, 1 or 3) show faintly through, and the masks of `outline` (N, H, W) are outlined.
    """

    maps: Array
    color_limit: float
    underlay: Array | None = None
    outline: Array | None = None

    def draw_panel(self, page: Axes, row: int, bbox: BBox) -> None:
        values, most = self.maps[row], self.color_limit
        if self.underlay is not None:
            draw_image(page, luminance(self.underlay[row]), bbox, cmap="gray", vmin=0, vmax=1, alpha=FAINT)
        self.palette.draw_map(page, np.clip(values, -most, most) / (most or 1.0), bbox)
        if self.outline is not None:
            draw_outline(page, self.outline[row], bbox)
        draw_frame(page, bbox)
        if not values.any():
            left, top, width, height = bbox
            write_lines(page, left + width / 2, top + height / 2 - 0.08, [Line("all zero", CAPTION_SIZE, QUIET)])


def draw_outline(page: Axes, mask: Array, bbox: BBox) -> None:
    """Draw the border of a mask (H, W) stretched over the box: black on a white line, visible on any colour."""
    left, top, width, height = bbox
    h, w = mask.shape
    xs, ys = left + (np.arange(w) + 0.5) * width / w, top + (np.arange(h) + 0.5) * height / h
    for colour, linewidth in (("white", 2.4), ("black", 1.0)):
        page.contour(xs, ys, mask, levels=[0.5], colors=colour, linewidths=linewidth)


def luminance(image: Array) -> Array:
    """(H, W, 1 or 3) -> (H, W)"""
    return np.asarray(image[..., 0] if image.shape[-1] == 1 else image @ LUMINANCE)


class Band:
    """Columns beside each other: headings, `rows` rows of panels, and bars for columns with a scale of their own.

    Lengths are inches from the top of the band.  A panel is `size` wide and size · aspect high.
    """

    def __init__(self, columns: Sequence[PanelColumn], rows: int, size: float, aspect: float) -> None:
        self.columns, self.rows, self.size = columns, rows, size
        self.panel_height = size * min(max(aspect, FLATTEST), TALLEST)
        self.headings = [column.heading_lines(size) for column in columns]
        self.captions = [[column.caption_lines(i, size) for i in range(rows)] for column in columns]
        self.scales = [column.scale_lines(size) for column in columns]
        self.first_panel_top = max(map(total_height, self.headings)) + SPACE * any(self.headings)
        self.row_pitch = self.panel_height + SPACE + max(map(total_height, chain(*self.captions))) + GUTTER
        self.bar_top = self.first_panel_top + rows * self.row_pitch
        self.scale_top = self.bar_top + BAR_HEIGHT + 2 * SPACE

    @property
    def width(self) -> float:
        return len(self.columns) * (self.size + GUTTER) - GUTTER

    @property
    def height(self) -> float:
        if not any(self.scales):
            return self.bar_top
        return self.scale_top + max(map(total_height, self.scales)) + SPACE

    def draw(self, page: Axes, left: float, top: float) -> None:
        """Draw the band with its upper left corner at (left, top)."""
        parts = zip(self.columns, self.headings, self.captions, self.scales, strict=True)
        for column, heading, captions, scale in parts:
            x_center = left + self.size / 2
            write_lines(page, x_center, top + self.first_panel_top - SPACE - total_height(heading), heading)
            for i in range(self.rows):
                bbox = (left, top + self.first_panel_top + i * self.row_pitch, self.size, self.panel_height)
                column.draw_panel(page, i, bbox)
                write_lines(page, x_center, bbox[1] + self.panel_height + SPACE, captions[i])
            if scale:
                column.palette.draw_color_bar(page, x_center, top + self.bar_top, self.size)
                write_lines(page, x_center, top + self.scale_top, scale)
            left += self.size + GUTTER


def draw_sheet(
    columns: Sequence[PanelColumn],
    rows: int,
    remark: str,
    size: float,
    aspect: float,
    title: str | None = None,
    palettes: Sequence[Palette] = (SIGNED,),
    max_columns: int = 8,
) -> Figure:
    """Draw columns of `rows` panels, size × (size · aspect) inches each, at most `max_columns` beside each other."""
    bands = [Band(part, rows, size, aspect) for part in split_into_bands(columns, max_columns, rows)]
    return draw_bands(bands, remark, title, palettes)


def draw_bands(
    bands: Sequence[Band], remark: str, title: str | None = None, palettes: Sequence[Palette] = (SIGNED,)
) -> Figure:
    """Draw bands beneath each other, a title above them and a remark below.

    A column with a scale of its own has a colour bar of its own.  If no column has one, a bar for each of `palettes`
    stands above the remark.
    """
    width = max(max(band.width for band in bands) + 2 * MARGIN, NARROWEST)
    remark_lines = Line(remark, NOTE_SIZE, QUIET).wrap(width - 2 * MARGIN)
    title_lines = Line(title or "", TITLE_SIZE, bold=True).wrap(width - 2 * MARGIN)

    shared_bars = () if any(any(band.scales) for band in bands) else palettes
    top = MARGIN + total_height(title_lines) + GUTTER * bool(title_lines)
    gaps = [GUTTER * any(band.headings) for band in bands[1:]] + [0.0]
    bars_top = top + sum(band.height for band in bands) + sum(gaps)
    remark_top = bars_top + BAR_PITCH * len(shared_bars)
    figure, page = blank_page(width, remark_top + total_height(remark_lines) + MARGIN - SPACE)

    write_lines(page, width / 2, MARGIN, title_lines)
    for band, gap in zip(bands, gaps, strict=True):
        band.draw(page, (width - max(each.width for each in bands)) / 2, top)
        top += band.height + gap
    for i, palette in enumerate(shared_bars):
        palette.draw_color_bar(page, width / 2, bars_top + i * BAR_PITCH, width - 2 * MARGIN)
    write_lines(page, width / 2, remark_top, remark_lines)
    return figure


def split_into_bands(columns: Sequence[PanelColumn], max_columns: int, rows: int) -> list[Sequence[PanelColumn]]:
    """Split columns into as few bands as possible, of about the same length.

    If there are several rows, every band begins with the column of images.
    """
    repeat = isinstance(columns[0], ImageColumn) and rows > 1 and len(columns) > max_columns > 1
    first, rest = (columns[:1], columns[1:]) if repeat else ([], columns)
    length = ceil(len(rest) / ceil(len(rest) / (max_columns - len(first))))
    return [[*first, *rest[i : i + length]] for i in range(0, len(rest), length)]

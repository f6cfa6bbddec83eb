"""A whole photo beside a figure about the part of it that the network saw."""

from __future__ import annotations

from matplotlib.figure import Figure

from minixai.arrays import Array
from minixai.plots.colours import CAPTION_SIZE, QUIET, SPACE, draw_frame, draw_image
from minixai.plots.panels import HEADING_SIZE, MARGIN
from minixai.plots.text import Line, total_height, write_lines

WIDTH = 1.8  # inches


def add_overview(figure: Figure, photo: Array, heading: str, note: str) -> Figure:
    """Add a photo to the left of a figure, which grows by as much.

    Parameters
    ----------
    figure : Figure
        It is enlarged in place.
    photo : ndarray, (H, W, 1 or 3)
        In [0, 1].
    heading, note : str
        The texts above and beneath the photo.

    Returns
    -------
    Figure
        The same figure.
    """
    width, height = figure.get_size_inches()
    photo_width = WIDTH + MARGIN
    heading_lines = Line(heading, HEADING_SIZE, bold=True).wrap(WIDTH)
    note_lines = Line(note, CAPTION_SIZE, QUIET).wrap(WIDTH)
    texts_height = 2 * MARGIN + total_height(heading_lines) + total_height(note_lines) + 2 * SPACE
    h, w = photo.shape[:2]
    scale = min(WIDTH / w, max(height - texts_height, WIDTH / 2) / h)
    new_width, new_height = width + photo_width, max(height, float(texts_height + h * scale))
    figure.set_size_inches(new_width, new_height)
    for axes in figure.axes:  # they keep their size in inches, at the upper right
        left, bottom, axes_width, axes_height = axes.get_position().bounds
        corner = ((left * width + photo_width) / new_width, 1 - (1 - bottom) * height / new_height)
        axes.set_position((*corner, axes_width * width / new_width, axes_height * height / new_height))
    page = figure.add_axes(
        (0, 0, photo_width / new_width, 1), xlim=(0, photo_width), ylim=(new_height, 0), label="overview"
    )
    page.set_axis_off()
    top = MARGIN + total_height(heading_lines) + SPACE
    bbox = (MARGIN + (WIDTH - w * scale) / 2, top, w * scale, h * scale)
    write_lines(page, MARGIN + WIDTH / 2, MARGIN, heading_lines)
    draw_image(page, photo[..., 0] if photo.shape[-1] == 1 else photo, bbox, cmap="gray", vmin=0, vmax=1)
    draw_frame(page, bbox)
    write_lines(page, MARGIN + WIDTH / 2, top + h * scale + SPACE, note_lines)
    return figure

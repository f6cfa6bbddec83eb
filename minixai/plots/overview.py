"""A whole photo beside a figure about the part of it that a network was shown."""

from __future__ import annotations

from matplotlib.figure import Figure

from minixai.arrays import Array
from minixai.plots.colours import CAPTION, QUIET, SPACE, frame, paint
from minixai.plots.panels import HEADING, MARGIN
from minixai.plots.text import Line, stack_height, write

WIDTH = 1.8  # inches


def add_overview(figure: Figure, photo: Array, heading: str, note: str) -> Figure:
    """Add a photo to the left of a figure, which grows by as much.

    Parameters
    ----------
    figure : Figure
        Is changed.
    photo : ndarray, (H, W, 1 or 3)
        In [0, 1].
    heading, note : str
        What stands above and beneath it.

    Returns
    -------
    Figure
        The same figure.
    """
    across, down = figure.get_size_inches()
    room = WIDTH + MARGIN
    head = Line(heading, HEADING, bold=True).wrap(WIDTH)
    foot = Line(note, CAPTION, QUIET).wrap(WIDTH)
    most = down - 2 * MARGIN - stack_height(head) - stack_height(foot) - 2 * SPACE
    high, wide = photo.shape[:2]
    scale = min(WIDTH / wide, max(most, WIDTH / 2) / high)
    end = 2 * MARGIN + stack_height(head) + stack_height(foot) + 2 * SPACE + high * scale
    figure.set_size_inches(across + room, max(down, end))
    for axes in figure.axes:
        left, bottom, width, height = axes.get_position().bounds
        total, grown = across + room, max(down, end)
        axes.set_position(
            (
                (left * across + room) / total,
                1 - (1 - bottom) * down / grown,
                width * across / total,
                height * down / grown,
            )
        )
    page = figure.add_axes(
        (0, 0, room / (across + room), 1), xlim=(0, room), ylim=(float(max(down, end)), 0), label="overview"
    )
    page.set_axis_off()
    top = MARGIN + stack_height(head) + SPACE
    place = (MARGIN + (WIDTH - wide * scale) / 2, top, wide * scale, high * scale)
    write(page, MARGIN + WIDTH / 2, MARGIN, head)
    paint(page, photo[..., 0] if photo.shape[-1] == 1 else photo, place, cmap="gray", vmin=0, vmax=1)
    frame(page, place)
    write(page, MARGIN + WIDTH / 2, top + high * scale + SPACE, foot)
    return figure

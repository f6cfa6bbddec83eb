"""Scores of many methods: a panel for each score, a bar for each method, and a line where chance is."""

from collections.abc import Callable
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minixai.arrays import Array
from minixai.plots.colours import CAPTION, QUIET, RAISES, SPACE, Place, frame
from minixai.plots.maps import check_columns, check_size
from minixai.plots.text import TITLE, Line, blank_page, stacked, width, write
from minixai.validate import accept_old_name

if TYPE_CHECKING:
    from minixai.evaluation import Scoreboard
    from minixai.evaluation.scores import Score

MARGIN, GUTTER, NUMBERS, ROW = 0.2, 0.2, 0.36, 0.19  # inches
THICK = 0.6  # of a row that its bar takes
BAR, PALE = "#a184bd", "#c3c8cf"
REMARK = (
    "bars: means over scenes, with two standard errors to each side; dashed: what a map that knows nothing reaches; "
    "grey: two maps that know no network"
)


@accept_old_name("beside", "columns")
def scores(board: "Scoreboard", *, title: str | None = None, size: float = 1.75, columns: int = 4) -> Figure:
    """Draw a table of scores: a panel for each, a bar for each method, its mean written beside it.

    board     of `minixai.evaluation.score`
    title     above it all
    size      width of a panel in inches
    columns   panels on a line

    Above each panel stands which way is better.  Each has a scale of its own, from 0 or the lowest to the highest.
    """
    check_size(size)
    check_columns(columns)
    names = max(width(name, CAPTION) for name in board.methods) + 2 * SPACE
    columns = min(columns, len(board.scores))
    across = 2 * MARGIN + names + columns * (size + GUTTER) - GUTTER
    titles, remarks = (
        Line(text, points, colour, bold).wrapped(across - 2 * MARGIN)
        for text, points, colour, bold in ((title or "", TITLE, "black", True), (REMARK, 9.0, QUIET, False))
    )
    heads = [head(score, size) for score in board.scores]
    high, above = ROW * len(board.methods), max(map(stacked, heads)) + SPACE
    pitch = above + high + GUTTER
    top = MARGIN + stacked(titles) + GUTTER * bool(titles)
    end = top + ceil(len(heads) / columns) * pitch
    figure, page = blank_page(across, end + stacked(remarks) + MARGIN)
    write(page, across / 2, MARGIN, titles)
    for j, lines in enumerate(heads):
        line, column = divmod(j, columns)
        place = (MARGIN + names + column * (size + GUTTER), top + line * pitch + above, size, high)
        write(page, place[0] + size / 2, place[1] - SPACE - stacked(lines), lines)
        if column == 0:
            row_names(page, board.methods, place[0] - SPACE, place[1])
        bars(page, board.mean[:, j], board.standard_error[:, j], float(board.chance[j]), place)
    write(page, across / 2, end, remarks)
    return figure


def head(score: "Score", room: float) -> list[Line]:
    """What stands above a panel."""
    words = [Line(score.name, 10.0, bold=True), Line(score.meaning, CAPTION, QUIET)]
    words.append(Line(direction(score.best), CAPTION, QUIET, bold=True))
    return [part for line in words for part in line.wrapped(room)]


def direction(best: str) -> str:
    """Which way is better.

    >>> direction("1"), direction("high")
    ('best is 1', 'higher is better')
    """
    return {"high": "higher is better", "low": "lower is better"}.get(best, f"best is {best}")


def row_names(page: Axes, methods: tuple[str, ...], right: float, top: float) -> None:
    for i, name in enumerate(methods):
        line = Line(name, CAPTION)
        write(page, right, top + (i + 0.5) * ROW - line.height / 2, [line], "right")


def bars(page: Axes, mean: Array, error: Array, chance: float, place: Place) -> None:
    """One panel: bars from 0, whiskers of two standard errors, the means in a column at the right."""
    left, top, across, down = place
    frame(page, place)
    at, zero = scaled(mean, error, chance, left + SPACE, across - NUMBERS - 2 * SPACE)
    for i, (m, e) in enumerate(zip(mean, np.nan_to_num(error), strict=True)):
        y = top + (i + 0.5) * ROW
        ends, edge = (zero, at(m)), THICK * ROW / 2
        page.fill([ends[0], ends[1], ends[1], ends[0]], [y - edge, y - edge, y + edge, y + edge], color=colour(i, mean))
        page.plot([at(m - 2 * e), at(m + 2 * e)], [y, y], color="black", linewidth=0.8)
        line = Line(f"{m:.{1 if abs(m) >= 10 else 2}f}".replace("-", "−"), CAPTION)
        write(page, left + across - SPACE, y - line.height / 2, [line], "right")
    page.plot([zero, zero], [top, top + down], color=QUIET, linewidth=0.6)
    if np.isfinite(chance):
        page.plot([at(chance)] * 2, [top, top + down], color=RAISES, linewidth=1, linestyle=(0, (3, 2)))


def colour(i: int, mean: Array) -> str:
    """The last two bars are those that know no network."""
    return PALE if i >= len(mean) - 2 else BAR


def scaled(
    mean: Array, error: Array, chance: float, left: float, across: float
) -> tuple[Callable[[float], float], float]:
    """Where on the page a number lies, and where 0 does, so that 0, all bars and their whiskers have room."""
    reach = 2 * np.nan_to_num(error)
    ends = [0.0, *(mean - reach), *(mean + reach), *([chance] if np.isfinite(chance) else [])]
    low, span = min(ends), (max(ends) - min(ends)) or 1.0

    def at(x: float) -> float:
        return float(left + across * (x - low) / span)

    return at, at(0.0)

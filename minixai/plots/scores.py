"""Scores of many methods: a panel for each score, a bar for each method, and a line where chance is."""

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minixai.arrays import Array
from minixai.plots.charts import make_panel_grid, set_tick_fonts, style_axes, write_remark
from minixai.plots.colours import CAPTION_SIZE, QUIET, RAISES
from minixai.plots.maps import check_columns, check_size
from minixai.plots.text import font_properties
from minixai.validate import accept_old_name

if TYPE_CHECKING:
    from minixai.evaluation import Scoreboard
    from minixai.evaluation.scores import Score

ROW_HEIGHT, PANEL_MARGINS = 0.19, 0.95  # inches: a method, and the texts above and below a panel
MEANS_WIDTH = 0.4  # of the length of the x axis: room for the means at the right
BAR_COLOUR, PALE_COLOUR = "#a184bd", "#c3c8cf"
REMARK = (
    "bars: means over scenes; whiskers: two standard errors; dashed: what a map reaches that knows nothing; "
    "grey: two maps that know no network"
)


@accept_old_name("beside", "columns")
def scores(board: "Scoreboard", *, title: str | None = None, size: float = 1.75, columns: int = 4) -> Figure:
    """Draw a table of scores: a panel for each score, a bar for each method, with its mean beside it.

    Parameters
    ----------
    board : Scoreboard
        The result of `minixai.evaluation.score`.
    title : str, optional
        A heading for the figure.
    size : float, default 1.75
        Width of a panel in inches.
    columns : int, default 4
        Panels on a line.

    Returns
    -------
    Figure
        Above each panel stands which direction is better.  Each panel has a scale of its own, which holds 0.

    Raises
    ------
    ValueError
        If `size` or `columns` is out of range.
    """
    check_size(size)
    check_columns(columns)
    columns = min(columns, len(board.scores))
    panel = (size, PANEL_MARGINS + ROW_HEIGHT * len(board.methods))
    figure, axes = make_panel_grid(len(board.scores), columns, panel, title or "", board.methods)
    for j, (ax, score) in enumerate(zip(axes, board.scores, strict=True)):
        style_axes(ax, f"{score.name}\n{direction_text(score.best)}")
        draw_bars(ax, board.mean[:, j], board.standard_error[:, j], float(board.chance[j]))
        ax.set_yticks(range(len(board.methods)), board.methods)
        ax.tick_params(labelleft=j % columns == 0, labelbottom=False, length=0)
        ax.set_xlabel(wrapped_meaning(score), fontproperties=font_properties(CAPTION_SIZE), color=QUIET, wrap=True)
        set_tick_fonts(ax)
    write_remark(figure, REMARK)
    return figure


def wrapped_meaning(score: "Score") -> str:
    """What a score means, wrapped to the width of a panel."""
    lines = [""]
    for word in score.meaning.split(" "):
        fits = len(lines[-1]) + len(word) < 26
        lines = [*lines[:-1], f"{lines[-1]} {word}".strip()] if fits else [*lines, word]
    return "\n".join(lines)


def direction_text(best: str) -> str:
    """Say which values of a score are better.

    >>> direction_text("1"), direction_text("high")
    ('best is 1', 'higher is better')
    """
    return {"high": "higher is better", "low": "lower is better"}.get(best, f"best is {best}")


def draw_bars(ax: Axes, mean: Array, standard_error: Array, chance: float) -> None:
    """Draw one panel: bars from 0, whiskers of two standard errors, the means in a column at the right."""
    rows, whiskers = np.arange(len(mean)), 2 * np.nan_to_num(standard_error)
    colours = [BAR_COLOUR] * (len(mean) - 2) + [PALE_COLOUR] * 2  # the last two know no network
    ax.barh(rows, mean, xerr=whiskers, height=0.6, color=colours, error_kw={"elinewidth": 0.8})
    ax.axvline(0, color=QUIET, linewidth=0.6)
    if np.isfinite(chance):
        ax.axvline(chance, color=RAISES, linewidth=1, linestyle=(0, (3, 2)))
    low, high = ax.get_xlim()
    ax.set_xlim(low, high + MEANS_WIDTH * (high - low))
    ax.invert_yaxis()
    for i, m in enumerate(mean):
        words = f"{m:.{1 if abs(m) >= 10 else 2}f}".replace("-", "−")
        where: dict[str, Any] = {"transform": ax.get_yaxis_transform(), "ha": "right", "va": "center_baseline"}
        ax.text(0.98, i, words, fontproperties=font_properties(CAPTION_SIZE), **where)

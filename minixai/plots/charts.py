"""Charts of experiments: panels of box plots, and panels of lines."""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from minixai.arrays import Array
from minixai.plots.colours import BORDER, CAPTION_SIZE, LOWERS, QUIET, RAISES, STRONG
from minixai.plots.text import DPI, TITLE_SIZE, Line, font_properties, short_number

HEADING_SIZE = 9.0  # points
COLOURS = (RAISES, LOWERS, STRONG, "#c77700", "#2a7f62", QUIET)
STYLES = (
    "-",
    (0, (5, 2)),
    (0, (2, 1.5)),
    (0, (1, 1)),
    (0, (6, 2, 1, 2)),
    "-",
)  # so that lines on top of each other can be told apart


class BoxPlotPanel(NamedTuple):
    """One panel: a sample for each name, and a mark at a value to compare with; NaN draws no mark."""

    heading: str
    samples: Sequence[Array] | Array
    marks: Sequence[float] | Array


class LinePanel(NamedTuple):
    """One panel: for each name a line, y at every x; x are numbers, or words in their order."""

    heading: str
    x: Sequence[float] | Sequence[str]
    y: Mapping[str, Array]
    x_label: str = ""
    logarithmic: bool = False


def draw_box_plots(
    panels: Sequence[BoxPlotPanel],
    names: Sequence[str],
    *,
    title: str,
    x_label: str,
    mark_label: str,
    columns: int,
    logarithmic: bool = False,
) -> Figure:
    """Draw horizontal box plots: the box is the middle half, its line the median, whiskers at most 1.5 boxes long.

    names        of the samples, from top to bottom; the last is highlighted
    x_label      what is measured
    mark_label   what the marks are
    columns      panels on a line
    """
    figure, axes = make_panel_grid(len(panels), columns, (2.5, 0.55 + 0.24 * len(names)), title, names)
    for ax, panel in zip(axes, panels, strict=True):
        style_axes(ax, panel.heading)
        if logarithmic:
            ax.set_xscale("log")
        draw_boxes(ax, panel.samples)
        ax.plot(panel.marks, range(len(names)), "D", markersize=4.5, color="black", fillstyle="none")
        ax.set_yticks(range(len(names)), names)
        ax.invert_yaxis()
        ax.grid(axis="x", color=BORDER, linewidth=0.4)
    for i, ax in enumerate(axes):
        ax.tick_params(labelleft=i % columns == 0)
        set_tick_fonts(ax)
    write_remark(figure, f"{x_label};  ◇ {mark_label}")
    return figure


def draw_boxes(ax: Axes, samples: Sequence[Array] | Array) -> None:
    """Draw a box for each sample from top to bottom, the last in another colour."""
    drawn = ax.boxplot(
        list(samples),
        positions=range(len(samples)),
        orientation="horizontal",
        widths=0.62,
        patch_artist=True,
        flierprops={"marker": ".", "markersize": 2, "markeredgecolor": BORDER},
        medianprops={"color": "black", "linewidth": 1.2},
        manage_ticks=False,
    )
    for i, patch in enumerate(drawn["boxes"]):
        last = i == len(samples) - 1
        patch.set(facecolor=RAISES if last else "#dfe5ec", edgecolor=QUIET, alpha=0.75 if last else 1.0, linewidth=0.7)
    for line in (*drawn["whiskers"], *drawn["caps"]):
        line.set(color=QUIET, linewidth=0.7)


def draw_line_plots(panels: Sequence[LinePanel], *, title: str, note: str, columns: int) -> Figure:
    """Draw panels of lines; a panel with the same names as the one before it has no legend of its own.

    note      what is measured, written beneath
    columns   panels on a line
    """
    size = (4.2, 2.6) if columns < 3 else (2.6, 2.1) if columns < 7 else (1.75, 2.2)
    figure, axes = make_panel_grid(len(panels), columns, size, title)
    explained: list[str] = []
    for ax, panel in zip(axes, panels, strict=True):
        style_axes(ax, panel.heading)
        draw_lines(ax, panel, columns)
        if list(panel.y) != explained:
            ax.legend(prop=font_properties(CAPTION_SIZE), frameon=False)
        explained = list(panel.y)
        set_tick_fonts(ax)
    write_remark(figure, note)
    return figure


def draw_lines(ax: Axes, panel: LinePanel, columns: int) -> None:
    """Draw the lines of one panel; words at the x axis are written upwards if there are many panels on a line."""
    words = isinstance(panel.x[0], str)
    x: Any = range(len(panel.x)) if words else panel.x
    for (name, y), colour, style in zip(panel.y.items(), COLOURS, STYLES, strict=False):
        ax.plot(x, y, label=name, color=colour, linestyle=style, marker="o", markersize=3, linewidth=1.3)
    if words:
        ax.set_xticks(x, [str(word) for word in panel.x], rotation=90 if columns > 6 else 0)
        ax.set_ylim(min(-0.3, *(float(np.min(y)) - 0.05 for y in panel.y.values())), 1.05)
        ax.axhline(0, color=QUIET, linewidth=0.6)
    if panel.logarithmic:
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.set_xticks(panel.x, [str(n) for n in panel.x])
        every = np.concatenate([*panel.y.values()])
        near = every.max() < 100 * every.min()  # then ticks at powers of ten alone would be too few
        ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if near else (1.0,), numticks=8))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: short_number(y)))
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_minor_locator(NullLocator())
    ax.set_xlabel(panel.x_label, fontproperties=font_properties(CAPTION_SIZE))
    ax.grid(color=BORDER, linewidth=0.4)


def make_panel_grid(
    count: int, columns: int, size: tuple[float, float], title: str, row_names: Sequence[str] = ()
) -> tuple[Figure, list[Axes]]:
    """Make a figure of panels, `size` inches each, at most `columns` on a line, with room for row names at the left."""
    across, down = min(columns, count), ceil(count / columns)
    margin = 1.1 if row_names else 0.0
    inches = (margin + size[0] * across, 0.8 + size[1] * down)
    figure = Figure(inches, dpi=DPI, facecolor="white", layout="constrained")
    figure.suptitle(title, fontproperties=font_properties(TITLE_SIZE, bold=True), parse_math=False)
    axes = [figure.add_subplot(down, across, i + 1) for i in range(count)]
    return figure, axes


def style_axes(ax: Axes, heading: str) -> None:
    """Give a panel its heading, thin grey borders and short ticks."""
    ax.set_title(heading, fontproperties=font_properties(HEADING_SIZE, bold=True), parse_math=False)
    ax.set_axisbelow(True)
    for spine in ax.spines.values():
        spine.set(color=BORDER, linewidth=0.7)
    ax.tick_params(which="both", color=BORDER, length=2.5)


def set_tick_fonts(ax: Axes) -> None:
    """Write the tick labels in the font of every figure."""
    for text in (*ax.get_xticklabels(), *ax.get_yticklabels()):
        text.set_fontproperties(font_properties(CAPTION_SIZE))


def write_remark(figure: Figure, text: str) -> None:
    """Write a remark beneath all panels, wrapped to the width of the figure."""
    lines = Line(text, HEADING_SIZE).wrap(figure.get_figwidth() - 0.4)
    figure.supxlabel(
        "\n".join(line.text for line in lines),
        fontproperties=font_properties(HEADING_SIZE),
        color=QUIET,
        parse_math=False,
    )

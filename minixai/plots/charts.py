"""Numbers against each other: box plots of many samples, and lines that fall or stay."""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from minixai.arrays import Array
from minixai.plots.colours import BORDER, CAPTION, LOWERS, QUIET, RAISES, STRONG
from minixai.plots.text import DPI, TITLE, Line, font, number

HEADING = 9.0  # points
COLOURS = (RAISES, LOWERS, STRONG, "#c77700", "#2a7f62", QUIET)
STYLES = ("-", (0, (5, 2)), (0, (2, 1.5)), (0, (1, 1)), (0, (6, 2, 1, 2)), "-")  # what lies on each other is told apart


class Boxes(NamedTuple):
    """One panel: a sample for each name, and a mark where another had its median; NaN where none is known."""

    heading: str
    samples: Sequence[Array] | Array
    marks: Sequence[float] | Array


class Lines(NamedTuple):
    """One panel: y at every x for each name; x are numbers, or words in order."""

    heading: str
    x: Sequence[float] | Sequence[str]
    y: Mapping[str, Array]
    along: str = ""
    logarithmic: bool = False


def boxes(
    panels: Sequence[Boxes],
    names: Sequence[str],
    *,
    title: str,
    along: str,
    mark: str,
    columns: int,
    logarithmic: bool = False,
) -> Figure:
    """Box plots on their side: the box is the middle half, its line the median, whiskers 1.5 boxes long at most.

    names     of the samples, beneath each other; the last is what the figure is about
    along     what is measured
    mark      what the marks are
    columns   panels on a line
    """
    figure, axes = grid(len(panels), columns, (2.5, 0.55 + 0.24 * len(names)), title, names)
    for ax, panel in zip(axes, panels, strict=True):
        style_axes(ax, panel.heading)
        if logarithmic:
            ax.set_xscale("log")
        box(ax, panel.samples)
        ax.plot(panel.marks, range(len(names)), "D", markersize=4.5, color="black", fillstyle="none")
        ax.set_yticks(range(len(names)), names)
        ax.invert_yaxis()
        ax.grid(axis="x", color=BORDER, linewidth=0.4)
    for i, ax in enumerate(axes):
        ax.tick_params(labelleft=i % columns == 0)
        set_tick_fonts(ax)
    write_remark(figure, f"{along};  ◇ {mark}")
    return figure


def box(ax: Axes, samples: Sequence[Array] | Array) -> None:
    """The boxes of one panel, the last in another colour."""
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


def lines(panels: Sequence[Lines], *, title: str, note: str, columns: int) -> Figure:
    """Lines in panels; those with the names of the one before need no legend of their own.

    note      what is measured, said beneath
    columns   panels on a line
    """
    size = (4.2, 2.6) if columns < 3 else (2.6, 2.1) if columns < 7 else (1.75, 2.2)
    figure, axes = grid(len(panels), columns, size, title)
    told: list[str] = []
    for ax, panel in zip(axes, panels, strict=True):
        style_axes(ax, panel.heading)
        draw(ax, panel, columns)
        if list(panel.y) != told:
            ax.legend(prop=font(CAPTION), frameon=False)
        told = list(panel.y)
        set_tick_fonts(ax)
    write_remark(figure, note)
    return figure


def draw(ax: Axes, panel: Lines, columns: int) -> None:
    """The lines of one panel; where there are many beside it, words go upwards."""
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
        near = every.max() < 100 * every.min()  # too few powers of ten to mark these alone
        ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if near else (1.0,), numticks=8))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: number(y)))
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_minor_locator(NullLocator())
    ax.set_xlabel(panel.along, fontproperties=font(CAPTION))
    ax.grid(color=BORDER, linewidth=0.4)


def grid(
    count: int, columns: int, size: tuple[float, float], title: str, names: Sequence[str] = ()
) -> tuple[Figure, list[Axes]]:
    """A figure of panels, `size` inches each, at most `columns` of them on a line; names need room at the left."""
    across, down = min(columns, count), ceil(count / columns)
    room = 1.1 if names else 0.0
    figure = Figure((room + size[0] * across, 0.8 + size[1] * down), dpi=DPI, facecolor="white", layout="constrained")
    figure.suptitle(title, fontproperties=font(TITLE, bold=True), parse_math=False)
    axes = [figure.add_subplot(down, across, i + 1) for i in range(count)]
    return figure, axes


def style_axes(ax: Axes, heading: str) -> None:
    ax.set_title(heading, fontproperties=font(HEADING, bold=True), parse_math=False)
    ax.set_axisbelow(True)
    for spine in ax.spines.values():
        spine.set(color=BORDER, linewidth=0.7)
    ax.tick_params(which="both", color=BORDER, length=2.5)


def set_tick_fonts(ax: Axes) -> None:
    """The numbers at the axes in the font of everything else."""
    for text in (*ax.get_xticklabels(), *ax.get_yticklabels()):
        text.set_fontproperties(font(CAPTION))


def write_remark(figure: Figure, text: str) -> None:
    """A remark beneath everything, on as many lines as the width of the figure needs."""
    lines = Line(text, HEADING).wrap(figure.get_figwidth() - 0.4)
    figure.supxlabel(
        "\n".join(line.text for line in lines), fontproperties=font(HEADING), color=QUIET, parse_math=False
    )

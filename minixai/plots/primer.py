"""How a convolutional network reads an image: a convolution, a max-pool, and the layers of a network, drawn."""

from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from minixai.arrays import Array
from minixai.model import Model
from minixai.plots.colours import BORDER, QUIET
from minixai.plots.text import TITLE, font

PICTURE = np.array([[0, 0, 0, 0, 1], [0, 1, 0, 1, 0], [0, 0, 1, 0, 0], [0, 0, 0, 1, 0], [1, 0, 0, 0, 1]])
KERNEL = np.array([[2, -1, -1], [-1, 2, -1], [-1, -1, 2]])
ENTRIES = np.array([[1, 3, 0, 2], [0, 2, 5, 1], [4, 0, 1, 1], [2, 1, 0, 3]])
SMALL, CELL = 8.0, 1.0
CENTRED: Any = {"ha": "center", "va": "center", "size": SMALL}


def primer(model: Model) -> Figure:
    """Draw what a convolution and a max-pool do with numbers, and the layers of a model one after the other.

    Parameters
    ----------
    model : Model
        Its layers are drawn as blocks: as high as their maps, as wide as their filters are many.

    Returns
    -------
    Figure

    Examples
    --------
    >>> import minixai as mx
    >>> figure = primer(mx.load("shorebirds"))
    """
    figure = Figure((7.2, 5.4), facecolor="white", layout="constrained")
    grid = figure.add_gridspec(2, 1, height_ratios=[1.0, 0.95])
    top, bottom = figure.add_subfigure(grid[0, 0]), figure.add_subfigure(grid[1, 0])
    left, right = top.subplots(1, 2, width_ratios=[1.35, 1])
    draw_convolution(left)
    draw_max_pool(right)
    draw_layers(bottom.subplots(), model)
    return figure


def draw_grid(ax: Axes, numbers: Array, left: float, top: float, marked: tuple[int, int, int] | None = None) -> None:
    """Numbers in cells; a square of them (row, column, side) is marked."""
    for i, j in np.ndindex(numbers.shape):
        inside = marked is not None and 0 <= i - marked[0] < marked[2] and 0 <= j - marked[1] < marked[2]
        box = Rectangle((left + j, top + i), CELL, CELL, facecolor="#fbe3e4" if inside else "white", edgecolor=BORDER)
        ax.add_patch(box)
        ax.text(left + j + 0.5, top + i + 0.52, f"{numbers[i, j]}".replace("-", "−"), **CENTRED)


def canvas(ax: Axes, title: str, across: float, down: float, aspect: Literal["equal", "auto"] = "equal") -> None:
    ax.set(xlim=(-0.1, across), ylim=(down, -0.1), aspect=aspect, anchor="N")
    ax.set_axis_off()
    ax.set_title(title, fontproperties=font(TITLE - 3, bold=True))


def draw_convolution(ax: Axes) -> None:
    """One place of a convolution: the patch under the kernel, multiplied and added up."""
    canvas(ax, "convolution: multiply and add", 15.2, 7.2)
    found = np.array([[(PICTURE[i : i + 3, j : j + 3] * KERNEL).sum() for j in range(3)] for i in range(3)])
    i, j = 1, 1
    draw_grid(ax, PICTURE, 0, 0.6, (i, j, 3))
    draw_grid(ax, KERNEL, 6.3, 1.6)
    draw_grid(ax, found, 11.3, 1.6, (i, j, 1))
    for x, sign in ((5.65, "∗"), (10.3, "→")):
        ax.text(x, 3.1, sign, ha="center", va="center", size=14)
    for x, words in ((2.5, "image"), (7.8, "kernel"), (12.8, "activation map")):
        ax.text(x, 6.4, words, **CENTRED)


def draw_max_pool(ax: Axes) -> None:
    """Every square of 2 × 2 becomes its largest entry."""
    canvas(ax, "max-pool: keep the largest", 9.2, 7.6)
    draw_grid(ax, ENTRIES, 0, 1.0, (0, 2, 2))
    draw_grid(ax, ENTRIES.reshape(2, 2, 2, 2).max(axis=(1, 3)), 6.4, 2.0, (0, 1, 1))
    ax.text(5.2, 3.0, "→", ha="center", va="center", size=14)
    for x, words in ((2.0, "4 × 4"), (7.4, "2 × 2")):
        ax.text(x, 6.4, words, **CENTRED)


def draw_layers(ax: Axes, model: Model) -> None:
    """The layers as blocks: their height is that of their maps, their width how many maps there are."""
    entries = [entry for entry in model.layers if len(entry.shape) in (1, 3) and "drop" not in entry.name]
    high = max(entry.shape[0] for entry in entries if len(entry.shape) == 3)
    blocks: list[tuple[Any, float, float, float]] = []
    x = 0.0
    for entry in entries:
        maps = len(entry.shape) == 3
        tall = 30.0 * entry.shape[0] / high if maps else 30.0 * min(1.0, entry.shape[0] / 64)
        wide = 1.5 + entry.shape[-1] / 16 if maps else 1.5
        blocks.append((entry, x, wide, tall))
        x += max(wide, 4.2) + 2.6
    canvas(ax, "a whole network: convolutions, max-pools, and one score for each class", x, 60, "auto")
    for entry, at, wide, tall in blocks:
        colour = "#d9c7e6" if "conv" in entry.name else "#cfe0f3" if "pool" in entry.name else "#e7e9ec"
        ax.add_patch(Rectangle((at, 20 - tall / 2), wide, tall, facecolor=colour, edgecolor=QUIET, linewidth=0.8))
        place, filters = " × ".join(map(str, entry.shape[:-1])), f"× {entry.shape[-1]}" if len(entry.shape) == 3 else ""
        words = "\n".join([entry.name, place or str(entry.shape[-1]), filters])
        ax.text(at + wide / 2, 38, words, size=SMALL, ha="center", va="top", linespacing=1.4)

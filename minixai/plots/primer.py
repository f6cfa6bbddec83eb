"""A first picture of convolutional networks: a convolution, a max-pool, and the layers of a network."""

from typing import Any, Literal, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from minixai.arrays import Array
from minixai.model import Model
from minixai.plots.colours import BORDER, QUIET
from minixai.plots.text import TITLE_SIZE, font_properties

IMAGE = np.array([[0, 0, 0, 0, 1], [0, 1, 0, 1, 0], [0, 0, 1, 0, 0], [0, 0, 0, 1, 0], [1, 0, 0, 0, 1]])
KERNEL = np.array([[2, -1, -1], [-1, 2, -1], [-1, -1, 2]])
POOLED_IMAGE = np.array([[1, 3, 0, 2], [0, 2, 5, 1], [4, 0, 1, 1], [2, 1, 0, 3]])
FONT_SIZE = 8.0  # points
CENTRED: Any = {"ha": "center", "va": "center", "size": FONT_SIZE}


class Square(NamedTuple):
    """A square of cells in a grid: the row and column of its first cell, and its side."""

    row: int
    column: int
    side: int


def primer(model: Model) -> Figure:
    """Draw what a convolution and a max-pool do with numbers, and the layers of a model one after the other.

    Parameters
    ----------
    model : Model
        Its layers are drawn as blocks: their height is that of their maps, and the more filters, the wider.

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


def draw_grid(ax: Axes, numbers: Array, left: float, top: float, marked: Square | None = None) -> None:
    """Write numbers (H, W) in cells of side 1, with a square of cells in colour."""
    for i, j in np.ndindex(numbers.shape):
        inside = marked is not None and 0 <= i - marked.row < marked.side and 0 <= j - marked.column < marked.side
        box = Rectangle((left + j, top + i), 1, 1, facecolor="#fbe3e4" if inside else "white", edgecolor=BORDER)
        ax.add_patch(box)
        ax.text(left + j + 0.5, top + i + 0.52, f"{numbers[i, j]}".replace("-", "−"), **CENTRED)


def set_up_axes(ax: Axes, title: str, width: float, height: float, aspect: Literal["equal", "auto"] = "equal") -> None:
    """Give the Axes a title, no ticks, and the origin at the upper left."""
    ax.set(xlim=(-0.1, width), ylim=(height, -0.1), aspect=aspect, anchor="N")
    ax.set_axis_off()
    ax.set_title(title, fontproperties=font_properties(TITLE_SIZE - 3, bold=True))


def draw_convolution(ax: Axes) -> None:
    """Draw an image, a kernel and the map of their convolution, with one entry of the map and its patch marked."""
    set_up_axes(ax, "convolution: multiply and add", 15.2, 7.2)
    feature_map = np.array([[(IMAGE[i : i + 3, j : j + 3] * KERNEL).sum() for j in range(3)] for i in range(3)])
    draw_grid(ax, IMAGE, 0, 0.6, Square(1, 1, 3))
    draw_grid(ax, KERNEL, 6.3, 1.6)
    draw_grid(ax, feature_map, 11.3, 1.6, Square(1, 1, 1))
    for x, sign in ((5.65, "∗"), (10.3, "→")):
        ax.text(x, 3.1, sign, ha="center", va="center", size=14)
    for x, words in ((2.5, "image"), (7.8, "kernel"), (12.8, "activation map")):
        ax.text(x, 6.4, words, **CENTRED)


def draw_max_pool(ax: Axes) -> None:
    """Draw how every square of 2 × 2 entries becomes its largest entry."""
    set_up_axes(ax, "max-pool: keep the largest", 9.2, 7.6)
    draw_grid(ax, POOLED_IMAGE, 0, 1.0, Square(0, 2, 2))
    draw_grid(ax, POOLED_IMAGE.reshape(2, 2, 2, 2).max(axis=(1, 3)), 6.4, 2.0, Square(0, 1, 1))
    ax.text(5.2, 3.0, "→", ha="center", va="center", size=14)
    for x, words in ((2.0, "4 × 4"), (7.4, "2 × 2")):
        ax.text(x, 6.4, words, **CENTRED)


def draw_layers(ax: Axes, model: Model) -> None:
    """Draw the layers as blocks: the height shows the size of the maps, the width how many maps there are."""
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
    set_up_axes(ax, "a whole network: convolutions, max-pools, and one score for each class", x, 60, "auto")
    for entry, at, wide, tall in blocks:
        colour = "#d9c7e6" if "conv" in entry.name else "#cfe0f3" if "pool" in entry.name else "#e7e9ec"
        ax.add_patch(Rectangle((at, 20 - tall / 2), wide, tall, facecolor=colour, edgecolor=QUIET, linewidth=0.8))
        place, filters = " × ".join(map(str, entry.shape[:-1])), f"× {entry.shape[-1]}" if len(entry.shape) == 3 else ""
        words = "\n".join([entry.name, place or str(entry.shape[-1]), filters])
        ax.text(at + wide / 2, 38, words, size=FONT_SIZE, ha="center", va="top", linespacing=1.4)

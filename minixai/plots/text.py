"""Text before it is drawn: short numbers, and how much room they need.  Lengths are inches, sizes points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from minixai.arrays import Array
from minixai.text import printable

FAMILY = "DejaVu Sans"  # comes with matplotlib and has every sign used here
LEADING = 1.45  # height of a line of text, in sizes
DPI = 144
TITLE = 13.0  # points
TIED = "\N{NO-BREAK SPACE}"
PRINTED = 6  # entries of an array that are written out


def number(x: float, digits: int = 3) -> str:
    """So many significant digits, with a real minus sign; whole numbers below 100000 as they are.

    >>> [number(x) for x in (-0.0, 2 / 3, -12, 31415.9, 1e-7)], number(-12.3, digits=1)
    (['0', '0.667', '−12', '31416', '1e−7'], '−12')
    """
    text = f"{x:.0f}" if 10**digits <= abs(x) < 1e5 else f"{x + 0.0:.{digits}g}"
    return text.replace("e+0", "e").replace("e+", "e").replace("e-0", "e-").replace("-", "−").replace("inf", "∞")


def numbers(values: Array) -> str:
    """One number, a few in brackets, or the shape of many; an axis of length 1 shows no brackets.

    >>> import numpy as np
    >>> numbers(np.array([[0.5, 0.25]])), numbers(np.zeros((1, 3, 4)))
    ('(0.5, 0.25)', 'array (1, 3, 4)')
    """
    return nested_text(values.squeeze()) if values.size <= PRINTED else f"array {values.shape}"


def nested_text(values: Array) -> str:
    return f"({', '.join(map(nested_text, values))})" if values.ndim else number(float(values))


def shorten(text: str, length: int) -> str:
    """At most `length` characters.

    >>> shorten("block3_conv1", 8)
    'block3_…'
    """
    return text if len(text) <= length else text[: length - 1] + "…"


def width(text: str, size: float, bold: bool = False) -> float:
    """How long one line of text will be."""
    points, _, _ = text_to_path.get_text_width_height_descent(text, font(size, bold), ismath=False)
    return float(points) / 72


@dataclass(frozen=True)
class Line:
    """One line of text as it will be written."""

    text: str
    size: float
    color: str = "black"
    bold: bool = False

    @property
    def width(self) -> float:
        return width(self.text, self.size, self.bold)

    @property
    def height(self) -> float:
        return LEADING * self.size / 72

    def wrap(self, limit: float) -> list[Line]:
        """Lines no longer than `limit`, broken between words; a word that is too long is shortened."""
        lines = [replace(self, text="")]
        for word in printable(self.text).split(" "):
            longer = replace(self, text=f"{lines[-1].text} {word}".lstrip())
            if longer.width <= limit:
                lines[-1] = longer
            else:
                lines.append(replace(self, text=word).fit(limit))
        return [line for line in lines if line.text]

    def fit(self, limit: float) -> Line:
        """As much of it as has room."""
        shorter = (replace(self, text=shorten(self.text, n)) for n in range(len(self.text), 0, -1))
        return next((line for line in shorter if line.width <= limit), replace(self, text="…"))


def stack_height(lines: Sequence[Line]) -> float:
    """How high lines stand above each other."""
    return sum(line.height for line in lines)


def font(size: float, bold: bool = False) -> FontProperties:
    return FontProperties(family=FAMILY, size=size, weight="bold" if bold else "normal")


def write(page: Axes, x: float, top: float, lines: Sequence[Line], align: str = "center") -> None:
    """Lines beneath each other on a page measured in inches from its upper left corner."""
    for i, line in enumerate(lines):
        y = top + stack_height(lines[:i]) + 0.73 * line.height
        text = page.text(x, y, line.text, color=line.color, ha=align, va="baseline", parse_math=False)
        text.set_fontproperties(font(line.size, line.bold))


def blank_page(across: float, down: float) -> tuple[Figure, Axes]:
    """A figure with one invisible set of axes over all of it: inches, from the top left corner."""
    figure = Figure(figsize=(across, down), dpi=DPI, facecolor="white")
    page = figure.add_axes((0, 0, 1, 1), xlim=(0, across), ylim=(down, 0))
    page.set_axis_off()
    return figure, page

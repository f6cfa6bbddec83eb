"""Text before it is drawn: short numbers, and how much room they need.  Lengths are inches, font sizes points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from minixai.arrays import Array
from minixai.text import printable, truncate

FAMILY = "DejaVu Sans"  # comes with matplotlib and has every sign used here
LEADING = 1.45  # height of a line of text, in font sizes
DPI = 144
TITLE_SIZE = 13.0  # points
NBSP = "\N{NO-BREAK SPACE}"
MAX_PRINTED = 6  # a larger array is shown as its shape


def short_number(x: float, digits: int = 3) -> str:
    """Format a number to so many significant digits, with a real minus sign; integers below 100000 are exact.

    >>> [short_number(x) for x in (-0.0, 2 / 3, -12, 31415.9, 1e-7)], short_number(-12.3, digits=1)
    (['0', '0.667', '−12', '31416', '1e−7'], '−12')
    """
    text = f"{x:.0f}" if 10**digits <= abs(x) < 1e5 else f"{x + 0.0:.{digits}g}"
    return text.replace("e+0", "e").replace("e+", "e").replace("e-0", "e-").replace("-", "−").replace("inf", "∞")


def short_numbers(values: Array) -> str:
    """Format an array: one number, a few in brackets, or only the shape; an axis of length 1 shows no brackets.

    >>> import numpy as np
    >>> short_numbers(np.array([[0.5, 0.25]])), short_numbers(np.zeros((1, 3, 4)))
    ('(0.5, 0.25)', 'array (1, 3, 4)')
    """
    return nested_numbers(values.squeeze()) if values.size <= MAX_PRINTED else f"array {values.shape}"


def nested_numbers(values: Array) -> str:
    """Format every entry of an array, with a pair of brackets for each axis."""
    return f"({', '.join(map(nested_numbers, values))})" if values.ndim else short_number(float(values))


def text_width(text: str, font_size: float, bold: bool = False) -> float:
    """The width in inches of one line of text."""
    points, _, _ = text_to_path.get_text_width_height_descent(text, font_properties(font_size, bold), ismath=False)
    return float(points) / 72


@dataclass(frozen=True)
class Line:
    """One line of text with its font size in points."""

    text: str
    font_size: float
    color: str = "black"
    bold: bool = False

    @property
    def width(self) -> float:
        """The width in inches."""
        return text_width(self.text, self.font_size, self.bold)

    @property
    def height(self) -> float:
        """The height in inches, with the space to the next line."""
        return LEADING * self.font_size / 72

    def wrap(self, max_width: float) -> list[Line]:
        """Break the line between words so that each part fits the width; a word that is too long is cut short."""
        lines = [replace(self, text="")]
        for word in printable(self.text).split(" "):
            longer = replace(self, text=f"{lines[-1].text} {word}".lstrip())
            if longer.width <= max_width:
                lines[-1] = longer
            else:
                lines.append(replace(self, text=word).cut_to(max_width))
        return [line for line in lines if line.text]

    def cut_to(self, max_width: float) -> Line:
        """Cut the end of the text off until the line fits the width."""
        shorter = (replace(self, text=truncate(self.text, n)) for n in range(len(self.text), 0, -1))
        return next((line for line in shorter if line.width <= max_width), replace(self, text="…"))


def total_height(lines: Sequence[Line]) -> float:
    """The height in inches of lines below one another."""
    return sum(line.height for line in lines)


def font_properties(font_size: float, bold: bool = False) -> FontProperties:
    """The font of every figure, in a size in points."""
    return FontProperties(family=FAMILY, size=font_size, weight="bold" if bold else "normal")


def write_lines(page: Axes, x: float, top: float, lines: Sequence[Line], align: str = "center") -> None:
    """Write lines below one another, from y = top downwards, on a page of `blank_page`."""
    for i, line in enumerate(lines):
        y = top + total_height(lines[:i]) + 0.73 * line.height
        text = page.text(x, y, line.text, color=line.color, ha=align, va="baseline", parse_math=False)
        text.set_fontproperties(font_properties(line.font_size, line.bold))


def blank_page(width: float, height: float) -> tuple[Figure, Axes]:
    """Make a figure with one invisible Axes over all of it: its unit is an inch, its origin the upper left corner."""
    figure = Figure(figsize=(width, height), dpi=DPI, facecolor="white")
    page = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
    page.set_axis_off()
    return figure, page

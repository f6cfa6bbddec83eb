"""Where a command writes: refused before the work if it cannot be, and never left half-written."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from minixai.files import whole

if TYPE_CHECKING:  # matplotlib takes a while to load, so only the commands that draw load it
    from matplotlib.figure import Figure


STACKED_DPI = 125  # of figures that become one picture: their smallest text is 14 pixels high


class Abandoned(Exception):
    """A file that was begun only to see whether it can be."""


def place(out: str | None, suffixes: Sequence[str], inputs: Iterable[str | None] = (), default: str = "") -> Path:
    """The path of a file that can be written, has one of these suffixes, and is none of the inputs.

    out    what --out was given, None if it was not: then it is the default

    Raises ValueError if there can be no such file.
    """
    text = default if out is None else out
    path = Path(text)
    if os.path.isdir(path):
        raise ValueError(f"--out {text!r} is a folder: give a file in it, {str(path / ('name' + suffixes[0]))!r}")
    if path.suffix.lower() not in suffixes:
        raise ValueError(f"--out {text!r} has an unknown ending: give a file that ends in {' or '.join(suffixes)}")
    if any(given and same_file(path, given) for given in inputs):
        raise ValueError(f"--out {text!r} would overwrite the image that was given: choose another name")
    with suppress(Abandoned), whole(path):
        raise Abandoned
    return path


def same_file(a: str | Path, b: str | Path) -> bool:
    """Whether both are names of one file that is there."""
    return os.path.exists(a) and os.path.exists(b) and os.path.samefile(a, b)


def save(figure: Figure, path: Path) -> None:
    """Write a figure in the format that the path ends in."""
    with whole(path) as file:
        figure.savefig(file, format=path.suffix[1:].lower())


def save_stacked(rows: Iterable[Sequence[Sequence[Figure]]], path: Path) -> None:
    """Write figures as one PNG on white: rows of columns of figures."""
    lines = [
        joined([joined([pixels(figure) for figure in column], across=False) for column in row], across=True)
        for row in rows
    ]
    page = joined(lines, across=False)
    with whole(path) as file:
        page.save(file, "PNG")


def joined(pictures: Sequence[Image.Image], across: bool) -> Image.Image:
    """The pictures side by side, or beneath each other, each centred on white."""
    widths, heights = [each.width for each in pictures], [each.height for each in pictures]
    size = (sum(widths), max(heights)) if across else (max(widths), sum(heights))
    page = Image.new("RGB", size, "white")
    for i, each in enumerate(pictures):
        place = (sum(widths[:i]), 0) if across else ((page.width - each.width) // 2, sum(heights[:i]))
        page.paste(each, place)
    return page


def pixels(figure: Figure) -> Image.Image:
    """The figure as matplotlib draws it on a screen."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=STACKED_DPI)
    return Image.open(buffer).convert("RGB")

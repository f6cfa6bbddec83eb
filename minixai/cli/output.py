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


def save_stacked(figures: Iterable[Figure], path: Path) -> None:
    """Write figures beneath each other, on white, as one PNG."""
    pictures = list(map(pixels, figures))
    page = Image.new("RGB", (max(p.width for p in pictures), sum(p.height for p in pictures)), "white")
    top = 0
    for each in pictures:
        page.paste(each, ((page.width - each.width) // 2, top))
        top += each.height
    with whole(path) as file:
        page.save(file, "PNG")


def pixels(figure: Figure) -> Image.Image:
    """The figure as matplotlib draws it on a screen."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png")
    return Image.open(buffer).convert("RGB")

"""Where a command writes: refused before the work if it cannot be written, and never left half-written."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from PIL import Image, PngImagePlugin

from minixai import interrupts
from minixai.arrays import Array
from minixai.files import atomic_write
from minixai.text import quoted

if TYPE_CHECKING:  # matplotlib takes a while to load, so only the commands that draw load it
    from matplotlib.figure import Figure

SOFTWARE = "minixai"
"""What a PNG of a command says has made it, so that no command takes it for an input."""
LONGEST_NAME = 200
"""Letters of a file's name that every disk takes, with what is added while the file is written."""
FIELDS = {"png": "Software", "pdf": "Creator", "svg": "Creator"}
STACKED_DPI = 125
"""Of figures that become one picture: their smallest text is 14 pixels high."""


class ProbeFinished(Exception):
    """Raised to abort a write that only finds out whether the file can be written."""


def output_path(
    out: str, suffixes: Sequence[str], inputs: Iterable[str | None] = (), folder: str | None = None
) -> Path:
    """Return the path of a file that can be written, has one of these suffixes, and is none of the inputs.

    Parameters
    ----------
    out : str
        What --out was given, or its default.
    suffixes : sequence of str
        How the file may end.
    inputs : iterable of str or None
        Files that the command reads.
    folder : str, optional
        A folder whose images it reads.

    Raises
    ------
    ValueError
        If there can be no such file.
    """
    path = Path(out)
    if len(path.name) > LONGEST_NAME:
        raise ValueError(f"cannot write {quoted(path)}, its name is too long: give one of up to {LONGEST_NAME} letters")
    if os.path.isdir(path):
        raise ValueError(f"--out {quoted(path)} is a folder: give a file in it, {str(path / ('name' + suffixes[0]))!r}")
    if path.suffix.lower() not in suffixes:
        raise ValueError(
            f"--out {quoted(path)} has an unknown ending: give a file that ends in {' or '.join(suffixes)}"
        )
    if any(given and same_file(path, given) for given in inputs):
        raise ValueError(f"--out {quoted(path)} would overwrite a file that was given: choose another name")
    if folder is not None and path.exists() and same_file(path.parent, folder) and not is_own_picture(path):
        raise ValueError(f"--out {quoted(path)} would overwrite a file of --background: choose another name")
    with suppress(ProbeFinished), atomic_write(path):
        raise ProbeFinished
    return path


def output_folder(out: str) -> Path:
    """Return a folder for figures, which is there already or can be made.  Raises ValueError if there can be none."""
    path = Path(out)
    nearest = next(each for each in (path, *path.absolute().parents) if each.exists())
    if not nearest.is_dir():
        raise ValueError(
            f"--out {quoted(path)} cannot be a folder, {quoted(nearest)} is none: give a folder for the figures"
        )
    try:
        with tempfile.TemporaryFile(dir=nearest):
            return path
    except OSError as problem:
        raise ValueError(
            f"cannot write into {quoted(nearest)} ({problem.strerror}): give another folder for the figures"
        ) from None


def same_file(a: str | Path, b: str | Path) -> bool:
    """Return whether both are names of one file that is there."""
    return os.path.exists(a) and os.path.exists(b) and os.path.samefile(a, b)


def is_own_picture(path: Path) -> bool:
    """Return whether a command of minixai has drawn this PNG."""
    try:
        with Image.open(path, formats=["PNG"]) as image:
            return image.info.get("Software") == SOFTWARE
    except Exception:  # a foreign or damaged file can make Pillow fail in any way
        return False


@contextmanager
def drawing() -> Iterator[ModuleType]:
    """Load `minixai.plots` and draw with matplotlib's own settings.

    A user's matplotlibrc may ask for LaTeX, say, which is not there or takes minutes; it stays as it is for others.
    """
    log = logging.getLogger("matplotlib")
    level = log.level
    log.setLevel(logging.ERROR)  # that a folder for its cache cannot be written is no matter of ours
    try:
        with interrupts.Loading():
            import matplotlib

            from minixai import plots
    except Exception as problem:  # a damaged matplotlibrc can make it fail in any way
        raise ValueError(
            f"matplotlib cannot be loaded ({type(problem).__name__}, {problem}): "
            "look at matplotlibrc in this folder and in your settings"
        ) from None
    try:
        with matplotlib.rc_context():
            matplotlib.rcdefaults()
            yield plots
    finally:
        log.setLevel(level)


def save(figure: Figure, path: Path) -> None:
    """Write a figure in the format that the path ends in."""
    form = path.suffix[1:].lower()
    with atomic_write(path) as file:
        figure.savefig(file, format=form, metadata={FIELDS[form]: SOFTWARE})


def save_beside_photo(figure: Figure, path: Path, overview: Array | None) -> None:
    """Write a figure, to the left of it the whole photo if the network was shown only a part."""
    if overview is not None:
        from minixai.plots.overview import add_overview

        add_overview(figure, overview, "photo", "the network is shown the framed part")
    save(figure, path)


def save_stacked(rows: Iterable[Sequence[Sequence[Figure]]], path: Path) -> None:
    """Write figures as one PNG on white: rows of columns of figures."""
    lines = [
        join_pictures(
            [join_pictures([render_picture(figure) for figure in column], across=False) for column in row], across=True
        )
        for row in rows
    ]
    page = join_pictures(lines, across=False)
    mark = PngImagePlugin.PngInfo()
    mark.add_text(FIELDS["png"], SOFTWARE)
    with atomic_write(path) as file:
        page.save(file, "PNG", pnginfo=mark)


def join_pictures(pictures: Sequence[Image.Image], across: bool) -> Image.Image:
    """Return the pictures side by side, or beneath each other, each centred on white."""
    widths, heights = [each.width for each in pictures], [each.height for each in pictures]
    size = (sum(widths), max(heights)) if across else (max(widths), sum(heights))
    page = Image.new("RGB", size, "white")
    for i, each in enumerate(pictures):
        place = (sum(widths[:i]), 0) if across else ((page.width - each.width) // 2, sum(heights[:i]))
        page.paste(each, place)
    return page


def render_picture(figure: Figure) -> Image.Image:
    """Return the figure as matplotlib draws it on a screen."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=STACKED_DPI)
    return Image.open(buffer).convert("RGB")

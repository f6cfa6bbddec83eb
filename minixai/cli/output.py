"""Write the files of commands: check before the work that a file can be written, and never leave it half-written."""

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

if TYPE_CHECKING:  # importing matplotlib is slow, so only the commands that draw import it
    from matplotlib.figure import Figure

SOFTWARE = "minixai"
"""The software that pictures name as their maker; PNGs of a background folder that name it are left out."""
LONGEST_NAME = 200
"""Letters in the name of a file: every disk takes as many, even with the suffix that is added during writing."""
FIELDS = {"png": "Software", "pdf": "Creator", "svg": "Creator"}
STACKED_DPI = 125
"""Resolution of figures that are joined to one picture; their smallest text is then 14 pixels high."""


class ProbeFinished(Exception):
    """Raised to abort a write that only finds out whether the file can be written."""


def output_path(
    out: str, suffixes: Sequence[str], inputs: Iterable[str | None] = (), folder: str | None = None
) -> Path:
    """Return `out` as a path, after checking that it can be written, has one of these suffixes, and is no input.

    Parameters
    ----------
    out : str
        The value of --out, or its default.
    suffixes : sequence of str
        The suffixes that the file may have.
    inputs : iterable of str or None
        Files that the command reads.
    folder : str, optional
        A folder whose images the command reads.

    Raises
    ------
    ValueError
        If one of the checks fails.
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
    """Return `out` as the path of a folder for figures.  Raises ValueError unless it exists or can be made."""
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
    """Return whether both paths lead to the same existing file."""
    return os.path.exists(a) and os.path.exists(b) and os.path.samefile(a, b)


def is_own_picture(path: Path) -> bool:
    """Return whether the file is a PNG that a command of minixai drew."""
    try:
        with Image.open(path, formats=["PNG"]) as image:
            return image.info.get("Software") == SOFTWARE
    except Exception:  # Pillow may raise any error for a foreign or damaged file
        return False


@contextmanager
def drawing() -> Iterator[ModuleType]:
    """Import `minixai.plots`, yield it, and use matplotlib's default settings inside the `with` block.

    A user's matplotlibrc is ignored, because it may ask for LaTeX, for example, which may be missing or slow.  The
    user's settings are restored afterwards.
    """
    log = logging.getLogger("matplotlib")
    level = log.level
    log.setLevel(logging.ERROR)  # hide warnings, such as that matplotlib cannot write to its cache folder
    try:
        with interrupts.Loading():
            import matplotlib

            from minixai import plots
    except Exception as problem:  # a damaged matplotlibrc may raise any error
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
    """Write a figure in the format of the path's suffix."""
    form = path.suffix[1:].lower()
    with atomic_write(path) as file:
        figure.savefig(file, format=form, metadata={FIELDS[form]: SOFTWARE})


def save_beside_photo(figure: Figure, path: Path, overview: Array | None) -> None:
    """Write a figure; if there is an overview of the whole photo, because it was cropped, add it on the left."""
    if overview is not None:
        from minixai.plots.overview import add_overview

        add_overview(figure, overview, "photo", "the network is shown the framed part")
    save(figure, path)


def save_stacked(rows: Iterable[Sequence[Sequence[Figure]]], path: Path) -> None:
    """Write figures as one white PNG; each row is a sequence of columns, and each column one of figures."""
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
    """Return one white picture with the pictures side by side at the top or, if not `across`, in a centred column."""
    widths, heights = [each.width for each in pictures], [each.height for each in pictures]
    size = (sum(widths), max(heights)) if across else (max(widths), sum(heights))
    page = Image.new("RGB", size, "white")
    for i, each in enumerate(pictures):
        place = (sum(widths[:i]), 0) if across else ((page.width - each.width) // 2, sum(heights[:i]))
        page.paste(each, place)
    return page


def render_picture(figure: Figure) -> Image.Image:
    """Return the figure as an RGB image, as matplotlib draws it."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=STACKED_DPI)
    return Image.open(buffer).convert("RGB")

"""Image files as a model takes them: what a picture shows, fitted to the model's size.

Pillow opens the file.  Here the picture is turned upright, laid on white, made grey or coloured, cropped and scaled.
A few photos come with minixai, in data/photos/, and are known by their names.
"""

from __future__ import annotations

import os
import stat
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from minixai.files import shipped
from minixai.model import Model
from minixai.text import printable, quoted, shorten
from minixai.validate import check_path, one_of

SHIPPED_PHOTOS = ("cat", "coffee")
SAMPLE = "sample_data/grace_hopper.jpg"  # comes with matplotlib
MODES = {1: "L", 3: "RGB"}
"""Pillow's mode for a number of channels."""
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "ICO", "TGA")
"""The formats that are opened.  Pillow knows others, and some start another program: Ghostscript draws PostScript."""
FITS = ("crop", "pad", "stretch")
"""How a picture of another aspect ratio becomes an image of the model's size."""
BORDER = 0.5
"""Mid-grey, which `fit="pad"` puts around a picture."""
DEPTHS = (1, 8, 10, 12, 14, 16)
"""Bits that a camera or a scanner uses of the 16 that a file has for each value."""
MOST_PIXELS = 89_478_485
"""Pixels of a picture that is decoded as a whole.  Of a baseline JPEG a reduced one is decoded, so it may have more."""
MANY_PIXELS = 4_000_000
"""Pixels from which a picture is reduced by a whole number before anything else is done with it."""
STRIP = 256
"""Rows of a large picture that are reduced at a time, or as many as make one of the result."""
OVERVIEW = 384
"""Pixels along the longer side of the whole picture, where it is shown beside the part that the model gets."""
FRAME = 2
"""Pixels of the frame around that part."""


@dataclass(frozen=True, eq=False)
class Picture:
    """An image file as a model takes it, and what became of the picture on the way.

    Attributes
    ----------
    pixels : ndarray of float32, (H, W, C)
        In [0, 1].
    left_out : float
        The part of the picture's area that was cut off, 0 to 1.
    overview : ndarray of float32, (h, w, C)
        The whole picture, small; what the model gets is framed, and what was cut off is pale.
    notes : tuple of str
        What else a reader of the results must know: frames that were not read, the range of the values.
    """

    pixels: NDArray[np.float32]
    left_out: float
    overview: NDArray[np.float32]
    notes: tuple[str, ...]


def read_images(
    paths: str | PathLike[str] | Sequence[str | PathLike[str]], *, like: Model, fit: str = "crop"
) -> NDArray[np.float32]:
    """Read image files as a model takes them.

    Values of more than 8 bits, and files of several pages or frames, are read with a UserWarning that says what was
    made of them.

    Parameters
    ----------
    paths : path or sequence of paths
        Image files, or names of photos that come with minixai, "cat" and "coffee".
    like : Model
        The model; the images get the height, the width and the channels of its input.
    fit : {"crop", "pad", "stretch"}, default "crop"
        What becomes of a picture with another aspect ratio than the model's.  "crop" takes the largest middle part
        that has the model's aspect ratio, and cuts off the rest: a square model gets two thirds of a 3 : 2 photo,
        and a sixth is cut off on each side.  "pad" keeps all of the picture and adds grey borders.  "stretch" keeps
        all of it and distorts it.

    Returns
    -------
    ndarray of float32, (N, H, W, C)
        One row for each file, in [0, 1], red first; the model itself preprocesses.

    Raises
    ------
    ValueError
        For a file that is missing, damaged, too large, or no picture, and for no paths at all.
    TypeError
        For what is no path, and for a `like` that is no model.

    Examples
    --------
    >>> from minixai.zoo import load
    >>> read_images(["cat", "coffee"], like=load("efficientnet-lite0")).shape
    (2, 224, 224, 3)
    """
    if not isinstance(like, Model):
        raise TypeError(f"like= is the model that the images are for, got {quoted(like)}: load it with mx.load")
    each = [paths] if isinstance(paths, (str, PathLike)) or not isinstance(paths, Iterable) else list(paths)
    for path in each:
        check_path(path, "an image")
    if not each:
        raise ValueError("there are no images to read: give at least one path")
    rows = []
    for path in each:
        picture = read_picture(path, like.input_shape, fit)
        for note in picture.notes:
            warnings.warn(f"{quoted(Path(path))}: {note}", stacklevel=2)
        rows.append(picture.pixels)
    return np.stack(rows)


def find_photo(path: str | PathLike[str]) -> Path:
    """Return the file at this path; if there is none, the shipped photo of this name."""
    there = Path(path)
    return shipped(f"photos/{path}.jpg") if str(path) in SHIPPED_PHOTOS and not os.path.exists(there) else there


def read_image(path: str | PathLike[str], shape: tuple[int, ...], fit: str = "crop") -> NDArray[np.float32]:
    """Return the picture in a file as an array (H, W, C) in [0, 1], fitted to a model's input shape.

    See `read_picture`, which also tells what became of the picture on the way.
    """
    return read_picture(path, shape, fit).pixels


def read_picture(path: str | PathLike[str], shape: tuple[int, ...], fit: str = "crop") -> Picture:
    """Read the picture in a file, fitted to a model's input shape.

    The part that is used is scaled to the model's size, and each pixel is a mean over what it covers; the pixels of a
    picture that has the size already stay as they are.  `read_images` describes `fit`.  Transparent parts become
    white, and colour becomes grey by luminance.  Integers of more than 8 bits are divided by the largest number of
    as many bits as they need (1, 8, 10, 12, 14 or 16); floats range from 0 to 1, or from 0 to 255 if one is above 1.
    Of a file with several pages or frames the first is read.

    Raises
    ------
    ValueError
        For a file that is missing, damaged, too large, or no picture, and for a model that takes no pictures.
    """
    if len(shape) != 3 or shape[2] not in MODES:
        raise ValueError(
            f"a model whose input has the shape {tuple(shape)} takes no image file, only models of (H, W, 1), grey, "
            "and (H, W, 3), colour, do: give it arrays from Python"
        )
    height, width, channels = shape
    one_of(fit, FITS, "fit")
    try:
        place = find_photo(path)
        check_regular(place)
        with open(place, "rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd but harmless things, such as unreadable camera settings
            with Image.open(file, formats=FORMATS) as image:
                picture, notes = decode(image, MODES[channels], 2 * max(height, width))
        values = fit_picture(picture, width, height, fit)
        overview, left_out = draw_overview(picture, width, height, fit)
    except Exception as problem:  # a foreign or damaged file can make Pillow fail in any way
        raise ValueError(f"cannot read {quoted(Path(path))} as an image: {failure_reason(problem)}") from None
    # (H, W) or (H, W, C) -> (H, W, C)
    pixels = np.array(np.broadcast_to(values.reshape(height, width, -1), shape))
    return Picture(pixels, left_out, np.repeat(overview, channels // overview.shape[2], axis=2), notes)


def check_regular(path: Path) -> None:
    """Raise ValueError for a pipe or a device: opening a pipe that nobody writes to never ends."""
    if path.exists() and not path.is_dir() and not stat.S_ISREG(path.stat().st_mode):
        raise ValueError("it is a pipe or a device; save the picture to a file first")


def failure_reason(problem: Exception) -> str:
    """Return why a file could not be read, and what to do."""
    match problem:
        case FileNotFoundError():
            return "there is no such file; check the path"
        case IsADirectoryError():
            return "it is a folder; give a file in it"
        case UnidentifiedImageError():
            return f"it is in no image format that is read here ({', '.join(FORMATS)}); give a PNG or JPEG file"
        case Image.DecompressionBombError():
            return f"it has more than {MOST_PIXELS:,} pixels; make it smaller"
        case MemoryError():
            return "there is not enough memory for it; make it smaller"
        case OSError() if problem.strerror:
            return f"{problem.strerror}; give a file that can be read"
        case ValueError() if "; " in str(problem):
            return str(problem)
    said = printable(shorten(str(problem), 200)) or type(problem).__name__
    return f"{said}; save it again, as PNG or JPEG"


# -- from the file to a picture of 8 bits or of floats ------------------------------------------------


def decode(image: Image.Image, mode: str, side: int) -> tuple[Image.Image, tuple[str, ...]]:
    """Return the picture upright, in this mode, "L" or "RGB", or in "F" from 0 to 1 where it has more than 8 bits.

    A large one is reduced by a whole number, to no less than `side` pixels along its shorter side.  The second value
    tells what a reader must know of it.
    """
    notes = tuple(note for note in (frames_note(image), colour_depth_note(image)) if note)
    if image.format == "JPEG" and not image.info.get("progressive"):
        if image.width * image.height > MANY_PIXELS:
            image.draft(image.mode, (side, side))  # which decodes an eighth, a quarter or half of its resolution
    elif image.width * image.height > MOST_PIXELS:
        raise Image.DecompressionBombError
    image.load()
    turn = image.getexif().get(0x0112)
    top = 255.0
    if image.mode[0] in "IF":
        low, high = float(np.asarray(image).min()), float(np.asarray(image).max())
        top = white_level(low, high, whole=image.mode != "F")
        if image.mode != "F" and top != 65535:
            notes += (f"values up to {high:g} in 16 bits, taken as {bit_depth(high)}-bit: {top:g} is white",)
    picture = reduce_picture(image, mode, top, side)
    if turn is not None:
        picture.getexif()[0x0112] = turn
        picture = ImageOps.exif_transpose(picture)
    return picture, notes


def frames_note(image: Image.Image) -> str:
    """Return what to say of a file with several pages or frames."""
    count = getattr(image, "n_frames", 1)
    return f"the first of {count} pages or frames; the others were not read" if count > 1 else ""


def colour_depth_note(image: Image.Image) -> str:
    """Return what to say of colours of 16 bits, of which Pillow keeps 8."""
    tiles = getattr(image, "tile", None)
    raw = str(tiles[0][3]) if tiles else ""
    return "16 bits for each colour, of which the upper 8 are read" if ";16" in raw and image.mode[0] in "RC" else ""


def reduce_picture(image: Image.Image, mode: str, top: float, side: int) -> Image.Image:
    """Return the picture as `convert_picture` makes it; a large one strip by strip, which takes little memory."""
    factor = min(image.size) // side if image.width * image.height > MANY_PIXELS else 1
    if factor < 2:
        return convert_picture(image, mode, top)
    values = np.asarray(image) if image.mode[0] in "IF" else None  # Pillow cannot crop all of these
    page, rows = None, factor * max(1, STRIP // factor)
    for start in range(0, image.height, rows):
        if values is not None:
            strip = Image.fromarray(values[start : start + rows].astype(np.float32))
        else:
            strip = image.crop((0, start, image.width, min(start + rows, image.height)))
            strip.info = image.info  # which says what is transparent
        part = convert_picture(strip, mode, top).reduce(factor)
        page = page or Image.new(part.mode, (part.width, -(-image.height // factor)))
        page.paste(part, (0, start // factor))
    assert page is not None
    return page


def convert_picture(image: Image.Image, mode: str, top: float) -> Image.Image:
    """Return the picture in this mode, "L" or "RGB"; where it has more than 8 bits, in "F" from 0 to 1."""
    if image.mode[0] in "IF":
        return Image.fromarray(np.asarray(image, np.float32) / np.float32(top))
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    return image.convert("RGB").convert(mode)


def white_level(low: float, high: float, whole: bool) -> float:
    """Return the value that is white, for values of more than 8 bits from `low` to `high`.

    >>> white_level(0, 3900, whole=True), white_level(0, 65535, whole=True), white_level(0, 0.5, whole=False)
    (4095.0, 65535.0, 1.0)
    """
    most = 65535 if whole else 255 if high > 1 else 1
    if not 0 <= low <= high <= most:
        raise ValueError(f"its values go from {low:g} to {high:g}, but those of an image from 0 to {most}")
    return float(2 ** bit_depth(high) - 1) if whole and high > 0 else float(most)


def bit_depth(high: float) -> int:
    """Return how many bits a value needs, of those that cameras and scanners use."""
    return next(bits for bits in DEPTHS if high < 2**bits)


# -- from the picture to the model's size -------------------------------------------------------------


def fit_picture(picture: Image.Image, width: int, height: int, fit: str = "crop") -> NDArray[np.float32]:
    """Return the picture at the right size, (height, width) or (height, width, 3), in [0, 1].

    Resampling is bilinear, which unlike Lanczos never goes beyond the values that are there: no halo to be explained.
    """
    if fit == "stretch":
        return resize_picture(picture, width, height)
    if fit == "pad":
        shrink = max(picture.width / width, picture.height / height)
        wide, high = (max(1, round(side / shrink)) for side in picture.size)
        whole = resize_picture(picture, wide, high)
        spare = height - high, width - wide
        borders = [*((n // 2, n - n // 2) for n in spare), (0, 0)]
        return np.pad(whole, borders[: whole.ndim], constant_values=np.float32(BORDER))
    return resize_picture(picture, width, height, crop_box(picture, width, height))


def crop_box(picture: Image.Image, width: int, height: int) -> tuple[float, float, float, float]:
    """Return the largest middle part with this aspect ratio: (left, top, right, bottom)."""
    scale = min(picture.width / width, picture.height / height)
    left, right = centred_interval(picture.width, width * scale, whole=scale == 1)
    top, bottom = centred_interval(picture.height, height * scale, whole=scale == 1)
    return left, top, right, bottom


def draw_overview(picture: Image.Image, width: int, height: int, fit: str) -> tuple[NDArray[np.float32], float]:
    """Return `Picture.overview`, (h, w, 1 or 3), and `Picture.left_out`."""
    scale = min(1.0, OVERVIEW / max(picture.size))
    wide, high = (max(1, round(side * scale)) for side in picture.size)
    overview = resize_picture(picture, wide, high).reshape(high, wide, -1)
    if fit != "crop":
        return overview, 0.0
    left, top, right, bottom = crop_box(picture, width, height)
    used = (right - left) * (bottom - top) / (picture.width * picture.height)
    across, down = wide / picture.width, high / picture.height
    rows, columns = (round(top * down), round(bottom * down)), (round(left * across), round(right * across))
    pale = np.float32(1) - (np.float32(1) - overview) / np.float32(4)
    pale[slice(*rows), slice(*columns)] = 0  # the frame
    inside = tuple(slice(start + FRAME, max(end - FRAME, start + FRAME)) for start, end in (rows, columns))
    pale[inside] = overview[inside]
    return (pale if used < 1 else overview), 1 - used


def resize_picture(
    picture: Image.Image, width: int, height: int, box: tuple[float, float, float, float] | None = None
) -> NDArray[np.float32]:
    """Return a part of the picture, by default all of it, at another size, in [0, 1]."""
    part = picture.resize((width, height), Image.Resampling.BILINEAR, box)
    return np.asarray(part, np.float32) / np.float32(1 if part.mode == "F" else 255)


def centred_interval(room: int, length: float, whole: bool) -> tuple[float, float]:
    """Return where the middle part of this length begins and ends, in whole pixels or exactly.

    >>> centred_interval(9, 4, whole=True), centred_interval(9, 4, whole=False)
    ((2, 6), (2.5, 6.5))
    """
    start = int(room - length) // 2 if whole else max((room - length) / 2, 0)
    return start, min(start + length, room)


def sample_photo() -> Path:
    """Return a photo that is there wherever minixai is: the one that comes with matplotlib."""
    from matplotlib import get_data_path  # matplotlib takes a while to load

    return Path(get_data_path()) / SAMPLE

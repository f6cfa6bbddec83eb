"""Read image files as arrays that fit the input of a model.

Pillow decodes a file.  The picture is then turned upright, laid on white, converted to grey or colour, cropped and
scaled.  A few photos in data/photos/ come with minixai and can be read by their names.
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
"""The ways to fit a picture of another aspect ratio to the model's size."""
BORDER = 0.5
"""Mid-grey, which `fit="pad"` puts around a picture."""
DEPTHS = (1, 8, 10, 12, 14, 16)
"""The numbers of bits that cameras and scanners use of the 16 that a file has for each value."""
MOST_PIXELS = 89_478_485
"""The most pixels that a picture may have.  A baseline JPEG may have more, since it is decoded at reduced size."""
MANY_PIXELS = 4_000_000
"""A picture with more pixels is first reduced by a whole factor."""
STRIP = 256
"""Rows of a large picture that are reduced at a time; more if one row of the result needs more."""
OVERVIEW = 384
"""Length in pixels of the longer side of `Picture.overview`, at most."""
FRAME = 2
"""Width in pixels of the frame that `Picture.overview` shows around the part that the model gets."""


@dataclass(frozen=True, eq=False)
class Picture:
    """The picture in an image file, fitted to a model, and how it was changed for this.

    Attributes
    ----------
    pixels : ndarray of float32, (H, W, C)
        The input of the model, in [0, 1].
    left_out : float
        The share of the picture's area that was cut off, 0 to 1.
    overview : ndarray of float32, (h, w, C)
        The whole picture, reduced.  If it was cropped, the part that the model gets is framed, and the rest is pale.
    notes : tuple of str
        Other facts that the user must know, such as frames that were not read, or the range of the values.
    """

    pixels: NDArray[np.float32]
    left_out: float
    overview: NDArray[np.float32]
    notes: tuple[str, ...]


def read_images(
    paths: str | PathLike[str] | Sequence[str | PathLike[str]], *, like: Model, fit: str = "crop"
) -> NDArray[np.float32]:
    """Read image files as an array that fits the input of a model.

    A UserWarning says how values of 16 bits, and files of several pages or frames, were read.

    Parameters
    ----------
    paths : path or sequence of paths
        Image files, or names of photos that come with minixai, "cat" and "coffee".
    like : Model
        The model; the images get the height, the width and the channels of its input.
    fit : {"crop", "pad", "stretch"}, default "crop"
        How a picture whose aspect ratio is not the model's is fitted.  "crop" takes the largest middle part
        that has the model's aspect ratio, and cuts off the rest: a square model gets two thirds of a 3 : 2 photo,
        and a sixth is cut off on each side.  "pad" keeps all of the picture and adds grey borders.  "stretch" keeps
        all of it and distorts it.

    Returns
    -------
    ndarray of float32, (N, H, W, C)
        One image for each file, in [0, 1], red first.  The model applies its preprocessing itself.

    Raises
    ------
    ValueError
        For a file that is missing, damaged, too large, or no picture, and for no paths at all.
    TypeError
        If a path is not a path, or `like` is not a model.

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

    `read_picture` returns more about it.
    """
    return read_picture(path, shape, fit).pixels


def read_picture(path: str | PathLike[str], shape: tuple[int, ...], fit: str = "crop") -> Picture:
    """Read the picture in a file, fitted to a model's input shape.

    The part that is used is scaled to the model's size; on reduction each pixel is a mean over the area that it covers.
    A picture that already has this size keeps its pixels.  `read_images` describes `fit`.  Transparent parts become
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
    """Return (the picture, notes for the user).

    The picture is upright and in this mode, "L" or "RGB", or in "F" from 0 to 1 if it has more than 8 bits.  A large
    picture is reduced by a whole factor, to no less than `side` pixels along its shorter side.
    """
    notes = tuple(note for note in (frames_note(image), colour_depth_note(image)) if note)
    if image.format == "JPEG" and not image.info.get("progressive"):
        if image.width * image.height > MANY_PIXELS:
            image.draft(image.mode, (side, side))  # decodes at an eighth, a quarter or half of the resolution
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
    """Return a note for the user if the file has several pages or frames; otherwise ""."""
    count = getattr(image, "n_frames", 1)
    return f"the first of {count} pages or frames; the others were not read" if count > 1 else ""


def colour_depth_note(image: Image.Image) -> str:
    """Return a note for the user if the colours have 16 bits, of which Pillow keeps 8; otherwise ""."""
    tiles = getattr(image, "tile", None)
    raw = str(tiles[0][3]) if tiles else ""
    return "16 bits for each colour, of which the upper 8 are read" if ";16" in raw and image.mode[0] in "RC" else ""


def reduce_picture(image: Image.Image, mode: str, top: float, side: int) -> Image.Image:
    """Return the picture as from `convert_picture`; a large one is also reduced, in strips, which saves memory."""
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
            strip.info = image.info  # it says which colour is transparent
        part = convert_picture(strip, mode, top).reduce(factor)
        page = page or Image.new(part.mode, (part.width, -(-image.height // factor)))
        page.paste(part, (0, start // factor))
    assert page is not None
    return page


def convert_picture(image: Image.Image, mode: str, top: float) -> Image.Image:
    """Return the picture in this mode, "L" or "RGB", or in "F" from 0 to 1 if it has more than 8 bits."""
    if image.mode[0] in "IF":
        return Image.fromarray(np.asarray(image, np.float32) / np.float32(top))
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    return image.convert("RGB").convert(mode)


def white_level(low: float, high: float, whole: bool) -> float:
    """Return the value that stands for white in a picture of more than 8 bits with values from `low` to `high`.

    >>> white_level(0, 3900, whole=True), white_level(0, 65535, whole=True), white_level(0, 0.5, whole=False)
    (4095.0, 65535.0, 1.0)
    """
    most = 65535 if whole else 255 if high > 1 else 1
    if not 0 <= low <= high <= most:
        raise ValueError(f"its values go from {low:g} to {high:g}, but those of an image from 0 to {most}")
    return float(2 ** bit_depth(high) - 1) if whole and high > 0 else float(most)


def bit_depth(high: float) -> int:
    """Return the smallest of DEPTHS that is enough bits for a value."""
    return next(bits for bits in DEPTHS if high < 2**bits)


# -- from the picture to the model's size -------------------------------------------------------------


def fit_picture(picture: Image.Image, width: int, height: int, fit: str = "crop") -> NDArray[np.float32]:
    """Return the picture at the right size, (height, width) or (height, width, 3), in [0, 1].

    Resampling is bilinear: unlike Lanczos it never exceeds the range of the values, so it adds no halos.
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
    """Return the start and the end of the middle part of this length, in whole pixels or exactly.

    >>> centred_interval(9, 4, whole=True), centred_interval(9, 4, whole=False)
    ((2, 6), (2.5, 6.5))
    """
    start = int(room - length) // 2 if whole else max((room - length) / 2, 0)
    return start, min(start + length, room)


def sample_photo() -> Path:
    """Return the path of the photo that comes with matplotlib."""
    from matplotlib import get_data_path  # matplotlib takes a while to load

    return Path(get_data_path()) / SAMPLE

"""Image files as a model takes them: what a picture shows, fitted to the model's size without distorting it.

Pillow opens the file; here it is turned upright, laid on white, made grey or coloured, cropped and scaled.
A few photos come with minixai, in data/photos/, and are known by their names.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from minixai.files import shipped
from minixai.model import Model
from minixai.validate import one_of

SHIPPED_PHOTOS = ("cat", "coffee")
SAMPLE = "sample_data/grace_hopper.jpg"  # comes with matplotlib
MODES = {1: "L", 3: "RGB"}
"""Pillow's mode for a number of channels."""
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "ICO", "TGA")
"""What is opened.  Pillow knows others, of which some start another program: Ghostscript draws PostScript."""
FITS = ("crop", "pad", "stretch")
"""How a picture of another aspect ratio becomes an image of the model's size."""
BORDER = 0.5
"""What `fit="pad"` puts around a picture: mid-grey."""


def read_images(
    paths: str | PathLike[str] | Sequence[str | PathLike[str]], *, like: Model, fit: str = "crop"
) -> NDArray[np.float32]:
    """Read image files as a model takes them.

    Parameters
    ----------
    paths : path or sequence of paths
        Image files, or names of photos that come with minixai, "cat" and "coffee".
    like : Model
        The model; the images get the height, the width and the channels of its input.
    fit : {"crop", "pad", "stretch"}, default "crop"
        What becomes of a picture with another aspect ratio than the model's.  "crop" takes the largest middle part
        that has the model's, and cuts off what is left and right of it, or above and below: of a photo 3 : 2 for a
        square model a third, a sixth on each side.  "pad" keeps all of it and fills the rest with grey borders.
        "stretch" keeps all of it and distorts it.

    Returns
    -------
    ndarray of float32, (N, H, W, C)
        One row for each file, in [0, 1], red first; the model itself preprocesses.

    Raises
    ------
    ValueError
        In one sentence, for a file that is missing, damaged, too large, or no picture, and for no paths at all.

    Examples
    --------
    >>> from minixai.zoo import load
    >>> read_images(["cat", "coffee"], like=load("efficientnet-lite0")).shape
    (2, 224, 224, 3)
    """
    each = [paths] if isinstance(paths, str | PathLike) else list(paths)
    if not each:
        raise ValueError("there are no images to read: give at least one path")
    return np.stack([read_image(path, like.input_shape, fit) for path in each])


def find_photo(path: str | PathLike[str]) -> Path:
    """The file at this path; if there is none, the shipped photo of this name."""
    there = Path(path)
    return shipped(f"photos/{path}.jpg") if str(path) in SHIPPED_PHOTOS and not there.exists() else there


def read_image(path: str | PathLike[str], shape: tuple[int, ...], fit: str = "crop") -> NDArray[np.float32]:
    """Return the picture in a file as an array (H, W, C) in [0, 1], fitted to a model's input shape.

    The largest middle part with the model's aspect ratio is scaled to its size, each pixel a mean over
    what it covers; pixels of a picture that is as large already are taken as they are.  What else `fit` can be is
    told in `read_images`.  Of an animation
    it is the first frame; transparent parts are white; colour becomes grey by luminance.  Integers of
    more than 8 bits are divided by 65535; floats are taken from 0 to 1, or if any is larger from 0 to 255.

    Raises ValueError, in one sentence, for a file that is missing, damaged, too large, or no picture.
    """
    if len(shape) != 3 or shape[2] not in MODES:
        raise ValueError(
            f"a model whose input has the shape {tuple(shape)} takes no image file: only (H, W, 1), grey, "
            "and (H, W, 3), colour, do; give it arrays from Python"
        )
    height, width, channels = shape
    one_of(fit, FITS, "fit")
    try:
        with open(find_photo(path), "rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is odd but harmless, such as unreadable camera settings
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file, formats=FORMATS) as image:
                picture = plain(ImageOps.exif_transpose(image), MODES[channels])
                values = fitted(picture, width, height, fit)
    except Exception as problem:  # a foreign or damaged file can make pillow fail in any way
        raise ValueError(f"cannot read {str(path)!r} as an image: {reason(problem)}") from None
    # (H, W) or (H, W, C) -> (H, W, C)
    return np.array(np.broadcast_to(values.reshape(height, width, -1), shape))


def reason(problem: Exception) -> str:
    """Why a file could not be read, and what to do."""
    match problem:
        case FileNotFoundError():
            return "there is no such file; check the path"
        case IsADirectoryError():
            return "it is a folder; give a file in it"
        case UnidentifiedImageError():
            return f"it is in no image format that is read here ({', '.join(FORMATS)}); give a PNG or JPEG file"
        case Image.DecompressionBombError() | Image.DecompressionBombWarning():
            return f"it has more than {Image.MAX_IMAGE_PIXELS} pixels; make it smaller"
        case OSError() if problem.strerror:
            return f"{problem.strerror}; give a file that can be read"
    return f"{str(problem) or type(problem).__name__}; save it again, as PNG or JPEG"


def plain(image: Image.Image, mode: str) -> Image.Image:
    """The picture in this mode, "L" or "RGB"; where it has more than 8 bits, in "F" from 0 to 1."""
    if image.mode[0] in "IF":
        return Image.fromarray(unit(np.asarray(image, np.float32), whole=image.mode != "F"))
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    return image.convert("RGB").convert(mode)


def unit(values: NDArray[np.float32], whole: bool) -> NDArray[np.float32]:
    """Values of more than 8 bits in [0, 1]."""
    low, high = float(values.min()), float(values.max())
    top = 65535 if whole else 255 if high > 1 else 1
    if not 0 <= low <= high <= top:
        raise ValueError(f"its values go from {low:g} to {high:g}, but those of an image from 0 to {top}")
    return values / np.float32(top)


def fitted(picture: Image.Image, width: int, height: int, fit: str = "crop") -> NDArray[np.float32]:
    """The picture at the right size, (height, width) or (height, width, 3), in [0, 1].

    Bilinear, because unlike Lanczos it never goes beyond the values that are there: no halo to be explained.
    """
    if fit == "stretch":
        return scaled(picture, width, height)
    if fit == "pad":
        shrink = max(picture.width / width, picture.height / height)
        wide, high = (max(1, round(side / shrink)) for side in picture.size)
        whole = scaled(picture, wide, high)
        spare = height - high, width - wide
        borders = [*((n // 2, n - n // 2) for n in spare), (0, 0)]
        return np.pad(whole, borders[: whole.ndim], constant_values=np.float32(BORDER))
    scale = min(picture.width / width, picture.height / height)
    left, right = middle(picture.width, width * scale, whole=scale == 1)
    top, bottom = middle(picture.height, height * scale, whole=scale == 1)
    return scaled(picture, width, height, (left, top, right, bottom))


def scaled(
    picture: Image.Image, width: int, height: int, box: tuple[float, float, float, float] | None = None
) -> NDArray[np.float32]:
    """A part of the picture, by default all of it, at another size, in [0, 1]."""
    part = picture.resize((width, height), Image.Resampling.BILINEAR, box)
    return np.asarray(part, np.float32) / np.float32(1 if part.mode == "F" else 255)


def middle(room: int, length: float, whole: bool) -> tuple[float, float]:
    """Where the middle part of this length begins and ends, in whole pixels or exactly.

    >>> middle(9, 4, whole=True), middle(9, 4, whole=False)
    ((2, 6), (2.5, 6.5))
    """
    start = int(room - length) // 2 if whole else max((room - length) / 2, 0)
    return start, min(start + length, room)


def sample_photo() -> Path:
    """A photo that is there wherever minixai is."""
    from matplotlib import get_data_path  # matplotlib takes a while to load

    return Path(get_data_path()) / SAMPLE

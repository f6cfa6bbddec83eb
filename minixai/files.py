"""Files: where the shipped ones lie, how arrays are read, and how files are written whole or not at all.

Shipped files are in data/ beside the package in a clone, in minixai/_data/ in an installed wheel.
"""

import os
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

PACKAGE = Path(__file__).resolve().parent


def shipped(name: str) -> Path:
    """Return the path of a file that comes with minixai.

    >>> shipped("digits.npz").name
    'digits.npz'
    """
    installed = PACKAGE / "_data"
    folder = installed if installed.is_dir() else PACKAGE.parent / "data"
    path = folder / name
    if not path.is_file():
        raise FileNotFoundError(
            f"no file {name!r} in {folder}, where minixai's shipped files lie: "
            "reinstall minixai, or restore data/ in a clone"
        )
    return path


def shipped_arrays(name: str) -> dict[str, NDArray[Any]]:
    """The arrays of an .npz that comes with minixai.  Raises ValueError if it is damaged.

    >>> sorted(shipped_arrays("digits.npz"))
    ['images', 'labels']
    """
    path = shipped(name)
    try:
        return read_arrays(path)
    except ValueError as problem:
        raise ValueError(
            f"{str(path)!r} is damaged ({problem}): reinstall minixai, or restore data/ in a clone"
        ) from None


def read_arrays(path: str | PathLike[str]) -> dict[str, NDArray[Any]]:
    """The arrays of an .npz by name, never a pickle.

    Raises OSError if the file cannot be opened, ValueError with the reason if it cannot be read.
    """
    with open(path, "rb") as file:
        try:
            if not zipfile.is_zipfile(file):
                raise ValueError("it is not an .npz file")
            file.seek(0)
            with np.load(file, allow_pickle=False) as archive:
                return {name: archive[name] for name in archive.files}
        except Exception as problem:  # a foreign or damaged file can make zip, zlib and NumPy fail in any way
            raise ValueError(str(problem) or type(problem).__name__) from None


def companion(folder: Path, location: str, what: str) -> Path:
    """A file that another one names, which lies in the folder of that one, or below it.

    Raises ValueError if it lies elsewhere, and if there is none.
    """
    path = (folder / location).resolve()
    if not path.is_relative_to(folder.resolve()) or Path(location).is_absolute():
        raise ValueError(
            f"its {what} lies in {location!r}, outside the folder of the model, where nothing is "
            "read: put that file beside the model and save the model again"
        )
    if not path.is_file():
        raise ValueError(f"its weights lie in {path.name!r}, which is not beside it: put both into one folder")
    return path


@contextmanager
def whole(path: str | PathLike[str]) -> Iterator[IO[bytes]]:
    """Open a file for writing that appears under its name only when it is complete.

    Raises ValueError if it cannot be written.
    """
    place = Path(path)
    if not place.name:
        raise ValueError(f"cannot write {str(path)!r}: give the name of a file")
    part = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        try:
            with open(part, "xb") as file:
                yield file
            part.replace(place)
        finally:
            part.unlink(missing_ok=True)
    except OSError as problem:
        reason = problem.strerror or problem
        raise ValueError(
            f"cannot write {str(place)!r} ({reason}): choose a file in a folder that can be written"
        ) from None


def write_arrays(path: str | PathLike[str], arrays: Mapping[str, Any]) -> None:
    """Write a compressed .npz, whole or not at all."""
    with whole(path) as file:
        np.savez_compressed(file, **arrays)

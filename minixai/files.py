"""Files: where the shipped ones lie, how arrays are read, and how files are written whole or not at all.

Shipped files are in data/ beside the package in a clone, in minixai/_data/ in an installed wheel.
"""

import errno
import os
import stat
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from os import PathLike
from pathlib import Path
from secrets import token_hex
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

PART = ".part"
"""How the name of a file ends that is not yet complete."""
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

    Until then it is a file beside it, with a name that nobody else uses and a lock that ends with its writer; those of
    writers that were killed are removed.  A file that is there keeps its mode, and a link stays a link.

    Raises ValueError if it cannot be written.
    """
    place = Path(path)
    if not place.name:
        raise ValueError(f"cannot write {str(path)!r}: give the name of a file")
    try:
        target = Path(os.path.realpath(place))
        mode = mode_of(target)
        sweep(target)
        part, file = open_part(target)
        try:
            with file:
                yield file
                if mode is not None:
                    os.chmod(part, mode)
                file.flush()
                if (
                    os.name == "posix"
                ):  # elsewhere an open file cannot be renamed, and here its lock must last until it is
                    part.replace(target)
            if os.name != "posix":
                part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    except OSError as problem:
        reason = problem.strerror or problem
        raise ValueError(
            f"cannot write {str(place)!r} ({reason}): choose a file in a folder that can be written"
        ) from None


def mode_of(target: Path) -> int | None:
    """The permissions of a file that is there.  Raises OSError for what is no file, or is write-protected."""
    try:
        there = target.stat()
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(there.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(there.st_mode):
        raise OSError(errno.EINVAL, "it is a device or a pipe, no file")
    if not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return stat.S_IMODE(there.st_mode)


def part_stem(target: Path) -> str:
    """How the names of its parts begin.  A name may have 255 bytes, of which the rest needs some."""
    return "." + os.fsdecode(os.fsencode(target.name)[:200]) + "."


def open_part(target: Path) -> tuple[Path, IO[bytes]]:
    """A new file beside the target, and locked."""
    while True:
        part = target.with_name(f"{part_stem(target)}{token_hex(8)}{PART}")
        file = open(part, "xb")  # noqa: SIM115, closed by `whole`
        if lock(file) and part.exists():
            return part, file
        file.close()  # who sweeps took it for an old one, before it was locked


def sweep(target: Path) -> None:
    """Remove the parts of this target whose writers are gone."""
    stem = part_stem(target)
    with suppress(OSError):
        for name in os.listdir(target.parent):
            if name.startswith(stem) and name.endswith(PART) and len(name) == len(stem) + 16 + len(PART):
                with suppress(OSError), open(target.with_name(name), "r+b") as file:
                    if lock(file):
                        os.unlink(target.with_name(name))


def lock(file: IO[bytes]) -> bool:
    """Whether nobody else writes into this file, which from now on is this caller's; where there is no flock, True."""
    if fcntl is None:  # on Windows a file that is open cannot be removed
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True


def copy_whole(source: Path, path: str | PathLike[str]) -> None:
    """Copy a file, whole or not at all.  Raises ValueError if it cannot be written."""
    content = source.read_bytes()
    with whole(path) as file:
        file.write(content)


def write_arrays(path: str | PathLike[str], arrays: Mapping[str, Any]) -> None:
    """Write a compressed .npz, whole or not at all."""
    with whole(path) as file:
        np.savez_compressed(file, **arrays)

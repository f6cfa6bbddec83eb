"""Find the files shipped with minixai, read arrays safely, and write files whole or not at all.

Shipped files are in data/ beside the package in a clone, in minixai/_data/ in an installed wheel.
"""

import errno
import os
import stat
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from math import prod
from os import PathLike
from pathlib import Path
from secrets import token_hex
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from minixai.text import listed, quoted, shorten
from minixai.validate import check_path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

PART = ".part"
"""Suffix of a file that is not complete yet."""
NPY = ".npy"
MEMBERS = 20_000
"""The greatest number of arrays in an .npz."""
UNPACKED, RATIO = 1 << 27, 16
"""An .npz may unpack to UNPACKED bytes, or to RATIO times its own size if that is more: weights compress badly."""
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
    """Return {name: array} of an .npz that comes with minixai.  Raises ValueError if it is damaged.

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


class Damaged(ValueError):
    """A file is damaged, or not of the expected format."""


@dataclass(frozen=True)
class StoredArray:
    """An array of an .npz that has not been read yet: its name, and the shape, dtype and order in its header."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    order: str
    file: zipfile.ZipFile

    @property
    def nbytes(self) -> int:
        return prod(self.shape) * self.dtype.itemsize

    def read(self) -> NDArray[Any]:
        """Read and return the array.  Raises ValueError if it is damaged."""
        try:
            with self.file.open(self.name + NPY) as member:
                read_npy_header(member)
                return read_numbers(member, self.shape, self.order, self.dtype)
        except Exception as problem:  # zipfile, zlib and NumPy have errors of their own
            raise ValueError(f"its {quoted(self.name)} is damaged ({one_line_reason(problem)})") from None

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self.read(), dtype)


@contextmanager
def open_arrays(path: str | PathLike[str]) -> Iterator[dict[str, StoredArray]]:
    """Open an .npz and yield {name: array that is not read yet}.  Pickles are never read.

    The sizes that the file declares are compared with its length before any array is read.

    Raises OSError if the file cannot be opened, ValueError with the reason if it cannot be read.
    """
    check_regular(path)
    with ExitStack() as stack:
        size = stack.enter_context(open(path, "rb")).seek(0, os.SEEK_END)
        try:
            file = stack.enter_context(zipfile.ZipFile(path))
            members = file.infolist()
        except Exception:  # a foreign or damaged file can make zipfile fail in any way
            raise ValueError("it is not an .npz file") from None
        if len(members) > MEMBERS:
            raise ValueError(f"it has {len(members):,} members, more than the {MEMBERS:,} that are read")
        if others := [member.filename for member in members if not member.filename.endswith(NPY)]:
            raise ValueError(
                f"it is a zip file with {listed([*map(quoted, others)])} in it, which are no arrays: give an .npz of "
                "model.save"
            )
        if (declared := sum(member.file_size for member in members)) > max(UNPACKED, RATIO * size):
            raise ValueError(f"it has {size:,} bytes and declares {declared:,}, which weights never pack into so few")
        found = dict[str, StoredArray]()
        for member in members:
            stored = declared_array(file, member)
            if stored.name in found:
                raise ValueError(f"its {quoted(stored.name)} is there twice")
            found[stored.name] = stored
        yield found


def check_regular(path: str | PathLike[str]) -> None:
    """Raise ValueError for a device, which may have no end, and for a pipe, which may never begin."""
    mode = os.stat(path).st_mode if os.path.exists(path) else stat.S_IFREG
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise ValueError("it is a device or a pipe, no file: give a file")


def declared_array(file: zipfile.ZipFile, member: zipfile.ZipInfo) -> StoredArray:
    """Return the array that a member of an .npz declares.  Raises ValueError if the member has another size."""
    name = member.filename.removesuffix(NPY)
    try:
        with file.open(member) as opened:
            shape, order, dtype = read_npy_header(opened)
            start = opened.tell()
    except Exception as problem:  # zipfile, zlib and NumPy have errors of their own
        raise ValueError(f"its {quoted(name)} is damaged ({one_line_reason(problem)})") from None
    check_declared(f"its {quoted(name)}", shape, dtype, member.file_size - start)
    return StoredArray(name, shape, dtype, order, file)


def read_npy_header(member: IO[bytes]) -> tuple[tuple[int, ...], str, np.dtype[Any]]:
    """Return (shape, order, dtype), see https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html."""
    version = np.lib.format.read_magic(member)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"version {version} of the format is not read here")
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, is_fortran, dtype = read(member)
    return tuple(shape), "F" if is_fortran else "C", dtype


def read_npy(path: str | PathLike[str]) -> NDArray[Any]:
    """Return the array in an .npy.  Pickles are never read.

    Raises OSError if the file cannot be opened, ValueError with the reason if it cannot be read.
    """
    check_regular(path)
    with open(path, "rb") as file:
        try:
            shape, order, dtype = read_npy_header(file)
        except Exception as problem:  # NumPy's own reasons, of several types
            raise ValueError(f"it is not an .npy file ({one_line_reason(problem)})") from None
        size = os.fstat(file.fileno()).st_size - file.tell()
        check_declared("it", shape, dtype, size)
        return read_numbers(file, shape, order, dtype)


def read_numbers(file: IO[bytes], shape: tuple[int, ...], order: str, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Read the rest of an .npy, after its header, as an array that can be written."""
    return np.frombuffer(bytearray(file.read()), dtype).reshape(shape, order="F" if order == "F" else "C")


def check_declared(what: str, shape: tuple[int, ...], dtype: np.dtype[Any], size: int) -> None:
    """Raise ValueError if an .npy declares objects of Python, or an array of another size than its `size` bytes."""
    if dtype.hasobject:
        raise ValueError(f"{what} holds objects of Python, which could run any program and are never read")
    if prod(shape) * dtype.itemsize != size or min(shape, default=0) < 0:
        raise ValueError(f"{what} is damaged: {shape} of {dtype} does not have {size:,} bytes")


def one_line_reason(problem: Exception) -> str:
    """Return the text of an exception on one line, in ASCII, of at most 120 characters."""
    return shorten(" ".join(ascii(str(problem) or type(problem).__name__)[1:-1].split()), 120)


def read_arrays(path: str | PathLike[str]) -> dict[str, NDArray[Any]]:
    """Return {name: array} of an .npz.  Pickles are never read.

    Raises OSError if the file cannot be opened, ValueError with the reason if it cannot be read.
    """
    with open_arrays(path) as arrays:
        return {name: stored.read() for name, stored in arrays.items()}


def companion_file(folder: Path, location: str, what: str) -> Path:
    """Return the path of a file that a model in `folder` names as `location`.

    Raises ValueError if it lies outside this folder, or if there is no such file.
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
def atomic_write(path: str | PathLike[str]) -> Iterator[IO[bytes]]:
    """Open a file for writing; it appears under its name only when it is complete.

    Until then a part file beside it is written, with a unique name and a lock that ends with its writer; part files of
    killed writers are removed.  An existing file keeps its permissions, and a link stays a link.

    Raises ValueError if the file cannot be written.
    """
    check_path(path)
    place = Path(path)
    if not place.name:
        raise ValueError(f"cannot write {quoted(str(path))}: give the name of a file")
    try:
        target = Path(os.path.realpath(place))
        mode = permissions_of(target)
        remove_abandoned_parts(target)
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
            f"cannot write {quoted(place)} ({reason}): choose a file in a folder that can be written"
        ) from None


def permissions_of(target: Path) -> int | None:
    """Return the mode of a file, or None if there is none.  Raises OSError if it is no file or is write-protected."""
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


def part_prefix(target: Path) -> str:
    """Return the prefix of the part files of a target, cut short because a name may have at most 255 bytes."""
    return "." + os.fsdecode(os.fsencode(target.name)[:200]) + "."


def open_part(target: Path) -> tuple[Path, IO[bytes]]:
    """Create a part file beside the target and lock it; return (its path, the open file)."""
    while True:
        part = target.with_name(f"{part_prefix(target)}{token_hex(8)}{PART}")
        file = open(part, "xb")  # noqa: SIM115, closed by `atomic_write`
        if try_lock(file) and part.exists():
            return part, file
        file.close()  # another process took it for an abandoned one before it was locked


def remove_abandoned_parts(target: Path) -> None:
    """Remove the part files of this target whose writers are gone."""
    stem = part_prefix(target)
    with suppress(OSError):
        for name in os.listdir(target.parent):
            if name.startswith(stem) and name.endswith(PART) and len(name) == len(stem) + 16 + len(PART):
                with suppress(OSError), open(target.with_name(name), "r+b") as file:
                    if try_lock(file):
                        os.unlink(target.with_name(name))


def try_lock(file: IO[bytes]) -> bool:
    """Try to lock a file; return False if another writer holds the lock, and True also if locks are not supported."""
    if fcntl is None:  # on Windows a file that is open cannot be removed
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True


def copy_atomically(source: Path, path: str | PathLike[str]) -> None:
    """Copy a file, whole or not at all.  Raises ValueError if it cannot be written."""
    content = source.read_bytes()
    with atomic_write(path) as file:
        file.write(content)


def write_arrays(path: str | PathLike[str], arrays: Mapping[str, Any]) -> None:
    """Write a compressed .npz, whole or not at all."""
    with atomic_write(path) as file:
        np.savez_compressed(file, **arrays)

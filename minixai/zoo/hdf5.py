"""HDF5, in which Keras keeps its weights: every dataset by its path, checked before it is read.

A file may say that its numbers lie elsewhere: in another file (a link, external storage), in other datasets (virtual
ones), or nowhere (never written, which reads as zeros).  All of them are refused, and so are plugins and deep nesting.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from math import prod
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from minixai.arrays import Array
from minixai.files import Damaged

__all__ = ["HDF5", "LARGEST", "PACKED", "RATIO", "Damaged", "Stored", "hdf5"]

HDF5 = b"\x89HDF\r\n\x1a\n"
"""How such a file begins."""
RATIO = 1100
"""How many times smaller than its contents deflate may make a file: 1032, and what surrounds it."""
LARGEST, PACKED = 1 << 27, 16
"""Bytes that numbers may unpack to, or as many times the file's size: weights hardly become smaller by packing."""
FILTERS = (1, 2, 3, 32000)  # deflate, shuffle, Fletcher's checksum, LZF: those that h5py brings along
DEEPEST, MOST = 30, 50_000
"""Groups one inside the other, and links in all."""


class Stored(NamedTuple):
    """A tensor in a file: what it is there, what it is called in messages, its shape there, and how it is read."""

    key: str
    name: str
    shape: tuple[int, ...]
    read: Callable[[], Array]


@contextmanager
def hdf5(file: Path | io.BytesIO, size: int) -> Iterator[tuple[Any, dict[str, Stored]]]:
    """An open file, and all its datasets; links to other files are not followed."""
    import h5py

    check_heaps(file)
    try:
        opened = h5py.File(file, "r")
    except OSError as problem:
        raise Damaged(f"it cannot be opened ({problem}): copy or download it again") from None
    with opened as root:
        yield root, datasets(root, size)


HEAP = b"GCOL\x01\0\0\0"
"""How a heap of texts begins: its signature, version 1 and zeros."""


def check_heaps(file: Path | io.BytesIO) -> None:
    """Raise Damaged if a heap of texts holds free space of no length, at which the HDF5 library would stay for ever."""
    if isinstance(file, io.BytesIO):
        check_heap_bytes(file.getvalue())
    elif file.stat().st_size:  # nothing cannot be mapped
        with open(file, "rb") as opened, mmap(opened.fileno(), 0, access=ACCESS_READ) as mapped:
            check_heap_bytes(mapped)


def check_heap_bytes(data: bytes | mmap) -> None:
    at = data.find(HEAP)
    while at >= 0:
        end = min(at + int.from_bytes(data[at + 8 : at + 16], "little"), len(data))
        entry = at + 16
        while entry + 16 <= end:
            number, length = (int.from_bytes(data[entry + i : entry + j], "little") for i, j in ((0, 2), (8, 16)))
            if number == 0 and length == 0:
                raise Damaged("a heap of its texts never ends: copy or download it again")
            entry += length if number == 0 else 16 + -(-length // 8) * 8
        at = data.find(HEAP, at + 1)


def datasets(root: Any, size: int) -> dict[str, Stored]:
    """The datasets by their paths, in the order of their names."""
    import h5py

    found, seen, links = dict[str, Stored](), set[Any](), 0
    waiting: list[tuple[str, Any, int]] = [("", root, 0)]
    while waiting:
        name, thing, depth = waiting.pop()
        if isinstance(thing, h5py.Dataset):
            if thing.shape is None:
                raise Damaged(f"its {name!r} holds nothing")
            key = re.sub(r":\d+$", "", name)
            found[key] = Stored(key, name, thing.shape, partial(numbers_of, thing, size))
            continue
        if not isinstance(thing, h5py.Group) or (place := h5py.h5o.get_info(thing.id).addr) in seen:
            continue
        seen.add(place)
        links += len(thing)
        if depth > DEEPEST or links > MOST:
            raise Damaged(f"more than {DEEPEST} groups lie one inside the other, or it has more than {MOST:,} members")
        own = [key for key in thing if isinstance(thing.get(key, getlink=True), h5py.HardLink)]
        waiting += [(f"{name}/{key}".lstrip("/"), thing[key], depth + 1) for key in reversed(own)]
    return found


def numbers_of(dataset: Any, size: int) -> Array:
    """The numbers of a dataset, if all of them lie in this file of so many bytes."""
    name, plan, dtype = dataset.name, dataset.id.get_create_plist(), dataset.dtype
    if dataset.is_virtual or dataset.external:
        raise ValueError(
            f"its weight {name!r} lies in another file, and only this one is read: save the model again, in one file"
        )
    if dtype.kind not in "fiu" or dataset.shape is None:
        raise Damaged(f"its weight {name!r} holds {dtype}, not numbers")
    if others := {f for i in range(plan.get_nfilters()) if (f := plan.get_filter(i)[0]) not in FILTERS}:
        raise ValueError(f"its weight {name!r} is packed in a way {others} that is not read here: save it without")
    declared, stored = prod(dataset.shape) * dtype.itemsize, dataset.id.get_storage_size()
    if dataset.chunks:
        blocks = prod(-(-n // c) for n, c in zip(dataset.shape, dataset.chunks, strict=True))
        whole = dataset.id.get_num_chunks() == blocks and prod(dataset.chunks) * dtype.itemsize <= RATIO * size
    else:
        whole = stored == declared
    if not whole or stored > size or declared > max(LARGEST, PACKED * size) or declared > RATIO * stored:
        raise Damaged(f"its weight {name!r} of {declared:,} bytes was never written, or not all of it")
    return np.asarray(dataset)

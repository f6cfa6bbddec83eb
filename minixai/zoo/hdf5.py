"""Read the datasets of an HDF5 file, the format in which Keras stores weights, after checking each.

The numbers of a dataset may lie outside the file (external storage), in other datasets (a virtual dataset), or nowhere
(never written, which reads as zeros).  Such datasets are refused, and so are compression plugins and deep nesting.

Soft and external links are never followed, because each may lead to another file.  A file is read as if they were not
there, so a network that lacks a weight for this reason is refused, and a link that no network needs does no harm.
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
"""The first bytes of every HDF5 file."""
RATIO = 1100
"""The largest compression ratio that is believed: deflate reaches 1032, and the file format adds a little."""
LARGEST, PACKED = 1 << 27, 16
"""A dataset may unpack to LARGEST bytes, or to PACKED times the file's size if that is more: weights compress badly."""
FILTERS = (1, 2, 3, 32000)  # deflate, shuffle, Fletcher's checksum, LZF: the filters that come with h5py
DEEPEST, MOST = 30, 50_000
"""The greatest depth of nested groups, and the greatest number of links in a file."""


class Stored(NamedTuple):
    """A tensor in a file: the key to look it up, its name in messages, its shape, and the function that reads it."""

    key: str
    name: str
    shape: tuple[int, ...]
    read: Callable[[], Array]


@contextmanager
def hdf5(file: Path | io.BytesIO, size: int) -> Iterator[tuple[Any, dict[str, Stored]]]:
    """Open a file of `size` bytes; yield it with {path: dataset}.  Soft and external links are not followed."""
    import h5py

    check_heaps(file)
    try:
        opened = h5py.File(file, "r")
    except OSError as problem:
        raise Damaged(f"it cannot be opened ({problem}): copy or download it again") from None
    with opened as root:
        yield root, datasets(root, size)


HEAP = b"GCOL\x01\0\0\0"
"""The first bytes of a global heap, which holds texts: its signature, version 1 and three zeros."""


def check_heaps(file: Path | io.BytesIO) -> None:
    """Raise Damaged if a heap of texts holds free space of length 0, on which the HDF5 library would loop for ever."""
    if isinstance(file, io.BytesIO):
        check_heap_bytes(file.getvalue())
    elif file.stat().st_size:  # an empty file cannot be mapped
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
    """Return {path without a final ":0": dataset}, sorted by name within each group."""
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
    """Read the numbers of a dataset.

    Raises ValueError, or its subclass Damaged, unless all of them are stored in this file, whose size in bytes is
    `size`.
    """
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

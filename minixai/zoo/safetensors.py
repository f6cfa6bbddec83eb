"""Read safetensors: the length of a header, the header as JSON, then the numbers of one tensor after another.

https://huggingface.co/docs/safetensors.  Such a file holds no code.  Only NumPy is needed to read it, bfloat16
included, which the package safetensors cannot return as NumPy arrays.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from minixai.arrays import Array

DTYPES = {"F16": "<f2", "BF16": "<u2", "F32": "<f4", "F64": "<f8"}
LONGEST = 100_000_000  # bytes of a header, at most


@dataclass(frozen=True)
class Tensor:
    """A tensor in a file, whose numbers have not been read yet."""

    path: Path
    name: str
    shape: tuple[int, ...]
    dtype: str
    start: int

    def read(self, shape: tuple[int, ...]) -> Array:
        """Return the numbers in this shape, which must have as many entries as `self.shape`."""
        numbers = np.fromfile(self.path, DTYPES[self.dtype], prod(shape), offset=self.start).reshape(shape)
        if self.dtype == "BF16":  # bfloat16 is the upper half of a float32
            return (numbers.astype(np.uint32) << 16).view(np.float32)
        return numbers


def tensors(path: Path) -> list[Tensor]:
    """Return all tensors of a file, unread.  Raises ValueError unless each lies wholly inside the file."""
    size = path.stat().st_size
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > min(size - 8, LONGEST):
            raise ValueError("it is damaged: its header is not whole, copy or download it again")
        try:
            header = json.loads(file.read(length))
            entries = {name: entry for name, entry in header.items() if name != "__metadata__"}
            return [tensor(path, name, entry, 8 + length, size) for name, entry in entries.items()]
        except (KeyError, TypeError, AttributeError, UnicodeDecodeError, json.JSONDecodeError, RecursionError):
            raise ValueError("it is damaged: its header is no list of tensors, copy or download it again") from None


def tensor(path: Path, name: str, entry: dict[str, Any], base: int, size: int) -> Tensor:
    """Return the tensor that an entry of the header describes; the numbers of the file begin at byte `base`."""
    dtype, shape, (begin, end) = str(entry["dtype"]), tuple(map(int, entry["shape"])), map(int, entry["data_offsets"])
    if dtype not in DTYPES:
        raise ValueError(f"{name} holds {dtype}: weights are floats, {', '.join(DTYPES)}")
    if min(shape, default=1) < 0 or begin < 0 or end - begin != prod(shape) * np.dtype(DTYPES[dtype]).itemsize:
        raise ValueError(f"it is damaged: {name} of shape {shape} does not take the bytes from {begin} to {end}")
    if base + end > size:
        raise ValueError(
            f"it is truncated: {name} ends at byte {base + end:,}, but the file has {size:,}, copy or download it again"
        )
    return Tensor(path, name, shape, dtype, base + begin)

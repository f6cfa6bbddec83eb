"""Protobuf's wire format: a message is a row of (field number, value), and nothing in it can run.

https://protobuf.dev/programming-guides/encoding.  A length is compared with the bytes that are there before
anything is taken, and arrays are views of the file; so a damaged file costs no memory, and one pass is all the time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextvars import ContextVar, copy_context
from typing import Any, TypeVar

import numpy as np

from minixai.arrays import Array
from minixai.files import Damaged

__all__ = [
    "Damaged",
    "Value",
    "as_bytes",
    "as_floats",
    "as_int",
    "as_text",
    "fields",
    "integers",
    "limit_fields",
    "varint",
    "varints",
]

Value = int | memoryview
T = TypeVar("T")
LONGEST = 10  # bytes of a varint
MOST = 150_000
"""Fields of a file.  Networks of a thousand layers have some ten thousand."""
PACKED = 1 << 22
"""Bytes of a packed list of varints: weights are stored as floats or as bytes."""

left: ContextVar[list[int] | None] = ContextVar("left", default=None)
"""How many more fields a file may have, where somebody counts."""


def limit_fields(work: Callable[..., T], *args: Any) -> T:
    """work(*args), in which all calls of `fields` together give MOST fields at most."""
    context = copy_context()
    context.run(left.set, [MOST])
    return context.run(work, *args)


def fields(message: memoryview) -> Iterator[tuple[int, Value]]:
    """(field number, value) of a message: an integer, or the bytes of a string, message, float or array.

    >>> [(number, bytes(value)) for number, value in fields(memoryview(bytes([0x0A, 2, 104, 105])))]
    [(1, b'hi')]
    """
    at, end = 0, len(message)
    count = left.get() or [MOST]
    while at < end:
        count[0] -= 1
        if count[0] < 0:
            raise Damaged(f"it has more than {MOST:,} fields")
        key, at = varint(message, at)
        number, kind = key >> 3, key & 7
        if not number:
            raise Damaged("a field has the number 0, which protobuf does not know")
        value: Value
        if kind == 0:
            value, at = varint(message, at)
            yield number, value
            continue
        if kind == 2:
            length, at = varint(message, at)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        else:
            raise Damaged(f"a field of kind {kind} is not one that protobuf knows")
        if length > end - at:
            raise Damaged(f"a field of {length:,} bytes does not end in the {end - at:,} that are left")
        value, at = message[at : at + length], at + length
        yield number, value


def varint(message: memoryview, at: int) -> tuple[int, int]:
    """The integer that begins at a byte, seven bits to a byte, and where it ends."""
    number = 0
    for i, byte in enumerate(message[at : at + LONGEST]):
        number |= (byte & 127) << 7 * i
        if byte < 128:
            return number, at + i + 1
    raise Damaged("a number does not end")


def varints(packed: memoryview) -> Array:
    """All integers of a packed field, signed, as int64.

    >>> varints(memoryview(bytes([5, 0xAC, 2]))).tolist()
    [5, 300]
    """
    if len(packed) > PACKED:
        raise Damaged(f"a list of numbers has {len(packed):,} bytes, more than the {PACKED:,} that are read")
    data = np.frombuffer(packed, np.uint8)
    ends = np.flatnonzero(data < 128)
    if len(data) and (not len(ends) or ends[-1] != len(data) - 1):
        raise Damaged("a list of numbers does not end")
    starts = np.concatenate([[0], ends[:-1] + 1])[: len(ends)]
    lengths = ends - starts + 1
    if np.max(lengths, initial=0) > LONGEST:
        raise Damaged("a number does not end")
    numbers = np.zeros(len(ends), np.uint64)
    for i in range(np.max(lengths, initial=0)):
        longer = lengths > i
        numbers[longer] |= (data[starts[longer] + i] & 127).astype(np.uint64) << np.uint64(7 * i)
    return numbers.view(np.int64)


def integers(value: Value) -> list[int]:
    """A number alone, or a packed list of them."""
    return [signed(value)] if isinstance(value, int) else varints(value).tolist()


def signed(number: int) -> int:
    """The integer of 64 bits that an unsigned one stands for."""
    number &= (1 << 64) - 1
    return number - (1 << 64) if number >> 63 else number


def as_int(value: Value) -> int:
    if not isinstance(value, int):
        raise Damaged("there are bytes where a number should stand")
    return signed(value)


def as_bytes(value: Value) -> memoryview:
    if isinstance(value, int):
        raise Damaged("there is a number where bytes should stand")
    return value


def as_text(value: Value) -> str:
    try:
        return bytes(as_bytes(value)).decode()
    except UnicodeDecodeError:
        raise Damaged("a name is no text") from None


def as_floats(values: list[memoryview], dtype: str) -> Array:
    """Numbers of a fixed size, packed or one by one."""
    if sum(map(len, values)) % np.dtype(dtype).itemsize:
        raise Damaged("a list of numbers does not end")
    return np.frombuffer(values[0] if len(values) == 1 else b"".join(values), dtype)

"""Read protobuf's wire format: a message is a sequence of (field number, value), and holds no code.

https://protobuf.dev/programming-guides/encoding.  Each length is compared with the bytes that are left before any are
read, arrays are views of the file, and the file is read in one pass; so a damaged file cannot exhaust memory or time.
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
LONGEST = 10  # bytes of a varint, at most
MOST = 150_000
"""The greatest number of fields in a file.  A network of a thousand layers has about ten thousand."""
PACKED = 1 << 22
"""The greatest length of a packed list of varints, in bytes.  Weights are stored as floats or raw bytes instead."""

left: ContextVar[list[int] | None] = ContextVar("left", default=None)
"""[the number of fields that may still be read] inside `limit_fields`, otherwise None."""


def limit_fields(work: Callable[..., T], *args: Any) -> T:
    """Return work(*args); Damaged is raised once all calls of `fields` inside it have yielded more than MOST fields."""
    context = copy_context()
    context.run(left.set, [MOST])
    return context.run(work, *args)


def fields(message: memoryview) -> Iterator[tuple[int, Value]]:
    """Yield (field number, value) of a message.  A value is an int, or the bytes of a string, message, float or array.

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
    """Return (the unsigned integer that begins at byte `at`, the position after it); a byte holds 7 of its bits."""
    number = 0
    for i, byte in enumerate(message[at : at + LONGEST]):
        number |= (byte & 127) << 7 * i
        if byte < 128:
            return number, at + i + 1
    raise Damaged("a number does not end")


def varints(packed: memoryview) -> Array:
    """Return the signed integers of a packed field, as int64.

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
    """Return the integers of a field, which holds a single integer or a packed list."""
    return [signed(value)] if isinstance(value, int) else varints(value).tolist()


def signed(number: int) -> int:
    """Return the signed integer that has the same 64 bits as an unsigned one."""
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
    """Return the numbers of this dtype in the bytes of one field or several; a field holds one number or many."""
    if sum(map(len, values)) % np.dtype(dtype).itemsize:
        raise Damaged("a list of numbers does not end")
    return np.frombuffer(values[0] if len(values) == 1 else b"".join(values), dtype)

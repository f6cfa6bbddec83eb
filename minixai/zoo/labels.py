"""Read the names of classes from a text file, a JSON file or a sequence."""

from __future__ import annotations

import json
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from minixai.files import check_regular
from minixai.text import quoted
from minixai.validate import is_integer
from minixai.zoo.imagenet import imagenet_classes

LARGEST_FILE = 1 << 26
"""The greatest size of a file of class names, in bytes: about a million names of 64 letters."""
FORMS = "give one name in each line, a JSON list, or a JSON object of names by their numbers"


def read_class_names(given: str | PathLike[str] | Sequence[str] | None) -> Sequence[str] | None:
    """Return the names of the classes from a file or a sequence.

    Parameters
    ----------
    given : path, "imagenet", sequence of str or None
        A text file in UTF-8 with one name on each line; a JSON file (.json) that holds a list of names, or maps numbers
        to names ({"0": "cat"} or {"0": ["n02123045", "cat"]}) or names to numbers ({"cat": 0}); "imagenet", for the
        names of ImageNet's classes; or the names themselves.

    Returns
    -------
    sequence of str, or None
        The names in the order of the scores, or None if `given` is None.

    Raises
    ------
    ValueError
        If the file is missing, too large, or holds something else.
    TypeError
        If `given` is neither a path nor a sequence of texts or integers.
    """
    if given is None:
        return None
    if isinstance(given, (str, PathLike)):
        return imagenet_classes() if given == "imagenet" else names_in_file(Path(given))
    names = given.tolist() if isinstance(given, np.ndarray) else given
    if not isinstance(names, Sequence) or isinstance(names, (bytes, bytearray)):
        raise TypeError(
            f"classes are a file, 'imagenet', or a list of names in the order of the scores, got {quoted(given)}"
        )
    if others := [name for name in names if not isinstance(name, str) and not is_integer(name)]:
        raise TypeError(f"each class has a name, which is text, got {quoted(others[0])}")
    return [str(name) for name in names]


def names_in_file(path: Path) -> list[str]:
    """Return the names in a text or JSON file, without empty names and the spaces around each name."""
    try:
        check_regular(path)
        if path.stat().st_size > LARGEST_FILE:
            raise ValueError(f"it has more than {LARGEST_FILE:,} bytes")
        text = path.read_text(encoding="utf-8-sig")  # skips the byte order mark with which Windows begins a text file
        names = names_in_json(json.loads(text)) if path.suffix.lower() == ".json" else text.split("\n")
    except UnicodeDecodeError:
        raise ValueError(f"cannot read class names from {quoted(path)}: it is not in UTF-8, save it as UTF-8") from None
    except (OSError, ValueError, RecursionError) as problem:
        reason = getattr(problem, "strerror", None) or str(problem) or "it is nested too deep"
        raise ValueError(f"cannot read class names from {quoted(path)} ({reason}): {FORMS}") from None
    return [name.strip() for name in names if name.strip()]


def names_in_json(found: Any) -> list[str]:
    """Return the names in a list, {number: name} or {name: number} in the order of the numbers.  Raises ValueError."""
    if isinstance(found, dict) and found and all(is_integer(k) for k in found.values()):
        numbers = sorted(found.values())
        if numbers != list(range(len(numbers))):
            raise ValueError(f"its numbers are not 0 to {len(numbers) - 1}, each once")
        found = sorted(found, key=found.__getitem__)
    if isinstance(found, dict):
        if set(found) != set(map(str, range(len(found)))):
            raise ValueError(f"its numbers are not 0 to {len(found) - 1}, each once")
        found = [found[str(k)] for k in range(len(found))]
    names = [name[-1] if isinstance(name, list) and name else name for name in found] if isinstance(found, list) else []
    if not names or not all(isinstance(name, str) for name in names):
        raise ValueError("it holds no names")
    return names

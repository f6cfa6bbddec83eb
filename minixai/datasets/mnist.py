"""Ten thousand handwritten digits of MNIST, shipped as bytes; data/README.md names their origin."""

from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from minixai.files import shipped_arrays
from minixai.text import quoted

_SPLITS = {"train": slice(0, 8_000), "test": slice(8_000, 10_000)}


def digits(split: Literal["train", "test"]) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Return handwritten digits of MNIST.

    Parameters
    ----------
    split : "train" or "test"
        8,000 digits to train on, or 2,000 others to test with.

    Returns
    -------
    images : array of float32 (N, 28, 28, 1)
        Pixels from 0, the paper, to 1, the ink.
    labels : array of int (N,)
        Class numbers, which are the digits.

    Raises
    ------
    TypeError, ValueError
        If there is no such split.

    Examples
    --------
    >>> from minixai.datasets import digits
    >>> images, labels = digits("test")
    >>> images.shape, labels[:5].tolist()
    ((2000, 28, 28, 1), [3, 9, 8, 3, 8])
    """
    if not isinstance(split, str):
        raise TypeError(
            f"split is of type {type(split).__name__}, and splits are strings: choose one of {_split_names()}"
        )
    if split not in _SPLITS:
        raise ValueError(f"split is {quoted(split)}, and the digits have no such split: choose one of {_split_names()}")
    rows = _SPLITS[split]
    arrays = stored_digits()
    # (N, 28, 28) -> (N, 28, 28, 1)
    images = arrays["images"][rows, :, :, None].astype(np.float32) / np.float32(255)
    return images, arrays["labels"][rows].astype(np.intp)


@cache
def stored_digits() -> dict[str, NDArray[Any]]:
    """Return the shipped images and labels as bytes.

    They are cached, because unpacking takes ten times as long as the conversion to floats.
    """
    return shipped_arrays("digits.npz")


def _split_names() -> str:
    """Return the quoted names of the splits, for a message."""
    return ", ".join(map(repr, _SPLITS))

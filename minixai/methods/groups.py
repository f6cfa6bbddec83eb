"""Groups: which entries of an input are replaced together."""

from __future__ import annotations

from math import prod

import numpy as np
import numpy.typing as npt

from minixai.arrays import Array
from minixai.validate import as_rectangular


def as_groups(mask: npt.ArrayLike | None, shape: tuple[int, ...], what: str) -> tuple[Array, int]:
    """(labels, count): the group of each entry of a row of this shape, from 0 to count − 1.

    A mask of any integers puts entries of equal number into one group; None makes every entry a group.  Raises
    ValueError for a mask that does not fit, and TypeError for one that does not hold integers.

    >>> labels, count = as_groups([[7], [3]], (2, 2), "groups")
    >>> labels.tolist(), count
    ([[1, 1], [0, 0]], 2)
    """
    if mask is None:
        return np.arange(prod(shape)).reshape(shape), prod(shape)
    array = as_rectangular(mask, what)
    if array.dtype.kind not in "iub":
        raise TypeError(f"{what} is a mask of integers, got {array.dtype} {array.shape}: number the groups")
    try:
        if not array.ndim:
            raise ValueError
        full = np.broadcast_to(array, shape)
    except ValueError:
        what_given = f"{what}={mask!r}" if not array.ndim else f"{what} of shape {array.shape}"
        hint = f"; here {what}[..., None]" if array.shape == shape[:-1] else ""
        raise ValueError(
            f"{what_given} does not fit inputs of shape {shape}: "
            f"give a number for each entry, or axes of length 1 where they share it{hint}"
        ) from None
    names, labels = np.unique(full, return_inverse=True)
    return labels.reshape(shape), len(names)


def block_groups(shape: tuple[int, ...], limit: int) -> Array:
    """Group pixels into numbered blocks, at most `limit` along a side, with all channels together: (H, W, 1)

    >>> block_groups((4, 6, 3), 2)[..., 0].tolist()
    [[0, 0, 0, 1, 1, 1], [0, 0, 0, 1, 1, 1], [2, 2, 2, 3, 3, 3], [2, 2, 2, 3, 3, 3]]
    """
    rows, across = (np.arange(n) * min(n, limit) // n for n in shape[:2])
    return np.asarray(rows[:, None] * (across[-1] + 1) + across)[..., None]

"""Read-only arrays, sums that keep their digits, and arithmetic that avoids NaN."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]


def broadcast_reference(reference: npt.ArrayLike, value: Array) -> Array:
    """`reference` as an array for `value`, with as many rows as `value` or one.

    Raises TypeError if it does not hold real numbers, and ValueError if its shape does not fit.
    """
    try:
        array = np.asarray(reference, value.dtype)
    except (TypeError, ValueError):
        raise TypeError(f"a reference is an array of real numbers, got a {type(reference).__name__}") from None
    if value.ndim and array.ndim < value.ndim:
        with suppress(ValueError):
            array = np.broadcast_to(array, (1, *value.shape[1:]))
    if array.shape not in (value.shape, (1, *value.shape[1:])[: value.ndim]):
        raise ValueError(
            f"a reference of shape {array.shape} does not fit a value of shape {value.shape}: "
            "give one row, as many rows, or a number"
        )
    return array


def readonly_view(x: Array, own: bool = False) -> Array:
    """A read-only view of x; x itself stays writable if it was.

    With `own`, x is copied first if somebody could still write into it.  It is also copied if it is not C-contiguous,
    because sums over another memory layout are rounded differently.
    """
    view = x.copy() if own and (x.flags.writeable or not x.flags.c_contiguous) else x.view()
    view.flags.writeable = False
    return view


def mark_readonly(x: Array) -> Array:
    """Mark an array we own as read-only, so that `as_readonly` need not copy it."""
    x.flags.writeable = False
    return x


def as_readonly(x: npt.ArrayLike, dtype: npt.DTypeLike) -> Array:
    """x as a read-only array of this dtype: x itself if nobody can write into it, otherwise a copy."""
    if isinstance(x, np.ndarray) and x.dtype == dtype and immutable_base(x) is x:
        return x
    copy = np.array(x, dtype)
    copy.flags.writeable = False
    return copy


def immutable_base(x: Array) -> Array | None:
    """The array that owns the memory of x, if it is read-only and x covers all of it; otherwise None.

    Nobody can change the numbers of such an array, so what is computed from them may be cached for as long as it lives.
    """
    whole = x
    while not whole.flags.writeable and isinstance(whole.base, np.ndarray):
        whole = whole.base
    is_owner = whole.flags.owndata and not whole.flags.writeable
    return whole if is_owner and (whole.shape, whole.strides) == (x.shape, x.strides) else None


def accurate_sum(x: Array, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Array:
    """Σ x over axes, computed in float64 and rounded once to the dtype of x; float64 for integers and booleans.

    NumPy sums pairwise only along contiguous axes.  Over the pixels of a channels-last image it adds one number after
    another, and in float32 such a sum is off by 2 % after a few million pixels.

    >>> x = np.ones((1000, 2), np.float32)
    >>> x[0] = 1 << 24  # beside it, 1 is less than a rounding
    >>> (x.sum(axis=0) - x[0]).tolist(), (accurate_sum(x, 0) - x[0]).tolist()
    ([0.0, 0.0], [1000.0, 1000.0])
    """
    total = x.sum(axis=axis, keepdims=keepdims, dtype=np.promote_types(x.dtype, np.float64))
    return np.asarray(total, x.dtype if x.dtype.kind in "fc" else total.dtype)


def accurate_mean(x: Array, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Array:
    """The mean of x over axes, computed in float64 as in `accurate_sum`."""
    mean = x.mean(axis=axis, keepdims=keepdims, dtype=np.promote_types(x.dtype, np.float64))
    return np.asarray(mean, x.dtype if x.dtype.kind in "fc" else mean.dtype)


def row_sums(x: Array) -> Array:
    """The sum of each row, in float64: (N, ...) -> (N,)"""
    return np.asarray(x.reshape(len(x), -1).sum(axis=1, dtype=np.float64))


def rounding_bound(size: Array, dtype: np.dtype[Any]) -> Array:
    """√ε · size, a bound for the rounding error of a sum whose terms have the total size `size`; it is never 0."""
    kind = np.finfo(dtype)
    return np.asarray(np.sqrt(kind.eps) * size + np.sqrt(kind.tiny))


def multiply_no_nan(m: Array, x: Array, out: Array | None = None) -> Array:
    """m · x, but 0 wherever x is 0, even if m is infinite or NaN there.

    >>> multiply_no_nan(np.array([np.inf, np.nan, np.inf]), np.array([0.0, 0.0, 2.0]))
    array([ 0.,  0., inf])
    """
    with np.errstate(invalid="ignore"):
        product = np.asarray(np.multiply(m, x, out=out))
    if not np.isfinite(product).all():
        product[np.broadcast_to(x == 0, product.shape)] = 0
    product += 0  # turns −0 into 0
    return product


def divide_or(y: Array, x: Array, otherwise: Array | float) -> Array:
    """y / x, but `otherwise` wherever x is 0.

    >>> divide_or(np.array([1.0, 3.0]), np.array([2.0, 0.0]), 7.0)
    array([0.5, 7. ])
    """
    is_zero = x == 0
    if not is_zero.any():
        return np.asarray(y / x)
    quotient = np.asarray(y / np.where(is_zero, 1, x))  # much faster than where=
    quotient[is_zero] = np.broadcast_to(otherwise, x.shape)[is_zero]
    return quotient

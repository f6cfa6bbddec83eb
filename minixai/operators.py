"""The operators of a node, +, *, @, [...] and its methods, and errors where NumPy would take a node for an array.

Each operator looks its operation up in the table OPERATORS.  minixai.ops fills the table, so this module need not
import minixai.ops.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn, Self, TypeAlias, TypeVar, cast

import numpy as np
import numpy.typing as npt

N = TypeVar("N", bound="Operators")
Operand: TypeAlias = "Operators | npt.ArrayLike"
OPERATORS: dict[str, Callable[..., Any]] = {}
"""{NumPy's name of an operator: the operation}; minixai.ops fills this table."""
OUTSIDE = "node.value leaves the graph, and every explanation of what is computed from it would be wrong"


class Operators:
    """The operators of a node.

    Raises
    ------
    TypeError
        For <, <=, >, >=, // and %, for other functions of NumPy, for assignment to entries, and if a truth value is
        needed: no method could explain these.

    Examples
    --------
    >>> from minixai.graph import Node
    >>> x = Node([[1.0, 2.0]])
    >>> (2 - x @ [[1.0], [3.0]]).value
    array([[-5.]])
    """

    __slots__ = ()

    def __add__(self, other: Operand) -> Self:
        return operate(self, "add", self, other)

    def __radd__(self, other: Operand) -> Self:
        return operate(self, "add", other, self)

    def __sub__(self, other: Operand) -> Self:
        return operate(self, "subtract", self, other)

    def __rsub__(self, other: Operand) -> Self:
        return operate(self, "subtract", other, self)

    def __mul__(self, other: Operand) -> Self:
        return operate(self, "multiply", self, other)

    def __rmul__(self, other: Operand) -> Self:
        return operate(self, "multiply", other, self)

    def __truediv__(self, other: Operand) -> Self:
        return operate(self, "divide", self, other)

    def __rtruediv__(self, other: Operand) -> Self:
        return operate(self, "divide", other, self)

    def __pow__(self, other: Operand) -> Self:
        return operate(self, "power", self, other)

    def __rpow__(self, other: Operand) -> Self:
        return operate(self, "power", other, self)

    def __matmul__(self, other: Operand) -> Self:
        return operate(self, "matmul", self, other)

    def __rmatmul__(self, other: Operand) -> Self:
        return operate(self, "matmul", other, self)

    def __lt__(self, other: Operand) -> NoReturn:
        raise TypeError(
            "nodes are not compared, since a comparison has no slope: choose with relu, abs or max in the graph; what "
            "is computed from node.value is no part of an explanation"
        )

    __le__ = __gt__ = __ge__ = __lt__

    def __floordiv__(self, other: Operand) -> NoReturn:
        raise TypeError(f"// and % have no slope, so no method could explain them: use /, or write an Op; {OUTSIDE}")

    __mod__ = __floordiv__

    def __neg__(self) -> Self:
        return operate(self, "negative", self)

    def __abs__(self) -> Self:
        return operate(self, "absolute", self)

    def __getitem__(self, index: Any) -> Self:
        return operate(self, "take", self, index)

    def sum(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Self:
        """The sum over axes, by default over all axes of a row."""
        return operate(self, "sum", self, axis, keepdims)

    def mean(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Self:
        """The mean over axes, by default over all axes of a row."""
        return operate(self, "mean", self, axis, keepdims)

    def max(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Self:
        """The maximum over axes, by default over all axes of a row."""
        return operate(self, "max", self, axis, keepdims)

    def reshape(self, *shape: int) -> Self:
        """Reshape every row: (N, ...) -> (N, *shape)"""
        return operate(self, "reshape", self, *shape)

    def flatten(self) -> Self:
        """Flatten every row: (N, ...) -> (N, numbers)"""
        return operate(self, "flatten", self)

    def transpose(self, *axes: int) -> Self:
        """Permute the axes of a row; axis 1 is the first axis of a row."""
        return operate(self, "transpose", self, *axes)

    # -- NumPy must not take a node for an array -------------------------------------------------------
    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Self:
        """Compute array + node and the like, which NumPy passes on to this method.

        Raises TypeError for every other NumPy function.
        """
        if method != "__call__" or options or ufunc.__name__ not in NUMPY_OPERATORS:
            refuse(f"np.{ufunc.__name__}")
        return operate(self, NUMPY_OPERATORS[ufunc.__name__], *inputs)

    def __array_function__(self, function: Callable[..., Any], *_: Any) -> NoReturn:
        refuse(f"np.{function.__name__}")

    def __array__(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError(f"a Node is not an array: use minixai.ops, or write an Op; {OUTSIDE}")

    def __setitem__(self, index: Any, value: Any) -> NoReturn:
        raise TypeError("a Node cannot be written into, its history would be lost: build a new one, x * mask + value")

    def __bool__(self) -> NoReturn:
        raise TypeError(
            "a Node is neither true nor false: choose with relu, abs or max in the graph; an if on node.value takes "
            "the same way for the reference, so every explanation across it would be wrong"
        )


def operate(like: N, operator: str, *inputs: Any) -> N:
    """The node that an operator makes of `inputs`; `like` is one of them, and only tells the type."""
    return cast("N", OPERATORS[operator](*inputs))


def refuse(name: str) -> NoReturn:
    """Raise TypeError for the NumPy function of this name, which was called with a node."""
    raise TypeError(
        f"{name} cannot follow a Node, so no method could explain it: use the same function of minixai.ops, "
        f"or write an Op; {OUTSIDE}"
    )


NUMPY_OPERATORS = {
    name: "divide" if name == "true_divide" else name
    for name in ("add", "subtract", "multiply", "divide", "true_divide", "power", "matmul", "negative", "absolute")
}

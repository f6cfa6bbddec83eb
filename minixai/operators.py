"""What +, *, @, [...] and the methods of a node stand for, and what NumPy must not do to a node behind our back.

Each operator looks its operation up in a table that minixai.ops fills, so that imports run one way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

if TYPE_CHECKING:
    from minixai.graph import Node, Operand

OPERATORS: dict[str, Callable[..., Node]] = {}
OUTSIDE = "node.value leaves the graph, and every explanation of what is computed from it would be wrong"


class Operators:
    """The operators of a node."""

    __slots__ = ()

    def __add__(self, other: Operand) -> Node:
        return OPERATORS["add"](self, other)

    def __radd__(self, other: Operand) -> Node:
        return OPERATORS["add"](other, self)

    def __sub__(self, other: Operand) -> Node:
        return OPERATORS["subtract"](self, other)

    def __rsub__(self, other: Operand) -> Node:
        return OPERATORS["subtract"](other, self)

    def __mul__(self, other: Operand) -> Node:
        return OPERATORS["multiply"](self, other)

    def __rmul__(self, other: Operand) -> Node:
        return OPERATORS["multiply"](other, self)

    def __truediv__(self, other: Operand) -> Node:
        return OPERATORS["divide"](self, other)

    def __rtruediv__(self, other: Operand) -> Node:
        return OPERATORS["divide"](other, self)

    def __pow__(self, other: Operand) -> Node:
        return OPERATORS["power"](self, other)

    def __rpow__(self, other: Operand) -> Node:
        return OPERATORS["power"](other, self)

    def __matmul__(self, other: Operand) -> Node:
        return OPERATORS["matmul"](self, other)

    def __rmatmul__(self, other: Operand) -> Node:
        return OPERATORS["matmul"](other, self)

    def __lt__(self, other: Operand) -> NoReturn:
        raise TypeError(
            "nodes are not compared, since a comparison has no slope: choose with relu, abs or max in the graph; what "
            "is computed from node.value is no part of an explanation"
        )

    __le__ = __gt__ = __ge__ = __lt__

    def __floordiv__(self, other: Operand) -> NoReturn:
        raise TypeError(f"// and % have no slope, so no method could explain them: use /, or write an Op; {OUTSIDE}")

    __mod__ = __floordiv__

    def __neg__(self) -> Node:
        return OPERATORS["negative"](self)

    def __abs__(self) -> Node:
        return OPERATORS["absolute"](self)

    def __getitem__(self, index: Any) -> Node:
        return OPERATORS["take"](self, index)

    def sum(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Node:
        return OPERATORS["sum"](self, axis, keepdims)

    def mean(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Node:
        return OPERATORS["mean"](self, axis, keepdims)

    def max(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Node:
        return OPERATORS["max"](self, axis, keepdims)

    def reshape(self, *shape: int) -> Node:
        return OPERATORS["reshape"](self, *shape)

    def flatten(self) -> Node:
        return OPERATORS["flatten"](self)

    def transpose(self, *axes: int) -> Node:
        return OPERATORS["transpose"](self, *axes)

    # -- what NumPy must not do to a node behind our back ----------------------------------------------
    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Node:
        """array + node arrives here as np.add; every other NumPy function is refused."""
        if method != "__call__" or options or ufunc.__name__ not in NUMPY_OPERATORS:
            refuse(f"np.{ufunc.__name__}")
        return OPERATORS[NUMPY_OPERATORS[ufunc.__name__]](*inputs)

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


def refuse(name: str) -> NoReturn:
    raise TypeError(
        f"{name} cannot follow a Node, so no method could explain it: use the same function of minixai.ops, "
        f"or write an Op; {OUTSIDE}"
    )


NUMPY_OPERATORS = {
    name: "divide" if name == "true_divide" else name
    for name in ("add", "subtract", "multiply", "divide", "true_divide", "power", "matmul", "negative", "absolute")
}

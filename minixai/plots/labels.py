"""What an operation looks like in a diagram.  Constants are part of the sign: "× −1", "1 + ·"."""

import re
from collections.abc import Callable

import numpy as np

from minixai.arrays import Array
from minixai.graph import Node, Op
from minixai.ops.arithmetic import Add, MatMul, Multiply
from minixai.ops.convolution import Convolution
from minixai.ops.functions import Abs, Exp, Log, Power
from minixai.ops.shapes import Take
from minixai.plots.text import PRINTED, number, numbers, shorten

LONGEST = 24  # characters of a name


def label(node: Node) -> str:
    """The name, the sign of the operation, or both.

    >>> x = Node(3.0).named("x")
    >>> label(x), label(2 * x), label((x - 1).named("y"))
    ('x', '2 × ·', 'y = − 1')
    """
    name = shorten(node.name or "", LONGEST)
    if node.op is None:
        return name or "input"
    return f"{name} = {sign(node)}" if name else sign(node)


def sign(node: Node) -> str:
    """The operation with its constants."""
    for kind in type(node.op).__mro__:
        if kind in SIGNS:
            return SIGNS[kind](node)
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", type(node.op).__name__).lower()


def sum_sign(node: Node) -> str:
    """u + v, c + u, u + c, u − c"""
    u, v = node.inputs
    if isinstance(v, np.ndarray) and v.size <= PRINTED and (v < 0).all():
        return f"− {numbers(-v)}"
    return between(u, "+", v)


def between(u: Node | Array | None, symbol: str, v: Node | Array | None) -> str:
    """The sign of u ∘ v, of which one may be a constant."""
    if isinstance(u, np.ndarray):
        return f"{constant(u)} {symbol} ·"
    return f"{symbol} {constant(v)}" if isinstance(v, np.ndarray) else symbol


def constant(c: Array) -> str:
    return numbers(c) if c.size <= PRINTED else "×".join(map(str, c.shape))


def matmul_sign(node: Node) -> str:
    x, w, *b = node.inputs
    return between(x, "@", w) + "".join(f" + {constant(c)}" for c in b if isinstance(c, np.ndarray))


def convolution_sign(node: Node) -> str:
    w = node.inputs[1]
    return f"conv {w.shape[0]}×{w.shape[1]}" if w is not None else "conv"


def power_sign(node: Node) -> str:
    return POWERS.get(node.op.p) or f"x^{number(node.op.p)}"


def take_sign(node: Node) -> str:
    return f"[{', '.join(map(part, (slice(None), *node.op.index)))}]"


def part(index: object) -> str:
    """One part of an index as it is typed.

    >>> [part(i) for i in (0, slice(1, None), slice(None, 6, 2), Ellipsis)]
    ['0', '1:', ':6:2', '...']
    """
    if not isinstance(index, slice):
        return "..." if index is Ellipsis else str(index)
    start, stop, step = ("" if i is None else str(i) for i in (index.start, index.stop, index.step))
    return f"{start}:{stop}" + (f":{step}" if step else "")


POWERS = {-1.0: "1/x", 0.5: "√x", 2.0: "x²", 3.0: "x³"}
SIGNS: dict[type[Op], Callable[[Node], str]] = {
    Add: sum_sign,
    Multiply: lambda node: between(node.inputs[0], "×", node.inputs[1]),
    MatMul: matmul_sign,
    Convolution: convolution_sign,
    Power: power_sign,
    Take: take_sign,
    Abs: lambda node: "|x|",
    Exp: lambda node: "exp x",
    Log: lambda node: "log x",
}

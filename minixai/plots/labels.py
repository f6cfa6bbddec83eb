"""The label of a node in a diagram: its name and the sign of its operation.  Constants belong to the sign: "× −1"."""

import re
from collections.abc import Callable

import numpy as np

from minixai.arrays import Array
from minixai.graph import Node, Op
from minixai.ops.arithmetic import Add, MatMul, Multiply
from minixai.ops.convolution import Convolution
from minixai.ops.functions import Abs, Exp, Log, Power
from minixai.ops.shapes import Take
from minixai.plots.text import MAX_PRINTED, short_number, short_numbers
from minixai.text import truncate

LONGEST_NAME = 24  # characters


def node_label(node: Node) -> str:
    """The name of a node, the sign of its operation, or both.

    >>> x = Node(3.0).named("x")
    >>> node_label(x), node_label(2 * x), node_label((x - 1).named("y"))
    ('x', '2 × ·', 'y = − 1')
    """
    name = truncate(node.name or "", LONGEST_NAME)
    if node.op is None:
        return name or "input"
    return f"{name} = {operation_sign(node)}" if name else operation_sign(node)


def operation_sign(node: Node) -> str:
    """The sign of a node's operation, with its constants; the name of the operation's class if it has no sign."""
    for kind in type(node.op).__mro__:
        if kind in SIGNS:
            return SIGNS[kind](node)
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", type(node.op).__name__).lower()


def sum_sign(node: Node) -> str:
    """The sign of u + v, of which one may be a constant; adding a negative constant is shown as a subtraction."""
    u, v = node.inputs
    if isinstance(v, np.ndarray) and v.size <= MAX_PRINTED and (v < 0).all():
        return f"− {short_numbers(-v)}"
    return binary_sign(u, "+", v)


def binary_sign(u: Node | Array | None, symbol: str, v: Node | Array | None) -> str:
    """The sign of u ∘ v, of which one may be a constant."""
    if isinstance(u, np.ndarray):
        return f"{constant_text(u)} {symbol} ·"
    return f"{symbol} {constant_text(v)}" if isinstance(v, np.ndarray) else symbol


def constant_text(c: Array) -> str:
    """The entries of a small constant, or the shape of a large one."""
    return short_numbers(c) if c.size <= MAX_PRINTED else "×".join(map(str, c.shape))


def matmul_sign(node: Node) -> str:
    """ "@", the matrix or its shape, and the constant that is added."""
    x, w, *b = node.inputs
    return binary_sign(x, "@", w) + "".join(f" + {constant_text(c)}" for c in b if isinstance(c, np.ndarray))


def convolution_sign(node: Node) -> str:
    """ "conv" and the size of the kernel."""
    w = node.inputs[1]
    return f"conv {w.shape[0]}×{w.shape[1]}" if w is not None else "conv"


def power_sign(node: Node) -> str:
    """ "x²" and the like."""
    return POWERS.get(node.op.p) or f"x^{short_number(node.op.p)}"


def take_sign(node: Node) -> str:
    """The index as it is typed: "[:, 0]"."""
    return f"[{', '.join(map(index_text, (slice(None), *node.op.index)))}]"


def index_text(index: object) -> str:
    """One part of an index as it is typed.

    >>> [index_text(i) for i in (0, slice(1, None), slice(None, 6, 2), Ellipsis)]
    ['0', '1:', ':6:2', '...']
    """
    if not isinstance(index, slice):
        return "..." if index is Ellipsis else str(index)
    start, stop, step = ("" if i is None else str(i) for i in (index.start, index.stop, index.step))
    return f"{start}:{stop}" + (f":{step}" if step else "")


POWERS = {-1.0: "1/x", 0.5: "√x", 2.0: "x²", 3.0: "x³"}
SIGNS: dict[type[Op], Callable[[Node], str]] = {
    Add: sum_sign,
    Multiply: lambda node: binary_sign(node.inputs[0], "×", node.inputs[1]),
    MatMul: matmul_sign,
    Convolution: convolution_sign,
    Power: power_sign,
    Take: take_sign,
    Abs: lambda node: "|x|",
    Exp: lambda node: "exp x",
    Log: lambda node: "log x",
}

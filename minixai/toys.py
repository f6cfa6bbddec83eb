"""Small networks from the papers and lessons, as functions of a Node (N, k), which has one column for each input.

Each returns a Node (N,), and can be explained like any model: `mx.gradient(toys.saturation, [[1., 1.]])`.
"""

from minixai.graph import Node
from minixai.ops import relu
from minixai.text import quoted


def columns(x: Node, *names: str) -> list[Node]:
    """Return the columns of x, each a Node (N,) with its name."""
    if not isinstance(x, Node):
        raise TypeError(
            f"this network is a function of a Node, got {quoted(x)}: give Node(x), or explain the network at x, "
            "mx.gradient(network, x)"
        )
    if x.ndim != 2 or x.shape[1] != len(names):
        raise ValueError(
            f"this network takes (N, {len(names)}), a column for each of {', '.join(names)}; got {x.shape}"
        )
    return [x[:, j].named(name) for j, name in enumerate(names)]


def saturation(x: Node) -> Node:
    """y = 1 − relu(1 − (i1 + i2)), saturated from i1 + i2 = 1 on. (Shrikumar et al. 2017, Fig. 1)"""
    i1, i2 = columns(x, "i1", "i2")
    return 1 - relu(1 - (i1 + i2))


def add_multiply(x: Node) -> Node:
    """f = (a + b)(b + c): two adders and a multiplier."""
    a, b, c = columns(x, "a", "b", "c")
    return (a + b) * (b + c)


def threshold(x: Node) -> Node:
    """y = relu(x − 10), whose slope jumps at 10. (Shrikumar et al. 2017, Fig. 2)"""
    (x1,) = columns(x, "x")
    return relu(x1 - 10)


def one_minus_relu(x: Node) -> Node:
    """f = 1 − relu(1 − x), flat from 1 on. (Sundararajan et al. 2017, §2.1)"""
    (x1,) = columns(x, "x")
    return 1 - relu(1 - x1)


def minimum(x: Node) -> Node:
    """min(i1, i2) = i1 − relu(i1 − i2) (Shrikumar et al. 2017, Fig. 3)"""
    i1, i2 = columns(x, "i1", "i2")
    return i1 - relu(i1 - i2)


def maximum(x: Node) -> Node:
    """max(i1, i2) = relu(i1 − i2) + relu(i2), for i2 ≥ 0"""
    i1, i2 = columns(x, "i1", "i2")
    return relu(i1 - i2) + relu(i2)


def invariance_f(x: Node) -> Node:
    """f = relu(relu(x1) − 1 − relu(x2)), the same function as `invariance_g`. (Sundararajan et al. 2017, Fig. 7)"""
    x1, x2 = columns(x, "x1", "x2")
    return relu(relu(x1) - 1 - relu(x2))


def invariance_g(x: Node) -> Node:
    """g = relu(relu(x1 − 1) − relu(x2)), the same function as `invariance_f`. (Sundararajan et al. 2017, Fig. 7)"""
    x1, x2 = columns(x, "x1", "x2")
    return relu(relu(x1 - 1) - relu(x2))


def product(x: Node) -> Node:
    """x1 · x2"""
    x1, x2 = columns(x, "x1", "x2")
    return x1 * x2


def multilinear(x: Node) -> Node:
    """x1x2 + 2x1x2x3 − 3x3 + x2x3, linear in each input separately."""
    x1, x2, x3 = columns(x, "x1", "x2", "x3")
    return x1 * x2 + 2 * x1 * x2 * x3 - 3 * x3 + x2 * x3

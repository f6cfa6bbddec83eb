"""Rules with a single slope: of the gradient, of what a ReLU lets through, or of the chord from reference to value."""

import numpy as np

from minixai.arrays import Array, divide_or, multiply_no_nan
from minixai.graph import Node, Rule, history, leading_to, values
from minixai.ops.blocks import in_blocks
from minixai.ops.functions import Relu
from minixai.ops.kinds import Bilinear, Elementwise, Linear, Selection
from minixai.rules.table import Table, document
from minixai.rules.ties import argmax


@document
def gradient(node: Node, i: int, m: Array) -> Array:
    """The gradient: m · ∂y/∂x.

    {rule}

    Examples
    --------
    >>> x = Node([[3.0, 1.0]])
    >>> gradient(x * [[2.0, 5.0]], 0, np.ones((1, 2)))
    array([[2., 5.]])
    """
    return np.asarray(node.op.vjp(i, m, *values(node.inputs)))


@document
def to_argmax(node: Node, i: int, m: Array) -> Array:
    """The gradient of a maximum: m goes to the largest entry of each window, and to the first of equal entries.

    {rule}

    Examples
    --------
    >>> x = Node([[1.0, 5.0, 5.0]])
    >>> to_argmax(x.max(axis=1), 0, np.array([2.0]))
    array([[0., 2., 0.]])
    """
    (x,) = node.sources
    return np.asarray(node.op.scatter(m, argmax(node), x.value))


@document
def deconvnet(node: Node, i: int, m: Array) -> Array:
    """Deconvnet: max(m, 0) at a ReLU, whether it was on or off, and the gradient at other functions.

    {rule}

    References
    ----------
    Zeiler & Fergus (2014), Visualizing and understanding convolutional networks, §2.1.

    Examples
    --------
    >>> from minixai.ops import relu
    >>> deconvnet(relu(Node([[2.0, -2.0, 2.0]])), 0, np.array([[1.0, 1.0, -1.0]]))
    array([[1., 1., 0.]])
    """
    return np.maximum(m, 0) if node.op.rectifies else gradient(node, i, m)


@document
def guided(node: Node, i: int, m: Array) -> Array:
    """Guided backprop: max(m, 0) · f'(x) at a ReLU, and the gradient at other functions.

    {rule}

    References
    ----------
    Springenberg et al. (2015), Striving for simplicity: the all convolutional net, Fig. 1.

    Examples
    --------
    >>> from minixai.ops import relu
    >>> guided(relu(Node([[2.0, -2.0, 2.0]])), 0, np.array([[1.0, 1.0, -1.0]]))
    array([[1., 0., 0.]])
    """
    return gradient(node, i, np.maximum(m, 0) if node.op.rectifies else m)


def has_rectifier(output: Node, node: Node) -> bool:
    """Whether an op between two nodes rectifies; if none does, `guided` and `deconvnet` equal the gradient.

    Parameters
    ----------
    output, node : Node
        The end and the start of the paths.

    Returns
    -------
    bool
        Whether some elementwise op on a path from `node` to `output` has `rectifies = True`.

    Examples
    --------
    >>> from minixai.ops import relu, sigmoid
    >>> x = Node([[1.0]])
    >>> has_rectifier(relu(x), x), has_rectifier(sigmoid(x), x)
    (True, False)
    """
    between = leading_to([node], history(output))
    return any(isinstance(x.op, Elementwise) and x.op.rectifies for x in between if x is not node)


@document
def midpoint(node: Node, i: int, m: Array) -> Array:
    """The gradient, with the other factors of the product halfway between reference and value.

    {rule}

    Notes
    -----
    For a product this is exact: Δ(uv) = Δu · (v + v₀)/2 + Δv · (u + u₀)/2

    References
    ----------
    Shrikumar et al. (2017), Learning important features through propagating activation differences, §3.5.

    Examples
    --------
    >>> u, v = Node([[3.0]], reference=0.0), Node([[4.0]], reference=2.0)
    >>> midpoint(u * v, 0, np.ones((1, 1)))
    array([[3.]])
    """
    xs = [halfway(x) if isinstance(x, Node) and j != i else x for j, x in enumerate(node.inputs)]
    passed = np.asarray(node.op.vjp(i, m, *values(xs)))
    if len(node.sources) > 1:  # 0 · ∞, as in √(u · u) where u stayed at 0
        x = node.inputs[i]
        unmoved = isinstance(x, Node) and x.delta == 0
        passed = np.where(np.isnan(passed) & unmoved, 0, passed)
    return passed


@document
def rescale(node: Node, i: int, m: Array) -> Array:
    """DeepLIFT's Rescale: m · Δy/Δx, where Δy/Δx is the slope of the chord.

    {rule}

    References
    ----------
    Shrikumar et al. (2017), Learning important features through propagating activation differences, eq. 8.

    Examples
    --------
    >>> from minixai.ops import relu
    >>> rescale(relu(Node([[1.0]], reference=-3.0)), 0, np.ones((1, 1)))  # Δy = 1, Δx = 4
    array([[0.25]])
    """
    (x,), op = node.sources, node.op

    def slope(m: Array, x0: Array, x: Array, y0: Array, y: Array, out: Array | None = None) -> Array:
        return multiply_no_nan(m, chord(op, x0, x, y0, y), out)

    return in_blocks(slope, m, x.reference, x.value, node.reference, node.value)


def chord(op: Elementwise, x0: Array, x: Array, y0: Array, y: Array, tangent: Array | None = None) -> Array:
    """Slope of the chord, Δy/Δx; where Δx is nearly 0 and there is no kink in between, the derivative at `tangent`.

    Parameters
    ----------
    op : Elementwise
        The function f.
    x0, x : ndarray, (N, ...)
        Where the chord starts and ends; x0 may have one row.
    y0, y : ndarray, (N, ...)
        f at x0 and at x.
    tangent : ndarray, (N, ...), optional
        A point between x0 and x, by default halfway.

    Returns
    -------
    ndarray
        The slopes, (N, ...).

    Notes
    -----
    Δx counts as nearly 0 if |Δx| ≤ ε^(1/3) · max(|x|, |x₀|, op.scale), because the difference Δy is then inexact.  If
    op.scale is 0, that is never so for a chord across 0.  For a ReLU it is so only if Δx is 0, because Δy is as exact
    as Δx.

    Examples
    --------
    >>> from minixai.ops import relu
    >>> y = relu(Node([[1.0]], reference=-3.0))
    >>> chord(y.op, np.array([[-3.0]]), np.array([[1.0]]), y.reference, y.value)
    array([[0.25]])
    """
    dx = x - x0
    if type(op) is Relu:
        return divide_or(y - y0, dx, op.slope(x if tangent is None else tangent))
    if tangent is None:
        tangent = x0 + dx / 2
    size = np.maximum(np.maximum(abs(x), abs(x0)), op.scale)
    flat = abs(dx) <= np.cbrt(np.finfo(dx.dtype).eps) * size
    slope = np.asarray((y - y0) / np.where(dx == 0, 1, dx))
    short = flat & (dx != 0)
    unmoved = flat & ~short
    slope[unmoved] = op.slope(tangent[unmoved])  # only here: √x has a chord from 0, but no derivative at 0
    if short.any():
        begin, end, before, after = (np.broadcast_to(z, dx.shape)[short] for z in (x0, x, y0, y))
        slope[short] = short_chord(op, slope[short], begin, end, before, after, tangent[short], size[short])
    return slope


def short_chord(
    op: Elementwise, chord_slope: Array, x0: Array, x: Array, y0: Array, y: Array, tangent: Array, size: Array
) -> Array:
    """The derivative at `tangent`, or Δy/Δx if the two differ by more than rounding.

    They differ if f has a kink in between.  Δx is exact.  y and y₀ are off by up to 4ε of their size, as fast
    implementations of exp and tanh are, so m·Δx misses Δy by at most 4ε·(|y| + |y₀|).  A function that rounds an
    intermediate argument, such as x/6 + ½ or gelu's tail, is off by up to 4ε·|f'·x| as well.  This is allowed only if
    the derivatives at both ends differ from that halfway by no more than curvature explains, |f''·x| ≤ 64·|f'|, so that
    no kink is missed because of it.
    """
    eps, dx, middle = np.finfo(x.dtype).eps, x - x0, op.slope(tangent)
    spread = np.maximum(abs(op.slope(x0) - middle), abs(op.slope(x) - middle))
    is_smooth = spread * size <= 32 * abs(middle * dx)
    rounding = 4 * eps * (abs(y) + abs(y0) + np.where(is_smooth, 2 * abs(middle) * size, 0))
    return np.asarray(np.where(abs(y - y0 - middle * dx) <= rounding, middle, chord_slope))


@document
def max_difference(node: Node, i: int, m: Array) -> Array:
    """Rescale of a maximum: all of Δy goes to the entry that moved the maximum.

    {rule}

    Notes
    -----
    That entry is the argmax of the value if the maximum rose, and the argmax of the reference if it fell.  The rule is
    complete, because the entry has |Δx| ≥ |Δy|.  Of equal entries it is the one that is largest on the other side (in
    the reference or in the value), so that with a reference of one colour the position does not decide.

    Examples
    --------
    >>> x = Node([[4.0, 1.0]], reference=[[0.0, 2.0]])  # rises from 2 to 4, and the first entry by 4
    >>> max_difference(x.max(axis=1), 0, np.ones(1))
    array([[0.5, 0. ]])
    """
    return route(node, m, argmax(node, "value", "reference"), argmax(node, "reference", "value"))


@document
def max_difference_first(node: Node, i: int, m: Array) -> Array:
    """Rescale of a maximum as in captum and shap: like `max_difference`, but with the first of equal entries.

    {rule}

    Examples
    --------
    >>> x = Node([[4.0, 4.0]], reference=[[0.0, 2.0]])
    >>> max_difference_first(x.max(axis=1), 0, np.ones(1)), max_difference(x.max(axis=1), 0, np.ones(1))
    (array([[0.5, 0. ]]), array([[0., 1.]]))
    """
    return route(node, m, argmax(node), argmax(node, "reference"))


def route(node: Node, m: Array, risen: Array, fallen: Array) -> Array:
    """Pass m · Δy/Δx of a maximum on to one entry of each window.

    Parameters
    ----------
    node : Node
        A maximum.
    m : ndarray
        The multiplier of the node, in its shape.
    risen, fallen : ndarray of int
        The index of the entry in each window that receives it: `risen` if the maximum rose, `fallen` if it fell.

    Returns
    -------
    ndarray
        What the input receives, in its shape.

    Notes
    -----
    Apart from rounding, Δy/Δx lies between 0 and 1; it is clipped to this range.

    Examples
    --------
    >>> x = Node([[4.0, 1.0]], reference=[[0.0, 2.0]])
    >>> y = x.max(axis=1)
    >>> route(y, np.ones(1), y.op.argmax(x.value), y.op.argmax(x.reference))
    array([[0.5, 0. ]])
    """
    (x,), op, dy = node.sources, node.op, node.delta
    chosen = np.where((dy < 0).reshape(risen.shape), fallen, risen)
    dx = op.gather(x.delta, chosen)
    slope = divide_or(dy, dx, 1)
    return np.asarray(op.scatter(multiply_no_nan(m, np.clip(slope, 0, 1)), chosen, x.value))


def halfway(x: Node) -> Array:
    """(x + x₀)/2, halfway between reference and value; exactly x wherever value and reference are equal.

    Parameters
    ----------
    x : Node
        A node.

    Returns
    -------
    ndarray
        In the shape of the node.

    Examples
    --------
    >>> halfway(Node([[4.0]], reference=1.0))
    array([[2.5]])
    """
    return np.asarray(x.reference + x.delta / 2)


def rescale_table(pool: Rule) -> Table:
    """The table of DeepLIFT's Rescale.

    Parameters
    ----------
    pool : Rule
        The rule at a maximum.

    Returns
    -------
    Table

    Examples
    --------
    >>> from minixai.graph import backward
    >>> x = Node([[4.0, 4.0]], reference=[[0.0, 2.0]])
    >>> backward(x.max(axis=1), rescale_table(max_difference_first))[x]
    array([[0.5, 0. ]])
    """
    return Table({Linear: gradient, Bilinear: midpoint, Elementwise: rescale, Selection: pool})


GRADIENT = Table({Linear: gradient, Bilinear: gradient, Elementwise: gradient, Selection: to_argmax})
DECONVNET = Table({**GRADIENT, Elementwise: deconvnet})
GUIDED = Table({**GRADIENT, Elementwise: guided})
RESCALE = rescale_table(max_difference)

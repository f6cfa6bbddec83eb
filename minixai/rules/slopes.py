"""Rules that carry one slope: of the tangent, of what a ReLU lets through, or of the chord from the reference."""

import numpy as np

from minixai.arrays import Array, multiply_no_nan
from minixai.graph import Node, Rule, history, leading_to, values
from minixai.ops.blocks import in_blocks
from minixai.ops.kinds import Bilinear, Elementwise, Linear, Selection
from minixai.rules.table import Table
from minixai.rules.ties import equalised


def gradient(node: Node, i: int, m: Array) -> Array:
    """m · ∂y/∂x"""
    return np.asarray(node.op.vjp(i, m, *values(node.inputs)))


def to_argmax(node: Node, i: int, m: Array) -> Array:
    """m to the largest entry of each window, of equals to the first."""
    (x,) = node.sources
    return np.asarray(node.op.vjp(i, m, equalised(x)))


def deconvnet(node: Node, i: int, m: Array) -> Array:
    """max(m, 0) at a ReLU: keep what is positive on the way back, wherever it stood. (Zeiler & Fergus 2014)"""
    return np.maximum(m, 0) if node.op.rectifies else gradient(node, i, m)


def guided(node: Node, i: int, m: Array) -> Array:
    """max(m, 0) · f'(x) at a ReLU: positive on the way back *and* on the way forward. (Springenberg et al. 2015)"""
    return gradient(node, i, np.maximum(m, 0) if node.op.rectifies else m)


def has_rectifier(output: Node, node: Node) -> bool:
    """Whether there is an op between the two that rectifies, so that `guided` and `deconvnet` are not the gradient."""
    between = leading_to([node], history(output))
    return any(isinstance(x.op, Elementwise) and x.op.rectifies for x in between if x is not node)


def midpoint(node: Node, i: int, m: Array) -> Array:
    """The gradient with the other factors halfway between reference and value.  Exact for a product:

    Δ(uv) = Δu · (v + v₀)/2  +  Δv · (u + u₀)/2
    """
    xs = [halfway(x) if isinstance(x, Node) and j != i else x for j, x in enumerate(node.inputs)]
    passed = np.asarray(node.op.vjp(i, m, *values(xs)))
    if len(node.sources) > 1:  # 0 · ∞, as in the square of what stayed at 0, below a root
        x = node.inputs[i]
        still = isinstance(x, Node) and x.delta == 0
        passed = np.where(np.isnan(passed) & still, 0, passed)
    return passed


def rescale(node: Node, i: int, m: Array) -> Array:
    """m · Δy/Δx, the slope of the chord: DeepLIFT's Rescale. (Shrikumar et al. 2017, eq. 8)"""
    (x,), op = node.sources, node.op

    def slope(m: Array, x0: Array, x: Array, y0: Array, y: Array) -> Array:
        return multiply_no_nan(m, chord(op, x0, x, y0, y, x0 + (x - x0) / 2))

    return in_blocks(slope, m, x.reference, x.value, node.reference, node.value)


def chord(op: Elementwise, x0: Array, x: Array, y0: Array, y: Array, tangent: Array) -> Array:
    """Δy/Δx from x₀ to x, and the slope at `tangent` where Δx is flat and no kink lies between.

    Where it is flat, too short beside x for the difference to be exact, the slope halfway
    stands in.  A chord across 0 is never flat unless f has a scale of its own.
    """
    dx = x - x0
    size = np.maximum(np.maximum(abs(x), abs(x0)), op.scale)
    flat = abs(dx) <= np.cbrt(np.finfo(dx.dtype).eps) * size
    slope = np.asarray((y - y0) / np.where(dx == 0, 1, dx))
    short = flat & (dx != 0)
    still = flat & ~short
    slope[still] = op.slope(tangent[still])  # and nowhere else: √x has a chord from 0, but no tangent
    if short.any():
        begin, end, before, after = (np.broadcast_to(z, dx.shape)[short] for z in (x0, x, y0, y))
        slope[short] = short_chord(op, slope[short], begin, end, before, after, tangent[short], size[short])
    return slope


def short_chord(
    op: Elementwise, chord_slope: Array, x0: Array, x: Array, y0: Array, y: Array, tangent: Array, size: Array
) -> Array:
    """The slope at `tangent`, unless it differs from Δy/Δx by more than rounding: then f has a kink, and Δy/Δx stays.

    Δx is exact, and y and y₀ are off by up to 4ε of their size, as fast implementations of exp and tanh are; so m·Δx
    misses Δy by no more than 4ε·(|y| + |y₀|).  A function that rounds an argument of its own, as x/6 + ½ and gelu's
    tail do, is off by up to 4ε·|f'·x| as well.  That counts only where the slopes at both ends differ from that
    halfway by no more than curvature explains, |f''·x| ≤ 64·|f'|, so that no kink is missed for it.
    """
    eps, dx, middle = np.finfo(x.dtype).eps, x - x0, op.slope(tangent)
    spread = np.maximum(abs(op.slope(x0) - middle), abs(op.slope(x) - middle))
    even = spread * size <= 32 * abs(middle * dx)
    rounding = 4 * eps * (abs(y) + abs(y0) + np.where(even, 2 * abs(middle) * size, 0))
    return np.asarray(np.where(abs(y - y0 - middle * dx) <= rounding, middle, chord_slope))


def max_difference(node: Node, i: int, m: Array) -> Array:
    """Δy, whole, to the entry that moved the maximum: the new argmax if it rose, the old one if it fell.

    Complete, because that entry has |Δx| ≥ |Δy|.  Of equal entries the one counts that is
    largest on the other side: where the reference is one colour, position decides nothing.
    """
    (x,), op = node.sources, node.op
    value, reference = equalised(x), equalised(x, "reference")
    return route(node, m, value - reference, op.argmax(value, reference), op.argmax(reference, value))


def max_difference_first(node: Node, i: int, m: Array) -> Array:
    """As `max_difference`, but of equal entries the first counts, as in captum and shap."""
    (x,), op = node.sources, node.op
    value, reference = equalised(x), equalised(x, "reference")
    return route(node, m, value - reference, op.argmax(value), op.argmax(reference))


def route(node: Node, m: Array, delta: Array, risen: Array, fallen: Array) -> Array:
    """m · Δy/Δx to the entry `risen` where y rose, to `fallen` where it fell.

    Δy/Δx is between 0 and 1, but for rounding.
    """
    (x,), op, dy = node.sources, node.op, node.delta
    chosen = np.where((dy < 0).reshape(risen.shape), fallen, risen)
    dx = op.gather(delta, chosen)
    slope = np.divide(dy, dx, out=np.ones_like(dx), where=dx != 0)
    return np.asarray(op.scatter(multiply_no_nan(m, np.clip(slope, 0, 1)), chosen, x.value))


def halfway(x: Node) -> Array:
    """(x + x₀)/2, and x itself, to the bit, where nothing moved."""
    return np.asarray(x.reference + x.delta / 2)


def rescale_table(pool: Rule) -> Table:
    """DeepLIFT's Rescale, with this rule at a maximum."""
    return Table({Linear: gradient, Bilinear: midpoint, Elementwise: rescale, Selection: pool})


GRADIENT = Table({Linear: gradient, Bilinear: gradient, Elementwise: gradient, Selection: to_argmax})
DECONVNET = Table({**GRADIENT, Elementwise: deconvnet})
GUIDED = Table({**GRADIENT, Elementwise: guided})
RESCALE = rescale_table(max_difference)

"""Rules that carry one slope: of the tangent, of what a ReLU lets through, or of the chord from the reference."""

import numpy as np

from minixai.arrays import Array
from minixai.graph import Node, Rules, values
from minixai.ops.blocks import in_blocks
from minixai.ops.functions import Relu
from minixai.ops.kinds import Bilinear, Elementwise, Linear, Selection
from minixai.rules.ties import equalised


def gradient(node: Node, i: int, m: Array) -> Array:
    """m · ∂y/∂x"""
    return np.asarray(node.op.vjp(i, m, *values(node.inputs)))


def to_winner(node: Node, i: int, m: Array) -> Array:
    """m to the largest entry of each window, of equals to the first."""
    (x,) = node.sources
    return np.asarray(node.op.vjp(i, m, equalised(x)))


def deconvnet(node: Node, i: int, m: Array) -> Array:
    """max(m, 0): keep what is positive on the way back, wherever the ReLU stood. (Zeiler & Fergus 2014)"""
    return np.maximum(m, 0)


def guided(node: Node, i: int, m: Array) -> Array:
    """max(m, 0) · f'(x): positive on the way back *and* on the way forward. (Springenberg et al. 2015)"""
    return gradient(node, i, np.maximum(m, 0))


def midpoint(node: Node, i: int, m: Array) -> Array:
    """The gradient with the other factors halfway between reference and value.  Exact for a product:

    Δ(uv) = Δu · (v + v₀)/2  +  Δv · (u + u₀)/2
    """
    xs = [halfway(x) if isinstance(x, Node) and j != i else x for j, x in enumerate(node.inputs)]
    return np.asarray(node.op.vjp(i, m, *values(xs)))


def secant(node: Node, i: int, m: Array) -> Array:
    """m · Δy/Δx, the slope of the chord: DeepLIFT's Rescale. (Shrikumar et al. 2017, eq. 8)"""
    (x,), op = node.sources, node.op

    def slope(m: Array, x0: Array, x: Array, y0: Array, y: Array) -> Array:
        return np.asarray(m * chord(op, x0, x, y - y0, x0 + (x - x0) / 2))

    return in_blocks(slope, m, x.reference, x.value, node.reference, node.value)


def chord(op: Elementwise, x0: Array, x: Array, dy: Array, tangent: Array) -> Array:
    """Δy/Δx from x₀ to x, and the slope at `tangent` where Δx is flat.

    Where it is flat, too short beside x for the difference to be exact, the slope halfway
    stands in.  A chord across 0 is never flat unless f has a scale of its own.
    """
    dx = x - x0
    size = np.maximum(np.maximum(abs(x), abs(x0)), op.scale)
    flat = abs(dx) <= np.cbrt(np.finfo(dx.dtype).eps) * size
    slope = np.asarray(dy / np.where(flat, 1, dx))
    slope[flat] = op.slope(tangent[flat])  # and nowhere else: √x has a chord from 0, but no tangent
    return slope


def mover(node: Node, i: int, m: Array) -> Array:
    """Δy, whole, to the entry that moved the maximum: the new winner if it rose, the old one if it fell.

    Complete, because that entry has |Δx| ≥ |Δy|.  Of equal entries the one counts that is
    largest on the other side: where the reference is one colour, position decides nothing.
    """
    (x,), op = node.sources, node.op
    value, reference = equalised(x), equalised(x, "reference")
    return credit(node, m, value - reference, op.winner(value, reference), op.winner(reference, value))


def first_mover(node: Node, i: int, m: Array) -> Array:
    """As `mover`, but of equal entries the first counts, as in captum and shap."""
    (x,), op = node.sources, node.op
    value, reference = equalised(x), equalised(x, "reference")
    return credit(node, m, value - reference, op.winner(value), op.winner(reference))


def credit(node: Node, m: Array, delta: Array, risen: Array, fallen: Array) -> Array:
    """m · Δy/Δx to the entry `risen` where y rose, to `fallen` where it fell.

    Δy/Δx is between 0 and 1, but for rounding.
    """
    (x,), op, dy = node.sources, node.op, node.delta
    chosen = np.where((dy < 0).reshape(risen.shape), fallen, risen)
    dx = op.take(delta, chosen)
    slope = np.divide(dy, dx, out=np.ones_like(dx), where=dx != 0)
    return np.asarray(op.give(m * np.clip(slope, 0, 1), chosen, x.value))


def halfway(x: Node) -> Array:
    """(x + x₀)/2, and x itself, to the bit, where nothing moved."""
    return np.asarray(x.reference + x.delta / 2)


GRADIENT: Rules = {Linear: gradient, Bilinear: gradient, Elementwise: gradient, Selection: to_winner}
DECONVNET: Rules = {**GRADIENT, Relu: deconvnet}
GUIDED: Rules = {**GRADIENT, Relu: guided}
RESCALE: Rules = {Linear: gradient, Bilinear: midpoint, Elementwise: secant, Selection: mover}

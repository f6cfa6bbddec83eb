"""A short chord across a kink keeps its secant, wherever the kink is; without a kink the tangent stands in.

The bound is the same everywhere: y and y₀ are exact to 4ε each, so m·Δx may miss Δy by 4ε·(|y| + |y₀|), and
what is flat and smooth by |f'''Δx³|/24 beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minixai as mx
from minixai import Node, backward, ops
from minixai.ops import Elementwise
from minixai.rules import RESCALE

DTYPES = [np.float32, np.float64]


class Relu6(Elementwise):
    """The README's recipe."""

    def forward(self, x: Any) -> Any:
        return np.clip(x, 0, 6)

    def slope(self, x: Any) -> Any:
        return ((x > 0) & (x < 6)).astype(x.dtype)


@dataclass(frozen=True)
class Clip(Elementwise):
    low: float
    high: float

    def forward(self, x: Any) -> Any:
        return np.clip(x, self.low, self.high).astype(x.dtype)

    def slope(self, x: Any) -> Any:
        return ((x > self.low) & (x < self.high)).astype(x.dtype)


class HardSwish(Elementwise):
    def forward(self, x: Any) -> Any:
        return x * np.clip(x + 3, 0, 6) / 6

    def slope(self, x: Any) -> Any:
        return np.where(x >= 3, 1, np.where(x > -3, (2 * x + 3) / 6, 0)).astype(x.dtype)


class HardSigmoid(Elementwise):
    """Its argument is rounded: where y is near 0, y is off by more than a few ε of itself."""

    scale = 1.0

    def forward(self, x: Any) -> Any:
        return np.clip(x / 6 + 0.5, 0, 1).astype(x.dtype)

    def slope(self, x: Any) -> Any:
        return ((abs(x) < 3) / 6).astype(x.dtype)


class AtMostOne(Elementwise):
    def forward(self, x: Any) -> Any:
        return np.minimum(x, 1)

    def slope(self, x: Any) -> Any:
        return (x < 1).astype(x.dtype)


@dataclass(frozen=True)
class Bent(Elementwise):
    """left·(x − at) below, right·(x − at) above, and `up` everywhere."""

    at: float
    left: float
    right: float
    up: float = 0.0

    def forward(self, x: Any) -> Any:
        off = x - x.dtype.type(self.at)
        return (np.where(off > 0, self.right * off, self.left * off) + self.up).astype(x.dtype)

    def slope(self, x: Any) -> Any:
        return np.where(x > x.dtype.type(self.at), self.right, self.left).astype(x.dtype)


KINKED: dict[str, tuple[Elementwise, tuple[float, ...]]] = {
    "relu6": (Relu6(), (0.0, 6.0)),
    "clip": (Clip(-2.5, 0.75), (-2.5, 0.75)),
    "hard-swish": (HardSwish(), (-3.0, 3.0)),
    "hard-sigmoid": (HardSigmoid(), (-3.0, 3.0)),
    "minimum": (AtMostOne(), (1.0,)),
    "|x - 5|": (Bent(5.0, -1.0, 1.0), (5.0,)),
    "relu": (ops.relu, (0.0,)),
}


def multiplier(op: Elementwise, x: Any, x0: Any) -> tuple[Any, Any, Any]:
    """(m, x, y) of a chord, as nodes."""
    leaf = Node(np.atleast_2d(x), reference=np.atleast_2d(x0))
    y = op(leaf)
    return backward(y, RESCALE)[leaf], leaf, y


def missing(op: Elementwise, x: Any, x0: Any) -> tuple[Any, Any]:
    """(|m·Δx − Δy|, what the rounding of y, of y₀ and of m itself explains)"""
    m, leaf, y = multiplier(op, x, x0)
    dx, dy = (a.value.astype(float) - a.reference for a in (leaf, y))
    eps = float(np.finfo(leaf.dtype).eps)
    return abs(m * dx - dy), 4 * eps * (abs(y.value).astype(float) + abs(y.reference)) + 2 * eps * abs(dy)


@pytest.mark.parametrize(
    ("x", "x0"),
    [(6.01, 5.99), (6.001, 5.99), (6.00001, 5.99999), (6.01, 5.9999), (6.00001, 5.99998), (5.99998, 6.00001)],
)
def test_relu6_across_6_in_float32(x: float, x0: float) -> None:
    leaf = np.array([[x]], np.float32)
    base = np.array([[x0]], np.float32)
    result = mx.deep_lift(lambda u: Relu6()(u)[:, 0], leaf, baseline=base)
    np.testing.assert_allclose(result.values, np.minimum(leaf, 6) - np.minimum(base, 6), rtol=4 * 2.0**-23)


@pytest.mark.parametrize("off", [1e-3, 1e-5, 1e-7, 1e-9, 1e-11])
@pytest.mark.parametrize("sign", [1, -1])
def test_relu6_across_6_in_float64(off: float, sign: int) -> None:
    x, x0 = 6 + sign * off, 6 - sign * off
    result = mx.deep_lift(lambda u: Relu6()(u)[:, 0], [[x]], baseline=[x0])
    np.testing.assert_allclose(result.values, [[min(x, 6) - min(x0, 6)]], rtol=4 * 2.0**-52, atol=0)


@given(
    name=st.sampled_from(list(KINKED)),
    dtype=st.sampled_from(DTYPES),
    ahead=st.floats(-12, 0),
    behind=st.floats(-12, 0),
    sides=st.sampled_from([(1, -1), (-1, 1), (1, 0), (0, 1), (-1, 0), (0, -1)]),
    which=st.integers(0, 1),
)
def test_a_chord_across_a_kink_is_complete(
    name: str, dtype: Any, ahead: float, behind: float, sides: tuple[int, int], which: int
) -> None:
    """Ends anywhere near the kink, on both sides or on it."""
    op, kinks = KINKED[name]
    kink = kinks[which % len(kinks)]
    size = abs(kink) or 1.0
    x, x0 = (dtype(kink + side * size * 10.0**exponent) for side, exponent in zip(sides, (ahead, behind), strict=True))
    error, bound = missing(op, x, x0)
    # on one side of it hard-swish is a square, whose tangent halfway is the chord, off by its own rounding; and the
    # argument of the hard sigmoid is rounded beside .5
    eps, dx = float(np.finfo(dtype).eps), abs(float(x) - float(x0))
    own = 8 * eps * dx + (4 * eps if name == "hard-sigmoid" else 0)
    assert error.item() <= bound.item() + own


@given(
    dtype=st.sampled_from(DTYPES),
    jump=st.floats(-9, 6),
    left=st.floats(-3, 3),
    up=st.sampled_from([0.0, 1.0, -7.0]),
    at=st.sampled_from([5.0, -0.3, 1e4, 1e-4]),
    length=st.floats(-12, -1),
    share=st.floats(0, 1),
)
def test_a_jump_of_any_size_is_complete(
    dtype: Any, jump: float, left: float, up: float, at: float, length: float, share: float
) -> None:
    """Wherever on the chord the slope jumps, and from whatever to whatever."""
    op = Bent(at, left, left + 10.0**jump, up)
    step = abs(at) * 10.0**length
    x0 = dtype(at) - dtype(share * step)
    x = dtype(at) + dtype((1 - share) * step)
    for a, b in ((x, x0), (x0, x)):
        error, bound = missing(op, a, b)
        eps = float(np.finfo(dtype).eps)
        dx, right = abs(float(a) - float(b)), left + 10.0**jump
        own = 4 * eps * (abs(left) + abs(right)) * dx
        steepest, size = max(abs(left), abs(right)), max(abs(float(a)), abs(float(b)))
        if (right - left) * size <= 32 * steepest * dx:  # a jump that small passes for curvature
            own += 8 * eps * steepest * size
        assert error.item() <= bound.item() + own


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_multiplier_is_continuous_as_a_chord_slides_over_a_kink(dtype: Any) -> None:
    """m goes from 1 to 0 in a straight line, as much of the chord as lies below 6."""
    width = 6 * float(np.cbrt(np.finfo(dtype).eps)) / 4  # flat
    start = np.linspace(6 - 1.5 * width, 6 + 0.5 * width, 401).astype(dtype)
    x0, x = start[None], (start + dtype(width))[None]
    m, leaf, _ = multiplier(Relu6(), x, x0)
    dx = leaf.delta.astype(float)
    below = np.clip((6 - x0.astype(float)) / dx, 0, 1)
    tolerance = 4 * float(np.finfo(dtype).eps) * 12 / dx.min()
    np.testing.assert_allclose(m, below, rtol=0, atol=tolerance)
    assert tolerance < 0.01


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["hard-swish", "hard-sigmoid", "clip"])
def test_beside_its_kinks_a_users_op_has_the_tangent(name: str, dtype: Any) -> None:
    """As short as the chord may be: a forward that rounds its argument does not spoil the multiplier."""
    op, kinks = KINKED[name]
    eps = float(np.finfo(dtype).eps)
    x = np.array([kink + side * d for kink in kinks for side in (1, -1) for d in (0.003, 0.03, 0.3)], dtype)[:, None]
    ulps = (2.0 ** np.arange(12)).astype(dtype) * np.spacing(x)
    m, leaf, _ = multiplier(op, x + ulps, np.broadcast_to(x, (len(x), len(ulps[0]))))
    middle = leaf.reference.astype(float) + leaf.delta.astype(float) / 2
    expected = op.slope(middle)
    np.testing.assert_allclose(m, expected, rtol=0, atol=32 * eps * (1 + abs(x).max()))


@given(dtype=st.sampled_from(DTYPES), x=st.floats(1e-30, 1e4), x0=st.floats(1e-30, 1e4), scale=st.floats(-30, 4))
def test_a_relu_keeps_its_exact_chord(dtype: Any, x: float, x0: float, scale: float) -> None:
    a, b = dtype(x * 10.0**scale), dtype(-x0 * 10.0**scale)
    if not (a and b):
        return
    m, _, _ = multiplier(ops.relu, a, b)
    assert abs(m.item() - float(a) / (float(a) - float(b))) <= 2 * np.finfo(dtype).eps
    m, _, _ = multiplier(ops.relu, a, dtype(x0 * 10.0**scale))
    assert abs(m.item() - 1) <= 2 * np.finfo(dtype).eps
    if a != dtype(x0 * 10.0**scale) and abs(a - dtype(x0 * 10.0**scale)) < 1e-3 * a and dtype == np.float32:
        assert m.item() == 1


def test_two_kinks_inside_one_short_chord() -> None:
    """The slopes at both ends and halfway may be alike, and the function still have moved in between."""
    op = Clip(6.0, 6.00001)
    error, bound = missing(op, 6.00004, 5.99996)
    assert error.item() <= bound.item()
    staircase = Clip(5.99998, 5.99999)  # the middle is above both
    error, bound = missing(staircase, 6.00004, 5.99996)
    assert error.item() <= bound.item()


def test_the_parts_of_reveal_cancel_and_lrp_keep_the_secant_too() -> None:
    def network(u: Node) -> Node:
        return Relu6()(u[:, 0] + u[:, 1])

    result = mx.deep_lift(network, [[3.00002, 3.0]], baseline=[2.99999, 3.0], rule="reveal-cancel")
    np.testing.assert_allclose(result.values, [[1e-5, 0]], rtol=0, atol=16 * 2.0**-52 * 6)
    np.testing.assert_allclose(mx.lrp(network, [[3.00002, 3.0]]).values.sum(), 6, rtol=1e-12)

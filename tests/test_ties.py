"""Rounding decides nothing: what is computed alike ties, on every path, every processor and in both precisions."""

import inspect
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

import minixai as mx
from minixai import Node, backward, ops
from minixai.arrays import Array
from minixai.graph import history
from minixai.ops.kinds import Elementwise, Selection
from minixai.rules import GRADIENT, RESCALE, ties
from minixai.rules.ties import equalised, first_equal
from tests.marks import slow_except

F32 = float(np.finfo(np.float32).eps)


def single(rng: np.random.Generator, *shape: int) -> Array:
    return rng.normal(size=shape).astype(np.float32)


def relative(ours: Array, exact: Array) -> Array:
    """(N,): the sum of the differences in a map, as a part of the sum of its sizes."""
    off, size = (abs(a).reshape(len(a), -1).sum(axis=1) for a in (ours - exact, exact))
    return np.asarray(off / size)


def from_flat(net: Callable[[Node], Node], x: Array, reference: Array) -> tuple[Array, Array]:
    """DeepLIFT's contributions, and gradient · Δ: where the whole reference ties, the image's winner has slope 1."""
    node = Node(x, reference)
    y = net(node)
    return tuple(backward(y, table, keep=[node])[node] * node.delta for table in (RESCALE, GRADIENT))  # type: ignore[return-value]


# -- a reference of one colour ---------------------------------------------------------------------------
def test_the_gradient_is_the_answer_where_the_whole_reference_ties() -> None:
    rng = np.random.default_rng(0)
    w, x = rng.normal(size=(3, 3, 16, 16)).astype("f"), rng.random((1, 18, 18, 16), dtype="f")

    def net(h: Node) -> Node:
        return ops.max_pool(ops.convolution(h, w)).sum()

    gradient = mx.gradient(net, x).values * (x - np.float32(0.3))
    for baseline in (0.3, np.full_like(x, 0.3)):
        lift = mx.deep_lift(net, x, baseline=baseline).values
        # each is a sum of at most 9 · 16 terms, rounded once each
        assert abs(lift - gradient).max() <= 144 * F32 * abs(gradient).max()


def convolved(w: Array, **options: Any) -> Callable[[Node], Node]:
    return lambda h: ops.convolution(h, w, **options)


@given(
    channels=st.tuples(st.integers(1, 80), st.integers(1, 80)),
    size=st.tuples(st.integers(6, 17), st.integers(6, 17)),
    kernel=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    stride=st.integers(1, 2),
    dtype=st.sampled_from([np.float32, np.float64]),
    colour=st.booleans(),
    rows=st.sampled_from(["one", "many"]),
    seed=st.integers(0, 99),
)
def test_a_flat_reference_stays_flat(
    channels: tuple[int, int],
    size: tuple[int, int],
    kernel: tuple[int, int],
    stride: int,
    dtype: type,
    colour: bool,
    rows: str,
    seed: int,
) -> None:
    """Every window of the reference is equal, so its equalised outputs have one value each, to the bit."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(3, *size, channels[0])).astype(dtype)
    flat = rng.normal(size=channels[0] if colour else 1).astype(dtype)
    reference = np.broadcast_to(flat, x.shape if rows == "many" else (1, *x.shape[1:]))
    w = rng.normal(size=(*kernel, *channels)).astype(dtype)
    y = ops.convolution(Node(x, reference), w, stride=stride)
    tied = equalised(y, "reference")
    assert_array_equal(tied, np.broadcast_to(tied[:, :1, :1], tied.shape))
    rounding = 2 * w[..., 0].size * np.finfo(dtype).eps * abs(w).reshape(-1, channels[1]).sum(axis=0) * abs(flat).max()
    assert (abs(tied - y.reference) <= rounding).all()


BETWEEN: dict[str, Callable[[Node, np.random.Generator], Node]] = {
    "nothing": lambda h, rng: h,
    "batch norm": lambda h, rng: h * single(rng, 1, 1, 16) + single(rng, 16),
    "average pool": lambda h, rng: ops.average_pool(h, 3, 1, "same"),
    "1 x 1": lambda h, rng: ops.convolution(h, single(rng, 1, 1, 16, 16)),
    "strided": lambda h, rng: ops.convolution(h, single(rng, 3, 3, 16, 16), stride=2),
    "dilated": lambda h, rng: ops.convolution(h, single(rng, 3, 3, 16, 16), dilation=2),
    "depthwise": lambda h, rng: ops.convolution(h, single(rng, 3, 3, 1, 16), groups=16),
    "groups": lambda h, rng: ops.convolution(h, single(rng, 3, 3, 4, 16), groups=4),
    "dense": lambda h, rng: h @ single(rng, 16, 16),
    "upsampled": lambda h, rng: ops.convolution(ops.upsample(h, (29, 31)), single(rng, 3, 3, 16, 16)),
    "residual": lambda h, rng: h[:, 1:-1, 1:-1] + ops.convolution(h, single(rng, 3, 3, 16, 16)),
    "side by side": lambda h, rng: ops.concatenate([h, ops.convolution(h, single(rng, 1, 1, 16, 16))]),
    "scaled by a node": lambda h, rng: h * ops.mean(h, (1, 2), keepdims=True),
    "winograd": lambda h, rng: ops.convolution(h, single(rng, 3, 3, 16, 16), method="winograd"),
    "channels first": lambda h, rng: ops.transpose(ops.relu(ops.transpose(h, 3, 1, 2) + 99), 2, 3, 1),
    "a list of pixels": lambda h, rng: ops.reshape(ops.reshape(h, -1, 16) @ single(rng, 16, 16), *h.shape[1:]),
    "shuffled channels": lambda h, rng: ops.reshape(
        ops.transpose(ops.reshape(h, *h.shape[1:3], 4, 4), 1, 2, 4, 3), *h.shape[1:]
    ),
    "some channels": lambda h, rng: h[..., ::2] + h[..., 1::2],
    "turned over": lambda h, rng: h[:, ::-1, ::-1],
    "a kernel of three axes": lambda h, rng: h @ single(rng, 1, 16, 16),
    "interpolated": lambda h, rng: ops.interpolate(ops.gather(h, [0, *range(h.shape[1])], 1), 30, 2),
    "minus the mean of a column": lambda h, rng: h - ops.mean(h, 1, keepdims=True) + h,
    "minus the mean of channels": lambda h, rng: h - ops.mean(h, -1, keepdims=True),
    "layer norm": lambda h, rng: ops.standardise(h),
    "softmax": lambda h, rng: ops.softmax(h),
    "the larger of two": lambda h, rng: ops.maximum(h, ops.convolution(h, single(rng, 1, 1, 16, 16))),
    "maxout": lambda h, rng: ops.max(ops.reshape(h @ single(rng, 16, 32), *h.shape[1:3], 16, 2), -1),
}
BENT = ("scaled by a node", "layer norm", "softmax", "the larger of two", "maxout")
"""What is no linear function, so that gradient · Δ is not its difference."""


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("between", BETWEEN)
def test_flat_behind_every_kind_of_op(between: str, rows: int) -> None:
    """With valid padding everything ties; what is larger on the image's side wins, and that is the gradient's way."""
    x = single(np.random.default_rng(1), 3, 20, 21, 8)
    reference = np.broadcast_to(np.float32(0.3), (rows, *x.shape[1:]))

    def net(h: Node) -> Node:
        rng = np.random.default_rng(2)
        h = BETWEEN[between](ops.convolution(h, single(rng, 3, 3, 8, 16), method="direct"), rng)
        return ops.max_pool(h, 3, 2).sum()

    y = net(Node(x, reference))
    tied = equalised(y.inputs[0].inputs[0], "reference")  # type: ignore[union-attr]
    assert_array_equal(tied, np.broadcast_to(tied[:, :1, :1], tied.shape))
    if between not in BENT:
        lift, slope = from_flat(net, x, reference)
        assert abs(lift - slope).max() <= 1e-5 * abs(slope).max()  # a few sums of 16 · 9 terms, in float32


def agree(net: Callable[[Node], Node], x: Array) -> None:
    """Every maximum of `net` has the same winners in float32 and in float64, from a reference of one colour."""
    found = []
    for dtype in (np.float32, np.float64):
        y = net(Node(x.astype(dtype), np.full((1, *x.shape[1:]), np.float32(0.3), dtype)))
        found.append([ties.argmax(y, "value", "reference"), ties.argmax(y, "reference", "value")])
    assert_array_equal(*found)


def test_borders_that_are_turned_over_are_no_other_border(uneven: None) -> None:
    """Fingerprints of windows over the upper and the lower border do not meet, so each ties with its own kind."""
    rng = np.random.default_rng(1)
    x, kernels = np.full((2, 20, 22, 3), 0.8, np.float32), [(single(rng, 3, 3, 3, 16), single(rng, 3, 3, 16, 24))]
    x[:, 8:12, 8:12] = rng.random((2, 4, 4, 3))
    for w, v in kernels:
        agree(lambda h, w=w, v=v: ops.max_pool(ops.convolution(ops.convolution(h, w, padding="same")[:, ::-1], v)), x)
        h = ops.convolution(ops.convolution(Node(x), w, padding="same")[:, ::-1], v)
        keys, exact = (
            ties.fingerprints(h, "value"),
            ops.convolution(ops.convolution(Node(x.astype(float)), w, padding="same")[:, ::-1], v),
        )
        assert keys is not None
        for i, j in ((0, -1), (-1, 0)):
            differ = (abs(exact.value[0, i] - exact.value[0, j]) > 1e-3).any(axis=1)
            assert (keys[0, i] != keys[0, j])[differ].all()


def test_means_over_a_border_tie_with_those_inside_where_columns_are_alike(uneven: None) -> None:
    """At the left border of horizontal stripes a mean of 3 × 2 pixels is that of 3 × 3 pixels further in."""
    rng = np.random.default_rng(0)
    x = np.broadcast_to(single(rng, 12, 1, 4), (1, 12, 12, 4))
    w, v = single(rng, 1, 1, 4, 8), single(rng, 3, 3, 8, 5)

    def net(h: Node) -> Node:
        return ops.convolution(ops.average_pool(ops.convolution(h, w), 3, 1, "same"), v)

    tied = equalised(net(Node(x)))
    assert_array_equal(tied, np.broadcast_to(tied[:, :, :1], tied.shape))


def test_pixels_at_the_bounds_of_a_clip_tie(uneven: None) -> None:
    """Whatever they were before: all that is below, and all that is above, is one number."""
    rng = np.random.default_rng(0)
    x = rng.choice([-5.0, -4, -3, 3, 4, 5], (1, 12, 12, 1)).astype(np.float32)
    x[:, :2] = 5  # some pixels are alike before
    y = ops.convolution(
        ops.clip(ops.convolution(Node(x), np.ones((1, 1, 1, 3), np.float32)), -1, 1), single(rng, 1, 1, 3, 4)
    )
    tied = equalised(y)
    assert len(np.unique(tied[..., 0])) == 2


def test_ties_in_sequences_and_lists_of_pixels(uneven: None) -> None:
    """The maximum over all places of a flat image goes to the first, though the image has become a list."""
    rng = np.random.default_rng(0)
    x = np.full((2, 8, 9, 3), 0.3, np.float32)

    def net(h: Node) -> Node:
        return ops.max(ops.reshape(ops.convolution(h, single(np.random.default_rng(1), 3, 3, 3, 5)), -1, 5), 1)

    y = net(Node(x))
    (pixels,) = y.sources
    m = backward(y, GRADIENT, single(rng, 2, 5), keep=[pixels])[pixels]
    assert (m[:, 0] != 0).all()
    assert (m[:, 1:] == 0).all()


def test_constants_that_differ_from_place_to_place_part_what_was_alike() -> None:
    rng = np.random.default_rng(0)
    x = Node(np.full((1, 6, 6, 2), 0.3, np.float32))
    stripes = np.repeat(single(rng, 2, 1), 3, axis=0).reshape(6, 1, 1)
    for y in (x + stripes, x * np.broadcast_to(stripes, (6, 6, 2)), x + stripes[:, 0, :, None].repeat(6, 1)):
        keys = ties.fingerprints(y, "value")
        assert keys is not None
        assert_array_equal(keys[0], np.broadcast_to(np.repeat(keys[0, ::3, :1], 3, axis=0), (6, 6)))
        assert keys[0, 0, 0] != keys[0, 5, 0]


@pytest.mark.parametrize("of", [lambda h: h, lambda h: ops.reshape(h, 4, 4, 2, 1)])
def test_entries_of_different_nodes_do_not_tie(of: Callable[[Node], Node]) -> None:
    """h and its ReLU differ, though the one is computed from the other, entry by entry, and both are near 0."""
    x = Node(np.broadcast_to(np.array([-1e-6, 1], np.float32), (1, 4, 4, 2)))
    h = of(x * np.float32(1))
    for y in (ops.maximum(h, ops.relu(h)), ops.maximum(ops.relu(h), h)):
        (stacked,) = y.sources
        assert_array_equal(equalised(stacked), stacked.value)


def test_borders_and_patterns() -> None:
    """Windows over a border of zeros are alike among themselves; stripes and checks tie with their own kind."""
    rng = np.random.default_rng(0)
    w, b = single(rng, 3, 3, 4, 16), single(rng, 16)
    rows, columns = np.mgrid[:12, :12]
    colours = single(rng, 5, 4)
    for border, kinds in product(
        (False, True), (0 * rows, rows % 2, columns % 3 % 2, (rows + columns) % 2, 2 * (rows % 2) + columns % 2)
    ):
        x = Node(colours[kinds][None])
        if border:
            y = ops.convolution(ops.pad(x, ((1, 1), (1, 1), (0, 0))), w, b)
        else:
            y = ops.convolution(x, w, b, padding="same")
        tied = equalised(y)
        where = np.pad(kinds + 1, 1)
        seen = {}
        for i in range(12):
            for j in range(12):
                first = seen.setdefault(where[i : i + 3, j : j + 3].tobytes(), tied[0, i, j])
                assert_array_equal(tied[0, i, j], first)
        keys = ties.fingerprints(y, "value")
        assert keys is not None
        assert len(seen) == len(np.unique(keys)) < 144  # and different windows do not tie


def test_an_image_without_flat_areas_is_left_alone() -> None:
    x = Node(single(np.random.default_rng(0), 2, 9, 9, 3))
    y = ops.convolution(x, single(np.random.default_rng(1), 3, 3, 3, 5))
    assert equalised(y) is y.value
    assert equalised(x) is x.value


BORDER = ((1, 1), (1, 1), (0, 0))


@pytest.mark.parametrize("between", [ops.sigmoid, ops.exp, lambda h: h])
@pytest.mark.parametrize("fill", [0.0, 1.0])
def test_borders_inside_borders_do_not_tie(between: Callable[[Node], Node], fill: float) -> None:
    """A pixel of an inner border is another number than one of the outer border, unless both say the same."""
    x = np.zeros((1, 4, 4, 1))
    x[0, 0, 0] = 0.1
    inner = between(ops.pad(Node(x - 3), BORDER, fill))
    outer = ops.pad(inner, BORDER, 0.0)
    assert_array_equal(equalised(outer), outer.value)
    keys = ties.fingerprints(outer, "value")
    assert keys is not None
    assert keys[0, 0, 0] != keys[0, 1, 1]

    def net(h: Node) -> Node:
        return ops.max_pool(ops.pad(between(ops.pad(h - 3, BORDER, fill)), BORDER), 3).sum()

    assert mx.check(net, x + 0.01 * np.random.default_rng(0).random(x.shape))
    step = 1e-6 * np.eye(16)[0].reshape(x.shape)
    slope = (net(Node(x + step)).value - net(Node(x - step)).value) / 2e-6
    assert abs(mx.gradient(net, x).values.ravel()[0] - slope[0]) <= 1e-6


@pytest.mark.parametrize("scale", [1e-6, 1e5, 1e8])
def test_a_large_channel_hides_no_small_one(scale: float) -> None:
    rng = np.random.default_rng(0)
    x = np.empty((1, 64, 64, 4), np.float32)
    x[..., 0] = scale
    x[..., 1:] = rng.integers(0, 256, (1, 64, 64, 3)) / np.float32(255)
    keys, pixels = ties.pixel_fingerprints(x), x.reshape(-1, 4)
    assert keys is None or len(np.unique(keys)) == len(np.unique(pixels, axis=0))
    assert len(np.unique(ties.hashed(x))) == len(np.unique(pixels, axis=0))


class Coordinates(type(ops.identity)):  # type: ignore[misc]
    """An op that does not treat all places alike."""

    def forward(self, x: Array) -> Array:
        return np.asarray(x + np.arange(x.shape[2])[:, None])


def test_ops_of_others_are_not_taken_for_what_they_inherit() -> None:
    x = Node(np.full((1, 6, 6, 2), -1.0))
    for y in (Coordinates()(x), ops.MatMul()(x, np.ones((2, 3)), np.random.default_rng(0).random((6, 6, 3)))):
        assert_array_equal(equalised(y), y.value)


def test_nothing_is_moved_by_more_than_rounding(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even where all places are taken to be alike."""
    monkeypatch.setattr(ties, "fingerprints", lambda node, side: np.zeros(node.shape[:3], np.uint64))
    x = Node(single(np.random.default_rng(0), 3, 9, 8, 5))
    assert_array_equal(equalised(x), x.value)


SATURATING: dict[str, Callable[[Node], Node]] = {
    "dead, then batch norm": lambda h: ops.relu(h - 9.0) * np.float32(2) + np.float32(0.5),
    "clipped": lambda h: ops.clip(h + 99, 0, 6),
    "squashed": lambda h: ops.sigmoid(h + 99),
}


@pytest.mark.parametrize("name", SATURATING)
def test_where_everything_saturates_everything_ties(name: str) -> None:
    rng = np.random.default_rng(0)
    x = Node(single(rng, 1, 16, 16, 3))
    y = ops.convolution(SATURATING[name](x), single(rng, 3, 3, 3, 32))
    tied = equalised(y)
    assert_array_equal(tied, np.broadcast_to(tied[:, :1, :1], tied.shape))


def test_patterns_of_any_period_tie() -> None:
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:20, :20]
    x = Node(single(rng, 5, 3)[(rows + 2 * columns) % 5][None])
    tied = equalised(ops.convolution(x, single(rng, 3, 3, 3, 8)))
    assert len(np.unique(tied[..., 0])) == 5


def test_what_is_dead_is_like_the_border() -> None:
    """Under a ReLU that lets nothing through, windows over the border see what those inside see."""
    rng = np.random.default_rng(0)
    x = Node(np.zeros((1, 9, 9, 3), np.float32))
    h = ops.relu(ops.convolution(x - 1, np.ones((3, 3, 3, 4), np.float32), padding="same"))
    y = ops.convolution(h, single(rng, 3, 3, 4, 5), single(rng, 5), padding="same")
    keys = ties.fingerprints(y, "value")
    assert keys is not None
    assert len(np.unique(keys)) == 1


@pytest.mark.parametrize("method", ["direct", "winograd"])
def test_ties_outlive_the_start_at_a_hidden_layer(method: str) -> None:
    """Methods that send points through the rest of the network get activations whose flat areas are flat."""
    rng = np.random.default_rng(0)
    x = np.full((1, 20, 20, 3), 0.3, np.float32)
    w, v = single(rng, 3, 3, 3, 24), single(rng, 3, 3, 24, 40)

    def net(h: Node) -> Node:
        h = ops.convolution(h, w, method=method).named("middle")
        return ops.max_pool(ops.convolution(h, v, method=method)).sum()

    found = mx.activations(net, x, layer="middle").values
    assert_array_equal(found, np.broadcast_to(found[:, :1, :1], found.shape))
    result = mx.integrated_gradients(net, x, layer="middle", baseline=0.1, steps=2)
    m = result.values / (found - mx.activations(net, np.full_like(x, 0.1), layer="middle").values)
    inside = m[0, 2:-2:2, 2:-2:2]
    assert abs(inside - inside[:1, :1]).max() <= 1e-4 * abs(inside).max()


def test_dead_pixels_make_flat_areas_too() -> None:
    """Where all channels are 0, a convolution gives its bias, whatever the image was before."""
    rng = np.random.default_rng(0)
    x = Node(single(rng, 1, 16, 16, 3))
    h = ops.relu(x - np.where(np.mgrid[:16, :16][0][..., None] < 8, 9, 0).astype(np.float32))
    y = ops.convolution(ops.convolution(h, single(rng, 3, 3, 3, 16), single(rng, 16)), single(rng, 3, 3, 16, 16))
    tied = equalised(y)[0, :4]
    assert_array_equal(tied, np.broadcast_to(tied[0, 0], tied.shape))


@given(
    levels=st.integers(1, 5),
    channels=st.integers(1, 6),
    dtype=st.sampled_from([np.float32, np.float64]),
    seed=st.integers(0, 999),
)
def test_nothing_else_ties(levels: int, channels: int, dtype: type, seed: int) -> None:
    """Pixels share a fingerprint if and only if they are equal, signs and all; there is none where no two are."""
    rng = np.random.default_rng(seed)
    x = rng.integers(-levels, levels + 1, (2, 7, 8, channels)).astype(dtype) / 4
    keys = ties.pixel_fingerprints(x)
    if keys is not None:
        pixels, found = x.reshape(-1, channels), keys.reshape(-1)
        assert_array_equal(found[:, None] == found, (pixels[:, None] == pixels).all(axis=2))


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=40), st.integers(1, 50))
def test_the_first_of_equals_is_found(some: list[int], repeat: int) -> None:
    keys = np.random.default_rng(repeat).choice(np.array(some, np.uint64), repeat)
    expected = [int(np.flatnonzero(keys == key)[0]) for key in keys]
    assert first_equal(keys).tolist() == expected


def unequal_bits(y: Array, most: int = 1) -> Array:
    """y with last bits that differ from place to place, as on a processor that rounds by position."""
    bits = np.random.default_rng(0).integers(-most, most + 1, y.shape)
    return np.asarray(y * (1 + bits * np.finfo(y.dtype).eps), y.dtype)


@pytest.fixture
def uneven(monkeypatch: pytest.MonkeyPatch) -> None:
    """Convolutions round by position, as on AVX2, whatever the processor."""
    forward = ops.Convolution.forward
    monkeypatch.setattr(ops.Convolution, "forward", lambda self, *xs: unequal_bits(forward(self, *xs)))


def test_the_gradient_does_not_go_by_the_last_bit(uneven: None) -> None:
    """In a flat area the first entry of each window wins, whatever the bits say."""
    rng = np.random.default_rng(0)
    x = Node(np.full((1, 12, 12, 3), 0.3, np.float32))
    y = ops.max_pool(ops.convolution(x, single(rng, 3, 3, 3, 5), single(rng, 5), padding="same"))
    assert (y.inputs[0].value != y.inputs[0].value[:, 5:6, 5:6]).any()  # type: ignore[union-attr]
    m = backward(y, GRADIENT)[y.inputs[0]]  # type: ignore[index]
    inside = m[:, 2:10, 2:10]
    assert (inside[:, ::2, ::2] == 1).all()
    assert inside.sum() == 4 * 4 * 5


def test_maxima_over_a_border_tie_with_those_inside(uneven: None) -> None:
    """Under convolutions that round by position, Rescale from a flat reference is that of float64."""
    rng = np.random.default_rng(0)
    values = single(rng, 2, 16, 16, 3)
    kernels = [(single(rng, 3, 3, 3, 6), single(rng, 6)), (single(rng, 3, 3, 6, 8), single(rng, 8))]
    maps = []
    for dtype in (np.float64, np.float32):
        h = x = Node(values.astype(dtype), np.float32(0.3))
        for w, b in kernels:
            h = ops.max_pool(ops.relu(ops.convolution(h, w, b, padding="same")))
        maps.append(backward(h, RESCALE, keep=[x])[x] * x.delta)
    assert abs(maps[1] - maps[0]).max() <= 1e-5 * abs(maps[0]).max()


def test_no_false_tie_chooses_an_entry_that_is_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even where all places are taken to be alike."""
    zeros = lambda node, side: np.zeros(ties.side_of(node, side).shape[:3], np.uint64)  # noqa: E731
    monkeypatch.setattr(ties, "fingerprints", zeros)
    rng = np.random.default_rng(0)
    x = Node(single(rng, 3, 8, 8, 5), single(rng, 1, 8, 8, 5))
    y = ops.max_pool(x)
    assert_array_equal(ties.argmax(y), y.op.argmax(x.value))
    for side, other in (("value", "reference"), ("reference", "value")):
        arrays = [ties.side_of(x, side) for side in (side, other)]
        assert_array_equal(ties.argmax(y, side, other), y.op.argmax(*arrays))


@given(
    seed=st.integers(0, 999),
    window=st.integers(1, 4),
    stride=st.integers(1, 3),
    border=st.integers(0, 1),
    rows=st.sampled_from([1, 2]),
)
def test_alike_entries_are_judged_by_the_other_side(
    seed: int, window: int, stride: int, border: int, rows: int
) -> None:
    """Whatever the last bits of the value are, the choice is the one that exact numbers make."""
    rng = np.random.default_rng(seed)
    colours = rng.permutation(12).reshape(4, 3) + 1.0  # which differ in every channel
    exact = Node(colours[rng.integers(0, 4, (2, 7, 8))], rng.integers(0, 3, (rows, 7, 8, 3)).astype(float))
    rough = Node(unequal_bits(exact.value), exact.reference)
    rough.memo["fingerprints", "value"] = ties.pixel_fingerprints(exact.value)
    y = ops.max_pool(rough, window, stride, min(border, window - 1))
    assert_array_equal(ties.argmax(y), y.op.argmax(exact.value))
    assert_array_equal(ties.argmax(y, "value", "reference"), y.op.argmax(exact.value, exact.reference))
    assert_array_equal(ties.argmax(y, "reference", "value"), y.op.argmax(exact.reference, exact.value))


def test_maxima_over_large_windows_tie(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows whose entries are too many to be compared each with each take the first of equals as well."""
    forward = ops.Convolution.forward  # the maxima of large windows differ only where there are many last bits
    monkeypatch.setattr(ops.Convolution, "forward", lambda self, *xs: unequal_bits(forward(self, *xs), most=500))
    rng = np.random.default_rng(0)
    x = Node(np.full((1, 20, 20, 3), 0.3, np.float32))
    h = ops.max_pool(ops.convolution(x, single(rng, 3, 3, 3, 5)), 5, 1)
    y = ops.max_pool(ops.convolution(h, single(rng, 3, 3, 5, 7)), 6)
    m = backward(y, GRADIENT, keep=[y.inputs[0]])[y.inputs[0]]  # type: ignore[index, list-item]
    assert (m[:, ::6, ::6] == 1).all()
    assert m.sum() == 2 * 2 * 7


def test_zeros_of_two_origins_tie() -> None:
    """Behind a ReLU entries of several colours are 0 in a channel: windows with equal maxima are alike all the same."""
    colours = np.array([[2.0, 0.0, 3.0], [1.0, 0.0, 2.0]])
    x = Node(colours[np.array([[0, 1, 1, 0], [0, 0, 1, 0]])][None])
    keys = ties.fingerprints(ops.max_pool(x), "value")
    assert keys is not None
    assert keys[0, 0, 0] == keys[0, 0, 1]


def test_large_numbers_do_not_overflow_into_ties() -> None:
    x = np.full((1, 4, 4, 50), 3e38, np.float32)
    x[0, 1, 1, 7] = 1e38
    keys = ties.pixel_fingerprints(x)
    assert keys is not None
    assert (keys == keys[0, 1, 1]).sum() == 1


def test_a_depthwise_convolution_computes_all_places_alike() -> None:
    rng = np.random.default_rng(0)
    x = np.broadcast_to(single(rng, 40), (2, 15, 17, 40))
    y = ops.convolution(Node(x), single(rng, 3, 5, 1, 40), single(rng, 40), groups=40).value
    assert_array_equal(y, np.broadcast_to(y[:1, :1, :1], y.shape))


# -- shipped networks ------------------------------------------------------------------------------------
NETWORKS = ("digits", "digits-gap", "digits-paper", "shorebirds", "shorebirds-gap", "shorebirds-biased")
BASELINES = (0.0, "black", "white", "mean", 0.5)


def pictures(name: str, n: int) -> Array:
    return mx.datasets.digits("test")[0][:n] if "digits" in name else mx.datasets.shorebirds(n, seed=0)[0]


def both(name: str, n: int, baseline: Any) -> tuple[Array, Array, Array]:
    """DeepLIFT in float32, asked with the baseline and with it as a full array, and in float64."""
    model, x = mx.load(name), pictures(name, n)
    result = mx.deep_lift(model, x, baseline=baseline)
    assert result.baseline is not None
    full = np.ascontiguousarray(np.broadcast_to(result.baseline, x.shape))
    exact = mx.deep_lift(model.astype(np.float64), x.astype(float), baseline=full.astype(float))
    return result.values, mx.deep_lift(model, x, baseline=full).values, exact.values


@pytest.mark.parametrize("name", slow_except(NETWORKS[:1], NETWORKS))
def test_float32_and_float64_agree(name: str) -> None:
    for baseline in (0.0, "mean"):
        ours, full, exact = both(name, 4, baseline)
        assert np.median(relative(ours, exact)) <= 1e-5
        assert relative(full, ours).max() <= 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("baseline", BASELINES)
@pytest.mark.parametrize("name", NETWORKS)
def test_float32_and_float64_agree_on_a_hundred_pictures(name: str, baseline: Any) -> None:
    ours, full, exact = both(name, 100, baseline)
    off = relative(ours, exact)
    assert np.median(off) <= 1e-5
    assert np.quantile(off, 0.95) <= 1e-2
    assert np.quantile(relative(full, ours), 0.95) <= 1e-6


def decisions(model: mx.Model, x: Array, baseline: Array) -> list[Array]:
    """Of every image: which gates are open, and which entries win, for the value and for the reference."""
    found = []
    for node in history(model(Node(x, baseline))):
        if isinstance(node.op, Elementwise):
            found += [node.sources[0].value > 0, node.sources[0].reference > 0]
        if isinstance(node.op, Selection):
            value, reference = equalised(node.sources[0]), equalised(node.sources[0], "reference")
            found += [node.op.argmax(value, reference), node.op.argmax(reference, value)]
    return [np.broadcast_to(each, (len(x), *each.shape[1:])) for each in found]


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_what_is_left_are_gates_of_the_image_itself(name: str) -> None:
    """Where the maps differ by more than rounding, a gate or a winner differs; where none does, they agree."""
    model, x = mx.load(name), pictures(name, 100)
    baseline = mx.deep_lift(model, x, baseline="mean").baseline
    assert baseline is not None
    off = relative(
        mx.deep_lift(model, x, baseline=baseline).values,
        mx.deep_lift(model.astype(np.float64), x.astype(float), baseline=baseline.astype(float)).values,
    )
    ours = decisions(model, x, baseline)
    exact = decisions(model.astype(np.float64), x.astype(float), baseline.astype(float))
    changed = np.zeros(len(x), bool)
    for a, b in zip(ours, exact, strict=True):
        changed |= (a != b).reshape(len(x), -1).any(axis=1)
    assert (off[~changed] <= 1e-4).all()


# -- batch-mates -----------------------------------------------------------------------------------------
def settings(name: str, x: Array) -> list[tuple[str, dict[str, Any]]]:
    """Methods and options, each asked of a network."""
    quarters = np.arange(x[0, ..., :1].size).reshape(x[0, ..., :1].shape) // (x[0, ..., 0].size // 4 + 1)
    model, found = mx.load(name), list[tuple[str, dict[str, Any]]]()
    for method in mx.catalogue:
        parameters = inspect.signature(mx.catalogue[method].function).parameters
        if method in ("shapley_values", "feature_ablation"):
            found.append((method, {"players" if method == "shapley_values" else "groups": quarters}))
        elif "background" in parameters:
            found.append((method, {"background": pictures(name, 6)}))
        elif "baseline" in parameters:
            found += [(method, {"baseline": baseline}) for baseline in (0.0, "white", "mean", "blur")]
        else:
            found.append((method, {}))
    layers = [model.layers[2].name, model.layers[4].name]
    found += [("deep_lift", {"layer": layer, "baseline": "white"}) for layer in layers]
    return [*found, ("deep_lift", {"pool": "first"}), ("deep_lift", {"pool": "gradient"})]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:integrated_gradients misses")
@pytest.mark.parametrize("name", NETWORKS)
def test_batch_mates_change_nothing(name: str) -> None:
    x = pictures(name, 4)
    for method, options in settings(name, x):
        function = mx.catalogue[method].function
        whole = function(mx.load(name), x, 0, **options).values
        for i in range(2):
            alone = function(mx.load(name), x[i : i + 1], 0, **options).values[0]
            assert abs(alone - whole[i]).max() <= 1e-5 * abs(whole[i]).max(), (method, options)


@pytest.mark.parametrize("channels", [1, 3, 7, 8, 9, 16, 24, 32, 64, 72, 128])
def test_channels_as_words(channels: int) -> None:
    """Each pixel has the words of its own bits, and disjoint sets of channels add up to their union."""
    rng = np.random.default_rng(channels)
    mask = rng.random((2, 3, 4, channels)) < 0.5
    words = ties.as_words(mask)
    assert words.shape[:3] == mask.shape[:3]
    assert words.dtype.kind == "u"
    bits = np.unpackbits(np.ascontiguousarray(words).view(np.uint8), axis=3)[..., :channels]
    assert_array_equal(bits, mask)
    part = mask & (rng.random(mask.shape) < 0.5)
    assert_array_equal(ties.as_words(part) + ties.as_words(mask & ~part), words)


def test_entries_of_two_nodes_are_not_alike() -> None:
    """Functions keep what they were given, and two functions of one list of pixels are still two."""
    x = Node(np.zeros((1, 4, 3)))
    both = ops.concatenate([ops.sigmoid(x), ops.exp(x)], axis=1)
    assert both.shape == (1, 8, 3)
    keys = ties.fingerprints(both, "value")
    assert keys is not None
    first, second = keys[0, :4], keys[0, 4:]
    assert (first == first[0]).all()  # pixels of one list are alike, channel by channel
    assert (second == second[0]).all()
    assert not np.isin(first, second).any()

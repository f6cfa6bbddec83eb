"""Winograd's path agrees with the direct one as far as float32 goes, and is taken only where it is told to be."""

import gc
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from measure import EPS, case, generators, says

import minixai as mx
from minixai import Node, backward, ops
from minixai.arrays import Array
from minixai.layers import Conv2D, Flatten, MaxPool2D
from minixai.ops import direct, winograd
from minixai.ops.windows import Margins
from minixai.rules import GRADIENT, RESCALE

CLOSE = 1e-5
"""What Winograd may be off, of the largest output; float32 has 1e-7, and a sum over 4,608 terms about 1e-6."""

borders = st.tuples(*[st.tuples(st.integers(0, 2), st.integers(0, 2))] * 2)


def single(rng: np.random.Generator, *shape: int) -> Array:
    return rng.normal(size=shape).astype(np.float32)


def off(y: Array, exact: Array) -> float:
    """The largest error, as a part of the largest number."""
    assert y.shape == exact.shape
    assert y.dtype == np.float32
    return float(abs(y - exact).max(initial=0) / abs(exact).max(initial=1e-30))


def wide(*arrays: Array) -> list[Array]:
    return [a.astype(np.float64) for a in arrays]


@given(rng=generators)
def test_the_transforms_are_exact(rng: np.random.Generator) -> None:
    """Aᵀ [(G g) ⊙ (Bᵀ d)] is the correlation of d with g, whatever the five points."""
    points = rng.permutation(np.linspace(-2, 2, 9))[:5]
    b, g, a = winograd.cook_toom(points)
    d, kernel = rng.normal(size=6), rng.normal(size=3)
    y = a @ ((g @ kernel) * (b @ d))
    # every number is below 100 in size, and 6 + 3 + 6 of them are added up
    np.testing.assert_allclose(y, np.correlate(d, kernel, "valid"), rtol=0, atol=EPS * 15 * 100**2)


@given(
    side=st.tuples(st.integers(1, 11), st.integers(1, 11)),
    around=borders,
    channels=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    bias=st.booleans(),
    rng=generators,
)
def test_any_size_and_border(
    side: tuple[int, int], around: Margins, channels: tuple[int, int], bias: bool, rng: np.random.Generator
) -> None:
    """Edges that are no multiple of 4 among them; against float64, by the magnitudes that are added up."""
    high, across = (max(n, 3 - sum(border)) for n, border in zip(side, around, strict=True))
    x, w = single(rng, 2, high, across, channels[0]), single(rng, 3, 3, *channels)
    b, g = single(rng, channels[1]) if bias else None, direct.Geometry(padding=around)
    y = winograd.correlate(x, w, b, around)
    wide_b, size_b = (None, None) if b is None else (b.astype(float), abs(b).astype(float))
    size = direct.correlate(*wide(abs(x), abs(w)), size_b, g).max()
    assert abs(y - direct.correlate(*wide(x, w), wide_b, g)).max() <= CLOSE * size
    m = single(rng, *y.shape)
    size = direct.image_gradient(*wide(abs(x), abs(w), abs(m)), g).max()
    back = winograd.image_gradient(m, w, around)
    assert back.dtype == np.float32
    assert abs(back - direct.image_gradient(*wide(x, w, m), g)).max() <= CLOSE * size


@pytest.mark.parametrize(("side", "c", "k"), [(30, 64, 64), (14, 256, 128), (14, 512, 512)])
def test_rounding_at_the_sizes_of_vgg(side: int, c: int, k: int) -> None:
    rng = np.random.default_rng(0)
    x, w, b = np.maximum(single(rng, 2, side, side, c), 0), single(rng, 3, 3, c, k), single(rng, k)
    around = ((1, 1), (1, 1))
    exact = direct.correlate(*wide(x, w, b), direct.Geometry(padding=around))
    assert off(direct.correlate(x, w, b, direct.Geometry(padding=around)), exact) <= 2e-6
    assert off(winograd.correlate(x, w, b, around), exact) <= CLOSE / 2
    m = single(rng, *exact.shape)
    assert (
        off(
            winograd.image_gradient(m, w, around),
            direct.image_gradient(*wide(x, w, m), direct.Geometry(padding=around)),
        )
        <= CLOSE
    )


def test_these_points_round_better_than_the_usual(monkeypatch: pytest.MonkeyPatch) -> None:
    rng, around = np.random.default_rng(0), ((1, 1), (1, 1))
    x, w = np.maximum(single(rng, 2, 28, 28, 64), 0), single(rng, 3, 3, 64, 64)
    exact = direct.correlate(*wide(x, w), None, direct.Geometry(padding=around))
    ours = off(winograd.correlate(x, w, None, around), exact)
    b, g, a = winograd.cook_toom(np.array([0.0, 1, -1, 2, -2]))
    for name, matrix in (("INTO", b.astype(np.float32)), ("G", g), ("OUT", a.astype(np.float32))):
        monkeypatch.setattr(winograd, name, matrix)
    usual = off(winograd.correlate(x, w, None, around), exact)
    assert 2 * ours < usual <= CLOSE


# -- which path is taken ---------------------------------------------------------------------------------
def conv(x: Node, w: Any, b: Any = None, method: str = "auto") -> Node:
    return ops.convolution(x, w, b, padding="same", method=method)


def same_bits(a: Array, b: Array) -> bool:
    return a.tobytes() == b.tobytes()


@pytest.mark.parametrize(
    ("c", "k", "dtype", "taken"),
    [
        (64, 64, np.float32, "winograd"),
        (63, 64, np.float32, "direct"),
        (64, 63, np.float32, "direct"),
        (64, 64, np.float64, "direct"),
    ],
)
def test_the_path_is_chosen_by_size_and_dtype(c: int, k: int, dtype: Any, taken: str) -> None:
    rng = np.random.default_rng(0)
    x, w = Node(rng.normal(size=(2, 9, 9, c)).astype(dtype)), rng.normal(size=(3, 3, c, k))
    m = rng.normal(size=(2, 9, 9, k))
    y, there = conv(x, w), conv(x, w, method=taken)
    assert same_bits(y.value, there.value)
    assert same_bits(backward(y, GRADIENT, m)[x], backward(there, GRADIENT, m)[x])
    if dtype == np.float32:
        other = conv(x, w, method="winograd" if taken == "direct" else "direct")
        assert not same_bits(y.value, other.value)
        assert not same_bits(backward(y, GRADIENT, m)[x], backward(other, GRADIENT, m)[x])


def test_other_kernels_go_the_direct_path() -> None:
    x = Node(np.ones((1, 9, 9, 64), np.float32))
    for kernel, options in (((5, 3), {}), ((3, 3), {"stride": 2}), ((3, 3), {"dilation": (1, 2)})):
        w = single(np.random.default_rng(0), *kernel, 64, 64)
        y, there = (ops.convolution(x, w, **options, method=method) for method in ("auto", "direct"))
        assert same_bits(y.value, there.value)


def test_kernels_are_direct_in_training() -> None:
    rng = np.random.default_rng(0)
    x, w, m = Node(single(rng, 2, 7, 6, 64)), Node(single(rng, 3, 3, 64, 64)), single(rng, 2, 7, 6, 64)
    there = [backward(conv(x, w, method=method), GRADIENT, m, keep=[w])[w] for method in ("winograd", "direct")]
    assert same_bits(*there)


def test_a_border_wider_than_the_kernel_goes_back_the_direct_way() -> None:
    rng = np.random.default_rng(0)
    x, w = Node(single(rng, 1, 5, 6, 64)), single(rng, 3, 3, 64, 64)
    y = ops.convolution(x, w, padding=3)
    m = single(rng, *y.shape)
    exact = direct.scatter_windows(*wide(x.value, w, m), direct.Geometry(padding=((3, 3), (3, 3))))
    assert off(backward(y, GRADIENT, m)[x], exact) <= CLOSE


def test_value_and_reference_take_one_path() -> None:
    """However many rows the reference has."""
    rng = np.random.default_rng(0)
    w, b = single(rng, 3, 3, 64, 64), single(rng, 64)
    for n in (1, 3):
        value, reference = single(rng, n, 8, 8, 64), single(rng, 1, 8, 8, 64)
        for part in (reference, value[::-1]):
            y = conv(Node(value, part), w, b)
            assert same_bits(y.reference, conv(Node(part), w, b, "winograd").value)
            assert same_bits(y.value, conv(Node(value), w, b, "winograd").value)


def flat_below(method: str) -> tuple[Node, Node]:
    """An image on a black reference, under two convolutions with biases and a maximum: (x, y)."""
    rng = np.random.default_rng(0)
    x = Node(single(rng, 1, 20, 20, 64), reference=0.0)
    h = ops.relu(conv(x, single(rng, 3, 3, 64, 64) / 24, single(rng, 64), method))
    return x, ops.max_pool(conv(h, single(rng, 3, 3, 64, 64) / 24, single(rng, 64), method))


def test_rounding_decides_nothing_on_a_reference_of_one_colour() -> None:
    """DeepLIFT from black: the reference ties in every window but those at the border, so the image decides.

    Bits differ from place to place, on Winograd's path always; yet all paths agree.
    """
    maps = {}
    for method in ("auto", "direct", "winograd"):
        x, y = flat_below(method)
        if method == "winograd":
            inner = y.inputs[0].reference[0, 2:-2, 2:-2]
            assert (inner != inner[0, 0]).any()
        maps[method] = backward(y, RESCALE, keep=[x])[x]
    size = abs(maps["direct"]).max()
    np.testing.assert_allclose(maps["auto"], maps["direct"], rtol=0, atol=1e-4 * size)
    np.testing.assert_allclose(maps["winograd"], maps["direct"], rtol=0, atol=1e-4 * size)


# -- what must not matter --------------------------------------------------------------------------------
ROUNDING = 2e-6
"""Of the largest output, what Winograd's rounding comes to (see the module); each of two results may be off by it."""


def test_batch_mates_change_nothing_but_rounding() -> None:
    rng = np.random.default_rng(0)
    x, w, b = single(rng, 9, 11, 10, 64), single(rng, 3, 3, 64, 64), single(rng, 64)
    m = single(rng, 9, 11, 10, 64)
    node = Node(x)
    y = conv(node, w, b)
    back = backward(y, GRADIENT, m)[node]
    for k in range(9):
        alone = Node(x[[k]])
        there = conv(alone, w, b)
        assert off(there.value, y.value[[k]]) <= 2 * ROUNDING
        assert off(backward(there, GRADIENT, m[[k]])[alone], back[[k]]) <= 2 * ROUNDING


def test_strided_arrays_are_taken_and_left_as_they_were() -> None:
    rng = np.random.default_rng(0)
    x, w = single(rng, 3, 9, 8, 4), single(rng, 3, 3, 4, 5)
    strided = np.asfortranarray(x)[::-1, :, ::-1].copy(order="F")[::-1, :, ::-1]
    kernels = np.asfortranarray(w)
    before = strided.copy(), kernels.copy()
    around = ((1, 1), (1, 1))
    assert same_bits(winograd.correlate(strided, kernels, None, around), winograd.correlate(x, w, None, around))
    m = single(rng, 3, 9, 8, 5)
    assert same_bits(winograd.image_gradient(np.asfortranarray(m), w, around), winograd.image_gradient(m, w, around))
    np.testing.assert_array_equal(strided, before[0])
    np.testing.assert_array_equal(kernels, before[1])


# -- transformed kernels are remembered ------------------------------------------------------------------
def network() -> mx.Model:
    return mx.Model([Conv2D(64, 3, padding="same"), Flatten(), mx.layers.Dense(2)], (6, 6, 64))


def test_new_weights_are_transformed_anew() -> None:
    model, x = network(), single(np.random.default_rng(0), 2, 6, 6, 64)
    before = model.scores(x)
    kept = model.weights["conv1/kernel"]
    model.set_weights({"conv1/kernel": 2 * kept}, partial=True)
    np.testing.assert_allclose(model.scores(x), 2 * before, rtol=1e-5)
    model.set_weights({"conv1/kernel": kept}, partial=True)
    assert same_bits(model.scores(x), before)


def test_what_can_be_written_into_is_not_remembered() -> None:
    rng = np.random.default_rng(0)
    x, w = Node(single(rng, 1, 6, 6, 64)), single(rng, 3, 3, 64, 64)
    before = conv(x, w).value
    w *= 2
    np.testing.assert_allclose(conv(x, w).value, 2 * before, rtol=1e-5, atol=1e-5)
    frozen = w[..., :]
    frozen.flags.writeable = False  # its owner still writes
    np.testing.assert_allclose(conv(x, frozen).value, 2 * before, rtol=1e-5, atol=1e-5)
    w /= 2
    np.testing.assert_allclose(conv(x, frozen).value, before, rtol=1e-5, atol=1e-5)


def test_a_model_keeps_weights_that_nobody_writes_into() -> None:
    model = network()
    mine = np.zeros((3, 3, 64, 64), np.float32)
    model.set_weights({"conv1/kernel": mine}, partial=True)
    mine += 1
    assert not model.weights["conv1/kernel"].any()
    with pytest.raises(ValueError, match="read-only"):
        model.weights["conv1/kernel"][:] = 1


def test_transforms_live_as_long_as_the_weights() -> None:
    gc.collect()
    before = set(winograd.transforms)
    model, x = network(), single(np.random.default_rng(0), 1, 6, 6, 64)
    mx.gradient(model, x, 0)
    again = network()
    again.set_weights(model.weights)  # the same arrays: nothing is transformed twice
    mx.gradient(again, x, 0)
    new = set(winograd.transforms) - before
    assert sorted(each.back for each in new) == [False, True]
    del model, again
    gc.collect()
    assert not new & set(winograd.transforms)


# -- a deep network --------------------------------------------------------------------------------------
def small_vgg(last_pool: bool) -> mx.Model:
    layers: list[Any] = [
        (f"conv{j}", Conv2D(c, 3, padding="same", activation="relu")) for j, c in enumerate((64, 64, 72, 80), 1)
    ]
    layers.insert(2, MaxPool2D())
    if last_pool:
        layers.append(MaxPool2D())
    return mx.Model([*layers, Flatten(), mx.layers.Dense(3)], (22, 22, 3))


@pytest.mark.parametrize("last_pool", [True, False])
def test_the_gradient_of_a_deep_network_with_the_same_gates(last_pool: bool) -> None:
    """In float64, with ReLUs and winners as they were in float32: one near-tie would move the map by 1 %."""
    model = small_vgg(last_pool)
    x = np.random.default_rng(0).random((2, 22, 22, 3)).astype(np.float32)
    seed = np.eye(3)[[0, 0]]
    node = Node(x)
    output = model(node)
    m = backward(output, GRADIENT, seed, keep=[node])[node]
    assert off(m, replayed(output, seed, node)) <= 1e-4
    exact = model.astype(np.float64)
    assert off(output.value, exact.scores(x.astype(float))) <= CLOSE


def replayed(output: Node, seed: Array, to: Node) -> Array:
    """The walk in float64, through gates and winners as the float32 values of the nodes have them."""
    from minixai.ops.kinds import Elementwise, Selection

    m: Array = seed
    node = output
    while node is not to:
        xs = [None if v is None else v.astype(float) for v in (getattr(x, "value", x) for x in node.inputs)]
        (source,) = node.sources
        if isinstance(node.op, Elementwise):
            m = m * (source.value > 0)
        elif isinstance(node.op, Selection):
            m = node.op.scatter(m, node.op.argmax(source.value), xs[0])
        else:
            m = node.op.vjp(0, m, *xs)
        node = source
    return m


# -- what is refused -------------------------------------------------------------------------------------
X = Node(np.ones((1, 5, 5, 2), np.float32))


def refused(*words: str, x: Node = X, w: Array = np.ones((3, 3, 2, 2)), **options: Any) -> Any:  # noqa: B008
    return case(lambda: ops.convolution(x, w, **{"method": "winograd"} | options), ValueError, *words)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        refused("'fft'", "auto, direct, winograd", method="fft"),
        refused("float64", "float32", "auto", x=Node(np.ones((1, 5, 5, 2)))),
        refused("(5, 5, 2, 2)", "3 × 3", w=np.ones((5, 5, 2, 2))),
        refused("stride (1, 2)", stride=(1, 2)),
        refused("dilation (2, 2)", dilation=2),
        refused("groups=2", w=np.ones((3, 3, 1, 2)), groups=2),
    ],
)
def test_errors(call: Any, error: Any, words: Any) -> None:
    with says(error, *words):
        call()

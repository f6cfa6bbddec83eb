"""Convolution is the sum in its docstring, and its ways back are the transposes of the way forward."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from measure import EPS, case, check_complete, check_vjp, distinct, generators, paddings, says, written_out

from minixai import Node, backward, ops
from minixai.arrays import Array
from minixai.ops.windows import resolve_padding
from minixai.rules import GRADIENT


@dataclass(frozen=True)
class Geometry:
    """One convolution: the shapes of x and w, and the parameters as a user writes them."""

    image: tuple[int, int, int, int]
    kernel: tuple[int, int, int, int]
    stride: tuple[int, int]
    padding: Any
    dilation: tuple[int, int]
    groups: int

    def options(self) -> dict[str, Any]:
        return {
            "stride": self.stride,
            "padding": self.padding,
            "dilation": self.dilation,
            "groups": self.groups,
        }


@st.composite
def geometries(draw: Any) -> Geometry:
    """The image is made large enough for the kernel, whatever the padding takes off."""
    two = lambda least, most: draw(st.tuples(*[st.integers(least, most)] * 2))  # noqa: E731
    window, stride, dilation, padding = two(1, 4), two(1, 3), two(1, 2), draw(paddings())
    groups, c, k = draw(st.integers(1, 3)), draw(st.integers(1, 2)), draw(st.integers(1, 2))
    around = [(0, 0), (0, 0)] if padding == "same" else written_out(padding, None, None, None, None)
    side = [
        max(1, 0 if padding == "same" else (w - 1) * d + 1 - sum(p)) + extra
        for w, d, p, extra in zip(window, dilation, around, two(0, 3), strict=True)
    ]
    return Geometry(
        (draw(st.integers(1, 2)), *side, c * groups), (*window, c, k * groups), stride, padding, dilation, groups
    )


def slow_convolution(x: Array, w: Array, b: Array | None, g: Geometry) -> Array:
    """Σ x[n, p·s + i·d − before, q·s + j·d − before, c] · w[i, j, c, k] + b[k], one product at a time."""
    (kh, kw, c, kernels), (sh, sw), (dh, dw) = w.shape, g.stride, g.dilation
    (top, bottom), (left, right) = written_out(g.padding, x.shape[1:3], (kh, kw), g.stride, g.dilation)
    height = (x.shape[1] + top + bottom - (kh - 1) * dh - 1) // sh + 1
    width = (x.shape[2] + left + right - (kw - 1) * dw - 1) // sw + 1
    y = np.zeros((len(x), height, width, kernels))
    for n, p, q, k in np.ndindex(*y.shape):
        first = k // (kernels // g.groups) * c  # the channels of this kernel's group
        for i, j in np.ndindex(kh, kw):
            row, column = p * sh + i * dh - top, q * sw + j * dw - left
            if 0 <= row < x.shape[1] and 0 <= column < x.shape[2]:
                y[n, p, q, k] += sum(x[n, row, column, first + a] * w[i, j, a, k] for a in range(c))
        y[n, p, q, k] += 0 if b is None else b[k]
    return y


@given(g=geometries(), bias=st.booleans(), rng=generators)
def test_forward(g: Geometry, bias: bool, rng: np.random.Generator) -> None:
    x, w = distinct(rng, g.image), distinct(rng, g.kernel)
    b = distinct(rng, g.kernel[3:]) if bias else None
    y = ops.convolution(Node(x), w, b, **g.options())
    size = slow_convolution(abs(x), abs(w), None if b is None else abs(b), g)
    terms = int(np.prod(g.kernel[:3])) + 1
    error = abs(y.value - slow_convolution(x, w, b, g))
    assert np.all(error <= terms * EPS * size)


@given(g=geometries(), bias=st.booleans(), rng=generators)
def test_ways_back_are_adjoint(g: Geometry, bias: bool, rng: np.random.Generator) -> None:
    """⟨conv(x), m⟩ = ⟨x, convᵀ(m)⟩, and the same for the kernels and the bias."""
    xs = [distinct(rng, g.image), distinct(rng, g.kernel), *([distinct(rng, g.kernel[3:])] if bias else [])]
    op = ops.convolution(Node(xs[0]), *xs[1:], **g.options()).op
    for i in range(len(xs)):
        check_vjp(op, xs, i, rng)


@given(g=geometries(), rng=generators)
def test_rescale_is_complete_and_one_reference_row_stays_one(g: Geometry, rng: np.random.Generator) -> None:
    x = Node(distinct(rng, g.image), reference=distinct(rng, (1, *g.image[1:])))
    y = ops.convolution(x, distinct(rng, g.kernel), distinct(rng, g.kernel[3:]), **g.options())
    assert len(y.reference) == 1
    check_complete(y, x, rng.uniform(-1, 1, y.shape))


@given(g=geometries(), rng=generators)
def test_numbers_stand_for_pairs(g: Geometry, rng: np.random.Generator) -> None:
    """stride=2 is stride=(2, 2), and so on; lists are taken like tuples."""
    x, w = Node(distinct(rng, (1, 12, 11, g.image[3]))), distinct(rng, g.kernel)
    s, d = g.stride[0], g.dilation[0]
    long = ops.convolution(x, w, stride=(s, s), padding=((1, 1), (1, 1)), dilation=(d, d), groups=g.groups)
    for padding in (1, (1, 1), [1, 1], [[1, 1], [1, 1]]):
        short = ops.convolution(x, w, stride=s, padding=padding, dilation=[d, d], groups=g.groups)
        np.testing.assert_array_equal(short.value, long.value)


@pytest.mark.parametrize("options", [{}, {"padding": "same"}, {"dilation": 2}, {"groups": 2}, {"stride": 2}])
def test_channels_that_do_not_lie_side_by_side(options: dict[str, Any]) -> None:
    """What was transposed before is a view, whose channels are far apart in memory."""
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(2, 4, 9, 8)), rng.normal(size=(3, 3, 4 // options.get("groups", 1), 6))
    turned = ops.transpose(Node(x), 2, 3, 1)  # (N, C, H, W) -> (N, H, W, C)
    assert turned.value.strides[3] != turned.value.itemsize
    found = ops.convolution(turned, w, **options)
    expected = ops.convolution(Node(np.ascontiguousarray(turned.value)), w, **options)
    np.testing.assert_allclose(found.value, expected.value, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("n", "k", "s", "d", "before", "after"),
    [
        (5, 3, 1, 1, 1, 1),  # odd kernel: alike on both sides
        (5, 2, 1, 1, 0, 1),  # even kernel: the odd pixel after
        (5, 4, 1, 1, 1, 2),
        (6, 3, 2, 1, 0, 1),  # Keras's asymmetric case: 224 pixels at stride 2
        (224, 3, 2, 1, 0, 1),
        (224, 7, 2, 1, 2, 3),
        (5, 3, 2, 1, 1, 1),
        (5, 3, 1, 2, 2, 2),
        (5, 2, 1, 3, 1, 2),
        (7, 1, 3, 1, 0, 0),  # the kernel does not reach the last pixels
        (1, 3, 2, 1, 1, 1),
    ],
)
def test_same_padding(n: int, k: int, s: int, d: int, before: int, after: int) -> None:
    """ceil(n / s) places, the odd pixel after: the arithmetic of Keras and TensorFlow."""
    assert resolve_padding("same", (n, n), (k, k), (s, s), (d, d)) == ((before, after), (before, after))
    y = ops.convolution(
        Node(np.ones((1, n, 1, 1))), np.ones((k, 1, 1, 1)), stride=(s, 1), padding="same", dilation=(d, 1)
    )
    assert y.shape[1] == -(-n // s)


def test_a_depthwise_convolution_keeps_channels_apart() -> None:
    rng = np.random.default_rng(0)
    x, w = distinct(rng, (2, 5, 4, 3)), distinct(rng, (3, 3, 1, 3))
    y = ops.convolution(Node(x), w, padding="same", groups=3)
    for c in range(3):
        alone = ops.convolution(Node(x[..., [c]]), w[..., [c]], padding="same")
        np.testing.assert_allclose(y.value[..., [c]], alone.value, rtol=0, atol=9 * EPS * 9 * 4)


def test_it_is_a_cross_correlation() -> None:
    """The kernel is not flipped, as in every deep-learning library."""
    x = Node(np.arange(4.0).reshape(1, 1, 4, 1))
    np.testing.assert_array_equal(
        ops.convolution(x, np.reshape([1.0, 10, 100], (1, 3, 1, 1))).value.ravel(), [210, 321]
    )


@pytest.mark.parametrize("n", [0, 1, 3])
def test_any_number_of_rows_there_and_back(n: int) -> None:
    """No rows at all: the model finds its shapes so.  The way back failed there."""
    x, w = Node(np.ones((n, 5, 4, 2))), Node(np.ones((3, 2, 1, 4)))
    y = ops.convolution(x, w, Node(np.zeros(4)), padding="same", groups=2)
    assert y.shape == (n, 5, 4, 4)
    assert [m.shape for m in backward(y, GRADIENT, keep=[x, w]).values()] == [(n, 5, 4, 2), (3, 2, 1, 4)]


# -- what is refused -------------------------------------------------------------------------------------
IMAGES, KERNELS = Node(np.ones((2, 5, 6, 3))), np.ones((3, 3, 3, 4))


def refused(*words: str, x: Any = IMAGES, w: Any = KERNELS, b: Any = None, **options: Any) -> Any:
    return case(lambda: ops.convolution(x, w, b, **options), ValueError, *words)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        refused("(5, 6, 3)", "images (N, H, W, C)", "image[None]", x=Node(np.ones((5, 6, 3)))),
        refused("(28, 28)", "images (N, H, W, C)", "images[..., None]", x=Node(np.ones((28, 28)))),
        refused("(3, 3, 4)", "kernels (kh, kw, C/groups, K)", w=np.ones((3, 3, 4))),
        refused("4 channels", "(3, 3, 4, 8)", "(2, 5, 6, 3) have 3", "(N, H, W, C)", w=np.ones((3, 3, 4, 8))),
        refused("(2, 3, 5, 6)", "channels-first", "(N, H, W, C)", x=Node(np.ones((2, 3, 5, 6)))),
        refused("groups=3", "(3, 3, 1, 4)", "a multiple of groups", w=np.ones((3, 3, 1, 4)), groups=3),
        refused("groups=0", "a multiple of groups", groups=0),
        refused("(0, 3, 3, 4)", "none of them 0", w=np.ones((0, 3, 3, 4))),
        refused("(3, 3, 0, 4)", "none of them 0", x=Node(np.ones((1, 5, 6, 0))), w=np.ones((3, 3, 0, 4))),
        refused("(3, 3, 3, 0)", "none of them 0", w=np.ones((3, 3, 3, 0))),
        refused("6 channels", "2 group(s)", "have 3", groups=2),
        # both of these were taken, and the second one's multiplier had the wrong shape
        refused("got (3, 4, 4)", "bias of shape (4,)", b=np.ones((3, 4, 4))),
        refused("got ()", "bias of shape (4,)", b=Node(1.0)),
        refused("got (3,)", "bias of shape (4,)", b=np.ones(3)),
        refused("(7, 7)", "(5, 6)", "does not fit", 'padding="same"', w=np.ones((7, 7, 3, 4))),
        refused("dilation (3, 3)", "(5, 6)", "does not fit", dilation=3),
        refused("'SAME'", "unknown padding", '"same", "valid"', padding="SAME"),
        refused("(1, 1, 1)", "((top, bottom), (left, right))", padding=(1, 1, 1)),
        refused("((1, 1), (1, 1), (0, 0))", "((top, bottom), (left, right))", padding=((1, 1), (1, 1), (0, 0))),
        refused("got -1", "padding is a number >= 0", padding=-1),
        refused("got 1.5", "padding is a number >= 0", padding=1.5),
        refused("got None", "padding is a number >= 0", padding=None),
        refused("got 0", "stride is a number >= 1", "(rows, columns)", stride=0),
        refused("got (1, 2, 3)", "stride is a number >= 1", stride=(1, 2, 3)),
        refused("got -2", "dilation is a number >= 1", dilation=-2),
        case(lambda: ops.convolution(np.ones((2, 5, 6, 3)), KERNELS), TypeError, "no Node", "Node(x)"),
    ],
)
def test_errors(call: Any, error: Any, words: Any) -> None:
    with says(error, *words):
        call()

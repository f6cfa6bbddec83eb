"""RevealCancel: the authors' formulas, done slowly; completeness on random programs; limits; nearness to Shapley."""

from __future__ import annotations

from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minixai as mx
from minixai import Node, backward, ops
from minixai.graph import history
from minixai.ops.functions import Power
from minixai.ops.kinds import Elementwise
from minixai.rules import GRADIENT, genomics, reveal_cancel
from tests.axioms.checks import Function, by_row, projection
from tests.axioms.programs import Network, cnns, generic, networks, points, programs, seeds

Array = np.ndarray[Any, Any]


# -- the authors' library, slowly: every layer a matrix, every part a list of numbers -----------------------


class Dense:
    """y = x W + b; a convolution is one with many zeros.  (deeplift/layers/core.py, convolutional.py)"""

    def __init__(self, weights: Array, bias: Array) -> None:
        self.w, self.b = weights, bias

    def forward(self, x: Array) -> Array:
        return x @ self.w + self.b

    def parts(self, x: Array, x0: Array, high: Array, low: Array) -> tuple[Array, Array]:
        d, up, down = x - x0, np.zeros(self.w.shape[1]), np.zeros(self.w.shape[1])
        for i, j in np.argwhere(self.w):
            term = d[i] * self.w[i, j]
            up[j] += term * (term > 0)
            down[j] += term * (term < 0)
        return up, down

    def back(self, x: Array, x0: Array, high: Array, low: Array, m: tuple[Array, Array]) -> tuple[Array, Array]:
        d, received = x - x0, np.zeros(len(x))
        for i, j in np.argwhere(self.w):
            w = self.w[i, j]
            share = (m[0][j] + m[1][j]) / 2 if d[i] == 0 else m[0][j] if d[i] * w > 0 else m[1][j]
            received[i] += share * w
        return received, received


class Norm:
    """y = γx + β; a negative γ makes the parts change places.  (deeplift/layers/normalization.py)"""

    def __init__(self, gamma: Array, beta: Array) -> None:
        self.gamma, self.beta = gamma, beta

    def forward(self, x: Array) -> Array:
        return self.gamma * x + self.beta

    def parts(self, x: Array, x0: Array, high: Array, low: Array) -> tuple[Array, Array]:
        a, b = self.gamma * high, self.gamma * low
        return np.where(self.gamma > 0, a, b), np.where(self.gamma > 0, b, a)

    def back(self, x: Array, x0: Array, high: Array, low: Array, m: tuple[Array, Array]) -> tuple[Array, Array]:
        a, b = self.gamma * m[0], self.gamma * m[1]
        return np.where(self.gamma > 0, a, b), np.where(self.gamma > 0, b, a)


class Relu:
    """Rescale or RevealCancel, with limits in the place of pseudocounts.  (deeplift/layers/activations.py)"""

    def __init__(self, reveals: bool) -> None:
        self.reveals = reveals

    def forward(self, x: Array) -> Array:
        return np.maximum(x, 0)

    def slopes(self, x: float, x0: float, high: float, low: float) -> tuple[float, float]:
        f = lambda z: max(z, 0.0)  # noqa: E731
        if not self.reveals:
            slope = (f(x) - f(x0)) / (x - x0) if x != x0 else float(x > 0)
            return slope, slope
        up = (f(x0 + high) - f(x0) + f(x0 + low + high) - f(x0 + low)) / 2
        down = (f(x0 + low) - f(x0) + f(x0 + high + low) - f(x0 + high)) / 2
        return (
            up / high if high else ((x0 >= 0) + (x0 + low >= 0)) / 2,
            down / low if low else ((x0 > 0) + (x0 + high > 0)) / 2,
        )

    def each(self, *numbers: Array) -> tuple[Array, Array]:
        pairs = [self.slopes(*(float(n) for n in group)) for group in zip(*numbers, strict=True)]
        return np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])

    def parts(self, x: Array, x0: Array, high: Array, low: Array) -> tuple[Array, Array]:
        up, down = self.each(x, x0, high, low)
        return up * high, down * low

    def back(self, x: Array, x0: Array, high: Array, low: Array, m: tuple[Array, Array]) -> tuple[Array, Array]:
        up, down = self.each(x, x0, high, low)
        return up * m[0], down * m[1]


def slowly(layers: list[Any], x: Array, x0: Array, target: int) -> list[Array]:
    """The contributions m⁺Δ⁺ + m⁻Δ⁻ at the input and after each layer, for a single row."""
    d = x - x0
    seen = [(x, x0, np.maximum(d, 0), np.minimum(d, 0))]
    for layer in layers:
        here = seen[-1]
        seen.append((layer.forward(here[0]), layer.forward(here[1]), *layer.parts(*here)))
    one = np.zeros(len(seen[-1][0]))
    one[target] = 1
    m, found = (one, one), [one * (seen[-1][0] - seen[-1][1])]
    for layer, here in zip(layers[::-1], seen[-2::-1], strict=True):
        m = layer.back(*here, m)
        found.append(m[0] * here[2] + m[1] * here[3])
    return found[::-1]


def unrolled(kernel: Array, bias: Array, shape: tuple[int, int, int], stride: int) -> tuple[Dense, tuple[int, ...]]:
    """A convolution without border as a matrix."""
    (height, width, channels), (kh, kw, _, filters) = shape, kernel.shape
    h, w = (height - kh) // stride + 1, (width - kw) // stride + 1
    matrix = np.zeros((height, width, channels, h, w, filters))
    for p, q, i, j in product(range(h), range(w), range(kh), range(kw)):
        matrix[p * stride + i, q * stride + j, :, p, q] = kernel[i, j]
    rows = matrix.reshape(height * width * channels, h * w * filters)
    return Dense(rows, np.tile(bias, h * w)), (h, w, filters)


def dense_net(rng: np.random.Generator, norm: bool) -> tuple[Function, list[Any], tuple[int, ...]]:
    """The same dense network twice: as a function of nodes, and as slow layers."""
    widths = rng.integers(2, 7, rng.integers(2, 5))
    weights = [rng.normal(size=shape) for shape in pairwise(widths)]
    biases = [rng.normal(size=n) * rng.integers(0, 2) for n in widths[1:]]
    scales = [(rng.normal(size=n), rng.normal(size=n)) for n in widths[1:]]
    slow: list[Any] = []
    for k, (w, b, scale) in enumerate(zip(weights, biases, scales, strict=True)):
        slow += [Dense(w, b)] + [Norm(*scale)] * norm + [Relu(True)] * (k < len(weights) - 1)

    def network(x: Node) -> Node:
        for k, (w, b, (gamma, beta)) in enumerate(zip(weights, biases, scales, strict=True)):
            x = ops.MatMul()(x, w, b)
            x = x * gamma + beta if norm else x
            x = ops.relu(x) if k < len(weights) - 1 else x
        return x

    return network, slow, (int(widths[0]),)


def conv_net(rng: np.random.Generator, revealing: bool) -> tuple[Function, list[Any], tuple[int, ...]]:
    """conv, ReLU, conv, scale and shift, ReLU, dense, ReLU, dense; with or without RevealCancel at the convolutions."""
    shape, stride = (5, 6, 2), int(rng.integers(1, 3))
    kernels = [rng.normal(size=(2, 3, 2, 3)), rng.normal(size=(2, 2, 3, 2))]
    biases = [rng.normal(size=3), rng.normal(size=2)]
    first, inner = unrolled(kernels[0], biases[0], shape, stride)
    second, last = unrolled(kernels[1], biases[1], inner, 1)
    gamma, beta = rng.normal(size=2), rng.normal(size=2)
    w = [rng.normal(size=s) for s in ((int(np.prod(last)), 4), (4, 3))]
    c = [rng.normal(size=n) for n in (4, 3)]
    many = last[0] * last[1]
    slow = [first, Relu(revealing), second, Norm(np.tile(gamma, many), np.tile(beta, many)), Relu(revealing)]
    slow += [Dense(w[0], c[0]), Relu(True), Dense(w[1], c[1])]

    def network(x: Node) -> Node:
        x = ops.relu(ops.convolution(x, kernels[0], biases[0], stride))
        x = ops.relu(ops.convolution(x, kernels[1], biases[1]) * gamma + beta).flatten()
        return ops.MatMul()(ops.relu(ops.MatMul()(x, w[0], c[0])), w[1], c[1])

    return network, slow, shape


@pytest.mark.parametrize("seed", range(30))
def test_dense_networks_have_the_authors_numbers(seed):
    rng = np.random.default_rng(seed)
    network, slow, shape = dense_net(rng, norm=seed % 3 == 0)
    x, x0 = rng.normal(size=(3, *shape)), rng.normal(size=shape) * (seed % 2)
    result = mx.deep_lift(network, x, 1, baseline=x0, rule="reveal-cancel")
    expected = [slowly(slow, row, x0, 1)[0] for row in x]
    np.testing.assert_allclose(result.values, expected, rtol=1e-9, atol=1e-11)
    same = mx.deep_lift(network, x, 1, baseline=x0, rule="genomics").values
    np.testing.assert_array_equal(same, result.values)


@pytest.mark.parametrize(("rule", "revealing"), [("reveal-cancel", True), ("genomics", False)])
@pytest.mark.parametrize("seed", range(8))
def test_convolutional_networks_have_the_authors_numbers(seed, rule, revealing):
    rng = np.random.default_rng(seed)
    network, slow, shape = conv_net(rng, revealing)
    x, x0 = rng.normal(size=(2, *shape)), rng.normal(size=shape) * (seed % 2)
    result = mx.deep_lift(network, x, 1, baseline=x0, rule=rule)
    expected = [slowly(slow, row.ravel(), x0.ravel(), 1)[0].reshape(shape) for row in x]
    np.testing.assert_allclose(result.values, expected, rtol=1e-9, atol=1e-11)


def test_at_a_layer_the_parts_count_apart():
    """Before a ReLU, where Δ has two parts, and after it; also where the parts cancel and Δ is 0."""
    w, v = np.array([[1.0, 2.0, -1.0], [-1.0, 1.0, -2.0]]), np.array([[1.0], [-2.0], [3.0]])
    network = lambda x: ops.relu((x @ w).named("before")).named("after") @ v  # noqa: E731
    slow = [Dense(w, np.zeros(3)), Relu(True), Dense(v, np.zeros(1))]
    for x in ([3.0, 2.0], [2.0, 2.0]):
        expected = slowly(slow, np.array(x), np.zeros(2), 0)
        for layer, at in (("before", 1), ("after", 2)):
            result = mx.deep_lift(network, [x], rule="reveal-cancel", layer=layer)
            np.testing.assert_allclose(result.values, [expected[at]], atol=1e-14)
            assert abs(result.gap) < 1e-14


def test_the_multipliers_of_a_layer_are_those_that_make_its_contributions():
    network = lambda x: ops.relu((x @ [[1.0, 2.0], [-1.0, 1.0]]).named("h") + 1).sum()  # noqa: E731
    result = mx.deep_lift(network, [[2.0, 2.0], [3.0, 1.0]], rule="reveal-cancel", layer="h")
    m = result.extras["multipliers"]
    # h₁: Δ⁺ = 2 and Δ⁻ = −2 with m⁺ = ½(1 + ½) and m⁻ = ½(½ + 1), so they cancel; and Δ = 0 has their mean
    np.testing.assert_allclose(result.values[0], [0.0, 6.0])
    np.testing.assert_allclose(m[0], [0.75, 1.0])
    np.testing.assert_allclose(m * [[0.0, 6.0], [2.0, 7.0]], result.values)


def test_a_layer_that_has_not_moved_may_contribute():
    """h = u − v + 1 has parts 2 and −2, relu(h) 1.5 and −1.5; with −1 more, relu(relu(h) + w − 2) gives them
    slopes .25/1.5 and .25/2.5."""
    network = lambda x: ops.relu(ops.relu((x[:, 0] - x[:, 1] + 1).named("h")) + x[:, 2] - 2)  # noqa: E731
    result = mx.deep_lift(network, [[2.0, 2.0, -1.0]], rule="reveal-cancel", layer="h")
    np.testing.assert_allclose(result.values, [1.5 * 0.25 / 1.5 - 1.5 * 0.25 / 2.5])
    assert result.gap is None  # w leads round the layer


# -- completeness, whatever the network ---------------------------------------------------------------------

TABLES = {"reveal-cancel": reveal_cancel, "genomics": genomics}
one_or_many = st.sampled_from([1, 3])


def complete(network: Function, x: Array, x0: Array, table: str = "reveal-cancel", seed: int = 0) -> None:
    """Σ m⁺Δ⁺ + m⁻Δ⁻ over the inputs = Σ m·Δy over the outputs, to rounding.

    As in the axioms of the engine, ε × (the same sums without their signs), over every node and every edge; here
    each part counts.
    """
    leaf = Node(x, reference=x0)
    output = network(leaf)
    rules, s = TABLES[table](output), projection(output, seed)
    magnitude = np.zeros(1)
    for node, m in backward(output, rules, s).items():
        size = abs(node.value) + abs(node.reference) + abs(rules.parts[node]).sum(axis=0)
        size = size + isinstance(node.op, Elementwise)  # flat chords are off by ε·|x³f'''|/24
        heaviest = abs(m) if m.ndim == node.ndim else abs(m).max(axis=0)
        magnitude = magnitude + by_row(heaviest * size) * (1 + len(node.sources))
    m = backward(output, rules, s, keep=[leaf])[leaf]
    gap = by_row(rules.contributions(leaf, m)) - by_row(s * output.delta)
    rounding = 4 * float(np.finfo(output.dtype).eps) * magnitude
    assert np.all(abs(gap) <= rounding), f"gap {gap}, rounding explains {rounding}"


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@given(cnns(), st.data(), one_or_many, st.sampled_from(list(TABLES)), seeds)
def test_complete_on_cnns(dtype: Any, network: Network, data: Any, rows: int, table: str, seed: int) -> None:
    x, x0 = data.draw(points(network, 3, dtype)), data.draw(points(network, rows, dtype))
    complete(network, x, x0, table, seed)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@given(programs(), st.data(), one_or_many, st.sampled_from(list(TABLES)), seeds)
def test_complete_on_programs(dtype: Any, network: Network, data: Any, rows: int, table: str, seed: int) -> None:
    """Every function, products of moving nodes, maxima, softmax."""
    x, x0 = data.draw(points(network, 3, dtype)), data.draw(points(network, rows, dtype))
    complete(network, x, x0, table, seed)


@given(networks(), st.data(), st.floats(-12, 0), seeds)
def test_complete_however_near_the_reference(network: Network, data: Any, power: float, seed: int) -> None:
    x0 = data.draw(points(network, 2))
    complete(network, x0 + 10**power * generic(network, 2, seed), x0, seed=seed)


@given(cnns(softmax=False), seeds, st.sampled_from(list(TABLES)))
def test_one_reference_row_means_the_same_row_for_all(network: Network, seed: int, table: str) -> None:
    """And no row feels another."""
    x, x0 = generic(network, 3, seed), generic(network, 1, seed ^ 1)
    one, many, alone = Node(x, reference=x0), Node(x, reference=np.repeat(x0, 3, axis=0)), Node(x[1:2], reference=x0)
    found = []
    for leaf in (one, many, alone):
        output = network(leaf)
        rules = TABLES[table](output)
        found.append(
            rules.contributions(leaf, backward(output, rules, projection(output, seed)[:1], keep=[leaf])[leaf])
        )
    scale = abs(found[0]).max() * np.sqrt(np.finfo(float).eps)
    np.testing.assert_allclose(found[1], found[0], atol=scale)
    np.testing.assert_allclose(found[2], found[0][1:2], atol=scale)


@given(networks(), seeds)
def test_the_multipliers_have_the_dtype_of_the_input_and_an_axis_more_at_the_most(network: Network, seed: int) -> None:
    for dtype in (np.float64, np.float32):
        leaf = Node(generic(network, 2, seed, dtype), reference=generic(network, 1, seed ^ 1, dtype))
        output = network(leaf)
        rules = reveal_cancel(output)
        for node, m in backward(output, rules).items():
            assert m.dtype == rules.parts[node].dtype == rules.effective(node, m).dtype == dtype
            assert m.shape in (node.shape, (2, *node.shape))
            assert rules.parts[node].shape == (2, *node.shape)
            assert rules.contributions(node, m).shape == rules.effective(node, m).shape == node.shape


# -- where a part vanishes ------------------------------------------------------------------------------------

SMOOTH = {"tanh": ops.tanh, "sigmoid": ops.sigmoid, "softplus": ops.softplus, "gelu": ops.gelu, "elu": ops.elu}
"""|f''| ≤ 1.2, and above 0 continuous for elu."""


def slopes(function: Function, x0: float, rise: float, fall: float, dtype: Any = np.float64) -> Array:
    """m⁺ and m⁻ of f(u − v), where u rises and v, which is taken away, does so too."""
    x = Node(np.array([[rise, -fall]], dtype), reference=np.zeros((1, 2), dtype))
    y = function(x[:, 0] - x[:, 1] + x0)
    m = backward(y, reveal_cancel(y), keep=[x])[x]
    return np.array([1, -1]) * (m if m.ndim == 2 else m[0])[0]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", SMOOTH)
def test_the_limit_is_reached_without_a_step_or_noise(name, dtype):
    """m⁺ → ½(f'(x₀) + f'(x₀ + Δ⁻)) at the rate ½·Δ⁺·max|f''|, whatever is left being rounding over a chord of ε^⅓."""
    f = SMOOTH[name]
    noise = 8 * np.finfo(dtype).eps ** (2 / 3)
    for x0, fall in ((0.3, -0.7), (-1.1, -2.0), (40.0, -30.0), (0.5, 0.0)):
        at = [Node(np.array([z], dtype)) for z in (x0, x0 + fall)]
        limit = sum(float(backward(f(z), GRADIENT)[z][0]) for z in at) / 2
        for step in [*10.0 ** -np.arange(1, 20), 1e-30, 0.0]:
            assert abs(slopes(f, x0, step, fall, dtype)[0] - limit) <= 1.2 * step / 2 + noise, (x0, fall, step)
            # the other way round
            mirror = slopes(lambda u, f=f: -f(-u), -x0, -fall, -step, dtype)[1]
            assert abs(mirror - limit) <= 1.2 * step / 2 + noise


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_at_a_kink_the_limit_is_the_derivative_of_that_side(dtype):
    for step in (1.0, 1e-3, 1e-20, 1e-37, 0.0):
        assert slopes(ops.relu, 0.0, step, 0.0, dtype)[0] == 1
        assert slopes(ops.relu, 0.0, 0.0, -step, dtype)[1] == 0
        assert slopes(ops.relu, 0.0, step, -2.0, dtype)[0] == 0.5
        assert slopes(ops.relu, 0.0, 2.0, -step, dtype)[1] == 0.5
        assert slopes(ops.absolute, 0.0, step, 0.0, dtype)[0] == 1
        assert slopes(ops.absolute, 0.0, 0.0, -step, dtype)[1] == -1
    assert slopes(ops.relu, 3.0, 0.0, -3.0, dtype).tolist() == [1, 1]  # to the right of 0, and from 3 to 0


class Clip(Elementwise):
    """min(x, 6): a kink elsewhere, whose slope at 6 is 0."""

    def forward(self, x):
        return np.minimum(x, 6)

    def slope(self, x):
        return (x < 6).astype(x.dtype)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_side_is_taken_wherever_the_kink_is(dtype):
    assert slopes(Clip(), 6.0, 0.0, 0.0, dtype).tolist() == [0, 1]
    assert slopes(Clip(), 4.0, 2.0, 0.0, dtype).tolist() == [1, 1]
    assert slopes(Clip(), 8.0, 0.0, -2.0, dtype).tolist() == [0, 0]


def test_of_its_own_reference_smooth_networks_have_the_gradient():
    rng = np.random.default_rng(0)
    w, v = rng.normal(size=(4, 6)), rng.normal(size=(6, 2))
    network, x = (lambda x: ops.softplus(ops.tanh(x @ w) @ v)), rng.normal(size=(3, 4))
    result = mx.deep_lift(network, x, 1, baseline=x, rule="reveal-cancel")
    assert not result.values.any()
    np.testing.assert_allclose(result.extras["multipliers"], mx.gradient(network, x, 1).values, rtol=1e-12)


@pytest.mark.parametrize("op", [ops.exp, ops.log, ops.reciprocal, ops.sqrt])
def test_functions_that_end_or_explode_keep_to_rescale(op):
    """log at x₀ + Δ⁻ = 2 − 3 would be no number: both parts have the chord of the whole."""
    network = lambda x: op(x[:, 0] - x[:, 1] + 2)  # noqa: E731
    revealed = mx.deep_lift(network, [[3.5, 3.0]], rule="reveal-cancel")
    np.testing.assert_array_equal(revealed.values, mx.deep_lift(network, [[3.5, 3.0]]).values)


@pytest.mark.parametrize("op", [ops.square, Power(3.0), ops.tanh])
def test_functions_of_all_numbers_do_not(op):
    f = lambda z: float(op.forward(np.array(z)))  # noqa: E731
    found = mx.deep_lift(lambda x: op(x[:, 0] - x[:, 1] + 2), [[3.5, 3.0]], rule="reveal-cancel").values
    up = (f(5.5) - f(2) + f(2.5) - f(-1)) / 2
    np.testing.assert_allclose(found, [[up, f(2.5) - f(2) - up]])


# -- kinds of operation -----------------------------------------------------------------------------------------


def reveal(network: Function, x: Any, **options: Any) -> Array:
    return np.asarray(mx.deep_lift(network, x, rule="reveal-cancel", **options).values)


W = np.random.default_rng(3).normal(size=(3, 4))
V = np.random.default_rng(4).normal(size=(4, 2))
X = np.random.default_rng(5).normal(size=(5, 3))


def test_a_scale_may_as_well_be_in_the_weights():
    """Batch norm after a layer, folded into it, changes nothing: parts are scaled, and change places under a minus."""
    gamma = np.array([1.5, -2.0, -0.5, 0.0])
    apart = reveal(lambda x: ops.relu(gamma * (x @ W) + 0.3) @ V, X)
    np.testing.assert_allclose(apart, reveal(lambda x: ops.relu(x @ (W * gamma) + 0.3) @ V, X), rtol=1e-12, atol=1e-14)
    assert abs(apart - mx.deep_lift(lambda x: ops.relu(gamma * (x @ W) + 0.3) @ V, X).values).max() > 0.1


def test_dense_in_other_words():
    """x @ w, w' @ x, a bias inside or added, a product with a row of weights summed, two halves joined."""
    b, w = np.array([0.3, -0.2, 0.1, 0.0]), W
    expected = reveal(lambda x: ops.relu(ops.MatMul()(x, w, b)) @ V, X)
    others = [
        lambda x: ops.relu(x @ w + b) @ V,
        lambda x: ops.relu((w.T @ x.reshape(3, 1)).reshape(4) + b) @ V,
        lambda x: ops.relu((x.reshape(3, 1) * w).sum(1) + b) @ V,
        lambda x: ops.relu((w * x.reshape(3, 1)).sum(1) + b) @ V,
        lambda x: ops.relu(ops.concatenate([x @ w[:, :1], x @ w[:, 1:]]) + b) @ V,
        lambda x: ops.relu(ops.pad(x, ((1, 1),), 7.0)[:, 1:-1] @ w + b) @ V,
        lambda x: ops.relu(ops.convolution(x.reshape(1, 1, 3), w[None, None], b)).flatten() @ V,
    ]
    for other in others:
        np.testing.assert_allclose(reveal(other, X), expected, rtol=1e-12, atol=1e-14)


def test_a_border_has_not_moved():
    """A pad whose fill is not 0 adds it to value and reference alike."""
    network = lambda x: ops.relu(ops.pad(x @ W, ((2, 2),), 0.7).named("padded") - 0.5) @ np.ones((8, 1))  # noqa: E731
    np.testing.assert_allclose(reveal(network, X), reveal(lambda x: ops.relu(x @ W - 0.5).sum(), X), atol=1e-14)
    x = Node(X, reference=0.0)
    y = network(x)
    padded = next(node for node in history(y) if node.name == "padded")
    assert not reveal_cancel(y).parts[padded][..., [0, 1, 6, 7]].any()


def test_products_and_maxima_merge_the_parts():
    """Where the parts of a node have merged, a ReLU after it has one part at a time: that of Rescale."""
    for network in (
        lambda x: ops.relu((x @ W).max(1, keepdims=True) - 0.4) @ [[1.0]],
        lambda x: ops.relu((x @ W[:, :2]) * (x @ W[:, 2:]) - 0.1) @ V[:2],
        lambda x: ops.relu((x @ W).reshape(2, 2) @ (x @ W).reshape(2, 2) - 0.1).flatten() @ V,
    ):
        np.testing.assert_allclose(reveal(network, X), mx.deep_lift(network, X).values, rtol=1e-12, atol=1e-14)


def test_the_part_that_moved_a_maximum_brings_its_multiplier():
    """relu(max(u, v) − 3 + w): the maximum rises by 2, w falls by 1."""
    x, x0 = [[4.0, 1.0, -1.0]], [[1.0, 2.0, 0.0]]
    found = reveal(lambda x: ops.relu(x[:, :2].max() - 3 + x[:, 2]), x, baseline=x0)
    f = lambda z: max(z, 0.0)  # noqa: E731
    up, down = (f(1) - f(-1) + f(0) - f(-2)) / 2, (f(-2) - f(-1) + f(0) - f(1)) / 2
    assert found.tolist() == [[up, 0, down]]


@pytest.mark.parametrize("pool", ["mover", "first", "gradient"])
def test_pools(pool):
    network = lambda x: ops.relu((x @ W).max() - x[:, 0] * 0.5 + 0.1) + (x @ W).sum()  # noqa: E731
    result = mx.deep_lift(network, X, rule="reveal-cancel", pool=pool)
    if pool == "gradient":
        assert result.gap is None
    else:
        assert abs(result.gap).max() < 1e-13
    tied = mx.deep_lift(lambda x: x.max(), [[-3.0, -1.0]], rule="reveal-cancel", pool=pool)
    assert tied.values.tolist() == {"mover": [[0, -1]], "first": [[-1, 0]], "gradient": [[0, -1]]}[pool]


# -- genomics -----------------------------------------------------------------------------------------------------

DENSE = np.random.default_rng(8).normal(size=(32, 4))
DEEP = np.random.default_rng(9).normal(size=(36, 4))


def same_as(network: Function, x: Array) -> list[str]:
    """Which rules agree with "genomics"."""
    found = mx.deep_lift(network, x, rule="genomics").values
    rules = ("rescale", "reveal-cancel")
    return [r for r in rules if np.allclose(found, mx.deep_lift(network, x, rule=r).values, rtol=1e-9, atol=1e-12)]


def test_genomics_looks_back_to_the_layer():
    image = np.random.default_rng(6).normal(size=(3, 4, 4, 2))
    kernel, gamma = np.random.default_rng(7).normal(size=(2, 2, 2, 4)), np.array([1.0, -0.5, 2.0, -1.0])
    conv = lambda x: ops.convolution(x, kernel)  # noqa: E731
    after_convolutions = [
        lambda x: ops.relu(conv(x)),
        lambda x: ops.relu(gamma * conv(x) + 0.3),
        lambda x: ops.relu(ops.identity(conv(x)).flatten()),
        lambda x: ops.relu(conv(x) + conv(x * 0.5)),
        lambda x: ops.relu(ops.average_pool(conv(x), 2, 1)),
        lambda x: ops.relu(x - 0.2 * x.mean(3, keepdims=True)),
    ]
    after_dense = [
        lambda x: ops.relu(x.flatten() @ DENSE),
        lambda x: ops.relu((x.flatten() @ DENSE) * gamma + 0.3),
        lambda x: ops.relu(ops.identity(gamma * (x.flatten() @ DENSE)).reshape(2, 2)),
        lambda x: ops.relu(conv(x).flatten() @ DEEP),
        lambda x: ops.relu(ops.concatenate([x.flatten() @ DENSE, conv(x).flatten() @ DEEP])),
        lambda x: ops.relu(x @ DENSE[:2]),
    ]
    head = lambda f: lambda x: f(x).flatten().sum()  # noqa: E731
    for function in after_convolutions:
        assert same_as(head(function), image) == ["rescale"]
    for function in after_dense:
        assert same_as(head(function), image) == ["reveal-cancel"]


# -- nearness to Shapley values -------------------------------------------------------------------------------------


def test_reveal_cancel_is_nearer_to_shapley_values_than_rescale():
    """Median relative error on random networks of one hidden layer, 8 inputs: about .13 and .18."""
    rng = np.random.default_rng(0)
    errors: dict[str, list[float]] = {"reveal-cancel": [], "rescale": []}
    for _ in range(60):
        w, v = 1.4 * rng.normal(size=(8, 12)) / np.sqrt(8), 1.4 * rng.normal(size=(12, 1)) / np.sqrt(12)
        b = 0.3 * rng.normal(size=12)
        network = lambda x, w=w, v=v, b=b: ops.relu(x @ w + b) @ v  # noqa: E731
        x, x0 = rng.normal(size=(2, 1, 8))
        exact = mx.shapley_values(network, x, baseline=x0).values
        for rule, found in errors.items():
            off = mx.deep_lift(network, x, baseline=x0, rule=rule).values - exact
            found.append(float(np.linalg.norm(off) / np.linalg.norm(exact)))
    assert np.median(errors["reveal-cancel"]) < 0.16 < np.median(errors["rescale"])

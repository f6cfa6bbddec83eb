"""LRP: the published formulas, done slowly; what is conserved; what it has in common with x · gradient."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

import minixai as mx
from minixai import ops, toys
from minixai.graph import backward
from minixai.rules import GRADIENT, fold, lrp_epsilon, lrp_gamma
from tests.marks import slow_except


def stabilised(z, epsilon):
    return z + epsilon * (1 if z >= 0 else -1)


def slow_epsilon(w, b, x, relevance, epsilon):
    """R_i = Σ_j x_i w_ij / (z_j + ε sign z_j) R_j  (Bach et al. 2015, eq. 58)"""
    z = x @ w + b
    return np.array(
        [sum(x[i] * w[i, j] / stabilised(z[j], epsilon) * relevance[j] for j in range(len(z))) for i in range(len(x))]
    )


def slow_gamma(w, b, x, relevance, gamma, epsilon):
    """Terms of the sign of z_j count 1 + γ times, the bias among them.  (Andéol et al. 2021; zennit/rules.py, Gamma)"""
    z, found = x @ w + b, np.zeros(len(x))
    for j in range(len(z)):
        terms = np.append(x * w[:, j], b[j])
        terms *= 1 + gamma * (terms * z[j] > 0)
        found += terms[:-1] / stabilised(terms.sum(), epsilon) * relevance[j]
    return found


def slowly(weights, biases, x, target, rule):
    """Relevance of the inputs of a dense ReLU network, layer by layer; a ReLU passes it on unchanged."""
    inputs = [x]
    for w, b in zip(weights[:-1], biases[:-1], strict=True):
        inputs.append(np.maximum(inputs[-1] @ w + b, 0))
    relevance = inputs[-1] @ weights[-1] + biases[-1]
    relevance = relevance * (np.arange(len(relevance)) == target)
    for w, b, x in list(zip(weights, biases, inputs, strict=True))[::-1]:
        relevance = rule(w, b, x, relevance)
    return relevance


def network(weights, biases, activation=ops.relu):
    def run(x):
        for w, b in zip(weights[:-1], biases[:-1], strict=True):
            x = activation(ops.MatMul()(x, w, b))
        return ops.MatMul()(x, weights[-1], biases[-1])

    return run


def random(seed, biased=True):
    rng = np.random.default_rng(seed)
    widths = rng.integers(2, 7, rng.integers(3, 6))
    weights = [rng.normal(size=shape) for shape in pairwise(widths)]
    return weights, [rng.normal(size=n) * biased for n in widths[1:]], rng.normal(size=(3, widths[0]))


RULES = {
    "epsilon": lambda w, b, x, r: slow_epsilon(w, b, x, r, 1e-6),
    "wide epsilon": lambda w, b, x, r: slow_epsilon(w, b, x, r, 0.25),
    "gamma": lambda w, b, x, r: slow_gamma(w, b, x, r, 0.25, 1e-6),
    "wide gamma": lambda w, b, x, r: slow_gamma(w, b, x, r, 3.0, 0.1),
}
OPTIONS = {
    "epsilon": {},
    "wide epsilon": {"epsilon": 0.25},
    "gamma": {"rule": "gamma"},
    "wide gamma": {"rule": "gamma", "gamma": 3.0, "epsilon": 0.1},
}


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("seed", range(8))
def test_dense_networks_have_the_published_numbers(seed, name):
    """Inputs, weights, biases and sums of either sign."""
    weights, biases, x = random(seed)
    found = mx.lrp(network(weights, biases), x, 1, **OPTIONS[name]).values
    expected = [slowly(weights, biases, row, 1, RULES[name]) for row in x]
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", RULES)
def test_convolutions_have_the_published_numbers(name):
    """One convolution, and the same as a matrix."""
    rng = np.random.default_rng(1)
    kernel, bias, x = rng.normal(size=(2, 2, 2, 3)), rng.normal(size=3), rng.normal(size=(4, 3, 3, 2))
    rows = np.eye(18).reshape(18, 3, 3, 2)
    matrix = ops.convolution(mx.Node(rows), kernel).value.reshape(18, 12)
    head = rng.normal(size=(12, 2))
    net = lambda x: ops.relu(ops.convolution(x, kernel, bias)).flatten() @ head  # noqa: E731
    found = mx.lrp(net, x, 0, **OPTIONS[name]).values
    expected = [slowly([matrix, head], [np.tile(bias, 4), np.zeros(2)], r.ravel(), 0, RULES[name]) for r in x]
    np.testing.assert_allclose(found.reshape(4, 18), expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", ["digits", "digits-paper", "digits-gap"])
def test_on_relu_networks_it_tends_to_input_times_gradient(name):
    """With biases, and with max-pooling.  (Ancona et al. 2018, §3.1)"""
    model, x = mx.load(name).astype(np.float64), mx.datasets.digits("test")[0][:10]
    expected = mx.input_x_gradient(model, x, versus=0).values
    for epsilon in (1e-13, 0.0):
        np.testing.assert_allclose(mx.lrp(model, x, versus=0, epsilon=epsilon).values, expected, atol=1e-9)
    assert abs(mx.lrp(model, x, versus=0, epsilon=0.25).values - expected).max() > 1e-4


@pytest.mark.parametrize("rule", ["epsilon", "gamma"])
@pytest.mark.parametrize("seed", range(5))
def test_without_biases_the_score_is_conserved(seed, rule):
    """Pools, residual sums, concatenation, products, scales, and tanh, which is 0 at 0."""
    rng = np.random.default_rng(seed)
    kernel, head = rng.normal(size=(3, 3, 2, 2)), rng.normal(size=(16, 3))

    def net(x):
        h = ops.relu(ops.max_pool(ops.convolution(x, kernel, padding="same"), 3, 1, "same")) * [0.7, -1.2]
        h = ops.average_pool(h + ops.tanh(ops.convolution(h, kernel, padding="same")), 2)
        return ops.concatenate([h.flatten(), (h * h * 0.3).flatten()]) @ head

    result = mx.lrp(net, rng.normal(size=(4, 4, 4, 2)), 2, rule=rule, epsilon=1e-13)
    np.testing.assert_allclose(result.values.sum(axis=(1, 2, 3)), result.score, atol=1e-9)
    assert result.gap is None


@pytest.mark.parametrize("name", RULES)
def test_what_is_missing_is_what_biases_absorb(name):
    """A bias is the weight of an input that is always 1: there the rest of the score is found."""
    weights, biases, x = random(2)
    apart = [np.vstack([w, b]) for w, b in zip(weights, biases, strict=True)]

    def with_ones(x):
        ones, h = x[:, -1:], x
        for w in apart[:-1]:
            h = ops.concatenate([ops.relu(h @ w), ones])
        return h @ apart[-1]

    plain = mx.lrp(network(weights, biases), x, 0, **OPTIONS[name])
    whole = mx.lrp(with_ones, np.hstack([x, np.ones((3, 1))]), 0, **OPTIONS[name])
    np.testing.assert_allclose(whole.values[:, :-1], plain.values, rtol=1e-9, atol=1e-12)
    if "wide" not in name:
        np.testing.assert_allclose(whole.values.sum(axis=1), whole.score, rtol=1e-4)


def test_functions_keep_what_they_are_at_zero():
    """softplus(0) = log 2 is a bias; near 0 nothing is divided by 0."""
    net = lambda x: ops.softplus(x[:, 0] - x[:, 1])  # noqa: E731
    for x in ([2.0, 0.5], [1.0, 1.0], [1.0, 1.0 - 1e-12]):
        total = mx.lrp(net, [x]).values.sum()
        assert total == pytest.approx(np.logaddexp(0, x[0] - x[1]) - np.log(2), abs=1e-12)
    np.testing.assert_allclose(mx.lrp(lambda x: 1 / x[:, 0], [[4.0]]).values, [[0.25]])


def test_gamma_favours_what_speaks_for_the_score():
    x, w = [[1.0, 1.0]], [[2.0], [-1.0]]
    net = lambda x: ops.relu(x @ w)  # noqa: E731
    for gamma, expected in ((0, (2, -1)), (0.25, (2.5 / 1.5, -1 / 1.5)), (1e9, (1, 0))):
        np.testing.assert_allclose(mx.lrp(net, x, rule="gamma", gamma=gamma, epsilon=0).values, [expected], atol=1e-8)
    against = lambda x: x @ [[1.0], [-2.0]]  # noqa: E731
    np.testing.assert_allclose(mx.lrp(against, x, rule="gamma", gamma=1e9, epsilon=0).values, [[0, -1]], atol=1e-8)


def test_gamma_zero_is_epsilon():
    weights, biases, x = random(4)
    net = network(weights, biases)
    found = mx.lrp(net, x, 1, rule="gamma", gamma=0.0).values
    np.testing.assert_allclose(found, mx.lrp(net, x, 1).values, rtol=1e-12)


def test_epsilon_fades_what_is_weak():
    """Of a sum z, z/(z + ε) is handed on, whatever its sign; of a sum that is 0, nothing."""
    net = lambda x: ops.MatMul()(x, np.array([[1.0, -1.0, 1.0], [2.0, -2.0, -0.5]]))  # noqa: E731
    x = [[1.0, 2.0]]
    assert mx.lrp(net, x, 0, epsilon=5.0).values.tolist() == [[0.5, 2.0]]
    assert mx.lrp(net, x, 1, epsilon=5.0).values.tolist() == [[-0.5, -2.0]]
    assert mx.lrp(net, x, 2, epsilon=5.0).values.tolist() == [[0.0, 0.0]]


def test_a_scale_makes_no_sum_so_nothing_fades():
    """Batch norm after a layer hands on all it is given, under both rules."""
    for rule in ("epsilon", "gamma"):
        assert mx.lrp(lambda x: x * [2.0, -3.0], [[1.0, 2.0]], 1, rule=rule, epsilon=5.0).values.tolist() == [[0, -6]]


def test_a_product_is_shared_and_a_maximum_is_the_winners():
    np.testing.assert_allclose(mx.lrp(toys.product, [[2.0, 5.0]]).values, [[5, 5]])
    assert mx.lrp(lambda x: x.max(), [[2.0, 5.0]]).values.tolist() == [[0, 5]]
    two = lambda x: (x.reshape(2, 2) @ x.reshape(2, 2)).flatten() @ np.ones((4, 1))  # noqa: E731
    found = mx.lrp(two, [[1.0, 2.0, 3.0, 4.0]], rule="gamma", epsilon=0)
    assert found.values.sum() == pytest.approx(54)


def test_relevance_of_a_layer():
    """Without biases each layer holds all of the score."""
    rng = np.random.default_rng(5)
    w, v, x = rng.normal(size=(3, 4)), rng.normal(size=(4, 2)), rng.normal(size=(3, 3))
    result = mx.lrp(lambda x: ops.relu(ops.relu(x @ w).named("h") @ v).sum(), x, layer="h", epsilon=0.0)
    np.testing.assert_allclose(result.values.sum(axis=1), result.score, atol=1e-12)
    assert result.layer == "h"
    assert result.cost == (3, 3)


def test_a_table_for_any_walk():
    """As with every table, the relevance is m · x."""
    x = mx.Node([[1.0, 1.0]])
    y = ops.relu(x @ [[2.0], [-1.0]])
    assert (backward(y, lrp_epsilon(0.0))[x] * x.value).tolist() == [[2, -1]]
    assert (backward(y, lrp_gamma(1.0, 0.0))[x] * x.value).tolist() == [[4 / 3, -1 / 3]]
    assert set(lrp_gamma(1.0, 0.0)) == set(lrp_epsilon(0.0)) > set(GRADIENT)


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"rule": "gama"}, "unknown rule 'gama', did you mean 'gamma'"),
        ({"epsilon": -1e-6}, "epsilon is a finite number, at least 0, got -1e-06"),
        ({"epsilon": np.inf}, "epsilon is a finite number"),
        ({"rule": "gamma", "gamma": "1"}, "gamma is a finite number, at least 0, got '1'"),
    ],
)
def test_options_that_cannot_be(option, words):
    with pytest.raises(ValueError, match=words):
        mx.lrp(toys.product, [[1.0, 2.0]], **option)


def test_its_parameters_as_given():
    result = mx.lrp(toys.product, [[1.0, 2.0]], rule="gamma")
    assert result.parameters == {"rule": "gamma", "epsilon": 1e-6, "gamma": 0.25}
    assert result.method == "lrp"


# -- batch normalisation -------------------------------------------------------------------------------


def normalised(seed, residual=False, bias=True):
    """A network with batch normalisation after convolutions and a dense layer, and the same folded by hand."""
    from minixai.layers import Activation, Add, AveragePool2D, BatchNorm, Conv2D, Dense, Flatten

    rng = np.random.default_rng(seed)
    made = lambda norm: [  # noqa: E731
        ("c1", Conv2D(4, 3, padding=1, bias=bias or not norm)), *norm * [("n1", BatchNorm())],
        ("r1", Activation("relu")),
        ("c2", Conv2D(4, 3, padding=1, groups=2, bias=bias or not norm)), *norm * [("n2", BatchNorm())],
        *([("sum", Add(), ["r1", "n2" if norm else "c2"])] if residual else []), ("r2", Activation("relu")),
        AveragePool2D(2), Flatten(), ("d1", Dense(6, bias=bias or not norm)), *norm * [("n3", BatchNorm())],
        ("r3", Activation("relu")), ("d2", Dense(3)),
    ]  # fmt: skip
    model = mx.Model(made(1), (6, 6, 2), dtype=np.float64)
    weights = {
        key: rng.uniform(0.5, 2, w.shape) if key.endswith("variance") else rng.normal(0, 0.5, w.shape)
        for key, w in model.weights.items()
    }
    model.set_weights(weights)
    folded = mx.Model(made(0), (6, 6, 2), dtype=np.float64)
    own = {}
    for layer, norm in (("c1", "n1"), ("c2", "n2"), ("d1", "n3"), ("d2", None)):
        w, b = weights[f"{layer}/kernel"], weights.get(f"{layer}/bias", 0)
        if norm:
            gamma, beta, mean, variance = (weights[f"{norm}/{key}"] for key in ("gamma", "beta", "mean", "variance"))
            scale = gamma / np.sqrt(variance + 1e-3)
            w, b = w * scale, (b - mean) * scale + beta
        own |= {f"{layer}/kernel": w, f"{layer}/bias": b}
    folded.set_weights(own)
    return model, folded, rng.normal(size=(3, 6, 6, 2))


VARIANTS = [
    {"epsilon": 0.0}, {"epsilon": 1e-6}, {"epsilon": 0.25}, {"rule": "gamma", "gamma": 0.25},
    {"rule": "gamma", "gamma": 10.0, "epsilon": 0.1},
]  # fmt: skip


@pytest.mark.parametrize("options", slow_except(VARIANTS[3:4], VARIANTS), ids=str)
@pytest.mark.parametrize(("residual", "bias"), [(False, True), (True, True), (False, False)])
def test_batch_norm_is_folded(options, residual, bias):
    """As in zennit's canonizers: a network and the same with its batch normalisation in the weights have one LRP."""
    for seed in range(4):
        model, folded, x = normalised(seed, residual, bias)
        np.testing.assert_allclose(model.scores(x), folded.scores(x), rtol=1e-12, atol=1e-13)
        got, expected = (mx.lrp(net, x, 1, **options).values for net in (model, folded))
        # sums near 0 divide: what rounds them is magnified by as much as the values exceed the score
        np.testing.assert_allclose(got, expected, rtol=0, atol=1e-10 * (1 + abs(expected).max()))
        for layer in ("r1", "r2", "r3"):
            got, expected = (mx.lrp(net, x, 1, layer=layer, **options).values for net in (model, folded))
            np.testing.assert_allclose(got, expected, rtol=0, atol=1e-10 * (1 + abs(expected).max()))


def test_at_the_layer_before_batch_norm_the_two_stay_apart():
    model, _, x = normalised(0)
    x = x[:1]
    values = mx.lrp(model, x, 1, layer="c1", epsilon=0.0).values
    np.testing.assert_allclose(values, mx.input_x_gradient(model, x, 1, layer="c1").values, rtol=1e-9, atol=1e-12)


def test_a_functions_own_scale_and_shift_are_folded():
    w, s, t = np.array([[1.0, -2.0], [0.5, 1.0]]), np.array([2.0, -3.0]), np.array([0.5, 0.25])
    x = [[1.0, 2.0], [-0.5, 0.3]]
    apart = lambda x: ops.relu((x @ w) * s + t) @ [[1.0], [2.0]]  # noqa: E731
    one = lambda x: ops.relu(ops.MatMul()(x, w * s, t)) @ [[1.0], [2.0]]  # noqa: E731
    before = lambda x: ops.relu((x @ w + t) * s) @ [[1.0], [2.0]]  # noqa: E731
    after = lambda x: ops.relu(ops.MatMul()(x, w * s, t * s)) @ [[1.0], [2.0]]  # noqa: E731
    for options in VARIANTS:
        for f, g in ((apart, one), (before, after)):
            np.testing.assert_allclose(mx.lrp(f, x, **options).values, mx.lrp(g, x, **options).values, rtol=1e-12)


def test_what_is_not_folded():
    """A sum that is used elsewhere too, a scale that differs from place to place, one that is a node."""
    x = mx.Node(np.random.default_rng(0).normal(size=(2, 4, 4, 3)))
    kernel = np.random.default_rng(1).normal(size=(3, 3, 3, 5))
    z = ops.convolution(x, kernel)
    gate = x[:, :2, :2, :1]
    for y in (z * 2.0 + ops.relu(z), z * np.ones((2, 2, 5)), z * z, z * gate, z[:, 0] * 2.0):
        assert fold(y, x)[0] is y
    y = z * 2.0
    assert fold(y, z) == (y, z)
    folded, keep = fold(ops.relu(y + 1.0), x)
    assert keep is x
    assert type(folded.sources[0].op) is type(z.op)
    np.testing.assert_array_equal(folded.value, ops.relu(y + 1.0).value)


def documented_rules():
    """{what the op is: what x receives} from the table in the docstring of lrp."""
    lines = mx.lrp.__doc__.splitlines()
    borders = [k for k, line in enumerate(lines) if line.strip().startswith("====")]
    width = lines[borders[0]].strip().index(" ")
    rows = [line.strip() for line in lines[borders[1] + 1 : borders[2]]]
    return {row[:width].strip(): row[width:].strip() for row in rows}


@pytest.mark.parametrize("epsilon", [0.0, 0.25])
def test_the_table_in_the_docstring_is_what_the_code_does(epsilon):
    """Each formula, read as Python, gives the multiplier of x that a walk by the table gives; here m is 3."""
    x, v, w = mx.Node([[2.0, -1.5]]), mx.Node([[0.5, 4.0]]), np.array([[3.0], [0.25]])
    sigmoid = lambda z: 1 / (1 + np.exp(-z))  # noqa: E731
    nodes = {
        "elementwise f(x)": (ops.sigmoid(x), {"f": sigmoid}),
        "weighted sum z = x·w + b": (x @ w - 5.0, {"w": w.T, "z": 2 * 3 - 1.5 * 0.25}),
        "linear op, such as a mean, z = x·w": (x.mean(axis=1), {"w": np.array([[0.5, 0.5]])}),
        "product of two nodes, x · v": (x * v, {"v": v.value}),
        "product with a constant, x · w": (x * w.T, {"w": w.T}),
        "maximum, if x is the largest entry": (x.max(axis=1), {"m": np.array([[3.0, 0.0]])}),
    }
    formulas = documented_rules()
    assert formulas.keys() == nodes.keys()
    for op, (output, names) in nodes.items():
        formula = formulas[op].replace("·", "*").replace("−", "-")
        known = {"m": 3.0, "x": x.value, "ε": epsilon, "sign": np.sign, **names}
        m = backward(output, lrp_epsilon(epsilon), 3.0)[x]
        np.testing.assert_allclose(m, np.broadcast_to(eval(formula, known), m.shape), rtol=1e-12, err_msg=op)

"""The reference score is measured: what leaves the graph is an error that says which node left."""

import numpy as np
import pytest

import minixai as mx
from minixai import ops, toys
from minixai.graph import Node
from minixai.ops import Elementwise

X = np.array([[1.0, 2.0, 3.0]])
BLACK = np.zeros((1, 3))


def clipped(z):
    """The issue's own: a part of the score comes from an array, so that g(0) is 0 and not 5."""
    return z.sum() + Node(np.clip(z.value, 0, 2)).sum()


def whole(z):
    """Nothing of it is in the graph."""
    return Node(np.clip(z.value, 0, 2).sum(axis=1))


def detached_first(z):
    return ops.relu(Node(np.tanh(z.value))).sum()


def constant(z):
    """An array that was computed from the value, as a factor."""
    return (z * np.abs(z.value[:1])).sum()


def number(z):
    return z.sum() * float(np.max(z.value[0]))


def exponent(z):
    return ((z + 2) ** float(1 + z.value[0].max())).sum()


def branch(z):
    return ops.relu(z).sum() if z.value[0].sum() > 1 else (2 * z + 1).sum()


def below_the_layer(z):
    return ops.tanh((z + Node(z.value**2)).named("h")).sum()


class Hidden(Elementwise):
    """An op that keeps a number out of the forward pass on the value, and uses it at the reference."""

    def forward(self, x):
        return x * self.factor

    def slope(self, x):
        return np.full_like(x, self.factor)


def attribute(z):
    op = Hidden()
    op.factor = float(abs(z.value[0]).max())
    return op(z + 1).sum()


LEFT = [
    (clipped, r"a node of shape \(1, 3\) that is not the input"),
    (whole, r"a node of shape \(1,\) that is not the input"),
    (detached_first, r"a node of shape \(1, 3\) that is not the input"),
    (constant, r"an array of shape \(1, 3\) in Multiply"),
    (number, r"an array of shape \(\) in Multiply"),
    (exponent, "the p of Power"),
    (branch, "the function takes another way"),
    (below_the_layer, r"a node of shape \(1, 3\) that is not the input"),
    (attribute, "the factor of Hidden"),
]
PAIRED = [
    (mx.deep_lift, {"baseline": 0.0}),
    (mx.deep_lift, {"baseline": BLACK, "rule": "reveal-cancel"}),
    (mx.deep_lift, {"pool": "gradient"}),
    (mx.integrated_gradients, {"steps": 4}),
    (mx.shapley_values, {}),
    (mx.shapley_values, {"permutations": 4}),
    (mx.feature_ablation, {}),
    (mx.feature_ablation, {"values": [0.0, 0.5]}),
    (mx.deep_shap, {"background": BLACK}),
    (mx.deep_shap, {"background": np.array([[0.0, 0, 0], [1.0, 2, 3], [3.0, 1, 0]])}),
    (mx.expected_gradients, {"background": BLACK, "samples": 4}),
    (mx.expected_gradients, {"background": np.array([[0.0, 0, 0], [1.0, 2, 3]]), "samples": 4}),
]


@pytest.mark.parametrize(("network", "words"), LEFT, ids=[n.__name__ for n, _ in LEFT])
@pytest.mark.parametrize(("method", "options"), PAIRED)
def test_what_left_the_graph_is_named(method, options, network, words):
    with pytest.raises(ValueError, match=words) as problem:
        method(network, X, **options)
    assert "minixai.ops" in str(problem.value)
    assert str(problem.value).count(". ") == 0  # one sentence


@pytest.mark.parametrize(("method", "options"), PAIRED)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_and_dtypes(method, options, dtype):
    rows = np.concatenate([np.zeros((3, 3)), X, X + 1]).astype(dtype)
    with pytest.raises(ValueError, match=r"a node of shape \(1, 3\) that is not the input"):
        method(clipped, rows, **options)


def test_the_two_scores_are_told():
    with pytest.raises(ValueError, match="scores 0 by itself, but 5 as the reference in one graph with it"):
        mx.deep_lift(clipped, X)


@pytest.mark.parametrize("rows", [1, 3])
def test_a_baseline_of_many_rows(rows):
    with pytest.raises(ValueError, match="that is not the input"):
        mx.integrated_gradients(clipped, np.repeat(X, rows, 0), baseline=np.zeros((rows, 3)), steps=2)


def test_a_row_that_equals_its_baseline_does_not_hide_the_others():
    rows = np.concatenate([np.zeros((1, 3)), X])

    class Each(Hidden):
        def slope(self, x):
            return np.ones_like(x)

    def each(z):
        op = Each()
        op.factor = abs(z.value).max(axis=1, keepdims=True)
        return op(z + 1).sum()

    for network in (clipped, each):
        with pytest.raises(ValueError, match="that is not the input|the factor of Each"):
            mx.deep_lift(network, rows, baseline=[[0, 0, 0], [0, 0, 0.125]])


@pytest.mark.parametrize(("method", "options"), PAIRED[:1] + PAIRED[3:5])
def test_at_a_layer(method, options):
    with pytest.raises(ValueError, match="that is not the input"):
        method(below_the_layer, X, layer="h", **options)


def test_shapley_values_of_a_background_at_a_layer():
    network = lambda z: z.named("h").sum() + Node(z.value**2).sum()  # noqa: E731
    with pytest.raises(ValueError, match="that is not the input"):
        mx.shapley_values(network, X, background=BLACK, layer="h")


def sorted_by_size(z):
    return sum((z[:, int(i)] * (k + 1.0) for k, i in enumerate(np.argsort(-z.value[0]))), z[:, 0] * 0)


def as_many_as_are_large(z):
    return z[:, : 1 + int((z.value[0] > 1.5).sum())].sum()


def one_of_two(z):
    return ops.relu(z).sum() if z.value[0, 0] > 0.9 else (ops.relu(z) * 3.0).sum()


@pytest.mark.parametrize("network", [sorted_by_size, as_many_as_are_large, one_of_two])
@pytest.mark.parametrize(("method", "options"), PAIRED)
def test_equal_scores_do_not_hide_a_choice_made_from_values(method, options, network):
    """At the baseline all ways give 0; the graphs of input and baseline still differ."""
    with pytest.raises(ValueError, match="changes with the input|takes another way"):
        method(network, X, **options)


def test_an_op_may_keep_what_it_saw():
    """A user's op may remember its inputs, if its values do not depend on it."""

    class Keeping(Elementwise):
        seen = ()

        def forward(self, x):
            self.seen = (*self.seen, float(x.sum()))
            return np.tanh(x)

        def slope(self, x):
            return 1 - np.tanh(x) ** 2

    same = Keeping()
    for network in (lambda z: Keeping()(z).sum(), lambda z: same(z).sum()):
        assert abs(mx.deep_lift(network, X).gap) < 1e-12


def test_equal_scores_do_not_hide_a_function_that_left_altogether():
    """f(1, 2, 3) = f(3, 2, 1), but f is no constant."""
    for method in (mx.deep_lift, mx.integrated_gradients, mx.shapley_values):
        with pytest.raises(ValueError, match="that is not the input"):
            method(lambda z: Node(z.value).sum(), X, baseline=X[:, ::-1])
    with pytest.raises(ValueError, match="that is not the input"):
        mx.deep_shap(lambda z: Node(z.value).sum(), X, background=X[:, ::-1])


# -- what stays allowed ----------------------------------------------------------------------------------

W = np.random.default_rng(0).normal(size=(3, 4))
CONSTANTS = [
    lambda z: Node(np.zeros(len(z))),
    lambda z: Node(np.full((len(z), 2), 3.0)),
    lambda z: ops.relu(z * 0 - 1).sum(),
]


@pytest.mark.parametrize(("method", "options"), PAIRED)
@pytest.mark.parametrize("network", CONSTANTS)
def test_a_constant_network_is_an_ordinary_input(method, options, network):
    result = method(network, X, **options)
    assert (result.values == 0).all()
    assert result.gap is None or (result.gap == 0).all()


@pytest.mark.parametrize(("method", "options"), PAIRED)
def test_weights_in_nodes_are_no_input(method, options):
    network = lambda z: ops.tanh(z @ W).sum(1, True).sum() + (z * 0 + 1).mean() * Node(np.ones(1))  # noqa: E731
    plain = lambda z: ops.tanh(z @ W).sum() + 1  # noqa: E731
    rows = np.concatenate([X, X[:, ::-1]])
    found, expected = method(network, rows, **options), method(plain, rows, **options)
    np.testing.assert_allclose(found.values, expected.values, rtol=0, atol=1e-13)


@pytest.mark.parametrize(("method", "options"), PAIRED)
def test_a_maximum_in_the_graph_is_no_departure(method, options):
    """log Σ exp(z − max z) + max z, with the maximum as a node; as an array it is one."""

    def logsumexp(z, top):
        return (ops.log(ops.exp(z - top).sum(1, True)) + top).sum()

    method(lambda z: logsumexp(z, z.max(1, True)), X, **options)
    with pytest.raises(ValueError, match=r"a node of shape \(1, 1\) that is not the input"):
        method(lambda z: logsumexp(z, Node(z.value.max(1, keepdims=True))), X, **options)


def test_rounding_is_no_departure():
    """A score near 0 of large numbers: in float32 two passes may differ by more than its own size."""
    calls = []

    class Rounded(Elementwise):
        """Another last bit in each pass."""

        def forward(self, x):
            return x * np.asarray(1 + self.error, x.dtype)

        def slope(self, x):
            return np.full_like(x, 1 + self.error)

    def rounded(z):
        op = Rounded()
        op.error = len(calls) * np.finfo(z.dtype).eps
        calls.append(op)
        return op(z.sum() * 1e7) - 6e7

    result = mx.deep_lift(rounded, X.astype(np.float32), baseline=X)
    assert abs(result.score[0]) < 10 < 1e7 * np.sqrt(np.finfo(np.float32).eps)


def test_float64_decides_where_float32_is_too_coarse():
    """A departure of 9 is more than √ε of the scores, but in float32 less than √ε of the largest number, 6e6."""

    def network(z):
        h = (z * 1e6).sum()
        return h - h + attribute(z)

    for dtype in (np.float32, np.float64):
        with pytest.raises(ValueError, match="the factor of Hidden"):
            mx.deep_lift(network, X.astype(dtype))


def test_chance_of_an_op_is_blamed_on_chance():
    """Two passes of one row differ, though every constant is the same."""
    rng = np.random.default_rng(0)

    class Chance(Elementwise):
        def forward(self, x):
            return x + rng.normal()

        def slope(self, x):
            return np.ones_like(x)

    with pytest.raises(ValueError, match="without randomness$"):
        mx.deep_lift(lambda z: Chance()(z.sum()), X, pool="gradient")


def test_chance_is_blamed_on_chance():
    rng = np.random.default_rng(0)
    for method, options in PAIRED:
        if method.__name__ != "expected_gradients":
            with pytest.raises(ValueError, match="without randomness"):
                method(lambda z: (z * rng.random((1, 3))).sum() + float(rng.random()), X, **options)


# -- what it costs ---------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:integrated_gradients misses")
def test_the_independent_row_is_counted():
    rows = np.ones((4, 2))
    assert mx.deep_lift(toys.saturation, rows).cost == (4 + 1 + 1, 4)
    assert mx.deep_lift(toys.saturation, rows, baseline=rows * np.arange(4)[:, None] / 4).cost == (4 + 4 + 1, 4)
    assert mx.integrated_gradients(toys.saturation, rows, steps=3).cost == (4 + 1 + 1 + 12, 12)
    assert mx.shapley_values(toys.saturation, rows).cost == (4 + 1 + 1 + 16, 0)
    assert mx.feature_ablation(toys.saturation, rows).cost == (4 + 1 + 1 + 8, 0)
    background = np.zeros((3, 2))
    assert mx.shapley_values(toys.saturation, rows, background=background).cost == (4 + 3 + 48, 0)
    assert mx.deep_shap(toys.saturation, rows, background=background).cost == (4 + 3 + 3 * 5, 12)
    assert mx.expected_gradients(toys.saturation, rows, background=background, samples=2).cost == (4 + 1 + 3 + 8, 8)


def test_what_has_no_reference_score_pays_nothing():
    for method in (mx.gradient, mx.input_x_gradient, mx.guided_backprop, mx.lrp):
        assert method(toys.saturation, np.ones((4, 2))).cost == (4, 4)


def test_every_row_that_goes_forward_is_counted():
    passes = []

    def network(z):
        passes.append(len(z) + (0 if z.reference is z.value else len(z.reference)))
        return ops.tanh(z).sum()

    for method, options in PAIRED:
        passes.clear()
        cost = method(network, np.concatenate([X, X + 1]), batch=50, **options).cost
        assert sum(passes) == cost.forward, method.__name__

"""mx.check approves what is right and names what is wrong."""

import numpy as np
import pytest

import minixai as mx
from minixai import ops
from minixai.graph import Node, Op
from minixai.ops import Elementwise, Linear

X = np.random.default_rng(0).normal(size=(4, 3))


def failing(report):
    return [line.claim for line in report.lines if not line.ok]


def test_what_is_right():
    report = mx.check(lambda x: ops.softmax(ops.tanh(x) * [1.0, -2.0, 3.0]), X)
    assert report, report
    assert str(report).count("[ok]") == 8


def test_rows_at_a_kink_are_told_and_not_judged():
    report = mx.check(lambda x: ops.relu(x), np.zeros((2, 3)))
    assert report
    assert "2 of 2 rows are at a kink" in str(report)


class WrongSlope(Elementwise):
    def forward(self, x):
        return x**3

    def slope(self, x):
        return 2 * x**2


class WrongKind(Linear):
    def forward(self, x):
        return x**2

    def vjp(self, i, m, x):
        return 2 * m * x


class NoKind(Op):
    def forward(self, x):
        return x * 2

    def vjp(self, i, m, x):
        return m * 2


class Upcast(Elementwise):
    def forward(self, x):
        return x * 2

    def slope(self, x):
        return np.where(x > np.inf, 1.0, 2.0)


class Mixes(Elementwise):
    def forward(self, x):
        return x - x.mean(axis=0)

    def slope(self, x):
        return np.ones_like(x)


class Writes(Elementwise):
    def forward(self, x):
        x.flags.writeable = True
        x += 1
        return x * 1.0

    def slope(self, x):
        return np.ones_like(x)


class Chance(Elementwise):
    rng = np.random.default_rng(0)

    def forward(self, x):
        return x + 1e-9 * self.rng.random(x.shape)

    def slope(self, x):
        return np.ones_like(x)


@pytest.mark.parametrize(
    ("op", "claim"),
    [
        (WrongSlope(), "the gradient is the finite difference"),
        (WrongKind(), "DeepLIFT adds up"),
        (NoKind(), "DeepLIFT adds up"),
        (Upcast(), "float32 stays float32"),
        (Mixes(), "a row alone is a row in a batch"),
        (Writes(), "inputs stay as they were"),
        (Chance(), "the same call gives the same bits"),
    ],
)
def test_what_is_wrong_is_named(op, claim):
    report = mx.check(op, X)
    assert not report
    assert claim in failing(report)
    assert f"[!!] {claim}" in str(report)


class MixesALittle(Mixes):
    def forward(self, x):
        return x - 1e-6 * x.mean(axis=0)


def test_a_little_mixing_is_mixing():
    assert failing(mx.check(MixesALittle(), X)) == ["a row alone is a row in a batch"]


def test_what_is_no_function_of_a_node():
    with pytest.raises(TypeError, match="returned NoneType, not a node"):
        mx.check(lambda x: None, X)
    with pytest.raises(ValueError, match=r"rows come first, .N, ....: give x\[None\]"):
        mx.check(lambda x: x, [1.0, 1.0])


def test_an_op_of_no_kind_gets_the_tables_own_words():
    assert "no rule for NoKind" in str(mx.check(NoKind(), X))


# -- what leaves the graph -------------------------------------------------------------------------------

LEAVES = "nothing leaves the graph"
SLOPE = "the gradient is the finite difference"


def test_rows_at_a_kink_are_judged_beside_it():
    """At (1, 2, 3) the detached part has a kink, which must not hide that its slope is missing."""

    def clipped(z):
        return z.sum() + Node(np.clip(z.value, 0, 2)).sum()

    def whole(z):
        return Node(np.clip(z.value, 0, 2).sum(axis=1))

    for function in (clipped, whole):
        for x in ([[1.0, 2.0, 3.0]], [[0.0, 1.0, 2.0], [2.0, 0.0, 1.0]]):
            report = mx.check(function, x)
            assert {SLOPE, LEAVES} <= set(failing(report)), report
            assert "that is not the input changes with the input" in str(report)
            assert "are at a kink" in str(report)


class Half(Elementwise):
    """relu, with a wrong slope on the right of its kink."""

    def forward(self, x):
        return np.maximum(x, 0)

    def slope(self, x):
        return np.where(x > 0, 0.5, 0).astype(x.dtype)


def test_a_wrong_slope_beside_a_kink_is_wrong():
    assert SLOPE in failing(mx.check(Half(), np.zeros((1, 3))))


DETACHED = {
    "a node": (lambda z: ops.tanh(Node(np.sin(z.value))), "a node of shape (4, 3) that is not the input"),
    "the sum": (lambda z: Node(z.value.sum(axis=1)), "a node of shape (4,) that is not the input"),
    "a factor": (lambda z: z * Node(abs(z.value)), "a node of shape (4, 3) that is not the input"),
    "a gate": (lambda z: z * Node(z.value > 0), "a node of shape (4, 3) that is not the input"),
    "a shift": (lambda z: z - Node(z.value.max(1, keepdims=True)), "a node of shape (4, 1) that is not the input"),
}


def test_nodes_of_another_dtype_are_told():
    report = mx.check(lambda z: z * Node(np.ones((1, 3))), X)
    assert failing(report) == ["float32 stays float32"]
    assert "nodes of float32 and float64" in str(report)


@pytest.mark.parametrize("what", DETACHED)
def test_what_leaves_the_graph_is_named(what):
    function, words = DETACHED[what]
    report = mx.check(function, X)
    assert LEAVES in failing(report)
    assert words in str(report)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda z: z * abs(z.value[:1]), "an array of shape (1, 3) in Multiply changes with the input"),
        (lambda z: z * float(z.value.max()), "an array of shape () in Multiply changes with the input"),
        (lambda z: z ** int(z.value[0, 0]), "the p of Power changes with the input"),
    ],
)
def test_constants_computed_from_one_row(function, words):
    """Shapes of a row, made from the first: what a batch of one lets pass."""
    report = mx.check(function, [[2.5, 1.0, 3.0]], [[4.5, 2.0, 1.0]])
    assert LEAVES in failing(report)
    assert words in str(report)


def test_an_op_made_from_the_input_is_named():
    report = mx.check(lambda z: z[:, int(z.value[0].argmax())], [[1.0, 3.0]], [[3.0, 1.0]])
    assert failing(report) == [LEAVES]
    assert "the index of Take" in str(report)


@pytest.mark.parametrize(
    "function",
    [
        lambda z: Node(np.zeros((len(z), 2), z.dtype)),
        lambda z: ops.tanh(z @ np.ones((3, 2))) * Node(np.full((1, 2), 3, z.dtype)),
        lambda z: ops.relu(z * 0 - 1),
        lambda z: ops.softmax(z),
    ],
)
def test_constants_may_be_nodes(function):
    report = mx.check(function, X)
    assert report, report


class Relu6(Elementwise):
    def forward(self, x):
        return np.clip(x, 0, 6)

    def slope(self, x):
        return ((x > 0) & (x < 6)).astype(x.dtype)


def test_kinks_on_the_way_from_the_reference_are_looked_for():
    """At 6 and, in the other rows, at 0 or nowhere."""
    ends = [[7.0, 1.0, 2.0, 6.5], [4.9, -1.0, 3.0, 5.99]]
    for x, reference in (ends, ends[::-1]):
        report = mx.check(Relu6(), np.array(x)[:, None], np.array(reference)[:, None])
        assert report, report


def test_a_tangent_across_a_kink_is_named(monkeypatch):
    """What Rescale would be if every short chord were replaced by the tangent."""
    monkeypatch.setattr("minixai.rules.slopes.short_chord", lambda op, *ends: op.slope(ends[5]))
    report = mx.check(Relu6(), [[7.0], [3.0]], [[4.9], [2.0]])
    assert failing(report) == ["DeepLIFT adds up over short ways, across a kink too"]
    assert "in row 0" in str(report)

"""The walk in the small: what is added up, in which order, what is kept, and what a node refuses."""

from __future__ import annotations

import gc
import re
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minixai
from minixai import Node, backward, ops
from minixai.graph import Op, history, leading_to, replay
from minixai.operators import OPERATORS
from minixai.ops.kinds import Elementwise, Linear
from minixai.rules import DECONVNET, GRADIENT, GUIDED, RESCALE, gradient


class Counting(Elementwise):
    """2x, and how often it was asked for what."""

    def __init__(self) -> None:
        self.forwards = self.vjps = 0

    def forward(self, x: Any) -> Any:
        self.forwards += 1
        return 2 * x

    def vjp(self, i: int, m: Any, x: Any) -> Any:
        self.vjps += 1
        return 2 * m

    def slope(self, x: Any) -> Any:
        return np.full_like(x, 2)


def row(*numbers: float, **options: Any) -> Node:
    return Node(np.array([numbers]), **options)


# -- the walk ----------------------------------------------------------------------------------------


def test_what_is_used_twice_adds_up() -> None:
    x = row(3.0, 5.0)
    np.testing.assert_array_equal(backward(x + x, GRADIENT)[x], [[2, 2]])
    np.testing.assert_array_equal(backward(x * x, GRADIENT)[x], [[6, 10]])
    np.testing.assert_array_equal(backward(ops.concatenate([x, x, x]), GRADIENT)[x], [[3, 3]])


def test_a_diamond_adds_up_every_path() -> None:
    a, b, c = row(1.0), row(2.0), row(3.0)
    m = backward((a + b) * (b + c), GRADIENT)
    assert [m[x].item() for x in (a, b, c)] == [5, 8, 3]


def test_a_node_is_passed_on_only_when_all_above_it_is_done() -> None:
    x = row(1.0)
    h = 2 * x
    long = h
    for _ in range(5):
        long = long + h  # paths of every length from h
    assert backward(long * h, GRADIENT)[x].item() == 2 * 6 * 2 * 2
    y = x + long  # the oldest node of all, used last
    assert backward(y * x, GRADIENT)[x].item() == 13 * 1 + 13


def test_nodes_are_ordered_by_depth_not_by_when_they_were_made() -> None:
    x = row(1.0)
    deep = ops.tanh(ops.tanh(ops.tanh(x)))
    late = x + 1
    y = late * deep
    depths = [node.depth for node in history(y)]
    assert depths == sorted(depths) == [0, 1, 1, 2, 3, 4]
    assert (x.depth, deep.depth, late.depth, y.depth) == (0, 3, 1, 4)


def test_history_holds_each_node_once_after_its_inputs() -> None:
    x = row(1.0, 2.0)
    y = x
    for k in range(20):
        y = y * y + x if k % 3 else ops.relu(y) - y
    nodes = history(y)
    place = {node: k for k, node in enumerate(nodes)}
    assert len(place) == len(nodes)
    assert nodes[-1] is y
    assert all(place[source] < place[node] for node in nodes for source in node.sources)


BUSH = """
import numpy as np
from minixai import Node, backward, ops
from minixai.graph import history
from minixai.rules import RESCALE

def bush(seed=0):
    draw = np.random.default_rng(seed)
    x = Node(draw.normal(size=(1, 3)), reference=0.0)
    leaves = [(x * w).named(str(k)) for k, w in enumerate(draw.normal(size=(40, 3)))]
    y = ops.concatenate([leaves[k] for k in draw.permutation(40)])
    for _ in range(3):
        y = ops.tanh(y) * y.mean(1, keepdims=True)
    return backward(y, RESCALE)[x].tobytes().hex() + ",".join(n.name or "" for n in history(y))
"""


def test_the_order_is_the_same_wherever_nodes_lie_in_memory() -> None:
    names: dict[str, Any] = {}
    exec(BUSH, names)
    clutter, seen = [], set()
    for k in range(12):
        seen.add(names["bush"]())
        clutter.extend(Node(0.0) for _ in range(37 * k))
        del clutter[:: k + 2]
    assert len(seen) == 1


def test_the_order_is_the_same_in_every_process() -> None:
    here = Path(minixai.__file__).parents[1]
    seen = set()
    for seed in ("0", "1"):
        command = [sys.executable, "-c", BUSH + "print(bush())"]
        env = {"PYTHONHASHSEED": seed, "PYTHONPATH": str(here)}
        seen.add(subprocess.run(command, cwd=here, env=env, capture_output=True, text=True, check=True).stdout)
    assert len(seen) == 1


def test_constants_receive_nothing() -> None:
    x = row(1.0, 2.0)
    y = x * np.array([3.0, 4.0]) + np.array([5.0, 6.0])
    assert set(backward(y, GRADIENT)) == set(history(y)) == {x, y.inputs[0], y}


def test_every_multiplier_is_returned_unless_asked_otherwise() -> None:
    x = row(1.0, 2.0)
    y = ops.relu(3 * x).sum()
    m = backward(y, GRADIENT)
    assert list(map(len, (m, history(y)))) == [4, 4]
    np.testing.assert_array_equal(m[y], [1])


def test_an_op_without_a_rule_is_an_error_that_names_it() -> None:
    class Sort(Op):
        def forward(self, x: Any) -> Any:
            return np.sort(x, axis=-1)

        def vjp(self, i: int, m: Any, x: Any) -> Any:
            return np.take_along_axis(m, x.argsort(axis=-1).argsort(axis=-1), axis=-1)

    x = row(2.0, 1.0)
    y = Sort()(x).named("sorted").sum()
    with pytest.raises(TypeError, match=r"no rule for Sort \(at <Sort 'sorted' .*Linear, Bilinear, Elementwise"):
        backward(y, RESCALE)
    np.testing.assert_array_equal(backward((y * 3), {**GRADIENT, Op: gradient})[x], [[3, 3]])


def test_the_most_specific_kind_decides() -> None:
    class Special(Counting):
        pass

    x = row(1.0)
    table = {**GRADIENT, Special: lambda node, i, m: 7 * m, Elementwise: lambda node, i, m: 5 * m}
    assert backward(Special()(x), table)[x] == 7
    assert backward(Counting()(x), table)[x] == 5
    assert backward(Counting()(x), dict(reversed(table.items())))[x] == 5


def test_an_op_without_forward_or_vjp_says_what_to_define() -> None:
    class Empty(Op):
        pass

    class OneWay(Linear):
        def forward(self, x: Any) -> Any:
            return x

    with pytest.raises(NotImplementedError, match="Empty has no forward: define"):
        Empty()(row(1.0))
    with pytest.raises(NotImplementedError, match="OneWay has no vjp: define"):
        backward(OneWay()(row(1.0)), GRADIENT)


def test_one_forward_pass_serves_all_classes_and_tables() -> None:
    op = Counting()
    x = row(1.0, -2.0, reference=0.0)
    y = ops.relu(op(x)) @ np.eye(2)
    assert op.forwards == 2  # value and reference
    before = [node.value.tobytes() for node in history(y)]
    for k in range(2):
        for table in (GRADIENT, GUIDED, DECONVNET, RESCALE):
            m = backward(y, table, np.eye(2)[k])[x]
            np.testing.assert_array_equal(m[0, 1 - k], 0)
    assert op.forwards == 2
    assert [node.value.tobytes() for node in history(y)] == before


def test_without_a_reference_forward_runs_once() -> None:
    op = Counting()
    y = op(row(1.0))
    assert op.forwards == 1
    assert y.reference is y.value


def test_a_node_whose_reference_stood_still_is_computed_twice_only_below_one_that_moved() -> None:
    op = Counting()
    still, moved = row(1.0), row(1.0, reference=0.0)
    op(still)
    assert op.forwards == 1
    y = op(still + moved)
    assert op.forwards == 3
    np.testing.assert_array_equal(y.reference, [[2.0]])


def test_gradients_of_gradients_are_not_hidden_in_nodes() -> None:
    assert set(Node.__slots__) == {"__weakref__", "memo", "depth", "inputs", "name", "op", "reference", "value"}


# -- seed --------------------------------------------------------------------------------------------


def test_the_seed_is_the_multiplier_of_the_output() -> None:
    x = Node([[1.0, 2.0], [3.0, 4.0]])
    y = x @ np.array([[1.0, 10.0], [2.0, 20.0]])
    np.testing.assert_array_equal(backward(y, GRADIENT)[x], [[11, 22], [11, 22]])
    np.testing.assert_array_equal(backward(y, GRADIENT, [0, 1])[x], [[10, 20], [10, 20]])
    np.testing.assert_array_equal(backward(y, GRADIENT, [[0, 1], [1, 0]])[x], [[10, 20], [1, 2]])
    np.testing.assert_array_equal(backward(y, GRADIENT, -2)[x], [[-22, -44], [-22, -44]])


@pytest.mark.parametrize("table", [GRADIENT, RESCALE], ids=["gradient", "rescale"])
def test_many_seeds_walk_one_row(table: Any) -> None:
    """A graph of one row, walked for every class at once: the multipliers have a row for each seed."""
    draw = np.random.default_rng(0)
    x = Node(draw.normal(size=(1, 6, 6, 2)), reference=draw.normal(size=(1, 6, 6, 2)))
    h = ops.relu(ops.convolution(x, draw.normal(size=(3, 3, 2, 4)), draw.normal(size=4), padding="same"))
    h = ops.max_pool(h + ops.tanh(h) * h.mean((1, 2), keepdims=True), 3, 2)
    h = ops.upsample(ops.average_pool(h, 2, 1), (3, 3)) * ops.concatenate([h.max((1, 2), True)[..., :2]] * 2)
    y = ops.softmax(ops.pad(h.transpose(3, 1, 2), ((0, 0), (1, 0), (0, 1))).flatten() @ draw.normal(size=(64, 3)))
    together = backward(y, table, np.eye(3))[x]
    assert together.shape == (3, 6, 6, 2)
    for k in range(3):
        np.testing.assert_allclose(together[k : k + 1], backward(y, table, np.eye(3)[k])[x], rtol=1e-12, atol=1e-14)


def test_the_seed_takes_the_dtype_of_the_graph_and_is_not_touched() -> None:
    x = Node(np.ones((1, 2), np.float32))
    seed = np.array([[1.0, 2.0]])
    m = backward(x + x, GRADIENT, seed)
    assert {a.dtype for a in m.values()} == {np.dtype(np.float32)}
    np.testing.assert_array_equal(seed, [[1, 2]])
    assert seed.flags.writeable


@pytest.mark.parametrize(
    ("rows", "shape"),
    [(1, (3,)), (1, (1, 3)), (2, (3, 2)), (3, (2, 2)), (2, (2, 2, 2)), (1, (4, 1, 2)), (2, (0, 2))],
)
def test_a_seed_that_does_not_fit_is_an_error(rows: int, shape: Any) -> None:
    x = Node(np.ones((rows, 2)))
    with pytest.raises(ValueError, match=rf"a seed of shape {re.escape(str(shape))} does not fit an output of shape"):
        backward(2 * x, GRADIENT, np.ones(shape))


def test_a_seed_of_a_number_or_of_one_row_serves_all_rows() -> None:
    x = Node(np.ones((3, 2)))
    for seed, expected in ((5, [5, 5]), ([5], [5, 5]), ([5, 6], [5, 6]), ([[5, 6]], [5, 6]), ([[5]] * 3, [5, 5])):
        np.testing.assert_array_equal(backward(x, GRADIENT, seed)[x], [expected] * 3)
    with pytest.raises(ValueError, match="a seed of shape"):
        backward(x.sum(), GRADIENT, np.ones((3, 1)))  # one number for each row is (3,)


# -- keep --------------------------------------------------------------------------------------------


def test_keep_returns_what_the_full_walk_returns() -> None:
    draw = np.random.default_rng(0)
    x, z = (Node(draw.normal(size=(2, 4)), reference=0.0) for _ in range(2))
    h = ops.tanh(x * z).named("h")
    y = (h @ draw.normal(size=(4, 4)) * h + ops.relu(x)).sum()
    full = backward(y, RESCALE)
    for keep in ([x], [h], (z, h), {x, y}, [y], list(full), {x: 1}):
        kept = backward(y, RESCALE, keep=keep)
        assert set(kept) == set(keep)
        for node, m in kept.items():
            np.testing.assert_array_equal(m, full[node])
    assert backward(y, RESCALE, keep=[]) == {}


def test_keep_computes_nothing_that_leads_elsewhere() -> None:
    below, beside, above = Counting(), Counting(), Counting()
    x, z = row(1.0, 2.0), row(3.0, 4.0)
    h = below(x) * 1.5
    y = above(h + beside(z))
    backward(y, GRADIENT, keep=[h])
    assert (below.vjps, beside.vjps, above.vjps) == (0, 0, 1)
    backward(y, GRADIENT, keep=[x])
    assert (below.vjps, beside.vjps, above.vjps) == (1, 0, 2)
    backward(y, GRADIENT)
    assert (below.vjps, beside.vjps, above.vjps) == (2, 1, 3)


def test_leading_to_is_the_goals_and_all_made_from_them() -> None:
    x, z = row(1.0), row(2.0)
    h = x * 2
    y = h + z
    assert leading_to([h], history(y)) == [h, y]
    assert leading_to([z], history(y)) == [z, y]
    assert leading_to([row(3.0)], history(y)) == []


def test_a_kept_node_the_output_does_not_depend_on_gets_zeros() -> None:
    x, other = row(1.0, 2.0), Node(np.ones((3, 2), np.float32))
    m = backward(x.sum(), GRADIENT, keep=[x, other])
    np.testing.assert_array_equal(m[x], [[1, 1]])
    np.testing.assert_array_equal(m[other], np.zeros((3, 2)))
    assert m[other].dtype == np.float32
    above = 2 * x  # made from x, but the output is not made from it
    np.testing.assert_array_equal(backward(x.sum(), GRADIENT, keep=[above])[above], [[0, 0]])


def test_keep_lets_go_of_what_was_passed_on() -> None:
    class Wide(Linear):
        """Costs nothing forward, 20,000 new floats backward."""

        def forward(self, x: Any) -> Any:
            return np.broadcast_to(0.0, (1, 20_000))

        def vjp(self, i: int, m: Any, x: Any) -> Any:
            return m + 1.0

    op, x = Wide(), Node(np.broadcast_to(0.0, (1, 20_000)))
    y = x
    for _ in range(2000):
        y = op(y)
    tracemalloc.start()
    try:
        m = backward(y, GRADIENT, keep=[x])[x]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert m[0, 0] == 2001
    assert peak < 6 * m.nbytes, f"{peak / m.nbytes:.0f} multipliers at once"


# -- long chains ---------------------------------------------------------------------------------------


@pytest.mark.slow
def test_forty_thousand_nodes_and_one_relu() -> None:
    """In time proportional to the nodes; it is this process's own, so that a busy machine changes nothing."""
    start = time.process_time()
    x = row(1.0, -2.0, reference=0.0)
    y = x
    for _ in range(20_000):
        y = ops.relu(y) + 0.0
    assert y.depth == 40_000
    y = y.sum()
    np.testing.assert_array_equal(backward(y, GRADIENT)[x], [[1, 0]])
    np.testing.assert_array_equal(backward(y, RESCALE, keep=[x])[x], [[1, 0]])
    np.testing.assert_array_equal(replay(y, {x: [[2.0, 3.0]]}).value, [5])
    del y
    gc.collect()
    assert time.process_time() - start < 20


# -- values and references -----------------------------------------------------------------------------


def test_a_node_keeps_its_own_numbers() -> None:
    """What the caller writes into an array afterwards changes neither value, reference nor slope."""
    x, base = np.array([[1.0, 2.0]]), np.array([[0.0, 1.0]])
    node = Node(x, base)
    y = (node * node).sum()
    x[:] = base[:] = 100
    assert node.value.tolist() == [[1, 2]]
    assert node.reference.tolist() == [[0, 1]]
    assert backward(y, GRADIENT)[node].tolist() == [[2, 4]]


def test_values_are_read_only_and_the_callers_array_is_left_alone() -> None:
    a, a0, w = np.ones((2, 3)), np.zeros((1, 3)), np.full(3, 2.0)
    x = Node(a, reference=a0)
    y = x * w
    for array in (x.value, x.reference, y.value, y.reference, y.inputs[1]):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 7
    for array in (a, a0, w):
        assert array.flags.writeable
        assert array.flags.owndata
        array[...] = array  # still the caller's to write


def test_a_frozen_array_stays_frozen() -> None:
    a = np.ones((1, 2))
    a.flags.writeable = False
    Node(a)
    assert not a.flags.writeable


@pytest.mark.parametrize(
    ("given", "expected"),
    [(np.int64, np.float64), (np.uint8, np.float64), (bool, np.float64), (np.float32, np.float32)],
)
def test_integers_become_floats_and_floats_stay(given: Any, expected: Any) -> None:
    assert Node(np.ones((1, 2), given)).dtype == expected


@pytest.mark.parametrize("bad", [np.ones((1, 2), complex), [["a"]], [[None]], np.zeros(1, "datetime64[s]")])
def test_what_is_no_real_number_is_an_error(bad: Any) -> None:
    with pytest.raises(TypeError, match="real numbers, got .*: convert it"):
        Node(bad)


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        (0, [[0, 0, 0]]),
        ([1, 2, 3], [[1, 2, 3]]),
        ([[1, 2, 3]], [[1, 2, 3]]),
        ([[1, 2, 3], [4, 5, 6]], [[1, 2, 3], [4, 5, 6]]),
        ([5], [[5, 5, 5]]),
    ],
)
def test_a_reference_is_one_row_or_many_or_a_number(reference: Any, expected: Any) -> None:
    x = Node(np.ones((2, 3), np.float32), reference=reference)
    np.testing.assert_array_equal(x.reference, expected)
    assert x.reference.dtype == np.float32
    np.testing.assert_array_equal(x.delta, np.ones((2, 3)) - expected)


@pytest.mark.parametrize("shape", [(2,), (3, 3), (2, 2), (2, 1), (1, 1), (1, 2, 3), (2, 3, 1), (0, 3)])
def test_a_reference_that_does_not_fit_is_an_error(shape: Any) -> None:
    with pytest.raises(ValueError, match=r"of shape \(.*\) does not fit a value of shape \(2, 3\): give one row"):
        Node(np.ones((2, 3)), reference=np.zeros(shape))


def test_one_reference_row_stays_one_row() -> None:
    x = Node(np.ones((5, 4)), reference=0.0)
    y = ops.softmax(ops.concatenate([x, ops.relu(x - 1)]) @ np.ones((8, 3)))
    assert {len(node.reference) for node in history(y)} == {1}
    assert {len(node.value) for node in history(y)} == {5}


def test_a_stale_reference_is_never_used() -> None:
    x = row(3.0, reference=1.0)
    y = (x * x) + 1
    np.testing.assert_array_equal([y.value[0, 0], y.reference[0, 0], y.delta[0, 0]], [10, 2, 8])


def test_a_node_of_no_axes() -> None:
    a, b = Node(1.0, reference=0.0), Node(2.0, reference=0.0)
    y = (a + b) * b - ops.exp(a) / 2
    m = backward(y, GRADIENT)
    assert y.shape == ()
    assert m[a].shape == ()
    np.testing.assert_allclose([m[a], m[b]], [2 - np.e / 2, 5])
    rescale = backward(y, RESCALE)
    np.testing.assert_allclose(rescale[a] * a.delta + rescale[b] * b.delta, y.delta)
    with pytest.raises(ValueError, match="does not fit"):
        Node(1.0, reference=[0.0])


def test_a_graph_has_one_dtype() -> None:
    single, double = Node(np.ones((1, 2), np.float32)), Node(np.ones((1, 2)))
    with pytest.raises(TypeError, match="Add was given nodes of float32 and float64: a graph has one dtype"):
        single + double
    assert (single * np.ones(2)).dtype == np.float32  # constants follow
    assert (np.float64(2) * single + 1).dtype == np.float32
    assert (double * np.ones(2, np.float32)).dtype == np.float64


def test_rows_cannot_be_mixed() -> None:
    x = Node(np.ones((3, 2)))

    class Total(Linear):
        def forward(self, x: Any) -> Any:
            return x.sum(axis=0, keepdims=True)

    with pytest.raises(ValueError, match=r"Total of \(3, 2\) gives \(1, 2\): the rows .* would be mixed"):
        Total()(x)
    with pytest.raises(ValueError, match="do not line up"):
        x + np.ones((1, 3, 2))


def test_an_op_needs_a_node() -> None:
    with pytest.raises(TypeError, match=r"Relu was given no Node, only arrays: wrap the input first, Node\(x\)"):
        ops.relu(np.ones(3))  # type: ignore[arg-type]


# -- names ---------------------------------------------------------------------------------------------


def test_names() -> None:
    x = Node(np.ones((1, 2)), name="x")
    h = ops.relu(x).named("h")
    assert (x.name, h.name, (h + 1).name) == ("x", "h", None)
    assert repr(x) == "<Input 'x' (1, 2) float64>"
    assert repr(h) == "<Relu 'h' (1, 2) float64>"
    assert repr(h + 1) == "<Add (1, 2) float64>"
    assert h.named(None).name is None


def test_what_a_node_tells_of_itself() -> None:
    x = Node(np.ones((5, 2, 3)))
    assert (len(x), x.ndim, x.shape, x.dtype) == (5, 3, (5, 2, 3), np.float64)


# -- replay --------------------------------------------------------------------------------------------


def test_replay_computes_again_only_what_depends() -> None:
    below, beside, above = Counting(), Counting(), Counting()
    x, z = row(1.0, 2.0), row(3.0, 4.0)
    h = below(x).named("h")
    y = (above(h) + beside(z)).named("y")
    again = replay(y, {h: [[10.0, 20.0]]})
    assert (below.forwards, beside.forwards, above.forwards) == (1, 1, 2)
    np.testing.assert_array_equal(again.value, [[26, 48]])
    np.testing.assert_array_equal(y.value, [[10, 16]])
    assert again is not y
    assert [n.name for n in history(again) if n.name] == ["h", "y"]


def test_replay_equals_a_fresh_computation_bit_for_bit() -> None:
    draw = np.random.default_rng(0)
    w, v = draw.normal(size=(4, 4)), draw.normal(size=(2, 4))

    def network(x: Node) -> Node:
        h = ops.relu(x @ w)
        return ops.softmax(h * ops.tanh(h) + x.mean(1, keepdims=True))

    x = Node(draw.normal(size=(2, 4)))
    fresh = network(Node(v, reference=0.0))
    again = replay(network(x), {x: Node(v, reference=0.0)})
    for a, b in zip(history(fresh), history(again), strict=True):
        assert a.value.tobytes() == b.value.tobytes()
        assert a.reference.tobytes() == b.reference.tobytes()


def test_replay_takes_a_node_for_a_node() -> None:
    x = row(1.0, 2.0)
    h = x * x
    y = (h + x).sum()
    other = row(5.0, 6.0, reference=1.0)
    again = replay(y, {h: other})
    assert other in history(again)
    assert x in history(again)
    np.testing.assert_array_equal(again.value, [14])
    np.testing.assert_array_equal(backward(again, GRADIENT)[other], [[1, 1]])
    np.testing.assert_array_equal(backward(again, GRADIENT)[x], [[1, 1]])


def test_replay_of_what_nothing_depends_on_is_the_output_itself() -> None:
    x = row(1.0)
    y = 2 * x
    assert replay(y, {}) is y
    assert replay(y, {row(2.0): [[3.0]]}) is y
    other = row(7.0)
    assert replay(y, {y: other}) is other


def test_replay_with_a_change_below_another() -> None:
    x = row(1.0)
    h = x + 1
    g = h * 10
    y = g + h
    assert replay(y, {h: [[5.0]], g: [[1.0]]}).value.item() == 6
    assert replay(y, {x: [[5.0]], g: [[1.0]]}).value.item() == 7


def test_replay_keeps_the_dtype_and_may_change_the_rows() -> None:
    x = Node(np.ones((1, 2), np.float32))
    again = replay((x * 2).sum(), {x: np.arange(6.0).reshape(3, 2)})
    np.testing.assert_array_equal(again.value, [2, 10, 18])
    assert again.dtype == np.float32


# -- operators and what NumPy may not do -----------------------------------------------------------------

A = np.array([2.0, 3.0])


@pytest.mark.parametrize(
    ("result", "expected", "slope"),
    [
        (lambda x: A + x, [[6, 8]], [[1, 1]]),
        (lambda x: A - x, [[-2, -2]], [[-1, -1]]),
        (lambda x: A * x, [[8, 15]], [[2, 3]]),
        (lambda x: A / x, [[0.5, 0.6]], [[-2 / 16, -3 / 25]]),
        (lambda x: x + A, [[6, 8]], [[1, 1]]),
        (lambda x: x - A, [[2, 2]], [[1, 1]]),
        (lambda x: x / A, [[2, 5 / 3]], [[0.5, 1 / 3]]),
        (lambda x: [1.0, 2.0] * x, [[4, 10]], [[1, 2]]),
        (lambda x: np.float64(3) * x, [[12, 15]], [[3, 3]]),
        (lambda x: np.float32(3) - x, [[-1, -2]], [[-1, -1]]),
        (lambda x: np.array(3) + x, [[7, 8]], [[1, 1]]),
        (lambda x: 1 - x, [[-3, -4]], [[-1, -1]]),
        (lambda x: 1 / x, [[0.25, 0.2]], [[-1 / 16, -1 / 25]]),
        (lambda x: 2**x, [[16, 32]], [[16 * np.log(2), 32 * np.log(2)]]),
        (lambda x: np.float64(2) ** x, [[16, 32]], [[16 * np.log(2), 32 * np.log(2)]]),
        (lambda x: x**2, [[16, 25]], [[8, 10]]),
        (lambda x: x ** np.int64(2), [[16, 25]], [[8, 10]]),
        (lambda x: -x, [[-4, -5]], [[-1, -1]]),
        (lambda x: abs(-x), [[4, 5]], [[1, 1]]),
        (lambda x: np.add(A, x), [[6, 8]], [[1, 1]]),
        (lambda x: np.true_divide(x, 2), [[2, 2.5]], [[0.5, 0.5]]),
        (lambda x: np.negative(x), [[-4, -5]], [[-1, -1]]),
        (lambda x: np.absolute(x), [[4, 5]], [[1, 1]]),
        (lambda x: np.eye(2) @ x[:, :, None], [[[4], [5]]], [[1, 1]]),
        (lambda x: x @ np.eye(2)[:, ::-1], [[5, 4]], [[1, 1]]),
        (lambda x: x[:, None] @ x[:, :, None], [[[41]]], [[8, 10]]),
    ],
)
def test_operators(result: Any, expected: Any, slope: Any) -> None:
    x = row(4.0, 5.0)
    y = result(x)
    assert isinstance(y, Node)
    np.testing.assert_allclose(y.value, expected, rtol=1e-15)
    np.testing.assert_allclose(backward(y, GRADIENT)[x], slope, rtol=1e-15)


def test_every_operator_has_its_operation() -> None:
    written = "add subtract multiply divide power matmul negative absolute take sum mean max reshape flatten transpose"
    assert set(OPERATORS) == set(written.split())


def test_augmented_assignment_makes_a_new_node() -> None:
    x = row(1.0)
    y = x
    y += 1
    assert (x.value.item(), y.value.item()) == (1, 2)


def test_an_array_on_the_left_of_at_with_three_axes() -> None:
    draw = np.random.default_rng(0)
    a, v = draw.normal(size=(4, 3)), draw.normal(size=(2, 3, 5))
    x = Node(v)
    y = a @ x
    np.testing.assert_array_equal(y.value, a @ v)
    m = draw.normal(size=(2, 4, 5))
    np.testing.assert_allclose(backward(y, GRADIENT, m)[x], a.T @ m)


@pytest.mark.parametrize(
    ("attempt", "remedy"),
    [
        (
            lambda x: np.exp(x),
            "np.exp cannot follow a Node.*minixai.ops, or write an Op; node.value .*wrong",
        ),
        (lambda x: np.maximum(x, 0), "np.maximum cannot follow"),
        (lambda x: np.add.reduce(x), "np.add cannot follow"),
        (lambda x: np.add(x, 1, out=np.zeros((1, 2))), "np.add cannot follow"),
        (lambda x: np.ones((1, 2)) > x, "np.greater cannot follow"),
        (lambda x: np.sum(x), "np.sum cannot follow a Node.*minixai.ops"),
        (lambda x: np.concatenate([x, x]), "np.concatenate cannot follow"),
        (lambda x: np.where(A > 0, x, 0), "np.where cannot follow"),
        (
            lambda x: np.asarray(x),
            "not an array: use minixai.ops, or write an Op; node.value .*would be wrong",
        ),
        (lambda x: np.array([x, x]), "not an array"),
        (lambda x: bool(x), "neither true nor false: choose with relu.*an if on node.value .*would be wrong"),
        (lambda x: x and 1, "neither true nor false"),
        (lambda x: x > 0, "no slope: choose with relu.*node.value is no part of an explanation"),
        (lambda x: x // 2, "// and % have no slope.*use /, or write an Op; node.value leaves .*would be wrong"),
        (lambda x: x.__setitem__((slice(None), 0), 1.0), r"cannot be written into.*x \* mask \+ value"),
        (lambda x: x**x, r"exp\(y \* log\(x\)\)"),
        (lambda x: (-2) ** x, "base > 0"),
        (lambda x: x[0], r"rows cannot be picked out of a Node.*x\[:, 0\]"),
        (lambda x: list(x), "rows cannot be picked out of a Node"),
        (lambda x: sum(x), "rows cannot be picked out of a Node"),
        (lambda x: 1.0 in x, "rows cannot be picked out of a Node"),
    ],
)
def test_what_would_leave_the_graph_is_refused_with_the_remedy(attempt: Any, remedy: str) -> None:
    with pytest.raises(TypeError, match=remedy):
        attempt(row(1.0, 2.0))


def test_adding_into_an_array_is_refused() -> None:
    a, x = np.ones((1, 2)), row(1.0, 2.0)
    with pytest.raises(TypeError, match="np.add cannot follow"):
        a += x
    np.testing.assert_array_equal(a, [[1, 1]])

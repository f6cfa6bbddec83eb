"""The axioms hold for the engine on random programs and random CNNs, and fail for engines that are wrong on purpose."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from checks import (
    complete,
    gradient_is_the_finite_difference,
    linear_in_the_output,
    projection,
    repeatable,
    rows_are_independent,
    walked,
)
from hypothesis import assume, given
from hypothesis import strategies as st
from programs import ELEMENTWISE, STEPS, Network, cnns, generic, networks, points, programs, seeds

from minixai import Node, backward, ops
from minixai.graph import Op, history
from minixai.ops import functions
from minixai.ops.kinds import Bilinear, Elementwise, Linear, Selection
from minixai.rules import DECONVNET, GRADIENT, GUIDED, RESCALE, gradient, max_difference, max_difference_first, rescale

TABLES = {"gradient": GRADIENT, "deconvnet": DECONVNET, "guided": GUIDED, "rescale": RESCALE}
one_or_many = st.sampled_from([1, 3])


@given(programs(), seeds)
def test_gradient_is_the_finite_difference_on_programs(network: Network, seed: int) -> None:
    assume(gradient_is_the_finite_difference(network, generic(network, 2, seed), seed))


@given(cnns(), seeds)
def test_gradient_is_the_finite_difference_on_cnns(network: Network, seed: int) -> None:
    assume(gradient_is_the_finite_difference(network, generic(network, 2, seed), seed))


@pytest.mark.parametrize("name", STEPS)
def test_gradient_is_the_finite_difference_for_each_step(name: str) -> None:
    w = np.random.default_rng(0).uniform(-1, 1, (4, 4))
    x = np.random.default_rng(1).uniform(-1, 1, (3, 4))
    assert gradient_is_the_finite_difference(lambda u: STEPS[name](u, ops.tanh(u @ w), w), x)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@given(programs(), st.data(), one_or_many, seeds)
def test_rescale_is_complete_on_programs(dtype: Any, network: Network, data: Any, rows: int, seed: int) -> None:
    x, x0 = data.draw(points(network, 3, dtype)), data.draw(points(network, rows, dtype))
    complete(network, x, x0, seed=seed)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@given(cnns(), st.data(), one_or_many, seeds)
def test_rescale_is_complete_on_cnns(dtype: Any, network: Network, data: Any, rows: int, seed: int) -> None:
    x, x0 = data.draw(points(network, 3, dtype)), data.draw(points(network, rows, dtype))
    complete(network, x, x0, seed=seed)


@given(networks(), st.data(), st.floats(-12, 0), seeds)
def test_rescale_is_complete_however_near_the_reference(network: Network, data: Any, power: float, seed: int) -> None:
    x0 = data.draw(points(network, 2))
    complete(network, x0 + 10**power * generic(network, 2, seed), x0, seed=seed)


@given(networks(), st.data())
def test_captums_choice_among_equals_is_complete_too(network: Network, data: Any) -> None:
    x, x0 = data.draw(points(network, 3)), data.draw(points(network, 1))
    complete(network, x, x0, {**RESCALE, Selection: max_difference_first})


@given(cnns(softmax=True), st.data(), st.sampled_from([1.0, 30.0, 800.0]))
def test_probabilities_are_complete_at_extreme_scores(network: Network, data: Any, scale: float) -> None:
    x, x0 = data.draw(points(network, 2)), data.draw(points(network, 1))
    complete(network, scale * x, scale * x0)


@given(networks(), st.data())
def test_rescale_from_the_input_itself_is_the_gradient_bit_for_bit(network: Network, data: Any) -> None:
    x = data.draw(points(network, 3))
    moved, still = Node(x, reference=x.copy()), Node(x)
    one, other = backward(network(moved), RESCALE), backward(network(still), GRADIENT)
    np.testing.assert_array_equal(one[moved], other[still])


@given(networks(), seeds, st.sampled_from(list(TABLES)), one_or_many)
def test_no_row_feels_another(network: Network, seed: int, table: str, rows: int) -> None:
    x, x0 = generic(network, 3, seed), generic(network, rows, seed ^ 1)
    rows_are_independent(network, x, x0, TABLES[table])


@given(networks(), st.data(), st.sampled_from(list(TABLES)), one_or_many)
def test_the_same_call_gives_the_same_bits(network: Network, data: Any, table: str, rows: int) -> None:
    repeatable(network, data.draw(points(network, 3)), data.draw(points(network, rows)), TABLES[table])


@given(networks(), seeds, st.sampled_from(["gradient", "rescale"]))
def test_gradient_and_rescale_are_linear_in_the_output(network: Network, seed: int, table: str) -> None:
    linear_in_the_output(network, generic(network, 2, seed), generic(network, 2, seed ^ 1), TABLES[table])


@given(networks(), seeds)
def test_one_reference_row_means_the_same_row_for_all(network: Network, seed: int) -> None:
    x, x0 = generic(network, 3, seed), generic(network, 1, seed ^ 1)
    one, many = Node(x, reference=x0), Node(x, reference=np.repeat(x0, 3, axis=0))
    outputs = network(one), network(many)
    assert all(len(node.reference) == 1 for node in history(outputs[0]))
    s = projection(outputs[0], seed)
    (a, rounding), (b, _) = (walked(y, RESCALE, s) for y in outputs)
    spoilt = (abs(a[one] - b[many]) * (abs(x) + abs(x0))).reshape(3, -1).sum(axis=1)
    assert np.all(spoilt <= rounding / np.sqrt(np.finfo(x.dtype).eps))


@given(networks(), st.data())
def test_value_and_reference_may_change_places(network: Network, data: Any) -> None:
    seed = data.draw(seeds)
    x, x0 = generic(network, 2, seed), generic(network, 2, seed ^ 1)
    there, back = Node(x, reference=x0), Node(x0, reference=x)
    outputs = network(there), network(back)
    s = projection(outputs[0], seed)
    (a, rounding), (b, _) = (walked(y, RESCALE, s) for y in outputs)
    spoilt = (abs(a[there] - b[back]) * (abs(x) + abs(x0))).reshape(2, -1).sum(axis=1)
    assert np.all(spoilt <= rounding)


@given(cnns(bias=False, softmax=False, piecewise_linear=True), st.data())
def test_without_biases_input_x_gradient_is_rescale_from_zero(network: Network, data: Any) -> None:
    x = data.draw(points(network, 2))
    leaf = Node(x, reference=np.zeros_like(x[:1]))
    output = network(leaf)
    s = projection(output, 0)
    (rescale, rounding), plain = walked(output, RESCALE, s), backward(output, GRADIENT, s)
    spoilt = abs((rescale[leaf] - plain[leaf]) * x).reshape(2, -1).sum(axis=1)
    assert np.all(spoilt <= rounding)


@given(networks(), seeds, st.sampled_from(list(TABLES)))
def test_an_input_that_is_not_used_gets_exactly_nothing(network: Network, seed: int, table: str) -> None:
    axis = len(network.shape)  # one entry more on the last axis, which the network never sees
    wide = Network((*network.shape[:-1], network.shape[-1] + 1), lambda u: network(u[..., :-1]))
    leaf = Node(generic(wide, 2, seed), reference=generic(wide, 2, seed ^ 1))
    m = backward(wide(leaf), TABLES[table])[leaf]
    assert m.shape == leaf.shape
    assert np.all(np.take(m, -1, axis) == 0)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@given(networks(), seeds, st.sampled_from([1, 2]))
def test_every_number_has_the_dtype_of_the_input(dtype: Any, network: Network, seed: int, rows: int) -> None:
    leaf = Node(generic(network, 2, seed, dtype), reference=generic(network, rows, seed ^ 1, dtype))
    output = network(leaf)
    for table in TABLES.values():
        for node, m in backward(output, table).items():
            assert {node.value.dtype, node.reference.dtype, m.dtype} == {np.dtype(dtype)}, node
            assert m.shape == node.shape


def test_the_programs_use_every_elementwise_function() -> None:
    written = {kind for kind in vars(functions).values() if isinstance(kind, type) and issubclass(kind, Elementwise)}
    assert {type(op) for op, _ in ELEMENTWISE.values()} == written - {Elementwise}


@given(networks(), seeds)
def test_programs_stay_moderate(network: Network, seed: int) -> None:
    """The bounds above mean something only where magnitudes do not explode."""
    output = network(Node(generic(network, 2, seed)))
    assert all(np.all(abs(node.value) < 1e4) for node in history(output))


# -- positive controls: each axiom fails where it should --------------------------------------------------


class WrongTanh(Elementwise):
    def forward(self, x: Any) -> Any:
        return np.tanh(x)

    def slope(self, x: Any) -> Any:
        return 1 - np.tanh(x)


class Leaking(Linear):
    """Takes the mean of all rows away: a batch normalisation that is training."""

    def forward(self, x: Any) -> Any:
        return x - x.mean(axis=0)

    def vjp(self, i: int, m: Any, x: Any) -> Any:
        return m - m.mean(axis=0)


class Forgetful(Op):
    """An op with a memory: each call differs."""

    calls = 0

    def forward(self, x: Any) -> Any:
        Forgetful.calls += 1
        return x + Forgetful.calls

    def vjp(self, i: int, m: Any, x: Any) -> Any:
        Forgetful.calls += 1
        return m * Forgetful.calls


X = np.random.default_rng(0).uniform(1, 2, (3, 4))
ZERO = np.zeros((1, 4))


def saturated(u: Node) -> Node:
    return 1 - ops.relu(1 - u.sum(keepdims=True))


def test_a_wrong_slope_is_not_the_finite_difference() -> None:
    assert gradient_is_the_finite_difference(ops.tanh, X)
    with pytest.raises(AssertionError, match="finite difference"):
        gradient_is_the_finite_difference(WrongTanh(), X)


def test_a_kink_is_seen() -> None:
    assert not gradient_is_the_finite_difference(lambda u: ops.relu(u - Node(X)), X)
    assert not gradient_is_the_finite_difference(lambda u: (u - Node(X)).max(1), X)


@pytest.mark.parametrize(
    ("table", "network", "x0"),
    [
        ({**RESCALE, Elementwise: gradient}, saturated, ZERO),
        ({**RESCALE, Bilinear: gradient}, lambda u: u * u, ZERO),
        ({**RESCALE, Selection: gradient}, lambda u: u.max(1), np.array([[0.0, 5.0, 0.0, 6.0]])),
        ({**RESCALE, Selection: lambda node, i, m: 1.001 * max_difference(node, i, m)}, lambda u: u.max(1), ZERO),
        ({**RESCALE, Elementwise: lambda node, i, m: 1.001 * rescale(node, i, m)}, ops.sigmoid, ZERO),
    ],
)
def test_a_wrong_table_is_not_complete(table: Any, network: Any, x0: Any) -> None:
    complete(network, X, x0)
    with pytest.raises(AssertionError, match="gap"):
        complete(network, X, x0, table)


def test_the_gradient_is_not_complete_on_a_saturated_network_but_rescale_is() -> None:
    leaf = Node([[1.0, 1.0]], reference=0.0)
    output = saturated(leaf)
    np.testing.assert_array_equal(backward(output, GRADIENT)[leaf], [[0, 0]])
    np.testing.assert_array_equal(backward(output, RESCALE)[leaf], [[0.5, 0.5]])


def test_a_leak_between_rows_is_seen() -> None:
    rows_are_independent(ops.tanh, X, ZERO, RESCALE)
    with pytest.raises(AssertionError, match="neighbours"):
        rows_are_independent(lambda u: ops.tanh(Leaking()(u)), X, ZERO, RESCALE)


def test_an_op_with_a_memory_is_seen() -> None:
    with pytest.raises(AssertionError, match="other bits"):
        repeatable(Forgetful(), X, ZERO, {Op: gradient})


def test_an_op_that_writes_into_its_input_is_stopped() -> None:
    class Writing(Linear):
        def forward(self, x: Any) -> Any:
            x *= 2
            return x

    with pytest.raises(ValueError, match="read-only"):
        Writing()(Node(X))


def test_guided_backpropagation_is_not_linear_in_the_output() -> None:
    w = np.random.default_rng(0).normal(size=(4, 4))
    with pytest.raises(AssertionError, match="not linear"):
        linear_in_the_output(lambda u: ops.relu(u) @ w, X, ZERO, GUIDED)


def test_with_biases_input_x_gradient_is_not_rescale() -> None:
    leaf = Node([[2.0]], reference=0.0)
    output = ops.relu(leaf - 1)
    assert backward(output, GRADIENT)[leaf] == 1
    assert backward(output, RESCALE)[leaf] == 0.5

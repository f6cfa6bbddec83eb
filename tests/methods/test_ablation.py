"""Feature ablation: one input replaced at a time, as a loop would do it; and what it cannot see."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minixai as mx
from minixai import ops, toys
from minixai.layers import Add, Conv2D, Dense, Flatten, MaxPool2D
from minixai.methods import ablation
from minixai.model import Model

EPS = np.finfo(float).eps


@pytest.fixture(scope="module")
def model():
    return Model(
        [Conv2D(3, 3, activation="relu"), MaxPool2D(2, 1), Flatten(), Dense(6, activation="tanh"), Dense(4)],
        (5, 6, 2),
        dtype=np.float64,
        seed=3,
    )


@pytest.fixture
def x():
    return np.random.default_rng(5).random((3, 5, 6, 2))


def by_hand(model, x, base, target, masks):
    """(N, masks): one call of the model for each input and mask."""
    score = lambda rows: model.scores(rows)[np.arange(len(x)), target]  # noqa: E731
    return np.stack([score(x) - score(np.where(mask, base, x)) for mask in masks], axis=1)


@pytest.mark.parametrize("batch", [None, 7])
def test_each_input_by_hand(model, x, batch):
    base, target = x[::-1], np.array([0, 3, 1])
    result = mx.feature_ablation(model, x, target, baseline=base, batch=batch)
    expected = by_hand(model, x, base, target, np.eye(60).reshape(60, 5, 6, 2))
    np.testing.assert_allclose(result.values, expected.reshape(x.shape), rtol=1e-9, atol=1e-14)
    assert result.gap is None
    np.testing.assert_allclose(result.reference_score, model.scores(base)[range(3), target])


def test_groups_move_together_and_each_entry_is_told_what_its_group_loses(model, x):
    groups = np.array([[7, 7, 7, -1, -1, -1]] * 3 + [[40] * 6] * 2)[..., None]
    result = mx.feature_ablation(model, x, 2, baseline="blur", groups=groups)
    masks = [np.broadcast_to(groups == name, x.shape[1:]) for name in (-1, 7, 40)]
    expected = by_hand(model, x, result.baseline, 2, masks)
    for n, mask in enumerate(masks):
        np.testing.assert_allclose(result.values[:, mask], expected[:, n : n + 1] * np.ones(mask.sum()), atol=1e-14)
    assert result.cost == (3 + 3 + 1 + 3 * 3, 0)


def test_a_group_for_each_entry_is_no_group(model, x):
    alone = mx.feature_ablation(model, x, 0)
    grouped = mx.feature_ablation(model, x, 0, groups=np.arange(60).reshape(5, 6, 2))
    np.testing.assert_array_equal(alone.values, grouped.values)


def test_of_several_values_the_largest_change_with_its_sign():
    square = lambda x: x[:, 0] ** 2 - x[:, 1]  # noqa: E731
    # x0: 1 − (0, 4, 9) = 1, −3, −8; x1: −(2 − (0, 2, −3)) = −2, 0, −5
    result = mx.feature_ablation(square, [[1.0, 2.0]], values=[0, 2, -3])
    assert result.values.tolist() == [[-8, -5]]
    assert mx.feature_ablation(square, [[1.0, 2.0]], values=[2, 0]).values.tolist() == [[-3, -2]]
    assert result.baseline is result.reference_score is None
    assert result.cost == (3 * (1 + 1 + 1 + 2), 0)


def test_values_are_baselines_of_any_form(model, x):
    tried = ["blur", 0.5, x[0]]
    each = np.stack([mx.feature_ablation(model, x, 1, baseline=value).values for value in tried])
    largest = np.take_along_axis(each, abs(each).argmax(axis=0)[None], 0)[0]
    np.testing.assert_array_equal(mx.feature_ablation(model, x, 1, values=tried).values, largest)


def test_it_fails_on_saturation_and_does_not_add_up():
    result = mx.feature_ablation(toys.saturation, [[1.0, 1.0], [0.4, 0.4], [0.7, 0.7]])
    np.testing.assert_allclose(result.values, [[0, 0], [0.4, 0.4], [0.3, 0.3]], atol=1e-15)
    missing = result.score - result.reference_score - result.values.sum(axis=1)
    np.testing.assert_allclose(missing, [1, 0, 0.4], atol=1e-15)


@given(st.integers(0, 2**32 - 1))
def test_on_a_linear_network_it_is_weight_times_difference(seed):
    rng = np.random.default_rng(seed)
    w, x, base = rng.normal(size=(5, 3)), rng.normal(size=(2, 5)), rng.normal(size=(2, 5))
    result = mx.feature_ablation(lambda x: x @ w, x, 1, baseline=base)
    # five products and four sums in each of the two scores
    magnitude = (abs(x) + abs(base)) @ abs(w[:, 1:2])
    assert (abs(result.values - (x - base) * w[:, 1]) <= 10 * EPS * magnitude).all()


def test_at_a_layer_its_activations_are_replaced_by_those_of_the_baseline(model, x):
    whole = {e.name: e.layer for e in model.layers}
    above = lambda a: whole["dense2"]([whole["dense1"]([whole["flatten1"]([a])])])  # noqa: E731
    below = lambda rows: whole["pool1"]([whole["conv1"]([mx.Node(rows)])]).value  # noqa: E731
    result = mx.feature_ablation(model, x, 1, layer="pool1", baseline="mean", batch=10)
    expected = mx.feature_ablation(above, below(x), 1, baseline=below(result.baseline))
    np.testing.assert_allclose(result.values, expected.values, rtol=1e-9, atol=1e-13)
    several = mx.feature_ablation(model, x, 1, layer="pool1", values=["mean", 0.0])
    assert (abs(several.values) >= abs(result.values) - 1e-13).all()


def test_where_a_path_leads_round_the_layer_it_stays_at_the_input(x):
    model = Model(
        [("a", Conv2D(2, 3, padding="same", activation="relu")), ("b", Add(), ["input", "a"]), Flatten(), Dense(3)],
        (5, 6, 2),
        dtype=np.float64,
    )
    result = mx.feature_ablation(model, x, 0, layer="a", batch=9)
    kernel = model.weights["dense1/kernel"][:, 0].reshape(5, 6, 2)
    activations, reference = (model.layers[1].layer([mx.Node(rows)]).value for rows in (x, np.zeros((1, 5, 6, 2))))
    np.testing.assert_allclose(result.values, kernel * (activations - reference), rtol=1e-9, atol=1e-13)


def test_the_price_is_a_pass_for_each_input_and_value(monkeypatch, model, x):
    assert mx.feature_ablation(model, x, 0).cost == (3 + 1 + 1 + 3 * 60, 0)
    counted = []
    monkeypatch.setattr(ablation, "passes", lambda call, count, *more, **named: counted.append(count) or iter(()))
    result = mx.feature_ablation(lambda x: x.sum(), np.ones((1, 224, 224, 3)), values=[0, 0.25, 0.5, 0.75, 1])
    assert sum(counted) == 752_640
    assert result.cost == (752_640 + 5 * 3, 0)


def test_memory_holds_a_batch_and_never_inputs_times_inputs():
    x = np.random.default_rng(0).random((1, 3000))
    tracemalloc.start()
    mx.feature_ablation(lambda x: ops.relu(x).sum(), x, batch=8)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3000 * 3000 * 8 / 20


@pytest.mark.parametrize(("option", "error", "words"), [
    ({"groups": [[0], [0, 1]]}, ValueError, "groups is ragged"),
    ({"groups": [[0, 1, 2]]}, ValueError, r"groups of shape \(1, 3\) does not fit inputs of shape \(2,\)"),
    ({"groups": [0.5, 1.0]}, TypeError, "groups is a mask of integers, got float64"),
    ({"values": []}, ValueError, "values is a list of baselines to try, at least one"),
    ({"values": 0.5}, ValueError, "values is a list of baselines to try, at least one, got 0.5"),
    ({"values": "blur"}, ValueError, "or give baseline="),
    ({"values": [0, np.nan]}, ValueError, "finite number"),
    ({"baseline": "blak"}, ValueError, "unknown baseline 'blak'"),
])  # fmt: skip
def test_what_cannot_be(option, error, words):
    with pytest.raises(error, match=words):
        mx.feature_ablation(toys.saturation, [[1.0, 1.0]], **option)

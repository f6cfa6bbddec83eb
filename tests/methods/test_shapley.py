"""Shapley values: of games by all orders of arrival, of networks by all coalitions, and of samples of them."""

import tracemalloc
from importlib import import_module
from itertools import permutations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import minixai as mx
from minixai import ops, toys
from minixai.layers import Add, Conv2D, Dense, Flatten, MaxPool2D
from minixai.methods.shapley import AT_ONCE
from minixai.model import Model
from minixai.ops import Elementwise
from tests.axioms.programs import cnns, generic, programs, seeds

EPS = np.finfo(float).eps


def table(seed, n, numbers=()):
    """A game of n players: any number at all for each coalition."""
    v = np.random.default_rng(seed).normal(size=(2**n, *numbers))
    return lambda coalitions: v[coalitions @ 2 ** np.arange(n)]


def by_orders(value, n):
    """The definition: the mean of what i adds, over all n! orders of arrival."""
    total, orders = 0.0, list(permutations(range(n)))
    for order in orders:
        present = np.cumsum(np.eye(n, dtype=int)[[*order]], axis=0).astype(bool)
        v = value(np.concatenate([np.zeros((1, n), bool), present]))
        total = total + np.diff(v, axis=0)[np.argsort(order)]
    return total / len(orders)


# -- games --------------------------------------------------------------------------------------------

GAMES = [
    (lambda c: np.where(c, [5, 4, 0], 0).max(axis=1), (3, 2, 0)),
    (lambda c: c[:, 0] & (c[:, 1] | c[:, 2]), (2 / 3, 1 / 6, 1 / 6)),  # a left glove and two right ones
    (lambda c: c.sum(axis=1) >= 2, (1 / 3, 1 / 3, 1 / 3)),  # a majority of three
]


@pytest.mark.parametrize(("value", "expected"), GAMES)
def test_games(value, expected):
    exact = mx.shapley(value, 3)
    np.testing.assert_allclose(exact.values, expected, rtol=4 * EPS, atol=4 * EPS)
    np.testing.assert_array_equal(np.asarray(exact), exact.values)
    assert exact.standard_error is None
    sampled = mx.shapley(value, 3, permutations=500)
    assert (abs(sampled.values - expected) <= 4 * sampled.standard_error).all()


@given(st.integers(1, 6), seeds, st.sampled_from([(), (2,)]))
def test_exact_is_the_definition(n, seed, numbers):
    value = table(seed, n, numbers)
    np.testing.assert_allclose(mx.shapley(value, n).values, by_orders(value, n), rtol=1e-9, atol=1e-12)


@given(st.integers(1, 10), seeds, st.sampled_from([None, 2, 7]))
def test_the_values_add_up(n, seed, sampled):
    value = table(seed, n, (3,))
    result = mx.shapley(value, n, permutations=sampled)
    ends = value(np.array([[False] * n, [True] * n]))
    np.testing.assert_array_equal([result.reference_score, result.score], ends)
    np.testing.assert_allclose(result.values.sum(axis=0), ends[1] - ends[0], atol=1e-12)
    assert abs(result.gap).max() < 1e-12


@given(st.integers(2, 8), seeds)
def test_a_dummy_gets_exactly_nothing_and_who_always_adds_the_same_gets_that(n, seed):
    value = table(seed, n - 1)
    for sampled in (None, 5):
        assert mx.shapley(lambda c: value(c[:, 1:]), n, sampled).values[0] == 0
        found = mx.shapley(lambda c: value(c[:, 1:]) + 3 * c[:, 0], n, sampled)
        assert found.values[0] == pytest.approx(3, rel=1e-13)


@given(st.integers(2, 8), seeds)
def test_symmetry_and_linearity(n, seed):
    f, g = table(seed, n), table(seed + 1, n)
    exchanged = lambda c: f(c[:, [1, 0, *range(2, n)]])  # noqa: E731
    both = mx.shapley(lambda c: f(c) + exchanged(c), n).values
    assert both[0] == pytest.approx(both[1], abs=1e-12)
    mixed = mx.shapley(lambda c: 2 * f(c) - 3 * g(c), n).values
    np.testing.assert_allclose(mixed, 2 * mx.shapley(f, n).values - 3 * mx.shapley(g, n).values, atol=1e-12)


@pytest.mark.parametrize("sampled", [None, 6])
def test_pieces_give_the_same(monkeypatch, sampled):
    whole, asked = mx.shapley(table(1, 7, (2,)), 7, sampled), []
    monkeypatch.setattr(import_module("minixai.methods.shapley"), "AT_ONCE", 3)
    value = table(1, 7, (2,))
    pieces = mx.shapley(lambda c: asked.append(len(c)) or value(c), 7, sampled)
    np.testing.assert_allclose(pieces.values, whole.values, rtol=1e-12)
    if sampled:
        np.testing.assert_allclose(pieces.standard_error, whole.standard_error, rtol=1e-9)
    assert max(asked) == 3
    assert sum(asked) == (128 if sampled is None else 6 * 8)


def test_twenty_players_and_not_one_more():
    weights = np.arange(20)
    np.testing.assert_allclose(mx.shapley(lambda c: c @ weights, 20).values, weights, atol=1e-10)
    with pytest.raises(ValueError, match=r"21 players make 2\^21 coalitions, .* at most 2\^20 .* permutations=100"):
        mx.shapley(lambda c: c @ weights, 21)


@pytest.mark.parametrize(("value", "options", "words"), [
    (lambda c: 1.0, {}, "it must be a number for each"),
    (lambda c: c.sum(axis=1)[1:], {}, r"returned the shape \(7,\) for 8 coalitions"),
    (lambda c: np.log(c.sum(axis=1) - 1.0), {}, "value.coalitions. returned holds nan"),
    (lambda c: c.sum(axis=1), {"players": 0}, "players is a whole number, at least 1"),
    (lambda c: c.sum(axis=1), {"players": 2.0}, "players is a whole number"),
    (lambda c: c.sum(axis=1), {"permutations": 1}, "permutations is a whole number, at least 2"),
    (lambda c: c.sum(axis=1), {"permutations": 5, "seed": -1}, "seed is a whole number, at least 0"),
])  # fmt: skip
@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_games_that_cannot_be(value, options, words):
    with pytest.raises(ValueError, match=words):
        mx.shapley(value, **{"players": 3} | options)


# -- samples ------------------------------------------------------------------------------------------


def bent(c):
    """A game with interactions, so that orders matter."""
    w = np.random.default_rng(3).normal(size=(6, 8))
    return np.tanh(c @ w * 1.5).sum(axis=1) + 2 * (c[:, 0] & c[:, 3])


def test_the_seed_says_all_and_more_orders_begin_with_the_same():
    first, again, other = (mx.shapley(bent, 6, 20, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.values, again.values)
    np.testing.assert_array_equal(first.standard_error, again.standard_error)
    assert (first.values != other.values).any()
    seen = []
    mx.shapley(lambda c: seen.append(c) or bent(c), 6, 5)
    mx.shapley(lambda c: seen.append(c) or bent(c), 6, 20)
    np.testing.assert_array_equal(seen[0], seen[1][: 5 * 7])


def test_the_standard_error_is_the_spread_over_orders():
    """By hand from the coalitions asked for; and over 200 seeds the error is as large as it says."""
    seen = []
    result = mx.shapley(lambda c: seen.append(c) or bent(c), 6, 30)
    orders = seen[0].reshape(30, 7, 6)
    assert (orders.sum(axis=2) == range(7)).all()
    added = np.zeros((30, 6))
    for row, steps in zip(added, orders, strict=True):
        row[np.diff(steps.astype(int), axis=0).argmax(axis=1)] = np.diff(bent(steps))
    np.testing.assert_allclose(result.values, added.mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(result.standard_error, added.std(axis=0, ddof=1) / np.sqrt(30), rtol=1e-9)
    exact = mx.shapley(bent, 6).values
    z = [(s.values - exact) / s.standard_error for s in (mx.shapley(bent, 6, 60, seed) for seed in range(200))]
    # 1,200 numbers whose spread is 1, and a little more because the error is itself estimated
    assert 0.9 < np.std(z) < 1.15
    assert abs(np.mean(z)) < 0.1


def test_a_sum_has_no_spread():
    result = mx.shapley(lambda c: c @ np.array([1e6, 0.1, -3.0]) + 7, 3, 50)
    np.testing.assert_allclose(result.values, [1e6, 0.1, -3], rtol=1e-9)
    # what is added is a difference of scores of a million, rounded to ε of them
    assert (result.standard_error <= 2e6 * EPS).all()


# -- networks -----------------------------------------------------------------------------------------


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


QUARTERS = (np.arange(5) // 3)[:, None, None] * 2 + (np.arange(6) // 3)[:, None]  # (5, 6, 1)


def by_hand(score, x, references, labels):
    """(N, players): a game for each input, its value the mean over its references."""

    def value(row, refs):
        return lambda c: np.array([score(np.where(s[labels], row, refs)).mean() for s in c])

    return np.stack([by_orders(value(row, refs), labels.max() + 1) for row, refs in zip(x, references, strict=True)])


@pytest.mark.parametrize("batch", [None, 5])
def test_groups_of_pixels_from_a_baseline_for_each(model, x, batch):
    result = mx.shapley_values(model, x, 1, versus=3, baseline=x[::-1], players=QUARTERS, batch=batch)
    score = lambda rows: model.scores(rows) @ [0, 1, 0, -1]  # noqa: E731
    expected = by_hand(score, x, x[::-1, None], QUARTERS)
    np.testing.assert_allclose(result.extras["players"], expected, rtol=1e-9, atol=1e-13)
    sizes = np.array([18, 18, 12, 12])
    np.testing.assert_allclose(result.values, (expected / sizes)[:, np.broadcast_to(QUARTERS, (5, 6, 2))], atol=1e-13)
    np.testing.assert_allclose(result.reference_score, score(x[::-1]))
    assert abs(result.gap).max() < 1e-13
    assert result.cost == (3 + 3 + 1 + 3 * 16, 0)


@pytest.mark.parametrize("batch", [None, 7])
def test_a_background_is_the_mean_over_its_references(model, x, batch):
    background = np.random.default_rng(8).random((5, 5, 6, 2))
    result = mx.shapley_values(model, x, 2, background=background, players=QUARTERS, batch=batch)
    apart = [mx.shapley_values(model, x, 2, baseline=row, players=QUARTERS).values for row in background]
    np.testing.assert_allclose(result.values, np.mean(apart, axis=0), rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(result.reference_score, model.scores(background)[:, 2].mean())
    assert abs(result.gap).max() < 1e-13
    assert result.cost == (3 + 5 + 3 * 16 * 5, 0)
    assert result.baseline is None


def test_the_numbers_of_the_players_do_not_matter(model, x):
    first = mx.shapley_values(model, x, 0, players=QUARTERS)
    other = mx.shapley_values(model, x, 0, players=np.array([70, -2, 5, 900])[QUARTERS])
    np.testing.assert_allclose(first.values, other.values, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(other.extras["players"], first.extras["players"][:, [1, 2, 0, 3]], atol=1e-14)


@settings(max_examples=25)
@given(st.one_of(programs(), cnns()), seeds)
def test_they_add_up_on_any_network(network, seed):
    x, base = generic(network, 2, seed), generic(network, 1, seed + 1)
    players = np.random.default_rng(seed).integers(0, 4, network.shape)
    for more in ({"baseline": base}, {"background": generic(network, 3, seed + 2)}, {"permutations": 3}):
        result = mx.shapley_values(network, x, 0, players=players, **more)
        magnitude = abs(result.score) + abs(result.reference_score) + abs(result.extras["players"]).sum(axis=1)
        # what is promised: one row's scores in two batches differ by the rounding of the whole network
        assert (abs(result.gap) <= np.sqrt(EPS) * magnitude).all()


@given(seeds)
def test_with_one_player_or_a_sum_of_them_it_is_plain(seed):
    rng = np.random.default_rng(seed)
    w, x, base = rng.normal(size=(5, 3)), rng.normal(size=(2, 5)), rng.normal(size=(2, 5))
    assume(abs(w).min() > 1e-3)
    result = mx.shapley_values(lambda x: x @ w, x, 1, baseline=base)
    np.testing.assert_allclose(result.values, (x - base) * w[:, 1], rtol=1e-9, atol=1e-13)
    one = mx.shapley_values(lambda x: ops.tanh(x @ w), x, 1, baseline=base, players=np.zeros(5, int))
    np.testing.assert_allclose(one.extras["players"][:, 0], one.score - one.reference_score, rtol=1e-12, atol=1e-14)


def test_one_function_two_networks():
    x = np.random.default_rng(0).uniform(0, 4, (20, 2))
    f, g = (mx.shapley_values(toy, x).values for toy in (toys.invariance_f, toys.invariance_g))
    np.testing.assert_allclose(f, g, atol=1e-14)


def test_multilinear_functions_from_a_background_are_integrated_gradients_on_average():
    background = np.random.default_rng(0).normal(size=(5, 3))
    result = mx.shapley_values(toys.multilinear, [[1.5, -2.0, 0.7]], background=background)
    paths = [mx.integrated_gradients(toys.multilinear, [[1.5, -2.0, 0.7]], baseline=b, steps=3) for b in background]
    np.testing.assert_allclose(result.values, np.mean([path.values for path in paths], axis=0), atol=1e-12)


def test_sampled_on_a_network(model, x):
    asked = {"players": QUARTERS, "baseline": "blur"}
    exact, sampled = mx.shapley_values(model, x, 1, **asked), mx.shapley_values(model, x, 1, permutations=200, **asked)
    assert (abs(sampled.values - exact.values) <= 4 * sampled.standard_error).all()
    assert abs(sampled.gap).max() < 1e-13
    assert sampled.gap_standard_error.tolist() == [0, 0, 0]
    assert sampled.cost == (3 + 3 + 1 + 3 * 200 * 5, 0)
    assert exact.standard_error is exact.gap_standard_error is None
    assert (mx.shapley_values(model, x, 1, permutations=200, seed=1, **asked).values != sampled.values).any()


def test_every_input_meets_the_same_orders(model, x):
    twice = mx.shapley_values(model, x[[0, 0]], 1, permutations=3)
    np.testing.assert_allclose(twice.values[0], twice.values[1], rtol=1e-9, atol=1e-13)
    np.testing.assert_allclose(mx.shapley_values(model, x[:1], 1, permutations=3).values, twice.values[:1], atol=1e-13)


@pytest.mark.parametrize("sampled", [None, 4])
def test_inputs_a_few_at_a_time_give_the_same(monkeypatch, model, x, sampled):
    asked = {"players": QUARTERS, "baseline": x[::-1], "permutations": sampled}
    whole = mx.shapley_values(model, x, 1, **asked)
    monkeypatch.setattr(import_module("minixai.methods.shapley_values"), "ENTRIES", 40)
    pieces = mx.shapley_values(model, x, 1, **asked)
    np.testing.assert_allclose(pieces.values, whole.values, rtol=1e-9, atol=1e-14)
    if sampled:
        np.testing.assert_allclose(pieces.standard_error, whole.standard_error, rtol=1e-6, atol=1e-14)
    assert pieces.cost == whole.cost


def test_at_a_layer_the_players_are_its_activations(model, x):
    whole = {e.name: e.layer for e in model.layers}
    above = lambda a: whole["dense2"]([a])  # noqa: E731
    below = lambda rows: model.layers[4].layer([mx.Node(whole_to(model, rows))]).value  # noqa: E731
    for more in ({"baseline": x[::-1]}, {"background": x[:2] ** 2}):
        there = {name: below(rows) for name, rows in more.items()}
        found = mx.shapley_values(model, x, 1, layer="dense1", **more)
        expected = mx.shapley_values(above, below(x), 1, **there)
        np.testing.assert_allclose(found.values, expected.values, rtol=1e-9, atol=1e-13)
        np.testing.assert_allclose(found.reference_score, expected.reference_score, rtol=1e-12)
        assert abs(found.gap).max() < 1e-13


def whole_to(model, rows):
    """The activations that the first dense layer is given."""
    h = mx.Node(rows)
    for entry in model.layers[1:4]:
        h = entry.layer([h])
    return h.value


def test_where_a_path_leads_round_the_layer_it_stays_at_the_input(x):
    model = Model(
        [("a", Conv2D(2, 3, padding="same", activation="relu")), ("b", Add(), ["input", "a"]), Flatten(), Dense(3)],
        (5, 6, 2),
        dtype=np.float64,
    )
    result = mx.shapley_values(model, x, 0, layer="a", players=QUARTERS)
    kernel = model.weights["dense1/kernel"][:, 0].reshape(5, 6, 2)
    activations, reference = (model.layers[1].layer([mx.Node(rows)]).value for rows in (x, np.zeros((1, 5, 6, 2))))
    each = kernel * (activations - reference)
    for n in range(4):
        np.testing.assert_allclose(result.extras["players"][:, n], (each * (n == QUARTERS)).sum(axis=(1, 2, 3)))
    assert result.gap is None


def test_float32(model, x):
    result = mx.shapley_values(model.astype(np.float32), x, 1, players=QUARTERS, permutations=3)
    assert result.values.dtype == result.standard_error.dtype == np.float32
    exact = mx.shapley_values(model, x, 1, players=QUARTERS, permutations=3)
    np.testing.assert_allclose(result.values, exact.values, atol=1e-5)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_orders(model):
    peaks = []
    for orders in (100, 1000):
        tracemalloc.start()
        mx.shapley_values(model, np.ones((1, 5, 6, 2)), 0, players=QUARTERS, permutations=orders, batch=25)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # up to AT_ONCE coalitions are held: four players, an order and a rank of each, a score
    assert peaks[1] - AT_ONCE * 4 * (1 + 8 + 8 + 8 + 8) <= 1.1 * peaks[0]


def test_a_model_that_is_not_a_function_of_its_rows_is_told():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="scores .* by itself, but .* without randomness"):
        mx.shapley_values(lambda x: x.sum() + rng.normal(), [[1.0, 2.0]], batch=1)

    class Chance(Elementwise):
        def forward(self, x):
            return x + rng.normal()

    with pytest.raises(ValueError, match="the values of input 0 miss its difference .* without randomness"):
        mx.shapley_values(lambda x: Chance()(x.sum()), [[1.0, 2.0]], background=[[0.0, 0.0]], batch=1)


@pytest.mark.parametrize(("option", "error", "words"), [
    ({}, ValueError, r"60 players make 2\^60 coalitions, but an exact answer takes at most 2\^20 = 1,048,576 rows"),
    ({"players": np.arange(60).reshape(5, 6, 2) // 5, "background": np.zeros((300, 5, 6, 2))}, ValueError,
     r"12 players make 2\^12 coalitions × 300 references"),
    ({"players": np.arange(5)}, ValueError, r"players of shape \(5,\) does not fit inputs of shape \(5, 6, 2\)"),
    ({"players": QUARTERS / 2}, TypeError, "players is a mask of integers, got float64"),
    ({"permutations": 1}, ValueError, "permutations is a whole number, at least 2, got 1"),
    ({"permutations": 3, "seed": 0.5}, ValueError, "seed is a whole number"),
    ({"baseline": "blur", "background": np.zeros((2, 5, 6, 2))}, ValueError, "baseline and background are both given"),
    ({"background": np.zeros((2, 5, 6, 1))}, ValueError, "background"),
    ({"background": np.zeros((0, 5, 6, 2))}, ValueError, "background is empty"),
])  # fmt: skip
def test_what_cannot_be(model, x, option, error, words):
    with pytest.raises(error, match=words):
        mx.shapley_values(model, x, 0, **option)


def test_no_order_comes_again_and_again():
    """With few different orders the mean would stop far from the exact value, and its error would lie."""
    worth = np.random.default_rng(3).normal(size=256)
    value = lambda coalitions: worth[coalitions @ (1 << np.arange(8))]  # noqa: E731
    exact, sampled = mx.shapley(value, 8), mx.shapley(value, 8, permutations=4096)
    assert (abs(sampled.values - exact.values) < 4 * sampled.standard_error).all()


def test_a_number_is_no_mask():
    for method, option in ((mx.shapley_values, "players"), (mx.feature_ablation, "groups")):
        with pytest.raises(ValueError, match=f"{option}=2 does not fit inputs of shape"):
            method(lambda x: x.sum(), [[1.0, 2.0]], **{option: 2})
    with pytest.raises(ValueError, match=r"here players\[..., None\]"):
        mx.shapley_values(lambda x: x.sum(), np.ones((1, 2, 2, 3)), players=[[0, 0], [1, 1]])


def test_values_and_a_baseline_are_two_questions():
    with pytest.raises(ValueError, match="baseline and values are both given"):
        mx.feature_ablation(lambda x: x.sum(), [[1.0, 2.0]], baseline=5.0, values=[0.0])

"""Closeness to Shapley values: the networks as described, the measure by hand, and the published order."""

import numpy as np
import pytest

import minixai as mx
from minixai.experiments import closeness
from minixai.experiments.distances import DEPTHS, METHODS, PUBLISHED, STEPS, Case, Closeness, draw_case, kink_error


@pytest.mark.parametrize("depth", DEPTHS)
def test_networks_are_drawn_as_described(depth):
    cases = [draw_case(depth, np.random.default_rng(i)) for i in range(200)]
    shapes = [w.shape for w, _ in cases[0].weights]
    assert shapes == [(8, 12), *[(12, 12)] * (depth - 1), (12, 1)]
    for i, (fan_in, _) in enumerate(shapes):
        spread = np.std([case.weights[i][0] for case in cases])
        assert spread == pytest.approx(1.4 / np.sqrt(fan_in), rel=0.06)  # 4 standard errors of 2,400 numbers
        assert np.std([case.weights[i][1] for case in cases]) == pytest.approx(0.3, rel=0.25)
    assert all(case.x.shape == case.reference.shape == (1, 8) for case in cases)
    assert (cases[0].x != cases[0].reference).all()


def test_a_case_is_the_network_that_its_weights_say():
    case = draw_case(2, np.random.default_rng(0))
    (a, b), (c, d), (e, f) = case.weights
    by_hand = np.maximum(np.maximum(case.x @ a + b, 0) @ c + d, 0) @ e + f
    np.testing.assert_allclose(mx.gradient(case, case.x).score, by_hand[0])


def test_on_a_linear_network_all_methods_are_exact():
    rng = np.random.default_rng(1)
    case = Case([(rng.normal(size=(8, 1)), np.zeros(1))], rng.normal(size=(1, 8)), rng.normal(size=(1, 8)))
    exact = mx.shapley_values(case, case.x, baseline=case.reference).values
    for method in METHODS.values():
        np.testing.assert_allclose(method(case), exact, atol=1e-12)


def test_a_minimum_has_the_errors_of_the_documents():
    """min(1, 2) from (0, 0): Shapley (½, ½); IG and Rescale (1, 0); ablation (1, 1); gradient · Δ (1, 0)."""
    w = np.array([[1.0, 0, 1], [0, 1, -1]])  # i1, i2, relu(i1 − i2)
    case = Case([(w, np.zeros(3)), (np.array([[1.0], [0], [-1]]), np.zeros(1))], np.array([[1.0, 2]]), np.zeros((1, 2)))
    found = {name: method(case).ravel().tolist() for name, method in METHODS.items()}
    assert found["RevealCancel"] == [0.5, 0.5]
    assert found["Rescale"] == found["gradient · Δ"] == [1, 0]
    assert found["ablation"] == [1, 1]
    np.testing.assert_allclose(found["IG"], [1, 0], atol=1e-12)


def test_steps_miss_no_more_than_a_kink_allows():
    """One ReLU that opens on the way, at any place: the worst is half a step."""
    for start in np.linspace(-1, -0.01, 37):
        x, reference = np.ones((1, 8)), np.full((1, 8), start)
        case = Case([(np.ones((8, 1)), np.zeros(1)), (np.full((1, 1), 2.0), np.zeros(1))], x, reference)
        exact = 2 * 8 / 8  # f(x) − f(x') = 16, shared by eight
        missed = abs(METHODS["IG"](case) - exact).max()
        assert missed <= kink_error(case) * (1 + 1e-9)
        assert kink_error(case) == pytest.approx((1 - start) * 2 / (2 * STEPS))


def test_the_same_seed_the_same_networks_and_more_of_them():
    few, more, other = closeness(2), closeness(3), closeness(2, seed=1)
    for depth in DEPTHS:
        np.testing.assert_array_equal(few.errors[depth], more.errors[depth][:, :2])
        assert (few.errors[depth] != other.errors[depth]).all()


def test_the_errors_are_relative_distances_to_the_exact_values():
    case = draw_case(1, np.random.default_rng((0, 1)))
    exact = mx.shapley_values(case, case.x, baseline=case.reference).values
    by_hand = [np.sqrt(((f(case) - exact) ** 2).sum() / (exact**2).sum()) for f in METHODS.values()]
    np.testing.assert_allclose(closeness(1).errors[1][:, 0], by_hand)


def result(best, ig_excess=0.5):
    errors = np.array([0.9, 0.5, 0.3, 0.2, best])[:, None] * np.ones(3)
    return Closeness(dict.fromkeys(DEPTHS, errors), ig_excess)


def test_the_claims_fail_where_the_order_does():
    assert [claim.holds for claim in result(0.1).claims] == [True] * 4
    assert [claim.holds for claim in result(0.25).claims] == [False] * 3 + [True]
    assert [claim.holds for claim in result(0.1, ig_excess=1.1).claims] == [True] * 3 + [False]


def test_the_table_has_ours_and_the_published_medians():
    (block,) = result(0.1).blocks
    assert block.lines[-1] == ("RevealCancel", "0.100", "0.131", "0.100", "0.274", "0.100", "0.292")
    assert "3 random networks" in block.heading
    assert all(len(row) == len(METHODS) for row in PUBLISHED.values())


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_revealcancel_is_nearest_at_every_depth(seed):
    assert closeness(seed=seed).holds

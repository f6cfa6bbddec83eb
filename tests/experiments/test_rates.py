"""Convergence: slopes by hand, the pieces on small networks, and the rates of the documents."""

import numpy as np
import pytest

import minixai as mx
from minixai import ops, zoo
from minixai.experiments import convergence
from minixai.experiments.rates import (
    GROUPS,
    REFERENCES,
    SAMPLES,
    STEPS,
    Convergence,
    log_log_slope,
    measure_errors,
    measure_spread,
    relative_gaps,
    root_mean_square,
    with_softplus,
)
from minixai.methods.integrated_gradients import QUADRATURES
from minixai.progress import Progress

LINE = Progress("nothing", 1, show=False)


def quadratic(x):
    return (x * x).sum((1, 2, 3))


def kinked(x):
    return ops.relu(x - 0.3).sum((1, 2, 3)) + x.sum((1, 2, 3))


def test_the_gap_is_relative_and_that_of_the_quadrature():
    """∫ 2α dα by n left nodes is 1 − 1/n; by midpoints it is exact."""
    x = np.full((2, 2, 2, 1), 3.0)
    np.testing.assert_allclose(relative_gaps(quadratic, x, np.zeros(2, int), "left", 8), 1 / 8)
    np.testing.assert_allclose(relative_gaps(quadratic, x, np.zeros(2, int), "midpoint", 8), 0, atol=1e-15)


def test_softened_has_the_same_weights_and_no_kink():
    model = zoo.load("digits-paper").astype(np.float64)
    soft = with_softplus(model)
    kinds = [e.layer.config.get("activation") for e in soft.layers[1:]]
    assert kinds == ["softplus", "softplus", None, None, "softplus", None, None]
    assert model.layers[1].layer.activation == "relu"
    for name, w in model.weights.items():
        assert (soft.weights[name] == w).all()


def test_size_is_the_root_of_the_mean_square():
    assert root_mean_square(np.array([3.0, 4.0])) == pytest.approx(np.sqrt(12.5))


def test_the_spread_of_a_linear_network_is_that_of_its_references():
    """φ = x − mean of the references: from set to set it varies as the mean of k pixels does."""
    pool = np.random.default_rng(0).random((GROUPS * max(REFERENCES), 2, 2, 1))
    spread, missing = measure_spread(lambda x: x.sum((1, 2, 3)), np.ones((1, 2, 2, 1)), np.zeros(1, int), pool, LINE)
    by_hand = [
        np.sqrt(pool[: GROUPS * k].reshape(GROUPS, k, 4).mean(axis=1).var(axis=0, ddof=1).mean()) for k in REFERENCES
    ]
    np.testing.assert_allclose(spread, by_hand)
    assert missing.max() < 1e-14


def test_expected_gradients_are_compared_with_the_mean_of_integrated_gradients():
    """Of a linear function both are the mean over references; the samples miss it by their own error."""
    rng = np.random.default_rng(1)
    background, x = rng.random((5, 2, 2, 1)), np.ones((1, 2, 2, 1))
    errors, off = measure_errors(lambda x: x.sum((1, 2, 3)), x, np.zeros(1, int), background, 3, LINE)
    result = mx.expected_gradients(lambda x: x.sum((1, 2, 3)), x, 0, background=background, samples=SAMPLES[0], seed=3)
    assert off[0] == pytest.approx(root_mean_square(result.values - (x - background.mean(axis=0))))
    assert errors[0] == pytest.approx(root_mean_square(result.standard_error))
    assert log_log_slope(SAMPLES, errors) == pytest.approx(-0.5, abs=0.05)


def powers(left=1.0, midpoint=2.0, kinks=1.0, samples=0.5, references=0.5, off=1.0, missing=1e-15, gauss=1e-14):
    n = np.array(STEPS, float)
    smooth = {"left": left, "right": 1.0, "midpoint": midpoint, "trapezoid": 2.0}
    found = {("smooth", q): n**-order for q, order in smooth.items()}
    found |= {("with kinks", q): n**-kinks for q in QUADRATURES} | {
        ("smooth", "gauss-legendre"): np.full(len(n), gauss)
    }
    error = np.array(SAMPLES, float) ** -samples
    spread = np.array(REFERENCES, float) ** -references
    return Convergence(found, error, off * error, spread, np.full(len(REFERENCES), missing))


@pytest.mark.parametrize(
    ("options", "broken"),
    [
        ({}, 0),
        ({"left": 1.2}, 1),
        ({"midpoint": 1.5}, 1),
        ({"gauss": 1e-3}, 1),
        ({"kinks": 2.0}, len(QUADRATURES)),
        ({"samples": 0.4}, 1),
        ({"off": 2.5}, 1),
        ({"references": 0.3}, 1),
        ({"missing": 1e-9}, 1),
    ],
)
def test_the_claims_fail_where_the_rates_do(options, broken):
    result = powers(**options)
    assert sum(not claim.holds for claim in result.claims) == broken


def test_the_slope_leaves_rounding_and_the_first_steps_out():
    result = powers()
    assert result.slope("smooth", "midpoint") == pytest.approx(-2)
    assert np.isnan(result.slope("smooth", "gauss-legendre"))
    gap = np.array(STEPS, float) ** -2
    gap[0] = 100.0
    found = {**result.gaps, ("smooth", "midpoint"): gap}
    assert Convergence(found, *(np.ones(6),) * 2, *(np.ones(5),) * 2).slope("smooth", "midpoint") == pytest.approx(-2)


def test_the_table_has_every_step_sample_and_reference():
    smooth, kinks, samples, references = powers().blocks
    assert [line[0] for line in smooth.lines] == ["steps", *map(str, STEPS), "slope"]
    assert kinks.lines[0] == ("steps", *QUADRATURES)
    assert [line[0] for line in samples.lines[1:]] == list(map(str, SAMPLES))
    assert "slope -0.50" in samples.heading
    assert [line[0] for line in references.lines[1:]] == list(map(str, REFERENCES))


@pytest.mark.slow
def test_errors_fall_as_they_must():
    result = convergence()
    assert result.holds, str(result)

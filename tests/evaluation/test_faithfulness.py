"""Sensitivity-n and infidelity where their values are known: a linear network, a random map, the true map."""

import numpy as np
import pytest

from minixai.evaluation import infidelity, random_map, sensitivity_n
from minixai.evaluation.faithfulness import misprediction, pearson

RNG = np.random.default_rng(0)
WEIGHTS = RNG.normal(size=(6, 6, 2))
X = RNG.random((3, 6, 6, 2))


def network(x):
    return (x * WEIGHTS).sum((1, 2, 3))


def test_the_true_map_of_a_linear_network_predicts_every_loss():
    true = X * WEIGHTS
    found = sensitivity_n(network, X, true, subsets=20)
    np.testing.assert_array_equal(found.sizes, [1, 4, 18])
    np.testing.assert_allclose(found.correlation, 1)
    np.testing.assert_allclose(found.standard_error, 0, atol=1e-12)
    wrong = infidelity(network, X, true)
    np.testing.assert_allclose(wrong.value, 0, atol=1e-24)
    np.testing.assert_allclose(wrong.unexplained, 0, atol=1e-12)


def test_slopes_are_multiplied_by_what_is_hidden():
    """φ = w predicts Σ w·(x − x') only as a sensitivity, from any baseline."""
    slopes = np.broadcast_to(WEIGHTS, X.shape)
    found = infidelity(network, X, slopes, multiplied=False, baseline=0.3)
    np.testing.assert_allclose(found.value, 0, atol=1e-24)
    assert (infidelity(network, X, slopes, baseline=0.3).value > 0.1).all()


def test_a_factor_is_forgiven_by_the_unexplained_share_alone():
    """By pencil: half the true map mispredicts by half of each loss."""
    half = infidelity(network, X, X * WEIGHTS / 2)
    whole = infidelity(network, X, np.zeros_like(X))
    np.testing.assert_allclose(half.value, whole.value / 4)
    np.testing.assert_allclose(half.unexplained, 0, atol=1e-12)
    np.testing.assert_allclose(whole.unexplained, 1)
    np.testing.assert_allclose(sensitivity_n(network, X, X * WEIGHTS / 2).correlation, 1)


def test_a_random_map_predicts_nothing():
    """Over many random maps, r is 0 within its error; over one it is not larger than chance makes it."""
    big = np.random.default_rng(1).random((40, 6, 6, 2))
    found = sensitivity_n(network, big, random_map(big, 5), sizes=[9], subsets=200)
    mean = found.correlation.mean()
    # maps have 36 pixels, so r over sets has a spread of about 1/√35
    assert abs(mean) < 3 / np.sqrt(35 * 40)
    assert (infidelity(network, big, random_map(big, 5)).unexplained > 0.5).mean() > 0.8


def test_the_error_of_r_is_what_other_seeds_show():
    noise = X * WEIGHTS + random_map(X, 3) * 0.5
    found = [sensitivity_n(network, X, noise, sizes=[9], subsets=100, seed=seed) for seed in range(30)]
    spread = np.std([f.correlation for f in found], axis=0, ddof=1)
    told = np.mean([f.standard_error for f in found], axis=0)
    assert (spread / told < 1.6).all()
    assert (spread / told > 0.6).all()


def test_misprediction_by_pencil():
    found = misprediction(np.array([[1.0, 2.0]]), np.array([[2.0, 2.0]]))
    np.testing.assert_allclose(found.value, 0.5)
    np.testing.assert_allclose(found.standard_error, np.std([1, 0], ddof=1) / np.sqrt(2))
    # β = (2 + 4) / 5, left are (.8, −.4): .8 of 8
    np.testing.assert_allclose(found.unexplained, 0.1)
    nothing = misprediction(np.zeros((1, 2)), np.zeros((1, 2)))
    np.testing.assert_array_equal([nothing.value, nothing.unexplained], 0)


def test_what_does_not_vary_is_not_correlated():
    assert pearson(np.ones((1, 5)) * 0.1, np.arange(5.0)[None]) == 0
    np.testing.assert_allclose(pearson(np.arange(5.0)[None], -np.arange(5.0)[None]), -1)
    # all pixels hidden at once: every set is the same
    assert (sensitivity_n(network, X, X * WEIGHTS, sizes=[36]).correlation == 0).all()


def test_rows_do_not_influence_each_other():
    alone = infidelity(network, X[1:2], (X * WEIGHTS)[1:2] * 0.7)
    together = infidelity(network, X, X * WEIGHTS * 0.7)
    np.testing.assert_allclose(alone.value[0], together.value[1])
    one = sensitivity_n(network, X[1:2], X[1:2], sizes=[5])
    np.testing.assert_allclose(one.correlation[0], sensitivity_n(network, X, X, sizes=[5]).correlation[1])


@pytest.mark.parametrize(
    ("function", "given", "words"),
    [
        (sensitivity_n, {"sizes": [0]}, "from 1 to 36"),
        (sensitivity_n, {"sizes": [37]}, "from 1 to 36"),
        (sensitivity_n, {"sizes": [1.5]}, "whole numbers"),
        (sensitivity_n, {"subsets": 2}, "at least 3"),
        (infidelity, {"squares": 1}, "at least 2"),
        (infidelity, {"side": 0}, "at least 1"),
    ],
)
def test_bad_input(function, given, words):
    with pytest.raises(ValueError, match=words):
        function(network, X, X, **given)
    with pytest.raises(ValueError, match="do not fit x"):
        function(network, X, X[:, :3])

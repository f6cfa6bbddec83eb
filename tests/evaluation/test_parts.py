"""What a map says of parts: sums by pencil, ranks by SciPy, distances by geometry."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from minixai.evaluation import deletion_rank, part_sums, rank_correlation, shapley_distance, target_sensitivity

PIXEL_EACH = np.eye(4).reshape(1, 2, 2, 4)  # four parts, a pixel each


def of_parts(*sums):
    """A map that says so much of each of the four parts."""
    return np.reshape(sums, (1, 2, 2, 1)).astype(float)


def test_sums_by_pencil():
    values = np.array([[[[3.0, 1.0], [-5.0, 1.0]]]])  # 4 and −4
    masks = np.array([[[[1.0, 0.0, 0.0], [0.25, 0.75, 0.0]]]])
    np.testing.assert_array_equal(part_sums(values, masks), [[3, -3, 0]])  # the third part is hidden
    np.testing.assert_array_equal(part_sums(values, masks, signed=False), [[5, 3, 0]])


def test_masks_that_sum_to_one_share_out_the_whole_map():
    rng = np.random.default_rng(0)
    masks = rng.dirichlet(np.ones(5), (3, 6, 7))
    values = rng.standard_normal((3, 6, 7, 3))
    np.testing.assert_allclose(part_sums(values, masks).sum(axis=1), values.sum(axis=(1, 2, 3)), rtol=1e-12)


@given(arrays(float, (2, 7), elements=st.integers(-3, 3).map(float)))
def test_rank_correlation_is_spearmans(rows):
    a, b = rows
    found = rank_correlation(a[None], b[None])[0]
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        assert found == 0
    else:
        assert found == pytest.approx(stats.spearmanr(a, b).statistic, abs=1e-12)


@given(arrays(float, (1, 6), elements=st.integers(-9, 9).map(float)), st.integers(1, 5))
def test_ranks_see_no_scale_and_no_growing_function(row, seed):
    other = np.random.default_rng(seed).standard_normal((1, 6))
    np.testing.assert_allclose(rank_correlation(np.exp(row), other), rank_correlation(row, other), atol=1e-12)
    np.testing.assert_allclose(rank_correlation(-row, other), -rank_correlation(row, other), atol=1e-12)


def test_deletion_rank_by_pencil():
    drops = [[9.0, 1.0, -2.0, 0.0]]  # ranks 4, 3, 1, 2
    assert deletion_rank(of_parts(5, 0.2, -1, 0.1), PIXEL_EACH, drops) == pytest.approx(1)
    assert deletion_rank(of_parts(-5, -0.2, 1, -0.1), PIXEL_EACH, drops) == pytest.approx(-1)
    # ranks 4, 1, 3, 2 against 4, 3, 1, 2: 1 − 6 · (0 + 4 + 4 + 0) / (4 · 15)
    assert deletion_rank(of_parts(5, 0.1, -1, 0.2), PIXEL_EACH, drops, signed=False) == pytest.approx(0.2)
    assert deletion_rank(of_parts(0, 0, 0, 0), PIXEL_EACH, drops) == 0


def test_shapley_distance_by_pencil():
    """The sine of the angle: 3-4-5."""
    shapley = [[4.0, 0.0, 0.0, 0.0]]
    for sums, expected in (((4, 3, 0, 0), 0.6), ((2, 0, 0, 0), 0), ((0, 1, 0, 0), 1), ((-4, 3, 0, 0), 1)):
        assert shapley_distance(of_parts(*sums), PIXEL_EACH, shapley) == pytest.approx(expected, abs=1e-15)
    assert shapley_distance(of_parts(0, 0, 0, 0), PIXEL_EACH, shapley) == 1
    assert shapley_distance(of_parts(0, 0, 0, 0), PIXEL_EACH, np.zeros((1, 4))) == 0
    assert shapley_distance(of_parts(0, 1, 0, 0), PIXEL_EACH, np.zeros((1, 4))) == 1


@given(arrays(float, (2, 4), elements=st.integers(-5, 5).map(float)))
def test_shapley_distance_is_the_least_over_scales(rows):
    """Against a search; and no scale of either changes it."""
    s, phi = rows
    found = shapley_distance(of_parts(*s), PIXEL_EACH, phi[None])[0]
    if not phi.any():
        assert found == s.any()
        return
    c = np.linspace(0, 2 * np.linalg.norm(phi), 20_001)[:, None]
    least = np.linalg.norm(c * s - phi, axis=1).min() / np.linalg.norm(phi)
    # between two places of the search the distance differs by at most half a step times |s|
    assert -1e-9 <= least - found <= (c[1, 0] / 2) * np.linalg.norm(s) / np.linalg.norm(phi) + 1e-9
    scaled = shapley_distance(of_parts(*(s * 1e-200)), PIXEL_EACH, phi[None] * 1e200)[0]
    assert scaled == pytest.approx(found, abs=1e-12)


def test_target_sensitivity_by_pencil():
    own, other, mask = of_parts(3, 0, 9, 9), of_parts(-1, 0, 99, 99), [[1, 0], [0, 0]]
    assert target_sensitivity(own, other, mask) == 1
    assert target_sensitivity(other, own, mask) == 0
    assert target_sensitivity(own, own, mask) == 0.5
    assert target_sensitivity(own, -own, mask, signed=False) == 0.5  # a sensitivity does not know its sign
    assert target_sensitivity(of_parts(0, 0, 0, 0), of_parts(0, 0, 0, 0), mask) == 0.5


@pytest.mark.parametrize(("call", "words"), [
    (lambda: part_sums(of_parts(1, 2, 3, 4), PIXEL_EACH[..., 0]), r"masks of shape \(1, 2, 2\) do not fit maps"),
    (lambda: part_sums(of_parts(1, 2, 3, 4), PIXEL_EACH[:, :1]), "do not fit maps .* resize=True"),
    (lambda: part_sums(of_parts(1, 2, 3, 4), PIXEL_EACH * 3), "a set of masks holds numbers from 0 to 3"),
    (lambda: rank_correlation([[1.0, 2.0]], [[1.0]]), r"rows of shape \(1, 2\) and \(1, 1\) cannot be compared"),
    (lambda: rank_correlation([1.0, 2.0], [1.0, 2.0]), "cannot be compared"),
    (lambda: rank_correlation(np.zeros((2, 0)), np.zeros((2, 0))), "cannot be compared"),
    (lambda: rank_correlation([[np.nan, 2.0]], [[1.0, 2.0]]), "a row that is ranked holds nan"),
    (lambda: deletion_rank(of_parts(1, 2, 3, 4), PIXEL_EACH, [[1.0, 2.0]]), r"\(1, 4\) and \(1, 2\) cannot"),
    (lambda: shapley_distance(of_parts(1, 2, 3, 4), PIXEL_EACH, [[1.0]]), r"Shapley values of shape \(1, 1\) do not"),
    (lambda: shapley_distance(of_parts(1, 2, 3, 4), PIXEL_EACH, [[np.nan] * 4]), "table of Shapley values holds"),
    (lambda: target_sensitivity(of_parts(1, 2, 3, 4), np.zeros((1, 3, 2, 1)), [[1, 0], [0, 0]]), "same images to both"),
])  # fmt: skip
def test_what_cannot_be(call, words):
    with pytest.raises(ValueError, match=words):
        call()

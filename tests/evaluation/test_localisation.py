"""Scores of a map and a mask: maps whose score is known by pencil, what changes nothing, and what chance reaches."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from minixai.evaluation import decisive_density, pointing, relevance_mass, relevance_rank
from tests.figures import attribution

SCORES = (relevance_mass, relevance_rank, decisive_density, pointing)
SIGNED = (relevance_mass, relevance_rank, pointing)

# 2 × 3 pixels; the mask has the left column, and half of the pixel at the upper right
MAP = np.array([[4.0, -6.0, 2.0], [1.0, 0.0, 3.0]])[None, ..., None]
MASK = np.array([[1.0, 0.0, 0.5], [1.0, 0.0, 0.0]])


@pytest.mark.parametrize(("score", "options", "expected"), [
    (relevance_mass, {}, (4 + 1 + 1) / 10),  # of the 10 that are positive, 5 and half of 2
    (relevance_mass, {"signed": False}, (4 + 1 + 1) / 16),
    (decisive_density, {}, (6 / 16) / (2.5 / 6)),
    (relevance_rank, {}, 2 / 3),  # three pixels are at least half inside; of 4, 3 and 2, that are highest, two
    (relevance_rank, {"signed": False}, 1 / 3),  # 6, 4 and 3
    (pointing, {}, 1.0),
    (pointing, {"signed": False}, 0.0),
])  # fmt: skip
def test_by_pencil(score, options, expected):
    np.testing.assert_allclose(score(MAP, MASK, **options), [expected], rtol=1e-15)


def test_channels_are_summed_before_signs_are_settled():
    """(+5, −6) is −1, not 5 nor 11."""
    values = np.array([[[[5.0, -6.0], [1.0, 1.0]]]])
    assert relevance_mass(values, [[1, 0]]) == 0
    assert relevance_mass(values, [[1, 0]], signed=False) == pytest.approx(1 / 3)


def test_a_mask_of_coverage_counts_in_part():
    values = np.array([[[[1.0], [3.0]]]])
    assert pointing(values, [[0.0, 0.25]]) == 0.25
    assert relevance_mass(values, [[0.0, 0.25]]) == 3 / 16


def test_equal_pixels_share_their_places():
    values = np.array([[[[7.0], [2.0], [2.0], [2.0]]]])
    mask = [[1, 1, 0, 0]]
    assert relevance_rank(values, mask) == pytest.approx((1 + 1 / 3) / 2)  # 7, and one of three, of which one is inside
    assert pointing(-values, mask, signed=False) == 1
    assert pointing(np.ones_like(values), mask) == 0.5


@pytest.mark.parametrize("score", SCORES)
def test_a_map_of_zeros_is_one_that_is_the_same_everywhere(score):
    mask = np.array([[1, 1, 0], [0, 0, 0]])
    zero, one = (score(np.full((1, 2, 3, 1), c), mask) for c in (0.0, 2.5))
    np.testing.assert_allclose(zero, one, rtol=1e-15)
    np.testing.assert_allclose(zero, 1 if score is decisive_density else 1 / 3, rtol=1e-15)


@pytest.mark.parametrize("score", SIGNED)
def test_nothing_positive_is_no_relevance(score):
    assert score(-MAP.clip(0), MASK >= 0.5) == pytest.approx(0.5)


def test_perfect_and_perfectly_wrong():
    inside = (MASK == 1)[None, ..., None].astype(float)
    for score in SCORES:
        top = 1 / (MASK == 1).mean() if score is decisive_density else 1
        assert score(inside, MASK == 1) == pytest.approx(top)
        assert score(1 - inside, MASK == 1) == 0


# -- what changes nothing -----------------------------------------------------------------------------

maps = arrays(float, (3, 4, 5, 2), elements=st.integers(-8, 8).map(float))
masks = arrays(float, (3, 4, 5), elements=st.sampled_from([0.0, 0.25, 0.5, 1.0]))


def usable(masks):
    assume(((masks >= 0.5).sum(axis=(1, 2)) > 0).all())
    return masks


@given(maps, masks, st.sampled_from(SCORES), st.integers(-200, 200))
def test_the_scale_says_nothing(values, mask, score, power):
    expected = score(values, usable(mask))
    np.testing.assert_array_equal(score(values * 2.0**power, mask), expected)
    np.testing.assert_allclose(score(values / 3, mask), expected, rtol=1e-12)


@given(maps, masks, st.sampled_from(SCORES), st.permutations(range(20)))
def test_where_the_pixels_lie_says_nothing(values, mask, score, order):
    """Flips, turns, any exchange of pixels, as long as the mask goes with them: ties are no exception."""
    shuffled = values.reshape(3, 20, 2)[:, order].reshape(values.shape)
    mask_too = usable(mask).reshape(3, 20)[:, order].reshape(mask.shape)
    np.testing.assert_allclose(score(shuffled, mask_too), score(values, mask), rtol=1e-12, atol=1e-12)


@given(maps, masks, st.sampled_from(SCORES))
def test_each_image_has_its_own_score_within_bounds(values, mask, score):
    together = score(values, usable(mask))
    alone = [score(values[i : i + 1], mask[i])[0] for i in range(3)]
    np.testing.assert_array_equal(together, alone)
    top = 1 / mask.mean(axis=(1, 2)) if score is decisive_density else 1
    assert ((together >= 0) & (together <= top * (1 + 1e-12))).all()


@given(maps, masks)
def test_a_mask_and_its_complement_have_all_of_the_mass(values, mask):
    assume(((mask < 1).any(axis=(1, 2)) & (mask > 0).any(axis=(1, 2))).all())
    np.testing.assert_allclose(relevance_mass(values, mask) + relevance_mass(values, 1 - mask), 1, rtol=1e-12)


def test_inputs_stay_as_they_were():
    values, mask = MAP.copy(), MASK.copy()
    for score in SCORES:
        score(values, mask)
    np.testing.assert_array_equal(values, MAP)
    np.testing.assert_array_equal(mask, MASK)


def test_an_attribution_is_a_map_too():
    np.testing.assert_array_equal(relevance_mass(attribution(MAP), MASK), relevance_mass(MAP, MASK))


# -- chance -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("score", SCORES)
def test_noise_reaches_what_chance_is_said_to_be(score):
    """The mean over 4,000 maps of noise lies within 4 standard errors."""
    rng = np.random.default_rng(1)
    mask = np.zeros((10, 12))
    mask[2:5, 3:9] = 1
    found = score(rng.standard_normal((4000, 10, 12, 1)), mask)
    chance = 1 if score is decisive_density else mask.mean()
    assert abs(found.mean() - chance) < 4 * found.std() / np.sqrt(len(found))
    assert found.std() > 0


# -- what cannot be -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("values", "mask", "words"), [
    (MAP[0], MASK, r"an attribution of shape \(2, 3, 1\) has no pixels: scores take maps"),
    (MAP[..., :0], MASK, "has no pixels"),
    (MAP[:0], MASK, "an attribution is empty"),
    (MAP * np.nan, MASK, "an attribution holds nan at"),
    (MAP, MASK[:, :2], r"a mask of shape \(2, 2\) does not fit maps of \(1, 2, 3\): .* resize=True"),
    (MAP, MASK * 0, "the mask of map 0 is empty: leave that image out"),
    (MAP, MASK * 2, "a mask holds numbers from 0 to 2: give how much of each pixel"),
    (MAP, -MASK, "a mask holds numbers from -1 to -0: give"),
    (MAP, np.full((2, 3), np.inf), "a mask holds inf"),
    (MAP, [[1.0], [1.0, 0.0]], "a mask is ragged"),
])  # fmt: skip
@pytest.mark.parametrize("score", SCORES)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_maps_and_masks_that_cannot_be(score, values, mask, words):
    with pytest.raises(ValueError, match=words):
        score(values, mask)


def test_a_mask_without_a_pixel_that_is_half_inside_has_no_rank():
    with pytest.raises(ValueError, match="the mask of pixels that are at least half inside of map 0 is empty"):
        relevance_rank(MAP, MASK * 0.4)


def test_words_are_no_map():
    with pytest.raises(TypeError, match="an attribution holds <U4, not real numbers"):
        pointing("blur", MASK)

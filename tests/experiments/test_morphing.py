"""Digit morphing: what is erase, what is measured, and that the published order comes out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import minixai as mx
from minixai import zoo
from minixai.experiments import digit_morphing
from minixai.experiments.morphing import ERASED, METHODS, NETWORKS, PAIRS, PUBLISHED, Morphing, erase, log_odds
from minixai.layers import Dense, Flatten
from minixai.model import Model

SCORES = arrays(np.float64, (2, 4, 4, 1), elements=st.sampled_from([-1.0, 0.0, 0.5, 1.0, 2.0, 3.0]))


@pytest.fixture(scope="module")
def few():
    return digit_morphing(2)


def linear(weights):
    """Scores of two classes, Σ w·x and 0, for images (2, 2, 1)."""
    model = Model([Flatten(), Dense(2)], (2, 2, 1), dtype=np.float64)
    model.set_weights({"dense1/kernel": np.stack([weights, np.zeros(4)], axis=1)})
    return model


def row(*pixels):
    return np.array(pixels, float).reshape(1, 2, 2, 1)


# -- what is erased -----------------------------------------------------------------------------------


@given(SCORES, st.integers(1, 15))
def test_never_more_than_asked_for_and_only_pixels_that_speak_for_the_class(scores, most):
    gone = erase(np.ones_like(scores), scores, most) == 0
    assert gone.sum(axis=(1, 2, 3)).max() <= most
    assert (scores[gone] > 0).all()


@given(SCORES, st.integers(1, 15))
def test_what_is_erased_is_above_what_is_left(scores, most):
    gone = erase(np.ones_like(scores), scores, most) == 0
    for one, s in zip(gone, scores, strict=True):
        if one.any():
            assert s[one].min() > s[~one].max()


def test_all_157_go_where_no_two_are_equal():
    scores = np.random.default_rng(0).permutation(784).reshape(1, 28, 28, 1) + 1.0
    gone = erase(np.ones_like(scores), scores) == 0
    assert gone.sum() == ERASED == 157 == round(0.2 * 784)
    assert scores[gone].min() == 784 - 157 + 1


def test_equal_pixels_at_the_limit_all_stay():
    assert erase(np.ones((1, 2, 2, 1)), row(3, 2, 2, 1), most=2).ravel().tolist() == [0, 1, 1, 1]


def test_what_speaks_for_neither_class_stays():
    assert erase(np.ones((1, 2, 2, 1)), row(2, 0, -1, -2), most=3).ravel().tolist() == [0, 1, 1, 1]


def test_the_images_stay_as_they_were():
    images = np.ones((1, 2, 2, 1))
    erase(images, row(1, 2, 3, 4), most=2)
    assert images.all()


# -- what is measured ---------------------------------------------------------------------------------


def test_log_odds_are_those_of_the_two_probabilities():
    model, x = zoo.load("digits"), mx.datasets.digits("test")[0][:3]
    p = model.probabilities(x)
    np.testing.assert_allclose(log_odds(model, x, (3, 8)), np.log(p[:, 3] / p[:, 8]), rtol=1e-4)


@pytest.mark.filterwarnings("ignore:no op on the way rectifies")
def test_every_method_finds_the_pixels_of_a_linear_network():
    """S = w·x, by hand: (6, -1, 0, 2); the mask of |gradient| and guided backprop leaves the third out."""
    model, x = linear([3.0, -1.0, 5.0, 1.0]), row(2, 1, 0, 2)
    for name, method in METHODS.items():
        scores = method(model, x, 0, 1).ravel().tolist()
        if name == "|gradient|, masked":
            assert scores == [3, 1, 0, 1]
        elif name == "guided, masked":
            assert scores == [3, -1, 0, 1]
        else:
            np.testing.assert_allclose(scores, [6, -1, 0, 2], atol=1e-12)


def test_masked_methods_take_each_class_by_itself():
    """|w₀| − |w₁| and not |w₀ − w₁|."""
    model = Model([Flatten(), Dense(2)], (2, 2, 1), dtype=np.float64)
    model.set_weights({"dense1/kernel": np.array([[2.0, -1], [1, 3], [1, 1], [0, 1]])})
    assert METHODS["|gradient|, masked"](model, row(1, 1, 1, 1), 0, 1).ravel().tolist() == [1, -2, 0, -1]


@pytest.mark.filterwarnings("ignore:no op on the way rectifies")
def test_the_change_is_what_erasing_takes_from_the_difference_of_scores(monkeypatch):
    """The weights are 1 to 784: the 157 largest sum to 628 + ... + 784, whatever the method."""
    model = Model([Flatten(), Dense(10)], (28, 28, 1), dtype=np.float64)
    weights = np.zeros((784, 10))
    weights[:, 8] = np.random.default_rng(0).permutation(784) + 1.0
    model.set_weights({"dense1/kernel": weights})
    monkeypatch.setattr(zoo, "load", lambda name: model)
    monkeypatch.setattr("minixai.experiments.morphing.PAIRS", ((8, 3),))
    images = np.stack([np.ones((28, 28, 1)), np.full((28, 28, 1), 0.5), np.zeros((28, 28, 1))])
    monkeypatch.setattr("minixai.experiments.morphing.digits", lambda split: (images, np.array([8, 8, 1])))
    found = digit_morphing(networks=["digits-paper"]).changes["digits-paper", (8, 3)]
    largest = sum(range(628, 785))
    np.testing.assert_allclose(found, [[largest, largest / 2]] * len(METHODS))


def test_the_first_images_of_the_class_and_no_others(few):
    one = digit_morphing(1, ["digits-paper"])
    for pair in PAIRS:
        a, b = one.changes["digits-paper", pair], few.changes["digits-paper", pair]
        assert b.shape == (len(METHODS), 2)
        np.testing.assert_allclose(a, b[:, :1], rtol=1e-4, atol=1e-4)


# -- what is told -------------------------------------------------------------------------------------


def test_the_table_has_ours_and_the_published_medians(few):
    text = few.table
    for name in METHODS:
        assert text.count(name) == 2 + (name == "RevealCancel") * 2
    assert "10092" in text
    assert "37.9" in text
    assert "nan" not in text
    assert f"{np.median(few.changes['digits-paper', (8, 3)][-1]):.1f}" in text


def test_published_leads_are_those_of_the_documents(few):
    assert [line[2::2] for line in (few.block("digits-paper-255").lines[-1],)] == [
        ("+26.3%", "+20.5%", "+16.1%", "+10.3%")
    ]


def test_published_figures_are_complete():
    assert all(set(PUBLISHED[name]) == set(PAIRS) for name in NETWORKS)
    assert all(len(row) == len(METHODS) for rows in PUBLISHED.values() for row in rows.values())


@pytest.mark.parametrize("ahead", [True, False])
def test_the_claim_is_that_revealcancel_is_ahead_of_all_others(ahead):
    changes = np.ones((len(METHODS), 3))
    changes[-1] = 2.0
    changes[3] = 1.5 if ahead else 2.5
    result = Morphing({("digits-paper", pair): changes for pair in PAIRS})
    assert [claim.holds for claim in result.claims] == [ahead] * 4
    assert ("+33.3%" if ahead else "-20.0%") in result.claims[0].text
    assert result.holds is ahead
    assert ("FAILS" in str(result)) is not ahead


def test_a_network_trained_on_large_pixels_takes_small_ones(monkeypatch):
    """Its first kernel holds the factor: the scores are those of the larger pixels."""
    seen = []
    monkeypatch.setattr(zoo, "train", lambda model, images, labels, **options: seen.append(images.max()) or [])
    made, _ = zoo.make("digits-paper-255")
    x = mx.datasets.digits("test")[0][:4]
    np.testing.assert_allclose(made.scores(x), zoo.digits.digits_paper_255(0).scores(255 * x), rtol=1e-4, atol=1e-5)
    assert seen == [255]
    zoo.make("digits")
    assert seen == [255, 1]


def test_large_pixels_make_three_methods_nearly_one():
    """What biases add is small beside them: homogeneity. (Ancona et al. 2018)"""
    x = mx.datasets.digits("test")[0][:20]
    apart = {}
    for name in NETWORKS:
        model = zoo.load(name)
        a, b = (method(model, x).values for method in (mx.input_x_gradient, mx.deep_lift))
        apart[name] = np.linalg.norm(a - b) / np.linalg.norm(a)
    assert apart["digits-paper-255"] < 0.1 < apart["digits-paper"]


@pytest.mark.slow
def test_revealcancel_is_ahead_on_all_test_digits():
    result = digit_morphing()
    assert result.holds
    for pair, count in zip(PAIRS, (177, 177, 202, 191), strict=True):
        assert result.changes["digits-paper", pair].shape == (len(METHODS), count)


def test_one_network_may_be_named_without_a_list_and_unknown_ones_are_refused():
    assert digit_morphing(1, "digits-paper-255").networks == ["digits-paper-255"]
    with pytest.raises(ValueError, match="unknown network 'digits', did you mean 'digits-paper'"):
        digit_morphing(1, ["digits"])
    with pytest.raises(ValueError, match="networks names none: name some of digits-paper, digits-paper-255"):
        digit_morphing(1, [])

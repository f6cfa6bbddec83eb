"""The bird networks: what they learn from, and that what is known about the birds is what they go by."""

import numpy as np
import pytest

import minixai as mx
from minixai import zoo
from minixai.datasets.birds import CLASSES, HABITATS, PARTS, PLAYERS, draw, render
from minixai.zoo.birds import MEASURE, TIES, folded, incomplete, mirrored, swapped, tied

CLEAN = ["shorebirds", "shorebirds-gap"]
ALL = [*CLEAN, "shorebirds-biased"]


def contrast(model, scenes, images):
    """The score of each bird's species minus that of its partner."""
    rows, scores = np.arange(len(scenes)), model.scores(images)
    return scores[rows, scenes.labels] - scores[rows, scenes.labels ^ 1]


def part_effects(model, scenes):
    """(N, 7): by how much the contrast falls when a part is removed."""
    without = [contrast(model, scenes, render(scenes, remove=parts)[0]) for parts in PLAYERS.values()]
    return contrast(model, scenes, scenes.images)[:, None] - np.stack(without, axis=1)


def own_part(scenes):
    return np.array([list(PLAYERS).index(PARTS[k]) for k in scenes.distinguishing_parts])


@pytest.fixture(scope="module")
def fresh():
    return draw(64, MEASURE)


# -- what they learn from -----------------------------------------------------------------------------


@pytest.mark.slow
def test_half_of_the_birds_lack_a_part_and_without_the_decisive_one_nobody_could_know():
    scenes = draw(700, seed=1)
    images, goals = incomplete(scenes)
    changed = (images != scenes.images).any(axis=(1, 2, 3))
    assert changed.mean() == pytest.approx(0.5, abs=0.07)
    np.testing.assert_allclose(goals.sum(axis=1), 1)
    rows = np.arange(700)
    doubtful = goals[rows, scenes.labels] == 0.5
    assert doubtful.mean() == pytest.approx(1 / 14, abs=0.04)
    np.testing.assert_array_equal(goals[rows, scenes.labels ^ 1], np.where(doubtful, 0.5, 0))
    for row in np.flatnonzero(doubtful):
        part = PARTS[scenes.distinguishing_parts[row]]
        np.testing.assert_allclose(images[row], render(scenes[row], remove=PLAYERS[part])[0][0], atol=1e-6)
    again, _ = incomplete(scenes)
    np.testing.assert_array_equal(images, again)


def test_what_is_removed_from_the_others_does_not_decide():
    scenes = draw(60, seed=2)
    images, goals = incomplete(scenes)
    sure = goals.max(axis=1) == 1
    outside = scenes.masks[np.arange(60), :, :, scenes.distinguishing_parts] == 1
    np.testing.assert_allclose(images[sure][outside[sure]], scenes.images[sure][outside[sure]], atol=1e-6)


def test_mirrored_images():
    images = draw(40).images
    turned = mirrored(images, np.random.default_rng(0))
    same = (turned == images).all(axis=(1, 2, 3))
    np.testing.assert_array_equal(turned[~same], images[~same][:, :, ::-1])
    assert 10 < same.sum() < 30


def test_folded_batch_norms_change_no_score():
    model, rng = zoo.RECIPES["shorebirds-gap"].build(0), np.random.default_rng(0)
    drawn = {name: rng.uniform(0.5, 1.5, w.shape) for name, w in model.weights.items() if w.ndim == 1}
    model.set_weights(drawn, partial=True)
    images, alike = draw(3).images, folded(model)
    scores = model.scores(images)
    np.testing.assert_allclose(alike.scores(images), scores, rtol=0, atol=1e-5 * abs(scores).max())
    assert "norm" not in alike.summary()
    np.testing.assert_array_equal(model.scores(images), scores)  # the one that was folded is as it was


def test_partners_are_tied_to_different_habitats():
    assert set(TIES) == set(CLASSES)
    assert set(TIES.values()) == set(HABITATS)
    assert all(TIES[CLASSES[k]] != TIES[CLASSES[k ^ 1]] for k in range(8))
    at_home, away = tied(50, 0), swapped(50, 0)
    np.testing.assert_array_equal(at_home.pose, away.pose)
    np.testing.assert_array_equal(at_home.labels, away.labels)
    assert [HABITATS[k] for k in at_home.habitat] == [TIES[CLASSES[k]] for k in at_home.labels]
    assert [HABITATS[k] for k in away.habitat] == [TIES[CLASSES[k ^ 1]] for k in away.labels]


# -- what they have learnt ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
def test_they_know_species_by_name_and_are_small(name):
    assert mx.load(name).classes == CLASSES
    assert zoo.weights_file(name).stat().st_size < 1e6


@pytest.mark.parametrize(
    ("name", "share"), [("shorebirds", 0.9), pytest.param("shorebirds-gap", 0.85, marks=pytest.mark.slow)]
)
def test_removing_the_decisive_part_matters_most(name, share, fresh):
    """Of seven parts: by chance it would in one bird of seven."""
    effects = part_effects(mx.load(name), fresh)
    assert np.mean(effects.argmax(axis=1) == own_part(fresh)) >= share


@pytest.mark.slow
@pytest.mark.parametrize("name", CLEAN)
def test_with_the_partner_as_baseline_only_the_part_that_differs_is_explained(name, fresh):
    """Exactly 0 elsewhere, because nothing moved there; and what it explains adds up."""
    model, scenes = mx.load(name), fresh[:24]
    partner = scenes.with_(labels=scenes.labels ^ 1)
    same = (scenes.images == partner.images).all(axis=-1)
    moved = contrast(model, scenes, scenes.images) - contrast(model, scenes, partner.images)
    asked = {"target": scenes.labels, "versus": partner.labels, "baseline": partner.images}
    assert (moved > 1).all()
    for method, tolerance in ((mx.integrated_gradients, 1e-2), (mx.deep_lift, 1e-4)):
        result = method(model, scenes.images, **asked)
        assert not result.values[same].any()
        total = result.values.sum(axis=(1, 2, 3), dtype=np.float64)
        assert np.abs(total / moved - 1).mean() <= tolerance


@pytest.mark.slow
@pytest.mark.parametrize("name", CLEAN)
def test_the_legs_of_redshanks_are_worth_most_of_the_contrast(name):
    """The exact Shapley values of seven parts, 2⁷ pictures of each bird."""
    model, names, shares = mx.load(name), list(PLAYERS), []
    for scene in draw(4, MEASURE, species="redshank"):

        def value(coalitions, scene=scene):
            absent = [sum((PLAYERS[names[i]] for i in np.flatnonzero(~row)), ()) for row in coalitions]
            images = np.concatenate([render(scene, remove=parts)[0] for parts in absent])
            return model.scores(images) @ (np.eye(8)[0] - np.eye(8)[1])

        worth = mx.shapley(value, len(names)).values
        shares.append(worth[names.index("legs")] / worth.sum())
    assert np.mean(shares) >= 0.8


@pytest.mark.slow
def test_the_cheat_is_caught_by_swapping_habitats_and_by_moving_a_bird():
    clean, biased = mx.load("shorebirds"), mx.load("shorebirds-biased")
    away = swapped(300, MEASURE)
    right = {model: np.mean(model.predict(away.images) == away.labels) for model in (clean, biased)}
    assert right[clean] > 0.97
    assert right[biased] < 0.8
    scenes = tied(60, MEASURE)
    ranges = []
    for model in (clean, biased):
        there = [contrast(model, scenes, scenes.with_(habitat=habitat).images) for habitat in HABITATS]
        ranges.append(np.ptp(there, axis=0).mean())
    assert ranges[1] > 2 * ranges[0]

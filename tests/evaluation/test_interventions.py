"""What networks go by: those made by hand, of which it is known, and birds drawn again with one thing changed."""

from itertools import permutations

import numpy as np
import pytest

import minixai as mx
from minixai.datasets import birds
from minixai.datasets.birds import PLAYERS
from minixai.evaluation import background_range, contrast, intervene, part_shapley, removal_drops
from minixai.evaluation.interventions import (
    PICTURES_PER_SCENE,
    NetworkTest,
    bird_masks,
    changed_pixels,
    decisive_masks,
    decisive_players,
    player_masks,
    without,
)
from tests.evaluation.known_networks import bent, cheating, linear, weighing

NAMES = list(PLAYERS)


@pytest.fixture(scope="module")
def scenes():
    return birds.draw(6, seed=3)


def test_the_eye_goes_with_the_head():
    assert PLAYERS["head"] == ("head", "eye")
    assert sorted(part for parts in PLAYERS.values() for part in parts) == sorted(birds.PARTS)


def test_masks_of_players(scenes):
    masks = player_masks(scenes)
    np.testing.assert_allclose(masks.sum(axis=-1) + scenes.masks[..., -1], 1, atol=1e-6)
    for i, part in enumerate(scenes.distinguishing_parts):
        np.testing.assert_array_equal(decisive_masks(scenes)[i], scenes.masks[i, ..., part])
        assert NAMES[decisive_players(scenes)[i]] == birds.DISTINGUISHING_PART[birds.CLASSES[scenes.labels[i]]]


def test_a_pixel_that_changed_belongs_to_the_decisive_part_of_one_of_the_two(scenes):
    partners = scenes.with_(labels=scenes.labels ^ 1)
    changed = changed_pixels(scenes)
    assert changed.any(axis=(1, 2)).all()
    assert not changed[(decisive_masks(scenes) + decisive_masks(partners)) == 0].any()


def test_contrast_by_hand(scenes):
    model = weighing()
    scores = model.scores(scenes.images)
    expected = [row[k] - row[k ^ 1] for row, k in zip(scores, scenes.labels, strict=True)]
    np.testing.assert_allclose(contrast(model, scenes.images, scenes.labels), expected, rtol=1e-12)


def test_drops_of_a_weighted_sum_are_weighted_sums(scenes):
    model = weighing()
    kernel = model.weights["scores/kernel"]
    drops = removal_drops(model, scenes)
    for j, name in enumerate(NAMES):
        lost = (scenes.images - without(scenes, [name])).reshape(len(scenes), -1).astype(float)
        expected = [lost[i] @ (kernel[:, k] - kernel[:, k ^ 1]) for i, k in enumerate(scenes.labels)]
        np.testing.assert_allclose(drops[:, j], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_part_shapley_is_the_mean_over_all_orders_of_arrival():
    """By the definition, over the 5,040 orders of seven parts, on a network in which parts depend on each other."""
    scene, model = birds.draw(1, seed=2), bent()
    worth = {}
    for k in range(2**7):
        present = [name for i, name in enumerate(NAMES) if k >> i & 1]
        image = without(scene, set(NAMES) - set(present))
        worth[frozenset(present)] = contrast(model, image, scene.labels)[0]
    total = dict.fromkeys(NAMES, 0.0)
    for order in permutations(NAMES):
        there = frozenset()
        for name in order:
            total[name] += worth[there | {name}] - worth[there]
            there |= {name}
    expected = np.array([total[name] for name in NAMES]) / 5040
    found = part_shapley(model, scene)[0]
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    assert abs(found - removal_drops(model, scene)[0]).max() > 1e-3  # and that is not what each part alone is worth


def test_part_shapley_adds_up(scenes):
    model = bent(1)
    ends = [contrast(model, image, scenes.labels) for image in (scenes.images, without(scenes, NAMES))]
    np.testing.assert_allclose(part_shapley(model, scenes).sum(axis=1), ends[0] - ends[1], rtol=1e-9, atol=1e-12)


@pytest.mark.slow
def test_a_part_that_is_the_same_in_both_scores_is_worth_nothing(scenes):
    """Weights that are zero where no leg can be seen: then the legs are all."""
    seen = player_masks(scenes)[..., NAMES.index("legs")].max(axis=0) > 0
    weights = np.where(seen[..., None, None], np.random.default_rng(0).normal(size=(64, 64, 3, 8)), 0)
    hidden = player_masks(scenes)[..., NAMES.index("tail")].max(axis=0) > 0
    weights[hidden] = 0
    drops, shapley = removal_drops(linear(weights), scenes), part_shapley(linear(weights), scenes)
    assert not drops[:, NAMES.index("tail")].any()
    assert not shapley[:, NAMES.index("tail")].any()
    assert drops[:, NAMES.index("legs")].all()


@pytest.mark.slow
def test_scenes_have_their_own_numbers(scenes):
    model = bent()
    for f in (removal_drops, part_shapley, background_range):
        np.testing.assert_allclose(f(model, scenes)[2:3], f(model, scenes[2:3]), rtol=1e-9, atol=1e-12)


def test_background_range_by_hand(scenes):
    model = weighing()
    each = [contrast(model, scenes.with_(habitat=h).images, scenes.labels) for h in birds.HABITATS]
    np.testing.assert_allclose(background_range(model, scenes), np.max(each, axis=0) - np.min(each, axis=0), rtol=1e-12)


def test_who_looks_at_the_background_alone_is_caught():
    """The bird's parts are worth exactly nothing to it, the habitat is worth all."""
    scenes = birds.draw(40, seed=1)
    found = intervene(cheating(), scenes)
    assert not found.drops.any()
    assert not part_shapley(cheating(), scenes[:3]).any()
    assert (found.background > 0.01).all()
    assert "the habitat matters more than the decisive part    1.00 ± 0.00" in str(found)
    # nor does it matter which bird it is: all birds of a pair get the same contrast, with opposite signs
    partners = scenes.with_(labels=scenes.labels ^ 1)
    opposite = contrast(cheating(), partners.images, partners.labels)
    np.testing.assert_allclose(contrast(cheating(), scenes.images, scenes.labels), -opposite, rtol=1e-12)


def test_who_looks_at_no_background_is_cleared():
    """A network that knows where this one bird stands: its weights are the bird's own pixels."""
    scene = birds.draw(1, seed=4)
    bird = 1 - scene.masks[0, ..., -1]
    weights = np.random.default_rng(0).normal(size=(64, 64, 3, 8)) * (bird == 1)[..., None, None]
    found = intervene(linear(weights), scene)
    assert found.background == 0
    assert found.drops.any()


def test_audit_counts_what_is_named_rightly():
    scenes, model = birds.draw(30, seed=2), cheating()
    found = intervene(model, scenes)
    for j, habitat in enumerate(birds.HABITATS):
        right = model.predict(scenes.with_(habitat=habitat).images) == scenes.labels
        np.testing.assert_array_equal(found.right[:, j], right)
    np.testing.assert_array_equal(found.at_home, model.predict(scenes.images) == scenes.labels)
    elsewhere = [found.right[i, [j for j in range(3) if j != h]].mean() for i, h in enumerate(scenes.habitat)]
    np.testing.assert_allclose(found.moved_away, elsewhere)
    for j, habitat in enumerate(birds.HABITATS):
        there = contrast(model, scenes.with_(habitat=habitat).images, scenes.labels)
        np.testing.assert_allclose(found.contrasts[:, j], there, rtol=1e-12)
    np.testing.assert_allclose(found.background, background_range(model, scenes), rtol=1e-12)
    first = scenes.habitat == 0
    fall = found.contrasts[first, 0] - found.contrasts[first, 1:].mean(axis=1)
    np.testing.assert_allclose(found.leaving[first], fall, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(found.decisive, found.drops[np.arange(30), decisive_players(scenes)])
    table = str(found).split("\n\n")[1].splitlines()
    assert table[0].split() == ["named", "rightly", *birds.HABITATS]
    assert len(table) == 1 + len(np.unique(scenes.labels))


@pytest.mark.parametrize("f", [removal_drops, part_shapley, background_range, intervene])
def test_other_classes_have_no_truth(f, scenes):
    with pytest.raises(
        ValueError, match="only for models of the eight shorebirds, and this one has 10 other classes: take"
    ):
        f(mx.load("digits"), scenes)
    with pytest.raises((TypeError, ValueError), match="model is a Model, got|and this is a function: take"):
        f(lambda x: x.sum((1, 2, 3)), scenes)


@pytest.mark.parametrize("f", [removal_drops, part_shapley, background_range, intervene])
def test_images_cannot_be_drawn_again(f, scenes):
    with pytest.raises(TypeError, match="scenes are what birds.draw gives, got ndarray"):
        f(weighing(), scenes.images)


@pytest.mark.parametrize(("labels", "words"), [
    ([0, 1], r"labels of shape \(2,\) do not fit 6 images: give one for each"),
    (0, r"labels of shape \(\) do not fit 6 images"),
    ([0, 1, 2, 3, 4, -1], "give numbers from 0 to 7, or names"),
    ([0, 1, 2, 3, 4, 8], "give numbers from 0 to 7, or names"),
    ([0.0] * 6, "give numbers from 0 to 7, or names"),
    (["robbin"] * 6, "unknown labels 'robbin', did you mean 'robin'"),
])  # fmt: skip
def test_labels_that_do_not_fit(scenes, labels, words):
    with pytest.raises(ValueError, match=words):
        contrast(weighing(), scenes.images, labels)


def test_labels_may_be_names(scenes):
    names = [birds.CLASSES[k] for k in scenes.labels]
    expected = contrast(weighing(), scenes.images, scenes.labels)
    np.testing.assert_array_equal(contrast(weighing(), scenes.images, names), expected)


@pytest.mark.parametrize(("habitat", "leans"), [(10.0, True), (1.0, False)])
def test_the_check_of_a_network_says_what_it_goes_by(habitat, leans):
    """By pencil: the decisive part is worth 4, and the habitat `habitat`."""
    scenes = birds.draw(4, seed=7)
    drops = np.zeros((4, len(PLAYERS)))
    drops[np.arange(4), decisive_players(scenes)] = 4.0
    contrasts = np.tile([0.0, habitat, 0.0], (4, 1))
    check = NetworkTest(scenes, np.ones((4, 3), bool), contrasts, drops).check()
    assert (check.number, check.uncertainty) == (habitat, 0)
    assert check.status == ("does not hold" if leans else "holds")
    assert ("leans on the habitat" in check.reading) == leans
    assert [row.number for row in check.table] == [habitat, 4, 1]


def test_a_bird_covers_what_its_parts_cover():
    scenes = birds.draw(2, seed=3)
    np.testing.assert_allclose(bird_masks(scenes), player_masks(scenes).sum(axis=-1), atol=1e-6)
    assert 0 < bird_masks(scenes).mean() < 0.5


def test_intervene_takes_as_many_pictures_as_are_told(monkeypatch):
    rows, scores = [], mx.Model.scores

    def count(self, images):
        rows.append(len(images))
        return scores(self, images)

    monkeypatch.setattr(mx.Model, "scores", count)
    intervene(bent(), birds.draw(2, seed=3))
    assert sum(rows) == 2 * PICTURES_PER_SCENE

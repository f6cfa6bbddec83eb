"""The shipped networks, about which the truth is known: which maps say it, and who cheats."""

import numpy as np
import pytest

import minixai as mx
from minixai.datasets import birds
from minixai.datasets.birds import PLAYERS
from minixai.evaluation import contrast, intervene, part_shapley, score
from minixai.evaluation.interventions import changed_pixels, decisive_players

pytestmark = pytest.mark.slow
NAMES = list(PLAYERS)


@pytest.fixture(scope="module")
def clean():
    return mx.load("shorebirds")


@pytest.fixture(scope="module")
def biased():
    return mx.load("shorebirds-biased")


@pytest.fixture(scope="module")
def board(clean):
    methods = ["gradient", "deep_lift:blur", "deep_shap", "hires_cam", "grad_cam", "guided_backprop"]
    return score(clean, birds.draw(40, seed=11), methods, every=2)


def mean(board, method, column):
    return board.mean[board.methods.index(method), [s.name for s in board.scores].index(column)]


def test_with_the_partner_as_baseline_all_lies_on_what_tells_them_apart(clean):
    """And adds up: DeepLIFT to rounding, IG at 50 steps to a hundredth on average."""
    scenes = birds.draw(16, seed=0)
    partners = scenes.with_(labels=scenes.labels ^ 1)
    difference = contrast(clean, scenes.images, scenes.labels) - contrast(clean, partners.images, scenes.labels)
    for method, most in ((mx.deep_lift, 1e-4), (mx.integrated_gradients, 0.01)):
        given = {"versus": partners.labels, "baseline": partners.images, "batch": 16}
        with np.errstate(all="ignore"):
            values = method(clean, scenes.images, scenes.labels, **given).values
        assert not values[~changed_pixels(scenes)].any()
        gap = abs(values.sum(axis=(1, 2, 3), dtype=float) - difference) / abs(difference)
        assert (gap.max() if method is mx.deep_lift else gap.mean()) <= most


def test_redshanks_are_told_by_their_legs(clean):
    scenes = birds.draw(12, seed=0, species=["redshank"])
    values = part_shapley(clean, scenes)
    legs = values[:, NAMES.index("legs")]
    assert (legs >= 0.8 * values.sum(axis=1)).all()
    assert (abs(np.delete(values, NAMES.index("legs"), axis=1)).max(axis=1) < 0.5 * legs).all()


@pytest.mark.parametrize("pair", birds.PAIRS)
def test_what_decides_is_worth_most_in_every_pair(clean, pair):
    """Of one of the two at least: the network may take the other for granted, until a mark speaks against it.

    Then nothing on that bird raises its contrast above that of an empty habitat, and there is little to share out.
    """
    shares = []
    for species in pair[:2]:
        scenes = birds.draw(8, seed=1, species=[species])
        shares.append((part_shapley(clean, scenes).argmax(axis=1) == decisive_players(scenes)).mean())
    assert max(shares) == 1


def test_maps_that_compare_with_something_know_more_than_edges(board):
    for method in ("deep_lift:blur", "deep_shap"):
        for column in ("density", "pointing", "deletion rank"):
            for nobody in ("edge detector", "random map"):
                assert mean(board, method, column) > mean(board, nobody, column) + 0.2, (method, column, nobody)


def test_guided_backprop_shows_the_image_and_hires_cam_does_not(board):
    """Without its last layer the one is as it was."""
    assert mean(board, "guided_backprop", "randomised top") > 0.5
    assert abs(mean(board, "hires_cam", "randomised top")) < 0.5
    assert mean(board, "guided_backprop", "density") < mean(board, "deep_lift:blur", "density")


def test_the_cheat_is_caught(clean, biased):
    """Where it learnt it is perfect.  Moved, it errs; and its contrast falls by many standard errors, the other's not.

    Each species stands where `shorebirds-biased` has nearly always seen it, and then elsewhere.
    """
    scenes = mx.zoo.birds.tied(120, seed=3)
    honest, cheat = (intervene(model, scenes) for model in (clean, biased))
    assert honest.at_home.mean() >= 0.98
    assert cheat.at_home.mean() >= 0.98
    assert honest.moved_away.mean() >= 0.97
    assert cheat.moved_away.mean() < 0.9
    for found, caught in ((honest, False), (cheat, True)):
        error = found.leaving.std(ddof=1) / np.sqrt(len(scenes))
        assert (found.leaving.mean() > 8 * error) == caught
    # what the habitat does, beside what the decisive part does
    shares = [(found.background.mean() / found.decisive.mean()) for found in (honest, cheat)]
    assert shares[1] > 2 * shares[0]
    assert cheat.top.mean() < honest.top.mean()


def test_the_cheat_is_caught_by_the_swap(clean, biased):
    """Birds where it expects their partners."""
    scenes = mx.zoo.birds.swapped(200, seed=3)
    honest, cheat = ((model.predict(scenes.images) == scenes.labels).mean() for model in (clean, biased))
    assert honest >= 0.97
    assert cheat < 0.85

"""Each question where its answer is known: linear networks, random maps, maps that ignore the network."""

import numpy as np
import pytest

import minixai as mx
from minixai.audit.agreement import check_agreement
from minixai.audit.faithfulness import check_faithfulness
from minixai.audit.localisation import check_localisation
from minixai.audit.randomisation import check_randomisation, compare_with_edges, rank_where_marked
from minixai.audit.robustness import check_robustness, shifted
from minixai.datasets import birds
from minixai.evaluation import random_map
from minixai.evaluation.cascades import DESCRIPTION
from minixai.evaluation.checks import Judgement
from minixai.layers import Dense, Flatten
from minixai.model import Model
from tests.audit.cases import case_of, foreign

TARGET = 2


def linear(side=8, classes=3, seed=0):
    """Scores that are sums of the pixels with weights, so that every truth is known; and images."""
    model = Model([("flatten", Flatten()), ("scores", Dense(classes))], (side, side, 1))
    rng = np.random.default_rng(seed)
    weights = {"scores/kernel": rng.normal(size=(side * side, classes)) * 0.3, "scores/bias": np.zeros(classes)}
    model.set_weights({name: w.astype(np.float32) for name, w in weights.items()})
    return model, rng.random((2, side, side, 1)).astype(np.float32)


def test_contributions_of_a_linear_network_are_what_it_cares_about():
    model, x = linear()
    check = check_faithfulness(case_of(model, x, "deep_lift", baseline="mean"))
    numbers = {row.label: row.number for row in check.table}
    assert check.status == "holds"
    assert [n for label, n in numbers.items() if label.startswith("sensitivity-n")] == pytest.approx([1] * 3, abs=1e-4)
    assert numbers["infidelity"] == pytest.approx(0, abs=1e-8)
    assert numbers["infidelity, unexplained by the best factor"] == pytest.approx(0, abs=1e-4)


def test_a_random_map_is_what_it_does_not_care_about():
    model, x = linear()
    noise = random_map(x, seed=99)
    check = check_faithfulness(case_of(model, x, "deep_lift", noise))
    assert check.status == "does not hold"
    assert abs(check.number) < 3 * check.uncertainty


def test_guided_backprop_survives_forgetting():
    images, _ = mx.datasets.digits("test")
    model = mx.load("digits")
    survives = check_randomisation(case_of(model, images[:4], "guided_backprop"))
    assert survives.number > 0.5
    assert survives.status == "does not hold"
    forgets = check_randomisation(case_of(model, images[:4], "deep_lift"))
    assert abs(forgets.number) < 0.3
    assert forgets.status != "does not hold"


def test_edges_over_black_paper_are_compared_where_something_is_marked():
    """By pencil: where both are 0 everywhere but on two pixels, only these two are ranked."""
    a, b = np.zeros((4, 4)), np.zeros((4, 4))
    a[0, :2], b[0, :2] = (1, 2), (2, 1)
    assert rank_where_marked(a, b) == pytest.approx(-1)
    assert rank_where_marked(np.zeros((4, 4)), np.zeros((4, 4))) == 0


@pytest.mark.parametrize(
    ("status", "edge", "expected"),
    [("holds", 0.6, "take care"), ("holds", 0.4, "holds"), ("does not hold", 0.6, "does not hold")],
)
def test_a_map_that_changes_but_looks_like_edges_calls_for_care(status, edge, expected):
    check = DESCRIPTION.result(0.1, "", Judgement(status, "", "It changes"))
    found = compare_with_edges(check, edge)
    assert found.status == expected
    assert ("much like an edge detector's map (ρ 0.600)" in found.verdict) == (expected == "take care")


def test_a_pattern_that_only_flips_its_sign_is_told():
    """The gradient of one score of relu(x) · w · v: the last layer is the number v, which may change its sign."""
    layers = [("flatten", Flatten()), ("hidden", Dense(1)), ("scores", Dense(1))]
    model = Model(layers, (6, 6, 1))
    x = np.random.default_rng(0).random((1, 6, 6, 1)).astype(np.float32)
    check = check_randomisation(case_of(model, x, "input_x_gradient", seed=1))
    assert check.status in ("take care", "does not hold")
    rho = {row.label: row.number for row in check.table}["without the last layer (scores), signed"]
    assert min(abs(abs(rho) - 1), abs(rho)) < 1e-6


def test_a_function_of_nodes_cannot_forget():
    check = check_randomisation(case_of(lambda x: x.sum((1, 2, 3)), np.ones((1, 4, 4, 1)), "gradient"))
    assert check.status == "not asked"


def test_choices_of_a_linear_network():
    """A gradient of it depends on nothing; a contribution on its baseline alone, and there by pencil."""
    model, x = linear()
    check = check_robustness(case_of(model, x, "gradient"))
    by_name = {row.label: row.number for row in check.table}
    assert by_name["under noise of 1 %"] == pytest.approx(1)
    assert by_name["in float64"] == pytest.approx(1, abs=1e-6)
    check = check_robustness(case_of(model, x, "deep_lift"))
    by_name = {row.label: row.number for row in check.table}
    w = model.weights["scores/kernel"][:, model.predict(x)].T
    expected = mx.evaluation.rank_correlation(w * x.reshape(2, -1), w * (x.reshape(2, -1) - 1)).mean()
    assert by_name["with a baseline of white"] == pytest.approx(expected, abs=1e-6)
    assert check.number == min(by_name.values())


@pytest.mark.parametrize(("output", "other"), [("score", "probability"), ("probability", "score")])
def test_the_other_output_is_one_of_the_choices(output, other):
    model, x = linear()
    check = check_robustness(case_of(model, x, "gradient", output=output))
    assert [row.label for row in check.table if row.label.startswith("for the")] == [f"for the {other}"]


def test_a_crop_moves_the_map_back():
    """A convolution sees the same thing in a moved image, so far from the border its map is the same."""
    layers = [("conv", mx.layers.Conv2D(4, 3, activation="relu")), ("mean", mx.layers.GlobalAveragePool2D())]
    case = case_of(Model(layers, (16, 16, 3)), foreign()[1]["x"], "input_x_gradient")
    attempts = list(shifted(case))
    assert len(attempts) == 2
    for map_, margin in attempts:
        assert margin == 1
        np.testing.assert_allclose(map_[:, 3:-3, 3:-3], case.pixels[:, 3:-3, 3:-3], rtol=1e-4, atol=1e-6)


def test_methods_of_a_linear_network_agree():
    model, x = linear()
    names = ("input_x_gradient", "integrated_gradients", "lrp", "gradient")
    check = check_agreement(case_of(model, x, "deep_lift"), names)
    assert check.number == pytest.approx(1, abs=1e-3)
    table_names, table = check.matrix
    assert table_names == ("deep_lift", "gradient", "input_x_gradient", "integrated_gradients", "lrp")
    np.testing.assert_allclose(table, table.T)
    np.testing.assert_allclose(np.diag(table), 1)


def test_masks_that_are_given_are_the_truth():
    """By pencil: a map that lies on the mask alone is as dense as 1 / area, and one beside it has nothing there."""
    model, x = linear()
    mask = np.zeros((8, 8))
    mask[:2, :4] = 1
    on = np.broadcast_to(mask[..., None], x.shape)
    check = check_localisation(case_of(model, x, "deep_lift", on), mask)
    assert check.number == pytest.approx(8)
    assert check.status == "holds"
    off = check_localisation(case_of(model, x, "deep_lift", 1 - on), mask)
    assert off.number == 0
    assert off.status == "does not hold"
    with pytest.raises(ValueError, match="truth of shape"):
        check_localisation(case_of(model, x, "deep_lift"), np.ones((3, 3)))


def test_each_score_on_a_soft_mask_stands_beside_its_own_chance():
    """By pencil: 8 of 64 pixels are covered, 4 wholly and 4 by a quarter; the rank counts those by half or more."""
    model, x = linear()
    mask = np.zeros((8, 8))
    mask[0, :4], mask[1, :4] = 1, 0.25
    notes = {row.label: row.note for row in check_localisation(case_of(model, x, "deep_lift"), mask).table}
    where = "on what the masks show"
    assert notes[f"density {where}"] == "by chance 1"
    assert notes[f"mass {where}"] == notes[f"pointing {where}"] == "by chance 0.078"
    assert notes[f"rank {where}"] == "by chance 0.062"


def test_a_folder_of_pairs_is_the_truth(tmp_path):
    from PIL import Image

    model, x = linear()
    for name, array in (("a", x[0]), ("a-mask", np.ones_like(x[0]))):
        Image.fromarray((array[..., 0] * 255).astype(np.uint8)).save(tmp_path / f"{name}.png")
    check = check_localisation(case_of(model, x, "deep_lift"), tmp_path)
    assert check.number == pytest.approx(1)
    assert check.facts["images"] == 1
    (tmp_path / "a-mask.png").unlink()
    with pytest.raises(ValueError, match=r"no mask beside it: add a-mask\.png"):
        check_localisation(case_of(model, x, "deep_lift"), tmp_path)
    with pytest.raises(ValueError, match="is no folder"):
        check_localisation(case_of(model, x, "deep_lift"), tmp_path / "nowhere")


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", ["shorebirds", "shorebirds-biased"])
def test_who_leans_on_the_habitat_is_told(name, seed):
    model = mx.load(name)
    images, _ = mx.datasets.shorebirds(1, seed=3)
    check = check_localisation(case_of(model, images, "gradient", seed=seed), None)
    assert check.facts["leans on the habitat"] == (name == "shorebirds-biased")
    assert ("leans on the habitat" in check.verdict) == (name == "shorebirds-biased")
    assert check.facts["images"] == 16


def test_scenes_that_are_given_are_asked_about():
    model = mx.load("shorebirds-biased")
    scenes = birds.draw(2, seed=5)
    check = check_localisation(case_of(model, scenes.images, "gradient"), scenes)
    assert check.facts["images"] == 2
    assert "named rightly in other habitats" in [row.label for row in check.table]


def test_a_standard_error_says_how_far_other_seeds_lead():
    """Differences of ten seeds, in standard errors of both, follow Student's t of few draws: most are below 3."""
    model, maps = foreign()
    checks = [check_randomisation(case_of(model, maps["x"], "deep_lift", target=TARGET, seed=s)) for s in range(10)]
    numbers, errors = (np.array([getattr(c, name) for c in checks]) for name in ("number", "uncertainty"))
    apart = abs(numbers[:, None] - numbers) / np.hypot(errors[:, None], errors)
    pairs = apart[np.triu_indices(10, 1)]
    assert len(np.unique(numbers)) == 10
    assert 0.2 < (pairs <= 1).mean() < 0.8
    assert (pairs <= 3).mean() > 0.8

"""The table: its numbers are those of the functions, its rows and columns those asked for, and it can be looked at."""

import re

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.text import Text

import minixai as mx
from minixai import evaluation, plots
from minixai.audit.case import default_options
from minixai.datasets import birds
from minixai.datasets.birds import CLASSES
from minixai.evaluation import SCORES, Scoreboard, score
from minixai.evaluation.contenders import DEFAULT, chance_rows, contender
from minixai.evaluation.interventions import changed_pixels, decisive_masks, player_masks
from minixai.evaluation.scoreboard import short
from minixai.layers import Conv2D, Dense, Flatten
from minixai.plots.scores import BAR_COLOUR, PALE_COLOUR
from minixai.progress import Progress
from tests.evaluation.known_networks import SHAPE, bent, weighing
from tests.figures import corners, overlap, rendered, within


@pytest.fixture(scope="module")
def scenes():
    return birds.draw(8, seed=3)


@pytest.fixture(scope="module")
def board(scenes):
    return score(bent(), scenes, ["gradient", "deep_lift:blur"], every=2)


def numbers(board, method, column):
    return board.values[board.methods.index(method), [s.name for s in board.scores].index(column)]


@pytest.mark.slow
def test_the_numbers_are_those_of_the_functions(board, scenes):
    model, partner = bent(), scenes.labels ^ 1
    decisive, bird = decisive_masks(scenes), 1 - scenes.masks[..., -1]
    lift = mx.deep_lift(model, scenes.images, scenes.labels, versus=partner, baseline="blur").values
    slope = mx.gradient(model, scenes.images, scenes.labels, versus=partner).values
    for method, maps, signed in (("deep_lift:blur", lift, True), ("gradient", slope, False)):
        parts, drops = player_masks(scenes), evaluation.removal_drops(model, scenes)
        expected = {
            "bird mass": evaluation.relevance_mass(maps, bird, signed),
            "density": evaluation.decisive_density(maps, decisive),
            "rank accuracy": evaluation.relevance_rank(maps, decisive, signed),
            "pointing": evaluation.pointing(maps, decisive, signed),
            "deletion rank": evaluation.deletion_rank(maps, parts, drops, signed),
            "Shapley distance": evaluation.shapley_distance(
                maps, parts, evaluation.part_shapley(model, scenes), signed
            ),
        }
        for name, values in expected.items():
            np.testing.assert_allclose(numbers(board, method, name), values, rtol=1e-9, atol=1e-12, err_msg=name)


def test_dear_scores_are_asked_about_few_scenes(board, scenes):
    model, few, partner = bent(), scenes[::2], scenes[::2].labels ^ 1
    for name in ("target sensitivity", "off support", "randomised top", "deletion", "insertion"):
        values = numbers(board, "gradient", name)
        assert np.isfinite(values[::2]).all()
        assert np.isnan(values[1::2]).all()
    other = few.with_(labels=partner).images
    lift = mx.deep_lift(model, few.images, few.labels, versus=partner, baseline=other).values
    off = 1 - evaluation.relevance_mass(lift, changed_pixels(few), signed=False)
    np.testing.assert_allclose(numbers(board, "deep_lift:blur", "off support")[::2], off, atol=1e-12)
    own, others = (mx.gradient(model, few.images, k).values for k in (few.labels, partner))
    sensitive = evaluation.target_sensitivity(own, others, decisive_masks(few), signed=False)
    np.testing.assert_array_equal(numbers(board, "gradient", "target sensitivity")[::2], sensitive)
    forgot = evaluation.randomisation(mx.gradient, model, few.images, few.labels, versus=partner, layers=1)
    np.testing.assert_allclose(numbers(board, "gradient", "randomised top")[::2], forgot.absolute[0], rtol=1e-9)
    maps = mx.gradient(model, few.images, few.labels, versus=partner).values
    deleted = evaluation.deletion_curve(model, few.images, maps, few.labels, steps=16, signed=False).auc
    np.testing.assert_allclose(numbers(board, "gradient", "deletion")[::2], deleted, rtol=1e-9)


def test_with_the_partner_as_baseline_nothing_lies_on_what_they_share(board):
    assert abs(numbers(board, "deep_lift:blur", "off support")[::2]).max() < 1e-12
    background = birds.draw(3, seed=9).images
    scene = birds.draw(2, seed=5)
    partner = scene.with_(labels=scene.labels ^ 1).images
    for name in ("integrated_gradients", "expected_gradients", "deep_shap"):
        maps, _ = contender(name, background)(bent(), scene.images, scene.labels, scene.labels ^ 1, partner)
        assert not maps[~changed_pixels(scene)].any()
        assert maps.any()


def test_what_knows_no_network(board):
    assert board.methods == ("gradient", "deep_lift:blur", "edge detector", "random map")
    for name in board.methods[2:]:
        assert (numbers(board, name, "target sensitivity")[::2] == 0.5).all()
        np.testing.assert_allclose(numbers(board, name, "randomised top")[::2], 1, rtol=1e-12)


@pytest.mark.slow
def test_noise_reaches_what_chance_is_said_to_be():
    """Within 4 standard errors, over 60 scenes."""
    names = ["bird mass", "density", "rank accuracy", "pointing", "deletion rank", "off support"]
    found = score(weighing(), birds.draw(60, seed=8), [], names, every=1)
    noise = found.methods.index("random map")
    off, error = abs(found.mean[noise] - found.chance), found.standard_error[noise]
    hit = names.index("pointing")  # rare: its error is that of a coin, not that of the few hits there are
    error[hit] = np.sqrt(found.chance[hit] * (1 - found.chance[hit]) / 60)
    assert (off < 4 * error).all(), dict(zip(names, off / error, strict=True))


def test_the_mean_and_its_error():
    values = np.array([[[1.0, 2.0, 3.0, 6.0], [1.0, np.nan, 2.0, np.nan]]])
    found = Scoreboard(("m",), tuple(SCORES.values())[:2], values, np.array([0.5, np.nan]))
    np.testing.assert_allclose(found.mean, [[3, 1.5]])
    np.testing.assert_allclose(found.standard_error, [[np.std([1, 2, 3, 6], ddof=1) / 2, 0.5]])
    lines = str(found).splitlines()
    assert lines[-2].split() == ["m", "3.00±1.08", "1.50±.50"]
    assert lines[-1].split() == ["chance", ".50"]


def test_one_scene_has_no_error():
    found = score(weighing(), birds.draw(1, seed=3), ["gradient"], ["bird mass"])
    assert np.isnan(found.standard_error).all()
    assert "±" not in str(found)


def test_the_cost_is_told_before_and_right(scenes, monkeypatch):
    """As many rows as were told go through the network, less those that images share in one call."""
    told, spent = [], []
    monkeypatch.setattr(Progress, "advance", lambda self, steps=1, note="": spent.append((self.what, steps)))
    methods = ["smooth_grad", "integrated_gradients:black", "expected_gradients", "hires_cam"]
    columns = ["bird mass", "pointing", "target sensitivity", "off support", "deletion"]
    convolutional = mx.Model([Conv2D(2, 5, stride=4, activation="relu"), Flatten(), Dense(8)], SHAPE, classes=CLASSES)
    score(convolutional, scenes[:4], methods, columns, every=2, announce=told.append)
    pictures, rows = (int(n.replace(",", "")) for n in re.findall(r"[\d,]+(?= [pr])", told[0]))
    assert pictures == 2  # partners, of every other scene
    through = sum(steps for what, steps in spent if what.startswith("scores: "))
    # baselines and backgrounds are sent once for all images of a call, and one row of each once more; a partner is
    # a background of one, and of the partners that are baselines one is sent once more
    assert rows - through == (3 + 1 + 1) * (2 + 21) + 2 * (20 - 1) + 1


def test_seeds_decide(scenes):
    first, again, other = (
        score(bent(), scenes[:2], ["smooth_grad"], ["density"], seed=seed).values for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert (first[[0, 2]] != other[[0, 2]]).all()
    np.testing.assert_array_equal(first[1], other[1])  # edges know no chance


def test_how_methods_are_asked():
    background = np.zeros((2, 64, 64, 3))
    for text in DEFAULT:
        who = contender(text, background)
        assert who.name == text
        assert who.own_class == text.endswith("cam")
        assert who.signed == (text not in ("gradient", "smooth_grad", "guided_backprop"))
    assert contender("occlusion:mean", background).options["baseline"] == "mean"
    assert contender("shapley_values", background).options["players"].max() == 63
    assert [who.name for who in chance_rows()] == ["edge detector", "random map"]


@pytest.mark.parametrize(("methods", "words"), [
    (["gradent"], "unknown method 'gradent', did you mean 'gradient'"),
    (["gradient:blur"], "gradient knows no baseline: write gradient alone, or take one that does: .*deep_lift"),
    (["deep_lift:blurr"], "unknown baseline 'blurr', did you mean 'blur'"),
    (["activations"], "activations explains no class, so there is no truth to score it by"),
])  # fmt: skip
def test_methods_that_cannot_be(scenes, methods, words):
    with pytest.raises(ValueError, match=words):
        score(weighing(), scenes, methods)


@pytest.mark.parametrize(("options", "words"), [
    ({"scores": ["pointng"]}, "unknown score 'pointng', did you mean 'pointing'"),
    ({"scores": []}, "there is no score to compute: name some of bird mass, density"),
    ({"every": 0}, "every is a whole number, at least 1"),
    ({"seed": -1}, "seed is a whole number, at least 0"),
])  # fmt: skip
def test_options_that_cannot_be(scenes, options, words):
    with pytest.raises(ValueError, match=words):
        score(weighing(), scenes, ["gradient"], **options)


def test_one_method_or_score_may_be_named_without_a_list(scenes):
    board = score(weighing(), scenes, "gradient", "bird mass")
    assert board.methods[0] == "gradient"
    assert [column.name for column in board.scores] == ["bird mass"]


def test_other_classes_have_no_truth(scenes):
    with pytest.raises(
        ValueError,
        match="only for models of the eight shorebirds, and this one has 10 other classes: take",
    ):
        score(mx.load("digits"), scenes)


@pytest.mark.parametrize(("x", "text"), [
    (0.534, ".53"), (-0.021, "-.02"), (-0.001, ".00"), (23.51, "23.5"), (-1.5, "-1.50"), (1.0, "1.00"), (10.04, "10.0"),
])  # fmt: skip
def test_short_numbers(x, text):
    assert short(x) == text


# -- the picture --------------------------------------------------------------------------------------


def words_of(figure):
    """Every text that the figure shows."""
    shown = [t for t in figure.findobj(Text) if t.get_visible() and t.get_text()]
    return [line for t in shown for line in t.get_text().split("\n")]


def test_the_picture_has_all_of_the_table(board):
    figure = plots.scores(board, title="two methods")
    rendered(figure)
    texts = words_of(figure)
    assert texts.count("two methods") == 1
    for each in board.scores:
        assert sum(text == each.name for text in texts) == 1
    left = [ax for ax in figure.axes if ax.yaxis.get_tick_params()["labelleft"]]
    assert len(left) == 3  # the names of the methods, once on each of three lines
    assert all([t.get_text() for t in ax.get_yticklabels()] == list(board.methods) for ax in left)
    means = [f"{m:.{1 if abs(m) >= 10 else 2}f}".replace("-", "−") for m in board.mean.ravel()]
    assert sorted(set(means)) == sorted(set(texts) & set(means))


@pytest.mark.parametrize("columns", [2, 3, 20])
def test_the_picture_of_any_width(board, columns):
    """No number on another, nothing beyond the figure."""
    figure = plots.scores(board, columns=columns)
    rendered(figure)
    remark = corners(figure, [figure._supxlabel])
    assert within(remark, np.array([[0, 0, *figure.get_size_inches()]])).all()
    for ax in figure.axes:
        boxes = corners(figure, [*ax.texts, ax.title, ax.xaxis.label])
        assert overlap(boxes, boxes).sum() == len(boxes)
        assert within(boxes, np.array([[0, 0, *figure.get_size_inches()]])).all()


def test_a_longer_bar_is_a_larger_number():
    """Bars of 1 and 3 beside a line at chance 2: the first ends before the line, the second after it."""
    column = next(iter(SCORES.values()))
    values = np.array([[[1.0]], [[3.0]], [[0.0]], [[-1.0]]])
    figure = plots.scores(Scoreboard(("a", "b", "edges", "noise"), (column,), values, np.array([2.0])))
    (ax,) = figure.axes
    lengths = [bar.get_width() for bar in ax.patches]
    np.testing.assert_allclose(lengths, [1, 3, 0, -1], atol=1e-9)
    assert all(bar.get_x() == 0 for bar in ax.patches)
    assert [to_hex(bar.get_facecolor()) for bar in ax.patches] == [BAR_COLOUR] * 2 + [PALE_COLOUR] * 2
    dashed = [line for line in ax.lines if line.get_linestyle() != "-"]
    assert {tuple(line.get_xdata()) for line in dashed} == {(2.0, 2.0)}
    assert rendered(figure).std() > 0


def test_whiskers_are_two_standard_errors_long():
    column = next(iter(SCORES.values()))
    values = np.array([[[1.0, 2.0, 3.0]], [[3.0, 3.0, 3.0]], [[0.0, 0.0, 0.0]], [[0.0, 0.0, 0.0]]])
    figure = plots.scores(Scoreboard(("a", "b", "edges", "noise"), (column,), values, np.array([np.nan])))
    (whiskers,) = figure.axes[0].collections
    np.testing.assert_allclose(np.ptp(whiskers.get_segments()[0][:, 0]), 4 / np.sqrt(3))


def test_a_check_of_a_score_holds_it_against_the_edge_detector_and_the_random_map():
    """By pencil: means 3, 2 and 1 with no spread, for a score of which more is better, and for one of which less is."""
    more, less = SCORES["density"], SCORES["deletion"]
    values = np.array([[[3.0] * 4, [3.0] * 4], [[2.0] * 4, [2.0] * 4], [[1.0] * 4, [1.0] * 4]])
    board = Scoreboard(("gradient", "edge detector", "random map"), (more, less), values, np.array([1.0, np.nan]))
    high, low = board.checks("gradient")
    assert (high.name, high.status, low.status) == ("density", "holds", "does not hold")
    assert high.number == 3
    assert high.uncertainty == 0
    assert [row.number for row in high.table] == [3, 2, 1]
    assert [check.status for check in board.checks("edge detector")] == ["take care", "does not hold"]
    assert high.question.endswith("?")
    assert high.source
    with pytest.raises(ValueError, match="unknown method 'gradent', did you mean 'gradient'"):
        board.checks("gradent")


def test_a_lead_within_two_standard_errors_is_none():
    values = np.array([[[2.0, 2.4]], [[1.0, 1.0]], [[1.0, 3.0]]])
    board = Scoreboard(("gradient", "edge detector", "random map"), (SCORES["density"],), values, np.array([1.0]))
    assert board.checks("gradient")[0].status == "does not hold"  # 2.2 ± 0.2 against 2.0 ± 1.0


def test_one_scene_has_no_standard_error():
    values = np.array([[[3.0]], [[2.0]], [[1.0]]])
    board = Scoreboard(("gradient", "edge detector", "random map"), (SCORES["density"],), values, np.array([1.0]))
    check = board.checks("gradient")[0]
    assert check.status == "holds"
    assert [row.uncertainty for row in check.table] == [None] * 3
    assert "3.000, 2.000 and 1.000" in check.reading


def test_blocks_are_the_same_for_the_scoreboard_and_the_audit():
    image = np.zeros((1, 16, 16, 3))
    for name in ("shapley_values", "feature_ablation"):
        scored, audited = contender(name, image).options, default_options(mx.catalogue[name], image.shape[1:], True)
        assert all((scored[option] == value).all() for option, value in audited.items() if option != "permutations")
        assert audited.get("permutations") == scored.get("permutations") == {"shapley_values": 10}.get(name)

"""Training: the walk's slopes are those of the loss, and networks learn."""

from types import SimpleNamespace

import numpy as np
import pytest

from minixai import training, zoo
from minixai.datasets import digits
from minixai.graph import Node
from minixai.layers import BatchNorm, Conv2D, Dense, Dropout, Flatten, GlobalAveragePool2D, MaxPool2D, Training
from minixai.model import Model
from minixai.preprocessing import UNIT
from minixai.training import SGD, Adam, cross_entropy, mean_squared_error, random_shift, train
from tests.marks import slow_except


def small(**options):
    return Model(
        [Conv2D(3, 3, activation="softplus"), BatchNorm(), MaxPool2D(2), Flatten(), Dropout(0.3), Dense(4)],
        (6, 6, 2),
        dtype=np.float64,
        **options,
    )


@pytest.mark.parametrize("loss", [cross_entropy, mean_squared_error])
def test_slopes_of_every_weight_are_finite_differences(loss):
    """Through dropout and batch statistics, whose chances the same seed repeats."""
    rng = np.random.default_rng(0)
    model, x, goals = small(), rng.normal(size=(5, 6, 6, 2)), rng.dirichlet(np.ones(4), 5)
    model.set_weights({name: w + rng.normal(0, 0.1, w.shape) for name, w in model.weights.items()})

    def at(weights):
        return loss(model(Node(x), weights, Training(np.random.default_rng(7))).value, goals)[0]

    slopes = training.train_step(model, x, goals, loss, np.random.default_rng(7))[2]
    assert set(slopes) == {"conv1/kernel", "conv1/bias", "norm1/gamma", "norm1/beta", "dense1/kernel", "dense1/bias"}
    for name, w in model.trained_weights.items():
        towards, h = rng.normal(size=w.shape), 1e-5
        weights = dict(model.trained_weights)
        ahead, behind = (at({k: Node(v) for k, v in (weights | {name: w + s * h * towards}).items()}) for s in (1, -1))
        assert (slopes[name] * towards).sum() == pytest.approx((ahead - behind) / (2 * h), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("loss", [cross_entropy, mean_squared_error])
def test_slope_of_the_loss(loss):
    rng = np.random.default_rng(1)
    scores, goals = rng.normal(size=(3, 4)), rng.dirichlet(np.ones(4), 3)
    slope = loss(scores, goals)[1]
    for i in np.ndindex(3, 4):
        h = np.zeros((3, 4))
        h[i] = 1e-5
        assert slope[i] == pytest.approx((loss(scores + h, goals)[0] - loss(scores - h, goals)[0]) / 2e-5, abs=1e-9)


def test_cross_entropy_does_not_overflow():
    value, slope = cross_entropy(np.array([[1e4, -1e4]]), np.array([[0.0, 1.0]]))
    assert value == 2e4
    assert slope.tolist() == [[1, -1]]


def test_the_same_call_gives_the_same_weights_and_another_seed_others():
    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(40, 6, 6, 2)), rng.integers(0, 4, 40)
    made = []
    for seed in (3, 3, 4):
        model = small()
        train(model, x, labels, epochs=2, batch=16, seed=seed)
        made.append(model.weights)
    for name in made[0]:
        np.testing.assert_array_equal(made[0][name], made[1][name])
    assert any((made[0][name] != made[2][name]).any() for name in made[0])


@pytest.mark.parametrize("optimiser", [SGD(0.05), SGD(0.2, momentum=0.0), Adam(0.01), Adam(0.01, weight_decay=0.01)])
def test_it_learns(optimiser):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 6, 6, 1))
    labels = (x[:, :3].mean(axis=(1, 2, 3)) > x[:, 3:].mean(axis=(1, 2, 3))).astype(int)
    model = Model([Flatten(), Dense(16, activation="relu"), Dense(2)], (6, 6, 1))
    history = train(model, x, labels, optimiser=optimiser, epochs=30)
    assert history[-1].accuracy > 0.97
    assert history[-1].loss < history[0].loss / 3


def test_sgd_by_hand():
    """v = .9 v + slope + decay · w: two steps of a single weight on (w − 1)²."""
    model = Model([("d", Dense(1, bias=False))], (1,), dtype=np.float64)
    model.set_weights({"d/kernel": np.array([[3.0]])})
    train(model, [[1.0]], [[1.0]], loss=mean_squared_error, optimiser=SGD(0.1, 0.9, 0.5), epochs=2)
    w = 3.0
    v = 2 * (w - 1) + 0.5 * w
    w -= 0.1 * v
    v = 0.9 * v + 2 * (w - 1) + 0.5 * w
    w -= 0.1 * v
    assert model.weights["d/kernel"][0, 0] == pytest.approx(w, rel=1e-12)


def test_adam_by_hand():
    """The first step is rate · sign(slope), whatever the slope's size."""
    for scale in (1e-3, 1e3):
        w = Adam(0.1, epsilon=0).change(np.array([1.0]), np.array([scale]), {}, 1, 0.1)
        np.testing.assert_allclose(w, [0.9])
    memory = {}
    first = Adam(0.1).change(np.array([1.0]), np.array([2.0]), memory, 1, 0.1)
    Adam(0.1).change(first, np.array([-1.0]), memory, 2, 0.1)
    np.testing.assert_allclose(memory["m"], 0.9 * 0.1 * 2 - 0.1)
    np.testing.assert_allclose(memory["v"], 0.999 * 0.001 * 4 + 0.001)


def test_batch_norm_uses_the_batch_in_training_and_the_average_afterwards():
    rng = np.random.default_rng(0)
    x = rng.normal(3, 5, (200, 4))
    model = Model([("n", BatchNorm()), ("s", Dense(2))], (4,), dtype=np.float64)
    nodes = model(Node(x), None, Training(rng))
    normalised = nodes.inputs[0].value
    np.testing.assert_allclose(normalised.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(normalised.std(axis=0), 1, rtol=1e-3)
    train(model, x, rng.integers(0, 2, 200), epochs=60, batch=100, optimiser=SGD(0.0))
    np.testing.assert_allclose(model.weights["n/mean"], x.mean(axis=0), rtol=0.2, atol=0.2)
    np.testing.assert_allclose(model.weights["n/variance"], x.var(axis=0), rtol=0.1)


def test_dropout_only_in_training():
    model = Model([("d", Dropout(0.25)), ("s", Dense(2))], (1000,), dtype=np.float64)
    x = Node(np.ones((4, 1000)))
    dropped = model(x, None, Training(np.random.default_rng(0))).inputs[0].value
    assert set(np.unique(dropped)) == {0, 1 / 0.75}
    assert dropped.mean() == pytest.approx(1, abs=0.05)
    assert (model(x).inputs[0].value == 1).all()


def test_early_stop_takes_the_best_weights_back():
    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(60, 10)), rng.integers(0, 2, 60)  # nothing to learn: validation can only get worse
    model = Model([Dense(50, activation="relu"), Dense(2)], (10,))
    held = rng.normal(size=(60, 10)), rng.integers(0, 2, 60)
    history = train(model, x, labels, epochs=100, optimiser=Adam(0.01), validation=held, patience=3)
    assert len(history) < 100
    losses = [epoch.validation_loss for epoch in history]
    assert np.argmin(losses) == len(losses) - 1 - 3
    assert training.evaluate(model, *held)[0] == pytest.approx(min(losses))


def test_early_stop_takes_the_running_averages_back_too():
    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(60, 10)), rng.integers(0, 2, 60)
    model = Model([BatchNorm(), Dense(50, activation="relu"), Dense(2)], (10,))
    held = rng.normal(size=(60, 10)), rng.integers(0, 2, 60)
    history = train(model, x, labels, epochs=60, optimiser=Adam(0.01), validation=held, patience=2)
    assert np.argmin([epoch.validation_loss for epoch in history]) < len(history) - 1
    assert training.evaluate(model, *held)[0] == pytest.approx(min(e.validation_loss for e in history))


def test_of_equal_epochs_the_first_is_the_best():
    model = Model([Dense(2)], (1,))
    held = np.ones((2, 1)), [0, 1]
    assert len(train(model, [[1.0]], [0], epochs=50, optimiser=SGD(0.0), validation=held, patience=3)) == 4


def test_the_rate_falls_with_every_step():
    told = []
    train(
        Model([Dense(2)], (1,)), np.ones((8, 1)), [0] * 8, epochs=2, batch=2, schedule=lambda t: told.append(t) or 1.0
    )
    assert told == [i / 8 for i in range(8)]


def test_the_loss_told_is_the_mean_over_images_whatever_the_batches():
    x, labels = np.random.default_rng(0).normal(size=(10, 3)), [0, 1] * 5
    model = Model([Dense(2)], (3,), dtype=np.float64)
    expected = training.evaluate(model, x, labels)[0]
    history = train(model, x, labels, epochs=1, batch=4, optimiser=SGD(0.0))
    assert history[0].loss == pytest.approx(expected, rel=1e-12)


def test_every_epoch_is_reported():
    told = []
    history = train(Model([Dense(2)], (1,)), [[1.0]], [0], epochs=3, report=lambda i, epoch: told.append((i, epoch)))
    assert told == list(enumerate(history, 1))


def test_a_single_score_has_no_accuracy():
    history = train(Model([Dense(1)], (1,)), [[1.0]], [[3.0]], loss=mean_squared_error, epochs=2)
    assert history[-1].accuracy is None
    assert "accuracy" not in str(history[-1])
    with pytest.raises(ValueError, match="cross-entropy compares probabilities of at least two classes, got 1"):
        train(Model([Dense(1)], (1,)), [[1.0]], [[1.0]])


def test_other_refusals():
    model = Model([Dense(2)], (1,))
    with pytest.raises(TypeError, match="train takes a Model with weights of its own"):
        train(lambda x: x, [[1.0]], [0])
    for optimiser in (SGD, Adam, SimpleNamespace(change=print), SimpleNamespace(change=print, rate="fast")):
        with pytest.raises(TypeError, match="optimiser is .*: give SGD"):
            train(model, [[1.0]], [0], optimiser=optimiser)
    with pytest.raises(TypeError, match="optimiser is 'adam': give SGD"):
        train(model, [[1.0]], [0], optimiser="adam")
    with pytest.raises(TypeError, match="a rate >= 0"):
        train(model, [[1.0]], [0], optimiser=SGD(-1.0))
    with pytest.raises(ValueError, match="epochs is a whole number, at least 1, got -1"):
        train(model, [[1.0]], [0], epochs=-1)
    with pytest.raises(ValueError, match="seed is a whole number, at least 0, got -1"):
        train(model, [[1.0]], [0], seed=-1)
    with pytest.raises(ValueError, match="labels holds nan"):
        train(model, [[1.0]], [[np.nan, 1.0]])
    with pytest.raises(ValueError, match="goals sum to 3 to 3"):
        train(model, [[1.0]], [[1.0, 2.0]])


def test_soft_goals():
    model = Model([Dense(2)], (1,), dtype=np.float64)
    train(model, np.ones((8, 1)), np.full((8, 2), [0.3, 0.7]), optimiser=SGD(0.5), epochs=100)
    np.testing.assert_allclose(model.probabilities([[1.0]]), [[0.3, 0.7]], atol=1e-3)


def test_shifts():
    image = np.zeros((200, 5, 5, 1), np.float32)
    image[:, 2, 2] = 1
    moved = random_shift(image, np.random.default_rng(0))
    assert moved.shape == image.shape
    assert moved.dtype == np.float32
    assert (moved.sum(axis=(1, 2, 3)) == 1).all()
    assert {tuple(place) for place in np.argwhere(moved)[:, 1:3]} == {(i, j) for i in range(5) for j in range(5)}


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ([0, 1], r"labels int64 \(2,\) do not fit 3 images and 4 scores"),
        ([0, 1, 4], "labels go from 0 to 4, but the classes are 0 to 3"),
        ([0, 1, -1], "labels go from -1 to 1"),
        ([0.0, 1.0, 2.0], "labels float64"),
        (np.zeros((3, 5)), "do not fit"),
    ],
)
def test_labels_that_do_not_fit(labels, words):
    with pytest.raises(ValueError, match=words):
        train(small(), np.zeros((3, 6, 6, 2)), labels)


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid")
def test_divergence_is_told():
    with pytest.raises(ValueError, match="training diverged, take a rate below"):
        train(Model([Dense(2)], (1,)), [[1e3]], [[1.0, 5.0]], loss=mean_squared_error, optimiser=SGD(1e6), epochs=50)


def test_patience_needs_validation():
    with pytest.raises(ValueError, match="patience=2 needs validation"):
        train(small(), np.zeros((3, 6, 6, 2)), [0, 1, 2], patience=2)


def test_progress_is_shown_when_asked(capsys, monkeypatch):
    clock = iter(range(1000))
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    train(small(), np.zeros((64, 6, 6, 2)), [0] * 64, epochs=2, batch=16, progress=True)
    told = capsys.readouterr().err
    assert "training: 8/8, 0 s left, loss" in told
    train(small(), np.zeros((64, 6, 6, 2)), [0] * 64, epochs=1)
    assert capsys.readouterr().err == ""


# -- what is shipped ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", slow_except(["digits"], zoo.RECIPES))
def test_shipped_models_know_what_they_were_taught(name):
    assert zoo.accuracy(name) >= 0.98


@pytest.mark.parametrize("name", zoo.RECIPES)
def test_shipped_weights_belong_to_their_recipe(name):
    shipped, recipe = zoo.load(name), zoo.RECIPES[name]
    made = recipe.finish(recipe.build(0))
    made.preprocessing = made.preprocessing or UNIT
    assert shipped.architecture == made.architecture | {"layers": shipped.architecture["layers"]}
    assert shipped.summary() == made.summary()


def test_the_papers_network():
    assert "239,594" in zoo.load("digits-paper").summary()


def test_the_gap_network_ends_with_its_head():
    model = zoo.load("digits-gap")
    kinds = [type(e.layer) for e in model.layers[-4:]]
    assert kinds == [Conv2D, GlobalAveragePool2D, Dropout, Dense]
    assert model.layers[-4].layer.activation == "relu"


@pytest.mark.slow
def test_a_recipe_is_repeatable_and_soon_knows_something():
    (one, history), (same, _) = (zoo.make("digits-paper", epochs=1) for _ in range(2))
    for name, w in one.weights.items():
        np.testing.assert_array_equal(w, same.weights[name])
    assert len(history) == 1
    assert zoo.accuracy("digits-paper", one) > 0.85
    with pytest.raises(ValueError, match="unknown model 'digit', did you mean 'digits'"):
        zoo.make("digit")


def test_the_test_digits_are_not_trained_on():
    assert not set(map(bytes, digits("test")[0])) & set(map(bytes, digits("train")[0]))

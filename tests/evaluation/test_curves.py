"""Deletion and insertion: on networks so simple that the curve is known beforehand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minixai as mx
from minixai.evaluation import deletion_curve, insertion_curve
from minixai.evaluation.curves import curve_rows, order
from minixai.layers import Conv2D, Dense, Flatten

IMAGE = np.array([[8.0, 1.0], [4.0, 2.0]])[None, ..., None]


def total(x):
    """One score: the sum of the pixels."""
    return x.sum((1, 2, 3))


def test_by_pencil():
    curve = deletion_curve(total, IMAGE, IMAGE, output="score", steps=4)
    np.testing.assert_array_equal(curve.fraction, [0, 0.25, 0.5, 0.75, 1])
    np.testing.assert_array_equal(curve.scores, [[15, 7, 3, 1, 0]])
    np.testing.assert_array_equal(curve.auc, [(15 / 2 + 7 + 3 + 1) / 4])
    curve = insertion_curve(total, IMAGE, IMAGE, output="score", baseline=1.0, steps=2)
    np.testing.assert_array_equal(curve.scores, [[4, 14, 15]])


def test_signs():
    """Of −9, 1, 2, 3 the sign says that −9 goes last, the size that it goes first."""
    values = np.array([[-9.0, 1.0], [2.0, 3.0]])[None, ..., None]
    goes = {signed: deletion_curve(total, IMAGE, values, output="score", steps=4, signed=signed) for signed in (1, 0)}
    np.testing.assert_array_equal(goes[1].scores, [[15, 13, 9, 8, 0]])
    np.testing.assert_array_equal(goes[0].scores, [[15, 7, 5, 1, 0]])


def test_more_steps_than_pixels_and_fewer():
    many = deletion_curve(total, IMAGE, IMAGE, output="score", steps=9)
    assert many.fraction[0] == 0
    assert many.fraction[-1] == 1
    few = deletion_curve(total, IMAGE, IMAGE, output="score", steps=1)
    np.testing.assert_array_equal(few.scores, [[15, 0]])
    assert few.auc == 7.5


@given(st.integers(0, 1000), st.sampled_from([1, 3, 5, 12]))
def test_insertion_from_the_lowest_is_deletion_backwards(seed, steps):
    rng = np.random.default_rng(seed)
    image, values = rng.random((2, 3, 4, 2)), rng.standard_normal((2, 3, 4, 1))
    model = mx.Model([Conv2D(2, 2, activation="relu"), Flatten(), Dense(3)], (3, 4, 2), seed=seed, dtype=np.float64)
    deleted = deletion_curve(model, image, values, 1, baseline="white", steps=steps)
    inserted = insertion_curve(model, image, -values, 1, baseline="white", steps=steps)
    if steps in (1, 3, 12):  # 12 pixels in equal pieces
        np.testing.assert_allclose(inserted.scores, deleted.scores[:, ::-1], rtol=1e-12)
    assert ((deleted.scores >= 0) & (deleted.scores <= 1)).all()


def test_what_is_asked_is_the_probability_of_the_target_or_a_contrast():
    model = mx.Model([Flatten(), Dense(3)], (2, 2, 1), seed=1, dtype=np.float64)
    curve = deletion_curve(model, IMAGE, IMAGE, 2, steps=4)
    assert curve.scores[0, 0] == pytest.approx(model.probabilities(IMAGE)[0, 2])
    curve = deletion_curve(model, IMAGE, IMAGE, 2, versus=0, steps=4, output="score")
    scores = model.scores(IMAGE)[0]
    assert curve.scores[0, 0] == pytest.approx(scores[2] - scores[0])


def test_pixels_that_are_equal_are_ordered_by_lot():
    flat = np.zeros((2, 20, 20))
    places = order(flat, 0)
    np.testing.assert_array_equal(places[0], places[1])  # the same lots for every image
    assert sorted(places[0].ravel()) == list(range(400))
    assert abs(np.corrcoef(places[0].ravel(), np.arange(400))[0, 1]) < 4 / np.sqrt(400)
    np.testing.assert_array_equal(order(flat, 0), places)
    assert (order(flat, 1) != places).any()
    mixed = np.array([[[1.0, 0.0, 0.0, 5.0]]])
    assert {tuple(order(mixed, seed)[0, 0]) for seed in range(20)} == {(1, 2, 3, 0), (1, 3, 2, 0)}


def test_batches_change_nothing():
    model = mx.Model([Flatten(), Dense(3)], (2, 2, 1), seed=1, dtype=np.float64)
    images = np.concatenate([IMAGE, IMAGE[:, ::-1]])
    whole, pieces = (deletion_curve(model, images, images, 0, steps=4, batch=b).scores for b in (None, 3))
    np.testing.assert_allclose(whole, pieces, rtol=1e-12)


@pytest.mark.parametrize(("options", "words"), [
    ({"values": IMAGE[:, :1]}, r"maps of \(1, 1, 2\) do not fit x of \(1, 2, 2, 1\): .* resize=True"),
    ({"steps": 0}, "steps is a whole number, at least 1, got 0"),
    ({"seed": -1}, "seed is a whole number, at least 0"),
    ({"baseline": "blak"}, "unknown baseline 'blak', did you mean 'black'"),
    ({"values": IMAGE * np.inf}, "an attribution holds inf"),
    ({"output": "odds"}, "unknown output 'odds'"),
])  # fmt: skip
@pytest.mark.parametrize("curve", [deletion_curve, insertion_curve])
def test_what_cannot_be(curve, options, words):
    with pytest.raises(ValueError, match=words):
        curve(total, IMAGE, **{"values": IMAGE} | options)


def test_every_further_image_takes_as_many_rows_as_are_told():
    rows = []

    def network(x):
        rows[-1] += len(x.value)
        return x.sum((1, 2, 3))

    for count in (2, 3):
        rows.append(0)
        images = np.ones((count, 4, 4, 1))
        deletion_curve(network, images, images, output="score", steps=5)
    assert rows[1] - rows[0] == curve_rows(5)

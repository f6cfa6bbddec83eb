"""The sum of a map against the network itself, and the mistakes that explain it."""

import numpy as np
import pytest

import minixai as mx
from minixai.audit.completeness import check_completeness
from tests.audit.cases import case_of, foreign, total

TARGET = 2


@pytest.mark.parametrize("name", ["deep_lift", "integrated_gradients"])
def test_own_maps_add_up_as_their_certificates_say(name):
    model, maps = foreign()
    model, x = model.astype(np.float64), maps["x"]
    result = getattr(mx, name)(model, x, TARGET)
    share = abs(result.gap / (result.score - result.reference_score)).max()
    check = total(model, x, name, target=TARGET)
    assert check.number == pytest.approx(share, rel=1e-6, abs=1e-12)
    assert check.status == {"deep_lift": "holds", "integrated_gradients": "take care"}[name]


def test_the_gap_is_measured_from_the_network_itself():
    """By pencil: half a map misses half of f(x) − f(x')."""
    model, maps = foreign()
    x = maps["x"][:1]
    values = mx.deep_lift(model, x, TARGET).values / 2
    check = total(model, x, "deep_lift", values, target=TARGET)
    scores = model.scores(x)[0, TARGET] - model.scores(np.zeros_like(x))[0, TARGET]
    assert check.table[0].number == pytest.approx(scores, rel=1e-5)
    assert check.number == pytest.approx(0.5, rel=1e-4)
    assert check.status == "does not hold"


MISTAKES = {
    "sign": (lambda m, x, case: -m, "sign flipped"),
    "twice": (lambda m, x, case: m * x, "twice"),
    "averaged": (lambda m, x, case: m.mean(axis=-1, keepdims=True), "averaged"),
    "smaller": (lambda m, x, case: m.reshape(2, 8, 2, 8, 2, 3).mean(axis=(2, 4)), "made smaller"),
    "absolute": (lambda m, x, case: abs(m), "no negative values"),
    "baseline": (lambda m, x, case: case(baseline="blur"), "'blur'"),
    "target": (lambda m, x, case: case(target=1), "another class"),
    "probability": (lambda m, x, case: case(output="probability"), "probability"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named(name):
    model, maps = foreign()
    x = maps["x"]
    spoil, words = MISTAKES[name]

    def again(target=TARGET, **changes):
        return mx.deep_lift(model, x, target, **changes).values

    check = total(model, x, "deep_lift", spoil(again(), x, again), target=TARGET)
    assert words in check.reading, check.reading
    assert check.status == "does not hold"


def test_mean_gradients_are_told_to_be_multiplied():
    model, maps = foreign()
    values = mx.integrated_gradients(model, maps["x"], TARGET, steps=400, multiply=False).values
    check = total(model, maps["x"], "integrated_gradients", values, target=TARGET, steps=400)
    assert "multiply by x − x'" in check.reading


def test_multipliers_are_told_to_be_multiplied():
    model, maps = foreign()
    values = mx.deep_lift(model, maps["x"], TARGET).extras["multipliers"]
    check = total(model, maps["x"], "deep_lift", values, target=TARGET)
    assert "these are multipliers: multiply by x − x'" in check.reading


def test_a_trapezoid_that_loses_weight_is_named():
    model, maps = foreign()
    values = mx.integrated_gradients(model, maps["x"], TARGET, steps=400).values * (19 / 20)
    check = total(model, maps["x"], "integrated_gradients", values, target=TARGET, steps=20)
    assert "19/20" in check.reading or check.number == pytest.approx(0.05, abs=0.01)


def test_what_promises_no_sum_is_not_asked():
    model, maps = foreign()
    check = total(model, maps["x"], "gradient", target=TARGET)
    assert check.number is None
    assert check.status == "not asked"


def test_contributions_sold_as_a_gradient_give_themselves_away():
    model, maps = foreign()
    values = mx.deep_lift(model, maps["x"], TARGET, baseline="mean").values
    assert "f(mean)" in total(model, maps["x"], "input_x_gradient", values, target=TARGET).reading


def test_sampling_explains_a_gap_of_few_draws_only():
    model, maps = foreign()
    x, given = maps["x"], {"background": maps["background"], "samples": 30}
    check = check_completeness(case_of(model, x, "expected_gradients", target=TARGET, **given))
    assert check.uncertainty > 0
    assert check.status == "holds"
    values = mx.expected_gradients(model, x, TARGET, **given).values + 0.01
    assert total(model, x, "expected_gradients", values, target=TARGET, **given).status == "does not hold"

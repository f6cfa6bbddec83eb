"""The certificate: what it says, how it reads, how it is kept."""

import json

import numpy as np
import pytest

import minixai as mx
from minixai import toys


@pytest.fixture
def result():
    return mx.deep_lift(toys.saturation, [[1.0, 1.0], [1.0, 0.25]])


def test_it_is_an_array_to_numpy(result):
    np.testing.assert_array_equal(np.asarray(result), result.values)
    assert np.asarray(result, np.float32).dtype == np.float32
    assert np.array(result, copy=True) is not result.values
    assert len(result) == 2


def test_print_is_a_certificate(result):
    assert str(result) == (
        "deep_lift(baseline=0, rule='rescale', pool='mover')\n"
        "values (2, 2) float64 from 0.2 to 0.8\n"
        "cost 4 rows forward, 2 rows back\n"
        "input  class  score  at baseline  sum of values  gap\n"
        "    0      0      1            0              1    0\n"
        "    1      0      1            0              1    0"
    )


def test_print_says_when_nothing_need_add_up():
    text = str(mx.gradient(toys.saturation, [[1.0, 1.0]]))
    assert text.endswith("gap: none is promised, the values need not add up to the score")
    assert "at baseline" not in text


def test_print_is_short_for_many_inputs():
    lines = str(mx.deep_lift(toys.saturation, np.ones((100, 2)))).splitlines()
    assert len(lines) == 13
    assert lines[-1] == "... and 92 more"


def test_repr_is_one_line(result):
    assert repr(result) == (
        "<deep_lift: values (2, 2), score of class 0 0, largest gap 0, 4 rows forward, 2 rows back>"
    )


def test_contrasts_and_layers_are_told():
    model = mx.load("digits")
    images = mx.datasets.digits("test")[0][:1]
    text = str(mx.deep_lift(model, images, 3, versus=5, layer="conv2", output="probability"))
    assert "at layer conv2" in text
    assert "3-5" in text
    assert "probability" in text


def test_it_is_frozen_and_compared_by_identity(result):
    with pytest.raises(AttributeError):
        result.values = 0
    assert result == result
    assert result != mx.deep_lift(toys.saturation, [[1.0, 1.0], [1.0, 0.25]])
    assert len({result, result}) == 1


def test_saved_and_read_without_pickle(result, tmp_path):
    result.save(tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz", allow_pickle=False) as archive:
        np.testing.assert_array_equal(archive["values"], result.values)
        np.testing.assert_array_equal(archive["extras/multipliers"], result.extras["multipliers"])
        about = json.loads(str(archive["about"]))
    assert about["method"] == "deep_lift"
    assert about["cost"] == [4, 2]
    assert about["parameters"]["pool"] == "mover"
    with pytest.raises(ValueError, match="cannot write"):
        result.save(tmp_path / "no" / "a.npz")

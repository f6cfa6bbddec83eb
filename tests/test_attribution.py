"""The certificate: what it says, how it reads, how it is kept."""

import base64
import io
import json
import pickle
import re

import numpy as np
import pytest
from PIL import Image

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


def test_a_notebook_shows_the_map_without_inputs_that_are_no_pixels():
    image = np.full((1, 4, 4, 1), 0.5)
    of_pixels, of_others = (mx.gradient(lambda x: (x * x).sum((1, 2, 3)), x)._repr_html_() for x in (image, 9 * image))
    shown = [
        Image.open(io.BytesIO(base64.b64decode(re.search(r"base64,([^\"]+)", page)[1])))
        for page in (of_pixels, of_others)
    ]
    assert shown[0].height == shown[1].height
    assert shown[0].width > shown[1].width


def test_one_row_is_singular_and_none_is_plural():
    assert (str(mx.attribution.Cost(1, 0)), str(mx.attribution.Cost(2, 1))) == (
        "1 row forward, 0 rows back",
        "2 rows forward, 1 row back",
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


def test_it_behaves_like_its_array(result):
    values = result.values
    assert (result.shape, result.ndim, result.size, result.dtype) == ((2, 2), 2, 4, np.float64)
    for made, expected in (
        (result[0], values[0]),
        (result[:, 1], values[:, 1]),
        (2 * result + 1, 2 * values + 1),
        (result - result, np.zeros((2, 2))),
        (np.ones((2, 2)) - result, 1 - values),
        (-result, -values),
        (abs(result), abs(values)),
        (result**2, values**2),
        (result > 0.5, values > 0.5),
        (result >= 0.5, values >= 0.5),
        (result == 0.2, values == 0.2),
        (result != 0.2, values != 0.2),
        (result == values, np.ones((2, 2), bool)),
        (np.add.reduce(result), values.sum(axis=0)),
        (np.concatenate([result, result]), np.concatenate([values, values])),
        (np.stack(list(result)), values),
    ):
        assert type(made) is np.ndarray
        np.testing.assert_array_equal(made, expected)
    assert np.sum(result) == values.sum()
    with pytest.raises(TypeError, match="an attribution cannot be written into"):
        np.add(1, values, out=result)


def test_parameters_cannot_be_changed(result):
    for change in (
        lambda p: p.update(rule="other"),
        lambda p: p.__setitem__("rule", "other"),
        lambda p: p.pop("rule"),
        lambda p: p.clear(),
        lambda p: p.setdefault("new", 1),
        lambda p: p.__delitem__("rule"),
        lambda p: p.__ior__({"rule": "other"}),
    ):
        with pytest.raises(TypeError, match="a certificate cannot be changed"):
            change(result.parameters)
        with pytest.raises(TypeError, match="a certificate cannot be changed"):
            change(result.extras)
    assert result.parameters["rule"] == "rescale"
    background = np.zeros((2, 2))
    made = mx.expected_gradients(toys.saturation, [[1.0, 1.0]], background=background, samples=2)
    with pytest.raises(ValueError, match="read-only"):
        made.parameters["background"][0] = 7
    again = pickle.loads(pickle.dumps(made))
    assert again.parameters["samples"] == 2
    assert result.parameters | {"rule": "other"} == {"baseline": 0.0, "rule": "other", "pool": "mover"}


def test_a_notebook_shows_the_certificate_and_the_map():
    model, images = mx.load("digits"), mx.datasets.digits("test")[0][:2]
    page = mx.deep_lift(model, images, 3)._repr_html_()
    assert "<b>deep_lift(baseline=0, rule=&#x27;rescale&#x27;, pool=&#x27;mover&#x27;)</b>" in page
    assert page.count("<tr>") == 3
    assert "<td>3</td>" in page
    png = base64.b64decode(re.search(r'src="data:image/png;base64,([^"]+)"', page)[1])
    with Image.open(io.BytesIO(png)) as picture:
        shown = np.asarray(picture.convert("RGB"), float)
    assert shown.shape[1] > 150
    assert np.ptp(shown, axis=2).max() > 100  # red or blue
    assert len(page) < 100_000


def test_what_is_no_map_has_a_table_alone(result):
    page = result._repr_html_()
    assert "<img" not in page
    assert "cost 4 rows forward, 2 rows back" in page
    assert "the values need not add up" in mx.gradient(toys.saturation, [[1.0, 1.0]])._repr_html_()


def test_a_saved_one_leaves_the_inputs_out(result, tmp_path):
    result.save(tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as archive:
        assert "inputs" not in archive
    np.testing.assert_array_equal(result.inputs, [[1.0, 1.0], [1.0, 0.25]])

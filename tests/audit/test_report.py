"""The report: its verdict, its dict, its page and its picture; and bad input in one sentence."""

import json
import re
from functools import cache

import numpy as np
import pytest
from PIL import Image

import minixai as mx
from minixai.evaluation.checks import STATUSES
from tests.audit.cases import foreign

METHODS = ("gradient", "deep_lift", "grad_cam")


@cache
def report():
    model, maps = foreign()
    return mx.audit(model, maps["x"][:1], "deep_lift", target=2, draws=2, methods=METHODS)


@cache
def second_opinion():
    model, maps = foreign()
    values = maps["captum/deep_lift_fault"][:1]
    return mx.audit(model, maps["x"][:1], values=values, claims="deep_lift", target=2, draws=2, methods=METHODS)


def test_seven_questions_of_one_shape():
    for found in (report(), second_opinion()):
        assert len(found.checks) == 7
        assert len({check.question for check in found.checks}) == 7
        for check in found.checks:
            assert check.reading.endswith(".")
            assert check.source
            assert check.status in STATUSES
            assert (check.number is None) == (check.status == "not asked")
        assert found.cost.forward >= sum(check.cost.forward for check in found.checks)


def test_the_verdict_has_at_most_five_lines_and_no_grade():
    for found in (report(), second_opinion()):
        assert 1 <= len(found.verdict) <= 5
        assert all(line.endswith(".") and line[:1].isupper() for line in found.verdict)
    assert report().verdict[0] == "It adds up, to less than 0.001 %."
    assert "captum 0.9" in second_opinion().verdict[0]


def test_programs_get_plain_values():
    found = json.loads(json.dumps(second_opinion().to_dict(), allow_nan=False))
    assert [check["name"] for check in found["checks"]] == [check.name for check in second_opinion().checks]
    assert found["foreign"]
    assert found["checks"][1]["facts"]["claimed"] is False
    assert {"name", "question", "number", "uncertainty", "reading", "source", "cost"} <= set(found["checks"][0])


def test_the_page_is_one_file_that_needs_no_network(tmp_path):
    path = tmp_path / "audit.html"
    second_opinion().save(path)
    page = path.read_text(encoding="utf-8")
    assert not re.findall(r"(?:src|href)\s*=\s*[\"'](?!data:)", page)
    assert "http" not in re.sub(r"base64,[A-Za-z0-9+/=]+", "", page)
    assert page.count("<h2>") == 9
    assert page.count('alt="') == page.count("<img")
    for line in second_opinion().verdict:
        assert line.replace("'", "&#x27;") in page


def test_what_a_class_is_called_cannot_break_the_page():
    from dataclasses import replace

    from minixai.audit.pages import html

    bare = tuple(replace(check, maps={}, curves={}, matrix=None) for check in report().checks)
    odd = replace(report(), checks=bare, about={"explains": "<script>alert(1)</script>"})
    assert "<script>" not in html(odd)
    assert html(odd) == html(odd)


def test_the_picture_is_a_png(tmp_path):
    report().save(tmp_path / "audit.png")
    with Image.open(tmp_path / "audit.png") as image:
        assert image.format == "PNG"
        assert image.width > 600


def test_another_ending_is_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(ValueError, match=r"ends in \.html or \.png"):
        report().save(tmp_path / "audit.txt")
    with pytest.raises(ValueError, match="cannot write"):
        report().save(tmp_path / "no folder" / "audit.html")
    assert not list(tmp_path.iterdir())


def test_the_same_call_gives_the_same_numbers():
    model, maps = foreign()
    again = mx.audit(model, maps["x"][:1], "deep_lift", target=2, draws=2, methods=METHODS)
    assert again.to_dict() == report().to_dict()


def test_inputs_are_not_modified():
    model, maps = foreign()
    x, values = maps["x"][:1].copy(), maps["captum/deep_lift_fault"][:1].copy()
    mx.audit(model, x, values=values, claims="deep_lift", draws=2, methods=("gradient",))
    np.testing.assert_array_equal(x, maps["x"][:1])
    np.testing.assert_array_equal(values, maps["captum/deep_lift_fault"][:1])


def test_the_cost_is_told_first():
    model, maps = foreign()
    told = []
    mx.audit(model, maps["x"][:1], "gradient", draws=2, methods=("gradient", "deep_lift"), announce=told.append)
    assert len(told) == 1
    said = int(re.search(r"about ([\d,]+) rows", told[0])[1].replace(",", ""))
    assert said == pytest.approx(sum(report().cost), rel=0.5)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["deep_lift", "expected_gradients"])
def test_another_seed_moves_no_number_by_more_than_its_error(method):
    model, maps = foreign()
    options = {"background": maps["background"] * 0.1} if method == "expected_gradients" else {}
    first, second = (mx.audit(model, maps["x"], method, seed=seed, **options) for seed in (0, 1))
    compared = 0
    for a, b in zip(first.checks, second.checks, strict=True):
        if a.number is None or (a.uncertainty is None and method == "expected_gradients"):
            continue
        allowed = 3 * np.hypot(a.uncertainty or 0, b.uncertainty or 0)
        assert abs(a.number - b.number) <= max(allowed, 1e-12), a.name
        compared += a.uncertainty is not None
    assert compared >= 2


# -- bad input ----------------------------------------------------------------------------------------

IMAGE = np.full((1, 16, 16, 3), 0.5, np.float32)
BAD = {
    "channels-first": ({"values": np.zeros((1, 3, 16, 16))}, "look channels-first.*moveaxis"),
    "channels-first, one image": ({"values": np.zeros((3, 16, 16))}, "look channels-first.*moveaxis"),
    "coarse, channels-first": ({"values": np.zeros((1, 1, 7, 7))}, "look channels-first.*moveaxis"),
    "another size": ({"values": np.zeros((1, 20, 20, 3))}, "larger than the images"),
    "another number": ({"values": np.zeros((2, 16, 16, 3))}, "do not fit images"),
    "a line": ({"values": np.zeros(16)}, "do not fit images"),
    "NaN": ({"values": np.full((1, 16, 16, 3), np.nan)}, "a foreign map holds nan"),
    "words": ({"values": np.array([["a"]])}, "not real numbers"),
    "an unknown method": ({"values": IMAGE, "claims": "deeplift"}, "did you mean 'deep_lift'"),
    "no class": ({"method": "activations"}, "explains no class"),
    "a method unknown to agreement": ({"methods": ("gradent",)}, "did you mean 'gradient'"),
    "no background": ({"method": "deep_shap"}, "give background="),
    "an unknown option": ({"method": "gradient", "basline": 0}, "unknown option of gradient"),
    "a class name": ({"target": "redshank"}, "redshank"),
    "no claim": ({"values": IMAGE, "claims": None}, "add claims="),
    "a claim without a map": ({"claims": "gradient", "values": None}, "give that map as values="),
    "one draw": ({"draws": 1}, "draws is a whole number, at least 2"),
    "a number for checks": ({"checks": 3}, "checks is a string, a sequence of strings or None, got 3"),
    "no methods": ({"methods": None}, "methods is a string or a sequence of strings, got None"),
    "another crop of another shape": (
        {"values": IMAGE, "others": {"crop": IMAGE[:, :8]}},
        r"others\['crop'\].*\(1, 8, 16, 3\)",
    ),
    "another crop of too many": (
        {"values": IMAGE, "others": {"crop": np.concatenate([IMAGE, IMAGE])}},
        r"others\['crop'\] of shape \(2, 16, 16, 3\) does not fit images of \(1, 16, 16, 3\)",
    ),
    "complex masks": (
        {"truth": np.full((1, 16, 16), 1j), "checks": "finds the truth"},
        "truth holds complex128, not real numbers",
    ),
    "masks of words": ({"truth": [["a"]], "checks": "finds the truth"}, "truth holds <U1, not real numbers"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_gets_one_sentence(name):
    given, words = BAD[name]
    if "values" in given and "claims" not in given:
        given = {**given, "claims": "gradient"}
    model, _ = foreign()
    with pytest.raises((ValueError, TypeError), match=words) as found:
        mx.audit(model, IMAGE, **given)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize("shape", [(16, 16, 3), (16, 16), (1, 16, 16), (1, 16, 16, 1), (1, 4, 4, 1)])
def test_maps_of_these_shapes_are_taken(shape):
    from minixai.audit.case import as_foreign

    assert as_foreign(np.ones(shape), IMAGE).ndim == 4


def test_a_class_may_be_named():
    model, digit = mx.load("digits"), mx.datasets.digits("test")[0][:1]
    named, numbered = (
        mx.audit(model, digit, "gradient", target=target, checks=["adds up"]) for target in (model.classes[3], 3)
    )
    assert named.about == numbered.about
    with pytest.raises(ValueError, match="redshanks"):
        mx.audit(mx.load("shorebirds"), np.zeros((1, 64, 64, 3)), target="redshanks")


def test_numbers_beside_bytes_are_in_their_units():
    model = mx.load("shorebirds")
    image = np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3)).astype(np.uint8)
    checks = ("adds up", "is that method")
    values = mx.deep_lift(model, image, baseline=51).values
    report = mx.audit(model, image, values=values, claims="deep_lift", baseline=51, checks=checks)
    assert report["is that method"].facts["claimed"]
    assert report["adds up"].status == "holds"


def test_one_method_may_be_named_without_a_list():
    model, maps = foreign()
    report = mx.audit(model, maps["x"][:1], target=2, methods="gradient", checks="methods agree", draws=2)
    assert report["methods agree"].matrix[0] == ("deep_lift", "gradient")


def test_one_check_may_be_named_without_a_list():
    model, maps = foreign()
    assert [check.name for check in mx.audit(model, maps["x"], target=2, checks="adds up").checks] == ["adds up"]

"""The pictures of single methods: signs, lines of many maps, filters, the way, and many methods side by side."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

import minixai as mx
from minixai import plots
from minixai.attribution import Attribution
from minixai.plots.colours import BRIGHTER, DARKER, LOWERS, RAISES, STRONG
from minixai.plots.overview import add_overview
from minixai.plots.text import NBSP
from tests.figures import assert_legible, attribution, corners, panels, patches, pixels, written

LEVELS = (0, 0.05, 0.1, 0.2, 0.3, 0.5)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return mx.datasets.digits("test")[0][[702, 51]]


@pytest.fixture(scope="module")
def model() -> mx.Model:
    return mx.load("digits-gap")


@pytest.fixture(scope="module")
def way(model: mx.Model, images: np.ndarray) -> Attribution:
    return mx.integrated_gradients(model, images, target=8, steps=20, path=True)


def text(figure: Figure) -> str:
    """All that is written, as one line."""
    return " ".join(written(figure)).replace(NBSP, " ")


def viridis(figure: Figure) -> list[np.ndarray]:
    """The filters as drawn; the colour bar left out."""
    drawn = [np.asarray(i.get_array()) for i in figure.axes[0].images if i.get_cmap().name == "viridis"]
    return [each for each in drawn if len(each) > 1]


# -- signs --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sign", "of", "color", "words"),
    [
        ("positive", lambda v: np.maximum(v, 0), RAISES, "positive part of the attribution; scale 0 to 2"),
        ("negative", lambda v: np.minimum(v, 0), LOWERS, "negative part of the attribution; scale −1 to 0"),
        ("absolute", np.abs, STRONG, "absolute value of the attribution; scale 0 to 2"),
    ],
)
def test_a_part_of_a_map_has_one_colour_and_a_scale_from_0(sign: str, of: Any, color: str, words: str) -> None:
    values = np.zeros((1, 4, 4, 1))
    values[0, 0, 0], values[0, -1, 0], values[0, 0, -1] = 2, 2, -1
    figure = plots.show(values, sign=sign)
    assert_legible(figure)
    assert words in text(figure)
    (drawn,) = panels(figure)
    most = np.abs(of(values)).max()
    np.testing.assert_array_equal(drawn, of(values)[0, ..., 0] / most)
    map_, bar = pixels(figure)
    full = map_[5, -5] if sign == "negative" else map_[5, 5]
    assert to_hex(full / 255) == color
    assert to_hex(map_[len(map_) // 2, len(map_) // 2] / 255) == "#ffffff"
    ends = [to_hex(bar[len(bar) // 2, i] / 255) for i in (2, -3)]
    light, dark = ends if sign != "negative" else ends[::-1]
    assert int(light[3:5], 16) > 245
    assert dark != light


def test_a_sign_is_known() -> None:
    with pytest.raises(ValueError, match="unknown sign 'abs', did you mean 'absolute'"):
        plots.show(np.ones((1, 2, 2, 1)), sign="abs")


def test_the_absolute_value_is_taken_after_the_sum_over_channels() -> None:
    figure = plots.show(np.array([1.0, -1.0]).reshape(1, 1, 1, 2) * np.ones((1, 3, 3, 2)), sign="absolute")
    assert "all zero" in written(figure)


def test_slopes_have_colours_and_words_of_their_own(images: np.ndarray) -> None:
    """Red says that what is there raises the score, and a slope does not say that."""
    values = np.zeros((1, 4, 4, 1))
    values[0, 0, 0], values[0, -1, -1] = 1, -1
    slope, mean_slope = attribution(values, "guided_backprop"), attribution(values, parameters={"multiply": False})
    for result in (slope, mean_slope):
        figure = plots.show(result)
        assert {"darker", "brighter"} <= set(written(figure))
        assert "orange where a brighter pixel would raise the score" in text(figure)
        assert not {"raises", "lowers"} & set(written(figure))
        map_ = next(pixels(figure))
        assert [to_hex(map_[i, i] / 255) for i in (5, -5)] == [BRIGHTER, DARKER]
    both = plots.compare([attribution(images[:1]), attribution(images[:1], "gradient")], images[:1])
    assert {"darker", "brighter", "raises", "lowers"} <= set(written(both))
    assert "raises" not in written(plots.compare([attribution(images[:1], "gradient")], images[:1]))
    mixed = plots.show([attribution(images), attribution(images, "gradient")], scale="shared", size=4)
    assert {"brighter", "raises"} <= set(written(mixed))
    assert "all have one scale" in text(mixed)


def test_a_map_without_a_negative_part_has_no_blue_half() -> None:
    cam = attribution(np.ones((1, 4, 4, 1)), "grad_cam")
    assert "lowers" not in written(plots.show(cam))
    signed = attribution(np.linspace(-1, 1, 16).reshape(1, 4, 4, 1), "grad_cam")
    assert "lowers" in written(plots.show(signed))


def test_every_map_of_a_comparison_lies_over_its_image(images: np.ndarray) -> None:
    figure = plots.compare([attribution(images[:1]), attribution(images[:1], "gradient")], images[:1])
    grey = [i for i in figure.axes[0].images if i.get_cmap().name == "gray"]
    assert len(grey) == 3


# -- several maps -------------------------------------------------------------------------------------


def test_maps_of_two_classes_are_headed_by_the_class(images: np.ndarray) -> None:
    """The pictures of the shap library: one scale at the 99.9th percentile, which is stated."""
    rng = np.random.default_rng(0)
    pair = [attribution(rng.normal(size=images.shape), target=np.full(2, k)) for k in (8, 3)]
    names = [f"digit {k}" for k in range(10)]
    figure = plots.show(pair, images, percentile=99.9, overlay=True, classes=names)
    assert_legible(figure)
    bold = [t.get_text() for t in figure.axes[0].texts if t.get_fontweight() == "bold"]
    assert bold[:3] == ["image", "digit 8", "digit 3"]
    assert written(figure).count("deep lift") == 2
    limit = np.percentile(np.abs(np.concatenate([r.values.ravel() for r in pair])), 99.9)
    assert f"scale ±{limit:.3g}, percentile 99.9 of |map|" in text(figure)
    for drawn, values in zip(panels(figure), np.concatenate([r.values for r in pair]), strict=True):
        np.testing.assert_allclose(drawn, np.clip(values[..., 0] / limit, -1, 1))


def test_maps_of_several_layers_are_headed_by_the_layer(model: mx.Model, images: np.ndarray) -> None:
    """Grad-CAM over every convolution: each layer has a scale of its own, since their units differ."""
    layers = [entry.name for entry in model.layers if entry.name.startswith("conv")]
    figure = plots.show([mx.grad_cam(model, images, layer=name) for name in layers], images, overlay=True)
    assert_legible(figure)
    bold = [t.get_text() for t in figure.axes[0].texts if t.get_fontweight() == "bold"]
    assert [t for t in bold if t.startswith("at ")] == [f"at {name}" for name in layers]
    assert sum(t.startswith("scale ±") for t in written(figure)) == len(layers)
    assert written(figure)[-1] == "attribution; each column has a scale of its own"
    assert {p.shape for p in panels(figure)} == {(28, 28), (14, 14), (7, 7)}


def test_titles_lead_if_they_are_given(images: np.ndarray) -> None:
    pair = [attribution(images, target=np.full(2, k)) for k in (8, 3)]
    texts = written(plots.show(pair, titles=["one", "another"]))
    assert texts.index("one") < texts.index("class 8")
    hidden = attribution(np.ones((1, 7, 7, 1)), "grad_cam", layer="conv4")
    assert written(plots.show(hidden, titles=["at conv4"])).count("at conv4") == 1


def test_every_result_may_have_a_scale_of_its_own(images: np.ndarray) -> None:
    strip = [attribution(images / k, "smooth_grad") for k in range(1, 7)]
    titles = [f"noise {level:.0%}" for level in LEVELS]
    shared, own = (plots.show(strip, images, titles=titles, scale=scale) for scale in (None, "result"))
    for figure in (shared, own):
        assert_legible(figure)
        assert set(titles) <= set(written(figure))
    assert [p.max() for p in panels(shared)][::2] == pytest.approx([1 / k for k in range(1, 7)])
    assert [p.max() for p in panels(own)] == [1] * 12
    assert sum(t.startswith("scale ±") for t in written(own)) == 6


@pytest.mark.parametrize("rows", [1, 2])
@pytest.mark.parametrize("count", [7, 8, 13, 17])
def test_many_columns_go_on_beneath(images: np.ndarray, rows: int, count: int) -> None:
    maps = [attribution(images[:rows] * k, f"method_{k}") for k in range(1, count + 1)]
    figure = plots.show(maps, images[:rows])
    assert_legible(figure)
    assert figure.get_size_inches()[0] < 17
    texts = written(figure)
    assert [t for t in texts if t.startswith("method ")] == [f"method {k}" for k in range(1, count + 1)]
    lines = {7: 1, 8: 2, 13: 2, 17: 3}[count]
    assert texts.count("image") == (lines if rows > 1 else 1)
    headings = corners(figure, [t for t in figure.axes[0].texts if t.get_text().startswith("method ")])
    assert len(np.unique(headings[:, 1].round(3))) == lines


def test_a_map_of_another_shape_is_stretched_if_a_method_made_it() -> None:
    picture = np.full((1, 28, 40, 1), 0.5)
    figure = plots.show(attribution(np.ones((1, 24, 36, 1)), "grad_cam"), picture)
    assert_legible(figure)
    with pytest.raises(ValueError, match="maps of 24 × 36 do not fit"):
        plots.show(np.ones((1, 24, 36, 1)), picture)


def test_a_cam_of_zeros_says_so_over_its_image(images: np.ndarray) -> None:
    figure = plots.show(attribution(np.zeros((2, 7, 7, 1)), "grad_cam"), images, overlay=True)
    assert_legible(figure)
    assert written(figure).count("all zero") == 2


@pytest.mark.parametrize("columns", [0, 1, 51])
def test_columns_beside_each_other_are_some(columns: int) -> None:
    with pytest.raises(ValueError, match=f"2 to 50, got {columns}"):
        plots.show(np.ones((1, 2, 2, 1)), columns=columns)


# -- filters ------------------------------------------------------------------------------------------


def test_filters_are_sorted_by_their_peaks(model: mx.Model, images: np.ndarray) -> None:
    found = mx.activations(model, images, layer="conv3")
    figure = plots.feature_maps(found, images, row=1, title="conv3")
    assert_legible(figure)
    maps = found.values[1]
    peaks = maps.max(axis=(0, 1))
    order = np.argsort(-peaks, kind="stable")
    captions = [t.replace(NBSP, " ") for t in written(figure) if ":" in t]
    assert captions == [f"{k}: {peaks[k]:.2g}" for k in order]
    assert "64 filters at conv3, 7 × 7; number and peak beneath each, the highest peak first" in text(figure)
    for drawn, k in zip(viridis(figure), order, strict=True):
        np.testing.assert_allclose(drawn, maps[..., k] / (peaks[k] or 1), rtol=1e-6)
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), images[1, ..., 0])


def test_filters_as_the_result_ranks_them_or_as_they_are(model: mx.Model, images: np.ndarray) -> None:
    found = mx.activations(model, images, layer="conv2", rank="mean")
    figures = [plots.feature_maps(found, row=0, **more) for more in ({}, {"sort": False}, {"count": 3})]
    numbers = [[int(t.split(":")[0]) for t in written(figure) if ":" in t] for figure in figures]
    order = found.extras["order"][0].tolist()
    assert numbers == [order, list(range(32)), order[:3]]
    assert ["the highest mean first" in text(figure) for figure in figures] == [True, False, True]
    assert "3 of 32 filters at conv2" in text(figures[2])


def test_filters_on_one_scale() -> None:
    values = np.zeros((1, 2, 2, 3))
    values[0, 0, 0] = [1, 4, -2]
    figure = plots.feature_maps(values, scale="shared")
    drawn = viridis(figure)
    np.testing.assert_allclose([(p.min(), p.max()) for p in drawn], [(1 / 3, 1), (1 / 3, 1 / 2), (0, 1 / 3)])
    assert [t for t in written(figure) if t in {"−2", "4"}] == ["−2", "4"]
    own = plots.feature_maps(values)
    assert [(p.min(), p.max()) for p in viridis(own)] == [(0, 1), (0, 1), (0, 1)]
    assert {"lowest", "peak"} <= set(written(own))
    assert [p.max() for p in viridis(plots.feature_maps(np.zeros((1, 2, 2, 3))))] == [0, 0, 0]
    above_zero = viridis(plots.feature_maps(np.array([2.0, 4.0]).reshape(1, 2, 1, 1)))
    np.testing.assert_array_equal(above_zero, [[[0.5], [1]]])


@pytest.mark.slow
def test_256_filters_on_one_sheet_are_legible() -> None:
    values = np.random.default_rng(0).normal(size=(1, 14, 14, 256)) * 1e-3
    figure = plots.feature_maps(values, np.full((1, 28, 28, 3), 0.5), title="256 filters")
    assert_legible(figure)
    assert len(viridis(figure)) == 256
    assert len([t for t in written(figure) if ":" in t]) == 256
    with pytest.raises(ValueError, match="1 to 256 filters, not 257: give count="):
        plots.feature_maps(np.zeros((1, 2, 2, 257)))
    assert len(viridis(plots.feature_maps(np.zeros((1, 2, 2, 257)), count=1))) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "about one image and the result holds 2: choose one, row=0"),
        ({"row": 2}, "no row 2: the result holds 2"),
        ({"row": -1}, "no row -1"),
        ({"row": 0, "count": 0}, "not 0: give count="),
        ({"row": 0, "scale": "method"}, "unknown scale 'method'"),
        ({"row": 0, "columns": 0}, "2 to 50, got 0"),
        ({"row": 0, "size": 0.1}, "0.8 to 12.0 inches"),
        ({"row": 0, "images": np.zeros((1, 8, 8, 1))}, "2 rows of values for 1 images"),
    ],
)
def test_filters_that_cannot_be(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plots.feature_maps(np.zeros((2, 4, 4, 3)), **options)


# -- the way of integrated gradients ------------------------------------------------------------------


def test_the_way_ends_at_the_image_and_the_attribution(way: Attribution, images: np.ndarray) -> None:
    figure = plots.series(way, row=1, columns=6, title="The way")
    assert_legible(figure)
    alpha, marked = way.extras["alpha"], [0, 4, 8, 11, 15, 19]
    assert [t.replace(NBSP, " ") for t in written(figure) if t.startswith("α")] == [
        f"α = {alpha[k]:.2g}" for k in marked
    ]
    inputs = [np.asarray(i.get_array()) for i in figure.axes[0].images if i.get_cmap().name == "gray"]
    np.testing.assert_allclose(inputs[-1], images[1, ..., 0] * alpha[-1], atol=1e-6)
    slopes, sums = panels(figure)[::2], panels(figure)[1::2]
    phi = way.values[1, ..., 0]
    most = np.percentile(abs(way.extras["sums"][1, marked].sum(-1)), 99.5)  # so that one pixel does not pale the rest
    np.testing.assert_allclose(sums[-1], np.clip(phi / most, -1, 1), rtol=1e-4, atol=1e-5)
    assert max(abs(s).max() for s in slopes) == 1
    assert f"sum {phi.sum(dtype=float):.3g}".replace("-", "−") in text(figure)


def test_the_curve_rises_to_the_difference(way: Attribution) -> None:
    figure = plots.series(way, row=0)
    goal, zero, curve, marks = figure.axes[0].lines
    top, bottom = goal.get_ydata()[0], zero.get_ydata()[0]
    total = way.extras["sums"][0].sum(axis=(1, 2, 3), dtype=np.float64)
    difference = float(way.score[0] - way.reference_score[0])
    np.testing.assert_allclose((bottom - curve.get_ydata()) / (bottom - top), total / difference, rtol=1e-5)
    assert len(curve.get_xdata()) == 20
    assert len(marks.get_xdata()) == 7
    assert f"= {difference:.3g}, missed by".replace("-", "−") in text(figure)
    assert "class 8, 20 steps" in text(figure)


def test_a_baseline_below_0_is_black_and_said(model: mx.Model, images: np.ndarray) -> None:
    way = mx.integrated_gradients(model, images[:1], baseline=-0.5, steps=50, path=True)
    figure = plots.series(way)
    assert_legible(figure)
    assert "image from −0.5 to 1" in text(figure)
    assert figure.axes[0].images[0].get_array().max() < 0.01


def test_without_the_product_there_is_no_difference_to_arrive_at(model: mx.Model, images: np.ndarray) -> None:
    figure = plots.series(mx.integrated_gradients(model, images[:1], steps=3, multiply=False, path=True))
    assert_legible(figure)
    assert not figure.axes[0].lines
    assert len(panels(figure)) == 6


def test_results_that_hold_no_way(model: mx.Model, images: np.ndarray, way: Attribution) -> None:
    with pytest.raises(ValueError, match="path=True"):
        plots.series(mx.gradient(model, images[:1]))
    with pytest.raises(TypeError, match="result is an Attribution, got array"):
        plots.series(images[:1])
    hidden = mx.integrated_gradients(model, images[:1], layer="conv3", steps=20, path=True)
    with pytest.raises(ValueError, match=r"\(7, 7, 64\), which are no images"):
        plots.series(hidden)
    with pytest.raises(ValueError, match="choose one, row=0"):
        plots.series(way)
    with pytest.raises(ValueError, match="2 to 12, got 1"):
        plots.series(way, row=0, columns=1)


# -- many methods -------------------------------------------------------------------------------------


def test_a_comparison_states_every_scale_and_gap(images: np.ndarray) -> None:
    complete = attribution(images[:1] / 2, gap=np.array([-0.25]), gap_standard_error=np.array([0.5]))
    exact = attribution(-images[:1], "shapley_values", gap=np.array([1e-9]), gap_standard_error=np.zeros(1))
    hidden = attribution(np.ones((1, 7, 7, 3)), "grad_cam", layer="conv4")
    figure = plots.compare([complete, exact, hidden], images[:1], title="Three methods")
    assert_legible(figure)
    texts = [t.replace(NBSP, " ") for t in written(figure)]
    for words in ("±0.5", "gap −0.2 ± 0.5", "±1", "gap 1e−9", "±3", "need not add up", "at conv4", "Three methods"):
        assert words in texts
    assert [float(abs(p).max()) for p in panels(figure)] == [1, 1, 1]


def test_a_comparison_of_many_methods_is_legible(images: np.ndarray) -> None:
    names = [*mx.catalogue, "a_method_with_a_name_that_does_not_end"]
    figure = plots.compare([attribution(images[:1], name) for name in names], images[:1], title="All of them")
    assert_legible(figure)
    assert len(panels(figure)) == len(names)
    assert len(patches(figure, type(figure.axes[0].patches[0]))) == len(names) + 3  # the image, and two bars
    assert figure.get_size_inches()[0] < 12


def test_a_comparison_is_about_one_image(images: np.ndarray) -> None:
    for results, given in (([], images[:1]), ([attribution(images)], images)):
        with pytest.raises(ValueError, match="for one image"):
            plots.compare(results, given)
    with pytest.raises(ValueError, match="results of 1 and 2 rows"):
        plots.compare([attribution(images)], images[:1])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"result": np.full((1, 2, 2, 1), np.nan)}, "not all finite"),
        ({"result": np.ones((1, 0, 2, 1))}, "are not maps"),
        ({"image": np.full((2, 2, 1), 20.0)}, "images are shown from 0 to 1"),
        ({"outline": np.ones((1, 2, 2))}, r"one mask \(H, W\) .*, got an array \(1, 2, 2\)"),
        ({"outline": np.ones((1, 1))}, "at least 2 × 2"),
    ],
)
def test_a_heat_map_refuses_what_has_no_colour(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plots.heat_map(Figure().subplots(), **{"result": np.ones((1, 2, 2, 1)), **options})


def test_a_comparison_refuses_several_outlines(images: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"outline is one mask .*, got an array \(1, 24, 24\)"):
        plots.compare([attribution(images[:1])], images[:1], outline=np.ones((1, 24, 24)))


def test_an_image_of_bytes_shows_through_a_heat_map_as_its_floats_do() -> None:
    floats, levels = Figure().subplots(), Figure().subplots()
    for ax, image in ((floats, np.full((2, 2, 1), 0.2)), (levels, np.full((2, 2, 1), 51, np.uint8))):
        plots.heat_map(ax, np.ones((1, 2, 2, 1)), image)
    assert (floats.images[0].get_array() == levels.images[0].get_array()).all()


def test_a_photo_beside_a_figure_leaves_its_panels_as_large_and_at_the_upper_right() -> None:
    figure = Figure((4, 1))
    panel = figure.add_axes((0.25, 0.5, 0.5, 0.25))
    add_overview(figure, np.full((30, 10, 3), 0.5), "the whole photo", "of which the network saw the middle")
    width, height = figure.get_size_inches()
    left, bottom, across, up = panel.get_position().bounds
    assert height > 1
    np.testing.assert_allclose(
        [width - left * width, (1 - bottom) * height, across * width, up * height], [3, 0.5, 2, 0.25]
    )


def test_filters_is_the_former_name_of_feature_maps() -> None:
    with pytest.warns(DeprecationWarning, match="is now called plots.feature_maps"):
        figure = plots.filters(np.ones((1, 4, 4, 2)), count=1)
    assert len(viridis(figure)) == 1

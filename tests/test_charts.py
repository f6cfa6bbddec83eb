"""Charts: the numbers are where they belong, and every word can be read."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from minixai.plots.charts import BoxPlotPanel, LinePanel, draw_box_plots, draw_line_plots

RNG = np.random.default_rng(0)


def words(figure):
    """All that is written: (text, points, corners in inches)."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    texts = [*figure.texts]
    for place in figure.axes:
        texts += [place.title, place.xaxis.label, *(place.get_legend().get_texts() if place.get_legend() else [])]
        for axis, low, high in ((place.xaxis, *sorted(place.get_xlim())), (place.yaxis, *sorted(place.get_ylim()))):
            ticks = axis.get_major_ticks() + axis.get_minor_ticks()
            texts += [t.label1 for t in ticks if low <= t.get_loc() <= high]
    shown = [text for text in texts if text.get_visible() and text.get_text()]
    boxes = [text.get_window_extent(canvas.get_renderer()).extents / figure.dpi for text in shown]
    return [(text.get_text(), text.get_fontsize(), box) for text, box in zip(shown, boxes, strict=True)]


def assert_readable(figure):
    """Nothing too small, nothing beyond the figure, no word on another."""
    found = words(figure)
    across, down = figure.get_size_inches()
    for i, (text, points, (x0, y0, x1, y1)) in enumerate(found):
        assert points >= 8, text
        assert -0.02 <= x0 <= x1 <= across + 0.02, text
        assert -0.02 <= y0 <= y1 <= down + 0.02, text
        for other, _, (a0, b0, a1, b1) in found[:i]:
            on = min(x1, a1) - max(x0, a0) > 0.02 and min(y1, b1) - max(y0, b0) > 0.02
            assert not on, (text, other)


def box_figure(**options):
    panels = [BoxPlotPanel(f"panel {i}", RNG.lognormal(0, 1, (5, 40)), [1.0, 2.0, np.nan, 1.0, 0.5]) for i in range(3)]
    names = ["|gradient|, masked", "guided", "x · gradient", "Rescale", "RevealCancel"]
    given = {"title": "How far?", "x_label": "distance", "mark_label": "published median", "columns": 3} | options
    return panels, draw_box_plots(panels, names, **given)


def line_figure(**options):
    steps = [8, 16, 32, 64, 128, 256]
    falling = {name: 1 / np.array(steps) ** p for name, p in (("left", 1), ("midpoint", 2))}
    panels = [
        LinePanel("steps", steps, falling, "steps", True),
        LinePanel("near", steps, {"left": falling["left"]}, "steps", True),
        LinePanel("layers", ["none", "scores", "dense1"], {"signed": np.array([1, -0.5, 0.1])}),
    ]
    return panels, draw_line_plots(
        panels, **{"title": "What is bought?", "note": "both axes logarithmic", "columns": 3} | options
    )


@pytest.mark.parametrize("options", [{}, {"columns": 1}, {"columns": 2}, {"logarithmic": True}])
def test_boxes_can_be_read(options):
    assert_readable(box_figure(**options)[1])


@pytest.mark.parametrize("options", [{}, {"columns": 1}, {"columns": 2}])
def test_lines_can_be_read(options):
    assert_readable(line_figure(**options)[1])


@pytest.mark.slow
def test_many_panels_with_many_words_can_be_read():
    layers = ["none", "scores", *(f"conv{i}" for i in range(6, 0, -1))]
    y = {"signed": np.linspace(1, 0, 8), "absolute": np.linspace(1, 0.2, 8)}
    panels = [LinePanel("guided Grad-CAM\nshorebirds", layers, y) for _ in range(18)]
    assert_readable(draw_line_plots(panels, title="Who notices?", note="rank correlation", columns=9))


def test_boxes_show_the_quartiles_beneath_each_other():
    panels, figure = box_figure()
    for place, panel in zip(figure.axes, panels, strict=True):
        assert place.yaxis_inverted()
        boxes_drawn = [p.get_path().get_extents() for p in place.patches]
        assert len(boxes_drawn) == 5
        for i, (box, sample) in enumerate(zip(boxes_drawn, panel.samples, strict=True)):
            np.testing.assert_allclose([box.x0, box.x1], np.percentile(sample, [25, 75]))
            assert box.y0 < i < box.y1
        marks = next(line for line in place.lines if line.get_marker() == "D")
        np.testing.assert_array_equal(marks.get_xdata(), panel.marks)
        medians = [line for line in place.lines if line.get_linewidth() == 1.2]
        np.testing.assert_allclose([m.get_xdata()[0] for m in medians], np.median(panel.samples, axis=1))


def test_names_stand_at_the_left_alone():
    _, figure = box_figure(columns=2)
    figure.canvas.draw()
    shown = [any(label.get_visible() and label.get_text() for label in p.get_yticklabels()) for p in figure.axes]
    assert [bool(p.yaxis.get_tick_params()["labelleft"]) for p in figure.axes] == [True, False, True]
    assert shown[0]


def test_lines_go_through_their_numbers():
    panels, figure = line_figure()
    for place, panel in zip(figure.axes, panels, strict=True):
        drawn = {line.get_label(): line.get_ydata() for line in place.lines}
        for name, y in panel.y.items():
            np.testing.assert_array_equal(drawn[name], y)
        assert place.get_xscale() == ("log" if panel.logarithmic else "linear")
    assert [label.get_text() for label in figure.axes[2].get_xticklabels()] == ["none", "scores", "dense1"]
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["8", "16", "32", "64", "128", "256"]


def test_numbers_that_are_close_have_ticks_between_powers_of_ten():
    _, figure = line_figure()
    figure.canvas.draw()
    assert [any(np.isclose(place.get_yticks(), 0.05)) for place in figure.axes[:2]] == [False, True]


def test_a_legend_is_not_said_twice():
    twice = {name: np.ones(2) for name in ("a", "b")}
    figure = draw_line_plots([LinePanel(str(i), ["x", "y"], twice) for i in range(3)], title="t", note="n", columns=3)
    assert [place.get_legend() is not None for place in figure.axes] == [True, False, False]
    _, figure = line_figure()
    assert all(place.get_legend() for place in figure.axes)


def test_matplotlib_stays_as_it_was():
    import matplotlib

    before = dict(matplotlib.rcParams)
    box_figure()
    line_figure()
    assert dict(matplotlib.rcParams) == before

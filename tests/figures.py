"""What a test reads off a figure: its texts, its panels, and whether all of it is legible."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle

from minixai.attribution import Attribution, Cost

SLACK = 0.02  # inches: half a line's width, and the tip of an arrow
SHRINK = np.array([SLACK, SLACK, -SLACK, -SLACK])


def rendered(figure: Figure) -> np.ndarray:
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]


def corners(figure: Figure, artists: list[Any]) -> np.ndarray:
    """left, bottom, right, top of each artist as drawn, in inches."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    return np.array([a.get_window_extent(renderer).extents / figure.dpi for a in artists]).reshape(-1, 4)


def written(figure: Figure, color: str | None = None) -> list[str]:
    (page,) = figure.axes
    return [t.get_text() for t in page.texts if color is None or to_hex(t.get_color()) == color]


def patches(figure: Figure, kind: type) -> list[Any]:
    (page,) = figure.axes
    return [p for p in page.patches if isinstance(p, kind)]


def frames(figure: Figure) -> list[Any]:
    return patches(figure, FancyBboxPatch) + patches(figure, Rectangle)


def overlap(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Which of a overlaps which of b by more than SLACK."""
    a, b = a[:, None] + SHRINK, b + SHRINK
    return ((a[..., :2] < b[..., 2:]) & (b[..., :2] < a[..., 2:])).all(axis=-1)


def within(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Which of a lies inside which of b."""
    return ((b[:, :2] <= a[:, None, :2]) & (a[:, None, 2:] <= b[:, 2:])).all(axis=-1)


def assert_legible(figure: Figure) -> None:
    """No text on another text or on the border of a box, nothing beyond the figure, no edge through text or box."""
    (page,) = figure.axes
    written = [t for t in page.texts if t.get_text()]
    texts, boxes = corners(figure, written), corners(figure, frames(figure))
    everything = np.concatenate([texts, boxes])
    assert min(t.get_fontsize() for t in written) >= 8
    assert within(everything, np.array([[0, 0, *figure.get_size_inches()]])).all()
    assert overlap(texts, texts).sum() == len(texts)
    assert overlap(boxes, boxes).sum() == len(boxes)
    assert not (overlap(texts, boxes) & ~within(texts, boxes)).any()
    for arrow in patches(figure, FancyArrowPatch):
        points = along(arrow)
        points[:, 1] = figure.get_size_inches()[1] - points[:, 1]
        assert not overlap(np.hstack([points, points]) - SHRINK, everything).any()


def along(arrow: FancyArrowPatch) -> np.ndarray:
    """Points on an edge, a hundredth of an inch apart; the page's own coordinates are inches."""
    ends = np.concatenate(arrow.get_path().to_polygons(closed_only=False))
    return np.concatenate([np.linspace(a, b, 2 + int(100 * np.hypot(*(b - a)))) for a, b in pairwise(ends)])


def attribution(values: np.ndarray, method: str = "deep_lift", **fields: Any) -> Attribution:
    n = len(values)
    fields = {"target": np.arange(n), "score": np.linspace(-1, 2, n), "cost": Cost(n, n)} | fields
    return Attribution(values=values, method=method, **fields)


def panels(figure: Figure) -> list[np.ndarray]:
    """The maps as drawn, in units of the scale; the colour bars, one pixel high, left out."""
    drawn = [i for i in figure.axes[0].images if i.get_cmap().name != "gray" and i.get_array().ndim == 2]
    return [np.asarray(i.get_array()) for i in drawn if len(i.get_array()) > 1]


def pixels(figure: Figure) -> Iterator[np.ndarray]:
    """The pixels of each panel."""
    picture = rendered(figure)
    for box in corners(figure, patches(figure, Rectangle)):
        x0, y0, x1, y1 = ((box + SHRINK) * figure.dpi).astype(int)
        yield picture[len(picture) - y1 : len(picture) - y0, x0:x1]

"""Integrated gradients step by step: the images on the path, the gradient at each, and the sum so far."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minixai.arrays import Array
from minixai.attribution import Attribution
from minixai.plots.colours import CAPTION_SIZE, QUIET, RAISES, SIGNED, SLOPE, SLOPE_MEANING, BBox, draw_frame
from minixai.plots.maps import ClassNames, as_row_index, check_size, full_colour_value, question_text
from minixai.plots.panels import Band, ImageColumn, MapColumn, PanelColumn, draw_bands
from minixai.plots.text import NBSP, Line, short_number, total_height, write_lines

MAX_STEPS, CURVE_HEIGHT = 12, 1.1  # steps shown; inches


class IntegrationPath(NamedTuple):
    """What `integrated_gradients(..., path=True)` keeps of one image, with S steps from the baseline to the image."""

    alpha: Array
    """(S,), from 0 to 1"""
    inputs: Array
    """(S, H, W, C), the images on the path"""
    gradients: Array
    """(S, H, W, C), the gradient at each of them"""
    sums: Array
    """(S, H, W, C), the attribution summed up to each step"""

    @property
    def totals(self) -> Array:
        """(S,), the sum over all pixels up to each step"""
        return np.asarray(self.sums.sum(axis=(1, 2, 3), dtype=np.float64))


@dataclass(frozen=True, kw_only=True)
class RowLabels(PanelColumn):
    """A column of words at the left, which names each row: a bold line, and small ones below it."""

    labels: list[str]

    def draw_panel(self, page: Axes, row: int, bbox: BBox) -> None:
        left, top, width, height = bbox
        name, *details = self.labels[row].split("\n")
        notes = [part for each in details for part in Line(each, CAPTION_SIZE, QUIET).wrap(width)]
        lines = [*Line(name, 10.0, bold=True).wrap(width), *notes]
        write_lines(page, left + width, top + (height - total_height(lines)) / 2, lines, "right")


@dataclass(frozen=True, kw_only=True)
class StackedColumn(PanelColumn):
    """A column whose panels are of different kinds: row i is the first panel of panels[i]."""

    panels: list[PanelColumn]

    def draw_panel(self, page: Axes, row: int, bbox: BBox) -> None:
        self.panels[row].draw_panel(page, 0, bbox)


@dataclass(frozen=True, kw_only=True)
class CurvePanel(PanelColumn):
    """The sum over all pixels at each α (S,), and the difference in score that it should reach.

    marked   the numbers of the steps that the rows above show
    """

    alpha: Array
    totals: Array
    score_difference: float
    marked: Array

    def draw_panel(self, page: Axes, row: int, bbox: BBox) -> None:
        left, top, width, height = bbox
        draw_frame(page, bbox)
        goal = self.score_difference
        low, high = min(0.0, goal, self.totals.min()), max(0.0, goal, self.totals.max())
        span = (high - low) or 1.0

        def to_page(alpha: Any, y: Any) -> tuple[Any, Any]:
            return left + width * alpha, top + height * (0.9 - 0.8 * (y - low) / span)

        ends = np.array([0.0, 1.0])
        page.plot(*to_page(ends, np.full(2, goal)), color=QUIET, linewidth=1, linestyle=(0, (4, 3)))
        page.plot(*to_page(ends, np.zeros(2)), color=QUIET, linewidth=0.5)
        page.plot(*to_page(self.alpha, self.totals), color=RAISES, linewidth=1.4)
        page.plot(*to_page(self.alpha[self.marked], self.totals[self.marked]), "o", color=RAISES, markersize=4)


def series(
    result: Attribution,
    *,
    row: int | None = None,
    columns: int = 7,
    title: str | None = None,
    classes: ClassNames | None = None,
    size: float = 1.2,
) -> Figure:
    """Show how integrated gradients come about, from the baseline to the image.

    The first row shows images on the path, the second the gradient at each of them, on its own scale, and the third
    the running sum, whose last map is the attribution.  Beneath, a curve shows how the sum over all pixels
    approaches f(x) − f(x').

    Parameters
    ----------
    result : Attribution
        The result of `integrated_gradients(..., path=True)`, at the input.
    row : int, optional
        Which of several images.
    columns : int, default 7
        How many of the steps, 2 to 12, evenly chosen.
    title : str, optional
        A heading for the figure.
    classes : sequence or mapping of str, optional
        Class names, shown in place of numbers.
    size : float, default 1.2
        Width of a panel in inches.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If the result was made without `path=True`, or is not about images.

    Examples
    --------
    >>> from minixai.methods import integrated_gradients
    >>> result = integrated_gradients(lambda x: (x * x).sum((1, 2, 3)), np.full((1, 4, 4, 1), 0.5), path=True)
    >>> figure = series(result)
    """
    check_size(size)
    i = as_row_index(len(result), row)
    path = integration_path(result, i)
    marked = evenly_spaced_steps(len(path.alpha), columns)
    h, w = path.inputs.shape[1:3]
    bands = [Band(step_columns(path, marked), 3, size, h / w)]
    if result.gap is not None and result.reference_score is not None:
        score_difference = float(result.score[i]) - float(result.reference_score[i])
        curve = sum_curve(path, marked, score_difference, float(result.gap[i]))
        bands.append(Band([curve], 1, bands[0].width, CURVE_HEIGHT / bands[0].width))
    remark = f"integrated gradients of {question_text(result, i, classes)}, {len(path.alpha)} steps; {SLOPE_MEANING}"
    return draw_bands(bands, remark, title, [SLOPE, SIGNED])


def step_columns(path: IntegrationPath, marked: Array) -> list[PanelColumn]:
    """The names of the three rows, and for each marked step its image, gradient and sum so far."""
    slopes, sums = (maps[marked].sum(axis=-1, dtype=np.float64) for maps in (path.gradients, path.sums))
    steepest = [full_colour_value([each], None, 99.5) for each in slopes]
    largest = full_colour_value([sums], None, 99.5)
    low, high = min(0.0, path.inputs.min()), max(1.0, path.inputs.max())
    images = (path.inputs[marked] - low) / (high - low)
    names = RowLabels(
        labels=[
            f"image\nfrom {short_number(low)} to {short_number(high)}",
            "slopes\neach on its own scale",
            f"sum so far\nscale ±{short_number(largest)}",
        ]
    )
    steps = [
        StackedColumn(
            heading=f"α{NBSP}={NBSP}{short_number(path.alpha[k], 2)}",
            captions=["", f"±{short_number(steepest[j], 2)}", f"sum{NBSP}{short_number(path.totals[k])}"],
            panels=[
                ImageColumn(images=images[[j]]),
                MapColumn(maps=slopes[[j]], color_limit=steepest[j], palette=SLOPE),
                MapColumn(maps=sums[[j]], color_limit=largest),
            ],
        )
        for j, k in enumerate(marked)
    ]
    return [names, *steps]


def sum_curve(path: IntegrationPath, marked: Array, score_difference: float, gap: float) -> CurvePanel:
    """The curve of the sum over all pixels, which misses the difference in score by the gap."""
    text = (
        f"the sum over all pixels as α goes from 0 to 1; dashed: f(x) − f(x') = {short_number(score_difference)}, "
        f"missed by {short_number(gap, 1)}"
    )
    return CurvePanel(
        captions=[text],
        alpha=path.alpha,
        totals=path.totals,
        score_difference=score_difference,
        marked=marked,
    )


def integration_path(result: Attribution, i: int) -> IntegrationPath:
    """The path of image i.  Raises ValueError for a result without a path, or about other inputs than images."""
    if not isinstance(result, Attribution) or not set(IntegrationPath._fields) <= set(result.extras):
        raise ValueError(
            "series shows the path of integrated gradients, and this result holds none: make it with "
            "integrated_gradients(..., path=True)"
        )
    alpha, *along = (np.asarray(result.extras[name]) for name in IntegrationPath._fields)
    if along[0].ndim != 5 or along[0].shape[-1] not in (1, 3):
        raise ValueError(
            f"the path leads through values of shape {along[0].shape[2:]}, which are no images (H, W, 1 or 3): "
            "series shows integrated gradients at the input of an image model"
        )
    return IntegrationPath(alpha, *(each[i] for each in along))


def evenly_spaced_steps(steps: int, count: int) -> Array:
    """The numbers of `count` of so many steps, from the first to the last."""
    if not 2 <= count <= MAX_STEPS:
        raise ValueError(f"columns is how many steps are shown, 2 to {MAX_STEPS}, got {count}")
    return np.unique(np.linspace(0, steps - 1, count).round().astype(int))

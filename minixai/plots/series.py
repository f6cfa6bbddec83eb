"""Integrated gradients step by step: the images on the path, the gradient at each, and the sum so far."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minixai.arrays import Array
from minixai.attribution import Attribution
from minixai.plots.colours import CAPTION, QUIET, RAISES, SIGNED, SLOPE, SLOPE_WORDS, BBox, frame
from minixai.plots.maps import Names, check_size, limit, one_row, question_text
from minixai.plots.panels import Band, Column, Maps, Pictures, sheet
from minixai.plots.text import TIED, Line, number, stack_height, write

NEEDED = ("alpha", "inputs", "gradients", "sums")
MOST, CURVE = 12, 1.1  # steps, inches


@dataclass(frozen=True, kw_only=True)
class Words(Column):
    """What the rows are."""

    said: list[str]

    def paint(self, page: Axes, row: int, bbox: BBox) -> None:
        left, top, across, down = bbox
        words, *more = self.said[row].split("\n")
        notes = [part for each in more for part in Line(each, CAPTION, QUIET).wrap(across)]
        lines = [*Line(words, 10.0, bold=True).wrap(across), *notes]
        write(page, left + across, top + (down - stack_height(lines)) / 2, lines, "right")


@dataclass(frozen=True, kw_only=True)
class Stack(Column):
    """One panel above the other, each painted in its own way."""

    panels: list[Column]

    def paint(self, page: Axes, row: int, bbox: BBox) -> None:
        self.panels[row].paint(page, 0, bbox)


@dataclass(frozen=True, kw_only=True)
class Curve(Column):
    """How far the sum has come at each α, and where it should arrive."""

    alpha: Array
    totals: Array
    goal: float
    marked: Array

    def paint(self, page: Axes, row: int, bbox: BBox) -> None:
        left, top, across, down = bbox
        frame(page, bbox)
        low, high = min(0.0, self.goal, self.totals.min()), max(0.0, self.goal, self.totals.max())
        span = (high - low) or 1.0

        def at(alpha: Any, y: Any) -> tuple[Any, Any]:
            return left + across * alpha, top + down * (0.9 - 0.8 * (y - low) / span)

        page.plot(*at(np.array([0.0, 1.0]), np.full(2, self.goal)), color=QUIET, linewidth=1, linestyle=(0, (4, 3)))
        page.plot(*at(np.array([0.0, 1.0]), np.zeros(2)), color=QUIET, linewidth=0.5)
        page.plot(*at(self.alpha, self.totals), color=RAISES, linewidth=1.4)
        page.plot(*at(self.alpha[self.marked], self.totals[self.marked]), "o", color=RAISES, markersize=4)


def series(
    result: Attribution,
    *,
    row: int | None = None,
    columns: int = 7,
    title: str | None = None,
    classes: Names | None = None,
    size: float = 1.2,
) -> Figure:
    """Show how integrated gradients come about, from the baseline to the image.

    A row of the images on the path, one of the gradients there, each on its own scale, and one of
    the running sum, which ends as the attribution; beneath, the sum over all pixels on its way to
    f(x) − f(x').

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
    i = one_row(len(result), row)
    alpha, inputs, gradients, sums = path(result, i)
    marked = evenly(len(alpha), columns)
    totals = sums.sum(axis=(1, 2, 3), dtype=np.float64)
    slopes, parts = (maps[marked].sum(axis=-1, dtype=np.float64) for maps in (gradients, sums))
    steepest, largest = [limit([each], None, 99.5) for each in slopes], limit([parts], None, 99.5)
    low, high = min(0.0, inputs.min()), max(1.0, inputs.max())
    pictures = (inputs[marked] - low) / (high - low)
    names = [
        f"image\nfrom {number(low)} to {number(high)}",
        "slopes\neach on its own scale",
        f"sum so far\nscale ±{number(largest)}",
    ]
    steps: list[Column] = [
        Stack(
            heading=f"α{TIED}={TIED}{number(alpha[k], 2)}",
            captions=["", f"±{number(steepest[j], 2)}", f"sum{TIED}{number(totals[k])}"],
            panels=[
                Pictures(images=pictures[[j]]),
                Maps(maps=slopes[[j]], limit=steepest[j], palette=SLOPE),
                Maps(maps=parts[[j]], limit=largest),
            ],
        )
        for j, k in enumerate(marked)
    ]
    h, w = inputs.shape[1:3]
    bands = [Band([Words(said=names), *steps], 3, size, h / w)]
    if result.gap is not None and result.reference_score is not None:
        goal = float(result.score[i]) - float(result.reference_score[i])
        curve = Curve(
            captions=[
                f"the sum over all pixels as α goes from 0 to 1; dashed: f(x) − f(x') = {number(goal)}, "
                f"missed by {number(float(result.gap[i]), 1)}"
            ],
            alpha=alpha,
            totals=totals,
            goal=goal,
            marked=marked,
        )
        bands.append(Band([curve], 1, bands[0].across, CURVE / bands[0].across))
    return sheet(
        bands,
        f"integrated gradients of {question_text(result, i, classes)}, {len(alpha)} steps; {SLOPE_WORDS}",
        title,
        [SLOPE, SIGNED],
    )


def path(result: Attribution, i: int) -> list[Array]:
    """(alpha, inputs, gradients, sums) of one image; the last three are (steps, H, W, C)."""
    if not isinstance(result, Attribution) or not set(NEEDED) <= set(result.extras):
        raise ValueError(
            "series shows the path of integrated gradients, and this result holds none: make it with "
            "integrated_gradients(..., path=True)"
        )
    alpha, *along = (np.asarray(result.extras[name]) for name in NEEDED)
    if along[0].ndim != 5 or along[0].shape[-1] not in (1, 3):
        raise ValueError(
            f"the path leads through values of shape {along[0].shape[2:]}, which are no images (H, W, 1 or 3): "
            "series shows integrated gradients at the input of an image model"
        )
    return [alpha, *(each[i] for each in along)]


def evenly(steps: int, columns: int) -> Array:
    """The numbers of so many steps, from the first to the last."""
    if not 2 <= columns <= MOST:
        raise ValueError(f"columns is how many steps are shown, 2 to {MOST}, got {columns}")
    return np.unique(np.linspace(0, steps - 1, columns).round().astype(int))

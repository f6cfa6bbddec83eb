"""All filters of a layer on one sheet: what each of them found in the image."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from typing import cast

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minixai.arrays import Array
from minixai.attribution import Attribution
from minixai.plots.colours import BBox, Palette, end, frame
from minixai.plots.maps import Result, check_columns, check_size, checked_images, checked_values, layer_text, one_row
from minixai.plots.panels import Band, Column, Pictures, sheet
from minixai.plots.text import TIED, number
from minixai.validate import one_of

MOST, WIDEST = 256, 16
ROOMY = 1.5  # inches: a panel that has room for words
SCALES = ("filter", "shared")


@dataclass(frozen=True, kw_only=True)
class Filter(Column):
    """What one filter found (h, w), and the numbers that are shown darkest and brightest."""

    found: Array
    low: float
    high: float

    def paint(self, page: Axes, row: int, bbox: BBox) -> None:
        self.palette.paint(page, (self.found - self.low) / ((self.high - self.low) or 1.0), bbox)
        frame(page, bbox)


def filters(
    result: Result,
    images: Array | None = None,
    *,
    row: int | None = None,
    count: int | None = None,
    sort: bool = True,
    scale: str = "filter",
    columns: int | None = None,
    title: str | None = None,
    size: float = 0.8,
) -> Figure:
    """Show the filters of a layer, each with its number and its peak, the largest value in its map.

    Dark is 0, or the lowest value if that is below 0, of each filter or of all.

    Parameters
    ----------
    result : Attribution or array (N, h, w, filters)
        The result of `activations`, or any such values.
    images : array (N, H, W, 1 or 3), optional
        Shown beside the filters.
    row : int, optional
        Which of several images.
    count : int, optional
        How many filters, at most 256; by default all.
    sort : bool, default True
        The highest peak first, or what the result is ranked by; False keeps the order of the result.
    scale : {"filter", "shared"}, default "filter"
        The peak of each filter is its brightest colour, or the highest peak of all.
    columns : int, optional
        Filters on a line.
    title : str, optional
        A heading for the figure.
    size : float, default 0.8
        Width of a panel in inches.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        For values that are not maps, and for more than 256 filters.

    Examples
    --------
    >>> figure = filters(np.random.default_rng(0).random((1, 8, 8, 12)))
    """
    one_of(scale, SCALES, "scale")
    check_size(size)
    if columns is not None:
        check_columns(columns)
    pictures = None if images is None else checked_images(images)
    values = checked_values(result, len(np.asarray(result)), pictures)
    i = one_row(len(values), row)
    maps = np.moveaxis(values[i], -1, 0).astype(np.float64)  # (h, w, K) -> (K, h, w)
    peaks, lows = maps.max(axis=(1, 2)), np.minimum(maps.min(axis=(1, 2)), 0)
    shown = filter_order(result, i, peaks, sort)[: filter_count(len(maps), count)]
    low, high = lows[shown].min(), peaks[shown].max()
    shared = scale == "shared"
    dark, bright = (number(low), number(high)) if shared else ("lowest" if low < 0 else "0", "peak")
    palette = Palette("viridis", 0, 1, (end(dark), end(bright)))
    panels = [
        Filter(
            captions=[caption(k, peaks[k], size)],
            palette=palette,
            found=maps[k],
            low=low if shared else lows[k],
            high=high if shared else peaks[k],
        )
        for k in shown
    ]
    h, w = maps.shape[1:] if pictures is None else pictures.shape[1:3]
    length = min(ceil(sqrt(len(panels) * h / w)), WIDEST) if columns is None else columns
    first = None if pictures is None else Pictures(images=pictures[[i]], heading="", captions=["image"])
    bands = [Band(line, 1, size, h / w) for line in grid(panels, length, first)]
    return sheet(bands, remark(result, maps, len(shown), sort), title, [palette])


def caption(k: int, peak: float, size: float) -> str:
    """The number of a filter and its peak, in words where there is room."""
    short = number(peak, digits=2)
    return f"filter {k}, peak {short}" if size >= ROOMY else f"{k}:{TIED}{short}"


def grid(panels: Sequence[Column], length: int, first: Column | None) -> list[list[Column]]:
    """The panels line by line, to the right of the first, which has nothing beneath it."""
    margins = [] if first is None else [first, Column(captions=[""])]
    return [[*margins[min(i, 1) :][:1], *panels[i : i + length]] for i in range(0, len(panels), length)]


def filter_count(n: int, count: int | None) -> int:
    """How many filters are shown."""
    if not 1 <= (n if count is None else count) <= MOST:
        raise ValueError(f"a sheet has room for 1 to {MOST} filters, not {n if count is None else count}: give count=")
    return n if count is None else count


def filter_order(result: Result, i: int, peaks: Array, sort: bool) -> list[int]:
    """The numbers of the filters in order: as the result ranks them or, if it does not, by their peaks."""
    if not sort:
        return list(range(len(peaks)))
    if rank(result) is not None:
        return [int(k) for k in cast(Attribution, result).extras["order"][i]]
    return [int(k) for k in np.argsort(-peaks, kind="stable")]


def rank(result: Result) -> str | None:
    return result.parameters.get("rank") if isinstance(result, Attribution) else None


def remark(result: Result, maps: Array, shown: int, sort: bool) -> str:
    of = f"{shown} filter{'s' * (shown > 1)}" if shown == len(maps) else f"{shown} of {len(maps)} filters"
    what = " ".join(filter(None, [of, layer_text(result)]))
    order = f", the highest {rank(result) or 'peak'} first" * sort
    return f"{what}, {maps.shape[1]} × {maps.shape[2]}; number and peak beneath each{order}"

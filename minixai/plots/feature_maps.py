"""All feature maps of a layer on one sheet: what each of its filters found in the image."""

from collections.abc import Sequence
from dataclasses import dataclass
from inspect import signature
from math import ceil, sqrt
from typing import Any, cast

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minixai.arrays import Array
from minixai.attribution import Attribution
from minixai.plots.colours import BBox, Palette, draw_frame, end_label
from minixai.plots.maps import (
    Result,
    as_images,
    as_map_values,
    as_row_index,
    check_columns,
    check_size,
    layer_text,
)
from minixai.plots.panels import Band, ImageColumn, PanelColumn, draw_bands
from minixai.plots.text import NBSP, short_number
from minixai.validate import one_of, warn_caller

MAX_MAPS, MAX_PER_LINE = 256, 16
ROOMY = 1.5  # inches: a panel this wide has room for words in its caption
SCALES = ("filter", "shared")


@dataclass(frozen=True, kw_only=True)
class FeatureMapColumn(PanelColumn):
    """One feature map (h, w), and the values that are shown darkest and brightest."""

    feature_map: Array
    darkest: float
    brightest: float

    def draw_panel(self, page: Axes, row: int, bbox: BBox) -> None:
        span = (self.brightest - self.darkest) or 1.0
        self.palette.draw_map(page, (self.feature_map - self.darkest) / span, bbox)
        draw_frame(page, bbox)


def feature_maps(
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
    """Show the feature map of every filter of a layer, with the filter's number and the map's peak, its largest value.

    The darkest colour is 0, or the lowest value if that is below 0.

    Parameters
    ----------
    result : Attribution or array (N, h, w, filters)
        The result of `activations`, or any such values.
    images : array (N, H, W, 1 or 3), optional
        Shown beside the maps.
    row : int, optional
        Which of several images.
    count : int, optional
        How many maps, at most 256; by default all.
    sort : bool, default True
        The map with the highest peak first, or what the result is ranked by; False keeps the order of the filters.
    scale : {"filter", "shared"}, default "filter"
        Each map has a scale of its own, or all share one.
    columns : int, optional
        Maps on a line.
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
        For values that are not maps, and for more than 256 maps.

    Examples
    --------
    >>> figure = feature_maps(np.random.default_rng(0).random((1, 8, 8, 12)))
    """
    one_of(scale, SCALES, "scale")
    check_size(size)
    if columns is not None:
        check_columns(columns)
    pictures = None if images is None else as_images(images)
    values = as_map_values(result, len(np.asarray(result)), pictures)
    i = as_row_index(len(values), row)
    maps = np.moveaxis(values[i], -1, 0).astype(np.float64)  # (h, w, K) -> (K, h, w)
    shown = filter_order(result, i, maps, sort)[: map_count(len(maps), count)]
    panels = map_panels(maps, shown, scale == "shared", size)
    h, w = maps.shape[1:] if pictures is None else pictures.shape[1:3]
    length = min(ceil(sqrt(len(panels) * h / w)), MAX_PER_LINE) if columns is None else columns
    first = None if pictures is None else ImageColumn(images=pictures[[i]], heading="", captions=["image"])
    bands = [Band(line, 1, size, h / w) for line in split_into_lines(panels, length, first)]
    return draw_bands(bands, sheet_remark(result, maps, len(shown), sort), title, [panels[0].palette])


def filters(*args: Any, **options: Any) -> Figure:
    """Call `feature_maps`, whose former name this is, with a DeprecationWarning."""
    warn_caller("plots.filters is now called plots.feature_maps: write feature_maps", DeprecationWarning)
    return feature_maps(*args, **options)


filters.__signature__ = signature(feature_maps)  # type: ignore[attr-defined]  # whose kinds of arguments are checked


def map_panels(maps: Array, shown: Sequence[int], shared: bool, size: float) -> list[FeatureMapColumn]:
    """The panels of the filters in `shown`, of maps (K, h, w), on one shared scale or each on its own."""
    peaks, lows = maps.max(axis=(1, 2)), np.minimum(maps.min(axis=(1, 2)), 0)
    low, high = lows[shown].min(), peaks[shown].max()
    dark, bright = (short_number(low), short_number(high)) if shared else ("lowest" if low < 0 else "0", "peak")
    palette = Palette("viridis", 0, 1, (end_label(dark), end_label(bright)))
    return [
        FeatureMapColumn(
            captions=[filter_caption(k, peaks[k], size)],
            palette=palette,
            feature_map=maps[k],
            darkest=low if shared else lows[k],
            brightest=high if shared else peaks[k],
        )
        for k in shown
    ]


def filter_caption(k: int, peak: float, size: float) -> str:
    """The number of a filter and the peak of its map; in words if the panel is wide enough."""
    short = short_number(peak, digits=2)
    return f"filter {k}, peak {short}" if size >= ROOMY else f"{k}:{NBSP}{short}"


def split_into_lines(panels: Sequence[PanelColumn], length: int, first: PanelColumn | None) -> list[list[PanelColumn]]:
    """Split panels into lines; `first` begins the first line, and a gap as wide begins the others."""
    margins = [] if first is None else [first, PanelColumn(captions=[""])]
    return [[*margins[min(i, 1) :][:1], *panels[i : i + length]] for i in range(0, len(panels), length)]


def map_count(n: int, count: int | None) -> int:
    """How many of n maps are shown: `count`, or all if it is None."""
    wanted = n if count is None else count
    if not 1 <= wanted <= MAX_MAPS:
        raise ValueError(f"a sheet has room for 1 to {MAX_MAPS} filters, not {wanted}: give count=")
    return wanted


def filter_order(result: Result, i: int, maps: Array, sort: bool) -> list[int]:
    """The numbers of the filters in the order shown: as row i of the result ranks them, else by their peaks."""
    if not sort:
        return list(range(len(maps)))
    if ranked_by(result) is not None:
        return [int(k) for k in cast(Attribution, result).extras["order"][i]]
    return [int(k) for k in np.argsort(-maps.max(axis=(1, 2)), kind="stable")]


def ranked_by(result: Result) -> str | None:
    """What `activations` ranked the filters by: "peak", "mean", or None."""
    return result.parameters.get("rank") if isinstance(result, Attribution) else None


def sheet_remark(result: Result, maps: Array, shown: int, sort: bool) -> str:
    """The sentence at the foot: how many filters, of which layer, in which order."""
    of = f"{shown} filter{'s' * (shown > 1)}" if shown == len(maps) else f"{shown} of {len(maps)} filters"
    what = " ".join(filter(None, [of, layer_text(result)]))
    order = f", the highest {ranked_by(result) or 'peak'} first" * sort
    return f"{what}, {maps.shape[1]} × {maps.shape[2]}; number and peak beneath each{order}"

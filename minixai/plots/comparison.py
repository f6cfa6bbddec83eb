"""Many methods on one image, each on a scale of its own."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from minixai.arrays import Array
from minixai.attribution import Attribution
from minixai.plots.colours import RISING, SIGNED, SLOPE, SLOPE_MEANING
from minixai.plots.maps import (
    as_images,
    as_map_values,
    as_outline,
    check_columns,
    check_size,
    choose_palette,
    full_colour_value,
    gap_text,
    layer_text,
    result_headings,
)
from minixai.plots.panels import ImageColumn, MapColumn, PanelColumn, draw_sheet
from minixai.plots.text import short_number
from minixai.validate import accept_old_name

REMARK = (
    "±: the scale of each map, its value in full colour; "
    "gap: how far its sum is from the change in score that it explains"
)


@accept_old_name("beside", "columns")
def compare(
    results: Sequence[Attribution],
    image: Array,
    *,
    title: str | None = None,
    percentile: float = 100.0,
    size: float = 1.7,
    columns: int = 6,
    outline: Array | None = None,
    titles: Sequence[str] | None = None,
) -> Figure:
    """Show what many methods say about one image: a grid of maps, the image first.

    The image shows faintly through every map.  Beneath each map stands its scale, and whether it
    adds up: the gap, or that none is promised.  Contributions are red and blue; slopes, which
    answer another question, are orange and green (see `show`).

    Parameters
    ----------
    results : sequence of Attribution
        Each about one image; those at a layer are stretched to the image.
    image : array (1, H, W, 1 or 3)
        In [0, 1] or uint8.
    title : str, optional
        A heading for the figure: what was asked.
    percentile : float, default 100
        The percentile of a map's absolute values that has the full colour, as in `show`.
    size : float, default 1.7
        Width of a panel in inches.
    columns : int, default 6
        Panels on a line.
    outline : array (H, W), optional
        A mask of a part of the image, whose border is drawn on every map.
    titles : sequence of str, optional
        A heading for each map, in place of the method's name.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If a result is not about one image.

    Examples
    --------
    >>> from minixai.methods import gradient, input_x_gradient
    >>> image = np.full((1, 4, 4, 1), 0.5)
    >>> figure = compare([m(lambda x: (x * x).sum((1, 2, 3)), image) for m in (gradient, input_x_gradient)], image)
    """
    check_size(size)
    check_columns(columns)
    mask = as_outline(outline)
    pictures = as_images(image)
    if len(pictures) != 1 or not len(results):
        raise ValueError(f"compare shows results, {len(results)} were given, for one image, {len(pictures)} were given")
    panels: list[PanelColumn] = [
        ImageColumn(images=pictures),
        *(
            map_column(result, heading, pictures, percentile, mask)
            for result, heading in zip(results, result_headings(results, titles), strict=True)
        ),
    ]
    used = [each.palette for each in panels[1:]]
    legends = [each for each in (SIGNED, SLOPE) if each in used or (each is SIGNED and RISING in used)]
    h, w = pictures.shape[1:3]
    remark = REMARK + f"; percentile {percentile:g} of |map|" * (percentile < 100)
    remark += f"; {SLOPE_MEANING}" * (SLOPE in used)
    return draw_sheet(panels, 1, remark, size, h / w, title, legends, columns)


def map_column(
    result: Attribution, heading: str, pictures: Array, percentile: float, outline: Array | None
) -> MapColumn:
    """The panel of one result about one image, with its scale and its gap in the caption."""
    maps = as_map_values(result, 1, pictures).sum(axis=-1, dtype=np.float64)
    most = full_colour_value([maps], None, percentile)
    return MapColumn(
        heading=heading,
        details=[layer_text(result)] if result.layer else [],
        captions=[f"±{short_number(most)}\n{gap_text(result, 0) or 'need not add up'}"],
        maps=maps,
        color_limit=most,
        palette=choose_palette(result, maps),
        underlay=pictures,
        outline=None if outline is None else outline[None],
    )

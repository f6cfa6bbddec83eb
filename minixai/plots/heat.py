"""One heat map on axes of your own, for figures that `show` and `compare` do not draw."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from minixai.arrays import Array
from minixai.plots.maps import (
    Result,
    as_images,
    as_map_values,
    as_outline,
    as_row_index,
    choose_palette,
    full_colour_value,
)
from minixai.plots.panels import FAINT, draw_outline, luminance


def heat_map(
    ax: Axes,
    result: Result,
    image: Array | None = None,
    *,
    row: int = 0,
    outline: Array | None = None,
    vmax: float | None = None,
    percentile: float = 100.0,
) -> float:
    """Draw one map on `ax`, in the colours of `show`, over its faint image.

    Parameters
    ----------
    ax : matplotlib Axes
        Where it is drawn; its ticks are removed.
    result : Attribution or array (N, h, w, C)
        Slopes are drawn in orange and green, contributions in red and blue; an array counts as contributions.
    image : array (H, W, 1 or 3), optional
        An image that shows through the map, in [0, 1] or uint8.
    row : int
        Which row of the result.
    outline : array (H, W), optional
        A mask of a part of the image, whose border is drawn.
    vmax, percentile : float
        `vmax` is the value in full colour; if it is None, that is this percentile of |map|.

    Returns
    -------
    float
        The value in full colour.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> heat_map(Figure().subplots(), np.array([[[[1.0], [-2.0]]]]))
    2.0
    """
    if np.ndim(result) != 4:
        raise ValueError(f"result is maps (N, H, W, C), got an array {np.shape(result)}: give values[None] for one map")
    mask = as_outline(outline)
    row = as_row_index(len(np.asarray(result)), row)
    if image is not None and (np.ndim(image) != 3 or np.shape(image)[-1] not in (1, 3)):
        raise ValueError(f"image is one image (H, W, 1) or (H, W, 3), got {np.shape(image)}: give images[row]")
    picture = None if image is None else as_images(np.asarray(image)[None])[0]
    values = as_map_values(np.asarray(result)[[row]], 1, None)[0].sum(axis=-1, dtype=np.float64)
    most = full_colour_value([values], vmax, percentile)
    h, w = values.shape if picture is None else picture.shape[:2]
    bbox: dict[str, Any] = {"extent": (0, w, h, 0), "aspect": "equal"}
    if picture is not None:
        ax.imshow(luminance(picture), cmap="gray", vmin=0, vmax=1, alpha=FAINT, **bbox)
    palette = choose_palette(result, values)
    shown = np.clip(values, -most, most) / (most or 1.0)
    ax.imshow(shown, cmap=palette.colormap, vmin=palette.low, vmax=palette.high, interpolation="nearest", **bbox)
    if mask is not None:
        draw_outline(ax, mask, (0, 0, w, h))
    ax.set(xticks=[], yticks=[])
    return most

"""A small picture of an attribution, as a notebook shows it beside the certificate."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from matplotlib.figure import Figure

from minixai.attribution import Attribution
from minixai.plots.maps import show

MOST = 4
"""Images that are drawn."""
DPI = 72


def draw_png(result: Attribution) -> bytes | None:
    """Return the maps of the first images beside them as a PNG; None where the values are no maps."""
    x, maps = result.inputs, np.asarray(result)[:MOST]
    if maps.ndim != 4 or not maps.size or maps.shape[1] * maps.shape[2] == 1:
        return None
    images = x[:MOST] if x is not None and x.ndim == 4 and x.shape[-1] in (1, 3) else None
    if images is not None and not (images.min() >= 0 and images.max() <= 1):
        images = None  # no picture: numbers that are no pixels
    figure: Figure = show(maps, images, titles=[result.method])
    with BytesIO() as file:
        figure.savefig(file, format="png", dpi=DPI)
        return file.getvalue()

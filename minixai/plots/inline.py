"""A small picture of an attribution, as a notebook shows it beside the certificate."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from matplotlib.figure import Figure

from minixai.attribution import Attribution
from minixai.plots.maps import show

MAX_IMAGES = 4
DPI = 72


def draw_png(result: Attribution) -> bytes | None:
    """Return a PNG of the first images, each beside its map; None if the values are not maps (N, H, W, C)."""
    x, maps = result.inputs, np.asarray(result)[:MAX_IMAGES]
    if maps.ndim != 4 or not maps.size or maps.shape[1] * maps.shape[2] == 1:
        return None
    images = x[:MAX_IMAGES] if x is not None and x.ndim == 4 and x.shape[-1] in (1, 3) else None
    if images is not None and not (images.min() >= 0 and images.max() <= 1):
        images = None  # these numbers are not pixels
    figure: Figure = show(maps, images, titles=[result.method])
    with BytesIO() as file:
        figure.savefig(file, format="png", dpi=DPI)
        return file.getvalue()

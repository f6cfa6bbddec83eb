"""Draw curlew.png, the strip on the first page of the book: a bird, its partner, and what tells them apart."""

from __future__ import annotations

import sys
from pathlib import Path

import minixai as mx
from minixai.cli.output import save
from minixai.datasets.birds import CLASSES, Scenes, draw, render
from minixai.plots.colours import SIGNED, SLOPE
from minixai.plots.panels import ImageColumn, MapColumn, draw_sheet

SCENE = 204
"""The seed of a curlew on the sand: no pair of species that a lesson makes you guess about."""
SIZE = 384  # pixels along a side of the birds


def main(path: Path) -> None:
    bird = draw(1, SCENE, species=["curlew"])
    partner = bird.with_(labels=bird.labels ^ 1)
    asked = {"target": bird.labels, "versus": partner.labels}
    model = mx.load("shorebirds")
    slopes = mx.gradient(model, bird.images, **asked)
    parts = mx.deep_lift(model, bird.images, **asked, baseline=partner.images)
    columns = [picture(bird), picture(partner)]
    columns += [heat("gradient", slopes, bird), heat("DeepLIFT, from the godwit", parts, bird)]
    save(draw_sheet(columns, 1, "", 2.3, 1.0, palettes=(SLOPE, SIGNED)), path)


def picture(bird: Scenes) -> ImageColumn:
    return ImageColumn(heading=f"a {CLASSES[bird.labels[0]]}", images=render(bird, size=SIZE)[0])


def heat(heading: str, result: mx.Attribution, bird: Scenes) -> MapColumn:
    values = result.values.sum(axis=-1)
    palette = SLOPE if result.method == "gradient" else SIGNED
    limit = float(abs(values).max())
    return MapColumn(heading=heading, maps=values, color_limit=limit, underlay=bird.images, palette=palette)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "curlew.png")

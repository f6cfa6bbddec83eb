"""Draw redshank.png, the strip at the top of the README: a bird, its partner, and what tells them apart."""

from __future__ import annotations

import sys
from pathlib import Path

import minixai as mx
from minixai.cli.output import save
from minixai.cli.subject import SCENE
from minixai.datasets.birds import CLASSES, Scenes, draw, render
from minixai.plots.panels import ImageColumn, MapColumn, draw_sheet

SIZE = 384  # pixels along a side of the birds


def main(path: Path) -> None:
    bird = draw(1, SCENE)
    partner = bird.with_(labels=bird.labels ^ 1)
    asked = {"target": bird.labels, "versus": partner.labels}
    model = mx.load("shorebirds")
    slopes = mx.gradient(model, bird.images, **asked)
    parts = mx.deep_lift(model, bird.images, **asked, baseline=partner.images)
    birds = [picture(bird), picture(partner)]
    maps = [heat("gradient", slopes, bird), heat("DeepLIFT from the greenshank", parts, bird)]
    save(draw_sheet([*birds, *maps], 1, "", 2.3, 1.0), path)


def picture(bird: Scenes) -> ImageColumn:
    return ImageColumn(heading=f"a {CLASSES[bird.labels[0]]}", images=render(bird, size=SIZE)[0])


def heat(heading: str, result: mx.Attribution, bird: Scenes) -> MapColumn:
    values = result.values.sum(axis=-1)
    return MapColumn(heading=heading, maps=values, color_limit=float(abs(values).max()), underlay=bird.images)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "redshank.png")

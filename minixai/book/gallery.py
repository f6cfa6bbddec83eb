"""The gallery: the maps of every method for one bird and one photo."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

import minixai as mx
from minixai.arrays import Array
from minixai.attribution import Attribution
from minixai.book.guide import ADVICE, adds_up_text
from minixai.datasets import birds
from minixai.lesson import every_lesson, shipped_home
from minixai.methods import catalogue
from minixai.methods.groups import block_groups

SCENE = 1
"""The seed of the bird."""
BACKGROUND = 8
STEPS, SAMPLES = 20, 12
BIRD: Mapping[str, Mapping[str, Any]] = {
    "feature_ablation": {"blocks": ("groups", 16)},
    "shapley_values": {"blocks": ("players", 8), "permutations": 8},
    "expected_gradients": {"samples": 100},
    "integrated_gradients": {"baseline": "blur"},
    "deep_lift": {"baseline": "blur"},
    "occlusion": {"baseline": "blur"},
}
PHOTO: Mapping[str, Mapping[str, Any]] = {
    "feature_ablation": {"blocks": ("groups", 8)},
    "shapley_values": {"blocks": ("players", 4), "permutations": 4},
    "expected_gradients": {"samples": SAMPLES},
    "integrated_gradients": {"baseline": "blur", "steps": STEPS},
    "deep_lift": {"baseline": "blur"},
    "occlusion": {"baseline": "blur", "window": 48, "stride": 24},
    "smooth_grad": {"samples": SAMPLES},
}
"""Fewer passes than for the bird, because a photo takes about a hundred times as long."""


def write_gallery(folder: Path) -> None:
    """Write gallery.md and its pictures into a folder."""
    lessons = {each.number: each for each in every_lesson(shipped_home())}
    scene = birds.draw(1, SCENE, species=["redshank"])
    model, photo_model = mx.load("shorebirds"), mx.load("efficientnet-lite0")
    cat = mx.read_images(["cat"], like=photo_model)
    target = photo_model.predict(cat)
    crowd, others = birds.draw(BACKGROUND, SCENE + 1).images, mx.read_images(["coffee"], like=photo_model)
    lines = [
        "# Gallery",
        "",
        "One bird and one photo under every method. The network for the birds is asked what speaks for a *redshank* "
        "and against a *greenshank*, which differ in their legs alone; the network for the photo is asked about "
        f"*{photo_model.classes[int(target[0])].replace('_', ' ')}*.",
        "",
    ]
    for name, method in catalogue.items():
        versus = {"versus": scene.labels ^ 1} if method.class_specific and "cam" not in name else {}
        pictures = [
            ("bird", explain_image(name, model, scene.images, scene.labels, crowd, BIRD, versus), scene.images),
            ("photo", explain_image(name, photo_model, cat, target, others, PHOTO, {}), cat),
        ]
        lesson = lessons.get(ADVICE[name].lesson)
        lines += [f"## {name}", "", f"{method.answers[0].upper()}{method.answers[1:]}", ""]
        for what, result, image in pictures:
            file = f"gallery-{name}-{what}.png"
            draw_maps(result, image).savefig(folder / file, dpi=80, format="png")
            alt = f"The map of {name} for the {what}, beside the {what} itself"
            lines += [f"![{alt}]({file})", ""]
        at = f"[lesson {lesson.number}](../lessons/{lesson.path.stem}.md), " if lesson else ""
        lines += [f"Adds up: {adds_up_text(name)}. See {at}{{py:func}}`the reference <minixai.{name}>`.", ""]
    (folder / "gallery.md").write_text("\n".join(lines), encoding="utf-8")


def explain_image(
    name: str,
    model: mx.Model,
    image: Array,
    target: Array,
    background: Array,
    settings: Mapping[str, Mapping[str, Any]],
    versus: Mapping[str, Any],
) -> Attribution:
    """The attribution of one image by one method, with its settings in the gallery."""
    method, options = catalogue[name], dict(settings.get(name, {}))
    if blocks := options.pop("blocks", None):
        options[blocks[0]] = block_groups(image.shape[1:], blocks[1])
    if method.compares == "background":
        options["background"] = background
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # few steps leave a gap, which the map does not show
        if not method.class_specific:
            return method.function(model, image, **options)
        return method.function(model, image, target, **versus, **options)


def draw_maps(result: Attribution, image: Array) -> Figure:
    """The figure of an image beside its map."""
    return mx.plots.show(result, image, percentile=99.5, size=2.6)

"""The numbers of the article that the lessons grew from."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from minixai import ops, toys
from minixai.arrays import Array
from minixai.graph import Node
from minixai.layers import Conv2D, Dense, GlobalAveragePool2D, MaxPool2D
from minixai.methods import deep_lift, feature_ablation, gradient, input_x_gradient, integrated_gradients, occlusion
from minixai.methods.occlusion import resolve_window, window_masks
from minixai.model import Model
from minixai.references.entry import Entry, Tolerance, exact, rounded
from minixai.references.sources import ARTICLE

DIAGONAL = [[2.0, -1, -1], [-1, 2, -1], [-1, -1, 2]]


def entries() -> list[Entry]:
    """Every claim of the article."""
    return [*cost_claims(), *gradient_claims(), *kernel_response_claims(), *layer_shape_claims()]


def article_entry(
    id: str, claim: str, where: str, expected: Any, compute: Callable[[], Any], tolerance: Tolerance
) -> Entry:
    """An entry whose source is the article."""
    return Entry(id, claim, ARTICLE, where, expected, tolerance, compute)


def cost_claims() -> list[Entry]:
    """Claims on how many passes and windows a method takes."""

    def forward_passes(side: int) -> int:
        image, values = np.zeros((1, side, side, 3)), [0.0, 0.2, 0.4, 0.6, 0.8]
        return feature_ablation(lambda x: ops.sum(x, (1, 2, 3)), image, values=values).cost.forward

    def extrapolated_passes() -> float:
        """Passes for 224 × 224 × 3 inputs, extrapolated from the passes for 3 and for 27."""
        return (forward_passes(3) - forward_passes(1)) / 24 * 224 * 224 * 3

    def window_count(side: int) -> int:
        image = np.zeros((1, side, side, 1), np.float32)
        return int(occlusion(lambda x: ops.sum(x, (1, 2, 3)), image).extras["windows"].size)

    def windows_over_pixel() -> list[int]:
        lines = window_masks(64, 8, 4).sum(axis=0)
        return [int(lines[32] ** 2), int(lines[0] ** 2)]

    return [
        article_entry("passes.feature_ablation", "224 · 224 · 3 inputs and 5 values each: 752,640 passes",
            "§1", 752_640, extrapolated_passes, exact()),
        article_entry("windows.occlusion@64", "windows of 8, 4 apart, on 64 pixels: 15 · 15 = 225",
            "§5.2", 225, lambda: window_count(64), exact()),
        article_entry("windows.occlusion@224", "windows of 28, 14 apart, on 224 pixels: 225 too",
            "§5.2", 225, lambda: window_count(224), exact()),
        article_entry("windows.size", "an eighth of each side and half of that",
            "§5.2", [28, 14, 8, 4],
            lambda: [resolve_window((n, n), None, None)[k][0] for n in (224, 64) for k in (0, 1)], exact()),
        article_entry("windows.cover", "a pixel inside lies under 4 of them, a corner under 1", "§5.2", [4, 1],
            windows_over_pixel, exact()),
    ]  # fmt: skip


def gradient_claims() -> list[Entry]:
    """Claims on gradients and their jumps at kinks."""
    point, below, above = [[3.0, 1.0, 2.0]], [[9.999]], [[10.001]]

    def index_of_largest(method: Callable[..., Any]) -> int:
        return int(np.argmax(method(toys.add_multiply, point).values))

    def sharp_softplus(x: Node) -> Node:
        return ops.softplus(200.5 * (x[:, 0] - 10)) * (1 / 200.5)

    def change_at_kink(f: Callable[[Node], Node], method: Callable[..., Any]) -> float:
        return float((method(f, above).values - method(f, below).values)[0, 0])

    return [
        article_entry("steepest.gradient", "of (a + b)(b + c) at (3, 1, 2) b has the largest slope",
            "§1, figure", 1, lambda: index_of_largest(gradient), exact()),
        article_entry("largest.integrated_gradients", "but a the largest share",
            "§1, figure", 0, lambda: index_of_largest(integrated_gradients), exact()),
        article_entry("jump.input_x_gradient", "x·∇f of relu(x − 10) jumps by 10.001 from 9.999 to 10.001",
            "§1, limits", 10.001, lambda: change_at_kink(toys.threshold, input_x_gradient), rounded(10.001)),
        article_entry("jump.rescale", "the difference from the reference by .001",
            "§3", 0.001, lambda: change_at_kink(toys.threshold, deep_lift), rounded(10.001)),
        article_entry("jump.softplus", "of softplus with sharpness 200.5 x·∇f moves by 1",
            "§1, limits", 1.0, lambda: change_at_kink(sharp_softplus, input_x_gradient),
            Tolerance(2.5e-4, "200.5 is printed to 1 decimal, and .005 is how much the jump moves for each 1 of it")),
    ]  # fmt: skip


def kernel_response_claims() -> list[Entry]:
    """Claims on the response of a kernel that detects diagonals."""

    def response(patch: Array) -> float:
        kernel = np.array(DIAGONAL)[:, :, None, None]
        return float(ops.convolution(Node(patch[None, :, :, None]), kernel).value.item())

    row = np.zeros((3, 3))
    row[1] = 1
    patches = {"diagonal": np.eye(3), "antidiagonal": np.eye(3)[::-1], "row": row, "constant": np.ones((3, 3))}
    sums = {"diagonal": 6, "antidiagonal": 0, "row": 0, "constant": 0}
    return [
        article_entry(f"kernel.{name}",
            f"Σ K·P, K = [[2, −1, −1], [−1, 2, −1], [−1, −1, 2]], P {name}, is {sums[name]}",
            "§5.1", sums[name], partial(response, patch), exact())
        for name, patch in patches.items()
    ]  # fmt: skip


def layer_shape_claims() -> list[Entry]:
    """Claims on the shapes and weights of layers, among them layer 7 of VGG-16, counted as Keras does."""

    def vgg16_until_layer_7() -> Model:
        blocks: list[Any] = []
        for block, (filters, count) in enumerate(((64, 2), (128, 2), (256, 1)), 1):
            for k in range(1, count + 1):
                layer = Conv2D(filters, 3, padding="same", activation="relu")
                blocks.append((f"block{block}_conv{k}", layer))
            blocks.append((f"block{block}_pool", MaxPool2D(2)))
        return Model([*blocks, GlobalAveragePool2D(), Dense(2)], (224, 224, 3))

    def layer_summary(model: Model) -> list[int]:
        layer = model.layers[7]
        weights = [w.size for name, w in model.weights.items() if name.startswith("block3_conv1/")]
        return [*layer.shape, sum(weights), layer.name == "block3_conv1"]

    valid = Model([Conv2D(1, 3), GlobalAveragePool2D()], (64, 64, 3))
    return [
        article_entry("vgg16.layer-7",
            "layer 7 is block3_conv1: 56 × 56 × 256 from 3·3·128·256 + 256 = 295,168 weights",
            "§5.1", [56, 56, 256, 295_168, 1], lambda: layer_summary(vgg16_until_layer_7()), exact()),
        article_entry("size.convolution", "3 × 3 without a border makes 62 of 64",
            "§5.1", [62, 62, 1], lambda: valid.layers[1].shape, exact()),
    ]  # fmt: skip

"""Grad-CAM, HiResCAM and occlusion on images of a few pixels, worked by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minixai import ops
from minixai.arrays import Array
from minixai.graph import Node
from minixai.methods import activations, deep_lift, grad_cam, gradient, hires_cam, integrated_gradients, occlusion
from minixai.references.entry import Entry, exact, rounded
from minixai.references.sources import SELVARAJU, TF_EXPLAIN, ZEILER


def entries() -> list[Entry]:
    return [*map_claims(), *occlusion_claims()]


def map_claims() -> list[Entry]:
    """Claims on maps: two feature maps A of 2 × 2 pixels and their gradient G."""
    # (filters, h, w) -> (1, h, w, filters)
    a = np.moveaxis(np.array([[[1.0, 2], [0, 3]], [[2, 0], [1, 1]]]), 0, -1)[None]
    g = np.moveaxis(np.array([[[1.0, -2], [3, -1]], [[1, 1], [-1, -3]]]), 0, -1)
    network = lambda x: ops.sum(x.named("A") * g, (1, 2, 3))  # noqa: E731

    def only_map(values: Any) -> Array:
        return np.asarray(values)[0, ..., 0]

    def rank(by: str) -> Any:
        maps = np.array([[4.0, 6.0], [4.0, 0.0]])[None, None]
        return activations(lambda x: x.named("A").sum(), maps, layer="A", rank=by).extras["order"][0]

    def identity(x: Node) -> Node:
        return ops.sum(x.named("A") * np.ones((1, 1, 1)), (1, 2, 3))

    def cam(**options: Any) -> Any:
        return grad_cam(network, a, layer="A", **options)

    upsampled = [[0, 0.25, 0.75, 1], [0.5, 0.75, 1.25, 1.5], [1.5, 1.75, 2.25, 2.5], [2, 2.25, 2.75, 3]]
    small = np.array([[0.0, 1.0], [2.0, 3.0]]).reshape(1, 2, 2, 1)
    rows: list[tuple[str, str, Any, Callable[[], Any]]] = [
        ("gradient", "∂f/∂A is G", g[None], lambda: gradient(network, a)),
        ("grad_cam.weights", "α = mean of G = (.25, −.5)", [[0.25, -0.5]], lambda: cam().extras["weights"]),
        ("grad_cam.signed", "Σ α A = [[−.75, .5], [−.5, .25]]",
         [[-0.75, 0.5], [-0.5, 0.25]], lambda: only_map(cam(relu=False))),
        ("grad_cam", "max(Σ α A, 0) = [[0, .5], [0, .25]]", [[0, 0.5], [0, 0.25]], lambda: only_map(cam())),
        ("hires_cam", "Σ A·G = [[3, −4], [−1, −6]]",
         [[3, -4], [-1, -6]], lambda: only_map(hires_cam(network, a, layer="A"))),
    ]  # fmt: skip
    guided: list[tuple[str, str, Any, Callable[[], Any]]] = [
        ("weights", "α = mean of G where A > 0 and G > 0 = (.25, .25)",
         [[0.25, 0.25]], lambda: cam(variant="tf-explain").extras["weights"]),
        ("map", "Σ α A = [[.75, .5], [.25, 1]]: brightest where the class is refuted",
         [[0.75, 0.5], [0.25, 1]], lambda: only_map(cam(variant="tf-explain"))),
    ]  # fmt: skip
    return [
        *(Entry(f"A-G.{i}", claim, SELVARAJU, "eq. 1–2, by hand", e, exact(), f) for i, claim, e, f in rows),
        *(Entry(f"A-G.grad_cam.tf-explain.{i}", claim, TF_EXPLAIN, "grad_cam.py, use_guided_grads", e, exact(), f)
          for i, claim, e, f in guided),
        Entry("activations.rank", "of maps (4, 4) and (6, 0) the second has the higher peak, the first the higher mean",
              ZEILER, "§4, by hand", [[1, 0], [0, 1]], exact(), lambda: [rank("peak"), rank("mean")]),
        Entry("upsample.bilinear", "[[0, 1], [2, 3]] stretched to 4 × 4 at half-pixel centres",
              SELVARAJU, "§3, as OpenCV and torch do", upsampled, exact(),
              lambda: only_map(ops.upsample(Node(small), (4, 4)).value)),
        Entry("upsample.identity", "a map as large as the image is not changed by resize",
              SELVARAJU, "§3", [[0, 1], [2, 3]], exact(),
              lambda: only_map(grad_cam(identity, small, layer="A", resize=True))),
    ]  # fmt: skip


def occlusion_claims() -> list[Entry]:
    """Claims on occlusion: windows of 3 over five pixels, and single pixels of a linear network."""
    image = np.arange(1.0, 6.0).reshape(1, 1, 5, 1)
    total = lambda x: x.sum()  # noqa: E731
    rng = np.random.default_rng(0)
    w, x, fill = rng.normal(size=(4, 5, 3)), rng.normal(size=(2, 4, 5, 3)), rng.normal(size=(4, 5, 3))
    linear = lambda x: ops.sum(x * w, (1, 2, 3))  # noqa: E731
    share = (w * (x - fill)).sum(axis=-1, keepdims=True)

    def hidden(**options: Any) -> Array:
        return occlusion(total, image, **options).values.ravel()

    rows: list[tuple[str, str, Any, Callable[[], Any]]] = [
        ("occlusion.stride-1", "Σx, x = 1 … 5, window 3, stride 1: (6, 7.5, 9, 10.5, 12)",
         [6, 7.5, 9, 10.5, 12], lambda: hidden(window=(1, 3), stride=1, baseline=0.0)),
        ("occlusion.stride-3", "stride 3, the last window cut: (6, 6, 6, 9, 9)",
         [6, 6, 6, 9, 9], lambda: hidden(window=(1, 3), stride=(1, 3), baseline=0.0)),
        ("occlusion.mean", "filled with the mean, 3, a pixel alone loses x − 3",
         [-2, -1, 0, 1, 2], lambda: hidden(window=1, stride=1)),
    ]  # fmt: skip
    methods: dict[str, Callable[[], Any]] = {
        "occlusion": lambda: occlusion(linear, x, window=1, stride=1, baseline=fill).values,
        "integrated_gradients": lambda: integrated_gradients(linear, x, baseline=fill).values.sum(-1, keepdims=True),
        "rescale": lambda: deep_lift(linear, x, baseline=fill).values.sum(-1, keepdims=True),
    }
    return [
        *(Entry(i, claim, ZEILER, "§4.2, by hand", e, rounded(16), f) for i, claim, e, f in rows),
        *(Entry(f"linear.{name}", "on a linear network a pixel is worth Σ w (x − x') over its channels",
                ZEILER, "one pixel hidden", share, rounded(float(abs(w * x).sum()), 256), ours)
          for name, ours in methods.items()),
    ]  # fmt: skip

"""Variants of other libraries that compute something else under the same name."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from minixai.arrays import Array, accurate_mean
from minixai.graph import Node
from minixai.ops import upsample

# -- tf-explain's occlusion ---------------------------------------------------------------------------

GREY = 127.5
"""What tf-explain hides with, whatever the scale of the image: far outside one in [0, 1]."""


def complement_of_patch_probability(probabilities: Array, size: tuple[int, ...]) -> Array:
    """1 − p of each patch of a grid without overlap, resized bilinearly: (N, rows, columns) -> (N, H, W)

    This is OcclusionSensitivity of tf-explain.  It is large where p is small with the patch hidden, however small p was
    without.  The last patches are cut off at the border, but drawn as wide as the others.  On images that are not
    square, tf-explain hides only a part of them and confuses height and width; this function does not.
    """
    return np.asarray(upsample(Node(1 - probabilities[..., None]), (size[0], size[1])).value[..., 0])


# -- shap's random stream -----------------------------------------------------------------------------


def make_shap_sampler(
    seed: int, references: int, shape: tuple[int, ...] | None
) -> Callable[[Array, Array], tuple[Array, Array, Array | None]]:
    """The random draws of GradientExplainer(rseed=seed) of shap, which draws the same numbers again for every class.

    Each draw is a reference, then α, then noise of this shape as on TensorFlow (on PyTorch the noise is torch's, which
    `rseed` does not reach).  One stream runs on from input to input.  shap reseeds NumPy's global stream; this stream
    is private.
    """
    rng = np.random.RandomState(seed)

    def draw(i: Array, k: Array) -> tuple[Array, Array, Array | None]:
        draws = [
            (rng.choice(references), rng.uniform(), None if shape is None else rng.standard_normal(shape)) for _ in i
        ]
        r, alpha, noise = map(np.array, zip(*draws, strict=True))
        return r, alpha, None if shape is None else noise

    return draw


# -- tf-explain's Grad-CAM ----------------------------------------------------------------------------


def guided_channel_weights(maps: Array, gradients: Array) -> Array:
    """α_k = mean over positions of 1[A > 0] · 1[g > 0] · g, with g = ∂f/∂A: (N, h, w, K) twice -> (N, K)

    This is GradCAM of tf-explain with use_guided_grads=True, its default, before it is resized and painted.  No α is
    negative, so a filter that speaks against the class cannot lower the map, and it raises the map if a few of its
    gradients are positive; so opposite classes may get the same map.  It is not Guided Grad-CAM, which multiplies a map
    by guided backprop, pixel by pixel.
    """
    return accurate_mean(gradients * ((maps > 0) & (gradients > 0)), (1, 2))

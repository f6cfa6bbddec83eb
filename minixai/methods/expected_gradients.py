"""Expected gradients: integrated gradients from all references of a background at once, by random sampling."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from minixai.arrays import Array, multiply_no_nan, row_sums
from minixai.attribution import Attribution
from minixai.methods.background import background_endpoints
from minixai.methods.call import Call
from minixai.methods.compat import make_shap_sampler
from minixai.methods.endpoints import Endpoints
from minixai.methods.moments import Moments
from minixai.methods.passes import Stream, column, passes
from minixai.methods.registry import method
from minixai.model import Network
from minixai.rules import GRADIENT
from minixai.validate import MOST_SAMPLES, as_count, as_nonnegative, as_random_seed, one_of

Sampler: TypeAlias = "Callable[[Array, Array], tuple[Array, Array, Array | None]]"
"""(which input, which draw) -> (which reference, how far along the way, the noise)"""


def make_sampler(seed: int, references: int, shape: tuple[int, ...] | None) -> Sampler:
    """Random draws that depend only on the seed and the number of the draw, with noise of this shape or none."""
    uniform = Stream(seed, lambda rng, n: rng.random((n, 2)))
    noise = shape and Stream((seed, 1), lambda rng, n: rng.standard_normal((n, *shape)))

    def draw(i: Array, k: Array) -> tuple[Array, Array, Array | None]:
        u = uniform(i, k)
        return (u[:, 0] * references).astype(np.intp), u[:, 1], noise(i, k) if noise else None

    return draw


STREAMS: Mapping[str, Callable[[int, int, tuple[int, ...] | None], Sampler]] = {
    "minixai": make_sampler,
    "shap": make_shap_sampler,
}


@method(
    "what does each pixel contribute, averaged over paths from a background?",
    "a pass each sample",
    complete=True,
    sampled=True,
)
def expected_gradients(
    model: Network,
    x: npt.ArrayLike,
    target: npt.ArrayLike | None = None,
    *,
    versus: npt.ArrayLike | None = None,
    background: npt.ArrayLike,
    samples: int = 200,
    local_smoothing: float = 0.0,
    seed: int = 0,
    rng: str = "minixai",
    output: str = "score",
    layer: str | int | None = None,
    batch: int | None = None,
) -> Attribution:
    """Expected gradients, φ = mean over k of (x̃ − x') · ∇f(x' + α (x̃ − x')), so that Σφ → f(x) − mean f(x').

    Parameters
    ----------
    {model, x, target, versus}
    {background}
        Each draw takes one of them, with replacement.
    samples : int, default 200
        How many draws are taken for each input, at least 2.  In each of them α is uniform in [0, 1].
    local_smoothing : float, default 0.0
        σ ≥ 0 of the noise in x̃ = x + N(0, σ²), in the units of x: from 0 to 255 beside uint8.
    seed : int, default 0
        The seed of the draws.
    rng : {"minixai", "shap"}, default "minixai"
        "minixai" takes the same draws for every input.  "shap" draws as GradientExplainer(rseed=seed) of the shap
        library does, sample for sample (with smoothing, as on TensorFlow): one stream runs on from input to input, so
        the values depend on the other inputs of the call.
    {output, layer, batch}

    Returns
    -------
    Attribution
        Values in the shape of x, or of the layer.  `standard_error` is √(s²/n) of each value, and `gap_standard_error`,
        (N,), that of their sum: a gap of several times its error is not chance.

    Raises
    ------
    {errors}
    ValueError
        If the background does not fit x.

    Notes
    -----
    With smoothing, the sum tends to mean f(x̃) − mean f(x').  At a layer, the lines run between its activations at x'
    and at x̃, and paths that bypass the layer stay at x.

    References
    ----------
    Erion et al. (2021), Improving performance of deep learning models with axiomatic attribution priors and expected
    gradients.

    Examples
    --------
    >>> from minixai import toys
    >>> expected_gradients(toys.product, [[2.0, 3.0]], background=[[0.0, 0.0]], samples=10_000).values.round(1)
    array([[3., 3.]])
    """
    call = Call(model, x, target, versus, output, layer, batch)
    (result,) = expected_gradients_of_targets(call, background, samples, local_smoothing, seed, rng)
    return result


def expected_gradients_of_targets(
    call: Call,
    background: npt.ArrayLike,
    samples: int,
    local_smoothing: float,
    seed: int,
    rng: str,
    targets: Sequence[Array] | None = None,
) -> list[Attribution]:
    """One attribution for each of the targets, (N,) each, by default the call's own, from the same forward passes."""
    n = as_count(samples, "samples", 2, MOST_SAMPLES, "the error of so many is 0.1 % of one draw's spread")
    smooth = as_nonnegative(local_smoothing, "local_smoothing") > 0
    sigma = local_smoothing * call.unit
    references = call.background(background)
    shape = call.rows.shape[1:] if smooth else None
    draw = STREAMS[one_of(rng, STREAMS, "rng")](as_random_seed(seed), len(references), shape)
    all_ends = background_endpoints(call, references, targets, verify=True)
    values = [Moments(ends.value.shape, n) for ends in all_ends]
    sums = [Moments((len(call.rows),), n) for _ in all_ends]
    start, end, network = all_ends[0].reference, all_ends[0].value, all_ends[0].network
    for i, k in passes(call, n, "expected_gradients"):
        r, alpha, noise = draw(i, k)
        noisy = None if noise is None else (call.rows[i] + sigma * noise).astype(call.rows.dtype)
        delta = (end[i] if noisy is None else network.activations(noisy)) - start[r]
        layer, output = network(start[r] + column(alpha, delta) * delta, i)
        for ends, value, total in zip(all_ends, values, sums, strict=True):
            parts = multiply_no_nan(ends.multipliers(GRADIENT, layer, output, i), delta)
            value.add(i, k, parts)
            total.add(i, k, row_sums(parts))
    parameters = {"background": np.asarray(background), "samples": samples, "local_smoothing": local_smoothing}
    rows = len(call.rows) * n
    forward_rows = rows * 2 if smooth and call.layer is not None else rows  # x̃ on its way to the layer, and from there
    return [
        make_attribution(ends, value, total, parameters | {"seed": seed, "rng": rng}, (forward_rows, rows))
        for ends, value, total in zip(all_ends, values, sums, strict=True)
    ]


def make_attribution(
    ends: Endpoints, samples: Moments, sums: Moments, parameters: Mapping[str, Any], rows: tuple[int, int]
) -> Attribution:
    """The attribution to one target, from the moments of its samples and of their sums."""
    values = samples.mean.astype(ends.value.dtype)
    return ends.attribution(
        "expected_gradients",
        values,
        parameters,
        rows,
        gap=ends.gap(values),
        gap_standard_error=sums.standard_error if ends.complete else None,
        standard_error=samples.standard_error.astype(values.dtype),
    )

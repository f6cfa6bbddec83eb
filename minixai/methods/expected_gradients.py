"""Expected gradients: integrated gradients from every baseline of a background at once, by drawing lots."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from minixai.arrays import Array, multiply_no_nan, row_sums
from minixai.attribution import Attribution
from minixai.graph import backward
from minixai.methods.background import background_endpoints
from minixai.methods.call import Call
from minixai.methods.compat import shap_draws
from minixai.methods.moments import Moments
from minixai.methods.registry import method
from minixai.methods.runs import Endpoints, FromLayer, Stream, column, passes
from minixai.model import Network
from minixai.rules import GRADIENT
from minixai.validate import MOST_SAMPLES, as_count, as_nonnegative, one_of

Draws: TypeAlias = "Callable[[Array, Array], tuple[Array, Array, Array | None]]"
"""(which input, which draw) -> (which reference, how far along the way, the noise)"""


def minixai_draws(seed: int, references: int, shape: tuple[int, ...] | None) -> Draws:
    """Lots that depend on the seed and the number of the draw alone; noise of this shape, or none."""
    uniform = Stream(seed, lambda rng, n: rng.random((n, 2)))
    noise = shape and Stream((seed, 1), lambda rng, n: rng.standard_normal((n, *shape)))

    def draw(i: Array, k: Array) -> tuple[Array, Array, Array | None]:
        u = uniform(i, k)
        return (u[:, 0] * references).astype(np.intp), u[:, 1], noise(i, k) if noise else None

    return draw


STREAMS: Mapping[str, Callable[[int, int, tuple[int, ...] | None], Draws]] = {
    "minixai": minixai_draws,
    "shap": shap_draws,
}


@method(
    "what does each pixel bring, on average over the ways from a background?",
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
    """φ = mean over k of (x̃ − x') · ∇f(x' + α (x̃ − x')), Σφ → f(x) − mean f(x').  (Erion et al. 2021)

    model, x, target, versus, output, layer, batch    see `minixai.methods.call.Call`
    background         (R, ...): the references x', each draw takes one of them, with replacement
    samples            draws for each input, at least 2; α is uniform in [0, 1]
    local_smoothing    σ ≥ 0 of the noise in x̃ = x + N(0, σ²), in the units of x
    seed               of the lots; by "minixai" they are the same for every input
    rng                "shap" draws as shap's GradientExplainer(rseed=seed) does, sample for sample (with smoothing as
                       on TensorFlow): one stream runs on from input to input, so results depend on batch mates

    `standard_error` is √(s²/n) of each value, and `gap_standard_error` that of their sum; where the gap is
    larger than some of these it is no accident.  With smoothing the sum tends to mean f(x̃) − mean f(x') instead.
    At a layer the ways lead between its activations, at x̃ and at x'; other paths stay at x.  Raises ValueError
    for a background that does not fit.

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
    """The answer for each of the targets, (N,) each, by default the call's own; one way forward serves them all."""
    n, smooth = (
        as_count(samples, "samples", 2, MOST_SAMPLES, "the error of so many is 0.1 % of one draw's spread"),
        as_nonnegative(local_smoothing, "local_smoothing") > 0,
    )
    references, network = call.background(background), FromLayer(call)
    shape = call.rows.shape[1:] if smooth else None
    draw = STREAMS[one_of(rng, STREAMS, "rng")](as_count(seed, "seed", 0), len(references), shape)
    all_ends = background_endpoints(call, references, targets, verify=True)
    maps = [Moments(ends.value.shape, n) for ends in all_ends]
    sums = [Moments((len(call.rows),), n) for _ in all_ends]
    for i, k in passes(call, n, "expected_gradients"):
        r, alpha, noise = draw(i, k)
        start, end = all_ends[0].reference[r], all_ends[0].value[i]
        if noise is not None:
            end = network.activations((call.rows[i] + local_smoothing * noise).astype(call.rows.dtype))
        delta = end - start
        here, output = network(start + column(alpha, delta) * delta, i)
        for ends, values, total in zip(all_ends, maps, sums, strict=True):
            parts = multiply_no_nan(backward(output, GRADIENT, ends.seed(output, i), keep=[here])[here], delta)
            values.add(i, k, parts)
            total.add(i, k, row_sums(parts))
    given = {"background": np.asarray(background), "samples": samples, "local_smoothing": local_smoothing}
    rows = len(call.rows) * n
    forward_rows = rows * 2 if smooth and call.layer is not None else rows  # x̃ on its way to the layer, and from there
    return [
        make_attribution(call, ends, values, total, given | {"seed": seed, "rng": rng}, (forward_rows, rows))
        for ends, values, total in zip(all_ends, maps, sums, strict=True)
    ]


def make_attribution(
    call: Call, ends: Endpoints, maps: Moments, sums: Moments, given: Mapping[str, Any], rows: tuple[int, int]
) -> Attribution:
    values = maps.mean.astype(ends.value.dtype)
    return ends.attribution(
        call,
        "expected_gradients",
        values,
        given,
        rows,
        reference_score=ends.reference_score,
        gap=ends.gap(values),
        gap_standard_error=sums.standard_error if ends.complete else None,
        standard_error=maps.standard_error.astype(values.dtype),
    )

"""Integrated gradients: the gradient, averaged along the straight line from a baseline."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
import scipy

from minixai.arrays import Array, multiply_no_nan
from minixai.attribution import Attribution
from minixai.methods.baselines import Baseline
from minixai.methods.call import Call
from minixai.methods.registry import method
from minixai.methods.runs import Endpoints, FromLayer, accumulate, column, endpoints, passes
from minixai.model import Network
from minixai.validate import as_count, one_of


def gauss_legendre(n: int) -> tuple[Array, Array]:
    """Exact for polynomials of degree 2n − 1."""
    t, w = scipy.special.roots_legendre(n)
    return (t + 1) / 2, w / 2


def trapezoid(n: int) -> tuple[Array, Array]:
    """n nodes with both ends, 1/(n − 1) each and half of it at the ends: the true weights, which sum to 1."""
    w = np.full(n, 1 / (n - 1))
    w[[0, -1]] /= 2
    return np.linspace(0, 1, n), w


QUADRATURES: Mapping[str, Callable[[int], tuple[Array, Array]]] = {
    "gauss-legendre": gauss_legendre,
    "left": lambda n: (np.arange(n) / n, np.full(n, 1 / n)),
    "right": lambda n: ((np.arange(n) + 1) / n, np.full(n, 1 / n)),
    "midpoint": lambda n: ((np.arange(n) + 0.5) / n, np.full(n, 1 / n)),
    "trapezoid": trapezoid,
}
"""n -> (nodes α in [0, 1], weights w)"""


@method(
    "what does each pixel bring, all along the way from the baseline?", "a pass each step", complete=True, baseline=True
)
def integrated_gradients(
    model: Network,
    x: npt.ArrayLike,
    target: npt.ArrayLike | None = None,
    *,
    versus: npt.ArrayLike | None = None,
    baseline: Baseline = 0.0,
    steps: int = 50,
    quadrature: str = "gauss-legendre",
    multiply: bool = True,
    path: bool = False,
    output: str = "score",
    layer: str | int | None = None,
    batch: int | None = None,
) -> Attribution:
    """φ = (x − x') · Σ_k w_k ∇f(x' + α_k (x − x')), Σφ → f(x) − f(x').  (Sundararajan et al. 2017, eq. 1 and 3)

    model, x, target, versus, output, layer, batch    see `minixai.methods.call.Call`
    baseline      x': a name ("black", "white", "mean", "blur", "noise"), a number, one input, or one for each
    steps         gradients for each input
    quadrature    where they are taken, and with what weights: "gauss-legendre", "left", "right", "midpoint" or
                  "trapezoid"
    multiply      False leaves the factor (x − x') out, as some descriptions do: a mean gradient, without a gap
    path          keep the way in `extras`: "alpha" (steps,), "inputs", "gradients" and "sums" (N, steps, ...),
                  the running sum of what is returned

    At a layer the way leads from the baseline's activations to those of x.  Warns where the gap is above 5 % of
    f(x) − f(x'), and more than rounding: take more steps.  Raises ValueError for an unknown quadrature.

    >>> from minixai import toys
    >>> integrated_gradients(toys.add_multiply, [[3.0, 1.0, 2.0]]).values.round(9)
    array([[4.5, 3.5, 4. ]])
    """
    call = Call(model, x, target, versus, output, layer, batch)
    least = 2 if one_of(quadrature, QUADRATURES, "quadrature") == "trapezoid" else 1
    alpha, weights = QUADRATURES[quadrature](as_count(steps, "steps", least, MOST_STEPS, NO_MORE))
    rows = call.baseline(baseline)
    ends, network = endpoints(call, rows), FromLayer(call)
    total = np.zeros(ends.value.shape)
    path_parts: list[tuple[Array, Array]] = []
    for i, k in passes(call, len(alpha), "integrated_gradients"):
        # (B, 1, ...) · (B, ...) -> (B, ...)
        points = ends.reference[i] + column(alpha[k], ends.delta) * ends.delta[i]
        slopes = network.gradient(points, i, ends)
        accumulate(total, i, column(weights[k], slopes) * slopes)
        if path:
            path_parts.append((points, slopes))
    values = (multiply_no_nan(total, ends.delta) if multiply else total).astype(ends.value.dtype)
    gap = ends.gap(values) if multiply else None
    if gap is not None:
        warn_of_gap(gap, ends, values, len(alpha))
    given = {"baseline": call.as_parameter(baseline), "steps": steps, "quadrature": quadrature, "multiply": multiply}
    extras = path_extras(path_parts, alpha, weights, ends, multiply) if path else {}
    n = len(call.rows) * len(alpha)
    return ends.attribution(
        call,
        "integrated_gradients",
        values,
        given,
        (n, n),
        baseline=rows,
        gap=gap,
        reference_score=ends.reference_score,
        extras=extras,
    )


MOST_STEPS = 10_000
"""Steps beyond which the sum is off by rounding, or by kinks that no number of steps smooths."""
NO_MORE = "where so many do not add up, the way crosses kinks"


def warn_of_gap(gap: Array, ends: Endpoints, values: Array, steps: int) -> None:
    """Tell where the sum is off by more than 5 % and more than rounding."""
    moved = abs(ends.score - ends.reference_score)
    wide = (abs(gap) > 0.05 * moved) & (abs(gap) > ends.rounding(values))
    if wide.any():
        worst = int(np.argmax(np.where(wide, abs(gap), 0)))
        warnings.warn(
            f"integrated_gradients misses {abs(gap[worst]):.3g} of a difference in score of {moved[worst]:.3g} (input "
            f"{worst}; {wide.sum()} of {len(gap)} are off by more than 5 %): try steps={2 * steps}, though where the "
            "way crosses kinks no number of steps is sure",
            stacklevel=5,
        )


def path_extras(
    path_parts: list[tuple[Array, Array]], alpha: Array, weights: Array, ends: Endpoints, multiply: bool
) -> dict[str, Array]:
    """The way itself: inputs and gradients at every step, and their running sum."""
    inputs, slopes = (
        np.concatenate(parts).reshape(len(ends.value), len(alpha), *ends.value.shape[1:])
        for parts in zip(*path_parts, strict=True)
    )
    sums = np.cumsum(slopes * weights.reshape(-1, *(1,) * (slopes.ndim - 2)), axis=1)
    if multiply:
        sums = multiply_no_nan(sums, ends.delta[:, None])
    return {"alpha": alpha, "inputs": inputs, "gradients": slopes, "sums": sums.astype(slopes.dtype)}

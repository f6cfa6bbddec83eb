"""Integrated gradients: the gradient, averaged along the straight line from a baseline to the input."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
import scipy

from minixai.arrays import Array, multiply_no_nan
from minixai.attribution import Attribution
from minixai.methods.baselines import Baseline
from minixai.methods.call import Call
from minixai.methods.endpoints import Endpoints
from minixai.methods.passes import accumulate, column, passes
from minixai.methods.registry import method
from minixai.methods.runs import endpoints
from minixai.model import Network
from minixai.validate import as_count, one_of, warn_caller


def gauss_legendre_rule(n: int) -> tuple[Array, Array]:
    """The nodes and weights (n,) of Gauss–Legendre quadrature on [0, 1], exact for polynomials of degree 2n − 1."""
    t, w = scipy.special.roots_legendre(n)
    return (t + 1) / 2, w / 2


def trapezoid_rule(n: int) -> tuple[Array, Array]:
    """The nodes and weights (n,) of the trapezoidal rule on [0, 1].

    Both ends are nodes, and their weights are half of the others', 1/(n − 1), so that all sum to 1.
    """
    w = np.full(n, 1 / (n - 1))
    w[[0, -1]] /= 2
    return np.linspace(0, 1, n), w


QUADRATURES: Mapping[str, Callable[[int], tuple[Array, Array]]] = {
    "gauss-legendre": gauss_legendre_rule,
    "left": lambda n: (np.arange(n) / n, np.full(n, 1 / n)),
    "right": lambda n: ((np.arange(n) + 1) / n, np.full(n, 1 / n)),
    "midpoint": lambda n: ((np.arange(n) + 0.5) / n, np.full(n, 1 / n)),
    "trapezoid": trapezoid_rule,
}
"""n -> (nodes α in [0, 1], weights w)"""


@method(
    "what does each pixel contribute, along the path from the baseline?",
    "a pass each step",
    complete=True,
    baseline=True,
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
    """Integrated gradients, φ = (x − x') · Σ_k w_k ∇f(x' + α_k (x − x')), so that Σφ → f(x) − f(x').

    Parameters
    ----------
    {model, x, target, versus, baseline}
    steps : int, default 50
        How many gradients are taken for each input.
    quadrature : {"gauss-legendre", "left", "right", "midpoint", "trapezoid"}, default "gauss-legendre"
        Where on the line they are taken, α_k, and with which weights, w_k.
    multiply : bool, default True
        False leaves the factor (x − x') out, as some descriptions do: a mean gradient, which has no gap.
    path : bool, default False
        Whether to return every step in `extras`: "alpha" (steps,), and "inputs", "gradients" and "sums" (N, steps,
        ...), where "sums" is the running sum of the values.
    {output, layer, batch}

    Returns
    -------
    Attribution
        Values in the shape of x, or of the layer, with a gap.

    Raises
    ------
    {errors}

    Warns
    -----
    UserWarning
        If a gap is larger than 5 % of f(x) − f(x') and than rounding, because more steps are needed.

    Notes
    -----
    At a layer, the line runs from the activations of x' to those of x.

    References
    ----------
    Sundararajan, Taly & Yan (2017), Axiomatic attribution for deep networks, eq. 1 and 3.

    Examples
    --------
    >>> from minixai import toys
    >>> integrated_gradients(toys.add_multiply, [[3.0, 1.0, 2.0]]).values.round(9)
    array([[4.5, 3.5, 4. ]])
    """
    call = Call(model, x, target, versus, output, layer, batch)
    least = 2 if one_of(quadrature, QUADRATURES, "quadrature") == "trapezoid" else 1
    alpha, weight = QUADRATURES[quadrature](as_count(steps, "steps", least, MOST_STEPS, NO_MORE))
    ends = endpoints(call, call.baseline(baseline))
    start, delta = ends.reference, ends.delta
    mean, trace = np.zeros(delta.shape), list[tuple[Array, Array]]()
    for i, k in passes(call, len(alpha), "integrated_gradients"):
        points = start[i] + column(alpha[k], delta) * delta[i]
        slopes = ends.gradient(points, i)
        accumulate(mean, i, column(weight[k], slopes) * slopes)
        if path:
            trace.append((points, slopes))
    values = (multiply_no_nan(mean, delta) if multiply else mean).astype(delta.dtype)
    gap = ends.gap(values) if multiply else None
    if gap is not None:
        warn_of_gap(gap, ends, values, len(alpha))
    parameters = {
        "baseline": call.as_parameter(baseline),
        "steps": steps,
        "quadrature": quadrature,
        "multiply": multiply,
    }
    extras = path_extras(trace, alpha, weight, delta if multiply else None) if path else {}
    n = len(call.rows) * len(alpha)
    return ends.attribution("integrated_gradients", values, parameters, (n, n), gap=gap, extras=extras)


MOST_STEPS = 10_000
"""Steps beyond which the sum is off by rounding, or by kinks that no number of steps smooths."""
NO_MORE = "where so many do not add up, the way crosses kinks"


def warn_of_gap(gap: Array, ends: Endpoints, values: Array, steps: int) -> None:
    """Warn if a gap is larger than 5 % of the difference in score and than rounding."""
    difference = abs(ends.score - ends.reference_score)
    exceeds = (abs(gap) > 0.05 * difference) & (abs(gap) > ends.rounding(values))
    if exceeds.any():
        worst = int(np.argmax(np.where(exceeds, abs(gap), 0)))
        warn_caller(
            f"integrated_gradients misses {abs(gap[worst]):.3g} of a difference in score of {difference[worst]:.3g} "
            f"(input {worst}; {exceeds.sum()} of {len(gap)} are off by more than 5 %): try steps={2 * steps}, though "
            "where the way crosses kinks no number of steps is sure",
        )


def path_extras(trace: list[tuple[Array, Array]], alpha: Array, weight: Array, delta: Array | None) -> dict[str, Array]:
    """The inputs and gradients at every step, (N, steps, ...), and the running sum of the values."""
    inputs, slopes = (
        array.reshape(-1, len(alpha), *array.shape[1:]) for array in map(np.concatenate, zip(*trace, strict=True))
    )
    sums = np.cumsum(slopes * weight.reshape(-1, *(1,) * (slopes.ndim - 2)), axis=1)
    if delta is not None:
        sums = multiply_no_nan(sums, delta[:, None])
    return {"alpha": alpha, "inputs": inputs, "gradients": slopes, "sums": sums.astype(slopes.dtype)}

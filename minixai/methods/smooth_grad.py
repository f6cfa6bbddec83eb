"""SmoothGrad: a map averaged over a neighbourhood of the image, so that what flickers cancels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from inspect import signature
from typing import Any

import numpy as np
import numpy.typing as npt

from minixai.arrays import Array
from minixai.attribution import Attribution
from minixai.methods.call import Call
from minixai.methods.gradients import gradient
from minixai.methods.moments import Moments
from minixai.methods.registry import method as enter
from minixai.methods.runs import Stream, column, passes
from minixai.model import Network
from minixai.validate import MOST_SAMPLES, WHY_NO_MORE, as_count, as_nonnegative


@enter("how does the score slope, on average around this image?", "a pass each sample", complete=False, sampled=True)
def smooth_grad(
    model: Network,
    x: npt.ArrayLike,
    target: npt.ArrayLike | None = None,
    *,
    versus: npt.ArrayLike | None = None,
    noise: float = 0.1,
    sigma: float | None = None,
    samples: int = 50,
    seed: int = 0,
    squared: bool = False,
    variance: bool = False,
    method: Callable[..., Attribution] = gradient,
    output: str = "score",
    layer: str | int | None = None,
    batch: int | None = None,
    **options: Any,
) -> Attribution:
    """φ = mean over k of g(x + ε_k), ε_k ~ N(0, σ²), with g = ∂f/∂x, signed.  (Smilkov et al. 2017, §2)

    model, x, target, versus, output, layer, batch    see `minixai.methods.call.Call`
    noise       σ as a part of the range of each image, σ = noise · (max x − min x)
    sigma       σ itself, in the units of x, in place of `noise`
    samples     noisy copies of each input, at least 2
    seed        of the noise, which is the same for every input up to its σ
    squared     the mean of g² instead  (Hooker et al. 2019)
    variance    Σ (g − ḡ)² / n instead: VarGrad  (Adebayo et al. 2018)
    method      what g is: any method called as `gradient` is; `options` are handed on to it

    The class is that of x itself, whatever the noise makes of it.  `standard_error` is that of the mean, √(s²/n), or of
    the variance, √((μ₄ − μ₂²)/n).  For f = relu and σ it is Φ(x/σ), in the limit.  Raises ValueError for
    noise that is none, and if both squares and variance are asked for.

    >>> result = smooth_grad(lambda x: x[:, 0] ** 2, [[3.0]], sigma=1.0, samples=10_000)
    >>> result.values.round(1), result.standard_error.round(2)
    (array([[6.]]), array([[0.02]]))
    """
    n = validate_call(samples, squared, variance, method, options)
    arguments = {"output": output, "batch": batch} | ({} if layer is None else {"layer": layer}) | options
    clean = method(model, x, target, versus=versus, **arguments)
    call = Call(model, x, clean.target, clean.versus, output, layer, batch)
    baselines = {name: call.baseline(options[name], what=name) for name in ("baseline",) if name in options}
    width = noise_sigma(call.rows, noise, sigma)
    draw = Stream(as_count(seed, "seed", 0), lambda rng, n: rng.standard_normal((n, *call.rows.shape[1:])))
    maps, cost = Moments(clean.values.shape, n, 4 if variance else 2), clean.cost
    for i, k in passes(call, n, "smooth_grad", each=-(-clean.cost.forward // len(call.rows))):
        arguments |= {name: rows[i] if len(rows) > 1 else rows for name, rows in baselines.items()}  # that of x itself
        noisy = call.rows[i] + column(width[i], call.rows) * draw(i, k).astype(call.rows.dtype)
        result = method(
            model, noisy, clean.target[i], versus=None if clean.versus is None else clean.versus[i], **arguments
        )
        maps.add(i, k, result.values.astype(np.float64) ** 2 if squared else result.values)
        cost = cost.plus(*result.cost)
    mean, error = (maps.variance, maps.standard_error_of_variance) if variance else (maps.mean, maps.standard_error)
    given = {"noise": noise, "sigma": sigma, "samples": samples, "seed": seed, "squared": squared, "variance": variance}
    return replace(
        clean,
        values=mean.astype(clean.values.dtype),
        method="smooth_grad",
        cost=cost,
        gap=None,
        gap_standard_error=None,
        standard_error=error.astype(clean.values.dtype),
        parameters=given | {"method": clean.method} | options,
        extras={},
    )


def validate_call(
    samples: int, squared: bool, variance: bool, method: Callable[..., Attribution], options: Mapping[str, Any]
) -> int:
    """How many samples, if the question can be answered."""
    if squared and variance:
        raise ValueError("squared and variance are two different averages: ask for one of them")
    if not callable(method):
        raise TypeError(f"method is {method!r}: give a function such as mx.gradient, without calling it")
    function = getattr(method, "function", method)  # an entry of the catalogue will do
    known = signature(function).parameters
    if "versus" not in known:
        raise TypeError(f"method is {method!r}, which is not called as mx.gradient is: give a method of mx.catalogue")
    if unknown := [name for name in options if name not in known]:
        raise TypeError(f"neither smooth_grad nor {function.__name__} takes {', '.join(unknown)}: see their docstrings")
    return as_count(samples, "samples", 2, MOST_SAMPLES, WHY_NO_MORE)


def noise_sigma(x: Array, noise: float, sigma: float | None) -> Array:
    """(N,): σ for each input."""
    if sigma is not None:
        return np.full(len(x), as_nonnegative(sigma, "sigma"))
    rows = x.reshape(len(x), -1)
    return np.asarray(as_nonnegative(noise, "noise") * (rows.max(axis=1) - rows.min(axis=1)))

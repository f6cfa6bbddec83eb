"""SmoothGrad: a map averaged over a neighbourhood of the image, so that noise in the map cancels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from inspect import signature
from typing import Any

import numpy as np
import numpy.typing as npt

from minixai.arrays import Array
from minixai.attribution import Attribution
from minixai.methods.call import Call, is_number
from minixai.methods.contrast import Contrast
from minixai.methods.gradients import gradient
from minixai.methods.moments import Moments
from minixai.methods.passes import Stream, column, passes
from minixai.methods.registry import Method, method
from minixai.model import Network
from minixai.text import quoted
from minixai.validate import MOST_SAMPLES, WHY_NO_MORE, as_count, as_nonnegative, as_random_seed, rename_options


@method("how does the score slope, on average around this image?", "a pass each sample", complete=False, sampled=True)
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
    """SmoothGrad, φ = mean over k of g(x + ε_k) with ε_k ~ N(0, σ²) and g = ∂f/∂x, with its sign.

    Parameters
    ----------
    {model, x, target, versus}
    noise : float, default 0.1
        σ as a fraction of the range of each input: σ = noise · (max x − min x).
    sigma : float, optional
        σ itself, in the units of x (from 0 to 255 beside uint8), in place of `noise`.
    samples : int, default 50
        How many noisy copies of each input are explained, at least 2.
    seed : int, default 0
        The seed of the noise, which is the same for every input up to its σ.
    squared : bool, default False
        Whether to return the mean of g² (Hooker et al. 2019).
    variance : bool, default False
        Whether to return VarGrad, Σ (g − ḡ)² / n (Adebayo et al. 2018).
    method : callable, default gradient
        What g is: a method that is called as `gradient` is, or an entry of `mx.catalogue`.
    {output, layer, batch}
    **options
        Further arguments of the method, such as `baseline`.

    Returns
    -------
    Attribution
        Values in the shape of those of the method.  `standard_error` is √(s²/n) for a mean, and √((μ₄ − μ₂²)/n) for the
        variance.

    Raises
    ------
    {errors}
    ValueError
        If `squared` and `variance` are both given.
    TypeError
        If `method` is not called as `gradient` is, and if it does not take one of the options.

    Notes
    -----
    The class is that of x itself, whichever class the noisy copies have, and so is the baseline.  For f = relu, φ tends
    to Φ(x/σ).

    References
    ----------
    Smilkov et al. (2017), SmoothGrad: removing noise by adding noise, §2.
    Hooker et al. (2019), A benchmark for interpretability methods in deep neural networks.
    Adebayo et al. (2018), Local explanation methods for deep neural networks lack sensitivity to parameter values.

    Examples
    --------
    >>> result = smooth_grad(lambda x: x[:, 0] ** 2, [[3.0]], sigma=1.0, samples=10_000)
    >>> result.values.round(1), result.standard_error.round(2)
    (array([[6.]]), array([[0.02]]))
    """
    options = check_options(method, options)
    if squared and variance:
        raise ValueError("squared and variance are two different averages: ask for one of them")
    n = as_count(samples, "samples", 2, MOST_SAMPLES, WHY_NO_MORE)
    arguments = {"output": output, "batch": batch} | ({} if layer is None else {"layer": layer}) | options
    clean = method(model, x, target, versus=versus, **arguments)
    call = Call(model, x, clean.target, clean.versus, output, layer, batch)
    explain = explainer_of_points(method, call, arguments, Contrast(clean.target, clean.versus))
    width = noise_sigma(call.rows, noise, None if sigma is None else as_nonnegative(sigma, "sigma") * call.unit)
    draw = Stream(as_random_seed(seed), lambda rng, n: rng.standard_normal((n, *call.rows.shape[1:])))
    maps, cost = Moments(clean.values.shape, n, 4 if variance else 2), clean.cost
    for i, k in passes(call, n, "smooth_grad", rows=-(-clean.cost.forward // len(call.rows))):
        noisy = call.rows[i] + column(width[i], call.rows) * draw(i, k).astype(call.rows.dtype)
        result = explain(noisy, i)
        g = result.values.astype(np.float64)
        maps.add(i, k, g**2 if squared else g)
        cost = cost.plus(*result.cost)
    mean, error = (maps.variance, maps.standard_error_of_variance) if variance else (maps.mean, maps.standard_error)
    parameters = {
        "noise": noise,
        "sigma": sigma,
        "samples": samples,
        "seed": seed,
        "squared": squared,
        "variance": variance,
    }
    return replace(
        clean,
        values=mean.astype(clean.values.dtype),
        method="smooth_grad",
        cost=cost,
        gap=None,
        gap_standard_error=None,
        standard_error=error.astype(clean.values.dtype),
        parameters=parameters | {"method": clean.method} | options,
        extras={},
    )


def check_options(method: Callable[..., Attribution], options: Mapping[str, Any]) -> dict[str, Any]:
    """The options under their present names.

    Raises TypeError if the method is not called as `gradient` is, or does not take one of the options.
    """
    if not callable(method):
        raise TypeError(f"method is {quoted(method)}: give a function such as mx.gradient, without calling it")
    function = method.function if isinstance(method, Method) else method
    parameters = signature(function).parameters
    if "versus" not in parameters:
        raise TypeError(
            f"method is {quoted(method)}, which is not called as mx.gradient is: give a method of mx.catalogue"
        )
    options = rename_options(function, options)
    if unknown := [name for name in options if name not in parameters]:
        raise TypeError(f"neither smooth_grad nor {function.__name__} takes {', '.join(unknown)}: see their docstrings")
    return options


def explainer_of_points(
    method: Callable[..., Attribution], call: Call, arguments: Mapping[str, Any], contrast: Contrast
) -> Callable[[Array, Array], Attribution]:
    """The method as a function of points (B, ...) near the inputs i, with the classes and baselines of those inputs."""
    baselines = call.baseline(arguments["baseline"]) if "baseline" in arguments else None
    values = arguments.get("values")
    if values is not None:  # points are in the model's units, whatever those of x are
        values = [value * call.unit if is_number(value) else value for value in values]

    def explain(points: Array, i: Array) -> Attribution:
        same, about = dict(arguments), contrast[i]
        if values is not None:
            same["values"] = values
        if baselines is not None:
            same["baseline"] = baselines[i] if len(baselines) > 1 else baselines
        return method(call.model, points, about.target, versus=about.versus, **same)

    return explain


def noise_sigma(x: Array, noise: float, sigma: float | None) -> Array:
    """σ for each input: (N,)"""
    if sigma is not None:
        return np.full(len(x), sigma)
    rows = x.reshape(len(x), -1)
    return np.asarray(as_nonnegative(noise, "noise") * (rows.max(axis=1) - rows.min(axis=1)))

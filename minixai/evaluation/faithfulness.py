"""Sensitivity-n and infidelity: does the score change as the map predicts when many pixels are hidden at once?

Both hide random sets of pixels, and compare the loss of score that the map predicts with the actual loss.  Neither
needs a known truth, and both share the weakness of deletion: an image with holes is like nothing the network has seen.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from minixai.arrays import Array
from minixai.evaluation.amounts import pixels, pixels_of
from minixai.methods.baselines import Baseline
from minixai.methods.call import Call
from minixai.methods.passes import passes
from minixai.methods.runs import endpoints
from minixai.model import Network
from minixai.validate import as_count, as_random_seed

SHARES = (0.01, 0.1, 0.5)
"""The shares of the pixels that sensitivity-n hides at once by default."""


class Sensitivity(NamedTuple):
    """How a map's sums over random sets of pixels correlate with the losses of score when these sets are hidden.

    sizes             (K,): how many pixels are hidden at once
    correlation       (N, K): Pearson's r
    standard_error    (N, K): the standard error of r, (1 − r²)/√(subsets − 2)
    """

    sizes: Array
    correlation: Array
    standard_error: Array


class Infidelity(NamedTuple):
    """The mean squared difference between the loss of score that a map predicts and the actual loss Δf.

    value             (N,): E[(Iᵀφ − Δf)²], where Δf = f(x) − f(x − I)
    standard_error    (N,): the standard error of that mean
    unexplained       (N,): min over β of E[(β·Iᵀφ − Δf)²] / E[Δf²], from 0 to 1
    """

    value: Array
    standard_error: Array
    unexplained: Array


def sensitivity_n(
    model: Network,
    x: npt.ArrayLike,
    values: npt.ArrayLike,
    target: npt.ArrayLike | None = None,
    *,
    versus: npt.ArrayLike | None = None,
    baseline: Baseline = "black",
    sizes: npt.ArrayLike | None = None,
    subsets: int = 100,
    seed: int = 0,
    output: str = "score",
    batch: int | None = None,
) -> Sensitivity:
    """Correlate the sum of the map over n random pixels with the loss of score when these pixels are hidden.

    Parameters
    ----------
    model, x, target, versus, output, batch
        See `minixai.methods.call.Call`; x holds images (N, H, W, C).
    values : array_like, (N, H, W, C), or Attribution
        The map φ; channels are summed first.
    baseline : str, float or array_like, default "black"
        The values that replace the hidden pixels.
    sizes : array_like of int, optional
        The numbers n of pixels; by default 1 %, 10 % and 50 % of the image.
    subsets : int, default 100
        How many random sets of pixels are drawn for each n; they are the same for every image.
    seed : int, default 0
        Seed of the random sets.

    Returns
    -------
    Sensitivity
        `correlation` (N, K), from −1 to 1, and its `standard_error`.  The correlation is 1 for the contributions of a
        linear network, about 0 for a random map, and 0 if the sums or the losses do not vary.

    Raises
    ------
    ValueError
        For maps that do not fit, and for sizes outside 1 to H · W.

    Notes
    -----
    r = corr over S, \\|S\\| = n, of Σ_{i∈S} φ_i and f(x) − f(x with S replaced by x').  Known weakness: for large n
    all sets cover the image alike, so both sides hardly vary and r is noise; r is blind to the map's scale.

    References
    ----------
    Ancona, Ceolini, Öztireli & Gross 2018, "Towards better understanding of gradient-based attribution methods",
    definition 1 and §4.

    Examples
    --------
    >>> network = lambda x: x.sum((1, 2, 3))
    >>> image = np.arange(16.0).reshape(1, 4, 4, 1)
    >>> sensitivity_n(network, image, image, sizes=[4]).correlation.round(6)
    array([[1.]])
    """
    call = Call(model, x, target, versus, output, None, batch)
    maps = pixels_of(values, call.rows)
    count = maps[0].size
    if sizes is None:
        sizes = np.unique(np.clip(np.round(np.multiply(SHARES, count)), 1, count)).astype(int)
    numbers = np.atleast_1d(np.asarray(sizes))
    if numbers.dtype.kind not in "iu" or numbers.ndim != 1 or not ((numbers > 0) & (numbers <= count)).all():
        raise ValueError(f"sizes are whole numbers of pixels, from 1 to {count}, got {sizes!r}")
    rng = np.random.default_rng(as_random_seed(seed))
    many = as_count(subsets, "subsets", 3)
    # (K · subsets, H · W): which pixels are hidden
    sets = np.zeros((len(numbers) * many, count), bool)
    for row, n in zip(sets, np.repeat(numbers, many), strict=True):
        row[rng.choice(count, n, replace=False)] = True
    masks = sets.reshape(-1, *maps.shape[1:])
    shape = (len(maps), len(numbers), many)
    predicted = np.einsum("nhw,khw->nk", maps, masks.astype(np.float64)).reshape(shape)
    lost = hidden_drops(call, masks, baseline, "sensitivity-n").reshape(shape)
    r = pearson(predicted, lost)
    return Sensitivity(numbers, r, (1 - r**2) / np.sqrt(max(many - 2, 1)))


def infidelity(
    model: Network,
    x: npt.ArrayLike,
    values: npt.ArrayLike,
    target: npt.ArrayLike | None = None,
    *,
    versus: npt.ArrayLike | None = None,
    baseline: Baseline = "black",
    multiplied: bool = True,
    side: int | None = None,
    squares: int = 50,
    seed: int = 0,
    output: str = "score",
    batch: int | None = None,
) -> Infidelity:
    """Measure by how much a map mispredicts the loss of score when a square of pixels is hidden.

    Parameters
    ----------
    model, x, target, versus, output, batch
        See `minixai.methods.call.Call`; x holds images (N, H, W, C).
    values : array_like, (N, H, W, C), or Attribution
        The map φ.
    baseline : str, float or array_like, default "black"
        What a hidden square shows: I = x − x' there, and 0 elsewhere.
    multiplied : bool, default True
        Whether φ holds contributions, which contain the factor x − x', so that their sum over the square predicts the
        loss.  Use False for sensitivities, such as gradients; they are multiplied by I here.
    side : int, optional
        The side of a square in pixels; by default a quarter of the image's shorter side.
    squares : int, default 50
        How many random squares are hidden, one at a time; they are the same for every image.
    seed : int, default 0
        Seed of the squares' positions.

    Returns
    -------
    Infidelity
        `value` (N,), in units of the score squared, 0 for a map that predicts every loss; its `standard_error`; and
        `unexplained` (N,), from 0 to 1, the share that remains when the map is multiplied by the best factor β.  Use
        `unexplained` to compare maps of different units.  It is 1 for a map of zeros.

    Raises
    ------
    ValueError
        For maps that do not fit.

    Notes
    -----
    INFD = E_I[(Iᵀφ − (f(x) − f(x − I)))²] with I a random square ("square removal").  Known weakness: only a map that
    predicts losses far from x reaches 0, so a plain gradient scores badly because it is local, and the `value` of a map
    in another unit is large for that reason alone.

    References
    ----------
    Yeh, Hsieh, Suggala, Inouye & Ravikumar 2019, "On the (in)fidelity and sensitivity of explanations",
    definition 2.1 and proposition 2.2.

    Examples
    --------
    >>> network = lambda x: x.sum((1, 2, 3))
    >>> image = np.arange(16.0).reshape(1, 4, 4, 1)
    >>> infidelity(network, image, image).value, infidelity(network, image, np.zeros_like(image)).unexplained
    (array([0.]), array([1.]))
    """
    call = Call(model, x, target, versus, output, None, batch)
    maps = pixels_of(values, call.rows)
    if not multiplied:
        maps = pixels(np.asarray(values) * (call.rows.astype(np.float64) - call.baseline(baseline)))
    height, width = maps.shape[1:]
    edge = max(1, min(height, width) // 4) if side is None else as_count(side, "side")
    rng = np.random.default_rng(as_random_seed(seed))
    masks = np.zeros((as_count(squares, "squares", 2), height, width), bool)
    for mask in masks:
        top, left = rng.integers(max(height - edge, 0) + 1), rng.integers(max(width - edge, 0) + 1)
        mask[top : top + edge, left : left + edge] = True
    predicted = np.einsum("nhw,khw->nk", maps, masks.astype(np.float64))
    return misprediction(predicted, hidden_drops(call, masks, baseline, "infidelity"))


def misprediction(predicted: Array, lost: Array) -> Infidelity:
    """Return the infidelity of the predictions Iᵀφ of the losses Δf, (N, K) each."""
    squared = (predicted - lost) ** 2
    scale = np.maximum(abs(predicted).max(axis=1, keepdims=True), np.finfo(float).tiny)
    p = predicted / scale
    power, total = (p**2).sum(axis=1), (lost**2).sum(axis=1)
    explained = (p * lost).sum(axis=1) ** 2 / np.where(power > 0, power, 1)
    left = np.where(total > 0, 1 - explained / np.where(total > 0, total, 1), 0.0)
    error = squared.std(axis=1, ddof=1) / np.sqrt(squared.shape[1])
    return Infidelity(squared.mean(axis=1), error, np.clip(left, 0, 1))


def pearson(a: Array, b: Array) -> Array:
    """Return Pearson's r along the last axis; it is 0 if a or b does not vary."""
    u, v = (x - x.mean(axis=-1, keepdims=True) for x in (a, b))
    # equal numbers minus their mean may leave rounding errors, which are no variation
    bounds = (abs(x).max(axis=-1) * 1e-12 for x in (a, b))
    varies = [abs(d).max(axis=-1) > bound for d, bound in zip((u, v), bounds, strict=True)]
    size = np.sqrt((u**2).sum(axis=-1) * (v**2).sum(axis=-1))
    both = varies[0] & varies[1] & (size > 0)
    return np.asarray(np.where(both, (u * v).sum(axis=-1) / np.where(both, size, 1), 0.0))


def hidden_drops(call: Call, masks: Array, baseline: Baseline, what: str) -> Array:
    """Return f(x) − f(x with the pixels of a mask replaced by x') in float64, (N, K), for masks (K, H, W)."""
    start, end = call.rows, np.broadcast_to(call.baseline(baseline), call.rows.shape)
    ends = endpoints(call)
    scores = np.empty((len(start), len(masks)))
    for i, k in passes(call, len(masks), what, back=False):
        # the mask (B, H, W, 1) selects from two arrays (B, H, W, C)
        scores[i, k] = ends.score_at(np.where(masks[k][..., None], end[i], start[i]), i)
    return np.asarray(ends.score.astype(np.float64)[:, None] - scores)

"""Deletion and insertion: remove or restore the pixels in the order of the map, and follow the score.

Neither needs a known truth.  Their weakness is that a half-deleted image is like nothing the network has seen, so the
change of the score does not depend on the map alone.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from minixai.arrays import Array
from minixai.evaluation.amounts import pixels_of
from minixai.methods.baselines import Baseline
from minixai.methods.call import Call
from minixai.methods.passes import passes
from minixai.methods.runs import endpoints
from minixai.model import Network
from minixai.ops.threads import own_threads
from minixai.validate import as_count, as_random_seed

FEW = 1_000
"""This many steps are always allowed, even for an image with fewer pixels."""


class Curve(NamedTuple):
    """The scores of N images as more and more of their pixels are replaced.

    fraction    (steps + 1,): the share of the pixels that are replaced, from 0 to 1
    scores      (N, steps + 1): the score of each image at each share
    """

    fraction: Array
    scores: Array

    @property
    def auc(self) -> Array:
        """The area under each curve by the trapezoid rule, (N,)."""
        return np.asarray(np.trapezoid(self.scores, self.fraction, axis=1))


def deletion_curve(
    model: Network,
    x: npt.ArrayLike,
    values: npt.ArrayLike,
    target: npt.ArrayLike | None = None,
    *,
    versus: npt.ArrayLike | None = None,
    baseline: Baseline = "black",
    steps: int = 32,
    signed: bool = True,
    seed: int = 0,
    output: str = "probability",
    batch: int | None = None,
) -> Curve:
    """f(x with its k highest-valued pixels replaced by those of x'), for steps + 1 values of k from 0 to H · W.

    model, x, target, versus, output, batch    see `minixai.methods.call.Call`; x holds images (N, H, W, C)
    values      the map φ (N, H, W, C), or an Attribution; channels are summed first
    baseline    x': a name, a number, one image, or one image for each row of x
    steps       number of steps from x to x'; all replace the same number of pixels, to within one
    signed      whether the pixels are ordered by φ (True) or, as for sensitivity maps, by |φ| (False)
    seed        seed of the random order of pixels with equal values, the same for every image

    With a good map the score falls early: the smaller the area, the better.  What chance reaches must be measured with
    a random map; see `sanity.random_map`.  (Petsiuk, Das & Saenko 2018, RISE, also with a black baseline.)  Raises
    ValueError for maps that do not fit.

    >>> network = lambda x: x.sum((1, 2, 3))
    >>> image = np.array([6.0, 2.0]).reshape(1, 1, 2, 1)
    >>> curve = deletion_curve(network, image, image, output="score", steps=2)
    >>> curve.scores, curve.auc
    (array([[8., 2., 0.]]), array([3.]))
    """
    call = Call(model, x, target, versus, output, None, batch)
    return own_threads(exchanged, call, values, baseline, steps, signed, seed, False)


def insertion_curve(
    model: Network,
    x: npt.ArrayLike,
    values: npt.ArrayLike,
    target: npt.ArrayLike | None = None,
    *,
    versus: npt.ArrayLike | None = None,
    baseline: Baseline = "blur",
    steps: int = 32,
    signed: bool = True,
    seed: int = 0,
    output: str = "probability",
    batch: int | None = None,
) -> Curve:
    """f(x' with its k highest-valued pixels replaced by those of x), for steps + 1 values of k from 0 to H · W.

    The highest-valued pixels are those of the map.  Arguments and errors are those of `deletion_curve`.  With a good
    map the score rises early: the larger the area, the better.  (Petsiuk, Das & Saenko 2018, RISE, who also begin with
    a blurred image.)

    >>> network = lambda x: x.sum((1, 2, 3))
    >>> image = np.array([6.0, 2.0]).reshape(1, 1, 2, 1)
    >>> insertion_curve(network, image, image, baseline="black", output="score", steps=2).scores
    array([[0., 6., 8.]])
    """
    call = Call(model, x, target, versus, output, None, batch)
    return own_threads(exchanged, call, values, baseline, steps, signed, seed, True)


def curve_rows(steps: int) -> int:
    """How many rows each image sends through the network for a curve of so many steps."""
    return steps + 2  # one for each share of the pixels, from none to all, and the image itself


def exchanged(
    call: Call, values: npt.ArrayLike, baseline: Baseline, steps: int, signed: bool, seed: int, insert: bool
) -> Curve:
    """Return the curve from x to x' (deletion) or, with `insert`, from x' to x."""
    maps = pixels_of(values, call.rows)
    size = maps[0].size
    places = order(maps if signed else abs(maps), as_random_seed(seed))
    most, why = max(size, FEW), f"an image has {size:,} pixels, of which a step takes one or more"
    taken = np.round(np.linspace(0, size, as_count(steps, "steps", most=most, why=why) + 1)).astype(int)
    start, end = call.rows, np.broadcast_to(call.baseline(baseline), call.rows.shape)
    if insert:
        start, end = end, start
    ends = endpoints(call)
    scores = np.empty((len(maps), len(taken)))
    for i, k in passes(call, len(taken), "insertion" if insert else "deletion", back=False):
        # the mask (B, H, W, 1) selects from two arrays (B, H, W, C)
        gone = (places[i] < taken[k, None, None])[..., None]
        scores[i, k] = ends.score_at(np.where(gone, end[i], start[i]), i)
    return Curve(taken / size, scores)


def order(maps: Array, seed: int) -> Array:
    """The rank of each pixel in its map, (N, H, W), 0 for the highest; pixels with equal values are in random order.

    >>> order(np.array([[[0.0, 3.0, -1.0]]]), seed=0)
    array([[[1, 0, 2]]])
    """
    rows = maps.reshape(len(maps), -1)
    lots = np.random.default_rng(seed).permutation(rows.shape[1])
    highest_first = np.stack([np.lexsort((lots, -row)) for row in rows])
    return highest_first.argsort(axis=1).reshape(maps.shape)

"""Occlusion: slide a window over the image, and see how much the score falls when that part is hidden."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from minixai.arrays import Array
from minixai.attribution import Attribution
from minixai.methods.baselines import Baseline
from minixai.methods.call import Call
from minixai.methods.compat import GREY, complement_of_patch_probability
from minixai.methods.endpoints import Endpoints
from minixai.methods.passes import passes
from minixai.methods.registry import method
from minixai.methods.runs import endpoints
from minixai.model import Network
from minixai.ops.windows import Pair
from minixai.validate import accept_old_name, as_pair, check_images, one_of

EXPLAINED = {"paper": None, "tf-explain": "probability"}
"""{variant: the output that it always explains, or None if the caller chooses}."""


@method("how much does the score fall when this part is hidden?", "a pass each window", complete=False, baseline=True)
@accept_old_name("fill", "baseline")
def occlusion(
    model: Network,
    x: npt.ArrayLike,
    target: npt.ArrayLike | None = None,
    *,
    versus: npt.ArrayLike | None = None,
    window: Pair | None = None,
    stride: Pair | None = None,
    baseline: Baseline = "mean",
    variant: str = "paper",
    output: str = "score",
    batch: int | None = None,
) -> Attribution:
    """Occlusion, φ at a pixel = mean of f(x) − f(x with the window hidden) over the windows that cover it.

    Parameters
    ----------
    {model}
    x : array_like, (N, H, W, C)
        The images.
    {target, versus}
    window : int or (int, int), optional
        The size of the window in pixels, one side or (rows, columns); by default an eighth of each side of the image.
    stride : int or (int, int), optional
        How many pixels the window moves, at most its own size; by default half of it.
    baseline : str, float or array_like, default "mean"
        What hides a window: "black", "white", "mean", "blur" or "noise", a number, one image, or one for each.  Its
        former name, `fill`, is accepted with a DeprecationWarning.
    variant : {"paper", "tf-explain"}, default "paper"
        "tf-explain" has a stride and a baseline of its own, and always explains the probability: see
        `minixai.methods.compat.complement_of_patch_probability`.
    {output, batch}

    Returns
    -------
    Attribution
        Values (N, H, W, 1), positive where hiding lowers the score.  `extras["windows"]` (N, rows, columns) holds the
        loss of each window.

    Raises
    ------
    {errors}
    ValueError
        If x does not hold images, and if the window is larger than the image or the stride larger than the window.

    Notes
    -----
    Along a side of length L there are ⌈(L − w)/s⌉ + 1 windows, and the last is cut off at the border.  The values need
    not add up to anything, so there is no gap.

    References
    ----------
    Zeiler & Fergus (2014), Visualizing and understanding convolutional networks, §4.2.

    Examples
    --------
    >>> image = np.array([1.0, 2.0, 3.0, 4.0, 5.0]).reshape(1, 1, 5, 1)
    >>> occlusion(lambda x: x.sum(), image, window=(1, 3), stride=1, baseline="black").values.ravel()
    array([ 6. ,  7.5,  9. , 10.5, 12. ])
    """
    call = Call(model, x, target, versus, EXPLAINED[one_of(variant, EXPLAINED, "variant")] or output, None, batch)
    check_images(call.rows.shape, "occlusion")
    sides, steps = resolve_window(call.rows.shape[1:3], window, stride)
    parameters = {"window": window, "stride": stride, "baseline": call.as_parameter(baseline), "variant": variant}
    if variant == "tf-explain":
        if versus is not None or stride is not None or not (isinstance(baseline, str) and baseline == "mean"):
            raise ValueError("variant='tf-explain' has a stride and baseline of its own, no contrast: leave them out")
        steps, baseline = sides, "mean"
    rows, columns = map(window_masks, call.rows.shape[1:3], sides, steps)
    hidden, ends = call.baseline(baseline), endpoints(call)
    if variant == "tf-explain":
        hidden = np.full_like(hidden[:1], GREY)
    left = occluded_scores(ends, rows, columns, hidden)
    lost = ends.score[:, None, None] - left
    values = (
        complement_of_patch_probability(left, call.rows.shape[1:3])
        if variant == "tf-explain"
        else mean_over_covering_windows(lost, rows, columns)
    )[..., None].astype(call.rows.dtype)
    return ends.attribution("occlusion", values, parameters, (left.size, 0), baseline=hidden, extras={"windows": lost})


def resolve_window(
    size: tuple[int, ...], window: Pair | None, stride: Pair | None
) -> tuple[tuple[int, int], tuple[int, int]]:
    """(window, stride), each as (rows, columns): as given, or an eighth of each side and half of that, rounded up.

    >>> resolve_window((224, 64), None, None)
    ((28, 8), (14, 4))
    """
    sides = as_pair((-(-size[0] // 8), -(-size[1] // 8)) if window is None else window, "window")
    steps = as_pair((-(-sides[0] // 2), -(-sides[1] // 2)) if stride is None else stride, "stride")
    if any(side > length for side, length in zip(sides, size, strict=True)):
        raise ValueError(f"a window of {sides} is larger than the image, {size}: make it smaller")
    if any(step > side for step, side in zip(steps, sides, strict=True)):
        raise ValueError(f"a stride of {steps} leaves pixels out between windows of {sides}: give at most the window")
    return sides, steps


def window_masks(length: int, side: int, step: int) -> Array:
    """Which pixels along a side each window covers, (windows, length); the last window is cut off at the border.

    >>> window_masks(5, 3, 3).astype(int).tolist()
    [[1, 1, 1, 0, 0], [0, 0, 0, 1, 1]]
    """
    start = step * np.arange(-(-(length - side) // step) + 1)[:, None]
    pixel = np.arange(length)
    return (start <= pixel) & (pixel < start + side)


def occluded_scores(ends: Endpoints, row_masks: Array, column_masks: Array, fill: Array) -> Array:
    """The score with each window hidden: (N, rows, columns)"""
    x, fill = ends.value, np.broadcast_to(fill, ends.value.shape)
    scores = np.zeros((len(x), len(row_masks), len(column_masks)), ends.score.dtype)
    for i, k in passes(ends.call, len(row_masks) * len(column_masks), "occlusion", back=False):
        a, b = np.divmod(k, len(column_masks))
        # (B, H, 1, 1) and (B, 1, W, 1) -> (B, H, W, 1)
        window = row_masks[a][:, :, None, None] & column_masks[b][:, None, :, None]
        scores[i, a, b] = ends.score_at(np.where(window, fill[i], x[i]), i)
    return scores


def mean_over_covering_windows(score_drops: Array, row_masks: Array, column_masks: Array) -> Array:
    """At each pixel the mean over the windows that cover it: (N, rows, columns) -> (N, H, W)"""
    # (H, rows) @ (N, rows, columns) @ (columns, W)
    return np.asarray((row_masks / row_masks.sum(axis=0)).T @ score_drops @ (column_masks / column_masks.sum(axis=0)))

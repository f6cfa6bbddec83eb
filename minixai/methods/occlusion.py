"""Occlusion: slide a window over the image, and see what the score loses when that part is hidden."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from minixai.arrays import Array
from minixai.attribution import Attribution
from minixai.methods.baselines import Baseline
from minixai.methods.call import Call
from minixai.methods.compat import GREY, one_minus_p
from minixai.methods.registry import method
from minixai.methods.runs import Endpoints, FromLayer, endpoints, passes
from minixai.model import Network
from minixai.ops.windows import Pair
from minixai.validate import accept_old_name, as_pair, check_images, one_of

EXPLAINED = {"paper": None, "tf-explain": "probability"}
"""What a variant always explains; None is what is asked."""


@method("how much does the score fall when this part is hidden?", "a pass each window", complete=False, baseline=True)
@accept_old_name("fill", "baseline", stacklevel=4)
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
    """φ at a pixel = mean of f(x) − f(x with the window hidden) over the windows on it.  (Zeiler & Fergus 2014, §4.2)

    model, x, target, versus, output, batch    see `minixai.methods.call.Call`; x holds images (N, H, W, C)
    window     pixels, a side or (rows, columns), by default an eighth of each side of the image
    stride     pixels from window to window, at most the window's, by default half of it
    baseline   what hides: a name ("black", "white", "mean", "blur", "noise"), a number, one image, or one for each
    variant    "paper"; or "tf-explain", see `minixai.methods.compat.one_minus_p`, which has a stride and baseline
               of its own and always explains the probability

    Values are (N, H, W, 1), one for each pixel, positive where hiding lowers the score.  Along a side of length L
    there are ⌈(L − w)/s⌉ + 1 windows, the last cut at the border; `extras["windows"]` (N, rows, columns) holds what
    each loses.  They need not add up to anything, so there is no gap.  Raises ValueError for windows that do not fit.

    >>> image = np.array([1.0, 2.0, 3.0, 4.0, 5.0]).reshape(1, 1, 5, 1)
    >>> occlusion(lambda x: x.sum(), image, window=(1, 3), stride=1, baseline="black").values.ravel()
    array([ 6. ,  7.5,  9. , 10.5, 12. ])
    """
    call = Call(model, x, target, versus, EXPLAINED[one_of(variant, EXPLAINED, "variant")] or output, None, batch)
    check_images(call.rows.shape, "occlusion")
    sides, steps = resolve_window(call.rows.shape[1:3], window, stride)
    given = {"window": window, "stride": stride, "baseline": call.as_parameter(baseline), "variant": variant}
    if variant == "tf-explain":
        if versus is not None or stride is not None or not (isinstance(baseline, str) and baseline == "mean"):
            raise ValueError("variant='tf-explain' has a stride and baseline of its own, no contrast: leave them out")
        steps, baseline = sides, GREY
    rows, columns = map(window_masks, call.rows.shape[1:3], sides, steps)
    hidden, ends = call.baseline(baseline), endpoints(call)
    left = occluded_scores(call, ends, rows, columns, hidden)
    lost = ends.score[:, None, None] - left
    values = (
        one_minus_p(left, call.rows.shape[1:3]) if variant == "tf-explain" else mean_over_windows(lost, rows, columns)
    )
    return ends.attribution(
        call,
        "occlusion",
        values[..., None].astype(call.rows.dtype),
        given,
        (left.size, 0),
        baseline=hidden,
        extras={"windows": lost},
    )


def resolve_window(
    size: tuple[int, ...], window: Pair | None, stride: Pair | None
) -> tuple[tuple[int, int], tuple[int, int]]:
    """(window, stride), each (rows, columns): as asked, or an eighth of each side and half of that, rounded up.

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
    """(windows, length): which places along a side each window covers; the last is cut at the border.

    >>> window_masks(5, 3, 3).astype(int).tolist()
    [[1, 1, 1, 0, 0], [0, 0, 0, 1, 1]]
    """
    start = step * np.arange(-(-(length - side) // step) + 1)[:, None]
    place = np.arange(length)
    return (start <= place) & (place < start + side)


def occluded_scores(call: Call, ends: Endpoints, rows: Array, columns: Array, hidden: Array) -> Array:
    """(N, rows, columns): the score with each window hidden."""
    network, fill = FromLayer(call), np.broadcast_to(hidden, call.rows.shape)
    left = np.zeros((len(fill), len(rows), len(columns)), ends.score.dtype)
    for i, k in passes(call, len(rows) * len(columns), "occlusion", back=False):
        a, b = np.divmod(k, len(columns))
        # (B, H, 1, 1) and (B, 1, W, 1) -> (B, H, W, 1)
        under = rows[a][:, :, None, None] & columns[b][:, None, :, None]
        left[i, a, b] = network.score_at(np.where(under, fill[i], call.rows[i]), i, ends)
    return left


def mean_over_windows(lost: Array, rows: Array, columns: Array) -> Array:
    """(N, rows, columns) -> (N, H, W): at each pixel the mean over the windows that cover it."""
    # (H, rows) @ (N, rows, columns) @ (columns, W)
    return np.asarray((rows / rows.sum(axis=0)).T @ lost @ (columns / columns.sum(axis=0)))

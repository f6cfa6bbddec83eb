"""Feature ablation: replace one input at a time, and see how much the score falls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from minixai.arrays import Array
from minixai.attribution import Attribution, Cost
from minixai.methods.baselines import Baseline
from minixai.methods.call import Call
from minixai.methods.endpoints import Endpoints
from minixai.methods.groups import as_groups
from minixai.methods.passes import passes
from minixai.methods.registry import method
from minixai.methods.runs import endpoints
from minixai.model import Network


@method("what does the score lose without this input?", "a pass each input and value", complete=False, baseline=True)
def feature_ablation(
    model: Network,
    x: npt.ArrayLike,
    target: npt.ArrayLike | None = None,
    *,
    versus: npt.ArrayLike | None = None,
    baseline: Baseline = 0.0,
    values: Sequence[Baseline] | None = None,
    groups: npt.ArrayLike | None = None,
    output: str = "score",
    layer: str | int | None = None,
    batch: int | None = None,
) -> Attribution:
    """Feature ablation, φ_i = f(x) − f(x with x_i from x'); of several x' the largest change by size.

    Parameters
    ----------
    {model, x, target, versus, baseline}
    values : sequence of baselines, optional
        Several baselines to try in place of `baseline`, such as [0, 0.5, 1].
    groups : array_like of int, optional
        A mask in the shape of one input, or (H, W, 1): entries of equal number are replaced together, and each of them
        gets the value of the group.  By default every entry is a group.
    {output, layer, batch}

    Returns
    -------
    Attribution
        Values in the shape of x, or of the layer.

    Raises
    ------
    {errors}

    Notes
    -----
    There is a pass for every group and every value: see `cost`.  At a layer, its activations are replaced by those of
    x'. Where two inputs can stand in for each other, neither gets anything.  So the values need not add up to anything,
    and there is no gap.

    References
    ----------
    Zeiler & Fergus (2014), Visualizing and understanding convolutional networks, §4.2.

    Examples
    --------
    >>> from minixai import toys
    >>> feature_ablation(toys.saturation, [[1.0, 1.0], [0.4, 0.4]]).values
    array([[0. , 0. ],
           [0.4, 0.4]])
    """
    call = Call(model, x, target, versus, output, layer, batch)
    cost, largest = Cost(0, 0), np.zeros(1, call.rows.dtype)
    for value in as_baselines(baseline, values):
        ends = endpoints(call, call.baseline(value))
        labels, count = as_groups(groups, ends.value.shape[1:], "groups")
        drops = score_drops(ends, labels, count)
        largest = np.where(abs(drops) > abs(largest), drops, largest)
        cost = cost.plus(*ends.cost).plus(drops.size)
    if values is None:
        parameters = {"baseline": call.as_parameter(baseline)}
    else:
        parameters, ends = {"values": tuple(map(call.as_parameter, values))}, replace(ends, baseline=None)
    parameters |= {"groups": None if groups is None else np.asarray(groups)}
    return replace(ends, cost=cost).attribution("feature_ablation", largest[:, labels], parameters)


def as_baselines(baseline: Baseline, values: Sequence[Baseline] | None) -> list[Baseline]:
    """The baselines to try, as a list.  Raises ValueError if there are none, or if both arguments are given."""
    if values is None:
        return [baseline]
    if not isinstance(baseline, (int, float)) or baseline != 0:
        raise ValueError(
            "baseline and values are both given: the one is a single value to try, the others many; give one"
        )
    if isinstance(values, (str, int, float)) or not len(values):
        raise ValueError(f"values is a list of baselines to try, at least one, got {values!r}: or give baseline=")
    return list(values)


def score_drops(ends: Endpoints, labels: Array, count: int) -> Array:
    """f(x) − f(x with one group replaced by x'), for every group: (N, groups)"""
    drops = np.zeros((len(ends.value), count), ends.value.dtype)
    for i, j in passes(ends.call, count, "feature_ablation", back=False):
        # (B,) == (H, W, C) -> (B, H, W, C)
        points = np.where(np.equal.outer(j, labels), ends.reference[i], ends.value[i])
        drops[i, j] = ends.score[i] - ends.score_at(points, i)
    return drops

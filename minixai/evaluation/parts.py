"""Compare the importance of whole parts according to a map with the effect of removing the parts.

The map's value for a part is its sum over the part's pixels.  The truth is measured: by how much the score falls when
the picture is drawn again without the part, or the part's Shapley value (see `interventions`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from minixai.arrays import Array
from minixai.evaluation.amounts import coverage, fitted, pixels
from minixai.validate import as_real, check_finite


def part_sums(values: npt.ArrayLike, masks: npt.ArrayLike, signed: bool = True) -> Array:
    """s_p = Σ mask_p · φ or, for a sensitivity (`signed=False`), Σ mask_p · |φ|: (N, parts).

    values    φ, a map (N, H, W, C) or an Attribution; channels are summed first
    masks     (N, H, W, parts): how much of each pixel belongs to each part

    Raises ValueError for masks that do not fit.

    >>> part_sums([[[[3.0], [-5.0]]]], [[[[1.0, 0.0], [0.5, 0.5]]]])
    array([[ 0.5, -2.5]])
    """
    maps = pixels(values)
    array = coverage(masks, "set of masks")
    if array.ndim != 4 or array.shape[:3] != maps.shape or not array.shape[3]:
        raise ValueError(
            f"masks of shape {array.shape} do not fit maps of {maps.shape}: give (N, H, W, parts); a coarse map is "
            "stretched by resize=True"
        )
    return np.asarray(np.einsum("nhw,nhwp->np", maps if signed else abs(maps), array))


def ranks(row: Array) -> Array:
    """The rank of each value, from 1 for the smallest; equal values all get the mean of their ranks.

    >>> ranks(np.array([10.0, 30.0, 10.0])).tolist()
    [1.5, 3.0, 1.5]
    """
    _, which, count = np.unique(row, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(count) - (count - 1) / 2)[which])


def rank_correlation(a: npt.ArrayLike, b: npt.ArrayLike) -> Array:
    """Spearman's ρ, the correlation of ranks, between each row of a and the same row of b, (N,); a and b are (N, ...).

    It lies between −1 and 1, and is 0 by chance.  The correlation of a constant row with any other is 0.
    (Spearman 1904.)  Raises ValueError if the shapes differ.

    >>> rank_correlation([[1.0, 2.0, 4.0], [0.0, 0.0, 0.0]], [[10.0, 30.0, 20.0], [1.0, 2.0, 3.0]])
    array([0.5, 0. ])
    """
    first, second = (check_finite(as_real(x, "a row that is ranked"), "a row that is ranked") for x in (a, b))
    if first.shape != second.shape or first.ndim < 2 or not first[0].size:
        raise ValueError(f"rows of shape {first.shape} and {second.shape} cannot be compared: give two arrays (N, ...)")
    found = np.zeros(len(first))
    for i, rows in enumerate(zip(first.reshape(len(first), -1), second.reshape(len(second), -1), strict=True)):
        u, v = (r - r.mean() for r in map(ranks, rows))
        if u.any() and v.any():
            found[i] = u @ v / np.sqrt((u @ u) * (v @ v))
    return found


def deletion_rank(values: npt.ArrayLike, masks: npt.ArrayLike, drops: npt.ArrayLike, signed: bool = True) -> Array:
    """ρ(s, d), (N,): whether the map orders the parts by the effect of removing them.

    values, masks, signed    as in `part_sums`, which computes s
    drops                    d (N, parts): by how much the score falls without each part; see
                             `interventions.removal_drops`

    It lies between −1 and 1; by chance, and for a map of zeros, it is 0.  A bird without the part is drawn anew, so the
    network never sees an image with holes.  (Single deletion of Hesse, Schaub-Meyer & Roth 2023, FunnyBirds, who report
    ρ/2 + ½.)

    >>> masks = np.eye(3).reshape(1, 1, 3, 3)  # a pixel for each part
    >>> deletion_rank([[[[5.0], [0.1], [0.2]]]], masks, [[2.0, 0.0, 1.0]])
    array([1.])
    """
    return rank_correlation(part_sums(values, masks, signed), drops)


def shapley_distance(values: npt.ArrayLike, masks: npt.ArrayLike, shapley: npt.ArrayLike, signed: bool = True) -> Array:
    """min over c ≥ 0 of ‖c · s − φ‖ / ‖φ‖, (N,): how far the map's sums over parts are from the Shapley values φ.

    values, masks, signed    as in `part_sums`, which computes s
    shapley                  φ (N, parts); see `interventions.part_shapley`

    It lies between 0 and 1, and smaller is better.  It is the sine of the angle between s and φ, or 1 if the angle is
    90° or more, and for a map of zeros.  The best factor c is used because the maps of some methods have no meaningful
    scale.  If all φ are 0, the distance is 0 if s is 0 too, and otherwise 1.

    >>> masks = np.eye(2).reshape(1, 1, 2, 2)
    >>> shapley_distance([[[[6.0], [8.0]]]], masks, [[1.0, 0.0]])
    array([0.8])
    """
    s, phi = (
        part_sums(values, masks, signed),
        check_finite(as_real(shapley, "a table of Shapley values"), "a table of Shapley values"),
    )
    if phi.shape != s.shape:
        raise ValueError(f"Shapley values of shape {phi.shape} do not fit {s.shape[1]} parts of {len(s)} maps")
    s, phi = unit(s), unit(phi)
    along = np.maximum((s * phi).sum(axis=1, keepdims=True), 0)
    apart = np.linalg.norm(along * s - phi, axis=1)
    nothing = ~phi.any(axis=1)
    return np.where(nothing, s.any(axis=1), np.minimum(apart, 1))


def unit(rows: Array) -> Array:
    """Scale each row to length 1; rows of zeros stay as they are."""
    rows = rows / np.where((most := abs(rows).max(axis=1, keepdims=True)) > 0, most, 1)
    return rows / np.where((length := np.linalg.norm(rows, axis=1, keepdims=True)) > 0, length, 1)


def target_sensitivity(own: npt.ArrayLike, other: npt.ArrayLike, mask: npt.ArrayLike, signed: bool = True) -> Array:
    """1 if s(own) > s(other), ½ if they are equal, else 0, (N,): whether a part counts more for its own class.

    own      the map of the class for which the part is evidence, (N, H, W, C) or an Attribution, not of a contrast
    other    the same for the class against which the part is evidence
    mask     the mask of that part, (H, W) or (N, H, W); s is the map's sum over the part, as in `part_sums`

    By chance, and if the maps of both classes are the same, it is ½.  (Target sensitivity of Hesse, Schaub-Meyer & Roth
    2023, FunnyBirds, with the one part in which two species differ.)

    >>> target_sensitivity([[[[3.0], [0.0]]]], [[[[-3.0], [0.0]]]], [[1, 0]])
    array([1.])
    """
    mine, others = pixels(own), pixels(other)
    if mine.shape != others.shape:
        raise ValueError(f"maps of {mine.shape} and {others.shape} cannot be compared: give the same images to both")
    inside = fitted(mask, mine)[..., None]
    difference = part_sums(own, inside, signed) - part_sums(other, inside, signed)
    return np.asarray(np.sign(difference[:, 0]) / 2 + 0.5)

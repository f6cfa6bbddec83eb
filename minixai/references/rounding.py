"""What other libraries lose to the rounding of float32, long sums, and where everything ties.

Sums are asked for the mean of a flat image, which is its colour.  Ties are those of a maximum over a reference of one
colour: there what is largest in the image moved the maximum, whichever entry of the reference comes first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minixai import ops
from minixai.arrays import Array
from minixai.graph import Node
from minixai.methods import deep_lift
from minixai.ops.normalisation import moments
from minixai.references.entry import Entry, Tolerance
from minixai.references.faults import fault
from minixai.references.frozen import results
from minixai.references.sources import FAULTS

COLOUR = np.float32(0.3)


def entries() -> list[Entry]:
    return [*sums(), *flat_references()]


def flat() -> Array:
    return np.full((1, 1500, 1500, 3), COLOUR)


def pooled() -> Array:
    return ops.global_average_pool(Node(flat())).value


def flat_references() -> list[Entry]:
    x = np.reshape([1.0, 2.0, 2.0, 1.0, 4.0, 5.0], (1, 1, 6, 1))
    once = Tolerance(2.0**-50, "differences of whole numbers, divided once")
    return [
        fault(
            "flat.max-pool",
            f"{name} at max(1, 2) + max(2, 1) + max(4, 5) from 3: of equals in the reference the first counts",
            (name, f"flat/{name}"),
            [0, -1, -1, 0, 0, 2],
            [-1, 1, 0, 0, 0, 0],
            once,
            lambda: deep_lift(lambda h: ops.max_pool(h, (1, 2)).sum(), x, baseline=3.0).values,
            file="ties",
        )
        for name in ("captum", "shap")
    ]


def sums() -> list[Entry]:
    """Means over 1500² places of a channels-last image, where one number after another is added up in float32."""
    colour = np.full(3, COLOUR, np.float64)
    once = Tolerance(2.0**-26, "a mean of .3 that is rounded once, by 2^-24 of numbers up to 1/4 beside it")
    found: list[tuple[str, str, float, Callable[[], Any]]] = [
        ("numpy.mean", "x.mean(axis=(1, 2)) of a flat .3 at 1500²: .3067, off by 2 %", 0.00674295, pooled),
        ("torch.avg_pool2d", "avg_pool2d of a flat .3 at 1500²: .3067, off by 2 %", 0.00674295, pooled),
        ("torch.batch_norm", "the mean of a flat batch of .3, 1500²: .3010", 0.00098592, lambda: moments(flat())[0]),
    ]
    said = results("rounding-sums")
    bound = Tolerance(22 * 2.0**-26, "PyTorch adds pairwise: 22 levels, each rounded by 2^-24 of numbers up to 1/4")
    return [
        *(
            fault(f"flat.{what}", claim, ("rounding-sums", f"flat/{what}"), colour, np.full(3, off), once, ours)
            for what, claim, off, ours in found
        ),
        Entry(
            "flat.torch.mean.rounding-sums",
            "x.mean((1, 2)) of a flat .3 at 1500²: PyTorch is right to 2e-7",
            FAULTS,
            said.how["flat/torch.mean"],
            said.arrays["flat/torch.mean"],
            bound,
            pooled,
        ),
    ]

"""What other libraries lose to the rounding of float32: long sums.

Each is asked for the mean of a flat image, which is its colour.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minixai import ops
from minixai.arrays import Array
from minixai.graph import Node
from minixai.ops.normalisation import moments
from minixai.references.entry import Entry, Tolerance
from minixai.references.faults import fault
from minixai.references.frozen import results
from minixai.references.sources import FAULTS

COLOUR = np.float32(0.3)


def entries() -> list[Entry]:
    return sums()


def flat() -> Array:
    return np.full((1, 1500, 1500, 3), COLOUR)


def pooled() -> Array:
    return ops.global_average_pool(Node(flat())).value


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

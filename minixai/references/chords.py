"""Multipliers of DeepLIFT, and the relevance of LRP, of a single unit."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from minixai import ops, toys
from minixai.graph import Node
from minixai.methods import (
    deep_lift,
    lrp,
    shapley_values,
)
from minixai.references.entry import Entry, exact, rounded
from minixai.references.sources import (
    BACH,
    SHRIKUMAR,
)


def entries() -> list[Entry]:
    return [*chords(), *relevance()]


def multiplier(f: Callable[[Node], Node], x: float, x0: float) -> Any:
    return deep_lift(f, [[x]], baseline=[x0]).extras["multipliers"]


def chords() -> list[Entry]:
    """Multipliers Δy/Δx, their chain, and their limit."""
    relu = lambda x: ops.relu(x[:, 0])  # noqa: E731
    found = []
    for x0, x, slope in ((-1.0, 3.0, 0.75), (2.0, 3.0, 1.0), (-2.0, -1.0, 0.0)):
        claim = f"m = Δy/Δx of a ReLU from {x0:g} to {x:g} is {slope:g}"
        ask = partial(multiplier, relu, x, x0)
        found.append(Entry(f"relu.multiplier@{x0:g},{x:g}", claim, SHRIKUMAR, "eq. 2", [[slope]], exact(), ask))
    chain = lambda x: 3 * ops.relu(2 * x[:, 0] - 1)  # noqa: E731
    tanh = lambda x: ops.tanh(x[:, 0])  # noqa: E731
    pair = lambda x: ops.relu(x[:, 0] - x[:, 1] + 1)  # noqa: E731
    fall = lambda x: ops.relu(ops.max(x[:, :2], 1) + x[:, 2] - 1)  # noqa: E731
    points = [[3.0, 2.0], [1.0, 4.0], [0.5, 0.2]]
    found += [
        Entry(
            "chain.multiplier",
            "m of 3·relu(2x − 1) from 0 to 2 is 2 · ¾ · 3: Δh/Δx · Δy/Δh · Δf/Δy",
            SHRIKUMAR,
            "eq. 3, the chain rule",
            [[4.5]],
            exact(),
            partial(multiplier, chain, 2.0, 0.0),
        ),
        Entry(
            "tanh.multiplier@limit",
            "m of tanh from .3 to .3 + 1e-9 is tanh'(.3)",
            SHRIKUMAR,
            "§3.5.1, Δx → 0",
            [[1 - np.tanh(0.3) ** 2]],
            rounded(1, 2**25),
            partial(multiplier, tanh, 0.3 + 1e-9, 0.3),
        ),
        Entry(
            "pair.reveal_cancel",
            "RevealCancel of one ReLU with one input up and one down is Shapley",
            SHRIKUMAR,
            "§3.5.2",
            np.zeros((3, 2)),
            rounded(8),
            lambda: deep_lift(pair, points, rule="reveal-cancel").values - shapley_values(pair, points).values,
        ),
        Entry(
            "fall.reveal_cancel",
            "relu(max(x1, x2) + x3 − 1) at (.5, 0, 1) from (2, 0, 0): the maximum pulls down, as Shapley says",
            SHRIKUMAR,
            "§3.5.2, by hand",
            [[-1.25, 0, 0.75]],
            rounded(2),
            lambda: deep_lift(fall, [[0.5, 0.0, 1.0]], baseline=[2.0, 0.0, 0.0], rule="reveal-cancel"),
        ),
        Entry(
            "minimum.reveal_cancel.multipliers@1,2",
            "RevealCancel's m of min(1, 2) is φ/Δ = (½ / 1, ½ / 2)",
            SHRIKUMAR,
            "§3.5.2, by hand",
            [[0.5, 0.25]],
            rounded(1),
            lambda: deep_lift(toys.minimum, [[1.0, 2.0]], rule="reveal-cancel").extras["multipliers"],
        ),
    ]
    return found


def relevance() -> list[Entry]:
    sums = lambda x: ops.relu(x @ [[2.0], [-1.0]])  # noqa: E731
    rows: list[tuple[str, str, list[float], dict[str, Any]]] = [
        ("epsilon", "LRP-0 of relu(2x1 − x2) at (1, 1) is (2, −1)", [2, -1], {"epsilon": 0.0}),
        ("epsilon.wide", "ε = 1 keeps half of a sum of 1 back: (1, −½)", [1, -0.5], {"epsilon": 1.0}),
        ("gamma", "γ = ¼: 2.5 : −1 of 1, (5/3, −2/3)", [5 / 3, -2 / 3], {"rule": "gamma", "epsilon": 0.0}),
    ]
    return [
        Entry(f"sum.lrp.{i}", claim, BACH, "eq. 58, by hand", [e], rounded(2), partial(lrp, sums, [[1.0, 1.0]], **o))
        for i, claim, e, o in rows
    ] + [
        Entry(
            "sigmoid.lrp",
            "LRP of σ(x) at 2 is σ(2) − ½: what f(0) is, is kept back",
            BACH,
            "eq. 58, by hand",
            [[1 / (1 + np.exp(-2.0)) - 0.5]],
            rounded(1),
            lambda: lrp(lambda x: ops.sigmoid(x[:, 0]), [[2.0]]),
        )
    ]

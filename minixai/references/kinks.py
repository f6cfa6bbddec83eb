"""Edges of the rules, and what other libraries do there: kinks away from 0, other ReLUs, batch normalisation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minixai import ops
from minixai.graph import Node
from minixai.methods import deep_lift, deep_shap, guided_backprop, lrp
from minixai.ops import Elementwise
from minixai.references.entry import Entry, rounded, summed
from minixai.references.faults import fault
from minixai.references.frozen import network, results
from minixai.references.sources import ZENNIT


class Relu6(Elementwise):
    """min(max(x, 0), 6), as a user writes it."""

    rectifies = True

    def forward(self, x: Any) -> Any:
        return np.clip(x, 0, 6)

    def slope(self, x: Any) -> Any:
        return ((x > 0) & (x < 6)).astype(x.dtype)


def entries() -> list[Entry]:
    return [*chords(), rectifier(), *normalisation()]


def chords() -> list[Entry]:
    relu6, relu = Relu6(), ops.relu
    return [
        fault(
            "relu6.deep_lift",
            "Σ relu6(x) at (6.01, 8) from (5.99, 0): (0, 0) for (.01, 6), a slope beyond the kink",
            ("captum", "relu6/captum"),
            [0.01, 6],
            [-0.01, -6],
            rounded(6),
            lambda: deep_lift(lambda x: relu6(x).sum(), [[6.01, 8.0]], baseline=[5.99, 0.0]),
            file="kinks",
        ),
        fault(
            "short.deep_shap",
            "Σ relu(x) at (3e-7, 3e-6) from (−6e-7, −6e-6): (0, 3e-6) for (3e-7, 3e-6), a threshold of 1e-6",
            ("shap", "short/shap"),
            [3e-7, 3e-6],
            [-3e-7, 0],
            rounded(1e-5),
            lambda: deep_shap(lambda x: relu(x).sum(), [[3e-7, 3e-6]], background=[[-6e-7, -6e-6]]),
            file="kinks",
        ),
    ]


def rectifier() -> Entry:
    relu6 = Relu6()
    return fault(
        "relu6.guided_backprop",
        "relu6(x1) − relu6(x2) at (2, 3): (1, −1) for (1, 0), the plain gradient without a word",
        ("captum", "guided/captum"),
        [1, 0],
        [0, -1],
        rounded(1),
        lambda: guided_backprop(lambda x: relu6(x[:, 0]) - relu6(x[:, 1]), [[2.0, 3.0]]),
        file="kinks",
    )


def normalisation() -> list[Entry]:
    """The layers "a", "b" and "norm" of the network "residual", one after the other."""
    said, (_, model, x, _, _) = results("kinks"), network("residual")
    weights = model.weights

    def total(x: Node) -> Node:
        h = ops.relu(ops.convolution(x, weights["a/kernel"], weights["a/bias"]))
        h = ops.convolution(h, weights["b/kernel"], weights["b/bias"], padding=1)
        scale = weights["norm/gamma"] / np.sqrt(weights["norm/variance"] + 1e-3)
        h = ops.relu(h * scale + (weights["norm/beta"] - weights["norm/mean"] * scale))
        return h.flatten() @ np.ones((100, 1))

    asked: dict[str, Callable[[], Any]] = {
        "gamma": lambda: lrp(total, x, rule="gamma", gamma=0.25, epsilon=1e-6),
        "epsilon": lambda: lrp(total, x, epsilon=0.25),
    }
    return [
        Entry(
            f"norm.lrp.{rule}.zennit",
            f"LRP-{sign} through batch normalisation, folded into its convolution",
            ZENNIT,
            said.how[f"norm/zennit.{rule}"],
            said.arrays[f"norm/zennit.{rule}"],
            summed(model, float(abs(said.arrays[f"norm/zennit.{rule}"]).max()), more=100),
            asked[rule],
        )
        for rule, sign in (("gamma", "γ"), ("epsilon", "ε"))
    ]

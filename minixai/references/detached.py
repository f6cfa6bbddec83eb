"""A score that is computed in part outside the graph: g = Σx + Σ clip(x, 0, 2), the second sum from a detached array.

At (1, 2, 3) from 0 it rises by 11, and the graph accounts for 6.  captum's convergence delta is measured and tells it,
if one asks; shap's additivity check tells it, and guesses at rounding or an operator that it does not know.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minixai import ops
from minixai.attribution import Attribution
from minixai.graph import Node, backward
from minixai.methods import deep_lift, deep_shap, integrated_gradients
from minixai.model import Network
from minixai.references.entry import Entry, Tolerance, rounded
from minixai.references.frozen import results
from minixai.references.sources import CAPTUM, FAULTS
from minixai.rules import GRADIENT, RESCALE

X, ZERO, RISE = np.array([[1.0, 2.0, 3.0]]), np.zeros((1, 3)), 11.0
FLOAT32 = Tolerance(RISE * 2.0**-23, f"captum rounds weights to float32: 2^-23 of a sum up to {RISE:g}")


def detached(x: Node) -> Node:
    return x.sum() + Node(np.clip(x.value, 0, 2)).sum()


def attached(x: Node) -> Node:
    return x.sum() + (ops.relu(x) - ops.relu(x - 2)).sum()


def entries() -> list[Entry]:
    # the way of x3 has its kink at 2/3, and 20 of 30 midpoints lie before it: the sum is exact
    asked: list[tuple[str, str, bool, str, Callable[[Network], Attribution]]] = [
        ("captum", "deep_lift", False, "faults/detached.deep_lift", lambda f: deep_lift(f, X)),
        (
            "captum",
            "integrated_gradients",
            False,
            "faults/detached.integrated_gradients",
            lambda f: integrated_gradients(f, X, steps=30, quadrature="midpoint"),
        ),
        ("shap", "deep_shap", True, "faults/detached", lambda f: deep_shap(f, X, background=ZERO)),
    ]
    return [*(refusal(*each) for each in asked), delta()]


def refusal(library: str, method: str, refuses: bool, key: str, ours: Callable[[Network], Attribution]) -> Entry:
    """(Σφ − Δg, whether the default call refuses), of theirs and of ours; ours once the node it names is mended."""
    said = results(library)

    def both() -> Any:
        return [
            [float(said.arrays[key].sum()) - RISE, float(said.arrays.get(f"{key}.refused", False))],
            [float(ours(attached).values.sum()) - RISE, float(names_the_node(ours))],
        ]

    claim = "Σx + Σclip(x.detach(), 0, 2): Σφ is 6 of 11, "
    claim += "an error that blames rounding or an unknown operator" if refuses else "in silence unless delta is asked"
    return Entry(
        f"detached.{method}.{library}",
        f"{claim}; ours names the node",
        FAULTS,
        said.how[key],
        [[-5.0, float(refuses)], [0.0, 1.0]],
        FLOAT32 if library == "captum" else rounded(RISE),
        both,
    )


def names_the_node(ours: Callable[[Network], Attribution]) -> bool:
    """Whether ours refuses the detached function, and says which node left the graph."""
    try:
        ours(detached)
    except ValueError as problem:
        return "a node of shape (1, 3) that is not the input" in str(problem)
    return False


def delta() -> Entry:
    """captum's delta, Σφ − (g(x) − g(x')), takes each g from a pass of its own."""
    said = results("captum")
    keys = [f"faults/detached.{method}.delta" for method in ("integrated_gradients", "deep_lift")]

    def measured() -> list[float]:
        x = Node(X, ZERO)
        y = detached(x)
        rise = float((y.value - detached(Node(ZERO)).value)[0])
        return [float((backward(y, rules, keep=[x])[x] * x.delta).sum()) - rise for rules in (GRADIENT, RESCALE)]

    return Entry(
        "detached.delta.captum",
        "Σφ − (g(x) − g(x')) = −5 by IG and by Rescale, g by passes of its own",
        CAPTUM,
        said.how[keys[0]],
        np.concatenate([said.arrays[key] for key in keys]),
        FLOAT32,
        measured,
    )

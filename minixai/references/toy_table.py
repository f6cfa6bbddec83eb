"""Toy networks: the value of each method at a point x, from a baseline of 0."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from minixai import ops, toys
from minixai.graph import Node
from minixai.methods import (
    deep_lift,
    feature_ablation,
    gradient,
    guided_backprop,
    input_x_gradient,
    integrated_gradients,
    lrp,
    shapley_values,
)
from minixai.references.entry import Entry, abbreviate, format_point, rounded
from minixai.references.sources import HAND, SHRIKUMAR, SUNDARARAJAN, Source

Function = Callable[[Node], Node]


class Toy(NamedTuple):
    """A function of a node, and its formula."""

    function: Function
    formula: str


def three_factors(x: Node) -> Node:
    return (x[:, 0] * x[:, 1]) * x[:, 2]


def and_gate(x: Node) -> Node:
    return ops.relu(x[:, 0] + x[:, 1] - 1)


def f_minus_g(x: Node) -> Node:
    return toys.invariance_f(x) - toys.invariance_g(x)


def bias_free_network(x: Node) -> Node:
    """Two hidden layers without biases; at (0, 0) every ReLU is at its kink."""
    first, second = np.array([[2, 1, 0], [-1, -1, -2]]), np.array([[-2, -2], [-2, 2], [1, 2]])
    return ops.relu(ops.relu(x @ first) @ second) @ np.array([[0], [1]])


TOYS = {
    "saturation": Toy(toys.saturation, "1 − relu(1 − (i1 + i2))"),
    "add-multiply": Toy(toys.add_multiply, "(a + b)(b + c)"),
    "threshold": Toy(toys.threshold, "relu(x − 10)"),
    "one-minus-relu": Toy(toys.one_minus_relu, "1 − relu(1 − x)"),
    "minimum": Toy(toys.minimum, "i1 − relu(i1 − i2)"),
    "maximum": Toy(toys.maximum, "relu(i1 − i2) + relu(i2)"),
    "fig7-f": Toy(toys.invariance_f, "relu(relu(x1) − 1 − relu(x2))"),
    "fig7-g": Toy(toys.invariance_g, "relu(relu(x1 − 1) − relu(x2))"),
    "fig7-f-g": Toy(f_minus_g, "f − g ≡ 0"),
    "product": Toy(toys.product, "x1·x2"),
    "three-factors": Toy(three_factors, "(x1·x2)·x3"),
    "and": Toy(and_gate, "relu(i1 + i2 − 1)"),
    "no-bias": Toy(bias_free_network, "v·relu(relu(x·W)·U)"),
    "line": Toy(lambda x: -x[:, 0], "−x"),
    "two-relus": Toy(lambda x: ops.relu(-x[:, 0]) - ops.relu(x[:, 0]), "relu(−x) − relu(x)"),
    "relu": Toy(lambda x: ops.relu(x[:, 0]), "relu(x)"),
    "minus-relu": Toy(lambda x: -ops.relu(x[:, 0]), "−relu(x)"),
}


def toy_value(function: Function, x: list[list[float]]) -> Any:
    """f(x)"""
    return function(Node(x)).value


def exact_integrated_gradients(function: Function, x: list[list[float]]) -> Any:
    """IG by 2002 midpoints, which is exact: no kink of these toys lies inside a cell."""
    return integrated_gradients(function, x, quadrature="midpoint", steps=2002)


def deep_lift_reveal_cancel(function: Function, x: list[list[float]]) -> Any:
    """DeepLIFT by RevealCancel."""
    return deep_lift(function, x, rule="reveal-cancel")


def guided_x_input(function: Function, x: list[list[float]]) -> Any:
    """x · guided backprop, (1, inputs)."""
    return guided_backprop(function, x).values * x


METHODS: dict[str, tuple[str, Callable[[Function, list[list[float]]], Any]]] = {
    "value": ("f =", toy_value),
    "feature_ablation": ("f − f without i, f =", feature_ablation),
    "gradient": ("∇f, f =", gradient),
    "input_x_gradient": ("x·∇f, f =", input_x_gradient),
    "guided_backprop": ("guided backprop of", guided_backprop),
    "guided_x_input": ("x · guided backprop of", guided_x_input),
    "integrated_gradients": ("x·∫∇f(αx)dα, f =", exact_integrated_gradients),
    "rescale": ("Rescale of", deep_lift),
    "reveal_cancel": ("RevealCancel of", deep_lift_reveal_cancel),
    "shapley_values": ("Shapley of", shapley_values),
    "lrp": ("LRP-ε of", lrp),
}

HALF = (0.5, 0.5)

ROWS: list[tuple[str, Sequence[float], dict[str, Sequence[float]], Source, str]] = [
    ("saturation", (1, 1), {
        "value": (1,), "feature_ablation": (0, 0), "gradient": (0, 0), "input_x_gradient": (0, 0),
        "guided_backprop": (0, 0), "integrated_gradients": HALF, "rescale": HALF, "reveal_cancel": HALF,
        "shapley_values": HALF, "lrp": (0, 0),
    }, SHRIKUMAR, "Fig. 1"),
    ("saturation", (1, 0), {"rescale": (1, 0), "shapley_values": (1, 0)}, SHRIKUMAR, "Fig. 1"),
    ("saturation", (0.4, 0.4), {"value": (0.8,), "feature_ablation": (0.4, 0.4)}, SHRIKUMAR, "Fig. 1, below it"),
    ("saturation", (0.7, 0.7), {"value": (1,), "feature_ablation": (0.3, 0.3)}, SHRIKUMAR, "Fig. 1, above it"),
    ("saturation", (1, 0.25), {
        "feature_ablation": (0.75, 0), "rescale": (0.8, 0.2), "reveal_cancel": (0.8, 0.2),
        "shapley_values": (0.875, 0.125),
    }, SHRIKUMAR, "Fig. 1, unequal inputs"),
    ("add-multiply", (3, 1, 2), {
        "value": (12,), "gradient": (3, 7, 4), "input_x_gradient": (9, 7, 8), "integrated_gradients": (4.5, 3.5, 4),
        "rescale": (4.5, 3.5, 4), "feature_ablation": (9, 6, 8), "lrp": (4.5, 3.5, 4),
    }, HAND, "two adders and a multiplier"),
    ("add-multiply", (1, 2, 3), {"gradient": (5, 8, 3), "rescale": (2.5, 8, 4.5)}, HAND, "two adders and a multiplier"),
    ("add-multiply", (-1, 2, 3), {"value": (5,), "gradient": (5, 6, 1)}, HAND, "two adders and a multiplier"),
    ("threshold", (9.99,), {"input_x_gradient": (0,), "rescale": (0,)}, SHRIKUMAR, "Fig. 2"),
    ("threshold", (10.01,), {
        "input_x_gradient": (10.01,), "guided_backprop": (1,), "rescale": (0.01,), "reveal_cancel": (0.01,),
    }, SHRIKUMAR, "Fig. 2"),
    ("threshold", (12,), {"input_x_gradient": (12,), "rescale": (2,)}, SHRIKUMAR, "Fig. 2"),
    ("one-minus-relu", (2,), {
        "value": (1,), "gradient": (0,), "integrated_gradients": (1,), "rescale": (1,), "reveal_cancel": (1,),
        "feature_ablation": (1,), "shapley_values": (1,),
    }, SUNDARARAJAN, "§2.1"),
    ("minimum", (1, 2), {
        "rescale": (1, 0), "integrated_gradients": (1, 0), "reveal_cancel": HALF, "shapley_values": HALF,
        "feature_ablation": (1, 1),
    }, SHRIKUMAR, "Fig. 3"),
    ("minimum", (2, 1), {
        "rescale": (0, 1), "reveal_cancel": HALF, "guided_x_input": (2, 0), "lrp": (0, 1),
    }, SHRIKUMAR, "Fig. 3"),
    ("minimum", (1, 1), {
        "gradient": (1, 0), "integrated_gradients": (1, 0), "rescale": (1, 0), "reveal_cancel": HALF,
        "shapley_values": HALF,
    }, HAND, "the path lies on the kink"),
    ("maximum", (1, 2), {
        "rescale": (0, 2), "reveal_cancel": (0.5, 1.5), "shapley_values": (0.5, 1.5),
    }, HAND, "a maximum of two ReLUs"),
    ("fig7-f", (3, 1), {
        "value": (1,), "gradient": (1, -1), "input_x_gradient": (3, -1), "integrated_gradients": (1.5, -0.5),
        "rescale": (1.5, -0.5), "reveal_cancel": (1.5, -0.5), "shapley_values": (1.5, -0.5), "guided_x_input": (3, 0),
        "lrp": (3, -1),
    }, SUNDARARAJAN, "Fig. 7"),
    ("fig7-g", (3, 1), {
        "value": (1,), "gradient": (1, -1), "input_x_gradient": (3, -1), "integrated_gradients": (1.5, -0.5),
        "rescale": (2, -1), "reveal_cancel": (1.5, -0.5), "shapley_values": (1.5, -0.5), "guided_x_input": (3, 0),
        "lrp": (3, -1),
    }, SUNDARARAJAN, "Fig. 7"),
    ("fig7-f-g", (3, 1), {
        "gradient": (0, 0), "integrated_gradients": (0, 0), "shapley_values": (0, 0), "feature_ablation": (0, 0),
        "rescale": (-0.5, 0.5), "guided_backprop": (1, 0),
    }, SUNDARARAJAN, "Fig. 7, the difference"),
    ("product", (2, 3), {
        "rescale": (3, 3), "reveal_cancel": (3, 3), "integrated_gradients": (3, 3), "shapley_values": (3, 3),
        "feature_ablation": (6, 6), "lrp": (3, 3),
    }, HAND, "Δ(uv) = Δu·(v + v₀)/2 + Δv·(u + u₀)/2"),
    ("three-factors", (1, 1, 1), {
        "rescale": (0.25, 0.25, 0.5), "shapley_values": (1 / 3, 1 / 3, 1 / 3),
    }, HAND, "Rescale depends on the grouping"),
    ("and", (1, 1), {"feature_ablation": (1, 1), "shapley_values": HALF}, HAND, "the drops add up to 2, f to 1"),
    ("no-bias", (3, 3), {"reveal_cancel": (0.75, -0.75)}, HAND, "right derivatives for m⁺, left ones for m⁻"),
    ("line", (2,), {"guided_backprop": (-1,)}, HAND, "one function"),
    ("two-relus", (2,), {"guided_backprop": (0,)}, HAND, "the same function, another network"),
    ("relu", (2,), {"guided_backprop": (1,)}, HAND, "not linear in the output"),
    ("minus-relu", (2,), {"guided_backprop": (0,)}, HAND, "not linear in the output"),
]  # fmt: skip
"""(toy, x, {method: expected value}, source, where the source says so)"""


def entries() -> list[Entry]:
    return [
        toy_entry(name, x, method, expected, source, where)
        for name, x, numbers, source, where in ROWS
        for method, expected in numbers.items()
    ]


def toy_entry(
    name: str, x: Sequence[float], method: str, expected: Sequence[float], source: Source, where: str
) -> Entry:
    """The entry of one method for one toy at a point x."""
    toy, (symbol, function) = TOYS[name], METHODS[method]
    size, rows = max(1.0, *map(abs, expected), *map(abs, x)), [[float(v) for v in x]]
    return Entry(
        f"{name}.{method}@{format_point(x)}",
        f"{symbol} {toy.formula} at ({', '.join(map(abbreviate, x))})",
        source,
        where,
        expected if method == "value" else [list(expected)],
        rounded(size, 4096 if method == "integrated_gradients" else 64),
        lambda: function(toy.function, rows),
    )

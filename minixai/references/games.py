"""Games, maxima and softmax: who gets how much of what, with the numbers worked by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from minixai import ops, toys
from minixai.arrays import Array
from minixai.methods import (
    deep_lift,
    deep_shap,
    integrated_gradients,
    shapley,
    shapley_values,
)
from minixai.references.entry import Entry, Tolerance, exact, printed, rounded
from minixai.references.sources import (
    HAND,
    LUNDBERG,
    SHAPLEY,
    SHRIKUMAR,
    SUNDARARAJAN,
)


def entries() -> list[Entry]:
    return [*games(), *maxima(), *softmaxes()]


def games() -> list[Entry]:
    def profit(who: Array) -> Any:
        return np.where(who, [5, 4, 0], 0).max(axis=1)

    def sickness(who: Array) -> Any:
        return np.where(who.all(axis=1), 2, 5 * who.any(axis=1))

    def gloves(who: Array) -> Any:
        return who[:, 0] & (who[:, 1] | who[:, 2])

    def majority(who: Array) -> Any:
        return who.sum(axis=1) >= 2

    rows: list[tuple[str, str, list[float], Callable[[Array], Any]]] = [
        ("max-profit", "max(5, 4, 0): Shapley is (3, 2, 0)", [3, 2, 0], profit),
        ("sickness", "5 for either symptom, 2 for both: Shapley is (1, 1)", [1, 1], sickness),
        ("gloves", "one left and two right gloves: Shapley is (2/3, 1/6, 1/6)", [2 / 3, 1 / 6, 1 / 6], gloves),
        ("majority", "the majority of three: Shapley is (1/3, 1/3, 1/3)", [1 / 3, 1 / 3, 1 / 3], majority),
    ]
    where = {"max-profit": (LUNDBERG, "Fig. 4B"), "sickness": (LUNDBERG, "Fig. 4A")}
    return [
        Entry(
            f"{name}.shapley",
            claim,
            *where.get(name, (SHAPLEY, "by all orders")),
            expected,
            rounded(5),
            partial(shapley, value, len(expected)),
        )
        for name, claim, expected, value in rows
    ] + [
        Entry(
            "saturation.shapley_values.orders@1,.25",
            "in each order saturation at (1, .25) gives (1, 0) or (.75, .25)",
            SHAPLEY,
            "2,000 orders by lot",
            [[0.875, 0.125]],
            Tolerance(0.5 / np.sqrt(2000), "4 standard errors, each ⅛/√2000"),
            lambda: shapley_values(toys.saturation, [[1.0, 0.25]], permutations=2000),
        )
    ]


POOLS: list[tuple[Sequence[float], Sequence[float], dict[str, Sequence[float]]]] = [
    # x, reference, {rule: contributions}
    ((3, 1), (0, 2), {"mover": (1, 0), "first": (1, 0), "gradient": (3, 0), "integrated_gradients": (1.5, -0.5),
                      "shapley_values": (1.5, -0.5)}),
    ((1, 1.5), (0, 2), {"mover": (0, -0.5), "first": (0, -0.5), "gradient": (0, -0.5),
                        "integrated_gradients": (0, -0.5), "shapley_values": (0, -0.5)}),
    ((3, 1), (0, 0), {"mover": (3, 0), "first": (3, 0), "gradient": (3, 0), "integrated_gradients": (3, 0),
                      "shapley_values": (2.5, 0.5)}),
    ((3, 2), (1, 2), {"mover": (1, 0), "first": (1, 0), "gradient": (2, 0), "integrated_gradients": (1, 0),
                      "shapley_values": (1, 0)}),
]  # fmt: skip


def maxima() -> list[Entry]:
    """max(x1, x2) from a reference, by every rule; and windows that overlap."""
    largest = lambda x: ops.max(x, 1)  # noqa: E731
    asked: dict[str, tuple[str, Callable[..., Any]]] = {
        rule: (f"DeepLIFT with pool={rule!r}", partial(deep_lift, largest, pool=rule))
        for rule in ("mover", "first", "gradient")
    }
    asked["integrated_gradients"] = (
        "IG",
        partial(integrated_gradients, largest, quadrature="midpoint", steps=10),
    )
    asked["shapley_values"] = ("Shapley", partial(shapley_values, largest))
    found = []
    for x, reference, numbers in POOLS:
        for rule, expected in numbers.items():
            symbol, ask = asked[rule]
            found.append(
                Entry(
                    f"max.{rule}@{x[0]},{x[1]}-{reference[0]},{reference[1]}",
                    f"{symbol} of max{x} from max{reference} is {expected}",
                    LUNDBERG,
                    "§4.2, maxima, by hand",
                    [list(expected)],
                    rounded(3),
                    partial(ask, [list(map(float, x))], baseline=list(map(float, reference))),
                )
            )
    sliding = lambda x: ops.max_pool(x, (1, 2), 1).sum()  # noqa: E731
    image = np.array([1.0, 5.0, 2.0]).reshape(1, 1, 3, 1)
    found += [
        Entry(
            f"overlap.{rule}",
            "max(1, 5) + max(5, 2) from 0: the 5 gets both, (0, 10, 0)",
            HAND,
            "sums accumulate",
            [[[[0], [10], [0]]]],
            exact(),
            partial(deep_lift, sliding, image, rule=rule),
        )
        for rule in ("rescale", "reveal-cancel")
    ]
    return [*found, *ties()]


def ties() -> list[Entry]:
    """Of equals one counts: the one that is larger on the other side, or, as in captum and shap, the first."""
    largest, low, high = lambda x: ops.max(x, 1), [[-1.0, 0.0]], [[1.0, 1.0]]
    return [
        Entry(
            f"ties.{id}",
            f"{claim}, {expected}",
            HAND,
            "ties",
            [list(expected)],
            exact(),
            partial(method, largest, x, **options),
        )
        for id, claim, expected, method, x, options in (
            ("mover.rise", "max(1, 1) from max(−1, 0): the one larger at the reference", (0, 1),
             deep_lift, high, {"baseline": low[0]}),
            ("mover.fall", "max(−1, 0) from max(1, 1): the one larger at the input", (0, -1),
             deep_lift, low, {"baseline": high[0]}),
            ("first.rise", "pool='first' of max(1, 1) from max(−1, 0)", (1, 0),
             deep_lift, high, {"baseline": low[0], "pool": "first"}),
            ("first.fall", "pool='first' of max(−1, 0) from max(1, 1)", (-1, 0),
             deep_lift, low, {"baseline": high[0], "pool": "first"}),
            ("deep_shap.mover", "DeepSHAP of max(1, 1) over {(−1, 0)}", (0, 1),
             deep_shap, high, {"background": low}),
            ("deep_shap.first", "and with pool='first'", (1, 0),
             deep_shap, high, {"background": low, "pool": "first"}),
        )
    ]  # fmt: skip


def softmaxes() -> list[Entry]:
    """One network, one input, every answer: which is why scores are explained."""
    w = np.array([[1, 0.5], [-1, 2], [0.3, -0.7]])
    network = lambda x: ops.softmax(x @ w.T)  # noqa: E731
    x = [[1.0, 2.0]]
    p = np.exp(w @ x[0])
    about = "p₁ of softmax(Wx) at (1, 2), W = [[1, .5], [−1, 2], [.3, −.7]]"
    return [
        Entry(
            "softmax.integrated_gradients",
            f"IG of {about}",
            SUNDARARAJAN,
            "by hand",
            [[-0.4327, 0.8217]],
            printed(4),
            lambda: integrated_gradients(network, x, 1),
        ),
        Entry(
            "softmax.shapley_values",
            f"Shapley of {about}",
            LUNDBERG,
            "by hand",
            [[-0.2383, 0.6273]],
            printed(4),
            lambda: shapley_values(network, x, 1),
        ),
        Entry(
            "softmax.rescale",
            f"Rescale of {about} adds up to p₁ − 1/3",
            SHRIKUMAR,
            "summation to delta",
            [p[1] / p.sum() - 1 / 3],
            rounded(1),
            lambda: deep_lift(network, x, 1).values.sum(axis=1),
        ),
        Entry(
            "softmax.far",
            "and still where scores are ±800",
            SHRIKUMAR,
            "summation to delta",
            [1.0],
            rounded(1000, 128),
            lambda: deep_lift(lambda x: ops.softmax(x), [[800.0, -800.0]], 0, baseline=[-800.0, 800.0]).values.sum(
                axis=1
            ),
        ),
    ]

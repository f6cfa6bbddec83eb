"""Cooperative games, maxima, softmax and single units, worked by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from minixai import ops, toys
from minixai.arrays import Array
from minixai.graph import Node
from minixai.methods import deep_lift, deep_shap, integrated_gradients, lrp, shapley, shapley_values
from minixai.references.entry import Entry, Tolerance, exact, printed, rounded
from minixai.references.sources import BACH, HAND, LUNDBERG, SHAPLEY, SHRIKUMAR, SUNDARARAJAN


def entries() -> list[Entry]:
    return [*game_claims(), *maximum_claims(), *softmax_claims(), *multiplier_claims(), *lrp_claims()]


def game_claims() -> list[Entry]:
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
        Entry(f"{name}.shapley", claim,
              *where.get(name, (SHAPLEY, "by all orders")), expected, rounded(5),
              partial(shapley, value, len(expected)))
        for name, claim, expected, value in rows
    ] + [
        Entry("saturation.shapley_values.orders@1,.25",
              "in each order saturation at (1, .25) gives (1, 0) or (.75, .25)",
              SHAPLEY, "2,000 orders by lot", [[0.875, 0.125]],
              Tolerance(0.5 / np.sqrt(2000), "4 standard errors, each ⅛/√2000"),
              lambda: shapley_values(toys.saturation, [[1.0, 0.25]], permutations=2000))
    ]  # fmt: skip


MAXIMA: list[tuple[Sequence[float], Sequence[float], dict[str, Sequence[float]]]] = [
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


def maximum_claims() -> list[Entry]:
    """max(x1, x2) from a reference by every rule, and max-pools whose windows overlap."""
    largest = lambda x: ops.max(x, 1)  # noqa: E731
    sliding = lambda x: ops.max_pool(x, (1, 2), 1).sum()  # noqa: E731
    image = np.array([1.0, 5.0, 2.0]).reshape(1, 1, 3, 1)
    methods: dict[str, tuple[str, Callable[..., Any]]] = {
        **{rule: (f"DeepLIFT with pool={rule!r}", partial(deep_lift, largest, pool=rule))
           for rule in ("mover", "first", "gradient")},
        "integrated_gradients": ("IG", partial(integrated_gradients, largest, quadrature="midpoint", steps=10)),
        "shapley_values": ("Shapley", partial(shapley_values, largest)),
    }  # fmt: skip
    return [
        *(Entry(f"max.{rule}@{x[0]},{x[1]}-{reference[0]},{reference[1]}",
                f"{symbol} of max{x} from max{reference} is {expected}",
                LUNDBERG, "§4.2, maxima, by hand", [list(expected)], rounded(3),
                partial(ours, [list(map(float, x))], baseline=list(map(float, reference))))
          for x, reference, numbers in MAXIMA
          for rule, expected in numbers.items()
          for symbol, ours in [methods[rule]]),
        *(Entry(f"overlap.{rule}", "max(1, 5) + max(5, 2) from 0: the 5 gets both, (0, 10, 0)",
                HAND, "sums accumulate", [[[[0], [10], [0]]]], exact(), partial(deep_lift, sliding, image, rule=rule))
          for rule in ("rescale", "reveal-cancel")),
        *tie_claims(),
    ]  # fmt: skip


def tie_claims() -> list[Entry]:
    """Of equal entries one gets the contribution: the larger on the other side or, as in captum and shap, the first."""
    largest, low, high = lambda x: ops.max(x, 1), [[-1.0, 0.0]], [[1.0, 1.0]]
    return [
        Entry(f"ties.{id}", f"{claim}, {expected}", HAND, "ties", [list(expected)], exact(),
              partial(method, largest, x, **options))
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


def softmax_claims() -> list[Entry]:
    """Three methods give three answers for a probability of the same network: a reason to explain scores."""
    w = np.array([[1, 0.5], [-1, 2], [0.3, -0.7]])
    network = lambda x: ops.softmax(x @ w.T)  # noqa: E731
    x = [[1.0, 2.0]]
    p = np.exp(w @ x[0])
    about = "p₁ of softmax(Wx) at (1, 2), W = [[1, .5], [−1, 2], [.3, −.7]]"
    return [
        Entry("softmax.integrated_gradients", f"IG of {about}",
              SUNDARARAJAN, "by hand", [[-0.4327, 0.8217]], printed(4), lambda: integrated_gradients(network, x, 1)),
        Entry("softmax.shapley_values", f"Shapley of {about}",
              LUNDBERG, "by hand", [[-0.2383, 0.6273]], printed(4), lambda: shapley_values(network, x, 1)),
        Entry("softmax.rescale", f"Rescale of {about} adds up to p₁ − 1/3",
              SHRIKUMAR, "summation to delta", [p[1] / p.sum() - 1 / 3], rounded(1),
              lambda: deep_lift(network, x, 1).values.sum(axis=1)),
        Entry("softmax.far", "and still where scores are ±800",
              SHRIKUMAR, "summation to delta", [1.0], rounded(1000, 128),
              lambda: deep_lift(ops.softmax, [[800.0, -800.0]], 0, baseline=[-800.0, 800.0]).values.sum(axis=1)),
    ]  # fmt: skip


# -- multipliers of DeepLIFT and relevance of LRP, of a single unit ------------------------------------


def deep_lift_multiplier(f: Callable[[Node], Node], x: float, x0: float) -> Any:
    """Rescale's multiplier (1, 1) of a function of one number, from x0 to x."""
    return deep_lift(f, [[x]], baseline=[x0]).extras["multipliers"]


def multiplier_claims() -> list[Entry]:
    """DeepLIFT's multipliers Δy/Δx: their chain rule, their limit, and RevealCancel's."""
    relu = lambda x: ops.relu(x[:, 0])  # noqa: E731
    chain = lambda x: 3 * ops.relu(2 * x[:, 0] - 1)  # noqa: E731
    tanh = lambda x: ops.tanh(x[:, 0])  # noqa: E731
    pair = lambda x: ops.relu(x[:, 0] - x[:, 1] + 1)  # noqa: E731
    fall = lambda x: ops.relu(ops.max(x[:, :2], 1) + x[:, 2] - 1)  # noqa: E731
    points = [[3.0, 2.0], [1.0, 4.0], [0.5, 0.2]]
    return [
        *(Entry(f"relu.multiplier@{x0:g},{x:g}", f"m = Δy/Δx of a ReLU from {x0:g} to {x:g} is {slope:g}",
                SHRIKUMAR, "eq. 2", [[slope]], exact(), partial(deep_lift_multiplier, relu, x, x0))
          for x0, x, slope in ((-1.0, 3.0, 0.75), (2.0, 3.0, 1.0), (-2.0, -1.0, 0.0))),
        Entry("chain.multiplier", "m of 3·relu(2x − 1) from 0 to 2 is 2 · ¾ · 3: Δh/Δx · Δy/Δh · Δf/Δy",
              SHRIKUMAR, "eq. 3, the chain rule", [[4.5]], exact(), partial(deep_lift_multiplier, chain, 2.0, 0.0)),
        Entry("tanh.multiplier@limit", "m of tanh from .3 to .3 + 1e-9 is tanh'(.3)",
              SHRIKUMAR, "§3.5.1, Δx → 0", [[1 - np.tanh(0.3) ** 2]], rounded(1, 2**25),
              partial(deep_lift_multiplier, tanh, 0.3 + 1e-9, 0.3)),
        Entry("pair.reveal_cancel", "RevealCancel of one ReLU with one input up and one down is Shapley",
              SHRIKUMAR, "§3.5.2", np.zeros((3, 2)), rounded(8),
              lambda: deep_lift(pair, points, rule="reveal-cancel").values - shapley_values(pair, points).values),
        Entry("fall.reveal_cancel",
              "relu(max(x1, x2) + x3 − 1) at (.5, 0, 1) from (2, 0, 0): the maximum pulls down, as Shapley says",
              SHRIKUMAR, "§3.5.2, by hand", [[-1.25, 0, 0.75]], rounded(2),
              lambda: deep_lift(fall, [[0.5, 0.0, 1.0]], baseline=[2.0, 0.0, 0.0], rule="reveal-cancel")),
        Entry("minimum.reveal_cancel.multipliers@1,2", "RevealCancel's m of min(1, 2) is φ/Δ = (½ / 1, ½ / 2)",
              SHRIKUMAR, "§3.5.2, by hand", [[0.5, 0.25]], rounded(1),
              lambda: deep_lift(toys.minimum, [[1.0, 2.0]], rule="reveal-cancel").extras["multipliers"]),
    ]  # fmt: skip


def lrp_claims() -> list[Entry]:
    sums = lambda x: ops.relu(x @ [[2.0], [-1.0]])  # noqa: E731
    rows: list[tuple[str, str, list[float], dict[str, Any]]] = [
        ("epsilon", "LRP-0 of relu(2x1 − x2) at (1, 1) is (2, −1)", [2, -1], {"epsilon": 0.0}),
        ("epsilon.wide", "ε = 1 keeps half of a sum of 1 back: (1, −½)", [1, -0.5], {"epsilon": 1.0}),
        ("gamma", "γ = ¼: 2.5 : −1 of 1, (5/3, −2/3)", [5 / 3, -2 / 3], {"rule": "gamma", "epsilon": 0.0}),
    ]
    return [
        *(Entry(f"sum.lrp.{i}", claim, BACH, "eq. 58, by hand", [e], rounded(2), partial(lrp, sums, [[1.0, 1.0]], **o))
          for i, claim, e, o in rows),
        Entry("sigmoid.lrp", "LRP of σ(x) at 2 is σ(2) − ½: what f(0) is, is kept back",
              BACH, "eq. 58, by hand", [[1 / (1 + np.exp(-2.0)) - 0.5]], rounded(1),
              lambda: lrp(lambda x: ops.sigmoid(x[:, 0]), [[2.0]])),
    ]  # fmt: skip

"""Examples that fit on a page: games, maxima, softmax, maps, windows and chords, each with its numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from minixai import ops
from minixai.arrays import Array
from minixai.graph import Node
from minixai.methods import (
    deep_lift,
    grad_cam,
    gradient,
    hires_cam,
    integrated_gradients,
    lrp,
    occlusion,
    shapley,
    shapley_values,
)
from minixai.references.entry import Entry, exact, printed, rounded
from minixai.references.sources import (
    BACH,
    HAND,
    LUNDBERG,
    SELVARAJU,
    SHAPLEY,
    SHRIKUMAR,
    SUNDARARAJAN,
    TF_EXPLAIN,
    ZEILER,
)


def entries() -> list[Entry]:
    return [*games(), *maxima(), *softmaxes(), *maps(), *windows(), *chords(), *relevance()]


# -- games --------------------------------------------------------------------------------------------


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
    ]


# -- maxima -------------------------------------------------------------------------------------------

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
    found.append(
        Entry(
            "ties.mover",
            "max(1, 1) from max(−1, 0): of equals the one larger at the reference, (0, 1)",
            HAND,
            "ties",
            [[0, 1]],
            exact(),
            lambda: deep_lift(largest, [[1.0, 1.0]], baseline=[-1.0, 0.0]).values,
        )
    )
    return found


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


# -- maps and windows ---------------------------------------------------------------------------------


def maps() -> list[Entry]:
    """Two filters and their slopes on 2 × 2 places."""
    # (filters, h, w) -> (1, h, w, filters)
    a = np.moveaxis(np.array([[[1.0, 2], [0, 3]], [[2, 0], [1, 1]]]), 0, -1)[None]
    g = np.moveaxis(np.array([[[1.0, -2], [3, -1]], [[1, 1], [-1, -3]]]), 0, -1)
    network = lambda x: ops.sum(x.named("A") * g, (1, 2, 3))  # noqa: E731

    def seen(values: Any) -> Array:
        return np.asarray(values)[0, ..., 0]

    def cam(**options: Any) -> Any:
        return grad_cam(network, a, layer="A", **options)

    stretched = [[0, 0.25, 0.75, 1], [0.5, 0.75, 1.25, 1.5], [1.5, 1.75, 2.25, 2.5], [2, 2.25, 2.75, 3]]
    small = np.array([[0.0, 1.0], [2.0, 3.0]]).reshape(1, 2, 2, 1)
    rows: list[tuple[str, str, Any, Callable[[], Any]]] = [
        ("gradient", "∂f/∂A is G", g[None], lambda: gradient(network, a)),
        ("grad_cam.weights", "α = mean of G = (.25, −.5)", [[0.25, -0.5]], lambda: cam().extras["weights"]),
        (
            "grad_cam.signed",
            "Σ α A = [[−.75, .5], [−.5, .25]]",
            [[-0.75, 0.5], [-0.5, 0.25]],
            lambda: seen(cam(relu=False)),
        ),
        ("grad_cam", "max(Σ α A, 0) = [[0, .5], [0, .25]]", [[0, 0.5], [0, 0.25]], lambda: seen(cam())),
        (
            "hires_cam",
            "Σ A·G = [[3, −4], [−1, −6]]",
            [[3, -4], [-1, -6]],
            lambda: seen(hires_cam(network, a, layer="A")),
        ),
    ]
    found = [Entry(f"A-G.{i}", claim, SELVARAJU, "eq. 1–2, by hand", e, exact(), f) for i, claim, e, f in rows]
    guided: list[tuple[str, str, Any, Callable[[], Any]]] = [
        (
            "weights",
            "α = mean of G where A > 0 and G > 0 = (.25, .25)",
            [[0.25, 0.25]],
            lambda: cam(variant="tf-explain").extras["weights"],
        ),
        (
            "map",
            "Σ α A = [[.75, .5], [.25, 1]]: brightest where the class is refuted",
            [[0.75, 0.5], [0.25, 1]],
            lambda: seen(cam(variant="tf-explain")),
        ),
    ]
    found += [
        Entry(f"A-G.grad_cam.tf-explain.{i}", claim, TF_EXPLAIN, "grad_cam.py, use_guided_grads", e, exact(), f)
        for i, claim, e, f in guided
    ]
    upsampled = lambda x: ops.sum(x.named("A") * np.ones((1, 1, 1)), (1, 2, 3))  # noqa: E731
    found.append(
        Entry(
            "upsample.bilinear",
            "[[0, 1], [2, 3]] stretched to 4 × 4 at half-pixel centres",
            SELVARAJU,
            "§3, as OpenCV and torch do",
            stretched,
            exact(),
            lambda: seen(ops.upsample(Node(small), (4, 4)).value),
        )
    )
    found.append(
        Entry(
            "upsample.identity",
            "a map as large as the image is not changed by resize",
            SELVARAJU,
            "§3",
            [[0, 1], [2, 3]],
            exact(),
            lambda: seen(grad_cam(upsampled, small, layer="A", resize=True)),
        )
    )
    return found


def windows() -> list[Entry]:
    """Σ x over 1 … 5 with a window of 3; one pixel at a time on a linear network."""
    image = np.arange(1.0, 6.0).reshape(1, 1, 5, 1)
    total = lambda x: x.sum()  # noqa: E731
    rng = np.random.default_rng(0)
    w, x, fill = rng.normal(size=(4, 5, 3)), rng.normal(size=(2, 4, 5, 3)), rng.normal(size=(4, 5, 3))
    linear = lambda x: ops.sum(x * w, (1, 2, 3))  # noqa: E731
    share = (w * (x - fill)).sum(axis=-1, keepdims=True)

    def hidden(**options: Any) -> Array:
        return occlusion(total, image, **options).values.ravel()

    rows: list[tuple[str, str, Any, Callable[[], Any]]] = [
        (
            "occlusion.stride-1",
            "Σx, x = 1 … 5, window 3, stride 1: (6, 7.5, 9, 10.5, 12)",
            [6, 7.5, 9, 10.5, 12],
            lambda: hidden(window=(1, 3), stride=1, fill=0.0),
        ),
        (
            "occlusion.stride-3",
            "stride 3, the last window cut: (6, 6, 6, 9, 9)",
            [6, 6, 6, 9, 9],
            lambda: hidden(window=(1, 3), stride=(1, 3), fill=0.0),
        ),
        (
            "occlusion.mean",
            "filled with the mean, 3, a pixel alone loses x − 3",
            [-2, -1, 0, 1, 2],
            lambda: hidden(window=1, stride=1),
        ),
    ]
    found = [Entry(i, claim, ZEILER, "§4.2, by hand", e, rounded(16), f) for i, claim, e, f in rows]
    asked: dict[str, Callable[[], Any]] = {
        "occlusion": lambda: occlusion(linear, x, window=1, stride=1, fill=fill).values,
        "integrated_gradients": lambda: integrated_gradients(linear, x, baseline=fill).values.sum(-1, keepdims=True),
        "rescale": lambda: deep_lift(linear, x, baseline=fill).values.sum(-1, keepdims=True),
    }
    found += [
        Entry(
            f"linear.{name}",
            "on a linear network a pixel is worth Σ w (x − x') over its channels",
            ZEILER,
            "one pixel hidden",
            share,
            rounded(float(abs(w * x).sum()), 256),
            ask,
        )
        for name, ask in asked.items()
    ]
    return found


# -- chords and sums ----------------------------------------------------------------------------------


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
    ]

"""Frozen results of other libraries on the shipped random networks, for every method, where the library is right."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import numpy as np

from minixai import ops
from minixai.arrays import Array
from minixai.graph import Node, history
from minixai.methods import deep_lift
from minixai.methods.compat import shap_draws
from minixai.references.asked import ASKED, SEED
from minixai.references.entry import Entry, Tolerance, rounded, short, summed
from minixai.references.frozen import network, results
from minixai.references.sources import CAPTUM, DEEPLIFT, SHAP, TF_EXPLAIN, TORCH, ZENNIT, Source


def entries() -> list[Entry]:
    found = [
        entry(source, name, what)
        for source in (TORCH, CAPTUM, SHAP, ZENNIT, DEEPLIFT, TF_EXPLAIN)
        for name, what in (key.split("/") for key in results(source.key).how)
        if what in ASKED
    ]
    return [*found, stream(), *pools()]


def entry(source: Source, name: str, what: str) -> Entry:
    """A result of a library, and ours of the same network."""
    said, (claim, ask) = results(source.key), ASKED[what]
    return Entry(
        f"{name}.{what}.{source.key}",
        f"{claim}, on {name}",
        source,
        said.how[f"{name}/{what}"],
        said.arrays[f"{name}/{what}"],
        tolerance(source, name, what),
        lambda: ask(network(name)),
    )


# -- how exact a library is ---------------------------------------------------------------------------


def tolerance(source: Source, name: str, what: str) -> Tolerance:
    """By default a pass through the network and back, in the dtype that the library computes in."""
    if rule := ROUGHER.get((source, what.split(".")[0])):
        return rule(name, what)
    single = source in (DEEPLIFT, TF_EXPLAIN) or what == "expected_gradients"
    model, numbers = network(name).model, size(name, results(source.key).arrays[f"{name}/{what}"])
    return summed(model, numbers, np.float32 if single else np.float64)


def rounded_path(name: str, what: str) -> Tolerance:
    term = float(results("captum").arrays[f"{name}/size"])
    reason = f"captum rounds nodes and weights to float32, 2^-23 of terms up to {term:.3g}"
    return Tolerance(term * 2.0**-23, reason)


def rounded_windows(name: str, what: str) -> Tolerance:
    scores = 2 * size(name)
    return Tolerance(16 * 2.0**-24 * scores, f"captum adds up in float32: 16 roundings by 2^-24 of {scores:.3g}")


def rounded_orders(name: str, what: str) -> Tolerance:
    scores = 2 * size(name)
    return Tolerance(120 * 2.0**-24 * scores, f"captum adds up 120 orders in float32, 2^-24 of {scores:.3g} each")


def stabilised(name: str, what: str) -> Tolerance:
    reason = "zennit keeps 1e-12 beside the sums of an average pool; for sums above .001 that is 1e-9 of them"
    return Tolerance(1e-9 * size(name), reason)


ROUGHER: dict[tuple[Source, str], Callable[[str, str], Tolerance]] = {
    (CAPTUM, "integrated_gradients"): rounded_path,
    (CAPTUM, "occlusion"): rounded_windows,
    (CAPTUM, "shapley_values"): rounded_orders,
    (ZENNIT, "lrp"): stabilised,
}
"""Who rounds more than that, and where."""


def size(name: str, *more: Array) -> float:
    """The largest number on the way: of the inputs, the layers, and what is compared."""
    return max([largest_node(name), *(float(abs(a).max()) for a in more)])


@cache
def largest_node(name: str) -> float:
    model, x, background = network(name)[1:4]
    return max(float(abs(node.value).max()) for node in history(model(Node(np.concatenate([x, background])))))


# -- what no network is asked about -------------------------------------------------------------------


def stream() -> Entry:
    """The points at which shap asks for slopes tell its draws: x' + α (x − x'), of two inputs and four references."""
    said = results("shap")
    background, x = np.array([[0.0, 1], [10, 1], [20, 1], [30, 1]]), np.array([[40.0, 2], [40, 3]])

    def points() -> Array:
        i, k = np.divmod(np.arange(12), 6)
        r, alpha, _ = shap_draws(SEED, 4, None)(i, k)
        return np.asarray(background[r] + alpha[:, None] * (x[i] - background[r]))

    return Entry(
        "stream.expected_gradients.shap",
        "x' + α(x − x') at shap's draws: RandomState(3), choice(4), uniform()",
        SHAP,
        said.how["stream/points"],
        said.arrays["stream/points"],
        Tolerance(4 * 2.0**-24 * 40, "shap keeps points in float32: four roundings by 2^-24 of numbers up to 40"),
        points,
    )


POOLS = {
    "both-moved": ((3.0, 1.0), (0.0, 2.0)),
    "fell": ((1.0, 1.5), (0.0, 2.0)),
    "from-zero": ((3.0, 1.0), (0.0, 0.0)),
    "rose": ((3.0, 2.0), (1.0, 2.0)),
}


def pools() -> list[Entry]:
    """A maximum by deeplift's rule, its gradient at the input."""
    said, largest = results("deeplift"), lambda x: ops.max(x, 1)
    return [
        Entry(
            f"pool.deep_lift.{what}.deeplift",
            f"max{short(x)} from max{short(reference)}: the winner's own Δx",
            DEEPLIFT,
            said.how[f"pool/{what}"],
            said.arrays[f"pool/{what}"][None],
            rounded(4),
            partial(deep_lift, largest, [x], baseline=list(reference), pool="gradient"),
        )
        for what, (x, reference) in POOLS.items()
    ]

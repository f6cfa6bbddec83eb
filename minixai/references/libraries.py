"""Frozen results of other libraries on the shipped random networks, for every method, where the library is right."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import numpy as np

from minixai import ops
from minixai.arrays import Array
from minixai.graph import Node, backward, history
from minixai.methods import deep_lift
from minixai.methods.compat import make_shap_sampler
from minixai.references.calls import CALLS, SEED
from minixai.references.entry import Entry, Tolerance, abbreviate, rounded, summed
from minixai.references.frozen import network, results
from minixai.references.sources import CAPTUM, DEEPLIFT, SHAP, TF_EXPLAIN, TORCH, ZENNIT, Source
from minixai.rules import GRADIENT


def entries() -> list[Entry]:
    of_networks = (
        entry(source, name, result)
        for source in (TORCH, CAPTUM, SHAP, ZENNIT, DEEPLIFT, TF_EXPLAIN)
        for name, result in (key.split("/") for key in results(source.key).how)
        if result in CALLS
    )
    return [*of_networks, stream(), *pools(), *functions(), *operations()]


def entry(source: Source, name: str, result: str) -> Entry:
    """A result of a library, and minixai's for the same network."""
    frozen, (claim, ours), key = results(source.key), CALLS[result], f"{name}/{result}"
    return Entry(f"{name}.{result}.{source.key}", f"{claim}, on {name}", source, frozen.how[key], frozen.arrays[key],
                 tolerance(source, name, result), lambda: ours(network(name)))  # fmt: skip


# -- how exact a library is ---------------------------------------------------------------------------


def tolerance(source: Source, name: str, result: str) -> Tolerance:
    """By default a pass through the network and back, in the dtype that the library computes in."""
    if rule := ROUGHER.get((source, result.split(".")[0])):
        return rule(name)
    single = source in (DEEPLIFT, TF_EXPLAIN) or result == "expected_gradients"
    model, numbers = network(name).model, size(name, results(source.key).arrays[f"{name}/{result}"])
    return summed(model, numbers, np.float32 if single else np.float64)


def rounded_path(name: str) -> Tolerance:
    term = float(results("captum").arrays[f"{name}/size"])
    return Tolerance(term * 2.0**-23, f"captum rounds nodes and weights to float32, 2^-23 of terms up to {term:.3g}")


def rounded_windows(name: str) -> Tolerance:
    scores = 2 * size(name)
    return Tolerance(16 * 2.0**-24 * scores, f"captum adds up in float32: 16 roundings by 2^-24 of {scores:.3g}")


def rounded_orders(name: str) -> Tolerance:
    scores = 2 * size(name)
    return Tolerance(120 * 2.0**-24 * scores, f"captum adds up 120 orders in float32, 2^-24 of {scores:.3g} each")


def stabilised(name: str) -> Tolerance:
    reason = "zennit keeps 1e-12 beside the sums of an average pool; for sums above .001 that is 1e-9 of them"
    return Tolerance(1e-9 * size(name), reason)


ROUGHER: dict[tuple[Source, str], Callable[[str], Tolerance]] = {
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


# -- results that belong to no network -------------------------------------------------------------------


def stream() -> Entry:
    """The points x' + α(x − x') at which shap takes slopes reveal its draws, for two inputs and four references."""
    frozen, key = results("shap"), "stream/points"
    background, x = np.array([[0.0, 1], [10, 1], [20, 1], [30, 1]]), np.array([[40.0, 2], [40, 3]])

    def points() -> Array:
        i, k = np.divmod(np.arange(12), 6)
        r, alpha, _ = make_shap_sampler(SEED, 4, None)(i, k)
        return np.asarray(background[r] + alpha[:, None] * (x[i] - background[r]))

    reason = "shap keeps points in float32: four roundings by 2^-24 of numbers up to 40"
    return Entry("stream.expected_gradients.shap",
                 "x' + α(x − x') at shap's draws: RandomState(3), choice(4), uniform()",
                 SHAP, frozen.how[key], frozen.arrays[key], Tolerance(4 * 2.0**-24 * 40, reason), points)  # fmt: skip


def pools() -> list[Entry]:
    """A maximum by deeplift's rule, its gradient at the input."""
    frozen = results("deeplift")
    rows = [("both-moved", (3.0, 1.0), (0.0, 2.0)), ("fell", (1.0, 1.5), (0.0, 2.0)),
            ("from-zero", (3.0, 1.0), (0.0, 0.0)), ("rose", (3.0, 2.0), (1.0, 2.0))]  # fmt: skip
    return [
        Entry(f"pool.deep_lift.{name}.deeplift",
              f"max{abbreviate(x)} from max{abbreviate(reference)}: the winner's own Δx",
              DEEPLIFT, frozen.how[f"pool/{name}"], frozen.arrays[f"pool/{name}"][None], rounded(4),
              partial(deep_lift, lambda x: ops.max(x, 1), [x], baseline=list(reference), pool="gradient"))
        for name, x, reference in rows
    ]  # fmt: skip


# -- single functions and operations, their values and their way back -----------------------------------


def functions() -> list[Entry]:
    """f and f' of every function, at points on both sides of its kinks."""
    frozen = results("torch")
    points = frozen.arrays["functions/points"]

    def value_and_slope(name: str) -> Array:
        x = Node((abs(points) if name in ("log", "sqrt", "reciprocal") else points)[:, None])
        y = getattr(ops, name)(x)
        return np.stack([y.value[:, 0], backward(y, GRADIENT)[x][:, 0]])

    return [
        Entry(f"functions.{name}.torch", f"y = {name}(x) and dy/dx", TORCH, how, frozen.arrays[key],
              rounded(max(1.0, float(abs(frozen.arrays[key]).max())), 32), partial(value_and_slope, name))
        for key, how in frozen.how.items()
        for room, name in [key.split("/")]
        if room == "functions" and name != "points"
    ]  # fmt: skip


def operations() -> list[Entry]:
    """Operations whose geometry is easily got wrong."""
    frozen = results("torch")
    image, kernel = (frozen.arrays[f"operations/{k}"] for k in ("image", "kernel"))
    rows: list[tuple[str, str, Callable[[Node], Node]]] = [
        ("convolution", "x ⋆ w, stride (2, 1), border (1, 2), dilation (1, 2), 2 groups",
         lambda x: ops.convolution(x, kernel, None, (2, 1), (1, 2), (1, 2), 2)),
        ("max_pool", "max over windows (3, 2), steps (2, 1)", lambda x: ops.max_pool(x, (3, 2), (2, 1))),
        ("average_pool", "mean over windows (3, 2), steps (2, 1)", lambda x: ops.average_pool(x, (3, 2), (2, 1))),
        ("upsample", "bilinear, 7 × 6 to 11 × 9", lambda x: ops.upsample(x, (11, 9))),
        ("softmax", "exp z / Σ exp z over channels", lambda x: ops.softmax(x)),
    ]  # fmt: skip

    def ours(op: Callable[[Node], Node], seed: str | None) -> Array:
        x = Node(image)
        y = op(x)
        return backward(y, GRADIENT, frozen.arrays[seed], keep=[x])[x] if seed else y.value

    return [
        Entry(f"{key.replace('/', '.')}.torch", f"{symbol} = {claim}",
              TORCH, frozen.how[key], frozen.arrays[key], rounded(8, 128), partial(ours, op, seed))
        for name, claim, op in rows
        for key, symbol, seed in ((f"operations/{name}", "y", None),
                                  (f"operations/{name}.vjp", "s·∂y/∂x, y", f"operations/{name}.seed"))
    ]  # fmt: skip

"""Claims that minixai computes what other libraries compute, on small random networks, where the library is right."""

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
from minixai.references.entry import Entry, Tolerance, abbreviate, model_rounding, rounded
from minixai.references.frozen import load_network, load_results
from minixai.references.sources import CAPTUM, DEEPLIFT, SHAP, TF_EXPLAIN, TORCH, ZENNIT, Source
from minixai.rules import GRADIENT


def entries() -> list[Entry]:
    of_networks = (
        library_entry(source, name, result)
        for source in (TORCH, CAPTUM, SHAP, ZENNIT, DEEPLIFT, TF_EXPLAIN)
        for name, result in (key.split("/") for key in load_results(source.key).how)
        if result in CALLS
    )
    return [
        *of_networks,
        shap_draws_claim(),
        *deeplift_maximum_claims(),
        *elementwise_function_claims(),
        *operation_claims(),
    ]


def library_entry(source: Source, name: str, result: str) -> Entry:
    """An entry that compares a frozen result of a library with that of minixai for the same network."""
    frozen, (claim, ours), key = load_results(source.key), CALLS[result], f"{name}/{result}"
    return Entry(f"{name}.{result}.{source.key}", f"{claim}, on {name}", source, frozen.how[key], frozen.arrays[key],
                 library_tolerance(source, name, result), lambda: ours(load_network(name)))  # fmt: skip


# -- tolerances: how exactly a library computes --------------------------------------------------------


def library_tolerance(source: Source, name: str, result: str) -> Tolerance:
    """The tolerance of a result: by default the rounding of one pass in the dtype of the library."""
    if rule := SPECIAL_TOLERANCES.get((source, result.split(".")[0])):
        return rule(name)
    single = source in (DEEPLIFT, TF_EXPLAIN) or result == "expected_gradients"
    model, numbers = (
        load_network(name).model,
        largest_magnitude_in(name, load_results(source.key).arrays[f"{name}/{result}"]),
    )
    return model_rounding(model, numbers, np.float32 if single else np.float64)


def captum_path_tolerance(name: str) -> Tolerance:
    term = float(load_results("captum").arrays[f"{name}/size"])
    return Tolerance(term * 2.0**-23, f"captum rounds nodes and weights to float32, 2^-23 of terms up to {term:.3g}")


def captum_occlusion_tolerance(name: str) -> Tolerance:
    scores = 2 * largest_magnitude_in(name)
    return Tolerance(16 * 2.0**-24 * scores, f"captum adds up in float32: 16 roundings by 2^-24 of {scores:.3g}")


def captum_shapley_tolerance(name: str) -> Tolerance:
    scores = 2 * largest_magnitude_in(name)
    return Tolerance(120 * 2.0**-24 * scores, f"captum adds up 120 orders in float32, 2^-24 of {scores:.3g} each")


def zennit_lrp_tolerance(name: str) -> Tolerance:
    reason = "zennit keeps 1e-12 beside the sums of an average pool; for sums above .001 that is 1e-9 of them"
    return Tolerance(1e-9 * largest_magnitude_in(name), reason)


SPECIAL_TOLERANCES: dict[tuple[Source, str], Callable[[str], Tolerance]] = {
    (CAPTUM, "integrated_gradients"): captum_path_tolerance,
    (CAPTUM, "occlusion"): captum_occlusion_tolerance,
    (CAPTUM, "shapley_values"): captum_shapley_tolerance,
    (ZENNIT, "lrp"): zennit_lrp_tolerance,
}
"""Results that a library rounds more than one pass does."""


def largest_magnitude_in(name: str, *more: Array) -> float:
    """The largest absolute value in the nodes of a network, and in arrays beside them."""
    return max([largest_node(name), *(float(abs(a).max()) for a in more)])


@cache
def largest_node(name: str) -> float:
    """The largest absolute value of any node of a network, for its inputs and its background."""
    model, x, background = load_network(name)[1:4]
    return max(float(abs(node.value).max()) for node in history(model(Node(np.concatenate([x, background])))))


# -- results that belong to no network ----------------------------------------------------------------


def shap_draws_claim() -> Entry:
    """shap's random draws: its points x' + α(x − x') for two inputs and four references."""
    frozen, key = load_results("shap"), "stream/points"
    background, x = np.array([[0.0, 1], [10, 1], [20, 1], [30, 1]]), np.array([[40.0, 2], [40, 3]])

    def points() -> Array:
        i, k = np.divmod(np.arange(12), 6)
        r, alpha, _ = make_shap_sampler(SEED, 4, None)(i, k)
        return np.asarray(background[r] + alpha[:, None] * (x[i] - background[r]))

    reason = "shap keeps points in float32: four roundings by 2^-24 of numbers up to 40"
    return Entry("stream.expected_gradients.shap",
                 "x' + α(x − x') at shap's draws: RandomState(3), choice(4), uniform()",
                 SHAP, frozen.how[key], frozen.arrays[key], Tolerance(4 * 2.0**-24 * 40, reason), points)  # fmt: skip


def deeplift_maximum_claims() -> list[Entry]:
    """Maxima by the rule of the library deeplift, the gradient at the input."""
    frozen = load_results("deeplift")
    rows = [("both-moved", (3.0, 1.0), (0.0, 2.0)), ("fell", (1.0, 1.5), (0.0, 2.0)),
            ("from-zero", (3.0, 1.0), (0.0, 0.0)), ("rose", (3.0, 2.0), (1.0, 2.0))]  # fmt: skip
    return [
        Entry(f"pool.deep_lift.{name}.deeplift",
              f"max{abbreviate(x)} from max{abbreviate(reference)}: the winner's own Δx",
              DEEPLIFT, frozen.how[f"pool/{name}"], frozen.arrays[f"pool/{name}"][None], rounded(4),
              partial(deep_lift, lambda x: ops.max(x, 1), [x], baseline=list(reference), pool="gradient"))
        for name, x, reference in rows
    ]  # fmt: skip


# -- single functions and operations -------------------------------------------------------------------


def elementwise_function_claims() -> list[Entry]:
    """f and f' of every elementwise function, at points on both sides of its kinks."""
    frozen = load_results("torch")
    points = frozen.arrays["functions/points"]

    def value_and_derivative(name: str) -> Array:
        x = Node((abs(points) if name in ("log", "sqrt", "reciprocal") else points)[:, None])
        y = getattr(ops, name)(x)
        return np.stack([y.value[:, 0], backward(y, GRADIENT)[x][:, 0]])

    return [
        Entry(f"functions.{name}.torch", f"y = {name}(x) and dy/dx", TORCH, how, frozen.arrays[key],
              rounded(max(1.0, float(abs(frozen.arrays[key]).max())), 32), partial(value_and_derivative, name))
        for key, how in frozen.how.items()
        for room, name in [key.split("/")]
        if room == "functions" and name != "points"
    ]  # fmt: skip


def operation_claims() -> list[Entry]:
    """Values and vector-Jacobian products of operations with windows, strides and borders."""
    frozen = load_results("torch")
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

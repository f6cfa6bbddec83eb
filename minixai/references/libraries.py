"""Frozen results of other libraries on the shipped random networks, for every method, where the library is right."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from minixai import ops
from minixai.arrays import Array
from minixai.graph import Node, backward
from minixai.methods import (
    DeepExplainer,
    GradientExplainer,
    activations,
    deconvnet,
    deep_lift,
    deep_shap,
    feature_ablation,
    grad_cam,
    gradient,
    guided_backprop,
    guided_grad_cam,
    hires_cam,
    input_x_gradient,
    integrated_gradients,
    lrp,
    occlusion,
    shapley_values,
    smooth_grad,
)
from minixai.model import Model
from minixai.references.entry import Entry, Tolerance, rounded, short, summed
from minixai.references.frozen import Frozen, network, results
from minixai.references.sources import CAPTUM, DEEPLIFT, SHAP, TORCH, ZENNIT, Source
from minixai.rules import GRADIENT

Ask = Callable[[Frozen], Any]
STEPS, SAMPLES, SEED = 13, 25, 3
"""What the libraries were asked with: IG's steps; GradientExplainer's draws and its seed."""
QUADRATURES = ("gauss-legendre", "left", "right", "midpoint")

ASKED: dict[str, tuple[str, Ask]] = {
    "scores": ("f", lambda n: n.model.scores(n.x)),
    "gradient": ("∂f₁/∂x", lambda n: gradient(n.model, n.x, 1)),
    "contrast": ("∂(f₂ − f₀)/∂x", lambda n: gradient(n.model, n.x, 2, versus=0)),
    "probability": ("∂p₁/∂x, p = softmax f", lambda n: gradient(n.model, n.x, 1, output="probability")),
    "input_x_gradient": ("x · ∂f₁/∂x", lambda n: input_x_gradient(n.model, n.x, 1)),
    **{
        f"integrated_gradients.{q}": (
            f"(x − x')·Σ wₖ ∇f₁(x' + αₖ(x − x')), 13 {q} nodes",
            lambda n, q=q: integrated_gradients(n.model, n.x, 1, baseline=n.background[0], steps=STEPS, quadrature=q),
        )
        for q in QUADRATURES
    },
    "integrated_gradients.layer": (
        "ΔA · Σ wₖ ∂f₁/∂A, 13 nodes, at A = conv2",
        lambda n: integrated_gradients(n.model, n.x, 1, baseline=n.background[0], steps=STEPS, layer="conv2"),
    ),
    "deep_lift": ("m·Δx, m = Δf₁/Δx by Rescale", lambda n: deep_lift(n.model, n.x, 1, baseline=n.background[0])),
    "deep_lift.layer": (
        "m·ΔA by Rescale at A = conv2",
        lambda n: deep_lift(n.model, n.x, 1, baseline=n.background[0], layer="conv2"),
    ),
    "deep_shap": ("mean over x' of m·(x − x')", lambda n: deep_shap(n.model, n.x, 1, background=n.background)),
    "guided_backprop": ("max(m, 0)·1[z > 0] at each ReLU", lambda n: guided_backprop(n.model, n.x, 1)),
    "deconvnet": ("max(m, 0) at each ReLU", lambda n: deconvnet(n.model, n.x, 1)),
    "feature_ablation": (
        "f₁(x) − f₁(x, xᵢ = x'ᵢ)",
        lambda n: feature_ablation(n.model, n.x, 1, baseline=n.background[0]),
    ),
    "activations": ("A = conv2", lambda n: activations(n.model, n.x, layer="conv2")),
    "grad_cam": ("Σ αₖAₖ, signed", lambda n: grad_cam(n.model, n.x, 1, layer="conv2", relu=False)),
    "guided_grad_cam": (
        "guided backprop × Grad-CAM, nearest",
        lambda n: guided_grad_cam(n.model, n.x, 1, layer="conv2", upsampling="nearest"),
    ),
    "hires_cam": ("Σ Aₖ·∂f₁/∂Aₖ", lambda n: hires_cam(n.model, n.x, 1, layer="conv2")),
    "occlusion": (
        "mean of f₁(x) − f₁(x hidden), windows (4, 3), steps (3, 2)",
        lambda n: occlusion(n.model, n.x, 1, window=(4, 3), stride=(3, 2), fill=n.background[0]),
    ),
    "smooth_grad.smoothgrad": ("mean of ∇f₁(x + ε), 7 ε", lambda n: smooth_grad(n.model, n.x, 1, sigma=0.3, samples=7)),
    "smooth_grad.smoothgrad_sq": (
        "mean of ∇f₁(x + ε)², 7 ε",
        lambda n: smooth_grad(n.model, n.x, 1, sigma=0.3, samples=7, squared=True),
    ),
    "smooth_grad.vargrad": (
        "variance of ∇f₁(x + ε), 7 ε",
        lambda n: smooth_grad(n.model, n.x, 1, sigma=0.3, samples=7, variance=True),
    ),
    "lrp.epsilon": ("x·w/(z + ε sign z)·R, ε = 1e-6", lambda n: lrp(n.model, n.x, 1)),
    "lrp.epsilon.wide": ("x·w/(z + ε sign z)·R, ε = ¼", lambda n: lrp(n.model, n.x, 1, epsilon=0.25)),
    "lrp.gamma": ("with w + max(w, 0)/4", lambda n: lrp(n.model, n.x, 1, rule="gamma")),
    **{
        f"deep_lift.{rule}": (
            f"m·Δx by {rule}",
            lambda n, rule=rule: deep_lift(n.model, n.x, 1, baseline=n.background[0], rule=rule),
        )
        for rule in ("rescale", "reveal-cancel", "genomics")
    },
}
"""Result: what it is, and how ours is asked for it."""


def entries() -> list[Entry]:
    return [*torch(), *captum(), *shap(), *zennit(), *deeplift()]


def frozen(name: str, what: str, source: Source, tolerance: Tolerance, ask: Ask | None = None, claim: str = "") -> Entry:
    """A result of a library, and ours of the same network."""
    said = results(source.key)
    key = f"{name}/{what}"
    about, usual = ASKED[what] if what in ASKED else (claim, ask)
    asked = ask or usual
    assert asked is not None
    return Entry(
        f"{name}.{what}.{source.key}",
        f"{claim or about}, on {name}",
        source,
        said.how[key],
        said.arrays[key],
        tolerance,
        lambda: asked(network(name)),
    )


def size(name: str, *more: Array) -> float:
    """The largest number on the way: of the inputs, the scores, and what is compared."""
    model, x, background, _ = network(name)
    return max(float(abs(a).max()) for a in (x, background, largest_nodes(name), *more))


@cache
def largest_nodes(name: str) -> Array:
    """The largest activation of every layer."""
    model, x, background, _ = network(name)
    return np.array([abs(activations_at(model, np.concatenate([x, background]), e.name)).max() for e in model.layers])


def activations_at(model: Model, x: Array, layer: str) -> Array:
    from minixai.graph import history

    return next(node.value for node in history(model(Node(x))) if node.name == layer)


def in_float64(name: str, what: str, source: Source, more: int = 0) -> Tolerance:
    return summed(network(name).model, size(name, results(source.key).arrays[f"{name}/{what}"]), more=more)


def torch() -> list[Entry]:
    found = []
    for name, what in asked_about(TORCH):
        if name in results("torch").networks:
            found.append(frozen(name, what, TORCH, in_float64(name, what, TORCH)))
    return [*found, *functions(), *operations()]


def asked_about(source: Source) -> list[tuple[str, str]]:
    """(network, what) of everything that a library was asked."""
    return [(name, what) for name, what in (key.split("/") for key in results(source.key).how)]


def functions() -> list[Entry]:
    """f and f' of every function, at points on both sides of its kinks."""
    said = results("torch")
    points = said.arrays["functions/points"]

    def both(name: str) -> Array:
        op = getattr(ops, name)
        x = Node((abs(points) if name in ("log", "sqrt", "reciprocal") else points)[:, None])
        y = op(x)
        return np.stack([y.value[:, 0], backward(y, GRADIENT)[x][:, 0]])

    return [
        Entry(f"functions.{key.split('/')[1]}.torch", f"y = {key.split('/')[1]}(x) and dy/dx", TORCH, how,
              said.arrays[key], rounded(max(1.0, float(abs(said.arrays[key]).max())), 32),
              lambda name=key.split("/")[1]: both(name))
        for key, how in said.how.items() if key.startswith("functions/") and key != "functions/points"
    ]  # fmt: skip


def operations() -> list[Entry]:
    """Value and way back of operations whose geometry is easily got wrong."""
    said = results("torch")
    image, kernel = (said.arrays[f"operations/{k}"] for k in ("image", "kernel"))
    made: dict[str, tuple[str, Callable[[Node], Node]]] = {
        "convolution": (
            "x ⋆ w, stride (2, 1), border (1, 2), dilation (1, 2), 2 groups",
            lambda x: ops.convolution(x, kernel, None, (2, 1), (1, 2), (1, 2), 2),
        ),
        "max_pool": ("max over windows (3, 2), steps (2, 1)", lambda x: ops.max_pool(x, (3, 2), (2, 1))),
        "average_pool": ("mean over windows (3, 2), steps (2, 1)", lambda x: ops.average_pool(x, (3, 2), (2, 1))),
        "upsample": ("bilinear, 7 × 6 to 11 × 9", lambda x: ops.upsample(x, (11, 9))),
        "softmax": ("exp z / Σ exp z over channels", lambda x: ops.softmax(x)),
    }

    def value(op: Callable[[Node], Node]) -> Array:
        return op(Node(image)).value

    def vjp(op: Callable[[Node], Node], name: str) -> Array:
        x = Node(image)
        return backward(op(x), GRADIENT, said.arrays[f"operations/{name}.seed"], keep=[x])[x]

    found = []
    for name, (claim, op) in made.items():
        for suffix, about, ask in (
            ("", f"y = {claim}", lambda op=op: value(op)),
            (".vjp", f"s·∂y/∂x, y = {claim}", lambda op=op, name=name: vjp(op, name)),
        ):
            key = f"operations/{name}{suffix}"
            tolerance = rounded(8, 128)
            found.append(Entry(f"operations.{name}{suffix}.torch", about, TORCH, said.how[key], said.arrays[key],
                               tolerance, ask))  # fmt: skip
    return found


def captum() -> list[Entry]:
    said, found = results("captum"), list[Entry]()
    for name, what in asked_about(CAPTUM):
        if name == "faults" or what in ("groups", "size", "fault.adjacent"):
            continue
        tolerance = in_float64(name, what, CAPTUM)
        ask: Ask | None = None
        claim = ""
        if what.startswith("integrated_gradients"):
            slope = float(said.arrays[f"{name}/size"])
            more = slope * 2.0**-23
            tolerance = Tolerance(
                tolerance.size + more,
                f"captum rounds nodes and weights to float32, 2^-23 of terms up to {slope:.3g}; else {tolerance.reason}",
            )
        elif what == "occlusion":
            scores = size(name)
            tolerance = Tolerance(16 * 2.0**-24 * scores, f"captum adds up in float32: 16 roundings by 2^-24 of {scores:.3g}")
        elif what == "feature_ablation.groups":
            claim = "f₁(x) − f₁(x, x_G = x'_G), five groups G"
            ask = lambda n, g=said.arrays[f"{name}/groups"]: feature_ablation(  # noqa: E731
                n.model, n.x, 1, baseline=n.background[0], groups=g
            )
        elif what == "shapley_values":
            claim = "Shapley over all orders of five groups, f₁"
            ask = lambda n, g=said.arrays[f"{name}/groups"]: shapley_values(  # noqa: E731
                n.model, n.x, 1, baseline=n.background[0], players=g
            )
            scores = 2 * size(name)
            tolerance = Tolerance(120 * 2.0**-24 * scores, f"captum adds up 120 orders in float32, 2^-24 of {scores:.3g} each")
        found.append(frozen(name, what, CAPTUM, tolerance, ask, claim))
    return found


def shap() -> list[Entry]:
    said, found = results("shap"), list[Entry]()

    def explained(n: Frozen) -> Array:
        return DeepExplainer(n.model, n.background).shap_values(n.x)  # type: ignore[return-value]

    def sampled(n: Frozen) -> Any:
        explainer = GradientExplainer(n.model.astype(np.float32), n.background)
        return explainer.shap_values(n.x, nsamples=SAMPLES, rseed=SEED)

    others: dict[str, tuple[str, Ask]] = {
        "deep_shap": ("mean over x' of m·(x − x'), every output", explained),
        "expected_value": ("mean over x' of f(x')", lambda n: DeepExplainer(n.model, n.background).expected_value),
        "expected_gradients": ("mean of (x − x')·∇f at shap's own 25 draws, every output", sampled),
        "shapley_values": (
            "Shapley over all coalitions, mean over x', f₁",
            lambda n: shapley_values(n.model, n.x, 1, background=n.background),
        ),
    }
    for name, what in asked_about(SHAP):
        if name in ("faults", "stream"):
            continue
        tolerance = in_float64(name, what, SHAP)
        if what == "expected_gradients":
            tolerance = summed(network(name).model, size(name, said.arrays[f"{name}/{what}"]), np.float32)
        claim, ask = others.get(what, ("", None))
        found.append(frozen(name, what, SHAP, tolerance, ask, claim))
    return [*found, stream()]


def stream() -> Entry:
    """The points at which shap asks for slopes tell its draws: x' + α (x − x'), of two inputs and four references."""
    said = results("shap")
    background, x = np.array([[0.0, 1], [10, 1], [20, 1], [30, 1]]), np.array([[40.0, 2], [40, 3]])

    def points() -> Array:
        from minixai.methods.dialects import shap_draws

        i, k = np.divmod(np.arange(12), 6)
        r, alpha, _ = shap_draws(SEED, 4, None)(i, k)
        return background[r] + alpha[:, None] * (x[i] - background[r])

    return Entry("stream.expected_gradients.shap", "x' + α(x − x') for shap's draws: RandomState(3), choice(4), uniform()",
                 SHAP, said.how["stream/points"], said.arrays["stream/points"],
                 Tolerance(4 * 2.0**-24 * 40, "four roundings by 2^-24 of numbers up to 40: shap keeps points in float32"),
                 points)  # fmt: skip


def zennit() -> list[Entry]:
    found = []
    for name, what in asked_about(ZENNIT):
        tolerance = in_float64(name, what, ZENNIT)
        more = Tolerance(
            tolerance.size + 1e-9,
            "zennit keeps 1e-12 beside the sums of an average pool, and z/(z + ε) is 1e-9 exact for sums above .001; "
            f"else {tolerance.reason}",
        )
        found.append(frozen(name, what, ZENNIT, more))
    return found


def deeplift() -> list[Entry]:
    said, found = results("deeplift"), list[Entry]()
    for name, what in asked_about(DEEPLIFT):
        if not what.startswith("deep_lift"):
            continue
        values = said.arrays[f"{name}/{what}"]
        tolerance = summed(network(name).model, size(name, values), np.float32)
        # the row that is left out is among its faults
        ask = lambda n, what=what, rows=len(values): np.asarray(ASKED[what][1](n))[:rows]  # noqa: E731
        found.append(frozen(name, what, DEEPLIFT, tolerance, ask))
    largest = lambda x: ops.max(x, 1)  # noqa: E731
    for what, x, reference in (
        ("both-moved", (3.0, 1.0), (0.0, 2.0)),
        ("fell", (1.0, 1.5), (0.0, 2.0)),
        ("from-zero", (3.0, 1.0), (0.0, 0.0)),
        ("rose", (3.0, 2.0), (1.0, 2.0)),
    ):
        key = f"pool/{what}"
        ask = lambda x=x, b=reference: deep_lift(largest, [list(x)], baseline=list(b), pool="gradient").values[0]  # noqa: E731
        found.append(Entry(f"pool.deep_lift.gradient.{what}.deeplift", f"max{short(x)} from max{short(reference)}: the winner's own Δx",
                           DEEPLIFT, said.how[key], said.arrays[key], rounded(4), ask))  # fmt: skip
    return found

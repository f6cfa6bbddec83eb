"""Known faults of the libraries: how far their results are off, and that those of minixai are not.

An entry holds two columns of errors, (theirs − truth, ours − truth).  The library's result is frozen; the truth
follows from the mathematics: a sum that must hold, or a value worked by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from minixai import ops, toys
from minixai.arrays import Array, row_sums
from minixai.attribution import Attribution
from minixai.graph import Node, backward
from minixai.methods import GradientExplainer, deep_lift, deep_shap, guided_backprop, integrated_gradients, lrp
from minixai.model import Network
from minixai.ops import Elementwise
from minixai.ops.normalisation import moments
from minixai.references.entry import Entry, Tolerance, model_rounding, printed, rounded
from minixai.references.frozen import load_network, load_results
from minixai.references.sources import CAPTUM, FAULTS, ZENNIT
from minixai.rules import GRADIENT, RESCALE

ORIGIN = [[0.0, 0.0]]


def entries() -> list[Entry]:
    return [
        *quadrature_faults(), *rule_faults(), *softmax_faults(), *adjacent_pool_faults(), *variance_faults(),
        *float32_faults(), *flat_mean_faults(), *flat_reference_faults(), *detached_score_faults(), *kink_faults(),
        *batch_norm_claims(),
    ]  # fmt: skip


def fault_entry(
    id: str,
    claim: str,
    theirs: tuple[str, str],
    truth: npt.ArrayLike,
    off: npt.ArrayLike,
    tolerance: Tolerance,
    ours: Callable[[], Any],
    part: Callable[[npt.ArrayLike], Any] = np.ravel,
    file: str | None = None,
) -> Entry:
    """An entry that claims the library's result to be off by `off`, and that of minixai to be right.

    theirs   (library, key of the array in the library's file, or in `file`)
    truth    the right value
    part     a function that takes from a result what the truth is about
    """
    library, key = theirs
    frozen, right = load_results(file or library), np.ravel(truth)

    def errors() -> Any:
        return [np.ravel(part(values)) - right for values in (frozen.arrays[key], ours())]

    expected = [np.ravel(off), np.zeros_like(right, np.float64)]
    return Entry(f"{id}.{library}", claim, FAULTS, frozen.how[key], expected, tolerance, errors)


def quadrature_faults() -> list[Entry]:
    f32 = Tolerance(3 * 2.0**-23, "captum rounds weights to float32: 2^-23 of a sum up to 3")
    rows: list[tuple[str, str, Callable[[Node], Node], float, float]] = [
        ("line", "f = 3x at 1: 2.94 for 3, the weights sum to 49/50", lambda x: 3 * x[:, 0], 1.0, 3.0),
        ("square", "f = x² at 1: .98 for 1", lambda x: x[:, 0] ** 2, 1.0, 1.0),
        ("kink", "f = 1 − relu(1 − x) at 2: .98 for 1", toys.one_minus_relu, 2.0, 1.0),
    ]
    return [
        fault_entry(f"trapezoid.integrated_gradients.{name}", claim,
              ("captum", f"faults/trapezoid.{name}"), truth, -truth / 50, f32,
              partial(integrated_gradients, f, [[x]], quadrature="trapezoid"))
        for name, claim, f, x, truth in rows
    ]  # fmt: skip


def rule_faults() -> list[Entry]:
    """Operations without a rule, and sums that are overwritten."""
    relu, image = ops.relu, np.array([1.0, 5.0, 2.0]).reshape(1, 1, 3, 1)

    def sliding(x: Node) -> Node:
        return ops.max_pool(x, (1, 2), 1).sum()

    def twice(x: Node) -> Node:
        return relu(x[:, 0] * 2 - 1) + 3 * relu(1 - x[:, 1] * 2)

    return [
        *(fault_entry("overlap.deep_lift", "max(1, 5) + max(5, 2): (0, 5, 0) for (0, 10, 0), unpooling assigns",
                (library, "faults/overlap"), [0, 10, 0], [0, -5, 0], rounded(10), lambda: deep_lift(sliding, image))
          for library in ("captum", "shap")),
        fault_entry("product.deep_lift", "x1·x2 at (2, 3): (6, 6) for (3, 3), the gradient at x",
              ("captum", "faults/product"), [3, 3], [3, 3], rounded(6), lambda: deep_lift(toys.product, [[2.0, 3.0]])),
        fault_entry("product.deep_shap", "x1·x2 at (2, 3): (0, 0) for (3, 3), the gradient at x'",
              ("shap", "faults/product"), [3, 3], [-3, -3], rounded(6),
              lambda: deep_shap(toys.product, [[2.0, 3.0]], background=ORIGIN)),
        fault_entry("twice.deep_shap", "one ReLU called twice: (3, 4.2) for (2, 4.2), the second call's chord",
              ("shap", "faults/twice"), [2, 4.2], [1, 0], rounded(10),
              lambda: deep_shap(twice, [[1.5, -0.7]], background=ORIGIN)),
    ]  # fmt: skip


def softmax_faults() -> list[Entry]:
    """p₁ of softmax(Wx) rises by .3890 from 0 to (1, 2): captum's sum misses it, and depends on the batch."""
    w, x = np.array([[1, 0.5], [-1, 2], [0.3, -0.7]]), [[1.0, 2.0], [-2.0, 0.5]]
    p = np.exp(w @ x[0])
    gained = p[1] / p.sum() - 1 / 3

    def attributed(rows: int) -> Any:
        return deep_lift(lambda x: ops.softmax(x @ w.T), x[:rows], 1).values[:1]

    return [
        fault_entry("softmax.deep_lift.alone", "Σφ of p₁ misses p₁ − 1/3 by −.1686",
              ("captum", "faults/softmax.alone"), gained, -0.1686, printed(4), partial(attributed, 1), np.sum),
        fault_entry("softmax.deep_lift.batch", "beside (−2, .5) by −.2228",
              ("captum", "faults/softmax.batch"), gained, -0.2228, printed(4), partial(attributed, 2), np.sum),
    ]  # fmt: skip


def adjacent_pool_faults() -> list[Entry]:
    """captum's issue 1104: a ReLU next to a max-pool."""
    _, model, x, background, _ = load_network("conv")
    moved = (model.scores(x) - model.scores(background[:1]))[:, 1]
    return [
        fault_entry("conv.deep_lift.adjacent", "ReLU, max-pool: Σφ misses f(x) − f(x') by .67, .33 and .06",
              ("captum", "conv/fault.adjacent"), moved, [-0.6740, -0.3266, -0.0647], printed(4),
              lambda: deep_lift(model, x, 1, baseline=background[0]), lambda values: row_sums(np.asarray(values)))
    ]  # fmt: skip


def variance_faults() -> list[Entry]:
    """shap's "variances" are var/√n; of a mean of n draws the variance is var/n."""
    n, weights = 64, np.array([[1.0, 3.0], [2.0, -1.0]])
    background = np.array([[0.0, 0.0], [1.0, 2.0], [-1.0, 0.5]], np.float32)
    rng = np.random.RandomState(3)
    drawn = np.array([(rng.choice(3), rng.uniform()) for _ in range(n)])[:, 0].astype(int)
    variance = ((1 - background.astype(float)[drawn]) * weights[:, 0]).var(axis=0)

    def ours() -> Any:
        explainer = GradientExplainer(lambda x: x @ weights, background)
        _, variances = explainer.shap_values(np.ones((1, 2), np.float32), n, rseed=3, return_variances=True)
        return variances[0, :, 0] * (n - 1) / n  # s² has n − 1 below

    each = "64 draws added up in float32, 2^-24 of their variance each"
    return [
        fault_entry("variances.expected_gradients", "var/√n for var/n: eight times the variance of a mean of 64",
              ("shap", "faults/variances"), variance / n, variance / n * 7,
              Tolerance(n * 2.0**-24 * float(variance.max()), each), ours)
    ]  # fmt: skip


def float32_faults() -> list[Entry]:
    """Thresholds and pseudocounts that are too small for float32."""
    x, base = np.array([[1.7, 0.7]], np.float32), np.array([[1.3, 0.3]], np.float32)
    slope = 1 / (1 + np.exp(-1.0)) / (1 + np.exp(1.0)) * 0.4
    _, model, rows, background, _ = load_network("dense")
    right = load_results("deeplift").arrays["dense/port.pseudocount"]
    return [
        fault_entry("sigmoid.deep_lift.float32", "σ(x1 − x2), Δ(x1 − x2) = 6e-8: (0, 0) for ±.0786, an eps of 1e-10",
              ("captum", "faults/float32"), [slope, -slope], [-slope, slope],
              Tolerance(4 * 2.0**-24, "four roundings by 2^-24 of numbers up to 1"),
              lambda: deep_lift(lambda x: ops.sigmoid(x[:, 0] - x[:, 1]), x, baseline=base)),
        fault_entry("dense.reveal_cancel.pseudocount",
              "(f(1e-7) − f(0))/1e-7 in float32 is .596 for ½: off by up to .0149",
              ("deeplift", "dense/fault.pseudocount"), right, [0.0043, 0.0018, -0.0005, -0.0149, 0.0142, -0.0050],
              Tolerance(0.5e-4, "theirs printed to 4 decimals; in float64 a pseudocount of 1e-7 moves ours by 1e-7"),
              lambda: deep_lift(model, rows[2:], 1, baseline=background[0], rule="reveal-cancel")),
    ]  # fmt: skip


# -- long sums in float32, and ties -------------------------------------------------------------------

COLOUR = np.float32(0.3)
"""The colour of every pixel of the flat image."""


def flat_image() -> Array:
    """An image (1, 1500, 1500, 3) of one colour, float32."""
    return np.full((1, 1500, 1500, 3), COLOUR)


def mean_of_flat_image() -> Array:
    """The mean of each channel of the flat image, (1, 3), by minixai."""
    return ops.global_average_pool(Node(flat_image())).value


def flat_mean_faults() -> list[Entry]:
    """Means over 1500² pixels of a channels-last image, where libraries add one number after another in float32."""
    colour, frozen = np.full(3, COLOUR, np.float64), load_results("rounding-sums")
    once = Tolerance(2.0**-26, "a mean of .3 that is rounded once, by 2^-24 of numbers up to 1/4 beside it")
    pairs = Tolerance(22 * 2.0**-26, "PyTorch adds pairwise: 22 levels, each rounded by 2^-24 of numbers up to 1/4")
    rows: list[tuple[str, str, float, Callable[[], Any]]] = [
        ("numpy.mean", "x.mean(axis=(1, 2)) of a flat .3 at 1500²: .3067, off by 2 %", 0.00674295, mean_of_flat_image),
        ("torch.avg_pool2d", "avg_pool2d of a flat .3 at 1500²: .3067, off by 2 %", 0.00674295, mean_of_flat_image),
        (
            "torch.batch_norm",
            "the mean of a flat batch of .3, 1500²: .3010",
            0.00098592,
            lambda: moments(flat_image())[0],
        ),
    ]
    return [
        *(fault_entry(f"flat.{name}", claim, ("rounding-sums", f"flat/{name}"), colour, np.full(3, off), once, ours)
          for name, claim, off, ours in rows),
        Entry("flat.torch.mean.rounding-sums", "x.mean((1, 2)) of a flat .3 at 1500²: PyTorch is right to 2e-7",
              FAULTS, frozen.how["flat/torch.mean"], frozen.arrays["flat/torch.mean"], pairs, mean_of_flat_image),
    ]  # fmt: skip


def flat_reference_faults() -> list[Entry]:
    """Maxima over a reference of one colour: the largest entry of the image gets the contribution, not the first."""
    x = np.reshape([1.0, 2.0, 2.0, 1.0, 4.0, 5.0], (1, 1, 6, 1))
    once = Tolerance(2.0**-50, "differences of whole numbers, divided once")
    claim = "at max(1, 2) + max(2, 1) + max(4, 5) from 3: of equals in the reference the first counts"
    return [
        fault_entry("flat.max-pool", f"{name} {claim}", (name, f"flat/{name}"),
              [0, -1, -1, 0, 0, 2], [-1, 1, 0, 0, 0, 0], once,
              lambda: deep_lift(lambda h: ops.max_pool(h, (1, 2)).sum(), x, baseline=3.0), file="ties")
        for name in ("captum", "shap")
    ]  # fmt: skip


# -- a score that is computed in part outside the graph -----------------------------------------------

X, ZERO, RISE = np.array([[1.0, 2.0, 3.0]]), np.zeros((1, 3)), 11.0
"""g = Σx + Σ clip(x, 0, 2) rises by 11 from 0 to x; with the second sum of a detached array, the graph accounts for 6.

captum's convergence delta shows it, if one asks.  shap's additivity check shows it, and blames rounding or an operator
that it does not know.
"""
FLOAT32 = Tolerance(RISE * 2.0**-23, f"captum rounds weights to float32: 2^-23 of a sum up to {RISE:g}")


def partly_detached_sum(x: Node) -> Node:
    """Σx + Σ clip(x, 0, 2), whose second sum is computed outside the graph."""
    return x.sum() + Node(np.clip(x.value, 0, 2)).sum()


def attached_sum(x: Node) -> Node:
    """Σx + Σ clip(x, 0, 2), all of it in the graph."""
    return x.sum() + (ops.relu(x) - ops.relu(x - 2)).sum()


def detached_score_faults() -> list[Entry]:
    # x3 passes its kink at 2/3 of the path, after 20 of 30 midpoints: the sum is exact
    rows: list[tuple[str, str, bool, str, Callable[[Network], Attribution]]] = [
        ("captum", "deep_lift", False, "faults/detached.deep_lift", lambda f: deep_lift(f, X)),
        ("captum", "integrated_gradients", False, "faults/detached.integrated_gradients",
         lambda f: integrated_gradients(f, X, steps=30, quadrature="midpoint")),
        ("shap", "deep_shap", True, "faults/detached", lambda f: deep_shap(f, X, background=ZERO)),
    ]  # fmt: skip
    return [*(detached_score_entry(*row) for row in rows), convergence_delta_entry()]


def detached_score_entry(
    library: str, method: str, refuses: bool, key: str, ours: Callable[[Network], Attribution]
) -> Entry:
    """An entry on (Σφ − Δg, whether the default call raises), of the library and of minixai.

    minixai raises; its Σφ is that of the function whose node is no longer detached.
    """
    frozen = load_results(library)

    def both() -> Any:
        return [
            [float(frozen.arrays[key].sum()) - RISE, float(frozen.arrays.get(f"{key}.refused", False))],
            [float(ours(attached_sum).values.sum()) - RISE, float(error_names_detached_node(ours))],
        ]

    how = "an error that blames rounding or an unknown operator" if refuses else "in silence unless delta is asked"
    return Entry(f"detached.{method}.{library}",
                 f"Σx + Σclip(x.detach(), 0, 2): Σφ is 6 of 11, {how}; ours names the node",
                 FAULTS, frozen.how[key], [[-5.0, float(refuses)], [0.0, 1.0]],
                 FLOAT32 if library == "captum" else rounded(RISE), both)  # fmt: skip


def error_names_detached_node(ours: Callable[[Network], Attribution]) -> bool:
    """Whether the method raises for the detached function, and names the node that left the graph."""
    try:
        ours(partly_detached_sum)
    except ValueError as problem:
        return "a node of shape (1, 3) that is not the input" in str(problem)
    return False


def convergence_delta_entry() -> Entry:
    """captum's convergence delta, Σφ − (g(x) − g(x')), each g from a separate pass, shows the missing sum."""
    frozen = load_results("captum")
    keys = [f"faults/detached.{method}.delta" for method in ("integrated_gradients", "deep_lift")]

    def deltas() -> list[float]:
        x = Node(X, ZERO)
        y = partly_detached_sum(x)
        rise = float((y.value - partly_detached_sum(Node(ZERO)).value)[0])
        return [float((backward(y, rules, keep=[x])[x] * x.delta).sum()) - rise for rules in (GRADIENT, RESCALE)]

    theirs = np.concatenate([frozen.arrays[key] for key in keys])
    return Entry("detached.delta.captum", "Σφ − (g(x) − g(x')) = −5 by IG and by Rescale, g by passes of its own",
                 CAPTUM, frozen.how[keys[0]], theirs, FLOAT32, deltas)  # fmt: skip


# -- kinks away from 0, other ReLUs, batch normalisation ----------------------------------------------


class Relu6(Elementwise):
    """min(max(x, 0), 6), as a user writes it."""

    rectifies = True

    def forward(self, x: Any) -> Any:
        return np.clip(x, 0, 6)

    def slope(self, x: Any) -> Any:
        return ((x > 0) & (x < 6)).astype(x.dtype)


def kink_faults() -> list[Entry]:
    relu6, relu = Relu6(), ops.relu
    return [
        fault_entry("relu6.deep_lift",
              "Σ relu6(x) at (6.01, 8) from (5.99, 0): (0, 0) for (.01, 6), a slope beyond the kink",
              ("captum", "relu6/captum"), [0.01, 6], [-0.01, -6], rounded(6),
              lambda: deep_lift(lambda x: relu6(x).sum(), [[6.01, 8.0]], baseline=[5.99, 0.0]), file="kinks"),
        fault_entry("short.deep_shap",
              "Σ relu(x) at (3e-7, 3e-6) from (−6e-7, −6e-6): (0, 3e-6) for (3e-7, 3e-6), a threshold of 1e-6",
              ("shap", "short/shap"), [3e-7, 3e-6], [-3e-7, 0], rounded(1e-5),
              lambda: deep_shap(lambda x: relu(x).sum(), [[3e-7, 3e-6]], background=[[-6e-7, -6e-6]]), file="kinks"),
        fault_entry("relu6.guided_backprop",
              "relu6(x1) − relu6(x2) at (2, 3): (1, −1) for (1, 0), the plain gradient without a word",
              ("captum", "guided/captum"), [1, 0], [0, -1], rounded(1),
              lambda: guided_backprop(lambda x: relu6(x[:, 0]) - relu6(x[:, 1]), [[2.0, 3.0]]), file="kinks"),
    ]  # fmt: skip


def batch_norm_claims() -> list[Entry]:
    """LRP through the layers "a", "b" and "norm" of the network "residual" in a row, against zennit."""
    frozen, (_, model, x, _, _) = load_results("kinks"), load_network("residual")
    weights = model.weights

    def total(x: Node) -> Node:
        h = ops.relu(ops.convolution(x, weights["a/kernel"], weights["a/bias"]))
        h = ops.convolution(h, weights["b/kernel"], weights["b/bias"], padding=1)
        scale = weights["norm/gamma"] / np.sqrt(weights["norm/variance"] + 1e-3)
        h = ops.relu(h * scale + (weights["norm/beta"] - weights["norm/mean"] * scale))
        return h.flatten() @ np.ones((100, 1))

    rows: list[tuple[str, str, dict[str, Any]]] = [
        ("gamma", "γ", {"rule": "gamma", "gamma": 0.25, "epsilon": 1e-6}),
        ("epsilon", "ε", {"epsilon": 0.25}),
    ]
    return [
        Entry(f"norm.lrp.{rule}.zennit", f"LRP-{sign} through batch normalisation, folded into its convolution",
              ZENNIT, frozen.how[key], theirs, model_rounding(model, float(abs(theirs).max()), more=100),
              partial(lrp, total, x, **options))
        for rule, sign, options in rows
        for key, theirs in [(f"norm/zennit.{rule}", frozen.arrays[f"norm/zennit.{rule}"])]
    ]  # fmt: skip

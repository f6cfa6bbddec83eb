"""Integrals and means: quadratures with their error terms, and methods that draw lots, within four standard errors."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from scipy import special

from minixai import ops, toys
from minixai.graph import Node
from minixai.methods import (
    DeepExplainer,
    deep_shap,
    expected_gradients,
    gradient,
    integrated_gradients,
    shapley_values,
    smooth_grad,
)
from minixai.methods.smoothing import spread
from minixai.references.entry import Entry, Tolerance, exact, number, printed, rounded
from minixai.references.sources import ARTICLE, LUNDBERG, QUADRATURE, SMILKOV, SUNDARARAJAN

Function = Callable[[Node], Node]
FIVE = [[0.3, 0.4, -1.0], [1.0, -0.5, 0.2], [-0.7, 0.9, 1.1], [0.0, 0.0, 0.0], [2.0, 1.5, -0.4]]
X3, B3 = [[1.5, -2.0, 0.7]], [0.3, 0.4, -1.0]
MULTILINEAR = "x1x2 + 2x1x2x3 − 3x3 + x2x3"


def power(k: int) -> Function:
    """x^k of the only column."""

    def f(x: Node) -> Node:
        y = x[:, 0]
        for _ in range(k - 1):
            y = y * x[:, 0]
        return y

    return f


def along(function: Function, x: float, steps: int, quadrature: str) -> Any:
    """The integrated gradient of a function of one number, from 0."""
    return integrated_gradients(function, [[x]], steps=steps, quadrature=quadrature).values[0, 0]


def four(standard_error: float) -> Tolerance:
    """Four standard errors of a mean of so many draws."""
    return Tolerance(4 * standard_error, f"4 standard errors, each {standard_error:.3g} by the law of the draws")


def entries() -> list[Entry]:
    return [*quadratures(), *kinks(), *multilinear(), *backgrounds(), *smoothed()]


def quadratures() -> list[Entry]:
    """What each quadrature makes of a polynomial, by its error term."""
    rows: list[tuple[str, int, int, float, str]] = [
        # quadrature, power, nodes, the integral of k α^(k−1), how it is known
        ("left", 2, 50, 0.98, "1 − 1/n"),
        ("right", 2, 50, 1.02, "1 + 1/n"),
        ("right", 2, 20, 1.05, "1 + 1/n, which is zennit's default"),
        ("midpoint", 2, 50, 1.0, "exact for lines"),
        ("gauss-legendre", 2, 50, 1.0, "exact up to degree 2n − 1"),
        ("trapezoid", 2, 50, 1.0, "exact for lines, where its weights sum to 1"),
        ("midpoint", 3, 10, 1 - 1 / 400, "1 − 1/(4n²)"),
        ("midpoint", 3, 20, 1 - 1 / 1600, "1 − 1/(4n²): a fourth of the error at n = 10"),
        ("trapezoid", 3, 11, 1 + 1 / 200, "1 + 1/(2(n − 1)²)"),
        ("gauss-legendre", 3, 1, 1 - 1 / 4, "1 − 1/C(2n, n)²"),
        ("gauss-legendre", 5, 2, 1 - 1 / 36, "1 − 1/C(2n, n)²"),
        ("gauss-legendre", 7, 3, 1 - 1 / 400, "1 − 1/C(2n, n)²: not exact at 2n + 1"),
        ("gauss-legendre", 6, 3, 1.0, "exact for f of degree 2n along the path"),
        ("gauss-legendre", 10, 5, 1.0, "exact for f of degree 2n along the path"),
        ("gauss-legendre", 11, 5, 1 - 1 / 252**2, "1 − 1/C(2n, n)²"),
    ]
    found = [
        Entry(
            f"x^{k}.integrated_gradients.{quadrature}@{n}",
            f"IG of x^{k} at 1 by {n} {quadrature} nodes is {why}",
            QUADRATURE,
            "error term",
            expected,
            rounded(max(1, k), 16 * n),
            partial(along, power(k), 1.0, n, quadrature),
        )
        for quadrature, k, n, expected, why in rows
    ]
    found += [
        Entry(
            f"3x.integrated_gradients.{quadrature}",
            f"IG of 3x at 1 by 50 {quadrature} nodes is 3: the weights sum to 1",
            QUADRATURE,
            "weights",
            3.0,
            rounded(3, 256),
            partial(along, lambda x: 3 * x[:, 0], 1.0, 50, quadrature),
        )
        for quadrature in ("gauss-legendre", "left", "right", "midpoint", "trapezoid")
    ]
    return found


def kinks() -> list[Entry]:
    """On a kink no order is promised: the last cell is right or wrong."""
    saturated, flat = toys.saturation, toys.one_minus_relu
    rows: list[tuple[str, str, Any, Tolerance, Callable[[], Any]]] = [
        (
            "saturation.gauss@2,2",
            "50 Gauss nodes give saturation at (2, 2) .5226 each: a gap of 4.5 %",
            [[0.5226, 0.5226]],
            printed(4),
            lambda: integrated_gradients(saturated, [[2.0, 2.0]]),
        ),
        (
            "saturation.gauss@1,.25",
            "50 Gauss nodes give saturation at (1, .25) (.7914, .1979), not (.8, .2)",
            [[0.7914, 0.1979]],
            printed(4),
            lambda: integrated_gradients(saturated, [[1.0, 0.25]]),
        ),
        (
            "threshold.gauss@10.01",
            "50 Gauss nodes give relu(x − 10) at 10.01 .0146, not .01",
            [[0.0146]],
            printed(4),
            lambda: integrated_gradients(toys.threshold, [[10.01]]),
        ),
        (
            "saturation.integrated_gradients@1,.25",
            "IG of saturation at (1, .25) is (.8, .2), the kink between two cells",
            [[0.8, 0.2]],
            rounded(1),
            lambda: integrated_gradients(saturated, [[1.0, 0.25]], steps=10, quadrature="midpoint"),
        ),
        (
            "one-minus-relu.gauss@2",
            "50 Gauss nodes, 25 on each side of the kink, give 1 − relu(1 − x) at 2 its 1",
            1.0,
            rounded(2, 256),
            lambda: along(flat, 2.0, 50, "gauss-legendre"),
        ),
        (
            "one-minus-relu.left@20",
            "20 left nodes give 1 − relu(1 − x) at 2 2 · 10/20: at α = ½ relu' is 0",
            1.0,
            rounded(2),
            lambda: along(flat, 2.0, 20, "left"),
        ),
        (
            "one-minus-relu.right@20",
            "20 right nodes give 1 − relu(1 − x) at 2 2 · 9/20",
            0.9,
            rounded(2),
            lambda: along(flat, 2.0, 20, "right"),
        ),
    ]

    def missing(n: int) -> Any:
        return integrated_gradients(saturated, [[1.0, 0.25]], steps=n, quadrature="midpoint").gap

    found = [Entry(i, claim, SUNDARARAJAN, "§5, the number of steps", e, t, f) for i, claim, e, t, f in rows]
    for n, gap in ((2, 0.25), (16, 1 / 64), (256, 1 / 1024)):
        claim = f"{n} midpoints give saturation at (1, .25) a gap of {gap:g}: they put the kink into the next cell"
        found.append(
            Entry(
                f"saturation.gap@{n}",
                claim,
                QUADRATURE,
                "⌈.8n⌉/n · 1.25 − 1",
                [gap],
                rounded(1, 512),
                partial(missing, n),
            )
        )
    curve = lambda x: ops.sigmoid(8 * x[:, 0] - 3)  # noqa: E731
    moved = special.expit(5.0) - special.expit(-3.0)
    ends = np.linspace(0, 1, 20)[:, None]
    found += [
        Entry(
            "sigmoid.midpoint@20",
            "IG of σ(8t − 3) by 20 midpoints misses by .0003",
            QUADRATURE,
            "error term",
            0.0003,
            printed(4),
            lambda: abs(along(curve, 1.0, 20, "midpoint") - moved),
        ),
        Entry(
            "sigmoid.gradient@ends",
            "the mean gradient at i/(n − 1), both ends in full, misses by .0376",
            ARTICLE,
            "§2, as tf-explain and PAIR compute it",
            0.0376,
            printed(4),
            lambda: abs(gradient(curve, ends).values.mean() - moved),
        ),
        Entry(
            "saturation.mean_gradient@1,.25",
            "without (x − x') IG of saturation at (1, .25) is (.8, .8): no sum",
            ARTICLE,
            "§2, the formula as it is told",
            [[0.8, 0.8]],
            rounded(1),
            lambda: integrated_gradients(saturated, [[1.0, 0.25]], steps=10, quadrature="midpoint", multiply=False),
        ),
    ]
    return found


def multilinear() -> list[Entry]:
    """Where f is linear in each input by itself, the path and the orders agree."""
    expected, name = [[-1.488, -1.968, -9.724]], f"{MULTILINEAR} at (1.5, −2, .7) from (.3, .4, −1)"
    f = toys.multilinear

    def mean_over_five(method: Callable[..., Any], **options: Any) -> Any:
        return np.mean([method(f, X3, baseline=b, **options).values for b in FIVE], axis=0)

    return [
        Entry(
            "multilinear.integrated_gradients",
            f"IG of {name}, by 3 Gauss nodes",
            LUNDBERG,
            "multilinear f",
            expected,
            rounded(20, 128),
            lambda: integrated_gradients(f, X3, baseline=B3, steps=3),
        ),
        Entry(
            "multilinear.shapley_values",
            f"Shapley of {name}: the same",
            LUNDBERG,
            "multilinear f",
            expected,
            rounded(20, 128),
            lambda: shapley_values(f, X3, baseline=B3),
        ),
        Entry(
            "multilinear.background",
            "mean IG = Shapley over five references, for a multilinear f",
            LUNDBERG,
            "eq. 9–12",
            [[0.0, 0.0, 0.0]],
            rounded(20, 512),
            lambda: mean_over_five(integrated_gradients, steps=3) - shapley_values(f, X3, background=FIVE).values,
        ),
        Entry(
            "multilinear.mean_baseline",
            "Shapley over five references = the mean of Shapley from each",
            LUNDBERG,
            "eq. 9",
            [[0.0, 0.0, 0.0]],
            rounded(20, 512),
            lambda: mean_over_five(shapley_values) - shapley_values(f, X3, background=FIVE).values,
        ),
    ]


def backgrounds() -> list[Entry]:
    """Expected gradients within their standard error, DeepSHAP to rounding."""
    origin, two = [[0.0, 0.0]], [[0.0, 0.0], [1.0, 1.0]]

    def drawn(f: Function, x: list[list[float]], background: list[list[float]], samples: int) -> Any:
        return expected_gradients(f, x, background=background, samples=samples)

    # α₁x₁ · ∇ = α·2·3 is uniform in [0, 6]: σ = 6/√12
    return [
        Entry(
            "saturation.expected_gradients@1,1",
            "200 draws of 0 or 1, each as likely, have the mean ½",
            ARTICLE,
            "§4.1, 200 draws",
            [[0.5, 0.5]],
            four(0.5 / np.sqrt(200)),
            lambda: drawn(toys.saturation, [[1.0, 1.0]], origin, 200),
        ),
        Entry(
            "saturation.standard_error@1,1",
            "the standard error of 200 such draws is ½/√200 = .0354",
            ARTICLE,
            "§4.1, 200 draws",
            [[0.0354, 0.0354]],
            Tolerance(0.0015, "with the mean within 4 standard errors of ½, √(p(1 − p)/n) is at most 4.1 % smaller"),
            lambda: drawn(toys.saturation, [[1.0, 1.0]], origin, 200).standard_error,
        ),
        Entry(
            "product.expected_gradients@2,3",
            "expected gradients of x1·x2 at (2, 3) tend to IG, (3, 3)",
            LUNDBERG,
            "the limit",
            [[3.0, 3.0]],
            four(6 / np.sqrt(12 * 20_000)),
            lambda: drawn(toys.product, [[2.0, 3.0]], origin, 20_000),
        ),
        Entry(
            "minimum.expected_gradients@1,2",
            "and of min(1, 2) to IG, (1, 0), which is not Shapley's (½, ½)",
            ARTICLE,
            "§4.1",
            [[1.0, 0.0]],
            rounded(2, 256),
            lambda: drawn(toys.minimum, [[1.0, 2.0]], origin, 200),
        ),
        Entry(
            "saturation.deep_shap@1,.25",
            "DeepSHAP of saturation at (1, .25) over {(0, 0), (1, 1)} is (.4, .1)",
            LUNDBERG,
            "§4.2, by hand",
            [[0.4, 0.1]],
            rounded(1),
            lambda: deep_shap(toys.saturation, [[1.0, 0.25]], background=two),
        ),
        Entry(
            "saturation.expected_value",
            "and the expected value is ½",
            LUNDBERG,
            "§4.2, by hand",
            [0.5],
            exact(),
            lambda: DeepExplainer(toys.saturation, two).expected_value,
        ),
        Entry(
            "product.deep_shap@2,3",
            "DeepSHAP of x1·x2 at (2, 3) over {(0, 0), (1, 1)} is (2.5, 3)",
            LUNDBERG,
            "§4.2, by hand",
            [[2.5, 3.0]],
            rounded(3),
            lambda: deep_shap(toys.product, [[2.0, 3.0]], background=two),
        ),
        Entry(
            "minimum.deep_shap@1,2",
            "DeepSHAP is no Shapley value: min(1, 2) gets (1, 0)",
            LUNDBERG,
            "§4.2, by hand",
            [[1.0, 0.0]],
            rounded(2),
            lambda: deep_shap(toys.minimum, [[1.0, 2.0]], background=origin),
        ),
    ]


def smoothed() -> list[Entry]:
    """Gaussian means that are known: Φ for a ReLU, moments for powers."""
    n = 20_000

    def smooth(f: Function, x: float, sigma: float, **options: Any) -> Any:
        return smooth_grad(f, [[x]], sigma=sigma, samples=n, **options).values[0, 0]

    relu = lambda x: ops.relu(x[:, 0])  # noqa: E731
    found = []
    for x in (0.1, -0.1, 0.4):
        p = float(special.ndtr(x / 0.2))
        claim = f"SmoothGrad of relu at {x} with σ = .2 is Φ({x / 0.2:g}) = {p:.4f}"
        found.append(
            Entry(
                f"relu.smooth_grad@{number(x)}",
                claim,
                SMILKOV,
                "§2, by hand",
                p,
                four(np.sqrt(p * (1 - p) / n)),
                partial(smooth, relu, x, 0.2),
            )
        )
    return [
        *found,
        Entry(
            "square.smooth_grad",
            "SmoothGrad of x² at 3 with σ = 1 is 2x",
            SMILKOV,
            "§2, by hand",
            6.0,
            four(2 / np.sqrt(n)),
            lambda: smooth(power(2), 3.0, 1.0),
        ),
        Entry(
            "cube.smooth_grad",
            "SmoothGrad of x³ at 1 with σ = ½ is 3x² + 3σ²",
            SMILKOV,
            "§2, by hand",
            3.75,
            four(np.sqrt((36 * 0.25 + 18 * 0.0625) / n)),
            lambda: smooth(power(3), 1.0, 0.5),
        ),
        Entry(
            "square.smooth_grad.squared",
            "the mean of g² of x² at 3 with σ = 1 is 4x² + 4σ²",
            SMILKOV,
            "Hooker et al. 2019, by hand",
            40.0,
            four(np.sqrt(608 / n)),
            lambda: smooth(power(2), 3.0, 1.0, squared=True),
        ),
        Entry(
            "square.smooth_grad.variance",
            "VarGrad of x² at 3 with σ = 1 is 4σ²",
            SMILKOV,
            "Adebayo et al. 2018, by hand",
            4.0,
            four(4 * np.sqrt(2 / n)),
            lambda: smooth(power(2), 3.0, 1.0, variance=True),
        ),
        Entry(
            "smooth_grad.sigma",
            "noise of 10 % on an image in [.04, .98] is σ = .094",
            SMILKOV,
            "§3, noise level",
            [0.094],
            rounded(1),
            lambda: spread(np.array([[0.04, 0.5, 0.98]]), 0.1, None),
        ),
    ]

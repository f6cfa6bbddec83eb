"""Sampled methods: means over references and over noise, exact where they can be, else within four standard errors."""

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
    integrated_gradients,
    shapley_values,
    smooth_grad,
)
from minixai.methods.smooth_grad import noise_sigma
from minixai.references.entry import Entry, Tolerance, exact, format_number, rounded
from minixai.references.quadratures import power_function
from minixai.references.sources import ARTICLE, LUNDBERG, SMILKOV

Function = Callable[[Node], Node]
FIVE = [[0.3, 0.4, -1.0], [1.0, -0.5, 0.2], [-0.7, 0.9, 1.1], [0.0, 0.0, 0.0], [2.0, 1.5, -0.4]]
X3, B3 = [[1.5, -2.0, 0.7]], [0.3, 0.4, -1.0]
MULTILINEAR = "x1x2 + 2x1x2x3 − 3x3 + x2x3"


def four_standard_errors(standard_error: float) -> Tolerance:
    """Four standard errors of a mean of random draws."""
    return Tolerance(4 * float(standard_error), f"4 standard errors, each {standard_error:.3g} by the law of the draws")


def entries() -> list[Entry]:
    return [*multilinear_claims(), *background_claims(), *smooth_grad_claims()]


def multilinear_claims() -> list[Entry]:
    """IG and Shapley values agree where f is linear in each input by itself."""
    expected, name = [[-1.488, -1.968, -9.724]], f"{MULTILINEAR} at (1.5, −2, .7) from (.3, .4, −1)"
    f = toys.multilinear

    def mean_over_five(method: Callable[..., Any], **options: Any) -> Any:
        return np.mean([method(f, X3, baseline=b, **options).values for b in FIVE], axis=0)

    return [
        Entry("multilinear.integrated_gradients", f"IG of {name}, by 3 Gauss nodes",
              LUNDBERG, "multilinear f", expected, rounded(20, 128),
              lambda: integrated_gradients(f, X3, baseline=B3, steps=3)),
        Entry("multilinear.shapley_values", f"Shapley of {name}: the same",
              LUNDBERG, "multilinear f", expected, rounded(20, 128), lambda: shapley_values(f, X3, baseline=B3)),
        Entry("multilinear.background", "mean IG = Shapley over five references, for a multilinear f",
              LUNDBERG, "eq. 9–12", [[0.0, 0.0, 0.0]], rounded(20, 512),
              lambda: mean_over_five(integrated_gradients, steps=3) - shapley_values(f, X3, background=FIVE).values),
        Entry("multilinear.mean_baseline", "Shapley over five references = the mean of Shapley from each",
              LUNDBERG, "eq. 9", [[0.0, 0.0, 0.0]], rounded(20, 512),
              lambda: mean_over_five(shapley_values) - shapley_values(f, X3, background=FIVE).values),
    ]  # fmt: skip


def background_claims() -> list[Entry]:
    """Means over a background: expected gradients within their standard error, DeepSHAP up to rounding."""
    origin, two = [[0.0, 0.0]], [[0.0, 0.0], [1.0, 1.0]]
    three = DeepExplainer(lambda x: x @ [[5.0, -9.0, 1.0]], [[0.0]])

    def drawn(f: Function, x: list[list[float]], background: list[list[float]], samples: int) -> Any:
        return expected_gradients(f, x, background=background, samples=samples)

    # α₁x₁ · ∇ = α·2·3 is uniform in [0, 6]: σ = 6/√12
    return [
        Entry("saturation.expected_gradients@1,1", "200 draws of 0 or 1, each as likely, have the mean ½",
              ARTICLE, "§4.1, 200 draws", [[0.5, 0.5]], four_standard_errors(0.5 / np.sqrt(200)),
              lambda: drawn(toys.saturation, [[1.0, 1.0]], origin, 200)),
        Entry("saturation.standard_error@1,1", "the standard error of 200 such draws is ½/√200 = .0354",
              ARTICLE, "§4.1, 200 draws", [[0.0354, 0.0354]],
              Tolerance(0.0015, "with the mean within 4 standard errors of ½, √(p(1 − p)/n) is at most 4.1 % smaller"),
              lambda: drawn(toys.saturation, [[1.0, 1.0]], origin, 200).standard_error),
        Entry("product.expected_gradients@2,3", "expected gradients of x1·x2 at (2, 3) tend to IG, (3, 3)",
              LUNDBERG, "the limit", [[3.0, 3.0]], four_standard_errors(6 / np.sqrt(12 * 20_000)),
              lambda: drawn(toys.product, [[2.0, 3.0]], origin, 20_000)),
        Entry("product.expected_gradients.two@2,3",  # 6α and 1 + 2α, each as likely: 6 + 13/6 − 2.5²
              "over {(0, 0), (1, 1)} they tend to the mean of IG's (3, 3) and (2, 3)",
              LUNDBERG, "the limit", [[2.5, 3.0]], four_standard_errors(np.sqrt(23 / 12 / 20_000)),
              lambda: drawn(toys.product, [[2.0, 3.0]], two, 20_000)),
        Entry("square.expected_gradients.smoothed@3",  # 2α x̃²: 4/3 · (3⁴ + 6 · 3² + 3) − 10²
              "of x² at 3 with a smoothing of 1 to the mean of x̃² = 3² + 1",
              LUNDBERG, "the limit, local_smoothing", [[10.0]], four_standard_errors(np.sqrt(84 / 20_000)),
              lambda: expected_gradients(power_function(2), [[3.0]], background=[[0.0]], samples=20_000,
                                         local_smoothing=1.0)),
        Entry("minimum.expected_gradients@1,2", "and of min(1, 2) to IG, (1, 0), which is not Shapley's (½, ½)",
              ARTICLE, "§4.1", [[1.0, 0.0]], rounded(2, 256), lambda: drawn(toys.minimum, [[1.0, 2.0]], origin, 200)),
        Entry("saturation.deep_shap@1,.25", "DeepSHAP of saturation at (1, .25) over {(0, 0), (1, 1)} is (.4, .1)",
              LUNDBERG, "§4.2, by hand", [[0.4, 0.1]], rounded(1),
              lambda: deep_shap(toys.saturation, [[1.0, 0.25]], background=two)),
        Entry("saturation.expected_value", "and the expected value is ½",
              LUNDBERG, "§4.2, by hand", [0.5], exact(), lambda: DeepExplainer(toys.saturation, two).expected_value),
        Entry("product.deep_shap@2,3", "DeepSHAP of x1·x2 at (2, 3) over {(0, 0), (1, 1)} is (2.5, 3)",
              LUNDBERG, "§4.2, by hand", [[2.5, 3.0]], rounded(3),
              lambda: deep_shap(toys.product, [[2.0, 3.0]], background=two)),
        Entry("ranked.deep_shap", "of outputs (5, −9, 1) by 'max' 5 comes first, by 'min' and 'max_abs' −9",
              LUNDBERG, "shap's output_rank_order", [[0, 2, 1], [1, 2, 0], [1, 0, 2]], exact(),
              lambda: [three.shap_values([[1.0]], 3, order)[1][0] for order in ("max", "min", "max_abs")]),
        Entry("minimum.deep_shap@1,2", "DeepSHAP is no Shapley value: min(1, 2) gets (1, 0)",
              LUNDBERG, "§4.2, by hand", [[1.0, 0.0]], rounded(2),
              lambda: deep_shap(toys.minimum, [[1.0, 2.0]], background=origin)),
    ]  # fmt: skip


def smooth_grad_claims() -> list[Entry]:
    """SmoothGrad where the Gaussian mean is known: Φ for a ReLU, moments for powers."""
    n = 20_000

    def smooth(f: Function, x: float, sigma: float, **options: Any) -> Any:
        return smooth_grad(f, [[x]], sigma=sigma, samples=n, **options).values[0, 0]

    variance = partial(smooth_grad, power_function(2), [[3.0]], sigma=1.0, samples=n, variance=True)
    relu = lambda x: ops.relu(x[:, 0])  # noqa: E731
    return [
        *(Entry(f"relu.smooth_grad@{format_number(x)}",
                f"SmoothGrad of relu at {x} with σ = .2 is Φ({x / 0.2:g}) = {p:.4f}",
                SMILKOV, "§2, by hand", p, four_standard_errors(np.sqrt(p * (1 - p) / n)),
                partial(smooth, relu, x, 0.2))
          for x in (0.1, -0.1, 0.4)
          for p in [float(special.ndtr(x / 0.2))]),
        Entry("square.smooth_grad", "SmoothGrad of x² at 3 with σ = 1 is 2x",
              SMILKOV, "§2, by hand", 6.0, four_standard_errors(2 / np.sqrt(n)),
              lambda: smooth(power_function(2), 3.0, 1.0)),
        Entry("cube.smooth_grad", "SmoothGrad of x³ at 1 with σ = ½ is 3x² + 3σ²",
              SMILKOV, "§2, by hand", 3.75, four_standard_errors(np.sqrt((36 * 0.25 + 18 * 0.0625) / n)),
              lambda: smooth(power_function(3), 1.0, 0.5)),
        Entry("square.smooth_grad.squared", "the mean of g² of x² at 3 with σ = 1 is 4x² + 4σ²",
              SMILKOV, "Hooker et al. 2019, by hand", 40.0, four_standard_errors(np.sqrt(608 / n)),
              lambda: smooth(power_function(2), 3.0, 1.0, squared=True)),
        Entry("square.smooth_grad.variance", "VarGrad of x² at 3 with σ = 1 is 4σ²",
              SMILKOV, "Adebayo et al. 2018, by hand", 4.0, four_standard_errors(4 * np.sqrt(2 / n)),
              lambda: smooth(power_function(2), 3.0, 1.0, variance=True)),
        Entry("square.smooth_grad.variance.error", "and its standard error √((μ₄ − μ₂²)/n) is 4√(2/n)",
              SMILKOV, "by hand", 4 * np.sqrt(2 / n),
              Tolerance(4 * np.sqrt(2 / n) * 7.5 / np.sqrt(n), "4 standard errors of √(μ₄ − μ₂²), each √(7/2n) of it"),
              lambda: np.asarray(variance().standard_error)[0, 0]),
        Entry("smooth_grad.sigma", "noise of 10 % on an image in [.04, .98] is σ = .094",
              SMILKOV, "§3, noise level", [0.094], rounded(1),
              lambda: noise_sigma(np.array([[0.04, 0.5, 0.98]]), 0.1, None)),
    ]  # fmt: skip

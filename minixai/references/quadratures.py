"""Integrated gradients by every quadrature: its error term on polynomials, and its error at a kink."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from scipy import special

from minixai import ops, toys
from minixai.graph import Node
from minixai.methods import gradient, integrated_gradients
from minixai.references.entry import Entry, Tolerance, printed, rounded
from minixai.references.sources import ARTICLE, QUADRATURE, SUNDARARAJAN

Function = Callable[[Node], Node]


def power_function(k: int) -> Function:
    """The function x^k of a single input."""

    def f(x: Node) -> Node:
        y = x[:, 0]
        for _ in range(k - 1):
            y = y * x[:, 0]
        return y

    return f


def path_integral(function: Function, x: float, steps: int, quadrature: str) -> Any:
    """The integrated gradient of a function of one number, from 0 to x."""
    return integrated_gradients(function, [[x]], steps=steps, quadrature=quadrature).values[0, 0]


def entries() -> list[Entry]:
    return [*quadrature_claims(), *kink_claims()]


def quadrature_claims() -> list[Entry]:
    """The error of each quadrature on a polynomial is its error term."""
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
    return [
        *(Entry(f"x^{k}.integrated_gradients.{quadrature}@{n}", f"IG of x^{k} at 1 by {n} {quadrature} nodes is {why}",
                QUADRATURE, "error term", expected, rounded(max(1, k), 16 * n),
                partial(path_integral, power_function(k), 1.0, n, quadrature))
          for quadrature, k, n, expected, why in rows),
        *(Entry(f"3x.integrated_gradients.{quadrature}",
                f"IG of 3x at 1 by 50 {quadrature} nodes is 3: the weights sum to 1",
                QUADRATURE, "weights", 3.0, rounded(3, 256),
                partial(path_integral, lambda x: 3 * x[:, 0], 1.0, 50, quadrature))
          for quadrature in ("gauss-legendre", "left", "right", "midpoint", "trapezoid")),
    ]  # fmt: skip


def kink_claims() -> list[Entry]:
    """At a kink the error depends on the cell that the kink falls into."""
    saturated, flat = toys.saturation, toys.one_minus_relu
    rows: list[tuple[str, str, Any, Tolerance, Callable[[], Any]]] = [
        ("saturation.gauss@2,2", "50 Gauss nodes give saturation at (2, 2) .5226 each: a gap of 4.5 %",
         [[0.5226, 0.5226]], printed(4), lambda: integrated_gradients(saturated, [[2.0, 2.0]])),
        ("saturation.gauss@1,.25", "50 Gauss nodes give saturation at (1, .25) (.7914, .1979), not (.8, .2)",
         [[0.7914, 0.1979]], printed(4), lambda: integrated_gradients(saturated, [[1.0, 0.25]])),
        ("threshold.gauss@10.01", "50 Gauss nodes give relu(x − 10) at 10.01 .0146, not .01",
         [[0.0146]], printed(4), lambda: integrated_gradients(toys.threshold, [[10.01]])),
        ("saturation.integrated_gradients@1,.25",
         "IG of saturation at (1, .25) is (.8, .2), the kink between two cells",
         [[0.8, 0.2]], rounded(1),
         lambda: integrated_gradients(saturated, [[1.0, 0.25]], steps=10, quadrature="midpoint")),
        ("one-minus-relu.gauss@2", "50 Gauss nodes, 25 on each side of the kink, give 1 − relu(1 − x) at 2 its 1",
         1.0, rounded(2, 256), lambda: path_integral(flat, 2.0, 50, "gauss-legendre")),
        ("one-minus-relu.left@20", "20 left nodes give 1 − relu(1 − x) at 2 2 · 10/20: at α = ½ relu' is 0",
         1.0, rounded(2), lambda: path_integral(flat, 2.0, 20, "left")),
        ("one-minus-relu.right@20", "20 right nodes give 1 − relu(1 − x) at 2 2 · 9/20",
         0.9, rounded(2), lambda: path_integral(flat, 2.0, 20, "right")),
    ]  # fmt: skip

    def gap_of(n: int) -> Any:
        return integrated_gradients(saturated, [[1.0, 0.25]], steps=n, quadrature="midpoint").gap

    curve = lambda x: ops.sigmoid(8 * x[:, 0] - 3)  # noqa: E731
    moved = special.expit(5.0) - special.expit(-3.0)
    ends = np.linspace(0, 1, 20)[:, None]
    return [
        *(Entry(i, claim, SUNDARARAJAN, "§5, the number of steps", e, t, f) for i, claim, e, t, f in rows),
        *(Entry(f"saturation.gap@{n}",
                f"{n} midpoints give saturation at (1, .25) a gap of {gap:g}: they put the kink into the next cell",
                QUADRATURE, "⌈.8n⌉/n · 1.25 − 1", [gap], rounded(1, 512), partial(gap_of, n))
          for n, gap in ((2, 0.25), (16, 1 / 64), (256, 1 / 1024))),
        Entry("sigmoid.midpoint@20", "IG of σ(8t − 3) by 20 midpoints misses by .0003",
              QUADRATURE, "error term", 0.0003, printed(4),
              lambda: abs(path_integral(curve, 1.0, 20, "midpoint") - moved)),
        Entry("sigmoid.gradient@ends", "the mean gradient at i/(n − 1), both ends in full, misses by .0376",
              ARTICLE, "§2, as tf-explain and PAIR compute it", 0.0376, printed(4),
              lambda: abs(gradient(curve, ends).values.mean() - moved)),
        Entry("saturation.mean_gradient@1,.25", "without (x − x') IG of saturation at (1, .25) is (.8, .8): no sum",
              ARTICLE, "§2, the formula as it is told", [[0.8, 0.8]], rounded(1),
              lambda: integrated_gradients(saturated, [[1.0, 0.25]], steps=10, quadrature="midpoint", multiply=False)),
    ]  # fmt: skip

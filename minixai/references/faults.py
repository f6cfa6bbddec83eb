"""Known faults of the libraries: by how much theirs is off, and that ours is not.

An entry holds two columns of errors, (theirs − truth, ours − truth).  Theirs is frozen, as the library gave it; the
truth follows from the mathematics: what must add up, or a value worked by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from minixai import ops, toys
from minixai.arrays import row_sums
from minixai.graph import Node
from minixai.methods import GradientExplainer, deep_lift, deep_shap, integrated_gradients
from minixai.references.entry import Entry, Tolerance, printed, rounded
from minixai.references.frozen import network, results
from minixai.references.sources import FAULTS

W = np.array([[1, 0.5], [-1, 2], [0.3, -0.7]])


def entries() -> list[Entry]:
    return [*quadrature(), *rules(), *softmaxes(), *sums(), *statistics(), *float32()]


def fault(
    id: str,
    claim: str,
    theirs: tuple[str, str],
    truth: npt.ArrayLike,
    off: npt.ArrayLike,
    tolerance: Tolerance,
    ours: Callable[[], Any],
    seen: Callable[[npt.ArrayLike], Any] = np.ravel,
    file: str | None = None,
) -> Entry:
    """Theirs is (library, array); `seen` is what of it the truth is about; they are off by `off`, and we by 0.

    The array is in the library's own file, or in another.
    """
    library, key = theirs
    said = results(file or library)
    right = np.ravel(truth)

    def both() -> Any:
        return [np.ravel(seen(said.arrays[key])) - right, np.ravel(seen(ours())) - right]

    expected = [np.ravel(off), np.zeros_like(right, np.float64)]
    return Entry(f"{id}.{library}", claim, FAULTS, said.how[key], expected, tolerance, both)


def quadrature() -> list[Entry]:
    f32 = Tolerance(3 * 2.0**-23, "captum rounds weights to float32: 2^-23 of a sum up to 3")
    rows: list[tuple[str, str, Callable[[Node], Node], float, float]] = [
        ("line", "f = 3x at 1: 2.94 for 3, the weights sum to 49/50", lambda x: 3 * x[:, 0], 1.0, 3.0),
        ("square", "f = x² at 1: .98 for 1", lambda x: x[:, 0] ** 2, 1.0, 1.0),
        ("kink", "f = 1 − relu(1 − x) at 2: .98 for 1", toys.one_minus_relu, 2.0, 1.0),
    ]
    return [
        fault(
            f"trapezoid.integrated_gradients.{what}",
            claim,
            ("captum", f"faults/trapezoid.{what}"),
            truth,
            -truth / 50,
            f32,
            partial(integrated_gradients, f, [[x]], quadrature="trapezoid"),
        )
        for what, claim, f, x, truth in rows
    ]


def rules() -> list[Entry]:
    """Rules that are missing, and sums that are overwritten."""
    sliding = lambda x: ops.max_pool(x, (1, 2), 1).sum()  # noqa: E731
    image = np.array([1.0, 5.0, 2.0]).reshape(1, 1, 3, 1)
    relu, origin = ops.relu, [[0.0, 0.0]]
    twice = lambda x: relu(x[:, 0] * 2 - 1) + 3 * relu(1 - x[:, 1] * 2)  # noqa: E731
    found = [
        fault(
            "overlap.deep_lift",
            "max(1, 5) + max(5, 2): (0, 5, 0) for (0, 10, 0), unpooling assigns",
            (library, "faults/overlap"),
            [0, 10, 0],
            [0, -5, 0],
            rounded(10),
            lambda: deep_lift(sliding, image),
        )
        for library in ("captum", "shap")
    ]
    found += [
        fault(
            "product.deep_lift",
            "x1·x2 at (2, 3): (6, 6) for (3, 3), the gradient at x",
            ("captum", "faults/product"),
            [3, 3],
            [3, 3],
            rounded(6),
            lambda: deep_lift(toys.product, [[2.0, 3.0]]),
        ),
        fault(
            "product.deep_shap",
            "x1·x2 at (2, 3): (0, 0) for (3, 3), the gradient at x'",
            ("shap", "faults/product"),
            [3, 3],
            [-3, -3],
            rounded(6),
            lambda: deep_shap(toys.product, [[2.0, 3.0]], background=origin),
        ),
        fault(
            "twice.deep_shap",
            "one ReLU called twice: (3, 4.2) for (2, 4.2), the second call's chord",
            ("shap", "faults/twice"),
            [2, 4.2],
            [1, 0],
            rounded(10),
            lambda: deep_shap(twice, [[1.5, -0.7]], background=origin),
        ),
    ]
    return found


def softmaxes() -> list[Entry]:
    """What p₁ of softmax(Wx) at (1, 2) gained is .3890; who does not add up to it, and who is moved by a batch mate."""
    network, x = (lambda x: ops.softmax(x @ W.T)), [[1.0, 2.0], [-2.0, 0.5]]
    p = np.exp(W @ x[0])
    gained = p[1] / p.sum() - 1 / 3

    def lifted(rows: int) -> Any:
        return deep_lift(network, x[:rows], 1).values[:1]

    return [
        fault(
            "softmax.deep_lift.alone",
            "Σφ of p₁ misses p₁ − 1/3 by −.1686",
            ("captum", "faults/softmax.alone"),
            gained,
            -0.1686,
            printed(4),
            lambda: lifted(1),
            np.sum,
        ),
        fault(
            "softmax.deep_lift.batch",
            "beside (−2, .5) by −.2228",
            ("captum", "faults/softmax.batch"),
            gained,
            -0.2228,
            printed(4),
            lambda: lifted(2),
            np.sum,
        ),
    ]


def sums() -> list[Entry]:
    """captum's issue 1104: a ReLU beside a max-pool."""
    _, model, x, background, _ = network("conv")
    moved = (model.scores(x) - model.scores(background[:1]))[:, 1]
    return [
        fault(
            "conv.deep_lift.adjacent",
            "ReLU, max-pool: Σφ misses f(x) − f(x') by .67, .33 and .06",
            ("captum", "conv/fault.adjacent"),
            moved,
            [-0.6740, -0.3266, -0.0647],
            printed(4),
            lambda: deep_lift(model, x, 1, baseline=background[0]),
            lambda values: row_sums(np.asarray(values)),
        )
    ]


def statistics() -> list[Entry]:
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

    return [
        fault(
            "variances.expected_gradients",
            "var/√n for var/n: eight times the variance of a mean of 64",
            ("shap", "faults/variances"),
            variance / n,
            variance / n * 7,
            Tolerance(
                n * 2.0**-24 * float(variance.max()), "64 draws added up in float32, 2^-24 of their variance each"
            ),
            ours,
        )
    ]


def float32() -> list[Entry]:
    """Thresholds and pseudocounts that are too small for it."""
    x, base = np.array([[1.7, 0.7]], np.float32), np.array([[1.3, 0.3]], np.float32)
    slope = 1 / (1 + np.exp(-1.0)) / (1 + np.exp(1.0)) * 0.4
    sigmoid = lambda x: ops.sigmoid(x[:, 0] - x[:, 1])  # noqa: E731
    _, model, rows, background, _ = network("dense")
    right = results("deeplift").arrays["dense/port.pseudocount"]
    return [
        fault(
            "sigmoid.deep_lift.float32",
            "σ(x1 − x2), Δ(x1 − x2) = 6e-8: (0, 0) for ±.0786, an eps of 1e-10",
            ("captum", "faults/float32"),
            [slope, -slope],
            [-slope, slope],
            Tolerance(4 * 2.0**-24, "four roundings by 2^-24 of numbers up to 1"),
            lambda: deep_lift(sigmoid, x, baseline=base),
        ),
        fault(
            "dense.reveal_cancel.pseudocount",
            "(f(1e-7) − f(0))/1e-7 in float32 is .596 for ½: off by up to .0149",
            ("deeplift", "dense/fault.pseudocount"),
            right,
            [0.0043, 0.0018, -0.0005, -0.0149, 0.0142, -0.0050],
            Tolerance(0.5e-4, "theirs printed to 4 decimals; in float64 a pseudocount of 1e-7 moves ours by 1e-7"),
            lambda: deep_lift(model, rows[2:], 1, baseline=background[0], rule="reveal-cancel"),
        ),
    ]

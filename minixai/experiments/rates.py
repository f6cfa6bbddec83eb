"""Convergence: how fast errors fall with the number of steps, samples and references.

The order of a quadrature depends on the smoothness of the integrand; the error of a sample mean falls as 1/√n.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from minixai import zoo
from minixai.arrays import Array, row_sums
from minixai.datasets import digits
from minixai.experiments.result import Block, Claim, Result
from minixai.layers import Conv2D, Dense
from minixai.methods import deep_shap, expected_gradients, integrated_gradients
from minixai.methods.integrated_gradients import QUADRATURES
from minixai.model import Model
from minixai.progress import Progress
from minixai.validate import as_count, as_random_seed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NETWORK = "digits-paper"
STEPS = (8, 16, 32, 64, 128, 256)
SAMPLES = (25, 50, 100, 200, 400, 800)
REFERENCES = (1, 2, 4, 8, 16)
GROUPS = 16
"""Number of sets of references whose spread is measured; in one pixel it is known to 1/√(2·15), that is 18 %."""
BACKGROUND = 20
NODES = 100
"""Number of midpoints of integrated gradients for each reference; their mean serves as exact expected gradients."""
ROUNDING = 1e-12


def with_softplus(model: Model) -> Model:
    """Return a copy of the model with the same weights and softplus in place of every ReLU, so that it has no kinks."""
    made = model.astype(model.dtype)
    for layer in made.owners:
        if isinstance(layer, (Conv2D, Dense)) and layer.activation == "relu":
            layer.activation = "softplus"
    return made


def relative_gaps(model: Model, x: Array, target: Array, quadrature: str, steps: int) -> Array:
    """Return IG's relative gap |Σφ − (f(x) − f(x'))| / |f(x) − f(x')|, (N,)."""
    with warnings.catch_warnings():  # IG warns of the very error that is measured here
        warnings.filterwarnings("ignore", message="integrated_gradients misses")
        result = integrated_gradients(model, x, target, steps=steps, quadrature=quadrature)
    assert result.gap is not None
    assert result.reference_score is not None
    return np.asarray(abs(result.gap / (result.score - result.reference_score)))


def log_log_slope(x: Sequence[float], y: Array) -> float:
    """Return the slope of the straight line that fits log y over log x best.

    >>> log_log_slope([1, 2, 4], np.array([1.0, 0.25, 0.0625]))
    -2.0
    """
    return round(float(np.polyfit(np.log(x), np.log(y), 1)[0]), 9)


def root_mean_square(maps: Array) -> float:
    """Return √mean(maps²) over all elements."""
    return float(np.sqrt(np.mean(np.square(maps, dtype=np.float64))))


@dataclass(frozen=True, eq=False, repr=False)
class Convergence(Result):
    """Errors by the number of steps, samples and references.

    gaps             ("smooth" or "with kinks", quadrature) -> (steps,): IG's relative gap, mean over images
    standard_error   (samples,): the standard error that expected gradients report, root mean square over all values
    deviation        (samples,): expected gradients minus the mean of IG over the background, root mean square
    spread           (references,): standard deviation of deep_shap over sets of references, root mean square
    missing          (references,): the largest |gap| / Σ|φ| of deep_shap
    """

    gaps: Mapping[tuple[str, str], Array]
    standard_error: Array
    deviation: Array
    spread: Array
    missing: Array

    @property
    def blocks(self) -> list[Block]:
        return [
            *(self.quadrature_block(kind) for kind in ("smooth", "with kinks")),
            self.series_block(
                "expected gradients",
                "samples",
                SAMPLES,
                {"standard error": self.standard_error, "off the exact mean": self.deviation},
            ),
            self.series_block(
                "deep_shap, from one set of references to another",
                "references",
                REFERENCES,
                {"spread": self.spread, "|gap| / Σ|φ|": self.missing},
            ),
        ]

    def quadrature_block(self, kind: str) -> Block:
        lines = [("steps", *QUADRATURES)]
        lines += [(str(n), *(f"{self.gaps[kind, q][i]:.1e}" for q in QUADRATURES)) for i, n in enumerate(STEPS)]
        lines.append(("slope", *(f"{self.slope(kind, q):.2f}" for q in QUADRATURES)))
        network = "softplus in place of ReLU" if kind == "smooth" else "ReLU"
        return Block(f"IG on a network {kind} ({network}): |gap| / |f(x) − f(x')|", lines)

    def slope(self, kind: str, quadrature: str) -> float:
        """Return the log-log slope of the gap over the steps from 16 on at which the gap exceeds rounding.

        It is NaN if there are fewer than two such steps.
        """
        gap = self.gaps[kind, quadrature]
        far = [i for i, n in enumerate(STEPS) if n >= 16 and gap[i] > ROUNDING]
        return log_log_slope([STEPS[i] for i in far], gap[far]) if len(far) > 1 else float("nan")

    def series_block(self, heading: str, what: str, n: Sequence[int], series: Mapping[str, Array]) -> Block:
        lines = [(what, *series), *((str(k), *(f"{y[i]:.2e}" for y in series.values())) for i, k in enumerate(n))]
        first = next(iter(series.values()))
        return Block(f"{heading}; slope {log_log_slope(n, first):.2f}", lines)

    @property
    def claims(self) -> list[Claim]:
        found = []
        for quadrature, order in (("left", 1), ("right", 1), ("midpoint", 2), ("trapezoid", 2)):
            got = self.slope("smooth", quadrature)
            text = f"smooth: the gap of {quadrature} falls as n^-{order}, slope {got:.2f}"
            found.append(Claim(text, abs(got + order) < 0.1))
        few, many = self.gaps["smooth", "gauss-legendre"][1], self.gaps["smooth", "midpoint"][-1]
        text = f"smooth: {STEPS[1]} Gauss nodes miss less than {STEPS[-1]} midpoints, {few:.1e} and {many:.1e}"
        found.append(Claim(text, bool(few < many)))
        for quadrature in QUADRATURES:
            got = self.slope("with kinks", quadrature)
            text = f"with kinks: the gap of {quadrature} falls about as 1/n, slope {got:.2f}"
            found.append(Claim(text, abs(got + 1) < 0.5))
        got = log_log_slope(SAMPLES, self.standard_error)
        text = f"expected gradients: the standard error falls as 1/√n, slope {got:.2f}"
        found.append(Claim(text, abs(got + 0.5) < 0.05))
        ratio = self.deviation / self.standard_error
        text = (
            f"expected gradients: off by {ratio.min():.2f} to {ratio.max():.2f} standard errors, and not by more than 2"
        )
        found.append(Claim(text, bool(ratio.max() < 2)))
        got = log_log_slope(REFERENCES, self.spread)
        found.append(Claim(f"deep_shap: the spread falls as 1/√k, slope {got:.2f}", abs(got + 0.5) < 0.1))
        text = f"deep_shap: adds up for every set of references, to {self.missing.max():.0e} of Σ|φ|"
        return [*found, Claim(text, bool(self.missing.max() < ROUNDING))]

    @property
    def figure(self) -> Figure:
        from minixai.plots.charts import LinePanel, draw_line_plots

        steps = [
            LinePanel(f"IG, {kind}: relative gap", STEPS, {q: self.gaps[kind, q] for q in QUADRATURES}, "steps", True)
            for kind in ("smooth", "with kinks")
        ]
        root = self.standard_error[0] * np.sqrt(SAMPLES[0] / np.array(SAMPLES))
        sampled = {"standard error": self.standard_error, "off the exact mean": self.deviation, "1/√n": root}
        spread = {"spread": self.spread, "1/√k": self.spread[0] / np.sqrt(REFERENCES)}
        return draw_line_plots(
            [
                *steps,
                LinePanel("expected gradients", SAMPLES, sampled, "samples", True),
                LinePanel("deep_shap: spread", REFERENCES, spread, "references", True),
            ],
            title="What do more steps, samples and references buy?",
            note=f"network {NETWORK} on test digits; both axes logarithmic",
            columns=2,
        )


def convergence(images: int = 8, seed: int = 0) -> Convergence:
    """What do more steps, samples and references buy?

    Parameters
    ----------
    images : int, default 8
        Number of test digits, from the first; with few of them the gaps at kinks scatter.
    seed : int, default 0
        Seed of the samples and of the choice of references.

    Returns
    -------
    Convergence
        The errors, with claims about them.  IG's gap falls with the order of the quadrature on a smooth network, and
        about as 1/n on a network with kinks; on the smooth one 16 Gauss nodes miss less than 256 midpoints.  The
        standard error of expected gradients falls as 1/√n, and they are off by at most 2 of them.  deep_shap adds up
        for every set of references, and its spread over sets of k references falls as 1/√k.

    Notes
    -----
    All numbers are computed in float64.
    """
    x = digits("test")[0][: as_count(images, "images")].astype(np.float64)
    model = zoo.load(NETWORK).astype(np.float64)
    target = model.predict(x)
    drawn = digits("train")[0]
    order = np.random.default_rng(as_random_seed(seed)).permutation(len(drawn))
    pool = drawn[order[: GROUPS * max(REFERENCES)]].astype(np.float64)
    total = 2 * len(QUADRATURES) + BACKGROUND + len(SAMPLES) + GROUPS * len(REFERENCES)
    progress = Progress(f"convergence: {total} attributions of {len(x)} images", total)
    found = Convergence(
        measure_gaps(model, x, target, progress),
        *measure_errors(model, x, target, pool[:BACKGROUND], seed, progress),
        *measure_spread(model, x, target, pool, progress),
    )
    progress.close()
    return found


def measure_gaps(model: Model, x: Array, target: Array, progress: Progress) -> dict[tuple[str, str], Array]:
    """Return {(kind of network, quadrature): IG's relative gap, mean over images, (steps,)}."""
    found = {}
    for kind, network in (("smooth", with_softplus(model)), ("with kinks", model)):
        for quadrature in QUADRATURES:
            found[kind, quadrature] = np.array([relative_gaps(network, x, target, quadrature, n).mean() for n in STEPS])
            progress.advance(note=f"IG, {quadrature}")
    return found


def measure_errors(
    model: Model, x: Array, target: Array, background: Array, seed: int, progress: Progress
) -> tuple[Array, Array]:
    """Return the standard error of expected gradients and their deviation from the exact mean, (samples,) each."""
    exact = np.zeros(x.shape)
    for reference in background:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="integrated_gradients misses")
            way = integrated_gradients(model, x, target, baseline=reference, steps=NODES, quadrature="midpoint")
        exact += way.values / len(background)
        progress.advance(note="the exact mean")
    errors, off = [], []
    for n in SAMPLES:
        result = expected_gradients(model, x, target, background=background, samples=n, seed=seed)
        assert result.standard_error is not None
        errors.append(root_mean_square(result.standard_error))
        off.append(root_mean_square(result.values - exact))
        progress.advance(note=f"expected gradients, {n} samples")
    return np.array(errors), np.array(off)


def measure_spread(model: Model, x: Array, target: Array, pool: Array, progress: Progress) -> tuple[Array, Array]:
    """Return deep_shap's spread over disjoint sets of references and largest relative gap, (references,) each."""
    spread, missing = [], []
    for k in REFERENCES:
        maps, missed = [], []
        for group in pool[: GROUPS * k].reshape(GROUPS, k, *x.shape[1:]):
            result = deep_shap(model, x, target, background=group)
            assert result.gap is not None
            maps.append(result.values)
            missed.append(abs(result.gap) / row_sums(abs(result.values)))
            progress.advance(note=f"deep_shap, {k} references")
        spread.append(root_mean_square(np.std(maps, axis=0, ddof=1)))
        missing.append(np.max(missed))
    return np.array(spread), np.array(missing)

"""Convergence: what more steps, more samples and more references buy.

A quadrature is worth what the integrand's smoothness allows; a sample's error falls as 1/√n, whatever is sampled.
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
from minixai.validate import as_count

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NETWORK = "digits-paper"
STEPS = (8, 16, 32, 64, 128, 256)
SAMPLES = (25, 50, 100, 200, 400, 800)
REFERENCES = (1, 2, 4, 8, 16)
GROUPS = 16
"""So many sets of references are compared: their spread is known to 1/√(2·15), 18 %, in one pixel of one image."""
BACKGROUND = 20
NODES = 100
"""Midpoints of the integrated gradients that expected gradients are compared with, for each reference."""
ROUNDING = 1e-12


def softened(model: Model) -> Model:
    """A copy with softplus in place of every ReLU and the same weights: a network without kinks."""
    made = model.astype(model.dtype)
    for layer in made.owners:
        if isinstance(layer, (Conv2D, Dense)) and layer.activation == "relu":
            layer.activation = "softplus"
    return made


def gaps(model: Model, x: Array, target: Array, quadrature: str, steps: int) -> Array:
    """|Σφ − (f(x) − f(x'))| / |f(x) − f(x')|: (N,)"""
    with warnings.catch_warnings():  # few steps are what is measured here
        warnings.filterwarnings("ignore", message="integrated_gradients misses")
        result = integrated_gradients(model, x, target, steps=steps, quadrature=quadrature)
    assert result.gap is not None
    assert result.reference_score is not None
    return np.asarray(abs(result.gap / (result.score - result.reference_score)))


def slope(x: Sequence[float], y: Array) -> float:
    """Of the straight line through log y over log x.

    >>> slope([1, 2, 4], np.array([1.0, 0.25, 0.0625]))
    -2.0
    """
    return round(float(np.polyfit(np.log(x), np.log(y), 1)[0]), 9)


def size(maps: Array) -> float:
    """The root of the mean square."""
    return float(np.sqrt(np.mean(np.square(maps, dtype=np.float64))))


@dataclass(frozen=True, eq=False, repr=False)
class Convergence(Result):
    """How errors fall.

    gaps             ("smooth" or "with kinks", quadrature) -> (steps,): IG's relative gap, mean over images
    standard_error   (samples,): what expected gradients says of itself, root mean square over pixels and images
    deviation        (samples,): how far it is from the mean of IG over the background
    spread           (references,): of deep_shap, from one set of references to another
    missing          (references,): the largest |gap| of deep_shap, in parts of Σ|φ|
    """

    gaps: Mapping[tuple[str, str], Array]
    standard_error: Array
    deviation: Array
    spread: Array
    missing: Array

    @property
    def blocks(self) -> list[Block]:
        return [
            *(self.quadratures(kind) for kind in ("smooth", "with kinks")),
            self.falling(
                "expected gradients",
                "samples",
                SAMPLES,
                {"standard error": self.standard_error, "off the exact mean": self.deviation},
            ),
            self.falling(
                "deep_shap, from one set of references to another",
                "references",
                REFERENCES,
                {"spread": self.spread, "|gap| / Σ|φ|": self.missing},
            ),
        ]

    def quadratures(self, kind: str) -> Block:
        lines = [("steps", *QUADRATURES)]
        lines += [(str(n), *(f"{self.gaps[kind, q][i]:.1e}" for q in QUADRATURES)) for i, n in enumerate(STEPS)]
        lines.append(("slope", *(f"{self.slope(kind, q):.2f}" for q in QUADRATURES)))
        network = "softplus in place of ReLU" if kind == "smooth" else "ReLU"
        return Block(f"IG on a network {kind} ({network}): |gap| / |f(x) − f(x')|", lines)

    def slope(self, kind: str, quadrature: str) -> float:
        """Of the log-log line from 16 steps on, as far as the gap is more than rounding; NaN if that is nowhere."""
        gap = self.gaps[kind, quadrature]
        far = [i for i, n in enumerate(STEPS) if n >= 16 and gap[i] > ROUNDING]
        return slope([STEPS[i] for i in far], gap[far]) if len(far) > 1 else float("nan")

    def falling(self, heading: str, what: str, n: Sequence[int], series: Mapping[str, Array]) -> Block:
        lines = [(what, *series), *((str(k), *(f"{y[i]:.2e}" for y in series.values())) for i, k in enumerate(n))]
        first = next(iter(series.values()))
        return Block(f"{heading}; slope {slope(n, first):.2f}", lines)

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
        got = slope(SAMPLES, self.standard_error)
        text = f"expected gradients: the standard error falls as 1/√n, slope {got:.2f}"
        found.append(Claim(text, abs(got + 0.5) < 0.05))
        ratio = self.deviation / self.standard_error
        text = (
            f"expected gradients: off by {ratio.min():.2f} to {ratio.max():.2f} standard errors, and not by more than 2"
        )
        found.append(Claim(text, bool(ratio.max() < 2)))
        got = slope(REFERENCES, self.spread)
        found.append(Claim(f"deep_shap: the spread falls as 1/√k, slope {got:.2f}", abs(got + 0.5) < 0.1))
        text = f"deep_shap: adds up for every set of references, to {self.missing.max():.0e} of Σ|φ|"
        return [*found, Claim(text, bool(self.missing.max() < ROUNDING))]

    @property
    def figure(self) -> Figure:
        from minixai.plots.charts import Lines, lines

        steps = [
            Lines(f"IG, {kind}: relative gap", STEPS, {q: self.gaps[kind, q] for q in QUADRATURES}, "steps", True)
            for kind in ("smooth", "with kinks")
        ]
        root = self.standard_error[0] * np.sqrt(SAMPLES[0] / np.array(SAMPLES))
        sampled = {"standard error": self.standard_error, "off the exact mean": self.deviation, "1/√n": root}
        spread = {"spread": self.spread, "1/√k": self.spread[0] / np.sqrt(REFERENCES)}
        return lines(
            [
                *steps,
                Lines("expected gradients", SAMPLES, sampled, "samples", True),
                Lines("deep_shap: spread", REFERENCES, spread, "references", True),
            ],
            title="What do more steps, samples and references buy?",
            note=f"network {NETWORK} on test digits; both axes logarithmic",
            columns=2,
        )


def convergence(images: int = 8, seed: int = 0) -> Convergence:
    """What do more steps, samples and references buy?

    images    the first so many test digits; of few the gaps on kinks scatter
    seed      of the samples, and of the choice of references

    IG's gap falls with the steps as the quadrature promises where the network is smooth, and about as 1/n where it has
    kinks; the error of expected gradients falls as 1/√samples; deep_shap adds up for every set of references, and its
    values differ from set to set by 1/√references.  All in float64.
    """
    x = digits("test")[0][: as_count(images, "images")].astype(np.float64)
    model = zoo.load(NETWORK).astype(np.float64)
    target = model.predict(x)
    drawn = digits("train")[0]
    order = np.random.default_rng(as_count(seed, "seed", 0)).permutation(len(drawn))
    pool = drawn[order[: GROUPS * max(REFERENCES)]].astype(np.float64)
    total = 2 * len(QUADRATURES) + BACKGROUND + len(SAMPLES) + GROUPS * len(REFERENCES)
    line = Progress(f"convergence: {total} attributions of {len(x)} images", total)
    found = Convergence(
        falling_gaps(model, x, target, line),
        *falling_errors(model, x, target, pool[:BACKGROUND], seed, line),
        *falling_spread(model, x, target, pool, line),
    )
    line.close()
    return found


def falling_gaps(model: Model, x: Array, target: Array, line: Progress) -> dict[tuple[str, str], Array]:
    """IG's mean gap, by network, quadrature and steps."""
    found = {}
    for kind, network in (("smooth", softened(model)), ("with kinks", model)):
        for quadrature in QUADRATURES:
            found[kind, quadrature] = np.array([gaps(network, x, target, quadrature, n).mean() for n in STEPS])
            line.advance(note=f"IG, {quadrature}")
    return found


def falling_errors(
    model: Model, x: Array, target: Array, background: Array, seed: int, line: Progress
) -> tuple[Array, Array]:
    """The standard error of expected gradients, and how far they are off, by samples."""
    exact = np.zeros(x.shape)
    for reference in background:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="integrated_gradients misses")
            way = integrated_gradients(model, x, target, baseline=reference, steps=NODES, quadrature="midpoint")
        exact += way.values / len(background)
        line.advance(note="the exact mean")
    errors, off = [], []
    for n in SAMPLES:
        result = expected_gradients(model, x, target, background=background, samples=n, seed=seed)
        assert result.standard_error is not None
        errors.append(size(result.standard_error))
        off.append(size(result.values - exact))
        line.advance(note=f"expected gradients, {n} samples")
    return np.array(errors), np.array(off)


def falling_spread(model: Model, x: Array, target: Array, pool: Array, line: Progress) -> tuple[Array, Array]:
    """The spread of deep_shap over sets of references that share none, and what its sums miss, by references."""
    spread, missing = [], []
    for k in REFERENCES:
        maps, missed = [], []
        for group in pool[: GROUPS * k].reshape(GROUPS, k, *x.shape[1:]):
            result = deep_shap(model, x, target, background=group)
            assert result.gap is not None
            maps.append(result.values)
            missed.append(abs(result.gap) / row_sums(abs(result.values)))
            line.advance(note=f"deep_shap, {k} references")
        spread.append(size(np.std(maps, axis=0, ddof=1)))
        missing.append(np.max(missed))
    return np.array(spread), np.array(missing)

"""Digit morphing: turn one digit into another by erasing the pixels that matter most according to a method.

For an 8 and a 3, up to a fifth of the pixels is erased, those that are the strongest evidence for the 8 rather than the
3.  The further this moves the scores towards the 3, the better the method.  (Shrikumar et al. 2017, §4.1, Fig. 4)
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from minixai import zoo
from minixai.arrays import Array
from minixai.datasets import digits
from minixai.experiments.result import Block, Claim, Result, format_lead
from minixai.methods import deep_lift, gradient, guided_backprop, input_x_gradient, integrated_gradients
from minixai.model import Model
from minixai.progress import Progress
from minixai.validate import as_count, as_names, one_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Pair: TypeAlias = tuple[int, int]

ERASED = 157
"""The largest number of pixels that are erased: 20 % of 784."""
PAIRS: tuple[Pair, ...] = ((8, 3), (8, 6), (9, 1), (4, 1))
NETWORKS = {"digits-paper": "pixels from 0 to 1", "digits-paper-255": "pixels from 0 to 255"}


# -- S = φ_original − φ_target, the contrast of two classes, by each method ----------------------------


def masked_gradient(model: Model, x: Array, one: int, other: int) -> Array:
    """Return |∂f_one/∂x| − |∂f_other/∂x| where x > 0, and 0 elsewhere, since there is no ink to erase."""
    sizes = [abs(gradient(model, x, k).values) for k in (one, other)]
    return np.asarray((sizes[0] - sizes[1]) * (x > 0))


def masked_guided(model: Model, x: Array, one: int, other: int) -> Array:
    """Return guided backprop of class `one` minus that of class `other` where x > 0, and 0 elsewhere."""
    maps = [guided_backprop(model, x, k).values for k in (one, other)]
    return np.asarray((maps[0] - maps[1]) * (x > 0))


def integrated_gradients_of(steps: int) -> Callable[[Model, Array, int, int], Array]:
    def scores(model: Model, x: Array, one: int, other: int) -> Array:
        with warnings.catch_warnings():  # IG warns that the sum is inexact with so few steps, which are the paper's
            warnings.filterwarnings("ignore", message="integrated_gradients misses")
            return integrated_gradients(model, x, one, versus=other, steps=steps, quadrature="midpoint").values

    return scores


METHODS: Mapping[str, Callable[[Model, Array, int, int], Array]] = {
    "|gradient|, masked": masked_gradient,
    "guided, masked": masked_guided,
    "x · gradient": lambda model, x, one, other: input_x_gradient(model, x, one, versus=other).values,
    "IG-5": integrated_gradients_of(5),
    "IG-10": integrated_gradients_of(10),
    "Rescale": lambda model, x, one, other: deep_lift(model, x, one, versus=other).values,
    "RevealCancel": lambda model, x, one, other: deep_lift(model, x, one, versus=other, rule="reveal-cancel").values,
}
"""{name: function (model, images, class, other class) that returns the contrast S, of the shape of the images}"""

nan = float("nan")
PUBLISHED: Mapping[str, Mapping[Pair, Sequence[float]]] = {
    "digits-paper": {
        (8, 3): (19.1, 24.4, 30.22, 31.16, 31.36, 30.34, 37.90),
        (8, 6): (nan, nan, 25.88, 26.24, 26.32, 25.99, 30.94),
        (9, 1): (nan, nan, 32.20, 32.30, 32.22, 32.15, 38.11),
        (4, 1): (nan, nan, 28.72, 28.83, 28.82, 28.62, 32.02),
    },
    "digits-paper-255": {
        (8, 3): (4819, 6493, 7964, 7954, 7988, 7960, 10092),
        (8, 6): (4687, 6937, 7155, 7153, 7155, 7137, 8625),
        (9, 1): (5770, 7903, 8634, 8624, 8623, 8606, 10028),
        (4, 1): (6046, 7110, 7758, 7774, 7780, 7752, 8579),
    },
}
"""Medians over all test images of the first class of each pair, by METHODS; NaN if unknown.  They come from the
paper's own network, whose weights were published with its code: with pixels from 0 to 255, on which it was trained,
and with pixels divided by 255."""


def erase(images: Array, scores: Array, most: int = ERASED) -> Array:
    """Return the images with the pixels set to 0 whose score is above 0 and above the (most + 1)th largest score.

    At most `most` pixels of each image are erased; fewer if scores are equal or not positive.

    >>> erase(np.ones((1, 2, 2, 1)), np.array([3.0, 2.0, 2.0, -1.0]).reshape(1, 2, 2, 1), most=2).ravel().tolist()
    [0.0, 1.0, 1.0, 1.0]
    """
    rows = scores.reshape(len(scores), -1)
    limit = np.maximum(np.sort(rows, axis=1)[:, -most - 1], 0)
    # (N, H·W) <= (N, 1) -> (N, H, W, C)
    return np.where(rows <= limit[:, None], images.reshape(rows.shape), 0).reshape(images.shape)


def log_odds(model: Model, images: Array, pair: Pair) -> Array:
    """Return log(p_one / p_other), which is the difference of the two scores, (N,)."""
    one, other = pair
    scores = model.scores(images)
    return np.asarray(scores[:, one] - scores[:, other])


@dataclass(frozen=True, eq=False, repr=False)
class Morphing(Result):
    """changes[network, pair]: by how much the log-odds fall when pixels are erased, (methods, images)."""

    changes: Mapping[tuple[str, Pair], Array]

    @property
    def networks(self) -> list[str]:
        return list(dict.fromkeys(network for network, _ in self.changes))

    def medians(self, network: str, pair: Pair) -> Array:
        """The median change over images, (methods,)."""
        return np.asarray(np.median(self.changes[network, pair], axis=1))

    @property
    def blocks(self) -> list[Block]:
        return [self.block(network) for network in self.networks]

    def block(self, network: str) -> Block:
        titles = ["method"]
        body = [[name] for name in METHODS]
        ahead = ["RevealCancel ahead by"]
        for pair in PAIRS:
            titles += [pair_label(pair), "published"]
            ours, paper = self.medians(network, pair), np.array(PUBLISHED[network][pair])
            for line, a, b in zip(body, ours, paper, strict=True):
                line += [format_median(a), format_median(b)]
            ahead += [format_lead(ours[-1], ours[:-1].max()), format_lead(paper[-1], np.nanmax(paper[:-1]))]
        images = ", ".join(f"{self.changes[network, pair].shape[1]} of {pair[0]}" for pair in PAIRS)
        heading = f"{network}, {NETWORKS[network]}: median change of the log-odds ({images})"
        return Block(heading, [tuple(line) for line in [titles, *body, ahead]])

    @property
    def claims(self) -> list[Claim]:
        return [self.claim(network, pair) for network in self.networks for pair in PAIRS]

    def claim(self, network: str, pair: Pair) -> Claim:
        *others, best = self.medians(network, pair)
        ahead = format_lead(best, max(others))
        text = f"{network}, {pair_label(pair)}: RevealCancel is ahead of the six others, by {ahead}"
        return Claim(text, bool(best > max(others)))

    @property
    def figure(self) -> Figure:
        from minixai.plots.charts import BoxPlotPanel, draw_box_plots

        panels = []
        for (network, pair), changes in self.changes.items():
            unit = list(METHODS).index("x · gradient")
            paper = np.array(PUBLISHED[network][pair])
            heading = f"{pair_label(pair)}, {NETWORKS[network]}"
            panels.append(BoxPlotPanel(heading, changes / np.median(changes[unit]), paper / paper[unit]))
        return draw_box_plots(
            panels,
            list(METHODS),
            title="Digit morphing: how far a fifth of the pixels, erased, moves one digit towards another",
            x_label="change of the log-odds, in medians of x · gradient",
            mark_label="published median",
            columns=len(PAIRS),
        )


def format_median(median: float) -> str:
    """Return a median as text, empty if it is NaN.

    >>> format_median(30.22), format_median(10092.0), format_median(nan)
    ('30.2', '10092', '')
    """
    return "" if np.isnan(median) else f"{median:.1f}" if abs(median) < 100 else f"{median:.0f}"


def pair_label(pair: Pair) -> str:
    return f"{pair[0]} → {pair[1]}"


def digit_morphing(images: int | None = None, networks: str | Sequence[str] = tuple(NETWORKS)) -> Morphing:
    """Which method knows best what makes an 8 an 8 and not a 3?  (Shrikumar et al. 2017, Fig. 4)

    Parameters
    ----------
    images : int, optional
        How many of the first test digits of each class are used; by default all of them, whether or not they are
        classified correctly.
    networks : str or sequence of str, default both
        "digits-paper", with pixels from 0 to 1, and "digits-paper-255", with pixels from 0 to 255.

    Returns
    -------
    Morphing
        The changes of the log-odds, with a claim for each network and pair that RevealCancel is ahead of the six other
        methods.

    Notes
    -----
    For each of seven methods and four pairs of classes, S = φ_original − φ_target is computed for every image, and at
    most 157 pixels with the highest S > 0 are set to 0.  The result is by how much score_original − score_target falls.
    Methods with a baseline use black.
    """
    x, labels = digits("test")
    chosen = [one_of(name, NETWORKS, "network") for name in as_names(networks)]
    if not chosen:
        raise ValueError(f"networks names none: name some of {', '.join(NETWORKS)}")
    pairs = [(network, pair) for network in chosen for pair in PAIRS]
    progress = Progress(f"digit-morphing: {len(pairs)} pairs × {len(METHODS)} methods", len(pairs) * len(METHODS))
    changes = {}
    for network, pair in pairs:
        model = zoo.load(network)
        rows = x[labels == pair[0]][: None if images is None else as_count(images, "images")]
        before, left = log_odds(model, rows, pair), []
        for name, method in METHODS.items():
            left.append(log_odds(model, erase(rows, method(model, rows, *pair)), pair))
            progress.advance(note=f"{pair_label(pair)}, {name}")
        changes[network, pair] = before - np.array(left)
    progress.close()
    return Morphing(changes)

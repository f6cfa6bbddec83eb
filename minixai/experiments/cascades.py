"""Sanity: randomise the weights layer by layer from the top, and measure how much the maps of each method change.

A map that does not change shows the image or the lower layers, but not the decision.  (Adebayo et al. 2018)
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from minixai import zoo
from minixai.arrays import Array
from minixai.attribution import Attribution
from minixai.datasets import digits, shorebirds
from minixai.evaluation import Cascade, randomisation
from minixai.evaluation.checks import Check, mean_and_error
from minixai.evaluation.contenders import SENSITIVITIES
from minixai.experiments.result import Block, Claim, Result
from minixai.methods import (
    deep_lift,
    grad_cam,
    gradient,
    guided_backprop,
    guided_grad_cam,
    input_x_gradient,
    integrated_gradients,
    smooth_grad,
)
from minixai.model import Model
from minixai.progress import Progress
from minixai.validate import as_count, as_names, as_random_seed, one_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

METHODS: Mapping[str, tuple[Callable[..., Attribution], Mapping[str, Any]]] = {
    "gradient": (gradient, {}),
    "SmoothGrad": (smooth_grad, {"samples": 20}),
    "x · gradient": (input_x_gradient, {}),
    "IG": (integrated_gradients, {"steps": 20, "quadrature": "midpoint"}),
    "Rescale": (deep_lift, {}),
    "RevealCancel": (deep_lift, {"rule": "reveal-cancel"}),
    "guided backprop": (guided_backprop, {}),
    "Grad-CAM": (grad_cam, {"resize": True}),
    "guided Grad-CAM": (guided_grad_cam, {}),
}
FORGETFUL = ("gradient", "x · gradient", "IG", "Rescale", "RevealCancel")
"""Methods whose signed correlation must fall to about 0 once the top layer is randomised."""
BY_THE_IMAGE = ("x · gradient", "IG", "Rescale", "RevealCancel")
"""Methods whose maps are 0 where the image is 0."""
MOSTLY = 0.5
"""If more than this share of the pixels is 0, the correlation that shared zeros alone would give is reported too."""

PUBLISHED: Mapping[str, Mapping[tuple[str, str], tuple[float, float]]] = {
    "digits-paper": {
        ("gradient", "scores"): (-0.04, 0.63),
        ("x · gradient", "scores"): (-0.05, 0.99),
        ("IG", "scores"): (-0.06, 0.99),
        ("Rescale", "scores"): (-0.05, 0.99),
        ("RevealCancel", "scores"): (-0.01, 0.99),
        ("guided backprop", "scores"): (0.92, 0.93),
        ("guided backprop", "dense1"): (0.75, 0.83),
        ("gradient", "conv2"): (-0.01, 0.51),
        ("guided backprop", "conv2"): (0.63, 0.75),
        ("guided backprop", "conv1"): (0.20, 0.73),
    }
}
"""{network: {(method, layer): (signed, absolute) correlation}}, computed with the network of DeepLIFT's Fig. 4 and its
published weights, for 40 test digits and one draw of random weights."""


@dataclass(frozen=True, eq=False, repr=False)
class Sanity(Result):
    """Rank correlations of the randomised networks' maps with those of the trained network.

    cascades    {(network, method): correlations, (layers, draws · images)}
    draws_of    {network: (draws · images,)}: maps with the same number share the random weights of the explained score
    zeros       {network: (images,)}: the share of each image's pixels that are exactly 0
    """

    cascades: Mapping[tuple[str, str], Cascade]
    draws_of: Mapping[str, Array]
    zeros: Mapping[str, Array]

    @property
    def blocks(self) -> list[Block]:
        return [block for network in self.zeros for block in (self.signed(network), self.absolute(network))]

    def signed(self, network: str) -> Block:
        images = len(self.zeros[network])
        heading = (
            f"{network}, {images} images × {len(self.draws_of[network]) // images} draws: rank correlation with the map"
        )
        return Block(f"{heading} of the trained network", self.lines(network, 0))

    def absolute(self, network: str) -> Block:
        zeros, heading = self.zeros[network], f"{network}: that of the sizes, without signs"
        if zeros.mean() > MOSTLY:
            heading += f" ({zeros.mean():.0%} of the pixels are exactly 0; maps that share these and nothing else have "
            heading += f"{shared_zeros(zeros).mean():.3f})"
        return Block(heading, self.lines(network, 1))

    def lines(self, network: str, which: int) -> list[tuple[str, ...]]:
        """Return lines of a table: mean correlations, signed (`which` = 0) or absolute (1), and published ones."""
        layers, known = self.cascades[network, "gradient"].layers, PUBLISHED.get(network)
        lines = [("randomised down to", *with_published([[layer, "published"] for layer in layers], known))]
        for method in METHODS:
            found = self.cascades[network, method]
            cells = [
                [f"{x.mean():.2f}", f"{known[method, layer][which]:.2f}" if known and (method, layer) in known else ""]
                for layer, x in zip(layers, found[1 + which], strict=True)
            ]
            lines.append((method, *with_published(cells, known)))
        return lines

    @property
    def claims(self) -> list[Claim]:
        return [claim for network in self.zeros for claim in (*sign_claims(self, network), *size_claims(self, network))]

    def on_average(self, network: str, method: str) -> tuple[float, float]:
        """Return the signed correlation with the top layer randomised: its mean over draws, and the standard error.

        The standard error is infinite if there is only one draw.
        """
        signed, _ = self.cascades[network, method].draw_means(self.draws_of[network])
        mean, error = mean_and_error(signed[0])
        return mean, np.inf if error is None else error

    @property
    def checks(self) -> Mapping[tuple[str, str], Check]:
        """{(network, method): check}; `minixai.audit` makes the same check."""
        return {
            (network, method): found.check(
                self.draws_of[network], signed=METHODS[method][0].__name__ not in SENSITIVITIES
            )
            for (network, method), found in self.cascades.items()
        }

    @property
    def summary(self) -> dict[str, Any]:
        checks = [
            {"network": network, "method": method, **check.to_dict()}
            for (network, method), check in self.checks.items()
        ]
        return super().summary | {"checks": checks}

    @property
    def figure(self) -> Figure:
        from minixai.plots.charts import LinePanel, draw_line_plots

        panels = []
        for (network, method), found in self.cascades.items():
            y = {
                "signed": np.array([1.0, *found.signed.mean(axis=1)]),
                "absolute": np.array([1.0, *found.absolute.mean(axis=1)]),
            }
            heading = method if len(self.zeros) == 1 else f"{method}\n{network}"
            panels.append(LinePanel(heading, ["none", *found.layers], y))
        return draw_line_plots(
            panels,
            title="Who notices that the network has forgotten?",
            note="rank correlation with the map of the trained network; randomised from the top down to each layer",
            columns=5 if len(self.zeros) == 1 else len(METHODS),
        )


def with_published(cells: Sequence[Sequence[str]], known: object) -> list[str]:
    """Return our cells with the published one beside each or, if `known` is empty, our cells alone."""
    return [cell for pair in cells for cell in (pair if known else pair[:1])]


def shared_zeros(zero: Array) -> Array:
    """Return ρ = 3z / (3z + (1 − z)²), for two maps |φ| that are 0 at the same share z of pixels, else independent.

    Ranks are counted as shares of all pixels, of which there are many.  The zeros all have the rank z/2, and the other
    pixels (1 + z)/2 on average, which gives both maps a common variance of z(1 − z)/4.  The ranks among the other
    pixels add a variance of (1 − z)³/12, which the maps do not have in common.

    >>> shared_zeros(np.array([0.81, 1.0])).round(3)
    array([0.985, 1.   ])
    """
    return np.asarray(3 * zero / (3 * zero + (1 - zero) ** 2))


# -- the claims ---------------------------------------------------------------------------------------


def sign_claims(result: Sanity, network: str) -> list[Claim]:
    """Claim that signed correlations fall to about 0 once the top layer is random, except those of guided backprop."""
    guided = result.cascades[network, "guided backprop"].signed.mean(axis=1)
    claims = []
    for method in FORGETFUL:
        mean, error = result.on_average(network, method)
        text = f"{network}: with signs {method} falls to about 0 at once, {mean:.2f} ± {error:.2f} over classes"
        claims.append(Claim(text, bool(abs(mean) < 4 * error and mean < guided[0] - 0.3)))
    text = (
        f"{network}: with signs guided backprop stays high, {guided[0]:.2f}, then {guided[1]:.2f}, "
        f"and falls with the convolutions, to {guided[-1]:.2f}"
    )
    return [*claims, Claim(text, bool(guided[0] > 0.8 and guided[1] > 0.6 and guided[-1] < 0.5))]


def size_claims(result: Sanity, network: str) -> list[Claim]:
    """Claim of methods that multiply by the image, that absolute correlations stay high only by shared zeros."""
    zeros, claims = result.zeros[network], []
    for method in BY_THE_IMAGE:
        found = result.cascades[network, method].absolute.mean(axis=1)
        if zeros.mean() > MOSTLY:
            chance = shared_zeros(zeros).mean()
            text = f"without signs {method} seems to stay, at {found.min():.3f} or more: shared zeros give {chance:.3f}"
            claims.append(Claim(f"{network}: {text}", bool(found.min() > chance - 0.01)))
        else:
            text = f"without zeros to share {method} is forgotten without signs, too: {found[-1]:.2f} in the end"
            claims.append(Claim(f"{network}: {text}", bool(found[-1] < 0.3)))
    return claims


class Subject(NamedTuple):
    """Images for a network: a function of their number, and the default numbers of images and of draws of weights."""

    images: Callable[[int], Array]
    enough: int
    draws: int


SUBJECTS: Mapping[str, Subject] = {
    "digits-paper": Subject(lambda images: digits("test")[0][:images], 40, 3),
    "shorebirds": Subject(lambda images: shorebirds(images)[0], 16, 1),
}


def sanity(
    images: int | None = None, seed: int = 0, draws: int | None = None, networks: str | Sequence[str] | None = None
) -> Sanity:
    """Do the maps change when the network forgets what it learnt?  (Adebayo et al. 2018, §3)

    Parameters
    ----------
    images : int, optional
        How many of the first test digits, and of the first birds, are used; by default 40 and 16.
    seed : int, default 0
        Seed of the random weights.
    draws : int, optional
        How many times random weights are drawn; by default 3 times for the digits and once for the birds.
    networks : str or sequence of str, optional
        "digits-paper", "shorebirds", or both, which is the default.

    Returns
    -------
    Sanity
        The rank correlations, with claims about them.  Once the top layer is randomised, the signed correlations of
        gradient, x · gradient, IG, Rescale and RevealCancel are about 0, and those of guided backprop are not.  The
        absolute correlations of methods that multiply by the image stay high only if most pixels are 0.

    Notes
    -----
    Layers get random weights as before training, from the top layer down, one more layer each time.  All maps explain
    the class that the trained network predicts.  Those of a randomised network are compared with those of the trained
    one by Spearman's rank correlation over pixels, of φ (signed) and of |φ| (absolute).

    The expected signed correlation is known to be 0: weights w of the score are as likely as −w, which flips the sign
    of every map that is odd in w.  All images of one class share these weights, so the mean and its standard error are
    taken over classes and draws instead of images.
    """
    known = [name for name in SUBJECTS if name in zoo.RECIPES]
    chosen = {name: SUBJECTS[one_of(name, SUBJECTS, "network")] for name in as_names(networks or known)}
    seed = as_random_seed(seed)
    subjects = {
        name: (
            subject.images(subject.enough if images is None else as_count(images, "images")),
            subject.draws if draws is None else as_count(draws, "draws"),
        )
        for name, subject in chosen.items()
    }
    total = len(METHODS) * sum(times for _, times in subjects.values())
    progress = Progress(f"sanity: {len(METHODS)} methods, layer by layer, of {' and '.join(subjects)}", total)
    found, draws_of, zeros = {}, {}, {}
    for network, (x, times) in subjects.items():
        model = zoo.load(network)
        target = model.predict(x)
        zeros[network] = (x == 0).reshape(len(x), -1).mean(axis=1)
        draws_of[network] = np.concatenate([draw * len(model.classes) + target for draw in range(times)])
        for name in METHODS:
            found[network, name] = concatenate_draws(
                [randomise(name, model, x, target, seed * times + draw, progress) for draw in range(times)]
            )
    progress.close()
    return Sanity(found, draws_of, zeros)


def randomise(name: str, model: Model, x: Array, target: Array, seed: int, progress: Progress) -> Cascade:
    """Return the correlations of one method for one draw of random weights."""
    method, options = METHODS[name]
    with warnings.catch_warnings():  # IG warns if its sum is inexact on a random network, but no sum is used here
        warnings.filterwarnings("ignore", message="integrated_gradients misses")
        found = randomisation(method, model, x, target, seed=seed, **options)
    progress.advance(note=name)
    return found


def concatenate_draws(runs: Sequence[Cascade]) -> Cascade:
    """Join the correlations of several draws as if they were more images: (layers, draws · images)."""
    signed, absolute = (np.concatenate([run[k] for run in runs], axis=1) for k in (1, 2))
    return Cascade(runs[0].layers, signed, absolute)

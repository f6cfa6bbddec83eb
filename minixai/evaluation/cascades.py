"""The randomisation test: compare a trained network's maps with its maps after layers get random weights.

A map that explains what a network learnt must change when the learnt weights are gone.  (Adebayo et al. 2018)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from minixai.arrays import Array
from minixai.attribution import Attribution
from minixai.evaluation.amounts import pixels
from minixai.evaluation.checks import Check, CheckDescription, Judgement, Row, format_number, mean_and_error
from minixai.evaluation.parts import rank_correlation
from minixai.evaluation.sanity import randomised, weighted_layers
from minixai.model import Model
from minixai.progress import Progress
from minixai.text import columns, quoted
from minixai.validate import as_count

DESCRIPTION = CheckDescription(
    name="depends on what was learnt",
    question="Does the map depend on what the network learnt?",
    source="cascading randomisation: Adebayo et al. 2018, §3 and §4, who compare with an edge detector, too",
    weakness=(
        "where much of an image is exactly 0, absolute values look alike whatever the network does; and a map "
        "that changes need not be right"
    ),
)
SURVIVES = 0.5
"""A map survives randomisation if its rank correlation with the trained network's map is at least this."""


class Cascade(NamedTuple):
    """Rank correlations between the trained network's maps and those of the network randomised down to each layer.

    layers      names of the layers, from the top down
    signed      (layers, N): ρ over pixels between φ of the trained network and φ of the randomised one
    absolute    (layers, N): ρ over pixels between |φ| of the trained network and |φ| of the randomised one
    """

    layers: tuple[str, ...]
    signed: Array
    absolute: Array

    def __str__(self) -> str:
        lines = [
            (name, *(f"{x.mean():.2f}" for x in (s, a)))
            for name, s, a in zip(self.layers, self.signed, self.absolute, strict=True)
        ]
        return "\n".join(columns([("randomised down to", "signed", "absolute"), *lines], right=[1, 2]))

    def draw_means(self, draws: npt.ArrayLike | None = None) -> Array:
        """Return the mean correlations of each draw of random weights, (2, layers, draws): signed, then absolute.

        draws    (N,): maps with the same number share their random weights; None means that all maps do
        """
        count = self.signed.shape[1]
        groups = np.zeros(count) if draws is None else np.asarray(draws)
        if groups.shape != (count,):
            raise ValueError(f"draws of shape {groups.shape} do not fit {count} maps: give a number for each map")
        both = np.stack([self.signed, self.absolute])
        return np.stack([both[..., groups == group].mean(axis=-1) for group in np.unique(groups)], axis=-1)

    def check(self, draws: npt.ArrayLike | None = None, *, signed: bool = True, note: str = "", **more: Any) -> Check:
        """Judge whether the map depends on what the network learnt.

        draws     as in `draw_means`; the standard error is that over draws
        signed    whether φ is compared (True) or, as for sensitivities such as gradients, |φ| (False)
        note      a clause that the reading adds to the numbers
        more      other fields of the `Check`; rows given as `table` come before those of the correlations
        """
        means = self.draw_means(draws)
        kind, ours = ("signed", means[0]) if signed else ("absolute", means[1])
        number, error = mean_and_error(ours[0])
        table = (
            *more.pop("table", ()),
            *(
                Row(f"without {layer}, {side}", *mean_and_error(numbers[i]))
                for i, layer in enumerate(self.layers)
                for side, numbers in zip(("signed", "|map|"), means, strict=True)
            ),
        )
        return DESCRIPTION.result(
            number,
            f"{kind} rank correlation with the map of the network without its last layer; by chance 0",
            judge_randomisation(ours, kind, note),
            uncertainty=error,
            table=table,
            **more,
        )


def judge_randomisation(means: Array, kind: str, note: str) -> Judgement:
    """Judge the mean correlations (layers, draws), of which the first row is for the network's last layer alone."""
    top, error = mean_and_error(means[0])
    numbers = f"its {kind} rank correlation with the trained network's is {format_number(top, error)} without the "
    numbers += "last layer"
    bottom = float(means[-1].mean())
    if len(means) > 1:
        numbers += f" and {format_number(bottom)} without all layers"
    if top >= SURVIVES:
        cause = "it shows the image or lower layers more than the decision"
        if len(means) > 1 and bottom >= SURVIVES:
            cause = "it would show the same if the network had learnt nothing"
        return Judgement(
            "does not hold",
            f"The map hardly notices that the network forgets: {numbers}; {cause}{note}.",
            f"It survives forgetting the last layer (ρ {format_number(top)}), so it may show edges: do not use it to "
            "tell what was learnt",
        )
    reading = f"The map changes when the network forgets: {numbers}{note}."
    size = float(abs(means[0]).mean())
    if size >= SURVIVES:
        size_text = format_number(size)
        return Judgement(
            "take care",
            f"{reading} Yet its pattern stays, with its sign kept or flipped: the size of ρ is {size_text} on average.",
            f"It keeps its pattern when the last layer is drawn anew, with either sign (|ρ| {size_text})",
        )
    return Judgement("holds", reading, f"It changes when the network forgets its last layer (ρ {format_number(top)})")


def correlations_after(
    explain: Callable[[Model], Array], trained: Array, model: Model, depth: int, seed: int
) -> tuple[Array, Array, Array]:
    """Compare the trained network's maps (N, H, W) with its maps after the last `depth` layers get random weights.

    explain    function that returns the maps of a model, (N, H, W)

    Returns the signed and the absolute rank correlations, (N,) each, and the maps of the randomised network.
    """
    maps = explain(randomised(model, weighted_layers(model)[:depth], seed))
    return rank_correlation(trained, maps), rank_correlation(abs(trained), abs(maps)), maps


def randomisation(
    method: Callable[..., Attribution],
    model: Model,
    x: npt.ArrayLike,
    target: npt.ArrayLike | None = None,
    *,
    versus: npt.ArrayLike | None = None,
    layers: int | None = None,
    seed: int = 0,
    **options: Any,
) -> Cascade:
    """Rank correlations of the trained network's maps with those of ever more randomised ones.  (Adebayo et al. 2018)

    method                      a method of `minixai.catalogue`, or any function with the same signature
    model, x, target, versus    see `minixai.methods.call.Call`; without a target, the class that the trained network
                                predicts is explained, for the randomised networks too
    layers                      how many layers to randomise, from the top; None means all that have weights
    seed                        seed of the random weights
    options                     the method's own options

    Channels are summed first.  A correlation lies between −1 and 1.  By chance it is 0, and a map that explains what
    was learnt should come near 0; a map that stays near 1 shows the image rather than the network.  If much of an image
    is exactly 0, the absolute correlation is high for every method that multiplies by the image.  Errors of the method
    are passed on.

    >>> import minixai as mx
    >>> images, _ = mx.datasets.digits("test")
    >>> found = randomisation(mx.guided_backprop, mx.load("digits"), images[:8], layers=1)
    >>> bool(found.signed.mean() > 0.5)  # without its last layer it still knows all, so it never showed it
    True
    """
    if not callable(method):
        raise TypeError(f"method is {quoted(method)}: give a function, such as minixai.gradient")
    names = weighted_layers(model)[: None if layers is None else as_count(layers, "layers")]
    first = method(model, x, target, versus=versus, **options)
    line, found = Progress(f"{first.method}, {len(names)} networks randomised", len(names)), []
    trained = pixels(first)

    def explain(drawn: Model) -> Array:
        return pixels(method(drawn, x, first.target, versus=versus, **options))

    for i in range(len(names)):
        signed, absolute, _ = correlations_after(explain, trained, model, i + 1, seed)
        found.append((signed, absolute))
        line.advance(note=names[i])
    line.close()
    both: Array = np.array(found).reshape(len(names), 2, len(trained))
    return Cascade(names, both[:, 0], both[:, 1])

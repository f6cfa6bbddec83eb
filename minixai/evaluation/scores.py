"""The columns of the scoreboard: how each score is computed, and what perfect maps and random maps reach."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from minixai.arrays import Array
from minixai.evaluation import cascades
from minixai.evaluation.amounts import pixels
from minixai.evaluation.checks import CheckDescription
from minixai.evaluation.contenders import BATCH
from minixai.evaluation.curves import Curve, curve_rows, deletion_curve, insertion_curve
from minixai.evaluation.localisation import MASK_SCORES, area, decisive_density, relevance_mass
from minixai.evaluation.parts import deletion_rank, rank_correlation, shapley_distance, target_sensitivity
from minixai.evaluation.trials import Trial, Truth

ARRAS = "Arras, Osman & Samek 2022, relevance mass and rank accuracy"
ZHANG = "Zhang et al. 2018, the pointing game"
HESSE = "Hesse, Schaub-Meyer & Roth 2023, FunnyBirds"
SHAPLEY = "Shapley 1953, of the parts of a bird"
ADEBAYO = cascades.DESCRIPTION.source
PETSIUK = "Petsiuk, Das & Saenko 2018, RISE, §4"
STEPS = 16
"""Number of steps of the deletion and insertion curves."""


@dataclass(frozen=True)
class Score:
    """One column of the scoreboard.

    name      its name
    meaning   what it measures, in a few words
    best      what a perfect map reaches
    source    the paper that it follows
    of        function that returns the scores of a Trial, (N,)
    chance    function that returns what a random map reaches on a Truth, (N,) or one number; None if that must be
              measured with a random map
    maps      attributes of a Trial that it needs; if they are not `values` alone, only some scenes are scored
    truths    attributes of a Truth that it needs and that take long to compute
    rows      how many rows it sends through the network for each scene
    """

    name: str
    meaning: str
    best: str
    source: str
    of: Callable[[Trial], Array]
    chance: Callable[[Truth], Array | float] | None = None
    maps: tuple[str, ...] = ("values",)
    truths: tuple[str, ...] = ()
    rows: int = 0

    @property
    def description(self) -> CheckDescription:
        """The description of the score as a check, in the form that `minixai.audit` uses."""
        weakness = "it says where a map lies on these drawn birds, and not whether it knows the network"
        return CheckDescription(self.name, f"What does the map reach: {self.meaning}?", self.source, weakness)

    @property
    def sign(self) -> int:
        """1 if a larger score is better, and −1 if a smaller one is."""
        return 1 if self.best in ("1", "high") else -1

    @property
    def dear(self) -> bool:
        """Whether it is expensive, because it needs further maps or passes; then only some scenes are scored."""
        return self.maps != ("values",) or self.rows > 0


def mask_score(name: str, mask: Callable[[Truth], Array]) -> tuple[Callable[[Trial], Array], Callable[[Truth], Array]]:
    """Return `of` and `chance` of a `Score` from the score with this name in `MASK_SCORES`, for a mask of the Truth."""
    of, chance = MASK_SCORES[name]
    return lambda trial: of(trial.values, mask(trial.truth), trial.signed), lambda truth: chance(mask(truth))


def like_before(trial: Trial) -> Array:
    """ρ of the map with the map of the network whose last layer is random, or of |φ| for sensitivities: (N,)."""
    before, after = (pixels(maps) for maps in (trial.values, trial.forgetful))
    return rank_correlation(before, after) if trial.signed else rank_correlation(abs(before), abs(after))


def under(curve: Callable[..., Curve], trial: Trial) -> Array:
    """The area under the deletion or insertion curve of the own species' probability, (N,)."""
    t = trial.truth
    found = curve(t.model, t.images, trial.values, t.labels, steps=STEPS, signed=trial.signed, batch=BATCH)
    trial.line.advance(curve_rows(STEPS) * len(t.images))
    return found.auc


SCORES: dict[str, Score] = {
    score.name: score
    for score in (
        Score(
            "bird mass",
            "share of the relevance that lies on the bird",
            "1",
            ARRAS,
            *mask_score("mass", lambda truth: truth.bird),
        ),
        Score(
            "density",
            "how much denser the map is on the decisive part than by chance",
            "high",
            ARRAS,
            lambda t: decisive_density(t.values, t.truth.decisive),
            lambda truth: 1.0,
        ),
        Score(
            "rank accuracy",
            "share of the decisive part's pixels among as many highest ones",
            "1",
            ARRAS,
            *mask_score("rank", lambda truth: truth.decisive),
        ),
        Score(
            "pointing",
            "how often the highest pixel lies on the decisive part",
            "1",
            ZHANG,
            *mask_score("pointing", lambda truth: truth.decisive),
        ),
        Score(
            "deletion rank",
            "rank correlation of part sums with what removing the part costs",
            "1",
            HESSE,
            lambda t: deletion_rank(t.values, t.truth.parts, t.truth.drops, t.signed),
            lambda truth: 0.0,
            truths=("drops",),
        ),
        Score(
            "Shapley distance",
            "from the part sums to the parts' exact Shapley values, in direction",
            "0",
            SHAPLEY,
            lambda t: shapley_distance(t.values, t.truth.parts, t.truth.shapley, t.signed),
            truths=("shapley",),
        ),
        Score(
            "target sensitivity",
            "how often the decisive part is worth more for its own class",
            "1",
            HESSE,
            lambda t: target_sensitivity(t.own, t.other, t.truth.decisive, t.signed),
            lambda truth: 0.5,
            maps=("own", "other"),
        ),
        Score(
            "off support",
            "share of the map on pixels that the partner has, too; with the partner as its baseline, if it has one",
            "0",
            ARRAS,
            lambda t: 1 - relevance_mass(t.from_partner, t.truth.changed, signed=False),
            lambda truth: 1 - area(truth.changed),
            maps=("from_partner",),
            truths=("changed",),
        ),
        Score(
            "randomised top",
            "rank correlation with the map of the network whose last layer is drawn anew",
            "0",
            ADEBAYO,
            like_before,
            lambda truth: 0.0,
            maps=("values", "forgetful"),
        ),
        Score(
            "deletion",
            "mean probability while the highest pixels go black first",
            "low",
            PETSIUK,
            partial(under, deletion_curve),
            rows=curve_rows(STEPS),
        ),
        Score(
            "insertion",
            "mean probability while the highest pixels come first into a blur",
            "high",
            PETSIUK,
            partial(under, insertion_curve),
            rows=curve_rows(STEPS),
        ),
    )
}

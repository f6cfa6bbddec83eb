"""Scores of heat maps against a known truth, sanity checks of methods, and tests of what a network relies on."""

from inspect import isfunction

from minixai.evaluation.cascades import Cascade, randomisation
from minixai.evaluation.checks import Check, Row
from minixai.evaluation.curves import Curve, deletion_curve, insertion_curve
from minixai.evaluation.faithfulness import Infidelity, Sensitivity, infidelity, sensitivity_n
from minixai.evaluation.interventions import (
    Audit,
    NetworkTest,
    audit,
    background_range,
    contrast,
    intervene,
    part_shapley,
    removal_drops,
)
from minixai.evaluation.localisation import decisive_density, pointing, relevance_mass, relevance_rank
from minixai.evaluation.parts import deletion_rank, part_sums, rank_correlation, shapley_distance, target_sensitivity
from minixai.evaluation.sanity import cascade, edge_detector, random_map, randomised
from minixai.evaluation.scoreboard import Scoreboard, score
from minixai.evaluation.scores import SCORES
from minixai.signatures import with_explained_failure

__all__ = [
    "SCORES",
    "Audit",
    "Cascade",
    "Check",
    "Curve",
    "Infidelity",
    "NetworkTest",
    "Row",
    "Scoreboard",
    "Sensitivity",
    "audit",
    "background_range",
    "cascade",
    "contrast",
    "decisive_density",
    "deletion_curve",
    "deletion_rank",
    "edge_detector",
    "infidelity",
    "insertion_curve",
    "intervene",
    "part_shapley",
    "part_sums",
    "pointing",
    "random_map",
    "randomisation",
    "randomised",
    "rank_correlation",
    "relevance_mass",
    "relevance_rank",
    "removal_drops",
    "score",
    "sensitivity_n",
    "shapley_distance",
    "target_sensitivity",
]

for name in __all__:  # if a call fails because an argument is of the wrong kind, the error says which
    if isfunction(function := globals()[name]):
        globals()[name] = with_explained_failure(function)

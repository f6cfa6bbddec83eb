"""Scores against a known truth, and sanity checks: can this heat map be believed?"""

from minixai.evaluation.curves import Curve, deletion_curve, insertion_curve
from minixai.evaluation.localisation import decisive_density, pointing, relevance_mass, relevance_rank
from minixai.evaluation.parts import deletion_rank, part_sums, rank_correlation, shapley_distance, target_sensitivity
from minixai.evaluation.sanity import Cascade, cascade, edge_detector, random_map, randomisation, randomised

__all__ = [
    "Cascade",
    "Curve",
    "cascade",
    "decisive_density",
    "deletion_curve",
    "deletion_rank",
    "edge_detector",
    "insertion_curve",
    "part_sums",
    "pointing",
    "random_map",
    "randomisation",
    "randomised",
    "rank_correlation",
    "relevance_mass",
    "relevance_rank",
    "shapley_distance",
    "target_sensitivity",
]

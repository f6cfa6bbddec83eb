"""Attribution methods as tables of local rules.

    rule(node, i, m)   returns what the i-th input of `node` receives, given m, the multiplier of `node`

A table maps kinds of operation to rules; the rule for the most specific kind of an op is used.  An op whose kind is not
in the table is an error: it never silently gets the gradient.

    GRADIENT, DECONVNET, GUIDED, RESCALE                tables for every graph      (slopes.py)
    lrp_epsilon(epsilon), lrp_gamma(gamma, epsilon)     tables with a parameter     (lrp.py)
    reveal_cancel(output), genomics(output)             tables for a single graph   (reveal_cancel.py)
"""

from minixai.rules.folding import fold
from minixai.rules.lrp import lrp_epsilon, lrp_gamma
from minixai.rules.reveal_cancel import RevealCancel, genomics, merge_parts, reveal_cancel
from minixai.rules.slopes import (
    DECONVNET,
    GRADIENT,
    GUIDED,
    RESCALE,
    chord,
    deconvnet,
    gradient,
    guided,
    halfway,
    has_rectifier,
    max_difference,
    max_difference_first,
    midpoint,
    rescale,
    rescale_table,
    route,
    to_argmax,
)
from minixai.rules.table import Table

__all__ = [
    "DECONVNET",
    "GRADIENT",
    "GUIDED",
    "RESCALE",
    "RevealCancel",
    "Table",
    "chord",
    "deconvnet",
    "fold",
    "genomics",
    "gradient",
    "guided",
    "halfway",
    "has_rectifier",
    "lrp_epsilon",
    "lrp_gamma",
    "max_difference",
    "max_difference_first",
    "merge_parts",
    "midpoint",
    "rescale",
    "rescale_table",
    "reveal_cancel",
    "route",
    "to_argmax",
]

"""Does the map depend on what the network learnt?  It must change when the weights are replaced by random ones."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from minixai.arrays import Array
from minixai.audit.case import Case
from minixai.evaluation.cascades import DESCRIPTION, SURVIVES, Cascade, correlations_after
from minixai.evaluation.checks import Check, Row, format_number
from minixai.evaluation.parts import rank_correlation
from minixai.evaluation.sanity import edge_detector, weighted_layers
from minixai.model import Model


def check_randomisation(case: Case) -> Check:
    """Measure ρ between the map and maps of networks with random weights in the last layer, or in all layers.

    A foreign map cannot be made again for other weights, so minixai's own map of the claimed method takes its place.
    The audited map itself, foreign or not, is also compared with the map of an edge detector.
    """
    edges = edge_detector(case.images)[..., 0]
    edge = float(np.mean([rank_where_marked(abs(m), e) for m, e in zip(case.pixels, edges, strict=True)]))
    known: dict[str, Any] = {
        "table": (Row("with an edge detector, |map|", edge, None, "over the pixels that either marks"),),
        "maps": {"the map": case.pixels, "edge detector": edges},
    }
    about_edges = f"With an edge detector's map it has ρ = {format_number(edge)}."
    if not isinstance(case.model, Model):
        return DESCRIPTION.not_asked(f"A function of nodes has no layers that could forget. {about_edges}", **known)
    cascade, draws, maps, failures = forget(case, case.model)
    known["maps"] |= maps
    if cascade is None:
        return DESCRIPTION.not_asked(f"The question cannot be asked.{failures} {about_edges}", **known)
    note = f" (asked of minixai's own {case.method.name}, since how the foreign map changes cannot be known)"
    check = cascade.check(draws, signed=case.signed, note=note * case.foreign, **known)
    return compare_with_edges(replace(check, reading=f"{check.reading}{failures} {about_edges}"), edge)


def compare_with_edges(check: Check, edge: float) -> Check:
    """Return the check; if it holds although the map is much like an edge detector's, lower it to "take care"."""
    if edge < SURVIVES or check.status != "holds":
        return check
    warning = f"{check.verdict}, but is much like an edge detector's map (ρ {format_number(edge)})"
    return replace(check, status="take care", verdict=warning)


def forget(case: Case, model: Model) -> tuple[Cascade | None, list[int], dict[str, Array], str]:
    """Compare minixai's own map with its maps after the last layer, or all layers, get random weights.

    Returns the correlations, for several draws of the weights; the number of the draw that each of their columns
    belongs to; {title: map of the last draw, (N, H, W)}; and sentences about what failed.  The correlations are None
    if the network with a random last layer could not be explained.
    """
    trained, names = case.as_pixels(case.own.values), weighted_layers(model)
    depths = {f"the last layer ({names[0]})": 1, f"all layers ({names[-1]} and above)": len(names)}
    seeds = np.random.default_rng(case.seed).integers(2**31, size=case.draws)
    explain = partial(explain_with, case)
    found: dict[str, list[tuple[Array, Array]]] = {}
    maps, failures = dict[str, Array](), dict[str, str]()
    for words, depth in depths.items():
        try:
            for seed in map(int, seeds):
                signed, absolute, maps[f"without {words.partition(' (')[0]}"] = correlations_after(
                    explain, trained, model, depth, seed
                )
                found.setdefault(words, []).append((signed, absolute))
        except ValueError as problem:  # a deep network with random weights may overflow
            found.pop(words, None)
            failures[words] = f" Without {words}: {str(problem).split(':')[0]}."
    cascade = None
    if next(iter(depths)) in found:
        # (layers, draws, 2, N) -> (2, layers, draws · N)
        both = np.array(list(found.values())).transpose(2, 0, 1, 3).reshape(2, len(found), -1)
        cascade = Cascade(tuple(found), both[0], both[1])
    draws = np.repeat(np.arange(case.draws), len(trained)).tolist()
    return cascade, draws, maps, "".join(failures.values())


def explain_with(case: Case, model: Model) -> Array:
    """Return the maps (N, H, W) that the case's method makes of another model."""
    return case.as_pixels(case.ask(model=model).values)


def rank_where_marked(map_: Array, edges: Array) -> float:
    """Return ρ over the pixels where either map is not 0; that both are 0, as on a black border, is no agreement."""
    marked = (map_ != 0) | (edges != 0)
    return float(rank_correlation(map_[marked][None], edges[marked][None])[0]) if marked.any() else 0.0

"""Does it depend on what the network learnt?  The map must change when the network forgets."""

from __future__ import annotations

import numpy as np

from minixai.arrays import Array
from minixai.audit.case import Case
from minixai.audit.check import Check, Row, Topic, value
from minixai.evaluation.parts import rank_correlation
from minixai.evaluation.sanity import edge_detector, randomised, weighted_layers
from minixai.model import Model

TOPIC = Topic(
    name="depends on what was learnt",
    question="Does the map depend on what the network learnt?",
    source=("cascading randomisation: Adebayo et al. 2018, §3 and §4, who compare with an edge detector, too"),
    weakness=(
        "where much of an image is exactly 0, absolute values look alike whatever the network does; and a map "
        "that changes need not be right"
    ),
)
SURVIVES = 0.5
"""A rank correlation from which on a map counts as surviving."""


def check_learnt(case: Case) -> Check:
    """ρ with the maps of networks whose last layer, or all layers, are drawn anew; and with an edge detector's map."""
    before = case.spent
    trained = case.as_pixels(case.own.values)
    edges = edge_detector(case.images)[..., 0]
    edge = float(np.mean([marked_rank(abs(m), e) for m, e in zip(case.pixels, edges, strict=True)]))
    rows = [Row("with an edge detector, |map|", edge, None, "over the pixels that either marks")]
    maps: dict[str, Array] = {"the map": case.pixels, "edge detector": edges}
    kind = "signed" if case.signed else "absolute"
    meaning = f"{kind} rank correlation with the map of the network without its last layer; by chance 0"
    if not isinstance(case.model, Model):
        reading = (
            f"A function of nodes has no layers that could forget. With an edge detector the map has ρ = {value(edge)}."
        )
        return TOPIC.conclude(case.since(before), meaning, None, None, reading, "not asked", "", rows, maps=maps)
    names = weighted_layers(case.model)
    seeds = np.random.default_rng(case.seed).integers(2**31, size=case.draws)
    found: dict[str, tuple[Array, Array]] = {}
    left_out = ""
    for words, layers in (("the last layer", names[:1]), ("all layers", names)):
        signed, sizes = [], []
        for seed in map(int, seeds):
            try:
                map_ = case.as_pixels(case.ask(model=randomised(case.model, layers, seed)).values)
            except ValueError as problem:  # a deep network drawn anew may overflow
                left_out = f" Without {words}: {str(problem).split(':')[0]}."
                continue
            signed.append(rank_correlation(trained, map_).mean())
            sizes.append(rank_correlation(abs(trained), abs(map_)).mean())
            maps[f"without {words}"] = map_
        if signed:
            found[words] = np.array(signed), np.array(sizes)
            rows += [
                Row(
                    f"without {words} ({layers[-1]}{' and above' * (len(layers) > 1)}), {side}",
                    *mean_and_error(numbers),
                )
                for side, numbers in (("signed", found[words][0]), ("|map|", found[words][1]))
            ]
    if "the last layer" not in found:
        return TOPIC.conclude(
            case.since(before),
            meaning,
            None,
            None,
            f"The question cannot be asked.{left_out}",
            "not asked",
            "",
            rows,
            maps=maps,
        )
    which = 0 if case.signed else 1
    kept, error = mean_and_error(found["the last layer"][which])
    whole = mean_and_error(found["all layers"][which])[0] if "all layers" in found else None
    about = (
        f" (asked of minixai's own {case.method.name}, since how the foreign map changes cannot be known)"
        * case.foreign
    )
    numbers = f"its {kind} rank correlation with the trained network's is {value(kept, error)} without the last layer"
    numbers += "" if whole is None else f" and {value(whole)} without all layers"
    if kept >= SURVIVES:
        cause = (
            "it shows the image or lower layers more than the decision"
            if whole is None or whole < SURVIVES
            else "it would show the same if the network had learnt nothing"
        )
        reading = f"The map hardly notices that the network forgets: {numbers}; {cause}{about}.{left_out}"
        verdict = (
            f"It survives forgetting the last layer (ρ {value(kept)}), so it may show "
            "edges: do not use it to tell what was learnt"
        )
        status = "does not hold"
    else:
        reading = f"The map changes when the network forgets: {numbers}{about}.{left_out}"
        verdict, status = f"It changes when the network forgets its last layer (ρ {value(kept)})", "holds"
    size = float(abs(found["the last layer"][which]).mean())
    if status == "holds" and size >= SURVIVES:
        status = "take care"
        verdict = f"It keeps its pattern when the last layer is drawn anew, with either sign (|ρ| {value(size)})"
        reading += f" Yet its pattern stays, with its sign kept or flipped: the size of ρ is {value(size)} on average."
    reading += f" With an edge detector's map it has ρ = {value(edge)}."
    if edge >= SURVIVES and status == "holds":
        status = "take care"
        verdict += f", but is much like an edge detector's map (ρ {value(edge)})"
    return TOPIC.conclude(case.since(before), meaning, kept, error, reading, status, verdict, rows, maps=maps)


def marked_rank(map_: Array, edges: Array) -> float:
    """ρ over the pixels that either marks: where both are 0, as on black paper, agreeing means nothing."""
    marked = (map_ != 0) | (edges != 0)
    return float(rank_correlation(map_[marked][None], edges[marked][None])[0]) if marked.any() else 0.0


def mean_and_error(numbers: Array) -> tuple[float, float | None]:
    """A mean over draws and its standard error; None of a single draw."""
    if len(numbers) < 2:
        return float(numbers.mean()), None
    return float(numbers.mean()), float(numbers.std(ddof=1) / np.sqrt(len(numbers)))

"""Do methods agree?  Those that ask the same should; those that ask something else need not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from minixai.arrays import Array
from minixai.audit.case import Case
from minixai.audit.check import Check, Row, Topic, value
from minixai.evaluation.contenders import SENSITIVITIES
from minixai.evaluation.parts import rank_correlation
from minixai.methods import catalogue

TOPIC = Topic(
    name="methods agree",
    question="Do other methods say the same?",
    source=(
        "disagreement between methods: Krishna et al. 2022; slopes, contributions and regions ask different questions"
    ),
    weakness="methods can agree because they share a fault, such as following edges",
)
FAMILIES: Mapping[str, tuple[str, ...]] = {
    "slope": ("gradient", "smooth_grad", "guided_backprop", "deconvnet", "guided_grad_cam"),
    "contribution": (
        *("input_x_gradient", "integrated_gradients", "deep_lift", "lrp", "expected_gradients", "deep_shap"),
        "shapley_values",
    ),
    "region": ("occlusion", "grad_cam", "hires_cam", "feature_ablation"),
}
DEFAULT = (
    *("gradient", "smooth_grad", "guided_backprop", "input_x_gradient", "deep_lift", "integrated_gradients", "lrp"),
    *("occlusion", "grad_cam"),
)
AGREE = 0.5


def check_agreement(case: Case, methods: Sequence[str] = DEFAULT) -> Check:
    """The rank correlations of quick methods, grouped by what they ask."""
    before = case.spent
    title = f"the map ({case.method.name})" if case.foreign else case.method.name
    maps: dict[str, Array] = {title: case.pixels}
    orders: dict[str, Array] = {title: case.ordering}
    families = {title: family(case.method.name)}
    left_out = list[str]()
    for name in sorted(methods, key=lambda name: list(FAMILIES).index(family(name))):
        if name == case.method.name and not case.foreign:
            continue
        try:
            map_ = case.as_pixels(case.ask(name, **settings(case, name)).values)
        except (ValueError, TypeError) as problem:
            left_out.append(f"{name} ({str(problem).split(':')[0]})")
            continue
        maps[name], families[name] = map_, family(name)
        orders[name] = abs(map_) if name in SENSITIVITIES else map_
    names = tuple(orders)
    table = np.array([[float(rank_correlation(orders[a], orders[b]).mean()) for b in names] for a in names])
    mine = table[0]
    rows = [Row(f"{name} ({families[name]})", float(r)) for name, r in zip(names[1:], mine[1:], strict=True)]
    akin = [float(r) for name, r in zip(names[1:], mine[1:], strict=True) if families[name] == families[title]]
    if not rows:
        return TOPIC.not_asked(case.since(before), "No other method could be asked.")
    number = float(np.mean(akin if akin else mine[1:]))
    best, worst = (rows[int(i)] for i in (np.argmax(mine[1:]), np.argmin(mine[1:])))
    group = f"those that ask the same ({families[title]})" if akin else "the others"
    reading = (
        f"With {group} the map has a mean rank correlation of {value(number)}; it is nearest to {best.label}, "
        f"{value(best.number)}, and furthest from {worst.label}, {value(worst.number)}."
    )
    if left_out:
        reading += f" Left out: {'; '.join(left_out)}."
    status = "holds" if number >= AGREE else "take care"
    verdict = (
        f"It agrees with {group} (ρ {value(number)})"
        if status == "holds"
        else f"It hardly agrees with {group} (ρ {value(number)})"
    )
    return TOPIC.answer(
        number=number,
        meaning=f"mean rank correlation with {group}; slopes are ordered by their size",
        reading=reading,
        cost=case.since(before),
        status=status,
        verdict=verdict,
        table=tuple(rows),
        maps=maps,
        matrix=(names, table),
        facts={"families": families},
    )


def family(name: str) -> str:
    """What a method asks."""
    return next(group for group, names in FAMILIES.items() if name in names)


def settings(case: Case, name: str) -> dict[str, Any]:
    """Options that keep a method quick, and comparable with the map."""
    method, options = catalogue[name], dict[str, Any]()
    if method.compares == "baseline" and name != "occlusion":
        baseline = (
            case.own.baseline if case.own.baseline is not None and case.method.compares == "baseline" else "black"
        )
        fits = not isinstance(baseline, str) and baseline.shape[1:] == case.images.shape[1:]
        options["baseline"] = baseline if fits or isinstance(baseline, str) else "black"
    if method.compares == "background":
        options["background"] = case.options.get("background", case.images)
    if name == "integrated_gradients":
        options["steps"] = 20
    if name == "smooth_grad":
        options |= {"samples": 10 if case.large else 25, "seed": case.seed}
    if name == "occlusion" and case.large:
        side = min(case.images.shape[1:3])
        options |= {"window": side // 4, "stride": side // 8}
    return options

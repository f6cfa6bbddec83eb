"""Do methods agree?  Methods of the same family should; methods of different families answer different questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from minixai.arrays import Array
from minixai.audit.case import Case
from minixai.evaluation.checks import Check, CheckDescription, Judgement, Row, format_number
from minixai.evaluation.contenders import SENSITIVITIES
from minixai.evaluation.parts import rank_correlation
from minixai.methods import catalogue

DESCRIPTION = CheckDescription(
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


class OtherMaps(NamedTuple):
    """Maps of several methods, the audited one first.

    maps        {method: map, (N, H, W)}
    orders      {method: values by which its pixels are ordered, (N, H, W)}: |map| for a sensitivity, otherwise the map
    families    {method: its family, a key of `FAMILIES`}
    left_out    methods that raised an error for this case, each with the reason
    """

    maps: dict[str, Array]
    orders: dict[str, Array]
    families: dict[str, str]
    left_out: list[str]


def check_agreement(case: Case, methods: Sequence[str] = DEFAULT) -> Check:
    """Measure the rank correlations between the maps of several methods.

    The number is the mean correlation of the audited map with the methods of its family or, if there are none, with
    all other methods.
    """
    others = make_other_maps(case, methods)
    names = tuple(others.maps)
    if len(names) == 1:
        return DESCRIPTION.not_asked("No other method could be asked.")
    table = np.array(
        [[float(rank_correlation(others.orders[a], others.orders[b]).mean()) for b in names] for a in names]
    )
    rows = tuple(
        Row(f"{name} ({others.families[name]})", float(r)) for name, r in zip(names[1:], table[0, 1:], strict=True)
    )
    same_family = [others.families[name] == others.families[names[0]] for name in names[1:]]
    akin = table[0, 1:][same_family] if any(same_family) else table[0, 1:]
    group = f"those that ask the same ({others.families[names[0]]})" if any(same_family) else "the others"
    number = float(akin.mean())
    return DESCRIPTION.result(
        number,
        f"mean rank correlation with {group}; slopes are ordered by their size",
        judge_agreement(number, group, rows, others.left_out),
        table=rows,
        maps=others.maps,
        matrix=(names, table),
        facts={"families": others.families},
    )


def judge_agreement(number: float, group: str, rows: Sequence[Row], left_out: Sequence[str]) -> Judgement:
    """Judge how well the map agrees with `group`, and name the methods that agree with it most and least."""
    best, worst = (choose(rows, key=lambda row: row.number or 0) for choose in (max, min))
    reading = (
        f"With {group} the map has a mean rank correlation of {format_number(number)}; it is nearest to {best.label}, "
        f"{format_number(best.number)}, and furthest from {worst.label}, {format_number(worst.number)}."
    )
    if left_out:
        reading += f" Left out: {'; '.join(left_out)}."
    if number >= AGREE:
        return Judgement("holds", reading, f"It agrees with {group} (ρ {format_number(number)})")
    return Judgement("take care", reading, f"It hardly agrees with {group} (ρ {format_number(number)})")


def make_other_maps(case: Case, methods: Sequence[str]) -> OtherMaps:
    """Make the maps of other methods for the case's images, target and output, sorted by family."""
    title = f"the map ({case.method.name})" if case.foreign else case.method.name
    found = OtherMaps({title: case.pixels}, {title: case.ordering}, {title: family(case.method.name)}, [])
    for name in sorted(methods, key=lambda name: list(FAMILIES).index(family(name))):
        if name == case.method.name and not case.foreign:
            continue
        try:
            map_ = case.as_pixels(case.ask(name, **comparable_options(case, name)).values)
        except (ValueError, TypeError) as problem:
            found.left_out.append(f"{name} ({str(problem).split(':')[0]})")
            continue
        found.maps[name], found.families[name] = map_, family(name)
        found.orders[name] = abs(map_) if name in SENSITIVITIES else map_
    return found


def family(name: str) -> str:
    """Return the family of a method, a key of `FAMILIES`."""
    return next(group for group, names in FAMILIES.items() if name in names)


def comparable_options(case: Case, name: str) -> dict[str, Any]:
    """Return options for the method `name` that keep it quick and its map comparable with the audited map."""
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

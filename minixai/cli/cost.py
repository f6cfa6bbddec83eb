"""Print before the work what calls of methods will cost; to find out, they are first made with a tiny network."""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from contextlib import suppress

from minixai.attribution import Cost
from minixai.cli.arguments import MethodCall, is_large
from minixai.cli.subject import Subject
from minixai.layers import Conv2D, Dense, GlobalAveragePool2D, Upsample2D
from minixai.methods import gradient
from minixai.model import Item, Model
from minixai.progress import write_stderr

QUICK = 10  # work of fewer rows is not announced
MANY = 5000
"""From this many samples on the work takes long even with a small network."""


def print_cost(calls: Sequence[MethodCall], subject: Subject) -> None:
    """Print on stderr what will be computed and about how long it takes, unless that is short."""
    many = any(call.options.get("samples", 0) >= MANY for call in calls)
    if not (is_large(subject.model) or many) or sum(cost := dry_run(calls, subject)) < QUICK:
        return
    gradient(subject.model, subject.image)  # a first pass prepares what is prepared only once
    start = time.monotonic()
    gradient(subject.model, subject.image)
    seconds = (time.monotonic() - start) / 2 * sum(cost)
    names = ", ".join(dict.fromkeys(call.method.name for call in calls))
    write_stderr(f"minixai: {names}: {cost}, about {duration(seconds)}\n")


def dry_run(calls: Sequence[MethodCall], subject: Subject) -> Cost:
    """Return how many rows the calls will send through the network; a call that raises ValueError counts as none."""
    total = Cost(0, 0)
    with warnings.catch_warnings(action="ignore"):  # the results are not used
        for call in calls:
            with suppress(ValueError):  # the call with the real model raises it again
                total = total.plus(*call(tiny_model(subject.model, call), subject.image).cost)
    return total


def tiny_model(model: Model, call: MethodCall) -> Model:
    """Return a cheap network of a single convolution, with the input and the classes of the model.

    If the call names a layer, the convolution has its name and its shape; otherwise it has one filter.
    """
    given = call.options.get("layer")
    name = "conv" if given is None else given
    h, w, filters = (2, 2, 1) if given is None else {e.name: e.shape for e in model.layers}[name]
    layers: list[Item] = [("resize", Upsample2D((h, w))), (name, Conv2D(filters, 1))]
    end: list[Item] = [("mean", GlobalAveragePool2D()), ("scores", Dense(len(model.classes)))]
    return Model(end if name == "input" else layers + end, model.input_shape, classes=model.classes)


def duration(seconds: float) -> str:
    """Return a duration in words, to whole seconds or minutes.

    >>> duration(7.4), duration(75), duration(4000)
    ('7 s', '1 min 15 s', '1 h 6 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{max(whole, 1)} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"

"""What questions will cost, told before the work by a rehearsal.

A network of one filter is asked the same, and the methods count their rows.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Sequence
from contextlib import suppress

from minixai.attribution import Cost
from minixai.cli.arguments import Answer, large, layer
from minixai.cli.questions import Question
from minixai.cli.subject import Subject
from minixai.layers import Conv2D, Dense, GlobalAveragePool2D, Upsample2D
from minixai.methods import gradient
from minixai.model import Item, Model

UNFELT = 10  # rows


def foretell(questions: Sequence[Question], subject: Subject) -> None:
    """Say on stderr what will be computed and about how long it takes, where that is felt."""
    if not large(subject.model) or sum(cost := rehearsed(questions, subject)) < UNFELT:
        return
    gradient(subject.model, subject.image)  # what is prepared once is prepared here
    start = time.monotonic()
    gradient(subject.model, subject.image)
    seconds = (time.monotonic() - start) / 2 * sum(cost)
    names = ", ".join(dict.fromkeys(question.method.name for question in questions))
    print(f"minixai: {names}: {cost}, about {duration(seconds)}", file=sys.stderr, flush=True)


def rehearsed(questions: Sequence[Question], subject: Subject) -> Cost:
    """How many rows the questions send through the network; those that it cannot answer, none."""
    total = Cost(0, 0)
    with warnings.catch_warnings(action="ignore"):  # the answers are thrown away
        for question in questions:
            with suppress(ValueError):  # told when it is asked in earnest
                total = total.plus(*stand_in(question, subject).result.cost)
    return total


def stand_in(question: Question, subject: Subject) -> Answer:
    """The answer of a network of one filter, with a layer of the same name and shape where one was asked for."""
    model, args = subject.model, question.args
    name = "conv" if args.layer is None else layer(args.layer, model)
    h, w, filters = (1, 1, 1) if args.layer is None else {e.name: e.shape for e in model.layers}[name]
    layers: list[Item] = [("resize", Upsample2D((h, w))), (name, Conv2D(filters, 1))]
    end: list[Item] = [("mean", GlobalAveragePool2D()), ("scores", Dense(len(model.classes)))]
    small = Model(end if name == "input" else layers + end, model.input_shape, classes=model.classes)
    played = question._replace(args=argparse.Namespace(**vars(args) | {"layer": args.layer and name}))
    return played.ask(subject._replace(model=small))


def duration(seconds: float) -> str:
    """A time as one says it.

    >>> duration(7.4), duration(75), duration(4000)
    ('7 s', '1 min 15 s', '1 h 6 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{max(whole, 1)} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"

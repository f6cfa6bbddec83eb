"""A background: a set of references, over which a method takes the mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from minixai.arrays import Array
from minixai.attribution import Cost
from minixai.detached import Outline, outline
from minixai.methods.call import Call
from minixai.methods.certificate import check_constants, check_reference, farthest, picked
from minixai.methods.runs import Ends, as_input, visits

MEMBER = "a row of the background"
"""What a reference is called where its score is another beside an input."""


@dataclass(frozen=True, eq=False)
class Sent:
    """Rows that went forward.

    outputs           (N, K): what can be explained, of every class
    place             (N, ...): the activations of the layer, or the rows themselves
    target, versus    (N,): the classes asked about
    alone             whether every path from the input runs through the layer
    references        (N, K): the outputs at a reference beside each row, if one was sent with them
    moved             how many rows of reference went forward
    outline           of the first batch's graph
    """

    outputs: Array
    place: Array
    target: Array
    versus: Array | None
    alone: bool
    references: Array
    moved: int
    outline: Outline


def sent(call: Call, keep: bool = True, reference: Array | None = None) -> Sent:
    """Send the rows forward, once for all classes.  Without `keep` no activations are kept, only their shape."""
    found = [
        (
            visit.output.value.reshape(len(visit.x), -1),
            as_input(visit.place) if keep else np.zeros((0, *visit.place.shape[1:])),
            visit.target,
            visit.versus,
            visit.alone,
            np.broadcast_to(visit.output.reference, visit.output.shape).reshape(len(visit.x), -1),
            visit.moved,
            outline(visit.output, visit.x),
        )
        for visit in visits(call, reference)
    ]
    outputs, place, target, versus, alone, references, moved, outlines = zip(*found, strict=True)
    return Sent(
        np.concatenate(outputs),
        np.concatenate(place),
        np.concatenate(target),
        None if versus[0] is None else np.concatenate(versus),
        alone[0],
        np.concatenate(references),
        sum(moved),
        outlines[0],
    )


def against(
    call: Call, background: Array, targets: Sequence[Array] | None = None, keep: bool = True, beside: bool = False
) -> list[Ends]:
    """What the network made of the inputs, and on average of the background, as seen by each target.

    The targets are class numbers (N,), by default those of the call alone.  `reference` holds the
    background's activations, (R, ...), unless they need not be kept.  The background goes forward by itself; with
    `beside` one row of it goes with the inputs too, as their reference, and must have the same score there.
    """
    r = farthest(background, call.rows[:1]) if beside else None
    inputs = sent(call, reference=None if r is None else background[r])
    others = sent(replace(call, x=background, target=None, versus=None), keep)
    mean = np.broadcast_to(others.outputs.mean(axis=0, dtype=np.float64), inputs.outputs.shape)
    questions = [(inputs.target, inputs.versus)] if targets is None else [(target, None) for target in targets]
    found = [
        Ends(
            target=target,
            versus=versus,
            score=picked(inputs.outputs, target, versus),
            reference_score=picked(mean, target, versus).astype(inputs.outputs.dtype),
            value=inputs.place,
            reference=others.place,
            alone=inputs.alone,
            reference_outputs=others.outputs,
            cost=Cost(len(inputs.outputs) + inputs.moved + len(background), 0),
        )
        for target, versus in questions
    ]
    if r is not None:
        i = np.arange(len(call.rows))
        for about in found:
            paired = picked(inputs.references, about.target, about.versus)
            check_reference(call, about, i, background[r], about.reference_at(r.repeat(len(i)), i), paired, MEMBER)
    check_constants(call, found[0], inputs.outline, others.outline, background[:1])
    return found

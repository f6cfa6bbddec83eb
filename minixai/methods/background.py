"""A background: a set of references, over which a method takes the mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from minixai.arrays import Array
from minixai.attribution import Cost
from minixai.methods.call import Call
from minixai.methods.runs import Ends, visits


@dataclass(frozen=True, eq=False)
class Sent:
    """Rows that went forward.

    outputs           (N, K): what can be explained, of every class
    place             (N, ...): the activations of the layer, or the rows themselves
    target, versus    (N,): the classes asked about
    alone             whether every path from the input runs through the layer
    """

    outputs: Array
    place: Array
    target: Array
    versus: Array | None
    alone: bool


def sent(call: Call, keep: bool = True) -> Sent:
    """Send the rows forward, once for all classes.  Without `keep` no activations are kept, only their shape."""
    found = [
        (
            visit.output.value.reshape(len(visit.x), -1),
            visit.place.value if keep else np.zeros((0, *visit.place.shape[1:])),
            visit.target,
            visit.versus,
            visit.alone,
        )
        for visit in visits(call)
    ]
    outputs, place, target, versus, alone = zip(*found, strict=True)
    return Sent(
        np.concatenate(outputs),
        np.concatenate(place),
        np.concatenate(target),
        None if versus[0] is None else np.concatenate(versus),
        alone[0],
    )


def against(call: Call, background: Array, targets: Sequence[Array] | None = None, keep: bool = True) -> list[Ends]:
    """What the network made of the inputs, and on average of the background, as seen by each target.

    The targets are class numbers (N,), by default those of the call alone.  `reference` holds the
    background's activations, (R, ...), unless they need not be kept.
    """
    inputs = sent(call)
    others = sent(replace(call, x=background, target=None, versus=None), keep)
    mean = np.broadcast_to(others.outputs.mean(axis=0, dtype=np.float64), inputs.outputs.shape)
    questions = [(inputs.target, inputs.versus)] if targets is None else [(target, None) for target in targets]
    return [
        Ends(
            target=target,
            versus=versus,
            score=picked(inputs.outputs, target, versus),
            reference_score=picked(mean, target, versus).astype(inputs.outputs.dtype),
            value=inputs.place,
            reference=others.place,
            alone=inputs.alone,
            cost=Cost(len(inputs.outputs) + len(background), 0),
        )
        for target, versus in questions
    ]


def picked(outputs: Array, target: Array, versus: Array | None) -> Array:
    """(N, K) -> (N,): f_target, or f_target − f_versus."""
    rows = np.arange(len(outputs))
    return np.asarray(outputs[rows, target] - (0 if versus is None else outputs[rows, versus]))

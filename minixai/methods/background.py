"""A background: a set of references, over which a method takes the mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from minixai.arrays import Array
from minixai.attribution import Cost
from minixai.detached import Outline, outline
from minixai.methods.call import Call
from minixai.methods.certificate import check_constants, check_reference, contrast, farthest_row
from minixai.methods.runs import Endpoints, as_input, forward_batches

MEMBER = "a row of the background"
"""What a reference is called where its score is another beside an input."""


@dataclass(frozen=True, eq=False)
class Outputs:
    """Rows that went forward.

    outputs           (N, K): what can be explained, of every class
    activations       (N, ...): the activations of the layer, or the rows themselves
    target, versus    (N,): the classes asked about
    complete          whether every path from the input runs through the layer
    reference_outputs (N, K): the outputs at a reference beside each row, if one was sent with them
    reference_rows    how many rows of reference went forward
    outline           of the first batch's graph
    """

    outputs: Array
    activations: Array
    target: Array
    versus: Array | None
    complete: bool
    reference_outputs: Array
    reference_rows: int
    outline: Outline


def forward_all(call: Call, keep: bool = True, reference: Array | None = None) -> Outputs:
    """Send the rows forward, once for all classes.  Without `keep` no activations are kept, only their shape."""
    batches = [
        (
            batch.output.value.reshape(len(batch.x), -1),
            as_input(batch.layer) if keep else np.zeros((0, *batch.layer.shape[1:])),
            batch.target,
            batch.versus,
            batch.complete,
            np.broadcast_to(batch.output.reference, batch.output.shape).reshape(len(batch.x), -1),
            batch.reference_rows,
            outline(batch.output, batch.x),
        )
        for batch in forward_batches(call, reference)
    ]
    outputs, activations, target, versus, complete, reference_outputs, reference_rows, outlines = zip(
        *batches, strict=True
    )
    return Outputs(
        np.concatenate(outputs),
        np.concatenate(activations),
        np.concatenate(target),
        None if versus[0] is None else np.concatenate(versus),
        complete[0],
        np.concatenate(reference_outputs),
        sum(reference_rows),
        outlines[0],
    )


def background_endpoints(
    call: Call, background: Array, targets: Sequence[Array] | None = None, keep: bool = True, verify: bool = False
) -> list[Endpoints]:
    """What the network made of the inputs, and on average of the background, as seen by each target.

    The targets are class numbers (N,), by default those of the call alone.  `reference` holds the
    background's activations, (R, ...), unless they need not be kept.  The background goes forward by itself; with
    `verify` one row of it goes with the inputs too, as their reference, and must have the same score there.
    """
    r = farthest_row(background, call.rows[:1]) if verify else None
    inputs = forward_all(call, reference=None if r is None else background[r])
    others = forward_all(replace(call, x=background, target=None, versus=None), keep)
    mean = np.broadcast_to(others.outputs.mean(axis=0, dtype=np.float64), inputs.outputs.shape)
    questions = [(inputs.target, inputs.versus)] if targets is None else [(target, None) for target in targets]
    all_ends = [
        Endpoints(
            target=target,
            versus=versus,
            score=contrast(inputs.outputs, target, versus),
            reference_score=contrast(mean, target, versus).astype(inputs.outputs.dtype),
            value=inputs.activations,
            reference=others.activations,
            complete=inputs.complete,
            reference_outputs=others.outputs,
            cost=Cost(len(inputs.outputs) + inputs.reference_rows + len(background), 0),
        )
        for target, versus in questions
    ]
    if r is not None:
        i = np.arange(len(call.rows))
        for ends in all_ends:
            observed = contrast(inputs.reference_outputs, ends.target, ends.versus)
            check_reference(
                call, ends, i, background[r], ends.reference_score_at(r.repeat(len(i)), i), observed, MEMBER
            )
    check_constants(call, all_ends[0], inputs.outline, others.outline, background[:1])
    return all_ends

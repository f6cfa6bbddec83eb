"""A background: a set of references, over which a method averages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from minixai.arrays import Array
from minixai.attribution import Cost
from minixai.detached import Outline, outline
from minixai.methods.call import Call
from minixai.methods.certificate import check_constants, check_reference, farthest_row
from minixai.methods.contrast import Contrast
from minixai.methods.endpoints import Endpoints
from minixai.methods.network import as_input
from minixai.methods.runs import forward_batches, gather_batches

MEMBER = "a row of the background"
"""What an error message calls a reference whose score in a graph with an input differs from its score alone."""


def background_endpoints(
    call: Call, background: Array, targets: Sequence[Array] | None = None, keep: bool = True, verify: bool = False
) -> list[Endpoints]:
    """The endpoints of the inputs against the mean score of a background (R, ...), for each of several targets.

    The targets are class numbers (N,), by default those of the call alone.  `reference` holds the activations of the
    background, (R, ...), or none of them without `keep`.  With `verify`, the row of the background that is farthest
    from the first input goes forward as the reference of the inputs, and must have the same score there as by itself.
    """
    r = farthest_row(background, call.rows[:1]) if verify else None
    batches = forward_batches(call, None if r is None else background[r])
    ends, (outputs, beside) = gather_batches(
        (
            batch,
            [
                as_score_matrix(batch.output.value),
                as_score_matrix(np.broadcast_to(batch.output.reference, batch.output.shape)),
            ],
        )
        for batch in batches
    )
    reference, reference_outputs, references = forward_background(call, background, keep)
    mean = reference_outputs.mean(axis=0, dtype=np.float64)[None]
    contrasts = [ends.contrast] if targets is None else [Contrast(target) for target in targets]
    all_ends = [
        replace(
            ends,
            contrast=contrast,
            score=contrast.of(outputs),
            reference_score=contrast.of(mean).astype(outputs.dtype),
            reference=reference,
            reference_outputs=reference_outputs,
            cost=Cost(ends.cost.forward + len(background), 0),
        )
        for contrast in contrasts
    ]
    if r is not None:
        i = np.arange(len(call.rows))
        for each in all_ends:
            expected = each.reference_score_at(r.repeat(len(i)), i)
            check_reference(each, i, background[r], expected, each.contrast.of(beside), MEMBER)
    check_constants(all_ends[0], references, background[:1])
    return all_ends


def forward_background(call: Call, background: Array, keep: bool) -> tuple[Array, Array, Outline]:
    """(activations (R, ...), or none of them without `keep`; outputs (R, K); the outline of the graph)"""
    found = [
        (
            as_input(batch.layer) if keep else np.zeros((0, *batch.layer.shape[1:])),
            as_score_matrix(batch.output.value),
            outline(batch.output, batch.x),
        )
        for batch in forward_batches(replace(call, x=background, target=None, versus=None))
    ]
    activations, outputs, outlines = zip(*found, strict=True)
    return np.concatenate(activations), np.concatenate(outputs), outlines[0]


def outputs_of_all_classes(call: Call) -> Array:
    """The outputs of all classes for all inputs of a call: (N, K)"""
    return np.concatenate([as_score_matrix(batch.output.value) for batch in forward_batches(call)])


def as_score_matrix(outputs: Array) -> Array:
    """The outputs, (N, K) or (N,), as a matrix (N, K), where K may be 1."""
    return outputs.reshape(len(outputs), -1)

"""The reference score is measured: a row of the baseline goes forward by itself.

A reference score and the contributions that add up to it come out of one graph, so they agree with each other even
where a part of the function left the graph.  An independent pass agrees with the function.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from minixai.arrays import Array
from minixai.detached import Outline, find_detached, outline
from minixai.graph import Node, history
from minixai.methods.call import Call
from minixai.model import Model

if TYPE_CHECKING:
    from minixai.methods.runs import Batch, Endpoints

UNEQUAL = (
    "the model does not always give the same row the same score: make it depend on that row alone, without randomness"
)
UNFOUND = f"{UNEQUAL}, through minixai.ops or an Op"


def check_baseline_score(call: Call, ends: Endpoints, baseline: Array, batch: Batch) -> None:
    """Send one row of the baseline forward by itself: does it have the score that the graphs have as their reference?

    Raises ValueError if not, and if the constants of its graph are others: then a part of the score is computed
    outside the graph.  Of many rows the one that is farthest from its input is sent.
    """
    many = len(baseline) > 1
    i = farthest_row(baseline, call.rows) if many else np.arange(len(call.rows))
    row = baseline[i] if many else baseline
    x = Node(row, name="input")
    output = call.explained_node(call.scores(x, "one row of the baseline by itself"))
    outputs = np.broadcast_to(output.value.reshape(1, -1), (len(i), output.value.size))
    expected = contrast(outputs, ends.target[i], None if ends.versus is None else ends.versus[i])
    check_reference(call, ends, i, row, expected, ends.reference_score[i], "the baseline of input {i}")
    check_constants(call, ends, outline(batch.output, batch.x), outline(output, x), row)


def check_constants(call: Call, ends: Endpoints, inputs: Outline, references: Outline, row: Array) -> None:
    """Raise ValueError if a graph of inputs holds other constants than one of references, such as this row."""
    if why := find_detached(inputs, references):
        _, of_one_row = compare_graphs(call, ends, int(farthest_row(call.rows, row)[0]), row)
        raise ValueError(f"the score depends on more than the graph shows, because {of_one_row or why}")


def check_reference(
    call: Call, ends: Endpoints, i: Array, reference: Array, expected: Array, observed: Array, what: str
) -> None:
    """Whether the scores that a reference has by itself are those `observed` beside the inputs i, within rounding.

    `reference` has one row or one for each of i.  Raises ValueError naming the node that left the graph, if it can be
    found.
    """
    off = abs(observed.astype(np.float64) - expected)
    excess = off - rounding_bound(abs(ends.score[i]) + abs(expected), observed.dtype)
    k = int(excess.argmax())
    row = reference[k : k + 1] if len(reference) > 1 else reference
    if excess[k] > 0 and (why := find_cause(call, ends, int(i[k]), row, float(off[k]))):
        raise ValueError(
            f"{what.format(i=i[k])} scores {expected[k]:.6g} by itself, but {observed[k]:.6g} as the reference in one "
            f"graph with it, because {why}"
        )


def find_cause(call: Call, ends: Endpoints, i: int, reference: Array, off: float) -> str | None:
    """Why a row of reference scores differently by itself, by `off`, than beside the input i; None if it is rounding.

    Scores near 0 of large numbers are rounded by more than their own size.  So the largest number of the graph
    decides; and where that is too coarse in float32, float64 decides.
    """
    certain, why = compare_graphs(call, ends, i, reference, off)
    if not certain and call.rows.dtype != np.float64:
        precise = call.model.astype(np.float64) if isinstance(call.model, Model) else call.model
        double = replace(call, model=precise, x=call.rows.astype(np.float64), target=None, versus=None)
        with suppress(TypeError):  # the function may hold nodes of float32
            certain, why = compare_graphs(double, ends, i, reference.astype(np.float64))
    return (why or UNFOUND) if certain else None


def compare_graphs(
    call: Call, ends: Endpoints, i: int, reference: Array, off: float | None = None
) -> tuple[bool, str | None]:
    """(whether a row of reference scores differently by itself than beside the input i, beyond rounding; why)"""

    def forward(rows: Array, reference: Array | None = None) -> tuple[Node, Outline]:
        x = Node(rows, reference, name="input")
        output = call.explained_node(call.scores(x))
        return output, outline(output, x)

    row = call.rows[i : i + 1]
    (paired, inputs), (single, references), (again, repeated) = (
        forward(row, reference),
        forward(reference),
        forward(reference),
    )
    if off is None:
        off = float(abs((ends.seed(paired, np.array([i])) * (paired.reference - single.value)).sum()))
    largest = max(float(abs(node.value).max(initial=0)) for node in history(paired))
    certain = off > float(rounding_bound(np.asarray(largest), row.dtype))
    if not np.array_equal(single.value, again.value) or find_detached(references, repeated):
        return certain, UNEQUAL
    return certain, find_detached(inputs, references, settings=True)


def rounding_bound(size: Array, dtype: np.dtype[Any]) -> Array:
    """How much rounding can explain, of numbers that add up to this size: √ε of it."""
    kind = np.finfo(dtype)
    return np.asarray(np.sqrt(kind.eps) * size + np.sqrt(kind.tiny))


def farthest_row(rows: Array, others: Array) -> Array:
    """(1,): the number of the row that is farthest from its other (or the only one), in its largest entry."""
    distances = [abs(row - others[k % len(others)]).max(initial=0) for k, row in enumerate(rows)]
    return np.array([np.argmax(distances)])


def contrast(outputs: Array, target: Array, versus: Array | None) -> Array:
    """(N, K) -> (N,): f_target, or f_target − f_versus."""
    rows = np.arange(len(outputs))
    return np.asarray(outputs[rows, target] - (0 if versus is None else outputs[rows, versus]))

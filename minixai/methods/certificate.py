"""Check a reference score: one row of the baseline also goes forward alone.

A reference score and the contributions that add up to it come from one graph, so they agree with each other even if a
part of the function has left the graph.  A separate pass shows what the function itself gives.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import numpy as np

from minixai.arrays import Array, rounding_bound
from minixai.detached import Outline, find_detached, outline
from minixai.graph import Node, history
from minixai.methods.endpoints import Endpoints
from minixai.model import Model

UNEQUAL = (
    "the model does not always give the same row the same score: make it depend on that row alone, without randomness"
)
UNFOUND = f"{UNEQUAL}, through minixai.ops or an Op"


def check_gap(ends: Endpoints, values: Array, what: str, cause: Callable[[int, float], str]) -> Array | None:
    """Return the gap, or None if there is none.

    Raises ValueError if it is more than rounding, with the `cause` for the worst input and the size of its gap.
    """
    gap = ends.gap(values)
    if gap is not None and (excess := abs(gap) - ends.rounding(values)).max() > 0:
        i = int(excess.argmax())
        raise ValueError(
            f"the {what} {i} miss its difference in score by {gap[i]:.3g}, because {cause(i, float(abs(gap[i])))}"
        )
    return gap


def check_baseline_score(ends: Endpoints, baseline: Array) -> None:
    """Send one row of the baseline forward by itself, and compare its score with the reference score of the graphs.

    Of many rows it is the one farthest from its input.  Raises ValueError if the scores differ, and if the constants
    of its graph differ: then a part of the score is computed outside the graph.
    """
    many = len(baseline) > 1
    i = farthest_row(baseline, ends.call.rows) if many else np.arange(len(ends.call.rows))
    row = baseline[i] if many else baseline
    output, references = forward_outline(ends, row, what="one row of the baseline by itself")
    expected = ends.contrast[i].of(output.value)
    check_reference(ends, i, row, expected, ends.reference_score[i], "the baseline of input {i}")
    check_constants(ends, references, row)


def check_constants(ends: Endpoints, references: Outline, row: Array) -> None:
    """Raise ValueError if the graph of the inputs holds other constants than that of references, such as this row."""
    if why := find_detached(ends.outline, references):
        _, of_one_row = compare_graphs(ends, int(farthest_row(ends.call.rows, row)[0]), row)
        raise ValueError(f"the score depends on more than the graph shows, because {of_one_row or why}")


def check_reference(ends: Endpoints, i: Array, reference: Array, expected: Array, observed: Array, what: str) -> None:
    """Check that references have the same score by themselves and in a graph with the inputs i, within rounding.

    `reference` has one row or one for each of i.  Raises ValueError if the scores differ, and names the node that left
    the graph if it can be found.
    """
    off = abs(observed.astype(np.float64) - expected)
    excess = off - rounding_bound(abs(ends.score[i]) + abs(expected), observed.dtype)
    k = int(excess.argmax())
    row = reference[k : k + 1] if len(reference) > 1 else reference
    if excess[k] > 0 and (why := find_cause(ends, int(i[k]), row, float(off[k]))):
        raise ValueError(
            f"{what.format(i=i[k])} scores {expected[k]:.6g} by itself, but {observed[k]:.6g} as the reference in one "
            f"graph with it, because {why}"
        )


def find_cause(ends: Endpoints, i: int, reference: Array, off: float) -> str | None:
    """Why a row of reference scores differently by itself, by `off`, than beside the input i; None if it is rounding.

    Scores near 0 that are made of large numbers are rounded by more than their own size.  So the bound is relative to
    the largest number of the graph, and where that is too coarse in float32, float64 decides.
    """
    call = ends.call
    certain, why = compare_graphs(ends, i, reference, off)
    if not certain and call.rows.dtype != np.float64:
        precise = call.model.astype(np.float64) if isinstance(call.model, Model) else call.model
        double = replace(call, model=precise, x=call.rows.astype(np.float64), target=None, versus=None)
        with suppress(TypeError):  # the function may hold nodes of float32
            certain, why = compare_graphs(replace(ends, call=double), i, reference.astype(np.float64))
    return (why or UNFOUND) if certain else None


def compare_graphs(ends: Endpoints, i: int, reference: Array, off: float | None = None) -> tuple[bool, str | None]:
    """(whether a row of reference scores differently by itself than beside the input i, beyond rounding; why)"""
    row = ends.call.rows[i : i + 1]
    paired, inputs = forward_outline(ends, row, reference)
    single, references = forward_outline(ends, reference)
    again, repeated = forward_outline(ends, reference)
    if off is None:
        contrast = ends.contrast[np.array([i])]
        off = float(abs(contrast.of(paired.reference) - contrast.of(single.value))[0])
    largest = max(float(abs(node.value).max(initial=0)) for node in history(paired))
    certain = off > float(rounding_bound(np.asarray(largest), row.dtype))
    if not np.array_equal(single.value, again.value) or find_detached(references, repeated):
        return certain, UNEQUAL
    return certain, find_detached(inputs, references, settings=True)


def forward_outline(
    ends: Endpoints, rows: Array, reference: Array | None = None, what: str = "one row"
) -> tuple[Node, Outline]:
    """(the output for these rows, the outline of its graph)"""
    x = Node(rows, reference, name="input")
    output = ends.call.forward(x, what)
    return output, outline(output, x)


def farthest_row(rows: Array, others: Array) -> Array:
    """(1,): the number of the row whose largest distance from its other row, or from the only one, is the greatest."""
    distances = [abs(row - others[k % len(others)]).max(initial=0) for k, row in enumerate(rows)]
    return np.array([np.argmax(distances)])

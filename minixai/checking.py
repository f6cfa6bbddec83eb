"""Tests of a function of a node, or of a new op: a tool for learners, which the test suite uses as well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from minixai.arrays import Array, row_sums
from minixai.detached import find_detached, outline
from minixai.graph import Node, Op, Rules, backward, history
from minixai.model import Network
from minixai.rules import RESCALE, gradient
from minixai.signatures import check_arguments
from minixai.validate import as_random_seed, as_real, check_finite

SLOPES: Rules = {Op: gradient}
"""The gradient rule for every op: each has a vjp, whatever its kind."""
ASIDE = 0.01
"""How far away the gradient is checked instead if x is at a kink, relative to the largest input."""


class Line(NamedTuple):
    """The result for one property: whether it holds, its name, and what was measured."""

    ok: bool
    claim: str
    detail: str

    def __str__(self) -> str:
        return f"[{'ok' if self.ok else '!!'}] {self.claim}: {self.detail}"


@dataclass(frozen=True)
class Report:
    """The result of `check`; it is true if every property holds."""

    lines: tuple[Line, ...]

    def __bool__(self) -> bool:
        return all(line.ok for line in self.lines)

    def __str__(self) -> str:
        return "\n".join(map(str, self.lines))

    __repr__ = __str__


def check(function: Network, x: npt.ArrayLike, reference: npt.ArrayLike | None = None, seed: int = 0) -> Report:
    """Test the properties that a function of a node must have, at given inputs.

    Parameters
    ----------
    function : callable
        A function of a node (N, ...) that returns a node (N, ...).
    x : array (N, ...)
        The inputs; they are converted to float64.
    reference : array (N, ...), optional
        The reference; by default x with each entry times a random factor from 0.5 to 1.5.
    seed : int, default 0
        Seed of the directions, the projection of the output and the default reference.

    Returns
    -------
    Report
        A line for each of eight properties; the report is true if all of them hold.

    Raises
    ------
    ValueError
        If x is not finite, or has no axis of rows.
    TypeError
        If the function does not return a node.

    Notes
    -----
    The properties are: (1) the gradient equals the finite difference along one random direction for each row; rows at a
    kink are counted, and checked a short distance away.  (2) DeepLIFT is complete, Σ m·Δx = Δy.  (3) It is also
    complete over ever shorter parts of the path, chosen where the gradient changes most.  (4) The graph holds all that
    the output depends on, so that the reference of the output is the function at the reference.  (5) Rows are
    independent.  (6) The same call gives the same bits.  (7) The inputs are not modified.  (8) float32 stays float32.

    Examples
    --------
    >>> from minixai import toys
    >>> report = check(toys.add_multiply, [[3.0, 1.0, 2.0]])
    >>> bool(report), len(report.lines)
    (True, 8)
    """
    check_arguments(check, locals())
    rng = np.random.default_rng(as_random_seed(seed))
    at = check_finite(as_real(x, "x").astype(np.float64), "x")
    if at.ndim < 2:
        raise ValueError(f"x has the shape {at.shape}, but rows come first, (N, ...): give x[None]")
    made = function(Node(at))
    if not isinstance(made, Node):
        raise TypeError(
            f"the function returned {type(made).__name__}, not a node: make it with operators and minixai.ops"
        )
    if reference is None:
        other = at * rng.uniform(0.5, 1.5, at.shape)
    else:
        other = check_finite(as_real(reference, "reference").astype(np.float64), "reference")
    weights = rng.normal(size=made.shape[1:])  # a random projection makes one number of the output
    return Report(
        (
            check_gradient(function, at, weights, rng),
            check_completeness(function, at, other, weights),
            check_short_paths(function, at, other, weights),
            check_graph(function, at, other, weights),
            check_rows(function, at, weights),
            check_repeatability(function, at, weights),
            check_inputs(function, at, other, weights),
            check_dtype(function, at, other, weights),
        )
    )


def output(function: Network, x: Array, weights: Array, reference: Array | None = None) -> tuple[Node, Array, Array]:
    """Call the function: (the input as a node, the projected output (N,), its gradient in the shape of x)"""
    node = Node(x, reference)
    y = function(node)
    seed = np.broadcast_to(weights, y.shape).astype(y.dtype)
    return node, row_sums(y.value * seed), backward(y, SLOPES, seed, keep=[node])[node]


def check_gradient(function: Network, x: Array, weights: Array, rng: np.random.Generator) -> Line:
    towards = rng.normal(size=x.shape)
    got, expected, off, kink = directional_slopes(function, x, towards, weights)
    text = f"; {kink.sum()} of {len(x)} rows are at a kink, where there is none" if kink.any() else ""
    if kink.any():  # a short distance away the function has a gradient
        aside = x + ASIDE * max(1.0, float(abs(x).max())) * rng.uniform(-1, 1, x.shape)
        with np.errstate(all="ignore"):
            there = np.where(kink.reshape(-1, *(1,) * (x.ndim - 1)), aside, x)
            *found, still = directional_slopes(function, there, towards, weights)
        got, expected, off = (np.where(kink, b, a) for a, b in zip((got, expected, off), found, strict=True))
        off = np.where(np.isnan(off) | (kink & still), -np.inf, off)
    worst = int(off.argmax())
    return Line(
        bool((off <= 0).all()),
        "the gradient is the finite difference",
        f"{got[worst]:.8g} against {expected[worst]:.8g} in row {worst}{text}",
    )


def directional_slopes(
    function: Network, x: Array, towards: Array, weights: Array
) -> tuple[Array, Array, Array, Array]:
    """The derivative along `towards`, for each row, from the graph and from finite differences.

    Returns four arrays (N,): the derivative from the graph, that from differences, their distance minus the error of
    the differences (−inf at a kink), and whether the row is at a kink.
    """
    _, y, m = output(function, x, weights)
    step = np.cbrt(np.finfo(np.float64).eps) * max(1.0, float(abs(x).max()))
    got = row_sums(m * towards)
    ahead, behind, half_ahead, half_behind = (
        (output(function, x + h * towards, weights)[1] - y) / h for h in (step, -step, step / 2, -step / 2)
    )
    expected = (half_ahead + half_behind) / 2
    # how much the differences change when the step is halved bounds their error
    slack = abs(ahead - half_ahead) + abs(behind - half_behind) + 1e-6 * (1 + abs(half_ahead) + abs(half_behind))
    kink = abs(half_ahead - half_behind) > 4 * slack
    return got, expected, np.where(kink, -np.inf, abs(got - expected) - slack), kink


def check_completeness(function: Network, x: Array, reference: Array, weights: Array) -> Line:
    claim = "DeepLIFT adds up"
    node = Node(x, reference)
    y = function(node)
    seed = np.broadcast_to(weights, y.shape)
    try:
        parts = backward(y, RESCALE, seed, keep=[node])[node] * node.delta
    except TypeError as problem:
        return Line(False, claim, str(problem))
    total, moved = row_sums(parts), row_sums(seed * y.delta)
    size = row_sums(abs(seed * y.value)) + row_sums(abs(parts))
    worst = int(abs(total - moved).argmax())
    ok = (abs(total - moved) <= np.sqrt(np.finfo(np.float64).eps) * (1 + size)).all()
    return Line(bool(ok), claim, f"{total[worst]:.8g} of {moved[worst]:.8g} in row {worst}")


def check_short_paths(function: Network, x: Array, reference: Array, weights: Array) -> Line:
    """Check completeness on ever shorter parts of the path from the reference to x.

    Each step halves the path, and keeps for each row the half in which the gradient changes more.  If the function has
    a kink on the path, ever shorter chords thus cross the kink.
    """
    claim, way, found = "DeepLIFT adds up over short ways, across a kink too", x - reference, []

    def at(t: Array) -> Array:
        return np.asarray(reference + t.reshape(-1, *(1,) * (x.ndim - 1)) * way)

    def slope(t: Array) -> Array:
        return row_sums(output(function, at(t), weights)[2] * way)

    start, end = np.zeros(len(x)), np.ones(len(x))
    before, after, eps = slope(start), slope(end), np.finfo(np.float64).eps
    for _ in range(24):  # down to 1e-7 of the way
        half = (start + end) / 2
        between = slope(half)
        first = abs(between - before) > abs(after - between)
        start, end = np.where(first, start, half), np.where(first, half, end)
        before, after = np.where(first, before, between), np.where(first, between, after)
        node = Node(at(end), at(start))
        y = function(node)
        seed = np.broadcast_to(weights, y.shape)
        try:
            m = backward(y, RESCALE, seed, keep=[node])[node]
        except TypeError as problem:
            return Line(False, claim, str(problem))
        parts, moved = m * node.delta, row_sums(seed * y.delta)
        size = 1 + row_sums(abs(m) * (abs(node.value) + abs(node.reference))) + row_sums(abs(seed * y.value))
        slack = 64 * eps * size + np.sqrt(eps) * row_sums(abs(parts))
        found.append((abs(row_sums(parts) - moved) - slack, row_sums(parts), moved, end - start))
    excess, total, expected, length = np.stack(found, axis=1)  # (24, N)
    worst = np.unravel_index(excess.argmax(), excess.shape)
    text = f"{total[worst]:.8g} of {expected[worst]:.8g} in row {worst[1]}, over {length[worst]:.1g} of the way"
    return Line(bool((excess <= 0).all()), claim, text)


def check_rows(function: Network, x: Array, weights: Array) -> Line:
    _, y, m = output(function, x, weights)
    alone = [output(function, x[i : i + 1], weights) for i in range(len(x))]
    off = max(max(float(abs(y[i] - one[1][0])), float(abs(m[i] - one[2][0]).max())) for i, one in enumerate(alone))
    size = 1 + float(abs(y).max()) + float(abs(m).max())
    return Line(off <= 1e-9 * size, "a row alone is a row in a batch", f"largest difference {off:.1g}")


def check_graph(function: Network, x: Array, reference: Array, weights: Array) -> Line:
    """Check that the graph holds all that the output depends on: its reference is the function at the reference."""
    claim = "nothing leaves the graph"
    largest = 0.0
    for other in (reference, x[::-1]):
        here, there = Node(x, other), Node(other)
        beside, alone = function(here), function(there)
        if beside.shape != alone.shape:
            return Line(False, claim, f"{beside.shape} from {x.shape}, but {alone.shape} from {other.shape}")
        off = abs(weights * (beside.reference - alone.value)).max()
        size = 1 + max(float(abs(node.value).max(initial=0)) for node in history(beside))
        one, two = outline(beside, here), outline(alone, there)
        apart = off > np.sqrt(np.finfo(np.float64).eps) * size
        if apart or find_detached(one, two):
            return Line(
                False, claim, find_detached(one, two, settings=True) or f"at the reference it is off by {off:.3g}"
            )
        largest = max(largest, float(off))
    return Line(True, claim, f"at the reference it is off by {largest:.1g}")


def check_repeatability(function: Network, x: Array, weights: Array) -> Line:
    first, second = output(function, x, weights), output(function, x, weights)
    same = np.array_equal(first[1], second[1]) and np.array_equal(first[2], second[2])
    return Line(same, "the same call gives the same bits", "yes" if same else "two calls differ")


def check_inputs(function: Network, x: Array, reference: Array, weights: Array) -> Line:
    node, _, _ = output(function, x, weights, reference)
    same = np.array_equal(node.value, x) and np.array_equal(node.reference, reference)
    return Line(same, "inputs stay as they were", "yes" if same else "the function wrote into its input")


def check_dtype(function: Network, x: Array, reference: Array, weights: Array) -> Line:
    claim = "float32 stays float32"
    try:
        node, _, m = output(function, x.astype(np.float32), weights, reference.astype(np.float32))
    except TypeError as problem:
        return Line(False, claim, str(problem))
    found = {str(function(node).dtype), str(m.dtype)}
    return Line(found == {"float32"}, claim, ", ".join(sorted(found)))

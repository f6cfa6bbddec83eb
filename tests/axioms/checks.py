"""The axioms of the engine, each as a function that raises AssertionError where it does not hold.

They are functions, not tests, so that a test can also show that each of them *fails*
for an op or a table that is wrong on purpose.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minixai.graph import Node, Rule, Rules, backward, history
from minixai.ops.functions import Abs, Elu, LeakyRelu, Relu
from minixai.ops.kinds import Elementwise, Selection
from minixai.rules import GRADIENT, RESCALE

Array = np.ndarray[Any, Any]
Function = Callable[[Node], Node]


def walked(output: Node, rules: Rules, seed: Any = 1.0) -> tuple[dict[Node, Array], Array]:
    """The multipliers, and by how much rounding may spoil Σ m·Δx in each row.

    Everything added up on the way is rounded, so the bound is ε × (the same sums without
    their signs), |m|·(|x| + |x₀|) over every node and every edge; an elementwise function adds |m|, because its
    flat chords are off by ε·|x³f'''|/24.  Each of these numbers has at most about four roundings behind it: the
    value's, the reference's, the multiplier's and the product's.
    """
    magnitude = np.zeros(1)

    def count(m: Array, x: Node) -> None:
        nonlocal magnitude
        flat = isinstance(x.op, Elementwise)
        magnitude = magnitude + by_row(abs(m) * (abs(x.value) + abs(x.reference) + flat))

    def counting(rule: Rule) -> Rule:
        def counted(node: Node, i: int, m: Array) -> Array:
            count(m, node)
            passed = rule(node, i, m)
            count(passed, node.inputs[i])
            return passed

        return counted

    multipliers = backward(output, {kind: counting(rule) for kind, rule in rules.items()}, seed)
    count(multipliers[output], output)
    return multipliers, 4 * float(np.finfo(output.dtype).eps) * magnitude


def by_row(x: Array) -> Array:
    """Σ over each row, in float64"""
    return np.asarray(x.reshape(len(x), -1).sum(axis=1, dtype=np.float64))


def projection(output: Node, seed: int) -> Array:
    """A random seed for the walk: one random projection stands for all outputs."""
    return np.random.default_rng(seed).normal(size=output.shape).astype(output.dtype)


def side_of_kinks(output: Node) -> list[Array]:
    """On which side of every kink the network is: the sign at a ReLU, the winner of a maximum."""
    kinked = (Relu, LeakyRelu, Abs, Elu)
    nodes = [node for node in history(output) if isinstance(node.op, (*kinked, Selection))]
    return [np.sign(n.inputs[0].value) if isinstance(n.op, kinked) else n.op.argmax(n.inputs[0].value) for n in nodes]


def gradient_is_the_finite_difference(network: Function, x: Array, seed: int = 0, h: float = 1e-5) -> bool:
    """Σ m·d = (f(x + hd) − f(x − hd)) / 2h in a random direction d; False if a kink lies between.

    Twice the step makes the error four times as large, so the difference of the two quotients bounds the
    error of the better one; beside it there is only rounding.
    """
    d = np.random.default_rng(seed).normal(size=x.shape)
    leaf = Node(x)
    outputs = {k: network(leaf if k == 0 else Node(x + k * h * d)) for k in (-2, -1, 0, 1, 2)}
    sides = [side_of_kinks(outputs[k]) for k in (-2, 0, 2)]
    if not all(np.array_equal(a, b) and np.array_equal(a, c) for a, b, c in zip(*sides, strict=True)):
        return False
    s = projection(outputs[0], seed)
    multipliers, rounding = walked(outputs[0], GRADIENT, s)
    slope, coarse = (by_row(s * (outputs[k].value - outputs[-k].value)) / (2 * k * h) for k in (1, 2))
    error = abs(by_row(multipliers[leaf] * d) - slope)
    bound = abs(slope - coarse) + rounding / h
    assert np.all(error <= bound), f"gradient {by_row(multipliers[leaf] * d)}, finite difference {slope}"
    return True


def complete(network: Function, x: Array, x0: Array, rules: Rules = RESCALE, seed: int = 0) -> None:
    """Σ m·Δx over the inputs = Σ m·Δy over the outputs."""
    leaf = Node(x, reference=x0)
    output = network(leaf)
    multipliers, rounding = walked(output, rules, projection(output, seed))
    gap = by_row(multipliers[leaf] * leaf.delta) - by_row(multipliers[output] * output.delta)
    assert np.all(abs(gap) <= rounding), f"gap {gap}, rounding explains {rounding}"


def rows_are_independent(network: Function, x: Array, x0: Array, rules: Rules, seed: int = 0) -> None:
    """A row on its own has the multipliers it has among others, to rounding.

    Another batch size rounds the values differently, and a chord just long enough passes that
    on divided by ε^⅓: relative to the magnitude, √ε is beyond it and far below any leak.
    """
    leaf = Node(x, reference=x0)
    output = network(leaf)
    s = projection(output, seed)
    multipliers, rounding = walked(output, rules, s)
    for n in range(len(x)):
        alone = Node(x[n : n + 1], reference=x0[n : n + 1] if len(x0) > 1 else x0)
        m = backward(network(alone), rules, s[n : n + 1])[alone]
        spoilt = by_row(abs(m - multipliers[leaf][n]) * (abs(alone.value) + abs(alone.reference)))
        assert spoilt[0] <= rounding[n] / np.sqrt(np.finfo(x.dtype).eps), f"row {n} feels its neighbours"


def repeatable(network: Function, x: Array, x0: Array, rules: Rules) -> None:
    """The same call gives the same bits, and leaves the inputs and every value as they were."""
    kept, kept0 = x.copy(), x0.copy()
    leaf, again = Node(x, reference=x0), Node(x, reference=x0)
    output = network(leaf)
    before = [(node.value.tobytes(), node.reference.tobytes()) for node in history(output)]
    first, second = backward(output, rules), backward(output, rules)
    third = backward(network(again), rules)[again]
    assert first[leaf].tobytes() == second[leaf].tobytes() == third.tobytes(), "another walk, other bits"
    after = [(node.value.tobytes(), node.reference.tobytes()) for node in history(output)]
    assert before == after, "the walk changed a value"
    assert x.tobytes() == kept.tobytes(), "the input was modified"
    assert x0.tobytes() == kept0.tobytes(), "the baseline was modified"


def linear_in_the_output(network: Function, x: Array, x0: Array, rules: Rules) -> None:
    """The multipliers of 2f − 3g are 2·(those of f) − 3·(those of g)."""
    leaf = Node(x, reference=x0)
    output = network(leaf)
    f, g = projection(output, 1), projection(output, 2)
    (of_f, rounding_f), (of_g, rounding_g) = walked(output, rules, f), walked(output, rules, g)
    both = backward(output, rules, 2 * f - 3 * g)
    spoilt = by_row(abs(both[leaf] - 2 * of_f[leaf] + 3 * of_g[leaf]) * (abs(leaf.value) + abs(leaf.reference)))
    assert np.all(spoilt <= 2 * rounding_f + 3 * rounding_g), "not linear in the output"

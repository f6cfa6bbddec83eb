"""What the tests of the operations share: random arrays, derivatives in one direction, exact bounds.

A sum of n products, each rounded, is within about n·ε of the exact one, times the sum of their magnitudes.
The bounds below count the terms and add up the magnitudes; none is tuned.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

from minixai import Node, backward
from minixai.arrays import Array
from minixai.graph import Op, history
from minixai.rules import RESCALE

EPS = np.finfo(float).eps
H = np.cbrt(EPS)  # the step of central differences: truncation h²·f‴/6 and rounding ε·f/h are then alike

generators = st.integers(0, 2**32 - 1).map(np.random.default_rng)


def distinct(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Numbers between −2 and 2, all different and none 0: nothing stands at a kink, and nothing ties."""
    n = int(np.prod(shape))
    return rng.permutation((np.arange(n) + 0.5) / max(n, 1) * 4 - 2 + 1e-3 / max(n, 1)).reshape(shape)


def few(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Whole numbers from −2 to 2: ties everywhere."""
    return rng.integers(-2, 3, shape).astype(float)


def complex_step(f: Callable[[Array], Array], x: Array, d: Array) -> Array:
    """Σ d · ∂f/∂x without any cancellation: Im f(x + ihd) / h."""
    return f(x + 1e-30j * d).imag / 1e-30


def central(f: Callable[[Array], Array], x: Array, d: Array) -> Array:
    return (f(x + H * d) - f(x - H * d)) / (2 * H)


def check_vjp(op: Op, xs: list[Array], i: int, rng: np.random.Generator) -> None:
    """⟨m, J·d⟩ = ⟨m·J, d⟩ for random m and d, of an op that is linear in its i-th input (or picks entries of it)."""
    m = rng.uniform(-1, 1, op.forward(*xs).shape)
    d = rng.uniform(-1, 1, xs[i].shape)
    back = op.vjp(i, m, *xs)
    assert back.shape == xs[i].shape
    assert back.dtype == m.dtype

    def along(x: Array) -> Array:
        return op.forward(*(x if j == i else other.astype(complex) for j, other in enumerate(xs)))

    size = op.forward(*(abs(d) if j == i else abs(x) for j, x in enumerate(xs)))  # Σ |products|, from above
    terms = sum(x.size for x in xs) + m.size
    bound = terms * EPS * (np.sum(abs(m) * abs(size)) + np.sum(abs(back * d)))
    assert abs(np.sum(m * complex_step(along, xs[i], d)) - np.sum(back * d)) <= bound


def check_complete(y: Node, x: Node, seed: Array) -> None:
    """Σ m·Δ = seed · Δy, row by row.  Every node adds the rounding of its own numbers."""
    multipliers = backward(y, RESCALE, seed)
    given = row_sums(multipliers[x] * x.delta)
    asked = row_sums(seed * y.delta)
    size = sum(row_sums(abs(m) * (abs(h.value) + abs(h.reference))) for h, m in multipliers.items())
    terms = sum(h.value[:1].size for h in history(y)) + 10
    least = np.finfo(float).tiny  # below it numbers have fewer digits
    assert np.all(abs(given - asked) <= terms * (EPS * size + least)), (given, asked)


def row_sums(x: Array) -> Array:
    return x.reshape(len(x), -1).sum(axis=1)


def written_out(padding: Any, sizes: Any, windows: Any, strides: Any, dilations: Any) -> list[tuple[int, int]]:
    """[(before, after)] for rows and columns, from the words of the documentation."""
    if padding == "valid":
        return [(0, 0), (0, 0)]
    if padding == "same":
        both = []
        for n, k, s, d in zip(sizes, windows, strides, dilations, strict=True):
            places = int(np.ceil(n / s))
            missing = max((places - 1) * s + (k - 1) * d + 1 - n, 0)
            both.append((missing // 2, missing - missing // 2))
        return both
    rows, columns = padding if isinstance(padding, tuple) else (padding, padding)
    return [p if isinstance(p, tuple) else (p, p) for p in (rows, columns)]


def paddings(most: int = 2) -> st.SearchStrategy[Any]:
    number = st.integers(0, most)
    pair = st.tuples(number, number)
    return st.one_of(st.sampled_from(["valid", "same"]), number, pair, st.tuples(pair, pair))


@contextmanager
def says(error: type[Exception], *words: str) -> Iterator[None]:
    """The error is raised, in one line that holds these words: what was given, and the remedy."""
    with pytest.raises(error) as raised:
        yield
    message = str(raised.value)
    assert "\n" not in message
    assert [word for word in words if word not in message] == [], message


def case(call: Callable[[], Any], error: type[Exception], *words: str) -> Any:
    return pytest.param(call, error, words, id=words[0])

"""Kinds of arguments, read from annotations: what is accepted, and the sentence for what is not."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import minixai as mx
from minixai import evaluation, ops, toys
from minixai.graph import Node
from minixai.layers import Conv2D, Dense, Reshape
from minixai.preprocessing import Preprocessing
from minixai.signatures import check_arguments, with_checked_arguments, with_explained_failure
from minixai.training import SGD

X = np.zeros((2, 3, 3, 1), np.float32)


def example(
    count: int = 0,
    size: float = 0.0,
    overlay: bool = False,
    title: str | None = None,
    values: npt.ArrayLike = 0.0,
    pair: "int | tuple[int, int]" = 1,
    names: Sequence[str] | Mapping[int, str] = (),
    report: Callable[[int], None] = print,
    node: "Node | None" = None,
    anything: Any = None,
    later: "NotImported" = None,  # type: ignore[name-defined]  # noqa: F821
) -> None:
    """Takes one of each kind."""


Foreign = type("NotImported", (), {})
"""Stands for a class that the module of a function imports for type checkers alone."""


@pytest.mark.parametrize(("name", "right", "wrong", "kind"), [
    ("count", [3, np.int64(3)], [3.0, True, "3", None, np.zeros(3)], "a whole number"),
    ("size", [3, 0.5, np.float32(1), np.array(2.0)], ["x", None, True, [1.0], 1j], "a number"),
    ("overlay", [True, np.True_, 1, 0], [2, "yes", None, np.zeros(2)], "True or False"),
    ("title", ["a", None], [3, b"a", ["a"]], "a string or None"),
    ("values", [1, 0.5, [1, 2], X, [[1.0]]], ["a", None, {}, object(), Node([[1.0]])], "an array of real numbers"),
    ("pair", [1, (1, 2), [1, 2]], [0.5, (1, 2, 3), "ab", ("a", "b")], "a whole number or a pair of whole numbers"),
    ("names", [["a"], ("a", "b"), {1: "a"}], ["abc", [1], 3], "a sequence of strings or a mapping"),
    ("report", [print, lambda n: None], [3, None, "print"], "a function"),
    ("node", [None, Node([[1.0]])], [X, 3], "a Node or None"),
    ("anything", [3, "a", object()], [], ""),
    ("later", [Foreign()], [3, X], "a NotImported"),
])  # fmt: skip
def test_kinds(name: str, right: list[Any], wrong: list[Any], kind: str) -> None:
    for value in right:
        check_arguments(example, {name: value})
    for value in wrong:
        with pytest.raises(TypeError, match=f"^{name} (is {kind}, got|holds|is ragged|cannot)"):
            check_arguments(example, {name: value})


def test_before_and_after() -> None:
    calls = []

    def work(n: int) -> float:
        calls.append(n)
        return 1 / n

    with pytest.raises(TypeError, match="n is a whole number, got 'a'"):
        with_checked_arguments(work)("a")  # type: ignore[arg-type]
    assert not calls
    with pytest.raises(TypeError, match="n is a whole number, got 'a'"):
        with_explained_failure(work)("a")  # type: ignore[arg-type]
    with pytest.raises(ZeroDivisionError):
        with_explained_failure(work)(0)
    assert calls == ["a", 0]


@pytest.mark.parametrize(("call", "sentence"), [
    (lambda: mx.plots.show("map"), "result is an Attribution, an array of real numbers or a sequence of"),
    (lambda: mx.plots.show(X, size="large"), "size is a number, got 'large'"),
    (lambda: mx.plots.graph(X), "output is a Node, got "),
    (lambda: mx.plots.scores(3), "board is a Scoreboard, got 3"),
    (lambda: ops.clip(Node(X), "a", 1), "low is a number, got 'a'"),
    (lambda: ops.softmax(3), "z is a Node, got 3"),
    (lambda: ops.concatenate(3), "xs is a sequence of Nodes or arrays of real numbers, got 3"),
    (lambda: Dense("3"), "units is a whole number, got '3'"),
    (lambda: Conv2D(3, 3, activation=len), "activation is a string or None, got"),
    (lambda: Reshape(3.5), "shape is a sequence of whole numbers, got 3.5"),
    (lambda: Preprocessing(mean=len), "mean is a sequence of numbers, got"),
    (lambda: SGD(rate="fast"), "rate is a number, got 'fast'"),
    (lambda: evaluation.pointing(X, "mask"), "a mask holds <U4, not real numbers"),
    (lambda: toys.saturation(3), "a function of a Node, got 3"),
    (lambda: mx.check(3, X), "function is a function, got 3"),
    (lambda: mx.backward(3, {}), "output is a Node, got 3"),
    (lambda: mx.read_images(3, like=mx.load("digits")), "an image is given by its path"),
    (lambda: mx.Model([Dense(2)], (3,), classes="ab"), "classes is a sequence of names"),
])  # fmt: skip
def test_public_functions(call: Callable[[], Any], sentence: str) -> None:
    with pytest.raises(TypeError) as problem:
        call()
    assert sentence in str(problem.value)


def test_seeds_have_a_ceiling() -> None:
    for call in (
        lambda seed: mx.Model([Dense(2)], (3,), seed=seed),
        lambda seed: mx.check(toys.product, [[1.0, 2.0]], seed=seed),
        lambda seed: mx.datasets.shorebirds(1, seed=seed),
        lambda seed: mx.shapley(lambda rows: rows.sum(axis=1), 3, permutations=4, seed=seed),
    ):
        with pytest.raises(ValueError, match=r"seed is at most 4,294,967,295, got 4294967296: "):
            call(2**32)

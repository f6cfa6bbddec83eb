"""Wrong kinds of object get one sentence, which says what was given and what to give."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minixai as mx
from minixai.layers import Dense, Flatten
from minixai.text import quoted
from minixai.training import train

X = np.random.default_rng(0).random((4, 3, 3, 1)).astype(np.float32)


class Silent:
    def __repr__(self) -> str:
        raise RuntimeError


WRONG = [3, 3.5, object(), Silent(), np.zeros((2, 2)), b"x", {1: 2}]


def model() -> mx.Model:
    return mx.Model([Flatten(), Dense(2)], (3, 3, 1))


def trained(**options: Any) -> None:
    train(model(), X, [0, 1, 0, 1], **{"epochs": 1} | options)


CALLS: dict[str, Callable[[Any], Any]] = {
    "layers": lambda x: mx.Model(x, (3, 3, 1)),
    "input_shape": lambda x: mx.Model([Flatten(), Dense(2)], x),
    "preprocessing": lambda x: mx.Model([Flatten(), Dense(2)], (3, 3, 1), preprocessing=x),
    "dtype": lambda x: model().astype(x),
    "set_weights": lambda x: model().set_weights(x),
    "save": lambda x: model().save(x),
    "load": mx.load,
} | {
    name: lambda x, name=name: trained(**{name: x})  # type: ignore[misc]
    for name in ("loss", "schedule", "report", "augment", "validation", "epochs", "batch", "seed", "optimiser")
}


@pytest.mark.parametrize("wrong", WRONG, ids=lambda x: type(x).__name__)
@pytest.mark.parametrize("name", CALLS)
def test_one_sentence(name: str, wrong: Any) -> None:
    if isinstance(wrong, {"epochs": int, "batch": int, "seed": int, "set_weights": dict}.get(name, type(None))):
        return
    with pytest.raises(
        (TypeError, ValueError), match=r" (is|are|takes|cannot|has|was) ?|a model is made of"
    ) as problem:
        CALLS[name](wrong)
    text = str(problem.value)
    assert "object is not" not in text
    assert "expected str" not in text
    assert len(text) < 400


def test_values_are_cut() -> None:
    assert len(quoted("a" * 5000)) == 60
    assert quoted(Silent()) == "a Silent"


@pytest.mark.parametrize(("call", "sentence"), [
    (lambda f: mx.integrated_gradients(f, X, steps=10**6), "steps is at most 10,000, got 1000000: "),
    (lambda f: mx.smooth_grad(f, X, samples=10**8), "samples is at most 1,000,000, got 100000000: "),
    (lambda f: mx.expected_gradients(f, X, background=X, samples=10**8), "samples is at most 1,000,000"),
    (lambda f: mx.evaluation.deletion_curve(f, X, X, steps=10**6), "steps is at most 1,000, got 1000000: an image"),
    (lambda f: mx.shapley(lambda rows: rows.sum(axis=1), 3, permutations=10**9), "permutations is at most 1,000,000"),
    (lambda f: train(f, X, [0, 1, 0, 1], epochs=10**9), "epochs is at most 1,000,000"),
])  # fmt: skip
def test_ceilings(call: Callable[[mx.Model], Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        call(model())

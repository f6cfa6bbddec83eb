"""What a user's own function raises stays what it is, and says in whose service it was raised."""

import traceback

import numpy as np
import pytest

import minixai as mx
from minixai.graph import Op


class Fussy(Op):
    """Refuses zeros."""

    def forward(self, x):
        if (x == 0).any():
            raise ZeroDivisionError("a zero")
        return x


def test_the_error_is_the_users_own() -> None:
    def model(x: mx.Node) -> mx.Node:
        if len(x) == 3:
            raise KeyError("missing")
        return x.sum(axis=1)

    with pytest.raises(KeyError, match="missing") as caught:
        mx.gradient(model, np.ones((8, 2)), batch=5)
    assert caught.value.__notes__ == ["minixai.gradient had called the model with inputs 5 to 7, at x"]
    assert traceback.extract_tb(caught.value.__traceback__)[-1].name == "model"


def test_at_x_or_at_the_baseline() -> None:
    def model(x: mx.Node) -> mx.Node:
        return Fussy()(x).sum(axis=1)

    for x, baseline, where in (([[1.0, 2.0]], 0.0, "at the baseline"), ([[0.0, 1.0]], 1.0, "at x")):
        with pytest.raises(ZeroDivisionError) as caught:
            mx.deep_lift(model, x, baseline=baseline)
        assert caught.value.__notes__ == [f"minixai.deep_lift had called the model with inputs 0 to 0, {where}"]


def test_on_the_way() -> None:
    def model(x: mx.Node) -> mx.Node:
        if len(x) > 2:
            raise OSError("no more")
        return x.sum(axis=1)

    with pytest.raises(OSError, match="no more") as caught:
        mx.integrated_gradients(model, np.ones((2, 2)), steps=4)
    assert caught.value.__notes__[0].startswith("minixai.integrated_gradients had called the model with rows made of")

"""Wrong kinds of object for every public function: each outcome is right, or one sentence of minixai's own.

A case calls a function as it should be called, with one or two of its arguments exchanged for something else.
"""

import inspect
import linecache
import os
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest

import minixai as mx
from minixai import evaluation, layers, op_layers, ops, toys
from minixai.datasets import birds
from minixai.graph import Node
from minixai.preprocessing import Preprocessing
from minixai.training import SGD, Adam, evaluate, train
from tests.fuzz.outcomes import CASES, SEED, expect, expect_answer_or_sentence

HOME = str(Path(mx.__file__).parent)
RNG = np.random.default_rng(5)
X = RNG.random((4, 6, 6, 1)).astype(np.float32)
BIRDS = RNG.random((2, 64, 64, 3)).astype(np.float32)


class Silent:
    """An object that cannot be shown."""

    def __repr__(self) -> str:
        raise RuntimeError


WRONG: list[Any] = [
    None, 0, 3, -1, 1.5, float("nan"), float("inf"), 10**30, True, "", "abc", "a" * 5000, b"x", [], [1], ["a", "b"],
    (), (1, 2, 3),
    [[1], [1, 2]], {}, {"a": 1}, {1, 2}, object(), Silent(), int, len, lambda: 1, lambda x: x, lambda *x: None,
    np.zeros(0),
    np.zeros((2, 2)), np.array("a"), np.array([None]), np.array(1j), np.full((4, 6, 6, 1), np.nan), X, X[..., 0],
    X.astype(int),
    Node(np.ones((2, 3))), np.datetime64("2020-01-01"), range(3), slice(None), ..., Path("none"), iter([1]),
]  # fmt: skip


def model() -> mx.Model:
    return mx.Model(
        [("conv1", layers.Conv2D(2, 3, activation="relu")), layers.Flatten(), layers.Dense(3)], input_shape=(6, 6, 1)
    )


INTERNAL = ("op", "inputs", "memo")
"""Arguments of `Node` that only an Op gives."""

Call = tuple[Callable[..., Any], Callable[[], dict[str, Any]]]


def op_calls() -> dict[str, Call]:
    """A call of each function of `ops`."""
    n = lambda *shape: Node(RNG.random((2, *shape)))  # noqa: E731
    given: dict[str, Callable[[], dict[str, Any]]] = {
        "convolution": lambda: {"x": n(6, 6, 1), "w": np.ones((3, 3, 1, 2)), "b": np.zeros(2)},
        "transposed_convolution": lambda: {"x": n(4, 4, 1), "w": np.ones((3, 3, 2, 1))},
        "matmul": lambda: {"x": n(3), "w": np.ones((3, 2))},
        "concatenate": lambda: {"xs": [n(3), n(2)]},
        "take": lambda: {"x": n(3), "index": (slice(None), 0)},
        "gather": lambda: {"x": n(6, 6, 1), "indices": [0, 1], "axis": 1},
        "interpolate": lambda: {"x": n(6, 6, 1), "size": 9, "axis": 1},
        "power": lambda: {"u": n(3), "p": 2},
        "pad": lambda: {"x": n(6, 6, 1), "widths": ((1, 1),) * 3},
        "prelu": lambda: {"x": n(3), "alpha": np.full(3, 0.1)},
    }
    calls = dict[str, Call]()
    for name in ops.__all__:
        function = getattr(ops, name)
        if inspect.isclass(function):
            continue
        image = any(word in name for word in ("pool", "upsample", "local_response", "interpolate", "pad", "gather"))
        calls[f"ops.{name}"] = (
            function,
            given.get(name)
            or (
                lambda function=function, image=image: {  # type: ignore[misc]
                    p.name: n(6, 6, 1) if image else n(3)
                    for p in inspect.signature(function).parameters.values()
                    if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
                }
            ),
        )
    return calls


LAYERS: dict[str, dict[str, Any]] = {
    "Conv2D": {"filters": 2, "kernel": 3}, "Dense": {"units": 2}, "Dropout": {"rate": 0.5}, "Reshape": {"shape": (36,)},
    "Activation": {"function": "relu"}, "Function": {"function": lambda x: x}, "ConvTranspose2D": {"filters": 2,
    "kernel": 3},
    "LocalResponseNorm": {"size": 3}, "Upsample2D": {"size": 2}, "Scale": {"shape": (1,)}, "Shift": {"shape": (1,)},
    "Append": {"shape": (1, 6, 1), "axis": 1}, "PReLU": {"shape": (1,)}, "Standardise": {"axes": (1, 2)},
    "Reduce": {"function": "mean", "axes": (1,)}, "Permute": {"axes": (2, 1, 3)}, "Slice": {"axis": 1},
    "Pad": {"widths": ((1, 1),) * 3},
    "Gather": {"axis": 1, "indices": (0, 2)}, "Interpolate": {"axis": 1, "size": 9},
}  # fmt: skip
JOINS = ("Join", "Sum", "Multiply", "Divide", "Subtract", "Maximum", "Minimum", "MatMul", "Add")
"""Layers of several inputs, which have no arguments."""


def layer_calls() -> dict[str, Call]:
    """A model of each layer."""

    def use(kind: type[layers.Layer]) -> Callable[..., Any]:
        def make(**options: Any) -> mx.Model:
            return mx.Model([kind(**options), layers.Flatten(), layers.Dense(2)], (6, 6, 1))

        make.__signature__ = inspect.signature(kind)  # type: ignore[attr-defined]
        return make

    kinds = [
        kind
        for module in (layers, op_layers)
        for name, kind in vars(module).items()
        if inspect.isclass(kind) and issubclass(kind, layers.Layer) and kind is not layers.Layer
        if kind.__module__ == module.__name__ and name not in JOINS
    ]
    return {
        f"layers.{kind.__name__}": (use(kind), lambda kind=kind: dict(LAYERS.get(kind.__name__, {}))) for kind in kinds
    }  # type: ignore[misc]


def calls() -> dict[str, Call]:
    """Every public function that the catalogue of methods does not have, with what it may be given."""
    network, result = model(), mx.gradient(model(), X, 0)
    one, maps, digits = mx.gradient(model(), X[:1], 0), RNG.random((1, 4, 4, 3)), mx.load("digits")
    path = mx.integrated_gradients(model(), X[:1], 0, steps=4)
    scenes, bird = birds.draw(2, 0), mx.load("shorebirds")
    board = evaluation.score(bird, scenes, ("gradient",))
    ax = plt.figure().gca()
    node = mx.Node([[1.0, 2.0]], [[0.0, 0.0]])
    background = lambda: {"model": network, "background": X}  # noqa: E731
    toy = toys.add_multiply
    batch, maps64 = {"model": bird, "scenes": scenes}, RNG.random((2, 64, 64, 1))
    found: dict[str, Call] = {
        "Model": (mx.Model, lambda: {"layers": [layers.Flatten(), layers.Dense(2)], "input_shape": (6, 6, 1)}),
        "model.scores": (network.scores, lambda: {"x": X}),
        "model.predict": (network.predict, lambda: {"x": X}),
        "model.probabilities": (network.probabilities, lambda: {"x": X}),
        "model.astype": (network.astype, lambda: {"dtype": np.float64}),
        "model.set_weights": (model().set_weights, lambda: {"weights": {"conv1/bias": np.zeros(2)}}),
        "model()": (network.__call__, lambda: {"x": Node(X)}),
        "Preprocessing": (
            lambda **o: mx.Model([layers.Flatten(), layers.Dense(2)], (6, 6, 1), preprocessing=Preprocessing(**o)),
            lambda: {"scale": 2.0, "mean": (0.5,), "std": (0.5,)},
        ),
        "as_preprocessing": (mx.preprocessing.as_preprocessing, lambda: {"given": "imagenet", "channels": 3}),
        "train": (train, lambda: {"model": model(), "x": X, "labels": [0, 1, 2, 0], "epochs": 1}),
        "SGD": (lambda **o: train(model(), X, [0, 1, 2, 0], epochs=1, optimiser=SGD(**o)), lambda: {"rate": 0.1}),
        "Adam": (lambda **o: train(model(), X, [0, 1, 2, 0], epochs=1, optimiser=Adam(**o)), lambda: {"rate": 0.1}),
        "evaluate": (evaluate, lambda: {"model": network, "x": X, "labels": [0, 1, 2, 0]}),
        "check": (mx.check, lambda: {"function": toy, "x": [[3.0, 1.0, 2.0]]}),
        "shapley": (mx.shapley, lambda: {"value": lambda rows: rows.sum(axis=1), "players": 3}),
        "Node": (mx.Node, lambda: {"value": [[1.0]]}),
        "backward": (mx.backward, lambda: {"output": toys.product(node), "rules": mx.rules.GRADIENT, "seed": 1.0}),
        "GradientExplainer": (
            lambda shap={}, **o: mx.GradientExplainer(**o).shap_values(X[:1]),
            background,
        ),
        "DeepExplainer": (lambda **o: mx.DeepExplainer(**o).shap_values(X[:1]), background),
        "load": (mx.load, lambda: {"name": "digits"}),
        "read_images": (mx.read_images, lambda: {"paths": "none.png", "like": network}),
        "digits": (mx.datasets.digits, lambda: {"split": "test"}),
        "shorebirds": (mx.datasets.shorebirds, lambda: {"n": 1}),
        "birds.draw": (birds.draw, lambda: {"n": 1, "seed": 0}),
        "audit": (
            lambda **o: mx.audit(**o),
            lambda: {"model": network, "x": X[:1], "method": "gradient", "methods": ()},
        ),
        "result.save": (result.save, lambda: {"path": "/nowhere/at/all.npz"}),
        "plots.show": (mx.plots.show, lambda: {"result": result, "images": X}),
        "plots.compare": (mx.plots.compare, lambda: {"results": [one, one], "image": X[:1]}),
        "plots.heat_map": (mx.plots.heat_map, lambda: {"ax": ax, "result": result, "image": X[0]}),
        "plots.filters": (mx.plots.filters, lambda: {"result": maps}),
        "plots.graph": (mx.plots.graph, lambda: {"output": toys.product(node)}),
        "plots.primer": (mx.plots.primer, lambda: {"model": digits}),
        "plots.scores": (mx.plots.scores, lambda: {"board": board}),
        "plots.series": (mx.plots.series, lambda: {"result": path}),
        "plots.slider": (mx.plots.slider, lambda: {"frames": [X[0], X[1]], "label": "image"}),
        "evaluation.score": (evaluation.score, lambda: {**batch, "methods": ("gradient",)}),
        "evaluation.audit": (evaluation.audit, lambda: dict(batch)),
    }  # fmt: skip
    for name in evaluation.__all__:
        function = getattr(evaluation, name)
        if inspect.isfunction(function) and f"evaluation.{name}" not in found:
            known = {
                **batch, "maps": maps64, "values": maps64, "images": BIRDS, "x": BIRDS, "masks": scenes.masks,
                "seed": 0, "n": 2, "labels": scenes.labels, "method": mx.gradient, "result": result,
            }  # fmt: skip
            found[f"evaluation.{name}"] = (
                function,
                lambda function=function, known=known: {  # type: ignore[misc]
                    p.name: known.get(p.name, X)
                    for p in inspect.signature(function).parameters.values()
                    if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
                },
            )
    for name in ("saturation", "add_multiply", "threshold", "minimum", "maximum", "product", "one_minus_relu"):
        found[f"toys.{name}"] = getattr(toys, name), lambda: {"x": node}
    return found | op_calls() | layer_calls()


def is_own(problem: Exception) -> bool:
    """Whether a statement `raise` of minixai's has raised it, or a function that was given."""
    frames = traceback.extract_tb(problem.__traceback__)
    if "positional argument" in str(problem):  # a function that was given takes others
        return True
    if not frames or not frames[-1].filename.startswith(HOME):
        return bool(frames) and frames[-1].name == "<lambda>"
    line = linecache.getline(frames[-1].filename, frames[-1].lineno or 0)
    return line.strip().startswith("raise")


def accepted(function: Callable[..., Any]) -> list[str]:
    """The names of the arguments that are exchanged."""
    parameters: Mapping[str, inspect.Parameter] = inspect.signature(function).parameters
    return [p.name for p in parameters.values() if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD, p.POSITIONAL_ONLY)]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_wrong_objects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # some of the objects are paths, and are written to
    every, rng = calls(), np.random.default_rng(SEED)
    names, seen = sorted(every), dict[str, int]()
    only = os.environ.get("FUZZ_ONLY", "")
    names = [name for name in names if name.startswith(only)]
    for name in names:
        what = f"{name} as it should be called"
        expect_answer_or_sentence(lambda name=name: every[name][0](**every[name][1]()), what)  # type: ignore[misc]
    for case in range(CASES):
        name = names[case % len(names)]
        function, given = every[name]
        options = given()
        options_of = [each for each in accepted(function) if each not in INTERNAL] or list(options)
        swapped = rng.choice(options_of, size=min(len(options_of), int(rng.integers(1, 3))), replace=False)
        for each in map(str, swapped):
            options[each] = WRONG[int(rng.integers(len(WRONG)))]
        shown = ", ".join(f"{each}={type(options[each]).__name__}" for each in map(str, swapped))
        what = f"seed {SEED} case {case}: {name}({shown})"
        try:
            function(**options)
        except Exception as problem:
            frames = traceback.extract_tb(problem.__traceback__)
            at = f"{type(problem).__name__}: {problem!s:.160} in {Path(frames[-1].filename).name}:{frames[-1].lineno}"
            sentence = isinstance(problem, (ValueError, TypeError)) and is_own(problem) and len(str(problem)) < 1500
            expect(sentence or (is_own(problem) and frames[-1].name == "<lambda>"), f"{what}: {at}")
            seen[name] = seen.get(name, 0) + (not sentence)
        finally:
            plt.close("all")
    print({name: n for name, n in seen.items() if n})

"""Every kind of layer: its shape, its rows, its weights in a file, its gradient, and DeepLIFT's sum through it."""

from dataclasses import dataclass

import numpy as np
import pytest

import minixai as mx
from minixai import layers, op_layers
from minixai.graph import Node, history
from minixai.model import Model, load_model
from minixai.training import TRAINING, train

IMAGE = (5, 6, 2)


@dataclass
class Case:
    """A layer, the shape of the rows it takes, and how many inputs."""

    layer: layers.Layer
    shape: tuple[int, ...] = IMAGE
    inputs: int = 1


CASES = {
    "Activation": Case(layers.Activation("gelu")),
    "Add": Case(layers.Add(), inputs=2),
    "Append": Case(op_layers.Append((1, 6, 2), 1)),
    "AveragePool2D": Case(layers.AveragePool2D(2, 1)),
    "BatchNorm": Case(layers.BatchNorm()),
    "Concatenate": Case(layers.Concatenate(), inputs=2),
    "Conv2D": Case(layers.Conv2D(3, (3, 2), stride=(1, 2))),
    "ConvTranspose2D": Case(op_layers.ConvTranspose2D(3, 2, 2)),
    "Dense": Case(layers.Dense(4), (3,)),
    "Divide": Case(op_layers.Divide(), inputs=2),
    "Dropout": Case(layers.Dropout(0.5)),
    "Flatten": Case(layers.Flatten()),
    "Gather": Case(op_layers.Gather(1, (2, 0))),
    "GlobalAveragePool2D": Case(layers.GlobalAveragePool2D()),
    "GlobalMaxPool2D": Case(layers.GlobalMaxPool2D()),
    "Interpolate": Case(op_layers.Interpolate(1, 8)),
    "LocalResponseNorm": Case(op_layers.LocalResponseNorm(2, alpha=0.5)),
    "MatMul": Case(op_layers.MatMul(), (4, 4), inputs=2),
    "MaxPool2D": Case(layers.MaxPool2D(2, 1)),
    "Maximum": Case(op_layers.Maximum(), inputs=2),
    "Minimum": Case(op_layers.Minimum(), inputs=2),
    "Multiply": Case(op_layers.Multiply(), inputs=2),
    "PReLU": Case(op_layers.PReLU((2,))),
    "Pad": Case(op_layers.Pad(((1, 0), (0, 2), (0, 0)), fill=0.5)),
    "Permute": Case(op_layers.Permute((2, 1, 3))),
    "Reduce": Case(op_layers.Reduce("min", (1,))),
    "Reshape": Case(layers.Reshape((6, 10))),
    "Scale": Case(op_layers.Scale((2,))),
    "Shift": Case(op_layers.Shift((2,))),
    "Slice": Case(op_layers.Slice(1, 1, None, 2)),
    "Standardise": Case(op_layers.Standardise((3,), 0.1)),
    "Subtract": Case(op_layers.Subtract(), inputs=2),
    "Sum": Case(op_layers.Sum(), inputs=2),
    "Upsample2D": Case(layers.Upsample2D((7, 9))),
    "ZeroPad2D": Case(layers.ZeroPad2D(((1, 0), (0, 2)))),
}
every_layer = pytest.mark.parametrize("name", CASES)


def model_with(name: str) -> Model:
    """The layer, a second input of its own if it takes one, and two scores above it."""
    case = CASES[name]
    other = [("other", layers.Activation("sigmoid"), ["input"])] * (case.inputs - 1)
    inputs = ["input", "other"][: case.inputs]
    parts = [*other, ("layer", case.layer, inputs), ("flat", layers.Flatten()), ("scores", layers.Dense(2))]
    model = Model(parts, case.shape, dtype=np.float64, seed=1)
    rng = np.random.default_rng(2)
    model.set_weights({key: abs(w + rng.normal(0, 0.3, w.shape)) for key, w in model.weights.items()})
    return model


def rows(name: str, n: int = 3, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, *CASES[name].shape))


def test_the_table_has_every_layer() -> None:
    assert CASES.keys() == op_layers.KINDS.keys()
    assert all(type(case.layer).__name__ == name for name, case in CASES.items())


@every_layer
def test_it_has_the_shape_it_says(name: str) -> None:
    model = model_with(name)
    entry = next(each for each in model.layers if each.name == "layer")
    node = next(node for node in history(model(Node(rows(name)))) if node.name == "layer")
    assert node.shape == (3, *entry.shape)


@every_layer
def test_a_saved_model_has_the_same_scores(name: str, tmp_path) -> None:
    model = model_with(name)
    model.save(tmp_path / "model.npz")
    np.testing.assert_array_equal(load_model(tmp_path / "model.npz").scores(rows(name)), model.scores(rows(name)))


@every_layer
def test_gradients_sums_rows_and_dtypes_are_right(name: str) -> None:
    report = mx.check(model_with(name), rows(name), rows(name, seed=4))
    assert report, str(report)


TRAINED = [name for name, case in CASES.items() if case.layer.trained]


@pytest.mark.parametrize("name", TRAINED)
def test_training_reaches_its_weights(name: str) -> None:
    model = model_with(name)
    weights = {key: Node(w) for key, w in model.trained_weights.items()}
    output = model(Node(rows(name)), weights, layers.Training(np.random.default_rng(0)))
    m = mx.backward(output, TRAINING, np.random.default_rng(1).normal(size=output.shape))
    assert all(np.any(m[weights[f"layer/{key}"]]) for key in CASES[name].layer.trained if f"layer/{key}" in weights)
    assert all(m[weight].shape == weight.shape for weight in weights.values())


@pytest.mark.parametrize("layer", [
    op_layers.Append((2, 6, 2), 1), op_layers.Append((5, 3, 2), 2, before=True),
    op_layers.Scale((5, 1, 1)), op_layers.Shift((6, 2)), op_layers.PReLU((5, 6, 2)),
])  # fmt: skip
def test_the_gradient_of_a_weight_that_rows_share_is_the_finite_difference(layer: layers.Layer) -> None:
    model = Model([layer, layers.Flatten(), layers.Dense(2)], IMAGE, dtype=np.float64)
    rng = np.random.default_rng(0)
    model.set_weights({key: rng.normal(size=w.shape) for key, w in model.weights.items()})
    x, before = rng.normal(size=(3, *IMAGE)), model.trained_weights
    nodes = {key: Node(w) for key, w in before.items()}
    output = model(Node(x), nodes, layers.Training(rng))
    seed = rng.normal(size=output.shape)
    m = mx.backward(output, TRAINING, seed)
    for key, w in before.items():
        step = 1e-6 * rng.normal(size=w.shape)
        ahead, behind = (model(Node(x), before | {key: w + sign * step}).value for sign in (1, -1))
        np.testing.assert_allclose((m[nodes[key]] * step).sum(), (seed * (ahead - behind)).sum() / 2, rtol=1e-5)


def test_a_layer_of_ones_own_takes_the_same_operators_in_training() -> None:
    class Gate(layers.Layer):
        trained = ("gate",)

        def weight_shapes(self, shape):
            return {"gate": shape[-1:]}

        def forward(self, x, w, training):
            return x * (1 + w["gate"]) - w["gate"]

    model = Model([Gate(), layers.Dense(2)], (3,))
    x = np.random.default_rng(0).normal(size=(8, 3))
    assert len(train(model, x, [0, 1] * 4, epochs=2)) == 2
    assert np.all(model.weights["layer1/gate"])

"""ONNX files as models: scores as onnxruntime's, gradients as PyTorch's, and one sentence for what cannot be."""

import re
import resource
import time
import warnings
from math import prod
from pathlib import Path

import numpy as np
import pytest
from onnx_writer import entry, external, graph, model, node, write
from PIL import Image

import minixai as mx
from minixai.arrays import Array
from minixai.checking import check
from minixai.cli import main
from minixai.graph import Node
from minixai.layers import Activation
from minixai.model import load_model
from minixai.zoo.labels import read_class_names
from minixai.zoo.onnx import LOWERINGS
from minixai.zoo.onnx.ending import channels_first, image_port, input_layout
from minixai.zoo.onnx.layout import Value, transpose_value
from minixai.zoo.onnx.schema import read_graph
from minixai.zoo.onnx.wire import Damaged, fields, varints
from tests.marks import first_of_each, slow_except
from tests.zoo.files import frozen, mutilate, run_every_method, within

pytestmark = pytest.mark.filterwarnings("ignore:no preprocessing is given")

EPS = np.finfo(np.float32).eps


CASES, NETWORKS = frozen("onnx_cases.npz"), frozen("onnx_networks.npz")
every_network = pytest.mark.parametrize("name", NETWORKS)

REFUSED = re.compile(r"cubic|tf_crop|antialias|not_larger|not_smaller|_selu$|2d_dilations|argmax|training|_pow|matmul_")
"""Cases of one operation that are refused, and rightly so; of Pow and MatMul those with a constant for every entry."""
ACCEPTED = [name for name in CASES if not REFUSED.search(name)]
ROUNDED = "resize_downsample_scales_linear_align_corners"
"""onnxruntime and PyTorch count whole places, the reference those of the scale; we are with the former."""


def operation(case: str) -> str:
    """The operation that a case is about: the first word of its name, after "test"."""
    return case.split("_")[1]


def load_bytes(tmp_path: Path, data: Array | bytes, name: str = "net.onnx", **options) -> mx.Model:
    path = tmp_path / name
    path.write_bytes(bytes(data))
    return mx.load(path, **options)


def arranged(path: Path, x: Array, model: mx.Model) -> Array:
    """ONNX's images as the model takes them."""
    file = read_graph(path)
    order = input_layout(file, image_port(file), None)[2]
    return x.transpose(0, *order).reshape(len(x), *model.input_shape)


# -- one operation --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_every_operation_is_what_onnx_says(name, tmp_path):
    case = CASES[name]
    if REFUSED.search(name):
        try:
            load_bytes(tmp_path, case["file"])
        except ValueError as problem:
            assert re.fullmatch(r"cannot load '.*': node '\w+' \(\w+\): [^\n]+", str(problem))  # noqa: PT017
            return
    model = load_bytes(tmp_path, case["file"])
    expected = case["y"]
    if ROUNDED in name:
        expected = np.array([[1.0, 4.0]])
    outputs = model.probabilities if name == "test_sigmoid" else model.scores  # it is found at the end
    within(outputs(arranged(tmp_path / "net.onnx", case["x"], model)), expected)


@pytest.mark.parametrize("name", slow_except(first_of_each(ACCEPTED, operation), ACCEPTED))
def test_every_operation_passes_the_check(name, tmp_path):
    """Gradient, completeness, rows apart, same bits, inputs unmodified, one dtype."""
    model = load_bytes(tmp_path, CASES[name]["file"]).astype(np.float64)
    x = arranged(tmp_path / "net.onnx", CASES[name]["x"], model).astype(float)
    report = check(
        lambda node: model.astype(node.dtype)(node), x[:2] if len(x) > 1 else np.concatenate([x, 0.9 * x + 0.03])
    )
    assert report, str(report)


def test_every_operation_has_a_case():
    """What the package's own cases do not have, the networks or the tests below do."""
    files = [bytes(case["file"]) for case in [*CASES.values(), *NETWORKS.values()]]
    here = Path(__file__).read_text()
    for op in LOWERINGS:
        assert any(entry(4, op) in file for file in files) or f'"{op}"' in here, op


def scores_of(
    tmp_path: Path, nodes: list[bytes], constants: dict | None = None, x: Array | None = None, **options
) -> Array:
    """Scores of images (N, C, H, W) by nodes that make y of x, flattened."""
    images = np.random.default_rng(0).normal(size=(2, 3, 6, 6)).astype(np.float32) if x is None else x
    end = node("Flatten", "y", "flat")
    path = write(tmp_path / "net.onnx", [*nodes, end], constants, ("n", *images.shape[1:]), ["flat"], **options)
    return mx.load(path).scores(np.moveaxis(images, 1, -1))


X = np.random.default_rng(0).normal(size=(2, 3, 6, 6)).astype(np.float32)


ROWS = np.random.default_rng(1).normal(size=(4, 6)).astype(np.float32)
KERNEL = np.random.default_rng(2).normal(size=(1, 3, 2, 2)).astype(np.float32)
OPERATIONS = {
    "sum": ([node("Sum", "x x x", "y")], lambda x: 3 * x),
    "mean": ([node("Relu", "x", "r"), node("Mean", "x r", "y")], lambda x: (x + np.maximum(x, 0)) / 2),
    "mish": ([node("Mish", "x", "y")], lambda x: x * np.tanh(np.logaddexp(0, x))),
    "swish": ([node("Swish", "x", "y")], lambda x: x / (1 + np.exp(-x))),
    "tile": ([node("CastLike", "x x", "c"), node("Tile", "c tiles", "y")], lambda x: np.tile(x, (1, 2, 1, 3))),
    "from a constant": ([node("Sub", "three x", "y")], lambda x: 3 - x),
    "a constant by": ([node("Exp", "x", "e"), node("Div", "three e", "y")], lambda x: 3 / np.exp(x)),
    "along another axis": (
        [node("Transpose", "x", "t", perm=[0, 2, 3, 1]), node("Add", "t channel", "y")],
        lambda x: np.add(x.transpose(0, 2, 3, 1), [1, 2, 3]),
    ),
    "a constant of more axes": ([node("Relu", "x", "r"), node("Mul", "r pixels", "y")], lambda x: np.maximum(x, 0) * 2),
    "max with a number": ([node("Max", "x three", "y")], lambda x: np.maximum(x, 3)),
    "min with a number": ([node("Min", "three x", "y")], lambda x: np.minimum(x, 3)),
    "a matrix on the left": ([node("MatMul", "rows x", "y")], lambda x: ROWS @ x),
    "values of two shapes": (
        [node("GlobalMaxPool", "x", "m"), node("Sub", "x m", "y")],
        lambda x: x - x.max(axis=(2, 3), keepdims=True),
    ),
    "values of two orders": (
        [node("Reshape", "x turned", "r"), node("Transpose", "r", "t", perm=[0, 3, 1, 2]), node("Add", "x t", "y")],
        lambda x: x + x.reshape(2, 6, 6, 3).transpose(0, 3, 1, 2),
    ),
    "values of two ranks": (
        [node("ReduceSum", "x", "s", keepdims=0, axes=[1, 2]), node("Add", "x s", "y")],
        lambda x: x + x.sum(axis=(1, 2)).reshape(2, 1, 1, 6),
    ),
    "l1": ([node("ReduceL1", "x", "y", axes=[1, 3])], lambda x: abs(x).sum(axis=(1, 3))),
    "log sum": (
        [node("Exp", "x", "e"), node("ReduceLogSum", "e", "y", axes=[2], keepdims=0)],
        lambda x: np.log(np.exp(x).sum(axis=2)),
    ),
    "log sum exp": (
        [node("Mul", "x large", "m"), node("ReduceLogSumExp", "m", "y", axes=[2, 3])],
        lambda x: np.logaddexp.reduce((200 * x).reshape(2, 3, 36), axis=2),
    ),
    "log sum exp of all": (
        [node("ReduceLogSumExp", "x", "y")],
        lambda x: np.logaddexp.reduce(x.reshape(2, -1), axis=1),
    ),
    "einsum of two": (
        [node("Relu", "x", "r"), node("Einsum", "x r", "y", equation="bchi,bchj->bcij")],
        lambda x: np.einsum("bchi,bchj->bcij", x, np.maximum(x, 0)),
    ),
    "einsum that turns and sums": (
        [node("Relu", "x", "r"), node("Einsum", "x r", "y", equation="bchw,bdhv->bdcw")],
        lambda x: np.einsum("bchw,bdhv->bdcw", x, np.maximum(x, 0)),
    ),
    "einsum with a constant": (
        [node("Einsum", "matrix x", "y", equation="ok,bkhw -> bhow")],
        lambda x: np.einsum("ok,bkhw->bhow", ROWS[:, :3], x),
    ),
    "einsum of one": ([node("Einsum", "x", "y", equation="bchw->bwc")], lambda x: np.einsum("bchw->bwc", x)),
    "einsum without a sum": (
        [node("GlobalMaxPool", "x", "m"), node("Einsum", "x m", "y", equation="bchw,bcuv->bchw")],
        lambda x: x * x.max(axis=(2, 3), keepdims=True),
    ),
    "a number in the dtype of a value": (
        [node("CastLike", "whole x", "c"), node("Add", "x c", "y")],
        lambda x: x + 3,
    ),
    "an activation of a constant": (
        [node("HardSwish", "channels", "c"), node("Mul", "x c", "y")],
        lambda x: x * (np.clip([-1, 0.5, 4] / np.float32(6) + 0.5, 0, 1) * [-1, 0.5, 4])[:, None, None],
    ),
    "the length of a constant": (
        [node("ReduceL2", "channels", "c", axes=[1], keepdims=1), node("Div", "x c", "y")],
        lambda x: x / np.sqrt(1 + 0.25 + 16),
    ),
    "a convolution with a constant that is padded": (
        [node("Pad", "kernel", "k", mode="reflect", pads=[0, 0, 1, 1, 0, 0, 1, 1]), node("Conv", "x k", "y")],
        lambda x: sum(
            np.pad(KERNEL, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="reflect")[0, c, i, j] * x[:, c, i : i + 3, j : j + 3]
            for c in range(3)
            for i in range(4)
            for j in range(4)
        ),
    ),
    "both from the image": (
        [node("Transpose", "x", "t", perm=[0, 1, 3, 2]), node("MatMul", "x t", "y")],
        lambda x: x @ x.transpose(0, 1, 3, 2),
    ),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_operations_that_the_package_has_no_case_for(name, tmp_path):
    nodes, function = OPERATIONS[name]
    constants = {"tiles": np.array([1, 2, 1, 3]), "three": np.float32(3), "channel": np.float32([1, 2, 3])}
    constants |= {"rows": ROWS, "pixels": np.full((1, 3, 6, 6), 2, np.float32), "turned": np.array([-1, 6, 6, 3])}
    constants |= {"large": np.float32(200), "matrix": ROWS[:, :3], "whole": np.array(3), "kernel": KERNEL}
    constants |= {"channels": np.float32([-1, 0.5, 4]).reshape(1, 3, 1, 1)}
    got = scores_of(tmp_path, nodes, constants, opset=11)
    within(got, function(X).reshape(2, -1))


def test_what_sums_over_exponentials_is_complete(tmp_path):
    """The largest is a value of its own, so that nothing overflows, and DeepLIFT's values still add up."""
    nodes = [node("Mul", "x large", "m"), node("ReduceLogSumExp", "m", "y", axes=[2, 3], keepdims=0)]
    model = mx.load(write(tmp_path / "net.onnx", nodes, {"large": np.float32(200)}))
    result = mx.deep_lift(model.astype(np.float64), np.moveaxis(X, 1, -1), 1)
    assert np.max(abs(result.gap)) <= 1e-9 * abs(result.values).sum()


@pytest.mark.parametrize(
    "equation", ["bchw,bchw", "bccw->bw", "...c,c->...c", "bchw,c,c->b", "bc,c->b", "bchw,c->bchw"]
)
def test_an_einsum_that_is_refused(equation, tmp_path):
    inputs = " ".join(["x", "c", "c"][: equation.count(",") + 1])
    path = write(tmp_path / "net.onnx", [node("Einsum", inputs, "y", equation=equation)], {"c": np.ones(3, np.float32)})
    with pytest.raises(ValueError, match=r"cannot load '.*': node '/y/Einsum' \(Einsum\): it"):
        mx.load(path)


@pytest.mark.parametrize(("equation", "shape", "said"), [
    ("bchw,whk->bck", (3, 12, 2), "calls axes of lengths 6 and 3 both 'w'"),  # as many numbers as the right ones
    ("bchw,hk->bck", (6,), "names the axes 'hk' of a value of shape (6,)"),
    ("bchw,hk->bckz", (6, 2), "has 'z' in the output, but in none of the inputs"),
])  # fmt: skip
def test_the_letters_of_an_einsum_fit_its_inputs(equation, shape, said, tmp_path):
    nodes = [node("Einsum", "x w", "e", equation=equation), node("Flatten", "e", "y")]
    with pytest.raises(ValueError, match=re.escape(f"its equation {said}")):
        mx.load(write(tmp_path / "net.onnx", nodes, {"w": np.ones(shape, np.float32)}))


def test_a_long_chain_before_the_first_convolution_is_followed_soon(tmp_path):
    nodes = [node("Relu", f"r{i - 1}" if i else "x", f"r{i}") for i in range(10_000)]
    graph = read_graph(write(tmp_path / "net.onnx", [*nodes, node("Conv", "r9999 k", "y")], {"k": KERNEL}))
    start = time.monotonic()
    assert channels_first(graph, image_port(graph), [None, 6, 6, 3], None)
    assert time.monotonic() - start < 2


def test_a_constant_that_the_exporter_repeated_for_its_batch(tmp_path):
    """A class token or a map of places is there once for each image of the batch that the exporter saw."""
    maps = np.random.default_rng(0).normal(size=(1, 1, 6, 6)).astype(np.float32)
    nodes = [node("Concat", "x places", "c", axis=1), node("Mul", "c twice", "y")]
    constants = {"places": np.repeat(maps, 2, 0), "twice": np.full((2, 4, 6, 6), 2, np.float32)}
    end = node("GlobalAveragePool", "y", "z")
    model = mx.load(write(tmp_path / "net.onnx", [*nodes, end], constants, (2, 3, 6, 6), ["z"]))
    expected = 2 * np.concatenate([X, np.repeat(maps, 2, 0)], axis=1).mean(axis=(2, 3))
    within(model.scores(np.moveaxis(X, 1, -1)), expected)
    constants["places"] = np.concatenate([maps, -maps])  # which belongs to the place in the batch
    with pytest.raises(ValueError, match="the file is for batches of 2 images, export it with one image"):
        mx.load(write(tmp_path / "net.onnx", [*nodes, end], constants, (2, 3, 6, 6), ["z"]))


@pytest.mark.parametrize("before", [[], [node("Sub", "x m", "d")]])
def test_an_input_shape_cannot_turn_the_channels_round(before, tmp_path):
    nodes = [*before, node("Conv", f"{'d' if before else 'x'} k", "c"), node("GlobalMaxPool", "c", "y")]
    constants = {"k": np.ones((2, 3, 3, 3), np.float32), "m": np.float32(0.5)}
    for shape in [("n", 3, 6, 6), ("n", 3, "h", "w"), ("n", "c", "h", "w")]:
        path = write(tmp_path / "net.onnx", nodes, constants, shape)
        assert mx.load(path, input_shape=(6, 6, 3)).input_shape == (6, 6, 3)
        with pytest.raises(ValueError, match="cannot load"):
            mx.load(path, input_shape=(3, 6, 6))


# -- several nodes that are one ---------------------------------------------------------------------------


def erf(x: Array) -> Array:
    from scipy.special import erf

    return erf(x)


ROOT = np.float32(np.sqrt(2))
PATTERNS = {
    "silu": ([node("Sigmoid", "x", "s"), node("Mul", "x s", "y")], lambda x: x / (1 + np.exp(-x))),
    "hard_swish": (
        [node("HardSigmoid", "x", "s", alpha=1 / 6, beta=0.5), node("Mul", "s x", "y")],
        lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    ),
    "mish": (
        [node("Softplus", "x", "p"), node("Tanh", "p", "t"), node("Mul", "x t", "y")],
        lambda x: x * np.tanh(np.logaddexp(0, x)),
    ),
    "gelu": (
        [
            *(node("Div", "x root", "d"), node("Erf", "d", "e"), node("Add", "e one", "a")),
            *(node("Mul", "x a", "m"), node("Mul", "m half", "y")),
        ],
        lambda x: x / 2 * (1 + erf(x / np.sqrt(2))),
    ),
    "softplus": (
        [node("Softplus", "x", "p"), node("Greater", "x twenty", "g"), node("Where", "g x p", "y")],
        lambda x: np.logaddexp(0, x),
    ),
}


@pytest.mark.parametrize("name", PATTERNS)
def test_what_exporters_take_apart_is_one_activation_again(name, tmp_path):
    nodes, function = PATTERNS[name]
    constants = {"root": ROOT, "one": np.float32(1), "half": np.float32(0.5), "twenty": np.float32(20)}
    within(scores_of(tmp_path, nodes, constants), function(X.astype(float)).reshape(2, -1))
    layers = [entry.layer for entry in mx.load(tmp_path / "net.onnx").layers[1:]]
    assert [layer.function for layer in layers if isinstance(layer, Activation)] == [name]


def test_a_value_that_others_read_is_not_taken_away_by_a_pattern(tmp_path):
    nodes = [node("Sigmoid", "x", "s"), node("Mul", "x s", "m"), node("Add", "m s", "y")]
    sigmoid = 1 / (1 + np.exp(-X))
    within(scores_of(tmp_path, nodes), (X * sigmoid + sigmoid).reshape(2, -1))


# -- whole networks --------------------------------------------------------------------------------------


@every_network
def test_scores_are_those_of_onnxruntime(name, tmp_path):
    case = NETWORKS[name]
    model = load_bytes(tmp_path, case["file"])
    ends = {"plain, softmax": "softmax", "plain, sigmoid": "sigmoid"}
    assert model.classifier_activation == ends.get(name, "softmax")
    got = model.probabilities(case["x"]) if name in ends else model.scores(case["x"])
    assert np.max(abs(got - case["scores"])) <= 1e-5 * np.max(abs(case["scores"]))
    np.testing.assert_array_equal(got.argmax(axis=1), case["scores"].argmax(axis=1))


@pytest.mark.parametrize("name", [name for name in NETWORKS if "gradient" in NETWORKS[name]])
def test_gradients_are_those_of_pytorch(name, tmp_path):
    case = NETWORKS[name]
    model = load_bytes(tmp_path, case["file"]).astype(np.float64)
    got = mx.gradient(model, case["x"][:1], 1).values
    # weights are the same float32 numbers, the gradient is kept in float32; pixels of bytes are rounded to float32 once
    assert np.max(abs(got - case["gradient"])) <= 1e-5 * np.max(abs(case["gradient"]))


@every_network
def test_deep_lift_adds_up(name, tmp_path):
    case = NETWORKS[name]
    model = load_bytes(tmp_path, case["file"]).astype(np.float64)
    x = case["x"] / 255
    result = mx.deep_lift(model, x, 1, baseline=0.5)
    moved = model.scores(x)[:, 1] - model.scores(np.full_like(x, 0.5))[:, 1]
    total = result.values.reshape(len(x), -1).sum(axis=1)
    np.testing.assert_allclose(total, moved, rtol=0, atol=1e-9 * (1 + abs(result.values).sum()))


@every_network
def test_a_model_that_is_saved_and_loaded_is_the_same(name, tmp_path):
    model = load_bytes(tmp_path, NETWORKS[name]["file"])
    model.save(tmp_path / "again.npz")
    again = load_model(tmp_path / "again.npz")
    assert again.summary() == model.summary()
    assert again.classifier_activation == model.classifier_activation
    x = NETWORKS[name]["x"]
    np.testing.assert_array_equal(again.probabilities(x), model.probabilities(x))


@pytest.mark.filterwarnings("ignore")  # of methods that are made for ReLUs alone
@pytest.mark.parametrize("name", ["mobilenet v3", "densenet", "vit"])
def test_every_method_runs(name, tmp_path):
    case = NETWORKS[name]
    run_every_method(load_bytes(tmp_path, case["file"]), case["x"])


def test_layers_have_the_names_of_the_file_made_short(tmp_path):
    model = load_bytes(tmp_path, NETWORKS["mobilenet v3"]["file"])
    names = [entry.name for entry in model.layers]
    assert names[:4] == ["input", "conv1", "relu1", "3.layers.0"]
    assert names[9:15] == [
        *("3.layers.6.relu", "3.layers.6.fc2", "3.layers.6.gate"),
        *("3.layers.6.mul", "3.layers.7", "3.add"),
    ]
    assert len(set(names)) == len(names)
    with pytest.warns(UserWarning, match="other paths lead round it"):
        assert mx.grad_cam(model, NETWORKS["mobilenet v3"]["x"], layer=names[3]).values.shape[3] == 1


def test_images_are_channels_last_up_to_the_head(tmp_path):
    """Nothing of a plain convolutional network is transposed."""
    kinds = {type(entry.layer).__name__ for entry in load_bytes(tmp_path, NETWORKS["resnet"]["file"]).layers}
    assert "Permute" not in kinds


def test_flattened_rows_keep_their_channels_last(tmp_path):
    """Pixels become tokens, and tokens pixels again, without a transpose."""
    nodes = [
        *(node("Conv", "x k", "c"), node("Reshape", "c tokens", "t"), node("Transpose", "t", "p", perm=[0, 2, 1])),
        *(node("MatMul", "p m", "d"), node("Transpose", "d", "q", perm=[0, 2, 1]), node("Reshape", "q maps", "r")),
        *(node("Conv", "r l", "e"), node("GlobalAveragePool", "e", "g"), node("Flatten", "g", "y")),
    ]
    rng = np.random.default_rng(4)
    k, l, m = (rng.normal(size=s).astype(np.float32) for s in [(5, 3, 1, 1), (2, 4, 1, 1), (5, 4)])  # noqa: E741
    constants = {"k": k, "l": l, "m": m, "tokens": np.array([0, 5, -1]), "maps": np.array([-1, 4, 6, 6])}
    model = mx.load(write(tmp_path / "net.onnx", nodes, constants))
    kinds = [type(e.layer).__name__ for e in model.layers[1:]]
    assert kinds == ["Conv2D", "Reshape", "Dense", "Reshape", "Conv2D", "GlobalAveragePool2D", "Reshape"]
    expected = X.mean(axis=(2, 3)) @ k[:, :, 0, 0].T @ m @ l[:, :, 0, 0].T
    within(model.scores(np.moveaxis(X, 1, -1)), expected)


def test_softmax_of_old_files_is_over_all_axes_that_follow(tmp_path):
    e = np.exp(X)
    got = scores_of(tmp_path, [node("Softmax", "x", "p"), node("Relu", "p", "y")], opset=11)
    within(got, (e / e.sum(axis=(1, 2, 3), keepdims=True)).reshape(2, -1))
    got = scores_of(tmp_path, [node("Softmax", "x", "p", axis=2), node("Relu", "p", "y")], opset=11)
    within(got, (e / e.sum(axis=(2, 3), keepdims=True)).reshape(2, -1))
    got = scores_of(tmp_path, [node("Softmax", "x", "p"), node("Relu", "p", "y")])
    within(got, (e / e.sum(axis=3, keepdims=True)).reshape(2, -1))


# -- the ends --------------------------------------------------------------------------------------------

HEAD = {"w": np.random.default_rng(2).normal(size=(3, 4)).astype(np.float32)}
POOLED = [node("GlobalAveragePool", "x", "p"), node("Flatten", "p", "f"), node("MatMul", "f w", "s")]


@pytest.mark.parametrize(
    ("after", "output"),
    [
        ([node("Identity", "s", "y")], "softmax"),
        ([node("Softmax", "s", "y")], "softmax"),
        ([node("Sigmoid", "s", "y")], "sigmoid"),
        ([node("LogSoftmax", "s", "y")], "softmax"),
        ([node("Softmax", "s", "p1"), node("Dropout", "p1", "p2"), node("Flatten", "p2", "y")], "softmax"),
        ([node("Sigmoid", "s", "p1"), node("Reshape", "p1 shape", "y")], "sigmoid"),
        (
            [node("Unsqueeze", "s last", "u"), node("Softmax", "u", "p1", axis=1), node("Squeeze", "p1 last", "y")],
            "softmax",
        ),
    ],
)
def test_the_last_softmax_or_sigmoid_is_taken_off_and_remembered(after, output, tmp_path):
    constants = HEAD | {"shape": np.array([-1, 4]), "last": np.array([2])}
    model = mx.load(write(tmp_path / "net.onnx", [*POOLED, *after], constants))
    scores = X.mean(axis=(2, 3)) @ HEAD["w"]
    pixels = np.moveaxis(X, 1, -1)
    within(model.scores(pixels), scores)
    e = np.exp(scores)
    expected = e / e.sum(axis=1, keepdims=True) if output == "softmax" else e / (1 + e)
    within(model.probabilities(pixels), expected)
    assert model.classifier_activation == output
    within(mx.gradient(model, pixels, 1, output="probability").score, expected[:, 1])


def test_a_softmax_that_is_not_the_last_stays(tmp_path):
    nodes = [*POOLED, node("Softmax", "s", "a"), node("Mul", "a s", "y")]
    scores = X.mean(axis=(2, 3)) @ HEAD["w"]
    e = np.exp(scores)
    model = mx.load(write(tmp_path / "net.onnx", nodes, HEAD))
    within(model.scores(np.moveaxis(X, 1, -1)), scores * e / e.sum(axis=1, keepdims=True))


def test_one_score_with_a_sigmoid(tmp_path):
    nodes = [node("ReduceMean", "x", "m", axes=[1, 2, 3], keepdims=0), node("Sigmoid", "m", "y")]
    model = mx.load(write(tmp_path / "net.onnx", nodes, opset=13))
    p = 1 / (1 + np.exp(-X.mean(axis=(1, 2, 3))))
    within(model.probabilities(np.moveaxis(X, 1, -1)), np.stack([1 - p, p], axis=1))
    assert model.classes == ("0", "1")


def test_an_output_is_named_where_there_are_several(tmp_path):
    nodes = [*POOLED, node("Softmax", "s", "y"), node("Relu", "s", "z")]
    path = write(tmp_path / "net.onnx", nodes, HEAD, outputs=["y", "z"])
    with pytest.raises(ValueError, match="it has several outputs, 'y', 'z': give output_name="):
        mx.load(path)
    scores = np.maximum(X.mean(axis=(2, 3)) @ HEAD["w"], 0)
    within(mx.load(path, output_name="z").scores(np.moveaxis(X, 1, -1)), scores)
    with pytest.raises(ValueError, match="no output 'q' but 'y', 'z'"):
        mx.load(path, output_name="q")


# -- how a network begins --------------------------------------------------------------------------------


def test_channels_last_as_tensorflow_exports_it(tmp_path):
    """The image is (N, H, W, C), and a Transpose makes it (N, C, H, W): neither leaves a layer."""
    kernel = np.random.default_rng(3).normal(size=(4, 3, 3, 3)).astype(np.float32)
    nodes = [
        node("Transpose", "x", "t", perm=[0, 3, 1, 2]),
        node("Conv", "t k", "c", auto_pad="SAME_UPPER", strides=[2, 2]),
        node("Transpose", "c", "l", perm=[0, 2, 3, 1]),
        node("ReduceMean", "l", "y", axes=[1, 2], keepdims=0),
    ]
    model = mx.load(write(tmp_path / "net.onnx", nodes, {"k": kernel}, ("n", 6, 6, 3), opset=13))
    pixels = np.moveaxis(X, 1, -1)
    expected = mx.ops.convolution(Node(pixels), kernel.transpose(2, 3, 1, 0), None, 2, "same").value.mean(axis=(1, 2))
    assert model.input_shape == (6, 6, 3)
    assert [type(e.layer).__name__ for e in model.layers[1:]] == ["Conv2D", "Reduce"]
    within(model.scores(pixels), expected)


def test_sizes_that_are_open_are_asked_for(tmp_path):
    path = write(tmp_path / "net.onnx", [*POOLED, node("Relu", "s", "y")], HEAD, ("n", 3, "h", "w"))
    with pytest.raises(ValueError, match=r"leaves the size of its images open, \('any', 'any', 3\): give input_shape="):
        mx.load(path)
    assert mx.load(path, input_shape=(7, 5, 3)).input_shape == (7, 5, 3)
    with pytest.raises(ValueError, match=r"input_shape is \(7, 5, 4\), but the file fixes"):
        mx.load(path, input_shape=(7, 5, 4))


def test_sizes_that_the_file_works_out_leave_no_layer(tmp_path):
    nodes = [
        *(node("Shape", "x", "s"), node("Gather", "s zero", "n", axis=0), node("Unsqueeze", "n zeros", "n1")),
        *(node("Concat", "n1 rest", "to", axis=0), node("Cast", "to", "to64", to=7), node("Reshape", "x to64", "y")),
    ]
    constants = {"zero": np.array(0), "zeros": np.array([0]), "rest": np.array([-1])}
    model = mx.load(write(tmp_path / "net.onnx", nodes, constants))
    assert [type(e.layer).__name__ for e in model.layers[1:]] == ["Permute", "Reshape"]
    np.testing.assert_array_equal(model.scores(np.moveaxis(X, 1, -1)), X.reshape(2, -1))


def test_a_file_made_for_a_batch_takes_any_number_of_images(tmp_path):
    nodes = [node("Reshape", "x to", "y")]
    path = write(tmp_path / "net.onnx", nodes, {"to": np.array([8, 108])}, (8, 3, 6, 6))
    np.testing.assert_array_equal(mx.load(path).scores(np.moveaxis(X, 1, -1)), X.reshape(2, -1))


def test_grey_images_without_a_channel_have_one_here(tmp_path):
    model = mx.load(write(tmp_path / "net.onnx", [node("Flatten", "x", "y")], {}, ("n", 4, 5)))
    x = np.random.default_rng(0).random((2, 4, 5, 1))
    assert model.input_shape == (4, 5, 1)
    within(model.scores(x), x.reshape(2, -1))


def test_a_branch_that_is_certain_is_taken(tmp_path):
    then, other = graph([node("Relu", "x", "a")], outputs=["a"]), graph([node("Neg", "x", "b")], outputs=["b"])
    nodes = [node("If", "yes", "y", then_branch=then, else_branch=other)]
    within(scores_of(tmp_path, nodes, {"yes": np.array(True)}), np.maximum(X, 0).reshape(2, -1))
    within(scores_of(tmp_path, nodes, {"yes": np.array(False)}), -X.reshape(2, -1))


# -- what is given with it -------------------------------------------------------------------------------


def test_preprocessing_and_classes_are_given_by_name(tmp_path):
    path = write(tmp_path / "net.onnx", [*POOLED, node("Relu", "s", "y")], HEAD)
    (tmp_path / "labels.txt").write_text("cat\ndog\nowl\nhen\n")
    (tmp_path / "labels.json").write_text('["cat", "dog", "owl", "hen"]')
    model = mx.load(path, preprocessing="-1..1", classes=tmp_path / "labels.txt")
    assert model.classes == ("cat", "dog", "owl", "hen") == mx.load(path, classes=str(tmp_path / "labels.json")).classes
    pixels = np.moveaxis(X, 1, -1)
    within(model.scores(pixels), np.maximum((2 * X - 1).mean(axis=(2, 3)) @ HEAD["w"], 0))
    model.save(tmp_path / "again.npz")
    np.testing.assert_array_equal(mx.load(tmp_path / "again.npz").scores(pixels), model.scores(pixels))
    numbers = mx.load(path, preprocessing=((0.1, 0.2, 0.3), 0.5))
    within(numbers.scores(pixels), np.maximum(((X.mean(axis=(2, 3)) - [0.1, 0.2, 0.3]) / 0.5) @ HEAD["w"], 0))
    with pytest.raises(ValueError, match="unknown preprocessing 'imagnet', did you mean 'imagenet'"):
        mx.load(path, preprocessing="imagnet")
    for given in (
        np.array([[0.5] * 3, [0.5] * 3]),
        {"mean": [0.5] * 3, "std": (0.5,) * 3},
        [0.5, 0.5],
        "0.5/0.5",
        "0.5, 0.5,.5/0.5,.5,.5",
    ):
        assert mx.load(path, preprocessing=given).preprocessing == model.preprocessing
    for given in ("ImageNet", "x" * 10**6, {"mean": 0}, b"tf", 3, np.zeros(3), ""):
        with pytest.raises(ValueError, match=r"^unknown preprocessing .{1,110} one of imagenet, 0..1, [^:]*$"):
            mx.load(path, preprocessing=given)
    for given in ("a/b", "0.5/", "/", "0.5/0", "1,2/3,4", "nan/1"):
        with pytest.raises(ValueError, match="mean and std are numbers|std above 0|2 numbers in mean"):
            mx.load(path, preprocessing=given)
    with pytest.raises(ValueError, match="3 class names for 4 scores"):
        mx.load(path, classes=["a", "b", "c"])
    with pytest.raises(ValueError, match=r"cannot read class names from 'none.txt' \(No such file"):
        mx.load(path, classes="none.txt")
    with pytest.raises(ValueError, match="preprocessing is for files of ONNX and Keras, and 'digits' brings its own"):
        mx.load("digits", preprocessing="imagenet")


NAMES = ("cat", "dog", "owl", "hen")
LABELS = {
    "marked.txt": "\ufeffcat\r\n dog \r\nowl\r\nhen\r\n\r\n",
    "list.json": '["cat", "dog", "owl", "hen"]',
    "by_number.json": '{"1": "dog", "0": "cat", "2": "owl", "3": "hen"}',
    "as_imagenet.json": '{"0": ["n1", "cat"], "1": ["n2", "dog"], "2": ["n3", "owl"], "3": ["n4", "hen"]}',
    "indices.JSON": '{"dog": 1, "cat": 0, "hen": 3, "owl": 2}',
}


@pytest.mark.parametrize("file", LABELS)
def test_names_of_classes_in_all_forms(file, tmp_path):
    (tmp_path / file).write_text(LABELS[file], encoding="utf-8", newline="")
    assert tuple(read_class_names(tmp_path / file)) == NAMES


def test_names_of_classes_that_are_given():
    for given in (NAMES, [*NAMES], np.array(NAMES)):
        assert tuple(read_class_names(given)) == NAMES
    assert read_class_names(range(3)) == ["0", "1", "2"]
    for given in ({0: "cat"}, {*NAMES}, iter(NAMES), b"cat", 3, [None], ["cat", 1.5], [["cat"]]):
        with pytest.raises(TypeError, match=r"^(classes are a file|each class has a name).* got "):
            read_class_names(given)


@pytest.mark.parametrize(
    "data",
    [
        b"[",
        b"[" * 10**5,
        b"3",
        b"{}",
        b'{"0": "a", "2": "b"}',
        b'{"a": 0, "b": 0}',
        b'{"a": 1}',
        b"[1]",
        b"[[]]",
        b"\xff",
    ],
)
def test_files_that_hold_no_names_of_classes(data, tmp_path):
    (tmp_path / "names.json").write_bytes(data)
    with pytest.raises(ValueError, match=r"^cannot read class names from '[^\n]*$"):
        read_class_names(tmp_path / "names.json")


def test_names_of_classes_are_read_from_files_alone(tmp_path):
    """A device may have no end."""
    for path in ("/dev/zero", tmp_path):
        with pytest.raises(ValueError, match="cannot read class names from"):
            read_class_names(path)


@pytest.mark.parametrize("given", [6, "6,6,3", (6.0, 6, 3), (0, 6, 3), (True, 6, 3), (None, None, 3), {6}])
def test_what_is_no_input_shape(given, tmp_path):
    path = write(tmp_path / "net.onnx", [*POOLED, node("Relu", "s", "y")], HEAD, ("n", 3, "h", "w"))
    with pytest.raises((ValueError, TypeError), match="input_shape.* got "):
        mx.load(path, input_shape=given)


# -- what cannot be --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("nodes", "constants", "shape", "said"),
    [
        ([node("TopK", "x k", "y")], {"k": np.array([1])}, None, r"node '/y/TopK' \(TopK\): it picks and sorts"),
        ([node("Loop", "x", "y")], {}, None, r"\(Loop\): what is computed depends on the image"),
        ([node("LSTM", "x", "y")], {}, None, "recurrent networks"),
        ([node("Floor", "x", "y")], {}, None, "its slope is 0 or nowhere"),
        ([node("QLinearConv", "x", "y")], {}, None, "quantised: export the one of floats"),
        ([node("Frobnicate", "x", "y")], {}, None, "there is no layer for this operation"),
        ([node("Conv", "x", "y", domain="com.microsoft")], {}, None, "of the domain 'com.microsoft'"),
        ([node("Conv", "x x", "y")], {}, None, "its kernel is computed from the image"),
        ([node("Conv", "x k", "y")], {"k": np.ones((4, 2, 3, 3), np.float32)}, None, r"its kernel has the shape"),
        ([node("Conv", "x k", "y")], {"k": np.ones((4, 3, 9, 9), np.float32)}, None, "does not fit an image"),
        ([node("Conv", "x k", "y")], {"k": np.full((4, 3, 1, 1), np.nan, np.float32)}, None, "its kernel holds nan"),
        (
            [node("Conv", "x k", "y")],
            {"k": np.ones((4, 3, 3, 3, 3), np.float32)},
            ("n", 3, 6, 6, 6),
            "volumes are not read",
        ),
        ([node("Relu", "x", "y")], {}, None, r"its output has the shape \(1, 3, 6, 6\) for one image"),
        ([node("Flatten", "q", "y")], {}, None, "its input 'q' is made by no node before it"),
        ([node("Identity", "w", "y")], {"w": np.ones(3, np.float32)}, None, "its output does not depend on its input"),
        ([node("ConstantOfShape", "s", "w"), node("Add", "x w", "y")], {"s": np.array([1 << 40])}, None, "no room"),
        ([node("Cast", "x", "i", to=7), node("Flatten", "i", "y")], {}, None, "makes integers"),
        ([node("Resize", "x", "y", mode="cubic", scales=[1])], {}, None, r"\(Resize\)"),
        ([node("Reshape", "x s", "y")], {"s": np.array([-1, 7])}, None, "cannot be reshaped"),
        ([node("LRN", "x", "l"), node("Flatten", "l", "y")], {}, None, "its attribute 'size' is missing"),
        ([node("Tile", "x t", "y")], {"t": np.array([1, 1, 1 << 40, 1])}, None, "makes an axis of"),
        ([node("Expand", "x t", "y")], {"t": np.array([1 << 40, 3, 6, 6])}, None, "makes an axis of"),
        (
            [node("Pad", "x t", "p"), node("Flatten", "p", "y")],
            {"t": np.array([0, 0, 999, 999, 0, 0, 0, 0])},
            None,
            "too many",
        ),
        ([node("Resize", "x  t", "y")], {"t": np.float32([1, 1, 1e9, 1])}, None, "cannot be resized"),
        (
            [node("BatchNormalization", "x w w w v", "y")],
            {"w": np.ones(3, np.float32), "v": np.full(3, -1, np.float32)},
            None,
            "its variance is not above 0",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(nodes, constants, shape, said, tmp_path):
    path = write(tmp_path / "net.onnx", nodes, constants, shape or ("n", 3, 6, 6))
    with pytest.raises(ValueError, match=said) as told:
        mx.load(path)
    assert str(told.value).startswith(f"cannot load {str(path)!r}: ")
    assert "\n" not in str(told.value)


def test_several_inputs_are_refused(tmp_path):
    path = tmp_path / "net.onnx"
    path.write_bytes(model(graph([node("Add", "a b", "y")], {}, {"a": (1, 3), "b": (1, 3)})))
    with pytest.raises(ValueError, match="it has 2 inputs \\('a', 'b'\\)"):
        mx.load(path)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "it is empty"),
        (b"PK\x03\x04 a zip file, no doubt", "damaged or no ONNX file"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "damaged or no ONNX file"),
        (bytes(1000), "damaged or no ONNX file"),
        (b"hello, world\n" * 50, "damaged or no ONNX file"),
        (entry(7, b"") + entry(8, entry(2, 17)), "it holds no network"),
    ],
)
def test_a_foreign_file_is_told(data, said, tmp_path):
    with pytest.raises(ValueError, match=said):
        load_bytes(tmp_path, data)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ValueError, match="there is no file '.*none.onnx': check the path"):
        mx.load(tmp_path / "none.onnx")
    (tmp_path / "folder.onnx").mkdir()
    with pytest.raises(ValueError, match="cannot load '.*folder.onnx'"):
        mx.load(tmp_path / "folder.onnx")


# -- weights beside the file -----------------------------------------------------------------------------


def test_weights_beside_the_file_are_read(tmp_path):
    (tmp_path / "w.bin").write_bytes(bytes(16) + HEAD["w"].tobytes())
    nodes, w = [*POOLED, node("Identity", "s", "y")], external("w", HEAD["w"], "w.bin", offset=16, length=48)
    model = mx.load(write(tmp_path / "net.onnx", nodes, {"w": w}))
    within(model.scores(np.moveaxis(X, 1, -1)), X.mean(axis=(2, 3)) @ HEAD["w"])


@pytest.mark.parametrize(
    ("location", "place", "said"),
    [
        ("../w.bin", {}, "outside the folder of the model"),
        ("link.bin", {}, "outside the folder of the model"),
        ("/etc/hostname", {}, "outside the folder of the model"),
        ("gone.bin", {}, "its weights lie in 'gone.bin', which is not beside it"),
        ("short.bin", {}, "does not lie in 'short.bin', which has 10"),
        ("w.bin", {"offset": -4}, "does not lie in"),
        ("w.bin", {"offset": 1 << 60}, "does not lie in"),
        ("w.bin", {"length": 40}, "does not lie in"),
    ],
)
def test_weights_are_read_from_the_folder_of_the_file_alone(location, place, said, tmp_path):
    folder = tmp_path / "inside"
    folder.mkdir()
    for path in (tmp_path / "w.bin", folder / "w.bin"):
        path.write_bytes(HEAD["w"].tobytes())
    (folder / "short.bin").write_bytes(bytes(10))
    (folder / "link.bin").symlink_to(tmp_path / "w.bin")
    nodes = [*POOLED, node("Identity", "s", "y")]
    with pytest.raises(ValueError, match=said):
        mx.load(write(folder / "net.onnx", nodes, {"w": external("w", HEAD["w"], location, **place)}))


# -- damage ----------------------------------------------------------------------------------------------


def varied() -> bytes:
    """A small file with sizes that it works out, and hardly any weights: most of its bytes say something."""
    nodes = [
        *(node("Shape", "x", "s"), node("Slice", "s zero one", "n"), node("Concat", "n rest", "to", axis=0)),
        *(node("Conv", "x k", "c", pads=[1, 1, 1, 1], strides=[2, 2]), node("Relu", "c", "r")),
        *(
            node("MaxPool", "r", "p", kernel_shape=[2, 2], ceil_mode=1),
            node("ConstantOfShape", "one", "unit", value=ONE),
        ),
        *(node("Resize", "p  scale", "u", mode="linear"), node("Pad", "u pads", "q"), node("Expand", "q one", "e")),
        *(node("Reshape", "e to", "f"), node("Add", "f unit", "y")),
    ]
    kernel = np.linspace(-1, 1, 54, dtype=np.float32).reshape(2, 3, 3, 3)
    constants = {"k": kernel, "zero": np.array([0]), "one": np.array([1]), "scale": np.float32([1, 1, 2, 2])}
    constants |= {"pads": np.array([0, 0, 1, 0, 0, 0, 0, 1]), "rest": np.array([-1])}
    return model(graph(nodes, constants, {"x": (1, 3, 6, 6)}))


ONE = np.ones(1, np.float32)


@pytest.mark.parametrize("seed", slow_except(range(40), range(200)))
def test_a_mutilated_file_loads_rightly_or_is_told_in_one_sentence(seed, tmp_path):
    rng = np.random.default_rng(seed)
    data = bytes(NETWORKS["line"]["file"]) if seed % 4 == 0 else varied()
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    try:
        made = load_bytes(tmp_path, mutilate(data, rng))
    except ValueError as problem:
        assert re.fullmatch(r"cannot load '[^']*': [^\n]+", str(problem)), problem  # noqa: PT017
    else:
        x = rng.random((1, *made.input_shape))
        if prod(made.input_shape) < 1e5:
            assert made.scores(x).shape == (1, len(made.classes))
    assert time.perf_counter() - start < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # kB


def test_the_whole_files_of_the_mutilations_load(tmp_path):
    """Otherwise they would test nothing."""
    assert load_bytes(tmp_path, NETWORKS["line"]["file"]).input_shape == (40, 2)
    assert load_bytes(tmp_path, varied()).scores(np.zeros((1, 6, 6, 3))).shape == (1, 50)


# -- the parts -------------------------------------------------------------------------------------------


def test_lists_of_numbers_are_read_however_they_are_written():
    numbers = [0, 1, 127, 128, 300, 1 << 40, -1, -(1 << 62)]
    packed = b"".join(entry(1, n)[1:] for n in numbers)
    assert varints(memoryview(packed)).tolist() == numbers
    for damaged in (packed[:-1], b"\x80" * 11 + b"\0"):
        with pytest.raises(Damaged):
            varints(memoryview(damaged))


@pytest.mark.parametrize(
    "data", [b"\x0a", b"\x0a\x05abc", b"\x0b", b"\x08", b"\x08" + b"\xff" * 12, b"\x0d\0\0\0", b"\x02\0"]
)
def test_a_message_that_does_not_end_is_damaged(data):
    with pytest.raises(Damaged):
        list(fields(memoryview(data)))


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_weights_of_other_floats_are_taken(dtype, tmp_path):
    nodes = [*POOLED, node("Identity", "s", "y")]
    model = mx.load(write(tmp_path / "net.onnx", nodes, {"w": HEAD["w"].astype(dtype)}))
    within(model.scores(np.moveaxis(X, 1, -1)), X.mean(axis=(2, 3)) @ HEAD["w"].astype(dtype).astype(float))


def test_numbers_in_their_own_fields_are_read(tmp_path):
    """float_data one by one and packed, int64_data, and bfloat16 in its bits."""
    w = HEAD["w"]
    heads = {
        "packed": entry(4, w.tobytes()) + entry(2, 1),
        "one by one": b"".join(entry(4, float(v)) for v in w.ravel()) + entry(2, 1),
        "bfloat16": entry(9, (w.view(np.uint32) >> 16).astype(np.uint16).tobytes()) + entry(2, 16),
    }
    for how, numbers in heads.items():
        tensor = entry(1, 3) + entry(1, 4) + numbers + entry(8, "w")
        model = mx.load(write(tmp_path / "net.onnx", [*POOLED, node("Identity", "s", "y")], {"w": tensor}))
        expected = X.mean(axis=(2, 3)) @ w
        tolerance = 2**-7 * abs(X.mean(axis=(2, 3))) @ abs(w) if how == "bfloat16" else 1e-6
        assert (abs(model.scores(np.moveaxis(X, 1, -1)) - expected) <= tolerance).all(), how


def test_a_transpose_is_another_order():
    value = Value("layer", (1, 3, 4, 5), (2, 3, 1))
    assert transpose_value(value, (0, 2, 3, 1)) == Value("layer", (1, 4, 5, 3), (1, 2, 3))
    assert value.row == transpose_value(value, (0, 2, 3, 1)).row == (4, 5, 3)


def test_the_commands_take_a_file(tmp_path, capsys):
    path = write(tmp_path / "net.onnx", [*POOLED, node("Softmax", "s", "y")], HEAD)
    (tmp_path / "labels.txt").write_text("cat\ndog\nowl\nhen\n")
    photo = tmp_path / "photo.png"
    Image.fromarray(np.full((6, 6, 3), 200, np.uint8)).save(photo)
    asked = ["predict", str(photo), "--model", str(path), "--labels", str(tmp_path / "labels.txt")]
    assert main(asked) == 0
    said = capsys.readouterr().out
    assert "pixels from 0 to 1 as they are, for no --preprocessing was given" in said
    scores = np.full(3, 200 / 255) @ HEAD["w"]
    assert ["cat", "dog", "owl", "hen"][scores.argmax()] in said.split("prediction")[1].splitlines()[0]
    assert main([*asked, "--preprocessing", "0..255"]) == 0
    assert "preprocessing 0..255" in capsys.readouterr().out
    assert main([*asked, "--weights", "w.h5"]) != 0
    assert "has its weights already: leave it out" in capsys.readouterr().err


# -- what a file suggests, and how it ends ------------------------------------------------------------


def beginning(*steps):
    """A network that begins with these (op, numbers), before it convolves and pools."""
    nodes, constants, last = [], {"w": np.ones((4, 3, 1, 1), np.float32)}, "x"
    for i, (op, numbers) in enumerate(steps):
        constants[f"c{i}"] = np.asarray(numbers, np.float32).reshape(-1, 1, 1)
        nodes.append(node(op, f"{last} c{i}", f"h{i}"))
        last = f"h{i}"
    return [*nodes, node("Conv", f"{last} w", "c"), node("ReduceMean", "c", "y", axes=[2, 3], keepdims=0)], constants


@pytest.mark.parametrize(
    ("steps", "suggested"),
    [
        ([], None),
        ([("Div", 255.0)], "0..255"),
        ([("Mul", 1 / 127.5), ("Sub", 1.0)], "0..255"),
        ([("Sub", [103.9, 116.8, 123.7])], "0..255"),
        ([("Mul", 2.0), ("Sub", 1.0)], "0..1"),
        ([("Sub", [0.485, 0.456, 0.406]), ("Div", [0.229, 0.224, 0.225])], "0..1"),
        ([("Mul", 0.2)], None),
    ],
)
def test_what_the_first_operations_suggest(steps, suggested, tmp_path):
    path = write(tmp_path / "net.onnx", *beginning(*steps), opset=13)
    hint = f"the file suggests '{suggested}'" if suggested else "one of 'imagenet'"
    with pytest.warns(UserWarning, match=f"no preprocessing is given for .*net.onnx.* give preprocessing=, {hint}"):
        model = mx.load(path)
    assert model.suggested_preprocessing == suggested
    assert model.preprocessing is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert str(mx.load(path, preprocessing="0..1").preprocessing) == "0..1, pixels"


@pytest.mark.parametrize(
    ("mean", "variance", "suggested"),
    [
        ([120, 110, 100], [60, 60, 60], "0..255"),
        ([0.5, 0.4, 0.4], [0.07, 0.07, 0.07], "0..1"),
        ([0.1, 0, 0], [1, 0.9, 1.1], "imagenet"),
        ([0, 0, 0], [0.3, 0.3, 0.3], "-1..1"),
        ([7, 7, 7], [1, 1, 1], None),
    ],
)
def test_what_a_first_batch_norm_suggests(mean, variance, suggested, tmp_path):
    ones = np.ones(3, np.float32)
    constants = {
        "g": ones,
        "b": ones,
        "m": np.float32(mean),
        "v": np.float32(variance),
        "w": np.ones((4, 3, 1, 1), "f4"),
    }
    nodes = [
        node("BatchNormalization", "x g b m v", "h"),
        node("Conv", "h w", "c"),
        node("ReduceMean", "c", "y", axes=[2, 3], keepdims=0),
    ]
    assert mx.load(write(tmp_path / "net.onnx", nodes, constants, opset=13)).suggested_preprocessing == suggested


def exponentials(axis, shifted):
    """A softmax as it is written without the operation."""
    below = [node("ReduceMax", "s", "top", axes=[axis]), node("Sub", "s top", "below")] if shifted else []
    return [
        *below,
        node("Exp", "below" if shifted else "s", "e"),
        node("ReduceSum", "e", "total", axes=[axis]),
        node("Div", "e total", "q"),
    ]


@pytest.mark.parametrize("shifted", [True, False])
@pytest.mark.parametrize("axis", [1, -1])
@pytest.mark.parametrize("behind", [(), ("Dropout", "Flatten"), ("Identity", "Unsqueeze"), ("Transpose",)])
def test_a_softmax_of_exponentials_at_the_end_is_found(behind, axis, shifted, tmp_path):
    nodes, last = [*POOLED, *exponentials(axis, shifted)], "q"
    for i, op in enumerate(behind):
        more = {"Unsqueeze": {"axes": [2]}, "Transpose": {"perm": [1, 0]}}.get(op, {})
        nodes.append(node(op, last, "y" if i == len(behind) - 1 else f"t{i}", **more))
        last = f"t{i}"
    path = write(tmp_path / "net.onnx", nodes, HEAD, outputs=["y" if behind else "q"], opset=11)
    model, scores = mx.load(path), X.mean(axis=(2, 3)) @ HEAD["w"]
    assert model.classifier_activation == "softmax"
    within(model.scores(np.moveaxis(X, 1, -1)), scores)


def test_several_sigmoids_are_several_labels(tmp_path):
    model = mx.load(write(tmp_path / "net.onnx", [*POOLED, node("Sigmoid", "s", "y")], HEAD))
    scores = X.mean(axis=(2, 3)) @ HEAD["w"]
    assert model.classifier_activation == "sigmoid"
    within(model.probabilities(np.moveaxis(X, 1, -1)), 1 / (1 + np.exp(-scores)))
    within(mx.gradient(model, np.moveaxis(X, 1, -1), 1, output="probability").score, 1 / (1 + np.exp(-scores[:, 1])))


def test_a_softmax_shifted_along_another_axis_is_none(tmp_path):
    """The maximum is over the rows of a matrix, the sum over its columns: that is another function, and stays one."""
    nodes = [
        *POOLED,
        node("Reshape", "s shape", "m"),
        node("ReduceMax", "m", "top", axes=[2]),
        node("Sub", "m top", "below"),
        node("Exp", "below", "e"),
        node("ReduceSum", "e", "total", axes=[1]),
        node("Div", "e total", "q"),
        node("Flatten", "q", "y"),
    ]
    path = write(tmp_path / "net.onnx", nodes, HEAD | {"shape": np.array([-1, 2, 2])}, opset=11)
    s = (X.mean(axis=(2, 3)) @ HEAD["w"]).reshape(-1, 2, 2)
    e = np.exp(s - s.max(axis=2, keepdims=True))
    within(mx.load(path).scores(np.moveaxis(X, 1, -1)), (e / e.sum(axis=1, keepdims=True)).reshape(-1, 4))


def test_a_folder_and_what_follows_a_file_are_told(tmp_path):
    path = write(tmp_path / "net.onnx", [*POOLED, node("Relu", "s", "y")], HEAD)
    path.write_bytes(path.read_bytes() + bytes(10))
    with pytest.raises(ValueError, match="a field has the number 0, which protobuf does not know"):
        mx.load(path)
    (tmp_path / "folder.onnx").mkdir()
    with pytest.raises(ValueError, match="cannot load .*: it is a folder, give the .onnx file in it"):
        mx.load(tmp_path / "folder.onnx")

"""Files of Keras and TensorFlow.js as models: scores as Keras's, and one sentence for what cannot be."""

import io
import json
import re
import resource
import sys
import time
import zipfile
from math import erf, prod
from pathlib import Path

import numpy as np
import pytest

import minixai as mx
from minixai.arrays import Array
from minixai.cli import main
from minixai.model import load_model
from minixai.preprocessing import as_preprocessing
from minixai.zoo.keras import LAYERS
from minixai.zoo.keras.archive import open_archive
from minixai.zoo.keras.layers import ACTIVATIONS
from tests.marks import slow_except
from tests.zoo.files import frozen, mutilate, run_every_method, within

pytestmark = pytest.mark.filterwarnings("ignore:no preprocessing is given")

h5py = pytest.importorskip("h5py")

NETWORKS = frozen("keras_networks.npz")
every_network = pytest.mark.parametrize("name", NETWORKS)
LOGITS = ("residual",)
"""Networks that end with scores, not with probabilities."""


def file_of(folder: Path, name: str, suffix: str = "keras") -> Path:
    path = folder / f"{name}.{suffix}"
    path.write_bytes(bytes(NETWORKS[name][suffix]))
    return path


def outputs(model: mx.Model, name: str) -> Array:
    x = NETWORKS[name]["x"].reshape(2, *model.input_shape)
    if model.is_binary:  # Keras gives the second of two classes
        return model.probabilities(x)[:, 1:]
    return model.scores(x) if name in LOGITS else model.probabilities(x)


def close(got: Array, expected: Array) -> None:
    assert np.max(abs(got - expected)) <= 1e-5 * np.max(abs(expected))
    np.testing.assert_array_equal(got.argmax(axis=1), expected.argmax(axis=1))


def as_tensorflow_js(path: Path, folder: Path, code: str = "float32", shards: int = 1) -> Path:
    """A model as tensorflowjs_converter writes it, from an .h5 file; `code` is what the weights are packed in."""
    with open_archive(path) as archive:
        topology, weights = archive.topology, {key: w.read() for key, w in archive.weights.items()}
    lines, data = [], b""
    for key, w in weights.items():
        line = {"name": "/".join(key.split("/")[-2:]), "shape": list(w.shape), "dtype": "float32"}
        if code.startswith("uint"):
            low, top = float(w.min()), np.iinfo(code).max
            scale = float(w.max() - w.min()) / top or 1.0
            line["quantization"] = {"dtype": code, "min": low, "scale": scale, "original_dtype": "float32"}
            w = np.round((w - low) / scale)
        elif code != "float32":
            line["quantization"] = {"dtype": code, "original_dtype": "float32"}
        lines.append(line)
        data += np.asarray(w, code).tobytes()
    folder.mkdir(exist_ok=True)
    names = [f"group1-shard{i + 1}of{shards}.bin" for i in range(shards)]
    for i, name in enumerate(names):
        (folder / name).write_bytes(data[len(data) * i // shards : len(data) * (i + 1) // shards])
    version = "3.15.1"
    text = {"format": "layers-model", "modelTopology": {"keras_version": version, "model_config": topology}}
    text["weightsManifest"] = [{"paths": names, "weights": lines}]
    (folder / "model.json").write_text(json.dumps(text))
    return folder / "model.json"


def layer(kind: str, name: str, inputs: str = "", **config) -> dict:
    """A layer as Keras 2 describes it."""
    calls = [[[each, 0, 0, {}] for each in inputs.split()]] if inputs else []
    return {"class_name": kind, "name": name, "config": {"name": name, **config}, "inbound_nodes": calls}


def image(shape: tuple = (4, 4, 2), name: str = "image") -> dict:
    return layer("InputLayer", name, batch_input_shape=[None, *shape])


def write(
    folder: Path, layers: list[dict], weights: dict | None = None, end: str = "", manifest: dict | None = None, **config
) -> Path:
    """A layers-model of TensorFlow.js by hand, in the words of Keras 2."""
    first, last = layers[0]["name"], end or layers[-1]["name"]
    model = {"layers": layers, "input_layers": [[first, 0, 0]], "output_layers": [[last, 0, 0]], **config}
    arrays = {name: np.asarray(w, "<f4") for name, w in (weights or {}).items()}
    lines = [{"name": name, "shape": w.shape, "dtype": "float32"} for name, w in arrays.items()]
    (folder / "w.bin").write_bytes(b"".join(w.tobytes() for w in arrays.values()))
    group = {"paths": ["w.bin"], "weights": lines} | (manifest or {})
    text = {"modelTopology": {"class_name": "Model", "config": model}, "weightsManifest": [group]}
    (folder / "model.json").write_text(json.dumps(text))
    return folder / "model.json"


X = np.random.default_rng(0).normal(size=(2, 4, 4, 2)).astype(np.float32)


def rows_of(folder: Path, *layers: dict, weights: dict | None = None, x: Array = X) -> Array:
    """What layers make of images, flattened."""
    *before, last = layers
    flat = layer("Flatten", "flat", last["name"])
    return mx.load(write(folder, [image(x.shape[1:]), *before, last, flat], weights)).scores(x)


# -- whole networks ---------------------------------------------------------------------------------------


@every_network
@pytest.mark.parametrize("suffix", ["keras", "h5"])
def test_scores_are_those_of_keras(name, suffix, tmp_path):
    model = mx.load(file_of(tmp_path, name, suffix))
    ends = {"squeeze_excite": "sigmoid", "digits": "sigmoid"}
    assert model.classifier_activation == ends.get(name, "softmax")
    close(outputs(model, name), NETWORKS[name]["scores"])


@pytest.mark.parametrize("name", sorted(set(NETWORKS) - {"nested"}))
def test_tensorflow_js_is_the_same_in_one_file_of_weights_or_several(name, tmp_path):
    path = as_tensorflow_js(file_of(tmp_path, name, "h5"), tmp_path / "js", shards=3)
    np.testing.assert_array_equal(outputs(mx.load(path), name), outputs(mx.load(file_of(tmp_path, name, "h5")), name))


@pytest.mark.parametrize(("code", "step"), [("uint8", 2**-8), ("uint16", 2**-16), ("float16", 2**-11)])
def test_weights_in_fewer_bits(code, step, tmp_path):
    """Each weight is off by half a step of its range, or of its own size."""
    path = file_of(tmp_path, "mobilenet", "h5")
    exact, model = mx.load(path), mx.load(as_tensorflow_js(path, tmp_path / "js", code))
    for key, w in exact.weights.items():
        reach = np.ptp(w) if code.startswith("uint") else np.max(abs(w))
        assert np.max(abs(model.weights[key] - w)) <= (step * reach + 4 * np.finfo(np.float32).eps) * np.max(
            [1, abs(w).max()]
        )


@every_network
def test_a_model_that_is_saved_and_loaded_is_the_same(name, tmp_path):
    model = mx.load(file_of(tmp_path, name))
    model.save(tmp_path / "again.npz")
    again = load_model(tmp_path / "again.npz")
    assert again.summary() == model.summary()
    assert again.classifier_activation == model.classifier_activation
    np.testing.assert_array_equal(outputs(again, name), outputs(model, name))


@every_network
def test_deep_lift_adds_up(name, tmp_path):
    model = mx.load(file_of(tmp_path, name)).astype(np.float64)
    x = NETWORKS[name]["x"].reshape(2, *model.input_shape).astype(float)
    result = mx.deep_lift(model, x, 0, baseline=0.5)
    moved = model.scores(x)[:, 0] - model.scores(np.full_like(x, 0.5))[:, 0]
    total = result.values.reshape(len(x), -1).sum(axis=1)
    np.testing.assert_allclose(total, moved, rtol=0, atol=1e-9 * (1 + abs(result.values).sum()))


@pytest.mark.filterwarnings("ignore")  # of methods that are made for ReLUs alone
@pytest.mark.parametrize("name", ["mobilenet", "squeeze_excite", "nested"])
def test_every_method_runs(name, tmp_path):
    run_every_method(mx.load(file_of(tmp_path, name)), NETWORKS[name]["x"])


def test_layers_have_the_names_that_keras_gives(tmp_path):
    model = mx.load(file_of(tmp_path, "mobilenet"))
    names = [entry.name for entry in model.layers]
    assert names[:7] == ["input", "stem", "stem_norm", "stem_relu", "expand0", "batch_normalization", "relu0"]
    assert names[-3:] == ["last", "pool", "scores"]
    assert "last" in model.summary()
    assert mx.grad_cam(model, NETWORKS["mobilenet"]["x"], layer="last").values.shape == (2, 3, 3, 1)


def test_names_in_models_inside_are_used_once(tmp_path):
    names = [entry.name for entry in mx.load(file_of(tmp_path, "nested")).layers]
    assert names == ["input", "conv", "norm", "re_lu", "other", "deep", "add", "norm_2", "pool", "scores"]


def test_preprocessing_and_classes_as_with_any_other_file(tmp_path):
    path, x = file_of(tmp_path, "sequential"), NETWORKS["sequential"]["x"]
    (tmp_path / "names.txt").write_text("\n".join("abcdefg"))
    model = mx.load(path, preprocessing="-1..1", classes=tmp_path / "names.txt")
    assert model.classes == tuple("abcdefg")
    within(model.scores(x), mx.load(path).scores(2 * x - 1))


def test_the_command_line_takes_it(tmp_path, capsys):
    path = file_of(tmp_path, "sequential")
    assert main(["explain", "--model", str(path), "--method", "gradient", "--out", str(tmp_path / "a.png")]) in (0, 2)
    assert "cannot load" not in capsys.readouterr().err


# -- one layer, in the words of Keras 2 ---------------------------------------------------------------------

FUNCTIONS = {
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "linear": lambda x: x,
    "tanh": np.tanh,
    "exponential": np.exp,
    "softplus": lambda x: np.logaddexp(0, x),
    "square": np.square,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "softsign": lambda x: x / (1 + abs(x)),
    **{name: lambda x: x / (1 + np.exp(-x)) for name in ("swish", "silu")},
    **{name: lambda x: x * np.clip(x / 6 + 0.5, 0, 1) for name in ("hard_swish", "hard_silu")},
    **{name: lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))) for name in ("elu", "celu")},
    "selu": lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(np.minimum(x, 0))),
    "gelu": lambda x: x / 2 * (1 + np.vectorize(erf)(x / np.sqrt(2))),
    "mish": lambda x: x * np.tanh(np.logaddexp(0, x)),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.2 * x),
    "hard_sigmoid": lambda x: np.clip(0.2 * x + 0.5, 0, 1),
    "softmax": lambda x: np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True),
    "log_softmax": lambda x: x - np.log(np.exp(x).sum(axis=-1, keepdims=True)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_activation(name, tmp_path):
    layers = [layer("Activation", "a", "image", activation=name), layer("Rescaling", "r", "a", scale=2)]
    within(rows_of(tmp_path, *layers, x=3 * X), 2 * FUNCTIONS[name](3 * X.astype(float)).reshape(2, -1))


def test_every_activation_has_a_test():
    assert set(ACTIVATIONS) <= set(FUNCTIONS)


def test_hard_sigmoid_has_the_slope_of_the_version_that_wrote_it(tmp_path):
    path = write(
        tmp_path, [image(), layer("Activation", "a", "image", activation="hard_sigmoid"), layer("Flatten", "f", "a")]
    )
    for version, slope in (("2.15.0", 0.2), ("3.0.5", 1 / 6), ("tfjs-layers 4.2", 0.2)):
        text = json.loads(path.read_text())
        text["modelTopology"]["keras_version"] = version
        path.write_text(json.dumps(text))
        within(mx.load(path).scores(X), np.clip(slope * X + 0.5, 0, 1).reshape(2, -1))


C = np.arange(1, 3, dtype=np.float32)
ONE = {
    "relu with a ceiling": (layer("ReLU", "a", "image", max_value=0.7), lambda x: np.clip(x, 0, 0.7)),
    "relu of numpy": (
        layer("ReLU", "a", "image", max_value={"class_name": "__numpy__", "config": {"value": 6.0}}, threshold=0.0),
        lambda x: np.clip(x, 0, 6),
    ),
    "leaky, alpha": (layer("LeakyReLU", "a", "image", alpha=0.1), lambda x: np.where(x > 0, x, 0.1 * x)),
    "leaky, by default": (layer("LeakyReLU", "a", "image"), lambda x: np.where(x > 0, x, 0.3 * x)),
    "rescaling": (layer("Rescaling", "a", "image", scale=2.0, offset=[1, -1]), lambda x: 2 * x + [1, -1]),
    "padding": (
        layer("ZeroPadding2D", "a", "image", padding=[[1, 0], [0, 2]]),
        lambda x: np.pad(x, ((0, 0), (1, 0), (0, 2), (0, 0))),
    ),
    "padding, one number": (
        layer("ZeroPadding2D", "a", "image", padding=1),
        lambda x: np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0))),
    ),
    "cropping": (layer("Cropping2D", "a", "image", cropping=[[1, 0], [0, 2]]), lambda x: x[:, 1:, :2]),
    "cropping nothing on one side": (layer("Cropping2D", "a", "image", cropping=[1, 0]), lambda x: x[:, 1:3]),
    "upsampling": (layer("UpSampling2D", "a", "image", size=[2, 3]), lambda x: x.repeat(2, 1).repeat(3, 2)),
    "reshape": (layer("Reshape", "a", "image", target_shape=[8, -1]), lambda x: x),
    "permute": (layer("Permute", "a", "image", dims=[3, 1, 2]), lambda x: x.transpose(0, 3, 1, 2)),
    "noise": (layer("GaussianDropout", "a", "image", rate=0.5), lambda x: x),
    "global": (layer("GlobalMaxPooling2D", "a", "image"), lambda x: x.max(axis=(1, 2))),
    "depthwise": (
        layer("DepthwiseConv2D", "a", "image", kernel_size=[1, 1], strides=[1, 1], padding="same", use_bias=False),
        lambda x: x * [1, 2],
    ),
    "batch norm, its axis in a list": (
        layer("BatchNormalization", "a", "image", axis=[3], epsilon=0.001, scale=False, center=True),
        lambda x: (x - [1, 2]) / np.sqrt([1.001, 2.001]) + [1, 2],
    ),
    "normalization by weights": (
        layer("Normalization", "a", "image", axis=[-1]),
        lambda x: (x - [1, 2]) / np.sqrt([1, 2]),
    ),
    "an operation of tensorflow": (
        {"class_name": "TFOpLambda", "name": "a", "config": {"name": "a", "function": "math.multiply"}}
        | {"inbound_nodes": [["image", 0, 0, {"y": 0.25, "name": None}]]},
        lambda x: x / 4,
    ),
    "a constant first": (
        {"class_name": "TFOpLambda", "name": "a", "config": {"name": "a", "function": "math.subtract"}}
        | {"inbound_nodes": [["_CONSTANT_VALUE", -1, 2.0, {"y": ["image", 0, 0], "name": None}]]},
        lambda x: 2 - x,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ONE)
def test_one_layer_is_what_keras_says(name, tmp_path):
    described, function = ONE[name]
    kernel = C.reshape(1, 1, 2, 1)
    weights = {"a/depthwise_kernel": kernel, "a/beta": C, "a/moving_mean": C, "a/moving_variance": C}
    weights |= {"a/mean": C, "a/variance": C}
    within(rows_of(tmp_path, described, weights=weights), function(X.astype(float)).reshape(2, -1))


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_same_padding_is_tensorflows(size, stride, tmp_path):
    """ceil(n / stride) places; the odd pixel of the border comes after."""
    rng = np.random.default_rng(0)
    x, kernel = rng.normal(size=(1, 7, 8, 1)), rng.normal(size=(size, size, 1, 1))
    described = layer(
        "Conv2D", "a", "image", filters=1, kernel_size=[size] * 2, strides=[stride] * 2, padding="same", use_bias=False
    )
    places = [-(-n // stride) for n in (7, 8)]
    total = [max((p - 1) * stride + size - n, 0) for p, n in zip(places, (7, 8), strict=True)]
    wide = np.pad(x[0, :, :, 0], [(t // 2, t - t // 2 + stride) for t in total])
    expected = [
        (wide[i * stride :][:size, j * stride :][:, :size] * kernel[:, :, 0, 0]).sum()
        for i in range(places[0])
        for j in range(places[1])
    ]
    got = rows_of(tmp_path, described, weights={"a/kernel": kernel}, x=x.astype(np.float32))
    within(got, np.array([expected]))


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize(("size", "stride"), [(3, 2), (2, 3), (4, 2), (5, 1), (1, 2)])
def test_a_transposed_convolution_is_the_gradient_of_a_convolution(size, stride, padding, tmp_path):
    """<conv(y), x> = <y, transpose_value(x)> for all x and y, of one channel."""
    rng = np.random.default_rng(0)
    kernel = rng.normal(size=(size, size, 1, 1))
    x = rng.normal(size=(1, 4, 5, 1))
    about = {"kernel_size": [size] * 2, "strides": [stride] * 2, "padding": padding, "use_bias": False, "filters": 1}
    made = rows_of(tmp_path, layer("Conv2DTranspose", "a", "image", **about), weights={"a/kernel": kernel}, x=x)
    sides = [n * stride + (max(size - stride, 0) if padding == "valid" else 0) for n in (4, 5)]
    y = rng.normal(size=(1, *sides, 1))
    back = rows_of(tmp_path, layer("Conv2D", "a", "image", **about), weights={"a/kernel": kernel}, x=y)
    terms = made.size + back.size
    assert (
        abs((back * x.ravel()).sum() - (made * y.ravel()).sum())
        <= terms * np.finfo(np.float32).eps * abs(made).max() * 3
    )


def test_the_order_in_the_file_need_not_be_that_of_the_network(tmp_path):
    layers = [image(), layer("Flatten", "b", "a"), layer("Activation", "a", "image", activation="tanh")]
    within(mx.load(write(tmp_path, layers, end="b")).scores(X), np.tanh(X).reshape(2, -1))


@pytest.mark.parametrize("end", ["softmax", "sigmoid"])
@pytest.mark.parametrize("way", ["in the layer", "after it", "before a reshape"])
def test_the_last_activation_is_taken_off_the_scores(end, way, tmp_path):
    kernel = np.random.default_rng(0).normal(size=(32, 3))
    dense = layer("Dense", "d", "f", units=3, use_bias=False, activation=end if way == "in the layer" else "linear")
    layers = [image(), layer("Flatten", "f", "image"), dense]
    if way != "in the layer":
        layers.append(layer("Activation", "act", "d", activation=end))
    if way == "before a reshape":
        layers += [layer("Reshape", "r", "act", target_shape=[1, 3]), layer("Dropout", "o", "r", rate=0.1)]
        layers += [layer("Flatten", "g", "o")]
    model = mx.load(write(tmp_path, layers, {"d/kernel": kernel}))
    assert model.classifier_activation == end
    within(model.scores(X), X.reshape(2, -1) @ kernel)


def test_an_activation_inside_stays(tmp_path):
    layers = [image((3,)), layer("Activation", "p", "image", activation="softmax"), layer("Add", "s", "p image")]
    x = np.float32([[1, 2, 3]])
    within(mx.load(write(tmp_path, layers)).scores(x), np.exp(x) / np.exp(x).sum() + x)


def test_another_output_that_reads_the_probabilities_changes_nothing(tmp_path):
    layers = [image((3,)), layer("Activation", "p", "image", activation="softmax"), layer("Flatten", "f", "p")]
    layers += [layer("Add", "s", "p image")]
    x = np.float32([[1, 2, 3]])
    model = mx.load(write(tmp_path, layers, end="f"))
    assert model.classifier_activation == "softmax"
    within(model.scores(x), x)


def test_a_softmax_beside_the_end_is_no_end(tmp_path):
    """Of the classes at every pixel: not one distribution."""
    layers = [image(), layer("Softmax", "s", "image", axis=-1), layer("Flatten", "f", "s")]
    within(mx.load(write(tmp_path, layers)).scores(X), FUNCTIONS["softmax"](X).reshape(2, -1))


def test_old_sequential_models_are_a_list(tmp_path):
    path = write(tmp_path, [image()])
    text = json.loads(path.read_text())
    lines = [layer("Flatten", "f", batch_input_shape=[None, 4, 4, 2]), layer("Activation", "a", activation="tanh")]
    text["modelTopology"] = {"model_config": {"class_name": "Sequential", "config": lines}}
    path.write_text(json.dumps(text))
    within(mx.load(path).scores(X), np.tanh(X).reshape(2, -1))


def test_an_open_size_is_asked_for(tmp_path):
    layers = [image((None, None, 2)), layer("GlobalAveragePooling2D", "g", "image")]
    path = write(tmp_path, layers)
    with pytest.raises(ValueError, match=r"leaves the size .* \('any', 'any', 2\): give input_shape="):
        mx.load(path)
    with pytest.raises(ValueError, match=r"input_shape is \(4, 4, 3\), but the file fixes it to \('any', 'any', 2\)"):
        mx.load(path, input_shape=(4, 4, 3))
    within(mx.load(path, input_shape=(4, 4, 2)).scores(X), X.mean(axis=(1, 2)))


def test_one_of_several_outputs_is_chosen(tmp_path):
    layers = [image(), layer("GlobalAveragePooling2D", "g", "image"), layer("GlobalMaxPooling2D", "m", "image")]
    path = write(tmp_path, layers, output_layers=[["g", 0, 0], ["m", 0, 0]])
    with pytest.raises(ValueError, match=r"it has 2 outputs \('g', 'm'\): give output_name="):
        mx.load(path)
    within(mx.load(path, output_name="m").scores(X), X.max(axis=(1, 2)))


# -- what cannot be -----------------------------------------------------------------------------------------

GLOBAL = layer("GlobalAveragePooling2D", "g", "a")
REFUSED = {
    "code": (layer("Lambda", "a", "image", function=["4wEAAA"]), r"layer 'a' (Lambda): it holds code of Python"),
    "recurrent": (layer("LSTM", "a", "image", units=3), "layer 'a' (LSTM): it is for sequences or volumes"),
    "volumes": (layer("Conv3D", "a", "image"), "layer 'a' (Conv3D): it is for sequences or volumes"),
    "unknown": (layer("MultiHeadAttention", "a", "image"), "(MultiHeadAttention): it is of a kind that is not"),
    "one's own": (
        layer("Conv2D", "a", "image") | {"module": "mine.layers"}, "layer 'a' (custom Conv2D): it is of a"
    ),
    "channels first": (
        layer("MaxPooling2D", "a", "image", data_format="channels_first"), "its images have their channels first"
    ),
    "a norm of rows": (layer("BatchNormalization", "a", "image", axis=1), "its axis is 1, but channels come last here"),
    "called twice": (
        layer("Activation", "a", "image", activation="relu") | {"inbound_nodes": [[["image", 0, 0, {}]]] * 2},
        "layer 'a' (Activation): it is called 2 times",
    ),
    "a jump": (layer("ReLU", "a", "image", threshold=1.0), "its threshold is 1.0, where it jumps"),
    "activation": (layer("Activation", "a", "image", activation="mine"), "its activation 'mine' is none that is read"),
    "no weights": (layer("Dense", "a", "image", units=3), "its weight 'kernel' is not in the file"),
    "inputs of one layer": (layer("Flatten", "a", "image image"), "it has 2 inputs, but one is read here"),
    "one input of a join": (layer("Average", "a", "image"), "it has 1 inputs, but two or more are read here"),
    "cubic": (layer("UpSampling2D", "a", "image", interpolation="bicubic"), "its interpolation is 'bicubic'"),
    "aspect": (layer("Resizing", "a", "image", height=3, width=3, antialias=True), "its antialias is on"),
    "padding": (layer("MaxPooling2D", "a", "image", padding="causal"), "its padding is 'causal'"),
    "very large": (layer("UpSampling2D", "a", "image", size=[10**6] * 2), "is the file damaged?"),
    "too large to count": (layer("ZeroPadding2D", "a", "image", padding=10**12), "none above 2,147,483,647"),
    "no images left": (layer("Cropping2D", "a", "image", cropping=2), "it crops all of an image of (4, 4)"),
    "another output": (
        layer("Flatten", "a", "image") | {"inbound_nodes": [[["image", 0, 1, {}]]]}, "a layer reads output 1 of 'image'"
    ),
    "nothing before it": (layer("Flatten", "a", "there"), "read what no layer makes ('a', 'g')"),
    "reads itself": (layer("Flatten", "a", "a"), "read what no layer makes ('a', 'g')"),
    "an operation": (
        {"class_name": "TFOpLambda", "name": "a", "config": {"name": "a", "function": "image.resize"}}
        | {"inbound_nodes": [["image", 0, 0, {}]]},
        "layer 'a' (operation image.resize): it is no layer of Keras but an operation",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_refused_in_one_sentence(name, tmp_path):
    described, sentence = REFUSED[name]
    with pytest.raises(ValueError, match=re.escape(sentence)) as told:
        mx.load(write(tmp_path, [image(), described, GLOBAL]))
    assert "\n" not in str(told.value)
    assert str(told.value).startswith("cannot load '")


def test_several_inputs_are_refused(tmp_path):
    layers = [image(), image(name="other"), layer("Add", "a", "image other"), GLOBAL]
    with pytest.raises(ValueError, match=r"it has 2 inputs \('image', 'other'\), but a network of images has one"):
        mx.load(write(tmp_path, layers, input_layers=[["image", 0, 0], ["other", 0, 0]]))


def test_maps_are_no_scores(tmp_path):
    with pytest.raises(ValueError, match=r"its output has rows of the shape \(4, 4, 2\)"):
        mx.load(write(tmp_path, [image(), layer("Activation", "a", "image", activation="tanh")]))


EXPORTED = {
    "net.pth": 'torch.onnx.export(model.eval(), torch.zeros(1, 3, 224, 224), "net.onnx")',
    "net.pt": "which is never opened",
    "net.safetensors": "torch.onnx.export(",
    "net.tflite": 'model.export("net.onnx", format="onnx")',
    "net.pb": 'model.export("net.onnx", format="onnx")',
}


class Trap:
    def __reduce__(self):
        return sys.exit, ("a pickle was opened",)


@pytest.mark.parametrize("name", EXPORTED)
def test_files_without_a_network_say_how_to_export_it(name, tmp_path):
    import pickle

    (tmp_path / name).write_bytes(pickle.dumps(Trap()))
    with pytest.raises(ValueError, match=re.escape(EXPORTED[name])):
        mx.load(tmp_path / name)


def test_a_folder_of_tensorflow_says_how_to_export_it(tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(b"\x08")
    with pytest.raises(ValueError, match=r"graphs of TensorFlow are not read here: export .* --saved-model$"):
        mx.load(tmp_path)


def test_weights_alone_are_no_network(tmp_path):
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file["conv/conv/kernel"] = np.zeros((3, 3))
    with pytest.raises(ValueError, match=r"it holds weights, but not what network .* model.save"):
        mx.load(tmp_path / "w.h5")
    (tmp_path / "m.json").write_text(json.dumps({"class_name": "Sequential", "config": {"layers": []}}))
    with pytest.raises(ValueError, match=r"it has no weights: in Keras, load them"):
        mx.load(tmp_path / "m.json")
    (tmp_path / "g.json").write_text(json.dumps({"format": "graph-model", "modelTopology": {"node": []}}))
    with pytest.raises(ValueError, match=r"it is a graph-model of TensorFlow.js, .* tf2onnx"):
        mx.load(tmp_path / "g.json")


@pytest.mark.parametrize(
    ("manifest", "sentence"),
    [
        ({"paths": ["../w.bin"]}, "lies in '../w.bin', outside the folder of the model"),
        ({"paths": ["/etc/hostname"]}, "outside the folder of the model"),
        ({"paths": ["x.bin"]}, "which is not beside it"),
        ({"paths": ["w.bin", "w.bin"]}, "names a file twice"),
        ({"weights": [{"name": "a/kernel", "shape": [10**9, 10**9], "dtype": "float32"}]}, "but the files beside it"),
        ({"weights": [{"name": "a/kernel", "shape": [-2, -4], "dtype": "float32"}]}, "has the shape [-2, -4]"),
        ({"weights": [{"name": "a/kernel", "shape": [2, 3], "dtype": "object"}]}, "is not one of TensorFlow.js"),
        ({"weights": [{"name": "a/kernel", "shape": [3], "dtype": "float32"}] * 2}, "is there twice"),
    ],
)
def test_only_files_beside_the_model_are_read_and_sizes_are_checked(manifest, sentence, tmp_path):
    (tmp_path / "w.bin").write_bytes(bytes(24))
    (tmp_path / "in").mkdir()
    layers = [image(), layer("Dense", "a", "image", units=3, use_bias=False), GLOBAL]
    path = write(tmp_path / "in", layers, {"a/kernel": np.zeros((2, 3))}, manifest=manifest)
    with pytest.raises(ValueError, match=re.escape(sentence)):
        mx.load(path)


def with_kernel(folder: Path, make) -> Path:
    """A file whose one kernel is a dataset that make(group) has made."""
    config = {"layers": [image(), layer("Flatten", "f", "image"), layer("Dense", "d", "f", units=3, use_bias=False)]}
    config |= {"input_layers": [["image", 0, 0]], "output_layers": [["d", 0, 0]]}
    with h5py.File(folder / "m.h5", "w") as file:
        file.attrs["model_config"] = json.dumps({"class_name": "Model", "config": config})
        make(file.create_group("model_weights/d/d"))
    return folder / "m.h5"


def test_numbers_that_are_elsewhere_or_nowhere_are_refused(tmp_path):
    raw = tmp_path / "secret.bin"
    raw.write_bytes(bytes(32 * 3 * 4))
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["kernel"] = np.zeros((32, 3))
    layout = h5py.VirtualLayout((32, 3), "f4")
    layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "kernel", (32, 3))
    makers = {
        "lies in another file": [
            lambda g: g.create_dataset("kernel:0", (32, 3), "f4", external=[(str(raw), 0, 384)]),
            lambda g: g.create_virtual_dataset("kernel:0", layout),
        ],
        "was never written": [
            lambda g: g.create_dataset("kernel:0", (32, 3), "f4"),
            lambda g: g.create_dataset("kernel:0", (10**6, 10**6), "f4", chunks=(1000, 1000)),
            lambda g: g.create_dataset("kernel:0", (10**6, 10**6), "f4", chunks=(100, 1000), compression="gzip"),
        ],
        "is not in the file": [
            lambda g: g.__setitem__("kernel:0", h5py.ExternalLink(str(tmp_path / "other.h5"), "kernel"))
        ],
        "holds": [lambda g: g.__setitem__("kernel:0", "text")],
        "has the shape": [lambda g: g.__setitem__("kernel:0", np.zeros((3, 3)))],
        "nan": [lambda g: g.__setitem__("kernel:0", np.full((32, 3), np.nan))],
    }
    for sentence, made in makers.items():
        for make in made:
            with pytest.raises(ValueError, match=sentence):
                mx.load(with_kernel(tmp_path, make))
    packed = mx.load(
        with_kernel(tmp_path, lambda g: g.create_dataset("kernel:0", data=np.ones((32, 3)), compression="gzip"))
    )
    within(packed.scores(X), np.repeat(X.reshape(2, -1).sum(axis=1)[:, None], 3, axis=1))


@pytest.mark.slow
def test_members_that_unpack_to_too_much_are_refused(tmp_path):
    path = tmp_path / "bomb.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as file:
        file.writestr("config.json", b" " * 10**8)
        file.writestr("metadata.json", "{}")
    with pytest.raises(ValueError, match="its config.json says that it has 100,000,000 bytes"):
        mx.load(path)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("../config.json", "{}")
    with pytest.raises(ValueError, match=r"a zip file without config.json"):
        mx.load(path)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "no file of Keras"),
        (b"hello", "no file of Keras"),
        (b"[1]", "no file of Keras"),
        (b"{", "is no JSON"),
        (b'{"a":' * 10**5, "is no JSON"),
        (b"PK\x03\x04 a zip file, no doubt", "it is no whole zip file"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "it cannot be opened"),
        (b'{"modelTopology": 3}', "is no object"),
        (b'{"weightsManifest": []}', "it describes no network"),
    ],
)
@pytest.mark.parametrize("suffix", ["h5", "keras", "json"])
def test_other_files_are_told_in_one_sentence(data, sentence, suffix, tmp_path):
    (tmp_path / f"m.{suffix}").write_bytes(data)
    with pytest.raises(ValueError, match=sentence) as told:
        mx.load(tmp_path / f"m.{suffix}")
    assert "\n" not in str(told.value)


def test_a_file_that_is_missing(tmp_path):
    with pytest.raises(ValueError, match="there is no file"):
        mx.load(tmp_path / "m.keras")
    (tmp_path / "m.h5").mkdir()
    with pytest.raises(ValueError, match="it is a folder"):
        mx.load(tmp_path / "m.h5")


# -- mutilated files ----------------------------------------------------------------------------------------

ODD = [-1, 0, 1, 2, 7, 10**12, 10**30, 1.5, -0.0, 1e308, None, True, "", "relu", "input", [], [1], [[]], {}, {"a": 1}]


def odd(thing, rng: np.random.Generator):
    """A topology with one value, wherever it stands, that is another or gone."""
    places = []

    def walk(node):
        for key in list(node) if isinstance(node, dict) else range(len(node)):
            places.append((node, key))
            if isinstance(node[key], (dict, list)):
                walk(node[key])

    walk(thing)
    node, key = places[int(rng.integers(len(places)))]
    if rng.integers(4):
        node[key] = ODD[int(rng.integers(len(ODD)))]
    else:
        del node[key]
    return thing


def mutilated(folder: Path, seed: int) -> Path:
    """A file that is damaged on the whole, in one of its parts, or in what its topology says."""
    rng, suffix = np.random.default_rng(seed), ("keras", "h5", "json")[seed % 3]
    name, way = ["digits", "mobilenet", "nested", "norms"][seed // 3 % 4], rng.integers(3)
    path = file_of(folder, name, "h5" if suffix == "json" else suffix)
    if suffix == "json":
        path = as_tensorflow_js(path, folder / "js", ("float32", "uint8")[seed % 2])
        text = path.read_text()
        if way == 0:
            path.write_bytes(mutilate(text.encode(), rng))
        elif way == 1:
            path.write_text(json.dumps(odd(json.loads(text), rng)))
        else:
            shard = path.with_name("group1-shard1of1.bin")
            shard.write_bytes(mutilate(shard.read_bytes(), rng))
    elif way == 0:
        path.write_bytes(mutilate(path.read_bytes(), rng))
    elif suffix == "h5":
        with h5py.File(path, "r+") as file:
            file.attrs["model_config"] = json.dumps(odd(json.loads(file.attrs["model_config"]), rng))
    else:
        with zipfile.ZipFile(path) as file:
            members = {each: file.read(each) for each in file.namelist()}
        if way == 1:
            members["config.json"] = json.dumps(odd(json.loads(members["config.json"]), rng)).encode()
        else:
            members["model.weights.h5"] = mutilate(members["model.weights.h5"], rng)
        with zipfile.ZipFile(path, "w") as file:
            for each, data in members.items():
                file.writestr(each, data)
    return path


@pytest.mark.parametrize("seed", slow_except(range(24), range(150)))
def test_a_mutilated_file_loads_rightly_or_is_told_in_one_sentence(seed, tmp_path):
    path = mutilated(tmp_path, seed)
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    try:
        made = mx.load(path)
    except ValueError as problem:
        assert re.fullmatch(r"cannot load '[^']*': [^\n]+", str(problem)), problem  # noqa: PT017
    else:
        if prod(made.input_shape) < 1e5:
            with np.errstate(over="ignore", invalid="ignore"):
                assert made.scores(np.full((1, *made.input_shape), 0.5)).shape == (1, len(made.classes))
    assert time.perf_counter() - start < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # kB


def test_every_layer_of_the_table_has_a_test():
    """In a network of Keras, or above."""
    here = Path(__file__).read_text()
    found = set()
    for case in NETWORKS.values():
        with zipfile.ZipFile(io.BytesIO(bytes(case["keras"]))) as file:
            found |= set(re.findall(r'"class_name": "(\w+)"', file.read("config.json").decode()))
    other_names = {"MaxPool2D", "AvgPool2D", "GlobalAvgPool2D", "GlobalMaxPool2D"}
    identities = {name for name, made in LAYERS.items() if made is LAYERS["Dropout"]}
    assert [name for name in set(LAYERS) - found - other_names - identities if f'"{name}"' not in here] == []


@pytest.mark.parametrize(
    ("name", "suggested"),
    [
        ("vgg16", "caffe"),
        ("resnet50", "caffe"),
        ("resnet50v2", "tf"),
        ("mobilenet_1.00_224", "tf"),
        ("MobileNetV3Small", "0..255"),
        ("densenet121", "torch"),
        ("efficientnetb0", "0..255"),
        ("inception_v3", "tf"),
        ("my_model", None),
    ],
)
def test_what_keras_calls_it_suggests_a_preprocessing(name, suggested, tmp_path):
    path = as_tensorflow_js(file_of(tmp_path, "mobilenet", "h5"), tmp_path / "js")
    about = json.loads(path.read_text())
    about["modelTopology"]["model_config"]["config"]["name"] = name
    path.write_text(json.dumps(about))
    assert mx.load(path).suggested_preprocessing == suggested
    if suggested:
        assert as_preprocessing(suggested, 3) is not None

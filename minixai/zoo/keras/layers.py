"""Importers of the layers of Keras, in a table by the name of the Keras class."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from minixai.arrays import Array
from minixai.layers import (
    Activation,
    Add,
    AveragePool2D,
    BatchNorm,
    Concatenate,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePool2D,
    GlobalMaxPool2D,
    Layer,
    MaxPool2D,
    Reshape,
    Upsample2D,
    ZeroPad2D,
)
from minixai.op_layers import (
    ConvTranspose2D,
    Divide,
    Interpolate,
    Maximum,
    Minimum,
    Multiply,
    Permute,
    PReLU,
    Scale,
    Shift,
    Slice,
    Standardise,
    Subtract,
    Sum,
)
from minixai.ops.windows import resolve_padding
from minixai.validate import as_pair, is_integer
from minixai.zoo.keras.topology import ARITHMETIC, KerasLayer
from minixai.zoo.onnx.arithmetic import add_clip
from minixai.zoo.onnx.folding import LARGEST
from minixai.zoo.onnx.layout import Builder, Value, with_weights

Lowering = Callable[..., str]
"""(builder, Keras layer, names of its inputs) -> name of the last layer that is added for it."""

LAYERS: dict[str, Lowering] = {}

ACTIVATIONS: dict[str, tuple[str, dict[str, float]]] = {
    **{
        name: (name, {})
        for name in ("relu", "relu6", "elu", "selu", "celu", "gelu", "sigmoid", "tanh", "softmax", "mish")
    },
    **{name: (name, {}) for name in ("softplus", "softsign", "silu", "hard_swish", "log_softmax")},
    "swish": ("silu", {}),
    "hard_silu": ("hard_swish", {}),
    "exponential": ("exp", {}),
    "leaky_relu": ("leaky_relu", {"alpha": 0.2}),
    "hard_sigmoid": ("hard_sigmoid", {}),
    "square": ("square", {}),
}
"""{Keras's name of an activation: (name of our function, its parameters)}"""
OLD_HARD_SIGMOID = {"alpha": 0.2, "beta": 0.5}
AUGMENTATIONS = (
    "RandomFlip",
    "RandomRotation",
    "RandomZoom",
    "RandomTranslation",
    "RandomContrast",
    "RandomBrightness",
)
RECURRENT = (
    "LSTM",
    "GRU",
    "SimpleRNN",
    "RNN",
    "Bidirectional",
    "TimeDistributed",
    "ConvLSTM2D",
    "Embedding",
    "Masking",
)
EXPORT = 'export the network to ONNX instead, model.export("net.onnx", format="onnx")'


def lowers(*kinds: str) -> Callable[[Lowering], Lowering]:
    def enter(function: Lowering) -> Lowering:
        LAYERS.update(dict.fromkeys(kinds, function))
        return function

    return enter


def lower(b: Builder, layer: KerasLayer, *inputs: str) -> str:
    """Add the layers that compute a layer of Keras, and return the name of the last.

    Raises ValueError if the layer cannot be read.
    """
    kind, config = layer.kind, layer.config
    if kind.endswith("Lambda"):
        raise ValueError(f"it holds code of Python, which is never run: use layers of Keras in its place, or {EXPORT}")
    if kind in RECURRENT or "1D" in kind or "3D" in kind:
        raise ValueError(f"it is for sequences or volumes, but only networks of images are read here: {EXPORT}")
    if kind not in LAYERS:
        raise ValueError(f"it is of a kind that is not read here: {EXPORT}")
    if config.get("data_format") == "channels_first":
        raise ValueError(
            "its images have their channels first, which is read of ONNX files only: "
            f'build the network with data_format="channels_last", or {EXPORT}'
        )
    joins = kind in MERGES or kind == "Concatenate"
    if (len(inputs) > 1) != joins:
        needed = "two or more are" if joins else "one is"
        raise ValueError(f"it has {len(inputs)} inputs, but {needed} read here: {EXPORT}")
    return LAYERS[kind](b, layer, *inputs)


# -- what a config says -----------------------------------------------------------------------------------


def length(layer: KerasLayer, key: str, default: int | None = None) -> int:
    """Return an entry of the config, a whole number ≥ 1.  Raises ValueError for anything else."""
    n: Any = layer.config.get(key, default)
    if not is_integer(n) or not 1 <= n <= LARGEST:
        raise ValueError(f"its {key} is {n!r}, but a whole number >= 1 is needed: is the file damaged?")
    return int(n)


def pair_of(layer: KerasLayer, key: str, default: Any = None) -> tuple[int, int]:
    """Return an entry of the config as two whole numbers ≥ 1, for height and width."""
    n = layer.config.get(key)
    both = as_pair(tuple(n) if isinstance(n, list) else default if n is None else n, f"its {key}")
    if max(both) > LARGEST:
        raise ValueError(f"its {key} is {n!r}, too large: is the file damaged?")
    return both


def require_number(layer: KerasLayer, default: float, *keys: str) -> float:
    """Return the first of these entries of the config that is there, or the default, as a finite float."""
    n = next((layer.config[key] for key in keys if layer.config.get(key) is not None), default)
    if isinstance(n, dict):  # this is how Keras 3 writes NumPy's numbers
        n = n.get("config", {}).get("value")
    if isinstance(n, bool) or not isinstance(n, (int, float)) or not np.isfinite(n):
        raise ValueError(f"its {keys[0]} is {n!r}, but a number is needed: is the file damaged?")
    return float(n)


def padding_mode(layer: KerasLayer) -> str:
    padding = str(layer.config.get("padding", "valid"))
    if padding not in ("same", "valid"):
        raise ValueError(
            f'its padding is {padding!r}, but "same" and "valid" are those of images: is the file damaged?'
        )
    return padding


def row_axes(b: Builder, layer: KerasLayer, x: str, given: Any) -> tuple[int, ...]:
    """Return axes in ascending order, without the batch axis 0; in `given`, −1 is the last axis."""
    n = 1 + len(b.row(x))
    axes = [a + n if a < 0 else a for a in (given if isinstance(given, (list, tuple)) else [given])]
    if not axes or not all(1 <= a < n for a in axes):
        raise ValueError(f"its axis is {given!r}, but a row has the axes 1 to {n - 1}: is the file damaged?")
    return tuple(sorted(axes))


def as_value(b: Builder, name: str) -> Value:
    """Return the output of a layer as a Value of the importer of ONNX, with a leading batch axis of length 1."""
    row = b.row(name)
    return Value(name, (1, *row), tuple(range(1, 1 + len(row))))


# -- activations ------------------------------------------------------------------------------------------


def activation(layer: KerasLayer) -> tuple[str, dict[str, float]] | KerasLayer | None:
    """Return the activation in the config of a layer.

    It is (name of our function, its parameters), a layer if the config holds one, or None if it is linear.
    """
    given = layer.config.get("activation")
    if isinstance(given, dict):
        kind, config = str(given.get("class_name")), given.get("config")
        if kind in LAYERS and isinstance(config, dict):
            return layer.with_kind(kind, config)
        given = config.get("name") if isinstance(config, dict) else config
    if given in (None, "linear"):
        return None
    if given not in ACTIVATIONS:
        raise ValueError(f"its activation {given!r} is none that is read here, {', '.join(ACTIVATIONS)}: {EXPORT}")
    function, parameters = ACTIVATIONS[given]
    return function, OLD_HARD_SIGMOID if given == "hard_sigmoid" and layer.archive.version < 3 else parameters


def add_with_activation(b: Builder, layer: KerasLayer, made: Layer, x: str) -> str:
    """Add the layer `made` and the activation of `layer`, and return the name of the last layer.

    They become a single layer if `made` can hold the activation itself.
    """
    how = activation(layer)
    if how is None:
        return b.add(made, x)
    if isinstance(made, (Conv2D, Dense)) and isinstance(how, tuple) and not how[1]:
        made.activation = how[0]
        return b.add(made, x)
    linear = b.add(made, x, part="linear")
    return (
        LAYERS[how.kind](b, how, linear)
        if isinstance(how, KerasLayer)
        else b.add(Activation(how[0], dict(how[1])), linear)
    )


@lowers("Activation")
def import_activation_layer(b: Builder, layer: KerasLayer, x: str) -> str:
    how = activation(layer)
    if isinstance(how, KerasLayer):
        return LAYERS[how.kind](b, how, x)
    return x if how is None else b.add(Activation(how[0], dict(how[1])), x)


@lowers("ReLU")
def import_relu(b: Builder, layer: KerasLayer, x: str) -> str:
    slope, threshold = require_number(layer, 0.0, "negative_slope"), require_number(layer, 0.0, "threshold")
    if threshold:
        raise ValueError(
            f"its threshold is {threshold}, where it jumps and has no slope: leave the threshold at 0, and train again"
        )
    ends = {"high": require_number(layer, 0.0, "max_value")} if layer.config.get("max_value") is not None else {}
    if not slope:
        return add_clip(b, as_value(b, x), {"low": 0.0} | ends).layer
    leaky = Activation("leaky_relu", {"alpha": slope})
    return add_clip(b, as_value(b, b.add(leaky, x, part="leaky")), ends).layer if ends else b.add(leaky, x)


@lowers("LeakyReLU")
def import_leaky_relu(b: Builder, layer: KerasLayer, x: str) -> str:
    return b.add(Activation("leaky_relu", {"alpha": require_number(layer, 0.3, "negative_slope", "alpha")}), x)


@lowers("ELU")
def import_elu(b: Builder, layer: KerasLayer, x: str) -> str:
    return b.add(Activation("elu", {"alpha": require_number(layer, 1.0, "alpha")}), x)


@lowers("PReLU")
def import_prelu(b: Builder, layer: KerasLayer, x: str) -> str:
    (alpha,) = layer.weights("alpha")
    return b.add(with_weights(PReLU(alpha.shape), alpha=alpha), x)


@lowers("Softmax")
def import_softmax(b: Builder, layer: KerasLayer, x: str) -> str:
    axes = row_axes(b, layer, x, layer.config.get("axis", -1))
    if len(axes) > 1:
        raise ValueError(f"it is a softmax over the axes {axes} together: flatten them before it")
    return b.add(Activation("softmax", {} if axes[0] == len(b.row(x)) else {"axis": axes[0]}), x)


# -- convolution, dense layers, pooling -------------------------------------------------------------------


def kernels_and_bias(layer: KerasLayer, *names: str) -> tuple[list[Array], dict[str, Array]]:
    """Return ([the weight of each name], {"bias": bias}), or {} in place of the latter if the layer has no bias."""
    found = layer.weights(*names, *(["bias"] if layer.config.get("use_bias", True) else []))
    return found[: len(names)], {"bias": found[-1]} if len(found) > len(names) else {}


def window_parameters(layer: KerasLayer) -> tuple[tuple[int, int], tuple[int, int], str, tuple[int, int]]:
    """Return (kernel size, stride, padding mode, dilation)."""
    return (
        pair_of(layer, "kernel_size"),
        pair_of(layer, "strides", 1),
        padding_mode(layer),
        pair_of(layer, "dilation_rate", 1),
    )


@lowers("Conv2D")
def import_conv(b: Builder, layer: KerasLayer, x: str) -> str:
    (kernel,), bias = kernels_and_bias(layer, "kernel")
    made = Conv2D(length(layer, "filters"), *window_parameters(layer), length(layer, "groups", 1), bool(bias))
    return add_with_activation(b, layer, with_weights(made, kernel=kernel, **bias), x)


def depthwise_layer(layer: KerasLayer, kernel: Array, bias: dict[str, Array]) -> Layer:
    """Return a depthwise kernel (kh, kw, C, multiplier) as a convolution with one group for each channel."""
    if kernel.ndim != 4:
        raise ValueError(f"its kernel has the shape {kernel.shape}, not four axes: is the file damaged?")
    c, filters = kernel.shape[2], kernel.shape[2] * kernel.shape[3]
    made = Conv2D(filters, *window_parameters(layer), c, bool(bias))
    return with_weights(made, kernel=kernel.reshape(*kernel.shape[:2], 1, filters), **bias)


@lowers("DepthwiseConv2D")
def import_depthwise_conv(b: Builder, layer: KerasLayer, x: str) -> str:
    (kernel,), bias = kernels_and_bias(layer, "depthwise_kernel|kernel")
    return add_with_activation(b, layer, depthwise_layer(layer, kernel, bias), x)


@lowers("SeparableConv2D")
def import_separable_conv(b: Builder, layer: KerasLayer, x: str) -> str:
    (first, second), bias = kernels_and_bias(layer, "depthwise_kernel", "pointwise_kernel")
    middle = b.add(depthwise_layer(layer, first, {}), x, part="depthwise")
    made = Conv2D(length(layer, "filters"), (1, 1), bias=bool(bias))
    return add_with_activation(b, layer, with_weights(made, kernel=second, **bias), middle)


@lowers("Conv2DTranspose")
def import_conv_transpose(b: Builder, layer: KerasLayer, x: str) -> str:
    """Import a transposed convolution: the gradient of a convolution with respect to its image, as in TensorFlow."""
    (kernel,), bias = kernels_and_bias(layer, "kernel")
    size, stride, padding, dilation = window_parameters(layer)
    extra = layer.config.get("output_padding")
    more = (
        (None, None)
        if extra is None
        else as_pair(tuple(extra) if isinstance(extra, list) else extra, "output_padding", 0)
    )
    if kernel.ndim != 4 or len(b.row(x)) != 3 or max((*size, *stride, *dilation)) > 1 << 12:
        raise ValueError(f"its kernel {kernel.shape} does not fit rows of the shape {b.row(x)}")
    sides = []
    for n, k, s, d, e in zip(b.row(x), size, stride, dilation, more, strict=False):
        reach, full = (k - 1) * d, (n - 1) * s + (k - 1) * d + 1
        wanted = n * s if padding == "same" else max(full, n * s)
        if e is not None:
            wanted = full + e - (2 * ((reach + 1) // 2) if padding == "same" else 0)
        ((before, after), _) = resolve_padding(padding, (wanted, 1), (k, 1), (s, 1), (d, 1))
        sides.append((reach - before, reach - after + wanted - (full - before - after)))
    made = ConvTranspose2D(length(layer, "filters"), size, stride, (sides[0], sides[1]), dilation, 1, bool(bias))
    turned = np.swapaxes(kernel[::-1, ::-1], 2, 3)  # Keras's kernel is (kh, kw, filters, channels)
    return add_with_activation(b, layer, with_weights(made, kernel=turned, **bias), x)


@lowers("Dense")
def import_dense(b: Builder, layer: KerasLayer, x: str) -> str:
    (kernel,), bias = kernels_and_bias(layer, "kernel")
    return add_with_activation(
        b, layer, with_weights(Dense(length(layer, "units"), bool(bias)), kernel=kernel, **bias), x
    )


@lowers("MaxPooling2D", "AveragePooling2D", "MaxPool2D", "AvgPool2D")
def import_pool(b: Builder, layer: KerasLayer, x: str) -> str:
    kind = MaxPool2D if layer.kind.startswith("Max") else AveragePool2D
    size = pair_of(layer, "pool_size", 2)
    return b.add(kind(size, pair_of(layer, "strides", size), padding_mode(layer)), x)


@lowers("GlobalAveragePooling2D", "GlobalMaxPooling2D", "GlobalAvgPool2D", "GlobalMaxPool2D")
def import_global_pool(b: Builder, layer: KerasLayer, x: str) -> str:
    kind = GlobalMaxPool2D if "Max" in layer.kind else GlobalAveragePool2D
    return b.add(kind(bool(layer.config.get("keepdims", False))), x)


# -- normalisation ----------------------------------------------------------------------------------------


def affine_weights(layer: KerasLayer, *others: str) -> dict[str, Array]:
    """Return {name: weight} of gamma and beta, as far as the config says that the layer has them, and of `others`."""
    given = {"gamma": layer.config.get("scale", True), "beta": layer.config.get("center", True)}
    names = [*(name for name, there in given.items() if there), *others]
    return dict(zip(names, layer.weights(*names), strict=True))


@lowers("BatchNormalization")
def import_batch_norm(b: Builder, layer: KerasLayer, x: str) -> str:
    if row_axes(b, layer, x, layer.config.get("axis", -1)) != (len(b.row(x)),):
        raise ValueError(f"its axis is {layer.config['axis']}, but channels come last here: {EXPORT}")
    w = affine_weights(layer, "moving_mean", "moving_variance")
    mean, variance = w["moving_mean"], w["moving_variance"]
    made = BatchNorm(require_number(layer, 0.99, "momentum"), require_number(layer, 1e-3, "epsilon"))
    gamma, beta = w.get("gamma", np.ones_like(mean)), w.get("beta", np.zeros_like(mean))
    return b.add(with_weights(made, gamma=gamma, beta=beta, mean=mean, variance=variance), x)


def add_scale_and_shift(b: Builder, x: str, made: Layer | None, scale: Array | None, shift: Array | None) -> str:
    """Add `made`, then a Scale, then a Shift, each unless it is None; return the name of the last."""
    steps = [("norm", made)] if made else []
    steps += [] if scale is None else [("scale", with_weights(Scale(np.shape(scale)), scale=scale))]
    steps += [] if shift is None else [("shift", with_weights(Shift(np.shape(shift)), shift=shift))]
    for i, (part, step) in enumerate(steps, 1):
        x = b.add(step, x, part="" if i == len(steps) else part)
    return x


@lowers("LayerNormalization")
def import_layer_norm(b: Builder, layer: KerasLayer, x: str) -> str:
    if layer.config.get("rms_scaling"):
        raise ValueError(f"it scales by the root mean square, which is not read here: {EXPORT}")
    axes = row_axes(b, layer, x, layer.config.get("axis", -1))
    shape = tuple(n if i in axes else 1 for i, n in enumerate(b.row(x), 1))
    w = {key: array.reshape(shape) for key, array in affine_weights(layer).items()}
    return add_scale_and_shift(
        b, x, Standardise(axes, require_number(layer, 1e-3, "epsilon")), w.get("gamma"), w.get("beta")
    )


@lowers("GroupNormalization")
def import_group_norm(b: Builder, layer: KerasLayer, x: str) -> str:
    """Import a group norm: each group of channels is standardised over its channels and all pixels."""
    row = b.row(x)
    if row_axes(b, layer, x, layer.config.get("axis", -1)) != (len(row),):
        raise ValueError(f"its axis is {layer.config['axis']}, but channels come last here: {EXPORT}")
    groups = row[-1] if layer.config.get("groups") == -1 else length(layer, "groups", 32)
    if row[-1] % groups:
        raise ValueError(f"its {groups} groups do not divide {row[-1]} channels: is the file damaged?")
    w, n = affine_weights(layer), len(row)
    apart = b.add(Reshape((*row[:-1], groups, row[-1] // groups)), x, part="groups")
    norm = Standardise((*range(1, n), n + 1), require_number(layer, 1e-3, "epsilon"))
    back = b.add(Reshape(row), b.add(norm, apart, part="norm"), part="shape" if w else "")
    return add_scale_and_shift(b, back, None, w.get("gamma"), w.get("beta"))


@lowers("Rescaling")
def import_rescaling(b: Builder, layer: KerasLayer, x: str) -> str:
    scale, offset = (
        numbers(b, x, layer.config.get(key, default)) for key, default in (("scale", 1.0), ("offset", 0.0))
    )
    return add_scale_and_shift(b, x, None, scale, offset if offset.any() else None)


@lowers("Normalization")
def import_normalization(b: Builder, layer: KerasLayer, x: str) -> str:
    """Import (x − mean) / max(deviation, 1e-7).  The mean and the variance are in the config or are weights."""
    if layer.config.get("invert"):
        raise ValueError(f"it is inverted, which is not read here: {EXPORT}")
    given = [layer.config.get(key) for key in ("mean", "variance")]
    if given == [None, None]:
        given = list[Any](layer.weights("mean", "variance"))
    mean, variance = (numbers(b, x, z) for z in given)
    b_shift = b.add(with_weights(Shift(mean.shape), shift=-mean), x, part="shift")
    return add_scale_and_shift(b, b_shift, None, 1 / np.maximum(np.sqrt(variance), 1e-7), None)


def numbers(b: Builder, x: str, given: Any) -> Array:
    """Return numbers from a config as an array, (1,) or (channels,)."""
    if isinstance(given, dict):  # {"class_name": "__numpy__", "config": {"value": [...]}}
        given = given.get("config", {}).get("value")
    found = np.atleast_1d(np.asarray(given, float))
    while found.ndim > 1 and found.shape[0] == 1:
        found = found[0]
    if found.shape not in ((1,), b.row(x)[-1:]):
        raise ValueError(
            f"it has numbers of the shape {found.shape} for rows of the shape {b.row(x)}: is the file damaged?"
        )
    return found


# -- joins ------------------------------------------------------------------------------------------------

MERGES: dict[str, type[Layer]] = {
    "Add": Sum,
    "Multiply": Multiply,
    "Subtract": Subtract,
    "Maximum": Maximum,
    "Minimum": Minimum,
    "Average": Sum,
}
OPERATIONS: dict[str, type[Layer]] = {"add": Sum, "subtract": Subtract, "multiply": Multiply, "divide": Divide}


@lowers(*MERGES)
def import_merge(b: Builder, layer: KerasLayer, *xs: str) -> str:
    if len({len(b.row(x)) for x in xs}) > 1:
        raise ValueError(
            f"it joins rows of the shapes {', '.join(str(b.row(x)) for x in xs)}: reshape them alike before"
        )
    if layer.kind != "Average":
        alike = layer.kind == "Add" and len({b.row(x) for x in xs}) == 1
        return b.add(Add() if alike else MERGES[layer.kind](), *xs)
    total = b.add(Sum(), *xs, part="sum")
    return add_scale_and_shift(b, total, None, np.full(1, 1 / len(xs)), None)


@lowers("Concatenate")
def import_concatenate(b: Builder, layer: KerasLayer, *xs: str) -> str:
    axis = layer.config.get("axis", -1)
    return b.add(Concatenate(axis if axis == -1 else row_axes(b, layer, xs[0], axis)[0]), *xs)


def operation(b: Builder, layer: KerasLayer, known: dict[str, str]) -> str:
    """Add layers for x + y, x − y, x · y or x / y, where x or y may be a number; return the name of the last."""
    name = ARITHMETIC.get(layer.kind.removeprefix("operation "))
    given = layer.inputs
    if name is None or len(given) != 2:
        raise ValueError(f"it is no layer of Keras but an operation, of which + − × / are read here: {EXPORT}")
    x, y = given
    if isinstance(x, str) and isinstance(y, str):
        return b.add(OPERATIONS[name](), known[x], known[y])
    z, n = (known[x], float(y)) if isinstance(x, str) else (known[str(y)], float(x))
    match name, isinstance(x, str):
        case "add", _:
            return add_scale_and_shift(b, z, None, None, np.full(1, n))
        case "multiply", _:
            return add_scale_and_shift(b, z, None, np.full(1, n), None)
        case "subtract", first:
            return (
                add_scale_and_shift(b, z, None, None, np.full(1, -n))
                if first
                else add_scale_and_shift(b, z, None, np.full(1, -1.0), np.full(1, n))
            )
        case _, True if n:
            return add_scale_and_shift(b, z, None, np.full(1, 1 / n), None)
    return add_scale_and_shift(b, b.add(Activation("reciprocal"), z, part="reciprocal"), None, np.full(1, n), None)


# -- shapes -----------------------------------------------------------------------------------------------


@lowers(
    "Dropout",
    "SpatialDropout2D",
    "AlphaDropout",
    "GaussianDropout",
    "GaussianNoise",
    "ActivityRegularization",
    "Identity",
    *AUGMENTATIONS,
)
def import_identity(b: Builder, layer: KerasLayer, x: str) -> str:
    """Import a layer that has an effect in training only: a Dropout, or no layer at all."""
    return b.add(Dropout(require_number(layer, 0.0, "rate")), x) if layer.kind == "Dropout" else x


@lowers("Flatten")
def import_flatten(b: Builder, layer: KerasLayer, x: str) -> str:
    return b.add(Flatten(), x)


@lowers("Reshape")
def import_reshape(b: Builder, layer: KerasLayer, x: str) -> str:
    shape, size = [*layer.config["target_shape"]], prod(b.row(x))
    if not all(is_integer(n) and n >= -1 for n in shape) or shape.count(-1) > 1:
        raise ValueError(f"its target_shape is {shape}: is the file damaged?")
    rest = prod(n for n in shape if n != -1)
    full = tuple(size // max(rest, 1) if n == -1 else n for n in shape)
    if not full or prod(full) != size:
        raise ValueError(f"its target_shape {shape} has not as many numbers as rows of the shape {b.row(x)}")
    return b.add(Reshape(full), x)


@lowers("Permute")
def import_permute(b: Builder, layer: KerasLayer, x: str) -> str:
    return b.add(Permute(tuple(layer.config["dims"])), x)


def sides(layer: KerasLayer, key: str, default: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return ((top, bottom), (left, right)) from an entry of the config: one number, two numbers, or two pairs."""
    given = layer.config.get(key, default)
    rows, columns = given if isinstance(given, list) else (given, given)
    both = [as_pair(tuple(n) if isinstance(n, list) else n, f"its {key}", 0) for n in (rows, columns)]
    return both[0], both[1]


@lowers("ZeroPadding2D")
def import_zero_padding(b: Builder, layer: KerasLayer, x: str) -> str:
    around = sides(layer, "padding", 1)
    if max(map(max, around)) > LARGEST:
        raise ValueError(f"its padding is {around}, too large: is the file damaged?")
    return b.add(ZeroPad2D(around), x)


@lowers("Cropping2D")
def import_cropping(b: Builder, layer: KerasLayer, x: str) -> str:
    (top, bottom), (left, right) = sides(layer, "cropping", 0)
    height, width = b.row(x)[:2]
    if top + bottom >= height or left + right >= width:
        raise ValueError(f"it crops all of an image of {(height, width)}: is the file damaged?")
    rows = b.add(Slice(1, top, height - bottom), x, part="rows")
    return b.add(Slice(2, left, width - right), rows)


def add_resize(b: Builder, layer: KerasLayer, x: str, size: Sequence[int], nearest: str | None, mode: str) -> str:
    row = b.row(x)
    if len(row) != 3 or prod(size) * row[2] > LARGEST:
        raise ValueError(f"it makes images of {tuple(size)} of rows of the shape {row}: is the file damaged?")
    if nearest is None and min(n - m for n, m in zip(size, row[:2], strict=True)) >= 0:
        return b.add(Upsample2D((size[0], size[1])), x)
    rows = b.add(Interpolate(1, size[0], mode, nearest), x, part="rows")
    return b.add(Interpolate(2, size[1], mode, nearest), rows)


@lowers("UpSampling2D")
def import_upsampling(b: Builder, layer: KerasLayer, x: str) -> str:
    how = check_interpolation(layer, "nearest")
    size = [n * f for n, f in zip(b.row(x)[:2], pair_of(layer, "size", 2), strict=True)]
    return add_resize(
        b, layer, x, size, "floor" if how == "nearest" else None, "asymmetric" if how == "nearest" else "half_pixel"
    )


@lowers("Resizing")
def import_resizing(b: Builder, layer: KerasLayer, x: str) -> str:
    how = check_interpolation(layer, "bilinear")
    if on := [key for key in ("crop_to_aspect_ratio", "pad_to_aspect_ratio", "antialias") if layer.config.get(key)]:
        raise ValueError(f"its {on[0]} is on, which is not read here: resize the images beforehand")
    size = length(layer, "height"), length(layer, "width")
    return add_resize(b, layer, x, size, "round_prefer_ceil" if how == "nearest" else None, "half_pixel")


def check_interpolation(layer: KerasLayer, default: str) -> str:
    how = str(layer.config.get("interpolation", default))
    if how not in ("nearest", "bilinear"):
        raise ValueError(
            f"its interpolation is {how!r}, but nearest and bilinear are those that are read here: {EXPORT}"
        )
    return how

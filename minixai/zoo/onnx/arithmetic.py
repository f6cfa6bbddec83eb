"""Importers of entrywise functions, sums, products, dense layers, normalisation and reductions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

import numpy as np

from minixai.arrays import Array
from minixai.layers import Activation, Add, BatchNorm, Dense, Layer
from minixai.op_layers import (
    Divide,
    MatMul,
    Maximum,
    Minimum,
    Multiply,
    PReLU,
    Reduce,
    Scale,
    Shift,
    Standardise,
    Subtract,
    Sum,
)
from minixai.zoo.onnx.layout import (
    Builder,
    Value,
    constant_row,
    natural_order,
    transpose_value,
    with_leading_axes,
    with_weights,
)
from minixai.zoo.onnx.lowering import (
    LOWERINGS,
    Input,
    Lowering,
    axes_of,
    axis_of,
    lowers,
    require_constant,
    require_number,
    require_value,
)
from minixai.zoo.onnx.schema import Node

FUNCTIONS: dict[str, tuple[str, dict[str, tuple[str, float]]]] = {
    "Relu": ("relu", {}),
    "Sigmoid": ("sigmoid", {}),
    "Tanh": ("tanh", {}),
    "Softplus": ("softplus", {}),
    "Softsign": ("softsign", {}),
    "Exp": ("exp", {}),
    "Log": ("log", {}),
    "Sqrt": ("sqrt", {}),
    "Abs": ("absolute", {}),
    "Neg": ("negative", {}),
    "Reciprocal": ("reciprocal", {}),
    "Erf": ("erf", {}),
    "Sin": ("sin", {}),
    "Cos": ("cos", {}),
    "Mish": ("mish", {}),
    "HardSwish": ("hard_swish", {}),
    "LeakyRelu": ("leaky_relu", {"alpha": ("alpha", 0.01)}),
    "Elu": ("elu", {"alpha": ("alpha", 1.0)}),
    "Celu": ("celu", {"alpha": ("alpha", 1.0)}),
    "HardSigmoid": ("hard_sigmoid", {"alpha": ("alpha", 0.2), "beta": ("beta", 0.5)}),
}
"""{op: (name of our function, {our parameter: (ONNX's attribute, its default)})}"""


def importer_of_function(name: str, parameters: dict[str, tuple[str, float]]) -> Lowering:
    def lowered(b: Builder, node: Node, x: Input) -> Value:
        given = {mine: float(node.attributes.get(theirs, d)) for mine, (theirs, d) in parameters.items()}
        return b.add_entrywise(Activation(name, given), require_value(x, "input"))

    return lowered


LOWERINGS |= {op: importer_of_function(*how) for op, how in FUNCTIONS.items()}


@lowers("Identity", "Dropout", "Cast", "CastLike")
def import_identity(b: Builder, node: Node, x: Input, *_: Input) -> Value:
    if node.op == "Cast" and node.attributes.get("to") not in (1, 10, 11, 16):
        raise ValueError(
            "it makes integers of what comes from the image, which has no slope: leave it out of the export"
        )
    return require_value(x, "input")


@lowers("Selu")
def import_selu(b: Builder, node: Node, x: Input) -> Value:
    alpha, gamma = float(node.attributes.get("alpha", 1.67326)), float(node.attributes.get("gamma", 1.0507))
    if (round(alpha, 4), round(gamma, 4)) != (1.6733, 1.0507):
        raise ValueError(f"its alpha and gamma are {alpha} and {gamma}, but only those of the paper are read here")
    return b.add_entrywise(Activation("selu"), require_value(x, "input"))


@lowers("Gelu")
def import_gelu(b: Builder, node: Node, x: Input) -> Value:
    tanh = node.attributes.get("approximate", "none") == "tanh"
    return b.add_entrywise(Activation("gelu_tanh" if tanh else "gelu"), require_value(x, "input"))


@lowers("Swish")
def import_swish(b: Builder, node: Node, x: Input) -> Value:
    if node.attributes.get("alpha", 1.0) != 1:
        raise ValueError(f"its alpha is {node.attributes['alpha']}, but only 1 is read here")
    return b.add_entrywise(Activation("silu"), require_value(x, "input"))


@lowers("Clip")
def import_clip(b: Builder, node: Node, x: Input, low: Input = None, high: Input = None) -> Value:
    ends = {"low": node.attributes.get("min") if low is None else require_number(low, "minimum")}
    ends["high"] = node.attributes.get("max") if high is None else require_number(high, "maximum")
    given = {key: float(end) for key, end in ends.items() if end is not None and abs(end) < np.finfo(np.float32).max}
    return add_clip(b, require_value(x, "input"), given)


def add_clip(b: Builder, x: Value, ends: dict[str, float]) -> Value:
    """Add a layer that clips x to ends["low"] and ends["high"], each of which may be missing; return its output."""
    if ends == {"low": 0.0}:
        return b.add_entrywise(Activation("relu"), x)
    if ends == {"low": 0.0, "high": 6.0}:
        return b.add_entrywise(Activation("relu6"), x)
    return b.add_entrywise(Activation("clip", dict(ends)), x) if ends else x


@lowers("PRelu")
def import_prelu(b: Builder, node: Node, x: Input, slope: Input) -> Value:
    x, alpha = require_value(x, "input"), require_constant(slope, "slope")
    if alpha.size == 1:
        return b.add_entrywise(Activation("leaky_relu", {"alpha": float(alpha.reshape(-1)[0])}), x)
    row = constant_row(alpha, x)
    return b.add_entrywise(with_weights(PReLU(row.shape), alpha=row), x)


@lowers("Softmax", "LogSoftmax")
def import_softmax(b: Builder, node: Node, x: Input) -> Value:
    x, name = require_value(x, "input"), "softmax" if node.op == "Softmax" else "log_softmax"
    axis = axis_of(node.attributes.get("axis", -1 if b.opset >= 13 else 1), len(x.shape))
    if (
        b.opset < 13 and not node.attributes.get("single") and prod(x.shape[axis + 1 :]) > 1
    ):  # over this axis and all that follow
        flat = b.reshape(x, (prod(x.shape[:axis]), prod(x.shape[axis:])))
        flat = b.with_axis(flat, 1)
        return b.reshape(b.add_entrywise(Activation(name, {"axis": flat.axis(1)}), flat), x.shape)
    x = b.with_axis(x, axis)
    return b.add_entrywise(Activation(name, {"axis": x.axis(axis)}), x)


# -- two or more inputs ----------------------------------------------------------------------------------


def align_axes(b: Builder, values: list[Value]) -> tuple[list[Value], tuple[int, ...]]:
    """Return the values with their axes in the same order, and their broadcast shape in ONNX."""
    ndim = max(len(x.shape) for x in values)
    values = [with_leading_axes(x, ndim) for x in values]
    shape = np.broadcast_shapes(*(x.shape for x in values))
    order = max(values, key=lambda x: len(x.long_axes)).order
    if any(n != 1 and a not in order for a, n in enumerate(shape)):
        order = natural_order(shape)
    return [b.to_layout(x, order) for x in values], shape


def add_joined(b: Builder, layer: Layer, values: list[Value], part: str = "") -> Value:
    values, shape = align_axes(b, values)
    return Value(b.add(layer, *values, part=part), shape, values[0].order)


def add_with_constant(b: Builder, x: Value, w: Array, make: type[Scale] | type[Shift], part: str = "") -> Value:
    """Add a layer that multiplies x by the constant w (Scale) or adds w to x (Shift); return its output."""
    shape = np.broadcast_shapes(x.shape, w.shape)
    if shape != x.shape:  # x is broadcast too
        x = with_leading_axes(x, len(shape))
        if any(n != 1 and a not in x.order for a, n in enumerate(shape)):
            x = b.to_layout(x, natural_order(shape))
    row = constant_row(w, x) if w.size != 1 else np.reshape(w, (1,))
    while row.ndim > 1 and row.shape[0] == 1:
        row = row[0]
    layer = make(row.shape)
    with_weights(layer, **{"scale" if isinstance(layer, Scale) else "shift": row})
    return Value(b.add(layer, x, part=part), shape, x.order)


@lowers("Add", "Sum")
def import_add(b: Builder, node: Node, *inputs: Input) -> Value:
    return add_sum(b, inputs)


def add_sum(b: Builder, inputs: Sequence[Input]) -> Value:
    values, constants = [x for x in inputs if isinstance(x, Value)], [x for x in inputs if isinstance(x, np.ndarray)]
    if len(values) > 1:
        alike = len({x.shape for x in values}) == 1
        total = add_joined(b, Add() if alike else Sum(), values)
    else:
        total = values[0]
    for w in constants:
        total = add_with_constant(b, total, w, Shift)
    return total


@lowers("Mean")
def import_mean(b: Builder, node: Node, *inputs: Input) -> Value:
    return add_with_constant(b, add_sum(b, inputs), np.asarray(1 / len(inputs)), Scale, "mean")


@lowers("Sub")
def import_subtract(b: Builder, node: Node, u: Input, v: Input) -> Value:
    if isinstance(u, Value) and isinstance(v, Value):
        return add_joined(b, Subtract(), [u, v])
    if isinstance(u, Value):
        return add_with_constant(b, u, -require_constant(v, "second input").astype(np.float64), Shift)
    negated = b.add_entrywise(Activation("negative"), require_value(v, "second input"), "negative")
    return add_with_constant(b, negated, require_constant(u, "first input"), Shift)


@lowers("Mul")
def import_multiply(b: Builder, node: Node, u: Input, v: Input) -> Value:
    if isinstance(u, Value) and isinstance(v, Value):
        return add_joined(b, Multiply(), [u, v])
    x, w = (u, v) if isinstance(u, Value) else (v, u)
    return add_with_constant(b, require_value(x, "input"), require_constant(w, "factor"), Scale)


@lowers("Div")
def import_divide(b: Builder, node: Node, u: Input, v: Input) -> Value:
    if isinstance(u, Value) and isinstance(v, Value):
        return add_joined(b, Divide(), [u, v])
    if isinstance(u, Value):
        with np.errstate(divide="ignore"):
            return add_with_constant(b, u, 1 / require_constant(v, "divisor").astype(np.float64), Scale)
    inverse = b.add_entrywise(Activation("reciprocal"), require_value(v, "divisor"), "reciprocal")
    return add_with_constant(b, inverse, require_constant(u, "first input"), Scale)


@lowers("Pow")
def import_power(b: Builder, node: Node, u: Input, v: Input) -> Value:
    if isinstance(v, Value):
        raise ValueError("its exponent comes from the image, but only a constant one is read here: export exp(y·log x)")
    p = require_number(v, "exponent")
    names = {2.0: "square", 0.5: "sqrt", -1.0: "reciprocal"}
    layer = Activation(names[p]) if p in names else Activation("power", {"p": p})
    return b.add_entrywise(layer, require_value(u, "base"))


def importer_of_extreme(make: Callable[[], Layer], end: str) -> Lowering:
    """Return the importer of Max or Min.  Its constant inputs must be single numbers, and become one end of a clip."""

    def lowered(b: Builder, node: Node, *inputs: Input) -> Value:
        values = [x for x in inputs if isinstance(x, Value)]
        constants = [x for x in inputs if isinstance(x, np.ndarray)]
        made = add_joined(b, make(), values) if len(values) > 1 else values[0]
        ends = [require_number(w, "constant") for w in constants]
        return add_clip(b, made, {end: max(ends) if end == "low" else min(ends)}) if ends else made

    return lowered


LOWERINGS |= {"Max": importer_of_extreme(Maximum, "low"), "Min": importer_of_extreme(Minimum, "high")}


# -- products of matrices --------------------------------------------------------------------------------


def add_dense(b: Builder, x: Value, w: Array, bias: Array | None = None) -> Value:
    """Add a layer that computes x @ w + bias over the last axis of ONNX; return its output."""
    last = len(x.shape) - 1
    if last not in x.order or x.order[-1] != last:
        x = b.to_layout(x, (*(a for a in natural_order(x.shape) if a != last), last))
    layer = with_weights(Dense(w.shape[1], bias is not None), kernel=w, **({} if bias is None else {"bias": bias}))
    return Value(b.add(layer, x), (*x.shape[:-1], w.shape[1]), x.order)


def swap_last_axes(x: Value) -> Value:
    """Return x with its last two axes of ONNX exchanged."""
    n = len(x.shape)
    other = {n - 1: n - 2, n - 2: n - 1}
    return Value(x.layer, (*x.shape[:-2], x.shape[-1], x.shape[-2]), tuple(other.get(a, a) for a in x.order))


@lowers("Gemm")
def import_gemm(b: Builder, node: Node, x: Input, w: Input, c: Input = None) -> Value:
    a = node.attributes
    alpha, beta = float(a.get("alpha", 1.0)), float(a.get("beta", 1.0))
    if not isinstance(x, Value) or isinstance(w, Value):
        raise ValueError("it multiplies by a matrix that comes from the image: export it as MatMul and Add")
    matrix = require_constant(w, "matrix")
    matrix = matrix.T if a.get("transB") else matrix
    x = swap_last_axes(x) if a.get("transA") else x
    if len(x.shape) != 2 or matrix.ndim != 2:
        raise ValueError(f"it takes two matrices, but {x.shape} arrives for one image, and {matrix.shape}")
    matrix = matrix * np.float32(alpha) if alpha != 1 else matrix
    if isinstance(c, Value):
        raise ValueError("what it adds comes from the image: export it as MatMul and Add")
    if c is None:
        return add_dense(b, x, matrix)
    bias = require_constant(c, "bias") * np.float32(beta) if beta != 1 else require_constant(c, "bias")
    if bias.ndim < 2 or bias.shape[0] == 1:
        return add_dense(b, x, matrix, np.broadcast_to(bias.reshape(-1), (matrix.shape[1],)))
    return add_with_constant(b, add_dense(b, x, matrix), bias, Shift, "bias")


@lowers("MatMul")
def import_matmul(b: Builder, node: Node, u: Input, v: Input, bias: Input = None) -> Value:
    """Import a product of matrices.  `bias` comes from an Add that followed it, see `patterns.bias`."""
    if isinstance(u, Value) and isinstance(v, Value):
        return add_matmul(b, u, v)
    w = require_constant(v if isinstance(u, Value) else u, "matrix")
    x = require_value(u if isinstance(u, Value) else v, "input")
    while w.ndim > 2 and w.shape[0] == 1:
        w = w[0]
    if w.ndim == 1 and isinstance(u, Value):  # w is a vector: its product has no last axis
        return b.reshape(add_dense(b, x, w[:, None]), x.shape[:-1])
    if w.ndim != 2 or len(x.shape) < 2:
        raise ValueError(f"it multiplies a value of shape {x.shape} by a constant of {w.shape}, which is not read here")
    if isinstance(u, Value):
        return add_dense(b, x, w, None if bias is None else require_constant(bias, "bias"))
    return swap_last_axes(add_dense(b, swap_last_axes(x), w.T))


def add_matmul(b: Builder, u: Value, v: Value) -> Value:
    """Add the product of two values that both depend on the image, as in attention; return it."""
    ndim = max(len(u.shape), len(v.shape))
    if min(len(u.shape), len(v.shape)) < 2:
        raise ValueError(f"it multiplies values of shapes {u.shape} and {v.shape}, of which one is no matrix")
    u, v = with_leading_axes(u, ndim), with_leading_axes(v, ndim)
    shape = (*np.broadcast_shapes(u.shape[:-2], v.shape[:-2]), u.shape[-2], v.shape[-1])
    order = (*(a for a in range(ndim - 2) if shape[a] != 1), ndim - 2, ndim - 1)
    return Value(b.add(MatMul(), b.to_layout(u, order), b.to_layout(v, order)), shape, order)


# -- normalisation and reductions ------------------------------------------------------------------------


@lowers("BatchNormalization")
def import_batch_norm(
    b: Builder, node: Node, x: Input, gamma: Input, beta: Input, mean: Input, variance: Input
) -> Value:
    if node.attributes.get("training_mode"):
        raise ValueError("it computes with the batch, as in training: export the network after model.eval()")
    x, given = require_value(x, "input"), {"gamma": gamma, "beta": beta, "mean": mean, "variance": variance}
    w = {key: require_constant(array, key) for key, array in given.items()}
    epsilon = float(node.attributes.get("epsilon", 1e-5))
    if not np.all(w["variance"] + epsilon > 0):
        raise ValueError("its variance is not above 0: is the file damaged?")
    if len(x.shape) > 1 and x.shape[0] == 1:
        return b.add_entrywise(with_weights(BatchNorm(epsilon=epsilon), **w), b.channels_last(x))
    scale = w["gamma"] / np.sqrt(w["variance"].astype(np.float64) + epsilon)
    shape = (-1, *(1,) * (len(x.shape) - 2))
    scaled = add_with_constant(b, x, scale.reshape(shape), Scale, "scale")
    return add_with_constant(b, scaled, (w["beta"] - w["mean"] * scale).reshape(shape), Shift)


@lowers("LayerNormalization")
def import_layer_norm(b: Builder, node: Node, x: Input, scale: Input, bias: Input = None) -> Value:
    x = require_value(x, "input")
    first = axis_of(node.attributes.get("axis", -1), len(x.shape))
    return add_standardised(b, node, x, range(first, len(x.shape)), require_constant(scale, "scale"), bias)


@lowers("InstanceNormalization")
def import_instance_norm(b: Builder, node: Node, x: Input, scale: Input, bias: Input) -> Value:
    x = require_value(x, "input")
    if len(x.shape) < 3:
        raise ValueError(f"it takes (N, channels, ...), but {x.shape} arrives for one image")
    shape = (-1, *(1,) * (len(x.shape) - 2))
    return add_standardised(
        b,
        node,
        x,
        range(2, len(x.shape)),
        require_constant(scale, "scale").reshape(shape),
        require_constant(bias, "bias").reshape(shape),
    )


@lowers("GroupNormalization")
def import_group_norm(b: Builder, node: Node, x: Input, scale: Input, bias: Input) -> Value:
    x, groups = require_value(x, "input"), int(node.attributes["num_groups"])
    channels = x.shape[1]
    if groups < 1 or channels % groups:
        raise ValueError(f"its {groups} groups do not divide the {channels} channels")
    apart = b.reshape(x, (x.shape[0], groups, channels // groups, *x.shape[2:]))
    axes = tuple(apart.axis(a) for a in range(2, len(apart.shape)) if a in apart.order)
    made = b.add_entrywise(Standardise(axes, float(node.attributes.get("epsilon", 1e-5))), apart, "norm")
    together = b.reshape(made, x.shape)
    numbers = [require_constant(w, "scale and bias") for w in (scale, bias)]
    gamma, beta = (w if len(w) == channels else np.repeat(w, channels // groups) for w in numbers)
    shape = (-1, *(1,) * (len(x.shape) - 2))
    return add_with_constant(
        b, add_with_constant(b, together, gamma.reshape(shape), Scale, "scale"), beta.reshape(shape), Shift
    )


def add_standardised(b: Builder, node: Node, x: Value, axes: range, scale: Array, bias: Input) -> Value:
    """Add layers that compute (x − mean) / deviation · scale + bias, and return the output.

    Mean and deviation are over `axes`.  A scale of ones and a bias of zeros are left out.
    """
    over = tuple(x.axis(a) for a in axes if a in x.order)
    if not over:
        x = b.with_axis(x, axes[-1])
        over = (x.axis(axes[-1]),)
    layer = Standardise(over, float(node.attributes.get("epsilon", 1e-5)))
    shift = None if bias is None else require_constant(bias, "bias")
    shift = shift if shift is not None and np.any(shift) else None
    scales = bool(np.any(scale != 1))
    made = b.add_entrywise(layer, x, "norm" if scales or shift is not None else "")
    if scales:
        made = add_with_constant(b, made, scale, Scale, "scale" if shift is not None else "")
    return made if shift is None else add_with_constant(b, made, shift, Shift)


@lowers(
    *("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2", "ReduceSumSquare"),
    *("ReduceLogSum", "ReduceLogSumExp"),
)
def import_reduced(b: Builder, node: Node, x: Input, axes: Input = None) -> Value:
    x = require_value(x, "input")
    over, keep = axes_of(node, x, axes), bool(node.attributes.get("keepdims", 1))
    if not over:
        if over is not None and node.attributes.get("noop_with_empty_axes"):
            return x
        over = list(range(len(x.shape)))
    kind = node.op.removeprefix("Reduce")
    if kind in ("Mean", "Sum", "Max", "Min"):
        return reduce_axes(b, x, kind.lower(), over, keep)
    if kind == "LogSumExp":  # max x + log Σ exp(x − max x), which does not overflow
        top = reduce_axes(b, x, "max", over, True, "max")
        powers = b.add_entrywise(Activation("exp"), add_joined(b, Subtract(), [x, top], "below"), "exp")
        total = b.add_entrywise(Activation("log"), reduce_axes(b, powers, "sum", over, True, "sum"), "log")
        return without_axes(b, add_joined(b, Add(), [total, top]), over, keep)
    before = {"L1": "absolute", "L2": "square", "SumSquare": "square"}.get(kind)
    after = {"L2": "sqrt", "LogSum": "log"}.get(kind)
    x = b.add_entrywise(Activation(before), x, before) if before else x
    x = reduce_axes(b, x, "sum", over, True, "sum" if after else "")
    x = b.add_entrywise(Activation(after), x) if after else x
    return without_axes(b, x, over, keep)


def reduce_axes(b: Builder, x: Value, kind: str, over: list[int], keep: bool, part: str = "") -> Value:
    """Return the mean, sum, max or min of x over axes of ONNX, which get length 1 with `keep` and otherwise vanish."""
    shape = tuple(1 if a in over else n for a, n in enumerate(x.shape))
    inner = tuple(x.axis(a) for a in over if a in x.order)
    left = tuple(a for a in x.order if a not in over)
    if not inner:
        x = Value(x.layer, shape, x.order)
    elif keep or not left:
        x = Value(b.add(Reduce(kind, inner, True), x, part=part), shape, x.order)
    else:
        x = Value(b.add(Reduce(kind, inner), x, part=part), shape, left)
    return without_axes(b, x, over, keep)


def without_axes(b: Builder, x: Value, over: list[int], keep: bool) -> Value:
    """Return x without the axes `over`, all of length 1; with `keep`, return x itself."""
    return x if keep else b.reshape(x, tuple(n for a, n in enumerate(x.shape) if a not in over))


@lowers("Einsum")
def import_einsum(b: Builder, node: Node, *inputs: Input) -> Value:
    """Import an einsum of one or two inputs, such as "bhid,bhjd->bhij", as a product of matrices."""
    terms, arrow, wanted = str(node.attributes["equation"]).replace(" ", "").partition("->")
    names = terms.split(",")
    if not arrow or "." in terms or len(names) != len(inputs) or len(names) > 2:
        raise ValueError(
            f"its equation is {terms + arrow + wanted!r}, but one or two inputs and an output are read here"
        )
    if any(len(set(term)) < len(term) for term in (*names, wanted)):
        raise ValueError(f"its equation {terms + arrow + wanted!r} takes a diagonal, which is not read here")
    check_letters(names, wanted, [(x if isinstance(x, Value) else require_constant(x, "input")).shape for x in inputs])
    if not isinstance(inputs[0], Value):
        names, inputs = names[::-1], inputs[::-1]
    x = sum_over_letters(b, require_value(inputs[0], "input"), names[0], set("".join(names[1:])) | set(wanted))
    left = [k for k in names[0] if k in set("".join(names[1:])) | set(wanted)]
    if len(names) == 1:
        return transpose_value(x, tuple(left.index(k) for k in wanted))
    w, right = inputs[1], list(names[1])
    if isinstance(w, Value):
        w = sum_over_letters(b, w, names[1], set(left) | set(wanted))
        right = [k for k in right if k in set(left) | set(wanted)]
    shared = [k for k in left if k in right and k in wanted]
    inner = [k for k in left if k in right and k not in wanted]
    rows, columns = ([k for k in term if k not in shared and k not in inner] for term in (left, right))
    factor = w if isinstance(w, Value) else require_constant(w, "factor")
    size = dict(zip(left, x.shape, strict=True)) | dict(zip(right, factor.shape, strict=True))
    u = as_matrices(b, x, [left.index(k) for k in (*shared, *rows, *inner)], len(shared), len(rows))
    if isinstance(w, Value):
        made = add_matmul(
            b, u, as_matrices(b, w, [right.index(k) for k in (*shared, *inner, *columns)], len(shared), len(inner))
        )
    elif shared or set(columns) - set(wanted):
        raise ValueError("it multiplies entries by a constant one by one, which is read of Mul only: export it as Mul")
    else:
        matrix = require_constant(factor, "factor").transpose([right.index(k) for k in (*inner, *columns)])
        made = add_dense(b, u, matrix.reshape(prod(size[k] for k in inner), -1))
    order = [*shared, *rows, *columns]
    return transpose_value(b.reshape(made, tuple(size[k] for k in order)), tuple(order.index(k) for k in wanted))


def check_letters(names: list[str], wanted: str, shapes: list[tuple[int, ...]]) -> None:
    """Raise ValueError unless the letters of an equation stand for the axes of its inputs, each for one length."""
    sizes = dict[str, int]()
    for letters, shape in zip(names, shapes, strict=True):
        if len(letters) != len(shape):
            raise ValueError(f"its equation names the axes {letters!r} of a value of shape {shape}")
        for letter, n in zip(letters, shape, strict=True):
            known = sizes.setdefault(letter, n)
            if n != known and (letter not in wanted or 1 not in (n, known)):
                raise ValueError(f"its equation calls axes of lengths {known} and {n} both {letter!r}")
    if unknown := [letter for letter in wanted if letter not in sizes]:
        raise ValueError(f"its equation has {unknown[0]!r} in the output, but in none of the inputs")


def sum_over_letters(b: Builder, x: Value, letters: str, kept: set[str]) -> Value:
    """Return the sum of x over the axes whose letters are not in `kept`."""
    over = [a for a, letter in enumerate(letters) if letter not in kept]
    return reduce_axes(b, x, "sum", over, False, "sum") if over else x


def as_matrices(b: Builder, x: Value, order: list[int], stacked: int, rows: int) -> Value:
    """Return x as stacked matrices.

    The axes are first put in this order.  The first `stacked` of them stay, the next `rows` axes are merged into the
    rows of the matrices, and the others into the columns.
    """
    x = transpose_value(x, tuple(order))
    shape = x.shape
    return b.reshape(x, (*shape[:stacked], prod(shape[stacked : stacked + rows]), prod(shape[stacked + rows :])))

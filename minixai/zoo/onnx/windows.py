"""Importers of convolution and pooling.  A line (N, C, L) is treated as a map of one row."""

from __future__ import annotations

import numpy as np

from minixai.layers import AveragePool2D, Conv2D, GlobalAveragePool2D, GlobalMaxPool2D, Layer, MaxPool2D, ZeroPad2D
from minixai.op_layers import ConvTranspose2D, LocalResponseNorm, Maximum, Pad, Reduce, Slice
from minixai.ops.windows import Margins
from minixai.zoo.onnx.layout import Builder, Value, with_weights
from minixai.zoo.onnx.lowering import Input, lowers, require_constant, require_value
from minixai.zoo.onnx.schema import Node

Two = tuple[int, int]


def two(node: Node, name: str, ndim: int, default: int = 1) -> Two:
    """Return an attribute with one number for each side.  A line has only one side, and the other number is 1."""
    given = node.attributes.get(name) or [default] * (ndim - 2)
    both = [1] * (4 - ndim) + [int(n) for n in given]
    if len(both) != 2 or min(both) < 1:
        raise ValueError(f"its {name} is {given}, but a number >= 1 for each side is needed")
    return both[0], both[1]


def resolve_pads(node: Node, x: Value, kernel: Two, stride: Two, dilation: Two) -> Margins:
    """Return the padding ((top, bottom), (left, right)) that `auto_pad` or `pads` specifies."""
    auto, lines = node.attributes.get("auto_pad", "NOTSET"), 4 - len(x.shape)
    size = (1, x.shape[2]) if lines else x.shape[2:]
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        sides = []
        for n, k, s, d in zip(size, kernel, stride, dilation, strict=True):
            total = max((-(-n // s) - 1) * s + (k - 1) * d + 1 - n, 0)
            small = total // 2
            sides.append((small, total - small) if auto == "SAME_UPPER" else (total - small, small))
        return sides[0], sides[1]
    given = [int(p) for p in node.attributes.get("pads") or [0] * 2 * (len(x.shape) - 2)] if auto == "NOTSET" else []
    given = given or [0] * 2 * (len(x.shape) - 2)
    if len(given) != 2 * (len(x.shape) - 2) or min(given) < 0:
        raise ValueError(f"its pads are {given}, but two numbers >= 0 for each side are needed")
    return ((0, 0), (given[0], given[1])) if lines else ((given[0], given[2]), (given[1], given[3]))


@lowers("Conv")
def import_conv(b: Builder, node: Node, x: Input, w: Input, bias: Input = None) -> Value:
    x, kernels = require_value(x, "image"), require_constant(w, "kernel")
    image = b.image(x)
    if kernels.ndim != len(x.shape):
        raise ValueError(f"its kernels have the shape {kernels.shape}, and what arrives for one image {x.shape}")
    kernels = kernels.reshape(*kernels.shape[:2], *(1,) * (4 - kernels.ndim), *kernels.shape[2:])
    size = kernels.shape[2:]
    stride, dilation = two(node, "strides", len(x.shape)), two(node, "dilations", len(x.shape))
    layer = Conv2D(
        kernels.shape[0],
        size,
        stride,
        resolve_pads(node, x, size, stride, dilation),
        dilation,
        int(node.attributes.get("group", 1)),
        bias is not None,
    )
    with_weights(
        layer,
        kernel=kernels.transpose(2, 3, 1, 0),
        **({} if bias is None else {"bias": require_constant(bias, "bias")}),
    )
    return b.value_of_image(b.add(layer, image), len(x.shape))


@lowers("ConvTranspose")
def import_conv_transpose(b: Builder, node: Node, x: Input, w: Input, bias: Input = None) -> Value:
    x, kernels = require_value(x, "image"), require_constant(w, "kernel")
    image, ndim, groups = b.image(x), len(x.shape), int(node.attributes.get("group", 1))
    if kernels.ndim != ndim or groups < 1 or kernels.shape[0] % groups:
        raise ValueError(f"its kernels have the shape {kernels.shape}, and what arrives for one image {x.shape}")
    kernels = kernels.reshape(*kernels.shape[:2], *(1,) * (4 - kernels.ndim), *kernels.shape[2:])
    size, stride, dilation = kernels.shape[2:], two(node, "strides", ndim), two(node, "dilations", ndim)
    extra = [0] * (4 - ndim) + [int(n) for n in node.attributes.get("output_padding") or [0] * (ndim - 2)]
    sides, lengths = [], [0] * (4 - ndim) + [int(n) for n in node.attributes.get("output_shape") or []]
    auto = node.attributes.get("auto_pad", "NOTSET")
    given = resolve_pads(node, x, (1, 1), (1, 1), (1, 1)) if auto == "NOTSET" else ((0, 0), (0, 0))
    for i, (k, s, d, e, (before, after)) in enumerate(zip(size, stride, dilation, extra, given, strict=True)):
        n, reach = image.row[i], (k - 1) * d
        if len(lengths) == 2 or auto.startswith("SAME"):
            wanted = lengths[i] if len(lengths) == 2 and (i or ndim == 4) else n * s
            total = s * (n - 1) + e + reach + 1 - wanted
            before = total // 2 if auto == "SAME_UPPER" else total - total // 2
            after = total - before
        sides.append((reach - before, reach - after + e))
    turned = kernels[:, :, ::-1, ::-1].reshape(groups, -1, *kernels.shape[1:])  # (G, I/G, O/G, kh, kw)
    kernel = turned.transpose(3, 4, 1, 0, 2).reshape(*size, kernels.shape[0] // groups, -1)
    layer = ConvTranspose2D(kernel.shape[3], size, stride, (sides[0], sides[1]), dilation, groups, bias is not None)
    with_weights(layer, kernel=kernel, **({} if bias is None else {"bias": require_constant(bias, "bias")}))
    return b.value_of_image(b.add(layer, image), ndim)


def ceil_mode_pads(x: Value, kernel: Two, stride: Two, around: Margins, dilation: Two) -> Margins:
    """Return the padding to add at the bottom and right so that partial windows there count too (ceil_mode)."""
    more = []
    for n, k, s, (before, after), d in zip(
        ((1,) * 2 + x.shape[2:])[-2:], kernel, stride, around, dilation, strict=True
    ):
        room = n + before + after - (k - 1) * d - 1
        count = -(-room // s)
        if count * s >= n + before:  # a window that begins beyond the image and its first border does not count
            count -= 1
        more.append((0, max(count * s - room, 0)))
    return more[0], more[1]


def window_parameters(node: Node, x: Value) -> tuple[Two, Two, Two, Margins, Margins]:
    """Return (kernel, stride, dilation, padding, the padding that ceil_mode adds)."""
    if "kernel_shape" not in node.attributes:
        raise ValueError("its kernel_shape is missing")
    ndim = len(x.shape)
    kernel, stride, dilation = (two(node, name, ndim) for name in ("kernel_shape", "strides", "dilations"))
    around = resolve_pads(node, x, kernel, stride, dilation)
    more: Margins = ((0, 0), (0, 0))
    if node.attributes.get("ceil_mode") and node.attributes.get("auto_pad", "NOTSET") == "NOTSET":
        more = ceil_mode_pads(x, kernel, stride, around, dilation)
    return kernel, stride, dilation, around, more


def add_margins(around: Margins, more: Margins) -> Margins:
    (top, bottom), (left, right) = around
    return (top, bottom + more[0][1]), (left, right + more[1][1])


@lowers("MaxPool")
def import_max_pool(b: Builder, node: Node, x: Input) -> Value:
    if len(node.outputs) > 1 and node.outputs[1]:
        raise ValueError("it makes indices too, which are not read here: export the network without them")
    x = require_value(x, "image")
    image = b.image(x)
    kernel, stride, dilation, around, more = window_parameters(node, x)
    around = add_margins(around, more)
    if dilation == (1, 1):
        return b.value_of_image(b.add(MaxPool2D(kernel, stride, around), image), len(x.shape))
    return b.value_of_image(add_dilated_max_pool(b, image, kernel, stride, dilation, around), len(x.shape))


def add_dilated_max_pool(b: Builder, x: Value, kernel: Two, stride: Two, dilation: Two, around: Margins) -> str:
    """Add layers that make a dilated max-pool, and return the name of the last.

    Along each axis, one strided slice for each entry of a window is taken, and then the maximum of the slices.
    """
    name = b.add(Pad((*around, (0, 0)), float(np.finfo(np.float32).min)), x, part="pad") if np.any(around) else x.layer
    for axis, (k, s, d) in enumerate(zip(kernel, stride, dilation, strict=True), 1):
        count = (b.row(name)[axis - 1] - (k - 1) * d - 1) // s + 1
        if k == s == 1:
            continue
        slices = [b.add(Slice(axis, i * d, i * d + (count - 1) * s + 1, s), name, part="slice") for i in range(k)]
        name = b.add(Maximum(), *slices, part="" if axis == 2 else "rows")
    return name


@lowers("AveragePool")
def import_average_pool(b: Builder, node: Node, x: Input) -> Value:
    x = require_value(x, "image")
    return add_average_pool(b, node, x) if len(x.shape) != 5 else average_pool_over_channels(b, node, x)


def add_average_pool(b: Builder, node: Node, x: Value) -> Value:
    image = b.image(x)
    kernel, stride, dilation, around, more = window_parameters(node, x)
    if dilation != (1, 1):
        raise ValueError("its windows are dilated, which is read of MaxPool only: export it as a convolution")
    source = image.layer
    if node.attributes.get("count_include_pad") and np.any(around):
        source, around = b.add(ZeroPad2D(around), image, part="pad"), ((0, 0), (0, 0))
    return b.value_of_image(b.add(AveragePool2D(kernel, stride, add_margins(around, more)), source), len(x.shape))


def average_pool_over_channels(b: Builder, node: Node, x: Value) -> Value:
    """Add an average pool over the channels, as PyTorch exports LRN: an average pool over a volume (1, 1, C, H, W).

    Its windows have width 1 along H and W, so it is computed as a pool over an image (C, H·W).
    """
    names = {"kernel_shape": [1, 1, 1], "strides": [1, 1, 1], "dilations": [1, 1, 1], "pads": [0] * 6}
    given = {name: node.attributes.get(name) or least for name, least in names.items()}
    if any(given[name][1:3] != names[name][1:3] for name in names) or any(given["pads"][4:]) or x.shape[:2] != (1, 1):
        raise ValueError("it is a window in a volume: networks of volumes are not read here")
    c, h, w = x.shape[2:]
    flat = {name: [numbers[0], least] for (name, numbers), least in zip(given.items(), (1, 1, 1, 0), strict=True)}
    flat["pads"] = [given["pads"][0], 0, given["pads"][3], 0]
    plane = Node(node.op, node.name, "", [], [], node.attributes | flat)
    made = add_average_pool(b, plane, b.reshape(x, (1, 1, c, h * w)))
    return b.reshape(made, (1, 1, made.shape[2], h, w))


@lowers("GlobalAveragePool", "GlobalMaxPool")
def import_global_pool(b: Builder, node: Node, x: Input) -> Value:
    x = b.channels_last(require_value(x, "image"))
    mean = node.op == "GlobalAveragePool"
    layer: Layer = GlobalAveragePool2D(keepdims=True) if mean else GlobalMaxPool2D(keepdims=True)
    if len(x.shape) != 4:
        layer = Reduce("mean" if mean else "max", tuple(range(1, len(x.shape) - 1)), True)
    return Value(b.add(layer, x), (*x.shape[:2], *(1,) * (len(x.shape) - 2)), x.order)


@lowers("LRN")
def import_local_response_norm(b: Builder, node: Node, x: Input) -> Value:
    a = node.attributes
    layer = LocalResponseNorm(
        int(a["size"]), float(a.get("alpha", 1e-4)), float(a.get("beta", 0.75)), float(a.get("bias", 1.0))
    )
    return b.add_entrywise(layer, b.channels_last(require_value(x, "image")))

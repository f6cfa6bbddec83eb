"""Importers of operations that move entries: reshape, transpose, slice, concatenate, pad, resize."""

from __future__ import annotations

from math import prod

import numpy as np

from minixai.arrays import Array
from minixai.layers import Concatenate, Layer, Upsample2D, ZeroPad2D
from minixai.op_layers import Append, Gather, Interpolate, Pad, Slice
from minixai.zoo.onnx.folding import part_sizes, slices
from minixai.zoo.onnx.layout import Builder, Value, constant_row, transpose_value, with_weights
from minixai.zoo.onnx.lowering import Input, axes_of, axis_of, lowers, require_constant, require_value
from minixai.zoo.onnx.schema import Node

MOST = 1 << 20
"""The greatest length of an axis that an operation may make."""
LARGEST = 1 << 24
"""The greatest size of an interpolation matrix, in numbers."""


@lowers("Reshape")
def import_reshape(b: Builder, node: Node, x: Input, shape: Input = None) -> Value:
    x = require_value(x, "input")
    given = [int(n) for n in (node.attributes["shape"] if shape is None else require_constant(shape, "shape"))]
    if len(given) > 16 or (0 in given and len(given) > len(x.shape) and 0 in given[len(x.shape) :]):
        raise ValueError(f"the shape {given} does not fit a value of shape {x.shape}")
    sides = [x.shape[i] if n == 0 and not node.attributes.get("allowzero") else n for i, n in enumerate(given)]
    if b.batch > 1 and sides and sides[0] == b.batch and prod(abs(n) for n in sides) != prod(x.shape):
        sides[0] = 1  # replaces the batch size that the file was exported with
    if sides.count(-1) == 1:
        rest = prod(n for n in sides if n != -1)
        if rest < 1 or prod(x.shape) % rest:
            raise ValueError(f"a value of shape {x.shape} cannot be reshaped to {given}: {reshape_remedy(b)}")
        sides[sides.index(-1)] = prod(x.shape) // rest
    if min(sides, default=1) < 1 or prod(sides) != prod(x.shape):
        raise ValueError(f"a value of shape {x.shape} cannot be reshaped to {given}: {reshape_remedy(b)}")
    return b.reshape(x, tuple(sides))


def reshape_remedy(b: Builder) -> str:
    """Return advice for a file in which a shape does not fit one image."""
    if b.batch > 1:
        return f"the file is for batches of {b.batch} images, export it with one image or with a dynamic batch"
    return "does the file mix the images of a batch, or is the input_shape another one?"


@lowers("Flatten")
def import_flatten(b: Builder, node: Node, x: Input) -> Value:
    x = require_value(x, "input")
    axis = int(node.attributes.get("axis", 1))
    axis = len(x.shape) if axis == len(x.shape) else axis_of(axis, len(x.shape))
    return b.reshape(x, (prod(x.shape[:axis]), prod(x.shape[axis:])))


@lowers("Transpose")
def import_transpose(b: Builder, node: Node, x: Input) -> Value:
    x = require_value(x, "input")
    return transpose_value(x, tuple(node.attributes.get("perm") or range(len(x.shape))[::-1]))


@lowers("Squeeze")
def import_squeeze(b: Builder, node: Node, x: Input, axes: Input = None) -> Value:
    x = require_value(x, "input")
    chosen = axes_of(node, x, axes)
    chosen = [a for a, n in enumerate(x.shape) if n == 1] if chosen is None else chosen
    return b.reshape(x, tuple(n for a, n in enumerate(x.shape) if a not in chosen))


@lowers("Unsqueeze")
def import_unsqueeze(b: Builder, node: Node, x: Input, axes: Input = None) -> Value:
    x = require_value(x, "input")
    given = node.attributes["axes"] if axes is None else require_constant(axes, "axes").reshape(-1).tolist()
    chosen, rest = {axis_of(a, len(x.shape) + len(given)) for a in given}, iter(x.shape)
    return b.reshape(x, tuple(1 if a in chosen else next(rest) for a in range(len(x.shape) + len(chosen))))


@lowers("DepthToSpace", "SpaceToDepth")
def import_blocks(b: Builder, node: Node, x: Input) -> Value:
    x, size = require_value(x, "image"), int(node.attributes["blocksize"])
    n, c, h, w = x.shape
    if node.op == "SpaceToDepth":
        order = (0, 1, 3, 5, 2, 4) if node.attributes.get("mode") == "CRD" else (0, 3, 5, 1, 2, 4)
        apart = transpose_value(b.reshape(x, (n, c, h // size, size, w // size, size)), order)
        return b.reshape(apart, (n, c * size * size, h // size, w // size))
    if node.attributes.get("mode", "DCR") == "CRD":
        apart = transpose_value(b.reshape(x, (n, c // size**2, size, size, h, w)), (0, 1, 4, 2, 5, 3))
    else:
        apart = transpose_value(b.reshape(x, (n, size, size, c // size**2, h, w)), (0, 3, 4, 1, 5, 2))
    return b.reshape(apart, (n, c // size**2, h * size, w * size))


@lowers("Concat")
def import_concat(b: Builder, node: Node, *inputs: Input) -> Value:
    values = [x for x in inputs if isinstance(x, Value)]
    first = values[0]
    axis = axis_of(node.attributes["axis"], len(first.shape))
    shapes = [x.shape for x in inputs if x is not None]
    others = [tuple(n for a, n in enumerate(s) if a != axis) for s in shapes]
    if len(set(others)) > 1:
        more = f": {reshape_remedy(b)}" if b.batch > 1 else ""
        raise ValueError(f"its inputs differ along other axes than the one they are joined along{more}")
    order = next((x.order for x in values if axis in x.order), tuple(sorted({*first.order, axis})))
    place, shape = 1 + order.index(axis), list(first.shape)
    shape[axis] = sum(s[axis] for s in shapes)
    pieces = list(inputs)
    at = next(i for i, x in enumerate(pieces) if isinstance(x, Value))
    end = at
    while end + 1 < len(pieces) and isinstance(pieces[end + 1], Value):
        end += 1
    run = [b.to_layout(x, order) for x in pieces[at : end + 1] if isinstance(x, Value)]
    rest = [(x, True) for x in reversed(pieces[:at])] + [(x, False) for x in pieces[end + 1 :]]
    name = b.add(Concatenate(place), *run, part="values" if rest else "") if len(run) > 1 else run[0].layer
    for i, (x, before) in enumerate(rest, 1):
        if isinstance(x, Value):
            name = b.add(Concatenate(place), name, b.to_layout(x, order), part="" if i == len(rest) else f"part{i}")
        else:
            like = Value(name, tuple(shape), order)
            row = constant_row(require_constant(x, "constant"), like)
            layer = with_weights(Append(row.shape, place, before), numbers=row)
            name = b.add(layer, name, part="" if i == len(rest) else f"part{i}")
    return Value(name, tuple(shape), order)


def slice_axis(b: Builder, x: Value, axis: int, part: slice, label: str = "") -> Value:
    """Return x[..., part, ...], sliced along one axis of ONNX."""
    n = x.shape[axis]
    places = range(*part.indices(n))
    if len(places) == n and part.step in (None, 1):
        return x
    if not places:
        raise ValueError(f"it leaves nothing of the {n} places of axis {axis}")
    x = b.with_axis(x, axis)
    return b.add_along_axis(Slice(x.axis(axis), part.start, part.stop, part.step), x, axis, label)


@lowers("Slice")
def import_slice(b: Builder, node: Node, x: Input, *where: Input) -> Value:
    x = require_value(x, "input")
    bounds = [None if z is None else require_constant(z, "bound").reshape(-1) for z in where]
    for axis, part in slices(node.attributes, len(x.shape), *bounds):
        x = slice_axis(b, x, axis, part)
    return x


@lowers("Split")
def import_split(b: Builder, node: Node, x: Input, sizes: Input = None) -> list[Value]:
    x = require_value(x, "input")
    axis = axis_of(node.attributes.get("axis", 0), len(x.shape))
    given = None if sizes is None else require_constant(sizes, "sizes")
    start, parts = 0, []
    for i, length in enumerate(part_sizes(node.attributes, x.shape[axis], given, len(node.outputs)), 1):
        parts.append(slice_axis(b, x, axis, slice(start, start + length), str(i)))
        start += length
    return parts


@lowers("Gather")
def import_gather(b: Builder, node: Node, x: Input, indices: Input) -> Value:
    x, wanted = require_value(x, "input"), require_constant(indices, "indices").astype(np.int64)
    axis = axis_of(node.attributes.get("axis", 0), len(x.shape))
    n, flat = x.shape[axis], wanted.reshape(-1)
    check_axis_length(flat.size)
    if not flat.size or flat.min() < -n or flat.max() >= n:
        raise ValueError(f"it takes places of an axis of {n} that are not there")
    picked = gather_along_axis(b, x, axis, flat % n)
    return b.reshape(picked, (*x.shape[:axis], *wanted.shape, *x.shape[axis + 1 :]))


def check_axis_length(count: int) -> int:
    """Return the length of an axis; raises ValueError if it is greater than MOST."""
    if count > MOST:
        raise ValueError(f"it makes an axis of {count:,} places, more than {MOST:,}: is the file damaged?")
    return count


def gather_along_axis(b: Builder, x: Value, axis: int, places: Array, part: str = "") -> Value:
    """Return the entries of x at `places` along an axis of ONNX, by a slice if they are consecutive."""
    start, length = int(places[0]), len(places)
    if np.array_equal(places, np.arange(start, start + length)):
        return slice_axis(b, x, axis, slice(start, start + length), part)
    x = b.with_axis(x, axis)
    return b.add_along_axis(Gather(x.axis(axis), tuple(places.tolist())), x, axis, part)


@lowers("Expand")
def import_expand(b: Builder, node: Node, x: Input, shape: Input) -> Value:
    x, wanted = require_value(x, "input"), [int(n) for n in require_constant(shape, "shape")]
    x = x if len(wanted) <= len(x.shape) else b.reshape(x, (1,) * (len(wanted) - len(x.shape)) + x.shape)
    wanted = [1] * (len(x.shape) - len(wanted)) + wanted
    for axis, n in enumerate(wanted):
        if n > 1 and x.shape[axis] == 1 and not (axis == 0 and n == b.batch):
            x = gather_along_axis(b, x, axis, np.zeros(check_axis_length(n), np.int64))
        elif n > 1 and x.shape[axis] != n and axis:
            raise ValueError(f"a value of shape {x.shape} cannot be expanded to {wanted}")
    return x


@lowers("Tile")
def import_tile(b: Builder, node: Node, x: Input, repeats: Input) -> Value:
    x, counts = require_value(x, "input"), [int(n) for n in require_constant(repeats, "repeats")]
    if len(counts) != len(x.shape) or min(counts) < 1:
        raise ValueError(f"a value of shape {x.shape} cannot be repeated {counts} times")
    for axis, n in enumerate(counts):
        if n > 1:
            check_axis_length(n * x.shape[axis])
            x = gather_along_axis(b, x, axis, np.tile(np.arange(x.shape[axis]), n))
    return x


@lowers("Pad")
def import_pad(b: Builder, node: Node, x: Input, pads: Input = None, fill: Input = None, axes: Input = None) -> Value:
    x, mode = require_value(x, "input"), node.attributes.get("mode", "constant")
    given = (
        node.attributes.get("pads", node.attributes.get("paddings"))
        if pads is None
        else require_constant(pads, "pads").reshape(-1)
    )
    on = range(len(x.shape)) if axes is None else axes_of(node, x, axes) or []
    if given is None or len(given) != 2 * len(on) or max((abs(int(p)) for p in given), default=0) > MOST:
        raise ValueError("its pads are not two numbers for each axis")
    widths = {a: (int(given[i]), int(given[i + len(on)])) for i, a in enumerate(on)}
    for axis, (before, after) in widths.items():
        if min(before, after) < 0:
            x = slice_axis(b, x, axis, slice(max(0, -before), x.shape[axis] - max(0, -after)), "crop")
    widths = {a: (max(0, p), max(0, q)) for a, (p, q) in widths.items() if max(p, q) > 0}
    if mode != "constant":
        for axis, both in widths.items():
            numbers = np.arange(x.shape[axis])
            if mode == "reflect" and max(both) >= len(numbers):
                raise ValueError(f"{len(numbers)} places cannot be reflected into a border of {both}")
            if mode not in ("edge", "reflect", "wrap"):
                raise ValueError(f"its mode {mode!r} is not read here: constant, edge, reflect and wrap are")
            x = gather_along_axis(b, x, axis, np.pad(numbers, both, mode=mode))
        return x
    level = node.attributes.get("value", 0.0) if fill is None else require_constant(fill, "value").reshape(-1)[0]
    for axis in widths:
        x = b.with_axis(x, axis)
    if not widths:
        return x
    borders = tuple(widths.get(a, (0, 0)) for a in x.order)
    image = x.order == (2, 3, 1) and borders[2] == (0, 0) and not level
    layer: Layer = ZeroPad2D((borders[0], borders[1])) if image else Pad(borders, float(level))
    shape = tuple(n + sum(widths.get(a, (0, 0))) for a, n in enumerate(x.shape))
    return Value(b.add(layer, x), shape, x.order)


@lowers("Resize", "Upsample")
def import_resize(b: Builder, node: Node, x: Input, *more: Input) -> Value:
    x, a = require_value(x, "input"), node.attributes
    old = node.op == "Upsample" or b.opset < 11
    scales, sizes = (
        (more[0] if more else None, None) if old else ((*more, None, None, None)[1], (*more, None, None, None)[2])
    )
    on = [axis_of(i, len(x.shape)) for i in a.get("axes") or range(len(x.shape))]
    factors: list[float | None] = [None] * len(on)
    if sizes is not None and np.size(require_constant(sizes, "sizes")):
        lengths = [int(n) for n in require_constant(sizes, "sizes")]
    else:
        given = [float(s) for s in (a["scales"] if scales is None else require_constant(scales, "scales"))]
        factors = [*given]
        lengths = [int(np.floor(x.shape[i] * s)) for i, s in zip(on, given, strict=True)]
    mode, counting = a.get("mode", "nearest"), a.get("coordinate_transformation_mode", "half_pixel")
    counting = "asymmetric" if old else counting
    nearest = ("floor" if old else a.get("nearest_mode", "round_prefer_floor")) if mode == "nearest" else None
    if mode not in ("nearest", "linear", "bilinear") or counting == "tf_crop_and_resize" or a.get("antialias"):
        raise ValueError(
            f"its mode {mode!r} with {counting!r}{' and antialias' * bool(a.get('antialias'))} is not read here: "
            "nearest and linear are"
        )
    if a.get("keep_aspect_ratio_policy", "stretch") != "stretch":
        raise ValueError("it keeps the aspect ratio, which is not read here: export it with the sizes")
    changed = [(i, n, s) for i, n, s in zip(on, lengths, factors, strict=True) if n != x.shape[i]]
    for i, n, _ in changed:
        if n < 1 or n > MOST or n * x.shape[i] > LARGEST:
            raise ValueError(f"an axis of {x.shape[i]} cannot be resized to {n}")
    exact = all(s is None or n == x.shape[i] * s for i, n, s in changed)
    halves = counting == "half_pixel" or (counting == "pytorch_half_pixel" and min(lengths) > 1)
    if nearest is None and halves and exact and [i for i, *_ in changed] == [2, 3] and len(x.shape) == 4:
        image = b.image(x)
        return b.value_of_image(b.add(Upsample2D((changed[0][1], changed[1][1])), image), 4)
    for k, (i, n, s) in enumerate(changed, 1):
        x = b.with_axis(x, i)
        factor = None if s is None or n == x.shape[i] * s else s
        layer = Interpolate(x.axis(i), n, counting, nearest, factor)
        x = b.add_along_axis(layer, x, i, "" if k == len(changed) else "rows")
    return x

"""The values in a network, the order of their axes, and the layers that make them.

In ONNX channels come first, and the batch is an axis like any other.  Here channels come last, and axis 0 is always the
batch; one of its entries is called a row.  So an ONNX file is read for a batch of one image, and a Value describes how
that tensor of ONNX is held in a row: `order` says which axis of ONNX each axis of the row is.  A transposition only
changes `order` and costs nothing.  If an exporter merges other axes, such as heads or windows, with the batch axis,
this stays within a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from minixai.arrays import Array, mark_readonly
from minixai.graph import Node
from minixai.layers import Layer, Reshape
from minixai.op_layers import Permute
from minixai.validate import as_real, check_finite
from minixai.zoo.onnx.folding import LARGEST
from minixai.zoo.onnx.names import unused

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Value:
    """A tensor of ONNX, held in the rows of a layer's output.

    layer    the name of the layer
    shape    the shape in ONNX, for a batch of one image
    order    axis i of a row is ONNX's axis order[i]; the axes that are left out have length 1
    """

    layer: str
    shape: Shape
    order: Shape

    @property
    def row(self) -> Shape:
        return tuple(self.shape[a] for a in self.order)

    @property
    def long_axes(self) -> Shape:
        """The axes of ONNX that are longer than 1, in their order in a row."""
        return tuple(a for a in self.order if self.shape[a] != 1)

    def axis(self, onnx: int) -> int:
        """Return the axis of the layer's output, counting the batch as 0, that is this axis of ONNX."""
        return 1 + self.order.index(onnx)


def natural_order(shape: Shape) -> Shape:
    """Return the axes in ONNX's own order, without a leading axis of length 1, which is the batch."""
    return tuple(range(1 if len(shape) > 1 and shape[0] == 1 else 0, len(shape)))


class Builder:
    """Collects the layers of a network while its file is read.

    items    (name, layer, names of its inputs) of each layer so far
    nodes    {name: output of the layer, for a batch of 0 images}
    layouts  the names of layers that reorder or reshape a value, so that none is added twice
    name     the name of the node that is being read
    batch    the batch size that the file is fixed to, or 1
    room     how many more numbers the weights may have
    """

    def __init__(self, input_shape: Shape, opset: int, batch: int, stored: int) -> None:
        self.items: list[tuple[str, Layer, tuple[str, ...]]] = []
        self.nodes = {"input": Node(np.zeros((0, *input_shape), np.float32))}  # 0 images: shapes at no cost
        self.layouts: dict[tuple[str, Shape], str] = {}
        self.opset, self.batch, self.name = opset, batch, ""
        self.room = stored + LARGEST

    def add(self, layer: Layer, *inputs: Value | str, part: str = "") -> str:
        """Add a layer, and return its name.

        The name is `self.name`, followed by `part` if the layer is only one step of the node; it is made unique.
        """
        names = tuple(x if isinstance(x, str) else x.layer for x in inputs)
        name = f"{self.name}.{part}" if part else self.name
        name = unused(name + "_", set(self.nodes), 2) if name in self.nodes else name
        row = self.nodes[names[0]].shape[1:]
        for key, shape in layer.weight_shapes(row).items():
            if layer.weights[key].shape != shape:
                raise ValueError(f"its {key} has the shape {layer.weights[key].shape}, but {shape} is needed here")
        self.room -= sum(w.size for w in layer.weights.values())
        if self.room < 0:
            raise ValueError("its weights are many more than the file holds: is the file damaged?")
        made = layer([self.nodes[x] for x in names])
        if prod(made.shape[1:]) > LARGEST:
            raise ValueError(f"it makes {prod(made.shape[1:]):,} numbers of one image: is the file damaged?")
        self.nodes[name] = made
        self.items.append((name, layer, names))
        return name

    def row(self, name: str) -> Shape:
        """Return the shape of a row of a layer's output."""
        return self.nodes[name].shape[1:]

    def add_entrywise(self, layer: Layer, x: Value, part: str = "") -> Value:
        """Add a layer that changes neither the shape nor the order of x; return its output."""
        return Value(self.add(layer, x, part=part), x.shape, x.order)

    def add_along_axis(self, layer: Layer, x: Value, axis: int, part: str = "") -> Value:
        """Add a layer that changes the length of x along one axis of ONNX; return its output."""
        name = self.add(layer, x, part=part)
        length = self.row(name)[x.order.index(axis)]
        return Value(name, (*x.shape[:axis], length, *x.shape[axis + 1 :]), x.order)

    # -- other orders ------------------------------------------------------------------------------------
    def to_layout(self, x: Value, order: Shape) -> Value:
        """Return x with its axes in this order, in which axes of length 1 may be added or left out."""
        if x.order == order:
            return x
        row = tuple(x.shape[a] for a in order)
        key = (x.layer, tuple(-1 if a not in x.order else x.order.index(a) for a in order))
        if key not in self.layouts:
            source: Value | str = x
            wanted = tuple(a for a in order if x.shape[a] != 1)
            if sorted(wanted) != sorted(x.long_axes):
                raise ValueError(f"a value of shape {x.shape} is not understood here")
            if wanted != x.long_axes:
                kept = [a for a in order if a in x.order]
                axes = kept + [a for a in x.order if a not in kept]
                source = self.add(Permute(tuple(x.axis(a) for a in axes)), x, part="permute")
            name = source if isinstance(source, str) else source.layer
            self.layouts[key] = name if self.row(name) == row else self.add(Reshape(row), name, part="shape")
        return Value(self.layouts[key], x.shape, order)

    def with_axis(self, x: Value, axis: int) -> Value:
        """Return x with this axis of ONNX among the axes of its rows."""
        return x if axis in x.order else self.to_layout(x, tuple(sorted({*x.order, axis})))

    def natural_order(self, x: Value, *axes: int) -> Value:
        """Return x in ONNX's own order, with `axes` among the axes of its rows."""
        return self.to_layout(x, tuple(sorted({*natural_order(x.shape), *axes})))

    def channels_last(self, x: Value) -> Value:
        """Return x, (1, C, ...) in ONNX, as rows (..., C)."""
        n = len(x.shape)
        if n < 2 or x.shape[0] != 1:
            raise ValueError(f"it takes (N, channels, ...), but {x.shape} arrives for one image")
        return self.to_layout(x, (*range(2, n), 1))

    def image(self, x: Value) -> Value:
        """Return x, (1, C, H, W) in ONNX, as rows (H, W, C); a line (1, C, L) becomes an image of height 1."""
        if len(x.shape) == 3:
            x = self.reshape(x, (*x.shape[:2], 1, x.shape[2]))
        if len(x.shape) != 4:
            raise ValueError(
                f"it takes images (N, C, H, W) or lines (N, C, L), but {x.shape} arrives for one image: "
                "networks of volumes are not read here"
            )
        return self.channels_last(x)

    def value_of_image(self, name: str, ndim: int) -> Value:
        """Return the output of a layer with rows (H, W, C) as a value of `ndim` axes in ONNX: 4, or 3 for a line."""
        height, width, channels = self.row(name)
        made = Value(name, (1, channels, height, width), (2, 3, 1))
        return made if ndim == 4 else self.reshape(made, (1, channels, width))

    def reshape(self, x: Value, shape: Shape) -> Value:
        """Return x reshaped to `shape`, as ONNX does with its own order of the axes.

        If only axes of length 1 differ, the order of the axes in a row is kept.
        """
        if prod(shape) != prod(x.shape):
            raise ValueError(f"a value of shape {x.shape} has not as many numbers as {shape}")
        before, after = ([a for a, n in enumerate(s) if n != 1] for s in (x.shape, shape))
        if [x.shape[a] for a in before] == [shape[a] for a in after]:
            moved = dict(zip(before, after, strict=True))
            order = tuple(moved[a] for a in x.long_axes) or natural_order(shape)[:1]
            row = tuple(shape[a] for a in order)
            name = x.layer if x.row == row else None
            return Value(name or self.add(Reshape(row), x, part="shape"), shape, order)
        pairs = matching_axis_groups([x.shape[a] for a in before], [shape[a] for a in after])
        axes = [([before[i] for i in old], [after[i] for i in new]) for old, new in pairs]
        axes.sort(key=lambda pair: min(x.order.index(a) for a in pair[0]))  # as they stand in a row
        x = self.to_layout(x, tuple(a for old, _ in axes for a in old))
        order = tuple(a for _, new in axes for a in new)
        return Value(self.add(Reshape(tuple(shape[a] for a in order)), x), shape, order)


def matching_axis_groups(before: Sequence[int], after: Sequence[int]) -> list[tuple[list[int], list[int]]]:
    """Return [(axes of one shape, axes of another), ...], the smallest groups of axes that hold equally many numbers.

    >>> matching_axis_groups([8, 4, 4], [2, 4, 16])
    [([0], [0, 1]), ([1, 2], [2])]
    """
    found = []
    i = j = 0
    while i < len(before) and j < len(after):
        old, new = [i], [j]
        left, right = before[i], after[j]
        while left != right:
            if left < right:
                old.append(old[-1] + 1)
                left *= before[old[-1]]
            else:
                new.append(new[-1] + 1)
                right *= after[new[-1]]
        found.append((old, new))
        i, j = old[-1] + 1, new[-1] + 1
    return found


def with_leading_axes(x: Value, ndim: int) -> Value:
    """Return x with leading axes of length 1, so that it has `ndim` axes, as in broadcasting."""
    more = ndim - len(x.shape)
    return x if not more else Value(x.layer, (1,) * more + x.shape, tuple(a + more for a in x.order))


def transpose_value(x: Value, axes: Shape) -> Value:
    """Return x transposed as by ONNX's Transpose.  This changes only the order and adds no layer."""
    if sorted(axes) != list(range(len(x.shape))):
        raise ValueError(f"{axes} is no order of the axes of {x.shape}")
    return Value(x.layer, tuple(x.shape[a] for a in axes), tuple(axes.index(a) for a in x.order))


def constant_row(w: Array, x: Value) -> Array:
    """Return the constant w, which is broadcast with x, with its axes in the order of the rows of x."""
    full = np.asarray(w).reshape((1,) * (len(x.shape) - np.ndim(w)) + np.shape(w))
    left_out = [a for a in range(full.ndim) if a not in x.order]
    row = full.transpose(*left_out, *x.order)
    if prod(row.shape[: len(left_out)]) != 1:
        raise ValueError(f"a constant of shape {np.shape(w)} does not fit a value of shape {x.shape}")
    return row.reshape(row.shape[len(left_out) :])


def with_weights(layer: Layer, **weights: Any) -> Layer:
    """Give a layer these weights, checked to be finite and converted to float32; return the layer."""
    for key, w in weights.items():
        array = as_real(w, f"its {key}")
        with np.errstate(over="ignore"):
            array = np.array(check_finite(array, f"its {key}") if array.size else array, np.float32, order="C")
        layer.weights[key] = mark_readonly(check_finite(array, f"its {key}") if array.size else array)
    return layer

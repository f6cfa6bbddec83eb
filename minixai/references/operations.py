"""Single functions and operations against PyTorch's: their values, and their way back."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from minixai import ops
from minixai.arrays import Array
from minixai.graph import Node, backward
from minixai.references.entry import Entry, rounded
from minixai.references.frozen import results
from minixai.references.sources import TORCH
from minixai.rules import GRADIENT


def entries() -> list[Entry]:
    return [*functions(), *operations()]


def functions() -> list[Entry]:
    """f and f' of every function, at points on both sides of its kinks."""
    said = results("torch")
    points = said.arrays["functions/points"]

    def both(name: str) -> Array:
        op = getattr(ops, name)
        x = Node((abs(points) if name in ("log", "sqrt", "reciprocal") else points)[:, None])
        y = op(x)
        return np.stack([y.value[:, 0], backward(y, GRADIENT)[x][:, 0]])

    return [
        Entry(
            f"functions.{key.split('/')[1]}.torch",
            f"y = {key.split('/')[1]}(x) and dy/dx",
            TORCH,
            how,
            said.arrays[key],
            rounded(max(1.0, float(abs(said.arrays[key]).max())), 32),
            partial(both, key.split("/")[1]),
        )
        for key, how in said.how.items()
        if key.startswith("functions/") and key != "functions/points"
    ]


def operations() -> list[Entry]:
    """Value and way back of operations whose geometry is easily got wrong."""
    said = results("torch")
    image, kernel = (said.arrays[f"operations/{k}"] for k in ("image", "kernel"))
    made: dict[str, tuple[str, Callable[[Node], Node]]] = {
        "convolution": (
            "x ⋆ w, stride (2, 1), border (1, 2), dilation (1, 2), 2 groups",
            lambda x: ops.convolution(x, kernel, None, (2, 1), (1, 2), (1, 2), 2),
        ),
        "max_pool": ("max over windows (3, 2), steps (2, 1)", lambda x: ops.max_pool(x, (3, 2), (2, 1))),
        "average_pool": ("mean over windows (3, 2), steps (2, 1)", lambda x: ops.average_pool(x, (3, 2), (2, 1))),
        "upsample": ("bilinear, 7 × 6 to 11 × 9", lambda x: ops.upsample(x, (11, 9))),
        "softmax": ("exp z / Σ exp z over channels", lambda x: ops.softmax(x)),
    }

    def value(op: Callable[[Node], Node]) -> Array:
        return op(Node(image)).value

    def vjp(op: Callable[[Node], Node], name: str) -> Array:
        x = Node(image)
        return backward(op(x), GRADIENT, said.arrays[f"operations/{name}.seed"], keep=[x])[x]

    found = []
    for name, (claim, op) in made.items():
        for suffix, about, ask in (
            ("", f"y = {claim}", partial(value, op)),
            (".vjp", f"s·∂y/∂x, y = {claim}", partial(vjp, op, name)),
        ):
            key = f"operations/{name}{suffix}"
            tolerance = rounded(8, 128)
            found.append(
                Entry(f"operations.{name}{suffix}.torch", about, TORCH, said.how[key], said.arrays[key], tolerance, ask)
            )
    return found

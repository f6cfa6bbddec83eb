"""What each method costs beyond the passes it needs: python tests/benchmarks/overhead.py [METHOD ...]

For every method on a digit network: rows per second, and the ratio of its time to that of
the bare forward and backward passes it counts in its `cost`, in batches of the same size.
Method and bare passes take turns in one run; the ratio is the median over the turns.
"""

import sys
import time
from inspect import signature
from pathlib import Path
from statistics import median

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

import minixai as mx
from minixai.graph import Node, Rules, backward
from minixai.methods.registry import Method
from minixai.rules import DECONVNET, GRADIENT, GUIDED, RESCALE, lrp_epsilon
from minixai.text import columns

BATCH, TURNS = 100, 7
OPTIONS = {
    "integrated_gradients": {"baseline": 0.0},
    "activations": {"layer": "conv1"},
    "shapley_values": {"players": np.arange(784).reshape(28, 28, 1) // 28 // 4},
    "feature_ablation": {"groups": np.arange(784).reshape(28, 28, 1) // 2},
}
FEW, MANY = 10, 400
"""Inputs for methods of many passes each, and for methods of one."""
FILLED = ("deep_shap",)
"""Methods that meet many inputs with one reference at a time: with as many inputs as there are rows in a batch."""


RULES = {
    "deep_lift": RESCALE,
    "deep_shap": RESCALE,
    "lrp": lrp_epsilon(1e-6),
    "guided_backprop": GUIDED,
    "deconvnet": DECONVNET,
}
"""A pass back is one by the method's own table; by default the gradient's."""


def bare(model: mx.Model, x: np.ndarray, forward: int, back: int, rules: Rules) -> None:
    """So many rows forward and back, and nothing else; by Rescale from a black image."""
    rows = np.resize(x, (BATCH, *x.shape[1:]))
    while forward > 0:
        n = min(BATCH, forward)
        node = Node(rows[:n], 0.0 if rules is RESCALE else None)
        output = model(node)
        if back > 0:
            backward(output, rules, np.eye(10)[np.zeros(n, int)], keep=[node])
        forward, back = forward - n, back - n


def measured(method: Method, model: mx.Model, images: np.ndarray, labels: np.ndarray) -> tuple[str, ...]:
    """A line of the table."""
    options = dict(OPTIONS.get(method.name, {}))
    if "background" in signature(method.function).parameters and not method.baseline:
        options["background"] = images[-20:]
    passes = method.function(model, images[:2], labels[:2], batch=BATCH, **options).cost
    inputs = BATCH if method.name in FILLED else MANY if passes.forward <= 6 else FEW
    x, target = images[:inputs], labels[:inputs]
    rules = RULES.get(method.name, GRADIENT)
    times = []
    for _ in range(TURNS):
        start = time.perf_counter()
        cost = method.function(model, x, target, batch=BATCH, **options).cost
        middle = time.perf_counter()
        bare(model, x, cost.forward, cost.backward, rules)
        times.append((middle - start, time.perf_counter() - middle))
    own, ratio = median(a for a, _ in times), median(a / b for a, b in times)
    return method.name, f"{cost.forward:,}", f"{cost.backward:,}", f"{cost.forward / own:,.0f}", f"{ratio:.2f}"


def main(names: list[str]) -> None:
    model = mx.load("digits")
    images, labels = mx.datasets.digits("test")
    titles = ("method", "rows forward", "rows back", "rows/s", "time / bare passes")
    lines = [measured(mx.catalogue[name], model, images, labels) for name in names or mx.catalogue]
    print(*columns([titles, *lines], right=[1, 2, 3, 4]), sep="\n")


if __name__ == "__main__":
    main(sys.argv[1:])

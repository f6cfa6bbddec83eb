"""The original DeepLIFT of Kundaje's laboratory, unchanged, under TensorFlow 2.15's compatibility mode."""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Any

import numpy as np
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()
import tensorflow.python.ops.nn_grad  # noqa: E402, F401

sys.modules["tensorflow"] = tf
import deeplift.layers as L  # noqa: E402
from deeplift.util import compile_func  # noqa: E402

MODES = {
    "rescale": L.NonlinearMxtsMode.Rescale,
    "reveal-cancel": L.NonlinearMxtsMode.RevealCancel,
    "genomics": L.NonlinearMxtsMode.DeepLIFT_GenomicsDefault,
}


def ask(networks: dict[str, Any], Results: Any) -> Any:
    versions = {"deeplift": version("deeplift"), "tensorflow": tf.__version__, "numpy": np.__version__}
    results = Results("deeplift", versions)
    for name in ("dense", "strided"):
        frozen = networks[name]
        for rule, mode in MODES.items():
            how = f"contributions of the input, {mode}, output 1, from background[:1], float32"
            found = contributions(*built(frozen, mode), frozen.x, np.repeat(frozen.background[:1], len(frozen.x), 0), 1)
            right = len(found) if rule == "rescale" or name != "dense" else 2
            results.add(f"{name}/deep_lift.{rule}", how + f", rows 0 to {right - 1}", found[:right])
            if rule == "reveal-cancel" and name == "dense":
                fault(results, frozen, how, found)
    pools(results)
    return results


def fault(results: Any, frozen: Any, how: str, found: Any) -> None:
    """Row 2 has a unit whose input has no negative part: its multiplier is the noise of 1e-7 in float32."""
    results.add("dense/fault.pseudocount", f"{how}, row 2", found[2])
    exact = in_float64(frozen, frozen.x[2], frozen.background[0], 1)
    results.add("dense/port.pseudocount", "its formulas in float64, with the same pseudocount of 1e-7, row 2", exact)


def in_float64(frozen: Any, x: Any, reference: Any, output: int) -> Any:
    """RevealCancel of a dense ReLU network as layers/core.py and layers/activations.py write it, for one input."""
    f = lambda z: np.maximum(z, 0)  # noqa: E731
    here, there, back = x, reference, []
    names = [line["name"] for line in frozen.layers]
    for name in names:
        w, b = frozen.weights[f"{name}/kernel"], frozen.weights[f"{name}/bias"]
        delta = here - there
        terms = delta[:, None] * w
        z, z0 = here @ w + b, there @ w + b
        up, down = (np.where(keep, terms, 0).sum(axis=0) for keep in (terms > 0, terms < 0))
        up, down = up + 1e-7 * (abs(up) < 0.5e-7), down - 1e-7 * (abs(down) < 0.5e-7)
        rise = (f(z0 + up) - f(z0) + f(z0 + down + up) - f(z0 + down)) / 2 / up
        fall = (f(z0 + down) - f(z0) + f(z0 + up + down) - f(z0 + up)) / 2 / down
        back.append((w, delta, rise, fall))
        here, there = (z, z0) if name == names[-1] else (f(z), f(z0))
    m = high = low = np.eye(len(here))[output]
    for w, delta, rise, fall in reversed(back):
        if w is not back[-1][0]:
            high, low = high * rise, low * fall
        half = (delta == 0)[:, None]
        share = np.where(half, (high + low) / 2, np.where(delta[:, None] * w > 0, high, low))
        m = high = low = (share * w).sum(axis=1)
    return m * (x - reference)


def built(frozen: Any, mode: Any) -> tuple[Any, Any]:
    """(the input, the scores)"""
    start = here = L.Input(batch_shape=(None, *frozen.x.shape[1:]))

    def follow(layer: Any) -> Any:
        layer.set_inputs(here)
        return layer

    for line in frozen.layers:
        kind, config = line["kind"], line["config"]
        w = {
            k.split("/")[1]: a.astype(np.float32) for k, a in frozen.weights.items() if k.split("/")[0] == line["name"]
        }
        if kind == "Conv2D":
            stride, options = config["stride"], {"padding": "VALID", "data_format": "channels_last"}
            options |= {"strides": (stride, stride), "conv_mxts_mode": L.ConvMxtsMode.Linear}
            here = follow(L.Conv2D(kernel=w["kernel"], bias=w["bias"], **options))
        elif kind == "Dense":
            here = follow(L.Dense(kernel=w["kernel"], bias=w["bias"], dense_mxts_mode=L.DenseMxtsMode.Linear))
        elif kind == "Flatten":
            here = follow(L.Flatten())
        else:
            raise ValueError(f"no layer of deeplift for {kind}")
        if config.get("activation") == "relu":
            here = follow(L.ReLU(nonlinear_mxts_mode=mode))
    return start, here


def contributions(start: Any, scores: Any, x: Any, reference: Any, output: int) -> Any:
    scores.build_fwd_pass_vars()
    scores.set_scoring_mode(L.ScoringMode.OneAndZeros)
    start.update_mxts()
    scores.update_task_index(output)
    scores.set_active()
    ask = compile_func([start.get_activation_vars(), start.get_reference_vars()], start.get_target_contrib_vars())
    found = ask([x.astype(np.float32), reference.astype(np.float32)])
    scores.set_inactive()
    return found


def pools(results: Any) -> None:
    """max(x1, x2) from a reference, by its max-pool rule, the gradient at the input."""
    for what, x, reference in (
        ("both-moved", (3.0, 1.0), (0.0, 2.0)),
        ("fell", (1.0, 1.5), (0.0, 2.0)),
        ("from-zero", (3.0, 1.0), (0.0, 0.0)),
        ("rose", (3.0, 2.0), (1.0, 2.0)),
    ):
        start = L.Input(batch_shape=(None, 1, 2, 1))
        pool = L.MaxPool2D(
            maxpool_deeplift_mode=L.MaxPoolDeepLiftMode.gradient,
            pool_size=(1, 2), strides=(1, 2), padding="VALID", data_format="channels_last",
        )  # fmt: skip
        pool.set_inputs(start)
        flat = L.Flatten()
        flat.set_inputs(pool)
        scores = L.Dense(kernel=[[1.0]], bias=[0.0], dense_mxts_mode=L.DenseMxtsMode.Linear)
        scores.set_inputs(flat)
        rows = [np.reshape(a, (1, 1, 2, 1)) for a in (x, reference)]
        how = f"contributions to max at {x} from {reference}, MaxPoolDeepLiftMode.gradient"
        results.add(f"pool/{what}", how, contributions(start, scores, *rows, 0).ravel())

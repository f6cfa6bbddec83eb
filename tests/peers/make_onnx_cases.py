"""Make tests/zoo/onnx_cases.npz and onnx_networks.npz again: small ONNX files, and what other libraries make of them.

    python tests/peers/make_onnx_cases.py            in an environment with torch, onnx, onnxruntime and onnxscript

The frozen values were made by python 3.11, torch 2.13.0 (CPU), onnx 1.23.2 and onnxruntime 1.32.0.

onnx_cases       the test cases of the onnx package (Apache-2.0) for one operation each, with everything but the image
                 constant and the result flattened, where a batch is what its images are: "name/file", "/x", "/y"
onnx_networks    the networks of onnx_networks.py, exported by torch.onnx: "name/file", "name/x" in bytes,
                 "name/scores" by onnxruntime, and of some "name/gradient" of score 1 of the first image by torch
"""

from __future__ import annotations

import io
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "tests" / "zoo"
LARGEST = 8000  # bytes of a file of one operation


def cases() -> dict[str, Any]:
    import onnx
    from onnx.backend.test.case.node import collect_testcases

    from minixai.zoo.onnx.lowering import LOWERINGS

    found: dict[str, Any] = {}
    for case in collect_testcases(None):
        graph, sets = case.model.graph, case.data_sets[0]
        given, made = sets
        if len(graph.node) != 1 or graph.node[0].op_type not in LOWERINGS or f"{case.name}/x" in found:
            continue
        if any(not isinstance(a, np.ndarray) for a in (*given, *made)) or given[0].dtype != np.float32:
            continue
        if (
            not 2 <= given[0].ndim <= 4
            or not given[0].size
            or not made[0].size
            or made[0].ndim < 1
            or len(made[0]) != len(given[0])
        ):
            continue
        if graph.node[0].op_type in ("Softmax", "LogSoftmax") and given[0].ndim == 2:
            continue  # taken off the scores, it leaves nothing
        for port, array in list(zip(graph.input, given, strict=False))[1:]:
            graph.initializer.append(onnx.numpy_helper.from_array(np.asarray(array), port.name))
        del graph.input[1:]
        graph.node.append(onnx.helper.make_node("Flatten", [graph.output[0].name], ["flat"], axis=min(1, made[0].ndim)))
        del graph.output[:]
        graph.output.append(onnx.helper.make_tensor_value_info("flat", 1, None))
        file = case.model.SerializeToString()
        rows = len(given[0])
        if len(file) > LARGEST or given[0].size > 2000 or made[0].size % rows:
            continue
        y = apart(file, graph.input[0].name, given[0])
        if (
            y is not None
            and y.shape == (rows, made[0].size // rows)
            and np.allclose(y, made[0].reshape(rows, -1), 1e-3)
        ):
            found[f"{case.name}/file"] = np.frombuffer(file, np.uint8)
            found[f"{case.name}/x"], found[f"{case.name}/y"] = given[0], made[0].reshape(rows, -1)
    return found


def apart(file: bytes, name: str, x: Any) -> Any:
    """What the reference makes of each image alone; None of cases that take a batch for something else."""
    import onnx
    from onnx.reference import ReferenceEvaluator

    try:
        run = ReferenceEvaluator(onnx.load_from_string(file)).run
        return np.concatenate([run(None, {name: x[i : i + 1]})[0].reshape(1, -1) for i in range(len(x))])
    except Exception:
        return None


def networks() -> dict[str, Any]:
    import onnxruntime
    import torch

    sys.path.insert(0, str(ROOT))
    from tests.peers.onnx_networks import FROZEN, GRADIENTS, network

    found: dict[str, Any] = {}
    for name in FROZEN:
        module, x = network(name)
        file = io.BytesIO()
        torch.onnx.export(module, (x,), file, dynamo=False, input_names=["x"], dynamic_axes={"x": {0: "n"}})
        session = onnxruntime.InferenceSession(file.getvalue(), providers=["CPUExecutionProvider"])
        found[f"{name}/file"] = np.frombuffer(file.getvalue(), np.uint8)
        found[f"{name}/x"] = np.moveaxis((255 * x).round().byte().numpy(), 1, -1)
        found[f"{name}/scores"] = session.run(None, {"x": x.numpy()})[0]
        if name in GRADIENTS:
            pixels = x[:1].clone().double().requires_grad_()
            (gradient,) = torch.autograd.grad(module.double()(pixels)[0, 1], pixels)
            found[f"{name}/gradient"] = np.moveaxis(gradient.numpy(), 1, -1).astype(np.float32)
    return found


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    for file, make in (("onnx_cases", cases), ("onnx_networks", networks)):
        np.savez_compressed(FOLDER / f"{file}.npz", **make())

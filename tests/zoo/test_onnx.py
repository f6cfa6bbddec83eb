"""ONNX files as models: scores as the reference runtime's, gradients as PyTorch's, and one sentence for what cannot be."""

import re
import resource
import time
from math import prod
from pathlib import Path

import numpy as np
import pytest
from onnx_writer import attribute, entry, external, graph, model, node, port, tensor, write

import minixai as mx
from minixai.arrays import Array
from minixai.checking import check
from minixai.graph import Node, backward
from minixai.layers import Activation
from minixai.methods.registry import catalogue
from minixai.model import load_model
from minixai.ops.convolution import Convolution
from minixai.rules import GRADIENT
from minixai.zoo.onnx import LOWERINGS
from minixai.zoo.onnx.ending import image_port, input_layout
from minixai.zoo.onnx.layout import Value, transposed
from minixai.zoo.onnx.schema import DTYPES, read_graph
from minixai.zoo.onnx.wire import Damaged, fields, varints

HERE = Path(__file__).parent
EPS = np.finfo(np.float32).eps


def frozen(name: str) -> dict[str, dict[str, Array]]:
    """{case: {"file": bytes, "x": ..., ...}}"""
    found: dict[str, dict[str, Array]] = {}
    with np.load(HERE / name) as arrays:
        for key in arrays.files:
            case, part = key.rsplit("/", 1)
            found.setdefault(case, {})[part] = arrays[key]
    return found


CASES, NETWORKS = frozen("onnx_cases.npz"), frozen("onnx_networks.npz")
every_network = pytest.mark.parametrize("name", NETWORKS)

REFUSED = re.compile(r"cubic|tf_crop|antialias|not_larger|not_smaller|_selu$|2d_dilations|argmax|training|_pow|matmul_")
"""Cases of one operation that are refused, and rightly so; of Pow and MatMul those with a constant for every entry."""
ROUNDED = "resize_downsample_scales_linear_align_corners"
"""onnxruntime and PyTorch count whole places, the reference those of the scale; we are with the former."""


def load_bytes(tmp_path: Path, data: Array | bytes, name: str = "net.onnx", **options) -> mx.Model:
    path = tmp_path / name
    path.write_bytes(bytes(data))
    return mx.load(path, **options)


def arranged(path: Path, x: Array, model: mx.Model) -> Array:
    """ONNX's images as the model takes them."""
    file = read_graph(path)
    order = input_layout(file, image_port(file), None)[2]
    return x.transpose(0, *order).reshape(len(x), *model.input_shape)


def within(got: Array, expected: Array, terms: int = 1000) -> None:
    """Equal to rounding in float32: so many terms, each no larger than the largest result."""
    np.testing.assert_allclose(got, expected, rtol=0, atol=terms * EPS * max(1, np.max(abs(expected), initial=0)))


# -- one operation --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_every_operation_is_what_onnx_says(name, tmp_path):
    case = CASES[name]
    if REFUSED.search(name):
        try:
            load_bytes(tmp_path, case["file"])
        except ValueError as problem:
            assert re.fullmatch(r"cannot load '.*': node '\w+' \(\w+\): [^\n]+", str(problem))  # noqa: PT017
            return
    model = load_bytes(tmp_path, case["file"])
    expected = case["y"]
    if ROUNDED in name:
        expected = np.array([[1.0, 4.0]])
    within(model.scores(arranged(tmp_path / "net.onnx", case["x"], model)), expected)


@pytest.mark.parametrize("name", [name for name in CASES if not REFUSED.search(name)])
def test_every_operation_passes_the_check(name, tmp_path):
    """Gradient, completeness, rows apart, same bits, inputs unmodified, one dtype."""
    model = load_bytes(tmp_path, CASES[name]["file"]).astype(np.float64)
    x = arranged(tmp_path / "net.onnx", CASES[name]["x"], model).astype(float)
    report = check(lambda node: model.astype(node.dtype)(node), x[:2] if len(x) > 1 else np.concatenate([x, 0.9 * x + 0.03]))
    assert report, str(report)


def test_every_operation_has_a_case():
    """What the package's own cases do not have, the networks or the tests below do."""
    files = [bytes(case["file"]) for case in [*CASES.values(), *NETWORKS.values()]]
    here = Path(__file__).read_text()
    for op in LOWERINGS:
        assert any(entry(4, op) in file for file in files) or f'"{op}"' in here, op

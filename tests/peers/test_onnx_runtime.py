"""Against onnxruntime and PyTorch: networks of both exporters, and those that the onnx package ships."""

import io
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs torch: pip install 'minixai[peers]'")
onnx = pytest.importorskip("onnx", reason="needs onnx: pip install 'minixai[peers]'")
runtime = pytest.importorskip("onnxruntime", reason="needs onnxruntime: pip install 'minixai[peers]'")

import minixai as mx  # noqa: E402
from minixai.zoo.onnx.schema import read_graph  # noqa: E402
from tests.peers.onnx_networks import NETWORKS, network  # noqa: E402

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.slow]

LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
ENDS = ("plain, softmax", "plain, sigmoid")
EXPORTERS = ["torchscript", "dynamo"]


def exported(name, exporter, folder):
    """(the file, the module, images (N, C, H, W))"""
    module, x = network(name)
    path = folder / "net.onnx"
    if exporter == "torchscript":
        torch.onnx.export(module, (x,), path, dynamo=False, input_names=["x"], dynamic_axes={"x": {0: "n"}})
    else:
        pytest.importorskip("onnxscript", reason="needs onnxscript")
        shapes = ({0: torch.export.Dim("n")},)
        torch.onnx.export(module, (x,), path, dynamo=True, input_names=["x"], dynamic_shapes=shapes, verbose=False)
    return path, module, x


def run(file, x):
    session = runtime.InferenceSession(file, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: x})[0]


@pytest.mark.parametrize("exporter", EXPORTERS)
@pytest.mark.parametrize("name", NETWORKS)
def test_scores_gradient_and_completeness(name, exporter, tmp_path):
    """Dynamo writes weights beside the file, so that is read too."""
    path, module, x = exported(name, exporter, tmp_path)
    model, pixels = mx.load(path), np.moveaxis(x.numpy(), 1, -1)
    expected = run(str(path), x.numpy())
    got = model.probabilities(pixels) if name in ENDS else model.scores(pixels)
    assert np.max(abs(got - expected)) <= 1e-5 * np.max(abs(expected))
    np.testing.assert_array_equal(got.argmax(axis=1), expected.argmax(axis=1))
    exact = model.astype(np.float64)
    if name not in ENDS:
        there = x.double().requires_grad_()
        (gradient,) = torch.autograd.grad(module.double()(there)[:, 1].sum(), there)
        ours, theirs = mx.gradient(exact, pixels, 1).values, np.moveaxis(gradient.numpy(), 1, -1)
        assert np.max(abs(ours - theirs)) <= 1e-5 * np.max(abs(theirs))
    lift = mx.deep_lift(exact, pixels, 1)
    assert np.max(abs(lift.gap)) <= 1e-9 * (1 + abs(lift.values).sum())


def drawn(file):
    """A file of the package whose weights, all alike there, are drawn by chance, and whose softmax is gone."""
    graph, rng = file.graph, np.random.default_rng(0)
    shapes = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    users = {name: (node.op_type, i) for node in graph.node for i, name in enumerate(node.input)}
    nodes = [node for node in graph.node if node.op_type not in ("ConstantOfShape", "Softmax")]
    for node in graph.node:
        if node.op_type == "ConstantOfShape":
            shape, (op, place) = shapes[node.input[0]], users[node.output[0]]
            size = np.sqrt(2 / np.prod(shape[1:])) if len(shape) > 1 else 0.1
            w = rng.standard_normal(shape, np.float32) * np.float32(size)
            if (op == "BatchNormalization" and place in (1, 4)) or op == "Unsqueeze":
                w = rng.uniform(0.5, 1.5, shape)
            graph.initializer.append(onnx.numpy_helper.from_array(np.asarray(w, np.float32), node.output[0]))
    used = {name for node in nodes for name in node.input}
    weights = [tensor for tensor in graph.initializer if tensor.name in used]
    images = [port for port in graph.input if port.name in used and port.name not in {w.name for w in weights}]
    last = next((node.input[0] for node in graph.node if node.op_type == "Softmax"), None)
    for field, items in ((graph.node, nodes), (graph.initializer, weights), (graph.input, images)):
        del field[:]
        field.extend(items)
    if last:
        graph.output[0].name = last
        graph.output[0].type.tensor_type.ClearField("shape")
    return file


LIGHT_NETWORKS = [
    *("squeezenet", "shufflenet", "densenet121", "inception_v1", "inception_v2", "resnet50"),
    *("bvlc_alexnet", "zfnet512", "vgg19"),
]


@pytest.mark.parametrize("name", LIGHT_NETWORKS)
def test_the_networks_of_the_package(name, tmp_path):
    file = drawn(onnx.load(LIGHT / f"light_{name}.onnx"))
    path = tmp_path / "net.onnx"
    onnx.save(file, path)
    x = np.random.default_rng(1).random((1, 3, 224, 224), np.float32)
    expected = run(str(path), x).reshape(1, -1)
    got = mx.load(path).scores(np.moveaxis(x, 1, -1))
    assert np.max(abs(got - expected)) <= 1e-4 * np.max(abs(expected))
    assert got.argmax() == expected.argmax()


def test_weights_that_are_made_by_nodes(tmp_path):
    """As the package ships its files, all weights are alike, and so are the scores, before softmax."""
    file = onnx.load(LIGHT / "light_squeezenet.onnx")
    end = file.graph.node.pop()
    assert end.op_type == "Softmax"
    file.graph.output[0].name = end.input[0]
    file.graph.output[0].type.tensor_type.ClearField("shape")
    x = np.random.default_rng(1).random((1, 3, 224, 224), np.float32)
    expected = run(file.SerializeToString(), x).reshape(1, -1)
    got = mx.load(LIGHT / "light_squeezenet.onnx").scores(np.moveaxis(x, 1, -1))
    np.testing.assert_allclose(got, expected, rtol=1e-4)


@pytest.mark.parametrize("name", ["resnet", "vit", "zoo"])
@pytest.mark.parametrize("exporter", EXPORTERS)
def test_our_reader_is_the_package(name, exporter, tmp_path):
    """Nodes, attributes, and weights to the bit."""
    path, _, _ = exported(name, exporter, tmp_path)
    ours, theirs = read_graph(path), onnx.load(path).graph
    assert [n.op for n in ours.nodes] == [n.op_type for n in theirs.node]
    for mine, node in zip(ours.nodes, theirs.node, strict=True):
        assert (mine.inputs, mine.outputs, mine.name) == (list(node.input), list(node.output), node.name)
        for attribute in node.attribute:
            value, got = onnx.helper.get_attribute_value(attribute), mine.attributes[attribute.name]
            if isinstance(value, onnx.TensorProto):
                np.testing.assert_array_equal(got, onnx.numpy_helper.to_array(value))
            elif not isinstance(value, onnx.GraphProto):
                value = value.decode() if isinstance(value, bytes) else value
                assert got == (list(value) if not isinstance(value, (int, float, str)) else value) or not value
    for tensor in theirs.initializer:
        weights = onnx.numpy_helper.to_array(tensor)
        assert ours.constants[tensor.name].tobytes() == weights.tobytes()
        assert ours.constants[tensor.name].shape == weights.shape


def test_a_file_in_memory_is_the_same(tmp_path):
    """What torch.onnx writes into a buffer, written to a file, loads."""
    module, x = network("plain")
    buffer = io.BytesIO()
    torch.onnx.export(module, (x,), buffer, dynamo=False)
    (tmp_path / "net.onnx").write_bytes(buffer.getvalue())
    model = mx.load(tmp_path / "net.onnx")
    expected = module(x).detach().numpy()
    np.testing.assert_allclose(model.scores(np.moveaxis(x.numpy(), 1, -1)), expected, rtol=0, atol=1e-5)

"""Against torchvision's own networks, as both exporters of PyTorch write them, and onnxruntime, which runs the files.

Weights are drawn, since no file of trained ones is at hand; batch norms are drawn too, lest they be identities.
"""

import re
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs torch: pip install 'minixai[peers]'")
pytest.importorskip("onnx", reason="needs onnx: pip install 'minixai[peers]'")
runtime = pytest.importorskip("onnxruntime", reason="needs onnxruntime: pip install 'minixai[peers]'")

import minixai as mx  # noqa: E402
from minixai.arrays import rounding_bound  # noqa: E402
from tests.zoo.files import run_every_method  # noqa: E402

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.slow]


def imported():
    """torchvision, also where it is built for another PyTorch and lacks its compiled ops, which no network here has."""
    pytest.importorskip("PIL")
    library = torch.library.Library("torchvision", "FRAGMENT")
    for _ in range(20):
        try:
            import torchvision
        except ModuleNotFoundError:
            pytest.skip("needs torchvision: pip install torchvision")
        except RuntimeError as problem:
            missing = re.search(r"torchvision::(\w+) does not exist", str(problem))
            if missing is None:
                raise
            library.define(f"{missing[1]}(Tensor x) -> Tensor")
            for name in [name for name in sys.modules if name.startswith("torchvision")]:
                del sys.modules[name]
        else:
            return torchvision.models, library
    raise AssertionError("torchvision cannot be imported")


@pytest.fixture(scope="module")
def models():
    return imported()


SIDES = {"inception_v3": 96, "vit_b_16": 224, "vgg11_bn": 224, "alexnet": 224, "maxvit_t": 224}
TORCHSCRIPT = [
    *("alexnet", "vgg11_bn", "squeezenet1_1", "resnet18", "resnext50_32x4d", "wide_resnet50_2", "densenet121"),
    *("googlenet", "inception_v3", "mobilenet_v2", "mobilenet_v3_small", "mnasnet0_5", "shufflenet_v2_x0_5"),
    *("efficientnet_b0", "regnet_x_400mf", "regnet_y_400mf", "convnext_tiny", "vit_b_16", "deit_small", "swin_t"),
    "swin_v2_t",
    "maxvit_t",
]
DYNAMO = ["resnet18", "mobilenet_v3_small", "deit_small"]
CASES = [(name, "torchscript") for name in TORCHSCRIPT] + [(name, "dynamo") for name in DYNAMO]


def network(models, name):
    """(the network, one image (1, 3, H, W))"""
    torch.manual_seed(0)
    side = SIDES.get(name, 64)
    if name == "deit_small":  # (Touvron et al. 2021): a ViT of 12 layers with 6 heads
        module = models.VisionTransformer(side, 16, 12, 6, 384, 1536, norm_layer=torch.nn.LayerNorm)
    else:
        more = {"aux_logits": False, "init_weights": True} if name in ("inception_v3", "googlenet") else {}
        module = models.get_model(name, weights=None, **more)
    layers = list(module.modules())
    for layer in layers:
        if isinstance(layer, torch.nn.BatchNorm2d):
            torch.nn.init.normal_(layer.running_mean, 0, 0.1)
            torch.nn.init.normal_(layer.bias, 0, 0.1)
            torch.nn.init.uniform_(layer.running_var, 0.5, 1.5)
            torch.nn.init.uniform_(layer.weight, 0.7, 1.3)
    if isinstance(layers[-1], torch.nn.Linear):  # that of a ViT begins with zeros
        torch.nn.init.normal_(layers[-1].weight, 0, 0.05)
    return module.eval(), torch.rand(1, 3, side, side)


def exported(module, x, exporter, path):
    if exporter == "dynamo":
        pytest.importorskip("onnxscript", reason="needs onnxscript")
        torch.onnx.export(module, (x,), path, dynamo=True, verbose=False)
    else:
        torch.onnx.export(module, (x,), path, dynamo=False)
    return path


def run(path, x):
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: x.numpy()})[0]


@pytest.mark.parametrize(("name", "exporter"), CASES)
def test_scores_and_completeness(name, exporter, models, tmp_path):
    module, x = network(models[0], name)
    path = exported(module, x, exporter, tmp_path / "net.onnx")
    model, pixels, expected = mx.load(path), np.moveaxis(x.numpy(), 1, -1), run(path, x)
    got = model.scores(pixels)
    assert np.max(abs(got - expected)) <= 1e-4 * np.max(abs(expected))
    assert got.argmax() == expected.argmax()
    assert model.suggested_preprocessing == "imagenet"
    lift = mx.deep_lift(model, pixels, 3)
    size = abs(lift.score) + abs(lift.reference_score) + abs(lift.values).sum()
    assert abs(lift.gap) <= rounding_bound(size, lift.dtype)


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v3_small", "densenet121", "convnext_tiny", "deit_small"])
def test_gradients(name, models, tmp_path):
    module, x = network(models[0], name)
    model = mx.load(exported(module, x, "torchscript", tmp_path / "net.onnx"))
    there = x.double().requires_grad_()
    (gradient,) = torch.autograd.grad(module.double()(there)[:, 3].sum(), there)
    ours = mx.gradient(model.astype(np.float64), np.moveaxis(x.numpy(), 1, -1), 3)
    theirs = np.moveaxis(gradient.numpy(), 1, -1)
    assert np.max(abs(ours - theirs)) <= 1e-6 * np.max(abs(theirs))


@pytest.mark.filterwarnings("ignore:.* looks at layer")
@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v3_small", "deit_small"])
def test_every_method_runs(name, models, tmp_path):
    module, x = network(models[0], name)
    model = mx.load(exported(module, x, "torchscript", tmp_path / "net.onnx"))
    run_every_method(model, np.moveaxis(torch.cat([x, 1 - x]).numpy(), 1, -1))


def test_what_is_refused_is_told(tmp_path):
    module = torch.nn.Sequential(torch.nn.Upsample(scale_factor=2, mode="bicubic"), torch.nn.Flatten())
    path = exported(module, torch.rand(1, 3, 8, 8), "torchscript", tmp_path / "net.onnx")
    with pytest.raises(ValueError, match=r"node '.*' \(Resize\): its mode 'cubic' with .* is not read here") as caught:
        mx.load(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["resnet18", "vgg11_bn", "densenet121", "mobilenet_v2"])
def test_grad_cams_layer_is_after_batch_norm_and_activation(name, models, tmp_path):
    """The map's slopes are those of PyTorch at the last features that it pools."""
    module, x = network(models[0], name)
    model = mx.load(exported(module, x, "torchscript", tmp_path / "net.onnx"))
    result = mx.grad_cam(model, np.moveaxis(x.numpy(), 1, -1), 3, relu=False)
    features = torch.nn.Sequential(*list(module.children())[:-2]) if name == "resnet18" else module.features
    maps = features(x)
    maps = torch.relu(maps) if name == "densenet121" else maps
    if name == "vgg11_bn":  # its features end with a pool
        maps = features[:-1](x)
    np.testing.assert_allclose(result.values.shape[1:3], maps.shape[2:])
    weighted = np.einsum("hwk,k->hw", np.moveaxis(maps.detach().numpy()[0], 0, -1), result.extras["weights"][0])
    np.testing.assert_allclose(result.values[0, ..., 0], weighted, rtol=0, atol=1e-4 * abs(weighted).max())

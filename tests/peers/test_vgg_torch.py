"""VGG-16 against PyTorch, with weights that its own libraries write: scores and gradients of the pixels."""

import shlex
import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs torch: pip install 'minixai[peers]'")
save = pytest.importorskip("safetensors.torch", reason="needs safetensors: pip install 'minixai[peers]'").save_file
pytest.importorskip("h5py", reason="needs h5py: pip install 'minixai[peers]'")

from torch import nn  # noqa: E402

import minixai as mx  # noqa: E402
from minixai.zoo.vgg import DEPTHS  # noqa: E402
from tests.zoo.files import MAPS, SIZE, narrow, write_keras  # noqa: E402

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
NETWORKS = pytest.mark.parametrize("network", ["vgg16", "vgg19"])


class Vgg(nn.Module):
    """As torchvision/models/vgg.py has it, narrow, and without the pooling that changes nothing at its size."""

    def __init__(self, network: str, seed: int) -> None:
        super().__init__()
        torch.manual_seed(seed)
        layers, channels = [], 3
        for depth, width in zip(DEPTHS[network], SIZE["widths"], strict=True):
            for _ in range(depth):
                layers += [nn.Conv2d(channels, width, kernel_size=3, padding=1), nn.ReLU()]
                channels = width
            layers += [nn.MaxPool2d(kernel_size=2, stride=2)]
        units, classes = SIZE["units"], len(SIZE["classes"])
        self.features = nn.Sequential(*layers)
        dense = [nn.Linear(int(np.prod(MAPS)), units), nn.ReLU(), nn.Dropout(), nn.Linear(units, units), nn.ReLU()]
        self.classifier = nn.Sequential(*dense, nn.Dropout(), nn.Linear(units, classes))
        for w in self.parameters():
            nn.init.kaiming_normal_(w, nonlinearity="relu") if w.ndim > 1 else nn.init.normal_(w, 0, 0.3)
        self.eval()

    def forward(self, x):
        return self.classifier(torch.flatten(self.features(x), 1))


def images(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random((3, 64, 64, 3))


def theirs(network: nn.Module, x: np.ndarray, target: int) -> tuple[np.ndarray, np.ndarray]:
    """(scores, gradient of one of them in the pixels), with torchvision's preprocessing."""
    dtype = next(network.parameters()).dtype
    pixels = torch.tensor(x, dtype=dtype, requires_grad=True)
    seen = (pixels - torch.tensor(MEAN, dtype=dtype)) / torch.tensor(STD, dtype=dtype)
    scores = network(seen.permute(0, 3, 1, 2))
    scores[:, target].sum().backward()
    return scores.detach().numpy(), pixels.grad.numpy()


def close(ours, others, tolerance):
    np.testing.assert_allclose(ours, others, rtol=0, atol=tolerance * abs(others).max())


@NETWORKS
@pytest.mark.parametrize("seed", range(3))
def test_scores_and_gradient_in_float64(tmp_path, network, seed):
    peer = Vgg(network, seed).double()
    save(peer.state_dict(), tmp_path / "w.safetensors")
    model = narrow(tmp_path / "w.safetensors", network=network, dtype=np.float64)
    scores, slopes = theirs(peer, images(seed), 3)
    close(model.scores(images(seed)), scores, 1e-9)
    close(mx.gradient(model, images(seed), 3).values, slopes, 1e-9)
    assert abs(slopes).max() > 1e-3


@NETWORKS
def test_scores_in_float32(tmp_path, network):
    peer = Vgg(network, 0)
    save(peer.state_dict(), tmp_path / "w.safetensors")
    model = narrow(tmp_path / "w.safetensors", network=network)
    close(model.scores(images(0)), theirs(peer, images(0), 3)[0], 1e-5)


@pytest.mark.parametrize(("dtype", "off"), [(torch.float16, 2**-11), (torch.bfloat16, 2**-8)])
def test_halves(tmp_path, dtype, off):
    weights = Vgg("vgg16", 0).state_dict()
    save({name: w.to(dtype) for name, w in weights.items()}, tmp_path / "w.safetensors")
    kernel = narrow(tmp_path / "w.safetensors").weights["block3_conv1/kernel"]
    np.testing.assert_allclose(kernel, weights["features.10.weight"].permute(2, 3, 1, 0), rtol=off, atol=1e-6)


def test_a_keras_file_as_keras_computes(tmp_path):
    """Keras's order: channels last, blue first, less the means; told in PyTorch's operations."""
    model = narrow(seed=4, dtype=np.float64)
    again = narrow(write_keras(tmp_path / "w.h5", model, "{0}/{2}:0"), dtype=np.float64)
    x = torch.tensor(images(4), requires_grad=True)
    h = x[..., [2, 1, 0]] * 255 - torch.tensor((103.939, 116.779, 123.68), dtype=torch.float64)
    for entry in model.layers[1:]:
        w = {key: torch.tensor(array) for key, array in entry.layer.weights.items()}
        if "conv" in entry.name:  # kernels (h, w, I, O)
            maps = nn.functional.conv2d(h.permute(0, 3, 1, 2), w["kernel"].permute(3, 2, 0, 1), w["bias"], padding=1)
            h = torch.relu(maps).permute(0, 2, 3, 1)
        elif "pool" in entry.name:
            h = nn.functional.max_pool2d(h.permute(0, 3, 1, 2), 2).permute(0, 2, 3, 1)
        elif entry.name == "flatten":
            h = h.flatten(1)
        else:
            h = h @ w["kernel"] + w["bias"]
            h = h if entry.name == "predictions" else torch.relu(h)
    h[:, 2].sum().backward()
    close(again.scores(images(4)), h.detach().numpy(), 1e-9)
    close(mx.gradient(again, images(4), 2).values, x.grad.numpy(), 1e-9)


def test_the_command_that_converts_a_pickle(tmp_path):
    peer = Vgg("vgg16", 0)
    torch.save(peer.state_dict(), tmp_path / "w.pth")
    with pytest.raises(ValueError, match="is a pickle") as problem:
        narrow(tmp_path / "w.pth")
    command = shlex.split(str(problem.value).split("convert it once: ")[1])
    assert command[0] == "python"
    subprocess.run([sys.executable, *command[1:]], check=True)
    close(narrow(tmp_path / "w.safetensors").scores(images(0)), theirs(peer, images(0), 0)[0], 1e-5)

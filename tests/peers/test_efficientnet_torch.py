"""EfficientNet-Lite0 against PyTorch: scores and gradients of a photo's pixels, with the weights that are shipped."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs torch: pip install 'minixai[peers]'")

from torch.nn import functional as F  # noqa: E402

import minixai as mx  # noqa: E402
from minixai.layers import Add, Conv2D, Dense, GlobalAveragePool2D  # noqa: E402


def pad_same(x, kernel: int, stride: int):
    """TensorFlow's "same": ⌈size / stride⌉ places, the odd pixel after."""
    total = max((-(-x.shape[-1] // stride) - 1) * stride + kernel - x.shape[-1], 0)
    return F.pad(x, (total // 2, total - total // 2) * 2)


def scores_of(model: mx.Model, pixels):
    """The network's scores, by PyTorch's operations: (N, H, W, C) -> (N, K)"""
    found = {"input": 2 * pixels.permute(0, 3, 1, 2) - 1}
    for name, layer, inputs, _ in model.layers[1:]:
        x = found[inputs[0]]
        w = {key: torch.from_numpy(np.array(value)) for key, value in layer.weights.items()}
        match layer:
            case Conv2D():
                padded = pad_same(x, layer.kernel, layer.stride) if layer.padding == "same" else x
                kernel = w["kernel"].permute(3, 2, 0, 1)
                y = F.conv2d(padded, kernel, w["bias"], layer.stride, groups=layer.groups)
                found[name] = F.relu6(y) if layer.activation else y
            case Add():
                found[name] = x + found[inputs[1]]
            case GlobalAveragePool2D():
                found[name] = x.mean((2, 3))
            case Dense():
                found[name] = x @ w["kernel"] + w["bias"]
    return found[model.layers[-1].name]


def test_scores_and_gradients_are_pytorch_s():
    model = mx.load("efficientnet-lite0").astype(np.float64)
    images = mx.read_images("coffee", like=model).astype(np.float64)
    pixels = torch.tensor(images, requires_grad=True)
    theirs = scores_of(model, pixels)
    tolerance = len(model.layers) * np.finfo(float).eps * 1e3  # sums of up to some thousand terms in each layer
    np.testing.assert_allclose(model.scores(images), theirs.detach().numpy(), rtol=0, atol=tolerance * 10)
    target = 967
    theirs[0, target].backward()
    gradient = pixels.grad.numpy()
    ours = mx.gradient(model, images, target).values
    np.testing.assert_allclose(ours, gradient, rtol=0, atol=tolerance * abs(gradient).max())

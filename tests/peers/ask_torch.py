"""PyTorch: scores and gradients by autograd, network by network and function by function."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn import functional as F
from torch_twin import Twin, first, last

POINTS = torch.tensor([-20.0, -3.0, -1.0, -0.1, 0.2, 1.0, 2.5, 20.0], dtype=torch.float64)
FUNCTIONS = {
    "relu": torch.relu,
    "leaky_relu": lambda x: F.leaky_relu(x, 0.01),
    "elu": F.elu,
    "selu": F.selu,
    "gelu": F.gelu,
    "softplus": F.softplus,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "exp": torch.exp,
    "square": torch.square,
    "absolute": torch.abs,
}
POSITIVE = {"log": torch.log, "sqrt": torch.sqrt, "reciprocal": torch.reciprocal}


def ask(networks: dict[str, Any], Results: Any) -> Any:
    results = Results("torch", {"torch": torch.__version__, "numpy": np.__version__})
    for name, frozen in networks.items():
        net, x = Twin(frozen), first(frozen.x).requires_grad_()
        scores = net(x)
        results.add(f"{name}/scores", "net(x), float64", last(scores))
        (slopes,) = torch.autograd.grad(scores[:, 1].sum(), x, retain_graph=True)
        results.add(f"{name}/gradient", "autograd.grad(net(x)[:, 1].sum(), x)", last(slopes))
        if name not in ("conv", "smooth"):
            continue
        (slopes,) = torch.autograd.grad((scores[:, 2] - scores[:, 0]).sum(), x, retain_graph=True)
        results.add(f"{name}/contrast", "autograd.grad((net(x)[:, 2] - net(x)[:, 0]).sum(), x)", last(slopes))
        (slopes,) = torch.autograd.grad(scores.softmax(1)[:, 1].sum(), x)
        results.add(f"{name}/probability", "autograd.grad(net(x).softmax(1)[:, 1].sum(), x)", last(slopes))
    functions(results)
    operations(results)
    return results


def functions(results: Any) -> None:
    """f and f' at some points: (2, points)"""
    for name, function in {**FUNCTIONS, **POSITIVE}.items():
        x = (POINTS.abs() if name in POSITIVE else POINTS).clone().requires_grad_()
        y = function(x)
        (slope,) = torch.autograd.grad(y.sum(), x)
        results.add(f"functions/{name}", "f and autograd's f'", torch.stack([y, slope]).detach().numpy())
    results.add("functions/points", "the points x; |x| for log, sqrt, reciprocal", POINTS.numpy())


def operations(results: Any) -> None:
    """Value and gradient of the sum of y · s, for operations whose geometry is easily got wrong."""
    rng = np.random.default_rng(100)
    image = rng.normal(size=(2, 7, 6, 4))
    kernel = rng.normal(size=(3, 2, 2, 6))
    results.add("operations/image", "default_rng(100).normal", image)
    results.add("operations/kernel", "the same stream", kernel)
    w = torch.tensor(kernel.transpose(3, 2, 0, 1).copy())
    made = {
        "convolution": lambda x: F.conv2d(x, w, stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=2),
        "max_pool": lambda x: F.max_pool2d(x, (3, 2), (2, 1)),
        "average_pool": lambda x: F.avg_pool2d(x, (3, 2), (2, 1)),
        "upsample": lambda x: F.interpolate(x, (11, 9), mode="bilinear", align_corners=False),
        "softmax": lambda x: x.softmax(1),
    }
    for name, operation in made.items():
        x = first(image).requires_grad_()
        y = operation(x)
        s = rng.normal(size=last(y).shape)
        (slopes,) = torch.autograd.grad((y * first(s)).sum(), x)
        results.add(f"operations/{name}", f"{name} of the image", last(y))
        results.add(f"operations/{name}.seed", "the same stream", s)
        results.add(f"operations/{name}.vjp", "autograd.grad((y * seed).sum(), image)", last(slopes))

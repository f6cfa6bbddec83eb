"""zennit: LRP-ε and LRP-γ."""

from __future__ import annotations

import sys
from importlib.metadata import version
from types import ModuleType
from typing import Any

import numpy as np
import torch

# zennit imports it for networks that are of no use here, and it is large
sys.modules.setdefault("zennit.torchvision", ModuleType("zennit.torchvision"))
import zennit.composites  # noqa: E402
import zennit.rules  # noqa: E402
from torch_twin import Twin, first, last  # noqa: E402
from zennit.attribution import Gradient  # noqa: E402
from zennit.types import AvgPool, Convolution, Linear  # noqa: E402


def composite(make: Any) -> Any:
    """The rule at every dense and convolutional layer, the gradient at an average pool, all passed on at a ReLU."""
    layers = [
        (torch.nn.ReLU, zennit.rules.Pass()),
        (AvgPool, zennit.rules.Norm(stabilizer=1e-12)),
        (Convolution, make()),
        (Linear, make()),
    ]
    return zennit.composites.LayerMapComposite(layers)


def ask(networks: dict[str, Any], Results: Any) -> Any:
    versions = {"zennit": version("zennit"), "torch": torch.__version__, "numpy": np.__version__}
    results = Results("zennit", versions)
    for name in ("strided", "conv"):
        net, x = Twin(networks[name]), first(networks[name].x)
        for rule, make in {
            "epsilon": lambda: zennit.rules.Epsilon(epsilon=1e-6),
            "epsilon.wide": lambda: zennit.rules.Epsilon(epsilon=0.25),
            "gamma": lambda: zennit.rules.Gamma(gamma=0.25, stabilizer=1e-6),
        }.items():
            with Gradient(net, composite(make)) as attributor:
                seed = torch.zeros(len(x), 3, dtype=torch.float64)
                seed[:, 1] = net(x)[:, 1].detach()
                _, found = attributor(x, seed)
            results.add(f"{name}/lrp.{rule}", f"{rule} at every dense and convolutional layer, output 1", last(found))
    return results

"""A network of networks.npz as torch modules, from its plain arrays alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

Array = Any


class Clone(nn.Module):
    """Between two nonlinear modules: captum 0.9 errs where one tensor has two hooks (its issue 1104)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.clone()


class Twin(nn.Module):
    """Channels first; a module of its own for every layer and every activation, called by name."""

    def __init__(self, frozen: Any, dtype: torch.dtype = torch.float64, clones: bool = True) -> None:
        super().__init__()
        self.lines, self.clones = frozen.layers, clones
        for line in self.lines:
            module = made(line, frozen.weights)
            if module is not None:
                self.add_module(line["name"], module)
            if activation := line["config"].get("activation") or line["config"].get("function"):
                self.add_module(f"{line['name']}_act", ACTIVATIONS[activation]())
        self.clone = Clone()
        self.to(dtype).eval()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        seen = {"input": x}
        for line in self.lines:
            name, kind = line["name"], line["kind"]
            xs = [seen[i] for i in line["inputs"]]
            if kind == "Add":
                y = sum(xs[1:], xs[0])
            elif kind == "Flatten":
                y = xs[0].permute(0, 2, 3, 1).flatten(1)
            elif kind == "GlobalAveragePool2D":
                y = xs[0].mean((2, 3))
            elif kind == "Activation":
                y = xs[0]
            else:
                y = getattr(self, name)(xs[0])
            if hasattr(self, f"{name}_act"):
                y = getattr(self, f"{name}_act")(y)
                y = self.clone(y) if self.clones else y
            seen[name] = y
        return y

    def layer(self, name: str) -> nn.Module:
        """The module whose output is the layer of this name."""
        return getattr(self, f"{name}_act", None) or getattr(self, name)


ACTIVATIONS = {"relu": nn.ReLU, "softplus": nn.Softplus, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}


def made(line: dict[str, Any], weights: dict[str, Array]) -> nn.Module | None:
    """The module of a layer, with its weights; None for layers without."""
    name, kind, config = line["name"], line["kind"], line["config"]
    w = {key.split("/")[1]: torch.tensor(a) for key, a in weights.items() if key.split("/")[0] == name}
    if kind == "Conv2D":
        kernel = w["kernel"].permute(3, 2, 0, 1)
        padding = 0 if config["padding"] == "valid" else config["padding"]
        size = (kernel.shape[1] * config["groups"], kernel.shape[0], tuple(kernel.shape[2:]))
        module: nn.Module = nn.Conv2d(*size, config["stride"], padding, groups=config["groups"], bias="bias" in w)
        load(module, weight=kernel, bias=w.get("bias"))
    elif kind == "Dense":
        module = nn.Linear(*w["kernel"].shape, bias="bias" in w)
        load(module, weight=w["kernel"].T, bias=w.get("bias"))
    elif kind == "BatchNorm":
        module = nn.BatchNorm2d(len(w["gamma"]), eps=config["epsilon"])
        load(module, weight=w["gamma"], bias=w["beta"], running_mean=w["mean"], running_var=w["variance"])
    elif kind in ("MaxPool2D", "AveragePool2D"):
        module = {"MaxPool2D": nn.MaxPool2d, "AveragePool2D": nn.AvgPool2d}[kind](config["window"])
    else:
        return None
    return module


def load(module: nn.Module, **tensors: torch.Tensor | None) -> None:
    module.double()
    with torch.no_grad():
        for name, tensor in tensors.items():
            if tensor is not None:
                getattr(module, name).copy_(tensor)


def first(x: Array, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    """Channels last -> channels first"""
    return torch.tensor(np.ascontiguousarray(np.moveaxis(x, -1, 1) if x.ndim == 4 else x), dtype=dtype)


def last(x: Any, axis: int = 1) -> Array:
    """Channels first -> channels last"""
    array = x.detach().numpy() if isinstance(x, torch.Tensor) else np.asarray(x)
    return np.moveaxis(array, axis, 3) if array.ndim >= 4 else array

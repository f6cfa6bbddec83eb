"""The same random convolutional network twice: as a function of nodes, and as torch modules."""

from typing import Any

import numpy as np
import torch
from torch import nn

from minixai import ops
from minixai.graph import Node

SIDE, CHANNELS, CLASSES = 12, 2, 4


class Clone(nn.Module):
    """Between two nonlinear modules: captum 0.9 errs where one tensor has two hooks (its issue 1104)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.clone()


class Twins:
    """conv, ReLU, max-pool, conv, ReLU, average-pool, dense, ReLU, dense, with geometry and weights drawn by seed."""

    def __init__(self, seed: int, dtype: Any = np.float64, clones: bool = True) -> None:
        rng = np.random.default_rng(seed)
        self.stride, self.pad = int(rng.integers(1, 3)), int(rng.integers(0, 2))
        self.groups = int(rng.choice([1, 2]))
        self.dtype = dtype
        shapes = [(3, 3, CHANNELS, 4), (3, 3, 4 // self.groups, 6)]
        self.kernels = [(rng.normal(size=s) / np.sqrt(np.prod(s[:3]))).astype(dtype) for s in shapes]
        self.shifts = [rng.normal(0, 0.3, s[3]).astype(dtype) for s in shapes]
        places = self.features(Node(np.zeros((1, SIDE, SIDE, CHANNELS), dtype))).shape[1:]
        sizes = [(int(np.prod(places)), 8), (8, CLASSES)]
        self.matrices = [(rng.normal(size=s) * 1.5 / np.sqrt(s[0])).astype(dtype) for s in sizes]
        self.biases = [rng.normal(0, 0.3, s[1]).astype(dtype) for s in sizes]
        self.torch = self.as_torch(places, clones)
        self.x = rng.normal(size=(3, SIDE, SIDE, CHANNELS)).astype(dtype)
        self.background = rng.normal(size=(4, SIDE, SIDE, CHANNELS)).astype(dtype)

    def features(self, x: Node) -> Node:
        geometry = {"stride": self.stride, "padding": self.pad}
        h = ops.max_pool(ops.relu(ops.convolution(x, self.kernels[0], self.shifts[0], **geometry)), 2).named("pool")
        h = ops.convolution(h, self.kernels[1], self.shifts[1], padding=1, groups=self.groups)
        return ops.average_pool(ops.relu(h).named("last"), 2)

    def __call__(self, x: Node) -> Node:
        h = ops.relu(self.features(x).flatten() @ self.matrices[0] + self.biases[0])
        return h @ self.matrices[1] + self.biases[1]

    def as_torch(self, places: tuple[int, ...], clones: bool) -> nn.Sequential:
        between = [Clone()] if clones else []
        net = nn.Sequential(
            nn.Conv2d(CHANNELS, 4, 3, self.stride, self.pad), nn.ReLU(), *between, nn.MaxPool2d(2),
            nn.Conv2d(4, 6, 3, padding=1, groups=self.groups), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(),
            nn.Linear(int(np.prod(places)), 8), nn.ReLU(), nn.Linear(8, CLASSES),
        ).to(tensor(self.x_like()).dtype)  # fmt: skip
        convs = [m for m in net if isinstance(m, nn.Conv2d)]
        denses = [m for m in net if isinstance(m, nn.Linear)]
        first = self.matrices[0].reshape(*places, 8).transpose(2, 0, 1, 3).reshape(-1, 8)  # rows in torch's order
        with torch.no_grad():
            for conv, w, b in zip(convs, self.kernels, self.shifts, strict=True):
                conv.weight.copy_(tensor(w.transpose(3, 2, 0, 1)))
                conv.bias.copy_(tensor(b))
            for dense, w, b in zip(denses, [first, self.matrices[1]], self.biases, strict=True):
                dense.weight.copy_(tensor(w.T))
                dense.bias.copy_(tensor(b))
        return net.eval()

    def x_like(self) -> np.ndarray:
        return np.zeros(1, self.dtype)

    def layer(self, name: str) -> nn.Module:
        """The torch module whose output is our node of this name."""
        kinds = {"pool": nn.MaxPool2d, "last": nn.ReLU}
        found = [m for m in self.torch if isinstance(m, kinds[name])]
        return found[1] if name == "last" else found[0]


def tensor(x: np.ndarray) -> torch.Tensor:
    return torch.tensor(np.ascontiguousarray(x))


def first(x: np.ndarray) -> torch.Tensor:
    """Channels last -> channels first"""
    return tensor(np.moveaxis(x, -1, 1))


def last(x: Any) -> np.ndarray:
    """Channels first -> channels last"""
    return np.moveaxis(x.detach().numpy() if isinstance(x, torch.Tensor) else np.asarray(x), 1, -1)

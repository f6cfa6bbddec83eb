"""shap: DeepExplainer, GradientExplainer with its random stream, ExactExplainer; and its faults on PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import shap
import torch
from torch import nn
from torch_twin import Twin, first

SAMPLES, SEED = 25, 3


def ask(networks: dict[str, Any], Results: Any) -> Any:
    versions = {"shap": shap.__version__, "torch": torch.__version__, "numpy": np.__version__}
    results = Results("shap", versions)
    for name in ("conv", "residual", "smooth"):
        deep(results, name, networks[name])
    for name in ("dense", "conv", "smooth"):
        drawn(results, name, networks[name])
    exact(results, "dense", networks["dense"])
    stream(results)
    faults(results)
    return results


def channels_last(values: Any) -> Any:
    """(N, C, H, W, outputs) -> (N, H, W, C, outputs)"""
    array = np.asarray(values)
    return np.moveaxis(array, 1, 3) if array.ndim == 5 else array


def deep(results: Any, name: str, frozen: Any) -> None:
    net, x, background = Twin(frozen), first(frozen.x), first(frozen.background)
    explainer = shap.DeepExplainer(net, background)
    found = channels_last(explainer.shap_values(x, check_additivity=False))
    results.add(f"{name}/deep_shap.all", "DeepExplainer(net, background).shap_values(x), all outputs", found)
    results.add(f"{name}/expected_value", "DeepExplainer(net, background).expected_value", explainer.expected_value)
    one = shap.DeepExplainer(net, background[:1]).shap_values(x, check_additivity=False)
    how = "DeepExplainer(net, background[:1]).shap_values(x), output 1"
    results.add(f"{name}/deep_lift", how, channels_last(one)[..., 1])


def drawn(results: Any, name: str, frozen: Any) -> None:
    """In float32: shap's buffers are."""
    net, x, background = (
        Twin(frozen, torch.float32),
        *(first(a, torch.float32) for a in (frozen.x, frozen.background)),
    )
    found = shap.GradientExplainer(net, background).shap_values(x, nsamples=SAMPLES, rseed=SEED)
    how = f"GradientExplainer(net, background).shap_values(x, nsamples={SAMPLES}, rseed={SEED}), float32, all outputs"
    results.add(f"{name}/expected_gradients", how, channels_last(found))


def exact(results: Any, name: str, frozen: Any) -> None:
    net = Twin(frozen)
    masker = shap.maskers.Independent(frozen.background, max_samples=100)
    f = lambda rows: net(torch.tensor(rows)).detach().numpy()[:, 1]  # noqa: E731
    found = shap.ExactExplainer(f, masker)(frozen.x).values
    results.add(
        f"{name}/shapley_values.background", "ExactExplainer(net, Independent(background))(x).values, output 1", found
    )


def stream(results: Any) -> None:
    """What shap draws for a single reference-choosing run, seen from outside: f = x1 makes the draws its values."""

    class Watch(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            seen.append(x.detach().numpy().copy())
            return x[:, :1]

    seen: list[Any] = []
    background = torch.tensor([[0.0, 1.0], [10.0, 1.0], [20.0, 1.0], [30.0, 1.0]])
    explainer = shap.GradientExplainer(Watch(), background)
    seen.clear()
    explainer.shap_values(torch.tensor([[40.0, 2.0], [40.0, 3.0]]), nsamples=6, rseed=SEED)
    rows = np.concatenate([a for a in seen if len(a) == 6])
    how = f"the points at which GradientExplainer(f, background) of 4 asks for slopes, nsamples=6, rseed={SEED}"
    results.add("stream/points", how, rows)


def faults(results: Any) -> None:
    class Product(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return (x[:, 0] * x[:, 1])[:, None]

    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.relu = nn.ReLU()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return (self.relu(x[:, :1] * 2 - 1) + 3 * self.relu(1 - x[:, 1:] * 2)).sum(1, keepdim=True)

    class Detached(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return (x.sum(1) + x.detach().clamp(0, 2).sum(1))[:, None]

    def deep(net: nn.Module, x: list[float]) -> Any:
        rows = torch.tensor([x], dtype=torch.float64)
        return np.asarray(shap.DeepExplainer(net.double(), rows * 0).shap_values(rows, check_additivity=False))

    how = "DeepExplainer(net, [[0, 0]]).shap_values"
    results.add("faults/product", f"{how}([[2, 3]]): x1 * x2", deep(Product(), [2.0, 3.0])[..., 0])
    results.add(
        "faults/twice", f"{how}([[1.5, -.7]]): one ReLU module called twice", deep(Twice(), [1.5, -0.7])[..., 0]
    )

    what = "([[1, 2, 3]], check_additivity=False): x.sum(1) + x.detach().clamp(0, 2).sum(1)"
    results.add("faults/detached", f"{how}{what}", deep(Detached(), [1.0, 2.0, 3.0])[..., 0])
    rows = torch.tensor([[1.0, 2.0, 3.0]], dtype=torch.float64)
    try:
        shap.DeepExplainer(Detached(), rows * 0).shap_values(rows)
        refused = False
    except AssertionError:
        refused = True
    results.add("faults/detached.refused", "whether the same with check_additivity=True is an AssertionError", refused)

    net = nn.Sequential(nn.MaxPool1d(2, 1), nn.Flatten(), nn.Linear(2, 1, bias=False)).double()
    with torch.no_grad():
        net[2].weight.fill_(1.0)
    x = torch.tensor([[[1.0, 5.0, 2.0]]], dtype=torch.float64)
    found = np.asarray(shap.DeepExplainer(net, x * 0).shap_values(x, check_additivity=False))
    results.add(
        "faults/overlap", "DeepExplainer(net, 0).shap_values([1, 5, 2]): MaxPool1d(2, 1), summed", found[0, ..., 0]
    )

    line = nn.Sequential(nn.Linear(2, 2))
    with torch.no_grad():
        line[0].weight.copy_(torch.tensor([[1.0, 2.0], [3.0, -1.0]]))
        line[0].bias.zero_()
    background = torch.tensor([[0.0, 0.0], [1.0, 2.0], [-1.0, 0.5]])
    explainer = shap.GradientExplainer(line, background)
    _, variances = explainer.shap_values(torch.ones(1, 2), nsamples=64, rseed=SEED, return_variances=True)
    how = f"GradientExplainer(net, background).shap_values([[1, 1]], 64, rseed={SEED}, return_variances=True)[1][0]"
    results.add("faults/variances", f"{how}: a linear net", np.asarray(variances)[0])

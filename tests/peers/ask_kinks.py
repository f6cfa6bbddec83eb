"""captum, shap and zennit at kinks, at a ReLU that is not called one, and at batch normalisation."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import captum
import numpy as np
import shap
import torch
from ask_zennit import composite
from captum import attr
from torch import nn
from torch_twin import Twin, first, last
from zennit.attribution import Gradient
from zennit.canonizers import SequentialMergeBatchNorm
from zennit.rules import Epsilon, Gamma


def ask(networks: dict[str, Any], Results: Any) -> Any:
    versions = {"captum": captum.__version__, "shap": shap.__version__, "zennit": version("zennit")}
    results = Results("kinks", {**versions, "torch": torch.__version__, "numpy": np.__version__})
    chords(results)
    rectifiers(results)
    normalisation(results, networks["residual"])
    return results


def rows(*numbers: Any) -> torch.Tensor:
    return torch.tensor(numbers, dtype=torch.float64)


class Sum(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.sum(1, keepdim=True)


def chords(results: Any) -> None:
    """relu6 across 6, and a ReLU across 0 by less than shap's threshold and by more."""
    net, x, base = nn.Sequential(nn.ReLU6(), Sum()), rows([6.01, 8.0]), rows([5.99, 0.0])
    found = attr.DeepLift(net).attribute(x, base, 0)
    results.add("relu6/captum", "captum: DeepLift(net).attribute([6.01, 8], [5.99, 0]): ReLU6, summed", found.detach())
    net, x, base = nn.Sequential(nn.ReLU(), Sum()), rows([3e-7, 3e-6]), rows([-6e-7, -6e-6])
    found = shap.DeepExplainer(net, base).shap_values(x, check_additivity=False)[..., 0]
    how = "shap: DeepExplainer(net, [[-6e-7, -6e-6]]).shap_values([[3e-7, 3e-6]]): ReLU, summed"
    results.add("short/shap", how, found)


def rectifiers(results: Any) -> None:
    """Two units, of which one speaks against the score."""
    net = nn.Sequential(nn.ReLU6(), Difference())
    found = attr.GuidedBackprop(net).attribute(rows([2.0, 3.0]), 0)
    results.add(
        "guided/captum", "captum: GuidedBackprop(net).attribute([2, 3], 0): relu6(x1) - relu6(x2)", found.detach()
    )


class Difference(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[:, :1] - x[:, 1:]


def normalisation(results: Any, frozen: Any) -> None:
    """A convolution with batch normalisation after it: the layers `b` and `norm` of the network "residual".

    What the canonizer leaves of the norm has variance 1 and still its eps, a factor of 1/√(1 + eps); without eps, none.
    """
    x = first(frozen.x)
    for rule, make in (("gamma", lambda: Gamma(0.25, 1e-6)), ("epsilon", lambda: Epsilon(0.25))):
        twin = Twin(frozen)
        twin.norm.running_var += twin.norm.eps
        twin.norm.eps = 0.0
        net = nn.Sequential(twin.a, nn.ReLU(), twin.b, twin.norm, nn.ReLU(), nn.Flatten(), Total(100)).double().eval()
        rules = composite(make)
        rules.canonizers = [SequentialMergeBatchNorm()]
        with Gradient(net, rules) as attributor:
            _, found = attributor(x, net(x).detach())
        how = f"zennit: {rule}, SequentialMergeBatchNorm, eps in the variance: conv, ReLU, conv, norm, ReLU, summed"
        results.add(f"norm/zennit.{rule}", how, last(found))


class Total(nn.Linear):
    """The sum of all entries."""

    def __init__(self, size: int) -> None:
        super().__init__(size, 1, bias=False)
        nn.init.ones_(self.weight)

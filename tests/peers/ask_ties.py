"""captum and shap at a maximum over a reference of one colour, where everything ties."""

from __future__ import annotations

from typing import Any

import captum
import numpy as np
import shap
import torch
from captum import attr
from torch import nn


class Largest(nn.Module):
    """(N, 1, 1, W) -> (N, 1): the largest of each pair, summed."""

    def __init__(self) -> None:
        super().__init__()
        self.pool = nn.MaxPool2d((1, 2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.pool(x).flatten(1).sum(1, keepdim=True)


def ask(networks: dict[str, Any], Results: Any) -> Any:
    versions = {"captum": captum.__version__, "shap": shap.__version__}
    results = Results("ties", {**versions, "torch": torch.__version__, "numpy": np.__version__})
    x = torch.tensor([1.0, 2.0, 2.0, 1.0, 4.0, 5.0], dtype=torch.float64).reshape(1, 1, 1, 6)
    base = torch.full_like(x, 3)
    made = "the largest of each pair, summed, of [1, 2, 2, 1, 4, 5] from 3"
    found = attr.DeepLift(Largest()).attribute(x, base, 0)
    results.add("flat/captum", f"captum: DeepLift(net).attribute(x, base): {made}", found.detach().numpy())
    found = shap.DeepExplainer(Largest(), base).shap_values(x)[..., 0]
    results.add("flat/shap", f"shap: DeepExplainer(net, base).shap_values(x): {made}", found)
    return results

"""PyTorch and NumPy: what becomes of .3 when float32 takes its mean over the places of a flat image of 1500 × 1500."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

SIDE, COLOUR = 1500, 0.3


def ask(networks: dict[str, Any], Results: Any) -> Any:
    results = Results("rounding-sums", {"torch": torch.__version__, "numpy": np.__version__})
    image = np.full((1, SIDE, SIDE, 3), COLOUR, np.float32)
    last = torch.tensor(image)
    first = last.permute(0, 3, 1, 2)  # channels last in memory
    made = f"x = full((1, {SIDE}, {SIDE}, 3), {COLOUR}) in float32"
    results.add("flat/numpy.mean", f"{made}; x.mean(axis=(1, 2))", image.mean(axis=(1, 2)))
    results.add("flat/torch.mean", f"{made}; x.mean((1, 2))", last.mean((1, 2)).numpy())
    pooled = F.avg_pool2d(first, SIDE)[:, :, 0, 0]
    results.add("flat/torch.avg_pool2d", f"{made}; avg_pool2d(x.permute(0, 3, 1, 2), {SIDE})", pooled.numpy())
    norm = torch.nn.BatchNorm2d(3, momentum=1.0).train()
    norm(first)
    how = f"{made}; BatchNorm2d(3, momentum=1)(x.permute(0, 3, 1, 2)), running_mean"
    results.add("flat/torch.batch_norm", how, norm.running_mean.numpy())
    return results

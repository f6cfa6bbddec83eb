"""Maps of captum and shap for a small torch network, and the network as ONNX, which tests/audit knows without torch.

    python -m tests.peers.make_foreign_maps

writes tests/audit/foreign.onnx and tests/audit/foreign.npz.
"""

import warnings
from pathlib import Path

import numpy as np
import torch
from captum import attr
from torch import nn

from tests.peers.networks import Clone

HERE = Path(__file__).parents[1] / "audit"
SIDE, CLASSES, TARGET, SEED, DRAWS, STEPS = 16, 4, 2, 5, 12, 20


def network(clones: bool = True) -> nn.Sequential:
    """A network with a ReLU before a max-pool; `clones` keeps captum 0.9 from its fault (its issue 1104)."""
    torch.manual_seed(3)
    between = [Clone()] if clones else []
    net = nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(), *between, nn.MaxPool2d(2),
        nn.Conv2d(6, 8, 3, padding=1), nn.ReLU(), *between, nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(8 * 16, 12), nn.ReLU(), nn.Linear(12, CLASSES),
    ).eval()  # fmt: skip
    with torch.no_grad():
        for name, p in net.named_parameters():
            p.mul_(2.0 if name.endswith("weight") else 1.0)
    return net


def images(n: int, seed: int) -> torch.Tensor:
    """Smooth pictures in [0, 1], (n, 3, SIDE, SIDE)."""
    torch.manual_seed(seed)
    return nn.functional.interpolate(torch.rand(n, 3, 5, 5), size=SIDE, mode="bicubic").clamp(0, 1)


def maps(net: nn.Sequential, faulty: nn.Sequential, x: torch.Tensor, background: torch.Tensor) -> dict[str, np.ndarray]:
    """Each map as its library gives it, channels moved last."""
    import shap

    last_relu = [m for m in net if isinstance(m, nn.ReLU)][1]
    found = {
        "captum/integrated_gradients": attr.IntegratedGradients(net).attribute(x, 0.0, TARGET, n_steps=STEPS),
        "captum/trapezoid": attr.IntegratedGradients(net).attribute(
            x, 0.0, TARGET, n_steps=STEPS, method="riemann_trapezoid"
        ),
        "captum/mean_gradients": attr.IntegratedGradients(net, multiply_by_inputs=False).attribute(
            x, 0.0, TARGET, n_steps=STEPS
        ),
        "captum/deep_lift": attr.DeepLift(net).attribute(x, torch.zeros_like(x), TARGET),
        "captum/deep_lift_fault": attr.DeepLift(faulty).attribute(x, torch.zeros_like(x), TARGET),
        "captum/deep_shap": attr.DeepLiftShap(net).attribute(x, background, TARGET),
        "captum/occlusion": attr.Occlusion(net).attribute(
            x, (3, 5, 5), strides=(3, 3, 3), baselines=0.0, target=TARGET
        ),
        "captum/grad_cam": attr.LayerGradCam(net, last_relu).attribute(x, TARGET),
        "captum/guided_backprop": attr.GuidedBackprop(net).attribute(x, TARGET),
        "captum/saliency": attr.Saliency(net).attribute(x, TARGET),
        "captum/guided_grad_cam": attr.GuidedGradCam(net, last_relu).attribute(x, TARGET),
    }
    np.random.seed(SEED)  # noqa: NPY002  captum draws from NumPy's global stream
    found["captum/gradient_shap"] = attr.GradientShap(net).attribute(x, background, DRAWS, 0.0, TARGET)
    found["shap/deep_shap"] = shap.DeepExplainer(net, background).shap_values(x)[..., TARGET]
    explainer = shap.GradientExplainer(net, background)
    found["shap/expected_gradients"] = explainer.shap_values(x, nsamples=DRAWS, rseed=SEED)[..., TARGET]
    return {name: np.moveaxis(as_array(m), 1, -1) for name, m in found.items()}


def as_array(m: object) -> np.ndarray:
    return m.detach().numpy() if isinstance(m, torch.Tensor) else np.asarray(m)


def main() -> None:
    warnings.simplefilter("ignore")
    net, faulty = network(), network(clones=False)
    x, background = images(2, 0), images(4, 1)
    torch.onnx.export(
        faulty, (x,), HERE / "foreign.onnx", dynamo=False, input_names=["x"], dynamic_axes={"x": {0: "n"}}
    )
    arrays = maps(net, faulty, x, background)
    last = {name: np.moveaxis(a.numpy(), 1, -1) for name, a in (("x", x), ("background", background))}
    np.savez_compressed(HERE / "foreign.npz", **arrays, **last)


if __name__ == "__main__":
    main()

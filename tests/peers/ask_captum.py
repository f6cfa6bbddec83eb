"""captum: every method of it that we have too, where it is right; and its faults, as it commits them."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import captum
import numpy as np
import torch
from captum import attr
from torch import nn
from torch_twin import Twin, first, last

STEPS, SAMPLES, SIGMA = 13, 7, 0.3
QUADRATURES = {
    "gauss-legendre": "gausslegendre",
    "left": "riemann_left",
    "right": "riemann_right",
    "midpoint": "riemann_middle",
}


def ask(networks: dict[str, Any], Results: Any) -> Any:
    results = Results("captum", {"captum": captum.__version__, "torch": torch.__version__, "numpy": np.__version__})
    for name, frozen in networks.items():
        how = "DeepLift(net).attribute(x, background[:1], 1), a clone after each activation"
        found = attr.DeepLift(Twin(frozen)).attribute(first(frozen.x), first(frozen.background)[:1], 1)
        results.add(f"{name}/deep_lift", how, last(found))
    for name in ("conv", "smooth"):
        paths(results, name, networks[name])
        noise(results, name, networks[name])
    for name in ("conv", "residual"):
        walks(results, name, networks[name])
    for name in ("dense", "conv"):
        perturbations(results, name, networks[name])
    layers(results, "conv", networks["conv"])
    faults(results, networks)
    return results


def paths(results: Any, name: str, frozen: Any) -> None:
    """One walk for each step."""
    net, x, base = Twin(frozen), first(frozen.x), first(frozen.background)[:1]
    for ours, theirs in QUADRATURES.items():
        how = f"IntegratedGradients(net).attribute(x, background[:1], 1, n_steps={STEPS}, method={theirs!r})"
        found = attr.IntegratedGradients(net).attribute(x, base, 1, n_steps=STEPS, method=theirs)
        results.add(f"{name}/integrated_gradients.{ours}", how, last(found))
    results.add(
        f"{name}/size", "the largest |(x - x') * slope| on the way to x, by autograd", largest_term(net, x, base)
    )


def walks(results: Any, name: str, frozen: Any) -> None:
    """One walk for each input, or for each reference."""
    net, x, background = Twin(frozen), first(frozen.x), first(frozen.background)

    def add(what: str, how: str, found: torch.Tensor) -> None:
        results.add(f"{name}/{what}", how, last(found))

    add("gradient", "Saliency(net).attribute(x, 1, abs=False)", attr.Saliency(net).attribute(x, 1, abs=False))
    add("input_x_gradient", "InputXGradient(net).attribute(x, 1)", attr.InputXGradient(net).attribute(x, 1))
    how = "DeepLiftShap(net).attribute(x, background, 1), a clone after each activation"
    add("deep_shap", how, attr.DeepLiftShap(net).attribute(x, background, 1))
    add("guided_backprop", "GuidedBackprop(net).attribute(x, 1)", attr.GuidedBackprop(net).attribute(x, 1))
    add("deconvnet", "Deconvolution(net).attribute(x, 1)", attr.Deconvolution(net).attribute(x, 1))


def largest_term(net: Twin, x: torch.Tensor, base: torch.Tensor) -> float:
    sizes = []
    for alpha in np.linspace(0, 1, 101):
        here = (base + alpha * (x - base)).detach().requires_grad_()
        (slopes,) = torch.autograd.grad(net(here)[:, 1].sum(), here)
        sizes.append(float(((x - base) * slopes).abs().max()))
    return max(sizes)


def perturbations(results: Any, name: str, frozen: Any) -> None:
    """What is lost without an input, a group of them, a window."""
    net, x, background = Twin(frozen), first(frozen.x), first(frozen.background)
    base = background[:1]
    groups = players(frozen.x.shape[1:])
    mask = first(groups[None], torch.int64)
    how = "FeatureAblation(net).attribute(x, background[:1], 1)"
    results.add(f"{name}/feature_ablation", how, last(attr.FeatureAblation(net).attribute(x, base, 1)))
    found = attr.FeatureAblation(net).attribute(x, base, 1, feature_mask=mask)
    results.add(f"{name}/feature_ablation.groups", "the same with feature_mask=groups", last(found))
    results.add(f"{name}/groups", "a number for each input", groups)
    found = attr.ShapleyValues(net).attribute(x, base, 1, feature_mask=mask)
    sizes = np.bincount(groups.ravel())[groups]
    how = "ShapleyValues(net).attribute(x, background[:1], 1, feature_mask=groups), each shared by the group's members"
    results.add(f"{name}/shapley_values", how, last(found) / sizes)
    if x.ndim == 4:
        window = (x.shape[1], 4, 3)
        found = attr.Occlusion(net).attribute(x, window, strides=(x.shape[1], 3, 2), baselines=base, target=1)
        how = "Occlusion(net).attribute(x, (2, 4, 3), strides=(2, 3, 2), baselines=background[:1], target=1)"
        results.add(f"{name}/occlusion", how, last(found)[..., :1])


def players(shape: tuple[int, ...]) -> Any:
    """Five groups of inputs: columns of pixels, or inputs in turn."""
    if len(shape) == 1:
        return np.arange(shape[0]) % 5
    return np.broadcast_to((np.arange(shape[1]) * 5 // shape[1])[None, :, None], shape).copy()


def layers(results: Any, name: str, frozen: Any) -> None:
    """What is said at the last convolution."""
    net, x, base = Twin(frozen), first(frozen.x), first(frozen.background)[:1]
    layer = net.layer("conv2")

    def add(what: str, how: str, found: Any) -> None:
        results.add(f"{name}/{what}", how, found)

    add("activations", "LayerActivation(net, conv2).attribute(x)", last(attr.LayerActivation(net, layer).attribute(x)))
    add("grad_cam", "LayerGradCam(net, conv2).attribute(x, 1)", last(attr.LayerGradCam(net, layer).attribute(x, 1)))
    found = attr.GuidedGradCam(net, layer).attribute(x, 1)
    add("guided_grad_cam", "GuidedGradCam(net, conv2).attribute(x, 1), nearest", last(found))
    found = attr.LayerGradientXActivation(net, layer).attribute(x, 1)
    how = "LayerGradientXActivation(net, conv2).attribute(x, 1), summed over filters"
    add("hires_cam", how, last(found).sum(-1, keepdims=True))
    found = attr.LayerDeepLift(net, layer).attribute(x, base, 1)
    add("deep_lift.layer", "LayerDeepLift(net, conv2).attribute(x, background[:1], 1)", last(found))
    found = attr.LayerIntegratedGradients(net, layer).attribute(x, base, 1, n_steps=STEPS)
    how = f"LayerIntegratedGradients(net, conv2).attribute(x, background[:1], 1, n_steps={STEPS})"
    add("integrated_gradients.layer", how, last(found))


def noise(results: Any, name: str, frozen: Any) -> None:
    """NoiseTunnel draws from torch; here torch.normal hands out N(0, 1) of default_rng(0), the same for each input."""
    net, x = Twin(frozen), first(frozen.x)
    one = np.random.default_rng(0).standard_normal((SAMPLES, *frozen.x.shape[1:]))
    repeated = first(np.tile(one, (len(x), 1, 1, 1))) * SIGMA  # captum repeats each input, sample beside sample
    for kind in ("smoothgrad", "smoothgrad_sq", "vargrad"):
        with patch("torch.normal", lambda mean, std: mean + repeated):
            tunnel = attr.NoiseTunnel(attr.Saliency(net))
            options = {"nt_samples": SAMPLES, "stdevs": SIGMA, "nt_samples_batch_size": SAMPLES}
            found = tunnel.attribute(x, nt_type=kind, target=1, abs=False, **options)
        how = f"NoiseTunnel(Saliency(net)).attribute(x, {kind!r}, nt_samples={SAMPLES}, stdevs={SIGMA}, abs=False)"
        results.add(f"{name}/smooth_grad.{kind}", f"{how}, with the noise of default_rng(0)", last(found))


# -- its faults ---------------------------------------------------------------------------------------


def linear(weights: Any) -> nn.Linear:
    """A dense layer without bias."""
    w = torch.tensor(weights, dtype=torch.float64)
    layer = nn.Linear(w.shape[1], w.shape[0], bias=False).double()
    with torch.no_grad():
        layer.weight.copy_(w)
    return layer


class Detached(nn.Module):
    """A part of the score that its graph knows nothing of."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x.sum(1) + x.detach().clamp(0, 2).sum(1))[:, None]


class Product(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x[:, 0] * x[:, 1])[:, None]


def faults(results: Any, networks: dict[str, Any]) -> None:
    def add(what: str, how: str, found: Any) -> None:
        results.add(f"faults/{what}", how, found.detach().numpy())

    def rows(*numbers: Any) -> torch.Tensor:
        return torch.tensor(numbers, dtype=torch.float64)

    trapezoid = {"baselines": 0.0, "n_steps": 50, "method": "riemann_trapezoid"}
    for what, function, x in (
        ("trapezoid.line", lambda x: 3 * x[:, 0], 1.0),
        ("trapezoid.square", lambda x: x[:, 0] ** 2, 1.0),
        ("trapezoid.kink", lambda x: 1 - torch.relu(1 - x[:, 0]), 2.0),
    ):
        found = attr.IntegratedGradients(function).attribute(rows([x]), **trapezoid)
        add(what, "IntegratedGradients(f).attribute(x, 0, n_steps=50, method='riemann_trapezoid')", found)

    lift = "DeepLift(net).attribute"
    pool = nn.Sequential(nn.MaxPool1d(2, 1), nn.Flatten(), linear([[1.0, 1.0]]))
    x = rows([[1.0, 5.0, 2.0]])
    add("overlap", f"{lift}([1, 5, 2], 0): MaxPool1d(2, 1), summed", attr.DeepLift(pool).attribute(x, x * 0, 0)[:, 0])
    add("product", f"{lift}([2, 3], 0): x1 * x2", attr.DeepLift(Product()).attribute(rows([2.0, 3]), rows([0.0, 0]), 0))

    soft = nn.Sequential(linear([[1, 0.5], [-1, 2], [0.3, -0.7]]), nn.Softmax(1))
    x = rows([1.0, 2.0], [-2.0, 0.5])
    add("softmax.alone", f"{lift}([1, 2], 0, 1): Linear, Softmax", attr.DeepLift(soft).attribute(x[:1], x[:1] * 0, 1))
    found = attr.DeepLift(soft).attribute(x, x * 0, 1)[:1]
    add("softmax.batch", "the same, in a batch with (-2, .5)", found)

    sigmoid = nn.Sequential(linear([[1.0, -1.0]]), nn.Sigmoid()).float()
    found = attr.DeepLift(sigmoid).attribute(rows([1.7, 0.7]).float(), rows([1.3, 0.3]).float(), 0)
    add("float32", f"{lift}([1.7, .7], [1.3, .3]) in float32: sigmoid(x1 - x2)", found)

    x = rows([1.0, 2.0, 3.0])
    for what, method in (("integrated_gradients", attr.IntegratedGradients), ("deep_lift", attr.DeepLift)):
        how = f"{method.__name__}(net).attribute([1, 2, 3], 0, 0): x.sum(1) + x.detach().clamp(0, 2).sum(1)"
        found, delta = method(Detached()).attribute(x, x * 0, 0, return_convergence_delta=True)
        add(f"detached.{what}", how, found)
        add(f"detached.{what}.delta", "the same with return_convergence_delta=True", delta)

    frozen = networks["conv"]
    net, x, base = Twin(frozen, clones=False), first(frozen.x), first(frozen.background)[:1]
    found = attr.DeepLift(net).attribute(x, base, 1)
    results.add(
        "conv/fault.adjacent", f"{lift}(x, background[:1], 1), ReLU beside max-pool without a clone", last(found)
    )

"""Against shap 0.51, where it is right; and where it is not, who is right, and why."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs torch: pip install 'minixai[peers]'")
shap = pytest.importorskip("shap", reason="needs shap: pip install 'minixai[peers]'")

import torch  # noqa: E402
from torch import nn  # noqa: E402

import minixai as mx  # noqa: E402
from tests.peers.networks import Twins, first, last  # noqa: E402

pytestmark = [pytest.mark.filterwarnings("ignore")]  # of shap's and torch's own
SEEDS = pytest.mark.parametrize("seed", range(30))


def channels_last(values):
    """(N, C, H, W, outputs) -> (N, H, W, C, outputs)"""
    return np.moveaxis(np.asarray(values), 1, 3)


def close(ours, theirs, tolerance):
    np.testing.assert_allclose(np.asarray(ours), theirs, rtol=0, atol=tolerance * max(1, abs(theirs).max()))


@SEEDS
def test_deep_explainer(seed):
    twins = Twins(seed)
    theirs = shap.DeepExplainer(twins.torch, first(twins.background))
    found = channels_last(theirs.shap_values(first(twins.x), check_additivity=False))
    ours = mx.DeepExplainer(twins, twins.background)
    close(ours.shap_values(twins.x), found, 1e-9)
    close(ours.expected_value, np.asarray(theirs.expected_value), 1e-9)
    for k in range(4):
        close(mx.deep_shap(twins, twins.x, k, background=twins.background), found[..., k], 1e-9)


@SEEDS
def test_gradient_explainer_draw_for_draw(seed):
    """shap computes in float32, and draws from NumPy's old stream."""
    twins = Twins(seed, np.float32)
    theirs = shap.GradientExplainer(twins.torch, first(twins.background))
    found = channels_last(theirs.shap_values(first(twins.x), nsamples=25, rseed=seed))
    ours = [
        mx.expected_gradients(twins, twins.x, k, background=twins.background, samples=25, seed=seed, rng="shap").values
        for k in range(4)
    ]
    close(np.stack(ours, axis=-1), found, 1e-6)


def test_shap_s_variances_are_no_variances_of_the_mean():
    """They are var/√n; the variance of the mean is var/n, its root the standard error."""
    twins, n = Twins(0, np.float32), 64
    theirs = shap.GradientExplainer(twins.torch, first(twins.background))
    _, variances = theirs.shap_values(first(twins.x), nsamples=n, rseed=0, return_variances=True)
    ours = mx.expected_gradients(
        twins, twins.x, 1, background=twins.background, samples=n, seed=0, rng="shap"
    ).standard_error
    theirs_of_class_1 = last(np.asarray(variances[1]))
    # var/√n = (standard error)² · √n, up to n/(n − 1) in the variance
    np.testing.assert_allclose(theirs_of_class_1, ours**2 * np.sqrt(n), rtol=0.03, atol=1e-6)


def test_shap_s_product_gets_nothing():
    """x₁·x₂ at (2, 3) from 0 is 6; shap on torch takes the gradient at the reference, (0, 0); ours (3, 3)."""

    class Product(nn.Module):
        def forward(self, x):
            return (x[:, 0] * x[:, 1])[:, None]

    theirs = shap.DeepExplainer(Product(), torch.zeros(1, 2))
    found = np.asarray(theirs.shap_values(torch.tensor([[2.0, 3.0]]), check_additivity=False)).ravel()
    assert found.tolist() == [0, 0]
    assert mx.deep_shap(mx.toys.product, [[2.0, 3.0]], background=np.zeros((1, 2))).values.tolist() == [[3, 3]]


def test_shap_s_relu_used_twice_does_not_add_up():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.relu = nn.ReLU()

        def forward(self, x):
            return (self.relu(x[:, :1] * 2 - 1) + 3 * self.relu(1 - x[:, 1:] * 2)).sum(1, keepdim=True)

    x, base = torch.tensor([[1.5, -0.7]]), torch.zeros(1, 2)
    net = Twice()
    found = np.asarray(shap.DeepExplainer(net, base).shap_values(x, check_additivity=False)).sum()
    moved = (net(x) - net(base)).item()
    assert abs(found - moved) > 0.1
    relu = mx.ops.relu
    ours = mx.deep_shap(
        lambda x: relu(x[:, 0] * 2 - 1) + 3 * relu(1 - x[:, 1] * 2),
        x.numpy().astype(float),
        background=np.zeros((1, 2)),
    )
    assert ours.values.sum() == pytest.approx(moved, abs=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_exact_explainer(seed):
    rng = np.random.default_rng(seed)
    w, v, x, background = (rng.normal(size=s) for s in ((5, 7), (7, 2), (2, 5), (6, 5)))

    def network(x):
        return mx.ops.relu(x @ w + 0.3) @ v

    masker = shap.maskers.Independent(background, max_samples=100)
    theirs = shap.ExactExplainer(lambda rows: network(mx.Node(rows)).value[:, 1], masker)(x).values
    close(mx.shapley_values(network, x, 1, background=background), theirs, 1e-9)

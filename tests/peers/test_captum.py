"""Against captum 0.9, where it is right; and where it is not, who is right, and why."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs torch: pip install 'minixai[peers]'")
attr = pytest.importorskip("captum.attr", reason="needs captum: pip install 'minixai[peers]'")

import torch  # noqa: E402
from torch import nn  # noqa: E402

import minixai as mx  # noqa: E402
from minixai import ops  # noqa: E402
from tests.peers.networks import SIDE, Twins, first, last, tensor  # noqa: E402

pytestmark = [pytest.mark.filterwarnings("ignore")]  # of captum's and torch's own
SEEDS = pytest.mark.parametrize("seed", range(30))


def close(ours, theirs, tolerance=1e-9):
    np.testing.assert_allclose(np.asarray(ours), theirs, rtol=0, atol=tolerance * max(1, abs(theirs).max()))


@SEEDS
def test_scores(seed):
    twins = Twins(seed)
    close(twins(mx.Node(twins.x)).value, twins.torch(first(twins.x)).detach().numpy(), 1e-13)


@SEEDS
@pytest.mark.parametrize(("ours", "theirs", "options"), [
    (mx.gradient, attr.Saliency, {"abs": False}),
    (mx.input_x_gradient, attr.InputXGradient, {}),
    (mx.guided_backprop, attr.GuidedBackprop, {}),
    (mx.deconvnet, attr.Deconvolution, {}),
])  # fmt: skip
def test_one_walk(ours, theirs, options, seed):
    twins = Twins(seed)
    found = theirs(twins.torch).attribute(first(twins.x), target=2, **options)
    close(ours(twins, twins.x, 2), last(found))


@SEEDS
@pytest.mark.parametrize(("ours", "theirs"), [
    ("gauss-legendre", "gausslegendre"),
    ("left", "riemann_left"),
    ("right", "riemann_right"),
    ("midpoint", "riemann_middle"),
])  # fmt: skip
@pytest.mark.filterwarnings("ignore")
def test_integrated_gradients(ours, theirs, seed):
    """captum rounds its weights to float32."""
    twins = Twins(seed)
    options = {"baselines": first(twins.background[:1]), "n_steps": 13, "method": theirs}
    found = attr.IntegratedGradients(twins.torch).attribute(first(twins.x), target=1, **options)
    result = mx.integrated_gradients(twins, twins.x, 1, baseline=twins.background[0], steps=13, quadrature=ours)
    close(result, last(found), 1e-6)


def test_captum_s_trapezoid_rule_loses_one_step():
    """Its weights sum to (n − 1)/n: f = 3x gets 2.94, ours 3."""
    found = attr.IntegratedGradients(lambda x: 3 * x[:, 0]).attribute(
        torch.ones(1, 1, dtype=torch.float64), baselines=0.0, n_steps=50, method="riemann_trapezoid"
    )
    assert found.item() == pytest.approx(2.94, abs=1e-6)
    ours = mx.integrated_gradients(lambda x: 3 * x[:, 0], [[1.0]], quadrature="trapezoid")
    assert ours.values.item() == pytest.approx(3, abs=1e-12)


@SEEDS
def test_deep_lift(seed):
    twins = Twins(seed)
    base = twins.background[:1]
    found = attr.DeepLift(twins.torch).attribute(first(twins.x), first(base), target=3)
    close(mx.deep_lift(twins, twins.x, 3, baseline=base, pool="first"), last(found))
    close(mx.deep_lift(twins, twins.x, 3, baseline=base), last(found))  # no ties here


@SEEDS
def test_deep_lift_over_a_background(seed):
    twins = Twins(seed)
    found = attr.DeepLiftShap(twins.torch).attribute(first(twins.x), first(twins.background), target=0)
    close(mx.deep_shap(twins, twins.x, 0, background=twins.background), last(found))


def test_captum_s_relu_beside_a_max_pool_does_not_add_up():
    """Its issue 1104: without a clone between them it misses the difference; ours never does."""
    worst = 0.0
    for seed in range(10):
        twins = Twins(seed, clones=False)
        _, delta = attr.DeepLift(twins.torch).attribute(
            first(twins.x), first(twins.background[:1]), target=3, return_convergence_delta=True
        )
        worst = max(worst, float(abs(delta).max()))
        assert abs(mx.deep_lift(twins, twins.x, 3, baseline=twins.background[:1]).gap).max() < 1e-12
    assert worst > 1e-2


def test_captum_s_overlapping_max_pool_keeps_one_of_two_contributions():
    """max_unpool assigns where it should add: (0, 5, 0) of 10; ours (0, 10, 0)."""
    net = nn.Sequential(nn.MaxPool1d(2, 1), nn.Flatten(), nn.Linear(2, 1, bias=False)).double()
    with torch.no_grad():
        net[2].weight.fill_(1.0)
    x = torch.tensor([[[1.0, 5.0, 2.0]]], dtype=torch.float64)
    assert attr.DeepLift(net).attribute(x, torch.zeros_like(x), target=0).ravel().tolist() == [0, 5, 0]
    ours = mx.deep_lift(lambda x: ops.max_pool(x, (1, 2), 1).sum(), np.array([1.0, 5, 2]).reshape(1, 1, 3, 1))
    assert ours.values.ravel().tolist() == [0, 10, 0]


def test_captum_s_product_is_the_gradient():
    """x₁·x₂ at (2, 3) from 0 is 6; captum gives (6, 6), ours (3, 3), which is IG and Shapley."""

    class Product(nn.Module):
        def forward(self, x):
            return (x[:, 0] * x[:, 1])[:, None]

    found = attr.DeepLift(Product()).attribute(torch.tensor([[2.0, 3.0]]), torch.zeros(1, 2), target=0)
    assert found.tolist() == [[6, 6]]
    assert mx.deep_lift(mx.toys.product, [[2.0, 3.0]]).values.tolist() == [[3, 3]]


def test_captum_s_softmax_mixes_the_rows_of_a_batch():
    """It subtracts a mean over the whole batch; ours gives a row alone what it gives in a batch, and adds up."""
    w = np.array([[1, 0.5], [-1, 2], [0.3, -0.7]])
    net = nn.Sequential(nn.Linear(2, 3, bias=False), nn.Softmax(1)).double()
    with torch.no_grad():
        net[0].weight.copy_(tensor(w))
    x = torch.tensor([[1.0, 2.0], [-2.0, 0.5]], dtype=torch.float64)
    lift = attr.DeepLift(net)
    alone, batch = (lift.attribute(rows, torch.zeros_like(rows), target=1)[0] for rows in (x[:1], x))
    assert abs(alone - batch).max() > 0.01
    network = lambda x: ops.softmax(x @ w.T)  # noqa: E731
    ours = mx.deep_lift(network, x.numpy(), 1)
    np.testing.assert_allclose(ours.values[:1], mx.deep_lift(network, x.numpy()[:1], 1).values, atol=1e-15)
    assert abs(ours.gap).max() < 1e-15


def test_captum_s_chords_are_too_short_for_float32():
    """Sigmoid(x₁ − x₂) from (1.3, .3) to (1.7, .7): captum gives (0, 0); the slope is .1966 all along."""
    x, base = np.float32([[1.7, 0.7]]), np.float32([[1.3, 0.3]])
    net = nn.Sequential(nn.Linear(2, 1, bias=False), nn.Sigmoid())
    with torch.no_grad():
        net[0].weight.copy_(torch.tensor([[1.0, -1.0]]))
    found = attr.DeepLift(net).attribute(tensor(x), tensor(base), target=0)
    assert abs(found).max() < 1e-3
    ours = mx.deep_lift(lambda x: ops.sigmoid(x[:, 0] - x[:, 1]), x, baseline=base)
    np.testing.assert_allclose(ours.values, [[0.0786, -0.0786]], atol=1e-4)


# -- perturbation --------------------------------------------------------------------------------------


@SEEDS
def test_feature_ablation(seed):
    twins = Twins(seed)
    groups = np.arange(SIDE * SIDE * 2).reshape(SIDE, SIDE, 2) // 24
    mask = tensor(np.moveaxis(groups, -1, 0)[None])
    found = attr.FeatureAblation(twins.torch).attribute(
        first(twins.x), first(twins.background[:1]), target=1, feature_mask=mask
    )
    close(mx.feature_ablation(twins, twins.x, 1, baseline=twins.background[0], groups=groups), last(found))


@pytest.mark.parametrize("seed", range(6))
def test_shapley_values(seed):
    twins = Twins(seed)
    players = np.broadcast_to((np.arange(SIDE) // 3)[:, None, None], (SIDE, SIDE, 2)).copy()
    mask = tensor(np.moveaxis(players, -1, 0)[None])
    found = attr.ShapleyValues(twins.torch).attribute(
        first(twins.x[:1]), first(twins.background[:1]), target=1, feature_mask=mask
    )
    ours = mx.shapley_values(twins, twins.x[:1], 1, baseline=twins.background[0], players=players)
    # captum gives every entry its player's whole value, in float32; ours share it, so that they add up
    close(np.asarray(ours) * (3 * SIDE * 2), last(found), 1e-6)


@SEEDS
def test_occlusion(seed):
    """captum adds up in float32."""
    twins = Twins(seed)
    found = attr.Occlusion(twins.torch).attribute(
        first(twins.x), (2, 4, 3), strides=(2, 3, 2), baselines=first(twins.background[:1]), target=1
    )
    ours = mx.occlusion(twins, twins.x, 1, window=(4, 3), stride=(3, 2), baseline=twins.background[0])
    close(np.asarray(ours), last(found)[..., :1], 1e-6)


# -- layers --------------------------------------------------------------------------------------------


@SEEDS
def test_grad_cam(seed):
    twins = Twins(seed)
    found = attr.LayerGradCam(twins.torch, twins.layer("last")).attribute(first(twins.x), target=1)
    close(mx.grad_cam(twins, twins.x, 1, layer="last", relu=False), last(found))


@SEEDS
def test_guided_grad_cam(seed):
    twins = Twins(seed)
    found = attr.GuidedGradCam(twins.torch, twins.layer("last")).attribute(first(twins.x), target=1)
    close(mx.guided_grad_cam(twins, twins.x, 1, layer="last", upsampling="nearest"), last(found))


@SEEDS
def test_activations(seed):
    twins = Twins(seed)
    found = attr.LayerActivation(twins.torch, twins.layer("pool")).attribute(first(twins.x))
    close(mx.activations(twins, twins.x, layer="pool"), last(found))


@SEEDS
def test_deep_lift_at_a_layer(seed):
    twins = Twins(seed)
    found = attr.LayerDeepLift(twins.torch, twins.layer("last")).attribute(
        first(twins.x), first(twins.background[:1]), target=1
    )
    close(mx.deep_lift(twins, twins.x, 1, layer="last", baseline=twins.background[0]), last(found))

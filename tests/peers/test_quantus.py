"""Against Quantus 0.6: the same losses and predictions give the same infidelity, and the same correlations.

Quantus hides ever more patches, each time all of those before as well, where Yeh et al. draw one square anew; and its
SensitivityN correlates over images, the pixels in the order of the map, where Ancona et al. correlate over random sets
for one image.  So its numbers are made here from the same sets.  Its
"black" is the smallest number of the batch, so 0 is asked for.
"""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs torch: pip install 'minixai[peers]'")
quantus = pytest.importorskip("quantus", reason="needs quantus: pip install quantus")

from torch import nn  # noqa: E402

import minixai as mx  # noqa: E402
from minixai import ops  # noqa: E402
from minixai.evaluation.faithfulness import hidden_drops, misprediction, pearson  # noqa: E402
from minixai.methods.call import Call  # noqa: E402

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.slow]
SIDE, PATCH, N = 8, 4, 3


@pytest.fixture(scope="module")
def twins():
    """(a torch network, the same as a function of nodes, images (N, H, W, 1), classes)"""
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Flatten(), nn.Linear(SIDE * SIDE, 12), nn.ReLU(), nn.Linear(12, 4)
    ).eval()  # Quantus asks in float32
    w1, b1, w2, b2 = (p.detach().double().numpy() for p in net.parameters())

    def same(x):
        return ops.relu(x.flatten() @ w1.T + b1) @ w2.T + b2

    x = np.random.default_rng(0).random((N, SIDE, SIDE, 1)) + 0.1
    return net, same, x, np.array([0, 1, 3])


def first(x):
    return np.moveaxis(x, -1, 1)


def test_infidelity(twins):
    net, model, x, classes = twins
    slopes = mx.gradient(model, x, classes).values
    metric = quantus.Infidelity(
        perturb_patch_sizes=[PATCH], n_perturb_samples=1, perturb_baseline=0.0, display_progressbar=False
    )
    theirs = metric(
        model=net, x_batch=first(x), y_batch=classes, a_batch=first(slopes), channel_first=True, softmax=False
    )
    blocks = [(i, j) for i in range(0, SIDE, PATCH) for j in range(0, SIDE, PATCH)]
    masks = np.zeros((len(blocks), SIDE, SIDE), bool)
    for k, (i, j) in enumerate(blocks):
        masks[k:, i : i + PATCH, j : j + PATCH] = True  # all of those before stay hidden
    lost = hidden_drops(Call(model, x, classes), masks, "black", "test")
    predicted = np.einsum("nhw,khw->nk", (slopes * x)[..., 0], masks)
    np.testing.assert_allclose(misprediction(predicted, lost).value, theirs, rtol=1e-5)


def test_sensitivity_n(twins):
    net, model, x, classes = twins
    maps = mx.input_x_gradient(model, x, classes).values
    metric = quantus.SensitivityN(
        features_in_step=1,
        perturb_baseline=0.0,
        n_max_percentage=0.8,
        normalise=False,
        return_aggregate=False,
        display_progressbar=False,
    )
    theirs = metric(
        model=net, x_batch=first(x), y_batch=classes, a_batch=first(maps), channel_first=True, softmax=False
    )
    order = np.argsort(-maps.reshape(N, -1), axis=1)
    count = int(0.8 * SIDE * SIDE)
    lost, single = np.empty((N, count)), np.empty((N, count))
    for n in range(N):
        masks = np.zeros((count, SIDE * SIDE), bool)
        for k in range(count):
            masks[k:, order[n, k]] = True
            single[n, k] = maps.reshape(N, -1)[n, order[n, k]]
        masks = masks.reshape(-1, SIDE, SIDE)
        lost[n] = hidden_drops(Call(model, x[n : n + 1], classes[n : n + 1]), masks, "black", "test")[0]
    np.testing.assert_allclose(pearson(lost.T, single.T), np.ravel(theirs), atol=1e-5)

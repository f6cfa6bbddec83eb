"""A second opinion on maps that captum and shap make here and now, for a network that goes through ONNX."""

import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs torch: pip install 'minixai[peers]'")
pytest.importorskip("onnx", reason="needs onnx: pip install 'minixai[peers]'")
pytest.importorskip("captum", reason="needs captum: pip install 'minixai[peers]'")
pytest.importorskip("shap", reason="needs shap: pip install 'minixai[peers]'")

import minixai as mx  # noqa: E402
from tests.audit.cases import foreign, identity  # noqa: E402
from tests.audit.test_recognition import DRAWN, RIGHT, TARGET  # noqa: E402
from tests.peers.make_foreign_maps import images, maps, network  # noqa: E402

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.slow]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """(the network as minixai imports it, its images and background, the libraries' maps)"""
    warnings.simplefilter("ignore")
    net, faulty = network(), network(clones=False)
    x, background = images(2, 7), images(4, 8)
    path = tmp_path_factory.mktemp("onnx") / "net.onnx"
    torch.onnx.export(net, (x,), path, dynamo=False, input_names=["x"], dynamic_axes={"x": {0: "n"}})
    last = [np.moveaxis(a.numpy(), 1, -1) for a in (x, background)]
    return mx.load(path), *last, maps(net, faulty, x, background)


@pytest.mark.parametrize("name", RIGHT)
def test_is_recognised_to_1e_5(made, name):
    model, x, background, found = made
    method, options = RIGHT[name]
    options = {**options, **({"background": background} if "background" in options else {})}
    check = identity(model, x, method, found[name], target=TARGET, **options)
    assert check.facts["claimed"], check.reading
    assert check.number <= 1e-5


FAULTS = {
    "captum/deep_lift_fault": ("deep_lift", {}, "captum 0.9"),
    "captum/trapezoid": ("integrated_gradients", {"steps": 20}, "riemann_trapezoid"),
    "captum/mean_gradients": ("integrated_gradients", {"steps": 20}, "mean gradients"),
    "captum/saliency": ("gradient", {}, "absolute values"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named(made, name):
    model, x, _, found = made
    method, options, words = FAULTS[name]
    check = identity(model, x, method, found[name], target=TARGET, **options)
    assert words in check.facts["recognised"], check.reading
    assert check.status == "does not hold"


def test_the_frozen_maps_are_what_the_libraries_give():
    _, frozen = foreign()
    net, faulty = network(), network(clones=False)
    x, background = images(2, 0), images(4, 1)
    np.testing.assert_allclose(np.moveaxis(x.numpy(), 1, -1), frozen["x"], atol=1e-6)
    for name, found in maps(net, faulty, x, background).items():
        np.testing.assert_allclose(found, frozen[name], atol=1e-5 * abs(frozen[name]).max(), err_msg=name)
    assert DRAWN["seed"] == 5

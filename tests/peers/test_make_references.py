"""The recipe gives the frozen values again: the networks anywhere, each library's where it is installed."""

import json
from importlib.util import find_spec

import numpy as np
import pytest

from minixai.references import frozen
from tests.peers import make_references


def test_the_networks_are_drawn_again_to_the_bit():
    drawn, shipped = make_references.drawn(), frozen.load_archive("networks")
    assert set(drawn) == set(shipped)
    for name, array in drawn.items():
        if name.endswith("/architecture"):
            continue
        assert (array.dtype, array.shape, array.tobytes()) == (
            shipped[name].dtype, shipped[name].shape, shipped[name].tobytes(),
        ), name  # fmt: skip


def test_the_architectures_are_those_of_the_recipe():
    """Layers may have learnt new arguments since; those that were given are the same."""
    drawn, shipped = make_references.drawn(), frozen.load_archive("networks")
    for name in (key for key in drawn if key.endswith("/architecture")):
        for now, then in zip(*(json.loads(str(a[name]))["layers"] for a in (drawn, shipped)), strict=True):
            assert {**now, "config": None} == {**then, "config": None}
            assert now["config"] == {**now["config"], **then["config"]}


def test_both_checksums_are_one():
    for name, network in make_references.networks().items():
        assert network.digest == frozen.load_network(name).checksum


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # the libraries' own
@pytest.mark.parametrize("library", make_references.LIBRARIES)
def test_a_library_says_again_what_it_said(library, monkeypatch):
    """To what float32 leaves: most of it is exact, but another processor adds up in another order."""
    modules = {"tf-explain": "tf_explain", "rounding-sums": "torch", "kinks": "zennit", "ties": "captum"}
    if not find_spec(modules.get(library, library)):
        pytest.skip(f"needs {library}: see the docstring of make_references.py")
    monkeypatch.syspath_prepend(str(make_references.FOLDER.parents[1] / "tests" / "peers"))
    again, said = make_references.recomputed(library), frozen.load_results(library)
    assert json.loads(json.dumps(again.about["how"])) == said.how
    assert again.about["networks"] == said.networks
    for name, array in again.arrays.items():
        tolerance = 1e-5 * max(1, abs(said.arrays[name]).max())
        np.testing.assert_allclose(array, said.arrays[name], rtol=0, atol=tolerance, err_msg=name)

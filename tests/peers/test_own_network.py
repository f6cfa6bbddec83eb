"""The page about a network of one's own: its three lines are run as they stand."""

import re
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import minixai as mx
from minixai.files import shipped
from tests.zoo.files import frozen

PAGE = Path(__file__).parents[2] / "lessons" / "pages" / "methods" / "own_network.md"
BLOCKS = dict(re.findall(r"\*\*(\w+)\.\*\*.*?```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL))

pytestmark = pytest.mark.filterwarnings("ignore")  # of the exporters


class Saved:
    """Stands for a network of Keras where Keras is not installed: what it saves is a file that Keras has written."""

    def save(self, path):
        Path(path).write_bytes(bytes(frozen("keras_networks.npz")["mobilenet"]["keras"]))


def torch_network():
    torch = pytest.importorskip("torch", reason="needs torch: pip install 'minixai[peers]'")
    pytest.importorskip("onnx", reason="needs onnx: pip install 'minixai[peers]'")
    pytest.importorskip("onnxscript", reason="needs onnxscript")
    torch.manual_seed(0)
    nn = torch.nn
    network = nn.Sequential(nn.Conv2d(3, 8, 3, 4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 7))
    return {"torch": torch, "network": network}


def keras_network():
    pytest.importorskip("h5py", reason="needs h5py: pip install 'minixai[weights]'")
    if not find_spec("keras") or not find_spec("torch"):
        return {"network": Saved()}
    from tests.peers.keras_networks import network

    return {"network": network("mobilenet")[0]}


def onnx_file():
    Path("net.onnx").write_bytes(bytes(frozen("onnx_networks.npz")["resnet"]["file"]))
    return {}


SETTINGS = {"PyTorch": torch_network, "Keras": keras_network, "ONNX": onnx_file}


def test_every_block_has_three_lines():
    assert set(BLOCKS) == set(SETTINGS)
    assert all(len(block.strip().splitlines()) == 3 for block in BLOCKS.values())


@pytest.mark.slow
@pytest.mark.parametrize("name", SETTINGS)
def test_its_three_lines_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Image.open(shipped("photos/cat.jpg")) as photo:
        photo.save("bird.jpg")
    names = SETTINGS[name]()
    classes = ["ant", "bee", "cat", "dog", "emu", "fox", "gnu"]
    if name == "ONNX":
        classes = classes[: len(mx.load("net.onnx", preprocessing="0..1").classes)]
    Path("labels.txt").write_text("\n".join(classes))
    names |= {"mx": mx}
    lines = BLOCKS[name].strip().splitlines()
    exec("\n".join(lines[:-1]), names)
    figure = eval(lines[-1], names)
    figure.savefig("map.png")
    assert names["model"].classes == tuple(classes)
    assert names["images"].shape == (1, *names["model"].input_shape)
    with Image.open("map.png") as picture:
        assert np.ptp(np.asarray(picture.convert("RGB"), float), axis=2).max() > 50  # a map in red or blue

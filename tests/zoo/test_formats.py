"""Weights from files: what arrives is what was written, and what cannot be is told in one sentence."""

import json
import pickle
import re
import sys
import types
import zipfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from minixai.preprocessing import CAFFE, TORCHVISION
from minixai.zoo import safetensors
from tests.zoo.files import as_torchvision, narrow, write_keras, write_safetensors

needs_h5py = pytest.mark.skipif(find_spec("h5py") is None, reason="needs h5py: pip install 'minixai[weights]'")
MODEL = narrow(seed=5)
for layer in MODEL.owners:  # biases that would be noticed
    if "bias" in layer.weights:
        layer.weights["bias"] = (
            np.random.default_rng(len(layer.weights["bias"]))
            .normal(size=layer.weights["bias"].shape)
            .astype(np.float32)
        )
TENSORS = as_torchvision(MODEL)


def same(one, other):
    assert list(one.weights) == list(other.weights)
    assert all(np.array_equal(w, other.weights[name]) for name, w in one.weights.items())
    assert {str(w.dtype) for w in one.weights.values()} == {str(one.dtype)}
    assert all(w.flags.c_contiguous for w in one.weights.values())


def refused(path: Path, **options) -> str:
    """The one sentence about a file."""
    with pytest.raises(ValueError, match="weights from|needs h5py") as problem:
        narrow(path, **options)
    text = str(problem.value)
    assert "\n" not in text
    assert repr(str(path)) in text
    return text


# -- what arrives -------------------------------------------------------------------------------------


def test_safetensors_with_torchvisions_names(tmp_path):
    path = write_safetensors(tmp_path / "w.safetensors", TENSORS)
    same(narrow(path), MODEL)
    assert narrow(path).preprocessing == TORCHVISION
    assert narrow(str(path), dtype=np.float64).dtype == np.float64


def test_safetensors_with_timms_names(tmp_path):
    names = {"classifier.0": "pre_logits.fc1", "classifier.3": "pre_logits.fc2", "classifier.6": "head.fc"}
    tensors = {}
    for name, w in TENSORS.items():
        place, key = name.rsplit(".", 1)
        side = {"classifier.0": 2, "classifier.3": 1}.get(place)
        held = w.reshape(len(w), -1, side, side) if side and key == "weight" else w
        tensors[f"{names.get(place, place)}.{key}"] = held
    same(narrow(write_safetensors(tmp_path / "w.safetensors", tensors)), MODEL)


@pytest.mark.parametrize(("dtype", "off"), [(np.float64, 0), (np.float16, 2**-11)])
def test_safetensors_of_other_floats(tmp_path, dtype, off):
    path = write_safetensors(tmp_path / "w.safetensors", {name: w.astype(dtype) for name, w in TENSORS.items()})
    for name, w in narrow(path).weights.items():
        np.testing.assert_allclose(w, MODEL.weights[name], rtol=off, atol=2**-25 * bool(off))


def test_safetensors_of_bfloat16(tmp_path):
    halves = {name: (w.view(np.uint32) >> 16).astype(np.uint16) for name, w in rounded(TENSORS).items()}
    again = narrow(write_safetensors(tmp_path / "w.safetensors", halves))
    for name, w in again.weights.items():
        np.testing.assert_allclose(w, MODEL.weights[name], rtol=2**-7)  # seven bits, cut off


def rounded(tensors):
    return {name: np.ascontiguousarray(w) for name, w in tensors.items()}


def test_our_own_format(tmp_path):
    MODEL.save(tmp_path / "w.npz")
    same(narrow(tmp_path / "w.npz"), MODEL)
    write_safetensors(tmp_path / "w.safetensors", TENSORS)
    narrow(tmp_path / "w.safetensors").save(tmp_path / "again.npz")
    assert narrow(tmp_path / "again.npz").preprocessing == TORCHVISION
    np.savez(tmp_path / "bare.npz", **MODEL.weights)
    assert narrow(tmp_path / "bare.npz").preprocessing == CAFFE


def test_features_of_a_whole_file_and_of_one_without_dense_layers(tmp_path):
    features = {name: w for name, w in TENSORS.items() if name.startswith("features")}
    for name, tensors in (("whole", TENSORS), ("features", features)):
        path = write_safetensors(tmp_path / f"{name}.safetensors", tensors)
        found = narrow(path, features_only=True).weights
        assert len(found) == 2 * 13
        assert all(np.array_equal(w, MODEL.weights[key]) for key, w in found.items())
    assert "give features_only=True" in refused(path)


@needs_h5py
@pytest.mark.parametrize("names", ["{0}_{1}_1:0", "{0}/{2}:0", "{0}/{2}"])
@pytest.mark.parametrize("root", ["/", "model_weights"])
def test_keras_files_of_all_times(tmp_path, names, root):
    path = write_keras(tmp_path / "w.h5", MODEL, names, root)
    same(narrow(path), MODEL)
    assert narrow(path).preprocessing == CAFFE


@needs_h5py
def test_keras_files_without_the_dense_layers(tmp_path):
    features = narrow(seed=7, features_only=True)
    path = write_keras(tmp_path / "notop.h5", features)
    same(narrow(path, features_only=True), features)
    text = refused(path)
    assert "lacks fc1/kernel, fc1/bias, fc2/kernel and 3 more" in text
    assert "features_only=True" in text


# -- what cannot be -----------------------------------------------------------------------------------


def test_a_pickle_is_never_opened(tmp_path):
    class Trap:
        def __reduce__(self):
            return pytest.fail, ("the pickle was opened",)

    with zipfile.ZipFile(tmp_path / "new.pth", "w") as archive:
        archive.writestr("vgg16/data.pkl", pickle.dumps(Trap()))
    (tmp_path / "old.pth").write_bytes(pickle.dumps(Trap(), 2))
    (tmp_path / "odd.bin").write_bytes(b"nothing known")
    np.savez(tmp_path / "trap.npz", **{"fc1/kernel": np.array([Trap()], dtype=object)})
    for name in ("new.pth", "old.pth", "odd.bin"):
        text = refused(tmp_path / name)
        assert "is a pickle, which may run any program" in text
        assert 'python -c "import torch, safetensors.torch as s; w = torch.load(' in text
        assert repr(str((tmp_path / name).with_suffix(".safetensors"))) in text
    assert "allow_pickle" in refused(tmp_path / "trap.npz")


def test_the_command_that_converts_a_pickle_makes_tensors_contiguous(tmp_path, monkeypatch):
    """safetensors refuses tensors that are not, such as kernels in channels-last order."""
    path = tmp_path / "old.pth"
    path.write_bytes(pickle.dumps({}, 2))
    command = re.search(r'python -c "(.*)"$', refused(path))[1]
    torch, library = types.ModuleType("torch"), types.ModuleType("safetensors.torch")
    tensor = types.SimpleNamespace(contiguous=lambda: "contiguous")
    torch.load = lambda name, weights_only: {"w": tensor} if (name, weights_only) == (str(path), True) else {}
    saved = {}
    library.save_file = lambda tensors, name: saved.update({name: tensors})
    package = types.ModuleType("safetensors")
    package.torch = library
    for name, module in (("torch", torch), ("safetensors", package), ("safetensors.torch", library)):
        monkeypatch.setitem(sys.modules, name, module)
    exec(command, {})
    assert saved == {str(path.with_suffix(".safetensors")): {"w": "contiguous"}}


def test_content_decides_before_the_suffix(tmp_path):
    """Each kind of file under the name of another; the length of this header begins as a pickle does."""
    header = b'{"a": 1}'.ljust(0x80)
    (tmp_path / "w.pth").write_bytes(len(header).to_bytes(8, "little") + header)
    assert (tmp_path / "w.pth").read_bytes().startswith(b"\x80")
    assert "is a pickle" not in refused(tmp_path / "w.pth")
    (tmp_path / "w.safetensors").write_bytes(pickle.dumps({}, 2))
    assert "is a pickle" in refused(tmp_path / "w.safetensors")
    same(narrow(write_safetensors(tmp_path / "tensors.pth", TENSORS)), MODEL)


def test_without_h5py(tmp_path, monkeypatch):
    (tmp_path / "w.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    monkeypatch.setitem(sys.modules, "h5py", None)
    assert refused(tmp_path / "w.h5").endswith("needs h5py: pip install 'minixai[weights]'")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "damaged, or in no format"),
        (b"hello, this is text", "damaged, or in no format"),
        (b"PK\x03\x04 cut off", "its end is missing"),
        ((10**12).to_bytes(8, "little") + b"{}", "header is not whole"),
        ((2).to_bytes(8, "little") + b"{}", "it lacks features.0.weight, features.0.bias"),
        ((3).to_bytes(8, "little") + b"{x}", "no list of tensors"),
        ((9).to_bytes(8, "little") + b'{"a": 12}', "no list of tensors"),
        ((2).to_bytes(8, "little") + b"{\xff", "no list of tensors"),
        ((600_000).to_bytes(8, "little") + b'{"a":' * 120_000, "no list of tensors"),
    ],
)
def test_damaged_files(tmp_path, content, words):
    path = tmp_path / "w.safetensors"
    path.write_bytes(content)
    assert words in refused(path)


def test_zip_files_of_other_things(tmp_path):
    """Such as the .keras of today's Keras."""
    with zipfile.ZipFile(tmp_path / "w.keras", "w") as archive:
        archive.writestr("config.json", "{}")
        archive.writestr("model.weights.h5", b"\x89HDF\r\n\x1a\n")
    text = refused(tmp_path / "w.keras")
    assert "a zip file with config.json, model.weights.h5 in it, which are no arrays: give Keras's .h5" in text


@pytest.mark.parametrize("text", ["no JSON", "[1, 2]", '{"preprocessing": [1]}', '{"preprocessing": {"colour": 3}}'])
def test_our_own_format_with_an_architecture_that_cannot_be(tmp_path, text):
    np.savez(tmp_path / "w.npz", architecture=text, **MODEL.weights)
    assert "its architecture is not one that model.save writes" in refused(tmp_path / "w.npz")


def test_missing_files_and_folders(tmp_path):
    assert "no such file" in refused(tmp_path / "none.h5")
    assert "is a folder" in refused(tmp_path)


def test_truncated_files(tmp_path):
    path = write_safetensors(tmp_path / "w.safetensors", TENSORS)
    path.write_bytes(path.read_bytes()[:-1])
    assert "truncated: classifier.6.bias ends at byte" in refused(path)
    MODEL.save(tmp_path / "w.npz")
    (tmp_path / "w.npz").write_bytes((tmp_path / "w.npz").read_bytes()[:-100])
    assert "its end is missing" in refused(tmp_path / "w.npz")


@needs_h5py
@pytest.mark.parametrize("part", [0.02, 0.5, 0.999])
def test_truncated_keras_files(tmp_path, part):
    path = write_keras(tmp_path / "w.h5", MODEL)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(part * len(whole))])
    text = refused(path)
    assert "truncated" in text
    assert "download it again" in text


@needs_h5py
def test_a_keras_file_with_a_damaged_tensor_names_it(tmp_path):
    import h5py

    path = write_keras(tmp_path / "w.h5", MODEL, "{0}/{2}:0")
    with h5py.File(path, "a") as file:
        kernel = file["fc2/fc2/kernel:0"][()]
        del file["fc2/fc2/kernel:0"]
        packed = file["fc2/fc2"].create_dataset("kernel:0", data=kernel, chunks=kernel.shape, compression="gzip")
        place = packed.id.get_chunk_info(0).byte_offset
    content = bytearray(path.read_bytes())
    content[place : place + 40] = bytes(40)
    path.write_bytes(content)
    assert "fc2/fc2/kernel:0 is damaged" in refused(path)


@needs_h5py
def test_hdf5_that_is_not_kerass(tmp_path):
    import h5py

    with h5py.File(tmp_path / "w.h5", "w") as file:
        file.create_group("data")
    assert "holds no weights: give a file that Keras has written" in refused(tmp_path / "w.h5")
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file["data"] = np.zeros(3)
    assert "holds data, which this network has not" in refused(tmp_path / "w.h5")
    write_keras(tmp_path / "w.h5", MODEL)
    with h5py.File(tmp_path / "w.h5", "a") as file:
        file["fc1/more"] = np.zeros(3)
    assert "holds fc1/more, which this network has not" in refused(tmp_path / "w.h5")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"features.0.weight": np.zeros((4, 3, 5, 5), np.float32)}, "features.0.weight has the shape (4, 3, 5, 5)"),
        ({"classifier.0.weight": np.zeros((16, 47), np.float32)}, "(16, 47), but (16, 48) is needed"),
        ({"features.40.weight": np.zeros(3, np.float32)}, "holds features.40.weight, which this network has not"),
        ({"features.5.bias": None}, "it lacks features.5.bias"),
        ({"features.5.bias": np.full(6, np.nan, np.float32)}, "features.5.bias holds nan at (0,)"),
        ({"features.5.bias": np.full(6, 1e300)}, "features.5.bias holds inf"),
        ({"features.5.bias": np.full(6, 0x7FF0 << 48 | 1).view(float)}, "bias holds nan"),  # one that signals
        ({"features.5.bias": np.zeros(6, np.int64)}, "features.5.bias holds I64"),
    ],
)
def test_tensors_that_do_not_fit(tmp_path, change, words):
    tensors = {name: w for name, w in (TENSORS | change).items() if w is not None}
    assert words in refused(write_safetensors(tmp_path / "w.safetensors", tensors))


def test_nothing_is_read_before_all_shapes_are_checked(tmp_path, monkeypatch):
    monkeypatch.setattr(safetensors.Tensor, "read", lambda *args: pytest.fail("a tensor was read"))
    refused(write_safetensors(tmp_path / "w.safetensors", TENSORS | {"classifier.6.bias": np.zeros(8, np.float32)}))


def test_integers_in_our_own_format(tmp_path):
    np.savez(tmp_path / "w.npz", **MODEL.weights | {"fc2/bias": np.zeros(16, np.int64)})
    assert "fc2/bias holds int64, not floats" in refused(tmp_path / "w.npz")


@pytest.mark.parametrize(
    "entry", [{"data_offsets": [0, 4]}, {"data_offsets": [-24, 0]}, {"shape": [-6]}, {"dtype": "F8"}]
)
def test_headers_that_contradict_themselves(tmp_path, entry):
    header = {"features.0.bias": {"dtype": "F32", "shape": [6], "data_offsets": [0, 24]} | entry}
    text = json.dumps(header).encode()
    (tmp_path / "w.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + bytes(24))
    assert "features.0.bias" in refused(tmp_path / "w.safetensors")


def test_the_file_of_another_network(tmp_path):
    path = write_safetensors(tmp_path / "w.safetensors", TENSORS)
    assert "which this network has not: is it the file of another one?" in refused(path, network="vgg19")

"""Damaged and hostile files: one sentence, two seconds, 500 MB, and nothing is read that the file does not hold."""

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import minixai as mx
from minixai.files import read_npy
from minixai.layers import Dense
from minixai.zoo import load

ROOT = Path(__file__).parents[2]
h5py = pytest.importorskip("h5py")


def member(shape: tuple[int, ...], dtype: str = "<f4") -> bytes:
    """The header of an array, without its numbers."""
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": dtype, "fortran_order": False, "shape": shape})
    return buffer.getvalue()


def zipped(path: Path, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)


def network(layers: list[dict], weights: dict[str, bytes], shape: tuple[int, ...] = (4,)) -> dict[str, bytes]:
    architecture = {
        "format": "minixai model 1", "input_shape": shape, "dtype": "float32", "classes": ["a", "b"], "layers": layers,
        "classifier_activation": "softmax",
    }  # fmt: skip
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.array(json.dumps(architecture)))
    return {"architecture.npy": buffer.getvalue()} | weights


def layer(kind: str, inputs: str = "input", name: str = "x", **config: object) -> dict:
    return {"name": name, "inputs": [inputs], "kind": kind, "config": config}


def dense(units: int = 2, name: str = "x", inputs: str = "input") -> dict:
    return layer("Dense", inputs, name, units=units)


def zeros(n: int, shape: tuple[int, ...] | None = None) -> bytes:
    return member(shape or (n,)) + bytes(4 * n)


BIG = 1 << 26  # numbers, 256 MB
NPZ: dict[str, tuple[dict[str, bytes], str]] = {
    "a bomb": (network([dense()], {"x/kernel.npy": zeros(BIG)}), "which weights never pack into so few"),
    "an unknown bomb": (network([dense()], {"more.npy": zeros(BIG)}), "which weights never pack into so few"),
    "another shape": (network([dense()], {"x/kernel.npy": zeros(BIG // 4)}), "its kernel has the shape"),
    "a lie": (network([dense()], {"x/kernel.npy": member((10**6, 10**6))}), "is damaged"),
    "a negative side": (network([dense()], {"x/kernel.npy": member((-1, 2))}), "is damaged"),
    "objects": (network([dense()], {"x/kernel.npy": member((4, 2), "|O") + bytes(64)}), "objects of Python"),
    "no array": ({"readme.txt": b"hello"}, "which are no arrays"),
    "many members": ({f"{i}.npy": b"" for i in range(20_001)}, "more than the 20,000 that are read"),
    "many layers": (network([dense(name=f"l{i}") for i in range(10_000)], {}), "more than the 3,000 that are read"),
    "huge units": (network([dense(10**9)], {}), "is missing"),
    "upsampled": (
        network([layer("Upsample2D", size=[10**5, 10**5])], {}, (28, 28, 1)), "which no memory would hold"
    ),
    "padded": (
        network([layer("ZeroPad2D", padding=[[10**6, 10**6], [10**6, 10**6]])], {}, (28, 28, 1)), "which no memory"
    ),
    "nested JSON": (network([{"a": "[" * 100}], {}), "no whole model"),
}  # fmt: skip


@pytest.fixture
def hostile(tmp_path: Path) -> Callable[[str], Path]:
    def make(name: str) -> Path:
        path = tmp_path / "hostile.npz"
        zipped(path, NPZ[name][0])
        return path

    return make


@pytest.mark.parametrize("name", NPZ)
def test_archives(name: str, hostile: Callable[[str], Path]) -> None:
    with pytest.raises(ValueError, match=NPZ[name][1]) as problem:
        load(hostile(name))
    assert len(str(problem.value)) < 600


@pytest.mark.parametrize(("content", "said"), [
    (member((10**6, 10**6)), "does not have 0 bytes"),
    (member((-2, -4)) + bytes(32), r"\(-2, -4\) of float32 does not have 32 bytes"),
    (member((4, 2)) + bytes(31), "does not have 31 bytes"),
    (member((4, 2), "|O") + bytes(64), "objects of Python"),
    (b"no header", "it is not an .npy file"),
])  # fmt: skip
def test_a_single_array(content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "map.npy").write_bytes(content)
    with pytest.raises(ValueError, match=said):
        read_npy(tmp_path / "map.npy")


CHILD = """
import resource, sys, time
import minixai as mx
from minixai.zoo import load
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.process_time()
try:
    load(sys.argv[1])
except ValueError as problem:
    print(len(str(problem)), time.process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def cost(path: Path) -> tuple[float, float]:
    """(seconds, megabytes) that it takes to refuse a file."""
    told = subprocess.run(
        [sys.executable, "-c", CHILD, str(path)], cwd=ROOT, capture_output=True, text=True, timeout=60,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert told.returncode == 0, told.stderr[-2000:]
    letters, seconds, kilobytes = map(float, told.stdout.split())
    assert letters < 600
    return seconds, kilobytes / 1024


@pytest.mark.skipif(os.name != "posix", reason="measures memory as POSIX does")
@pytest.mark.parametrize("name", ["a bomb", "another shape", "many members", "many layers", "upsampled", "padded"])
def test_what_a_refusal_costs(name: str, hostile: Callable[[str], Path]) -> None:
    seconds, megabytes = cost(hostile(name))
    assert seconds < 2
    assert megabytes < 500


@pytest.mark.skipif(os.name != "posix", reason="devices and pipes of POSIX")
@pytest.mark.parametrize("suffix", ["", ".npz", ".onnx", ".h5", ".keras", ".json"])
def test_devices_and_pipes_are_not_read(suffix: str, tmp_path: Path) -> None:
    zero, pipe = tmp_path / f"zero{suffix}", tmp_path / f"pipe{suffix}"
    zero.symlink_to("/dev/zero")
    os.mkfifo(pipe)
    for path in (zero, pipe):
        with pytest.raises(ValueError, match="device or a pipe"):
            load(path)
        with pytest.raises(ValueError, match="device or a pipe"):
            mx.zoo.vgg16(weights=path)


def test_layers_that_fit_are_read_whole(tmp_path: Path) -> None:
    """In Fortran's order too, and where an array is packed ten times smaller."""
    model = mx.Model([Dense(300), Dense(3)], input_shape=(400,))
    model.set_weights({"dense1/kernel": np.ones((400, 300), np.float32)}, partial=True)
    model.save(tmp_path / "a.npz")
    assert np.array_equal(load(tmp_path / "a.npz").weights["dense1/kernel"], np.ones((400, 300)))
    arrays = dict(np.load(tmp_path / "a.npz"))
    arrays["dense2/kernel"] = np.asfortranarray(arrays["dense2/kernel"])
    np.savez(tmp_path / "b.npz", **arrays)
    for name, w in load(tmp_path / "b.npz").weights.items():
        np.testing.assert_array_equal(w, model.weights[name])


# -- HDF5 ------------------------------------------------------------------------------------------------
def outside(file: "h5py.File", folder: Path) -> None:
    (folder / "secret").write_bytes(bytes(range(256)))
    file.create_dataset("d/d/kernel:0", (8, 8), "<f4", external=[(str(folder / "secret"), 0, 256)])


def virtual(file: "h5py.File", folder: Path) -> None:
    layout = h5py.VirtualLayout((8, 8), "<f4")
    layout[:] = h5py.VirtualSource(str(folder / "other.h5"), "x", (8, 8))
    file.create_virtual_dataset("d/d/kernel:0", layout)


def unwritten(file: "h5py.File", folder: Path) -> None:
    file.create_dataset("d/d/kernel:0", (8, 8), "<f4")


def chunks(file: "h5py.File", folder: Path) -> None:
    file.create_dataset("d/d/kernel:0", (8, 8), "<f4", chunks=(4, 4))[:4] = 1


def bomb(file: "h5py.File", folder: Path) -> None:
    file.create_dataset(
        "d/d/kernel:0", (BIG, 1), "<f4", chunks=(1 << 20, 1), compression="gzip", data=np.zeros((BIG, 1), "f4")
    )


def deep(file: "h5py.File", folder: Path) -> None:
    for _ in range(100):
        file = file.create_group("g")


def circle(file: "h5py.File", folder: Path) -> None:
    file["again"] = file["/"]
    for i in range(5):
        file[f"again{i}"] = file["/"]


def linked(file: "h5py.File", folder: Path) -> None:
    with h5py.File(folder / "other.h5", "w") as other:
        other["kernel:0"] = np.ones((8, 8), np.float32)
    file["d/d"] = h5py.ExternalLink("other.h5", "/")
    file["d/e"] = h5py.ExternalLink("other.h5", "/kernel:0")
    file["model_weights"] = h5py.ExternalLink("other.h5", "/")


def softly(file: "h5py.File", folder: Path) -> None:
    """Soft links: one that leads into another file by way of an external link, and one that leads nowhere."""
    with h5py.File(folder / "other.h5", "w") as other:
        other["kernel:0"] = np.ones((8, 8), np.float32)
    file["away"] = h5py.ExternalLink("other.h5", "/")
    file["d/d/kernel:0"] = h5py.SoftLink(f"{file.name.rstrip('/')}/away/kernel:0")
    file["d/e"] = h5py.SoftLink("/nowhere")


@pytest.mark.parametrize("make", [outside, virtual, unwritten, chunks, deep, circle, linked, softly, bomb])
@pytest.mark.parametrize("whole", [True, False])
def test_hdf5_that_points_elsewhere(make: Callable[..., None], whole: bool, tmp_path: Path) -> None:
    """As a network of Keras, and as a file of weights."""
    path = tmp_path / "a.h5"
    config = {
        "class_name": "Sequential", "config": {"name": "s", "layers": [
            {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 8], "name": "i"}},
            {"class_name": "Dense", "config": {"name": "d", "units": 8, "use_bias": False, "activation": "linear"}},
        ]},
    }  # fmt: skip
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(config)
        file.attrs["keras_version"] = "2.9.0"
        make(file.require_group("model_weights") if whole and make is not linked else file, tmp_path)
    with pytest.raises(ValueError, match=r"cannot (load|take)|cannot be") as problem:
        load(path) if whole else mx.zoo.vgg16(weights=path)
    assert len(str(problem.value)) < 600


@pytest.mark.parametrize("make", [linked, softly])
def test_links_to_other_files_are_not_followed(make: Callable[..., None], tmp_path: Path) -> None:
    from minixai.zoo.hdf5 import hdf5

    with h5py.File(tmp_path / "a.h5", "w") as file:
        make(file, tmp_path)
    with hdf5(tmp_path / "a.h5", (tmp_path / "a.h5").stat().st_size) as (_, found):
        assert found == {}


def test_a_heap_of_texts_without_an_end_is_refused(tmp_path: Path) -> None:
    """The HDF5 library would follow it for ever: free space of no length, behind a text of whatever length."""
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = "a text of some letters"
    content = bytearray(path.read_bytes())
    heap = content.find(b"GCOL")
    free = heap + 16 + 16 + 24  # the heap's head, the head of the text, the text
    assert content[free : free + 2] == b"\0\0"
    content[free + 8 : free + 16] = bytes(8)
    path.write_bytes(bytes(content))
    with pytest.raises(ValueError, match="a heap of its texts never ends"):
        load(path)


@pytest.mark.parametrize("make", [outside, virtual, unwritten, chunks, bomb])
def test_the_numbers_of_such_a_dataset_are_never_read(make: Callable[..., None], tmp_path: Path) -> None:
    """Also where all names and shapes are right."""
    from minixai.zoo.hdf5 import hdf5

    with h5py.File(tmp_path / "a.h5", "w") as file:
        make(file, tmp_path)
    with hdf5(tmp_path / "a.h5", (tmp_path / "a.h5").stat().st_size) as (_, found):
        assert list(found) == ["d/d/kernel"]
        with pytest.raises(ValueError, match=r"lies in another file|never written"):
            found["d/d/kernel"].read()


# -- ONNX ------------------------------------------------------------------------------------------------
def varint(n: int) -> bytes:
    return bytes([n & 127 | 128]) + varint(n >> 7) if n > 127 else bytes([n])


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


ONNX: dict[str, Callable[[], bytes]] = {
    "many fields": lambda: field(7, bytes([0x0A, 0]) * 2_000_000),
    "many inside": lambda: field(7, field(1, bytes([0x0A, 0]) * 500_000) * 5),
    "a long list": lambda: field(7, field(5, b"\x10\x07" + field(7, bytes(1 << 23)))),
    "a tensor that says more": lambda: field(7, field(5, b"\x08\x80\x80\x80\x80\x20\x10\x01" + field(9, bytes(8)))),
    "deep": lambda: nested(5_000),
    "zeros": lambda: bytes(1 << 20),
}


def nested(depth: int) -> bytes:
    content = b""
    for _ in range(depth):
        content = field(1, field(5, field(6, content)))
    return field(7, content)


@pytest.mark.parametrize("name", ONNX)
def test_onnx(name: str, tmp_path: Path) -> None:
    (tmp_path / "a.onnx").write_bytes(ONNX[name]())
    with pytest.raises(ValueError, match="damaged") as problem:
        load(tmp_path / "a.onnx")
    assert len(str(problem.value)) < 600
    if name in ("many fields", "many inside", "a long list"):
        seconds, megabytes = cost(tmp_path / "a.onnx")
        assert seconds < 2
        assert megabytes < 500

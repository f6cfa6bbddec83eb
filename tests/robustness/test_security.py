"""What lessons/pages/trust/security.md says, watched by an audit hook: no program, connection, pickle or other file."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import minixai as mx
from minixai.layers import Dense, Flatten

ROOT = Path(__file__).parents[2]

CHILD = """
import sys
import minixai as mx
from minixai.images import read_images
from minixai.zoo import load
import matplotlib.pyplot  # loads files of its own
import scipy.special  # of old versions asks the program lscpu what the processor can do
import PIL.BmpImagePlugin, PIL.PngImagePlugin, PIL.JpegImagePlugin
try:
    import h5py
except ImportError:
    pass
load("digits").scores([[[[0.0]] * 28] * 28])

seen = []
def hook(event, args):
    if event.split(".")[0] in ("subprocess", "socket", "pickle", "ctypes") or event in (
        "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.remove", "os.rename", "exec", "compile"):
        seen.append((event, str(args)[:200]))
    elif event == "open" and isinstance(args[0], str):
        seen.append((event, args[0]))
sys.addaudithook(hook)
model = load("digits")
for path in sys.argv[1:]:
    for read in (load, lambda path: mx.zoo.vgg16(weights=path), lambda path: read_images(path, like=model)):
        try:
            read(path)
        except ValueError as problem:
            assert "\\n" not in str(problem), str(problem)
for event, what in seen:
    print(event, what)
"""


def hostile(folder: Path) -> list[Path]:
    """Files that would do what they must not."""
    (folder / "run.jpg").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(%pipe%touch pwned) (w) file\n")
    (folder / "code.npz").write_bytes(b"\x80\x04\x95\x1d\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x8c\x06system\x93.")
    np.savez(folder / "object.npz", **{"x/kernel": np.array([{}], dtype=object)})
    (folder / "remote.json").write_text(
        '{"modelTopology": {"class_name": "Sequential", "config": {"layers": []}}, "weightsManifest": '
        '[{"paths": ["/etc/hostname", "http://localhost/x"], "weights": []}]}'
    )
    (folder / "deep.onnx").write_bytes(b"\x3a\x04\x0a\x02\x0a\x00")
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(folder / "good.png")
    mx.Model([Flatten(), Dense(2)], (3, 3, 1)).save(folder / "good.npz")
    try:
        import h5py
    except ImportError:
        pass
    else:
        with h5py.File(folder / "outside.h5", "w") as file:
            file.create_dataset("d/kernel:0", (4, 4), "<f4", external=[("/etc/passwd", 0, 64)])
            file["e"] = h5py.ExternalLink("/etc/hostname", "/")
    return sorted(folder.iterdir())


@pytest.mark.skipif(os.name != "posix", reason="paths of POSIX")
def test_nothing_but_the_file_itself_is_opened(tmp_path: Path) -> None:
    (folder := tmp_path / "files").mkdir()
    paths = hostile(folder)
    told = subprocess.run(
        [sys.executable, "-c", CHILD, *map(str, paths)], cwd=tmp_path, text=True, capture_output=True, timeout=120,
        env=os.environ | {"PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg"},
    )  # fmt: skip
    assert told.returncode == 0, told.stderr[-2000:]
    mine = (str(folder), str(ROOT / "data"), str(ROOT / "minixai"), sys.prefix, sys.base_prefix)
    opened = 0
    for line in told.stdout.splitlines():
        event, what = line.split(" ", 1)
        if event == "open" and what.startswith(mine):
            opened += what.startswith(str(folder))
        else:
            assert event in ("compile", "exec"), line
            assert str(folder) not in what, line
    assert opened >= len(paths)
    assert sorted(folder.iterdir()) == paths
    assert [path.name for path in tmp_path.iterdir()] == ["files"]


def test_the_page_and_the_code_say_the_same() -> None:
    from minixai import files, images, model
    from minixai.zoo.onnx import schema, wire

    page = (ROOT / "lessons" / "pages" / "trust" / "security.md").read_text(encoding="utf-8")
    for what in (
        f"{wire.MOST:,} fields", f"more than {schema.DEEPEST} deep", f"{model.MOST_LAYERS:,} layers",
        f"{files.UNPACKED >> 20} MB or {files.RATIO} times",
    ):  # fmt: skip
        assert what in page, what
    assert all(name.lower() in page.lower() for name in images.FORMATS)

"""A fuzz of our own: calls drawn from the signatures, files mutated by kind.  Each outcome is right or one sentence.

FUZZ_SEED=7 FUZZ_CASES=2000 pytest -m slow tests/fuzz
"""

import inspect
import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minixai as mx
from minixai.layers import Conv2D, Dense, Flatten
from minixai.zoo import load
from tests.fuzz.outcomes import CASES, SEED, expect, expect_answer_or_sentence

MODEL = mx.Model([("conv1", Conv2D(3, 3, activation="relu")), Flatten(), Dense(4)], input_shape=(6, 6, 1))
X = np.random.default_rng(1).random((2, 6, 6, 1)).astype(np.float32)
VALUES: list[Any] = [
    None, 0, 1, 2, 3, -1, 10**12, 10**30, 0.5, -0.5, float("nan"), float("inf"), True, "", "black", "blur", "noise",
    "abc", "score", "probability", "conv1", b"x", [], [0, 1], [[1], [1, 2]], {}, X, X[:1], X[:, :3], np.zeros(0),
    np.array("a"), np.full((2, 6, 6, 1), np.nan), (1, 2), (2, 2), "a" * 5000,
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_calls() -> None:
    rng = np.random.default_rng(SEED)
    names = list(mx.catalogue)
    for case in range(CASES):
        method = mx.catalogue[names[int(rng.integers(len(names)))]]
        options = [name for name in inspect.signature(method.function).parameters if name not in ("model", "x")]
        given: dict[str, Any] = {"background": X} if "background" in options and rng.random() < 0.9 else {}
        for name in rng.choice(options, size=min(len(options), int(rng.integers(0, 4))), replace=False):
            given[str(name)] = VALUES[int(rng.integers(len(VALUES)))]
        x = X if rng.random() < 0.8 else VALUES[int(rng.integers(len(VALUES)))]
        if any(isinstance(given.get(name), int) and given[name] > 100 for name in ("steps", "samples", "permutations")):
            given.pop("target", None)
        what = f"seed {SEED} case {case}: {method.name}({x!r:.60}, {given!r:.300})"
        before = X.copy()
        expect_answer_or_sentence(lambda method=method, x=x, given=given: method.function(MODEL, x, **given), what)  # type: ignore[misc]
        expect(np.array_equal(X, before), f"{what}: x was changed")


def originals(folder: Path) -> list[Path]:
    MODEL.save(folder / "a.npz")
    files = [folder / "a.npz"]
    try:
        import h5py
    except ImportError:
        return files
    with h5py.File(folder / "a.h5", "w") as file:
        for name, w in MODEL.weights.items():
            file[f"model_weights/{name}"] = w
        file.attrs["model_config"] = '{"class_name": "Sequential", "config": {"layers": []}}'
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file["layers/dense/vars/0"] = np.ones((3, 3), np.float32)
    with zipfile.ZipFile(folder / "a.keras", "w") as archive:
        archive.writestr("config.json", '{"class_name": "Sequential", "config": {"name": "s", "layers": []}}')
        archive.writestr("metadata.json", '{"keras_version": "3.4.1"}')
        archive.writestr("model.weights.h5", buffer.getvalue())
    return [*files, folder / "a.h5", folder / "a.keras"]


def mutate(content: bytes, rng: np.random.Generator) -> bytes:
    data = bytearray(content)
    for _ in range(int(rng.integers(1, 6))):
        at = int(rng.integers(len(data)))
        match int(rng.integers(5)):
            case 0:
                data[at] ^= 1 << int(rng.integers(8))
            case 1:
                data[at : at + 4] = b"\xff" * len(data[at : at + 4])
            case 2:
                data = data[: max(at, 1)]
            case 3:
                data[at:at] = rng.bytes(int(rng.integers(1, 50)))
            case _:
                other = int(rng.integers(len(data)))
                data[at : at + 30] = data[other : other + 30]
    return bytes(data) or b"\0"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_files(tmp_path: Path) -> None:
    rng = np.random.default_rng(SEED)
    files = [(path.suffix, path.read_bytes()) for path in originals(tmp_path)]
    files.append((".onnx", bytes([8, 8, 58, 12, 10, 6, 10, 1, 97, 18, 1, 98, 18, 2, 103, 49, 66, 2, 16, 13])))
    for case in range(CASES):
        suffix, content = files[case % len(files)]
        path = tmp_path / f"m{suffix}"
        path.write_bytes(mutate(content, rng))
        expect_answer_or_sentence(lambda path=path: load(path), f"seed {SEED} case {case}: {suffix}")  # type: ignore[misc]
        expect_answer_or_sentence(
            lambda path=path: mx.zoo.vgg16(weights=path), f"seed {SEED} case {case}: weights {suffix}"
        )  # type: ignore[misc]

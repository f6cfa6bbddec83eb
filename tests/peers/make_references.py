"""Make data/references/ again: small networks drawn by seed, and what other libraries find in them.

    python tests/peers/make_references.py networks                  draws the networks and their inputs
    python tests/peers/make_references.py torch captum shap zennit  asks these libraries, and writes what they say
    python tests/peers/make_references.py kinks                     asks captum, shap and zennit about edges of rules
    python tests/peers/make_references.py deeplift                  likewise, in an environment of its own;
    python tests/peers/make_references.py tf-explain                and the same, one after the other
    python tests/peers/make_references.py rounding-sums             what PyTorch and NumPy lose in long sums
    python tests/peers/make_references.py ties                      captum and shap, where everything ties

The frozen values were made by

    python 3.11   torch 2.13.0 (CPU)   captum 0.9.0   shap 0.51.0   zennit 0.5.1   numpy 2.4
        pip install torch captum==0.9.0 shap==0.51.0, and pip install --no-deps zennit==0.5.1
    python 3.11   deeplift 0.6.13.0    tensorflow-cpu 2.15.1        numpy 1.26
                  tf-explain 0.3.1     opencv-python-headless 4.10
        pip install "tensorflow-cpu==2.15.*" "numpy<2" h5py deeplift==0.6.13.0
        pip install --no-deps tf-explain==0.3.1 "opencv-python-headless<4.11"

Each library is asked in a file of its own, `tests/peers/ask_*.py`, which knows nothing of minixai: it builds its
networks from the plain arrays in networks.npz.  Results are arrays named "network/method", channels last; beside them,
as JSON under "about", stand the versions, how each was asked for, and the checksum of every network and its inputs.
Networks that are drawn anew by the same seeds are the same to the bit, and so are their checksums.
"""

from __future__ import annotations

import hashlib
import json
import sys
import warnings
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

FOLDER = Path(__file__).resolve().parents[2] / "data" / "references"
LIBRARIES = ("torch", "captum", "shap", "zennit", "deeplift", "tf-explain", "rounding-sums", "kinks", "ties")
Array = Any


class Frozen(NamedTuple):
    """A network as plain arrays: its layers as JSON tells them, weights by name, inputs and a background."""

    layers: list[dict[str, Any]]
    weights: dict[str, Array]
    x: Array
    background: Array
    digest: str


def networks() -> dict[str, Frozen]:
    """What networks.npz holds."""
    with np.load(FOLDER / "networks.npz", allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    found = {}
    for name in sorted({key.split("/")[0] for key in arrays}):
        own = {key.removeprefix(f"{name}/"): a for key, a in arrays.items() if key.startswith(f"{name}/")}
        checksum = digest(own)
        layers = json.loads(str(own.pop("architecture")))["layers"]
        found[name] = Frozen(layers, own, own.pop("x"), own.pop("background"), checksum)
    return found


def digest(arrays: Mapping[str, Array]) -> str:
    """SHA-256 of arrays, by name: as `minixai.references.frozen` computes it."""
    seen = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        seen.update(f"{name} {array.dtype.str} {array.shape} ".encode() + np.ascontiguousarray(array).tobytes())
    return seen.hexdigest()


# -- the networks -------------------------------------------------------------------------------------


def drawn() -> dict[str, Array]:
    """The arrays of networks.npz."""
    from minixai.layers import Activation, Add, AveragePool2D, BatchNorm, Conv2D, Dense, Flatten, MaxPool2D
    from minixai.layers import GlobalAveragePool2D as Gap

    def end(bias: bool = True) -> tuple[str, Dense]:
        return "scores", Dense(3, bias=bias)

    made = {
        "dense": ([Dense(8, activation="relu"), Dense(7, activation="relu"), end()], (6,)),
        "conv": (
            [
                Conv2D(4, 3, activation="relu"), MaxPool2D(2),
                Conv2D(6, 3, padding=1, groups=2, activation="relu"), AveragePool2D(2),
                Flatten(), Dense(8, activation="relu"), end(),
            ],
            (10, 10, 2),
        ),
        "nobias": (
            [
                Conv2D(5, 3, stride=2, bias=False, activation="relu"), MaxPool2D(2),
                Flatten(), Dense(8, bias=False, activation="relu"), end(bias=False),
            ],
            (10, 10, 1),
        ),
        "strided": (
            [
                Conv2D(4, 3, stride=2, activation="relu"), Conv2D(5, 2, activation="relu"),
                Flatten(), Dense(8, activation="relu"), end(),
            ],
            (9, 9, 1),
        ),
        "smooth": (
            [
                Conv2D(3, 3, stride=2, activation="softplus"), BatchNorm(), Activation("tanh"),
                Flatten(), Dense(6, activation="sigmoid"), end(),
            ],
            (7, 7, 2),
        ),
        "gap": (
            [
                Conv2D(6, 3, activation="relu"), Conv2D(5, 3, padding=1, activation="relu"),
                Gap(), end(),
            ],
            (9, 9, 1),
        ),
        "residual": (
            [
                ("a", Conv2D(4, 3, activation="relu")), ("b", Conv2D(4, 3, padding=1)), ("norm", BatchNorm()),
                ("sum", Add(), ["a", "norm"]), ("c", Activation("relu")), Gap(), end(),
            ],
            (7, 7, 3),
        ),
    }  # fmt: skip
    arrays = {}
    for seed, (name, (layers, shape)) in enumerate(made.items()):
        arrays |= {f"{name}/{key}": a for key, a in draw(layers, shape, np.random.default_rng(seed)).items()}
    return arrays


def draw(layers: list[Any], shape: tuple[int, ...], rng: np.random.Generator) -> dict[str, Array]:
    """A network with weights that keep every layer alive, three inputs and a background of four."""
    from minixai import Model

    model = Model(layers, shape, dtype=np.float64)
    scales = {
        "kernel": lambda s: rng.normal(size=s) * 1.5 / np.sqrt(np.prod(s[:-1])),
        "variance": lambda s: rng.uniform(0.5, 2, s),
        "gamma": lambda s: rng.normal(size=s),  # some are negative
    }
    shift = lambda s: rng.normal(0, 0.3, s)  # noqa: E731
    weights = {key: scales.get(key.rsplit("/")[-1], shift)(w.shape) for key, w in model.weights.items()}
    inputs = {"x": rng.normal(size=(3, *shape)), "background": rng.normal(size=(4, *shape))}
    return weights | inputs | {"architecture": np.array(json.dumps(model.architecture))}


# -- the results --------------------------------------------------------------------------------------


class Results:
    """What a library says, as it is asked: results.add("conv/gradient", "how it was asked", values)."""

    def __init__(self, library: str, versions: Mapping[str, str]) -> None:
        self.arrays: dict[str, Array] = {}
        self.about: dict[str, Any] = {"library": library, "versions": dict(versions), "how": {}}

    def add(self, name: str, how: str, values: Array) -> None:
        assert name not in self.arrays, name
        self.arrays[name] = np.asarray(values)
        self.about["how"][name] = how


def recomputed(library: str) -> Results:
    """What the library says of the networks in networks.npz, asked now."""
    found = networks()
    ask: Callable[[dict[str, Frozen], type[Results]], Results] = import_module(f"ask_{library.replace('-', '_')}").ask
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the libraries' own
        results = ask(found, Results)
    used = {name.split("/")[0] for name in results.arrays} & set(found)
    results.about["networks"] = {name: found[name].digest for name in sorted(used)}
    return results


def main(what: list[str]) -> None:
    if not what or set(what) - {"networks", *LIBRARIES}:
        sys.exit(f"usage: make_references.py networks | {' | '.join(LIBRARIES)} ...")
    FOLDER.mkdir(exist_ok=True)
    for each in what:
        if each == "networks":
            arrays = drawn()
        else:
            results = recomputed(each)
            arrays = results.arrays | {"about": np.array(json.dumps(results.about, ensure_ascii=False))}
        np.savez_compressed(FOLDER / f"{each}.npz", **arrays)
        print(f"{each}.npz: {len(arrays)} arrays, {(FOLDER / f'{each}.npz').stat().st_size:,} bytes")


if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parent)]
    main(sys.argv[1:])

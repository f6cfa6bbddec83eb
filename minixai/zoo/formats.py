"""Files of weights as their publishers ship them: Keras's .h5, .safetensors with torchvision's names, our .npz.

The format is recognised by the first bytes of a file, not by its name.  Each reader lists the tensors without reading
them; `read_weights` checks all names and shapes before it reads the first tensor.  Pickles (.pth) are never opened.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from math import prod
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from minixai.arrays import Array, mark_readonly
from minixai.files import check_regular, open_arrays
from minixai.model import tuples
from minixai.preprocessing import CAFFE, TORCHVISION, Preprocessing
from minixai.text import listed
from minixai.validate import check_finite
from minixai.zoo import safetensors
from minixai.zoo.hdf5 import HDF5, Stored, hdf5

Shape = tuple[int, ...]

PICKLES = (".pth", ".pt", ".bin", ".pkl", ".pickle", ".ckpt")
KINDS = "Keras's .h5, a .safetensors with torchvision's names, or an .npz of model.save"
CONVERT = (
    "import torch, safetensors.torch as s; w = torch.load({0!r}, weights_only=True); "
    "s.save_file({{k: v.contiguous() for k, v in w.items()}}, {1!r})"
)


class Contents(NamedTuple):
    """What a file holds.  With `torch`, names and axes are as in torchvision; otherwise as in Keras and here."""

    tensors: list[Stored]
    preprocessing: Preprocessing
    torch: bool = False


@dataclass(frozen=True)
class Wanted:
    """The weights that a network needs from a file.

    shapes    {our name, such as "block1_conv1/kernel": shape} of each weight needed, axes in our order
    torch     {torchvision's name: our name} of every weight that the file may hold, needed or not
    maps      (h, w, channels) of the feature maps before they are flattened
    flat      the name of the dense kernel that is applied to the flattened maps
    """

    shapes: Mapping[str, Shape]
    torch: Mapping[str, str]
    maps: Shape
    flat: str


def read_weights(
    path: str | PathLike[str], wanted: Wanted, dtype: np.dtype[Any]
) -> tuple[dict[str, Array], Preprocessing]:
    """Return ({our name: weight} from a file, the preprocessing that belongs to these weights).

    Raises ValueError if the file is missing, damaged, a pickle, or holds the weights of another network.
    """
    place = Path(path)
    try:
        with open_weights(place) as file:
            names = dict(wanted.torch) if file.torch else {name: name for name in wanted.torch.values()}
            found = {names.get(tensor.key, ""): tensor for tensor in file.tensors}
            check_names(file, names, found, wanted)
            for name, shape in wanted.shapes.items():
                check_shape(found[name], torch_shape(shape) if file.torch else shape)
            arrays = {name: read_tensor(found[name], name, file.torch, wanted, dtype) for name in wanted.shapes}
    except ImportError:
        raise ValueError(f"reading {str(place)!r} needs h5py: pip install 'minixai[weights]'") from None
    except Exception as problem:  # a foreign or damaged file can make h5py, zip, json and NumPy fail in any way
        reason = " ".join(str(problem).split()) or type(problem).__name__
        raise ValueError(f"cannot take weights from {str(place)!r}: {reason}") from None
    return arrays, file.preprocessing


def check_names(file: Contents, names: Mapping[str, str], found: Mapping[str, Stored], wanted: Wanted) -> None:
    """Raise ValueError if the file lacks a weight that is needed, or holds a tensor that is not in `names`."""
    if extra := [tensor.name for tensor in file.tensors if tensor.key not in names]:
        raise ValueError(f"it holds {listed(extra)}, which this network has not: is it the file of another one?")
    if missing := [theirs for theirs, mine in names.items() if mine in wanted.shapes and mine not in found]:
        dense = all("conv" not in names[theirs] for theirs in missing)
        mend = "give features_only=True, or the file with the dense layers" if dense else "is it of another network?"
        raise ValueError(f"it lacks {listed(missing)}: {mend}")


def check_shape(tensor: Stored, shape: Shape) -> None:
    if tensor.shape != shape:
        raise ValueError(f"{tensor.name} has the shape {tensor.shape}, but {shape} is needed: it is of another network")


def read_tensor(tensor: Stored, name: str, torch: bool, wanted: Wanted, dtype: np.dtype[Any]) -> Array:
    """Return a tensor in the given dtype, with its axes in our order.  Raises ValueError unless it is finite."""
    try:
        w = tensor.read()
    except OSError as problem:
        raise ValueError(f"{tensor.name} is damaged ({problem}): copy or download the file again") from None
    if w.dtype.kind != "f":
        raise ValueError(f"{tensor.name} holds {w.dtype}, not floats")
    if torch and name == wanted.flat:
        h, width, channels = wanted.maps
        w = from_torch(w.reshape(len(w), channels, h, width)).reshape(-1, len(w))
    elif torch:
        w = from_torch(w)
    with np.errstate(over="ignore", invalid="ignore"):  # `check_finite` raises for what becomes infinite
        made = check_finite(np.ascontiguousarray(w, dtype), tensor.name)
    return mark_readonly(made if made.flags.owndata else made.copy())


def from_torch(w: Array) -> Array:
    """Reorder the axes of a weight: (O, I, h, w) -> (h, w, I, O); (O, I) -> (I, O); (O,) -> (O,)."""
    return np.moveaxis(w, (0, 1), (-1, -2)) if w.ndim > 1 else w


def torch_shape(shape: Shape) -> Shape:
    """Return the shape of a weight in torchvision: (h, w, I, O) -> (O, I, h, w); (I, O) -> (O, I); (O,) -> (O,).

    >>> torch_shape((3, 3, 64, 128)), torch_shape((10, 5)), torch_shape((5,))
    ((128, 64, 3, 3), (5, 10), (5,))
    """
    return (*reversed(shape[-2:]), *shape[:-2])


# -- the formats --------------------------------------------------------------------------------------


@contextmanager
def open_weights(path: Path) -> Iterator[Contents]:
    """Open a file in any of the formats and yield its contents.  Raises ValueError for any other file."""
    if path.is_dir():
        raise ValueError("it is a folder, give a file in it")
    if not path.exists():
        raise ValueError("there is no such file, check the path")
    check_regular(path)
    with open(path, "rb") as file:
        start = file.read(9)
    if start.startswith(HDF5):
        with read_keras(path) as contents:
            yield contents
    elif start[8:] == b"{":  # checked before pickles: the length of the header may begin like one
        yield read_torchvision(path)
    elif start.startswith(b"PK") and not holds_pickle(path):
        with read_npz(path) as contents:
            yield contents
    elif start.startswith((b"PK", b"\x80")) or path.suffix in PICKLES:
        raise ValueError(pickle_advice(path))
    else:
        raise ValueError(f"it is damaged, or in no format that is known here: give {KINDS}")


def holds_pickle(path: Path) -> bool:
    """Whether a zip file holds a pickle, as the files of torch.save do.  Raises ValueError for a damaged zip file."""
    if not zipfile.is_zipfile(path):
        raise ValueError("it is damaged: its end is missing, copy or download it again")
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith(".pkl") for name in archive.namelist())


def pickle_advice(path: Path) -> str:
    command = CONVERT.format(str(path), str(path.with_suffix(".safetensors")))
    return (
        "it is a pickle, which may run any program when it is opened, so minixai never does; "
        f'where PyTorch is installed, convert it once: python -c "{command}"'
    )


@contextmanager
def read_keras(path: Path) -> Iterator[Contents]:
    """Yield the contents of Keras's HDF5: a group for each layer, which holds its kernel and its bias.

    In a file of a whole model these groups lie in model_weights.  The names of weights changed over the years, from
    block1_conv1_W_1:0 to block1_conv1/kernel:0 to block1_conv1/kernel, so a weight of two or more axes is taken for
    the kernel.
    """
    with hdf5(path, path.stat().st_size) as (_, datasets):
        of_model = [dataset for name, dataset in datasets.items() if name.startswith("model_weights/")]
        tensors = dict[str, Stored]()
        for dataset in of_model or datasets.values():
            name = dataset.name.removeprefix("model_weights/")
            key = f"{name.split('/')[0]}/{'kernel' if len(dataset.shape) > 1 else 'bias'}"
            key = name if key in tensors else key
            tensors[key] = Stored(key, name, dataset.shape, dataset.read)
        if not tensors:
            raise ValueError("it holds no weights: give a file that Keras has written")
        yield Contents(list(tensors.values()), CAFFE)


def read_torchvision(path: Path) -> Contents:
    """Return the contents of safetensors, whose names are torchvision's or timm's."""
    tensors = []
    for tensor in safetensors.tensors(path):
        key = tensor.name
        for theirs, name in TIMM.items():
            key = key.replace(theirs, name)
        dense = key != tensor.name and len(tensor.shape) == 4
        shape = (tensor.shape[0], prod(tensor.shape[1:])) if dense else tensor.shape
        tensors.append(Stored(key, tensor.name, shape, partial(tensor.read, shape)))
    return Contents(tensors, TORCHVISION, torch=True)


TIMM = {"pre_logits.fc1.": "classifier.0.", "pre_logits.fc2.": "classifier.3.", "head.fc.": "classifier.6."}
"""{timm's name: torchvision's name} of the dense layers; timm stores the first two as convolutions."""


@contextmanager
def read_npz(path: Path) -> Iterator[Contents]:
    """Yield the contents of an .npz of `model.save`.  Of its architecture only the preprocessing is used."""
    with open_arrays(path) as arrays:
        architecture = arrays.pop("architecture", None)
        preprocessing = read_preprocessing("{}" if architecture is None else str(architecture.read()))
        yield Contents([Stored(name, name, w.shape, w.read) for name, w in arrays.items()], preprocessing)


def read_preprocessing(architecture: str) -> Preprocessing:
    """Return the preprocessing in an architecture that model.save wrote, or Keras's if it has none."""
    try:
        config = json.loads(architecture).get("preprocessing")
        return Preprocessing(**tuples(config)) if config else CAFFE
    except (json.JSONDecodeError, TypeError, AttributeError, RecursionError):
        raise ValueError("its architecture is not one that model.save writes: save the model again") from None

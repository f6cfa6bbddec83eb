"""Files of weights as their publishers ship them: Keras's .h5, .safetensors with torchvision's names, our .npz.

A file is told by how it begins, not by its name.  Each reader lists the tensors of a file without reading them;
`read_weights` then checks all names and shapes before it reads the first.  Pickles (.pth) are never opened.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from math import prod
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from minixai.arrays import Array, mark_readonly
from minixai.files import read_arrays
from minixai.model import tuples
from minixai.preprocessing import CAFFE, TORCHVISION, Preprocessing
from minixai.validate import check_finite
from minixai.zoo import safetensors

Shape = tuple[int, ...]

HDF5 = b"\x89HDF\r\n\x1a\n"
PICKLES = (".pth", ".pt", ".bin", ".pkl", ".pickle", ".ckpt")
KINDS = "Keras's .h5, a .safetensors with torchvision's names, or an .npz of model.save"
CONVERT = (
    "import torch, safetensors.torch as s; w = torch.load({0!r}, weights_only=True); "
    "s.save_file({{k: v.contiguous() for k, v in w.items()}}, {1!r})"
)
NAMED = 3  # tensors that an error names


class Stored(NamedTuple):
    """A tensor in a file: what it is there, what it is called in messages, its shape there, and how it is read."""

    key: str
    name: str
    shape: Shape
    read: Callable[[], Array]


class Contents(NamedTuple):
    """What a file holds; `torch` if in torchvision's names and order of axes, else in ours, which are Keras's."""

    tensors: list[Stored]
    preprocessing: Preprocessing
    torch: bool = False


@dataclass(frozen=True)
class Wanted:
    """What a network needs of a file.

    shapes    {"block1_conv1/kernel": shape} of each weight, in our order of axes
    torch     torchvision's names of all the file may hold, and ours
    maps      (h, w, channels) of what is flattened, and the kernel that reads it
    """

    shapes: Mapping[str, Shape]
    torch: Mapping[str, str]
    maps: Shape
    flat: str


def read_weights(
    path: str | PathLike[str], wanted: Wanted, dtype: np.dtype[Any]
) -> tuple[dict[str, Array], Preprocessing]:
    """The weights by our names, and the preprocessing that their publisher uses.

    Raises ValueError, in one sentence, for a file that is missing, damaged, a pickle, or of another network.
    """
    place = Path(path)
    try:
        with opened(place) as file:
            names = dict(wanted.torch) if file.torch else {name: name for name in wanted.torch.values()}
            found = {names.get(tensor.key, ""): tensor for tensor in file.tensors}
            compare_names(file, names, found, wanted)
            for name, shape in wanted.shapes.items():
                compare_shapes(found[name], torch_shape(shape) if file.torch else shape)
            arrays = {name: loaded(found[name], name, file.torch, wanted, dtype) for name in wanted.shapes}
    except ImportError:
        raise ValueError(f"reading {str(place)!r} needs h5py: pip install 'minixai[weights]'") from None
    except Exception as problem:  # a foreign or damaged file can make h5py, zip, json and NumPy fail in any way
        reason = " ".join(str(problem).split()) or type(problem).__name__
        raise ValueError(f"cannot take weights from {str(place)!r}: {reason}") from None
    return arrays, file.preprocessing


def compare_names(file: Contents, names: Mapping[str, str], found: Mapping[str, Stored], wanted: Wanted) -> None:
    """Raise ValueError for tensors that are missing, and for some that the network has not."""
    if extra := [tensor.name for tensor in file.tensors if tensor.key not in names]:
        raise ValueError(f"it holds {listed(extra)}, which this network has not: is it the file of another one?")
    if missing := [theirs for theirs, mine in names.items() if mine in wanted.shapes and mine not in found]:
        dense = all("conv" not in names[theirs] for theirs in missing)
        mend = "give features_only=True, or the file with the dense layers" if dense else "is it of another network?"
        raise ValueError(f"it lacks {listed(missing)}: {mend}")


def compare_shapes(tensor: Stored, shape: Shape) -> None:
    if tensor.shape != shape:
        raise ValueError(f"{tensor.name} has the shape {tensor.shape}, but {shape} is needed: it is of another network")


def listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" * (len(names) > NAMED)
    return ", ".join(names[:NAMED]) + more


def loaded(tensor: Stored, name: str, torch: bool, wanted: Wanted, dtype: np.dtype[Any]) -> Array:
    """A tensor as we hold it: read, checked, its axes in our order."""
    try:
        w = tensor.read()
    except OSError as problem:
        raise ValueError(f"{tensor.name} is damaged ({problem}): copy or download the file again") from None
    if w.dtype.kind != "f":
        raise ValueError(f"{tensor.name} holds {w.dtype}, not floats")
    if torch and name == wanted.flat:
        h, width, channels = wanted.maps
        w = ours(w.reshape(len(w), channels, h, width)).reshape(-1, len(w))
    elif torch:
        w = ours(w)
    with np.errstate(over="ignore", invalid="ignore"):  # `check_finite` raises for what becomes infinite
        made = check_finite(np.ascontiguousarray(w, dtype), tensor.name)
    return mark_readonly(made if made.flags.owndata else made.copy())


def ours(w: Array) -> Array:
    """(O, I, h, w) -> (h, w, I, O); (O, I) -> (I, O); (O,) -> (O,)"""
    return np.moveaxis(w, (0, 1), (-1, -2)) if w.ndim > 1 else w


def torch_shape(shape: Shape) -> Shape:
    """(h, w, I, O) -> (O, I, h, w); (I, O) -> (O, I); (O,) -> (O,)

    >>> torch_shape((3, 3, 64, 128)), torch_shape((10, 5)), torch_shape((5,))
    ((128, 64, 3, 3), (5, 10), (5,))
    """
    return (*reversed(shape[-2:]), *shape[:-2])


# -- the formats --------------------------------------------------------------------------------------


@contextmanager
def opened(path: Path) -> Iterator[Contents]:
    """What is in a file, whatever its format."""
    if path.is_dir():
        raise ValueError("it is a folder, give a file in it")
    if not path.exists():
        raise ValueError("there is no such file, check the path")
    with open(path, "rb") as file:
        start = file.read(9)
    if start.startswith(HDF5):
        with keras(path) as contents:
            yield contents
    elif start[8:] == b"{":  # the length of its header may begin as a pickle does
        yield torchvision(path)
    elif start.startswith(b"PK") and not pickled(path):
        with npz(path) as contents:
            yield contents
    elif start.startswith((b"PK", b"\x80")) or path.suffix in PICKLES:
        raise ValueError(pickle_advice(path))
    else:
        raise ValueError(f"it is damaged, or in no format that is known here: give {KINDS}")


def pickled(path: Path) -> bool:
    """Whether a zip file holds a pickle, as torch.save writes it."""
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
def keras(path: Path) -> Iterator[Contents]:
    """Keras's HDF5: a group for each layer, with its kernel and its bias; of a whole model, under model_weights.

    Their names changed with the years, block1_conv1_W_1:0, then block1_conv1/kernel:0, now block1_conv1/kernel; so it
    is the axes that tell which is which.
    """
    import h5py

    try:
        whole = h5py.File(path, "r")
    except OSError as problem:
        raise ValueError(f"it is damaged ({problem}): copy or download it again") from None
    with whole as file:
        root, tensors = file.get("model_weights", file), dict[str, Stored]()

        def enter(name: str, thing: Any) -> None:
            if isinstance(thing, h5py.Dataset):
                key = f"{name.split('/')[0]}/{'kernel' if thing.ndim > 1 else 'bias'}"
                key = name if key in tensors else key
                tensors[key] = Stored(key, name, thing.shape, partial(np.asarray, thing))

        root.visititems(enter)
        if not tensors:
            raise ValueError("it holds no weights: give a file that Keras has written")
        yield Contents(list(tensors.values()), CAFFE)


def torchvision(path: Path) -> Contents:
    """Safetensors with the names of torchvision, or those that timm gives to the same weights."""
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
"""What timm calls the dense layers, the first two of which it holds as convolutions."""


@contextmanager
def npz(path: Path) -> Iterator[Contents]:
    """Our own format: arrays by their names, and the architecture, of which the preprocessing is kept."""
    arrays = read_arrays(path)
    if others := [name for name, w in arrays.items() if not isinstance(w, np.ndarray)]:
        raise ValueError(f"it is a zip file with {listed(others)} in it, which are no arrays: give {KINDS}")
    preprocessing = described(str(arrays.pop("architecture", "{}")))
    yield Contents([Stored(name, name, w.shape, partial(np.asarray, w)) for name, w in arrays.items()], preprocessing)


def described(architecture: str) -> Preprocessing:
    """The preprocessing of an architecture as model.save writes it, by default Keras's."""
    try:
        config = json.loads(architecture).get("preprocessing")
        return Preprocessing(**tuples(config)) if config else CAFFE
    except (json.JSONDecodeError, TypeError, AttributeError, RecursionError):
        raise ValueError("its architecture is not one that model.save writes: save the model again") from None

"""Frozen results of other libraries: small networks as plain arrays, and what the libraries computed for them.

    networks.npz      each network's architecture, weights, inputs x and background
    LIBRARY.npz       "network/method" arrays, channels last; under "about", as JSON: the versions, the call that gave
                      each value, and the checksum of every network

`tests/peers/make_references.py` makes them again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from minixai.arrays import Array
from minixai.files import shipped_arrays
from minixai.model import Model, rebuild
from minixai.validate import one_of


class FrozenNetwork(NamedTuple):
    """A network, inputs x and a background of baselines, all with rows first, and the checksum of the three."""

    name: str
    model: Model
    x: Array
    background: Array
    checksum: str


class FrozenResults(NamedTuple):
    """The results of a library.

    arrays     by "network/method"
    how        the call of the library that gave each array
    versions   of the packages that were asked
    networks   the checksum of every network
    """

    arrays: Mapping[str, Array]
    how: Mapping[str, str]
    versions: Mapping[str, str]
    networks: Mapping[str, str]


def checksum_of(arrays: Mapping[str, Array]) -> str:
    """SHA-256 of arrays with their names, types and shapes.

    >>> a, b = checksum_of({"a": np.zeros(2)}), checksum_of({"b": np.zeros(2)})
    >>> a == checksum_of({"a": np.zeros(2)}), a == b
    (True, False)
    """
    checksum = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        checksum.update(f"{name} {array.dtype.str} {array.shape} ".encode() + np.ascontiguousarray(array).tobytes())
    return checksum.hexdigest()


@cache
def load_archive(name: str) -> dict[str, Array]:
    """The arrays of a file in data/references."""
    return shipped_arrays(f"references/{name}.npz")


@cache
def load_network(name: str) -> FrozenNetwork:
    """The network of this name in networks.npz.

    >>> load_network("dense").model.scores(load_network("dense").x).shape
    (3, 3)
    """
    arrays = load_archive("networks")
    one_of(name, sorted({key.split("/")[0] for key in arrays}), "network")
    own = {key.removeprefix(f"{name}/"): a for key, a in arrays.items() if key.startswith(f"{name}/")}
    checksum = checksum_of(own)
    architecture = json.loads(str(own.pop("architecture")))
    x, background = own.pop("x"), own.pop("background")
    return FrozenNetwork(name, rebuild(architecture, own), x, background, checksum)


@cache
def load_results(library: str) -> FrozenResults:
    """The results of a library.  Raises ValueError if its file belongs to another library or to other networks."""
    arrays = dict(load_archive(library))
    about: dict[str, Any] = json.loads(str(arrays.pop("about", "{}")))
    if about.get("library") != library or set(about["how"]) != set(arrays):
        raise ValueError(
            f"references/{library}.npz does not hold what {library} said: restore data/references, or make it again "
            "with tests/peers/make_references.py"
        )
    for name, checksum in about["networks"].items():
        if load_network(name).checksum != checksum:
            raise ValueError(
                f"the results of {library} belong to another network {name!r} than networks.npz holds: restore "
                "data/references, or make both again with tests/peers/make_references.py"
            )
    return FrozenResults(arrays, about["how"], about["versions"], about["networks"])

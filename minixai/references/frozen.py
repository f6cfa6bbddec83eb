"""What other libraries found, frozen: small networks as plain arrays, and the values that belong to them.

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


class Frozen(NamedTuple):
    """A network with its inputs and its background."""

    name: str
    model: Model
    x: Array
    background: Array
    digest: str


class Results(NamedTuple):
    """The results of a library: its arrays, and the call that gave each."""

    arrays: Mapping[str, Array]
    how: Mapping[str, str]
    versions: Mapping[str, str]
    networks: Mapping[str, str]


def digest(arrays: Mapping[str, Array]) -> str:
    """SHA-256 of named arrays, which must not change without the results.

    >>> a, b = digest({"a": np.zeros(2)}), digest({"b": np.zeros(2)})
    >>> a == digest({"a": np.zeros(2)}), a == b
    (True, False)
    """
    checksum = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        checksum.update(f"{name} {array.dtype.str} {array.shape} ".encode() + np.ascontiguousarray(array).tobytes())
    return checksum.hexdigest()


@cache
def archive(name: str) -> dict[str, Array]:
    """The arrays of a file in data/references."""
    return shipped_arrays(f"references/{name}.npz")


@cache
def network(name: str) -> Frozen:
    """A network of networks.npz.

    >>> network("dense").model.scores(network("dense").x).shape
    (3, 3)
    """
    arrays = archive("networks")
    one_of(name, sorted({key.split("/")[0] for key in arrays}), "network")
    own = {key.removeprefix(f"{name}/"): a for key, a in arrays.items() if key.startswith(f"{name}/")}
    checksum = digest(own)
    architecture = json.loads(str(own.pop("architecture")))
    x, background = own.pop("x"), own.pop("background")
    return Frozen(name, rebuild(architecture, own), x, background, checksum)


@cache
def results(library: str) -> Results:
    """The results of a library.  Raises ValueError for files that do not belong together."""
    arrays = dict(archive(library))
    about: dict[str, Any] = json.loads(str(arrays.pop("about", "{}")))
    if about.get("library") != library or set(about["how"]) != set(arrays):
        raise ValueError(
            f"references/{library}.npz does not hold what {library} said: restore data/references, or make it again "
            "with tests/peers/make_references.py"
        )
    for name, checksum in about["networks"].items():
        if network(name).digest != checksum:
            raise ValueError(
                f"the results of {library} belong to another network {name!r} than networks.npz holds: restore "
                "data/references, or make both again with tests/peers/make_references.py"
            )
    return Results(arrays, about["how"], about["versions"], about["networks"])

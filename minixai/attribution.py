"""What every method returns: the values, and a certificate of what they are worth."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from typing import Any, NamedTuple

import numpy as np

from minixai.arrays import Array, row_sums
from minixai.files import write_arrays
from minixai.text import columns

LINES = 8
"""Rows of the certificate printed before it is cut short."""


class Cost(NamedTuple):
    """What an attribution cost: rows sent forward through the network, and rows sent back.

    A baseline of one row goes forward once with every batch, so that smaller batches may cost a few rows more.  One
    row of it goes forward by itself as well: the reference score is measured, not derived.
    """

    forward: int
    backward: int

    def plus(self, forward: int, backward: int = 0) -> Cost:
        """So many rows more."""
        return Cost(self.forward + forward, self.backward + backward)

    def __str__(self) -> str:
        return f"{rows(self.forward)} forward, {rows(self.backward)} back"


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Attribution:
    """An attribution φ and its certificate, for N inputs.

    values              φ, the shape of the input, or of the layer it was asked at
    method              the name of the method
    target, versus      class numbers (N,): what is explained is f_target, or f_target − f_versus
    output              "score" (before softmax) or "probability"
    layer               the layer φ was asked at; None is the input
    baseline            the array used, with N rows or one; None where the method has none
    score               (N,): the explained number at the input
    reference_score     (N,): the explained number at the baseline; an independent pass of one row agrees with it
    gap                 (N,): Σφ − (score − reference_score); None where completeness is not promised
    gap_standard_error, standard_error    of sampled methods
    cost                rows forward, rows backward
    parameters          the method's own, as given
    extras              what else the method found, by name

    `print` shows the certificate, `np.asarray` gives the values.

    >>> import minixai as mx
    >>> np.asarray(mx.deep_lift(mx.toys.saturation, [[1.0, 1.0]]))
    array([[0.5, 0.5]])
    """

    values: Array
    method: str
    target: Array
    score: Array
    cost: Cost
    versus: Array | None = None
    output: str = "score"
    layer: str | None = None
    baseline: Array | None = None
    reference_score: Array | None = None
    gap: Array | None = None
    gap_standard_error: Array | None = None
    standard_error: Array | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    extras: Mapping[str, Any] = field(default_factory=dict)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(self.values, dtype) if copy else np.asarray(self.values, dtype)

    def __len__(self) -> int:
        return len(self.values)

    def __repr__(self) -> str:
        where = f" at {self.layer}" if self.layer else ""
        asked = "class " + " ".join(self.class_label(i) for i in range(min(len(self), 4))) + " ..." * (len(self) > 4)
        gap = "" if self.gap is None else f", largest gap {np.abs(self.gap).max():.1g}"
        return f"<{self.method}{where}: values {self.values.shape}, {self.output} of {asked}{gap}, {self.cost}>"

    def __str__(self) -> str:
        given = ", ".join(f"{name}={brief(value)}" for name, value in self.parameters.items())
        lines = [
            f"{self.method}({given})" + (f" at layer {self.layer}" if self.layer else ""),
            f"values {self.values.shape} {self.values.dtype} from {self.values.min():.4g} to {self.values.max():.4g}",
            f"cost {self.cost}",
            *self.table(),
        ]
        if self.gap is None:
            lines.append("gap: none is promised, the values need not add up to the score")
        return "\n".join(lines)

    def table(self) -> list[str]:
        """The certificate line by line, a line for each input."""
        total = row_sums(self.values)
        about: dict[str, Any] = {"input": range(len(self)), "class": [self.class_label(i) for i in range(len(self))]}
        about |= {
            self.output: self.score,
            "at baseline": self.reference_score,
            "sum of values": total,
            "gap": self.gap,
        }
        about |= {"gap std error": self.gap_standard_error}
        about = {title: column for title, column in about.items() if column is not None}
        cells = [[title, *(brief(x) for x in list(column)[:LINES])] for title, column in about.items()]
        table = columns(list(zip(*cells, strict=True)), right=range(len(cells)))
        return table + [f"... and {len(self) - LINES} more"] * (len(self) > LINES)

    def class_label(self, i: int) -> str:
        """Which class row i is about: "3", or "3-8" for a contrast."""
        return str(self.target[i]) + ("" if self.versus is None else f"-{self.versus[i]}")

    def save(self, path: str | PathLike[str]) -> None:
        """Write an .npz: the arrays under their names, the rest as JSON under "about".

        Raises ValueError if the file cannot be written.
        """
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        fields |= {f"extras/{name}": value for name, value in fields.pop("extras").items()}
        arrays = {name: value for name, value in fields.items() if isinstance(value, np.ndarray)}
        rest = {name: value for name, value in fields.items() if name not in arrays}
        write_arrays(path, arrays | {"about": json.dumps(rest, default=brief)})


def rows(n: int) -> str:
    return f"{n} row" if n == 1 else f"{n} rows"


def brief(x: Any) -> str:
    """A value in a few characters: an array by its shape."""
    if isinstance(x, np.ndarray) and x.ndim:
        return f"array{x.shape}"
    if isinstance(x, (float, np.floating, np.ndarray)):
        return f"{float(x):.4g}"
    return repr(x) if isinstance(x, str) and not x[:1].isdigit() else str(x)

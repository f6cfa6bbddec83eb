"""The result of every method: its values, and a certificate that says whether they add up and what they cost."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from dataclasses import fields as dataclass_fields
from html import escape
from os import PathLike
from typing import Any, ClassVar, NamedTuple, NoReturn

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from minixai.arrays import Array, readonly_view, row_sums
from minixai.files import write_arrays
from minixai.text import columns

MAX_ROWS = 8
"""The largest number of rows of a certificate that are printed; of the other rows only the count is shown."""


class Cost(NamedTuple):
    """The cost of an attribution: how many rows went through the network, forward and backward.

    If the baseline has one row, that row goes forward once with every batch, so smaller batches may cost a few rows
    more.  One row of the baseline also goes forward separately, to check the reference score.
    """

    forward: int
    backward: int

    def plus(self, forward: int, backward: int = 0) -> Cost:
        """The cost plus further rows, forward and backward."""
        return Cost(self.forward + forward, self.backward + backward)

    def __str__(self) -> str:
        return f"{rows_text(self.forward)} forward, {rows_text(self.backward)} back"


class Settings(dict[str, Any]):
    """A read-only dict for the parameters and extras of a certificate; arrays in it are read-only views.

    >>> Settings(steps=50)["steps"] = 10
    Traceback (most recent call last):
    ...
    TypeError: a certificate cannot be changed: make a copy, dict(...)
    """

    def __init__(self, *args: Any, **settings: Any) -> None:
        given = dict(*args, **settings)
        super().__init__((k, readonly_view(v) if isinstance(v, np.ndarray) else v) for k, v in given.items())

    def refuse_change(self, *args: object, **options: object) -> NoReturn:
        """Raise TypeError: a certificate cannot be changed."""
        raise TypeError("a certificate cannot be changed: make a copy, dict(...)")

    __setitem__ = __delitem__ = __ior__ = refuse_change
    update = setdefault = pop = popitem = clear = refuse_change

    def __reduce__(self) -> tuple[Any, ...]:
        return Settings, (dict(self),)


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Attribution(NDArrayOperatorsMixin):
    """An attribution φ and its certificate, for N inputs.

    It can be used like the array of its values: `result.shape`, `result[0]`, `2 * result`, `result > 0`,
    `np.asarray(result)`; results of arithmetic are plain arrays.  Two attributions are equal only if they are the same
    object.  `print` shows the certificate; a notebook also shows the map beside its image.

    Attributes
    ----------
    values : ndarray
        φ, usually in the shape of the input, or of the layer that was asked for; see the Returns section of the method.
    method : str
        The name of the method.
    target, versus : ndarray of int, (N,)
        Class numbers: what is explained is f_target, or f_target − f_versus; `versus` is None without a contrast.
    output : {"score", "probability"}
        What is explained; the score is before softmax.
    layer : str or None
        The layer whose units are explained; None is the input.
    baseline : ndarray or None
        The baseline as an array, with N rows or one; None if the method has no single baseline.
    score : ndarray, (N,)
        What is explained, f, at the input.
    reference_score : ndarray, (N,), or None
        f at the baseline, or its mean over the background; one row of a baseline was checked by a separate pass.
    gap : ndarray, (N,), or None
        Σφ − (score − reference_score); None if the values need not add up.
    gap_standard_error, standard_error : ndarray or None
        The standard errors of the gap and of the values, if the method draws samples.
    cost : Cost
        How many rows went through the network, forward and backward.
    parameters : mapping
        The method's own parameters, as given; it cannot be changed.
    extras : mapping
        Further arrays of the method, by name.
    inputs : ndarray or None
        The inputs as rows of the model, to show beside the map; `save` does not write them.

    Examples
    --------
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
    inputs: Array | None = None
    draw_png: ClassVar[Callable[[Attribution], bytes | None] | None] = None
    """Returns the map beside its image as a PNG, or None; `minixai` sets it, so matplotlib is not imported here."""

    def __post_init__(self) -> None:
        for name in ("parameters", "extras"):
            object.__setattr__(self, name, Settings(getattr(self, name)))

    # -- as an array -------------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the values."""
        return self.values.shape

    @property
    def ndim(self) -> int:
        """The number of axes of the values."""
        return self.values.ndim

    @property
    def size(self) -> int:
        """The number of values."""
        return self.values.size

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the values."""
        return self.values.dtype

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(self.values, dtype) if copy else np.asarray(self.values, dtype)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        """Apply a NumPy function to the values."""
        if any(isinstance(out, Attribution) for out in options.get("out", ())):
            raise TypeError("an attribution cannot be written into: make a copy of its values, np.array(result)")
        return getattr(ufunc, method)(*(x.values if isinstance(x, Attribution) else x for x in inputs), **options)

    def __eq__(self, other: object) -> Any:
        return self is other if isinstance(other, Attribution) else np.equal(self.values, other)  # type: ignore[call-overload]

    def __ne__(self, other: object) -> Any:
        return self is not other if isinstance(other, Attribution) else np.not_equal(self.values, other)  # type: ignore[call-overload]

    __hash__ = object.__hash__

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: Any) -> Any:
        return self.values[index]

    def __iter__(self) -> Iterator[Array]:
        return iter(self.values)

    # -- as a certificate --------------------------------------------------------------------------------

    def __repr__(self) -> str:
        where = f" at {self.layer}" if self.layer else ""
        asked = "class " + " ".join(self.class_label(i) for i in range(min(len(self), 4))) + " ..." * (len(self) > 4)
        gap = "" if self.gap is None else f", largest gap {np.abs(self.gap).max():.1g}"
        return f"<{self.method}{where}: values {self.values.shape}, {self.output} of {asked}{gap}, {self.cost}>"

    def __str__(self) -> str:
        lines = [
            self.call_text,
            f"values {self.values.shape} {self.values.dtype} from {self.values.min():.4g} to {self.values.max():.4g}",
            f"cost {self.cost}",
            *columns(cells := self.certificate_rows(), right=range(len(cells[0]))),
            *self.remarks,
        ]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """The HTML that a notebook shows: the certificate as a table, beside the map."""
        head, *lines = (
            "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in row)
            for row, tag in zip(self.certificate_rows(), ["th", *["td"] * len(self)], strict=False)
        )
        notes = escape("; ".join([f"cost {self.cost}", *self.remarks]))
        draw = type(self).draw_png
        png = draw(self) if draw else None
        image = f'<img alt="the map" src="data:image/png;base64,{b64encode(png).decode()}">' if png else ""
        body = "".join(f"<tr>{line}</tr>" for line in lines)
        return (
            f"<div><p><b>{escape(self.call_text)}</b></p>{image}"
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table><p>{notes}</p></div>"
        )

    @property
    def call_text(self) -> str:
        """The method with its parameters as text: "deep_lift(rule='rescale') at layer conv2"."""
        given = ", ".join(f"{name}={short_text(value)}" for name, value in self.parameters.items())
        return f"{self.method}({given})" + (f" at layer {self.layer}" if self.layer else "")

    @property
    def remarks(self) -> list[str]:
        """The lines below the certificate: how many rows are not shown, and a note if there is no gap."""
        more = [f"... and {len(self) - MAX_ROWS} more"] * (len(self) > MAX_ROWS)
        return more + ["gap: none is promised, the values need not add up to the score"] * (self.gap is None)

    def certificate_rows(self) -> list[tuple[str, ...]]:
        """The certificate as a table: a row of titles, then a row for each of the first `MAX_ROWS` inputs."""
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
        cells = [[title, *(short_text(x) for x in list(column)[:MAX_ROWS])] for title, column in about.items()]
        return list(zip(*cells, strict=True))

    def class_label(self, i: int) -> str:
        """The class that row i explains: "3", or "3-8" for a contrast."""
        return str(self.target[i]) + ("" if self.versus is None else f"-{self.versus[i]}")

    def save(self, path: str | PathLike[str]) -> None:
        """Write the attribution to an .npz file: arrays under their names, everything else as JSON under "about".

        Parameters
        ----------
        path : path
            The file.

        Raises
        ------
        ValueError
            If the file cannot be written.
        """
        fields = {f.name: getattr(self, f.name) for f in dataclass_fields(self) if f.name != "inputs"}
        fields |= {f"extras/{name}": value for name, value in fields.pop("extras").items()}
        arrays = {name: value for name, value in fields.items() if isinstance(value, np.ndarray)}
        rest = {name: value for name, value in fields.items() if name not in arrays}
        write_arrays(path, arrays | {"about": json.dumps(rest, default=short_text)})


def rows_text(n: int) -> str:
    """A number of rows as text: "1 row", "2 rows"."""
    return f"{n} row" if n == 1 else f"{n} rows"


def short_text(x: Any) -> str:
    """A value in a few characters; an array is shown as its shape."""
    if isinstance(x, np.ndarray) and x.ndim:
        return f"array{x.shape}"
    if isinstance(x, (float, np.floating, np.ndarray)):
        return f"{float(x):.4g}"
    return repr(x) if isinstance(x, str) and not x[:1].isdigit() else str(x)

"""The catalogue of methods, made from the functions themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import wraps
from inspect import signature
from typing import ParamSpec

import numpy as np

from minixai.attribution import Attribution
from minixai.methods.call import asking
from minixai.ops.threads import own_threads
from minixai.text import columns
from minixai.validate import one_of


@dataclass(frozen=True)
class Method:
    """What one should know of a method before choosing it."""

    function: Callable[..., Attribution]
    answers: str
    passes: str
    complete: bool
    class_specific: bool = True
    sampled: bool = False
    baseline: bool = False

    @property
    def name(self) -> str:
        return self.function.__name__

    @property
    def compares(self) -> str:
        """What the input is compared with: "baseline", "background" (a set of them), or nothing."""
        if "background" in signature(self.function).parameters and not self.baseline:
            return "background"
        return "baseline" if self.baseline else ""

    def __call__(self, *args: object, **options: object) -> Attribution:
        return self.function(*args, **options)


class Catalogue(Mapping[str, Method]):
    """All methods by name; `print` shows them as a table.

    >>> import minixai as mx
    >>> mx.catalogue["gradient"].passes
    '1 forward, 1 back'
    """

    def __init__(self) -> None:
        self.methods: dict[str, Method] = {}

    def __getitem__(self, name: str) -> Method:
        return self.methods[one_of(name, self.methods, "method")]

    def __contains__(self, name: object) -> bool:
        return name in self.methods

    def __iter__(self) -> Iterator[str]:
        return iter(self.methods)

    def __len__(self) -> int:
        return len(self.methods)

    def arrange(self, names: Iterable[str]) -> None:
        """Put the methods into this order, which names all of them."""
        self.methods = {name: self.methods.pop(name) for name in names} | self.methods

    def __repr__(self) -> str:
        return f"<catalogue of {len(self)} methods: {', '.join(self)}; print shows them as a table>"

    def __str__(self) -> str:
        titles = ("method", "answers", "passes", "adds up", "by class", "sampled", "compares with")
        lines = [
            (m.name, m.answers, m.passes, *map(yes_or_no, (m.complete, m.class_specific, m.sampled)), m.compares)
            for m in self.methods.values()
        ]
        return "\n".join(columns([titles, *lines]))


def yes_or_no(is_so: bool) -> str:
    return "yes" if is_so else "no"


catalogue = Catalogue()

P = ParamSpec("P")


def check_finite_result(result: Attribution) -> Attribution:
    """The result, if all of it is finite."""
    for name in ("score", "reference_score", "values"):
        array = getattr(result, name)
        if array is not None and not np.isfinite(array).all():
            row = int(np.argwhere(~np.isfinite(array))[0][0])
            raise ValueError(
                f"the {name.replace('_', ' ')} of {result.method} is not finite for input {row}: look for log, sqrt "
                "or / at 0, for exp of large numbers, and for a baseline far from any image"
            )
    return result


def method(
    answers: str,
    passes: str,
    *,
    complete: bool,
    class_specific: bool = True,
    sampled: bool = False,
    baseline: bool = False,
) -> Callable[[Callable[P, Attribution]], Callable[P, Attribution]]:
    """Enter a function into the catalogue, and see to it that it never answers with NaN or infinity."""

    def register(function: Callable[P, Attribution]) -> Callable[P, Attribution]:
        @wraps(function)
        def wrapper(*args: P.args, **options: P.kwargs) -> Attribution:
            outer = asking.set(function.__name__)
            try:
                with np.errstate(over="ignore", divide="ignore", invalid="ignore"):  # what comes of it is told below
                    return check_finite_result(own_threads(function, *args, **options))
            finally:
                asking.reset(outer)

        entry = Method(wrapper, answers, passes, complete, class_specific, sampled, baseline)
        catalogue.methods[entry.name] = entry
        return wrapper

    return register

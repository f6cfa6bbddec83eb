"""Fill passages that several docstrings share into each of them at import, so that they are written only once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

F = TypeVar("F", bound="Callable[..., Any]")


def document_with(texts: Mapping[str, str]) -> Callable[[F], F]:
    """Return a decorator that fills texts into a docstring: a line "{name}" becomes texts[name], with its indentation.

    A line "{name, other}" becomes several texts, one below the other.

    >>> @document_with({"seed": "seed : int\\n    Of the draws."})
    ... def f(seed):
    ...     '''Draw.
    ...
    ...     {seed}
    ...     '''
    >>> f.__doc__.split("\\n")[2:4]
    ['    seed : int', '        Of the draws.']
    """

    def filled_line(match: re.Match[str]) -> str:
        lines = "\n".join(texts[name] for name in match[2].split(", ")).split("\n")
        return "\n".join(match[1] + line if line else "" for line in lines)

    def document(function: F) -> F:
        if function.__doc__:  # python -OO removes docstrings
            function.__doc__ = re.sub(r"^( *)\{([\w, ]+)\}$", filled_line, function.__doc__, flags=re.MULTILINE)
        return function

    return document

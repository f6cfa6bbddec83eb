"""Which parameters of a test the plain suite leaves to `pytest -m slow`."""

from collections.abc import Callable, Collection, Iterable
from typing import Any

import pytest


def slow_except(quick: Collection[Any], cases: Iterable[Any]) -> list[Any]:
    """The cases as parameters: those that are not in `quick` are marked slow.

    >>> [getattr(case, "values", case) for case in slow_except(["b"], ["a", "b"])]
    [('a',), 'b']
    """
    found = list(cases)
    if missing := [case for case in quick if case not in found]:
        raise ValueError(f"there is no case {missing[0]!r}")
    return [case if case in quick else pytest.param(case, marks=pytest.mark.slow) for case in found]


def first_of_each(cases: Iterable[str], kind: Callable[[str], Any]) -> list[str]:
    """The first case of each kind.

    >>> first_of_each(["max_1", "max_2", "sum_1"], lambda name: name.split("_")[0])
    ['max_1', 'sum_1']
    """
    first: dict[Any, str] = {}
    for case in cases:
        first.setdefault(kind(case), case)
    return list(first.values())

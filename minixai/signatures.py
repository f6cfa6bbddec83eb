"""Check the kinds of arguments by the annotations of a function: an int for an int, a Node for a Node.

Callers who do not run mypy get an error of one sentence for an argument of a wrong type.  Properties that an annotation
cannot express, such as a shape, are checked by the function itself.
"""

from __future__ import annotations

import builtins
import inspect
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, wraps
from numbers import Real
from opcode import opmap
from os import PathLike
from typing import Any, ForwardRef, NamedTuple, TypeVar, Union, cast, get_args, get_origin

import numpy as np

from minixai.text import quoted
from minixai.validate import PACKAGE, as_real, is_integer

F = TypeVar("F", bound=Callable[..., Any])
MISSING = object()
RAISE = opmap["RAISE_VARARGS"]


class Kind(NamedTuple):
    """A kind of argument: its name for one value, its name for several, and a test of whether a value is of it."""

    one: str
    many: str
    accepts: Callable[[Any], bool]


class ArrayLike:
    """Stands for npt.ArrayLike, a union of too many types to name in a message."""


def is_real_array(x: Any) -> bool:
    """Return whether x is a real number, an array of them, or nested sequences of them that form an array."""
    if isinstance(x, (str, bytes, Mapping, set)) or x is None:
        return False
    try:
        return np.asarray(x).dtype.kind in "fiub"
    except Exception:  # an object of somebody's own can fail in any way
        return False


def is_real_number(x: Any) -> bool:
    if isinstance(x, np.ndarray):
        return x.ndim == 0 and x.dtype.kind in "fiu"
    return isinstance(x, Real) and not isinstance(x, bool)


def is_truth(x: Any) -> bool:
    """Return whether x is True or False, or 1 or 0 in their place."""
    return isinstance(x, (bool, np.bool_)) or (is_integer(x) and x in (0, 1))


def is_sequence(x: Any) -> bool:
    if isinstance(x, np.ndarray):
        return x.ndim > 0
    return hasattr(x, "__len__") and hasattr(x, "__getitem__") and not isinstance(x, (str, bytes, Mapping))


KINDS: dict[Any, Kind] = {
    int: Kind("a whole number", "whole numbers", is_integer),
    float: Kind("a number", "numbers", is_real_number),
    bool: Kind("True or False", "True or False", is_truth),
    str: Kind("a string", "strings", lambda x: isinstance(x, str)),
    types.NoneType: Kind("None", "None", lambda x: x is None),
    np.ndarray: Kind(
        "an array of real numbers", "arrays of real numbers", lambda x: is_real_array(x) and np.ndim(x) > 0
    ),
    ArrayLike: Kind("an array of real numbers", "arrays of real numbers", is_real_array),
}


class Names(dict[str, Any]):
    """The names in the annotations of a module; a new class stands for each that only type checkers import."""

    def __init__(self, module: Mapping[str, Any]) -> None:
        super().__init__(npt=types.SimpleNamespace(ArrayLike=ArrayLike, NDArray=list[ArrayLike]))
        self.module = module

    def __missing__(self, name: str) -> Any:
        value = self.module.get(name, vars(builtins).get(name, MISSING))
        if isinstance(value, str):  # an alias that is written as a string
            value = evaluate_annotation(value, self)
        self[name] = type(name, (), {"imported_for_types": True}) if value is MISSING else value
        return self[name]


def evaluate_annotation(annotation: Any, names: Names) -> Any:
    """Return the type that an annotation means, or Any if it cannot be evaluated."""
    if isinstance(annotation, ForwardRef):
        annotation = annotation.__forward_arg__
    if not isinstance(annotation, str):
        return annotation
    try:
        return eval(annotation, {"__builtins__": {}}, names)  # the source of minixai itself, never a file's
    except Exception:
        return Any


def kind_of(annotation: Any, names: Names) -> Kind | None:
    """Return the kind that an annotation accepts, or None if it accepts anything or cannot be tested."""
    annotation = evaluate_annotation(annotation, names)
    if annotation in (Any, object, inspect.Parameter.empty) or isinstance(annotation, TypeVar):
        return None
    if annotation in KINDS:
        return KINDS[annotation]
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return union_of([kind_of(each, names) for each in inner], inner)
    if annotation is np.ndarray or origin is np.ndarray:
        return KINDS[np.ndarray]
    if annotation is PathLike or origin is PathLike:
        return Kind("a path", "paths", lambda x: isinstance(x, PathLike))
    if annotation is Callable or origin is Callable:
        return Kind("a function", "functions", callable)
    if origin is tuple:
        return tuple_of(inner, names)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return Kind("a mapping", "mappings", lambda x: isinstance(x, Mapping))
    if isinstance(origin, type) and issubclass(origin, Iterable):
        return sequence_of(kind_of(inner[0], names), issubclass(origin, Sequence))
    if isinstance(annotation, type) and not getattr(annotation, "_is_protocol", False):
        return instance_of(annotation)
    return None


def union_of(kinds: Sequence[Kind | None], members: Sequence[Any]) -> Kind | None:
    """Return the kind of a union, or None if it accepts anything.  "An array of real numbers" includes numbers."""
    if any(getattr(each, "__module__", "").startswith("numpy._typing") for each in members):
        kinds = [KINDS[ArrayLike], *(kind for kind in kinds if kind is KINDS[types.NoneType])]
    found = list[Kind]()
    for kind in kinds:
        if kind is None:
            return None
        if kind not in found:
            found.append(kind)
    if KINDS[ArrayLike] in found:
        found = [kind for kind in found if kind not in (KINDS[int], KINDS[float], KINDS[bool])]
    return Kind(
        alternatives([kind.one for kind in found]),
        alternatives([kind.many for kind in found]),
        lambda x: any(kind.accepts(x) for kind in found),
    )


def alternatives(words: Sequence[str]) -> str:
    """Join words as alternatives.

    >>> alternatives(["a number", "a string", "None"])
    'a number, a string or None'
    """
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def tuple_of(inner: tuple[Any, ...], names: Names) -> Kind | None:
    """Return the kind of a tuple; a list is accepted too."""
    if len(inner) == 2 and inner[1] is Ellipsis:
        return sequence_of(kind_of(inner[0], names), True)
    kinds = [kind_of(each, names) for each in inner]
    known = [kind.many for kind in kinds if kind is not None]
    what = f" of {known[0]}" if len(set(known)) == 1 and len(known) == len(kinds) else ""
    name = {2: "pair"}.get(len(inner), f"tuple of length {len(inner)}")
    return Kind(
        f"a {name}{what}",
        f"{name}s{what}",
        lambda x: (
            isinstance(x, (tuple, list))
            and len(x) == len(kinds)
            and all(kind is None or kind.accepts(each) for kind, each in zip(kinds, x, strict=True))
        ),
    )


def sequence_of(kind: Kind | None, has_length: bool) -> Kind:
    """Return the kind of a sequence of values of a kind; without `has_length`, of any iterable of them."""
    of = "" if kind is None else f" of {kind.many}"

    def accepts(x: Any) -> bool:
        if not is_sequence(x):
            return not has_length and isinstance(x, Iterable) and not isinstance(x, (str, bytes))
        return kind is None or all(map(kind.accepts, x))

    return Kind(f"a sequence{of}", f"sequences{of}", accepts)


def instance_of(wanted: type) -> Kind:
    """Return the kind of the instances of a class.  A class that only type checkers import is matched by name."""
    name = wanted.__name__
    article = "an" if name[0] in "AEIOU" else "a"
    if getattr(wanted, "imported_for_types", False):
        return Kind(f"{article} {name}", f"{name}s", lambda x: any(each.__name__ == name for each in type(x).__mro__))
    return Kind(f"{article} {name}", f"{name}s", lambda x: isinstance(x, wanted))


@cache
def argument_kinds(function: Callable[..., Any]) -> dict[str, tuple[inspect.Parameter, Kind]]:
    """Return {name: (parameter, kind)} of the arguments of a function that can be tested."""
    plain = inspect.unwrap(function)
    names = Names(getattr(plain, "__globals__", None) or vars(inspect.getmodule(plain)))
    found = {}
    for parameter in inspect.signature(plain).parameters.values():
        if (kind := kind_of(parameter.annotation, names)) is not None:
            found[parameter.name] = parameter, kind
    return found


def check_arguments(function: Callable[..., Any], arguments: Mapping[str, Any]) -> None:
    """Raise TypeError for an argument that is not of the kind which the annotation of the function says.

    Parameters
    ----------
    function : callable
        The function; a class for its `__init__`.
    arguments : mapping of str to value
        The arguments by name, such as `locals()` in the first line of the function.
    """
    for name, (parameter, kind) in argument_kinds(function).items():
        value = arguments.get(name, parameter.default)
        if value is parameter.default:
            continue
        several = parameter.kind is parameter.VAR_POSITIONAL
        for each in value if several else (value,):
            if not kind.accepts(each):
                if (
                    kind in (KINDS[ArrayLike], KINDS[np.ndarray])
                    and isinstance(each, Iterable)
                    and not isinstance(each, (str, bytes, Mapping, set))
                ):
                    as_real(cast(Any, each), name)  # has sentences for what is ragged, masked, or a tensor
                raise TypeError(f"{name} is {kind.one}, got {quoted(each)}")


def is_raised_here(problem: Exception) -> bool:
    """Return whether a `raise` statement of minixai raised the exception, so that its message is a sentence."""
    last = problem.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    if last is None or not last.tb_frame.f_code.co_filename.startswith(PACKAGE):
        return False
    return last.tb_frame.f_code.co_code[last.tb_lasti] == RAISE


def named_arguments(function: Callable[..., Any], args: Sequence[Any], options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return {name: argument} of a call, or {} if the arguments do not fit the signature, as with an old name."""
    try:
        return inspect.signature(function).bind(*args, **options).arguments
    except TypeError:
        return {}


def with_checked_arguments(function: F) -> F:
    """Return the function with a check of its arguments before each call."""

    @wraps(function)
    def checked(*args: Any, **options: Any) -> Any:
        check_arguments(function, named_arguments(function, args, options))
        return function(*args, **options)

    return cast("F", checked)


def with_explained_failure(function: F) -> F:
    """Return the function with a check of its arguments only after it has failed, which costs nothing otherwise."""

    @wraps(function)
    def explained(*args: Any, **options: Any) -> Any:
        try:
            return function(*args, **options)
        except Exception as problem:
            if not is_raised_here(problem):
                check_arguments(function, named_arguments(function, args, options))
            raise

    return cast("F", explained)

"""The audit: can this heat map be believed?  Seven questions to a map, minixai's own or another library's."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from inspect import Parameter, signature
from typing import Any

import numpy as np
import numpy.typing as npt

from minixai.audit import agreement, choices, hiding, identity, learnt, sums
from minixai.audit import truth as known
from minixai.audit.agreement import DEFAULT, family
from minixai.audit.case import DRAWS, LARGE, Case, as_foreign, auditable, default_options
from minixai.audit.check import Check, Row
from minixai.audit.hiding import FILLS, STEPS
from minixai.audit.report import Report
from minixai.audit.sums import label
from minixai.audit.truth import SCENES, Truth
from minixai.datasets.birds import Scenes
from minixai.methods import gradient
from minixai.methods.call import Call
from minixai.methods.registry import Method
from minixai.model import Model, Network
from minixai.progress import Progress, is_terminal
from minixai.validate import as_count, as_random_seed, check_images, one_of

__all__ = ["CHECKS", "Check", "Report", "Row", "audit"]

CHECKS: Mapping[str, Callable[[Case, Sequence[str], Truth], Check]] = {
    sums.TOPIC.name: lambda case, methods, truth: sums.check_sum(case),
    identity.TOPIC.name: lambda case, methods, truth: identity.check_identity(case),
    learnt.TOPIC.name: lambda case, methods, truth: learnt.check_learnt(case),
    hiding.TOPIC.name: lambda case, methods, truth: hiding.check_hiding(case),
    choices.TOPIC.name: lambda case, methods, truth: choices.check_choices(case),
    agreement.TOPIC.name: lambda case, methods, truth: agreement.check_agreement(case, methods),
    known.TOPIC.name: lambda case, methods, truth: known.check_truth(case, truth),
}
"""The questions by name, in the order in which they are asked: each is put to the map, the methods and the truth."""

UNFELT = 2.0
"""Seconds that nobody must be told of."""
SOURCES = 25
"""Maps that a foreign one is compared with, about."""
VARIANTS = 10
"""Maps that other choices make, about."""


def audit(
    model: Network,
    images: npt.ArrayLike | Scenes,
    method: str = "deep_lift",
    *,
    values: npt.ArrayLike | None = None,
    claims: str | None = None,
    target: npt.ArrayLike | str | None = None,
    versus: npt.ArrayLike | str | None = None,
    output: str = "score",
    truth: Truth = None,
    methods: Iterable[str] = DEFAULT,
    checks: Iterable[str] | None = None,
    others: Mapping[str, npt.ArrayLike] | None = None,
    draws: int | None = None,
    seed: int = 0,
    batch: int | None = None,
    announce: Callable[[str], None] | None = None,
    **options: Any,
) -> Report:
    """Audit a heat map: tell what is known of whether it can be believed.

    Seven questions: does it add up, is it that method, does it depend on what the network learnt, does the network
    care about what it marks, how far does it depend on choices that nobody made on purpose, do methods agree, and
    does it find what counts where that is known.

    Parameters
    ----------
    model : Model or function of nodes
        The network, such as `minixai.load` gives it, also of an ONNX or Keras file.
    images : array_like, (N, H, W, C), or Scenes
        The images; scenes of birds bring their truth with them.
    method : str, default "deep_lift"
        The method whose map is audited, a name of `minixai.catalogue`.
    values : array_like, (N, H, W, C), (N, H, W, 1) or (N, H, W), optional
        A map from elsewhere, which is audited in its place.  A coarse map, such as Grad-CAM's, is (N, h, w, 1).
    claims : str, optional
        The method that the foreign map is said to be of; required with `values`.
    target, versus : int, str, or array_like of int, optional
        The class that is explained, by number or by name, and the one it is contrasted with; see
        `minixai.methods.call.Call`.  By default the predicted class.
    output : {"score", "probability"}, default "score"
        What is explained.
    truth : Scenes, array_like (N, H, W), or path, optional
        What is known to count: scenes of birds, masks from 0 to 1, or a folder of pairs NAME.png and NAME-mask.png.  A
        network that knows the shorebirds is asked about drawn birds by default.
    methods : iterable of str, optional
        The methods whose agreement is asked; by default nine quick ones.
    checks : iterable of str, optional
        The names of the checks that are made; by default all of `minixai.audit.CHECKS`.
    others : mapping of str to array_like, optional
        Other versions of the images that a foreign map may be of, such as another crop, by what to call them.
    draws : int, optional
        How often what is random is drawn; by default 5, and 2 for large networks.
    seed : int, default 0
        Where the random numbers start, those of a sampled method, too.
    batch : int, optional
        Rows at a time.
    announce : callable, optional
        Called with what it will cost, before the work; by default that is printed on stderr if a person is watching.
    **options
        The method's own, such as baseline="blur".

    Returns
    -------
    Report
        `verdict`, at most five sentences; `checks`; `to_dict()`; `save("audit.html")` or "audit.png".

    Raises
    ------
    ValueError, TypeError
        In one sentence, for unknown names, for a foreign map that does not fit the images, is channels-first or holds
        NaN, and for what the method itself cannot be asked.

    Examples
    --------
    >>> import minixai as mx
    >>> model, (images, _) = mx.load("digits"), mx.datasets.digits("test")
    >>> spoiled = abs(mx.deep_lift(model, images[:1]).values)
    >>> report = mx.audit(model, images[:1], values=spoiled, claims="deep_lift", draws=2)
    >>> print(report.verdict[0])
    It is not deep_lift as claimed, but deep_lift, absolute values taken.
    """
    if values is None and claims is not None:
        raise ValueError(f"claims={claims!r} is what a foreign map is said to be: give that map as values=")
    if values is not None and claims is None:
        raise ValueError("values were given, but not what they are said to be: add claims=, such as claims='deep_lift'")
    if isinstance(images, Scenes):
        truth, images = images if truth is None else truth, images.images
    chosen = auditable(method if claims is None else claims)
    compared = tuple(methods)
    wanted = tuple(CHECKS if checks is None else [one_of(name, CHECKS, "check") for name in checks])
    if not wanted:
        raise ValueError(f"checks names none: name some of {', '.join(CHECKS)}")
    for name in compared:
        family(auditable(name).name)
    classes = [class_numbers(model, k, what) for k, what in ((target, "target"), (versus, "versus"))]
    case = made_case(
        model,
        images,
        chosen,
        values,
        *classes,
        output=output,
        others=others or {},
        draws=draws,
        seed=as_random_seed(seed),
        batch=batch,
        options=options,
        announce=announce,
        compared=len(compared),
        wanted=wanted,
    )
    try:
        found = tuple(CHECKS[name](case, compared, truth) for name in CHECKS if name in wanted)
    finally:
        if case.line is not None:
            case.line.close()
    return Report(
        method=chosen.name,
        foreign=case.foreign,
        about=described(case),
        images=case.images,
        values=case.pixels,
        checks=found,
        cost=case.spent,
    )


def made_case(
    model: Network,
    images: npt.ArrayLike,
    method: Method,
    values: npt.ArrayLike | None,
    target: npt.ArrayLike | None,
    versus: npt.ArrayLike | None,
    *,
    output: str,
    others: Mapping[str, npt.ArrayLike],
    draws: int | None,
    seed: int,
    batch: int | None,
    options: Mapping[str, Any],
    announce: Callable[[str], None] | None,
    compared: int,
    wanted: Sequence[str],
) -> Case:
    """The map and its question, checked; what it will cost is told before most of the work."""
    call = Call(model, images, target, versus, output, None, batch)
    check_images(call.rows.shape, "an audit")
    foreign = None if values is None else as_foreign(values, call.rows)
    fine = foreign is None or foreign.shape[1:3] == call.rows.shape[1:3]
    given = {**default_options(method, call.rows.shape[1:], fine), **options}
    known = signature(method.function).parameters
    if "seed" in known:
        given.setdefault("seed", seed)
    for name in options:
        one_of(name, [p for p in known if p not in ("model", "x")], f"option of {method.name}")
    required = [p.name for p in known.values() if p.default is Parameter.empty and p.kind is Parameter.KEYWORD_ONLY]
    if missing := [name for name in required if name not in given]:
        raise ValueError(f"{method.name} compares with a set of images: give {missing[0]}=, (R, H, W, C)")
    large = call.row_bytes > LARGE
    many = DRAWS[not large] if draws is None else as_count(draws, "draws", 2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a gap of IG is told by the check of the sum
        own = method(model, call.rows, target, versus=versus, output=output, batch=batch, **given)
    if np.ndim(own.values) != 4:
        raise ValueError(
            f"{method.name} made values of shape {np.shape(own.values)}: an audit takes maps, (N, H, W, C)"
        )
    case = Case(
        *(
            call,
            method,
            given,
            own,
            np.asarray(own.values) if foreign is None else foreign,
            foreign is not None,
            seed,
            many,
        ),
        others={name: np.asarray(array) for name, array in others.items()},
    )
    case.count(*own.cost)
    rows = expected_rows(case, compared, wanted)
    words = f"audit of {method.name}: about {rows:,} rows through the network"
    seconds = rows * row_seconds(case)
    if announce is not None:
        announce(f"{words}, about {duration(seconds)}")
    elif seconds > UNFELT and is_terminal():
        print(f"minixai: {words}, about {duration(seconds)}", file=sys.stderr, flush=True)
    case.line = Progress(words, rows)
    return case


def expected_rows(case: Case, compared: int, wanted: Sequence[str]) -> int:
    """About how many rows an audit will send through the network, forward and back."""
    n, one = len(case.images), sum(case.own.cost)
    birds = isinstance(case.model, Model) and case.model.input_shape == (64, 64, 3)
    costs = {
        sums.TOPIC.name: 2 * n,
        identity.TOPIC.name: SOURCES * case.foreign * one,
        learnt.TOPIC.name: 2 * case.draws * one,
        hiding.TOPIC.name: (2 * len(FILLS) * (case.draws + 2) * (STEPS + 2) + 240) * n,
        choices.TOPIC.name: (VARIANTS + case.draws) * one,
        agreement.TOPIC.name: 40 * compared * n,
        known.TOPIC.name: birds * SCENES * (one // n + 11),
    }
    return one + sum(costs[name] for name in wanted)


def row_seconds(case: Case) -> float:
    """How long a row takes, forward or back: after the map was made, all that is prepared once is prepared."""
    many = 1 if case.large else 16
    start = time.monotonic()
    gradient(case.model, np.repeat(case.images[:1], many, axis=0))
    return (time.monotonic() - start) / (2 * many)


def duration(seconds: float) -> str:
    """A time as one says it.

    >>> duration(0.2), duration(75)
    ('1 s', '1 min 15 s')
    """
    whole = max(round(seconds), 1)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"


def class_numbers(model: Network, classes: npt.ArrayLike | str | None, what: str) -> npt.ArrayLike | None:
    """A class that may be given by name.  Raises ValueError if there is none."""
    if not isinstance(classes, str):
        return classes
    names = model.classes if isinstance(model, Model) else ()
    if not names:
        raise ValueError(f"{what}={classes!r} is a name, and this network has none for its classes: give a number")
    one_of(classes, names, what)
    return names.index(classes)


def described(case: Case) -> dict[str, str]:
    """The question in words."""
    own = case.own
    given = ", ".join(
        f"{k}={v if isinstance(v, str | int | float) else f'array{np.shape(v)}'}"
        for k, v in own.parameters.items()
        if v is not None
    )
    asked = [label(case, k) for k in case.target[:4]]
    if case.versus is not None:
        asked = [f"{a} versus {label(case, k)}" for a, k in zip(asked, case.versus, strict=False)]
    scores = ", ".join(f"{s:.4g}" for s in own.score[:4]) + " ..." * (len(own.score) > 4)
    return {
        "said to be" if case.foreign else "method": f"{own.method}({given})",
        "explains": f"{own.output} of {', '.join(asked)}{' ...' * (len(case.target) > 4)}: {scores}",
        "images": f"{len(case.images)} of {' × '.join(map(str, case.images.shape[1:]))}",
    }

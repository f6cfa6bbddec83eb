"""The audit: can this heat map be believed?  Seven questions to a map, minixai's own or another library's."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from minixai.audit import agreement, completeness, faithfulness, localisation, randomisation, recognition, robustness
from minixai.audit.agreement import DEFAULT, family
from minixai.audit.case import Case, auditable, make_case
from minixai.audit.completeness import class_label
from minixai.audit.faithfulness import FILLS, STEPS
from minixai.audit.localisation import SCENES, Truth
from minixai.audit.report import Report
from minixai.datasets.birds import Scenes
from minixai.evaluation import cascades
from minixai.evaluation.checks import Check, Row
from minixai.methods import gradient
from minixai.methods.call import Call
from minixai.model import Model, Network
from minixai.progress import Progress, is_terminal
from minixai.validate import as_random_seed, one_of

__all__ = ["CHECKS", "Check", "Report", "Row", "audit"]

CHECKS: Mapping[str, Callable[[Case, Sequence[str], Truth], Check]] = {
    completeness.DESCRIPTION.name: lambda case, methods, truth: completeness.check_completeness(case),
    recognition.DESCRIPTION.name: lambda case, methods, truth: recognition.check_recognition(case),
    cascades.DESCRIPTION.name: lambda case, methods, truth: randomisation.check_randomisation(case),
    faithfulness.DESCRIPTION.name: lambda case, methods, truth: faithfulness.check_faithfulness(case),
    robustness.DESCRIPTION.name: lambda case, methods, truth: robustness.check_robustness(case),
    agreement.DESCRIPTION.name: lambda case, methods, truth: agreement.check_agreement(case, methods),
    localisation.DESCRIPTION.name: lambda case, methods, truth: localisation.check_localisation(case, truth),
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
    chosen = auditable(claimed_method(method, values, claims))
    if isinstance(images, Scenes):
        truth, images = images if truth is None else truth, images.images
    compared, wanted = tuple(methods), wanted_checks(checks)
    for name in compared:
        family(auditable(name).name)
    call = Call(model, images, target, versus, output, None, batch)
    case = make_case(call, chosen, values, options, others=others or {}, draws=draws, seed=as_random_seed(seed))
    tell_cost(case, len(compared), wanted, announce)
    try:
        answers = tuple(ask_check(case, name, compared, truth) for name in wanted)
    finally:
        if case.line is not None:
            case.line.close()
    return Report(
        method=chosen.name,
        foreign=case.foreign,
        about=describe_question(case),
        images=case.images,
        values=case.pixels,
        checks=answers,
        cost=case.spent,
    )


def claimed_method(method: str, values: npt.ArrayLike | None, claims: str | None) -> str:
    """Return the method whose map is audited.  Raises ValueError for a map without a claim, or the other way round."""
    if values is None and claims is not None:
        raise ValueError(f"claims={claims!r} is what a foreign map is said to be: give that map as values=")
    if values is not None and claims is None:
        raise ValueError("values were given, but not what they are said to be: add claims=, such as claims='deep_lift'")
    return method if claims is None else claims


def wanted_checks(checks: Iterable[str] | None) -> tuple[str, ...]:
    """Return the names of the checks that are made, in the order of `CHECKS`.  Raises ValueError for unknown names."""
    names = list(CHECKS) if checks is None else [checks] if isinstance(checks, str) else list(checks)
    chosen = {one_of(name, CHECKS, "check") for name in names}
    if not chosen:
        raise ValueError(f"checks names none: name some of {', '.join(CHECKS)}")
    return tuple(name for name in CHECKS if name in chosen)


def ask_check(case: Case, name: str, methods: Sequence[str], truth: Truth) -> Check:
    """Return the answer to one question, with the rows that it cost."""
    before = case.spent
    check = CHECKS[name](case, methods, truth)
    return replace(check, cost=case.since(before))


def tell_cost(case: Case, compared: int, wanted: Sequence[str], announce: Callable[[str], None] | None) -> None:
    """Say about how many rows an audit takes, and how long, before most of the work; and begin to show progress."""
    rows = expected_rows(case, compared, wanted)
    words = f"audit of {case.method.name}: about {rows:,} rows through the network"
    seconds = rows * row_seconds(case)
    if announce is not None:
        announce(f"{words}, about {duration_text(seconds)}")
    elif seconds > UNFELT and is_terminal():
        print(f"minixai: {words}, about {duration_text(seconds)}", file=sys.stderr, flush=True)
    case.line = Progress(words, rows)


def expected_rows(case: Case, compared: int, wanted: Sequence[str]) -> int:
    """Return about how many rows an audit will send through the network, forward and back."""
    n, one = len(case.images), sum(case.own.cost)
    birds = isinstance(case.model, Model) and case.model.input_shape == (64, 64, 3)
    costs = {
        completeness.DESCRIPTION.name: 2 * n,
        recognition.DESCRIPTION.name: SOURCES * case.foreign * one,
        cascades.DESCRIPTION.name: 2 * case.draws * one,
        faithfulness.DESCRIPTION.name: (2 * len(FILLS) * (case.draws + 2) * (STEPS + 2) + 240) * n,
        robustness.DESCRIPTION.name: (VARIANTS + case.draws) * one,
        agreement.DESCRIPTION.name: 40 * compared * n,
        localisation.DESCRIPTION.name: birds * SCENES * (one // n + 11),
    }
    return one + sum(costs[name] for name in wanted)


def row_seconds(case: Case) -> float:
    """Return how many seconds a row takes, forward or back.

    It is measured after the map was made, when all that is prepared once is prepared.
    """
    many = 1 if case.large else 16
    start = time.monotonic()
    gradient(case.model, np.repeat(case.images[:1], many, axis=0))
    return (time.monotonic() - start) / (2 * many)


def duration_text(seconds: float) -> str:
    """Return a time as one says it.

    >>> duration_text(0.2), duration_text(75)
    ('1 s', '1 min 15 s')
    """
    whole = max(round(seconds), 1)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"


def describe_question(case: Case) -> dict[str, str]:
    """Return the question in words: the method with its parameters, what it explains, and the images."""
    own = case.own
    given = ", ".join(
        f"{k}={v if isinstance(v, str | int | float) else f'array{np.shape(v)}'}"
        for k, v in own.parameters.items()
        if v is not None
    )
    asked = [class_label(case, k) for k in case.target[:4]]
    if case.versus is not None:
        asked = [f"{a} versus {class_label(case, k)}" for a, k in zip(asked, case.versus, strict=False)]
    scores = ", ".join(f"{s:.4g}" for s in own.score[:4]) + " ..." * (len(own.score) > 4)
    return {
        "said to be" if case.foreign else "method": f"{own.method}({given})",
        "explains": f"{own.output} of {', '.join(asked)}{' ...' * (len(case.target) > 4)}: {scores}",
        "images": f"{len(case.images)} of {' × '.join(map(str, case.images.shape[1:]))}",
    }

"""Audit a heat map, minixai's own or another library's: seven checks of whether it can be believed."""

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
from minixai.evaluation.curves import curve_rows
from minixai.evaluation.interventions import PICTURES_PER_SCENE, has_bird_classes
from minixai.methods import gradient
from minixai.methods.call import Call
from minixai.model import Network
from minixai.progress import Progress, is_terminal
from minixai.signatures import with_explained_failure
from minixai.validate import as_names, as_random_seed, one_of

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
"""{name: function of the case, the names of methods and the truth that returns a Check}, in the order they run."""

UNFELT = 2.0
"""Seconds: the cost of an audit that is expected to take no longer is not printed."""
SOURCES = 25
"""About how many maps a foreign map is compared with; for the estimate of the cost."""
VARIANTS = 10
"""About how many maps the check of robustness makes, without the noisy ones; for the estimate of the cost."""


@with_explained_failure
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
    methods: str | Iterable[str] = DEFAULT,
    checks: str | Iterable[str] | None = None,
    others: Mapping[str, npt.ArrayLike] | None = None,
    draws: int | None = None,
    seed: int = 0,
    batch: int | None = None,
    announce: Callable[[str], None] | None = None,
    **options: Any,
) -> Report:
    """Audit a heat map: check whether it can be believed.

    The audit asks seven questions.  Does the map add up?  Was it made by the method it claims?  Does it depend on what
    the network learnt?  Does the network's score change when the pixels that the map marks are hidden?  How far does
    the map depend on choices that nobody made on purpose?  Do other methods agree with it?  Does it find what counts,
    if that is known?

    Parameters
    ----------
    model : Model or function of nodes
        The network, for example one that `minixai.load` returns, also from an ONNX or Keras file.
    images : array_like, (N, H, W, C), or Scenes
        The images.  Scenes of birds also serve as the `truth`, unless another one is given.
    method : str, default "deep_lift"
        The method whose map is audited, by its name in `minixai.catalogue`.
    values : array_like, (N, H, W, C), (N, H, W, 1) or (N, H, W), optional
        A foreign map, which another library made; it is audited instead of minixai's own map.  A coarse map, such as
        Grad-CAM's, has the shape (N, h, w, 1).
    claims : str, optional
        The method that is said to have made the foreign map; required with `values`.
    target, versus : int, str, or array_like of int, optional
        The class that is explained, by number or by name, and the class it is contrasted with; see
        `minixai.methods.call.Call`.  By default the predicted class is explained, without a contrast.
    output : {"score", "probability"}, default "score"
        What is explained.
    truth : Scenes, array_like (N, H, W), or path, optional
        What is known to count: scenes of birds, masks with values from 0 to 1, or a folder of pairs NAME.png and
        NAME-mask.png.  By default a model that tells the shorebirds apart is tested on drawn birds.
    methods : str or iterable of str, optional
        The methods whose maps are compared with the audited map; by default nine quick ones.
    checks : str or iterable of str, optional
        The names of the checks that are made; by default all of `minixai.audit.CHECKS`.
    others : mapping of str to array_like, optional
        {name: images}: other versions of the images, such as another crop, from which a foreign map may have been made.
    draws : int, optional
        How many times each random quantity is drawn; by default 5, or 2 for large networks.
    seed : int, default 0
        Seed of the random numbers, also of those that a sampled method draws.
    batch : int, optional
        How many rows go through the network at a time.
    announce : callable, optional
        Called with one sentence about the expected cost before the work starts.  By default the sentence is printed to
        stderr if stderr is a terminal and the audit takes more than two seconds.
    **options
        The method's own options, such as baseline="blur".

    Returns
    -------
    Report
        `verdict`, at most five sentences; `checks`; `to_dict()`; `save("audit.html")` or "audit.png".

    Raises
    ------
    ValueError, TypeError
        For an unknown name, for a foreign map that does not fit the images, is channels-first or holds NaN, and if
        the method itself raises one of these errors.

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
    compared, wanted = as_names(methods), wanted_checks(checks)
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
    """Return the name of the audited method.  Raises ValueError if only one of `values` and `claims` is given."""
    if values is None and claims is not None:
        raise ValueError(f"claims={claims!r} is what a foreign map is said to be: give that map as values=")
    if values is not None and claims is None:
        raise ValueError("values were given, but not what they are said to be: add claims=, such as claims='deep_lift'")
    return method if claims is None else claims


def wanted_checks(checks: str | Iterable[str] | None) -> tuple[str, ...]:
    """Return the names of the wanted checks in the order of `CHECKS`.

    Raises ValueError for an unknown name, and if `checks` is empty.
    """
    names = CHECKS if checks is None else as_names(checks)
    chosen = {one_of(name, CHECKS, "check") for name in names}
    if not chosen:
        raise ValueError(f"checks names none: name some of {', '.join(CHECKS)}")
    return tuple(name for name in CHECKS if name in chosen)


def ask_check(case: Case, name: str, methods: Sequence[str], truth: Truth) -> Check:
    """Run the check with this name, and return its result with its cost in rows."""
    before = case.spent
    check = CHECKS[name](case, methods, truth)
    return replace(check, cost=case.since(before))


def tell_cost(case: Case, compared: int, wanted: Sequence[str], announce: Callable[[str], None] | None) -> None:
    """Announce about how many rows and seconds the audit will take, and start the progress display."""
    rows = expected_rows(case, compared, wanted)
    words = f"audit of {case.method.name}: about {rows:,} rows through the network"
    seconds = rows * row_seconds(case)
    if announce is not None:
        announce(f"{words}, about {duration_text(seconds)}")
    elif seconds > UNFELT and is_terminal():
        print(f"minixai: {words}, about {duration_text(seconds)}", file=sys.stderr, flush=True)
    case.line = Progress(words, rows)


def expected_rows(case: Case, compared: int, wanted: Sequence[str]) -> int:
    """Return about how many rows the audit will send through the network, forward and backward passes together."""
    n, one = len(case.images), sum(case.own.cost)
    birds = has_bird_classes(case.model)
    costs = {
        completeness.DESCRIPTION.name: 2 * n,
        recognition.DESCRIPTION.name: SOURCES * case.foreign * one,
        cascades.DESCRIPTION.name: 2 * case.draws * one,
        faithfulness.DESCRIPTION.name: (2 * len(FILLS) * (case.draws + 2) * curve_rows(STEPS) + 240) * n,
        robustness.DESCRIPTION.name: (VARIANTS + case.draws) * one,
        agreement.DESCRIPTION.name: 40 * compared * n,
        localisation.DESCRIPTION.name: birds * SCENES * (one // n + PICTURES_PER_SCENE),
    }
    return one + sum(costs[name] for name in wanted)


def row_seconds(case: Case) -> float:
    """Measure how many seconds one row takes in a forward or a backward pass.

    Call it only after a map was made, so that the time does not include what is prepared once.
    """
    many = 1 if case.large else 16
    start = time.monotonic()
    gradient(case.model, np.repeat(case.images[:1], many, axis=0))
    return (time.monotonic() - start) / (2 * many)


def duration_text(seconds: float) -> str:
    """Return a duration in words, to whole seconds and at least 1 s.

    >>> duration_text(0.2), duration_text(75)
    ('1 s', '1 min 15 s')
    """
    whole = max(round(seconds), 1)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"


def describe_question(case: Case) -> dict[str, str]:
    """Return {heading: words} for the method with its parameters, what it explains, and the images."""
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

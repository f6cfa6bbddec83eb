"""Answers checked without running their lesson again: what is right, and the traps, are kept after the first run.

They are kept in the user's cache folder, under a name made of the script without its answers, so that a changed lesson
is run anew.  Answers that need what the lesson computes (a function that the lesson tries out) are always run.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from minixai.files import atomic_write
from minixai.lesson import Lesson, Outcome, answered_by, exercise_data, judged


def check_quickly(lesson: Lesson) -> list[Outcome] | None:
    """Judge the answers in a script by what an earlier run has kept.

    Parameters
    ----------
    lesson : Lesson

    Returns
    -------
    list of Outcome or None
        None if nothing is kept for this script, or if an answer needs what the lesson computes.
    """
    answers, kept = lesson.answers, read_kept(lesson)
    if kept is None or [each["name"] for each in kept] != list(answers):
        return None
    outcomes = list[Outcome]()
    for each in kept:
        expression = answers[each["name"]]
        if expression is None:
            outcomes.append(Outcome(each["name"], "open", f"not tried yet (mine_{each['name']})", None, {}, 0.0))
            continue
        if not (isinstance(expression, ast.Name) and expression.id == f"mine_{each['name']}"):
            return None
        try:
            got = value_of(lesson, expression.id)
        except Exception:  # it needs a name of the lesson, or fails: the lesson says how
            return None
        right, traps = from_plain(each["right"]), {why: from_plain(trap) for why, trap in each["traps"]}
        state, said = judged(got, right, traps, each["tol"], lesson.reasons.get(each["name"], ""))
        outcomes.append(Outcome(each["name"], state, said, right, traps, each["tol"]))
    return outcomes


def value_of(lesson: Lesson, name: str) -> Any:
    """The value that a script gives to an answer, if that needs nothing else of the script."""
    names: dict[str, Any] = {}
    for statement in parsed(lesson).body:
        if f"mine_{answered_by(statement)}" == name:
            exec(compile(ast.Module([statement], []), str(lesson.path), "exec"), names)
    return names[name]


def keep(lesson: Lesson, outcomes: Sequence[Outcome]) -> None:
    """Keep what is right, and the traps, for the next time.  A folder that cannot be written keeps nothing."""
    if any(each.right is None for each in outcomes):
        return
    path = place_of(lesson)
    with suppress(OSError, ValueError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as file:
            file.write(json.dumps([exercise_data(each) for each in outcomes]).encode())


def read_kept(lesson: Lesson) -> list[dict[str, Any]] | None:
    try:
        found = json.loads(place_of(lesson).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, list) else None


def place_of(lesson: Lesson) -> Path:
    """The file for a script as it is without its answers."""
    tree = parsed(lesson)
    tree.body = [each for each in tree.body if answered_by(each) is None]
    name = hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:24]
    folder = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(folder) / "minixai" / f"answers-{name}.json"


def parsed(lesson: Lesson) -> ast.Module:
    return ast.parse(lesson.path.read_text(encoding="utf-8"), str(lesson.path))


def from_plain(value: Any) -> Any:
    """An answer as `minixai.lesson.plain_data` wrote it.

    >>> from_plain([{"number": "0.5"}, {"number": "inf"}])
    [0.5, inf]
    """
    if isinstance(value, list):
        return [from_plain(each) for each in value]
    return float(value["number"]) if isinstance(value, dict) else value

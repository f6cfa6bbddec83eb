"""Judging the answers in a lesson without running the lesson again.

After the first run the right values and the traps are kept in the user's cache folder, under a hash of the script
without its answers, so that a changed lesson is run again.  A lesson is always run if an answer needs something that
the lesson computes, such as a function that the lesson tries out.
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
    """Judge the answers in a script by the right values that an earlier run has kept.

    Parameters
    ----------
    lesson : Lesson

    Returns
    -------
    list of Outcome or None
        None if nothing is kept for this script, or if an answer needs what the lesson computes.
    """
    answers, kept = lesson.answers, read_kept_answers(lesson)
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
            got = evaluate_answer(lesson, expression.id)
        except Exception:  # it needs a name of the lesson, or fails: the lesson says how
            return None
        right, traps = from_plain_data(each["right"]), {why: from_plain_data(trap) for why, trap in each["traps"]}
        state, said = judged(got, right, traps, each["tol"], lesson.reasons.get(each["name"], ""))
        outcomes.append(Outcome(each["name"], state, said, right, traps, each["tol"]))
    return outcomes


def evaluate_answer(lesson: Lesson, name: str) -> Any:
    """The value that a script gives to the answer `name`.  Raises if that needs anything else of the script."""
    names: dict[str, Any] = {}
    for statement in parse_script(lesson).body:
        if f"mine_{answered_by(statement)}" == name:
            exec(compile(ast.Module([statement], []), str(lesson.path), "exec"), names)
    return names[name]


def keep_answers(lesson: Lesson, outcomes: Sequence[Outcome]) -> None:
    """Keep the right values and the traps for the next check; does nothing if the cache folder cannot be written."""
    if any(each.right is None for each in outcomes):
        return
    path = cache_path(lesson)
    with suppress(OSError, ValueError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as file:
            file.write(json.dumps([exercise_data(each) for each in outcomes]).encode())


def read_kept_answers(lesson: Lesson) -> list[dict[str, Any]] | None:
    """The data of each exercise as an earlier run has kept it; None if there is none."""
    try:
        found = json.loads(cache_path(lesson).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, list) else None


def cache_path(lesson: Lesson) -> Path:
    """The file of kept answers, whose name is a hash of the script without its answers."""
    tree = parse_script(lesson)
    tree.body = [each for each in tree.body if answered_by(each) is None]
    name = hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:24]
    folder = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(folder) / "minixai" / f"answers-{name}.json"


def parse_script(lesson: Lesson) -> ast.Module:
    """The syntax tree of a lesson's script."""
    return ast.parse(lesson.path.read_text(encoding="utf-8"), str(lesson.path))


def from_plain_data(value: Any) -> Any:
    """Read an answer back from the form in which `minixai.lesson.plain_data` writes it.

    >>> from_plain_data([{"number": "0.5"}, {"number": "inf"}])
    [0.5, inf]
    """
    if isinstance(value, list):
        return [from_plain_data(each) for each in value]
    return float(value["number"]) if isinstance(value, dict) else value

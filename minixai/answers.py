"""Judge the answers in a lesson without running the lesson again.

After the first run the right answers and the traps, the known wrong answers, are stored in the user's cache folder.
The file is named by a hash of the script without its answers, so a changed lesson is run again.  A lesson is always run
if an answer needs something that the lesson computes, such as a function.
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
    """Judge the answers in a lesson's script by the right answers that an earlier run stored.

    Parameters
    ----------
    lesson : Lesson

    Returns
    -------
    list of Outcome or None
        An outcome for each exercise.  None means that the lesson must be run: nothing is stored for this script, or an
        answer fails, needs something that the lesson computes, or is used in a longer expression.
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
        except Exception:  # the answer needs a name of the lesson, or fails: running the lesson shows which
            return None
        right, traps = from_plain_data(each["right"]), {why: from_plain_data(trap) for why, trap in each["traps"]}
        state, said = judged(got, right, traps, each["tol"], lesson.reasons.get(each["name"], ""))
        outcomes.append(Outcome(each["name"], state, said, right, traps, each["tol"]))
    return outcomes


def evaluate_answer(lesson: Lesson, name: str) -> Any:
    """Return the value of the answer `name`, such as "mine_a", from the one statement of the script that assigns it.

    Raises whatever that statement raises, such as NameError if it needs other names of the script.
    """
    names: dict[str, Any] = {}
    for statement in parse_script(lesson).body:
        if f"mine_{answered_by(statement)}" == name:
            exec(compile(ast.Module([statement], []), str(lesson.path), "exec"), names)
    return names[name]


def keep_answers(lesson: Lesson, outcomes: Sequence[Outcome]) -> None:
    """Store the right answers and the traps for the next check.

    Does nothing if an outcome has no right answer, or if the cache folder cannot be written.
    """
    if any(each.right is None for each in outcomes):
        return
    path = cache_path(lesson)
    with suppress(OSError, ValueError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as file:
            file.write(json.dumps([exercise_data(each) for each in outcomes]).encode())


def read_kept_answers(lesson: Lesson) -> list[dict[str, Any]] | None:
    """Return the data of each exercise that an earlier run stored, or None if there are none."""
    try:
        found = json.loads(cache_path(lesson).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, list) else None


def cache_path(lesson: Lesson) -> Path:
    """Return the path of the file of stored answers; its name is a hash of the script without its answers."""
    tree = parse_script(lesson)
    tree.body = [each for each in tree.body if answered_by(each) is None]
    name = hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:24]
    folder = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(folder) / "minixai" / f"answers-{name}.json"


def parse_script(lesson: Lesson) -> ast.Module:
    """Return the syntax tree of a lesson's script."""
    return ast.parse(lesson.path.read_text(encoding="utf-8"), str(lesson.path))


def from_plain_data(value: Any) -> Any:
    """Return the answer that `minixai.lesson.plain_data` turned into `value`: a word, a number, or nested lists.

    >>> from_plain_data([{"number": "0.5"}, {"number": "inf"}])
    [0.5, inf]
    """
    if isinstance(value, list):
        return [from_plain_data(each) for each in value]
    return float(value["number"]) if isinstance(value, dict) else value

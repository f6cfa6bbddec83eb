"""Lessons: scripts with claims that are checked as they run, and exercises that explain known wrong answers.

A lesson is a plain script in lessons/, divided into cells by `# %%` and `# %% [markdown]`.  `python lessons/04_....py`
runs it, and `minixai lesson 4` also prints its prose.  Learners write their answers into the script, in place of
`mine_a = None`.
"""

from __future__ import annotations

import ast
import io
import re
import runpy
import sys
import traceback
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from importlib import import_module
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from minixai.files import PACKAGE, atomic_write, copy_atomically
from minixai.photo import WITHOUT, Photo, typed
from minixai.text import printable

if TYPE_CHECKING:  # only for type hints: importing matplotlib is slow, and a lesson that draws has already imported it
    from matplotlib.figure import Figure

MARKDOWN, CODE = "# %% [markdown]", "# %%"
EXERCISE = "application/vnd.minixai.exercise+json"
"""The MIME type of an exercise's data in a notebook."""


class Outcome(NamedTuple):
    """The result of an exercise.

    name     its letter
    state    "open" if it was not tried, "right" or "wrong"
    said     what to tell the learner
    right    the right answer; None if it is not known
    traps    {what went wrong: the answer it leads to}
    tol      by how much a number may differ from the right one
    """

    name: str
    state: str
    said: str
    right: Any
    traps: Mapping[str, Any]
    tol: float

    def __str__(self) -> str:
        return f"[{ {'open': '  ', 'right': 'ok', 'wrong': '!!'}[self.state] }] exercise {self.name}: {self.said}"


@dataclass
class Session:
    """A running lesson.

    out          folder for its figures; None writes none
    photo        what `photo()` returns
    reasons      {letter: why the answer to this exercise is right}
    claims       the claims that were found true so far
    exercises    the outcomes of the exercises so far
    figures      the files of the figures so far
    """

    out: Path | None
    photo: Photo | None = None
    reasons: Mapping[str, str] = field(default_factory=dict)
    claims: list[str] = field(default_factory=list)
    exercises: list[Outcome] = field(default_factory=list)
    figures: list[Path] = field(default_factory=list)


_running: list[Session] = []


def claim(text: str, ok: npt.ArrayLike, detail: str = "") -> None:
    """Print the claim if it is true, that is if all of `ok` is; otherwise raise AssertionError with the claim.

    >>> claim("the slope of x² at 3 is 6", abs(2 * 3 - 6) < 1e-9)
    [ok] the slope of x² at 3 is 6
    """
    if not np.all(ok):
        raise AssertionError(f"the lesson claims that {text}, but {detail or 'it does not hold'}")
    for session in _running[-1:]:
        session.claims.append(text)
    print(f"[ok] {text}")


def answer(name: str, got: Any, right: Any, traps: Mapping[str, Any] | None = None, tol: float = 1e-3) -> None:
    """Print whether the answer `got` to the exercise `name` is right, by `judged`; None means "not tried yet".

    traps    {what went wrong: the answer it leads to}
    tol      by how much a number may differ from the right one

    >>> answer("a", (0.875, 0.125), (0.8, 0.2), {"that is the Shapley value": (0.875, 0.125)})
    [!!] exercise a: (0.875, 0.125) is not it: that is the Shapley value
    """
    if got is None:
        state, said = "open", f"not tried yet (mine_{name})"
    else:
        reasons = _running[-1].reasons if _running else reasons_beside(sys._getframe(1).f_globals.get("__file__"))
        state, said = judged(got, right, traps or {}, tol, reasons.get(name, ""))
    report(Outcome(name, state, said, right, traps or {}, tol))


def report(outcome: Outcome) -> None:
    """Print the outcome of an exercise, and store it in the running session; a notebook gets its data too."""
    for session in _running[-1:]:
        session.exercises.append(outcome)
    if kernel := notebook_kernel():
        data = {"text/plain": str(outcome), EXERCISE: exercise_data(outcome)}
        kernel.display(data, raw=True)
    else:
        print(outcome)


def exercise_data(outcome: Outcome) -> dict[str, Any]:
    """Return an exercise as values that JSON can hold, for the page with a field for the answer."""
    return {
        "name": outcome.name,
        "right": plain_data(outcome.right),
        "traps": [[why, plain_data(wrong)] for why, wrong in outcome.traps.items()],
        "tol": outcome.tol,
    }


def plain_data(value: Any) -> Any:
    """Return an answer as values that JSON can hold: a word as it is, numbers as (nested lists of) {"number": text}.

    Numbers become text because JSON has no infinity.
    """
    if isinstance(value, str):
        return value

    def spelt(part: Any) -> Any:
        return [spelt(each) for each in part] if isinstance(part, list) else {"number": repr(float(part))}

    return spelt(np.asarray(value, np.float64).tolist())


def judged(got: Any, right: Any, traps: Mapping[str, Any], tol: float, reason: str = "") -> tuple[str, str]:
    """Judge an answer by the same rules as the pages of the book (lessons/conf/static/book.js).

    Parameters
    ----------
    got, right : number, word, or nested sequence of numbers
        The answer and the right one.  An answer may also be text, such as "12 %" or "1/3".
    traps : mapping of str to answer
        {what went wrong: the answer it leads to}.
    tol : float
        By how much a number may differ from the right one.
    reason : str
        Why the right answer is right; it is added to `said` if the answer is right.

    Returns
    -------
    state, said : str
        "right" or "wrong", and what to tell the learner.

    Notes
    -----
    A number is right if it differs from the right one by at most `tol`, or if it is the right one rounded to at least
    two significant digits or two digits after the point.  A wrong answer is explained by a trap if it differs from the
    trap by at most 2 % or by rounding, and is nearer to the trap than to the right answer.
    """
    if isinstance(right, str):
        return judged_word(got, right, traps, reason)
    answer, target = spelt_numbers(got), spelt_numbers(right)
    assert target is not None
    if answer is None:
        return (
            "wrong",
            f"{shown(got)} is not it: the answer is {count_of(len(target)) if shaped(right) else 'a number'}",
        )
    if len(answer) != len(target):
        return "wrong", f"the answer is {count_of(len(target))}, and this is {count_of(len(answer))}"
    if matches(answer, target, tol):
        return "right", f"right: {reason}" if reason else "right"
    near = [
        (distance(answer, wrong), why)
        for why, trap in traps.items()
        if (wrong := spelt_numbers(trap)) and len(wrong) == len(answer) and is_near(answer, wrong, target, tol)
    ]
    why = min(near, key=lambda pair: pair[0])[1] if near else hint(answer, target, tol)
    return "wrong", f"{shown(got)} is not it: {why}"


def judged_word(got: Any, right: str, traps: Mapping[str, Any], reason: str) -> tuple[str, str]:
    if not isinstance(got, str) or spelt_numbers(got) is not None:
        return "wrong", f"{shown(got)} is not it: the answer is a word"
    if plain(got) == plain(right):
        return "right", f"right: {reason}" if reason else "right"
    found = [why for why, trap in traps.items() if isinstance(trap, str) and plain(trap) == plain(got)]
    return "wrong", f"{shown(got)} is not it: {found[0] if found else 'compare it with the recipe above'}"


def plain(word: str) -> str:
    """Return a word in lower case, without quotes, a final full stop or exclamation mark, and an article.

    >>> plain(' "The beak". ')
    'beak'
    """
    bare = re.sub("^[\"'“”‘’`]+|[\"'“”‘’`.!]+$", "", word.strip().casefold())
    return re.sub("^(the|a|an) ", "", bare).strip()


class Spelt(NamedTuple):
    """A number, and how many digits it was written with after the point."""

    value: float
    decimals: int


def spelt_numbers(x: Any) -> list[Spelt] | None:
    """Return the numbers in an answer in order, or None if it contains anything but numbers.

    >>> spelt_numbers("12 %"), spelt_numbers((0.5, 3))
    ([Spelt(value=0.12, decimals=2)], [Spelt(value=0.5, decimals=1), Spelt(value=3.0, decimals=0)])
    """
    if isinstance(x, str):
        return read_numbers(x)
    try:
        array = np.asarray(x, np.float64)
    except (TypeError, ValueError):
        return None
    return [Spelt(float(each), decimals_of(float(each))) for each in array.ravel()]


def read_numbers(text: str) -> list[Spelt] | None:
    """Return the numbers in a text, such as "0.5, 1/3, 12 %"; None if there are none, or anything but numbers."""
    bare = re.sub(r"[()\[\]{}]", " ", re.sub("[−–]", "-", text))
    parts = re.sub(r"\s*([/%])\s*", r"\1", bare).replace("%", "% ")
    found = list[Spelt]()
    for part in filter(None, re.split(r"[\s,;]+", parts)):
        match = re.fullmatch(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)(?:/(\d+\.?\d*))?(%?)", part, re.I)
        if match is None or (match[2] and not float(match[2])):
            return None
        value = float(match[1]) / float(match[2] or 1)
        decimals = decimals_of(value)
        found.append(Spelt(value / 100, decimals + 2) if match[3] else Spelt(value, decimals))
    return found or None


def decimals_of(number: float) -> int:
    """Return how many digits follow the point in the shortest decimal form of a number.

    >>> decimals_of(0.07), decimals_of(62.0), decimals_of(1e-5)
    (2, 0, 5)
    """
    if not np.isfinite(number) or number == int(number):
        return 0
    return max(0, -int(Decimal(repr(number)).as_tuple().exponent))


def is_close(x: float, y: float, tol: float) -> bool:
    return x == y or abs(x - y) <= tol + 1e-9 * abs(y)


def is_rounded(x: Spelt, y: float, enough: bool = True) -> bool:
    """Whether x is y rounded to as many digits after the point as x was written with.

    If `enough`, x must also have at least two significant digits or two digits after the point.
    """
    if not (np.isfinite(x.value) and np.isfinite(y)) or x.value == 0:
        return False
    digits = int(np.floor(np.log10(abs(x.value)) + x.decimals + 1e-9)) + 1
    within = abs(x.value - y) <= 10.0**-x.decimals / 2 * (1 + 1e-9)
    return within and (not enough or x.decimals >= 2 or digits >= 2)


def matches(got: Sequence[Spelt], right: Sequence[Spelt], tol: float, enough: bool = True) -> bool:
    pairs = zip(got, right, strict=True)
    return all(is_close(x.value, y.value, tol) or is_rounded(x, y.value, enough) for x, y in pairs)


def distance(a: Sequence[Spelt], b: Sequence[Spelt]) -> float:
    """Return the largest difference between two numbers in the same place; it is 0 between equal infinities."""
    return max(0.0 if x.value == y.value else abs(x.value - y.value) for x, y in zip(a, b, strict=True))


def is_near(got: Sequence[Spelt], trap: Sequence[Spelt], right: Sequence[Spelt], tol: float) -> bool:
    near = all(
        is_close(x.value, y.value, max(tol, 0.02 * abs(y.value)) if np.isfinite(y.value) else tol)
        or is_rounded(x, y.value)
        for x, y in zip(got, trap, strict=True)
    )
    return near and distance(got, trap) < distance(got, right)


COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def count_of(n: int) -> str:
    """Return "one number", "two numbers" and so on; from 11 on with the number in digits.

    >>> count_of(1), count_of(2), count_of(12)
    ('one number', 'two numbers', '12 numbers')
    """
    return f"{COUNTS[n] if n < len(COUNTS) else n} number{'s' * (n != 1)}"


def shaped(x: Any) -> bool:
    return np.ndim(x) > 0


def hint(got: Sequence[Spelt], right: Sequence[Spelt], tol: float) -> str:
    """Return a hint about a wrong answer that no trap explains."""
    if matches(got, right, tol, enough=False):
        return "this is right as far as it goes: give one more digit"
    if matches([Spelt(-x.value, x.decimals) for x in got], right, tol):
        return "the size is right, and the sign is not"
    if len(right) == 1:
        size = "large" if got[0].value > right[0].value else "small"
        return f"it is too {size}: compare it with the recipe above"
    in_order = (sorted(each.value for each in numbers) for numbers in (got, right))
    if all(is_close(x, y, tol) for x, y in zip(*in_order, strict=True)):
        return "these are the right numbers, in another order"
    return "compare it with the recipe above"


def shown(got: Any) -> str:
    return repr(got.tolist() if isinstance(got, np.ndarray) else got)


def save(figure: Figure, name: str) -> None:
    """Write a figure of the lesson as a PNG, by default into the folder out/ beside the script, and print its path.

    In a notebook the figure is shown below its cell instead, with its titles as alternative text.
    """
    if kernel := notebook_kernel():
        show_in_notebook(kernel, figure, name)
        return
    script = sys._getframe(1).f_globals.get("__file__")
    home = place_of_figures(Path(script)) if script else Path("minixai-lessons")
    folder = _running[-1].out if _running else home
    if folder is None:
        return
    number = re.match(r"\d+", Path(script).name) if script else None
    path = folder / f"{number[0] + '-' if number else ''}{name}.png"
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as file:
        figure.savefig(file, format="png", dpi=110)
    for session in _running[-1:]:
        session.figures.append(path)
    print(f"figure: {printable(str(path))}")


def show_in_notebook(kernel: Any, figure: Any, name: str) -> None:
    """Show a figure, with or without controls, below the notebook cell that saves it."""
    if not hasattr(figure, "axes"):  # a matplotlib figure has axes; one with controls provides its own HTML
        kernel.display({"text/html": figure._repr_html_(), "text/plain": figure.alt or name}, raw=True)
        return
    picture, alt = io.BytesIO(), describe_figure(figure, name)
    figure.savefig(picture, format="png", dpi=110)
    data = {"image/png": b64encode(picture.getvalue()).decode(), "text/plain": alt}
    kernel.display(data, metadata={"image/png": {"alt": alt, "name": name}}, raw=True)


def describe_figure(figure: Figure, name: str) -> str:
    """Describe a figure in one line by its name, its titles and the labels of its axes.

    >>> from matplotlib.figure import Figure
    >>> figure = Figure()
    >>> _ = figure.subplots().set(title="Rescale", xlabel="z", ylabel="relu(z)")
    >>> describe_figure(figure, "chord")
    'Figure "chord": Rescale (relu(z) over z)'
    """
    heading = figure.get_suptitle()
    parts = [heading] if heading else []
    for ax in figure.axes:
        x, y = ax.get_xlabel(), ax.get_ylabel()
        over = f"({y} over {x})" if x and y else f"({x or y})" if x or y else ""
        parts.append(f"{ax.get_title() or ax.get_title('left')} {over}".strip())
    told = list(dict.fromkeys(" ".join(part.split()) for part in parts if part))
    return f'Figure "{name.replace("-", " ")}"' + (": " + "; ".join(told) if told else "")


def notebook_kernel() -> Any:
    """Return IPython's `display` module if this code runs in the kernel of a notebook, otherwise None."""
    ipython = sys.modules.get("IPython")
    shell = ipython and ipython.get_ipython()
    return import_module("IPython.display") if shell and hasattr(shell, "kernel") else None


def start_notebook(name: str) -> None:
    """Start the session of a notebook that was made from the lesson `name`; its cells have no `__file__` to tell."""
    _running[:] = [Session(None, reasons=reasons_beside(shipped_home() / f"{name}.py"))]


def place_of_figures(script: Path) -> Path:
    """Return the folder for a script's figures: out/ beside the script.

    For a script inside the package it is minixai-lessons in the current folder, so that nothing is written there.
    """
    return Path("minixai-lessons") if script.resolve().is_relative_to(PACKAGE) else script.resolve().parent / "out"


def photo() -> Photo | None:
    """Return VGG-16 and the photo that --weights and --image name, and print the title.

    Without weights return None, and print how to get them.
    """
    found = _running[-1].photo if _running else typed(sys.argv[1:])
    print(WITHOUT if found is None else found.title)
    return found


# -- lessons as scripts -------------------------------------------------------------------------------


class Cell(NamedTuple):
    """A cell of a script: whether it is prose or code, the number of its heading line `# %%`, and its text."""

    prose: bool
    line: int
    text: str


@dataclass(frozen=True)
class Lesson:
    """The script of a lesson, with properties that are read from it."""

    path: Path

    @property
    def number(self) -> int:
        return int(self.path.name.split("_")[0])

    @property
    def cells(self) -> list[Cell]:
        """The cells of the script in order; text before the first `# %%` is left out."""
        cells: list[tuple[bool, int, list[str]]] = []
        for n, line in enumerate(self.path.read_text(encoding="utf-8").splitlines()):
            if line.startswith(CODE):
                cells.append((line.startswith(MARKDOWN), n + 1, []))
            elif cells:
                cells[-1][2].append(line)
        return [
            Cell(prose, n, "\n".join(re.sub("^# ?", "", line) for line in lines) if prose else "\n".join(lines))
            for prose, n, lines in cells
        ]

    @property
    def title(self) -> str:
        return self.cells[0].text.strip().splitlines()[0].lstrip("# ")

    def about(self, what: str) -> str:
        """Return the paragraph of the first cell that begins with **what.**, without these words.

        Raises ValueError if there is none.
        """
        found = re.search(rf"\*\*{what}\.\*\*\s+(.+?)(?:\n\s*\n|\Z)", self.cells[0].text, re.DOTALL)
        if found is None:
            raise ValueError(f"{self.path.name} does not say its {what!r}: write '**{what}.** ...' into its first cell")
        return " ".join(found[1].split())

    @property
    def has_photo(self) -> bool:
        """Whether the lesson also explains a photo, for learners who have weights of VGG-16."""
        return "= photo()" in self.path.read_text(encoding="utf-8")

    @property
    def question(self) -> str:
        return self.about("Question")

    def run(
        self,
        answers: Mapping[str, Any] | None = None,
        out: Path | None = None,
        tell: Callable[[Cell], None] | None = None,
        figures: bool = True,
        photo: Photo | None = None,
    ) -> Session:
        """Run the lesson from the first cell to the last, and return its session.

        An answer that raises an error counts as wrong and does not stop the lesson.

        Parameters
        ----------
        answers : mapping, optional
            {"mine_a": ...}, the values that replace `mine_a = None`.
        out : Path, optional
            The folder for figures, by default out/ beside the script.
        tell : callable, optional
            Called with each cell before the cell's code runs.
        figures : bool
            Whether figures are written.
        photo : Photo, optional
            What the lesson's `photo()` returns.

        Returns
        -------
        Session
            The claims, the outcomes of the exercises and the figures.

        Raises
        ------
        AssertionError
            If a claim fails.
        ValueError
            If `answers` has a name that the script does not set to None.
        """
        given = dict(answers or {})
        if unknown := set(given) - set(re.findall(r"^(mine_\w+) = None", self.path.read_text(encoding="utf-8"), re.M)):
            raise ValueError(f"{self.path.name} does not ask for {', '.join(sorted(unknown))}")
        names: dict[str, Any] = {"__name__": "__main__", "__file__": str(self.path)} | given
        place = (out or place_of_figures(self.path)) if figures else None
        with session(place, photo, self.reasons) as found:
            for cell in self.cells:
                if tell is not None:
                    tell(cell)
                if cell.prose:
                    continue
                tree = ast.parse("\n" * cell.line + cell.text, str(self.path))
                tree.body = [each for each in tree.body if not (is_open(each) and asked(each) in given)]
                for part in separate_answers(tree.body):
                    execute_part(part, names, str(self.path))
        return found

    @property
    def answers(self) -> dict[str, ast.expr | None]:
        """{letter: the expression that is passed to `answer`, or None if it uses a `mine_...` that is still None}

        Raises SyntaxError if the script is not valid Python.
        """
        body = ast.parse(self.path.read_text(encoding="utf-8"), str(self.path)).body
        unanswered = {f"mine_{answered_by(each)}" for each in body if answered_by(each) and is_open(each)}
        judged = {str(letter_of(each)): each for each in body if isinstance(each, ast.Expr) and letter_of(each)}
        found: dict[str, ast.expr | None] = {}
        for letter, statement in judged.items():
            assert isinstance(statement.value, ast.Call)
            used = {node.id for node in ast.walk(statement.value.args[1]) if isinstance(node, ast.Name)}
            found[letter] = None if used & unanswered else statement.value.args[1]
        return found

    @property
    def reasons(self) -> dict[str, str]:
        """{letter: why the answer to this exercise is right}; see `reasons_beside`."""
        return reasons_beside(self.path)

    @property
    def solutions(self) -> dict[str, Any]:
        """The solutions of this lesson, {"mine_a": value, ...}, from its file in solutions/ beside the script."""
        names = runpy.run_path(str(self.path.parent / "solutions" / f"{self.number:02}.py"))
        return {name: value for name, value in names.items() if name.startswith("mine_")}


def separate_answers(body: Sequence[ast.stmt]) -> list[list[ast.stmt]]:
    """Split the statements of a cell into parts; each statement that gives or judges an answer is a part of its own."""
    parts = list[list[ast.stmt]]()
    for statement in body:
        if not parts or letter_of(statement) or letter_of(parts[-1][-1]):
            parts.append([])
        parts[-1].append(statement)
    return parts


def letter_of(statement: ast.stmt) -> str | None:
    """Return the letter of the exercise whose answer a statement gives (`mine_a = ...`) or judges (`answer("a", ...)`).

    Returns None for any other statement.
    """
    if isinstance(statement, ast.Expr) and isinstance(call := statement.value, ast.Call):
        named = isinstance(call.func, ast.Name) and call.func.id == "answer" and call.args
        return str(call.args[0].value) if named and isinstance(call.args[0], ast.Constant) else None
    return answered_by(statement)


def execute_part(part: Sequence[ast.stmt], names: dict[str, Any], path: str) -> None:
    """Run a part of a cell, as `separate_answers` makes them; if an answer raises an error, that counts as wrong."""
    code = compile(ast.Module(list(part), []), path, "exec")
    letter = letter_of(part[0])
    if letter is None:
        exec(code, names)
        return
    failed = names.get(f"mine_{letter}")
    if isinstance(failed, Failed) and isinstance(part[0], ast.Expr):
        report(Outcome(letter, "wrong", failed.said, None, {}, 0.0))
        return
    try:
        exec(code, names)
    except Exception as problem:  # a learner's code may raise any error
        said = Failed(f"it stops ({type(problem).__name__}, {problem}) in line {line_of(problem, path)}")
        if isinstance(part[0], ast.Expr):
            report(Outcome(letter, "wrong", said.said, None, {}, 0.0))
        else:
            names[f"mine_{letter}"] = said


class Failed(NamedTuple):
    """Stands for an answer whose statement raised an error; `said` describes it."""

    said: str


def line_of(problem: BaseException, path: str) -> int:
    """Return the number of the innermost line of the script in the error's traceback, or 0 if there is none."""
    lines = [frame.lineno for frame in traceback.extract_tb(problem.__traceback__) if frame.filename == path]
    return lines[-1] or 0 if lines else 0


def is_open(statement: ast.stmt) -> bool:
    """Whether the statement has the form `name = None`."""
    return (
        isinstance(statement, ast.Assign)
        and isinstance(statement.value, ast.Constant)
        and statement.value.value is None
        and isinstance(statement.targets[0], ast.Name)
    )


def reasons_beside(script: str | PathLike[str] | None) -> dict[str, str]:
    """Return {letter: why the answer to this exercise is right}, from the comments in solutions/ beside the script.

    If the script has none there, as a copied lesson may not, those of the shipped lesson of the same name are read.
    """
    if script is None:
        return {}
    there, shipped = Path(script), shipped_home() / Path(script).name
    places = [there, shipped] if shipped.is_file() else [there]
    files = [place.parent / "solutions" / f"{place.name[:2]}.py" for place in places]
    path = next((path for path in files if path.is_file()), None)
    if path is None:
        return {}
    lines, found = path.read_text(encoding="utf-8").splitlines(), dict[str, str]()
    for statement in ast.parse("\n".join(lines)).body:
        if letter := answered_by(statement):
            block = lines[statement.lineno - 1 : statement.end_lineno]
            found[letter] = " ".join(line.split("  # ", 1)[1].strip() for line in block if "  # " in line)
    return found


def answered_by(statement: ast.stmt) -> str | None:
    """Return the letter of the exercise that a statement answers, `mine_a = ...` or `def mine_a`, otherwise None."""
    if isinstance(statement, ast.FunctionDef):
        name = statement.name
    elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
        name = statement.targets[0].id
    else:
        return None
    return name.removeprefix("mine_") if name.startswith("mine_") else None


def asked(statement: ast.stmt) -> str:
    assert isinstance(statement, ast.Assign)
    assert isinstance(statement.targets[0], ast.Name)
    return statement.targets[0].id


@contextmanager
def session(
    out: Path | None, photo: Photo | None = None, reasons: Mapping[str, str] | None = None
) -> Iterator[Session]:
    """Make a new session the running one inside the `with` block, and yield it."""
    _running.append(Session(out, photo, reasons or {}))
    try:
        yield _running[-1]
    finally:
        _running.pop()


def home() -> Path:
    """Return the folder of the lessons: lessons/ in the current folder or, if it holds none, that of this minixai.

    Raises ValueError if there are no lessons.
    """
    places = (Path("lessons"), PACKAGE / "_lessons", PACKAGE.parent / "lessons")
    for folder in places:
        if any(folder.glob("[0-9][0-9]_*.py")):
            return folder
    raise ValueError(f"no lessons in {', '.join(map(str, places))}: reinstall minixai, or restore lessons/ in a clone")


def shipped_home() -> Path:
    """Return the folder of the lessons that came with this minixai."""
    return next(path for path in (PACKAGE / "_lessons", PACKAGE.parent / "lessons") if path.is_dir())


def every_lesson(folder: Path | None = None) -> list[Lesson]:
    """Return all lessons of the folder, by default of `home`, ordered by their numbers."""
    return [Lesson(path) for path in sorted((folder or home()).glob("[0-9][0-9]_*.py"))]


def find_lesson(which: str | PathLike[str]) -> Lesson:
    """Return a lesson by its number or by the path of its script.  Raises ValueError if there is none."""
    text = str(which)
    if not text.isdecimal():
        if not Path(text).is_file() or not re.match(r"\d\d_.*\.py$", Path(text).name):
            raise ValueError(f"{text!r} is no lesson: give its number, as `minixai lessons` lists them, or its script")
        return Lesson(Path(text))
    found = {each.number: each for each in every_lesson()}
    if int(text) not in found:
        raise ValueError(f"there is no lesson {text}: they are numbered {min(found)} to {max(found)}")
    return found[int(text)]


def copy_to(folder: Path) -> list[Path]:
    """Copy the lessons to a folder where answers can be written into them, and return the paths of the copies.

    Raises ValueError if a file would be overwritten.
    """
    copies = [folder / each.path.name for each in every_lesson()]
    if there := [path for path in copies if path.exists()]:
        raise ValueError(f"{str(there[0])!r} is there already, and may hold your answers: choose another folder")
    folder.mkdir(parents=True, exist_ok=True)
    for each, path in zip(every_lesson(), copies, strict=True):
        copy_atomically(each.path, path)
    return copies

"""What lessons are made of: claims checked as they run, and exercises that tell what is behind a wrong answer.

A lesson is a plain script in lessons/, in cells (`# %%`, `# %% [markdown]`): `python lessons/04_....py` runs it, and
`minixai lesson 4` tells its prose as well.  Answers are written into the script, in place of `mine_a = None`.
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

if TYPE_CHECKING:  # matplotlib takes a while to load, and a lesson that draws has loaded it
    from matplotlib.figure import Figure

MARKDOWN, CODE = "# %% [markdown]", "# %%"
EXERCISE = "application/vnd.minixai.exercise+json"
"""What a notebook calls the data of an exercise."""


class Outcome(NamedTuple):
    """What came of an exercise: `state` is "open", "right" or "wrong"."""

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
    """What a lesson has claimed, asked and drawn so far; where its figures go, None draws nothing; its photo."""

    out: Path | None
    photo: Photo | None = None
    reasons: Mapping[str, str] = field(default_factory=dict)
    claims: list[str] = field(default_factory=list)
    exercises: list[Outcome] = field(default_factory=list)
    figures: list[Path] = field(default_factory=list)


_running: list[Session] = []


def claim(text: str, ok: npt.ArrayLike, detail: str = "") -> None:
    """Print what was found true; raise AssertionError with the sentence if it is not.

    >>> claim("the slope of x² at 3 is 6", abs(2 * 3 - 6) < 1e-9)
    [ok] the slope of x² at 3 is 6
    """
    if not np.all(ok):
        raise AssertionError(f"the lesson claims that {text}, but {detail or 'it does not hold'}")
    for session in _running[-1:]:
        session.claims.append(text)
    print(f"[ok] {text}")


def answer(name: str, got: Any, right: Any, traps: Mapping[str, Any] | None = None, tol: float = 1e-3) -> None:
    """Tell whether an exercise is solved, see `judged`.  None is "not tried yet".

    traps    {what went wrong: the answer it leads to}

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
    """Keep what came of an exercise, and print it."""
    for session in _running[-1:]:
        session.exercises.append(outcome)
    if kernel := notebook_kernel():
        data = {"text/plain": str(outcome), EXERCISE: exercise_data(outcome)}
        kernel.display(data, raw=True)
    else:
        print(outcome)


def exercise_data(outcome: Outcome) -> dict[str, Any]:
    """Return an exercise as JSON, for the page that has a field for its answer."""
    return {
        "name": outcome.name,
        "right": plain_data(outcome.right),
        "traps": [[why, plain_data(wrong)] for why, wrong in outcome.traps.items()],
        "tol": outcome.tol,
    }


def plain_data(value: Any) -> Any:
    """Return a word as it is, and numbers as nested lists of their shortest spelling ("inf" has none in JSON)."""
    if isinstance(value, str):
        return value

    def spelt(part: Any) -> Any:
        return [spelt(each) for each in part] if isinstance(part, list) else {"number": repr(float(part))}

    return spelt(np.asarray(value, np.float64).tolist())


def judged(got: Any, right: Any, traps: Mapping[str, Any], tol: float, reason: str = "") -> tuple[str, str]:
    """Judge an answer, as the pages of the book do (lessons/conf/static/book.js).

    Parameters
    ----------
    got, right : number, word, or nested sequence of numbers
        The answer and the right one.  An answer may also be text, such as "12 %" or "1/3".
    traps : mapping of str to answer
        What went wrong, and the answer it leads to.
    tol : float
        How far a number may be off.
    reason : str
        Why the right answer is right, for those who have found it.

    Returns
    -------
    state, said : str
        "right" or "wrong", and what to say.

    Notes
    -----
    A number is right to within `tol`, or if it is the right one rounded to the digits it has: at least two digits, or
    two after the point.  Near a trap (2 % off, or rounded) and nearer to it than to the right answer is in the trap.
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
    """A word without quotes and its article, in small letters.

    >>> plain(' "The beak". ')
    'beak'
    """
    bare = re.sub("^[\"'“”‘’`]+|[\"'“”‘’`.!]+$", "", word.strip().casefold())
    return re.sub("^(the|a|an) ", "", bare).strip()


class Spelt(NamedTuple):
    """A number and how many digits stand after the point where it is written."""

    value: float
    decimals: int


def spelt_numbers(x: Any) -> list[Spelt] | None:
    """The numbers of an answer in order, or None if it has others than numbers.

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
    """The numbers in a text; fractions and percentages are numbers, too."""
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
    """How many digits stand after the point in the shortest spelling of a number.

    >>> decimals_of(0.07), decimals_of(62.0), decimals_of(1e-5)
    (2, 0, 5)
    """
    if not np.isfinite(number) or number == int(number):
        return 0
    return max(0, -int(Decimal(repr(number)).as_tuple().exponent))


def is_close(x: float, y: float, tol: float) -> bool:
    return x == y or abs(x - y) <= tol + 1e-9 * abs(y)


def is_rounded(x: Spelt, y: float, enough: bool = True) -> bool:
    """Whether x is y rounded to the digits that x has: at least two, or two after the point, if these are enough."""
    if not (np.isfinite(x.value) and np.isfinite(y)) or x.value == 0:
        return False
    digits = int(np.floor(np.log10(abs(x.value)) + x.decimals + 1e-9)) + 1
    within = abs(x.value - y) <= 10.0**-x.decimals / 2 * (1 + 1e-9)
    return within and (not enough or x.decimals >= 2 or digits >= 2)


def matches(got: Sequence[Spelt], right: Sequence[Spelt], tol: float, enough: bool = True) -> bool:
    pairs = zip(got, right, strict=True)
    return all(is_close(x.value, y.value, tol) or is_rounded(x, y.value, enough) for x, y in pairs)


def distance(a: Sequence[Spelt], b: Sequence[Spelt]) -> float:
    """The largest difference; equal infinities are 0 apart."""
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
    """How many numbers, in words.

    >>> count_of(1), count_of(2), count_of(12)
    ('one number', 'two numbers', '12 numbers')
    """
    return f"{COUNTS[n] if n < len(COUNTS) else n} number{'s' * (n != 1)}"


def shaped(x: Any) -> bool:
    return np.ndim(x) > 0


def hint(got: Sequence[Spelt], right: Sequence[Spelt], tol: float) -> str:
    """What can be said of a wrong answer that is no known trap."""
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
    """Write a figure of the lesson as a PNG, into the folder out/ beside its script, and tell where it is.

    In a notebook the figure is shown below its cell instead, with its titles as the text for those who do not see it.
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
    """Show a figure, or a figure with controls, below the cell that saves it."""
    if not hasattr(figure, "axes"):  # a figure of matplotlib has axes; one with controls writes itself as HTML
        kernel.display({"text/html": figure._repr_html_(), "text/plain": figure.alt or name}, raw=True)
        return
    picture, alt = io.BytesIO(), describe_figure(figure, name)
    figure.savefig(picture, format="png", dpi=110)
    data = {"image/png": b64encode(picture.getvalue()).decode(), "text/plain": alt}
    kernel.display(data, metadata={"image/png": {"alt": alt, "name": name}}, raw=True)


def describe_figure(figure: Figure, name: str) -> str:
    """Return what the titles and the names of the axes of a figure say, in one line.

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
    """Return IPython's `display` module where this code runs in a notebook's kernel, else None."""
    ipython = sys.modules.get("IPython")
    shell = ipython and ipython.get_ipython()
    return import_module("IPython.display") if shell and hasattr(shell, "kernel") else None


def start_notebook(name: str) -> None:
    """Say which lesson a notebook was made from, because its cells have no `__file__`."""
    _running[:] = [Session(None, reasons=reasons_beside(shipped_home() / f"{name}.py"))]


def place_of_figures(script: Path) -> Path:
    """out/ beside the script; for a script that came with an installed minixai, a folder where one stands."""
    return Path("minixai-lessons") if script.resolve().is_relative_to(PACKAGE) else script.resolve().parent / "out"


def photo() -> Photo | None:
    """VGG-16 and a photo, as --weights and --image name them; without them None, and a sentence on how to get them."""
    found = _running[-1].photo if _running else typed(sys.argv[1:])
    print(WITHOUT if found is None else found.title)
    return found


# -- lessons as scripts -------------------------------------------------------------------------------


class Cell(NamedTuple):
    """A part of a script: prose or code, and the line it begins after."""

    prose: bool
    line: int
    text: str


@dataclass(frozen=True)
class Lesson:
    """A script, and what its first cell says about it."""

    path: Path

    @property
    def number(self) -> int:
        return int(self.path.name.split("_")[0])

    @property
    def cells(self) -> list[Cell]:
        """The script in its order."""
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
        """A paragraph of the first cell that begins with **what.**"""
        found = re.search(rf"\*\*{what}\.\*\*\s+(.+?)(?:\n\s*\n|\Z)", self.cells[0].text, re.DOTALL)
        if found is None:
            raise ValueError(f"{self.path.name} does not say its {what!r}: write '**{what}.** ...' into its first cell")
        return " ".join(found[1].split())

    @property
    def has_photo(self) -> bool:
        """Whether it has pictures of a photo, for those who have weights."""
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
        """Run it from the first cell to the last.  Raises AssertionError if a claim fails.

        An answer that stops with an error is a wrong answer; it does not stop the lesson.

        Parameters
        ----------
        answers : mapping, optional
            {"mine_a": ...} in place of its `mine_a = None`.
        out : Path, optional
            Where figures go, by default out/ beside the script.
        tell : callable, optional
            It is called with each cell, before the cell's code runs.
        figures : bool
            Whether figures are written.
        photo : Photo, optional
            What its `photo()` returns.
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
        """{letter: the expression that the script has judged, None if it is `mine_a` itself and that is None}

        Raises SyntaxError if the script is no Python.
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
        """Why each answer is right, {"a": ...}: the comments in lessons/solutions/."""
        return reasons_beside(self.path)

    @property
    def solutions(self) -> dict[str, Any]:
        """What lessons/solutions/ says, {"mine_a": ...}."""
        names = runpy.run_path(str(self.path.parent / "solutions" / f"{self.number:02}.py"))
        return {name: value for name, value in names.items() if name.startswith("mine_")}


def separate_answers(body: Sequence[ast.stmt]) -> list[list[ast.stmt]]:
    """The statements of a cell, those apart that a learner's answer can stop."""
    parts = list[list[ast.stmt]]()
    for statement in body:
        if not parts or letter_of(statement) or letter_of(parts[-1][-1]):
            parts.append([])
        parts[-1].append(statement)
    return parts


def letter_of(statement: ast.stmt) -> str | None:
    """The letter of the exercise whose answer a statement gives (`mine_a = ...`) or judges (`answer("a", ...)`)."""
    if isinstance(statement, ast.Expr) and isinstance(call := statement.value, ast.Call):
        named = isinstance(call.func, ast.Name) and call.func.id == "answer" and call.args
        return str(call.args[0].value) if named and isinstance(call.args[0], ast.Constant) else None
    return answered_by(statement)


def execute_part(part: Sequence[ast.stmt], names: dict[str, Any], path: str) -> None:
    """Run statements of a lesson; an answer that stops with an error is judged as one."""
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
    except Exception as problem:  # what a learner writes can fail in any way
        said = Failed(f"it stops ({type(problem).__name__}, {problem}) in line {line_of(problem, path)}")
        if isinstance(part[0], ast.Expr):
            report(Outcome(letter, "wrong", said.said, None, {}, 0.0))
        else:
            names[f"mine_{letter}"] = said


class Failed(NamedTuple):
    """In place of an answer that stopped with an error."""

    said: str


def line_of(problem: BaseException, path: str) -> int:
    """The last line of the script that the error came through."""
    lines = [frame.lineno for frame in traceback.extract_tb(problem.__traceback__) if frame.filename == path]
    return lines[-1] or 0 if lines else 0


def is_open(statement: ast.stmt) -> bool:
    """Whether it is `name = None`."""
    return (
        isinstance(statement, ast.Assign)
        and isinstance(statement.value, ast.Constant)
        and statement.value.value is None
        and isinstance(statement.targets[0], ast.Name)
    )


def reasons_beside(script: str | PathLike[str] | None) -> dict[str, str]:
    """Why each answer to a script's exercises is right: the comments in solutions/ beside the script.

    For a copy of a lesson they are those beside the lesson that came with minixai.
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
    """The letter of the exercise that a statement of a solution answers."""
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
    """Keep what the lesson inside says."""
    _running.append(Session(out, photo, reasons or {}))
    try:
        yield _running[-1]
    finally:
        _running.pop()


def home() -> Path:
    """Where the lessons lie: in the folder lessons/ where one stands, in a clone, or in an installed minixai."""
    places = (Path("lessons"), PACKAGE / "_lessons", PACKAGE.parent / "lessons")
    for folder in places:
        if any(folder.glob("[0-9][0-9]_*.py")):
            return folder
    raise ValueError(f"no lessons in {', '.join(map(str, places))}: reinstall minixai, or restore lessons/ in a clone")


def shipped_home() -> Path:
    """Where the lessons lie that came with this minixai."""
    return next(path for path in (PACKAGE / "_lessons", PACKAGE.parent / "lessons") if path.is_dir())


def every_lesson(folder: Path | None = None) -> list[Lesson]:
    """All lessons, in order."""
    return [Lesson(path) for path in sorted((folder or home()).glob("[0-9][0-9]_*.py"))]


def find_lesson(which: str | PathLike[str]) -> Lesson:
    """A lesson by its number or by the path of its script.  Raises ValueError if there is none."""
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
    """Copy the scripts to a folder, to write answers into.  Raises ValueError where they would overwrite something."""
    copies = [folder / each.path.name for each in every_lesson()]
    if there := [path for path in copies if path.exists()]:
        raise ValueError(f"{str(there[0])!r} is there already, and may hold your answers: choose another folder")
    folder.mkdir(parents=True, exist_ok=True)
    for each, path in zip(every_lesson(), copies, strict=True):
        copy_atomically(each.path, path)
    return copies

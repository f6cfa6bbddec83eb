"""What lessons are made of: claims checked as they run, and exercises that tell what is behind a wrong answer.

A lesson is a plain script in lessons/, in cells (`# %%`, `# %% [markdown]`): `python lessons/04_....py` runs it, and
`minixai lesson 4` tells its prose as well.  Answers are written into the script, in place of `mine_a = None`.
"""

from __future__ import annotations

import ast
import re
import runpy
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from minixai.files import PACKAGE, copy_whole, whole
from minixai.photo import WITHOUT, Photo, typed

if TYPE_CHECKING:  # matplotlib takes a while to load, and a lesson that draws has loaded it
    from matplotlib.figure import Figure

MARKDOWN, CODE = "# %% [markdown]", "# %%"


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
    """Tell whether an exercise is solved: numbers to within `tol`, words by their letters.  None is "not tried yet".

    traps    {what went wrong: the answer it leads to}

    >>> answer("a", (0.875, 0.125), (0.8, 0.2), {"that is the Shapley value": (0.875, 0.125)})
    [!!] exercise a: (0.875, 0.125) is not it: that is the Shapley value
    """
    state, said = ("open", f"not tried yet (mine_{name})") if got is None else judged(got, right, traps or {}, tol)
    outcome = Outcome(name, state, said, right, traps or {}, tol)
    for session in _running[-1:]:
        session.exercises.append(outcome)
    print(outcome)


def judged(got: Any, right: Any, traps: Mapping[str, Any], tol: float) -> tuple[str, str]:
    """(state, what to say)"""
    if same(got, right, tol):
        return "right", "right"
    why = next((why for why, wrong in traps.items() if same(got, wrong, tol)), None) or hint(got, right, tol)
    return "wrong", f"{shown(got)} is not it: {why}"


def same(a: Any, b: Any, tol: float) -> bool:
    """Whether two answers are one."""
    x, y = as_numbers(a), as_numbers(b)
    if x is None or y is None:
        return isinstance(a, str) and isinstance(b, str) and plain(a) == plain(b)
    return x.shape == y.shape and np.allclose(x, y, rtol=1e-9, atol=tol)


def plain(word: str) -> str:
    """A word without its article, in small letters."""
    return word.strip().casefold().removeprefix("the ").strip()


def as_numbers(x: Any) -> npt.NDArray[np.float64] | None:
    try:
        return None if isinstance(x, str) else np.asarray(x, np.float64)
    except (TypeError, ValueError):
        return None


def hint(got: Any, right: Any, tol: float) -> str:
    """What can be said of a wrong answer that is no known trap."""
    x, y = as_numbers(got), as_numbers(right)
    if isinstance(got, str) and isinstance(right, str):
        return "compare it with the recipe above"
    if y is None or x is None:
        return (
            f"the answer is {'a word' if y is None else 'a number' if y.ndim == 0 else f'numbers of shape {y.shape}'}"
        )
    if x.shape != y.shape:
        return f"the answer has the shape {y.shape}, this one {x.shape}" if y.ndim else "the answer is one number"
    if np.allclose(-x, y, atol=tol):
        return "the size is right, the sign is the other way round"
    if y.ndim and np.allclose(np.sort(x, axis=None), np.sort(y, axis=None), atol=tol):
        return "these are the right numbers, in another order"
    if y.ndim == 0:
        return f"it is too {'large' if x > y else 'small'}, compare it with the recipe above"
    return "compare it with the recipe above"


def shown(got: Any) -> str:
    return repr(got.tolist() if isinstance(got, np.ndarray) else got)


def save(figure: Figure, name: str) -> None:
    """Write a figure of the lesson as a PNG, into the folder out/ beside its script, and tell where it is."""
    script = sys._getframe(1).f_globals.get("__file__")
    home = place_of_figures(Path(script)) if script else Path("minixai-lessons")
    folder = _running[-1].out if _running else home
    if folder is None:
        return
    number = re.match(r"\d+", Path(script).name) if script else None
    path = folder / f"{number[0] + '-' if number else ''}{name}.png"
    folder.mkdir(parents=True, exist_ok=True)
    with whole(path) as file:
        figure.savefig(file, format="png", dpi=110)
    for session in _running[-1:]:
        session.figures.append(path)
    print(f"figure: {path}")


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
        tell: bool = False,
        figures: bool = True,
        photo: Photo | None = None,
    ) -> Session:
        """Run it from the first cell to the last.  Raises AssertionError if a claim fails.

        answers    {"mine_a": ...} in place of its `mine_a = None`
        out        where figures go, by default out/ beside the script
        tell       print the prose too
        photo      what its `photo()` returns
        """
        given = dict(answers or {})
        if unknown := set(given) - set(re.findall(r"^(mine_\w+) = None", self.path.read_text(encoding="utf-8"), re.M)):
            raise ValueError(f"{self.path.name} does not ask for {', '.join(sorted(unknown))}")
        names: dict[str, Any] = {"__name__": "__main__", "__file__": str(self.path)} | given
        with session((out or place_of_figures(self.path)) if figures else None, photo) as found:
            for cell in self.cells:
                if not cell.prose:
                    tree = ast.parse("\n" * cell.line + cell.text, str(self.path))
                    tree.body = [each for each in tree.body if not (is_open(each) and asked(each) in given)]
                    exec(compile(tree, str(self.path), "exec"), names)
                elif tell:
                    print("\n" + cell.text.strip() + "\n")
        return found

    @property
    def solutions(self) -> dict[str, Any]:
        """What lessons/solutions/ says, {"mine_a": ...}."""
        names = runpy.run_path(str(self.path.parent / "solutions" / f"{self.number:02}.py"))
        return {name: value for name, value in names.items() if name.startswith("mine_")}


def is_open(statement: ast.stmt) -> bool:
    """Whether it is `name = None`."""
    return (
        isinstance(statement, ast.Assign)
        and isinstance(statement.value, ast.Constant)
        and statement.value.value is None
        and isinstance(statement.targets[0], ast.Name)
    )


def asked(statement: ast.stmt) -> str:
    assert isinstance(statement, ast.Assign)
    assert isinstance(statement.targets[0], ast.Name)
    return statement.targets[0].id


@contextmanager
def session(out: Path | None, photo: Photo | None = None) -> Iterator[Session]:
    """Keep what the lesson inside says."""
    _running.append(Session(out, photo))
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
        copy_whole(each.path, path)
    return copies

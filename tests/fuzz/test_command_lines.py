"""Command lines drawn from the parsers: each ends with 0, 2 or 130 and one clear line, and leaves nothing behind.

A case is a command with some of its options, each with a value that is good, odd or hostile; now and then a word is
left out, repeated or misspelt, and now and then Ctrl-C comes.  FUZZ_SEED and FUZZ_CASES say which cases and how many,
FUZZ_CASE=17 which one alone.
"""

import argparse
import dataclasses
import functools
import math
import os
import shutil
import signal
import stat
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib.pyplot  # noqa: F401  so that no interrupt comes while it is loaded for the first time
import numpy as np
import pytest
from PIL import Image

import minixai as mx
from minixai import plots, zoo  # noqa: F401
from minixai.cli import main
from minixai.cli.commands import build_parsers
from minixai.experiments import EXPERIMENTS
from minixai.layers import Conv2D, Dense, Flatten
from minixai.lesson import every_lesson
from minixai.methods import catalogue
from minixai.zoo import fetching
from tests.fuzz.outcomes import CASES, RAW, SEED, SLOW, expect

ROOT = Path(__file__).parents[2]
ONLY = os.environ.get("FUZZ_CASE")
HANGS = 2 * SLOW
"""Seconds after which a case is given up."""

CODES = {0, 2, 130}
VERDICTS = {"verify", "experiment"}
"""Commands that end with 1 where a claim fails."""
TOLD = " forward and "
"""What the cost of long work says, before it begins."""
SENTENCES = ("minixai: ", "minixai-")

# Words for options, by what the help calls their values.  "good" ones are understood, where they fit together.
GOOD: dict[str, list[str]] = {
    "FILE": ["photo.png", "digit.png", "deep.png", "cat", "--", "model.npz"],
    "FILE.png": ["new.png", "old.png"],
    "FILE.npz": ["new.npz", "model.npz"],
    "FILE.npy": ["map.npy"],
    "FILE.h5": ["new.h5"],
    "FOLDER": ["pictures", "new", "."],
    "FOLDER or N": ["1", "2"],
    "N": ["0", "1", "2", "3", "7"],
    "SEED": ["0", "7", "4294967295"],
    "CLASS": ["0", "1", "3", "redshank", "-1"],
    "H,W,C": ["28,28,1", "6,6,1", "224,224,3"],
    "HOW": ["crop", "pad", "stretch"],
    "B": ["black", "white", "mean", "blur", "noise", "0.5", "partner", "photo.png"],
    "NAME=VALUE": ["steps=3", "samples=2", "window=9"],
    "METHOD": [*catalogue],
    "CLASS,CLASS,...": ["0,1", "redshank"],
    "PATTERN": ["deep_lift", "saturation.*", "no such claim"],
}
BY_NAME: dict[str, list[str]] = {
    "model": ["digits", "digits", "digits", "shorebirds", "model.npz"],
    "method": [*catalogue],
    "methods": ["gradient", "gradient,deep_lift", "gradient,occlusion", "integrated_gradients:blur,gradient"],
    "claims": [*catalogue],
    "layer": ["conv1", "conv2", "input", "conv"],
    "preprocessing": ["imagenet", "-1..1", "0..255"],
    "labels": ["labels.txt", "imagenet"],
    "out": ["new.png", "new.pdf", "new.svg", "old.png", "new.html", "new.npz", "sub/new.png"],
    "sections": ["layers", "rows,floor"],
    "source": ["article", "captum"],
    "epochs": ["1", "2"],
    "images": ["1", "2", "3"],
    "samples": ["1", "2", "5"],
    "lesson": ["1", "2", "7", "answers/01_mine.py"],
    "copy": ["new", "new/deeper"],
}
ODD = [
    "", " ", "-", "--", "-1", "0", "00012", "1.5", "1e3", "nan", "inf", "-inf", "²", "١", "true", "None", "a,b", ",",
    ",,",
    "gradient,gradient", ".", "..", "/", "~", "*", "?", "[", "%s", "%(default)s", "{}", "é", "ß.png", "a b.png",
    "NAME", "score",
    "digits ", "DIGITS", "steps=", "=3", "steps=[1", "target=1", "--out", "-h", "--help", "--version", "99999999",
    "4294967296",
]  # fmt: skip
HOSTILE = [
    "a" * 5000, "../../../../../../etc/passwd", "/dev/zero", "/dev/null", "/dev/full", "/proc/self/mem", "pipe",
    "locked/new.png",
    "empty.png", "cut.png", "script.jpg", "bomb.npz", "objects.npz", "objects.npy", "huge.npy", "cut.npz",
    "text.txt", "loop",
    "\x1b[31mred", "two\nlines", "\udcff\udcfe.png", "‮gnp.exe", "1" * 400, "9" * 19, "-" * 300, "a/" * 300 + "b.png",
    "file:///etc/passwd", "http://localhost:1/x", "$(touch pwned)", "`touch pwned`", "; touch pwned",
    "| touch pwned", "con", "a\tb",
    "photo.png/new.png", "model.npz/x", "a" * 250 + ".png", "steps=" + "9" * 500, "steps=" + "[" * 3000,
    "seed=-1", 'x={"a": 1}',
]  # fmt: skip


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with pictures, networks, and files that would do harm."""
    folder = tmp_path_factory.mktemp("furnished")
    rng = np.random.default_rng(0)
    (folder / "pictures").mkdir()
    for name in ("photo.png", "pictures/a.png", "pictures/b.png"):
        Image.fromarray(rng.integers(0, 256, (40, 50, 3), dtype=np.uint8)).save(folder / name)
    Image.fromarray(mx.datasets.digits("test")[0][0, ..., 0] > 0.5).save(folder / "digit.png")
    Image.fromarray(rng.integers(0, 65536, (28, 28), dtype=np.uint16)).save(folder / "deep.png")
    Image.new("L", (9, 9)).save(folder / "old.png")
    model = mx.Model([("conv1", Conv2D(3, 3, activation="relu")), Flatten(), Dense(4)], input_shape=(6, 6, 1))
    model.save(folder / "model.npz")
    (folder / "labels.txt").write_text("\n".join(f"class {i}" for i in range(10)), encoding="utf-8")
    np.save(folder / "map.npy", rng.random((1, 28, 28, 1)))
    (folder / "empty.png").write_bytes(b"")
    (folder / "cut.png").write_bytes((folder / "photo.png").read_bytes()[:900])
    (folder / "cut.npz").write_bytes((folder / "model.npz").read_bytes()[:900])
    (folder / "script.jpg").write_bytes(
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(%pipe%touch pwned) (w) file\n"
    )
    np.savez_compressed(folder / "bomb.npz", x=np.zeros((1 << 28,), np.uint8))
    np.savez(folder / "objects.npz", x=np.array([{}], dtype=object))
    np.save(folder / "objects.npy", np.array([{}], dtype=object))
    with open(folder / "huge.npy", "wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": (10**6, 10**6)})
    (folder / "text.txt").write_text("no network\n", encoding="utf-8")
    (folder / "answers").mkdir()
    source = every_lesson()[0].path.read_text(encoding="utf-8")
    (folder / "answers" / "01_mine.py").write_text(source, encoding="utf-8")
    os.symlink("loop", folder / "loop")
    return folder


@contextmanager
def only_quick_work(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let what takes minutes, or the network, end as soon as it begins; all that is checked before it stays."""
    images, labels = mx.datasets.digits("train")
    result = EXPERIMENTS["closeness"].run(images=2)

    def no_server(url: str) -> Iterator[bytes]:
        raise ValueError(f"{url} cannot be fetched (no network): try again")
        yield b""

    def no_book(out: Path, tell: Callable[[str], None]) -> Path:
        raise ValueError("the book is not made here: leave it out")

    with monkeypatch.context() as patch:
        patch.setattr(zoo, "make", lambda name, *_: (mx.load(name), []))
        patch.setattr(zoo.digits, "digits", lambda split: (images[:64], labels[:64]))
        patch.setattr(fetching, "download_blocks", no_server)
        patch.setattr("minixai.book.build.build_book", no_book)
        for name, each in EXPERIMENTS.items():
            run = functools.wraps(each.run)(lambda **options: result)
            patch.setitem(EXPERIMENTS, name, dataclasses.replace(each, run=run))  # type: ignore[arg-type]
        patch.setattr("minixai.cli.bench.load_benchmark", quick_benchmark)
        patch.setattr("minixai.lesson.place_of_figures", lambda script: Path("new"))
        patch.setattr("webbrowser.open", lambda url: None)
        yield


def quick_benchmark() -> Any:
    class Benchmark:
        SECTIONS = ("layers", "vgg", "small", "methods", "rows", "memory", "floor", "import")

        @staticmethod
        def main(sections: list[str], quick: bool, busy: bool) -> str:
            return "a table"

    return Benchmark


def draw_value(action: argparse.Action, rng: np.random.Generator, wild: bool) -> str:
    """A value for an option or an argument: in a wild command line half of them are odd or hostile."""
    kind = rng.random()
    if not wild or kind < 0.5:
        label = str(action.metavar or action.dest)
        known = BY_NAME.get(action.dest) or GOOD.get(label) or GOOD.get(label.split(".")[0])
        if action.dest == "name":
            known = [*zoo.RECIPES, *EXPERIMENTS, *fetching.SOURCES]
        return str(rng.choice(known or ODD))
    return str(rng.choice(ODD if kind < 0.75 else HOSTILE))


def draw_words(rng: np.random.Generator) -> list[str]:
    """A command line."""
    _, commands = build_parsers()
    often = ("explain", "compare", "predict", "audit")
    names = [*commands.choices, *often, *often[:3]]
    name = str(rng.choice(names))
    parser, wild = commands.choices[name], rng.random() < 0.5
    words, actions = [name], [action for action in parser._actions if action.dest != "help"]
    for action in rng.permutation(np.array(actions, dtype=object)):
        if action.option_strings:
            if rng.random() > 2.5 / len(actions):
                continue
            option = str(rng.choice(action.option_strings))
            if action.nargs == 0:
                words.append(option)
            elif rng.random() < 0.2:
                words.append(f"{option}={draw_value(action, rng, wild)}")
            else:
                words += [option, draw_value(action, rng, wild)]
        elif action.nargs != "?" or rng.random() < 0.4:
            words.append(draw_value(action, rng, wild))
    if name in ("score", "experiment") and "--images" not in words:
        words += ["--images", "2"]
    if wild and rng.random() < 0.25 and len(words) > 1:
        i = int(rng.integers(1, len(words)))
        match int(rng.integers(4)):
            case 0:
                del words[i]
            case 1:
                words.insert(i, words[i])
            case 2:
                words[i] = words[i][:-1]
            case _:
                words.append(str(rng.choice(ODD + HOSTILE)))
    return words


def contents(folder: Path) -> dict[str, tuple[int, int, int]]:
    """What lies in a folder, below it too: kind, size and time of each."""
    found = {}
    for path in sorted(folder.rglob("*")):
        state = path.lstat()
        found[str(path.relative_to(folder))] = (stat.S_IFMT(state.st_mode), state.st_size, state.st_mtime_ns)
    return found


class Hangs(BaseException):
    """A case took so long that it was given up."""


class Timer:
    """Raises an exception in the middle of a case: Ctrl-C, or that it hangs."""

    def __init__(self, seconds: float | None) -> None:
        self.seconds, self.raised = seconds, False

    def fire(self, *_: object) -> None:
        self.raised = True
        raise Hangs if self.seconds is None else KeyboardInterrupt

    def __enter__(self) -> "Timer":
        signal.signal(signal.SIGALRM, self.fire)
        signal.setitimer(signal.ITIMER_REAL, HANGS if self.seconds is None else self.seconds)
        return self

    def __exit__(self, *problem: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)


def run_command(words: list[str], seconds: float | None) -> tuple[int | None, str, bool]:
    """(exit code, or None after an exception; that exception; whether it was interrupted)."""
    timer = Timer(seconds)
    try:
        with timer:
            return main(words), "", timer.raised
    except KeyboardInterrupt:
        return 130, "", True  # between the command's end and the timer's, or in its last line: a process ends there
    except Hangs:
        return None, "hangs", True
    except (Exception, SystemExit) as problem:
        at = traceback.extract_tb(problem.__traceback__)[-1]
        return None, f"{type(problem).__name__}: {problem!s:.200} in {Path(at.filename).name}:{at.lineno}", timer.raised


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs setitimer, pipes and devices")
@pytest.mark.filterwarnings("ignore")
def test_command_lines(
    furnished: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder, tally = tmp_path / "here", dict[int | None, int]()
    shutil.copytree(furnished, folder, symlinks=True)
    os.mkfifo(folder / "pipe")
    monkeypatch.chdir(folder)
    before = contents(folder)
    with only_quick_work(monkeypatch):
        for case in range(CASES) if ONLY is None else [int(ONLY)]:
            rng = np.random.default_rng([SEED, case])
            words = draw_words(rng)
            seconds = float(10 ** rng.uniform(-3, 0.3)) if rng.random() < 0.1 else None
            what = f"seed {SEED} case {case}: {words!r:.400}"
            start = time.monotonic()
            code, problem, interrupted = run_command(words, seconds)
            took = time.monotonic() - start
            out, err = capsys.readouterr()
            tally[code] = tally.get(code, 0) + 1
            if os.environ.get("FUZZ_LOG"):
                with open(os.environ["FUZZ_LOG"], "a", encoding="utf-8") as log:
                    print(f"{took:6.2f} {code} {words!r:.300}\n       {err.strip()!r}", file=log)
            if TOLD in err and (problem == "hangs" or took > SLOW):
                tally[None] = tally.get(None, 0) + 1  # long work, which told its cost first
                check_folder(what, folder, furnished, before, 2)
                continue
            check_outcome(what, words, code, problem, interrupted, out, err)
            expect(took < SLOW, f"{what}: took {took:.0f} s")
            check_folder(what, folder, furnished, before, code)
    print(f"seed {SEED}: exit codes {tally}")


def check_outcome(
    what: str, words: list[str], code: int | None, problem: str, interrupted: bool, out: str, err: str
) -> None:
    """Expect an exit code that is possible here, and one clear line where there is a problem."""
    if code is None:
        return expect(False, f"{what}: {problem}")
    expect(code in CODES or (code == 1 and words[0] in VERDICTS), f"{what}: exit code {code}")
    expect(code != 130 or interrupted, f"{what}: interrupted by nobody")
    notes = [line for line in err.splitlines() if line]
    expect("Traceback" not in out + err, f"{what}: {err[-300:]}")
    if code == 2:
        expect(bool(notes), f"{what}: no word on stderr")
        last = notes[-1] if notes else ""
        expect(last.startswith(SENTENCES) and len(last) < 1600, f"{what}: {last:.200}")
        expect(not any(raw in last for raw in RAW), f"{what}: {last:.300}")
    expect(all(line.startswith(SENTENCES) for line in notes) or words[0] in ("book",), f"{what}: {err[:300]!r}")
    hidden = [c for c in out + err if not c.isprintable() and c not in "\n\r"]
    expect(not hidden, f"{what}: control codes {hidden[:5]} reach the terminal")
    return None


def check_folder(
    what: str, folder: Path, furnished: Path, before: dict[str, tuple[int, int, int]], code: int | None
) -> None:
    """Expect that only what was to be written has changed, and make the folder as it was."""
    after = contents(folder)
    lost = [name for name in before if name not in after]
    new = [name for name in after if name not in before]
    changed = [name for name in before if name in after and before[name] != after[name] and not Path(name).is_dir()]
    expect(not lost, f"{what}: {lost} is gone")
    expect("pwned" not in new, f"{what}: a program was started")
    expect(not any(name.endswith(".part") for name in new), f"{what}: left {new}")
    if code != 0 and code != 1:
        named = ("new", "-")  # what is whole when the interrupt comes stays, where a command line names a place for it
        kept = [name for name in new if not name.startswith(named)] if code == 130 else new
        expect(not kept and not changed, f"{what}: code {code}, left {kept[:3]}, changed {changed[:3]}")
    else:
        allowed = {"old.png", "model.npz", "answers/01_mine.py"}
        expect(not [name for name in changed if name not in allowed], f"{what}: changed {changed}")
    if lost or new or changed:
        for name in sorted(new, key=len, reverse=True):
            path = folder / name
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        for name in [*lost, *changed]:
            if (furnished / name).is_file():
                shutil.copy2(furnished / name, folder / name)
        before |= {name: state for name, state in contents(folder).items() if name in before}
    assert math.isclose(len(contents(folder)), len(before))

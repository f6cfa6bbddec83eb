"""minixai beside other libraries, in one run: python tests/benchmarks/bench.py, or minixai bench.

Each library has a process of its own and they take turns, so a disturbance meets them all; times are medians, and a
ratio is minixai's time by the best of the others' that do the same in the same task.  Below 1, minixai is faster.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parents[1]))

from contenders import LAYERS  # noqa: E402

PACKAGES = ("numpy", "scipy", "threadpoolctl", "torch", "captum", "shap", "mygrad")
TORCH = ("PyTorch", "PyTorch, channels first")
ONE_THREAD = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")


class Task(NamedTuple):
    """A line of the table: what is done, on how many rows, how often, and by whom beside minixai."""

    title: str
    task: str
    name: str
    rows: int
    turns: int
    others: tuple[str, ...]
    warm: bool = True


SECTIONS: dict[str, list[Task]] = {
    "layers": [Task(f"{name}, 8 rows", "layer", name, 8, 9, (*TORCH, "MyGrad", "im2col")) for name in LAYERS],
    "vgg": [
        Task("VGG-16 forward, 1 row", "forward", "vgg", 1, 9, TORCH),
        Task("VGG-16 gradient, 1 row", "gradient", "vgg", 1, 9, TORCH),
        Task("VGG-16 forward, 8 rows", "forward", "vgg", 8, 5, TORCH),
        Task("VGG-16 gradient, 8 rows", "gradient", "vgg", 8, 5, TORCH),
        Task("VGG-16 DeepLIFT, 1 row", "deep_lift", "vgg", 1, 5, ("captum",)),
        Task("VGG-16 integrated gradients, 50 steps by 8", "ig", "vgg", 8, 2, ("captum",), False),
    ],
    "small": [
        Task(f"small CNN {side}² {task}, {rows} rows", task, f"cnn{side}", rows, 15, TORCH)
        for side in (28, 64)
        for rows in (8, 64)
        for task in ("forward", "gradient")
    ],
    "methods": [
        Task("small CNN 64² DeepLIFT, 8 rows", "deep_lift", "cnn64", 8, 9, ("captum",)),
        Task("small CNN 64² deep_shap, 20 references", "deep_shap", "cnn64", 1, 9, ("captum", "shap")),
        Task("small CNN 64² expected gradients, 200", "expected_gradients", "cnn64", 1, 5, ("captum", "shap")),
        Task("small CNN 64² occlusion, 225 windows", "occlusion", "cnn64", 1, 5, ("captum",)),
    ],
    "rows": [Task(f"VGG-16 gradient, {rows} rows", "gradient", "vgg", rows, 3, ()) for rows in (4, 8, 16)],
    "memory": [Task("peak memory of VGG-16's gradient, 8 rows", "gradient", "vgg", 8, 0, TORCH)],
    "floor": [Task("sgemm of 2048³", "sgemm", "", 2048, 15, ())],
    "import": [],
}


class Library:
    """A library in its process."""

    def __init__(self, name: str, busy: bool) -> None:
        self.busy = busy
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "contenders.py"), name],
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | dict.fromkeys(ONE_THREAD if busy else (), "1"),
        )

    def ask(self, task: Task, turns: int) -> dict[str, Any]:
        asked = {"task": task.task, "name": task.name, "rows": task.rows, "turns": turns, "warm": task.warm}
        asked["busy"] = self.busy
        assert self.process.stdin
        assert self.process.stdout
        print(json.dumps(asked), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        return dict(json.loads(line)) if line else {"missing": f"it ended with exit code {self.process.wait()}"}

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()


def main(sections: list[str], quick: bool = False, busy: bool = False) -> str:
    """The table in markdown; what is being measured is told on stderr.

    On a `busy` machine, which others use too, processor time is counted, of one thread for each library.
    """
    clock = ", processor time of one thread." if busy else "."
    lines = [
        machine() + clock,
        "",
        "| what | minixai | " + " | ".join([*TORCH, "others", "ratio"]) + " |",
        "|---" * 6 + "|",
    ]
    libraries, missing = dict[str, Library](), dict[str, str]()
    try:
        for section in sections:
            if section == "memory":  # of a process that has done nothing else
                close(libraries)
            for task in SECTIONS[section]:
                print(f"bench: {task.title}", file=sys.stderr, flush=True)
                lines.append(line(task, compared(task, quick, busy, libraries, missing)))
            if section == "import":
                lines.append(loading())
    finally:
        close(libraries)
    left_out = [f"- {name} is left out: {reason}" for name, reason in missing.items()]
    return "\n".join([*lines, *([""] if left_out else []), *left_out])


def close(libraries: dict[str, Library]) -> None:
    while libraries:
        libraries.popitem()[1].close()


def compared(
    task: Task, quick: bool, busy: bool, libraries: dict[str, Library], missing: dict[str, str]
) -> dict[str, dict[str, Any]]:
    """{library: its median time, and its peak of memory}, of those that are there and can do it."""
    found: dict[str, dict[str, Any]] = {}
    times, unable = dict[str, list[float]](), set[str]()
    for turn in range(1 + (min(task.turns, 2) if quick else task.turns)):
        for name in ("minixai", *task.others):
            if name in missing or name in unable:
                continue
            if name not in libraries:
                libraries[name] = Library(name, busy)
            answer = libraries[name].ask(task, min(turn, 1))  # in the first turn it is prepared and warmed up
            if "missing" in answer:
                missing[name] = answer["missing"]
            elif "skip" in answer:
                unable.add(name)
                print(f"bench: {name} cannot: {answer['skip']}", file=sys.stderr)
            if "seconds" not in answer:
                continue
            times.setdefault(name, []).extend(answer["seconds"])
            found.setdefault(name, answer)
    for name, seconds in times.items():
        found[name]["time"] = median(seconds) if seconds else None
        check(task, name, found)
    return found


def check(task: Task, name: str, found: dict[str, dict[str, Any]]) -> None:
    """Complain where a library computed something else; draws, and one gate of thousands, may differ."""
    probes = [np.asarray(found[each]["probe"]) for each in ("minixai", name)]
    if task.task == "expected_gradients" or not all(p.size for p in probes):
        return
    if probes[0].shape == probes[1].shape and abs(probes[0] - probes[1]).max() <= 1e-3 * abs(probes[0]).max():
        return  # also where all numbers are equal, whose correlation is that of their rounding
    alike = probes[0].shape == probes[1].shape and np.corrcoef(*probes)[0, 1]
    if alike < 0.98:
        print(f"bench: {name} has another answer for {task.title}: correlation {alike:.3f}", file=sys.stderr)


def line(task: Task, found: dict[str, dict[str, Any]]) -> str:
    """A line of the table."""
    number, write = ("peak", gigabytes) if task.turns == 0 else ("time", milliseconds)
    values = {name: answer[number] for name, answer in found.items()}
    own = values.pop("minixai")
    if task.task == "sgemm":
        return row(task.title, f"{2 * task.rows**3 / own / 1e9:.0f} Gflop/s")
    if task.name == "vgg" and not task.others:
        return row(task.title, f"{milliseconds(own)}, {milliseconds(own / task.rows)} a row")
    others = ", ".join(f"{name} {write(value)}" for name, value in values.items() if name not in TORCH)
    ratio = f"{own / min(values.values()):.2f}" if values else ""
    if "MyGrad" in values:
        ratio += f" ({own / values['MyGrad']:.2f} of MyGrad)"
    return row(
        task.title, write(own), *(write(values[name]) if name in values else "" for name in TORCH), others, ratio
    )


def row(*cells: str) -> str:
    return "| " + " | ".join([*cells, *[""] * (6 - len(cells))]) + " |"


def milliseconds(seconds: float) -> str:
    return f"{1e3 * seconds:,.0f} ms" if seconds >= 0.1 else f"{1e3 * seconds:.1f} ms"


def gigabytes(peak: float) -> str:
    return f"{peak / 1e9:.2f} GB"


def loading() -> str:
    """How long `import minixai` takes, beyond starting Python; matplotlib stays out of it."""
    code = {"nothing": "pass", "minixai": "import sys, minixai; assert 'matplotlib' not in sys.modules"}
    times: dict[str, list[float]] = {name: [] for name in code}
    for _ in range(7):
        for name, text in code.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", text], check=True, cwd=HERE.parents[1])
            times[name].append(time.perf_counter() - start)
    return row("import minixai", milliseconds(median(times["minixai"]) - median(times["nothing"])))


def machine() -> str:
    """Where this was measured, and with what."""
    return (
        f"{processor()}, {os.cpu_count()} cores; Python {platform.python_version()}, {', '.join(versions())}; float32"
    )


def processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        return next(each.split(":")[1].strip() for each in text.splitlines() if each.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def versions() -> Iterator[str]:
    for package in PACKAGES:
        try:
            yield f"{package} {metadata.version(package)}"
        except metadata.PackageNotFoundError:
            continue


if __name__ == "__main__":
    chosen = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    print(main(chosen or list(SECTIONS), "--quick" in sys.argv, "--busy" in sys.argv))

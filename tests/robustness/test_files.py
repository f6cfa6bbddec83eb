"""Files are whole or not there, whoever writes them at the same time, and whatever happened before."""

import os
import signal
import stat
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from minixai import files, lesson
from minixai.files import atomic_write, read_arrays, write_arrays

posix = pytest.mark.skipif(os.name != "posix", reason="modes, links and signals of POSIX")
ROOT = Path(__file__).parents[2]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_many_threads_write_one_file(tmp_path: Path) -> None:
    path, stop, broken = tmp_path / "a.npz", threading.Event(), list[str]()
    arrays = [{"a": np.full(5000, i), "b": np.full(5000, i)} for i in range(8)]
    write_arrays(path, arrays[0])

    def read() -> int:
        count = 0
        while not stop.is_set():
            try:
                found = read_arrays(path)
            except (ValueError, OSError) as problem:
                broken.append(str(problem))
                break
            if len({*found["a"], *found["b"]}) != 1:
                broken.append("two writers in one file")
            count += 1
        return count

    with ThreadPoolExecutor(6) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        try:
            list(pool.map(lambda i: write_arrays(path, arrays[i % 8]), range(60)))
        finally:
            stop.set()
        assert all(each.result() for each in readers)
    assert not broken, broken[:3]
    assert names(tmp_path) == ["a.npz"]


@posix
def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    code = f"""
import time
from minixai.files import atomic_write
with atomic_write({str(path)!r}) as file:
    file.write(b"half")
    print("begun", flush=True)
    time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "begun\n"
        write_arrays(path, {"a": np.zeros(3)})  # while the other still writes, it is left alone
        left = len(names(tmp_path))
        process.send_signal(signal.SIGKILL)
    assert left == 2
    (tmp_path / ".b.npz.0123456789abcdef.part").write_bytes(b"of another file")
    (tmp_path / ".a.npz.mine").write_bytes(b"no part")
    write_arrays(path, {"a": np.ones(3)})
    assert names(tmp_path) == [".a.npz.mine", ".b.npz.0123456789abcdef.part", "a.npz"]
    assert read_arrays(path)["a"].tolist() == [1, 1, 1]


def test_a_part_that_was_swept_too_early_is_begun_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    try_lock, taken = files.try_lock, list[str]()

    def late(file):
        if not taken and file.name.endswith(".part"):
            taken.append(file.name)
            os.unlink(file.name)
        return try_lock(file)

    monkeypatch.setattr(files, "try_lock", late)
    with atomic_write(tmp_path / "a") as file:
        file.write(b"all")
    assert taken
    assert (tmp_path / "a").read_bytes() == b"all"


@pytest.mark.parametrize("problem", [KeyboardInterrupt, OSError(28, "No space left on device"), ZeroDivisionError])
def test_after_a_failure_all_is_as_before(tmp_path: Path, problem: BaseException) -> None:
    (tmp_path / "a").write_bytes(b"before")

    def write() -> None:
        with atomic_write(tmp_path / "a") as file:
            file.write(b"half")
            raise problem

    with pytest.raises((KeyboardInterrupt, ValueError, ZeroDivisionError)):
        write()
    assert names(tmp_path) == ["a"]
    assert (tmp_path / "a").read_bytes() == b"before"


@posix
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755])
def test_a_mode_is_kept(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "a.npz"
    write_arrays(path, {"a": np.zeros(3)})
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask
    path.chmod(mode)
    write_arrays(path, {"a": np.ones(3)})
    assert stat.S_IMODE(path.stat().st_mode) == mode


@posix
def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    real, link, new = tmp_path / "there" / "a.npz", tmp_path / "link.npz", tmp_path / "new.npz"
    write_arrays(real, {"a": np.zeros(3)})
    link.symlink_to(real)
    write_arrays(link, {"a": np.ones(3)})
    assert link.is_symlink()
    assert read_arrays(real)["a"].tolist() == [1, 1, 1]
    new.symlink_to(tmp_path / "there" / "b.npz")  # to a file that is not there yet
    write_arrays(new, {"a": np.ones(3)})
    assert names(tmp_path / "there") == ["a.npz", "b.npz"]


@posix
def test_what_is_no_file_is_left_alone(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    start = time.monotonic()
    for path in (tmp_path / "pipe", Path("/dev/null")):
        with pytest.raises(ValueError, match="it is a device or a pipe, no file"), atomic_write(path):
            pass
    with pytest.raises(ValueError, match=r"Is a directory|directory"), atomic_write(tmp_path):
        pass
    assert time.monotonic() - start < 1
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_the_longest_name(tmp_path: Path) -> None:
    path = tmp_path / ("ä" * 123 + ".npz")  # 250 bytes, of 255
    write_arrays(path, {"a": np.zeros(3)})
    write_arrays(path, {"a": np.ones(3)})
    assert names(tmp_path) == [path.name]


def test_copies_of_lessons_are_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Path] = []
    copy = lesson.copy_atomically

    def full(source: Path, path: Path) -> None:
        if len(written) == 3:
            with atomic_write(path) as file:
                file.write(b"half")
                raise OSError(28, "No space left on device")
        written.append(path)
        copy(source, path)

    monkeypatch.setattr(lesson, "copy_atomically", full)
    with pytest.raises(ValueError, match="No space left"):
        lesson.copy_to(tmp_path / "mine")
    assert names(tmp_path / "mine") == sorted(path.name for path in written)
    assert all(path.read_bytes() == (lesson.home() / path.name).read_bytes() for path in written)

"""Fetching weights from a small server on this machine: whole and checked, or nothing."""

import hashlib
import os
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from minixai.cli import main
from minixai.zoo import fetching
from minixai.zoo.fetching import SOURCES, Source, fetch

DATA = bytes(range(256)) * 9000  # 2.3 MB


class Server(BaseHTTPRequestHandler):
    """Sends DATA; under other names it breaks off, sends something else, or refuses."""

    def do_GET(self):
        self.server.asked.append(self.path)
        if self.path == "/none":
            self.send_error(404)
            return
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/whole")
            self.end_headers()
            return
        body = DATA[::-1] if self.path == "/other" else DATA * 2 if self.path == "/longer" else DATA
        self.send_response(200)
        if self.path != "/unknown-length":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with suppress(ConnectionError):  # whoever asked may have enough
            self.wfile.write(body[: len(body) // 2] if self.path in ("/cut", "/unknown-length") else body)

    def log_message(self, *args):
        pass


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A server, the files it has, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    with HTTPServer(("127.0.0.1", 0), Server) as http:
        http.asked = []
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield http
        http.shutdown()
        thread.join()


@contextmanager
def source(monkeypatch, http, path):
    monkeypatch.setitem(
        SOURCES, "vgg16", Source(f"http://127.0.0.1:{http.server_port}{path}", hashlib.md5(DATA).hexdigest(), len(DATA))
    )
    yield


@pytest.mark.parametrize("path", ["/whole", "/moved"])
def test_a_whole_file(server, monkeypatch, tmp_path, path, capsys):
    with source(monkeypatch, server, path):
        assert fetch("vgg16", tmp_path / "w.h5", progress=True)
        assert (tmp_path / "w.h5").read_bytes() == DATA
        assert "MB" in capsys.readouterr().err
        asked = len(server.asked)
        assert not fetch("vgg16", tmp_path / "w.h5")  # it is there, and nobody is asked
        assert len(server.asked) == asked
    assert os.listdir() == ["w.h5"]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/none", "cannot be fetched (Not Found)"),
        ("/cut", "nothing was written"),
        ("/unknown-length", "gave 1,152,000 bytes"),
        ("/other", "MD5"),
        ("/longer", "nothing was written"),
    ],
)
def test_half_a_file_and_other_files_are_nothing(server, monkeypatch, tmp_path, path, words):
    (tmp_path / "w.h5").write_bytes(b"precious")
    with source(monkeypatch, server, path), pytest.raises(ValueError, match="nothing was written") as problem:
        fetch("vgg16", tmp_path / "w.h5")
    assert words in str(problem.value)
    assert f"127.0.0.1:{server.server_port}{path}" in str(problem.value)
    assert (tmp_path / "w.h5").read_bytes() == b"precious"
    assert os.listdir() == ["w.h5"]


def test_a_longer_answer_is_not_read_to_its_end(server, monkeypatch, tmp_path):
    monkeypatch.setattr(fetching, "BLOCK", 1000)
    with source(monkeypatch, server, "/longer"), pytest.raises(ValueError, match="gave 2,305,000 bytes with the MD5"):
        fetch("vgg16", tmp_path / "w.h5")


def test_nobody_answers(tmp_path, monkeypatch):
    monkeypatch.setitem(SOURCES, "vgg16", Source("http://127.0.0.1:9/w.h5", "0" * 32, 1))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with pytest.raises(ValueError, match=r"cannot be fetched \(.*\): nothing was written"):
        fetch("vgg16", tmp_path / "w.h5")
    assert os.listdir(tmp_path) == []


def test_the_command(server, monkeypatch, capsys):
    with source(monkeypatch, server, "/whole"):
        assert main(["download", "vgg16", "--out", "mine.h5"]) == 0
        text = capsys.readouterr().out
        assert f"from        http://127.0.0.1:{server.server_port}/whole\n" in text
        assert "written to  mine.h5, 2,304,000 bytes, MD5" in text
        assert "minixai explain PHOTO.jpg --model vgg16 --weights mine.h5" in text
        assert main(["download", "vgg16", "--out", "mine.h5"]) == 0
        assert "already in  mine.h5" in capsys.readouterr().out
    assert os.listdir() == ["mine.h5"]


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["vgg"], "one of 'vgg16', 'vgg19'"),
        (["vgg16", "--out", "mine.png"], "ends in .h5"),
        (["vgg16", "--out", "no/such/mine.h5"], "cannot write"),
        (["vgg16", "--out", ""], "--out is empty"),
    ],
)
def test_the_command_refuses_before_it_asks(server, monkeypatch, capsys, argv, words):
    with source(monkeypatch, server, "/whole"):
        assert main(["download", *argv]) == 2
    assert words in capsys.readouterr().err
    assert server.asked == []
    assert os.listdir() == []


def test_the_publishers_files():
    assert {name: s.name for name, s in SOURCES.items()} == {
        f"{network}{features and '-features'}": f"{network}_weights_tf_dim_ordering_tf_kernels{features}.h5"
        for features in ("", "_notop")
        for network in ("vgg16", "vgg19")
    }
    assert all(
        s.url.startswith("https://storage.googleapis.com/tensorflow/keras-applications/") for s in SOURCES.values()
    )
    # a little more than four bytes for every weight: the headers of HDF5
    assert 0 < SOURCES["vgg16"].length - 4 * 138_357_544 < 50_000
    assert 0 < SOURCES["vgg19"].length - 4 * 143_667_240 < 50_000
    assert 0 < SOURCES["vgg16-features"].length - 4 * 14_714_688 < 50_000
    assert 0 < SOURCES["vgg19-features"].length - 4 * 20_024_384 < 60_000

"""The book, built once for all tests that look at it, and a browser to look with."""

import os
import resource
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from minixai.book.build import REQUIRED_PACKAGES

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """(the site's folder, seconds of processor time that it took, None for one that was built before).

    MINIXAI_BOOK names a book that was built before, to look at it again.
    """
    if given := os.environ.get("MINIXAI_BOOK"):
        return Path(given).resolve(), None
    if missing := [name for name in REQUIRED_PACKAGES if find_spec(name) is None]:
        pytest.skip(f"the book needs {', '.join(missing)}: pip install 'minixai[book]'")
    before = processor_seconds()
    out = tmp_path_factory.mktemp("book") / "site"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "minixai", "book", "--out", str(out)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return out, processor_seconds() - before


def processor_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.fixture(scope="session")
def site(built):
    return built[0]


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium: the system's, or the one that Playwright has installed."""
    api = pytest.importorskip("playwright.sync_api", reason="no driver for a browser: pip install 'minixai[browser]'")
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with api.sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        except api.Error as problem:
            pytest.skip(f"no Chromium starts: apt-get install chromium ({str(problem).splitlines()[0]})")
        yield browser
        browser.close()

"""Each lesson is run once, unanswered, for all the tests that look at what it said."""

import io
from contextlib import redirect_stdout

import pytest


@pytest.fixture(scope="session")
def ran_once(tmp_path_factory):
    """ran_once(lesson) -> (what it said, what it printed)"""
    known = {}

    def run(lesson):
        if lesson.number not in known:
            printed = io.StringIO()
            with redirect_stdout(printed):
                found = lesson.run(out=tmp_path_factory.mktemp("figures"))
            known[lesson.number] = found, printed.getvalue()
        return known[lesson.number]

    return run

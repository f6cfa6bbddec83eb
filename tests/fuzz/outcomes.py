"""What every part of the fuzz shares: the seed, the number of cases, and what an outcome may be."""

import os
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

SEED, CASES = int(os.environ.get("FUZZ_SEED", "0")), int(os.environ.get("FUZZ_CASES", "600"))
RAW = ("object is not", "has no attribute", "not supported between", "unexpected keyword", "allow_pickle", "errno")
"""Words of Python and NumPy that say nothing to a user."""
SLOW = 60
"""Seconds that no case may take."""

faults: list[str] = []
"""What the running test has found, so that a seed shows all at once."""


def expect(holds: bool, what: str) -> None:
    """Note a fault unless the condition holds."""
    if not holds:
        faults.append(what)


def expect_answer_or_sentence(work: Callable[[], Any], what: str) -> None:
    """Expect that the work succeeds, or says in one sentence why not, and soon."""
    start = time.monotonic()
    try:
        work()
    except (ValueError, TypeError) as problem:
        text = str(problem)
        expect(0 < len(text) < 1500, f"{what}: {len(text)} letters, {text:.100}")
        expect(not any(raw in text for raw in RAW), f"{what}: {text:.300}")
    except Exception as problem:
        at = traceback.extract_tb(problem.__traceback__)[-1]
        expect(False, f"{what}: {type(problem).__name__}: {problem!s:.200} in {Path(at.filename).name}:{at.lineno}")
    expect(time.monotonic() - start < SLOW, f"{what}: too slow")

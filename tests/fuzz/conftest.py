"""All that a seed finds is shown at once."""

from collections.abc import Iterator

import pytest

from tests.fuzz.outcomes import faults


@pytest.fixture(autouse=True)
def no_faults() -> Iterator[None]:
    faults.clear()
    yield
    assert not faults, "\n".join([f"{len(faults)} faults", *faults])

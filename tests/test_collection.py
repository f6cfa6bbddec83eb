"""That pytest can collect every file of tests, whatever is installed."""

from collections import Counter
from pathlib import Path


def test_no_two_files_have_one_name():
    """Pytest imports a file by its name alone, and refuses a second file of that name."""
    names = Counter(path.name for path in Path(__file__).parent.rglob("*.py"))
    assert [name for name, count in names.items() if count > 1 and name != "conftest.py"] == []

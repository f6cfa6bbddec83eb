"""Format text for users: tables, and names and values that come from outside."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from unicodedata import category

LONGEST = 60
"""The most characters of a value that a message repeats."""
NAMED = 3
"""The number of names that a message lists before it counts the rest."""
UNPRINTABLE = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
"""Unicode's categories of control codes, which move a terminal's cursor, change its colours, or turn text round."""


def printable(text: str, keep: str = "") -> str:
    r"""Return the text with escapes in place of control codes, except those in `keep`.

    Names of classes, tensors and files come from outside, and a terminal would obey what is hidden in them.

    >>> printable("a\x1b[31mred\n"), printable("two\nlines", keep="\n")
    ('a\\x1b[31mred\\n', 'two\nlines')
    """
    if text.isprintable():
        return text
    return "".join(
        c.encode("unicode_escape").decode("ascii") if category(c) in UNPRINTABLE and c not in keep else c for c in text
    )


def shorten(text: str, most: int = LONGEST) -> str:
    """Return a text cut to at most `most` characters: a longer one keeps its beginning and its end.

    >>> shorten("abcdefghij", 6)
    'abc…ij'
    """
    if len(text) <= most:
        return text
    end = (most - 1) // 2
    return f"{text[: most - end - 1]}…{text[len(text) - end :]}"


def quoted(value: Any) -> str:
    """Return a value as a message shows it: its repr on one line, shortened and without control codes.

    A long Path keeps its end.  An object whose repr fails is named by its type.

    >>> quoted("cat"), len(quoted("x" * 5000)), quoted(Path("a" * 90 + "/cat.jpg"))[-10:]
    ("'cat'", 60, "a/cat.jpg'")
    """
    if isinstance(value, Path):
        text = str(value)
        return repr(text if len(text) <= LONGEST else f"…{text[1 - LONGEST :]}")
    if isinstance(value, str):
        return repr(shorten(value, LONGEST - 2))  # and its quotes
    try:
        text = repr(value)
    except Exception:  # an object of somebody's own
        return f"a {type(value).__name__}"
    return printable(shorten(" ".join(text.split())))


def listed(names: Iterable[str], most: int = NAMED) -> str:
    """Return names as a message lists them: the first few, and how many more there are.

    >>> listed(["a", "b"]), listed(map(str, range(20_000)))
    ('a, b', '0, 1, 2 and 19,997 more')
    """
    every = [printable(shorten(name)) for name in names]
    if len(every) <= most + 1:  # a single name is named rather than counted as "and 1 more"
        return ", ".join(every)
    return f"{', '.join(every[:most])} and {len(every) - most:,} more"


def say(*texts: object, sep: str = "\n", end: str = "\n", flush: bool = False) -> None:
    """Print texts, with escapes in place of control codes."""
    print(printable(sep.join(map(str, texts)) + end, keep="\n"), end="", flush=flush)


def columns(lines: Sequence[Sequence[str]], right: Sequence[int] = ()) -> list[str]:
    """Return lines of cells as aligned lines of text; the columns whose numbers are in `right` are flush right.

    >>> columns([("a", "1"), ("long", "20")], right=[1])
    ['a      1', 'long  20']
    """
    clean = [[printable(cell) for cell in line] for line in lines]
    widths = [max(map(len, column)) for column in zip(*clean, strict=True)]
    cells = [
        [cell.rjust(w) if j in right else cell.ljust(w) for j, (cell, w) in enumerate(zip(line, widths, strict=True))]
        for line in clean
    ]
    return ["  ".join(line).rstrip() for line in cells]


def truncate(text: str, most: int) -> str:
    """Return a text cut to at most `most` characters: a longer one keeps its beginning.

    >>> truncate("block3_conv1", 8)
    'block3_…'
    """
    return text if len(text) <= most else text[: most - 1] + "…"


def markdown_table(titles: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table.

    >>> print(markdown_table(("a", "b"), [("1", "|x|")]))
    | a | b |
    |---|---|
    | 1 | \\|x\\| |
    """
    rows = [[cell.replace("|", "\\|") for cell in row] for row in (titles, *lines)]
    head, *body = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([head, "|---" * len(titles) + "|", *body])

"""Text in columns, as every table of the project is printed."""

from collections.abc import Sequence


def columns(lines: Sequence[Sequence[str]], right: Sequence[int] = ()) -> list[str]:
    """Lines of cells as lines of text, each column as wide as its widest cell; those in `right` end flush.

    >>> columns([("a", "1"), ("long", "20")], right=[1])
    ['a      1', 'long  20']
    """
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    cells = [
        [cell.rjust(w) if j in right else cell.ljust(w) for j, (cell, w) in enumerate(zip(line, widths, strict=True))]
        for line in lines
    ]
    return ["  ".join(line).rstrip() for line in cells]


def listed(names: Sequence[str], most: int = 3) -> str:
    """The first names, and how many more there are.

    >>> listed(["a", "b", "c", "d", "e"])
    'a, b, c and 2 more'
    """
    return ", ".join(names[:most]) + f" and {len(names) - most:,} more" * (len(names) > most)

"""Print a lesson in a terminal: prose is wrapped, with its emphasis, and code is dimmed.

The output pauses after each request for a prediction, and whenever the screen is full.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Callable
from contextlib import redirect_stdout
from types import TracebackType
from typing import Any

from minixai.lesson import Cell

BOLD, ITALIC, DIM, OFF = "\033[1m", "\033[3m", "\033[2m", "\033[0m"
WIDEST = 100
"""The largest number of columns that prose takes, since longer lines are hard to read."""


class Teller:
    """Context manager that prints the cells of a lesson; what their code prints appears between them.

    Parameters
    ----------
    code : bool
        Whether the code of the cells is printed.
    watched : bool, optional
        Whether to wait for Enter after each request for a prediction and after each full screen.  By default true if
        both stdin and stdout are a terminal.
    ask : callable
        Function that prints its argument and waits for Enter: `input`, except in tests.
    """

    def __init__(self, code: bool = True, watched: bool | None = None, ask: Callable[[str], str] = input) -> None:
        self.code, self.ask = code, ask
        self.watched = sys.stdin.isatty() and sys.stdout.isatty() if watched is None else watched
        self.colours = self.watched and "NO_COLOR" not in os.environ
        size = shutil.get_terminal_size()
        self.width, self.height = min(size.columns, WIDEST), size.lines
        self.screen: Screen | None = None

    def __enter__(self) -> Teller:
        if self.watched:
            self.screen = Screen(sys.stdout, self.height, self.ask)
            self.redirected: Any = redirect_stdout(self.screen)
            self.redirected.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.screen is not None:
            self.redirected.__exit__(kind, error, trace)

    def tell(self, cell: Cell) -> None:
        """Print a cell: prose wrapped, code indented.  It waits for Enter if the prose asks for a prediction."""
        if cell.prose:
            print(f"\n{render(cell.text, self.width, self.colours)}\n")
            if self.screen is not None and "**Predict before you run.**" in cell.text:
                self.screen.wait("Press Enter when you have made your guess ")
        elif self.code and cell.text.strip():
            dim, off = (DIM, OFF) if self.colours else ("", "")
            print("\n".join(f"{dim}    {line}{off}".rstrip() for line in cell.text.strip("\n").splitlines()) + "\n")


class Screen(io.TextIOBase):
    """An output stream that waits for Enter whenever the screen is full."""

    def __init__(self, stream: Any, height: int, ask: Callable[[str], str]) -> None:
        self.stream, self.height, self.ask, self.lines = stream, height, ask, 0

    def write(self, text: str) -> int:
        for line in text.splitlines(keepends=True):
            self.stream.write(line)
            self.lines += line.endswith("\n")
            if self.lines >= self.height - 2 and line.endswith("\n"):
                self.wait("-- more: press Enter ")
        return len(text)

    def flush(self) -> None:
        self.stream.flush()

    def wait(self, words: str) -> None:
        """Wait for Enter, and count the lines of the screen from 0 again."""
        self.stream.flush()
        with redirect_stdout(self.stream):
            self.ask(words)
        self.lines = 0


def render(text: str, width: int, colours: bool) -> str:
    """Return the prose of a lesson for a terminal: paragraphs are wrapped, indented blocks and tables stay as they are.

    Emphasis is shown if `colours`, and otherwise removed.

    >>> print(render("# A title\\n\\nA *word* that is\\nwrapped here.\\n\\n    x = 1", 16, False))
    A title
    <BLANKLINE>
    A word that is
    wrapped here.
    <BLANKLINE>
        x = 1
    """
    blocks = []
    for block in re.split(r"\n\s*\n", text.strip("\n")):
        if block.startswith(("    ", "|")):
            blocks.append(block)
            continue
        pieces = re.split(r"\n(?=\s*(?:- |\d+\. |[a-z]\) ))", block)
        blocks.append("\n".join(wrap(piece, width, colours) for piece in pieces))
    return "\n\n".join(blocks)


def wrap(piece: str, width: int, colours: bool) -> str:
    """Wrap a heading, a paragraph or an item of a list; further lines are aligned with the first word of the item."""
    heading = re.match(r"#+ ", piece)
    mark = re.match(r"\s*(?:- |\d+\. |[a-z]\) )?", piece)
    assert mark is not None
    words = " ".join(piece.removeprefix(heading[0] if heading else "").split())
    lines = textwrap.wrap(without_stars(words), width, subsequent_indent=" " * len(mark[0]), break_long_words=False)
    if not colours:
        return "\n".join(lines)
    if heading:
        return "\n".join(f"{BOLD}{line}{OFF}" for line in lines)
    return restore("\n".join(lines), words)


def without_stars(words: str) -> str:
    """Return the words without the stars of Markdown's emphasis."""
    return re.sub(r"(?<![\w*])(\*\*?)(?=\S)(.+?)(?<=\S)\1(?![\w*])", r"\2", words)


def restore(lines: str, words: str) -> str:
    """Return the wrapped lines with the emphasis that the stars in `words` ask for, as codes for the terminal."""
    for stars, part in re.findall(r"(?<![\w*])(\*\*?)(?=\S)(.+?)(?<=\S)\1(?![\w*])", words):
        pattern = r"\s+".join(map(re.escape, part.split()))
        style = BOLD if stars == "**" else ITALIC
        lines = re.sub(rf"(?<![\w\033])({pattern})(?!\w)", rf"{style}\1{OFF}".replace("\033", "\x1b"), lines, count=1)
    return lines

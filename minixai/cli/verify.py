"""`minixai verify`: does every result that others published or computed come out of this code?"""

from __future__ import annotations

import argparse
import shutil
import sys

from minixai.progress import Progress
from minixai.references import select
from minixai.references.entry import Entry, Outcome
from minixai.references.report import as_json, markdown, text


def verify(args: argparse.Namespace) -> int:
    """Check that published results come out of this code, line by line.

    Each line is a claim of an article, a paper or a library: what must come out, what
    does, how far apart they are, how far they may be.  Exit code 1 if any does not hold.
    """
    outcomes = checked(select(args.only, args.source))
    if args.json:
        print(as_json(outcomes))
    elif args.markdown:
        print(markdown(outcomes))
    else:
        print(text(outcomes, shutil.get_terminal_size().columns if sys.stdout.isatty() else None))
    return int(not all(outcome.holds for outcome in outcomes))


def checked(entries: list[Entry]) -> list[Outcome]:
    progress, found = Progress(f"checking {len(entries)} claims", len(entries)), list[Outcome]()
    for entry in entries:
        found.append(entry.check())
        progress.advance(1, entry.id)
    progress.close()
    return found

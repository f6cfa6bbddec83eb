"""`minixai verify`: does every result that others published or computed come out of this code?"""

from __future__ import annotations

import argparse
import shutil
import sys

from minixai.cli.options import Commands, add_command
from minixai.progress import Progress
from minixai.references import select
from minixai.references.entry import Entry, Outcome
from minixai.references.report import as_json, as_markdown, as_text
from minixai.text import say

ABOUT = """
Check that published results come out of this code, line by line.

Each line is a claim of an article, a paper or a library: the published value, the
value here, how far apart they are, how far they may be.  Exit code 1 if any fails.
"""
EXAMPLES = """
minixai verify
minixai verify --source shrikumar
minixai verify --only deep_lift
minixai verify --only 'saturation.*@1,1' --json
"""


def add_verify(commands: Commands) -> None:
    parser = add_command(commands, verify, ABOUT, EXAMPLES)
    parser.add_argument(
        "--only", metavar="PATTERN", help="claims whose id contains this text, or matches this pattern with * and ?"
    )
    parser.add_argument(
        "--source", metavar="NAME", help="claims of one source, by its short name: article, captum, ..."
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="everything, arrays and reasons too, for a program")
    form.add_argument("--markdown", action="store_true", help="a table of sources, then one of each source's claims")


def verify(args: argparse.Namespace) -> int:
    """Run `minixai verify` with the parsed options; the exit code is 1 if a claim does not hold, otherwise 0."""
    outcomes = check_entries(select(args.only, args.source))
    if args.json:
        print(as_json(outcomes))
    elif args.markdown:
        say(as_markdown(outcomes))
    else:
        say(as_text(outcomes, shutil.get_terminal_size().columns if sys.stdout.isatty() else None))
    return int(not all(outcome.holds for outcome in outcomes))


def check_entries(entries: list[Entry]) -> list[Outcome]:
    progress, outcomes = Progress(f"checking {len(entries)} claims", len(entries)), list[Outcome]()
    for entry in entries:
        outcomes.append(entry.check())
        progress.advance(1, entry.id)
    progress.close()
    return outcomes

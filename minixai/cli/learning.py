"""`minixai lessons`, `lesson` and `check`: which lessons there are, running one, and how far a learner has come."""

from __future__ import annotations

import argparse
import io
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from minixai.cli.options import Commands, add_command
from minixai.cli.output import output_folder
from minixai.lesson import Lesson, Session, copy_to, every_lesson, find_lesson, home
from minixai.photo import open_photo
from minixai.text import columns

MARKS = {"right": "+", "wrong": "!", "open": "."}

LESSONS = """
List the lessons, and the question that each one answers.

Each is a script to read, run and change; the answers to its exercises are written
into it.  --copy puts the scripts into a folder of yours.
"""
LESSON = """
Tell a lesson: its prose, and what its code prints.

Its claims are checked as it runs, and its figures written.  Read the script too:
the method is there in ten lines.  Answers to its exercises are written into it.
Some have pictures of a photo too, for those who have weights of VGG-16.
"""
CHECK = """
Check the answers to a lesson's exercises, or to those of all lessons.

A wrong answer is told by the misconception behind it, where that is known.
"""


def add_lessons(commands: Commands) -> None:
    parser = add_command(commands, lessons, LESSONS, "minixai lessons\nminixai lessons --copy my-lessons")
    parser.add_argument("--copy", metavar="FOLDER", help="copy the scripts there, to write answers into them")


def add_lesson(commands: Commands) -> None:
    examples = "minixai lesson 1\nminixai lesson 4 --quiet --out figures\nminixai lesson 10 --weights FILE"
    parser = add_command(commands, lesson, LESSON, examples)
    parser.add_argument("lesson", metavar="N", help="a lesson's number, or its script")
    parser.add_argument("--quiet", action="store_true", help="leave the prose out: only what the code prints")
    parser.add_argument("--weights", metavar="FILE", help="trained weights of VGG-16, see minixai download --help")
    parser.add_argument("--image", metavar="FILE", help="a photo for it (default: one that comes with matplotlib)")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--out", metavar="FOLDER", help="where figures go (default: out/ beside the script)")
    which.add_argument("--no-figures", action="store_true", help="write no figures")


def add_check(commands: Commands) -> None:
    parser = add_command(commands, check, CHECK, "minixai check\nminixai check 4")
    parser.add_argument("lesson", metavar="N", nargs="?", help="a lesson's number, or its script (default: all)")


def lessons(args: argparse.Namespace) -> None:
    """Run the command."""
    if args.copy is not None:
        copies = copy_to(Path(args.copy))
        print(f"{len(copies)} lessons are in {args.copy}; begin with: minixai lesson {copies[0]}")
        return
    lines = [(str(each.number), name(each), each.question) for each in every_lesson()]
    print(*columns([("", "lesson", "question"), *lines], right=[0]), sep="\n")
    print(f"\nThe scripts are in {home()}. Begin with: minixai lesson {lines[0][0]}")


def name(lesson: Lesson) -> str:
    """The title without its number."""
    return lesson.title.split(". ", 1)[-1]


def lesson(args: argparse.Namespace) -> None:
    """Run the command."""
    chosen = find_lesson(args.lesson)
    if (args.weights or args.image) and not chosen.has_photo:
        others = ", ".join(str(each.number) for each in every_lesson() if each.has_photo)
        raise ValueError(f"lesson {chosen.number} has no photo: leave --weights and --image out, or take {others}")
    photo = open_photo(args.weights, args.image)
    out = None if args.out is None else output_folder(args.out)
    found = run(chosen, out=out, tell=not args.quiet, figures=not args.no_figures, photo=photo)
    right = sum(each.state == "right" for each in found.exercises)
    print(f"\n{len(found.claims)} claims hold, {right} of {len(found.exercises)} exercises are right.")
    print(f"Write your answers into {chosen.path}, then: minixai check {args.lesson}")


def check(args: argparse.Namespace) -> None:
    """Run the command."""
    if args.lesson is not None:
        chosen = find_lesson(args.lesson)
        print(chosen.path, *silently(chosen).exercises, sep="\n")
        return
    lines, marks = list[tuple[str, str, str]](), ""
    for each in every_lesson():
        mine = "".join(MARKS[outcome.state] for outcome in silently(each).exercises)
        lines.append((str(each.number), name(each), mine))
        marks += mine
    print(*columns([("", "lesson", "exercises"), *lines], right=[0]), sep="\n")
    right, wrong, still = map(marks.count, MARKS.values())
    print(f"\n{len(marks)} exercises: {right} right (+), {wrong} wrong (!), {still} not tried yet (.)")


def silently(chosen: Lesson) -> Session:
    """Run a lesson for its exercises alone."""
    with redirect_stdout(io.StringIO()):
        return run(chosen, figures=False)


def run(chosen: Lesson, **options: Any) -> Session:
    """Run a lesson.  Raises ValueError, in one sentence, if it cannot be run to its end."""
    try:
        return chosen.run(**options)
    except AssertionError as broken:
        raise ValueError(f"{chosen.path} stops: {broken}") from None
    except BrokenPipeError:
        raise
    except Exception as problem:  # what a learner writes can fail in any way
        reason = f"{type(problem).__name__}, {problem}"
        raise ValueError(f"{chosen.path} stops ({reason}): python {chosen.path} shows where") from None

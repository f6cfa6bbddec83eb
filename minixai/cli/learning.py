"""`minixai lessons`, `lesson`, `check` and `book`: list and show lessons, check the answers, and make the book."""

from __future__ import annotations

import argparse
import io
import sys
import webbrowser
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from minixai.answers import check_quickly, keep_answers
from minixai.book.notebooks import write_notebooks
from minixai.cli.options import Commands, add_command
from minixai.cli.output import output_folder
from minixai.cli.telling import Teller
from minixai.files import PACKAGE
from minixai.lesson import (
    Lesson,
    Outcome,
    Session,
    copy_to,
    every_lesson,
    find_lesson,
    home,
    shipped_home,
)
from minixai.photo import open_photo
from minixai.progress import Progress
from minixai.text import columns, printable, say

MARKS = {"right": "+", "wrong": "!", "open": "."}

LESSONS = """
List the lessons, and the question that each one answers.

Each is a script to read, run and change; the answers to its exercises are written
into it.  --copy puts the scripts into a folder of yours.
"""
LESSON = """
Tell a lesson: its prose, its code, and what the code prints.

Its claims are checked as it runs, and its figures written.  Read the script too:
the method is there in ten lines.  Answers to its exercises are written into it.
Some have pictures of a photo too, for those who have weights of VGG-16.
"""
CHECK = """
Check the answers to a lesson's exercises, or to those of all lessons.

A wrong answer is told by the misconception behind it, where that is known.  FOLDER
is one that `minixai lessons --copy FOLDER` has made.
"""
BOOK = """
Make the book: the lessons as pages with their figures, exercises and a reference.

It executes every lesson, which takes some minutes, and writes a folder of pages that
any browser shows, without a server and without the network.  It needs the packages
of the extra `book`: pip install 'minixai[book]'
"""


def add_lessons(commands: Commands) -> None:
    parser = add_command(commands, lessons, LESSONS, "minixai lessons\nminixai lessons --copy my-lessons")
    parser.add_argument("--copy", metavar="FOLDER", help="copy the scripts there, to write answers into them")
    parser.add_argument("--notebooks", action="store_true", help="with --copy: write Jupyter notebooks instead")


def add_lesson(commands: Commands) -> None:
    examples = "minixai lesson 1\nminixai lesson 4 --quiet --out figures\nminixai lesson 10 --weights FILE"
    parser = add_command(commands, lesson, LESSON, examples)
    parser.add_argument("lesson", metavar="N", help="a lesson's number, or its script")
    parser.add_argument("--quiet", action="store_true", help="leave prose and code out: only what the code prints")
    parser.add_argument("--no-code", action="store_true", help="leave the code out")
    parser.add_argument("--weights", metavar="FILE", help="trained weights of VGG-16, see minixai download --help")
    parser.add_argument("--image", metavar="FILE", help="a photo for it (default: one that comes with matplotlib)")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--out", metavar="FOLDER", help="where figures go (default: out/ beside the script)")
    which.add_argument("--no-figures", action="store_true", help="write no figures")


def add_check(commands: Commands) -> None:
    parser = add_command(commands, check, CHECK, "minixai check\nminixai check 4\nminixai check my-lessons")
    parser.add_argument(
        "lesson", metavar="N", nargs="?", help="a lesson's number, its script, or a folder of lessons (default: all)"
    )


def add_book(commands: Commands) -> None:
    parser = add_command(commands, book, BOOK, "minixai book --open\nminixai book --out site")
    parser.add_argument("--out", metavar="FOLDER", default="minixai-book", help="the folder (default: %(default)s)")
    parser.add_argument("--open", action="store_true", help="open the first page in a browser")


def lessons(args: argparse.Namespace) -> None:
    """Run `minixai lessons` with the parsed options."""
    if args.copy is not None:
        if args.notebooks:
            made = write_notebooks(Path(args.copy))
            say(f"{len(made)} notebooks are in {args.copy}; begin with {made[0]}")
            return
        copies = copy_to(Path(args.copy))
        say(f"{len(copies)} lessons are in {args.copy}; begin with: minixai lesson {copies[0]}")
        return
    if args.notebooks:
        raise ValueError("--notebooks says what is copied, so it needs a place: add --copy FOLDER")
    lines = [(str(each.number), title_without_number(each), each.question) for each in every_lesson()]
    say(*columns([("", "lesson", "question"), *lines], right=[0]))
    say(f"\nThe scripts are in {home()}. Begin with: minixai lesson {lines[0][0]}")


def title_without_number(lesson: Lesson) -> str:
    """Return the title of a lesson without its number."""
    return lesson.title.split(". ", 1)[-1]


def lesson(args: argparse.Namespace) -> None:
    """Run `minixai lesson` with the parsed options."""
    chosen = find_lesson(args.lesson)
    if (args.weights or args.image) and not chosen.has_photo:
        others = ", ".join(str(each.number) for each in every_lesson() if each.has_photo)
        raise ValueError(f"lesson {chosen.number} has no photo: leave --weights and --image out, or take {others}")
    photo = open_photo(args.weights, args.image)
    out = None if args.out is None else output_folder(args.out)
    note_if_not_shipped(chosen)
    teller = Teller(code=not args.no_code)
    with teller:
        found = run(
            chosen,
            out=out,
            tell=None if args.quiet else teller.tell,
            figures=not args.no_figures,
            photo=photo,
        )
    right = sum(each.state == "right" for each in found.exercises)
    say(f"\n{len(found.claims)} claims hold, {right} of {len(found.exercises)} exercises are right.")
    if chosen.path.resolve().is_relative_to(PACKAGE):
        tell_where_to_answer(chosen)
    else:
        say(f"Write your answers into {chosen.path}, then: minixai check {args.lesson}")


def book(args: argparse.Namespace) -> None:
    """Run `minixai book` with the parsed options."""
    from minixai.book.build import build_book

    first = build_book(Path(args.out), lambda step: print(step, file=sys.stderr))
    say(f"The book is in {args.out}: open {first} in a browser.")
    if args.open:
        webbrowser.open(first.resolve().as_uri())


def check(args: argparse.Namespace) -> None:
    """Run `minixai check` with the parsed options."""
    folder = None if args.lesson is None or not Path(args.lesson).is_dir() else Path(args.lesson)
    if args.lesson is not None and folder is None:
        chosen = find_lesson(args.lesson)
        note_if_not_shipped(chosen)
        say(chosen.path, *outcomes(chosen))
        tell_where_to_answer(chosen)
        return
    chosen_lessons = every_lesson(folder)
    if not chosen_lessons:
        raise ValueError(f"{args.lesson!r} holds no lessons: make a folder of them with minixai lessons --copy FOLDER")
    note_if_not_shipped(chosen_lessons[0])
    progress = Progress(f"checking {len(chosen_lessons)} lessons", len(chosen_lessons))
    lines, marks, stopped = list[tuple[str, str, str]](), "", list[str]()
    for each in chosen_lessons:
        try:
            mine = "".join(MARKS[outcome.state] for outcome in outcomes(each))
        except ValueError as problem:
            mine = "cannot be run"
            stopped.append(str(problem))
        lines.append((str(each.number), title_without_number(each), mine))
        marks += mine if mine != "cannot be run" else ""
        progress.advance(1, title_without_number(each))
    progress.close()
    say(*columns([("", "lesson", "exercises"), *lines], right=[0]))
    right, wrong, still = map(marks.count, MARKS.values())
    say(f"\n{len(marks)} exercises: {right} right (+), {wrong} wrong (!), {still} not tried yet (.)")
    if stopped:
        raise ValueError("; ".join(stopped))


def note_if_not_shipped(chosen: Lesson) -> None:
    """Print a note on stderr if the lesson is not the one that came with minixai."""
    if chosen.path.resolve().parent != shipped_home().resolve():
        print(
            f"minixai: note: this is {printable(str(chosen.path))}, not the lesson that came with minixai",
            file=sys.stderr,
        )


def tell_where_to_answer(chosen: Lesson) -> None:
    """Print how to copy the lessons if this one is inside the installed package, where no answers should be written."""
    if chosen.path.resolve().is_relative_to(PACKAGE):
        say("To answer, make a copy: minixai lessons --copy FOLDER, then minixai check FOLDER")


def outcomes(chosen: Lesson) -> list[Outcome]:
    """Return the outcomes of a lesson's exercises.

    The lesson is run only if there are answers, and an earlier run did not store what is needed to judge them.  Raises
    ValueError if it cannot be run.
    """
    try:
        answers = chosen.answers
    except SyntaxError as problem:
        raise ValueError(f"{chosen.path} stops (SyntaxError, {problem.msg}) in line {problem.lineno}") from None
    if not any(answers.values()):
        return [Outcome(letter, "open", f"not tried yet (mine_{letter})", None, {}, 0.0) for letter in answers]
    quick = check_quickly(chosen)
    if quick is not None:
        return quick
    found = run_without_output(chosen).exercises
    keep_answers(chosen, found)
    return found


def run_without_output(chosen: Lesson) -> Session:
    """Run a lesson without printing anything or writing figures, and return its session."""
    with redirect_stdout(io.StringIO()):
        return run(chosen, figures=False)


def run(chosen: Lesson, **options: Any) -> Session:
    """Run a lesson, and return its session.  Raises ValueError if it stops before its end."""
    try:
        return chosen.run(**options)
    except AssertionError as broken:
        raise ValueError(f"{chosen.path} stops: {broken}") from None
    except BrokenPipeError:
        raise
    except Exception as problem:  # a learner's code may raise any error
        reason = f"{type(problem).__name__}, {problem}"
        raise ValueError(f"{chosen.path} stops ({reason}): python {chosen.path} shows where") from None

"""`minixai methods` and `minixai models`: list the methods, and the networks that come with minixai."""

from __future__ import annotations

import argparse
import shutil

from minixai import zoo
from minixai.book.guide import guide_text
from minixai.cli.options import Commands, add_command
from minixai.cli.subject import format_shape
from minixai.text import columns, say

METHODS = """
List the methods: what each answers, needs and costs, when it fails, which to take.
"""
MODELS = """
List the networks that come with minixai.
"""


def add_methods(commands: Commands) -> None:
    add_command(commands, methods, METHODS, "minixai methods")


def add_models(commands: Commands) -> None:
    add_command(commands, models, MODELS, "minixai models")


def methods(args: argparse.Namespace) -> None:
    """Run `minixai methods` with the parsed options."""
    say(guide_text(shutil.get_terminal_size().columns))


def models(args: argparse.Namespace) -> None:
    """Run `minixai models` with the parsed options."""
    titles = ("model", "input", "classes", "parameters", "file", "what it is")
    say(*columns([titles, *map(describe_model, [*zoo.RECIPES, *zoo.PRETRAINED])], right=[2, 3, 4]))
    say(f"\nMore for photos: {', '.join(zoo.PHOTOS)}, whose weights do not come with it: minixai download --help.")


def describe_model(name: str) -> tuple[str, ...]:
    """Return the cells of a network's line in the list of models."""
    model, length = zoo.load(name), zoo.weights_file(name).stat().st_size
    weights = sum(w.size for w in model.weights.values())
    numbers = str(len(model.classes)), f"{weights:,}", f"{length / 1000:.0f} kB"
    return name, format_shape(model), *numbers, zoo.RECIPES[name].about if name in zoo.RECIPES else zoo.PRETRAINED[name]

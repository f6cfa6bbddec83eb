"""`minixai experiment`: repeat a published experiment, and check the claims about its numbers."""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from typing import Any

from minixai.cli.options import PICTURES, Commands, add_command, add_out, add_seed, whole_number
from minixai.cli.output import drawing, output_path, save
from minixai.experiments import EXPERIMENTS, Experiment
from minixai.progress import write_stderr
from minixai.text import columns, say
from minixai.validate import one_of

MOST_IMAGES = 2000

ABOUT = """
Do a published experiment again, with the networks that come with minixai.

Prints its numbers beside the published ones, then what must hold in them, and draws
them.  The exit code is 1 if something that must hold does not.  Without a name,
lists the experiments, and how long each takes on two cores.
"""
EXAMPLES = """
minixai experiment
minixai experiment digit-morphing
minixai experiment sanity --images 100 --seed 1 --out sanity.pdf
minixai experiment closeness --json
"""


def add_experiment(commands: Commands) -> None:
    parser = add_command(commands, experiment, ABOUT, EXAMPLES)
    parser.add_argument("name", metavar="NAME", nargs="?", help=", ".join(EXPERIMENTS))
    parser.add_argument(
        "--images",
        metavar="N",
        type=whole_number(1, MOST_IMAGES, f"there are {MOST_IMAGES} test digits; give at most as many"),
        help="of how many images; for closeness how many networks (default: the experiment's own)",
    )
    add_seed(parser)
    add_out(parser, shown="minixai-NAME.png")
    parser.add_argument("--json", action="store_true", help="print all of it as JSON")


@dataclass(frozen=True)
class ExperimentOptions:
    """The options of `experiment`, as they were typed; None stands for an option that was not typed."""

    name: str | None = None
    images: int | None = None
    seed: int | None = None
    out: str | None = None
    json: bool = False


def experiment(args: argparse.Namespace) -> int:
    """Run `minixai experiment` with the parsed options; the exit code is 1 if a claim fails, otherwise 0."""
    wanted = ExperimentOptions(args.name, args.images, args.seed, args.out, args.json)
    if wanted.name is None:
        check_unnamed(wanted)
        lines = [(name, each.question, each.time) for name, each in EXPERIMENTS.items()]
        say(*columns([("experiment", "question", "takes"), *lines]))
        return 0
    chosen = EXPERIMENTS[one_of(wanted.name, EXPERIMENTS, "experiment")]
    options = run_options(wanted, chosen)
    out = output_path(wanted.out or f"minixai-{wanted.name}.png", PICTURES)
    if not wanted.json:
        say(f"{wanted.name}: {chosen.question} ({chosen.time} without options)", end="\n\n", flush=True)
    with drawing():
        result = chosen.run(**options)
        save(result.figure, out)
    if wanted.json:
        summary = {"experiment": wanted.name, "picture": str(out)} | result.summary
        print(json.dumps(summary, ensure_ascii=False, indent=1))
    else:
        say(result, end="\n\n")
        say(f"picture     {out}")
    broken = sum(not claim.holds for claim in result.claims)
    if broken:
        few = " (the claims are made for its own number of images; with others chance plays a part)"
        write_stderr(
            f"minixai: {broken} of {len(result.claims)} claims of {wanted.name} fail"
            f"{few * (wanted.images is not None)}\n"
        )
    return int(broken > 0)


def check_unnamed(wanted: ExperimentOptions) -> None:
    """Raise ValueError if an option was typed that needs the name of an experiment."""
    for option in ("images", "seed", "out", "json"):
        value = getattr(wanted, option)
        if value is not None and value is not False:
            raise ValueError(f"--{option} is for one experiment: give its name, {' or '.join(EXPERIMENTS)}")


def run_options(wanted: ExperimentOptions, chosen: Experiment) -> dict[str, Any]:
    """Return the typed options to pass to the experiment, images and seed.

    Raises ValueError for a seed if the experiment has no random numbers.
    """
    if wanted.seed is not None and not chosen.sampled:
        sampled = ", ".join(name for name, each in EXPERIMENTS.items() if each.sampled)
        raise ValueError(f"{wanted.name} draws nothing by chance: leave --seed out, or take one that does: {sampled}")
    options = {"images": wanted.images, "seed": wanted.seed}
    return {name: value for name, value in options.items() if value is not None}

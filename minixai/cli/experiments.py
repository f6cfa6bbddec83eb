"""The experiments on the command line: which there are, and running one."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from minixai.cli.commands import PICTURES
from minixai.cli.output import place, save
from minixai.experiments import EXPERIMENTS, Experiment
from minixai.text import columns
from minixai.validate import one_of


def experiment(args: argparse.Namespace) -> int:
    """Do a published experiment again, with the networks that come with minixai.

    Prints its numbers beside the published ones, then what must hold in them, and draws
    them.  The exit code is 1 if something that must hold does not.  Without a name,
    lists the experiments, and how long each takes on two cores.
    """
    if args.name is None:
        unnamed(args)
        lines = [(name, each.question, each.time) for name, each in EXPERIMENTS.items()]
        print(*columns([("experiment", "question", "takes"), *lines]), sep="\n")
        return 0
    chosen = EXPERIMENTS[one_of(args.name, EXPERIMENTS, "experiment")]
    given = parameters(args, chosen)
    out = place(args.out, PICTURES, default=f"minixai-{args.name}.png")
    if not args.json:
        print(f"{args.name}: {chosen.question} ({chosen.time} without options)", end="\n\n", flush=True)
    result = chosen.run(**given)
    save(result.figure, out)
    if args.json:
        print(json.dumps({"experiment": args.name, "picture": str(out)} | result.summary, ensure_ascii=False, indent=1))
    else:
        print(result, end="\n\n")
        print(f"picture     {out}")
    broken = sum(not claim.holds for claim in result.claims)
    if broken:
        few = " (they are made for its own number of images; of others chance has a say)" * ("images" in given)
        print(f"minixai: {broken} of {len(result.claims)} claims of {args.name} fail{few}", file=sys.stderr)
    return int(broken > 0)


def unnamed(args: argparse.Namespace) -> None:
    """Refuse options that need the name of an experiment."""
    for option in ("images", "seed", "out", "json"):
        if vars(args)[option] is not None and vars(args)[option] is not False:
            raise ValueError(f"--{option} is for one experiment: give its name, {' or '.join(EXPERIMENTS)}")


def parameters(args: argparse.Namespace, chosen: Experiment) -> dict[str, Any]:
    """What was typed for the experiment.  Raises ValueError for a seed where nothing is drawn."""
    if args.seed is not None and not chosen.sampled:
        drawing = ", ".join(name for name, each in EXPERIMENTS.items() if each.sampled)
        raise ValueError(f"{args.name} draws no lots: leave --seed out, or take one that does: {drawing}")
    return {name: vars(args)[name] for name in ("images", "seed") if vars(args)[name] is not None}

"""`minixai score`: score methods on drawn birds, for which it is known what the network should rely on."""

from __future__ import annotations

import argparse

from minixai import evaluation
from minixai.cli.options import PICTURES, Commands, add_command, add_out, add_seed, whole_number
from minixai.cli.output import drawing, output_path, save
from minixai.cli.subject import ModelChoice, add_model_options, load_network
from minixai.datasets import birds
from minixai.evaluation.contenders import DEFAULT, OWN_CLASS
from minixai.text import columns, listed, say
from minixai.zoo.birds import tied

IMAGES = 32
MOST_IMAGES = 5000
"""The largest number of birds whose pictures, with those that the scores draw, fit into the memory of most machines."""
TIED = "shorebirds-biased"
"""This network is tested on birds in the habitats that it was trained on."""

ABOUT = """
Score methods on birds drawn so that the right explanation is known.

Prints a line for each method and a column for each score, means over the birds with
their standard errors; beneath them two maps that know no network, and what chance
would reach.  Then what the network itself goes by: the birds are drawn again in other
habitats and without each part.  The picture shows the table as bars.
"""
EXAMPLES = """
minixai score
minixai score --images 200 --methods gradient,integrated_gradients:blur,hires_cam
minixai score --model shorebirds-biased --out cheat.pdf
minixai score --model birds.onnx --preprocessing imagenet --labels birds.txt
"""


def add_score(commands: Commands) -> None:
    parser = add_command(commands, score, ABOUT, EXAMPLES)
    add_model_options(parser, "that knows the shorebirds (default: %(default)s)", default="shorebirds")
    too_many = (
        f"that takes more memory than most machines have, and the standard errors hardly shrink; at most {MOST_IMAGES}"
    )
    parser.add_argument(
        "--images",
        metavar="N",
        type=whole_number(1, MOST_IMAGES, too_many),
        default=IMAGES,
        help="birds; the more, the smaller the standard errors, and the longer it takes (default: %(default)s)",
    )
    parser.add_argument(
        "--methods",
        metavar="NAME,NAME,...",
        help="methods, or METHOD:BASELINE for those that have one, without spaces "
        f"(default: {len(DEFAULT)} of them); `minixai methods` lists them",
    )
    add_seed(parser, default=0)
    add_out(parser, "minixai-score.png")


def score(args: argparse.Namespace) -> None:
    """Run `minixai score` with the parsed options."""
    choice, count, seed = ModelChoice.of(args), args.images, args.seed
    out = output_path(args.out, PICTURES, choice.files)
    methods = DEFAULT if args.methods is None else tuple(args.methods.split(","))
    network = load_network(choice, "shorebirds")
    model = network.model
    scenes = (tied if network.name == TIED else birds.draw)(count, seed)
    where = ", each where this network expects its species" if network.name == TIED else ""
    contrast = "the score of each bird's own species minus that of its partner"
    cams = [name for name in methods if name in OWN_CLASS]

    def announce(cost: str) -> None:
        lines = [
            *network.lines,
            ("scenes", f"{len(scenes)} birds, seed {seed}{where}"),
            ("question", contrast + (f"; {', '.join(cams)}: that of the own species alone" if cams else "")),
            ("work", cost),
        ]
        say(*columns(lines), end="\n\n", flush=True)

    with drawing() as plots:
        board = evaluation.score(model, scenes, methods, seed=seed, announce=announce)
        network_test = evaluation.intervene(model, scenes)
        title = f"{network.name}: {len(scenes)} birds, why this species and not its partner?"
        save(plots.scores(board, title=title), out)
    say(board, end="\n\n")
    say(*columns([(each.name, each.meaning) for each in board.scores]), end="\n\n")
    say("The same birds drawn again, in other habitats and without each part:", network_test, end="\n\n")
    say(network_test.check(), end="\n\n")
    for method in methods:
        failed = [check.name for check in board.checks(method) if check.status == "does not hold"]
        if failed:
            say(f"{method} is no better than a random map by {listed(failed)}")
    say(f"picture     {out} (bars, with two standard errors to each side)")

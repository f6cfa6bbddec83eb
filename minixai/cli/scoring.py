"""`minixai score`: what the methods are worth on birds, where the truth is known, and what the network goes by."""

from __future__ import annotations

import argparse

from minixai import evaluation, zoo
from minixai.cli.output import place, save
from minixai.cli.subject import count, size
from minixai.datasets import birds
from minixai.evaluation.contenders import DEFAULT, OWN_CLASS
from minixai.text import columns
from minixai.zoo.birds import tied

IMAGES = 32
TIED = "shorebirds-biased"
"""Is shown birds where it expects them, as a test set like its training would: what it goes by shows all the same."""


def score(args: argparse.Namespace) -> None:
    """Score methods on birds drawn so that the right explanation is known.

    Prints a line for each method and a column for each score, means over the birds with
    their standard errors; beneath them two maps that know no network, and what chance
    would reach.  Then what the network itself goes by: the birds are drawn again in other
    habitats and without each part.  The picture shows the table as bars.
    """
    out = place(args.out, (".png", ".pdf", ".svg"))
    methods = DEFAULT if args.methods is None else tuple(args.methods.split(","))
    model = zoo.load(args.model)
    scenes = (tied if args.model == TIED else birds.draw)(args.images, args.seed)
    where = ", each where this network expects its species" if args.model == TIED else ""
    asked = "the score of each bird's own species minus that of its partner"
    cams = [name for name in methods if name in OWN_CLASS]

    def announce(cost: str) -> None:
        lines = [
            ("model", f"{args.model}, {size(model)} -> {count(model)}"),
            ("scenes", f"{len(scenes)} birds, seed {args.seed}{where}"),
            ("question", asked + (f"; {', '.join(cams)}: that of the own species alone" if cams else "")),
            ("work", cost),
        ]
        print(*columns(lines), sep="\n", end="\n\n", flush=True)

    board = evaluation.score(model, scenes, methods, seed=args.seed, announce=announce)
    audit = evaluation.audit(model, scenes)

    from minixai import plots

    title = f"{args.model}: {len(scenes)} birds, why this species and not its partner?"
    save(plots.scores(board, title=title), out)
    print(board, end="\n\n")
    print(*columns([(each.name, each.meaning) for each in board.scores]), sep="\n", end="\n\n")
    print("The same birds drawn again, in other habitats and without each part:", audit, sep="\n", end="\n\n")
    print(f"picture     {out} (bars, with two standard errors to each side)")

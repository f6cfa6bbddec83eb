"""`minixai train` and `minixai download`: make or fetch files of weights."""

from __future__ import annotations

import argparse

from minixai import zoo
from minixai.cli.options import Commands, add_command, add_seed, whole_number
from minixai.cli.output import output_path
from minixai.text import say
from minixai.validate import one_of
from minixai.zoo import fetching

MOST_EPOCHS = 1000

TRAIN = """
Train a network of the shipped kinds anew; it takes minutes.

It sees all of its training images, digits or birds, once in every epoch.  Prints how
each epoch went, and the part of the test images that it classifies correctly.  Writes
a file that --model takes.  The same seed gives the same network.
"""
DOWNLOAD = """
Fetch the weights of a network for photos, as Keras publishes them.

They are trained on ImageNet's 1,000 classes.  vgg16 is 553 MB, vgg19 575 MB; the files
called features are without the dense layers.  The file appears when it is whole and its
checksum is the publisher's.  No other command ever uses the network.
"""


def add_train(commands: Commands) -> None:
    examples = "minixai train digits\nminixai train digits-gap --epochs 3 --seed 1 --out quick.npz"
    parser = add_command(commands, train, TRAIN, examples)
    parser.add_argument("name", metavar="NAME", help=", ".join(zoo.RECIPES))
    parser.add_argument(
        "--epochs",
        metavar="N",
        type=whole_number(
            1, MOST_EPOCHS, f"the rate falls to 0 over the epochs, and a dozen suffice; at most {MOST_EPOCHS}"
        ),
        help="how often all images are seen (default: as for the shipped one)",
    )
    add_seed(parser, default=0)
    parser.add_argument("--out", metavar="FILE.npz", help="the file to write (default: NAME.npz)")


def train(args: argparse.Namespace) -> None:
    """Run `minixai train` with the parsed options."""
    recipe = zoo.RECIPES[one_of(args.name, zoo.RECIPES, "model")]
    out = output_path(args.out or f"{args.name}.npz", (".npz",))
    epochs = recipe.epochs if args.epochs is None else args.epochs
    say(f"training {args.name} on {recipe.course.learnt}, epochs: {epochs}. {recipe.about}", flush=True)
    model, _ = zoo.make(args.name, args.seed, epochs, lambda i, epoch: say(f"epoch {i:2}: {epoch}", flush=True))
    model.save(out)
    say(f"correct: {zoo.accuracy(args.name, model):.2%} of {recipe.course.measured}")
    say(f"written to {out}; now try: minixai explain --model {out}")


def add_download(commands: Commands) -> None:
    examples = "minixai download vgg16\nminixai download vgg16 --out weights/vgg16.h5"
    parser = add_command(commands, download, DOWNLOAD, examples)
    parser.add_argument("name", metavar="NAME", help=", ".join(fetching.SOURCES))
    parser.add_argument("--out", metavar="FILE.h5", help="the file to write (default: the publisher's name)")


def download(args: argparse.Namespace) -> None:
    """Run `minixai download` with the parsed options."""
    source = fetching.SOURCES[one_of(args.name, fetching.SOURCES, "file of weights")]
    out = output_path(args.out or source.name, (".h5",))
    say(f"from        {source.url}", flush=True)
    is_new = fetching.fetch(args.name, out)
    say(f"{'written to' if is_new else 'already in'}  {out}, {source.length:,} bytes, MD5 {source.md5}")
    if args.name in zoo.PHOTOS:
        say(f"now try     minixai explain PHOTO.jpg --model {args.name} --weights {out}")
    else:
        say(f"now try     mx.zoo.{args.name.split('-')[0]}({str(out)!r}, features_only=True), in Python")

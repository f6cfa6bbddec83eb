"""The options of every command, and their --help."""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Callable, Sequence
from importlib import metadata
from inspect import cleandoc
from pathlib import Path
from typing import NoReturn, TypeAlias

from minixai import zoo
from minixai.cli.commands import PICTURES, bench, compare, download, explain, methods, models, predict, train
from minixai.cli.experiments import experiment
from minixai.cli.learning import book, check, lesson, lessons
from minixai.cli.questions import STRIPS
from minixai.cli.scoring import IMAGES, score
from minixai.cli.subject import DIGIT, PARTNER, PHOTO_NETWORK, SCENE
from minixai.cli.tour import tour
from minixai.cli.verify import verify
from minixai.evaluation.contenders import DEFAULT
from minixai.experiments import EXPERIMENTS
from minixai.images import SHIPPED_PHOTOS
from minixai.methods import catalogue
from minixai.methods.baselines import BASELINES
from minixai.preprocessing import NAMES as PREPROCESSINGS
from minixai.zoo.fetching import SOURCES

Command: TypeAlias = Callable[[argparse.Namespace], "int | None"]
Commands: TypeAlias = "argparse._SubParsersAction[Parser]"

ABOUT = """
Attribution methods for image networks: which pixels made the network say what it says?

Begin with `minixai tour`.
"""


class Parser(argparse.ArgumentParser):
    """Options; what is wrong with them is one line, and where help is to be found."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(f"{message}; see {self.prog} --help")


def parsed(argv: Sequence[str] | None) -> argparse.Namespace | None:
    """What was typed, with the command as `run`; None where only help was wanted, which is printed.

    Raises ValueError for what is not understood.
    """
    parser = Parser(
        prog="minixai",
        description=cleandoc(ABOUT),
        epilog="Every command has a --help with examples.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="store_true", help="print the version")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command")
    for each in (
        add_tour,
        add_explain,
        add_compare,
        add_predict,
        add_score,
        add_methods,
        add_models,
        add_train,
        add_download,
        *LEARNING,
        add_experiment,
        add_verify,
        add_bench,
    ):
        each(commands)
    try:
        args, rest = parser.parse_known_args(argv)
    except SystemExit:  # --help of a command
        return None
    if args.version:
        print(f"minixai {version()}")
        return None
    if args.command is None:
        (parser.error(f"{rest[0]!r} is no command") if rest else parser.print_help())
        return None
    if vars(args).get("photo") is not None:
        args.image = args.photo
    if vars(args).get("model") == "":
        args.parser.error("--model is empty: give a name that minixai models lists, or a file")
    if rest:
        args.parser.error(f"{rest[0]!r} is no option of {args.command}")
    return args


def add(commands: Commands, run: Command, examples: str) -> Parser:
    """A command named as its function and described by its docstring."""
    about = cleandoc(run.__doc__ or "")
    parser = commands.add_parser(
        run.__name__,
        help=about.splitlines()[0].rstrip("."),
        description=about,
        epilog="examples:\n" + "\n".join(f"  {line}" for line in cleandoc(examples).splitlines()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(run=run, parser=parser)
    return parser


def add_tour(commands: Commands) -> None:
    parser = add(commands, tour, "minixai tour\nminixai tour --out story.png")
    parser.add_argument(
        "--out", metavar="FILE.png", default="minixai-tour.png", help="the picture (default: %(default)s)"
    )


def add_explain(commands: Commands) -> None:
    examples = """
        minixai explain
        minixai explain cat
        minixai explain photo.jpg --method grad_cam
        minixai explain --digit 51 --versus 9 --method gradient
        minixai explain --image my-digit.jpg --invert --out why.pdf
        minixai explain --model digits-gap --layer conv3 --probability
        minixai explain --scene 113 --versus greenshank --baseline partner
        minixai explain cat.jpg --model mine.npz --target cat --baseline blur
        minixai explain --model vgg16 --method activations --layer 7
        minixai explain bird.jpg --model vgg16 --weights FILE --target redshank
        minixai explain bird.jpg --model net.onnx --preprocessing imagenet --labels labels.txt
        minixai explain --method grad_cam --strip
        minixai explain --method expected_gradients --classes 8,3 --samples 500
    """
    parser = add(commands, explain, examples)
    add_subject(parser)
    methods = ", ".join(catalogue)
    parser.add_argument("--method", metavar="NAME", default="deep_lift", help=f"{methods} (default: %(default)s)")
    add_question(parser, "minixai-explain.png")
    parser.add_argument(
        "--strip", action="store_true", help=f"one map for every step of a method, for {', '.join(STRIPS)}"
    )
    parser.add_argument(
        "--classes", metavar="CLASS,CLASS,...", help="explain several classes, and lay their maps over the image"
    )


def add_compare(commands: Commands) -> None:
    examples = """
        minixai compare
        minixai compare coffee
        minixai compare --digit 51 --versus 9 --methods gradient,deep_lift,grad_cam
        minixai compare my-digit.jpg --invert --out methods.pdf
        minixai compare --scene 113 --versus greenshank --model shorebirds-biased
        minixai compare --model vgg16
    """
    parser = add(commands, compare, examples)
    add_subject(parser)
    parser.add_argument(
        "--methods",
        metavar="NAME,NAME,...",
        help="in this order, without spaces (default: all that explain a class, of a large network the quicker ones); "
        "`minixai methods` lists them",
    )
    add_question(parser, "minixai-compare.png")


def add_question(parser: Parser, out: str) -> None:
    """What is asked about the image, and where the picture goes."""
    parser.add_argument(
        "--target", metavar="CLASS", help="the class to explain, name or number (default: the predicted one)"
    )
    parser.add_argument("--versus", metavar="CLASS", help="explain why not this class: the difference of the two")
    names = ", ".join(BASELINES)
    parser.add_argument(
        "--baseline",
        metavar="B",
        help=f"what the image is compared with: {names}, a number, an image file, or "
        f"for a bird {PARTNER}, which is alike but for one part (default: the method's own)",
    )
    parser.add_argument(
        "--layer", metavar="NAME", help="explain by what a layer makes of the image (default: the method's own)"
    )
    parser.add_argument(
        "--background", metavar="FOLDER", help="images that the image is compared with, where a method takes a set"
    )
    parser.add_argument(
        "--samples", metavar="N", type=positive, help="how often a sampled method draws (default: the method's own)"
    )
    parser.add_argument("--probability", action="store_true", help="explain the probability, not the score")
    parser.add_argument(
        "--seed", metavar="N", type=number, help="where the random numbers of a sampled method start (default: 0)"
    )
    parser.add_argument(
        "--out", metavar="FILE", default=out, help=f"the picture, {', '.join(PICTURES)} (default: %(default)s)"
    )


def add_predict(commands: Commands) -> None:
    examples = """
        minixai predict --digit 42
        minixai predict photo.jpg
        minixai predict my-digit.jpg --invert
        minixai predict photo.jpg --model vgg16 --weights FILE.h5
    """
    add_subject(add(commands, predict, examples))


def add_subject(parser: Parser) -> None:
    """Which model, and which image."""
    names = ", ".join(zoo.RECIPES)
    parser.add_argument(
        "--model",
        metavar="NAME",
        help=f"{names}, an .npz file of model.save, a file of ONNX or Keras, or for photos "
        f"{', '.join([*zoo.PRETRAINED, *zoo.PHOTOS])} "
        f"(default: {PHOTO_NETWORK} for an image file, digits for one with --invert, shorebirds for a --scene)",
    )
    parser.add_argument(
        "--preprocessing",
        metavar="NAME",
        help=f"what the network in a file of ONNX or Keras was trained to see: {', '.join(PREPROCESSINGS)}",
    )
    parser.add_argument(
        "--labels", metavar="FILE", help="the names of its classes, one in each line, or the word imagenet"
    )
    parser.add_argument(
        "--weights",
        metavar="FILE",
        help="trained weights for a network for photos: Keras's .h5, a .safetensors with torchvision's names, or .npz",
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "photo",
        nargs="?",
        metavar="FILE",
        help=f"an image file, or {' or '.join(SHIPPED_PHOTOS)}; its middle is fitted to the model's size",
    )
    which.add_argument("--image", metavar="FILE", help="the same, as an option")
    which.add_argument("--digit", metavar="N", type=number, help=f"a test digit, by its number (default: {DIGIT})")
    which.add_argument(
        "--scene", metavar="SEED", type=number, help=f"a bird, drawn by chance from this seed (default: {SCENE})"
    )
    parser.add_argument(
        "--invert",
        action="store_true",
        help="exchange black and white in image files: the digit networks know light ink on black paper",
    )


def add_score(commands: Commands) -> None:
    examples = """
        minixai score
        minixai score --images 200 --methods gradient,integrated_gradients:blur,hires_cam
        minixai score --model shorebirds-biased --out cheat.pdf
    """
    parser = add(commands, score, examples)
    parser.add_argument(
        "--model",
        metavar="NAME",
        default="shorebirds",
        help="one that knows the shorebirds, or an .npz file written by model.save (default: %(default)s)",
    )
    parser.add_argument(
        "--images",
        metavar="N",
        type=positive,
        default=IMAGES,
        help="birds; the more, the smaller the standard errors, and the longer it takes (default: %(default)s)",
    )
    parser.add_argument(
        "--methods",
        metavar="NAME,NAME,...",
        help="methods, or METHOD:BASELINE for those that have one, without spaces "
        f"(default: {len(DEFAULT)} of them); `minixai methods` lists them",
    )
    parser.add_argument(
        "--seed", metavar="N", type=number, default=0, help="where the random numbers start (default: 0)"
    )
    parser.add_argument(
        "--out",
        metavar="FILE",
        default="minixai-score.png",
        help=f"the picture, {', '.join(PICTURES)} (default: %(default)s)",
    )


def add_methods(commands: Commands) -> None:
    add(commands, methods, "minixai methods")


def add_models(commands: Commands) -> None:
    add(commands, models, "minixai models")


def add_train(commands: Commands) -> None:
    parser = add(commands, train, "minixai train digits\nminixai train digits-gap --epochs 3 --seed 1 --out quick.npz")
    parser.add_argument("name", metavar="NAME", help=", ".join(zoo.RECIPES))
    parser.add_argument(
        "--epochs", metavar="N", type=positive, help="how often all images are seen (default: as for the shipped one)"
    )
    parser.add_argument(
        "--seed", metavar="N", type=number, default=0, help="where the random numbers start (default: 0)"
    )
    parser.add_argument("--out", metavar="FILE.npz", help="the file to write (default: NAME.npz)")


def add_lessons(commands: Commands) -> None:
    parser = add(commands, lessons, "minixai lessons\nminixai lessons --copy my-lessons")
    parser.add_argument("--copy", metavar="FOLDER", help="copy the scripts there, to write answers into them")
    parser.add_argument("--notebooks", action="store_true", help="with --copy: write Jupyter notebooks instead")


def add_lesson(commands: Commands) -> None:
    examples = "minixai lesson 1\nminixai lesson 4 --quiet --out figures\nminixai lesson 10 --weights FILE"
    parser = add(commands, lesson, examples)
    parser.add_argument("lesson", metavar="N", help="a lesson's number, or its script")
    parser.add_argument("--quiet", action="store_true", help="leave prose and code out: only what the code prints")
    parser.add_argument("--no-code", action="store_true", help="leave the code out")
    parser.add_argument("--weights", metavar="FILE", help="trained weights of VGG-16, see minixai download --help")
    parser.add_argument("--image", metavar="FILE", help="a photo for it (default: one that comes with matplotlib)")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--out", metavar="FOLDER", help="where figures go (default: out/ beside the script)")
    which.add_argument("--no-figures", action="store_true", help="write no figures")


def add_check(commands: Commands) -> None:
    parser = add(commands, check, "minixai check\nminixai check 4\nminixai check my-lessons")
    parser.add_argument(
        "lesson", metavar="N", nargs="?", help="a lesson's number, its script, or a folder of lessons (default: all)"
    )


def add_book(commands: Commands) -> None:
    parser = add(commands, book, "minixai book --open\nminixai book --out site")
    parser.add_argument("--out", metavar="FOLDER", default="minixai-book", help="the folder (default: %(default)s)")
    parser.add_argument("--open", action="store_true", help="open the first page in a browser")


LEARNING = (add_lessons, add_lesson, add_check, add_book)


def add_download(commands: Commands) -> None:
    examples = "minixai download vgg16\nminixai download vgg16 --out weights/vgg16.h5"
    parser = add(commands, download, examples)
    parser.add_argument("name", metavar="NAME", help=", ".join(SOURCES))
    parser.add_argument("--out", metavar="FILE.h5", help="the file to write (default: the publisher's name)")


def add_experiment(commands: Commands) -> None:
    examples = """
        minixai experiment
        minixai experiment digit-morphing
        minixai experiment sanity --images 100 --seed 1 --out sanity.pdf
        minixai experiment closeness --json
    """
    parser = add(commands, experiment, examples)
    parser.add_argument("name", metavar="NAME", nargs="?", help=", ".join(EXPERIMENTS))
    parser.add_argument(
        "--images",
        metavar="N",
        type=positive,
        help="of how many images; for closeness how many networks (default: the experiment's own)",
    )
    parser.add_argument("--seed", metavar="N", type=number, help="where the random numbers start (default: 0)")
    parser.add_argument("--out", metavar="FILE", help=f"the picture, {', '.join(PICTURES)} (default: minixai-NAME.png)")
    parser.add_argument("--json", action="store_true", help="print all of it as JSON")


def add_verify(commands: Commands) -> None:
    examples = """
        minixai verify
        minixai verify --source shrikumar
        minixai verify --only deep_lift
        minixai verify --only 'saturation.*@1,1' --json
    """
    parser = add(commands, verify, examples)
    parser.add_argument(
        "--only", metavar="PATTERN", help="claims whose id holds these letters, or has this pattern with * and ?"
    )
    parser.add_argument(
        "--source", metavar="NAME", help="claims of one source, by its short name: article, captum, ..."
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="everything, arrays and reasons too, for a program")
    form.add_argument("--markdown", action="store_true", help="a table of sources, then one of each source's claims")


def add_bench(commands: Commands) -> None:
    parser = add(commands, bench, "minixai bench --quick\nminixai bench --sections layers,small")
    parser.add_argument(
        "--sections",
        metavar="NAME,NAME,...",
        help="layers, vgg, small, methods, rows, memory, floor, import (default: all)",
    )
    parser.add_argument("--quick", action="store_true", help="two turns of each, to see that it works")
    parser.add_argument(
        "--busy",
        action="store_true",
        help="count processor time, of one thread for each library: for a machine that has other work to do",
    )


def number(text: str) -> int:
    """A whole number from 0 on."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 on")
    return int(text)


def positive(text: str) -> int:
    """A whole number from 1 on."""
    if number(text) == 0:
        raise argparse.ArgumentTypeError("0 is too few, give 1 or more")
    return int(text)


def version() -> str:
    """The installed version; in a clone that is not installed, that of its pyproject.toml."""
    try:
        return metadata.version("minixai")
    except metadata.PackageNotFoundError:
        text = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
        return str(tomllib.loads(text)["project"]["version"])

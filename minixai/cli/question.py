"""The question that `explain`, `compare` and `audit` answer, as one typed value made of the parsed options."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from minixai.cli.options import Parser, add_out, add_seed, samples
from minixai.cli.subject import PARTNER, ImageChoice, ModelChoice, Subject, class_label
from minixai.methods.baselines import BASELINES


@dataclass(frozen=True)
class Question:
    """A question about an image, as it was typed; None stands for an option that was not typed."""

    model: ModelChoice
    image: ImageChoice
    out: str
    target: str | None = None
    versus: str | None = None
    probability: bool = False
    baseline: str | None = None
    layer: str | None = None
    background: str | None = None
    samples: int | None = None
    seed: int | None = None

    @classmethod
    def of(cls, args: argparse.Namespace) -> Question:
        names = ("out", "target", "versus", "probability", "baseline", "layer", "background", "samples", "seed")
        return cls(ModelChoice.of(args), ImageChoice.of(args), **{name: vars(args)[name] for name in names})

    @property
    def output(self) -> str:
        """Which output of the network is explained, "probability" or "score"."""
        return "probability" if self.probability else "score"

    @property
    def files(self) -> list[str | None]:
        """The values of options that may name a file to read."""
        return [*self.model.files, self.image.file, self.baseline]


def add_question_options(parser: Parser, out: str, what: str | None = None) -> None:
    """Add the options that say what to explain about the image, and --out with the default `out`."""
    parser.add_argument(
        "--target", metavar="CLASS", help="the class to explain, name or number (default: the predicted one)"
    )
    parser.add_argument("--versus", metavar="CLASS", help="explain the score of the target minus that of this class")
    parser.add_argument(
        "--baseline",
        metavar="B",
        help=f"what the image is compared with: {', '.join(BASELINES)}, a number, an image file, or for a bird "
        f"{PARTNER}, the same bird as the other species of its pair (default: the method's own)",
    )
    parser.add_argument(
        "--layer", metavar="NAME", help="explain by the activations of this layer (default: the method's own)"
    )
    parser.add_argument(
        "--background",
        metavar="FOLDER",
        help="images that the image is compared with, for methods that take a set of them",
    )
    parser.add_argument(
        "--samples",
        metavar="N",
        type=samples,
        help="how many samples a sampled method draws (default: the method's own)",
    )
    parser.add_argument("--probability", action="store_true", help="explain the probability, not the score")
    add_seed(parser)
    add_out(parser, out, what=what)


def resolve_classes(question: Question, subject: Subject) -> tuple[int, int | None]:
    """Return target and versus as class numbers; the target is by default the predicted class, and versus None.

    Raises ValueError if a class is unknown, or if both are the same.
    """
    model = subject.model
    target = int(subject.order[0]) if question.target is None else model.class_number(question.target)
    versus = None if question.versus is None else model.class_number(question.versus)
    if target == versus:
        raise ValueError(
            f"{class_label(target, model)} is compared with itself, and the difference is always 0: "
            "give another --target or --versus"
        )
    return target, versus


def describe(question: Question, subject: Subject) -> str:
    """Return in words what is explained, such as "score of redshank minus that of greenshank"."""
    target, versus = resolve_classes(question, subject)
    words = f"{question.output} of {class_label(target, subject.model)}"
    return words + ("" if versus is None else f" minus that of {class_label(versus, subject.model)}")

"""`minixai predict`: print the likeliest classes of an image."""

from __future__ import annotations

import argparse

from minixai.cli.explain import DEFAULTS
from minixai.cli.options import Commands, add_command
from minixai.cli.subject import (
    ImageChoice,
    ModelChoice,
    add_image_options,
    add_model_options,
    load_subject,
    percent,
)
from minixai.text import columns, say

TOP = 5  # how many classes are listed
ABOUT = """
Print the likeliest classes of an image, and what the network was shown.
"""
EXAMPLES = """
minixai predict --digit 42
minixai predict photo.jpg
minixai predict my-digit.jpg --invert
minixai predict photo.jpg --model vgg16 --weights FILE.h5
minixai predict photo.jpg --model net.onnx --preprocessing imagenet --labels labels.txt
"""


def add_predict(commands: Commands) -> None:
    parser = add_command(commands, predict, ABOUT, EXAMPLES)
    add_image_options(parser)
    add_model_options(parser, DEFAULTS)


def predict(args: argparse.Namespace) -> None:
    """Run `minixai predict` with the parsed options."""
    subject = load_subject(ModelChoice.of(args), ImageChoice.of(args))
    lines = [(subject.model.classes[k], percent(subject.probabilities[k])) for k in subject.order[:TOP]]
    say(subject, end="\n\n")
    say(*columns([("class", "probability"), *lines], right=[1]))

"""The commands, a function each.  What a command says about itself in --help is its docstring."""

from __future__ import annotations

import argparse

from minixai import zoo
from minixai.cli.output import place, save
from minixai.cli.subject import called, chosen, class_names, parameters, percent, question, size
from minixai.methods import catalogue
from minixai.model import known
from minixai.text import columns

PICTURES = (".png", ".pdf", ".svg")
TOP = 5  # classes that `predict` lists


def explain(args: argparse.Namespace) -> None:
    """Explain what a network sees in an image, and draw it.

    Prints the prediction, then the certificate: what the values are, what they
    cost, and whether they add up to the score.  The picture shows them beside the
    image: red raises the score, blue lowers it.  Without options, a test digit.
    """
    out = place(args.out, PICTURES, inputs=(args.image, args.baseline))
    method = catalogue[args.method]
    subject = chosen(args)
    model, image = subject.model, subject.image
    target, versus = question(args, subject)
    result = method(model, image, target, versus=versus, **parameters(args, method, model))

    from minixai import plots

    save(plots.show(result, image, classes=class_names(model)), out)
    asked = called(target, model) + ("" if versus is None else f" minus that of {called(versus, model)}")
    print(subject)
    print(f"question    {method.answers} (the {result.output} of {asked})", end="\n\n")
    print(result, end="\n\n")
    print(f"picture     {out} (red raises the {result.output}, blue lowers it)")


def predict(args: argparse.Namespace) -> None:
    """Tell what a network sees in an image: the likeliest classes."""
    subject = chosen(args)
    lines = [(subject.model.classes[k], percent(subject.probabilities[k])) for k in subject.order[:TOP]]
    print(subject, end="\n\n")
    print(*columns([("class", "probability"), *lines], right=[1]), sep="\n")


def train(args: argparse.Namespace) -> None:
    """Train a network of the shipped kinds anew; it takes minutes.

    It sees the 8,000 training digits once in every epoch.  Prints how each went, and
    how many of the 2,000 test digits are read correctly.  Writes a file that --model
    takes.  The same seed gives the same network.
    """
    recipe = zoo.RECIPES[known(args.name, zoo.RECIPES, "model")]
    out = place(args.out or f"{args.name}.npz", (".npz",))
    epochs = recipe.epochs if args.epochs is None else args.epochs
    print(f"training {args.name}, epochs: {epochs}. {recipe.about}", flush=True)
    model, _ = zoo.make(args.name, args.seed, epochs, lambda i, epoch: print(f"epoch {i:2}: {epoch}", flush=True))
    model.save(out)
    print(f"test digits read correctly: {zoo.accuracy(model):.2%}")
    print(f"written to {out}; now try: minixai explain --model {out}")


def models(args: argparse.Namespace) -> None:
    """List the networks that come with minixai."""
    titles = ("model", "input", "classes", "parameters", "file", "what it is")
    print(*columns([titles, *map(entry, zoo.RECIPES)], right=[2, 3, 4]), sep="\n")


def entry(name: str) -> tuple[str, ...]:
    """A shipped model in the list."""
    model, length = zoo.load(name), zoo.weights_file(name).stat().st_size
    weights = sum(w.size for w in model.weights.values())
    numbers = str(len(model.classes)), f"{weights:,}", f"{length / 1000:.0f} kB"
    return name, size(model), *numbers, zoo.RECIPES[name].about


def methods(args: argparse.Namespace) -> None:
    """List the methods: what each one answers, what it costs, whether it adds up."""
    print(catalogue)

"""The commands, a function each.  What a command says about itself in --help is its docstring."""

from __future__ import annotations

import argparse
import shutil
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any

from minixai import zoo
from minixai.attribution import Attribution
from minixai.book.guide import guide_text
from minixai.cli.arguments import Answer, asked, baseline, large, takes
from minixai.cli.cost import foretell
from minixai.cli.output import place, save
from minixai.cli.questions import Question, asked_for, percentile, strip, varied
from minixai.cli.subject import Subject, chosen, class_names, percent, size
from minixai.methods import catalogue
from minixai.methods.call import Call
from minixai.methods.registry import Method
from minixai.text import columns
from minixai.validate import one_of
from minixai.zoo import fetching

if TYPE_CHECKING:  # matplotlib takes a while to load, so only the commands that draw load it
    from matplotlib.figure import Figure

PICTURES = (".png", ".pdf", ".svg")
FILTERS = 256  # that a picture shows
TOP = 5  # classes that `predict` lists
FEW = (
    *("gradient", "integrated_gradients", "deep_lift", "guided_backprop"),
    *("grad_cam", "guided_grad_cam", "smooth_grad"),
)
"""What `compare` asks a large network."""


def explain(args: argparse.Namespace) -> None:
    """Explain what a network sees in an image, and draw it.

    Prints the prediction, then the certificate: what the values are, what they
    cost, and whether they add up to the score.  The picture shows them beside the
    image: red raises the score, blue lowers it.  Without options, a test digit.
    A photo is explained by EfficientNet-Lite0, which comes with minixai, unless --model
    names another; photos called cat and coffee come with it too.

    --strip shows how a map comes about: smooth_grad with ever more noise, integrated
    gradients on the way from the baseline, grad_cam and its relatives at every convolution.
    --classes lays the maps of several classes over the image, side by side.
    """
    out = place(args.out, PICTURES, inputs=(args.image, args.baseline))
    method = catalogue[args.method]
    subject = chosen(args)
    questions = asked_for(args, method, subject)
    foretell(questions, subject)
    answers = [question.ask(subject) for question in questions]

    figure, meaning = drawn(args, [answer.result for answer in answers], questions, subject)
    save(figure, out)
    print(subject)
    about = f" (the {asked(args, subject)})" if method.class_specific and args.classes is None else ""
    print(f"question    {method.answers}{about}", end="\n\n")
    print(*answers, sep="\n\n", end="\n\n")
    print(f"picture     {out} ({meaning})")


def drawn(
    args: argparse.Namespace, results: list[Attribution], questions: list[Question], subject: Subject
) -> tuple[Figure, str]:
    """The picture of the results, and what its colours mean."""
    from minixai import plots

    result, names, above = results[0], class_names(subject.model), subject.caveat
    if args.strip:
        return strip(results, questions, subject)
    if args.classes is not None:
        two = plots.show(results, subject.image, title=above, classes=names, percentile=99.9, overlay=True)
        return two, colours(result)
    if result.method == "activations":
        count = min(result.values.shape[-1], FILTERS)
        return plots.filters(result, subject.image, count=count, title=above), "bright is active"
    one = plots.show(result, subject.image, title=above, classes=names, percentile=percentile(subject))
    return one, colours(result)


def colours(result: Attribution) -> str:
    from minixai.plots.maps import meaning

    return meaning(result)


def compare(args: argparse.Namespace) -> None:
    """Ask many methods the same about one image, and draw their maps side by side.

    Prints the certificate of each: what its values are, what they cost, and whether
    they add up to the score.  In the picture every map has a scale of its own, whose
    number stands beneath it: red raises the score, blue lowers it.  Those that add up
    come first.  --baseline, --seed, --samples and --background are for those methods
    that know them.  What a large network is asked, and for how long, is told beforehand.
    """
    out = place(args.out, PICTURES, inputs=(args.image, args.baseline))
    subject = chosen(args)
    methods = named(args.methods, subject)
    if args.baseline is not None:  # one that cannot be is no reason to leave methods out
        Call(subject.model, subject.image).baseline(baseline(args.baseline, subject, args.invert))
    questions = [varied(args, method, **of_others(args, method)) for method in methods]
    foretell(questions, subject)
    answers, left_out = several(questions, subject, args.methods is not None)

    from minixai import plots

    about, score = asked(args, subject), answers[0].result.score[0]
    title = f"{subject.names[1]}: {about}, {score:.3g}" + f" ({subject.caveat})" * bool(subject.caveat)
    results, shown = [answer.result for answer in answers], percentile(subject)
    save(plots.compare(results, subject.image, title=title, percentile=shown), out)
    print(subject)
    print(f"question    the {about}, {score:.4g}", end="\n\n")
    print(*answers, sep="\n\n", end="\n\n")
    for name, reason in left_out:
        print(f"left out    {name}: {reason}")
    print(f"picture     {out} ({colours(answers[0].result)})")


def named(text: str | None, subject: Subject) -> list[Method]:
    """The methods named, or those that explain a class, with those that add up first; of a large network a few."""
    if text is None:
        names = FEW if large(subject.model) else [name for name, m in catalogue.items() if m.class_specific]
        return sorted((catalogue[name] for name in names), key=lambda m: not m.complete)
    methods = [catalogue[name] for name in text.split(",")]
    for method in methods:
        if not method.class_specific:
            raise ValueError(f"{method.name} explains no class: see it alone, minixai explain --method {method.name}")
    return methods


def of_others(args: argparse.Namespace, method: Method) -> dict[str, None]:
    """The options that this method does not know, taken back."""
    shared = ("baseline", "seed", "samples", "background")
    return {option: None for option in shared if not takes(method, option)}


def several(questions: list[Question], subject: Subject, named: bool) -> tuple[list[Answer], list[tuple[str, str]]]:
    """What the methods say; and if nobody asked for them by name, those that cannot, and why."""
    answers, left_out = list[Answer](), list[tuple[str, str]]()
    for question in questions:
        try:
            answers.append(question.ask(subject))
        except ValueError as problem:
            if named or (question is questions[-1] and not answers):
                raise
            left_out.append((question.method.name, str(problem).split(":")[0]))  # after it stands what to do
    return answers, left_out


def predict(args: argparse.Namespace) -> None:
    """Tell what a network sees in an image: the likeliest classes."""
    subject = chosen(args)
    lines = [(subject.model.classes[k], percent(subject.probabilities[k])) for k in subject.order[:TOP]]
    print(subject, end="\n\n")
    print(*columns([("class", "probability"), *lines], right=[1]), sep="\n")


def train(args: argparse.Namespace) -> None:
    """Train a network of the shipped kinds anew; it takes minutes.

    It sees all of its training images, digits or birds, once in every epoch.  Prints how
    each went, and how many of the test images are told correctly.  Writes a file that
    --model takes.  The same seed gives the same network.
    """
    recipe = zoo.RECIPES[one_of(args.name, zoo.RECIPES, "model")]
    out = place(args.out, (".npz",), default=f"{args.name}.npz")
    epochs = recipe.epochs if args.epochs is None else args.epochs
    print(f"training {args.name} on {recipe.course.learnt}, epochs: {epochs}. {recipe.about}", flush=True)
    model, _ = zoo.make(args.name, args.seed, epochs, lambda i, epoch: print(f"epoch {i:2}: {epoch}", flush=True))
    model.save(out)
    print(f"correct: {zoo.accuracy(args.name, model):.2%} of {recipe.course.measured}")
    print(f"written to {out}; now try: minixai explain --model {out}")


def bench(args: argparse.Namespace) -> None:
    """Measure how fast minixai is, beside the other libraries that are installed.

    It takes about eight minutes, or one with --quick.  Prints a table in markdown, with the
    machine and the versions; a ratio below 1 means that minixai is faster.  PyTorch,
    captum, shap and MyGrad take part where they are installed.  Needs a clone.
    """
    runner = benchmark()
    sections = args.sections.split(",") if args.sections else list(runner.SECTIONS)
    for section in sections:
        one_of(section, runner.SECTIONS, "section")
    print(runner.main(sections, args.quick, args.busy))


def benchmark() -> Any:
    """The benchmark, which is among the tests."""
    path = Path(__file__).parents[2] / "tests" / "benchmarks" / "bench.py"
    if not path.exists():
        raise ValueError("the benchmark needs a clone of minixai, it is no part of the package: run it there")
    spec = spec_from_file_location("bench", path)
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def models(args: argparse.Namespace) -> None:
    """List the networks that come with minixai."""
    titles = ("model", "input", "classes", "parameters", "file", "what it is")
    print(*columns([titles, *map(entry, [*zoo.RECIPES, *zoo.PRETRAINED])], right=[2, 3, 4]), sep="\n")
    print(f"\nMore for photos: {', '.join(zoo.PHOTOS)}, whose weights do not come with it: minixai download --help.")


def entry(name: str) -> tuple[str, ...]:
    """A shipped model in the list."""
    model, length = zoo.load(name), zoo.weights_file(name).stat().st_size
    weights = sum(w.size for w in model.weights.values())
    numbers = str(len(model.classes)), f"{weights:,}", f"{length / 1000:.0f} kB"
    return name, size(model), *numbers, zoo.RECIPES[name].about if name in zoo.RECIPES else zoo.PRETRAINED[name]


def download(args: argparse.Namespace) -> None:
    """Fetch the weights of a network for photos, as Keras publishes them.

    They are trained on ImageNet's 1,000 classes.  vgg16 is 553 MB, vgg19 575 MB; the files
    called features are without the dense layers.  The file appears when it is whole and its
    checksum is the publisher's.  No other command ever uses the network.
    """
    source = fetching.SOURCES[one_of(args.name, fetching.SOURCES, "file of weights")]
    out = place(args.out, (".h5",), default=source.name)
    print(f"from        {source.url}", flush=True)
    new = fetching.fetch(args.name, out)
    print(f"{'written to' if new else 'already in'}  {out}, {source.length:,} bytes, MD5 {source.md5}")
    if args.name in zoo.PHOTOS:
        print(f"now try     minixai explain PHOTO.jpg --model {args.name} --weights {out}")
    else:
        print(f"now try     mx.zoo.{args.name.split('-')[0]}({str(out)!r}, features_only=True), in Python")


def methods(args: argparse.Namespace) -> None:
    """List the methods: what each answers, needs and costs, when it fails, which to take."""
    print(guide_text(shutil.get_terminal_size().columns))

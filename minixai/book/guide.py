"""How to choose a method: what each method of the catalogue needs, when it fails, and five questions that lead to one.

The catalogue says what a method answers, how many passes it takes, and whether its values add up; this table adds what
one must know to choose.  The book shows it as a page, and `minixai methods` prints it.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from minixai.methods import catalogue


@dataclass(frozen=True)
class Advice:
    """Advice on when to use a method.

    Attributes
    ----------
    formula : str
        The formula of φ, the value of one input, in the letters of the paper.
    needs : str
        What the method needs beside a network and an input.
    fails_when : str
        When its answer misleads.
    lesson : int
        The number of the lesson that computes it by hand.
    work : str
        The key of its paper in lessons/references.toml.
    """

    formula: str
    needs: str
    fails_when: str
    lesson: int
    work: str


ADVICE = {
    "feature_ablation": Advice(
        "f(x) − f(x without i)",
        "a baseline",
        "inputs stand in for one another: each alone costs nothing",
        1,
        "zeiler2014",
    ),
    "gradient": Advice(
        "∂f/∂x",
        "nothing",
        "the network is saturated, or the slope at x is not typical of its surroundings",
        2,
        "simonyan2014",
    ),
    "input_x_gradient": Advice(
        "x · ∂f/∂x",
        "nothing",
        "the network is not linear between 0 and x; black pixels always get 0",
        3,
        "shrikumar2017",
    ),
    "integrated_gradients": Advice(
        "(x − x') · ∫ ∂f/∂x dα", "a baseline", "the baseline asks another question than you do", 4, "sundararajan2017"
    ),
    "deep_lift": Advice(
        "m · Δx, m = Δy/Δx node by node",
        "a baseline",
        "inputs cancel before a ReLU (Rescale; RevealCancel looks deeper)",
        6,
        "shrikumar2017",
    ),
    "shapley_values": Advice(
        "mean over all orders of what i adds",
        "a baseline, and few players",
        "there are many players: 2ⁿ passes, or an error bar",
        7,
        "shapley1953",
    ),
    "expected_gradients": Advice(
        "mean of (x − x') · ∂f/∂x", "a background", "too few samples: look at the standard error", 8, "erion2021"
    ),
    "deep_shap": Advice(
        "mean of DeepLIFT over baselines",
        "a background",
        "as DeepLIFT, and where the background is not what you compare with",
        9,
        "lundberg2017",
    ),
    "activations": Advice(
        "the values of a layer", "a layer", "it is taken for an explanation: it knows no class", 10, "zeiler2014"
    ),
    "occlusion": Advice(
        "f(x) − f(x with a window hidden)",
        "a window and a fill",
        "the fill itself speaks for or against the class",
        11,
        "zeiler2014",
    ),
    "smooth_grad": Advice(
        "mean of ∂f/∂x over noisy copies",
        "a noise level",
        "the noise is so strong that it asks about another image",
        12,
        "smilkov2017",
    ),
    "grad_cam": Advice(
        "ReLU(Σₖ αₖ Aₖ), αₖ the mean slope",
        "a layer",
        "the head is no global mean: then the means mislead",
        13,
        "selvaraju2017",
    ),
    "hires_cam": Advice("ReLU(Σₖ ∂f/∂Aₖ · Aₖ)", "a layer", "the layer is far from the output", 13, "draelos2020"),
    "guided_backprop": Advice(
        "∂f/∂x with max(m, 0) at each ReLU",
        "nothing",
        "you ask about the class: it draws the image whatever the class",
        14,
        "springenberg2015",
    ),
    "deconvnet": Advice(
        "as above, blind to the forward pass",
        "nothing",
        "as guided backprop, and without pooling it is mostly noise",
        14,
        "zeiler2014",
    ),
    "guided_grad_cam": Advice(
        "guided backprop × Grad-CAM",
        "a layer",
        "the sharp detail is the image's, not the network's",
        13,
        "selvaraju2017",
    ),
    "lrp": Advice(
        "R = x · m, shared out sum by sum",
        "a rule (ε, γ)",
        "biases matter: their share goes to no pixel",
        6,
        "bach2015",
    ),
}
"""Advice on every method of the catalogue."""

FIVE_QUESTIONS: Sequence[tuple[str, str]] = (
    (
        "Can you change the input itself and ask again?",
        "Then do so first: `occlusion`, `feature_ablation`, or draw the image without the part. It needs no theory.",
    ),
    (
        "Do you want numbers that add up to the score's difference?",
        "Then you need a baseline: `deep_lift` (one pass back) or `integrated_gradients` (many). If not, go to 4.",
    ),
    (
        "Is there one image to compare with, or a whole set?",
        "One: `baseline=` of the methods above. A set: `deep_shap` (a pass each) or `expected_gradients` (sampled). "
        "With at most a dozen parts, `shapley_values` is exact.",
    ),
    (
        "Is it enough to know roughly where?",
        "`hires_cam`, or `grad_cam` if the network ends in a global mean. For every pixel `smooth_grad`; its sign says "
        "which way a pixel would have to change, not what the pixel contributes.",
    ),
    (
        "Would the map look the same if the network knew nothing?",
        "Test it: give the network random weights and ask again (lesson 14). What does not change, as with "
        "`guided_backprop`, shows the image and not the network.",
    ),
)
"""Five questions that lead to a method, each with what to do."""


def adds_up_text(name: str) -> str:
    """Whether the values of a method add up to the difference in score: "yes", "no", or under which condition."""
    return "without biases" if name == "lrp" else "yes" if catalogue[name].complete else "no"


class MethodRow(NamedTuple):
    """A row of the table of methods, as text."""

    method: str
    question: str
    formula: str
    passes: str
    needs: str
    adds_up: str
    fails_when: str
    lesson: str
    paper_key: str


def method_rows() -> list[MethodRow]:
    """The table of all methods of the catalogue."""
    return [
        MethodRow(
            name,
            method.answers,
            ADVICE[name].formula,
            method.passes,
            ADVICE[name].needs,
            adds_up_text(name),
            ADVICE[name].fails_when,
            str(ADVICE[name].lesson),
            ADVICE[name].work,
        )
        for name, method in catalogue.items()
    ]


def guide_text(width: int) -> str:
    """Return the table of methods and the five questions as text of at most so many columns.

    Parameters
    ----------
    width : int
        Columns of the terminal; below 40 it is taken as 40.

    Examples
    --------
    >>> print(guide_text(72).splitlines()[0])
    feature_ablation      what does the score lose without this input?
    """
    width, names = max(width, 40), max(map(len, catalogue)) + 2
    lines = list[str]()
    for name, answers, formula, passes, needs, sums, fails_when, lesson, work in method_rows():
        facts = f"φ = {formula}. Passes: {passes}. Needs {needs}. Adds up: {sums}. Fails when {fails_when}. "
        facts += f"Lesson {lesson}; {work[:-4].capitalize()} {work[-4:]}."
        lines += wrap_text(answers, name.ljust(names), " " * names, width)
        lines += wrap_text(facts, " " * names, " " * names, width)
    lines += ["", "Five questions that lead to a method:", ""]
    for n, (question, advice) in enumerate(FIVE_QUESTIONS, 1):
        lines += wrap_text(question, f"{n}. ", "   ", width) + wrap_text(advice.replace("`", ""), "   ", "   ", width)
    return "\n".join(lines)


def wrap_text(text: str, first: str, rest: str, width: int) -> list[str]:
    """Wrap a text to a width, with one indent for the first line and one for the rest."""
    return textwrap.wrap(
        text, width, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )

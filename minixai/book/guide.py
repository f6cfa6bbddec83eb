"""Which method when: what each method of the catalogue needs and when it fails, and a path of five questions.

The catalogue says what a method answers, how many passes it takes, and whether its values add up; this table adds what
one must know to choose.  The book shows it as a page, and `minixai methods` prints it.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from minixai.methods import catalogue


@dataclass(frozen=True)
class Advice:
    """What to know of a method before choosing it.

    Attributes
    ----------
    formula : str
        φ, the value of one input, in the letters of the paper.
    needs : str
        What the method cannot do without.
    fails : str
        In which case its answer misleads.
    lesson : int
        The lesson that computes it by hand.
    work : str
        The key of its paper in lessons/references.toml.
    """

    formula: str
    needs: str
    fails: str
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

PATH: Sequence[tuple[str, str]] = (
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


def adds_up(name: str) -> str:
    """ "yes", "no", or what the sum of the values is."""
    return "without biases" if name == "lrp" else "yes" if catalogue[name].complete else "no"


def rows() -> list[tuple[str, ...]]:
    """(method, question, formula, passes, needs, adds up?, fails when, lesson, paper's key) of every method."""
    return [
        (
            name,
            method.answers,
            ADVICE[name].formula,
            method.passes,
            ADVICE[name].needs,
            adds_up(name),
            ADVICE[name].fails,
            str(ADVICE[name].lesson),
            ADVICE[name].work,
        )
        for name, method in catalogue.items()
    ]


def guide_text(width: int) -> str:
    """Return the table and the path as text of at most so many columns.

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
    for name, answers, formula, passes, needs, sums, fails, lesson, work in rows():
        facts = f"φ = {formula}. Passes: {passes}. Needs {needs}. Adds up: {sums}. Fails when {fails}. "
        facts += f"Lesson {lesson}; {work[:-4].capitalize()} {work[-4:]}."
        lines += fill(answers, name.ljust(names), " " * names, width)
        lines += fill(facts, " " * names, " " * names, width)
    lines += ["", "Five questions that lead to a method:", ""]
    for n, (question, advice) in enumerate(PATH, 1):
        lines += fill(question, f"{n}. ", "   ", width) + fill(advice.replace("`", ""), "   ", "   ", width)
    return "\n".join(lines)


def fill(text: str, first: str, rest: str, width: int) -> list[str]:
    return textwrap.wrap(
        text, width, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )

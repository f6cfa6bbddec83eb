"""Sources of a foreign map: the claimed method, other libraries' variants of it, other methods, other questions.

A source is a phrase and a function that makes the map; the map is not made before the function is called.  Likely and
cheap sources come first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from minixai.arrays import Array
from minixai.audit.case import CAMS, Case
from minixai.audit.completeness import CLASSES, class_label, other_baselines, other_classes
from minixai.evaluation.contenders import OWN_CLASS
from minixai.evaluation.sanity import edge_detector
from minixai.methods import catalogue
from minixai.methods.compat import make_shap_sampler
from minixai.model import Model

QUICK = (
    *("gradient", "input_x_gradient", "guided_backprop", "deconvnet", "deep_lift", "grad_cam", "hires_cam"),
    *("guided_grad_cam", "lrp", "integrated_gradients"),
)
"""Quick methods that may have made a map that claims to be of another method."""
STEPS = (50, 25, 10, 20, 64)
"""Default numbers of steps: captum, PAIR, tf-explain, zennit, iNNvestigate."""
COARSE = 4
"""For how many other layers Grad-CAM is tried, at most."""


class Source(NamedTuple):
    """One way in which a foreign map may have been made.

    phrase    what the map is then, as the end of "this is ..."
    map       function that makes the map, (N, h, w, C)
    same      whether this is the claimed method, if only as another library implements it
    """

    phrase: str
    map: Callable[[], Array]
    same: bool = False


def sources(case: Case) -> Iterator[Source]:
    """Yield all sources that a foreign map is compared with, the claimed method first."""
    yield Source(case.method.name, lambda: np.asarray(case.own.values), same=True)
    yield from VARIANTS.get(case.method.name, no_variants)(case)
    yield Source("an edge detector, which knows no network", lambda: edge_detector(case.images))
    yield Source("the image itself", lambda: case.images)
    yield from other_methods(case)
    yield from other_questions(case)


def source_of(case: Case, phrase: str, method: str | None = None, same: bool = False, **changes: Any) -> Source:
    """Return a source whose map is `case.ask(method, **changes)`."""
    return Source(phrase, lambda: np.asarray(case.ask(method, **changes).values), same)


def no_variants(case: Case) -> Iterator[Source]:
    yield from ()


# -- variants of one method ---------------------------------------------------------------------------


def deep_lift_variants(case: Case) -> Iterator[Source]:
    if case.options.get("pool", "mover") == "mover":
        yield source_of(case, "deep_lift with ties of max-pool broken as captum and shap do", same=True, pool="first")
    if case.options.get("pool") != "gradient":
        yield source_of(
            case,
            "deep_lift with the plain gradient at max-pool: captum 0.9 does so by a fault where a ReLU stands beside "
            "it (its issue 1104), the original deeplift by design",
            pool="gradient",
        )
    for rule in ("rescale", "reveal-cancel", "genomics"):
        if rule != case.options.get("rule", "rescale") and case.call.output == "score":
            yield source_of(case, f"deep_lift with the rule {rule!r}", rule=rule)
    yield Source("multipliers, which are not multiplied by x − x'", lambda: np.asarray(case.own.extras["multipliers"]))
    if case.call.output == "probability":
        yield Source(
            "deep_lift of the target's score, scaled to its probability as shap's softmax does",
            lambda: shap_softmax(case),
        )


def shap_softmax(case: Case) -> Array:
    """Return the map of the target's probability as shap makes it on PyTorch: the map of the score z times Δp/Δz."""
    result = case.ask(output="score")
    assert result.reference_score is not None
    assert case.own.reference_score is not None
    moved = case.own.score.astype(np.float64) - case.own.reference_score
    chord = moved / (result.score.astype(np.float64) - result.reference_score)
    return np.asarray(result.values * chord[:, None, None, None])


def integrated_gradients_variants(case: Case) -> Iterator[Source]:
    """Yield integrated gradients with the quadratures of several libraries, with and without the factor x − x'."""
    rules = ("gauss-legendre", "midpoint", "left", "right", "trapezoid")
    mine = case.options.get("quadrature", "gauss-legendre")
    steps = (int(case.options["steps"]),) if "steps" in case.options else STEPS
    if case.input_minus_baseline is None:
        return
    yield Source("mean gradients, which are not multiplied by x − x'", lambda: mean_gradients(case, mine, steps[0]))
    for n in steps:
        if n < 2:
            continue
        path = PathGradients(case, n)
        for name, weights in path.rules.items():
            yield Source(f"integrated_gradients with {n} nodes, {name}", path.map(weights), same=name in rules)
            yield Source(f"mean gradients at {n} nodes, {name}, not multiplied by x − x'", path.map(weights, False))
    for rule in rules[:2]:
        for n in steps:
            if (rule, n) != (mine, case.own.parameters.get("steps")):
                yield source_of(
                    case, f"integrated_gradients by {n} steps of {rule}", same=True, quadrature=rule, steps=n
                )


def mean_gradients(case: Case, quadrature: str, steps: int) -> Array:
    return np.asarray(case.ask(multiply=False, quadrature=quadrature, steps=steps).values)


class PathGradients:
    """Maps by several quadratures, from gradients at i/n or at i/(n − 1) of the way from x' to x.

    The gradients at the points used last are kept, so that rules with the same points share them.
    """

    def __init__(self, case: Case, n: int) -> None:
        self.case, self.n = case, n
        self.found: dict[str, Array] = {}
        ends = np.full(n, 1 / n)
        halves = ends.copy()
        halves[[0, -1]] /= 2
        open_ends = np.full(n + 1, 1 / n)
        self.rules: Mapping[str, tuple[str, Array]] = {
            "captum's riemann_trapezoid, whose weights add up to (n − 1)/n": ("both", halves),
            "each weighted 1/n with both ends, as PAIR and tf-explain do": ("both", ends),
            "trapezoid": ("both", halves * n / (n - 1)),
            "left": ("open", np.append(ends, 0)),
            "right": ("open", np.append(0, ends)),
            "1/n each of n + 1, which adds up to (n + 1)/n": ("open", open_ends),
        }

    def gradients(self, nodes: str) -> Array:
        """The gradients at n even points ("both") or at n + 1 ("open"), ends included: (N, points, H, W, C)."""
        if nodes not in self.found:
            alphas = np.linspace(0, 1, self.n + (nodes == "open"))
            difference = self.case.input_minus_baseline
            assert difference is not None
            start = self.case.images - difference
            points = start[:, None] + alphas[:, None, None, None] * difference[:, None]
            self.found = {nodes: self.case.slopes(points)}  # only one set is kept, since it may be large
        return self.found[nodes]

    def map(self, rule: tuple[str, Array], multiply: bool = True) -> Callable[[], Array]:
        def make() -> Array:
            nodes, weights = rule
            mean = np.einsum("nkhwc,k->nhwc", self.gradients(nodes), weights)
            return np.asarray(mean * self.case.input_minus_baseline if multiply else mean)

        return make


def expected_gradients_variants(case: Case) -> Iterator[Source]:
    """Yield expected gradients with the random draws of shap's GradientExplainer and of captum's GradientShap.

    Both use the seed of the case's method.
    """
    if case.options.get("rng", "minixai") != "shap":
        yield source_of(case, "expected_gradients with the draws of shap's GradientExplainer", same=True, rng="shap")
    background = case.call.background(case.options["background"]).astype(np.float64)
    seed, samples = int(case.options.get("seed", 0)), int(case.options.get("samples", 200))
    for words, captum in (
        ("with the draws of captum's GradientShap", True),
        ("with the draws of shap's GradientExplainer, but mean gradients times the mean x − x'", False),
    ):
        yield Source(
            f"expected_gradients {words}",
            lambda captum=captum: drawn_gradients(case, background, seed, samples, captum),  # type: ignore[misc]
            same=captum,
        )


def drawn_gradients(case: Case, background: Array, seed: int, samples: int, captum: bool) -> Array:
    """Return expected gradients (N, H, W, C) with captum's draws, or with shap's and the mean of x − x' as factor.

    captum draws all references with np.random.choice, and then all positions between reference and image with
    np.random.uniform.
    """
    n = len(case.images)
    if captum:
        rng = np.random.RandomState(seed)
        r, alpha = rng.choice(len(background), n * samples), rng.uniform(0, 1, n * samples)
    else:
        draws = make_shap_sampler(seed, len(background), None)
        r, alpha, _ = draws(np.repeat(np.arange(n), samples), np.tile(np.arange(samples), n))
    x = np.repeat(case.images.astype(np.float64), samples, axis=0)
    from_there = x - background[r]
    points = background[r] + alpha[:, None, None, None] * from_there
    shape = (n, samples, *case.images.shape[1:])
    slopes, ways = case.slopes(points.reshape(shape)), from_there.reshape(shape)
    return np.asarray((slopes * ways).mean(axis=1) if captum else slopes.mean(axis=1) * ways.mean(axis=1))


def cam_variants(case: Case) -> Iterator[Source]:
    """Yield the CAM with or without ReLU, resized to the nearest cell, with guided weights, and at other layers."""
    name, mine = case.method.name, case.options.get("relu", case.method.name == "grad_cam")
    words = "without ReLU, as captum's LayerGradCam leaves it" if mine else "with ReLU"
    yield source_of(case, f"{name} {words}", same=True, relu=not mine)
    for relu in (True, False):
        yield Source(
            f"{name} {'with' if relu else 'without'} ReLU, resized to the nearest cell as captum's interpolate does",
            lambda relu=relu: resize_nearest(
                np.asarray(case.ask(relu=relu, resize=False).values), case.values.shape[1:3]
            ),  # type: ignore[misc]
            same=True,
        )
    if name == "grad_cam":
        yield source_of(case, "grad_cam with tf-explain's guided weights", variant="tf-explain")
    for layer in layers_of_size(case) if "layer" not in case.options else ():
        for relu in (True, False):
            words = f"{name} at layer {layer!r} {'with' if relu else 'without'} ReLU"
            yield source_of(case, words, same=True, layer=layer, relu=relu, resize=case.fine)


def layers_of_size(case: Case) -> list[str]:
    """Return the names of other layers at which the foreign map may have been made, the last layer first.

    A coarse map has the size of its layer; a map of the size of the images may come from any layer, resized.
    """
    if not isinstance(case.model, Model):
        return []
    size = case.values.shape[1:3]
    names = [e.name for e in case.model.layers[1:] if len(e.shape) == 3 and (case.fine or e.shape[:2] == size)]
    return [name for name in reversed(names) if name != case.own.layer][:COARSE]


def resize_nearest(maps: Array, size: tuple[int, ...]) -> Array:
    """(N, h, w, C) -> (N, H, W, C): give each pixel the value of the cell it lies in."""
    rows, columns = (np.arange(new) * old // new for new, old in zip(size, maps.shape[1:3], strict=True))
    return np.asarray(maps[:, rows][:, :, columns])


def guided_grad_cam_variants(case: Case) -> Iterator[Source]:
    yield source_of(
        case, "guided_grad_cam resized to the nearest cell, as captum does by default", same=True, upsampling="nearest"
    )
    yield source_of(
        case, "tf-explain's Grad-CAM with guided weights, which it calls guided", "grad_cam", variant="tf-explain"
    )


def gradient_variants(case: Case) -> Iterator[Source]:
    yield source_of(case, "guided_backprop", "guided_backprop")


def occlusion_variants(case: Case) -> Iterator[Source]:
    yield source_of(case, "tf-explain's occlusion, 1 − p with grey patches", variant="tf-explain")


def smooth_grad_variants(case: Case) -> Iterator[Source]:
    yield source_of(case, "the mean of squared gradients, as PAIR's GetSmoothedMask returns by default", squared=True)
    yield source_of(case, "VarGrad, the variance of the gradients", variance=True)


VARIANTS: Mapping[str, Callable[[Case], Iterator[Source]]] = {
    "deep_lift": deep_lift_variants,
    "deep_shap": lambda case: (
        source_of(case, f"deep_shap with {what}", same=pool == "first", pool=pool)
        for pool, what in (
            ("first", "ties of max-pool broken as captum and shap do"),
            ("gradient", "the plain gradient at max-pool, captum 0.9's fault beside a ReLU (its issue 1104)"),
        )
    ),
    "integrated_gradients": integrated_gradients_variants,
    "expected_gradients": expected_gradients_variants,
    "grad_cam": cam_variants,
    "hires_cam": cam_variants,
    "guided_grad_cam": guided_grad_cam_variants,
    "gradient": gradient_variants,
    "occlusion": occlusion_variants,
    "smooth_grad": smooth_grad_variants,
}


# -- other methods, other questions -------------------------------------------------------------------


def other_methods(case: Case) -> Iterator[Source]:
    """Yield the quick methods other than the claimed one."""
    for name in QUICK:
        if name == case.method.name or (name == "integrated_gradients" and case.large):
            continue
        options: dict[str, Any] = {}
        if name in CAMS and not case.fine:
            options["resize"] = False
        if catalogue[name].baseline and case.own.baseline is not None and name != "lrp":
            options["baseline"] = case.own.baseline
        yield source_of(case, name, name, **options)
        if name in CAMS:
            yield source_of(
                case,
                f"{name} {'without' if name == 'grad_cam' else 'with'} ReLU",
                name,
                **options,
                relu=name != "grad_cam",
            )


def other_questions(case: Case) -> Iterator[Source]:
    """Yield the claimed method for another class, contrast, output, baseline, image or order of channels."""
    name = case.method.name
    yield source_of(
        case, f"{name} of the {case.other_output}, and not of the {case.call.output}", output=case.other_output
    )
    for k in other_classes(case, CLASSES if case.large else 9):
        yield source_of(case, f"{name} of class {class_label(case, k[0])}, another target", target=k)
    if case.versus is None and name not in OWN_CLASS:
        for k in other_classes(case, 1):
            yield source_of(case, f"{name} of the target versus class {class_label(case, k[0])}", versus=k)
    if case.versus is not None:
        yield source_of(case, f"{name} of the target alone, without versus", versus=None)
    if case.method.compares == "baseline":
        for words, baseline in other_baselines(case).items():
            yield source_of(case, f"{name} from the baseline {words}", baseline=baseline)
    for what, images in case.others.items():
        yield source_of(case, f"{name} of the image {what}", images=images)
    n = len(case.images)
    for shift in range(1, min(n, 4)):
        order = (np.arange(n) + shift) % n
        rows: dict[str, Any] = {
            k: v[order] for k, v in (("target", case.target), ("versus", case.versus)) if v is not None
        }
        yield source_of(case, f"{name} of another image of the batch", images=case.images[order], **rows)
    if case.images.shape[3] == 3:
        yield Source(
            f"{name} of the image with its channels in the order BGR",
            lambda: np.asarray(case.ask(images=np.ascontiguousarray(case.images[..., ::-1])).values),
        )

"""The catalogue of methods, filled by the decorator of the functions themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import wraps
from inspect import Parameter, signature
from typing import ParamSpec

import numpy as np

from minixai.attribution import Attribution
from minixai.methods.call import asking
from minixai.methods.parameters import document
from minixai.ops.threads import own_threads
from minixai.text import columns
from minixai.validate import one_of


@dataclass(frozen=True)
class Method:
    """A method of the catalogue, with what one should know before choosing it.

    Attributes
    ----------
    function : callable
        The method itself.
    answers : str
        The question that it answers.
    passes : str
        How many passes through the network it takes.
    complete : bool
        Whether its values add up to f(x) − f(x').
    class_specific : bool
        Whether its values depend on the class.
    sampled : bool
        Whether its values are estimated from random samples.
    baseline : bool
        Whether it takes a baseline.

    Examples
    --------
    >>> import minixai as mx
    >>> mx.catalogue["deep_shap"].compares, mx.catalogue["deep_shap"].complete
    ('background', True)
    """

    function: Callable[..., Attribution]
    answers: str
    passes: str
    complete: bool
    class_specific: bool = True
    sampled: bool = False
    baseline: bool = False

    @property
    def name(self) -> str:
        """The name of the function."""
        return self.function.__name__

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """The parameters of the function, by name."""
        return signature(self.function).parameters

    @property
    def compares(self) -> str:
        """What the input is compared with: a "baseline", a "background", or nothing, ""."""
        if self.baseline:
            return "baseline"
        return "background" if "background" in self.parameters else ""

    def __call__(self, *args: object, **options: object) -> Attribution:
        return self.function(*args, **options)


class Catalogue(Mapping[str, Method]):
    """All methods by name, a mapping; `print` shows them as a table.

    Raises
    ------
    ValueError
        If a name is unknown; the message tells the nearest one.

    Examples
    --------
    >>> import minixai as mx
    >>> mx.catalogue["gradient"].passes
    '1 forward, 1 back'
    """

    def __init__(self) -> None:
        self.methods: dict[str, Method] = {}

    def __getitem__(self, name: str) -> Method:
        return self.methods[one_of(name, self.methods, "method")]

    def __contains__(self, name: object) -> bool:
        return name in self.methods

    def __iter__(self) -> Iterator[str]:
        return iter(self.methods)

    def __len__(self) -> int:
        return len(self.methods)

    def arrange(self, names: Iterable[str]) -> None:
        """Put the methods in the order given by `names`; methods not named follow, in their present order."""
        self.methods = {name: self.methods.pop(name) for name in names} | self.methods

    def __repr__(self) -> str:
        return f"<catalogue of {len(self)} methods: {', '.join(self)}; print shows them as a table>"

    def __str__(self) -> str:
        titles = ("method", "answers", "passes", "adds up", "by class", "sampled", "compares with")
        lines = [
            (m.name, m.answers, m.passes, *map(yes_or_no, (m.complete, m.class_specific, m.sampled)), m.compares)
            for m in self.methods.values()
        ]
        return "\n".join(columns([titles, *lines]))


def yes_or_no(is_so: bool) -> str:
    return "yes" if is_so else "no"


catalogue = Catalogue()

P = ParamSpec("P")

FOREIGN: Mapping[str, tuple[str, ...]] = {
    "forward_func": ("model",),
    "inputs": ("x",),
    "input": ("x",),
    "images": ("x",),
    "validation_data": ("x",),
    "baselines": ("baseline", "background"),
    "feature_baselines": ("baseline",),
    "reference": ("baseline",),
    "data": ("background",),
    "train_baselines": ("background",),
    "background_data": ("background",),
    "n_steps": ("steps",),
    "method": ("quadrature",),
    "sliding_window_shapes": ("window",),
    "patch_size": ("window",),
    "window_size": ("window",),
    "size": ("window",),
    "fill_value": ("baseline",),
    "strides": ("stride",),
    "feature_mask": ("groups", "players"),
    "n_samples": ("samples", "permutations"),
    "nsamples": ("samples", "permutations"),
    "nt_samples": ("samples",),
    "num_samples": ("samples",),
    "stdevs": ("sigma", "local_smoothing"),
    "noise_level": ("noise",),
    "rseed": ("seed",),
    "random_state": ("seed",),
    "class_index": ("target",),
    "class_idx": ("target",),
    "target_class": ("target",),
    "label": ("target",),
    "labels": ("target",),
    "y": ("target",),
    "ranked_outputs": ("target",),
    "layer_name": ("layer",),
    "target_layer": ("layer",),
    "target_layers": ("layer",),
    "layer_index": ("layer",),
    "interpolation": ("upsampling", "resize"),
    "interpolate_mode": ("upsampling", "resize"),
    "relu_attributions": ("relu",),
    "multiply_by_inputs": ("multiply",),
    "batch_size": ("batch",),
    "internal_batch_size": ("batch",),
    "nt_samples_batch_size": ("batch",),
    "perturbations_per_eval": ("batch",),
}
"""{a parameter of captum, shap or tf-explain: what it may be called here}"""

ELSEWHERE: Mapping[str, str] = {
    "additional_forward_args": "a model takes one input here: wrap it, lambda x: network(x, other)",
    "return_convergence_delta": "the certificate has it: result.gap",
    "return_variances": "the certificate has it: result.standard_error",
    "attribute_to_layer_input": "a layer is named by its output: give the layer before it",
    "show_progress": "progress is shown where a person is watching",
    "abs": "values are signed: take abs(result)",
    "colormap": "a method makes values, mx.plots.show(result, images) the picture",
    "image_weight": "a method makes values, mx.plots.show(result, images, overlay=True) the picture",
}
"""{a parameter of captum, shap or tf-explain: where that is found here}"""


def check_names(function: Callable[..., Attribution], options: Mapping[str, object]) -> None:
    """Raise TypeError for an option that the function does not take; the message suggests the name used here."""
    parameters = signature(function).parameters
    takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    known = {*parameters, *getattr(function, "former_names", {})}
    for name in options:
        if name in known or (takes_any and name not in FOREIGN and name not in ELSEWHERE):
            continue
        mine = [each for each in FOREIGN.get(name, ()) if each in parameters or takes_any]
        near = mine[:1] or get_close_matches(name, parameters, 1, 0.6)
        remedy = f"did you mean {near[0]}=?" if near else f"it takes {', '.join(parameters)}"
        raise TypeError(f"{function.__name__} takes no {name}=: {ELSEWHERE.get(name, remedy)}")


def check_finite_result(result: Attribution) -> Attribution:
    """Return the result.  Raises ValueError if a score or a value is not finite."""
    for name in ("score", "reference_score", "values"):
        array = getattr(result, name)
        if array is not None and not np.isfinite(array).all():
            row = int(np.argwhere(~np.isfinite(array))[0][0])
            raise ValueError(
                f"the {name.replace('_', ' ')} of {result.method} is not finite for input {row}: look for log, sqrt "
                "or / at 0, for exp of large numbers, and for a baseline far from any image"
            )
    return result


def method(
    answers: str,
    passes: str,
    *,
    complete: bool,
    class_specific: bool = True,
    sampled: bool = False,
    baseline: bool = False,
) -> Callable[[Callable[P, Attribution]], Callable[P, Attribution]]:
    """A decorator that enters a function into the catalogue and fills in its docstring.

    The function then raises ValueError if its result is not finite.
    """

    def register(function: Callable[P, Attribution]) -> Callable[P, Attribution]:
        @wraps(document(function))
        def wrapper(*args: P.args, **options: P.kwargs) -> Attribution:
            check_names(function, options)
            outer = asking.set(function.__name__)
            try:
                with np.errstate(over="ignore", divide="ignore", invalid="ignore"):  # the result is checked
                    return check_finite_result(own_threads(function, *args, **options))
            finally:
                asking.reset(outer)

        entry = Method(wrapper, answers, passes, complete, class_specific, sampled, baseline)
        catalogue.methods[entry.name] = entry
        return wrapper

    return register

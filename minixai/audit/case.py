"""What is audited: a map of some images, the network it is about, and the means to make other maps of the same kind."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from inspect import Parameter, signature
from typing import Any

import numpy as np
import numpy.typing as npt

from minixai.arrays import Array
from minixai.attribution import Attribution, Cost
from minixai.evaluation.contenders import BY_BLOCKS, SENSITIVITIES
from minixai.graph import Node
from minixai.methods import catalogue
from minixai.methods.call import Call, is_number
from minixai.methods.contrast import Contrast
from minixai.methods.groups import block_groups
from minixai.methods.registry import Method
from minixai.model import Network
from minixai.ops import upsample
from minixai.progress import Progress
from minixai.validate import as_count, as_real, check_finite, check_images, one_of

LARGE = 20e6
"""Bytes that one image takes in a network where every pass is felt."""
DRAWS = (2, 5)
"""How often what is random is drawn, for large networks and for others."""
CAMS = ("grad_cam", "hires_cam")
QUESTION = ("model", "x")
"""Parameters that are no options of a method."""


@dataclass(eq=False)
class Case:
    """A map and all that is needed to question it.

    call       the question: model, images, target, versus, output
    method     what made the map, or what it is claimed to be
    options    its own
    own        what minixai's method says
    values     the map that is audited: `own.values`, or the foreign one
    foreign    whether it came from elsewhere
    others     other versions of the images that a foreign map may be of, by what to call them
    """

    call: Call
    method: Method
    options: Mapping[str, Any]
    own: Attribution
    values: Array
    foreign: bool
    seed: int
    draws: int
    others: Mapping[str, Array] = field(default_factory=dict)
    spent: Cost = field(default_factory=lambda: Cost(0, 0))
    line: Progress | None = None

    @property
    def model(self) -> Network:
        return self.call.model

    @property
    def images(self) -> Array:
        return self.call.rows

    @property
    def target(self) -> Array:
        return self.own.target

    @property
    def versus(self) -> Array | None:
        return self.own.versus

    @property
    def large(self) -> bool:
        """Whether every pass through the network is felt."""
        return self.call.row_bytes > LARGE

    @property
    def signed(self) -> bool:
        """Whether the map's sign says what raises the score; that of a slope only says in which direction."""
        return self.method.name not in SENSITIVITIES

    @property
    def pixels(self) -> Array:
        """(N, H, W): the audited map, channels summed, at the size of the images."""
        return self.as_pixels(self.values)

    @property
    def ordering(self) -> Array:
        """(N, H, W): what the audited map orders the pixels by."""
        return self.pixels if self.signed else abs(self.pixels)

    def as_pixels(self, values: npt.ArrayLike) -> Array:
        """(N, h, w, C) -> (N, H, W): channels summed, and a coarse map stretched bilinearly."""
        maps = np.asarray(values).sum(axis=-1, dtype=np.float64)
        return resize_bilinear(maps, self.images.shape[1:3])

    def ask(
        self,
        method: str | None = None,
        model: Network | None = None,
        images: Array | None = None,
        **changes: Any,
    ) -> Attribution:
        """What a method says, by default that of the map with its options; its rows are counted."""
        chosen = self.method if method is None else catalogue[method]
        options = {**(self.options if method is None else default_options(chosen, self.images.shape[1:], True))}
        question = {"target": self.target, "versus": self.versus, "output": self.call.output, "batch": self.call.batch}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a gap of IG is told by the check of the sum
            result = chosen(
                self.model if model is None else model,
                self.images if images is None else images,
                **{**question, **options, **changes},
            )
        self.count(*result.cost)
        return result

    def count(self, forward: int, backward: int = 0) -> None:
        """So many rows went through the network."""
        self.spent = self.spent.plus(forward, backward)
        if self.line is not None:  # what will be needed was estimated
            self.line.advance(min(forward + backward, max(self.line.total - self.line.done - 1, 0)))

    def since(self, before: Cost) -> Cost:
        """What was spent after `before`."""
        return Cost(self.spent.forward - before.forward, self.spent.backward - before.backward)

    def measure(
        self, images: Array, output: str | None = None, target: npt.ArrayLike | None = None, count: int = 1
    ) -> Array:
        """(N · count,): the explained number of images in float64; `count` of them stand together for each input."""
        classes = self.target if target is None else np.broadcast_to(np.asarray(target), self.target.shape)
        call = Call(self.model, images, np.repeat(classes, count), None, output or self.call.output)
        versus = None if self.versus is None else np.repeat(self.versus, count)
        contrast, found = Contrast(np.repeat(classes, count), versus), []
        for part in call.slices(len(call.rows)):
            node = call.forward(Node(call.rows[part]))
            found.append(contrast[np.arange(part.start, part.stop)].of(node.value.astype(np.float64)))
        self.count(len(call.rows))
        return np.concatenate(found)

    def slopes(self, points: Array, output: str | None = None) -> Array:
        """(N, n, H, W, C): the gradient of the explained number at n points for each image."""
        n = points.shape[1]
        versus = None if self.versus is None else np.repeat(self.versus, n)
        result = catalogue["gradient"](
            self.model,
            points.reshape(-1, *points.shape[2:]).astype(self.images.dtype),
            np.repeat(self.target, n),
            versus=versus,
            output=output or self.call.output,
            batch=self.call.batch,
        )
        self.count(*result.cost)
        return np.asarray(result.values).reshape(points.shape).astype(np.float64)

    @property
    def input_minus_baseline(self) -> Array | None:
        """x − x' of the claimed method; None where it compares with no one image."""
        if self.own.baseline is not None and self.own.baseline.shape[1:] == self.images.shape[1:]:
            return np.asarray(self.images.astype(np.float64) - self.own.baseline)
        return self.images.astype(np.float64) if self.method.compares == "" else None


def make_case(
    call: Call,
    method: Method,
    values: npt.ArrayLike | None,
    options: Mapping[str, Any],
    *,
    others: Mapping[str, npt.ArrayLike],
    draws: int | None,
    seed: int,
) -> Case:
    """Check the question, a foreign map (None audits our own) and the method's options, and make minixai's own map.

    Raises ValueError or TypeError in a sentence for what cannot be asked.
    """
    check_images(call.rows.shape, "an audit")
    foreign = None if values is None else as_foreign(values, call.rows)
    fine = foreign is None or foreign.shape[1:3] == call.rows.shape[1:3]
    given = default_options(method, call.rows.shape[1:], fine) | checked_options(method, options, call.unit, seed)
    call = replace(call, x=call.rows)  # numbers beside it are in the units of the model from here on
    many = DRAWS[call.row_bytes <= LARGE] if draws is None else as_count(draws, "draws", 2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a gap of IG is told by the check of the sum
        question = {"versus": call.versus, "output": call.output, "batch": call.batch}
        own = method(call.model, call.rows, call.target, **question, **given)
    if np.ndim(own.values) != 4:
        raise ValueError(
            f"{method.name} made values of shape {np.shape(own.values)}: an audit takes maps, (N, H, W, C)"
        )
    case = Case(
        call=call,
        method=method,
        options=given,
        own=own,
        values=np.asarray(own.values) if foreign is None else foreign,
        foreign=foreign is not None,
        seed=seed,
        draws=many,
        others={name: np.asarray(array) for name, array in others.items()},
    )
    case.count(*own.cost)
    return case


def checked_options(method: Method, options: Mapping[str, Any], unit: float, seed: int) -> dict[str, Any]:
    """Return the method's own options, with the seed of a sampled one and a number as baseline in the model's unit.

    Raises ValueError for an option that the method does not have, and for a background that is missing.
    """
    known = signature(method.function).parameters
    given = {
        one_of(name, [p for p in known if p not in QUESTION], f"option of {method.name}"): option
        for name, option in options.items()
    }
    if "seed" in known:
        given.setdefault("seed", seed)
    if "baseline" in given and is_number(given["baseline"]):
        given["baseline"] = given["baseline"] * unit
    required = [p.name for p in known.values() if p.default is Parameter.empty and p.kind is Parameter.KEYWORD_ONLY]
    if missing := [name for name in required if name not in given]:
        raise ValueError(f"{method.name} compares with a set of images: give {missing[0]}=, (R, H, W, C)")
    return given


def resize_bilinear(maps: Array, size: tuple[int, ...]) -> Array:
    """(N, h, w) -> (N, H, W), bilinear with half-pixel centres."""
    if maps.shape[1:] == size:
        return maps
    return np.asarray(upsample(Node(maps[..., None]), (size[0], size[1])).value[..., 0])


def default_options(method: Method, shape: tuple[int, ...], resize: bool) -> dict[str, Any]:
    """Options without which a map would have no pixels, or take hours."""
    options: dict[str, Any] = {}
    if "resize" in signature(method.function).parameters and resize:
        options["resize"] = True
    if method.name in BY_BLOCKS:
        name, side = BY_BLOCKS[method.name]
        options[name] = block_groups(shape, side)
    if method.name == "shapley_values":
        options["permutations"] = 10
    return options


def auditable(name: str) -> Method:
    """The method, if it explains a class.  Raises ValueError if not."""
    method = catalogue[name]
    if not method.class_specific:
        raise ValueError(f"{name} explains no class, so nothing it says can be audited: take another method")
    return method


def as_foreign(values: npt.ArrayLike, images: Array) -> Array:
    """A map from elsewhere as (N, h, w, C), if it fits the images.  Raises ValueError or TypeError in a sentence."""
    array = as_real(values, "a foreign map")
    n, height, width, channels = images.shape
    if array.shape in ((height, width), (height, width, channels), (height, width, 1)) and n == 1:
        array = array[None]
    if array.shape == (n, height, width):
        array = array[..., None]
    if array.ndim == 4 and array.shape[:1] == (n,) and array.shape[1] in (1, channels):
        first = array.shape[2:] == (height, width) or (array.shape[1] == 1 and array.shape[3] != 1)
        if first and array.shape[1:3] != (height, width):
            raise ValueError(
                f"values of shape {array.shape} look channels-first: minixai takes (N, H, W, C), so give "
                "np.moveaxis(values, 1, -1)"
            )
    if array.ndim == 3 and n == 1 and array.shape in ((channels, height, width), (1, height, width)):
        raise ValueError(
            f"values of shape {array.shape} look channels-first: minixai takes (N, H, W, C), so give "
            "np.moveaxis(values, 0, -1)[None]"
        )
    if array.ndim != 4 or len(array) != n or array.shape[3] not in (1, channels) or 0 in array.shape:
        raise ValueError(
            f"values of shape {np.shape(values)} do not fit images of {images.shape}: give a map "
            f"{(n, height, width, channels)}, one number for each pixel {(n, height, width, 1)}, or a coarse map of "
            "that kind"
        )
    if array.shape[1] > height or array.shape[2] > width:
        raise ValueError(
            f"values of shape {array.shape} are larger than the images of {images.shape}: give a map of their size"
        )
    return check_finite(array, "a foreign map").astype(np.float64)

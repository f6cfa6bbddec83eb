"""The case that an audit examines: a map of some images, its network, and the means to make more such maps."""

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
from minixai.evaluation.contenders import SENSITIVITIES, block_options
from minixai.graph import Node
from minixai.methods import catalogue
from minixai.methods.call import Call, is_number
from minixai.methods.contrast import Contrast
from minixai.methods.registry import Method
from minixai.model import Network
from minixai.ops import upsample
from minixai.progress import Progress
from minixai.validate import as_count, as_real, check_finite, check_images, one_of

LARGE = 20e6
"""A network is large, and its passes slow, if one image takes more bytes than this in a pass."""
DRAWS = (2, 5)
"""How many times each random quantity is drawn by default, for large networks and for others."""
CAMS = ("grad_cam", "hires_cam")
QUESTION = ("model", "x")
"""Parameters of a method's function that are not options."""


@dataclass(eq=False)
class Case:
    """The audited map and all that the checks need to examine it.

    call       what is explained: model, images, target, versus and output
    method     the method that made the map, or that a foreign map is claimed to be made by
    options    the method's own options
    own        the attribution that minixai's method makes
    values     the audited map, (N, h, w, C): `own.values`, or the foreign map
    foreign    whether the user gave the map
    seed       seed of all random numbers
    draws      how many times each random quantity is drawn
    others     {name: images}: other versions of the images, from which a foreign map may have been made
    spent      how many rows have gone through the network so far
    line       the progress display, if it was started
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
        """Whether the network is so large that each pass takes long; see `LARGE`."""
        return self.call.row_bytes > LARGE

    @property
    def fine(self) -> bool:
        """Whether the audited map has a value for each pixel, and is not coarse."""
        return self.values.shape[1:3] == self.images.shape[1:3]

    @property
    def other_output(self) -> str:
        """What is not explained: "probability" if the score is, and otherwise "score"."""
        return "score" if self.call.output == "probability" else "probability"

    @property
    def signed(self) -> bool:
        """Whether a positive value means that the pixel raises the score.

        In a sensitivity map, such as a gradient, the sign only says in which direction the pixel would have to change.
        """
        return self.method.name not in SENSITIVITIES

    @property
    def pixels(self) -> Array:
        """(N, H, W): the audited map with its channels summed, resized to the images."""
        return self.as_pixels(self.values)

    @property
    def ordering(self) -> Array:
        """(N, H, W): the values by which the pixels are ordered: the audited map, or |map| if it is not `signed`."""
        return self.pixels if self.signed else abs(self.pixels)

    def as_pixels(self, values: npt.ArrayLike) -> Array:
        """(N, h, w, C) -> (N, H, W): sum the channels, and resize a coarse map to the images bilinearly."""
        maps = np.asarray(values).sum(axis=-1, dtype=np.float64)
        return resize_bilinear(maps, self.images.shape[1:3])

    def ask(
        self,
        method: str | None = None,
        model: Network | None = None,
        images: Array | None = None,
        **changes: Any,
    ) -> Attribution:
        """Make an attribution by the case's method with its options, or by `method` with options that keep it quick.

        `changes` override the options and the question, such as `target`.  The rows it takes are added to `spent`.
        """
        chosen = self.method if method is None else catalogue[method]
        options = {**(self.options if method is None else default_options(chosen, self.images.shape[1:], True))}
        question = {"target": self.target, "versus": self.versus, "output": self.call.output, "batch": self.call.batch}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # the completeness check reports a gap of IG
            result = chosen(
                self.model if model is None else model,
                self.images if images is None else images,
                **{**question, **options, **changes},
            )
        self.count(*result.cost)
        return result

    def count(self, forward: int, backward: int = 0) -> None:
        """Add rows that went through the network to `spent`, and advance the progress display."""
        self.spent = self.spent.plus(forward, backward)
        if self.line is not None:  # its total is only an estimate, so it never advances to the end
            self.line.advance(min(forward + backward, max(self.line.total - self.line.done - 1, 0)))

    def since(self, before: Cost) -> Cost:
        """The rows that were spent since the cost was `before`."""
        return Cost(self.spent.forward - before.forward, self.spent.backward - before.backward)

    def measure(
        self, images: Array, output: str | None = None, target: npt.ArrayLike | None = None, count: int = 1
    ) -> Array:
        """The score being explained, in float64, for every image: (N · count,).

        `images` holds `count` consecutive images for each of the N inputs.
        """
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
        """The gradient of the score being explained at n points for each image: (N, n, H, W, C), like `points`."""
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
        """x − x' for the method's baseline x', or x if the method compares with nothing: (N, H, W, C).

        None if the method compares with something else than one image per input, such as a background.
        """
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
    """Check all arguments, make minixai's own map, and return the case.  With `values` None that map is audited.

    Raises ValueError or TypeError if the images, the foreign map or the options are not valid.
    """
    check_images(call.rows.shape, "an audit")
    foreign = None if values is None else as_foreign(values, call.rows)
    fine = foreign is None or foreign.shape[1:3] == call.rows.shape[1:3]
    given = default_options(method, call.rows.shape[1:], fine) | checked_options(method, options, call.unit, seed)
    call = replace(call, x=call.rows)  # from here on a number as baseline is in the units of the model
    many = DRAWS[call.row_bytes <= LARGE] if draws is None else as_count(draws, "draws", 2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # the completeness check reports a gap of IG
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
        others={name: as_other_images(array, name, call) for name, array in others.items()},
    )
    case.count(*own.cost)
    return case


def as_other_images(images: npt.ArrayLike, name: str, call: Call) -> Array:
    """Return another version of the call's images in their units.  Raises ValueError if it has another shape."""
    array = call.prepare(images, f"others[{name!r}]")
    if array.shape != call.rows.shape:
        raise ValueError(
            f"others[{name!r}] of shape {array.shape} does not fit images of {call.rows.shape}: give a version of each"
        )
    return array


def checked_options(method: Method, options: Mapping[str, Any], unit: float, seed: int) -> dict[str, Any]:
    """Return the options by name, with `seed` added if the method has one, and a number as baseline times `unit`.

    Raises ValueError for an option that the method does not have, and if a required one, a background, is missing.
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
    """(N, h, w) -> (N, H, W): resize bilinearly, with half-pixel centres."""
    if maps.shape[1:] == size:
        return maps
    return np.asarray(upsample(Node(maps[..., None]), (size[0], size[1])).value[..., 0])


def default_options(method: Method, shape: tuple[int, ...], resize: bool) -> dict[str, Any]:
    """Options that every call of the method gets: those for a map of pixels (`resize`) and for a bearable cost."""
    options: dict[str, Any] = {}
    if "resize" in signature(method.function).parameters and resize:
        options["resize"] = True
    return options | block_options(method.name, shape)


def auditable(name: str) -> Method:
    """Return the method with this name.  Raises ValueError if it does not explain a class."""
    method = catalogue[name]
    if not method.class_specific:
        raise ValueError(f"{name} explains no class, so nothing it says can be audited: take another method")
    return method


def as_foreign(values: npt.ArrayLike, images: Array) -> Array:
    """Return a foreign map in float64 as (N, h, w, C) or (N, h, w, 1), no larger than the images.

    Raises ValueError or TypeError if it does not fit the images, is channels-first, or holds NaN or infinity.
    """
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

"""Attributions as heat maps beside their images: the checks of arguments, the captions and the scales."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias, cast

import numpy as np
from matplotlib.figure import Figure

from minixai.arrays import Array
from minixai.attribution import Attribution
from minixai.plots.colours import FALLING, MAGNITUDE, RISING, SIGNED, SLOPE, SLOPE_MEANING, Palette
from minixai.plots.panels import ImageColumn, MapColumn, draw_sheet
from minixai.plots.text import NBSP, short_number
from minixai.validate import accept_old_name, one_of

Result: TypeAlias = Attribution | Array
ClassNames: TypeAlias = Sequence[str] | Mapping[int, str]

MAX_ROWS = 50
NARROWEST, WIDEST = 0.8, 12.0  # inches: the width of a panel


@dataclass(frozen=True)
class MapPart:
    """A part of a map, such as its positive values: how it is computed, named and coloured, and how its scale reads."""

    select: Callable[[Array], Array]
    name: str
    palette: Palette
    scale_format: str


class ColumnText(NamedTuple):
    """The texts of a column of maps: a heading, details beneath it, and a caption for each row."""

    heading: str
    details: list[str]
    captions: list[str]


SLOPE_METHODS = ("gradient", "guided_backprop", "deconvnet", "smooth_grad", "guided_grad_cam")
"""Methods whose values are slopes: positive where a brighter pixel would raise the score."""
UNSIGNED_METHODS = ("grad_cam",)
"""Methods whose maps have no negative part."""
MAP_PARTS: Mapping[str, MapPart] = {
    "all": MapPart(np.asarray, "attribution", SIGNED, "±{}"),
    "positive": MapPart(lambda m: np.maximum(m, 0), "positive part of the attribution", RISING, f"0{NBSP}to{NBSP}{{}}"),
    "negative": MapPart(
        lambda m: np.minimum(m, 0), "negative part of the attribution", FALLING, f"−{{}}{NBSP}to{NBSP}0"
    ),
    "absolute": MapPart(np.abs, "absolute value of the attribution", MAGNITUDE, f"0{NBSP}to{NBSP}{{}}"),
}


@accept_old_name("beside", "columns")
def show(
    result: Result | Sequence[Result],
    images: Array | None = None,
    *,
    sign: str = "all",
    vmax: float | None = None,
    percentile: float = 100.0,
    scale: str | None = None,
    title: str | None = None,
    titles: str | Sequence[str] | None = None,
    classes: ClassNames | None = None,
    overlay: bool = False,
    size: float = 1.8,
    columns: int = 8,
) -> Figure:
    """Show attributions as heat maps, a row for each image and a column for each result.

    Red raises the score, blue lowers it, white is zero; channels are summed.  Slopes have colours
    of their own: orange where a brighter pixel would raise the score, green where a darker one
    would.  A map of another size, such as Grad-CAM's or that of a hidden layer, is stretched to its
    image.  The pictures of the shap library, a map for each of several classes, are
    `show([of_one, of_another], images, percentile=99.9, overlay=True)`.

    Parameters
    ----------
    result : Attribution, array (N, H, W, C), or a list of them
        What is shown; an array is taken for contributions.
    images : array (N, H, W, 1 or 3), optional
        The first column, in [0, 1] or uint8.
    sign : {"all", "positive", "negative", "absolute"}, default "all"
        Which part of each map is shown.
    vmax : float, optional
        The value shown in full colour; by default the `percentile` of |map|.
    percentile : float, default 100
        The percentile of |map| that has the full colour where `vmax` is not given; larger values are clipped.
    scale : {"shared", "method", "result"}, optional
        One scale for the figure; one for each method, layer and output, since their units differ;
        or one for each result.  By default "shared" for results of one method, else "method".
    title : str, optional
        A heading for the figure.
    titles : sequence of str, optional
        A heading for each result, in place of the method's name.
    classes : sequence or mapping of str, optional
        Class names, shown in place of numbers.
    overlay : bool, default False
        Lay the maps over the image, faint and grey.
    size : float, default 1.8
        Width of a panel in inches.
    columns : int, default 8
        How many columns stand beside each other; further ones go on beneath.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If shapes do not fit each other, if values are not maps or not finite, and for more than 50 rows.

    Examples
    --------
    >>> values = np.random.default_rng(0).normal(size=(2, 8, 8, 3))
    >>> figure = show(values, titles=["my map"])
    >>> figure.savefig("maps.png")  # doctest: +SKIP
    """
    part = MAP_PARTS[one_of(sign, MAP_PARTS, "sign")]
    check_size(size)
    check_columns(columns)
    results = as_result_list(result)
    pictures = None if images is None else as_images(images)
    values = [as_map_values(r, len(np.asarray(results[0])), pictures) for r in results]
    maps = [part.select(v.sum(axis=-1, dtype=np.float64)) for v in values]
    groups = scale_groups(results, scale if vmax is None else "shared")
    limits = color_limits(maps, groups, vmax, percentile)
    scales = [scale_text(v, percentile if vmax is None else 100.0, part) for v in limits]
    palettes = [choose_palette(r, m, part) for r, m in zip(results, maps, strict=True)]
    has_one_bar = len(set(groups)) == len(set(map(id, palettes))) == 1
    texts = column_texts(results, titles, classes)
    underlay, own_scales = pictures if overlay else None, [""] * len(scales) if has_one_bar else scales
    map_columns = [
        MapColumn(**text._asdict(), scale=own, palette=palette, maps=m, color_limit=v, underlay=underlay)
        for m, v, text, own, palette in zip(maps, limits, texts, own_scales, palettes, strict=True)
    ]
    quantity = part.name + ", summed over channels" * any(v.shape[-1] > 1 for v in values)
    remark = f"{quantity}; {scales[0] if has_one_bar else own_scales_text(groups)}"
    remark += f"; {SLOPE_MEANING}" * (SLOPE in palettes)
    h, w = (maps[0] if pictures is None else pictures).shape[1:3]
    image_columns = [] if pictures is None else [ImageColumn(images=pictures)]
    return draw_sheet([*image_columns, *map_columns], len(maps[0]), remark, size, h / w, title, palettes[:1], columns)


def choose_palette(result: Result, maps: Array, part: MapPart = MAP_PARTS["all"]) -> Palette:
    """The colours of a result: slopes have their own, and a map that is never negative has no blue half."""
    if part is not MAP_PARTS["all"] or not isinstance(result, Attribution):
        return part.palette
    if result.method in SLOPE_METHODS or result.parameters.get("multiply") is False:
        return SLOPE
    return RISING if result.method in UNSIGNED_METHODS and np.min(maps) >= 0 else SIGNED


def colour_meaning(result: Attribution) -> str:
    """Say what the colours of a map of this result mean.

    >>> from minixai import gradient, toys
    >>> colour_meaning(gradient(toys.saturation, [[1.0, 1.0]]))
    'orange: a brighter pixel would raise the score, green: a darker one would'
    """
    if choose_palette(result, result.values) is SLOPE:
        return f"orange: a brighter pixel would raise the {result.output}, green: a darker one would"
    return f"red raises the {result.output}, blue lowers it"


def check_size(size: float) -> None:
    """Raise ValueError unless a panel can be `size` inches wide."""
    if not NARROWEST <= size <= WIDEST:
        raise ValueError(f"size is the width of a panel, {NARROWEST} to {WIDEST} inches, got {size}")


def check_columns(columns: int) -> None:
    """Raise ValueError unless a sheet can have so many columns beside each other."""
    if not 2 <= columns <= MAX_ROWS:
        raise ValueError(f"columns is how many columns stand beside each other, 2 to {MAX_ROWS}, got {columns}")


def as_result_list(result: Result | Sequence[Result]) -> list[Result]:
    """A list of the results given; one result becomes a list of one."""
    results = list(result) if isinstance(result, (list, tuple)) else [cast(Result, result)]
    if not results:
        raise ValueError("show was given no result: give an Attribution, an array (N, H, W, C), or a list of them")
    return results


# -- headings, details and captions -------------------------------------------------------------------


def result_headings(results: Sequence[Result], titles: str | Sequence[str] | None) -> list[str]:
    """A heading for each result: the title given, the method, or "map"."""
    given = [titles] if isinstance(titles, str) else titles
    if given is None:
        return [r.method.replace("_", " ") if isinstance(r, Attribution) else "map" for r in results]
    if len(given) != len(results):
        raise ValueError(f"{len(given)} titles for {len(results)} results: give one for each")
    return list(given)


def column_texts(
    results: Sequence[Result], titles: str | Sequence[str] | None, classes: ClassNames | None
) -> list[ColumnText]:
    """The texts of each result's column.

    The heading is what distinguishes the results: the title or the method, else the class in question, else the
    layer.  Classes that differ from row to row stand in the captions.
    """
    questions = [row_questions(r, classes) for r in results]
    common = [each[0] if len(set(each)) == 1 else "" for each in questions]
    candidates = [result_headings(results, titles), common, [layer_text(r) for r in results]]
    distinguishing = [each for each in candidates if all(each) and len(set(each)) > 1]
    headings = candidates[0] if titles else (distinguishing or candidates)[0]
    return [
        ColumnText(
            headings[i],
            [each[i] for each in candidates if each is not headings and each[i] not in ("", headings[i])],
            row_captions(result, [] if common[i] else questions[i]),
        )
        for i, result in enumerate(results)
    ]


def row_questions(result: Result, classes: ClassNames | None) -> list[str]:
    """For each row which class it is about, or which two; an empty list for an array."""
    return [question_text(result, i, classes) for i in range(len(result))] if isinstance(result, Attribution) else []


def layer_text(result: Result) -> str:
    """ "at" and the layer of an attribution at a hidden layer, else nothing."""
    return f"at {result.layer}" if isinstance(result, Attribution) and result.layer else ""


def row_captions(result: Result, questions: Sequence[str]) -> list[str]:
    """For each row its score and gap, after its question if questions are given; an empty list for an array."""
    if not isinstance(result, Attribution):
        return []
    texts = [score_text(result, i) for i in range(len(result))]
    return [f"{question}: {text}" for question, text in zip(questions, texts, strict=True)] if questions else texts


def question_text(result: Attribution, i: int, classes: ClassNames | None) -> str:
    """The class that row i is about, or the two of a contrast."""
    target = class_name(result.target[i], classes)
    return target if result.versus is None else f"{target} versus {class_name(result.versus[i], classes)}"


def class_name(k: int, classes: ClassNames | None) -> str:
    """A class by its name or, if there are no names, its number."""
    if classes is None:
        return f"class {k}"
    try:
        return str(classes[int(k)])
    except LookupError:
        raise ValueError(f"classes has no name for class {k}: it names {len(classes)} classes") from None


def score_text(result: Attribution, i: int) -> str:
    """The explained score or probability of row i, and its gap."""
    gap = gap_text(result, i)
    return f"{result.output}{NBSP}{short_number(float(result.score[i]))}{gap and ', '}{gap}"


def gap_text(result: Attribution, i: int) -> str:
    """The gap of row i, with its standard error if that is not 0; nothing if the method promises no sum."""
    if result.gap is None:
        return ""
    error = 0.0 if result.gap_standard_error is None else float(result.gap_standard_error[i])
    sampled = f"{NBSP}±{NBSP}{short_number(error, digits=1)}" if error else ""
    return f"gap{NBSP}{short_number(float(result.gap[i]), digits=1)}{sampled}"


# -- scales -------------------------------------------------------------------------------------------


def scale_groups(results: Sequence[Result], scale: str | None) -> list[object]:
    """A key for each result; results with equal keys share a scale."""
    if scale not in (None, "shared", "method", "result"):
        raise ValueError(f'unknown scale {scale!r}: it is "shared", "method" or "result"')
    units = [unit_of_values(r) for r in results]
    if scale == "shared" or (scale is None and len(set(units)) == 1):
        return [None] * len(results)
    return [i if scale == "result" or unit is None else unit for i, unit in enumerate(units)]


def own_scales_text(groups: Sequence[object]) -> str:
    """Say which columns have a scale of their own, from the keys of `scale_groups`."""
    texts = {1: "all have one scale", len(groups): "each column has a scale of its own"}
    return texts.get(len(set(groups)), "each method has a scale of its own")


def unit_of_values(result: Result) -> tuple[object, ...] | None:
    """A key that is equal for results whose values have the same unit; None for an array."""
    return (result.method, result.output, result.layer) if isinstance(result, Attribution) else None


def color_limits(maps: Sequence[Array], groups: Sequence[object], vmax: float | None, percentile: float) -> list[float]:
    """The value in full colour of each map; maps with equal keys in `groups` share it."""
    return [
        full_colour_value([m for m, g in zip(maps, groups, strict=True) if g == group], vmax, percentile)
        for group in groups
    ]


def full_colour_value(maps: Iterable[Array], vmax: float | None, percentile: float) -> float:
    """The value in full colour: `vmax`, else this percentile of |map|, else, if that is 0, the maximum of |map|."""
    if vmax is not None and not 0 < vmax < np.inf:
        raise ValueError(f"vmax is a number > 0, got {vmax}")
    if not 0 < percentile <= 100:
        raise ValueError(f"percentile is a number above 0, up to 100, got {percentile}")
    magnitudes = np.abs(np.concatenate([m.ravel() for m in maps]))
    return float(vmax or np.percentile(magnitudes, percentile) or magnitudes.max())


def scale_text(color_limit: float, percentile: float, part: MapPart) -> str:
    """The sentence beneath a colour bar: the value in full colour, and the percentile that it is."""
    if not color_limit:
        return "all zero"
    return f"scale {part.scale_format.format(short_number(color_limit))}" + (
        f", percentile {short_number(percentile)} of |map|" if percentile < 100 else ""
    )


# -- checks of arguments ------------------------------------------------------------------------------


def as_row_index(n: int, row: int | None) -> int:
    """The row, of n, that a figure of a single image shows; None stands for the only row."""
    if row is None and n != 1:
        raise ValueError(f"this figure is about one image and the result holds {n}: choose one, row=0")
    if not 0 <= (row or 0) < n:
        raise ValueError(f"there is no row {row}: the result holds {n}, numbered from 0")
    return row or 0


def as_images(images: Array) -> Array:
    """Images (N, H, W, 1 or 3) as floats in [0, 1]."""
    pictures = np.asarray(images)
    if pictures.ndim != 4 or pictures.shape[-1] not in (1, 3):
        raise ValueError(
            f"images of shape {pictures.shape} cannot be shown: give (N, H, W, 1) or (N, H, W, 3); "
            "images[None] adds the row axis, images[..., None] the channel"
        )
    if pictures.dtype == np.uint8:
        return pictures / 255.0
    if not (pictures.size and pictures.min() >= 0 and pictures.max() <= 1):
        raise ValueError("images are shown from 0 to 1 (or uint8 from 0 to 255), and these are not: scale them first")
    return pictures.astype(np.float64)


def as_map_values(result: Result, n: int, pictures: Array | None) -> Array:
    """The values (N, h, w, C) of a result, if it has n rows and fits the images."""
    values = np.asarray(result)
    if values.ndim != 4 or 0 in values.shape[1:]:
        raise ValueError(
            f"values of shape {values.shape} are not maps (N, H, W, C): print(result) shows their numbers and "
            "plots.graph a small network; values[None] adds a row axis, values[..., None] a channel"
        )
    if not 0 < len(values) <= MAX_ROWS:
        raise ValueError(
            f"show draws 1 to {MAX_ROWS} rows, got {len(values)}: choose some, show(np.asarray(result)[:8], images[:8])"
        )
    if not np.isfinite(values).all():
        raise ValueError("the values are not all finite, so they have no colour: look for the nan or inf in the result")
    if len(values) != n:
        raise ValueError(f"results of {n} and {len(values)} rows cannot stand side by side")
    if pictures is None:
        return values
    if len(values) != len(pictures):
        raise ValueError(
            f"{len(values)} rows of values for {len(pictures)} images: give the images that were explained"
        )
    if not isinstance(result, Attribution) and not has_same_aspect(values.shape[1:3], pictures.shape[1:3]):
        raise ValueError(
            f"maps of {values.shape[1]} × {values.shape[2]} do not fit images of {pictures.shape[1]} × "
            f"{pictures.shape[2]}: values are (N, H, W, C) like the images"
        )
    return values


def as_outline(outline: Array | None) -> Array | None:
    """The mask (H, W) of a part whose border is drawn; None draws none."""
    if outline is None:
        return None
    if np.ndim(outline) != 2 or min(np.shape(outline)) < 2:
        raise ValueError(
            f"outline is one mask (H, W) of at least 2 × 2 pixels, got an array {np.shape(outline)}: give masks[row]"
        )
    return np.asarray(outline)


def has_same_aspect(small: tuple[int, ...], large: tuple[int, ...]) -> bool:
    """Whether two sizes (height, width) have the same aspect ratio, up to a pixel of the larger."""
    return abs(small[0] * large[1] - small[1] * large[0]) <= max(large)

"""Attributions as heat maps beside their images: what was given, what is said about it, and on which scale."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import numpy as np
from matplotlib.figure import Figure

from minixai.arrays import Array
from minixai.attribution import Attribution
from minixai.plots.colours import FALLING, RISING, SIGNED, SIZE, SLOPE, SLOPE_WORDS, Palette
from minixai.plots.panels import Maps, Pictures, draw_sheet
from minixai.plots.text import TIED, number
from minixai.validate import accept_old_name, one_of

Result: TypeAlias = Attribution | Array
Names: TypeAlias = Sequence[str] | Mapping[int, str]

ROWS = 50
SMALLEST, LARGEST = 0.8, 12.0  # inches


@dataclass(frozen=True)
class Sign:
    """A part of a map: what it is called, how it is coloured, and on which scale."""

    of: Callable[[Array], Array]
    called: str
    palette: Palette
    scale: str


SLOPES = ("gradient", "guided_backprop", "deconvnet", "smooth_grad", "guided_grad_cam")
"""Methods whose values are slopes: positive where a brighter pixel would raise the score, whatever is there now."""
UNSIGNED = ("grad_cam",)
"""Methods whose maps have no negative part."""
SIGNS: Mapping[str, Sign] = {
    "all": Sign(np.asarray, "attribution", SIGNED, "±{}"),
    "positive": Sign(lambda m: np.maximum(m, 0), "positive part of the attribution", RISING, f"0{TIED}to{TIED}{{}}"),
    "negative": Sign(lambda m: np.minimum(m, 0), "negative part of the attribution", FALLING, f"−{{}}{TIED}to{TIED}0"),
    "absolute": Sign(np.abs, "absolute value of the attribution", SIZE, f"0{TIED}to{TIED}{{}}"),
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
    classes: Names | None = None,
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
        What is left of each map.
    vmax : float, optional
        The value shown in full colour; by default the `percentile` of |map|.
    percentile : float, default 100
        Which part of the absolute values is not beyond the scale.
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
        How many columns stand beside each other, before they go on beneath.

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
    part = SIGNS[one_of(sign, SIGNS, "sign")]
    check_size(size)
    check_columns(columns)
    results = as_list(result)
    pictures = None if images is None else checked_images(images)
    values = [checked_values(r, len(np.asarray(results[0])), pictures) for r in results]
    maps = [part.of(v.sum(axis=-1, dtype=np.float64)) for v in values]
    groups = scale_groups(results, scale if vmax is None else "shared")
    limits = [limit([m for m, g in zip(maps, groups, strict=True) if g == group], vmax, percentile) for group in groups]
    notes = [scale_note(v, percentile if vmax is None else 100.0, part) for v in limits]
    palettes = [palette_of(r, m, part) for r, m in zip(results, maps, strict=True)]
    one, through = len(set(groups)) == len(set(map(id, palettes))) == 1, pictures if overlay else None
    said = words(results, titles, classes)
    shown_columns = [
        Maps(**text, scale="" if one else note, palette=palette, maps=m, limit=v, through=through)
        for m, v, text, note, palette in zip(maps, limits, said, notes, palettes, strict=True)
    ]
    quantity = part.called + ", summed over channels" * any(v.shape[-1] > 1 for v in values)
    apart = {1: "all have one scale", len(groups): "each column has a scale of its own"}
    own = apart.get(len(set(groups)), "each method has a scale of its own")
    remark = f"{quantity}; {notes[0] if one else own}" + f"; {SLOPE_WORDS}" * (SLOPE in palettes)
    h, w = (maps[0] if pictures is None else pictures).shape[1:3]
    shown: list[Pictures | Maps] = [*([] if pictures is None else [Pictures(images=pictures)]), *shown_columns]
    return draw_sheet(shown, len(maps[0]), remark, size, h / w, title, palettes[:1], columns)


def palette_of(result: Result, maps: Array, part: Sign = SIGNS["all"]) -> Palette:
    """The colours of a result: slopes have their own, and a map that is never negative has no blue half."""
    if part is not SIGNS["all"] or not isinstance(result, Attribution):
        return part.palette
    if result.method in SLOPES or result.parameters.get("multiply") is False:
        return SLOPE
    return RISING if result.method in UNSIGNED and np.min(maps) >= 0 else SIGNED


def meaning(result: Attribution) -> str:
    """What the colours of a map of this result mean, in words.

    >>> from minixai import gradient, toys
    >>> meaning(gradient(toys.saturation, [[1.0, 1.0]]))
    'orange: a brighter pixel would raise the score, green: a darker one would'
    """
    if palette_of(result, result.values) is SLOPE:
        return f"orange: a brighter pixel would raise the {result.output}, green: a darker one would"
    return f"red raises the {result.output}, blue lowers it"


def check_size(size: float) -> None:
    if not SMALLEST <= size <= LARGEST:
        raise ValueError(f"size is the width of a panel, {SMALLEST} to {LARGEST} inches, got {size}")


def check_columns(columns: int) -> None:
    if not 2 <= columns <= ROWS:
        raise ValueError(f"columns is how many columns stand beside each other, 2 to {ROWS}, got {columns}")


def as_list(result: Result | Sequence[Result]) -> list[Result]:
    results = list(result) if isinstance(result, (list, tuple)) else [cast(Result, result)]
    if not results:
        raise ValueError("show was given no result: give an Attribution, an array (N, H, W, C), or a list of them")
    return results


# -- what is said about it ----------------------------------------------------------------------------


def headings(results: Sequence[Result], titles: str | Sequence[str] | None) -> list[str]:
    """A heading for each result: the title given, the method, or "map"."""
    given = [titles] if isinstance(titles, str) else titles
    if given is None:
        return [r.method.replace("_", " ") if isinstance(r, Attribution) else "map" for r in results]
    if len(given) != len(results):
        raise ValueError(f"{len(given)} titles for {len(results)} results: give one for each")
    return list(given)


def words(results: Sequence[Result], titles: str | Sequence[str] | None, classes: Names | None) -> list[dict[str, Any]]:
    """For each result its heading, the details beneath it, and a caption for each row.

    The heading is what sets the results apart: the title or the method, else the question, else
    the layer.  A question that is not the same for all rows stands in the captions.
    """
    asked = [questions(r, classes) for r in results]
    common = [each[0] if len(set(each)) == 1 else "" for each in asked]
    said = [headings(results, titles), common, [layer_text(r) for r in results]]
    leads = [said[0]] if titles else [each for each in said if all(each) and len(set(each)) > 1]
    first = (leads or said)[0]
    return [
        {
            "heading": first[i],
            "details": [each[i] for each in said if each is not first and each[i] not in ("", first[i])],
            "captions": captions(result, [] if common[i] else asked[i]),
        }
        for i, result in enumerate(results)
    ]


def questions(result: Result, classes: Names | None) -> list[str]:
    return [question_text(result, i, classes) for i in range(len(result))] if isinstance(result, Attribution) else []


def layer_text(result: Result) -> str:
    return f"at {result.layer}" if isinstance(result, Attribution) and result.layer else ""


def captions(result: Result, asked: Sequence[str]) -> list[str]:
    """A caption for each row, with what was asked."""
    if not isinstance(result, Attribution):
        return []
    said = [certificate(result, i) for i in range(len(result))]
    return [f"{question}: {words}" for question, words in zip(asked, said, strict=True)] if asked else said


def question_text(result: Attribution, i: int, classes: Names | None) -> str:
    target = class_name(result.target[i], classes)
    return target if result.versus is None else f"{target} versus {class_name(result.versus[i], classes)}"


def class_name(k: int, classes: Names | None) -> str:
    """A class by its name or, if there are no names, its number."""
    if classes is None:
        return f"class {k}"
    try:
        return str(classes[int(k)])
    except LookupError:
        raise ValueError(f"classes has no name for class {k}: it names {len(classes)} classes") from None


def certificate(result: Attribution, i: int) -> str:
    """The explained number and the gap of one row."""
    gap = gap_text(result, i)
    return f"{result.output}{TIED}{number(float(result.score[i]))}{gap and ', '}{gap}"


def gap_text(result: Attribution, i: int) -> str:
    """The gap of one row, with its standard error if that is not 0; nothing where none is promised."""
    if result.gap is None:
        return ""
    error = 0.0 if result.gap_standard_error is None else float(result.gap_standard_error[i])
    sampled = f"{TIED}±{TIED}{number(error, digits=1)}" if error else ""
    return f"gap{TIED}{number(float(result.gap[i]), digits=1)}{sampled}"


# -- on which scale -----------------------------------------------------------------------------------


def scale_groups(results: Sequence[Result], scale: str | None) -> list[object]:
    """For each result what shares its scale."""
    if scale not in (None, "shared", "method", "result"):
        raise ValueError(f'unknown scale {scale!r}: it is "shared", "method" or "result"')
    units = [unit(r) for r in results]
    if scale == "shared" or (scale is None and len(set(units)) == 1):
        return [None] * len(results)
    return [i if scale == "result" or unit is None else unit for i, unit in enumerate(units)]


def unit(result: Result) -> tuple[object, ...] | None:
    """What results have in common whose numbers can be compared: probabilities are no scores."""
    return (result.method, result.output, result.layer) if isinstance(result, Attribution) else None


def limit(maps: Iterable[Array], vmax: float | None, percentile: float) -> float:
    """The value in full colour; the maximum where the percentile is 0, as in a map that is mostly zero."""
    if vmax is not None and not 0 < vmax < np.inf:
        raise ValueError(f"vmax is a number > 0, got {vmax}")
    if not 0 < percentile <= 100:
        raise ValueError(f"percentile is a number above 0, up to 100, got {percentile}")
    sizes = np.abs(np.concatenate([m.ravel() for m in maps]))
    return float(vmax or np.percentile(sizes, percentile) or sizes.max())


def scale_note(limit: float, percentile: float, part: Sign) -> str:
    if not limit:
        return "all zero"
    return f"scale {part.scale.format(number(limit))}" + (
        f", percentile {number(percentile)} of |map|" if percentile < 100 else ""
    )


# -- what was given -----------------------------------------------------------------------------------


def one_row(n: int, row: int | None) -> int:
    """Which image, of n, a figure of a single image is about."""
    if row is None and n != 1:
        raise ValueError(f"this figure is about one image and the result holds {n}: choose one, row=0")
    if not 0 <= (row or 0) < n:
        raise ValueError(f"there is no row {row}: the result holds {n}, numbered from 0")
    return row or 0


def checked_images(images: Array) -> Array:
    """The images as floats in [0, 1]."""
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


def checked_values(result: Result, n: int, pictures: Array | None) -> Array:
    """The values (N, h, w, C) of a result, if they fit the other results and the images."""
    values = np.asarray(result)
    if values.ndim != 4:
        raise ValueError(
            f"values of shape {values.shape} are not maps (N, H, W, C): print(result) shows their numbers and "
            "plots.graph a small network; values[None] adds a row axis, values[..., None] a channel"
        )
    if not 0 < len(values) <= ROWS:
        raise ValueError(
            f"show draws 1 to {ROWS} rows, got {len(values)}: choose some, show(np.asarray(result)[:8], images[:8])"
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
    if not isinstance(result, Attribution) and not same_aspect(values.shape[1:3], pictures.shape[1:3]):
        raise ValueError(
            f"maps of {values.shape[1]} × {values.shape[2]} do not fit images of {pictures.shape[1]} × "
            f"{pictures.shape[2]}: values are (N, H, W, C) like the images"
        )
    return values


def same_aspect(small: tuple[int, ...], large: tuple[int, ...]) -> bool:
    """Whether one can be stretched to the other, up to a pixel."""
    return abs(small[0] * large[1] - small[1] * large[0]) <= max(large)

"""Attributions as heat maps beside their images: what was given, what is said about it, and on which scale."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias, cast

import numpy as np
from matplotlib.figure import Figure

from minixai.arrays import Array
from minixai.attribution import Attribution
from minixai.plots.panels import Maps, Pictures, drawn
from minixai.plots.text import TIED, number

Result: TypeAlias = Attribution | Array
Names: TypeAlias = Sequence[str] | Mapping[int, str]

ROWS = 50
SMALLEST, LARGEST = 0.8, 12.0  # inches


def show(
    result: Result | Sequence[Result],
    images: Array | None = None,
    *,
    vmax: float | None = None,
    percentile: float = 100.0,
    scale: str | None = None,
    title: str | None = None,
    titles: Sequence[str] | None = None,
    classes: Names | None = None,
    overlay: bool = False,
    size: float = 1.8,
) -> Figure:
    """Show attributions as heat maps, a row for each image and a column for each result.

    Red raises the score, blue lowers it, white is zero; channels are summed.  A map of a
    hidden layer is stretched to its image.

    result      an Attribution or an array (N, H, W, C), or a list of them
    images      (N, H, W, 1 or 3), in [0, 1] or uint8: the first column
    vmax        the value shown in full colour; by default the `percentile` of |map|
    scale       "shared", one for the figure (the default for results of one method), or
                "method", one for each method, since their units differ
    title       above it all
    titles      a heading for each result, in place of the method's name
    classes     class names, shown in place of numbers
    overlay     lay the maps over the image, faint and grey
    size        width of a panel in inches

    Raises ValueError if shapes do not fit each other, if values are not maps or not finite,
    and for more than 50 rows.

    >>> values = np.random.default_rng(0).normal(size=(2, 8, 8, 3))
    >>> figure = show(values, titles=["my map"])
    >>> figure.savefig("maps.png")  # doctest: +SKIP
    """
    if not SMALLEST <= size <= LARGEST:
        raise ValueError(f"size is the width of a panel, {SMALLEST} to {LARGEST} inches, got {size}")
    results = as_list(result)
    pictures = None if images is None else checked_images(images)
    values = [checked_values(r, len(np.asarray(results[0])), pictures) for r in results]
    maps = [v.sum(axis=-1, dtype=np.float64) for v in values]
    groups = scale_groups(results, scale if vmax is None else "shared")
    limits = [limit([m for m, g in zip(maps, groups, strict=True) if g == group], vmax, percentile) for group in groups]
    notes = [scale_note(v, percentile if vmax is None else 100.0) for v in limits]
    said = [words(r, heading, classes) for r, heading in zip(results, headings(results, titles), strict=True)]

    one, through = len(set(groups)) == 1, pictures if overlay else None
    columns = [
        Maps(m, v, *text, scale="" if one else note, through=through)
        for m, v, text, note in zip(maps, limits, said, notes, strict=True)
    ]
    quantity = "attribution, summed over channels" if any(v.shape[-1] > 1 for v in values) else "attribution"
    remark = f"{quantity}; {notes[0] if one else 'each method has a scale of its own'}"
    h, w = (maps[0] if pictures is None else pictures).shape[1:3]
    shown: list[Pictures | Maps] = [*([] if pictures is None else [Pictures(pictures)]), *columns]
    return drawn(shown, len(maps[0]), remark, size, h / w, title)


def as_list(result: Result | Sequence[Result]) -> list[Result]:
    results = list(result) if isinstance(result, (list, tuple)) else [cast(Result, result)]
    if not results:
        raise ValueError("show was given no result: give an Attribution, an array (N, H, W, C), or a list of them")
    return results


# -- what is said about it ----------------------------------------------------------------------------


def headings(results: Sequence[Result], titles: Sequence[str] | None) -> list[str]:
    """A heading for each result: the title given, the method, or "map"."""
    given = [titles] if isinstance(titles, str) else titles
    if given is None:
        return [r.method.replace("_", " ") if isinstance(r, Attribution) else "map" for r in results]
    if len(given) != len(results):
        raise ValueError(f"{len(given)} titles for {len(results)} results: give one for each")
    return list(given)


def words(result: Result, heading: str, classes: Names | None) -> tuple[str, list[str], list[str]]:
    """The heading, the lines beneath it, and a caption for each row.

    What was asked stands in the heading if it is the same for all rows, else in the captions.
    """
    if not isinstance(result, Attribution):
        return heading, [], [""] * len(result)
    asked = [what_was_asked(result, i, classes) for i in range(len(result))]
    same = len(set(asked)) == 1
    lines = asked[:1] * same + [f"at {result.layer}"] * (result.layer is not None)
    captions = [certificate(result, i) if same else f"{asked[i]}: {certificate(result, i)}" for i in range(len(result))]
    return heading, lines, captions


def what_was_asked(result: Attribution, i: int, classes: Names | None) -> str:
    target = named(result.target[i], classes)
    return target if result.versus is None else f"{target} versus {named(result.versus[i], classes)}"


def named(k: int, classes: Names | None) -> str:
    """A class by its name or, if there are no names, its number."""
    if classes is None:
        return f"class {k}"
    try:
        return str(classes[int(k)])
    except LookupError:
        raise ValueError(f"classes has no name for class {k}: it names {len(classes)} classes") from None


def certificate(result: Attribution, i: int) -> str:
    """The explained number and the gap of one row."""
    gap = "" if result.gap is None else f", gap{TIED}{number(float(result.gap[i]), digits=1)}"
    return f"{result.output}{TIED}{number(float(result.score[i]))}{gap}"


# -- on which scale -----------------------------------------------------------------------------------


def scale_groups(results: Sequence[Result], scale: str | None) -> list[object]:
    """For each result what shares its scale: results of one method; one output, since probabilities are no scores."""
    if scale not in (None, "shared", "method"):
        raise ValueError(f'unknown scale {scale!r}: it is "shared" or "method"')
    units = [(r.method, r.output) if isinstance(r, Attribution) else None for r in results]
    if scale == "shared" or (scale is None and len(set(units)) == 1):
        return [None] * len(results)
    return [i if unit is None else unit for i, unit in enumerate(units)]


def limit(maps: Iterable[Array], vmax: float | None, percentile: float) -> float:
    """The value in full colour; the maximum where the percentile is 0, as in a map that is mostly zero."""
    if vmax is not None and not 0 < vmax < np.inf:
        raise ValueError(f"vmax is a number > 0, got {vmax}")
    if not 0 < percentile <= 100:
        raise ValueError(f"percentile is a number above 0, up to 100, got {percentile}")
    sizes = np.abs(np.concatenate([m.ravel() for m in maps]))
    return float(vmax or np.percentile(sizes, percentile) or sizes.max())


def scale_note(limit: float, percentile: float) -> str:
    if not limit:
        return "all zero"
    return f"scale ±{number(limit)}" + (f", percentile {number(percentile)} of |map|" if percentile < 100 else "")


# -- what was given -----------------------------------------------------------------------------------


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
    values, layer = np.asarray(result), getattr(result, "layer", None)
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
    if layer is None and not same_aspect(values.shape[1:3], pictures.shape[1:3]):
        raise ValueError(
            f"maps of {values.shape[1]} × {values.shape[2]} do not fit images of {pictures.shape[1]} × "
            f"{pictures.shape[2]}: values are (N, H, W, C) like the images"
        )
    return values


def same_aspect(small: tuple[int, ...], large: tuple[int, ...]) -> bool:
    """Whether one can be stretched to the other, up to a pixel."""
    return abs(small[0] * large[1] - small[1] * large[0]) <= max(large)

"""An interactive figure: frames behind labelled sliders, pickers or boxes, in a page or a notebook.

matplotlib's `HTMLWriter` (`to_jshtml`) does not do here: it loads its icons from another site, its slider has
no label, its image no description, and it has one control only.
"""

import base64
import html
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO, StringIO
from itertools import product
from math import ceil, prod
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from minixai.arrays import Array
from minixai.plots.text import NBSP, short_number
from minixai.text import quoted
from minixai.validate import as_count

Table: TypeAlias = Mapping[str, object]
Frame: TypeAlias = Figure | Array | Table | tuple[Figure | Array, Table]
Index: TypeAlias = tuple[int, ...]

MAX_FRAMES = 1024  # behind one set of controls
DPI, WEBP_QUALITY = 100, 82  # of a frame that is a Figure
STRIP_WIDTH, SMALL_WIDTH, LINE_HEIGHT = 7.0, 1.7, 0.19  # inches: the strip, a small picture, a line of text
FONT_SIZE = 9.0  # points


def slider(
    frames: Sequence[Frame] | Callable[..., Frame],
    label: str | Mapping[str, Sequence[Any]],
    values: Sequence[Any] | None = None,
    *,
    alt: str = "",
    start: Any = None,
    strip: int | Sequence[Any] = 4,
    template: Figure | None = None,
    width: int = 320,
) -> "Slider":
    """Make a figure with controls: one frame is shown, and a slider chooses which.

    A page or a notebook shows the result with its controls (`_repr_html_`): every frame is
    computed beforehand and lies in the page, so that nothing is fetched and no Python runs.
    A script writes a strip of a few frames instead: the result has a `savefig`, like a Figure,
    so that `minixai.lesson.save` takes it.  In a notebook, whoever saves figures shows the
    object itself, `IPython.display.display(slider)`; it needs no file.

    Parameters
    ----------
    frames : sequence or callable
        What is shown.  Each frame is one of

        - a matplotlib Figure; all of them have one size, at most 7 inches wide to be readable;
        - a small picture (H, W) or (H, W, 3), uint8 or floats in [0, 1], enlarged without blur;
        - {name: number or word}, shown as a table or, with a `template`, written into it;
        - a pair: a Figure or a picture, and a table to stand beneath it.

        A callable is given one value of each control and returns a frame.  It is called when
        a frame is needed: for a strip, for the few in the strip only.
    label : str or dict
        The name of the only control; or {name: values} of several.  Frames in a sequence then
        run through the values of the last control fastest.
    values : sequence, optional
        The values of the only control, by default 0, 1, 2, ...  Numbers make a slider, words a
        picker, False and True a box to tick.
    alt : str
        What the figure shows, for those who do not see it.
    start : value or tuple of values, optional
        The values at which the controls stand first, by default the first of each.
    strip : int or sequence of values
        How many frames the strip has, spread evenly; or the values of those frames (tuples for several controls).
    template : Figure, optional
        A figure whose texts have names in braces ("{y}").  The frames are tables, and their values replace the names.
    width : int
        The width of a small picture in the page, in pixels.

    Returns
    -------
    Slider

    Raises
    ------
    ValueError
        If values and frames do not fit each other, if there are more than 1024 frames, or if
        `start` or `strip` names a value that no control has.

    Examples
    --------
    >>> from minixai import plots
    >>> square = plots.slider(lambda x: {"x²": x * x}, "x", [0, 1, 2, 3], start=2)
    >>> square.table(square.start)
    {'x²': '4'}
    >>> square.savefig("square.png")  # doctest: +SKIP
    """
    controls = dict(label) if isinstance(label, Mapping) else {label: values_of_only_control(frames, values)}
    controls = {name: list(choices) for name, choices in controls.items()}
    count = prod(map(len, controls.values()))
    if not 1 <= count <= MAX_FRAMES:
        raise ValueError(f"a slider has 1 to {MAX_FRAMES} frames, these controls have {count}: give fewer values")
    if not callable(frames) and len(frames) != count:
        raise ValueError(f"{len(frames)} frames were given for {count} values: give one for each")
    made = Slider(controls, frames, alt, (0,) * len(controls), (), template, width)
    if isinstance(strip, (int, np.integer)):
        few = min(as_count(strip, "strip, how many frames the strip shows,"), count)
        shown = [made.indices[i] for i in np.unique(np.linspace(0, count - 1, few).round().astype(int))]
    elif len(strip):
        shown = [made.index(values) for values in strip]
    else:
        raise ValueError("strip is empty: give how many frames the strip shows, or the values of those frames")
    return replace(made, start=made.start if start is None else made.index(start), shown=tuple(shown))


def values_of_only_control(
    frames: Sequence[Frame] | Callable[..., Frame], values: Sequence[Any] | None
) -> Sequence[Any]:
    """The values given, or 0, 1, 2, ... for a sequence of frames; a callable needs values."""
    if values is not None:
        return values
    if callable(frames):
        raise ValueError("frames that are computed need the values to compute them for: give values=")
    return range(len(frames))


@dataclass(frozen=True, eq=False)
class Slider:
    """Frames and their controls; a notebook shows it, `savefig` writes a strip.  Made by `slider`.

    An index has an entry for each control: the number of the value that the control stands at.

    controls    {name: values}
    frames      one for each combination of values, or a function that computes them
    alt         what the figure shows, for those who do not see it
    start       the index that is shown first
    shown       the indices that the strip shows
    template    a figure that frames, which are then tables, are written into
    width       of a small picture in a page, in pixels
    """

    controls: Mapping[str, Sequence[Any]]
    frames: Sequence[Frame] | Callable[..., Frame]
    alt: str
    start: Index
    shown: tuple[Index, ...]
    template: Figure | None
    width: int

    @property
    def indices(self) -> list[Index]:
        """Every index, the last control fastest."""
        return list(product(*(range(len(choices)) for choices in self.controls.values())))

    def index(self, values: Any) -> Index:
        """The index at which the controls have these values: a tuple, or the value of the only control."""
        given = values if isinstance(values, tuple) else (values,)
        if len(given) != len(self.controls):
            raise ValueError(f"{given} has {len(given)} values for {len(self.controls)} controls: give one for each")
        return tuple(choice_index(name, v, each) for v, (name, each) in zip(given, self.controls.items(), strict=True))

    def frame(self, index: Index) -> Frame:
        """The frame at an index, computed if `frames` is a function."""
        if callable(self.frames):
            return self.frames(*(each[i] for i, each in zip(index, self.controls.values(), strict=True)))
        return self.frames[int(np.ravel_multi_index(index, [len(each) for each in self.controls.values()]))]

    def table(self, index: Index) -> dict[str, str]:
        """The table of the frame at an index, its numbers as they are shown."""
        return split_frame(self.frame(index)).table

    def caption(self, index: Index) -> str:
        """What the controls stand at: "i1 = 1, i2 = 0.4"; of boxes the names of those ticked, or "all", or "none"."""
        parts = [(name, each[i]) for i, (name, each) in zip(index, self.controls.items(), strict=True)]
        ticked = [name for name, value in parts if value is True]
        if len(ticked) == len(parts) > 1:
            return "all"
        others = [
            f"{name}{NBSP}={NBSP}{choice_text(value)}" if is_plain_number(value) else f"{name}: {value}"
            for name, value in parts
            if not isinstance(value, (bool, np.bool_))
        ]
        return ", ".join([*others, *ticked]) or "none"

    # -- in a script ------------------------------------------------------------------------------------

    def figure(self) -> Figure:
        """The strip: a few frames beside each other, the values of the controls above each, its table below."""
        panels = [self.strip_panel(index) for index in self.shown]
        natural = max(panel.width for panel in panels)
        columns = max(1, min(len(panels), 4, int(STRIP_WIDTH / min(max(natural, SMALL_WIDTH), STRIP_WIDTH))))
        rows, panel_width = ceil(len(panels) / columns), STRIP_WIDTH / columns
        image_height = max(panel.image_height(panel_width) for panel in panels)
        row_height = image_height + max(len(panel.lines) for panel in panels) * LINE_HEIGHT + 0.15
        figure = Figure((STRIP_WIDTH, rows * row_height), dpi=DPI, facecolor="white")
        for k, panel in enumerate(panels):
            row, column = divmod(k, columns)
            panel.draw(figure, column * panel_width, (rows - row) * row_height, panel_width, image_height)
        return figure

    def strip_panel(self, index: Index) -> "StripPanel":
        """The panel of one frame in the strip."""
        image, table = split_frame(self.frame(index))
        if self.template is not None:
            with filled_template(self.template, table) as figure:
                return StripPanel(
                    self.caption(index).split("\n"), figure_pixels(figure, 2 * DPI), figure.get_figwidth()
                )
        lines = [*self.caption(index).split("\n"), *(f"{name}: {value}" for name, value in table.items())]
        if isinstance(image, Figure):
            return StripPanel(lines, figure_pixels(image, 2 * DPI), image.get_figwidth())
        return StripPanel(lines) if image is None else StripPanel(lines, as_rgb_bytes(image), SMALL_WIDTH)

    def savefig(self, *args: Any, **options: Any) -> None:
        """Write the strip, as `Figure.savefig` writes a figure."""
        self.figure().savefig(*args, **options)

    # -- in a page --------------------------------------------------------------------------------------

    def _repr_html_(self) -> str:
        """The HTML of the figure with its controls, its data and the script that moves it."""
        images: dict[str, int] = {}
        rows: list[PageFrame] = []
        names = list(self.table(self.start))
        for index in self.indices:
            image, table = split_frame(self.frame(index))
            if list(table) != names:
                raise ValueError(
                    f"the table at {self.caption(index)} names {quoted(list(table))}, not {quoted(names)}: give every "
                    "frame the same names in the same order"
                )
            uri = None if image is None else images.setdefault(webp_data_uri(image), len(images))
            rows.append(PageFrame(uri, list(table.values()), self.caption(index)))
        first = rows[self.indices.index(self.start)]
        data: dict[str, Any] = {"images": list(images), "frames": rows, "alt": self.alt}
        data["shape"] = [len(each) for each in self.controls.values()]
        data["words"] = [[choice_text(v) for v in each] for each in self.controls.values()]
        if self.template is not None:
            svg, data["texts"] = template_svg(self.template, dict(zip(names, first.values, strict=True)))
            data["names"] = names
            body = f'<div class="mx-svg" role="img" aria-label="{html.escape(self.alt)}">{svg}</div>'
        else:
            body = self.image_html(data["images"], first) + table_html(names, first.values)
        controls = "".join(
            control_html(k, name, each, at)
            for k, ((name, each), at) in enumerate(zip(self.controls.items(), self.start, strict=True))
        )
        inside = json.dumps(data, ensure_ascii=False).replace("</", "<\\/")
        return (
            f'<figure class="mx-slider" role="group" aria-label="{html.escape(self.alt)}"><style>{STYLE}</style>'
            f'<div class="mx-frame">{body}</div><div class="mx-controls">{controls}</div>'
            f'<script type="application/json">{inside}</script><script>{SCRIPT}</script></figure>'
        )

    def image_html(self, uris: Sequence[str], first: "PageFrame") -> str:
        """The HTML of the image that is shown first; nothing if the frames are tables."""
        if first.image is None:
            return ""
        small = not isinstance(split_frame(self.frame(self.start)).image, Figure)
        style = f' style="width:{self.width}px;image-rendering:pixelated"' if small else ""
        return f'<img{style} src="{uris[first.image]}" alt="{html.escape(f"{self.alt}: {first.caption}")}">'


class FrameParts(NamedTuple):
    """The image of a frame, if it has one, and its table, with numbers as they are shown."""

    image: Figure | Array | None
    table: dict[str, str]


class PageFrame(NamedTuple):
    """A frame in the data of a page: the number of its image, the values of its table, and what the controls say."""

    image: int | None
    values: list[str]
    caption: str


@dataclass(frozen=True, eq=False)
class StripPanel:
    """A panel of the strip: a bold line above, the other lines below, and the pixels (H, W, 3), `width` inches wide."""

    lines: list[str]
    pixels: Array | None = None
    width: float = 0.0

    def image_height(self, panel_width: float) -> float:
        """The height of the image in inches, in a panel of this width."""
        if self.pixels is None:
            return 0.0
        height, width = self.pixels.shape[:2]
        return min(panel_width - 0.1, self.width) * int(height) / int(width)

    def draw(self, figure: Figure, left: float, top: float, panel_width: float, image_height: float) -> None:
        """Draw the panel, in inches from the lower left corner; the lines below leave room for `image_height`."""
        across, up = figure.get_size_inches()
        for i, line in enumerate(self.lines):
            y = top - LINE_HEIGHT if i == 0 else top - LINE_HEIGHT - image_height - 0.05 - i * LINE_HEIGHT
            text = figure.text((left + panel_width / 2) / across, y / up, line, size=FONT_SIZE, ha="center")
            text.set(weight="bold" if i == 0 else "normal", parse_math=False)
        if self.pixels is None:
            return
        width, height = min(panel_width - 0.1, self.width), self.image_height(panel_width)
        corner = (left + (panel_width - width) / 2, top - LINE_HEIGHT - 0.05 - height)
        ax = figure.add_axes((corner[0] / across, corner[1] / up, width / across, height / up))
        blocks = "nearest" if self.pixels.shape[1] < 200 else "antialiased"
        ax.imshow(self.pixels, interpolation=blocks, aspect="auto")
        ax.set_axis_off()


def is_same_choice(a: Any, b: Any) -> bool:
    """Return whether two choices of a control are equal; numbers up to rounding."""
    if is_plain_number(a) and is_plain_number(b):
        return bool(np.isclose(a, b))
    return type(a) is type(b) and np.array_equal(a, b)


def choice_index(name: str, value: Any, choices: Sequence[Any]) -> int:
    """The number of a value among the choices of the control `name`; numbers may differ by rounding."""
    same = [i for i, each in enumerate(choices) if is_same_choice(each, value)]
    if not same:
        raise ValueError(f"{name!r} has no value {quoted(value)}: it has {', '.join(map(choice_text, choices))}")
    return same[0]


def is_plain_number(value: object) -> bool:
    """Whether a value is an integer or a float, of Python or NumPy; a bool is not."""
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def choice_text(value: object) -> str:
    """A value of a control or a table as it is shown."""
    return short_number(float(value)) if is_plain_number(value) else str(value)  # type: ignore[arg-type]


def split_frame(frame: Frame) -> FrameParts:
    """The image and the table of a frame."""
    image, table = frame if isinstance(frame, tuple) else (None, frame) if isinstance(frame, Mapping) else (frame, {})
    return FrameParts(image, {str(k): choice_text(v) for k, v in table.items()})


def table_html(names: Sequence[str], values: Sequence[str]) -> str:
    """The HTML of a table with a row for each name; nothing if there are no names."""
    rows = "".join(
        f'<tr><th scope="row">{html.escape(name)}</th><td>{html.escape(value)}</td></tr>'
        for name, value in zip(names, values, strict=True)
    )
    return f"<table><tbody>{rows}</tbody></table>" if names else ""


def control_html(k: int, name: str, choices: Sequence[Any], at: int) -> str:
    """The HTML of control k, at its choice `at`: a box to tick, a slider or a picker, always with its label."""
    label = html.escape(name)
    if all(isinstance(each, (bool, np.bool_)) for each in choices):
        checked = " checked" * bool(choices[at])
        flip = "" if not choices[0] else " data-flip"
        return f'<label><input type="checkbox" data-k="{k}"{flip}{checked}> {label}</label>'
    if all(map(is_plain_number, choices)):
        value = html.escape(choice_text(choices[at]))
        return (
            f'<label>{label} <input type="range" data-k="{k}" min="0" max="{len(choices) - 1}" step="1" '
            f'value="{at}" aria-valuetext="{value}"><output>{value}</output></label>'
        )
    options = "".join(
        f'<option value="{i}"{" selected" * (i == at)}>{html.escape(choice_text(each))}</option>'
        for i, each in enumerate(choices)
    )
    return f'<label>{label} <select data-k="{k}">{options}</select></label>'


# -- pixels -------------------------------------------------------------------------------------------


def figure_pixels(figure: Figure, dpi: int) -> Array:
    """Draw a figure and return its pixels (H, W, 3), uint8."""
    before = figure.get_dpi()
    figure.set_dpi(dpi)
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[..., :3].copy()
    figure.set_dpi(before)
    return pixels


def as_rgb_bytes(image: Array) -> Array:
    """A small picture, (H, W) or (H, W, 1 or 3), as (H, W, 3) uint8."""
    pixels = np.asarray(image)
    if pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[-1] not in (1, 3)):
        raise ValueError(f"a picture has the shape (H, W) or (H, W, 3), not {pixels.shape}")
    if pixels.dtype != np.uint8:
        if not (pixels.size and pixels.min() >= 0 and pixels.max() <= 1):
            raise ValueError("a picture is shown from 0 to 1 (or uint8 from 0 to 255), and this one is not: scale it")
        pixels = np.rint(255 * pixels.astype(np.float64)).astype(np.uint8)
    return np.broadcast_to(pixels.reshape(*pixels.shape[:2], -1), (*pixels.shape[:2], 3))


def webp_data_uri(image: Figure | Array) -> str:
    """The image as a WebP in a data URI: a small picture without loss, a figure compressed as far as nobody sees."""
    buffer = BytesIO()
    is_figure = isinstance(image, Figure)
    pixels = figure_pixels(image, DPI) if isinstance(image, Figure) else as_rgb_bytes(image)
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    picture.save(buffer, "WEBP", lossless=not is_figure, quality=WEBP_QUALITY, method=4)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


# -- templates ----------------------------------------------------------------------------------------


@contextmanager
def filled_template(template: Figure, table: Mapping[str, str]) -> Iterator[Figure]:
    """Write a table into the {names} of the template's texts, and restore them at the end of the block."""
    before = [(text, text.get_text()) for text in template.findobj(Text)]
    for text, words in before:
        text.set_text(fill_names(words, table))
    try:
        yield template
    finally:
        for text, words in before:
            text.set_text(words)


def fill_names(words: str, table: Mapping[str, str]) -> str:
    """Replace each {name} that the table has by its value.

    >>> fill_names("y = {y}", {"y": "1"})
    'y = 1'
    """
    return re.sub(r"\{([^{}]+)\}", lambda found: table.get(found[1], found[0]), words)


class TemplateSvg(NamedTuple):
    """The SVG of a filled template, and the texts of its <text> elements before they were filled."""

    svg: str
    texts: list[str]


def template_svg(template: Figure, table: Mapping[str, str]) -> TemplateSvg:
    """Draw the template as SVG, filled with the table."""
    unfilled, filled = (draw_svg(template, each) for each in ({}, table))
    texts = [html.unescape(words) for words in re.findall(r"<text[^>]*>([^<]*)</text>", unfilled)]
    return TemplateSvg(filled[filled.index("<svg") :], texts)


def draw_svg(template: Figure, table: Mapping[str, str]) -> str:
    """The SVG file of the template, filled with the table; the same for the same figure."""
    buffer = StringIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "minixai"}), filled_template(template, table) as figure:
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


STYLE = (
    ".mx-slider{margin:1em 0}.mx-slider img,.mx-slider svg{max-width:100%;height:auto;background:#fff}"
    ".mx-controls{display:flex;flex-wrap:wrap;gap:.3em 1.5em;margin:.4em 0}"
    ".mx-controls label{display:inline-flex;align-items:center;gap:.5em}"
    ".mx-controls output{min-width:3.5em;font-variant-numeric:tabular-nums}"
    ".mx-slider table{margin:.4em 0}.mx-slider td,.mx-slider th{padding:.1em .8em;text-align:left}"
)

SCRIPT = """
document.querySelectorAll('figure.mx-slider:not([data-ready])').forEach(function (box) {
  var text = box.querySelector('script[type="application/json"]');
  if (!text) return;
  box.dataset.ready = '1';
  var data = JSON.parse(text.textContent), inputs = box.querySelectorAll('[data-k]');
  function show() {
    var at = 0;
    inputs.forEach(function (input, k) {
      var i = input.type === 'checkbox' ? +(input.checked !== ('flip' in input.dataset)) : +input.value;
      at = at * data.shape[k] + i;
      if (input.type === 'range') {
        input.setAttribute('aria-valuetext', data.words[k][i]);
        input.nextElementSibling.textContent = data.words[k][i];
      }
    });
    var frame = data.frames[at], image = box.querySelector('img'), svg = box.querySelector('svg');
    box.dataset.at = at;
    if (image) { image.src = data.images[frame[0]]; image.alt = data.alt + ': ' + frame[2]; }
    if (svg && data.texts) svg.querySelectorAll('text').forEach(function (node, i) {
      node.textContent = data.texts[i].replace(/\\{([^{}]+)\\}/g, function (all, name) {
        var n = data.names.indexOf(name);
        return n < 0 ? all : frame[1][n];
      });
    });
    box.querySelectorAll('td').forEach(function (cell, i) { cell.textContent = frame[1][i]; });
  }
  inputs.forEach(function (input) { input.addEventListener('input', show); });
  show();
});
"""

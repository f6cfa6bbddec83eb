"""A figure to play with: frames behind labelled sliders, pickers or boxes, in a page or a notebook.

matplotlib's `HTMLWriter` (`to_jshtml`) was looked at first.  It loads its icons from another
site, its slider has no label, its image no description, and it knows one control only.
"""

import base64
import html
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO, StringIO
from itertools import product
from math import ceil, prod
from typing import Any, TypeAlias

import numpy as np
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from minixai.arrays import Array
from minixai.plots.text import TIED, number
from minixai.text import quoted

Numbers: TypeAlias = Mapping[str, object]
Frame: TypeAlias = Figure | Array | Numbers | tuple[Figure | Array, Numbers]

MOST = 1024  # frames behind one set of controls
DPI, QUALITY = 100, 82  # of a frame that is a Figure
ACROSS, PANEL, LINE = 7.0, 3.4, 0.19  # inches: the strip, its widest panel of several, a line of its text
POINTS = 9.0


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
        The name of the only control; or {name: values} of several, and then frames in a
        sequence run through the last control fastest.
    values : sequence, optional
        The values of the only control, by default 0, 1, 2, ...  Numbers make a slider, words a
        picker, False and True a box to tick.
    alt : str
        What the figure shows, for those who do not see it.
    start : value or tuple of values, optional
        Where the controls stand first, by default at their first values.
    strip : int or sequence of values
        How many frames the strip has, spread evenly; or which ones (tuples for several controls).
    template : Figure, optional
        Drawn once, with names in braces among its texts ("{y}"), for frames that are tables.
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
    >>> square.numbers(square.start)
    {'x²': '4'}
    >>> square.savefig("square.png")  # doctest: +SKIP
    """
    controls = dict(label) if isinstance(label, Mapping) else {label: given_values(frames, values)}
    controls = {name: list(choices) for name, choices in controls.items()}
    count = prod(map(len, controls.values()))
    if not 1 <= count <= MOST:
        raise ValueError(f"a slider has 1 to {MOST} frames, these controls have {count}: give fewer values")
    if not callable(frames) and len(frames) != count:
        raise ValueError(f"{len(frames)} frames were given for {count} values: give one for each")
    made = Slider(controls, frames, alt, (0,) * len(controls), (), template, width)
    begin = made.start if start is None else made.position(start)
    if isinstance(strip, int):
        places = list(product(*(range(len(choices)) for choices in controls.values())))
        chosen = [places[i] for i in np.unique(np.linspace(0, count - 1, strip).round().astype(int))]
    else:
        chosen = [made.position(value) for value in strip]
    return Slider(controls, frames, alt, begin, tuple(chosen), template, width)


def given_values(frames: Sequence[Frame] | Callable[..., Frame], values: Sequence[Any] | None) -> Sequence[Any]:
    """The values of the only control; a callable cannot be counted, so it needs them."""
    if values is not None:
        return values
    if callable(frames):
        raise ValueError("frames that are computed need the values to compute them for: give values=")
    return range(len(frames))


@dataclass(frozen=True, eq=False)
class Slider:
    """Frames and their controls; a notebook shows it, `savefig` writes a strip.  Made by `slider`."""

    controls: Mapping[str, Sequence[Any]]
    frames: Sequence[Frame] | Callable[..., Frame]
    alt: str
    start: tuple[int, ...]
    shown: tuple[tuple[int, ...], ...]
    template: Figure | None
    width: int

    def position(self, values: Any) -> tuple[int, ...]:
        """The index of a value in each control."""
        given = values if isinstance(values, tuple) else (values,)
        if len(given) != len(self.controls):
            raise ValueError(f"{given} has {len(given)} values for {len(self.controls)} controls: give one for each")
        return tuple(index_of(name, v, each) for v, (name, each) in zip(given, self.controls.items(), strict=True))

    def frame(self, at: tuple[int, ...]) -> Frame:
        """The frame at these indices."""
        if callable(self.frames):
            return self.frames(*(each[i] for i, each in zip(at, self.controls.values(), strict=True)))
        return self.frames[int(np.ravel_multi_index(at, [len(each) for each in self.controls.values()]))]

    def numbers(self, at: tuple[int, ...]) -> dict[str, str]:
        """The table at these indices, as it is written."""
        return split(self.frame(at))[1]

    def caption(self, at: tuple[int, ...]) -> str:
        """What the controls say: "i1 = 1, i2 = 0.4"."""
        parts = [(name, each[i]) for i, (name, each) in zip(at, self.controls.items(), strict=True)]
        boxes = [name for name, value in parts if value is True]
        if len(boxes) == len(parts) > 1:
            return "all"
        others = [
            f"{name}{TIED}={TIED}{written(value)}" if is_number(value) else f"{name}: {value}"
            for name, value in parts
            if not isinstance(value, (bool, np.bool_))
        ]
        return ", ".join([*others, *boxes]) or "none"

    # -- in a script ------------------------------------------------------------------------------------

    def figure(self) -> Figure:
        """The strip: a few frames beside each other, what the controls say above each."""
        panels = [(self.caption(at), *self.panel(at)) for at in self.shown]
        natural = max((0.0 if drawn is None else wide for _, drawn, wide, _ in panels), default=0.0)
        columns = max(1, min(len(panels), 4, int(ACROSS / min(max(natural, 1.7), ACROSS))))
        rows, across = ceil(len(panels) / columns), ACROSS / columns
        words = [[*title.split("\n"), *(f"{k}: {v}" for k, v in table.items())] for title, _, _, table in panels]
        tall = max(0.0 if d is None else min(across - 0.1, wide) * d.shape[0] / d.shape[1] for _, d, wide, _ in panels)
        text = max(len(lines) for lines in words)
        high = tall + text * LINE + 0.15
        figure = Figure((ACROSS, rows * high), dpi=DPI, facecolor="white")
        for k, ((_, drawn, wide, _), lines) in enumerate(zip(panels, words, strict=True)):
            row, column = divmod(k, columns)
            left, top = column * across, figure.get_figheight() - row * high
            middle = (left + across / 2) / ACROSS
            for i, line in enumerate(lines):
                y = top - LINE if i == 0 else top - LINE - tall - 0.05 - i * LINE
                figure.text(
                    middle,
                    y / figure.get_figheight(),
                    line,
                    size=POINTS,
                    weight="bold" if i == 0 else "normal",
                    ha="center",
                    parse_math=False,
                )
            if drawn is not None:
                w = min(across - 0.1, wide)
                h = w * drawn.shape[0] / drawn.shape[1]
                box = ((left + (across - w) / 2) / ACROSS, (top - LINE - 0.05 - h) / figure.get_figheight())
                ax = figure.add_axes((*box, w / ACROSS, h / figure.get_figheight()))
                ax.imshow(drawn, interpolation="nearest" if drawn.shape[1] < 200 else "antialiased", aspect="auto")
                ax.set_axis_off()
        return figure

    def panel(self, at: tuple[int, ...]) -> tuple[Array | None, float, dict[str, str]]:
        """(pixels or None, width in inches, table) of a frame of the strip."""
        image, table = split(self.frame(at))
        if self.template is not None:
            with filled(self.template, table) as figure:
                return rasterised(figure, 2 * DPI), float(figure.get_figwidth()), {}
        if isinstance(image, Figure):
            return rasterised(image, 2 * DPI), float(image.get_figwidth()), table
        return (None, PANEL, table) if image is None else (as_bytes(image), 1.7, table)

    def savefig(self, *args: Any, **options: Any) -> None:
        """Write the strip, as `Figure.savefig` writes a figure."""
        self.figure().savefig(*args, **options)

    # -- in a page --------------------------------------------------------------------------------------

    def _repr_html_(self) -> str:
        places = list(product(*(range(len(each)) for each in self.controls.values())))
        images: dict[str, int] = {}
        rows: list[tuple[int | None, list[str], str]] = []
        for at in places:
            image, table = split(self.frame(at))
            uri = None if image is None else images.setdefault(data_uri(image), len(images))
            rows.append((uri, list(table.values()), self.caption(at)))
        names = list(self.numbers(self.start))
        first = rows[places.index(self.start)]
        data: dict[str, Any] = {"images": list(images), "frames": rows, "alt": self.alt}
        data["shape"] = [len(each) for each in self.controls.values()]
        data["words"] = [[written(v) for v in each] for each in self.controls.values()]
        body = ""
        if self.template is not None:
            svg, data["texts"] = as_svg(self.template, dict(zip(names, first[1], strict=True)))
            data["names"] = names
            body = f'<div class="mx-svg" role="img" aria-label="{html.escape(self.alt)}">{svg}</div>'
        elif first[0] is not None:
            small = not isinstance(split(self.frame(self.start))[0], Figure)
            style = f' style="width:{self.width}px;image-rendering:pixelated"' if small else ""
            uri = data["images"][first[0]]
            body = f'<img{style} src="{uri}" alt="{html.escape(f"{self.alt}: {first[2]}")}">'
        if names and self.template is None:
            lines = zip(names, first[1], strict=True)
            cells = "".join(
                f'<tr><th scope="row">{html.escape(k)}</th><td>{html.escape(v)}</td></tr>' for k, v in lines
            )
            body += f"<table><tbody>{cells}</tbody></table>"
        controls = "".join(
            control(k, name, each, at)
            for k, ((name, each), at) in enumerate(zip(self.controls.items(), self.start, strict=True))
        )
        inside = json.dumps(data, ensure_ascii=False).replace("</", "<\\/")
        return (
            f'<figure class="mx-slider" role="group" aria-label="{html.escape(self.alt)}"><style>{STYLE}</style>'
            f'<div class="mx-frame">{body}</div><div class="mx-controls">{controls}</div>'
            f'<script type="application/json">{inside}</script><script>{SCRIPT}</script></figure>'
        )


def is_same(a: Any, b: Any) -> bool:
    """Return whether two choices of a control are equal; numbers up to rounding."""
    if is_number(a) and is_number(b):
        return bool(np.isclose(a, b))
    return type(a) is type(b) and np.array_equal(a, b)


def index_of(name: str, value: Any, choices: Sequence[Any]) -> int:
    """Where a value is among the choices of a control."""
    same = [i for i, each in enumerate(choices) if is_same(each, value)]
    if not same:
        raise ValueError(f"{name!r} has no value {quoted(value)}: it has {', '.join(map(written, choices))}")
    return same[0]


def is_number(value: object) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def written(value: object) -> str:
    return number(float(value)) if is_number(value) else str(value)  # type: ignore[arg-type]


def split(frame: Frame) -> tuple[Figure | Array | None, dict[str, str]]:
    """(image or None, table) of a frame; the table as it is written."""
    image, table = frame if isinstance(frame, tuple) else (None, frame) if isinstance(frame, Mapping) else (frame, {})
    return image, {str(k): written(v) for k, v in table.items()}


def control(k: int, name: str, choices: Sequence[Any], at: int) -> str:
    """The HTML of one control: a box to tick, a slider or a picker, always with its label."""
    label = html.escape(name)
    if all(isinstance(each, (bool, np.bool_)) for each in choices):
        on = " checked" * bool(choices[at])
        flip = "" if not choices[0] else " data-flip"
        return f'<label><input type="checkbox" data-k="{k}"{flip}{on}> {label}</label>'
    if all(map(is_number, choices)):
        value = html.escape(written(choices[at]))
        return (
            f'<label>{label} <input type="range" data-k="{k}" min="0" max="{len(choices) - 1}" step="1" '
            f'value="{at}" aria-valuetext="{value}"><output>{value}</output></label>'
        )
    options = "".join(
        f'<option value="{i}"{" selected" * (i == at)}>{html.escape(written(each))}</option>'
        for i, each in enumerate(choices)
    )
    return f'<label>{label} <select data-k="{k}">{options}</select></label>'


# -- pixels -------------------------------------------------------------------------------------------


def rasterised(figure: Figure, dpi: int) -> Array:
    """The figure as pixels (H, W, 3)."""
    before = figure.get_dpi()
    figure.set_dpi(dpi)
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[..., :3].copy()
    figure.set_dpi(before)
    return pixels


def as_bytes(image: Array) -> Array:
    """A small picture as (H, W, 3) uint8."""
    pixels = np.asarray(image)
    if pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[-1] not in (1, 3)):
        raise ValueError(f"a picture has the shape (H, W) or (H, W, 3), not {pixels.shape}")
    if pixels.dtype != np.uint8:
        if not (pixels.size and pixels.min() >= 0 and pixels.max() <= 1):
            raise ValueError("a picture is shown from 0 to 1 (or uint8 from 0 to 255), and this one is not: scale it")
        pixels = np.rint(255 * pixels.astype(np.float64)).astype(np.uint8)
    return np.broadcast_to(pixels.reshape(*pixels.shape[:2], -1), (*pixels.shape[:2], 3))


def data_uri(image: Figure | Array) -> str:
    """The image as a WebP within a URI: a small picture without loss, a figure with as little as is seen."""
    buffer = BytesIO()
    figure = isinstance(image, Figure)
    pixels = rasterised(image, DPI) if isinstance(image, Figure) else as_bytes(image)
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, "WEBP", lossless=not figure, quality=QUALITY, method=4)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


# -- templates ----------------------------------------------------------------------------------------


class filled:
    """The template with its names replaced by numbers, for as long as the block lasts."""

    def __init__(self, template: Figure, table: Mapping[str, str]) -> None:
        self.template, self.table = template, table

    def __enter__(self) -> Figure:
        self.before = [(text, text.get_text()) for text in self.template.findobj(Text)]
        for text, words in self.before:
            text.set_text(fill(words, self.table))
        return self.template

    def __exit__(self, *_: object) -> None:
        for text, words in self.before:
            text.set_text(words)


def fill(words: str, table: Mapping[str, str]) -> str:
    """The words with {name} replaced.

    >>> fill("y = {y}", {"y": "1"})
    'y = 1'
    """
    return re.sub(r"\{([^{}]+)\}", lambda found: table.get(found[1], found[0]), words)


def as_svg(template: Figure, table: Mapping[str, str]) -> tuple[str, list[str]]:
    """(the template as SVG, filled; the words of each of its <text> elements, unfilled)"""
    texts = []
    for figure, keep in ((template, True), (template, False)):
        buffer = StringIO()
        with rc_context({"svg.fonttype": "none", "svg.hashsalt": "minixai"}), filled(figure, {} if keep else table):
            figure.savefig(buffer, format="svg", metadata={"Date": None})
        svg = buffer.getvalue()
        if keep:
            texts = [html.unescape(words) for words in re.findall(r"<text[^>]*>([^<]*)</text>", svg)]
    return svg[svg.index("<svg") :], texts


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

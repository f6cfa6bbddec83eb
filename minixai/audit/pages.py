"""Write a report as a picture, or as one HTML page that contains its pictures and needs no connection."""

from __future__ import annotations

import base64
import math
import textwrap
from collections.abc import Iterator, Mapping
from html import escape
from io import BytesIO
from typing import Protocol

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from minixai import plots
from minixai.arrays import Array
from minixai.attribution import Cost
from minixai.evaluation.checks import Check, PlottedCurve, format_number

DPI = 110
ROWS = 4
"""At most this many images are shown in a picture."""
COLUMNS = 6
"""At most this many maps stand beside each other."""
MAP, LOW, CHANCE, EDGES = "#1452a3", "#c1121f", "#8a8f98", "#c77700"
MARKS = {"holds": "#1a7f37", "take care": "#b35900", "does not hold": "#b3261e", "not asked": "#6b7280"}
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1f2328; background: #fff; max-width: 62rem; margin: 2rem auto;
  padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: .3rem; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .2rem; }
.question { color: #4a5058; margin: 0 0 .6rem; } .number { font-size: 1.3rem; font-weight: 600; }
.verdict { background: #f4f6f8; border-left: 4px solid #1452a3; padding: .7rem 1rem .7rem 2rem; }
.status { color: #fff; border-radius: .7rem; padding: .1rem .6rem; font-size: .8rem; margin-left: .5rem;
  white-space: nowrap; vertical-align: .12rem; }
table { border-collapse: collapse; font-size: .87rem; }
td, th { text-align: left; padding: .2rem .9rem .2rem 0; vertical-align: top; border-bottom: 1px solid #e3e6ea; }
td.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
img { max-width: 100%; height: auto; display: block; margin: .6rem 0; } summary { cursor: pointer; color: #1452a3; }
.small { color: #4a5058; font-size: .87rem; } details { margin: .5rem 0; }
"""


class Findings(Protocol):
    """The attributes of a report that a page shows; see `minixai.audit.report.Report`."""

    @property
    def method(self) -> str: ...
    @property
    def foreign(self) -> bool: ...
    @property
    def about(self) -> Mapping[str, str]: ...
    @property
    def images(self) -> Array: ...
    @property
    def values(self) -> Array: ...
    @property
    def checks(self) -> tuple[Check, ...]: ...
    @property
    def cost(self) -> Cost: ...
    @property
    def verdict(self) -> tuple[str, ...]: ...


def html(report: Findings, inside: bool = False) -> str:
    """Return the report as an HTML page or, with `inside`, as a fragment to put inside another page."""
    about = "".join(f"<tr><th>{escape(k)}</th><td>{escape(v)}</td></tr>" for k, v in report.about.items())
    lines = "".join(f"<li>{escape(line)}</li>" for line in report.verdict)
    body = (
        f"<h1>{escape(title(report))}</h1><table>{about}</table>"
        f'<h2>Verdict</h2><ul class="verdict">{lines}</ul>'
        f"{picture(overview(report), 'the images and the audited maps')}"
        f"{summary(report)}{''.join(section(i, check, report) for i, check in enumerate(report.checks, 1))}"
        f'<p class="small">Cost: {escape(str(report.cost))} through the network. '
        "Each number answers its own question; they are not added up to a grade.</p>"
    )
    if inside:
        return f"<style>{STYLE.replace('body {', '.audit {')}</style><div class='audit'>{body}</div>"
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title(report))}</title><style>{STYLE}</style></head><body>{body}</body></html>\n"
    )


def title(report: Findings) -> str:
    return f"Audit of a foreign map, said to be {report.method}" if report.foreign else f"Audit of {report.method}"


def summary(report: Findings) -> str:
    """Return an HTML table of the checks, each with its question, number and status."""
    rows = "".join(
        f"<tr><td>{i}</td><td>{escape(c.question)}</td>"
        f"<td class='n'>{escape(format_number(c.number, c.uncertainty))}</td>"
        f"<td>{mark(c)}</td></tr>"
        for i, c in enumerate(report.checks, 1)
    )
    return f"<h2>The questions</h2><table>{rows}</table>"


def mark(check: Check) -> str:
    return f"<span class='status' style='background:{MARKS[check.status]}'>{check.status}</span>"


def section(i: int, check: Check, report: Findings) -> str:
    """Return the HTML of one check: its number, reading, pictures, table, source, weakness and cost."""
    number = (
        f'<span class="number">{escape(format_number(check.number, check.uncertainty))}</span> '
        if check.number is not None
        else ""
    )
    meaning = f'<span class="small">{escape(check.meaning)}</span>' if check.number is not None else ""
    pictures = "".join(picture(figure, f"{check.name}: {check.reading}") for figure in figures(check, report))
    rows = "".join(
        (
            f"<tr><td>{escape(row.label)}</td><td "
            f"class='n'>{escape(format_number(row.number, row.uncertainty))}</td><td>{escape(row.note)}</td></tr>"
        )
        for row in check.table
    )
    table = f"<details><summary>All numbers</summary><table>{rows}</table></details>" if rows else ""
    weakness = f" Known weakness: {escape(check.weakness)}." if check.weakness else ""
    return (
        f"<h2>{i}. {escape(check.name.capitalize())}{mark(check)}</h2><p class='question'>{escape(check.question)}</p>"
        f"<p>{number}{meaning}</p><p>{escape(check.reading)}</p>{pictures}{table}"
        f"<p class='small'>Source: {escape(check.source)}.{weakness} Cost: {escape(str(check.cost))}.</p>"
    )


def picture(figure: Figure, words: str) -> str:
    """Return an HTML image that contains the figure as PNG, with `words` as its description."""
    data = base64.b64encode(drawn(figure)).decode()
    width = round(figure.get_figwidth() * DPI)
    return f'<img width="{width}" alt="{escape(words, quote=True)}" src="data:image/png;base64,{data}">'


def drawn(figure: Figure) -> bytes:
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
    return buffer.getvalue()


# -- pictures -----------------------------------------------------------------------------------------


def overview(report: Findings) -> Figure:
    """Draw the images and the audited maps."""
    words = "the foreign map" if report.foreign else report.method.replace("_", " ")
    return maps_figure({words: report.values}, report.images, size=2.6)


def figures(check: Check, report: Findings) -> Iterator[Figure]:
    if check.curves:
        yield curves_figure(check.curves)
    if check.matrix:
        yield matrix_figure(*check.matrix)
    if check.maps:
        yield maps_figure(check.maps, report.images if check.images is None else check.images)


def maps_figure(maps: Mapping[str, Array], images: Array, size: float = 1.7) -> Figure:
    """Draw the maps of the first images, each on its own scale, beside the images if those can be shown."""
    shown = [m[:ROWS, ..., None] for m in maps.values()]
    pixels = np.clip(images[:ROWS], 0, 1) if images.shape[3] in (1, 3) else None
    return plots.show(
        shown,
        pixels,
        titles=list(maps),
        scale="result",
        percentile=99.9,
        size=size,
        columns=min(len(maps) + 1, COLUMNS),
    )


def curves_figure(curves: Mapping[str, Mapping[str, PlottedCurve]]) -> Figure:
    """Draw the deletion curves in the upper row and the insertion curves in the lower, one column for each fill."""
    across = math.ceil(len(curves) / 2)
    figure = Figure(figsize=(3.1 * across, 5.2), layout="constrained")
    axes = figure.subplots(2, across, sharex=True, sharey=True, squeeze=False)
    for j, (words, lines) in enumerate(curves.items()):
        ax = axes[j % 2][j // 2]
        for name, colour in (("random", CHANCE), ("edges", EDGES), ("the map", MAP)):
            line = lines[name]
            ax.plot(line.fraction, line.score, color=colour, label=f"{name} order" if name == "random" else name)
            if line.standard_error is not None:
                ax.fill_between(
                    line.fraction,
                    line.score - 2 * line.standard_error,
                    line.score + 2 * line.standard_error,
                    color=colour,
                    alpha=0.25,
                    lw=0,
                )
        ax.set_title(words, fontsize=10)
        ax.grid(alpha=0.25)
        ax.spines[["top", "right"]].set_visible(False)
    for ax in axes[1]:
        ax.set_xlabel("share of the pixels", fontsize=9)
    for ax in axes[:, 0]:
        ax.set_ylabel("probability", fontsize=9)
    axes[0][0].legend(fontsize=8, frameon=False)
    return figure


def matrix_figure(names: tuple[str, ...], table: Array) -> Figure:
    """Draw the matrix of rank correlations, with the numbers in its cells."""
    side = 1.9 + 0.62 * len(names)
    figure = Figure(figsize=(side + 0.8, side), layout="constrained")
    ax = figure.subplots()
    ax.imshow(table, cmap="RdBu_r", vmin=-1, vmax=1)
    words = [name.replace("_", " ") for name in names]
    ax.set_xticks(range(len(names)), words, rotation=40, ha="right", rotation_mode="anchor", fontsize=9)
    ax.set_yticks(range(len(names)), words, fontsize=9)
    for i, j in np.ndindex(table.shape):
        ax.text(
            j,
            i,
            f"{table[i, j]:.2f}",
            ha="center",
            va="center",
            fontsize=8,
            color="white" if abs(table[i, j]) > 0.6 else "black",
        )
    ax.set_title("rank correlation of the maps", fontsize=10)
    ax.spines[:].set_visible(False)
    return figure


# -- the whole report as one picture ------------------------------------------------------------------


def png(report: Findings) -> bytes:
    """Return one PNG: the verdict with the numbers of the checks, then the maps, then the curves, one below another."""
    parts = [
        text_figure(report),
        overview(report),
        *(f for c in report.checks if c.curves for f in [curves_figure(c.curves)]),
    ]
    pictures = [Image.open(BytesIO(drawn(figure))).convert("RGB") for figure in parts]
    page = Image.new("RGB", (max(p.width for p in pictures), sum(p.height for p in pictures)), "white")
    top = 0
    for each in pictures:
        page.paste(each, ((page.width - each.width) // 2, top))
        top += each.height
    buffer = BytesIO()
    page.save(buffer, "PNG")
    return buffer.getvalue()


def text_figure(report: Findings) -> Figure:
    """Draw the title, the verdict, and each check with its number and status, as text."""
    lines = [(title(report), 15, "bold", "black")]
    lines += [(part, 9, "normal", "#4a5058") for v in report.about.values() for part in textwrap.wrap(v, 118)]
    lines += [("", 6, "normal", "black")]
    for line in report.verdict:
        first, *rest = textwrap.wrap(line, 100)
        lines += [(f"•  {first}", 11, "normal", "black"), *((f"    {part}", 11, "normal", "black") for part in rest)]
    lines += [("", 6, "normal", "black")]
    tall = sum(size * 1.55 for _, size, _, _ in lines) / 72 + 0.27 * len(report.checks) + 0.35
    figure = Figure(figsize=(9.6, tall))
    at = 1 - 0.15 / tall
    for text, size, weight, colour in lines:
        figure.text(0.03, at, text, fontsize=size, fontweight=weight, color=colour, va="top", parse_math=False)
        at -= size * 1.55 / 72 / tall
    for check in report.checks:
        figure.text(0.03, at, check.question, fontsize=10, va="top", parse_math=False)
        figure.text(
            0.79,
            at,
            format_number(check.number, check.uncertainty),
            fontsize=10,
            ha="right",
            va="top",
            parse_math=False,
        )
        figure.text(0.81, at, check.status, fontsize=10, color=MARKS[check.status], va="top", parse_math=False)
        at -= 0.27 / tall
    return figure

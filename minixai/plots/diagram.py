"""A small graph as the papers draw it: what went forward in each box, what came back beneath it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, pairwise
from typing import TypeAlias

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path

from minixai.arrays import Array
from minixai.graph import Node, Rules, backward
from minixai.ops.kinds import Elementwise
from minixai.plots.labels import label
from minixai.plots.layout import Route, layout_graph
from minixai.plots.text import TITLE, Line, blank_page, numbers, stack_height, width, write
from minixai.rules import GRADIENT, RESCALE, rescale

FORWARD, EDGE, FRAME = "#1b7a3d", "#8a8f98", "#4a5058"
COLORS = {"gradient": "#c0272d", "DeepLIFT": "#1a5fb4"}
FURTHER = ("#7d3c98", "#a85b00", "#00787a", "#b0307f", "#5a5a5a", "#7a6a00")
LABEL, NUMBER, NOTE = 11.0, 10.0, 9.0  # points
MARGIN, PADDING, BENEATH, GAP, PORT = 0.25, 0.12, 0.04, 0.22, 0.11  # inches
MARK, APART, NARROWEST = 0.17, 0.28, 3.0  # of the legend
WIDEST = 1.3  # inches of a line that is not broken
NODES, EDGES, ENTRIES = 40, 100, 100

Side: TypeAlias = tuple[float, float]  # where a column begins and ends


@dataclass(frozen=True)
class Card:
    """A node as it is drawn: lines in a box, whose middle is the y of the card, and lines beneath it."""

    inside: list[Line]
    beneath: list[Line]
    border: float
    fill: str

    @property
    def width(self) -> float:
        return max(line.width for line in self.inside + self.beneath) + 2 * PADDING

    @property
    def up(self) -> float:
        return (stack_height(self.inside) + PADDING) / 2

    @property
    def down(self) -> float:
        return self.up + stack_height(self.beneath) + BENEATH * bool(self.beneath)


def graph(output: Node, tables: Mapping[str, Rules] | None = None, *, title: str | None = None) -> Figure:
    """Draw a small graph: forward values in the boxes, multipliers beneath them.

    Inputs stand on the left, `output` on the right, each node in the column of its depth.  A
    box shows what the node is, its reference → its value (only the value where the two agree),
    and beneath, a line for each table, the multiplier that the backward pass brings to it.  At the
    inputs, tables that explain differences also show the contribution m·Δ.

    Parameters
    ----------
    output : Node
        The end of the graph.
    tables : mapping of str to Rules, optional
        A name and a table of `minixai.rules` for each line; by default the gradient and, if anything
        differs from its reference, DeepLIFT's Rescale.
    title : str, optional
        A heading for the figure.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If the graph has more than 40 nodes or a node more than 100 values.
    TypeError
        If a table has no rule for an operation.

    Examples
    --------
    >>> from minixai.ops import relu
    >>> x = Node([[1.0, 1.0]], reference=0.0).named("x")
    >>> figure = graph(1 - relu(1 - (x[:, 0] + x[:, 1])), title="saturation")
    >>> figure.savefig("saturation.png")  # doctest: +SKIP
    """
    nodes = reading_order(output)
    refuse_large(nodes)
    tables = default_tables(nodes) if tables is None else tables
    walks = [
        (backward(output, rules), rules, color) for rules, color in zip(tables.values(), colors(tables), strict=True)
    ]
    cards = [card(node, walks, last=node is output) for node in nodes]
    edges = [(nodes.index(x), j) for j, node in enumerate(nodes) for x in node.sources]
    return draw_diagram(cards, [node.depth for node in nodes], edges, legend(nodes, tables), title)


def reading_order(output: Node) -> list[Node]:
    """Every node behind `output` and itself, as the expression reads: operands first, from left to right."""
    found: dict[Node, None] = {}
    stack = [output]
    while stack and len(found) <= NODES:
        waiting = [x for x in stack[-1].sources if x not in found]
        if waiting:
            stack.append(waiting[0])
        else:
            found[stack.pop()] = None
    return list(found)


def refuse_large(nodes: list[Node]) -> None:
    if len(nodes) > NODES:
        raise ValueError(
            f"the graph has more than {NODES} nodes, too many to read: draw a part of it, such as the graph of one of "
            "its nodes"
        )
    if (edges := sum(len(node.sources) for node in nodes)) > EDGES:
        raise ValueError(f"the graph has {edges} edges, too many to follow (at most {EDGES}): draw a part of it")
    largest = max(nodes, key=lambda node: node.value.size)
    if largest.value.size > ENTRIES:
        raise ValueError(
            f"{largest!r} holds {largest.value.size} values, too many to print (at most {ENTRIES}): this draws toy "
            "graphs, plots.show draws images"
        )


def default_tables(nodes: list[Node]) -> dict[str, Rules]:
    moved = any(np.any(node.delta) for node in nodes)
    return {"gradient": GRADIENT, "DeepLIFT": RESCALE} if moved else {"gradient": GRADIENT}


def colors(tables: Mapping[str, Rules]) -> list[str]:
    """Red for the gradient, blue for DeepLIFT, others in turn."""
    further = cycle(FURTHER)
    return [COLORS.get(name) or next(further) for name in tables]


def card(node: Node, walks: Sequence[tuple[dict[Node, Array], Rules, str]], last: bool) -> Card:
    beneath: list[Line] = []
    for multipliers, rules, color in walks:
        m = multipliers[node]
        beneath.append(Line(numbers(m), NUMBER, color))
        if node.op is None and explains_differences(rules):
            beneath.append(Line(f"m·Δ = {numbers(m * node.delta)}", NUMBER, color))
    what = [Line(text, LABEL, bold=True) for text in break_text(label(node), " = ", LABEL)]
    value = [Line(text, NUMBER, FORWARD) for text in break_text(value_text(node), " → ", NUMBER)]
    return Card(what + value, beneath, 2.0 if last else 1.0, "#eef1f4" if node.op is None else "white")


def explains_differences(rules: Rules) -> bool:
    """Whether m·Δ is a contribution: the table's slopes are those of chords, not of tangents."""
    return rules.get(Elementwise) is rescale


def value_text(node: Node) -> str:
    """The value at the baseline → the value now, or the value alone where they agree."""
    if not np.any(node.delta) or numbers(node.value).startswith("array"):
        return numbers(node.value)
    return f"{numbers(node.reference)} → {numbers(node.value)}"


def break_text(text: str, sign: str, size: float) -> list[str]:
    """The text on one line if it is short, else on two, broken after the sign."""
    before, found, after = text.partition(sign)
    return [before + found.rstrip(), after] if found and width(text, size) > WIDEST else [text]


def legend(nodes: list[Node], tables: Mapping[str, Rules]) -> list[Line]:
    moved = any("→" in value_text(node) for node in nodes)
    forward = "in the box: at the baseline → now" if moved else "in the box: the value"
    names = (
        f"{name} " + ("multiplier m, and at the inputs m·Δ" if explains_differences(rules) else "slope")
        for name, rules in tables.items()
    )
    return [Line(text, NOTE, color) for text, color in zip([forward, *names], [FORWARD, *colors(tables)], strict=True)]


def draw_diagram(
    cards: list[Card], column: list[int], edges: list[tuple[int, int]], notes: list[Line], title: str | None
) -> Figure:
    """The figure, as large as its content."""
    y, routes = layout_graph(column, edges, [(c.up, c.down) for c in cards], GAP)
    sides = column_sides(cards, column, routes, y)
    across = max(sides[-1][1] + MARGIN, max(note.width for note in notes) + 2 * MARGIN + MARK, NARROWEST)
    shift = (across - sides[-1][1] - MARGIN) / 2
    sides = [(left + shift, right + shift) for left, right in sides]
    heading = Line(title or "", TITLE, bold=True).wrap(across - 2 * MARGIN)
    rows = flow_notes(notes, across - 2 * MARGIN)

    reach = [(c.up, c.down) for c in cards] + [(0.0, 0.0)] * (len(y) - len(cards))
    top = MARGIN + stack_height(heading) + 0.12 * bool(heading)
    down = top - min(v - up for v, (up, _) in zip(y, reach, strict=True))
    y = [v + down for v in y]
    bottom = max(v + below for v, (_, below) in zip(y, reach, strict=True)) + 0.2

    figure, page = blank_page(across, bottom + sum(row[0].height for row in rows) + MARGIN - 0.1)
    write(page, across / 2, MARGIN - 0.05, heading)
    for i, c in enumerate(cards):
        draw_card(page, c, sides[column[i]], y[i])
    for path in edge_paths(cards, column, routes, y, sides):
        arrow = FancyArrowPatch(path=path, arrowstyle="-|>", mutation_scale=9, shrinkA=0, shrinkB=0)
        arrow.set(color=EDGE, linewidth=1.2)
        page.add_patch(arrow)
    draw_legend(page, rows, bottom)
    return figure


def column_sides(cards: list[Card], column: list[int], routes: list[Route], y: list[float]) -> list[Side]:
    """Where each column begins and ends; the steeper the edges between two columns, the wider the gap."""
    steepest = [0.0] * (max(column) + 1)
    for route in routes:
        for c, (a, b) in enumerate(pairwise(route), column[route[0]]):
            steepest[c] = max(steepest[c], abs(y[a] - y[b]))
    sides, left = [], MARGIN
    for c, steep in enumerate(steepest):
        sides.append((left, left + max(card.width for card, where in zip(cards, column, strict=True) if where == c)))
        left = sides[-1][1] + min(0.42 + 0.2 * steep, 1.3)
    return sides


def draw_card(page: Axes, c: Card, side: Side, y: float) -> None:
    left, right = side
    box = FancyBboxPatch((left, y - c.up), right - left, 2 * c.up, boxstyle="round,pad=0,rounding_size=0.07")
    box.set(facecolor=c.fill, edgecolor=FRAME, linewidth=c.border)
    page.add_patch(box)
    write(page, (left + right) / 2, y - c.up + PADDING / 2, c.inside)
    write(page, (left + right) / 2, y + c.up + BENEATH, c.beneath)


def edge_paths(
    cards: list[Card], column: list[int], routes: list[Route], y: list[float], sides: list[Side]
) -> list[Path]:
    """Each route as one curve, level where it passes a column, bent only between columns."""
    starts = ports([(route[0], y[route[1]]) for route in routes], cards, y)
    ends = ports([(route[-1], y[route[-2]]) for route in routes], cards, y)
    paths = []
    for route, start, end in zip(routes, starts, ends, strict=True):
        first, heights = column[route[0]], [start, *(y[lane] for lane in route[1:-1]), end]
        points = [(sides[first][1], start)]
        for c, (a, b) in enumerate(pairwise(heights), first):
            (_, left), (right, far) = sides[c], sides[c + 1]
            points += [((left + right) / 2, a), ((left + right) / 2, b), (right, b), (far, b)]
        codes = [Path.MOVETO, *[Path.CURVE4, Path.CURVE4, Path.CURVE4, Path.LINETO] * (len(heights) - 1)]
        paths.append(Path(points[:-1], codes[:-1]))  # the last bend ends at the box
    return paths


def ports(ends: list[tuple[int, float]], cards: list[Card], y: list[float]) -> list[float]:
    """Where each edge touches its node's box: side by side, in the order of where they come from or go to."""
    heights = [0.0] * len(ends)
    for node in {node for node, _ in ends}:
        mine = sorted((e for e, (n, _) in enumerate(ends) if n == node), key=lambda e: ends[e][1])
        apart = min(PORT, 1.6 * cards[node].up / len(mine))
        for i, e in enumerate(mine):
            heights[e] = y[node] + (i - (len(mine) - 1) / 2) * apart
    return heights


def flow_notes(notes: list[Line], limit: float) -> list[list[Line]]:
    """The notes in rows, as many side by side as there is room for."""
    rows: list[list[Line]] = [[]]
    for note in notes:
        if rows[-1] and sum(n.width + MARK + APART for n in rows[-1]) + note.width + MARK > limit:
            rows.append([])
        rows[-1].append(note)
    return rows


def draw_legend(page: Axes, rows: list[list[Line]], top: float) -> None:
    for i, row in enumerate(rows):
        x = MARGIN
        for note in row:
            write(page, x, top + i * note.height, [replace(note, text="■")], "left")
            write(page, x + MARK, top + i * note.height, [note], "left")
            x += note.width + MARK + APART

"""A small graph as the papers draw it: forward values in the boxes, multipliers beneath them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, pairwise
from typing import NamedTuple, TypeAlias

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path

from minixai.arrays import Array
from minixai.graph import Node, Rules, backward
from minixai.ops.kinds import Elementwise
from minixai.plots.labels import node_label
from minixai.plots.layout import Route, layout_graph
from minixai.plots.text import TITLE_SIZE, Line, blank_page, short_numbers, text_width, total_height, write_lines
from minixai.rules import GRADIENT, RESCALE, rescale

FORWARD, EDGE, FRAME = "#1b7a3d", "#8a8f98", "#4a5058"
COLORS = {"gradient": "#c0272d", "DeepLIFT": "#1a5fb4"}
FURTHER = ("#7d3c98", "#a85b00", "#00787a", "#b0307f", "#5a5a5a", "#7a6a00")
LABEL_SIZE, NUMBER_SIZE, LEGEND_SIZE = 11.0, 10.0, 9.0  # points
MARGIN, PADDING, SPACE_BELOW_BOX, CARD_GAP, PORT_DISTANCE = 0.25, 0.12, 0.04, 0.22, 0.11  # inches
LEGEND_MARK, LEGEND_GAP, NARROWEST = 0.17, 0.28, 3.0  # inches
LONGEST_LINE = 1.3  # inches; a longer line is broken
MAX_NODES, MAX_EDGES, MAX_ENTRIES = 40, 100, 100

XInterval: TypeAlias = tuple[float, float]  # the left and the right side of a column, in inches


class Walk(NamedTuple):
    """The multiplier of every node by one table of rules, and the colour in which they are written."""

    multipliers: Mapping[Node, Array]
    rules: Rules
    color: str


@dataclass(frozen=True)
class Card:
    """A node as it is drawn: lines in a box, whose centre is the y of the card, and lines beneath the box."""

    inside: list[Line]
    beneath: list[Line]
    border_width: float
    fill_color: str

    @property
    def width(self) -> float:
        """The width of the box in inches; the lines beneath fit it as well."""
        return max(line.width for line in self.inside + self.beneath) + 2 * PADDING

    @property
    def extent_above(self) -> float:
        """How far the card reaches above its y: half the height of the box."""
        return (total_height(self.inside) + PADDING) / 2

    @property
    def extent_below(self) -> float:
        """How far the card reaches below its y: half the box and the lines beneath it."""
        return self.extent_above + total_height(self.beneath) + SPACE_BELOW_BOX * bool(self.beneath)


def graph(output: Node, tables: Mapping[str, Rules] | None = None, *, title: str | None = None) -> Figure:
    """Draw a small graph: forward values in the boxes, multipliers beneath them.

    Inputs stand on the left, `output` on the right, each node in the column of its depth.  A
    box shows the node's operation and reference → value (the value alone if the two are equal).
    Beneath the box stands a line for each table, with the multiplier that the backward pass gives
    to the node.  At the inputs, tables that explain differences also show the contribution m·Δ.

    Parameters
    ----------
    output : Node
        The last node of the graph.
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
    nodes = nodes_in_reading_order(output)
    check_graph_size(nodes)
    tables = default_tables(nodes) if tables is None else tables
    walks = [
        Walk(backward(output, rules), rules, color)
        for rules, color in zip(tables.values(), table_colors(tables), strict=True)
    ]
    cards = [make_card(node, walks, is_output=node is output) for node in nodes]
    edges = [(nodes.index(x), j) for j, node in enumerate(nodes) for x in node.sources]
    return draw_diagram(cards, [node.depth for node in nodes], edges, legend_lines(nodes, tables), title)


def nodes_in_reading_order(output: Node) -> list[Node]:
    """The nodes of the graph of `output` as the expression reads, operands before results, from left to right.

    The search stops at one node more than a diagram may have.
    """
    found: dict[Node, None] = {}
    stack = [output]
    while stack and len(found) <= MAX_NODES:
        waiting = [x for x in stack[-1].sources if x not in found]
        if waiting:
            stack.append(waiting[0])
        else:
            found[stack.pop()] = None
    return list(found)


def check_graph_size(nodes: list[Node]) -> None:
    """Raise ValueError for a graph with too many nodes, edges or values to read."""
    if len(nodes) > MAX_NODES:
        raise ValueError(
            f"the graph has more than {MAX_NODES} nodes, too many to read: draw a part of it, such as the graph of "
            "one of its nodes"
        )
    if (edges := sum(len(node.sources) for node in nodes)) > MAX_EDGES:
        raise ValueError(f"the graph has {edges} edges, too many to follow (at most {MAX_EDGES}): draw a part of it")
    largest = max(nodes, key=lambda node: node.value.size)
    if largest.value.size > MAX_ENTRIES:
        raise ValueError(
            f"{largest!r} holds {largest.value.size} values, too many to print (at most {MAX_ENTRIES}): this draws toy "
            "graphs, plots.show draws images"
        )


def default_tables(nodes: list[Node]) -> dict[str, Rules]:
    """The gradient and, if any node differs from its reference, DeepLIFT."""
    moved = any(np.any(node.delta) for node in nodes)
    return {"gradient": GRADIENT, "DeepLIFT": RESCALE} if moved else {"gradient": GRADIENT}


def table_colors(tables: Mapping[str, Rules]) -> list[str]:
    """A colour for each table: red for the gradient, blue for DeepLIFT, others in turn."""
    further = cycle(FURTHER)
    return [COLORS.get(name) or next(further) for name in tables]


def make_card(node: Node, walks: Sequence[Walk], is_output: bool) -> Card:
    """The card of a node: its label and value in the box, a multiplier for each walk beneath."""
    beneath: list[Line] = []
    for multipliers, rules, color in walks:
        m = multipliers[node]
        beneath.append(Line(short_numbers(m), NUMBER_SIZE, color))
        if node.op is None and explains_differences(rules):
            beneath.append(Line(f"m·Δ = {short_numbers(m * node.delta)}", NUMBER_SIZE, color))
    label = [Line(text, LABEL_SIZE, bold=True) for text in break_after(node_label(node), " = ", LABEL_SIZE)]
    value = [Line(text, NUMBER_SIZE, FORWARD) for text in break_after(value_text(node), " → ", NUMBER_SIZE)]
    return Card(label + value, beneath, 2.0 if is_output else 1.0, "#eef1f4" if node.op is None else "white")


def explains_differences(rules: Rules) -> bool:
    """Whether m·Δ is a contribution: the table multiplies by Δy/Δx, not by a derivative."""
    return rules.get(Elementwise) is rescale


def number_beneath(rules: Rules) -> str:
    """What a table writes beneath the boxes; only the gradient's multipliers are slopes.

    >>> number_beneath(GRADIENT), number_beneath({})
    ('slope', 'multiplier m')
    """
    if explains_differences(rules):
        return "multiplier m, and at the inputs m·Δ"
    return "slope" if rules is GRADIENT else "multiplier m"


def value_text(node: Node) -> str:
    """The value at the baseline → the value now, or the value alone if the two are equal."""
    if not np.any(node.delta) or short_numbers(node.value).startswith("array"):
        return short_numbers(node.value)
    return f"{short_numbers(node.reference)} → {short_numbers(node.value)}"


def break_after(text: str, sign: str, font_size: float) -> list[str]:
    """The text on one line if it is short, else on two, broken after the sign."""
    before, found, after = text.partition(sign)
    return [before + found.rstrip(), after] if found and text_width(text, font_size) > LONGEST_LINE else [text]


def legend_lines(nodes: list[Node], tables: Mapping[str, Rules]) -> list[Line]:
    """What the numbers of each colour are: the values in the boxes, and the multipliers of each table."""
    moved = any("→" in value_text(node) for node in nodes)
    forward = "in the box: at the baseline → now" if moved else "in the box: the value"
    names = (f"{name}: {number_beneath(rules)}" for name, rules in tables.items())
    return [
        Line(text, LEGEND_SIZE, color)
        for text, color in zip([forward, *names], [FORWARD, *table_colors(tables)], strict=True)
    ]


def draw_diagram(
    cards: list[Card], columns: list[int], edges: list[tuple[int, int]], legend: list[Line], title: str | None
) -> Figure:
    """Draw the cards, card i in column columns[i], and the edges between them, on a figure as large as its content."""
    y, routes = layout_graph(columns, edges, [(card.extent_above, card.extent_below) for card in cards], CARD_GAP)
    sides = column_sides(cards, columns, routes, y)
    right = sides[-1][1] + MARGIN
    width = max(right, max(line.width for line in legend) + 2 * MARGIN + LEGEND_MARK, NARROWEST)
    sides = [(start + (width - right) / 2, end + (width - right) / 2) for start, end in sides]
    heading = Line(title or "", TITLE_SIZE, bold=True).wrap(width - 2 * MARGIN)
    legend_rows = wrap_legend(legend, width - 2 * MARGIN)

    extents = [(card.extent_above, card.extent_below) for card in cards] + [(0.0, 0.0)] * (len(y) - len(cards))
    top = MARGIN + total_height(heading) + 0.12 * bool(heading)
    shift = top - min(v - above for v, (above, _) in zip(y, extents, strict=True))
    y = [v + shift for v in y]
    bottom = max(v + below for v, (_, below) in zip(y, extents, strict=True)) + 0.2

    figure, page = blank_page(width, bottom + sum(row[0].height for row in legend_rows) + MARGIN - 0.1)
    write_lines(page, width / 2, MARGIN - 0.05, heading)
    for i, card in enumerate(cards):
        draw_card(page, card, sides[columns[i]], y[i])
    for path in edge_paths(cards, columns, routes, y, sides):
        arrow = FancyArrowPatch(path=path, arrowstyle="-|>", mutation_scale=9, shrinkA=0, shrinkB=0)
        arrow.set(color=EDGE, linewidth=1.2)
        page.add_patch(arrow)
    draw_legend(page, legend_rows, bottom)
    return figure


def column_sides(cards: list[Card], columns: list[int], routes: list[Route], y: list[float]) -> list[XInterval]:
    """The left and the right side of each column; the steeper the edges between two columns, the wider the gap."""
    steepest = [0.0] * (max(columns) + 1)
    for route in routes:
        for c, (a, b) in enumerate(pairwise(route), columns[route[0]]):
            steepest[c] = max(steepest[c], abs(y[a] - y[b]))
    sides, left = [], MARGIN
    for c, steep in enumerate(steepest):
        right = left + max(card.width for card, column in zip(cards, columns, strict=True) if column == c)
        sides.append((left, right))
        left = right + min(0.42 + 0.2 * steep, 1.3)
    return sides


def draw_card(page: Axes, card: Card, x_interval: XInterval, y: float) -> None:
    """Draw a card: its box spans the interval and is centred at y."""
    left, right = x_interval
    top, height = y - card.extent_above, 2 * card.extent_above
    box = FancyBboxPatch((left, top), right - left, height, boxstyle="round,pad=0,rounding_size=0.07")
    box.set(facecolor=card.fill_color, edgecolor=FRAME, linewidth=card.border_width)
    page.add_patch(box)
    write_lines(page, (left + right) / 2, top + PADDING / 2, card.inside)
    write_lines(page, (left + right) / 2, top + height + SPACE_BELOW_BOX, card.beneath)


def edge_paths(
    cards: list[Card], columns: list[int], routes: list[Route], y: list[float], sides: list[XInterval]
) -> list[Path]:
    """Each route as one curve, level where it passes a column, bent only between columns."""
    starts = port_heights([(route[0], y[route[1]]) for route in routes], cards, y)
    ends = port_heights([(route[-1], y[route[-2]]) for route in routes], cards, y)
    paths = []
    for route, start, end in zip(routes, starts, ends, strict=True):
        first, heights = columns[route[0]], [start, *(y[lane] for lane in route[1:-1]), end]
        points = [(sides[first][1], start)]
        for c, (a, b) in enumerate(pairwise(heights), first):
            (_, left), (right, far) = sides[c], sides[c + 1]
            points += [((left + right) / 2, a), ((left + right) / 2, b), (right, b), (far, b)]
        codes = [Path.MOVETO, *[Path.CURVE4, Path.CURVE4, Path.CURVE4, Path.LINETO] * (len(heights) - 1)]
        paths.append(Path(points[:-1], codes[:-1]))  # the last bend ends at the box
    return paths


def port_heights(ends: list[tuple[int, float]], cards: list[Card], y: list[float]) -> list[float]:
    """The y at which each edge touches the box of its node, in the order in which the edges come or go.

    ends   of each edge the node, and the y of the next item on its route
    """
    heights = [0.0] * len(ends)
    for node in {node for node, _ in ends}:
        edges = sorted((e for e, (n, _) in enumerate(ends) if n == node), key=lambda e: ends[e][1])
        distance = min(PORT_DISTANCE, 1.6 * cards[node].extent_above / len(edges))
        for i, e in enumerate(edges):
            heights[e] = y[node] + (i - (len(edges) - 1) / 2) * distance
    return heights


def wrap_legend(lines: list[Line], max_width: float) -> list[list[Line]]:
    """The lines of the legend in rows, as many side by side as fit the width."""
    rows: list[list[Line]] = [[]]
    for line in lines:
        taken = sum(each.width + LEGEND_MARK + LEGEND_GAP for each in rows[-1])
        if rows[-1] and taken + line.width + LEGEND_MARK > max_width:
            rows.append([])
        rows[-1].append(line)
    return rows


def draw_legend(page: Axes, rows: list[list[Line]], top: float) -> None:
    """Write the rows of the legend, each line after a square of its colour."""
    for i, row in enumerate(rows):
        x = MARGIN
        for line in row:
            write_lines(page, x, top + i * line.height, [replace(line, text="■")], "left")
            write_lines(page, x + LEGEND_MARK, top + i * line.height, [line], "left")
            x += line.width + LEGEND_MARK + LEGEND_GAP

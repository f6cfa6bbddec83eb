"""The layout of a graph: nodes in columns, few crossings, and lanes for the edges that pass a column.

Items are numbered: first the nodes, then the lanes.  A lane is where an edge passes a column.  A route is an edge as
the items it visits, one in each column; a link is one step of it.  y grows downwards.
(Sugiyama, Tagawa & Toda 1981; the heights are a least-squares problem, Gansner et al. 1993)
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from scipy import sparse
from scipy.optimize import isotonic_regression, linprog

from minixai.arrays import Array

Link: TypeAlias = tuple[int, int]
Columns: TypeAlias = list[list[int]]  # the items of each column, from top to bottom
Route: TypeAlias = list[int]
Extent: TypeAlias = tuple[float, float]  # how far an item reaches above and below its y

SWEEPS = 24
ROUNDS = 40
LANE_WEIGHT = 6.0  # weight of a bend between two lanes in the least squares; that of one at a node is 1
BEND_COST = (2.0, 0.1, 1.0)  # for an inch of bend at a link with 0, 1, 2 lanes
SHIFT_COST = (2.0, 0.02)  # for moving a node, and a lane, by an inch


class Layout(NamedTuple):
    """The y of every item, and the route of every edge."""

    y: list[float]
    routes: list[Route]


def layout_graph(node_columns: Sequence[int], edges: Sequence[Link], extents: Sequence[Extent], gap: float) -> Layout:
    """Lay out the nodes and edges (a, b) of a graph.

    Node i stands in column node_columns[i] and reaches extents[i] above and below its y; two items of a
    column stay `gap` apart.
    """
    nodes = len(node_columns)
    item_columns, routes = route_edges(node_columns, edges)
    reach = [*extents, *[(0.0, 0.0)] * (len(item_columns) - nodes)]
    links = [link for route in routes for link in pairwise(route)]
    columns: Columns = [[] for _ in range(max(item_columns) + 1)]
    for item, c in enumerate(item_columns):
        columns[c].append(item)
    columns = order_columns(columns, links)
    distances = [[reach[a][1] + gap + reach[b][0] for a, b in pairwise(column)] for column in columns]
    y = least_squares_heights(columns, links, distances, nodes)
    return Layout(straighten(y, columns, links, distances, nodes).tolist(), routes)


def route_edges(node_columns: Sequence[int], edges: Iterable[Link]) -> tuple[list[int], list[Route]]:
    """The column of every item, and the route of every edge, with a lane in each column that the edge passes.

    >>> route_edges([0, 1, 3], [(0, 1), (0, 2)])
    ([0, 1, 3, 1, 2], [[0, 1], [0, 3, 4, 2]])
    """
    item_columns, routes = list(node_columns), []
    for a, b in edges:
        passed = range(node_columns[a] + 1, node_columns[b])
        routes.append([a, *range(len(item_columns), len(item_columns) + len(passed)), b])
        item_columns.extend(passed)
    return item_columns, routes


def order_columns(columns: Columns, links: Sequence[Link]) -> Columns:
    """Sort each column for few crossings: sweeps forth and back by the mean position of the neighbours.

    >>> order_columns([[0, 1], [2, 3]], [(0, 3), (1, 2)])
    [[0, 1], [3, 2]]
    """
    neighbours = find_neighbours(links)
    best, fewest = columns, count_crossings(columns, neighbours)
    for sweep in range(SWEEPS):
        forth = sweep % 2 == 0
        columns = sweep_columns(columns, neighbours) if forth else sweep_columns(columns[::-1], neighbours)[::-1]
        if (n := count_crossings(columns, neighbours)) < fewest:
            best, fewest = columns, n
    return best


def sweep_columns(columns: Columns, neighbours: Mapping[int, Sequence[int]]) -> Columns:
    """Sort each column but the first by the mean position of the neighbours in the column before."""
    done = columns[:1]
    for column in columns[1:]:
        position = {item: i for i, item in enumerate(done[-1])}
        mean = {item: np.mean([position[x] for x in neighbours[item] if x in position]) for item in column}
        done.append(sorted(column, key=mean.__getitem__))
    return done


def count_crossings(columns: Columns, neighbours: Mapping[int, Sequence[int]]) -> int:
    """The number of pairs of links that cross.

    >>> count_crossings([[0, 1], [2, 3]], find_neighbours([(0, 3), (1, 2)]))
    1
    """
    count = 0
    for before, after in pairwise(columns):
        position = {item: i for i, item in enumerate(after)}
        ends = np.array([(i, position[x]) for i, item in enumerate(before) for x in neighbours[item] if x in position])
        apart = ends[:, None] - ends
        count += int(np.sum(apart[..., 0] * apart[..., 1] < 0)) // 2
    return count


def least_squares_heights(
    columns: Columns, links: Sequence[Link], distances: Sequence[Sequence[float]], nodes: int
) -> Array:
    """The y of every item that makes the links as level as possible, in the least-squares sense.

    distances   the least distance from each item of a column to the next
    """
    neighbours = find_neighbours(links)
    weights = {a: [LANE_WEIGHT if min(a, b) >= nodes else 1.0 for b in bs] for a, bs in neighbours.items()}
    y = np.zeros(sum(map(len, columns)))
    forth = range(len(columns)) if links else []
    for i in [*forth, *reversed(forth)] * ROUNDS:
        wanted = [np.average(y[neighbours[item]], weights=weights[item]) for item in columns[i]]
        y[columns[i]] = space_items(wanted, [sum(weights[item]) for item in columns[i]], distances[i])
    return y


def straighten(
    y: Array, columns: Columns, links: Sequence[Link], distances: Sequence[Sequence[float]], nodes: int
) -> Array:
    """Move the items so that few links bend and the nodes hardly move.

    minimise  Σ c |y_a − y_b| + Σ s |y_i − before_i|,  a linear program in y and in t ≥ | |, one for each term.
    Without this step the lanes of a long edge go up and down from column to column.
    """
    n, terms = len(y), len(links) + len(y)
    values = sparse.vstack([difference_matrix(links, n), sparse.eye_array(n)])  # what | | is taken of, but for before
    order = difference_matrix([pair for column in columns for pair in pairwise(column)], n)
    t = sparse.eye_array(terms)
    rows = [(values, -t), (-values, -t), (order, sparse.coo_array((order.shape[0], terms)))]
    before = np.concatenate([np.zeros(len(links)), y])
    upper = np.concatenate([before, -before, -np.array([d for column in distances for d in column])])
    cost = [0.0] * n + [BEND_COST[(a >= nodes) + (b >= nodes)] for a, b in links]
    cost += [SHIFT_COST[i >= nodes] for i in range(n)]
    limits: Any = sparse.vstack([sparse.hstack(row) for row in rows])  # Any: scipy's types know no sparse limits
    found = linprog(cost, limits, upper, bounds=(None, None)).x
    return y if found is None else np.asarray(found)[:n]


def difference_matrix(pairs: Sequence[Link], n: int) -> sparse.coo_array:
    """The matrix (pairs, n) that takes y to y_a − y_b, a row for each pair."""
    rows = np.arange(len(pairs))
    first, second = np.reshape(pairs, (-1, 2)).astype(int).T
    signs = np.repeat([1.0, -1.0], len(pairs))
    return sparse.coo_array((signs, (np.tile(rows, 2), np.concatenate([first, second]))), shape=(len(pairs), n))


def space_items(wanted: Sequence[float], weights: Sequence[float], distances: Sequence[float]) -> Array:
    """The heights closest to those wanted, in the weighted least-squares sense, that keep the order and the distances.

    >>> space_items([0.0, 0.0], [1.0, 1.0], [2.0])
    array([-1.,  1.])
    """
    offset = np.cumsum([0.0, *distances])
    return np.asarray(isotonic_regression(np.asarray(wanted) - offset, weights=weights).x + offset)


def find_neighbours(links: Iterable[Link]) -> dict[int, list[int]]:
    """The items that each item is linked to, in the columns before and after it."""
    neighbours: dict[int, list[int]] = {}
    for a, b in links:
        neighbours.setdefault(a, []).append(b)
        neighbours.setdefault(b, []).append(a)
    return neighbours

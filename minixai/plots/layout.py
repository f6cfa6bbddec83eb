"""Where the nodes of a graph stand: in columns, with few crossings, and lanes for the edges that pass a column.

Items are numbered: first the nodes, then the lanes.  A route is an edge as the
items it visits, one in each column; a link is one step of it.  y grows downwards.
(Sugiyama, Tagawa & Toda 1981; the heights are a least-squares problem, Gansner et al. 1993)
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, isotonic_regression, milp

from minixai.arrays import Array

Link: TypeAlias = tuple[int, int]
Columns: TypeAlias = list[list[int]]
Route: TypeAlias = list[int]
Extent: TypeAlias = tuple[float, float]  # how far an item reaches above and below its y

SWEEPS = 24
ROUNDS = 40
STRAIGHT = 6.0  # how much more a bend between two lanes weighs than one at a node
BEND = (2.0, 0.1, 1.0)  # what an inch of bend costs at a link with 0, 1, 2 lanes
SHIFT = (2.0, 0.02)  # what it costs to move a node, and a lane, by an inch


def layout_graph(
    column: Sequence[int], edges: Sequence[Link], extents: Sequence[Extent], gap: float
) -> tuple[list[float], list[Route]]:
    """The y of every item and the route of every edge (a, b).

    Node i stands in column[i] and reaches extents[i] above and below its y; two items of a
    column stay `gap` apart.
    """
    where, routes = route_edges(column, edges)
    reach = [*extents, *[(0.0, 0.0)] * (len(where) - len(column))]
    links = [link for route in routes for link in pairwise(route)]
    given: Columns = [[] for _ in range(max(where) + 1)]
    for item, c in enumerate(where):
        given[c].append(item)
    columns = order_columns(given, links)
    apart = [[reach[a][1] + gap + reach[b][0] for a, b in pairwise(c)] for c in columns]
    y = level_items(columns, links, apart, len(column))
    return straighten(y, columns, links, apart, len(column)).tolist(), routes


def route_edges(column: Sequence[int], edges: Iterable[Link]) -> tuple[list[int], list[Route]]:
    """The column of every item, and for every edge its route.

    >>> route_edges([0, 1, 3], [(0, 1), (0, 2)])
    ([0, 1, 3, 1, 2], [[0, 1], [0, 3, 4, 2]])
    """
    where, routes = list(column), []
    for a, b in edges:
        passed = range(column[a] + 1, column[b])
        routes.append([a, *range(len(where), len(where) + len(passed)), b])
        where.extend(passed)
    return where, routes


def order_columns(columns: Columns, links: Sequence[Link]) -> Columns:
    """The columns sorted for few crossings: sweeps forth and back by the mean position of the neighbours.

    >>> order_columns([[0, 1], [2, 3]], [(0, 3), (1, 2)])
    [[0, 1], [3, 2]]
    """
    around = neighbours(links)
    best, fewest = columns, crossings(columns, around)
    for sweep in range(SWEEPS):
        columns = sweep_columns(columns, around) if sweep % 2 == 0 else sweep_columns(columns[::-1], around)[::-1]
        if (n := crossings(columns, around)) < fewest:
            best, fewest = columns, n
    return best


def sweep_columns(columns: Columns, around: Mapping[int, Sequence[int]]) -> Columns:
    """Each column but the first sorted by the mean position of its neighbours in the column before."""
    done = columns[:1]
    for column in columns[1:]:
        position = {item: i for i, item in enumerate(done[-1])}
        mean = {item: np.mean([position[x] for x in around[item] if x in position]) for item in column}
        done.append(sorted(column, key=mean.__getitem__))
    return done


def crossings(columns: Columns, around: Mapping[int, Sequence[int]]) -> int:
    """How many pairs of links cross.

    >>> crossings([[0, 1], [2, 3]], neighbours([(0, 3), (1, 2)]))
    1
    """
    count = 0
    for before, after in pairwise(columns):
        position = {item: i for i, item in enumerate(after)}
        ends = np.array([(i, position[x]) for i, item in enumerate(before) for x in around[item] if x in position])
        apart = ends[:, None] - ends
        count += int(np.sum(apart[..., 0] * apart[..., 1] < 0)) // 2
    return count


def level_items(columns: Columns, links: Sequence[Link], apart: Sequence[Sequence[float]], nodes: int) -> Array:
    """The y of every item: links as level as the order and the room between items allow, least squares."""
    around = neighbours(links)
    weights = {a: [STRAIGHT if min(a, b) >= nodes else 1.0 for b in bs] for a, bs in around.items()}
    y = np.zeros(sum(map(len, columns)))
    forth = range(len(columns)) if links else []
    for i in [*forth, *reversed(forth)] * ROUNDS:
        wish = [np.average(y[around[item]], weights=weights[item]) for item in columns[i]]
        y[columns[i]] = space_items(wish, [sum(weights[item]) for item in columns[i]], apart[i])
    return y


def straighten(
    y: Array, columns: Columns, links: Sequence[Link], apart: Sequence[Sequence[float]], nodes: int
) -> Array:
    """The same with few bends: their sum as small as it gets while the nodes hardly move.

    minimise  Σ w |y_a − y_b| + Σ c |y_i − before_i|,  a linear program in y and both kinds of | |.
    """
    n, k = len(y), len(links)
    bend, still = differences(links, n), sparse.eye_array(n)
    order = differences([pair for column in columns for pair in pairwise(column)], n)
    moves, sizes = sparse.vstack([bend, still]), sparse.eye_array(k + n)
    parts = [(moves, -sizes), (-moves, -sizes), (order, sparse.coo_array((order.shape[0], k + n)))]
    limits = sparse.vstack([sparse.hstack(part) for part in parts])
    moved = np.concatenate([np.zeros(k), y])
    most = np.concatenate([moved, -moved, -np.array([d for column in apart for d in column])])
    cost = [0.0] * n + [BEND[(a >= nodes) + (b >= nodes)] for a, b in links] + [SHIFT[i >= nodes] for i in range(n)]
    found = milp(cost, bounds=Bounds(), constraints=LinearConstraint(limits, ub=most)).x
    return y if found is None else np.asarray(found)[:n]


def differences(pairs: Sequence[Link], n: int) -> sparse.coo_array:
    """The matrix that takes y to y_a − y_b, a row for each pair."""
    rows = np.arange(len(pairs))
    first, second = np.reshape(pairs, (-1, 2)).astype(int).T
    signs = np.repeat([1.0, -1.0], len(pairs))
    return sparse.coo_array((signs, (np.tile(rows, 2), np.concatenate([first, second]))), shape=(len(pairs), n))


def space_items(wish: Sequence[float], weights: Sequence[float], apart: Sequence[float]) -> Array:
    """The places closest to those wished for that keep their order and distances.

    >>> space_items([0.0, 0.0], [1.0, 1.0], [2.0])
    array([-1.,  1.])
    """
    offset = np.cumsum([0.0, *apart])
    return np.asarray(isotonic_regression(np.asarray(wish) - offset, weights=weights).x + offset)


def neighbours(links: Iterable[Link]) -> dict[int, list[int]]:
    """What each item is linked to, on both sides."""
    around: dict[int, list[int]] = {}
    for a, b in links:
        around.setdefault(a, []).append(b)
        around.setdefault(b, []).append(a)
    return around

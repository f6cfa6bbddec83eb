"""The Shapley value: what each player of a game adds, averaged over all orders in which they might arrive."""

from __future__ import annotations

from collections.abc import Callable
from math import comb
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from minixai.arrays import Array
from minixai.methods.moments import Moments
from minixai.model import batches
from minixai.signatures import check_arguments
from minixai.validate import MOST_SAMPLES, WHY_NO_MORE, as_count, as_random_seed, as_real, check_finite

MOST = 2**20
"""The largest number of rows that exact values may take."""
AT_ONCE, ENTRIES = 2**12, 2**22
"""Coalitions played at once: so many, but not so many that they have more entries than this."""

Value: TypeAlias = Callable[[npt.NDArray[np.bool_]], npt.ArrayLike]


class Shares(NamedTuple):
    """What each player of a game is worth; `np.asarray` gives the values.

    Attributes
    ----------
    values : ndarray, (players,) or (players, K)
        The Shapley values; K numbers each if the game has K outcomes.
    score : ndarray, () or (K,)
        v(all), what all players reach together.
    reference_score : ndarray, () or (K,)
        v(∅), what is reached without players.
    standard_error : ndarray or None
        The standard error of sampled values, in their shape; None if they are exact.

    Examples
    --------
    >>> shapley(lambda coalitions: coalitions.all(axis=1), 2).gap
    array(0.)
    """

    values: Array
    score: Array
    reference_score: Array
    standard_error: Array | None

    @property
    def gap(self) -> Array:
        """Σφ − (v(all) − v(∅)), which is rounding."""
        return np.asarray(self.values.sum(axis=0) - (self.score - self.reference_score))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(self.values, dtype) if copy else np.asarray(self.values, dtype)


def shapley(value: Value, players: int, permutations: int | None = None, seed: int = 0) -> Shares:
    """Shapley values of any game, φ_i = Σ_{S∌i} |S|! (n − |S| − 1)! / n! · (v(S + i) − v(S)).

    Parameters
    ----------
    value : callable
        v: takes coalitions as boolean rows (B, players), and returns a number for each, (B,) or (B, K).
    players : int
        n, how many players there are.
    permutations : int, optional
        How many random orders to average over, at least 2: φ_i is then the mean of what i adds when it arrives.  By
        default the values are exact, from all 2ⁿ coalitions.
    seed : int, default 0
        The seed of the orders.

    Returns
    -------
    Shares
        `values` (players,) or (players, K), with Σφ = v(all) − v(∅), and their standard error if they are sampled.

    Raises
    ------
    ValueError
        If there are more than 2²⁰ coalitions, and if v does not return a finite number for each.

    References
    ----------
    Shapley (1953), A value for n-person games.

    Examples
    --------
    >>> shapley(lambda coalitions: np.where(coalitions, [5, 4, 0], 0).max(axis=1), 3).values
    array([3., 2., 0.])
    """
    check_arguments(shapley, {"value": value})
    return play(value, *validate_game(players, permutations, seed))


def validate_game(players: int, permutations: int | None, seed: int, each: int = 1) -> tuple[int, int | None, int]:
    """(n, permutations, seed), if such a game can be played with `each` rows for a coalition; otherwise ValueError."""
    n, seed = as_count(players, "players"), as_random_seed(seed)
    if permutations is not None:
        return n, as_count(permutations, "permutations", 2, MOST_SAMPLES, WHY_NO_MORE), seed
    if n >= MOST.bit_length() or 2**n * each > MOST:
        rows = f"2^{n} coalitions" + (f" × {each} references" if each > 1 else "")
        raise ValueError(
            f"{n} players make {rows}, but an exact answer takes at most 2^20 = {MOST:,} rows: join players in "
            "groups, or sample orders, permutations=100"
        )
    return n, None, seed


def count_coalitions(n: int, permutations: int | None) -> int:
    """How many coalitions a game of n players evaluates."""
    return 2**n if permutations is None else permutations * (n + 1)


def play(value: Value, n: int, permutations: int | None, seed: int) -> Shares:
    """Play the game, some coalitions at a time, from the empty coalition to that of all players."""
    game = ExactGame(n) if permutations is None else SampledGame(n, permutations, seed)
    for part in batches(count_coalitions(n, permutations), max(1, min(AT_ONCE, ENTRIES // n)), 1):
        k = np.arange(part.start, part.stop)
        v = as_outcomes(value(game.coalitions(k)), len(k))
        if part.start == 0:
            empty = v[0]
        game.add(k, v)
    return Shares(game.values, v[-1], empty, game.standard_error)


def as_outcomes(v: npt.ArrayLike, rows: int) -> Array:
    """The outcomes v in float64, (B,) or (B, K).  Raises ValueError if they are not a number for each coalition."""
    array = as_real(v, "what value(coalitions) returned").astype(np.float64)
    if array.ndim not in (1, 2) or len(array) != rows:
        raise ValueError(
            f"value(coalitions) returned the shape {array.shape} for {rows} coalitions: it must be "
            f"a number for each, ({rows},), or ({rows}, K)"
        )
    return check_finite(array, "what value(coalitions) returned")


class ExactGame:
    """Exact values, from every coalition: what i adds to it, weighted by how many orders begin with it.

    The differences are taken before they are added up, so a player who adds nothing gets exactly 0.
    """

    standard_error = None

    def __init__(self, n: int) -> None:
        self.n = n
        self.outcomes: list[Array] = []

    def coalitions(self, k: Array) -> Array:
        """The k-th coalition has the players whose bits are set in k, so the first is empty and the last has all."""
        return np.asarray(k[:, None] >> np.arange(self.n) & 1 == 1)

    def add(self, k: Array, v: Array) -> None:
        """Take the outcomes of the coalitions k."""
        self.outcomes.append(v)

    @property
    def values(self) -> Array:
        """(players, ...)"""
        v, size = np.concatenate(self.outcomes), np.bitwise_count(np.arange(2**self.n))
        weights = np.array([1 / (self.n * comb(self.n - 1, s)) for s in range(self.n)])  # s! (n − s − 1)! / n!
        values = []
        for i in range(self.n):
            # (2ⁿ, ...) -> (players after i, without i or with, players before i, ...)
            pairs = v.reshape(-1, 2, 2**i, *v.shape[1:])
            before = size.reshape(-1, 2, 2**i)[:, 0]
            values.append(np.tensordot(weights[before], pairs[:, 1] - pairs[:, 0], 2))
        return np.stack(values)


class SampledGame:
    """Sampled values, from random orders of n + 1 coalitions each: what each player adds when it arrives.

    The p-th order depends on the seed and p alone.
    """

    def __init__(self, n: int, permutations: int, seed: int) -> None:
        self.n, self.permutations, self.seed = n, permutations, seed

    def orders(self, p: Array) -> Array:
        """The p-th orders, in which the players arrive: (B, n)"""
        numbers, inverse = np.unique(p, return_inverse=True)
        return np.stack([np.random.default_rng((self.seed, q)).permutation(self.n) for q in numbers])[inverse]

    def coalitions(self, k: Array) -> Array:
        """The k-th coalitions (B, n): the first k mod (n + 1) players of the order k // (n + 1)."""
        p, arrived = np.divmod(k, self.n + 1)
        return np.asarray(self.orders(p).argsort(axis=1) < arrived[:, None])

    def add(self, k: Array, v: Array) -> None:
        """Take the outcomes of the coalitions k."""
        p, arrived = np.divmod(k, self.n + 1)
        if k[0] == 0:
            self.moments, self.last = Moments((self.n, *v.shape[1:]), self.permutations), v[:1]
        gains = np.diff(v, axis=0, prepend=self.last)
        self.last = v[-1:]
        arrives = arrived > 0
        player = self.orders(p)[arrives, arrived[arrives] - 1]
        by_player = player.argsort(kind="stable")
        self.moments.add(player[by_player], p[arrives][by_player], gains[arrives][by_player])

    @property
    def values(self) -> Array:
        """(players, ...)"""
        return self.moments.mean

    @property
    def standard_error(self) -> Array:
        """(players, ...)"""
        return self.moments.standard_error

"""The Shapley value: what each player of a game is worth, over all orders in which they might arrive."""

from __future__ import annotations

from collections.abc import Callable
from math import comb
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from minixai.arrays import Array
from minixai.methods.moments import Moments
from minixai.model import batches
from minixai.validate import MOST_SAMPLES, WHY_NO_MORE, as_count, as_real, check_finite

MOST = 2**20
"""Rows that an exact answer may take."""
AT_ONCE, ENTRIES = 2**12, 2**22
"""Coalitions played at once: so many, but not so many that they have more entries than this."""

Value: TypeAlias = Callable[[npt.NDArray[np.bool_]], npt.ArrayLike]


class Shares(NamedTuple):
    """What each player is worth.  `np.asarray` gives the values.

    values             (players,), or (players, K) of a game with K numbers
    score              v(all): what all players reach together
    reference_score    v(∅): what nobody reaches
    standard_error     of sampled values, their shape; None where they are exact
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
    """φ_i = Σ_{S∌i} |S|! (n − |S| − 1)! / n! · (v(S + i) − v(S)), Σφ = v(all) − v(∅).  (Shapley 1953)

    value           v: takes coalitions, boolean rows (B, players), and returns a number for each, (B,) or (B, K)
    players         n: how many there are
    permutations    None is exact, by all 2ⁿ coalitions.  A number, at least 2, is a sample of so many orders: φ_i is
                    the mean of what i adds when it arrives, with its standard error
    seed            of the orders

    Raises ValueError if there are more than 2²⁰ coalitions, naming the remedy, and if v returns something else.

    >>> shapley(lambda coalitions: np.where(coalitions, [5, 4, 0], 0).max(axis=1), 3).values
    array([3., 2., 0.])
    """
    return play(value, *validate_game(players, permutations, seed))


def validate_game(players: int, permutations: int | None, seed: int, each: int = 1) -> tuple[int, int | None, int]:
    """The question, if it can be answered, where each coalition takes so many rows."""
    n, seed = as_count(players, "players"), as_count(seed, "seed", 0)
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
    """How many coalitions are played."""
    return 2**n if permutations is None else permutations * (n + 1)


def play(value: Value, n: int, permutations: int | None, seed: int) -> Shares:
    """The game, some coalitions at a time: from nobody to all."""
    game = ExactGame(n) if permutations is None else SampledGame(n, permutations, seed)
    for part in batches(count_coalitions(n, permutations), max(1, min(AT_ONCE, ENTRIES // n)), 1):
        k = np.arange(part.start, part.stop)
        v = as_outcomes(value(game.coalitions(k)), len(k))
        if part.start == 0:
            nobody = v[0]
        game.add(k, v)
    return Shares(game.values, v[-1], nobody, game.standard_error)


def as_outcomes(v: npt.ArrayLike, rows: int) -> Array:
    """What the players reached, in float64, if there is a number for each coalition."""
    array = as_real(v, "what value(coalitions) returned").astype(np.float64)
    if array.ndim not in (1, 2) or len(array) != rows:
        raise ValueError(
            f"value(coalitions) returned the shape {array.shape} for {rows} coalitions: it must be "
            f"a number for each, ({rows},), or ({rows}, K)"
        )
    return check_finite(array, "what value(coalitions) returned")


class ExactGame:
    """Every coalition: what i adds to those without it, weighted by the orders in which they come before i.

    Differences are taken one by one before they are added up: who adds nothing gets exactly 0.
    """

    standard_error = None

    def __init__(self, n: int) -> None:
        self.n = n
        self.outcomes: list[Array] = []

    def coalitions(self, k: Array) -> Array:
        """The k-th has the players whose bits are set in k: the first is nobody, the last is all."""
        return np.asarray(k[:, None] >> np.arange(self.n) & 1 == 1)

    def add(self, k: Array, v: Array) -> None:
        self.outcomes.append(v)

    @property
    def values(self) -> Array:
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
    """Orders of arrival, n + 1 coalitions each, from nobody to all: what each player adds when it arrives.

    The p-th order depends on the seed and p alone.
    """

    def __init__(self, n: int, permutations: int, seed: int) -> None:
        self.n, self.permutations, self.seed = n, permutations, seed

    def orders(self, p: Array) -> Array:
        """(B, n): who arrives when."""
        some, which = np.unique(p, return_inverse=True)
        return np.stack([np.random.default_rng((self.seed, q)).permutation(self.n) for q in some])[which]

    def coalitions(self, k: Array) -> Array:
        """Those who have arrived after k modulo n + 1 arrivals."""
        p, arrived = np.divmod(k, self.n + 1)
        return np.asarray(self.orders(p).argsort(axis=1) < arrived[:, None])

    def add(self, k: Array, v: Array) -> None:
        p, arrived = np.divmod(k, self.n + 1)
        if k[0] == 0:
            self.moments, self.last = Moments((self.n, *v.shape[1:]), self.permutations), v[:1]
        more = np.diff(v, axis=0, prepend=self.last)
        self.last = v[-1:]
        came = arrived > 0
        who = self.orders(p)[came, arrived[came] - 1]
        by_player = who.argsort(kind="stable")
        self.moments.add(who[by_player], p[came][by_player], more[came][by_player])

    @property
    def values(self) -> Array:
        return self.moments.mean

    @property
    def standard_error(self) -> Array:
        return self.moments.standard_error

"""Shapley values of a network: its inputs are the players, and a baseline takes the place of those who are absent."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from minixai.arrays import Array
from minixai.attribution import Attribution
from minixai.methods.background import background_endpoints
from minixai.methods.baselines import Baseline
from minixai.methods.call import Call
from minixai.methods.certificate import UNEQUAL, check_gap, find_cause
from minixai.methods.endpoints import Endpoints
from minixai.methods.groups import as_groups
from minixai.methods.passes import accumulate
from minixai.methods.registry import method
from minixai.methods.runs import endpoints
from minixai.methods.shapley import ENTRIES, Shares, count_coalitions, play, validate_game
from minixai.model import Network, batches
from minixai.progress import Progress


@method(
    "what is each input worth, over all orders in which they might be added?",
    "2ⁿ forward for n players, or n + 1 for each permutation",
    complete=True,
    baseline=True,
)
def shapley_values(
    model: Network,
    x: npt.ArrayLike,
    target: npt.ArrayLike | None = None,
    *,
    versus: npt.ArrayLike | None = None,
    baseline: Baseline = 0.0,
    background: npt.ArrayLike | None = None,
    players: npt.ArrayLike | None = None,
    permutations: int | None = None,
    seed: int = 0,
    output: str = "score",
    layer: str | int | None = None,
    batch: int | None = None,
) -> Attribution:
    """Shapley values, φ_i = Σ_{S∌i} |S|! (n − |S| − 1)! / n! · (v(S + i) − v(S)) with v(S) = f(x in S, x' elsewhere).

    Parameters
    ----------
    {model, x, target, versus, baseline}
    background : array_like, (R, ...), optional
        A set of references in place of the baseline: v(S) is the mean over them.
    players : array_like of int, optional
        A mask in the shape of one input, or (H, W, 1): entries of equal number are one player, and each of them gets an
        equal part of its value, so that Σφ = f(x) − f(x').  By default every entry is a player.
    permutations : int, optional
        How many random orders to average over, at least 2.  By default the values are exact; that takes 2ⁿ coalitions ×
        R references, at most 2²⁰ rows for each input.
    seed : int, default 0
        The seed of the orders, which are the same for every input.
    {output, layer, batch}

    Returns
    -------
    Attribution
        Values in the shape of x, or of the layer, which add up exactly; of sampled ones with their `standard_error`.
        `extras["players"]` holds the values of the players (N, n), in the order of their numbers.

    Raises
    ------
    {errors}
    ValueError
        If there are too many players for exact values.  Also if the values do not add up to within
        √ε · (|f(x)| + |f(x')| + Σ|φ|).

    Notes
    -----
    At a layer, the players are its activations; paths that bypass the layer stay as they are.

    References
    ----------
    Shapley (1953), A value for n-person games.
    Lundberg & Lee (2017), A unified approach to interpreting model predictions, eq. 10.

    Examples
    --------
    >>> from minixai import toys
    >>> shapley_values(toys.saturation, [[1.0, 0.25]]).values
    array([[0.875, 0.125]])
    """
    call = Call(model, x, target, versus, output, layer, batch)
    ends, references = endpoints_of(call, baseline, background)
    # (N, 1, ...) or (1, R, ...): what stands for the absent players of each input
    absent = ends.reference[:, None] if background is None else ends.reference[None]
    labels, n = as_groups(players, ends.value.shape[1:], "players")
    game, rows = play_games_of_all_inputs(
        MaskingGame(ends, absent, labels), *validate_game(n, permutations, seed, absent.shape[1])
    )
    values = split_among_entries(game.values, labels).astype(ends.value.dtype)
    error = None
    if game.standard_error is not None:
        error = split_among_entries(game.standard_error, labels).astype(values.dtype)
    parameters = (
        {"baseline": call.as_parameter(baseline)} if background is None else {"background": np.asarray(background)}
    )
    parameters |= {
        "players": None if players is None else np.asarray(players),
        "permutations": permutations,
        "seed": seed,
    }
    return ends.attribution(
        "shapley_values",
        values,
        parameters,
        (rows, 0),
        gap=check_gap(ends, values, "values of input", lambda i, off: explain_gap(ends, references, i, off)),
        standard_error=error,
        gap_standard_error=None if error is None or not ends.complete else np.zeros(len(values)),  # each order adds up
        extras={} if players is None else {"players": game.values},
    )


def endpoints_of(call: Call, baseline: Baseline, background: npt.ArrayLike | None) -> tuple[Endpoints, Array]:
    """(the endpoints against a baseline or a background, the rows of that baseline or background)"""
    if background is None:
        rows = call.baseline(baseline)
        return endpoints(call, rows), rows
    if not isinstance(baseline, (int, float)) or baseline != 0:
        raise ValueError("baseline and background are both given: the one is an input, the other a set; give one")
    rows = call.background(background)
    return background_endpoints(call, rows)[0], rows


class MaskingGame:
    """v(S) for every input: the mean of f over the references that stand for its absent players."""

    def __init__(self, ends: Endpoints, absent: Array, labels: Array) -> None:
        self.ends, self.labels = ends, labels
        self.absent = np.broadcast_to(absent, (len(ends.value), *absent.shape[1:]))

    def coalition_values(self, coalitions: Array, inputs: slice, progress: Progress) -> Array:
        """v of coalitions (B, players), for some of the inputs: (B, inputs)"""
        count, references = len(coalitions), self.absent.shape[1]
        total = np.zeros((inputs.stop - inputs.start) * count)
        for part in self.ends.call.slices(len(total) * references):
            cell, r = np.divmod(np.arange(part.start, part.stop), references)
            i, k = np.divmod(cell, count)
            i += inputs.start
            # (B, players) -> (B, H, W, C)
            present = coalitions[k][:, self.labels]
            points = np.where(present, self.ends.value[i], self.absent[i, r])
            accumulate(total, cell, self.ends.score_at(points, i) / references)
            progress.advance(len(points))
        return total.reshape(-1, count).T


def play_games_of_all_inputs(masked: MaskingGame, n: int, permutations: int | None, seed: int) -> tuple[Shares, int]:
    """Play the games of all inputs, as many together as memory allows: shares (N, players), and the rows they took."""
    inputs, references = masked.absent.shape[:2]
    count = count_coalitions(n, permutations)
    rows = inputs * count * references
    progress = Progress(f"shapley_values: {rows:,} rows forward", rows)
    games = [
        play(partial(masked.coalition_values, inputs=part, progress=progress), n, permutations, seed)
        for part in batches(inputs, max(1, ENTRIES // count), 1)
    ]
    progress.close()
    return Shares(*map(concatenate_games, zip(*games, strict=True))), rows


def concatenate_games(parts: Sequence[Array | None]) -> Any:
    """One field of the games of all inputs, which come first: (players, n) of each -> (N, players)"""
    return None if parts[0] is None else np.concatenate([np.asarray(part).T for part in parts])


def split_among_entries(numbers: Array, labels: Array) -> Array:
    """Give each entry an equal part of its player's number: (N, players) -> (N, ...)"""
    return np.asarray((numbers / np.bincount(labels.reshape(-1)))[:, labels])


def explain_gap(ends: Endpoints, references: Array, i: int, off: float) -> str:
    """Why the values of input i miss its difference in score."""
    k = i if len(references) == len(ends.value) else 0
    return find_cause(ends, i, references[k : k + 1], off) or UNEQUAL

"""A table of methods and scores on drawn birds, whose truth is known: means over scenes with standard errors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from minixai.arrays import Array
from minixai.datasets import birds
from minixai.datasets.birds import PLAYERS, Scenes
from minixai.evaluation.checks import Check, Judgement, Row, format_number
from minixai.evaluation.contenders import DEFAULT, Contender, chance_rows, contender
from minixai.evaluation.scores import SCORES, Score
from minixai.evaluation.trials import Trial, Truth
from minixai.model import Model
from minixai.progress import Progress
from minixai.text import columns
from minixai.validate import as_count, as_names, as_random_seed, one_of

REFERENCES, BACKGROUND = 20, 2**20
"""For methods that compare with a set of images: how many other birds are drawn, and what is added to their seed."""
ERRORS = 2
"""One mean counts as better than another if it is ahead by more than this many standard errors."""
PICTURES = {"drops": len(PLAYERS), "shapley": 2 ** len(PLAYERS), "changed": 1}
"""{attribute of a Truth: how many pictures of each scene are drawn to compute it}"""


@dataclass(frozen=True, eq=False)
class Scoreboard:
    """The scores of methods on N scenes; `print` shows the table.

    methods    names of the methods; the last two, an edge detector and a random map, do not use the network
    scores     the columns of the table
    values     (methods, scores, N); NaN for scenes on which a score was not computed
    chance     (scores,): what a random map reaches on average; NaN for scores that must be measured with one
    """

    methods: tuple[str, ...]
    scores: tuple[Score, ...]
    values: Array
    chance: Array

    @property
    def mean(self) -> Array:
        """(methods, scores): the mean over the scenes on which a score was computed."""
        return np.asarray(np.nanmean(self.values, axis=-1))

    @property
    def standard_error(self) -> Array:
        """(methods, scores): s / √n over the n scenes on which a score was computed; NaN if n is 1."""
        n = np.isfinite(self.values).sum(axis=-1)
        off = np.nansum((self.values - self.mean[..., None]) ** 2, axis=-1)
        return np.asarray(np.sqrt(np.where(n > 1, off / (n * np.maximum(n - 1, 1)), np.nan)))

    def checks(self, method: str) -> tuple[Check, ...]:
        """Return a check for each score of a method, which compares it with the edge detector and the random map.

        >>> import minixai as mx
        >>> board = score(mx.load("shorebirds"), mx.datasets.birds.draw(8, seed=7), "hires_cam", "density")
        >>> board.checks("hires_cam")[0].status
        'holds'
        """
        i = self.methods.index(one_of(method, self.methods, "method"))
        return tuple(self.check(i, j) for j in range(len(self.scores)))

    def check(self, i: int, j: int) -> Check:
        """Return the check of the j-th score of the i-th method."""
        column, means, errors = self.scores[j], self.mean[:, j], self.standard_error[:, j]
        numbers = [(float(m), float(e) if e == e else None) for m, e in zip(means, errors, strict=True)]
        edges, random = (len(self.methods) - k for k in (2, 1))
        spread = np.nan_to_num(errors)
        leads = column.sign * (means[i] - means) > ERRORS * np.hypot(spread[i], spread)
        status = "does not hold" if not leads[random] else "holds" if leads[edges] else "take care"
        words = {
            "holds": "better than an edge detector and a random map",
            "take care": "better than a random map, but no better than an edge detector",
            "does not hold": "no better than a random map",
        }[status]
        own, by_edges, by_chance = (format_number(*numbers[k]) for k in (i, edges, random))
        reading = f"{self.methods[i]} is {words}: {own}, {by_edges} and {by_chance}, where the best is {column.best}."
        return column.description.result(
            numbers[i][0],
            column.meaning,
            Judgement(status, reading),
            uncertainty=numbers[i][1],
            table=tuple(Row(self.methods[k], *numbers[k]) for k in (i, edges, random)),
        )

    def __str__(self) -> str:
        titles = [("", *(score.name.partition(" ")[i] for score in self.scores)) for i in (0, 2)]
        best = ("best", *(score.best for score in self.scores))
        rows = [
            (name, *(f"{short(m)}±{short(e)}" if e == e else short(m) for m, e in zip(means, errors, strict=True)))
            for name, means, errors in zip(self.methods, self.mean, self.standard_error, strict=True)
        ]
        known = ("chance", *(short(x) if x == x else "" for x in self.chance))
        return "\n".join(columns([*titles, best, *rows, known], right=range(1, 1 + len(self.scores))))


def short(x: float) -> str:
    """Return a number as text with two decimals, or one from 10 on, without a 0 before the point.

    >>> [short(x) for x in (0.534, -0.021, 23.51, 0.0, 1.0)]
    ['.53', '-.02', '23.5', '.00', '1.00']
    """
    text = f"{x:.1f}" if abs(x) >= 10 else f"{x:.2f}"
    sign, digits = "-" * (text[0] == "-" and text.strip("-0.") != ""), text.lstrip("-")
    return sign + digits.removeprefix("0")


def score(
    model: Model,
    scenes: Scenes,
    methods: str | Iterable[str] = DEFAULT,
    scores: str | Iterable[str] = tuple(SCORES),
    *,
    every: int = 4,
    seed: int = 0,
    announce: Callable[[str], None] = lambda cost: None,
) -> Scoreboard:
    """Score methods, and two maps that do not use the network, on scenes whose truth is known.

    model       a model of the eight shorebirds
    scenes      scenes that `minixai.datasets.birds.draw` returns
    methods     names of the catalogue, or NAME:BASELINE; see `contenders`
    scores      names of SCORES, at least one
    every       expensive scores, which need further maps or passes through the network, are computed on every n-th
                scene; this is n
    seed        seed of sampled methods, of the random map, of the randomised network, and of the birds that some
                methods compare with
    announce    called with one sentence about the expected cost before the work starts

    Methods explain the score of each bird's own species minus its partner's; class activation maps explain that of the
    own species alone.  Raises ValueError for unknown names, and for a model with other classes.

    >>> import minixai as mx
    >>> model, scenes = mx.load("shorebirds"), mx.datasets.birds.draw(4, seed=7)
    >>> board = score(model, scenes, ["gradient", "hires_cam"], ["bird mass", "pointing"])
    >>> board.methods, board.values.shape
    (('gradient', 'hires_cam', 'edge detector', 'random map'), (4, 2, 4))
    """
    columns = [SCORES[one_of(name, SCORES, "score")] for name in as_names(scores)]
    if not columns:
        raise ValueError(f"there is no score to compute: name some of {', '.join(SCORES)}")
    truth = Truth(model, scenes, as_random_seed(seed))
    few = Truth(model, scenes[:: as_count(every, "every")], seed)
    background = birds.draw(REFERENCES, seed=BACKGROUND + seed).images
    rivals = [*(contender(name, background, seed) for name in as_names(methods)), *chance_rows(seed)]
    pictures, rows = work(truth, few, rivals, columns)
    announce(f"{pictures:,} pictures drawn, {rows:,} rows through the network, forward or back")
    for column in columns:
        for name in column.truths:
            getattr(few if column.dear else truth, name)  # computed now, since it takes long and shows its own progress
    line = Progress(f"scores: {rows:,} rows forward or back", rows)
    values = np.full((len(rivals), len(columns), len(scenes)), np.nan)
    for i, trial in enumerate(Trial(who, truth, line) for who in rivals):
        part = trial.few(few, every)
        for j, column in enumerate(columns):
            values[i, j, :: every if column.dear else 1] = column.of(part if column.dear else trial)
    line.close()
    chance = [np.nan if c.chance is None else np.mean(c.chance(few if c.dear else truth)) for c in columns]
    return Scoreboard(tuple(who.name for who in rivals), tuple(columns), values, np.array(chance))


def work(truth: Truth, few: Truth, rivals: Sequence[Contender], columns: Sequence[Score]) -> tuple[int, int]:
    """Return about how many pictures and rows the scores will take; each method explains one image to find out."""
    n, fewer = len(truth.images), len(few.images)
    pictures = {name: PICTURES[name] * (fewer if column.dear else n) for column in columns for name in column.truths}
    rows = 0
    for who in rivals:
        same = {"own": who.own_class, "from_partner": not who.compares}
        more = {need for column in columns for need in column.maps if need != "values" and not same.get(need)}
        _, cost = who(truth.model, truth.images[:1], truth.labels[:1], truth.partner[:1])
        rows += sum(cost) * (n + fewer * len(more)) + fewer * sum(column.rows for column in columns)
    return sum(pictures.values()), rows

"""Train a model with the same backward walk as attribution, with the weights as nodes.

Each step wraps the weights in nodes and computes the scores of a batch.  The seed of the walk is the gradient of the
loss with respect to the scores; the multipliers of the weights are then their gradients.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, pi
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import scipy

from minixai.arrays import Array, accurate_mean, accurate_sum
from minixai.graph import Node, Rules, backward
from minixai.layers import Training
from minixai.model import Model, batches
from minixai.ops.normalisation import BatchNormalise
from minixai.ops.threads import own_threads
from minixai.progress import Progress
from minixai.rules import GRADIENT, gradient
from minixai.signatures import check_arguments, is_real_number
from minixai.text import quoted
from minixai.validate import as_count, as_random_seed, as_real, check_finite

TRAINING: Rules = {**GRADIENT, BatchNormalise: gradient}

Loss: TypeAlias = Callable[[Array, Array], tuple[float, Array]]
"""loss(scores (N, K), goals (N, K)) -> (mean loss of the batch, gradient of this mean with respect to the scores)"""


def cross_entropy(scores: Array, goals: Array) -> tuple[float, Array]:
    """The mean over rows of −Σ_k q_k log p_k, with p = softmax(scores) and goals q that sum to 1.

    Returns (loss, its gradient (p − q)/N with respect to the scores).

    >>> cross_entropy(np.zeros((1, 2)), np.array([[1.0, 0.0]]))
    (0.6931471805599453, array([[-0.5,  0.5]]))
    """
    if scores.shape[1] < 2 or abs(goals.sum(axis=1) - 1).max() > 1e-3:
        raise ValueError(
            f"cross-entropy compares probabilities of at least two classes, got {scores.shape[1]} whose goals sum to "
            f"{goals.sum(axis=1).min():g} to {goals.sum(axis=1).max():g}: take mean_squared_error for other numbers"
        )
    log_p = scipy.special.log_softmax(scores, axis=1)
    return float(-accurate_sum(goals * log_p) / len(scores)), (np.exp(log_p) - goals) / scores.dtype.type(len(scores))


def binary_cross_entropy(scores: Array, goals: Array) -> tuple[float, Array]:
    """Cross-entropy of sigmoid(z), for a model of two classes with one score z, whose scores are (−z, z).

    Returns (loss, its gradient with respect to the scores).

    >>> value, _ = binary_cross_entropy(np.array([[-2.0, 2.0]]), np.array([[0.0, 1.0]]))
    >>> bool(np.isclose(value, np.log1p(np.exp(-2.0)), rtol=1e-15))
    True
    """
    value, slope = cross_entropy(scores / 2, goals)
    return value, slope / 2


def loss_for(model: Model, loss: Loss) -> Loss:
    """The loss to train with.

    It is `loss`, but binary cross-entropy in place of cross-entropy if the model tells two classes apart by one score.
    """
    return binary_cross_entropy if model.is_binary and loss is cross_entropy else loss


def mean_squared_error(scores: Array, goals: Array) -> tuple[float, Array]:
    """The mean of (s − q)² over rows and scores s, with goals q.

    Returns (loss, its gradient 2(s − q)/(N·K) with respect to the scores).

    >>> mean_squared_error(np.array([[3.0]]), np.array([[1.0]]))
    (4.0, array([[4.]]))
    """
    off = scores - goals
    return float(accurate_mean(off * off)), off * scores.dtype.type(2 / off.size)


class Optimiser(Protocol):
    """A rule that changes a weight.  Each weight has its own dict `memory`, which is empty at first."""

    @property
    def rate(self) -> float: ...

    def change(self, w: Array, slope: Array, memory: dict[str, Array], step: int, rate: float) -> Array:
        """The new value of the weight w.

        `slope` is the gradient of the loss, and `step` the number of the step, from 1.
        """


@dataclass(frozen=True)
class SGD:
    """Stochastic gradient descent: v ← momentum · v + gradient + weight_decay · w;  w ← w − rate · v"""

    rate: float = 0.01
    momentum: float = 0.9
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        check_arguments(SGD, vars(self))

    def change(self, w: Array, slope: Array, memory: dict[str, Array], step: int, rate: float) -> Array:
        v = memory["v"] = self.momentum * memory.get("v", 0) + slope + self.weight_decay * w
        return np.asarray(w - rate * v)


@dataclass(frozen=True)
class Adam:
    """w ← w − rate · (m̂ / (√v̂ + ε) + weight_decay · w), where m̂ and v̂ are running means of gradient and gradient².

    Kingma & Ba (2015), alg. 1.  The weight decay is not part of the gradient: Loshchilov & Hutter (2019), alg. 2.
    """

    rate: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-7
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        check_arguments(Adam, vars(self))

    def change(self, w: Array, slope: Array, memory: dict[str, Array], step: int, rate: float) -> Array:
        m = memory["m"] = self.beta1 * memory.get("m", 0) + (1 - self.beta1) * slope
        v = memory["v"] = self.beta2 * memory.get("v", 0) + (1 - self.beta2) * slope * slope
        mean, size = m / (1 - self.beta1**step), np.sqrt(v / (1 - self.beta2**step))
        return np.asarray(w - rate * (mean / (size + self.epsilon) + self.weight_decay * w))


def cosine(t: float) -> float:
    """(1 + cos πt)/2: 1 at the start of training, t = 0, and 0 at its end, t = 1.  (Loshchilov & Hutter 2017, eq. 5)"""
    return (1 + cos(pi * t)) / 2


class Epoch(NamedTuple):
    """Loss and accuracy of one pass over the images.  The accuracy is None for a network with a single score."""

    loss: float
    accuracy: float | None
    validation_loss: float | None = None
    validation_accuracy: float | None = None

    def __str__(self) -> str:
        text = format_metrics(self.loss, self.accuracy)
        if self.validation_loss is None:
            return text
        return f"{text}; validation {format_metrics(self.validation_loss, self.validation_accuracy)}"


def format_metrics(loss: float, accuracy: float | None) -> str:
    return f"loss {loss:.4f}" + ("" if accuracy is None else f", accuracy {accuracy:.2%}")


def train(
    model: Model,
    x: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    loss: Loss = cross_entropy,
    optimiser: Optimiser = Adam(),
    epochs: int = 10,
    batch: int = 64,
    seed: int = 0,
    schedule: Callable[[float], float] = lambda t: 1.0,
    augment: Callable[[Array, np.random.Generator], Array] | None = None,
    validation: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    patience: int | None = None,
    report: Callable[[int, Epoch], None] = lambda number, epoch: None,
    progress: bool | None = None,
) -> list[Epoch]:
    """Train a model in place.  The same call on an equal model gives the same weights.

    Parameters
    ----------
    model : Model
        The model, whose weights are replaced after every batch.
    x : array (N, H, W, C)
        Images, as `model.scores` takes them.
    labels : array of int (N,) or of float (N, K)
        Class numbers, or a goal for every score: probabilities, or any numbers if the loss is the mean squared error.
    loss : callable, default cross_entropy
        loss(scores, goals) -> (mean over the batch, gradient with respect to the scores).
    optimiser : Optimiser, default Adam()
        SGD(...), Adam(...), or another `Optimiser`.
    epochs : int, default 10
        Passes over the images.
    batch : int, default 64
        Images in each step.
    seed : int, default 0
        Seed of the order of the images, of dropout and of `augment`.
    schedule : callable, optional
        schedule(t) -> a factor for the optimiser's rate, where t is the fraction of the training that is done; by
        default 1.
    augment : callable, optional
        augment(images, rng) -> images, applied to every batch.
    validation : (x, labels), optional
        Images and labels on which loss and accuracy are measured after every epoch.
    patience : int, optional
        Stop after this many epochs without a lower loss on `validation`, and restore the best weights.
    report : callable, optional
        report(number, epoch), called after every epoch; the first has the number 1.
    progress : bool, optional
        Whether to show progress on stderr; by default only if stderr is a terminal.

    Returns
    -------
    list of Epoch
        Loss and accuracy of every epoch.

    Raises
    ------
    TypeError
        If `model` is not a Model with trainable weights, or `optimiser` is not an optimiser.
    ValueError
        If the labels do not fit, the loss is no longer finite, or `patience` is given without `validation`.

    Examples
    --------
    >>> from minixai.layers import Dense
    >>> model = Model([Dense(2)], input_shape=(1,))
    >>> history = train(model, [[-1.0], [1.0]], [0, 1], optimiser=SGD(1.0), epochs=20)
    >>> model.predict([[-3.0], [3.0]]).tolist()
    [0, 1]
    """
    if not isinstance(model, Model) or not model.trained_weights:
        raise TypeError(
            f"train takes a Model with weights of its own, got {quoted(model)}: a function of a node has none"
        )
    rate: Any = getattr(optimiser, "rate", None)
    if isinstance(optimiser, type) or not hasattr(optimiser, "change") or not (is_real_number(rate) and rate >= 0):
        raise TypeError(f"optimiser is {quoted(optimiser)}: give SGD(rate) or Adam(rate), with a rate >= 0")
    if validation is not None and (not isinstance(validation, (tuple, list)) or len(validation) != 2):
        raise TypeError(f"validation is a pair (x, labels), got {quoted(validation)}")
    check_arguments(train, locals())
    as_count(epochs, "epochs", most=1_000_000, why="train for fewer, and again if the loss still falls")
    images, loss = model.prepare(x), loss_for(model, loss)
    goals = as_goals(labels, len(images), len(model.classes), model.dtype)
    if patience is not None and validation is None:
        raise ValueError(f"patience={patience} needs validation=(x, labels): without it nothing tells when to stop")
    rng = np.random.default_rng(as_random_seed(seed))
    memory: dict[str, dict[str, Array]] = {name: {} for name in model.trained_weights}
    parts = list(batches(len(images), batch, 1))
    history: list[Epoch] = []
    best, best_loss, since = model.weights, np.inf, 0
    line = Progress("training", epochs * len(parts), progress)
    for epoch in range(epochs):
        order, total, right = rng.permutation(len(images)), 0.0, 0
        for k, part in enumerate(parts):
            done = epoch * len(parts) + k
            rate = optimiser.rate * schedule(done / (epochs * len(parts)))
            rows = order[part]
            given = augment(images[rows], rng) if augment else images[rows]
            value, scores, slopes = own_threads(train_step, model, given, goals[rows], loss, rng)
            if not np.isfinite(value):
                line.close()
                raise ValueError(
                    f"the loss is {value} in epoch {epoch + 1}: training diverged, take a rate below {rate:g}"
                )
            model.set_weights(
                {
                    name: optimiser.change(w, slopes[name], memory[name], done + 1, rate)
                    for name, w in model.trained_weights.items()
                }
            )
            total += value * len(rows)
            right += int((scores.argmax(axis=1) == goals[rows].argmax(axis=1)).sum())
            line.advance(1, str(history[-1]) if history else f"loss {value:.4f}")
        measured = evaluate(model, *validation, loss=loss) if validation else None
        accuracy = right / len(images) if goals.shape[1] > 1 else None
        history.append(Epoch(total / len(images), accuracy, *(measured or ())))
        line.close()
        report(epoch + 1, history[-1])
        since += 1
        if measured and measured[0] < best_loss:
            best, best_loss, since = model.weights, measured[0], 0
        if patience is not None and since >= patience:
            break
    line.close()
    if patience is not None:
        model.set_weights(best)
    return history


def train_step(
    model: Model, x: Array, goals: Array, loss: Loss, rng: np.random.Generator
) -> tuple[float, Array, dict[str, Array]]:
    """(loss, scores, {weight: gradient of the loss}) for one batch; batch norms update their running averages."""
    nodes = {name: Node(w) for name, w in model.trained_weights.items()}
    training = Training(rng)
    output = model(Node(x), nodes, training)
    value, seed = loss(output.value, goals)
    slopes = backward(output, TRAINING, seed, keep=list(nodes.values()))
    for layer, (mean, variance) in training.statistics.items():
        layer.remember(mean, variance)
    return value, output.value, {name: slopes[node] for name, node in nodes.items()}


def evaluate(
    model: Model, x: npt.ArrayLike, labels: npt.ArrayLike, loss: Loss = cross_entropy
) -> tuple[float, float | None]:
    """(loss, accuracy) on these images; the accuracy is None for a network with a single score."""
    check_arguments(evaluate, locals())
    scores, loss = model.scores(x), loss_for(model, loss)
    goals = as_goals(labels, len(scores), scores.shape[1], scores.dtype)
    right = (scores.argmax(axis=1) == goals.argmax(axis=1)).mean()
    return loss(scores, goals)[0], float(right) if goals.shape[1] > 1 else None


def as_goals(labels: npt.ArrayLike, rows: int, classes: int, dtype: np.dtype[np.generic]) -> Array:
    """The labels as goals (N, K): a class number becomes 1 at that class and 0 elsewhere.

    Raises ValueError if the labels do not fit the rows or the classes.
    """
    array = check_finite(as_real(labels, "labels"), "labels")
    if array.shape == (rows, classes):
        return array.astype(dtype)
    if array.shape != (rows,) or array.dtype.kind not in "iu":
        raise ValueError(
            f"labels {array.dtype} {array.shape} do not fit {rows} images and {classes} scores: "
            f"give class numbers ({rows},), or goals ({rows}, {classes})"
        )
    if array.min() < 0 or array.max() >= classes:
        raise ValueError(
            f"labels go from {array.min()} to {array.max()}, but the classes are 0 to {classes - 1}: number them from 0"
        )
    return np.eye(classes, dtype=dtype)[array]


def random_shift(images: Array, rng: np.random.Generator, pixels: int = 2) -> Array:
    """Images shifted at random by up to `pixels` in each direction, with 0 where no pixel was: (N, H, W, C)"""
    n, h, w, _ = images.shape
    room = np.pad(images, ((0, 0), (pixels, pixels), (pixels, pixels), (0, 0)))
    y, x = rng.integers(0, 2 * pixels + 1, (2, n, 1))
    return np.asarray(room[np.arange(n)[:, None, None], (y + np.arange(h))[:, :, None], (x + np.arange(w))[:, None, :]])

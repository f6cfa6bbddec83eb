"""Further activation functions of image networks: y = f(x), entry by entry, with the derivative f'(x)."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy

from minixai.arrays import Array
from minixai.graph import Node
from minixai.ops.functions import Elu, Relu
from minixai.ops.kinds import Elementwise


@dataclass(frozen=True)
class Clip(Elementwise):
    """x limited to [low, high]; the derivative at both bounds is 0."""

    low: float = -np.inf
    high: float = np.inf

    def forward(self, x: Array) -> Array:
        return np.clip(x, x.dtype.type(self.low), x.dtype.type(self.high))

    def slope(self, x: Array) -> Array:
        return ((x > self.low) & (x < self.high)).astype(x.dtype)


@dataclass(frozen=True)
class ClippedRelu(Clip, Relu):
    """min(max(x, 0), high).  Guided backpropagation and DeconvNet treat it as a ReLU."""

    low: float = 0.0


@dataclass(frozen=True)
class Celu(Elu):
    """x where x > 0, and α(exp(x/α) − 1) elsewhere."""

    def forward(self, x: Array) -> Array:
        return np.where(x > 0, x, self.alpha * np.expm1(np.minimum(x, 0) / self.alpha))

    def slope(self, x: Array) -> Array:
        return np.where(x > 0, np.ones_like(x), np.exp(np.minimum(x, 0) / self.alpha))


@dataclass(frozen=True)
class HardSigmoid(Elementwise):
    """αx + β limited to [0, 1]."""

    alpha: float = 1 / 6
    beta: float = 0.5
    scale: ClassVar[float] = 1.0

    def forward(self, x: Array) -> Array:
        return np.asarray(np.clip(x.dtype.type(self.alpha) * x + x.dtype.type(self.beta), 0, 1))

    def slope(self, x: Array) -> Array:
        y = self.forward(x)
        return self.alpha * ((y > 0) & (y < 1)).astype(x.dtype)


class HardSwish(Elementwise):
    """x · clip(x/6 + ½, 0, 1)"""

    def forward(self, x: Array) -> Array:
        return np.asarray(x * np.clip(x / 6 + x.dtype.type(0.5), 0, 1))

    def slope(self, x: Array) -> Array:
        return np.where(x <= -3, 0, np.where(x >= 3, 1, x / 3 + 0.5)).astype(x.dtype)


class Silu(Elementwise):
    """x / (1 + e⁻ˣ), also called swish."""

    def forward(self, x: Array) -> Array:
        return np.asarray(x * scipy.special.expit(x))

    def slope(self, x: Array) -> Array:
        p = scipy.special.expit(x)
        return np.asarray(p * (1 + x * scipy.special.expit(-x)))


class Mish(Elementwise):
    """x · tanh(log(1 + eˣ))"""

    def forward(self, x: Array) -> Array:
        return np.asarray(x * np.tanh(np.logaddexp(0, x, dtype=x.dtype)))

    def slope(self, x: Array) -> Array:
        t = np.tanh(np.logaddexp(0, x, dtype=x.dtype))
        return np.asarray(t + x * (1 - t * t) * scipy.special.expit(x))


class GeluTanh(Elementwise):
    """½x(1 + tanh(√(2/π)(x + 0.044715x³))), an approximation of x·Φ(x)."""

    def inner(self, x: Array) -> Array:
        return np.asarray(np.tanh(x.dtype.type(np.sqrt(2 / np.pi)) * (x + x.dtype.type(0.044715) * x * x * x)))

    def forward(self, x: Array) -> Array:
        return np.asarray(x / 2 * (1 + self.inner(x)))

    def slope(self, x: Array) -> Array:
        t = self.inner(x)
        rise = x.dtype.type(np.sqrt(2 / np.pi)) * (1 + x.dtype.type(3 * 0.044715) * x * x)
        return np.asarray((1 + t) / 2 + x / 2 * (1 - t * t) * rise)


class Softsign(Elementwise):
    """x / (1 + |x|)"""

    def forward(self, x: Array) -> Array:
        return np.asarray(x / (1 + abs(x)))

    def slope(self, x: Array) -> Array:
        return np.asarray(1 / (1 + abs(x)) ** 2)


class Erf(Elementwise):
    """The error function."""

    def forward(self, x: Array) -> Array:
        return np.asarray(scipy.special.erf(x))

    def slope(self, x: Array) -> Array:
        return np.asarray(x.dtype.type(2 / np.sqrt(np.pi)) * np.exp(-x * x))


class Sin(Elementwise):
    """sin x"""

    def forward(self, x: Array) -> Array:
        return np.sin(x)

    def slope(self, x: Array) -> Array:
        return np.cos(x)


class Cos(Elementwise):
    """cos x"""

    scale: ClassVar[float] = 1.0

    def forward(self, x: Array) -> Array:
        return np.cos(x)

    def slope(self, x: Array) -> Array:
        return -np.sin(x)


hard_swish, silu, mish, gelu_tanh, softsign = HardSwish(), Silu(), Mish(), GeluTanh(), Softsign()
erf, sin, cos = Erf(), Sin(), Cos()


def clip(x: Node, low: float = -np.inf, high: float = np.inf) -> Node:
    """x limited to [low, high].  With low = 0 it is a clipped ReLU, which the methods treat as a ReLU.

    Raises ValueError unless low < high.

    >>> clip(Node([[-2.0, 3.0, 9.0]]), 0, 6).value
    array([[0., 3., 6.]])
    """
    if not low < high:
        raise ValueError(f"clip takes low < high, got {low} and {high}: between them there must be room")
    return (ClippedRelu if low == 0 else Clip)(float(low), float(high))(x)


def relu6(x: Node) -> Node:
    """min(max(x, 0), 6)  (Howard et al. 2017)"""
    return clip(x, 0, 6)


def celu(x: Node, alpha: float = 1.0) -> Node:
    """x where x > 0, and α(exp(x/α) − 1) elsewhere (Barron 2017).  Raises ValueError unless α > 0."""
    if not alpha > 0:
        raise ValueError(f"celu takes alpha > 0, got {alpha}")
    return Celu(float(alpha))(x)


def hard_sigmoid(x: Node, alpha: float = 1 / 6, beta: float = 0.5) -> Node:
    """αx + β limited to [0, 1].  The defaults are those of PyTorch and Keras 3; older versions of Keras use α = 0.2."""
    return HardSigmoid(float(alpha), float(beta))(x)

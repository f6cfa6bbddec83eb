"""Functions of one number, applied entry by entry: y = f(x), with the derivative f'(x)."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy

from minixai.arrays import Array
from minixai.graph import Node
from minixai.ops.blocks import in_blocks
from minixai.ops.kinds import Elementwise


class Relu(Elementwise):
    """max(x, 0); the derivative at 0 is 0."""

    rectifies: ClassVar[bool] = True

    def forward(self, x: Array) -> Array:
        return in_blocks(lambda x, out=None: np.maximum(x, 0, out=out), x)

    def slope(self, x: Array) -> Array:
        return (x > 0).astype(x.dtype)


class PositivePart(Relu):
    """max(x, 0) as a part of another function.  Guided backprop and deconvnet do not treat it as a ReLU."""

    rectifies: ClassVar[bool] = False


@dataclass(frozen=True)
class LeakyRelu(Elementwise):
    """x where x > 0, and αx elsewhere."""

    alpha: float = 0.01

    def forward(self, x: Array) -> Array:
        return np.where(x > 0, x, self.alpha * x)

    def slope(self, x: Array) -> Array:
        return np.where(x > 0, np.ones_like(x), self.alpha)


@dataclass(frozen=True)
class Elu(Elementwise):
    """γx where x > 0, and γα(eˣ − 1) elsewhere."""

    alpha: float = 1.0
    gamma: float = 1.0

    def forward(self, x: Array) -> Array:
        return self.gamma * np.where(x > 0, x, self.alpha * np.expm1(np.minimum(x, 0)))

    def slope(self, x: Array) -> Array:
        return self.gamma * np.where(x > 0, np.ones_like(x), self.alpha * np.exp(np.minimum(x, 0)))


class Sigmoid(Elementwise):
    """1 / (1 + e⁻ˣ)"""

    scale: ClassVar[float] = 1.0

    def forward(self, x: Array) -> Array:
        return np.asarray(scipy.special.expit(x))

    def slope(self, x: Array) -> Array:
        return np.asarray(scipy.special.expit(x) * scipy.special.expit(-x))


class Tanh(Elementwise):
    """tanh x"""

    def forward(self, x: Array) -> Array:
        return np.tanh(x)

    def slope(self, x: Array) -> Array:
        return np.asarray(1 - np.tanh(x) ** 2)


class Softplus(Elementwise):
    """log(1 + eˣ)"""

    scale: ClassVar[float] = 1.0

    def forward(self, x: Array) -> Array:
        return np.logaddexp(0, x, dtype=x.dtype)

    def slope(self, x: Array) -> Array:
        return np.asarray(scipy.special.expit(x))


class Gelu(Elementwise):
    """x·Φ(x), where Φ is the distribution function of the standard normal."""

    def forward(self, x: Array) -> Array:
        return np.asarray(x * scipy.special.ndtr(x))

    def slope(self, x: Array) -> Array:
        return np.asarray(scipy.special.ndtr(x) + x * np.exp(-x * x / 2) / np.sqrt(2 * np.pi).astype(x.dtype))


class Exp(Elementwise):
    """eˣ"""

    scale: ClassVar[float] = 1.0

    def forward(self, x: Array) -> Array:
        return np.exp(x)

    def slope(self, x: Array) -> Array:
        return np.exp(x)


class Log(Elementwise):
    """log x, for x > 0"""

    def forward(self, x: Array) -> Array:
        return np.log(x)

    def slope(self, x: Array) -> Array:
        return 1 / x


class Abs(Elementwise):
    """|x|; the derivative at 0 is 0."""

    def forward(self, x: Array) -> Array:
        return np.abs(x)

    def slope(self, x: Array) -> Array:
        return np.sign(x)


@dataclass(frozen=True)
class Power(Elementwise):
    """xᵖ for a constant p, such as ½ for the square root and −1 for the reciprocal."""

    p: float

    def forward(self, x: Array) -> Array:
        return np.asarray(x**self.p)

    def slope(self, x: Array) -> Array:
        return np.asarray(self.p * x ** (self.p - 1)) if self.p else np.zeros_like(x)


relu, sigmoid, tanh, softplus, gelu = Relu(), Sigmoid(), Tanh(), Softplus(), Gelu()
positive_part = PositivePart()
exp, log, absolute = Exp(), Log(), Abs()
sqrt, reciprocal, square = Power(0.5), Power(-1.0), Power(2.0)


def leaky_relu(x: Node, alpha: float = 0.01) -> Node:
    """x where x > 0, and αx elsewhere (Maas et al. 2013).

    >>> leaky_relu(Node([[-2.0, 3.0]]), alpha=0.1).value
    array([[-0.2,  3. ]])
    """
    return LeakyRelu(float(alpha))(x)


def elu(x: Node, alpha: float = 1.0) -> Node:
    """x where x > 0, and α(eˣ − 1) elsewhere (Clevert et al. 2016).

    >>> elu(Node([[-50.0, 3.0]])).value
    array([[-1.,  3.]])
    """
    return Elu(float(alpha))(x)


def selu(x: Node) -> Node:
    """γ·elu(x, α) with the α and γ of Klambauer et al. (2017), which keep activations at mean 0 and variance 1."""
    return Elu(1.6732632423543772, 1.0507009873554805)(x)

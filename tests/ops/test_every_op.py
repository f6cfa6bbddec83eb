"""What holds for every operation: one table of them all, and the promises about rows, dtype and purity."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from measure import EPS, H, central, check_complete, distinct, generators

from minixai import Node, backward, ops
from minixai.arrays import Array
from minixai.graph import Rules, history
from minixai.ops.arithmetic import MatMul
from minixai.ops.normalisation import BatchNormalise
from minixai.rules import DECONVNET, GRADIENT, GUIDED, RESCALE
from tests.marks import slow_except

IMAGE = (4, 5, 4)
DRAWN = np.random.default_rng(0)
ROW, MATRIX, BIAS = DRAWN.normal(size=(1, 4)), DRAWN.normal(size=(4, 3)), DRAWN.normal(size=3)
KERNELS, DEPTHWISE, PIXELS = (DRAWN.normal(size=s) for s in [(3, 2, 4, 3), (2, 2, 1, 8), (5, 4)])
CONSTANTS = [ROW, MATRIX, BIAS, KERNELS, DEPTHWISE, PIXELS]


@dataclass(frozen=True)
class Case:
    """A function of one node whose rows have the shape `row`, and are above 0 where it must be so."""

    call: Callable[[Node], Node]
    row: tuple[int, ...] = IMAGE
    positive: bool = False

    def draw(self, rng: np.random.Generator, n: int, dtype: Any = float) -> Array:
        x = distinct(rng, (n, *self.row))
        return (abs(x) + 0.3 if self.positive else x).astype(dtype)

    def node(self, rng: np.random.Generator, n: int, one: bool = True, dtype: Any = float) -> Node:
        return Node(self.draw(rng, n, dtype), reference=self.draw(rng, 1 if one else n, dtype))


CASES = {
    "absolute": Case(ops.absolute),
    "add a constant": Case(lambda x: x + PIXELS),
    "add two nodes": Case(lambda x: ops.add(x, x.mean(2, keepdims=True))),
    "average_pool": Case(lambda x: ops.average_pool(x, (3, 2), 1, "same")),
    "celu": Case(lambda x: ops.celu(x, 1.5)),
    "clip": Case(lambda x: ops.clip(x, -1, 1.2503)),
    "concatenate": Case(lambda x: ops.concatenate([x, 2 * x, ROW[None, None][..., :1] * np.ones((1, 4, 5, 1))])),
    "convolution": Case(lambda x: ops.convolution(x, KERNELS, BIAS, stride=2, padding="same")),
    "convolution, depthwise": Case(lambda x: ops.convolution(x, DEPTHWISE, padding=1, dilation=(1, 2), groups=4)),
    "cos": Case(ops.cos),
    "divide a constant": Case(lambda x: 3 / x, positive=True),
    "divide by a constant": Case(lambda x: x / (2 + ROW**2)),
    "divide two nodes": Case(lambda x: ops.divide(x, x[..., :1]), positive=True),
    "elu": Case(lambda x: ops.elu(x, 1.5)),
    "erf": Case(ops.erf),
    "exp": Case(ops.exp),
    "flatten": Case(ops.flatten),
    "gather": Case(lambda x: ops.gather(x, [3, 0, -1, 3], 2)),
    "gelu": Case(ops.gelu),
    "gelu_tanh": Case(ops.gelu_tanh),
    "global_average_pool": Case(ops.global_average_pool),
    "hard_sigmoid": Case(ops.hard_sigmoid),
    "hard_sigmoid, of a steep slope": Case(lambda x: ops.hard_sigmoid(x, 0.6, 0.4)),
    "hard_swish": Case(lambda x: ops.hard_swish(2 * x)),
    "identity": Case(ops.identity),
    "interpolate": Case(lambda x: ops.interpolate(x, 7, 1, "align_corners")),
    "interpolate, nearest": Case(lambda x: ops.interpolate(x, 3, 2, "asymmetric", "floor")),
    "leaky_relu": Case(ops.leaky_relu),
    "local_response_normalisation": Case(lambda x: ops.local_response_normalisation(x, 2, 0.5, 0.75, 2)),
    "local_response_normalisation, over all": Case(lambda x: ops.local_response_normalisation(x, 9, 0.5, 0.75, 2)),
    "log": Case(ops.log, positive=True),
    "log_softmax": Case(ops.log_softmax, (6,)),
    "matmul by a constant": Case(lambda x: x @ MATRIX, (4,)),
    "matmul of two nodes": Case(lambda x: ops.matmul(x, ops.transpose(x, 2, 1)), (2, 4)),
    "matmul with bias": Case(lambda x: MatMul()(x, MATRIX, BIAS), (2, 4)),
    "max": Case(lambda x: ops.max(x, (1, 3))),
    "max, keepdims": Case(lambda x: ops.max(x, 2, keepdims=True)),
    "max_pool": Case(lambda x: ops.max_pool(x, 2, 1)),
    "max_pool, same": Case(lambda x: ops.max_pool(x, 3, 2, "same")),
    "maximum": Case(lambda x: ops.maximum(x, x[:, :1] + 0.01)),
    "mean": Case(lambda x: ops.mean(x, (1, 2))),
    "minimum": Case(lambda x: ops.minimum(x, x[:, :1] + 0.01)),
    "mish": Case(ops.mish),
    "multiply by a constant": Case(lambda x: -2 * x * PIXELS),
    "multiply two nodes": Case(lambda x: ops.multiply(x, x.sum(3, keepdims=True))),
    "negative": Case(ops.negative),
    "pad": Case(lambda x: ops.pad(x, ((1, 0), (0, 2), (0, 0)), fill=0.5)),
    "power of a number": Case(lambda x: ops.power(2, x)),
    "power": Case(lambda x: ops.power(x, 1.5), positive=True),
    "prelu": Case(lambda x: ops.prelu(x, ROW[0])),
    "reciprocal": Case(ops.reciprocal, positive=True),
    "relu": Case(ops.relu),
    "relu6": Case(lambda x: ops.relu6(4 * x)),
    "reshape": Case(lambda x: ops.reshape(x, 2, -1, 5)),
    "selu": Case(ops.selu),
    "sigmoid": Case(ops.sigmoid),
    "silu": Case(ops.silu),
    "sin": Case(ops.sin),
    "softmax": Case(ops.softmax, (6,)),
    "softplus": Case(ops.softplus),
    "softsign": Case(ops.softsign),
    "sqrt": Case(ops.sqrt, positive=True),
    "square": Case(ops.square),
    "standardise": Case(lambda x: ops.standardise(x, (1, 2), 0.1)),
    "subtract a constant": Case(lambda x: x - PIXELS),
    "subtract two nodes": Case(lambda x: ops.subtract(1, x) - x[:, :1]),
    "sum": Case(ops.sum),
    "take": Case(lambda x: ops.take(x, (slice(None), 1, None, slice(None, None, -2)))),
    "tanh": Case(ops.tanh),
    "transpose": Case(lambda x: ops.transpose(x, 3, 1, 2)),
    "transposed_convolution": Case(lambda x: ops.transposed_convolution(x, KERNELS, BIAS, (2, 3), ((1, 0), (-1, 2)))),
    "upsample": Case(lambda x: ops.upsample(x, (7, 3))),
}
TABLES: dict[str, Rules] = {"gradient": GRADIENT, "guided": GUIDED, "deconvnet": DECONVNET, "rescale": RESCALE}

QUICK = ("gradient", "rescale")
"""The other tables differ from the gradient's at rectifiers alone; they run with the tests marked slow."""

every_op = pytest.mark.parametrize("op", CASES.values(), ids=CASES)
every_table = pytest.mark.parametrize("table", slow_except(QUICK, TABLES), indirect=True)


@pytest.fixture
def table(request: pytest.FixtureRequest) -> Rules:
    return TABLES[request.param]


def seed_for(y: Node, rng: np.random.Generator) -> Array:
    return rng.uniform(-1, 1, y.shape)


def close(a: Array, b: Array, what: Case) -> None:
    """Equal to rounding: each number is made from at most one row's, and a chord divides by a Δ of at least 1/50."""
    size = max(1, np.max(abs(b), initial=0))
    np.testing.assert_allclose(a, b, rtol=0, atol=50 * int(np.prod(what.row)) * EPS * size)


def test_the_table_has_every_op() -> None:
    public = {name for name in ops.__all__ if not isinstance(getattr(ops, name), type)}
    assert public == {name.replace(",", " ").split()[0] for name in CASES}


@every_op
@given(rng=generators)
def test_gradient_is_the_derivative(op: Case, rng: np.random.Generator) -> None:
    """⟨m, J·d⟩ by central differences of the whole function; the op's own file is more exact."""
    x = op.draw(rng, 2)
    d = rng.uniform(-1, 1, x.shape)
    m = seed_for(op.call(Node(x)), rng)
    slopes = central(lambda v: op.call(Node(v)).value, x, d)
    # kinks are 1/1000 away, the step is 6e-6; values are below 200, third derivatives along d below 1e4
    bound = m.size * (1e4 * H**2 / 6 + 2 * 200 * EPS / H) + x.size * EPS * np.sum(abs(m * slopes))
    assert abs(np.sum(m * slopes) - np.sum(walk(op, x, m, GRADIENT) * d)) <= bound


def walk(op: Case, x: Array, m: Array, table: Rules) -> Array:
    node = Node(x)
    return backward(op.call(node), table, m)[node]


@every_op
@pytest.mark.parametrize("one", slow_except([True], [True, False]), ids=["one reference", "N references"])
@given(rng=generators)
def test_rescale_is_complete(op: Case, one: bool, rng: np.random.Generator) -> None:
    x = op.node(rng, 3, one)
    x = Node(np.where(rng.random(x.shape) < 0.3, np.broadcast_to(x.reference, x.shape), x.value), x.reference)
    y = op.call(x)
    check_complete(y, x, seed_for(y, rng))


@every_op
@every_table
@pytest.mark.parametrize("one", [True, False], ids=["one reference", "N references"])
def test_float32_stays_float32(op: Case, table: Rules, one: bool) -> None:
    x = op.node(np.random.default_rng(0), 2, one, np.float32)
    y = op.call(x)
    seed = np.random.default_rng(1).uniform(-1, 1, y.shape)
    for node, m in backward(y, table, seed).items():
        assert node.value.dtype == node.reference.dtype == m.dtype == np.float32, node
        assert m.shape == node.shape


@every_op
def test_a_single_reference_row_stays_single(op: Case) -> None:
    x = op.node(np.random.default_rng(0), 3)
    for node in history(op.call(x)):
        assert (len(node.value), len(node.reference)) == (3, 1), node
        assert node.reference.shape[1:] == node.shape[1:]


@every_op
@every_table
@pytest.mark.parametrize("n", [0, 1])
def test_no_rows_and_one_row(op: Case, table: Rules, n: int) -> None:
    """The model finds the shapes of its layers with no rows at all."""
    rng = np.random.default_rng(0)
    shape = op.call(op.node(rng, 3)).shape
    x = op.node(rng, n)
    y = op.call(x)
    assert y.shape == (n, *shape[1:])
    assert y.reference.shape == (1, *shape[1:])
    for node, m in backward(y, table).items():
        assert m.shape == node.shape


@every_op
@every_table
def test_rows_of_the_multiplier_are_those_of_the_seed(op: Case, table: Rules) -> None:
    """One row walked back with five seeds gives five rows, as if it had been there five times."""
    rng = np.random.default_rng(0)
    x = op.node(rng, 1)
    y = op.call(x)
    seed = rng.uniform(-1, 1, (5, *y.shape[1:]))
    five = Node(np.repeat(x.value, 5, axis=0), x.reference)
    m = backward(y, table, seed)[x]
    assert m.shape == (5, *op.row)
    close(m, backward(op.call(five), table, seed)[five], op)


@every_op
@every_table
@pytest.mark.parametrize("one", [True, False], ids=["one reference", "N references"])
def test_no_row_sees_another(op: Case, table: Rules, one: bool) -> None:
    rng = np.random.default_rng(0)
    x = op.node(rng, 4, one)
    y = op.call(x)
    seed = seed_for(y, rng)
    m = backward(y, table, seed)[x]
    for k in range(4):
        alone = Node(x.value[[k]], x.reference if one else x.reference[[k]])
        y_alone = op.call(alone)
        close(y_alone.value[0], y.value[k], op)
        close(backward(y_alone, table, seed[[k]])[alone][0], m[k], op)


@every_op
@every_table
def test_the_same_call_gives_the_same_bits(op: Case, table: Rules) -> None:
    x = op.node(np.random.default_rng(0), 3)
    one, two = op.call(x), op.call(x)
    assert one.value.tobytes() == two.value.tobytes()
    assert one.reference.tobytes() == two.reference.tobytes()
    seed = seed_for(one, np.random.default_rng(1))
    first, again, other = backward(one, table, seed)[x], backward(one, table, seed)[x], backward(two, table, seed)[x]
    assert first.tobytes() == again.tobytes() == other.tobytes()


@every_op
@every_table
def test_nothing_given_is_modified(op: Case, table: Rules) -> None:
    """Neither the numbers nor the flags of inputs, constants and seed; and a node's own values cannot be."""
    rng = np.random.default_rng(0)
    value, reference = op.draw(rng, 3), op.draw(rng, 1)
    given_arrays = [value, reference, *CONSTANTS]
    before = [a.copy() for a in given_arrays]
    y = op.call(Node(value, reference))
    seed = seed_for(y, rng)
    kept, numbers = seed.copy(), [(h, h.value.copy(), h.reference.copy()) for h in history(y)]
    backward(y, table, seed)
    for array, copy in zip([*given_arrays, seed], [*before, kept], strict=True):
        np.testing.assert_array_equal(array, copy)
        assert array.flags.writeable
    for h, v, r in numbers:
        np.testing.assert_array_equal(h.value, v)
        np.testing.assert_array_equal(h.reference, r)
        assert not h.value.flags.writeable
        assert not h.reference.flags.writeable


@every_op
def test_read_only_and_strided_arrays_are_taken(op: Case) -> None:
    """Values may be views: reversed, transposed, of another byte layout."""
    rng = np.random.default_rng(0)
    value = op.draw(rng, 3)
    strided = np.asfortranarray(value)[:, ::-1].copy(order="F")[:, ::-1]
    strided.flags.writeable = False
    assert not strided.flags.c_contiguous or value.ndim == 1
    seed = seed_for(op.call(Node(value)), rng)
    close(op.call(Node(strided)).value, op.call(Node(value)).value, op)
    close(walk(op, strided, seed, GRADIENT), walk(op, value, seed, GRADIENT), op)
    assert not strided.flags.writeable


@given(rng=generators)
def test_batch_normalisation_the_one_op_that_mixes_rows(rng: np.random.Generator) -> None:
    """Mean 0 and variance 1 (ε apart) for every channel, and the derivative of that; no attribution table covers it."""
    x, op = distinct(rng, (3, 2, 2, 2)), BatchNormalise(1e-3)
    y = op.forward(x)
    np.testing.assert_allclose(y.mean(axis=(0, 1, 2)), 0, rtol=0, atol=24 * EPS)
    variance = x.var(axis=(0, 1, 2))
    np.testing.assert_allclose(y.var(axis=(0, 1, 2)), variance / (variance + 1e-3), rtol=50 * EPS)
    m, d = rng.uniform(-1, 1, x.shape), rng.uniform(-1, 1, x.shape)
    numeric = np.sum(m * central(op.forward, x, d))
    # with a variance above 1/5, third derivatives along d are below 1e3
    assert abs(numeric - np.sum(op.vjp(0, m, x) * d)) <= m.size * (1e3 * H**2 / 6 + 2 * 5 * EPS / H)
    with pytest.raises(TypeError, match="no rule for BatchNormalise"):
        backward(op(Node(x)), GRADIENT)

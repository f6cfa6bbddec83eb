"""Operations on nodes, by kind.  A new one is a class here, and every method covers it."""

from minixai.operators import OPERATORS
from minixai.ops.arithmetic import MatMul, add, divide, matmul, multiply, negative, power, subtract
from minixai.ops.convolution import Convolution, convolution
from minixai.ops.functions import (
    Relu,
    absolute,
    elu,
    exp,
    gelu,
    leaky_relu,
    log,
    reciprocal,
    relu,
    selu,
    sigmoid,
    softplus,
    sqrt,
    square,
    tanh,
)
from minixai.ops.kinds import Bilinear, Elementwise, Linear, Selection
from minixai.ops.pooling import average_pool, global_average_pool, max_pool, upsample
from minixai.ops.reductions import max, mean, softmax, sum
from minixai.ops.shapes import concatenate, flatten, identity, pad, reshape, take, transpose

for function in (
    *(add, subtract, multiply, divide, power, matmul, negative, take),
    *(sum, mean, max, reshape, flatten, transpose),
):
    OPERATORS[function.__name__] = function
OPERATORS["absolute"] = absolute

__all__ = [
    "Bilinear",
    "Convolution",
    "Elementwise",
    "Linear",
    "MatMul",
    "Relu",
    "Selection",
    "absolute",
    "add",
    "average_pool",
    "concatenate",
    "convolution",
    "divide",
    "elu",
    "exp",
    "flatten",
    "gelu",
    "global_average_pool",
    "identity",
    "leaky_relu",
    "log",
    "matmul",
    "max",
    "max_pool",
    "mean",
    "multiply",
    "negative",
    "pad",
    "power",
    "reciprocal",
    "relu",
    "reshape",
    "selu",
    "sigmoid",
    "softmax",
    "softplus",
    "sqrt",
    "square",
    "subtract",
    "sum",
    "take",
    "tanh",
    "transpose",
    "upsample",
]

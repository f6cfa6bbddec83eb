"""Operations on nodes, by kind.  To add one, write a class of one of these kinds: every method then supports it."""

from inspect import isfunction

from minixai.operators import OPERATORS
from minixai.ops.activations import (
    celu,
    clip,
    cos,
    erf,
    gelu_tanh,
    hard_sigmoid,
    hard_swish,
    mish,
    relu6,
    silu,
    sin,
    softsign,
)
from minixai.ops.arithmetic import MatMul, add, divide, matmul, multiply, negative, power, subtract
from minixai.ops.composed import (
    local_response_normalisation,
    log_softmax,
    maximum,
    minimum,
    prelu,
    standardise,
    transposed_convolution,
)
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
from minixai.ops.sampling import gather, interpolate
from minixai.ops.shapes import concatenate, flatten, identity, pad, reshape, take, transpose
from minixai.signatures import with_explained_failure

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
    "celu",
    "clip",
    "concatenate",
    "convolution",
    "cos",
    "divide",
    "elu",
    "erf",
    "exp",
    "flatten",
    "gather",
    "gelu",
    "gelu_tanh",
    "global_average_pool",
    "hard_sigmoid",
    "hard_swish",
    "identity",
    "interpolate",
    "leaky_relu",
    "local_response_normalisation",
    "log",
    "log_softmax",
    "matmul",
    "max",
    "max_pool",
    "maximum",
    "mean",
    "minimum",
    "mish",
    "multiply",
    "negative",
    "pad",
    "power",
    "prelu",
    "reciprocal",
    "relu",
    "relu6",
    "reshape",
    "selu",
    "sigmoid",
    "silu",
    "sin",
    "softmax",
    "softplus",
    "softsign",
    "sqrt",
    "square",
    "standardise",
    "subtract",
    "sum",
    "take",
    "tanh",
    "transpose",
    "transposed_convolution",
    "upsample",
]

for name in __all__:  # these are called often, so their arguments are examined only after a failure
    if isfunction(made := globals()[name]):
        globals()[name] = with_explained_failure(made)
for name in (
    *("absolute", "add", "subtract", "multiply", "divide", "power", "matmul", "negative", "take"),
    *("sum", "mean", "max", "reshape", "flatten", "transpose"),
):
    OPERATORS[name] = globals()[name]

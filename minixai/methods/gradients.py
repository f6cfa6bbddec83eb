"""The slope of the score, and its two relatives that treat a ReLU in their own way. One walk each."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy.typing as npt

from minixai.arrays import multiply_no_nan
from minixai.attribution import Attribution
from minixai.methods.call import Call
from minixai.methods.registry import method
from minixai.methods.runs import Batch, forward_batches, gather_batches, walk
from minixai.model import Network
from minixai.rules import DECONVNET, GRADIENT, GUIDED, has_rectifier


def check_rectifiers(batches: Iterator[Batch], name: str, to_input: bool = False) -> Iterator[Batch]:
    """The batches as they come, with a warning if nothing rectifies on the way back to the layer, or to the input."""
    for k, batch in enumerate(batches):
        yield batch  # first the walk, which may find an op without a rule
        if not k and not has_rectifier(batch.output, batch.x if to_input else batch.layer):
            warnings.warn(
                f"no op on the way rectifies (ReLU, or a class with `rectifies = True`), so what {name} shows is the "
                "plain gradient: ask for gradient, or for a network with ReLUs",
                stacklevel=7,
            )


@method("how does the score change if this pixel changes a little?", "1 forward, 1 back", complete=False)
def gradient(
    model: Network,
    x: npt.ArrayLike,
    target: npt.ArrayLike | None = None,
    *,
    versus: npt.ArrayLike | None = None,
    output: str = "score",
    layer: str | int | None = None,
    batch: int | None = None,
) -> Attribution:
    """φ = ∂f/∂x, signed.

    Arguments and errors are those of every method: see `minixai.methods.call.Call`.
    Not complete; 0 where f is saturated.  (Simonyan, Vedaldi & Zisserman 2014, §3, without absolute value)

    >>> from minixai import toys
    >>> gradient(toys.add_multiply, [[3.0, 1.0, 2.0]]).values
    array([[3., 7., 4.]])
    """
    call = Call(model, x, target, versus, output, layer, batch)
    ends, m = walk(call, GRADIENT)
    return ends.attribution(call, "gradient", m, {})


@method("what would this pixel be worth, were the score a plane through 0?", "1 forward, 1 back", complete=False)
def input_x_gradient(
    model: Network,
    x: npt.ArrayLike,
    target: npt.ArrayLike | None = None,
    *,
    versus: npt.ArrayLike | None = None,
    output: str = "score",
    layer: str | int | None = None,
    batch: int | None = None,
) -> Attribution:
    """φ = x · ∂f/∂x, or at a layer activation · gradient.

    Complete only where f is linear in x, or made of linear ops, ReLU and max-pool without biases.
    (Shrikumar et al. 2017, §2.2; Ancona et al. 2018)

    >>> from minixai import toys
    >>> input_x_gradient(toys.add_multiply, [[3.0, 1.0, 2.0]]).values
    array([[9., 7., 8.]])
    """
    call = Call(model, x, target, versus, output, layer, batch)
    ends, m = walk(call, GRADIENT)
    return ends.attribution(call, "input_x_gradient", multiply_no_nan(m, ends.value), {})


@method("which pixels excite the units that excite the score?", "1 forward, 1 back", complete=False)
def guided_backprop(
    model: Network,
    x: npt.ArrayLike,
    target: npt.ArrayLike | None = None,
    *,
    versus: npt.ArrayLike | None = None,
    output: str = "score",
    layer: str | int | None = None,
    batch: int | None = None,
) -> Attribution:
    """The gradient, with max(m, 0) · f'(x) at every ReLU: positive on the way forward and on the way back.

    Every op that says `rectifies` counts as a ReLU; at leaky ReLU, elu, gelu and others, where no unit is off, the rule
    is the gradient's.  Warns if nothing on the way rectifies: then the map is the plain gradient.
    Sharp, but hardly depends on the class (Adebayo et al. 2018).  (Springenberg et al. 2015, Fig. 1)

    >>> from minixai import toys
    >>> guided_backprop(toys.invariance_f, [[3.0, 1.0]]).values  # f falls with x2, yet it gets 0
    array([[1., 0.]])
    """
    call = Call(model, x, target, versus, output, layer, batch)
    batches = check_rectifiers(forward_batches(call), "guided_backprop")
    ends, m = gather_batches((batch, batch.backward(GUIDED, batch.layer)) for batch in batches)
    return ends.attribution(call, "guided_backprop", m, {})


@method("what would this score look like, projected back to pixels?", "1 forward, 1 back", complete=False)
def deconvnet(
    model: Network,
    x: npt.ArrayLike,
    target: npt.ArrayLike | None = None,
    *,
    versus: npt.ArrayLike | None = None,
    output: str = "score",
    layer: str | int | None = None,
    batch: int | None = None,
) -> Attribution:
    """The gradient, with max(m, 0) at every ReLU, whether it was on or off.  (Zeiler & Fergus 2014, §2.1)

    What counts as a ReLU, and when it warns, is told in `guided_backprop`.

    >>> from minixai import toys
    >>> deconvnet(toys.one_minus_relu, [[2.0]]).values
    array([[-0.]])
    """
    call = Call(model, x, target, versus, output, layer, batch)
    ends, m = gather_batches(
        (batch, batch.backward(DECONVNET, batch.layer))
        for batch in check_rectifiers(forward_batches(call), "deconvnet")
    )
    return ends.attribution(call, "deconvnet", m, {})

"""The gradient of the score, and its two relatives that treat a ReLU in their own way: one backward pass each."""

from __future__ import annotations

from collections.abc import Iterator

import numpy.typing as npt

from minixai.arrays import multiply_no_nan
from minixai.attribution import Attribution
from minixai.methods.call import Call
from minixai.methods.registry import method
from minixai.methods.runs import Batch, forward_batches, gather_batches, walk
from minixai.model import Network
from minixai.rules import DECONVNET, GRADIENT, GUIDED, has_rectifier
from minixai.validate import warn_caller


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
    """Gradient of the score, φ = ∂f/∂x, with its sign.

    Parameters
    ----------
    {model, x, target, versus, output, layer, batch}

    Returns
    -------
    Attribution
        Values in the shape of x, or of the layer.

    Raises
    ------
    {errors}

    Notes
    -----
    The values are not complete, and they are 0 where f is saturated.  The paper shows their absolute value.

    References
    ----------
    Simonyan, Vedaldi & Zisserman (2014), Deep inside convolutional networks, §3.

    Examples
    --------
    >>> from minixai import toys
    >>> gradient(toys.add_multiply, [[3.0, 1.0, 2.0]]).values
    array([[3., 7., 4.]])
    """
    call = Call(model, x, target, versus, output, layer, batch)
    ends, m = walk(call, GRADIENT)
    return ends.attribution("gradient", m, {})


@method("what would this pixel be worth if the score were linear?", "1 forward, 1 back", complete=False)
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
    """Input times gradient, φ = x · ∂f/∂x; at a layer activation times gradient.

    Parameters
    ----------
    {model, x, target, versus, output, layer, batch}

    Returns
    -------
    Attribution
        Values in the shape of x, or of the layer.

    Raises
    ------
    {errors}

    Notes
    -----
    The values add up to f(x) − f(0) only if f is linear in x, or is made of linear ops, ReLU and max-pool without
    biases.

    References
    ----------
    Shrikumar et al. (2017), Learning important features through propagating activation differences, §2.2.
    Ancona et al. (2018), Towards better understanding of gradient-based attribution methods.

    Examples
    --------
    >>> from minixai import toys
    >>> input_x_gradient(toys.add_multiply, [[3.0, 1.0, 2.0]]).values
    array([[9., 7., 8.]])
    """
    call = Call(model, x, target, versus, output, layer, batch)
    ends, m = walk(call, GRADIENT)
    return ends.attribution("input_x_gradient", multiply_no_nan(m, ends.value), {})


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
    """Guided backprop: the gradient with max(m, 0) · f'(x) in place of m · f'(x) at every ReLU.

    Only what is positive on the way forward and on the way back passes a ReLU.

    Parameters
    ----------
    {model, x, target, versus, output, layer, batch}

    Returns
    -------
    Attribution
        Values in the shape of x, or of the layer.

    Raises
    ------
    {errors}

    Warns
    -----
    UserWarning
        If no op on the way rectifies, because the map is then the plain gradient.

    Notes
    -----
    Every op with `rectifies = True` counts as a ReLU.  At leaky ReLU, elu, gelu and others, where no unit is ever off,
    the rule is that of the gradient.  The map is sharp, but it hardly depends on the class (Adebayo et al. 2018).

    References
    ----------
    Springenberg et al. (2015), Striving for simplicity: the all convolutional net, Fig. 1.
    Adebayo et al. (2018), Sanity checks for saliency maps.

    Examples
    --------
    >>> from minixai import toys
    >>> guided_backprop(toys.invariance_f, [[3.0, 1.0]]).values  # f falls with x2, yet x2 gets 0
    array([[1., 0.]])
    """
    call = Call(model, x, target, versus, output, layer, batch)
    batches = check_rectifiers(forward_batches(call), "guided_backprop")
    ends, (m,) = gather_batches((batch, [batch.backward(GUIDED)]) for batch in batches)
    return ends.attribution("guided_backprop", m, {})


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
    """Deconvnet: the gradient with max(m, 0) in place of m · f'(x) at every ReLU, whether it was on or off.

    Parameters
    ----------
    {model, x, target, versus, output, layer, batch}

    Returns
    -------
    Attribution
        Values in the shape of x, or of the layer.

    Raises
    ------
    {errors}

    Warns
    -----
    UserWarning
        If no op on the way rectifies, because the map is then the plain gradient.

    Notes
    -----
    Every op with `rectifies = True` counts as a ReLU.  At all other functions the rule is that of the gradient.

    References
    ----------
    Zeiler & Fergus (2014), Visualizing and understanding convolutional networks, §2.1.

    Examples
    --------
    >>> from minixai import toys
    >>> deconvnet(toys.one_minus_relu, [[2.0]]).values
    array([[-0.]])
    """
    call = Call(model, x, target, versus, output, layer, batch)
    batches = check_rectifiers(forward_batches(call), "deconvnet")
    ends, (m,) = gather_batches((batch, [batch.backward(DECONVNET)]) for batch in batches)
    return ends.attribution("deconvnet", m, {})


def check_rectifiers(batches: Iterator[Batch], name: str, to_input: bool = False) -> Iterator[Batch]:
    """Yield the batches; after the first, warn if no op between the layer and the output rectifies, as ReLU does.

    With `to_input`, the ops between the input and the output are examined.
    """
    for k, batch in enumerate(batches):
        yield batch  # before the warning, so that the walk may raise for an op without a rule
        if not k and not has_rectifier(batch.output, batch.x if to_input else batch.layer):
            warn_caller(
                f"no op on the way rectifies (ReLU, or a class with `rectifies = True`), so what {name} shows is the "
                "plain gradient: ask for gradient, or for a network with ReLUs",
            )

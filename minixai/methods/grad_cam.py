"""Class activation maps: the maps of a layer's filters, weighted by their gradients and summed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from minixai.arrays import Array, accurate_mean, multiply_no_nan
from minixai.attribution import Attribution
from minixai.methods.call import Call
from minixai.methods.compat import guided_channel_weights
from minixai.methods.endpoints import Endpoints
from minixai.methods.gradients import check_rectifiers
from minixai.methods.maps import batches_at_layer, check_places
from minixai.methods.registry import method
from minixai.methods.runs import Batch, gather_batches
from minixai.model import Network
from minixai.ops.pooling import Resize
from minixai.rules import GRADIENT, GUIDED
from minixai.validate import check_images, one_of

Size: TypeAlias = "tuple[int, ...]"


def mean_gradient_weights(maps: Array, gradients: Array) -> Array:
    """α_k = mean over positions of ∂f/∂A_k: (N, h, w, K) twice -> (N, K)"""
    return accurate_mean(gradients, (1, 2))


VARIANTS: Mapping[str, Callable[[Array, Array], Array]] = {
    "paper": mean_gradient_weights,
    "tf-explain": guided_channel_weights,
}
"""maps, gradients (N, h, w, K) -> weights (N, K)"""


def resize_nearest(maps: Array, size: Size) -> Array:
    """Resize maps so that pixel i takes the position ⌊i·h/H⌋: (N, h, w, C) -> (N, *size, C)"""
    rows, columns = (np.arange(to) * n // to for n, to in zip(maps.shape[1:3], size, strict=True))
    return maps[:, rows][:, :, columns]


UPSAMPLINGS: Mapping[str, Callable[[Array, Size], Array]] = {
    "bilinear": lambda maps, size: Resize((size[0], size[1])).forward(maps),
    "nearest": resize_nearest,
}


@method("where are the features of this class?", "1 forward, 1 back", complete=False)
def grad_cam(
    model: Network,
    x: npt.ArrayLike,
    target: npt.ArrayLike | None = None,
    *,
    versus: npt.ArrayLike | None = None,
    relu: bool = True,
    resize: bool = False,
    variant: str = "paper",
    output: str = "score",
    layer: str | int | None = None,
    batch: int | None = None,
) -> Attribution:
    """Grad-CAM, max(Σ_k α_k A_k, 0) with α_k = mean over positions of ∂f/∂A_k.

    Parameters
    ----------
    {model, x, target, versus}
    relu : bool, default True
        False leaves the map with its sign.
    resize : bool, default False
        Whether to resize the map to the image after the ReLU, bilinearly with half-pixel centres.
    variant : {"paper", "tf-explain"}, default "paper"
        "tf-explain" has other weights and never a ReLU: see `minixai.methods.compat.guided_channel_weights`.
    {output, maps, batch}

    Returns
    -------
    Attribution
        Values (N, h, w, 1), or (N, H, W, 1) with `resize`.  `extras["signed"]` (N, h, w, 1) is the map before the ReLU
        and resizing, and `extras["weights"]` (N, K) holds α.

    Raises
    ------
    {errors}
    ValueError
        If the layer has no positions, and if there is no convolution with positions to choose by default.

    Warns
    -----
    UserWarning
        If the layer has one position, so that the map is one number, and if other paths lead round the layer, so that
        the map leaves out what they bring.

    Notes
    -----
    A map without a positive entry is 0 everywhere.  If the layer feeds global average pooling and a dense layer, the
    signed map adds up to the score without its bias, and H·W times the map is CAM (Zhou et al. 2016).  Elsewhere it
    need not add up to anything.

    References
    ----------
    Selvaraju et al. (2017), Grad-CAM: visual explanations from deep networks via gradient-based localization, eq. 1–2.
    Zhou et al. (2016), Learning deep features for discriminative localization.

    Examples
    --------
    >>> from minixai import ops
    >>> network = lambda x: ops.global_average_pool(ops.convolution(x, [[[[1.0]]]])) @ np.array([[4.0], [-4.0]]).T
    >>> grad_cam(network, [[[[1.0], [5.0]]]], 0).values.ravel(), grad_cam(network, [[[[1.0], [5.0]]]], 1).values.ravel()
    (array([ 2., 10.]), array([0., 0.]))
    """
    weigh = VARIANTS[one_of(variant, VARIANTS, "variant")]
    call = Call(model, x, target, versus, output, layer, batch)
    ends, gradients = maps_and_gradients(call, "grad_cam", resize)
    weights = weigh(ends.value, gradients)
    signed = weighted_channel_sum(ends.value, weights)
    values = finish_map(signed, call, relu and variant == "paper", resize)
    parameters = {"relu": relu, "resize": resize, "variant": variant}
    return ends.attribution("grad_cam", values, parameters, extras={"signed": signed, "weights": weights})


@method("which places raise the score, by the features they have?", "1 forward, 1 back", complete=False)
def hires_cam(
    model: Network,
    x: npt.ArrayLike,
    target: npt.ArrayLike | None = None,
    *,
    versus: npt.ArrayLike | None = None,
    relu: bool = False,
    resize: bool = False,
    output: str = "score",
    layer: str | int | None = None,
    batch: int | None = None,
) -> Attribution:
    """HiResCAM, Σ_k A_k · ∂f/∂A_k at every position: activation times gradient, summed over filters.

    Parameters
    ----------
    {model, x, target, versus}
    relu : bool, default False
        Whether to keep only what is positive.
    resize : bool, default False
        Whether to resize the map to the image after the ReLU, bilinearly with half-pixel centres.
    {output, maps, batch}

    Returns
    -------
    Attribution
        Values (N, h, w, 1), or (N, H, W, 1) with `resize`.  `extras["signed"]` (N, h, w, 1) is the map before the ReLU
        and resizing.

    Raises
    ------
    {errors}
    ValueError
        If the layer has no positions, and if there is no convolution with positions to choose by default.

    Notes
    -----
    Grad-CAM takes the mean gradient over positions, so it can highlight positions that the score never used; HiResCAM
    cannot.  The two are equal if each filter has the same gradient at all positions, as below global average pooling.

    References
    ----------
    Draelos & Carin (2020), Use HiResCAM instead of Grad-CAM for faithful explanations of convolutional neural networks.

    Examples
    --------
    >>> network = lambda x: (x.named("h") * [[[1.0], [-1.0]]]).sum()
    >>> hires_cam(network, [[[[1.0], [5.0]]]], layer="h").values.ravel()
    array([ 1., -5.])
    """
    call = Call(model, x, target, versus, output, layer, batch)
    ends, gradients = maps_and_gradients(call, "hires_cam", resize)
    # (N, h, w, K) · (N, h, w, K) -> (N, h, w, 1)
    signed = multiply_no_nan(gradients, ends.value).sum(axis=-1, keepdims=True)
    parameters = {"relu": relu, "resize": resize}
    values = finish_map(signed, call, relu, resize)
    return ends.attribution("hires_cam", values, parameters, extras={"signed": signed})


@method("which fine structures lie where the features of this class are?", "1 forward, 2 back", complete=False)
def guided_grad_cam(
    model: Network,
    x: npt.ArrayLike,
    target: npt.ArrayLike | None = None,
    *,
    versus: npt.ArrayLike | None = None,
    upsampling: str = "bilinear",
    output: str = "score",
    layer: str | int | None = None,
    batch: int | None = None,
) -> Attribution:
    """Guided Grad-CAM: guided backprop times Grad-CAM, resized to the image.

    Parameters
    ----------
    {model}
    x : array_like, (N, H, W, C)
        The images.
    {target, versus}
    upsampling : {"bilinear", "nearest"}, default "bilinear"
        How the map is resized: bilinearly with half-pixel centres as in the paper, or as captum does by default.
    {output, maps, batch}

    Returns
    -------
    Attribution
        Values (N, H, W, C).

    Raises
    ------
    {errors}
    ValueError
        If x does not hold images, if the layer has no positions, and if there is no convolution with positions to
        choose by default.

    Warns
    -----
    UserWarning
        If no op between the image and the score rectifies, because guided backprop is then the plain gradient.

    Notes
    -----
    There are two backward passes for one forward pass.  What tf-explain calls guided is something else: a Grad-CAM with
    other weights, as coarse as the layer, `grad_cam(variant="tf-explain")`.  Both keep positive gradients at positive
    activations, but this method does so at every ReLU on the way to the pixels, and that one only once, at the layer.

    References
    ----------
    Selvaraju et al. (2017), Grad-CAM: visual explanations from deep networks via gradient-based localization, §3.2.

    Examples
    --------
    >>> from minixai import ops
    >>> network = lambda x: ops.relu(ops.convolution(x, [[[[1.0]]]])).sum()
    >>> guided_grad_cam(network, [[[[1.0], [-5.0]]]]).values.ravel()
    array([1., 0.])
    """
    resize_to = UPSAMPLINGS[one_of(upsampling, UPSAMPLINGS, "upsampling")]
    call = Call(model, x, target, versus, output, layer, batch)
    batches = check_rectifiers(batches_with_maps(call, "guided_grad_cam", True), "guided_grad_cam", to_input=True)
    ends, (values,) = gather_batches((batch, [guided_product(batch, resize_to)]) for batch in batches)
    return ends.attribution("guided_grad_cam", values, {"upsampling": upsampling}, (0, len(values)))


def batches_with_maps(call: Call, what: str, images: bool) -> Iterator[Batch]:
    """Send the inputs forward to a layer that has positions; with `images`, the inputs must have them too."""
    if images:
        check_images(call.rows.shape, what)
    for i, batch in enumerate(batches_at_layer(call)):
        if batch.layer.ndim != 4:
            raise ValueError(
                f"{what} adds up maps (N, h, w, filters), but layer {batch.layer.name!r} has the shape "
                f"{batch.layer.shape}, without places: choose one below Flatten and global pooling"
            )
        if i == 0:
            check_places(batch, what)
        yield batch


def maps_and_gradients(call: Call, what: str, images: bool) -> tuple[Endpoints, Array]:
    """The endpoints with the maps A of the layer, and their gradient ∂f/∂A."""
    ends, (gradients,) = gather_batches(
        (batch, [batch.backward(GRADIENT)]) for batch in batches_with_maps(call, what, images)
    )
    return ends, gradients


def weighted_channel_sum(maps: Array, weights: Array) -> Array:
    """Σ_k α_k A_k: (N, h, w, K), (N, K) -> (N, h, w, 1)"""
    return np.asarray(np.einsum("nhwk,nk->nhw", maps, weights)[..., None])


def finish_map(signed: Array, call: Call, relu: bool, resize: bool) -> Array:
    """The map without its negative part if `relu`, and then in the size of the image if `resize`."""
    maps = np.maximum(signed, 0) if relu else signed
    return UPSAMPLINGS["bilinear"](maps, call.rows.shape[1:3]) if resize else maps


def guided_product(batch: Batch, resize_to: Callable[[Array, Size], Array]) -> Array:
    """Guided backprop times the resized ReLU of Grad-CAM, for one batch."""
    maps = batch.layer.value
    cam = np.maximum(weighted_channel_sum(maps, mean_gradient_weights(maps, batch.backward(GRADIENT))), 0)
    guided = batch.backward(GUIDED, batch.x)
    # (n, H, W, C) · (n, H, W, 1)
    return np.asarray(guided * resize_to(cam, guided.shape[1:3]))

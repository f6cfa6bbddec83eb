"""Class activation maps: the maps of a layer's filters, added up by what they are worth to a class."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from minixai.arrays import Array, accurate_mean, multiply_no_nan
from minixai.attribution import Attribution
from minixai.methods.call import Call
from minixai.methods.compat import guided_weights
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


def mean_slopes(maps: Array, slopes: Array) -> Array:
    """α_k = mean over positions of ∂f/∂A_k"""
    return accurate_mean(slopes, (1, 2))


VARIANTS: Mapping[str, Callable[[Array, Array], Array]] = {"paper": mean_slopes, "tf-explain": guided_weights}
"""maps, slopes (N, h, w, K) -> weights (N, K)"""


def nearest(maps: Array, size: Size) -> Array:
    """Every pixel takes the place it starts in, ⌊i·h/H⌋: (N, h, w, C) -> (N, *size, C)"""
    rows, columns = (np.arange(to) * n // to for n, to in zip(maps.shape[1:3], size, strict=True))
    return maps[:, rows][:, :, columns]


UPSAMPLINGS: Mapping[str, Callable[[Array, Size], Array]] = {
    "bilinear": lambda maps, size: Resize((size[0], size[1])).forward(maps),
    "nearest": nearest,
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
    """Grad-CAM: max(Σ_k α_k A_k, 0), with α_k = mean over places of ∂f/∂A_k.

    Parameters
    ----------
    {model, x, target, versus}
    relu : bool, default True
        Whether the map keeps only what is positive; False leaves it signed.
    resize : bool, default False
        Whether the map is stretched to the image, bilinearly at half-pixel centres, after the ReLU.
    variant : {"paper", "tf-explain"}, default "paper"
        "tf-explain" has the weights of that library, see `minixai.methods.compat.guided_weights`, and never a ReLU.
    {output, maps, batch}

    Returns
    -------
    Attribution, (N, h, w, 1)
        With `resize` (N, H, W, 1).  `extras` hold the map before ReLU and resizing, "signed" (N, h, w, 1), and
        "weights" α (N, K).  A map without a positive entry is all 0.

    Raises
    ------
    {errors}

    Warns
    -----
    UserWarning
        If the layer has one place, so that the map is one number, and if other paths lead round it.

    Notes
    -----
    If the layer feeds global average pooling and a dense layer, the signed map adds up to the score less its bias, and
    H·W times it is CAM (Zhou et al. 2016); elsewhere it adds up to nothing.

    References
    ----------
    Selvaraju et al. 2017, "Grad-CAM", eq. 1 and 2.

    Examples
    --------
    >>> from minixai import ops
    >>> network = lambda x: ops.global_average_pool(ops.convolution(x, [[[[1.0]]]])) @ np.array([[4.0], [-4.0]]).T
    >>> grad_cam(network, [[[[1.0], [5.0]]]], 0).values.ravel(), grad_cam(network, [[[[1.0], [5.0]]]], 1).values.ravel()
    (array([ 2., 10.]), array([0., 0.]))
    """
    weigh = VARIANTS[one_of(variant, VARIANTS, "variant")]
    call = Call(model, x, target, versus, output, layer, batch)
    ends, slopes = maps_and_slopes(call, "grad_cam", resize)
    weights = weigh(ends.value, slopes)
    signed = weighted_sum(ends.value, weights)
    values = finish_map(signed, call, relu and variant == "paper", resize)
    given = {"relu": relu, "resize": resize, "variant": variant}
    return ends.attribution("grad_cam", values, given, extras={"signed": signed, "weights": weights})


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
    """HiResCAM: Σ_k A_k · ∂f/∂A_k, place by place.

    Parameters
    ----------
    {model, x, target, versus}
    relu : bool, default False
        Whether the map keeps only what is positive.
    resize : bool, default False
        Whether the map is stretched to the image, bilinearly at half-pixel centres, after the ReLU.
    {output, maps, batch}

    Returns
    -------
    Attribution, (N, h, w, 1)
        With `resize` (N, H, W, 1).  `extras` hold the map before ReLU and resizing, "signed" (N, h, w, 1).

    Raises
    ------
    {errors}

    Warns
    -----
    UserWarning
        As `grad_cam` does.

    Notes
    -----
    Grad-CAM without the mean over places, which can light up places that the score never used.  Equal to it where all
    places of a filter have one slope, as below global average pooling.

    References
    ----------
    Draelos & Carin 2020, "Use HiResCAM instead of Grad-CAM for faithful explanations".

    Examples
    --------
    >>> network = lambda x: (x.named("h") * [[[1.0], [-1.0]]]).sum()
    >>> hires_cam(network, [[[[1.0], [5.0]]]], layer="h").values.ravel()
    array([ 1., -5.])
    """
    call = Call(model, x, target, versus, output, layer, batch)
    ends, slopes = maps_and_slopes(call, "hires_cam", resize)
    # (N, h, w, K) · (N, h, w, K) -> (N, h, w, 1)
    signed = multiply_no_nan(slopes, ends.value).sum(axis=-1, keepdims=True)
    given = {"relu": relu, "resize": resize}
    values = finish_map(signed, call, relu, resize)
    return ends.attribution("hires_cam", values, given, extras={"signed": signed})


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
    """Guided Grad-CAM: guided backprop × Grad-CAM, which is stretched to the image.

    Parameters
    ----------
    {model, x, target, versus}
    upsampling : {"bilinear", "nearest"}, default "bilinear"
        How the map is stretched: at half-pixel centres, as in the paper, or as captum does by default.
    {output, maps, batch}

    Returns
    -------
    Attribution, (N, H, W, C)

    Raises
    ------
    {errors}

    Warns
    -----
    UserWarning
        As `grad_cam` does; and if nothing between the image and the score rectifies, so that guided backprop is the
        plain gradient.

    Notes
    -----
    Two walks back over one pass forward.  What tf-explain calls guided is not this, but a Grad-CAM with other weights,
    which stays as coarse as the layer: `grad_cam(variant="tf-explain")`.  The two are confused because both keep
    positive gradients at positive activations: this one at every ReLU on the way to the pixels, that one only once, at
    the layer.

    References
    ----------
    Selvaraju et al. 2017, "Grad-CAM", section 3.2.

    Examples
    --------
    >>> from minixai import ops
    >>> network = lambda x: ops.relu(ops.convolution(x, [[[[1.0]]]])).sum()
    >>> guided_grad_cam(network, [[[[1.0], [-5.0]]]]).values.ravel()
    array([1., 0.])
    """
    stretch = UPSAMPLINGS[one_of(upsampling, UPSAMPLINGS, "upsampling")]
    call = Call(model, x, target, versus, output, layer, batch)
    batches = check_rectifiers(batches_with_maps(call, "guided_grad_cam", True), "guided_grad_cam", to_input=True)
    ends, (values,) = gather_batches((batch, [guided_product(batch, stretch)]) for batch in batches)
    return ends.attribution("guided_grad_cam", values, {"upsampling": upsampling}, (0, len(values)))


def batches_with_maps(call: Call, what: str, images: bool) -> Iterator[Batch]:
    """Send the inputs forward to a layer that has places; where the inputs must have them too, they are `images`."""
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


def maps_and_slopes(call: Call, what: str, images: bool) -> tuple[Endpoints, Array]:
    """The maps of the layer, with what else was found on the way, and their slopes ∂f/∂A."""
    ends, (slopes,) = gather_batches(
        (batch, [batch.backward(GRADIENT)]) for batch in batches_with_maps(call, what, images)
    )
    return ends, slopes


def weighted_sum(maps: Array, weights: Array) -> Array:
    """Σ_k α_k A_k: (N, h, w, K), (N, K) -> (N, h, w, 1)"""
    return np.asarray(np.einsum("nhwk,nk->nhw", maps, weights)[..., None])


def finish_map(signed: Array, call: Call, relu: bool, resize: bool) -> Array:
    """The map without what is negative, if asked for, and then at the size of the image, if asked for."""
    maps = np.maximum(signed, 0) if relu else signed
    return UPSAMPLINGS["bilinear"](maps, call.rows.shape[1:3]) if resize else maps


def guided_product(batch: Batch, stretch: Callable[[Array, Size], Array]) -> Array:
    """Guided backprop × the stretched ReLU of Grad-CAM, for one batch."""
    maps = batch.layer.value
    cam = np.maximum(weighted_sum(maps, mean_slopes(maps, batch.backward(GRADIENT))), 0)
    guided = batch.backward(GUIDED, batch.x)
    # (n, H, W, C) · (n, H, W, 1)
    return np.asarray(guided * stretch(cam, guided.shape[1:3]))

"""Networks with random weights for sanity checks, and two maps that do not use the network.

A map that explains a network must change when the learnt weights are replaced by random ones, from the top layer down,
one more layer each time.  The two maps, the edges of the image and noise, serve for comparison.  (Adebayo et al. 2018)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
import scipy

from minixai.arrays import Array
from minixai.model import Model
from minixai.validate import as_names, as_random_seed, as_real, check_finite, one_of

ANEW = 1
"""Put before the seed, so that no layer gets the same weights as in a new model with that seed."""


def weighted_layers(model: Model) -> tuple[str, ...]:
    """The names of the layers that have weights, from the top down.

    >>> import minixai as mx
    >>> weighted_layers(mx.load("digits"))
    ('scores', 'dense1', 'conv2', 'conv1')
    """
    if not isinstance(model, Model):
        raise TypeError(f"only a Model has layers to randomise, got {type(model).__name__}: make a Model of it")
    return tuple(name for layer, name in reversed(model.owners.items()) if layer.weights)


def randomised(model: Model, layers: str | Iterable[str], seed: int = 0) -> Model:
    """Return a copy of the model in which these layers have new random weights, drawn as before training.

    layers    names of layers with weights
    seed      seed of the weights; those of a layer depend only on the seed and on the layer's position

    The given model is not changed.  Raises ValueError for a layer that is unknown or has no weights.

    >>> import minixai as mx
    >>> model = mx.load("digits")
    >>> drawn = randomised(model, ["scores"])
    >>> bool((drawn.weights["scores/kernel"] != model.weights["scores/kernel"]).any())
    True
    """
    names = weighted_layers(model)
    made, drawn = model.astype(model.dtype), {name: layer for layer, name in model.owners.items()}
    for name in as_names(layers):
        place = names.index(one_of(name, names, "layer with weights"))
        rng = np.random.default_rng((ANEW, as_random_seed(seed), place))
        layer = drawn[name]
        made.set_weights(
            {f"{name}/{key}": layer.initial_weight(key, w.shape, rng, w.dtype) for key, w in layer.weights.items()},
            partial=True,
        )
    return made


def cascade(model: Model, seed: int = 0) -> Iterator[tuple[str, Model]]:
    """Iterate over (layer, model with this layer and all above it randomised), from the top.  (Adebayo et al. 2018)

    >>> import minixai as mx
    >>> [layer for layer, _ in cascade(mx.load("digits"))]
    ['scores', 'dense1', 'conv2', 'conv1']
    """
    names = weighted_layers(model)
    return ((name, randomised(model, names[: i + 1], seed)) for i, name in enumerate(names))


def edge_detector(images: npt.ArrayLike) -> Array:
    """√(Gx² + Gy²), the magnitude of the Sobel gradient, mean over channels: (N, H, W, C) -> (N, H, W, 1).

    It looks like an explanation but does not use the network; a method that scores no better has explained nothing.
    (Adebayo et al. 2018)

    >>> edge_detector(np.array([0.0, 0.0, 1.0, 1.0]).reshape(1, 1, 4, 1)).ravel().tolist()
    [0.0, 4.0, 4.0, 0.0]
    """
    x = checked_images(images)
    # Sobel: a difference along one of height and width, weights 1, 2, 1 along the other
    across, down = (
        scipy.ndimage.correlate1d(scipy.ndimage.correlate1d(x, (-1, 0, 1), a), (1, 2, 1), 3 - a) for a in (2, 1)
    )
    return np.asarray(np.hypot(across, down).mean(axis=-1, keepdims=True))


def random_map(images: npt.ArrayLike, seed: int = 0) -> Array:
    """Normal noise, different for each image, as a map that is right only by chance: (N, H, W, C) -> (N, H, W, 1).

    >>> random_map(np.zeros((2, 4, 4, 3))).shape
    (2, 4, 4, 1)
    """
    n, h, w, _ = checked_images(images).shape
    return np.random.default_rng(as_random_seed(seed)).standard_normal((n, h, w, 1))


def checked_images(images: npt.ArrayLike) -> Array:
    """Return images (N, H, W, C) in float64, uint8 divided by 255.  Raises ValueError for other shapes."""
    array = as_real(images, "a set of images")
    if array.ndim != 4 or 0 in array.shape[1:]:
        raise ValueError(f"images of shape {array.shape}: give (N, H, W, C)")
    if array.shape[1] in (1, 3) and array.shape[3] not in (1, 3):
        raise ValueError(f"images of shape {array.shape} look channels-first: give (N, H, W, C), np.moveaxis(x, 1, -1)")
    return check_finite(array, "a set of images").astype(np.float64) / (255 if array.dtype == np.uint8 else 1)

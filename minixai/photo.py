"""Open a photo and VGG-16 with weights from a file, for lessons, if the learner has such weights."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NamedTuple

from minixai.arrays import Array
from minixai.images import read_image, sample_photo
from minixai.model import Model
from minixai.zoo.vgg import vgg16

WITHOUT = (
    "(On a photo: `minixai download vgg16` fetches weights, 553 MB, and "
    "--weights FILE [--image PHOTO.jpg] makes these pictures with them.)"
)


class Photo(NamedTuple):
    """A network, a photo for it (1, 224, 224, 3), and the photo's name."""

    model: Model
    image: Array
    name: str

    @property
    def title(self) -> str:
        """The photo's name, and the class that the network predicts."""
        p = self.model.probabilities(self.image)[0]
        return f"{self.name}: {self.model.classes[p.argmax()]}, {p.max():.0%}"


def open_photo(weights: str | None, image: str | None = None) -> Photo | None:
    """Return the network and the photo in these files, or None without weights.

    The default photo comes with matplotlib.  Raises ValueError for files that cannot be read, and for an image without
    weights.
    """
    if weights is None:
        if image is not None:
            raise ValueError("--image is for VGG-16, whose weights do not come with minixai: add --weights FILE")
        return None
    model = vgg16(weights)
    pixels = read_image(sample_photo() if image is None else image, model.input_shape)
    return Photo(model, pixels[None], image or "Grace Hopper, a photo that comes with matplotlib")


def typed(argv: Sequence[str]) -> Photo | None:
    """Return the network and the photo that the options of a lesson name, or None; other options are ignored."""
    parser = argparse.ArgumentParser(description="A lesson of minixai.", epilog="Other lessons take no options.")
    parser.add_argument("--weights", metavar="FILE", help="trained weights of VGG-16, to see its pictures too")
    parser.add_argument("--image", metavar="FILE", help="the photo (default: one that comes with matplotlib)")
    args, _ = parser.parse_known_args(argv)
    try:
        return open_photo(args.weights, args.image)
    except ValueError as problem:
        parser.error(str(problem))

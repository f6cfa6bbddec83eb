"""The 1,000 classes of ImageNet, as Keras calls them."""

import json
from functools import cache

from minixai.files import shipped


@cache
def imagenet_classes() -> tuple[str, ...]:
    """The names by class number; two of them, crane and maillot, are names of two classes each.

    >>> imagenet_classes()[141], len(imagenet_classes())
    ('redshank', 1000)
    """
    index = json.loads(shipped("imagenet_class_index.json").read_text(encoding="utf-8"))
    return tuple(index[str(k)][1] for k in range(len(index)))

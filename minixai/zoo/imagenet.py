"""The names of the 1,000 classes of ImageNet, which are those of Keras."""

import json
from functools import cache

from minixai.files import shipped


@cache
def imagenet_classes() -> tuple[str, ...]:
    """Return the names in the order of the class numbers.  The names crane and maillot each belong to two classes.

    >>> imagenet_classes()[141], len(imagenet_classes())
    ('redshank', 1000)
    """
    index = json.loads(shipped("imagenet_class_index.json").read_text(encoding="utf-8"))
    return tuple(index[str(k)][1] for k in range(len(index)))

"""Trained models: the recipes they are made by, and the weights shipped in data/; VGG-16 and the weights of others."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from pathlib import Path

from minixai.files import shipped
from minixai.model import Model, known, load_model
from minixai.training import Adam, Epoch, cosine, evaluate, train
from minixai.zoo import birds, digits
from minixai.zoo.birds import BIRDS
from minixai.zoo.digits import DIGITS
from minixai.zoo.recipe import Recipe
from minixai.zoo.vgg import vgg16, vgg19

__all__ = [
    "BIRDS",
    "DIGITS",
    "PHOTOS",
    "RECIPES",
    "Recipe",
    "accuracy",
    "load",
    "make",
    "vgg16",
    "vgg19",
    "weights_file",
]

RECIPES: dict[str, Recipe] = digits.RECIPES | birds.RECIPES

PHOTOS: dict[str, Callable[..., Model]] = {"vgg16": vgg16, "vgg19": vgg19}
"""Networks for photos, whose weights their publishers ship."""


def make(
    name: str,
    seed: int = 0,
    epochs: int | None = None,
    report: Callable[[int, Epoch], None] = lambda number, epoch: None,
    progress: bool | None = None,
) -> tuple[Model, list[Epoch]]:
    """Train a model by its recipe, with Adam and a falling rate: the model, and how each epoch went.

    Raises ValueError for an unknown name.
    """
    recipe = RECIPES[known(name, RECIPES, "model")]
    model = recipe.build(seed)
    history = train(
        model,
        *recipe.course.learn(),
        optimiser=Adam(recipe.rate, weight_decay=0.02),
        batch=32,
        epochs=recipe.epochs if epochs is None else epochs,
        seed=seed,
        schedule=cosine,
        augment=recipe.course.augment,
        report=report,
        progress=progress,
    )
    return recipe.finish(model), history


def accuracy(name: str, model: Model | None = None) -> float:
    """The share that a shipped model, or another made by its recipe, gets right of what it is measured on."""
    return evaluate(model or load(name), *RECIPES[known(name, RECIPES, "model")].course.measure())[1] or 0.0


def weights_file(name: str) -> Path:
    """Where a shipped model lies.  Raises ValueError for an unknown name."""
    if name in PHOTOS:
        raise ValueError(
            f"the weights of {name} do not come with minixai: mx.zoo.{name}(weights=FILE) takes a file of them"
        )
    return shipped(f"model-{known(name, [*RECIPES, *PHOTOS], 'model')}.npz")


def load(name: str | PathLike[str]) -> Model:
    """A trained model by its name, or one you saved by its path.

    Raises ValueError for an unknown name, and for a file that is missing or holds no model.

    >>> load("digits")
    <Model (N, 28, 28, 1) -> (N, 10), 8 layers, 29,738 parameters, float32>
    """
    is_path = name not in RECIPES and (Path(name).suffix or Path(name).exists())
    return load_model(name if is_path else weights_file(str(name)))

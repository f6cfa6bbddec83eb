"""The reference pages, made of the docstrings by Sphinx's autodoc."""

from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path
from types import ModuleType

from minixai.methods import catalogue

GROUPS: dict[str, tuple[str, list[str]]] = {
    "model": ("Models and data", ["Model", "load", "read_images", "train", "zoo", "datasets", "datasets.birds"]),
    "results": ("Results and checks", ["Attribution", "check", "backward", "Node", "shapley"]),
    "evaluation": ("Evaluation", ["evaluation"]),
    "plots": ("Plots", ["plots"]),
    "layers": ("Layers", ["layers"]),
    "ops": ("Operations", ["ops"]),
    "toys": ("Toys", ["toys"]),
    "course": ("Lessons", ["lesson"]),
}
"""{page: (title, what the page describes)}: names in `minixai`, or modules with all their public names."""


def write_reference(folder: Path) -> None:
    """Write a page for every group of names, and the index of them, as reStructuredText."""
    folder.mkdir(exist_ok=True)
    methods = [*catalogue, "GradientExplainer", "DeepExplainer", "catalogue"]
    pages = {"methods": ("Methods", methods)} | GROUPS
    for page, (title, names) in pages.items():
        parts = [title, "=" * len(title), ""]
        for name in names:
            parts += autodoc_directives(name, titled=page != "methods")
        (folder / f"{page}.rst").write_text("\n".join(parts) + "\n", encoding="utf-8")
    index = ["Reference", "=========", "", "What every public name does, made from the docstrings.", ""]
    index += [
        ".. toctree::",
        "   :maxdepth: 1",
        "",
        *(f"   {page}" for page in pages),
        "   ../glossary",
        "   ../references",
    ]
    (folder / "index.rst").write_text("\n".join(index) + "\n", encoding="utf-8")


def autodoc_directives(name: str, titled: bool) -> list[str]:
    """The directives for one name, or for all public names of a module."""
    owner, _, last = name.rpartition(".")
    thing = getattr(import_module(f"minixai.{owner}" if owner else "minixai"), last, None) or import_module(
        f"minixai.{name}"
    )
    if not isinstance(thing, ModuleType):
        return autodoc_directive("minixai", name, thing)
    public = getattr(thing, "__all__", None) or [
        key
        for key, value in vars(thing).items()
        if not key.startswith("_") and getattr(value, "__module__", "") == thing.__name__
    ]
    heading = f"minixai.{name}"
    parts = [heading, "-" * len(heading), "", *(inspect.getdoc(thing) or "").splitlines(), ""]
    for each in sorted(set(public)):
        value = getattr(thing, each)
        if not isinstance(value, ModuleType) and (inspect.isclass(value) or callable(value)):
            parts += autodoc_directive(thing.__name__, each, value)
    return parts


def autodoc_directive(module: str, name: str, thing: object) -> list[str]:
    """The lines of the directive for a class, a function or a value."""
    kind = "autoclass" if inspect.isclass(thing) else "autofunction" if callable(thing) else "autodata"
    options = ["   :members:"] if kind == "autoclass" else ["   :no-value:"] if kind == "autodata" else []
    return [f".. {kind}:: {module}.{name}", *options, ""]

"""What help() shows of public names: numpydoc sections, every parameter, and examples, which run as doctests."""

import re
from inspect import isclass, isfunction, signature

import pytest

import minixai as mx
from minixai import graph, op_layers, rules
from minixai.methods.call import Call

METHODS = [*(entry.function for entry in mx.catalogue.values()), mx.shapley, mx.GradientExplainer, mx.DeepExplainer]
RULES = [thing for name in rules.__all__ if isfunction(thing := getattr(rules, name))]
LAYERS = list(op_layers.KINDS.values())
GRAPH = [graph.Node, graph.backward, graph.replay, Call, rules.RevealCancel]


def sections(thing):
    """{title: text} of a docstring, in which no placeholder is left."""
    text = thing.__doc__
    assert not re.search(r"^ *\{[a-z, ]+\}$", text, re.MULTILINE)
    parts = re.split(r"^    (\w+)\n    -+\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("thing", [*METHODS, *RULES, *LAYERS, *GRAPH], ids=lambda thing: thing.__name__)
def test_every_parameter_is_told_in_its_order(thing):
    found = sections(thing)
    lists = re.findall(r"^    \**([\w, ]+?)(?: : |$)", found.get("Parameters", ""), re.MULTILINE)
    told = [name for names in lists for name in names.split(", ")]
    assert told == list(signature(thing).parameters)
    assert "Returns" in found or isclass(thing)
    assert ">>> " in found["Examples"]


@pytest.mark.parametrize("thing", METHODS, ids=lambda thing: thing.__name__)
def test_methods_tell_their_errors_and_papers(thing):
    assert re.search(r"^    ValueError\n", sections(thing)["Raises"], re.MULTILINE)
    assert re.search(r"\(\d{4}\), ", sections(thing)["References"])

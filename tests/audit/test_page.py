"""The page on the audit: its code is Python, its names are there, and what it says of the checks is so."""

import ast
import re
from pathlib import Path

import minixai as mx
from minixai.audit import CHECKS
from minixai.audit.agreement import DEFAULT, FAMILIES
from minixai.cli import main
from minixai.methods import catalogue

PAGE = (Path(__file__).parents[2] / "lessons" / "pages" / "trust" / "audit.md").read_text(encoding="utf-8")


def test_its_code_is_python_and_calls_what_is_there():
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    assert len(blocks) == 3
    for block in blocks:
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "mx":
                assert hasattr(mx, node.attr), node.attr


def test_its_checks_are_those_of_the_audit():
    assert len(re.findall(r"^\| [DI][^|]*\? \|", PAGE, re.M)) == len(CHECKS) == 7
    named = re.search(r"checks=\((.*?)\)", PAGE)[1]
    assert {name.strip().strip('"') for name in named.split(",")} <= set(CHECKS)


def test_its_options_are_those_of_the_command(capsys):
    main(["audit", "--help"])
    told = capsys.readouterr().out
    for option in re.findall(r"--[a-z]+", PAGE):
        assert option in told, option


def test_every_method_that_explains_a_class_has_a_family():
    for name, method in catalogue.items():
        assert (sum(name in names for names in FAMILIES.values()) == 1) == method.class_specific, name
    assert set(DEFAULT) <= set(catalogue)

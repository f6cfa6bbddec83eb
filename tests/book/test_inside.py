"""The pages on the code: the engine's table, the files that pages name, and the recipes for contributors."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from minixai import Node, backward, ops
from minixai.rules import DECONVNET, GRADIENT, GUIDED, RESCALE
from minixai.rules.lrp import lrp_epsilon

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "lessons" / "pages"
INSIDE = (PAGES / "inside" / "index.md").read_text(encoding="utf-8")
M, EPSILON = np.array([[1.0, -2.0, 0.5]]), 0.25
X, X0 = np.array([[0.5, 2.0, -1.0]]), np.array([[-1.5, 1.0, 0.5]])


def cells(row):
    line = next(line for line in INSIDE.splitlines() if line.startswith(f"| {row} |"))
    return [cell.strip() for cell in line.strip("|").split("|")][1:]


def walk(f, table, *others):
    """The multiplier that x receives, where M comes back to f(x, ...)."""
    x = Node(X, X0)
    return backward(f(x, *others), table, M)[x]


def kept(m, slope):
    return np.maximum(m, 0) * slope


RELU, RELU0 = np.maximum(X, 0), np.maximum(X0, 0)
SLOPE, V, V0, W = (X > 0).astype(float), np.array([[3.0, -1.0, 2.0]]), np.array([[1.0, 1.0, -2.0]]), 1.5
Z = W * X
ELEMENTWISE = {
    "m · f'(x)": M * SLOPE,
    "max(m, 0) at a ReLU": kept(M, 1),
    "max(m, 0) · f'(x) at a ReLU": kept(M, SLOPE),
    "m · Δy/Δx": M * (RELU - RELU0) / (X - X0),
    "m · (f(x) − f(0))/x": M * RELU / X,
}
WEIGHTED = {"m · w": M * W, "m · w · y/(y ± ε)": M * W * Z / (Z + EPSILON * np.sign(Z))}
PRODUCT = {"m · v": M * V, "m · (v + v₀)/2": M * (V + V0) / 2, "m · v/2": M * V / 2}
MAXIMUM = {"to the winner": [[0.0, 1.0]], "to the entry that moved the maximum": [[1.0, 0.0]]}
TABLES = {
    "gradient": GRADIENT,
    "deconvnet": DECONVNET,
    "guided backprop": GUIDED,
    "DeepLIFT Rescale": RESCALE,
    "LRP-ε": lrp_epsilon(EPSILON),
}


@pytest.mark.parametrize("row", TABLES)
def test_the_table_of_tables_is_what_the_code_does(row):
    table = TABLES[row]
    elementwise, weighted, product, maximum = cells(row)
    np.testing.assert_allclose(walk(lambda x: ops.relu(x), table), ELEMENTWISE[elementwise])
    np.testing.assert_allclose(walk(lambda x: x @ (W * np.eye(3)), table), WEIGHTED[weighted])
    np.testing.assert_allclose(walk(lambda x, v: x * v, table, Node(V, V0)), PRODUCT[product])
    # the maximum fell from 4 to 3: the winner now is the second entry, and the first one moved it
    x = Node([[2.0, 3.0]], reference=[[4.0, 1.0]])
    m = backward(ops.max(x, axis=1), table, np.ones(1))[x]
    assert ((m != 0) == np.array(MAXIMUM[maximum])).all()


def test_the_table_has_a_row_for_reveal_cancel_too():
    rows = re.findall(r"^\| ([^|]+?) \|", INSIDE.split("## The tables")[1].split("##")[0], re.M)
    assert rows[1:] == [*list(TABLES)[:4], "DeepLIFT RevealCancel", "LRP-ε"]


def test_the_files_that_pages_name_exist():
    named = [
        (path.name, name)
        for path in PAGES.rglob("*.md")
        for name in re.findall(r"`((?:minixai|tests|lessons)/[\w./]+)`", path.read_text(encoding="utf-8"))
    ]
    assert len(named) > 20
    missing = [(page, name) for page, name in named if not (ROOT / name).exists() and "NN" not in name]
    assert not missing


# -- the recipes of the contributing page ------------------------------------------------------------

STEP = re.compile(r"<!-- (edit|file|run): (.+?) -->\n```\w+\n(.*?)```", re.DOTALL)
RECIPES = {
    title: steps
    for section in re.split(r"^## ", (PAGES / "inside" / "contributing.md").read_text(encoding="utf-8"), flags=re.M)
    for title in [section.splitlines()[0]]
    if (steps := STEP.findall(section))
}


def apply(tree, kind, where, text):
    """Write a file, or put the text at the end of one, or before, after or in place of a passage that it has once."""
    name, _, place = where.partition(", ")
    path = tree / name
    if kind == "file":
        assert not path.exists()
        path.write_text(text, encoding="utf-8")
        return
    old = path.read_text(encoding="utf-8")
    if place == "at the end":
        path.write_text(f"{old}\n\n{text}", encoding="utf-8")
        return
    how, passage = re.fullmatch(r'(before|after|in place of) "(.+)"', place, re.DOTALL).groups()
    passage = passage.replace("\\n", "\n").replace('\\"', '"')
    assert old.count(passage) == 1, f"{name} has {old.count(passage)} times {passage!r}"
    new = {"before": text + passage, "after": passage + text, "in place of": text.removesuffix("\n")}[how]
    path.write_text(old.replace(passage, new), encoding="utf-8")


def copy_files(tree, names):
    for name in names:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, tree / name)


def test_the_recipes_are_those_that_the_page_promises():
    kinds = ("an operation", "a claim to the lessons' exercises or to a lesson", "a lesson", "a layer", "a method")
    assert list(RECIPES) == [f"Add {kind}" for kind in kinds]


@pytest.mark.parametrize("title", RECIPES)
def test_a_recipe_finds_its_places(title, tmp_path):
    """Every passage that a recipe names stands in its file once, and what it makes of Python files is Python."""
    edited = {where.partition(", ")[0] for kind, where, _ in RECIPES[title] if kind == "edit"}
    copy_files(tmp_path, edited)
    for kind, where, text in RECIPES[title]:
        if kind == "run":
            continue
        path = tmp_path / where.partition(", ")[0]
        path.parent.mkdir(parents=True, exist_ok=True)
        apply(tmp_path, kind, where, text)
        assert kind == "edit" or not (ROOT / where).exists()
    for path in tmp_path.rglob("*.py"):
        compile(path.read_text(encoding="utf-8"), str(path), "exec")


@pytest.mark.slow
@pytest.mark.parametrize("title", RECIPES)
def test_whoever_follows_a_recipe_gets_the_tests(title, tmp_path):
    assert [kind for kind, _, _ in RECIPES[title]].count("run") == 1
    for name in ("minixai", "lessons", "tests", "data"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "out"))
    copy_files(tmp_path, ("pyproject.toml", "README.md", "LICENSE"))
    for kind, where, text in RECIPES[title]:
        if kind != "run":
            apply(tmp_path, kind, where, text)
            continue
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *shlex.split(where)]
        environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(tmp_path), "HOME": str(tmp_path)}
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600, check=False
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
        assert int(re.search(r"(\d+) passed", done.stdout)[1]) >= 5, done.stdout

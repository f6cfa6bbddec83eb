"""Imports run one way: no module knows one that knows it, and no floor knows a floor above it."""

import ast
from graphlib import TopologicalSorter
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in (ROOT / "minixai").rglob("*.py")
}
FLOORS = ["arrays", "validate", "graph", "ops", "rules", "layers", "model", "methods", "evaluation", "plots", "cli"]


def imported(path: Path) -> set[str]:
    """The modules of minixai that a file imports, wherever in it, also for types alone."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path} has a relative import"
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            names |= {name if name in FILES else node.module for name in inner}
    return names & set(FILES)


MODULES = {name: imported(path) - {name} for name, path in FILES.items()}


def test_no_circle():
    assert len(list(TopologicalSorter(MODULES).static_order())) == len(FILES) > 100


def test_floors():
    """A floor is a module or a folder; what it knows, it may know through others."""
    floor = {name: name.split(".")[1] for name in FILES if "." in name}
    below = {each: set() for each in floor.values()}
    for name, each in floor.items():
        below[each] |= {floor[other] for other in MODULES[name] if other in floor} - {each}
    for each in TopologicalSorter(below).static_order():
        below[each] |= {other for one in below[each] for other in below[one]}
    for i, each in enumerate(FLOORS):
        assert below[each].isdisjoint(FLOORS[i:]), f"{each} knows {below[each] & set(FLOORS[i:])}"


def test_the_scripts_in_data_import_names_that_exist():
    scripts = sorted((ROOT / "data").glob("*.py"))
    assert scripts
    for script in scripts:
        for node in ast.walk(ast.parse(script.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("minixai"):
                module = import_module(node.module)
                missing = [alias.name for alias in node.names if not hasattr(module, alias.name)]
                assert not missing, f"{script.name} imports {missing} from {node.module}"

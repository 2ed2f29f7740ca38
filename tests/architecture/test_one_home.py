"""What is worked out of a spec, and how long it takes, has one home each; and the guard guards."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.imports import modules

# Function -> (the room that defines it, the one module elsewhere that may call it).
HOMES = {
    "trace": ("archspec.graph", "archspec.network.network"),
    "initialise": ("archspec.graph", "archspec.network.network"),
    "expand": ("archspec.spec", "archspec.network.network"),
    "price": ("archspec.cost", "archspec.network.network"),
    "export": ("archspec.export", "archspec.network.network"),
    "measure": ("archspec.devices", "archspec.measures._timing"),
    "measure_settings": ("archspec.devices", "archspec.measures._timing"),
    "measure_queue": ("archspec.devices", "archspec.measures._timing"),
}


def users(root: Path, name: str) -> Iterator[str]:
    """The modules outside the room of a function that import it."""
    room = HOMES[name][0]
    for module, path in modules(root).items():
        if module.startswith(room):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            mine = isinstance(node, ast.ImportFrom) and (node.module or "").startswith(room)
            if mine and any(alias.name == name for alias in node.names):
                yield module


@pytest.mark.parametrize("name", HOMES)
def test_one_place_works_it_out(root: Path, name: str) -> None:
    assert set(users(root, name)) <= {HOMES[name][1]}


@pytest.mark.parametrize("name", ["trace", "initialise", "expand", "price", "export", "measure_settings"])
def test_that_place_is_read(root: Path, name: str) -> None:
    assert set(users(root, name)) == {HOMES[name][1]}


def test_guard_finds_another_place(tmp_path: Path) -> None:
    for file, text in {
        "archspec/__init__.py": "",
        "archspec/cli/x.py": "def f():\n    from archspec.graph.trace import trace",
        "archspec/graph/y.py": "from archspec.graph.trace import trace",
    }.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text)
    assert list(users(tmp_path, "trace")) == ["archspec.cli.x"]

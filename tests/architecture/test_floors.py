"""The imports of the package go down the floors, through the right doors, in no circle; and the guard guards."""

import ast
from pathlib import Path

import pytest

from tests.architecture.floors import (
    FLOOR_OF,
    HEAVY,
    SIDEWAYS,
    bare_faults,
    floor_faults,
    heavy_faults,
    past_the_door,
    share_past_the_door,
)
from tests.architecture.imports import Import, cycles, imports, modules


@pytest.fixture(scope="module")
def found(root: Path) -> list[Import]:
    return imports(root)


def test_imports_only_go_down(found: list[Import]) -> None:
    faults = floor_faults(found)
    assert faults == [], "\n".join(faults)


def test_no_import_cycle(found: list[Import]) -> None:
    assert cycles(found) == []


def test_heavy_libraries_stay_in_their_rooms(found: list[Import]) -> None:
    faults = heavy_faults(found)
    assert faults == [], "\n".join(faults)


def test_rooms_are_entered_by_their_door(root: Path, found: list[Import]) -> None:
    packages = {name for name, path in modules(root).items() if path.name == "__init__.py"}
    share = share_past_the_door(found, packages)
    assert 0 < share <= 0.10, "\n".join(f"{one.place}: {one.target}" for one in past_the_door(found, packages))


def test_no_bare_import_of_mapped_folders(found: list[Import]) -> None:
    faults = bare_faults(found)
    assert faults == [], "\n".join(faults)


@pytest.mark.parametrize("folder", ["tests", "benchmarks"])
def test_nobody_outside_imports_mapped_folders_bare(root: Path, folder: str) -> None:
    bare = [
        f"{path.relative_to(root)}:{node.lineno}"
        for path in sorted((root / folder).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names])
        if name.split(".")[0] in ("blocks", "search", "specs")
    ]
    assert bare == []


def test_every_module_is_read(root: Path, found: list[Import]) -> None:
    """The guards above pass on an empty list: make sure that theirs is not."""
    assert {"archspec.errors", "archspec.catalog", "archspec.blocks"} <= set(modules(root))
    assert any(item.importer == "archspec.catalog" and item.target == "archspec.errors" for item in found)


# --- a test of the guard: a bad tree, and what is said about it -------------------------------------------------------


def tree(folder: Path, files: dict[str, str]) -> list[Import]:
    for name, text in {"archspec/__init__.py": "", "blocks/__init__.py": "", **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return imports(folder)


GUARD = [
    (floor_faults, "archspec/spec/parse.py", "from archspec.cost import total", "imports only go down"),
    (floor_faults, "archspec/spec/parse.py", "def f():\n    import archspec.cli", "imports only go down"),
    (floor_faults, "blocks/units/unit.py", "from archspec.lower import build", "imports only go down"),
    (floor_faults, "archspec/errors.py", "import archspec.spec", "imports only go down"),
    (floor_faults, "archspec/cost/x.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import archspec.cli",
     "imports only go down"),
    (floor_faults, "archspec/attic/x.py", "import os", "room 'attic' has no floor"),
    (floor_faults, "archspec/cost/x.py", "import archspec.attic", "room 'attic' has no floor"),
    (floor_faults, "archspec/cost/x.py", "from . import y", "relative import"),
    (floor_faults, "archspec/cost/x.py", "import archspec.record", "of its own floor"),
    (heavy_faults, "archspec/graph/x.py", "import tensorflow as tf", "tensorflow in room 'graph'"),
    (heavy_faults, "archspec/cost/x.py", "def f():\n    from keras import layers", "keras in room 'cost'"),
    (heavy_faults, "blocks/units/u.py", "import keras.layers", "keras in room 'blocks'"),
    (heavy_faults, "archspec/measures/x.py", "import optuna", "optuna in room 'measures'"),
    (heavy_faults, "archspec/lower/x.py", "import torch", "only for no room"),
    (heavy_faults, "archspec/experiment/x.py", "def f():\n    import ray", "ray in room 'experiment'"),
    (heavy_faults, "archspec/experiment/engines/ray.py", "import ray", "ray at import time"),
    (heavy_faults, "archspec/reporters/x.py", "import pandas", "pandas at import time"),
    (heavy_faults, "archspec/reporters/x.py", "class A:\n    import pandas", "pandas at import time"),
    (heavy_faults, "archspec/devices/x.py", "try:\n    import ai_edge_litert\nexcept ImportError:\n    pass",
     "ai_edge_litert at import time"),
    (heavy_faults, "archspec/spec/x.py", "import numpy as np", "numpy at import time"),
    (heavy_faults, "archspec/cli/x.py", "import importlib\ndef f():\n    importlib.import_module('tensorflow.lite')",
     "tensorflow in room 'cli'"),
    (bare_faults, "archspec/catalog.py", "import blocks.units", "bare import of 'blocks.units'"),
    (bare_faults, "blocks/units/u.py", "from search import x", "bare import of 'search'"),
]  # fmt: skip


@pytest.mark.parametrize(("check", "file", "text", "fault"), GUARD, ids=[f"{g[1]}-{g[3]}" for g in GUARD])
def test_guard_finds(tmp_path: Path, check, file: str, text: str, fault: str) -> None:
    faults = check(tree(tmp_path, {file: text}))
    assert len(faults) == 1, faults
    assert faults[0].startswith(f"{file}:")
    assert fault in faults[0]


ALLOWED = [
    ("archspec/cli/x.py", "from archspec.cost import total\nimport archspec.blocks"),
    ("archspec/spec/x.py", "from archspec.graph import Range"),
    ("archspec/experiment/engines/ray.py", "def f():\n    import ray"),
    ("archspec/lower/x.py", "import keras\nimport tensorflow as tf\nimport numpy as np"),
    ("archspec/reporters/x.py", "def f():\n    import pandas\n    import numpy"),
    (
        "archspec/cost/x.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import numpy, keras\nelse:\n    x = 1",
    ),
    ("archspec/catalog.py", "import importlib\ndef f(n):\n    importlib.import_module(f'archspec.blocks.{n}')"),
    ("archspec/spec/x.py", "import specsy, searching, kerasish"),
]


@pytest.mark.parametrize(("file", "text"), ALLOWED)
def test_guard_lets_pass(tmp_path: Path, file: str, text: str) -> None:
    found = tree(tmp_path, {file: text})
    assert floor_faults(found) + heavy_faults(found) + bare_faults(found) == []


CYCLES = [
    ({"a": "import archspec.graph.b", "b": "import archspec.graph.a"}, ["a", "b"]),
    ({"a": "from archspec.graph import b", "b": "def f():\n    from archspec.graph.a import x"}, ["a", "b"]),
    ({"a": "import archspec.graph.b", "b": "import archspec.graph.c", "c": "import archspec.graph.a"}, ["a", "b", "c"]),
    ({"__init__": "from archspec.graph.a import x", "a": "from archspec.graph import y"}, ["", "a"]),
    ({"a": "import archspec.graph.a"}, ["a"]),
]


@pytest.mark.parametrize(("files", "names"), CYCLES)
def test_guard_finds_cycles(tmp_path: Path, files: dict[str, str], names: list[str]) -> None:
    found = tree(tmp_path, {f"archspec/graph/{name}.py": text for name, text in files.items()})
    assert cycles(found) == [[f"archspec.graph.{name}".rstrip(".") for name in names]]


def test_a_cycle_through_a_package_door_is_found(tmp_path: Path) -> None:
    """graph/b imports a file of spec; that executes spec's door, which imports graph/b."""
    files = {"graph/b": "import archspec.spec.values", "spec/__init__": "import archspec.graph.b", "spec/values": ""}
    found = tree(tmp_path, {f"archspec/{name}.py": text for name, text in files.items()})
    assert cycles(found) == [["archspec.graph.b", "archspec.spec"]]


NO_CYCLES = [
    {"a": "import archspec.graph.b", "b": "import archspec.graph.c", "c": ""},
    {"__init__": "from archspec.graph.a import x", "a": "from archspec.graph.b import y", "b": ""},
    {"a": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import archspec.graph.b",
     "b": "import archspec.graph.a"},
]  # fmt: skip


@pytest.mark.parametrize("files", NO_CYCLES)
def test_guard_lets_straight_lines_pass(tmp_path: Path, files: dict[str, str]) -> None:
    assert cycles(tree(tmp_path, {f"archspec/graph/{name}.py": text for name, text in files.items()})) == []


def test_tables_agree(root: Path) -> None:
    known = {*FLOOR_OF, *modules(root)}
    assert all(name in known for names in HEAVY.values() for name in names)
    ways = [(room, other) for room, others in SIDEWAYS.items() for other in others]
    assert all(FLOOR_OF[room] == FLOOR_OF[other] for room, other in ways)
    assert not {(other, room) for room, other in ways} & set(ways)

"""The generated tree shows a static checker the package as it is installed."""

import importlib.machinery
import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from tests.architecture.imports import modules


@pytest.fixture(scope="module")
def typecheck(root: Path) -> ModuleType:
    """.ci/typecheck as a module: it has no .py ending."""
    loader = importlib.machinery.SourceFileLoader("ci_typecheck", str(root / ".ci" / "typecheck"))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_tree_holds_every_module_under_its_installed_name(root: Path, typecheck: ModuleType, tmp_path: Path) -> None:
    package = typecheck.make_tree(root, tmp_path / "tree")
    for name, path in modules(root).items():
        relative = Path(*name.split(".")[1:])
        seen = (
            package / relative / "__init__.py" if path.name == "__init__.py" else package / relative.with_suffix(".py")
        )
        assert seen.resolve() == path


def test_tree_is_made_anew(root: Path, typecheck: ModuleType, tmp_path: Path) -> None:
    stale = tmp_path / "tree" / "archspec" / "stale.py"
    stale.parent.mkdir(parents=True)
    stale.touch()
    typecheck.make_tree(root, tmp_path / "tree")
    assert not stale.exists()
    assert (root / "archspec" / "errors.py").is_file()

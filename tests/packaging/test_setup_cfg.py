"""setup.cfg agrees with the tree: packages, dependencies, version, commands."""

import sys
from pathlib import Path

import pytest

import archspec
from tests.packaging.metadata import (
    declared,
    lines,
    packages_of_tree,
    setup_cfg,
    third_party_imports,
    third_party_imports_of_tests,
)

FOR_ITS_BOUND = {"scipy"}  # tf-keras-vis brings it, and breaks with SciPy 2
EXTRAS = {"ray": "ray"}  # what only an extra brings
UNDECLARED = {"scikit-learn", "tensorboard"}  # keras-tuner imports them without declaring them


def test_package_list_is_the_tree(root: Path) -> None:
    listed = lines(setup_cfg(root)["options"]["packages"])
    tree = packages_of_tree(root)
    assert (sorted(tree - set(listed)), sorted(set(listed) - tree)) == ([], []), "mend `packages` in setup.cfg"
    assert listed == sorted(tree)


def test_every_import_is_declared(root: Path) -> None:
    missing = [
        f"{name} (imported in '{room}')"
        for name, rooms in third_party_imports(root).items()
        for room in sorted(rooms)
        if name not in declared(root, *filter(None, [EXTRAS.get(name)]))
    ]
    assert missing == []


def test_every_import_of_the_tests_is_declared(root: Path) -> None:
    assert sorted(third_party_imports_of_tests(root) - declared(root, "dev")) == []


def test_every_declared_dependency_is_imported(root: Path) -> None:
    """A plain install is no heavier than it must be."""
    assert sorted(declared(root) - set(third_party_imports(root)) - FOR_ITS_BOUND - UNDECLARED) == []


def test_version_and_python(root: Path) -> None:
    parser = setup_cfg(root)
    assert parser["metadata"]["name"] == "archspec-keras"
    assert parser["metadata"]["version"] == "attr: archspec.__version__"
    assert archspec.__version__.count(".") == 2
    assert parser["options"]["python_requires"] == ">=3.11,<3.14"


def test_both_commands_start_the_same_function(root: Path) -> None:
    scripts = lines(setup_cfg(root)["options.entry_points"]["console_scripts"])
    assert scripts == ["archspec = archspec.cli:main", "archspec-keras = archspec.cli:main"]


def test_mapped_folders_are_one_module_each() -> None:
    """`archspec.blocks` must not stand beside a bare `blocks`."""
    import archspec.blocks
    import archspec.search

    assert archspec.blocks.__name__ == "archspec.blocks"
    assert archspec.search.__name__ == "archspec.search"
    assert not {"blocks", "search", "specs"} & set(sys.modules)


@pytest.mark.parametrize("folder", ["", "blocks", "search", "specs"])
def test_mapped_folders_have_a_door(root: Path, folder: str) -> None:
    assert (root / (folder or "archspec") / "__init__.py").is_file()

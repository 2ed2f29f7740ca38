"""setup.cfg as values, and the tree that it has to agree with."""

import ast
import configparser
import re
import sys
from pathlib import Path

from tests.architecture.imports import FOR_TYPES, imports

# Import name -> distribution, where they differ.
DISTRIBUTION = {"yaml": "pyyaml", "PIL": "pillow", "sklearn": "scikit-learn"}
MAPPED = {"archspec": "archspec", "blocks": "archspec.blocks", "search": "archspec.search", "specs": "archspec.specs"}


def setup_cfg(root: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(root / "setup.cfg", "utf-8")
    return parser


def lines(value: str) -> list[str]:
    """The entries of a multi-line value, without its comments."""
    return [line.strip() for line in value.splitlines() if line.strip() and not line.strip().startswith("#")]


def names(requirements: list[str]) -> set[str]:
    """Distribution names of requirements, normalised."""
    return {re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", line)[0]).lower() for line in requirements}


def declared(root: Path, *extras: str) -> set[str]:
    """Distributions that a plain install brings, and those of `extras`."""
    parser = setup_cfg(root)
    found = names(lines(parser["options"]["install_requires"]))
    return found.union(*(names(lines(parser["options.extras_require"][extra])) for extra in extras))


def packages_of_tree(root: Path) -> set[str]:
    """Every package folder of the checkout by its installed name."""
    found = set()
    for folder, package in MAPPED.items():
        for door in (root / folder).rglob("__init__.py"):
            found.add(".".join((package, *door.parent.relative_to(root / folder).parts)))
    return found


def third_party_imports(root: Path) -> dict[str, set[str]]:
    """Distribution -> rooms of the package that import it, whenever they do."""
    known = sys.stdlib_module_names | {"archspec"}
    found: dict[str, set[str]] = {}
    for item in imports(root):
        library = item.target.split(".")[0]
        if item.when != FOR_TYPES and library not in known:
            name = DISTRIBUTION.get(library, library.replace("_", "-")).lower()
            found.setdefault(name, set()).add(item.importer.split(".")[1])
    return found


def third_party_imports_of_tests(root: Path) -> set[str]:
    """Distributions that tests import."""
    found = set()
    for path in (root / "tests").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found.update(alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                found.add((node.module or "").split(".")[0])
    own = {"archspec", "tests", *(path.stem for path in (root / "benchmarks").iterdir())}
    outside = found - sys.stdlib_module_names - own
    return {DISTRIBUTION.get(library, library.replace("_", "-")).lower() for library in outside}

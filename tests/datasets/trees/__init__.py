"""A tiny tree of each data set, one file each, found by the data set's name.

`make(root)` writes a tree whose splits each have a few examples, of more than one size, and returns the folder to open.
"""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from archspec.datasets import Dataset, dataset_class, open_dataset

FOLDER = Path(__file__).parent


def build(name: str, root: Path) -> Dataset:
    """The data set of that name, on a tree of its own where it needs one."""
    if not dataset_class(name).needs_folder:
        return open_dataset(name)
    return open_dataset(f"{name}:{tree(name, root)}")


def tree(name: str, root: Path) -> Path:
    """Its folder."""
    if not (FOLDER / f"{name}.py").is_file():
        pytest.fail(f"a data set needs a tiny tree for its tests: add tests/datasets/trees/{name}.py with make(root)")
    module = importlib.import_module(f"tests.datasets.trees.{name}")
    made: Path = module.make(root / name)
    return made

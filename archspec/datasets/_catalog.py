"""The folder as registry: a data set file's stem is its name."""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path

from archspec.catalog import Catalog
from archspec.datasets._contract import Dataset
from archspec.errors import Place, nearest, user_error
from archspec.files import expanded
from archspec.reporters import Cell, Column, Table


@cache
def names() -> tuple[str, ...]:
    """The names of all data sets, in alphabetical order: the files of this folder, none of them imported."""
    files = Path(__file__).parent.glob("*.py")
    return tuple(sorted(file.stem for file in files if not file.stem.startswith("_")))


def kinds_table() -> Table:
    """Every kind, how to refer to one, how many classes it has, and what it is."""
    catalog, folder = Catalog(), Path(__file__).parent
    rows: list[tuple[Cell, ...]] = []
    for name in names():
        kind = dataset_class(name)
        classes = getattr(kind, "classes", None)  # those of a folder of one's own are in the folder
        reference = f"{name}:DIR" if kind.needs_folder else name
        rows.append((name, reference, len(classes) if classes else None, catalog.summary(folder / f"{name}.py")))
    columns = (
        Column("name", "name"),
        Column("reference", "write"),
        Column("classes", "classes", kind="integer"),
        Column("summary", "what it is", wraps=True),
    )
    return Table("", columns, tuple(rows))


def open_dataset(reference: str) -> Dataset:
    """The data set of a reference: `camvid:DIR`, or `synthetic_streets`, which needs no folder.

    Only the folder is looked at. Raises `UserError` for an unknown name, a missing folder, or one that cannot be read.
    """
    name, _, folder = reference.partition(":")
    name = name.strip().lower().replace("-", "_")
    if name not in names():
        raise user_error(f"unknown data set '{name}'", nearest(name, names()))
    kind = dataset_class(name)
    if not kind.needs_folder:
        if folder:
            raise user_error(f"{name} is generated and has no folder ('{folder}')", f"Write only {name}")
        return kind(None)
    if not folder:
        raise user_error(f"{name} needs the folder it is in", f"Write {name}:DIR")
    return kind(_readable(expanded(folder), name))


def dataset_class(name: str) -> type[Dataset]:
    """The one subclass of `Dataset` in the file `name`."""
    module = importlib.import_module(f"archspec.datasets.{name}")
    found = [
        kind
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, Dataset) and kind.__module__ == module.__name__
    ]
    if len(found) != 1:
        raise TypeError(f"{module.__name__} must hold one subclass of Dataset, found {len(found)}")
    return found[0]


def _readable(folder: Path, name: str) -> Path:
    place = Place(str(folder))
    try:
        if not folder.exists():
            raise user_error("no such folder", f"Name the folder that holds {name}", place=place)
        if not folder.is_dir():
            raise user_error("not a folder", f"Name the folder that holds {name}", place=place)
        next(folder.iterdir(), None)
    except OSError as error:
        raise user_error(f"cannot be read ({error.strerror or error})", "Check its permissions", place=place) from error
    return folder

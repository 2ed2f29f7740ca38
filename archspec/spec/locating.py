"""Where documents and the files that they name are: paths, bundled names, and paths relative to a document."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from archspec.errors import Place, nearest, user_error
from archspec.files import exists, is_folder
from archspec.spec.nodes import Entry, Items, Node, Scalar, Table, one_line
from archspec.spec.reading import shown_path
from archspec.spec.words import NONE

_HOLDERS = ("file", "choose")  # where in `weights` a path may stand


def find_document(source: str | Path, named: Mapping[str, Path], kind: str) -> Path:
    """The file at a path, else the bundled one of that name. Raises `UserError`, with the nearest name."""
    path = Path(source)
    if exists(path) and not is_folder(path):
        return path
    if str(source) in named:
        return named[str(source)]
    fact = "this is a folder" if is_folder(path) else f"no such {kind} file, nor a bundled {kind} of that name"
    raise user_error(fact, nearest(path.stem, named) or f"Name a {kind} file", place=place_of(source))


def place_of(source: str | Path) -> Place:
    """Where faults of a document stand that is not there: what was written, shortened."""
    return Place(one_line(str(source), 200))


def locate_weights(document: Table, folder: Path) -> Table:
    """The document with the path in its key `weights`, if there is one, relative to the folder it was written in."""
    entry = document.entries.get("weights")
    return document if entry is None else document.with_entry("weights", _located(entry.node, folder), entry.place)


def _located(node: Node, folder: Path) -> Node:
    if isinstance(node, Scalar):
        path = node.value
        return (
            Scalar(shown_path(folder / path), node.place) if isinstance(path, str) and path not in ("", NONE) else node
        )
    if isinstance(node, Items):
        return Items(tuple(_located(item, folder) for item in node.items), node.place)
    entries = {
        key: Entry(_located(entry.node, folder), entry.place) if key in _HOLDERS else entry
        for key, entry in node.entries.items()
    }
    return Table(entries, node.place)

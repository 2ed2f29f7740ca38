"""Files that a spec names stand relative to it: from then on they are named as seen from the current folder."""

from __future__ import annotations

from pathlib import Path

from archspec.spec.nodes import Entry, Items, Node, Scalar, Table
from archspec.spec.reading import shown_path
from archspec.spec.words import NONE

_HOLDERS = ("file", "choose")  # where in `weights` a path may stand


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

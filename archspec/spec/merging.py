"""Deep merge of a spec over its parent, on nodes, so that every value keeps the place where it was written.

Mappings merge key by key; lists and values are replaced. A section that names something else, a selector and a
choice are replaced whole: a merge of two names would be neither.
"""

from __future__ import annotations

from archspec.spec.nodes import Entry, Node, Table, only_key
from archspec.spec.reader import SPECIAL
from archspec.spec.words import TOP_SECTIONS


def merge(parent: Table, child: Table) -> Table:
    """The child's document over its parent's."""
    entries = dict(parent.entries)
    for key, entry in child.entries.items():
        known = entries.get(key)
        if known is None:
            entries[key] = entry
        elif key == "input":
            entries[key] = Entry(_image(known.node, entry.node), entry.place)
        else:
            join = _section if key in TOP_SECTIONS else _value
            entries[key] = Entry(join(known.node, entry.node), entry.place)
    return Table(entries, child.place)


def _image(parent: Node, child: Node) -> Node:
    if not isinstance(parent, Table) or not isinstance(child, Table):
        return child
    entries = dict(parent.entries)
    for key, entry in child.entries.items():
        join = _section if key == "preprocess" else _value
        entries[key] = Entry(join(entries[key].node, entry.node), entry.place) if key in entries else entry
    return Table(entries, child.place)


def _section(parent: Node, child: Node) -> Node:
    return _value(parent, child) if only_key(parent) == only_key(child) else child


def _value(parent: Node, child: Node) -> Node:
    if not isinstance(parent, Table) or not isinstance(child, Table):
        return child
    if only_key(parent) in SPECIAL or only_key(child) in SPECIAL:
        return child
    entries = dict(parent.entries)
    for key, entry in child.entries.items():
        entries[key] = Entry(_value(entries[key].node, entry.node), entry.place) if key in entries else entry
    return Table(entries, child.place)

"""The tree of a YAML text: plain values that know where they were written. Immutable, so subtrees are shared."""

from __future__ import annotations

import enum
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from archspec.errors import NOWHERE, Place


class Mark(enum.Enum):
    """A value that has already been reported as wrong: nothing more is said about it."""

    BROKEN = "broken"


BROKEN = Mark.BROKEN
Plain: TypeAlias = bool | int | float | str | None


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value."""

    value: Plain | Mark
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    items: tuple[Node, ...]
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Entry:
    """A key's value, with the place of the key."""

    node: Node
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping. Keys are text as written; the dictionary is never changed after it is made."""

    entries: dict[str, Entry]
    place: Place = NOWHERE

    def get(self, key: str) -> Node | None:
        entry = self.entries.get(key)
        return entry.node if entry else None

    def with_entry(self, key: str, node: Node, place: Place) -> Table:
        """The same table with one key set; a known key keeps its position."""
        return Table({**self.entries, key: Entry(node, place)}, self.place)

    def without(self, *keys: str) -> Table:
        return Table({key: entry for key, entry in self.entries.items() if key not in keys}, self.place)


Node: TypeAlias = Scalar | Items | Table


def only_key(node: Node | None) -> str | None:
    """The key of a mapping of one key, else None."""
    if type(node) is Table and len(node.entries) == 1:
        return next(iter(node.entries))
    return None


def plain(node: Node) -> Any:
    """The node as plain Python: scalars, lists and dictionaries."""
    if type(node) is Table:
        return {key: plain(entry.node) for key, entry in node.entries.items()}
    if type(node) is Items:
        return [plain(item) for item in node.items]
    return node.value  # type: ignore[union-attr]


def from_plain(value: Any, place: Place = NOWHERE) -> Node:
    """Plain Python (as from JSON; paths and numbers of NumPy too) as a node, all of it at one place."""
    if isinstance(value, Mapping):
        return Table({str(key): Entry(from_plain(item, place), place) for key, item in value.items()}, place)
    if isinstance(value, list | tuple):
        return Items(tuple(from_plain(item, place) for item in value), place)
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    return Scalar(value.item() if hasattr(value, "item") else value, place)  # a number of NumPy's


def one_line(text: str, limit: int = 60) -> str:
    """Text fit for one line of an error: control characters escaped, shortened."""
    safe = "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text[: limit + 1])
    return safe if len(safe) <= limit else safe[: limit - 1] + "…"


def shown(node: Node) -> str:
    """A value as it would stand in YAML, short, for error messages."""
    return one_line(_flow(node, 3))


def _flow(node: Node, depth: int) -> str:
    if isinstance(node, Scalar):
        return show_plain(node.value)
    if depth == 0:
        return "…"
    if isinstance(node, Items):
        return "[" + ", ".join(_flow(item, depth - 1) for item in node.items[:8]) + "]"
    pairs = [f"{key}: {_flow(entry.node, depth - 1)}" for key, entry in list(node.entries.items())[:8]]
    return "{" + ", ".join(pairs) + "}"


def show_plain(value: object) -> str:
    """A plain value as YAML would write it; text in quotes."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(show_plain, value)) + "]"
    return repr(value) if isinstance(value, str) else str(value)

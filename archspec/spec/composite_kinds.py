"""Kinds of value that hold others: lists, records, unions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from archspec.errors import Problem, mistyped, nearest
from archspec.spec.kinds import INVALID, AnyKind, Kind, NumberKind, Reads, Schema, Wrap
from archspec.spec.nodes import Items, Node, Table


@dataclass(frozen=True)
class TupleKind(Kind):
    """A list of fixed length."""

    items: tuple[Kind, ...]

    @property
    def words(self) -> str:  # type: ignore[override]
        return f"a list of {len(self.items)}"

    @property
    def example(self) -> str:  # type: ignore[override]
        return "[" + ", ".join(kind.example for kind in self.items) + "]"

    def fits(self, node: Node) -> bool:
        return type(node) is Items

    def read(self, node: Node, path: str, reader: Reads) -> Any:
        if type(node) is not Items or len(node.items) != len(self.items):
            return reader.mismatch(self, node, path)
        pairs = zip(self.items, node.items, strict=True)
        values = tuple(reader.read(kind, item, f"{path}[{i}]") for i, (kind, item) in enumerate(pairs))
        return INVALID if INVALID in values else values

    def schema(self, wrap: Wrap) -> Schema:
        size = len(self.items)
        inside = [wrap(kind.schema(wrap)) for kind in self.items]
        return {"type": "array", "prefixItems": inside, "items": False, "minItems": size, "maxItems": size}


@dataclass(frozen=True)
class ListKind(Kind):
    """A list of any length, all of one kind."""

    item: Kind

    words = "a list"

    @property
    def example(self) -> str:  # type: ignore[override]
        return f"[{self.item.example}]"

    def fits(self, node: Node) -> bool:
        return type(node) is Items

    def read(self, node: Node, path: str, reader: Reads) -> Any:
        if type(node) is not Items:
            return reader.mismatch(self, node, path)
        values = tuple(reader.read(self.item, item, f"{path}[{i}]") for i, item in enumerate(node.items))
        return INVALID if INVALID in values else values

    def schema(self, wrap: Wrap) -> Schema:
        return {"type": "array", "items": wrap(self.item.schema(wrap))}


@dataclass(frozen=True)
class RecordKind(Kind):
    """A mapping with known keys (a TypedDict)."""

    fields: Mapping[str, Kind]
    required: tuple[str, ...] = ()
    description: str = ""

    words = "a mapping"

    @property
    def example(self) -> str:  # type: ignore[override]
        names = self.required or tuple(self.fields)[:1]
        return "{" + ", ".join(f"{name}: {self.fields[name].example}" for name in names) + "}"

    def fits(self, node: Node) -> bool:
        return type(node) is Table

    def read(self, node: Node, path: str, reader: Reads) -> Any:
        if type(node) is not Table:
            return reader.mismatch(self, node, path)
        values = {}
        for key, entry in node.entries.items():
            if key in self.fields:
                values[key] = reader.read(self.fields[key], entry.node, f"{path}.{key}")
            else:
                values[key] = reader.fault(
                    f"unknown key '{key}'", nearest(key, self.fields), f"{path}.{key}", entry.place
                )
        meant = mistyped(node.entries, self.fields)
        for name in self.required:
            if name not in node.entries and name not in meant:
                example = f"Write {name}: {self.fields[name].example}"
                values[name] = reader.fault(f"missing key '{name}'", example, path, node.place)
        return INVALID if INVALID in values.values() else values

    def schema(self, wrap: Wrap) -> Schema:
        found: Schema = {
            "type": "object",
            "properties": {name: wrap(kind.schema(wrap)) for name, kind in self.fields.items()},
            "additionalProperties": False,
        }
        if self.required:
            found["required"] = list(self.required)
        return found | ({"description": self.description} if self.description else {})


@dataclass(frozen=True)
class MappingKind(Kind):
    """A mapping of any names to values of one kind."""

    value: Kind
    words: str = "a mapping"
    example: str = "{name: 1}"

    def fits(self, node: Node) -> bool:
        return type(node) is Table

    def read(self, node: Node, path: str, reader: Reads) -> Any:
        if type(node) is not Table:
            return reader.mismatch(self, node, path)
        found = {key: reader.read(self.value, entry.node, f"{path}.{key}") for key, entry in node.entries.items()}
        return INVALID if INVALID in found.values() else found

    def schema(self, wrap: Wrap) -> Schema:
        return {"type": "object", "additionalProperties": wrap(self.value.schema(wrap))}


@dataclass(frozen=True)
class MadeKind(Kind):
    """What `inner` reads, turned into a value by `make`, which may raise `Problem`."""

    inner: Kind
    make: Callable[[Any], Any]
    sample: str = ""

    @property
    def words(self) -> str:  # type: ignore[override]
        return self.inner.words

    @property
    def example(self) -> str:  # type: ignore[override]
        return self.sample or self.inner.example

    def fits(self, node: Node) -> bool:
        return self.inner.fits(node)

    def read(self, node: Node, path: str, reader: Reads) -> Any:
        value = reader.read(self.inner, node, path)
        try:
            return value if value is INVALID else self.make(value)
        except Problem as problem:
            return reader.fault(problem.fact, problem.remedy, path, node.place)

    def schema(self, wrap: Wrap) -> Schema:
        return self.inner.schema(wrap)


@dataclass(frozen=True)
class UnionKind(Kind):
    """One of several kinds. Faults are those of the alternative that has the node's form."""

    options: tuple[Kind, ...]

    @property
    def words(self) -> str:  # type: ignore[override]
        return " or ".join(dict.fromkeys(kind.words for kind in self.options))

    @property
    def example(self) -> str:  # type: ignore[override]
        return self.options[0].example

    def fits(self, node: Node) -> bool:
        return any(kind.fits(node) for kind in self.options)

    def read(self, node: Node, path: str, reader: Reads) -> Any:
        fitting = [kind for kind in self.options if kind.fits(node)]
        if not fitting:
            return reader.mismatch(self, node, path)
        for kind in fitting:
            value, faults = reader.attempt(kind, node, path)
            if not faults:
                return value
        reader.faults.extend(faults)
        return INVALID

    def remedy(self, node: Node) -> str:
        return "Write " + " or ".join(dict.fromkeys(kind.example for kind in self.options))

    def schema(self, wrap: Wrap) -> Schema:
        return {"anyOf": [kind.schema(wrap) for kind in self.options]}


def takes(kind: Kind, wanted: type[Kind]) -> bool:
    """Whether `kind`, or an alternative of it, is of the wanted class."""
    if isinstance(kind, UnionKind):
        return any(takes(option, wanted) for option in kind.options)
    return isinstance(kind, wanted | AnyKind)


def takes_real(kind: Kind) -> bool:
    """Whether a number with a fraction is of this kind."""
    if isinstance(kind, UnionKind):
        return any(map(takes_real, kind.options))
    return isinstance(kind, AnyKind) or (isinstance(kind, NumberKind) and kind.real)

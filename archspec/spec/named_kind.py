"""A value of a recipe or a study that is a name with arguments: `poly`, or `{poly: {power: 0.9}}`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from archspec.errors import nearest
from archspec.spec.kinds import INVALID, Kind, Reads, Schema, Wrap
from archspec.spec.nodes import Entry, Node, Scalar, Table, one_line
from archspec.spec.reader import Reader
from archspec.spec.signatures import signature_of


@dataclass(frozen=True, slots=True)
class Named:
    """A file of a folder (a schedule, a sampler), or a class of Keras (an optimizer), with its arguments."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class NamedKind(Kind):
    """A name, or `{NAME: {arguments}}`, checked against the signature of the function of that name."""

    what: str
    names: Callable[[], Iterable[str]]
    function: Callable[[str], Callable[..., Any]]

    @property
    def words(self) -> str:  # type: ignore[override]
        return f"a {self.what}"

    @property
    def example(self) -> str:  # type: ignore[override]
        return next(iter(self.names()))

    def fits(self, node: Node) -> bool:
        return isinstance(node, Table) or (isinstance(node, Scalar) and isinstance(node.value, str))

    def read(self, node: Node, path: str, reader: Reads) -> Any:
        found = self.split(node, path, reader)
        if found is INVALID:
            return INVALID
        name, entry = found
        written = entry.node if isinstance(entry.node, Table) else Table({}, entry.place)
        if not isinstance(entry.node, Table) and getattr(entry.node, "value", 0) is not None:
            return reader.fault(
                f"the arguments of '{name}' must be a mapping", f"Write {{{name}: {{…}}}}", path, entry.place
            )
        before = len(reader.faults)
        arguments = self.arguments(name, written, f"{path}.{name}", entry, reader)
        return INVALID if len(reader.faults) > before else Named(name, arguments)

    def arguments(self, name: str, written: Table, path: str, entry: Entry, reader: Reads) -> dict[str, Any]:
        assert isinstance(reader, Reader)  # noqa: S101 (what such documents are read with)
        return reader.arguments(signature_of(self.function(name)), written, path, entry.place)

    def split(self, node: Node, path: str, reader: Reads) -> Any:
        """`(name, entry)` of what is written, or INVALID after a fault."""
        if isinstance(node, Scalar) and isinstance(node.value, str):
            name, entry = node.value, Entry(Scalar(None, node.place), node.place)
        elif isinstance(node, Table) and len(node.entries) == 1:
            name, entry = next(iter(node.entries.items()))
        else:
            return reader.mismatch(self, node, path)
        if not self.knows(name):
            return reader.fault(
                f"unknown {self.what} '{one_line(name)}'", nearest(name, self.names()), path, entry.place
            )
        return name, entry

    def knows(self, name: str) -> bool:
        """Whether there is one of that name."""
        return name in self.names()

    def schema(self, wrap: Wrap) -> Schema:
        return {"type": ["string", "object"]}

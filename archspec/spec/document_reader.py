"""Documents that are no specs (recipes, studies, ablations, published figures, devices) and how they are read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from archspec.catalog import Catalog
from archspec.errors import Fault, nearest, user_error
from archspec.files import exists, is_folder
from archspec.spec.document_file import place_of
from archspec.spec.kinds import INVALID, Kind, Reads, Schema, Wrap
from archspec.spec.nodes import Entry, Node, Scalar, Table, one_line
from archspec.spec.reader import Reader
from archspec.spec.signatures import signature_of


def find_document(source: str | Path, named: Mapping[str, Path], kind: str) -> Path:
    """The file at a path, else the bundled one of that name. Raises `UserError`, with the nearest name."""
    path = Path(source)
    if exists(path) and not is_folder(path):
        return path
    if str(source) in named:
        return named[str(source)]
    fact = "this is a folder" if is_folder(path) else f"no such {kind} file, nor a bundled {kind} of that name"
    raise user_error(fact, nearest(path.stem, named) or f"Name a {kind} file", place=place_of(source))


class PlainReader(Reader):
    """Reads documents in which no selector and no choice may stand: recipes, studies, ablations, published figures."""

    def __init__(self, catalog: Catalog, faults: list[Fault]) -> None:
        super().__init__(catalog)
        self.faults = faults

    def special(self, kind: Kind, node: Table, word: str, path: str) -> Any:
        return kind.read(node, path, self)

    def special_words(self) -> tuple[frozenset[str], str]:
        """None here."""
        return frozenset(), ""


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

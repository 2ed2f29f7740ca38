"""Documents that are no specs (recipes, studies, ablations, published figures, devices) and how they are read."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

from archspec.catalog import Catalog
from archspec.errors import Place, UserError, nearest, user_error
from archspec.files import exists, is_file, is_folder
from archspec.spec.document import Spec, raise_together
from archspec.spec.document_file import place_of, read_file, shown_path
from archspec.spec.kinds import INVALID, Kind, Reads, Schema, Wrap
from archspec.spec.nodes import BROKEN, Entry, Items, Node, Scalar, Table, from_plain, one_line, shown
from archspec.spec.reader import Reader
from archspec.spec.signatures import Signature, signature_of
from archspec.spec.sources import load_named, parse_document
from archspec.spec.yaml_text import read_mapping

Value = TypeVar("Value")
Made = TypeVar("Made")


def find_document(source: str | Path, named: Mapping[str, Path], kind: str) -> Path:
    """The file at a path, else the bundled one of that name. Raises `UserError`, with the nearest name."""
    path = Path(source)
    if exists(path) and not is_folder(path):
        return path
    if str(source) in named:
        return named[str(source)]
    fact = "this is a folder" if is_folder(path) else f"no such {kind} file, nor a bundled {kind} of that name"
    raise user_error(fact, nearest(path.stem, named) or f"Name a {kind} file", place=place_of(source))


Written = str | Path | Mapping[str, Any]
"""A document: the path or the name of its file, its YAML text (of several lines), or a mapping as in YAML."""


def find_written(source: Written, named: Mapping[str, Path], kind: str) -> tuple[Path, str | Mapping[str, Any] | None]:
    """The path of a document, and what it says where that is given. Raises `UserError` as `find_document`."""
    if isinstance(source, Mapping) or (isinstance(source, str) and "\n" in source):
        return Path(kind), source
    return find_document(source, named, kind), None


class DocumentReader(Reader, Generic[Value]):
    """Reads one document, in which no selector and no choice may stand, to a value; every fault is collected.

    `source` is its file, or what messages call its text; paths in it are relative to that.
    """

    def __init__(self, source: str | Path, catalog: Catalog | None = None) -> None:
        super().__init__(catalog or Catalog())
        self.source, self.path = str(source), Path(source)

    @abstractmethod
    def value(self, document: Table) -> Value | None:
        """What the document says; None after faults."""

    def changed(self, document: Table) -> Table:
        """The document with what the command line changes about it."""
        return document

    def document(self, text: str | Mapping[str, Any] | None) -> Table | None:
        """The mapping in the file, or in a text, or the one that is given; None after faults."""
        if isinstance(text, Mapping):
            node = from_plain(text, Place(self.source))
            return node if isinstance(node, Table) else None
        return read_file(self.path, self.faults) if text is None else read_mapping(text, self.source, self.faults)

    def load(self, text: str | Mapping[str, Any] | None = None) -> Value:
        """The value of the file, or of a text. Raises `UserError` with every fault, in the order of their places."""
        document = self.document(text)
        changed = self.changed(document or Table({}))  # where nothing can be read, bad changes are reported as well
        value = None if document is None else self.value(changed)
        raise_together(self.faults)
        if value is None:
            raise AssertionError("a document that cannot be read has a fault")
        return value

    def check_keys(self, table: Table, known: Iterable[str], path: str = "") -> None:
        """A fault for each unknown key."""
        known = tuple(known)
        for key, entry in table.entries.items():
            if key not in known:
                self.fault(f"unknown key '{one_line(key)}'", nearest(key, known), joined(path, key), entry.place)

    def check_required(self, table: Table, required: Mapping[str, str], meant: Container[str], path: str = "") -> None:
        """A fault for each missing key; `required` has an example of each; those in `meant` are only mistyped."""
        for key, example in required.items():
            if key not in table.entries and key not in meant:
                self.fault(f"missing key '{key}'", f"Write {key}: {example}", path, table.place)

    def values(self, table: Table, kinds: Mapping[str, Kind]) -> dict[str, Any]:
        """The values of the keys that are written, in the order of their kinds."""
        return {
            key: self.read(kind, table.entries[key].node, key) for key, kind in kinds.items() if key in table.entries
        }

    def not_mapping(self, node: Node, path: str, example: str) -> None:
        if not (isinstance(node, Scalar) and node.value is BROKEN):
            self.fault(f"must be a mapping ({shown(node)})", f"Write {path}: {example}", path, node.place)

    def assignments(self, node: Node | None, path: str, example: str) -> list[tuple[str, Place]]:
        """`PATH=VALUE` texts with their places, from a list or a single one."""
        items = () if node is None else node.items if isinstance(node, Items) else (node,)
        found = [(item.value, item.place) for item in items if isinstance(item, Scalar) and isinstance(item.value, str)]
        if node is not None and len(found) < len(items):
            self.fault(f"must be a list of assignments ({shown(node)})", f"Write {path}: [{example}]", path, node.place)
        return found

    def spec(self, written: Node, path: str, wanted: str, remedy: str) -> Spec | None:
        """The spec that stands in the document, or that it names; None after faults."""
        if isinstance(written, Table):
            return self.tried(partial(parse_document, written, self.path, self.catalog))
        if isinstance(written, Scalar) and isinstance(written.value, str):
            return self.tried(partial(load_named, written, self.path, path, self.catalog))
        if not (isinstance(written, Scalar) and written.value is BROKEN):
            self.fault(f"must be {wanted} ({shown(written)})", remedy, path, written.place)
        return None

    def tried(self, make: Callable[[], Made]) -> Made | None:
        """What is made, or None after its faults, kept with all the others."""
        try:
            return make()
        except UserError as error:
            self.faults.extend(error.faults)
            return None

    def seen(self, name: str) -> str:
        """A path in the document, relative to the current folder; a name without a file (a bundled one) is kept."""
        there = self.path.parent / name
        return shown_path(there) if is_file(there) else name

    def special(self, kind: Kind, node: Table, word: str, path: str) -> Any:
        return kind.read(node, path, self)

    def special_words(self) -> tuple[frozenset[str], str]:
        return frozenset(), ""

    def _unknown_argument(self, name: str, signature: Signature, path: str, place: Place) -> None:
        remedy = nearest(name, signature.parameters) or f"'{signature.name}' takes no arguments"
        self.fault(f"unknown argument '{one_line(name)}'", remedy, path, place)


def joined(path: str, key: str) -> str:
    """The path of a key."""
    return f"{path}.{key}" if path else key


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
        return f"{'an' if self.what[0] in 'aeiou' else 'a'} {self.what}"

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
        return name in self.names()

    def schema(self, wrap: Wrap) -> Schema:
        return {"type": ["string", "object"]}

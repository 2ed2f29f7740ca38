"""YAML to an ablation: every fault with its place, all of them together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from archspec.ablation.ablation import FLOAT32, Ablation, Row
from archspec.ablation.kinds import ABLATION_KINDS, KEYS
from archspec.ablation.published import published_of
from archspec.ablation.rows import BASE, Rows
from archspec.catalog import Catalog, bundled_folder
from archspec.errors import Fault, Place, UserError, mistyped, nearest
from archspec.export import Precision
from archspec.files import is_file
from archspec.search.study import Target
from archspec.spec import Spec, override
from archspec.spec.document import raise_together
from archspec.spec.document_file import read_file, shown_path
from archspec.spec.document_reader import PlainReader, find_document
from archspec.spec.nodes import Items, Node, Scalar, Table, one_line, plain, shown
from archspec.spec.overrides import Change, changes_none, fault_of, option_text, unreached
from archspec.spec.sources import load_named, parse_document
from archspec.spec.yaml_text import read_mapping

FOLDER = "ablations"
EXTENDS = "extends"


def ablation_names() -> dict[str, Path]:
    """The bundled ablations by name."""
    return {path.stem: path for path in sorted((bundled_folder("specs") / FOLDER).glob("*.yaml"))}


def load_ablation(
    source: str | Path,
    *,
    overrides: Sequence[Change] = (),
    catalog: Catalog | None = None,
) -> Ablation:
    """The ablation in a file, or the bundled one of that name; `overrides` change every row's spec, laid on last.

    Raises `UserError` with every fault, in the order of their places.
    """
    path = _find(source)
    faults: list[Fault] = []
    return _finish(read_file(path, faults), path, faults, overrides, catalog or Catalog())


def parse_ablation(text: str, *, file: str = "<text>", catalog: Catalog | None = None) -> Ablation:
    """The ablation in a text; `file` is what messages call it, and what its paths are relative to."""
    faults: list[Fault] = []
    return _finish(read_mapping(text, file, faults), Path(file), faults, (), catalog or Catalog())


def _find(source: str | Path) -> Path:
    return find_document(source, ablation_names(), "ablation")


def _finish(
    document: Table | None,
    path: Path,
    faults: list[Fault],
    overrides: Sequence[Change],
    catalog: Catalog,
) -> Ablation:
    if document is None:
        raise_together(faults)
        raise AssertionError("an ablation that cannot be read has a fault")
    reading = _Reading(faults, catalog, path)
    ablation = reading.ablation(document, overrides)
    raise_together(reading.faults)
    if ablation is None:
        raise AssertionError("an ablation that is none has a fault")
    return ablation


class _Reading(PlainReader):
    """Reads one ablation."""

    def __init__(self, faults: list[Fault], catalog: Catalog, path: Path) -> None:
        super().__init__(catalog, faults)
        self.path = path
        self.places: dict[str, Place] = {}  # of the file's assignments, by their text

    def ablation(self, document: Table, overrides: Sequence[Change]) -> Ablation | None:
        """The ablation; None after faults."""
        for key, entry in document.entries.items():
            if key not in KEYS:
                self.fault(f"unknown key '{one_line(key)}'", nearest(key, KEYS), key, entry.place)
        meant = mistyped(document.entries, KEYS)
        for key, example in (("base", "shufflenetv2_dpc"), ("metrics", "[params, gflops]")):
            if key not in document.entries and key not in meant:
                self.fault(f"missing key '{key}'", f"Write {key}: {example}", "", document.place)
        values: dict[str, Any] = {"name": self.path.stem}
        for key, kind in ABLATION_KINDS.items():
            if key in document.entries:
                values[key] = self.read(kind, document.entries[key].node, key)
        specs = self._specs(document, overrides)
        if self.faults or specs is None:
            return None
        precisions = values.pop("precisions", (FLOAT32,))
        rows = tuple(_with_precisions(specs, precisions))
        named = document.get("compare_with")
        base = rows[0].name if named is None else str(plain(named))
        if base not in {row.name for row in rows}:
            place = document.place if named is None else named.place
            self.fault(f"no row is called '{base}'", nearest(base, [row.name for row in rows]), "compare_with", place)
            return None
        names = [row.name for row in rows]
        published = published_of(document.get("published"), names, values["metrics"], self.faults)
        unreached = self._unreached(document, overrides, specs)
        if self.faults:
            return None
        values["target"] = values.pop("device", Target())
        values["recipes"] = {metric: self._seen(one) for metric, one in values.get("recipes", {}).items()}
        return Ablation(
            rows=rows, base=base, published=published, file=shown_path(self.path), unreached=unreached, **values
        )

    def _unreached(
        self,
        document: Table,
        overrides: Sequence[Change],
        specs: Mapping[str, Spec],
    ) -> dict[str, tuple[str, ...]]:
        """The rows that a common change leaves alone, by its option; one that changes none is a fault."""
        found = {}
        for index, change in enumerate(overrides):
            others = [*overrides[:index], *overrides[index + 1 :]]
            without = _Reading([], self.catalog, self.path)._specs(document, others) or {}
            names = unreached(change, specs, without)
            if names and changes_none(specs, without):
                self.faults.append(fault_of(change, names))
            elif names:
                found[option_text(change)] = names
        return found

    def _specs(self, document: Table, overrides: Sequence[Change]) -> dict[str, Spec] | None:
        written = document.get("base")
        base = None if written is None else self._tried_spec(written, "base")
        if base is None:
            return None
        common = [*self._assignments(document.get("overrides")), *overrides]
        base = self._overridden(base, common)
        if base is None:
            return None
        rows = Rows(base, self.faults)
        for key in (key for key in document.entries if key in ("variants", "grid", "one_at_a_time", "leave_one_out")):
            node = document.entries[key].node
            if key == "leave_one_out":
                rows.leave_one_out(node)
            elif not isinstance(node, Table):
                self.fault(f"must be a mapping ({shown(node)})", f"Write {key}: {{…}}", key, node.place)
            elif key == "variants":
                self._variants(node, rows, common)
            else:
                getattr(rows, key)(node)
        found = rows.specs
        if base not in found.values():  # the base is a row too, and the first
            found = {(base.name if base.name not in found else BASE): base, **found}
        return found

    def _variants(self, node: Table, rows: Rows, common: Sequence[Change]) -> None:
        for name, entry in node.entries.items():
            if not isinstance(entry.node, Table):
                fact = f"must be a mapping of changes ({shown(entry.node)})"
                self.fault(fact, f"Write {one_line(name)}: {{head: basic}}", f"variants.{one_line(name)}", entry.place)
                continue
            changes = {path: inner.node for path, inner in entry.node.entries.items() if path != EXTENDS}
            parent = entry.node.get(EXTENDS)
            if parent is None:
                rows.changed(name, changes, entry.node)
                continue
            spec = self._tried_spec(parent, f"variants.{one_line(name)}.{EXTENDS}")
            spec = spec and self._overridden(spec, [*common, changes])
            if spec is not None:
                rows.add(name, spec, entry.node)

    def _tried_spec(self, written: Node, path: str) -> Spec | None:
        try:
            if isinstance(written, Table):
                return parse_document(written, self.path, self.catalog)
            if isinstance(written, Scalar) and isinstance(written.value, str):
                return load_named(written, self.path, path, self.catalog)
        except UserError as error:
            self.faults.extend(error.faults)
            return None
        self.fault(
            f"must be the name of a spec or a path ({shown(written)})", "Write shufflenetv2_dpc", path, written.place
        )
        return None

    def _overridden(self, spec: Spec, changes: Sequence[Change]) -> Spec | None:
        before = len(self.faults)
        for change in changes:
            try:
                spec = override(spec, [change] if isinstance(change, str) else change)
            except UserError as error:
                place = self.places.get(change) if isinstance(change, str) else None
                self.faults.extend(replace(fault, place=place or fault.place) for fault in error.faults)
        return None if len(self.faults) > before else spec

    def _assignments(self, node: Node | None) -> list[str]:
        items = () if node is None else node.items if isinstance(node, Items) else (node,)
        self.places.update((str(item.value), item.place) for item in items if isinstance(item, Scalar))
        found = [item.value for item in items if isinstance(item, Scalar) and isinstance(item.value, str)]
        if node is not None and len(found) < len(items):
            fact = f"must be a list of assignments ({shown(node)})"
            self.fault(fact, "Write overrides: [classes=19]", "overrides", node.place)
        return found

    def _seen(self, name: str) -> str:
        """A path of the file as seen from here; what is no file there is left as it is (a bundled name)."""
        there = self.path.parent / name
        return shown_path(there) if is_file(there) else name


def _with_precisions(specs: Mapping[str, Spec], precisions: Sequence[Precision]) -> list[Row]:
    if len(precisions) == 1:
        return [Row(name, spec, precisions[0]) for name, spec in specs.items()]
    alone = len(specs) == 1
    return [
        Row(precision if alone else f"{name}, {precision}", spec, precision)
        for name, spec in specs.items()
        for precision in precisions
    ]

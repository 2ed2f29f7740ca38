"""YAML to an ablation: every fault with its place, all of them together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from archspec.ablation.ablation import FLOAT32, Ablation, Row
from archspec.ablation.kinds import ABLATION_KINDS, KEYS
from archspec.ablation.published import published_of
from archspec.ablation.rows import BASE, Rows
from archspec.catalog import Catalog, members
from archspec.errors import Place, UserError, mistyped, nearest
from archspec.export import Precision
from archspec.search.study import Target
from archspec.spec import (
    Change,
    DocumentReader,
    Node,
    Spec,
    Table,
    changes_none,
    describe_change,
    find_document,
    one_line,
    override,
    plain,
    shown,
    shown_path,
    unreached,
    unreached_fault,
)

EXTENDS = "extends"
_REQUIRED = {"base": "shufflenetv2_dpc", "metrics": "[params, gflops]"}


def ablation_names() -> Mapping[str, Path]:
    """The bundled ablations, and those of plugin folders, by name."""
    return members("ablations")


def load_ablation(source: str | Path, *, overrides: Sequence[Change] = (), catalog: Catalog | None = None) -> Ablation:
    """The ablation in a file, or the bundled one of that name; `overrides` change every row's spec, laid on last.

    Raises `UserError` with every fault, in the order of their places.
    """
    path = find_document(source, ablation_names(), "ablation")
    return _AblationReader(path, catalog, overrides).load()


def parse_ablation(text: str, *, file: str = "<text>", catalog: Catalog | None = None) -> Ablation:
    """The ablation in a text; `file` is what messages call it, and what its paths are relative to."""
    return _AblationReader(file, catalog).load(text)


class _AblationReader(DocumentReader[Ablation]):
    """Reads one ablation."""

    def __init__(self, source: str | Path, catalog: Catalog | None = None, overrides: Sequence[Change] = ()) -> None:
        super().__init__(source, catalog)
        self.overrides = overrides
        self.places: dict[str, Place] = {}  # of the file's assignments, by their text

    def value(self, document: Table) -> Ablation | None:
        self.check_keys(document, KEYS)
        self.check_required(document, _REQUIRED, mistyped(document.entries, KEYS))
        values = {"name": self.path.stem, **self.values(document, ABLATION_KINDS)}
        specs = self._specs(document, self.overrides)
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
        unreached = self._unreached(document, specs)
        if self.faults:
            return None
        values["target"] = values.pop("device", Target())
        values["recipes"] = {metric: self.seen(one) for metric, one in values.get("recipes", {}).items()}
        return Ablation(
            rows=rows, base=base, published=published, file=shown_path(self.path), unreached=unreached, **values
        )

    def _unreached(self, document: Table, specs: Mapping[str, Spec]) -> dict[str, tuple[str, ...]]:
        """The rows that a common change leaves alone, by its option; one that changes none is a fault."""
        found = {}
        for index, change in enumerate(self.overrides):
            others = [*self.overrides[:index], *self.overrides[index + 1 :]]
            without = _AblationReader(self.path, self.catalog)._specs(document, others) or {}
            names = unreached(change, specs, without)
            if names and changes_none(specs, without):
                self.faults.append(unreached_fault(change, names))
            elif names:
                found[describe_change(change)] = names
        return found

    def _specs(self, document: Table, overrides: Sequence[Change]) -> dict[str, Spec] | None:
        written = document.get("base")
        base = None if written is None else self._spec(written, "base")
        if base is None:
            return None
        common = [*self._assigned(document.get("overrides")), *overrides]
        base = self._overridden(base, common)
        if base is None:
            return None
        rows = Rows(base, self.faults)
        for key in (key for key in document.entries if key in ("variants", "grid", "one_at_a_time", "leave_one_out")):
            node = document.entries[key].node
            if key == "leave_one_out":
                rows.leave_one_out(node)
            elif not isinstance(node, Table):
                self.not_mapping(node, key, "{…}")
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
            spec = self._spec(parent, f"variants.{one_line(name)}.{EXTENDS}")
            spec = spec and self._overridden(spec, [*common, changes])
            if spec is not None:
                rows.add(name, spec, entry.node)

    def _spec(self, written: Node, path: str) -> Spec | None:
        return self.spec(written, path, "the name of a spec or a path", "Write shufflenetv2_dpc")

    def _overridden(self, spec: Spec, changes: Sequence[Change]) -> Spec | None:
        before = len(self.faults)
        for change in changes:
            try:
                spec = override(spec, [change] if isinstance(change, str) else change)
            except UserError as error:
                place = self.places.get(change) if isinstance(change, str) else None
                self.faults.extend(replace(fault, place=place or fault.place) for fault in error.faults)
        return None if len(self.faults) > before else spec

    def _assigned(self, node: Node | None) -> list[str]:
        found = self.assignments(node, "overrides", "classes=19")
        self.places.update(found)
        return [text for text, _ in found]


def _with_precisions(specs: Mapping[str, Spec], precisions: Sequence[Precision]) -> list[Row]:
    if len(precisions) == 1:
        return [Row(name, spec, precisions[0]) for name, spec in specs.items()]
    alone = len(specs) == 1
    return [
        Row(precision if alone else f"{name}, {precision}", spec, precision)
        for name, spec in specs.items()
        for precision in precisions
    ]

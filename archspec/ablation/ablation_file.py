"""YAML to an ablation: every fault with its place, all of them together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from archspec.ablation.ablation import FLOAT32, Ablation, Row
from archspec.ablation.comparison import CORRECTIONS
from archspec.ablation.rows import BASE, Rows
from archspec.catalog import Catalog, members
from archspec.devices import PRESETS
from archspec.errors import Fault, Place, UserError, mistyped, nearest
from archspec.experiment import EngineKind
from archspec.export import PRECISIONS, Precision
from archspec.search.study import COUNT, SEED, ByMetricKind, MetricKind, Target, one_or_several
from archspec.spec import (
    INVALID,
    NAME,
    Change,
    DocumentReader,
    Kind,
    ListKind,
    LiteralKind,
    MadeKind,
    Node,
    Reads,
    RecordKind,
    Spec,
    Table,
    TextKind,
    UnionKind,
    Written,
    changes_none,
    describe_change,
    find_written,
    one_line,
    override,
    plain,
    shown,
    shown_path,
    unreached,
    unreached_fault,
)

EXTENDS = "extends"
_PUBLISHED = "Write published: {gflops: {shufflenetv2_basic: 0.47}}"
_REQUIRED = {"base": "shufflenetv2_dpc", "metrics": "[params, gflops]"}


@dataclass(frozen=True)
class DistinctKind(MadeKind):
    """A list of at least one, none of them twice: a tuple."""

    inner: Kind
    make: Callable[[Any], Any] = tuple

    def read(self, node: Node, path: str, reader: Reads) -> Any:
        found = super().read(node, path, reader)
        if found is INVALID:
            return INVALID
        if not found:
            return reader.fault("nothing in it", f"Write {self.example}", path, node.place)
        twice = next((one for one in found if found.count(one) > 1), None)
        return found if twice is None else reader.fault(f"'{twice}' is there twice", "Leave one", path, node.place)


_TARGET = RecordKind({"name": TextKind(), "threads": COUNT, "latency_table": TextKind()})

# The networks (base, overrides, variants, grid, one_at_a_time, leave_one_out) are specs, which their own reader reads.
ABLATION_KINDS: dict[str, Kind] = {
    "name": NAME,
    "summary": TextKind(),
    "source": TextKind(),
    "metrics": DistinctKind(one_or_several(MetricKind())),
    "seeds": DistinctKind(ListKind(SEED)),
    "data": one_or_several(TextKind()),
    "recipes": ByMetricKind(TextKind()),
    "device": UnionKind((MadeKind(_TARGET, lambda one: Target(**one)), MadeKind(TextKind(), Target))),
    "procedure": LiteralKind(tuple(PRESETS)),
    "precisions": DistinctKind(ListKind(LiteralKind(PRECISIONS))),
    "workers": COUNT,
    "engine": EngineKind(),
    "correct": LiteralKind(CORRECTIONS),
}
ROW_KEYS = ("base", "overrides", "variants", "grid", "one_at_a_time", "leave_one_out", "published", "compare_with")
KEYS = (*ABLATION_KINDS, *ROW_KEYS)


def ablation_names() -> Mapping[str, Path]:
    """The bundled ablations, and those of plugin folders, by name."""
    return members("ablations")


def load_ablation(source: Written, *, overrides: Sequence[Change] = (), catalog: Catalog | None = None) -> Ablation:
    """The ablation in a file, the bundled one of that name, or one that is written.

    `overrides` change every row's spec, laid on last.

    Raises `UserError` with every fault, in the order of their places.
    """
    path, written = find_written(source, ablation_names(), "ablation")
    return _AblationReader(path, catalog, overrides).load(written)


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
        published = _published_of(document.get("published"), names, values["metrics"], self.faults)
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


def _published_of(
    node: Node | None, rows: Sequence[str], metrics: Sequence[str], faults: list[Fault]
) -> dict[str, dict[str, float]]:
    """Metric -> row -> number; what is neither of the table's metrics nor of its rows is a fault."""
    if node is None:
        return {}
    if not isinstance(node, Table):
        faults.append(Fault(f"must be a mapping of metrics ({shown(node)})", _PUBLISHED, "published", node.place))
        return {}
    found: dict[str, dict[str, float]] = {}
    for metric, entry in node.entries.items():
        path = f"published.{one_line(metric)}"
        if metric not in metrics:
            fact = f"'{one_line(metric)}' is not among the metrics of the table"
            faults.append(Fault(fact, nearest(metric, metrics), path, entry.place))
        elif not isinstance(entry.node, Table):
            faults.append(Fault(f"must be a mapping of rows ({shown(entry.node)})", _PUBLISHED, path, entry.node.place))
        else:
            found[metric] = _by_row(entry.node, rows, path, faults)
    return found


def _by_row(node: Table, rows: Sequence[str], path: str, faults: list[Fault]) -> dict[str, float]:
    found = {}
    for row, entry in node.entries.items():
        where, number = f"{path}.{one_line(row)}", plain(entry.node)
        if row not in rows:
            faults.append(Fault(f"no row is called '{one_line(row)}'", nearest(row, rows), where, entry.place))
        elif isinstance(number, bool) or not isinstance(number, int | float):
            faults.append(Fault(f"must be a number ({shown(entry.node)})", "Write 0.47", where, entry.node.place))
        else:
            found[row] = float(number)
    return found
